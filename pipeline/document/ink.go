package document

import (
	"cmp"
	"math"
	"slices"

	"guichet/pipeline/claim"
)

// measureInk finds the blocks of a page where a signature by hand is expected
// or could stand, and measures the ink in them: below and beside every label
// that asks for a signature; in every image and annotation elsewhere; and, for
// want of a label, where the longest stroke near a block stands that belongs
// to none.
func measureInk(picture *raster, number int, page *claim.Page) []claim.Block {
	if picture == nil || picture.width <= 0 || picture.height <= 0 || !(picture.scale > 0) ||
		math.IsInf(picture.scale, 0) || len(picture.pixels)/picture.width < picture.height {
		return nil
	}
	u := newUpright(picture, page)
	s := survey{upright: u, page: number, printed: u.printed()}
	for _, place := range findPlaces(makeSegments(u.words), u.width, u.height) {
		s.place(place)
	}
	for _, mark := range page.Marks {
		s.mark(u.within(u.fromPage(mark.Rect)))
	}
	s.stray()
	return s.blocks
}

// survey is the measuring of one page.
type survey struct {
	upright
	page    int
	printed []claim.Rect // words that are surely print
	blocks  []claim.Block
	found   []claim.Rect // the blocks' rectangles on the upright page
	strays  []claim.Rect // of long strokes near blocks and in none
}

// mostBlocks bounds the work on one page.
const mostBlocks = 8

// Distances about a block, in points.
const (
	bleed       = 45.0  // a signature's strokes leave its block by less
	boxWidth    = 330.0 // of the largest box around a block
	boxHeight   = 150.0
	leastBox    = 90.0 // width of the smallest
	lineSpace   = 22.0 // below a label, before a line can be its box's bottom
	pictureEdge = 6.0
	// markShare is the share of a page that an image takes which is the page.
	markShare = 0.5
)

// place measures the block that labels ask for.
func (s *survey) place(p place) {
	r := p.region
	around := claim.Rect{r[0] - bleed, r[1] - bleed, max(r[2], r[0]+boxWidth) + bleed/2, max(r[3], p.rect[3]+boxHeight) + bleed}
	t := s.trace(around, p.labels...)
	if t == nil {
		return
	}
	block := s.within(t.boxed(p))
	ink, outside := t.measure(block)
	s.add(p.label, block, ink)
	for _, stroke := range outside {
		s.strays = append(s.strays, t.points(stroke.x0, stroke.y0, stroke.x1+1, stroke.y1+1))
	}
}

// mark measures an image or annotation, but one that is the page, or stands in
// a block that was measured.
func (s *survey) mark(r claim.Rect) {
	area := (r[2] - r[0]) * (r[3] - r[1])
	if !finite(r) || r[2] <= r[0] || r[3] <= r[1] || area > markShare*s.width*s.height ||
		slices.ContainsFunc(s.found, func(block claim.Rect) bool { return areaShared(block, r) > area/2 }) {
		return
	}
	s.unlabelled(r)
}

// stray measures the largest stroke near the labelled blocks that is in none.
func (s *survey) stray() {
	strays := slices.DeleteFunc(s.strays, func(r claim.Rect) bool {
		return slices.ContainsFunc(s.found, func(block claim.Rect) bool {
			return areaShared(block, r) > (r[2]-r[0])*(r[3]-r[1])/2
		})
	})
	if len(strays) == 0 {
		return
	}
	s.unlabelled(slices.MaxFunc(strays, func(a, b claim.Rect) int {
		return cmp.Compare((a[2]-a[0])*(a[3]-a[1]), (b[2]-b[0])*(b[3]-b[1]))
	}))
}

// unlabelled measures a block that no label asks for.
func (s *survey) unlabelled(r claim.Rect) {
	if len(s.blocks) >= mostBlocks {
		return
	}
	t := s.trace(claim.Rect{r[0] - pictureEdge, r[1] - pictureEdge, r[2] + pictureEdge, r[3] + pictureEdge})
	if t == nil {
		return
	}
	ink, _ := t.measure(r)
	s.add("", r, ink)
}

func (s *survey) add(label string, r claim.Rect, ink claim.Ink) {
	s.found = append(s.found, r)
	s.blocks = append(s.blocks, claim.Block{
		Page: s.page, Label: label, Rect: round(s.toPage(r)), Ink: ink,
		PNG: s.pictureOf(claim.Rect{r[0] - pictureEdge, r[1] - pictureEdge, r[2] + pictureEdge, r[3] + pictureEdge}),
	})
}

// areaShared gives the area that two rectangles share.
func areaShared(a, b claim.Rect) float64 {
	return max(0, min(a[2], b[2])-max(a[0], b[0])) * max(0, min(a[3], b[3])-max(a[1], b[1]))
}

// tracing is what is drawn on part of a page, print and lines taken away.
type tracing struct {
	cutting
	paper           []byte
	ink             bitmap
	faint           bitmap
	strokes         []component // no specks
	level, standing []ruling
}

// Sizes of ink, in points.
const (
	speckSize   = 2.2 // the larger side of what may be dust
	maskEdge    = 1.5 // kept clear about a printed word
	maskedShare = 0.6 // of a piece of ink that makes it part of the words
)

// trace prepares part of the page for measuring; nil where it has no pixel.
// Labels are print, however unsure OCR is of them.
func (s *survey) trace(r claim.Rect, labels ...claim.Rect) *tracing {
	t := &tracing{cutting: s.cut(r)}
	if t.width == 0 {
		return nil
	}
	t.paper = t.cutting.paper()
	t.ink = t.inked(t.paper)
	t.faint = t.darker(t.paper, faintDepth)
	t.level, t.standing = t.ink.removeRules(t.scale)
	mask := newBitmap(t.width, t.height)
	for _, word := range slices.Concat(s.printed, labels) {
		x0, y0, x1, y1 := t.pixels(claim.Rect{word[0] - maskEdge, word[1] - maskEdge, word[2] + maskEdge, word[3] + maskEdge})
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				mask.bits[y*t.width+x] = true
			}
		}
	}
	for _, one := range t.ink.components() {
		masked := 0
		for _, i := range one.pixels {
			if mask.bits[i] {
				masked++
			}
		}
		if float64(masked) > maskedShare*float64(len(one.pixels)) {
			t.ink.erase(&one)
		}
	}
	for i := range mask.bits {
		t.ink.bits[i] = t.ink.bits[i] && !mask.bits[i]
	}
	for _, one := range t.ink.components() {
		if float64(max(one.width(), one.height())) < speckSize*t.scale {
			t.ink.erase(&one)
			continue
		}
		t.strokes = append(t.strokes, one)
	}
	t.clearFaint(&mask)
	return t
}

// clearFaint takes from what is faint the printed words, the lines, the edges
// of ink, and the grain of the paper.
func (t *tracing) clearFaint(mask *bitmap) {
	all := t.darker(t.paper, inkDepth)
	reach := max(1, int(maskEdge*t.scale))
	near := all.grown(reach)
	for i := range t.faint.bits {
		t.faint.bits[i] = t.faint.bits[i] && !mask.bits[i] && !near.bits[i]
	}
	for _, one := range t.faint.components() {
		if float64(max(one.width(), one.height())) < 2*speckSize*t.scale {
			t.faint.erase(&one)
		}
	}
}

// boxed gives the region of a place, or the box that is drawn around it: the
// nearest upright lines on either side of the label that meet a level one, and
// the nearest level one below.
func (t *tracing) boxed(p place) claim.Rect {
	r := p.region
	left, right, bottom := math.Inf(-1), math.Inf(1), math.Inf(1)
	for _, line := range t.standing {
		x, top, end := t.left+line.at((line.x0+line.x1)/2)/t.scale, t.top+float64(line.x0)/t.scale, t.top+float64(line.x1)/t.scale
		if end < p.rect[3]+lineSpace || top > p.rect[3]+lineSpace || !t.cornered(p.rect, x, top, end) {
			continue
		}
		switch {
		case x < p.rect[0]+columnSpace && x > p.rect[0]-bleed:
			left = max(left, x)
		case x > p.rect[2]-columnSpace && x < p.rect[0]+boxWidth:
			right = min(right, x)
		}
	}
	if math.IsInf(left, 0) && math.IsInf(right, 0) {
		return r
	}
	if !math.IsInf(left, 0) {
		r[0] = left
	}
	if !math.IsInf(right, 0) {
		r[2] = right
	}
	for _, line := range t.level {
		x0, x1, y := t.levelAt(line)
		if y > p.rect[3]+lineSpace && y < p.rect[3]+boxHeight && min(x1, r[2])-max(x0, r[0]) > (r[2]-r[0])*0.8 {
			bottom = min(bottom, y)
		}
	}
	if !math.IsInf(bottom, 0) {
		r[3] = bottom
	}
	return r
}

// levelAt gives the ends of a level line on the page, and its height in the middle.
func (t *tracing) levelAt(line ruling) (x0, x1, y float64) {
	return t.left + float64(line.x0)/t.scale, t.left + float64(line.x1)/t.scale, t.top + line.at((line.x0+line.x1)/2)/t.scale
}

// cornered tells whether an upright line meets, end to end, a level one above or
// below the label: a stamp's border does not.
func (t *tracing) cornered(label claim.Rect, x, top, end float64) bool {
	return slices.ContainsFunc(t.level, func(line ruling) bool {
		x0, x1, y := t.levelAt(line)
		const near = 9 // of skewed lines' middles
		return (math.Abs(y-top) < near || math.Abs(y-end) < near) && (math.Abs(x0-x) < near || math.Abs(x1-x) < near) &&
			x0 < label[0]+columnSpace && x1 > label[0]+leastBox
	})
}

// grown gives the bitmap with all that is within reach of what is set.
func (b *bitmap) grown(reach int) bitmap {
	rows, all := newBitmap(b.width, b.height), newBitmap(b.width, b.height)
	for i, set := range b.bits {
		if x := i % b.width; set {
			for j := i - min(reach, x); j <= i+min(reach, b.width-1-x); j++ {
				rows.bits[j] = true
			}
		}
	}
	for i, set := range rows.bits {
		if y := i / b.width; set {
			for k := -min(reach, y); k <= min(reach, b.height-1-y); k++ {
				all.bits[i+k*b.width] = true
			}
		}
	}
	return all
}
