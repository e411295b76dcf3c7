package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
)

// Adopt takes over a set that another version of guichet published and whose
// publication the ledger does not know of: it gives the digest of the receipt
// that stands, once every output is what the receipt says. Else ErrConflict.
func Adopt(ctx context.Context, store objectstore.Store, revision claim.Revision) (receiptSHA256 string, err error) {
	folder := place("outbox", revision)
	data, err := read(ctx, store, folder+receiptName)
	if err != nil {
		return "", fmt.Errorf("reading the receipt: %w", err)
	}
	var receipt struct {
		Supplier claim.SIRET  `json:"supplier"`
		Batch    string       `json:"batch"`
		Revision int          `json:"revision"`
		Outputs  []outputJSON `json:"outputs"`
	}
	if err := json.Unmarshal(data, &receipt); err != nil {
		return "", fmt.Errorf("%s%s: %w", folder, receiptName, ErrConflict)
	}
	if receipt.Supplier != revision.Supplier || receipt.Batch != revision.Batch || receipt.Revision != revision.Number || len(receipt.Outputs) == 0 {
		return "", fmt.Errorf("%s%s: %w", folder, receiptName, ErrConflict)
	}
	for _, output := range receipt.Outputs {
		sum, err := stored(ctx, store, folder+output.Name)
		switch {
		case errors.Is(err, objectstore.ErrNotFound), err == nil && sum != output.SHA256:
			return "", fmt.Errorf("%s%s: %w", folder, output.Name, ErrConflict)
		case err != nil:
			return "", fmt.Errorf("reading %s: %w", output.Name, err)
		}
	}
	return digest(data), nil
}

// read gives the object of a key as it stands.
func read(ctx context.Context, store objectstore.Store, key string) (data []byte, err error) {
	o, err := store.Stat(ctx, key)
	if err != nil {
		return nil, err
	}
	r, err := store.Open(ctx, o)
	if err != nil {
		return nil, err
	}
	data, err = io.ReadAll(r)
	if err = errors.Join(err, r.Close()); err == nil && int64(len(data)) != o.Size {
		err = fmt.Errorf("%q: %d bytes of %d were read: %w", o.Key, len(data), o.Size, io.ErrUnexpectedEOF)
	}
	return data, err
}
