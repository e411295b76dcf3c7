package validators

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// glyph is a letter, a digit, or a sign that stands for one, as OCR read it.
type glyph struct {
	r          rune
	start, end int // in the stream's text
	word       int // among the stream's places
	line       int
	sure       bool // OCR is sure of its word
	sign       bool
	joined     rune // the one that it and the one before it look like together
}

// glyphs is a stream's text, sign by sign, without what parts words.
type glyphs struct {
	*stream
	all []glyph
}

// maxGlyphs is how many glyphs are looked through: a thousand words on each of
// fifty pages. A hostile document cannot make the search long.
const maxGlyphs = 400_000

// newGlyphs takes a stream apart. OCR is sure of a word from a confidence on.
func newGlyphs(s *stream, sure int) *glyphs {
	g := &glyphs{stream: s}
	start, line := 1, 0 // behind the mark at the text's start
	for i, p := range s.places {
		if p.folded == "" {
			continue
		}
		if len(g.all) > maxGlyphs {
			break
		}
		switch s.text[start-1] {
		case gapLine:
			line++
		case gapEnd:
			line += 2
		}
		for offset, r := range p.folded {
			if isWordRune(r) || isSign(r) {
				at := start + offset
				next := glyph{
					r: r, start: at, end: at + utf8.RuneLen(r), word: i, line: line, sure: p.word.Confidence >= sure, sign: isSign(r),
				}
				if n := len(g.all); n > 0 {
					next.joined = ligatures[[2]rune{g.all[n-1].r, r}]
				}
				g.all = append(g.all, next)
			}
		}
		start += len(p.folded) + 1
	}
	return g
}

// gap gives what stands before the i-th glyph, behind the one before it.
func (g *glyphs) gap(i int) string {
	switch {
	case i == 0:
		return g.text[:g.all[0].start]
	case i == len(g.all):
		return g.text[g.all[i-1].end:]
	}
	return g.text[g.all[i-1].end:g.all[i].start]
}

// edge tells whether a word may start or end before the i-th glyph.
func (g *glyphs) edge(i int) bool {
	return g.gap(i) != "" || i > 0 && g.all[i-1].sign || i < len(g.all) && g.all[i].sign
}

// isDigit tells whether there is an i-th glyph, and it is a digit.
func (g *glyphs) isDigit(i int) bool { return i >= 0 && i < len(g.all) && isDigitRune(g.all[i].r) }

// tokensOf gives the tokens of a match, and false when it holds none.
func (g *glyphs) tokensOf(m match) (span, bool) {
	from := func(offset int) int {
		i, _ := slices.BinarySearchFunc(g.tokens, offset, func(t token, offset int) int { return t.start - offset })
		return i
	}
	first, last := from(g.all[m.first].start), from(g.all[m.last].end)-1
	return span{first, last}, first <= last
}

func isDigitRune(r rune) bool { return r >= '0' && r <= '9' }

// isSign tells whether a sign that is neither letter nor digit may stand for
// one.
func isSign(r rune) bool { return strings.ContainsRune(signs, r) }

// lookalikes are what OCR reads for a glyph, capital or small. Whoever stands
// in the other's list, the two are alike.
var lookalikes = map[rune]string{
	'0': "oqdcuge689@", '1': "iltj74", '2': "zs7", '3': "859eb", '4': "a91", '5': "s638", '6': "gb850e", '7': "1tz2", '8': "bs3069", '9': "gq048p",
	'a': "oe", 'b': "hd", 'c': "eog", 'd': "oc", 'e': "co", 'f': "t", 'g': "qc", 'h': "bnk", 'i': "ljt", 'k': "hx", 'l': "it",
	'm': "n", 'n': "mhur", 'o': "qca", 'p': "r", 'r': "np", 's': "z", 'u': "vn", 'v': "uyw", 'x': "k", 'y': "v",
	'|': "1ilt", '!': "1il", '[': "1il", ']': "1ijl", '$': "5s8", '§': "58s", '€': "6ec", '£': "ef6", '&': "8", '?': "72",
	'@': "aeoqg", '©': "@co0", '®': "@aeo0",
}

// signs are the glyphs that are neither letters nor digits.
const signs = "|![]$§€£&?@©®"

// confusions is lookalikes both ways, by the places of the two glyphs.
var confusions = func() *[128][128]bool {
	var table [128][128]bool
	for a, others := range lookalikes {
		for _, b := range others {
			table[place128(a)][place128(b)] = true
			table[place128(b)][place128(a)] = true
		}
	}
	return &table
}()

// place128 gives a glyph's place among those that are alike: its code in
// ASCII, one of a control character's for the few signs beyond, 0 for others.
func place128(r rune) int {
	if r < 128 {
		return int(r)
	}
	switch r {
	case '€':
		return 1
	case '£':
		return 2
	case '§':
		return 3
	case '©':
		return 4
	case '®':
		return 5
	}
	return 0
}

// confusable tells whether OCR takes two glyphs for each other.
func confusable(a, b rune) bool { return confusions[place128(a)][place128(b)] }

// ligatures are two letters that OCR reads as one, and the reverse.
var ligatures = map[[2]rune]rune{{'r', 'n'}: 'm', {'v', 'v'}: 'w', {'c', 'l'}: 'd', {'i', 'i'}: 'u', {'l', 'i'}: 'h', {'r', 'i'}: 'n', {'i', 'n'}: 'm'}

// handling tells what may stand for a digit of a pattern.
type handling int

const (
	// firm digits stand for themselves: no other glyph but a letter or sign
	// like them, or a digit like them of which OCR is not sure.
	firm handling = iota
	// loose digits are firm, but one that OCR is not sure of may be any other, lost or gained.
	loose
	// keyed digits have a key among them: letters and signs like them are
	// them, and one may be any other, lost or gained, for the key tells. So it
	// is with a letter that print does not tell from a digit.
	keyed
)

// Costs, in halves of an edit.
const (
	likeGlyph  = 1 // a glyph like the wanted one; a stray sign
	edit       = 2 // another letter, one lost or gained
	likeDigit  = 3 // a digit like the wanted one
	wrongDigit = 4 // another digit, one lost or gained
	never      = 1 << 20
)

// pattern is a text to be found where OCR misread a little of it.
type pattern struct {
	wanted []rune // letters, digits and @
	budget int    // what a match may cost
	digits handling
	number bool   // its digits stand close: what parts them is short
	dashed bool   // a dash may stand before it
	breaks string // gap marks that no match goes over
	// cuts are the places in wanted before which a mark parts two numbers that
	// OCR may take for a glyph: 01/03/2023, 708€00. marks are those glyphs.
	cuts  []int
	marks string
}

// match is a run of glyphs that spells a pattern, and what that costs.
type match struct{ first, last, cost int }

// replace gives the cost of a glyph in the place of a wanted one.
func (p *pattern) replace(g glyph, wanted rune) int {
	same := confusable(g.r, wanted)
	switch {
	case g.r == wanted:
		return 0
	case !isDigitRune(wanted) && p.digits != keyed:
		if same {
			return likeGlyph
		}
		return edit
	case isDigitRune(wanted) && !isDigitRune(g.r) && same:
		if p.digits == keyed {
			return 0
		}
		return likeGlyph
	case p.digits == keyed && twin(g.r) == twin(wanted):
		return 0
	case p.digits == keyed:
		return wrongDigit
	case !isDigitRune(g.r) || g.sure:
		return never
	case same:
		return likeDigit
	case p.digits == loose:
		return wrongDigit
	}
	return never
}

// insert gives the cost of a glyph too many before the j-th wanted one.
func (p *pattern) insert(g glyph, j int) int {
	digit := isDigitRune(g.r)
	beside := j > 0 && isDigitRune(p.wanted[j-1]) || j < len(p.wanted) && isDigitRune(p.wanted[j])
	switch {
	case g.sign || slices.Contains(p.cuts, j) && strings.ContainsRune(p.marks, g.r):
		return likeGlyph
	case p.digits == keyed:
		return wrongDigit
	case p.digits == loose:
		return unless(digit && g.sure, wrongDigit)
	case p.number:
		return never
	}
	return unless(digit && beside, edit)
}

// remove gives the cost of a wanted glyph that is lost, beside words of all of
// which OCR is sure or not.
func (p *pattern) remove(sure bool, wanted rune) int {
	switch p.digits {
	case keyed:
		return wrongDigit
	case loose:
		return unless(sure, wrongDigit)
	case firm:
	}
	return unless(isDigitRune(wanted), edit)
}

func unless(forbidden bool, cost int) int {
	if forbidden {
		return never
	}
	return cost
}

// cell is the cheapest way in which the head of a pattern is spelt by the
// glyphs up to one of them, and the glyph at which that starts.
type cell struct{ cost, start int }

// plus gives the cell behind a step of some cost.
func (c cell) plus(cost int) cell { return cell{min(c.cost+cost, never), c.start} }

// or gives the cheaper of two cells.
func (c cell) or(other cell) cell {
	if other.cost < c.cost {
		return other
	}
	return c
}

// alignment is the cells of a pattern's heads at one glyph, as far as they are
// within the budget.
type alignment []cell

func (a alignment) at(j int) cell {
	if j < 0 || j >= len(a) {
		return cell{cost: never}
	}
	return a[j]
}

// within cuts off the cells at the end that are over a budget.
func (a alignment) within(budget int) alignment {
	for len(a) > 0 && a[len(a)-1].cost > budget {
		a = a[:len(a)-1]
	}
	return a
}

// aligner lays a pattern along glyphs.
type aligner struct {
	*glyphs
	*pattern
	joined []rune // what each wanted glyph looks like together with the one before it
}

// each visits the runs of whole words that spell a pattern within its budget,
// until a visit returns true. It takes a step for each glyph and each head of
// the pattern that may still come to something there (Sellers, with Ukkonen's
// cut): about glyphs × budget in all.
func (g *glyphs) each(p *pattern, visit func(match) bool) bool {
	if len(p.wanted) == 0 {
		return false
	}
	a := aligner{glyphs: g, pattern: p, joined: make([]rune, len(p.wanted))}
	for j := 1; j < len(p.wanted); j++ {
		a.joined[j] = ligatures[[2]rune{p.wanted[j-1], p.wanted[j]}]
	}
	last, before, now := alignment{}, alignment{}, alignment{}
	for i := range g.all {
		if len(last)+len(before) > 0 && p.parted(g.gap(i)) {
			last, before = last[:0], before[:0]
		}
		if g.edge(i) {
			if len(last) == 0 {
				last = append(last, cell{})
			}
			last[0] = cell{0, i}
		}
		if now = now[:0]; len(last)+len(before) > 0 {
			now = a.step(i, last, before, now)
		}
		if end := now.at(len(p.wanted)); end.cost <= p.budget && g.edge(i+1) && visit(match{end.start, i, end.cost}) {
			return true
		}
		last, before, now = now, last, before
	}
	return false
}

// parted tells whether no match goes over a gap.
func (p *pattern) parted(gap string) bool {
	return strings.ContainsAny(gap, p.breaks) || p.number && len(gap) > 3
}

// step gives the cells at the i-th glyph from those at the two before it.
func (a *aligner) step(i int, last, before, now alignment) alignment {
	shown := a.all[i]
	sure := shown.sure && (i+1 == len(a.all) || a.all[i+1].sure)
	now = append(now, last.at(0).plus(a.insert(shown, 0)))
	for j := 1; j <= len(a.wanted); j++ {
		above := now[j-1]
		if j > len(last)+1 && j > len(before) && above.cost > a.budget {
			break
		}
		wanted := a.wanted[j-1]
		best := cell{cost: never}
		if from := last.at(j - 1); from.cost <= a.budget {
			best = from.plus(a.replace(shown, wanted))
		}
		if from := last.at(j); from.cost <= a.budget {
			best = best.or(from.plus(a.insert(shown, j)))
		}
		if above.cost <= a.budget {
			best = best.or(above.plus(a.remove(sure, wanted)))
		}
		if shown.joined == wanted {
			best = best.or(before.at(j - 1).plus(likeGlyph))
		}
		if a.joined[j-1] == shown.r {
			best = best.or(last.at(j - 2).plus(likeGlyph))
		}
		now = append(now, best)
	}
	return now.within(a.budget)
}

// compactOf gives the letters and digits of a text, folded, and its @.
func compactOf(text string) []rune {
	var out []rune
	for _, r := range foldWord(text) {
		if isWordRune(r) || r == '@' {
			out = append(out, r)
		}
	}
	return out
}

// budgetOf gives what a match of a text of some letters may cost: one glyph
// like the wanted one, below five letters; then one edit, two, and one in
// eight letters.
func budgetOf(letters int) int {
	switch {
	case letters < 5:
		return likeGlyph
	case letters <= 8:
		return edit
	case letters <= 16:
		return 2 * edit
	}
	return letters / 8 * edit
}
