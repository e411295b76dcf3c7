package validators

import (
	"strconv"
	"strings"
	"time"

	"guichet/pipeline/claim"
)

// months are the names of the months, folded, and what they are cut to.
var months = map[string]time.Month{
	"janvier": 1, "janv": 1, "jan": 1,
	"fevrier": 2, "fevr": 2, "fev": 2,
	"mars":  3,
	"avril": 4, "avr": 4,
	"mai":     5,
	"juin":    6,
	"juillet": 7, "juil": 7,
	"aout":      8,
	"septembre": 9, "sept": 9, "sep": 9,
	"octobre": 10, "oct": 10,
	"novembre": 11, "nov": 11,
	"decembre": 12, "dec": 12,
}

// dateSearch finds a day in any of the notations of spec 6: 01/03/2023,
// 1/3/23, 01.03.2023, 2023-03-01, 1er mars 2023.
func dateSearch(d claim.Date) search {
	return func(_ *layer, s *stream, accept visit) bool {
		for i := range s.tokens {
			if !s.tokens[i].digits {
				continue
			}
			for _, read := range []func(int) (claim.Date, span, bool){s.dateInDigits, s.dateInWords} {
				if found, sp, ok := read(i); ok && found == d && (len(s.token(i)) > 1 || !s.misreadDigit(i)) && accept(sp) {
					return true
				}
			}
		}
		return false
	}
}

// dateInDigits reads the date in digits that starts with a token.
func (s *stream) dateInDigits(i int) (claim.Date, span, bool) {
	sp := span{i, i + 2}
	if !s.isNumber(i+1) || !s.isNumber(i+2) {
		return claim.Date{}, sp, false
	}
	sign := dateSign(s.after(i))
	if sign == "" || sign != dateSign(s.after(i+1)) || s.partOfLonger(sp, sign) {
		return claim.Date{}, sp, false
	}
	a, b, c := s.token(i), s.token(i+1), s.token(i+2)
	switch {
	case len(a) == 4:
		return dayOf(c, b, a, sp)
	case len(c) == 4:
		return dayOf(a, b, c, sp)
	case len(c) == 2 && (sign == "/" || len(a) == 2 && len(b) == 2):
		// 12.4.22 is a version.
		return dayOf(a, b, "20"+c, sp)
	}
	return claim.Date{}, sp, false
}

// dateSign gives what parts the numbers of a date, or nothing. A line may end
// behind it, and blanks may stand around a slash.
func dateSign(separator string) string {
	sign := strings.TrimSuffix(separator, string(gapLine))
	if strings.Contains(sign, "/") {
		sign = strings.Trim(sign, " ")
	}
	if sign == "/" || sign == "-" || sign == "." {
		return sign
	}
	return ""
}

// partOfLonger tells whether something in the same word makes the numbers of a
// date part of a longer number or reference.
func (s *stream) partOfLonger(sp span, sign string) bool {
	if separator := s.before(sp.first); sp.first > 0 && glued(separator) {
		number := s.isNumber(sp.first - 1)
		if separator == "" || separator == "_" || separator == "-" && sign == "-" || number && (separator == sign || separator == "." || separator == ",") {
			return true
		}
	}
	if sp.last+1 >= len(s.tokens) {
		return false
	}
	separator := s.after(sp.last)
	hour := s.token(sp.last+1) == "t" && s.isNumber(sp.last+2) // 2023-03-01T10:00
	number := s.isNumber(sp.last + 1)
	return separator == "" && !hour || separator == "_" || number && (separator == sign || separator == "." || separator == "," || separator == sign+"\n")
}

// dateInWords reads the date that starts with a token and names its month.
func (s *stream) dateInWords(i int) (claim.Date, span, bool) {
	sp := span{i, i + 1}
	if s.token(sp.last) == "er" && s.token(i) == "1" && near(s.after(i)) {
		sp.last++
	}
	if sp.last+1 >= len(s.tokens) || !near(s.before(sp.last)) {
		return claim.Date{}, sp, false
	}
	month, ok := months[s.token(sp.last)]
	if !ok && s.after(sp.last) == "-\n" {
		month, ok = months[s.token(sp.last)+s.token(sp.last+1)]
		sp.last++
	}
	if !ok || !s.isNumber(sp.last+1) || !near(s.after(sp.last)) {
		return claim.Date{}, sp, false
	}
	sp.last++
	if len(s.token(sp.last)) != 4 || s.insideNumbers(sp) {
		return claim.Date{}, sp, false
	}
	return dayOf(s.token(i), strconv.Itoa(int(month)), s.token(sp.last), sp)
}

// insideNumbers tells whether the day or the year of a date in words is part
// of a longer word or number.
func (s *stream) insideNumbers(sp span) bool {
	if separator := s.before(sp.first); sp.first > 0 && (separator == "" || s.isNumber(sp.first-1) && joins(separator)) {
		return true
	}
	if sp.last+1 >= len(s.tokens) {
		return false
	}
	separator := s.after(sp.last)
	return separator == "" || s.isNumber(sp.last+1) && (separator == "." || separator == ",")
}

// near tells whether a separator keeps the words of a date together.
func near(separator string) bool {
	return len(separator) <= 3 && strings.Trim(separator, " \n-.") == ""
}

// dayOf gives the day of a year, a month and a day in digits.
func dayOf(day, month, year string, sp span) (claim.Date, span, bool) {
	if len(day) > 2 || len(month) > 2 {
		return claim.Date{}, sp, false
	}
	d, errDay := strconv.Atoi(day)
	m, errMonth := strconv.Atoi(month)
	y, errYear := strconv.Atoi(year)
	if errDay != nil || errMonth != nil || errYear != nil {
		return claim.Date{}, sp, false
	}
	date, ok := claim.NewDate(y, time.Month(m), d)
	return date, sp, ok
}
