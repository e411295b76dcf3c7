package publish

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
)

// Set is what is published of one revision of a batch.
type Set struct {
	Revision claim.Revision
	// Results are the claims that this revision evaluated, in any order;
	// claims carried over from an earlier revision are not among them.
	Results []claim.Result
	// Withdrawn are the acceptances that this revision takes back, as they
	// were published: with their dossier and amounts, and the reason in
	// Withdrawal. What becomes of their claims stands in Results.
	Withdrawn []claim.Result
}

// Output is one object of a published set.
type Output struct {
	Key  string
	Name string // the key's last part
	Data []byte
}

// The ways in which publishing fails for other reasons than the store's.
var (
	// ErrInconsistent: the set cannot be published as it is.
	ErrInconsistent = errors.New("inconsistent results")
	// ErrConflict: the revision has a receipt already, with other content.
	ErrConflict = errors.New("the revision is already published with other content")
	// ErrReadBack: an object read back is not what was put.
	ErrReadBack = errors.New("the object read back is not what was written")
)

// place gives the folder of a revision's objects below one of the store's top
// folders, with a slash at its end.
func place(top string, r claim.Revision) string {
	return fmt.Sprintf("%s/%s/%s/r%d/", top, r.Supplier, r.Batch, r.Number)
}

// Publish puts the objects of a set into the store, each read back and
// compared, the receipt last, and gives the receipt's digest. Publishing the
// same set again changes nothing; a receipt with other content stays, and is
// ErrConflict.
func Publish(ctx context.Context, store objectstore.Store, set Set) (receiptSHA256 string, err error) {
	outputs, err := Render(set)
	if err != nil {
		return "", fmt.Errorf("batch %s/%s: %w", set.Revision.Supplier, set.Revision.Batch, err)
	}
	last := len(outputs) - 1
	receipt := outputs[last]
	if _, err := standing(ctx, store, receipt); err != nil {
		return "", fmt.Errorf("looking for the receipt: %w", err)
	}
	for _, output := range outputs[:last] {
		if err := put(ctx, store, output, store.Put); err != nil {
			return "", fmt.Errorf("publishing %s: %w", output.Name, err)
		}
	}
	err = put(ctx, store, receipt, store.PutNew)
	if errors.Is(err, objectstore.ErrExists) {
		var there bool
		if there, err = standing(ctx, store, receipt); err == nil && !there {
			err = objectstore.ErrChanged // somebody else's, and gone again
		}
	}
	if err != nil {
		return "", fmt.Errorf("publishing %s: %w", receipt.Name, err)
	}
	return digest(receipt.Data), nil
}

// standing tells whether a receipt stands already; another one in its place is
// ErrConflict.
func standing(ctx context.Context, store objectstore.Store, receipt Output) (bool, error) {
	published, err := stored(ctx, store, receipt.Key)
	switch {
	case errors.Is(err, objectstore.ErrNotFound):
		return false, nil
	case err != nil:
		return false, err
	case published != digest(receipt.Data):
		return false, fmt.Errorf("%s: %w", receipt.Key, ErrConflict)
	}
	return true, nil
}

// put puts an object by one of the store's ways and reads it back.
func put(ctx context.Context, store objectstore.Store, output Output, by func(context.Context, string, []byte) error) error {
	if err := by(ctx, output.Key, output.Data); err != nil {
		return err
	}
	sum, err := stored(ctx, store, output.Key)
	if err != nil {
		return fmt.Errorf("reading back: %w", err)
	}
	if sum != digest(output.Data) {
		return ErrReadBack
	}
	return nil
}

// stored gives the digest of the object of a key as it stands.
func stored(ctx context.Context, store objectstore.Store, key string) (string, error) {
	o, err := store.Stat(ctx, key)
	if err != nil {
		return "", err
	}
	return hash(ctx, store, o)
}

func hash(ctx context.Context, store objectstore.Store, o objectstore.Object) (string, error) {
	r, err := store.Open(ctx, o)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	n, err := io.Copy(h, r)
	if err = errors.Join(err, r.Close()); err == nil && n != o.Size {
		// Not ErrChanged: what was cut short is read again, what changed is not.
		err = fmt.Errorf("%q: %d bytes of %d were read: %w", o.Key, n, o.Size, io.ErrUnexpectedEOF)
	}
	if err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
