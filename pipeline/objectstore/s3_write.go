package objectstore

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/minio/minio-go/v7"
)

const (
	listPage  = 1000     // keys, the most that S3 gives at once
	putPart   = 16 << 20 // 16 MiB
	copyLimit = 5 << 30  // 5 GiB, the most that S3 copies at once
	copyPart  = 1 << 30  // 1 GiB

	// abortTimeout is how long an upload that failed may take to be cleared away.
	abortTimeout = 10 * time.Second
)

// Put implements [Store]. The server compares the content with its SHA-256.
func (s *S3) Put(ctx context.Context, key string, data []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	err := s.retry.do(ctx, func() error { return s.put(ctx, key, data, minio.PutObjectOptions{}) })
	return s.failed(err, "writing %q", key)
}

// PutNew implements [Store]. When it has to try again after a failure that may
// have come behind the effect, and finds the very content that it writes, it
// takes that for its own.
func (s *S3) PutNew(ctx context.Context, key string, data []byte) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	var options minio.PutObjectOptions
	options.SetMatchETagExcept("*")
	uncertain := false
	err := s.retry.do(ctx, func() error {
		err := s.put(ctx, key, data, options)
		if changed(err) {
			return s.mine(ctx, key, data, uncertain)
		}
		uncertain = uncertain || err != nil && transient(err)
		return err
	})
	return s.failed(err, "writing %q", key)
}

// mine tells whether the object that has a key is what this call wrote.
func (s *S3) mine(ctx context.Context, key string, data []byte, possibly bool) error {
	if !possibly {
		return ErrExists
	}
	o, err := s.stat(ctx, key)
	if err != nil {
		return err
	}
	if o.Size != int64(len(data)) {
		return ErrExists
	}
	r, err := s.Open(ctx, o)
	if err != nil {
		return err
	}
	there, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		return err
	}
	if !bytes.Equal(there, data) {
		return ErrExists
	}
	return nil
}

// put writes once: at once, or in parts what is large.
func (s *S3) put(ctx context.Context, key string, data []byte, options minio.PutObjectOptions) error {
	if len(data) > s.partSize {
		parts := (len(data) + s.partSize - 1) / s.partSize
		return s.inParts(ctx, key, options, parts, func(upload string, n int) (minio.CompletePart, error) {
			part := data[(n-1)*s.partSize : min(n*s.partSize, len(data))]
			done, err := s.core.PutObjectPart(ctx, s.bucket, key, upload, n, bytes.NewReader(part), int64(len(part)),
				minio.PutObjectPartOptions{Sha256Hex: sha256Hex(part), DisableContentSha256: true})
			return minio.CompletePart{PartNumber: n, ETag: done.ETag}, err
		})
	}
	options.DisableContentSha256 = true // the library's; ours is given
	_, err := s.core.PutObject(ctx, s.bucket, key, bytes.NewReader(data), int64(len(data)), "", sha256Hex(data), options)
	return err
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// inParts makes an object of parts, which are numbered from 1. It appears when
// all are there, under the conditions of the options; otherwise the server is
// told to forget the parts. The library's own multipart upload drops the
// conditions.
func (s *S3) inParts(ctx context.Context, key string, options minio.PutObjectOptions, parts int, part func(upload string, n int) (minio.CompletePart, error)) (err error) {
	upload, err := s.core.NewMultipartUpload(ctx, s.bucket, key, minio.PutObjectOptions{})
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			aborting, done := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
			defer done()
			s.core.AbortMultipartUpload(aborting, s.bucket, key, upload) //nolint:errcheck,gosec // a rule of the bucket clears what stays
		}
	}()
	all := make([]minio.CompletePart, parts)
	for n := range all {
		if all[n], err = part(upload, n+1); err != nil {
			return err
		}
	}
	_, err = s.core.CompleteMultipartUpload(ctx, s.bucket, key, upload, all, options)
	return err
}

// Move implements [Store]: a copy on the server, of the listed version alone,
// then the removal of that version and no other. What a supplier drops under
// the old key in between stays there.
func (s *S3) Move(ctx context.Context, o Object, to string) error {
	if err := CheckKey(to); err != nil {
		return err
	}
	if err := CheckKey(o.Key); err != nil {
		return err
	}
	return s.failed(s.move(ctx, o, to), "moving %q to %q", o.Key, to)
}

func (s *S3) move(ctx context.Context, o Object, to string) error {
	if to == o.Key {
		now, err := s.stat(ctx, to)
		if err == nil && now.Version != o.Version {
			err = ErrChanged
		}
		return err
	}
	err := s.retry.do(ctx, func() error { return s.copy(ctx, o, to) })
	if gone(err) {
		if moved, looking := s.stat(ctx, to); looking == nil && moved.Size == o.Size {
			return nil // before a crash
		} else if looking != nil && !gone(looking) {
			return looking
		}
	}
	if err != nil {
		return err
	}
	err = s.remove(context.WithValue(ctx, onlyVersion{}, o.Version), o.Key)
	if changed(err) {
		return nil // another object by now, which is not to be moved
	}
	return err
}

func (s *S3) copy(ctx context.Context, o Object, to string) error {
	if o.Size <= s.copyLimit {
		_, err := s.core.Client.CopyObject(ctx, minio.CopyDestOptions{Bucket: s.bucket, Object: to},
			minio.CopySrcOptions{Bucket: s.bucket, Object: o.Key, MatchETag: o.Version})
		return err
	}
	parts := int((o.Size + s.copyPart - 1) / s.copyPart)
	return s.inParts(ctx, to, minio.PutObjectOptions{}, parts, func(upload string, n int) (minio.CompletePart, error) {
		from := int64(n-1) * s.copyPart
		return s.core.CopyObjectPart(ctx, s.bucket, o.Key, s.bucket, to, upload, n, from, min(s.copyPart, o.Size-from),
			map[string]string{"x-amz-copy-source-if-match": o.Version})
	})
}
