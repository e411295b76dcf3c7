package document

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures/hostile"
	"guichet/pipeline/claim"
)

// wholeRun is the memory that reading may take, of this process and of all that
// it started: 1.5 GiB.
const wholeRun = 3 << 29

// TestHostileFiles reads the hostile files of the corpus and those of package
// hostile as a nightly run does, with sound ones beside them and in between.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a minute")
	}
	files := hostile.Files()
	swift, slow := hostileCorpus(t), []hostile.File(nil)
	known := len(swift)
	for _, file := range files {
		if file.Slow {
			slow = append(slow, file)
		} else {
			swift = append(swift, file)
		}
	}
	options := Options{Workers: 2, Limits: testLimits, OCR: testOCR}
	t.Run("limits of a run", func(t *testing.T) {
		run := newHostileRun(t, options)
		var facts []claim.Facts
		for _, file := range swift {
			facts = append(facts, run.read(t, file))
		}
		for i, file := range slices.Backward(swift[:known]) {
			run.same(t, file, facts[i])
		}
	})
	// These would take the CPU seconds of a run each, twice: no more is learnt
	// of it than under a limit that costs less.
	t.Run("limit of a quarter of a second", func(t *testing.T) {
		options.Limits.Time = 250 * time.Millisecond
		run := newHostileRun(t, options)
		for _, file := range slow {
			run.read(t, file)
		}
	})
}

// hostileCorpus gives the hostile files that were collected.
func hostileCorpus(t *testing.T) []hostile.File {
	paths, err := filepath.Glob(filepath.Join(shared, "hostile", "*.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) == 0 && os.Getenv("CI") != "" {
		t.Fatalf("%s is absent", shared)
	}
	var files []hostile.File
	for _, path := range paths {
		files = append(files, hostile.File{Name: filepath.Base(path), Make: func() []byte {
			data, err := os.ReadFile(path)
			if err != nil {
				t.Error(err)
			}
			return data
		}})
	}
	return files
}

// mostSound is how many sound documents stand beside the hostile ones.
const mostSound = 4

// hostileRun reads hostile files through a pool, watches what that takes, and
// holds the facts of sound documents to what they are when read alone.
type hostileRun struct {
	options Options
	pool    *Pool
	family  *family
	sound   [][]byte
	alone   []claim.Facts
	next    int // of sound
	count   map[string]int
}

func newHostileRun(t *testing.T, options Options) *hostileRun {
	t.Helper()
	run := &hostileRun{options: options, count: map[string]int{}, sound: [][]byte{
		sheet{content: show(72, 700, "Bon de commande")}.bytes(),
		field("/V(750000123)/AP<</N 11 0 R>>", show(2, 5, "690223646")).bytes(),
		sheet{content: "3 Tr " + show(72, 700, "invisible") + "0 Tr " + show(72, 600, "visible")}.bytes(),
	}}
	paths, err := filepath.Glob(filepath.Join(shared, "text", "*.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		run.sound = append(run.sound, data)
	}
	for i, data := range run.sound {
		alone := openPool(t, options)
		facts := read(t, alone, data)
		if err := alone.Close(); err != nil {
			t.Fatal(err)
		}
		if facts.TextSource == claim.TextFromPDF { // scans take seconds of a test of other files
			run.sound[len(run.alone)] = run.sound[i]
			run.alone = append(run.alone, facts)
		}
		if len(run.alone) == mostSound {
			break
		}
	}
	run.sound = run.sound[:len(run.alone)]
	run.pool = openPool(t, options)
	run.family = watchFamily()
	t.Cleanup(func() {
		peak := run.family.stop()
		if err := run.pool.Close(); err != nil {
			t.Error(err)
		}
		t.Logf("%v; at most %d MiB at once", run.count, peak>>20)
		if peak > wholeRun {
			t.Errorf("%d MiB at once; the run may take %d", peak>>20, wholeRun>>20)
		}
	})
	return run
}

func openPool(t *testing.T, options Options) *Pool {
	t.Helper()
	pool, err := NewPool(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	return pool
}

// read reads a hostile file, and a sound one at the same time; another one
// after a file that could not be read.
func (run *hostileRun) read(t *testing.T, file hostile.File) claim.Facts {
	t.Helper()
	data := file.Make()
	debug.FreeOSMemory() // what making it took is no part of the run
	before := run.family.mark()
	var beside sync.WaitGroup
	neighbour := run.turn()
	beside.Go(func() { run.readSound(t, neighbour, "beside "+file.Name) })
	facts := read(t, run.pool, data)
	beside.Wait()
	cpu, resident := run.family.since(before)
	switch facts.Status {
	case claim.ReadOK, claim.ReadFailed, claim.ReadLocked:
	default:
		t.Errorf("%s: status %q", file.Name, facts.Status)
	}
	if (facts.Reason == "") != (facts.Status != claim.ReadFailed) {
		t.Errorf("%s: %s, reason %q", file.Name, facts.Status, facts.Reason)
	}
	if most := run.most(); cpu > most {
		t.Errorf("%s: %.1f s of CPU; want at most %s", file.Name, cpu.Seconds(), most)
	}
	t.Logf("%-44s %-7s %-8s %6.2f s of CPU %5d MiB", file.Name, facts.Status, facts.Reason, cpu.Seconds(), resident>>20)
	run.count[strings.TrimSpace(string(facts.Status)+" "+facts.Reason)]++
	if facts.Status == claim.ReadFailed { // by a worker that went through it, or by the next
		run.readSound(t, run.turn(), "after "+file.Name)
	}
	return facts
}

// most is the CPU time that a file may take: its limit in each of two attempts,
// with a second for a worker to notice by itself, and one to start the next.
func (run *hostileRun) most() time.Duration {
	if run.options.Limits.Time >= 30*time.Second {
		return run.options.Limits.Time // no file of such a run is at its limit
	}
	return 2 * (run.options.Limits.Time + 2*time.Second)
}

func (run *hostileRun) turn() int {
	run.next++
	return run.next % len(run.sound)
}

func (run *hostileRun) readSound(t *testing.T, i int, when string) {
	facts, err := run.pool.Read(context.Background(), run.sound[i])
	if err != nil {
		t.Error(err)
		return
	}
	if diff := cmp.Diff(run.alone[i], facts); diff != "" {
		t.Errorf("sound document %d %s:\n%s", i, when, diff)
	}
}

// same reads a file again: its facts must be as before, unless the machine had
// a say in them.
func (run *hostileRun) same(t *testing.T, file hostile.File, facts claim.Facts) {
	t.Helper()
	if facts.Reason == reasonTime || facts.Reason == reasonMemory {
		return
	}
	data := file.Make()
	debug.FreeOSMemory()
	before := run.family.mark()
	again := read(t, run.pool, data)
	run.family.since(before)
	if diff := cmp.Diff(facts, again); diff != "" {
		t.Errorf("%s: two readings differ:\n%s", file.Name, diff)
	}
}

// family watches what this process and its children take. Outside Linux it sees
// nothing.
type family struct {
	mutex  sync.Mutex
	cpu    map[int]time.Duration // of each child, the ended ones too
	recent int64                 // resident at most, of all at once, since the last mark
	peak   int64                 // the same between any mark and its end
	ended  chan struct{}
	done   sync.WaitGroup
}

func watchFamily() *family {
	f := &family{cpu: map[int]time.Duration{}, ended: make(chan struct{})}
	f.done.Go(func() {
		ticker := time.NewTicker(40 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-f.ended:
				return
			case <-ticker.C:
				f.look()
			}
		}
	})
	return f
}

// look adds up what the processes have now.
func (f *family) look() {
	_, resident, _ := usage(os.Getpid())
	for _, pid := range children() {
		cpu, own, ok := usage(pid)
		if !ok {
			continue
		}
		resident += own
		f.mutex.Lock()
		f.cpu[pid] = max(cpu, f.cpu[pid])
		f.mutex.Unlock()
	}
	f.mutex.Lock()
	f.recent = max(f.recent, resident)
	f.mutex.Unlock()
}

// children lists the processes that this one started.
func children() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	own := []byte(strconv.Itoa(os.Getpid()))
	var found []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "stat"))
		if err != nil {
			continue // it has ended
		}
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) > 1 && bytes.Equal(fields[1], own) {
			found = append(found, pid)
		}
	}
	return found
}

// total gives the CPU time of all children so far.
func (f *family) total() (sum time.Duration) {
	for _, cpu := range f.cpu {
		sum += cpu
	}
	return sum
}

// mark begins the account of a file.
func (f *family) mark() time.Duration {
	f.look()
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.recent = 0
	return f.total()
}

// since ends it: the CPU time of the children, and the most memory of all.
func (f *family) since(before time.Duration) (cpu time.Duration, resident int64) {
	f.look()
	f.mutex.Lock()
	defer f.mutex.Unlock()
	f.peak = max(f.peak, f.recent)
	return f.total() - before, f.recent
}

// stop ends the watch and gives the most memory there was.
func (f *family) stop() int64 {
	close(f.ended)
	f.done.Wait()
	return f.peak
}
