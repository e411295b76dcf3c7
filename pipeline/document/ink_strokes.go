package document

import (
	"cmp"
	"math"
	"slices"
)

// mostRounds is how often a stroke is peeled: more than any pen's width needs.
const mostRounds = 12

// skeleton thins a component to its middle line, one pixel wide (Zhang and
// Suen, 1984). Its bitmap has a border of one unset pixel about the component.
func (p *component) skeleton(stride int) bitmap {
	b := newBitmap(p.width()+2, p.height()+2)
	var left []int // pixels that are not yet taken away
	for _, i := range p.pixels {
		j := (i/stride-p.y0+1)*b.width + i%stride - p.x0 + 1
		b.bits[j] = true
		left = append(left, j)
	}
	around := b.ring()
	var gone []int
	for round, changed := 0, true; changed && round < mostRounds; round++ {
		changed = false
		for _, second := range []bool{false, true} {
			gone = gone[:0]
			kept := left[:0]
			for _, i := range left {
				var n [8]bool // from above, clockwise
				set, rises := 0, 0
				for k, step := range around {
					n[k] = b.bits[i+step]
					if n[k] {
						set++
					}
				}
				for k := range n {
					if !n[k] && n[(k+1)%8] {
						rises++
					}
				}
				closed := n[2] && n[4] && (n[0] || n[6])
				if second {
					closed = n[0] && n[6] && (n[2] || n[4])
				}
				if set >= 2 && set <= 6 && rises == 1 && !closed {
					gone = append(gone, i)
				} else {
					kept = append(kept, i)
				}
			}
			for _, i := range gone {
				b.bits[i] = false
				changed = true
			}
			left = kept
		}
	}
	return b
}

// point is a place on a middle line, in pixels.
type point struct{ x, y float64 }

// ring are the steps to a pixel's neighbours, from above, clockwise.
func (b *bitmap) ring() [8]int {
	return [8]int{-b.width, -b.width + 1, 1, b.width + 1, b.width, b.width - 1, -1, -b.width - 1}
}

// branches tells how many lines leave a pixel: one at an end, two on a line.
func (b *bitmap) branches(i int) int {
	n := 0
	ring := b.ring()
	for k, step := range ring {
		if !b.bits[i+step] && b.bits[i+ring[(k+1)%8]] {
			n++
		}
	}
	return n
}

// paths gives the lines of a skeleton between its ends and crossings.
func (b *bitmap) paths() [][]point {
	ring := b.ring()
	// Straight steps before slanted ones.
	steps := [8]int{ring[0], ring[2], ring[4], ring[6], ring[1], ring[3], ring[5], ring[7]}
	seen := make([]bool, len(b.bits))
	place := func(i int) point { return point{float64(i % b.width), float64(i / b.width)} }
	var all [][]point
	follow := func(from, i int) {
		path := []point{place(from)}
		for i >= 0 {
			seen[i] = true
			path = append(path, place(i))
			next, end := -1, -1
			for _, step := range steps {
				j := i + step
				switch {
				case !b.bits[j] || j == from:
				case b.branches(j) > 2:
					end = j
				case !seen[j] && next < 0:
					next = j
				}
			}
			if end >= 0 && len(path) > 2 {
				path = append(path, place(end))
				break
			}
			from, i = i, next
		}
		all = append(all, path)
	}
	// From ends and crossings first; what is left are rings.
	for i, set := range b.bits {
		if !set || b.branches(i) == 2 {
			continue
		}
		seen[i] = true
		for _, step := range steps {
			if j := i + step; b.bits[j] && !seen[j] && b.branches(j) <= 2 {
				follow(i, j)
			}
		}
	}
	for i, set := range b.bits {
		if set && !seen[i] {
			follow(i, i)
		}
	}
	return all
}

// Steps along a middle line, in points.
const (
	smoothStep = 1.2 // to either side, averaged: pixels are no curves
	turnStep   = 2.5 // between directions that are compared
	turnNoise  = 0.2 // radians: no turn until it adds up to more
)

// bends gives a path's length, in pixels, and how much it turns, in radians.
func bends(path []point, scale float64) (length, turned float64) {
	reach := max(1, int(math.Round(smoothStep*scale)))
	smooth := make([]point, len(path))
	for i := range path {
		var sum point
		r := min(reach, i, len(path)-1-i)
		for _, p := range path[i-r : i+r+1] {
			sum.x += p.x
			sum.y += p.y
		}
		smooth[i] = point{sum.x / float64(2*r+1), sum.y / float64(2*r+1)}
	}
	heading, known := 0.0, false
	at, walked := smooth[0], 0.0
	for i := 1; i < len(smooth); i++ {
		step := math.Hypot(smooth[i].x-smooth[i-1].x, smooth[i].y-smooth[i-1].y)
		length += step
		if walked += step; walked < turnStep*scale {
			continue
		}
		way := math.Atan2(smooth[i].y-at.y, smooth[i].x-at.x)
		turn := math.Abs(math.Remainder(way-heading, 2*math.Pi))
		if known && turn > turnNoise {
			turned += turn
		}
		if !known || turn > turnNoise {
			heading, known = way, true
		}
		at, walked = smooth[i], 0
	}
	return length, turned
}

// thickness gives the mean width of a component's line at its skeleton, in
// pixels, and the standard deviation of that width.
func (p *component) thickness(stride int, skeleton *bitmap) (mean, deviation float64) {
	// Distances to the border, in fifths of a pixel (chamfer 5-7).
	depth := make([]int, len(skeleton.bits))
	for _, i := range p.pixels {
		depth[(i/stride-p.y0+1)*skeleton.width+i%stride-p.x0+1] = math.MaxInt32
	}
	w := skeleton.width
	near := func(i int, steps [4]int) {
		if depth[i] > 0 {
			depth[i] = min(depth[i], depth[i+steps[0]]+5, depth[i+steps[1]]+7, depth[i+steps[2]]+5, depth[i+steps[3]]+7)
		}
	}
	for i := w + 1; i < len(depth)-w-1; i++ {
		near(i, [4]int{-1, -w - 1, -w, -w + 1})
	}
	for i := len(depth) - w - 2; i > w; i-- {
		near(i, [4]int{1, w + 1, w, w - 1})
	}
	sum, squares, n := 0.0, 0.0, 0.0
	for i, set := range skeleton.bits {
		if set {
			width := 2*float64(depth[i])/5 - 1
			sum, squares, n = sum+width, squares+width*width, n+1
		}
	}
	if n == 0 {
		return 0, 0
	}
	mean = sum / n
	return mean, math.Sqrt(max(0, squares/n-mean*mean))
}

// lined gives the share of the line drawn tightly around pixels that is itself
// ink, or within reach of it.
func lined(pixels []int, ink *bitmap, scale float64) float64 {
	hull := hullOf(pixels, ink.width)
	if len(hull) < 3 {
		return 1
	}
	const lineReach = 1.5 // points
	reach := max(1, int(lineReach*scale))
	inked, steps := 0, 0
	for i, a := range hull {
		b := hull[(i+1)%len(hull)]
		n := max(1, int(math.Hypot(b.x-a.x, b.y-a.y)/scale))
		for k := range n {
			part := float64(k) / float64(n)
			steps++
			if ink.near(int(math.Round(a.x+(b.x-a.x)*part)), int(math.Round(a.y+(b.y-a.y)*part)), reach) {
				inked++
			}
		}
	}
	return float64(inked) / float64(steps)
}

// near tells whether a bit is set within reach of a place.
func (b *bitmap) near(x, y, reach int) bool {
	for dy := -reach; dy <= reach; dy++ {
		for dx := -reach; dx <= reach; dx++ {
			if b.get(x+dx, y+dy) {
				return true
			}
		}
	}
	return false
}

// hullOf gives the corners of the smallest convex shape around pixels, by
// Andrew's monotone chain.
func hullOf(pixels []int, stride int) []point {
	first, last := map[int]int{}, map[int]int{} // by row, the outermost columns
	for _, i := range pixels {
		x, y := i%stride, i/stride
		if at, ok := first[y]; !ok || x < at {
			first[y] = x
		}
		if at, ok := last[y]; !ok || x > at {
			last[y] = x
		}
	}
	var points []point
	for y, x := range first {
		points = append(points, point{float64(x), float64(y)})
		if last[y] != x {
			points = append(points, point{float64(last[y]), float64(y)})
		}
	}
	slices.SortFunc(points, func(a, b point) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) })
	half := func() []point {
		var chain []point
		for _, p := range points {
			for len(chain) >= 2 && cross(chain[len(chain)-2], chain[len(chain)-1], p) <= 0 {
				chain = chain[:len(chain)-1]
			}
			chain = append(chain, p)
		}
		return chain[:max(0, len(chain)-1)]
	}
	lower := half()
	slices.Reverse(points)
	return append(lower, half()...)
}

func cross(a, b, c point) float64 { return (b.x-a.x)*(c.y-a.y) - (b.y-a.y)*(c.x-a.x) }
