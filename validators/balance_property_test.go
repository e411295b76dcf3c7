package validators

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guichet/pipeline/claim"
)

// sale is what a balance and a declaration tell of one dossier, drawn at random
// and consistent.
type sale struct {
	dossier                              claim.DossierNumber
	amount                               claim.Cents
	name                                 string
	ordered, completed, issued, received claim.Date
	hyphen, notation                     string // of its number and its amount
	format                               func(claim.Date) string
}

// formats are the notations of days that differ in nothing but how they look.
var formats = []func(claim.Date) string{
	claim.Date.French, claim.Date.String,
	func(d claim.Date) string { return fmt.Sprintf("%d/%d/%d", d.Day, d.Month, d.Year) },
	func(d claim.Date) string {
		return d.Start().Format("02.01.2006")
	},
	func(d claim.Date) string {
		month := []string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}[d.Month-1]
		return strings.Replace(fmt.Sprintf("%d %s %d", d.Day, month, d.Year), "1 ", map[bool]string{true: "1er ", false: "1 "}[d.Day == 1], 1)
	},
}

// drawSale draws a sale that is received before services end.
func drawSale(t *rapid.T) sale {
	within := func(label string, from, to claim.Date) claim.Date {
		return from.AddDays(rapid.IntRange(0, from.DaysUntil(to)).Draw(t, label))
	}
	last := theProgramme().Calendar.ServicesEnd.Day
	s := sale{
		dossier:  claim.NewDossierNumber(theProgramme().DossierPrefix, rapid.IntRange(1, 99_999_999).Draw(t, "dossier")),
		amount:   claim.Cents(rapid.Int64Range(1, 87_500).Draw(t, "amount")),
		name:     "Pharmacie " + rapid.SampledFrom([]string{"du Pont Neuf", "Martin", "de l'Étoile", "des Deux-Rives", "Durand & fils"}).Draw(t, "name"),
		ordered:  within("ordered", day("2022-02-12"), day("2023-03-15")),
		hyphen:   rapid.SampledFrom([]string{"-", "–", " - ", "- "}).Draw(t, "hyphen"),
		notation: rapid.SampledFrom([]string{",", ".", ", ", ""}).Draw(t, "notation"),
		format:   rapid.SampledFrom(formats).Draw(t, "format"),
	}
	s.completed = within("completed", s.ordered, last)
	s.received = within("received", s.completed, last)
	s.issued = within("issued", s.ordered, s.received)
	return s
}

// number is the dossier number as the sale's documents write it.
func (s sale) number() string { return strings.ReplaceAll(string(s.dossier), "-", s.hyphen) }

// price is the amount as the sale's documents write it.
func (s sale) price() string {
	euros, cents, _ := strings.Cut(s.amount.String(), ".")
	switch s.notation {
	case ",", ".":
		return euros + s.notation + cents + " €"
	case ", ":
		return euros + "," + cents + " HT"
	}
	return s.amount.French()
}

// balance gives the sale's balance.
func (s sale) balance() (*Context, *claim.Claim) {
	ctx, c := faultlessBalance()
	s.sold(c)
	setDate(c, claim.FieldInvoiceDate, s.issued.String())
	c.Documents[0].Facts.Pages = []claim.Page{page(
		"Facture FA-0001 | émise le "+s.format(s.issued),
		"Client : "+s.name+" | Dossier n° "+s.number(),
		"Prestation finalisée le "+s.format(s.completed),
		"Montant HT | "+s.price(),
	)}
	c.Documents[1].Facts.Pages = []claim.Page{page("Attestation de Vérification d'Aptitude", "Dossier "+s.number())}
	return ctx, c
}

// declaration gives the sale's declaration of completion.
func (s sale) declaration() (*Context, *claim.Claim) {
	ctx, c := faultlessCompletion()
	s.sold(c)
	c.Documents[0].Facts.Pages = []claim.Page{page("Attestation de fin", "Dossier "+s.number()+" | finalisé le "+s.format(s.completed))}
	return ctx, c
}

// sold sets what both rows tell.
func (s sale) sold(c *claim.Claim) {
	setText(c, claim.FieldDossier, string(s.dossier))
	setDate(c, claim.FieldCompletedOn, s.completed.String())
	c.ReceivedAt = s.received.Start()
	r := c.Advance
	r.Dossier, r.OrderDate, r.RowName, r.Amounts.ExclTax = string(s.dossier), s.ordered, s.name, &s.amount
}

// mutation changes one thing of a claim; the claim then has one finding.
type mutation struct {
	want   string
	mutate func(t *rapid.T, s sale, ctx *Context, c *claim.Claim, h *fakeHistory)
}

// otherDay gives a day on which nothing of a sale happened.
func (s sale) otherDay() claim.Date { return s.ordered.AddDays(-3) }

// redraw writes a line of a claim's document anew.
func redraw(c *claim.Claim, role claim.Role, written, instead string) {
	p := &c.Document(role).Facts.Pages[0]
	var lines []string
	for _, word := range p.Words {
		switch word.Gap {
		case claim.GapLine:
			lines = append(lines, word.Text)
		case claim.GapWide:
			lines[len(lines)-1] += " | " + word.Text
		case claim.GapBlank:
			lines[len(lines)-1] += " " + word.Text
		}
	}
	*p = page(strings.Split(strings.ReplaceAll(strings.Join(lines, "\n"), strings.Join(strings.Fields(written), " "), instead), "\n")...)
}

// dossierMutations are those of a balance's and a declaration's dossier.
var dossierMutations = []mutation{
	{"DOS-01", func(_ *rapid.T, _ sale, _ *Context, c *claim.Claim, _ *fakeHistory) { c.Advance = nil }},
	{"DOS-02", func(_ *rapid.T, _ sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		c.Advance.Supplier = otherSupplier
	}},
	{"DOS-04", func(_ *rapid.T, _ sale, _ *Context, _ *claim.Claim, h *fakeHistory) { h.dossier.Closed = true }},
}

var balanceMutations = append([]mutation{
	{"DOS-03", func(_ *rapid.T, _ sale, _ *Context, _ *claim.Claim, h *fakeHistory) {
		h.dossier.Claims = append(h.dossier.Claims, filed(claim.Balance, claim.Accepted, "2023-01-01"))
	}},
	{"FAC-01", func(t *rapid.T, s sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		other := claim.NewDossierNumber("LGO1", s.dossier.Sequence()%99_999_999+1)
		redraw(c, claim.Invoice, s.number(), rapid.SampledFrom([]string{"", string(other), s.number() + "-1", "X-" + string(s.dossier)}).Draw(t, "instead"))
	}},
	{"FAC-02", func(_ *rapid.T, s sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		setDate(c, claim.FieldInvoiceDate, s.otherDay().String())
	}},
	{"FAC-03", func(_ *rapid.T, s sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		redraw(c, claim.Invoice, "finalisée le "+s.format(s.completed), "finalisée le "+s.format(s.otherDay()))
		redraw(c, claim.Invoice, "émise le "+s.format(s.issued), "émise le "+s.format(s.otherDay()))
		setDate(c, claim.FieldInvoiceDate, s.otherDay().String())
	}},
	{"FAC-04", func(_ *rapid.T, s sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		c.Advance.OrderDate = s.completed.AddDays(1)
	}},
	{"FAC-04", func(_ *rapid.T, s sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		redraw(c, claim.Invoice, "émise le "+s.format(s.issued), "émise le "+s.format(s.received.AddDays(1)))
		setDate(c, claim.FieldInvoiceDate, s.received.AddDays(1).String())
	}},
	{"FAC-04", func(_ *rapid.T, s sale, _ *Context, _ *claim.Claim, h *fakeHistory) {
		h.dossier.Claims = append(h.dossier.Claims, filed(claim.Completion, claim.Accepted, "2023-01-01", func(p *PastClaim) { p.CompletedOn = s.completed.AddDays(1) }))
	}},
	{"FAC-05", func(t *rapid.T, _ sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		amount := *c.Advance.Amounts.ExclTax + claim.Cents(rapid.Int64Range(1, 100_000).Draw(t, "more"))
		c.Advance.Amounts.ExclTax = &amount
	}},
	{"FAC-06", func(_ *rapid.T, s sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		redraw(c, claim.Invoice, s.name, "Pharmacie du Lac")
	}},
	{"VA-01", func(_ *rapid.T, _ sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		redraw(c, claim.AptitudeCertificate, "Vérification", "bonne")
	}},
	{"VA-01", func(_ *rapid.T, s sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		redraw(c, claim.AptitudeCertificate, s.number(), string(otherPharmacy))
	}},
	{"SIG-01", func(_ *rapid.T, _ sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		c.Documents[1].Facts.Signatures = nil
	}},
	{"DEL-04", func(_ *rapid.T, _ sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		c.ReceivedAt = paris("2023-09-21")
	}},
	{"DEL-03", func(_ *rapid.T, s sale, _ *Context, c *claim.Claim, h *fakeHistory) {
		c.ReceivedAt = paris("2023-12-14 14:00:00.001")
		h.dossier.Claims = append(h.dossier.Claims, filed(claim.Completion, claim.Accepted, "2023-09-20", func(p *PastClaim) { p.CompletedOn = s.completed }))
	}},
}, dossierMutations...)

var declarationMutations = append([]mutation{
	{"FIN-01", func(_ *rapid.T, s sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		redraw(c, claim.CompletionCertificate, s.number(), "")
	}},
	{"FIN-01", func(_ *rapid.T, s sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		redraw(c, claim.CompletionCertificate, s.format(s.completed), s.format(s.otherDay()))
	}},
	{"DEL-05", func(_ *rapid.T, _ sale, _ *Context, c *claim.Claim, _ *fakeHistory) {
		c.ReceivedAt = paris("2023-09-21")
	}},
}, dossierMutations...)

// TestAnySale: a balance and a declaration of consistent facts have no findings;
// one thing changed, they have that finding and no other.
func TestAnySale(t *testing.T) {
	for _, kind := range []struct {
		name      string
		claim     func(sale) (*Context, *claim.Claim)
		mutations []mutation
	}{
		{"balance", sale.balance, balanceMutations}, {"declaration", sale.declaration, declarationMutations},
	} {
		t.Run(kind.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				s := drawSale(t)
				told := func(mutate func(*Context, *claim.Claim, *fakeHistory)) string {
					ctx, c := kind.claim(s)
					h := fakeHistory{}
					mutate(ctx, c, &h)
					a := Assess(ctx, c)
					return codes(append(a.Findings, AssessHistory(ctx, c, a, &h)...))
				}
				if got := told(func(*Context, *claim.Claim, *fakeHistory) {}); got != "" {
					t.Fatalf("consistent facts have %s", got)
				}
				for i, m := range kind.mutations {
					if got := told(func(ctx *Context, c *claim.Claim, h *fakeHistory) { m.mutate(t, s, ctx, c, h) }); got != m.want {
						t.Fatalf("mutation %d: %q, want %s", i, got, m.want)
					}
				}
			})
		})
	}
}
