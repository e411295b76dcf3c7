package document

import (
	"math"
	"slices"
)

// view is a picture made from a part of a page's raster for reading: turned
// upright, straightened, evenly lit. place tells where its pixels lie.
type view struct {
	raster
	place matrix // from its pixels to the page's raster
}

// whole is the view of all of a raster.
func whole(r *raster) *view { return &view{raster: *r, place: matrix{1, 0, 0, 1, 0, 0}} }

// part is the view of the pixels from (x0, y0) to before (x1, y1).
func (v *view) part(x0, y0, x1, y1 int) *view {
	cut := &view{place: matrix{1, 0, 0, 1, float64(x0), float64(y0)}.then(v.place)}
	cut.raster = raster{width: x1 - x0, height: y1 - y0, scale: v.scale, pixels: make([]byte, 0, (x1-x0)*(y1-y0))}
	for y := y0; y < y1; y++ {
		cut.pixels = append(cut.pixels, v.pixels[y*v.width+x0:y*v.width+x1]...)
	}
	return cut
}

// without is the view with the pixels white that lie in a rectangle of the
// page's raster.
func (v *view) without(r [4]int) *view {
	rest := *v
	rest.pixels = slices.Clone(v.pixels)
	for i := range rest.pixels {
		x, y := v.place.point(i%v.width, i/v.width)
		if x >= float64(r[0]) && x < float64(r[2]) && y >= float64(r[1]) && y < float64(r[3]) {
			rest.pixels[i] = 255
		}
	}
	return &rest
}

// turned is the view turned clockwise by so many quarters.
func (v *view) turned(quarters int) *view {
	w, h := v.width, v.height
	turned := &view{raster: raster{width: h, height: w, scale: v.scale, pixels: make([]byte, len(v.pixels))}}
	switch quarters & 3 {
	case 0:
		return v
	case 1: // what was below left comes to the top left
		for y := range w {
			for x := range h {
				turned.pixels[y*h+x] = v.pixels[(h-1-x)*w+y]
			}
		}
		turned.place = matrix{0, -1, 1, 0, 0, float64(h)}.then(v.place)
	case 2:
		turned.width, turned.height = w, h
		for i, pixel := range v.pixels {
			turned.pixels[len(v.pixels)-1-i] = pixel
		}
		turned.place = matrix{-1, 0, 0, -1, float64(w), float64(h)}.then(v.place)
	case 3: // what was above right comes to the top left
		for y := range w {
			for x := range h {
				turned.pixels[y*h+x] = v.pixels[x*w+w-1-y]
			}
		}
		turned.place = matrix{0, 1, -1, 0, float64(w), 0}.then(v.place)
	}
	return turned
}

// small is the view at a smaller scale; itself when it is no larger.
func (v *view) small(scale float64) *view {
	shrunk := v.shrunk(scale)
	if shrunk == &v.raster {
		return v
	}
	x, y := float64(v.width)/float64(shrunk.width), float64(v.height)/float64(shrunk.height)
	return &view{raster: *shrunk, place: matrix{x, 0, 0, y, 0, 0}.then(v.place)}
}

// contrast is how much darker than the paper ink is, in shades of grey, at the
// least.
const contrast = 40

// blank tells whether nothing shows on the picture.
func (r *raster) blank() bool {
	light, dark := byte(0), byte(255)
	for _, pixel := range r.pixels {
		light, dark = max(light, pixel), min(dark, pixel)
	}
	return int(light)-int(dark) < contrast
}

// tile is the side, in points, of the squares whose paper is taken to be
// evenly lit.
const tile = 12.0

// uneven is by how many shades of grey the paper's light may differ over the
// page before the picture is evened out.
const uneven = 24

// evenLight gives the picture with its paper made white, when it is lit
// unevenly, as photos are; else the picture itself.
func (v *view) evenLight() *view {
	side := max(int(tile*v.scale), 8)
	columns, rows := (v.width+side-1)/side, (v.height+side-1)/side
	if columns < 3 || rows < 3 {
		return v
	}
	paper := v.paper(side, columns, rows)
	sorted := slices.Sorted(slices.Values(paper))
	if sorted[len(sorted)*9/10]-sorted[len(sorted)/10] < uneven {
		return v
	}
	even := &view{raster: v.raster, place: v.place}
	even.pixels = make([]byte, len(v.pixels))
	for y := range v.height {
		row, dy := cell(y, side, rows)
		for x := range v.width {
			column, dx := cell(x, side, columns)
			i := row*columns + column
			light := (paper[i]*(1-dx)+paper[i+1]*dx)*(1-dy) + (paper[i+columns]*(1-dx)+paper[i+columns+1]*dx)*dy
			even.pixels[y*v.width+x] = byte(min(float64(v.pixels[y*v.width+x])*255/max(light, 1), 255))
		}
	}
	return even
}

// cell gives the tile whose centre lies before a pixel, and how far the pixel
// is on the way to the next one's.
func cell(pixel, side, tiles int) (int, float64) {
	at := float64(pixel)/float64(side) - 0.5
	first := min(max(int(math.Floor(at)), 0), tiles-2)
	return first, min(max(at-float64(first), 0), 1)
}

// paper gives the shade of the paper for each tile: what nine tenths of its
// pixels are darker than; in tiles that ink fills, that of the lightest neighbour.
func (v *view) paper(side, columns, rows int) []float64 {
	shades := make([]float64, columns*rows)
	for row := range rows {
		for column := range columns {
			var counts [256]int
			n := 0
			for y := row * side; y < min((row+1)*side, v.height); y++ {
				for _, pixel := range v.pixels[y*v.width+column*side : y*v.width+min((column+1)*side, v.width)] {
					counts[pixel]++
					n++
				}
			}
			shade := 255
			for above := counts[255]; above*10 < n && shade > 0; above += counts[shade] {
				shade--
			}
			shades[row*columns+column] = float64(shade)
		}
	}
	lightest := make([]float64, len(shades))
	for row := range rows {
		for column := range columns {
			for y := max(row-1, 0); y <= min(row+1, rows-1); y++ {
				for x := max(column-1, 0); x <= min(column+1, columns-1); x++ {
					i := row*columns + column
					lightest[i] = max(lightest[i], shades[y*columns+x])
				}
			}
		}
	}
	return lightest
}

// The search for skew: up to so many degrees either way, on a picture of so
// many pixels a point. Less than straight is left as it is.
const (
	mostSkew  = 8.0
	skewScale = 1.25
	straight  = 0.4
)

// skew gives by how many degrees the lines of a picture fall to the right: the
// angle under which its rows differ most between lines and the blanks between
// them.
func (v *view) skew() float64 {
	small := v.small(skewScale)
	dark := small.dark()
	if len(dark) < 200 {
		return 0
	}
	best, bestScore := 0.0, 0.0
	try := func(degrees float64) {
		if score := small.profile(dark, degrees); score > bestScore {
			best, bestScore = degrees, score
		}
	}
	for step := -16; step <= 16; step++ {
		try(mostSkew / 16 * float64(step))
	}
	for coarse, step := best, -4; step <= 4; step++ {
		try(coarse + 0.1*float64(step))
	}
	if bestScore < 1.1*small.profile(dark, 0) {
		return 0
	}
	return best
}

// dark lists the pixels that are much darker than the paper around them.
func (v *view) dark() [][2]int {
	even := v.evenLight()
	var counts [256]int
	for _, pixel := range even.pixels {
		counts[pixel]++
	}
	paper := 255
	for above := counts[255]; above*2 < len(even.pixels) && paper > 0; above += counts[paper] {
		paper--
	}
	var dark [][2]int
	for i, pixel := range even.pixels {
		if int(pixel) < paper-2*contrast {
			dark = append(dark, [2]int{i % v.width, i / v.width})
		}
	}
	return dark
}

// profile tells how much the rows of a picture differ from one to the next
// when its lines fall by so many degrees.
func (v *view) profile(dark [][2]int, degrees float64) float64 {
	slope := math.Tan(degrees * math.Pi / 180)
	offset := int(math.Abs(slope)*float64(v.width)) + 1
	rows := make([]int, v.height+2*offset+1)
	for _, at := range dark {
		rows[at[1]+offset-int(math.Round(slope*float64(at[0])))]++
	}
	score := 0.0
	for i := 1; i < len(rows); i++ {
		d := float64(rows[i] - rows[i-1])
		score += d * d
	}
	return score
}

// straightened gives the picture turned so that its lines run level.
func (v *view) straightened() *view {
	degrees := v.skew()
	if math.Abs(degrees) < straight {
		return v
	}
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	w, h := float64(v.width), float64(v.height)
	width := int(w*cos + h*math.Abs(sin))
	height := int(h*cos + w*math.Abs(sin))
	level := &view{raster: raster{width: width, height: height, scale: v.scale, pixels: make([]byte, width*height)}}
	// A pixel (x, y) of the new picture, from its centre, lies at
	// (x·cos − y·sin, x·sin + y·cos) of the old one, from its centre.
	turn := matrix{cos, sin, -sin, cos, w/2 - (float64(width)*cos-float64(height)*sin)/2, h/2 - (float64(width)*sin+float64(height)*cos)/2}
	level.place = turn.then(v.place)
	for y := range height {
		for x := range width {
			u := float64(x)*turn[0] + float64(y)*turn[2] + turn[4]
			t := float64(x)*turn[1] + float64(y)*turn[3] + turn[5]
			level.pixels[y*width+x] = v.between(u, t)
		}
	}
	return level
}

// between gives the shade at a place between pixels; white outside.
func (v *view) between(x, y float64) byte {
	if x < 0 || y < 0 || x > float64(v.width-1) || y > float64(v.height-1) {
		return 255
	}
	column, row := min(int(x), v.width-2), min(int(y), v.height-2)
	if column < 0 || row < 0 {
		return 255
	}
	dx, dy := x-float64(column), y-float64(row)
	i := row*v.width + column
	above := float64(v.pixels[i])*(1-dx) + float64(v.pixels[i+1])*dx
	below := float64(v.pixels[i+v.width])*(1-dx) + float64(v.pixels[i+v.width+1])*dx
	return byte(above*(1-dy) + below*dy + 0.5)
}
