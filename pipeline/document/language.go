package document

import (
	"strings"
	"unicode"

	"guichet/pipeline/claim"
)

// enoughWords is how many visible words it takes to judge by a language's
// commonest words; fewer are judged by their letters alone.
const enoughWords = 40

// common are words without which no French business paper of some length
// goes; the English ones save letters of a foreign publisher.
var common = func() map[string]bool {
	words := map[string]bool{}
	for word := range strings.FieldsSeq("de du des la le les l d et en à au aux par pour sur un une est ce qu que qui ou n " +
		"date total montant the of and to in for") {
		words[word] = true
	}
	return words
}()

// judgeText tells of each page, and of the document, whether its own visible
// words can be read: by themselves on a page that has enough of them, else
// together with those of the other pages.
func judgeText(facts *claim.Facts) {
	together := legible(facts.Pages)
	for i := range facts.Pages {
		facts.Pages[i].Source = claim.TextFromNone
		if legible(facts.Pages[i:i+1]) && (together || visibleWords(&facts.Pages[i]) >= enoughWords) {
			facts.Pages[i].Source = claim.TextFromPDF
		}
	}
	facts.TextSource = textSource(facts.Pages)
}

// textSource tells where the words of all pages come from: OCR when any was
// read so.
func textSource(pages []claim.Page) claim.TextSource {
	source := claim.TextFromNone
	for _, page := range pages {
		if page.Source == claim.TextFromOCR {
			return claim.TextFromOCR
		}
		if page.Source == claim.TextFromPDF {
			source = claim.TextFromPDF
		}
	}
	return source
}

// visibleWords counts the words that a page's reader sees.
func visibleWords(page *claim.Page) int {
	n := 0
	for i := range page.Words {
		if !page.Words[i].Hidden {
			n++
		}
	}
	return n
}

// legible tells whether the visible words are language, and not the glyph
// codes that a font without a usable Unicode table leaves: those are signs of
// all kinds, capitals with accents within words, or words of no language.
func legible(pages []claim.Page) bool {
	var words, usual, odd int
	var signs, unknown int
	for _, page := range pages {
		for _, word := range page.Words {
			if word.Hidden {
				continue
			}
			letters := 0
			for _, r := range word.Text {
				switch {
				case string(r) == replacement || unicode.Is(unicode.Co, r):
					unknown++
				case unicode.IsLetter(r):
					letters++
				}
				signs++
			}
			if letters == 0 {
				continue
			}
			words++
			if mixed(word.Text) {
				odd++
			}
			for part := range strings.FieldsFuncSeq(strings.ToLower(word.Text), notLetter) {
				if common[part] {
					usual++
					break
				}
			}
		}
	}
	switch {
	case signs == 0 || unknown*5 > signs || odd*12 > words && odd > 1:
		return false
	case words >= enoughWords:
		return usual*50 >= words
	}
	return true
}

func notLetter(r rune) bool { return !unicode.IsLetter(r) }

// mixed tells whether a capital with an accent follows a small letter, which
// happens in no French word.
func mixed(word string) bool {
	small := false
	for _, r := range word {
		if small && r > unicode.MaxASCII && unicode.IsUpper(r) {
			return true
		}
		small = unicode.IsLower(r)
	}
	return false
}
