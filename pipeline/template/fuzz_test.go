package template

import (
	"strings"
	"testing"
	"unicode/utf8"

	"guichet/pipeline/claim"
)

// checkReading tells what holds for every file, whatever is in it.
func checkReading(t *testing.T, table *Table, problems []claim.FileProblem) {
	t.Helper()
	if refuses(problems) == (len(table.Rows) > 0) {
		t.Fatalf("%d rows, and %+v", len(table.Rows), problems)
	}
	for _, p := range problems {
		if !utf8.ValidString(p.Detail) || utf8.RuneCountInString(p.Detail) > 180 {
			t.Fatalf("detail %q", p.Detail)
		}
		if strings.ContainsFunc(p.Detail+p.Label+p.Nearest, func(r rune) bool { return r < ' ' }) {
			t.Fatalf("control character in %+v", p)
		}
	}
	before := 0
	for _, row := range table.Rows {
		if row.Number <= before {
			t.Fatalf("row %d after %d", row.Number, before)
		}
		before = row.Number
		for id, f := range row.Fields {
			if f.Cell == "" || f.State == claim.FieldAbsent || (f.State == claim.FieldBad) != (f.Why != "") || f.Text != "" && !f.OK() {
				t.Fatalf("%s: %+v", id, f)
			}
		}
	}
}

// FuzzXLSX changes the sheet, the strings and the workbook of a sound ZIP:
// what is inside the ZIP is where hostile bytes get furthest.
func FuzzXLSX(f *testing.F) {
	whole := parts(finSheet(2), "a")
	f.Add(whole[4].text, whole[5].text, whole[2].text)
	f.Add(sheetHead+finHeader()+`<row><c t="s"><v>0</v></c></row>`+sheetTail, whole[5].text, whole[2].text)
	f.Fuzz(func(t *testing.T, sheet, shared, book string) {
		changed := with(with(with(whole, partSheet, sheet), partStrings, shared), partBook, book)
		table, problems := Read("fin.xlsx", store(t, changed), DefaultLimits, "LGO1")
		checkReading(t, table, problems)
	})
}

// FuzzZIP changes the ZIP itself.
func FuzzZIP(f *testing.F) {
	f.Add(store(f, parts(finSheet(1))))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, problems := Read("fin.xlsx", data, DefaultLimits, "LGO1")
		checkReading(t, table, problems)
	})
}

func FuzzCSV(f *testing.F) {
	f.Add(csvOf(labelsOf(claim.Completion), completionValues()))
	f.Add([]byte("\ufeffTitre\n" + strings.Join(labelsOf(claim.Balance), "\t") + "\r\n\"a\nb\";;;;;;\r\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, problems := Read("fin.csv", data, DefaultLimits, "LGO1")
		checkReading(t, table, problems)
	})
}

// FuzzAmount: an amount that is read shows the digits that were written.
func FuzzAmount(f *testing.F) {
	for _, s := range []string{"1 234,56 €", "1.234,56", "-0,5", "1,234.5", "12 34", "1.2.3"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		amount, why := readAmount(text(s))
		if why != "" {
			if amount != (claim.Amount{}) {
				t.Fatalf("%q: %+v beside %s", s, amount, why)
			}
			return
		}
		digits := func(s string) string {
			return strings.Trim(strings.Map(func(r rune) rune {
				if r < '0' || r > '9' {
					return -1
				}
				return r
			}, s), "0")
		}
		if got := digits(amount.Cents.String()); !amount.Finer && got != digits(s) {
			t.Fatalf("%q: %s", s, amount.Cents)
		}
		if again, why := readAmount(text(amount.Cents.French())); why != "" || again.Cents != amount.Cents {
			t.Fatalf("%q: %s reads as %+v %s", s, amount.Cents.French(), again, why)
		}
	})
}

// FuzzDate: a day that is read is one of the years 2000 to 2100, and reads
// again as itself.
func FuzzDate(f *testing.F) {
	for _, s := range []string{"15/03/2023", "2023-3-5 14:00", "29/02/2100", "45000"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, asNumber bool) {
		c := text(s)
		if asNumber {
			if !isNumber(s) {
				return
			}
			c = number(s)
		}
		day, why := readDate(c, false)
		if why != "" {
			if !day.IsZero() {
				t.Fatalf("%q: %s beside %s", s, day, why)
			}
			return
		}
		again, why := readDate(text(day.French()), false)
		if why != "" || again != day || day.Year < firstYear || day.Year > lastYear {
			t.Fatalf("%q: %s reads as %s %s", s, day, again, why)
		}
	})
}
