package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

// resume finishes what an earlier run had begun: it archives and publishes,
// and so it does with what operators settled since.
func (r *run) resume(ctx context.Context) error {
	unpublished, err := r.Ledger.Unpublished(ctx)
	if err != nil {
		return err
	}
	r.summary.Resumed = len(unpublished)
	unarchived, err := r.Ledger.Unarchived(ctx)
	if err != nil {
		return err
	}
	for _, p := range unarchived {
		r.archive(ctx, p.Revision)
	}
	repeats, err := r.Ledger.Repeats(ctx)
	if err != nil {
		return err
	}
	for _, repeat := range repeats {
		r.archiveAgain(ctx, repeat)
	}
	if err := r.publish(ctx, unpublished); err != nil {
		return err
	}
	return r.notify(ctx)
}

// publishSettled publishes what this run settled.
func (r *run) publishSettled(ctx context.Context) error {
	unpublished, err := r.Ledger.Unpublished(ctx)
	if err != nil {
		return err
	}
	return r.publish(ctx, unpublished)
}

// publish writes the results of settled revisions, as the ledger holds them,
// and archives their inputs. A revision that cannot be published is told and
// tried again by the next run.
func (r *run) publish(ctx context.Context, revisions []ledger.Published) error {
	for i, p := range revisions {
		if err := ctx.Err(); err != nil {
			return err
		}
		if r.failed[batchKey(p.Revision)] {
			continue // it was tried at the start of the run
		}
		results, err := r.Ledger.Results(ctx, p.Supplier, p.Batch, p.Number)
		if err != nil {
			return err
		}
		receipt, err := r.publishSet(ctx, p.Revision, results)
		if err != nil {
			r.fail(batchKey(p.Revision), err)
			continue
		}
		if err := r.Ledger.MarkPublished(ctx, p.Supplier, p.Batch, p.Number, receipt); err != nil {
			return err
		}
		r.Telemetry.Published(ctx, r.Clock(), p.Revision, results)
		r.Log.Info("published", slog.String("batch", batchKey(p.Revision)), slog.Int("revision", p.Number),
			slog.String("status", string(p.Status)), slog.Int("accepted", p.Counts.Accepted), slog.Int("rows", p.Counts.Rows()))
		r.count(p.Revision, results)
		r.archive(ctx, p.Revision)
		r.progress(StagePublish, i+1, len(revisions))
	}
	return nil
}

// publishSet puts the objects of a revision into the store and gives the
// digest of its receipt.
func (r *run) publishSet(ctx context.Context, revision claim.Revision, results []claim.Result) (receipt string, err error) {
	ctx, done := r.Telemetry.Batch(ctx, revision)
	defer func() { done(err) }()
	withdrawn, err := r.withdrawn(ctx, results)
	if err != nil {
		return "", err
	}
	receipt, err = publish.Publish(ctx, r.Store, publish.Set{Revision: revision, Results: results, Withdrawn: withdrawn})
	if errors.Is(err, publish.ErrConflict) && !r.sameSoftware(revision) {
		return publish.Adopt(ctx, r.Store, revision)
	}
	return receipt, err
}

// sameSoftware tells whether this version of guichet decided a revision: what
// another one published is not published again.
func (r *run) sameSoftware(revision claim.Revision) bool {
	software, _, _ := strings.Cut(revision.Software, ", ")
	return software == r.Software
}

// withdrawn gives the acceptances that results take back, as they were.
func (r *run) withdrawn(ctx context.Context, results []claim.Result) ([]claim.Result, error) {
	var all []claim.Result
	for _, result := range results {
		if result.Withdrawal == nil {
			continue
		}
		accepted, found, err := r.Ledger.Decision(ctx, result.Claim, result.Withdrawal.Revision)
		if err != nil {
			return nil, err
		}
		if !found || accepted.Decision != claim.Accepted {
			return nil, fmt.Errorf("claim %s: revision %d did not accept it", result.Claim, result.Withdrawal.Revision)
		}
		accepted.Withdrawal = result.Withdrawal
		all = append(all, accepted)
	}
	return all, nil
}

// count adds what a revision decided to the summary.
func (r *run) count(revision claim.Revision, results []claim.Result) {
	s := &r.summary
	s.Batches = append(s.Batches, revision)
	for _, result := range results {
		s.Counts.Add(result.Decision)
	}
	s.Counts.NewlyAccepted += revision.Counts.NewlyAccepted
	s.AmountDue += revision.AmountDue
	addReasons(r.reasons, results)
	addReasons(r.reasons, []claim.Result{{Findings: revision.Findings}})
}

func (r *run) archive(ctx context.Context, revision claim.Revision) {
	replaced, err := r.leaveReplaced(batchKey(revision), publish.Archive(ctx, r.Store, revision))
	if err == nil {
		err = r.Ledger.MarkArchived(ctx, revision.Supplier, revision.Batch, revision.Number, replaced...)
	}
	if err != nil {
		r.fail(batchKey(revision), err)
	}
}

// leaveReplaced tells of inputs that stay in the inbox because others were
// dropped in their place, and gives their keys; everything else is archived then.
func (r *run) leaveReplaced(key string, err error) (replaced []string, _ error) {
	var left *publish.LeftError
	if !errors.As(err, &left) {
		return nil, err
	}
	r.leave(key, left.Error())
	return left.Keys, nil
}

// archiveAgain moves content that was dropped again to the archive.
func (r *run) archiveAgain(ctx context.Context, repeat ledger.Repeat) {
	key := fmt.Sprintf("inbox/%s/%s/", repeat.Supplier, repeat.Batch)
	_, err := r.leaveReplaced(key, publish.ArchiveAgain(ctx, r.Store, repeat.Supplier, repeat.Batch, repeat.Digest, repeat.Inputs))
	if err == nil {
		err = r.Ledger.FinishRepeat(ctx, repeat)
	}
	if err != nil {
		r.fail(key, err)
	}
}

func batchKey(revision claim.Revision) string {
	return fmt.Sprintf("inbox/%s/%s/", revision.Supplier, revision.Batch)
}

// publishHead puts the head of the audit chain into the store, where it may
// be locked against change.
func (r *run) publishHead(ctx context.Context) error {
	head, err := r.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	var data bytes.Buffer
	if err := json.NewEncoder(&data).Encode(head); err != nil {
		return err
	}
	key := fmt.Sprintf("audit/%d.json", r.number)
	err = r.Store.PutNew(ctx, key, data.Bytes())
	if errors.Is(err, objectstore.ErrExists) {
		return fmt.Errorf("%s stands already: the ledger is not the one that this store's results were made with, and the evidence is not overwritten", key)
	}
	return err
}
