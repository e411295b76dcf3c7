package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/engine"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
	"guichet/pipeline/settle"
	"guichet/validators"
)

// Night is one run of the pipeline.
type Night struct {
	Config    *config.Config
	Programme *config.Programme
	Store     objectstore.Store
	Ledger    *ledger.Ledger
	Reader    engine.Reader
	Workers   int // documents read at the same time; at least 1
	Log       *slog.Logger
	Software  string           // name and version, as receipts tell it
	Clock     func() time.Time // the real clock
	// Only names the batches to take; all when empty.
	Only []intake.Ref
	// Wait is how long to wait for another run to end; 0: not at all.
	Wait time.Duration
	// Accepted names the registers (without extension) that may have lost
	// rows since the last run.
	Accepted []string
	// Progress, when set, is told how far a stage has come. It may be called
	// by several goroutines at once.
	Progress func(stage Stage, done, total int)
}

// Stage is a part of a run that takes time.
type Stage string

// The stages of a run.
const (
	StageAssess  Stage = "assess"  // counts claims
	StagePublish Stage = "publish" // counts batches
)

// Run does the night's work. The summary tells what was done, also beside an
// error, which means that the run could not go on: no register, no ledger, no
// store, another run ([ledger.ErrLocked]), or the context's end. Batches that
// failed on their own are in the summary alone.
func (n *Night) Run(ctx context.Context) (*Summary, error) { return n.alone(ctx, (*run).night) }

// alone does a run's work while no other run can.
func (n *Night) alone(ctx context.Context, work func(*run, context.Context) error) (*Summary, error) {
	lock, err := n.lock(ctx)
	if err != nil {
		return &Summary{}, err
	}
	defer func() { _ = lock.Release() }() // the system frees it when the process ends
	r := n.begin()
	if r.number, err = n.Ledger.StartRun(ctx, r.started, n.Software); err != nil {
		return &Summary{}, err
	}
	err = work(r, ctx)
	state := ledger.Done
	if err != nil {
		state = ledger.Failed
	}
	// The ledger is told of the end even when the run was asked to stop.
	if finish := n.Ledger.FinishRun(context.WithoutCancel(ctx), state); err == nil {
		err = finish
	}
	r.summary.Reasons = sortedReasons(r.reasons)
	return &r.summary, err
}

func (n *Night) begin() *run {
	return &run{Night: n, started: n.Clock(), reasons: map[string]int{}, failed: map[string]bool{}}
}

// lockPoll is how often a waiting run looks whether the other one has ended.
const lockPoll = 200 * time.Millisecond

// lock takes the ledger, waiting for another run where that is wanted.
func (n *Night) lock(ctx context.Context) (*ledger.Lock, error) {
	deadline := time.Now().Add(n.Wait)
	for told := false; ; told = true {
		lock, err := n.Ledger.Lock(n.Clock())
		left := time.Until(deadline)
		if !errors.Is(err, ledger.ErrLocked) || left <= 0 {
			return lock, err
		}
		if !told {
			n.Log.Info("waiting", slog.Any("for", err))
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(lockPoll, left)):
		}
	}
}

// run is a night under way.
type run struct {
	*Night
	number    int
	started   time.Time
	validator *validators.Context
	registers []claim.RegisterInfo
	summary   Summary
	reasons   map[string]int
	failed    map[string]bool // keys of Summary.Failed
}

func (r *run) night(ctx context.Context) (err error) {
	if err := r.prologue(ctx); err != nil {
		return err
	}
	if err := r.review(ctx); err != nil {
		return err
	}
	found, err := intake.Scan(ctx, r.Store, r.intake(), r.Ledger)
	if err != nil {
		return err
	}
	defer func() {
		for i := range found.Ready {
			err = errors.Join(err, found.Ready[i].Close())
		}
	}()
	r.tell(found)
	deliveries, err := r.prepare(ctx, found.Ready)
	if err != nil {
		return err
	}
	settling, err := r.assess(ctx, deliveries)
	if err != nil {
		return err
	}
	if _, err := r.settle(ctx, settling); err != nil {
		return err
	}
	if err := r.publishSettled(ctx); err != nil {
		return err
	}
	r.tellMissing(found)
	return r.publishHead(ctx)
}

// prologue loads the registers and finishes what an earlier run had begun.
func (r *run) prologue(ctx context.Context) error {
	if err := r.loadRegisters(ctx); err != nil {
		return err
	}
	if err := r.Ledger.SaveRegisters(ctx, r.registers); err != nil {
		return err
	}
	return r.resume(ctx)
}

// intake gives the options by which deliveries are taken in.
func (r *run) intake() intake.Options {
	options := intake.Options{
		QuietPeriod: time.Duration(r.Config.Intake.QuietPeriod), Now: r.Clock, Only: r.Only,
		ZIP: intake.ZIPLimits{Packed: int64(r.Config.Limits.ZIPBytes)},
	}
	if r.Config.Intake.Reception == config.ReceptionFirstSeen {
		options.FirstSeen = r.started
	}
	return options
}

// settle decides claims in one transaction. Batches that cannot be settled
// fail on their own.
func (r *run) settle(ctx context.Context, batches []settle.Batch) ([]settle.Outcome, error) {
	if len(batches) == 0 {
		return nil, nil
	}
	outcomes, err := settle.Night(ctx, r.validator, r.Ledger, batches)
	return outcomes, r.failBatches(err)
}

// failBatches has the batches fail that an error of settling names. Any other
// error is given back.
func (r *run) failBatches(err error) error {
	joined, several := err.(interface{ Unwrap() []error }) //nolint:errorlint // the joined errors themselves are asked
	if !several {
		return err
	}
	for _, err := range joined.Unwrap() {
		var batch *settle.BatchError
		if !errors.As(err, &batch) {
			return err
		}
		r.fail(fmt.Sprintf("inbox/%s/%s/", batch.Supplier, batch.Batch), batch.Err)
	}
	return nil
}

// tell reports what the scan of the inbox will not process.
func (r *run) tell(found *intake.Found) {
	for _, w := range found.Waiting {
		r.leave("inbox/"+w.String()+"/", w.Why)
	}
	for _, o := range found.Odd {
		r.leave(o.Key, o.Why)
	}
	for _, f := range found.Failed {
		r.fail(f.Key, f.Err)
	}
}

// tellMissing fails for the batches that were asked for by name and are not
// there: a slip of the pen must not look like work done.
func (r *run) tellMissing(found *intake.Found) {
	there := map[intake.Ref]bool{}
	for _, b := range found.Ready {
		there[b.Ref] = true
	}
	for _, w := range found.Waiting {
		there[w.Ref] = true
	}
	for _, b := range r.summary.Batches { // settled by an earlier run, or reviewed
		there[intake.Ref{Supplier: b.Supplier, Name: b.Batch}] = true
	}
	for _, ref := range r.Only {
		named := func(key string) bool { return strings.HasPrefix(key, "inbox/"+ref.String()) }
		if !there[ref] && !slices.ContainsFunc(found.Odd, func(o intake.Odd) bool { return named(o.Key) }) &&
			!slices.ContainsFunc(found.Failed, func(f intake.Failed) bool { return named(f.Key) }) {
			r.fail("inbox/"+ref.String()+"/", errNoSuchBatch)
		}
	}
}

// errNoSuchBatch is for a batch that was asked for by name.
var errNoSuchBatch = errors.New("there is no such batch in the inbox")

func (r *run) leave(key, why string) {
	r.Log.Warn("left alone", slog.String("key", key), slog.String("why", why))
	r.summary.Left = append(r.summary.Left, Left{key, why})
}

func (r *run) fail(key string, err error) {
	r.Log.Error("not processed", slog.String("key", key), slog.Any("error", err))
	r.failed[key] = true
	r.summary.Failed = append(r.summary.Failed, Left{key, err.Error()})
}

func (r *run) progress(stage Stage, done, total int) {
	if r.Progress != nil {
		r.Progress(stage, done, total)
	}
}

// resume finishes what an earlier run had begun: it archives and publishes.
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
	return r.publish(ctx, unpublished)
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
		withdrawn, err := r.withdrawn(ctx, results)
		if err != nil {
			return err
		}
		receipt, err := publish.Publish(ctx, r.Store, publish.Set{Revision: p.Revision, Results: results, Withdrawn: withdrawn})
		if err != nil {
			r.fail(batchKey(p.Revision), err)
			continue
		}
		if err := r.Ledger.MarkPublished(ctx, p.Supplier, p.Batch, p.Number, receipt); err != nil {
			return err
		}
		r.Log.Info("published", slog.String("batch", batchKey(p.Revision)), slog.Int("revision", p.Number),
			slog.String("status", string(p.Status)), slog.Int("accepted", p.Counts.Accepted), slog.Int("rows", p.Counts.Rows()))
		r.count(p.Revision, results)
		r.archive(ctx, p.Revision)
		r.progress(StagePublish, i+1, len(revisions))
	}
	return nil
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
	err := publish.Archive(ctx, r.Store, revision)
	err = r.leaveReplaced(batchKey(revision), err)
	if err == nil {
		err = r.Ledger.MarkArchived(ctx, revision.Supplier, revision.Batch, revision.Number)
	}
	if err != nil {
		r.fail(batchKey(revision), err)
	}
}

// leaveReplaced tells of inputs that stay in the inbox because others were
// dropped in their place; everything else is archived then.
func (r *run) leaveReplaced(key string, err error) error {
	var left *publish.LeftError
	if !errors.As(err, &left) {
		return err
	}
	r.leave(key, left.Error())
	return nil
}

// archiveAgain moves content that was dropped again to the archive.
func (r *run) archiveAgain(ctx context.Context, repeat ledger.Repeat) {
	key := fmt.Sprintf("inbox/%s/%s/", repeat.Supplier, repeat.Batch)
	err := r.leaveReplaced(key, publish.ArchiveAgain(ctx, r.Store, repeat.Supplier, repeat.Batch, repeat.Digest, repeat.Inputs))
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
	return r.Store.Put(ctx, fmt.Sprintf("audit/%d.json", r.number), data.Bytes())
}

// read gives an object's bytes, which are as many as were listed. More than
// limit are an error.
func (r *run) read(ctx context.Context, o objectstore.Object, limit int64) ([]byte, error) {
	if o.Size > limit {
		return nil, fmt.Errorf("larger than %d MiB", limit>>20)
	}
	data, err := readUpTo(limit, func() (io.ReadCloser, error) { return r.Store.Open(ctx, o) })
	if err == nil && int64(len(data)) != o.Size {
		err = fmt.Errorf("%w: %d bytes were listed, %d read", objectstore.ErrChanged, o.Size, len(data))
	}
	return data, err
}

// readUpTo gives at most limit bytes and one more, by which the caller knows
// that there are more.
func readUpTo(limit int64, open func() (io.ReadCloser, error)) (data []byte, err error) {
	reader, err := open()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, reader.Close()) }()
	return io.ReadAll(io.LimitReader(reader, limit+1))
}
