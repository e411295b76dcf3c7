package document

import (
	"math"

	"guichet/pipeline/claim"
)

// lookCells is how finely a letter is looked at: cells across and down.
const (
	lookAcross = 10
	lookDown   = 14
	lookEm     = 32.0
)

// look is a letter's shape.
type look struct {
	cells  [lookAcross * lookDown]float32
	aspect float64
}

// transform gives what m does backwards; ok is false when nothing does.
func (m matrix) inverse() (matrix, bool) {
	d := m[0]*m[3] - m[1]*m[2]
	if d == 0 || math.IsNaN(d) || math.IsInf(d, 0) {
		return matrix{}, false
	}
	return matrix{
		m[3] / d, -m[1] / d, -m[2] / d, m[0] / d,
		(m[2]*m[5] - m[3]*m[4]) / d, (m[1]*m[4] - m[0]*m[5]) / d,
	}, true
}

func (m matrix) apply(x, y float64) (float64, float64) {
	return m[0]*x + m[2]*y + m[4], m[1]*x + m[3]*y + m[5]
}

func (g geometry) matrix() matrix {
	x0, y0 := g.point(0, 0)
	x1, y1 := g.point(1, 0)
	x2, y2 := g.point(0, 1)
	return matrix{x1 - x0, y1 - y0, x2 - x0, y2 - y0, x0, y0}
}

// textPicture is the picture of one text object alone.
type textPicture struct {
	bitmap        handle
	width, height int
	stride        int
	place         matrix // from the displayed page to its pixels
	scale         float64
	pixels        []byte
}

func (s *sandbox) drawText(document, page handle, g geometry, o *textObject) *textPicture {
	back, ok := g.matrix().then(matrix{1, 0, 0, 1, 0, 0}).inverse()
	if !ok {
		return nil
	}
	s.do("FPDFPageObj_GetMatrix", uint64(o.handle), s.at(0))
	own := matrix(s.float32s(6))
	text, ok := o.matrix.inverse()
	if !ok {
		return nil
	}
	toObject := back.then(text).then(own)
	// how the object's units compare with the page's points
	unit := math.Sqrt(math.Abs(toObject[0]*toObject[3] - toObject[1]*toObject[2]))
	box := s.bounds(o.handle)
	if box == nil || !(unit > 0) {
		return nil
	}
	scale := lookEm / (o.em * unit)
	if (box[2]-box[0])*scale*(box[3]-box[1])*scale > 4e6 {
		return nil
	}
	p := &textPicture{scale: scale}
	p.bitmap = handle(s.do("FPDFTextObj_GetRenderedBitmap", uint64(document), uint64(page), uint64(o.handle), cFloat(scale)))
	if p.bitmap == 0 {
		return nil
	}
	p.width = signed(s.do("FPDFBitmap_GetWidth", uint64(p.bitmap)))
	p.height = signed(s.do("FPDFBitmap_GetHeight", uint64(p.bitmap)))
	p.stride = signed(s.do("FPDFBitmap_GetStride", uint64(p.bitmap)))
	p.place = toObject.then(matrix{scale, 0, 0, -scale, -box[0] * scale, box[3] * scale})
	p.pixels = s.bytes(s.do("FPDFBitmap_GetBuffer", uint64(p.bitmap)), p.stride*p.height)
	return p
}

func (p *textPicture) alpha(x, y float64) float32 {
	i, j := int(math.Floor(x)), int(math.Floor(y))
	if i < 0 || j < 0 || i >= p.width || j >= p.height {
		return 0
	}
	return float32(p.pixels[j*p.stride+4*i+3])
}

func (p *textPicture) look(one *glyph) (look, bool) {
	o := one.object
	a0, c0 := o.along(one.ink[0], one.ink[1])
	a1, c1 := o.along(one.ink[2], one.ink[3])
	if !o.upright {
		return look{}, false
	}
	a0, a1 = min(a0, a1), max(a0, a1)
	c0, c1 = min(c0, c1), max(c0, c1)
	if a1-a0 < 0.02*o.em || c1-c0 < 0.02*o.em {
		return look{}, false
	}
	var l look
	l.aspect = (a1 - a0) / (c1 - c0)
	const sub = 2
	for v := range lookDown {
		for u := range lookAcross {
			var sum float32
			for n := range sub * sub {
				a := a0 + (a1-a0)*(float64(u)+(float64(n%sub)+0.5)/sub)/lookAcross
				c := c0 + (c1-c0)*(float64(v)+(float64(n/sub)+0.5)/sub)/lookDown
				x, y := p.place.apply(a*o.cos-c*o.sin, a*o.sin+c*o.cos)
				sum += p.alpha(x, y)
			}
			l.cells[v*lookAcross+u] = sum / (sub * sub)
		}
	}
	return l, l.normalise()
}

func (l *look) normalise() bool {
	var mean, square float32
	for _, c := range l.cells {
		mean += c
	}
	mean /= float32(len(l.cells))
	for i := range l.cells {
		l.cells[i] -= mean
		square += l.cells[i] * l.cells[i]
	}
	if square < 1 {
		return false
	}
	length := float32(math.Sqrt(float64(square)))
	for i := range l.cells {
		l.cells[i] /= length
	}
	return true
}

func (l *look) like(m *look) float64 {
	var sum float32
	for i := range l.cells {
		sum += l.cells[i] * m.cells[i]
	}
	return float64(sum)
}

var _ = claim.Rect{}
