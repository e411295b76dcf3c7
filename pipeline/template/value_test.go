package template

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/config"
	"guichet/pipeline/claim"
)

func text(s string) cell   { return cell{typ: textCell, text: s} }
func number(s string) cell { return cell{typ: numberCell, text: s} }

func TestTexts(t *testing.T) {
	cases := []struct {
		column config.ColumnType
		in     cell
		want   string
		why    string
	}{
		{config.TextColumn, text(" \u00a0Mme Le\u00a0Goff\u200b\n"), "Mme Le\u00a0Goff", ""},
		{config.TextColumn, number("12.4"), "12.4", ""},
		{config.TextColumn, number("12.40"), "12.4", ""},
		{config.TextColumn, number("1E+20"), "100000000000000000000", ""},
		{config.TextColumn, number("1E-7"), "0.0000001", ""},
		{config.TextColumn, number("-0"), "0", ""},
		{config.TextColumn, number("0.1"), "0.1", ""},
		{config.TextColumn, number("0.10000000000000001"), "0.1", ""},
		{config.TextColumn, cell{typ: boolCell, text: "VRAI"}, "VRAI", ""},
		{config.TextColumn, cell{typ: errorCell, text: "#N/A"}, "", WhyErrorValue},
		{config.ProgrammeColumn, text(" AF-PHA-LGO-Va1 "), "AF-PHA-LGO-Va1", ""},

		{config.FINESSColumn, text("750012320"), "750012320", ""},
		{config.FINESSColumn, text(" 75 001\u202f232\u00a00\t"), "750012320", ""},
		{config.FINESSColumn, text("2a0000238"), "2A0000238", ""},
		{config.FINESSColumn, text("2B 000 0236"), "2B0000236", ""},
		{config.FINESSColumn, text("750012341"), "750012341", ""}, // a wrong key is BEN-01
		{config.FINESSColumn, number("10003002"), "010003002", ""},
		{config.FINESSColumn, text("10003002"), "010003002", ""},
		{config.FINESSColumn, text("10003003"), "", WhyFINESS}, // not restored: the key would be wrong
		{config.FINESSColumn, number("1.0003002E7"), "010003002", ""},
		{config.FINESSColumn, number("750012320.0"), "750012320", ""},
		{config.FINESSColumn, text("7,5001232E+08"), "750012320", ""},
		{config.FINESSColumn, text("7,50012E+08"), "", WhyLostDigits},
		{config.FINESSColumn, text("7,50015E+08"), "", WhyLostDigits}, // whose key is right by chance
		{config.FINESSColumn, text("7,5001005E+08"), "750010050", ""},
		{config.FINESSColumn, number("750012320.5"), "", WhyFINESS},
		{config.FINESSColumn, text("7500123200"), "", WhyFINESS},
		{config.FINESSColumn, text("0010003002"), "", WhyFINESS},
		{config.FINESSColumn, text("2C0000238"), "", WhyFINESS},
		{config.FINESSColumn, text("75-001232-0"), "", WhyFINESS},
		{config.FINESSColumn, text("-750012320"), "", WhyFINESS},
		{config.FINESSColumn, text("٧٥٠٠١٢٣٢٠"), "", WhyFINESS},

		{config.SIRETColumn, text("341 522 290 00012"), "34152229000012", ""},
		{config.SIRETColumn, number("34152229000012"), "34152229000012", ""},
		{config.SIRETColumn, number("3.4152229000012E+13"), "34152229000012", ""},
		{config.SIRETColumn, text("3,4152229000012E+13"), "34152229000012", ""},
		{config.SIRETColumn, number("5420120700013"), "05420120700013", ""},
		{config.SIRETColumn, text("3,41522E+13"), "", WhyLostDigits},
		{config.SIRETColumn, number("34152200000000"), "", WhySIRETKey},
		{config.SIRETColumn, text("34152229000013"), "", WhySIRETKey},
		{config.SIRETColumn, text("3415222900001"), "", WhySIRET},
		{config.SIRETColumn, text("34152229000012 bis"), "", WhySIRET},
		{config.SIRETColumn, text("35600000000048"), "35600000000048", ""}, // La Poste, by Luhn
		{config.SIRETColumn, text("35600000049837"), "35600000049837", ""}, // La Poste, by the sum

		{config.DossierColumn, text(" lgo1 - 00000001 - 96 "), "LGO1-00000001-96", ""},
		{config.DossierColumn, text("LGO1-00000001-97"), "LGO1-00000001-97", ""}, // a wrong key is DOS-01
		{config.DossierColumn, text("LGO1-1-96"), "", WhyDossier},

		{config.RegimeColumn, text("assujetti"), "ASSUJETTI", ""},
		{config.RegimeColumn, text(" Non-Assujetti"), "NON ASSUJETTI", ""},
		{config.RegimeColumn, text("NON – ASSUJETTI"), "NON ASSUJETTI", ""},
		{config.RegimeColumn, text("non"), "", WhyVATRegime},
		{config.RegimeColumn, text("assujettie"), "", WhyVATRegime},
		{config.NatureColumn, text("Achèvement"), "ACHEVEMENT", ""},
		{config.NatureColumn, text("INCAPACITÉ"), "INCAPACITE", ""},
		{config.NatureColumn, text("fin"), "", WhyNature},

		{config.EmailColumn, text(" jean.d'arc+ph@ph-des-arcades.co.fr "), "jean.d'arc+ph@ph-des-arcades.co.fr", ""},
		{config.EmailColumn, text("a@b.fr"), "a@b.fr", ""},
		{config.EmailColumn, text("A@pharmacie-été.fr"), "A@pharmacie-été.fr", ""},
		{config.EmailColumn, text("a@b"), "", WhyEmail},
		{config.EmailColumn, text("a.b.fr"), "", WhyEmail},
		{config.EmailColumn, text("@b.fr"), "", WhyEmail},
		{config.EmailColumn, text("a@@b.fr"), "", WhyEmail},
		{config.EmailColumn, text(".a@b.fr"), "", WhyEmail},
		{config.EmailColumn, text("a..b@b.fr"), "", WhyEmail},
		{config.EmailColumn, text("a@b..fr"), "", WhyEmail},
		{config.EmailColumn, text("a@-b.fr"), "", WhyEmail},
		{config.EmailColumn, text("a@b.f"), "", WhyEmail},
		{config.EmailColumn, text("a@127.0.0.1"), "", WhyEmail},
		{config.EmailColumn, text("a@b.fr; c@d.fr"), "", WhyEmail},
		{config.EmailColumn, text("mailto:a@b.fr"), "", WhyEmail},
		{config.EmailColumn, text("<a@b.fr>"), "", WhyEmail},
		{config.EmailColumn, text("é@b.fr"), "", WhyEmail},
		{config.EmailColumn, text("a b@c.fr"), "", WhyEmail},
		{config.EmailColumn, text(strings.Repeat("a", 65) + "@b.fr"), "", WhyEmail},
		{config.EmailColumn, text("néant"), "", WhyEmail},

		{config.PhoneColumn, text("04 74 23 54 73"), "0474235473", ""},
		{config.PhoneColumn, text("04.74.23.54.73"), "0474235473", ""},
		{config.PhoneColumn, text("04-74-23-54-73"), "0474235473", ""},
		{config.PhoneColumn, number("474235473"), "0474235473", ""},
		{config.PhoneColumn, text("474235473"), "0474235473", ""},
		{config.PhoneColumn, text("+33 4 74 23 54 73"), "0474235473", ""},
		{config.PhoneColumn, text("+33 (0)4 74 23 54 73"), "0474235473", ""},
		{config.PhoneColumn, text("0033 4 74 23 54 73"), "0474235473", ""},
		{config.PhoneColumn, text("0033(0)474235473"), "0474235473", ""},
		{config.PhoneColumn, text("+262 262 12 34 56"), "+262262123456", ""},
		{config.PhoneColumn, text("+262 (0)262 12 34 56"), "+262262123456", ""},
		{config.PhoneColumn, text("+508 41 23 45"), "+508412345", ""},
		{config.PhoneColumn, text("+590 590 12 34 56"), "+590590123456", ""},
		{config.PhoneColumn, text("+594 594 12 34 56"), "+594594123456", ""},
		{config.PhoneColumn, text("+596 596 12 34 56"), "+596596123456", ""},
		{config.PhoneColumn, text("+33 04 74 23 54 73"), "", WhyPhone},
		{config.PhoneColumn, text("+32 474 23 54 73"), "", WhyPhone},
		{config.PhoneColumn, text("+590 590 12 34 5"), "", WhyPhone},
		{config.PhoneColumn, text("04 74 23 54 7"), "", WhyPhone},
		{config.PhoneColumn, text("04 74 23 54 73 / 74"), "", WhyPhone},
		{config.PhoneColumn, text("0000000000"), "", WhyPhone},
		{config.PhoneColumn, text("1234567890"), "", WhyPhone},
		{config.PhoneColumn, text("poste 12"), "", WhyPhone},
		{config.PhoneColumn, text("+"), "", WhyPhone},

		{config.PDFColumn, text(" commande 1.PDF "), "commande 1.PDF", ""},
		{config.PDFColumn, text("re\u0301sume\u0301.pdf"), "résumé.pdf", ""},
		{config.PDFColumn, text(".pdf"), "", WhyPDFName},
		{config.PDFColumn, text("commande.docx"), "", WhyPDFName},
		{config.PDFColumn, text("pdf"), "", WhyPDFName},
		{config.PDFColumn, text("../commande.pdf"), "", WhyPDFName},
		{config.PDFColumn, text(`C:\commande.pdf`), "", WhyPDFName},
		{config.PDFColumn, text("a\x00.pdf"), "", WhyPDFName},
		{config.PDFColumn, text("a.pdf, b.pdf"), "a.pdf, b.pdf", ""}, // a name like another
	}
	for _, c := range cases {
		got := readField(config.Column{Type: c.column}, c.in, false, "LGO1")
		want := claim.Field{State: claim.FieldOK, Raw: got.Raw, Text: c.want}
		if c.why != "" {
			want.State, want.Why = claim.FieldBad, c.why
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s %q: %s", c.column, c.in.text, diff)
		}
	}
	long := config.Column{Type: config.TextColumn, MaxRunes: 64}
	if f := readField(long, text(" "+strings.Repeat("é", 64)+" "), false, "LGO1"); !f.OK() {
		t.Errorf("%+v", f)
	}
	if f := readField(long, text(strings.Repeat("é", 65)), false, "LGO1"); f.Why != WhyTooLong {
		t.Errorf("%+v", f)
	}
	if f := readField(long, cell{typ: noValueCell}, false, "LGO1"); f.State != claim.FieldNoValue {
		t.Errorf("%+v", f)
	}
}

// TestWhysHaveTexts: every reason is a variant of LIG-02.
func TestWhysHaveTexts(t *testing.T) {
	variants := config.Rules.Rule("LIG-02").Variants
	for _, why := range []string{
		WhyDate, WhyDateRange, WhyAmount, WhyFINESS, WhySIRET, WhySIRETKey, WhyLostDigits, WhyEmail, WhyPhone,
		WhyDossier, WhyVATRegime, WhyNature, WhyPDFName, WhyTooLong, WhyErrorValue,
	} {
		if variants[why].Message == "" {
			t.Errorf("LIG-02 has no variant %s", why)
		}
	}
}

func TestDates(t *testing.T) {
	cases := []struct {
		in   cell
		want string
		why  string
	}{
		{text("15/03/2023"), "2023-03-15", ""},
		{text(" 5/3/2023 "), "2023-03-05", ""},
		{text("2023-03-15"), "2023-03-15", ""},
		{text("2023-3-5"), "2023-03-05", ""},
		{text("15/03/2023 14:00"), "2023-03-15", ""},
		{text("15/03/2023\u00a014h00"), "2023-03-15", ""},
		{text("2023-03-15T23:59:59.999"), "2023-03-15", ""},
		{text("2023-03-15 24:00"), "", WhyDate},
		{text("15/03/2023 matin"), "", WhyDate},
		{text("15/03/23"), "", WhyDate},
		{text("15-03-2023"), "", WhyDate},
		{text("15.03.2023"), "", WhyDate},
		{text("2023/03/15"), "", WhyDate},
		{text("03/15/2023"), "", WhyDate},
		{text("31/02/2023"), "", WhyDate},
		{text("29/02/2023"), "", WhyDate},
		{text("29/02/2024"), "2024-02-29", ""},
		{text("00/01/2023"), "", WhyDate},
		{text("44986"), "2023-03-01", ""}, // a CSV knows no numbers
		{text("36525"), "", WhyDateRange},
		{text("4498"), "", WhyDate},
		{text("449860"), "", WhyDate},
		{text("44986,5"), "", WhyDate},
		{text("mars 2023"), "", WhyDate},
		{text("01/01/2000"), "2000-01-01", ""},
		{text("31/12/1999"), "", WhyDateRange},
		{text("31/12/2100"), "2100-12-31", ""},
		{text("01/01/2101"), "", WhyDateRange},
		{text("01/01/0001"), "", WhyDateRange},
		{cell{typ: dateCell, text: "2023-03-15T00:00:00"}, "2023-03-15", ""},
		{cell{typ: dateCell, text: "2023-03-15T14:00:00Z"}, "2023-03-15", ""},
		{cell{typ: boolCell, text: "VRAI"}, "", WhyDate},
		{number("45000"), "2023-03-15", ""},
		{number("45000.99999"), "2023-03-15", ""},
		{number("44999.9999999999"), "2023-03-15", ""}, // midnight, but for the last bits
		{number("4.5E4"), "2023-03-15", ""},
		{number("36526"), "2000-01-01", ""},
		{number("36525"), "", WhyDateRange},
		{number("73415"), "2100-12-31", ""},
		{number("73416"), "", WhyDateRange},
		{number("60"), "", WhyDateRange},
		{number("-1"), "", WhyDateRange},
		{number("1E+300"), "", WhyDateRange},
		{number("20230315"), "", WhyDateRange},
	}
	for _, c := range cases {
		f := readField(config.Column{Type: config.DateColumn}, c.in, false, "LGO1")
		if f.Date.String() != c.want || f.Why != c.why || f.OK() != (c.why == "") {
			t.Errorf("%q: %+v; want %s %s", c.in.text, f, c.want, c.why)
		}
	}
	if f := readField(config.Column{Type: config.DateColumn}, number("43538"), true, "LGO1"); f.Date.String() != "2023-03-15" || f.Raw != "15/03/2023" {
		t.Errorf("1904: %+v", f)
	}
}

// TestSerials compares serials with what spreadsheets show.
func TestSerials(t *testing.T) {
	cases := []struct {
		serial   string
		date1904 bool
		want     string
	}{
		{"1", false, "1900-01-01 00:00:00"},
		{"59", false, "1900-02-28 00:00:00"},
		{"61", false, "1900-03-01 00:00:00"},
		{"0", true, "1904-01-01 00:00:00"},
		{"60", true, "1904-03-01 00:00:00"},
		{"45000.5", false, "2023-03-15 12:00:00"},
		{"44968.395833333336", false, "2023-02-11 09:30:00"},
		{"44968.583344907405", false, "2023-02-11 14:00:01"},
		{"2958465", false, "9999-12-31 00:00:00"},
	}
	for _, c := range cases {
		if got, ok := serialTime(c.serial, c.date1904); !ok || got.Format(time.DateTime) != c.want {
			t.Errorf("%s: %s", c.serial, got)
		}
	}
	for _, none := range []string{"60", "-0.5", "2958466", "1e30"} {
		if got, ok := serialTime(none, false); ok {
			t.Errorf("%s: %s", none, got)
		}
	}
}

func TestAmounts(t *testing.T) {
	cases := []struct {
		in    cell
		cents claim.Cents
		finer bool
		why   string
	}{
		{text("708"), 70800, false, ""},
		{text("708,5"), 70850, false, ""},
		{text("708.50 €"), 70850, false, ""},
		{text("€ 708,50"), 70850, false, ""},
		{text("1 234,56"), 123456, false, ""},
		{text("1\u00a0234,56\u00a0€"), 123456, false, ""},
		{text("1\u202f234\u202f567,8"), 123456780, false, ""},
		{text("1.234,56"), 123456, false, ""},
		{text("1,234.56"), 123456, false, ""},
		{text("1.234.567,89"), 123456789, false, ""},
		{text("1.234.567"), 123456700, false, ""},
		{text("1.234"), 123, true, ""}, // a lone point is decimal
		{text("1,234"), 123, true, ""}, // so is a lone comma
		{text("708,005"), 70800, true, ""},
		{text("708,500"), 70850, false, ""},
		{text("-600.00"), -60000, false, ""},
		{text("−1 600,00"), -160000, false, ""},
		{text("0"), 0, false, ""},
		{text("0,00"), 0, false, ""},
		{text("-0"), 0, false, ""},
		{text("12 34"), 0, false, WhyAmount},
		{text("1 2345,00"), 0, false, WhyAmount},
		{text("1.23,45"), 0, false, WhyAmount},
		{text("1.234,56,78"), 0, false, WhyAmount},
		{text("1,234,56"), 0, false, WhyAmount},
		{text("1 234.567,89"), 0, false, WhyAmount},
		{text("708,"), 0, false, WhyAmount},
		{text(",50"), 0, false, WhyAmount},
		{text("€"), 0, false, WhyAmount},
		{text("-"), 0, false, WhyAmount},
		{text("--1"), 0, false, WhyAmount},
		{text("(708)"), 0, false, WhyAmount},
		{text("708 EUR"), 0, false, WhyAmount},
		{text("708 € HT"), 0, false, WhyAmount},
		{text("7,08E+02"), 0, false, WhyAmount},
		{text("sept cent huit"), 0, false, WhyAmount},
		{text("99999999999999999999"), 0, false, WhyAmount},
		{cell{typ: boolCell, text: "VRAI"}, 0, false, WhyAmount},
		{number("708.5"), 70850, false, ""},
		{number("708.10000000000002"), 70810, false, ""},
		{number("0.1"), 10, false, ""},
		{number("7.08E2"), 70800, false, ""},
		{number("708.0000004"), 70800, false, ""},
		{number("707.9999996"), 70800, false, ""},
		{number("708.000001"), 70800, true, ""},
		{number("708.005"), 70800, true, ""},
		{number("-0.004"), 0, true, ""},
		{number("1E+300"), 0, false, WhyAmount},
	}
	for _, c := range cases {
		f := readField(config.Column{Type: config.AmountColumn}, c.in, false, "LGO1")
		want := claim.Amount{Cents: c.cents, Finer: c.finer}
		if f.Amount != want || f.Why != c.why || f.OK() != (c.why == "") {
			t.Errorf("%q: %+v; want %+v %s", c.in.text, f, want, c.why)
		}
	}
}

// TestAmountNotations: every notation of an amount reads as that amount.
func TestAmountNotations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cents := claim.Cents(rapid.Int64Range(-1e12, 1e12).Draw(t, "cents"))
		blank := rapid.SampledFrom([]string{" ", "\u00a0", "\u202f", ""}).Draw(t, "blank")
		french := strings.ReplaceAll(strings.ReplaceAll(cents.French(), "\u00a0€", ""), "\u00a0", blank)
		for _, notation := range []string{
			french, french + " €", cents.String(), "€" + cents.String(), french + "0",
			strings.ReplaceAll(strings.ReplaceAll(cents.French(), "\u00a0€", ""), "\u00a0", "."),
		} {
			if got, why := readAmount(text(notation)); got != (claim.Amount{Cents: cents}) {
				t.Fatalf("%q: %+v %s", notation, got, why)
			}
		}
		if got, why := readAmount(number(cents.String())); got != (claim.Amount{Cents: cents}) {
			t.Fatalf("number %s: %+v %s", cents, got, why)
		}
	})
}

// TestDateNotations: every notation of a day reads as that day.
func TestDateNotations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		day := claim.Date{Year: 2000, Month: 1, Day: 1}.AddDays(rapid.IntRange(0, 36889).Draw(t, "days"))
		serial := claim.Date{Year: 1899, Month: 12, Day: 30}.DaysUntil(day)
		for _, c := range []cell{text(day.String()), text(day.French()), number(claim.Cents(serial * 100).String()), number(claim.Cents(serial*100 + 99).String())} {
			if got, why := readDate(c, false); got != day {
				t.Fatalf("%q: %s %s; want %s", c.text, got, why, day)
			}
		}
		if got, why := readDate(number(claim.Cents((serial-1462)*100).String()), true); got != day {
			t.Fatalf("1904: %s %s; want %s", got, why, day)
		}
	})
}

// TestRestoredZeros: a number that lost its zeros in front, and only such a
// one, is restored.
func TestRestoredZeros(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`0[1-9][0-9]{7}`).Draw(t, "digits")
		restored, why := ParseFINESS(digits[1:])
		if claim.FINESS(digits).KeyOK() != (why == "") || why == "" && string(restored) != digits {
			t.Fatalf("%s: %q %s", digits, restored, why)
		}
	})
}
