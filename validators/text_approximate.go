package validators

import (
	"slices"
	"strconv"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
)

// likeness finds what OCR may have made of a text, in one stream of the words
// that it read. It is never taken for the text itself, but where a key proves it.
type likeness func(*glyphs) (hit, bool)

// longestValue is how long a value of the row may be to be looked for so, in
// letters and digits: the 32,767 that a cell holds would make the search long.
const longestValue = 120

// Gap marks that no match goes over.
const (
	breaksText   = "\f"
	breaksNumber = "\t\f" // a number may go on in the next line
	breaksLine   = "\t\n\f"
)

// anyLike finds what any of several likenesses finds.
func anyLike(likes ...likeness) likeness {
	return func(g *glyphs) (hit, bool) {
		for _, like := range likes {
			if found, ok := like(g); ok {
				return found, true
			}
		}
		return hit{}, false
	}
}

// like finds the first match of any pattern that stands alone and passes a
// further test, where there is one.
func like(patterns []pattern, passes func(*glyphs, match) bool) likeness {
	return func(g *glyphs) (hit, bool) {
		for i := range patterns {
			var found match
			if g.each(&patterns[i], func(m match) bool {
				found = m
				return g.apart(&patterns[i], m) && (passes == nil || passes(g, m))
			}) {
				return g.hitAt(found), true
			}
		}
		return hit{}, false
	}
}

// hitAt tells where matches stand.
func (g *glyphs) hitAt(matches ...match) hit {
	runs := make([]span, len(matches))
	for i, m := range matches {
		runs[i] = span{g.all[m.first].word, g.all[m.last].word}
	}
	found := g.hitOf(runs)
	found.sight = uncertain
	return found
}

// apart tells whether a match is no part of a longer number: its own groups of
// digits, where blanks part them, do not go on in those beside it.
func (g *glyphs) apart(p *pattern, m match) bool {
	before, after := g.gap(m.first), g.gap(m.last+1)
	if p.number {
		if before == "-" && !p.dashed || before == "_" || after == "_" {
			return false
		}
		for i := m.first + 1; i <= m.last; i++ {
			if strings.ContainsAny(g.gap(i), " \n") {
				return (before != " " || !g.isDigit(m.first-1)) && (after != " " || !g.isDigit(m.last+1))
			}
		}
	}
	begins, ends := p.number || isDigitRune(p.wanted[0]), p.number || isDigitRune(p.wanted[len(p.wanted)-1])
	return (!begins || !g.isDigit(m.first-1) || !joins(before)) && (!ends || !g.isDigit(m.last+1) || !joins(after))
}

// textPattern makes the pattern of a text, or none of one that is empty or too long.
func textPattern(text string) []pattern {
	wanted := compactOf(text)
	if len(wanted) == 0 || len(wanted) > longestValue {
		return nil
	}
	return []pattern{passagePattern(text)}
}

// passagePattern makes the pattern of a text of any length.
func passagePattern(text string) pattern {
	wanted := compactOf(text)
	return pattern{wanted: wanted, budget: budgetOf(len(wanted)), breaks: breaksText}
}

// likeText finds any of some texts.
func likeText(texts ...string) likeness {
	var patterns []pattern
	for _, text := range texts {
		patterns = append(patterns, textPattern(text)...)
	}
	return like(patterns, nil)
}

// likePassage finds a long text of the programme.
func likePassage(text string) likeness { return like([]pattern{passagePattern(text)}, nil) }

// likeReference finds a reference that no hyphen makes part of a longer one.
// Print does not tell l and I from 1, nor O from 0, and no other reference
// differs by them: with these it is the reference itself.
func likeReference(text string) likeness {
	wanted := strings.Map(twin, string(compactOf(text)))
	return func(g *glyphs) (hit, bool) {
		var at match
		found, ok := like(textPattern(text), func(g *glyphs, m match) bool {
			before, after := g.gap(m.first), g.gap(m.last+1)
			at = m
			return before != "-" && before != "_" && after != "_"
		})(g)
		if ok && strings.Map(twin, g.spelling(at)) == wanted {
			found.sight = shown
		}
		return found, ok
	}
}

// twin makes one of the glyphs that print does not tell apart.
func twin(r rune) rune {
	switch r {
	case 'l', 'i', '|':
		return '1'
	case 'o':
		return '0'
	}
	return r
}

// spelling gives the glyphs of a match.
func (g *glyphs) spelling(m match) string {
	var spelt strings.Builder
	for i := m.first; i <= m.last; i++ {
		spelt.WriteRune(g.all[i].r)
	}
	return spelt.String()
}

// likeNear finds texts of which none is further than a line from the first.
func likeNear(texts [][]pattern) likeness {
	return func(g *glyphs) (hit, bool) {
		places := make([][]match, len(texts))
		for i, patterns := range texts {
			for k := range patterns {
				g.each(&patterns[k], func(m match) bool {
					if g.apart(&patterns[k], m) {
						places[i] = append(places[i], m)
					}
					return false
				})
			}
			if len(places[i]) == 0 {
				return hit{}, false
			}
			slices.SortStableFunc(places[i], func(a, b match) int { return a.first - b.first })
		}
		if len(places) == 0 {
			return hit{}, false
		}
		for _, m := range places[0] {
			if together, ok := g.near(m, places[1:]); ok {
				return g.hitAt(together...), true
			}
		}
		return hit{}, false
	}
}

// near gives a match with one of each of some lists that is on its line, or
// one beside it.
func (g *glyphs) near(m match, lists [][]match) ([]match, bool) {
	together := []match{m}
	from, to := g.all[m.first].line-1, g.all[m.last].line+1
	for _, list := range lists {
		i, _ := slices.BinarySearchFunc(list, from, func(other match, line int) int { return g.all[other.first].line - line })
		if i == len(list) || g.all[list[i].first].line > to {
			return nil, false
		}
		together = append(together, list[i])
	}
	return together, true
}

// likePerson finds a person's name: its words in any order, near each other.
func likePerson(names config.Names, name string) likeness {
	all := personWords(names, name)
	civil := slices.ContainsFunc(names.Civilities, func(civility string) bool { return slices.Contains(all, claim.Fold(civility)) })
	if civil || len(all) > turnedWords {
		return nil // where civilities are all there is, they are the words
	}
	var words [][]pattern
	for _, word := range all {
		words = append(words, textPattern(word))
	}
	// The longest word first: it stands in the fewest places.
	slices.SortStableFunc(words, func(a, b []pattern) int { return letters(b) - letters(a) })
	return anyLike(likeText(strings.Join(all, " ")), likeNear(words))
}

func letters(patterns []pattern) int {
	if len(patterns) == 0 {
		return 0
	}
	return len(patterns[0].wanted)
}

// likeCompany finds a company's name, legal forms aside.
func likeCompany(names config.Names, name string) likeness {
	return likeText(strings.Join(wordsBut(name, names.LegalForms), " "), name)
}

// likeVersioned finds a solution's name with its version near it.
func likeVersioned(name, version string) likeness {
	e := versionOf(version)
	var versions []pattern
	for _, label := range append([]string{""}, versionLabels...) {
		for _, p := range textPattern(label + e.compact) {
			p.number, p.breaks, p.budget = true, breaksLine, likeDigit
			versions = append(versions, p)
		}
	}
	return likeNear([][]pattern{textPattern(name), versions})
}

// likeEmail finds an address, which no sign beside it makes part of a longer
// one. With nothing but blanks beside its @, which no address has, it is the
// address itself.
func likeEmail(address string) likeness {
	patterns := textPattern(address)
	for i := range patterns {
		patterns[i].breaks = breaksNumber
	}
	wanted := claim.Fold(address)
	return func(g *glyphs) (hit, bool) {
		var at match
		found, ok := like(patterns, func(g *glyphs, m match) bool {
			before, after := g.gap(m.first), g.gap(m.last+1)
			longer := m.first > 0 && strings.Trim(before, "._-+%&*=~") == "" ||
				m.last+1 < len(g.all) && strings.Trim(after, ".-_") == ""
			at = m
			return !longer
		})(g)
		if ok && aroundAt.Replace(g.text[g.all[at.first].start:g.all[at.last].end]) == wanted {
			found.sight = shown
		}
		return found, ok
	}
}

// aroundAt takes the blanks around an @ away.
var aroundAt = strings.NewReplacer(" @ ", "@", " @", "@", "@ ", "@")

// numberPattern makes the pattern of a text of digits.
func numberPattern(digits string, handled handling, breaks string) pattern {
	p := pattern{wanted: []rune(digits), budget: wrongDigit, digits: handled, number: true, breaks: breaks}
	if len(digits) < 5 {
		p.budget = likeDigit
	}
	return p
}

// likeAmount finds an amount, with its cents or, where there are none, without.
func likeAmount(amount claim.Cents) likeness {
	euros, cents, _ := strings.Cut(amount.String(), ".")
	stands := func(cents string) func(*glyphs, match) bool {
		return func(g *glyphs, m match) bool {
			sp, ok := g.tokensOf(m)
			if !ok || g.moreGroups(m) {
				return false
			}
			n := number{span: sp, cents: cents}
			part, negative := g.startsInside(sp.first)
			dashed := cents != "" && g.gap(m.first) == "-" && !g.isDigit(m.first-1) // de-708,00
			return (!part || dashed) && !negative && !g.goesOn(n) && (cents != "" || g.isAmount(n))
		}
	}
	whole := numberPattern(euros+cents, firm, breaksLine)
	whole.cuts, whole.marks, whole.dashed = []int{len(euros)}, lookalikes['€'], true
	full := like([]pattern{whole}, stands(cents))
	if cents != "00" {
		return full
	}
	return anyLike(full, like([]pattern{numberPattern(euros, firm, breaksLine)}, stands("")))
}

// moreGroups tells whether a group of digits beside a match is part of its
// number: 1 708,00; 708 000.
func (g *glyphs) moreGroups(m match) bool {
	if g.gap(m.last+1) == " " && len(g.digitsAt(m.last+1)) == 3 {
		return true
	}
	previous := g.digitsAt(m.first - 1)
	if g.gap(m.first) != " " || previous == "" || len(previous) > 3 {
		return false
	}
	decimals := m.first > len(previous) && strings.ContainsAny(g.gap(m.first-len(previous)), ",.")
	return !decimals
}

// digitsAt gives the run of digits in which a glyph stands, or nothing.
func (g *glyphs) digitsAt(i int) string {
	if !g.isDigit(i) {
		return ""
	}
	at, found := slices.BinarySearchFunc(g.tokens, g.all[i].start, func(t token, offset int) int { return t.start - offset })
	if !found {
		at--
	}
	return g.token(at)
}

// slashLike is what OCR reads for a slash.
const slashLike = "1ilt7"

// likeDate finds a day, in digits or with its month in words.
func likeDate(d claim.Date) likeness {
	text := func(layout string) string { return d.Start().Format(layout) }
	digits := func(layout string, cuts ...int) pattern {
		p := numberPattern(text(layout), firm, breaksLine)
		p.cuts, p.marks = cuts, slashLike
		return p
	}
	whole := []pattern{digits("02012006", 2, 4), digits("20060102", 4, 6)}
	day, month := len(text("2")), len(text("21"))
	short := []pattern{digits("020106", 2, 4), digits("212006", day, month), digits("2106", day, month)}
	parted := func(p pattern) likeness {
		return like([]pattern{p}, func(g *glyphs, m match) bool {
			slashRead := m.last-m.first+1 > len(p.wanted) // as a digit: 12/2722
			return slashRead || strings.ContainsAny(g.text[g.all[m.first].start:g.all[m.last].end], "/.-")
		})
	}
	var spelt []pattern
	for name, month := range months {
		if month == d.Month {
			for _, number := range []string{text("2"), text("02"), text("2") + "er"} {
				for _, p := range textPattern(number + name + text("2006")) {
					p.budget = budgetOf(len(name)) // that of the month: mai is not mars
					spelt = append(spelt, p)
				}
			}
		}
	}
	return anyLike(like(whole, nil), parted(short[0]), parted(short[1]), parted(short[2]), like(spelt, nil))
}

// likePhone finds a telephone number of which one digit is another.
func likePhone(phone string) likeness {
	var patterns []pattern
	for _, digits := range phoneForms(phone) {
		patterns = append(patterns, numberPattern(digits, loose, breaksNumber))
	}
	return like(patterns, nil)
}

// likeKeyed finds a number of nine signs that has a key, and is not the head of
// a SIRET.
func likeKeyed(number claim.FINESS) likeness {
	return likeProven(strings.ToLower(string(number)), keyProof{
		keyOK: func(read string) bool { return claim.FINESS(read).KeyOK() },
		parts: func(gap string) bool { return gap == "" || gap == " " },
		alone: func(g *glyphs, m match) bool {
			next := g.digitsAt(m.last + 1)
			return g.gap(m.last+1) != " " || len(next) != nicDigits || !strings.HasPrefix(next, "00")
		},
	})
}

// keyProof is what tells a number that has a key from others.
type keyProof struct {
	keyOK func(read string) bool // of a number as it was read, in capitals
	parts func(gap string) bool  // what may part the groups of one that is well written
	alone func(*glyphs, match) bool
}

// likeProven finds a number that has a key. Letters that stand for digits are
// those digits where they make the number, since its key is right: that is the
// number itself. A wrong digit makes the key wrong. Where the key is right, what
// stands there is another number.
func likeProven(number string, by keyProof) likeness {
	p := numberPattern(number, keyed, breaksNumber)
	return func(g *glyphs) (hit, bool) {
		best := hit{sight: missing}
		g.each(&p, func(m match) bool {
			if sight := g.keyedSight(m, by); g.apart(&p, m) && by.alone(g, m) && sight < best.sight {
				best = g.hitAt(m)
				best.sight = sight
			}
			return best.sight == shown
		})
		return best, best.sight != missing
	}
}

// keyedSight tells what a match of a number with a key is worth.
func (g *glyphs) keyedSight(m match, by keyProof) sight {
	plain, digits := true, 0
	for i := m.first; i <= m.last; i++ {
		if g.isDigit(i) {
			digits++
		}
		plain = plain && (i == m.first || by.parts(g.gap(i)))
	}
	// A well-formed number is found exactly, or refused for what is beside it.
	asRead := strings.ToUpper(g.spelling(m))
	switch {
	case by.keyOK(asRead) && (plain || m.cost > 0):
		return missing
	case m.cost == 0 && plain && 2*digits > len(asRead):
		return shown
	}
	return uncertain
}

// likeSupplier finds the number of a company, by itself or at the head of the
// one of its establishment.
func likeSupplier(s claim.SIRET) likeness {
	siret := like([]pattern{numberPattern(string(s), keyed, breaksNumber)}, nil)
	return anyLike(likeKeyed(claim.FINESS(s.SIREN())), siret) // both are nine digits and a Luhn key
}

// likeRegime finds a VAT regime in words, by its article or by a rate.
func likeRegime(regime string, rates []claim.BasisPoints) likeness {
	if regime == claim.NotLiableToVAT {
		texts := []string{"TVA non applicable", "293 B"}
		for _, word := range liable {
			texts = append(texts, "non "+word)
		}
		return likeText(texts...)
	}
	var words, percents []pattern
	for _, word := range liable {
		words = append(words, textPattern(word)...)
	}
	for _, rate := range rates {
		percents = append(percents, textPattern("TVA"+strings.TrimRight(strconv.Itoa(int(rate)), "0"))...)
		percents = append(percents, textPattern("TVA"+strconv.Itoa(int(rate/100)))...)
	}
	return anyLike(like(words, func(g *glyphs, m match) bool {
		sp, ok := g.tokensOf(m)
		return ok && !g.negates(sp.first-1) && !g.answeredNo(sp.last)
	}), like(percents, func(g *glyphs, m match) bool {
		return g.gap(m.last+1) != " " || !g.isDigit(m.last+1)
	}))
}
