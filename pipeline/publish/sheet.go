package publish

import (
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/xuri/excelize/v2"

	"guichet/pipeline/claim"
)

// Row is the cells of a table for people: texts, [claim.Cents] in euros, or nil.
type Row []any

// WriteCSV writes a table in the dialect of the results: semicolons, UTF-8 with a
// byte order mark, CRLF, amounts with a point. No text is a formula.
func WriteCSV(w io.Writer, rows iter.Seq[Row]) error {
	var t table
	t.lines.WriteString(byteOrderMark)
	for row := range rows {
		cells := make([]cell, len(row))
		for i, value := range row {
			switch v := value.(type) {
			case nil:
			case claim.Cents:
				cells[i] = money(&v)
			default:
				cells[i] = text(fmt.Sprint(v))
			}
		}
		t.add(cells)
		if err := t.flush(w); err != nil {
			return err
		}
	}
	return t.flush(w)
}

// flush writes the lines, and forgets them.
func (t *table) flush(w io.Writer) error {
	_, err := t.lines.WriteTo(w)
	return err
}

// WriteWorkbook writes a table as a workbook of one sheet: texts as texts,
// amounts as numbers, no formula.
func WriteWorkbook(w io.Writer, sheet string, rows iter.Seq[Row]) (err error) {
	book := excelize.NewFile()
	defer func() { err = errors.Join(err, book.Close()) }()
	if err := book.SetSheetName("Sheet1", sheet); err != nil {
		return err
	}
	stream, err := book.NewStreamWriter(sheet)
	if err != nil {
		return err
	}
	number := 0
	for row := range rows {
		number++
		cells := make([]any, len(row))
		for i, value := range row {
			switch v := value.(type) {
			case nil:
			case claim.Cents:
				cells[i] = float64(v) / 100
			default:
				if s := visible(fmt.Sprint(v)); s != "" {
					cells[i] = s
				}
			}
		}
		if err := stream.SetRow(fmt.Sprintf("A%d", number), cells); err != nil {
			return err
		}
	}
	if err := stream.Flush(); err != nil {
		return err
	}
	return book.Write(w)
}
