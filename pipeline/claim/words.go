package claim

import (
	"slices"
	"unicode"
)

// Words gives the folded words of a name: runs of letters and digits. Single
// letters with points between them are one word: S.A.R.L. is SARL.
func Words(name string) []string {
	folded := []rune(Fold(name))
	var words []string
	initials := false // the last word is made of single letters, and a point follows it
	for i := 0; i < len(folded); {
		start := i
		for i < len(folded) && (unicode.IsLetter(folded[i]) || unicode.IsDigit(folded[i])) {
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

// WordsBut gives the folded words of a name without some; all of them when
// nothing else remains.
func WordsBut(name string, leftOut []string) []string {
	all := Words(name)
	kept := slices.DeleteFunc(slices.Clone(all), func(word string) bool {
		return slices.ContainsFunc(leftOut, func(out string) bool { return Fold(out) == word })
	})
	if len(kept) == 0 {
		return all
	}
	return kept
}
