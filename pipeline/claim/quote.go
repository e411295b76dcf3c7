package claim

import (
	"strings"
	"unicode"
)

// maxQuoted is how many characters of a supplier's text a message shows.
const maxQuoted = 40

// Plain gives a supplier's text on one line, without control characters, cut
// to what a message can bear.
func Plain(text string) string {
	var shown strings.Builder
	count := 0
	for _, r := range text {
		if count++; count > maxQuoted {
			shown.WriteRune('…')
			break
		}
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) {
			r = ' '
		}
		shown.WriteRune(r)
	}
	return strings.TrimSpace(shown.String())
}

// Cut gives a text as it is, or so much of it that it has n characters with the
// mark of the cut.
func Cut(text string, n int) string {
	if runes := []rune(text); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return text
}

// Quote gives a supplier's text as [Plain] does, in French quotes.
func Quote(text string) string { return "« " + Plain(text) + " »" }
