package document

import (
	"context"
	"fmt"
	"strings"
	"testing"
)

func TestZZ(t *testing.T) {
	pool := newTestPool(t, 1)
	type3 := func(proc string) []string {
		return []string{
			"<</Type/Font/Subtype/Type3/FontBBox[0 0 1000 1000]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 65/LastChar 66/Widths[600 600]/Encoding<</Differences[65/A/B]>>/CharProcs<</A 11 0 R/B 11 0 R>>/Resources<<>>>>",
			streamObject("", proc),
		}
	}
	widget := func(e string) []string {
		return []string{"<</Type/Annot/Subtype/Widget/FT/Tx/T(a)/V(unseen)" + e + ">>"}
	}
	af := "/AcroForm<</Fields[10 0 R]/DA(/Helv 12 Tf 0 g)/DR<</Font<</Helv 5 0 R>>>>>>"
	afN := "/AcroForm<</NeedAppearances true/Fields[10 0 R]/DA(/Helv 12 Tf 0 g)/DR<</Font<</Helv 5 0 R>>>>>>"
	white := streamObject("/Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F1 5 0 R>>>>", "1 g BT /F1 12 Tf 2 5 Td (unseen) Tj ET")
	tests := []struct {
		name  string
		sheet sheet
	}{
		{"1pt", sheet{content: "BT /F1 1.0 Tf 72 700 Td (unseen micro text) Tj ET"}},
		{"2pt", sheet{content: "BT /F1 2.0 Tf 72 700 Td (unseen micro text) Tj ET"}},
		{"squeezed", sheet{content: "BT /F1 12 Tf 2 Tz 72 700 Td (unseen squeezed text) Tj ET"}},
		{"flat", sheet{content: "BT /F1 12 Tf 1 0 0 0.1 72 700 Tm (unseen flat text) Tj ET"}},
		{"stacked", sheet{content: "BT /F1 12 Tf -6 Tc 72 700 Td (unseen stacked text 750000123) Tj ET"}},
		{"stacked TJ", sheet{content: "BT /F1 12 Tf 72 700 Td [(u)556(n)556(s)500(e)556(e)556(n)] TJ ET"}},
		{"overprint two", sheet{content: show(72, 700, "unseen one") + show(73, 700, "hidden two")}},
		{"mirrored", sheet{content: "BT /F1 12 Tf -1 0 0 1 300 700 Tm (unseen mirror) Tj ET"}},
		{"upside", sheet{content: "BT /F1 12 Tf -1 0 0 -1 300 700 Tm (seen turned) Tj ET"}},
		{"yflip", sheet{content: "1 0 0 -1 0 842 cm BT /F1 12 Tf 1 0 0 -1 72 100 Tm (seen flipped) Tj ET"}},
		{"negsize", sheet{content: "BT /F1 -12 Tf -1 0 0 -1 72 100 Tm (seen neg) Tj ET"}},
		{"actualtext", sheet{content: "/Span <</ActualText (unseen actual)>> BDC\n" + show(72, 700, "shown glyphs") + "EMC\n"}},
		{"actualtext fi", sheet{content: "BT /F1 12 Tf 72 700 Td (of) Tj /Span <</ActualText (fi)>> BDC (x) Tj EMC (ce) Tj ET"}},
		{"grille", sheet{content: show(72, 700, "unseen grille") + "1 g " + func() string {
			var b strings.Builder
			for x := 60.0; x < 260; x += 2 {
				fmt.Fprintf(&b, "%g 690 1.6 30 re f ", x)
			}
			return b.String()
		}()}},
		{"grille2", sheet{content: show(72, 700, "unseen grille") + "1 g " + func() string {
			var b strings.Builder
			for x := 60.0; x < 260; x += 2 {
				fmt.Fprintf(&b, "%g 690 1.6 30 re f ", x)
			}
			for y := 690.0; y < 720; y += 3 {
				fmt.Fprintf(&b, "60 %g 200 2.4 re f ", y)
			}
			return b.String()
		}()}},
		{"blob by stroke", sheet{content: show(72, 700, "unseen blob") + "0.4 g 0.4 G BT /F1 12 Tf 2 Tr 200 w 100 700 Td (l) Tj ET"}},
		{"type3 empty", sheet{content: "BT /T3 12 Tf 72 700 Td (ABAB) Tj ET", resources: ">>/XX<<", page: ""}},
		{"ocmd", sheet{
			content: "/OC /L BDC\n" + show(72, 700, "unseen") + "EMC\n" + show(72, 600, "seen"),
			catalog: `/OCProperties<</OCGs[10 0 R]/D<</OFF[10 0 R]>>>>`, resources: "/Properties<</L 11 0 R>>", objects: []string{"<</Type/OCG/Name(L)>>", "<</Type/OCMD/OCGs[10 0 R]/P/AllOn>>"},
		}},
		{"ocusage view off", sheet{
			content: "/OC /L BDC\n" + show(72, 700, "unseen") + "EMC\n" + show(72, 600, "seen"),
			catalog: `/OCProperties<</OCGs[10 0 R]/D<</AS[<</Event/View/Category[/View]/OCGs[10 0 R]>>]>>>>`, resources: "/Properties<</L 10 0 R>>", objects: []string{"<</Type/OCG/Name(L)/Usage<</View<</ViewState/OFF>>>>>>"},
		}},
		{"ocusage zoom", sheet{
			content: "/OC /L BDC\n" + show(72, 700, "unseen") + "EMC\n" + show(72, 600, "seen"),
			catalog: `/OCProperties<</OCGs[10 0 R]/D<</AS[<</Event/View/Category[/Zoom]/OCGs[10 0 R]>>]>>>>`, resources: "/Properties<</L 10 0 R>>", objects: []string{"<</Type/OCG/Name(L)/Usage<</Zoom<</min 50>>>>>>"},
		}},
		{"oc nested", sheet{
			content: "/OC /L BDC /P <</MCID 0>> BDC\n" + show(72, 700, "unseen") + "EMC EMC\n" + show(72, 600, "seen"),
			catalog: `/OCProperties<</OCGs[10 0 R]/D<</BaseState/OFF>>>>`, resources: "/Properties<</L 10 0 R>>", objects: []string{"<</Type/OCG/Name(L)>>"},
		}},
		{"field noAP", sheet{content: show(72, 600, "seen"), catalog: af, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 200 720]/F 4")}},
		{"field noAP need", sheet{content: show(72, 600, "seen"), catalog: afN, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 200 720]/F 4")}},
		{"field noAP off page", sheet{content: show(72, 600, "seen"), catalog: af, page: "/Annots[10 0 R]", objects: widget("/Rect[72 -700 200 -680]/F 4")}},
		{"field noAP zero", sheet{content: show(72, 600, "seen"), catalog: af, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 72 700]/F 4")}},
		{"field noAP tiny", sheet{content: show(72, 600, "seen"), catalog: af, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 72.5 700.5]/F 4")}},
		{"field noAP white DA", sheet{content: show(72, 600, "seen"), catalog: af, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 200 720]/F 4/DA(/Helv 12 Tf 1 g)")}},
		{"field noAP white DA need", sheet{content: show(72, 600, "seen"), catalog: afN, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 200 720]/F 4/DA(/Helv 12 Tf 1 g)")}},
		{"field noAP small DA need", sheet{content: show(72, 600, "seen"), catalog: afN, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 200 720]/F 4/DA(/Helv 0.2 Tf 0 g)")}},
		{"field noAP password", sheet{content: show(72, 600, "seen"), catalog: af, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 200 720]/F 4/Ff 8192")}},
		{"field noAP password need", sheet{content: show(72, 600, "seen"), catalog: afN, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 200 720]/F 4/Ff 8192")}},
		{"field noAP OC", sheet{content: show(72, 600, "seen"), catalog: af + "/OCProperties<</OCGs[11 0 R]/D<</OFF[11 0 R]>>>>", page: "/Annots[10 0 R]", objects: append(widget("/Rect[72 700 200 720]/F 4/OC 11 0 R"), "<</Type/OCG/Name(L)>>")}},
		{"field AP white", sheet{content: show(72, 600, "seen"), catalog: af, page: "/Annots[10 0 R]", objects: append(widget("/Rect[72 700 200 720]/F 4/AP<</N 11 0 R>>"), white)}},
		{"field covered by annot noAP", sheet{content: show(72, 600, "seen"), catalog: af, page: "/Annots[10 0 R 11 0 R]", objects: append(widget("/Rect[72 700 200 720]/F 4"), "<</Type/Annot/Subtype/Square/F 4/Rect[60 690 260 730]/AP<</N 12 0 R>>>>", streamObject("/Type/XObject/Subtype/Form/BBox[0 0 200 40]", "1 g 0 0 200 40 re f"))}},
		{"field AP empty dict", sheet{content: show(72, 600, "seen"), catalog: af, page: "/Annots[10 0 R]", objects: widget("/Rect[72 700 200 720]/F 4/AP<<>>")}},
		{"userunit", sheet{content: show(72, 700, "seen"), page: "/UserUnit 4"}},
		{"userunit small", sheet{content: show(72, 700, "unseen"), page: "/UserUnit 0.05"}},
		{"crop beyond media", sheet{content: show(72, 700, "seen") + show(700, 700, "unseen"), page: "/CropBox[-300 -300 2000 2000]"}},
		{"crop degenerate", sheet{content: show(72, 700, "seen"), page: "/CropBox[0 0 0 0]"}},
		{"crop disjoint", sheet{content: show(72, 700, "seen"), page: "/CropBox[1000 1000 2000 2000]"}},
		{"huge page covered near visible", sheet{mediaBox: "0 0 14400 14400", content: show(72, 700, "unseen") + "1 g 60 699 200 10 re f 0 g\n" + show(72, 709.5, "nmvxwz") + show(72, 690, "MMMMMM")}},
		{"softmask", sheet{content: "/G gs\n" + show(72, 700, "unseen"), resources: "/ExtGState<</G<</SMask<</S/Luminosity/G 10 0 R>>>>>>", objects: []string{streamObject("/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Group<</S/Transparency/CS/DeviceGray>>", "0 g 0 0 595 842 re f")}}},
		{"blend", sheet{content: "/G gs 1 g\n" + show(72, 700, "unseen"), resources: "/ExtGState<</G<</BM/Multiply>>>>"}},
		{"stroked thin", sheet{content: "BT /F1 12 Tf 1 Tr 0.05 w 72 700 Td (thin outline) Tj ET"}},
		{"hatched", sheet{content: show(72, 700, "ABCDEFG 750000123") + "0 G 0.7 w " + func() string {
			var b strings.Builder
			for x := 50.0; x < 260; x += 1 {
				fmt.Fprintf(&b, "%g 690 m %g 720 l S ", x, x+15)
			}
			return b.String()
		}()}},
		{"struck", sheet{content: show(72, 700, "Prestation") + "0 G 4 w 72 704 m 140 704 l S"}},
	}
	_ = type3
	for _, test := range tests {
		facts, err := pool.Read(context.Background(), test.sheet.bytes())
		if err != nil {
			t.Fatal(err)
		}
		v, h := words(facts)
		w := ""
		if len(facts.Pages) > 0 {
			w = fmt.Sprintf("%gx%g", facts.Pages[0].Width, facts.Pages[0].Height)
		}
		t.Logf("%-32s %s%s V=%q H=%q %s", test.name, facts.Status, facts.Reason, v, h, w)
	}
}
