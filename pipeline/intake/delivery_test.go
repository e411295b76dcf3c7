package intake_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/objectstore"
)

// A ZIP on its way in is left alone until it is whole; _READY given too early
// says that it is.
func TestAGrowingZIPIsLeftAlone(t *testing.T) {
	whole := fixtures.ZIPOf(fixtures.Harmless())
	in := newInbox(t)
	for size := range whole {
		if size%40 == 0 {
			in.put(supplier+"/lot.zip", string(whole[:size]), time.Minute)
			if diff := cmp.Diff([]string{"waiting " + supplier + "/lot"}, told(in.scan(options(), ledger{}))); diff != "" {
				t.Fatalf("%d bytes (-want +got):\n%s", size, diff)
			}
		}
	}
	in.put(supplier+"/lot.zip", string(whole), 11*time.Minute)
	if batch := in.scan(options(), ledger{}).Ready[0]; len(batch.Problems) > 0 || len(batch.Objects) != 3 {
		t.Errorf("problems %v, objects %v", batch.Problems, batch.Objects)
	}
	in.put(supplier+"/lot.zip", string(whole[:200]), time.Minute)
	in.put(supplier+"/lot/_READY", "", time.Minute)
	if batch := in.scan(options(), ledger{}).Ready[0]; len(batch.Problems) != 1 || !strings.Contains(batch.Problems[0].Detail, "il est incomplet") {
		t.Errorf("problems %v", batch.Problems)
	}
}

func TestAZIPThatHoldsREADYIsReadyAtOnce(t *testing.T) {
	files := fixtures.Harmless()
	files["_READY"] = []byte("now")
	in := newInbox(t)
	in.put(supplier+"/lot.zip", string(fixtures.ZIPOf(files)), 0)
	found := in.scan(options(), ledger{})
	if len(found.Ready) != 1 || len(found.Ready[0].Objects) != 3 {
		t.Errorf("found %+v", found)
	}
}

// What happens to a batch between its listing and the end of its reading has
// it wait, with _READY or without.
func TestABatchThatChangesAfterItsListingWaits(t *testing.T) {
	const lot = "inbox/" + supplier + "/lot"
	write := func(name, content string) func(folder string) error {
		return func(folder string) error { return os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600) }
	}
	remove := func(name string) func(folder string) error {
		return func(folder string) error { return os.Remove(filepath.Join(folder, name)) }
	}
	for name, test := range map[string]struct {
		put    []string
		change func(folder string) error
		want   string
	}{
		"nothing changes":             {[]string{"/a.pdf", "/m.csv"}, func(string) error { return nil }, "ready"},
		"an object comes":             {[]string{"/a.pdf", "/m.csv"}, write(lot+"/b.pdf", "b"), "waiting"},
		"the first object comes last": {[]string{"/b.pdf", "/m.csv"}, write(lot+"/a.pdf", "a"), "waiting"},
		"a read object changes":       {[]string{"/a.pdf", "/m.csv"}, write(lot+"/a.pdf", "other"), "waiting"},
		"a read object goes":          {[]string{"/a.pdf", "/m.csv"}, remove(lot + "/a.pdf"), "waiting"},
		"the object to read goes":     {[]string{"/a.pdf", "/m.csv"}, remove(lot + "/m.csv"), "waiting"},
		"the object to read grows":    {[]string{"/a.pdf", "/m.csv"}, write(lot+"/m.csv", "rows and rows"), "waiting"},
		"_READY comes":                {[]string{"/a.pdf", "/m.csv"}, write(lot+"/_READY", ""), "ready"},
		"_READY is there, more comes": {[]string{"/_READY", "/a.pdf", "/m.csv"}, write(lot+"/b.pdf", "b"), "waiting"},
		"the ZIP goes":                {[]string{".zip"}, remove(lot + ".zip"), "waiting"},
		"the ZIP grows":               {[]string{".zip"}, write(lot+".zip", "more than there was"), "waiting"},
	} {
		t.Run(name, func(t *testing.T) {
			in := newInbox(t)
			for _, name := range test.put {
				in.put(supplier+"/lot"+name, "content", time.Hour)
			}
			in.store = broken{in.store, func(o objectstore.Object) error {
				if strings.HasSuffix(o.Key, "/m.csv") || strings.HasSuffix(o.Key, ".zip") {
					return test.change(in.folder)
				}
				return nil
			}}
			if diff := cmp.Diff([]string{test.want + " " + supplier + "/lot"}, told(in.scan(options(), ledger{}))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A folder and a ZIP at once are another content than each alone: a supplier
// who then drops one of them is not told that it was decided already.
func TestAFolderAndAZIPAtOnceAreAContentOfTheirOwn(t *testing.T) {
	in := newInbox(t)
	in.put(supplier+"/lot/m.csv", "rows", time.Hour)
	alone := in.scan(options(), ledger{}).Ready[0]
	in.put(supplier+"/lot.zip", "not read", time.Hour)
	both := in.scan(options(), ledger{}).Ready[0]
	if alone.Digest == both.Digest {
		t.Error("the digest is that of the folder alone")
	}
	var keys []string
	for _, input := range both.Inputs {
		keys = append(keys, input.Key)
	}
	if want := []string{"inbox/" + supplier + "/lot/m.csv", "inbox/" + supplier + "/lot.zip"}; !slices.Equal(keys, want) {
		t.Errorf("inputs %q, want %q", keys, want)
	}
	if len(both.Objects) != 1 || read(t, &both, both.Objects[0]) != "rows" {
		t.Errorf("objects %v", both.Objects)
	}
}

func TestAZIPAboveItsLimitIsNotKept(t *testing.T) {
	limited, folder := options(), t.TempDir()
	limited.ZIP.Packed = 1 << 20
	t.Setenv("TMPDIR", filepath.Join(folder, "absent")) // where no file can be made
	in := newInbox(t)
	in.put(supplier+"/lot.zip", strings.Repeat("x", 1<<20+1), time.Hour)
	batch := in.scan(limited, ledger{}).Ready[0]
	want := []claim.FileProblem{{Code: "FIC-01", Reason: "zip", File: "lot.zip", Detail: "il dépasse 1 Mio"}}
	if diff := cmp.Diff(want, batch.Problems); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestTheLimitsOfAZIP(t *testing.T) {
	exact := options()
	exact.ZIP.Unpacked, exact.ZIP.Entries = 24, 3 // 4 + 10 + 10 bytes
	exact.ZIP.Packed = int64(len(fixtures.ZIPOf(fixtures.Harmless())))
	for name, test := range map[string]struct {
		change func(*intake.ZIPLimits)
		want   string
	}{
		"just within":       {func(*intake.ZIPLimits) {}, ""},
		"a byte too many":   {func(l *intake.ZIPLimits) { l.Unpacked-- }, "il dépasse 23 octets une fois décompressé"},
		"a file too many":   {func(l *intake.ZIPLimits) { l.Entries-- }, "il contient plus de 2 fichiers"},
		"a packed one more": {func(l *intake.ZIPLimits) { l.Packed = 300 }, "il dépasse 300 octets"},
	} {
		limited := exact
		test.change(&limited.ZIP)
		got := ""
		if problems := zipBatch(t, fixtures.ZIPOf(fixtures.Harmless()), limited).Problems; len(problems) > 0 {
			got = problems[0].Detail
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	const gib = 1 << 30
	if want := (intake.ZIPLimits{Packed: 4 * gib, Unpacked: 8 * gib, Entries: 50_000}); intake.DefaultZIPLimits != want {
		t.Errorf("limits %+v, want %+v", intake.DefaultZIPLimits, want)
	}
}

// counting tells how often each key is opened.
type counting struct {
	objectstore.Store
	mu     *sync.Mutex
	opened map[string]int
}

func (c counting) Open(ctx context.Context, o objectstore.Object) (io.ReadCloser, error) {
	c.mu.Lock()
	c.opened[o.Key]++
	c.mu.Unlock()
	return c.Store.Open(ctx, o)
}

// A ZIP is copied once for all that read it, and the copy has no name.
func TestManyReadersShareOneCopyOfTheZIP(t *testing.T) {
	const key = "inbox/" + supplier + "/lot.zip"
	in, temporary := newInbox(t), t.TempDir()
	opened := map[string]int{}
	in.store = counting{in.store, new(sync.Mutex), opened}
	in.put(supplier+"/lot.zip", string(fixtures.ZIPOf(files)), time.Hour)
	limited := options()
	t.Setenv("TMPDIR", temporary)
	batch := in.scan(limited, ledger{}).Ready[0]
	if opened[key] != 1 {
		t.Errorf("the scan read the ZIP %d times", opened[key])
	}
	for round := range 2 {
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				for _, o := range batch.Objects {
					if got := read(t, &batch, o); got != string(files[o.Name]) {
						t.Errorf("%s: %d bytes, not its own", o.Name, len(got))
					}
				}
			})
		}
		group.Wait()
		if left, err := os.ReadDir(temporary); err != nil || len(left) > 0 {
			t.Errorf("files with a name: %v, %v", left, err)
		}
		mustClose(t, &batch)
		mustClose(t, &batch)
		if opened[key] != 2+round {
			t.Errorf("read %d times after round %d", opened[key], round+1)
		}
	}
}

func TestOpenTellsOfAnotherContent(t *testing.T) {
	for _, name := range []string{"lot.zip", "lot/m.csv"} {
		in := newInbox(t)
		in.put(supplier+"/"+name, string(fixtures.ZIPOf(files)), time.Hour)
		batch := in.scan(options(), ledger{}).Ready[0]
		in.put(supplier+"/"+name, string(fixtures.ZIPOf(fixtures.Harmless())), time.Minute)
		if _, err := batch.Open(t.Context(), batch.Objects[0]); !errors.Is(err, objectstore.ErrChanged) {
			t.Errorf("%s: got error %v, want ErrChanged", name, err)
		}
		if _, err := batch.Open(t.Context(), claim.Object{Key: "inbox/other"}); !errors.Is(err, objectstore.ErrNotFound) {
			t.Errorf("%s: got error %v, want ErrNotFound", name, err)
		}
		mustClose(t, &batch)
	}
}

// swapping gives another content, just as long, from the second reading on: a
// store whose versions tell nothing.
type swapping struct {
	objectstore.Store
	reads *int
}

func (s swapping) Open(ctx context.Context, o objectstore.Object) (io.ReadCloser, error) {
	if *s.reads++; *s.reads == 1 {
		return s.Store.Open(ctx, o)
	}
	return io.NopCloser(strings.NewReader(strings.Repeat("x", int(o.Size)))), nil
}

func TestACopyOfAnotherContentIsNotRead(t *testing.T) {
	in := newInbox(t)
	in.put(supplier+"/lot.zip", string(fixtures.ZIPOf(files)), time.Hour)
	in.store = swapping{in.store, new(int)}
	batch := in.scan(options(), ledger{}).Ready[0]
	if _, err := batch.Open(t.Context(), batch.Objects[0]); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("got error %v, want ErrChanged", err)
	}
	mustClose(t, &batch)
}

// A ZIP that fails to be copied for a reason of ours fails its batch alone, and
// refuses nothing.
func TestAZIPThatCannotBeCopiedIsNoFaultOfItsSupplier(t *testing.T) {
	in := newInbox(t)
	in.put(supplier+"/a.zip", string(fixtures.ZIPOf(files)), time.Hour)
	in.put(supplier+"/b/m.csv", "rows", time.Hour)
	limited := options()
	t.Setenv("TMPDIR", filepath.Join(in.folder, "absent"))
	if diff := cmp.Diff([]string{"ready " + supplier + "/b", "failed inbox/" + supplier + "/a/"}, told(in.scan(limited, ledger{}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A ZIP may be larger than the memory.
func TestALargeZIPIsNotLoaded(t *testing.T) {
	const size = 24 << 20
	z := &fixtures.ZIPFile{}
	z.Store("m.csv", []byte("rows"))
	z.Store("large.pdf", make([]byte, size))
	z.Add("packed.pdf", make([]byte, size))
	in := newInbox(t)
	in.put(supplier+"/lot.zip", string(z.Bytes()), time.Hour)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	batch := in.scan(options(), ledger{}).Ready[0]
	r, err := batch.Open(t.Context(), batch.Documents[0])
	must(t, err)
	_, err = io.Copy(io.Discard, r)
	must(t, err)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > size/8 {
		t.Errorf("files of %d bytes took %d bytes of memory", size, got)
	}
	mustClose(t, &batch)
}

// moved puts what was delivered where the archive has it.
func moved(t *testing.T, in *inbox, inputs []claim.Object) func(string) string {
	t.Helper()
	key := func(input string) string { return "archive/" + strings.TrimPrefix(input, "inbox/") }
	for _, input := range inputs {
		o, err := in.store.Stat(t.Context(), input.Key)
		must(t, err)
		must(t, in.store.Move(t.Context(), o, key(input.Key)))
	}
	return key
}

// A batch reopened from the archive is the one that was delivered.
func TestReopen(t *testing.T) {
	for name, deliver := range map[string]map[string]string{
		"a folder":          {"lot/m.csv": "rows", "lot/a.pdf": "one", "lot/e\u0301.pdf": "two", "lot/sous/b.pdf": "three"},
		"nothing":           {"lot/_READY": ""},
		"a ZIP":             {"lot.zip": string(fixtures.ZIPOf(files))},
		"a ZIP in a folder": {"lot.ZIP": string(fixtures.HonestZIPs()[4].Make(files)), "lot/_READY": ""},
		"no good ZIP":       {"lot.zip": "no ZIP"},
		"a large ZIP":       {"lot.zip": strings.Repeat("x", 5000)},
		"both":              {"lot.zip": "not read", "lot/m.csv": "rows"},
		"two ZIPs":          {"lot.zip": "not read", "lot.ZIP": "not read either"},
	} {
		t.Run(name, func(t *testing.T) {
			in := newInbox(t)
			age := time.Hour
			for _, name := range slices.Sorted(maps.Keys(deliver)) {
				in.put(supplier+"/"+name, deliver[name], age)
				age += time.Minute
			}
			limited := options()
			limited.ZIP.Packed = 4000
			want := in.scan(limited, ledger{}).Ready[0]
			key := moved(t, in, want.Inputs)
			got, err := intake.Reopen(t.Context(), in.store, limited, want.Ref, want.Inputs, key)
			must(t, err)
			if diff := cmp.Diff(want, *got, cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".content" }, cmp.Ignore())); diff != "" {
				t.Errorf("(-delivered +reopened):\n%s", diff)
			}
			for _, o := range got.Objects {
				if content := read(t, got, o); sha([]byte(content)) != o.SHA256 {
					t.Errorf("%s has another content", o.Name)
				}
			}
			mustClose(t, got)
		})
	}
}

func TestReopenTellsWhichInputsAreGone(t *testing.T) {
	in := newInbox(t)
	for _, name := range []string{"a.pdf", "b.pdf", "c.pdf", "m.csv"} {
		in.put(supplier+"/lot/"+name, "content of "+name, time.Hour)
	}
	batch := in.scan(options(), ledger{}).Ready[0]
	key := moved(t, in, batch.Inputs)
	must(t, in.store.Delete(t.Context(), key(batch.Objects[0].Key)))
	must(t, in.store.Put(t.Context(), key(batch.Objects[1].Key), []byte("CONTENT of b.pdf")))
	must(t, in.store.Put(t.Context(), key(batch.Objects[2].Key), []byte("longer than the content of c.pdf")))
	_, err := intake.Reopen(t.Context(), in.store, options(), batch.Ref, batch.Inputs, key)
	if !errors.Is(err, intake.ErrInputs) {
		t.Fatalf("got error %v, want ErrInputs", err)
	}
	for name, want := range map[string]bool{"/a.pdf": true, "/b.pdf": true, "/c.pdf": true, "/m.csv": false} {
		if got := strings.Contains(err.Error(), name); got != want {
			t.Errorf("%v: names %s: %v", err, name, got)
		}
	}
	fault := errors.New("input/output error")
	_, err = intake.Reopen(t.Context(), broken{in.store, func(objectstore.Object) error { return fault }}, options(), batch.Ref, batch.Inputs[3:], key)
	if !errors.Is(err, fault) || errors.Is(err, intake.ErrInputs) {
		t.Errorf("got error %v, want the store's", err)
	}
}

// BenchmarkScanZIP takes in a ZIP of 1,000 documents of 50 kB.
func BenchmarkScanZIP(b *testing.B) {
	folder := b.TempDir()
	store, err := objectstore.OpenDirectory(folder)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // the benchmark is over
	content := make([]byte, 50_000)
	for i := range content {
		content[i] = byte(i * i >> 7)
	}
	lot := map[string][]byte{"m.csv": []byte("rows")}
	for i := range 1_000 {
		lot[strings.Repeat("x", i%9)+string(rune('a'+i%26))+strings.Repeat("y", i/26)+".pdf"] = content
	}
	file := filepath.Join(folder, "inbox", supplier, "lot.zip")
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, fixtures.ZIPOf(lot), 0o600)); err != nil {
		b.Fatal(err)
	}
	options := intake.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }}
	b.ReportAllocs()
	for b.Loop() {
		found, err := intake.Scan(b.Context(), store, options, ledger{})
		if err != nil || len(found.Ready) != 1 || len(found.Ready[0].Objects) != len(lot) {
			b.Fatal(found, err)
		}
	}
}
