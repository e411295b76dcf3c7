package pipeline

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

// faultyStore is a directory store that fails where it is told to.
type faultyStore struct {
	objectstore.Store
	fail func(operation, key string) error
}

func (s *faultyStore) Open(ctx context.Context, o objectstore.Object) (io.ReadCloser, error) {
	if err := s.fail("open", o.Key); err != nil {
		return nil, err
	}
	return s.Store.Open(ctx, o)
}

func (s *faultyStore) Put(ctx context.Context, key string, data []byte) error {
	if err := s.fail("put", key); err != nil {
		return err
	}
	return s.Store.Put(ctx, key, data)
}

func (s *faultyStore) PutNew(ctx context.Context, key string, data []byte) error {
	if err := s.fail("put", key); err != nil {
		return err
	}
	return s.Store.PutNew(ctx, key, data)
}

func (s *faultyStore) Move(ctx context.Context, o objectstore.Object, to string) error {
	if err := s.fail("move", o.Key); err != nil {
		return err
	}
	return s.Store.Move(ctx, o, to)
}

// generated makes a small store of good and faulty claims.
func generated(t *testing.T) (dir string, plan *fixtures.Plan) {
	t.Helper()
	dir = t.TempDir()
	plan, err := fixtures.Generate(dir, fixtures.Options{Seed: 11, Claims: 24, Suppliers: 2, FaultShare: 0.4})
	if err != nil {
		t.Fatal(err)
	}
	return dir, plan
}

// TestRunGoesOnWhereOneWasCut: a run whose store dies at its n-th write, for
// every n in turn, then a run with a sound store: the objects are those of an
// undisturbed run.
func TestRunGoesOnWhereOneWasCut(t *testing.T) {
	dir, plan := generated(t)
	if _, err := newNight(t, dir, 2).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := results(t, dir)
	comparePlan(t, plan, dir)

	step := int64(7)
	if testing.Short() {
		step = 41
	}
	for cut := int64(1); ; cut += step {
		dir, _ := generated(t)
		night := newNight(t, dir, 2)
		sound := night.Store
		ctx, stop := context.WithCancel(t.Context())
		var writes atomic.Int64
		night.Store = &faultyStore{sound, func(operation, _ string) error {
			if operation != "open" && writes.Add(1) >= cut {
				stop()
				return errors.New("the store is gone")
			}
			return nil
		}}
		_, err := night.Run(ctx)
		stop()
		if writes.Load() < cut {
			if err != nil || cut == 1 {
				t.Fatalf("the run made %d writes and ended with %v", writes.Load(), err)
			}
			break // the run ended before it was cut
		}
		night.Store = sound
		summary, err := night.Run(t.Context())
		if err != nil || len(summary.Failed) > 0 {
			t.Fatalf("cut at write %d: the next run ended with %v, %v", cut, err, summary.Failed)
		}
		if diff := cmp.Diff(want, results(t, dir)); diff != "" {
			t.Fatalf("cut at write %d: objects differ (-undisturbed +cut):\n%s", cut, diff)
		}
		if err := night.Ledger.Verify(t.Context()); err != nil {
			t.Fatalf("cut at write %d: %v", cut, err)
		}
	}
}

// TestRunOneBatchFailsAlone: a document that the store does not give fails its
// batch, which is named and taken by the next run; the others are published.
func TestRunOneBatchFailsAlone(t *testing.T) {
	dir, plan := generated(t)
	victim := plan.Claims[0]
	prefix := "inbox/" + string(victim.Supplier) + "/" + victim.Batch + "/"
	night := newNight(t, dir, 2)
	sound := night.Store
	opened := map[string]int{}
	night.Store = &faultyStore{sound, func(operation, key string) error {
		if operation == "open" && strings.HasPrefix(key, prefix) && strings.HasSuffix(key, ".pdf") {
			if opened[key]++; opened[key] == 1 {
				return errors.New("input/output error")
			}
		}
		return nil
	}}
	summary, err := night.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(summary.Failed) != 1 || summary.Failed[0].Key != prefix || !strings.Contains(summary.Failed[0].Why, "input/output error") {
		t.Fatalf("failed: %v", summary.Failed)
	}
	if len(summary.Batches) != len(plan.Batches)-1 {
		t.Errorf("%d batches were published of %d", len(summary.Batches), len(plan.Batches))
	}
	night.Store = sound
	summary, err = night.Run(t.Context())
	if err != nil || len(summary.Failed) > 0 || len(summary.Batches) != 1 {
		t.Errorf("the next run: %v, failed %v, %d batches", err, summary.Failed, len(summary.Batches))
	}
}

// TestRunIsAlone: a second run at the same time is refused and names the holder.
func TestRunIsAlone(t *testing.T) {
	dir, _ := generated(t)
	night := newNight(t, dir, 1)
	lock, err := night.Ledger.Lock(night.Clock())
	if err != nil {
		t.Fatal(err)
	}
	_, err = night.Run(t.Context())
	var locked *ledger.LockedError
	if !errors.As(err, &locked) || locked.Holder.PID != os.Getpid() {
		t.Errorf("got %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	if _, err := night.Run(t.Context()); err != nil {
		t.Errorf("after the other one: %v", err)
	}
}

// TestRunWaits: a run that may wait takes its turn after the other one.
func TestRunWaits(t *testing.T) {
	dir, _ := generated(t)
	night := newNight(t, dir, 1)
	lock, err := night.Ledger.Lock(night.Clock())
	if err != nil {
		t.Fatal(err)
	}
	night.Wait = time.Millisecond
	if _, err := night.Run(t.Context()); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("after the wait: got %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	night.Wait = time.Hour
	if _, err := night.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while it waits: got %v", err)
	}
	released := make(chan error)
	go func() {
		time.Sleep(lockPoll)
		released <- lock.Release()
	}()
	summary, err := night.Run(t.Context())
	if err := errors.Join(err, <-released); err != nil || len(summary.Batches) == 0 {
		t.Errorf("got %d batches, %v", len(summary.Batches), err)
	}
}

// TestRunNamesMissingBatches: a batch that was asked for and is not there is
// told; one that an earlier run had settled is there.
func TestRunNamesMissingBatches(t *testing.T) {
	dir, plan := generated(t)
	victim := plan.Batches[0]
	there := intake.Ref{Supplier: victim.Supplier, Name: victim.Batch}
	night := newNight(t, dir, 1)
	night.Only = []intake.Ref{there, {Supplier: victim.Supplier, Name: "no-such"}}
	sound := night.Store
	night.Store = &faultyStore{sound, func(operation, _ string) error {
		if operation == "put" {
			return errors.New("the store is full")
		}
		return nil
	}}
	summary, err := night.Run(t.Context())
	if err == nil || len(summary.Batches) > 0 {
		t.Fatalf("got %d batches, %v", len(summary.Batches), err)
	}
	night.Store = sound
	summary, err = night.Run(t.Context())
	want := []Left{{"inbox/" + night.Only[1].String() + "/", errNoSuchBatch.Error()}}
	if err != nil || len(summary.Batches) != 1 || !slices.Equal(summary.Failed, want) {
		t.Errorf("got %d batches, failed %v, %v", len(summary.Batches), summary.Failed, err)
	}
}

// TestRunTellsAFailureOnce: what cannot be published is told once by each run
// that tries, and not told to be done besides.
func TestRunTellsAFailureOnce(t *testing.T) {
	dir, plan := generated(t)
	night := newNight(t, dir, 2)
	sound := night.Store
	night.Store = &faultyStore{sound, func(operation, key string) error {
		if operation == "put" && strings.HasPrefix(key, "outbox/") {
			return errors.New("the disk is full")
		}
		return nil
	}}
	for range 2 {
		summary, err := night.Run(t.Context())
		if err != nil || len(summary.Failed) != len(plan.Batches) || len(summary.Left) > 0 {
			t.Fatalf("of %d batches failed %d, left %v, %v", len(plan.Batches), len(summary.Failed), summary.Left, err)
		}
	}
	night.Store = sound
	if summary, err := night.Run(t.Context()); err != nil || summary.Resumed != len(plan.Batches) {
		t.Errorf("%d batches were resumed, %v", summary.Resumed, err)
	}
	comparePlan(t, plan, dir)
}

// TestRunStops: a run whose context ends leaves nothing half done.
func TestRunStops(t *testing.T) {
	dir, plan := generated(t)
	night := newNight(t, dir, 2)
	ctx, stop := context.WithCancel(t.Context())
	night.Progress = func(stage Stage, done, _ int) {
		if stage == StageAssess && done == 3 {
			stop()
		}
	}
	if _, err := night.Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	for o, err := range night.Store.List(t.Context(), "outbox/") {
		t.Fatal("something was published: ", o.Key, err)
	}
	night.Progress = nil
	if _, err := night.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	comparePlan(t, plan, dir)
}

// meddling is a store in which something happens whenever a receipt is put.
type meddling struct {
	objectstore.Store
	meanwhile func(receipt string)
}

func (s meddling) PutNew(ctx context.Context, key string, data []byte) error {
	if strings.HasSuffix(key, "/receipt.json") {
		s.meanwhile(key)
	}
	return s.Store.PutNew(ctx, key, data)
}

// TestReplacedInputs: a supplier replaces a document between its reading and
// its archiving. What it dropped stays in the inbox and is told; the rest is
// archived; the audit knows why an input is in no archive.
func TestReplacedInputs(t *testing.T) {
	dir := t.TempDir()
	l := &life{T: t, dir: dir}
	l.write(&txtar.Archive{}, map[claim.Kind]string{
		claim.Advance: "40000001400011/lot-1 BC-1 pont-neuf pharmacy 600,00\n40000001400011/lot-1 BC-2 lilas pharmacy 600,00\n",
	})
	night := newNight(t, dir, 2)
	sound := night.Store
	const key = "inbox/40000001400011/lot-1/BC-2.pdf"
	night.Store = meddling{sound, func(string) {
		if err := sound.Put(t.Context(), key, []byte("another order")); err != nil {
			t.Error(err)
		}
	}}
	summary, err := night.Run(t.Context())
	if err != nil || len(summary.Failed) > 0 || summary.Counts.Accepted != 2 {
		t.Fatalf("%+v, %v", summary, err)
	}
	if !slices.ContainsFunc(summary.Left, func(l Left) bool { return strings.Contains(l.Why, key) }) {
		t.Errorf("left: %v", summary.Left)
	}
	if left := readTree(t, dir, "inbox"); len(left) != 1 || string(left[key]) != "another order" {
		t.Errorf("the inbox holds %d objects", len(left))
	}
	report, err := (&Audit{Store: sound, Ledger: night.Ledger, Software: night.Software, Workers: 2}).Verify(t.Context())
	if err != nil || !report.Sound() {
		t.Errorf("audit: %+v, %v", report, err)
	}
}
