package document

import (
	"cmp"
	"math"
	"slices"
)

// Measures of the lines of boxes and of those to sign on, in points.
const (
	rulingThick  = 2.6  // at most
	rulingLength = 45.0 // at least
	rulingGap    = 4.5  // where a stroke crosses, or between dots
	rulingRun    = 16.0 // least unbroken part of a solid one: tops of letters break
	rulingCover  = 0.8  // least share of a solid one that is drawn
	dotSize      = 8.0  // length of the longest dash
	leastDots    = 8
	rulingSlope  = 0.09 // off the level, at most: 5 degrees
	slopeStep    = 0.0075
	// leastRuling is the length in pixels below which a line cannot be told
	// from the edge of anything, and mostFound bounds what is looked at.
	leastRuling = 24
	mostFound   = 20000
)

// ruling is a printed line, level or nearly so, in pixels of the bitmap it was
// found in: of the mirrored one for an upright line.
type ruling struct {
	x0, x1 int
	y      float64 // where it would cross x = 0
	slope  float64
}

func (r ruling) at(x int) float64 { return r.y + r.slope*float64(x) }

// removeRules takes the level and upright lines out of a bitmap, and gives
// both. What crosses them stays.
func (b *bitmap) removeRules(scale float64) (level, standing []ruling) {
	mirrored := b.transposed()
	thick := int(math.Ceil(rulingThick * scale))
	level, standing = b.thin(thick).rulings(scale), mirrored.thin(thick).rulings(scale)
	b.eraseRules(level, scale)
	mirrored = b.transposed()
	mirrored.eraseRules(standing, scale)
	*b = mirrored.transposed()
	b.eraseDots(scale)
	return level, standing
}

// eraseDots unsets the dots and dashes that stand in a row.
func (b *bitmap) eraseDots(scale float64) {
	var small []component
	dots := newBitmap(b.width, b.height)
	for _, one := range b.components() {
		if float64(one.height()) <= rulingThick*scale && float64(one.width()) <= dotSize*scale {
			small = append(small, one)
			for _, i := range one.pixels {
				dots.bits[i] = true
			}
		}
	}
	if len(small) < leastDots {
		return
	}
	for _, row := range dots.rows(scale, 0, 0) {
		var of []*component
		for i := range small {
			one := &small[i]
			middle := (one.x0 + one.x1) / 2
			if middle >= row.x0 && middle <= row.x1 && math.Abs(row.at(middle)-float64(one.y0+one.y1)/2) <= rulingThick*scale {
				of = append(of, one)
			}
		}
		if len(of) >= leastDots {
			for _, one := range of {
				b.erase(one)
			}
		}
	}
}

// rulings finds the solid level lines of a bitmap.
func (b bitmap) rulings(scale float64) []ruling { return b.rows(scale, rulingCover, rulingRun) }

// rows finds what stands in level rows, at every slope, of which some share at
// least is set, and an unbroken run of some length; the longest first.
func (b *bitmap) rows(scale, cover, run float64) []ruling {
	// The eye of the search is three pixels high, and takes every second
	// pixel of every second row.
	broad := newBitmap(b.width, b.height)
	for y := range b.height {
		for x := range b.width {
			broad.bits[y*b.width+x] = b.get(x, y-1) || b.get(x, y) || b.get(x, y+1)
		}
	}
	var found []ruling
	if rulingLength*scale < leastRuling {
		return nil
	}
	for slope := -rulingSlope; slope <= rulingSlope+slopeStep/2; slope += slopeStep {
		rise := slope * float64(b.width)
		for y := int(min(0, -rise)); y < b.height+int(max(0, -rise)); y += 2 {
			found = append(found, broad.trace(float64(y), slope, scale, cover, run)...)
		}
	}
	slices.SortStableFunc(found, func(a, b ruling) int { return cmp.Compare(b.x1-b.x0, a.x1-a.x0) })
	found = found[:min(len(found), mostFound)]
	// Neighbouring slopes and rows find the same line.
	var rows []ruling
	for _, r := range found {
		middle := (r.x0 + r.x1) / 2
		if !slices.ContainsFunc(rows, func(of ruling) bool {
			return middle >= of.x0 && middle <= of.x1 && math.Abs(of.at(middle)-r.at(middle)) < rulingThick*scale
		}) {
			rows = append(rows, r)
		}
	}
	return rows
}

// thin keeps the pixels that stand in no column of ink longer than a limit.
func (b *bitmap) thin(limit int) bitmap {
	t := newBitmap(b.width, b.height)
	for x := range b.width {
		for y := 0; y < b.height; {
			start := y
			for y < b.height && b.bits[y*b.width+x] {
				y++
			}
			if y-start <= limit {
				for ; start < y; start++ {
					t.bits[start*b.width+x] = true
				}
			}
			y++
		}
	}
	return t
}

// trace gives the lines along one row of a slope.
func (b *bitmap) trace(y, slope, scale, cover, run float64) []ruling {
	var found []ruling
	start, last, hits := -1, 0, 0
	from, longest := 0, 0 // of the unbroken run, and of the longest one
	end := func() {
		length := last - start
		if start >= 0 && float64(length) >= rulingLength*scale && float64(2*hits) >= cover*float64(length) && float64(longest) >= run*scale {
			found = append(found, ruling{start, last, y, slope})
		}
		start, hits, longest = -1, 0, 0
	}
	gap := int(rulingGap * scale)
	for x := 0; x < b.width; x += 2 {
		if row := int(y + slope*float64(x)); row < 0 || row >= b.height || !b.bits[row*b.width+x] {
			continue
		}
		if start >= 0 && x-last > gap {
			end()
		}
		if start < 0 {
			start = x
		}
		if x-last > 2 || start == x {
			from = x
		}
		last, longest = x, max(longest, x-from)
		hits++
	}
	end()
	return found
}

// eraseRules unsets the thin columns of ink that stand on a line.
func (b *bitmap) eraseRules(rules []ruling, scale float64) {
	limit := int(math.Ceil(rulingThick * scale))
	for _, r := range rules {
		for x := r.x0; x <= r.x1 && x < b.width; x++ {
			middle := int(math.Round(r.at(x)))
			for y := middle - 2; y <= middle+2; y++ {
				if !b.get(x, y) {
					continue
				}
				top, bottom := y, y
				for b.get(x, top-1) && bottom-top <= limit {
					top--
				}
				for b.get(x, bottom+1) && bottom-top <= limit {
					bottom++
				}
				if bottom-top+1 <= limit {
					for ; top <= bottom; top++ {
						b.bits[top*b.width+x] = false
					}
				}
			}
		}
	}
}
