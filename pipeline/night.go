package pipeline

import (
	"cmp"
	"context"
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
	"guichet/pipeline/register"
	"guichet/pipeline/settle"
	"guichet/pipeline/telemetry"
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
	Clock     func() time.Time // the real clock: the quiet period, locks, metrics
	// Now, when set, stands in for the start of the run, for rehearsal: the
	// ledger tells it as the time of what the run decides and reads, and as
	// reception under intake.reception first_seen.
	Now time.Time
	// Only names the batches to take; all when empty.
	Only []intake.Ref
	// Wait is how long to wait for another run to end; 0: not at all.
	Wait time.Duration
	// Accepted names the registers (without extension) that may have lost
	// rows since the last run.
	Accepted []string
	// Telemetry, when set, takes down the run's stages, batches and queue. The
	// run as a whole, its store and its reader are told to it by the caller.
	Telemetry *telemetry.Telemetry
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
	n.Telemetry.Number(ctx, r.number)
	err = work(r, ctx)
	// The ledger is told of the end even when the run was asked to stop.
	lasting := context.WithoutCancel(ctx)
	state := ledger.Done
	if err != nil {
		state = ledger.Failed
	}
	if finish := n.Ledger.FinishRun(lasting, state); err == nil {
		err = finish
	}
	r.summary.Reasons = sortedReasons(r.reasons)
	if r.scanned {
		r.queue.Left, r.queue.Failed = len(r.summary.Left)-r.queue.Waiting, len(r.summary.Failed)
		n.Telemetry.Queue(lasting, n.Clock(), r.queue)
	}
	return &r.summary, err
}

// stage does a part of a run, which is told to telemetry.
func (r *run) stage(ctx context.Context, name string, part func(context.Context) error) error {
	ctx, done := r.Telemetry.Stage(ctx, name)
	err := part(ctx)
	done(err)
	return err
}

func (n *Night) begin() *run {
	return &run{Night: n, started: cmp.Or(n.Now, n.Clock()), reasons: map[string]int{}, failed: map[string]bool{}}
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
	set       *register.Set
	registers []claim.RegisterInfo
	summary   Summary
	reasons   map[string]int
	failed    map[string]bool // keys of Summary.Failed
	scanned   bool            // the inbox was looked at
	queue     telemetry.Queue // what was found there
}

func (r *run) night(ctx context.Context) error {
	if err := r.prologue(ctx); err != nil {
		return err
	}
	if err := r.stage(ctx, "review", r.review); err != nil {
		return err
	}
	found, err := r.scan(ctx)
	if err != nil {
		return err
	}
	err = r.process(ctx, found.Ready)
	for i := range found.Ready {
		err = errors.Join(err, found.Ready[i].Close())
	}
	if err != nil {
		return err
	}
	if err := r.stage(ctx, "publish", r.publishSettled); err != nil {
		return err
	}
	r.tellMissing(found)
	return r.publishHead(ctx)
}

// prologue loads the registers and finishes what an earlier run had begun.
func (r *run) prologue(ctx context.Context) error {
	if err := r.stage(ctx, "registers", r.loadRegisters); err != nil {
		return err
	}
	if err := r.Ledger.SaveRegisters(ctx, r.registers); err != nil {
		return err
	}
	return r.stage(ctx, "resume", r.resume)
}

// scan looks for what suppliers delivered.
func (r *run) scan(ctx context.Context) (found *intake.Found, err error) {
	err = r.stage(ctx, "intake", func(ctx context.Context) error {
		found, err = intake.Scan(ctx, r.Store, r.intake(), r.Ledger)
		return err
	})
	if err != nil {
		return nil, err
	}
	r.tell(found)
	r.scanned = true
	r.queue.Ready, r.queue.Waiting = len(found.Ready), len(found.Waiting)
	for _, w := range found.Waiting {
		if r.queue.Oldest.IsZero() || w.Newest.Before(r.queue.Oldest) {
			r.queue.Oldest = w.Newest
		}
	}
	return found, nil
}

// process judges and settles the batches that are ready.
func (r *run) process(ctx context.Context, ready []intake.Batch) error {
	var deliveries []delivery
	var settling []settle.Batch
	for _, part := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"prepare", func(ctx context.Context) (err error) { deliveries, err = r.prepare(ctx, ready); return err }},
		{"assess", func(ctx context.Context) (err error) { settling, err = r.assess(ctx, deliveries); return err }},
		{"settle", func(ctx context.Context) error { _, err := r.settle(ctx, settling); return err }},
	} {
		if err := r.stage(ctx, part.name, part.do); err != nil {
			return err
		}
	}
	return nil
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
	failed, err := batchErrors(err)
	for _, batch := range failed {
		r.fail(fmt.Sprintf("inbox/%s/%s/", batch.Supplier, batch.Batch), batch.Err)
	}
	return err
}

// batchErrors gives the batches that an error of settling names, or any other
// error.
func batchErrors(err error) (failed []*settle.BatchError, other error) {
	joined, several := err.(interface{ Unwrap() []error }) //nolint:errorlint // the joined errors themselves are asked
	if !several {
		return nil, err
	}
	for _, err := range joined.Unwrap() {
		var batch *settle.BatchError
		if !errors.As(err, &batch) {
			return nil, err
		}
		failed = append(failed, batch)
	}
	return failed, nil
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

// fail tells of a batch that this run does not touch any more.
func (r *run) fail(key string, err error) {
	r.report(key, err)
	r.failed[key] = true
}

// report tells of something that could not be done.
func (r *run) report(key string, err error) {
	r.Log.Error("not processed", slog.String("key", key), slog.Any("error", err))
	r.summary.Failed = append(r.summary.Failed, Left{key, err.Error()})
}

func (r *run) progress(stage Stage, done, total int) {
	if r.Progress != nil {
		r.Progress(stage, done, total)
	}
}

// readWhole gives an object's bytes, which are as many as were listed. More
// than limit are an error.
func readWhole(ctx context.Context, store objectstore.Store, o objectstore.Object, limit int64) ([]byte, error) {
	if o.Size > limit {
		return nil, fmt.Errorf("larger than %d MiB", limit>>20)
	}
	data, err := readUpTo(limit, func() (io.ReadCloser, error) { return store.Open(ctx, o) })
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
