package document

import (
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"guichet/pipeline/claim"
)

// segment is a run of words on one line of one column.
type segment struct {
	text   string
	tokens []string // its words folded, without their punctuation
	rect   claim.Rect
}

// makeSegments cuts a page's visible words where a line or a column ends.
func makeSegments(words []claim.Word) []segment {
	var all []segment
	for _, word := range words {
		if word.Hidden {
			continue
		}
		if len(all) == 0 || word.Gap != claim.GapBlank {
			all = append(all, segment{rect: word.Rect})
		}
		last := &all[len(all)-1]
		if isRule(word.Text) { // dots to sign on
			continue
		}
		last.text = strings.TrimPrefix(last.text+" "+word.Text, " ")
		last.rect = last.rect.Union(word.Rect)
		last.tokens = append(last.tokens, strings.FieldsFunc(claim.Fold(word.Text), notSign)...)
	}
	return all
}

func notSign(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// isRule tells whether a word is a line made of characters.
func isRule(text string) bool {
	return strings.Trim(text, "._…-–—~|") == ""
}

// What a label that asks for a signature is made of, folded.
var (
	// labelStarts begin a label.
	labelStarts = [][]string{
		{"signature"},
		{"signatures"},
		{"cachet"},
		{"tampon"},
		{"bon", "pour", "accord"},
		{"bon", "pour", "commande"},
		{"bon", "pour", "acceptation"},
		{"lu", "et", "approuve"},
		{"fait", "a"},
		{"fait", "le"},
	}
	// labelWords make a label of a short text that holds one of them.
	labelWords = []string{"signature", "signatures", "cachet"}
	// notLabels speak of a signature and ask for none.
	notLabels = [][]string{
		{"signature", "electronique"},
		{"signature", "numerique"},
		{"date", "de", "signature"},
		{"date", "de", "la", "signature"},
		{"signature", "du", "present"},
		{"signature", "de", "la", "presente"},
		{"cachet", "de", "la", "poste"},
	}
	// sentenceWords are in sentences of the small print, and in no label.
	sentenceWords = []string{
		"vaut", "emporte", "implique", "entraine", "atteste", "certifie", "certifions", "engage", "doit", "doivent", "sera", "seront",
		"est", "sont", "reconnait", "reconnaissons", "accepte", "acceptons", "peut", "faute", "defaut", "jours",
	}
)

const (
	labelTokens   = 16 // words of the longest label
	shortTokens   = 10 // words of a label that does not begin with what it asks for
	spellingFrom  = 7  // letters from which a word may be misread in one
	headingTokens = 5  // words of a heading above a label
)

// hasLabel tells whether a page asks for a signature by hand.
func hasLabel(page *claim.Page) bool {
	return slices.ContainsFunc(makeSegments(page.Words), segment.isLabel)
}

// isLabel tells whether a segment asks for a signature.
func (s segment) isLabel() bool {
	if len(s.tokens) == 0 || len(s.tokens) > labelTokens || slices.ContainsFunc(s.tokens, func(token string) bool { return slices.Contains(sentenceWords, token) }) {
		return false
	}
	for _, phrase := range notLabels {
		if s.holds(phrase) {
			return false
		}
	}
	asks := strings.HasSuffix(s.text, ":")
	first, _ := utf8.DecodeRuneInString(s.text)
	runsOn := unicode.IsLower(first) && (len(s.tokens) > 4 || strings.HasSuffix(s.text, ".") || strings.HasSuffix(s.text, ","))
	if runsOn && !asks {
		return false
	}
	for _, start := range labelStarts {
		if startsWith(s.tokens, start) {
			return true
		}
	}
	if len(s.tokens) > shortTokens || strings.HasSuffix(s.text, ".") {
		return false
	}
	return slices.ContainsFunc(s.tokens, func(token string) bool {
		return slices.ContainsFunc(labelWords, func(word string) bool { return spelt(token, word) })
	})
}

// holds tells whether the words of a phrase stand together in a segment.
func (s segment) holds(phrase []string) bool {
	for i := range s.tokens {
		if startsWith(s.tokens[i:], phrase) {
			return true
		}
	}
	return false
}

func startsWith(tokens, phrase []string) bool {
	if len(tokens) < len(phrase) {
		return false
	}
	for i, word := range phrase {
		if !spelt(tokens[i], word) {
			return false
		}
	}
	return true
}

// spelt tells whether a token is a word, or a long one misread in one letter.
func spelt(token, word string) bool {
	if token == word {
		return true
	}
	if len(word) < spellingFrom || len(token) > len(word)+1 || len(token)+1 < len(word) {
		return false
	}
	i := 0
	for i < len(token) && i < len(word) && token[i] == word[i] {
		i++
	}
	a, b := token[i:], word[i:]
	switch {
	case len(a) == len(b):
		return a[1:] == b[1:]
	case len(a) > len(b):
		return a[1:] == b
	}
	return a == b[1:]
}

// place is where labels ask for one signature.
type place struct {
	label  string
	labels []claim.Rect
	rect   claim.Rect // around the labels
	region claim.Rect // where the signature belongs
}

// Sizes about a label, in points.
const (
	regionWidth  = 250.0
	regionHeight = 85.0
	regionAbove  = 12.0 // a signature beside its label rises above it
	regionLeft   = 10.0
	columnSpace  = 6.0  // kept from the next column
	sameBlock    = 45.0 // below a label, another one of the same block
	headingSpace = 18.0 // from a heading to the label below it
	headingAside = 40.0 // its start from the label's
	// mostPlaces bounds the work on one page.
	mostPlaces = 8
)

// findPlaces finds where a page asks for signatures. Labels below one another
// make one place.
func findPlaces(segments []segment, width, height float64) []place {
	var places []place
	for i, s := range segments {
		if !s.isLabel() {
			continue
		}
		j := slices.IndexFunc(places, func(p place) bool {
			below := s.rect[1] - p.rect[3]
			return below > -sameBlock/4 && below < sameBlock && math.Abs(s.rect[0]-p.rect[0]) < 60
		})
		if j >= 0 {
			places[j].label += " | " + s.text
			places[j].rect = places[j].rect.Union(s.rect)
			places[j].labels = append(places[j].labels, s.rect)
			continue
		}
		places = append(places, place{label: s.text + around(segments, i), rect: s.rect, labels: []claim.Rect{s.rect}})
		if len(places) == mostPlaces {
			break
		}
	}
	for i := range places {
		places[i].region = region(places, i, width, height)
	}
	return places
}

// around gives what stands closely above and below a label in its column: it
// may tell whose signature is asked for.
func around(segments []segment, i int) string {
	label := segments[i].rect
	text := ""
	for j, s := range segments {
		above, below := label[1]-s.rect[3], s.rect[1]-label[3]
		near := above > -3 && above < headingSpace || below > -3 && below < headingSpace
		if j != i && near && !s.isLabel() && len(s.tokens) > 0 && len(s.tokens) <= headingTokens && !strings.HasSuffix(s.text, ".") && math.Abs(s.rect[0]-label[0]) < headingAside {
			text += " | " + s.text
		}
	}
	return text
}

// region gives where the signature of a place belongs: below and right of its
// labels, short of the next place and the page's edge.
func region(places []place, i int, width, height float64) claim.Rect {
	label := places[i].rect
	right := min(label[0]+regionWidth, width)
	left := max(0, min(label[0]-regionLeft, right-regionWidth/2))
	for j, other := range places {
		if j == i || other.rect[3] < label[1] || other.rect[1] > label[3]+regionHeight {
			continue
		}
		if x := other.rect[0] - regionLeft; x > label[0]+columnSpace {
			right = min(right, x)
		} else if x := other.rect[2]; x < label[0] {
			left = max(left, min(x, label[0]-columnSpace))
		}
	}
	return claim.Rect{left, max(0, label[1]-regionAbove), right, min(height, label[3]+regionHeight)}
}
