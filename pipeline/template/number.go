package template

import (
	"regexp"
	"strconv"
	"strings"

	"guichet/pipeline/claim"
)

// ParseFINESS reads a FINESS number as people and spreadsheets write it. It
// gives why ([WhyFINESS], [WhyLostDigits]) when it has not nine characters of
// a FINESS number; a wrong key is left to the rules.
func ParseFINESS(text string) (claim.FINESS, string) {
	number := claim.FINESS(strings.ToUpper(compact(text)))
	if number.WellFormed() {
		return number, ""
	}
	digits, filled, ok := wholeNumber(string(number))
	if !ok {
		return "", WhyFINESS
	}
	if restored := claim.FINESS(pad(digits, 9)); restored.KeyOK() && filled <= ownZeros {
		return restored, ""
	}
	if filled > 0 {
		return "", WhyLostDigits
	}
	// 750001234.0 has all its digits, whatever its key.
	if number = claim.FINESS(digits); number.WellFormed() {
		return number, ""
	}
	return "", WhyFINESS
}

// ParseSIRET reads a SIRET as people and spreadsheets write it. It gives why
// ([WhySIRET], [WhySIRETKey], [WhyLostDigits]) when it is none.
func ParseSIRET(text string) (claim.SIRET, string) {
	compacted := strings.ToUpper(compact(text))
	number := claim.SIRET(compacted)
	if number.KeyOK() {
		return number, ""
	}
	digits, filled, ok := wholeNumber(compacted)
	if !ok {
		return "", WhySIRET
	}
	switch restored := claim.SIRET(pad(digits, 14)); {
	case restored.KeyOK() && filled <= ownZeros:
		return restored, ""
	case filled > 0:
		return "", WhyLostDigits
	case len(digits) == 14:
		return "", WhySIRETKey
	default:
		return "", WhySIRET
	}
}

var scientific = regexp.MustCompile(`^(\d{1,20})(?:[.,](\d{0,20}))?(?:E\+?(\d{1,2}))?$`)

// ownZeros is how many zeros a number is likely to end in by itself: with more
// of them to be filled up, one key in ten would be right by chance, and the
// number somebody else's.
const ownZeros = 2

// wholeNumber expands a whole number in any notation to its digits. filled
// tells how many zeros the exponent had to be filled up with, which stand for
// digits that a spreadsheet may have dropped.
func wholeNumber(text string) (digits string, filled int, ok bool) {
	m := scientific.FindStringSubmatch(text)
	if m == nil {
		return "", 0, false
	}
	digits, decimals := m[1], strings.TrimRight(m[2], "0")
	if m[3] != "" {
		exponent, err := strconv.Atoi(m[3])
		if err != nil {
			return "", 0, false
		}
		moved := min(exponent, len(decimals))
		digits, decimals = digits+decimals[:moved], decimals[moved:]
		if zeros := exponent - moved; zeros > 0 {
			digits, filled = digits+strings.Repeat("0", zeros), zeros
		}
	}
	if decimals != "" {
		return "", 0, false
	}
	return digits, filled, true
}

// pad restores the zeros that a spreadsheet drops in front.
func pad(digits string, length int) string {
	if len(digits) < length {
		digits = strings.Repeat("0", length-len(digits)) + digits
	}
	return digits
}
