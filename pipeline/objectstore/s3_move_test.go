package objectstore_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"

	"guichet/pipeline/objectstore"
)

// A supplier who drops another content between the copy and the removal finds
// it in the inbox, and the archive holds what was listed.
func TestAMoveRemovesNothingNewer(t *testing.T) {
	direct, server := bucket(t)
	must(t, direct.Put(t.Context(), "inbox/a", []byte("listed")))
	o, err := direct.Stat(t.Context(), "inbox/a")
	must(t, err)
	endpoint, w := between(t, server.Endpoint, func(_ int, r *http.Request) fault {
		if r.Method == http.MethodDelete {
			must(t, direct.Put(t.Context(), "inbox/a", []byte("newer!")))
		}
		return nil
	})
	s := open(t, server.URLThrough(endpoint))
	must(t, s.Move(t.Context(), o, "archive/a"))
	got, err := contents(t.Context(), direct, "")
	must(t, err)
	same(t, "after the move", got, map[string]string{"archive/a": "listed", "inbox/a": "newer!"})
	if n := len(w.seen()); n != 2 {
		t.Errorf("requests: got %d, want a copy and a removal", n)
	}
}

// What is too large for one copy is copied in parts, each of the listed version.
func TestALargeObjectIsCopiedInParts(t *testing.T) {
	direct, server := bucket(t)
	must(t, direct.Put(t.Context(), "inbox/a", []byte(largeContent)))
	o, err := direct.Stat(t.Context(), "inbox/a")
	must(t, err)
	endpoint, w := between(t, server.Endpoint, func(int, *http.Request) fault { return nil })
	must(t, shrunk(t, server.URLThrough(endpoint)).Move(t.Context(), o, "archive/a"))
	var parts []string
	for _, r := range w.seen() {
		if r.Header.Get("X-Amz-Copy-Source-If-Match") == o.Version && r.URL.Query().Has("partNumber") {
			parts = append(parts, r.Header.Get("X-Amz-Copy-Source-Range"))
		}
	}
	if want := []string{"bytes=0-5242879", "bytes=5242880-5242979"}; !slices.Equal(parts, want) {
		t.Errorf("parts: got %q, want %q", parts, want)
	}
	must(t, direct.Put(t.Context(), "inbox/a", []byte(largeContent2)))
	if err := shrunk(t, server.URL()).Move(t.Context(), o, "archive/b"); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("moving another version: got error %v, want ErrChanged", err)
	}
	for upload := range direct.Uploads(t.Context()) {
		t.Errorf("parts of %q were left behind", upload.Key)
	}
}

// Large contents are uploaded in parts, and a failure leaves none behind.
func TestALargeContentIsUploadedInParts(t *testing.T) {
	direct, server := bucket(t)
	endpoint, w := between(t, server.Endpoint, func(_ int, r *http.Request) fault {
		if r.URL.Query().Get("partNumber") == "2" {
			return answering(http.StatusForbidden, "AccessDenied")
		}
		return nil
	})
	if err := shrunk(t, server.URLThrough(endpoint)).Put(t.Context(), "a", []byte(largeContent)); !errors.Is(err, objectstore.ErrRefused) {
		t.Errorf("got error %v, want ErrRefused", err)
	}
	if last := w.seen()[len(w.seen())-1]; last.Method != http.MethodDelete {
		t.Errorf("last request: got %s, want that the parts are given up", last.Method)
	}
	for upload := range direct.Uploads(t.Context()) {
		t.Errorf("parts of %q were left behind", upload.Key)
	}
}

// Keys that guichet cannot use are told, and the listing goes on; folders that
// some tools make are nothing.
func TestOddKeysOfABucket(t *testing.T) {
	s, server := bucket(t)
	for key, content := range map[string]string{
		"inbox/a/b/good.pdf":        "good",
		"inbox/a/b/back\\slash.pdf": "x",
		"inbox/a/b/line\nfeed.pdf":  "x",
		"inbox/a/b/folder/":         "",
		"inbox/":                    "",
		"inbox/z.pdf":               "good",
	} {
		_, err := server.Admin().Client.PutObject(t.Context(), server.Bucket, key, strings.NewReader(content), int64(len(content)), minio.PutObjectOptions{})
		must(t, err)
	}
	keys, odd := list(t, s, "inbox/")
	if want := []string{"inbox/a/b/good.pdf", "inbox/z.pdf"}; !slices.Equal(keys, want) {
		t.Errorf("keys: got %q, want %q", keys, want)
	}
	for _, key := range []string{"inbox/a/b/back\\slash.pdf", "inbox/a/b/line\nfeed.pdf"} {
		if !errors.Is(odd[key], objectstore.ErrBadKey) {
			t.Errorf("%q: got error %v, want ErrBadKey", key, odd[key])
		}
	}
	if len(odd) != 2 {
		t.Errorf("odd keys: got %v, want 2", odd)
	}
}

// A server whose pages are out of order would hide objects from the next page.
func TestAListingOutOfOrderIsAnError(t *testing.T) {
	_, server := bucket(t)
	const unordered = `<ListBucketResult><Contents><Key>b</Key><Size>1</Size></Contents><Contents><Key>a</Key><Size>1</Size></Contents></ListBucketResult>`
	endpoint, _ := between(t, server.Endpoint, func(int, *http.Request) fault {
		return func(out http.ResponseWriter, _ *http.Request, _ func() *http.Response) {
			_, _ = bytes.NewReader([]byte(unordered)).WriteTo(out)
		}
	})
	var last error
	for _, err := range open(t, server.URLThrough(endpoint)).List(t.Context(), "") {
		last = err
	}
	if !errors.Is(last, objectstore.ErrRefused) {
		t.Errorf("got error %v, want ErrRefused", last)
	}
}
