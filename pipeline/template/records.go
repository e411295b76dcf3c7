package template

import (
	"errors"
	"io"
	"time"

	"guichet/pipeline/claim"
)

// RecordColumn is a column of a register.
type RecordColumn struct {
	Label  string
	Moment bool // days and times: a spreadsheet's serial becomes yyyy-mm-dd hh:mm:ss
}

// Records is what a register holds: the header, in the order of the file and
// with the labels as [ReadRecords] was given them, and the records below.
// Columns that nobody asked for are left out; a column may be missing, or
// stand there twice.
type Records struct {
	Header []string
	Rows   []Record
	ref    func(row, column int) string
	at     []int // column of each of Header
}

// Record is one row of a register, with a text for each label of the header.
type Record struct {
	Number int // of the sheet, or line on which the CSV record starts
	Cells  []string
}

// Ref gives the address of a cell of a record: F12, or L4C10.
func (r *Records) Ref(record Record, cell int) string { return r.ref(record.Number, r.at[cell]) }

// HeaderError is a register without a header.
type HeaderError struct{}

// Error says so.
func (HeaderError) Error() string {
	return "none of the first 20 rows holds at least half of the expected labels"
}

// ReadRecords reads a register in the dialects of the templates: a workbook's
// only sheet with a header, or a CSV. Errors are *[Fault] or [HeaderError].
func ReadRecords(name string, data []byte, columns []RecordColumn, limits Limits) (*Records, error) {
	l := layout{}
	for _, c := range columns {
		l.columns = append(l.columns, layoutColumn{label: c.Label, folded: foldLabel(c.Label)})
	}
	layouts := []layout{l}
	book, records, err := open(name, data, limits, score(layouts))
	if err != nil {
		return nil, at(err, "", "")
	}
	if book == nil {
		result, err := readRecords(records, "", layouts, columns, limits)
		if err == nil && result == nil {
			err = HeaderError{}
		}
		return result, err
	}
	var result *Records
	for _, sheet := range book.sheets {
		rows, err := book.openSheet(sheet)
		if err != nil {
			return nil, err
		}
		one, err := readRecords(rows, sheet.name, layouts, columns, limits)
		switch {
		case err != nil:
			return nil, err
		case one == nil:
			if err := rows.drain(); err != nil {
				return nil, err
			}
		case result != nil:
			return nil, at(faultf("le registre est sur deux feuilles ; une seule doit porter l'en-tête"), sheet.name, "")
		default:
			result = one
		}
	}
	if result == nil {
		return nil, HeaderError{}
	}
	return result, nil
}

// readRecords reads one sheet; nil when it has no header.
func readRecords(rows rowReader, sheet string, layouts []layout, columns []RecordColumn, limits Limits) (*Records, error) {
	h, err := findHeader(rows, layouts)
	if err != nil {
		return nil, at(err, sheet, "")
	}
	if h == nil {
		return nil, nil
	}
	if records, ok := rows.(*csvReader); ok {
		records.columns = h.width
	}
	result := &Records{ref: rows.ref}
	of := map[int]int{} // column → index in the header of the result
	moments := map[int]bool{}
	add := func(known, column int) {
		of[column], moments[column] = len(result.Header), columns[known].Moment
		result.Header, result.at = append(result.Header, columns[known].Label), append(result.at, column)
	}
	for known, column := range h.at {
		if column != 0 {
			add(known, column)
		}
	}
	for _, twice := range h.twice {
		add(twice.known, twice.column)
	}
	for {
		found, err := rows.next()
		if err == nil {
			err = h.beyond(rows, found)
		}
		if errors.Is(err, io.EOF) {
			return result, nil
		}
		if err != nil {
			return nil, at(err, sheet, "")
		}
		record := Record{Number: found.number, Cells: make([]string, len(result.Header))}
		filled := false
		for _, c := range found.cells {
			i, ok := of[c.column]
			if !ok || blank(c.text) && c.typ != noValueCell {
				continue
			}
			text, err := recordText(c, moments[c.column], rows.date1904())
			if err != nil {
				return nil, at(err, sheet, rows.ref(found.number, c.column))
			}
			record.Cells[i], filled = text, true
		}
		if !filled {
			continue
		}
		if result.Rows = append(result.Rows, record); len(result.Rows) > limits.Rows {
			return nil, at(faultf("le fichier a plus de %d lignes", limits.Rows), sheet, "")
		}
	}
}

func recordText(c cell, moment, date1904 bool) (string, error) {
	switch c.typ {
	case noValueCell:
		return "", faultf("une formule dont le résultat n'est pas enregistré")
	case errorCell:
		return "", faultf("une erreur du tableur, %s", claim.Quote(c.text))
	case numberCell:
		if !moment {
			return shortest(c.text), nil
		}
		t, ok := serialTime(c.text, date1904)
		if !ok {
			return "", faultf("un nombre qui n'est pas une date, %s", claim.Quote(c.text))
		}
		if t.Equal(t.Truncate(24 * time.Hour)) {
			return t.Format(time.DateOnly), nil
		}
		return t.Format(time.DateTime), nil
	default:
		return trim(c.text), nil
	}
}
