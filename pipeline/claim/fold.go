package claim

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold is the one way in which texts that people typed are compared: Unicode
// NFKC, case, accents and apostrophes folded, ligatures œ and æ spelt out,
// blanks of every kind collapsed to one, ends trimmed.
func Fold(s string) string {
	var folded strings.Builder
	folded.Grow(len(s))
	blank := false
	for _, r := range norm.NFKD.String(strings.ReplaceAll(s, "´", "'")) { // which NFKD would take apart
		switch {
		case unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r):
			continue
		case unicode.IsSpace(r) || unicode.IsControl(r):
			blank = folded.Len() > 0
			continue
		}
		if blank {
			folded.WriteByte(' ')
			blank = false
		}
		switch r {
		case '’', '‘', '‛', 'ʼ', '`', '′', 'ʹ':
			folded.WriteByte('\'')
		case '‐', '‑', '‒', '–', '—', '―', '−':
			folded.WriteByte('-')
		case 'œ', 'Œ':
			folded.WriteString("oe")
		case 'æ', 'Æ':
			folded.WriteString("ae")
		case 'ß', 'ẞ':
			folded.WriteString("ss")
		default:
			folded.WriteRune(unicode.ToLower(r))
		}
	}
	return folded.String()
}
