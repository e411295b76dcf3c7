package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"guichet/pipeline/claim"
)

// Receive gives the reception time of each sighting, in their order: that of
// the first sighting of the same key with the same content, which is kept, so
// that no later listing can change when a claim was filed (AF §2).
func (l *Ledger) Receive(ctx context.Context, sightings []claim.Sighting) ([]time.Time, error) {
	times := make([]time.Time, len(sightings))
	rows := make([][]any, len(sightings))
	for i, s := range sightings {
		rows[i] = []any{s.Key, s.SHA256, formatInstant(s.At)}
	}
	err := l.write(ctx, "receive", func(tx *sql.Tx) error {
		if err := insert(ctx, tx, "receptions (object_key, sha256, received_at)", 3, rows, "ON CONFLICT DO NOTHING"); err != nil {
			return err
		}
		kept, err := tx.PrepareContext(ctx, `SELECT received_at FROM receptions WHERE object_key = $1 AND sha256 = $2`)
		if err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
		defer func() { _ = kept.Close() }()
		for i, s := range sightings {
			var text string
			if err := kept.QueryRowContext(ctx, s.Key, s.SHA256).Scan(&text); err != nil {
				return fmt.Errorf("ledger: %w", err)
			}
			if times[i], err = parseInstant(text); err != nil {
				return fmt.Errorf("ledger: reception of %s: %w", s.Key, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return times, nil
}
