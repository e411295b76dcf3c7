package pipeline

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"guichet/fixtures"
	"guichet/pipeline/ledger"
)

// audited is a store and its ledger after some nights. What a test changes in
// them it takes back.
type audited struct {
	*Audit
	dir   string
	db    *sql.DB  // takes whatever it is told
	files []string // keys of heads and of objects of revisions
}

// newAudited gives the store and the ledger of generated claims.
func newAudited(t *testing.T) *audited {
	t.Helper()
	return auditedAfter(t, func(night *Night, dir string) {
		if _, err := fixtures.Generate(dir, fixtures.Options{Seed: 11, Claims: 12, Suppliers: 2, FaultShare: 0.4}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second one has nothing to decide, and leaves a head
			if summary, err := night.Run(t.Context()); err != nil || len(summary.Failed) > 0 {
				t.Fatal(err, summary.Failed)
			}
		}
	})
}

// auditedLife gives the store and the ledger after all nights of a life (see
// [TestLives]), and looks after each whether they are sound.
func auditedLife(t *testing.T, file string) *audited {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return auditedAfter(t, func(night *Night, dir string) {
		l := &life{T: t, dir: dir, night: night, known: map[string]bool{}}
		l.night.Accepted = []string{"outil-calcul"} // lives have registers of a few rows
		for number := 1; ; number++ {
			played := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				if name, ok := strings.CutPrefix(f.Name, fmt.Sprintf("%d/", number)); ok {
					played.Files = append(played.Files, txtar.File{Name: name, Data: f.Data})
				}
			}
			if len(played.Files) == 0 {
				return
			}
			l.play(played)
			audit := Audit{Store: night.Store, Ledger: night.Ledger, Software: night.Software, Workers: 2}
			if report, err := audit.Verify(t.Context()); err != nil || !report.Sound() || report.Heads == 0 {
				t.Fatalf("night %d: %v, %+v", number, err, report)
			}
		}
	})
}

func auditedAfter(t *testing.T, play func(night *Night, dir string)) *audited {
	t.Helper()
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "ledger.db")
	book, err := ledger.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	night := newNight(t, dir, 2)
	night.Ledger = book
	play(night, dir)
	a := &audited{Audit: &Audit{Store: night.Store, Ledger: book, Software: night.Software, Workers: 2}, dir: dir}
	if a.db, err = sql.Open("sqlite", file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.db.Close() })
	a.db.SetMaxOpenConns(1)
	for _, pragma := range []string{"foreign_keys = 0", "ignore_check_constraints = 1", "synchronous = 0"} {
		a.exec(t, "PRAGMA "+pragma)
	}
	for _, top := range []string{"audit", "outbox", "operators", "archive"} {
		for o, err := range night.Store.List(t.Context(), top+"/") {
			if err != nil {
				t.Fatal(err)
			}
			if !againFolder.MatchString(o.Key) { // the same bytes lie in the folder of a revision
				a.files = append(a.files, o.Key)
			}
		}
	}
	return a
}

func (a *audited) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := a.db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (a *audited) number(t *testing.T, query string) (number int) {
	t.Helper()
	if err := a.db.QueryRow(query).Scan(&number); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return number
}

func (a *audited) text(t *testing.T, query string) (text string) {
	t.Helper()
	if err := a.db.QueryRow(query).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

func (a *audited) verify(t *testing.T) *AuditReport {
	t.Helper()
	report, err := a.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// during makes changes of the ledger, looks, and takes them back.
func (a *audited) during(t *testing.T, look func(*AuditReport), statements ...string) {
	t.Helper()
	tables := []string{"audit", "revisions", "decisions", "claims", "reviews", "document_uses", "dossiers", "runs", "purges"}
	for _, table := range tables {
		a.exec(t, "CREATE TEMP TABLE kept_"+table+" AS SELECT * FROM "+table)
	}
	for _, statement := range statements {
		a.exec(t, statement)
	}
	look(a.verify(t))
	for _, table := range tables {
		a.exec(t, "DELETE FROM "+table)
		a.exec(t, "INSERT INTO "+table+" SELECT * FROM kept_"+table)
		a.exec(t, "DROP TABLE kept_"+table)
	}
}

func (a *audited) path(key string) string { return filepath.Join(a.dir, filepath.FromSlash(key)) }

func (a *audited) content(t *testing.T, key string) []byte {
	t.Helper()
	data, err := os.ReadFile(a.path(key))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// put writes an object; nil takes it away.
func (a *audited) put(t *testing.T, key string, data []byte) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(a.path(key)), 0o750)
	if data == nil {
		err = errors.Join(err, os.Remove(a.path(key)))
	} else {
		err = errors.Join(err, os.WriteFile(a.path(key), data, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// first gives the first object whose key ends so and that is not empty.
func (a *audited) first(t *testing.T, suffix string) string {
	t.Helper()
	i := slices.IndexFunc(a.files, func(key string) bool {
		return strings.HasSuffix(key, suffix) && len(a.content(t, key)) > 0
	})
	if i < 0 {
		t.Fatal("no object ends in ", suffix)
	}
	return a.files[i]
}

func TestAuditSound(t *testing.T) {
	a := newAudited(t)
	runs := a.number(t, "SELECT count(*) FROM runs")
	want := AuditReport{
		Entries: a.number(t, "SELECT count(*) FROM audit"), Heads: runs,
		Revisions: a.number(t, "SELECT count(*) FROM revisions"), Objects: len(a.files) - runs,
	}
	if got := a.verify(t); fmt.Sprint(*got) != fmt.Sprint(want) || !got.Sound() || runs < 2 || want.Entries == 0 {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

// TestAuditLives: batches over several nights, with corrections, reviews,
// reprocesses and what was dropped again, are sound after each.
func TestAuditLives(t *testing.T) {
	files, err := filepath.Glob("testdata/lives/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no lives", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { auditedLife(t, file) })
	}
}
