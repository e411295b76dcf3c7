package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"guichet/pipeline/objectstore"
)

func putNew(t *testing.T, s objectstore.Store) {
	if err := s.PutNew(t.Context(), "outbox/a/b/r1/receipt.json", []byte("first")); err != nil {
		t.Fatal(err)
	}
	same(t, "content", mustRead(t, s, "outbox/a/b/r1/receipt.json"), "first")
	for _, data := range []string{"other", "", "longer than the first"} {
		is(t, fmt.Sprintf("PutNew(%q)", data), s.PutNew(t.Context(), "outbox/a/b/r1/receipt.json", []byte(data)), objectstore.ErrExists)
	}
	is(t, "PutNew of the same", s.PutNew(t.Context(), "outbox/a/b/r1/receipt.json", []byte("first")), objectstore.ErrExists)
	same(t, "content", mustRead(t, s, "outbox/a/b/r1/receipt.json"), "first")
	if err := s.Delete(t.Context(), "outbox/a/b/r1/receipt.json"); err != nil {
		t.Fatal(err)
	}
	if err := s.PutNew(t.Context(), "outbox/a/b/r1/receipt.json", nil); err != nil {
		t.Fatal(err)
	}
	same(t, "content", mustRead(t, s, "outbox/a/b/r1/receipt.json"), "")
	for _, key := range []string{"", "a//b", "../a", "a\nb"} {
		is(t, fmt.Sprintf("PutNew(%q)", key), s.PutNew(t.Context(), key, []byte("x")), objectstore.ErrBadKey)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	is(t, "PutNew after the end", s.PutNew(ended, "a/new", []byte("x")), context.Canceled)
	same(t, "keys", keys(t, s, ""), []string{"outbox/a/b/r1/receipt.json"})
}

// oneWinner: of many that put one key at once, one does, and the others know.
func oneWinner(t *testing.T, s objectstore.Store) {
	const writers = 16
	var all sync.WaitGroup
	errs := make([]error, writers)
	contents := make([]string, writers)
	for i := range writers {
		contents[i] = strings.Repeat(string(rune('a'+i)), 10_000+i)
		all.Go(func() { errs[i] = s.PutNew(t.Context(), "operators/lock", []byte(contents[i])) })
	}
	all.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won >= 0:
			t.Errorf("writers %d and %d both won", won, i)
		case err == nil:
			won = i
		case !errors.Is(err, objectstore.ErrExists):
			t.Errorf("writer %d: got error %v, want ErrExists", i, err)
		}
	}
	if won < 0 {
		t.Fatal("nobody won")
	}
	same(t, "content", mustRead(t, s, "operators/lock"), contents[won])
}

func moveToItself(t *testing.T, s objectstore.Store) {
	old := put(t, s, "a/x", "old")
	o := put(t, s, "a/x", "new")
	if err := s.Move(t.Context(), o, "a/x"); err != nil {
		t.Fatal(err)
	}
	is(t, "an old version", s.Move(t.Context(), old, "a/x"), objectstore.ErrChanged)
	same(t, "keys", keys(t, s, ""), []string{"a/x"})
	same(t, "content", mustRead(t, s, "a/x"), "new")
}
