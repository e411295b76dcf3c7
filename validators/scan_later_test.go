package validators

import (
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// TestScannedLater: scanned invoices, VAs and declarations. What OCR reads nearly,
// and what it does not find on a page of which it is not sure, goes to a person.
func TestScannedLater(t *testing.T) {
	byHandScanned := func(confidence int, misread ...string) func(*Context, *claim.Claim) { // as scanned, by hand
		return also(scanned(confidence, misread...), unsignedVA(func(f *claim.Facts) { f.Blocks = []claim.Block{block(written)} }))
	}
	for _, test := range []struct {
		name    string
		kind    claim.Kind
		spoil   func(*Context, *claim.Claim)
		want    string
		outcome claim.Outcome
		variant string // part of the message
	}{
		{"read exactly", claim.Balance, byHandScanned(96), "", "", ""},
		{"read exactly, less sure", claim.Balance, byHandScanned(60), "", "", ""},
		{"below the least confidence", claim.Balance, byHandScanned(59), "DOC-06 DOC-06 SIG-04", claim.Review, "soumis à un examen"},
		{"each value nearly", claim.Balance, byHandScanned(96, "00000012", "00000013", "12/05/2023", "I2/O5/2023", "10/05/2023", "1O/O5/2023", "700,00", "7OO,OO", "Neuf", "Neut", "d'aptitude", "d'apt1tude", string(thePharmacy), string(thePharmacy[:7])), // one of its nine signs left out is near, two are not
			"FAC-01 FAC-02 FAC-03 FAC-05 FAC-06 VA-01 VA-01", claim.Review, "incertitude (« "},
		{"letters for digits of the number, which its key proves", claim.Balance, byHandScanned(96, theDossier, "LG01-000000l2-8S"), "", "", ""},
		{"not found on a page that is sure", claim.Balance, byHandScanned(96, "700,00", "490,00"), "FAC-05", claim.Complete, "ne montre pas"},
		{"not found on a page that is not", claim.Balance, byHandScanned(87, "700,00", "490,00"), "FAC-05", claim.Review, "La facture facture-0001.pdf est peu lisible"},
		{"no title on a page that is not sure", claim.Balance, byHandScanned(87, "d'aptitude", "de bonne marche"), "VA-01", claim.Review, "L'attestation va-0001.pdf est peu lisible"},
		{"a name on a page that is not sure", claim.Balance, byHandScanned(87, "Neuf", "Vieux"), "FAC-06", claim.Review, "est peu lisible"},
		{"another dossier, whose key is right", claim.Balance, byHandScanned(96, "Dossier ASP : "+theDossier, "Dossier ASP : LGO1-00000013-84"), "FAC-01", claim.Complete, "ne montre pas"},

		{"a declaration, read exactly", claim.Completion, scanned(96), "", "", ""},
		{"a declaration, nearly", claim.Completion, scanned(96, "00000012", "00000013", "30/08", "3O/O8"), "FIN-01 FIN-01", claim.Review, "Dans la déclaration fin-0001.pdf"},
		{"a declaration that is not sure", claim.Completion, scanned(87, theDossier, "?", "30/08/2023", "?"), "FIN-01 FIN-01", claim.Review, "est peu lisible"},
		{"a declaration that is", claim.Completion, scanned(96, theDossier, "?", "30/08/2023", "?"), "FIN-01 FIN-01", claim.Complete, "ne montre pas"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, c := faultlessOf[test.kind]()
			test.spoil(ctx, c)
			got := Assess(ctx, c)
			explained(t, ctx, c, nil, &fakeHistory{})
			if told := codes(got.Findings); told != test.want {
				t.Fatalf("%q, want %q", told, test.want)
			}
			for _, f := range got.Findings {
				checkTexts(t, f)
				if f.Outcome != test.outcome || !strings.Contains(f.Message, test.variant) {
					t.Errorf("%s: %s: %s", f.Code, f.Outcome, f.Message)
				}
			}
		})
	}
}
