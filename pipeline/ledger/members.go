package ledger

import (
	"context"
	"database/sql"
	"math"

	"guichet/pipeline/claim"
)

// Member is a row of a batch as it stands, with the claim that it is.
type Member struct {
	Claim    claim.ID
	Row      int // in the last delivery
	First    int // revision in which the claim was first evaluated
	Decision claim.Decision
	// Superseded is set when the supplier's own correction took its place.
	Superseded bool
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
	rows := make(map[claim.ID]int, len(delivery.Carried))
	for _, c := range delivery.Carried {
		rows[c.Claim] = c.Row
	}
	var all []Member
	err = each(ctx, q, func(r *sql.Rows) error {
		var m Member
		var state string
		if err := r.Scan(&m.Claim, &m.Row, &m.First, &m.Decision, &state); err != nil {
			return err
		}
		row, carried := rows[m.Claim]
		if m.First < delivery.Number && !carried {
			return nil // its row vanished
		}
		if carried {
			m.Row = row
		}
		m.Superseded = state == supersededClaim
		all = append(all, m)
		return nil
	}, `SELECT id, row_number, first_revision, decision, state FROM claims WHERE supplier = $1 AND batch = $2 ORDER BY row_number, id`, supplier, batch)
	return all, err
}

// Delivery gives the last delivery of a batch up to a revision: the one whose
// inputs a claim first evaluated in that revision came from.
func (l *Ledger) Delivery(ctx context.Context, supplier claim.SIRET, batch string, upTo int) (Published, bool, error) {
	return lastDelivery(ctx, l.reader, supplier, batch, upTo)
}

func lastDelivery(ctx context.Context, q querier, supplier claim.SIRET, batch string, upTo int) (Published, bool, error) {
	return first(query(ctx, q, scanRevision, selectRevisions+
		`WHERE r.supplier = $1 AND r.batch = $2 AND r.cause = '' AND r.revision <= $3 ORDER BY r.revision DESC LIMIT 1`, supplier, batch, upTo))
}
