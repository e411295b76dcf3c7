package settle

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/validators"
)

func TestAmounts(t *testing.T) {
	none := claim.Cents(-1)
	for name, c := range map[string]struct {
		change           func(*town, map[claim.FieldID]claim.Field)
		excl, total, due claim.Cents
	}{
		"tranche A under its ceiling": {func(r *town, f map[claim.FieldID]claim.Field) {
			r.tranches[pharmacy(1)] = "A"
			f[claim.FieldAmount] = amount(60000)
		}, 60000, 72000, 21600},
		"tranche C at its ceiling": {func(r *town, f map[claim.FieldID]claim.Field) {
			r.tranches[pharmacy(1)] = "C"
			f[claim.FieldAmount] = amount(79200)
		}, 79200, 95000, 28500}, // 950.40 is paid 950.00
		"not liable to VAT": {func(r *town, f map[claim.FieldID]claim.Field) {
			r.tranches[pharmacy(1)] = "C"
			f[claim.FieldAmount] = amount(79200)
			f[claim.FieldVATRegime] = text(claim.NotLiableToVAT)
		}, 79200, 79200, 23760},
		"Martinique": {func(r *town, _ map[claim.FieldID]claim.Field) {
			r.change(pharmacy(1), func(e *claim.Establishment) { e.Department, e.Postcode = "9B", "97200" })
		}, 60000, 65100, 19530},
		"Guyane": {func(r *town, _ map[claim.FieldID]claim.Field) {
			r.change(pharmacy(1), func(e *claim.Establishment) { e.Department, e.Postcode = "9C", "97300" })
		}, 60000, 60000, 18000},
		"half a cent goes up": {func(_ *town, f map[claim.FieldID]claim.Field) {
			f[claim.FieldVATRegime] = text(claim.NotLiableToVAT)
			f[claim.FieldAmount] = amount(5)
		}, 5, 5, 2},
		"a cent above the ceiling": {func(_ *town, f map[claim.FieldID]claim.Field) { f[claim.FieldAmount] = amount(87501) }, 87501, none, none},
		"nothing":                  {func(_ *town, f map[claim.FieldID]claim.Field) { f[claim.FieldAmount] = amount(0) }, 0, none, none},
		"less than nothing":        {func(_ *town, f map[claim.FieldID]claim.Field) { f[claim.FieldAmount] = amount(-100) }, -100, none, none},
		"finer than a cent": {func(_ *town, f map[claim.FieldID]claim.Field) {
			field := amount(60000)
			field.Amount.Finer = true
			f[claim.FieldAmount] = field
		}, none, none, none},
		"unreadable amount": {func(_ *town, f map[claim.FieldID]claim.Field) {
			f[claim.FieldAmount] = claim.Field{State: claim.FieldBad, Raw: "six cents"}
		}, none, none, none},
		"unreadable regime": {func(_ *town, f map[claim.FieldID]claim.Field) {
			f[claim.FieldVATRegime] = claim.Field{State: claim.FieldBad, Raw: "peut-être"}
		}, 60000, none, none},
		"unknown pharmacy": {func(r *town, _ map[claim.FieldID]claim.Field) { delete(r.establishments, pharmacy(1)) }, 60000, none, none},
		"a hospital": {func(r *town, _ map[claim.FieldID]claim.Field) {
			r.change(pharmacy(1), func(e *claim.Establishment) { e.Category = "101" })
		}, 60000, none, none},
		"no tranche":         {func(r *town, _ map[claim.FieldID]claim.Field) { delete(r.tranches, pharmacy(1)) }, 60000, none, none},
		"an unknown tranche": {func(r *town, _ map[claim.FieldID]claim.Field) { r.tranches[pharmacy(1)] = "E" }, 60000, none, none},
	} {
		t.Run(name, func(t *testing.T) {
			vctx, l := newTown(t, 1), open(t)
			for _, outcome := range []claim.Outcome{claim.Complete, ""} { // first as a claim that is not accepted
				night := batches(filed{batch: "lot-" + string(outcome), row: 2, outcome: outcome})
				c.change(vctx.Registers.(*town), night[0].Claims[0].Row.Fields)
				wantDue := none
				if outcome == "" {
					wantDue = c.due
				}
				_, err := Night(t.Context(), vctx, l, night)
				if outcome == "" && c.due == none {
					if !errors.Is(err, ErrUncomputable) {
						t.Errorf("without a finding: %v; want ErrUncomputable", err)
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				s, _, err := l.Claim(t.Context(), night[0].Claims[0].ID)
				if err != nil {
					t.Fatal(err)
				}
				got := []claim.Cents{none, none, none}
				for i, p := range []*claim.Cents{s.Amounts.ExclTax, s.Amounts.PayableTotal, s.Amounts.AmountDue} {
					if p != nil {
						got[i] = *p
					}
				}
				if diff := cmp.Diff([]claim.Cents{c.excl, c.total, wantDue}, got); diff != "" {
					t.Errorf("%s, excl. tax, total, due: %s", s.Decision, diff)
				}
			}
		})
	}
}

func TestOrderOfTheNight(t *testing.T) {
	// Of each pair the first comes first, though it is filed last.
	for name, pair := range map[string][2]filed{
		"earlier reception": {{supplier: supplierB, batch: "z", row: 9}, {supplier: supplierA, batch: "a", row: 2, at: time.Millisecond}},
		"lower SIRET":       {{supplier: supplierA, batch: "z", row: 9}, {supplier: supplierB, batch: "a", row: 2}},
		"batch":             {{batch: "a", row: 9}, {batch: "b", row: 2}},
		"row":               {{batch: "a", row: 9}, {batch: "a", row: 10}},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t)
			night(t, newTown(t, 1), l, pair[1], pair[0])
			first, second := standing(t, l, pair[0]), standing(t, l, pair[1])
			if first.Decision != claim.Accepted || first.Dossier != "LGO1-00000001-96" {
				t.Errorf("the first: %s, %q", first.Decision, first.Dossier)
			}
			if second.Decision != claim.Rejected || !slices.Equal(told(second.Result), []string{"BEN-03"}) || second.Dossier != "" {
				t.Errorf("the second: %s, %v, %q", second.Decision, told(second.Result), second.Dossier)
			}
		})
	}
}

// TestScenes settles the claims one after the other, in one night and with a
// night for each: both must come to the same.
func TestScenes(t *testing.T) {
	type outcome struct {
		Decision   claim.Decision
		Codes      []string
		Replaces   int // number of the claim in the scene, from 1; 0 for none
		Superseded bool
	}
	scenes := map[string]struct {
		claims []filed
		want   []outcome
	}{
		"funded once": {
			[]filed{{}, {supplier: supplierB}, {}},
			[]outcome{{Decision: claim.Accepted}, {Decision: claim.Rejected, Codes: []string{"BEN-03"}}, {Decision: claim.Rejected, Codes: []string{"BEN-03"}}},
		},
		"a rejected claim does not hold the pharmacy": {
			[]filed{{outcome: claim.Reject}, {outcome: claim.Complete}, {supplier: supplierB, outcome: claim.Warn}},
			[]outcome{{Decision: claim.Rejected, Codes: []string{"DEL-01"}}, {Decision: claim.ToComplete, Codes: []string{"MEN-05"}}, {Decision: claim.Accepted, Codes: []string{"BEN-05"}}},
		},
		"a claim under review holds it, and who waits holds it too": {
			[]filed{{outcome: claim.Review}, {supplier: supplierB}, {supplier: siret(3)}},
			[]outcome{
				{Decision: claim.UnderReview, Codes: []string{"SIG-04"}},
				{Decision: claim.UnderReview, Codes: []string{"BEN-04"}},
				{Decision: claim.UnderReview, Codes: []string{"BEN-04"}},
			},
		},
		"a correction supersedes the pending claim and frees the pharmacy": {
			[]filed{{ref: "BC 1", outcome: claim.Review}, {ref: "BC 1", outcome: claim.Complete}, {supplier: supplierB}},
			[]outcome{
				{Decision: claim.UnderReview, Codes: []string{"SIG-04"}, Superseded: true},
				{Decision: claim.ToComplete, Codes: []string{"MEN-05"}, Replaces: 1},
				{Decision: claim.Accepted},
			},
		},
		"an accepted correction": {
			[]filed{{ref: "BC 1", outcome: claim.Review}, {ref: "BC 1"}},
			[]outcome{{Decision: claim.UnderReview, Codes: []string{"SIG-04"}, Superseded: true}, {Decision: claim.Accepted, Replaces: 1}},
		},
		"a correction of a correction": {
			[]filed{{ref: "BC 1", outcome: claim.Review}, {ref: "BC 1", outcome: claim.Review}, {ref: "BC 1"}},
			[]outcome{
				{Decision: claim.UnderReview, Codes: []string{"SIG-04"}, Superseded: true},
				{Decision: claim.UnderReview, Codes: []string{"SIG-04"}, Replaces: 1, Superseded: true},
				{Decision: claim.Accepted, Replaces: 2},
			},
		},
		"a rejected correction leaves the pending claim, which the next one supersedes": {
			[]filed{{ref: "BC 1", outcome: claim.Review}, {ref: "BC 1", outcome: claim.Reject}, {ref: "BC 1"}},
			[]outcome{
				{Decision: claim.UnderReview, Codes: []string{"SIG-04"}, Superseded: true},
				{Decision: claim.Rejected, Codes: []string{"DEL-01"}},
				{Decision: claim.Accepted, Replaces: 2},
			},
		},
		"a claim to complete is replaced, an accepted one is not": {
			[]filed{{ref: "BC 1", outcome: claim.Complete}, {ref: "BC 1"}, {ref: "BC 1"}},
			[]outcome{
				{Decision: claim.ToComplete, Codes: []string{"MEN-05"}},
				{Decision: claim.Accepted, Replaces: 1},
				{Decision: claim.Rejected, Codes: []string{"BEN-03"}},
			},
		},
		"another order of the same supplier supersedes nothing": {
			[]filed{{ref: "BC 1", outcome: claim.Review}, {ref: "BC 2", outcome: claim.Review}},
			[]outcome{{Decision: claim.UnderReview, Codes: []string{"SIG-04"}}, {Decision: claim.UnderReview, Codes: []string{"SIG-04"}}},
		},
		"an order reference for two pharmacies": {
			[]filed{{ref: "BC 1"}, {ref: "BC 1", pharmacy: 2}, {ref: "BC 1", pharmacy: 2, supplier: supplierB}},
			[]outcome{{Decision: claim.Accepted}, {Decision: claim.ToComplete, Codes: []string{"CMD-05"}}, {Decision: claim.Accepted}},
		},
		"a document used again": {
			[]filed{{doc: "same", outcome: claim.Reject}, {doc: "same", pharmacy: 2, supplier: supplierB}},
			[]outcome{{Decision: claim.Rejected, Codes: []string{"DEL-01"}}, {Decision: claim.UnderReview, Codes: []string{"DOC-05"}}},
		},
		"a document of the claim that is replaced": {
			[]filed{{doc: "same", ref: "BC 1", outcome: claim.Review}, {doc: "same", ref: "BC 1"}},
			[]outcome{{Decision: claim.UnderReview, Codes: []string{"SIG-04"}, Superseded: true}, {Decision: claim.Accepted, Replaces: 1}},
		},
		"two numbers of one SIRET": {
			[]filed{{pharmacy: 3}, {pharmacy: 4}},
			[]outcome{{Decision: claim.Accepted}, {Decision: claim.UnderReview, Codes: []string{"BEN-07"}}},
		},
	}
	for name, scene := range scenes {
		for _, nights := range []string{"one night", "a night each"} {
			t.Run(name+", "+nights, func(t *testing.T) {
				vctx, l := newTown(t, 4), open(t)
				r := vctx.Registers.(*town)
				r.change(pharmacy(4), func(e *claim.Establishment) { e.SIRET = r.establishments[pharmacy(3)].SIRET })
				claims := slices.Clone(scene.claims)
				for i := range claims {
					claims[i].row, claims[i].at = i+2, time.Duration(i)*time.Minute
					claims[i].batch = "lot-" + string(rune('a'+i))
				}
				if nights == "one night" {
					night(t, vctx, l, claims...)
				} else {
					for _, c := range claims {
						night(t, vctx, l, c)
					}
				}
				numbers := map[claim.ID]int{"": 0}
				var got []outcome
				for i, c := range claims {
					s := standing(t, l, c)
					numbers[s.Claim] = i + 1
					got = append(got, outcome{s.Decision, told(s.Result), numbers[s.Replaces], s.Superseded})
				}
				if diff := cmp.Diff(scene.want, got); diff != "" {
					t.Error(diff)
				}
				if err := l.Verify(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

func TestOvertaken(t *testing.T) {
	vctx, l := newTown(t, 1), open(t)
	night(t, vctx, l, filed{batch: "overtook", row: 2, supplier: supplierB, at: time.Hour})
	late := filed{batch: "late", row: 2}
	night(t, vctx, l, late)
	if s := standing(t, l, late); s.Decision != claim.UnderReview || !slices.Equal(told(s.Result), []string{"BEN-03"}) {
		t.Errorf("received earlier, settled later: %s, %v; want BEN-03 under review", s.Decision, told(s.Result))
	}
}

func TestResultTellsAll(t *testing.T) {
	vctx, l := newTown(t, 1), open(t)
	f := filed{row: 7, ref: "BC 1", outcome: claim.Warn, doc: "d"}
	night(t, vctx, l, f)
	excl, total, due := claim.Cents(60000), claim.Cents(72000), claim.Cents(21600)
	want := claim.Result{
		Claim: claim.NewID(claim.Advance, supplierA, "lot", 1, 7), Kind: claim.Advance, Row: 7, Supplier: supplierA, Batch: "lot", Revision: 1,
		Decision: claim.Accepted, FINESS: pharmacy(1), Dossier: "LGO1-00000001-96", OrderRef: "BC 1", CompanyName: "PHARMACIE 1", Tranche: "D",
		VATRegime: claim.LiableToVAT, SIRET: siret(101), Solution: "LGO-1",
		Amounts:    claim.Amounts{ExclTax: &excl, PayableTotal: &total, AmountDue: &due},
		ReceivedAt: noon, Documents: []claim.ResultDocument{{File: "bc.pdf", SHA256: "d", Role: claim.PurchaseOrder, Pages: 1}},
		Findings: []claim.Finding{{Code: "BEN-05", Outcome: claim.Warn}}, Evidence: []claim.Evidence{},
	}
	got := standing(t, l, f).Result
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Error(diff)
	}
}

func TestRevisions(t *testing.T) {
	vctx, l := newTown(t, 3), open(t)
	all := batches(filed{pharmacy: 1}, filed{pharmacy: 2}, filed{pharmacy: 2}, filed{pharmacy: 3, outcome: claim.Review}, filed{pharmacy: 3, outcome: claim.Complete})
	refused := Batch{Revision: claim.Revision{
		Supplier: supplierB, Batch: "vide", Number: 1, Status: claim.Refused, ReceivedAt: noon, Findings: []claim.Finding{{Code: "FIC-05", Outcome: claim.Complete}},
	}}
	revisions, err := revisionsOf(t.Context(), vctx, l, append([]Batch{refused}, all...))
	if err != nil {
		t.Fatal(err)
	}
	if len(revisions) != 2 || revisions[1].Batch != "vide" || revisions[1].Counts != (claim.Counts{}) || len(revisions[1].Findings) != 1 {
		t.Fatalf("%+v", revisions)
	}
	want := claim.Counts{Accepted: 2, Rejected: 1, ToComplete: 1, UnderReview: 1, NewlyAccepted: 2}
	if revisions[0].Counts != want || revisions[0].AmountDue != 2*21600 {
		t.Errorf("counts %+v, due %s", revisions[0].Counts, revisions[0].AmountDue)
	}
	for _, r := range revisions {
		kept, found, err := l.Revision(t.Context(), r.Supplier, r.Batch, 1)
		if err != nil || !found || kept.Counts != r.Counts || kept.AmountDue != r.AmountDue {
			t.Errorf("%s in the ledger: %+v, %v, %v", r.Batch, kept, found, err)
		}
	}
}

// TestUnfitBatches sees that a batch that cannot be settled is named, and that
// the others are settled as if it were not there.
func TestUnfitBatches(t *testing.T) {
	fit := filed{batch: "fit", row: 2, at: time.Hour}
	for name, c := range map[string]struct {
		spoil func(vctx *validators.Context, b *Batch)
		want  error
	}{
		"a tranche that nothing is known of": {func(vctx *validators.Context, _ *Batch) { vctx.Registers.(*town).tranches[pharmacy(2)] = "E" }, ErrUncomputable},
		"a purchase order without a page":    {func(_ *validators.Context, b *Batch) { b.Assessments[1].Documents[0].Pages = 0 }, ErrUnread},
		"a claim without assessment":         {func(_ *validators.Context, b *Batch) { b.Assessments = b.Assessments[:1] }, ErrMalformed},
		"another batch's claim":              {func(_ *validators.Context, b *Batch) { b.Claims[1].Batch = "fit" }, ErrMalformed},
		"another revision's claim":           {func(_ *validators.Context, b *Batch) { b.Claims[1].Revision = 2 }, ErrMalformed},
		"a claim twice":                      {func(_ *validators.Context, b *Batch) { b.Claims[1] = b.Claims[0] }, ErrMalformed},
		"a balance":                          {func(_ *validators.Context, b *Batch) { b.Claims[1].Kind = claim.Balance }, ErrMalformed},
		"refused, with claims":               {func(_ *validators.Context, b *Batch) { b.Revision.Status = claim.Refused }, ErrMalformed},
		"neither processed nor refused":      {func(_ *validators.Context, b *Batch) { b.Revision.Status = "" }, ErrMalformed},
		"a document left out":                {func(_ *validators.Context, b *Batch) { b.Assessments[1].Documents = nil }, ErrMalformed},
		"a rule that does not exist": {func(_ *validators.Context, b *Batch) {
			b.Assessments[1].Findings = []claim.Finding{{Code: "XYZ-01", Outcome: claim.Reject}, {Code: "XYZ-02", Outcome: claim.Reject}}
		}, nil},
		"an outcome that does not exist": {func(_ *validators.Context, b *Batch) {
			b.Assessments[1].Findings = []claim.Finding{{Code: "BEN-01", Outcome: "maybe"}}
		}, ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			vctx, l := newTown(t, 2), open(t)
			// Its first claim would fund the pharmacy of the fit batch.
			all := batches(fit, filed{batch: "unfit", row: 2}, filed{batch: "unfit", row: 3, pharmacy: 2})
			c.spoil(vctx, &all[1])
			revisions, err := revisionsOf(t.Context(), vctx, l, all)
			var fault *BatchError
			if !errors.As(err, &fault) || fault.Batch != "unfit" || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), string(supplierA)+"/unfit") {
				t.Errorf("%v; want a BatchError of the unfit batch, %v", err, c.want)
			}
			if len(revisions) != 1 || revisions[0].Batch != "fit" {
				t.Errorf("settled: %+v", revisions)
			}
			if _, found, err := l.LatestRevision(t.Context(), supplierA, "unfit"); found || err != nil {
				t.Errorf("the unfit batch is in the ledger: %v, %v", found, err)
			}
			if s := standing(t, l, fit); s.Decision != claim.Accepted || s.Dossier != "LGO1-00000001-96" {
				t.Errorf("the fit batch's claim: %s, %q", s.Decision, s.Dossier)
			}
			if err := l.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSettledOnce(t *testing.T) {
	vctx, l := newTown(t, 1), open(t)
	f := filed{row: 2}
	night(t, vctx, l, f)
	revisions, err := revisionsOf(t.Context(), vctx, l, batches(f))
	if !errors.Is(err, ErrSettled) || len(revisions) != 0 {
		t.Errorf("again: %v, %v; want ErrSettled", revisions, err)
	}
	twice := append(batches(filed{batch: "twice", row: 2, outcome: claim.Reject}), batches(filed{batch: "twice", row: 3, outcome: claim.Reject})...)
	revisions, err = revisionsOf(t.Context(), vctx, l, twice)
	if !errors.Is(err, ErrMalformed) || len(revisions) != 1 {
		t.Errorf("twice in a night: %v, %v; want the first alone, and ErrMalformed", revisions, err)
	}
}

func TestFundedPharmacyIsNeverFundedAgain(t *testing.T) {
	p := newPass(newTown(t, 1), nil, 0, nil)
	total := claim.Cents(72000)
	for i, want := range []error{nil, ErrFunded} {
		d := decision{result: claim.Result{Claim: claim.ID(rune('A' + i)), Kind: claim.Advance, Decision: claim.Accepted, FINESS: pharmacy(1)}}
		d.result.Amounts.PayableTotal = &total
		d.result.Documents = []claim.ResultDocument{{Role: claim.PurchaseOrder, Pages: 1}}
		if err := p.fund(&d); !errors.Is(err, want) {
			t.Errorf("claim %d: %v; want %v", i, err, want)
		}
		p.history.add(past(&d.result), nil)
	}
	if p.dossiers != 1 {
		t.Errorf("%d dossiers", p.dossiers)
	}
}

func TestControlTotals(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(results []claim.Result) []claim.Result
		want  error
	}{
		"all there":           {func(r []claim.Result) []claim.Result { return r }, nil},
		"a row lost":          {func(r []claim.Result) []claim.Result { return r[:1] }, ErrTotals},
		"a row too many":      {func(r []claim.Result) []claim.Result { return append(r, claim.Result{Claim: "A-0"}) }, ErrTotals},
		"a row twice":         {func(r []claim.Result) []claim.Result { return append(r, r[0]) }, ErrTotals},
		"a row for another":   {func(r []claim.Result) []claim.Result { r[1] = r[0]; return r }, ErrTotals},
		"undecided":           {func(r []claim.Result) []claim.Result { r[1].Decision = ""; return r }, ErrTotals},
		"an amount lost":      {func(r []claim.Result) []claim.Result { r[1].Amounts.ExclTax = nil; return r }, ErrTotals},
		"an amount changed":   {func(r []claim.Result) []claim.Result { c := claim.Cents(60001); r[1].Amounts.ExclTax = &c; return r }, ErrTotals},
		"a zero out of a nil": {func(r []claim.Result) []claim.Result { r[2].Amounts.ExclTax = new(claim.Cents); return r }, ErrTotals},
	} {
		vctx := newTown(t, 1)
		b := batches(filed{}, filed{}, filed{})[0]
		b.Claims[2].Row.Fields[claim.FieldAmount] = claim.Field{State: claim.FieldBad}
		var results []claim.Result
		for i := range b.Claims {
			r := describe(vctx, b.Claims[i], b.Assessments[i])
			r.Decision = claim.Rejected
			results = append(results, r)
		}
		if err := b.check(&tally{results: c.spoil(results)}); !errors.Is(err, c.want) {
			t.Errorf("%s: %v; want %v", name, err, c.want)
		}
	}
}

func TestNothingIsSettledByHalf(t *testing.T) {
	vctx, l := newTown(t, 1), open(t)
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Night(cancelled, vctx, l, batches(filed{row: 2})); !errors.Is(err, context.Canceled) {
		t.Errorf("%v; want context.Canceled", err)
	}
	if head, err := l.Head(t.Context()); err != nil || head != (ledger.Head{}) {
		t.Errorf("after a cancelled night: %v, %v", head, err)
	}
	if revisions := night(t, vctx, l, filed{row: 2}); revisions[0].Counts.Accepted != 1 {
		t.Errorf("the next night: %+v", revisions)
	}
	if _, err := Night(t.Context(), vctx, l, nil); err != nil {
		t.Errorf("a night without batches: %v", err)
	}
}

func TestEveryOutcomeHasACode(t *testing.T) {
	for outcome, code := range codes {
		if rule := config.Rules.Rule(code); rule.Outcome != outcome {
			t.Errorf("%s is %s in the catalogue, the tests take it for %s", code, rule.Outcome, outcome)
		}
	}
}
