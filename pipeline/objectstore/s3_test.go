package objectstore_test

import (
	"testing"

	"guichet/fixtures/s3server"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/objectstore/storetest"
)

func TestS3Conforms(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store { s, _ := bucket(t); return s })
}

// bucket gives the store in an empty bucket, and the bucket.
func bucket(t testing.TB) (*objectstore.S3, *s3server.Server) {
	t.Helper()
	server := s3server.Start(t)
	return open(t, server.URL()), server
}

func open(t testing.TB, url string) *objectstore.S3 {
	t.Helper()
	s, err := objectstore.Open(url)
	if err != nil {
		t.Fatal(err)
	}
	store, ok := s.(*objectstore.S3)
	if !ok {
		t.Fatalf("Open(%q) gives %T, want a store in a bucket", url, s)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}
