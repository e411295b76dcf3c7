package document

import "guichet/pipeline/claim"

// legible tells whether the visible words are language, and not glyph codes
// that a font without Unicode leaves.
func legible(pages []claim.Page) bool {
	for _, page := range pages {
		for _, word := range page.Words {
			if !word.Hidden {
				return true
			}
		}
	}
	return false
}
