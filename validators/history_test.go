package validators

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/pipeline/claim"
)

// fakeHistory answers from lists.
type fakeHistory struct {
	past  []PastClaim
	uses  []PastClaim // of the faultless claim's order
	siret []PastClaim // funded under any SIRET

	dossier PastDossier // whatever its number
}

var _ History = (*fakeHistory)(nil)

func (h *fakeHistory) Holders(f claim.FINESS) []PastClaim {
	var found []PastClaim
	for _, p := range h.past {
		if p.FINESS == f && (p.Decision == claim.Accepted || p.Decision == claim.UnderReview) {
			found = append(found, p)
		}
	}
	return found
}

func (h *fakeHistory) FundedUnderSIRET(claim.SIRET) []PastClaim { return h.siret }

func (h *fakeHistory) OrderReference(s claim.SIRET, ref string) []PastClaim {
	var found []PastClaim
	for _, p := range h.past {
		if p.Supplier == s && p.OrderRef == ref && p.Decision != claim.Rejected {
			found = append(found, p)
		}
	}
	return found
}

func (h *fakeHistory) DocumentUses(sha256 string) []PastClaim {
	if sha256 != strings.Repeat("a1", 32) {
		return nil
	}
	return h.uses
}

func (h *fakeHistory) Dossier(string) PastDossier { return h.dossier }

// past gives an advance of another supplier for the pharmacy, decided before,
// with a change.
func past(f func(*PastClaim)) PastClaim {
	p := PastClaim{
		ID: "A-past", Kind: claim.Advance, Supplier: otherSupplier, Batch: "lot-9", Revision: 1, Row: 7, FINESS: thePharmacy,
		OrderRef: "X-1", Dossier: "LGO1-00000001-96", Decision: claim.Accepted, ReceivedAt: paris("2022-11-01 09:00"),
	}
	f(&p)
	return p
}

func decided(d claim.Decision) func(*PastClaim) {
	return func(p *PastClaim) { p.Decision = d }
}

// own makes a past claim the same supplier's.
func own(f func(*PastClaim)) func(*PastClaim) {
	return func(p *PastClaim) {
		p.Supplier = theSupplier
		f(p)
	}
}

func TestHistory(t *testing.T) {
	same := func(*PastClaim) {}
	_, self := faultless()
	spoilt := func(id claim.FieldID) func(*Context, *claim.Claim) {
		return func(_ *Context, c *claim.Claim) { setState(c, id, claim.FieldBad) }
	}
	unknown := withText(claim.FieldFINESS, string(withKey("75000009")))
	of := func(f ...func(*PastClaim)) []PastClaim {
		var all []PastClaim
		for _, change := range f {
			all = append(all, past(change))
		}
		return all
	}
	otherFINESS := func(p *PastClaim) { p.FINESS = otherPharmacy }
	thisOrder := own(func(p *PastClaim) { p.FINESS, p.OrderRef = otherPharmacy, "CDE-0001" })
	with := func(f, g func(*PastClaim)) func(*PastClaim) {
		return func(p *PastClaim) { f(p); g(p) }
	}
	for _, test := range []struct {
		name    string
		history fakeHistory
		spoil   func(*Context, *claim.Claim)
		want    string // code:outcome
	}{
		{name: "nothing before"},
		{"BEN-03 accepted before", fakeHistory{past: of(same)}, nil, "BEN-03:reject"},
		{"BEN-03 accepted before, own", fakeHistory{past: of(own(same))}, nil, "BEN-03:reject"},
		{"BEN-03 received at the same moment", fakeHistory{past: of(func(p *PastClaim) { p.ReceivedAt = self.ReceivedAt })}, nil, "BEN-03:reject"},
		{"BEN-03 overtaken", fakeHistory{past: of(func(p *PastClaim) { p.ReceivedAt = self.ReceivedAt.Add(1) })}, nil, "BEN-03:review"},
		{"BEN-03 one overtook, one did not", fakeHistory{past: of(func(p *PastClaim) { p.ReceivedAt = self.ReceivedAt.Add(1) }, same)}, nil, "BEN-03:reject"},
		{"the claim itself", fakeHistory{past: of(func(p *PastClaim) { p.ID = self.ID })}, nil, ""},
		{"another pharmacy is funded", fakeHistory{past: of(otherFINESS)}, nil, ""},
		{"rejected before", fakeHistory{past: of(decided(claim.Rejected))}, nil, ""},
		{"to complete before", fakeHistory{past: of(decided(claim.ToComplete))}, nil, ""},
		{"LIG-02 silences BEN-03", fakeHistory{past: of(same)}, spoilt(claim.FieldFINESS), ""},
		{"BEN-01 silences BEN-03 and BEN-04", fakeHistory{past: []PastClaim{
			past(func(p *PastClaim) { p.FINESS = withKey("75000009") }),
			past(func(p *PastClaim) { p.FINESS, p.Decision = withKey("75000009"), claim.UnderReview }),
		}}, unknown, ""},

		{"BEN-04 under review", fakeHistory{past: of(decided(claim.UnderReview))}, nil, "BEN-04:review"},
		{"own claim under review", fakeHistory{past: of(own(decided(claim.UnderReview)))}, nil, ""},
		{"BEN-04 behind an own one", fakeHistory{past: of(own(decided(claim.UnderReview)), decided(claim.UnderReview))}, nil, "BEN-04:review"},
		{"BEN-03 and BEN-04", fakeHistory{past: of(decided(claim.UnderReview), same)}, nil, "BEN-03:reject BEN-04:review"},

		{"BEN-07", fakeHistory{siret: of(otherFINESS)}, nil, "BEN-07:review"},
		{"the same FINESS under its SIRET", fakeHistory{siret: of(same)}, nil, ""},
		{"BEN-07 needs a valid SIRET", fakeHistory{siret: of(otherFINESS)}, pharmacy(func(e *claim.Establishment) { e.SIRET = "41816609600001" }), ""},
		{"BEN-01 silences BEN-07", fakeHistory{siret: of(otherFINESS)}, unknown, ""},

		{"CMD-05 accepted", fakeHistory{past: of(thisOrder)}, nil, "CMD-05:complete"},
		{"CMD-05 under review", fakeHistory{past: of(with(thisOrder, decided(claim.UnderReview)))}, nil, "CMD-05:complete"},
		{"CMD-05 to complete", fakeHistory{past: of(with(thisOrder, decided(claim.ToComplete)))}, nil, "CMD-05:complete"},
		{"order reference of a rejected claim", fakeHistory{past: of(with(thisOrder, decided(claim.Rejected)))}, nil, ""},
		{"order reference of another supplier", fakeHistory{past: of(with(thisOrder, func(p *PastClaim) { p.Supplier = otherSupplier }))}, nil, ""},
		{"order reference for the same pharmacy", fakeHistory{past: of(with(thisOrder, func(p *PastClaim) { p.FINESS, p.Decision = thePharmacy, claim.ToComplete }))}, nil, ""},
		{"order reference with a FINESS of nobody, now corrected", fakeHistory{past: of(with(thisOrder, func(p *PastClaim) { p.FINESS, p.Decision = withKey("75000009"), claim.ToComplete }))}, nil, ""},
		{"order reference with an unreadable FINESS", fakeHistory{past: of(with(thisOrder, func(p *PastClaim) { p.FINESS, p.Decision = "", claim.ToComplete }))}, nil, ""},
		{"LIG-02 on the reference silences CMD-05", fakeHistory{past: of(thisOrder)}, spoilt(claim.FieldOrderRef), ""},
		{"LIG-02 on the FINESS silences CMD-05", fakeHistory{past: of(thisOrder)}, spoilt(claim.FieldFINESS), ""},
		{"BEN-01 silences CMD-05", fakeHistory{past: of(thisOrder)}, unknown, ""},

		{"DOC-05 another supplier's, rejected", fakeHistory{uses: of(decided(claim.Rejected))}, nil, "DOC-05:review"},
		{"DOC-05 another supplier's, accepted", fakeHistory{uses: of(same)}, nil, "DOC-05:review"},
		{"DOC-05 own, for another pharmacy", fakeHistory{uses: of(own(with(otherFINESS, decided(claim.ToComplete))))}, nil, "DOC-05:review"},
		{"DOC-05 own, accepted, for the same pharmacy", fakeHistory{uses: of(own(same))}, nil, "DOC-05:review"},
		{"own, to complete, for the same pharmacy", fakeHistory{uses: of(own(decided(claim.ToComplete)))}, nil, ""},
		{"own, rejected, for the same pharmacy", fakeHistory{uses: of(own(decided(claim.Rejected)))}, nil, ""},
		{"own, under review, that this one replaces", fakeHistory{uses: of(own(func(p *PastClaim) { p.OrderRef, p.Decision = "CDE-0001", claim.UnderReview }))}, nil, ""},
		{"DOC-05 own, under review, another order", fakeHistory{uses: of(own(decided(claim.UnderReview)))}, nil, "DOC-05:review"},
		{"an earlier revision of the batch", fakeHistory{uses: of(own(with(otherFINESS, func(p *PastClaim) { p.Batch = "lot-1" })))}, func(_ *Context, c *claim.Claim) { c.Revision = 2 }, ""},
		{"DOC-05 the same revision", fakeHistory{uses: of(own(with(otherFINESS, func(p *PastClaim) { p.Batch = "lot-1" })))}, nil, "DOC-05:review"},
		{"own, accepted, the same order", fakeHistory{uses: of(own(func(p *PastClaim) { p.OrderRef = "CDE-0001" }))}, nil, ""}, // BEN-03 tells of it
		{"DOC-05 own, accepted, the same order, its dossier closed", fakeHistory{uses: of(own(func(p *PastClaim) { p.OrderRef, p.Closed = "CDE-0001", true }))}, nil, "DOC-05:review"},
		{"DOC-05 an earlier revision, accepted, its dossier closed", fakeHistory{uses: of(own(func(p *PastClaim) { p.Batch, p.Closed = "lot-1", true }))}, func(_ *Context, c *claim.Claim) { c.Revision = 2 }, "DOC-05:review"},
		{"DOC-05 another supplier's batch of that name", fakeHistory{uses: of(func(p *PastClaim) { p.Batch = "lot-1" })}, func(_ *Context, c *claim.Claim) { c.Revision = 2 }, "DOC-05:review"},
		{"DOC-05 behind uses that do not count", fakeHistory{uses: of(own(decided(claim.ToComplete)), same)}, nil, "DOC-05:review"},
		{"used by itself", fakeHistory{uses: of(func(p *PastClaim) { p.ID = self.ID })}, nil, ""},
		{"a VAT exemption serves many claims", fakeHistory{uses: of(same)}, func(_ *Context, c *claim.Claim) { c.Documents[0].Role = claim.VATExemption }, ""},
		{"DOC-01 silences DOC-05", fakeHistory{uses: of(same)}, func(_ *Context, c *claim.Claim) { c.Documents[0].Object = nil }, ""},
		{"DOC-02 does not silence DOC-05", fakeHistory{uses: of(same)}, func(_ *Context, c *claim.Claim) {
			c.Documents[0].Facts = &claim.Facts{Status: claim.ReadFailed, Reason: "corrupt"}
		}, "DOC-05:review"},
		{"DOC-05 though the FINESS is unreadable", fakeHistory{uses: of(own(decided(claim.ToComplete)))}, spoilt(claim.FieldFINESS), "DOC-05:review"},

		{"all at once", fakeHistory{past: of(same, thisOrder), uses: of(same), siret: of(otherFINESS)}, nil, "BEN-03:reject BEN-07:review CMD-05:complete DOC-05:review"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, c := faultless()
			if test.spoil != nil {
				test.spoil(ctx, c)
			}
			var got []string
			explained(t, ctx, c, nil, &test.history)
			for _, f := range AssessHistory(ctx, c, claim.Assessment{}, &test.history) {
				got = append(got, f.Code+":"+string(f.Outcome))
				checkTexts(t, f)
				if f.Cell == "" || f.Value == "" || f.Operators == "" {
					t.Errorf("%s: without a place or a text for operators: %+v", f.Code, f)
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestSuppliersLearnNothingOfOthers: what a finding's supplier reads has
// nothing of another's claim; operators read all.
func TestSuppliersLearnNothingOfOthers(t *testing.T) {
	secret := past(func(*PastClaim) {})
	underReview := past(decided(claim.UnderReview))
	otherNumber := past(func(p *PastClaim) { p.FINESS = otherPharmacy })
	for code, h := range map[string]fakeHistory{
		"BEN-03": {past: []PastClaim{secret}}, "BEN-04": {past: []PastClaim{underReview}},
		"BEN-07": {siret: []PastClaim{otherNumber}}, "DOC-05": {uses: []PastClaim{secret}},
	} {
		ctx, c := faultless()
		f := find(t, AssessHistory(ctx, c, claim.Assessment{}, &h), code)
		hidden := []string{string(secret.ID), string(secret.Supplier), secret.Dossier, secret.Batch, secret.OrderRef}
		for _, word := range hidden {
			texts := []string{f.Message, f.Remedy, f.Value}
			for _, value := range f.Params {
				texts = append(texts, value)
			}
			if strings.Contains(strings.Join(texts, "\n"), word) {
				t.Errorf("%s: a supplier reads %q in %q", code, word, texts)
			}
		}
		for _, word := range hidden[:4] {
			if !strings.Contains(f.Operators, word) {
				t.Errorf("%s: operators do not read %q in %q", code, word, f.Operators)
			}
		}
	}
}

// TestDOC04SilencesDOC05 within the batch, and nowhere else.
func TestDOC04SilencesDOC05(t *testing.T) {
	ctx, _ := faultless()
	first, second := rowOf(2, thePharmacy, strings.Repeat("a1", 32)), rowOf(3, otherPharmacy, strings.Repeat("a1", 32))
	batch := AssessBatch(ctx, []*claim.Claim{first, second})
	use := past(own(func(p *PastClaim) {
		p.ID, p.Batch, p.Row, p.OrderRef, p.Decision = first.ID, "lot-1", 2, "CDE-0001", claim.ToComplete
	}))
	elsewhere := past(func(*PastClaim) {})
	setText(second, claim.FieldOrderRef, "CDE-0002")
	for _, test := range []struct {
		name string
		done []claim.Finding
		uses []PastClaim
		want string
	}{
		{"told as DOC-04", batch[second.ID], []PastClaim{use}, ""},
		{"not told as DOC-04", nil, []PastClaim{use}, "DOC-05"},
		{"and used elsewhere too", batch[second.ID], []PastClaim{use, elsewhere}, "DOC-05"},
	} {
		explained(t, ctx, second, test.done, &fakeHistory{uses: test.uses})
		got := AssessHistory(ctx, second, claim.Assessment{Findings: test.done}, &fakeHistory{uses: test.uses})
		if diff := cmp.Diff(test.want, codes(got), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// TestDocumentUsesOfBalances: after the advance a dossier names the pharmacy
// and the claim that is replaced.
func TestDocumentUsesOfBalances(t *testing.T) {
	dossier := string(claim.NewDossierNumber("LGO1", 1))
	balance := func(f func(*PastClaim)) PastClaim {
		return past(own(func(p *PastClaim) {
			p.Kind, p.FINESS, p.OrderRef, p.Dossier, p.Decision = claim.Balance, "", "", dossier, claim.UnderReview
			f(p)
		}))
	}
	for _, test := range []struct {
		name string
		use  PastClaim
		want string
	}{
		{"under review, the same dossier: replaced", balance(func(*PastClaim) {}), ""},
		{"to complete, the same dossier", balance(decided(claim.ToComplete)), ""},
		{"accepted, the same dossier", balance(decided(claim.Accepted)), ""}, // DOS-03 tells of it
		{"accepted, the same dossier, closed", balance(func(p *PastClaim) { p.Decision, p.Closed = claim.Accepted, true }), "DOC-05"},
		{"rejected, the same dossier, closed", balance(func(p *PastClaim) { p.Decision, p.Closed = claim.Rejected, true }), ""},
		{"another dossier", balance(func(p *PastClaim) { p.Dossier = string(claim.NewDossierNumber("LGO1", 2)) }), "DOC-05"},
		{"the dossier's advance", balance(func(p *PastClaim) { p.Kind, p.Decision = claim.Advance, claim.Accepted }), "DOC-05"},
		{"another supplier's", balance(func(p *PastClaim) { p.Supplier = otherSupplier }), "DOC-05"},
	} {
		ctx, c := faultless()
		c.Kind, c.Row.Fields = claim.Balance, map[claim.FieldID]claim.Field{}
		setText(c, claim.FieldDossier, dossier)
		setText(c, claim.FieldAptitudeFile, "va.pdf")
		d := &c.Documents[0]
		d.Role, d.Field, d.Name, d.Object.Name = claim.AptitudeCertificate, claim.FieldAptitudeFile, "va.pdf", "va.pdf"
		if got := codes(AssessHistory(ctx, c, claim.Assessment{}, &fakeHistory{uses: []PastClaim{test.use}})); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}
