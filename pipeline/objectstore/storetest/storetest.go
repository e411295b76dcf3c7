// Package storetest is the conformance suite of object stores: whatever passes
// it can hold guichet's inputs and results.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/pipeline/objectstore"
)

// Run checks a store. open gives an empty one, as often as it is asked.
func Run(t *testing.T, open func(t *testing.T) objectstore.Store) {
	for name, check := range map[string]func(*testing.T, objectstore.Store){
		"what was put is read":                      roundTrip,
		"put replaces":                              replace,
		"an old version is not read":                oldVersion,
		"missing objects":                           missing,
		"keys come in byte order":                   order,
		"a listing ends early":                      early,
		"names of every kind":                       names,
		"bad keys are refused":                      badKeys,
		"move keeps content":                        move,
		"move done before a crash":                  moveAgain,
		"move of another version":                   moveChanged,
		"move replaces":                             moveReplaces,
		"move to its own key":                       moveToItself,
		"put where nothing is":                      putNew,
		"many put where nothing is":                 oneWinner,
		"large objects":                             large,
		"replaced while it is read":                 replacedWhileRead,
		"a listing of several pages":                pages,
		"delete":                                    remove,
		"a cancelled context":                       cancelled,
		"readers and writers of one key at once":    concurrent,
		"any sequence of operations, against a map": model,
	} {
		t.Run(name, func(t *testing.T) { check(t, open(t)) })
	}
}

func put(t testing.TB, s objectstore.Store, key, content string) objectstore.Object {
	t.Helper()
	if err := s.Put(t.Context(), key, []byte(content)); err != nil {
		t.Fatalf("Put(%q): %v", key, err)
	}
	o, err := s.Stat(t.Context(), key)
	if err != nil {
		t.Fatalf("Stat(%q) after Put: %v", key, err)
	}
	return o
}

func read(ctx context.Context, s objectstore.Store, o objectstore.Object) (string, error) {
	r, err := s.Open(ctx, o)
	if err != nil {
		return "", err
	}
	content, err := io.ReadAll(r)
	return string(content), errors.Join(err, r.Close())
}

func mustRead(t testing.TB, s objectstore.Store, key string) string {
	t.Helper()
	o, err := s.Stat(t.Context(), key)
	if err != nil {
		t.Fatalf("Stat(%q): %v", key, err)
	}
	content, err := read(t.Context(), s, o)
	if err != nil {
		t.Fatalf("reading %q: %v", key, err)
	}
	return content
}

func keys(t testing.TB, s objectstore.Store, prefix string) []string {
	t.Helper()
	var got []string
	for o, err := range s.List(t.Context(), prefix) {
		if err != nil {
			t.Fatalf("List(%q): %v", prefix, err)
		}
		got = append(got, o.Key)
	}
	return got
}

func same[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func is(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got error %v, want %v", what, err, want)
	}
}

func roundTrip(t *testing.T, s objectstore.Store) {
	for key, content := range map[string]string{
		"empty": "", "outbox/a/b/r1/small": "text", "outbox/a/b/r1/large": strings.Repeat("0123456789abcdef", 400_000),
	} {
		o := put(t, s, key, content)
		if o.Key != key || o.Size != int64(len(content)) || o.Modified.IsZero() || o.Version == "" {
			t.Errorf("Stat(%q) = %+v, want size %d, a time and a version", key, o, len(content))
		}
		if got := mustRead(t, s, key); got != content {
			t.Errorf("%q: read %d bytes that differ from the %d put", key, len(got), len(content))
		}
		for listed, err := range s.List(t.Context(), key) {
			if err != nil {
				t.Fatal(err)
			}
			same(t, "listed and looked up", listed, o)
		}
	}
}

func replace(t *testing.T, s objectstore.Store) {
	first := put(t, s, "a/b", "first")
	second := put(t, s, "a/b", "other") // same size
	if first.Version == second.Version {
		t.Error("two contents have one version")
	}
	same(t, "content", mustRead(t, s, "a/b"), "other")
	same(t, "keys", keys(t, s, ""), []string{"a/b"})
}

func oldVersion(t *testing.T, s objectstore.Store) {
	old := put(t, s, "a/b", "first")
	put(t, s, "a/b", "other")
	_, err := read(t.Context(), s, old)
	is(t, "reading an old version", err, objectstore.ErrChanged)
}

func missing(t *testing.T, s objectstore.Store) {
	same(t, "keys of an empty store", keys(t, s, ""), nil)
	same(t, "keys of a prefix without objects", keys(t, s, "inbox/"), nil)
	_, err := s.Stat(t.Context(), "inbox/none")
	is(t, "Stat", err, objectstore.ErrNotFound)
	put(t, s, "a/b/c", "x")
	_, err = s.Stat(t.Context(), "a/b")
	is(t, "Stat of what is a folder at most", err, objectstore.ErrNotFound)
	_, err = s.Stat(t.Context(), "a/b/c/d")
	is(t, "Stat below an object", err, objectstore.ErrNotFound)
	gone := put(t, s, "a/gone", "x")
	if err := s.Delete(t.Context(), "a/gone"); err != nil {
		t.Fatal(err)
	}
	_, err = read(t.Context(), s, gone)
	is(t, "reading", err, objectstore.ErrNotFound)
	is(t, "moving", s.Move(t.Context(), gone, "a/elsewhere"), objectstore.ErrNotFound)
}

func order(t *testing.T, s objectstore.Store) {
	want := []string{"in/a+b", "in/a-b/x", "in/a.zip", "in/a/1", "in/a/10", "in/a/2", "in/a/b/c", "in/a0", "in/ab", "in/Ã©", "in/é", "other/x", "outbox"}
	slices.Sort(want)
	for _, key := range []int{5, 2, 0, 12, 7, 1, 3, 11, 4, 6, 10, 8, 9} {
		put(t, s, want[key], "x")
	}
	same(t, "all keys", keys(t, s, ""), want)
	for _, prefix := range []string{"in/", "in/a", "in/a/", "in/a/1", "o", "outbox", "outbox/", "in/a.zip", "nothing", "in/é"} {
		var below []string
		for _, key := range want {
			if strings.HasPrefix(key, prefix) {
				below = append(below, key)
			}
		}
		same(t, "keys of prefix "+prefix, keys(t, s, prefix), below)
	}
}

func early(t *testing.T, s objectstore.Store) {
	put(t, s, "a/b/1", "x")
	put(t, s, "a/c/2", "x")
	for o, err := range s.List(t.Context(), "a/") {
		same(t, "first key", o.Key, "a/b/1")
		is(t, "its error", err, nil)
		break
	}
}

func names(t *testing.T, s objectstore.Store) {
	want := []string{"x/100%.pdf", "x/a b.pdf", "x/a%20b.pdf", "x/a+b?c#d&e=f.pdf", "x/bon de commande n°1.pdf", "x/e\u0301.pdf", "x/\u00e9.pdf", "x/'\"<>|*:.pdf", "x/.hidden", "x/ ", "x/" + strings.Repeat("l", 200)}
	slices.Sort(want)
	for _, key := range want {
		put(t, s, key, key)
	}
	same(t, "keys", keys(t, s, "x/"), want)
	for _, key := range want {
		same(t, "content", mustRead(t, s, key), key)
		o, err := s.Stat(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Move(t.Context(), o, "y"+key[1:]); err != nil {
			t.Errorf("Move(%q): %v", key, err)
		}
		same(t, "content after the move", mustRead(t, s, "y"+key[1:]), key)
	}
	same(t, "keys left", keys(t, s, "x/"), nil)
}

func badKeys(t *testing.T, s objectstore.Store) {
	good := put(t, s, "good", "x")
	for _, key := range []string{"", "/", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "../a", `a\b`, "a\x00b", "a\nb", "a\u0085b", "a\xffb", strings.Repeat("k", 1025)} {
		is(t, fmt.Sprintf("Put(%q)", key), s.Put(t.Context(), key, []byte("x")), objectstore.ErrBadKey)
		_, err := s.Stat(t.Context(), key)
		is(t, fmt.Sprintf("Stat(%q)", key), err, objectstore.ErrBadKey)
		is(t, fmt.Sprintf("Delete(%q)", key), s.Delete(t.Context(), key), objectstore.ErrBadKey)
		is(t, fmt.Sprintf("Move to %q", key), s.Move(t.Context(), good, key), objectstore.ErrBadKey)
		_, err = s.Open(t.Context(), objectstore.Object{Key: key, Version: good.Version})
		is(t, fmt.Sprintf("Open(%q)", key), err, objectstore.ErrBadKey)
	}
	same(t, "keys", keys(t, s, ""), []string{"good"})
}

func move(t *testing.T, s objectstore.Store) {
	o := put(t, s, "inbox/a/b/template.csv", "rows")
	if err := s.Move(t.Context(), o, "archive/a/b/r1/template.csv"); err != nil {
		t.Fatal(err)
	}
	same(t, "keys", keys(t, s, ""), []string{"archive/a/b/r1/template.csv"})
	same(t, "content", mustRead(t, s, "archive/a/b/r1/template.csv"), "rows")
	if err := s.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func moveAgain(t *testing.T, s objectstore.Store) {
	o := put(t, s, "inbox/a/b/template.csv", "rows")
	for range 2 {
		if err := s.Move(t.Context(), o, "archive/a/b/r1/template.csv"); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "content", mustRead(t, s, "archive/a/b/r1/template.csv"), "rows")
	put(t, s, "archive/a/b/r1/template.csv", "longer rows")
	is(t, "moving what is gone where something else stands", s.Move(t.Context(), o, "archive/a/b/r1/template.csv"), objectstore.ErrNotFound)
}

func moveChanged(t *testing.T, s objectstore.Store) {
	old := put(t, s, "inbox/a/b/template.csv", "rows")
	put(t, s, "inbox/a/b/template.csv", "new!")
	is(t, "moving", s.Move(t.Context(), old, "archive/a/b/r1/template.csv"), objectstore.ErrChanged)
	same(t, "keys", keys(t, s, ""), []string{"inbox/a/b/template.csv"})
	same(t, "content", mustRead(t, s, "inbox/a/b/template.csv"), "new!")
}

func moveReplaces(t *testing.T, s objectstore.Store) {
	put(t, s, "b/x", "old")
	o := put(t, s, "a/x", "new")
	if err := s.Move(t.Context(), o, "b/x"); err != nil {
		t.Fatal(err)
	}
	same(t, "keys", keys(t, s, ""), []string{"b/x"})
	same(t, "content", mustRead(t, s, "b/x"), "new")
}

func remove(t *testing.T, s objectstore.Store) {
	put(t, s, "a/x", "1")
	put(t, s, "a/y", "2")
	for range 2 {
		if err := s.Delete(t.Context(), "a/x"); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "keys", keys(t, s, ""), []string{"a/y"})
	if err := s.Delete(t.Context(), "b/never/was"); err != nil {
		t.Error(err)
	}
}

func cancelled(t *testing.T, s objectstore.Store) {
	o := put(t, s, "a/x", "1")
	reading, stop := context.WithCancel(t.Context())
	r, err := s.Open(reading, o)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	_, err = io.ReadAll(r)
	is(t, "Read", err, context.Canceled)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	_, err = s.Stat(reading, "a/x")
	is(t, "Stat", err, context.Canceled)
	is(t, "Put", s.Put(reading, "a/y", []byte("2")), context.Canceled)
	is(t, "Move", s.Move(reading, o, "a/z"), context.Canceled)
	is(t, "Delete", s.Delete(reading, "a/x"), context.Canceled)
	_, err = s.Open(reading, o)
	is(t, "Open", err, context.Canceled)
	var listing error
	for _, err := range s.List(reading, "") {
		listing = err
	}
	is(t, "List", listing, context.Canceled)
	same(t, "keys", keys(t, s, ""), []string{"a/x"})
}

func concurrent(t *testing.T, s objectstore.Store) {
	contents := []string{strings.Repeat("a", 100_000), strings.Repeat("b", 70_000), strings.Repeat("c", 100_000)}
	put(t, s, "a/x", contents[0])
	var writers, readers sync.WaitGroup
	done := make(chan struct{})
	for _, content := range contents {
		writers.Go(func() {
			for range 5 {
				if err := s.Put(t.Context(), "a/x", []byte(content)); err != nil {
					t.Errorf("Put: %v", err)
				}
			}
		})
	}
	readers.Go(func() {
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			o, err := s.Stat(t.Context(), "a/x")
			if err != nil {
				t.Errorf("Stat while others write: %v", err)
				return
			}
			got, err := read(t.Context(), s, o)
			if errors.Is(err, objectstore.ErrChanged) {
				continue
			}
			if err != nil || !slices.Contains(contents, got) {
				t.Errorf("read %d bytes that nobody wrote, error %v", len(got), err)
				return
			}
		}
	})
	writers.Wait()
	close(done)
	readers.Wait()
}

// model applies random operations to the store and to a map and expects the
// same answers.
func model(t *testing.T, s objectstore.Store) {
	run := 0
	rapid.Check(t, func(r *rapid.T) {
		run++
		prefix := fmt.Sprintf("run-%d/", run)
		want := map[string]string{}
		key := rapid.Custom(func(r *rapid.T) string {
			return prefix + rapid.SampledFrom([]string{"a/1", "a/2", "a/b/1", "a.b/1", "c", "d/e/f/g/h"}).Draw(r, "key")
		})
		stat := func(k string) (objectstore.Object, bool) {
			o, err := s.Stat(t.Context(), k)
			_, there := want[k]
			if there && err != nil || !there && !errors.Is(err, objectstore.ErrNotFound) {
				r.Fatalf("Stat(%q): %v, there: %v", k, err, there)
			}
			return o, there
		}
		r.Repeat(map[string]func(*rapid.T){
			"put": func(r *rapid.T) {
				k, content := key.Draw(r, "key"), rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(r, "content")
				if err := s.Put(t.Context(), k, content); err != nil {
					r.Fatal(err)
				}
				want[k] = string(content)
			},
			"put new": func(r *rapid.T) {
				k, content := key.Draw(r, "key"), rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(r, "content")
				_, there := want[k]
				err := s.PutNew(t.Context(), k, content)
				if there && !errors.Is(err, objectstore.ErrExists) || !there && err != nil {
					r.Fatalf("PutNew(%q): %v, there: %v", k, err, there)
				}
				if !there {
					want[k] = string(content)
				}
			},
			"delete": func(r *rapid.T) {
				k := key.Draw(r, "key")
				if err := s.Delete(t.Context(), k); err != nil {
					r.Fatal(err)
				}
				delete(want, k)
			},
			"move": func(r *rapid.T) {
				from, to := key.Draw(r, "from"), key.Draw(r, "to")
				o, there := stat(from)
				if !there || from == to {
					r.Skip()
				}
				if err := s.Move(t.Context(), o, to); err != nil {
					r.Fatal(err)
				}
				want[to] = want[from]
				delete(want, from)
			},
			"": func(r *rapid.T) {
				got := map[string]string{}
				var listed []string
				for o, err := range s.List(t.Context(), prefix) {
					if err != nil {
						r.Fatal(err)
					}
					content, err := read(t.Context(), s, o)
					if err != nil {
						r.Fatal(err)
					}
					if !bytes.Equal([]byte(content), []byte(want[o.Key])) || o.Size != int64(len(content)) {
						r.Fatalf("%q holds %q, want %q", o.Key, content, want[o.Key])
					}
					listed = append(listed, o.Key)
					got[o.Key] = content
				}
				if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), listed); diff != "" {
					r.Fatalf("keys (-want +got):\n%s", diff)
				}
			},
		})
	})
}
