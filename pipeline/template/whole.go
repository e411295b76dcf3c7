package template

import (
	"errors"
	"io"
	"slices"

	"guichet/pipeline/claim"
)

// Whole is a table with all its columns, whatever their labels.
type Whole struct {
	// Header is the labels, as they stand there; those without one are empty.
	Header []string
	Rows   []WholeRow
	// At is the column of each of the labels that [ReadWhole] looked for, as an
	// index in the header; -1: not there.
	At []int
}

// WholeRow is a row that holds a value.
type WholeRow struct {
	Number int // of the sheet, or line on which the CSV record starts
	cells  []wholeCell
}

// wholeCell is a cell that is not empty: a row may have few of many columns.
type wholeCell struct {
	column int // index in the header
	text   string
}

// Text gives the text of a column, by its index in the header.
func (r WholeRow) Text(column int) string {
	for _, c := range r.cells {
		if c.column == column {
			return c.text
		}
	}
	return ""
}

// Cells gives a text for each of so many columns.
func (r WholeRow) Cells(columns int) []string {
	all := make([]string, columns)
	for _, c := range r.cells {
		all[c.column] = c.text
	}
	return all
}

// ReadWhole reads a table of which only some columns are known, in the dialects
// of the templates: a workbook's only sheet with a header, or a CSV. A known
// column goes by one of several labels. The header is the first of the first 20
// rows that holds one of them. An error value of a spreadsheet is its text, and
// a number of a workbook its shortest decimal form, days included.
// Errors are *[Fault] or [HeaderError].
func ReadWhole(name string, data []byte, known [][]string, limits Limits) (*Whole, error) {
	l := layout{}
	var of []int // column of the layout → index in known
	for i, labels := range known {
		for _, label := range labels {
			l.columns = append(l.columns, layoutColumn{label: label, folded: foldLabel(label)})
			of = append(of, i)
		}
	}
	book, records, err := open(name, data, limits, score([]layout{l}))
	if err != nil {
		return nil, at(err, "", "")
	}
	if book == nil {
		return orHeaderError(readWhole(records, "", l, of, len(known), limits))
	}
	var result *Whole
	for _, sheet := range book.sheets {
		rows, err := book.openSheet(sheet)
		if err != nil {
			return nil, err
		}
		one, err := readWhole(rows, sheet.name, l, of, len(known), limits)
		switch {
		case err != nil:
			return nil, err
		case one == nil:
			if err := rows.drain(); err != nil {
				return nil, err
			}
		case result != nil:
			return nil, at(faultf("la liste est sur deux feuilles ; une seule doit porter l'en-tête"), sheet.name, "")
		default:
			result = one
		}
	}
	return orHeaderError(result, nil)
}

func orHeaderError(w *Whole, err error) (*Whole, error) {
	if err == nil && w == nil {
		err = HeaderError{}
	}
	return w, err
}

// readWhole reads one sheet; nil when it has no header.
func readWhole(rows rowReader, sheet string, l layout, of []int, known int, limits Limits) (*Whole, error) {
	w := &Whole{At: slices.Repeat([]int{-1}, known)}
	h, err := w.readHeader(rows, l, of)
	if h == nil || err != nil {
		return nil, orNil(err, sheet)
	}
	for {
		found, err := rows.next()
		if errors.Is(err, io.EOF) {
			return w, nil
		}
		if err == nil {
			err = h.beyond(rows, found)
		}
		if err != nil {
			return nil, at(err, sheet, "")
		}
		r := WholeRow{Number: found.number}
		for _, c := range found.cells {
			if c.typ == noValueCell {
				return nil, at(faultf("une formule dont le résultat n'est pas enregistré"), sheet, rows.ref(found.number, c.column))
			}
			if blank(c.text) {
				continue
			}
			w.widen(c.column)
			r.cells = append(r.cells, wholeCell{c.column - 1, wholeText(c)})
		}
		if len(r.cells) == 0 {
			continue
		}
		if w.Rows = append(w.Rows, r); len(w.Rows) > limits.Rows {
			return nil, at(faultf("le fichier a plus de %d lignes", limits.Rows), sheet, "")
		}
	}
}

// orNil gives an error its place; nil stays nil.
func orNil(err error, sheet string) error {
	if err == nil {
		return nil
	}
	return at(err, sheet, "")
}

// readHeader reads up to the header, and finds the known columns in it: one that
// is there twice, under whatever labels, is a fault. Nil when there is none.
func (w *Whole) readHeader(rows rowReader, l layout, of []int) (*header, error) {
	for {
		found, err := rows.next()
		if errors.Is(err, io.EOF) || err == nil && found.number > maxHeaderRow {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		h, present := l.match(found)
		if present == 0 {
			continue
		}
		if records, ok := rows.(*csvReader); ok {
			records.columns = h.width
		}
		for _, c := range found.cells {
			w.widen(c.column)
			w.Header[c.column-1] = wholeText(c)
		}
		for _, twice := range h.twice {
			return nil, at(faultf("la colonne %s est présente deux fois", claim.Quote(twice.label)), "", rows.ref(h.row, twice.column))
		}
		for i, column := range h.at {
			switch {
			case column == 0:
			case w.At[of[i]] >= 0:
				return nil, at(faultf("la colonne %s dit la même chose que %s ; n'en gardez qu'une", claim.Quote(w.Header[column-1]), claim.Quote(w.Header[w.At[of[i]]])), "", rows.ref(h.row, column))
			default:
				w.At[of[i]] = column - 1
			}
		}
		return h, nil
	}
}

// widen makes room in the header for a column, from 1.
func (w *Whole) widen(column int) {
	for len(w.Header) < column {
		w.Header = append(w.Header, "")
	}
}

func wholeText(c cell) string {
	if c.typ == numberCell {
		return shortest(c.text)
	}
	return c.text
}
