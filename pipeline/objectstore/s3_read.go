package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/minio/minio-go/v7"
)

// Open implements [Store]. A body that breaks off is gone on with from where
// it broke, at the same version.
func (s *S3) Open(ctx context.Context, o Object) (io.ReadCloser, error) {
	if err := CheckKey(o.Key); err != nil {
		return nil, err
	}
	r := &s3Reader{ctx: ctx, store: s, object: o}
	if err := s.retry.do(ctx, r.open); err != nil {
		return nil, s.failed(err, "reading %q", o.Key)
	}
	return r, nil
}

// s3Reader reads one version of an object.
type s3Reader struct {
	ctx      context.Context // the reader lives as long as the call that it serves
	store    *S3
	object   Object
	body     io.ReadCloser // nil between a failure and the next attempt
	size     int64         // bytes of the whole object
	offset   int64         // bytes read
	failures int           // in a row
}

// open asks for what has not been read yet.
func (r *s3Reader) open() error {
	var options minio.GetObjectOptions
	if err := options.SetMatchETag(r.object.Version); err != nil {
		return fmt.Errorf("%w: no version %q", ErrChanged, r.object.Version)
	}
	if r.offset > 0 {
		if err := options.SetRange(r.offset, 0); err != nil {
			return err
		}
	}
	body, info, header, err := r.store.core.GetObject(r.ctx, r.store.bucket, r.object.Key, options)
	if err != nil {
		return err
	}
	switch begins := fmt.Sprintf("bytes %d-", r.offset); {
	case info.ETag != r.object.Version:
		err = ErrChanged
	case r.offset > 0 && !strings.HasPrefix(header.Get("Content-Range"), begins):
		err = fmt.Errorf("the server does not give the range that was asked for, from byte %d", r.offset)
	case r.offset == 0 && info.Size >= 0:
		r.size = info.Size
	case r.offset == 0:
		r.size = r.object.Size
	}
	if err != nil {
		return errors.Join(err, body.Close())
	}
	r.body = body
	return nil
}

// Read implements [io.Reader].
func (r *s3Reader) Read(p []byte) (int, error) {
	for {
		n, err := r.read(p)
		switch {
		case n > 0:
			r.failures = 0
			return n, nil // what the error was, the next read finds out
		case err == nil, err == io.EOF: //nolint:errorlint // io.Reader's contract is the bare value
			return 0, err
		}
		r.failures++
		if err := r.store.retry.again(r.ctx, r.failures, err); err != nil {
			return 0, r.store.failed(err, "reading %q", r.object.Key)
		}
	}
}

// read reads from the body, which it opens where the last one broke off, and
// leaves none behind when it fails.
func (r *s3Reader) read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	if r.body == nil && r.offset >= r.size {
		return 0, io.EOF
	}
	if r.body == nil {
		if err := r.open(); err != nil {
			return 0, err
		}
	}
	n, err := r.body.Read(p)
	r.offset += int64(n)
	if err == nil {
		return n, nil
	}
	if err == io.EOF && r.offset < r.size { //nolint:errorlint // as above
		err = io.ErrUnexpectedEOF
	}
	r.body.Close() //nolint:errcheck,gosec // only read
	r.body = nil
	return n, err
}

// Close implements [io.Closer].
func (r *s3Reader) Close() error {
	r.offset = r.size // so that nothing is asked for any more
	if r.body == nil {
		return nil
	}
	body := r.body
	r.body = nil
	return body.Close()
}
