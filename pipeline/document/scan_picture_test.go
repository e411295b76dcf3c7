package document

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guichet/pipeline/claim"
)

// However a view is made, its pixels say where they lie.
func TestViewsKnowTheirPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		width, height := rapid.IntRange(1, 12).Draw(t, "width"), rapid.IntRange(1, 12).Draw(t, "height")
		page := &raster{width: width, height: height, scale: 1, pixels: rapid.SliceOfN(rapid.Byte(), width*height, width*height).Draw(t, "pixels")}
		v := whole(page)
		for range rapid.IntRange(0, 4).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "turn") {
				v = v.turned(rapid.IntRange(0, 3).Draw(t, "quarters"))
				continue
			}
			x0, y0 := rapid.IntRange(0, v.width-1).Draw(t, "left"), rapid.IntRange(0, v.height-1).Draw(t, "top")
			v = v.part(x0, y0, rapid.IntRange(x0+1, v.width).Draw(t, "right"), rapid.IntRange(y0+1, v.height).Draw(t, "bottom"))
		}
		for y := range v.height {
			for x := range v.width {
				x0, y0 := v.place.point(x, y)
				x1, y1 := v.place.point(x+1, y+1)
				if at := int(min(y0, y1))*width + int(min(x0, x1)); v.pixels[y*v.width+x] != page.pixels[at] {
					t.Fatalf("pixel %d,%d of %d×%d is not pixel %d of the page", x, y, v.width, v.height, at)
				}
			}
		}
	})
}

func TestSkew(t *testing.T) {
	paper := print(t, a4Width, a4Height, 100, orderLines)
	for _, degrees := range []float64{0, 0.3, 1, -2.5, 4, -7} {
		img := paper.skewed(degrees)
		v := whole(&raster{width: img.Rect.Dx(), height: img.Rect.Dy(), scale: 100.0 / 72, pixels: img.Pix})
		if got := v.skew(); math.Abs(got-degrees) > 0.3 {
			t.Errorf("skew of %.1f degrees; want %.1f", got, degrees)
		}
		if left := v.straightened().skew(); math.Abs(left) > 0.5 {
			t.Errorf("of %.1f degrees, %.1f are left", degrees, left)
		}
	}
}

func TestRasterWire(t *testing.T) {
	sound := &raster{width: 3, height: 2, scale: 2.5, pixels: []byte{1, 2, 3, 4, 5, 6}}
	read, err := readRaster(append(sound.header(), sound.pixels...))
	if err != nil || read.width != 3 || read.height != 2 || read.scale != 2.5 || string(read.pixels) != string(sound.pixels) {
		t.Errorf("%+v, %v", read, err)
	}
	if read, err := readRaster((&raster{}).header()); read != nil || err != nil {
		t.Errorf("a page that could not be drawn: %+v, %v", read, err)
	}
	for name, message := range map[string][]byte{
		"nothing":            nil,
		"a byte less":        append(sound.header(), 1, 2, 3, 4, 5),
		"a byte more":        append(sound.header(), 1, 2, 3, 4, 5, 6, 7),
		"no scale":           append((&raster{width: 1, height: 1}).header(), 9),
		"a scale of nothing": append((&raster{width: 1, height: 1, scale: math.NaN()}).header(), 9),
		"too large":          append((&raster{width: 1 << 31, height: 1 << 31, scale: 1}).header(), 9),
	} {
		if read, err := readRaster(message); err == nil {
			t.Errorf("%s: %+v", name, read)
		}
	}
	if page, scale, err := readRasterOrder(rasterOrder(49, 300.0/72)); page != 49 || scale != 300.0/72 || err != nil {
		t.Errorf("page %d at %g, %v", page, scale, err)
	}
	for _, order := range [][]byte{nil, rasterOrder(0, 0), rasterOrder(0, -1), rasterOrder(0, math.NaN()), rasterOrder(0, math.Inf(1))} {
		if _, _, err := readRasterOrder(order); err == nil {
			t.Errorf("order %v was taken", order)
		}
	}
}

func TestShowing(t *testing.T) {
	tests := []struct {
		text string
		want int
	}{
		{"", 0},
		{"FINESS 631781929 du 14/12/2023, 1 254,67 € pharmacie@exemple.fr", 4},
		{"FINESS 631781928", 0},          // wrong key
		{"FINESS 63 178 192 9 ;", 1},     // in groups
		{"99 631781929", 1},              // beside other digits
		{"SIRET 63178192900000", 0},      // within others
		{"le 1er février 2023", 1},       // a date in words
		{"le 14/12/20Z3", 0},             // misread
		{"pharmacie@exemple .fr", 0},     // torn apart
		{"montant : 254,6 puis 7,", 0},   // half an amount
		{"12,50", 1},                     // without a currency
		{"version 12,501 du produit", 0}, // no amount
	}
	for _, test := range tests {
		var words []claim.Word
		for word := range strings.FieldsSeq(test.text) {
			words = append(words, claim.Word{Text: word})
		}
		if got := showing(words); got != test.want {
			t.Errorf("%q shows %d; want %d", test.text, got, test.want)
		}
	}
}
