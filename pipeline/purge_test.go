package pipeline

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

// settledAt is when the store of [settledStore] was processed.
var settledAt = time.Date(2023, 4, 1, 22, 0, 0, 0, claim.Paris)

// purgeAfter is a purge of that store with the default retention, so many years
// after its only run.
func purgeAfter(night *Night, years int) *Purge {
	settings := config.Default()
	return &Purge{Store: night.Store, Ledger: night.Ledger, Retention: settings.Retention, Now: settledAt.AddDate(years, 0, 0)}
}

// settledStore gives a generated store on which a run was done in 2023. Its
// refused batches and those without accepted and reviewed claims are expired
// ten years later; held tells the others.
func settledStore(t *testing.T) (dir string, night *Night, held map[string]bool) {
	t.Helper()
	dir, plan := generated(t)
	night = newNight(t, dir, 2)
	night.Clock = func() time.Time { return settledAt }
	if summary, err := night.Run(t.Context()); err != nil || len(summary.Failed) > 0 {
		t.Fatalf("%v %v", err, summary.Failed)
	}
	held = map[string]bool{}
	for _, c := range plan.Claims {
		if c.Decision == claim.Accepted || c.Decision == claim.UnderReview {
			held[fmt.Sprintf("archive/%s/%s/", c.Supplier, c.Batch)] = true
		}
	}
	if len(held) == 0 || len(held) == len(plan.Batches) {
		t.Fatalf("%d of %d batches are held: the test needs some of both", len(held), len(plan.Batches))
	}
	return dir, night, held
}

// without gives the objects but those in the archive of batches that are not held.
func without(objects map[string]string, held map[string]bool) map[string]string {
	left := maps.Clone(objects)
	maps.DeleteFunc(left, func(key, _ string) bool {
		parts := strings.SplitAfterN(key, "/", 4)
		return parts[0] == "archive/" && !held[strings.Join(parts[:3], "")]
	})
	return left
}

func TestPurge(t *testing.T) {
	dir, night, held := settledStore(t)
	// The same content dropped again, of a batch that goes and of one that stays.
	batches, err := night.Ledger.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		for _, folder := range []string{"again-" + b.Digest[:8], "again-00000000", "r2"} {
			if err := night.Store.Put(t.Context(), fmt.Sprintf("archive/%s/%s/%s/x.pdf", b.Supplier, b.Batch, folder), []byte("12345")); err != nil {
				t.Fatal(err)
			}
		}
	}
	all := results(t, dir)
	want := without(all, held)
	for key := range all { // folders of no delivery that the ledger knows
		if strings.Contains(key, "/again-00000000/") || strings.HasPrefix(key, "archive/") && strings.Contains(key, "/r2/") {
			want[key] = all[key]
		}
	}
	objects, bytes := 0, int64(0)
	for key := range all {
		if _, kept := want[key]; !kept {
			info, err := os.Stat(filepath.Join(dir, key))
			if err != nil {
				t.Fatal(err)
			}
			objects, bytes = objects+1, bytes+info.Size()
		}
	}

	early := purgeAfter(night, 9)
	if purged, err := early.Run(t.Context()); err != nil || purged.Revisions+purged.Objects+purged.Held > 0 {
		t.Errorf("after nine years: %+v, %v; want no inputs", purged, err)
	}
	if diff := cmp.Diff(all, results(t, dir)); diff != "" {
		t.Errorf("after nine years (-want +got):\n%s", diff)
	}
	dry := purgeAfter(night, 11)
	dry.DryRun = true
	told, err := dry.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if told.Objects != objects || told.Bytes != bytes || told.Revisions != len(batches)-len(held) || told.Held != len(held) {
		t.Errorf("told: %+v; want %d objects with %d bytes of %d revisions, %d held", told, objects, bytes, len(batches)-len(held), len(held))
	}
	if diff := cmp.Diff(all, results(t, dir)); diff != "" {
		t.Errorf("after a dry run (-want +got):\n%s", diff)
	}
	if _, purged, err := night.Ledger.PurgedAt(t.Context(), batches[0].Supplier, batches[0].Batch, 1); purged || err != nil {
		t.Errorf("after a dry run: purged %v, %v", purged, err)
	}

	purged, err := purgeAfter(night, 11).Run(t.Context())
	if diff := cmp.Diff(told, purged); diff != "" || err != nil {
		t.Errorf("purged is not what was told: %v\n%s", err, diff)
	}
	if diff := cmp.Diff(want, results(t, dir)); diff != "" {
		t.Errorf("after the purge (-want +got):\n%s", diff)
	}
	if err := night.Ledger.Verify(t.Context()); err != nil {
		t.Error(err)
	}
	for _, b := range batches {
		_, gone, err := night.Ledger.PurgedAt(t.Context(), b.Supplier, b.Batch, b.Number)
		if kept := held[fmt.Sprintf("archive/%s/%s/", b.Supplier, b.Batch)]; gone == kept || err != nil {
			t.Errorf("%s/%s: held %v, noted as purged %v, %v", b.Supplier, b.Batch, kept, gone, err)
		}
	}
	if again, err := purgeAfter(night, 11).Run(t.Context()); err != nil || again.Revisions+again.Objects+again.Facts+again.Runs > 0 {
		t.Errorf("a second purge: %+v, %v; want nothing", again, err)
	}
	// The next night goes on, on the same ledger.
	night.Clock = func() time.Time { return settledAt.AddDate(11, 0, 1) }
	if summary, err := night.Run(t.Context()); err != nil || len(summary.Failed) > 0 {
		t.Errorf("the next run: %v %v", err, summary.Failed)
	}
}

// deleteStore fails to delete where it is told to.
type deleteStore struct {
	objectstore.Store
	fail func(key string) error
}

func (s *deleteStore) Delete(ctx context.Context, key string) error {
	if err := s.fail(key); err != nil {
		return err
	}
	return s.Store.Delete(ctx, key)
}

// A purge that is stopped before its n-th deletion is finished by the next, for
// every n.
func TestPurgeGoesOnWhereOneWasCut(t *testing.T) {
	dir, night, held := settledStore(t)
	want := without(results(t, dir), held)
	sound := night.Store
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(dir, "archive"))); err != nil {
		t.Fatal(err)
	}
	for cut := 0; ; cut++ {
		if err := errors.Join(os.RemoveAll(filepath.Join(dir, "archive")), os.CopyFS(filepath.Join(dir, "archive"), os.DirFS(copied))); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		deletions := 0
		night.Store = &deleteStore{sound, func(string) error {
			if deletions == cut {
				stop()
				return ctx.Err()
			}
			deletions++
			return nil
		}}
		purged, err := purgeAfter(night, 11).Run(ctx)
		stop()
		if err == nil {
			if deletions < 5 || purged.Objects != deletions {
				t.Fatalf("%d objects were purged, %d deleted: the test needs some", purged.Objects, deletions)
			}
			break // it was not cut
		}
		if !errors.Is(err, context.Canceled) || purged.Objects != cut {
			t.Fatalf("cut before deletion %d: %+v, %v", cut, purged, err)
		}
		night.Store = sound
		if purged, err = purgeAfter(night, 11).Run(t.Context()); err != nil || len(purged.Left) > 0 {
			t.Fatalf("cut before deletion %d: the next purge: %+v, %v", cut, purged, err)
		}
		if diff := cmp.Diff(want, results(t, dir)); diff != "" {
			t.Fatalf("cut before deletion %d (-want +got):\n%s", cut, diff)
		}
	}
}

// What cannot be deleted is told, keeps nothing else from being deleted, and
// goes with the next purge.
func TestPurgeTellsWhatItLeaves(t *testing.T) {
	dir, night, held := settledStore(t)
	all := results(t, dir)
	want := without(all, held)
	gone := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(key string) bool { _, kept := want[key]; return kept })
	stuck := gone[len(gone)/2]
	link := filepath.Join(dir, filepath.Dir(gone[0]), "link.pdf")
	if err := os.Symlink("nowhere", link); err != nil {
		t.Fatal(err)
	}
	sound := night.Store
	night.Store = &deleteStore{sound, func(key string) error {
		if key == stuck {
			return syscall.EROFS
		}
		return nil
	}}
	purged, err := purgeAfter(night, 11).Run(t.Context())
	if err != nil || len(purged.Left) != 2 {
		t.Fatalf("%+v, %v; want two keys that are left", purged, err)
	}
	told := map[string]string{purged.Left[0].Key: purged.Left[0].Why, purged.Left[1].Key: purged.Left[1].Why}
	if !strings.Contains(told[stuck], "read-only") || !strings.Contains(told[filepath.Dir(gone[0])+"/link.pdf"], "symbolic link") {
		t.Errorf("left: %v", told)
	}
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	night.Store = sound
	if purged, err := purgeAfter(night, 11).Run(t.Context()); err != nil || len(purged.Left) > 0 {
		t.Errorf("the next purge: %+v, %v", purged, err)
	}
	if diff := cmp.Diff(want, results(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestPurgeRefuses(t *testing.T) {
	dir, night, _ := settledStore(t)
	all := results(t, dir)
	lock, err := night.Ledger.Lock(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := purgeAfter(night, 11).Run(t.Context()); !errors.Is(err, ledger.ErrLocked) {
		t.Errorf("beside a run: %v; want ErrLocked", err)
	}
	dry := purgeAfter(night, 11)
	dry.DryRun = true
	if purged, err := dry.Run(t.Context()); err != nil || purged.Objects == 0 {
		t.Errorf("a dry run beside a run: %+v, %v", purged, err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}

	// Somebody made yesterday's decisions old ones.
	file := filepath.Join(t.TempDir(), "ledger.db")
	book, err := ledger.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close() //nolint:errcheck // the test is over
	second, _ := generated(t)
	altered := newNight(t, second, 2)
	altered.Ledger, altered.Clock = book, func() time.Time { return settledAt.AddDate(11, 0, 0) }
	if _, err := altered.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the test is over
	if _, err := db.Exec(`UPDATE audit SET at = '2003' || substr(at, 5)`); err != nil {
		t.Fatal(err)
	}
	before := results(t, second)
	if _, err := purgeAfter(altered, 11).Run(t.Context()); !errors.Is(err, ErrAltered) || !errors.Is(err, ledger.ErrBroken) {
		t.Errorf("an altered ledger: %v; want ErrAltered and ErrBroken", err)
	}
	if diff := cmp.Diff(before, results(t, second)); diff != "" {
		t.Errorf("with an altered ledger (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(all, results(t, dir)); diff != "" {
		t.Errorf("refused (-want +got):\n%s", diff)
	}
}
