package intake_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/objectstore"
)

// contents reads every object of a batch, by its name.
func contents(t testing.TB, batch *intake.Batch) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, o := range batch.Objects {
		got[o.Name] = read(t, batch, o)
	}
	return got
}

func read(t testing.TB, batch *intake.Batch, o claim.Object) string {
	t.Helper()
	r, err := batch.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func mustClose(t testing.TB, batch *intake.Batch) {
	t.Helper()
	if err := batch.Close(); err != nil {
		t.Fatal(err)
	}
}

var files = map[string][]byte{
	"m.csv": []byte("rows"), "a.pdf": []byte(strings.Repeat("one", 1000)), "été.PDF": nil, "note.docx": []byte("PK\x03\x04 a document"),
}

func TestHonestZIPs(t *testing.T) {
	const key = "inbox/" + supplier + "/lot.zip"
	at := clock.Add(-time.Hour)
	want := []claim.Object{
		{Name: "a.pdf", Key: key + "#a.pdf", Size: 3000, SHA256: sha(files["a.pdf"]), ReceivedAt: at},
		{Name: "m.csv", Key: key + "#m.csv", Size: 4, SHA256: sha(files["m.csv"]), ReceivedAt: at},
		{Name: "note.docx", Key: key + "#note.docx", Size: 15, SHA256: sha(files["note.docx"]), ReceivedAt: at},
		{Name: "été.PDF", Key: key + "#été.PDF", SHA256: sha(nil), ReceivedAt: at},
	}
	var lines strings.Builder // whose digest is that of the batch
	for _, o := range want {
		lines.WriteString(o.SHA256 + "  " + o.Name + "\n")
	}
	for _, honest := range fixtures.HonestZIPs() {
		t.Run(honest.Name, func(t *testing.T) {
			data := honest.Make(files)
			batch := zipBatch(t, data, options())
			if diff := cmp.Diff(want, batch.Objects); diff != "" {
				t.Errorf("objects (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]claim.Object{{Name: "lot.zip", Key: key, Size: int64(len(data)), SHA256: sha(data), ReceivedAt: at}}, batch.Inputs); diff != "" {
				t.Errorf("inputs (-want +got):\n%s", diff)
			}
			if len(batch.Problems) > 0 || batch.Digest != sha([]byte(lines.String())) || !batch.ReceivedAt.Equal(at) {
				t.Errorf("problems %v, digest %s, received %s", batch.Problems, batch.Digest, batch.ReceivedAt)
			}
			if len(batch.Templates) != 1 || len(batch.Documents) != 2 || len(batch.Strangers) != 1 {
				t.Errorf("templates %v, documents %v, strangers %v", batch.Templates, batch.Documents, batch.Strangers)
			}
			for name, content := range contents(t, batch) {
				if content != string(files[name]) {
					t.Errorf("%s: %d bytes, not its own", name, len(content))
				}
			}
			mustClose(t, batch)
		})
	}
}

// testdata/producers holds what Info-ZIP 3.0, Python 3 and OpenJDK's jar made
// of these files: to a file, to a pipe, with 64-bit sizes, in a folder.
func TestZIPsOfOtherPrograms(t *testing.T) {
	packed, err := filepath.Glob("testdata/producers/*.zip")
	if err != nil || len(packed) != 7 {
		t.Fatalf("%d files, %v", len(packed), err)
	}
	for _, file := range packed {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			must(t, err)
			want := map[string]string{"m.csv": "rows", "é.pdf": "one", "b.pdf": strings.Repeat("\x00", 30_000)}
			batch := zipBatch(t, data, options())
			if diff := cmp.Diff(want, contents(t, batch)); diff != "" {
				t.Errorf("%v (-want +got):\n%s", batch.Problems, diff)
			}
			mustClose(t, batch)
		})
	}
}

// A folder and a ZIP of the same content are the same batch but for the keys.
func TestAFolderAndAZIPOfItAreOneBatch(t *testing.T) {
	names := rapid.OneOf(
		rapid.SampledFrom([]string{"m.csv", "M2.XLSX", "a.pdf", "B.PDF", "été.pdf", "_READY", "vieux.xls", "lisez-moi.txt", "sans"}),
		rapid.StringMatching(`[a-cé][a-z0-9é &;'(-]{0,6}[a-z]\.(pdf|csv|xlsx|ods|txt)`),
	)
	packers := fixtures.HonestZIPs()
	rapid.Check(t, func(r *rapid.T) {
		files := map[string][]byte{}
		for _, name := range rapid.SliceOfDistinct(names, strings.ToLower).Draw(r, "names") {
			files[name] = rapid.SliceOf(rapid.Byte()).Draw(r, "content")
		}
		packer := packers[rapid.IntRange(0, len(packers)-1).Draw(r, "packer")]
		if packer.Name == "with _READY" {
			delete(files, "_READY")
		}
		folder, zipped := newInbox(t), newInbox(t)
		for name, content := range files {
			folder.put(supplier+"/lot/"+name, string(content), time.Hour)
		}
		if len(files) == 0 {
			folder.put(supplier+"/lot/_READY", "", time.Hour)
		}
		zipped.put(supplier+"/lot.ZIP", string(packer.Make(files)), time.Hour)
		want, got := folder.scan(options(), ledger{}).Ready, zipped.scan(options(), ledger{}).Ready
		if len(want) != 1 || len(got) != 1 {
			r.Fatalf("%d and %d batches", len(want), len(got))
		}
		if diff := cmp.Diff(contents(t, &want[0]), contents(t, &got[0])); diff != "" {
			r.Fatalf("contents (-folder +ZIP):\n%s", diff)
		}
		mustClose(t, &got[0])
		if len(files) == 0 || len(files) == 1 && files["_READY"] != nil {
			want[0].ReceivedAt = got[0].ReceivedAt // a folder without objects was never received
		}
		if diff := cmp.Diff(withoutKeys(want[0]), withoutKeys(got[0])); diff != "" {
			r.Fatalf("%s (-folder +ZIP):\n%s", packer.Name, diff)
		}
	})
}

// keyless is a batch without what tells a folder from a ZIP.
type keyless struct {
	Ref                                      intake.Ref
	Objects, Templates, Documents, Strangers []claim.Object
	Problems                                 []claim.FileProblem
	Digest                                   string
	ReceivedAt                               time.Time
}

func withoutKeys(b intake.Batch) keyless {
	strip := func(objects []claim.Object) []claim.Object {
		var bare []claim.Object
		for _, o := range objects {
			o.Key = ""
			bare = append(bare, o)
		}
		return bare
	}
	return keyless{b.Ref, strip(b.Objects), strip(b.Templates), strip(b.Documents), strip(b.Strangers), b.Problems, b.Digest, b.ReceivedAt}
}

// FuzzZIP has any bytes read as a delivery: it is refused whole, or all that it
// is said to hold can be read and has the digest that was told.
func FuzzZIP(f *testing.F) {
	for _, honest := range fixtures.HonestZIPs() {
		f.Add(honest.Make(fixtures.Harmless()))
	}
	for _, hostile := range fixtures.HostileZIPs() {
		if data := hostile.Make(); len(data) < 1<<12 {
			f.Add(data)
		}
	}
	folder := f.TempDir()
	store, err := objectstore.OpenDirectory(folder)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = store.Close() })
	file := filepath.Join(folder, "inbox", supplier, "lot.zip")
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		f.Fatal(err)
	}
	limited := options()
	limited.Now = func() time.Time { return time.Now().Add(time.Hour) }
	limited.ZIP = intake.ZIPLimits{Unpacked: 1 << 20, Entries: 100}
	f.Fuzz(func(t *testing.T, data []byte) {
		must(t, os.WriteFile(file, data, 0o600))
		found, err := intake.Scan(t.Context(), store, limited, ledger{})
		must(t, err)
		if len(found.Ready) != 1 {
			t.Fatalf("found %v, %v", told(found), found.Failed)
		}
		batch := &found.Ready[0]
		if len(batch.Problems) == 1 && batch.Problems[0].Reason == "zip" {
			if len(batch.Objects) > 0 || batch.Digest != sha(data) {
				t.Errorf("refused (%s), and %v", batch.Problems[0].Detail, batch.Objects)
			}
			return
		}
		total := int64(0)
		for _, o := range batch.Objects {
			if content := read(t, batch, o); sha([]byte(content)) != o.SHA256 || int64(len(content)) != o.Size {
				t.Errorf("%q: another content than told", o.Name)
			}
			if strings.ContainsAny(o.Name, "/\\\x00") || o.Name == "" || o.Name == ".." {
				t.Errorf("a file named %q", o.Name)
			}
			total += o.Size
		}
		if total > limited.ZIP.Unpacked {
			t.Errorf("%d bytes unpacked", total)
		}
		mustClose(t, batch)
	})
}
