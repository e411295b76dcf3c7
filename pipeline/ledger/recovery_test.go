package ledger

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// event gives an event of the recovery of an advance of the tests.
func event(dossier string, status claim.RecoveryStatus, at time.Time, codes ...string) claim.Recovery {
	r := claim.Recovery{
		Dossier: dossier, Status: status, At: at, Programme: "AF-PHA-LGO-Va1", Supplier: supplierA, FINESS: "750000002",
		Paid: []claim.Payment{{Claim: "A-1", Kind: claim.Advance, Batch: "mars", ReceivedAt: nightOne, Amount: 22500}}, Amount: 22500,
	}
	for _, code := range codes {
		r.Grounds = append(r.Grounds, claim.Finding{Code: code, Message: "Motif <b>."})
	}
	if status == claim.Notified || status == claim.Ordered && len(codes) > 0 {
		r.NotifiedOn, r.Until = claim.DateOf(at), claim.DateOf(at).AddDays(30)
	}
	return r
}

func control(t *testing.T, l *Ledger, at time.Time, events ...claim.Recovery) {
	t.Helper()
	err := l.Control(t.Context(), at, func(c *Controls) error {
		for _, e := range events {
			if err := c.Record(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// recoveries leaves all kinds of events on two dossiers: one settled, one
// ordered.
func recoveries(t *testing.T, l *Ledger, settled, ordered string) {
	t.Helper()
	at := nightOne.AddDate(0, 3, 0)
	control(t, l, at, event(settled, claim.Pending, at), event(ordered, claim.Notified, at, "REC-04"))
	control(t, l, at.AddDate(0, 0, 1), event(settled, claim.Notified, at.AddDate(0, 0, 1), "REC-01", "REC-02"))
	for i, as := range []claim.RecoveryStatus{claim.Observed, claim.Settled} {
		if _, err := l.Answer(t.Context(), settled, as, at.AddDate(0, 0, 2+i), "C. Petit", "Raccordée depuis."); err != nil {
			t.Fatal(err)
		}
	}
	control(t, l, at.AddDate(0, 0, 31), event(ordered, claim.Ordered, at.AddDate(0, 0, 31), "REC-04"))
}

func caseOf(t *testing.T, l *Ledger, dossier string) (found *Case) {
	t.Helper()
	err := l.Control(t.Context(), nightOne, func(c *Controls) (err error) {
		found, err = c.Case(t.Context(), dossier)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// following gives a balance or a completion of an advance's dossier.
func following(kind claim.Kind, advance claim.Result, supplier claim.SIRET, row int, decision claim.Decision, received time.Time) claim.Result {
	due, before := claim.Cents(52500), claim.Cents(22500)
	r := claim.Result{
		Claim: claim.NewID(kind, supplier, "soldes", 1, row), Kind: kind, Row: row, Supplier: supplier, Batch: "soldes", Revision: 1,
		Decision: decision, FINESS: advance.FINESS, Dossier: advance.Dossier, ReceivedAt: received, Nature: claim.Finished,
	}
	if kind == claim.Balance {
		r.Nature, r.Amounts.PaidBefore = "", &before
		if decision == claim.Accepted {
			r.Amounts.AmountDue = &due
		}
	}
	return r
}

// TestCases: what the later controls are told of a dossier.
func TestCases(t *testing.T) {
	l := open(t)
	one, two, none := advance(supplierA, "mars", 2, 1), advance(supplierA, "mars", 3, 2), advance(supplierA, "mars", 4, 0)
	one.Solution = "LGO-1"
	settle(t, l, revision(supplierA, "mars"), one, two, none)
	at := func(hours int) time.Time { return nightOne.Add(time.Duration(hours) * time.Hour) }
	err := l.Night(t.Context(), func(n *Night) error {
		for _, r := range []claim.Result{
			following(claim.Completion, one, supplierA, 2, claim.Accepted, at(1)), following(claim.Completion, two, supplierA, 3, claim.Rejected, at(1)),
			following(claim.Balance, one, supplierA, 4, claim.ToComplete, at(2)), following(claim.Balance, one, supplierA, 5, claim.Rejected, at(3)),
			following(claim.Balance, one, supplierA, 6, claim.Accepted, at(4)), following(claim.Balance, two, supplierA, 7, claim.UnderReview, at(5)),
			following(claim.Balance, two, supplierA, 8, claim.UnderReview, at(6)),
		} {
			if err := n.Decide(r, 0); err != nil {
				return err
			}
		}
		if err := n.Supersede(following(claim.Balance, two, supplierA, 7, claim.UnderReview, at(5)).Claim, "S-1"); err != nil {
			return err
		}
		return n.Revise(revision(supplierA, "soldes"))
	})
	if err != nil {
		t.Fatal(err)
	}
	stranger := following(claim.Balance, two, supplierB, 2, claim.ToComplete, at(7)) // DOS-02
	settle(t, l, revision(supplierB, "soldes"), stranger)

	payment := func(r claim.Result, amount claim.Cents) claim.Payment {
		return claim.Payment{Claim: r.Claim, Kind: r.Kind, Batch: r.Batch, ReceivedAt: r.ReceivedAt, Amount: amount}
	}
	balance := following(claim.Balance, one, supplierA, 6, claim.Accepted, at(4))
	want := []*Case{
		{
			Dossier: one.Dossier, Open: true, Supplier: supplierA, FINESS: one.FINESS, CompanyName: one.CompanyName, OrderRef: one.OrderRef, Solution: "LGO-1",
			Paid: []claim.Payment{payment(one, 22500), payment(balance, 52500)}, Balances: []time.Time{at(2), at(4)}, Natures: []string{claim.Finished},
		},
		{
			Dossier: two.Dossier, Open: true, Supplier: supplierA, FINESS: two.FINESS, CompanyName: two.CompanyName, OrderRef: two.OrderRef,
			Paid: []claim.Payment{payment(two, 22500)}, Balances: []time.Time{at(6)},
		},
	}
	var got []*Case
	err = l.Control(t.Context(), nightOne, func(c *Controls) (err error) {
		got, err = c.Cases(t.Context())
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, equalInstants); diff != "" {
		t.Error(diff)
	}
	if total := got[0].Total(); total != 75000 {
		t.Errorf("paid %s; want 750.00", total)
	}
	if diff := cmp.Diff(want[1], caseOf(t, l, two.Dossier), equalInstants); diff != "" {
		t.Error(diff)
	}
	err = l.Control(t.Context(), nightOne, func(c *Controls) error {
		_, err := c.Case(t.Context(), "LGO1-00000009-88")
		return err
	})
	if !errors.Is(err, ErrUnknownDossier) {
		t.Errorf("an unknown dossier: %v", err)
	}

	// An acceptance that is taken back ends the case; an event keeps it in sight.
	withdrawn := again(one, 2, claim.Rejected, "BEN-06")
	withdrawn.Withdrawal = &claim.Withdrawal{Revision: 1, Reason: "Tranche."}
	made := revision(supplierA, "mars")
	made.Number = 2
	if err := l.Night(t.Context(), func(n *Night) error { return errors.Join(n.Decide(withdrawn, 0), n.Revise(made)) }); err != nil {
		t.Fatal(err)
	}
	control(t, l, nightOne, event(one.Dossier, claim.Pending, nightOne))
	if got := caseOf(t, l, one.Dossier); got.Open || len(got.Paid) > 0 || len(got.Events) != 1 {
		t.Errorf("taken back: %+v", got)
	}
}

// TestOrderClosesTheDossier: an order frees the pharmacy for another supplier's
// advance and is told to later claims; it is given once.
func TestOrderClosesTheDossier(t *testing.T) {
	l := open(t)
	first, second := advance(supplierA, "mars", 2, 1), advance(supplierB, "avril", 2, 2)
	settle(t, l, revision(supplierA, "mars"), first)
	balance := following(claim.Balance, first, supplierA, 2, claim.Accepted, nightOne)
	if err := l.Night(t.Context(), func(n *Night) error {
		return errors.Join(n.Decide(balance, 0), n.Revise(revision(supplierA, "soldes")))
	}); err != nil {
		t.Fatal(err)
	}
	if second.FINESS != first.FINESS {
		t.Fatal("the advances are for two pharmacies")
	}
	refused := func() error {
		return l.Night(t.Context(), func(n *Night) error { return record(t.Context(), n, revision(supplierB, "avril"), second) })
	}
	if refused() == nil {
		t.Fatal("a pharmacy was funded twice")
	}
	control(t, l, nightOne, event(first.Dossier, claim.Ordered, nightOne, "REC-01"))
	if past := pastOf(t, l, Keys{Dossiers: []string{first.Dossier}}); len(past) != 2 || !past[0].Closed || !past[1].Closed {
		t.Errorf("what the settling of a later claim sees (DOS-04): %+v", past)
	}
	if advances, err := l.Advances(t.Context(), []string{first.Dossier}); err != nil || advances[first.Dossier].Claim != first.Claim {
		t.Errorf("a claim on an ordered dossier is not told DOS-01: %v, %v", advances, err)
	}
	if err := refused(); err != nil {
		t.Errorf("the pharmacy is not free: %v", err)
	}
	for name, e := range map[string]claim.Recovery{
		"a second order":                    event(first.Dossier, claim.Ordered, nightOne, "REC-02"),
		"an order on an unknown dossier":    event("LGO1-00000009-88", claim.Ordered, nightOne),
		"an event of a status there is not": event(second.Dossier, "perhaps", nightOne),
	} {
		if err := l.Control(t.Context(), nightOne, func(c *Controls) error { return c.Record(e) }); err == nil {
			t.Errorf("%s was recorded", name)
		}
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestAnswer: observations and settlements are for what is notified or pending.
func TestAnswer(t *testing.T) {
	answer := func(l *Ledger, dossier string, as claim.RecoveryStatus) error {
		_, err := l.Answer(t.Context(), dossier, as, nightOne.AddDate(0, 0, 3), "C. Petit", "Vu.")
		return err
	}
	for _, c := range []struct {
		before []claim.RecoveryStatus
		fails  string // of both answers; empty: they are taken
	}{
		{nil, "none was opened"},
		{[]claim.RecoveryStatus{claim.Notified}, ""},
		{[]claim.RecoveryStatus{claim.Pending}, ""},
		{[]claim.RecoveryStatus{claim.Notified, claim.Observed}, ""},
		{[]claim.RecoveryStatus{claim.Notified, claim.Settled}, "it is settled since 2023-03-01"},
		{[]claim.RecoveryStatus{claim.Notified, claim.Settled, claim.Notified}, ""},
		{[]claim.RecoveryStatus{claim.Notified, claim.Ordered}, "it is ordered since 2023-03-01"},
	} {
		for _, as := range []claim.RecoveryStatus{claim.Observed, claim.Settled} {
			l := open(t)
			one := advance(supplierA, "mars", 2, 1)
			settle(t, l, revision(supplierA, "mars"), one)
			for _, status := range c.before {
				control(t, l, nightOne, event(one.Dossier, status, nightOne, "REC-04"))
			}
			head, err := l.Head(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			err = answer(l, one.Dossier, as)
			after, _ := l.Head(t.Context())
			if taken := c.fails == ""; taken != (err == nil) || taken != (after != head) || !taken && (!errors.Is(err, ErrNoRecovery) || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("%v, then %s: %v", c.before, as, err)
			}
			if c.fails != "" {
				continue
			}
			events := caseOf(t, l, one.Dossier).Events
			last, standing := events[len(events)-1], c.before[len(c.before)-1]
			if now, _ := claim.Standing(events); as == claim.Settled && now.Status != claim.Settled || as == claim.Observed && now.Status == claim.Observed {
				t.Errorf("%v, then %s: it is %s", c.before, as, now.Status)
			}
			if last.By != "C. Petit" || last.Reason != "Vu." || last.Amount != 22500 || last.Codes()[0] != "REC-04" || last.Day().String() != "2023-03-04" {
				t.Errorf("%v, then %s: %+v", c.before, as, last)
			}
			if want := as == claim.Settled && standing != claim.Pending; last.Told() != want {
				t.Errorf("%v, then %s: told %t", c.before, as, last.Told())
			}
		}
	}
	if err := answer(open(t), "LGO1-00000001-96", claim.Settled); !errors.Is(err, ErrUnknownDossier) {
		t.Errorf("an unknown dossier: %v", err)
	}
}

// TestNotices: what is to be published, and what came since is not marked.
func TestNotices(t *testing.T) {
	l := open(t)
	one, two := advance(supplierA, "mars", 2, 1), advance(supplierA, "mars", 3, 2)
	settle(t, l, revision(supplierA, "mars"), one, two)
	recoveries(t, l, one.Dossier, two.Dossier)
	days := func(unpublished bool) (all []*Notices, days []string) {
		t.Helper()
		all, err := l.Notices(t.Context(), unpublished)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range all {
			days = append(days, n.Day.String()+" "+n.Published)
			if n.Supplier != supplierA {
				t.Errorf("of %s", n.Supplier)
			}
		}
		return all, days
	}
	all, got := days(true)
	// Neither what is pending nor observations are told: 2023-06-01 is the
	// notice of the second dossier alone.
	want := []string{"2023-06-01 ", "2023-06-02 ", "2023-06-04 ", "2023-07-02 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	if events := all[0].Events; len(events) != 1 || events[0].Dossier != two.Dossier {
		t.Errorf("%+v", events)
	}
	first := all[0]
	again := event(one.Dossier, claim.Notified, first.Day.Start().Add(23*time.Hour), "REC-03")
	control(t, l, nightOne, again) // while it is published
	if err := l.MarkNotified(t.Context(), first, "abc"); err != nil {
		t.Fatal(err)
	}
	all, got = days(true)
	if got[0] != "2023-06-01 " || len(all[0].Events) != 2 {
		t.Errorf("an event that came since is forgotten: %v", got)
	}
	for _, n := range all {
		if err := l.MarkNotified(t.Context(), n, "def"); err != nil {
			t.Fatal(err)
		}
	}
	if left, _ := days(true); len(left) > 0 {
		t.Errorf("%d days are left", len(left))
	}
	if _, got = days(false); len(got) != 4 || got[0] != "2023-06-01 def" {
		t.Errorf("published: %v", got)
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Errorf("publication is no part of the chain: %v", err)
	}
}

// TestRecoveriesKeepInputs: what an order rests on is kept as long after it as
// after any decision.
func TestRecoveriesKeepInputs(t *testing.T) {
	l, archive := keeping(t)
	archive(longAgo, "ordered-lately", accepted("ordered-lately", 2, 1))
	archive(longAgo, "ordered", accepted("ordered", 3, 2))
	control(t, l, longAgo, event(string(claim.NewDossierNumber("LGO1", 2)), claim.Ordered, longAgo))
	control(t, l, lately, event(string(claim.NewDossierNumber("LGO1", 1)), claim.Ordered, lately))
	old, err := l.Purgeable(t.Context(), Cutoffs{Documents: cutoff})
	if err != nil || len(old.Revisions) != 1 || old.Revisions[0].Batch != "ordered" || old.Held != 1 {
		t.Errorf("%+v, %v; want the batch of the old order alone", old, err)
	}
}
