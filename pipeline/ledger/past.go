package ledger

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"guichet/pipeline/claim"
)

// Past is a claim as it stands in the ledger.
type Past struct {
	ID         claim.ID
	Kind       claim.Kind
	Supplier   claim.SIRET // of the folder
	Batch      string
	Revision   int // in which its row was first evaluated
	Row        int
	FINESS     claim.FINESS // as on the row
	SIRET      claim.SIRET  // the pharmacy's, by the register
	OrderRef   string       // as on the row
	Dossier    string
	Decision   claim.Decision
	ReceivedAt time.Time
	Superseded bool // by the supplier's own correction
	Closed     bool // the dossier is closed: it no longer funds its pharmacy
	// CompletedOn and Nature are what a balance or a completion declares.
	CompletedOn claim.Date
	Nature      string
	// Documents are those of the digests asked for that it named, in any
	// role but that of a VAT exemption.
	Documents []string
}

// Order is an order reference of a supplier.
type Order struct {
	Supplier  claim.SIRET
	Reference string
}

// Keys are what the claims of a night have in common with earlier ones.
type Keys struct {
	FINESS    []claim.FINESS
	SIRETs    []claim.SIRET // of pharmacies
	Orders    []Order
	Documents []string // SHA-256
	Dossiers  []string // of advances and of the claims that quote them
}

// Past gives every claim of earlier nights that has one of the keys, once, in
// the order in which they were first decided.
func (n *Night) Past(ctx context.Context, keys Keys) ([]Past, error) {
	found := map[claim.ID]*Past{}
	numbers := map[claim.ID]int{} // of their first entries
	collect := func(condition string, args []any) error {
		return each(ctx, n.tx, func(rows *sql.Rows) error {
			past, number, err := scanPast(rows)
			if err == nil && found[past.ID] == nil {
				found[past.ID], numbers[past.ID] = &past, number
			}
			return err
		}, selectPast+condition, args...)
	}
	if err := n.pastByKeys(keys, collect); err != nil {
		return nil, err
	}
	for part := range slices.Chunk(keys.Documents, chunk) {
		if err := collect(`WHERE c.id IN (SELECT claim FROM document_uses WHERE role <> '`+string(claim.VATExemption)+`' AND sha256 IN `+placeholders(0, len(part))+`)`, anys(part)); err != nil {
			return nil, err
		}
		err := each(ctx, n.tx, func(rows *sql.Rows) error {
			var id claim.ID
			var sha256 string
			if err := rows.Scan(&id, &sha256); err != nil {
				return err
			}
			found[id].Documents = append(found[id].Documents, sha256)
			return nil
		}, `SELECT DISTINCT claim, sha256 FROM document_uses WHERE role <> '`+string(claim.VATExemption)+`' AND sha256 IN `+placeholders(0, len(part))+` ORDER BY claim, sha256`, anys(part)...)
		if err != nil {
			return nil, err
		}
	}
	all := make([]Past, 0, len(found))
	for _, past := range found {
		all = append(all, *past)
	}
	slices.SortFunc(all, func(a, b Past) int { return numbers[a.ID] - numbers[b.ID] })
	return all, nil
}

// pastByKeys asks for the claims of pharmacies, their SIRETs, dossiers, and orders.
func (n *Night) pastByKeys(keys Keys, collect func(condition string, args []any) error) error {
	for part := range slices.Chunk(keys.FINESS, chunk) {
		if err := collect(`WHERE c.finess IN `+placeholders(0, len(part)), anys(part)); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(keys.SIRETs, chunk) {
		if err := collect(`WHERE c.siret IN `+placeholders(0, len(part)), anys(part)); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(keys.Dossiers, chunk) {
		if err := collect(`WHERE c.dossier IN `+placeholders(0, len(part)), anys(part)); err != nil {
			return err
		}
	}
	references := map[claim.SIRET][]any{}
	for _, order := range keys.Orders {
		references[order.Supplier] = append(references[order.Supplier], order.Reference)
	}
	for supplier, all := range references {
		for part := range slices.Chunk(all, chunk) {
			args := append([]any{supplier}, part...)
			if err := collect(`WHERE c.supplier = $1 AND c.order_ref IN `+placeholders(1, len(part)), args); err != nil {
				return err
			}
		}
	}
	return nil
}

const selectPast = `SELECT c.id, c.kind, c.supplier, c.batch, c.first_revision, c.row_number, c.finess, c.siret, c.order_ref,
	c.dossier, c.decision, c.received_at, c.state, coalesce(d.state, ''), c.completed_on, c.nature,
	(SELECT min(entry) FROM decisions f WHERE f.claim = c.id)
	FROM claims c LEFT JOIN dossiers d ON d.number = c.dossier `

func scanPast(rows *sql.Rows) (past Past, number int, err error) {
	var received, state, dossier, completed string
	err = rows.Scan(&past.ID, &past.Kind, &past.Supplier, &past.Batch, &past.Revision, &past.Row, &past.FINESS, &past.SIRET,
		&past.OrderRef, &past.Dossier, &past.Decision, &received, &state, &dossier, &completed, &past.Nature, &number)
	if err != nil {
		return Past{}, 0, err
	}
	past.Superseded = state == supersededClaim
	past.Closed = dossier != "" && dossier != openDossier
	if completed != "" {
		if past.CompletedOn, err = claim.ParseDate(completed); err != nil {
			return Past{}, 0, err
		}
	}
	past.ReceivedAt, err = parseInstant(received)
	return past, number, err
}
