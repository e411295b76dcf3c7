package telemetry

import (
	"errors"

	"go.opentelemetry.io/otel/metric"
)

// instruments are the figures of a run; README.md lists them for operators.
type instruments struct {
	started, ended metric.Float64Gauge
	success        metric.Int64Gauge
	stage          metric.Float64UpDownCounter

	batches, claims, findings metric.Int64UpDownCounter
	amountDue                 metric.Float64Gauge
	age, rows                 metric.Float64Histogram
	queue                     metric.Int64Gauge
	oldest                    metric.Float64Gauge

	documentsOf, documentsRead metric.Int64UpDownCounter
	readSeconds                metric.Float64Histogram
	ocrShare                   metric.Float64Gauge

	operations       metric.Int64UpDownCounter
	operationSeconds metric.Float64Histogram
	committed        metric.Int64UpDownCounter
	begun            metric.Int64UpDownCounter
	commitSeconds    metric.Float64UpDownCounter
}

// Units of what no unit of the SI measures.
const (
	second    = "s"
	share     = "1"
	euro      = "EUR"
	batchUnit = "{batch}"
)

// The bounds of the histograms' buckets, up to which each counts.
var (
	ageBounds       = []float64{600, 3600, 6 * 3600, 12 * 3600, 24 * 3600, 36 * 3600, 48 * 3600, 72 * 3600, 7 * 86400, 14 * 86400, 30 * 86400}
	rowBounds       = []float64{1, 10, 100, 1000, 10_000, 100_000}
	readBounds      = []float64{0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100}
	operationBounds = []float64{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30}
)

func newInstruments(meter metric.Meter) (instruments, error) {
	m := maker{meter: meter}
	i := instruments{
		started: m.gauge("guichet_run_start_timestamp_seconds", second, "When the run started, in seconds since 1970."),
		ended:   m.gauge("guichet_run_end_timestamp_seconds", second, "When the run ended, in seconds since 1970."),
		success: m.whole("guichet_run_success", share, "1 when the run did all its work, 0 when something could not be processed."),
		stage:   m.sum("guichet_stage_seconds", second, "Time that a stage of the run took."),

		batches:   m.count("guichet_batches", batchUnit, "Batches published, by kind, status and cause of the revision."),
		claims:    m.count("guichet_claims", "{claim}", "Claims published, by kind and decision."),
		findings:  m.count("guichet_rule_findings", "{finding}", "Findings published on claims and files, by code of the rule and outcome."),
		amountDue: m.gauge("guichet_amount_due_euros", euro, "What the newly accepted claims are owed, by kind."),
		age:       m.histogram("guichet_batch_age_seconds", second, "Age of delivered batches when their results were published, from reception.", ageBounds),
		rows:      m.histogram("guichet_batch_rows", "{row}", "Rows of delivered batches.", rowBounds),
		queue:     m.whole("guichet_queue_batches", batchUnit, "Batches of the inbox: ready (taken by this run), waiting (not ready yet), left (alone), failed (tried again by the next run)."),
		oldest:    m.gauge("guichet_queue_oldest_seconds", second, "Age of the oldest batch without results at the end of the run; 0 when there is none."),

		documentsOf:   m.count("guichet_documents", "{document}", "Documents of published batches, each once a batch, by role and source of their words."),
		documentsRead: m.count("guichet_documents_read", "{document}", "Documents read by this run, by outcome; others' facts were kept."),
		readSeconds:   m.histogram("guichet_document_read_seconds", second, "Time that the reading of a document took, by source of its words.", readBounds),
		ocrShare:      m.gauge("guichet_ocr_ratio", share, "Share of the documents of published batches whose words OCR read, among those with words."),

		operations:       m.count("guichet_store_operations", "{operation}", "Operations of the store, by result: ok, or the class of the error."),
		operationSeconds: m.histogram("guichet_store_operation_seconds", second, "Time that an operation of the store took.", operationBounds),
		begun:            m.count("guichet_ledger_transactions_begun", "{transaction}", "Transactions of the ledger that were begun, by what they do."),
		committed:        m.count("guichet_ledger_transactions_committed", "{transaction}", "Transactions of the ledger that were committed, by what they do."),
		commitSeconds:    m.sum("guichet_ledger_commit_seconds", second, "Time that commits of the ledger took, by what the transaction does."),
	}
	return i, m.err
}

// maker makes instruments and keeps what went wrong.
type maker struct {
	meter metric.Meter
	err   error
}

func keep[T any](m *maker, instrument T, err error) T {
	m.err = errors.Join(m.err, err)
	return instrument
}

func (m *maker) gauge(name, unit, description string) metric.Float64Gauge {
	i, err := m.meter.Float64Gauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	return keep(m, i, err)
}

func (m *maker) whole(name, unit, description string) metric.Int64Gauge {
	i, err := m.meter.Int64Gauge(name, metric.WithUnit(unit), metric.WithDescription(description))
	return keep(m, i, err)
}

func (m *maker) count(name, unit, description string) metric.Int64UpDownCounter {
	i, err := m.meter.Int64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	return keep(m, i, err)
}

func (m *maker) sum(name, unit, description string) metric.Float64UpDownCounter {
	i, err := m.meter.Float64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	return keep(m, i, err)
}

func (m *maker) histogram(name, unit, description string, bounds []float64) metric.Float64Histogram {
	i, err := m.meter.Float64Histogram(name, metric.WithUnit(unit), metric.WithDescription(description), metric.WithExplicitBucketBoundaries(bounds...))
	return keep(m, i, err)
}
