package document

import "math"

// bitmap is a picture of yes and no, row by row.
type bitmap struct {
	width, height int
	bits          []bool
}

func newBitmap(width, height int) bitmap {
	return bitmap{width, height, make([]bool, width*height)}
}

// get tells a bit; outside the bitmap, all are unset.
func (b *bitmap) get(x, y int) bool {
	return x >= 0 && y >= 0 && x < b.width && y < b.height && b.bits[y*b.width+x]
}

// transposed gives the bitmap mirrored at its diagonal.
func (b *bitmap) transposed() bitmap {
	t := newBitmap(b.height, b.width)
	for y := range b.height {
		for x := range b.width {
			t.bits[x*b.height+y] = b.bits[y*b.width+x]
		}
	}
	return t
}

// How much darker than the paper around it something is, of 255.
const (
	inkDepth   = 60 // ink
	linkDepth  = 36 // ink where it links what is ink for certain: a fast pen's line
	faintDepth = 28 // what shines through, a stain, a pencil
	tilePoints = 24.0
	paperShare = 0.6 // of a tile's pixels that are not lighter than its paper
)

// paper gives the shade of the paper under every pixel: that of tiles of
// some letters' size, and between their middles in proportion.
func (c *cutting) paper() []byte {
	size := max(4, int(tilePoints*c.scale))
	across, down := (c.width+size-1)/size, (c.height+size-1)/size
	tiles := make([]float64, across*down)
	for ty := range down {
		for tx := range across {
			var shades [256]int
			x1, y1 := min((tx+1)*size, c.width), min((ty+1)*size, c.height)
			for y := ty * size; y < y1; y++ {
				for x := tx * size; x < x1; x++ {
					shades[c.shades[y*c.width+x]]++
				}
			}
			left := int(paperShare * float64((x1-tx*size)*(y1-ty*size)))
			shade := 0
			for left -= shades[0]; left >= 0 && shade < 255; left -= shades[shade] {
				shade++
			}
			tiles[ty*across+tx] = float64(shade)
		}
	}
	paper := make([]byte, c.width*c.height)
	for y := range c.height {
		ty, fy := between(y, size, down)
		for x := range c.width {
			tx, fx := between(x, size, across)
			right, below := min(tx+1, across-1), min(ty+1, down-1)
			upper := tiles[ty*across+tx]*(1-fx) + tiles[ty*across+right]*fx
			lower := tiles[below*across+tx]*(1-fx) + tiles[below*across+right]*fx
			paper[y*c.width+x] = byte(upper*(1-fy) + lower*fy)
		}
	}
	return paper
}

// between gives the tile whose middle is before a pixel, and how far the pixel
// is on the way to the next one's.
func between(pixel, size, tiles int) (tile int, part float64) {
	at := (float64(pixel)+0.5)/float64(size) - 0.5
	tile = min(max(int(math.Floor(at)), 0), tiles-1)
	return tile, min(max(at-float64(tile), 0), 1)
}

// darker tells the pixels that are darker than their paper by some depth.
func (c *cutting) darker(paper []byte, depth int) bitmap {
	b := newBitmap(c.width, c.height)
	for i, shade := range c.shades {
		b.bits[i] = int(shade)+depth <= int(paper[i])
	}
	return b
}

// linkShare is the share of linked ink that must be ink for certain.
const linkShare = 0.25

// inked tells the pixels that are ink: those of inkDepth, and of what is less
// dark the pieces that are made of such for a good part.
func (c *cutting) inked(paper []byte) bitmap {
	ink, linked := c.darker(paper, inkDepth), c.darker(paper, linkDepth)
	for _, one := range linked.components() {
		sure := 0
		for _, i := range one.pixels {
			if ink.bits[i] {
				sure++
			}
		}
		if float64(sure) < linkShare*float64(len(one.pixels)) {
			continue
		}
		for _, i := range one.pixels {
			ink.bits[i] = true
		}
	}
	return ink
}

// component is ink that hangs together.
type component struct {
	pixels         []int // indices into the bitmap
	x0, y0, x1, y1 int   // bounds, the last ones included
}

func (p *component) width() int  { return p.x1 - p.x0 + 1 }
func (p *component) height() int { return p.y1 - p.y0 + 1 }

// components gives what hangs together in a bitmap, over corners too, from
// the top down.
func (b *bitmap) components() []component {
	seen := make([]bool, len(b.bits))
	var all []component
	var next []int
	for start, set := range b.bits {
		if !set || seen[start] {
			continue
		}
		one := component{x0: b.width, y0: b.height}
		seen[start] = true
		next = append(next[:0], start)
		for len(next) > 0 {
			i := next[len(next)-1]
			next = next[:len(next)-1]
			one.pixels = append(one.pixels, i)
			x, y := i%b.width, i/b.width
			one.x0, one.x1 = min(one.x0, x), max(one.x1, x)
			one.y0, one.y1 = min(one.y0, y), max(one.y1, y)
			for dy := -1; dy <= 1; dy++ {
				for dx := -1; dx <= 1; dx++ {
					if j := i + dy*b.width + dx; b.get(x+dx, y+dy) && !seen[j] {
						seen[j] = true
						next = append(next, j)
					}
				}
			}
		}
		all = append(all, one)
	}
	return all
}

// erase unsets a component's pixels.
func (b *bitmap) erase(p *component) {
	for _, i := range p.pixels {
		b.bits[i] = false
	}
}
