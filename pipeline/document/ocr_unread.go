package document

import (
	"bytes"
	"cmp"
	"context"
	"math"
	"slices"
)

// Tesseract drops lines without a word of it: whole boxes of a form are missing
// from a reading that is sure of all the others. What was dropped shows in the
// picture alone, as rows of letters in no word's box.

// Measures of a row of letters, in points, and as shares of a letter's height.
const (
	leastLetter = 4.0  // height
	mostLetter  = 16.0 // height
	letterWidth = 4.0  // of heights, at most: letters run into one another
	leastFill   = 0.1  // of a letter's rectangle that is ink
	mostFill    = 0.9
	letterGap   = 1.5  // of heights, between neighbours
	baseline    = 0.2  // of heights, within which they stand on one line
	broadLetter = 0.3  // of heights: wider than a stroke
	rowLetters  = 3    // of a row, at least, that stand on its line
	rowAbove    = 0.35 // of a row's height, that goes with it above and below
	rowAside    = 0.8  // and at its ends
	paperEdge   = 12.0 // points of white paper around it
	straightRun = 24.0 // of a box's line: no letter has so long a stroke
)

// Bounds on what is looked at on a page: pixels at which letters are looked
// for, letters, and rows.
const (
	mostLookedAt = 4.5e6
	mostLetters  = 3000
	mostRows     = 60
)

// letterRow is a row of letters, in pixels of the view that it was found in.
type letterRow struct {
	box     [4]int
	letters [][4]int
}

// unreadRows gives the rows of letters of a part that none of its words cover,
// from the top down, and the lines of boxes on a smaller picture.
func (p *ocrPart) unreadRows() (rows []letterRow, lines bitmap) {
	scale := min(p.seen.scale, usualScale, p.seen.scale*math.Sqrt(mostLookedAt/float64(p.seen.width*p.seen.height)))
	small := p.seen.shrunk(scale)
	c := cutting{width: small.width, height: small.height, scale: small.scale, shades: small.pixels}
	ink := c.darker(c.paper(), inkDepth)
	lines = ink.takeLines(int(straightRun * c.scale))
	x, y := float64(p.seen.width)/float64(c.width), float64(p.seen.height)/float64(c.height)
	var letters [][4]int
	for _, one := range ink.components() {
		box := [4]int{
			int(float64(one.x0) * x), int(float64(one.y0) * y),
			min(int(math.Ceil(float64(one.x1+1)*x)), p.seen.width), min(int(math.Ceil(float64(one.y1+1)*y)), p.seen.height),
		}
		if one.isLetter(c.scale) && !inWords(box, p.words) {
			if letters = append(letters, box); len(letters) == mostLetters {
				break
			}
		}
	}
	return letterRows(letters), lines
}

// isLetter tells whether a piece of ink could be a letter, or some that touch.
func (p *component) isLetter(scale float64) bool {
	width, height := float64(p.width()), float64(p.height())
	fill := float64(len(p.pixels)) / (width * height)
	return height >= leastLetter*scale && height <= mostLetter*scale && width <= letterWidth*height &&
		fill >= leastFill && fill <= mostFill
}

// inWords tells whether half of a letter lies in a word's box. One that is much
// higher than the letter, around a picture of which OCR made a sign, is no
// word's that the letter is of.
func inWords(letter [4]int, words []ocrWord) bool {
	area := (letter[2] - letter[0]) * (letter[3] - letter[1])
	return slices.ContainsFunc(words, func(w ocrWord) bool {
		return 2*boxesShare(letter, w.box) >= area && w.box[3]-w.box[1] <= 4*(letter[3]-letter[1])
	})
}

// boxesShare gives the area that two boxes share.
func boxesShare(a, b [4]int) int {
	return max(0, min(a[2], b[2])-max(a[0], b[0])) * max(0, min(a[3], b[3])-max(a[1], b[1]))
}

// letterRows puts letters that stand side by side together, and gives the rows
// that could be text.
func letterRows(letters [][4]int) []letterRow {
	slices.SortStableFunc(letters, func(a, b [4]int) int { return cmp.Compare(a[0], b[0]) })
	var rows []letterRow
	for _, letter := range letters {
		n := slices.IndexFunc(rows, func(r letterRow) bool { return follows(r.letters[len(r.letters)-1], letter) })
		if n < 0 {
			rows = append(rows, letterRow{box: letter, letters: [][4]int{letter}})
			continue
		}
		r := &rows[n]
		r.letters = append(r.letters, letter)
		r.box = [4]int{min(r.box[0], letter[0]), min(r.box[1], letter[1]), max(r.box[2], letter[2]), max(r.box[3], letter[3])}
	}
	rows = slices.DeleteFunc(rows, func(r letterRow) bool { return !r.isText() })
	slices.SortStableFunc(rows, func(a, b letterRow) int { return cmp.Compare(a.box[1], b.box[1]) })
	return rows
}

// follows tells whether a letter is the next of a row.
func follows(last, letter [4]int) bool {
	h, k := float64(last[3]-last[1]), float64(letter[3]-letter[1])
	middle := math.Abs(float64(last[1]+last[3]-letter[1]-letter[3])) / 2
	gap := float64(letter[0] - last[2])
	return middle <= max(h, k)/2 && gap <= letterGap*max(h, k) && -2*gap <= max(h, k) && max(h, k) <= 2.2*min(h, k)
}

// isText tells whether enough of a row stands on one line, and is more than
// upright strokes.
func (r *letterRow) isText() bool {
	if len(r.letters) < rowLetters {
		return false
	}
	bottoms, heights := make([]int, len(r.letters)), make([]int, len(r.letters))
	for i, letter := range r.letters {
		bottoms[i], heights[i] = letter[3], letter[3]-letter[1]
	}
	slices.Sort(bottoms)
	slices.Sort(heights)
	bottom, height := float64(bottoms[len(bottoms)/2]), float64(heights[len(heights)/2])
	level, broad := 0, 0
	for _, letter := range r.letters {
		if math.Abs(float64(letter[3])-bottom) <= baseline*height+1 {
			level++
			if float64(letter[2]-letter[0]) >= broadLetter*height {
				broad++
			}
		}
	}
	return level >= rowLetters && broad >= 2 && 3*level >= 2*len(r.letters)
}

// takeLines takes away, and gives, what is set level or upright for longer than
// a limit.
func (b *bitmap) takeLines(limit int) bitmap {
	lines := newBitmap(b.width, b.height)
	mark := func(from, n, step int) {
		if n > limit {
			for i := range n {
				lines.bits[from+i*step] = true
			}
		}
	}
	for y := range b.height {
		n := 0
		for x := range b.width + 1 {
			if b.get(x, y) {
				n++
				continue
			}
			mark(y*b.width+x-n, n, 1)
			n = 0
		}
	}
	for x := range b.width {
		n := 0
		for y := range b.height + 1 {
			if b.get(x, y) {
				n++
				continue
			}
			mark((y-n)*b.width+x, n, b.width)
			n = 0
		}
	}
	for i, line := range lines.bits {
		b.bits[i] = b.bits[i] && !line
	}
	return lines
}

// readDropped reads the rows of letters that are in no word once more, one below
// the other, and notes where some are in none even then. Its error is ctx's.
func (t *tesseract) readDropped(ctx context.Context, p *ocrPage) error {
	for i := range p.parts {
		part := &p.parts[i]
		rows, lines := part.unreadRows()
		if len(rows) == 0 {
			continue
		}
		s := part.seen.stack(rows[:min(len(rows), mostRows)], lines.grown(1))
		words, err := t.read(ctx, &s.raster, oneBlock)
		if err != nil && ctx.Err() != nil {
			return err
		}
		for n := range words {
			s.putBack(&words[n])
		}
		part.add(words)
		p.unread = p.unread || slices.ContainsFunc(rows, func(r letterRow) bool { return !r.read(part.words) })
	}
	return nil
}

// read tells whether half of a row's letters are in words.
func (r *letterRow) read(words []ocrWord) bool {
	n := 0
	for _, letter := range r.letters {
		if inWords(letter, words) {
			n++
		}
	}
	return 2*n >= len(r.letters)
}

// stack is rows of a view on white paper, one below the other.
type stack struct {
	raster
	places []stacked
}

// stacked is where a row stands.
type stacked struct {
	from [4]int // in the view
	x, y int    // of the top left, on the stack
}

// stack makes the picture of rows, without lines, which are told on a smaller
// picture of the view.
func (v *view) stack(rows []letterRow, lines bitmap) *stack {
	s := &stack{}
	edge := int(paperEdge * v.scale)
	s.height = edge
	for _, row := range rows {
		h := float64(row.box[3] - row.box[1])
		aside, above := int(rowAside*h), int(rowAbove*h)
		from := [4]int{max(row.box[0]-aside, 0), max(row.box[1]-above, 0), min(row.box[2]+aside, v.width), min(row.box[3]+above, v.height)}
		s.places = append(s.places, stacked{from, edge, s.height})
		s.width = max(s.width, from[2]-from[0]+2*edge)
		s.height += from[3] - from[1] + edge
	}
	s.scale, s.pixels = v.scale, bytes.Repeat([]byte{255}, s.width*s.height)
	for _, p := range s.places {
		for y := p.from[1]; y < p.from[3]; y++ {
			for x := p.from[0]; x < p.from[2]; x++ {
				if !lines.get(x*lines.width/v.width, y*lines.height/v.height) {
					s.pixels[(p.y+y-p.from[1])*s.width+p.x+x-p.from[0]] = v.pixels[y*v.width+x]
				}
			}
		}
	}
	return s
}

// putBack gives a word of the stack its place in the view; each row is a line.
func (s *stack) putBack(word *ocrWord) {
	middle := (word.box[1] + word.box[3]) / 2
	n := len(s.places) - 1
	for n > 0 && middle < s.places[n].y {
		n--
	}
	p := s.places[n]
	word.line = [3]int{1, 1, n + 1}
	for i, at := range word.box {
		if i%2 == 0 {
			word.box[i] = min(max(at-p.x+p.from[0], p.from[0]), p.from[2])
		} else {
			word.box[i] = min(max(at-p.y+p.from[1], p.from[1]), p.from[3])
		}
	}
}
