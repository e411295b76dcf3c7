package validators

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/pipeline/claim"
)

// dossierCases are what shows LGO1-00000012-85, and what only looks so. Lines are
// parted by " / ", and the evidence stands between « and ».
var dossierCases = []string{
	"Dossier ASP n° «LGO1-00000012-85»",
	"n°«LGO1-00000012-85».",
	"dossier «lgo1-00000012-85», facture 12",
	"(«LGO1-00000012-85»)",
	"- «LGO1-00000012-85»",
	"Dossier «LGO1 - 00000012 - 85»",
	"Dossier «LGO1- 00000012 -85»",
	"Dossier «LGO1-00000012- / 85» du 12/04/2023",
	"Dossier «LGO1- / 00000012-85»",
	"Dossier «LGO1 / -00000012 / -85»",
	"Dossier «LGO1-0000- / 0012-85»",
	"Dossier «LGO1‐00000012‐85»", // U+2010
	"Dossier «LGO1‑00000012‑85»", // U+2011, no break
	"Dossier «LGO1–00000012–85»", // en dash
	"Dossier «LGO1−00000012−85»", // minus
	"Dossier «LGO1\u00ad00000012\u00ad85»",
	"Dossier «LGO1 00000012 85»",
	"Dossier «LGO1-0000 0012-85»",
	"Dossier «LGO1-00000012-85» 2023",
	"Commande | «LGO1-00000012-85» | 12/04/2023",

	"Dossier LGO1-00000012-86",
	"Dossier LGO1-00000013-84",
	"Dossier LGO2-00000012-85",
	"Dossier LGO1-00000012",
	"Dossier 00000012-85",
	"Dossier LGO1-00000012-85-3",
	"Dossier LGO1-00000012-853",
	"Dossier LGO1-00000012-85/2023",
	"Dossier LGO1-00000012-85_b",
	"Dossier LGO1-00000012-85b",
	"Dossier XLGO1-00000012-85",
	"Dossier FA-LGO1-00000012-85",
	"Dossier FA_LGO1-00000012-85",
	"Dossier LGO1.00000012.85",
	"Dossier LGO1/00000012/85",
	"Dossier LGO1--00000012-85",
	"LGO1 | 00000012 | 85",
	"LGO1-00000012 du 85",
}

func TestDossierIsFound(t *testing.T) {
	for _, in := range dossierCases {
		found, ok := lookUp(documentOf(in), dossierSearch("LGO1-00000012-85"))
		want := evidenceOf(in)
		if ok != (want != "") {
			t.Errorf("%q: found %v (%q)", in, ok, found.text)
			continue
		}
		if diff := cmp.Diff(want, found.text); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
}

// TestDossierInACell: a cell's second line stands below its first.
func TestDossierInACell(t *testing.T) {
	found, ok := lookUp(documentOf("N° de dossier | Montant / LGO1-00000012- | 700,00 / 85 | 840,00"), dossierSearch("LGO1-00000012-85"))
	if !ok || found.sight != shown || found.text != "LGO1-00000012- 85" {
		t.Errorf("%v: %+v", ok, found)
	}
}

// dossierMention is a dossier number as FAC-01 looks for it.
func dossierMention(number claim.DossierNumber) mention {
	return valueOwed(claim.FieldDossier, string(number), dossierSearch(number), likeDossier(number))
}

// TestScannedDossier: the key proves what OCR read through letters; a wrong digit
// goes to a person; a number whose key is right is another's.
func TestScannedDossier(t *testing.T) {
	for _, test := range []struct {
		in   string
		want sight
	}{
		{"Dossier LGO1-00000012-85", shown},
		{"Dossier LGO1-00000012-85¤20", shown},
		{"Dossier LG01-00000012-85", shown}, // which print does not tell apart
		{"Dossier LGOl-00000012-85", shown},
		{"Dossier IGO1-00000012-85", shown},
		{"Dossier 1GO1-00000012-85", shown},
		{"Dossier LGO1-0000OO12-85", shown},
		{"Dossier LGO1-000000l2-8S", shown},
		{"Dossier LGO1 - 000000l2 - 8S", shown},
		{"Dossier LGO1-OOOOOOl2-85", uncertain}, // more letters than digits
		{"Dossier LCO1-00000012-85", uncertain},
		{"Dossier LGO1-00000012-86", uncertain}, // a digit
		{"Dossier LGO1-0000012-85", uncertain},  // one lost
		{"Dossier LGO1-000000012-85", uncertain},
		{"Dossier LGO1.000000l2.85", uncertain},
		{"Dossier LGO1-00000013-84", missing}, // another dossier
		{"Dossier LGO1-00000019-78", missing},
		{"Dossier FA-LGO1-00000012-85", missing},
		{"Dossier LGO1-00000012-85-3", uncertain}, // one gained, for all that OCR tells
		{"Dossier LGO1-00000045-86", missing},
		{"Dossier LGO1 | 000000l2 | 85", missing},
	} {
		facts := scanOf(test.in)
		if found := newFinder(facts, believed).see(dossierMention("LGO1-00000012-85")); found.sight != test.want {
			t.Errorf("%q: sight %d in %q, want %d", test.in, found.sight, found.text, test.want)
		}
	}
}

// drawDossier draws a dossier number of some call.
func drawDossier(t *rapid.T, label string) claim.DossierNumber {
	prefix := rapid.StringMatching(`[A-Z][A-Z0-9]{0,7}`).Draw(t, label+" prefix")
	return claim.NewDossierNumber(prefix, rapid.IntRange(1, 99_999_999).Draw(t, label))
}

// TestAnyDossierIsFoundAndNoOther: whatever the call's prefix and the way of writing.
func TestAnyDossierIsFoundAndNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := drawDossier(t, "dossier")
		hyphen := rapid.SampledFrom([]string{"-", "–", "‑", " - ", "- ", " "}).Draw(t, "hyphen")
		written := strings.ReplaceAll(string(number), "-", hyphen)
		if rapid.Bool().Draw(t, "small") {
			written = strings.ToLower(written)
		}
		facts := around(t, written)
		if !shows(facts, dossierSearch(number)) {
			t.Fatalf("%q does not show %s", written, number)
		}
		other := claim.NewDossierNumber(strings.SplitN(string(number), "-", 2)[0], rapid.IntRange(1, 99_999_999).Draw(t, "other"))
		if other != number && shows(facts, dossierSearch(other)) {
			t.Fatalf("%q shows %s", written, other)
		}
	})
}

// TestMisreadDossierIsNeverAccepted: one of which a digit is another is never shown.
func TestMisreadDossierIsNeverAccepted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := claim.NewDossierNumber("LGO1", rapid.IntRange(1, 99_999_999).Draw(t, "dossier"))
		runes := []rune(string(number))
		letters := rapid.SampledFrom([]rune("abdegilmnorstuvz0123456789"))
		for range rapid.IntRange(1, 2).Draw(t, "changes") {
			if at := rapid.IntRange(0, len(runes)-1).Draw(t, "at"); runes[at] != '-' {
				runes[at] = letters.Draw(t, "glyph")
			}
		}
		changed := string(runes)
		proven := true // no digit is another, and no letter but by a twin
		for i, r := range []rune(strings.ToLower(string(number))) {
			proven = proven && (runes[i] == r || twin(runes[i]) == twin(r) || isDigitRune(r) && !isDigitRune(runes[i]) ||
				claim.Fold(string(runes[i])) == string(r))
		}
		facts := scanOf(fmt.Sprintf("Dossier %s", changed))
		if found := newFinder(facts, believed).see(dossierMention(number)); found.sight == shown && !proven {
			t.Fatalf("%q is taken for %s", changed, number)
		}
	})
}

// TestWrittenTogether: what was read without hyphens is a number or none.
func TestWrittenTogether(t *testing.T) {
	for compact, want := range map[string]claim.DossierNumber{
		"lgo10000001285": "LGO1-00000012-85", "x0000001285": "X-00000012-85", "0000001285": "", "1285": "", "": "",
	} {
		if got := dossierOf(compact); got != want {
			t.Errorf("%q: %q, want %q", compact, got, want)
		}
	}
}
