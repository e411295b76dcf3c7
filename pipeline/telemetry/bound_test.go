package telemetry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// mark stands in every text that is drawn, as a supplier's would.
const mark = "Çelik"

// TestSeriesAreBounded: whatever stands in claims, findings, documents and
// errors, no label and no attribute holds it, and the number of series has a
// bound that the lists and the catalogue give.
func TestSeriesAreBounded(t *testing.T) {
	bounds := map[string]int{ // values of each label; other included
		"guichet_batches":                       5 * 3 * 4,
		"guichet_claims":                        5 * 5,
		"guichet_rule_findings":                 (len(config.Rules.Rules) + 1) * 6,
		"guichet_amount_due_euros":              5,
		"guichet_documents":                     6 * 4,
		"guichet_documents_read":                11,
		"guichet_document_read_seconds":         4,
		"guichet_stage_seconds":                 maxNames + 1,
		"guichet_ledger_transactions_begun":     maxNames + 1,
		"guichet_ledger_transactions_committed": maxNames + 1,
		"guichet_ledger_commit_seconds":         maxNames + 1,
		"guichet_queue_batches":                 4,
	}
	rapid.Check(t, func(t *rapid.T) {
		r := newRecorder(t)
		text := rapid.Custom(func(t *rapid.T) string {
			return rapid.StringN(0, 12, -1).Draw(t, "before") + mark + rapid.StringN(0, 12, -1).Draw(t, "after")
		})
		ctx := context.Background()
		for range rapid.IntRange(1, 60).Draw(t, "batches") {
			outcome := claim.Outcome(text.Draw(t, "outcome"))
			findings := []claim.Finding{
				{Code: text.Draw(t, "code"), Outcome: outcome},
				{Code: rapid.SampledFrom(config.Rules.Rules).Draw(t, "rule").Code, Outcome: outcome, Value: mark, Message: mark},
			}
			revision := claim.Revision{
				Supplier: mark, Batch: mark, Kind: claim.Kind(text.Draw(t, "kind")), Status: claim.BatchStatus(text.Draw(t, "status")),
				Cause: claim.Cause(text.Draw(t, "cause")), Findings: findings, By: mark, Reason: mark,
			}
			result := claim.Result{
				Kind: revision.Kind, Decision: claim.Decision(text.Draw(t, "decision")), CompanyName: mark, Findings: findings,
				Documents: []claim.ResultDocument{{File: mark, SHA256: mark, Role: claim.Role(text.Draw(t, "role")), TextSource: claim.TextSource(text.Draw(t, "source"))}},
			}
			ctx, done := r.Batch(ctx, revision)
			r.Published(ctx, received, revision, []claim.Result{result})
			done(fmt.Errorf("reading %s: %w", mark, errors.New(mark)))
			name := rapid.OneOf(text, rapid.StringMatching(`[a-z_ ]{1,50}`)).Draw(t, "name")
			_, staged := r.Stage(ctx, name)
			staged(errors.New(mark))
			for _, phase := range []ledger.Phase{ledger.Beginning, ledger.Committing, ledger.Committed, mark} {
				r.Transaction(name, phase)
			}
			reader := r.Reader(given{facts: claim.Facts{Status: claim.ReadStatus(text.Draw(t, "read")), Reason: mark, TextSource: claim.TextSource(mark)}})
			_, _ = reader.Read(ctx, nil)
		}
		r.Queue(ctx, received, Queue{})
		for _, family := range r.families(t) {
			name := family.GetName()
			if bound := max(bounds[name], 1); len(family.GetMetric()) > bound {
				t.Fatalf("%s has %d series, %d at most", name, len(family.GetMetric()), bound)
			}
			for _, m := range family.GetMetric() {
				for _, l := range m.GetLabel() {
					if strings.Contains(l.GetValue(), mark) {
						t.Fatalf("%s: label %s holds %q", name, l.GetName(), l.GetValue())
					}
				}
			}
		}
		for _, span := range r.spans.GetSpans() {
			if told := fmt.Sprintf("%s %v %v %v", span.Name, span.Attributes, span.Events, span.Status); strings.Contains(told, mark) {
				t.Fatalf("a span holds what a supplier wrote: %s", told)
			}
		}
	})
}
