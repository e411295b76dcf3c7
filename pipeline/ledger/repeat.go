package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"guichet/pipeline/claim"
)

// Repeat is content that was processed before and was dropped again, on its
// way to the archive.
type Repeat struct {
	Supplier claim.SIRET
	Batch    string
	Digest   string // of the content
	Inputs   []claim.Object
}

// StartRepeat records that the inputs are about to be moved: once some of them
// are, nothing else tells that the rest is no new content.
func (l *Ledger) StartRepeat(ctx context.Context, r Repeat) error {
	inputs, err := canonical(r.Inputs)
	if err != nil {
		return err
	}
	return l.write(ctx, "start repeat", func(tx *sql.Tx) error {
		return insert(ctx, tx, "repeats (supplier, batch, digest, inputs)", 4, [][]any{{r.Supplier, r.Batch, r.Digest, inputs}},
			"ON CONFLICT (supplier, batch, digest) DO UPDATE SET inputs = excluded.inputs, archived = 0")
	})
}

// FinishRepeat records that the inputs are in the archive.
func (l *Ledger) FinishRepeat(ctx context.Context, r Repeat) error {
	return l.write(ctx, "finish repeat", func(tx *sql.Tx) error {
		return changeOne(ctx, tx, fmt.Sprintf("archiving %s/%s again", r.Supplier, r.Batch),
			`UPDATE repeats SET archived = 1 WHERE supplier = $1 AND batch = $2 AND digest = $3`, r.Supplier, r.Batch, r.Digest)
	})
}

// Repeats gives those that are not in the archive yet.
func (l *Ledger) Repeats(ctx context.Context) ([]Repeat, error) {
	return query(ctx, l.reader, func(rows *sql.Rows) (r Repeat, err error) {
		var inputs string
		if err := rows.Scan(&r.Supplier, &r.Batch, &r.Digest, &inputs); err != nil {
			return r, err
		}
		if err := json.Unmarshal([]byte(inputs), &r.Inputs); err != nil {
			return r, fmt.Errorf("repeat: %w", err)
		}
		return r, nil
	}, `SELECT supplier, batch, digest, inputs FROM repeats WHERE archived = 0 ORDER BY supplier, batch, digest`)
}
