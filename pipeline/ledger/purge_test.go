package ledger

import (
	"bytes"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// Years of runs, and a cutoff between them.
var (
	longAgo = time.Date(2012, 3, 1, 22, 0, 0, 0, claim.Paris)
	cutoff  = time.Date(2015, 1, 1, 0, 0, 0, 0, claim.Paris)
	lately  = time.Date(2015, 1, 1, 0, 0, 0, 0, claim.Paris) // the cutoff's instant itself is kept
)

// keeping gives a ledger in which runs can be started at any time, and a
// function that settles, publishes and archives a delivery in a run of a time.
func keeping(t *testing.T) (*Ledger, func(at time.Time, batch string, results ...claim.Result)) {
	l := openAt(t, filepath.Join(t.TempDir(), "ledger.db"))
	return l, func(at time.Time, batch string, results ...claim.Result) {
		t.Helper()
		startRun(t, l, at)
		if err := l.Night(t.Context(), func(n *Night) error {
			for _, r := range results {
				sequence := 0
				if r.Kind == claim.Advance && r.Decision == claim.Accepted {
					last, err := n.LastDossier(t.Context())
					if err != nil {
						return err
					}
					sequence = last + 1
				}
				if err := n.Decide(r, sequence); err != nil {
					return err
				}
			}
			return n.Revise(revision(supplierA, batch))
		}); err != nil {
			t.Fatal(err)
		}
		if err := l.MarkPublished(t.Context(), supplierA, batch, 1, "receipt"); err != nil {
			t.Fatal(err)
		}
		if err := l.MarkArchived(t.Context(), supplierA, batch, 1); err != nil {
			t.Fatal(err)
		}
	}
}

func startRun(t *testing.T, l *Ledger, at time.Time) {
	t.Helper()
	if _, err := l.StartRun(t.Context(), at, "guichet test"); err != nil {
		t.Fatal(err)
	}
}

// accepted gives the advance of a row, accepted with its dossier.
func accepted(batch string, row, sequence int) claim.Result {
	return advance(supplierA, batch, row, sequence)
}

// decided gives the claim of a row with another decision.
func decided(batch string, row int, decision claim.Decision) claim.Result {
	r := advance(supplierA, batch, row, 0)
	r.Decision = decision
	return r
}

// balance gives the balance of a dossier, decided.
func balance(batch string, row, sequence int, decision claim.Decision) claim.Result {
	r := decided(batch, row, decision)
	r.Kind, r.Claim = claim.Balance, claim.NewID(claim.Balance, supplierA, batch, 1, row)
	r.Dossier = string(claim.NewDossierNumber("LGO1", sequence))
	return r
}

func TestWhatKeepsInputs(t *testing.T) {
	l, archive := keeping(t)
	archive(longAgo, "rejected", decided("rejected", 10, claim.Rejected), decided("rejected", 11, claim.ToComplete))
	archive(longAgo, "refused")
	archive(longAgo, "under-review", decided("under-review", 12, claim.Rejected), decided("under-review", 13, claim.UnderReview))
	archive(longAgo, "corrected", decided("corrected", 14, claim.UnderReview))
	archive(longAgo, "no-balance", accepted("no-balance", 15, 1))
	archive(longAgo, "balance-refused", accepted("balance-refused", 16, 2))
	archive(longAgo, "paid", accepted("paid", 17, 3))
	archive(longAgo, "paid-lately", accepted("paid-lately", 18, 4))
	archive(longAgo, "closed", accepted("closed", 19, 5))
	archive(longAgo, "balances", balance("balances", 20, 2, claim.Rejected), balance("balances", 21, 3, claim.Accepted))
	archive(longAgo, "balance", balance("balance", 22, 3, claim.Rejected))
	archive(lately, "balance-lately", balance("balance-lately", 23, 4, claim.Accepted))
	archive(lately, "correction", decided("correction", 24, claim.Rejected))
	startRun(t, l, longAgo)
	settle(t, l, revision(supplierA, "unpublished"), decided("unpublished", 25, claim.Rejected))
	settle(t, l, revision(supplierA, "unarchived"), decided("unarchived", 26, claim.Rejected))
	if err := l.MarkPublished(t.Context(), supplierA, "unarchived", 1, "receipt"); err != nil {
		t.Fatal(err)
	}
	for batch, at := range map[string]time.Time{"reviewed": longAgo, "reviewed-lately": lately} {
		archive(longAgo, batch, decided(batch, 27, claim.UnderReview))
		startRun(t, l, at)
		again := decided(batch, 27, claim.Rejected)
		again.Revision, again.First = 2, 1
		second := revision(supplierA, batch)
		second.Number, second.Cause, second.Inputs = 2, claim.Reviewed, nil
		settle(t, l, second, again)
		if err := errors.Join(l.MarkPublished(t.Context(), supplierA, batch, 2, "receipt"), l.MarkArchived(t.Context(), supplierA, batch, 2)); err != nil {
			t.Fatal(err)
		}
	}
	// A refused file that was evaluated later, and a corrected one after it.
	archive(longAgo, "refused-then")
	for number, cause := range map[int]claim.Cause{2: claim.Reprocessed, 3: claim.Delivery} {
		later := revision(supplierA, "refused-then")
		later.Number, later.Cause = number, cause
		decision := map[int]claim.Decision{2: claim.UnderReview, 3: claim.Rejected}[number]
		result := decided("refused-then", 28+number, decision)
		result.Revision, result.Claim = number, claim.NewID(claim.Advance, supplierA, "refused-then", number, 28)
		settle(t, l, later, result)
		if err := errors.Join(l.MarkPublished(t.Context(), supplierA, "refused-then", number, "receipt"), l.MarkArchived(t.Context(), supplierA, "refused-then", number)); err != nil {
			t.Fatal(err)
		}
	}
	pending := decided("corrected", 14, claim.UnderReview).Claim
	if err := l.Night(t.Context(), func(n *Night) error {
		return n.Supersede(pending, decided("correction", 24, claim.Rejected).Claim)
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.writer.Exec(`UPDATE dossiers SET state = 'closed' WHERE sequence = 5`); err != nil {
		t.Fatal(err)
	}

	got, err := l.Purgeable(t.Context(), Cutoffs{Documents: cutoff})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range got.Revisions {
		if r.Supplier != supplierA || r.Digest != "d-"+r.Batch {
			t.Errorf("%+v", r)
		}
		names = append(names, fmt.Sprintf("%s/r%d", r.Batch, r.Revision))
	}
	if diff := cmp.Diff([]string{"balance/r1", "closed/r1", "corrected/r1", "paid/r1", "refused/r1", "refused-then/r3", "rejected/r1", "reviewed/r1"}, names); diff != "" {
		t.Errorf("expired (-want +got):\n%s", diff)
	}
	// Under review; an open dossier without accepted balance, twice, and the
	// batch with a claim on one of these; a balance and a review of the cutoff's
	// instant; a file whose rows were evaluated later.
	if got.Held != 7 {
		t.Errorf("held: %d, want 7", got.Held)
	}
}

func TestPurgeKeepsTheChain(t *testing.T) {
	l, archive := keeping(t)
	archive(longAgo, "old", decided("old", 10, claim.Rejected), decided("old", 11, claim.ToComplete))
	archive(lately, "new", accepted("new", 12, 1))
	before, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, claim.Paris)
	cutoffs := Cutoffs{Documents: cutoff, Facts: cutoff, Logs: cutoff}
	for i := range 2 { // again, as after a crash
		got, err := l.Purge(t.Context(), cutoffs, at.AddDate(0, i, 0))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Revisions) != 1 || got.Revisions[0].Batch != "old" {
			t.Errorf("purge %d: %+v", i, got)
		}
		since, purged, err := l.PurgedAt(t.Context(), supplierA, "old", 1)
		if err != nil || !purged || !since.Equal(at) {
			t.Errorf("purge %d: old is purged since %v, %v, %v; want %v", i, since, purged, err, at)
		}
	}
	if _, purged, err := l.PurgedAt(t.Context(), supplierA, "new", 1); purged || err != nil {
		t.Errorf("new: %v, %v", purged, err)
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if after, err := l.Head(t.Context()); err != nil || after != before {
		t.Errorf("the chain ends in %v, %v; before in %v", after, err, before)
	}
	if results, err := l.Results(t.Context(), supplierA, "old", 1); err != nil || len(results) != 2 {
		t.Errorf("results of old: %d, %v", len(results), err)
	}
}

// Facts go when no decision has used them since the cutoff, and then not a
// byte of them is left in the ledger's files.
func TestPurgeOfFacts(t *testing.T) {
	l, archive := keeping(t)
	sum := func(row int) string { return fmt.Sprintf("%064x", row) } // as advance has it
	extractors := []string{"extractor 1", "extractor 2"}
	var bodies [][]byte
	for _, row := range []int{10, 11, 12, 99} {
		for _, extractor := range extractors {
			facts := &claim.Facts{SHA256: sum(row), Extractor: extractor, Status: claim.ReadOK, Pages: []claim.Page{{}}}
			for range 300 {
				facts.Pages[0].Words = append(facts.Pages[0].Words, claim.Word{Text: rand.Text()}) // unlike any other
			}
			if err := l.SaveFacts(t.Context(), []*claim.Facts{facts}); err != nil {
				t.Fatal(err)
			}
			body, err := packFacts(facts)
			if err != nil {
				t.Fatal(err)
			}
			bodies = append(bodies, body)
		}
	}
	for row, at := range map[int]time.Time{10: longAgo, 11: longAgo, 12: lately, 99: longAgo} {
		if _, err := l.writer.Exec(`UPDATE facts SET read_at = $1 WHERE sha256 = $2`, formatInstant(at), sum(row)); err != nil {
			t.Fatal(err)
		}
	}
	archive(longAgo, "old", decided("old", 10, claim.Rejected), decided("old", 11, claim.Rejected))
	again := decided("new", 13, claim.Rejected)
	again.Documents[0].SHA256 = sum(11) // the same bytes, dropped again
	archive(lately, "new", again)

	before := Cutoffs{Facts: cutoff}
	// Row 10: last used long ago. 11: used lately. 12: read lately, used by
	// none yet. 99: read long ago, used by none.
	want := Purgeable{Facts: 4, FactBytes: int64(len(bodies[0]) + len(bodies[1]) + len(bodies[6]) + len(bodies[7]))}
	for _, purge := range []func() (Purgeable, error){
		func() (Purgeable, error) { return l.Purgeable(t.Context(), before) },
		func() (Purgeable, error) { return l.Purge(t.Context(), before, lately) },
	} {
		if got, err := purge(); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%+v, %v; want %+v", got, err, want)
		}
	}
	for _, extractor := range extractors {
		left, err := l.Facts(t.Context(), []string{sum(10), sum(11), sum(12), sum(99)}, extractor)
		if err != nil || len(left) != 2 || left[sum(11)] == nil || left[sum(12)] == nil {
			t.Errorf("%s: %d facts are left, %v", extractor, len(left), err)
		}
	}
	var files []byte
	for _, suffix := range []string{"", "-wal"} {
		data, err := os.ReadFile(l.path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, data...)
	}
	for i, body := range bodies {
		kept := i >= 2 && i < 6
		if there := bytes.Contains(files, body[len(body)/2:len(body)/2+64]); there != kept {
			t.Errorf("facts %d in the files: %v, want %v", i, there, kept)
		}
	}
}

func TestPurgeOfRuns(t *testing.T) {
	ctx := t.Context()
	registers := []claim.RegisterInfo{{Name: "finess.csv", SHA256: "s", Rows: 100}}
	numbers := func(l *Ledger, text string) string {
		found, err := query(ctx, l.reader, func(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) }, text)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(found, " ")
	}
	for name, c := range map[string]struct {
		runs            []time.Time
		withRegisters   []int // numbers
		left, registers string
	}{
		"old ones go":                         {[]time.Time{longAgo, longAgo, lately, lately}, []int{1, 2, 3, 4}, "3 4", "3 4"},
		"the last stays":                      {[]time.Time{longAgo, longAgo}, []int{1, 2}, "2", "2"},
		"the last with registers stays":       {[]time.Time{longAgo, longAgo, longAgo, lately}, []int{1, 2}, "2 4", "2"},
		"no registers were ever found":        {[]time.Time{longAgo, longAgo}, nil, "2", ""},
		"the last is old, its registers none": {[]time.Time{longAgo, longAgo, longAgo}, []int{1}, "1 3", "1"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Open(ctx, filepath.Join(t.TempDir(), "ledger.db"))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close() //nolint:errcheck // the test is over
			for i, at := range c.runs {
				startRun(t, l, at)
				if slices.Contains(c.withRegisters, i+1) {
					if err := l.SaveRegisters(ctx, registers); err != nil {
						t.Fatal(err)
					}
				}
			}
			last, err := l.LastRegisters(ctx)
			if err != nil {
				t.Fatal(err)
			}
			got, err := l.Purge(ctx, Cutoffs{Logs: cutoff}, lately)
			if want := len(c.runs) - len(strings.Fields(c.left)); err != nil || got.Runs != want {
				t.Errorf("%d runs, %v; want %d", got.Runs, err, want)
			}
			if left := numbers(l, `SELECT number FROM runs ORDER BY number`); left != c.left {
				t.Errorf("runs %s are left, want %s", left, c.left)
			}
			if left := numbers(l, `SELECT run FROM run_registers ORDER BY run`); left != c.registers {
				t.Errorf("registers of runs %s are left, want %s", left, c.registers)
			}
			after, err := l.LastRegisters(ctx)
			if diff := cmp.Diff(last, after); diff != "" || err != nil {
				t.Errorf("the last registers: %v %s", err, diff)
			}
			next, err := l.StartRun(ctx, lately, "guichet test")
			if err != nil || next != len(c.runs)+1 {
				t.Errorf("the next run has number %d, %v; want %d", next, err, len(c.runs)+1)
			}
		})
	}
}
