package objectstore

import (
	"context"
	"fmt"
	"iter"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
)

// S3 is a store in a bucket of an S3 server: keys are the objects' own.
// Requests that fail in a way that may pass are made again, see [retry].
type S3 struct {
	core   *minio.Core
	bucket string
	idle   func()
	retry  retry

	pageSize            int   // keys asked for at once
	partSize            int   // bytes; larger contents are uploaded in parts of it
	copyLimit, copyPart int64 // bytes; larger objects are copied in parts

	seen atomic.Bool // the bucket is there
}

var _ Store = (*S3)(nil)

// Close ends the connections that wait for requests.
func (s *S3) Close() error {
	s.idle()
	return nil
}

// List implements [Store], by pages. Empty objects whose keys end in a slash,
// by which some tools stand for folders, hold nothing and are left out.
func (s *S3) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		after := ""
		for {
			page, err := s.page(ctx, prefix, after)
			if err != nil {
				yield(Object{}, s.failed(err, "listing %q", prefix))
				return
			}
			for _, info := range page {
				if err := ctx.Err(); err != nil {
					yield(Object{}, err)
					return
				}
				if info.Key <= after {
					yield(Object{}, s.failed(fmt.Errorf("the server gives %q after %q: keys must come in byte order", info.Key, after), "listing %q", prefix))
					return
				}
				after = info.Key
				if !listed(info, yield) {
					return
				}
			}
			if len(page) < s.pageSize {
				return
			}
		}
	}
}

// page gives the next objects behind a key, as many as a page holds unless there are fewer.
func (s *S3) page(ctx context.Context, prefix, after string) (page []minio.ObjectInfo, err error) {
	err = s.retry.do(ctx, func() error {
		page = make([]minio.ObjectInfo, 0, s.pageSize)
		options := minio.ListObjectsOptions{Prefix: prefix, Recursive: true, StartAfter: after, MaxKeys: s.pageSize}
		for info := range s.core.ListObjectsIter(ctx, s.bucket, options) {
			if info.Err != nil {
				return info.Err
			}
			if page = append(page, info); len(page) == s.pageSize {
				return nil
			}
		}
		return ctx.Err() // with which the iterator ends in silence
	})
	return page, err
}

func listed(info minio.ObjectInfo, yield func(Object, error) bool) bool {
	if folder, ok := strings.CutSuffix(info.Key, "/"); ok && info.Size == 0 && CheckKey(folder) == nil {
		return true
	}
	if err := CheckKey(info.Key); err != nil {
		return yield(Object{Key: info.Key}, err)
	}
	return yield(stored(info), nil)
}

// stored gives the object that S3 tells of. Its time is cut to the second: a
// listing gives more digits than a look at the object.
func stored(info minio.ObjectInfo) Object {
	return Object{Key: info.Key, Size: info.Size, Modified: info.LastModified.UTC().Truncate(time.Second), Version: info.ETag}
}

// Stat implements [Store].
func (s *S3) Stat(ctx context.Context, key string) (Object, error) {
	if err := CheckKey(key); err != nil {
		return Object{}, err
	}
	o, err := s.stat(ctx, key)
	return o, s.failed(err, "looking at %q", key)
}

func (s *S3) stat(ctx context.Context, key string) (o Object, err error) {
	err = s.retry.do(ctx, func() error {
		info, err := s.core.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{})
		if gone(err) {
			// This answer has no body: it looks the same when the bucket is missing.
			if missing := s.checkBucket(ctx); missing != nil {
				return missing
			}
		}
		info.Key = key
		o = stored(info)
		return err
	})
	return o, err
}

// checkBucket fails when there is no such bucket. It asks once.
func (s *S3) checkBucket(ctx context.Context) error {
	if s.seen.Load() {
		return nil
	}
	there, err := s.core.BucketExists(ctx, s.bucket)
	if err == nil && !there {
		err = minio.ErrorResponse{StatusCode: http.StatusNotFound, Code: codeNoSuchBucket}
	}
	if err == nil {
		s.seen.Store(true)
	}
	return err
}

// Delete implements [Store].
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := CheckKey(key); err != nil {
		return err
	}
	return s.failed(s.remove(ctx, key), "deleting %q", key)
}

func (s *S3) remove(ctx context.Context, key string) error {
	err := s.retry.do(ctx, func() error {
		return s.core.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})
	})
	if gone(err) {
		return nil
	}
	return err
}

// Sync implements [Store]: what S3 has answered to is durable.
func (s *S3) Sync(ctx context.Context) error { return ctx.Err() }
