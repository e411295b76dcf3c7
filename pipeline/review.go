package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/settle"
)

// review settles what operators decided since the last run, and evaluates
// again the claims that waited for another's (BEN-04) and need not wait any
// more: one revision a batch.
func (r *run) review(ctx context.Context) error {
	rulings, err := r.Ledger.Rulings(ctx)
	if err != nil {
		return err
	}
	rivals, err := r.Ledger.Rivals(ctx)
	if err != nil {
		return err
	}
	work := map[intake.Ref]*reviewed{}
	of := func(s ledger.Standing) *reviewed {
		ref := intake.Ref{Supplier: s.Supplier, Name: s.Batch}
		if work[ref] == nil {
			work[ref] = &reviewed{wanted: map[claim.ID]bool{}}
		}
		return work[ref]
	}
	for _, ruled := range rulings {
		of(ruled.Standing).rulings = append(of(ruled.Standing).rulings, ruled)
	}
	for _, s := range released(rivals, rulings) {
		of(s).wanted[s.Claim] = true
	}
	var batches []settle.Batch
	for _, ref := range slices.SortedFunc(maps.Keys(work), compareRefs) {
		if len(r.Only) > 0 && !slices.Contains(r.Only, ref) || r.failed["inbox/"+ref.String()+"/"] {
			continue
		}
		h, _, err := r.history(ctx, ref)
		if err != nil {
			return err
		}
		b, err := r.evaluate(ctx, h, work[ref].wanted, false)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			// What operators decided does not wait for the others' documents.
			r.report("inbox/"+ref.String()+"/", fmt.Errorf("claims that waited are not evaluated again: %w", err))
			if b, err = r.evaluate(ctx, h, nil, false); err != nil {
				return err
			}
		}
		b.Revision.Cause, b.Rulings = claim.Reviewed, work[ref].rulings
		batches = append(batches, b)
	}
	_, err = r.settle(ctx, batches)
	return err
}

// reviewed is what is decided anew of a batch.
type reviewed struct {
	rulings []ledger.Ruled
	wanted  map[claim.ID]bool // to be evaluated again
}

func compareRefs(a, b intake.Ref) int {
	return cmp.Or(cmp.Compare(a.Supplier, b.Supplier), cmp.Compare(a.Name, b.Name))
}

// released gives the claims that wait for another supplier's and need not any
// more, since every other one for the pharmacy is decided or waits itself.
func released(rivals []ledger.Standing, rulings []ledger.Ruled) []ledger.Standing {
	decided := func(s ledger.Standing) bool {
		return slices.ContainsFunc(rulings, func(r ledger.Ruled) bool { return r.Claim == s.Claim })
	}
	var free []ledger.Standing
	for _, s := range rivals {
		if !s.Waits() || decided(s) {
			continue
		}
		if !slices.ContainsFunc(rivals, func(o ledger.Standing) bool {
			return o.FINESS == s.FINESS && o.Supplier != s.Supplier && !o.Waits() && !decided(o)
		}) {
			free = append(free, s)
		}
	}
	return free
}
