package pipeline

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/publish"
	"guichet/pipeline/settle"
	"guichet/validators"
)

// history is what the ledger holds of a batch whose claims are evaluated again.
type history struct {
	ref        intake.Ref
	latest     int // revision
	deliveries []claim.Revision
	standings  map[claim.ID]ledger.Standing
	members    []ledger.Member // rows of the batch as it stands
}

// history gives what the ledger holds of a batch; false when it holds nothing.
func (r *run) history(ctx context.Context, ref intake.Ref) (*history, bool, error) {
	latest, found, err := r.Ledger.LatestRevision(ctx, ref.Supplier, ref.Name)
	if err != nil || !found {
		return nil, false, err
	}
	h := &history{ref: ref, latest: latest.Number, standings: map[claim.ID]ledger.Standing{}}
	for upTo := latest.Number; upTo > 0; upTo-- {
		d, found, err := r.Ledger.Delivery(ctx, ref.Supplier, ref.Name, upTo)
		if err != nil {
			return nil, false, err
		}
		if !found {
			break
		}
		h.deliveries = append(h.deliveries, d.Revision)
		upTo = d.Number
	}
	standings, err := r.Ledger.Standings(ctx, ref.Supplier, ref.Name)
	if err != nil {
		return nil, false, err
	}
	for _, s := range standings {
		h.standings[s.Claim] = s
	}
	h.members, err = r.Ledger.Members(ctx, ref.Supplier, ref.Name)
	return h, true, err
}

// origin gives the delivery from which a claim came that was first evaluated
// in a revision.
func (h *history) origin(first int) claim.Revision {
	i := slices.IndexFunc(h.deliveries, func(d claim.Revision) bool { return d.Number <= first })
	return h.deliveries[i]
}

// identity gives the claims of a delivery's rows as the ledger knows them. A
// row that it does not know is a claim of the revision that is being made.
func (h *history) identity(d claim.Revision) identity {
	known := map[int]ledger.Standing{}
	for _, s := range h.standings {
		if h.origin(s.FirstRevision()).Number == d.Number {
			known[s.Row] = s
		}
	}
	return func(kind claim.Kind, row int) (claim.ID, int) {
		if s, ok := known[row]; ok {
			return s.Claim, s.FirstRevision()
		}
		return claim.NewID(kind, h.ref.Supplier, h.ref.Name, h.latest+1, row), h.latest + 1
	}
}

// reopen opens a delivery of a batch in the archive.
func (r *run) reopen(ctx context.Context, d claim.Revision) (*intake.Batch, error) {
	ref := intake.Ref{Supplier: d.Supplier, Name: d.Batch}
	batch, err := intake.Reopen(ctx, r.Store, r.intake(), ref, d.Inputs, func(input string) string { return publish.ArchiveKey(d, input) })
	if errors.Is(err, intake.ErrInputs) {
		at, purged, asking := r.Ledger.PurgedAt(ctx, d.Supplier, d.Batch, d.Number)
		if purged {
			return nil, fmt.Errorf("they were purged on %s: %w", at.In(claim.Paris).Format(time.DateOnly), err)
		}
		err = errors.Join(err, asking)
	}
	return batch, err
}

// errRefusedNow is for a batch that was processed and would be refused today.
var errRefusedNow = errors.New("its file would be refused today")

// evaluate has claims of a batch judged again, by the inputs in the archive,
// and gives them to be settled in the batch's next revision. Rows of the last
// delivery that were never evaluated are taken in as well where that is asked
// for.
func (r *run) evaluate(ctx context.Context, h *history, wanted map[claim.ID]bool, withUnknown bool) (settle.Batch, error) {
	last := h.deliveries[0]
	b := settle.Batch{Before: map[claim.ID]claim.Result{}}
	kind, findings := last.Kind, []claim.Finding(nil)
	for _, d := range h.deliveries {
		unknown := withUnknown && d.Number == last.Number
		if !unknown && !h.comeFrom(d, wanted) {
			continue
		}
		opened, err := r.evaluateDelivery(ctx, h, d, wanted, unknown, &b)
		if err != nil {
			return b, fmt.Errorf("revision %d: %w", d.Number, err)
		}
		if unknown {
			kind, findings = opened.kind, opened.findings
		}
	}
	b.Revision = r.stamp(h.ref, h.latest+1, b.Assessments)
	b.Revision.Kind, b.Revision.ReceivedAt, b.Revision.Findings = kind, last.ReceivedAt, findings
	return b, nil
}

// comeFrom tells whether one of some claims came from a delivery.
func (h *history) comeFrom(d claim.Revision, claims map[claim.ID]bool) bool {
	for id := range claims {
		if s, known := h.standings[id]; known && h.origin(s.FirstRevision()).Number == d.Number {
			return true
		}
	}
	return false
}

// evaluateDelivery has the wanted claims of one delivery judged again and adds
// them to the batch.
func (r *run) evaluateDelivery(ctx context.Context, h *history, revision claim.Revision, wanted map[claim.ID]bool, unknown bool, b *settle.Batch) (d delivery, err error) {
	batch, err := r.reopen(ctx, revision)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, batch.Close()) }()
	if d, err = r.open(ctx, batch, revision.Number, h.identity(revision)); err != nil {
		return d, err
	}
	if validators.Refuses(d.findings) {
		return d, fmt.Errorf("%w: %s", errRefusedNow, d.findings[0].Code)
	}
	carried := map[int]bool{}
	for _, c := range revision.Carried {
		carried[c.Row] = true
	}
	delivered := d.claims
	d.claims = nil
	for _, c := range delivered {
		_, known := h.standings[c.ID]
		if wanted[c.ID] || unknown && !known && !carried[c.Row.Number] {
			d.claims = append(d.claims, c)
		}
	}
	outcomes, err := r.judge(ctx, []delivery{d})
	if err == nil {
		err = outcomes[0].Err
	}
	if err != nil {
		return d, err
	}
	assessments := outcomes[0].Assessments
	r.share(delivered, d.claims, assessments)
	b.Claims = append(b.Claims, d.claims...)
	b.Assessments = append(b.Assessments, assessments...)
	for _, c := range d.claims {
		if s, known := h.standings[c.ID]; known {
			b.Before[c.ID] = s.Result
		}
	}
	return d, nil
}

// acceptedRows gives the rows on which claims of a batch were accepted. Those
// whose inputs are not kept any more are absent.
func (r *run) acceptedRows(ctx context.Context, ref intake.Ref) (map[claim.ID]claim.Row, error) {
	h, found, err := r.history(ctx, ref)
	if err != nil || !found {
		return nil, err
	}
	accepted := map[claim.ID]bool{}
	for id, s := range h.standings {
		if s.Decision == claim.Accepted {
			accepted[id] = true
		}
	}
	rows := map[claim.ID]claim.Row{}
	for _, d := range h.deliveries {
		if !h.comeFrom(d, accepted) {
			continue
		}
		err := r.rowsOf(ctx, h, d, rows)
		if errors.Is(err, intake.ErrInputs) {
			r.Log.Warn("changes of accepted rows are not told", slog.String("batch", ref.String()), slog.Any("error", err))
			continue
		}
		if err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// rowsOf adds the rows of a delivery by their claims.
func (r *run) rowsOf(ctx context.Context, h *history, d claim.Revision, rows map[claim.ID]claim.Row) (err error) {
	batch, err := r.reopen(ctx, d)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, batch.Close()) }()
	if len(batch.Problems) > 0 {
		return nil
	}
	table, _, err := r.table(ctx, batch)
	if err != nil || table == nil {
		return err
	}
	of := h.identity(d)
	for _, row := range table.Rows {
		id, _ := of(table.Kind, row.Number)
		rows[id] = row
	}
	return nil
}
