package publish

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
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
// stopped. A revision that no delivery made has no inputs: nothing is touched,
// for what lies in the inbox is a later delivery's.
func Archive(ctx context.Context, store objectstore.Store, revision claim.Revision) error {
	if revision.Cause != claim.Delivery {
		return nil
	}
	return archiving(store, revision).move(ctx)
}

// ArchiveKey gives the key of a revision's input in the archive.
func ArchiveKey(revision claim.Revision, input string) string {
	return archiving(nil, revision).target(input)
}

func archiving(store objectstore.Store, r claim.Revision) *transfer {
	return &transfer{store: store, inbox: inboxOf(r.Supplier, r.Batch), folder: place("archive", r), inputs: r.Inputs}
}

// ArchiveAgain moves a content that was processed before, and dropped again
// unchanged, to archive/<SIRET>/<batch>/again-<first 8 digits of its digest>/
// and removes _READY, as Archive does. After a crash it goes on where it
// stopped, given the same inputs; of several deliveries of one content the
// archive has one.
func ArchiveAgain(ctx context.Context, store objectstore.Store, supplier claim.SIRET, batch, digest string, inputs []claim.Object) error {
	t := &transfer{store: store, inbox: inboxOf(supplier, batch), folder: fmt.Sprintf("archive/%s/%s/again-%.8s/", supplier, batch, digest), inputs: inputs, again: true}
	return t.move(ctx)
}

func inboxOf(supplier claim.SIRET, batch string) string {
	return fmt.Sprintf("inbox/%s/%s/", supplier, batch)
}

// transfer is the inputs of a delivery on their way into the archive.
type transfer struct {
	store         objectstore.Store
	inbox, folder string // from the batch's folder to that, both with a slash at the end
	inputs        []claim.Object
	// again: what the inbox holds is moved even where the archive has it
	// already, from a delivery before.
	again bool
}

// target gives the key of an input in the archive. A ZIP lies beside the
// batch's folder; its name there is its own, unless a folder that was
// delivered at the same time holds something of that name.
func (t *transfer) target(key string) string {
	if inner, ok := strings.CutPrefix(key, t.inbox); ok {
		return t.folder + inner
	}
	name := path.Base(key)
	for slices.ContainsFunc(t.inputs, func(o claim.Object) bool { return strings.HasPrefix(o.Key+"/", t.inbox+name+"/") }) {
		name = "_" + name
	}
	return t.folder + name
}

// move moves what is not moved yet.
func (t *transfer) move(ctx context.Context) error {
	var left []string
	var moves, doubled []objectstore.Object
	for _, input := range t.inputs {
		state, o, err := t.stateOf(ctx, input)
		switch {
		case err != nil:
			return fmt.Errorf("archiving %q: %w", input.Key, err)
		case state == toMove:
			moves = append(moves, o)
		case state == inBoth:
			doubled = append(doubled, o)
		case state == replaced:
			left = append(left, input.Key)
		}
	}
	// Moves are made one after the other: a crash leaves one input in both
	// places at most. Several are a later delivery's.
	if len(doubled) == 1 {
		moves = append(doubled, moves...)
	}
	// The marker goes before the inputs: a crash in between leaves a batch
	// that the ledger knows, never a marker alone, which would be a new batch.
	// With nothing left to move it is a later delivery's.
	if len(moves) > 0 || len(t.inputs) == 0 {
		if err := t.store.Delete(ctx, t.inbox+readyMarker); err != nil {
			return fmt.Errorf("archiving: %w", err)
		}
	}
	for _, o := range moves {
		err := t.store.Move(ctx, o, t.target(o.Key))
		switch {
		case errors.Is(err, objectstore.ErrChanged):
			left = append(left, o.Key)
		case err != nil:
			return fmt.Errorf("archiving: %w", err)
		}
	}
	if err := t.store.Sync(ctx); err != nil {
		return fmt.Errorf("archiving: %w", err)
	}
	if len(left) > 0 {
		return &LeftError{left}
	}
	return nil
}

// inputState tells where an input of a delivery is.
type inputState int

const (
	archived inputState = iota // in the archive; what the inbox may hold under its name is a later delivery
	toMove                     // in the inbox
	inBoth                     // in the inbox, and in the archive as well
	replaced                   // not in the inbox, which holds another content under its name
)

// stateOf looks for an input in the inbox and in the archive. The object is
// the inbox's when it is to be moved.
func (t *transfer) stateOf(ctx context.Context, input claim.Object) (inputState, objectstore.Object, error) {
	o, err := t.store.Stat(ctx, input.Key)
	inInbox := err == nil
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		return 0, o, err
	}
	moved, err := t.store.Stat(ctx, t.target(input.Key))
	inArchive := err == nil && moved.Size == input.Size
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		return 0, o, err
	}
	switch {
	case !inInbox && !inArchive:
		return 0, o, fmt.Errorf("%w, neither in the inbox nor in the archive", objectstore.ErrNotFound)
	case !inInbox, inArchive && !t.again && o.Modified.After(moved.Modified):
		return archived, o, nil
	}
	same, err := isStill(ctx, t.store, o, input)
	switch {
	case err != nil:
		return 0, o, err
	case same && inArchive && !t.again:
		return inBoth, o, nil
	case same:
		return toMove, o, nil
	case inArchive && !t.again:
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
