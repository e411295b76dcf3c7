package objectstore_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"guichet/pipeline/objectstore"
)

// operation is one call of a store: what stands before, what is done, and what
// stands afterwards. Keys are below a prefix.
type operation struct {
	before, after map[string]string
	do            func(ctx context.Context, s *objectstore.S3, prefix string) error
	want          error
	reads         bool // changes nothing
}

var (
	smallContent  = strings.Repeat("une ligne du reçu\n", 3000)
	largeContent  = pseudorandom(partSize + 100)
	largeContent2 = pseudorandom(partSize + 101)
)

func pseudorandom(size int) string {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{byte(size)}).Read(data) // never fails
	return string(data)
}

// version gives the object of a key as it stands: looked up before anything is spoilt.
type versions map[string]objectstore.Object

func operations(listed versions) map[string]operation {
	put := func(key, content string) func(context.Context, *objectstore.S3, string) error {
		return func(ctx context.Context, s *objectstore.S3, prefix string) error {
			return s.Put(ctx, prefix+key, []byte(content))
		}
	}
	putNew := func(key, content string) func(context.Context, *objectstore.S3, string) error {
		return func(ctx context.Context, s *objectstore.S3, prefix string) error {
			return s.PutNew(ctx, prefix+key, []byte(content))
		}
	}
	move := func(from, to string) func(context.Context, *objectstore.S3, string) error {
		return func(ctx context.Context, s *objectstore.S3, prefix string) error {
			return s.Move(ctx, listed[prefix+from], prefix+to)
		}
	}
	return map[string]operation{
		"put":              {after: map[string]string{"a": "new"}, do: put("a", "new")},
		"put empty":        {after: map[string]string{"a": ""}, do: put("a", "")},
		"put over another": {before: map[string]string{"a": "old"}, after: map[string]string{"a": smallContent}, do: put("a", smallContent)},
		"put large":        {before: map[string]string{"a": "old"}, after: map[string]string{"a": largeContent}, do: put("a", largeContent)},
		"put new":          {after: map[string]string{"a": "new"}, do: putNew("a", "new")},
		"put new, large":   {after: map[string]string{"a": largeContent}, do: putNew("a", largeContent)},
		"put new where another stands": {
			before: map[string]string{"a": "old"}, after: map[string]string{"a": "old"}, do: putNew("a", "new"), want: objectstore.ErrExists,
		},
		"put new, large, where another stands": {
			before: map[string]string{"a": largeContent2}, after: map[string]string{"a": largeContent2}, do: putNew("a", largeContent), want: objectstore.ErrExists,
		},
		"move":              {before: map[string]string{"a": smallContent}, after: map[string]string{"b": smallContent}, do: move("a", "b")},
		"move over another": {before: map[string]string{"a": "new", "b": "old"}, after: map[string]string{"b": "new"}, do: move("a", "b")},
		"move large":        {before: map[string]string{"a": largeContent}, after: map[string]string{"b": largeContent}, do: move("a", "b")},
		"delete":            {before: map[string]string{"a": "old", "b": "old"}, after: map[string]string{"b": "old"}, do: remove("a")},
		"delete nothing":    {before: map[string]string{"b": "old"}, after: map[string]string{"b": "old"}, do: remove("a")},
		"stat": {before: map[string]string{"a": "old"}, after: map[string]string{"a": "old"}, reads: true, do: func(ctx context.Context, s *objectstore.S3, prefix string) error {
			o, err := s.Stat(ctx, prefix+"a")
			if err == nil && o != listed[prefix+"a"] {
				err = fmt.Errorf("got %+v, want %+v", o, listed[prefix+"a"])
			}
			return err
		}},
		"stat nothing": {before: map[string]string{"b": "old"}, after: map[string]string{"b": "old"}, reads: true, want: objectstore.ErrNotFound, do: func(ctx context.Context, s *objectstore.S3, prefix string) error {
			_, err := s.Stat(ctx, prefix+"a")
			return err
		}},
		"read": {before: map[string]string{"a": smallContent}, after: map[string]string{"a": smallContent}, reads: true, do: func(ctx context.Context, s *objectstore.S3, prefix string) error {
			content, err := readAll(ctx, s, listed[prefix+"a"])
			if err == nil && content != smallContent {
				err = fmt.Errorf("read %d bytes that are not the object's %d", len(content), len(smallContent))
			}
			return err
		}},
		"list": {before: map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}, after: map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"}, reads: true, do: func(ctx context.Context, s *objectstore.S3, prefix string) error {
			var got []string
			for o, err := range s.List(ctx, prefix) {
				if err != nil {
					return err
				}
				got = append(got, strings.TrimPrefix(o.Key, prefix))
			}
			if want := []string{"a", "b", "c", "d", "e"}; !slices.Equal(got, want) {
				return fmt.Errorf("got %q, want %q", got, want)
			}
			return nil
		}},
	}
}

func remove(key string) func(context.Context, *objectstore.S3, string) error {
	return func(ctx context.Context, s *objectstore.S3, prefix string) error { return s.Delete(ctx, prefix+key) }
}

func readAll(ctx context.Context, s objectstore.Store, o objectstore.Object) (string, error) {
	r, err := s.Open(ctx, o)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(r)
	return string(content), errors.Join(err, r.Close())
}

// partSize is the least that S3 takes for a part that is not the last, in bytes.
const partSize = 5 << 20

// shrunk opens a store in which two keys fill a page, and the large contents
// are uploaded and copied in two parts.
func shrunk(t testing.TB, url string) *objectstore.S3 {
	t.Helper()
	s := open(t, url)
	s.Shrink(2, partSize, partSize, partSize)
	return s
}

// contents gives what stands below a prefix, by key.
func contents(ctx context.Context, s objectstore.Store, prefix string) (map[string]string, error) {
	all := map[string]string{}
	for o, err := range s.List(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		content, err := readAll(ctx, s, o)
		if err != nil {
			return nil, err
		}
		all[strings.TrimPrefix(o.Key, prefix)] = content
	}
	return all, nil
}

// prepare puts what stands before an operation.
func prepare(ctx context.Context, s objectstore.Store, prefix string, before map[string]string, listed versions) error {
	for key, content := range before {
		if err := s.Put(ctx, prefix+key, []byte(content)); err != nil {
			return err
		}
		o, err := s.Stat(ctx, prefix+key)
		if err != nil {
			return err
		}
		listed[prefix+key] = o
	}
	return nil
}

var faults = map[string]fault{
	"before the effect": before,
	"after the effect":  after,
	"truncated":         truncated,
	"503":               answering(http.StatusServiceUnavailable, "SlowDown"),
	"502 after it":      brokenAfter,
}

// Whatever request of an operation fails once, the operation has its effect.
func TestOneFaultOnTheWireIsNotNoticed(t *testing.T) {
	direct, server := bucket(t)
	var cases errgroup.Group
	cases.SetLimit(4)
	for faultName, spoiling := range faults {
		for opName := range operations(nil) {
			cases.Go(func() error {
				for n := 1; n <= 20; n++ {
					name := fmt.Sprintf("%s, request %d of %s", faultName, n, opName)
					listed := versions{}
					op := operations(listed)[opName]
					prefix := name + "/"
					if err := prepare(t.Context(), direct, prefix, op.before, listed); err != nil {
						return err
					}
					endpoint, w := between(t, server.Endpoint, func(i int, _ *http.Request) fault {
						if i == n {
							return spoiling
						}
						return nil
					})
					s := shrunk(t, server.URLThrough(endpoint))
					s.Hurry(3, time.Millisecond, time.Millisecond)
					if err := op.do(t.Context(), s, prefix); !errors.Is(err, op.want) {
						t.Errorf("%s: got error %v, want %v", name, err, op.want)
					}
					got, err := contents(t.Context(), direct, prefix)
					if err != nil {
						return err
					}
					same(t, name, got, op.after)
					for key := range listed {
						if err := direct.Delete(t.Context(), key); err != nil {
							return err
						}
					}
					if len(w.seen()) < n {
						return nil // no request was spoilt: all have been
					}
				}
				return fmt.Errorf("%s, %s: more requests than there can be", faultName, opName)
			})
		}
	}
	if err := cases.Wait(); err != nil {
		t.Error(err)
	}
}

// same compares what stands with what should, without printing megabytes.
func same(t testing.TB, name string, got, want map[string]string) {
	t.Helper()
	if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
		t.Errorf("%s: keys (-want +got):\n%s", name, diff)
		return
	}
	for key, content := range want {
		if got[key] != content {
			t.Errorf("%s: %q holds %d bytes that are not the %d wanted", name, key, len(got[key]), len(content))
		}
	}
}

// A server that always fails: the operation fails and says how, after as many
// attempts as it has, and what stands is what stood before or the whole effect.
func TestAFaultThatStaysFailsTheOperationWhole(t *testing.T) {
	direct, server := bucket(t)
	for faultName, spoiling := range faults {
		for opName := range operations(nil) {
			name := faultName + ", always, at " + opName
			listed := versions{}
			op := operations(listed)[opName]
			prefix := name + "/"
			must(t, prepare(t.Context(), direct, prefix, op.before, listed))
			endpoint, _ := between(t, server.Endpoint, func(int, *http.Request) fault { return spoiling })
			s := shrunk(t, server.URLThrough(endpoint))
			s.Hurry(2, time.Millisecond, time.Millisecond)
			err := op.do(t.Context(), s, prefix)
			if !errors.Is(err, objectstore.ErrUnavailable) || !strings.Contains(fmt.Sprint(err), prefix) {
				t.Errorf("%s: got error %v, want ErrUnavailable that names the key", name, err)
			}
			got, err := contents(t.Context(), direct, prefix)
			must(t, err)
			if !maps.Equal(got, beforehand(op)) && !maps.Equal(got, op.after) && !isCopied(op, got) {
				t.Errorf("%s: what stands is neither what stood nor the whole effect: %v", name, slices.Sorted(maps.Keys(got)))
			}
		}
	}
}

func beforehand(op operation) map[string]string {
	if op.before == nil {
		return map[string]string{}
	}
	return op.before
}

// isCopied tells a move that has copied and not yet removed: the same move
// goes on from there.
func isCopied(op operation, got map[string]string) bool {
	return op.after["b"] != "" && got["b"] == op.after["b"] && got["a"] == op.before["a"] && len(got) == 2
}

// What will not get better is not tried again.
func TestPermanentErrorsAreNotTriedAgain(t *testing.T) {
	direct, server := bucket(t)
	for _, answer := range []struct {
		status int
		code   string
	}{
		{http.StatusForbidden, "AccessDenied"},
		{http.StatusForbidden, "SignatureDoesNotMatch"},
		{http.StatusBadRequest, "InvalidRequest"},
		{http.StatusNotFound, "NoSuchBucket"},
		{http.StatusNotImplemented, "NotImplemented"},
	} {
		for opName := range operations(nil) {
			name := fmt.Sprintf("%d %s at %s", answer.status, answer.code, opName)
			listed := versions{}
			op := operations(listed)[opName]
			prefix := name + "/"
			must(t, prepare(t.Context(), direct, prefix, op.before, listed))
			endpoint, w := between(t, server.Endpoint, func(int, *http.Request) fault { return answering(answer.status, answer.code) })
			s := shrunk(t, server.URLThrough(endpoint))
			err := op.do(t.Context(), s, prefix)
			if !errors.Is(err, objectstore.ErrRefused) || !strings.Contains(fmt.Sprint(err), prefix) {
				t.Errorf("%s: got error %v, want ErrRefused that names the key", name, err)
			}
			limit := 1
			if strings.HasPrefix(opName, "stat") && answer.status == http.StatusNotFound {
				limit = 2 // is it the object or the bucket?
			}
			if n := len(w.seen()); n != limit {
				t.Errorf("%s: %d requests, want %d", name, n, limit)
			}
			got, err := contents(t.Context(), direct, prefix)
			must(t, err)
			if !maps.Equal(got, beforehand(op)) {
				t.Errorf("%s: something changed", name)
			}
		}
	}
}

// What passes by itself is tried again, by its status or by its code.
func TestWhatPassesIsTriedAgain(t *testing.T) {
	_, server := bucket(t)
	for _, answer := range []struct {
		status int
		code   string
	}{
		{http.StatusBadRequest, "RequestTimeout"},
		{http.StatusRequestTimeout, "Any"},
		{http.StatusConflict, "ConditionalRequestConflict"},
		{http.StatusConflict, "OperationAborted"},
		{http.StatusTooManyRequests, "Any"},
		{http.StatusInternalServerError, "InternalError"},
		{http.StatusBadGateway, "Any"},
		{http.StatusServiceUnavailable, "SlowDown"},
		{http.StatusGatewayTimeout, "Any"},
	} {
		endpoint, w := between(t, server.Endpoint, func(n int, _ *http.Request) fault {
			if n < 3 {
				return answering(answer.status, answer.code)
			}
			return nil
		})
		s := open(t, server.URLThrough(endpoint))
		s.Hurry(3, time.Millisecond, time.Millisecond)
		if err := s.Put(t.Context(), "x", []byte("x")); err != nil || len(w.seen()) != 3 {
			t.Errorf("%d %s: got error %v after %d requests, want none after 3", answer.status, answer.code, err, len(w.seen()))
		}
	}
}

// A silent server does not outlast the context.
func TestACancelledContextEndsWaitingForAServer(t *testing.T) {
	direct, server := bucket(t)
	faults := map[string]fault{"silent": silent, "down": answering(http.StatusServiceUnavailable, "SlowDown")}
	for faultName, spoiling := range faults {
		for opName := range operations(nil) {
			name := faultName + " at " + opName
			listed := versions{}
			op := operations(listed)[opName]
			prefix := name + "/"
			must(t, prepare(t.Context(), direct, prefix, op.before, listed))
			ctx, stop := context.WithCancel(t.Context())
			endpoint, _ := between(t, server.Endpoint, func(int, *http.Request) fault {
				time.AfterFunc(20*time.Millisecond, stop)
				return spoiling
			})
			s := shrunk(t, server.URLThrough(endpoint))
			s.Hurry(5, time.Hour, time.Hour)
			if err := op.do(ctx, s, prefix); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got error %v, want that of the context", name, err)
			}
			stop()
		}
	}
}

// A body that breaks off is read on, from there and at the same version.
func TestABrokenBodyIsReadOnByRanges(t *testing.T) {
	direct, server := bucket(t)
	must(t, direct.Put(t.Context(), "inbox/a/b/bon.pdf", []byte(largeContent)))
	o, err := direct.Stat(t.Context(), "inbox/a/b/bon.pdf")
	must(t, err)
	endpoint, w := between(t, server.Endpoint, func(n int, _ *http.Request) fault {
		if n <= 6 {
			return truncated // each time half of the rest
		}
		return nil
	})
	s := shrunk(t, server.URLThrough(endpoint))
	s.Hurry(2, time.Millisecond, time.Millisecond)
	got, err := readAll(t.Context(), s, o)
	must(t, err)
	if got != largeContent {
		t.Error("what is read is not what was put")
	}
	seen := w.seen()
	if len(seen) != 7 {
		t.Errorf("requests: got %d, want 7", len(seen))
	}
	for i, r := range seen {
		if r.Header.Get("If-Match") != `"`+o.Version+`"` || (r.Header.Get("Range") != "") != (i > 0) {
			t.Errorf("request %d: If-Match %s, Range %q", i+1, r.Header.Get("If-Match"), r.Header.Get("Range"))
		}
	}
}

// Replaced between the two halves: no mixture.
func TestABrokenBodyOfAReplacedObjectIsAnError(t *testing.T) {
	direct, server := bucket(t)
	for name, change := range map[string]struct {
		do   func() error
		want error
	}{
		"replaced": {func() error { return direct.Put(t.Context(), "x", []byte(strings.ToUpper(smallContent))) }, objectstore.ErrChanged},
		"removed":  {func() error { return direct.Delete(t.Context(), "x") }, objectstore.ErrNotFound},
	} {
		must(t, direct.Put(t.Context(), "x", []byte(smallContent)))
		o, err := direct.Stat(t.Context(), "x")
		must(t, err)
		endpoint, _ := between(t, server.Endpoint, func(n int, _ *http.Request) fault {
			if n > 1 {
				return nil
			}
			return func(out http.ResponseWriter, r *http.Request, forward func() *http.Response) {
				answer := forward()
				must(t, change.do())
				truncated(out, r, func() *http.Response { return answer })
			}
		})
		s := shrunk(t, server.URLThrough(endpoint))
		s.Hurry(3, time.Millisecond, time.Millisecond)
		got, err := readAll(t.Context(), s, o)
		if !errors.Is(err, change.want) || !strings.HasPrefix(smallContent, got) {
			t.Errorf("%s: read %d bytes, error %v, want the beginning and %v", name, len(got), err, change.want)
		}
	}
}

// A listing that tells of yesterday: what it lists is used at that version or not at all.
func TestAStaleListingIsFoundOut(t *testing.T) {
	direct, server := bucket(t)
	for _, key := range []string{"gone", "kept", "replaced"} {
		must(t, direct.Put(t.Context(), key, []byte("old "+key)))
	}
	var old []byte
	endpoint, _ := between(t, server.Endpoint, func(_ int, r *http.Request) fault {
		if !r.URL.Query().Has("list-type") {
			return nil
		}
		return func(out http.ResponseWriter, _ *http.Request, forward func() *http.Response) {
			answer := forward()
			body, err := io.ReadAll(answer.Body)
			must(t, errors.Join(err, answer.Body.Close()))
			if old == nil {
				old = body
			}
			answer.Body = io.NopCloser(bytes.NewReader(old))
			answer.Header.Set("Content-Length", fmt.Sprint(len(old)))
			pass(out, answer)
		}
	})
	s := open(t, server.URLThrough(endpoint))
	first, _ := list(t, s, "")
	must(t, direct.Delete(t.Context(), "gone"))
	must(t, direct.Put(t.Context(), "replaced", []byte("new!replaced")))
	must(t, direct.Put(t.Context(), "unlisted", []byte("new")))
	second, _ := list(t, s, "")
	if !slices.Equal(first, second) || len(first) != 3 {
		t.Fatalf("listed %q, then %q: the listing is not stale", first, second)
	}
	want := map[string]error{"gone": objectstore.ErrNotFound, "kept": nil, "replaced": objectstore.ErrChanged}
	for o, err := range s.List(t.Context(), "") {
		must(t, err)
		if _, err := readAll(t.Context(), s, o); !errors.Is(err, want[o.Key]) {
			t.Errorf("reading %q: got error %v, want %v", o.Key, err, want[o.Key])
		}
		if err := s.Move(t.Context(), o, "archive/"+o.Key); !errors.Is(err, want[o.Key]) {
			t.Errorf("moving %q: got error %v, want %v", o.Key, err, want[o.Key])
		}
	}
	got, err := contents(t.Context(), direct, "")
	must(t, err)
	same(t, "afterwards", got, map[string]string{"archive/kept": "old kept", "replaced": "new!replaced", "unlisted": "new"})
}
