package validators

import (
	"slices"
	"unicode"

	"guichet/config"
	"guichet/pipeline/claim"
)

func companyWords(n config.Names, name string) []string { return n.CompanyWords(name) }

func personWords(n config.Names, name string) []string { return n.PersonWords(name) }

func alike(n config.Names, a, b string) bool { return n.SameCompany(a, b) }

func wordsBut(name string, leftOut []string) []string { return claim.WordsBut(name, leftOut) }

func words(name string) []string { return claim.Words(name) }

func distinct(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

func isWordRune(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
