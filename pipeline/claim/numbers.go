package claim

import (
	"fmt"
	"regexp"
	"strings"
)

// FINESS is the number of an establishment (nofinesset) or of a legal entity
// (nofinessej) in the French register of health establishments: two
// characters of département (digits, or 2A and 2B), then seven digits, the
// last one a Luhn key.
type FINESS string

var finessShape = regexp.MustCompile(`^(?:\d\d|2[AB])\d{7}$`)

// WellFormed tells whether f has the nine characters of a FINESS number,
// whatever its key.
func (f FINESS) WellFormed() bool { return finessShape.MatchString(string(f)) }

// KeyOK tells whether f is well formed and its Luhn key right, with A read as
// 1 and B as 2.
func (f FINESS) KeyOK() bool {
	return f.WellFormed() && luhn(strings.NewReplacer("A", "1", "B", "2").Replace(string(f)))
}

// SIRET is the 14-digit number of a company's establishment; its first nine
// digits are the company's SIREN.
type SIRET string

var siretShape = regexp.MustCompile(`^\d{14}$`)

// laPoste is the one company whose establishments' keys follow another rule.
const laPoste = "356000000"

// WellFormed tells whether s has 14 digits, whatever its key.
func (s SIRET) WellFormed() bool { return siretShape.MatchString(string(s)) }

// KeyOK tells whether s is well formed and its keys are right: Luhn on the
// nine digits of the SIREN and on all 14, or, for La Poste, a sum of digits
// that is a multiple of 5.
func (s SIRET) KeyOK() bool {
	if !s.WellFormed() || !luhn(s.SIREN()) {
		return false
	}
	if luhn(string(s)) {
		return true
	}
	sum := 0
	for _, digit := range s {
		sum += int(digit - '0')
	}
	return s.SIREN() == laPoste && sum%5 == 0
}

// SIREN is the company's number: the first nine digits, or nothing when s is
// not well formed.
func (s SIRET) SIREN() string {
	if !s.WellFormed() {
		return ""
	}
	return string(s[:9])
}

// luhn tells whether a string of digits has a right Luhn key.
func luhn(digits string) bool {
	sum := 0
	for i := range len(digits) {
		digit := int(digits[len(digits)-1-i] - '0')
		if i%2 == 1 {
			digit *= 2
			if digit > 9 {
				digit -= 9
			}
		}
		sum += digit
	}
	return sum%10 == 0
}

// DossierNumber is what the ASP allocates to an accepted advance and the
// balance quotes: LGO1-00000001-96. Its prefix is the programme's.
type DossierNumber string

var (
	dossierShape  = regexp.MustCompile(`^([A-Z0-9]{1,8})-(\d{8})-(\d{2})$`)
	dossierPrefix = regexp.MustCompile(`^[A-Z0-9]{1,8}$`)
)

// DossierPrefix tells whether a text can be the prefix of dossier numbers: one
// to eight capital letters and digits.
func DossierPrefix(text string) bool { return dossierPrefix.MatchString(text) }

// NewDossierNumber gives the number of the sequence-th accepted advance, from
// 1 on: the key is 97 − (sequence mod 97).
func NewDossierNumber(prefix string, sequence int) DossierNumber {
	return DossierNumber(fmt.Sprintf("%s-%08d-%02d", prefix, sequence, 97-sequence%97))
}

// WellFormed tells whether d has the form of a dossier number with a prefix,
// whatever its key.
func (d DossierNumber) WellFormed(prefix string) bool {
	parts := dossierShape.FindStringSubmatch(string(d))
	return parts != nil && parts[1] == prefix
}

// Sequence gives the place of d in the order of acceptance, from 1 on; 0 when
// d is no dossier number or its key is wrong.
func (d DossierNumber) Sequence() int {
	parts := dossierShape.FindStringSubmatch(string(d))
	if parts == nil {
		return 0
	}
	var sequence int
	if _, err := fmt.Sscanf(parts[2], "%d", &sequence); err != nil || NewDossierNumber(parts[1], sequence) != d {
		return 0
	}
	return sequence
}

// KeyOK tells whether d is a dossier number and its key right.
func (d DossierNumber) KeyOK() bool { return d.Sequence() > 0 }
