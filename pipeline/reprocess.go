package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/settle"
	"guichet/validators"
)

// Reprocess is what is to be evaluated again, with today's registers and
// programme.
type Reprocess struct {
	Batch  intake.Ref
	Claims []claim.ID // all of the batch as it stands when empty
	DryRun bool       // tell the differences, change nothing
	// Withdraw lets acceptances be taken back; Reason and By say why and who.
	Withdraw   bool
	Reason, By string
}

// Reprocessed tells what came of it.
type Reprocessed struct {
	Summary
	Revision int             // that it makes, or would make; 0 when nothing changed
	Changes  []settle.Change // in the order of the night
	// Unread are claims whose row is not found any more in their delivery,
	// Replaced those that a later claim of the supplier took the place of:
	// both stay as they are.
	Unread, Replaced []claim.ID
}

// Why a batch cannot be evaluated again.
var (
	ErrUnknownBatch = errors.New("the ledger knows no such batch")
	ErrUnknownClaim = errors.New("the batch has no such claim")
	// ErrDecided is for a claim that an operator decided and no run has
	// published yet.
	ErrDecided = errors.New("it is decided, and the next run publishes that: guichet run")
)

// Reprocess evaluates claims of a batch again and publishes at once what comes
// out otherwise, as the batch's next revision. Claims keep their identity and
// their reception. An acceptance is only taken back when what says so.
func (n *Night) Reprocess(ctx context.Context, what Reprocess) (*Reprocessed, error) {
	var done Reprocessed
	if what.DryRun {
		lock, err := n.lock(ctx)
		if err != nil {
			return &done, err
		}
		defer func() { _ = lock.Release() }() // the system frees it when the process ends
		r := n.begin()
		if err = r.loadRegisters(ctx); err == nil {
			err = r.reprocess(ctx, what, &done, settle.Rehearse)
		}
		return &done, err
	}
	summary, err := n.alone(ctx, func(r *run, ctx context.Context) error {
		if err := r.prologue(ctx); err != nil {
			return err
		}
		if err := r.reprocess(ctx, what, &done, settle.Night); err != nil {
			return err
		}
		if err := r.publishSettled(ctx); err != nil {
			return err
		}
		return r.publishHead(ctx)
	})
	done.Summary = *summary
	return &done, err
}

// settling is [settle.Night] or [settle.Rehearse].
type settling func(context.Context, *validators.Context, *ledger.Ledger, []settle.Batch) ([]settle.Outcome, error)

func (r *run) reprocess(ctx context.Context, what Reprocess, done *Reprocessed, decide settling) error {
	h, found, err := r.history(ctx, what.Batch)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("batch %s: %w", what.Batch, ErrUnknownBatch)
	}
	wanted, err := r.wanted(ctx, h, what.Claims, done)
	if err != nil {
		return err
	}
	b, err := r.evaluate(ctx, h, wanted, len(what.Claims) == 0)
	if err != nil {
		return fmt.Errorf("batch %s: %w", what.Batch, err)
	}
	for id := range wanted {
		if _, read := b.Before[id]; !read {
			done.Unread = append(done.Unread, id)
		}
	}
	slices.Sort(done.Unread)
	b.Revision.Cause, b.Revision.By = claim.Reprocessed, what.By
	b.Withdraw, b.Revision.Reason = what.Withdraw, what.Reason
	outcomes, err := decide(ctx, r.validator, r.Ledger, []settle.Batch{b})
	if err != nil {
		return err
	}
	done.Changes, done.Revision = outcomes[0].Changes, outcomes[0].Revision.Number
	return nil
}

// wanted gives the claims to be evaluated again: those named, or all rows of
// the batch as it stands. Those that others took the place of are told.
func (r *run) wanted(ctx context.Context, h *history, named []claim.ID, done *Reprocessed) (map[claim.ID]bool, error) {
	wanted := map[claim.ID]bool{}
	for _, id := range named {
		if _, known := h.standings[id]; !known {
			return nil, fmt.Errorf("claim %s: %w", id, ErrUnknownClaim)
		}
		wanted[id] = true
	}
	for _, m := range h.members {
		if len(named) == 0 {
			wanted[m.Claim] = true
		}
		if m.Replaced && wanted[m.Claim] {
			delete(wanted, m.Claim)
			done.Replaced = append(done.Replaced, m.Claim)
		}
	}
	rulings, err := r.Ledger.Rulings(ctx)
	if err != nil {
		return nil, err
	}
	for _, ruled := range rulings {
		if wanted[ruled.Claim] {
			return nil, fmt.Errorf("claim %s: %w", ruled.Claim, ErrDecided)
		}
	}
	return wanted, nil
}
