package publish_test

import (
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

var errFault = errors.New("the store fails")

// faulty fails at its n-th call, before or after that takes effect, as a
// process does that is killed there: nothing works from then on.
type faulty struct {
	objectstore.Store
	failAt int // 0: never
	after  bool
	n      int
}

func (f *faulty) call(do func() error) error {
	f.n++
	if f.failAt > 0 && (f.n > f.failAt || f.n == f.failAt && !f.after) {
		return errFault
	}
	if err := do(); err != nil {
		return err
	}
	if f.n == f.failAt {
		return errFault
	}
	return nil
}

func (f *faulty) Stat(ctx context.Context, key string) (o objectstore.Object, err error) {
	err = f.call(func() error { o, err = f.Store.Stat(ctx, key); return err })
	return o, err
}

func (f *faulty) Open(ctx context.Context, o objectstore.Object) (r io.ReadCloser, err error) {
	err = f.call(func() error { r, err = f.Store.Open(ctx, o); return err })
	if err != nil && r != nil {
		_ = r.Close()
	}
	return r, err
}

func (f *faulty) Put(ctx context.Context, key string, data []byte) error {
	return f.call(func() error { return f.Store.Put(ctx, key, data) })
}

func (f *faulty) PutNew(ctx context.Context, key string, data []byte) error {
	return f.call(func() error { return f.Store.PutNew(ctx, key, data) })
}

func (f *faulty) Move(ctx context.Context, o objectstore.Object, to string) error {
	return f.call(func() error { return f.Store.Move(ctx, o, to) })
}

func (f *faulty) Delete(ctx context.Context, key string) error {
	return f.call(func() error { return f.Store.Delete(ctx, key) })
}

func (f *faulty) Sync(ctx context.Context) error {
	return f.call(func() error { return f.Store.Sync(ctx) })
}

const inbox = "inbox/73282932000074/lot-2023-03/"

// deliver puts objects under the batch's folder, or beside it (../), and gives
// them as inputs.
func deliver(t *testing.T, s objectstore.Store, files map[string]string) []claim.Object {
	t.Helper()
	var inputs []claim.Object
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data, key := []byte(files[name]), path.Join(inbox, name)
		if err := s.Put(t.Context(), key, data); err != nil {
			t.Fatal(err)
		}
		if name != "_READY" {
			inputs = append(inputs, claim.Object{Name: path.Base(name), Key: key, Size: int64(len(data)), SHA256: sha(data)})
		}
	}
	return inputs
}

var delivery = map[string]string{"_READY": "", "modèle.csv": "rows", "bon 1.pdf": "one", "bon 2.pdf": "two", "sous/bon.pdf": "deep"}

func archivedRevision(inputs []claim.Object) claim.Revision {
	r := revision(2)
	r.Inputs = inputs
	return r
}

func archivedAs(folder string) map[string]string {
	want := map[string]string{}
	for name, data := range delivery {
		if name != "_READY" {
			want["archive/73282932000074/lot-2023-03/"+folder+"/"+name] = data
		}
	}
	return want
}

func TestArchive(t *testing.T) {
	d := directory(t)
	r := archivedRevision(deliver(t, d, delivery))
	for range 2 {
		if err := publish.Archive(t.Context(), d, r); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(archivedAs("r2"), contents(t, d)); diff != "" {
			t.Errorf("store (-want +got):\n%s", diff)
		}
	}
}

// deliveries are what may lie in the inbox, with what the archive must hold of
// it in the end, below the folder of the revision.
func deliveries() map[string]struct{ inbox, archive map[string]string } {
	return map[string]struct{ inbox, archive map[string]string }{
		"a folder": {delivery, map[string]string{"modèle.csv": "rows", "bon 1.pdf": "one", "bon 2.pdf": "two", "sous/bon.pdf": "deep"}},
		"a ZIP":    {map[string]string{"../lot-2023-03.zip": "packed"}, map[string]string{"lot-2023-03.zip": "packed"}},
		"a ZIP in capitals, _READY in the folder": {map[string]string{"../lot-2023-03.ZIP": "packed", "_READY": ""}, map[string]string{"lot-2023-03.ZIP": "packed"}},
		"a folder and a ZIP":                      {map[string]string{"../lot-2023-03.zip": "packed", "m.csv": "rows"}, map[string]string{"lot-2023-03.zip": "packed", "m.csv": "rows"}},
		"a folder that holds the ZIP's name": {
			map[string]string{"../lot-2023-03.zip": "packed", "lot-2023-03.zip": "inner", "_lot-2023-03.zip/a.pdf": "deep"},
			map[string]string{"__lot-2023-03.zip": "packed", "lot-2023-03.zip": "inner", "_lot-2023-03.zip/a.pdf": "deep"},
		},
		"_READY alone": {map[string]string{"_READY": ""}, nil},
	}
}

const again = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// ways are those of archiving a delivery, with the folder that it goes to.
func ways(inputs []claim.Object) map[string]func(objectstore.Store) error {
	return map[string]func(objectstore.Store) error{
		"r2": func(s objectstore.Store) error {
			return publish.Archive(context.Background(), s, archivedRevision(inputs))
		},
		"again-01234567": func(s objectstore.Store) error {
			return publish.ArchiveAgain(context.Background(), s, supplier, batchName, again, inputs)
		},
	}
}

// Every call of the store may be the last one, before or after it takes effect.
func TestArchivingStoppedAnywhereGoesOn(t *testing.T) {
	for name, test := range deliveries() {
		for folder := range ways(nil) {
			t.Run(name+" to "+folder, func(t *testing.T) {
				want := map[string]string{}
				for file, data := range test.archive {
					want["archive/73282932000074/lot-2023-03/"+folder+"/"+file] = data
				}
				counting := &faulty{Store: directory(t)}
				if err := ways(deliver(t, counting.Store, test.inbox))[folder](counting); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, contents(t, counting.Store)); diff != "" {
					t.Fatalf("undisturbed (-want +got):\n%s", diff)
				}
				for n := 1; n <= counting.n; n++ {
					for _, after := range []bool{false, true} {
						d := directory(t)
						archive := ways(deliver(t, d, test.inbox))[folder]
						if err := archive(&faulty{Store: d, failAt: n, after: after}); !errors.Is(err, errFault) {
							t.Fatalf("call %d: got error %v, want the fault", n, err)
						}
						got := contents(t, d)
						if _, marker := got[inbox+"_READY"]; marker && len(got) != len(test.inbox) {
							t.Errorf("call %d: _READY outlives inputs: %v", n, slices.Sorted(maps.Keys(got)))
						}
						if err := archive(d); err != nil {
							t.Fatalf("call %d, then again: %v", n, err)
						}
						if diff := cmp.Diff(want, contents(t, d)); diff != "" {
							t.Errorf("call %d, then again (-want +got):\n%s", n, diff)
						}
					}
				}
			})
		}
	}
}

// copying moves as an object storage does: a copy, then the removal; it stops
// in between at its n-th move.
type copying struct {
	objectstore.Store
	n int
}

func (c *copying) Move(ctx context.Context, o objectstore.Object, to string) error {
	r, err := c.Open(ctx, o)
	if err != nil {
		return err
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close(), c.Put(ctx, to, data)); err != nil {
		return err
	}
	if c.n--; c.n == 0 {
		return errFault
	}
	return c.Delete(ctx, o.Key)
}

func TestArchivingStoppedBetweenCopyAndRemovalGoesOn(t *testing.T) {
	for folder := range ways(nil) {
		for n := 1; n < len(delivery); n++ {
			d := directory(t)
			archive := ways(deliver(t, d, delivery))[folder]
			if err := archive(&copying{d, n}); !errors.Is(err, errFault) {
				t.Fatalf("move %d: got error %v, want the fault", n, err)
			}
			if err := archive(&copying{d, 0}); err != nil {
				t.Fatalf("move %d, then again: %v", n, err)
			}
			if diff := cmp.Diff(archivedAs(folder), contents(t, d)); diff != "" {
				t.Errorf("move %d, then again (-want +got):\n%s", n, diff)
			}
		}
	}
}

// A revision that operators made has no inputs: what lies in the inbox, _READY
// too, is a later delivery's.
func TestArchiveOfARevisionThatNoDeliveryMade(t *testing.T) {
	for _, cause := range []claim.Cause{claim.Reviewed, claim.Reprocessed} {
		d := &faulty{Store: directory(t)}
		deliver(t, d.Store, delivery)
		before := contents(t, d.Store)
		r := archivedRevision(nil)
		r.Cause = cause
		if err := publish.Archive(t.Context(), d, r); err != nil || d.n != 0 {
			t.Errorf("%s: %d calls of the store, %v", cause, d.n, err)
		}
		if diff := cmp.Diff(before, contents(t, d.Store)); diff != "" {
			t.Errorf("%s: store (-before +after):\n%s", cause, diff)
		}
	}
}

// The same content dropped a third time takes the place of the second; a
// changed object stays and is told.
func TestArchiveAgain(t *testing.T) {
	d := directory(t)
	for range 2 {
		inputs := deliver(t, d, delivery)
		if err := publish.ArchiveAgain(t.Context(), d, supplier, batchName, again, inputs); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(archivedAs("again-01234567"), contents(t, d)); diff != "" {
			t.Errorf("store (-want +got):\n%s", diff)
		}
	}
	inputs := deliver(t, d, delivery)
	deliver(t, d, map[string]string{"bon 1.pdf": "ONE"})
	err := publish.ArchiveAgain(t.Context(), d, supplier, batchName, again, inputs)
	var left *publish.LeftError
	if !errors.As(err, &left) || !slices.Equal(left.Keys, []string{inbox + "bon 1.pdf"}) {
		t.Errorf("got error %v, want bon 1.pdf left", err)
	}
	want := archivedAs("again-01234567")
	want[inbox+"bon 1.pdf"] = "ONE"
	if diff := cmp.Diff(want, contents(t, d)); diff != "" {
		t.Errorf("store (-want +got):\n%s", diff)
	}
}

func TestArchiveKeyTellsWhereAnInputWent(t *testing.T) {
	for name, test := range deliveries() {
		d := directory(t)
		r := archivedRevision(deliver(t, d, test.inbox))
		if err := publish.Archive(t.Context(), d, r); err != nil {
			t.Fatal(err)
		}
		for _, input := range r.Inputs {
			o, err := d.Stat(t.Context(), publish.ArchiveKey(r, input.Key))
			if err != nil || o.Size != input.Size {
				t.Errorf("%s: %q: %d bytes, %v", name, input.Key, o.Size, err)
			}
		}
	}
}

// A transfer that preserves times drops old files anew: they are the next
// delivery's all the same.
func TestArchiveDoneBeforeLeavesADeliveryOfOldFilesWhole(t *testing.T) {
	folder := t.TempDir()
	d, err := objectstore.OpenDirectory(folder)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close() //nolint:errcheck // the test is over
	old := time.Now().Add(-24 * time.Hour)
	drop := func(files map[string]string) []claim.Object {
		inputs := deliver(t, d, files)
		for name := range files {
			if err := os.Chtimes(filepath.Join(folder, filepath.FromSlash(inbox+name)), old, old); err != nil {
				t.Fatal(err)
			}
		}
		return inputs
	}
	r := archivedRevision(drop(delivery))
	if err := publish.Archive(t.Context(), d, r); err != nil {
		t.Fatal(err)
	}
	next := map[string]string{"_READY": "", "modèle.csv": "ROWS", "bon 1.pdf": "one", "bon 2.pdf": "two"}
	drop(next)
	if err := publish.Archive(t.Context(), d, r); err != nil {
		t.Fatal(err)
	}
	want := archivedAs("r2")
	for name, data := range next {
		want[inbox+name] = data
	}
	if diff := cmp.Diff(want, contents(t, d)); diff != "" {
		t.Errorf("store (-want +got):\n%s", diff)
	}
}

// What a supplier drops after the batch was read is the next revision's: it
// must not vanish into this one's archive.
func TestArchiveLeavesALaterDeliveryAlone(t *testing.T) {
	d := directory(t)
	r := archivedRevision(deliver(t, d, delivery))
	deliver(t, d, map[string]string{"bon 2.pdf": "TWO", "bon 3.pdf": "three"})
	err := publish.Archive(t.Context(), d, r)
	var left *publish.LeftError
	if !errors.As(err, &left) || !errors.Is(err, objectstore.ErrChanged) || !slices.Equal(left.Keys, []string{inbox + "bon 2.pdf"}) {
		t.Errorf("got error %v, want bon 2.pdf left", err)
	}
	want := archivedAs("r2")
	delete(want, "archive/73282932000074/lot-2023-03/r2/bon 2.pdf")
	want[inbox+"bon 2.pdf"], want[inbox+"bon 3.pdf"] = "TWO", "three"
	if diff := cmp.Diff(want, contents(t, d)); diff != "" {
		t.Errorf("store (-want +got):\n%s", diff)
	}
}

func TestArchiveDoneBeforeLeavesTheNextDeliveryWhole(t *testing.T) {
	d := directory(t)
	r := archivedRevision(deliver(t, d, delivery))
	if err := publish.Archive(t.Context(), d, r); err != nil {
		t.Fatal(err)
	}
	next := map[string]string{"_READY": "", "modèle.csv": "other rows", "bon 1.pdf": delivery["bon 1.pdf"]}
	deliver(t, d, next)
	if err := publish.Archive(t.Context(), d, r); err != nil {
		t.Fatal(err)
	}
	want := archivedAs("r2")
	for name, data := range next {
		want[inbox+name] = data
	}
	if diff := cmp.Diff(want, contents(t, d)); diff != "" {
		t.Errorf("store (-want +got):\n%s", diff)
	}
}

func TestArchiveTellsOfAnInputThatIsNowhere(t *testing.T) {
	d := directory(t)
	r := archivedRevision(deliver(t, d, delivery))
	if err := d.Delete(t.Context(), inbox+"bon 1.pdf"); err != nil {
		t.Fatal(err)
	}
	if err := publish.Archive(t.Context(), d, r); !errors.Is(err, objectstore.ErrNotFound) || !strings.Contains(err.Error(), "bon 1.pdf") {
		t.Errorf("got error %v, want ErrNotFound naming bon 1.pdf", err)
	}
}

func TestArchiveOfADeliveryWithNothingButAMarker(t *testing.T) {
	d := directory(t)
	deliver(t, d, map[string]string{"_READY": ""})
	if err := publish.Archive(t.Context(), d, archivedRevision(nil)); err != nil {
		t.Fatal(err)
	}
	if got := contents(t, d); len(got) != 0 {
		t.Errorf("store: got %v, want nothing", got)
	}
}
