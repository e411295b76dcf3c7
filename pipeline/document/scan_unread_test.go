package document

import (
	"fmt"
	"image"
	"image/draw"
	"math/rand/v2"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"guichet/fixtures"
	"guichet/fixtures/pen"
	"guichet/pipeline/claim"
)

// readOf gives a paper's words as OCR would, but those of some lines.
func readOf(p *printed, but ...int) []ocrWord {
	var words []ocrWord
	line := -1
	for _, w := range p.words {
		if w.Gap == claim.GapLine {
			line++
		}
		if slices.Contains(but, line) {
			continue
		}
		var box [4]int
		for i := range box {
			box[i] = int(w.Rect[i] * p.dpi / 72)
		}
		words = append(words, ocrWord{text: w.Text, confidence: 90, line: [3]int{1, 1, line}, box: box})
	}
	return words
}

// partOf is a paper that was read so.
func partOf(p *printed, words []ocrWord) ocrPart {
	r := &raster{width: p.img.Rect.Dx(), height: p.img.Rect.Dy(), scale: p.dpi / 72, pixels: p.img.Pix}
	return ocrPart{words: words, place: matrix{1, 0, 0, 1, 0, 0}, seen: whole(r)}
}

func TestUnreadRows(t *testing.T) {
	for _, dpi := range []float64{150, 200, 300} {
		paper := print(t, a4Width, a4Height, dpi, orderLines)
		for x := range paper.img.Rect.Dx() { // a box's lines, through the page's middle
			paper.img.Pix[paper.img.Rect.Dy()/2*paper.img.Stride+x] = 0
		}
		all, but := partOf(paper, readOf(paper)), partOf(paper, readOf(paper, 3, 7))
		if rows, _ := all.unreadRows(); len(rows) > 0 {
			t.Errorf("%g dpi: rows %v of a page of which all was read", dpi, rows)
		}
		rows, _ := but.unreadRows()
		for _, n := range []int{3, 7} {
			baseline := 60 + 24*float64(n)
			found := slices.ContainsFunc(rows, func(r letterRow) bool {
				return float64(r.box[1]) > (baseline-12)*dpi/72 && float64(r.box[3]) < (baseline+5)*dpi/72
			})
			if !found {
				t.Errorf("%g dpi: no row of line %d: %v", dpi, n, rows)
			}
		}
		for _, r := range rows {
			if y := float64(r.box[1]+r.box[3]) / 2 * 72 / dpi; (y < 120 || y > 137) && (y < 216 || y > 233) {
				t.Errorf("%g dpi: a row at %.0f points, where all was read", dpi, y)
			}
		}
	}
}

// dropping is tesseract, but for the lines whose words begin at a height in a
// page's picture, in pixels: those it says nothing of. It reads lines alone only
// if again.
func dropping(t *testing.T, from, to int, again bool) string {
	t.Helper()
	needTesseract(t)
	path, err := exec.LookPath("tesseract")
	if err != nil {
		t.Fatal(err)
	}
	alone := "exec " + path + ` "$@"`
	if !again {
		alone = "cat >/dev/null; printf '" + strings.ReplaceAll(tsvHeader, "\t", `\t`) + `\n'`
	}
	return script(t, fmt.Sprintf(`case "$*" in
*"--psm 6"*) %s;;
*"--psm"*) %s "$@" | awk -F'\t' '$1 != 5 || $8 < %d || $8 > %d';;
*) exec %s "$@";;
esac`, alone, path, from, to, path))
}

// fill blackens a square.
func fill(img draw.Image, x, y, side float64) {
	draw.Draw(img, image.Rect(int(x), int(y), int(x+side), int(y+side)), image.Black, image.Point{}, draw.Src)
}

// A line that tesseract drops is read by itself, and stands in its place; one
// that it does not read even so is told.
func TestScanDroppedLine(t *testing.T) {
	paper := print(t, a4Width, a4Height, 200, orderLines)
	scan := scanSheet(t, paper.img, 200, "", "").bytes()
	// Around the tops of the letters of the ninth line, whose foot is at 252
	// points: all that asks for a second reading stands in others.
	const from, to, line = 645, 715, "Montant pris en charge par l'État au titre du Ségur de la santé"
	for _, again := range []bool{true, false} {
		pool, err := NewPool(t.Context(), Options{
			Workers: 1, Limits: testLimits,
			OCR: OCR{Command: dropping(t, from, to, again), Language: "fra", PageTime: testOCR.PageTime},
		})
		if err != nil {
			t.Fatal(err)
		}
		page := read(t, pool, scan).Pages[0]
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
		if page.Unread == again {
			t.Errorf("read again: %v, unread: %v", again, page.Unread)
		}
		words, _ := seen(page)
		text := texts(words)
		if lost := missing(words); lost != nil {
			t.Errorf("not read: %q, of %s", lost, text)
		}
		before, at, after := strings.Index(text, "contact@"), strings.Index(text, line), strings.Index(text, "Nom et qualité")
		if !again && at >= 0 || again && (before < 0 || at < before || after < at) {
			t.Errorf("read again: %v, the line stands at %d of %s", again, at, text)
		}
	}
}

// Words that only the other reading has go where they stand.
func TestMergeReadings(t *testing.T) {
	paper := print(t, a4Width, a4Height, 200, orderLines)
	other := print(t, a4Width, a4Height, 300, orderLines)
	all := &ocrPage{parts: []ocrPart{partOf(paper, readOf(paper))}, scale: paper.dpi / 72}
	want, _ := all.words()
	for _, but := range [][]int{{0}, {2}, {3, 4}, {9}, {0, 2, 4, 6, 8}} {
		page := &ocrPage{parts: []ocrPart{partOf(paper, readOf(paper, but...))}, scale: paper.dpi / 72}
		unsure := readOf(other, 5)
		unsure[0].confidence = leastAdded - 1
		page.merge(&ocrPage{parts: []ocrPart{partOf(other, unsure)}, scale: other.dpi / 72})
		got, _ := page.words()
		expected := texts(want)
		if but[0] == 0 {
			expected = strings.TrimPrefix(expected, "Pharmacie ")
		}
		if texts(got) != expected {
			t.Errorf("without lines %v: %s\nwant %s", but, texts(got), expected)
		}
	}
	turned := partOf(other, readOf(other))
	turned.turn = 2
	page := &ocrPage{parts: []ocrPart{partOf(paper, readOf(paper, 2))}, scale: paper.dpi / 72}
	page.merge(&ocrPage{parts: []ocrPart{turned}, scale: other.dpi / 72})
	if got, _ := page.words(); strings.Contains(texts(got), "631781929") {
		t.Error("words of a page read upside down were added")
	}
}

// Signs that are no letters of ours stay unread; what is no text does not count.
func TestScanUnread(t *testing.T) {
	pool := newOCRPool(t, 1)
	o := sampleScan(t, 2)
	mark := func(kind pen.Kind) func(draw.Image, fixtures.Place, float64) {
		return func(img draw.Image, place fixtures.Place, dpi float64) {
			m := pen.Random(rand.New(rand.NewPCG(7, 7)), kind, pen.A)
			height := float64(img.Bounds().Dy()) * 72 / dpi
			m.Draw(img.(draw.RGBA64Image), dpi/72, place.Rect[0]+8, height-place.Rect[3]+6)
		}
	}
	for _, test := range []struct {
		name string
		logo bool
		pen  func(draw.Image, fixtures.Place, float64)
		want bool
	}{
		{"clean", false, nil, false},
		{"with a logo", true, nil, false},
		{"signed", false, mark(pen.Signature), false},
		{"with initials", false, mark(pen.Initials), false},
		{"ticked", false, mark(pen.Tick), false},
		{"with a row of signs", false, signs, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			o.Logo = test.logo
			scan, _, err := fixtures.Scan(o, fixtures.ScanOptions{DPI: 200, Pen: test.pen})
			if err != nil {
				t.Fatal(err)
			}
			if page := read(t, pool, scan).Pages[0]; page.Unread != test.want || page.Source != claim.TextFromOCR {
				words, _ := seen(page)
				t.Errorf("unread: %v; %s", page.Unread, texts(words))
			}
		})
	}
}

// signs draws a row of signs of a letter's size that no alphabet has: pairs of
// bars, of which the lower one is broader, each with a speck of its own.
func signs(img draw.Image, place fixtures.Place, dpi float64) {
	scale := dpi / 72
	left, top := place.Rect[0]+10, float64(img.Bounds().Dy())/scale-place.Rect[3]+10
	for n := range 12 {
		x := left + 12*float64(n)
		for k, at := range [][2]float64{{0, 0}, {2, 1}, {4, 0}, {6, 1}, {0, 2}, {1, 4}, {3, 3}, {5, 4}, {7, 3}, {6, 5}, {0, 6}, {2, 6}, {4, 7}, {6, 7}} {
			if (k+n)%5 != 0 {
				fill(img, (x+at[0])*scale, (top+at[1])*scale, 1.6*scale)
			}
		}
	}
}
