package pipeline

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures/faults"
	"guichet/fixtures/hostile"
	"guichet/pipeline/ledger"
)

// soon is how long a run may take to end after SIGTERM.
const soon = 10 * time.Second

// TestLockOfADeadRun: while a run in another process goes on, this one is
// refused and told that process; once it is killed, nothing is in the way.
func TestLockOfADeadRun(t *testing.T) {
	s := stage(t)
	points, want := s.points(t)
	fresh, done := s.copy(t)
	defer done()
	child := errand{Site: fresh, At: points[beforeSettling(points)].number, Do: halts}.start(t)
	child.here(t)
	night, closed := fresh.open(t, s.reader)
	defer closed()
	_, err := night.Run(t.Context())
	var locked *ledger.LockedError
	if !errors.As(err, &locked) || locked.Holder.PID != child.Process.Pid {
		t.Errorf("a second run: %v; want it refused and told process %d", err, child.Process.Pid)
	}
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if !child.wasKilled(t) {
		t.Fatal("the child lived")
	}
	if summary, err := night.Run(t.Context()); err != nil || problems(summary) != "" {
		t.Fatalf("after the first run's death: %v, %s", err, problems(summary))
	}
	if diff := cmp.Diff(want, fresh.published(t)); diff != "" {
		t.Errorf("(-undisturbed +killed)\n%s", diff)
	}
}

// beforeSettling gives the index of the point at which the night is written and not
// yet committed.
func beforeSettling(points []point) int {
	return slices.IndexFunc(points, func(p point) bool { return p.step == "settle" && p.side == string(ledger.Committing) })
}

// TestTerminated: a run that gets SIGTERM ends soon, at every stage, and the
// next one goes on.
func TestTerminated(t *testing.T) {
	s := stage(t)
	points, want := s.points(t)
	places := 6
	if *soakFlag {
		places = 40
	}
	for i := range places {
		at := points[i*(len(points)-1)/(places-1)]
		fresh, done := s.copy(t)
		child := errand{Site: fresh, At: at.number, Do: tells}.start(t)
		child.here(t)
		child.terminate(t)
		night, closed := fresh.open(t, s.reader)
		fresh.checkSets(t)
		if summary, err := night.Run(t.Context()); err != nil || problems(summary) != "" {
			t.Errorf("%s: the next run: %v, %s", at, err, problems(summary))
		}
		if diff := cmp.Diff(want, fresh.published(t)); diff != "" {
			t.Errorf("%s: (-undisturbed +terminated)\n%s", at, diff)
		}
		closed()
		done()
	}
}

// terminate sends SIGTERM and waits for the end, which must come soon and by
// the process's own doing.
func (c *child) terminate(t *testing.T) {
	t.Helper()
	sent := time.Now()
	if err := c.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(2*soon, func() { _ = c.Process.Kill() })
	defer late.Stop()
	_ = c.Wait() // whether it was done already or not is its own affair
	if took := time.Since(sent); took > soon {
		t.Errorf("the run ended %s after SIGTERM; want at most %s: %s", took, soon, c.said)
	}
	if status := c.ProcessState.Sys().(syscall.WaitStatus); status.Signaled() {
		t.Errorf("the run was ended by %s instead of ending itself: %s", status.Signal(), c.said)
	}
}

// TestTerminatedWhileReading: neither does a run that waits for documents
// which take all the time they are given keep SIGTERM waiting, and nothing of
// it is published. The next night reads them, under a shorter limit: OF-1 is
// told so and no longer holds the pharmacy, which PD-2 asks for next.
func TestTerminatedWhileReading(t *testing.T) {
	s := stage(t)
	fresh, done := s.copy(t)
	defer done()
	fresh.Facts = ""
	endless := hostile.Files()
	endless = endless[slices.IndexFunc(endless, func(f hostile.File) bool { return f.Name == "pattern-of-tiny-steps" }):][:1]
	order := filepath.Join(fresh.Store, "inbox", offisoft, "janvier", "of-1.pdf")
	putFile(t, order, endless[0].Make(), paris(t, "2023-01-10 10:00"))

	points, _ := s.points(t)
	var handed point // when its bytes go to a worker: intake hashed them before
	for _, p := range points[:beforeSettling(points)] {
		if p.step == string(faults.Read) && p.side == faults.After && strings.HasSuffix(p.key, "/janvier/of-1.pdf") {
			handed = p
		}
	}
	child := errand{Site: fresh, At: handed.number, Do: tells, ReadTime: time.Minute}.start(t)
	child.here(t)
	time.Sleep(time.Second) // the worker is at it
	child.terminate(t)
	if receipts, err := filepath.Glob(filepath.Join(fresh.Store, "outbox/*/*/*/*")); err != nil || len(receipts) > 0 {
		t.Errorf("published: %q, %v", receipts, err)
	}
	if (errand{Site: fresh, ReadTime: time.Second}).start(t).wasKilled(t) {
		t.Error("the next run was killed")
	}
	want := slices.Clone(afterFirstNight)
	for i, line := range want {
		switch {
		case strings.HasPrefix(line, offisoft+"/janvier r1 2"):
			want[i] = offisoft + "/janvier r1 2 to_complete - DOC-02"
		case strings.HasPrefix(line, pharmadistri+"/lot.1 r1 3"):
			want[i] = pharmadistri + "/lot.1 r1 3 accepted 216.00"
		}
	}
	night, closed := fresh.open(t, nil)
	defer closed()
	if diff := cmp.Diff(want, toldBy(t, night)); diff != "" {
		t.Errorf("(-wanted +got)\n%s", diff)
	}
}
