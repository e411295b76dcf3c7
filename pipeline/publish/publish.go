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
// same set again changes nothing; a receipt with other content is ErrConflict.
func Publish(ctx context.Context, store objectstore.Store, set Set) (receiptSHA256 string, err error) {
	outputs, err := Render(set)
	if err != nil {
		return "", fmt.Errorf("batch %s/%s: %w", set.Revision.Supplier, set.Revision.Batch, err)
	}
	receipt := outputs[len(outputs)-1]
	receiptSHA256 = digest(receipt.Data)
	published, err := stored(ctx, store, receipt.Key)
	if err != nil && !errors.Is(err, objectstore.ErrNotFound) {
		return "", fmt.Errorf("looking for the receipt: %w", err)
	}
	if err == nil && published != receiptSHA256 {
		return "", fmt.Errorf("%s: %w", receipt.Key, ErrConflict)
	}
	for _, output := range outputs {
		if err := put(ctx, store, output); err != nil {
			return "", fmt.Errorf("publishing %s: %w", output.Name, err)
		}
	}
	return receiptSHA256, nil
}

func put(ctx context.Context, store objectstore.Store, output Output) error {
	if err := store.Put(ctx, output.Key, output.Data); err != nil {
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
	_, err = io.Copy(h, r)
	if err = errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
