package validators

import (
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// enrol replaces the supplier's rows.
func enrol(rows ...claim.Enrolment) func(*Context, *claim.Claim) {
	return func(ctx *Context, _ *claim.Claim) {
		for i := range rows {
			rows[i].Supplier = theSupplier
			if rows[i].ANSReference == "" {
				rows[i].ANSReference = theReference
			}
		}
		registers(ctx).enrolments[theSupplier] = rows
	}
}

func solve(f func(*claim.Solution)) func(*Context, *claim.Claim) {
	return func(ctx *Context, _ *claim.Claim) { change(registers(ctx).solutions, theReference, f) }
}

// receivedAt moves a claim's reception.
func receivedAt(at string) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) { c.ReceivedAt = paris(at) }
}

// also does one thing after the other.
func also(all ...func(*Context, *claim.Claim)) func(*Context, *claim.Claim) {
	return func(ctx *Context, c *claim.Claim) {
		for _, f := range all {
			f(ctx, c)
		}
	}
}

func withText(id claim.FieldID, value string) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) { setText(c, id, value) }
}

func TestSupplier(t *testing.T) {
	const otherReference = "LGO-0002"
	// La Poste's establishments have keys of their own: the sum of the digits.
	const laPoste = "35600000049837"
	runCases(t, []ruleCase{
		{"FOU-01 another company", withText(claim.FieldSupplier, string(otherSupplier)), "FOU-01"},
		{"FOU-01 another establishment of the company", withText(claim.FieldSupplier, string(siretOf("73282932001"))), "FOU-01"},
		{"FOU-01 La Poste in another's folder", withText(claim.FieldSupplier, laPoste), "FOU-01"},
		{"La Poste in its own folder", func(ctx *Context, c *claim.Claim) {
			setText(c, claim.FieldSupplier, laPoste)
			c.Supplier = laPoste
			registers(ctx).enrolments[laPoste] = registers(ctx).enrolments[theSupplier]
		}, ""},
		{"FOU-01 silences FOU-02 and MNT-04", also(withText(claim.FieldSupplier, string(otherSupplier)), enrol()), "FOU-01"},

		{"FOU-02 not enrolled for this solution", enrol(claim.Enrolment{ANSReference: otherReference, From: day("2022-03-01")}), "FOU-02"},
		{"FOU-02 no row at all", enrol(), "FOU-02"},
		{"FOU-02 enrolment without a day", enrol(claim.Enrolment{}), "FOU-02"},
		{"enrolled from that midnight", also(enrol(claim.Enrolment{From: day("2022-12-01")}), receivedAt("2022-12-01 00:00")), ""},
		{"FOU-02 a moment before that midnight", also(enrol(claim.Enrolment{From: day("2022-12-01")}), receivedAt("2022-11-30 23:59:59.999")), "FOU-02"},
		{"struck off from the next midnight", also(enrol(claim.Enrolment{From: day("2022-03-01"), Until: day("2022-12-01")}), receivedAt("2022-11-30 23:59:59.999")), ""},
		{"FOU-02 struck off from that midnight", also(enrol(claim.Enrolment{From: day("2022-03-01"), Until: day("2022-12-01")}), receivedAt("2022-12-01 00:00")), "FOU-02"},
		{"enrolled again", enrol(claim.Enrolment{From: day("2022-03-01"), Until: day("2022-05-01")}, claim.Enrolment{From: day("2022-10-01")}), ""},
		{"FOU-02 between two enrolments", enrol(claim.Enrolment{From: day("2022-03-01"), Until: day("2022-05-01")}, claim.Enrolment{From: day("2023-01-01")}), "FOU-02"},
		{"distributor with a mandate", enrol(claim.Enrolment{From: day("2022-03-01"), Distributor: true, Mandate: true}), ""},
		{"FOU-02 distributor without a mandate", enrol(claim.Enrolment{From: day("2022-03-01"), Distributor: true}), "FOU-02"},
		{"publisher needs no mandate", enrol(claim.Enrolment{From: day("2022-03-01")}), ""},
		{"reference in other letters in the register", enrol(claim.Enrolment{ANSReference: "lgo-0001 ", From: day("2022-03-01")}), ""},

		{"FOU-03", withText(claim.FieldANSReference, "LGO-9999"), "FOU-03"},
		{"FOU-03 silences FOU-02, FOU-04 to FOU-06, CMD-04, MNT-04", also(
			withText(claim.FieldANSReference, "LGO-9999"), withText(claim.FieldSolution, "Autre"), withText(claim.FieldVersion, "0"), enrol(),
			func(_ *Context, c *claim.Claim) { setDate(c, claim.FieldOrderDate, "2022-02-12") },
		), "FOU-03"},

		{"FOU-04 name", withText(claim.FieldSolution, "OffiSoft Pro"), "FOU-04"},
		{"FOU-04 version", withText(claim.FieldVersion, "12.40"), "FOU-04"},
		{"FOU-04 both", also(withText(claim.FieldSolution, "OffiSoft Pro"), withText(claim.FieldVersion, "13")), "FOU-04 FOU-04"},
		{"name in other letters", withText(claim.FieldSolution, "  OFFISOFT   officine"), ""},

		{"FOU-05", solve(func(s *claim.Solution) { s.Withdrawn = day("2022-11-01") }), "FOU-05"},
		{"FOU-05 withdrawn from that midnight", also(solve(func(s *claim.Solution) { s.Withdrawn = day("2022-12-01") }), receivedAt("2022-12-01 00:00")), "FOU-05"},
		{"withdrawn from the next midnight", also(solve(func(s *claim.Solution) { s.Withdrawn = day("2022-12-01") }), receivedAt("2022-11-30 23:59:59.999")), ""},

		{"FOU-06 not referenced", solve(func(s *claim.Solution) { s.Referenced = claim.Date{} }), "FOU-06"},
		{"FOU-06 referenced later", solve(func(s *claim.Solution) { s.Referenced = day("2022-12-02") }), "FOU-06"},
		{"referenced from that midnight", also(solve(func(s *claim.Solution) { s.Referenced = day("2022-12-01") }), receivedAt("2022-12-01 00:00")), ""},
		{"FOU-06 a moment before that midnight", also(solve(func(s *claim.Solution) { s.Referenced = day("2022-12-01") }), receivedAt("2022-11-30 23:59:59.999")), "FOU-06"},
		// Paris is two hours ahead of UTC in summer, one in winter.
		{"midnight in summer time", also(
			enrol(claim.Enrolment{From: day("2022-09-15")}),
			func(_ *Context, c *claim.Claim) { c.ReceivedAt = paris("2022-09-15 00:00").UTC() },
		), ""},
		{"FOU-02 a moment before midnight in summer time", also(
			enrol(claim.Enrolment{From: day("2022-09-15")}),
			func(_ *Context, c *claim.Claim) { c.ReceivedAt = paris("2022-09-14 23:59:59").UTC() },
		), "FOU-02"},
	})
}

func TestSupplierMessages(t *testing.T) {
	for _, test := range []struct {
		name     string
		spoil    func(*Context, *claim.Claim)
		code     string
		messages []string
	}{
		{"not for this solution", enrol(), "FOU-02", []string{"n'est pas enrôlée pour la solution de référence LGO-0001"}},
		{"not yet", enrol(claim.Enrolment{From: day("2023-02-01")}, claim.Enrolment{From: day("2023-01-01")}), "FOU-02", []string{"reçue le 01/12/2022 à 10:00", "en vigueur le 01/01/2023"}},
		{"struck off", enrol(claim.Enrolment{From: day("2022-03-01"), Until: day("2022-10-01")}, claim.Enrolment{From: day("2022-03-01"), Until: day("2022-11-01")}), "FOU-02", []string{"a pris fin le 01/11/2022"}},
		{"no mandate", enrol(claim.Enrolment{From: day("2022-03-01"), Distributor: true}), "FOU-02", []string{"sans mandat"}},
		{"folder", withText(claim.FieldSupplier, string(otherSupplier)), "FOU-01", []string{string(otherSupplier), string(theSupplier)}},
		{"name", withText(claim.FieldSolution, "Autre"), "FOU-04", []string{"« Autre »", "nom de la solution", "« OffiSoft Officine »"}},
		{"version", withText(claim.FieldVersion, "9"), "FOU-04", []string{"« 9 »", "version", "« 12.4 »"}},
		{"withdrawn", solve(func(s *claim.Solution) { s.Withdrawn = day("2022-11-01") }), "FOU-05", []string{"01/12/2022 à 10:00", "01/11/2022"}},
		{"later", solve(func(s *claim.Solution) { s.Referenced = day("2023-01-01") }), "FOU-06", []string{"01/12/2022 à 10:00", "01/01/2023"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, c := faultless()
			test.spoil(ctx, c)
			f := find(t, Assess(ctx, c).Findings, test.code)
			for _, want := range test.messages {
				if !strings.Contains(f.Message, want) {
					t.Errorf("%q does not say %q", f.Message, want)
				}
			}
		})
	}
}
