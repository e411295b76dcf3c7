package document

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"guichet/pipeline/claim"

	"github.com/google/go-cmp/cmp"
)

// TestByteRange writes a /ByteRange of its own choice and signs just what it
// says, as an attacker with a key would.
func TestByteRange(t *testing.T) {
	signer := newIdentity(t, "p256", nil, nil)
	const broken = "broken/partial byte_range"
	tests := []struct {
		name  string
		write func(gap, end, size int) string
		want  string
	}{
		{"as it should be", func(g, e, s int) string { return fmt.Sprintf("0 %d %d %d", g, e, s-e) }, "intact/whole"},
		{"first byte left out", func(g, e, s int) string { return fmt.Sprintf("1 %d %d %d", g-1, e, s-e) }, "intact/partial"},
		{"gap wider before the value", func(g, e, s int) string { return fmt.Sprintf("0 %d %d %d", g-1, e, s-e) }, "intact/partial"},
		{"gap wider behind the value", func(g, e, s int) string { return fmt.Sprintf("0 %d %d %d", g, e+1, s-e-1) }, "intact/partial"},
		{"end of the file left out", func(g, e, s int) string { return fmt.Sprintf("0 %d %d %d", g, e, s-e-5) }, "intact/partial"},
		{"last line end left out", func(g, e, s int) string { return fmt.Sprintf("0 %d %d %d", g, e, s-e-1) }, "intact/whole"},
		{"nothing behind the value", func(g, e, _ int) string { return fmt.Sprintf("0 %d %d 0", g, e) }, "intact/partial"},
		{"nothing covered", func(_, e, _ int) string { return fmt.Sprintf("0 0 %d 0", e) }, "intact/partial"},
		{"delimiters covered", func(g, e, s int) string { return fmt.Sprintf("0 %d %d %d", g+1, e-1, s-e+1) }, broken},
		{"value covered", func(_, e, s int) string { return fmt.Sprintf("0 %d %d %d", e, e, s-e) }, broken},
		{"gap elsewhere", func(_, _, s int) string { return fmt.Sprintf("0 10 20 %d", s-20) }, broken},
		{"runs overlap", func(g, _, s int) string { return fmt.Sprintf("0 %d %d %d", g, g-10, s-g+10) }, broken},
		{"runs the wrong way round", func(g, e, s int) string { return fmt.Sprintf("%d %d 0 %d", e, s-e, g) }, broken},
		{"beyond the end", func(g, e, s int) string { return fmt.Sprintf("0 %d %d %d", g, e, s-e+1) }, broken},
		{"negative", func(g, e, s int) string { return fmt.Sprintf("-1 %d %d %d", g+1, e, s-e) }, broken},
		{"reals", func(g, e, s int) string { return fmt.Sprintf("0.0 %d %d %d", g, e, s-e) }, broken},
		{"overflow", func(g, e, _ int) string { return fmt.Sprintf("0 %d %d 9223372036854775807", g, e) }, broken},
		{"larger than any file", func(g, e, _ int) string { return fmt.Sprintf("0 %d %d 140737488355327", g, e) }, broken},
		{"three numbers", func(g, e, _ int) string { return fmt.Sprintf("0 %d %d", g, e) }, broken},
		{"six numbers", func(g, e, s int) string { return fmt.Sprintf("0 %d %d 1 %d %d", g, e, e+2, s-e-2) }, broken},
		{"none", func(int, int, int) string { return "" }, broken},
		{"names", func(int, int, int) string { return "/a /b /c /d" }, broken},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPaper(t).sign(20, func([]byte) []byte { return nil }, "")
			gap := bytes.LastIndex(p.data, []byte("<000"))
			end := gap + room + 2
			at := bytes.LastIndex(p.data, []byte("/ByteRange["))
			kept := bytes.IndexByte(p.data[at:], ']')
			text := "/ByteRange[" + test.write(gap, end, len(p.data)) + "]"
			if len(text) > kept+1 {
				t.Fatalf("no room for %s", text)
			}
			copy(p.data[at:], text+strings.Repeat(" ", kept+1-len(text)))
			if covers, ok := findValues(p.data)[0].readRange(p.data); ok {
				copy(p.data[gap+1:], fmt.Sprintf("%x", signer.plain(t)(covers.covered(p.data))))
			}
			if diff := cmp.Diff([]string{test.want}, briefs(p.read(nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSignatureElsewhere has signature dictionaries where a form does not
// show them, or shows them oddly.
func TestSignatureElsewhere(t *testing.T) {
	signer := newIdentity(t, "p256", nil, nil).plain(t)
	signed := newPaper(t).sign(20, signer, "").data
	tests := []struct {
		name string
		make func(p *paper)
		want []string
	}{
		{"no signature", func(*paper) {}, nil},
		{"the letters obj before the range", func(p *paper) { p.sign(20, signer, "/Reason(1 0 obj: pas d'obj ection)") }, []string{"intact/whole"}},
		{"on a page only", func(p *paper) {
			p.annots = append(p.annots, "20 0 R")
			p.signWith(map[int]string{3: p.page(), 20: "<</Type/Annot/Subtype/Widget/FT/Sig/T(S)/V 21 0 R/Rect[50 60 250 120]/P 3 0 R>>"}, 21, signer, "")
		}, []string{"intact/whole"}},
		{"inherited type and value, widget below", func(p *paper) {
			p.fields, p.annots = append(p.fields, "20 0 R"), append(p.annots, "23 0 R")
			p.signWith(map[int]string{
				3: p.page(), 5: p.form(), 20: "<</FT/Sig/T(A)/Kids[22 0 R]>>", 22: "<</Parent 20 0 R/T(B)/V 21 0 R/Kids[23 0 R]>>",
				23: "<</Type/Annot/Subtype/Widget/Parent 22 0 R/Rect[50 60 250 120]/P 3 0 R>>",
			}, 21, signer, "")
		}, []string{"intact/whole"}},
		{"fields in a circle", func(p *paper) {
			p.fields = append(p.fields, "20 0 R")
			p.update(map[int]string{5: p.form(), 20: "<</FT/Sig/T(A)/Kids[22 0 R]>>", 22: "<</Parent 20 0 R/Kids[20 0 R]>>"}, "")
		}, nil},
		{"removed from the form and the page", func(p *paper) {
			p.sign(20, signer, "")
			p.fields, p.annots = p.fields[:2], p.annots[:2]
			p.update(map[int]string{3: p.page(), 5: p.form()}, "")
		}, []string{"intact/partial"}},
		{"in an attached file", func(p *paper) {
			p.update(map[int]string{40: streamOf(string(signed))}, "")
		}, nil},
		{"value in an object of its own", func(p *paper) {
			p.fields = append(p.fields, "20 0 R")
			p.update(map[int]string{
				5: p.form(), 20: "<</FT/Sig/T(A)/V 21 0 R>>", 22: "<00>",
				21: "<</Type/Sig/SubFilter/adbe.pkcs7.detached/ByteRange[0 10 20 30]/Contents 22 0 R>>",
			}, "")
		}, []string{"broken/partial byte_range"}},
		{"value without a range", func(p *paper) {
			p.fields = append(p.fields, "20 0 R")
			p.update(map[int]string{5: p.form(), 20: "<</FT/Sig/T(A)/V 21 0 R>>", 21: "<</Type/Sig/Contents<00>>>"}, "")
		}, []string{"broken/partial byte_range"}},
		{"one value in two fields", func(p *paper) {
			p.fields = append(p.fields, "40 0 R")
			p.update(map[int]string{40: "<</FT/Sig/T(A)/V 21 0 R>>"}, "")
			p.sign(20, signer, "")
		}, []string{"intact/whole"}},
		{"value copied to a second signature", func(p *paper) {
			p.sign(20, signer, "")
			at := bytes.LastIndex(p.data, []byte("<</Type/Sig"))
			dict := p.data[at : at+bytes.Index(p.data[at:], []byte(">>>"))+3]
			p.fields = append(p.fields, "30 0 R")
			p.update(map[int]string{5: p.form(), 30: "<</FT/Sig/T(B)/V 31 0 R>>", 31: string(dict)}, "")
		}, []string{"broken/partial byte_range", "intact/partial"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPaper(t)
			test.make(p)
			if diff := cmp.Diff(test.want, briefs(p.read(nil))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestUnreadableModel takes pdfcpu's view away: what is signed is still seen,
// and never said to be covered.
func TestUnreadableModel(t *testing.T) {
	signer := newIdentity(t, "p256", nil, nil).plain(t)
	p := newPaper(t).sign(20, signer, "").sign(30, signer, "")
	if diff := cmp.Diff([]string{"intact/partial", "intact/partial"}, briefs(signaturesIn(p.data, nil, nil))); diff != "" {
		t.Error(diff)
	}
	torn := p.data[:bytes.Index(p.data, []byte("/Contents<"))+20]
	found := signaturesIn(torn, nil, nil)
	if len(found) != 1 || found[0].Integrity != claim.Broken {
		t.Errorf("%v", briefs(found))
	}
	if found := signaturesIn(newPaper(t).data, nil, nil); found != nil {
		t.Errorf("%v", briefs(found))
	}
}
