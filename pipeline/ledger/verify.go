package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

// ErrBroken is for a ledger that is not what its audit chain says; the error
// is a *[BrokenError].
var ErrBroken = errors.New("the ledger's audit chain is broken")

// BrokenError names the first place where the ledger was changed.
type BrokenError struct {
	// Entry is the number of the first entry of the chain that is broken, or
	// of which what it tells is not there; 0 when every entry is whole and
	// the ledger holds something of which none tells.
	Entry   int
	Subject string // the claim, revision or dossier that it is about
	Why     string
}

func (e *BrokenError) Error() string {
	if e.Entry == 0 {
		return fmt.Sprintf("%v: no entry tells of %q: %s", ErrBroken, e.Subject, e.Why)
	}
	return fmt.Sprintf("%v at entry %d (%q): %s", ErrBroken, e.Entry, e.Subject, e.Why)
}

// Is makes a BrokenError an [ErrBroken].
func (e *BrokenError) Is(target error) bool { return target == ErrBroken }

// Verify computes the audit chain anew, from its first entry, and compares
// with it every revision, decision, claim's standing, document use, dossier,
// review and event of a recovery. ErrBroken names the first entry that differs.
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
		querier: q,
		entries: map[entryKind]map[int]entry{revisionEntry: {}, decisionEntry: {}, supersededEntry: {}, reviewEntry: {}, recoveryEntry: {}},
		spoilt:  map[string]bool{}, reviewed: map[string]bool{}, superseded: map[claim.ID]int{}, standings: map[claim.ID]standing{},
		uses: map[use]int{}, dossiers: map[string]dossier{}, open: map[claim.ID]string{}, rulings: map[claim.ID][]ruled{},
	}
	for _, step := range []func(context.Context) error{
		v.chain, v.checkRevisions, v.checkDecisions, v.checkReviews, v.checkClaims, v.checkUses, v.checkRecoveries, v.checkDossiers,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	if v.first != nil {
		return v.first
	}
	return nil
}

// HeadAt gives the head that the chain had when an entry was its last; none
// when it has not come to that entry.
func (l *Ledger) HeadAt(ctx context.Context, number int) (Head, bool, error) {
	if number == 0 {
		return Head{}, true, nil
	}
	return first(query(ctx, l.reader, func(rows *sql.Rows) (h Head, err error) {
		return h, rows.Scan(&h.Number, &h.Digest)
	}, `SELECT number, digest FROM audit WHERE number = $1`, number))
}

// Place names a revision of a batch.
type Place struct {
	Supplier claim.SIRET
	Batch    string
	Number   int
}

// Places names every revision, in the order in which they were settled.
func (l *Ledger) Places(ctx context.Context) ([]Place, error) {
	return query(ctx, l.reader, func(rows *sql.Rows) (p Place, err error) {
		return p, rows.Scan(&p.Supplier, &p.Batch, &p.Number)
	}, `SELECT supplier, batch, revision FROM revisions ORDER BY entry`)
}

// DoneRuns gives the numbers of the runs that went through; each has left the
// head of the chain in the store.
func (l *Ledger) DoneRuns(ctx context.Context) ([]int, error) {
	return query(ctx, l.reader, func(rows *sql.Rows) (number int, err error) {
		return number, rows.Scan(&number)
	}, `SELECT number FROM runs WHERE state = $1 ORDER BY number`, Done)
}

// verifier goes through the tables, takes away what it has found in its place,
// and keeps the first fault.
type verifier struct {
	querier querier
	first   *BrokenError

	entries map[entryKind]map[int]entry // by number, until what they tell of is found
	// spoilt are the subjects that a fault is known of: what follows from
	// their entries cannot be told, and would name an entry too early.
	spoilt map[string]bool

	// What follows from the entries for the other tables.
	reviewed   map[string]bool  // revisions that publish reviews, by their subject
	superseded map[claim.ID]int // number of the entry
	standings  map[claim.ID]standing
	uses       map[use]int // number of the entry
	dossiers   map[string]dossier
	sequence   int                 // of the last dossier
	open       map[claim.ID]string // number of the dossier
	rulings    map[claim.ID][]ruled
}

// standing is a claim as its last decision makes it stand.
type standing struct {
	entry   int
	columns []any
}

// stateColumn is where the columns of a claim tell its state.
var stateColumn = slices.Index(strings.Split(claimColumns, ", "), "state")

// dossier is a dossier as the decisions made it.
type dossier struct {
	entry    int // the last that changed it
	sequence int
	claim    claim.ID
	finess   claim.FINESS
	state    string
}

// ruled is a decision that an operator's decision made.
type ruled struct{ entry, revision int }

// fault notes a fault; number is the entry's, 0 for what no entry tells of.
func (v *verifier) fault(number int, subject, why string) {
	if v.first == nil || number > 0 && (v.first.Entry == 0 || number < v.first.Entry) {
		v.first = &BrokenError{Entry: number, Subject: subject, Why: why}
	}
}

// broken notes that an entry, or what it tells of, was changed.
func (v *verifier) broken(e entry, why string) {
	v.fault(e.Number, e.Subject, why)
	v.spoilt[e.Subject] = true
}

// rows calls f on each row of a query. A row that cannot be read is a fault.
func (v *verifier) rows(ctx context.Context, table string, f func(scan func(...any) bool), text string) error {
	return each(ctx, v.querier, func(rows *sql.Rows) error {
		f(func(destinations ...any) bool {
			err := rows.Scan(destinations...)
			if err != nil {
				v.fault(0, "a row of "+table, "it cannot be read")
			}
			return err == nil
		})
		return nil
	}, text)
}

func (v *verifier) chain(ctx context.Context) error {
	var head Head
	return v.rows(ctx, "audit", func(scan func(...any) bool) {
		var e entry
		var stored string
		if !scan(&e.Number, &e.At, &e.Kind, &e.Subject, &e.Content, &e.Previous, &stored) {
			return
		}
		if e.Number <= head.Number {
			v.fault(0, e.Subject, "its entry has a number that is none")
			return
		}
		sum, err := e.digest()
		switch {
		case e.Number != head.Number+1:
			v.fault(head.Number+1, "before "+e.Subject, "the entry is missing")
			v.spoilt[e.Subject] = true
		case e.Previous != head.Digest:
			v.broken(e, "it does not follow the entry before")
		case err != nil || sum != stored:
			v.broken(e, "its digest is not that of its content")
		}
		head = Head{Number: e.Number, Digest: stored}
		if kind, ok := v.entries[e.Kind]; ok {
			kind[e.Number] = e
		} else {
			v.broken(e, "its kind is unknown")
		}
		if e.Kind == supersededEntry {
			v.superseded[claim.ID(e.Subject)] = e.Number
		}
	}, `SELECT number, at, kind, subject, content, previous, digest FROM audit ORDER BY number`)
}

// take gives the entry that tells of a row, which is its only one.
func (v *verifier) take(kind entryKind, number int, subject string) (entry, bool) {
	e, ok := v.entries[kind][number]
	if !ok {
		v.broken(entry{Number: number, Subject: subject}, "the "+string(kind)+" stands under an entry that is not for it")
	}
	delete(v.entries[kind], number)
	return e, ok
}

// untold notes the entries of which what they tell was not found.
func (v *verifier) untold(kind entryKind) {
	for _, e := range v.entries[kind] {
		v.broken(e, "the "+string(kind)+" that it tells of is missing")
	}
}

func (v *verifier) checkRevisions(ctx context.Context) error {
	err := v.rows(ctx, "revisions", func(scan func(...any) bool) {
		columns := make([]any, 8)
		var number int
		var body string
		if !scan(append(pointers(columns), &number, &body)...) {
			return
		}
		e, ok := v.take(revisionEntry, number, fmt.Sprintf("%v/%v/r%v", columns[0], columns[1], columns[2]))
		if !ok {
			return
		}
		var content revisionContent
		var r claim.Revision
		if !decode(e, body, &content, &r) || content.SHA256 != digest(body) ||
			e.Subject != revisionSubject(r.Supplier, r.Batch, r.Number) || !same(columns, revisionRow(r)) {
			v.broken(e, "the revision was changed")
		}
		v.reviewed[e.Subject] = r.Cause == claim.Reviewed
	}, `SELECT supplier, batch, revision, kind, status, received_at, digest, cause, entry, body FROM revisions ORDER BY entry`)
	v.untold(revisionEntry)
	return err
}

func (v *verifier) checkDecisions(ctx context.Context) error {
	err := v.rows(ctx, "decisions", func(scan func(...any) bool) {
		columns := make([]any, 4)
		var number int
		var body string
		if !scan(append(pointers(columns), &number, &body)...) {
			return
		}
		e, ok := v.take(decisionEntry, number, fmt.Sprint(columns[0]))
		if !ok {
			return
		}
		var content decisionContent
		var r claim.Result
		if !decode(e, body, &content, &r) || content.SHA256 != digest(body) || e.Subject != string(r.Claim) ||
			!same(columns, []any{r.Claim, r.Supplier, r.Batch, r.Revision}) {
			v.broken(e, "the decision was changed")
			return
		}
		v.expect(e.Number, r)
	}, `SELECT claim, supplier, batch, revision, entry, body FROM decisions ORDER BY entry`)
	v.untold(decisionEntry)
	return err
}

// expect notes what follows from a decision for the other tables.
func (v *verifier) expect(number int, r claim.Result) {
	v.standings[r.Claim] = standing{number, claimRow(r, v.superseded[r.Claim] != 0)}
	for _, u := range usesOf(r) {
		if _, ok := v.uses[u]; !ok {
			v.uses[u] = number
		}
	}
	revision := revisionSubject(r.Supplier, r.Batch, r.Revision)
	if (v.reviewed[revision] || v.spoilt[revision]) &&
		slices.ContainsFunc(r.Findings, func(f claim.Finding) bool { return strings.HasPrefix(f.Code, "REV-") }) {
		v.rulings[r.Claim] = append(v.rulings[r.Claim], ruled{number, r.Revision})
	}
	accepted := r.Kind == claim.Advance && r.Decision == claim.Accepted
	held := v.open[r.Claim]
	switch {
	case accepted && r.Dossier != held:
		v.sequence++
		v.dossiers[r.Dossier] = dossier{entry: number, sequence: v.sequence, claim: r.Claim, finess: r.FINESS, state: openDossier}
		v.open[r.Claim] = r.Dossier
	case r.Withdrawal != nil && !accepted && held != "":
		closed := v.dossiers[held]
		closed.entry, closed.state = number, closedDossier
		v.dossiers[held] = closed
		delete(v.open, r.Claim)
	}
}

// closedDossier is the state of a dossier whose acceptance was taken back, or
// that is ordered to repay.
const closedDossier = "closed"

func (v *verifier) checkReviews(ctx context.Context) error {
	err := v.rows(ctx, "reviews", func(scan func(...any) bool) {
		columns := make([]any, 4)
		var number, settled int
		var id claim.ID
		if !scan(append(pointers(columns), &number, &id, &settled)...) {
			return
		}
		e, ok := v.take(reviewEntry, number, string(id))
		if !ok {
			return
		}
		var content reviewContent
		if err := json.Unmarshal([]byte(e.Content), &content); err != nil || e.Subject != string(id) ||
			!same(columns, []any{content.Verdict, content.Reason, content.By, e.At}) {
			v.broken(e, "the review was changed")
			return
		}
		published := 0 // the revision of the first decision that it made
		for _, r := range v.rulings[id] {
			if r.entry > number {
				published = r.revision
				break
			}
		}
		if settled != published && !v.spoilt[string(id)] {
			v.fault(number, string(id), fmt.Sprintf("the review is told to be published in revision %d, and is in %d", settled, published))
		}
	}, `SELECT verdict, reason, by_name, at, entry, claim, settled FROM reviews ORDER BY entry`)
	v.untold(reviewEntry)
	return err
}

func (v *verifier) checkClaims(ctx context.Context) error {
	err := v.rows(ctx, "claims", func(scan func(...any) bool) {
		columns := make([]any, strings.Count(claimColumns, ",")+1)
		var number int
		if !scan(append(pointers(columns), &number)...) {
			return
		}
		id := claim.ID(fmt.Sprint(columns[0]))
		expected, ok := v.standings[id]
		delete(v.standings, id)
		switch {
		case v.spoilt[string(id)]:
			return
		case !ok:
			v.fault(0, string(id), "the claim was never decided")
			return
		}
		state := fmt.Sprint(columns[stateColumn])
		columns[stateColumn] = expected.columns[stateColumn]
		switch {
		case number != expected.entry || !same(columns, expected.columns):
			v.fault(expected.entry, string(id), "the claim's standing was changed")
		case state == expected.columns[stateColumn]:
		case state == supersededClaim:
			v.fault(0, string(id), "the claim stands as superseded, and never was")
		default:
			v.fault(expected.entry, string(id), "the claim's state was changed")
		}
	}, `SELECT `+claimColumns+`, entry FROM claims ORDER BY entry`)
	for id, left := range v.standings {
		v.gone(left.entry, id, "the claim is missing")
	}
	return err
}

func (v *verifier) checkUses(ctx context.Context) error {
	err := v.rows(ctx, "document_uses", func(scan func(...any) bool) {
		var u use
		if !scan(&u.sha256, &u.role, &u.claim) {
			return
		}
		if _, ok := v.uses[u]; !ok && !v.spoilt[string(u.claim)] {
			v.fault(0, string(u.claim), "no decision of it names the document of a use")
		}
		delete(v.uses, u)
	}, `SELECT sha256, role, claim FROM document_uses ORDER BY claim, role, sha256`)
	for u, number := range v.uses {
		v.gone(number, u.claim, "the use of a document is missing")
	}
	return err
}

func (v *verifier) checkRecoveries(ctx context.Context) error {
	err := v.rows(ctx, "recoveries", func(scan func(...any) bool) {
		columns := make([]any, 5)
		var number int
		var body string
		if !scan(append(pointers(columns), &number, &body)...) {
			return
		}
		subject := fmt.Sprint(columns[0])
		e, ok := v.take(recoveryEntry, number, subject)
		if !ok {
			return
		}
		var content recoveryContent
		var r claim.Recovery
		if !decode(e, body, &content, &r) || content.SHA256 != digest(body) || e.Subject != r.Dossier || !same(columns, recoveryRow(r)) {
			v.broken(e, "the event of the recovery was changed")
			v.spoilt[subject] = true
			return
		}
		if r.Status == claim.Ordered {
			v.close(e)
		}
	}, `SELECT dossier, status, supplier, on_day, told, entry, body FROM recoveries ORDER BY entry`)
	v.untold(recoveryEntry)
	return err
}

// close notes what follows from an order for its dossier.
func (v *verifier) close(order entry) {
	ordered, known := v.dossiers[order.Subject]
	if !known || ordered.state != openDossier {
		if !v.spoilt[string(ordered.claim)] {
			v.broken(order, "it orders repayment on a dossier that was not open")
		}
		return
	}
	ordered.entry, ordered.state = order.Number, closedDossier
	v.dossiers[order.Subject] = ordered
}

func (v *verifier) checkDossiers(ctx context.Context) error {
	err := v.rows(ctx, "dossiers", func(scan func(...any) bool) {
		var number string
		var d dossier
		if !scan(&number, &d.sequence, &d.claim, &d.finess, &d.state) {
			return
		}
		expected, ok := v.dossiers[number]
		delete(v.dossiers, number)
		d.entry = expected.entry
		switch {
		case v.spoilt[number], v.spoilt[string(d.claim)], v.spoilt[string(expected.claim)]:
		case !ok:
			v.fault(0, number, "no decision gave the dossier")
		case d != expected || claim.DossierNumber(number).Sequence() != d.sequence:
			v.fault(expected.entry, string(expected.claim), "the dossier was changed")
		}
	}, `SELECT number, sequence, claim, finess, state FROM dossiers ORDER BY sequence`)
	for number, left := range v.dossiers {
		if !v.spoilt[number] {
			v.gone(left.entry, left.claim, "the dossier is missing")
		}
	}
	return err
}

// gone notes a row that was not found.
func (v *verifier) gone(number int, id claim.ID, why string) {
	if !v.spoilt[string(id)] {
		v.fault(number, string(id), why)
	}
}

// decode reads the content of an entry, and what it tells of.
func decode(e entry, body string, content, value any) bool {
	return json.Unmarshal([]byte(e.Content), content) == nil && json.Unmarshal([]byte(body), value) == nil
}

// pointers gives where to scan columns as they come.
func pointers(columns []any) []any {
	all := make([]any, len(columns), len(columns)+3)
	for i := range columns {
		all[i] = &columns[i]
	}
	return all
}

// same tells whether columns hold what was written to them.
func same(columns, written []any) bool {
	return slices.EqualFunc(columns, written, func(a, b any) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
}
