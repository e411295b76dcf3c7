package intake

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	"guichet/pipeline/objectstore"
)

// spool is a ZIP in a temporary file that has no name: it is gone with the
// process that holds it.
type spool struct {
	file   *os.File
	size   int64
	sha256 string
}

// newSpool reads an object into a file of [os.TempDir]. It fails with
// [objectstore.ErrChanged] when the object is not as long as it was listed.
func newSpool(ctx context.Context, store objectstore.Store, o objectstore.Object, buffer []byte) (*spool, error) {
	file, err := os.CreateTemp("", "guichet-*.zip")
	if err != nil {
		return nil, fmt.Errorf("a temporary file for %q: %w", o.Key, err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("a temporary file for %q: %w", o.Key, errors.Join(err, file.Close()))
	}
	sum, err := hashTo(ctx, file, store, o, buffer)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &spool{file, o.Size, sum}, nil
}

// ReadAt implements [io.ReaderAt].
func (s *spool) ReadAt(p []byte, at int64) (int, error) { return s.file.ReadAt(p, at) }

// close lets go of the file; of none, nothing.
func (s *spool) close() error {
	if s == nil {
		return nil
	}
	return s.file.Close()
}

// hashTo copies an object and gives its SHA-256. It fails with
// [objectstore.ErrChanged] when the object is not as long as it was listed.
func hashTo(ctx context.Context, to io.Writer, store objectstore.Store, o objectstore.Object, buffer []byte) (string, error) {
	r, err := store.Open(ctx, o)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	// One byte more than listed is enough to know that it grew.
	n, err := io.CopyBuffer(writerOnly{io.MultiWriter(h, to)}, io.LimitReader(r, o.Size+1), buffer)
	if err = errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	if n != o.Size {
		return "", fmt.Errorf("%q: %w: %d bytes were listed, another number read", o.Key, objectstore.ErrChanged, o.Size)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// writerOnly keeps io.CopyBuffer from looking for a buffer of the writer's own.
type writerOnly struct{ io.Writer }
