package template

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// large gives 10,000 rows of 20 columns, the template's 16 and four others.
func large(tb testing.TB) [][]string {
	tb.Helper()
	rows := [][]string{append(advanceLabels(), "Note", "Agence", "Région", "Contact")}
	for i := range 10_000 {
		row := append(advanceValues(), "à relancer", "Lyon", "Auvergne-Rhône-Alpes", "Mme Durand")
		row[2] = fmt.Sprintf("CMD-2023-%05d", i)
		row[14] = fmt.Sprintf("commande-%05d.pdf", i)
		rows = append(rows, row)
	}
	return rows
}

func BenchmarkXLSX(b *testing.B) {
	book := excelize.NewFile()
	stream, err := book.NewStreamWriter("Sheet1")
	if err != nil {
		b.Fatal(err)
	}
	for i, row := range large(b) {
		cells := make([]any, len(row))
		for j := range row {
			cells[j] = row[j]
		}
		if i > 0 {
			cells[1], cells[3], cells[5] = 34152229000012, 44986, 708.5
		}
		if err := stream.SetRow(fmt.Sprint("A", i+1), cells); err != nil {
			b.Fatal(err)
		}
	}
	if err := stream.Flush(); err != nil {
		b.Fatal(err)
	}
	var data bytes.Buffer
	if err := book.Write(&data); err != nil {
		b.Fatal(err)
	}
	benchmark(b, "avance.xlsx", data.Bytes())
}

func BenchmarkCSV(b *testing.B) {
	var data strings.Builder
	for _, row := range large(b) {
		data.WriteString(strings.Join(row, ";") + "\n")
	}
	benchmark(b, "avance.csv", []byte(data.String()))
}

func benchmark(b *testing.B, name string, data []byte) {
	b.ReportAllocs()
	b.SetBytes(int64(len(data)))
	rows := 0
	for b.Loop() {
		table, problems := Read(name, data, DefaultLimits, "LGO1")
		if refuses(problems) || len(table.Rows) != 10_000 {
			b.Fatalf("%d rows, %+v", len(table.Rows), problems)
		}
		rows += len(table.Rows)
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
