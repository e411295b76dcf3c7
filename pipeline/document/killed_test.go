package document

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// kill ends a process from outside and waits until its parent could know.
func kill(t *testing.T, worker *process) {
	t.Helper()
	if err := worker.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for range 500 {
		if _, resident, ok := usage(worker.command.Process.Pid); !ok || resident == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("it does not end")
}

// A worker killed between two documents costs neither.
func TestKilledIdleWorkers(t *testing.T) {
	for _, workers := range []int{1, 2, 3} {
		t.Run(fmt.Sprint(workers), func(t *testing.T) {
			pool := newTestPool(t, workers)
			ended := make(chan claim.Facts)
			for range workers {
				go func() { ended <- read(t, pool, slow()) }()
			}
			want := <-ended
			for range workers - 1 {
				<-ended
			}
			pool.mutex.Lock()
			for _, worker := range pool.idle {
				kill(t, worker)
			}
			pool.mutex.Unlock()
			for range workers {
				if diff := cmp.Diff(want, read(t, pool, slow())); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

// startedBy gives a command that becomes a worker the first time, and after
// that does what is told, a line of a shell.
func startedBy(t *testing.T, later string) []string {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(t.TempDir(), "first")
	script := fmt.Sprintf("if /bin/mkdir %s 2>/dev/null; then exec %s %s; fi; %s", first, executable, WorkerArg, later)
	return []string{"/bin/sh", "-c", script}
}

// A worker killed while it starts costs a retry; that no worker can be started
// is our fault and not the document's.
func TestKilledAtStart(t *testing.T) {
	pool, err := NewPool(context.Background(), Options{Workers: 2, Limits: testLimits, Command: startedBy(t, "kill -9 $$")})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	first := make(chan claim.Facts)
	go func() { first <- read(t, pool, slow()) }()
	for busyWorker(pool) == 0 {
		time.Sleep(time.Millisecond)
	}
	if facts := read(t, pool, sheet{content: show(72, 700, "bon")}.bytes()); facts.Status != claim.ReadOK {
		t.Errorf("read by the other worker, after the second died at its start: %s %s", facts.Status, facts.Reason)
	}
	if facts := <-first; facts.Status != claim.ReadOK {
		t.Errorf("the document beside it: %s %s", facts.Status, facts.Reason)
	}
	pool.mutex.Lock()
	for _, worker := range pool.idle {
		kill(t, worker)
	}
	pool.mutex.Unlock()
	if facts, err := pool.Read(context.Background(), sheet{}.bytes()); err == nil {
		t.Errorf("without a worker that starts: %s %s; want an error", facts.Status, facts.Reason)
	}
}

// Of two workers that read at the same time, one that is killed harms neither
// document.
func TestKilledNeighbour(t *testing.T) {
	pool := newTestPool(t, 2)
	want := read(t, pool, slow())
	both := make(chan claim.Facts)
	for range 2 {
		go func() { both <- read(t, pool, slow()) }()
	}
	var victim *process
	for victim == nil {
		pool.mutex.Lock()
		if len(pool.busy) == 2 {
			for victim = range pool.busy {
				break
			}
		}
		pool.mutex.Unlock()
		time.Sleep(time.Millisecond)
	}
	kill(t, victim)
	for range 2 {
		if diff := cmp.Diff(want, <-both); diff != "" {
			t.Error(diff)
		}
	}
}

// TestTimeOfAllPages has a document whose pages must be drawn for their ink,
// each within the limit of time and all of them far beyond it: the limit is the
// document's.
func TestTimeOfAllPages(t *testing.T) {
	const pages = 50
	limits := testLimits
	limits.Time = time.Second
	pool, err := NewPool(context.Background(), Options{Workers: 1, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", ""}
	kids := ""
	for i := range pages {
		kids += fmt.Sprintf("%d 0 R ", i+3)
		objects = append(objects, fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents %d 0 R/Resources<</XObject<</I %d 0 R>>>>>>", pages+3, pages+4))
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids, pages)
	fills := ""
	for range 80 {
		fills += "0 0 595 842 re 10 10 500 700 re f*\n"
	}
	objects = append(objects, streamObject("", fills+"9 0 0 9 0 0 cm /I Do"),
		streamObject("/Subtype/Image/Width 1/Height 1/BitsPerComponent 8/ColorSpace/DeviceGray", "a"))
	watched := watchFamily()
	before := watched.mark()
	facts := read(t, pool, assemble(objects))
	cpu, _ := watched.since(before)
	watched.stop()
	if facts.Reason != reasonTime {
		t.Errorf("%s %s after %.1f s of CPU; want the time limit", facts.Status, facts.Reason, cpu.Seconds())
	}
	if most := 2 * (limits.Time + time.Second); cpu > most {
		t.Errorf("%.1f s of CPU under a limit of %s; want at most %s in two attempts", cpu.Seconds(), limits.Time, most)
	}
}
