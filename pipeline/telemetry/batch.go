package telemetry

import (
	"context"
	"time"

	"guichet/pipeline/claim"
)

// Published counts a revision whose receipt was written at an instant, and the
// results that it published: claims by decision, rules by code, documents by
// the source of their words, what is due. Age and rows are those of
// deliveries: a review or a reprocess has none of its own.
func (t *Telemetry) Published(ctx context.Context, at time.Time, revision claim.Revision, results []claim.Result) {
	if t == nil {
		return
	}
	kind := kindLabel(revision.Kind)
	t.batches.Add(ctx, 1, of("kind", kind), of("status", among(statuses, revision.Status, other)), of("cause", causeLabel(revision.Cause)))
	if revision.Cause == claim.Delivery {
		t.age.Record(ctx, since(revision.ReceivedAt, at))
		t.rows.Record(ctx, float64(revision.Counts.Rows()))
	}
	t.count(ctx, revision.Findings)
	for _, r := range results {
		t.claims.Add(ctx, 1, of("kind", kindLabel(r.Kind)), of("decision", among(decisions, r.Decision, other)))
		t.count(ctx, r.Findings)
	}
	t.owe(ctx, revision.Kind, revision.AmountDue)
	t.show(ctx, results)
}

func (t *Telemetry) count(ctx context.Context, findings []claim.Finding) {
	for _, f := range findings {
		code := other
		if t.rules[f.Code] {
			code = f.Code
		}
		t.findings.Add(ctx, 1, of("code", code), of("outcome", among(outcomes, f.Outcome, other)))
	}
}

// owe adds up in cents: a sum of euros would drift.
func (t *Telemetry) owe(ctx context.Context, kind claim.Kind, due claim.Cents) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.due[kind] += due
	t.amountDue.Record(ctx, float64(t.due[kind])/100, of("kind", kindLabel(kind)))
}

// show counts the documents of a batch, each once, however many claims name it.
func (t *Telemetry) show(ctx context.Context, results []claim.Result) {
	t.mu.Lock()
	defer t.mu.Unlock()
	counted := map[string]bool{"": true} // that did not arrive
	for _, r := range results {
		for _, d := range r.Documents {
			if counted[d.SHA256] {
				continue
			}
			counted[d.SHA256] = true
			t.documentsOf.Add(ctx, 1, of("role", among(roles, d.Role, other)), of("text_source", textSourceLabel(d.TextSource)))
			switch d.TextSource {
			case claim.TextFromOCR:
				t.byOCR++
				t.documents++
			case claim.TextFromPDF:
				t.documents++
			case claim.TextFromNone:
			}
		}
	}
	if t.documents > 0 {
		t.ocrShare.Record(ctx, float64(t.byOCR)/float64(t.documents))
	}
}

// Queue is what a run found in the inbox and what it left there, in batches.
type Queue struct {
	Ready   int // and taken
	Waiting int // not ready yet
	Left    int // alone, and odd keys
	Failed  int // for a reason of ours; tried again by the next run
	// Oldest is the reception of the oldest batch that has no results yet;
	// zero when every batch has, or when it is not known.
	Oldest time.Time
}

// Queue tells how the inbox stands at an instant. The age of the oldest batch
// is left out where batches wait and nobody knows since when: 0 would say that
// none waits.
func (t *Telemetry) Queue(ctx context.Context, at time.Time, q Queue) {
	if t == nil {
		return
	}
	for state, batches := range map[string]int{"ready": q.Ready, "waiting": q.Waiting, "left": q.Left, "failed": q.Failed} {
		t.queue.Record(ctx, int64(batches), of("state", state))
	}
	if !q.Oldest.IsZero() || q.Waiting+q.Failed == 0 {
		t.oldest.Record(ctx, since(q.Oldest, at))
	}
}

// since gives the seconds from one instant to another: 0 from the zero instant,
// and from one that a store's clock puts into the future.
func since(from, to time.Time) float64 {
	if from.IsZero() {
		return 0
	}
	return max(0, to.Sub(from).Seconds())
}
