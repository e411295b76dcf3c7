package document

import (
	"math"
	"unicode"

	"guichet/pipeline/claim"
)

// What a reader of the page sees is settled by experiment: a glyph is visible
// when the page's picture changes as its text is taken away. That holds for
// every way to hide text there is, known or not: colours, clipping, covers,
// layers, masks, blank outlines. Text that lies over other text is taken away
// by itself, so that neither vouches for the other.

// Object types and flags of pdfium.
const (
	pdfiumText  = 1
	pdfiumImage = 3
	pdfiumForm  = 5

	modeStroke         = 1
	modeFillStroke     = 2
	modeInvisible      = 3 // neither filled nor stroked
	modeStrokeClip     = 5
	modeFillStrokeClip = 6
	modeClipOnly       = 7

	renderAnnotations = 0x01
	bitmapGray        = 1
	white             = 0xFFFFFFFF
)

// The experiment's scales, in pixels a point, and what it takes for a
// difference: of 255 shades of grey, a tenth or so is the least that an eye
// finds on paper. The first look settles all ordinary text; what it leaves is
// looked at again from nearer.
var (
	firstSight  = sight{scale: 1.5, pixels: 3e6, contrast: 48}
	secondSight = sight{scale: 4, pixels: 12e6, contrast: 22}
)

type sight struct {
	scale    float64
	pixels   float64 // at most, for pages of odd size
	contrast int
}

// smallest is the size in points under which no reader makes out a letter: a
// line of such text is a stroke. Of a font whose letters are smaller than it
// says, these count, the highest or broadest of them.
const (
	smallest    = 2.5
	smallestInk = 0.4 * smallest
)

// widestStroke is how broad an outline may be, in ems, for its letter to show.
const widestStroke = 0.3

// maxLayers bounds how many texts may lie one over the other; what is deeper
// counts as unseen. maxDepth bounds forms within forms.
const (
	maxLayers = 8
	maxDepth  = 24
)

// content is what a page's object tree holds.
type content struct {
	texts    []handle
	hasImage bool
}

// pageContent lists a page's objects, from the from-th at its top on, and all
// within them.
func (s *sandbox) pageContent(page handle, from int) content {
	var found content
	s.walk(&found, "FPDFPage_CountObjects", "FPDFPage_GetObject", page, from, 0)
	return found
}

// walk adds the objects of a page or form to found.
func (s *sandbox) walk(found *content, count, get string, parent handle, from, depth int) {
	if depth > maxDepth {
		return
	}
	n := signed(s.do(count, uint64(parent)))
	for i := from; i < n; i++ {
		object := handle(s.do(get, uint64(parent), uint64(i))) //nolint:gosec // not negative
		if object == 0 {
			continue
		}
		switch s.do("FPDFPageObj_GetType", uint64(object)) {
		case pdfiumText:
			found.texts = append(found.texts, object)
		case pdfiumImage:
			found.hasImage = true
		case pdfiumForm:
			s.walk(found, "FPDFFormObj_CountObjects", "FPDFFormObj_GetObject", object, 0, depth+1)
		}
	}
}

// markHidden settles which glyphs of a page its reader sees.
func (s *sandbox) markHidden(page handle, g geometry, texts []handle, glyphs []glyph) {
	hidden := map[*textObject]bool{} // by what the object says of itself
	speaks := map[*textObject]bool{} // has a letter or digit
	ink := map[*textObject]float64{} // the longest side of a letter
	blots := map[*textObject]bool{}
	for i := range glyphs {
		o := glyphs[i].object
		if _, known := hidden[o]; !known {
			hidden[o], blots[o] = s.unseen(o)
		}
		if glyphs[i].telling() {
			speaks[o] = true
			ink[o] = max(ink[o], glyphs[i].ink[2]-glyphs[i].ink[0], glyphs[i].ink[3]-glyphs[i].ink[1])
		}
	}
	for o := range hidden {
		hidden[o] = hidden[o] || o.size < smallest || ink[o] > 0 && ink[o] < smallestInk
	}
	var open []int // glyphs yet to be settled
	for i := range glyphs {
		one := &glyphs[i]
		x, y := (one.box[0]+one.box[2])/2, (one.box[1]+one.box[3])/2
		one.hidden = hidden[one.object] || x < 0 || y < 0 || x > g.width || y > g.height
		if !one.hidden && (one.telling() || !speaks[one.object]) {
			open = append(open, i)
		}
	}
	if len(open) > 0 {
		groups := s.layers(glyphs, texts, blots, g)
		for _, sight := range []sight{firstSight, secondSight} {
			if open = s.look(page, g, sight, groups, glyphs, open); len(open) == 0 {
				break
			}
		}
		for _, i := range open {
			glyphs[i].hidden = true
		}
	}
	hideStacked(glyphs)
	inherit(glyphs, speaks)
}

// unseen tells what a text object says of itself: that nobody reads it; and
// that it blots, which is to draw far beyond its letters.
func (s *sandbox) unseen(o *textObject) (hidden, blots bool) {
	mode := s.do("FPDFTextObj_GetTextRenderMode", uint64(o.handle))
	switch mode {
	case modeInvisible, modeClipOnly:
		return true, false
	case modeStroke, modeFillStroke, modeStrokeClip, modeFillStrokeClip:
		blots = s.strokeWidth(o) > widestStroke*o.em
	}
	return blots || o.flipped && !s.drawnByPage(o), blots
}

// strokeWidth gives how broad a text's outline may be drawn, in points: pdfium
// does not tell the scale of the coordinates in which the document says so.
func (s *sandbox) strokeWidth(o *textObject) float64 {
	s.do("FPDFPageObj_GetStrokeWidth", uint64(o.handle), s.at(0))
	width := s.float32s(1)[0]
	s.do("FPDFTextObj_GetFontSize", uint64(o.handle), s.at(0))
	if size := math.Abs(s.float32s(1)[0]); size > 0 {
		width *= max(1, o.em/size)
	}
	return width
}

// drawnByPage tells whether a text's letters are drawings (Type 3), which
// alone may be upside down by themselves.
func (s *sandbox) drawnByPage(o *textObject) bool {
	font := s.do("FPDFTextObj_GetFont", uint64(o.handle))
	return font == 0 || s.do("FPDFFont_GetBaseFontName", font, 0, 0)&0xFFFFFFFF <= 1
}

// telling tells whether a glyph is settled by its own ink: letters, digits and
// the like are; points and strokes go with their neighbours.
func (one *glyph) telling() bool {
	for _, r := range one.text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || r == unicode.ReplacementChar || unicode.Is(unicode.Co, r) {
			return true
		}
	}
	return false
}

// inherit has points and strokes go with the letter before, or else behind,
// in the same operation.
func inherit(glyphs []glyph, speaks map[*textObject]bool) {
	follow := func(one, neighbour *glyph) bool {
		if one.telling() || !speaks[one.object] || neighbour.object != one.object {
			return false
		}
		one.hidden = one.hidden || neighbour.hidden
		return true
	}
	settled := make([]bool, len(glyphs))
	for i := range glyphs {
		settled[i] = glyphs[i].telling() || i > 0 && settled[i-1] && follow(&glyphs[i], &glyphs[i-1])
	}
	for i := len(glyphs) - 2; i >= 0; i-- {
		if !settled[i] {
			settled[i] = settled[i+1] && follow(&glyphs[i], &glyphs[i+1])
		}
	}
}

// picture is a part of a page in shades of grey, in the sandbox's memory.
type picture struct {
	bitmap        handle
	width, height int
	left, top     int // where it lies on the page's whole picture
	scale         float64
	stride        int
	pixels        []byte // valid until the sandbox's next call
}

// newPicture makes room for the picture of a part of a page.
func (s *sandbox) newPicture(g geometry, sight sight, part claim.Rect) *picture {
	scale := sight.scale
	if area := g.width * g.height * scale * scale; area > sight.pixels {
		scale *= math.Sqrt(sight.pixels / area)
	}
	p := &picture{scale: scale, left: int(max(part[0], 0) * scale), top: int(max(part[1], 0) * scale)}
	p.width = int(min(part[2], g.width)*scale) + 1 - p.left
	p.height = int(min(part[3], g.height)*scale) + 1 - p.top
	if p.width <= 0 || p.height <= 0 {
		p.width, p.height = 1, 1
	}
	p.bitmap = handle(s.do("FPDFBitmap_CreateEx", uint64(p.width), uint64(p.height), bitmapGray, 0, 0)) //nolint:gosec // not negative
	if p.bitmap == 0 {
		panic(trap{errSandboxMemory})
	}
	p.stride = signed(s.do("FPDFBitmap_GetStride", uint64(p.bitmap)))
	return p
}

// render draws the part of a page as a reader shows it, annotations included.
func (s *sandbox) render(p *picture, page handle, g geometry) {
	s.do("FPDFBitmap_FillRect", uint64(p.bitmap), 0, 0, uint64(p.width), uint64(p.height), white) //nolint:gosec // not negative
	s.do("FPDF_RenderPageBitmap", uint64(p.bitmap), uint64(page), cInt(-p.left), cInt(-p.top),
		cInt(int(math.Round(g.width*p.scale))), cInt(int(math.Round(g.height*p.scale))), 0, renderAnnotations)
}

// view makes the pixels of a picture readable until the sandbox's next call.
func (s *sandbox) view(p *picture, buffer uint64) {
	p.pixels = s.bytes(buffer, p.stride*p.height)
}

// patch is how wide a part of a page is looked at from near, in points, and
// patches how many such parts make it worth while to look at the whole.
const (
	patch   = 120.0
	patches = 12
)

// parts gives the parts of a page in which to look for glyphs: the whole page
// at first, then the places where a few were left.
func (g geometry) parts(sight sight, glyphs []glyph, open []int) map[claim.Rect][]int {
	byPlace := map[[2]int][]int{}
	if sight != firstSight {
		for _, i := range open {
			place := [2]int{int(glyphs[i].ink[0] / patch), int(glyphs[i].ink[1] / patch)}
			byPlace[place] = append(byPlace[place], i)
		}
	}
	if len(byPlace) == 0 || len(byPlace) > patches {
		return map[claim.Rect][]int{{0, 0, g.width, g.height}: open}
	}
	parts := map[claim.Rect][]int{}
	for _, list := range byPlace {
		part := glyphs[list[0]].ink.Union(glyphs[list[0]].box)
		for _, i := range list {
			part = part.Union(glyphs[i].ink).Union(glyphs[i].box)
		}
		parts[claim.Rect{part[0] - 2, part[1] - 2, part[2] + 2, part[3] + 2}] = list
	}
	return parts
}

// look settles glyphs as visible whose ink shows at this sight, and gives the
// rest, in no order.
func (s *sandbox) look(page handle, g geometry, sight sight, groups []group, glyphs []glyph, open []int) []int {
	at := map[handle]int{}
	for n, group := range groups {
		for _, h := range group.members {
			at[h] = n
		}
	}
	var rest []int
	for part, list := range g.parts(sight, glyphs, open) {
		byGroup := make([][]int, len(groups))
		for _, i := range list {
			if n, ok := at[glyphs[i].object.handle]; ok {
				byGroup[n] = append(byGroup[n], i)
			} else {
				rest = append(rest, i)
			}
		}
		rest = append(rest, s.lookAt(page, g, sight, part, groups, glyphs, byGroup)...)
	}
	return rest
}

// lookAt is look for one part of a page.
func (s *sandbox) lookAt(page handle, g geometry, sight sight, part claim.Rect, groups []group, glyphs []glyph, byGroup [][]int) (rest []int) {
	whole, without := s.newPicture(g, sight, part), s.newPicture(g, sight, part)
	defer s.tidy("FPDFBitmap_Destroy", whole.bitmap)
	defer s.tidy("FPDFBitmap_Destroy", without.bitmap)
	s.render(whole, page, g)
	for n, group := range groups {
		if len(byGroup[n]) == 0 {
			continue
		}
		s.setActive(group, 0)
		s.render(without, page, g)
		s.setActive(group, 1)
		one := s.do("FPDFBitmap_GetBuffer", uint64(whole.bitmap))
		other := s.do("FPDFBitmap_GetBuffer", uint64(without.bitmap))
		s.view(whole, one)
		s.view(without, other)
		for _, i := range byGroup[n] {
			if !whole.differs(without, &glyphs[i], sight) {
				rest = append(rest, i)
				continue
			}
			glyphs[i].busy = whole.busy(without, &glyphs[i], sight)
		}
	}
	return rest
}

func (s *sandbox) setActive(group group, active uint64) {
	for _, h := range group.members {
		s.do("FPDFPageObj_SetIsActive", uint64(h), active)
	}
	for _, h := range group.doubles {
		s.do("FPDFPageObj_SetIsActive", uint64(h), active)
	}
}

// Parts of an em: what is narrower has no two sides to look at; what is less
// than an outline is one that pdfium does not know. A letter of fewer pixels
// than coarse shows no sides either.
const (
	narrow  = 0.3
	outline = 0.03
	coarse  = 6
)

// differs tells whether two pictures differ where a glyph has its ink. Ink
// touches all four sides of its box, so that it must show in each half: what is
// left of a digit may look like another one. The border of the box is left
// out: there, a neighbour's ink may bleed in.
func (p *picture) differs(other *picture, one *glyph, sight sight) bool {
	box, em := one.ink, one.object.em
	broad, high := box[2]-box[0] > narrow*em, box[3]-box[1] > narrow*em
	if box[2]-box[0] < outline*em || box[3]-box[1] < outline*em {
		box, broad, high = one.box, false, false
	}
	x0, x1 := span(box[0]*p.scale-float64(p.left), box[2]*p.scale-float64(p.left), p.width)
	y0, y1 := span(box[1]*p.scale-float64(p.top), box[3]*p.scale-float64(p.top), p.height)
	if sight == secondSight { // the last look forgives letters too small to have sides
		broad, high = broad && x1-x0 >= coarse, high && y1-y0 >= coarse
	}
	left, right := (x0+x1+1)/2, (x0+x1)/2
	upper, lower := (y0+y1+1)/2, (y0+y1)/2
	var seen, atLeft, atRight, atTop, atBottom bool
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*p.stride + x
			if d := int(p.pixels[i]) - int(other.pixels[i]); d < sight.contrast && -d < sight.contrast {
				continue
			}
			seen = true
			atLeft, atRight = atLeft || x < left, atRight || x >= right
			atTop, atBottom = atTop || y < upper, atBottom || y >= lower
		}
	}
	return seen && (!broad || atLeft && atRight) && (!high || atTop && atBottom)
}

// span gives the pixels whose centres lie in an interval less its border. It
// is two pixels at least, unless it lies outside the picture: pdfium sets small
// letters to whole pixels, and may move them by half of one.
func span(from, to float64, size int) (int, int) {
	const border = 0.35
	first := int(math.Ceil(from + border - 0.5))
	last := int(math.Floor(to - border - 0.5))
	if last <= first {
		first = int(math.Round((from+to)/2)) - 1
		last = first + 1
	}
	return min(max(first, 0), size), max(min(last+1, size), 0)
}
