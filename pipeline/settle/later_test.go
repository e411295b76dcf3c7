package settle

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// balance files a balance for the n-th dossier, in the batch soldes.
func balance(n, row int) filed {
	return filed{kind: claim.Balance, batch: "soldes", row: row, dossier: dossier(n), at: 24 * time.Hour}
}

// completion files a declaration for the n-th dossier, in the batch fins.
func completion(n, row int) filed {
	return filed{kind: claim.Completion, batch: "fins", row: row, dossier: dossier(n), at: 24 * time.Hour}
}

func (f filed) with(change func(*filed)) filed {
	change(&f)
	return f
}

// oneDossier settles one advance: 600.00 excl. VAT, 720.00 payable, 216.00 paid.
func oneDossier(t *testing.T) (l *ledger.Ledger, settle func(...filed)) {
	t.Helper()
	vctx := newTown(t, 3)
	l = open(t)
	night(t, vctx, l, filed{row: 2})
	return l, func(claims ...filed) {
		t.Helper()
		night(t, vctx, l, claims...)
	}
}

func TestBalancePaysTheRest(t *testing.T) {
	l, settle := oneDossier(t)
	settle(completion(1, 2), balance(1, 2))
	becomes(t, l, completion(1, 2), claim.Accepted, dossier(1), 1)
	r := becomes(t, l, balance(1, 2), claim.Accepted, dossier(1), 1)
	type money struct{ Excl, Total, Before, Due claim.Cents }
	if diff := cmp.Diff(money{60000, 72000, 21600, 50400}, money{*r.Amounts.ExclTax, *r.Amounts.PayableTotal, *r.Amounts.PaidBefore, *r.Amounts.AmountDue}); diff != "" {
		t.Error(diff)
	}
	if r.FINESS != pharmacy(1) || r.CompanyName != "PHARMACIE 1" || r.Tranche != "D" || r.VATRegime != claim.LiableToVAT || r.OrderRef == "" || r.CompletedOn.String() != "2023-02-01" {
		t.Errorf("what follows from the dossier: %+v", r)
	}
	c := standing(t, l, completion(1, 2))
	if diff := cmp.Diff(claim.Amounts{}, c.Amounts); diff != "" || c.Nature != claim.Finished {
		t.Errorf("the declaration: %s %s", c.Nature, diff)
	}
}

// TestNightOfAllKinds: the declaration is received last and counts for the
// balance all the same; advances take their numbers in between.
func TestNightOfAllKinds(t *testing.T) {
	l := open(t)
	vctx := newTown(t, 3)
	night(t, vctx, l, filed{row: 2})
	first := balance(1, 2).with(func(f *filed) { f.at = time.Minute })
	advance := filed{batch: "lot-2", row: 2, pharmacy: 2, at: time.Hour}
	last := completion(1, 2).with(func(f *filed) { f.at = 2 * time.Hour })
	all := batches(first, advance, last)
	quoting(t, l, all)
	mustSettle(t, vctx, l, all)
	becomes(t, l, advance, claim.Accepted, dossier(2), 1)
	later, err := l.Later(t.Context(), supplierA, dossier(1))
	if err != nil || len(later) != 2 || later[0].Kind != claim.Completion || later[1].Kind != claim.Balance {
		t.Errorf("the order in which they were decided: %+v, %v", later, err)
	}
}

func TestSecondBalance(t *testing.T) {
	for name, c := range map[string]struct {
		first       claim.Outcome
		firstIs     claim.Decision
		second      claim.Decision
		secondCodes []string
	}{
		"behind one that is accepted":    {"", claim.Accepted, claim.Rejected, []string{"DOS-03"}},
		"behind one under review":        {claim.Review, claim.UnderReview, claim.UnderReview, []string{"DOS-03"}},
		"behind one that is to complete": {claim.Complete, claim.ToComplete, claim.Accepted, nil},
		"behind one that is rejected":    {claim.Reject, claim.Rejected, claim.Accepted, nil},
	} {
		t.Run(name, func(t *testing.T) {
			l, settle := oneDossier(t)
			first, second := balance(1, 2), balance(1, 3)
			first.outcome = c.first
			settle(first, second)
			var firstCodes []string
			if c.first != "" {
				firstCodes = []string{laterCodes[c.first]}
			}
			becomes(t, l, first, c.firstIs, dossier(1), 1, firstCodes...)
			r := becomes(t, l, second, c.second, dossier(1), 1, c.secondCodes...)
			if s := standing(t, l, first); s.Superseded {
				t.Error("the first is superseded")
			}
			want := claim.ID("")
			if c.second == claim.Accepted {
				want = standing(t, l, first).Claim
			}
			if r.Replaces != want {
				t.Errorf("the second replaces %q, want %q", r.Replaces, want)
			}
		})
	}
}

func TestCorrectionOfAPendingBalance(t *testing.T) {
	for name, c := range map[string]struct {
		correction claim.Outcome
		superseded bool
		decision   claim.Decision
	}{
		"accepted":    {"", true, claim.Accepted},
		"to complete": {claim.Complete, true, claim.ToComplete},
		"rejected":    {claim.Reject, false, claim.Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			l, settle := oneDossier(t)
			pending := balance(1, 2)
			pending.outcome = claim.Review
			settle(pending)
			correction := filed{kind: claim.Balance, batch: "soldes-2", row: 2, dossier: dossier(1), at: 48 * time.Hour, outcome: c.correction}
			settle(correction)
			if got := standing(t, l, correction); got.Decision != c.decision || (got.Replaces != "") != c.superseded {
				t.Errorf("the correction is %s and replaces %q", got.Decision, got.Replaces)
			}
			if got := standing(t, l, pending); got.Superseded != c.superseded {
				t.Errorf("superseded: %v", got.Superseded)
			}
		})
	}
}

func TestLaterRowsAreCarriedOver(t *testing.T) {
	vctx, l := newTown(t, 2), open(t)
	night(t, vctx, l, filed{row: 2}, filed{row: 3, pharmacy: 2})
	paid, wrong := balance(1, 2), balance(2, 3)
	wrong.outcome = claim.Complete
	declared := completion(2, 2)
	night(t, vctx, l, paid, wrong, declared)

	again := func(f filed, row int) filed { f.revision, f.row, f.outcome = 2, row, ""; return f }
	kept, cured, twice := again(paid, 7), again(wrong, 8), again(paid, 9)
	delivery := batches(kept, cured, twice, again(declared, 4))
	quoting(t, l, delivery)
	paidClaim, _ := paid.claim()
	paidID := standing(t, l, paid).Claim
	delivery[0].Accepted = map[claim.ID]claim.Row{paidID: paidClaim.Row}
	delivery[0].Claims[0].Row.Fields[claim.FieldInvoiceNumber] = text("F-2")
	outcomes := mustSettle(t, vctx, l, delivery)

	becomes(t, l, paid, claim.Accepted, dossier(1), 1)
	becomes(t, l, cured, claim.Accepted, dossier(2), 2)
	becomes(t, l, twice, claim.Rejected, dossier(1), 2, "DOS-03")
	for _, o := range outcomes {
		if o.Revision.Kind == claim.Completion {
			if len(o.Revision.Carried) != 1 || o.Revision.Counts != (claim.Counts{Accepted: 1}) {
				t.Errorf("declarations: %+v", o.Revision)
			}
			continue
		}
		if diff := cmp.Diff([]claim.Carried{{Claim: paidID, Row: 7}}, o.Revision.Carried); diff != "" {
			t.Error(diff)
		}
		if want := (claim.Counts{Accepted: 2, Rejected: 1, NewlyAccepted: 1}); o.Revision.Counts != want || o.Revision.AmountDue != 50400 {
			t.Errorf("%+v, %s", o.Revision.Counts, o.Revision.AmountDue)
		}
		if len(o.Revision.Findings) != 1 || o.Revision.Findings[0].Code != "LIG-05" {
			t.Errorf("%+v", o.Revision.Findings)
		}
	}
}

// TestStrangersDossier: of another supplier's dossier nothing is in the result,
// and its claims count for nothing.
func TestStrangersDossier(t *testing.T) {
	l, settle := oneDossier(t)
	stranger := balance(1, 2).with(func(f *filed) { f.supplier, f.outcome = supplierB, claim.Complete })
	settle(stranger)
	s := standing(t, l, stranger)
	if s.Dossier != dossier(1) || s.FINESS != "" || s.SIRET != "" || s.OrderRef != "" || s.CompanyName != "" || s.Tranche != "" || s.Solution != "" || s.Amounts != (claim.Amounts{}) {
		t.Errorf("%+v", s.Result)
	}
	settle(balance(1, 2))
	becomes(t, l, balance(1, 2), claim.Accepted, dossier(1), 1)
	if later, err := l.Later(t.Context(), supplierA, dossier(1)); err != nil || len(later) != 1 {
		t.Errorf("%+v, %v", later, err)
	}
}

// TestPaidAdvanceStands: what a balance completed is not taken back by a
// decision on the advance.
func TestPaidAdvanceStands(t *testing.T) {
	vctx, l := newTown(t, 2), open(t)
	advance := filed{row: 2}
	night(t, vctx, l, advance)
	night(t, vctx, l, balance(1, 2))
	lost := advance
	lost.outcome = claim.Reject
	withdraw := anew(t, l, claim.Reprocessed, 2, lost)
	withdraw[0].Withdraw, withdraw[0].Revision.Reason = true, "radiée"
	o := mustSettle(t, vctx, l, withdraw)[0]
	if len(o.Changes) != 1 || !o.Changes[0].Kept || !o.Changes[0].Paid || o.Revision.Number != 0 {
		t.Errorf("%+v", o)
	}
	becomes(t, l, advance, claim.Accepted, dossier(1), 1)
}

// TestBalanceTakenBack: a reprocess takes back the balance, not the dossier,
// and another may be accepted then.
func TestBalanceTakenBack(t *testing.T) {
	vctx, l := newTown(t, 2), open(t)
	night(t, vctx, l, filed{row: 2})
	paid := balance(1, 2)
	night(t, vctx, l, paid)
	lost := paid
	lost.outcome = claim.Complete
	withdraw := anew(t, l, claim.Reprocessed, 2, lost)
	withdraw[0].Withdraw, withdraw[0].Revision.Reason = true, "facture"
	mustSettle(t, vctx, l, withdraw)
	if r := becomes(t, l, paid, claim.ToComplete, dossier(1), 2, "FAC-05"); r.Withdrawal == nil || r.Amounts.AmountDue != nil {
		t.Errorf("%+v", r)
	}
	corrected := filed{kind: claim.Balance, batch: "soldes-2", row: 2, dossier: dossier(1), at: 48 * time.Hour}
	night(t, vctx, l, corrected)
	becomes(t, l, corrected, claim.Accepted, dossier(1), 1)
	becomes(t, l, filed{row: 2}, claim.Accepted, dossier(1), 1)
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestBalanceIsReviewed(t *testing.T) {
	vctx, l := newTown(t, 2), open(t)
	night(t, vctx, l, filed{row: 2})
	first, second := balance(1, 2), balance(1, 3)
	first.outcome = claim.Review
	night(t, vctx, l, first, second)
	mustSettle(t, vctx, l, []Batch{ruled(t, l, first, claim.VerdictAccept)})
	if r := becomes(t, l, first, claim.Accepted, dossier(1), 2, "REV-01"); *r.Amounts.AmountDue != 50400 {
		t.Errorf("%s due", r.Amounts.AmountDue)
	}
	err := l.Review(t.Context(), claim.Ruling{Claim: standing(t, l, second).Claim, Verdict: claim.VerdictAccept, Reason: "r", By: "b", At: noon})
	if !errors.Is(err, ledger.ErrBalanced) {
		t.Errorf("the second: %v", err)
	}
}

// TestUnfitLaterClaims: what no rule stops and cannot be paid is left out.
func TestUnfitLaterClaims(t *testing.T) {
	unread := func(role claim.Role) func(*Batch) {
		return func(b *Batch) {
			for i, d := range b.Assessments[0].Documents {
				if d.Role == role {
					b.Assessments[0].Documents[i].Pages = 0
				}
			}
		}
	}
	for name, c := range map[string]struct {
		filed  filed
		change func(*Batch)
		want   error
	}{
		"unread invoice":           {balance(1, 2), unread(claim.Invoice), ErrUnread},
		"unread certificate":       {balance(1, 2), unread(claim.AptitudeCertificate), ErrUnread},
		"unread declaration":       {completion(1, 2), unread(claim.CompletionCertificate), ErrUnread},
		"balance of no dossier":    {balance(9, 2), func(*Batch) {}, ErrUncomputable},
		"completion of no dossier": {completion(9, 2), func(*Batch) {}, ErrNoDossier},
		"another's dossier":        {balance(1, 2).with(func(f *filed) { f.supplier = supplierB }), func(*Batch) {}, ErrUncomputable},
		"an advance that the ledger does not have": {balance(1, 2), func(b *Batch) {
			other := *b.Claims[0].Advance
			other.Claim = "A-other"
			b.Claims[0].Advance = &other
		}, ErrOtherDossier},
	} {
		t.Run(name, func(t *testing.T) {
			l, _ := oneDossier(t)
			all := batches(c.filed)
			quoting(t, l, all)
			c.change(&all[0])
			if _, err := Night(t.Context(), newTown(t, 3), l, all); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}
