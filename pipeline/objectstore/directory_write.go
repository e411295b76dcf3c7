package objectstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// Put implements [Store].
func (d *Directory) Put(ctx context.Context, key string, data []byte) error {
	return d.put(ctx, key, data, d.root.Rename)
}

// PutNew implements [Store].
func (d *Directory) PutNew(ctx context.Context, key string, data []byte) error {
	return d.put(ctx, key, data, func(temporary, key string) error {
		err := d.root.Link(temporary, key)
		if errors.Is(err, fs.ErrExist) {
			err = ErrExists
		}
		return errors.Join(err, d.discard(temporary))
	})
}

// put writes a temporary file and has it named by its key.
func (d *Directory) put(ctx context.Context, key string, data []byte, name func(temporary, key string) error) error {
	if err := check(key); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := d.write(ctx, key, data, name); err != nil {
		return fmt.Errorf("writing %q: %w", key, err)
	}
	return nil
}

func (d *Directory) write(ctx context.Context, key string, data []byte, name func(temporary, key string) error) error {
	if err := d.makeFolder(temporaries); err != nil {
		return err
	}
	if err := d.makeFolder(path.Dir(key)); err != nil {
		return err
	}
	temporary := path.Join(temporaries, rand.Text())
	if err := d.writeFile(temporary, data); err != nil {
		return errors.Join(err, d.discard(temporary))
	}
	if err := name(temporary, key); err != nil {
		return errors.Join(err, d.discard(temporary))
	}
	d.changed(path.Dir(key))
	return d.Sync(ctx)
}

func (d *Directory) writeFile(name string, data []byte) error {
	file, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	if _, err = file.Write(data); err == nil {
		err = file.Sync()
	}
	return errors.Join(err, file.Close())
}

func (d *Directory) discard(temporary string) error {
	if err := d.root.Remove(temporary); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// makeFolder makes a folder and those above it, where they are missing.
func (d *Directory) makeFolder(dir string) error {
	if at, err := d.folder(dir); err == nil {
		return at.Close()
	} else if !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%q: %w", dir, err)
	}
	for i := range len(dir) + 1 {
		if i < len(dir) && dir[i] != '/' {
			continue
		}
		err := d.root.Mkdir(dir[:i], folderMode)
		if err == nil {
			d.changed(path.Dir(dir[:i]))
		} else if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	at, err := d.folder(dir)
	if err != nil {
		return fmt.Errorf("%q: %w", dir, err)
	}
	return at.Close()
}

// Move implements [Store]. Modification times stay as they are.
func (d *Directory) Move(ctx context.Context, o Object, to string) error {
	if err := check(to); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	at, info, err := d.find(o.Key)
	if errors.Is(err, ErrNotFound) {
		if moved, statErr := d.Stat(ctx, to); statErr == nil && moved.Size == o.Size {
			return nil
		}
	}
	if err != nil {
		return err
	}
	if err := at.Close(); err != nil {
		return err
	}
	if version(info) != o.Version {
		return &KeyError{o.Key, ErrChanged}
	}
	if err := d.move(o.Key, info, to); err != nil {
		return fmt.Errorf("moving %q to %q: %w", o.Key, to, err)
	}
	return nil
}

func (d *Directory) move(from string, info fs.FileInfo, to string) error {
	if err := d.makeFolder(path.Dir(to)); err != nil {
		return err
	}
	if err := d.root.Rename(from, to); err != nil {
		return notFound(err)
	}
	d.changed(path.Dir(from))
	d.changed(path.Dir(to))
	at, moved, err := d.find(to)
	if err != nil {
		return err
	}
	if err := at.Close(); err != nil {
		return err
	}
	if !os.SameFile(info, moved) || moved.Size() != info.Size() || !moved.ModTime().Equal(info.ModTime()) {
		// A new delivery took the name between look and rename: it goes back,
		// unless yet another one stands there by now.
		if err := d.root.Link(to, from); err != nil {
			return fmt.Errorf("%w and cannot be put back: %w", ErrChanged, err)
		}
		return errors.Join(ErrChanged, d.root.Remove(to))
	}
	d.prune(path.Dir(from))
	return nil
}

// Delete implements [Store].
func (d *Directory) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	at, _, err := d.find(key)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := errors.Join(notExistIsNil(at.Remove(path.Base(key))), at.Close()); err != nil {
		return fmt.Errorf("deleting %q: %w", key, err)
	}
	d.changed(path.Dir(key))
	d.prune(path.Dir(key))
	return nil
}

func notExistIsNil(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// prune removes folders that the last object left, up to those that last.
func (d *Directory) prune(dir string) {
	for strings.Count(dir, "/") >= lastingDepth {
		if d.root.Remove(dir) != nil {
			return // not empty, or not ours to remove: both are fine
		}
		dir = path.Dir(dir)
		d.changed(dir)
	}
}

// changed remembers that a folder's entries have to be made durable.
func (d *Directory) changed(dir string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dirty[dir] = true
}

// Sync implements [Store].
func (d *Directory) Sync(ctx context.Context) error {
	d.syncing.Lock()
	defer d.syncing.Unlock()
	d.mu.Lock()
	dirs := d.dirty
	d.dirty = map[string]bool{}
	d.mu.Unlock()
	for dir := range dirs {
		err := ctx.Err()
		if err == nil {
			err = d.syncFolder(dir)
		}
		if err != nil {
			for dir := range dirs {
				d.changed(dir)
			}
			return fmt.Errorf("making %q durable: %w", dir, err)
		}
	}
	return nil
}

func (d *Directory) syncFolder(dir string) error {
	at, err := d.folder(dir)
	if errors.Is(err, ErrNotFound) {
		return nil // pruned since: its parent is on the list
	}
	if err != nil {
		return err
	}
	defer at.Close() //nolint:errcheck // only read
	folder, err := at.Open(".")
	if err != nil {
		return err
	}
	err = folder.Sync()
	if errors.Is(err, syscall.EINVAL) || errors.Is(err, errors.ErrUnsupported) {
		err = nil // some network file systems have no such thing for folders
	}
	return errors.Join(err, folder.Close())
}
