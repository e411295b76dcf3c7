package objectstore_test

import (
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"guichet/fixtures/s3server"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/objectstore/storetest"
)

func TestS3Conforms(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store { s, _ := bucket(t); return s })
}

// bucket gives the store in an empty bucket, and the bucket.
func bucket(t testing.TB) (*objectstore.S3, *s3server.Server) {
	t.Helper()
	server := s3server.Start(t)
	return open(t, server.URL()), server
}

func open(t testing.TB, url string) *objectstore.S3 {
	t.Helper()
	s, err := objectstore.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	store, ok := s.(*objectstore.S3)
	if !ok {
		t.Fatalf("Open(%q) gives %T, want a store in a bucket", url, s)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// The first request never arrives, and somebody else is quicker than the second.
func TestAnotherWritersObjectIsNotTakenForOnesOwn(t *testing.T) {
	direct, server := bucket(t)
	for _, theirs := range []string{"theirs", "of another length"} {
		must(t, direct.Delete(t.Context(), "lock"))
		endpoint, _ := between(t, server.Endpoint, func(n int, _ *http.Request) fault {
			if n == 1 {
				return before
			}
			if n == 2 {
				must(t, direct.Put(t.Context(), "lock", []byte(theirs)))
			}
			return nil
		})
		s := open(t, server.URLThrough(endpoint))
		s.Hurry(3, time.Millisecond, time.Millisecond)
		if err := s.PutNew(t.Context(), "lock", []byte("myself")); !errors.Is(err, objectstore.ErrExists) {
			t.Errorf("got error %v, want ErrExists", err)
		}
		got, err := contents(t.Context(), direct, "")
		must(t, err)
		same(t, "afterwards", got, map[string]string{"lock": theirs})
	}
}

// Something in front of the server loses the end of a body, and its length.
func TestABodyThatEndsTooEarlyIsReadOn(t *testing.T) {
	direct, server := bucket(t)
	must(t, direct.Put(t.Context(), "x", []byte(smallContent)))
	o, err := direct.Stat(t.Context(), "x")
	must(t, err)
	endpoint, w := between(t, server.Endpoint, func(n int, _ *http.Request) fault {
		if n > 1 {
			return nil
		}
		return func(out http.ResponseWriter, _ *http.Request, forward func() *http.Response) {
			answer := forward()
			defer answer.Body.Close() //nolint:errcheck // only read
			for _, name := range []string{"ETag", "Last-Modified"} {
				out.Header().Set(name, answer.Header.Get(name))
			}
			_, err := io.CopyN(out, answer.Body, 10_000)
			must(t, errors.Join(err, http.NewResponseController(out).Flush()))
			time.Sleep(50 * time.Millisecond) // so that the end comes alone
		}
	})
	s := open(t, server.URLThrough(endpoint))
	s.Hurry(2, time.Millisecond, time.Millisecond)
	got, err := readAll(t.Context(), s, o)
	must(t, err)
	if got != smallContent || len(w.seen()) != 2 || w.seen()[1].Header.Get("Range") != "bytes=10000-" {
		t.Errorf("read %d of %d bytes in %d requests, want all in 2, the second from byte 10000", len(got), len(smallContent), len(w.seen()))
	}
}

// A server that knows no conditions gives what stands there now.
func TestAnotherVersionIsNotReadFromAServerWithoutConditions(t *testing.T) {
	direct, server := bucket(t)
	must(t, direct.Put(t.Context(), "x", []byte("listed")))
	o, err := direct.Stat(t.Context(), "x")
	must(t, err)
	endpoint, _ := between(t, server.Endpoint, func(int, *http.Request) fault {
		return func(out http.ResponseWriter, _ *http.Request, _ func() *http.Response) {
			out.Header().Set("ETag", `"another"`)
			out.Header().Set("Last-Modified", o.Modified.Format(http.TimeFormat))
			_, _ = io.WriteString(out, "newer!")
		}
	})
	if content, err := readAll(t.Context(), open(t, server.URLThrough(endpoint)), o); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("read %q, error %v, want ErrChanged", content, err)
	}
}
