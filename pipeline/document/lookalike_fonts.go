package document

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// typefaces are those with which letters are compared: pdfium brings them.
var typefaces = []string{
	"Helvetica", "Helvetica-Bold", "Helvetica-Oblique", "Times-Roman", "Times-Bold", "Times-Italic", "Courier", "Courier-Bold", "Courier-Oblique",
}

const (
	digits  = "0123456789"
	letters = digits + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// twins are letters of one shape, or of none: a bare stroke fills its box.
var twins = func() (alike [128][128]bool) {
	for _, set := range []string{"0Oo", "1lIijJ", "2zZ", "5sS", "6b", "8B", "9gq", "cC", "fF", "kK", "mM", "nN", "pP", "tT", "uU", "vV", "wW", "xX", "yY"} {
		for _, a := range set {
			for _, b := range set {
				alike[a][b] = true
			}
		}
	}
	return alike
}()

// knownLook is a letter as a typeface draws it.
type knownLook struct {
	letter byte
	look   look
}

var errLetters = errors.New("pdfium does not draw the letters of its own typefaces")

// learnLetters draws the letters that others are compared with. It is for a
// sandbox in which nothing was done yet.
func (s *sandbox) learnLetters() error {
	sheet := letterSheet()
	err := guard(func() {
		buffer := s.keep(sheet)
		document := handle(s.do("FPDF_LoadMemDocument64", buffer, uint64(len(sheet)), 0))
		page := handle(s.do("FPDF_LoadPage", uint64(document), 0))
		g := s.loadGeometry(page)
		glyphs := s.readGlyphs(handle(s.do("FPDFText_LoadPage", uint64(page))), g)
		for _, list := range byObject(glyphs, func(*glyph) bool { return true }) {
			picture, _ := s.drawText(document, page, g, glyphs[list[0]].object, lookKnown)
			for _, i := range list {
				if l, ok := picture.look(&glyphs[i], 0, 0); ok {
					s.known = append(s.known, knownLook{glyphs[i].letter(), l})
				}
			}
		}
	})
	if err == nil && len(s.known) != len(typefaces)*len(letters) {
		err = errLetters
	}
	if err != nil {
		return err
	}
	return s.reset()
}

// letterSheet is a document of all letters in all typefaces.
func letterSheet() []byte {
	var fonts, content strings.Builder
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>"}
	for i, name := range typefaces {
		fmt.Fprintf(&fonts, "/F%d<</Type/Font/Subtype/Type1/BaseFont/%s/Encoding/WinAnsiEncoding>>", i, name)
		fmt.Fprintf(&content, "BT /F%d 10 Tf 2 Tc 20 %d Td (%s) Tj ET\n", i, 30*(i+1), letters)
	}
	objects = append(objects,
		fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 900 300]/Contents 4 0 R/Resources<</Font<<%s>>>>>>", fonts.String()),
		fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", content.Len(), content.String()))
	var sheet bytes.Buffer
	sheet.WriteString("%PDF-1.4\n")
	for i, object := range objects { // readers make the table of objects themselves
		fmt.Fprintf(&sheet, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	sheet.WriteString("trailer\n<</Root 1 0 R>>\n%%EOF\n")
	return sheet.Bytes()
}

// letter is the one letter or digit without accents that a glyph says it is;
// 0 for all others.
func (one *glyph) letter() byte {
	text := one.text
	if len(text) > 1 {
		text = norm.NFKC.String(text) // as mentions are read
	}
	if len(text) != 1 || !strings.Contains(letters, text) {
		return 0
	}
	return text[0]
}

// What tells that a letter is not what it is said to be. The digits of ordinary
// faces are like those of their name by 0.54 and more, and more like them than
// like any other; most digits that are others are below 0.45, and nearly all of
// the rest are more like another by 0.1.
const (
	unlikeDigit  = 0.45
	otherDigit   = 0.08 // by how much it is more like another one
	surelyDigit  = 0.85
	unlikeLetter = 0.55
	otherLetter  = 0.15
	flat         = 2.5 // breadth to height of a dash
)

// compare tells how alike a look is to that of the letter it is said to be, and
// to that of others of its kind, at most; of the others nothing, -1, where it is
// alike enough.
func (s *sandbox) compare(said byte, l *look) (own, other float64) {
	own, other = -1, -1
	enough := surelyDigit
	if !isDigit(said) {
		enough = unlikeLetter
	}
	for i := range s.known {
		if k := &s.known[i]; k.letter == said || !isDigit(said) && twins[said][k.letter] {
			own = max(own, l.like(&k.look))
		}
	}
	if own >= enough {
		return own, other
	}
	for i := range s.known {
		if k := &s.known[i]; isDigit(k.letter) == isDigit(said) && k.letter != said && (isDigit(said) || !twins[said][k.letter]) {
			other = max(other, l.like(&k.look))
		}
	}
	return own, other
}

// belies tells whether what is like two letters so much is not the first.
func belies(said byte, own, other float64) bool {
	if isDigit(said) {
		return own < unlikeDigit || other-own > otherDigit
	}
	return own < unlikeLetter && other-own > otherLetter
}

// belied tells whether a letter's picture is not that of the letter it is said
// to be: where it is most like any, since letters are set to whole pixels.
func (s *sandbox) belied(p *textPicture, one *glyph, said byte) bool {
	l, ok := p.look(one, 0, 0)
	if !ok {
		return isDigit(said)
	}
	own, other := s.compare(said, &l)
	if !belies(said, own, other) {
		return false
	}
	for _, off := range [][2]float64{{-1, 0}, {1, 0}, {0, -1}, {0, 1}, {-0.5, -0.5}, {-0.5, 0.5}, {0.5, -0.5}, {0.5, 0.5}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}} {
		if l, ok = p.look(one, off[0], off[1]); !ok {
			continue
		}
		if a, b := s.compare(said, &l); max(a, b) > max(own, other) {
			own, other = a, b
		}
	}
	return belies(said, own, other)
}

// shape is what letters that a font draws alike have in common: its handle,
// what they are said to be, and their ink, in thousandths of an em.
type shape struct {
	font                  uint64
	said                  byte
	breadth, height, base int
}

func (one *glyph) shape(font uint64) shape {
	_, across, breadth, height := one.outline()
	milli := func(length float64) int { return int(math.Round(min(max(1000*length/one.object.em, -1e6), 1e6))) }
	return shape{font, one.letter(), milli(breadth), milli(height), milli(across - one.object.base)}
}

// byObject sorts glyphs by their text objects, in the order of the page.
func byObject(glyphs []glyph, wanted func(*glyph) bool) [][]int {
	var lists [][]int
	at := map[*textObject]int{}
	for i := range glyphs {
		if !wanted(&glyphs[i]) {
			continue
		}
		n, known := at[glyphs[i].object]
		if !known {
			n, at[glyphs[i].object] = len(lists), len(lists)
			lists = append(lists, nil)
		}
		lists[n] = append(lists[n], i)
	}
	return lists
}

// Bounds of what is looked at on a page: more shapes or fonts than these no
// honest page has.
const (
	mostShapes   = 2000
	mostFonts    = 60
	lyingLetters = 2 // of a font: letters are less alike in all typefaces than digits
	// enoughLetters of a font, where texts with digits show as many, are all
	// that are looked at.
	enoughLetters = 12
)

// fontsLie tells whether a font of the page draws visible digits or letters
// other than it says, or too many to be looked at.
func (s *sandbox) fontsLie(document, page handle, g geometry, glyphs []glyph) bool {
	n := s.inspect(glyphs)
	if len(n.shapes) > mostShapes || len(n.fonts) > mostFonts {
		return true
	}
	// A text is drawn whole: those of digits alone come first.
	slices.SortStableFunc(n.texts, func(a, b shapedText) int { return cmp.Compare(b.dense, a.dense) })
	for _, text := range n.texts {
		if text.dense > 0 && n.news(text, isDigit) > 0 && n.lie(s, document, page, g, text) {
			return true
		}
	}
	known := map[uint64]int{} // letters of each font that the texts with digits have shown
	for number, key := range n.shapes {
		if n.seen[number] && !isDigit(key.said) {
			known[key.font]++
		}
	}
	for _, font := range n.fonts {
		if known[font] >= enoughLetters {
			continue
		}
		most, telling := 0, shapedText{}
		for _, text := range n.texts {
			if text.font != font {
				continue
			}
			if news := n.news(text, notDigit); news > most {
				most, telling = news, text
			}
		}
		if most > 0 && n.lie(s, document, page, g, telling) {
			return true
		}
	}
	return false
}

func notDigit(b byte) bool { return !isDigit(b) }

// inspection is what is known of the letters of a page.
type inspection struct {
	glyphs   []glyph
	texts    []shapedText
	fonts    []uint64
	shapes   []shape        // all there are
	seen     []bool         // of each shape
	counted  []int          // of each shape: in which count it was counted last
	counts   int            // how many there were
	suspects map[uint64]int // how many letters of a font are not what they are said to be
}

// shapedText is a text object: its visible letters and digits.
type shapedText struct {
	font   uint64
	glyphs []int
	shapes []int   // of each glyph, among those of the page
	dense  float64 // share of different digits among its letters
}

// inspect sorts a page's visible letters by text and shape.
func (s *sandbox) inspect(glyphs []glyph) *inspection {
	n := &inspection{glyphs: glyphs, suspects: map[uint64]int{}}
	at := map[shape]int{}
	for _, list := range byObject(glyphs, func(one *glyph) bool { return !one.hidden && one.letter() != 0 }) {
		text := shapedText{font: s.do("FPDFTextObj_GetFont", uint64(glyphs[list[0]].object.handle)), glyphs: list}
		for _, i := range list {
			key := glyphs[i].shape(text.font)
			number, known := at[key]
			if !known {
				number, at[key] = len(n.shapes), len(n.shapes)
				n.shapes = append(n.shapes, key)
			}
			text.shapes = append(text.shapes, number)
		}
		n.texts = append(n.texts, text)
		if !slices.Contains(n.fonts, text.font) && len(n.fonts) <= mostFonts {
			n.fonts = append(n.fonts, text.font)
		}
	}
	n.seen, n.counted = make([]bool, len(n.shapes)), make([]int, len(n.shapes))
	for i := range n.texts {
		n.texts[i].dense = float64(n.news(n.texts[i], isDigit)) / float64(len(n.texts[i].glyphs))
	}
	return n
}

// news counts the shapes of a kind that a text has and that were not looked at.
func (n *inspection) news(text shapedText, kind func(byte) bool) int {
	n.counts++
	found := 0
	for _, number := range text.shapes {
		if !n.seen[number] && n.counted[number] != n.counts && kind(n.shapes[number].said) {
			n.counted[number] = n.counts
			found++
		}
	}
	return found
}

// lie looks at the new shapes of a text, and tells whether its font lies.
func (n *inspection) lie(s *sandbox, document, page handle, g geometry, text shapedText) bool {
	em := lookEm
	object := n.glyphs[text.glyphs[0]].object
	if s.drawnByPage(object) {
		em = lookDrawn
	}
	picture, drawn := s.drawText(document, page, g, object, em)
	if drawn {
		defer s.tidy("FPDFBitmap_Destroy", picture.bitmap)
	}
	for k, i := range text.glyphs {
		number := text.shapes[k]
		if n.seen[number] {
			continue
		}
		n.seen[number] = true
		said := n.shapes[number].said
		if !s.belied(&picture, &n.glyphs[i], said) {
			continue
		}
		switch {
		case isDigit(said) && !loneDash(n.glyphs, i):
			return true
		case !isDigit(said) && !ligature(n.glyphs, i):
			if n.suspects[text.font]++; n.suspects[text.font] >= lyingLetters {
				return true
			}
		}
	}
	return false
}

// besideDash is how near a neighbour of a dash must be to be of its word, in ems.
const besideDash = 0.15

// loneDash tells whether a glyph is a dash that stands alone: ghostscript tells
// one as a digit, and no number is read of that.
func loneDash(glyphs []glyph, i int) bool {
	one := &glyphs[i]
	if _, _, breadth, height := one.outline(); !(breadth > flat*height) {
		return false
	}
	reach := besideDash * one.object.em
	for j := range glyphs {
		if box := glyphs[j].ink; j != i && box[0] < one.ink[2]+reach && box[2] > one.ink[0]-reach && box[1] < one.ink[3]+reach && box[3] > one.ink[1]-reach {
			return false
		}
	}
	return true
}

// ligature tells whether a letter is one of several that a glyph stands for.
func ligature(glyphs []glyph, i int) bool {
	same := func(j int) bool {
		return j >= 0 && j < len(glyphs) && glyphs[j].object == glyphs[i].object && glyphs[j].ink == glyphs[i].ink && glyphs[j].box == glyphs[i].box
	}
	return same(i-1) || same(i+1)
}
