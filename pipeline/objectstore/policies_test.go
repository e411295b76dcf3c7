package objectstore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"guichet/fixtures/s3server"
	"guichet/pipeline/objectstore"
)

const siret1, siret2 = "35600000000048", "73282932000074"

// policy joins the shipped policies, filled in for two suppliers.
func policy(t *testing.T, bucket string) string {
	t.Helper()
	type document struct {
		Version   string
		Statement []json.RawMessage
	}
	var all document
	for _, part := range [][]string{
		{"supplier.json", "{supplier}", "supplier", "{siret}", siret1},
		{"supplier.json", "{supplier}", "supplier2", "{siret}", siret2},
		{"pipeline.json", "{pipeline}", "pipeline"},
		{"operator.json", "{operator}", "operator"},
		{"payment.json", "{payment}", "payment"},
	} {
		data, err := os.ReadFile(filepath.Join("../../config/policies", part[0]))
		must(t, err)
		filled := strings.NewReplacer(append(part[1:], "{bucket}", bucket)...).Replace(string(data))
		if strings.Contains(filled, "{siret}") || strings.Contains(filled, "{bucket}") {
			t.Fatalf("%s holds placeholders that the test does not know", part[0])
		}
		var one document
		must(t, json.Unmarshal([]byte(filled), &one))
		all.Version = one.Version
		all.Statement = append(all.Statement, one.Statement...)
	}
	joined, err := json.Marshal(all)
	must(t, err)
	return string(joined)
}

// Each role can do what it needs in each folder, and nothing else.
func TestPoliciesGrantWhatARoleNeedsAndNothingElse(t *testing.T) {
	folders := []string{
		"registers/",
		"inbox/" + siret1 + "/b/", "inbox/" + siret2 + "/b/",
		"archive/" + siret1 + "/b/r1/",
		"outbox/" + siret1 + "/b/r1/", "outbox/" + siret2 + "/b/r1/",
		"operators/" + siret1 + "/b/r1/",
		"audit/",
		"elsewhere/",
	}
	below := func(tops ...string) (found []string) {
		for _, folder := range folders {
			if slices.ContainsFunc(tops, func(top string) bool { return strings.HasPrefix(folder, top) }) {
				found = append(found, folder)
			}
		}
		return found
	}
	type rights struct{ put, read, list, remove []string }
	granted := map[string]rights{
		"supplier":  {put: below("inbox/" + siret1 + "/"), read: below("outbox/" + siret1 + "/"), list: below("outbox/" + siret1 + "/")},
		"supplier2": {put: below("inbox/" + siret2 + "/"), read: below("outbox/" + siret2 + "/"), list: below("outbox/" + siret2 + "/")},
		"pipeline": {
			put:    below("archive/", "outbox/", "operators/", "audit/"),
			read:   below("registers/", "inbox/", "archive/", "outbox/", "operators/", "audit/"),
			list:   folders,
			remove: below("inbox/", "archive/"),
		},
		"operator": {put: below("registers/"), read: folders, list: folders},
		"payment":  {read: below("outbox/"), list: below("outbox/")},
		"stranger": {},
	}
	direct, server := bucket(t)
	must(t, server.Admin().PutBucketPolicy(t.Context(), server.Bucket, policy(t, server.Bucket)))
	for role, may := range granted {
		s3server.As(t, role)
		s := open(t, server.URL())
		for _, folder := range folders {
			key := folder + "x"
			expect := func(what string, granted []string, err error) {
				t.Helper()
				if slices.Contains(granted, folder) {
					if err != nil {
						t.Errorf("%s, %s in %s: %v", role, what, folder, err)
					}
				} else if !errors.Is(err, objectstore.ErrRefused) {
					t.Errorf("%s, %s in %s: got error %v, want ErrRefused", role, what, folder, err)
				}
			}
			must(t, direct.Put(t.Context(), key, []byte("there")))
			o, err := direct.Stat(t.Context(), key)
			must(t, err)
			_, err = s.Stat(t.Context(), key)
			expect("looking", may.read, err)
			_, err = readAll(t.Context(), s, o)
			expect("reading", may.read, err)
			expect("listing", may.list, listing(t, s, folder))
			expect("writing", may.put, s.Put(t.Context(), key, []byte("written")))
			large := shrunk(t, server.URL())
			expect("writing in parts", may.put, large.Put(t.Context(), key, []byte(largeContent)))
			expect("writing what is new", may.put, s.PutNew(t.Context(), key+"-"+role, []byte("new")))
			expect("deleting", may.remove, s.Delete(t.Context(), key))
		}
		if err := s.Delete(t.Context(), "x"); !errors.Is(err, objectstore.ErrRefused) {
			t.Errorf("%s, deleting at the top: got error %v, want ErrRefused", role, err)
		}
		wider := map[string][]string{ // than a folder of its own
			"supplier": {"", "outbox", "inbox/", "outbox/", "outbox/3"}, "supplier2": {"", "outbox", "inbox/", "outbox/", "outbox/7"},
			"payment": {"", "outbox", "inbox/"}, "stranger": {"", "outbox/"},
		}
		for _, prefix := range wider[role] {
			if err := listing(t, s, prefix); !errors.Is(err, objectstore.ErrRefused) {
				t.Errorf("%s, listing %q: got error %v, want ErrRefused", role, prefix, err)
			}
		}
		checkBucketIsNotIts(t, role, server)
	}
}

// listing gives the error of a listing.
func listing(t *testing.T, s objectstore.Store, prefix string) error {
	t.Helper()
	for _, err := range s.List(t.Context(), prefix) {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkBucketIsNotIts: a role can neither give itself rights nor remove the bucket.
func checkBucketIsNotIts(t *testing.T, role string, server *s3server.Server) {
	t.Helper()
	client, err := minio.New(server.Endpoint, &minio.Options{Creds: credentials.NewEnvAWS(), Region: "us-east-1", MaxRetries: 1})
	must(t, err)
	for what, err := range map[string]error{
		"setting the policy":  client.SetBucketPolicy(t.Context(), server.Bucket, policy(t, server.Bucket)),
		"removing the policy": client.SetBucketPolicy(t.Context(), server.Bucket, ""),
		"removing the bucket": client.RemoveBucket(t.Context(), server.Bucket),
	} {
		if minio.ToErrorResponse(err).Code != "AccessDenied" {
			t.Errorf("%s, %s: got error %v, want AccessDenied", role, what, err)
		}
	}
}

// What guichet does with a batch works with the pipeline's rights: archiving,
// and the answers "there is none" that it relies on.
func TestThePipelinesRightsServeABatch(t *testing.T) {
	direct, server := bucket(t)
	must(t, server.Admin().PutBucketPolicy(t.Context(), server.Bucket, policy(t, server.Bucket)))
	must(t, direct.Put(t.Context(), "inbox/"+siret1+"/b/small", []byte("x")))
	must(t, direct.Put(t.Context(), "inbox/"+siret1+"/b/large", []byte(largeContent)))
	s3server.As(t, "pipeline")
	s := shrunk(t, server.URL())
	for o, err := range s.List(t.Context(), "inbox/") {
		must(t, err)
		must(t, s.Move(t.Context(), o, strings.Replace(o.Key, "inbox/"+siret1+"/b/", "archive/"+siret1+"/b/r1/", 1)))
	}
	keys, _ := list(t, direct, "")
	if want := []string{"archive/" + siret1 + "/b/r1/large", "archive/" + siret1 + "/b/r1/small"}; !slices.Equal(keys, want) {
		t.Errorf("keys: got %q, want %q", keys, want)
	}
	for _, folder := range []string{"registers", "inbox", "archive", "outbox", "operators", "audit"} {
		key := fmt.Sprintf("%s/none", folder)
		if _, err := s.Stat(t.Context(), key); !errors.Is(err, objectstore.ErrNotFound) {
			t.Errorf("Stat(%q): got error %v, want ErrNotFound", key, err)
		}
	}
	must(t, s.Delete(t.Context(), "inbox/"+siret1+"/b/_READY"))
}
