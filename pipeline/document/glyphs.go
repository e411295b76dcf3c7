package document

import (
	"math"

	"guichet/pipeline/claim"
)

// FPDF_LoadPage and its kin speak of pages by these handles.
type (
	handle uint64 // of a document, page, text page, page object or bitmap; 0 is none
)

// geometry is where a page's points come to stand on the displayed page.
type geometry struct {
	left, bottom, right, top float64 // crop box, in the page's own points
	rotation                 int     // quarter turns clockwise
	width, height            float64 // as displayed
}

// loadGeometry asks for a page's boxes.
func (s *sandbox) loadGeometry(page handle) geometry {
	g := geometry{
		rotation: signed(s.do("FPDFPage_GetRotation", uint64(page))) & 3,
		width:    float(s.do("FPDF_GetPageWidthF", uint64(page))),
		height:   float(s.do("FPDF_GetPageHeightF", uint64(page))),
	}
	s.do("FPDF_GetPageBoundingBox", uint64(page), s.at(0))
	box := s.float32s(4)
	g.left, g.top, g.right, g.bottom = box[0], box[1], box[2], box[3]
	return g
}

// point gives the place of a page's point on the displayed page, from its top
// left corner.
func (g geometry) point(x, y float64) (float64, float64) {
	switch g.rotation {
	case 1:
		return y - g.bottom, x - g.left
	case 2:
		return g.right - x, y - g.bottom
	case 3:
		return g.top - y, g.right - x
	default:
		return x - g.left, g.top - y
	}
}

// direction gives a page's direction on the displayed page.
func (g geometry) direction(dx, dy float64) (float64, float64) {
	x0, y0 := g.point(0, 0)
	x1, y1 := g.point(dx, dy)
	return x1 - x0, y1 - y0
}

// rect gives the place of a page's rectangle on the displayed page.
func (g geometry) rect(left, bottom, right, top float64) claim.Rect {
	x0, y0 := g.point(left, bottom)
	x1, y1 := g.point(right, top)
	return claim.Rect{min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)}
}

// textObject is what all characters of one text-showing operation share.
type textObject struct {
	handle  handle
	em      float64 // font size as displayed, in points
	size    float64 // the same along or across the baseline, whichever is less
	flipped bool    // shows as in a mirror
	cos     float64 // of the baseline's direction on the displayed page
	sin     float64
	base    float64 // where the baseline runs, across its direction
	matrix  matrix  // from the text's own units to the page's points
	turn    int     // baseline's direction in whole degrees, 0–359
	upright bool    // the direction is a multiple of 90 degrees
}

// along gives a displayed point's place along the baseline and across it.
func (o *textObject) along(x, y float64) (float64, float64) {
	return x*o.cos + y*o.sin, y*o.cos - x*o.sin
}

// glyph is one character where it stands.
type glyph struct {
	text   string
	object *textObject
	box    claim.Rect // advance width by font height, displayed
	ink    claim.Rect // what the outline fills, displayed; may be empty
	start  float64    // along the baseline
	end    float64
	// afterBlank: the document writes a blank before it, of this width in
	// points (0 when pdfium only supposes one).
	afterBlank bool
	blankWidth float64
	hidden     bool
	busy       bool // strokes lie behind it, as dark against their ground as it is itself
	field      int  // 1 + index of the annotation whose appearance it belongs to; 0 for the page's own
}

// readGlyphs reads the characters of a text page, blanks aside, in the order
// in which pdfium finds them.
func (s *sandbox) readGlyphs(textPage handle, g geometry) []glyph {
	count := signed(s.do("FPDFText_CountChars", uint64(textPage)))
	if count <= 0 {
		return nil
	}
	glyphs := make([]glyph, 0, count)
	objects := map[handle]*textObject{}
	var blank, supposed bool
	var blankWidth float64
	var high rune
	for i := range uint64(count) {
		r := rune(s.do("FPDFText_GetUnicode", uint64(textPage), i) & 0x1FFFFF)
		if r >= 0xD800 && r < 0xDC00 {
			high = r
			continue
		}
		if r >= 0xDC00 && r < 0xE000 {
			r = (high-0xD800)<<10 + (r - 0xDC00) + 0x10000
		}
		h := handle(s.do("FPDFText_GetTextObject", uint64(textPage), i))
		if h == 0 || blankRune(r) {
			generated := h == 0 || signed(s.do("FPDFText_IsGenerated", uint64(textPage), i)) == 1
			if generated {
				supposed = true
				continue
			}
			s.do("FPDFText_GetLooseCharBox", uint64(textPage), i, s.at(0))
			box := s.float32s(4)
			rect := g.rect(box[0], box[3], box[2], box[1])
			blank, blankWidth = true, blankWidth+max(rect[2]-rect[0], 0)
			continue
		}
		object := objects[h]
		if object == nil {
			object = s.loadTextObject(textPage, i, h, g)
			objects[h] = object
		}
		s.do("FPDFText_GetLooseCharBox", uint64(textPage), i, s.at(0))
		loose := s.float32s(4)
		s.do("FPDFText_GetCharBox", uint64(textPage), i, s.at(0), s.at(1), s.at(2), s.at(3))
		tight := s.float64s(4)
		one := glyph{
			object: object,
			box:    g.rect(loose[0], loose[3], loose[2], loose[1]),
			ink:    g.rect(tight[0], tight[2], tight[1], tight[3]),
		}
		one.text = spell(r, one.box[2] > one.box[0])
		if one.text == "" {
			continue
		}
		if !object.upright {
			blank = blank || supposed // a slanted box says little about where the glyph ends
		}
		one.afterBlank, one.blankWidth = blank, blankWidth
		one.measure()
		glyphs = append(glyphs, one)
		blank, supposed, blankWidth = false, false, 0
	}
	correctSizes(glyphs)
	return glyphs
}

// Of a font with letters higher than oddHeight ems (drawn ones, Type 3) the
// size says nothing: then the highest letter is taken to fill so much of an em.
const (
	oddHeight = 1.5
	capitals  = 0.7
)

// correctSizes gives text objects the size that their letters have.
func correctSizes(glyphs []glyph) {
	high := map[*textObject]float64{}
	for i := range glyphs {
		o, ink := glyphs[i].object, glyphs[i].ink
		switch {
		case !o.upright: // the box says nothing of the height
		case o.turn%180 == 0:
			high[o] = max(high[o], ink[3]-ink[1])
		default:
			high[o] = max(high[o], ink[2]-ink[0])
		}
	}
	for o, height := range high {
		if height > oddHeight*o.em {
			o.em = height / capitals
			o.size = o.em
		}
	}
}

// loadTextObject reads what the i-th character shares with its neighbours.
func (s *sandbox) loadTextObject(textPage handle, i uint64, h handle, g geometry) *textObject {
	o := &textObject{handle: h, cos: 1, upright: true}
	s.do("FPDFText_GetMatrix", uint64(textPage), i, s.at(0))
	m := s.float32s(6)
	size := math.Float64frombits(s.do("FPDFText_GetFontSize", uint64(textPage), i))
	o.matrix = matrix(m)
	o.em = math.Abs(size) * math.Hypot(m[2], m[3])
	o.size = min(o.em, math.Abs(size)*math.Hypot(m[0], m[1]))
	o.flipped = m[0]*m[3] < m[1]*m[2]
	if size < 0 {
		m[0], m[1] = -m[0], -m[1]
	}
	dx, dy := g.direction(m[0], m[1])
	if length := math.Hypot(dx, dy); length > 0 {
		o.cos, o.sin = dx/length, dy/length
	}
	o.turn = (int(math.Round(math.Atan2(o.sin, o.cos)*180/math.Pi)) + 360) % 360
	o.upright = o.turn%90 == 0
	x, y := g.point(m[4], m[5])
	_, o.base = o.along(x, y)
	return o
}

// measure places the glyph's box along its baseline.
func (one *glyph) measure() {
	a0, _ := one.object.along(one.box[0], one.box[1])
	a1, _ := one.object.along(one.box[2], one.box[3])
	one.start, one.end = min(a0, a1), max(a0, a1)
}
