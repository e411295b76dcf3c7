package objectstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	// temporaries holds files that are not whole yet; in the store's own file
	// system, so that a rename publishes them.
	temporaries = ".guichet-tmp"
	// abandonedAfter is how long a temporary file lies untouched before its
	// writer is taken for dead.
	abandonedAfter = time.Hour

	// Results are for the agency's groups, never for everybody on the machine.
	folderMode = 0o750
	fileMode   = 0o640

	// lastingDepth is how many levels of folders stay when they are empty: a
	// supplier's inbox/<SIRET> has rights of its own.
	lastingDepth = 2
)

// Directory is a store in a folder: keys are paths below it. Nothing outside
// the folder is ever read or written, whatever links lie in it.
type Directory struct {
	root *os.Root

	mu    sync.Mutex
	dirty map[string]bool // folders whose entries changed since they were last synced

	syncing sync.Mutex // a Sync that returns has waited for those that took its folders
}

var _ Store = (*Directory)(nil)

// OpenDirectory gives the store in a folder, which must exist, and removes
// what writers that died left half-written.
func OpenDirectory(folder string) (*Directory, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, fmt.Errorf("storage folder: %w", err)
	}
	d := &Directory{root: root, dirty: map[string]bool{}}
	if err := d.removeAbandoned(); err != nil {
		return nil, errors.Join(fmt.Errorf("storage folder: %w", err), root.Close())
	}
	return d, nil
}

// Close releases the folder.
func (d *Directory) Close() error { return d.root.Close() }

func (d *Directory) removeAbandoned() error {
	folder, err := d.folder(temporaries)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	defer folder.Close() //nolint:errcheck // only read
	entries, err := readFolder(folder)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := folder.Lstat(entry.Name())
		if err != nil || time.Since(info.ModTime()) < abandonedAfter {
			continue // gone meanwhile, or somebody is writing it
		}
		if err := folder.Remove(entry.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// check is CheckKey, and keeps callers out of the store's own folder.
func check(key string) error {
	if key == temporaries || strings.HasPrefix(key, temporaries+"/") {
		return &KeyError{key, fmt.Errorf("%w: the store's own folder", ErrBadKey)}
	}
	return CheckKey(key)
}

// folder opens a folder of the store, "." for the store itself. ErrNotFound
// when there is none; no symbolic link is followed on the way.
func (d *Directory) folder(dir string) (*os.Root, error) {
	at, err := d.root.OpenRoot(".")
	if err != nil || dir == "." {
		return at, err
	}
	for name := range strings.SplitSeq(dir, "/") {
		next, err := enter(at, name)
		if closeErr := at.Close(); err == nil && closeErr != nil {
			err = errors.Join(closeErr, next.Close())
		}
		if err != nil {
			return nil, err
		}
		at = next
	}
	return at, nil
}

// enter opens a folder in a folder, but not through a symbolic link, even when
// somebody swaps one in at this very moment.
func enter(at *os.Root, name string) (*os.Root, error) {
	info, err := at.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, ErrNotFound
	case err != nil:
		return nil, err
	case info.Mode().IsRegular():
		return nil, ErrNotFound
	case !info.IsDir():
		return nil, fmt.Errorf("%w: %q is %s where a folder should be", ErrNotRegular, name, kindOf(info.Mode()))
	}
	next, err := at.OpenRoot(name + "/.") // with the dot a pipe fails instead of blocking
	if err != nil {
		return nil, notFound(err)
	}
	opened, err := next.Stat(".")
	if err == nil && !os.SameFile(info, opened) {
		err = fmt.Errorf("%w: %q was replaced meanwhile", ErrNotRegular, name)
	}
	if err != nil {
		return nil, errors.Join(err, next.Close())
	}
	return next, nil
}

// notFound turns the system's errors for a missing file into ErrNotFound.
func notFound(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return ErrNotFound
	}
	return err
}

func readFolder(at *os.Root) ([]fs.DirEntry, error) {
	f, err := at.Open(".")
	if err != nil {
		return nil, err
	}
	entries, err := f.ReadDir(-1)
	return entries, errors.Join(err, f.Close())
}

// List implements [Store].
func (d *Directory) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		at, err := d.folder(".")
		if err != nil {
			yield(Object{}, fmt.Errorf("listing %q: %w", prefix, err))
			return
		}
		defer at.Close() //nolint:errcheck // only read
		list(ctx, at, "", prefix, yield)
	}
}

// list yields what stands below a folder, whose key is empty or ends in a
// slash, and tells whether to go on.
func list(ctx context.Context, at *os.Root, folder, prefix string, yield func(Object, error) bool) bool {
	entries, err := readFolder(at)
	if err != nil && folder == "" {
		yield(Object{}, fmt.Errorf("listing the storage folder: %w", err))
		return false
	}
	if err != nil {
		return yield(Object{Key: folder}, &KeyError{folder, err})
	}
	keys := make([]struct{ name, key string }, 0, len(entries))
	for _, entry := range entries {
		key := folder + entry.Name()
		if entry.IsDir() {
			key += "/" // so that folders sort where their objects do
		}
		// A link in the place of a folder that prefix leads through is told,
		// or everything below it would be missing in silence.
		leads := strings.HasPrefix(prefix, strings.TrimSuffix(key, "/")+"/")
		if key != temporaries+"/" && (leads && !entry.Type().IsRegular() || strings.HasPrefix(key, prefix)) {
			keys = append(keys, struct{ name, key string }{entry.Name(), key})
		}
	}
	slices.SortFunc(keys, func(a, b struct{ name, key string }) int { return cmp.Compare(a.key, b.key) })
	for _, entry := range keys {
		if err := ctx.Err(); err != nil {
			yield(Object{}, err)
			return false
		}
		if !listEntry(ctx, at, entry.name, entry.key, prefix, yield) {
			return false
		}
	}
	return true
}

func listEntry(ctx context.Context, at *os.Root, name, key, prefix string, yield func(Object, error) bool) bool {
	inner, isFolder := strings.CutSuffix(key, "/")
	if err := CheckKey(inner); err != nil {
		return yield(Object{Key: key}, &KeyError{key, errors.Unwrap(err)})
	}
	if isFolder {
		sub, err := enter(at, name)
		if errors.Is(err, ErrNotFound) {
			return true // removed meanwhile
		}
		if err != nil {
			return yield(Object{Key: key}, &KeyError{key, err})
		}
		defer sub.Close() //nolint:errcheck // only read
		return list(ctx, sub, key, prefix, yield)
	}
	info, err := at.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true
	case err != nil:
		return yield(Object{Key: key}, &KeyError{key, err})
	case !info.Mode().IsRegular():
		return yield(Object{Key: key}, &KeyError{key, fmt.Errorf("%w: %s", ErrNotRegular, kindOf(info.Mode()))})
	}
	return yield(object(key, info), nil)
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode.IsDir():
		return "a folder"
	default:
		return "a file of an unknown kind"
	}
}

func object(key string, info fs.FileInfo) Object {
	return Object{Key: key, Size: info.Size(), Modified: info.ModTime(), Version: version(info)}
}

// find opens the folder of a key, which the caller closes, and looks at the
// regular file in it. The folder is nil when there is an error.
func (d *Directory) find(key string) (*os.Root, fs.FileInfo, error) {
	if err := check(key); err != nil {
		return nil, nil, err
	}
	at, err := d.folder(path.Dir(key))
	if err != nil {
		return nil, nil, &KeyError{key, err}
	}
	info, err := at.Lstat(path.Base(key))
	switch {
	case err != nil:
		err = notFound(err)
	case info.IsDir():
		err = ErrNotFound
	case !info.Mode().IsRegular():
		err = fmt.Errorf("%w: %s", ErrNotRegular, kindOf(info.Mode()))
	}
	if err != nil {
		return nil, nil, &KeyError{key, errors.Join(err, at.Close())}
	}
	return at, info, nil
}

// Stat implements [Store].
func (d *Directory) Stat(ctx context.Context, key string) (Object, error) {
	if err := ctx.Err(); err != nil {
		return Object{}, err
	}
	at, info, err := d.find(key)
	if err != nil {
		return Object{}, err
	}
	return object(key, info), at.Close()
}

// Open implements [Store].
func (d *Directory) Open(ctx context.Context, o Object) (io.ReadCloser, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	at, info, err := d.find(o.Key)
	if err != nil {
		return nil, err
	}
	defer at.Close() //nolint:errcheck // only read
	if version(info) != o.Version {
		return nil, &KeyError{o.Key, ErrChanged}
	}
	file, err := at.OpenFile(path.Base(o.Key), os.O_RDONLY|syscall.O_NONBLOCK, 0) // a pipe swapped in must not block
	if err != nil {
		return nil, &KeyError{o.Key, notFound(err)}
	}
	r := &pinned{ctx: ctx, file: file, key: o.Key, version: o.Version}
	if err := r.unchanged(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return r, nil
}

// pinned reads one version of a file.
type pinned struct {
	ctx     context.Context // the reader lives as long as the call that it serves
	file    *os.File
	key     string
	version string
}

func (r *pinned) unchanged() error {
	info, err := r.file.Stat()
	if err != nil {
		return &KeyError{r.key, err}
	}
	if !info.Mode().IsRegular() || version(info) != r.version {
		return &KeyError{r.key, ErrChanged}
	}
	return nil
}

func (r *pinned) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.file.Read(p)
	if err == io.EOF { //nolint:errorlint // io.Reader's contract is the bare value
		if changed := r.unchanged(); changed != nil {
			return n, changed
		}
	}
	return n, err
}

func (r *pinned) Close() error { return r.file.Close() }
