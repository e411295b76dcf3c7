package document

import (
	"cmp"
	"math"
	"slices"
	"unicode/utf8"

	"guichet/pipeline/claim"
)

// Parts of a letter's body (em), as far as boxes of ink tell them: how high
// most words are, and how much less than their bodies two inks stand apart.
const (
	wordHeight = 0.75
	bearing    = 0.1
)

// ocrLine is a line of words in the making.
type ocrLine struct {
	words  []ocrWord
	em     float64 // pixels
	middle float64 // its height on the picture
}

// pageWords makes words of what was read in a view of a page's raster, in
// reading order: by line over the whole width, as words.go does, then from left
// to right. scale is the raster's.
func pageWords(read []ocrWord, place matrix, scale float64) []claim.Word {
	var words []claim.Word
	for _, line := range ocrLines(read) {
		for i, word := range line.words {
			gap := claim.GapLine
			if i > 0 {
				gap = line.gap(line.words[i-1], word)
			}
			words = append(words, claim.Word{Text: word.text, Rect: word.rect(place, scale), Gap: gap, Confidence: word.confidence})
		}
	}
	return words
}

// ocrLines brings tesseract's lines, which end at its blocks, together that
// stand beside each other.
func ocrLines(read []ocrWord) []*ocrLine {
	var pieces []*ocrLine
	byLine := map[[3]int]*ocrLine{}
	for _, word := range read {
		line := byLine[word.line]
		if line == nil {
			line = &ocrLine{}
			byLine[word.line] = line
			pieces = append(pieces, line)
		}
		line.words = append(line.words, word)
	}
	for _, piece := range pieces {
		piece.measure()
	}
	slices.SortStableFunc(pieces, func(a, b *ocrLine) int { return cmp.Compare(a.middle, b.middle) })
	var lines []*ocrLine
	for _, piece := range pieces {
		var home *ocrLine
		for i := len(lines) - 1; i >= 0 && piece.middle-lines[i].middle < piece.em; i-- {
			if lines[i].beside(piece) {
				home = lines[i]
				break
			}
		}
		if home == nil {
			lines = append(lines, piece)
			continue
		}
		home.words = append(home.words, piece.words...)
	}
	for _, line := range lines {
		slices.SortStableFunc(line.words, func(a, b ocrWord) int { return cmp.Compare(a.box[0], b.box[0]) })
	}
	return lines
}

// measure tells how large a line is and where it stands, by the median word.
func (l *ocrLine) measure() {
	heights, middles := make([]int, len(l.words)), make([]int, len(l.words))
	for i, word := range l.words {
		heights[i], middles[i] = word.box[3]-word.box[1], word.box[3]+word.box[1]
	}
	slices.Sort(heights)
	slices.Sort(middles)
	l.em = float64(heights[len(heights)/2]) / wordHeight
	l.middle = float64(middles[len(middles)/2]) / 2
}

// beside tells whether a piece goes on, or begins, this line: on one height,
// and nowhere over one of its words.
func (l *ocrLine) beside(piece *ocrLine) bool {
	if math.Abs(l.middle-piece.middle) > lineShift*min(l.em, piece.em) {
		return false
	}
	for _, a := range l.words {
		for _, b := range piece.words {
			if a.box[0] < b.box[2] && b.box[0] < a.box[2] {
				return false
			}
		}
	}
	return true
}

// gap tells what separates a word from the one before it on the line; the
// blank between a typewriter's digits is as wide as they are.
func (l *ocrLine) gap(before, word ocrWord) claim.Gap {
	limit := (wideGap + bearing) * l.em
	if isDigit(before.text[len(before.text)-1]) && isDigit(word.text[0]) {
		letter := float64(before.box[2]-before.box[0]+word.box[2]-word.box[0]) /
			float64(utf8.RuneCountInString(before.text)+utf8.RuneCountInString(word.text))
		limit = max((wideDigits+bearing)*l.em, 1.6*letter)
	}
	if float64(word.box[0]-before.box[2]) > limit {
		return claim.GapWide
	}
	return claim.GapBlank
}

// rect gives the place of a word on the page, in points.
func (w *ocrWord) rect(place matrix, scale float64) claim.Rect {
	x0, y0 := place.point(w.box[0], w.box[1])
	x1, y1 := place.point(w.box[2], w.box[3])
	x2, y2 := place.point(w.box[0], w.box[3])
	x3, y3 := place.point(w.box[2], w.box[1])
	return round(claim.Rect{
		min(x0, x1, x2, x3) / scale, min(y0, y1, y2, y3) / scale,
		max(x0, x1, x2, x3) / scale, max(y0, y1, y2, y3) / scale,
	})
}

// point gives the place of a pixel's corner.
func (m matrix) point(x, y int) (float64, float64) {
	return m[0]*float64(x) + m[2]*float64(y) + m[4], m[1]*float64(x) + m[3]*float64(y) + m[5]
}
