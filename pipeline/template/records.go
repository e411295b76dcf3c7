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
	// Extra is a column that is looked at where it stands, and never a reason
	// to refuse the file: it may be missing, the first of several counts, and a
	// cell that cannot be read is empty.
	Extra bool
}

// Records is what a register holds: the header, in the order of the file and
// with the labels as [ReadRecords] was given them, and the records below.
// Columns that nobody asked for are left out; a column may be missing, or
// stand there twice.
type Records struct {
	Header []string
	Rows   []Record
	// Faults are the cells that cannot be read, in the order of the file; the
	// records hold them empty. [ReadRecords] gives none.
	Faults []RecordFault
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

// RecordFault is a cell of a record that cannot be read.
type RecordFault struct {
	Number int // of the record
	*Fault
}

// HeaderError is a register without a header.
type HeaderError struct{}

// Error says so.
func (HeaderError) Error() string {
	return "none of the first 20 rows holds at least half of the expected labels"
}

// ReadRecords reads a register in the dialects of the templates: a workbook's
// only sheet with a header, or a CSV. Errors are *[Fault] or [HeaderError].
func ReadRecords(name string, data []byte, columns []RecordColumn, limits Limits) (*Records, error) {
	records, err := ScanRecords(name, data, columns, limits)
	switch {
	case records != nil && len(records.Faults) > 0:
		return nil, records.Faults[0].Fault
	case err != nil:
		return nil, err
	}
	return records, nil
}

// ScanRecords is [ReadRecords] for who wants to know all that is wrong: it
// reads on behind a cell that cannot be read ([Records].Faults), and an error
// that ends the reading comes with the records in front of it, if there is a
// header.
func ScanRecords(name string, data []byte, columns []RecordColumn, limits Limits) (*Records, error) {
	l := layout{}
	for _, c := range columns {
		l.columns = append(l.columns, layoutColumn{label: c.Label, folded: foldLabel(c.Label), optional: c.Extra})
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
			return result, err
		}
		one, err := readRecords(rows, sheet.name, layouts, columns, limits)
		switch {
		case err != nil && result == nil:
			return one, err
		case err != nil:
			return result, err
		case one == nil:
			if err := rows.drain(); err != nil {
				return result, err
			}
		case result != nil:
			return result, at(faultf("le registre est sur deux feuilles ; une seule doit porter l'en-tête"), sheet.name, "")
		default:
			result = one
		}
	}
	if result == nil {
		return nil, HeaderError{}
	}
	return result, nil
}

// readRecords reads one sheet; nil when it has no header. An error comes with
// the records in front of it.
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
	by := map[int]RecordColumn{}
	add := func(known, column int) {
		of[column], by[column] = len(result.Header), columns[known]
		result.Header, result.at = append(result.Header, columns[known].Label), append(result.at, column)
	}
	for known, column := range h.at {
		if column != 0 {
			add(known, column)
		}
	}
	for _, twice := range h.twice {
		if !columns[twice.known].Extra {
			add(twice.known, twice.column)
		}
	}
	for {
		found, err := rows.next()
		if errors.Is(err, io.EOF) {
			return result, nil
		}
		if err != nil {
			return result, at(err, sheet, "")
		}
		if err := h.beyond(rows, found); err != nil {
			result.Faults = append(result.Faults, RecordFault{found.number, at(err, sheet, "")})
		}
		record := Record{Number: found.number, Cells: make([]string, len(result.Header))}
		filled := false
		for _, c := range found.cells {
			i, ok := of[c.column]
			if !ok || blank(c.text) && c.typ != noValueCell {
				continue
			}
			column := by[c.column]
			text, err := recordText(c, column.Moment, rows.date1904())
			if err != nil && !column.Extra {
				result.Faults = append(result.Faults, RecordFault{found.number, at(err, sheet, rows.ref(found.number, c.column))})
			}
			record.Cells[i], filled = text, filled || !column.Extra
		}
		if !filled {
			continue
		}
		if result.Rows = append(result.Rows, record); len(result.Rows) > limits.Rows {
			return result, at(faultf("le fichier a plus de %d lignes", limits.Rows), sheet, "")
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
