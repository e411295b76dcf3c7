package document

import (
	"math"
	"slices"
	"strings"
	"unicode"

	"guichet/pipeline/claim"
)

const (
	// mostStroke is the ink, in square points, of which no more hangs together
	// in a signature; more is a picture, and is not followed.
	mostStroke = 4500.0
	// strayLength is the larger side of a stroke outside of all blocks that is
	// worth a look, in points.
	strayLength = 28.0
	strayHeight = 10.0
	// outlineShare is the share of a stroke's outline from which it is a
	// border rather than writing.
	outlineShare = 0.5
)

// measure tells the ink in a block, of which all strokes are that lie in it by
// more than a half; and which long strokes lie elsewhere.
func (t *tracing) measure(block claim.Rect) (claim.Ink, []component) {
	x0, y0, x1, y1 := t.pixels(block)
	area := float64((x1 - x0) * (y1 - y0))
	if area <= 0 {
		return claim.Ink{}, nil
	}
	var own, outside []component
	var inside []float64
	ink := claim.Ink{}
	for _, stroke := range t.strokes {
		n := 0
		for _, i := range stroke.pixels {
			if x, y := i%t.width, i/t.width; x >= x0 && x < x1 && y >= y0 && y < y1 {
				n++
			}
		}
		ink.Share += float64(n)
		if 2*n > len(stroke.pixels) {
			own = append(own, stroke)
			inside = append(inside, float64(n)/float64(len(stroke.pixels)))
		} else if w, h := float64(stroke.width())/t.scale, float64(stroke.height())/t.scale; max(w, h) > strayLength && min(w, h) > strayHeight {
			outside = append(outside, stroke)
		}
	}
	ink.Share /= area
	for y := y0; y < y1; y++ {
		for x := x0; x < x1; x++ {
			if t.faint.bits[y*t.width+x] {
				ink.Faint++
			}
		}
	}
	ink.Faint /= area
	ink.Strokes = len(own)
	ink.Letters = lettersIn(own, t.scale)
	t.mainStroke(own, inside, &ink)
	for _, measure := range []*float64{
		&ink.Share, &ink.Faint, &ink.Frame, &ink.Width, &ink.Height, &ink.Length, &ink.Turns, &ink.Thick, &ink.Uneven,
		&ink.Crowding, &ink.Outline, &ink.Contrast, &ink.Inside,
	} {
		*measure = math.Round(*measure*1e4) / 1e4
	}
	return ink, outside
}

// mainStroke measures the longest of a block's strokes that is no outline, and
// the frame around them all.
func (t *tracing) mainStroke(own []component, inside []float64, ink *claim.Ink) {
	var all []int
	longest := -1.0
	for k := range own {
		stroke := &own[k]
		all = append(all, stroke.pixels...)
		w, h := float64(stroke.width())/t.scale, float64(stroke.height())/t.scale
		if float64(len(stroke.pixels)) > mostStroke*t.scale*t.scale {
			continue
		}
		outline := 1.0
		if max(w, h) > strayHeight {
			outline = lined(stroke.pixels, &t.ink, t.scale)
		}
		skeleton := stroke.skeleton(t.width)
		length, turned := 0.0, 0.0
		for _, path := range skeleton.paths() {
			l, turn := bends(path, t.scale)
			length, turned = length+l/t.scale, turned+turn
		}
		rank := length
		if outline > outlineShare {
			rank /= 100
		}
		if rank <= longest {
			continue
		}
		longest = rank
		mean, deviation := stroke.thickness(t.width, &skeleton)
		ink.Width, ink.Height, ink.Length, ink.Turns = w, h, length, turned/(2*math.Pi)
		ink.Thick, ink.Uneven = mean/t.scale, deviation/max(mean, 1)
		ink.Crowding, ink.Outline, ink.Inside = length/(w*h), outline, inside[k]
		ink.Contrast = t.contrast(&skeleton, stroke)
	}
	if len(all) > 0 {
		ink.Frame = lined(all, &t.ink, t.scale)
	}
}

// contrast tells how much darker than the paper a stroke is along its middle
// line, as a share of the paper's brightness.
func (t *tracing) contrast(skeleton *bitmap, stroke *component) float64 {
	sum, n := 0.0, 0
	for i, set := range skeleton.bits {
		if !set {
			continue
		}
		at := (i/skeleton.width-1+stroke.y0)*t.width + i%skeleton.width - 1 + stroke.x0
		paper := max(1, float64(t.paper[at]))
		sum += (paper - float64(t.shades[at])) / paper
		n++
	}
	return sum / float64(max(n, 1))
}

// Sizes of letters, in points.
const (
	letterSmall = 2.5
	letterLarge = 14.0
	letterAlike = 0.4 // difference in height, as a share
)

// lettersIn counts the small strokes that have two of about their height close
// by on their line.
func lettersIn(strokes []component, scale float64) int {
	var small []component
	for _, s := range strokes {
		w, h := float64(s.width())/scale, float64(s.height())/scale
		if h >= letterSmall && h <= letterLarge && w <= 1.5*letterLarge {
			small = append(small, s)
		}
	}
	const mostCompared = 400 // more are no fewer letters
	small = small[:min(len(small), mostCompared)]
	count := 0
	for i := range small {
		beside := 0
		for j := range small {
			a, b := &small[i], &small[j]
			h := float64(max(a.height(), b.height()))
			gap := float64(max(a.x0, b.x0) - min(a.x1, b.x1))
			if i != j && math.Abs(float64(a.height()-b.height())) <= letterAlike*h &&
				math.Abs(float64(a.y1+a.y0-b.y1-b.y0)/2) <= letterAlike*h && gap < 1.5*h {
				beside++
			}
		}
		if beside >= 2 {
			count++
		}
	}
	return count
}

// What OCR must have seen to have read print, and not a scribble.
const (
	sureWord  = 60  // confidence, in percent
	shortWord = 4   // signs of a word that OCR makes of initials: alone, it is not sure
	sureNext  = 30  // of a word beside one that is surely print
	tallWord  = 1.8 // heights of the usual word
	tallNext  = 1.5
	wideSign  = 1.3 // of a word's height
)

// printed gives the rectangles of the words that are surely print: all that
// the document spells, and those of OCR that look like words and are no taller
// than the others, or stand in line with one of those.
func (u upright) printed() []claim.Rect {
	var heights []float64
	for _, word := range u.words {
		if word.Confidence >= sureWord {
			heights = append(heights, word.Rect[3]-word.Rect[1])
		}
	}
	slices.Sort(heights)
	usual := 1.0
	if len(heights) > 0 {
		usual = max(usual, heights[len(heights)/2])
	}
	tall := func(i int) float64 { return (u.words[i].Rect[3] - u.words[i].Rect[1]) / usual }
	sure := make([]bool, len(u.words))
	for i, word := range u.words {
		signs := 0
		for _, r := range word.Text {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				signs++
			}
		}
		broad := word.Rect[2]-word.Rect[0] > wideSign*(word.Rect[3]-word.Rect[1])*float64(signs)
		sure[i] = !isRule(word.Text) && (word.Confidence == 0 || !broad &&
			signs > shortWord && word.Confidence >= sureWord && tall(i) <= tallWord && plausible(word.Text))
	}
	var all []claim.Rect
	for i, word := range u.words {
		beside := i > 0 && word.Gap == claim.GapBlank && sure[i-1] ||
			i+1 < len(sure) && u.words[i+1].Gap == claim.GapBlank && sure[i+1]
		if sure[i] || beside && word.Confidence >= sureNext && tall(i) <= tallNext && !isRule(word.Text) {
			all = append(all, word.Rect)
		}
	}
	return all
}

// plausible tells whether a word could be one: mostly letters with a vowel
// among them, or mostly digits.
func plausible(word string) bool {
	word = claim.Fold(word)
	signs, odd, digits := 0, 0, 0
	for _, r := range word {
		switch {
		case unicode.IsDigit(r):
			digits++
			signs++
		case unicode.IsLetter(r):
			signs++
		default:
			odd++
		}
	}
	return odd*2 <= signs && (digits*2 >= signs || strings.ContainsAny(word, "aeiouy") || len(word) <= 5)
}
