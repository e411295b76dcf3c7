package register

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/gocarina/gocsv"

	"guichet/pipeline/template"
)

// gocsv is lax unless told otherwise, for the whole program.
func init() { // gocsv has no other switch
	gocsv.FailIfUnmatchedStructTags = true
	gocsv.FailIfDoubleHeaderNames = true
}

// located is a row with its place, for messages.
type located[T any] struct {
	value T
	place string // line 12
}

// readRows reads a register into structs by their tags: csv is the label of
// the column, and optional:"true" one that may be missing.
func readRows[T any](f File) ([]located[T], error) {
	columns, optional := columnsOf(reflect.TypeFor[T]())
	records, err := template.ReadRecords(f.Name, f.Data, columns, limits)
	if err != nil {
		var fault *template.Fault
		var header template.HeaderError
		switch {
		case errors.As(err, &header):
			return nil, fmt.Errorf("%w: %s", err, labels(columns))
		case errors.As(err, &fault):
			return nil, fmt.Errorf("cannot be read in full: %w%s", err, where(fault))
		}
		return nil, err
	}
	source := &recordReader{header: records.Header, rows: records.Rows, optional: optional}
	var values []T
	if err := gocsv.UnmarshalCSV(source, &values); err != nil {
		return nil, explain(err, records, columns)
	}
	rows := make([]located[T], len(values))
	for i, value := range values {
		rows[i] = located[T]{value, fmt.Sprintf("line %d", records.Rows[i].Number)}
	}
	return rows, nil
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

// explain names the place of what gocsv could not read.
func explain(err error, records *template.Records, columns []template.RecordColumn) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) { // gocsv counts the header as line 1
		record, column := records.Rows[parse.Line-2], parse.Column-1
		return fmt.Errorf("line %d, column %q (%s): %.40q is %w", record.Number, records.Header[column], records.Ref(record, column), record.Cells[column], parse.Err)
	}
	return fmt.Errorf("header: %w; %s", err, labels(columns))
}

func labels(columns []template.RecordColumn) string {
	var names []string
	for _, c := range columns {
		names = append(names, c.Label)
	}
	return "expected the columns " + strings.Join(names, "; ")
}

// columnsOf reads the tags of a struct.
func columnsOf(t reflect.Type) (columns []template.RecordColumn, optional []string) {
	for i := range t.NumField() {
		field := t.Field(i)
		label := field.Tag.Get("csv")
		moment := field.Type == reflect.TypeFor[dateCell]() || field.Type == reflect.TypeFor[momentCell]()
		columns = append(columns, template.RecordColumn{Label: label, Moment: moment})
		if field.Tag.Get("optional") == "true" {
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
			if !contains(r.header, label) {
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

func contains(labels []string, label string) bool {
	for _, l := range labels {
		if l == label {
			return true
		}
	}
	return false
}
