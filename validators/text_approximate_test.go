package validators

import (
	"strconv"
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// ocr makes a page what OCR read: all words with a confidence, but those that
// have their own behind a ¤.
func ocr(confidence int, p claim.Page) claim.Page {
	p.Source, p.Confidence, p.HasImage = claim.TextFromOCR, confidence, true
	for i := range p.Words {
		word := &p.Words[i]
		word.Confidence = confidence
		text, own, told := strings.Cut(word.Text, "¤")
		if told {
			word.Confidence, _ = strconv.Atoi(own)
		}
		word.Text = text
	}
	return p
}

// scanOf lays out what OCR is said to have read.
func scanOf(in string) *claim.Facts {
	facts := factsOf(ocr(95, page(strings.Split(in, " / ")...)))
	facts.TextSource = claim.TextFromOCR
	return facts
}

// likenessOf makes the likeness of a case.
func likenessOf(kind, wanted string) likeness {
	programme := theProgramme()
	switch kind {
	case "amount":
		cents, err := claim.ParseCents(wanted)
		if err != nil {
			panic(err)
		}
		return likeAmount(cents)
	case "finess":
		return likeKeyed(claim.FINESS(wanted))
	case "phone":
		return likePhone(wanted)
	case "date":
		return likeDate(day(wanted))
	case "email":
		return likeEmail(wanted)
	case "reference":
		return likeReference(wanted)
	case "phrase":
		return likePassage(wanted)
	case "person":
		return likePerson(programme.Names, wanted)
	case "company":
		return likeCompany(programme.Names, wanted)
	case "solution":
		name, version, _ := strings.Cut(wanted, "@")
		return likeVersioned(name, version)
	case "regime":
		return likeRegime(wanted, rates(programme))
	case "supplier":
		return likeSupplier(claim.SIRET(wanted))
	}
	panic(kind)
}

// mentionOf makes the mention of a case.
func mentionOf(kind, wanted string) mention {
	m := mention{nearly: likenessOf(kind, wanted), fragile: kind == "solution" || kind != "supplier" && isFragile(wanted)}
	if kind == "supplier" {
		m.shown = sirenSearch(claim.SIRET(wanted).SIREN())
	} else {
		m.shown = searchOf(kind, wanted)
	}
	return m
}

var believed = trust{least: 60, surePage: 88, sureWord: 90}

// scanCases are what OCR read, and how what was looked for is seen in it. All
// is read with confidence 95 but words that say theirs behind a ¤. The key of
// 750000101 is right; the numbers that are others have none but where it is said.
var scanCases = []struct {
	in, kind, wanted string
	want             sight
}{
	// Read exactly: shown, as long as OCR is certain enough.
	{"Montant HT : 708,00 €", "amount", "708.00", shown},
	{"Montant HT : 708,00¤60 €", "amount", "708.00", shown},
	{"Montant HT : 708,00¤59 €", "amount", "708.00", uncertain},
	{"Montant HT : 708,00¤20 € / Total HT : 708,00", "amount", "708.00", shown},
	{"Montant HT : 1¤90 050,00¤50 €", "amount", "1050.00", uncertain}, // (1×90 + 6×50) / 7 = 55
	{"Montant HT : 708,00 €¤10", "amount", "708.00", shown},

	// FINESS: the key decides.
	{"FINESS : 750000101", "finess", "750000101", shown},
	{"FINESS : 750000101¤20", "finess", "750000101", shown},
	{"FINESS : 75OOOO1O1", "finess", "750000101", uncertain}, // more letters than digits
	{"FINESS : 75000O1O1", "finess", "750000101", shown},
	{"FINESS : 7S0000l01", "finess", "750000101", shown},
	{"FINESS : 7S0000!01", "finess", "750000101", shown},
	{"FINESS : 75 0O0 0I0 1", "finess", "750000101", shown},
	{"FINESS : 750000lO1.", "finess", "750000101", shown},
	{"FINESS : 2AOOO0O14", "finess", "2A0000014", uncertain}, // more letters than digits
	{"FINESS : 2A0O00O14", "finess", "2A0000014", shown},
	{"FINESS : ZA0000014", "finess", "2A0000014", shown},
	{"FINESS : 2BOOOO129", "finess", "2B0000129", uncertain},
	{"FINESS : 2B000O129", "finess", "2B0000129", shown},
	{"FINESS : 97O100012", "finess", "970100012", shown},
	{"FINESS : 750000108", "finess", "750000101", uncertain}, // one digit
	{"FINESS : 750000701", "finess", "750000101", uncertain},
	{"FINESS : 75000101", "finess", "750000101", uncertain},   // one lost
	{"FINESS : 7500001101", "finess", "750000101", uncertain}, // one gained
	{"FINESS : 240000014", "finess", "2A0000014", uncertain},
	{"FINESS : 210000014", "finess", "2A0000014", missing}, // its key counts A as 1: another's number
	{"FINESS : 220000004", "finess", "2B0000004", missing},
	{"FINESS : 75O0OO1O8", "finess", "750000101", uncertain},
	{"FINESS : 750.000.101", "finess", "750000101", uncertain},
	{"FINESS : 750000119", "finess", "750000101", missing}, // two digits, and another's number
	{"FINESS : 750000190", "finess", "750000101", missing}, // two digits
	{"FINESS : 75 | 0000101", "finess", "750000101", missing},
	{"SIRET : 75OOO0101 00012", "finess", "750000101", missing},
	{"SIRET : 750000101 00012", "finess", "750000101", missing},
	{"SIRET : 75000010100012", "finess", "750000101", missing},
	{"BC-75000O101", "finess", "750000101", missing},

	// Amounts.
	{"Montant HT : 7O8,OO €", "amount", "708.00", uncertain},
	{"Montant HT : 7OB,OO€", "amount", "708.00", uncertain},
	{"Montant HT : 708.O0 EUR", "amount", "708.00", uncertain},
	{"Montant HT : l 050,00 €", "amount", "1050.00", uncertain},
	{"Montant HT : 1 O5O,OO €", "amount", "1050.00", uncertain},
	{"Montant HT : 7 08,00 €", "amount", "708.00", uncertain},
	{"Montant HT : 708 00 €", "amount", "708.00", uncertain},
	{"Montant HT : 70800 €", "amount", "708.00", uncertain},
	{"Montant HT : 708;00 €", "amount", "708.00", uncertain},
	{"Montant HT : 7O8 €", "amount", "708.00", uncertain},
	{"Montant HT : 708,S0 €", "amount", "708.00", uncertain}, // 50 cents
	{"Montant HT : 708;50 €", "amount", "708.00", uncertain},
	{"Montant HT : 708,0e", "amount", "708.00", uncertain},
	{"Montant HT : 708e00", "amount", "708.00", uncertain},
	{"Montant HT : 708,0 €", "amount", "708.00", shown},
	{"Montant HT : 708€ HT", "amount", "708.00", shown},
	{"Montant HT : l 708,00 €", "amount", "708.00", uncertain}, // 1 708,00
	{"Montant HT : [ 708,00 €", "amount", "708.00", shown},     // the line of a box
	{"Montant HT : ! 708,00 €", "amount", "708.00", uncertain},
	{"Montant HT ] | 708,00 €", "amount", "708.00", shown}, // the line between two columns
	{"Montant HT à 708,00 €", "amount", "708.00", shown},
	{"Montant HT : 703,00¤70 €", "amount", "708.00", uncertain}, // OCR is not sure of the 3
	{"Montant HT : 703,00 €", "amount", "708.00", missing},      // it is
	{"Montant HT : 703,05¤70 €", "amount", "708.00", missing},   // two digits
	{"Montant HT : 742,00¤30 €", "amount", "708.00", missing},   // 4 and 2 are like neither 0 nor 8
	{"Montant HT : 708,00 €", "amount", "792.00", missing},
	{"Montant HT : 708,00¤30 €", "amount", "792.00", missing},
	{"Montant HT : 7O8,00 €", "amount", "792.00", missing},
	{"Montant HT : 1 7O8,00 €", "amount", "708.00", missing},
	{"Montant HT : 17O8,00 €", "amount", "708.00", missing},
	{"Montant HT : 16 OOO,00 €", "amount", "6000.00", missing},
	{"Montant HT : -7O8,00 €", "amount", "708.00", missing},
	{"Montant HT : 7O8,00 %", "amount", "708.00", missing},
	{"Montant HT : 7O8 000 €", "amount", "708.00", missing},
	{"Montant HT : 7 | O8,00", "amount", "708.00", missing},
	{"est-de-708:00 €", "amount", "708.00", uncertain},
	{"BC-7O8", "amount", "708.00", missing},
	{"12-7O8,00", "amount", "708.00", missing},
	{"SIRET 569 7O8 273 97782", "amount", "708.00", missing},
	{"Commande n° 7O8", "amount", "708.00", missing},
	{"Version 7O8.00.1", "amount", "708.00", missing},

	// Dates.
	// A slash read as a digit, and a box's line as a sign.
	{"Date : [12/2722", "date", "2022-02-12", uncertain},
	{"Date : 1272/22", "date", "2022-02-12", uncertain},
	{"Date : [21272022", "date", "2022-12-02", uncertain},
	{"Date : 12/3722", "date", "2022-02-12", missing},
	{"Date : 12/2/23", "date", "2022-02-12", missing},
	{"N° 12222", "date", "2022-02-12", missing},
	{"N° 120222", "date", "2022-02-12", missing},
	{"N° 2122022", "date", "2022-12-02", missing},
	{"le O1/03/2O23", "date", "2023-03-01", uncertain},
	{"le 01/032023", "date", "2023-03-01", uncertain},
	{"le l 1/03/2023", "date", "2023-03-01", missing}, // may be the 11th
	{"le l 1 mars 2023", "date", "2023-03-01", uncertain},
	{"le 0110312023", "date", "2023-03-01", uncertain}, // strokes read as digits
	{"le 01l03l2023", "date", "2023-03-01", uncertain},
	{"le 01.03/2023", "date", "2023-03-01", uncertain},
	{"le O1/03/23", "date", "2023-03-01", uncertain},
	{"le l/3/2023", "date", "2023-03-01", uncertain},
	{"le 1er rnars 2023", "date", "2023-03-01", uncertain},
	{"le l5 févner 2023", "date", "2023-02-15", uncertain},
	{"le 07/03/2023¤70", "date", "2023-03-01", uncertain},
	{"le 07/03/2023", "date", "2023-03-01", missing},
	{"le 02/03/2023¤30", "date", "2023-03-01", missing},
	{"le O2/03/2023", "date", "2023-03-01", missing},
	{"le 1er mai 2023", "date", "2023-03-01", missing},
	{"le 1er mars 2022¤30", "date", "2023-03-01", missing},
	{"Tél. 01 03 20 23 45", "date", "2023-03-01", missing},

	// Telephones: one digit.
	{"Tél. O1 23 45 67 B9", "phone", "0123456789", uncertain},
	{"Tél. 01 23 45 67 84¤70", "phone", "0123456789", uncertain},
	{"Tél. 01 23 45 67 84", "phone", "0123456789", missing},
	{"Tél. 01 23 45¤50 67 9¤50", "phone", "0123456789", uncertain},
	{"Tél. 01 23 44¤50 67 84¤50", "phone", "0123456789", missing},
	{"Tél. +33 l 23 45 67 89", "phone", "0123456789", uncertain},
	{"Tél. O1 23 45 67 89 10", "phone", "0123456789", missing},

	// E-mails.
	{"contact@pontneuf.fr¤20", "email", "contact@pontneuf.fr", shown}, // so many letters are proof
	{"contact@pontneut.fr", "email", "contact@pontneuf.fr", uncertain},
	{"contact©pontneuf.fr", "email", "contact@pontneuf.fr", uncertain},
	{"contact®pontneuf.fr", "email", "contact@pontneuf.fr", uncertain},
	{"contactQpontneuf.fr", "email", "contact@pontneuf.fr", uncertain},
	{"contact(a)pontneuf.fr", "email", "contact@pontneuf.fr", uncertain},
	{"contact @ pontneuf.fr", "email", "contact@pontneuf.fr", shown}, // no address has a blank there
	{"contact@ pontneuf.fr¤40", "email", "contact@pontneuf.fr", shown},
	{"con tact@pontneuf.fr", "email", "contact@pontneuf.fr", uncertain},
	{"x contact @pontneuf.fr", "email", "xcontact@pontneuf.fr", uncertain},
	{"x.contact @pontneuf.fr", "email", "contact@pontneuf.fr", missing},
	{"contact @ pont.neuf.fr", "email", "contact@pontneuf.fr", uncertain},
	{"contact@pontneuffr", "email", "contact@pontneuf.fr", uncertain},
	{"contact@pontneuf, fr", "email", "contact@pontneuf.fr", uncertain},
	{"pharrnacie@moulin.fr", "email", "pharmacie@moulin.fr", uncertain},
	{"pharmacie@rnoulin.fr", "email", "pharmacie@moulin.fr", uncertain},
	{"pharmacie@mou1in.fr", "email", "pharmacie@moulin.fr", uncertain},
	{"contact@pontneuf.fr.example.com", "email", "contact@pontneuf.fr", missing},
	{"x.contact@pontneut.fr", "email", "contact@pontneuf.fr", missing},
	{"contact@pontneuf.com", "email", "contact@pontneuf.fr", missing},
	{"accueil@pontneuf.fr", "email", "contact@pontneuf.fr", missing},

	// References, phrases.
	{"AF-PHA-LG0-Va1", "reference", "AF-PHA-LGO-Va1", shown},
	{"AF-PHA-LGO-Val¤40", "reference", "AF-PHA-LGO-Va1", shown}, // the same in print
	{"AF-PHA-LGO-VaI", "reference", "AF-PHA-LGO-Va1", shown},
	{"AF-PHA-LGO-Va7¤40", "reference", "AF-PHA-LGO-Va1", uncertain},
	{"AF-PHA-LGO-Vat", "reference", "AF-PHA-LGO-Va1", uncertain},
	{"AF-PHA-LC0-Va1", "reference", "AF-PHA-LGO-Va1", uncertain},
	{"AF - PHA LGO Va1", "reference", "AF-PHA-LGO-Va1", shown}, // as in a document that was not scanned
	{"AF - PHA LG0 Va1", "reference", "AF-PHA-LGO-Va1", shown},
	{"AF-PHA-LGO-Va2", "reference", "AF-PHA-LGO-Va1", missing},
	{"AF-PHA-LGO-Va2¤40", "reference", "AF-PHA-LGO-Va1", missing},
	{"AF-PHA-LG0-Va10", "reference", "AF-PHA-LGO-Va1", missing},
	{"AF-PHA-LG0-Va1-2", "reference", "AF-PHA-LGO-Va1", missing},
	{"X-AF-PHA-LG0-Va1", "reference", "AF-PHA-LGO-Va1", missing},
	{"Prestatlon Ségur", "phrase", "Prestation Ségur", uncertain},
	{"Presta tlon Ségur", "phrase", "Prestation Ségur", uncertain},
	{"PrestatlonSégur", "phrase", "Prestation Ségur", uncertain},
	{"Prestation / Segvr", "phrase", "Prestation Ségur", uncertain},
	{"Prestations de Ségur", "phrase", "Prestation Ségur", missing}, // three letters
	{"Prestation", "phrase", "Prestation Ségur", missing},

	// Names.
	{"Mme Claire MART1N", "person", "Mme Claire MARTIN", uncertain},
	{"MARTlN Clalre", "person", "Mme Claire MARTIN", uncertain},
	{"Nom : MART1N Prénom : Claire", "person", "Mme Claire MARTIN", uncertain},
	{"Claire MARTINEAU", "person", "Claire MARTIN", missing},
	{"Claire / Adresse / MART1N", "person", "Claire MARTIN", missing},
	{"Claude MERLIN", "person", "Claire MARTIN", missing},
	{"Jean LEE", "person", "Jean LI", missing},
	{"Mme", "person", "Mme", missing},
	{"Pharmacie du Pont Neut", "company", "Pharmacie du Pont Neuf", uncertain},
	{"Pharmacie du P0nt-Neuf", "company", "SARL Pharmacie du Pont Neuf", uncertain},
	{"Pharmacie du Pont", "company", "Pharmacie du Pont Neuf", missing},
	{"OffiSott Officine version 12.4", "solution", "OffiSoft Officine@12.4", uncertain},
	{"OffiSoft Officine version l2.4", "solution", "OffiSoft Officine@12.4", uncertain},
	{"OffiSoft Officine 12,4", "solution", "OffiSoft Officine@12.4", uncertain},
	{"OffiSott Officine / v12.4", "solution", "OffiSoft Officine@12.4", uncertain},
	{"OffiSoft Officine 12.5¤10", "solution", "OffiSoft Officine@12.4", missing},
	{"OffiSoft Officine 1.19¤86", "solution", "OffiSoft Officine@1.10", uncertain},
	{"OffiSoft Officine 1.19¤90", "solution", "OffiSoft Officine@1.10", missing},
	{"OffiSoft¤30 Officine¤30 12.4¤30", "solution", "OffiSoft Officine@12.4", uncertain},
	{"OffiSott Officine 12.5", "solution", "OffiSoft Officine@12.4", missing},
	{"OffiSott Officine 12.4.1", "solution", "OffiSoft Officine@12.4", missing},
	{"OffiSott Officine / Adresse / 12.4", "solution", "OffiSoft Officine@12.4", missing},
	{"Autre chose 12.4", "solution", "OffiSoft Officine@12.4", missing},

	// VAT regimes.
	{"Régime de TVA : ASSUJETT1", "regime", "ASSUJETTI", uncertain},
	{"TVA 2O %", "regime", "ASSUJETTI", uncertain},
	{"non assujettl", "regime", "ASSUJETTI", missing},
	{"N0N assujetti", "regime", "ASSUJETTI", uncertain}, // whatever OCR made of NON
	{"NOM assujetti", "regime", "ASSUJETTI", uncertain},
	{"est assujetti", "regime", "ASSUJETTI", shown},
	{"N0N assujetti", "regime", "NON ASSUJETTI", uncertain},
	{"non assuietti", "regime", "NON ASSUJETTI", uncertain},
	{"TVA non appllcable", "regime", "NON ASSUJETTI", uncertain},
	{"assujetti", "regime", "NON ASSUJETTI", missing},
	{"TVA applicable", "regime", "NON ASSUJETTI", missing},

	// Suppliers.
	{"SIREN 73Z829320", "supplier", "73282932000074", shown},
	{"SIREN 732829820", "supplier", "73282932000074", uncertain},
	{"SIRET 732 829 320 OOO74", "supplier", "73282932000074", shown},
	{"SIRET 7328293200OO74", "supplier", "73282932000074", uncertain},
	{"SIREN 552081317", "supplier", "73282932000074", missing},
}

func TestScans(t *testing.T) {
	for _, test := range scanCases {
		t.Run(test.kind+" "+test.in, func(t *testing.T) {
			if test.kind == "finess" && !claim.FINESS(test.wanted).KeyOK() {
				t.Fatal("no pharmacy has this number")
			}
			m := mentionOf(test.kind, test.wanted)
			found := newFinder(scanOf(test.in), believed).see(m)
			if found.sight != test.want {
				t.Fatalf("sight %d in %q, want %d", found.sight, found.text, test.want)
			}
			if (found.sight == missing) != (found.page == 0 || found.rect == nil || found.text == "") {
				t.Errorf("no place: %+v", found)
			}
			// The same words from the document itself are the text as it stands.
			facts := factsOf(page(strings.Split(in(scanOf(test.in)), " / ")...))
			if near := newFinder(facts, believed).see(m); near.sight == uncertain {
				t.Errorf("%q is found nearly in a document that was not scanned", near.text)
			}
		})
	}
}

// in gives the words of a case without their confidences.
func in(facts *claim.Facts) string {
	var words []string
	for _, word := range facts.Pages[0].Words {
		switch {
		case len(words) == 0:
		case word.Gap == claim.GapLine:
			words = append(words, "/")
		case word.Gap == claim.GapWide:
			words = append(words, "|")
		}
		words = append(words, word.Text)
	}
	return strings.Join(words, " ")
}
