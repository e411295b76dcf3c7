package pipeline

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http/httptest"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures/faults"
	"guichet/pipeline/objectstore"
)

// TestFaults has every call of the store fail once, in turn, in every way that
// it can; then a run with a sound store goes to its end. What is published is
// what an undisturbed run publishes; where the fault left batches to the next
// night, it is what comes of them when they are delivered a night later.
func TestFaults(t *testing.T) {
	for _, s := range stages(t) {
		t.Run(s.name, func(t *testing.T) { s.faults(t) })
	}
}

func (s *scene) faults(t *testing.T) {
	trials := s.trials(t)
	step := s.step(60)
	tried, ended, left := 0, 0, 0
	references := map[string]published{}
	started := time.Now()
	for i := rand.New(rand.NewPCG(2, uint64(len(trials)))).IntN(min(step, len(trials))); i < len(trials); i += step {
		tried++
		e := s.disturb(t, trials[i], references)
		if e.err {
			ended++
		}
		if e.left {
			left++
		}
	}
	t.Logf("%s: %d faults, tried %d of them: %d ended the run, %d left something to the next; %s",
		s.name, len(trials), tried, ended, left, time.Since(started).Round(time.Second))
}

// TestYesterdaysListing: a run to which the store shows the inbox as it was
// the day before, again and again, takes nothing of it; the next one takes all.
func TestYesterdaysListing(t *testing.T) {
	scenes := stages(t)
	yesterday, s := scenes[0], scenes[1]
	earlier, closeEarlier := yesterday.open(t, yesterday.reader)
	defer closeEarlier()
	fresh, done := s.copy(t)
	defer done()
	night, closed := fresh.open(t, s.reader)
	defer closed()
	before := revisions(t, night)
	sound := night.Store
	night.Store = &stale{sound, earlier.Store}
	summary, err := night.Run(t.Context())
	if err != nil || len(summary.Left) != len(firstNight) {
		t.Errorf("%v, %s; want its %d batches left", err, problems(summary), len(firstNight))
	}
	settled := slices.DeleteFunc(revisions(t, night), func(name string) bool { return slices.Contains(before, name) })
	reviewed := []string{"inbox/" + offisoft + "/fevrier/r2", "inbox/" + pharmadistri + "/lot.1/r2"}
	if diff := cmp.Diff(reviewed, settled); diff != "" {
		t.Errorf("settled (-wanted +got)\n%s", diff)
	}
	night.Store = sound
	s.work(t, night)
	if diff := cmp.Diff(s.reference(t, reviewed, map[string]published{}), fresh.published(t)); diff != "" {
		t.Errorf("(-wanted +got)\n%s", diff)
	}
	fresh.check(t, night)
}

// stale is a store that lists the inbox of an earlier one.
type stale struct {
	objectstore.Store
	earlier objectstore.Store
}

func (s *stale) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	if strings.HasPrefix(prefix, "inbox/") {
		return s.earlier.List(ctx, prefix)
	}
	return s.Store.List(ctx, prefix)
}

// TestWire has single exchanges with an S3 server go wrong: the run does not
// notice, or the next one makes up for it.
func TestWire(t *testing.T) {
	s := stages(t)[1].inBuckets()
	exchanges, want, _ := s.wired(t, 0, "")
	trials := exchanges * len(faults.WireFaults)
	step := 150
	if *soakFlag {
		step = 2
	}
	tried, noticed := 0, 0
	started := time.Now()
	for i := 0; i < trials; i += step {
		tried++
		number, fault := 1+i/len(faults.WireFaults), faults.WireFaults[i%len(faults.WireFaults)]
		_, got, told := s.wired(t, number, fault)
		if told != "" {
			noticed++
			t.Logf("exchange %d, %s: %s", number, fault, told)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("exchange %d, %s: (-undisturbed +disturbed)\n%s", number, fault, diff)
		}
	}
	t.Logf("%d exchanges, disturbed %d times, %d of them noticed by the run; %s", exchanges, tried, noticed, time.Since(started).Round(time.Second))
}

// wired runs the scene over a wire on which an exchange goes wrong, and again
// over a sound one where the run tells of something left.
func (s *scene) wired(t *testing.T, number int, fault faults.Fault) (exchanges int, after published, told string) {
	t.Helper()
	fresh, done := s.copy(t)
	defer done()
	address, err := url.Parse(fresh.Store)
	if err != nil {
		t.Fatal(err)
	}
	wire := faults.NewWire(address.Host, number, fault)
	listening := httptest.NewServer(wire)
	defer listening.Close()
	defer listening.CloseClientConnections()
	address.Host = strings.TrimPrefix(listening.URL, "http://")
	over := fresh
	over.Store = address.String()
	night, closed := over.open(t, s.reader)
	defer closed()
	summary, err := s.job.do(t.Context(), night)
	exchanges = wire.Exchanges()
	if told = problems(summary); err != nil {
		told += err.Error()
	}
	if told != "" {
		s.work(t, night)
	}
	fresh.check(t, night)
	return exchanges, fresh.published(t), told
}

// trial is a call and a way in which it goes wrong.
type trial struct {
	faults.Call
	fault faults.Fault
}

// trials gives every fault of an undisturbed run.
func (s *scene) trials(t *testing.T) []trial {
	t.Helper()
	fresh, done := s.copy(t)
	defer done()
	night, closed := fresh.open(t, s.reader)
	defer closed()
	sound := faults.Disturb(night.Store, 0, "")
	night.Store = sound
	s.work(t, night)
	var trials []trial
	for _, call := range sound.Calls() {
		for _, fault := range call.Operation.Faults() {
			trials = append(trials, trial{call, fault})
		}
	}
	return trials
}

// effect is what a fault did to its run.
type effect struct {
	err  bool // the run ended with an error
	left bool // batches were left to the next run
}

// disturb tries a fault.
func (s *scene) disturb(t *testing.T, f trial, references map[string]published) (e effect) {
	t.Helper()
	t.Run("", func(t *testing.T) {
		defer func() {
			if t.Failed() {
				t.Logf("%s: %s %q, call %d", f.fault, f.Operation, f.Key, f.Number)
			}
		}()
		fresh, done := s.copy(t)
		defer done()
		night, closed := fresh.open(t, s.reader)
		defer closed()
		before := revisions(t, night)
		sound := night.Store
		faulty := faults.Disturb(sound, f.Number, f.fault)
		night.Store = faulty
		summary, err := s.job.do(t.Context(), night)
		if calls := faulty.Calls(); len(calls) < f.Number || calls[f.Number-1] != f.Call {
			t.Fatal("the run did not come to this call")
		}
		fresh.checkSets(t)
		settled := slices.DeleteFunc(revisions(t, night), func(name string) bool { return slices.Contains(before, name) })
		want := s.reference(t, settled, references)
		undisturbed := s.reference(t, nil, references)
		e = effect{err: err != nil, left: len(settled) > 0 && !cmp.Equal(want, undisturbed)}
		// Nobody can know of a whole batch, or of what is to be purged, that is
		// not listed: it is the next run's.
		hidden := f.fault == faults.NotListed && (path.Ext(f.Key) == ".zip" || strings.HasPrefix(f.Key, "archive/"))
		if err == nil && problems(summary) == "" && !hidden && !cmp.Equal(fresh.published(t), undisturbed) {
			t.Error("the run did not do all of its work, and tells nobody")
		}
		night.Store = sound
		next, err := s.job.do(t.Context(), night)
		if err != nil || problems(next) != "" {
			t.Fatalf("the next run: %v, %s\n(after: %s)", err, problems(next), problems(summary))
		}
		if diff := cmp.Diff(want, fresh.published(t)); diff != "" {
			t.Errorf("settled by the disturbed run: %v; it told: %s\n(-wanted +got)\n%s\n%s", settled, problems(summary), diff, findings(t, fresh.Store))
		}
		fresh.check(t, night)
	})
	return e
}

// revisions gives the last revision of each batch of the ledger, as
// inbox/SIRET/BATCH/rN.
func revisions(t *testing.T, night *Night) []string {
	t.Helper()
	batches, err := night.Ledger.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, b := range batches {
		names = append(names, fmt.Sprintf("%sr%d", batchKey(b.Revision), b.Number))
	}
	slices.Sort(names)
	return names
}

// reference gives what is published when only the given revisions can be made
// in a first night, and the others in a second; when none are given: all in one.
func (s *scene) reference(t *testing.T, first []string, known map[string]published) published {
	t.Helper()
	name := strings.Join(first, " ")
	if want, ok := known[name]; ok {
		return want
	}
	fresh, done := s.copy(t)
	defer done()
	night, closed := fresh.open(t, s.reader)
	defer closed()
	sound := night.Store
	if len(first) > 0 {
		night.Store = &withholding{sound, first}
		if _, err := s.job.do(t.Context(), night); err != nil {
			t.Fatal(err)
		}
		night.Store = sound
	}
	s.work(t, night)
	known[name] = fresh.published(t)
	return known[name]
}

// withholding is a store in which the batches of some revisions alone can be
// reached: others are not delivered yet, and their archive fails.
type withholding struct {
	objectstore.Store
	shown []string // inbox/SIRET/BATCH/rN
}

// reaches tells whether a key is of no batch, or of one that can be reached.
func (w *withholding) reaches(key string) bool {
	top, inner, _ := strings.Cut(key, "/")
	return top != "inbox" && top != "archive" || slices.ContainsFunc(w.shown, func(revision string) bool {
		batch := strings.TrimPrefix(path.Dir(revision), "inbox/")
		return strings.HasPrefix(inner, batch+"/") || inner == batch+".zip"
	})
}

func (w *withholding) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		for o, err := range w.Store.List(ctx, prefix) {
			if (err != nil || w.reaches(o.Key)) && !yield(o, err) {
				return
			}
		}
	}
}

func (w *withholding) Stat(ctx context.Context, key string) (objectstore.Object, error) {
	if !w.reaches(key) {
		return objectstore.Object{}, faults.ErrFault
	}
	return w.Store.Stat(ctx, key)
}
