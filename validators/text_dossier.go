package validators

import (
	"strings"

	"guichet/pipeline/claim"
)

// Digits of a dossier number behind its prefix: LGO1-00000001-96.
const (
	sequenceDigits = 8
	keyDigits      = 2
)

// compactDossier gives a dossier number as documents are searched for it.
func compactDossier(number claim.DossierNumber) string {
	return strings.ToLower(strings.ReplaceAll(string(number), "-", ""))
}

// dossierOf puts the hyphens into a dossier number that was read without them;
// what is too short for one is none.
func dossierOf(compact string) claim.DossierNumber {
	key := len(compact) - keyDigits
	sequence := key - sequenceDigits
	if sequence < 1 {
		return ""
	}
	return claim.DossierNumber(strings.ToUpper(compact[:sequence] + "-" + compact[sequence:key] + "-" + compact[key:]))
}

// dossierSearch finds a dossier number, whatever blanks and ends of lines stand
// around its hyphens or in their place: its key proves it.
func dossierSearch(number claim.DossierNumber) search {
	compact := compactDossier(number)
	return func(_ *layer, s *stream, accept visit) bool {
		return s.each(compact, func(sp span) bool { return s.isDossier(sp) && accept(sp) })
	}
}

// isDossier tells whether the tokens of a span are written as one dossier
// number, and are no part of a longer reference.
func (s *stream) isDossier(sp span) bool {
	for i := sp.first + 1; i <= sp.last; i++ {
		if !hyphens(s.before(i)) {
			return false
		}
	}
	return s.standsAlone(sp) && s.isWholeReference(sp)
}

// hyphens tells whether a separator is a hyphen, blanks or the end of a line
// around it or in its place.
func hyphens(separator string) bool {
	sign := strings.Trim(separator, " \n")
	return len(separator) <= 3 && (sign == "" || sign == "-")
}

// likeDossier finds a dossier number as OCR misread it. Its key proves one whose
// digits were read as letters, and one of whose letters as digits.
func likeDossier(number claim.DossierNumber) likeness {
	prefix, _, _ := strings.Cut(string(number), "-")
	return likeProven(compactDossier(number), keyProof{
		keyOK: func(read string) bool { return dossierOf(read).WellFormed(prefix) && dossierOf(read).KeyOK() },
		parts: hyphens,
		alone: func(*glyphs, match) bool { return true },
	})
}
