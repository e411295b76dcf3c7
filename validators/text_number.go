package validators

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"guichet/pipeline/claim"
)

// number is an amount as a document writes it.
type number struct {
	span
	units, cents string // digits before and behind the decimal sign
	// shown is false for what looks like an amount and is none: a part of a
	// version or a date, a negative amount, a percentage.
	shown bool
}

// unit words may be stuck to an amount, whose blanks vanish in some documents.
// The sign of the euro comes out of some fonts as a C.
var unitWords = []string{"c", "e", "eur", "euro", "euros", "ht", "ttc", "hors"}

// euroSigns are what the sign of the euro comes out as.
const euroSigns = "€¿"

// amountSearch finds an amount above 0 in any French or plain notation:
// 1 050,00; 1050; 1.050,00; 1,050.00. Digit groups that a blank parts are one
// number, those further apart are two.
func amountSearch(amount claim.Cents) search {
	return func(_ *layer, s *stream, accept visit) bool {
		for i := 0; i < len(s.tokens); i++ {
			if !s.tokens[i].digits {
				continue
			}
			n := s.number(i)
			if n.shown && n.value() == amount && !s.misreadDigit(n.first) && !s.misreadCents(n) && accept(n.span) {
				return true
			}
			i = n.last
		}
		return false
	}
}

// value gives what a number is worth, or -1 when that is no amount.
func (n number) value() claim.Cents {
	if len(n.units) > 15 || len(n.units) > 1 && n.units[0] == '0' {
		return -1
	}
	value, err := strconv.ParseInt(n.units+(n.cents + "00")[:2], 10, 64)
	if err != nil {
		return -1
	}
	return claim.Cents(value)
}

// number reads the number that starts with a token of digits.
func (s *stream) number(i int) number {
	n := number{span: span{i, i}, units: s.token(i)}
	part, negative := s.startsInside(i)
	if part {
		return n
	}
	lone := s.group(&n)
	separator := s.after(n.last)
	decimals := s.token(n.last + 1)
	if s.isNumber(n.last+1) && len(decimals) <= 2 && (separator == "," || separator == "." || separator == "€" && len(decimals) == 2) {
		n.cents = decimals
		n.last++
		lone = false
	}
	n.shown = !lone && !negative && !s.goesOn(n) && (n.cents != "" || s.isAmount(n))
	return n
}

// group reads the groups of three digits that follow a number's first group.
// It tells whether the number is one whose only sign is a comma before three
// digits: that is a decimal comma, and no amount has three decimals.
func (s *stream) group(n *number) (loneComma bool) {
	sign := ""
	if len(n.units) > 3 || n.units[0] == '0' {
		return false
	}
	groups := 0
	for s.isNumber(n.last+1) && len(s.token(n.last+1)) == 3 {
		separator := s.after(n.last)
		if separator != " " && separator != "." && separator != "," || sign != "" && sign != separator {
			break
		}
		sign = separator
		n.last++
		n.units += s.token(n.last)
		groups++
	}
	return sign == "," && groups == 1
}

// startsInside tells whether a number's first token is part of something that
// started before it, and whether a minus makes it negative.
func (s *stream) startsInside(i int) (part, negative bool) {
	separator := s.before(i)
	inWord := i > 0 && glued(separator)
	if separator == "" {
		return inWord && !slices.Contains(unitWords, s.token(i-1)), false
	}
	switch sign := separator[len(separator)-1]; sign {
	case '-':
		return inWord, !inWord
	case '/', '_', '@', '#':
		return inWord, false
	case '.', ',', ':':
		return inWord && s.isNumber(i-1), false
	}
	return false, false
}

// goesOn tells whether something behind a number makes it no amount.
func (s *stream) goesOn(n number) bool {
	separator, next := s.after(n.last), s.token(n.last+1)
	if separator == "" {
		return !slices.Contains(unitWords, next)
	}
	if rest := strings.TrimLeft(separator, " "); strings.HasPrefix(rest, "%") || strings.HasPrefix(rest, "‰") {
		return true
	}
	if separator[0] == '-' {
		return true // 708,00- is negative, 708-2 a reference
	}
	if s.isNumber(n.last+1) && glued(separator) {
		switch separator {
		case ".", ",", ":", "_":
			return true
		case "/":
			return n.cents == ""
		}
	}
	thousands := next == "k" || next == "ke" || next == "keur" || next == "keuros"
	return separator == " " && thousands
}

// isAmount tells whether a number without decimals is an amount: with a unit
// it is; without one it must stand alone, and not be numbered with a n°.
func (s *stream) isAmount(n number) bool {
	before, after := s.before(n.first), s.after(n.last)
	if strings.ContainsAny(after, euroSigns) && strings.ContainsRune(euroSigns, firstRune(strings.TrimLeft(after, " "))) ||
		strings.HasSuffix(strings.TrimRight(before, " "), "€") ||
		(after == "" || after == " ") && slices.Contains(unitWords, s.token(n.last+1)) {
		return true
	}
	return !strings.Contains(before, "°") &&
		(before != " " || !s.isNumber(n.first-1)) && (after != " " || !s.isNumber(n.last+1))
}

// misreadDigit tells whether OCR may have taken for a letter the digit before
// a number, a blank between: l 708,00. Brackets are the lines of boxes.
func (s *stream) misreadDigit(i int) bool {
	at := s.tokens[i].place
	if !strings.HasSuffix(s.before(i), " ") || at == 0 || s.places[at].gap != claim.GapBlank {
		return false
	}
	previous := s.places[at-1]
	r := firstRune(previous.folded)
	return previous.word.Confidence > 0 && utf8.RuneCountInString(previous.folded) == 1 && strings.ContainsRune("il|!jzsbgoq", r)
}

// misreadCents tells whether what follows a number in its word may be cents as
// OCR misread them: 708,S0; 708;50; 708,0e.
func (s *stream) misreadCents(n number) bool {
	at := s.tokens[n.last].place
	if len(n.cents) == 2 || s.places[at].word.Confidence == 0 {
		return false
	}
	for i := n.last + 1; i < len(s.tokens) && s.tokens[i].place == at; i++ {
		if n.cents != "" || !slices.Contains(unitWords, s.token(i)) {
			return true
		}
	}
	return false
}

// finessSearch finds a FINESS number, however blanks and line breaks group it.
func finessSearch(finess claim.FINESS) search {
	compact := strings.ToLower(string(finess))
	return func(_ *layer, s *stream, accept visit) bool {
		return s.each(compact, func(sp span) bool { return s.grouped(sp, " \n") && s.isWholeFINESS(sp) && accept(sp) })
	}
}

// grouped tells whether nothing but some separators, one at a time, parts the
// digits of a span.
func (s *stream) grouped(sp span, allowed string) bool {
	for i := sp.first + 1; i <= sp.last; i++ {
		if separator := s.before(i); len(separator) > 1 || separator != "" && !strings.Contains(allowed, separator) {
			return false
		}
	}
	return true
}

// isWholeFINESS tells whether a span is no part of a longer number. A number
// written as one group stands for itself; one written in several may go on in
// the groups beside it.
func (s *stream) isWholeFINESS(sp span) bool {
	if s.numberBefore(sp, "finess", "no", "n") || s.numberAfter(sp) {
		return false
	}
	groups := 1
	for i := sp.first + 1; i <= sp.last; i++ {
		if s.before(i) != "" {
			groups++
		}
	}
	if sp.last+1 < len(s.tokens) && s.after(sp.last) == " " && s.isNumber(sp.last+1) {
		next := s.token(sp.last + 1)
		// A SIREN and the NIC behind it are a SIRET; no postcode starts with 00.
		if groups > 1 || len(next) == nicDigits && strings.HasPrefix(next, "00") {
			return false
		}
	}
	return groups == 1 || s.before(sp.first) != " " || !s.isNumber(sp.first-1)
}

// numberBefore tells whether what stands before a span, in the same word,
// makes it part of a longer number or reference. Some words may be stuck to
// it: blanks vanish in some documents.
func (s *stream) numberBefore(sp span, labels ...string) bool {
	if sp.first == 0 {
		return false
	}
	separator, previous := s.before(sp.first), s.token(sp.first-1)
	label := slices.Contains(labels, previous)
	switch {
	case separator == "":
		return !label
	case s.isNumber(sp.first - 1):
		return joins(separator) && separator != "/"
	default:
		return (separator == "-" || separator == "_") && !label
	}
}

// numberAfter tells whether what stands behind a span, in the same word, makes
// it part of a longer number or reference.
func (s *stream) numberAfter(sp span) bool {
	if sp.last+1 >= len(s.tokens) {
		return false
	}
	separator := s.after(sp.last)
	return separator == "" || separator == "_" || s.isNumber(sp.last+1) && joins(separator) && separator != "/"
}

// overseas gives the country code of a national number's first three digits.
var overseas = map[string]string{
	"262": "262", "263": "262", "639": "262", "692": "262", "693": "262",
	"508": "508", "708": "508",
	"590": "590", "690": "590", "691": "590",
	"594": "594", "694": "594",
	"596": "596", "696": "596", "697": "596",
}

// saintPierre is a country code whose numbers had six digits until they got
// national ones.
const saintPierre = "508"

// phoneForms gives the digits by which a telephone number may be written, from
// its canonical form: 10 digits from 0, or + and a country code.
func phoneForms(phone string) []string {
	var forms []string
	abroad := func(code, number string) {
		forms = append(forms, code+number, code+"0"+number, "00"+code+number, "00"+code+"0"+number)
	}
	national := func(number string) {
		forms = append(forms, "0"+number)
		abroad("33", number)
		if len(number) != 9 || overseas[number[:3]] == "" {
			return
		}
		code := overseas[number[:3]]
		abroad(code, number)
		if code == saintPierre {
			abroad(code, number[3:])
		}
	}
	code, number := "", ""
	if abroadForm, ok := strings.CutPrefix(phone, "+"); ok && len(abroadForm) > 3 {
		code, number = abroadForm[:3], abroadForm[3:]
		abroad(code, number)
	} else if number, ok = strings.CutPrefix(phone, "0"); !ok {
		return nil
	}
	if code == saintPierre && len(number) == 6 {
		number = code + number
	}
	if number != "" {
		national(number)
	}
	return forms
}

// phoneSearch finds a telephone number by its digits.
func phoneSearch(phone string) search {
	var looks []search
	for _, digits := range phoneForms(phone) {
		looks = append(looks, func(_ *layer, s *stream, accept visit) bool {
			return s.each(digits, func(sp span) bool { return s.isPhone(sp) && accept(sp) })
		})
	}
	return anyOf(looks...)
}

// isPhone tells whether the digits of a span are written as a telephone
// number, and are no part of a longer one.
func (s *stream) isPhone(sp span) bool {
	for i := sp.first + 1; i <= sp.last; i++ {
		if separator := s.before(i); len(separator) > 3 || strings.Trim(separator, " \n.-/()") != "" {
			return false
		}
	}
	if s.numberBefore(sp, "tel", "t", "telephone", "fax", "mobile", "portable") || s.numberAfter(sp) {
		return false
	}
	inGroups := sp.first < sp.last
	if s.isNumber(sp.first - 1) {
		separator := s.before(sp.first)
		near := glued(strings.ReplaceAll(separator, " ", ""))
		optionalZero := strings.HasSuffix(separator, "(") && s.token(sp.first) == "0" // +44 (0)1
		if near && (s.dialsAbroad(sp.first-1) || optionalZero) ||
			separator == " " && inGroups && len(s.token(sp.first-1)) <= 3 && !s.pairs(sp.first-5) {
			return false
		}
	}
	if inGroups && s.after(sp.last) == " " && s.isNumber(sp.last+1) {
		next := s.token(sp.last + 1)
		return len(next) > 3 || next[0] == '0' // a postcode, or another telephone
	}
	return true
}

// dialsAbroad tells whether a token is a country's code behind a + or 00, and
// not the end of a number: the last pair of another telephone number, a NIC.
func (s *stream) dialsAbroad(i int) bool {
	separator, code := s.before(i), s.token(i)
	if strings.HasSuffix(separator, "+") {
		return true
	}
	inNumber := s.isNumber(i-1) && (separator == "" || separator == " " || joins(separator))
	return strings.HasPrefix(code, "00") && len(code) > 2 && len(code) <= 5 && !inNumber
}

// pairs tells whether five pairs of digits, a 0 first, start with a token:
// another telephone number.
func (s *stream) pairs(i int) bool {
	for j := i; j < i+5; j++ {
		if !s.isNumber(j) || len(s.token(j)) != 2 || j > i && s.before(j) != " " {
			return false
		}
	}
	return s.token(i)[0] == '0'
}
