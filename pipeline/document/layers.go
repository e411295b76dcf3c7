package document

import (
	"math"
	"slices"

	"guichet/pipeline/claim"
)

// group is a set of text objects that do not lie over each other: they may be
// taken from the page together, and each still speaks for itself alone.
type group struct {
	members []handle
	doubles []handle // the same text drawn again, which pdfium tells once
}

// cellsAcross is how finely a page is divided to find texts that overlap.
const cellsAcross = 800

// layers parts the text objects of a page into groups; those that blot are in
// none, as what is drawn over others.
func (s *sandbox) layers(glyphs []glyph, texts []handle, blots map[*textObject]bool, g geometry) []group {
	var order []*textObject
	known := map[*textObject]int{}
	for i := range glyphs {
		if _, ok := known[glyphs[i].object]; !ok {
			known[glyphs[i].object] = len(order)
			order = append(order, glyphs[i].object)
		}
	}
	clashes := findClashes(glyphs, known, g)
	layer := make([]int, len(order))
	groups := []group{{}}
	for i := range order {
		var taken [maxLayers]bool
		for _, j := range clashes[i] {
			if j < i && layer[j] < maxLayers {
				taken[layer[j]] = true
			}
		}
		layer[i] = slices.Index(taken[:], false)
		if layer[i] < 0 || blots[order[i]] { // it stays in no group, and unseen
			layer[i] = maxLayers
			continue
		}
		for len(groups) <= layer[i] {
			groups = append(groups, group{})
		}
		groups[layer[i]].members = append(groups[layer[i]].members, order[i].handle)
	}
	s.addDoubles(groups, order, layer, texts)
	return groups
}

// findClashes finds which text objects lie over which: those whose glyphs'
// ink fills the same cells of the page.
func findClashes(glyphs []glyph, known map[*textObject]int, g geometry) map[int][]int {
	size := max(g.width, g.height) / cellsAcross
	if size <= 0 {
		return nil
	}
	cells := make([]int32, cellsAcross*cellsAcross) // 1 + index of the first glyph there
	pairs := map[[2]int]int{}
	clashes := map[int][]int{}
	for i := range glyphs {
		object := known[glyphs[i].object]
		for cell := range inner(glyphs[i].ink, size) {
			first := cells[cell]
			if first == 0 {
				cells[cell] = int32(i + 1) //nolint:gosec // a page has fewer glyphs
				continue
			}
			other := known[glyphs[first-1].object]
			if other == object || same(&glyphs[i], &glyphs[first-1]) {
				continue
			}
			pair := [2]int{min(object, other), max(object, other)}
			if pairs[pair]++; pairs[pair] == 2 { // one is what touching letters share
				clashes[object] = append(clashes[object], other)
				clashes[other] = append(clashes[other], object)
			}
		}
	}
	return clashes
}

// inner yields the cells whose centres lie within a box.
func inner(box claim.Rect, size float64) func(func(int) bool) {
	return func(yield func(int) bool) {
		x0, x1 := cellSpan(box[0]/size, box[2]/size)
		y0, y1 := cellSpan(box[1]/size, box[3]/size)
		for y := y0; y < y1; y++ {
			for x := x0; x < x1; x++ {
				if !yield(y*cellsAcross + x) {
					return
				}
			}
		}
	}
}

// cellSpan gives the cells whose centres lie in an interval; the one that holds
// its middle when there are none.
func cellSpan(from, to float64) (int, int) {
	first, last := int(math.Ceil(from-0.5)), int(math.Floor(to-0.5))
	if last < first {
		first = int(math.Floor((from + to) / 2))
		last = first
	}
	return max(first, 0), min(last+1, cellsAcross)
}

// same tells whether two glyphs are one letter printed twice.
func same(a, b *glyph) bool {
	shift := 0.2 * a.object.em
	return a.text == b.text && abs(a.box[0]-b.box[0]) < shift && abs(a.box[1]-b.box[1]) < shift
}

func abs(x float64) float64 { return max(x, -x) }

// addDoubles finds the text objects that pdfium left out because they repeat
// another in its place, and has them go with it.
func (s *sandbox) addDoubles(groups []group, order []*textObject, layer []int, texts []handle) {
	told := make(map[handle]bool, len(order))
	for _, o := range order {
		told[o.handle] = true
	}
	var silent []handle
	for _, h := range texts {
		if !told[h] {
			silent = append(silent, h)
		}
	}
	if len(silent) == 0 || len(silent)*len(order) > 4e6 {
		return
	}
	bounds := make([][]float64, len(order))
	for i, o := range order {
		bounds[i] = s.bounds(o.handle)
	}
	for _, h := range silent {
		box := s.bounds(h)
		for i, o := range order {
			if layer[i] < len(groups) && near(box, bounds[i], 0.3*o.em) {
				groups[layer[i]].doubles = append(groups[layer[i]].doubles, h)
			}
		}
	}
}

// bounds gives a page object's box; nil when it has none.
func (s *sandbox) bounds(h handle) []float64 {
	if s.do("FPDFPageObj_GetBounds", uint64(h), s.at(0), s.at(1), s.at(2), s.at(3)) == 0 {
		return nil
	}
	return s.float32Cells(4)
}

func near(a, b []float64, distance float64) bool {
	if a == nil || b == nil {
		return false
	}
	for i := range a {
		if abs(a[i]-b[i]) > distance {
			return false
		}
	}
	return true
}
