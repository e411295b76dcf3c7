package settle

import (
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
	results   map[*Batch][]claim.Result
}

// decision is what is recorded of a claim.
type decision struct {
	result     claim.Result
	sequence   int        // of its dossier; 0 where there is none
	supersedes []claim.ID // the supplier's own pending claims that it takes the place of
}

func newPass(vctx *validators.Context, past []ledger.Past, dossiers int) *pass {
	return &pass{vctx: vctx, history: newHistory(past), dossiers: dossiers, results: map[*Batch][]claim.Result{}}
}

// turn is a claim's turn in the order of the night.
type turn struct {
	batch      *Batch
	claim      *claim.Claim
	assessment claim.Assessment
}

// run decides all claims. When batches turn out to be unfit it gives the
// others, and why; the pass is then of no use.
func (p *pass) run(batches []*Batch) (fit []*Batch, faults []error) {
	var turns []turn
	for _, b := range batches {
		for i, c := range b.Claims {
			turns = append(turns, turn{b, c, b.Assessments[i]})
		}
	}
	slices.SortStableFunc(turns, func(a, b turn) int {
		switch {
		case claim.Less(a.claim, b.claim):
			return -1
		case claim.Less(b.claim, a.claim):
			return 1
		}
		return 0
	})
	unfit := map[*Batch]error{}
	for _, t := range turns {
		if unfit[t.batch] != nil {
			continue
		}
		d, err := p.decide(t.claim, t.assessment)
		if err != nil {
			unfit[t.batch] = fmt.Errorf("claim %s: %w", t.claim.ID, err)
			continue
		}
		p.decisions = append(p.decisions, d)
		p.results[t.batch] = append(p.results[t.batch], d.result)
	}
	for _, b := range batches {
		err := unfit[b]
		if err == nil {
			err = b.check(p.results[b])
		}
		if err != nil {
			faults = append(faults, b.fault(err))
			continue
		}
		fit = append(fit, b)
	}
	return fit, faults
}

// decide decides one claim and puts it into the history. A panic of a rule is
// the batch's fault, not the night's.
func (p *pass) decide(c *claim.Claim, a claim.Assessment) (d decision, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a rule failed: %v", fault)
		}
	}()
	r := describe(p.vctx, c, a)
	r.Findings = append(r.Findings, validators.AssessHistory(p.vctx, c, a, p.history)...)
	validators.Sort(r.Findings)
	r.Decision = claim.Decide(r.Findings)
	d.result = r
	if r.Decision == claim.Accepted {
		if err := p.fund(&d); err != nil {
			return decision{}, err
		}
	}
	p.replace(&d)
	p.history.add(past(&d.result), documents(&d.result))
	return d, nil
}

// fund gives an accepted advance its amount and its dossier.
func (p *pass) fund(d *decision) error {
	r := &d.result
	if r.Amounts.PayableTotal == nil {
		return ErrUncomputable
	}
	if !slices.ContainsFunc(r.Documents, func(d claim.ResultDocument) bool { return d.Role == claim.PurchaseOrder && d.Pages > 0 }) {
		return ErrUnread
	}
	if slices.ContainsFunc(p.history.Holders(r.FINESS), func(h validators.PastClaim) bool { return h.Decision == claim.Accepted }) {
		return ErrFunded
	}
	due := p.vctx.Programme.AdvanceDue(*r.Amounts.PayableTotal)
	r.Amounts.AmountDue = &due
	p.dossiers++
	d.sequence = p.dossiers
	r.Dossier = string(claim.NewDossierNumber(d.sequence))
	return nil
}

// replace finds the supplier's own earlier claim that this one takes the place
// of. One that still stands is not replaced: an accepted one never is, and one
// under review stays when its correction is rejected, for the correction may
// come too late where the claim itself came in time.
func (p *pass) replace(d *decision) {
	r := &d.result
	if r.FINESS == "" || r.OrderRef == "" {
		return
	}
	earlier, ok := p.history.latest[orderOf(past(r))]
	if !ok || earlier.Decision == claim.Accepted {
		return
	}
	if r.Decision != claim.Rejected {
		d.supersedes = p.history.supersede(past(r))
	} else if p.history.pending(earlier) {
		return
	}
	r.Replaces = earlier.ID
}

// record writes what the pass decided, and gives the revisions.
func (p *pass) record(n *ledger.Night, batches []*Batch) ([]claim.Revision, error) {
	for _, d := range p.decisions {
		if err := n.Decide(d.result, d.sequence); err != nil {
			return nil, err
		}
		for _, id := range d.supersedes {
			if err := n.Supersede(id, d.result.Claim); err != nil {
				return nil, err
			}
		}
	}
	revisions := make([]claim.Revision, 0, len(batches))
	for _, b := range batches {
		r := b.Revision
		r.Counts, r.AmountDue = claim.Counts{}, 0
		for _, result := range p.results[b] {
			r.Counts.Add(result.Decision)
			if result.Amounts.AmountDue != nil {
				r.Counts.NewlyAccepted++
				r.AmountDue += *result.Amounts.AmountDue
			}
		}
		if err := n.Revise(r); err != nil {
			return nil, err
		}
		revisions = append(revisions, r)
	}
	return revisions, nil
}
