package telemetry

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"guichet/pipeline/objectstore"
)

// Store counts and times the operations of a store. Reading an object is one
// operation from Open to Close, of which the time between reads is no part; a
// listing is one, without the time that its caller takes.
func (t *Telemetry) Store(store objectstore.Store) objectstore.Store {
	if t == nil {
		return store
	}
	return countedStore{store, t}
}

type countedStore struct {
	store     objectstore.Store
	telemetry *Telemetry
}

func (s countedStore) did(ctx context.Context, operation string, took time.Duration, err error) {
	s.telemetry.operations.Add(ctx, 1, of("operation", operation), of("result", class(err)))
	s.telemetry.operationSeconds.Record(ctx, took.Seconds(), of("operation", operation))
}

func (s countedStore) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	return func(yield func(objectstore.Object, error) bool) {
		var failure error
		watch := stopwatch{}
		watch.start()
		for o, err := range s.store.List(ctx, prefix) {
			watch.stop()
			var key *objectstore.KeyError
			if err != nil && !errors.As(err, &key) {
				failure = err
			}
			if !yield(o, err) {
				break
			}
			watch.start()
		}
		watch.stop()
		s.did(ctx, "list", watch.took, failure)
	}
}

func (s countedStore) Open(ctx context.Context, o objectstore.Object) (io.ReadCloser, error) {
	r := &countedObject{ctx: ctx, store: s}
	err := r.time(func() (err error) {
		r.object, err = s.store.Open(ctx, o)
		return err
	})
	if err != nil {
		s.did(ctx, "read", r.watch.took, err)
		return nil, err
	}
	return r, nil
}

// countedObject is an object that is being read.
type countedObject struct {
	ctx    context.Context // of the Open that gave it
	store  countedStore
	object io.ReadCloser
	watch  stopwatch
	failed error
	closed bool
}

// time runs a part of the reading and keeps its first error.
func (r *countedObject) time(f func() error) error {
	r.watch.start()
	err := f()
	r.watch.stop()
	if r.failed == nil && !errors.Is(err, io.EOF) {
		r.failed = err
	}
	return err
}

func (r *countedObject) Read(p []byte) (n int, err error) {
	err = r.time(func() (err error) {
		n, err = r.object.Read(p)
		return err
	})
	return n, err
}

func (r *countedObject) Close() error {
	err := r.time(r.object.Close)
	if !r.closed {
		r.closed = true
		r.store.did(r.ctx, "read", r.watch.took, r.failed)
	}
	return err
}

func (s countedStore) Stat(ctx context.Context, key string) (objectstore.Object, error) {
	started := time.Now()
	o, err := s.store.Stat(ctx, key)
	s.did(ctx, "stat", time.Since(started), err)
	return o, err
}

func (s countedStore) Put(ctx context.Context, key string, data []byte) error {
	started := time.Now()
	err := s.store.Put(ctx, key, data)
	s.did(ctx, "put", time.Since(started), err)
	return err
}

func (s countedStore) PutNew(ctx context.Context, key string, data []byte) error {
	started := time.Now()
	err := s.store.PutNew(ctx, key, data)
	s.did(ctx, "put_new", time.Since(started), err)
	return err
}

func (s countedStore) Move(ctx context.Context, o objectstore.Object, to string) error {
	started := time.Now()
	err := s.store.Move(ctx, o, to)
	s.did(ctx, "move", time.Since(started), err)
	return err
}

func (s countedStore) Delete(ctx context.Context, key string) error {
	started := time.Now()
	err := s.store.Delete(ctx, key)
	s.did(ctx, "delete", time.Since(started), err)
	return err
}

func (s countedStore) Sync(ctx context.Context) error {
	started := time.Now()
	err := s.store.Sync(ctx)
	s.did(ctx, "sync", time.Since(started), err)
	return err
}

// stopwatch adds up the time between start and stop.
type stopwatch struct {
	started time.Time
	took    time.Duration
}

func (w *stopwatch) start() { w.started = time.Now() }

func (w *stopwatch) stop() {
	if !w.started.IsZero() {
		w.took += time.Since(w.started)
		w.started = time.Time{}
	}
}
