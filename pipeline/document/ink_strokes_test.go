package document

import (
	"math"
	"testing"
)

// drawn gives a bitmap in which lines a given number of pixels wide are drawn
// through points.
func drawn(width, height int, thick float64, points ...point) bitmap {
	b := newBitmap(width, height)
	for i := 1; i < len(points); i++ {
		p, q := points[i-1], points[i]
		n := int(4*math.Hypot(q.x-p.x, q.y-p.y)) + 1
		for k := range n + 1 {
			x, y := p.x+(q.x-p.x)*float64(k)/float64(n), p.y+(q.y-p.y)*float64(k)/float64(n)
			for dy := -thick / 2; dy <= thick/2; dy += 0.25 {
				for dx := -thick / 2; dx <= thick/2; dx += 0.25 {
					if dx*dx+dy*dy <= thick*thick/4 {
						b.bits[int(y+dy)*width+int(x+dx)] = true
					}
				}
			}
		}
	}
	return b
}

func circle(x, y, radius float64, turns float64) []point {
	var points []point
	for k := range int(60*turns) + 1 {
		sin, cos := math.Sincos(2 * math.Pi * float64(k) / 60)
		points = append(points, point{x + radius*cos, y + radius*sin})
	}
	return points
}

// TestStrokeMeasures: of shapes whose measures geometry tells.
func TestStrokeMeasures(t *testing.T) {
	spiral := func(turns float64) []point {
		points := circle(150, 150, 1, turns)
		for k := range points {
			r := 20 + 80*float64(k)/float64(len(points))
			points[k] = point{150 + r*(points[k].x-150), 150 + r*(points[k].y-150)}
		}
		return points
	}
	for _, test := range []struct {
		name           string
		points         []point
		length, turned float64 // pixels, whole turns
		outline        float64
	}{
		{"a line", []point{{20, 20}, {220, 60}}, 204, 0, 1},
		{"a corner", []point{{20, 20}, {220, 20}, {220, 220}}, 400, 0.25, 0.59}, // 400 of 400 + 283
		{"a circle", circle(150, 150, 90, 1), 565, 1, 1},
		{"an arc", circle(150, 150, 90, 0.5), 283, 0.5, 0.61}, // 283 of 283 + 180
		{"a spiral of three turns", spiral(3), 1130, 3, -1},
	} {
		t.Run(test.name, func(t *testing.T) {
			const scale = 200.0 / 72
			b := drawn(300, 300, 4, test.points...)
			all := b.components()
			if len(all) != 1 {
				t.Fatalf("%d pieces", len(all))
			}
			skeleton := all[0].skeleton(b.width)
			length, turned := 0.0, 0.0
			for _, path := range skeleton.paths() {
				l, turn := bends(path, scale)
				length, turned = length+l, turned+turn/(2*math.Pi)
			}
			if math.Abs(length-test.length) > 0.06*test.length {
				t.Errorf("%.0f pixels long, want %.0f", length, test.length)
			}
			if math.Abs(turned-test.turned) > 0.1+0.1*test.turned {
				t.Errorf("%.2f turns, want %.2f", turned, test.turned)
			}
			if mean, deviation := all[0].thickness(b.width, &skeleton); math.Abs(mean-4) > 1 || deviation > 1 {
				t.Errorf("%.1f ± %.1f pixels thick, want 4", mean, deviation)
			}
			if got := lined(all[0].pixels, &b, scale); test.outline >= 0 && math.Abs(got-test.outline) > 0.08 {
				t.Errorf("outline %.2f, want %.2f", got, test.outline)
			}
		})
	}
}
