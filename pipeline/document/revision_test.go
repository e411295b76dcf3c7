package document

import (
	"bytes"
	"crypto"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestLaterRevisions has one document signed and then changed in one way: want
// are the verdicts that the change leaves, by the end of the bytes covered.
func TestLaterRevisions(t *testing.T) {
	ca := newIdentity(t, "rsa2", nil, nil)
	pharmacy, supplier, tsa := newIdentity(t, "p256", ca, nil), newIdentity(t, "p384", ca, nil), newIdentity(t, "rsa", ca, nil)
	stamp := tsa.timestamp(t, time.Date(2023, 3, 2, 0, 0, 0, 0, time.UTC))
	p384 := odd{by: supplier, digest: idSHA384, algorithm: idECDSA, hash: crypto.SHA384}.message(t)
	const (
		whole   = "intact/whole"
		partial = "intact/partial"
		timely  = "intact/whole tst"
		broken  = "broken/whole signature"
	)
	docMDP := func(level string) string {
		return "/Reference[<</Type/SigRef/TransformMethod/DocMDP/TransformParams<</Type/TransformParams/V/1.2" + level + ">>>>]"
	}
	content := pageContent("999,00")
	appearance := "<</Type/XObject/Subtype/Form/BBox[0 0 200 60]/Length 0>>\nstream\n\nendstream"
	tests := []struct {
		name   string
		dict   string // further entries of the first signature
		why    string // what makes its coverage partial
		change func(p *paper)
		want   []string
	}{
		{"nothing", "", "", func(*paper) {}, []string{whole}},
		{"blanks", "", "", func(p *paper) { p.data = append(p.data, "\r\n\x00 \t\n"...) }, []string{whole}},
		{"validation data", "", "", func(p *paper) {
			p.catalog = "/DSS 40 0 R/Extensions<</ESIC<</BaseVersion/1.7/ExtensionLevel 1>>>>/Version/2.0"
			p.update(map[int]string{1: p.root(), 40: "<</Certs[41 0 R]>>", 41: "<</Length 3>>\nstream\nabc\nendstream"}, "")
		}, []string{whole}},
		{"document information and metadata", "", "", func(p *paper) {
			p.catalog = "/Metadata 41 0 R"
			p.update(map[int]string{1: p.root(), 9: "<</Producer(other)>>", 41: "<</Type/Metadata/Length 3>>\nstream\nabc\nendstream"}, "")
		}, []string{whole}},
		{"second signature", "", "", func(p *paper) { p.sign(30, p384, "") }, []string{whole, whole}},
		{"second and third signature", "", "", func(p *paper) { p.sign(30, p384, "").sign(40, pharmacy.plain(t), "") }, []string{whole, whole, whole}},
		{"document timestamp", "", "", func(p *paper) { p.sign(30, stamp, "/SubFilter/ETSI.RFC3161") }, []string{whole, timely}},
		{"the empty field signed", "", "", func(p *paper) {
			p.signWith(map[int]string{
				8:  "<</Type/Annot/Subtype/Widget/FT/Sig/T(Vide)/V 31 0 R/AP<</N 32 0 R>>/F 132/Rect[300 100 500 150]/P 3 0 R>>",
				32: appearance,
			}, 31, p384, "")
		}, []string{whole, whole}},
		{"signature in a cross-reference stream and object streams", "", "", func(p *paper) { packUpdate(p, p384) }, []string{whole, whole}},
		{"certified: second signature", docMDP("/P 2"), "", func(p *paper) { p.sign(30, p384, "") }, []string{whole, whole}},
		{"certified, default: second signature", docMDP(""), "", func(p *paper) { p.sign(30, p384, "") }, []string{whole, whole}},
		{"certified without changes: second signature", docMDP("/P 1"), "signature", func(p *paper) { p.sign(30, p384, "") }, []string{partial, whole}},
		{"certified without changes: timestamp", docMDP("/P 1"), "", func(p *paper) { p.sign(30, stamp, "/SubFilter/ETSI.RFC3161") }, []string{whole, timely}},
		{"resources for the form", "", "", func(p *paper) {
			p.update(map[int]string{5: "<</Fields[7 0 R 8 0 R 20 0 R]/SigFlags 3/DA(/Helv 0 Tf)/DR<</Font<</Helv 40 0 R>>>>>>", 40: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"}, "")
		}, []string{whole}},

		{"bytes", "", "not a well-formed update", func(p *paper) { p.data = append(p.data, bytes.Repeat([]byte("x"), 500)...) }, []string{partial}},
		{"comment", "", "not a well-formed update", func(p *paper) { p.data = append(p.data, "% more\n"...) }, []string{partial}},
		{"empty field, nothing to be seen", "", "", func(p *paper) {
			p.fields, p.annots = append(p.fields, "40 0 R"), append(p.annots, "40 0 R")
			p.update(map[int]string{3: p.page(), 5: p.form(), 40: emptyField("")}, "")
		}, []string{whole}},
		{"empty field, signed later", "", "", func(p *paper) {
			p.fields, p.annots = append(p.fields, "40 0 R"), append(p.annots, "40 0 R")
			p.update(map[int]string{3: p.page(), 5: p.form(), 40: emptyField("/AP<</N 42 0 R>>"), 42: appearance}, "")
			p.signWith(map[int]string{40: emptyField("/AP<</N 42 0 R>>/V 41 0 R")}, 41, p384, "")
		}, []string{whole, whole}},
		{"empty field, signed later by nobody who verifies", "", "new annotation or field", func(p *paper) {
			p.fields, p.annots = append(p.fields, "40 0 R"), append(p.annots, "40 0 R")
			p.update(map[int]string{3: p.page(), 5: p.form(), 40: emptyField("/AP<</N 42 0 R>>"), 42: appearance}, "")
			p.signWith(map[int]string{40: emptyField("/AP<</N 42 0 R>>/V 41 0 R")}, 41, odd{by: supplier, digest: idSHA384, algorithm: idECDSA, hash: crypto.SHA384, spoil: true}.message(t), "")
		}, []string{partial, broken}},
		{"empty field with an action", "", "new annotation or field", func(p *paper) {
			p.fields = append(p.fields, "40 0 R")
			p.update(map[int]string{5: p.form(), 40: emptyField("/A<</S/Named/N/Print>>")}, "")
		}, []string{partial}},
		{"certified without changes: empty field", docMDP("/P 1"), "an empty signature field", func(p *paper) {
			p.fields = append(p.fields, "40 0 R")
			p.update(map[int]string{5: p.form(), 40: emptyField("")}, "")
		}, []string{partial}},
		{"layers switched", "", "new entry OCProperties", func(p *paper) {
			p.catalog = "/OCProperties<</OCGs[]/D<<>>>>"
			p.update(map[int]string{1: p.root()}, "")
		}, []string{partial}},
		{"content that stood unused", "", "changed value", func(p *paper) {
			p.update(map[int]string{3: strings.Replace(p.page(), "/Contents 4 0 R", "/Contents 10 0 R", 1)}, "")
		}, []string{partial}},
		{"annotation hidden", "", "changed value", func(p *paper) {
			p.update(map[int]string{20: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature20)/V 21 0 R/Rect[50 60 250 120]/F 134/P 3 0 R>>"}, "")
		}, []string{partial}},
		{"certification taken in", "", "", func(p *paper) {
			p.fields, p.annots, p.catalog = append(p.fields, "30 0 R"), append(p.annots, "30 0 R"), "/Perms<</DocMDP 31 0 R>>"
			p.signWith(map[int]string{1: p.root(), 3: p.page(), 5: p.form(), 30: "<</Type/Annot/Subtype/Widget/FT/Sig/T(S)/V 31 0 R/Rect[0 0 0 0]/P 3 0 R>>"}, 31, p384, docMDP("/P 2"))
		}, []string{whole, whole}},
		{"page content, and taken back", "", "changed value", func(p *paper) {
			p.update(map[int]string{4: content}, "")
			p.update(map[int]string{4: pageContent("792,00")}, "")
		}, []string{partial}},
		{"page content", "", "changed value", func(p *paper) { p.update(map[int]string{4: content}, "") }, []string{partial}},
		{"page content, then a second signature", "", "changed value", func(p *paper) {
			p.update(map[int]string{4: content}, "")
			p.sign(30, p384, "")
		}, []string{partial, whole}},
		{"page content with the second signature", "", "changed value", func(p *paper) {
			p.fields, p.annots = append(p.fields, "30 0 R"), append(p.annots, "30 0 R")
			p.signWith(map[int]string{
				3: p.page(), 4: content, 5: p.form(),
				30: "<</Type/Annot/Subtype/Widget/FT/Sig/T(S)/V 31 0 R/Rect[0 0 0 0]/P 3 0 R>>",
			}, 31, p384, "")
		}, []string{partial, whole}},
		{"other content for the page", "", "changed value", func(p *paper) {
			p.update(map[int]string{3: strings.Replace(p.page(), "/Contents 4 0 R", "/Contents 40 0 R", 1), 40: content}, "")
		}, []string{partial}},
		{"the same content under another number", "", "", func(p *paper) {
			p.update(map[int]string{3: strings.Replace(p.page(), "/Contents 4 0 R", "/Contents 40 0 R", 1), 40: pageContent("792,00")}, "")
		}, []string{whole}},
		{"font", "", "changed value", func(p *paper) { p.update(map[int]string{6: "<</Type/Font/Subtype/Type1/BaseFont/Symbol>>"}, "") }, []string{partial}},
		{"page added", "", "changed list", func(p *paper) {
			p.update(map[int]string{2: "<</Type/Pages/Kids[3 0 R 40 0 R]/Count 2>>", 40: "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"}, "")
		}, []string{partial}},
		{"page box", "", "changed value", func(p *paper) { p.update(map[int]string{3: strings.Replace(p.page(), "842", "400", 1)}, "") }, []string{partial}},
		{"other page tree", "", "changed value", func(p *paper) {
			p.update(map[int]string{
				1:  strings.Replace(p.root(), "/Pages 2 0 R", "/Pages 40 0 R", 1),
				40: "<</Type/Pages/Kids[41 0 R]/Count 1>>", 41: "<</Type/Page/Parent 40 0 R/MediaBox[0 0 595 842]/Contents 42 0 R/Annots[7 0 R 8 0 R 20 0 R]>>", 42: content,
			}, "")
		}, []string{partial}},
		{"other catalog", "", "new entry OpenAction", func(p *paper) {
			p.update(map[int]string{40: strings.Replace(p.root(), "/Pages", "/OpenAction[3 0 R/Fit]/Pages", 1)}, "")
			at := bytes.LastIndex(p.data, []byte("/Root 1 0 R"))
			p.data = slices.Concat(p.data[:at], []byte("/Root 40 0 R"), p.data[at+len("/Root 1 0 R"):])
		}, []string{partial}},
		{"annotation", "", "new annotation or field", func(p *paper) {
			p.annots = append(p.annots, "40 0 R")
			p.update(map[int]string{3: p.page(), 40: "<</Type/Annot/Subtype/FreeText/Contents(x)/Rect[0 0 99 99]>>"}, "")
		}, []string{partial}},
		{"annotation removed", "", "new annotation or field", func(p *paper) {
			p.annots = p.annots[1:]
			p.update(map[int]string{3: p.page()}, "")
		}, []string{partial}},
		{"annotation inside the second signature's field", "", "new annotation or field", func(p *paper) {
			p.fields, p.annots = append(p.fields, "30 0 R"), append(p.annots, "30 0 R")
			p.signWith(map[int]string{
				3: p.page(), 5: p.form(),
				30: "<</Type/Annot/Subtype/FreeText/Contents(x)/FT/Sig/T(S)/V 31 0 R/Rect[0 0 99 99]/P 3 0 R>>",
			}, 31, p384, "")
		}, []string{partial, whole}},
		{"action on the second signature", "", "new annotation or field", func(p *paper) {
			p.fields = append(p.fields, "30 0 R")
			p.signWith(map[int]string{
				5:  p.form(),
				30: "<</FT/Sig/T(S)/V 31 0 R/AA<</E<</S/JavaScript/JS(x)>>>>>>",
			}, 31, p384, "")
		}, []string{partial, whole}},
		{"field filled", "", "a field is filled", func(p *paper) {
			p.update(map[int]string{7: "<</Type/Annot/Subtype/Widget/FT/Tx/T(Montant)/V(999)/Rect[50 600 150 620]/P 3 0 R>>"}, "")
		}, []string{partial}},
		{"text field added", "", "new annotation or field", func(p *paper) {
			p.fields = append(p.fields, "40 0 R")
			p.update(map[int]string{5: p.form(), 40: "<</FT/Tx/T(Autre)/V(1)>>"}, "")
		}, []string{partial}},
		{"empty signature field added", "", "new annotation or field", func(p *paper) {
			p.fields, p.annots = append(p.fields, "40 0 R"), append(p.annots, "40 0 R")
			p.update(map[int]string{3: p.page(), 5: p.form(), 40: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Autre)/AP<</N 41 0 R>>/Rect[0 0 595 842]>>", 41: appearance}, "")
		}, []string{partial}},
		{"appearance for the empty field", "", "new entry AP", func(p *paper) {
			p.update(map[int]string{
				8:  "<</Type/Annot/Subtype/Widget/FT/Sig/T(Vide)/AP<</N 32 0 R>>/Rect[300 100 500 150]/P 3 0 R>>",
				32: appearance,
			}, "")
		}, []string{partial}},
		{"appearance of the signature itself", "", "new entry AP", func(p *paper) {
			p.update(map[int]string{
				20: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature20)/V 21 0 R/AP<</N 32 0 R>>/Rect[50 60 250 120]/F 132/P 3 0 R>>",
				32: appearance,
			}, "")
		}, []string{partial}},
		{"appearances to be made anew", "", "new entry NeedAppearances", func(p *paper) {
			p.update(map[int]string{5: strings.Replace(p.form(), "/SigFlags", "/NeedAppearances true/SigFlags", 1)}, "")
		}, []string{partial}},
		{"opening action", "", "new entry OpenAction", func(p *paper) {
			p.catalog = "/OpenAction<</S/JavaScript/JS(x)>>"
			p.update(map[int]string{1: p.root()}, "")
		}, []string{partial}},
		{"second signature does not verify", "", "a signature that does not verify", func(p *paper) {
			p.sign(30, odd{by: supplier, digest: idSHA384, algorithm: idECDSA, hash: crypto.SHA384, spoil: true}.message(t), "")
		}, []string{partial, broken}},
		{"encryption", "", "changed value", func(p *paper) {
			p.update(map[int]string{40: "<</Length 3>>\nstream\nabc\nendstream"}, "/Encrypt<</Filter/Standard/V 9>>")
		}, []string{partial}},
		{"object freed", "", "changed value", func(p *paper) {
			p.update(map[int]string{}, "")
			p.data = bytes.Replace(p.data, []byte("xref\n0 1\n0000000000 65535 f \ntrailer"), []byte("xref\n0 1\n0000000006 65535 f \n6 1\n0000000000 00001 f \ntrailer"), 1)
		}, []string{partial}},
		{"one object's bytes under another's number", "", "not a well-formed update", func(p *paper) {
			at := len(p.data)
			p.update(map[int]string{40: content}, "")
			p.data = bytes.Replace(p.data, fmt.Appendf(nil, "40 1\n%010d", at), fmt.Appendf(nil, "4 1\n%010d 00000 n \n40 1\n%010d", at, at), 1)
		}, []string{partial}},
		{"object that no table lists", "", "not a well-formed update", func(p *paper) {
			at := len(p.data)
			p.update(map[int]string{4: content}, "")
			p.data = bytes.Replace(p.data, fmt.Appendf(nil, "4 1\n%010d 00000 n \n", at), nil, 1)
		}, []string{partial}},
		{"table that leaves out the signature's revision", "", "not in the document's form", func(p *paper) {
			p.update(map[int]string{40: "null"}, "")
			first, _ := lastStart(p.data[:bytes.Index(p.data, []byte("%%EOF"))+5])
			signed, _ := lastStart(p.data[:bytes.LastIndex(p.data[:len(p.data)-9], []byte("%%EOF"))+5])
			p.data = bytes.Replace(p.data, fmt.Appendf(nil, "/Prev %d>>\nstartxref\n%d", signed, bytes.LastIndex(p.data, []byte("xref\n0 1"))),
				fmt.Appendf(nil, "/Prev %d>>\nstartxref\n%d", first, bytes.LastIndex(p.data, []byte("xref\n0 1"))), 1)
		}, []string{partial}},
		{"object in a stream of validation data", "", "not a well-formed update", func(p *paper) {
			p.catalog = "/DSS 40 0 R"
			p.update(map[int]string{1: p.root(), 40: "<</Certs[41 0 R]>>", 41: streamOf("\n4 0 obj\n" + pageContent("999,00") + "\nendobj\n")}, "")
		}, []string{partial}},
		{"second signature in two places", "", "new annotation or field", func(p *paper) {
			p.fields, p.annots = append(p.fields, "30 0 R"), append(p.annots, "32 0 R", "33 0 R")
			p.signWith(map[int]string{
				3: p.page(), 5: p.form(),
				30: "<</FT/Sig/T(S)/V 31 0 R/Kids[32 0 R 33 0 R]>>",
				32: "<</Type/Annot/Subtype/Widget/Parent 30 0 R/Rect[0 0 0 0]/P 3 0 R>>",
				33: "<</Type/Annot/Subtype/Widget/Parent 30 0 R/Rect[0 0 595 842]/P 3 0 R>>",
			}, 31, p384, "")
		}, []string{partial, whole}},
		{"second signature twice on the page", "", "new annotation or field", func(p *paper) {
			p.annots = append(p.annots, "30 0 R")
			p.sign(30, p384, "")
		}, []string{partial, whole}},
		{"bytes between the objects", "", "not a well-formed update", func(p *paper) {
			p.data = append(p.data, "junk\n"...)
			at := len(p.data)
			p.data = fmt.Appendf(p.data, "40 0 obj\nnull\nendobj\nxref\n40 1\n%010d 00000 n \ntrailer\n<</Root 1 0 R/Size 100/Prev %d>>\nstartxref\n%d\n%%%%EOF\n",
				at, startOf(t, p.data[:at-5]), at+len("40 0 obj\nnull\nendobj\n"))
		}, []string{partial}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := newPaper(t).sign(20, pharmacy.plain(t), test.dict)
			p.t = t
			test.change(p)
			found, revisions := judgeSignatures(p.data, openModel(p.data), nil)
			var got []string
			for _, s := range found {
				got = append(got, brief(s.found))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Fatal(diff)
			}
			if found[0].change != test.why {
				t.Errorf("change %q, want %q", found[0].change, test.why)
			}
			if told, want := inLetters(revisions), laterKinds[test.name]; told != want {
				t.Errorf("revisions %q, want %q", told, want)
			}
			if found[0].found.Revision != 2 {
				t.Errorf("covers revision %d", found[0].found.Revision)
			}
		})
	}
}

// TestManyRevisions: revisions are told apart up to a bound, and what lies
// beyond is not certain.
func TestManyRevisions(t *testing.T) {
	signer := newIdentity(t, "p256", nil, nil).plain(t)
	for updates, want := range map[int]string{maxRevisions - 2: "intact/whole", maxRevisions - 1: "intact/partial"} {
		p := newPaper(t).sign(20, signer, "")
		for range updates {
			p.update(map[int]string{9: "<</Producer(other)>>"}, "")
		}
		found, revisions := readSignatures(p.data, openModel(p.data), nil)
		if brief(found[0]) != want {
			t.Errorf("%d updates: %s, want %s", updates, brief(found[0]), want)
		}
		last := revisions[len(revisions)-1]
		if len(revisions) > maxRevisions+1 || last.End != int64(len(bytes.TrimSpace(p.data))) {
			t.Errorf("%d revisions, the last of which ends at %d", len(revisions), last.End)
		}
	}
}

// TestAnyRevisions signs a paper and updates it in any order: the first
// signature is whole as long as nothing but what it permits came.
func TestAnyRevisions(t *testing.T) {
	ca := newIdentity(t, "rsa2", nil, nil)
	signer, other := newIdentity(t, "p256", ca, nil).plain(t), odd{by: newIdentity(t, "p384", ca, nil), digest: idSHA384, algorithm: idECDSA, hash: crypto.SHA384}.message(t)
	stamp := newIdentity(t, "rsa", ca, nil).timestamp(t, time.Date(2023, 3, 2, 0, 0, 0, 0, time.UTC))
	steps := []struct {
		letter   string
		harmless bool
		do       func(p *paper, number int)
	}{
		{"v", true, func(p *paper, number int) {
			p.catalog = fmt.Sprintf("/DSS %d 0 R", number)
			p.update(map[int]string{1: p.root(), number: "<</Certs[]>>"}, "")
		}},
		{"s", true, func(p *paper, number int) { p.sign(number, other, "") }},
		{"t", true, func(p *paper, number int) { p.sign(number, stamp, "/SubFilter/ETSI.RFC3161") }},
		{"s", true, func(p *paper, number int) {
			p.fields = append(p.fields, fmt.Sprintf("%d 0 R", number))
			p.update(map[int]string{5: p.form(), number: emptyField("")}, "")
		}},
		{"", true, func(p *paper, number int) { p.update(map[int]string{number: "null"}, "") }},
		{"c", false, func(p *paper, number int) {
			p.update(map[int]string{4: pageContent(fmt.Sprint(number))}, "")
		}},
		{"a", false, func(p *paper, number int) {
			p.annots = append(p.annots, fmt.Sprintf("%d 0 R", number))
			p.update(map[int]string{3: p.page(), number: "<</Type/Annot/Subtype/FreeText/Contents(x)/Rect[0 0 9 9]>>"}, "")
		}},
		{"f", false, func(p *paper, number int) {
			p.update(map[int]string{7: fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Tx/T(Montant)/V(%d)/Rect[50 600 150 620]/P 3 0 R>>", number)}, "")
		}},
	}
	rapid.Check(t, func(rt *rapid.T) {
		p := newPaper(t).sign(20, signer, "")
		wanted, whole := "|s", "intact/whole"
		for i := range rapid.IntRange(0, 6).Draw(rt, "updates") {
			step := steps[rapid.IntRange(0, len(steps)-1).Draw(rt, "step")]
			step.do(p, 40+2*i)
			wanted += "|" + step.letter
			if !step.harmless {
				whole = "intact/partial"
			}
		}
		found, revisions := judgeSignatures(p.data, openModel(p.data), nil)
		if told := inLetters(revisions); told != wanted {
			rt.Fatalf("revisions %q, want %q", told, wanted)
		}
		if got := brief(found[0].found); got != whole {
			rt.Fatalf("%s, want %s", got, whole)
		}
	})
}

// emptyField is an empty signature field with its widget, and further entries.
func emptyField(more string) string {
	return "<</Type/Annot/Subtype/Widget/FT/Sig/T(Autre)/Rect[300 200 500 250]/P 3 0 R" + more + ">>"
}

// laterKinds is what each revision changed in the cases of TestLaterRevisions,
// as [inLetters] writes it: the second is the first signature's.
var laterKinds = map[string]string{
	"nothing": "|s", "blanks": "|s",
	"validation data": "|s|v", "document information and metadata": "|s|v",
	"second signature": "|s|s", "second and third signature": "|s|s|s", "document timestamp": "|s|t", "the empty field signed": "|s|s",
	"signature in a cross-reference stream and object streams": "|s|vs", // its trailer leaves out the document information
	"certified: second signature":                              "|s|s", "certified, default: second signature": "|s|s",
	"certified without changes: second signature": "|s|s", "certified without changes: timestamp": "|s|t",
	"certification taken in": "|s|s", "resources for the form": "|s|",

	"empty field, nothing to be seen": "|s|s", "empty field, signed later": "|s|s|s",
	"empty field, signed later by nobody who verifies": "|s|a|ao",
	"empty field with an action":                       "|s|a", "certified without changes: empty field": "|s|s",
	"layers switched": "|s|h", "content that stood unused": "|s|ch", "annotation hidden": "|s|ah", "page content, and taken back": "|s|c|c",

	"bytes": "|s|o", "comment": "|s|o", "page content": "|s|c", "page content, then a second signature": "|s|c|s",
	"page content with the second signature": "|s|sc", "other content for the page": "|s|c", "the same content under another number": "|s|",
	"font": "|s|c", "page added": "|s|p", "page box": "|s|c", "other page tree": "|s|c", "other catalog": "|s|o",
	"annotation": "|s|a", "annotation removed": "|s|a", "annotation inside the second signature's field": "|s|sa", "action on the second signature": "|s|sa",
	"field filled": "|s|f", "text field added": "|s|a", "empty signature field added": "|s|a",
	"appearance for the empty field": "|s|a", "appearance of the signature itself": "|s|a", "appearances to be made anew": "|s|o", "opening action": "|s|o",
	"second signature does not verify": "|s|ao", "encryption": "|s|o", "object freed": "|s|ch",
	"one object's bytes under another's number": "|s|ho", "object that no table lists": "|s|o",
	"table that leaves out the signature's revision": "|s|aho", "object in a stream of validation data": "|s|vo",
	"second signature in two places": "|s|sa", "second signature twice on the page": "|s|sa", "bytes between the objects": "|s|vo",
}

func startOf(t *testing.T, data []byte) int {
	t.Helper()
	start, ok := lastStart(data)
	if !ok {
		t.Fatal("no startxref")
	}
	return start
}
