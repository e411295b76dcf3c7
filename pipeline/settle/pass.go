package settle

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/validators"
)

// pass is one pass over the claims of a night. It writes nothing: a batch may
// turn out to be unfit, and then all is decided again without it.
type pass struct {
	vctx     *validators.Context
	history  *history
	dossiers int // sequence of the dossier allocated last

	decisions []decision // in the order of the night
	tallies   map[*Batch]*tally
}

// tally is what became of a batch's claims.
type tally struct {
	results []claim.Result
	settled map[claim.ID]bool // claims that need no result: accepted before, or as they were
	carried map[claim.ID]int  // rows of claims that an earlier revision accepted
	changed []claim.Finding   // LIG-05
	changes []Change
}

// decision is what is recorded of a claim.
type decision struct {
	result     claim.Result
	sequence   int        // of its dossier; 0 where there is no new one
	supersedes []claim.ID // the supplier's own pending claims that it takes the place of
	ruling     bool
}

func newPass(vctx *validators.Context, past []ledger.Past, dossiers int, batches []*Batch) *pass {
	p := &pass{vctx: vctx, history: newHistory(past, batches), dossiers: dossiers, tallies: map[*Batch]*tally{}}
	for _, b := range batches {
		p.tallies[b] = &tally{settled: map[claim.ID]bool{}, carried: map[claim.ID]int{}}
	}
	return p
}

// turn is a claim's turn in the order of the night.
type turn struct {
	batch      *Batch
	claim      *claim.Claim
	assessment claim.Assessment
	ruled      *ledger.Ruled // an operator's decision, in the place of both
}

func (t turn) id() claim.ID {
	if t.ruled != nil {
		return t.ruled.Claim
	}
	return t.claim.ID
}

// turnsOf gives the turns of all claims: operators' decisions first, for others
// may wait for them, then in the order of the night.
func turnsOf(batches []*Batch) []turn {
	var ruled, turns []turn
	for _, b := range batches {
		for i := range b.Rulings {
			ruled = append(ruled, turn{batch: b, ruled: &b.Rulings[i]})
		}
		for i, c := range b.Claims {
			turns = append(turns, turn{batch: b, claim: c, assessment: b.Assessments[i]})
		}
	}
	slices.SortStableFunc(ruled, func(a, b turn) int {
		x, y := a.ruled, b.ruled
		return cmp.Or(claim.CompareKinds(x.Kind, y.Kind), x.ReceivedAt.Compare(y.ReceivedAt), cmp.Compare(x.Supplier, y.Supplier), cmp.Compare(x.Batch, y.Batch), cmp.Compare(x.Row, y.Row))
	})
	slices.SortStableFunc(turns, func(a, b turn) int {
		switch {
		case claim.Less(a.claim, b.claim):
			return -1
		case claim.Less(b.claim, a.claim):
			return 1
		}
		return 0
	})
	return append(ruled, turns...)
}

// run decides all claims. When batches turn out to be unfit it gives the
// others, and why; the pass is then of no use.
func (p *pass) run(batches []*Batch) (fit []*Batch, faults []error) {
	unfit := map[*Batch]error{}
	for _, t := range turnsOf(batches) {
		if unfit[t.batch] != nil {
			continue
		}
		if err := p.take(t); err != nil {
			unfit[t.batch] = fmt.Errorf("claim %s: %w", t.id(), err)
		}
	}
	for _, b := range batches {
		err := unfit[b]
		if err == nil {
			err = b.check(p.tallies[b])
		}
		if err != nil {
			faults = append(faults, b.fault(err))
			continue
		}
		fit = append(fit, b)
	}
	return fit, faults
}

// take decides the claim whose turn it is and puts it into the history. A
// panic of a rule is the batch's fault, not the night's.
func (p *pass) take(t turn) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a rule failed: %v", fault)
		}
	}()
	d, decided, err := p.decide(t)
	if err != nil || !decided {
		return err
	}
	p.history.take(&d.result)
	p.decisions = append(p.decisions, d)
	p.tallies[t.batch].results = append(p.tallies[t.batch].results, d.result)
	return nil
}

// decide decides the claim of a turn; false when there is nothing to record.
func (p *pass) decide(t turn) (d decision, decided bool, err error) {
	if t.ruled != nil {
		d, err = p.rule(t)
		return d, true, err
	}
	if before, known := t.batch.Before[t.claim.ID]; known {
		return p.decideAgain(t, before)
	}
	if p.carry(t) {
		return d, false, nil
	}
	if !p.history.holds(t.claim.Advance) {
		return d, false, ErrOtherDossier
	}
	d.result = p.evaluate(t)
	if d.result.Decision == claim.Accepted {
		err = p.accept(&d)
	}
	p.replace(&d)
	if t.batch.Revision.Cause != claim.Delivery {
		p.tell(t, Change{After: d.result})
	}
	return d, true, err
}

// evaluate gives a claim's result but for what an acceptance brings.
func (p *pass) evaluate(t turn) claim.Result {
	r := describe(p.vctx, t.claim, t.assessment)
	r.Findings = append(r.Findings, validators.AssessHistory(p.vctx, t.claim, t.assessment, p.history.asOf(t.claim.ID))...)
	if before, ok := t.batch.Before[r.Claim]; ok {
		r.Findings, r.Ruled = validators.RuleAgain(r.Findings, before)
	}
	validators.Sort(r.Findings)
	r.Decision = claim.Decide(r.Findings)
	if r.Revision = t.batch.Revision.Number; t.claim.Revision != r.Revision {
		r.First = t.claim.Revision
	}
	return r
}

// rule applies an operator's decision to a claim under review.
func (p *pass) rule(t turn) (d decision, err error) {
	r := t.ruled.Result
	first := r.FirstRevision()
	r.Findings, r.Ruled = validators.Rule(p.vctx.Programme, r.Kind, r.Findings, t.ruled.Ruling)
	r.Decision = claim.Decide(r.Findings)
	r.Revision, r.First = t.batch.Revision.Number, first
	d = decision{result: r, ruling: true}
	if r.Decision == claim.Accepted {
		err = p.accept(&d)
	}
	p.tell(t, Change{Before: t.ruled.Result, After: d.result})
	return d, err
}

func (p *pass) tell(t turn, c Change) {
	tally := p.tallies[t.batch]
	tally.changes = append(tally.changes, c)
}

// carry keeps a row whose claim an earlier revision of the batch accepted: it
// is not evaluated again, not even where its dossier is closed since.
func (p *pass) carry(t turn) bool {
	c := t.claim
	tally := p.tallies[t.batch]
	order, ok := orderOf(c.Kind, c.Supplier, claim.FINESS(c.Row.Text(claim.FieldFINESS)), c.Row.Text(claim.FieldOrderRef), c.Row.Text(claim.FieldDossier))
	if !ok {
		return false
	}
	for _, h := range p.history.accepted[order] {
		if h.Batch != c.Batch || h.Revision >= c.Revision || tally.carried[h.ID] > 0 {
			continue
		}
		tally.carried[h.ID] = c.Row.Number
		tally.settled[c.ID] = true
		if accepted, known := t.batch.Accepted[h.ID]; known {
			tally.changed = append(tally.changed, validators.Changed(p.vctx, c, accepted)...)
		}
		return true
	}
	return false
}

// decideAgain evaluates a claim that was decided before. When nothing comes out
// otherwise, or an acceptance is to stand, there is nothing to record.
func (p *pass) decideAgain(t turn, before claim.Result) (d decision, decided bool, err error) {
	if !p.history.holds(t.claim.Advance) {
		return d, false, ErrOtherDossier
	}
	r := p.evaluate(t)
	r.Replaces = before.Replaces
	d.result = r
	switch accepted := before.Decision == claim.Accepted; {
	case accepted && r.Decision == claim.Accepted && sameTotal(before, r), !accepted && sameReasons(before, r):
		p.settle(t, before)
		return d, false, nil
	case accepted && r.Decision == claim.Accepted:
		d.result.Dossier = before.Dossier
		if err := p.due(&d.result); err != nil {
			return d, false, err
		}
	case r.Decision == claim.Accepted:
		if err := p.accept(&d); err != nil {
			return d, false, err
		}
	}
	change := Change{Before: before, After: d.result}
	if before.Decision == claim.Accepted {
		change.Paid = p.history.paid(&before)
		if change.Kept = change.Paid || !t.batch.Withdraw; change.Kept {
			p.tell(t, change)
			p.settle(t, before)
			return d, false, nil
		}
		d.result.Withdrawal = &claim.Withdrawal{Revision: before.Revision, Reason: t.batch.Revision.Reason}
		change.After = d.result
		p.history.remove(before.Claim)
	}
	p.tell(t, change)
	return d, true, nil
}

// settle leaves a claim as it is.
func (p *pass) settle(t turn, before claim.Result) {
	p.tallies[t.batch].settled[t.claim.ID] = true
	if before.Decision != claim.Accepted { // an accepted one is in the history all the time
		p.history.take(&before)
	}
}

// sameTotal tells whether an accepted claim is worth what it was.
func sameTotal(a, b claim.Result) bool {
	return a.Kind == claim.Completion || a.Amounts.PayableTotal != nil && b.Amounts.PayableTotal != nil && *a.Amounts.PayableTotal == *b.Amounts.PayableTotal
}

// sameReasons tells whether a claim that is not accepted comes out as before.
func sameReasons(a, b claim.Result) bool {
	return a.Decision == b.Decision && slices.EqualFunc(a.Findings, b.Findings, func(x, y claim.Finding) bool {
		return x.Code == y.Code && x.Outcome == y.Outcome && x.Cell == y.Cell && x.Document == y.Document
	})
}

// accept gives an accepted claim what its acceptance brings.
func (p *pass) accept(d *decision) error {
	r := &d.result
	roles := []claim.Role{claim.PurchaseOrder}
	switch r.Kind {
	case claim.Advance:
	case claim.Balance:
		roles = []claim.Role{claim.Invoice, claim.AptitudeCertificate}
	case claim.Completion:
		roles = []claim.Role{claim.CompletionCertificate}
	}
	if err := p.due(r); err != nil {
		return err
	}
	for _, role := range roles {
		if !slices.ContainsFunc(r.Documents, func(d claim.ResultDocument) bool { return d.Role == role && d.Pages > 0 }) {
			return ErrUnread
		}
	}
	if r.Kind == claim.Advance {
		return p.fund(d)
	}
	switch dossier := p.history.Dossier(r.Dossier); {
	case r.FINESS == "":
		return ErrNoDossier
	case dossier.Closed:
		return ErrClosed
	case r.Kind == claim.Balance && slices.ContainsFunc(dossier.Claims, isAcceptedBalance):
		return ErrBalanced
	}
	return nil
}

// fund gives an accepted advance its dossier.
func (p *pass) fund(d *decision) error {
	r := &d.result
	if slices.ContainsFunc(p.history.Holders(r.FINESS), func(h validators.PastClaim) bool { return h.Decision == claim.Accepted }) {
		return ErrFunded
	}
	p.dossiers++
	d.sequence = p.dossiers
	r.Dossier = string(claim.NewDossierNumber(p.vctx.Programme.DossierPrefix, d.sequence))
	return nil
}

// due gives an accepted claim what it is owed: an advance its share of the
// payable total, a balance what the advance left of it, a declaration nothing.
func (p *pass) due(r *claim.Result) error {
	if r.Kind == claim.Completion {
		return nil
	}
	total, before := r.Amounts.PayableTotal, r.Amounts.PaidBefore
	if total == nil || r.Kind == claim.Balance && (before == nil || *before > *total) {
		return ErrUncomputable
	}
	due := p.vctx.Programme.AdvanceDue(*total)
	if r.Kind == claim.Balance {
		due = *total - *before
	}
	r.Amounts.AmountDue = &due
	return nil
}

// replace finds the supplier's own earlier claim that this one takes the place
// of. One that still stands is not replaced: an accepted one never is, and one
// under review stays when its correction is rejected, for the correction may
// come too late where the claim itself came in time.
func (p *pass) replace(d *decision) {
	r := &d.result
	order, ok := orderOf(r.Kind, r.Supplier, r.FINESS, r.OrderRef, r.Dossier)
	if !ok {
		return
	}
	earlier, ok := p.history.latest[order]
	pending := p.history.pending(order)
	switch stands := slices.ContainsFunc(pending, func(c validators.PastClaim) bool { return c.ID == earlier.ID }); {
	case !ok, earlier.Decision == claim.Accepted:
		return
	case earlier.Decision == claim.UnderReview && r.Kind != claim.Advance && p.history.taken[earlier.ID]:
		return // of the same night: this one stands behind it (DOS-03)
	case r.Decision != claim.Rejected:
		d.supersedes = p.history.supersede(order)
	case stands:
		return
	}
	r.Replaces = earlier.ID
}

// record writes what the pass decided, and gives what became of each batch.
func (p *pass) record(ctx context.Context, n *ledger.Night, batches []*Batch) ([]Outcome, error) {
	for _, d := range p.decisions {
		if err := n.Decide(d.result, d.sequence); err != nil {
			return nil, err
		}
		for _, id := range d.supersedes {
			if err := n.Supersede(id, d.result.Claim); err != nil {
				return nil, err
			}
		}
		if d.ruling {
			if err := n.Settle(ctx, d.result.Claim, d.result.Revision); err != nil {
				return nil, err
			}
		}
	}
	outcomes := make([]Outcome, 0, len(batches))
	for _, b := range batches {
		t := p.tallies[b]
		outcome := Outcome{Results: t.results, Changes: t.changes}
		if b.Revision.Cause == claim.Delivery || len(t.results) > 0 {
			var err error
			if outcome.Revision, err = t.revision(ctx, n, b.Revision); err != nil {
				return nil, err
			}
			if err := n.Revise(outcome.Revision); err != nil {
				return nil, err
			}
		}
		outcomes = append(outcomes, outcome)
	}
	return outcomes, nil
}

// revision completes a batch's revision: the rows of the batch as it now
// stands, by decision, and what the newly accepted are owed.
func (t *tally) revision(ctx context.Context, n *ledger.Night, r claim.Revision) (claim.Revision, error) {
	r.Counts, r.AmountDue = claim.Counts{}, 0
	standing := map[claim.ID]claim.Decision{}
	if r.Cause != claim.Delivery {
		members, err := n.Members(ctx, r.Supplier, r.Batch)
		if err != nil {
			return r, err
		}
		standing = members
	}
	for _, result := range t.results {
		if _, member := standing[result.Claim]; member || result.FirstRevision() == r.Number {
			standing[result.Claim] = result.Decision
		}
		if result.Decision == claim.Accepted {
			r.Counts.NewlyAccepted++
			if due := result.Amounts.AmountDue; due != nil { // none for a declaration
				r.AmountDue += *due
			}
		}
	}
	for _, decision := range standing {
		r.Counts.Add(decision)
	}
	r.Counts.Accepted += len(t.carried)
	for id, row := range t.carried {
		r.Carried = append(r.Carried, claim.Carried{Claim: id, Row: row})
	}
	slices.SortFunc(r.Carried, func(a, b claim.Carried) int { return cmp.Compare(a.Row, b.Row) })
	r.Findings = append(slices.Clone(r.Findings), t.changed...)
	if len(t.changed) > 0 {
		validators.Sort(r.Findings)
	}
	return r, nil
}
