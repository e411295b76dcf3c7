package register

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"github.com/gocarina/gocsv"

	"guichet/pipeline/template"
)

// gocsv is lax unless told otherwise, for the whole program, and takes the
// handler of errors only together with an [io.Reader]: see [handedOver].
func init() { // gocsv has no other switch
	gocsv.FailIfUnmatchedStructTags = true
	gocsv.FailIfDoubleHeaderNames = true
	gocsv.SetCSVReader(func(in io.Reader) gocsv.CSVReader {
		if given, ok := in.(handedOver); ok {
			return given.records
		}
		return gocsv.DefaultCSVReader(in)
	})
}

// handedOver is records on their way through gocsv as if they were bytes.
type handedOver struct {
	io.Reader
	records *recordReader
}

// table is the rows of a register.
type table[T any] struct {
	rows []located[T]
	// whole is false when what follows the rows could not be read.
	whole   bool
	records *template.Records
}

// located is a row with its place, for messages.
type located[T any] struct {
	value T
	line  int
	// faulty is a row with a cell that cannot be read, and is empty here.
	faulty bool
}

// at gives the place of a cell, by the label of its column.
func (t *table[T]) at(row located[T], label string) Problem {
	p := Problem{Line: row.line, Column: label}
	if i := slices.Index(t.records.Header, label); i >= 0 {
		p.Cell = t.records.Ref(template.Record{Number: row.line}, i)
	}
	return p
}

// readRows reads a register into structs by their tags: csv is the label of
// the column, optional:"true" one that may be missing, and optional:"extra" one
// that is never a reason to refuse the file ([template.RecordColumn]).
// All that cannot be read is told, and the rest given.
func readRows[T any](f File, tell tell) table[T] {
	columns, optional := columnsOf(reflect.TypeFor[T]())
	records, err := template.ScanRecords(f.Name, f.Data, columns, limits)
	faulty, unread := map[int]bool{}, map[string]bool{}
	if records != nil {
		for _, fault := range records.Faults {
			faulty[fault.Number], unread[fault.Cell] = true, true
			tellFault(fault.Fault, fault.Number, "correct the cell", tell)
		}
	}
	if err != nil {
		var fault *template.Fault
		var header template.HeaderError
		switch {
		case errors.As(err, &header):
			tell.stop(Problem{Kind: "header", Message: err.Error(), Cure: labels(columns)}, fmt.Errorf("%w: %s", err, labels(columns)))
		case errors.As(err, &fault):
			tellFault(fault, 0, "nothing below can be read: save or export the file again", tell)
		default:
			tell.stop(Problem{Kind: "unreadable"}, err)
		}
	}
	if records == nil {
		return table[T]{}
	}
	found := table[T]{whole: err == nil, records: records}
	var values []T
	told := func(parse *csv.ParseError) bool { // gocsv counts the header as line 1
		record, column := records.Rows[parse.Line-2], parse.Column-1
		ref := records.Ref(record, column)
		faulty[record.Number] = true
		if !unread[ref] { // else told already
			tellCell(record, records.Header[column], ref, record.Cells[column], parse.Err, tell)
		}
		return true
	}
	source := &recordReader{header: records.Header, rows: records.Rows, optional: optional}
	if err := gocsv.UnmarshalWithErrorHandler(handedOver{records: source}, told, &values); err != nil {
		tellHeader(err, records.Header, columns, optional, tell)
		found.whole = false
		return found
	}
	found.rows = make([]located[T], len(values))
	for i, value := range values {
		line := records.Rows[i].Number
		found.rows[i] = located[T]{value, line, faulty[line]}
	}
	return found
}

// tellFault tells of what the reader of templates cannot read.
func tellFault(fault *template.Fault, line int, cure string, tell tell) {
	cell := fault.Cell
	if fault.Sheet != "" && cell != "" {
		cell = fmt.Sprintf("%q!%s", fault.Sheet, cell)
	}
	tell.stop(Problem{Kind: "unreadable", Line: line, Cell: cell, Message: fault.Error(), Cure: cure},
		fmt.Errorf("cannot be read in full: %w%s", fault, where(fault)))
}

func where(fault *template.Fault) string {
	var parts []string
	if fault.Sheet != "" {
		parts = append(parts, fmt.Sprintf("sheet %q", fault.Sheet))
	}
	if fault.Cell != "" {
		parts = append(parts, "cell "+fault.Cell)
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// tellCell tells of a value that is not of its column's type.
func tellCell(record template.Record, label, ref, value string, why error, tell tell) {
	kind, cure := ofCell(why)
	tell.stop(Problem{Kind: kind, Line: record.Number, Column: label, Cell: ref, Value: value, Message: why.Error(), Cure: cure},
		fmt.Errorf("line %d, column %q (%s): %.40q is %w", record.Number, label, ref, value, why))
}

// tellHeader tells of each column that is missing, or stands there twice.
func tellHeader(err error, header []string, columns []template.RecordColumn, optional []string, tell tell) {
	err = fmt.Errorf("header: %w; %s", err, labels(columns))
	told := false
	for _, c := range columns {
		count := 0
		for _, label := range header {
			if label == c.Label {
				count++
			}
		}
		told = told || count > 1 || count == 0 && !slices.Contains(optional, c.Label)
		switch {
		case count == 0 && !slices.Contains(optional, c.Label):
			tell.stop(Problem{Kind: "column_missing", Column: c.Label, Message: "the column is missing", Cure: labels(columns)}, err)
		case count > 1:
			tell.stop(Problem{Kind: "column_twice", Column: c.Label, Message: fmt.Sprintf("the column is there %d times", count), Cure: "keep the right one"}, err)
		}
	}
	if !told {
		tell.stop(Problem{Kind: "header", Cure: labels(columns)}, err)
	}
}

// labels names the columns that a register must have.
func labels(columns []template.RecordColumn) string {
	var names []string
	for _, c := range columns {
		if !c.Extra {
			names = append(names, c.Label)
		}
	}
	return "expected the columns " + strings.Join(names, "; ")
}

// columnsOf reads the tags of a struct.
func columnsOf(t reflect.Type) (columns []template.RecordColumn, optional []string) {
	for i := range t.NumField() {
		field := t.Field(i)
		label, form := field.Tag.Get("csv"), field.Tag.Get("optional")
		moment := field.Type == reflect.TypeFor[dateCell]() || field.Type == reflect.TypeFor[momentCell]()
		columns = append(columns, template.RecordColumn{Label: label, Moment: moment, Extra: form == "extra"})
		if form != "" {
			optional = append(optional, label)
		}
	}
	return columns, optional
}

// recordReader hands records to gocsv, with an empty column for each optional
// one that is missing.
type recordReader struct {
	header   []string
	rows     []template.Record
	optional []string
	next     int
}

var _ gocsv.CSVReader = (*recordReader)(nil)

func (r *recordReader) Read() ([]string, error) {
	r.next++
	if r.next == 1 {
		header := append([]string(nil), r.header...)
		for _, label := range r.optional {
			if !slices.Contains(r.header, label) {
				header = append(header, label)
			}
		}
		return header, nil
	}
	if r.next-2 >= len(r.rows) {
		return nil, io.EOF
	}
	return r.rows[r.next-2].Cells, nil
}

// ReadAll gives the header and all rows.
func (r *recordReader) ReadAll() ([][]string, error) {
	all := make([][]string, 0, len(r.rows)+1)
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		all = append(all, record)
	}
}
