package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/pipeline/claim"
)

// Published is a revision as it stands in the ledger.
type Published struct {
	claim.Revision
	SettledAt time.Time // start of the run that settled it
	// Receipt is the SHA-256 of its receipt; empty until it is published.
	Receipt  string
	Archived bool // its inputs are in the archive, but for those replaced
	// Replaced are the keys of inputs that are in no archive: the supplier
	// dropped others in their place before they were moved.
	Replaced []string
}

// Standing is a claim as it stands.
type Standing struct {
	claim.Result
	DecidedAt  time.Time // start of the run that decided it
	Superseded bool      // by the supplier's own correction
}

const selectRevisions = `SELECT r.body, a.at, r.receipt_sha256, r.archived, r.replaced
	FROM revisions r JOIN audit a ON a.number = r.entry `

func scanRevision(rows *sql.Rows) (p Published, err error) {
	var body, at, replaced string
	if err := rows.Scan(&body, &at, &p.Receipt, &p.Archived, &replaced); err != nil {
		return Published{}, err
	}
	if replaced != "" {
		p.Replaced = strings.Split(replaced, "\n") // a key holds no control character
	}
	if p.SettledAt, err = parseInstant(at); err != nil {
		return Published{}, err
	}
	if err := json.Unmarshal([]byte(body), &p.Revision); err != nil {
		return Published{}, fmt.Errorf("revision: %w", err)
	}
	return p, nil
}

func scanResult(rows *sql.Rows) (r claim.Result, err error) {
	var body string
	if err := rows.Scan(&body); err != nil {
		return claim.Result{}, err
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		return claim.Result{}, fmt.Errorf("decision: %w", err)
	}
	return r, nil
}

func scanStanding(rows *sql.Rows) (s Standing, err error) {
	var body, at, state string
	if err := rows.Scan(&body, &at, &state); err != nil {
		return Standing{}, err
	}
	if s.DecidedAt, err = parseInstant(at); err != nil {
		return Standing{}, err
	}
	s.Superseded = state == supersededClaim
	if err := json.Unmarshal([]byte(body), &s.Result); err != nil {
		return Standing{}, fmt.Errorf("decision: %w", err)
	}
	return s, nil
}

// first gives the one row of a query, and whether there is one.
func first[T any](all []T, err error) (T, bool, error) {
	if err != nil || len(all) == 0 {
		var none T
		return none, false, err
	}
	return all[0], true, nil
}

// LatestRevision gives the last settled revision of a batch, if any.
func (l *Ledger) LatestRevision(ctx context.Context, supplier claim.SIRET, batch string) (Published, bool, error) {
	return first(query(ctx, l.reader, scanRevision,
		selectRevisions+`WHERE r.supplier = $1 AND r.batch = $2 ORDER BY r.revision DESC LIMIT 1`, supplier, batch))
}

// Revision gives a revision of a batch, if it is settled.
func (l *Ledger) Revision(ctx context.Context, supplier claim.SIRET, batch string, number int) (Published, bool, error) {
	return first(query(ctx, l.reader, scanRevision,
		selectRevisions+`WHERE r.supplier = $1 AND r.batch = $2 AND r.revision = $3`, supplier, batch, number))
}

// RevisionOfContent gives the first revision of a batch that had a content,
// told by its digest: a batch is not processed again unchanged.
func (l *Ledger) RevisionOfContent(ctx context.Context, supplier claim.SIRET, batch, digest string) (Published, bool, error) {
	return first(query(ctx, l.reader, scanRevision,
		selectRevisions+`WHERE r.supplier = $1 AND r.batch = $2 AND r.digest = $3 ORDER BY r.revision LIMIT 1`, supplier, batch, digest))
}

// Batches gives the last revision of every batch, by supplier and name.
func (l *Ledger) Batches(ctx context.Context) ([]Published, error) {
	return query(ctx, l.reader, scanRevision, selectRevisions+
		`WHERE r.revision = (SELECT max(o.revision) FROM revisions o WHERE o.supplier = r.supplier AND o.batch = r.batch)
		ORDER BY r.supplier, r.batch`)
}

// Unpublished gives the revisions that are settled and have no receipt yet, in
// the order in which they were settled.
func (l *Ledger) Unpublished(ctx context.Context) ([]Published, error) {
	return query(ctx, l.reader, scanRevision, selectRevisions+`WHERE r.archived = 0 AND r.receipt_sha256 = '' ORDER BY r.entry`)
}

// Unarchived gives the revisions that are published and whose inputs are not
// in the archive yet, in the order in which they were settled.
func (l *Ledger) Unarchived(ctx context.Context) ([]Published, error) {
	return query(ctx, l.reader, scanRevision, selectRevisions+`WHERE r.archived = 0 AND r.receipt_sha256 <> '' ORDER BY r.entry`)
}

// MarkPublished records that a revision's results stand in the store, with the
// SHA-256 of the receipt. To mark it again with the same receipt changes
// nothing; another receipt is an error.
func (l *Ledger) MarkPublished(ctx context.Context, supplier claim.SIRET, batch string, revision int, receiptSHA256 string) error {
	return l.mark(ctx, "published", supplier, batch, revision,
		`UPDATE revisions SET receipt_sha256 = $4 WHERE supplier = $1 AND batch = $2 AND revision = $3 AND $4 <> '' AND receipt_sha256 IN ('', $4)`,
		supplier, batch, revision, receiptSHA256)
}

// MarkArchived records that the inputs of a published revision are in the
// archive, but for those, by their keys, that others took the place of.
func (l *Ledger) MarkArchived(ctx context.Context, supplier claim.SIRET, batch string, revision int, replaced ...string) error {
	return l.mark(ctx, "archived", supplier, batch, revision,
		`UPDATE revisions SET archived = 1, replaced = $4 WHERE supplier = $1 AND batch = $2 AND revision = $3 AND receipt_sha256 <> ''`,
		supplier, batch, revision, strings.Join(replaced, "\n"))
}

func (l *Ledger) mark(ctx context.Context, as string, supplier claim.SIRET, batch string, revision int, statement string, args ...any) error {
	return l.write(ctx, "mark "+as, func(tx *sql.Tx) error {
		return changeOne(ctx, tx, "marking revision "+revisionSubject(supplier, batch, revision)+" as "+as, statement, args...)
	})
}

// Results gives the results of a revision, in the order of their rows.
func (l *Ledger) Results(ctx context.Context, supplier claim.SIRET, batch string, revision int) ([]claim.Result, error) {
	return query(ctx, l.reader, scanResult,
		`SELECT d.body FROM decisions d JOIN claims c ON c.id = d.claim
		WHERE d.supplier = $1 AND d.batch = $2 AND d.revision = $3 ORDER BY c.row_number, c.id`, supplier, batch, revision)
}

const selectStanding = `SELECT d.body, a.at, c.state
	FROM claims c JOIN decisions d ON d.claim = c.id AND d.revision = c.revision JOIN audit a ON a.number = d.entry `

// Claim gives a claim as it stands, if it is known.
func (l *Ledger) Claim(ctx context.Context, id claim.ID) (Standing, bool, error) {
	return first(query(ctx, l.reader, scanStanding, selectStanding+`WHERE c.id = $1`, id))
}

// Dossier gives the accepted advance of a dossier, if the number was allocated.
func (l *Ledger) Dossier(ctx context.Context, number claim.DossierNumber) (Standing, bool, error) {
	return first(query(ctx, l.reader, scanStanding,
		selectStanding+`JOIN dossiers o ON o.claim = c.id WHERE o.number = $1`, number))
}

// Later gives the balances and completions that a supplier filed for a
// dossier, as they stand, in the order in which they were first decided.
func (l *Ledger) Later(ctx context.Context, supplier claim.SIRET, dossier string) ([]Standing, error) {
	return query(ctx, l.reader, scanStanding, selectStanding+
		`WHERE c.kind <> 'advance' AND c.supplier = $1 AND c.dossier = $2
		ORDER BY (SELECT min(entry) FROM decisions f WHERE f.claim = c.id)`, supplier, dossier)
}

// Advances gives the accepted advances of dossiers as they stand, by number.
// One whose acceptance was taken back is not among them; one that an order to
// repay closed is.
func (l *Ledger) Advances(ctx context.Context, numbers []string) (map[string]claim.Result, error) {
	found := map[string]claim.Result{}
	for part := range slices.Chunk(numbers, chunk) {
		standings, err := query(ctx, l.reader, scanStanding, selectStanding+
			`WHERE c.kind = 'advance' AND c.decision = 'accepted' AND c.dossier IN `+placeholders(0, len(part)), anys(part)...)
		if err != nil {
			return nil, err
		}
		for _, s := range standings {
			found[s.Dossier] = s.Result
		}
	}
	return found, nil
}

// Decision gives what became of a claim in a revision, if it was decided there.
func (l *Ledger) Decision(ctx context.Context, id claim.ID, revision int) (claim.Result, bool, error) {
	return first(query(ctx, l.reader, scanResult, `SELECT body FROM decisions WHERE claim = $1 AND revision = $2`, id, revision))
}

// Standings gives all claims of a batch as they stand, those of rows that
// vanished included, by row.
func (l *Ledger) Standings(ctx context.Context, supplier claim.SIRET, batch string) ([]Standing, error) {
	return query(ctx, l.reader, scanStanding, selectStanding+`WHERE c.supplier = $1 AND c.batch = $2 ORDER BY c.row_number, c.id`, supplier, batch)
}
