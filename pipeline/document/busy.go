package document

// A letter over strokes changes the page's picture wherever it stands, and yet
// nobody reads it: that is how a text layer in the colour of the paper or of
// the ink lies over the lines of a scan.

// busyStrokes is how strong the strokes behind a letter are that make it
// illegible: as a share of the strongest difference that the letter makes.
const busyStrokes = 0.5

// busy tells whether a glyph, which shows, stands on strokes: where its ink
// is, the picture without it has both darker and lighter pixels, a tenth of
// either at least.
func (p *picture) busy(without *picture, one *glyph, sight sight) bool {
	box := one.ink
	x0, x1 := span(box[0]*p.scale-float64(p.left), box[2]*p.scale-float64(p.left), p.width)
	y0, y1 := span(box[1]*p.scale-float64(p.top), box[3]*p.scale-float64(p.top), p.height)
	darkest, lightest := byte(255), byte(0)
	for y := y0; y < y1; y++ {
		for _, shade := range without.pixels[y*p.stride+x0 : y*p.stride+x1] {
			darkest, lightest = min(darkest, shade), max(lightest, shade)
		}
	}
	if int(lightest)-int(darkest) < sight.contrast {
		return false // nothing lies behind most letters
	}
	var shades [256]int
	strongest, all := 0, 0
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			i := y*p.stride + x
			shades[without.pixels[i]]++
			all++
			strongest = max(strongest, int(p.pixels[i])-int(without.pixels[i]), int(without.pixels[i])-int(p.pixels[i]))
		}
	}
	dark, light := quantile(&shades, all/10), quantile(&shades, all-1-all/10)
	return light-dark >= sight.contrast && float64(light-dark) >= busyStrokes*float64(strongest)
}

// quantile is the shade of the n-th darkest pixel, from 0.
func quantile(shades *[256]int, n int) int {
	for shade, count := range shades {
		if n -= count; n < 0 {
			return shade
		}
	}
	return len(shades) - 1
}

// A page on which letters stand on strokes is read as a picture: under images
// as soon as they are as many as the shortest of mentions, since such a page is
// a scan; elsewhere where they are so large a share of all that they are no
// signature over a name.
const (
	mostBusy      = 5
	mostBusyShare = 0.2
)

// overprinted tells whether too many of a page's visible letters stand on
// strokes.
func overprinted(glyphs []glyph, seen surface) bool {
	busy, all := 0, 0
	for i := range glyphs {
		if one := &glyphs[i]; !one.hidden && one.telling() {
			all++
			if one.busy {
				busy++
			}
		}
	}
	return busy > mostBusy && (seen.Images > scanImage || float64(busy) > mostBusyShare*float64(all))
}
