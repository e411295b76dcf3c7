package document

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// packUpdate signs as Acrobat does: the form in an object stream, the
// cross-references in a stream.
func packUpdate(p *paper, by cmsSigner) {
	p.t.Helper()
	p.fields, p.annots = append(p.fields, "30 0 R"), append(p.annots, "30 0 R")
	previous, _ := lastStart(p.data)
	from := len(p.data)
	rows := map[int][3]int{}
	add := func(number int, object string) {
		rows[number] = [3]int{1, len(p.data), 0}
		p.data = fmt.Appendf(p.data, "%d 0 obj\n%s\nendobj\n", number, object)
	}
	add(3, p.page())
	add(31, "<</Type/Sig/SubFilter/adbe.pkcs7.detached/ByteRange[0 0000000000 0000000000 0000000000]/Contents<"+strings.Repeat("0", room)+">>>")
	form, field := p.form(), "<</Type/Annot/Subtype/Widget/FT/Sig/T(S30)/V 31 0 R/Rect[50 60 250 120]/P 3 0 R>>"
	heads := fmt.Sprintf("5 0 30 %d ", len(form)+1)
	packed := deflated(p.t, []byte(heads+form+" "+field))
	rows[5], rows[30] = [3]int{2, 32, 0}, [3]int{2, 32, 1}
	add(32, fmt.Sprintf("<</Type/ObjStm/N 2/First %d/Filter/FlateDecode/Length %d>>\nstream\n%s\nendstream", len(heads), len(packed), packed))
	start := len(p.data)
	rows[33] = [3]int{1, start, 0}
	var table, index []byte
	previousRow := make([]byte, 5)
	for _, number := range slices.Sorted(maps.Keys(rows)) {
		index = fmt.Appendf(index, "%d 1 ", number)
		row := []byte{byte(rows[number][0]), byte(rows[number][1] >> 16), byte(rows[number][1] >> 8), byte(rows[number][1]), byte(rows[number][2])}
		table = append(table, 2) // PNG's predictor Up
		for i := range row {
			table = append(table, row[i]-previousRow[i])
		}
		previousRow = row
	}
	packed = deflated(p.t, table)
	p.data = fmt.Appendf(p.data, "33 0 obj\n<</Type/XRef/W[1 3 1]/Index[%s]/Size 100/Root 1 0 R/Prev %d/Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 5>>/Length %d>>\nstream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n",
		index, previous, len(packed), packed, start)
	gap := from + bytes.Index(p.data[from:], []byte("<000"))
	p.fill(from, gap, gap+room+2, by)
}

func deflated(t testing.TB, data []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
