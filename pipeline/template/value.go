package template

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"guichet/config"
	"guichet/pipeline/claim"
)

// Why a value is not of its column's type: the variants of LIG-02.
const (
	WhyDate       = "date"
	WhyDateRange  = "date_range"
	WhyAmount     = "amount"
	WhyFINESS     = "finess"
	WhySIRET      = "siret"
	WhySIRETKey   = "siret_key"
	WhyLostDigits = "lost_digits"
	WhyEmail      = "email"
	WhyPhone      = "phone"
	WhyDossier    = "dossier"
	WhyVATRegime  = "vat_regime"
	WhyNature     = "nature"
	WhyPDFName    = "pdf_name"
	WhyTooLong    = "too_long"
	WhyErrorValue = "error_value"
)

// isBlank tells characters that a reader does not see at the ends of a value:
// blanks of every kind, and format characters such as a zero-width space.
func isBlank(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }

func blank(text string) bool { return strings.TrimLeftFunc(text, isBlank) == "" }

func trim(text string) string { return strings.TrimFunc(text, isBlank) }

// compact drops the blanks inside a value too.
func compact(text string) string {
	return strings.Map(func(r rune) rune {
		if isBlank(r) {
			return -1
		}
		return r
	}, text)
}

// shortest is a number as people would type it: no exponent, no zeros without
// meaning.
func shortest(literal string) string {
	value, err := strconv.ParseFloat(literal, 64)
	if err != nil {
		return literal // isNumber was asked before: cannot happen
	}
	if value == 0 {
		return "0"
	}
	return strconv.FormatFloat(value, 'f', -1, 64)
}

// readField reads a cell that is not empty as its column's type. The numbers
// of dossiers have a prefix.
func readField(column config.Column, c cell, date1904 bool, dossiers string) claim.Field {
	f := claim.Field{State: claim.FieldOK, Raw: c.text}
	switch c.typ {
	case noValueCell:
		return claim.Field{State: claim.FieldNoValue}
	case errorCell:
		return claim.Field{State: claim.FieldBad, Raw: c.text, Why: WhyErrorValue}
	case numberCell:
		f.Raw = shortest(c.text)
	default:
	}
	switch column.Type {
	case config.DateColumn:
		f.Date, f.Why = readDate(c, date1904)
		if c.typ == numberCell && f.Why == "" {
			f.Raw = f.Date.French() // as the spreadsheet showed it
		}
	case config.AmountColumn:
		f.Amount, f.Why = readAmount(c)
	default:
		f.Text, f.Why = readText(column, f.Raw, dossiers)
	}
	if f.Why != "" {
		f.State, f.Text = claim.FieldBad, ""
	}
	return f
}

// readText reads the types whose value is a text, in its canonical form. It
// gives why when the text is not of its type.
func readText(column config.Column, raw, dossiers string) (text, why string) {
	text = trim(raw)
	switch column.Type {
	case config.FINESSColumn:
		number, why := ParseFINESS(text)
		return string(number), why
	case config.SIRETColumn:
		number, why := ParseSIRET(text)
		return string(number), why
	case config.DossierColumn:
		number := claim.DossierNumber(strings.ToUpper(compact(text)))
		return string(number), unless(number.WellFormed(dossiers), WhyDossier)
	case config.RegimeColumn:
		regime, ok := ParseRegime(text)
		return regime, unless(ok, WhyVATRegime)
	case config.NatureColumn:
		switch claim.Fold(text) {
		case "achevement":
			return claim.Finished, ""
		case "incapacite":
			return claim.Unable, ""
		default:
			return "", WhyNature
		}
	case config.EmailColumn:
		return text, unless(isEmail(text), WhyEmail)
	case config.PhoneColumn:
		return readPhone(text)
	case config.PDFColumn:
		text = norm.NFC.String(text)
		return text, unless(isPDFName(text), WhyPDFName)
	default:
		return text, unless(column.MaxRunes == 0 || utf8.RuneCountInString(text) <= column.MaxRunes, WhyTooLong)
	}
}

func unless(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}

// ParseRegime reads ASSUJETTI or NON ASSUJETTI, folded, a hyphen read as a
// blank; false when it is neither.
func ParseRegime(text string) (regime string, ok bool) {
	switch strings.Join(strings.Fields(strings.ReplaceAll(claim.Fold(text), "-", " ")), " ") {
	case "assujetti":
		return claim.LiableToVAT, true
	case "non assujetti":
		return claim.NotLiableToVAT, true
	}
	return "", false
}

// isPDFName tells whether a text is the name of a PDF, without folder.
func isPDFName(name string) bool {
	const extension = ".pdf"
	if len(name) <= len(extension) || !strings.EqualFold(name[len(name)-len(extension):], extension) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r == '/' || r == '\\' || unicode.IsControl(r) || r == utf8.RuneError
	})
}

// isEmail tells whether a text is one address: a dot-atom of RFC 5322, then a
// domain of at least two labels.
func isEmail(address string) bool {
	local, domain, ok := strings.Cut(address, "@")
	if !ok || len(local) > 64 || len(domain) > 253 {
		return false
	}
	for _, atom := range strings.Split(local, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(r rune) bool {
			return r >= utf8.RuneSelf || !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+/=?^_`{|}~-", r)
		}) {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' ||
			strings.ContainsFunc(label, func(r rune) bool { return !isAlphanumeric(r) && r != '-' }) {
			return false
		}
	}
	top := labels[len(labels)-1]
	return len(labels) > 1 && utf8.RuneCountInString(top) > 1 && !strings.ContainsFunc(top[:1], unicode.IsDigit)
}

func isAlphanumeric(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r)
}

// overseas are the prefixes of telephone numbers beside +33, with the digits
// that follow. Saint-Pierre-et-Miquelon has six.
var overseas = map[string][]int{"+262": {9}, "+508": {6, 9}, "+590": {9}, "+594": {9}, "+596": {9}}

// readPhone reads a French telephone number: 10 digits from 0, or +262 and
// the like with what follows.
func readPhone(text string) (phone, why string) {
	number := strings.Map(func(r rune) rune {
		switch r {
		case '.', '-', '/', '‐', '‑', '–':
			return -1
		}
		return r
	}, compact(text))
	if rest, ok := strings.CutPrefix(number, "00"); ok {
		number = "+" + rest
	}
	if rest, ok := strings.CutPrefix(number, "+33"); ok {
		number = "0" + strings.TrimPrefix(rest, "(0)")
	} else if strings.HasPrefix(number, "+") && len(number) > 4 {
		rest := strings.TrimPrefix(number[4:], "(0)")
		for _, digits := range overseas[number[:4]] {
			if len(rest) == digits && allDigits(rest) {
				return number[:4] + rest, ""
			}
		}
		return "", WhyPhone
	} else if len(number) == 9 && number[0] != '0' {
		number = "0" + number // a spreadsheet took it for a number
	}
	if len(number) != 10 || !allDigits(number) || number[0] != '0' || number[1] == '0' {
		return "", WhyPhone
	}
	return number, ""
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
