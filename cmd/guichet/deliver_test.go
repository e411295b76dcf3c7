package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// deliver drops batches of the kind that its argument names, advances without
// one, into the inbox of the store in ./store, as a supplier would, with their
// documents, from lines on standard input: see [fixtures.Typed]. The first row is
// on line 2 of avance.csv; REF.pdf is its order.
func deliver() error {
	kind := claim.Advance
	if len(os.Args) > 1 {
		kind = claim.Kind(os.Args[1])
	}
	lines, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	batches, err := fixtures.Typed(kind, string(lines))
	if err != nil {
		return err
	}
	for _, batch := range batches {
		if err := batch.Write("store"); err != nil {
			return err
		}
	}
	return nil
}

// state prints all that must not change when nothing does: every object of
// ./store with its digest, and the head of the audit chain of ./ledger.db.
func state() error {
	err := filepath.WalkDir("store", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		fmt.Printf("%x  %s\n", sha256.Sum256(data), name)
		return err
	})
	if err != nil {
		return err
	}
	ctx := context.Background()
	book, err := ledger.Open(ctx, "sqlite://ledger.db")
	if err != nil {
		return err
	}
	head, err := book.Head(ctx)
	fmt.Printf("%d %s\n", head.Number, head.Digest)
	return errors.Join(err, book.Close())
}
