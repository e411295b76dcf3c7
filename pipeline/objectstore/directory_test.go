package objectstore_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/objectstore"
	"guichet/pipeline/objectstore/storetest"
)

func TestDirectoryConforms(t *testing.T) {
	storetest.Run(t, func(t *testing.T) objectstore.Store { d, _ := directory(t); return d })
}

// directory gives an empty store and the folder it lies in.
func directory(t *testing.T) (*objectstore.Directory, string) {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "store")
	must(t, os.Mkdir(folder, 0o700))
	d, err := objectstore.OpenDirectory(folder)
	must(t, err)
	t.Cleanup(func() { must(t, d.Close()) })
	return d, folder
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, file, content string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(file), 0o700))
	must(t, os.WriteFile(file, []byte(content), 0o600))
}

// list gives the keys of a listing, and the classes of the errors by their keys.
func list(t *testing.T, s objectstore.Store, prefix string) (keys []string, odd map[string]error) {
	t.Helper()
	odd = map[string]error{}
	for o, err := range s.List(t.Context(), prefix) {
		var keyErr *objectstore.KeyError
		switch {
		case errors.As(err, &keyErr):
			odd[keyErr.Key] = err
		case err != nil:
			t.Fatal(err)
		default:
			keys = append(keys, o.Key)
		}
	}
	return keys, odd
}

func TestWhatIsNoRegularFileIsToldAndNeverOpened(t *testing.T) {
	d, folder := directory(t)
	secret := filepath.Join(filepath.Dir(folder), "secret.pdf")
	write(t, secret, "outside")
	write(t, filepath.Join(folder, "inbox/a/b/good.pdf"), "good")
	write(t, filepath.Join(folder, "inbox/c/b/other.pdf"), "another supplier's")
	must(t, os.Symlink(secret, filepath.Join(folder, "inbox/a/b/out.pdf")))
	must(t, os.Symlink("../../c/b/other.pdf", filepath.Join(folder, "inbox/a/b/in.pdf")))
	must(t, os.Symlink("../c/b", filepath.Join(folder, "inbox/a/folder")))
	must(t, os.Symlink("nowhere", filepath.Join(folder, "inbox/a/b/dangling.pdf")))
	must(t, syscall.Mkfifo(filepath.Join(folder, "inbox/a/b/pipe.pdf"), 0o600))
	t.Chdir(filepath.Join(folder, "inbox/a/b")) // a socket's path must be short
	socket, err := net.Listen("unix", "socket.pdf")
	must(t, err)
	defer socket.Close() //nolint:errcheck // the test is over

	keys, odd := list(t, d, "inbox/")
	if diff := cmp.Diff([]string{"inbox/a/b/good.pdf", "inbox/c/b/other.pdf"}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	want := []string{"inbox/a/b/dangling.pdf", "inbox/a/b/in.pdf", "inbox/a/b/out.pdf", "inbox/a/b/pipe.pdf", "inbox/a/b/socket.pdf", "inbox/a/folder"}
	for _, key := range want {
		if !errors.Is(odd[key], objectstore.ErrNotRegular) {
			t.Errorf("List: %q: got error %v, want ErrNotRegular", key, odd[key])
		}
		checkUnusable(t, d, key)
	}
	if len(odd) != len(want) {
		t.Errorf("odd keys: got %v, want %v", odd, want)
	}
	checkUnusable(t, d, "inbox/a/folder/other.pdf")
}

func checkUnusable(t *testing.T, d *objectstore.Directory, key string) {
	t.Helper()
	if _, err := d.Stat(t.Context(), key); !errors.Is(err, objectstore.ErrNotRegular) {
		t.Errorf("Stat(%q): got error %v, want ErrNotRegular", key, err)
	}
	if _, err := d.Open(t.Context(), objectstore.Object{Key: key}); !errors.Is(err, objectstore.ErrNotRegular) {
		t.Errorf("Open(%q): got error %v, want ErrNotRegular", key, err)
	}
	if err := d.Move(t.Context(), objectstore.Object{Key: key}, "archive/x"); !errors.Is(err, objectstore.ErrNotRegular) {
		t.Errorf("Move(%q): got error %v, want ErrNotRegular", key, err)
	}
	if err := d.Delete(t.Context(), key); !errors.Is(err, objectstore.ErrNotRegular) {
		t.Errorf("Delete(%q): got error %v, want ErrNotRegular", key, err)
	}
}

func TestNothingIsWrittenThroughALink(t *testing.T) {
	d, folder := directory(t)
	outside := t.TempDir()
	must(t, os.Symlink(outside, filepath.Join(folder, "outbox")))
	if err := d.Put(t.Context(), "outbox/a/receipt.json", []byte("x")); !errors.Is(err, objectstore.ErrNotRegular) {
		t.Errorf("Put: got error %v, want ErrNotRegular", err)
	}
	entries, err := os.ReadDir(outside)
	must(t, err)
	if len(entries) != 0 {
		t.Errorf("outside: got %v, want nothing", entries)
	}
}

// An inbox that is a link would make every batch vanish without a word.
func TestALinkOnTheWayToAPrefixIsTold(t *testing.T) {
	d, folder := directory(t)
	must(t, os.Symlink(t.TempDir(), filepath.Join(folder, "inbox")))
	_, odd := list(t, d, "inbox/")
	if !errors.Is(odd["inbox"], objectstore.ErrNotRegular) {
		t.Errorf("got %v, want ErrNotRegular for inbox", odd)
	}
}

func TestBadNamesAreTold(t *testing.T) {
	d, folder := directory(t)
	for _, name := range []string{"inbox/a/b/good.pdf", "inbox/a/b/a\nb.pdf", `inbox/a/b/c\d.pdf`, "inbox/a/b/\xff\xfe.pdf", "inbox/a/bad\x01/x.pdf"} {
		write(t, filepath.Join(folder, name), "x")
	}
	keys, odd := list(t, d, "inbox/")
	if diff := cmp.Diff([]string{"inbox/a/b/good.pdf"}, keys); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
	for _, key := range []string{"inbox/a/b/a\nb.pdf", `inbox/a/b/c\d.pdf`, "inbox/a/b/\xff\xfe.pdf", "inbox/a/bad\x01/"} {
		if !errors.Is(odd[key], objectstore.ErrBadKey) {
			t.Errorf("%q: got error %v, want ErrBadKey", key, odd[key])
		}
		delete(odd, key)
	}
	if len(odd) != 0 {
		t.Errorf("other odd keys: %v", odd)
	}
}

// Folders nested deeper than a key can say must not exhaust file descriptors.
func TestDeepFoldersAreTold(t *testing.T) {
	d, folder := directory(t)
	t.Chdir(folder)
	for range 600 {
		must(t, os.Mkdir("d", 0o700))
		must(t, os.Chdir("d"))
	}
	write(t, "x.pdf", "x")
	t.Chdir(folder)
	keys, odd := list(t, d, "")
	if len(keys) != 0 || len(odd) != 1 {
		t.Errorf("got keys %v and %d odd, want one odd folder", keys, len(odd))
	}
	for _, err := range odd {
		if !errors.Is(err, objectstore.ErrBadKey) {
			t.Errorf("got error %v, want ErrBadKey", err)
		}
	}
}

func TestAFileThatChangesWhileItIsRead(t *testing.T) {
	d, folder := directory(t)
	file := filepath.Join(folder, "inbox/a/b/growing.pdf")
	write(t, file, strings.Repeat("x", 10_000))
	o, err := d.Stat(t.Context(), "inbox/a/b/growing.pdf")
	must(t, err)
	r, err := d.Open(t.Context(), o)
	must(t, err)
	defer r.Close() //nolint:errcheck // only read
	if _, err := io.ReadFull(r, make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	// The same size and time as before: only the change time tells.
	f, err := os.OpenFile(file, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte("y"), 9_000)
	must(t, errors.Join(err, f.Close(), os.Chtimes(file, o.Modified, o.Modified)))
	if _, err := io.ReadAll(r); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("ReadAll: got error %v, want ErrChanged", err)
	}
	if _, err := d.Open(t.Context(), o); !errors.Is(err, objectstore.ErrChanged) {
		t.Errorf("Open: got error %v, want ErrChanged", err)
	}
}

func TestMoveKeepsModificationTimes(t *testing.T) {
	d, folder := directory(t)
	write(t, filepath.Join(folder, "inbox/a/b/x.pdf"), "x")
	at := time.Date(2023, 3, 15, 13, 0, 0, 1_000_000, time.UTC)
	must(t, os.Chtimes(filepath.Join(folder, "inbox/a/b/x.pdf"), at, at))
	o, err := d.Stat(t.Context(), "inbox/a/b/x.pdf")
	must(t, err)
	must(t, d.Move(t.Context(), o, "archive/a/b/r1/x.pdf"))
	moved, err := d.Stat(t.Context(), "archive/a/b/r1/x.pdf")
	must(t, err)
	if !moved.Modified.Equal(at) {
		t.Errorf("modified: got %s, want %s", moved.Modified, at)
	}
}

func TestEmptyFoldersGoButTheSuppliersOwn(t *testing.T) {
	d, folder := directory(t)
	for _, key := range []string{"inbox/a/b/deep/er/x.pdf", "inbox/a/b/y.pdf"} {
		must(t, d.Put(t.Context(), key, []byte("x")))
	}
	exists := func(name string) bool {
		_, err := os.Stat(filepath.Join(folder, name))
		return err == nil
	}
	o, err := d.Stat(t.Context(), "inbox/a/b/deep/er/x.pdf")
	must(t, err)
	must(t, d.Move(t.Context(), o, "archive/a/b/r1/deep/er/x.pdf"))
	if exists("inbox/a/b/deep") || !exists("inbox/a/b/y.pdf") {
		t.Error("after the move: deep should be gone and y.pdf there")
	}
	must(t, d.Delete(t.Context(), "inbox/a/b/y.pdf"))
	must(t, d.Sync(t.Context()))
	if exists("inbox/a/b") || !exists("inbox/a") {
		t.Error("after the delete: inbox/a/b should be gone and inbox/a there")
	}
}

func TestPutLeavesNothingBehindWhenItFails(t *testing.T) {
	d, folder := directory(t)
	must(t, d.Put(t.Context(), "outbox/a/b/r1/receipt.json", []byte("x")))
	if err := d.Put(t.Context(), "outbox/a/b/r1", []byte("a file where a folder is")); err == nil {
		t.Error("Put over a folder: no error")
	}
	if err := d.Put(t.Context(), "outbox/a/b/r1/receipt.json/x", []byte("below a file")); err == nil {
		t.Error("Put below a file: no error")
	}
	keys, odd := list(t, d, "")
	if diff := cmp.Diff([]string{"outbox/a/b/r1/receipt.json"}, keys); diff != "" || len(odd) > 0 {
		t.Errorf("keys (-want +got):\n%s%v", diff, odd)
	}
	left, err := os.ReadDir(filepath.Join(folder, ".guichet-tmp"))
	must(t, err)
	if len(left) != 0 {
		t.Errorf("temporary files: got %v, want none", left)
	}
}

func TestAbandonedTemporaryFilesAreRemoved(t *testing.T) {
	_, folder := directory(t)
	old, fresh := filepath.Join(folder, ".guichet-tmp/old"), filepath.Join(folder, ".guichet-tmp/fresh")
	write(t, old, "half")
	write(t, fresh, "half")
	before := time.Now().Add(-2 * time.Hour)
	must(t, os.Chtimes(old, before, before))
	d, err := objectstore.OpenDirectory(folder)
	must(t, err)
	defer d.Close() //nolint:errcheck // the test is over
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("old: got error %v, want that it is gone", err)
	}
	if _, err := os.Stat(fresh); err != nil {
		t.Errorf("fresh: %v", err)
	}
	if keys, odd := list(t, d, ""); len(keys)+len(odd) != 0 {
		t.Errorf("listed: %v %v, want nothing", keys, odd)
	}
	for _, key := range []string{".guichet-tmp", ".guichet-tmp/fresh"} {
		if _, err := d.Stat(t.Context(), key); !errors.Is(err, objectstore.ErrBadKey) {
			t.Errorf("Stat(%q): got error %v, want ErrBadKey", key, err)
		}
	}
}

func TestOpen(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "dépôt 100%")
	must(t, os.Mkdir(folder, 0o700))
	escaped := strings.NewReplacer("%", "%25", " ", "%20", "é", "%C3%A9").Replace(folder)
	for _, url := range []string{folder, "file://" + escaped, "file://localhost" + escaped} {
		s, err := objectstore.Open(url)
		if err != nil {
			t.Errorf("Open(%q): %v", url, err)
			continue
		}
		must(t, s.Put(t.Context(), "x", []byte("x")))
	}
	refused := map[string]error{
		"ftp://host/x":                   objectstore.ErrUnsupported,
		"file://host/path":               nil,
		"file://":                        nil,
		"file://%zz/hunter2":             nil,
		filepath.Join(folder, "missing"): os.ErrNotExist,
	}
	for url, want := range refused {
		_, err := objectstore.Open(url)
		if err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("Open(%q): got error %v, want %v", url, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Open(%q): the error tells the password: %v", url, err)
		}
	}
}

func TestListIsSortedAsKeysAre(t *testing.T) {
	d, folder := directory(t)
	for _, key := range []string{"a/b/c", "a/b-c", "a/b.zip", "a/b0", "a/B", "a.b/c", "a-b/c", "aa"} {
		write(t, filepath.Join(folder, key), "x")
	}
	keys, _ := list(t, d, "")
	if !slices.IsSorted(keys) || len(keys) != 8 {
		t.Errorf("got %q, want 8 keys in byte order", keys)
	}
}
