package template

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var pharmacyLabels = [][]string{{"FINESS", "N° FINESS"}, {"SIRET"}, {"Ville", "Commune"}}

func readAsWhole(t *testing.T, name, data string) [][]string {
	t.Helper()
	w, err := ReadWhole(name, []byte(data), pharmacyLabels, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	all := [][]string{w.Header}
	for _, row := range w.Rows {
		all = append(all, row.Cells(len(w.Header)))
	}
	return all
}

func TestWhole(t *testing.T) {
	// A title above, another column, an empty label, a short row, a blank one.
	const list = "Ma liste;;;\nRéf;no finess;;COMMUNE\n=1+1;010003002; x ;\"Bourg\nen Bresse\"\n\n;;;\n2\n"
	got := readAsWhole(t, "liste.csv", list)
	want := [][]string{{"Réf", "no finess", "", "COMMUNE"}, {"=1+1", "010003002", " x ", "Bourg\nen Bresse"}, {"2", "", "", ""}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	w, err := ReadWhole("liste.csv", []byte(list), pharmacyLabels, DefaultLimits)
	if err != nil || !cmp.Equal(w.At, []int{1, -1, 3}) {
		t.Errorf("%+v, %v", w, err)
	}
	if text := w.Rows[0].Text(3) + w.Rows[1].Text(1) + w.Rows[0].Text(-1); text != "Bourg\nen Bresse" || w.Rows[1].Number != 7 {
		t.Errorf("%q, %+v", text, w.Rows)
	}
}

func TestWholeWorkbook(t *testing.T) {
	sheet := sheetHead + `<row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="inlineStr"><is><t>Note</t></is></c></row>` +
		`<row r="5"><c r="B5"><v>1.0003002E7</v></c><c r="C5" t="e"><v>#N/A</v></c><c r="E5" t="str"><f>1+1</f><v>=2</v></c></row>` + sheetTail
	got := readAsWhole(t, "liste.xlsx", string(pack(t, parts(sheet, "FINESS"))))
	want := [][]string{{"", "FINESS", "Note", "", ""}, {"", "10003002", "#N/A", "", "=2"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestWholeFaults(t *testing.T) {
	formula := sheetHead + `<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="B2"><f>A1</f></c></row>` + sheetTail
	cases := map[string]struct{ file, data, cell, says string }{
		"no known label":    {"l.csv", "Nom;Prénom\na;b\n", "", "first 20 rows"},
		"empty":             {"l.csv", "", "", "vide"},
		"column twice":      {"l.csv", "SIRET;Siret\n1;2\n", "L1C2", "deux fois"},
		"two of one":        {"l.csv", "FINESS;N° FINESS\n1;2\n", "L1C2", "même chose"},
		"beyond the header": {"l.csv", "FINESS;x\n1;2;3\n", "L2C3", "plus de cellules"},
		"stray quote":       {"l.csv", "FINESS;x\n\"1;2\n", "", "guillemet"},
		"UTF-16":            {"l.csv", "\xff\xfeF\x00", "", "UTF-16"},
		"formula":           {"l.xlsx", string(pack(t, parts(formula, "FINESS"))), "B2", "formule"},
		"cut":               {"l.xlsx", string(pack(t, parts(formula, "FINESS"))[:300]), "", ""},
		"other format":      {"l.pdf", "%PDF", "", "format"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w, err := ReadWhole(c.file, []byte(c.data), pharmacyLabels, DefaultLimits)
			if w != nil || err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("%+v, %v", w, err)
			}
			var fault *Fault
			if errors.As(err, &fault) && c.cell != "" && fault.Cell != c.cell {
				t.Errorf("at %q, want %q", fault.Cell, c.cell)
			}
		})
	}
	if _, err := ReadWhole("l.csv", []byte("FINESS\n1\n2\n3\n"), pharmacyLabels, Limits{Bytes: 100, Rows: 2}); err == nil {
		t.Error("three rows, two are the limit")
	}
}

// TestWholeLosesNothing writes any cells into a CSV: they come back.
func TestWholeLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width := rapid.IntRange(1, 5).Draw(t, "width")
		cell := rapid.StringMatching(`[a-zé0-9=;" ]{0,8}`)
		want := [][]string{append([]string{"FINESS"}, make([]string, width-1)...)}
		for range rapid.IntRange(0, 5).Draw(t, "rows") {
			row := make([]string, width)
			for i := range row {
				if row[i] = cell.Draw(t, "cell"); blank(row[i]) {
					row[i] = ""
				}
			}
			if strings.Join(row, "") != "" {
				want = append(want, row)
			}
		}
		var text strings.Builder
		for _, row := range want {
			for i, value := range row {
				if i > 0 {
					text.WriteByte(';')
				}
				text.WriteString(`"` + strings.ReplaceAll(value, `"`, `""`) + `"`)
			}
			text.WriteByte('\n')
		}
		w, err := ReadWhole("l.csv", []byte(text.String()), pharmacyLabels, DefaultLimits)
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range w.Rows {
			got := append(row.Cells(len(w.Header)), make([]string, width-len(w.Header))...)
			if diff := cmp.Diff(want[i+1], got); diff != "" {
				t.Fatal(diff)
			}
		}
		if len(w.Rows) != len(want)-1 {
			t.Fatalf("%d rows of %d", len(w.Rows), len(want)-1)
		}
	})
}

func FuzzWhole(f *testing.F) {
	f.Add("FINESS;SIRET\n1;2\n", "l.csv")
	f.Add("x\nVille\tN° FINESS\n\"a\nb\"\t3\n", "l.csv")
	f.Fuzz(func(t *testing.T, data, name string) {
		w, err := ReadWhole(name, []byte(data), pharmacyLabels, Limits{Bytes: 1 << 16, Rows: 100})
		if (w == nil) == (err == nil) {
			t.Fatalf("%v, %v", w, err)
		}
		if w == nil {
			return
		}
		for _, row := range w.Rows {
			if strings.Join(row.Cells(len(w.Header)), "") == "" {
				t.Fatalf("a blank row %d", row.Number)
			}
		}
	})
}

// TestScanReadsOn tells every cell that cannot be read, and the records in front
// of what ends the reading; ReadRecords tells the first.
func TestScanReadsOn(t *testing.T) {
	columns := []RecordColumn{{Label: "FINESS"}, {Label: "Tranche"}, {Label: "Ville", Extra: true}}
	sheet := sheetHead + `<row r="1"><c r="A1" t="str"><v>Ville</v></c><c r="B1" t="str"><v>FINESS</v></c><c r="C1" t="str"><v>Tranche</v></c><c r="D1" t="str"><v>Ville</v></c></row>` +
		`<row r="2"><c r="A2" t="e"><v>#N/A</v></c><c r="B2" t="e"><v>#N/A</v></c><c r="C2"><f>X</f></c></row>` +
		`<row r="3"><c r="A3" t="str"><v>Lyon</v></c></row>` +
		`<row r="4"><c r="A4" t="str"><v>Lyon</v></c><c r="B4" t="e"><v>#REF!</v></c><c r="C4" t="str"><v>A</v></c></row>`
	whole := string(pack(t, parts(sheet+sheetTail)))
	records, err := ScanRecords("r.xlsx", []byte(whole), columns, DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	var faults []string
	for _, f := range records.Faults {
		faults = append(faults, f.Cell)
	}
	if diff := cmp.Diff([]string{"B2", "C2", "B4"}, faults); diff != "" {
		t.Error(diff)
	}
	if len(records.Rows) != 2 || records.Rows[1].Number != 4 || strings.Join(records.Rows[1].Cells, "|") != "|A|Lyon" {
		t.Errorf("%+v", records.Rows)
	}
	var fault *Fault
	if _, err := ReadRecords("r.xlsx", []byte(whole), columns, DefaultLimits); !errors.As(err, &fault) || fault.Cell != "B2" {
		t.Errorf("%+v", err)
	}
	cut := string(pack(t, parts(sheet))) // the sheet does not close
	records, err = ScanRecords("r.xlsx", []byte(cut), columns, DefaultLimits)
	if err == nil || records == nil || len(records.Rows) != 2 {
		t.Errorf("%+v, %v", records, err)
	}
	if _, err := ReadRecords("r.xlsx", []byte(cut), columns, DefaultLimits); !errors.As(err, &fault) || fault.Cell != "B2" {
		t.Errorf("%+v", err)
	}
}
