package settle

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/validators"
)

// Why a batch is left out of a night.
var (
	// ErrTotals is for a batch of which a control total does not hold.
	ErrTotals = errors.New("a control total does not hold")
	// ErrUncomputable is for a claim that no rule stops and whose amount due
	// cannot be computed.
	ErrUncomputable = errors.New("no rule stops the claim, but its amount due cannot be computed")
	// ErrFunded is for a claim that no rule stops though its pharmacy is funded.
	ErrFunded = errors.New("no rule stops the claim, but its pharmacy is funded already")
	// ErrUnread is for a claim that no rule stops and of which a document shows
	// no page: nothing of it can have been judged.
	ErrUnread = errors.New("no rule stops the claim, but not all its documents were read")
	// ErrNoDossier is for a claim that no rule stops though the supplier has no
	// such dossier, ErrClosed for one whose dossier is closed, ErrBalanced for
	// one whose dossier has an accepted balance.
	ErrNoDossier = errors.New("no rule stops the claim, but its dossier is not known")
	ErrClosed    = errors.New("no rule stops the claim, but its dossier is closed")
	ErrBalanced  = errors.New("no rule stops the claim, but its dossier's balance is accepted already")
	// ErrOtherDossier is for a claim that was assessed by an advance that is
	// not the one accepted under the number.
	ErrOtherDossier = errors.New("the dossier is not the one that the claim was assessed by")
	// ErrSettled is for a revision that the ledger holds already.
	ErrSettled = errors.New("the revision is settled already")
	// ErrMalformed is for a batch that does not fit together.
	ErrMalformed = errors.New("the batch does not fit together")
)

// BatchError says why a batch was left out of a night.
type BatchError struct {
	Supplier claim.SIRET
	Batch    string
	Revision int
	Err      error
}

func (e *BatchError) Error() string {
	return fmt.Sprintf("batch %s/%s, revision %d, is not settled: %v", e.Supplier, e.Batch, e.Revision, e.Err)
}

// Unwrap gives the reason.
func (e *BatchError) Unwrap() error { return e.Err }

// Batch is a batch to be settled: a delivery, or claims that are decided anew.
type Batch struct {
	// Revision is all of it but Counts, AmountDue and Carried. A refused one
	// has no claims.
	Revision claim.Revision
	Claims   []*claim.Claim
	// Assessments are those of the claims, in their order, with the findings
	// between claims of the batch.
	Assessments []claim.Assessment

	// Accepted are, for a delivery under a name that was published before,
	// the rows on which claims of the batch were accepted: what the delivery
	// changed in them is told (LIG-05).
	Accepted map[claim.ID]claim.Row

	// Before is how the claims that are evaluated again stand.
	Before map[claim.ID]claim.Result
	// Rulings are what operators made of claims of the batch.
	Rulings []ledger.Ruled
	// Withdraw lets acceptances be taken back, for the reason of Revision.
	Withdraw bool
}

// Outcome is what became of a batch.
type Outcome struct {
	// Revision as it is recorded. Claims decided anew in which nothing
	// changed make no revision: its number is then 0.
	Revision claim.Revision
	Results  []claim.Result // as they are recorded, in the order of the night
	// Changes are the claims that were decided before and come out otherwise
	// now, in the order of the night.
	Changes []Change
}

// Change is a claim that comes out otherwise than before.
type Change struct {
	Before claim.Result // the zero Result for a row that was never evaluated
	After  claim.Result
	// Kept is set when Before stands all the same: an acceptance is only
	// taken back where that is asked for, and never once it is Paid.
	Kept bool
	// Paid is set for an acceptance whose dossier is closed, or has an
	// accepted balance: what was paid is recovered by closing the dossier.
	Paid bool
}

// fault makes the error that names the batch.
func (b *Batch) fault(err error) error {
	return &BatchError{Supplier: b.Revision.Supplier, Batch: b.Revision.Batch, Revision: b.Revision.Number, Err: err}
}

// Night settles a night's batches in one transaction of the ledger and gives
// what became of them, by supplier, batch and number. Batches that cannot be
// settled are left out, and each is named by a [BatchError] in the error that
// then comes beside the outcomes of the others. Any other error means that
// nothing was settled.
func Night(ctx context.Context, vctx *validators.Context, l *ledger.Ledger, batches []Batch) ([]Outcome, error) {
	return settle(ctx, vctx, l.Night, batches)
}

// Rehearse gives what [Night] would, and settles nothing.
func Rehearse(ctx context.Context, vctx *validators.Context, l *ledger.Ledger, batches []Batch) ([]Outcome, error) {
	return settle(ctx, vctx, l.Rehearse, batches)
}

func settle(ctx context.Context, vctx *validators.Context, within func(context.Context, func(*ledger.Night) error) error, batches []Batch) ([]Outcome, error) {
	var outcomes []Outcome
	var faults []error
	err := within(ctx, func(n *ledger.Night) error {
		sound, unsound, err := examine(ctx, n, batches)
		if err != nil {
			return err
		}
		faults = unsound
		past, err := n.Past(ctx, keys(vctx, sound))
		if err != nil {
			return err
		}
		dossiers, err := n.LastDossier(ctx)
		if err != nil {
			return err
		}
		for {
			p := newPass(vctx, past, dossiers, sound)
			var failed []error
			if sound, failed = p.run(sound); len(failed) == 0 {
				outcomes, err = p.record(ctx, n, sound)
				return err
			}
			// What the others decided may have hung on a batch that is now
			// left out: they are decided again without it.
			faults = append(faults, failed...)
		}
	})
	if err != nil {
		return nil, fmt.Errorf("settling: %w", err)
	}
	return outcomes, errors.Join(faults...)
}

// examine tells the batches that can be settled, in the order of supplier,
// batch and revision, from those that cannot.
func examine(ctx context.Context, n *ledger.Night, batches []Batch) (sound []*Batch, unsound []error, err error) {
	for i := range batches {
		sound = append(sound, &batches[i])
	}
	slices.SortStableFunc(sound, func(a, b *Batch) int {
		return cmp.Or(cmp.Compare(a.Revision.Supplier, b.Revision.Supplier),
			cmp.Compare(a.Revision.Batch, b.Revision.Batch), cmp.Compare(a.Revision.Number, b.Revision.Number))
	})
	ids := map[claim.ID]bool{}
	examined := sound
	sound = nil
	for _, b := range examined {
		fault := b.malformed(ids)
		settled, err := n.Settled(ctx, b.Revision.Supplier, b.Revision.Batch, b.Revision.Number)
		switch {
		case err != nil:
			return nil, nil, err
		case settled:
			fault = ErrSettled
		case len(sound) > 0 && sameRevision(sound[len(sound)-1], b):
			fault = fmt.Errorf("%w: it stands twice in the night", ErrMalformed)
		}
		if fault != nil {
			unsound = append(unsound, b.fault(fault))
			continue
		}
		sound = append(sound, b)
		for _, c := range b.Claims {
			ids[c.ID] = true
		}
		for _, r := range b.Rulings {
			ids[r.Claim] = true
		}
	}
	return sound, unsound, nil
}

func sameRevision(a, b *Batch) bool {
	return a.Revision.Supplier == b.Revision.Supplier && a.Revision.Batch == b.Revision.Batch && a.Revision.Number == b.Revision.Number
}

// malformed tells what does not fit together in a batch; ids are the claims
// of the others.
func (b *Batch) malformed(ids map[claim.ID]bool) error {
	r := b.Revision
	switch {
	case r.Status != claim.Processed && r.Status != claim.Refused:
		return fmt.Errorf("%w: its status is %q", ErrMalformed, r.Status)
	case r.Status == claim.Refused && len(b.Claims) > 0:
		return fmt.Errorf("%w: it is refused and has claims", ErrMalformed)
	case len(b.Claims) != len(b.Assessments):
		return fmt.Errorf("%w: %d claims and %d assessments", ErrMalformed, len(b.Claims), len(b.Assessments))
	}
	own := map[claim.ID]bool{}
	for _, ruled := range b.Rulings {
		if r.Cause != claim.Reviewed || ruled.Supplier != r.Supplier || ruled.Batch != r.Batch || ids[ruled.Claim] || own[ruled.Claim] {
			return fmt.Errorf("%w: the ruling on claim %s does not belong to it", ErrMalformed, ruled.Claim)
		}
		own[ruled.Claim] = true
	}
	for i, c := range b.Claims {
		_, before := b.Before[c.ID]
		switch {
		case c.Kind.Letter() == "":
			return fmt.Errorf("%w: claim %s is of the kind %q", ErrMalformed, c.ID, c.Kind)
		case c.Supplier != r.Supplier || c.Batch != r.Batch || c.Kind != r.Kind,
			!before && c.Revision != r.Number, before && (c.Revision >= r.Number || r.Cause == claim.Delivery):
			return fmt.Errorf("%w: claim %s belongs to another", ErrMalformed, c.ID)
		case ids[c.ID] || own[c.ID]:
			return fmt.Errorf("%w: claim %s stands twice in the night", ErrMalformed, c.ID)
		}
		own[c.ID] = true
		if !summarised(c, b.Assessments[i]) {
			return fmt.Errorf("%w: the assessment of claim %s is not of its documents", ErrMalformed, c.ID)
		}
		for _, f := range b.Assessments[i].Findings {
			if !slices.Contains(outcomes, f.Outcome) {
				return fmt.Errorf("%w: finding %s of claim %s has the outcome %q", ErrMalformed, f.Code, c.ID, f.Outcome)
			}
		}
	}
	return nil
}

// outcomes are those that a finding can have: an unknown one would stop
// nothing.
var outcomes = []claim.Outcome{claim.Reject, claim.Complete, claim.Review, claim.Warn, claim.Accept}

// summarised tells whether an assessment tells of each document of its claim:
// one that it left out could be used again unseen (DOC-05).
func summarised(c *claim.Claim, a claim.Assessment) bool {
	for _, d := range c.Documents {
		if d.Object != nil && !slices.ContainsFunc(a.Documents, func(r claim.ResultDocument) bool {
			return r.Role == d.Role && r.SHA256 == d.Object.SHA256
		}) {
			return false
		}
	}
	return true
}

// check tells whether the control totals hold: as many results as rows, each
// of its own claim, and the same sum of readable amounts. Rows that an earlier
// revision accepted, and claims that come out as before, count with those decided.
func (b *Batch) check(t *tally) error {
	of := make(map[claim.ID]bool, len(t.results)+len(t.settled))
	var counts claim.Counts
	var rows, decided claim.Cents
	amounts := 0
	for _, r := range t.results {
		counts.Add(r.Decision)
		of[r.Claim] = true
		if r.Amounts.ExclTax != nil {
			decided += *r.Amounts.ExclTax
			amounts++
		}
	}
	for _, r := range b.Rulings {
		if !of[r.Claim] {
			return fmt.Errorf("%w: the ruling on claim %s has no result", ErrTotals, r.Claim)
		}
		if r.Amounts.ExclTax != nil {
			rows += *r.Amounts.ExclTax
			amounts--
		}
	}
	for _, c := range b.Claims {
		if t.settled[c.ID] {
			continue
		}
		if !of[c.ID] {
			return fmt.Errorf("%w: claim %s has no result", ErrTotals, c.ID)
		}
		if amount, ok := exclTax(c); ok {
			rows += amount
			amounts--
		}
	}
	total := len(b.Claims) + len(b.Rulings)
	switch {
	case counts.Rows()+len(t.settled) != total || len(t.results)+len(t.settled) != total:
		return fmt.Errorf("%w: %d rows, %d of them decided", ErrTotals, total, counts.Rows()+len(t.settled))
	case rows != decided || amounts != 0:
		return fmt.Errorf("%w: the rows ask for %s excl. VAT in all, the results for %s", ErrTotals, rows, decided)
	}
	return nil
}
