package document

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"guichet/pipeline/claim"
)

// printed is a paper as it comes from the printer, with what stands where.
type printed struct {
	img   *image.Gray
	dpi   float64
	words []claim.Word
}

// orderLines is an order as a scan shows it: everything that showing looks for,
// and enough words to be a page. Zeros are few: this typeface strikes them
// through, as no printer of orders does.
var orderLines = []string{
	"Pharmacie du Marché",
	"12 rue de la République, 63118 Clermont-Ferrand",
	"N° FINESS : 631781929",
	"Bon de commande BC-1847 du 14/12/2023",
	"Prestation Ségur : mise à jour du logiciel de gestion d'officine",
	"Montant hors taxes : 1 254,67 €",
	"Montant toutes taxes comprises : 1 545,61 €",
	"Adresse électronique : contact@pharmacie-marche.fr",
	"Montant pris en charge par l'État au titre du Ségur de la santé",
	"Nom et qualité du signataire : Madame Claire Dubois, titulaire",
}

// print prints lines from the top left of a paper of so many points, 24 points
// apart, in letters of 12.
func print(t testing.TB, width, height, dpi float64, lines []string) *printed {
	t.Helper()
	parsed, err := opentype.Parse(goregular.TTF)
	if err != nil {
		t.Fatal(err)
	}
	face, err := opentype.NewFace(parsed, &opentype.FaceOptions{Size: 12, DPI: dpi, Hinting: font.HintingNone})
	if err != nil {
		t.Fatal(err)
	}
	defer face.Close()
	scale := dpi / 72
	p := &printed{img: image.NewGray(image.Rect(0, 0, int(width*scale), int(height*scale))), dpi: dpi}
	for i := range p.img.Pix {
		p.img.Pix[i] = 255
	}
	for i, line := range lines {
		at := fixed.Point26_6{X: fixed.I(int(48 * scale)), Y: fixed.I(int((60 + 24*float64(i)) * scale))}
		for n, word := range strings.Fields(line) {
			if n > 0 {
				at.X += font.MeasureString(face, " ")
			}
			ink, _ := font.BoundString(face, word)
			points := func(v fixed.Int26_6) float64 { return float64(v) / 64 / scale }
			gap := claim.GapBlank
			if n == 0 {
				gap = claim.GapLine
			}
			p.words = append(p.words, claim.Word{Text: word, Gap: gap, Rect: claim.Rect{
				points(at.X + ink.Min.X), points(at.Y + ink.Min.Y), points(at.X + ink.Max.X), points(at.Y + ink.Max.Y),
			}})
			drawer := font.Drawer{Dst: p.img, Src: image.NewUniform(color.Black), Face: face, Dot: at}
			drawer.DrawString(word)
			at = drawer.Dot
		}
	}
	return p
}

// changed gives the paper as another picture of the size: at each pixel, what
// from tells of a place on the old one, in pixels, and of the light there.
func (p *printed) changed(width, height int, from func(x, y float64) (u, v, light float64)) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			u, v, light := from(float64(x), float64(y))
			column, row := math.Floor(u), math.Floor(v)
			sum := 0.0
			for n := range 4 {
				dx, dy := float64(n%2), float64(n/2)
				part := (1 - math.Abs(u-column-dx)) * (1 - math.Abs(v-row-dy))
				if at := image.Pt(int(column+dx), int(row+dy)); at.In(p.img.Rect) {
					sum += part * float64(p.img.GrayAt(at.X, at.Y).Y)
				} else {
					sum += part * 255
				}
			}
			img.SetGray(x, y, color.Gray{Y: uint8(sum * light)})
		}
	}
	return img
}

// turnedBy gives the paper turned clockwise by so many quarters.
func (p *printed) turnedBy(quarters int) *image.Gray {
	w, h := float64(p.img.Rect.Dx()-1), float64(p.img.Rect.Dy()-1)
	switch quarters {
	case 1:
		return p.changed(int(h)+1, int(w)+1, func(x, y float64) (float64, float64, float64) { return y, h - x, 1 })
	case 2:
		return p.changed(int(w)+1, int(h)+1, func(x, y float64) (float64, float64, float64) { return w - x, h - y, 1 })
	case 3:
		return p.changed(int(h)+1, int(w)+1, func(x, y float64) (float64, float64, float64) { return w - y, x, 1 })
	}
	return p.img
}

// skewed gives the paper laid askew, turned clockwise by so many degrees
// about its middle.
func (p *printed) skewed(degrees float64) *image.Gray {
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(p.img.Rect.Dx()), float64(p.img.Rect.Dy())
	return p.changed(int(w), int(h), func(x, y float64) (float64, float64, float64) {
		x, y = x-w/2, y-h/2
		return w/2 + x*cos + y*sin, h/2 - x*sin + y*cos, 1
	})
}

// scanSheet is a page that an image fills, with more drawn before and after.
func scanSheet(t testing.TB, img *image.Gray, dpi float64, before, after string) sheet {
	t.Helper()
	var data bytes.Buffer
	if err := jpeg.Encode(&data, img, &jpeg.Options{Quality: 80}); err != nil {
		t.Fatal(err)
	}
	width, height := float64(img.Rect.Dx())*72/dpi, float64(img.Rect.Dy())*72/dpi
	entries := fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray/BitsPerComponent 8/Filter/DCTDecode", img.Rect.Dx(), img.Rect.Dy())
	return sheet{
		content:   before + fmt.Sprintf("q %.3f 0 0 %.3f 0 0 cm /I Do Q\n", width, height) + after,
		resources: "/XObject<</I 10 0 R>>",
		mediaBox:  fmt.Sprintf("0 0 %.3f %.3f", width, height),
		objects:   []string{streamObject(entries, data.String())},
	}
}

func needTesseract(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("tesseract"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
}

var testOCR = OCR{Command: "tesseract", Language: "fra", PageTime: 10 * time.Second}

func newOCRPool(t testing.TB, workers int) *Pool {
	t.Helper()
	needTesseract(t)
	pool, err := NewPool(t.Context(), Options{Workers: workers, Limits: testLimits, OCR: testOCR})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

func seen(page claim.Page) (visible, hidden []claim.Word) {
	for _, word := range page.Words {
		if word.Hidden {
			hidden = append(hidden, word)
		} else {
			visible = append(visible, word)
		}
	}
	return visible, hidden
}

func texts(words []claim.Word) string {
	var list []string
	for _, word := range words {
		list = append(list, word.Text)
	}
	return strings.Join(list, " ")
}
