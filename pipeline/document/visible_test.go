package document

import (
	"context"
	"slices"
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// words gives a document's visible and hidden words, blanks between.
func words(facts claim.Facts) (visible, hidden string) {
	var shown, unseen []string
	for _, page := range facts.Pages {
		for _, word := range page.Words {
			if word.Hidden {
				unseen = append(unseen, word.Text)
			} else {
				shown = append(shown, word.Text)
			}
		}
	}
	return strings.Join(shown, " "), strings.Join(unseen, " ")
}

const image1x1 = `/Type/XObject/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray`

func TestVisibility(t *testing.T) {
	layers := `/OCProperties<</OCGs[10 0 R]/D<</OFF[10 0 R]>>>>`
	tests := []struct {
		name            string
		sheet           sheet
		visible, hidden string
	}{
		{"plain", sheet{content: show(72, 700, "FINESS 750000123")}, "FINESS 750000123", ""},
		{"white on white", sheet{content: show(72, 700, "seen") + "1 g\n" + show(72, 600, "unseen")}, "seen", "unseen"},
		{"nearly white on white", sheet{content: show(72, 700, "seen") + "0.97 g\n" + show(72, 600, "unseen")}, "seen", "unseen"},
		{"black on black", sheet{content: "0 g 50 590 200 40 re f\n" + show(72, 600, "unseen")}, "", "unseen"},
		{"mode 3", sheet{content: "BT /F1 12 Tf 3 Tr 72 700 Td (unseen) Tj ET"}, "", "unseen"},
		{"mode 7", sheet{content: "BT /F1 12 Tf 7 Tr 72 700 Td (unseen) Tj ET"}, "", "unseen"},
		{"clipped by text", sheet{content: "q BT /F1 12 Tf 7 Tr 72 700 Td (mask) Tj ET 0 Tr\n" + show(72, 500, "unseen") + "Q\n" + show(72, 400, "seen")}, "seen", "mask unseen"},
		{"clipped away", sheet{content: "q 300 300 50 50 re W n\n" + show(72, 700, "unseen") + "Q\n" + show(72, 600, "seen")}, "seen", "unseen"},
		{"clipped by half", sheet{content: "q 72 690 33 30 re W n\n" + show(72, 700, "160 000,00") + "Q"}, "160 0", "00,00"},
		{"covered by a rectangle", sheet{content: show(72, 700, "unseen") + "1 g 60 690 200 30 re f\n0 g\n" + show(72, 600, "seen")}, "seen", "unseen"},
		{"covered by a grey rectangle", sheet{content: show(72, 700, "unseen") + "0.5 g 60 690 200 30 re f\n"}, "", "unseen"},
		{"one digit covered", sheet{content: show(72, 700, "16000,00") + "1 g 70 690 8.3 30 re f\n"}, "6000,00", "1"},
		{"covered by an image", sheet{
			content:   show(72, 700, "unseen") + "q 200 0 0 30 60 690 cm /Im Do Q\n",
			resources: "/XObject<</Im 10 0 R>>", objects: []string{streamObject(image1x1, "\xff")},
		}, "", "unseen"},
		{"covered by a form", sheet{
			content:   show(72, 700, "unseen") + "/Fm Do\n",
			resources: "/XObject<</Fm 10 0 R>>",
			objects:   []string{streamObject("/Type/XObject/Subtype/Form/BBox[0 0 595 842]", "1 g 60 690 200 30 re f")},
		}, "", "unseen"},
		{"covered, and other text above", sheet{
			content: show(72, 700, "690223646") + "1 g 60 690 200 30 re f 0 g\n" + show(72, 700, "750000123"),
		}, "750000123", "690223646"},
		{"covered by white text", sheet{
			content: show(72, 700, "HHHH") + "1 g BT /F1 300 Tf 45 593 Td (\x95) Tj ET 0 g\n" + show(72, 600, "seen"),
		}, "seen \u2022", "HHHH"}, // the dot shows: as a hole in the text
		{"covered by an annotation", sheet{
			content: show(72, 700, "unseen") + show(72, 600, "seen"),
			page:    "/Annots[10 0 R]",
			objects: []string{
				"<</Type/Annot/Subtype/Square/F 4/Rect[60 690 260 720]/AP<</N 11 0 R>>>>",
				streamObject("/Type/XObject/Subtype/Form/BBox[0 0 200 30]", "1 g 0 0 200 30 re f"),
			},
		}, "seen", "unseen"},
		{"outside the crop box", sheet{content: show(72, 700, "seen") + show(72, 50, "unseen"), page: "/CropBox[0 200 595 842]"}, "seen", "unseen"},
		{"outside the page", sheet{content: show(72, 700, "seen") + show(72, 900, "unseen")}, "seen", "unseen"},
		{"hidden layer", sheet{
			content: "/OC /L BDC\n" + show(72, 700, "unseen") + "EMC\n" + show(72, 600, "seen"),
			catalog: layers, resources: "/Properties<</L 10 0 R>>", objects: []string{"<</Type/OCG/Name(L)>>"},
		}, "seen", "unseen"},
		{"form in a hidden layer", sheet{
			content: "/Fm Do\n" + show(72, 600, "seen"),
			catalog: layers, resources: "/XObject<</Fm 11 0 R>>",
			objects: []string{
				"<</Type/OCG/Name(L)>>",
				streamObject("/Type/XObject/Subtype/Form/BBox[0 0 595 842]/OC 10 0 R/Resources<</Font<</F1 5 0 R>>>>", show(72, 700, "unseen")),
			},
		}, "seen", "unseen"},
		{"transparent", sheet{
			content: "/G gs\n" + show(72, 700, "unseen"), resources: "/ExtGState<</G<</ca 0>>>>",
		}, "", "unseen"},
		{"tiny", sheet{content: "BT /F1 0.8 Tf 72 700 Td (unseen) Tj ET\n" + show(72, 600, "seen")}, "seen", "unseen"},
		{"tiny by its matrix", sheet{content: "q 0.05 0 0 0.05 0 0 cm " + show(7200, 7000, "unseen") + "Q\n" + show(72, 600, "seen")}, "seen", "unseen"},
		{"white pattern", sheet{
			content:   "/Pattern cs /P scn\n" + show(72, 700, "unseen"),
			resources: "/Pattern<</P 10 0 R>>",
			objects:   []string{streamObject("/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9/Resources<<>>", "1 g 0 0 9 9 re f")},
		}, "", "unseen"},

		{"a stroke of tiny text", sheet{content: "BT /F1 2 Tf 72 700 Td (unseen) Tj ET\n" + show(72, 600, "seen")}, "seen", "unseen"},
		{"squeezed to a stroke", sheet{content: "BT /F1 12 Tf 2 Tz 72 700 Td (unseen) Tj 100 Tz ET\n" + show(72, 600, "seen")}, "seen", "unseen"},
		{"flattened to a line", sheet{content: "BT /F1 12 Tf 1 0 0 0.1 72 700 Tm (unseen) Tj ET\n" + show(72, 600, "seen")}, "seen", "unseen"},
		{"as in a mirror", sheet{content: "BT /F1 12 Tf -1 0 0 1 300 700 Tm (unseen) Tj ET\n" + show(72, 600, "seen")}, "seen", "unseen"},
		{"letters over each other", sheet{content: "BT /F1 12 Tf 72 700 Td [(u)556(n)556(s)500(e)] TJ ET\n" + show(72, 600, "seen")}, "seen", "unse"},
		{"letters over each other, slanted", sheet{content: "BT /F1 12 Tf .8 .6 -.6 .8 72 700 Tm [(u)556(n)556(s)500(e)] TJ ET\n" + show(72, 600, "seen")}, "seen", "unse"},
		{"words over each other", sheet{content: show(72, 700, "750000123") + show(72, 700, "691223646") + show(72, 600, "seen")}, "seen", "750000123 691223646"},
		{"a blot over it", sheet{
			content: show(72, 700, "unseen") + "0.4 g 0.4 G 60 w BT /F1 40 Tf 2 Tr 70 690 Td (nn) Tj 0 Tr ET 1 w 0 g\n" + show(72, 500, "seen"),
		}, "seen", "unseen nn"},
		{"what the text is said to stand for", sheet{
			content:   "/Span <</ActualText (unseen)>> BDC\n" + show(72, 700, "seen") + "EMC\n/Span /A BDC\n" + show(72, 600, "too") + "EMC\n",
			resources: "/Properties<</A 10 0 R>>", objects: []string{"<</Lang(fr)/ActualText(unseen)>>"},
		}, "seen too", ""},

		// Honest papers that look like the above.
		{"small and narrow, yet legible", sheet{content: "BT /F1 4 Tf 70 Tz 72 700 Td (conditions illisibles) Tj ET"}, "conditions illisibles", ""},
		{"a font whose size says nothing", sheet{
			content: "BT /T3 1 Tf 72 700 Td (AB) Tj ET", page: "/Resources<</Font<</T3 10 0 R>>>>",
			objects: []string{
				"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]/FirstChar 65/LastChar 66/Widths[10 10]/Encoding<</Differences[65/A/B]>>/CharProcs<</A 11 0 R/B 11 0 R>>/Resources<<>>>>",
				streamObject("", "10 0 0 0 9 9 d1 0 0 9 9 re f"),
			},
		}, "AB", ""},
		{"turned upside down", sheet{content: "BT /F1 12 Tf -1 0 0 -1 300 700 Tm (tourne) Tj ET"}, "tourne", ""},
		{"upright twice turned", sheet{content: "1 0 0 -1 0 842 cm BT /F1 -12 Tf -1 0 0 1 72 100 Tm (droit) Tj ET"}, "droit", ""},
		{"fake bold", sheet{content: "BT /F1 12 Tf 2 Tr 0.4 w 72 700 Td (gras) Tj ET"}, "gras", ""},
		{"tight letters", sheet{content: "BT /F1 12 Tf -0.8 Tc 72 700 Td (illimite AVATAR) Tj ET"}, "illimite AVATAR", ""},
		{"white on a dark box", sheet{content: "0.1 0.2 0.5 rg 60 690 300 30 re f 1 g\n" + show(72, 700, "Total HT")}, "Total HT", ""},
		{"light grey on white", sheet{content: "0.75 g\n" + show(72, 700, "mentions")}, "mentions", ""},
		{"colours", sheet{content: "1 0 0 rg\n" + show(72, 700, "rouge") + "0 0.6 0 rg\n" + show(72, 680, "vert") + "0.2 0.5 1 rg\n" + show(72, 660, "bleu")}, "rouge vert bleu", ""},
		{"on a light fill", sheet{content: "0.9 1 0.9 rg 60 690 300 30 re f 0 g\n" + show(72, 700, "montant 16 000,00")}, "montant 16 000,00", ""},
		{"on an image", sheet{
			content:   "q 595 0 0 842 0 0 cm /Im Do Q\n" + show(72, 700, "sur papier"),
			resources: "/XObject<</Im 10 0 R>>", objects: []string{streamObject(image1x1, "\xe6")},
		}, "sur papier", ""},
		{"under a transparent watermark", sheet{
			content:   show(72, 700, "sous filigrane") + "/G gs 0.5 g 60 690 300 30 re f\n",
			resources: "/ExtGState<</G<</ca 0.3>>>>",
		}, "sous filigrane", ""},
		{"over a watermark of text", sheet{
			content: "0.85 g BT /F1 90 Tf 0.7 0.7 -0.7 0.7 150 450 Tm (COPIE) Tj ET 0 g\n" + show(200, 520, "par dessus") + show(220, 560, "encore"),
		}, "encore par dessus COPIE", ""},
		{"clipped like office papers", sheet{content: "q 60 690 300 30 re W n\n" + show(72, 700, "cellule") + "Q"}, "cellule", ""},
		{"printed twice for a bold face", sheet{content: show(72, 700, "gras") + show(72.3, 700, "gras")}, "gras", ""},
		{"shadow", sheet{content: "0.6 g\n" + show(73, 699, "titre") + "0 g\n" + show(72, 700, "titre")}, "titre", ""},
		{"outlined", sheet{content: "BT /F1 14 Tf 1 Tr 72 700 Td (contour) Tj ET"}, "contour", ""},
		{"underlined and framed", sheet{content: show(72, 700, "souligne") + "72 698 m 130 698 l S 60 690 200 30 re S\n"}, "souligne", ""},
		{"small print", sheet{content: "BT /F1 5 Tf 72 700 Td (petits caracteres illisibles) Tj ET"}, "petits caracteres illisibles", ""},
		{"points and strokes", sheet{content: show(72, 700, "- ... - 12,50 : x")}, "- ... - 12,50 : x", ""},
		{"rotated page", sheet{content: "0 1 -1 0 595 0 cm\n" + show(72, 300, "paysage"), page: "/Rotate 90"}, "paysage", ""},
		{"shown layer", sheet{
			content: "/OC /L BDC\n" + show(72, 700, "calque") + "EMC\n",
			catalog: `/OCProperties<</OCGs[10 0 R]/D<<>>>>`, resources: "/Properties<</L 10 0 R>>", objects: []string{"<</Type/OCG/Name(L)>>"},
		}, "calque", ""},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			facts, err := pool.Read(context.Background(), test.sheet.bytes())
			if err != nil {
				t.Fatal(err)
			}
			if facts.Status != claim.ReadOK {
				t.Fatalf("status %s, reason %s", facts.Status, facts.Reason)
			}
			visible, hidden := words(facts)
			if visible != test.visible || !sameWords(hidden, test.hidden) {
				t.Errorf("visible %q, hidden %q; want %q and %q", visible, hidden, test.visible, test.hidden)
			}
		})
	}
}

// sameWords compares words whatever their order: unseen ones may stand anywhere.
func sameWords(a, b string) bool {
	x, y := strings.Fields(a), strings.Fields(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}
