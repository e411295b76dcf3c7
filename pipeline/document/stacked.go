package document

import (
	"math"

	"guichet/pipeline/claim"
)

// Letters of like size whose middles are nearer to each other than letters
// side by side can be are printed over each other. Each then shows by some of
// its ink, and yet nobody reads either.
const (
	stackedAlong  = 0.25 // of the sum of their widths, along the baseline
	stackedAcross = 0.35 // of an em
	slantedWidth  = 0.24 // in ems; the box of slanted letters says nothing of their width
	noAdvance     = 0.1
	likeSize      = 0.6
	// mostInCell letters are more than stand in a cell, of any legible size
	// and each printed twice.
	mostInCell = 128
)

// stackable is a letter that shows, as hideStacked looks at it.
type stackable struct {
	glyph *glyph
	index int
	x, y  float64 // of its middle
	width float64
	said  string
}

// hideStacked hides letters that are printed over other ones.
func hideStacked(glyphs []glyph) {
	const cell = 8.0 // points
	grid := map[[2]int][]stackable{}
	for i := range glyphs {
		one := &glyphs[i]
		if _, accent := accents[one.text]; accent || one.hidden || !one.telling() {
			continue
		}
		here := stackable{one, i, (one.box[0] + one.box[2]) / 2, (one.box[1] + one.box[3]) / 2, one.breadth(), claim.Fold(one.text)}
		at := [2]int{int(math.Floor(here.x / cell)), int(math.Floor(here.y / cell))}
		reach := int(math.Ceil(min(max(here.width, stackedAcross*one.object.em), 200) / cell))
		for x := at[0] - reach; x <= at[0]+reach; x++ {
			for y := at[1] - reach; y <= at[1]+reach; y++ {
				list := grid[[2]int{x, y}]
				for n := range list {
					if here.over(&list[n]) {
						here.glyph.hidden, list[n].glyph.hidden = true, true
					}
				}
			}
		}
		if len(grid[at]) >= mostInCell {
			one.hidden = true
			continue
		}
		grid[at] = append(grid[at], here)
	}
}

// breadth is a letter's width along its baseline.
func (one *glyph) breadth() float64 {
	em := one.object.em
	if !one.object.upright {
		return slantedWidth * em
	}
	if advance := one.end - one.start; advance > noAdvance*em {
		return advance // and not the ink, which in script reaches far into neighbours
	}
	ink := one.ink[2] - one.ink[0]
	if one.object.turn%180 != 0 {
		ink = one.ink[3] - one.ink[1]
	}
	return min(ink, em)
}

// over tells whether two letters are different ones in one place.
func (a *stackable) over(b *stackable) bool {
	one, other := a.glyph.object, b.glyph.object
	if a.said == b.said || a.spells(b) || min(one.em, other.em) < likeSize*max(one.em, other.em) {
		return false
	}
	along, across := one.along(a.x-b.x, a.y-b.y)
	return abs(along) < stackedAlong*(a.width+b.width) && abs(across) < stackedAcross*min(one.em, other.em)
}

// spells tells whether two letters are those that one ligature stands for:
// pdfium tells the same place of both.
func (a *stackable) spells(b *stackable) bool {
	return a.glyph.object == b.glyph.object && a.index-b.index <= longestLigature && a.glyph.ink == b.glyph.ink && a.glyph.box == b.glyph.box
}

// longestLigature is how many letters one glyph may stand for.
const longestLigature = 4
