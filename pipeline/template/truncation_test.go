package template

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// silent tells whether a reading lost rows without a word.
func silent(want []claim.Row, table *Table, problems []claim.FileProblem) bool {
	if refuses(problems) {
		return len(table.Rows) > 0
	}
	return !cmp.Equal(want, table.Rows)
}

// TestSheetCutAnywhere cuts the sheet's XML, and the shared strings', at every
// byte, in a ZIP that is otherwise right: nothing may be lost in silence.
func TestSheetCutAnywhere(t *testing.T) {
	sheet := strings.Replace(finSheet(6), `t="inlineStr"><is><t>fin-3.pdf</t></is>`, `t="s"><v>1</v>`, 1)
	whole := parts(sheet, "unused", "fin-3.pdf", "last")
	want := mustRead(t, "fin.xlsx", pack(t, whole)).Rows
	if len(want) != 6 {
		t.Fatalf("%d rows", len(want))
	}
	for _, name := range []string{partSheet, partStrings, partBook, partBookRels} {
		text := ""
		for _, p := range whole {
			if p.name == name {
				text = p.text
			}
		}
		refused := 0
		for cut := range len(text) {
			table, problems := Read("fin.xlsx", pack(t, with(whole, name, text[:cut])), DefaultLimits, "LGO1")
			if silent(want, table, problems) {
				t.Fatalf("%s cut at byte %d of %d: %d of %d rows, %+v", name, cut, len(text), len(table.Rows), len(want), problems)
			}
			if refuses(problems) {
				refused++
			}
		}
		if refused != len(text) {
			t.Errorf("%s: %d of %d cuts refused", name, refused, len(text))
		}
	}
}

// TestFileCutAnywhere cuts the file itself at every byte.
func TestFileCutAnywhere(t *testing.T) {
	for form, data := range map[string][]byte{"deflated": pack(t, parts(finSheet(6))), "stored": store(t, parts(finSheet(6)))} {
		want := mustRead(t, "fin.xlsx", data).Rows
		for cut := range data {
			table, problems := Read("fin.xlsx", data[:cut], DefaultLimits, "LGO1")
			if codes(problems) != "FIC-01" || len(table.Rows) > 0 {
				t.Fatalf("%s, cut at byte %d of %d: %d of %d rows, %+v", form, cut, len(data), len(table.Rows), len(want), problems)
			}
		}
	}
}

// TestBitsFlipped changes every byte of a workbook, one after the other.
func TestBitsFlipped(t *testing.T) {
	for form, data := range map[string][]byte{"deflated": pack(t, parts(finSheet(4))), "stored": store(t, parts(finSheet(4)))} {
		want := mustRead(t, "fin.xlsx", data).Rows
		for i := range data {
			for _, mask := range []byte{0x01, 0x80, 0xff} {
				changed := append([]byte(nil), data...)
				changed[i] ^= mask
				table, problems := Read("fin.xlsx", changed, DefaultLimits, "LGO1")
				if silent(want, table, problems) {
					t.Fatalf("%s, byte %d changed by %#x: %d of %d rows, %+v", form, i, mask, len(table.Rows), len(want), problems)
				}
			}
		}
	}
}

// TestCSVCutAnywhere cuts a CSV at every byte. A CSV has no end mark: a cut
// may leave a whole file of fewer rows, or a shorter last value. All rows
// before the last must then be the same.
func TestCSVCutAnywhere(t *testing.T) {
	text := "SIRET fournisseur;N° dossier ASP;Date finalisation prestation;Fichier attestation de fin\r\n" +
		"34152229000012;LGO1-00000001-96;15/03/2023;\"fin \"\"é\"\".pdf\"\r\n" +
		"34152229000012;LGO1-00000002-95;16/03/2023;\"é;2.pdf\"\r\n" +
		"34152229000012;LGO1-00000003-94;17/03/2023;é3.pdf\r\n"
	want := mustRead(t, "fin.csv", []byte(text)).Rows
	for cut := range len(text) {
		table, problems := Read("fin.csv", []byte(text[:cut]), DefaultLimits, "LGO1")
		if refuses(problems) {
			continue
		}
		if len(table.Rows) == 0 {
			t.Fatalf("cut at byte %d: no rows and no problem", cut)
		}
		last := len(table.Rows) - 1
		if diff := cmp.Diff(want[:last], table.Rows[:last]); diff != "" {
			t.Fatalf("cut at byte %d: %s", cut, diff)
		}
	}
}
