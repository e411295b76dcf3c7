package validators

import (
	"slices"
	"unicode"

	"guichet/config"
	"guichet/pipeline/claim"
)

// companyWords gives the folded words of a company's name without legal forms
// and the like; all of them when nothing else remains (BEN-05).
func companyWords(n config.Names, name string) []string {
	return wordsBut(name, n.LegalForms)
}

// personWords gives the folded words of a person's name without civilities;
// all of them when nothing else remains (MEN-05).
func personWords(n config.Names, name string) []string {
	return wordsBut(name, n.Civilities)
}

// alike tells whether two company names share enough words: those in common,
// over those of the name that has fewer (BEN-05). A name without a word is
// like none.
func alike(n config.Names, a, b string) bool {
	wordsA, wordsB := distinct(companyWords(n, a)), distinct(companyWords(n, b))
	shorter := min(len(wordsA), len(wordsB))
	shared := 0
	for _, word := range wordsA {
		if slices.Contains(wordsB, word) {
			shared++
		}
	}
	return shorter > 0 && shared*10000 >= int(n.Alike)*shorter
}

func wordsBut(name string, leftOut []string) []string {
	all := words(name)
	kept := slices.DeleteFunc(slices.Clone(all), func(word string) bool {
		return slices.ContainsFunc(leftOut, func(out string) bool { return claim.Fold(out) == word })
	})
	if len(kept) == 0 {
		return all
	}
	return kept
}

func distinct(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

// words gives the folded words of a name: runs of letters and digits. Single
// letters with points between them are one word: S.A.R.L. is SARL.
func words(name string) []string {
	folded := []rune(claim.Fold(name))
	var words []string
	initials := false // the last word is made of single letters, and a point follows it
	for i := 0; i < len(folded); {
		start := i
		for i < len(folded) && isWordRune(folded[i]) {
			i++
		}
		word := string(folded[start:i])
		single := i-start == 1
		switch {
		case word == "":
			i++
			initials = false
			continue
		case single && initials:
			words[len(words)-1] += word
		default:
			words = append(words, word)
		}
		initials = single && i < len(folded) && folded[i] == '.'
		if initials {
			i++
		}
	}
	return words
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
