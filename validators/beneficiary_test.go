package validators

import (
	"fmt"
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

func pharmacy(f func(*claim.Establishment)) func(*Context, *claim.Claim) {
	return func(ctx *Context, _ *claim.Claim) { change(registers(ctx).establishments, thePharmacy, f) }
}

func TestBeneficiary(t *testing.T) {
	wrongKey := thePharmacy[:8] + claim.FINESS('0'+(thePharmacy[8]-'0'+1)%10)
	corsican := withKey("2A000001")
	cases := []ruleCase{
		{"BEN-01 key", withText(claim.FieldFINESS, string(wrongKey)), "BEN-01"},
		{"BEN-01 unknown", withText(claim.FieldFINESS, string(withKey("75000009"))), "BEN-01"},
		{"BEN-01 legal entity", withText(claim.FieldFINESS, string(theLegalEntity)), "BEN-01"},
		{"Corsican", func(ctx *Context, c *claim.Claim) {
			setText(c, claim.FieldFINESS, string(corsican))
			e := registers(ctx).establishments[thePharmacy]
			e.FINESS = corsican
			registers(ctx).establishments[corsican] = e
			registers(ctx).tranches[corsican] = "B"
		}, ""},
		{"BEN-01 silences BEN-02, BEN-05, BEN-06, MNT-01", also(
			withText(claim.FieldFINESS, string(withKey("75000009"))), withText(claim.FieldCompanyName, "Tout autre"),
			func(_ *Context, c *claim.Claim) { setAmount(c, "99999.00") },
		), "BEN-01"},
		{"BEN-02 hospital", pharmacy(func(e *claim.Establishment) { e.Category = "355" }), "BEN-02"},
		{"BEN-05 other name", withText(claim.FieldCompanyName, "Pharmacie Dupont"), "BEN-05"},
		{"BEN-05 one word of three", withText(claim.FieldCompanyName, "Pont Jean Marie"), ""}, // 1 of the 2 of « pont neuf »
		{"long name counts too", also(
			withText(claim.FieldCompanyName, "Officine Durand-Leroy"),
			pharmacy(func(e *claim.Establishment) { e.LongName = "SELARL OFFICINE DURAND LEROY" }),
		), ""},
		{"no name in the register", also(withText(claim.FieldCompanyName, "Tout autre"), pharmacy(func(e *claim.Establishment) { e.Name = "" })), ""},
		{"BEN-06 absent", func(ctx *Context, _ *claim.Claim) { delete(registers(ctx).tranches, thePharmacy) }, "BEN-06"},
		{"BEN-06 no such tranche", func(ctx *Context, _ *claim.Claim) { registers(ctx).tranches[thePharmacy] = "E" }, "BEN-06"},
		{"BEN-06 silences MNT-01", func(ctx *Context, c *claim.Claim) {
			delete(registers(ctx).tranches, thePharmacy)
			setAmount(c, "99999.00")
		}, "BEN-06"},
		{"BEN-02 does not silence BEN-06", also(
			pharmacy(func(e *claim.Establishment) { e.Category = "355" }),
			func(ctx *Context, _ *claim.Claim) { delete(registers(ctx).tranches, thePharmacy) },
		), "BEN-02 BEN-06"},
	}
	for _, category := range []string{"620", "627", "628", "629"} {
		cases = append(cases, ruleCase{"category " + category, pharmacy(func(e *claim.Establishment) { e.Category = category }), ""})
	}
	for _, category := range []string{"", "62", "6200", "619", "621", "626", "630"} {
		cases = append(cases, ruleCase{"BEN-02 category " + category, pharmacy(func(e *claim.Establishment) { e.Category = category }), "BEN-02"})
	}
	runCases(t, cases)
}

func TestLegalEntityNamesItsEstablishments(t *testing.T) {
	ctx, c := faultless()
	setText(c, claim.FieldFINESS, string(theLegalEntity))
	got := find(t, Assess(ctx, c).Findings, "BEN-01")
	if want := string(thePharmacy) + " (PHARMACIE DU PONT NEUF PARIS)"; !strings.Contains(got.Message, want) {
		t.Errorf("%q does not say %q", got.Message, want)
	}
	var last claim.FINESS
	for i := range 200 {
		e := registers(ctx).establishments[thePharmacy]
		e.FINESS = withKey(fmt.Sprintf("76%06d", i))
		if i != 100 {
			e.Category = "355"
		} else {
			last = e.FINESS
		}
		registers(ctx).establishments[e.FINESS] = e
	}
	got = find(t, Assess(ctx, c).Findings, "BEN-01")
	checkTexts(t, got)
	for _, want := range []string{string(thePharmacy) + ", " + string(last) + ", ", "et 193 autres"} {
		if !strings.Contains(got.Message, want) {
			t.Errorf("%q does not say %q", got.Message, want)
		}
	}
}

func TestAlike(t *testing.T) {
	ctx, _ := faultless()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{"Pharmacie du Pont Neuf", "PHARMACIE DU PONT NEUF", true},
		{"Pharmacie du Pont-Neuf", "SELARL PHARMACIE DU PONT NEUF", true},
		{"S.E.L.A.R.L. Pharmacie Dupont", "PHARMACIE DUPONT", true},
		{"S.E.L.A.R.L. Durand", "S.E.L.A.R.L. Dupont", false},
		{"Pharmacie de l’Étoile", "PHARMACIE DE L'ETOILE", true},
		{"Grande pharmacie des Cœurs", "PHARMACIE DES COEURS", true},
		{"Pharmacie Dupont", "PHARMACIE DURAND", false},
		{"Pharmacie", "PHARMACIE", true},         // nothing remains: compared without removing
		{"Pharmacie", "PHARMACIE DUPONT", false}, // {pharmacie} against {dupont}
		{"Pharmacie de la Grande Pharmacie", "Pharmacie du Pharmacien", false},
		{"alpha beta", "alpha gamma", true},                    // 1 of 2: not under a half
		{"alpha beta gamma", "alpha delta epsilon", false},     // 1 of 3
		{"alpha beta gamma", "alpha", true},                    // 1 of 1
		{"alpha beta gamma delta", "alpha beta x y", true},     // 2 of 4
		{"alpha alpha alpha beta", "beta gamma delta x", true}, // 1 of {alpha, beta}
		{"", "PHARMACIE DUPONT", false},
		{"***", "---", false},
	} {
		for range 2 {
			if got := alike(ctx.Programme.Names, test.a, test.b); got != test.want {
				t.Errorf("%q and %q: got %t", test.a, test.b, got)
			}
			test.a, test.b = test.b, test.a
		}
	}
}
