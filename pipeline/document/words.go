package document

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"guichet/pipeline/claim"
)

// Distances between glyphs and words, in ems.
const (
	// splitGap parts two words: narrow no-break blanks, which pdfium does not
	// tell, are an eighth to a fifth of an em wide; kerning stays below.
	splitGap = 0.13
	// overlap is more than kerning ever draws two letters together.
	overlap = 0.5
	// joinGap is how far two separately drawn pieces of one word may stand apart.
	joinGap = 0.06
	// wideGap is more than a blank, which is a quarter to a third of an em in
	// proportional type, and up to an em when a line is justified. Blanks
	// between digits are set apart from that stretching: there, anything wider
	// than wideDigits is another column.
	wideGap    = 1.0
	wideDigits = 0.5
	// lineShift is how far baselines of one line may differ.
	lineShift = 0.35
	// raise is how far a superscript may stand off the word it belongs to, in
	// its own ems.
	raise = 0.8
)

// piece is a word, or a part of one, in the making.
type piece struct {
	word       claim.Word
	em         float64
	turn       int
	upright    bool
	base       float64
	start, end float64 // along the baseline
	blankWidth float64 // of the blank the document writes before it
	blank      bool    // the document writes one
	field      int     // as of its glyphs
	order      int     // in which it was found
}

// makeWords makes a page's words, in reading order, from its glyphs and the
// values of its form fields.
func makeWords(glyphs []glyph, list []annotation) []claim.Word {
	pieces := addValues(makePieces(glyphs), glyphs, list)
	lines := makeLines(pieces)
	var words []claim.Word
	for _, line := range lines {
		words = append(words, readLine(line)...)
	}
	before := ""
	for i := range words {
		words[i].Rect = round(words[i].Rect)
		words[i].Text = repairWord(words[i].Text, before)
		before = words[i].Text
	}
	return words
}

// makePieces cuts the glyphs, as found, where a blank is written or seen.
func makePieces(glyphs []glyph) []*piece {
	spacing := letterSpacing(glyphs)
	var pieces []*piece
	var text strings.Builder
	var current *piece
	flush := func() {
		if current != nil {
			current.word.Text = norm.NFC.String(text.String())
			pieces = append(pieces, current)
		}
		text.Reset()
	}
	for i := range glyphs {
		one := &glyphs[i]
		if current == nil || one.parts(&glyphs[i-1], spacing) {
			flush()
			current = &piece{
				word:  claim.Word{Rect: one.box, Hidden: one.hidden, Form: one.field > 0},
				field: one.field,
				em:    one.object.em, turn: one.object.turn, upright: one.object.upright, base: one.object.base,
				start: one.start, end: one.end,
				blank: one.afterBlank, blankWidth: one.blankWidth,
				order: len(pieces),
			}
		}
		text.WriteString(one.text)
		current.word.Rect = current.word.Rect.Union(one.box)
		current.start, current.end = min(current.start, one.start), max(current.end, one.end)
		if one.object.em > current.em {
			current.em, current.base = one.object.em, one.object.base
		}
	}
	flush()
	return pieces
}

// parts tells whether a word ends between the glyph before and this one.
func (one *glyph) parts(before *glyph, spacing map[*textObject]float64) bool {
	a, b := before.object, one.object
	if one.afterBlank || a.turn != b.turn || one.hidden != before.hidden || one.field != before.field {
		return true
	}
	if !b.upright {
		return a != b
	}
	em := min(a.em, b.em)
	if math.Abs(a.base-b.base) > raise*em {
		return true
	}
	gap := one.start - before.end
	return gap > splitGap*em+spacing[b] || a != b && gap < -overlap*em || one.start < before.start-splitGap*em
}

// letterSpacing gives, for text objects that are set with spaced letters, the
// blank that they put behind each.
func letterSpacing(glyphs []glyph) map[*textObject]float64 {
	gaps := map[*textObject][]float64{}
	for i := 1; i < len(glyphs); i++ {
		one, before := &glyphs[i], &glyphs[i-1]
		if one.object == before.object && !one.afterBlank && one.start >= before.start {
			gaps[one.object] = append(gaps[one.object], one.start-before.end)
		}
	}
	spacing := map[*textObject]float64{}
	for object, list := range gaps {
		if len(list) < 4 {
			continue
		}
		slices.Sort(list)
		if usual := list[len(list)/4]; usual > 0 {
			spacing[object] = usual
		}
	}
	return spacing
}

// line is a row of pieces on one baseline.
type line struct {
	pieces []*piece
	em     float64
	base   float64
	turn   int
}

// makeLines groups pieces by direction and baseline: upright text from top to
// bottom, then turned text.
func makeLines(pieces []*piece) []*line {
	slices.SortStableFunc(pieces, func(a, b *piece) int {
		return cmp.Or(cmp.Compare(a.turn, b.turn), cmp.Compare(a.base, b.base))
	})
	var lines []*line
	for _, p := range pieces {
		var home *line
		for i := len(lines) - 1; i >= 0 && lines[i].turn == p.turn && p.base-lines[i].base < lineShift*min(lines[i].em, 144); i-- {
			if math.Abs(p.base-lines[i].base) <= lineShift*min(p.em, lines[i].em) {
				home = lines[i]
				break
			}
		}
		if home == nil {
			home = &line{em: p.em, base: p.base, turn: p.turn}
			lines = append(lines, home)
		}
		home.pieces = append(home.pieces, p)
	}
	return lines
}

// readLine orders a line's pieces, joins those that touch, drops those drawn
// twice, and tells the gaps between the others.
func readLine(l *line) []claim.Word {
	slices.SortStableFunc(l.pieces, func(a, b *piece) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.order, b.order))
	})
	var words []claim.Word
	var shown, unseen *piece // the last of either kind
	at := map[*piece]int{}   // where each stands in words
	for _, p := range l.pieces {
		last := shown
		if p.word.Hidden {
			last = unseen
		}
		switch {
		case last == nil:
			p.word.Gap = claim.GapLine
		case last.twin(p):
			continue
		case last.touches(p):
			i := at[last]
			words[i].Text = norm.NFC.String(words[i].Text + p.word.Text)
			words[i].Rect = words[i].Rect.Union(p.word.Rect)
			last.end = max(last.end, p.end)
			continue
		default:
			p.word.Gap = last.gap(p)
		}
		at[p] = len(words)
		words = append(words, p.word)
		if p.word.Hidden {
			unseen = p
		} else {
			shown = p
		}
	}
	return words
}

// twin tells whether p is the same word drawn again (a shadow, a bold face
// made by printing twice).
func (a *piece) twin(p *piece) bool {
	shift := 0.15 * a.em
	return a.word.Text == p.word.Text && math.Abs(a.start-p.start) < shift && math.Abs(a.end-p.end) < shift
}

// touches tells whether p goes on where a ends, drawn by another operation.
func (a *piece) touches(p *piece) bool {
	em := min(a.em, p.em)
	gap := p.start - a.end
	return a.upright && !p.blank && !a.word.Form && !p.word.Form && gap < joinGap*em && gap > -joinGap*em
}

// gap tells what separates p from the word before it on its line.
func (a *piece) gap(p *piece) claim.Gap {
	em := min(a.em, p.em)
	limit := wideGap * em
	if isDigit(a.word.Text[len(a.word.Text)-1]) && isDigit(p.word.Text[0]) {
		limit = wideDigits * em
		if p.blank { // a typewriter's blank is as wide as its digits
			limit = min(max(limit, 1.5*p.blankWidth), 0.95*em)
		}
	}
	if p.start-a.end > limit {
		return claim.GapWide
	}
	return claim.GapBlank
}

func isDigit(b byte) bool { return b >= '0' && b <= '9' }

// round keeps a rectangle to a hundredth of a point: finer is noise.
func round(r claim.Rect) claim.Rect {
	for i := range r {
		r[i] = math.Round(r[i]*100) / 100
	}
	return r
}
