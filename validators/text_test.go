package validators

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// page sets lines of text as words on a page, as the reader of PDFs does: " | "
// is a wide gap, to the next column of a table; ~word~ is hidden.
func page(lines ...string) claim.Page {
	const columnWidth, lineHeight = 300.0, 14.0
	p := claim.Page{Width: 1200, Height: 842}
	for n, line := range lines {
		y := 40 + float64(n)*lineHeight
		started := map[bool]bool{} // by visibility: the first word of a line is told so
		for c, cell := range strings.Split(line, "|") {
			x := 40 + float64(c)*columnWidth
			for i, text := range strings.Fields(cell) {
				inner, hidden := strings.CutPrefix(text, "~")
				inner = strings.TrimSuffix(inner, "~")
				width := 5 * float64(utf8.RuneCountInString(inner))
				word := claim.Word{Text: inner, Rect: claim.Rect{x, y, x + width, y + 10}, Hidden: hidden}
				switch {
				case !started[hidden]:
					word.Gap = claim.GapLine
				case i == 0:
					word.Gap = claim.GapWide
				}
				started[hidden] = true
				p.Words = append(p.Words, word)
				x += width + 3
			}
		}
	}
	return p
}

// factsOf gives the facts of a document of some pages.
func factsOf(pages ...claim.Page) *claim.Facts {
	return &claim.Facts{Status: claim.ReadOK, TextSource: claim.TextFromPDF, Pages: pages}
}

// finderCase is a document and what is looked for in it. The words between «
// and » are the evidence; without them nothing is found. Lines are parted by
// " / ".
type finderCase struct{ in, kind, wanted string }

// finderCases are what shows a value, and what only looks so.
var finderCases = []finderCase{
	// Amounts, in every notation.
	{"Montant HT : «1 050,00» €", "amount", "1050.00"},
	{"Montant HT : «1050,00» €", "amount", "1050.00"},
	{"Montant HT : «1050.00»", "amount", "1050.00"},
	{"Montant HT : «1.050,00» EUR", "amount", "1050.00"},
	{"Montant HT : «1,050.00»", "amount", "1050.00"},
	{"Montant HT : «1 050» €", "amount", "1050.00"},
	{"Montant HT : «1050» €", "amount", "1050.00"},
	{"Montant HT : «1050€»", "amount", "1050.00"},
	{"Montant HT : «1.050» €", "amount", "1050.00"},
	{"Total «1 050,00¿»", "amount", "1050.00"},
	{"Total «1 050,00C»", "amount", "1050.00"},
	{"Total «EUR1050,00»", "amount", "1050.00"},
	{"Total «1050,00€HT»", "amount", "1050.00"},
	{"Total «1050,00HT»", "amount", "1050.00"},
	{"Total («708,00»", "amount", "708.00"},
	{"Total «(708,00» € HT)", "amount", "708.00"},
	{"Total HT:«708,00»", "amount", "708.00"},
	{"Total «708,5» €", "amount", "708.50"},
	{"Total «708€50»", "amount", "708.50"},
	{"Total «708»", "amount", "708.00"},
	{"Total HT «708,00» TTC 849,60", "amount", "708.00"},
	{"Total «708,00/849,60» (HT/TTC)", "amount", "708.00"},
	{"Total «1 234 567,89»", "amount", "1234567.89"},
	{"Prestation Ségur | 1 | «708,00» € | 849,60 €", "amount", "708.00"},
	{"Quantité 1 / «708,00» €", "amount", "708.00"},
	{"2023 «708,00»", "amount", "708.00"},
	{"TVA 20 % «708,00»", "amount", "708.00"},
	{"TVA 20,00 «708,00»", "amount", "708.00"},
	{"Prestation Ségur - «708,00» €", "amount", "708.00"},
	{"le 01/03/2023 «708,00» €", "amount", "708.00"},
	{"«0,50» €", "amount", "0.50"},
	// Amounts that are others.
	{"Montant HT : 16 000,00 €", "amount", "6000.00"},
	{"Montant HT : 16 000,00 €", "amount", "16.00"},
	{"Montant HT : 16 000,00 €", "amount", "0.00"},
	{"Prestation Ségur 1 708,00 €", "amount", "708.00"},
	{"Montant 17 708,00", "amount", "708.00"},
	{"Montant 1 | 050,00", "amount", "1050.00"},
	{"Montant 1 | 050,00", "amount", "50.00"},
	{"Montant 1 / 050,00", "amount", "1050.00"},
	{"Montant 708,50", "amount", "708.00"},
	{"Montant 708,00", "amount", "708.50"},
	{"Montant 1708,00", "amount", "708.00"},
	{"Montant 708,001", "amount", "708.00"},
	{"Montant 7 08,00", "amount", "708.00"},
	{"Montant -708,00 €", "amount", "708.00"},
	{"Montant −708,00 €", "amount", "708.00"},
	{"Montant (-708,00) €", "amount", "708.00"},
	{"Montant 708,00- €", "amount", "708.00"},
	{"Taux 708,00 %", "amount", "708.00"},
	{"Taux 708%", "amount", "708.00"},
	{"Version 708.00.1", "amount", "708.00"},
	{"Version 1.708.00", "amount", "708.00"},
	{"Version 12.708", "amount", "708.00"},
	{"Référence BC-708", "amount", "708.00"},
	{"Référence 708-A", "amount", "708.00"},
	{"Référence A708", "amount", "708.00"},
	{"Référence 708B", "amount", "708.00"},
	{"Commande n° 708", "amount", "708.00"},
	{"Chiffre d'affaires 708 k€", "amount", "708.00"},
	{"SIRET 569 708 273 97782", "amount", "708.00"},
	{"FINESS 75 000 708 5", "amount", "708.00"},
	{"Montant 708 000 €", "amount", "708.00"},
	{"Montant 1,050 €", "amount", "1050.00"},
	{"Montant 0708,00 €", "amount", "708.00"},
	{"708/2023", "amount", "708.00"},
	{"~708,00~", "amount", "708.00?"},
	{"1 ~050,00~ €", "amount", "1050.00?"},

	// FINESS numbers.
	{"FINESS : «750001234»", "finess", "750001234"},
	{"FINESS : «75 000 1234 5»", "finess", "750001234"[:2] + "0001234" + "5"},
	{"FINESS : «75 000 123 4»", "finess", "750001234"},
	{"FINESS : «75 000 / 1234»", "finess", "750001234"},
	{"FINESS«750001234»", "finess", "750001234"},
	{"N°«750001234».", "finess", "750001234"},
	{"«2A0001234»", "finess", "2A0001234"},
	{"«2a 000 123 4»", "finess", "2A0001234"},
	{"«750001234» 75001 PARIS", "finess", "750001234"},
	{"3 «750001234»", "finess", "750001234"},
	{"«750001234»/73282932000074", "finess", "750001234"},
	{"7500012345", "finess", "750001234"},
	{"1750001234", "finess", "750001234"},
	{"75 000 1234 5", "finess", "750001234"},
	{"1 75 000 123 4", "finess", "750001234"},
	{"75 | 0001234", "finess", "750001234"},
	{"BC-750001234", "finess", "750001234"},
	{"750001234-01", "finess", "750001234"},
	{"A750001234", "finess", "750001234"},
	{"750001234B", "finess", "750001234"},
	{"750.001.234", "finess", "750001234"},
	{"750001234,00", "finess", "750001234"},
	{"750 001 234 00012", "finess", "750001234"},
	{"750001234 00012", "finess", "750001234"},
	{"750001234 00123", "finess", "750001234"},
	{"«750001234» 01000 BOURG-EN-BRESSE", "finess", "750001234"},
	{"~750001234~", "finess", "750001234?"},

	// Telephones.
	{"Tél. «01 23 45 67 89»", "phone", "0123456789"},
	{"Tél. «0123456789»", "phone", "0123456789"},
	{"Tél. «01.23.45.67.89»", "phone", "0123456789"},
	{"Tél. «01-23-45-67-89»", "phone", "0123456789"},
	{"Tél. «+33 1 23 45 67 89»", "phone", "0123456789"},
	{"Tél. «+33 (0)1 23 45 67 89»", "phone", "0123456789"},
	{"Tél. «+33(0)123456789»", "phone", "0123456789"},
	{"Tél. «+33123456789»", "phone", "0123456789"},
	{"Tél. «0033 1 23 45 67 89»", "phone", "0123456789"},
	{"Tél. «0033 (0) 1 23 45 67 89»", "phone", "0123456789"},
	{"Tél. «01 23 45 / 67 89»", "phone", "0123456789"},
	{"Tél.«01 23 45 67 89»/06 12 34 56 78", "phone", "0123456789"},
	{"01 23 45 67 89 «06 12 34 56 78»", "phone", "0612345678"},
	{"«01 23 45 67 89» 06 12 34 56 78", "phone", "0123456789"},
	{"«01 23 45 67 89» 75001 PARIS", "phone", "0123456789"},
	{"«0262 12 34 56»", "phone", "+262262123456"},
	{"«+262 262 12 34 56»", "phone", "+262262123456"},
	{"01 23 45 67 00 «06 12 34 56 78»", "phone", "0612345678"},
	{"01.23.45.67.00 - «06.12.34.56.78»", "phone", "0612345678"},
	{"SIRET 732 829 320 00074 - «01 23 45 67 89»", "phone", "0123456789"},
	{"75001 («01 23 45 67 89»)", "phone", "0123456789"},
	{"0044 (0)1 23 45 67 89", "phone", "0123456789"},
	{"0044 0123456789", "phone", "0123456789"},
	{"+262 (0)1 23 45 67 89", "phone", "0123456789"},
	{"«+262 (0)692 12 34 56»", "phone", "0692123456"},
	{"«00262 692 12 34 56»", "phone", "0692123456"},
	{"«+508 41 23 45»", "phone", "0508412345"},
	{"«0508 41 23 45»", "phone", "+508412345"},
	{"01 23 45 67 89 10", "phone", "0123456789"},
	{"12 01 23 45 67 89", "phone", "0123456789"},
	{"01234567891", "phone", "0123456789"},
	{"101 23 45 67 89", "phone", "0123456789"},
	{"01.23.45.67.89.10", "phone", "0123456789"},
	{"+44 (0)1 23 45 67 89", "phone", "0123456789"},
	{"+44 0123456789", "phone", "0123456789"},
	{"01 23 | 45 67 89", "phone", "0123456789"},
	{"01 23 45 67 88", "phone", "0123456789"},
	{"REF0123456789", "phone", "0123456789"},
	{"CDE-0123456789", "phone", "0123456789"},
	{"~01~ ~23~ ~45~ ~67~ ~89~", "phone", "0123456789?"},

	// Dates.
	{"le «01/03/2023»", "date", "2023-03-01"},
	{"le «1/3/2023»", "date", "2023-03-01"},
	{"le «1/3/23»", "date", "2023-03-01"},
	{"le «01/03/23»", "date", "2023-03-01"},
	{"le «01.03.2023».", "date", "2023-03-01"},
	{"le «01-03-2023»", "date", "2023-03-01"},
	{"le «2023-03-01»", "date", "2023-03-01"},
	{"le «2023-03-01T10:00»", "date", "2023-03-01"},
	{"le «1er mars 2023»", "date", "2023-03-01"},
	{"le «1ᵉʳ mars 2023»", "date", "2023-03-01"},
	{"le «1 er mars 2023»", "date", "2023-03-01"},
	{"le «01 mars 2023»", "date", "2023-03-01"},
	{"le «1 MARS 2023»,", "date", "2023-03-01"},
	{"le «11 février 2023»", "date", "2023-02-11"},
	{"le «11 fevrier 2023»", "date", "2023-02-11"},
	{"le «11 FÉVRIER 2023»", "date", "2023-02-11"},
	{"le «11 févr. 2023»", "date", "2023-02-11"},
	{"le «11 fé- / vrier 2023»", "date", "2023-02-11"},
	{"le «11 / février 2023»", "date", "2023-02-11"},
	{"le «11-août-2022»", "date", "2022-08-11"},
	{"(«01/03/2023»)", "date", "2023-03-01"},
	{"du «01/03/2023»-15/03/2023", "date", "2023-03-01"},
	{"le 11/03/2023", "date", "2023-03-01"},
	{"le 01/03/20231", "date", "2023-03-01"},
	{"le 31/03/2023", "date", "2023-03-01"},
	{"le 12/01/03/2023", "date", "2023-03-01"},
	{"le 01/03/2023/4", "date", "2023-03-01"},
	{"le 01.03.2023.4", "date", "2023-03-01"},
	{"le 101/03/2023", "date", "2023-03-01"},
	{"le 03/01/2023", "date", "2023-03-01"},
	{"le 01/03/1923", "date", "2023-03-01"},
	{"le 21 mars 2023", "date", "2023-03-01"},
	{"le 1,1 mars 2023", "date", "2023-03-01"},
	{"le 1 mars 20234", "date", "2023-03-01"},
	{"le 1 mars | 2023", "date", "2023-03-01"},
	{"le 1 mai 2023", "date", "2023-03-01"},
	{"BC-01-03-2023", "date", "2023-03-01"},
	{"01-03-2023-17", "date", "2023-03-01"},
	{"version 12.4.22", "date", "2022-04-12"},
	{"01 | 03 | 2023", "date", "2023-03-01"},
	{"~01/03/2023~", "date", "2023-03-01?"},

	// E-mails.
	{"Courriel : «contact@a-b.fr».", "email", "contact@a-b.fr"},
	{"Courriel : «CONTACT@A-B.FR»", "email", "contact@a-b.fr"},
	{"«mailto:contact@a-b.fr»", "email", "contact@a-b.fr"},
	{"«<contact@a-b.fr>»;", "email", "contact@a-b.fr"},
	{"E-mail:«contact@a-b.fr»,", "email", "contact@a-b.fr"},
	{"«contact@a- / b.fr»", "email", "contact@a-b.fr"},
	{"«con- / tact@a-b.fr»", "email", "contact@a-b.fr"},
	{"«contact@ / a-b.fr»", "email", "contact@a-b.fr"},
	{"«cont / act@a-b.fr»", "email", "contact@a-b.fr"},
	{"«contact@a-b. / fr»", "email", "contact@a-b.fr"},
	{"nom | «contact@ | 12 / suite | a-b.fr»", "email", "contact@a-b.fr!contact@ a-b.fr"},
	{"jean / «contact@a-b.fr»", "email", "contact@a-b.fr"},
	{"xcontact@a-b.fr", "email", "contact@a-b.fr"},
	{"x.contact@a-b.fr", "email", "contact@a-b.fr"},
	{"x-contact@a-b.fr", "email", "contact@a-b.fr"},
	{"x+contact@a-b.fr", "email", "contact@a-b.fr"},
	{"x_contact@a-b.fr", "email", "contact@a-b.fr"},
	{"contact@a-b.fr.evil.com", "email", "contact@a-b.fr"},
	{"contact@a-b.fr-evil.com", "email", "contact@a-b.fr"},
	{"contact@a-b.frx", "email", "contact@a-b.fr"},
	{"contact@a-b.fr2", "email", "contact@a-b.fr"},
	{"contact@a-b.fr@evil.com", "email", "contact@a-b.fr"},
	{"contact@a-b.fr / .evil.com", "email", "contact@a-b.fr"},
	{"jean- / contact@a-b.fr", "email", "contact@a-b.fr"},
	{"contact@ab.fr", "email", "contact@a-b.fr"},
	{"contact@a.b.fr", "email", "contact@a-b.fr"},
	{"contact@a-b fr", "email", "contact@a-b.fr"},
	{"contact a-b.fr", "email", "contact@a-b.fr"},
	{"contact@a | b.fr", "email", "contact@a-b.fr"},
	{"con.tact@a-b.fr", "email", "contact@a-b.fr"},
	{"~contact@a-b.fr~", "email", "contact@a-b.fr?"},

	// References.
	{"AF : «AF-PHA-LGO-Va1»", "reference", "AF-PHA-LGO-Va1"},
	{"«AF-PHA- / LGO-Va1»", "reference", "AF-PHA-LGO-Va1"},
	{"(«af–pha–lgo–va1»)", "reference", "AF-PHA-LGO-Va1"},
	{"«AF-PHA-LGO-Va1».", "reference", "AF-PHA-LGO-Va1"},
	{"«AF-PHA-LGO-Va1-Officine»", "reference", "AF-PHA-LGO-Va1"},
	{"AF-PHA-LGO-Va10", "reference", "AF-PHA-LGO-Va1"},
	{"AF-PHA-LGO-Va1b", "reference", "AF-PHA-LGO-Va1"},
	{"AF-PHA-LGO-Va1-2", "reference", "AF-PHA-LGO-Va1"},
	{"AF-PHA-LGO-Va1.2", "reference", "AF-PHA-LGO-Va1"},
	{"AF-PHA-LGO-Va1- / 2", "reference", "AF-PHA-LGO-Va1"},
	{"AF-PHA-LGO-Va- / 10", "reference", "AF-PHA-LGO-Va1"},
	{"XAF-PHA-LGO-Va1", "reference", "AF-PHA-LGO-Va1"},
	{"X-AF-PHA-LGO-Va1", "reference", "AF-PHA-LGO-Va1"},
	{"AF-PHA-LGO-Va2", "reference", "AF-PHA-LGO-Va1"},
	{"AF-PHA-LGO", "reference", "AF-PHA-LGO-Va1"},
	{"~AF-PHA-LGO-Va1~", "reference", "AF-PHA-LGO-Va1?"},
	{"AF-PHA- ~LGO-Va1~", "reference", "AF-PHA-LGO-Va1?"},

	// Phrases.
	{"«Prestation Ségur»", "phrase", "Prestation Ségur"},
	{"«PRESTATION SEGUR»", "phrase", "Prestation Ségur"},
	{"«Prestation / Ségur» - 708,00", "phrase", "Prestation Ségur"},
	{"«Presta- / tion Ségur»", "phrase", "Prestation Ségur"},
	{"«Presta\u00ad / tion Ségur»", "phrase", "Prestation Ségur"},
	{"«PrestationSégur»", "phrase", "Prestation Ségur"},
	{"«Prestation | Ségur»", "phrase", "Prestation Ségur"},
	{"«Prestation | 1 / Ségur»", "phrase", "Prestation Ségur!Prestation Ségur"},
	{"Prestations Ségur", "phrase", "Prestation Ségur"},
	{"Prestation de Ségur", "phrase", "Prestation Ségur"},
	{"Prestation Ségurs", "phrase", "Prestation Ségur"},
	{"Ségur Prestation", "phrase", "Prestation Ségur"},
	{"«Montant pris en charge par l’État au titre du Ségur de la santé»", "phrase", "Montant pris en charge par l'Etat au titre du Ségur de la santé"},
	{"«Montant pris en charge par / l´Etat au titre du Sé- / gur de la santé».", "phrase", "Montant pris en charge par l'Etat au titre du Ségur de la santé"},
	{
		"«Montant pris en charge par | 1 | 708,00 / l'État au titre du | | 849,60 / Ségur de la santé»", "phrase",
		"Montant pris en charge par l'Etat au titre du Ségur de la santé!Montant pris en charge par l'État au titre du Ségur de la santé",
	},
	{"Montant pris en charge par l'Etat au titre de la santé", "phrase", "Montant pris en charge par l'Etat au titre du Ségur de la santé"},

	// People.
	{"M. «Jean DUPONT»", "person", "Jean Dupont"},
	{"«DUPONT Jean»", "person", "M. Jean Dupont"},
	{"«Dupont / Jean»", "person", "Jean Dupont"},
	{"Nom : «DUPONT / Prénom : Jean»", "person", "Jean Dupont"},
	{"Nom | «Dupont / Prénom | Jean»", "person", "Jean Dupont"},
	{"«Jean-Pierre DUPONT»", "person", "Jean Pierre Dupont"},
	{"«Dupont Jean-Pierre»", "person", "Dr Jean-Pierre DUPONT"},
	{"«Jean-Pier- / re Dupont»", "person", "Jean-Pierre Dupont"},
	{"«Jean Paul Dupont»", "person", "Jean Dupont"},
	{"«Éloïse Lefèvre-Hüfflin»", "person", "Mme ELOISE LEFEVRE HUFFLIN"},
	{"«Jean de La Tour»", "person", "de La Tour Jean"},
	{"«Claire MARTIN épouse DUPONT»", "person", "Claire Dupont"},
	{"«DUPONT (née MARTIN) Claire»", "person", "Claire Dupont"},
	{"Claire MARTIN, épouse de Paul DUPONT", "person", "Claire Dupont"},
	{"Jeanne Dupont", "person", "Jean Dupont"},
	{"Jean Dupontel", "person", "Jean Dupont"},
	{"Jean Martin et Paul Dupont", "person", "Jean Dupont"},
	{"Jean Martin, Paul Dupont", "person", "Jean Dupont"},
	{"Jean / rue des Lilas / Dupont", "person", "Jean Dupont"},
	{"Dupont", "person", "Jean Dupont"},
	{"Jean2 Dupont", "person", "Jean Dupont"},
	{"Dupont Dupont", "person", "Jean Dupont"},
	{"Mme Claire MARTIN", "person", "Mme"},
	{"~Jean~ Dupont", "person", "Jean Dupont?"},

	// Companies.
	{"SELARL «PHARMACIE DE LA GARE»", "company", "Pharmacie de la Gare"},
	{"«Pharmacie de la / Gare»", "company", "SELARL Pharmacie de la Gare"},
	{"«Pharmacie J.P. Dupont»", "company", "Pharmacie J.P. Dupont S.A.R.L."},
	{"12 rue de la Gare", "company", "Pharmacie de la Gare"},
	{"Pharmacie du Lac", "company", "Pharmacie de la Gare"},

	// Solutions and versions.
	{"«LGPI Global 12.4»", "solution", "LGPI Global@12.4"},
	{"«LGPI Global» version «12.4»", "solution", "LGPI Global@12.4!LGPI Global 12.4"},
	{"«LGPI Global V12.4»", "solution", "LGPI Global@12.4"},
	{"«LGPI Global v.12.4»", "solution", "LGPI Global@12.4"},
	{"«LGPI Global 12.4»", "solution", "LGPI Global@v12.4"},
	{"«LGPI Global», / version : «12.4».", "solution", "LGPI Global@Version 12.4!LGPI Global, 12.4."},
	{"Logiciel | «LGPI Global» | 708,00 / Version | «12.4»", "solution", "LGPI Global@12.4!LGPI Global 12.4"},
	{"Logiciel | «LGPI Global 2023 R1»", "solution", "LGPI Global@2023 R1"},
	{"«LGPI Global™ 12.4»", "solution", "LGPI Global@12.4"},
	{"«LGPI Global 12.4»", "solution", "LGPI™ Global@12.4"},
	{"LGPI Global 12.4.1", "solution", "LGPI Global@12.4"},
	{"LGPI Global 12.40", "solution", "LGPI Global@12.4"},
	{"LGPI Global 12.4b", "solution", "LGPI Global@12.4"},
	{"LGPI Global 12.4-beta", "solution", "LGPI Global@12.4"},
	{"LGPI Global 12.4", "solution", "LGPI Global@2.4"},
	{"LGPI Global 3.12.4", "solution", "LGPI Global@12.4"},
	{"LGPI Global 12,4", "solution", "LGPI Global@12.4"},
	{"LGPI Global 12 4", "solution", "LGPI Global@12.4"},
	{"LGPI Global / seul / 12.4", "solution", "LGPI Global@12.4"},
	{"LGPI Globale 12.4", "solution", "LGPI Global@12.4"},
	{"LGPI Global 12 %", "solution", "LGPI Global@12"},
	{"LGPI Global 12/03/2023", "solution", "LGPI Global@12"},
	{"LGPI 5", "solution", "LGPI 5@5"},
	{"LGPI Global ~12.4~", "solution", "LGPI Global@12.4?"},

	// VAT regimes.
	{"Régime : «ASSUJETTI»", "regime", "ASSUJETTI"},
	{"Société «assujettie» à la TVA", "regime", "ASSUJETTI"},
	{"«assujet- / ti»", "regime", "ASSUJETTI"},
	{"«TVA 20» %", "regime", "ASSUJETTI"},
	{"«TVA (20%)»", "regime", "ASSUJETTI"},
	{"«TVA | 20,00» % | 141,60", "regime", "ASSUJETTI"},
	{"«TVA à 8,5» %", "regime", "ASSUJETTI"},
	{"«T.V.A. 20,00» %", "regime", "ASSUJETTI"},
	{"T.V.A. 200,00", "regime", "ASSUJETTI"},
	{"Taux de «TVA : 20.0» %", "regime", "ASSUJETTI"},
	{"Non. «Assujetti»", "regime", "ASSUJETTI"},
	{"Non assujetti", "regime", "ASSUJETTI"},
	{"non-assujetti", "regime", "ASSUJETTI"},
	{"nonassujetti", "regime", "ASSUJETTI"},
	{"non / assujetti", "regime", "ASSUJETTI"},
	{"non- / assujetti", "regime", "ASSUJETTI"},
	{"Fournisseur non | 708,00 / assujetti", "regime", "ASSUJETTI"},
	{"n'est pas assujetti", "regime", "ASSUJETTI"},
	{"TVA non applicable, article 293 B du CGI", "regime", "ASSUJETTI"},
	{"«TVA20»%", "regime", "ASSUJETTI"},
	{"FTVA20%", "regime", "ASSUJETTI"},
	{"TVA200%", "regime", "ASSUJETTI"},
	{"Assujetti à la TVA : non", "regime", "ASSUJETTI"},
	{"Assujetti ? Non", "regime", "ASSUJETTI"},
	{"Régime : «assujetti». Non remboursable", "regime", "ASSUJETTI"},
	{"TVA 200", "regime", "ASSUJETTI"},
	{"TVA 20,5 %", "regime", "ASSUJETTI"},
	{"TVA 20,00 €", "regime", "ASSUJETTI"},
	{"TVA 20 552,00", "regime", "ASSUJETTI"},
	{"N° TVA FR20552081317", "regime", "ASSUJETTI"},
	{"TVA 2023", "regime", "ASSUJETTI"},
	{"«Non assujetti»", "regime", "NON ASSUJETTI"},
	{"«NON-ASSUJETTI»", "regime", "NON ASSUJETTI"},
	{"«non / assujetti»", "regime", "NON ASSUJETTI"},
	{"«non assu- / jettie»", "regime", "NON ASSUJETTI"},
	{"«TVA non applicable»", "regime", "NON ASSUJETTI"},
	{"art. «293 B» du CGI", "regime", "NON ASSUJETTI"},
	{"art. «293B» du CGI", "regime", "NON ASSUJETTI"},
	{"art. 293 bis du CGI", "regime", "NON ASSUJETTI"},
	{"art. 1293 B du CGI", "regime", "NON ASSUJETTI"},
	{"assujetti", "regime", "NON ASSUJETTI"},
	{"~TVA~ ~20~", "regime", "ASSUJETTI?"},
}

// searchOf makes the search of a case.
func searchOf(kind, wanted string) search {
	programme := theProgramme()
	switch kind {
	case "amount":
		cents, err := claim.ParseCents(wanted)
		if err != nil {
			panic(err)
		}
		return amountSearch(cents)
	case "finess":
		return finessSearch(claim.FINESS(wanted))
	case "phone":
		return phoneSearch(wanted)
	case "date":
		return dateSearch(day(wanted))
	case "email":
		return emailSearch(wanted)
	case "reference":
		return referenceSearch(wanted)
	case "phrase":
		return phraseOf(wanted).search()
	case "person":
		return personSearch(programme.Names, wanted)
	case "company":
		return companySearch(programme.Names, wanted)
	case "solution":
		name, version, _ := strings.Cut(wanted, "@")
		return versionedSearch(name, version)
	case "regime":
		return regimeSearch(wanted, rates(programme))
	}
	panic(kind)
}

// documentOf lays a case's text out on a page.
func documentOf(in string) *claim.Facts {
	return factsOf(page(strings.Split(strings.NewReplacer("«", "", "»", "").Replace(in), " / ")...))
}

// evidenceOf gives the words that a case marks, those they are part of
// included.
func evidenceOf(in string) string {
	before, rest, marked := strings.Cut(in, "«")
	if !marked {
		return ""
	}
	inside, after, _ := strings.Cut(rest, "»")
	// A mark in the middle of a word marks the word.
	if i := strings.LastIndexByte(before, ' '); i+1 < len(before) {
		inside = before[i+1:] + inside
	}
	if word, _, _ := strings.Cut(after, " "); word != "" {
		inside += word
	}
	words := strings.FieldsFunc(inside, func(r rune) bool { return r == ' ' })
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "/" || w == "|" }), " ")
}

func TestFinder(t *testing.T) {
	for _, test := range finderCases {
		t.Run(test.kind+" "+test.in, func(t *testing.T) {
			wanted, told, different := strings.Cut(test.wanted, "!")
			wanted, isHidden := strings.CutSuffix(wanted, "?")
			want := evidenceOf(test.in)
			if different {
				want = told
			}
			found, ok := lookUp(documentOf(test.in), searchOf(test.kind, wanted))
			if ok != (want != "" || isHidden) {
				t.Fatalf("found: %v (%q)", ok, found.text)
			}
			if (found.sight == hidden) != isHidden {
				t.Errorf("sight: %v", found.sight)
			}
			if diff := cmp.Diff(want, found.text); diff != "" && !isHidden {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
			if ok && (found.page != 1 || found.rect == nil) {
				t.Errorf("no place: page %d", found.page)
			}
		})
	}
}
