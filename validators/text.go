package validators

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"guichet/pipeline/claim"
)

// Marks between the words of a stream's text, from the least gap to the
// widest. [claim.Fold] leaves no control character, so that no document can
// hold one of them.
const (
	gapWide  = '\t'
	gapLine  = '\n'
	gapEnd   = '\f' // of a column, and of the text
	gapMarks = " \t\n\f"
)

// token is a run of letters, or a run of digits, of a stream's text.
type token struct {
	start, end int // in the text
	at         int // in the compact text
	place      int // of the word that holds it
	line       int
	digits     bool
}

// place is a word where it stands.
type place struct {
	page   int // from 1
	word   *claim.Word
	gap    claim.Gap
	folded string
}

// stream is a sequence of words made ready to be searched: folded once, cut
// into tokens, and with all but the tokens left out once more, so that a text
// is found whatever blanks, line breaks and hyphens stand in it. What may
// stand between two tokens is then looked up where they were found.
type stream struct {
	text    string // folded words with gap marks between them, and gapEnd at both ends
	compact string // the tokens alone
	tokens  []token
	places  []place
}

// span is a run of tokens of a stream, from first to last.
type span struct{ first, last int }

// newStream makes a stream of words.
func newStream(places []place) *stream {
	s := &stream{places: places}
	var text, compact strings.Builder
	text.WriteByte(gapEnd)
	line, gap := 0, 0
	for i, p := range places {
		// A word that folds to nothing still parts its neighbours.
		gap = max(gap, rank(p.gap))
		if p.folded == "" {
			continue
		}
		if text.Len() > 1 {
			text.WriteByte(gapMarks[gap])
		}
		switch gapMarks[gap] {
		case gapLine:
			line++
		case gapEnd:
			line += 2 // the end of a column is not near the start of the next
		}
		gap = 0
		start := text.Len()
		text.WriteString(p.folded)
		s.cut(p.folded, start, i, line, &compact)
	}
	text.WriteByte(gapEnd)
	s.text, s.compact = text.String(), compact.String()
	return s
}

// cut adds the tokens of a word that starts at an offset of the text.
func (s *stream) cut(word string, start, at, line int, compact *strings.Builder) {
	open := -1
	var digits bool
	closeToken := func(end int) {
		if open >= 0 {
			s.tokens = append(s.tokens, token{
				start: start + open, end: start + end, at: compact.Len(), place: at, line: line, digits: digits,
			})
			compact.WriteString(word[open:end])
			open = -1
		}
	}
	for i, r := range word {
		isDigit := r >= '0' && r <= '9'
		if !isWordRune(r) {
			closeToken(i)
			continue
		}
		if open >= 0 && digits != isDigit {
			closeToken(i)
		}
		if open < 0 {
			open, digits = i, isDigit
		}
	}
	closeToken(len(word))
}

// rank gives the place of a gap's mark among [gapMarks].
func rank(gap claim.Gap) int {
	switch gap {
	case claim.GapWide:
		return 1
	case claim.GapLine:
		return 2
	case columnEnd:
		return 3
	case claim.GapBlank:
	}
	return 0
}

// columnEnd parts two columns of a page in [layer.columns].
const columnEnd claim.Gap = "end"

// token gives the text of the i-th token, or nothing when there is none.
func (s *stream) token(i int) string {
	if i < 0 || i >= len(s.tokens) {
		return ""
	}
	return s.text[s.tokens[i].start:s.tokens[i].end]
}

// isNumber tells whether the i-th token is there and made of digits.
func (s *stream) isNumber(i int) bool {
	return i >= 0 && i < len(s.tokens) && s.tokens[i].digits
}

// before gives what stands between the i-th token and the one before it.
func (s *stream) before(i int) string {
	from := 0
	if i > 0 {
		from = s.tokens[i-1].end
	}
	return s.text[from:s.tokens[i].start]
}

// after gives what stands between the i-th token and the one behind it.
func (s *stream) after(i int) string {
	to := len(s.text)
	if i+1 < len(s.tokens) {
		to = s.tokens[i+1].start
	}
	return s.text[s.tokens[i].end:to]
}

// glued tells whether a separator keeps two tokens in one word.
func glued(separator string) bool { return !strings.ContainsAny(separator, gapMarks) }

// each visits every run of whole tokens that spells a text, letters and digits
// only, whatever stands between the tokens, until a visit returns true.
func (s *stream) each(compact string, visit func(span) bool) bool {
	if compact == "" {
		return false
	}
	for from := 0; ; {
		found := strings.Index(s.compact[from:], compact)
		if found < 0 {
			return false
		}
		at := from + found
		first, starts := s.tokenAt(at)
		if starts {
			end, ends := s.tokenAt(at + len(compact))
			if ends && visit(span{first, end - 1}) {
				return true
			}
			first++
		}
		if first >= len(s.tokens) {
			return false
		}
		from = s.tokens[first].at
	}
}

// tokenAt gives the token that starts at an offset of the compact text, or the
// next one and false. Behind the last token it gives their number, and true at
// the end of the text.
func (s *stream) tokenAt(offset int) (int, bool) {
	i, found := slices.BinarySearchFunc(s.tokens, offset, func(t token, offset int) int { return cmp.Compare(t.at, offset) })
	return i, found || i == len(s.tokens) && offset == len(s.compact)
}

// softHyphen is written where a word may be broken, and seen where it is.
const softHyphen = "\u00ad"

// unmarked gives a text without the signs of trademarks: they are no letters of
// the name that they follow, though folding makes letters of them.
func unmarked(text string) string {
	const signs = "™℠"
	if !strings.ContainsAny(text, signs) {
		return text
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(signs, r) {
			return ' '
		}
		return r
	}, text)
}

// foldWord folds a word, and keeps the hyphen at which it is broken.
func foldWord(text string) string {
	folded := claim.Fold(unmarked(text))
	if strings.HasSuffix(text, softHyphen) && folded != "" {
		folded += "-"
	}
	return folded
}

// phrase is a sequence of words to be found: in this order, and on token
// boundaries.
type phrase struct {
	compact string
	cuts    map[int]bool // offsets in compact at which its words end
}

// looseLetters is how long a phrase must be for blanks and hyphens inside its
// words to be taken for flaws of the document.
const looseLetters = 8

// newPhrase makes a phrase of folded words.
func newPhrase(words []string) phrase {
	p := phrase{cuts: map[int]bool{}}
	var compact strings.Builder
	for _, word := range words {
		if compact.Len() > 0 {
			p.cuts[compact.Len()] = true
		}
		compact.WriteString(word)
	}
	p.compact = compact.String()
	return p
}

// phraseOf makes a phrase of a text as somebody typed it.
func phraseOf(text string) phrase {
	return newPhrase(strings.FieldsFunc(claim.Fold(unmarked(text)), func(r rune) bool { return !isWordRune(r) }))
}

// search finds a phrase.
func (p phrase) search() search {
	return func(_ *layer, s *stream, accept visit) bool {
		return s.eachPhrase(p, func(sp span) bool { return accept(sp) })
	}
}

// eachPhrase visits every occurrence of a phrase until a visit returns true.
func (s *stream) eachPhrase(p phrase, visit func(span) bool) bool {
	return s.each(p.compact, func(sp span) bool { return s.holds(p, sp) && visit(sp) })
}

// holds tells whether the tokens of a span, which spell a phrase, are the
// phrase: parted where its words are, and standing for themselves.
func (s *stream) holds(p phrase, sp span) bool {
	if !s.standsAlone(sp) {
		return false
	}
	cuts := 0
	for i := sp.first + 1; i <= sp.last; i++ {
		separator, offset := s.before(i), s.tokens[i].at-s.tokens[sp.first].at
		numbers := s.tokens[i-1].digits && s.tokens[i].digits
		switch {
		case strings.ContainsRune(separator, gapEnd):
			return false
		case p.cuts[offset]:
			cuts++
		case separator == "":
		case numbers:
			return false
		case separator == "-\n" || separator == "." || separator == "'":
		case len(p.compact) >= looseLetters && (separator == " " || separator == "-"):
		default:
			return false
		}
	}
	return cuts == len(p.cuts) || !p.mergesNumbers(s, sp)
}

// mergesNumbers tells whether two numbers that the phrase holds apart are one
// in a span: only between letters may a blank have vanished.
func (p phrase) mergesNumbers(s *stream, sp span) bool {
	for cut := range p.cuts {
		if isDigits(p.compact[cut-1:cut]) && isDigits(p.compact[cut:cut+1]) {
			if _, parted := s.tokenAt(s.tokens[sp.first].at + cut); !parted {
				return true
			}
		}
	}
	return false
}

// standsAlone tells whether a span is no part of a longer word or number.
func (s *stream) standsAlone(sp span) bool {
	if separator := s.before(sp.first); sp.first > 0 {
		if separator == "" || s.isNumber(sp.first) && s.isNumber(sp.first-1) && joins(separator) {
			return false
		}
	}
	if separator := s.after(sp.last); sp.last+1 < len(s.tokens) {
		if separator == "" || s.isNumber(sp.last) && s.isNumber(sp.last+1) && joins(separator) {
			return false
		}
	}
	return true
}

// joins tells whether a separator between two numbers makes them one.
func joins(separator string) bool {
	switch separator {
	case ".", ",", "-", "/", "_", "-\n":
		return true
	}
	return false
}

// anyOf finds what any of several searches finds.
func anyOf(searches ...search) search {
	return func(l *layer, s *stream, accept visit) bool {
		return slices.ContainsFunc(searches, func(look search) bool { return look(l, s, accept) })
	}
}

// firstRune gives the first character of a text; utf8.RuneError for none.
func firstRune(text string) rune {
	r, _ := utf8.DecodeRuneInString(text)
	return r
}
