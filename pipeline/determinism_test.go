package pipeline

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/fixtures"

	"github.com/google/go-cmp/cmp"
)

// seeds gives how many seeds are tried: all in a soak, else a sample.
func seeds(sample int) int64 {
	switch {
	case *soakFlag:
		return 200
	case testing.Short():
		return 1
	default:
		return int64(sample)
	}
}

// TestDeterminism: for each seed the results have one digest, whatever the
// number of workers and of processors, how long each document takes, and in
// which order the store's files were made. Every third night all was received
// at one instant, so that names alone give the order.
func TestDeterminism(t *testing.T) {
	started := time.Now()
	runs := 0
	for seed := range seeds(3) {
		dir := filepath.Join(t.TempDir(), "store")
		if err := os.Mkdir(dir, 0o750); err != nil {
			t.Fatal(err)
		}
		plan, err := fixtures.Generate(dir, fixtures.Options{Seed: 900 + seed, Claims: 18, Suppliers: 3, FaultShare: 0.6})
		if err != nil {
			t.Fatal(err)
		}
		thin(t, dir, plan, seed)
		if seed%3 == 2 {
			receiveAtOnce(t, filepath.Join(dir, "inbox"), paris(t, "2023-01-31 12:00"))
		}
		s := &scene{site: siteIn(filepath.Dir(dir)), reader: record(t, dir)}
		digests := map[string]string{}
		for _, workers := range []int{1, 2, 8} {
			runs++
			setting := fmt.Sprintf("%d workers, %d processors", workers, 1+int(seed+int64(workers))%4)
			digests[setting] = s.digest(t, seed, workers, 1+int(seed+int64(workers))%4)
		}
		if different := slices.Compact(slices.Sorted(valuesOf(digests))); len(different) != 1 {
			t.Errorf("seed %d: %v", seed, digests)
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d seeds, %d runs, %s", seeds(3), runs, time.Since(started).Round(time.Second))
}

// thin takes the generated batches away that are faulty as files, but for two
// of them: another two with each seed.
func thin(t *testing.T, dir string, plan *fixtures.Plan, seed int64) {
	t.Helper()
	faulty := slices.DeleteFunc(slices.Clone(plan.Batches), func(b fixtures.ExpectedBatch) bool { return b.Fault == "" })
	for i, b := range faulty {
		if (int64(i)+2*seed)%int64(len(faulty)) < 2 {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, "inbox", string(b.Supplier), b.Batch)); err != nil {
			t.Fatal(err)
		}
	}
}

func valuesOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for _, v := range m {
			if !yield(v) {
				return
			}
		}
	}
}

// receiveAtOnce gives every file below a folder one time of reception.
func receiveAtOnce(t *testing.T, dir string, at time.Time) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		return os.Chtimes(name, at, at)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// digest runs a night on a copy of the scene and gives the digest of all that
// comes of it.
func (s *scene) digest(t *testing.T, seed int64, workers, processors int) string {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
	r := rand.New(rand.NewPCG(uint64(seed), uint64(workers)))
	fresh, done := s.shuffledCopy(t, r)
	defer done()
	var mu sync.Mutex
	reader := &recorded{facts: s.reader.facts, extractor: s.reader.extractor, delay: func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(r.IntN(3000)) * time.Microsecond
	}}
	night, closed := fresh.open(t, reader)
	defer closed()
	night.Workers = workers
	summary, err := night.Run(t.Context())
	if err != nil || len(summary.Failed) > 0 || summary.Counts.Rows() == 0 {
		t.Fatalf("seed %d: %v, %s", seed, err, problems(summary))
	}
	text, err := json.Marshal(fresh.published(t)) // maps by key
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// shuffledCopy is copy, with the files made in another order: that in which a
// folder tells them.
func (s *scene) shuffledCopy(t *testing.T, r *rand.Rand) (fresh site, done func()) {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(s.Store), "run-")
	if err != nil {
		t.Fatal(err)
	}
	fresh = siteIn(dir)
	var names []string
	err = filepath.WalkDir(s.Store, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		to := filepath.Join(fresh.Store, strings.TrimPrefix(name, s.Store))
		if err := os.MkdirAll(filepath.Dir(to), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := copyFile(name, to); err != nil {
			t.Fatal(err)
		}
	}
	return fresh, func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	}
}

// TestNightsAreDeterministic: three nights of advances, corrections,
// declarations and balances give the same objects with one worker and with
// eight.
func TestNightsAreDeterministic(t *testing.T) {
	published := map[int]map[string]string{}
	for _, workers := range []int{1, 8} {
		dir := t.TempDir()
		if _, err := fixtures.GenerateNights(dir, fixtures.Options{Seed: 31, Claims: 12, FaultShare: 0.4, Nights: 3}); err != nil {
			t.Fatal(err)
		}
		store := filepath.Join(dir, "store")
		night := newNight(t, store, workers)
		for number := 1; number <= 3; number++ {
			if number > 1 {
				if err := fixtures.Deliver(dir, number); err != nil {
					t.Fatal(err)
				}
			}
			if summary, err := night.Run(t.Context()); err != nil || len(summary.Failed) > 0 || summary.Counts.Rows() == 0 {
				t.Fatalf("night %d: %v, %s", number, err, problems(summary))
			}
		}
		published[workers] = map[string]string{}
		for _, folder := range []string{"outbox", "operators"} {
			for name, data := range readTree(t, store, folder) {
				published[workers][folder+"/"+name] = digestOf([]byte(data))
			}
		}
	}
	if len(published[1]) == 0 {
		t.Fatal("nothing was published")
	}
	if diff := cmp.Diff(published[1], published[8]); diff != "" {
		t.Errorf("one worker and eight (-one +eight)\n%s", diff)
	}
}
