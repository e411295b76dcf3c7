package telemetry

import (
	"context"
	"sync"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"guichet/config"
	"guichet/pipeline/claim"
)

// scope names who makes these figures and spans.
const scope = "guichet"

// Telemetry takes down one run. The nil Telemetry takes nothing down.
type Telemetry struct {
	tracer trace.Tracer
	instruments

	stages, transactions names
	rules                map[string]bool // the codes of the catalogue

	mu         sync.Mutex
	due        map[claim.Kind]claim.Cents
	documents  int // with text, of published batches
	byOCR      int // of these, read by OCR
	committing time.Time
}

// New makes the telemetry of one run, which goes to the providers. The error
// is that of the provider of meters.
func New(tracers trace.TracerProvider, meters metric.MeterProvider) (*Telemetry, error) {
	t := &Telemetry{tracer: tracers.Tracer(scope), rules: map[string]bool{}, due: map[claim.Kind]claim.Cents{}}
	var err error
	if t.instruments, err = newInstruments(meters.Meter(scope)); err != nil {
		return nil, err
	}
	for _, rule := range config.Rules.Rules {
		t.rules[rule.Code] = true
	}
	return t, nil
}

// noError is what the nil Telemetry gives to be called at the end.
func noError(error) {}

// Run takes down the whole run, from now until the function it gives is called
// with the run's error. It is a span, the parent of all others; its start, its
// end and whether it succeeded are figures.
func (t *Telemetry) Run(ctx context.Context) (context.Context, func(error)) {
	if t == nil {
		return ctx, noError
	}
	t.started.Record(ctx, seconds(time.Now()))
	ctx, span := t.tracer.Start(ctx, "run")
	// Queries that look for series find those of a quiet night too.
	for _, kind := range kinds[:3] {
		for _, decision := range decisions {
			t.claims.Add(ctx, 0, of("kind", string(kind)), of("decision", string(decision)))
		}
	}
	return ctx, func(err error) {
		success := int64(1)
		if err != nil {
			success = 0
		}
		ctx := context.WithoutCancel(ctx)
		t.success.Record(ctx, success)
		t.ended.Record(ctx, seconds(time.Now()))
		finish(span, err)
	}
}

// Number tells the run's number in the ledger, which links its span to the
// ledger and to the head of the audit chain that it wrote.
func (t *Telemetry) Number(ctx context.Context, run int) {
	if t != nil {
		trace.SpanFromContext(ctx).SetAttributes(attribute.Int("guichet.run", run))
	}
}

// Stage takes down a part of the run, until the function it gives is called
// with the part's error: a span, and the time it took. Times of stages of one
// name are added up. The name is one of the program's own: lower-case letters,
// blanks and underscores.
func (t *Telemetry) Stage(ctx context.Context, name string) (context.Context, func(error)) {
	if t == nil {
		return ctx, noError
	}
	name = t.stages.label(name)
	started := time.Now()
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, func(err error) {
		t.stage.Add(ctx, time.Since(started).Seconds(), of("stage", name))
		finish(span, err)
	}
}

// Batch takes down the publishing of a settled revision, until the function it
// gives is called with the error: a span that tells the revision's number,
// kind, status, cause, rows and how many of them are accepted, and not whose it
// is.
func (t *Telemetry) Batch(ctx context.Context, revision claim.Revision) (context.Context, func(error)) {
	if t == nil {
		return ctx, noError
	}
	ctx, span := t.tracer.Start(ctx, "batch", trace.WithAttributes(
		attribute.Int("guichet.revision", revision.Number),
		attribute.String("guichet.kind", kindLabel(revision.Kind)),
		attribute.String("guichet.status", among(statuses, revision.Status, other)),
		attribute.String("guichet.cause", causeLabel(revision.Cause)),
		attribute.Int("guichet.rows", revision.Counts.Rows()),
		attribute.Int("guichet.accepted", revision.Counts.Accepted),
	))
	return ctx, func(err error) { finish(span, err) }
}

// finish ends a span with the class of its error.
func finish(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, class(err))
	}
	span.End()
}

// seconds gives an instant as Prometheus writes it: seconds since 1970.
func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

// of makes a label.
func of(name, value string) metric.MeasurementOption {
	return metric.WithAttributes(attribute.String(name, value))
}
