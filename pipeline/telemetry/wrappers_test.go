package telemetry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/objectstore/storetest"
)

// A counted store is a store like any other.
func TestStoreConforms(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store {
		directory, err := objectstore.OpenDirectory(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return newRecorder(t).Store(directory)
	})
}

func TestStoreCountsOperations(t *testing.T) {
	r := newRecorder(t)
	folder := t.TempDir()
	directory, err := objectstore.OpenDirectory(folder)
	if err != nil {
		t.Fatal(err)
	}
	store := r.Store(directory)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(store.Put(ctx, "a/1", []byte("one")))
	must(store.PutNew(ctx, "a/2", []byte("two")))
	if err := store.PutNew(ctx, "a/2", nil); !errors.Is(err, objectstore.ErrExists) {
		t.Fatal(err)
	}
	first, err := store.Stat(ctx, "a/1")
	must(err)
	if _, err := store.Stat(ctx, "a/3"); !errors.Is(err, objectstore.ErrNotFound) {
		t.Fatal(err)
	}
	reader, err := store.Open(ctx, first)
	must(err)
	_, err = io.ReadAll(reader)
	must(err)
	must(reader.Close())
	must(store.Put(ctx, "a/1", []byte("changed")))
	if _, err := store.Open(ctx, first); !errors.Is(err, objectstore.ErrChanged) {
		t.Fatal(err)
	}
	must(os.Symlink("1", folder+"/a/link")) // told as a key's error: the listing itself is sound
	listed := 0
	for range store.List(ctx, "a/") { //nolint:errcheck // the wrapper takes it down
		listed++
	}
	for range store.List(ctx, "a/") { //nolint:errcheck // the wrapper takes it down
		break
	}
	second, err := store.Stat(ctx, "a/2")
	must(err)
	must(store.Move(ctx, second, "b/2"))
	must(store.Delete(ctx, "b/2"))
	must(store.Sync(ctx))
	stopped, stop := context.WithCancel(ctx)
	stop()
	for range store.List(stopped, "a/") { //nolint:errcheck,revive // the wrapper takes it down
	}
	if listed != 3 {
		t.Errorf("%d listed, want two objects and a link", listed)
	}
	same(t, r, "guichet_store_operations", map[string]float64{
		"operation=put,result=ok": 2, "operation=put_new,result=ok": 1, "operation=put_new,result=exists": 1,
		"operation=stat,result=ok": 2, "operation=stat,result=not_found": 1, "operation=read,result=ok": 1, "operation=read,result=changed": 1,
		"operation=list,result=ok": 2, "operation=list,result=stopped": 1, "operation=move,result=ok": 1, "operation=delete,result=ok": 1, "operation=sync,result=ok": 1,
	})
	times := r.series(t, "guichet_store_operation_seconds")
	for operation, count := range map[string]float64{"put": 2, "put_new": 2, "stat": 3, "read": 2, "list": 3, "move": 1, "delete": 1, "sync": 1} {
		if key := "operation=" + operation; times[key] != count || times["sum "+key] <= 0 {
			t.Errorf("%s: %v times in %v s, want %v", operation, times[key], times["sum "+key], count)
		}
	}
}

// TestReadThatFailsOnTheWay: the first error of a reading is its result, and
// closing twice counts once.
func TestReadThatFailsOnTheWay(t *testing.T) {
	r := newRecorder(t)
	store := r.Store(truncated{})
	object, err := store.Open(t.Context(), objectstore.Object{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(object); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the error of the store became %v", err)
	}
	if err := errors.Join(object.Close(), object.Close()); err != nil {
		t.Error(err)
	}
	same(t, r, "guichet_store_operations", map[string]float64{"operation=read,result=other": 1})
}

// truncated is a store whose objects break off.
type truncated struct{ objectstore.Store }

func (truncated) Open(context.Context, objectstore.Object) (io.ReadCloser, error) {
	return truncated{}, nil
}

func (truncated) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func (truncated) Close() error { return nil }

// given is a reader that gives what it was given.
type given struct {
	facts claim.Facts
	err   error
}

func (g given) Read(context.Context, []byte) (claim.Facts, error) { return g.facts, g.err }

func (given) Extractor() string { return "test" }

func (given) OCR() string { return "tesseract 5" }

func TestReaderCountsOutcomes(t *testing.T) {
	r := newRecorder(t)
	for _, g := range []given{
		{facts: claim.Facts{Status: claim.ReadOK, TextSource: claim.TextFromPDF}},
		{facts: claim.Facts{Status: claim.ReadOK, TextSource: claim.TextFromPDF}},
		{facts: claim.Facts{Status: claim.ReadOK, TextSource: claim.TextFromOCR}},
		{facts: claim.Facts{Status: claim.ReadLocked}},
		{facts: claim.Facts{Status: claim.ReadFailed, Reason: "memory"}},
		{facts: claim.Facts{Status: claim.ReadFailed, Reason: "of a kind nobody knows"}},
		{err: errors.New("no worker")},
	} {
		reader := r.Reader(g)
		facts, err := reader.Read(t.Context(), nil)
		if diff := cmp.Diff(g.facts, facts); diff != "" || !errors.Is(err, g.err) || reader.OCR() != "tesseract 5" || reader.Extractor() != "test" {
			t.Errorf("the reader gives something else: %v, %v", facts, err)
		}
	}
	same(t, r, "guichet_documents_read", map[string]float64{"outcome=read": 3, "outcome=locked": 1, "outcome=memory": 1, "outcome=other": 1, "outcome=error": 1})
	times := r.series(t, "guichet_document_read_seconds")
	if times["text_source=text"] != 2 || times["text_source=ocr"] != 1 || times["text_source=none"] != 4 {
		t.Errorf("read: %v", times)
	}
}

func TestClassesOfErrors(t *testing.T) {
	tests := map[string]error{
		"ok":          nil,
		"other":       errors.New("Claire Martin"),
		"stopped":     fmt.Errorf("listing: %w", context.Canceled),
		"timeout":     context.DeadlineExceeded,
		"locked":      fmt.Errorf("%w by another", ledger.ErrLocked),
		"not_found":   &objectstore.KeyError{Key: "inbox/x", Err: objectstore.ErrNotFound},
		"changed":     objectstore.ErrChanged,
		"exists":      objectstore.ErrExists,
		"not_regular": objectstore.ErrNotRegular,
		"bad_key":     objectstore.CheckKey("a//b"),
		"unavailable": fmt.Errorf("%w: %w", objectstore.ErrUnavailable, &net.OpError{Op: "dial", Err: errors.New("refused")}),
		"refused":     fmt.Errorf("%w: 403", objectstore.ErrRefused),
		"network":     &net.OpError{Op: "dial", Err: errors.New("refused")},
	}
	for want, err := range tests {
		if got := class(err); got != want {
			t.Errorf("%v is %s, want %s", err, got, want)
		}
	}
	if got := class(&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}); got != "timeout" {
		t.Errorf("a connection that waited too long is %s", got)
	}
}

func TestNamesAreFew(t *testing.T) {
	var n names
	for i := range 2 * maxNames {
		name := fmt.Sprintf("stage %c%c", 'a'+i/26, 'a'+i%26)
		want := name
		if i >= maxNames {
			want = other
		}
		if got := n.label(name); got != want {
			t.Errorf("name %d: %q, want %q", i, got, want)
		}
	}
	if got := n.label("stage aa"); got != "stage aa" {
		t.Errorf("a name known by now became %q", got)
	}
	for _, odd := range []string{"", "Claire Martin", "lot-1", "40000001400011", "é", "a stage with a name that goes on and on and on"} {
		if got := new(names).label(odd); got != other {
			t.Errorf("%q became the label %q", odd, got)
		}
	}
}

func TestStopwatch(t *testing.T) {
	var w stopwatch
	w.stop()
	if w.took != 0 {
		t.Errorf("stopped before it started: %v", w.took)
	}
	w.started = time.Now().Add(-time.Hour)
	w.stop()
	w.stop()
	if w.took < time.Hour || w.took > 61*time.Minute {
		t.Errorf("an hour took %v", w.took)
	}
}
