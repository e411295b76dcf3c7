package document

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/fixtures/hostile"
	"guichet/pipeline/claim"
)

// FuzzFrame reads messages as a worker and its parent do, the length of which
// the other side decides: none is longer than allowed, and what was read is
// what was written.
func FuzzFrame(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x03abc"), uint16(3))
	f.Add([]byte("\x00\x00\x00\x00\x00\x00\x00\x03ab"), uint16(9))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff"), uint16(9))
	f.Fuzz(func(t *testing.T, data []byte, most uint16) {
		in := bytes.NewReader(data)
		for {
			at := len(data) - in.Len()
			message, err := readFrame(in, uint64(most))
			if err != nil {
				break
			}
			if len(message) > int(most) {
				t.Fatalf("%d bytes; allowed are %d", len(message), most)
			}
			var out bytes.Buffer
			if err := writeFrame(&out, message); err != nil || !bytes.Equal(out.Bytes(), data[at:len(data)-in.Len()]) {
				t.Fatalf("%q written anew is %q, %v", message, out.Bytes(), err)
			}
		}
	})
}

// FuzzRaster reads the picture that a worker sends: it has the pixels that it
// says, or there is none.
func FuzzRaster(f *testing.F) {
	f.Add(slices.Concat((&raster{width: 2, height: 1, scale: 1}).header(), []byte("ab")))
	f.Add((&raster{width: math.MaxUint32, height: math.MaxUint32, scale: math.NaN()}).header())
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, message []byte) {
		picture, err := readRaster(message)
		if err != nil || picture == nil {
			return
		}
		if picture.width*picture.height != len(picture.pixels) || len(picture.pixels) > maxRaster || !(picture.scale > 0) {
			t.Fatalf("%d × %d, scale %g, %d pixels", picture.width, picture.height, picture.scale, len(picture.pixels))
		}
		small := picture.shrunk(picture.scale / 2)
		if small.width*small.height != len(small.pixels) {
			t.Fatalf("shrunk to %d × %d with %d pixels", small.width, small.height, len(small.pixels))
		}
	})
}

// FuzzFilter undoes the filters of object and cross-reference streams: what
// comes out is bounded, and stored bytes come out as they went in.
func FuzzFilter(f *testing.F) {
	f.Add([]byte("\x02abc\x02abc"), "12", "3", true)
	f.Add([]byte("\x04abc"), "15", "65536", true)
	f.Add([]byte("x\x9c"), "-1", "0", false)
	f.Fuzz(func(t *testing.T, data []byte, predictor, columns string, compress bool) {
		stream := pdfStream{dict: pdfDict{"Filter": pdfName("FlateDecode")}, data: data}
		if compress {
			var b bytes.Buffer
			w := zlib.NewWriter(&b)
			if _, err := w.Write(data); err != nil || w.Close() != nil {
				t.Fatal(err)
			}
			stream.data = b.Bytes()
		}
		d := &revisionDocument{shared: &sharedObjects{}}
		plain, err := d.decode(stream)
		if compress && (err != nil || !bytes.Equal(plain, data)) {
			t.Fatalf("%q came out as %q, %v", data, plain, err)
		}
		stream.dict["DecodeParms"] = pdfDict{"Predictor": pdfNumber(predictor), "Columns": pdfNumber(columns)}
		predicted, err := d.decode(stream)
		if err == nil && len(predicted) > len(plain) {
			t.Fatalf("%d bytes are %d before the predictor", len(predicted), len(plain))
		}
	})
}

// FuzzStructure has the object model read any bytes: it ends, and tells of
// active content what is known, in order, and of pages those that there may be.
func FuzzStructure(f *testing.F) {
	f.Add(sheet{catalog: "/OpenAction<</S/JavaScript/JS(1)>>", resources: "/Pattern<</P 10 0 R>>", objects: []string{
		streamObject("/PatternType 1", "0 0 9 9 re f"),
	}}.bytes())
	for _, file := range hostile.Files() {
		if strings.HasPrefix(file.Name, "loop-") {
			f.Add(file.Make())
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		const pages = 3
		found := readStructure(data, pages)
		at := -1
		for _, kind := range found.active {
			next := slices.Index([]string{activeJavaScript, activeLaunch, activeEmbeddedFile}, kind)
			if next <= at {
				t.Fatalf("active content %q", found.active)
			}
			at = next
		}
		for page := range found.patterned {
			if page < 0 || page >= pages {
				t.Fatalf("page %d of %d", page, pages)
			}
		}
		findFields(found.context)
	})
}

// FuzzWords makes words of any letters in any places, numbers that are none
// among them: each word says something, and none is made of nothing.
func FuzzWords(f *testing.F) {
	f.Add([]byte("BON de commande n\u00b0 12\u00bf"), []byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte("e\u00b4 \u00a8u\u00f7u"), []byte{0xff, 0xf8, 0, 0, 0, 0, 0, 0, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0})
	f.Add([]byte("\x0b\x1b\u00ad\ufffe"), []byte{})
	f.Fuzz(func(t *testing.T, text, places []byte) {
		if len(text) > 4<<10 || !utf8.Valid(text) {
			return
		}
		glyphs := glyphsOf(text, places)
		letters := len(glyphs)
		words := makeWords(joinAccents(glyphs), []annotation{{kind: annotationWidget, field: fieldText, value: string(text), shown: true}})
		for _, word := range words {
			if word.Text == "" || !utf8.ValidString(word.Text) {
				t.Fatalf("the word %q", word.Text)
			}
		}
		if own := slices.DeleteFunc(slices.Clone(words), func(w claim.Word) bool { return w.Form }); len(own) > letters {
			t.Fatalf("%d words of %d letters", len(own), letters)
		}
		again := makeWords(joinAccents(glyphsOf(text, places)), []annotation{{kind: annotationWidget, field: fieldText, value: string(text), shown: true}})
		if diff := cmp.Diff(words, again, cmpopts.EquateNaNs()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// glyphsOf sets letters, of which eight bytes each give one of the numbers that
// say where, and how large.
func glyphsOf(text, places []byte) []glyph {
	number := func() float64 {
		if len(places) < 8 {
			places = nil
			return 10
		}
		bits := binary.BigEndian.Uint64(places)
		places = places[8:]
		return math.Float64frombits(bits)
	}
	var glyphs []glyph
	object := &textObject{em: 12, size: 12, cos: 1, upright: true}
	x := 0.0
	for i, r := range string(text) {
		if i%7 == 6 {
			object = &textObject{em: number(), size: 12, cos: 1, upright: i%2 == 0, base: number(), turn: i % 360}
		}
		said := spell(r, i%2 == 0)
		if said == "" || blankRune(r) {
			x += number()
			continue
		}
		one := glyph{text: said, object: object, box: claim.Rect{x, number(), x + number(), number()}, afterBlank: i%5 == 0, hidden: i%11 == 0}
		one.ink = one.box
		one.measure()
		glyphs = append(glyphs, one)
		x = one.box[2]
	}
	return glyphs
}
