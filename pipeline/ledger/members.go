package ledger

import (
	"context"
	"database/sql"
	"math"
	"slices"

	"guichet/pipeline/claim"
)

// Member is a row of a batch as it stands, with the claim that it is.
type Member struct {
	Claim    claim.ID
	Row      int // in the last delivery
	First    int // revision in which the claim was first evaluated
	Decision claim.Decision
	// Replaced is set when a later claim of the supplier for the same order
	// took its place.
	Replaced bool
}

// Members gives the rows of a batch as it stands: those of its last delivery,
// carried-over ones included, by row.
func (l *Ledger) Members(ctx context.Context, supplier claim.SIRET, batch string) ([]Member, error) {
	return members(ctx, l.reader, supplier, batch)
}

func members(ctx context.Context, q querier, supplier claim.SIRET, batch string) ([]Member, error) {
	delivery, found, err := lastDelivery(ctx, q, supplier, batch, math.MaxInt32)
	if err != nil || !found {
		return nil, err
	}
	rows := map[claim.ID]int{}
	since, err := query(ctx, q, scanRevision, selectRevisions+`WHERE r.supplier = $1 AND r.batch = $2 AND r.revision >= $3`, supplier, batch, delivery.Number)
	if err != nil {
		return nil, err
	}
	for _, revision := range since {
		for _, c := range revision.Carried {
			rows[c.Claim] = c.Row
		}
	}
	var all []Member
	err = each(ctx, q, func(r *sql.Rows) error {
		var m Member
		if err := r.Scan(&m.Claim, &m.Row, &m.First, &m.Decision, &m.Replaced); err != nil {
			return err
		}
		row, carried := rows[m.Claim]
		if m.First < delivery.Number && !carried {
			return nil // its row vanished
		}
		if carried {
			m.Row = row
		}
		all = append(all, m)
		return nil
	}, `SELECT c.id, c.row_number, c.first_revision, c.decision, `+replaced+`
		FROM claims c WHERE c.supplier = $1 AND c.batch = $2 ORDER BY c.row_number, c.id`, supplier, batch)
	slices.SortStableFunc(all, func(a, b Member) int { return a.Row - b.Row })
	return all, err
}

// replaced tells of a claim c whether another took its place: a pending one
// was superseded, one that was not accepted has a successor for its order or,
// after the advance, for its dossier.
const replaced = `(c.state = 'superseded' OR c.decision IN ('rejected', 'to_complete') AND EXISTS (
	SELECT 1 FROM claims o WHERE o.supplier = c.supplier AND o.kind = c.kind AND (
		c.kind = 'advance' AND c.finess <> '' AND c.order_ref <> '' AND o.order_ref = c.order_ref AND o.finess = c.finess OR
		c.kind <> 'advance' AND c.dossier <> '' AND o.dossier = c.dossier)
	AND (SELECT min(entry) FROM decisions f WHERE f.claim = o.id) > (SELECT min(entry) FROM decisions f WHERE f.claim = c.id)))`

// Delivery gives the last delivery of a batch up to a revision: the one whose
// inputs a claim first evaluated in that revision came from.
func (l *Ledger) Delivery(ctx context.Context, supplier claim.SIRET, batch string, upTo int) (Published, bool, error) {
	return lastDelivery(ctx, l.reader, supplier, batch, upTo)
}

func lastDelivery(ctx context.Context, q querier, supplier claim.SIRET, batch string, upTo int) (Published, bool, error) {
	return first(query(ctx, q, scanRevision, selectRevisions+
		`WHERE r.supplier = $1 AND r.batch = $2 AND r.cause = '' AND r.revision <= $3 ORDER BY r.revision DESC LIMIT 1`, supplier, batch, upTo))
}
