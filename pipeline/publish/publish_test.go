package publish_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

func sha(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func directory(t *testing.T) *objectstore.Directory {
	t.Helper()
	d, err := objectstore.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// contents gives all that a store holds.
func contents(t *testing.T, s objectstore.Store) map[string]string {
	t.Helper()
	got := map[string]string{}
	for o, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		r, err := s.Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err := errors.Join(err, r.Close()); err != nil {
			t.Fatal(err)
		}
		got[o.Key] = string(data)
	}
	return got
}

var errFault = errors.New("the store fails")

// faulty fails at its n-th change, before or after it takes effect, as a
// process does that is killed there: nothing works from then on.
type faulty struct {
	objectstore.Store
	failAt int
	after  bool
	n      int
}

func (f *faulty) change(do func() error) error {
	f.n++
	if f.n > f.failAt || f.n == f.failAt && !f.after {
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

func (f *faulty) Put(ctx context.Context, key string, data []byte) error {
	return f.change(func() error { return f.Store.Put(ctx, key, data) })
}

func (f *faulty) Move(ctx context.Context, o objectstore.Object, to string) error {
	return f.change(func() error { return f.Store.Move(ctx, o, to) })
}

func (f *faulty) Delete(ctx context.Context, key string) error {
	return f.change(func() error { return f.Store.Delete(ctx, key) })
}

func TestPublishWritesTheWholeSet(t *testing.T) {
	d, set := directory(t), mixed()
	outputs, err := publish.Render(set)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, output := range outputs {
		want[output.Key] = string(output.Data)
	}
	for range 2 {
		digest, err := publish.Publish(t.Context(), d, set)
		if err != nil {
			t.Fatal(err)
		}
		if receipt := sha(outputs[len(outputs)-1].Data); digest != receipt {
			t.Errorf("digest of the receipt: got %s, want %s", digest, receipt)
		}
		if diff := cmp.Diff(want, contents(t, d)); diff != "" {
			t.Errorf("store (-want +got):\n%s", diff)
		}
	}
}

func TestPublishNeverOverwritesAnotherReceipt(t *testing.T) {
	d, set := directory(t), mixed()
	if _, err := publish.Publish(t.Context(), d, set); err != nil {
		t.Fatal(err)
	}
	before := contents(t, d)
	set.Revision.Software = "guichet 2.0.0"
	if _, err := publish.Publish(t.Context(), d, set); !errors.Is(err, publish.ErrConflict) {
		t.Errorf("got error %v, want ErrConflict", err)
	}
	if diff := cmp.Diff(before, contents(t, d)); diff != "" {
		t.Errorf("store (-before +after):\n%s", diff)
	}
}

func TestPublishStoppedAnywhereIsMadeWhole(t *testing.T) {
	set := mixed()
	undisturbed := directory(t)
	if _, err := publish.Publish(t.Context(), undisturbed, set); err != nil {
		t.Fatal(err)
	}
	want := contents(t, undisturbed)
	receipt := receiptKey(set.Revision)
	for n := 1; n <= len(want); n++ {
		for _, after := range []bool{false, true} {
			d := directory(t)
			if _, err := publish.Publish(t.Context(), &faulty{Store: d, failAt: n, after: after}, set); !errors.Is(err, errFault) {
				t.Fatalf("change %d: got error %v, want the fault", n, err)
			}
			got := contents(t, d)
			if _, there := got[receipt]; there && len(got) != len(want) {
				t.Errorf("change %d: a receipt without its whole set: %v", n, slices.Sorted(maps.Keys(got)))
			}
			if _, err := publish.Publish(t.Context(), d, set); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, contents(t, d)); diff != "" {
				t.Errorf("change %d, then again (-want +got):\n%s", n, diff)
			}
		}
	}
}

// truncating loses the end of what is put under one key.
type truncating struct {
	objectstore.Store
	key string
}

func (s truncating) Put(ctx context.Context, key string, data []byte) error {
	if key == s.key {
		data = data[:len(data)/2]
	}
	return s.Store.Put(ctx, key, data)
}

func TestWhatIsReadBackIsCompared(t *testing.T) {
	set := mixed()
	outputs, err := publish.Render(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, output := range outputs {
		d := directory(t)
		if _, err := publish.Publish(t.Context(), truncating{d, output.Key}, set); !errors.Is(err, publish.ErrReadBack) {
			t.Errorf("%s: got error %v, want ErrReadBack", output.Name, err)
		}
		if _, err := d.Stat(t.Context(), receiptKey(set.Revision)); output.Name != "receipt.json" && !errors.Is(err, objectstore.ErrNotFound) {
			t.Errorf("%s: the receipt was put, Stat: %v", output.Name, err)
		}
	}
}

const inbox = "inbox/73282932000074/lot-2023-03/"

// deliver puts objects under the batch's folder and gives them as inputs.
func deliver(t *testing.T, s objectstore.Store, files map[string]string) []claim.Object {
	t.Helper()
	var inputs []claim.Object
	for _, name := range slices.Sorted(maps.Keys(files)) {
		data := []byte(files[name])
		if err := s.Put(t.Context(), inbox+name, data); err != nil {
			t.Fatal(err)
		}
		if name != "_READY" {
			inputs = append(inputs, claim.Object{Name: name, Key: inbox + name, Size: int64(len(data)), SHA256: sha(data)})
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

func TestArchiveStoppedAnywhereGoesOn(t *testing.T) {
	for n := 1; n <= len(delivery); n++ {
		for _, after := range []bool{false, true} {
			d := directory(t)
			r := archivedRevision(deliver(t, d, delivery))
			if err := publish.Archive(t.Context(), &faulty{Store: d, failAt: n, after: after}, r); !errors.Is(err, errFault) {
				t.Fatalf("change %d: got error %v, want the fault", n, err)
			}
			got := contents(t, d)
			if _, marker := got[inbox+"_READY"]; marker && len(got) != len(delivery) {
				t.Errorf("change %d: _READY outlives inputs: %v", n, slices.Sorted(maps.Keys(got)))
			}
			if err := publish.Archive(t.Context(), d, r); err != nil {
				t.Fatalf("change %d, then again: %v", n, err)
			}
			if diff := cmp.Diff(archivedAs("r2"), contents(t, d)); diff != "" {
				t.Errorf("change %d, then again (-want +got):\n%s", n, diff)
			}
		}
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

func BenchmarkRender(b *testing.B) {
	set := publish.Set{Revision: revision(1)}
	for row := range 10_000 {
		r := accepted(row, row+1)
		for range 12 {
			r.Evidence = append(r.Evidence, r.Evidence[0])
		}
		set.Results = append(set.Results, r)
	}
	b.ReportAllocs()
	for b.Loop() {
		outputs, err := publish.Render(set)
		if err != nil {
			b.Fatal(err)
		}
		if !bytes.Contains(outputs[0].Data, fmt.Appendf(nil, "%s;", set.Results[9_999].Claim)) {
			b.Fatal("a claim is missing")
		}
	}
}

func receiptKey(r claim.Revision) string {
	return fmt.Sprintf("outbox/%s/%s/r%d/receipt.json", r.Supplier, r.Batch, r.Number)
}
