package document

import (
	"context"
	"slices"
	"unicode"

	"guichet/pipeline/claim"
)

// Resolutions, in pixels a point: that of a page which is no image, of a
// second try, and that at which it is tried which way up a page is.
const (
	usualScale  = 200.0 / 72
	fineScale   = 300.0 / 72
	turnedScale = 150.0 / 72
)

// a4 is the height of the paper that resolutions are meant for, in points: a
// page that claims to be larger is mostly a picture of one.
const a4 = 842.0

// ocrScale gives the scale at which a page is read first: at that of its
// image, from 200 to 300 dpi of an A4 page.
func ocrScale(page *claim.Page, seen surface) float64 {
	long := max(page.Width, page.Height, 1)
	if seen.Resolution == 0 {
		return usualScale
	}
	return min(max(seen.Resolution, usualScale*min(1, a4/long)), fineScale*max(1, a4/long))
}

// ocrPart is what was read in one part of a page that stands one way up.
type ocrPart struct {
	words []ocrWord
	place matrix // from the pixels of their boxes to those of the page's raster
	turn  int    // quarters clockwise by which the part was turned to be read
	seen  *view  // what was read
	score int
}

// ocrPage is what was read on a page.
type ocrPage struct {
	parts  []ocrPart // one, or two of which one stands another way up
	scale  float64   // of the raster
	unread bool      // letters are in none of the words
}

// words gives the words in reading order, and how sure they are: the mean, each
// word by its length.
func (p *ocrPage) words() (words []claim.Word, confidence int) {
	sum, letters := 0, 0
	for _, part := range p.parts {
		words = append(words, pageWords(part.words, part.place, p.scale)...)
	}
	for _, word := range words {
		n := len([]rune(word.Text))
		sum, letters = sum+n*word.Confidence, letters+n
	}
	if letters == 0 {
		return nil, 0
	}
	return words, max((sum+letters/2)/letters, 1)
}

// sure is the confidence from which a word counts as read, and longEnough how
// many letters and digits it takes for that not to be chance.
const (
	sure       = 70
	longEnough = 3
)

// score counts the letters and digits of a word that was surely read.
func (w *ocrWord) score() int {
	letters := 0
	for _, r := range w.text {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			letters++
		}
	}
	if letters < longEnough || w.confidence < sure {
		return 0
	}
	return letters
}

// poor tells whether what was read is too little, or too unsure, to be all that
// stands there the right way up.
func (p *ocrPart) poor() bool {
	letters := 0
	for _, word := range p.words {
		letters += len([]rune(word.text))
	}
	return p.score < 40 || p.score*10 < letters*6
}

// readUpright reads a view as it stands.
func (t *tesseract) readUpright(ctx context.Context, v *view, turn int) (ocrPart, error) {
	ready := v.turned(turn).evenLight().straightened()
	words, err := t.read(ctx, &ready.raster, anyLayout)
	part := ocrPart{words: words, place: ready.place, turn: turn, seen: ready}
	for i := range words {
		part.score += words[i].score()
	}
	return part, err
}

// better gives the turn under which the view shows more than twice what was
// read of it, and some words more; 0 when none does.
func (t *tesseract) better(ctx context.Context, v *view, score int) (turn int, err error) {
	small := v.small(turnedScale * v.sizeFactor())
	best := 2*score + 40
	for quarters := 1; quarters <= 3; quarters++ {
		part, err := t.readUpright(ctx, small, quarters)
		if err != nil {
			return 0, err
		}
		if part.score > best {
			best, turn = part.score, quarters
			if !part.poor() {
				break
			}
		}
	}
	return turn, nil
}

// sizeFactor is how much finer the picture of a small page must be to show
// what an A4 page does.
func (v *view) sizeFactor() float64 {
	return a4 / (float64(max(v.width, v.height)) / v.scale)
}

// readPage reads a page's raster, whichever way up it stands, and two scans on
// one page of which one stands another way up.
func (t *tesseract) readPage(ctx context.Context, picture *raster) (*ocrPage, error) {
	v := whole(picture)
	part, err := t.readUpright(ctx, v, 0)
	if err != nil {
		return nil, err
	}
	if part.poor() {
		turn, err := t.better(ctx, v, part.score)
		if err != nil {
			return nil, err
		}
		if turn != 0 {
			if part, err = t.readUpright(ctx, v, turn); err != nil {
				return nil, err
			}
		}
	}
	parts, err := t.readOdd(ctx, v, part)
	return &ocrPage{parts: parts, scale: picture.scale}, err
}

// readOdd looks for a half of the page that shows much ink and few words, and
// reads it another way up, if that shows more.
func (t *tesseract) readOdd(ctx context.Context, v *view, read ocrPart) ([]ocrPart, error) {
	half, ok := v.oddHalf(read)
	if !ok {
		return []ocrPart{read}, nil
	}
	odd := v.part(half[0], half[1], half[2], half[3])
	rest, inside := read, 0
	rest.words, rest.seen = nil, read.seen.without(half)
	for _, word := range read.words {
		if word.within(read.place, half) {
			inside += word.score()
		} else {
			rest.words = append(rest.words, word)
		}
	}
	// Turned from how the other half stands: what is upright was read.
	turn, err := t.better(ctx, odd.turned(read.turn), inside)
	if err != nil || turn == 0 {
		return []ocrPart{read}, err
	}
	other, err := t.readUpright(ctx, odd, (read.turn+turn)&3)
	if err != nil || other.score <= inside {
		return []ocrPart{read}, err
	}
	if half[0] == 0 && half[1] == 0 {
		return []ocrPart{other, rest}, nil
	}
	return []ocrPart{rest, other}, nil
}

// within tells whether a word's centre lies in a rectangle of the raster.
func (w *ocrWord) within(place matrix, r [4]int) bool {
	x0, y0 := place.point(w.box[0], w.box[1])
	x1, y1 := place.point(w.box[2], w.box[3])
	x, y := int((x0+x1)/2), int((y0+y1)/2)
	return x >= r[0] && x < r[2] && y >= r[1] && y < r[3]
}

// A half is odd when a share of the page's ink is on it, and its ink gives so
// much less of words than that of the other half.
const (
	oddInk   = 0.15
	oddWords = 0.25
)

// oddHalf finds, cutting the page across and along where there is least ink
// near its middle, the half whose ink least became words.
func (v *view) oddHalf(read ocrPart) (half [4]int, ok bool) {
	if v.width < 16 || v.height < 16 {
		return half, false
	}
	small := v.small(skewScale)
	dark := small.dark()
	ratio := float64(v.width) / float64(small.width)
	across, along := make([]int, small.width), make([]int, small.height)
	for _, at := range dark {
		across[at[0]]++
		along[at[1]]++
	}
	x, y := int(emptiest(across)*ratio), int(emptiest(along)*ratio)
	least := oddWords
	for _, halves := range [][2][4]int{
		{{0, 0, x, v.height}, {x, 0, v.width, v.height}},
		{{0, 0, v.width, y}, {0, y, v.width, v.height}},
	} {
		var ink, words [2]float64
		for _, at := range dark {
			n := 1
			if float64(at[0])*ratio < float64(halves[0][2]) && float64(at[1])*ratio < float64(halves[0][3]) {
				n = 0
			}
			ink[n]++
		}
		for _, word := range read.words {
			n := 1
			if word.within(read.place, halves[0]) {
				n = 0
			}
			words[n] += float64(word.score())
		}
		for n := range halves {
			if ink[n] < oddInk*(ink[0]+ink[1]) || words[1-n] == 0 || ink[1-n] == 0 {
				continue
			}
			if share := words[n] / ink[n] / (words[1-n] / ink[1-n]); share < least {
				least, half, ok = share, halves[n], true
			}
		}
	}
	return half, ok
}

// emptiest gives the middle of the emptiest band near the middle.
func emptiest(counts []int) float64 {
	from, to := len(counts)*7/20, len(counts)*13/20
	width := max(len(counts)/100, 1)
	best, bestSum := len(counts)/2, -1
	for i := from; i+width <= to; i++ {
		sum := 0
		for _, n := range counts[i : i+width] {
			sum += n
		}
		middle := abs(float64(i + width/2 - len(counts)/2))
		if bestSum < 0 || sum < bestSum || sum == bestSum && middle < abs(float64(best-len(counts)/2)) {
			best, bestSum = i+width/2, sum
		}
	}
	return float64(best)
}

// worthRetry is how many words a page has at least that may be an order's.
const worthRetry = 20

// A second reading is one from nearer, at 300 dpi, where that is nearer by so
// much; else one at this share of the first scale, whose letters fall upon
// other pixels.
const (
	nearer     = 1.2
	otherScale = 2.0 / 3
)

// a3 is the height of the largest paper that orders are printed on, in points.
const a3 = 1191.0

// fine is the scale at which nothing more is to be seen on a page.
func (r *raster) fine() float64 {
	return fineScale * min(1, a3*r.scale/float64(max(r.width, r.height)))
}

// readScan reads a page that draw draws at any scale, and then the lines that
// were dropped.
func (t *tesseract) readScan(ctx context.Context, picture *raster, draw func(scale float64) (*raster, error)) (*ocrPage, error) {
	first, err := t.readPage(ctx, picture)
	if err != nil {
		return nil, err
	}
	read, err := t.readAgain(ctx, first, picture, draw)
	if err != nil {
		return nil, err
	}
	return read, t.readDropped(ctx, read)
}

// readAgain reads a page a second time, at another scale, when one of the things
// that an order shows was not found. It gives the better reading, with the words
// that only the other one has.
func (t *tesseract) readAgain(ctx context.Context, first *ocrPage, picture *raster, draw func(scale float64) (*raster, error)) (_ *ocrPage, err error) {
	words, confidence := first.words()
	shown := showing(words)
	if len(words) < worthRetry || shown == allSigns {
		return first, nil
	}
	other := picture.shrunk(picture.scale * otherScale)
	if fine := picture.fine(); fine > nearer*picture.scale {
		if other, err = draw(fine); err != nil || other == nil {
			return first, err
		}
	}
	second := &ocrPage{scale: other.scale}
	if len(first.parts) > 1 {
		second, err = t.readPage(ctx, other)
	} else {
		second.parts = make([]ocrPart, 1)
		second.parts[0], err = t.readUpright(ctx, whole(other), first.parts[0].turn)
	}
	if err != nil {
		return first, errIfEnded(ctx)
	}
	again, surer := second.words()
	if found := showing(again); found > shown || found == shown && surer > confidence {
		first, second = second, first
	}
	first.merge(second)
	return first, nil
}

// errIfEnded gives ctx's error, if it has one: a second reading that fails for
// another reason leaves the first.
func errIfEnded(ctx context.Context) error { return context.Cause(ctx) }

// hideOwn keeps a page's own words as unseen, so that the visible ones are
// OCR's alone.
func hideOwn(page *claim.Page) {
	page.Words = slices.Clone(page.Words)
	for i := range page.Words {
		page.Words[i].Hidden = true
	}
}
