package publish

import (
	"context"
	"errors"
	"fmt"
	"path"
	"strings"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
)

const readyMarker = "_READY"

// LeftError names inputs that stay in the inbox because they are not those of
// the revision any more: the supplier dropped others under the same names,
// which the next run takes in. Everything else is archived. It wraps
// [objectstore.ErrChanged].
type LeftError struct{ Keys []string }

// Error names the keys.
func (e *LeftError) Error() string {
	return fmt.Sprintf("left in the inbox, replaced since they were read: %q", e.Keys)
}

// Unwrap gives the class of the error.
func (e *LeftError) Unwrap() error { return objectstore.ErrChanged }

// Archive moves the inputs of a published revision to
// archive/<SIRET>/<batch>/r<N>/ and removes _READY. Each is hashed first: only
// what the revision was made from is moved. After a crash it goes on where it
// stopped.
func Archive(ctx context.Context, store objectstore.Store, revision claim.Revision) error {
	inbox := fmt.Sprintf("inbox/%s/%s/", revision.Supplier, revision.Batch)
	folder := place("archive", revision)
	var left []string
	var moves []objectstore.Object
	for _, input := range revision.Inputs {
		state, o, err := stateOf(ctx, store, input, target(inbox, folder, input.Key))
		switch {
		case err != nil:
			return fmt.Errorf("archiving %q: %w", input.Key, err)
		case state == toMove:
			moves = append(moves, o)
		case state == replaced:
			left = append(left, input.Key)
		}
	}
	// The marker goes before the inputs: a crash in between leaves a batch
	// that the ledger knows, never a marker alone, which would be a new batch.
	// With nothing left to move it is a later delivery's.
	if len(moves) > 0 || len(revision.Inputs) == 0 {
		if err := store.Delete(ctx, inbox+readyMarker); err != nil {
			return fmt.Errorf("archiving: %w", err)
		}
	}
	for _, o := range moves {
		err := store.Move(ctx, o, target(inbox, folder, o.Key))
		switch {
		case errors.Is(err, objectstore.ErrChanged):
			left = append(left, o.Key)
		case err != nil:
			return fmt.Errorf("archiving: %w", err)
		}
	}
	if err := store.Sync(ctx); err != nil {
		return fmt.Errorf("archiving: %w", err)
	}
	if len(left) > 0 {
		return &LeftError{left}
	}
	return nil
}

// target gives the key of an input in the archive.
func target(inbox, folder, key string) string {
	if inner, ok := strings.CutPrefix(key, inbox); ok {
		return folder + inner
	}
	return folder + path.Base(key) // a ZIP, which lies beside the batch's folder
}

// inputState tells where an input of a revision is.
type inputState int

const (
	archived inputState = iota // in the archive; what the inbox may hold under its name is a later delivery
	toMove                     // in the inbox
	replaced                   // in neither: the inbox holds another content under its name
)

// stateOf looks for an input in the inbox and, under the key to, in the
// archive. The object is the inbox's when it is to be moved.
func stateOf(ctx context.Context, store objectstore.Store, input claim.Object, to string) (inputState, objectstore.Object, error) {
	o, err := store.Stat(ctx, input.Key)
	inInbox := err == nil
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		return 0, o, err
	}
	moved, err := store.Stat(ctx, to)
	inArchive := err == nil && moved.Size == input.Size
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		return 0, o, err
	}
	switch {
	case !inInbox && !inArchive:
		return 0, o, fmt.Errorf("%w, neither in the inbox nor in the archive", objectstore.ErrNotFound)
	case !inInbox, inArchive && o.Modified.After(moved.Modified):
		return archived, o, nil
	}
	same, err := isStill(ctx, store, o, input)
	switch {
	case err != nil:
		return 0, o, err
	case same:
		return toMove, o, nil
	case inArchive:
		return archived, o, nil
	default:
		return replaced, o, nil
	}
}

func isStill(ctx context.Context, store objectstore.Store, o objectstore.Object, input claim.Object) (bool, error) {
	if o.Size != input.Size {
		return false, nil
	}
	sum, err := hash(ctx, store, o)
	if errors.Is(err, objectstore.ErrChanged) || errors.Is(err, objectstore.ErrNotFound) {
		return false, nil
	}
	return sum == input.SHA256, err
}
