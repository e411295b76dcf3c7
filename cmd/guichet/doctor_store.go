package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"guichet/pipeline/objectstore"
)

// storage tries every operation on the store that a run needs.
func (d *doctor) storage() {
	const check = "storage"
	shown := public(d.settings.Storage.URL)
	store, err := limited(d.ctx, lookWithin, func(context.Context) (objectstore.Store, error) {
		return objectstore.Open(d.settings.Storage.URL)
	})
	if err != nil {
		d.fault(check, "look at storage.url; make the folder, or give the credentials", "%s: %v", shown, err)
		return
	}
	folder, local := directoryOf(d.settings.Storage.URL)
	if local {
		d.ok(check, "the folder %s", folder)
		d.space("store disk", folder, littleSpace)
		d.owners(folder)
	} else {
		d.ok(check, "%s", shown)
	}
	const rights = "give the user that guichet runs as the right to read, write and delete there"
	const scratch = "/.guichet-doctor"
	var offset time.Duration
	for _, trial := range []struct {
		folder, can string
		key         string // of one name where guichet may not delete, lest many stay
		try         func(ctx context.Context, store objectstore.Store, key string) (time.Duration, error)
	}{
		{"inbox", "can be listed and deleted from", scratch, tryInbox},
		{"registers", "can be listed", scratch, tryList},
		{"archive", "every operation works: list, put, put where none is, stat, open, move, delete", scratch + "-" + rand.Text(), tryAll},
		{"outbox", "can be written and read back", scratch, tryResults},
		{"operators", "can be written and read back", scratch, tryResults},
		{"audit", "can be written and read back", scratch, tryResults},
	} {
		before, within := foldersIn(folder, local), storeWithin
		if d.store == nil {
			within = reachWithin
		}
		seen, err := limited(d.ctx, within, func(ctx context.Context) (time.Duration, error) {
			return trial.try(ctx, store, trial.folder+trial.key)
		})
		before.restore()
		var stays *staysError
		check := trial.folder + "/"
		switch {
		case errors.Is(err, objectstore.ErrUnavailable), errors.Is(err, errNoAnswer):
			d.fault(check, "see that the store runs and can be reached from here", "%v", err)
			d.store = nil
			return // the other folders would each take their time to tell the same
		case errors.As(err, &stays):
			d.warn(check, "remove it; guichet itself deletes nothing there", "%s, but %v", trial.can, err)
		case err != nil:
			d.fault(check, rights, "%v", err)
		default:
			d.ok(check, "%s", trial.can)
		}
		d.store = store
		if trial.folder == "archive" && err == nil {
			offset = seen
		}
	}
	if offset.Abs() > time.Minute {
		d.warn("store clock", "set both clocks (NTP): reception times are the store's", "it goes %s beside this machine's", offset.Round(time.Second))
	} else {
		d.ok("store clock", "it goes as this machine's does")
	}
}

// staysError means that a scratch object could not be removed.
type staysError struct {
	key string
	err error
}

func (e *staysError) Error() string { return fmt.Sprintf("%q cannot be removed: %v", e.key, e.err) }

// cleanWithin is how long scratch objects may take to be removed, whatever
// became of the trial.
const cleanWithin = 5 * time.Second

// clean removes scratch objects, also when the trial was stopped. The error is
// a [staysError].
func clean(ctx context.Context, store objectstore.Store, keys ...string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanWithin)
	defer cancel()
	var errs []error
	for _, key := range keys {
		if err := store.Delete(ctx, key); err != nil {
			errs = append(errs, &staysError{key, err})
		}
	}
	return errors.Join(errs...)
}

// did names the operation that an error comes from.
func did(operation string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", operation, err)
}

// tryList lists the first objects of a folder. What is odd in it is for a run
// to tell.
func tryList(ctx context.Context, store objectstore.Store, key string) (time.Duration, error) {
	folder, most := path.Dir(key)+"/", 1000
	for _, err := range store.List(ctx, folder) {
		var odd *objectstore.KeyError
		if err != nil && (!errors.As(err, &odd) || !strings.HasPrefix(odd.Key, folder) || odd.Key == folder) {
			return 0, did("list", err)
		}
		if most--; most == 0 {
			break
		}
	}
	return 0, nil
}

// tryInbox lists, and deletes what is not there: inputs are moved away.
func tryInbox(ctx context.Context, store objectstore.Store, key string) (time.Duration, error) {
	if _, err := tryList(ctx, store, key); err != nil {
		return 0, err
	}
	return 0, did("delete", store.Delete(ctx, key))
}

// tryResults does what publishing does: write, read back, and see that what is
// there is not written over.
func tryResults(ctx context.Context, store objectstore.Store, key string) (_ time.Duration, err error) {
	defer func() {
		if stays := clean(ctx, store, key); err == nil {
			err = stays
		}
	}()
	if err := did("put", store.Put(ctx, key, []byte(key))); err != nil {
		return 0, err
	}
	if _, err := readBack(ctx, store, key); err != nil {
		return 0, err
	}
	return 0, tryNotOver(ctx, store, key)
}

// tryAll does everything that a store can do, on two keys of a folder where
// guichet writes, moves to and, in a purge, deletes. It gives how far the
// store's clock is ahead of ours.
func tryAll(ctx context.Context, store objectstore.Store, key string) (offset time.Duration, err error) {
	moved := key + "-moved"
	defer func() {
		if stays := clean(ctx, store, key, moved); stays != nil {
			err = errors.Join(err, errors.New(stays.Error())) // here it is more than a scratch object that stays
		}
	}()
	before := time.Now()
	if err := did("put where none is", store.PutNew(ctx, key, []byte(key))); err != nil {
		return 0, err
	}
	o, err := readBack(ctx, store, key)
	if err != nil {
		return 0, err
	}
	switch after := time.Now(); {
	case o.Modified.Before(before):
		offset = o.Modified.Sub(before)
	case o.Modified.After(after):
		offset = o.Modified.Sub(after)
	}
	if err := tryNotOver(ctx, store, key); err != nil {
		return 0, err
	}
	if err := did("put", store.Put(ctx, key, []byte(key))); err != nil {
		return 0, err
	}
	if o, err = readBack(ctx, store, key); err != nil {
		return 0, err
	}
	listed := 0
	for _, err := range store.List(ctx, key) {
		if err != nil {
			return 0, did("list", err)
		}
		listed++
	}
	if listed != 1 {
		return 0, fmt.Errorf("list: %d objects are told where one was written", listed)
	}
	if err := did("move", store.Move(ctx, o, moved)); err != nil {
		return 0, err
	}
	for _, gone := range []string{key, moved} { // the first by the move
		if gone == moved {
			if err := did("delete", store.Delete(ctx, moved)); err != nil {
				return 0, err
			}
		}
		if _, err := store.Stat(ctx, gone); !errors.Is(err, objectstore.ErrNotFound) {
			return 0, fmt.Errorf("stat: an object that is gone is still told (%w)", err)
		}
	}
	return offset, did("sync", store.Sync(ctx))
}

// readBack gives the object of a key whose content is the key.
func readBack(ctx context.Context, store objectstore.Store, key string) (o objectstore.Object, err error) {
	if o, err = store.Stat(ctx, key); err != nil {
		return o, did("stat", err)
	}
	reader, err := store.Open(ctx, o)
	if err != nil {
		return o, did("open", err)
	}
	content, err := io.ReadAll(io.LimitReader(reader, 1<<20))
	if err := errors.Join(err, reader.Close()); err != nil {
		return o, did("read", err)
	}
	if !bytes.Equal(content, []byte(key)) {
		return o, errors.New("read: another content than was written")
	}
	return o, nil
}

// tryNotOver sees that an object is not written over where none may be.
func tryNotOver(ctx context.Context, store objectstore.Store, key string) error {
	if err := store.PutNew(ctx, key, []byte("other")); !errors.Is(err, objectstore.ErrExists) {
		return fmt.Errorf("put where none is: the store should refuse to write over an object, and says %w", orNothing(err))
	}
	return nil
}

// orNothing gives an error also where there is none.
func orNothing(err error) error {
	if err == nil {
		return errors.New("nothing: it takes no conditional writes")
	}
	return err
}

// directoryOf gives the folder of a store that is one.
func directoryOf(storage string) (folder string, local bool) {
	if !strings.Contains(storage, "://") {
		return storage, true
	}
	u, err := url.Parse(storage)
	if err != nil || u.Scheme != "file" {
		return "", false
	}
	return u.Path, true
}

// absentFolders are the folders that a trial would leave behind in a store that
// is still empty: a doctor run by root must not make them root's.
type absentFolders []string

func foldersIn(store string, local bool) (absent absentFolders) {
	if !local {
		return nil
	}
	for _, name := range []string{".guichet-tmp", "archive", "outbox", "operators", "audit"} {
		if _, err := os.Lstat(filepath.Join(store, name)); errors.Is(err, fs.ErrNotExist) {
			absent = append(absent, filepath.Join(store, name))
		}
	}
	return absent
}

func (a absentFolders) restore() {
	for _, folder := range a {
		_ = os.Remove(folder) // it stays when it is not empty, and is harmless
	}
}

// maxFolders bounds the look at the folders of a directory store.
const maxFolders = 100_000

// owners looks at the rights on the folders of a directory store, which may
// differ from those of the store itself: the batches' that are moved away, and
// the suppliers' that results go to.
func (d *doctor) owners(store string) {
	const check = "rights"
	type rights struct {
		looked  int
		denied  []string
		foreign bool
	}
	found, err := limited(d.ctx, storeWithin, func(ctx context.Context) (r rights, err error) {
		for top, depth := range map[string]int{"inbox": 3, "outbox": 2, "operators": 2, "archive": 2, "audit": 1} {
			err := filepath.WalkDir(filepath.Join(store, top), func(name string, entry fs.DirEntry, err error) error {
				switch {
				case ctx.Err() != nil:
					return ctx.Err()
				case errors.Is(err, fs.ErrNotExist):
					return nil
				case err != nil:
					r.denied = append(r.denied, name)
					return fs.SkipDir
				case !entry.IsDir():
					return nil
				case r.looked == maxFolders:
					return fs.SkipAll
				}
				r.looked++
				if unix.Access(name, unix.R_OK|unix.W_OK|unix.X_OK) != nil {
					r.denied = append(r.denied, name)
				}
				if inside, err := filepath.Rel(store, name); err != nil || strings.Count(inside, string(filepath.Separator)) >= depth-1 {
					return fs.SkipDir
				}
				return nil
			})
			if err != nil {
				return r, err
			}
		}
		slices.Sort(r.denied)
		var info unix.Stat_t
		err = unix.Stat(store, &info)
		r.foreign = os.Geteuid() == 0 && info.Uid != 0
		return r, err
	})
	switch {
	case err != nil:
		d.fault(check, "look at the folder of the store", "%v", err)
	case len(found.denied) > 0:
		d.fault(check, "give the user that guichet runs as the right to read, write and enter, e.g. by setfacl -d",
			"%s of %d may not be read, written or entered, such as %q", plural(len(found.denied), "folder", "folders"), found.looked, found.denied[0])
	case found.foreign:
		d.warn(check, "run guichet doctor as the user that guichet runs as", "this is root, who may do everything, and the store is another's")
	default:
		d.ok(check, "%s of the store can be read and written", plural(found.looked, "folder", "folders"))
	}
}
