package ledger

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"guichet/pipeline/claim"
)

// audited are the tables that the chain speaks for: the columns that it does
// not, and the entry that last wrote a row.
var audited = map[string]struct {
	free []string
	own  string
}{
	"audit": {own: "number"},
	// How far a revision is published and archived changes after its entry.
	"revisions": {free: []string{"receipt_sha256", "archived", "replaced"}, own: "entry"},
	"decisions": {own: "entry"},
	"claims":    {own: "entry"},
	"reviews":   {own: "entry"},
	"document_uses": {own: `(SELECT min(d.entry) FROM decisions d WHERE d.claim = document_uses.claim
		AND d.body LIKE '%' || document_uses.sha256 || '%')`},
	// What was published of an event follows from the store.
	"recoveries": {free: []string{"published"}, own: "entry"},
	"dossiers": {own: `coalesce((SELECT entry FROM recoveries r WHERE r.dossier = dossiers.number AND r.status = 'ordered'),
		(SELECT CASE state WHEN 'open' THEN min(d.entry) ELSE max(d.entry) END FROM decisions d
		WHERE d.claim = dossiers.claim AND d.body LIKE CASE state WHEN 'open' THEN '%' || dossiers.number || '%' ELSE '%"withdrawal"%' END))`},
}

// again gives a result as another revision publishes it.
func again(r claim.Result, revision int, decision claim.Decision, findings ...string) claim.Result {
	r.First, r.Revision, r.Decision, r.Findings = r.FirstRevision(), revision, decision, nil
	if decision != claim.Accepted {
		r.Dossier = ""
	}
	for _, code := range findings {
		r.Findings = append(r.Findings, claim.Finding{Code: code})
	}
	return r
}

// everything settles nights that leave all kinds of entries: claims decided in
// several revisions, superseded, reviewed, waiting, withdrawn, accepted anew; and recoveries.
func everything(t *testing.T, l *Ledger) {
	t.Helper()
	pending, funded := advance(supplierA, "mars", 2, 0), advance(supplierA, "mars", 3, 1)
	waiting := again(advance(supplierA, "mars", 6, 0), 1, claim.UnderReview, "BEN-04")
	waiting.First = 0
	ruled := advance(supplierB, "mai", 7, 0)
	open := advance(supplierB, "mai", 8, 0)
	settle(t, l, revision(supplierA, "mars"), pending, funded, waiting)
	settle(t, l, revision(supplierB, "mai"), ruled, open)
	at := nightOne
	review := func(id claim.ID, verdict claim.Verdict) {
		t.Helper()
		at = at.Add(time.Hour)
		if err := l.Review(t.Context(), claim.Ruling{Claim: id, Verdict: verdict, Reason: "Vu.", By: "C. Martin", At: at}); err != nil {
			t.Fatal(err)
		}
	}
	review(ruled.Claim, claim.VerdictReject)
	review(ruled.Claim, claim.VerdictComplete) // takes the place of the one before
	night := func(steps ...func(n *Night) error) {
		t.Helper()
		err := l.Night(t.Context(), func(n *Night) error {
			for _, step := range steps {
				if err := step(n); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	made := func(supplier claim.SIRET, batch string, number int, cause claim.Cause) func(n *Night) error {
		r := revision(supplier, batch)
		r.Number, r.Cause, r.Digest = number, cause, fmt.Sprint(batch, number)
		return func(n *Night) error { return n.Revise(r) }
	}
	decided := func(r claim.Result, sequence int) func(n *Night) error {
		return func(n *Night) error { return n.Decide(r, sequence) }
	}
	correction := advance(supplierA, "avril", 4, 2)
	correction.Replaces = pending.Claim
	refused := revision(supplierB, "vide")
	refused.Status = claim.Refused
	night(
		func(n *Night) error { return n.Supersede(pending.Claim, correction.Claim) },
		decided(correction, 2), made(supplierA, "avril", 1, claim.Delivery),
		func(n *Night) error { return n.Revise(refused) },
		decided(again(ruled, 2, claim.ToComplete, "REV-03"), 0), made(supplierB, "mai", 2, claim.Reviewed),
		func(n *Night) error { return n.Settle(t.Context(), ruled.Claim, 2) },
	)
	withdrawn := again(funded, 2, claim.Rejected, "BEN-06")
	withdrawn.Withdrawal = &claim.Withdrawal{Revision: 2, Reason: "Tranche."}
	night(decided(withdrawn, 0), made(supplierA, "mars", 2, claim.Reprocessed))
	anew := again(funded, 3, claim.Accepted)
	anew.Dossier = string(claim.NewDossierNumber("LGO1", 3))
	kept := again(correction, 2, claim.Accepted)
	night(decided(anew, 3), made(supplierA, "mars", 3, claim.Reprocessed), decided(kept, 0), made(supplierA, "avril", 2, claim.Reprocessed))
	review(open.Claim, claim.VerdictReject) // the next run settles it
	recoveries(t, l, correction.Dossier, anew.Dossier)
}

// tampered gives a ledger with all kinds of entries, whose database takes
// whatever it is told.
func tampered(t *testing.T) *Ledger {
	l := openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
	everything(t, l)
	if err := l.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, pragma := range []string{"foreign_keys = 0", "ignore_check_constraints = 1"} {
		if _, err := l.writer.Exec("PRAGMA " + pragma); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// TestVerifyFindsEveryChange flips a bit of every cell that the chain speaks
// for, and takes every row away.
func TestVerifyFindsEveryChange(t *testing.T) {
	l := tampered(t)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's choice of bits
	tables, err := query(t.Context(), l.reader, scanText, `SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	flips, rows := 0, 0
	for _, table := range tables {
		audit, ok := audited[table]
		if !ok {
			continue
		}
		columns, err := query(t.Context(), l.reader, scanText, `SELECT name FROM pragma_table_info($1)`, table)
		if err != nil {
			t.Fatal(err)
		}
		columns = slices.DeleteFunc(columns, func(c string) bool { return slices.Contains(audit.free, c) })
		var count int
		if err := l.writer.QueryRow("SELECT count(*) FROM " + table).Scan(&count); err != nil || count < 2 || len(columns) == 0 {
			t.Fatalf("%s has %d rows, %d columns, %v", table, count, len(columns), err)
		}
		for row := range count {
			var own int
			if err := l.writer.QueryRow(fmt.Sprintf("SELECT %s FROM %s ORDER BY rowid LIMIT 1 OFFSET %d", audit.own, table, row)).Scan(&own); err != nil {
				t.Fatal(err)
			}
			for _, column := range columns {
				flipCell(t, l, random, table, column, row, own)
				flips++
			}
			place := mustBreak(t, l, fmt.Sprintf("deleting row %d of %s", row, table),
				fmt.Sprintf("DELETE FROM %[1]s WHERE rowid = (SELECT rowid FROM %[1]s ORDER BY rowid LIMIT 1 OFFSET %[2]d)", table, row))
			if last := table == "audit" && row == count-1; !last && (place.Entry < 1 || place.Entry > own) {
				t.Errorf("deleting row %d of %s, of entry %d: named entry %d", row, table, own, place.Entry)
			}
			rows++
		}
	}
	t.Logf("%d bits flipped, %d rows deleted, all found", flips, rows)
}

// flipCell flips a bit of a cell, sees that it is found at an entry not after
// the row's own, and puts the cell back. An empty text gets a letter.
func flipCell(t *testing.T, l *Ledger, random *rand.Rand, table, column string, row, own int) {
	t.Helper()
	cell := fmt.Sprintf("rowid = (SELECT rowid FROM %[1]s ORDER BY rowid LIMIT 1 OFFSET %[2]d)", table, row)
	var value any
	if err := l.writer.QueryRow("SELECT " + column + " FROM " + table + " WHERE " + cell).Scan(&value); err != nil {
		t.Fatal(err)
	}
	statement := fmt.Sprintf("UPDATE %s SET %s = $1 WHERE %s", table, column, cell)
	for range 100 {
		var changed any
		switch v := value.(type) {
		case int64:
			changed = v ^ 1<<random.IntN(63)
		case string:
			bytes := []byte(v + "x")
			if v != "" {
				bytes = bytes[:len(v)]
				bytes[random.IntN(len(bytes))] ^= 1 << random.IntN(8)
			}
			changed = string(bytes)
		default:
			t.Fatalf("%s.%s is a %T", table, column, value)
		}
		if !takes(t, l, statement, changed) {
			continue // another row has this value, and the column holds each once
		}
		place := mustBreak(t, l, fmt.Sprintf("%s.%s of row %d: %q for %q", table, column, row, changed, value), statement, changed)
		if place.Entry < 1 || place.Entry > own {
			t.Errorf("%s.%s of row %d, of entry %d: %q for %q: named entry %d, %s", table, column, row, own, changed, value, place.Entry, place.Why)
		}
		return
	}
	t.Fatalf("%s.%s takes no other value", table, column)
}

// takes tells whether the database takes a change, and takes it back.
func takes(t *testing.T, l *Ledger, statement string, args ...any) bool {
	t.Helper()
	ctx := context.Background()
	if _, err := l.writer.ExecContext(ctx, "SAVEPOINT trying"); err != nil {
		t.Fatal(err)
	}
	_, refused := l.writer.ExecContext(ctx, statement, args...)
	for _, statement := range []string{"ROLLBACK TO trying", "RELEASE trying"} {
		if _, err := l.writer.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	return refused == nil
}

// TestVerifyFindsWhatIsNotItsOwn: rows that no entry tells of, and rows that
// stand in one another's place.
func TestVerifyFindsWhatIsNotItsOwn(t *testing.T) {
	l := tampered(t)
	swap := func(table, column, key string) string {
		return fmt.Sprintf(`UPDATE %[1]s SET %[2]s = CASE %[3]s WHEN (SELECT min(%[3]s) FROM %[1]s)
			THEN (SELECT %[2]s FROM %[1]s ORDER BY %[3]s DESC LIMIT 1) ELSE (SELECT %[2]s FROM %[1]s ORDER BY %[3]s LIMIT 1) END
			WHERE %[3]s IN (SELECT min(%[3]s) FROM %[1]s UNION SELECT max(%[3]s) FROM %[1]s)`, table, column, key)
	}
	for what, statement := range map[string]string{
		"a claim nobody decided":        `INSERT INTO claims (` + claimColumns + `, entry) SELECT 'A-0', kind, supplier, batch, revision, 99, '750000099', siret, order_ref, decision, state, received_at, dossier, first_revision, waiting, completed_on, nature, entry FROM claims LIMIT 1`,
		"a dossier nobody gave":         `INSERT INTO dossiers SELECT 'LGO1-00000009-88', 9, 'A-0', '750000099', 'open'`,
		"a dossier open again":          `UPDATE dossiers SET state = 'open', finess = finess || sequence WHERE state = 'closed'`,
		"a use nobody made":             `INSERT INTO document_uses SELECT 'x', role, claim FROM document_uses LIMIT 1`,
		"a decision nobody made":        `INSERT INTO decisions SELECT claim, supplier, batch, 9, entry, body FROM decisions LIMIT 1`,
		"a decision of a later entry":   `INSERT INTO decisions SELECT claim, supplier, batch, 9, entry + 1000, body FROM decisions LIMIT 1`,
		"a revision nobody settled":     `INSERT INTO revisions SELECT supplier, batch, 9, kind, status, received_at, digest, entry, body, '', 0, cause, replaced FROM revisions LIMIT 1`,
		"an entry of another chain":     `INSERT INTO audit SELECT 99, at, kind, subject, content, digest, 'x' FROM audit ORDER BY number DESC LIMIT 1`,
		"an entry before the first":     `INSERT INTO audit SELECT 0, at, kind, subject, content, '', 'x' FROM audit LIMIT 1`,
		"a superseding taken away":      `DELETE FROM audit WHERE kind = 'superseded'`,
		"a superseded claim is current": `UPDATE claims SET state = 'current' WHERE state = 'superseded'`,
		"a current claim is superseded": `UPDATE claims SET state = 'superseded' WHERE decision = 'accepted'`,
		"all dossiers numbered anew":    `UPDATE dossiers SET sequence = sequence + 10`,
		"a review nobody made":          `INSERT INTO reviews SELECT entry + 1000, claim, verdict, reason, by_name, at, settled FROM reviews LIMIT 1`,
		"a review to be settled again":  `UPDATE reviews SET settled = 0`,
		"a review settled unseen":       `UPDATE reviews SET settled = 2 WHERE settled = 0`,
		"an event nobody recorded":      `INSERT INTO recoveries SELECT entry + 1000, dossier, 'observed', supplier, on_day, told, body, published FROM recoveries LIMIT 1`,
		"an order never given":          `UPDATE dossiers SET state = 'closed' WHERE number = (SELECT dossier FROM recoveries WHERE status = 'settled')`,
		"an ordered dossier open again": `UPDATE dossiers SET state = 'open' WHERE number = (SELECT dossier FROM recoveries WHERE status = 'ordered')`,
		"events swapped":                swap("recoveries", "body", "entry"),
		"places of events swapped":      `UPDATE recoveries SET entry = -entry; UPDATE recoveries SET entry = (SELECT min(-entry) + max(-entry) FROM recoveries) + entry`,
		"all events taken away":         `DELETE FROM recoveries`,
		"decisions swapped":             swap("decisions", "body", "entry"),
		"places of decisions swapped":   swap("decisions", "entry", "entry"),
		"revisions swapped":             swap("revisions", "body", "entry"),
		"reviews swapped":               `UPDATE reviews SET verdict = CASE verdict WHEN 'reject' THEN 'complete' ELSE 'reject' END`,
		"standings swapped":             swap("claims", "decision", "id"),
		"dossiers swapped":              `UPDATE dossiers SET claim = (SELECT o.claim FROM dossiers o WHERE o.sequence = 3 - dossiers.sequence) WHERE sequence < 3`,
		"a column of another kind":      `UPDATE decisions SET entry = 'x' || entry`,
		"a blob for a text":             `UPDATE claims SET state = x'63'`,
	} {
		mustBreak(t, l, what, statement)
	}
}

// mustBreak makes a change, sees that Verify finds it, takes it back, and
// gives what was found.
func mustBreak(t *testing.T, l *Ledger, what, statement string, args ...any) BrokenError {
	t.Helper()
	ctx := context.Background()
	if _, err := l.writer.ExecContext(ctx, "SAVEPOINT tampering"); err != nil {
		t.Fatal(err)
	}
	if result, err := l.writer.ExecContext(ctx, statement, args...); err != nil {
		t.Fatalf("%s: %v", what, err)
	} else if n, err := result.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("%s changed nothing: %v", what, err)
	}
	err := verify(ctx, l.writer)
	for _, statement := range []string{"ROLLBACK TO tampering", "RELEASE tampering"} {
		if _, err := l.writer.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	var place *BrokenError
	if !errors.Is(err, ErrBroken) || !errors.As(err, &place) || place.Subject == "" {
		t.Errorf("%s: %v; want ErrBroken with its place", what, err)
		return BrokenError{}
	}
	return *place
}

// TestVerifyNamesTheFirst: of several faults, in whatever tables, the one of
// the first entry is named.
func TestVerifyNamesTheFirst(t *testing.T) {
	l := tampered(t)
	var first int
	if err := l.writer.QueryRow(`SELECT min(entry) FROM claims`).Scan(&first); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`UPDATE claims SET siret = siret || '1'`,
		`UPDATE decisions SET body = body || ' ' WHERE entry > ` + fmt.Sprint(first),
		`DELETE FROM audit WHERE number > ` + fmt.Sprint(first+3),
		`INSERT INTO document_uses VALUES ('x', 'y', 'z')`,
	} {
		if _, err := l.writer.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	err := verify(t.Context(), l.writer)
	var place *BrokenError
	if !errors.As(err, &place) || place.Entry != first {
		t.Errorf("%v; want entry %d", err, first)
	}
}

func TestHeadGoesOn(t *testing.T) {
	l := open(t)
	before, err := l.Head(t.Context())
	if err != nil || before != (Head{}) {
		t.Fatalf("an empty chain: %v, %v", before, err)
	}
	settle(t, l, revision(supplierA, "mars"), advance(supplierA, "mars", 2, 1))
	after, err := l.Head(t.Context())
	if err != nil || after.Number != 2 || len(after.Digest) != 64 {
		t.Errorf("%v, %v", after, err)
	}
	same := open(t)
	settle(t, same, revision(supplierA, "mars"), advance(supplierA, "mars", 2, 1))
	if head, err := same.Head(t.Context()); err != nil || head != after {
		t.Errorf("the same night gives %v, %v; want %v", head, err, after)
	}
}
