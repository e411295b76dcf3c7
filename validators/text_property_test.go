package validators

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guichet/pipeline/claim"
)

// around puts a value on a line of a random order form, where nothing but
// words and wide gaps stand beside it.
func around(t *rapid.T, value string) *claim.Facts {
	word := rapid.SampledFrom([]string{"Montant", "HT", "le", "pharmacie", "Ségur", "de", ":", "«", "santé,", "total"})
	words := func(label string) string { return strings.Join(rapid.SliceOfN(word, 0, 4).Draw(t, label), " ") }
	var lines []string
	for i := range rapid.IntRange(0, 3).Draw(t, "lines before") {
		lines = append(lines, words(fmt.Sprint("before ", i)))
	}
	cells := []string{words("left")}
	if rapid.Bool().Draw(t, "in a table") {
		cells = append(cells, value, words("right"))
	} else {
		cells[0] += " " + value + " " + words("right")
	}
	lines = append(lines, strings.Join(cells, " | "), words("after"))
	return factsOf(page(lines...))
}

// lookUp finds a text in a document that was not scanned.
func lookUp(facts *claim.Facts, look search) (hit, bool) {
	found := newFinder(facts, trust{}).see(mention{shown: look})
	return found, found.sight != missing
}

// shows tells whether a document shows what a search looks for.
func shows(facts *claim.Facts, look search) bool {
	found, ok := lookUp(facts, look)
	return ok && found.sight == shown
}

// grouped writes digits in groups of three, from the right.
func grouped(digits, sign string) string {
	var out strings.Builder
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteString(sign)
		}
		out.WriteRune(digit)
	}
	return out.String()
}

func TestAnyAmountIsFoundAndNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := claim.Cents(rapid.Int64Range(1, 100_000_000).Draw(t, "cents"))
		euros, decimals, _ := strings.Cut(cents.String(), ".")
		notation := rapid.SampledFrom([][2]string{{"", ","}, {"", "."}, {" ", ","}, {" ", "."}, {"\u00a0", ","}, {"\u202f", ","}, {".", ","}, {",", "."}}).Draw(t, "notation")
		written := grouped(euros, notation[0])
		if decimals != "00" || rapid.Bool().Draw(t, "with cents") {
			written += notation[1] + decimals
		} else if notation[0] == "," {
			written += ".00" // 1,050 is no amount
		}
		written += rapid.SampledFrom([]string{"", " €", "€", " EUR", " euros", "¿", " HT"}).Draw(t, "unit")
		facts := around(t, written)
		if !shows(facts, amountSearch(cents)) {
			t.Fatalf("%q does not show %s", written, cents)
		}
		other := claim.Cents(rapid.Int64Range(1, 100_000_000).Draw(t, "other"))
		for _, other := range []claim.Cents{other, cents + 1, cents + 100, cents % 100_000, cents % 100_00, cents / 10, cents / 100, cents * 10, cents * 100} {
			if other != cents && other > 0 && shows(facts, amountSearch(other)) {
				t.Fatalf("%q shows %s", written, other)
			}
		}
	})
}

// drawDate draws a day of the programme's years.
func drawDate(t *rapid.T, label string) claim.Date {
	return day("2021-01-01").AddDays(rapid.IntRange(0, 1200).Draw(t, label))
}

func TestAnyDateIsFoundAndNoOther(t *testing.T) {
	names := []string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}
	rapid.Check(t, func(t *rapid.T) {
		d := drawDate(t, "date")
		name := names[d.Month-1]
		dayInWords := fmt.Sprint(d.Day)
		if d.Day == 1 {
			dayInWords = "1er"
		}
		written := rapid.SampledFrom([]string{
			d.French(), d.String(),
			fmt.Sprintf("%d/%d/%d", d.Day, d.Month, d.Year), fmt.Sprintf("%d/%d/%02d", d.Day, d.Month, d.Year%100),
			fmt.Sprintf("%02d.%02d.%d", d.Day, d.Month, d.Year), fmt.Sprintf("%02d-%02d-%d", d.Day, d.Month, d.Year),
			fmt.Sprintf("%s %s %d", dayInWords, name, d.Year), fmt.Sprintf("%02d %s %d", d.Day, strings.ToUpper(name), d.Year),
			fmt.Sprintf("%s %s %d", dayInWords, claim.Fold(name), d.Year),
		}).Draw(t, "written")
		facts := around(t, written)
		if !shows(facts, dateSearch(d)) {
			t.Fatalf("%q does not show %s", written, d)
		}
		for _, other := range []claim.Date{drawDate(t, "other"), d.AddDays(1), d.AddDays(-1), d.AddDays(10), d.AddDays(-10), d.AddDays(365)} {
			if other != d && shows(facts, dateSearch(other)) {
				t.Fatalf("%q shows %s", written, other)
			}
		}
	})
}

func TestAnyPhoneIsFoundAndNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.StringMatching(`[1-9][0-9]{8}`).Draw(t, "number")
		sign := rapid.SampledFrom([]string{"", " ", ".", "-", "\u00a0"}).Draw(t, "sign")
		pairs := func(digits string) string {
			var parts []string
			for ; len(digits) > 2; digits = digits[2:] {
				parts = append(parts, digits[:2])
			}
			return strings.Join(append(parts, digits), sign)
		}
		written := rapid.SampledFrom([]string{
			pairs("0" + number), "+33 " + number[:1] + sign + pairs(number[1:]), "+33 (0)" + number[:1] + sign + pairs(number[1:]),
			"0033" + number, "+33" + number, "+33(0)" + number,
		}).Draw(t, "written")
		facts := around(t, written)
		if !shows(facts, phoneSearch("0"+number)) {
			t.Fatalf("%q does not show 0%s", written, number)
		}
		other := rapid.StringMatching(`0[1-9][0-9]{8}`).Draw(t, "other")
		shifted := "0" + number[1:] + "0"
		for _, other := range []string{other, shifted} {
			if other != "0"+number && shows(facts, phoneSearch(other)) {
				t.Fatalf("%q shows %s", written, other)
			}
		}
	})
}

func TestAnyFINESSIsFoundAndNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		finess := rapid.StringMatching(`([0-9][0-9]|2[AB])[0-9]{7}`).Draw(t, "finess")
		cuts := rapid.SliceOfNDistinct(rapid.IntRange(1, 8), 0, 4, rapid.ID).Draw(t, "cuts")
		gap := rapid.SampledFrom([]string{" ", "\u00a0", "\u202f"}).Draw(t, "gap")
		var written strings.Builder
		for i, r := range finess {
			for _, cut := range cuts {
				if cut == i {
					written.WriteString(gap)
				}
			}
			written.WriteRune(r)
		}
		facts := around(t, written.String())
		if !shows(facts, finessSearch(claim.FINESS(finess))) {
			t.Fatalf("%q does not show %s", written.String(), finess)
		}
		other := rapid.StringMatching(`[0-9]{9}`).Draw(t, "other")
		if other != finess && shows(facts, finessSearch(claim.FINESS(other))) {
			t.Fatalf("%q shows %s", written.String(), other)
		}
		for _, longer := range []string{"1" + written.String(), written.String() + "1", written.String() + "A"} {
			if shows(around(t, longer), finessSearch(claim.FINESS(finess))) {
				t.Fatalf("%q shows %s", longer, finess)
			}
		}
	})
}

// FuzzFinder looks for anything in anything: nothing panics, and what is found
// has the digits that were looked for.
func FuzzFinder(f *testing.F) {
	for _, test := range finderCases {
		wanted, _, _ := strings.Cut(test.wanted, "!")
		f.Add(strings.NewReplacer("«", "", "»", "").Replace(test.in), test.kind, strings.TrimSuffix(wanted, "?"))
	}
	f.Fuzz(func(t *testing.T, in, kind, wanted string) {
		var look search
		switch kind {
		case "amount":
			cents, err := claim.ParseCents(wanted)
			if err != nil || cents <= 0 {
				return
			}
			look = amountSearch(cents)
			wanted = strings.TrimRight(strings.ReplaceAll(cents.String(), ".", ""), "0")
		case "date":
			d, err := claim.ParseDate(wanted)
			if err != nil {
				return
			}
			look = dateSearch(d)
			wanted = fmt.Sprint(d.Day)
		case "phone":
			look = phoneSearch(wanted)
			wanted = wanted[min(len(wanted), 4):]
		case "finess", "email", "reference", "phrase", "person", "company", "solution":
			look = searchOf(kind, wanted)
			if kind == "person" || kind == "company" || kind == "solution" {
				wanted = "" // civilities, legal forms and labels are left out
			}
		case "regime":
			look = regimeSearch(wanted, rates(theProgramme()))
			wanted = ""
		default:
			return
		}
		found, ok := lookUp(documentOf(in), look)
		if !ok {
			return
		}
		if digits := digitsOf(wanted); !strings.Contains(digitsOf(found.text), digits) {
			t.Errorf("%q in %q is said to show %q", found.text, in, wanted)
		}
		if found.page != 1 || found.rect == nil || found.text == "" {
			t.Errorf("no place: %+v", found)
		}
	})
}

// digitsOf gives the digits of a text as they are compared.
func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, claim.Fold(text))
}
