package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"guichet/pipeline/claim"
)

// Unbalanced is an open dossier of which no balance is accepted, and what its
// supplier filed for it since the advance.
type Unbalanced struct {
	Number      claim.DossierNumber
	Supplier    claim.SIRET
	FINESS      claim.FINESS
	CompanyName string // the register's
	OrderRef    string
	// Filed are its balances and completions as they stand, by reception. Those
	// that the supplier's own corrections took the place of are not among them.
	Filed []Filed
}

// Filed is a balance or a completion as it stands.
type Filed struct {
	Claim      claim.ID
	Kind       claim.Kind
	Decision   claim.Decision
	Nature     string // of a completion
	ReceivedAt time.Time
}

const (
	whereUnbalanced = `WHERE o.state = 'open' AND NOT EXISTS (
		SELECT 1 FROM claims b WHERE b.dossier = o.number AND b.kind = 'balance' AND b.decision = 'accepted')`

	selectUnbalanced = `SELECT o.number, d.body FROM dossiers o JOIN claims c ON c.id = o.claim
		JOIN decisions d ON d.claim = c.id AND d.revision = c.revision ` + whereUnbalanced + ` ORDER BY o.sequence`

	// What another supplier files under the number is no part of the dossier (DOS-02).
	selectFiled = `SELECT f.dossier, f.id, f.kind, f.decision, f.nature, f.received_at
		FROM dossiers o JOIN claims c ON c.id = o.claim
		JOIN claims f ON f.dossier = o.number AND f.kind <> 'advance' AND f.state = 'current' AND f.supplier = c.supplier
		` + whereUnbalanced + ` ORDER BY f.received_at, f.entry`
)

// Unbalanced gives the open dossiers of which no balance is accepted, by their
// numbers.
func (l *Ledger) Unbalanced(ctx context.Context) ([]Unbalanced, error) {
	// One transaction: a night that is settled meanwhile is not seen by half.
	tx, err := l.reader.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	filed := map[claim.DossierNumber][]Filed{}
	err = each(ctx, tx, func(rows *sql.Rows) (err error) {
		var number claim.DossierNumber
		var f Filed
		var received string
		if err := rows.Scan(&number, &f.Claim, &f.Kind, &f.Decision, &f.Nature, &received); err != nil {
			return err
		}
		f.ReceivedAt, err = parseInstant(received)
		filed[number] = append(filed[number], f)
		return err
	}, selectFiled)
	if err != nil {
		return nil, err
	}
	return query(ctx, tx, func(rows *sql.Rows) (Unbalanced, error) {
		var number claim.DossierNumber
		var body []byte
		if err := rows.Scan(&number, &body); err != nil {
			return Unbalanced{}, err
		}
		var advance claim.Result
		if err := json.Unmarshal(body, &advance); err != nil {
			return Unbalanced{}, fmt.Errorf("decision: %w", err)
		}
		return Unbalanced{
			Number: number, Supplier: advance.Supplier, FINESS: advance.FINESS,
			CompanyName: advance.CompanyName, OrderRef: advance.OrderRef, Filed: filed[number],
		}, nil
	}, selectUnbalanced)
}
