package document

import (
	"math"
)

// A font's table of characters may say other than the font draws. So what it
// is said to draw is looked at: the picture of a letter alone, stretched to one
// size, beside those of the same letter and of others in common typefaces.
//
// Every digit that a font draws in one outline box is looked at once, letters
// only where a few of the page's longer texts show them.

// How finely a letter is looked at: cells across and down, and pixels of the
// em in the picture from which they are filled.
const (
	lookAcross = 10
	lookDown   = 14
	lookFine   = 2 // points looked up in each cell, across and down
	lookEm     = 24.0
	lookDrawn  = 32.0 // of letters that are drawings (Type 3), mostly of few pixels
	lookKnown  = 48.0 // of those with which others are compared
)

// look is a letter's shape, as the bare numbers of a pattern: of mean 0 and
// length 1, so that the product of two tells how alike they are.
type look struct {
	cells  [lookAcross * lookDown]float32
	aspect float64 // logarithm of breadth to height
}

// stretch is how much less alike two letters are of which one is e times as
// broad as the other.
const stretch = 0.15

// like tells how alike two letters are, at most 1; letters that have nothing
// in common are about 0.
func (l *look) like(m *look) float64 {
	var even, odd float32 // two sums at a time, which processors are glad of
	for i := 0; i < len(l.cells); i += 2 {
		even += l.cells[i] * m.cells[i]
		odd += l.cells[i+1] * m.cells[i+1]
	}
	return float64(even+odd) - stretch*abs(l.aspect-m.aspect)
}

// newLook makes a look of how much of each cell is ink; ok is false for what
// has no shape.
func newLook(cells [lookAcross * lookDown]float32, aspect float64) (l look, ok bool) {
	var sum, squares float64
	for _, ink := range cells {
		sum += float64(ink)
	}
	mean := float32(sum / float64(len(cells)))
	for i := range cells {
		cells[i] -= mean
		squares += float64(cells[i]) * float64(cells[i])
	}
	if !(squares > float64(len(cells))) { // even all over, within a shade
		return look{}, false
	}
	length := float32(math.Sqrt(squares))
	for i := range cells {
		cells[i] /= length
	}
	return look{cells, math.Log(aspect)}, true
}

// textPicture is a text object drawn by itself.
type textPicture struct {
	bitmap                handle
	width, height, stride int
	place                 matrix // from the displayed page to its pixels
	pixels                []byte // blue, green, red, ink; valid until the sandbox's next call
}

// mostTextPixels bounds the picture of a text object: a line of 5,000 letters.
const mostTextPixels = 4e6

// drawText draws a text object by itself, its em so many pixels high; ok is
// false when it cannot be.
func (s *sandbox) drawText(document, page handle, g geometry, o *textObject, em float64) (p textPicture, ok bool) {
	s.do("FPDFPageObj_GetMatrix", uint64(o.handle), s.at(0))
	own := matrix(s.float32s(6))
	box := s.bounds(o.handle)
	toPage, known := g.matrix().inverse()
	toText, turnable := o.matrix.inverse()
	if box == nil || !known || !turnable {
		return p, false
	}
	p.place = toPage.then(toText).then(own)
	scale := em / (o.em * math.Sqrt(abs(p.place[0]*p.place[3]-p.place[1]*p.place[2])))
	if area := (box[2] - box[0]) * (box[3] - box[1]) * scale * scale; !(scale > 0 && area > 0 && area < mostTextPixels) {
		return p, false
	}
	p.place = p.place.then(matrix{scale, 0, 0, -scale, -box[0] * scale, box[3] * scale})
	p.bitmap = handle(s.do("FPDFTextObj_GetRenderedBitmap", uint64(document), uint64(page), uint64(o.handle), cFloat(scale)))
	if p.bitmap == 0 {
		return p, false
	}
	p.width = signed(s.do("FPDFBitmap_GetWidth", uint64(p.bitmap)))
	p.height = signed(s.do("FPDFBitmap_GetHeight", uint64(p.bitmap)))
	p.stride = signed(s.do("FPDFBitmap_GetStride", uint64(p.bitmap)))
	p.pixels = s.bytes(s.do("FPDFBitmap_GetBuffer", uint64(p.bitmap)), p.stride*p.height)
	return p, true
}

// look gives the shape of one letter of the picture, where that is off its
// place by so many pixels; ok is false when it has none.
func (p *textPicture) look(one *glyph, right, down float64) (l look, ok bool) {
	along, across, breadth, height := one.outline()
	if !(breadth > outline*one.object.em && height > outline*one.object.em) {
		return look{}, false
	}
	o := one.object
	fromInk := matrix{breadth / lookAcross * o.cos, breadth / lookAcross * o.sin, -height / lookDown * o.sin, height / lookDown * o.cos, along*o.cos - across*o.sin, along*o.sin + across*o.cos}
	place := fromInk.then(p.place)
	var cells [lookAcross * lookDown]float32
	for v := range lookDown * lookFine {
		for u := range lookAcross * lookFine {
			a, b := (float64(u)+0.5)/lookFine, (float64(v)+0.5)/lookFine
			x, y := place[0]*a+place[2]*b+place[4], place[1]*a+place[3]*b+place[5]
			if x, y = x+right, y+down; x >= 0 && y >= 0 && x < float64(p.width) && y < float64(p.height) {
				cells[v/lookFine*lookAcross+u/lookFine] += float32(p.pixels[int(y)*p.stride+4*int(x)+3])
			}
		}
	}
	return newLook(cells, breadth/height)
}

// steep is how near to half a quarter turn a baseline may be, as the cosine of
// twice its angle, for the box of a letter to tell its breadth and height.
const steep = 0.1

// outline gives a letter's ink, along the baseline and across it: where it
// begins, its breadth and its height; no breadth when they cannot be told.
func (one *glyph) outline() (along, across, breadth, height float64) {
	o := one.object
	wide, high := one.ink[2]-one.ink[0], one.ink[3]-one.ink[1]
	cos, sin := abs(o.cos), abs(o.sin)
	twice := cos*cos - sin*sin
	if abs(twice) < steep {
		return 0, 0, 0, 0
	}
	breadth, height = (wide*cos-high*sin)/twice, (high*cos-wide*sin)/twice
	along, across = o.along((one.ink[0]+one.ink[2])/2, (one.ink[1]+one.ink[3])/2)
	return along - breadth/2, across - height/2, breadth, height
}

// inverse gives the matrix that undoes m; ok is false when there is none.
func (m matrix) inverse() (back matrix, ok bool) {
	d := m[0]*m[3] - m[1]*m[2]
	if !(d < 0 || d > 0) || math.IsInf(d, 0) {
		return matrix{}, false
	}
	return matrix{
		m[3] / d, -m[1] / d, -m[2] / d, m[0] / d,
		(m[2]*m[5] - m[3]*m[4]) / d, (m[1]*m[4] - m[0]*m[5]) / d,
	}, true
}

// matrix is what point does.
func (g geometry) matrix() matrix {
	x0, y0 := g.point(0, 0)
	x1, y1 := g.point(1, 0)
	x2, y2 := g.point(0, 1)
	return matrix{x1 - x0, y1 - y0, x2 - x0, y2 - y0, x0, y0}
}
