package template

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// separators of the CSV dialects, the likeliest first.
var separators = []rune{';', ',', '\t'}

const (
	maxRecord     = 4 << 20 // 4 MiB a CSV record
	maxSeparators = 16_384  // 16,384 separators in a CSV record, empty cells included
)

// csvReader gives the records of a CSV as rows, numbered by the lines on
// which they start.
type csvReader struct {
	csv   *csv.Reader
	comma string
	// columns is the width of the header once it is known: a cell over several
	// lines that holds as many separators as half a row swallowed one.
	columns int
	line    int // on which the last record started
	cells   []cell
}

// openCSV decodes a CSV and finds its separator: the one with which the
// first rows show the most labels that known tells, as score counts them.
func openCSV(data []byte, score func(row) int) (*csvReader, error) {
	text, err := DecodeText(data)
	if err != nil {
		return nil, err
	}
	if err := checkRecords(text); err != nil {
		return nil, err
	}
	best, comma := -1, separators[0]
	for _, candidate := range separators {
		if s := tryComma(text, candidate, score); s > best {
			best, comma = s, candidate
		}
	}
	return newCSVReader(text, comma), nil
}

func newCSVReader(text string, comma rune) *csvReader {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = comma
	r.FieldsPerRecord = -1 // counted against the header, with a message of ours
	r.ReuseRecord = true
	return &csvReader{csv: r, comma: string(comma)}
}

// tryComma gives the best score among the first rows.
func tryComma(text string, comma rune, score func(row) int) int {
	r := newCSVReader(text, comma)
	best := 0
	for {
		record, err := r.next()
		if err != nil || record.number > maxHeaderRow {
			return best // a fault is told when the file is read
		}
		best = max(best, score(record))
	}
}

func (r *csvReader) ref(row, column int) string { return csvRef(row, column) }
func (r *csvReader) date1904() bool             { return false }

func (r *csvReader) next() (row, error) {
	record, err := r.csv.Read()
	var parse *csv.ParseError
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		return row{}, io.EOF
	case errors.As(err, &parse):
		return row{}, because(err, "un guillemet n'est pas fermé ou est mal placé dans l'enregistrement de la ligne %d", parse.StartLine)
	default:
		return row{}, because(err, "le fichier est illisible après la ligne %d", r.line)
	}
	r.line, _ = r.csv.FieldPos(0)
	r.cells = r.cells[:0]
	for i, text := range record {
		if text == "" {
			continue
		}
		if err := r.check(i, text); err != nil {
			return row{}, at(err, "", csvRef(r.line, i+1))
		}
		r.cells = append(r.cells, cell{column: i + 1, text: text})
	}
	return row{number: r.line, cells: r.cells, width: len(record)}, nil
}

// check refuses a cell, by its index, that no template or register can mean.
func (r *csvReader) check(i int, text string) error {
	switch {
	case i >= maxColumns && !blank(text):
		return faultf("la ligne %d a plus de %d colonnes", r.line, maxColumns)
	case len(text) > maxCellRunes && utf8.RuneCountInString(text) > maxCellRunes:
		return faultf("une cellule dépasse 4 096 caractères ; un guillemet n'est peut-être pas fermé")
	case strings.ContainsRune(text, '\r'):
		return faultf("un retour chariot seul sépare des lignes ou se trouve dans une cellule (ligne %d)", r.line)
	case r.swallows(text):
		return faultf("un guillemet ouvert à la ligne %d réunit plusieurs lignes en une cellule", r.line)
	}
	return nil
}

// swallows tells whether a cell looks like the rest of one row and the start
// of the next, between two stray quotes.
func (r *csvReader) swallows(text string) bool {
	return r.columns > 2 && strings.Contains(text, "\n") && 2*strings.Count(text, r.comma) >= r.columns
}

// DecodeText gives the text of a CSV: UTF-8 with or without byte order mark,
// else Windows-1252. Anything else is a *[Fault], for letters would be changed
// unseen.
func DecodeText(data []byte) (string, error) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return "", faultf("le fichier est codé en UTF-16 ; enregistrez-le en « CSV UTF-8 »")
	}
	marked := bytes.HasPrefix(data, []byte("\ufeff"))
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return "", faultf("le fichier contient un octet nul à la ligne %d : ce n'est pas un CSV, ou il est abîmé", lineAt(data, i))
	}
	if !bytes.ContainsRune(data, '\n') && bytes.ContainsRune(data, '\r') {
		return "", faultf("les fins de ligne sont celles d'un ancien Macintosh (retour chariot seul)")
	}
	valid, invalid, first := countUTF8(data)
	switch {
	case invalid == 0:
		return string(data), nil
	case marked || valid >= invalid:
		return "", faultf("le fichier est en UTF-8, mais un caractère de la ligne %d est abîmé ou coupé", lineAt(data, first))
	}
	for i, b := range data {
		switch b {
		case 0x81, 0x8d, 0x8f, 0x90, 0x9d: // Windows-1252 leaves them undefined
			return "", faultf("un caractère de la ligne %d n'est ni en UTF-8 ni en Windows-1252", lineAt(data, i))
		}
	}
	text, err := charmap.Windows1252.NewDecoder().Bytes(data)
	if err != nil {
		return "", because(err, "le fichier n'est ni en UTF-8 ni en Windows-1252")
	}
	return string(text), nil
}

// countUTF8 counts characters of several bytes and bytes that belong to none,
// and gives the place of the first of these.
func countUTF8(data []byte) (valid, invalid, first int) {
	for i := 0; i < len(data); {
		if data[i] < utf8.RuneSelf {
			i++
			continue
		}
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			if invalid == 0 {
				first = i
			}
			invalid++
		} else {
			valid++
		}
		i += size
	}
	return valid, invalid, first
}

func lineAt(data []byte, i int) int { return 1 + bytes.Count(data[:i], []byte("\n")) }

// checkRecords bounds the records before encoding/csv, which does not, makes
// slices of them. Up to the first misplaced quote, at which encoding/csv
// stops, every quote opens or closes.
func checkRecords(text string) error {
	line, started, from, count, quoted := 1, 1, 0, 0, false
	for i := range len(text) {
		switch text[i] {
		case '"':
			quoted = !quoted
		case ';', ',', '\t':
			if !quoted {
				count++
			}
		case '\n':
			line++
			if !quoted {
				started, from, count = line, i+1, 0
			}
		}
		if i-from > maxRecord || count > maxSeparators {
			return faultf("l'enregistrement de la ligne %d est trop long ; un guillemet n'est peut-être pas fermé", started)
		}
	}
	return nil
}
