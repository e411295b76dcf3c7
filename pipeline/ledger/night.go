package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"guichet/pipeline/claim"
)

// Night is the one transaction in which a night is settled. It is for one
// goroutine, and only within the call of [Ledger.Night].
type Night struct {
	tx   *sql.Tx
	at   string
	head Head

	audit, revisions, claims, decisions, uses, dossiers [][]any

	closings, supersedings []update
}

// update is a change of one row that must be there to be changed.
type update struct {
	what      string // for the error
	statement string
	args      []any
}

// Night runs settle in one transaction: all that it records is in the ledger
// when Night returns nil, and nothing of it when Night returns an error,
// panics or dies. ErrNoRun without a started run.
func (l *Ledger) Night(ctx context.Context, settle func(*Night) error) error {
	current, err := l.currentRun()
	if err != nil {
		return err
	}
	return l.write(ctx, "settle", func(tx *sql.Tx) error { return night(ctx, tx, current.started, settle) })
}

// errRehearsed ends the transaction of a rehearsal.
var errRehearsed = errors.New("rehearsed")

// Rehearse runs settle as [Ledger.Night] does, and leaves nothing of it.
func (l *Ledger) Rehearse(ctx context.Context, settle func(*Night) error) error {
	err := l.write(ctx, "rehearse", func(tx *sql.Tx) error {
		if err := night(ctx, tx, time.Time{}, settle); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

func night(ctx context.Context, tx *sql.Tx, at time.Time, settle func(*Night) error) error {
	n := &Night{tx: tx, at: formatInstant(at)}
	var err error
	if n.head, err = readHead(ctx, tx); err != nil {
		return err
	}
	if err := settle(n); err != nil {
		return err
	}
	return n.flush(ctx)
}

// flush writes what was recorded. A dossier that is closed frees its pharmacy
// for another; a claim may be superseded in the night in which it was decided.
func (n *Night) flush(ctx context.Context) error {
	if err := n.change(ctx, n.closings); err != nil {
		return err
	}
	for _, table := range []struct {
		into       string
		columns    int
		rows       [][]any
		onConflict string
	}{
		{"audit (number, at, kind, subject, content, previous, digest)", 7, n.audit, ""},
		{"revisions (supplier, batch, revision, kind, status, received_at, digest, cause, entry, body)", 10, n.revisions, ""},
		{"claims (" + claimColumns + ", entry)", 18, n.claims, `ON CONFLICT (id) DO UPDATE SET revision = excluded.revision,
			finess = excluded.finess, siret = excluded.siret, order_ref = excluded.order_ref, decision = excluded.decision,
			dossier = excluded.dossier, waiting = excluded.waiting, completed_on = excluded.completed_on, nature = excluded.nature,
			entry = excluded.entry`},
		{"decisions (claim, supplier, batch, revision, entry, body)", 6, n.decisions, ""},
		{"document_uses (sha256, role, claim)", 3, n.uses, "ON CONFLICT DO NOTHING"},
		{"dossiers (number, sequence, claim, finess, state)", 5, n.dossiers, ""},
	} {
		if err := insert(ctx, n.tx, table.into, table.columns, table.rows, table.onConflict); err != nil {
			return err
		}
	}
	return n.change(ctx, n.supersedings)
}

func (n *Night) change(ctx context.Context, updates []update) error {
	for _, u := range updates {
		if err := changeOne(ctx, n.tx, u.what, u.statement, u.args...); err != nil {
			return err
		}
	}
	return nil
}

// changeOne runs a statement that must change one row.
func changeOne(ctx context.Context, tx *sql.Tx, what, statement string, args ...any) error {
	result, err := tx.ExecContext(ctx, statement, args...)
	if err != nil {
		return fmt.Errorf("ledger: %s: %w", what, err)
	}
	changed, err := result.RowsAffected()
	if err != nil {
		return fmt.Errorf("ledger: %s: %w", what, err)
	}
	if changed != 1 {
		return fmt.Errorf("ledger: %s: it is unknown, or not in the state for it", what)
	}
	return nil
}

// append adds an entry to the chain and gives its number.
func (n *Night) append(kind entryKind, subject string, content any) (int, error) {
	text, err := canonical(content)
	if err != nil {
		return 0, err
	}
	e := entry{Number: n.head.Number + 1, At: n.at, Kind: kind, Subject: subject, Content: text, Previous: n.head.Digest}
	sum, err := e.digest()
	if err != nil {
		return 0, err
	}
	n.audit = append(n.audit, []any{e.Number, e.At, e.Kind, e.Subject, e.Content, e.Previous, sum})
	n.head = Head{Number: e.Number, Digest: sum}
	return e.Number, nil
}

// Settled tells whether the ledger holds a revision of a batch.
func (n *Night) Settled(ctx context.Context, supplier claim.SIRET, batch string, revision int) (bool, error) {
	var found int
	err := n.tx.QueryRowContext(ctx, `SELECT count(*) FROM revisions WHERE supplier = $1 AND batch = $2 AND revision = $3`,
		supplier, batch, revision).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("ledger: %w", err)
	}
	return found > 0, nil
}

// LastDossier gives the sequence of the dossier allocated last; 0 before the
// first. Sequences have no gap and are never used again.
func (n *Night) LastDossier(ctx context.Context) (int, error) {
	var last int
	if err := n.tx.QueryRowContext(ctx, `SELECT coalesce(max(sequence), 0) FROM dossiers`).Scan(&last); err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	return last, nil
}

// Revise records a revision of a batch.
func (n *Night) Revise(r claim.Revision) error {
	body, err := canonical(r)
	if err != nil {
		return err
	}
	number, err := n.append(revisionEntry, revisionSubject(r.Supplier, r.Batch, r.Number),
		revisionContent{Status: r.Status, Counts: r.Counts, SHA256: digest(body)})
	if err != nil {
		return err
	}
	n.revisions = append(n.revisions, append(revisionRow(r), number, body))
	return nil
}

// revisionRow gives the columns of a revision that follow from it.
func revisionRow(r claim.Revision) []any {
	return []any{r.Supplier, r.Batch, r.Number, r.Kind, r.Status, formatInstant(r.ReceivedAt), r.Digest, r.Cause}
}

// Decide records what became of a claim, in the order of the night. A claim
// that was decided before is decided anew, in another revision. A new dossier,
// of the given sequence, is for an advance that is accepted and has none yet;
// sequence is 0 where there is no new one. A result that withdraws an advance's
// acceptance and is no acceptance itself closes the dossier.
func (n *Night) Decide(r claim.Result, sequence int) error {
	accepted := r.Kind == claim.Advance && r.Decision == claim.Accepted
	switch {
	case accepted != (r.Dossier != "") && r.Kind == claim.Advance, sequence > 0 && !accepted:
		return fmt.Errorf("ledger: claim %s: a dossier is for an accepted advance, and every accepted advance has one", r.Claim)
	case sequence > 0 && claim.DossierNumber(r.Dossier).Sequence() != sequence:
		return fmt.Errorf("ledger: claim %s: dossier %q is not number %d", r.Claim, r.Dossier, sequence)
	}
	body, err := canonical(r)
	if err != nil {
		return err
	}
	number, err := n.append(decisionEntry, string(r.Claim), decisionContent{
		Supplier: r.Supplier, Batch: r.Batch, Revision: r.Revision, Decision: r.Decision, Dossier: r.Dossier, SHA256: digest(body),
	})
	if err != nil {
		return err
	}
	n.claims = append(n.claims, append(claimRow(r, false), number))
	n.decisions = append(n.decisions, []any{r.Claim, r.Supplier, r.Batch, r.Revision, number, body})
	for _, use := range usesOf(r) {
		n.uses = append(n.uses, []any{use.sha256, use.role, use.claim})
	}
	switch {
	case sequence > 0:
		n.dossiers = append(n.dossiers, []any{r.Dossier, sequence, r.Claim, r.FINESS, openDossier})
	case r.Withdrawal != nil && r.Kind == claim.Advance && !accepted:
		n.closings = append(n.closings, update{
			"closing the dossier of claim " + string(r.Claim),
			`UPDATE dossiers SET state = 'closed' WHERE claim = $1 AND state = 'open'`,
			[]any{r.Claim},
		})
	}
	return nil
}

// openDossier is the state of a dossier that funds its pharmacy.
const openDossier = "open"

// The states of a claim.
const (
	currentClaim    = "current"
	supersededClaim = "superseded"
)

// claimColumns are those that follow from a claim's last result.
const claimColumns = `id, kind, supplier, batch, revision, row_number, finess, siret, order_ref, decision, state, received_at, dossier, first_revision, waiting, completed_on, nature`

// claimRow gives the columns of a claim that follow from its last result.
func claimRow(r claim.Result, superseded bool) []any {
	state := currentClaim
	if superseded {
		state = supersededClaim
	}
	waiting := 0
	if r.Waits() {
		waiting = 1
	}
	completed := ""
	if !r.CompletedOn.IsZero() {
		completed = r.CompletedOn.String()
	}
	return []any{
		r.Claim, r.Kind, r.Supplier, r.Batch, r.Revision, r.Row, r.FINESS, r.SIRET, r.OrderRef,
		r.Decision, state, formatInstant(r.ReceivedAt), r.Dossier, r.FirstRevision(), waiting, completed, r.Nature,
	}
}

// use is a document that a claim named.
type use struct {
	sha256 string
	role   claim.Role
	claim  claim.ID
}

// usesOf gives the documents of a claim that were there, each once a role.
func usesOf(r claim.Result) []use {
	var uses []use
	seen := map[use]bool{}
	for _, d := range r.Documents {
		u := use{sha256: d.SHA256, role: d.Role, claim: r.Claim}
		if d.SHA256 != "" && !seen[u] {
			uses = append(uses, u)
			seen[u] = true
		}
	}
	return uses
}

// Supersede records that a supplier's own correction took the place of a
// pending claim, which no longer holds its pharmacy.
func (n *Night) Supersede(id, by claim.ID) error {
	if _, err := n.append(supersededEntry, string(id), supersededContent{By: by}); err != nil {
		return err
	}
	n.supersedings = append(n.supersedings, update{
		"superseding claim " + string(id),
		`UPDATE claims SET state = 'superseded' WHERE id = $1 AND state = 'current'`,
		[]any{id},
	})
	return nil
}

// Settle records that a revision publishes what operators made of a claim.
func (n *Night) Settle(ctx context.Context, id claim.ID, revision int) error {
	if _, err := n.tx.ExecContext(ctx, `UPDATE reviews SET settled = $2 WHERE claim = $1 AND settled = 0`, id, revision); err != nil {
		return fmt.Errorf("ledger: settling the review of claim %s: %w", id, err)
	}
	return nil
}

// Members gives the decisions on the rows of a batch as it stands: those of its
// last delivery, carried-over ones included.
func (n *Night) Members(ctx context.Context, supplier claim.SIRET, batch string) (map[claim.ID]claim.Decision, error) {
	all, err := members(ctx, n.tx, supplier, batch)
	if err != nil {
		return nil, err
	}
	decisions := make(map[claim.ID]claim.Decision, len(all))
	for _, m := range all {
		decisions[m.Claim] = m.Decision
	}
	return decisions, nil
}
