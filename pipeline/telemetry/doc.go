// Package telemetry makes the figures and the trace of a run, through the
// OpenTelemetry API: what exports them is set up elsewhere.
//
// How a run uses it (a nil [Telemetry] does nothing and costs nothing):
//
//	ctx, end := t.Run(ctx)                  // once, around everything
//	defer func() { end(err) }()
//	ledger.Watch(t.Transaction)             // before the ledger is used
//	store = t.Store(store)                  // counts and times its operations
//	reader = t.Reader(reader)               // counts and times documents read
//	t.Number(ctx, number)                   // once the ledger gave the run its number
//
//	ctx, done := t.Stage(ctx, "assess")     // around each part of the run
//	done(err)
//
//	ctx, done := t.Batch(ctx, revision)     // around the publishing of a batch
//	done(err)
//	t.Published(ctx, time.Now(), revision, results) // once its receipt is there
//
//	t.Queue(ctx, time.Now(), telemetry.Queue{…})    // at the end, also of a run that fails
//
// All figures are of one run, which is one process: they are gauges and
// histograms, never counters, for a counter that starts again every night
// tells a wrong increase whenever the second night counts more than the first.
//
// Spans are the run, its stages and its batches. Documents and operations of
// the store have histograms instead: a night of 100,000 documents is no trace
// that anybody reads.
//
// Guarantees: no label and no attribute holds what a supplier wrote: no name
// of a batch or file, no SIRET (a sole trader's is a person's), no value of a
// cell, no text of an error, which may quote any of these. Labels come from
// closed lists (kinds, decisions, the rule catalogue, classes of errors) or, as
// the names of stages and transactions, are cut off after a few: the number of
// series is bounded whatever the input. All methods may be called by several
// goroutines at once.
//
// Not guaranteed: figures of a process that was killed.
package telemetry
