package pipeline

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

// Purge deletes what has been kept for as long as the settings want, by class:
//
//   - documents: the inputs of deliveries in archive/, the same content dropped
//     again included, by the last decision on a claim of the delivery, on a
//     dossier that it names, or on the recovery of that. A delivery keeps
//     all its inputs while one of its claims is under review, or names an open
//     dossier whose balance was not accepted yet;
//   - facts: what was read from documents that no decision has used since;
//   - logs: the records of runs and of the registers that they used, but for
//     the last.
//
// Nothing else is touched: decisions, digests, receptions, the audit chain and
// all that was published stay. Stopped at any point, it is run again.
type Purge struct {
	Store     objectstore.Store
	Ledger    *ledger.Ledger
	Retention config.Retention
	Now       time.Time // what the retention is counted back from
	DryRun    bool      // tell what would be deleted, and change nothing
}

// Purged is what a purge deleted, or would delete.
type Purged struct {
	Before    ledger.Cutoffs
	Revisions int // that had inputs in the archive
	Objects   int
	Bytes     int64 // of these objects
	Held      int   // deliveries that are old enough and keep their inputs
	Facts     int   // documents
	FactBytes int64 // as the ledger keeps them, packed
	Runs      int
	Left      []Left // of the archive, what could not be deleted
}

// ErrAltered means that nothing was purged: the ledger, which tells what is old
// enough, is not as guichet wrote it.
var ErrAltered = errors.New("nothing was purged, the ledger was altered (guichet audit verify)")

// Run does the purge. What was deleted before an error is told beside it.
// Errors are [ledger.ErrLocked], [ErrAltered], and those of ledger and store.
func (p *Purge) Run(ctx context.Context) (*Purged, error) {
	if !p.DryRun {
		lock, err := p.Ledger.Lock(time.Now())
		if err != nil {
			return &Purged{}, err
		}
		defer func() { _ = lock.Release() }() // the system frees it when the process ends
	}
	done := &Purged{Before: ledger.Cutoffs{
		Documents: p.Now.Add(-time.Duration(p.Retention.Documents)),
		Facts:     p.Now.Add(-time.Duration(p.Retention.Facts)),
		Logs:      p.Now.Add(-time.Duration(p.Retention.Logs)),
	}}
	old, err := p.old(ctx, done.Before)
	if err != nil {
		return done, err
	}
	done.Held, done.Facts, done.FactBytes, done.Runs = old.Held, old.Facts, old.FactBytes, old.Runs
	expired := map[claim.SIRET]map[string]ledger.Expired{}
	for _, r := range old.Revisions {
		folders := expired[r.Supplier]
		if folders == nil {
			folders = map[string]ledger.Expired{}
			expired[r.Supplier] = folders
		}
		folders[fmt.Sprintf("%s/r%d", r.Batch, r.Revision)] = r
		folders[fmt.Sprintf("%s/again-%.8s", r.Batch, r.Digest)] = r
	}
	for _, supplier := range slices.Sorted(maps.Keys(expired)) {
		if err := p.inputs(ctx, fmt.Sprintf("archive/%s/", supplier), expired[supplier], done); err != nil {
			return done, err
		}
	}
	return done, nil
}

// old has the ledger tell what is old enough and, but for a dry run, purge its
// part of it: that the inputs of a revision are purged stands there before the
// first of them is gone.
func (p *Purge) old(ctx context.Context, before ledger.Cutoffs) (ledger.Purgeable, error) {
	if p.DryRun {
		return p.Ledger.Purgeable(ctx, before)
	}
	if err := p.Ledger.Verify(ctx); errors.Is(err, ledger.ErrBroken) {
		return ledger.Purgeable{}, fmt.Errorf("%w: %w", ErrAltered, err)
	} else if err != nil {
		return ledger.Purgeable{}, err
	}
	return p.Ledger.Purge(ctx, before, time.Now())
}

// inputs deletes the objects in the expired folders of a supplier's archive. The
// rest of a folder of which an object cannot be deleted is left, and told.
func (p *Purge) inputs(ctx context.Context, prefix string, expired map[string]ledger.Expired, done *Purged) error {
	var objects []objectstore.Object
	for o, err := range p.Store.List(ctx, prefix) {
		var odd *objectstore.KeyError
		switch {
		case err == nil:
			if _, ok := expired[folderOf(prefix, o.Key)]; ok {
				objects = append(objects, o)
			}
		case !errors.As(err, &odd):
			return fmt.Errorf("purging %s: %w", prefix, err)
		default:
			if _, ok := expired[folderOf(prefix, odd.Key)]; ok {
				done.Left = append(done.Left, Left{odd.Key, odd.Err.Error()})
			}
		}
	}
	left := map[string]bool{} // folders
	purged := map[ledger.Expired]bool{}
	for _, o := range objects {
		folder := folderOf(prefix, o.Key)
		if left[folder] {
			continue
		}
		if !p.DryRun {
			err := p.Store.Delete(ctx, o.Key)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				left[folder] = true
				done.Left = append(done.Left, Left{o.Key, err.Error()})
				continue
			}
		}
		done.Objects++
		done.Bytes += o.Size
		if r := expired[folder]; !purged[r] {
			purged[r] = true
			done.Revisions++
		}
	}
	if p.DryRun {
		return nil
	}
	return p.Store.Sync(ctx)
}

// folderOf gives the batch's folder of a key in a supplier's archive:
// lot-2023-03/r1.
func folderOf(prefix, key string) string {
	batch, rest, _ := strings.Cut(strings.TrimPrefix(key, prefix), "/")
	folder, _, _ := strings.Cut(rest, "/")
	return batch + "/" + folder
}
