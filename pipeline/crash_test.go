package pipeline

import (
	"flag"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures/faults"
	"guichet/pipeline/ledger"
)

// soakFlag has every crash point, every fault and many seeds tried.
var soakFlag = flag.Bool("soak", false, "try every crash point and fault, 200 seeds and 1,000 flipped bits; else a sample")

// point is a moment of a run, as a child told it.
type point struct {
	number          int
	step, side, key string
}

func (p point) String() string { return p.side + " " + p.step + " " + p.key }

// points runs the scene undisturbed in a child and gives the points it passed,
// and what was published.
func (s *scene) points(t *testing.T) ([]point, published) {
	t.Helper()
	fresh, done := s.copy(t)
	defer done()
	trace := filepath.Join(filepath.Dir(fresh.Ledger), "trace")
	if (errand{Site: fresh, Job: s.job, Trace: trace}).start(t).wasKilled(t) {
		t.Fatal("the undisturbed run was killed")
	}
	text, err := os.ReadFile(trace)
	if err != nil {
		t.Fatal(err)
	}
	var points []point
	for line := range strings.Lines(string(text)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		number, err := strconv.Atoi(fields[0])
		if err != nil || len(fields) != 4 {
			t.Fatalf("trace: %q", line)
		}
		points = append(points, point{number, fields[1], fields[2], fields[3]})
	}
	return points, fresh.published(t)
}

// TestCrash kills a run by SIGKILL at every point in turn, just before and
// just after each call of the store and in each phase of each transaction of
// the ledger, and while calls that change something are under way; then a run
// goes to its end: what is published is what an undisturbed run publishes.
func TestCrash(t *testing.T) {
	for _, s := range stages(t) {
		t.Run(s.name, func(t *testing.T) { s.crashes(t) })
	}
}

func (s *scene) crashes(t *testing.T) {
	points, want := s.points(t)
	step := s.step(60)
	at, under := 0, 0
	started := time.Now()
	r := rand.New(rand.NewPCG(1, uint64(len(points))))
	for i := r.IntN(min(step, len(points))); i < len(points); i += step {
		s.crash(t, points[i], 0, want)
		at++
		if *soakFlag && points[i].changes() && s.crash(t, points[i], time.Duration(1+r.IntN(1500))*time.Microsecond, want) {
			under++
		}
	}
	t.Logf("%s: %d points; killed at %d of them, and %d times while something was under way; %s", s.name, len(points), at, under, time.Since(started).Round(time.Second))
}

// step gives how far the points or faults that are tried are apart: all are
// tried in a soak, on S3 every fifth.
func (s *scene) step(sample int) int {
	switch {
	case *soakFlag && s.onS3:
		return 5
	case *soakFlag:
		return 1
	case testing.Short() || s.onS3:
		return 4 * sample
	default:
		return sample
	}
}

// changes tells whether something that changes store or ledger begins here.
func (p point) changes() bool {
	return p.side == faults.Before && slices.Contains([]string{"put", "put new", "move", "delete", "sync"}, p.step) || p.side == string(ledger.Beginning)
}

// TestCrashWhileReading kills runs whose worker processes are reading.
func TestCrashWhileReading(t *testing.T) {
	s := stage(t)
	points, want := s.points(t)
	var handed []point // documents that go to a worker: intake read them before
	for i, p := range points[:beforeSettling(points)] {
		again := func(earlier point) bool {
			return earlier.step == p.step && earlier.side == p.side && earlier.key == p.key
		}
		if p.step == string(faults.Read) && p.side == faults.After && path.Ext(p.key) == ".pdf" && slices.ContainsFunc(points[:i], again) {
			handed = append(handed, p)
		}
	}
	s.Facts = "" // of the killed runs
	for i := 0; i < len(handed); i += 3 {
		if !s.crash(t, handed[i], time.Millisecond, want) {
			t.Errorf("%s: the run came to its end", handed[i])
		}
	}
}

// crash kills a run at a point, or so long after it, looks at what is left,
// runs again, and compares. It tells whether the run was still alive then.
func (s *scene) crash(t *testing.T, at point, delay time.Duration, want published) (killed bool) {
	t.Helper()
	fresh, done := s.copy(t)
	defer done()
	killed = errand{Site: fresh, Job: s.job, At: at.number, Do: dies, Delay: delay, ReadTime: time.Minute}.start(t).wasKilled(t)
	if !killed && delay == 0 {
		t.Fatalf("point %d, %s: the run was not killed", at.number, at)
	}
	t.Run("", func(t *testing.T) {
		defer func() {
			if t.Failed() {
				t.Logf("killed at point %d, %s, %s after", at.number, at, delay)
			}
		}()
		fresh.checkSets(t)
		night, closed := fresh.open(t, s.reader)
		defer closed()
		if err := night.Ledger.Verify(t.Context()); err != nil {
			t.Error(err)
		}
		s.work(t, night)
		if diff := cmp.Diff(want, fresh.published(t)); diff != "" {
			t.Errorf("(-undisturbed +killed)\n%s", diff)
		}
		fresh.check(t, night)
	})
	return killed
}
