package document

import (
	"bytes"
	"image/png"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"guichet/pipeline/claim"
)

// paperOf is a white A4 page at 150 dpi.
func paperOf() *raster {
	scale := 150.0 / 72
	p := &raster{width: int(595 * scale), height: int(842 * scale), scale: scale}
	p.pixels = bytes.Repeat([]byte{245}, p.width*p.height)
	return p
}

// draw lays a line of ink through points, in points of the page.
func (r *raster) draw(shade byte, thick float64, points ...point) {
	for i := 1; i < len(points); i++ {
		p, q := points[i-1], points[i]
		n := int(3*r.scale*math.Hypot(q.x-p.x, q.y-p.y)) + 1
		for k := range n + 1 {
			x := (p.x + (q.x-p.x)*float64(k)/float64(n)) * r.scale
			y := (p.y + (q.y-p.y)*float64(k)/float64(n)) * r.scale
			for dy := -thick * r.scale / 2; dy <= thick*r.scale/2; dy += 0.5 {
				for dx := -thick * r.scale / 2; dx <= thick*r.scale/2; dx += 0.5 {
					if px, py := int(x+dx), int(y+dy); px >= 0 && py >= 0 && px < r.width && py < r.height {
						r.pixels[py*r.width+px] = shade
					}
				}
			}
		}
	}
}

// scrawl is four loops to the right, 93 points wide and 36 high: four ellipses
// of 104 points around, drawn out a little.
func scrawl(x, y float64) []point {
	var points []point
	for k := range 240 {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / 60)
		points = append(points, point{x + 15 + float64(k)*0.3 + 15*cos, y + 18 + 18*sin})
	}
	return points
}

func box(x0, y0, x1, y1 float64) []point {
	return []point{{x0, y0}, {x1, y0}, {x1, y1}, {x0, y1}, {x0, y0}}
}

// TestMeasureInk: what is drawn by hand is measured, what is print is not.
func TestMeasureInk(t *testing.T) {
	words := wordsOf(60, 600, "Signature du client")
	for _, test := range []struct {
		name          string
		draw          func(*raster)
		marks         []claim.Mark
		words         []claim.Word
		blocks        int
		least, most   float64 // length of the main stroke
		leastX, mostX float64 // its width
	}{
		{"nothing", func(*raster) {}, nil, nil, 1, 0, 0, 0, 0},
		{"a box", func(r *raster) { r.draw(20, 0.8, box(58, 614, 300, 674)...) }, nil, nil, 1, 0, 0, 0, 0},
		{"a skewed box", func(r *raster) {
			r.draw(20, 0.8, point{58, 614}, point{300, 622}, point{298, 682}, point{56, 674}, point{58, 614})
		}, nil, nil, 1, 0, 0, 0, 0},
		{"a dotted line", func(r *raster) {
			for x := 60.0; x < 260; x += 3 {
				r.draw(20, 0.8, point{x, 660}, point{x + 0.5, 660})
			}
		}, nil, nil, 1, 0, 0, 0, 0},
		{"a dashed line", func(r *raster) {
			for x := 60.0; x < 260; x += 9 {
				r.draw(20, 0.8, point{x, 660}, point{x + 5, 660})
			}
		}, nil, nil, 1, 0, 0, 0, 0},
		{
			"a printed word", func(r *raster) { r.draw(20, 1, scrawl(100, 630)...) }, nil,
			[]claim.Word{{Text: "Dupont", Rect: claim.Rect{98, 628, 210, 668}, Gap: claim.GapLine}},
			1, 0, 0, 0, 0,
		},
		{
			"a scribble that OCR reads", func(r *raster) { r.draw(20, 1, scrawl(100, 630)...) }, nil,
			[]claim.Word{{Text: "Oo", Rect: claim.Rect{98, 628, 210, 668}, Gap: claim.GapLine, Confidence: 95}},
			1, 380, 440, 92, 96,
		},
		{"a scribble", func(r *raster) { r.draw(20, 1, scrawl(100, 630)...) }, nil, nil, 1, 380, 440, 92, 96},
		{"a scribble over a box and a dotted line", func(r *raster) {
			r.draw(20, 1, scrawl(100, 640)...)
			r.draw(20, 0.8, box(58, 614, 300, 662)...)
			for x := 60.0; x < 260; x += 3 {
				r.draw(20, 0.8, point{x, 652}, point{x + 0.5, 652})
			}
		}, nil, nil, 1, 380, 440, 92, 96},
		{"dust", func(r *raster) {
			for x := 70.0; x < 260; x += 23 {
				r.draw(20, 0.8, point{x, 620 + x/7}, point{x + 0.5, 620 + x/7})
			}
		}, nil, nil, 1, 0, 0, 0, 0},
		{
			"an image elsewhere", func(r *raster) { r.draw(20, 1, scrawl(400, 100)...) },
			[]claim.Mark{{Kind: claim.MarkImage, Rect: claim.Rect{390, 95, 520, 150}}},
			nil, 2, 0, 0, 0, 0,
		},
		{
			"an image that is the page", func(r *raster) { r.draw(20, 1, scrawl(100, 630)...) },
			[]claim.Mark{{Kind: claim.MarkImage, Rect: claim.Rect{0, 0, 595, 842}}},
			nil, 1, 380, 440, 92, 96,
		},
		{
			"an image in the block", func(r *raster) { r.draw(20, 1, scrawl(100, 630)...) },
			[]claim.Mark{{Kind: claim.MarkImage, Rect: claim.Rect{95, 625, 215, 675}}},
			nil, 1, 380, 440, 92, 96,
		},
		{"a scribble beside the block", func(r *raster) { r.draw(20, 1, scrawl(330, 560)...) }, nil, nil, 2, 0, 0, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := paperOf()
			test.draw(r)
			page := claim.Page{Width: 595, Height: 842, Words: slices.Concat(words, test.words), Marks: test.marks}
			blocks := measureInk(r, 3, &page)
			if len(blocks) != test.blocks {
				t.Fatalf("%d blocks, want %d", len(blocks), test.blocks)
			}
			first := blocks[0]
			if first.Label != "Signature du client" || first.Page != 3 {
				t.Errorf("block %q on page %d", first.Label, first.Page)
			}
			if first.Ink.Length < test.least || first.Ink.Length > test.most || first.Ink.Width < test.leastX || first.Ink.Width > test.mostX {
				t.Errorf("a stroke %.0f long and %.0f wide, want %.0f to %.0f and %.0f to %.0f",
					first.Ink.Length, first.Ink.Width, test.least, test.most, test.leastX, test.mostX)
			}
			for _, extra := range blocks[1:] {
				if extra.Label != "" || extra.Ink.Length < 300 {
					t.Errorf("another block %q with a stroke %.0f long", extra.Label, extra.Ink.Length)
				}
			}
		})
	}
}

// TestTurnedPage: a page that lies on its side or on its head gives the same
// ink, in the block's place on the page as it lies.
func TestTurnedPage(t *testing.T) {
	r := paperOf()
	r.draw(30, 1, scrawl(100, 630)...)
	page := claim.Page{Width: 595, Height: 842, Words: wordsOf(60, 600, "Signature du client")}
	want := measureInk(r, 1, &page)[0]
	if want.Ink.Length == 0 {
		t.Fatal("no ink")
	}
	for turn := 1; turn < 4; turn++ {
		u := upright{picture: r, turn: turn, width: 595, height: 842}
		lying := &raster{width: r.width, height: r.height, scale: r.scale}
		if turn%2 == 1 {
			lying.width, lying.height = r.height, r.width
		}
		lying.pixels = make([]byte, len(r.pixels))
		u.picture = lying
		for y := range r.height {
			for x := range r.width {
				// at tells where a pixel of the upright page lies.
				lying.pixels[u.index(x, y)] = r.pixels[y*r.width+x]
			}
		}
		turned := page
		turned.Words = slices.Clone(page.Words)
		for i := range turned.Words {
			turned.Words[i].Rect = u.toPage(turned.Words[i].Rect)
		}
		blocks := measureInk(lying, 1, &turned)
		if len(blocks) != 1 {
			t.Fatalf("%d quarter turns: %d blocks", turn, len(blocks))
		}
		// The block's edges may fall a pixel beside.
		near := cmpopts.EquateApprox(0.02, 0)
		if diff := cmp.Diff(want.Ink, blocks[0].Ink, near); diff != "" {
			t.Errorf("%d quarter turns: -upright +turned\n%s", turn, diff)
		}
		for i, edge := range u.fromPage(blocks[0].Rect) {
			if math.Abs(edge-want.Rect[i]) > 1 {
				t.Errorf("%d quarter turns: block at %v, want %v", turn, u.fromPage(blocks[0].Rect), want.Rect)
				break
			}
		}
	}
}

// TestAnyRaster: whatever the picture and the words, blocks lie on the page,
// their measures are numbers, and their pictures can be seen.
func TestAnyRaster(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, height := rapid.IntRange(1, 300).Draw(t, "width"), rapid.IntRange(1, 300).Draw(t, "height")
		r := &raster{width: width, height: height, scale: rapid.Float64Range(0.05, 8).Draw(t, "scale"), pixels: make([]byte, width*height)}
		pattern := rapid.SliceOfN(rapid.Byte(), 1, 64).Draw(t, "pattern")
		for i := range r.pixels {
			r.pixels[i] = pattern[(i*7+i/width)%len(pattern)]
		}
		right, bottom := float64(width)/r.scale+0.01, float64(height)/r.scale+0.01
		odd := rapid.SampledFrom([]float64{math.Inf(1), math.Inf(-1), math.NaN(), -1e300, 1e300, -20, 5000})
		rect := func() claim.Rect {
			x, y := rapid.Float64Range(-5, right).Draw(t, "x"), rapid.Float64Range(-5, bottom).Draw(t, "y")
			place := claim.Rect{x, y, x + rapid.Float64Range(0, 60).Draw(t, "wide"), y + rapid.Float64Range(0, 20).Draw(t, "high")}
			if rapid.IntRange(0, 9).Draw(t, "is odd") == 0 {
				place[rapid.IntRange(0, 3).Draw(t, "edge")] = odd.Draw(t, "to")
			}
			return place
		}
		var page claim.Page
		for range rapid.IntRange(0, 6).Draw(t, "words") {
			page.Words = append(page.Words, claim.Word{
				Text:       rapid.SampledFrom([]string{"Signature", "Cachet", "Signature", "du", "client", "", "....", "\x00", "Signature:"}).Draw(t, "word"),
				Rect:       rect(),
				Gap:        rapid.SampledFrom([]claim.Gap{claim.GapBlank, claim.GapLine, claim.GapWide}).Draw(t, "gap"),
				Confidence: rapid.IntRange(0, 100).Draw(t, "confidence"),
			})
		}
		for range rapid.IntRange(0, 3).Draw(t, "marks") {
			page.Marks = append(page.Marks, claim.Mark{Kind: claim.MarkImage, Rect: rect()})
		}
		for _, block := range measureInk(r, 1, &page) {
			if b := block.Rect; !(0 <= b[0] && b[0] <= b[2] && b[2] <= right && 0 <= b[1] && b[1] <= b[3] && b[3] <= bottom) {
				t.Fatalf("block %v is not on a page of %g by %g", b, right, bottom)
			}
			ink := block.Ink
			for _, measure := range []float64{
				ink.Share, ink.Faint, ink.Frame, ink.Width, ink.Height, ink.Length, ink.Turns, ink.Thick,
				ink.Uneven, ink.Crowding, ink.Outline, ink.Contrast, ink.Inside,
			} {
				if math.IsNaN(measure) || math.IsInf(measure, 0) || measure < -1 {
					t.Fatalf("%+v", ink)
				}
			}
			if len(block.PNG) > mostPNG {
				t.Fatalf("a picture of %d bytes", len(block.PNG))
			}
			if _, err := png.Decode(bytes.NewReader(block.PNG)); len(block.PNG) > 0 && err != nil {
				t.Fatal(err)
			}
		}
	})
}

// TestNoRaster: what is no picture has no blocks.
func TestNoRaster(t *testing.T) {
	page := claim.Page{Words: wordsOf(10, 10, "Signature")}
	for _, r := range []*raster{
		nil,
		{},
		{width: 10, height: 10, scale: 1},
		{width: 1, height: 1, pixels: []byte{0}},
		{width: 1, height: 1, scale: math.NaN(), pixels: []byte{0}},
		{width: 1, height: 1, scale: math.Inf(1), pixels: []byte{0}},
		{width: -1, height: -1, scale: 1, pixels: []byte{0}},
	} {
		if blocks := measureInk(r, 1, &page); blocks != nil {
			t.Errorf("%+v: %+v", r, blocks)
		}
	}
}

// BenchmarkMeasureInk is a page at 150 dpi with one block, signed; and the
// most work that eight blocks of noise, stripes, a grid or one great blot make
// on a page at 200 dpi.
func BenchmarkMeasureInk(b *testing.B) {
	r := paperOf()
	r.draw(20, 1, scrawl(100, 630)...)
	page := claim.Page{Width: 595, Height: 842, Words: wordsOf(60, 600, "Signature du client")}
	b.Run("signed", func(b *testing.B) {
		for b.Loop() {
			measureInk(r, 1, &page)
		}
	})
	crowded := claim.Page{Width: 595, Height: 842}
	for i := range 8 {
		crowded.Words = append(crowded.Words, wordsOf(20+float64(i%2)*290, 20+float64(i/2)*200, "Signature")...)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for name, shade := range map[string]func(x, y int) byte{
		"noise":   func(int, int) byte { return byte(random.IntN(256)) },
		"stripes": func(_, y int) byte { return byte(255 * (y / 3 % 2)) },
		"grid":    func(x, y int) byte { return byte(255 * min(1, x%9/2) * min(1, y%9/2)) },
		"blot":    func(x, _ int) byte { return byte(255 * (1 - min(1, x%300/170))) },
	} {
		hostile := &raster{width: 1652, height: 2338, scale: 200.0 / 72, pixels: make([]byte, 1652*2338)}
		for i := range hostile.pixels {
			hostile.pixels[i] = shade(i%hostile.width, i/hostile.width)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				measureInk(hostile, 1, &crowded)
			}
		})
	}
}
