package template

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"guichet/pipeline/claim"
)

// readAmount reads an amount in euros. It gives why ([WhyAmount]) when there
// is none.
func readAmount(c cell) (claim.Amount, string) {
	plain, ok := "", false
	switch c.typ {
	case numberCell:
		plain, ok = plainNumber(c.text)
	case textCell:
		plain, ok = plainAmount(c.text)
	default:
	}
	if !ok {
		return claim.Amount{}, WhyAmount
	}
	whole, decimals, _ := strings.Cut(plain, ".")
	decimals = strings.TrimRight(decimals, "0")
	finer := len(decimals) > 2
	if finer {
		decimals = decimals[:2]
	}
	if decimals != "" {
		whole += "." + decimals
	}
	cents, err := claim.ParseCents(whole)
	if err != nil {
		return claim.Amount{}, WhyAmount
	}
	return claim.Amount{Cents: cents, Finer: finer}, ""
}

// exactBelow is what a spreadsheet's numbers hold to the cent: 10 million
// million euros.
const exactBelow = 1e13

// plainNumber rounds a spreadsheet's number at a millionth, which is noise of
// its arithmetic.
func plainNumber(literal string) (string, bool) {
	value, err := strconv.ParseFloat(literal, 64)
	if err != nil || math.Abs(value) >= exactBelow {
		return "", false
	}
	// The shortest decimals that are this number, not its binary expansion:
	// that has millionths of its own from some billions on.
	exact, ok := new(big.Rat).SetString(strconv.FormatFloat(value, 'f', -1, 64))
	if !ok {
		return "", false
	}
	return exact.FloatString(6), true
}

// plainAmount reads the notations of people: comma or point decimals, blanks
// as thousands separators, € on either side. With both signs the last is the
// decimal one; a lone comma or point is decimal.
func plainAmount(text string) (string, bool) {
	text = trim(text)
	if rest, ok := strings.CutSuffix(text, "€"); ok {
		text = trim(rest)
	} else if rest, ok := strings.CutPrefix(text, "€"); ok {
		text = trim(rest)
	}
	sign := ""
	for _, minus := range []string{"-", "−", "‑"} {
		if rest, ok := strings.CutPrefix(text, minus); ok {
			sign, text = "-", trim(rest)
			break
		}
	}
	text = strings.Join(strings.FieldsFunc(text, isBlank), " ")
	whole, decimals := text, ""
	points, commas := strings.Count(text, "."), strings.Count(text, ",")
	if last := strings.LastIndexAny(text, ".,"); last >= 0 {
		mixed := points > 0 && commas > 0
		if points+commas == 1 || mixed && strings.Count(text, text[last:last+1]) == 1 {
			whole, decimals = text[:last], text[last+1:]
			if !allDigits(decimals) {
				return "", false
			}
		} else if mixed {
			return "", false
		}
	}
	whole, ok := ungroup(whole)
	if !ok {
		return "", false
	}
	if decimals != "" {
		whole += "." + decimals
	}
	return sign + whole, true
}

// ungroup removes thousands separators: one kind of them, between groups of
// three digits.
func ungroup(whole string) (string, bool) {
	separator := strings.IndexAny(whole, " .,")
	if separator < 0 {
		return whole, allDigits(whole)
	}
	groups := strings.Split(whole, whole[separator:separator+1])
	for i, group := range groups {
		if !allDigits(group) || len(group) > 3 || i > 0 && len(group) != 3 {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}
