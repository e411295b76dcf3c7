package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"guichet/config"
	"guichet/pipeline"
	"guichet/pipeline/claim"
)

const (
	reasonsShown = 8
	batchesShown = 8
	barWidth     = 40
)

// printSummary tells what a run did, for a person.
func (t *terminal) printSummary(settings *config.Config, s *pipeline.Summary, took time.Duration) error {
	var out strings.Builder
	counts := s.Counts
	fmt.Fprintf(&out, "%s, %s in %s\n", plural(len(s.Batches), "batch", "batches"), plural(counts.Rows(), "claim", "claims"), took.Round(100*time.Millisecond))
	if s.Resumed > 0 {
		fmt.Fprintf(&out, "%s settled by an earlier run and published by this one\n", plural(s.Resumed, "batch was", "batches were"))
	}
	if counts.Rows() > 0 {
		out.WriteString("\n")
		for _, line := range []struct {
			name  string
			count int
			note  string
		}{
			{"accepted", counts.Accepted, s.AmountDue.French() + " due"},
			{"to complete", counts.ToComplete, ""},
			{"rejected", counts.Rejected, ""},
			{"under review", counts.UnderReview, ""},
		} {
			bar := strings.Repeat("█", (line.count*barWidth+counts.Rows()-1)/counts.Rows())
			out.WriteString(strings.TrimRight(fmt.Sprintf("  %-12s %7d  %-*s  %s", line.name, line.count, barWidth, bar, line.note), " ") + "\n")
		}
	}
	if len(s.Reasons) > 0 {
		out.WriteString("\nMost frequent reasons\n")
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		for i, reason := range s.Reasons {
			if i == reasonsShown {
				fmt.Fprintf(table, "  and %s\n", plural(len(s.Reasons)-reasonsShown, "other code", "other codes"))
				break
			}
			fmt.Fprintf(table, "  %d\t%s\t%s\n", reason.Claims, reason.Code, config.Rules.Rule(reason.Code).When)
		}
		_ = table.Flush() // a strings.Builder takes all
	}
	if len(s.Batches) > 0 {
		out.WriteString("\nResults\n")
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		for i, b := range s.Batches {
			if i == batchesShown {
				fmt.Fprintf(table, "  and %s: guichet batches\n", plural(len(s.Batches)-batchesShown, "other batch", "other batches"))
				break
			}
			fmt.Fprintf(table, "  outbox/%s/%s/r%d/\t%s\n", b.Supplier, b.Batch, b.Number, batchLine(b))
		}
		_ = table.Flush() // a strings.Builder takes all
		fmt.Fprintf(&out, "  in %s\n", settings.Storage.URL)
	}
	section(&out, "Received again, unchanged", s.Repeated)
	section(&out, "Left alone", s.Left)
	section(&out, "Not processed", s.Failed)
	_, err := fmt.Fprint(t.out, out.String())
	return err
}

func batchLine(b claim.Revision) string {
	if b.Status == claim.Refused {
		codes := make([]string, 0, len(b.Findings))
		for _, f := range b.Findings {
			if f.Outcome != claim.Warn {
				codes = append(codes, f.Code)
			}
		}
		return "refused: " + strings.Join(codes, ", ")
	}
	newly := ""
	if b.Counts.NewlyAccepted != b.Counts.Accepted {
		newly = fmt.Sprintf(", %d newly", b.Counts.NewlyAccepted)
	}
	return fmt.Sprintf("%d accepted of %d%s, %s", b.Counts.Accepted, b.Counts.Rows(), newly, b.AmountDue.French())
}

func section(out *strings.Builder, title string, left []pipeline.Left) {
	if len(left) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", title)
	for _, l := range left {
		why, _, _ := strings.Cut(l.Why, "\n") // the log has the rest, such as a stack
		fmt.Fprintf(out, "  %q: %s\n", l.Key, why)
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
