package validators

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/pipeline/claim"
)

// Of the faultless later claims.
const (
	theDossier = "LGO1-00000012-85"
	theInvoice = "facture-0001.pdf"
	theVA      = "va-0001.pdf"
	theFIN     = "fin-0001.pdf"
)

// the kinds of claims, and a faultless one of each.
var faultlessOf = map[claim.Kind]func() (*Context, *claim.Claim){
	claim.Advance: faultless, claim.Balance: faultlessBalance, claim.Completion: faultlessCompletion,
}

// accepted gives the advance of a faultless claim as the ledger holds it.
func accepted() *claim.Result {
	_, c := faultless()
	exclTax, total, due := claim.Cents(70000), claim.Cents(84000), claim.Cents(25200)
	return &claim.Result{
		Claim: c.ID, Kind: claim.Advance, Row: 2, Supplier: theSupplier, Batch: "lot-1", Revision: 1, Decision: claim.Accepted,
		FINESS: thePharmacy, Dossier: theDossier, OrderRef: "CDE-0001", CompanyName: "PHARMACIE DU PONT NEUF", RowName: "Pharmacie du Pont Neuf",
		SIRET: siretOf("41816609600"), OrderDate: day("2022-09-01"), ReceivedAt: c.ReceivedAt,
		Amounts: claim.Amounts{ExclTax: &exclTax, PayableTotal: &total, AmountDue: &due},
	}
}

// later gives a later claim of the faultless advance's dossier, without documents.
func later(kind claim.Kind, received string) (*Context, *claim.Claim) {
	ctx, _ := faultless()
	c := &claim.Claim{
		Kind: kind, Supplier: theSupplier, Batch: "lot-2", Revision: 1, ReceivedAt: paris(received),
		Row: claim.Row{Number: 2, Fields: map[claim.FieldID]claim.Field{}}, Advance: accepted(),
	}
	c.ID = claim.NewID(c.Kind, c.Supplier, c.Batch, c.Revision, c.Row.Number)
	setText(c, claim.FieldSupplier, string(theSupplier))
	setText(c, claim.FieldDossier, theDossier)
	return ctx, c
}

// join adds a document of one page of text to a claim.
func join(c *claim.Claim, role claim.Role, id claim.FieldID, name, digest string, lines ...string) {
	setText(c, id, name)
	c.Documents = append(c.Documents, claim.Document{
		Role: role, Field: id, Name: name,
		Object: &claim.Object{Name: name, Size: 20_000, SHA256: strings.Repeat(digest, 32), ReceivedAt: c.ReceivedAt},
		Facts: &claim.Facts{
			SHA256: strings.Repeat(digest, 32), Extractor: "test", Status: claim.ReadOK, TextSource: claim.TextFromPDF,
			Pages: []claim.Page{pageOf(lines...)},
		},
	})
}

// faultlessBalance gives a context and a balance in which no rule finds anything.
func faultlessBalance() (*Context, *claim.Claim) {
	ctx, c := later(claim.Balance, "2023-07-01 10:00")
	setText(c, claim.FieldInvoiceNumber, "FA-0001")
	setDate(c, claim.FieldInvoiceDate, "2023-05-12")
	setDate(c, claim.FieldCompletedOn, "2023-05-10")
	join(c, claim.Invoice, claim.FieldInvoiceFile, theInvoice, "a1",
		"Facture FA-0001",
		"Dossier ASP : "+theDossier,
		"Date d'émission : 12/05/2023",
		"Date de finalisation : 10/05/2023",
		"Total HT : 700,00 €",
		"Avance versée : 252,00 €",
		"Client : Pharmacie du Pont Neuf")
	join(c, claim.AptitudeCertificate, claim.FieldAptitudeFile, theVA, "b2",
		"Attestation de vérification d'aptitude",
		"Dossier ASP : "+theDossier,
		"FINESS : "+string(thePharmacy),
		"Signature du titulaire")
	_, advance := faultless()
	signature := advance.Documents[0].Facts.Signatures[0]
	signature.SignedAt = paris("2023-05-15 09:00")
	signature.Certificate.NotAfter = paris("2025-01-01")
	c.Documents[1].Facts.Signatures = []claim.Signature{signature}
	return ctx, c
}

// faultlessCompletion gives a context and a declaration of completion in which no
// rule finds anything.
func faultlessCompletion() (*Context, *claim.Claim) {
	ctx, c := later(claim.Completion, "2023-09-01 10:00")
	setDate(c, claim.FieldCompletedOn, "2023-08-30")
	setState(c, claim.FieldNature, claim.FieldEmpty)
	join(c, claim.CompletionCertificate, claim.FieldEndFile, theFIN, "a1",
		"Attestation de fin de prestation",
		"Dossier ASP : "+theDossier,
		"Prestation finalisée le 30/08/2023")
	return ctx, c
}

// filed gives a past later claim of the supplier for the dossier, with a change.
func filed(kind claim.Kind, decision claim.Decision, received string, f ...func(*PastClaim)) PastClaim {
	p := PastClaim{
		ID: claim.ID(kind.Letter() + "-past"), Kind: kind, Supplier: theSupplier, Batch: "lot-9", Revision: 1, Row: 7, FINESS: thePharmacy,
		Dossier: theDossier, Decision: decision, ReceivedAt: paris(received),
	}
	if kind == claim.Completion {
		p.Nature, p.CompletedOn = claim.Finished, day("2023-05-10")
	}
	for _, change := range f {
		change(&p)
	}
	return p
}

// dossierOfPast is a history in which only the dossier has claims.
func dossierOfPast(claims ...PastClaim) fakeHistory {
	return fakeHistory{dossier: PastDossier{Claims: claims}}
}

// on changes the document of a claim in a role.
func on(role claim.Role, f func(*claim.Document)) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) { f(c.Document(role)) }
}

// line rewrites the line that holds a text on a document, or leaves it out.
func line(role claim.Role, holds, text string) func(*Context, *claim.Claim) {
	return on(role, func(d *claim.Document) { rewriteLine(d.Facts, holds, text) })
}

// hidden hides the line that holds a text on a document.
func hiddenLine(role claim.Role, holds string) func(*Context, *claim.Claim) {
	return on(role, func(d *claim.Document) { hide(d.Facts, holds) })
}

// dossier changes the dossier's advance.
func advance(f func(*claim.Result)) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) { f(c.Advance) }
}

func dated(id claim.FieldID, date string) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) { setDate(c, id, date) }
}

func unknownDossier(_ *Context, c *claim.Claim) { c.Advance = nil }

func othersDossier(_ *Context, c *claim.Claim) { c.Advance.Supplier = otherSupplier }

func unable(_ *Context, c *claim.Claim) { setText(c, claim.FieldNature, claim.Unable) }

// laterCase spoils a faultless later claim, gives it a past, and tells all
// findings that it then has, as CODE:outcome, and what becomes of it.
type laterCase struct {
	name     string
	spoil    func(*Context, *claim.Claim)
	history  fakeHistory
	want     string
	decision claim.Decision
}

func runLater(t *testing.T, kind claim.Kind, cases []laterCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			ctx, c := faultlessOf[kind]()
			if test.spoil != nil {
				test.spoil(ctx, c)
			}
			explained(t, ctx, c, nil, &test.history)
			a := Assess(ctx, c)
			findings := append(a.Findings, AssessHistory(ctx, c, a, &test.history)...)
			Sort(findings)
			var got []string
			for _, f := range findings {
				checkTexts(t, f)
				got = append(got, f.Code+":"+string(f.Outcome))
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if decision := claim.Decide(findings); decision != test.decision {
				t.Errorf("the claim is %s, want %s", decision, test.decision)
			}
		})
	}
}

func TestFaultlessLater(t *testing.T) {
	for kind, evidence := range map[claim.Kind][]string{
		claim.Balance: {
			"FAC-01 LGO1-00000012-85", "FAC-02 12/05/2023", "FAC-03 10/05/2023", "FAC-05 700,00", "FAC-06 Pharmacie du Pont Neuf",
			"VA-01 vérification d'aptitude", "VA-01 LGO1-00000012-85",
		},
		claim.Completion: {"FIN-01 LGO1-00000012-85", "FIN-01 30/08/2023"},
	} {
		ctx, c := faultlessOf[kind]()
		got := Assess(ctx, c)
		if diff := cmp.Diff([]claim.Finding{}, got.Findings, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("a faultless %s has findings (-want +got):\n%s", kind, diff)
		}
		if diff := cmp.Diff(evidence, texts(got.Evidence)); diff != "" {
			t.Errorf("evidence of a %s (-want +got):\n%s", kind, diff)
		}
		for _, e := range got.Evidence {
			if e.Page != 1 || e.Rect == nil {
				t.Errorf("%s has no place: %+v", e.Rule, e)
			}
		}
		if got := AssessBatch(ctx, []*claim.Claim{c}); len(got) != 0 {
			t.Errorf("in its batch: %v", got)
		}
		if got := AssessHistory(ctx, c, got, &fakeHistory{}); len(got) != 0 {
			t.Errorf("in its history: %v", got)
		}
	}
}
