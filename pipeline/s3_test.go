package pipeline

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/config"
	"guichet/fixtures/s3server"
	"guichet/pipeline/objectstore"
)

// openCall gives the programme with its deadlines far in the future: on an S3
// store the reception times are those of the test itself.
func openCall(t testing.TB) *config.Programme {
	t.Helper()
	data, err := os.ReadFile("../config/programmes/af-pha-lgo-va1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"closing", "services_end", "final_closing"} {
		deadline := regexp.MustCompile(`(?m)^(  ` + name + `: )2023(-\S+)`)
		if !deadline.Match(data) {
			t.Fatalf("the programme has no %s in 2023", name)
		}
		data = deadline.ReplaceAll(data, []byte("${1}2199$2"))
	}
	file := filepath.Join(t.TempDir(), "open.yaml")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	programme, err := config.LoadProgramme(file)
	if err != nil {
		t.Fatal(err)
	}
	return programme
}

// TestNightOnS3: what a night on an S3 store publishes and archives is, byte
// for byte, what it does on a folder with the same objects and times; two more
// nights find nothing to do, and what they got again unchanged.
func TestNightOnS3(t *testing.T) {
	dir, _ := generated(t)
	bucket, err := objectstore.Open(s3server.Start(t).URL())
	if err != nil {
		t.Fatal(err)
	}
	objects := readTree(t, dir, "inbox", "registers")
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if err := bucket.Put(t.Context(), key, objects[key]); err != nil {
			t.Fatal(err)
		}
		o, err := bucket.Stat(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(filepath.Join(dir, filepath.FromSlash(key)), o.Modified, o.Modified); err != nil {
			t.Fatal(err)
		}
	}
	programme := openCall(t)
	onFolder, onS3 := newNight(t, dir, 2), newNight(t, dir, 2)
	onFolder.Programme, onS3.Programme, onS3.Store = programme, programme, bucket
	for _, night := range []*Night{onFolder, onS3} {
		summary, err := night.Run(t.Context())
		if err != nil || len(summary.Failed) > 0 || summary.Counts.Accepted == 0 {
			t.Fatalf("%+v, %v", summary, err)
		}
	}
	tops := []string{"archive", "inbox", "operators", "outbox"}
	want := readTree(t, dir, tops...)
	if diff := cmp.Diff(asText(want), asText(readStore(t, bucket, tops...))); diff != "" {
		t.Errorf("the folder's objects and the bucket's (-folder +bucket):\n%s", diff)
	}

	before := readStore(t, bucket, tops...)
	if summary, err := onS3.Run(t.Context()); err != nil || len(summary.Batches) != 0 {
		t.Errorf("a night without deliveries: %+v, %v", summary, err)
	}
	if diff := cmp.Diff(asText(before), asText(readStore(t, bucket, tops...))); diff != "" {
		t.Errorf("a night without deliveries changes:\n%s", diff)
	}
	for key, data := range objects {
		if strings.HasPrefix(key, "inbox/") {
			if err := bucket.Put(t.Context(), key, data); err != nil {
				t.Fatal(err)
			}
		}
	}
	summary, err := onS3.Run(t.Context())
	if err != nil || len(summary.Batches) != 0 || len(summary.Repeated) == 0 || len(summary.Failed) != 0 {
		t.Errorf("everything again: %+v, %v", summary, err)
	}
	if left := readStore(t, bucket, "inbox"); len(left) != len(readTree(t, dir, "inbox")) {
		t.Errorf("left in the inbox: %d objects", len(left))
	}
}

// readTree reads the files below some folders, by their keys.
func readTree(t testing.TB, dir string, tops ...string) map[string][]byte {
	t.Helper()
	tree := map[string][]byte{}
	for _, top := range tops {
		err := filepath.WalkDir(filepath.Join(dir, top), func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			key, err := filepath.Rel(dir, name)
			if err == nil {
				tree[filepath.ToSlash(key)], err = os.ReadFile(name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return tree
}

func readStore(t testing.TB, store objectstore.Store, tops ...string) map[string][]byte {
	t.Helper()
	tree := map[string][]byte{}
	for _, top := range tops {
		for o, err := range store.List(t.Context(), top+"/") {
			if err != nil {
				t.Fatal(err)
			}
			reader, err := store.Open(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			var data bytes.Buffer
			if _, err := data.ReadFrom(reader); err != nil {
				t.Fatal(err)
			}
			if err := reader.Close(); err != nil {
				t.Fatal(err)
			}
			tree[o.Key] = data.Bytes()
		}
	}
	return tree
}

func asText(tree map[string][]byte) map[string]string {
	text := make(map[string]string, len(tree))
	for key, data := range tree {
		text[key] = string(data)
	}
	return text
}
