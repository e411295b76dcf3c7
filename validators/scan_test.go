package validators

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guichet/pipeline/claim"
)

// scanned makes OCR's reading of a claim's documents, with a confidence, after
// some of what it read was changed: pairs of what stands there and what OCR made of it.
func scanned(confidence int, misread ...string) func(*Context, *claim.Claim) {
	return func(ctx *Context, c *claim.Claim) {
		ctx.Limits.OCRConfidence = believed.least
		for i := range c.Documents {
			facts := c.Documents[i].Facts
			lines := strings.NewReplacer(misread...).Replace(strings.Join(linesOf(facts), "\n"))
			facts.Pages[0] = ocr(confidence, page(strings.Split(lines, "\n")...))
			facts.TextSource = claim.TextFromOCR
		}
	}
}

// TestScannedOrder: what OCR reads exactly passes; what it reads nearly, or
// without certainty, and what it does not find on a page of which it is not
// sure go to a person; what is not on a page of which it is sure is missing.
func TestScannedOrder(t *testing.T) {
	unread := func(spoil func(*Context, *claim.Claim)) func(*Context, *claim.Claim) {
		return func(ctx *Context, c *claim.Claim) {
			spoil(ctx, c)
			c.Documents[0].Facts.Pages[0].Unread = true
		}
	}
	const all = "MEN-01 MEN-02 MEN-03 MEN-04 MEN-05 MEN-06 MEN-07 MEN-08 MEN-09 MEN-10 MEN-11 MEN-12"
	near := []string{
		"AF-PHA-LGO-Va1", "AF-PHA-LC0-Va1", "01/09/2022", "O1/09/2022", "ASSUJETTI", "ASSUJETT1", "700,00", "7OO,OO", "MARTIN", "MART1N",
		string(thePharmacy), "75000O" + string(thePharmacy[6:8]), // a digit lost
		"Pont Neuf", "Pont Neut", "contact@", "contact©", "01 23 45 67 89", "O1 23 45 67 89", "Prestation", "Prestatlon", "Officine", "0fficine",
		"charge par", "charqe par",
	}
	for _, test := range []struct {
		name    string
		spoil   func(*Context, *claim.Claim)
		want    string
		outcome claim.Outcome
		variant string // part of the message
	}{
		{"read exactly", scanned(95), "", "", ""},
		{"read exactly, less sure", scanned(60), "", "", ""},
		{"read below the least confidence", scanned(59), "DOC-06", claim.Review, "Aucun texte"},
		{"every mention nearly", scanned(95, near...), all, claim.Review, "incertitude (« "},
		{"another amount", scanned(95, "700,00", "792,00"), "MEN-04", claim.Complete, "ne montre pas"},
		{"another amount on an unsure page", scanned(87, "700,00", "792,00"), "MEN-04", claim.Review, "peu lisible"},
		{"another amount on a page just sure", scanned(95, "700,00", "792,00"), "MEN-04", claim.Complete, "ne montre pas"},
		{"another amount on a page with letters unread", unread(scanned(95, "700,00", "792,00")), "MEN-04", claim.Review, "peu lisible"},
		{"letters unread beside all mentions", unread(scanned(95)), "", "", ""},
		{"an amount of which OCR is not certain", scanned(95, "700,00", "700,00¤40"), "MEN-04", claim.Review, "incertitude (« 700,00 »)"},
		{"another pharmacy", scanned(95, string(thePharmacy), string(otherPharmacy)), "MEN-06", claim.Complete, "ne montre pas"},
		{"a FINESS of which OCR is not certain", scanned(95, string(thePharmacy), string(thePharmacy)+"¤20"), "", "", ""},
		{"letters for its digits", scanned(95, string(thePharmacy), strings.Replace(string(thePharmacy), "00", "OO", 1)), "", "", ""},
		{"a wrong digit in it", scanned(95, string(thePharmacy), "76"+string(thePharmacy[2:])), "MEN-06", claim.Review, "incertitude"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, told := assessed(test.spoil, "MEN", "DOC")
			if told != test.want {
				t.Fatalf("%q, want %q", told, test.want)
			}
			for _, f := range got.Findings {
				checkTexts(t, f)
				if f.Outcome != test.outcome || !strings.Contains(f.Message, test.variant) {
					t.Errorf("%s: %s: %s", f.Code, f.Outcome, f.Message)
				}
				if placed := f.Page == 1 && f.Rect != nil; strings.Contains(f.Message, "incertitude") && !placed {
					t.Errorf("%s has no place", f.Code)
				}
			}
			for _, e := range got.Evidence {
				if strings.Contains(told, e.Rule) {
					t.Errorf("evidence of %s, which is not shown for certain", e.Rule)
				}
			}
		})
	}
}

// TestScannedConditionalMention is MEN-13, of 290 letters.
func TestScannedConditionalMention(t *testing.T) {
	text := theProgramme().Mentions.Conditional
	for _, test := range []struct {
		name, text string
		outcome    claim.Outcome
	}{
		{"as it is", text, ""},
		{"a letter in each long word", strings.NewReplacer("commande", "cornmande", "conditionné", "condltionné", "référencement", "référencemenl", "complet", "cornplet").Replace(text), claim.Review},
		{"half of it", text[:len(text)/2], claim.Complete},
		{"none", "Bon de commande", claim.Complete},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _ := assessed(func(ctx *Context, c *claim.Claim) {
				change(registers(ctx).solutions, theReference, func(s *claim.Solution) { s.Referenced = day("2022-09-02") })
				facts := c.Documents[0].Facts
				lines := linesOf(facts)
				words := strings.Fields(test.text)
				for len(words) > 0 {
					n := min(9, len(words))
					lines = append(lines, strings.Join(words[:n], " "))
					words = words[n:]
				}
				facts.Pages[0] = page(lines...)
				scanned(95)(ctx, c)
			}, "MEN")
			if test.outcome == "" {
				if told := codesOf(got.Findings, "MEN"); told != "" {
					t.Error(told)
				}
				return
			}
			if f := find(t, got.Findings, "MEN-13"); f.Outcome != test.outcome {
				t.Errorf("%s: %s", f.Outcome, f.Message)
			}
		})
	}
}

// TestPagesThatWereNotRead is DOC-06 among pages of all sorts. The order's
// text page lacks nothing, or its amount where that is said.
func TestPagesThatWereNotRead(t *testing.T) {
	none := func(p claim.Page) claim.Page {
		p.Source = claim.TextFromNone
		return p
	}
	for _, test := range []struct {
		name  string
		more  []claim.Page // behind the first
		whole bool         // the first page shows every mention; else all but the amount
		want  string
		page  int
	}{
		{"an image", []claim.Page{scan()}, false, "DOC-06", 2},
		{"an image beside all mentions", []claim.Page{scan()}, true, "", 0},
		{"a blank page", []claim.Page{none(claim.Page{})}, false, "MEN-04", 0},
		{"words that are no language", []claim.Page{none(page("qzx wvk 700,00"))}, false, "DOC-06", 2},
		{"a scan with a line of text that became hidden", []claim.Page{none(scan("Signé par Claire MARTIN"))}, false, "DOC-06", 2},
		{"OCR below its confidence", []claim.Page{ocr(59, page("Montant HT : 700,00¤95"))}, false, "DOC-06", 2},
		{"OCR below its confidence, and a blank page before", []claim.Page{none(claim.Page{}), ocr(59, page("Total"))}, false, "DOC-06", 3},
		{"OCR below its confidence beside all mentions", []claim.Page{ocr(30, page("x"))}, true, "", 0},
		{"OCR that shows it", []claim.Page{ocr(60, page("Montant HT : 700,00"))}, false, "", 0},
		{"OCR that nearly shows it, and an image", []claim.Page{ocr(90, page("Montant HT : 7OO,OO")), scan()}, false, "MEN-04", 0},
		{"OCR that is sure", []claim.Page{ocr(90, page("Conditions"))}, false, "MEN-04", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, told := assessed(func(ctx *Context, c *claim.Claim) {
				ctx.Limits.OCRConfidence = believed.least
				if !test.whole {
					rewrite(c, "Montant HT", "")
				}
				facts := c.Documents[0].Facts
				facts.Pages[0].Source = claim.TextFromPDF
				facts.Pages = append(facts.Pages[:1], test.more...)
			}, "DOC", "MEN")
			if told != test.want {
				t.Fatalf("%q, want %q", told, test.want)
			}
			if test.page > 0 && got.Findings[0].Page != test.page {
				t.Errorf("page %d, want %d", got.Findings[0].Page, test.page)
			}
		})
	}
}

// TestScannedAttestation is MNT-05 of a scan.
func TestScannedAttestation(t *testing.T) {
	const office, supplier = "Direction générale des finances publiques", "OFFISOFT SAS, SIREN 732829320"
	for _, test := range []struct {
		name string
		page claim.Page
		want string // outcomes of MNT-05, and DOC-06
	}{
		{"read", ocr(95, page(office, supplier)), ""},
		{"the office nearly", ocr(95, page("Directlon générale des flnances publiques", supplier)), "review"},
		{"the supplier nearly", ocr(95, page(office, "0FFIS0FT, SIREN 732829321")), "review"},
		{"letters in its SIREN", ocr(95, page(office, "SIREN 73282932O")), ""},
		{"another's", ocr(95, page(office, "Autre SAS, SIREN 552081317")), "complete"},
		{"neither, for sure", ocr(95, page("Facture")), "complete complete"},
		{"neither, on an unsure page", ocr(70, page("Facture")), "review review"},
		{"not read", ocr(59, page(office, supplier)), "DOC-06"},
		{"in another's text layer", func() claim.Page {
			p := ocr(95, page(office, "~OFFISOFT~"))
			return p
		}(), "review"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _ := assessed(func(ctx *Context, c *claim.Claim) {
				notLiable(ctx, c)
				ctx.Limits.OCRConfidence = believed.least
				c.Documents[0].Facts = orderFacts(c)
				last := &c.Documents[len(c.Documents)-1]
				last.Facts.Pages, last.Facts.TextSource = []claim.Page{test.page}, claim.TextFromOCR
			})
			var told []string
			for _, f := range got.Findings {
				checkTexts(t, f)
				switch f.Code {
				case "MNT-05":
					told = append(told, string(f.Outcome))
				case "DOC-06":
					told = append(told, f.Code)
				}
			}
			if strings.Join(told, " ") != test.want {
				t.Errorf("%q, want %q", told, test.want)
			}
		})
	}
}

// drawWords draws lines of words such as stand on orders, and some garbage.
func drawWords(t *rapid.T, label string) string {
	word := rapid.OneOf(
		rapid.SampledFrom([]string{"Montant", "HT", "pharmacie", "Ségur", "de", ":", "santé,", "total", "|", "/", "TTC", "849,60", "€", "75001", "l", "n°"}),
		rapid.StringMatching(`[A-Za-z0-9|!.,-]{1,8}`),
	)
	return strings.Join(rapid.SliceOfN(word, 0, 12).Draw(t, label), " ")
}

// TestExactStaysExact: what OCR read exactly and with certainty is shown,
// whatever other lines stand around it, and whatever it made of those.
func TestExactStaysExact(t *testing.T) {
	values := [][3]string{
		{"amount", "708.00", "708,00"},
		{"date", "2023-03-01", "01/03/2023"},
		{"phone", "0123456789", "01 23 45 67 89"},
		{"finess", "750000101", "750000101"},
		{"email", "contact@pontneuf.fr", "contact@pontneuf.fr"},
		{"reference", "AF-PHA-LGO-Va1", "AF-PHA-LGO-Va1"},
		{"person", "Mme Claire MARTIN", "MARTIN Claire"},
		{"company", "Pharmacie du Pont Neuf", "Pharmacie du Pont Neuf"},
		{"solution", "OffiSoft Officine@12.4", "OffiSoft Officine v12.4"},
		{"phrase", "Prestation Ségur", "Prestation Ségur"},
	}
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom(values).Draw(t, "value")
		facts := scanOf(drawWords(t, "before") + " fin / " + value[2] + " / suite " + drawWords(t, "after"))
		words := facts.Pages[0].Words
		m := mentionOf(value[0], value[1])
		alone := newFinder(scanOf(value[2]), believed).see(m)
		if alone.sight != shown {
			t.Fatalf("%s alone: sight %d", value[2], alone.sight)
		}
		for i := range words {
			if !strings.Contains(value[2], words[i].Text) {
				words[i].Confidence = rapid.IntRange(1, 100).Draw(t, "confidence")
			}
		}
		if found := newFinder(facts, believed).see(m); found.sight != shown {
			t.Fatalf("%q: sight %d in %q", value[2], found.sight, found.text)
		}
	})
}

// TestNearlyIsNeverAccepted: a value of which a glyph or two were changed is
// never shown, but a FINESS number whose digits are read through letters.
func TestNearlyIsNeverAccepted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([][2]string{
			{"amount", "708.00"},
			{"amount", "1050.00"},
			{"date", "2023-03-01"},
			{"phone", "0123456789"},
			{"finess", "750000101"},
			{"email", "contact@pontneuf.fr"},
			{"reference", "AF-PHA-LGO-Va1"},
			{"person", "Claire MARTIN"},
			{"phrase", "Prestation Ségur"},
		}).Draw(t, "value")
		written := map[string]string{"708.00": "708,00", "1050.00": "1 050,00", "2023-03-01": "01/03/2023", "0123456789": "01 23 45 67 89"}[value[1]]
		if written == "" {
			written = value[1]
		}
		runes := []rune(written)
		letters := rapid.SampledFrom([]rune("abdegilmnorstuvz0123456789"))
		for range rapid.IntRange(1, 2).Draw(t, "changes") {
			at := rapid.IntRange(0, len(runes)-1).Draw(t, "at")
			runes[at] = letters.Draw(t, "glyph")
		}
		changed := string(runes)
		if claim.Fold(changed) == claim.Fold(written) {
			return
		}
		facts := scanOf(changed)
		facts.Pages[0].Words[0].Confidence = rapid.SampledFrom([]int{30, 70, 95}).Draw(t, "confidence")
		found := newFinder(facts, believed).see(mentionOf(value[0], value[1]))
		otherDigit := false
		for i, r := range []rune(written) {
			otherDigit = otherDigit || isDigitRune(runes[i]) && runes[i] != r
		}
		proven := value[0] == "finess" && !otherDigit ||
			value[0] == "reference" && strings.Map(twin, claim.Fold(changed)) == strings.Map(twin, claim.Fold(written))
		if found.sight == shown && !proven {
			t.Fatalf("%q is taken for %q", changed, written)
		}
	})
}

// FuzzMention looks for anything in anything that OCR read: nothing panics,
// what is found has a place, and is never taken for certain but where it
// stands exactly, or a key proves it.
func FuzzMention(f *testing.F) {
	for _, test := range scanCases {
		f.Add(test.in, test.kind, test.wanted, 95)
	}
	f.Fuzz(func(t *testing.T, in, kind, wanted string, confidence int) {
		facts := scanOf(in)
		for i := range facts.Pages[0].Words {
			facts.Pages[0].Words[i].Confidence = max(1, confidence%101)
		}
		switch kind {
		case "amount":
			if cents, err := claim.ParseCents(wanted); err != nil || cents <= 0 {
				return
			}
		case "date":
			if d, err := claim.ParseDate(wanted); err != nil || d.IsZero() {
				return
			}
		case "finess":
			if !claim.FINESS(wanted).KeyOK() {
				return
			}
		case "phone", "email", "reference", "phrase", "person", "company", "solution", "regime", "supplier":
		default:
			return
		}
		m := mentionOf(kind, wanted)
		finder := newFinder(facts, believed)
		found, exact := finder.see(m), finder.exact(m)
		if found.sight == shown && exact.sight != shown && kind != "finess" && kind != "supplier" && kind != "reference" && kind != "email" {
			t.Errorf("%q is taken for %q", found.text, wanted)
		}
		if found.sight > exact.sight {
			t.Errorf("%q was seen better before OCR's errors were looked at", wanted)
		}
		if (found.sight == missing) != (found.page == 0) || found.sight != missing && (found.rect == nil || found.text == "") {
			t.Errorf("no place: %+v", found)
		}
	})
}

// garbage is words that OCR makes of pictures, and of much that begins as a
// mention does.
func garbage(n int) claim.Page {
	p := claim.Page{Width: 595, Height: 842}
	parts := strings.Fields("7O8 O0 l Il| Presta tion Segur contact © pont neuf 75OOO01 08 Montant pris en charge par 01 23 45 Bon de commande conditionne a OffiSott 12")
	for i := range n {
		word := claim.Word{Text: parts[i*7919%len(parts)] + fmt.Sprint(i%10), Rect: claim.Rect{float64(i % 10), float64(i / 10), float64(i%10) + 1, float64(i/10) + 1}}
		if i%10 == 0 {
			word.Gap = claim.GapLine
		}
		if i%3 == 0 {
			word.Text = parts[i%len(parts)]
		}
		p.Words = append(p.Words, word)
	}
	return ocr(85, p)
}

// BenchmarkMentionsInGarbage judges an order of 50,000 garbage words.
func BenchmarkMentionsInGarbage(b *testing.B) {
	for _, words := range []int{5_000, 50_000} {
		b.Run(fmt.Sprint(words), func(b *testing.B) {
			ctx, c := faultless()
			ctx.Limits.OCRConfidence = believed.least
			change(registers(ctx).solutions, theReference, func(s *claim.Solution) { s.Referenced = day("2022-09-02") })
			c.Documents[0].Facts.Pages = []claim.Page{garbage(words)}
			c.Documents[0].Facts.TextSource = claim.TextFromOCR
			for b.Loop() {
				if told := codesOf(Assess(ctx, c).Findings, "MEN"); len(told) == 0 {
					b.Fatal("mentions were found in garbage")
				}
			}
		})
	}
}
