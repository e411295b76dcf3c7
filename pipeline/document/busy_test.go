package document

import (
	"fmt"
	"image"
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// over writes lines of text over those of a printed paper: at their places, in
// a shade of grey from 0 to 1.
func over(shade float64, lines []string) string {
	var content strings.Builder
	fmt.Fprintf(&content, "%g g\n", shade)
	for i, line := range lines {
		content.WriteString(show(48, a4Height-60-24*float64(i), line))
	}
	return content.String() + "0 g\n"
}

func TestTextOverStrokes(t *testing.T) {
	page := "le montant de la commande et la date du total pour la pharmacie"
	var lines []string
	for range 10 {
		lines = append(lines, page)
	}
	ink := print(t, a4Width, a4Height, 150, lines).img
	faint := image.NewGray(ink.Rect)
	for i, shade := range ink.Pix {
		faint.Pix[i] = 255 - (255-shade)/5
	}
	small := func(content string) sheet { // a scribble over a name, of some hundredth of the page
		s := scanSheet(t, ink, 150, "", "")
		s.content = over(0, lines) + "0 g\n" + content
		return s
	}
	tests := []struct {
		name  string
		sheet sheet
		busy  bool
	}{
		{"white", scanSheet(t, ink, 150, "", over(1, lines)), true},
		{"black", scanSheet(t, ink, 150, "", over(0, lines)), true},
		{"grey", scanSheet(t, ink, 150, "", over(0.6, lines)), true},
		{"one number over the lines, the rest beside", scanSheet(t, ink, 150, "", "1 0 0 1 0 -300 cm\n"+over(0, lines)+"1 0 0 1 0 300 cm\n"+over(1, []string{"690223646"})), true},
		{"lines drawn by text of a drawn font", sheet{
			content: "BT /D 1 Tf 0 0 Td (A) Tj ET\n" + over(1, lines),
			page:    "/Resources<</Font<</F1 5 0 R/D 10 0 R>>>>",
			objects: []string{
				"<</Type/Font/Subtype/Type3/FontBBox[0 0 595 842]/FontMatrix[1 0 0 1 0 0]/FirstChar 65/LastChar 65/Widths[595]/Encoding<</Differences[65/A]>>/CharProcs<</A 11 0 R>>/Resources<<>>>>",
				streamObject("", "595 0 0 0 595 842 d1 "+hatched()),
			},
		}, true},
		{"lines drawn", sheet{content: hatched() + over(1, lines)}, true},

		{"white on a black picture", scanSheet(t, image.NewGray(ink.Rect), 150, "", over(1, lines)), false},
		{"on a faint picture", scanSheet(t, faint, 150, "", over(0, lines)), false},
		{"between the lines", scanSheet(t, ink, 150, "", "1 0 0 1 0 -12 cm\n"+over(0, lines)), false},
		{"a picture over a name", small("q 100 0 0 20 48 770 cm /I Do Q\n"), false},
		{"underlined, in a table", sheet{content: over(0, lines) + "48 780 m 500 780 l 48 756 m 500 756 l 47 500 m 47 800 l S\n"}, false},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			facts := read(t, pool, test.sheet.bytes())
			visible, hidden := words(facts)
			if facts.Status != claim.ReadOK || (visible == "") != test.busy || test.busy && hidden == "" {
				t.Errorf("%s; visible %q, hidden %q; busy: %t", facts.Status, visible, hidden, test.busy)
			}
		})
	}
}

// hatched draws upright strokes over the whole page, 3 points apart.
func hatched() string {
	var content strings.Builder
	content.WriteString("0 g ")
	for x := range 198 {
		fmt.Fprintf(&content, "%d 0 1.5 842 re ", 3*x)
	}
	return content.String() + "f\n"
}
