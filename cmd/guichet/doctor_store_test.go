package main

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/pipeline/objectstore"
)

// sick is a store with one thing wrong.
type sick struct {
	objectstore.Store
	failing string // an operation that fails
	late    time.Duration
	over    bool // it writes over objects where none may be
	garbled bool
}

var errSick = errors.New("no right")

func (s *sick) fail(operation string) error {
	if s.failing == operation {
		return errSick
	}
	return nil
}

func (s *sick) List(ctx context.Context, prefix string) iter.Seq2[objectstore.Object, error] {
	if s.fail("list") != nil {
		return func(yield func(objectstore.Object, error) bool) { yield(objectstore.Object{}, errSick) }
	}
	return s.Store.List(ctx, prefix)
}

func (s *sick) Open(ctx context.Context, o objectstore.Object) (io.ReadCloser, error) {
	if s.garbled {
		return io.NopCloser(strings.NewReader("garbled")), nil
	}
	if err := s.fail("open"); err != nil {
		return nil, err
	}
	return s.Store.Open(ctx, o)
}

func (s *sick) Stat(ctx context.Context, key string) (objectstore.Object, error) {
	if err := s.fail("stat"); err != nil {
		return objectstore.Object{}, err
	}
	o, err := s.Store.Stat(ctx, key)
	o.Modified = o.Modified.Add(s.late)
	return o, err
}

func (s *sick) Put(ctx context.Context, key string, data []byte) error {
	if err := s.fail("put"); err != nil {
		return err
	}
	return s.Store.Put(ctx, key, data)
}

func (s *sick) PutNew(ctx context.Context, key string, data []byte) error {
	if s.over {
		return s.Store.Put(ctx, key, data)
	}
	if err := s.fail("put where none is"); err != nil {
		return err
	}
	return s.Store.PutNew(ctx, key, data)
}

func (s *sick) Move(ctx context.Context, o objectstore.Object, to string) error {
	if err := s.fail("move"); err != nil {
		return err
	}
	return s.Store.Move(ctx, o, to)
}

func (s *sick) Delete(ctx context.Context, key string) error {
	if err := s.fail("delete"); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

func (s *sick) Sync(ctx context.Context) error {
	if err := s.fail("sync"); err != nil {
		return err
	}
	return s.Store.Sync(ctx)
}

// files gives the files below a folder, sorted.
func files(t *testing.T, folder string) (found []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			found = append(found, strings.TrimPrefix(name, folder))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func directoryStore(t *testing.T) (objectstore.Store, string) {
	t.Helper()
	folder := t.TempDir()
	store, err := objectstore.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	return store, folder
}

// Whatever fails is named, and leaves no object behind; but for the right to
// delete, without which one stays and is named too.
func TestTrialNamesWhatFails(t *testing.T) {
	tries := map[string]func(context.Context, objectstore.Store, string) (time.Duration, error){
		"archive": tryAll, "outbox": tryResults, "inbox": tryInbox, "registers": tryList,
	}
	needed := map[string]string{
		"archive":   "delete list move open put put where none is stat sync",
		"outbox":    "open put put where none is stat",
		"inbox":     "delete list",
		"registers": "list",
	}
	for folder, try := range tries {
		for _, operation := range []string{"", "list", "put", "put where none is", "stat", "open", "move", "delete", "sync"} {
			store, dir := directoryStore(t)
			_, err := try(t.Context(), &sick{Store: store, failing: operation}, folder+"/.guichet-doctor-x")
			var stays *staysError
			switch {
			case folder == "outbox" && operation == "delete":
				if !errors.As(err, &stays) || stays.key != "outbox/.guichet-doctor-x" {
					t.Errorf("%s, %s fails: %v; want that an object stays", folder, operation, err)
				}
			case operation == "" || !strings.Contains(needed[folder], operation):
				if err != nil {
					t.Errorf("%s, %q fails: %v; it is not needed there", folder, operation, err)
				}
			case err == nil || !strings.HasPrefix(err.Error(), operation+":") || errors.As(err, &stays):
				t.Errorf("%s, %s fails: %v; want the operation named", folder, operation, err)
			}
			if left := files(t, dir); operation != "delete" && len(left) > 0 {
				t.Errorf("%s, %q fails: %q stay", folder, operation, left)
			}
		}
		for what, s := range map[string]*sick{"writes over": {over: true}, "garbles": {garbled: true}} {
			store, dir := directoryStore(t)
			s.Store = store
			_, err := try(t.Context(), s, folder+"/.guichet-doctor-x")
			if wanted := strings.Contains(needed[folder], "put"); (err != nil) != wanted {
				t.Errorf("%s, the store %s: %v", folder, what, err)
			}
			if left := files(t, dir); len(left) > 0 {
				t.Errorf("%s, the store %s: %q stay", folder, what, left)
			}
		}
	}
}

func TestTrialIsCleanedUpWhenStopped(t *testing.T) {
	store, dir := directoryStore(t)
	ctx, stop := context.WithCancel(t.Context())
	_, err := tryAll(ctx, &stopping{store, stop}, "archive/.guichet-doctor-x")
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want that it was stopped", err)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("%q stay", left)
	}
}

// stopping is a store whose user is told to stop by the first move.
type stopping struct {
	objectstore.Store
	stop func()
}

func (s *stopping) Move(ctx context.Context, o objectstore.Object, to string) error {
	err := s.Store.Move(ctx, o, to)
	s.stop()
	return err
}

func TestTrialTellsTheStoresClock(t *testing.T) {
	for _, late := range []time.Duration{0, -time.Hour, 5 * time.Minute} {
		store, _ := directoryStore(t)
		offset, err := tryAll(t.Context(), &sick{Store: store, late: late}, "archive/x")
		if err != nil || (offset-late).Abs() > 10*time.Second {
			t.Errorf("%s ahead: %s, %v", late, offset, err)
		}
	}
}
