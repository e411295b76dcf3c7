package ledger

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"guichet/pipeline/claim"
)

// audited are the tables that the chain speaks for, with the columns that it
// does not.
var audited = map[string][]string{
	"audit": nil, "revisions": {"receipt_sha256", "archived"}, "decisions": nil,
	"claims": nil, "document_uses": nil, "dossiers": nil,
}

// tampered gives a ledger with all kinds of entries, whose database takes
// whatever it is told.
func tampered(t *testing.T) *Ledger {
	l := openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
	pending := advance(supplierA, "mars", 2, 0)
	settle(t, l, revision(supplierA, "mars"), pending, advance(supplierA, "mars", 3, 1))
	err := l.Night(t.Context(), func(n *Night) error {
		correction := advance(supplierA, "avril", 4, 2)
		correction.Replaces = pending.Claim
		if err := n.Supersede(pending.Claim, correction.Claim); err != nil {
			return err
		}
		refused := revision(supplierB, "vide")
		refused.Status = claim.Refused
		return errors.Join(record(t.Context(), n, revision(supplierA, "avril"), correction, advance(supplierA, "avril", 5, 3)), n.Revise(refused))
	})
	if err != nil {
		t.Fatal(err)
	}
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

func TestVerifyFindsEveryChange(t *testing.T) {
	l := tampered(t)
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's choice of bytes
	changes := 0
	for _, table := range slices.Sorted(maps.Keys(audited)) { // in one order: the same bytes change each time
		free := audited[table]
		columns := map[string]bool{}
		rows, err := l.writer.Query("SELECT name FROM pragma_table_info('" + table + "')")
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				t.Fatal(err)
			}
			columns[name] = true
		}
		if err := rows.Close(); err != nil {
			t.Fatal(err)
		}
		for _, name := range free {
			delete(columns, name)
		}
		var count int
		if err := l.writer.QueryRow("SELECT count(*) FROM " + table).Scan(&count); err != nil || count < 2 {
			t.Fatalf("%s has %d rows, %v", table, count, err)
		}
		for row := range count {
			for _, column := range slices.Sorted(maps.Keys(columns)) {
				changes += changeCell(t, l, random, table, column, row)
			}
			mustBreak(t, l, fmt.Sprintf("deleting row %d of %s", row, table),
				fmt.Sprintf("DELETE FROM %[1]s WHERE rowid = (SELECT rowid FROM %[1]s ORDER BY rowid LIMIT 1 OFFSET %[2]d)", table, row))
		}
	}
	t.Logf("%d changes of one byte or number, all found", changes)
	for what, statement := range map[string]string{
		"a claim nobody decided":     `INSERT INTO claims (` + claimColumns + `, entry) SELECT 'A-0', kind, supplier, batch, revision, 99, '750000099', siret, order_ref, decision, state, received_at, dossier, first_revision, waiting, entry FROM claims LIMIT 1`,
		"a dossier nobody gave":      `INSERT INTO dossiers SELECT 'LGO1-00000009-88', 9, 'A-0', '750000099', 'open'`,
		"a use nobody made":          `INSERT INTO document_uses SELECT 'x', role, claim FROM document_uses LIMIT 1`,
		"a decision nobody made":     `INSERT INTO decisions SELECT claim, supplier, batch, 2, entry, body FROM decisions LIMIT 1`,
		"a revision nobody settled":  `INSERT INTO revisions SELECT supplier, batch, 2, kind, status, received_at, digest, entry, body, '', 0 FROM revisions LIMIT 1`,
		"an entry of another chain":  `INSERT INTO audit SELECT 99, at, kind, subject, content, digest, 'x' FROM audit ORDER BY number DESC LIMIT 1`,
		"a superseding taken away":   `DELETE FROM audit WHERE kind = 'superseded'`,
		"all dossiers numbered anew": `UPDATE dossiers SET sequence = sequence + 10`,
	} {
		mustBreak(t, l, what, statement)
	}
}

// changeCell flips a bit of one cell, sees that it is found, and puts the cell
// back. An empty text gets a letter.
func changeCell(t *testing.T, l *Ledger, random *rand.Rand, table, column string, row int) int {
	t.Helper()
	where := fmt.Sprintf("FROM %[1]s WHERE rowid = (SELECT rowid FROM %[1]s ORDER BY rowid LIMIT 1 OFFSET %[2]d)", table, row)
	var value any
	if err := l.writer.QueryRow("SELECT " + column + " " + where).Scan(&value); err != nil {
		t.Fatal(err)
	}
	var changed any
	switch v := value.(type) {
	case int64:
		changed = v + 50
	case string:
		bytes := []byte(v + "x")
		if v != "" {
			bytes = bytes[:len(v)]
			bytes[random.IntN(len(bytes))] ^= 1 << random.IntN(7)
		}
		changed = string(bytes)
	default:
		t.Fatalf("%s.%s is a %T", table, column, value)
	}
	mustBreak(t, l, fmt.Sprintf("%s.%s of row %d: %v for %v", table, column, row, changed, value),
		fmt.Sprintf("UPDATE %[1]s SET %[3]s = $1 WHERE rowid = (SELECT rowid FROM %[1]s ORDER BY rowid LIMIT 1 OFFSET %[2]d)", table, row, column), changed)
	return 1
}

// mustBreak makes a change, sees that Verify finds it, and takes it back.
func mustBreak(t *testing.T, l *Ledger, what, statement string, args ...any) {
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
	var place *BrokenError
	if !errors.Is(err, ErrBroken) || !errors.As(err, &place) || place.Subject == "" {
		t.Errorf("%s: %v; want ErrBroken with its place", what, err)
	}
	for _, statement := range []string{"ROLLBACK TO tampering", "RELEASE tampering"} {
		if _, err := l.writer.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
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
