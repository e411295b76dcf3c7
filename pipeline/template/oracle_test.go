package template

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"pgregory.net/rapid"
)

// cellsOf reads all cells of a workbook with our reader: address → value.
func cellsOf(data []byte) (map[string]string, error) {
	book, err := openWorkbook(data)
	if err != nil {
		return nil, err
	}
	cells := map[string]string{}
	for _, sheet := range book.sheets {
		rows, err := book.openSheet(sheet)
		if err != nil {
			return nil, err
		}
		for {
			r, err := rows.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			for _, c := range r.cells {
				value := c.text
				switch c.typ {
				case boolCell:
					value = map[string]string{"VRAI": "1", "FAUX": "0"}[value]
				case numberCell:
					value = shortest(value)
				case noValueCell:
					continue // excelize gives an empty text
				default:
				}
				cells[sheet.name+"!"+sheetRef(r.number, c.column)] = value
			}
		}
	}
	return cells, nil
}

// oracle reads them with excelize, raw.
func oracle(data []byte) (map[string]string, error) {
	book, err := excelize.OpenReader(bytes.NewReader(data), excelize.Options{RawCellValue: true})
	if err != nil {
		return nil, err
	}
	cells := map[string]string{}
	for _, sheet := range book.GetSheetList() {
		rows, err := book.Rows(sheet)
		if err != nil {
			return nil, err
		}
		for row := 1; rows.Next(); row++ {
			values, err := rows.Columns(excelize.Options{RawCellValue: true})
			if err != nil {
				return nil, err
			}
			for i, value := range values {
				if value == "" {
					continue
				}
				if f, err := strconv.ParseFloat(value, 64); err == nil && !strings.ContainsAny(value, "xXiIn_ \n") {
					typ, err := book.GetCellType(sheet, sheetRef(row, i+1))
					if err != nil {
						return nil, err
					}
					if typ == excelize.CellTypeNumber || typ == excelize.CellTypeUnset {
						value = strconv.FormatFloat(f+0, 'f', -1, 64) // +0: no negative zero
					}
				}
				cells[sheet+"!"+sheetRef(row, i+1)] = value
			}
		}
		if err := rows.Error(); err != nil {
			return nil, err
		}
	}
	return cells, book.Close()
}

// drawValue draws something that people put into cells.
func drawValue(t *rapid.T) any {
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return rapid.IntRange(-1_000_000, 99_999_999_999_999).Draw(t, "int")
	case 1:
		return rapid.Float64Range(-1e15, 1e15).Draw(t, "float")
	case 2:
		return rapid.Bool().Draw(t, "bool")
	case 3:
		return time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 3_000_000_000).Draw(t, "seconds")) * time.Second)
	case 4:
		return rapid.SampledFrom([]string{"_x0041_", "_x005F_x0041_", "a_xZZZZ_", "  bords  ", "é\u00a0ô\u202f€", "ligne\nsuivante", "<&>\"'", "00123", "1E5", "#N/A"}).Draw(t, "odd")
	default:
		return rapid.StringMatching(`[a-zA-Zéèàçœ0-9 .,;:/'"<>&_-]{0,40}`).Draw(t, "text")
	}
}

// TestOracle writes random workbooks with excelize, whose own reader must see
// the same cells as ours.
func TestOracle(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		book := excelize.NewFile()
		style, err := book.NewStyle(&excelize.Style{NumFmt: 14, Font: &excelize.Font{Bold: true}})
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "second sheet") {
			if _, err := book.NewSheet("É & co"); err != nil {
				t.Fatal(err)
			}
		}
		for _, sheet := range book.GetSheetList() {
			for range rapid.IntRange(0, 25).Draw(t, "cells") {
				ref := sheetRef(rapid.IntRange(1, 60).Draw(t, "row"), rapid.IntRange(1, 60).Draw(t, "column"))
				var err error
				switch rapid.IntRange(0, 9).Draw(t, "how") {
				case 0:
					err = book.SetCellRichText(sheet, ref, []excelize.RichTextRun{
						{Text: rapid.StringMatching(`[a-z ]{0,9}`).Draw(t, "run")}, {Text: "gras ", Font: &excelize.Font{Bold: true}},
					})
				case 1:
					err = book.SetCellStyle(sheet, ref, ref, style)
				default:
					err = book.SetCellValue(sheet, ref, drawValue(t))
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		compare(t, book)
	})
}

// TestOracleStream does the same through excelize's streaming writer, which
// writes inline strings and formulas with their values.
func TestOracleStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		book := excelize.NewFile()
		stream, err := book.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		row := 0
		for range rapid.IntRange(0, 10).Draw(t, "rows") {
			row += rapid.IntRange(1, 5).Draw(t, "gap")
			var cells []any
			for range rapid.IntRange(0, 12).Draw(t, "width") {
				value := drawValue(t)
				switch rapid.IntRange(0, 5).Draw(t, "how") {
				case 0:
					value = nil
				case 1:
					value = excelize.Cell{Formula: "A1+1", Value: rapid.IntRange(0, 99999).Draw(t, "cached")}
				}
				cells = append(cells, value)
			}
			if err := stream.SetRow(fmt.Sprint("A", row), cells); err != nil {
				t.Fatal(err)
			}
		}
		if err := stream.Flush(); err != nil {
			t.Fatal(err)
		}
		compare(t, book)
	})
}

func compare(t *rapid.T, book *excelize.File) {
	t.Helper()
	var data bytes.Buffer
	if err := book.Write(&data); err != nil {
		t.Fatal(err)
	}
	want, err := oracle(data.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	got, err := cellsOf(data.Bytes())
	if err != nil {
		t.Fatalf("ours: %v", err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}
