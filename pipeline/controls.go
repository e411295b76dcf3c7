package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/publish"
)

// Controlled is what later controls came to.
type Controlled struct {
	Summary
	Dossiers int              // that fund a pharmacy, and were looked at
	Events   []claim.Recovery // recorded, by dossier
}

// Controls holds the dossiers that were funded against what the CNOP, the CNAM
// and the ANS say of them, and against the calendar (AF §6.2 end, §7), as of the
// start of the run. It records what follows from that in one transaction of the
// ledger, and publishes what suppliers are told of it. Where nothing changed since, nothing is recorded and nothing written.
func (n *Night) Controls(ctx context.Context) (*Controlled, error) {
	var done Controlled
	err := n.reclaim(ctx, &done, func(r *run, ctx context.Context) error {
		return r.Ledger.Control(ctx, r.started, func(controls *ledger.Controls) error { return r.control(ctx, controls, &done) })
	})
	return &done, err
}

// Closure is an operator's order to repay what was paid on a dossier, without
// notice: its order was cancelled, or another took its place.
type Closure struct {
	Dossier    string
	By, Reason string
}

// ErrClosed is for a dossier that is closed already.
var ErrClosed = errors.New("the dossier is closed already")

// CloseDossier orders to repay all that was paid on a dossier, which frees its
// pharmacy, and publishes that. Errors are ledger.ErrUnknownDossier, ErrClosed,
// and those of a run.
func (n *Night) CloseDossier(ctx context.Context, what Closure) (*Controlled, error) {
	var done Controlled
	err := n.reclaim(ctx, &done, func(r *run, ctx context.Context) error {
		return r.Ledger.Control(ctx, r.started, func(controls *ledger.Controls) error {
			c, err := controls.Case(ctx, what.Dossier)
			if err != nil {
				return err
			}
			if !c.Open {
				return fmt.Errorf("dossier %s: %w%s", what.Dossier, ErrClosed, closedBy(c))
			}
			event := r.about(c)
			event.Status, event.By, event.Reason = claim.Ordered, what.By, what.Reason
			done.Dossiers, done.Events = 1, []claim.Recovery{event}
			return controls.Record(event)
		})
	})
	return &done, err
}

// closedBy tells what closed a dossier.
func closedBy(c *ledger.Case) string {
	if standing, _ := claim.Standing(c.Events); standing.Status == claim.Ordered {
		return ": repayment is ordered since " + standing.Day().String()
	}
	return ": the acceptance of its advance was taken back"
}

// reclaim decides on recoveries while no other run can, and publishes them.
func (n *Night) reclaim(ctx context.Context, done *Controlled, decide func(*run, context.Context) error) error {
	summary, err := n.alone(ctx, func(r *run, ctx context.Context) error {
		if err := r.prologue(ctx); err != nil {
			return err
		}
		if err := r.stage(ctx, "control", func(ctx context.Context) error { return decide(r, ctx) }); err != nil {
			*done = Controlled{} // the transaction was undone
			return err
		}
		if err := r.stage(ctx, "publish", r.notify); err != nil {
			return err
		}
		return r.publishHead(ctx)
	})
	done.Summary = *summary
	return err
}

// control looks at every dossier and records what follows.
func (r *run) control(ctx context.Context, controls *ledger.Controls, done *Controlled) error {
	cases, err := controls.Cases(ctx)
	if err != nil {
		return err
	}
	j := judge{programme: r.Programme, registers: r.set, noticeDays: r.Config.Recovery.NoticeDays}
	for _, c := range cases {
		if c.Open {
			done.Dossiers++
		}
		event, follows := j.next(c, r.about(c))
		if !follows {
			continue
		}
		if err := controls.Record(event); err != nil {
			return err
		}
		done.Events = append(done.Events, event)
	}
	return nil
}

// about gives an event on a dossier as far as it does not hang on what it is.
func (r *run) about(c *ledger.Case) claim.Recovery {
	event := claim.Recovery{
		Dossier: c.Dossier, At: r.started.In(claim.Paris), Programme: r.Programme.Reference, Supplier: c.Supplier, FINESS: c.FINESS,
		CompanyName: c.CompanyName, OrderRef: c.OrderRef, Grounds: []claim.Finding{}, Paid: c.Paid, Amount: c.Total(),
		Software: r.Software,
	}
	if enrolments := r.set.Enrolments(c.Supplier); len(enrolments) > 0 {
		event.SupplierName = enrolments[0].Name
	}
	return event
}

// notify publishes what suppliers are to be told of recoveries and were not
// yet. What cannot be published is told, and tried again by the next run.
func (r *run) notify(ctx context.Context) error {
	waiting, err := r.Ledger.Notices(ctx, true)
	if err != nil {
		return err
	}
	for _, n := range waiting {
		if err := ctx.Err(); err != nil {
			return err
		}
		key := noticesKey(n)
		if r.failed[key] {
			continue // it was tried at the start of the run
		}
		sha256, err := publish.Notify(ctx, r.Store, noticesOf(n))
		if err != nil {
			r.fail(key, err)
			continue
		}
		if err := r.Ledger.MarkNotified(ctx, n, sha256); err != nil {
			return err
		}
		r.Log.Info("notified", slog.String("key", key), slog.Int("events", len(n.Events)))
	}
	return nil
}

func noticesOf(n *ledger.Notices) publish.Notices {
	return publish.Notices{Supplier: n.Supplier, Day: n.Day, Events: n.Events}
}

// noticesKey names a supplier's day, by its last object.
func noticesKey(n *ledger.Notices) string {
	return fmt.Sprintf("outbox/%s/indus/%s.csv", n.Supplier, n.Day)
}
