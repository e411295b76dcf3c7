package validators

import (
	"math"

	"guichet/pipeline/claim"
)

// Limits of what makes a line the continuation of one above.
const (
	// columnReach is how far below a line the next line of its column may
	// start, in heights of a line: cells centred beside a higher one leave
	// lines of other columns between.
	columnReach = 2.5
	// openColumns is how many columns may be under way at once: a hostile page
	// cannot make the search for a column long.
	openColumns = 64
)

// column is the lines of a cell or a text column, from top to bottom.
type column struct {
	places []place
	last   claim.Rect // of its last line
}

// byColumn puts a page's words in the order of its columns: each line is cut
// at wide gaps, and each piece goes on the nearest piece above it.
func byColumn(words []place) []place {
	var columns, open []*column
	for from := 0; from < len(words); {
		to := from + 1
		for to < len(words) && words[to].gap == claim.GapBlank {
			to++
		}
		piece := words[from:to]
		from = to
		rect := piece[0].word.Rect
		for _, p := range piece[1:] {
			rect = rect.Union(p.word.Rect)
		}
		home := above(open, rect)
		if home == nil {
			home = &column{}
			columns = append(columns, home)
			open = append(open, home)
			if len(open) > openColumns {
				open = open[1:]
			}
		}
		for i, p := range piece {
			switch {
			case i > 0:
			case len(home.places) == 0:
				p.gap = columnEnd
			default:
				p.gap = claim.GapLine
			}
			home.places = append(home.places, p)
		}
		home.last = rect
	}
	ordered := make([]place, 0, len(words))
	for _, c := range columns {
		ordered = append(ordered, c.places...)
	}
	return ordered
}

// above gives the column whose last line stands nearest above a rectangle and
// over it, or nil.
func above(open []*column, rect claim.Rect) *column {
	var home *column
	best, bestShift := math.Inf(1), math.Inf(1)
	for _, c := range open {
		height := min(c.last[3]-c.last[1], rect[3]-rect[1])
		distance := rect[1] - c.last[3]
		shift := math.Abs(rect[0] - c.last[0])
		over := min(rect[2], c.last[2]) > max(rect[0], c.last[0])
		if !over || distance < -height/2 || distance > columnReach*height {
			continue
		}
		if distance < best || distance == best && shift < bestShift {
			home, best, bestShift = c, distance, shift
		}
	}
	return home
}
