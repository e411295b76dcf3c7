package validators

import (
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
)

// nameFillers are the words that may stand between the parts of a person's
// name: Nom : DUPONT, Prénom : Jean; Claire MARTIN épouse DUPONT.
var nameFillers = map[string]bool{
	"nom": true, "prenom": true, "prenoms": true, "naissance": true, "usage": true, "d": true, "de": true, "du": true,
	"ne": true, "nee": true, "epouse": true, "epoux": true, "ep": true, "veuve": true, "vve": true,
}

const (
	// turnedWords is how many words a name may have for its parts to be
	// looked for the other way round.
	turnedWords = 12
	// nameSlack is how many words may stand between the words of a name.
	nameSlack = 6
)

// personSearch finds a person's name, family name first or last: its words,
// next to each other or with nothing but the labels of a form and one further
// word (a second given name) between them, on two lines at most.
func personSearch(names config.Names, name string) search {
	all := personWords(names, name)
	civil := map[string]bool{}
	for _, word := range names.Civilities {
		civil[claim.Fold(word)] = true
	}
	if !slices.ContainsFunc(all, func(word string) bool { return !civil[word] }) {
		return anyOf() // Mme is nobody's name, and stands on most orders
	}
	if len(all) > turnedWords {
		return newPhrase(all).search()
	}
	var looks []search
	for turn := range all {
		looks = append(looks, newPhrase(slices.Concat(all[turn:], all[:turn])).search())
	}
	return anyOf(append(looks, func(_ *layer, s *stream, accept visit) bool { return s.person(all, civil, accept) })...)
}

// person finds the words of a name in any order, near each other.
func (s *stream) person(all []string, civil map[string]bool, accept visit) bool {
	wanted := map[string]int{}
	for _, word := range all {
		wanted[word]++
	}
	for i := range s.tokens {
		if wanted[s.token(i)] == 0 {
			continue
		}
		if sp, ok := s.personAt(i, wanted, len(all), civil); ok && accept(sp) {
			return true
		}
	}
	return false
}

// personAt finds the words of a name from a token on.
func (s *stream) personAt(i int, wanted map[string]int, missing int, civil map[string]bool) (span, bool) {
	met := map[string]int{}
	others := 0
	last := min(len(s.tokens), i+missing+nameSlack) - 1
	for j := i; j <= last && s.tokens[j].line <= s.tokens[i].line+1; j++ {
		word, before, after := s.token(j), s.before(j), s.after(j)
		switch {
		case met[word] < wanted[word] && before != "" && after != "":
			met[word]++
			missing--
			if missing == 0 {
				return span{i, j}, true
			}
		case j > i && (nameFillers[word] || civil[word]):
		case j > i && others == 0 && !s.tokens[j].digits && (before == " " || before == "-") && (after == " " || after == "-" || after == ". " || after == ") "):
			others++
		default:
			return span{}, false
		}
	}
	return span{}, false
}

// companySearch finds a company's name, legal forms aside. The words that many
// names have stay: without them, Pharmacie de la Gare would stand on every order
// from the Rue de la Gare.
func companySearch(names config.Names, name string) search {
	// The name as it is comes second: with a form in its middle it stands
	// there, but is no phrase without it.
	return anyOf(newPhrase(wordsBut(name, names.LegalForms)).search(), newPhrase(words(name)).search())
}

// distinctive tells whether a company's name holds more than words that many
// names have: PHARMACIE alone names none.
func distinctive(names config.Names, name string) bool {
	common := map[string]bool{}
	for _, word := range slices.Concat(names.LegalForms, names.CommonWords) {
		common[claim.Fold(word)] = true
	}
	for _, word := range words(name) {
		if !common[word] {
			return true
		}
	}
	return false
}

// passageSearch finds a passage of which at least a share of the words is
// there, in order, with no more between them than a table's other columns or a
// page's foot bring.
func passageSearch(text string, share config.Percent) search {
	wanted := strings.FieldsFunc(claim.Fold(text), func(r rune) bool { return !isWordRune(r) })
	missing := len(wanted) - (len(wanted)*int(share)+9999)/10000
	return func(_ *layer, s *stream, accept visit) bool { return s.passage(wanted, missing, accept) }
}

// passageSlack is how many times longer than the passage the words may be
// among which it is found, in tenths.
const passageSlack = 13

// passage finds most of some words, in order, in one pass over the tokens: for
// each number of words met and each number of those missing so far, it keeps
// the latest token at which such a run starts.
func (s *stream) passage(wanted []string, missing int, accept visit) bool {
	positions := map[string][]int{} // from the last to the first
	for i := len(wanted) - 1; i >= 0; i-- {
		positions[wanted[i]] = append(positions[wanted[i]], i)
	}
	width := missing + 1
	latest := make([]int, (len(wanted)+1)*width)
	for i := range latest {
		latest[i] = -1
	}
	longest := len(wanted) * passageSlack / 10
	for j := range s.tokens {
		// A word broken at the end of a line is tried whole and in two.
		tries := []string{s.token(j)}
		if s.after(j) == "-\n" {
			tries = append(tries, s.token(j)+s.token(j+1))
		}
		for _, word := range tries {
			for _, i := range positions[word] {
				for k := range width {
					start := -1
					for skipped := 0; skipped <= min(k, i); skipped++ {
						if i == skipped {
							start = max(start, j)
						} else {
							start = max(start, latest[(i-skipped)*width+k-skipped])
						}
					}
					at := (i+1)*width + k
					latest[at] = max(latest[at], start)
					if start >= 0 && j-start < longest && len(wanted)-(i+1) <= missing-k && accept(span{start, j}) {
						return true
					}
				}
			}
		}
	}
	return false
}
