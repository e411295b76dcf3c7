package document

import (
	"image"
	"math"
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

const a4Width, a4Height = 595.0, 842.0

// needs are what must be read of an orderLines paper, blanks included.
var needs = []string{"631781929", "14/12/2023", "1 254,67", "1 545,61", "contact@pharmacie-marche.fr", "Prestation Ségur", "Madame Claire Dubois"}

func missing(words []claim.Word) []string {
	var list []string
	text := texts(words)
	for _, need := range needs {
		if !strings.Contains(text, need) {
			list = append(list, need)
		}
	}
	return list
}

func TestScanWords(t *testing.T) {
	pool := newOCRPool(t, 1)
	for _, dpi := range []float64{150, 200, 300} {
		paper := print(t, a4Width, a4Height, dpi, orderLines)
		facts := read(t, pool, scanSheet(t, paper.img, dpi, "", "").bytes())
		if facts.Status != claim.ReadOK || facts.TextSource != claim.TextFromOCR || facts.Pages[0].Source != claim.TextFromOCR {
			t.Fatalf("%g dpi: %s, text %q, page %q", dpi, facts.Status, facts.TextSource, facts.Pages[0].Source)
		}
		if c := facts.Pages[0].Confidence; c < 80 || c > 100 {
			t.Errorf("%g dpi: a clean page read with a confidence of %d", dpi, c)
		}
		words, hidden := seen(facts.Pages[0])
		if len(hidden) > 0 {
			t.Errorf("%g dpi: hidden words %q", dpi, texts(hidden))
		}
		if lost := missing(words); lost != nil {
			t.Errorf("%g dpi: not read: %q, of %s", dpi, lost, texts(words))
		}
		// tesseract is not always right, nor are its boxes: one word in twenty.
		right, at := 0, 0
		for _, want := range paper.words {
			for n := at; n < min(at+4, len(words)); n++ {
				if words[n].Text == want.Text {
					if at = n + 1; furthest(words[n].Rect, want.Rect) <= 3 && words[n].Gap == want.Gap {
						right++
					}
					break
				}
			}
		}
		if len(words) > len(paper.words)*21/20 || right < len(paper.words)*19/20 {
			t.Errorf("%g dpi: %d of %d words at their places within 3 points, of %d that were read: %s", dpi, right, len(paper.words), len(words), texts(words))
		}
		for _, word := range words {
			if word.Confidence < 1 || word.Confidence > 100 {
				t.Errorf("%g dpi: %q has a confidence of %d", dpi, word.Text, word.Confidence)
			}
		}
	}
}

// furthest is the largest distance between two rectangles' sides.
func furthest(a, b claim.Rect) float64 {
	d := 0.0
	for i := range a {
		d = max(d, math.Abs(a[i]-b[i]))
	}
	return d
}

// What a document says under or over a scan does not count beside what the
// scan shows.
func TestScanWithText(t *testing.T) {
	pool := newOCRPool(t, 1)
	paper := print(t, a4Width, a4Height, 200, orderLines)
	forged := show(48, 300, "Montant toutes taxes comprises : 9 999,99 EUR")
	tests := []struct{ name, before, after string }{
		{"layer of a searchable scan", "", "3 Tr " + forged + "0 Tr "},
		{"text under the image", forged, ""},
		{"white text over it", "", "1 g " + forged},
		{"stamp line beside a forged layer", "", "3 Tr " + forged + "0 Tr " + show(300, 12, "SCAN-2023-000042 page 1")},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			facts := read(t, pool, scanSheet(t, paper.img, 200, test.before, test.after).bytes())
			if facts.Pages[0].Source != claim.TextFromOCR {
				t.Fatalf("source %q", facts.Pages[0].Source)
			}
			words, hidden := seen(facts.Pages[0])
			if lost := missing(words); lost != nil {
				t.Errorf("not read: %q, of %s", lost, texts(words))
			}
			if strings.Contains(texts(words), "9 999,99") || !strings.Contains(texts(hidden), "9 999,99") {
				t.Errorf("visible: %s\nhidden: %s\nwant the forged amount among the hidden", texts(words), texts(hidden))
			}
		})
	}
	t.Run("full page of text over an image", func(t *testing.T) {
		var text strings.Builder
		for i := range 30 {
			text.WriteString(show(48, 800-float64(i)*20, "le montant de la prestation pour la pharmacie"))
		}
		light := image.NewGray(image.Rect(0, 0, 100, 141))
		for i := range light.Pix {
			light.Pix[i] = 230
		}
		facts := read(t, pool, scanSheet(t, light, 100*72/a4Width, "", text.String()).bytes())
		if facts.Pages[0].Source != claim.TextFromPDF {
			t.Errorf("source %q; want the page's own text, which has enough words", facts.Pages[0].Source)
		}
	})
}

func TestScanTurned(t *testing.T) {
	pool := newOCRPool(t, 1)
	paper := print(t, a4Width, a4Height, 200, orderLines)
	tests := []struct {
		name string
		img  *image.Gray
		page string
	}{
		{"quarter", paper.turnedBy(1), ""},
		{"half", paper.turnedBy(2), ""},
		{"three quarters", paper.turnedBy(3), ""},
		{"quarter, turned back by the page", paper.turnedBy(1), "/Rotate 270"},
		{"quarter, turned further by the page", paper.turnedBy(1), "/Rotate 90"},
		{"2 degrees", paper.skewed(2), ""},
		{"-5 degrees", paper.skewed(-5), ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := scanSheet(t, test.img, 200, "", "")
			s.page = test.page
			facts := read(t, pool, s.bytes())
			words, _ := seen(facts.Pages[0])
			if lost := missing(words); lost != nil {
				t.Errorf("not read: %q, of %s", lost, texts(words))
			}
		})
	}
}

// The boxes of a turned page are those of the page as it is displayed.
func TestTurnedPlaces(t *testing.T) {
	pool := newOCRPool(t, 1)
	paper := print(t, a4Width, a4Height, 200, orderLines)
	turned := map[int]func(r claim.Rect) claim.Rect{
		1: func(r claim.Rect) claim.Rect { return claim.Rect{a4Height - r[3], r[0], a4Height - r[1], r[2]} },
		2: func(r claim.Rect) claim.Rect {
			return claim.Rect{a4Width - r[2], a4Height - r[3], a4Width - r[0], a4Height - r[1]}
		},
		3: func(r claim.Rect) claim.Rect { return claim.Rect{r[1], a4Width - r[2], r[3], a4Width - r[0]} },
	}
	for quarters, place := range turned {
		facts := read(t, pool, scanSheet(t, paper.turnedBy(quarters), 200, "", "").bytes())
		words, _ := seen(facts.Pages[0])
		at := 0
		for _, want := range paper.words {
			for ; at < len(words) && words[at].Text != want.Text; at++ {
			}
			if at == len(words) {
				t.Errorf("%d quarters: %q not read in its order", quarters, want.Text)
				break
			}
			if d := furthest(words[at].Rect, place(want.Rect)); d > 3 {
				t.Errorf("%d quarters: %q at %v; want %v", quarters, want.Text, words[at].Rect, place(want.Rect))
			}
		}
	}
}

func TestScanUnderUnevenLight(t *testing.T) {
	pool := newOCRPool(t, 1)
	paper := print(t, a4Width, a4Height, 200, orderLines)
	w, h := float64(paper.img.Rect.Dx()), float64(paper.img.Rect.Dy())
	lights := map[string]func(x, y float64) float64{
		"from the left":       func(x, _ float64) float64 { return 1 - 0.75*x/w },
		"shadow over a third": func(_, y float64) float64 { return 1 - 0.65/(1+math.Exp((y-h*0.2)/40)) },
		"dark corner":         func(x, y float64) float64 { return 1 - 0.8*math.Exp(-(x*x+y*y)/(w*w/4)) },
	}
	for name, light := range lights {
		t.Run(name, func(t *testing.T) {
			img := paper.changed(int(w), int(h), func(x, y float64) (float64, float64, float64) { return x, y, light(x, y) })
			words, _ := seen(read(t, pool, scanSheet(t, img, 200, "", "").bytes()).Pages[0])
			if lost := missing(words); lost != nil {
				t.Errorf("not read: %q, of %s", lost, texts(words))
			}
		})
	}
}

func TestTwoScansOnOnePage(t *testing.T) {
	pool := newOCRPool(t, 1)
	first := print(t, a4Width, a4Height/2, 200, orderLines)
	other := []string{
		"Conditions générales de vente", "Le présent contrat est conclu pour une durée de douze mois",
		"et se renouvelle par tacite reconduction entre les parties", "Le paiement intervient à trente jours fin de mois",
		"Tout retard de paiement entraîne des pénalités de plein droit", "Fait à Bordeaux pour servir et valoir ce que de droit",
		"La livraison du logiciel fait l'objet d'un procès-verbal", "La garantie court pendant trois mois à compter de cette date",
	}
	second := print(t, a4Width, a4Height/2, 200, other)
	join := func(a, b *image.Gray, below bool) *image.Gray {
		size := image.Pt(a.Rect.Dx()+b.Rect.Dx(), max(a.Rect.Dy(), b.Rect.Dy()))
		at := image.Pt(a.Rect.Dx(), 0)
		if below {
			size = image.Pt(max(a.Rect.Dx(), b.Rect.Dx()), a.Rect.Dy()+b.Rect.Dy())
			at = image.Pt(0, a.Rect.Dy())
		}
		img := image.NewGray(image.Rectangle{Max: size})
		for i := range img.Pix {
			img.Pix[i] = 255
		}
		for y := range a.Rect.Dy() {
			copy(img.Pix[y*img.Stride:], a.Pix[y*a.Stride:y*a.Stride+a.Rect.Dx()])
		}
		for y := range b.Rect.Dy() {
			copy(img.Pix[(y+at.Y)*img.Stride+at.X:], b.Pix[y*b.Stride:y*b.Stride+b.Rect.Dx()])
		}
		return img
	}
	tests := []struct {
		name string
		img  *image.Gray
	}{
		{"one over the other", join(first.img, second.img, true)},
		{"side by side", join(first.img, second.img, false)},
		{"the lower one upside down", join(first.img, second.turnedBy(2), true)},
		{"the upper one upside down", join(second.turnedBy(2), first.img, true)},
		{"the order upside down", join(second.img, first.turnedBy(2), true)},
		{"side by side, one on its side", join(first.img, second.turnedBy(1), false)},
		{"side by side, the order on its side", join(second.img, first.turnedBy(3), false)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			words, _ := seen(read(t, pool, scanSheet(t, test.img, 200, "", "").bytes()).Pages[0])
			if lost := missing(words); lost != nil {
				t.Errorf("not read of the order: %q, of %s", lost, texts(words))
			}
			for _, want := range []string{"tacite reconduction", "procès-verbal"} {
				if !strings.Contains(texts(words), want) {
					t.Errorf("not read of the other: %q, of %s", want, texts(words))
				}
			}
		})
	}
}
