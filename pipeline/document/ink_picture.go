package document

import (
	"bytes"
	"image"
	"image/png"
	"math"

	"guichet/pipeline/claim"
)

// upright is a page turned so that its text reads from left to right: scans
// often lie on their side, or upside down.
type upright struct {
	picture       *raster
	turn          int     // quarter turns, clockwise, from the reading direction of its text to rightwards
	width, height float64 // in points, as turned
	words         []claim.Word
}

// newUpright turns a page by the direction in which most of its words follow
// one another.
func newUpright(picture *raster, page *claim.Page) upright {
	u := upright{picture: picture, width: float64(picture.width) / picture.scale, height: float64(picture.height) / picture.scale}
	var ways [4]float64 // towards the right, bottom, left, top
	var last *claim.Word
	for i := range page.Words {
		word := &page.Words[i]
		if word.Hidden {
			continue
		}
		if last != nil && word.Gap == claim.GapBlank {
			x := (word.Rect[0] + word.Rect[2] - last.Rect[0] - last.Rect[2]) / 2
			y := (word.Rect[1] + word.Rect[3] - last.Rect[1] - last.Rect[3]) / 2
			switch {
			case math.Abs(x) >= math.Abs(y) && x > 0:
				ways[0] += x
			case math.Abs(x) >= math.Abs(y):
				ways[2] -= x
			case y > 0:
				ways[1] += y
			default:
				ways[3] -= y
			}
		}
		last = word
	}
	for turn, way := range ways {
		if way > ways[u.turn] {
			u.turn = turn
		}
	}
	if u.turn%2 == 1 {
		u.width, u.height = u.height, u.width
	}
	for _, word := range page.Words {
		if word.Rect = u.fromPage(word.Rect); !word.Hidden && finite(word.Rect) {
			u.words = append(u.words, word)
		}
	}
	return u
}

func finite(r claim.Rect) bool {
	sum := r[0] + r[1] + r[2] + r[3]
	return !math.IsNaN(sum) && !math.IsInf(sum, 0)
}

// fromPage turns a rectangle of the page as displayed.
func (u upright) fromPage(r claim.Rect) claim.Rect {
	switch u.turn {
	case 1: // text runs downwards: the page's bottom is at the right
		return claim.Rect{r[1], u.height - r[2], r[3], u.height - r[0]}
	case 2:
		return claim.Rect{u.width - r[2], u.height - r[3], u.width - r[0], u.height - r[1]}
	case 3:
		return claim.Rect{u.width - r[3], r[0], u.width - r[1], r[2]}
	}
	return r
}

// toPage is the reverse of fromPage.
func (u upright) toPage(r claim.Rect) claim.Rect {
	switch u.turn {
	case 1:
		return claim.Rect{u.height - r[3], r[0], u.height - r[1], r[2]}
	case 2:
		return claim.Rect{u.width - r[2], u.height - r[3], u.width - r[0], u.height - r[1]}
	case 3:
		return claim.Rect{r[1], u.width - r[2], r[3], u.width - r[0]}
	}
	return r
}

// index gives where a pixel of the turned picture lies in the picture.
func (u upright) index(x, y int) int {
	p := u.picture
	switch u.turn {
	case 1:
		x, y = p.width-1-y, x
	case 2:
		x, y = p.width-1-x, p.height-1-y
	case 3:
		x, y = y, p.height-1-x
	}
	return y*p.width + x
}

// within keeps of a rectangle what lies on the page.
func (u upright) within(r claim.Rect) claim.Rect {
	return claim.Rect{
		min(max(r[0], 0), u.width), min(max(r[1], 0), u.height),
		max(min(r[2], u.width), 0), max(min(r[3], u.height), 0),
	}
}

// Sizes of what is cut out of a page.
const (
	// inkScale is the pixels a point at which ink is measured, where the
	// page's picture has as many: those of 200 dpi.
	inkScale = 200.0 / 72
	// mostPixels bounds a cutting; a larger one is measured coarser.
	mostPixels = 1 << 20
	// mostPNG is the size of a block's picture, in bytes.
	mostPNG = 64 << 10
)

// cutting is part of a page's picture.
type cutting struct {
	width, height int
	scale         float64 // pixels a point
	left, top     float64 // on the upright page, in points
	shades        []byte
}

// cut takes a rectangle out of the picture, each pixel the mean of those it
// stands for. A rectangle without a pixel gives a cutting without one.
func (u upright) cut(r claim.Rect) cutting {
	r = u.within(r)
	scale := u.picture.scale
	x0, y0 := int(r[0]*scale), int(r[1]*scale)
	x1, y1 := int(math.Ceil(r[2]*scale)), int(math.Ceil(r[3]*scale))
	across, down := u.picture.width, u.picture.height
	if u.turn%2 == 1 {
		across, down = down, across
	}
	x1, y1 = min(x1, across), min(y1, down)
	if x1 <= x0 || y1 <= y0 {
		return cutting{scale: scale}
	}
	shrink := max(1, scale/inkScale, math.Sqrt(float64(x1-x0)*float64(y1-y0)/mostPixels))
	c := cutting{
		width: max(1, int(float64(x1-x0)/shrink)), height: max(1, int(float64(y1-y0)/shrink)),
		scale: scale / shrink, left: float64(x0) / scale, top: float64(y0) / scale,
	}
	c.shades = make([]byte, c.width*c.height)
	for y := range c.height {
		fromY, toY := y0+int(float64(y)*shrink), y0+int(math.Ceil(float64(y+1)*shrink))
		toY = max(min(toY, y1), fromY+1)
		for x := range c.width {
			fromX, toX := x0+int(float64(x)*shrink), x0+int(math.Ceil(float64(x+1)*shrink))
			toX = max(min(toX, x1), fromX+1)
			sum := 0
			for yy := fromY; yy < toY; yy++ {
				for xx := fromX; xx < toX; xx++ {
					sum += int(u.picture.pixels[u.index(xx, yy)])
				}
			}
			c.shades[y*c.width+x] = byte(sum / ((toX - fromX) * (toY - fromY))) //nolint:gosec // a mean of bytes
		}
	}
	return c
}

// pixels gives the pixels of a rectangle of the page: from (x0, y0) to before
// (x1, y1), all within the cutting.
func (c *cutting) pixels(r claim.Rect) (x0, y0, x1, y1 int) {
	clip := func(points float64, limit int) int {
		return int(min(max(points*c.scale, 0), float64(limit)))
	}
	return clip(r[0]-c.left, c.width), clip(r[1]-c.top, c.height),
		clip(r[2]-c.left+1/c.scale, c.width), clip(r[3]-c.top+1/c.scale, c.height)
}

// points gives the rectangle of pixels from (x0, y0) to before (x1, y1).
func (c *cutting) points(x0, y0, x1, y1 int) claim.Rect {
	return claim.Rect{
		c.left + float64(x0)/c.scale, c.top + float64(y0)/c.scale,
		c.left + float64(x1)/c.scale, c.top + float64(y1)/c.scale,
	}
}

// picture encodes a rectangle of the page as a PNG of at most mostPNG bytes,
// as large as that allows.
func (u upright) pictureOf(r claim.Rect) []byte {
	c := u.cut(r)
	for shrink := 1.0; c.width > 0; shrink *= 0.8 {
		w, h := max(1, int(float64(c.width)*shrink)), max(1, int(float64(c.height)*shrink))
		img := image.NewGray(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				img.Pix[y*img.Stride+x] = c.mean(x, y, w, h)
			}
		}
		var out bytes.Buffer
		if err := png.Encode(&out, img); err != nil {
			return nil // not of a picture in memory
		}
		if out.Len() <= mostPNG {
			return out.Bytes()
		}
	}
	return nil
}

// mean gives the shade of pixel (x, y) of the cutting drawn w by h pixels large.
func (c *cutting) mean(x, y, w, h int) byte {
	x0, x1 := x*c.width/w, max((x+1)*c.width/w, x*c.width/w+1)
	y0, y1 := y*c.height/h, max((y+1)*c.height/h, y*c.height/h+1)
	sum := 0
	for yy := y0; yy < y1; yy++ {
		for xx := x0; xx < x1; xx++ {
			sum += int(c.shades[yy*c.width+xx])
		}
	}
	return byte(sum / ((x1 - x0) * (y1 - y0))) //nolint:gosec // a mean of bytes
}
