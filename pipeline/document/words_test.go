package document

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"guichet/pipeline/claim"
)

func TestWords(t *testing.T) {
	tests := []struct {
		name  string
		sheet sheet
		want  string // lines by \n, wide gaps as three blanks
	}{
		{"a line", sheet{content: show(72, 700, "Montant HT : 16 000,00")}, "\nMontant HT : 16 000,00"},
		{"two columns are two amounts", sheet{content: show(72, 700, "16") + show(100, 700, "000,00")}, "\n16   000,00"},
		{"columns close to each other", sheet{content: show(72, 700, "16") + show(72+13.3+7, 700, "000,00")}, "\n16   000,00"},
		{"groups a blank apart", sheet{content: show(72, 700, "16") + show(72+13.3+3.4, 700, "000,00")}, "\n16 000,00"},
		{"a narrow blank that is not written", sheet{content: show(72, 700, "16") + show(72+13.3+2, 700, "000,00")}, "\n16 000,00"},
		{"pieces of one number", sheet{content: show(72, 700, "16") + show(72+13.3, 700, "000,00")}, "\n16000,00"},
		{"pieces of one number, found apart", sheet{content: show(72+13.3, 700, "000,00") + show(72, 600, "bas") + show(72, 700, "16")}, "\n16000,00\nbas"},
		{"columns line by line", sheet{content: show(72, 700, "gauche") + show(72, 680, "suite") + show(300, 700, "droite") + show(300, 680, "fin")}, "\ngauche   droite\nsuite   fin"},
		{"out of order", sheet{content: show(72, 600, "trois") + show(72, 700, "un") + show(72, 650, "deux")}, "\nun\ndeux\ntrois"},
		{"superscript", sheet{content: show(72, 700, "1") + "BT /F1 7 Tf 78.8 704 Td (er) Tj ET\n" + show(90, 700, "mars")}, "\n1er mars"},
		{"spaced letters", sheet{content: "BT /F1 12 Tf 2 Tc 72 700 Td (BON DE COMMANDE) Tj ET"}, "\nBON DE COMMANDE"},
		{"typewriter", sheet{content: "BT /C 12 Tf 72 700 Td (16 000,00 EUR) Tj ET", resources: "/Font<</C<</Type/Font/Subtype/Type1/BaseFont/Courier>>>>"}, "\n16 000,00 EUR"},
		{"accents apart", sheet{content: show(72, 700, "e") + "BT /F1 12 Tf 73.3 700 Td (\xb4) Tj ET\n" + show(78.7, 700, "tat")}, "\nétat"},
		{"accents and signs of an encoding", sheet{content: show(72, 700, "\xe9t\xe9 c\x9cur 12 \x80 N\xb0")}, "\nété cœur 12 € N°"},
		{"euro of TeX", sheet{content: show(72, 700, "46 376,00 \xbf C\xf7ur")}, "\n46 376,00 € Cœur"},
		{"upside-down question", sheet{content: show(72, 700, "\xbfque?")}, "\n¿que?"},
		{"rotated page", sheet{content: "0 1 -1 0 595 0 cm\n" + show(72, 300, "16 000,00") + show(72, 280, "bas"), page: "/Rotate 90"}, "\n16 000,00\nbas"},
		{"half turn", sheet{content: "-1 0 0 -1 595 842 cm\n" + show(72, 700, "haut") + show(72, 600, "bas"), page: "/Rotate 180"}, "\nhaut\nbas"},
		{"turned text comes last", sheet{content: "BT /F1 12 Tf 0 1 -1 0 40 300 Tm (marge) Tj ET\n" + show(72, 100, "pied")}, "\npied\nmarge"},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := pageText(read(t, pool, test.sheet.bytes())); got != test.want {
				t.Errorf("text %q, want %q", got, test.want)
			}
		})
	}
}

func TestRectangles(t *testing.T) {
	// A word 100 points from the left and 200 from the top of what is displayed.
	tests := []struct {
		name          string
		sheet         sheet
		width, height float64
	}{
		{"upright", sheet{content: show(100, 642, "mot")}, 595, 842},
		{"cropped", sheet{content: show(130, 592, "mot"), page: "/CropBox[30 20 595 792]"}, 565, 772},
		{"box with an origin", sheet{content: show(1100, 1642, "mot"), mediaBox: "1000 1000 1595 1842"}, 595, 842},
		{"quarter turn", sheet{content: "0 1 -1 0 595 0 cm\n" + show(100, 395, "mot"), page: "/Rotate 90"}, 842, 595},
		{"half turn", sheet{content: "-1 0 0 -1 595 842 cm\n" + show(100, 642, "mot"), page: "/Rotate 180"}, 595, 842},
		{"three quarters", sheet{content: "0 -1 1 0 0 842 cm\n" + show(100, 395, "mot"), page: "/Rotate 270"}, 842, 595},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			page := read(t, pool, test.sheet.bytes()).Pages[0]
			if page.Width != test.width || page.Height != test.height {
				t.Errorf("page of %v × %v, want %v × %v", page.Width, page.Height, test.width, test.height)
			}
			if len(page.Words) != 1 || page.Words[0].Hidden {
				t.Fatalf("words %+v", page.Words)
			}
			r := page.Words[0].Rect
			if r[0] < 98 || r[0] > 102 || r[1] > 200 || r[1] < 185 || r[3] < 200 || r[3] > 206 || r[2] < 118 || r[2] > 128 {
				t.Errorf("the word stands at %v", r)
			}
		})
	}
}

func TestLegible(t *testing.T) {
	many := func(word string, n int) []claim.Page {
		page := claim.Page{}
		for range n {
			page.Words = append(page.Words, claim.Word{Text: word})
		}
		return []claim.Page{page}
	}
	french := many("commande", 60)
	french[0].Words = append(french[0].Words, many("de", 6)[0].Words...)
	hidden := many("commande", 3)
	for i := range hidden[0].Words {
		hidden[0].Words[i].Hidden = true
	}
	tests := []struct {
		name  string
		pages []claim.Page
		want  bool
	}{
		{"nothing", nil, false},
		{"hidden words", hidden, false},
		{"a few words", many("commande", 3), true},
		{"numbers alone", many("12,50", 80), true},
		{"French", french, true},
		{"letters of no language", many("xqzjk", 60), false},
		{"unknown glyphs", many(replacement+replacement+"a", 5), false},
		{"capitals within words", many("mÉtier", 5), false},
	}
	for _, test := range tests {
		if got := legible(test.pages); got != test.want {
			t.Errorf("%s: legible %v, want %v", test.name, got, test.want)
		}
	}
}

func TestFrames(t *testing.T) {
	var b bytes.Buffer
	for _, message := range []string{"un", "", "deux"} {
		if err := writeFrame(&b, []byte(message)); err != nil {
			t.Fatal(err)
		}
	}
	whole := b.Bytes()
	for cut := range len(whole) + 1 {
		r := bytes.NewReader(whole[:cut])
		var err error
		for err == nil {
			_, err = readFrame(r, maxFrame)
		}
		atEnd := cut == 0 || cut == 10 || cut == 18 || cut == len(whole)
		if errors.Is(err, io.EOF) != atEnd {
			t.Errorf("cut at %d: %v", cut, err)
		}
	}
	if _, err := readFrame(bytes.NewReader(bytes.Repeat([]byte{0xff}, 8)), maxFrame); !errors.Is(err, errFrame) {
		t.Errorf("a length of 2⁶⁴−1: %v", err)
	}
}

// FuzzRead gives a worker any bytes: it must answer, and the same twice.
func FuzzRead(f *testing.F) {
	f.Add(sheet{content: show(72, 700, "bon")}.bytes())
	f.Add(field("/V(750000123)/AP<</N 11 0 R>>", show(2, 5, "690223646")).bytes())
	f.Add([]byte("%PDF-1.7\n"))
	f.Add(pagesPDF(3))
	pool := newTestPool(f, 1)
	f.Fuzz(func(t *testing.T, data []byte) {
		once, err := pool.Read(context.Background(), data)
		if err != nil {
			t.Fatal(err)
		}
		twice, err := pool.Read(context.Background(), data)
		if err != nil {
			t.Fatal(err)
		}
		if once.Status != twice.Status || pageText(once) != pageText(twice) {
			t.Errorf("two readings differ: %s %q and %s %q", once.Status, once.Reason, twice.Status, twice.Reason)
		}
	})
}
