package telemetry

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/codes"
	nometrics "go.opentelemetry.io/otel/metric/noop"
	notraces "go.opentelemetry.io/otel/trace/noop"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

var received = time.Date(2023, time.March, 14, 18, 0, 0, 0, claim.Paris)

// document gives a document of a result.
func document(sha256 string, role claim.Role, source claim.TextSource) claim.ResultDocument {
	return claim.ResultDocument{File: "bc.pdf", SHA256: sha256, Role: role, TextSource: source}
}

// published gives a revision of five claims and their results: two accepted
// for 750,00 € in all, one of each other decision, and a shared attestation.
func published() (claim.Revision, []claim.Result) {
	findings := func(codes ...string) (all []claim.Finding) {
		for _, code := range codes {
			outcome := claim.Complete
			if code == "BEN-03" {
				outcome = claim.Reject
			}
			all = append(all, claim.Finding{Code: code, Outcome: outcome, Value: "Claire Martin"})
		}
		return all
	}
	shared := document("aa", claim.VATExemption, claim.TextFromOCR)
	result := func(decision claim.Decision, findings []claim.Finding, documents ...claim.ResultDocument) claim.Result {
		return claim.Result{Kind: claim.Advance, Decision: decision, CompanyName: "PHARMACIE DU PONT", Findings: findings, Documents: documents}
	}
	results := []claim.Result{
		result(claim.Accepted, nil, document("b1", claim.PurchaseOrder, claim.TextFromPDF), shared),
		result(claim.Accepted, []claim.Finding{{Code: "FIC-08", Outcome: claim.Warn}}, document("b2", claim.PurchaseOrder, claim.TextFromPDF), shared),
		result(claim.Rejected, findings("BEN-03", "MEN-11"), document("b3", claim.PurchaseOrder, claim.TextFromOCR)),
		result(claim.ToComplete, findings("MEN-11", "MEN-11"), document("", claim.PurchaseOrder, claim.TextFromNone)),
		result(claim.UnderReview, []claim.Finding{{Code: "DOC-06", Outcome: claim.Review}}, document("b5", claim.PurchaseOrder, claim.TextFromNone)),
	}
	return claim.Revision{
		Supplier: "40000001400011", Batch: "lot-1", Number: 2, Kind: claim.Advance, Status: claim.Processed, ReceivedAt: received,
		Counts:    claim.Counts{Accepted: 2, Rejected: 1, ToComplete: 1, UnderReview: 1, NewlyAccepted: 2},
		AmountDue: 750_00, Findings: []claim.Finding{{Code: "FIC-08", Outcome: claim.Warn}},
	}, results
}

func same(t *testing.T, r recorder, name string, want map[string]float64) {
	t.Helper()
	if diff := cmp.Diff(want, r.series(t, name)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestPublishedCountsOnceWhatWasPublished(t *testing.T) {
	r := newRecorder(t)
	revision, results := published()
	r.Published(t.Context(), received.Add(36*time.Hour), revision, results)
	same(t, r, "guichet_batches", map[string]float64{"cause=delivery,kind=advance,status=processed": 1})
	same(t, r, "guichet_claims", map[string]float64{
		"decision=accepted,kind=advance": 2, "decision=rejected,kind=advance": 1,
		"decision=to_complete,kind=advance": 1, "decision=under_review,kind=advance": 1,
	})
	same(t, r, "guichet_rule_findings", map[string]float64{
		"code=FIC-08,outcome=warn": 2, "code=BEN-03,outcome=reject": 1, "code=MEN-11,outcome=complete": 3, "code=DOC-06,outcome=review": 1,
	})
	same(t, r, "guichet_amount_due_euros", map[string]float64{"kind=advance": 750})
	same(t, r, "guichet_batch_age_seconds", map[string]float64{"": 1, "sum": 36 * 3600})
	same(t, r, "guichet_batch_rows", map[string]float64{"": 1, "sum": 5})
	same(t, r, "guichet_documents", map[string]float64{
		"role=purchase_order,text_source=text": 2, "role=purchase_order,text_source=ocr": 1,
		"role=purchase_order,text_source=none": 1, "role=vat_exemption,text_source=ocr": 1,
	})
	same(t, r, "guichet_ocr_ratio", map[string]float64{"": 0.5})
}

// Cents add up exactly: 0,10 € ten times are 1 €, which they are not as a sum
// of floating-point euros.
func TestAmountsAddUpToTheCent(t *testing.T) {
	r := newRecorder(t)
	for range 10 {
		r.Published(t.Context(), received, claim.Revision{Kind: claim.Advance, Status: claim.Processed, AmountDue: 10}, nil)
	}
	same(t, r, "guichet_amount_due_euros", map[string]float64{"kind=advance": 1})
}

func TestRevisionsWithoutDelivery(t *testing.T) {
	r := newRecorder(t)
	at := received.Add(time.Hour)
	r.Published(t.Context(), at, claim.Revision{Kind: claim.Advance, Status: claim.Processed, Cause: claim.Reviewed, ReceivedAt: received}, nil)
	r.Published(t.Context(), at, claim.Revision{Kind: claim.Balance, Status: claim.Processed, Cause: claim.Reprocessed, ReceivedAt: received}, nil)
	r.Published(t.Context(), at, claim.Revision{Status: claim.Refused, ReceivedAt: at.Add(time.Minute)}, nil)
	same(t, r, "guichet_batches", map[string]float64{
		"cause=review,kind=advance,status=processed": 1, "cause=reprocess,kind=balance,status=processed": 1, "cause=delivery,kind=unknown,status=refused": 1,
	})
	// The delivery comes from a clock that goes before ours.
	same(t, r, "guichet_batch_age_seconds", map[string]float64{"": 1, "sum": 0})
}

func TestQueue(t *testing.T) {
	r := newRecorder(t)
	r.Queue(t.Context(), received.Add(90*time.Minute), Queue{Ready: 4, Waiting: 3, Left: 2, Failed: 1, Oldest: received})
	same(t, r, "guichet_queue_batches", map[string]float64{"state=ready": 4, "state=waiting": 3, "state=left": 2, "state=failed": 1})
	same(t, r, "guichet_queue_oldest_seconds", map[string]float64{"": 5400})
	r.Queue(t.Context(), received, Queue{})
	same(t, r, "guichet_queue_batches", map[string]float64{"state=ready": 0, "state=waiting": 0, "state=left": 0, "state=failed": 0})
	same(t, r, "guichet_queue_oldest_seconds", map[string]float64{"": 0})
}

// Batches that wait nobody knows how long have no age, rather than none.
func TestQueueOfUnknownAge(t *testing.T) {
	for name, q := range map[string]Queue{"waiting": {Waiting: 1}, "failed": {Ready: 2, Failed: 1}} {
		r := newRecorder(t)
		r.Queue(t.Context(), received, q)
		if got := r.series(t, "guichet_queue_oldest_seconds"); len(got) != 0 {
			t.Errorf("%s: the oldest is %v s old, want nothing told", name, got)
		}
	}
}

func TestRunTellsItsEndAndSuccess(t *testing.T) {
	for want, failure := range map[float64]error{1: nil, 0: errors.New("no register")} {
		r := newRecorder(t)
		before := time.Now().Truncate(time.Millisecond)
		ctx, cancel := context.WithCancel(t.Context())
		_, end := r.Run(ctx)
		cancel() // a run that was stopped has an end all the same
		end(failure)
		same(t, r, "guichet_run_success", map[string]float64{"": want})
		started, ended := r.series(t, "guichet_run_start_timestamp_seconds")[""], r.series(t, "guichet_run_end_timestamp_seconds")[""]
		if started < seconds(before) || ended < started || ended > seconds(time.Now()) {
			t.Errorf("the run started at %f and ended at %f, asked for since %f", started, ended, seconds(before))
		}
		if got := r.series(t, "guichet_claims"); len(got) != 12 || got["decision=accepted,kind=advance"] != 0 {
			t.Errorf("claims of a run without any: %v, want 0 for every kind and decision", got)
		}
	}
}

func TestSpans(t *testing.T) {
	r := newRecorder(t)
	revision, results := published()
	ctx, end := r.Run(t.Context())
	r.Number(ctx, 7)
	for range 2 {
		stage, done := r.Stage(ctx, "publish")
		batch, batchDone := r.Batch(stage, revision)
		r.Published(batch, received, revision, results)
		batchDone(fmt.Errorf("inbox/40000001400011/lot-1/: %w", objectstore.ErrChanged))
		done(nil)
	}
	end(errors.New("Claire Martin"))
	want := []string{"publish/batch", "run/publish", "publish/batch", "run/publish", "run"}
	if diff := cmp.Diff(want, r.spanNames(t)); diff != "" {
		t.Errorf("spans (-want +got):\n%s", diff)
	}
	attributes := func(i int) map[string]string {
		all := map[string]string{}
		for _, a := range r.spans.GetSpans()[i].Attributes {
			all[string(a.Key)] = a.Value.String()
		}
		return all
	}
	if diff := cmp.Diff(map[string]string{
		"guichet.revision": "2", "guichet.kind": "advance", "guichet.status": "processed", "guichet.cause": "delivery",
		"guichet.rows": "5", "guichet.accepted": "2",
	}, attributes(0)); diff != "" {
		t.Errorf("attributes of a batch (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"guichet.run": "7"}, attributes(4)); diff != "" {
		t.Errorf("attributes of the run (-want +got):\n%s", diff)
	}
	for i, want := range []string{"changed", "", "changed", "", "other"} {
		if got := r.spans.GetSpans()[i].Status; got.Description != want || (got.Code == codes.Error) != (want != "") {
			t.Errorf("span %d ended with %v %q, want %q", i, got.Code, got.Description, want)
		}
	}
	if got := r.series(t, "guichet_stage_seconds"); len(got) != 1 || got["stage=publish"] <= 0 {
		t.Errorf("stages: %v, want the two of one name added up", got)
	}
}

func TestTransactionsOfALedger(t *testing.T) {
	r := newRecorder(t)
	book, err := ledger.Open(t.Context(), t.TempDir()+"/ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	book.Watch(r.Transaction)
	if _, err := book.StartRun(t.Context(), received, "guichet test"); err != nil {
		t.Fatal(err)
	}
	if err := book.MarkPublished(t.Context(), "40000001400011", "lot-1", 1, "aa"); err == nil {
		t.Fatal("a batch that nobody settled was marked")
	}
	if err := book.FinishRun(t.Context(), ledger.Done); err != nil {
		t.Fatal(err)
	}
	same(t, r, "guichet_ledger_transactions_begun", map[string]float64{"transaction=start run": 1, "transaction=mark published": 1, "transaction=finish run": 1})
	same(t, r, "guichet_ledger_transactions_committed", map[string]float64{"transaction=start run": 1, "transaction=finish run": 1})
	if got := r.series(t, "guichet_ledger_commit_seconds"); len(got) != 2 || got["transaction=start run"] <= 0 {
		t.Errorf("commits took %v", got)
	}
}

// everything calls all methods once.
func everything(ctx context.Context, watch *Telemetry, revision claim.Revision, results []claim.Result) {
	ctx, end := watch.Run(ctx)
	watch.Number(ctx, 1)
	stage, done := watch.Stage(ctx, "publish")
	batch, batchDone := watch.Batch(stage, revision)
	watch.Published(batch, received, revision, results)
	batchDone(nil)
	done(nil)
	watch.Queue(ctx, received, Queue{Ready: 1, Oldest: received})
	watch.Transaction("settle", ledger.Beginning)
	end(nil)
}

// A run that nobody watches pays nothing for it.
func TestNilCostsNothing(t *testing.T) {
	revision, results := published()
	var nobody *Telemetry
	if allocations := testing.AllocsPerRun(100, func() { everything(t.Context(), nobody, revision, results) }); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
	store, err := objectstore.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if nobody.Store(store) != objectstore.Store(store) || nobody.Reader(nil) != nil {
		t.Error("a store or a reader is wrapped")
	}
}

func TestProvidersThatDoNothing(t *testing.T) {
	watch, err := New(notraces.NewTracerProvider(), nometrics.NewMeterProvider())
	if err != nil {
		t.Fatal(err)
	}
	revision, results := published()
	everything(t.Context(), watch, revision, results)
}

func BenchmarkTelemetry(b *testing.B) {
	revision, results := published()
	watches := map[string]*Telemetry{"nil": nil, "recorded": newRecorder(b).Telemetry}
	for _, name := range []string{"nil", "recorded"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				everything(b.Context(), watches[name], revision, results)
			}
		})
	}
}
