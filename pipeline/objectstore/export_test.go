package objectstore

import (
	"context"
	"iter"
	"time"

	"github.com/minio/minio-go/v7"
)

// Shrink gives a store other bounds than S3's, so that a test passes them with
// little: keys in a page, bytes of a part, bytes above which copies are made
// in parts, bytes of such a part.
func (s *S3) Shrink(page, part int, copyLimit, copyPart int64) {
	s.pageSize, s.partSize, s.copyLimit, s.copyPart = page, part, copyLimit, copyPart
}

// Hurry gives a store another patience than the usual.
func (s *S3) Hurry(attempts int, first, longest time.Duration) {
	s.retry = retry{attempts: attempts, first: first, longest: longest}
}

// Uploads gives the uploads in parts that were begun and neither ended nor
// given up.
func (s *S3) Uploads(ctx context.Context) iter.Seq[minio.ObjectMultipartInfo] {
	return func(yield func(minio.ObjectMultipartInfo) bool) {
		for upload := range s.core.ListIncompleteUploads(ctx, s.bucket, "", true) {
			if !yield(upload) {
				return
			}
		}
	}
}
