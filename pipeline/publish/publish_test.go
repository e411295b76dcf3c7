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
	counting := &faulty{Store: directory(t)}
	if _, err := publish.Publish(t.Context(), counting, set); err != nil || counting.n < 3*len(want) {
		t.Fatalf("%d calls, %v", counting.n, err)
	}
	for n := 1; n <= counting.n; n++ {
		for _, after := range []bool{false, true} {
			d := directory(t)
			if _, err := publish.Publish(t.Context(), &faulty{Store: d, failAt: n, after: after}, set); !errors.Is(err, errFault) {
				t.Fatalf("call %d: got error %v, want the fault", n, err)
			}
			got := contents(t, d)
			if _, there := got[receipt]; there && len(got) != len(want) {
				t.Errorf("call %d: a receipt without its whole set: %v", n, slices.Sorted(maps.Keys(got)))
			}
			if _, err := publish.Publish(t.Context(), d, set); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, contents(t, d)); diff != "" {
				t.Errorf("call %d, then again (-want +got):\n%s", n, diff)
			}
		}
	}
}

// overtaken puts a receipt, of its own choice, right before the one that it is
// told to put.
type overtaken struct {
	objectstore.Store
	receipt func(data []byte) []byte
}

func (s overtaken) PutNew(ctx context.Context, key string, data []byte) error {
	if err := s.Store.PutNew(ctx, key, s.receipt(data)); err != nil {
		return err
	}
	return s.Store.PutNew(ctx, key, data)
}

// Two machines publish one set at the same time: nobody's receipt is replaced.
func TestAReceiptThatCameMeanwhileStays(t *testing.T) {
	d, set := directory(t), mixed()
	if _, err := publish.Publish(t.Context(), overtaken{d, bytes.Clone}, set); err != nil {
		t.Errorf("the same receipt: %v", err)
	}
	d = directory(t)
	other := []byte("another receipt")
	_, err := publish.Publish(t.Context(), overtaken{d, func([]byte) []byte { return other }}, set)
	if !errors.Is(err, publish.ErrConflict) {
		t.Errorf("got error %v, want ErrConflict", err)
	}
	if got := contents(t, d)[receiptKey(set.Revision)]; got != string(other) {
		t.Errorf("receipt: %q", got)
	}
}

// forgetful says that a receipt stands which does not.
type forgetful struct{ objectstore.Store }

func (forgetful) PutNew(context.Context, string, []byte) error { return objectstore.ErrExists }

func TestAReceiptThatIsGoneAgainIsNotPublished(t *testing.T) {
	if _, err := publish.Publish(t.Context(), forgetful{directory(t)}, mixed()); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("got error %v, want ErrChanged", err)
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

func (s truncating) PutNew(ctx context.Context, key string, data []byte) error {
	if key == s.key {
		data = data[:len(data)/2]
	}
	return s.Store.PutNew(ctx, key, data)
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
