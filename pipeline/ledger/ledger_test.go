package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

var nightOne = time.Date(2023, 3, 1, 22, 0, 0, 0, claim.Paris)

// open gives a new ledger in which a run is started.
func open(t testing.TB) *Ledger {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
}

func openAt(t testing.TB, path string) *Ledger {
	t.Helper()
	l, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := l.StartRun(t.Context(), nightOne, "guichet test"); err != nil {
		t.Fatal(err)
	}
	return l
}

// advance gives a result of the row of a batch of the supplier; sequence > 0
// accepts it.
func advance(supplier claim.SIRET, batch string, row, sequence int) claim.Result {
	id := claim.NewID(claim.Advance, supplier, batch, 1, row)
	due := claim.Cents(22500)
	r := claim.Result{
		Claim: id, Kind: claim.Advance, Row: row, Supplier: supplier, Batch: batch, Revision: 1,
		Decision: claim.UnderReview, FINESS: claim.FINESS(fmt.Sprintf("75%07d", row)), OrderRef: fmt.Sprintf("BC <%d> & co", row),
		CompanyName: "PHARMACIE DE L'ÎLE", Tranche: "A", VATRegime: claim.LiableToVAT,
		ReceivedAt: time.Date(2023, 3, 1, 14, 0, 0, 1000000*row, claim.Paris),
		Documents: []claim.ResultDocument{
			{File: "a.pdf", SHA256: fmt.Sprintf("%064x", row), Role: claim.PurchaseOrder, Pages: 1, TextSource: claim.TextFromPDF},
			{File: "tva.pdf", SHA256: strings.Repeat("e", 64), Role: claim.VATExemption},
		},
		Findings: []claim.Finding{}, Evidence: []claim.Evidence{{Rule: "MEN-01", Document: "a.pdf", Page: 1, Text: "AF-PHA-LGO-Va1"}},
	}
	if sequence > 0 {
		r.Decision, r.Dossier, r.Amounts.AmountDue = claim.Accepted, string(claim.NewDossierNumber("LGO1", sequence)), &due
	}
	return r
}

func revision(supplier claim.SIRET, batch string) claim.Revision {
	return claim.Revision{
		Supplier: supplier, Batch: batch, Number: 1, Kind: claim.Advance, Status: claim.Processed,
		ReceivedAt: nightOne, Digest: "d-" + batch, Findings: []claim.Finding{},
		Inputs: []claim.Object{{Name: "avance.xlsx", Key: "inbox/x", Size: 3, SHA256: "s", ReceivedAt: nightOne}},
	}
}

const (
	supplierA claim.SIRET = "73282932000074"
	supplierB claim.SIRET = "55208131766522"
)

// settle records a revision of a batch with results; accepted ones take
// dossiers in their order.
func settle(t testing.TB, l *Ledger, r claim.Revision, results ...claim.Result) {
	t.Helper()
	err := l.Night(t.Context(), func(n *Night) error { return record(t.Context(), n, r, results...) })
	if err != nil {
		t.Fatal(err)
	}
}

func record(ctx context.Context, n *Night, r claim.Revision, results ...claim.Result) error {
	last, err := n.LastDossier(ctx)
	if err != nil {
		return err
	}
	for _, result := range results {
		sequence := 0
		if result.Decision == claim.Accepted {
			last++
			sequence = last
		}
		if err := n.Decide(result, sequence); err != nil {
			return err
		}
		r.Counts.Add(result.Decision)
	}
	return n.Revise(r)
}

// equalInstants compares times as instants.
var equalInstants = cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })

func TestURL(t *testing.T) {
	directory := t.TempDir()
	t.Chdir(directory)
	for _, c := range []struct{ url, want string }{
		{"sqlite:///var/lib/guichet/ledger.db", "/var/lib/guichet/ledger.db"},
		{"sqlite:///var/lib/le%20grand%20livre.db", "/var/lib/le grand livre.db"},
		{"sqlite://data/ledger.db", filepath.Join(directory, "data/ledger.db")},
		{"SQLITE://ledger.db", filepath.Join(directory, "ledger.db")},
		{"ledger.db", filepath.Join(directory, "ledger.db")},
		{"/a/b%20c?.db", "/a/b%20c?.db"},
		{":memory:", filepath.Join(directory, ":memory:")},
	} {
		got, err := filePath(c.url)
		if err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.url, got, err, c.want)
		}
	}
	for url, part := range map[string]string{
		"postgres://guichet:hunter2@db/guichet":   "not in this version",
		"postgresql://guichet:hunter2@db/guichet": "not in this version",
		"mysql://guichet:hunter2@db/guichet":      "sqlite://",
		"sqlite://":                               "names no file",
		"sqlite:///":                              "names no file",
		"":                                        "names no file",
		"sqlite:///a.db?mode=ro":                  "no parameters",
		"sqlite:///a%zz.db":                       "a%zz.db",
	} {
		_, err := Open(t.Context(), url)
		if !errors.Is(err, ErrURL) || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v; want ErrURL with %q and without the password", url, err, part)
		}
	}
}

func TestOpenOddPlaces(t *testing.T) {
	directory := t.TempDir()
	for _, name := range []string{"a b%20?#é&.db", ":memory:"} {
		path := filepath.Join(directory, name)
		l, err := Open(t.Context(), path)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		info, err := os.Stat(path)
		if err != nil || info.Size() == 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v; want a file that others cannot read", name, info, err)
		}
	}
	text := filepath.Join(directory, "notes.txt")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{directory, filepath.Join(directory, "absent", "ledger.db"), text} {
		if _, err := Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v; want an error that names the file", path, err)
		}
	}
}

func TestMigrations(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := openAt(t, path)
	tables, err := query(t.Context(), l.reader, func(rows *sql.Rows) (name string, err error) { return name, rows.Scan(&name) },
		`SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"audit", "claims", "decisions", "document_uses", "dossiers", "facts", "goose_db_version", "purges", "receptions", "recoveries", "repeats", "reviews", "revisions", "run_registers", "runs"}
	if diff := cmp.Diff(want, tables); diff != "" {
		t.Error(diff)
	}
	settings := map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "10000"}
	for _, pool := range []*sql.DB{l.writer, l.reader} {
		for pragma, want := range settings {
			var got string
			if err := pool.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil || got != want {
				t.Errorf("%s is %q, %v; want %q", pragma, got, err, want)
			}
		}
	}
	settle(t, l, revision(supplierA, "b"), advance(supplierA, "b", 2, 1))

	again, err := Open(t.Context(), "sqlite://"+path)
	if err != nil {
		t.Fatal(err)
	}
	if _, found, err := again.Dossier(t.Context(), claim.NewDossierNumber("LGO1", 1)); !found || err != nil {
		t.Errorf("opened again: the dossier is %v, %v", found, err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}

	if _, err := l.writer.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), path); !errors.Is(err, ErrNewer) {
		t.Errorf("a later version's ledger: %v; want ErrNewer", err)
	}
}

func TestMigrationsAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	const processes = 4
	errs := make(chan error, processes)
	for range processes {
		go func() {
			l, err := Open(context.Background(), path)
			if err == nil {
				err = l.Close()
			}
			errs <- err
		}()
	}
	for range processes {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestReceive(t *testing.T) {
	l := open(t)
	at := func(s string) time.Time {
		parsed, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			t.Fatal(err)
		}
		return parsed
	}
	early, late := at("2023-03-15T14:00:00+01:00"), at("2023-03-15T14:00:00.001000002+01:00")
	for i, step := range []struct {
		sightings []claim.Sighting
		want      []time.Time
	}{
		{nil, []time.Time{}},
		{[]claim.Sighting{{Key: "a", SHA256: "1", At: late}, {Key: "b", SHA256: "1", At: early}}, []time.Time{late, early}},
		{[]claim.Sighting{{Key: "b", SHA256: "1", At: late}, {Key: "a", SHA256: "1", At: early}}, []time.Time{early, late}}, // seen before
		{[]claim.Sighting{{Key: "a", SHA256: "2", At: early}}, []time.Time{early}},                                          // other content
		{[]claim.Sighting{{Key: "c", SHA256: "1", At: late}, {Key: "c", SHA256: "1", At: early}}, []time.Time{late, late}},  // twice at once
	} {
		got, err := l.Receive(t.Context(), step.sightings)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(step.want, got, equalInstants); diff != "" {
			t.Errorf("step %d: %s", i, diff)
		}
	}
	many := make([]claim.Sighting, 5000)
	for i := range many {
		many[i] = claim.Sighting{Key: fmt.Sprint("many/", i), SHA256: "x", At: early.Add(time.Duration(i))}
	}
	got, err := l.Receive(t.Context(), many)
	if err != nil || len(got) != len(many) || !got[4999].Equal(many[4999].At) {
		t.Errorf("many at once: %d, %v", len(got), err)
	}
}

func TestFacts(t *testing.T) {
	l := open(t)
	facts := make([]*claim.Facts, 3000)
	digests := make([]string, len(facts))
	for i := range facts {
		digests[i] = fmt.Sprintf("%064d", i)
		facts[i] = &claim.Facts{
			SHA256: digests[i], Extractor: "v1", Status: claim.ReadOK, TextSource: claim.TextFromPDF,
			Pages: []claim.Page{{Width: 595, Height: 842, Words: []claim.Word{{Text: "Ségur", Rect: claim.Rect{1.5, 2, 3, 4}, Gap: claim.GapLine}}}},
		}
	}
	errs := make(chan error)
	for worker := range 4 {
		go func() {
			var err error
			for start := 0; start < len(facts) && err == nil; start += 300 {
				if (start/300)%2 == worker%2 { // two workers save each part
					err = l.SaveFacts(context.Background(), facts[start:start+300])
				} else {
					_, err = l.Facts(context.Background(), digests[start:start+300], "v1")
				}
			}
			errs <- err
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Fatal(err)
		}
	}
	got, err := l.Facts(t.Context(), append([]string{"unknown"}, digests...), "v1")
	if err != nil || len(got) != len(facts) {
		t.Fatalf("%d facts, %v; want %d", len(got), err, len(facts))
	}
	if diff := cmp.Diff(facts[7], got[digests[7]]); diff != "" {
		t.Error(diff)
	}
	if none, err := l.Facts(t.Context(), digests, "v2"); err != nil || len(none) != 0 {
		t.Errorf("another extractor's facts: %d, %v", len(none), err)
	}
	later := *facts[7]
	later.Status = claim.ReadFailed
	if err := l.SaveFacts(t.Context(), []*claim.Facts{&later}); err != nil {
		t.Fatal(err)
	}
	if got, err := l.Facts(t.Context(), digests[7:8], "v1"); err != nil || got[digests[7]].Status != claim.ReadOK {
		t.Errorf("facts kept before were replaced: %v, %v", got[digests[7]], err)
	}
	if _, err := l.writer.Exec(`UPDATE facts SET body = substr(body, 1, length(body) - 5) WHERE sha256 = $1`, digests[7]); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Facts(t.Context(), digests, "v1"); err == nil || !strings.Contains(err.Error(), digests[7]) {
		t.Errorf("damaged facts: %v; want an error that names the document", err)
	}
}

func TestRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	fresh, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := fresh.Night(t.Context(), func(*Night) error { return nil }); !errors.Is(err, ErrNoRun) {
		t.Errorf("a night without a run: %v", err)
	}
	if err := fresh.Close(); err != nil {
		t.Error(err)
	}
	first := openAt(t, path)
	if got, err := first.LastRegisters(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("before the first run: %v, %v", got, err)
	}
	registers := []claim.RegisterInfo{{Name: "finess.csv", SHA256: "a", Rows: 28679}, {Name: "fournisseurs.csv", SHA256: "b", Rows: 3}}
	if err := first.SaveRegisters(t.Context(), registers); err != nil {
		t.Fatal(err)
	}
	// The first process dies; the second run stops before it has registers;
	// the third ends well.
	second, third := openAt(t, path), openAt(t, path)
	if got, err := second.LastRegisters(t.Context()); err != nil || cmp.Diff(registers, got) != "" {
		t.Errorf("registers of the run before: %v, %v", got, err)
	}
	if err := third.FinishRun(t.Context(), Done); err != nil {
		t.Fatal(err)
	}
	states, err := query(t.Context(), third.reader, func(rows *sql.Rows) (s RunState, err error) { return s, rows.Scan(&s) }, `SELECT state FROM runs ORDER BY number`)
	if err != nil || cmp.Diff([]RunState{Interrupted, Interrupted, Done}, states) != "" {
		t.Errorf("states %v, %v", states, err)
	}
}
