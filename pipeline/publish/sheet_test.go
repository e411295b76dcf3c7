package publish

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"guichet/pipeline/claim"
)

// hostile are cells that a spreadsheet, a reader of CSV or of XML might take for
// something else.
var hostile = []Row{
	{"Réf", "Plafond HT", "=Label"},
	{"=1+1", claim.Cents(708_00), "a;b\"c\nd"},
	{"+33 1", nil, "-600,00"},
	{"@SUM(A1)", claim.Cents(62_550), "\tx"},
	{"010003002", nil, "\x01<&>\xff"},
	{"", nil, nil},
}

func TestWriteCSV(t *testing.T) {
	var out bytes.Buffer
	if err := WriteCSV(&out, slices.Values(hostile)); err != nil {
		t.Fatal(err)
	}
	want := byteOrderMark + "Réf;Plafond HT;'=Label\r\n" +
		"'=1+1;708.00;\"a;b\"\"c\nd\"\r\n" +
		"'+33 1;;'-600,00\r\n" +
		"'@SUM(A1);625.50;'\tx\r\n" +
		"010003002;;\ufffd<&>\ufffd\r\n" +
		";;\r\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestWriteWorkbook(t *testing.T) {
	var out bytes.Buffer
	if err := WriteWorkbook(&out, "Tranches", slices.Values(hostile)); err != nil {
		t.Fatal(err)
	}
	book, err := excelize.OpenReader(&out)
	if err != nil {
		t.Fatal(err)
	}
	got, err := book.GetRows("Tranches", excelize.Options{RawCellValue: true})
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{
		{"Réf", "Plafond HT", "=Label"},
		{"=1+1", "708", "a;b\"c\nd"},
		{"+33 1", "", "-600,00"},
		{"@SUM(A1)", "625.5", "\tx"},
		{"010003002", "", "\ufffd<&>\ufffd"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	for r, row := range want {
		for c, value := range row {
			ref, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				t.Fatal(err)
			}
			if formula, err := book.GetCellFormula("Tranches", ref); err != nil || formula != "" {
				t.Errorf("%s is the formula %q, %v", ref, formula, err)
			}
			number := r > 0 && c == 1
			switch typ, err := book.GetCellType("Tranches", ref); {
			case err != nil:
				t.Error(err)
			case value != "" && number != (typ == excelize.CellTypeNumber || typ == excelize.CellTypeUnset):
				t.Errorf("%s %q is of the type %d", ref, value, typ)
			}
		}
	}
}
