package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"guichet/pipeline/claim"
)

// Cutoffs are the instants before which things are old enough to be purged,
// by class.
type Cutoffs struct {
	Documents time.Time // inputs in the archive, by what was last decided on them
	Facts     time.Time // facts of documents, by the last decision that used them
	Logs      time.Time // records of runs, by their start
}

// Expired is a revision whose inputs have been kept for as long as they must be.
type Expired struct {
	Supplier claim.SIRET
	Batch    string
	Revision int
	Digest   string // of the content
}

// Purgeable is what is old enough to be purged.
type Purgeable struct {
	Revisions []Expired // by supplier, batch and revision; also those purged before
	// Held counts the deliveries that were settled before the cutoff and keep
	// their inputs all the same, for what became of their claims since.
	Held      int
	Facts     int   // documents
	FactBytes int64 // as the ledger keeps them, packed
	Runs      int
}

// The claims of a delivery are those that were first evaluated in it, or in a
// revision that followed without another delivery. Its inputs are kept as long
// as one of them waits for an operator, was decided again after the cutoff ($1), or names a dossier with an
// advance whose balance may still come, or on which anything was decided, of its
// recovery too, after the cutoff: whoever controls a payment needs all that led to it (AF §6.2).
const selectArchived = `SELECT r.supplier, r.batch, r.revision, r.digest, EXISTS (
		SELECT 1 FROM claims c JOIN audit last ON last.number = c.entry
		WHERE c.supplier = r.supplier AND c.batch = r.batch AND c.first_revision >= r.revision AND NOT EXISTS (
			SELECT 1 FROM revisions later WHERE later.supplier = r.supplier AND later.batch = r.batch AND later.cause = ''
			AND later.revision > r.revision AND later.revision <= c.first_revision) AND (
			c.decision = 'under_review' AND c.state = 'current'
			OR last.at >= $1
			OR EXISTS (SELECT 1 FROM claims b JOIN audit a ON a.number = b.entry WHERE b.dossier = c.dossier AND c.dossier <> '' AND a.at >= $1)
			OR EXISTS (SELECT 1 FROM recoveries v JOIN audit a ON a.number = v.entry WHERE v.dossier = c.dossier AND a.at >= $1)
			OR EXISTS (SELECT 1 FROM dossiers o WHERE o.number = c.dossier AND o.state = 'open' AND NOT EXISTS (
				SELECT 1 FROM claims b WHERE b.dossier = o.number AND b.kind = 'balance' AND b.decision = 'accepted'))))
	FROM revisions r JOIN audit a ON a.number = r.entry
	WHERE r.archived = 1 AND r.cause = '' AND a.at < $1
	ORDER BY r.supplier, r.batch, r.revision`

const (
	whereOldFacts = ` FROM facts WHERE read_at < $1 AND NOT EXISTS (
		SELECT 1 FROM document_uses u JOIN decisions d ON d.claim = u.claim JOIN audit a ON a.number = d.entry
		WHERE u.sha256 = facts.sha256 AND a.at >= $1)`
	// The last run stays, for the number of the next, and so does the one
	// whose registers the next is compared with.
	whereOldRuns = ` FROM runs WHERE started < $1 AND number < (SELECT max(number) FROM runs)
		AND number <> (SELECT coalesce(max(run), 0) FROM run_registers)`
)

// Purgeable tells what is old enough to be purged, and changes nothing.
func (l *Ledger) Purgeable(ctx context.Context, before Cutoffs) (Purgeable, error) {
	return purgeable(ctx, l.reader, before)
}

func purgeable(ctx context.Context, q querier, before Cutoffs) (Purgeable, error) {
	var p Purgeable
	err := each(ctx, q, func(rows *sql.Rows) error {
		var e Expired
		var held bool
		if err := rows.Scan(&e.Supplier, &e.Batch, &e.Revision, &e.Digest, &held); err != nil {
			return err
		}
		if held {
			p.Held++
		} else {
			p.Revisions = append(p.Revisions, e)
		}
		return nil
	}, selectArchived, formatInstant(before.Documents))
	if err != nil {
		return Purgeable{}, err
	}
	for _, count := range []struct {
		query  string
		before time.Time
		into   []any
	}{
		{`SELECT count(*), coalesce(sum(length(body)), 0)` + whereOldFacts, before.Facts, []any{&p.Facts, &p.FactBytes}},
		{`SELECT count(*)` + whereOldRuns, before.Logs, []any{&p.Runs}},
	} {
		err := each(ctx, q, func(rows *sql.Rows) error { return rows.Scan(count.into...) }, count.query, formatInstant(count.before))
		if err != nil {
			return Purgeable{}, err
		}
	}
	return p, nil
}

// Purge deletes the facts and the records of runs that are old enough, and
// notes that the inputs of the expired revisions are purged since at, in one
// transaction; the caller then deletes the inputs. Decisions, digests,
// receptions and the audit chain stay. The ledger's file is then written anew,
// so that nothing of what was deleted is left in it; that takes twice its space
// for a moment, and waits for the next purge where somebody reads the ledger
// meanwhile. The caller holds the lock.
func (l *Ledger) Purge(ctx context.Context, before Cutoffs, at time.Time) (p Purgeable, err error) {
	err = l.write(ctx, "purge", func(tx *sql.Tx) error {
		if p, err = purgeable(ctx, tx, before); err != nil {
			return err
		}
		rows := make([][]any, len(p.Revisions))
		for i, r := range p.Revisions {
			rows[i] = []any{r.Supplier, r.Batch, r.Revision, formatInstant(at)}
		}
		if err := insert(ctx, tx, "purges (supplier, batch, revision, purged_at)", 4, rows, "ON CONFLICT DO NOTHING"); err != nil {
			return err
		}
		for _, deletion := range []struct {
			statement string
			before    time.Time
		}{
			{`DELETE` + whereOldFacts, before.Facts},
			{`DELETE FROM run_registers WHERE run IN (SELECT number` + whereOldRuns + `)`, before.Logs},
			{`DELETE` + whereOldRuns, before.Logs},
		} {
			if _, err := tx.ExecContext(ctx, deletion.statement, formatInstant(deletion.before)); err != nil {
				return fmt.Errorf("ledger: %w", err)
			}
		}
		return nil
	})
	if err != nil {
		return Purgeable{}, err
	}
	for _, statement := range []string{`VACUUM`, `PRAGMA wal_checkpoint(TRUNCATE)`} {
		if _, err := l.writer.ExecContext(ctx, statement); err != nil {
			return p, fmt.Errorf("ledger: what was deleted still stands in unused parts of its file: %w", err)
		}
	}
	return p, nil
}

// PurgedAt tells since when the inputs of a revision are purged; false when
// they are kept.
func (l *Ledger) PurgedAt(ctx context.Context, supplier claim.SIRET, batch string, revision int) (time.Time, bool, error) {
	return first(query(ctx, l.reader, func(rows *sql.Rows) (time.Time, error) {
		var text string
		if err := rows.Scan(&text); err != nil {
			return time.Time{}, err
		}
		return parseInstant(text)
	}, `SELECT purged_at FROM purges WHERE supplier = $1 AND batch = $2 AND revision = $3`, supplier, batch, revision))
}
