package document

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"guichet/fixtures"
	"guichet/pipeline/claim"
)

// liar is a page whose font L draws the letters of a text, and says that they
// are others.
type liar struct {
	draws, says string // of the codes from 0x41 on
	codes       string // shown; all of them when empty
	font        string // more of its dictionary; Helvetica when empty
	before      string // what stands before the text: a matrix
	page        string // more entries of the page
	form        bool   // the text stands in a form
}

// names are those of the glyphs that are not named by themselves.
var names = map[rune]string{
	'0': "zero", '1': "one", '2': "two", '3': "three", '4': "four", '5': "five", '6': "six", '7': "seven", '8': "eight", '9': "nine", '—': "emdash", ' ': "space",
}

func (l liar) bytes() []byte {
	var glyphs, pairs, codes strings.Builder
	said := []rune(l.says)
	for i, r := range []rune(l.draws) {
		name := names[r]
		if name == "" {
			name = string(r)
		}
		glyphs.WriteString("/" + name)
		fmt.Fprintf(&pairs, "<%02x> <%04x>\n", 0x41+i, said[i])
		codes.WriteByte(byte(0x41 + i))
	}
	table := fmt.Sprintf("/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n1 begincodespacerange <00> <ff> endcodespacerange\n%d beginbfchar\n%sendbfchar\nendcmap end end\n", len(said), pairs.String())
	if l.codes != "" {
		codes.Reset()
		codes.WriteString(l.codes)
	}
	if l.font == "" {
		l.font = "/Subtype/Type1/BaseFont/Helvetica"
	}
	fonts := "/Resources<</Font<</F1 5 0 R/L 10 0 R>>/XObject<</X 12 0 R>>>>"
	text := fmt.Sprintf("q %s BT /L 11 Tf 72 500 Td (%s) Tj ET Q\n", l.before, codes.String())
	within := ""
	if l.form {
		within, text = text, "q 0.5 0 0 0.5 50 300 cm /X Do Q\n"
	}
	return sheet{
		content: show(72, 700, "Le montant de la commande") + text,
		page:    fonts + l.page,
		objects: []string{
			fmt.Sprintf("<</Type/Font%s/Encoding<</Type/Encoding/Differences[65 %s]>>/ToUnicode 11 0 R>>", l.font, glyphs.String()),
			streamObject("", table),
			streamObject("/Type/XObject/Subtype/Form/BBox[0 0 900 900]/Resources<</Font<</L 10 0 R>>>>", within),
		},
	}.bytes()
}

func TestFontsThatLie(t *testing.T) {
	const number = "750000123"
	tests := []struct {
		name string
		liar liar
		lies bool
	}{
		{"honest digits", liar{draws: "0123456789", says: "0123456789"}, false},
		{"honest digits of Times", liar{draws: "0123456789", says: "0123456789", font: "/Subtype/Type1/BaseFont/Times-Italic"}, false},
		{"honest digits of Courier", liar{draws: "0123456789", says: "0123456789", font: "/Subtype/Type1/BaseFont/Courier-BoldOblique"}, false},
		{"honest digits on the slant", liar{draws: "0123456789", says: "0123456789", before: "0.9962 0.0872 -0.0872 0.9962 0 0 cm"}, false},
		{"honest digits upright on a turned page", liar{draws: "0123456789", says: "0123456789", before: "0 1 -1 0 595 0 cm", page: "/Rotate 90"}, false},
		{"honest digits in a form", liar{draws: "0123456789", says: "0123456789", form: true}, false},
		{"honest digits of full width", liar{draws: "0123456789", says: "０１２３４５６７８９"}, false},
		{"honest letters", liar{draws: "ABCDEFGHKLMNOPQRSTUVWXYZabcdefghiklmnopqrstuvwxyz", says: "ABCDEFGHKLMNOPQRSTUVWXYZabcdefghiklmnopqrstuvwxyz"}, false},
		{"a dash that stands alone", liar{draws: "— total", says: "4 total"}, false},

		{"digits turned by one", liar{draws: "1234567890", says: "0123456789"}, true},
		{"a number for another", liar{draws: number, says: "690223646"}, true},
		{"one digit for another", liar{draws: "7500", says: "1500"}, true},
		{"six and nine for each other", liar{draws: "96", says: "69"}, true},
		{"two glyphs of one name", liar{draws: "01234567", says: "01234561", codes: "ABCDEFGH"}, true},
		{"digits that are letters", liar{draws: "AKMRW", says: "12347"}, true},
		{"a dash within a number", liar{draws: "75—23", says: "75423"}, true},
		{"in Times", liar{draws: number, says: "690223646", font: "/Subtype/Type1/BaseFont/Times-Roman"}, true},
		{"in a font that is not there", liar{draws: number, says: "690223646", font: "/Subtype/TrueType/BaseFont/Inconnue"}, true},
		{"in a form", liar{draws: number, says: "690223646", form: true}, true},
		{"on the slant", liar{draws: number, says: "690223646", before: "0.9962 0.0872 -0.0872 0.9962 0 0 cm"}, true},
		{"half a quarter turned", liar{draws: number, says: "690223646", before: "0.7071 0.7071 -0.7071 0.7071 300 0 cm"}, true},
		{"upright on a turned page", liar{draws: number, says: "690223646", before: "0 1 -1 0 595 0 cm", page: "/Rotate 90"}, true},
		{"digits of full width", liar{draws: number, says: "６９０２２３６４６"}, true},
		{"letters turned by one", liar{draws: "abcdefghiklm", says: "bcdefghiklma"}, true},
		{"a name for another", liar{draws: "Dubois", says: "Martin"}, true},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			facts := read(t, pool, test.liar.bytes())
			visible, hidden := words(facts)
			if facts.Status != claim.ReadOK || (visible == "") != test.lies || (hidden != "") != test.lies {
				t.Errorf("%s; visible %q, hidden %q; lies: %t", facts.Status, visible, hidden, test.lies)
			}
			if want := claim.TextFromNone; (facts.TextSource == want) != test.lies {
				t.Errorf("text from %q", facts.TextSource)
			}
		})
	}
}

// The page of a font that lies is read by OCR: its reader sees the genuine
// number.
func TestLyingFontIsReadAsPicture(t *testing.T) {
	facts := read(t, newOCRPool(t, 1), liar{draws: "750000123", says: "690223646"}.bytes())
	visible, hidden := words(facts)
	if facts.TextSource != claim.TextFromOCR || !strings.Contains(visible, "750000123") || strings.Contains(visible, "690223646") || !strings.Contains(hidden, "690223646") {
		t.Errorf("text from %q; visible %q, hidden %q", facts.TextSource, visible, hidden)
	}
}

// No font of an honest paper lies. Of the documents of the corpus, the text of
// one is invisible, and ghostscript's detour through PostScript left another
// with a font that does lie.
func TestHonestFonts(t *testing.T) {
	pool := newTestPool(t, 1)
	reads := func(name string, data []byte) {
		for i, page := range read(t, pool, data).Pages {
			if visibleWords(&page) == 0 {
				t.Errorf("%s: page %d has no visible word", name, i+1)
			}
		}
	}
	order, err := fixtures.SampleOrder(7)
	if err != nil {
		t.Fatal(err)
	}
	order.Password, order.Script = "", ""
	for _, order.Layout = range fixtures.Layouts {
		for _, order.Producer = range []fixtures.Producer{fixtures.Core, fixtures.Embedded, fixtures.Subset} {
			for _, order.Serif = range []bool{false, true} {
				data, err := order.PDF()
				if err != nil {
					t.Fatal(err)
				}
				reads(fmt.Sprintf("%s by %s, serif %t", order.Layout, order.Producer, order.Serif), data)
			}
		}
	}
	for _, file := range corpus(t, "text") {
		if name := filepath.Base(file); name != "rl_invis.pdf" && name != "gs_ps2pdf.pdf" {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			reads(name, data)
		}
	}
}
