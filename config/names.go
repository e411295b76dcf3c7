package config

import (
	"slices"

	"guichet/pipeline/claim"
)

// CompanyWords gives the folded words of a company's name without legal forms
// and the like; all of them when nothing else remains (BEN-05).
func (n Names) CompanyWords(name string) []string {
	return claim.WordsBut(name, slices.Concat(n.LegalForms, n.CommonWords))
}

// PersonWords gives the folded words of a person's name without civilities;
// all of them when nothing else remains (MEN-05).
func (n Names) PersonWords(name string) []string { return claim.WordsBut(name, n.Civilities) }

// SameCompany tells whether two company names share enough words (BEN-05).
func (n Names) SameCompany(a, b string) bool {
	return n.EnoughShared(distinct(n.CompanyWords(a)), distinct(n.CompanyWords(b)))
}

// EnoughShared tells whether two names, each of distinct words, share enough of
// them: those in common, over those of the name that has fewer. A name without a
// word is like none.
func (n Names) EnoughShared(a, b []string) bool {
	shorter := min(len(a), len(b))
	shared := 0
	for _, word := range a {
		if slices.Contains(b, word) {
			shared++
		}
	}
	return shorter > 0 && shared*10000 >= int(n.Alike)*shorter
}

func distinct(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}
