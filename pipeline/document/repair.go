package document

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// replacement stands for a glyph whose character nobody knows.
const replacement = "\uFFFD"

// ligatures are spelt out. The control characters are where TeX's fonts keep
// them: 0x0b–0x0f in the encoding OT1, 0x1b–0x1f in T1.
var ligatures = map[rune]string{
	0x0b: "ff", 0x0c: "fi", 0x0d: "fl", 0x0e: "ffi", 0x0f: "ffl",
	0x1b: "ff", 0x1c: "fi", 0x1d: "fl", 0x1e: "ffi", 0x1f: "ffl",
	'ﬀ': "ff", 'ﬁ': "fi", 'ﬂ': "fl", 'ﬃ': "ffi", 'ﬄ': "ffl", 'ﬅ': "st", 'ﬆ': "st",
}

// spell gives the text of one character as pdfium tells it; nothing for one
// that stands for no glyph.
func spell(r rune, wide bool) string {
	if letters, ok := ligatures[r]; ok {
		return letters
	}
	switch {
	case r == 0x02: // pdfium's mark for a hyphen at a line's end
		return "-"
	case r == '\u00ad': // a soft hyphen that takes room is one that was printed
		if wide {
			return "-"
		}
		return ""
	case r == 0 || r == '\uFFFE' || r == '\uFFFF' || !validRune(r):
		return replacement
	case unicode.IsControl(r):
		return replacement
	case unicode.Is(unicode.Cf, r):
		return ""
	}
	return string(r)
}

func validRune(r rune) bool { return r <= unicode.MaxRune && (r < 0xD800 || r > 0xDFFF) }

// blankRune tells whether a character is a blank of any kind.
func blankRune(r rune) bool {
	return unicode.IsSpace(r) && (r == ' ' || r > 0x1f) || r == '\t' || r == '\n' || r == '\u200b' || r == '\u2060'
}

// accents are the accents that stand alone in a text, and what they are when
// put on a letter.
var accents = map[string]rune{
	"´": 0x301, "`": 0x300, "ˋ": 0x300, "ˊ": 0x301,
	"ˆ": 0x302, "^": 0x302, "¨": 0x308, "˜": 0x303, "~": 0x303, "¸": 0x327, "˚": 0x30a, "ˇ": 0x30c,
}

// Where an accent's letter is looked for: among so many glyphs before and
// behind it, and for the first accents of a page that leaves without a letter,
// on the whole page (TeX raises the accent of a capital, and it is then found
// on a line of its own).
const (
	accentReach = 4
	farAccents  = 200
)

// joinAccents puts accents that a font draws apart from their letter (TeX's
// OT1) back on it: the nearest letter whose place they share.
func joinAccents(glyphs []glyph) []glyph {
	gone := -1 // the first glyph taken up by another
	far := farAccents
	for i := range glyphs {
		mark, ok := accents[glyphs[i].text]
		if !ok {
			continue
		}
		home := letterOf(glyphs, i, max(i-accentReach, 0), min(i+accentReach+1, len(glyphs)), mark)
		if home < 0 && far > 0 {
			far--
			home = letterOf(glyphs, i, 0, len(glyphs), mark)
		}
		if home < 0 {
			continue
		}
		letter, accent := &glyphs[home], &glyphs[i]
		letter.text = composed(letter.text, mark)
		letter.ink = letter.ink.Union(accent.ink)
		letter.hidden = letter.hidden || accent.hidden
		if home == i+1 && accent.afterBlank {
			letter.afterBlank, letter.blankWidth = true, max(letter.blankWidth, accent.blankWidth)
		}
		accent.text = ""
		if gone < 0 {
			gone = i
		}
	}
	if gone < 0 {
		return glyphs
	}
	return slices.DeleteFunc(glyphs, func(one glyph) bool { return one.text == "" })
}

// letterOf finds the letter under the i-th glyph, an accent, from one glyph to
// another; -1 when there is none.
func letterOf(glyphs []glyph, i, from, to int, mark rune) int {
	best, home := 0.4, -1
	for j := from; j < to; j++ {
		if j == i {
			continue
		}
		if share := overlapping(&glyphs[i], &glyphs[j], mark); share > best {
			best, home = share, j
		}
	}
	return home
}

// overlapping tells how much of an accent's width a letter that can bear it covers.
func overlapping(accent, letter *glyph, mark rune) float64 {
	if accent.object.turn != letter.object.turn {
		return 0
	}
	em := letter.object.em
	if shift := accent.object.base - letter.object.base; shift > em || shift < -em {
		return 0
	}
	width := accent.end - accent.start
	if width <= 0 {
		return 0
	}
	share := (min(accent.end, letter.end) - max(accent.start, letter.start)) / width
	if share <= 0 || composed(letter.text, mark) == "" {
		return 0
	}
	return share
}

// composed puts a mark on a letter; nothing when there is no such letter.
func composed(letter string, mark rune) string {
	switch letter {
	case "ı":
		letter = "i"
	case "ȷ":
		letter = "j"
	}
	runes := []rune(norm.NFC.String(letter + string(mark)))
	if len([]rune(letter)) != 1 || len(runes) != 1 {
		return ""
	}
	return string(runes)
}

// TeX's euro and œ, where a font's encoding is taken for another: no French
// text has a reversed question mark behind an amount, or a division sign
// between letters.
var (
	euroBehindAmount = regexp.MustCompile(`^[^¿]*\d[¿]$`)
	oeBetweenLetters = regexp.MustCompile(`(\pL)÷(\pL)`)
)

// repairWord gives a word's text with TeX's misread signs set right; before is
// the word that it follows.
func repairWord(text, before string) string {
	if strings.Contains(text, "¿") {
		amount := before != "" && before[len(before)-1] >= '0' && before[len(before)-1] <= '9'
		if text == "¿" && amount || euroBehindAmount.MatchString(text) {
			text = strings.Replace(text, "¿", "€", 1)
		}
	}
	if strings.Contains(text, "÷") {
		text = oeBetweenLetters.ReplaceAllString(text, "${1}œ${2}")
	}
	return text
}
