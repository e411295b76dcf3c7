package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

func TestNightIsKeptWhole(t *testing.T) {
	l := open(t)
	ctx := t.Context()
	first, second := advance(supplierA, "mars", 2, 1), advance(supplierA, "mars", 10, 0)
	r := revision(supplierA, "mars")
	settle(t, l, r, second, first)
	refused := revision(supplierB, "avril")
	refused.Status, refused.Findings = claim.Refused, []claim.Finding{{Code: "FIC-05", Outcome: claim.Complete, Message: "vide"}}
	settle(t, l, refused)

	results, err := l.Results(ctx, supplierA, "mars", 1)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]claim.Result{first, second}, results, equalInstants); diff != "" {
		t.Errorf("results: %s", diff)
	}
	latest, found, err := l.LatestRevision(ctx, supplierA, "mars")
	r.Counts = claim.Counts{Accepted: 1, UnderReview: 1}
	if diff := cmp.Diff(Published{Revision: r, SettledAt: nightOne}, latest, equalInstants); diff != "" || !found || err != nil {
		t.Errorf("revision: %v, %v, %s", found, err, diff)
	}
	batches, err := l.Batches(ctx)
	if err != nil || len(batches) != 2 || batches[0].Supplier != supplierB || batches[1].Counts.Rows() != 2 {
		t.Errorf("batches: %v, %v", batches, err)
	}
	same, found, err := l.RevisionOfContent(ctx, supplierA, "mars", "d-mars")
	if err != nil || !found || same.Number != 1 {
		t.Errorf("the content's revision: %v, %v, %v", same.Number, found, err)
	}
	standing, found, err := l.Claim(ctx, second.Claim)
	if diff := cmp.Diff(Standing{Result: second, DecidedAt: nightOne}, standing, equalInstants); diff != "" || !found || err != nil {
		t.Errorf("claim: %v, %v, %s", found, err, diff)
	}
	standing, found, err = l.Dossier(ctx, "LGO1-00000001-96")
	if err != nil || !found || standing.Claim != first.Claim {
		t.Errorf("dossier: %v, %v, %v", standing.Claim, found, err)
	}
	for name, look := range map[string]func() (bool, error){
		"claim":    func() (bool, error) { _, found, err := l.Claim(ctx, "A-0"); return found, err },
		"dossier":  func() (bool, error) { _, found, err := l.Dossier(ctx, "LGO1-00000002-95"); return found, err },
		"batch":    func() (bool, error) { _, found, err := l.LatestRevision(ctx, supplierB, "mars"); return found, err },
		"revision": func() (bool, error) { _, found, err := l.Revision(ctx, supplierA, "mars", 2); return found, err },
		"content": func() (bool, error) {
			_, found, err := l.RevisionOfContent(ctx, supplierA, "mars", "d")
			return found, err
		},
	} {
		if found, err := look(); found || err != nil {
			t.Errorf("unknown %s: %v, %v", name, found, err)
		}
	}
	if err := l.Verify(ctx); err != nil {
		t.Error(err)
	}
}

func TestPublicationGoesOn(t *testing.T) {
	l := open(t)
	ctx := t.Context()
	settle(t, l, revision(supplierB, "un"))
	settle(t, l, revision(supplierA, "deux"))
	names := func(revisions []Published, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for _, r := range revisions {
			all = append(all, r.Batch)
		}
		return strings.Join(all, " ")
	}
	state := func(step, unpublished, unarchived string) {
		t.Helper()
		if got := names(l.Unpublished(ctx)); got != unpublished {
			t.Errorf("%s: unpublished %q, want %q", step, got, unpublished)
		}
		if got := names(l.Unarchived(ctx)); got != unarchived {
			t.Errorf("%s: unarchived %q, want %q", step, got, unarchived)
		}
	}
	state("settled", "un deux", "")
	if err := l.MarkArchived(ctx, supplierB, "un", 1); err == nil {
		t.Error("inputs were archived before the results were published")
	}
	if err := l.MarkPublished(ctx, supplierB, "un", 1, ""); err == nil {
		t.Error("published without a receipt")
	}
	for range 2 { // again, as after a crash
		if err := l.MarkPublished(ctx, supplierB, "un", 1, "abc"); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.MarkPublished(ctx, supplierB, "un", 1, "def"); err == nil {
		t.Error("a second receipt took the place of the first")
	}
	if err := l.MarkPublished(ctx, supplierB, "trois", 1, "abc"); err == nil {
		t.Error("an unknown batch was published")
	}
	state("published", "deux", "un")
	for range 2 {
		if err := l.MarkArchived(ctx, supplierB, "un", 1); err != nil {
			t.Fatal(err)
		}
	}
	state("archived", "deux", "")
	if got, _, err := l.LatestRevision(ctx, supplierB, "un"); err != nil || !got.Archived || got.Receipt != "abc" {
		t.Errorf("archived: %+v, %v", got, err)
	}
	if err := l.Verify(ctx); err != nil {
		t.Errorf("publication is no part of the chain: %v", err)
	}
}

func TestPast(t *testing.T) {
	l := open(t)
	funded, pending, stranger := advance(supplierA, "mars", 2, 1), advance(supplierA, "mars", 3, 0), advance(supplierB, "avril", 4, 0)
	funded.SIRET = "41816609600069"
	pending.Documents[0].SHA256 = "shared"
	stranger.Documents[0].SHA256, stranger.OrderRef = "shared", funded.OrderRef
	settle(t, l, revision(supplierA, "mars"), pending, funded)
	settle(t, l, revision(supplierB, "avril"), stranger)
	of := func(r claim.Result) Past {
		return Past{
			ID: r.Claim, Kind: r.Kind, Supplier: r.Supplier, Batch: r.Batch, Revision: 1, Row: r.Row, FINESS: r.FINESS, SIRET: r.SIRET,
			OrderRef: r.OrderRef, Dossier: r.Dossier, Decision: r.Decision, ReceivedAt: r.ReceivedAt,
		}
	}
	with := func(p Past, documents ...string) Past { p.Documents = documents; return p }
	for name, c := range map[string]struct {
		keys Keys
		want []Past
	}{
		"nothing":             {Keys{}, []Past{}},
		"pharmacies":          {Keys{FINESS: []claim.FINESS{funded.FINESS, stranger.FINESS, "990000000"}}, []Past{of(funded), of(stranger)}},
		"SIRET":               {Keys{SIRETs: []claim.SIRET{funded.SIRET}}, []Past{of(funded)}},
		"a supplier's orders": {Keys{Orders: []Order{{supplierA, funded.OrderRef}, {supplierB, pending.OrderRef}}}, []Past{of(funded)}},
		"documents":           {Keys{Documents: []string{"shared", "none"}}, []Past{with(of(pending), "shared"), with(of(stranger), "shared")}},
		"a VAT exemption":     {Keys{Documents: []string{strings.Repeat("e", 64)}}, []Past{}},
		"one claim by all keys": {
			Keys{FINESS: []claim.FINESS{pending.FINESS}, Orders: []Order{{supplierA, pending.OrderRef}}, Documents: []string{"shared"}},
			[]Past{with(of(pending), "shared"), with(of(stranger), "shared")},
		},
	} {
		if diff := cmp.Diff(c.want, pastOf(t, l, c.keys), equalInstants); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}

	correction := advance(supplierA, "mai", 5, 0)
	err := l.Night(t.Context(), func(n *Night) error {
		if err := n.Supersede(pending.Claim, correction.Claim); err != nil {
			return err
		}
		return record(t.Context(), n, revision(supplierA, "mai"), correction)
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := pastOf(t, l, Keys{FINESS: []claim.FINESS{pending.FINESS}}); len(got) != 1 || !got[0].Superseded {
		t.Errorf("superseded: %+v", got)
	}
	if standing, _, err := l.Claim(t.Context(), pending.Claim); err != nil || !standing.Superseded {
		t.Errorf("superseded: %+v, %v", standing, err)
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := l.writer.Exec(`UPDATE dossiers SET state = 'closed'`); err != nil {
		t.Fatal(err)
	}
	if got := pastOf(t, l, Keys{FINESS: []claim.FINESS{funded.FINESS}}); len(got) != 1 || !got[0].Closed {
		t.Errorf("closed: %+v", got)
	}

	many := Keys{FINESS: make([]claim.FINESS, 50000), Documents: make([]string, 50000)}
	many.FINESS[49999], many.Documents[49999] = stranger.FINESS, "shared"
	if got := pastOf(t, l, many); len(got) != 2 {
		t.Errorf("of many keys: %d claims, want 2", len(got))
	}
}

func pastOf(t *testing.T, l *Ledger, keys Keys) []Past {
	t.Helper()
	var got []Past
	err := l.Night(t.Context(), func(n *Night) (err error) {
		got, err = n.Past(t.Context(), keys)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestDatabaseRefuses(t *testing.T) {
	twice := func(change func(*claim.Result)) []claim.Result {
		second := advance(supplierB, "avril", 3, 2)
		change(&second)
		return []claim.Result{advance(supplierB, "avril", 2, 1), second}
	}
	for name, results := range map[string][]claim.Result{
		"a pharmacy funded twice":        twice(func(r *claim.Result) { r.FINESS = "750000002" }),
		"one claim twice":                twice(func(r *claim.Result) { r.Claim = advance(supplierB, "avril", 2, 0).Claim }),
		"a dossier that is not the next": twice(func(r *claim.Result) { r.Dossier = string(claim.NewDossierNumber("LGO1", 3)) }),
		"a dossier without acceptance":   {func() claim.Result { r := advance(supplierB, "avril", 2, 0); r.Dossier = "LGO1-00000001-96"; return r }()},
		"an unknown decision":            {func() claim.Result { r := advance(supplierB, "avril", 2, 0); r.Decision = "perhaps"; return r }()},
		"another batch's claim":          {advance(supplierB, "mai", 2, 0)},
	} {
		l := open(t)
		err := l.Night(t.Context(), func(n *Night) error { return record(t.Context(), n, revision(supplierB, "avril"), results...) })
		if err == nil {
			t.Errorf("%s was written", name)
		}
		isEmpty(t, l)
	}
	l := open(t)
	settle(t, l, revision(supplierA, "mars"), advance(supplierA, "mars", 2, 1))
	err := l.Night(t.Context(), func(n *Night) error {
		return record(t.Context(), n, revision(supplierB, "avril"), advance(supplierB, "avril", 2, 2))
	})
	if err == nil {
		t.Error("a pharmacy funded in an earlier night was funded again")
	}
	if err := l.Night(t.Context(), func(n *Night) error { return n.Supersede("A-0", "A-1") }); err == nil {
		t.Error("an unknown claim was superseded")
	}
	err = l.Night(t.Context(), func(n *Night) error { return n.Decide(advance(supplierB, "avril", 4, 2), 0) })
	if err == nil {
		t.Error("an advance was accepted without a dossier")
	}
}

func TestNightLeavesNothingWhenItFails(t *testing.T) {
	fault := errors.New("the disk is full")
	l := open(t)
	err := l.Night(t.Context(), func(n *Night) error {
		if err := record(t.Context(), n, revision(supplierA, "mars"), advance(supplierA, "mars", 2, 1)); err != nil {
			return err
		}
		if err := n.flush(t.Context()); err != nil {
			return err
		}
		return fault
	})
	if !errors.Is(err, fault) {
		t.Errorf("%v; want the fault", err)
	}
	isEmpty(t, l)
	func() {
		defer func() { _ = recover() }()
		_ = l.Night(t.Context(), func(n *Night) error {
			if err := record(t.Context(), n, revision(supplierA, "mars"), advance(supplierA, "mars", 2, 1)); err != nil {
				t.Error(err)
			}
			if err := n.flush(t.Context()); err != nil {
				t.Error(err)
			}
			panic("a fault of the program")
		})
	}()
	isEmpty(t, l)
	cancelled, cancel := context.WithCancel(t.Context())
	if err := l.Night(cancelled, func(n *Night) error {
		cancel()
		return record(context.Background(), n, revision(supplierA, "mars"), advance(supplierA, "mars", 2, 1))
	}); err == nil {
		t.Error("a cancelled night was committed")
	}
	isEmpty(t, l)
	settle(t, l, revision(supplierA, "mars"), advance(supplierA, "mars", 2, 1)) // and the next one goes through
}

// isEmpty fails unless nothing is settled.
func isEmpty(t *testing.T, l *Ledger) {
	t.Helper()
	for _, table := range []string{"revisions", "claims", "decisions", "document_uses", "dossiers", "audit"} {
		var rows int
		if err := l.writer.QueryRow("SELECT count(*) FROM " + table).Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%s has %d rows, %v; want none", table, rows, err)
		}
	}
}

// killedAt names the ledger that a child process is killed over.
const killedAt = "GUICHET_TEST_KILLED_AT"

// TestKilled kills a process that holds the lock, has settled a night and is
// in the middle of the next: written, not committed.
func TestKilled(t *testing.T) {
	if path := os.Getenv(killedAt); path != "" {
		dieInTheNight(t, path)
	}
	path := filepath.Join(t.TempDir(), "ledger.db")
	child := exec.Command(os.Args[0], "-test.run=^TestKilled$") //nolint:gosec // this test itself
	child.Env = append(os.Environ(), killedAt+"="+path)
	output, err := child.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the child ended with %v, not by SIGKILL: %s", err, output)
	}
	l := openAt(t, path)
	lock, err := l.Lock(nightOne)
	if err != nil {
		t.Fatalf("a dead process holds the lock: %v", err)
	}
	defer func() {
		if err := lock.Release(); err != nil {
			t.Error(err)
		}
	}()
	if _, found, err := l.LatestRevision(t.Context(), supplierA, "mars"); !found || err != nil {
		t.Errorf("the committed night: %v, %v", found, err)
	}
	if _, found, err := l.LatestRevision(t.Context(), supplierA, "avril"); found || err != nil {
		t.Errorf("the night in hand: %v, %v", found, err)
	}
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	settle(t, l, revision(supplierA, "avril"), advance(supplierA, "avril", 3, 2))
	if err := l.Verify(t.Context()); err != nil {
		t.Error(err)
	}
}

func dieInTheNight(t *testing.T, path string) {
	l := openAt(t, path)
	if _, err := l.Lock(nightOne); err != nil {
		t.Fatal(err)
	}
	settle(t, l, revision(supplierA, "mars"), advance(supplierA, "mars", 2, 1))
	err := l.Night(t.Context(), func(n *Night) error {
		if err := record(t.Context(), n, revision(supplierA, "avril"), advance(supplierA, "avril", 3, 2)); err != nil {
			return err
		}
		if err := n.flush(t.Context()); err != nil {
			return err
		}
		return syscall.Kill(os.Getpid(), syscall.SIGKILL)
	})
	t.Fatal("still alive: ", err)
}

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	one, two := openAt(t, path), openAt(t, path)
	lock, err := one.Lock(nightOne)
	if err != nil {
		t.Fatal(err)
	}
	_, refusal := two.Lock(time.Now())
	var locked *LockedError
	if !errors.Is(refusal, ErrLocked) || !errors.As(refusal, &locked) {
		t.Fatalf("a second run: %v; want ErrLocked", refusal)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Holder{PID: os.Getpid(), Host: host, Since: nightOne}, locked.Holder, equalInstants); diff != "" {
		t.Error(diff)
	}
	if !strings.Contains(refusal.Error(), fmt.Sprint("process ", os.Getpid(), " on ", host)) {
		t.Errorf("%v; want the holder's name", refusal)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := two.Lock(nightOne)
	if err != nil {
		t.Fatalf("after the release: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Error(err)
	}
}
