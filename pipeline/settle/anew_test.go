package settle

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/validators"
)

// anew gives claims filed in revision 1 to be decided anew in a further
// revision of their batches, as they stand in the ledger.
func anew(t testing.TB, l *ledger.Ledger, cause claim.Cause, revision int, claims ...filed) []Batch {
	t.Helper()
	all := batches(claims...)
	quoting(t, l, all)
	for i := range all {
		b := &all[i]
		b.Revision.Cause, b.Revision.Number, b.Revision.Digest = cause, revision, ""
		b.Before = map[claim.ID]claim.Result{}
		for _, c := range b.Claims {
			s, found, err := l.Claim(t.Context(), c.ID)
			if err != nil {
				t.Fatal(err)
			}
			if found {
				b.Before[c.ID] = s.Result
			}
		}
	}
	return all
}

// ruled gives an operator's decision on a claim, recorded in the ledger, as a
// revision of its batch.
func ruled(t testing.TB, l *ledger.Ledger, f filed, verdict claim.Verdict) Batch {
	t.Helper()
	s := standing(t, l, f)
	ruling := claim.Ruling{Claim: s.Claim, Verdict: verdict, Reason: "vu le document", By: "Mme Dupont", At: noon}
	if err := l.Review(t.Context(), ruling); err != nil {
		t.Fatal(err)
	}
	b := batches(f)[0]
	b.Claims, b.Assessments = nil, nil
	b.Revision.Cause, b.Revision.Number, b.Revision.Digest = claim.Reviewed, 2, ""
	b.Rulings = []ledger.Ruled{{Standing: s, Ruling: ruling}}
	return b
}

func mustSettle(t testing.TB, vctx *validators.Context, l *ledger.Ledger, all []Batch) []Outcome {
	t.Helper()
	outcomes, err := Night(t.Context(), vctx, l, all)
	if err != nil {
		t.Fatal(err)
	}
	return outcomes
}

// becomes compares how claims stand.
func becomes(t testing.TB, l *ledger.Ledger, f filed, decision claim.Decision, dossier string, revision int, codes ...string) claim.Result {
	t.Helper()
	s := standing(t, l, f)
	type short struct {
		Decision claim.Decision
		Dossier  string
		Revision int
		Codes    []string
	}
	if diff := cmp.Diff(short{decision, dossier, revision, codes}, short{s.Decision, s.Dossier, s.Revision, told(s.Result)}); diff != "" {
		t.Errorf("row %d of batch %q (-want +got):\n%s", f.row, f.batch, diff)
	}
	return s.Result
}

func dossier(n int) string { return string(claim.NewDossierNumber("LGO1", n)) }

func TestAcceptedRowsAreCarriedOver(t *testing.T) {
	vctx, l := newTown(t, 3), open(t)
	first := filed{row: 2, pharmacy: 1, ref: "BC 1"}
	second := filed{row: 3, pharmacy: 2, ref: "BC 2", outcome: claim.Complete}
	night(t, vctx, l, first, second)

	kept := filed{revision: 2, row: 5, pharmacy: 1, ref: "BC 1"}
	cured := filed{revision: 2, row: 6, pharmacy: 2, ref: "BC 2"}
	more := filed{revision: 2, row: 7, pharmacy: 3}
	twice := filed{revision: 2, row: 8, pharmacy: 1, ref: "BC 1"}
	delivery := batches(kept, cured, more, twice)
	firstClaim, _ := first.claim()
	delivery[0].Accepted = map[claim.ID]claim.Row{firstClaim.ID: firstClaim.Row}
	delivery[0].Claims[0].Row.Fields[claim.FieldAmount] = amount(61000)
	revision := mustSettle(t, vctx, l, delivery)[0].Revision

	becomes(t, l, first, claim.Accepted, dossier(1), 1)
	if r := becomes(t, l, cured, claim.Accepted, dossier(2), 2); r.Replaces != standing(t, l, second).Claim {
		t.Errorf("the corrected row replaces %q", r.Replaces)
	}
	becomes(t, l, more, claim.Accepted, dossier(3), 2)
	becomes(t, l, twice, claim.Rejected, "", 2, "BEN-03")
	if diff := cmp.Diff([]claim.Carried{{Claim: firstClaim.ID, Row: 5}}, revision.Carried); diff != "" {
		t.Errorf("carried over (-want +got):\n%s", diff)
	}
	if want := (claim.Counts{Accepted: 3, Rejected: 1, NewlyAccepted: 2}); revision.Counts != want || revision.AmountDue != 2*21600 {
		t.Errorf("counts %+v, %s due", revision.Counts, revision.AmountDue)
	}
	if len(revision.Findings) != 1 || revision.Findings[0].Code != "LIG-05" || revision.Findings[0].Outcome != claim.Warn || revision.Findings[0].Cell != "F2" {
		t.Errorf("findings on the file: %+v", revision.Findings)
	}
	members, err := l.Members(t.Context(), supplierA, "lot")
	if err != nil || len(members) != 4 || members[0].Claim != firstClaim.ID || members[0].Row != 5 {
		t.Errorf("members %+v, %v", members, err)
	}
}

func TestRulings(t *testing.T) {
	held := filed{row: 2, ref: "BC 1", outcome: claim.Review}
	waiting := filed{supplier: supplierB, row: 2, at: 1}
	behind := filed{supplier: siret(3), row: 2, at: 2}
	for verdict, want := range map[claim.Verdict]struct {
		held, waiting, behind claim.Decision
		code                  string
	}{
		claim.VerdictAccept:   {claim.Accepted, claim.Rejected, claim.Rejected, "REV-01"},
		claim.VerdictReject:   {claim.Rejected, claim.Accepted, claim.Rejected, "REV-02"},
		claim.VerdictComplete: {claim.ToComplete, claim.Accepted, claim.Rejected, "REV-03"},
	} {
		vctx, l := newTown(t, 1), open(t)
		night(t, vctx, l, held, waiting, behind)
		becomes(t, l, waiting, claim.UnderReview, "", 1, "BEN-04")

		b := ruled(t, l, held, verdict)
		outcomes := mustSettle(t, vctx, l, append(anew(t, l, claim.Reviewed, 2, waiting, behind), b))
		number := func(d claim.Decision) string {
			if d == claim.Accepted {
				return dossier(1)
			}
			return ""
		}
		behindCodes := map[claim.Decision][]string{claim.Rejected: {"BEN-03"}}
		r := becomes(t, l, held, want.held, number(want.held), 2, want.code)
		if f := r.Findings[0]; f.Message != "vu le document" || r.First != 1 || !cmp.Equal(r.Ruled, []string{"SIG-04"}) {
			t.Errorf("%s: %+v, first %d, ruled %q", verdict, f, r.First, r.Ruled)
		}
		becomes(t, l, waiting, want.waiting, number(want.waiting), 2, behindCodes[want.waiting]...)
		becomes(t, l, behind, want.behind, "", 2, "BEN-03")
		for _, o := range outcomes {
			if o.Revision.Number != 2 || o.Revision.Counts.Rows() != 1 {
				t.Errorf("%s: revision %+v", verdict, o.Revision)
			}
		}
		if left, err := l.Rulings(t.Context()); err != nil || len(left) != 0 {
			t.Errorf("%s: rulings left %v, %v", verdict, left, err)
		}
	}
}

func TestReviewIsRefused(t *testing.T) {
	vctx, l := newTown(t, 4), open(t)
	accepted := filed{row: 2, pharmacy: 1}
	doubtful := filed{row: 3, pharmacy: 2, outcome: claim.Review}
	rejected := filed{row: 4, pharmacy: 3, outcome: claim.Reject}
	other := filed{row: 5, pharmacy: 2, outcome: claim.Review, at: 1}
	night(t, vctx, l, accepted, doubtful, rejected, other)
	rule := func(f filed, verdict claim.Verdict) error {
		return l.Review(t.Context(), claim.Ruling{Claim: standing(t, l, f).Claim, Verdict: verdict, Reason: "r", By: "b", At: noon})
	}
	for _, f := range []filed{accepted, rejected} {
		if err := rule(f, claim.VerdictAccept); !errors.Is(err, ledger.ErrNotUnderReview) {
			t.Errorf("row %d: %v; want ErrNotUnderReview", f.row, err)
		}
	}
	if err := l.Review(t.Context(), claim.Ruling{Claim: "A-0", Verdict: claim.VerdictReject, At: noon}); !errors.Is(err, ledger.ErrUnknownClaim) {
		t.Errorf("%v; want ErrUnknownClaim", err)
	}
	if err := rule(doubtful, claim.VerdictAccept); err != nil {
		t.Error(err)
	}
	if err := rule(other, claim.VerdictAccept); !errors.Is(err, ledger.ErrFunded) {
		t.Errorf("a second order for a pharmacy about to be funded: %v; want ErrFunded", err)
	}
	if err := rule(doubtful, claim.VerdictReject); err != nil { // second thoughts
		t.Error(err)
	}
	if err := rule(other, claim.VerdictAccept); err != nil {
		t.Error(err)
	}
	rulings, err := l.Rulings(t.Context())
	if err != nil || len(rulings) != 2 || rulings[0].Ruling.Verdict != claim.VerdictReject || rulings[1].Ruling.Verdict != claim.VerdictAccept {
		t.Errorf("%+v, %v", rulings, err)
	}
}

func TestEvaluatedAgain(t *testing.T) {
	vctx, l := newTown(t, 3), open(t)
	stopped := filed{row: 2, pharmacy: 1, outcome: claim.Complete}
	same := filed{row: 3, pharmacy: 2, outcome: claim.Reject}
	paid := filed{row: 4, pharmacy: 3}
	night(t, vctx, l, stopped, same, paid)
	head, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	cured, lost := stopped, paid
	cured.outcome, lost.outcome = "", claim.Reject

	// Nothing of a rehearsal stays; acceptances are kept unless asked.
	again := anew(t, l, claim.Reprocessed, 2, cured, same, lost)
	outcomes, err := Rehearse(t.Context(), vctx, l, again)
	if err != nil {
		t.Fatal(err)
	}
	if now, _ := l.Head(t.Context()); now != head {
		t.Error("the rehearsal left something")
	}
	if diff := cmp.Diff([]string{"to_complete→accepted false", "accepted→rejected true"}, shortly(outcomes[0].Changes)); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	revision := mustSettle(t, vctx, l, again)[0].Revision
	becomes(t, l, stopped, claim.Accepted, dossier(2), 2)
	becomes(t, l, same, claim.Rejected, "", 1, "DEL-01")
	becomes(t, l, paid, claim.Accepted, dossier(1), 1)
	if want := (claim.Counts{Accepted: 2, Rejected: 1, NewlyAccepted: 1}); revision.Counts != want || revision.AmountDue != 21600 {
		t.Errorf("counts %+v, %s due", revision.Counts, revision.AmountDue)
	}

	// The same again changes nothing and makes no revision.
	if o := mustSettle(t, vctx, l, anew(t, l, claim.Reprocessed, 3, cured, same, paid))[0]; o.Revision.Number != 0 || len(o.Changes) != 0 {
		t.Errorf("unchanged: %+v", o)
	}

	// A withdrawal closes the dossier; the pharmacy is free for another, and
	// the claim, accepted anew, gets another number.
	withdraw := anew(t, l, claim.Reprocessed, 3, lost)
	withdraw[0].Withdraw, withdraw[0].Revision.Reason = true, "radiée"
	mustSettle(t, vctx, l, withdraw)
	r := becomes(t, l, paid, claim.Rejected, "", 3, "DEL-01")
	if diff := cmp.Diff(&claim.Withdrawal{Revision: 1, Reason: "radiée"}, r.Withdrawal); diff != "" {
		t.Errorf("withdrawal (-want +got):\n%s", diff)
	}
	mustSettle(t, vctx, l, anew(t, l, claim.Reprocessed, 4, paid))
	becomes(t, l, paid, claim.Accepted, dossier(3), 4)
}

func shortly(changes []Change) []string {
	var all []string
	for _, c := range changes {
		kept := " false"
		if c.Kept {
			kept = " true"
		}
		all = append(all, string(c.Before.Decision)+"→"+string(c.After.Decision)+kept)
	}
	return all
}

func TestRuledFindingsStayRuled(t *testing.T) {
	vctx, l := newTown(t, 1), open(t)
	doubtful := filed{row: 2, outcome: claim.Review}
	night(t, vctx, l, doubtful)
	mustSettle(t, vctx, l, []Batch{ruled(t, l, doubtful, claim.VerdictComplete)})
	if o := mustSettle(t, vctx, l, anew(t, l, claim.Reprocessed, 3, doubtful))[0]; o.Revision.Number != 0 {
		t.Errorf("what an operator decided comes up again: %+v", o.Changes)
	}
	clear := doubtful
	clear.outcome = ""
	mustSettle(t, vctx, l, anew(t, l, claim.Reprocessed, 3, clear))
	becomes(t, l, doubtful, claim.Accepted, dossier(1), 3)
}

func TestAmountOfAnAcceptedClaimChanges(t *testing.T) {
	vctx, l := newTown(t, 1), open(t)
	paid := filed{row: 2}
	night(t, vctx, l, paid)
	more := anew(t, l, claim.Reprocessed, 2, paid)
	more[0].Claims[0].Row.Fields[claim.FieldAmount] = amount(50000)
	more[0].Withdraw, more[0].Revision.Reason = true, "montant"
	o := mustSettle(t, vctx, l, more)[0]
	r := becomes(t, l, paid, claim.Accepted, dossier(1), 2)
	if *r.Amounts.AmountDue != 18000 || r.Withdrawal == nil || o.Revision.Counts.NewlyAccepted != 1 || o.Revision.AmountDue != 18000 {
		t.Errorf("%+v, %+v", r, o.Revision)
	}
}

// TestLaterClaimsDoNotCount: a claim that is evaluated again is told nothing of
// what was filed after it; only a pharmacy that was funded meanwhile counts.
func TestLaterClaimsDoNotCount(t *testing.T) {
	vctx, l := newTown(t, 3), open(t)
	pending := filed{row: 2, pharmacy: 1, ref: "BC 1", doc: "one", outcome: claim.Review}
	paid := filed{row: 3, pharmacy: 2, ref: "BC 2", doc: "two"}
	night(t, vctx, l, pending, paid)
	behind := filed{supplier: supplierB, row: 2, pharmacy: 1, at: 1, doc: "one"}
	sameRef := filed{batch: "other", row: 2, pharmacy: 3, ref: "BC 2", at: 1, doc: "two"}
	night(t, vctx, l, behind, sameRef)
	becomes(t, l, behind, claim.UnderReview, "", 1, "BEN-04", "DOC-05")
	becomes(t, l, sameRef, claim.ToComplete, "", 1, "CMD-05", "DOC-05")

	outcomes := mustSettle(t, vctx, l, anew(t, l, claim.Reprocessed, 2, pending, paid))
	for _, o := range outcomes {
		if len(o.Changes) != 0 || o.Revision.Number != 0 {
			t.Errorf("evaluated again: %v", shortly(o.Changes))
		}
	}
	becomes(t, l, pending, claim.UnderReview, "", 1, "SIG-04")
	becomes(t, l, paid, claim.Accepted, dossier(1), 1)
}
