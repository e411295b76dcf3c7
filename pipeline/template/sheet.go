package template

import (
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"guichet/pipeline/claim"
)

// sheetReader gives the rows of a sheet as they come.
type sheetReader struct {
	book    *workbook
	name    string
	part    string
	source  *partReader
	scan    *scanner
	inside  bool // between <sheetData> and its end
	seen    bool // <sheetData> was seen
	row     int
	cells   []cell
	scratch []byte
}

// openSheet opens a sheet at its first row.
func (w *workbook) openSheet(entry sheetEntry) (*sheetReader, error) {
	source, ok, err := w.container.part(entry.part)
	if err == nil && !ok {
		err = faultf("la partie %s manque dans le classeur", claim.Quote(entry.part))
	}
	if err != nil {
		return nil, at(err, entry.name, "")
	}
	return &sheetReader{book: w, name: entry.name, part: entry.part, source: source, scan: newScanner(source)}, nil
}

func (r *sheetReader) ref(row, column int) string { return sheetRef(row, column) }
func (r *sheetReader) date1904() bool             { return r.book.is1904 }

// drain reads the rest of the sheet for its checksum alone.
func (r *sheetReader) drain() error {
	if err := r.source.drain(); err != nil {
		return at(err, r.name, "")
	}
	return nil
}

func (r *sheetReader) next() (row, error) {
	found, err := r.advance()
	switch {
	case err == nil:
		return found, nil
	case errors.Is(err, io.EOF):
		return row{}, io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		return row{}, at(because(err, "la feuille s'interrompt avant sa fin (après la ligne %d)", r.row), r.name, "")
	default:
		return row{}, at(because(err, "la feuille est mal formée (XML, ligne %d)", r.row), r.name, "")
	}
}

// advance gives the next row, or io.EOF behind the sheet's end.
func (r *sheetReader) advance() (row, error) {
	for {
		token, err := r.scan.next()
		if err != nil {
			if errors.Is(err, io.EOF) && !r.seen {
				return row{}, faultf("la feuille n'a pas de données (élément sheetData)")
			}
			return row{}, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if r.inside {
				return r.readRow(token)
			}
			if err := r.outside(token); err != nil {
				return row{}, err
			}
		case xml.EndElement:
			r.inside = false
		case xml.CharData:
			if r.inside && strings.TrimSpace(string(token)) != "" {
				return row{}, errXML
			}
		}
	}
}

// outside handles what stands around the rows: only the one sheetData counts.
func (r *sheetReader) outside(e xml.StartElement) error {
	switch {
	case len(r.scan.open) == 1:
		if !isMain(e.Name) || e.Name.Local != "worksheet" {
			return faultf("la partie %s n'est pas une feuille", claim.Quote(r.part))
		}
		return nil
	case isMain(e.Name) && e.Name.Local == "sheetData":
		if r.seen {
			return faultf("la feuille a deux fois des données (élément sheetData)")
		}
		r.seen, r.inside = true, true
		return nil
	}
	return r.scan.skip(func(e xml.StartElement) error {
		if isMain(e.Name) && e.Name.Local == "sheetData" {
			return faultf("la feuille a des données hors de leur place (élément sheetData)")
		}
		return nil
	})
}

func (r *sheetReader) readRow(e xml.StartElement) (row, error) {
	if !isMain(e.Name) || e.Name.Local != "row" {
		return row{}, faultf("la feuille contient un élément inattendu, %s", claim.Quote(e.Name.Local))
	}
	number := r.row + 1
	if ref, ok := attr(e, "r"); ok {
		if number, ok = parseRowNumber(ref); !ok {
			return row{}, faultf("numéro de ligne inadmissible, %s", claim.Quote(ref))
		}
	}
	if number <= r.row || number > maxSheetRow {
		return row{}, faultf("les lignes ne se suivent pas : %d vient après %d", number, r.row)
	}
	r.row, r.cells = number, r.cells[:0]
	column := 0
	for {
		token, err := r.scan.next()
		if err != nil {
			return row{}, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if isMain(token.Name) && token.Name.Local == "extLst" {
				err = r.scan.skip(nil)
			} else {
				column, err = r.readCell(token, column)
			}
			if err != nil {
				return row{}, err
			}
		case xml.EndElement:
			return row{number: number, cells: r.cells}, nil
		case xml.CharData:
			if strings.TrimSpace(string(token)) != "" {
				return row{}, errXML
			}
		}
	}
}

// readCell reads a cell behind the column of the one before it, and gives its
// own.
func (r *sheetReader) readCell(e xml.StartElement, before int) (int, error) {
	if !isMain(e.Name) || e.Name.Local != "c" {
		return 0, faultf("la ligne %d contient un élément inattendu, %s", r.row, claim.Quote(e.Name.Local))
	}
	column := before + 1
	if ref, ok := attr(e, "r"); ok {
		var number int
		if number, column, ok = parseSheetRef(ref); !ok || number != r.row {
			return 0, faultf("adresse de cellule inadmissible, %s dans la ligne %d", claim.Quote(ref), r.row)
		}
	}
	if column <= before || column > maxSheetColumn {
		return 0, faultf("les cellules de la ligne %d ne se suivent pas", r.row)
	}
	typ, _ := attr(e, "t")
	content, err := r.readContent()
	if err != nil {
		return 0, err
	}
	c, filled, err := r.book.value(typ, content)
	if err != nil {
		return 0, at(err, r.name, sheetRef(r.row, column))
	}
	if !filled {
		return column, nil
	}
	if column > maxColumns {
		return 0, faultf("la ligne %d a plus de %d colonnes", r.row, maxColumns)
	}
	if len(c.text) > maxCellRunes && utf8.RuneCountInString(c.text) > maxCellRunes {
		return 0, at(faultf("une cellule dépasse 4 096 caractères"), r.name, sheetRef(r.row, column))
	}
	c.column = column
	r.cells = append(r.cells, c)
	return column, nil
}

// content is what stands in a cell's element.
type content struct {
	value, inline       string
	hasValue, hasInline bool
	formula             bool
}

func (r *sheetReader) readContent() (content, error) {
	var c content
	for {
		token, err := r.scan.next()
		if err != nil {
			return c, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !isMain(token.Name) {
				return c, errXML
			}
			switch token.Name.Local {
			case "v":
				if c.hasValue {
					return c, errTwice
				}
				r.scratch, err = r.scan.text(r.scratch[:0])
				c.value, c.hasValue = string(r.scratch), true
			case "is":
				if c.hasInline {
					return c, errTwice
				}
				r.scratch, err = r.scan.richText(r.scratch[:0])
				c.inline, c.hasInline = string(r.scratch), true
			case "f":
				c.formula = true
				err = r.scan.skip(nil)
			case "extLst":
				err = r.scan.skip(nil)
			default:
				err = errXML
			}
			if err != nil {
				return c, err
			}
		case xml.EndElement:
			return c, nil
		case xml.CharData:
			if strings.TrimSpace(string(token)) != "" {
				return c, errXML
			}
		}
	}
}

// value makes a cell of its type and content; false when it is empty.
func (w *workbook) value(typ string, c content) (cell, bool, error) {
	if typ != "inlineStr" && c.hasInline && c.inline != "" {
		return cell{}, false, faultf("une cellule contient deux valeurs")
	}
	if !c.hasValue && typ != "inlineStr" {
		return cell{typ: noValueCell}, c.formula, nil
	}
	switch typ {
	case "", "n":
		literal := strings.TrimSpace(c.value)
		if literal == "" {
			return cell{typ: noValueCell}, c.formula, nil
		}
		if !isNumber(literal) {
			return cell{}, false, faultf("un nombre illisible, %s", claim.Quote(literal))
		}
		return cell{typ: numberCell, text: literal}, true, nil
	case "s":
		text, ok := w.strings.get(c.value)
		if !ok {
			return cell{}, false, faultf("un texte désigné par son numéro, %s, n'est pas dans le classeur", claim.Quote(c.value))
		}
		return cell{text: text}, text != "", nil
	case "str":
		return cell{text: unescape(c.value)}, c.value != "", nil
	case "inlineStr":
		if c.hasValue && c.hasInline && c.value != "" {
			return cell{}, false, faultf("une cellule contient deux valeurs")
		}
		return cell{text: unescape(c.inline + c.value)}, c.inline+c.value != "", nil
	case "b":
		switch strings.TrimSpace(c.value) {
		case "1", "true":
			return cell{typ: boolCell, text: "VRAI"}, true, nil
		case "0", "false":
			return cell{typ: boolCell, text: "FAUX"}, true, nil
		}
		return cell{}, false, faultf("une valeur logique illisible, %s", claim.Quote(c.value))
	case "e":
		return cell{typ: errorCell, text: c.value}, true, nil
	case "d":
		return cell{typ: dateCell, text: strings.TrimSpace(c.value)}, true, nil
	}
	return cell{}, false, faultf("une cellule d'un type inconnu, %s", claim.Quote(typ))
}

// isNumber tells whether a literal is a finite decimal number, in plain or
// scientific notation.
func isNumber(literal string) bool {
	if len(literal) > 400 {
		return false
	}
	for i := range len(literal) {
		if b := literal[i]; (b < '0' || b > '9') && !strings.ContainsRune("+-.eE", rune(b)) {
			return false
		}
	}
	_, err := strconv.ParseFloat(literal, 64)
	return err == nil
}
