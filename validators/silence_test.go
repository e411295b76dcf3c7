package validators

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/config"
	"guichet/pipeline/claim"
)

// hopeless gives an advance with every fault of its row and of its purchase
// order that can stand beside the others, and the codes it has.
func hopeless() (*Context, *claim.Claim, []string) {
	ctx, c := faultless()
	also(
		withText(claim.FieldProgramme, "AF-X"),
		enrol(claim.Enrolment{From: day("2022-03-01"), Until: day("2022-05-01"), VATRegime: claim.LiableToVAT}),
		withText(claim.FieldSolution, "Tout autre"), withText(claim.FieldVersion, "99"),
		solve(func(s *claim.Solution) { s.Withdrawn, s.Referenced = day("2023-01-01"), day("2024-01-01") }),
		pharmacy(func(e *claim.Establishment) { e.Category = "355" }),
		withText(claim.FieldCompanyName, "Tout autre"),
		orderedOn("2022-01-01"), amountOf("99999.00"), regime(claim.NotLiableToVAT),
		signedAt("2022-01-01 00:00"), receivedAt("2023-03-20 09:00"),
	)(ctx, c)
	c.Documents[0].Facts.Pages = []claim.Page{pageOf("Bon de commande")}
	return ctx, c, strings.Fields("LIG-03 FOU-02 FOU-04 FOU-04 FOU-05 FOU-06 BEN-02 BEN-05 CMD-01 CMD-04 CMD-06 DEL-01 MNT-01 MNT-03 MNT-04 " +
		"MEN-01 MEN-02 MEN-03 MEN-04 MEN-05 MEN-06 MEN-07 MEN-08 MEN-09 MEN-10 MEN-11 MEN-12 MEN-13")
}

// TestWhatSilencesWhat adds one fault to a hopeless claim: it is told, what it
// silences is not, and everything else still is.
func TestWhatSilencesWhat(t *testing.T) {
	const mentions = "MEN-01 MEN-02 MEN-03 MEN-04 MEN-05 MEN-06 MEN-07 MEN-08 MEN-09 MEN-10 MEN-11 MEN-12 MEN-13"
	type silence struct {
		fault    string
		spoil    func(*Context, *claim.Claim)
		silenced string // a code twice where both of its findings are
	}
	document := func(f func(*claim.Document)) func(*Context, *claim.Claim) {
		return func(_ *Context, c *claim.Claim) { f(&c.Documents[0]) }
	}
	wrongKey := string(thePharmacy[:8] + claim.FINESS('0'+(thePharmacy[8]-'0'+1)%10))
	cases := map[string]silence{
		"nothing":      {"", also(), ""},
		"FOU-01":       {"FOU-01", withText(claim.FieldSupplier, string(otherSupplier)), "FOU-02 MNT-04"},
		"FOU-03":       {"FOU-03", withText(claim.FieldANSReference, "LGO-9999"), "FOU-02 FOU-04 FOU-04 FOU-05 FOU-06 CMD-04 MNT-04 MEN-13"},
		"BEN-01":       {"BEN-01", withText(claim.FieldFINESS, string(withKey("75000009"))), "BEN-02 BEN-05 MNT-01"},
		"BEN-01 key":   {"BEN-01", withText(claim.FieldFINESS, wrongKey), "BEN-02 BEN-05 MNT-01 MEN-06"},
		"BEN-06":       {"BEN-06", func(ctx *Context, _ *claim.Claim) { delete(registers(ctx).tranches, thePharmacy) }, "MNT-01"},
		"MNT-02":       {"MNT-02", amountOf("0.00"), "MNT-01 MEN-04"},
		"MNT-02 finer": {"MNT-02", finer(9999900), "MNT-01 MEN-04"},
		"DOC-01":       {"DOC-01", document(func(d *claim.Document) { d.Object, d.Facts = nil, nil }), "CMD-06 " + mentions},
		"DOC-02":       {"DOC-02", document(func(d *claim.Document) { d.Facts.Status, d.Facts.Reason = claim.ReadFailed, "corrupt" }), "CMD-06 " + mentions},
		"DOC-03":       {"DOC-03", document(func(d *claim.Document) { d.Facts.Status = claim.ReadLocked }), "CMD-06 " + mentions},
		"DOC-06":       {"DOC-06", document(func(d *claim.Document) { d.Facts.Pages, d.Facts.TextSource = []claim.Page{{}}, claim.TextFromNone }), mentions},
	}
	for id, silenced := range map[claim.FieldID]string{
		claim.FieldProgramme: "LIG-03", claim.FieldSupplier: "", claim.FieldOrderRef: "", claim.FieldVATFile: "MNT-03",
		claim.FieldOrderDate: "CMD-01 CMD-04 MEN-02 MEN-13", claim.FieldVATRegime: "MNT-03 MNT-04 MEN-03", claim.FieldAmount: "MNT-01 MEN-04",
		claim.FieldManager: "MEN-05", claim.FieldFINESS: "BEN-02 BEN-05 MNT-01 MEN-06", claim.FieldCompanyName: "BEN-05 MEN-07",
		claim.FieldEmail: "MEN-08", claim.FieldPhone: "MEN-09",
		claim.FieldANSReference: "FOU-02 FOU-04 FOU-04 FOU-05 FOU-06 CMD-04 MNT-04 MEN-13",
		claim.FieldSolution:     "FOU-04 MEN-11", claim.FieldVersion: "FOU-04 MEN-11",
		claim.FieldOrderFile: "CMD-06 " + mentions,
	} {
		label := config.TemplateOf(claim.Advance).Column(id).Label
		for state, code := range map[claim.FieldState]string{claim.FieldEmpty: "LIG-01", claim.FieldBad: "LIG-02", claim.FieldNoValue: "LIG-04"} {
			also := silenced
			if id == claim.FieldVATFile && state == claim.FieldEmpty {
				code, also = "", "" // it need not be there: hopeless as it was
			}
			cases[code+" "+label] = silence{code, func(_ *Context, c *claim.Claim) {
				setState(c, id, state)
				if id == claim.FieldOrderFile {
					c.Documents = nil
				}
			}, also}
		}
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, c, want := hopeless()
			for _, code := range strings.Fields(test.silenced) {
				i := slices.Index(want, code)
				if i < 0 {
					t.Fatalf("the hopeless claim has no %s to silence", code)
				}
				want = slices.Delete(want, i, i+1)
			}
			if test.fault != "" {
				want = append(want, test.fault)
			}
			slices.SortStableFunc(want, func(a, b string) int { return config.Rules.Index(a) - config.Rules.Index(b) })
			test.spoil(ctx, c)
			if diff := cmp.Diff(want, strings.Fields(codes(Assess(ctx, c).Findings))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			explanation := explained(t, ctx, c, nil, &fakeHistory{})
			for _, code := range strings.Fields(test.silenced) {
				e := explanation[code]
				if !slices.Equal(e.Because, []string{test.fault}) || (e.State == Told) != slices.Contains(want, code) {
					t.Errorf("%s is %s because of %q, want %s", code, e.State, e.Because, test.fault)
				}
			}
		})
	}
}
