package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"guichet/pipeline/claim"
)

// ErrBroken is for a ledger that is not what its audit chain says; the error
// is a *[BrokenError].
var ErrBroken = errors.New("the ledger's audit chain is broken")

// BrokenError names the first place found where the ledger was changed.
type BrokenError struct {
	Entry   int    // of the chain
	Subject string // the claim or revision that the entry is about
	Why     string
}

func (e *BrokenError) Error() string {
	return fmt.Sprintf("%v at entry %d (%s): %s", ErrBroken, e.Entry, e.Subject, e.Why)
}

// Is makes a BrokenError an [ErrBroken].
func (e *BrokenError) Is(target error) bool { return target == ErrBroken }

// Verify computes the audit chain anew, from its first entry, and compares
// with it every revision, decision, claim, document use and dossier. ErrBroken
// names the first that differs.
func (l *Ledger) Verify(ctx context.Context) error {
	// One transaction: a night that is settled meanwhile is not seen by half.
	tx, err := l.reader.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // nothing was written
	return verify(ctx, tx)
}

func verify(ctx context.Context, q querier) error {
	v := &verifier{
		querier: q, revisions: map[int]entry{}, decisions: map[int]entry{}, superseded: map[claim.ID]bool{},
		claims: map[claim.ID]expectedClaim{}, uses: map[use]int{}, dossiers: map[string]expectedDossier{},
	}
	for _, step := range []func(context.Context) error{
		v.chain, v.checkRevisions, v.checkDecisions, v.checkClaims, v.checkUses, v.checkDossiers,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// verifier goes through the tables and takes away what it has found in its place.
type verifier struct {
	querier    querier
	revisions  map[int]entry // by number
	decisions  map[int]entry
	superseded map[claim.ID]bool
	claims     map[claim.ID]expectedClaim
	uses       map[use]int // number of the entry
	dossiers   map[string]expectedDossier
	sequence   int // of dossiers
}

type expectedClaim struct {
	entry   int
	columns []any
}

type expectedDossier struct {
	entry, sequence int
	claim           claim.ID
	finess          claim.FINESS
}

func (v *verifier) chain(ctx context.Context) error {
	var head Head
	return each(ctx, v.querier, func(rows *sql.Rows) error {
		var e entry
		var stored string
		if err := rows.Scan(&e.Number, &e.At, &e.Kind, &e.Subject, &e.Content, &e.Previous, &stored); err != nil {
			return err
		}
		sum, err := e.digest()
		switch {
		case err != nil:
			return err
		case e.Number != head.Number+1:
			return broken(head.Number+1, e.Subject, "the entry is missing")
		case e.Previous != head.Digest:
			return broken(e.Number, e.Subject, "it does not follow the entry before")
		case sum != stored:
			return broken(e.Number, e.Subject, "its digest is not that of its content")
		}
		head = Head{Number: e.Number, Digest: sum}
		switch e.Kind {
		case revisionEntry:
			v.revisions[e.Number] = e
		case decisionEntry:
			v.decisions[e.Number] = e
		case supersededEntry:
			v.superseded[claim.ID(e.Subject)] = true
		default:
			return broken(e.Number, e.Subject, "its kind is unknown")
		}
		return nil
	}, `SELECT number, at, kind, subject, content, previous, digest FROM audit ORDER BY number`)
}

func (v *verifier) checkRevisions(ctx context.Context) error {
	err := each(ctx, v.querier, func(rows *sql.Rows) error {
		columns := make([]any, 8)
		var number int
		var body string
		if err := scanAll(rows, columns, &number, &body); err != nil {
			return err
		}
		e, ok := v.revisions[number]
		if !ok {
			return broken(number, "revisions", "a revision stands under an entry that is not for it")
		}
		delete(v.revisions, number)
		var content revisionContent
		var r claim.Revision
		if err := decode(e, body, &content, &r); err != nil {
			return err
		}
		if content.SHA256 != digest(body) || e.Subject != revisionSubject(r.Supplier, r.Batch, r.Number) || !same(columns, revisionRow(r)) {
			return broken(e.Number, e.Subject, "the revision was changed")
		}
		return nil
	}, `SELECT supplier, batch, revision, kind, status, received_at, digest, cause, entry, body FROM revisions ORDER BY entry`)
	if err != nil {
		return err
	}
	return missing(v.revisions, subjectOfEntry)
}

func (v *verifier) checkDecisions(ctx context.Context) error {
	err := each(ctx, v.querier, func(rows *sql.Rows) error {
		columns := make([]any, 4)
		var number int
		var body string
		if err := scanAll(rows, columns, &number, &body); err != nil {
			return err
		}
		e, ok := v.decisions[number]
		if !ok {
			return broken(number, "decisions", "a decision stands under an entry that is not for it")
		}
		delete(v.decisions, number)
		var content decisionContent
		var r claim.Result
		if err := decode(e, body, &content, &r); err != nil {
			return err
		}
		if content.SHA256 != digest(body) || e.Subject != string(r.Claim) ||
			!same(columns, []any{r.Claim, r.Supplier, r.Batch, r.Revision}) {
			return broken(e.Number, e.Subject, "the decision was changed")
		}
		v.expect(e, r)
		return nil
	}, `SELECT claim, supplier, batch, revision, entry, body FROM decisions ORDER BY entry`)
	if err != nil {
		return err
	}
	return missing(v.decisions, subjectOfEntry)
}

// expect notes what follows from a decision for the other tables.
func (v *verifier) expect(e entry, r claim.Result) {
	v.claims[r.Claim] = expectedClaim{entry: e.Number, columns: claimRow(r, v.superseded[r.Claim])}
	for _, u := range usesOf(r) {
		v.uses[u] = e.Number
	}
	if r.Kind == claim.Advance && r.Decision == claim.Accepted {
		v.sequence++
		v.dossiers[r.Dossier] = expectedDossier{entry: e.Number, sequence: v.sequence, claim: r.Claim, finess: r.FINESS}
	}
}

func (v *verifier) checkClaims(ctx context.Context) error {
	err := each(ctx, v.querier, func(rows *sql.Rows) error {
		columns := make([]any, 15)
		var number int
		if err := scanAll(rows, columns, &number); err != nil {
			return err
		}
		id := claim.ID(fmt.Sprint(columns[0]))
		expected, ok := v.claims[id]
		if !ok {
			return broken(number, "claims", "a claim was never decided")
		}
		delete(v.claims, id)
		if number != expected.entry || !same(columns, expected.columns) {
			return broken(expected.entry, string(id), "the claim's standing was changed")
		}
		return nil
	}, `SELECT `+claimColumns+`, entry FROM claims ORDER BY entry`)
	if err != nil {
		return err
	}
	return missing(v.claims, func(id claim.ID, c expectedClaim) (int, string) { return c.entry, string(id) })
}

func (v *verifier) checkUses(ctx context.Context) error {
	err := each(ctx, v.querier, func(rows *sql.Rows) error {
		var u use
		if err := rows.Scan(&u.sha256, &u.role, &u.claim); err != nil {
			return err
		}
		if _, ok := v.uses[u]; !ok {
			return broken(0, string(u.claim), "a document use stands in no decision")
		}
		delete(v.uses, u)
		return nil
	}, `SELECT sha256, role, claim FROM document_uses`)
	if err != nil {
		return err
	}
	return missing(v.uses, func(u use, number int) (int, string) { return number, string(u.claim) })
}

func (v *verifier) checkDossiers(ctx context.Context) error {
	err := each(ctx, v.querier, func(rows *sql.Rows) error {
		var number, state string
		var d expectedDossier
		if err := rows.Scan(&number, &d.sequence, &d.claim, &d.finess, &state); err != nil {
			return err
		}
		expected, ok := v.dossiers[number]
		if !ok {
			return broken(0, number, "no decision gave the dossier")
		}
		delete(v.dossiers, number)
		d.entry = expected.entry
		if d != expected || state != openDossier || number != string(claim.NewDossierNumber(d.sequence)) {
			return broken(expected.entry, string(expected.claim), "the dossier was changed")
		}
		return nil
	}, `SELECT number, sequence, claim, finess, state FROM dossiers`)
	if err != nil {
		return err
	}
	return missing(v.dossiers, func(_ string, d expectedDossier) (int, string) { return d.entry, string(d.claim) })
}

func broken(number int, subject, why string) error {
	return &BrokenError{Entry: number, Subject: subject, Why: why}
}

// missing names the first entry of which a row was not found.
func missing[K comparable, V any](left map[K]V, place func(K, V) (entry int, subject string)) error {
	var first *BrokenError
	for key, value := range left {
		if number, subject := place(key, value); first == nil || number < first.Entry {
			first = &BrokenError{Entry: number, Subject: subject, Why: "what it tells of is missing"}
		}
	}
	if first == nil {
		return nil
	}
	return first
}

func subjectOfEntry(number int, e entry) (int, string) { return number, e.Subject }

// decode reads the content of an entry, and what it tells of.
func decode(e entry, body string, content, value any) error {
	if err := json.Unmarshal([]byte(e.Content), content); err != nil {
		return broken(e.Number, e.Subject, "its content cannot be read")
	}
	if err := json.Unmarshal([]byte(body), value); err != nil {
		return broken(e.Number, e.Subject, "what it tells of cannot be read")
	}
	return nil
}

// scanAll scans the first columns as they come, then the others.
func scanAll(rows *sql.Rows, columns []any, others ...any) error {
	destinations := make([]any, len(columns), len(columns)+len(others))
	for i := range columns {
		destinations[i] = &columns[i]
	}
	return rows.Scan(append(destinations, others...)...)
}

// same tells whether columns hold what was written to them.
func same(columns, written []any) bool {
	return slices.EqualFunc(columns, written, func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
}
