package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
)

// content is where the objects of a batch are read from.
type content struct {
	store   objectstore.Store
	options Options
	stored  map[string]objectstore.Object // the inputs as they lie now, by their keys as delivered
	zip     claim.Object                  // the ZIP that the batch is
	files   map[string]file               // in it, by the keys of their objects

	mu    sync.Mutex
	spool *spool // of the ZIP; nil until a file is read
}

// Open reads an object of the batch, from the store or from the ZIP. It fails
// with [objectstore.ErrChanged] or [objectstore.ErrNotFound] when the store's
// object is not the one that was listed any more. The first Open of a ZIP's
// file copies the ZIP into a temporary file, which stays until [Batch.Close].
// Many goroutines may open and read at once.
func (b *Batch) Open(ctx context.Context, o claim.Object) (io.ReadCloser, error) {
	if f, ok := b.content.files[o.Key]; ok {
		spool, err := b.content.spooled(ctx)
		if err != nil {
			return nil, err
		}
		return io.NopCloser(f.open(spool)), nil
	}
	stored, ok := b.content.stored[o.Key]
	if !ok {
		return nil, fmt.Errorf("%q is no object of batch %s: %w", o.Key, b.Ref, objectstore.ErrNotFound)
	}
	return b.content.store.Open(ctx, stored)
}

// Close lets go of a ZIP's temporary file. Nothing may be reading the batch; a
// later Open copies the ZIP again.
func (b *Batch) Close() error {
	b.content.mu.Lock()
	defer b.content.mu.Unlock()
	spool := b.content.spool
	b.content.spool = nil
	return spool.close()
}

// spooled gives the ZIP of the batch in a temporary file.
func (c *content) spooled(ctx context.Context) (*spool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.spool != nil {
		return c.spool, nil
	}
	spool, err := newSpool(ctx, c.store, c.stored[c.zip.Key], make([]byte, bufferBytes))
	if err != nil {
		return nil, err
	}
	if spool.sha256 != c.zip.SHA256 {
		return nil, errors.Join(fmt.Errorf("%q: %w", c.zip.Key, objectstore.ErrChanged), spool.close())
	}
	c.spool = spool
	return spool, nil
}
