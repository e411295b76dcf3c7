package validators

import (
	"slices"
	"strconv"
	"strings"

	"guichet/pipeline/claim"
)

// liable are the forms of the word that names a supplier liable to VAT.
var liable = []string{"assujetti", "assujettie", "assujettis", "assujetties"}

// regimeSearch finds a VAT regime (AF §5.2): in words, by the article of the
// tax code that exempts, or by one of the rates of those that are liable.
func regimeSearch(regime string, rates []claim.BasisPoints) search {
	if regime == claim.NotLiableToVAT {
		looks := []search{articleSearch, phraseOf("TVA non applicable").search()}
		for _, word := range liable {
			looks = append(looks, newPhrase([]string{"non", word}).search())
		}
		return anyOf(looks...)
	}
	return anyOf(liableSearch, rateSearch(rates))
}

// liableSearch finds the word alone. A negation before it counts in whichever
// order the words are read: in a table's cell, it may stand a line above.
func liableSearch(l *layer, s *stream, accept visit) bool {
	negated := map[*claim.Word]bool{}
	for _, other := range l.streams() {
		other.eachLiable(func(sp span) bool {
			if other.negates(sp.first-1) || other.misreadNo(sp.first) || other.answeredNo(sp.last) {
				negated[other.places[other.tokens[sp.first].place].word] = true
			}
			return false
		})
	}
	return s.eachLiable(func(sp span) bool {
		return !negated[s.places[s.tokens[sp.first].place].word] && accept(sp)
	})
}

func (s *stream) eachLiable(visit func(span) bool) bool {
	return slices.ContainsFunc(liable, func(word string) bool { return s.eachPhrase(newPhrase([]string{word}), visit) })
}

// negates tells whether a token denies the one behind it: non assujetti, pas
// assujetti.
func (s *stream) negates(i int) bool {
	word := s.token(i)
	return (word == "non" || word == "pas") && !strings.ContainsAny(s.after(i), ".:;\f")
}

// misreadNo tells whether OCR may have read a no in the word before a token's.
func (s *stream) misreadNo(i int) bool {
	at := s.tokens[i].place - 1
	if at < 0 || s.places[at].word.Confidence == 0 {
		return false
	}
	word, no := compactOf(s.places[at].folded), []rune("non")
	return len(word) == len(no) && !slices.ContainsFunc([]int{0, 1, 2}, func(j int) bool {
		return word[j] != no[j] && !confusable(word[j], no[j])
	})
}

// answeredNo tells whether a form denies the word at a token: Assujetti à la
// TVA : non.
func (s *stream) answeredNo(i int) bool {
	for j := i + 1; j <= i+4 && j < len(s.tokens) && s.tokens[j].line == s.tokens[i].line; j++ {
		if s.token(j) == "non" {
			asked := strings.TrimSpace(s.before(j))
			return asked == ":" || asked == "?"
		}
	}
	return false
}

// articleSearch finds article 293 B of the tax code.
func articleSearch(_ *layer, s *stream, accept visit) bool {
	return s.each("293b", func(sp span) bool {
		separator := s.after(sp.first)
		return s.standsAlone(sp) && (separator == "" || separator == " " || separator == "\n" || separator == "-") && accept(sp)
	})
}

// rateWords may stand between TVA and its rate.
var rateWords = []string{"a", "au", "taux", "de", "du"}

// rateSearch finds one of some rates of VAT, written TVA 20 or TVA : 8,5 %.
func rateSearch(rates []claim.BasisPoints) search {
	return func(_ *layer, s *stream, accept visit) bool {
		for i := range s.tokens {
			tax, ok := s.taxAt(i)
			if !ok {
				continue
			}
			j := tax + 1
			for j < len(s.tokens) && j < tax+4 && slices.Contains(rateWords, s.token(j)) {
				j++
			}
			rate, last, ok := s.percent(tax, j)
			if ok && slices.Contains(rates, rate) && !strings.ContainsAny(s.text[s.tokens[tax].end:s.tokens[j].start], "€%\f") && accept(span{i, last}) {
				return true
			}
		}
		return false
	}
}

// taxAt tells whether TVA, or T.V.A., stands at a token, and where it ends.
func (s *stream) taxAt(i int) (last int, ok bool) {
	if s.token(i) == "tva" {
		return i, true
	}
	initials := s.token(i) == "t" && s.after(i) == "." && s.token(i+1) == "v" && s.after(i+1) == "." && s.token(i+2) == "a"
	return i + 2, initials
}

// percent reads the percentage at a token, whose sign may be left out, and
// tells its last token. It stands by itself, or glued to the word for the tax:
// TVA20%.
func (s *stream) percent(tax, i int) (rate claim.BasisPoints, last int, ok bool) {
	glued := s.before(i) == "" && i == tax+1
	if !s.isNumber(i) || s.before(i) == "" && !glued {
		return 0, 0, false
	}
	first := i
	if glued {
		first = tax
	}
	decimals := ""
	last = i
	if separator := s.after(i); (separator == "," || separator == ".") && s.isNumber(i+1) {
		last++
		decimals = s.token(last)
	}
	value, err := strconv.Atoi(s.token(i) + (decimals + "00")[:2])
	if err != nil || len(decimals) > 2 || !s.standsAlone(span{first, last}) {
		return 0, 0, false
	}
	separator := s.after(last)
	rest := strings.TrimLeft(separator, " ")
	goesOn := separator == " " && s.isNumber(last+1) // 20 552,00 is an amount
	if goesOn || strings.HasPrefix(rest, "€") || separator == " " && strings.HasPrefix(s.token(last+1), "eur") {
		return 0, 0, false
	}
	return claim.BasisPoints(value), last, true
}
