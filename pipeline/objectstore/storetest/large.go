package storetest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"guichet/pipeline/objectstore"
)

// largeSize is more than any store writes at once.
const largeSize = 35<<20 + 12345 // bytes

// content gives bytes of which no two stretches are the same.
func content(size int, seed byte) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(data) // never fails
	return data
}

func large(t *testing.T, s objectstore.Store) {
	first, second := string(content(largeSize, 1)), string(content(largeSize, 2))
	put(t, s, "outbox/a/b/r1/rapport.xlsx", first)
	if mustRead(t, s, "outbox/a/b/r1/rapport.xlsx") != first {
		t.Fatal("what is read is not what was put")
	}
	o := put(t, s, "outbox/a/b/r1/rapport.xlsx", second)
	if o.Size != largeSize {
		t.Errorf("size: got %d, want %d", o.Size, largeSize)
	}
	if err := s.Move(t.Context(), o, "archive/a/b/r1/rapport.xlsx"); err != nil {
		t.Fatal(err)
	}
	same(t, "keys", keys(t, s, ""), []string{"archive/a/b/r1/rapport.xlsx"})
	if mustRead(t, s, "archive/a/b/r1/rapport.xlsx") != second {
		t.Error("what is read after the move is not what was put")
	}
	is(t, "PutNew where one stands", s.PutNew(t.Context(), "archive/a/b/r1/rapport.xlsx", []byte(first)), objectstore.ErrExists)
	if mustRead(t, s, "archive/a/b/r1/rapport.xlsx") != second {
		t.Error("what is read after PutNew is not what was put")
	}
	if err := s.PutNew(t.Context(), "outbox/a/b/r2/rapport.xlsx", []byte(first)); err != nil {
		t.Fatal(err)
	}
	if mustRead(t, s, "outbox/a/b/r2/rapport.xlsx") != first {
		t.Error("what is read is not what PutNew wrote")
	}
}

// replacedWhileRead: a reader gets one version whole, or ErrChanged.
func replacedWhileRead(t *testing.T, s objectstore.Store) {
	first, second := string(content(largeSize, 3)), string(content(largeSize, 4))
	o := put(t, s, "inbox/a/b/bon.pdf", first)
	r, err := s.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	begin := make([]byte, 1000)
	if _, err := io.ReadFull(r, begin); err != nil {
		t.Fatal(err)
	}
	put(t, s, "inbox/a/b/bon.pdf", second)
	rest, err := io.ReadAll(r)
	if err == nil && string(begin)+string(rest) != first || err != nil && !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("read %d bytes, error %v: want the version that was opened or ErrChanged", len(begin)+len(rest), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	_, err = s.Open(t.Context(), o)
	is(t, "opening the old version", err, objectstore.ErrChanged)
}

// pages: more keys than a store tells at once.
func pages(t *testing.T, s objectstore.Store) {
	const batches, documents = 15, 150 // lot-1 is also the beginning of lot-10 to lot-14
	var want []string
	writers, ctx := errgroup.WithContext(t.Context())
	writers.SetLimit(16)
	for batch := range batches {
		for document := range documents {
			key := fmt.Sprintf("inbox/lot-%d/bon %d.pdf", batch, document)
			want = append(want, key)
			writers.Go(func() error { return s.Put(ctx, key, []byte(key)) })
		}
	}
	if err := writers.Wait(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	same(t, "all keys", keys(t, s, ""), want)
	var below []string
	for _, key := range want {
		if strings.HasPrefix(key, "inbox/lot-1") {
			below = append(below, key)
		}
	}
	same(t, "keys of a prefix", keys(t, s, "inbox/lot-1"), below)

	// A reader that stops on the second page, and one that is stopped.
	n := 0
	for _, err := range s.List(t.Context(), "inbox/") {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1500 {
			break
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	n = 0
	var last error
	for _, err := range s.List(ctx, "inbox/") {
		if last = err; err == nil {
			n++
		}
		if n == 1200 {
			stop()
		}
	}
	is(t, "a listing that is stopped", last, context.Canceled)
	same(t, "objects before it was stopped", n, 1200)
}
