package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/publish"
)

// batchLife is what became of a batch.
type batchLife struct {
	ref       intake.Ref
	revisions []revisionLife  // the first one first
	rows      []ledger.Member // as it stands
	gone      []ledger.Member // of earlier deliveries, whose rows the last one left out
	standings map[claim.ID]ledger.Standing
	replaced  map[claim.ID]claim.ID // by which claim of the batch
}

// revisionLife is a revision with what its results tell of it.
type revisionLife struct {
	ledger.Published
	withdrawn int      // acceptances that it took back
	by        []string // who decided the claims, or had them evaluated again
}

func (c showCommand) batch(t *terminal) error {
	ref, err := intake.ParseRef(c.What)
	if err != nil {
		return usageError{err}
	}
	if c.Explain {
		return usageError{errors.New("--explain is for one claim: guichet show CLAIM --explain")}
	}
	return t.look(func(book *ledger.Ledger) error {
		life, err := batchLifeOf(t.ctx, book, ref)
		if err != nil {
			return err
		}
		if c.JSON {
			return t.batchJSON(life)
		}
		var out strings.Builder
		life.print(&out)
		_, err = fmt.Fprint(t.out, out.String())
		return err
	})
}

func batchLifeOf(ctx context.Context, book *ledger.Ledger, ref intake.Ref) (*batchLife, error) {
	latest, found, err := book.LatestRevision(ctx, ref.Supplier, ref.Name)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("batch %s: %w", ref, errUnknown)
	}
	life := &batchLife{ref: ref, standings: map[claim.ID]ledger.Standing{}, replaced: map[claim.ID]claim.ID{}}
	for number := 1; number <= latest.Number; number++ {
		revision, err := revisionLifeOf(ctx, book, ref, number)
		if err != nil {
			return nil, err
		}
		life.revisions = append(life.revisions, revision)
	}
	if life.rows, err = book.Members(ctx, ref.Supplier, ref.Name); err != nil {
		return nil, err
	}
	standings, err := book.Standings(ctx, ref.Supplier, ref.Name)
	if err != nil {
		return nil, err
	}
	for _, s := range standings {
		life.standings[s.Claim] = s
		if s.Replaces != "" {
			life.replaced[s.Replaces] = s.Claim
		}
		if !slices.ContainsFunc(life.rows, func(m ledger.Member) bool { return m.Claim == s.Claim }) {
			life.gone = append(life.gone, ledger.Member{
				Claim: s.Claim, Row: s.Row, First: s.FirstRevision(), Decision: s.Decision, Replaced: s.Superseded,
			})
		}
	}
	return life, nil
}

func revisionLifeOf(ctx context.Context, book *ledger.Ledger, ref intake.Ref, number int) (revisionLife, error) {
	revision, _, err := book.Revision(ctx, ref.Supplier, ref.Name, number)
	if err != nil {
		return revisionLife{}, err
	}
	life := revisionLife{Published: revision, by: []string{}}
	if revision.Cause == claim.Delivery {
		return life, nil
	}
	if revision.By != "" {
		life.by = append(life.by, revision.By)
	}
	results, err := book.Results(ctx, ref.Supplier, ref.Name, number)
	if err != nil {
		return revisionLife{}, err
	}
	for _, r := range results {
		if r.Withdrawal != nil {
			life.withdrawn++
		}
		if revision.Cause != claim.Reviewed {
			continue
		}
		decisions, err := book.History(ctx, r.Claim)
		if err != nil {
			return revisionLife{}, err
		}
		for _, d := range decisions {
			if d.Revision == number && d.By != "" && !slices.Contains(life.by, d.By) {
				life.by = append(life.by, d.By)
			}
		}
	}
	return life, nil
}

func (l *batchLife) last() revisionLife { return l.revisions[len(l.revisions)-1] }

// causes are the causes of revisions in plain words.
var causes = map[claim.Cause]string{claim.Delivery: "delivery", claim.Reviewed: "review", claim.Reprocessed: "reprocess"}

func (l *batchLife) print(out *strings.Builder) {
	last := l.last()
	fmt.Fprintf(out, "Batch %s, revision %d, %s, received %s\n", l.ref, last.Number, last.Status, minute(last.ReceivedAt))
	state := "settled, not published yet: the next run does"
	if last.Receipt != "" {
		state = fmt.Sprintf("results in outbox/%s/r%d/", l.ref, last.Number)
	}
	fmt.Fprintf(out, "%s; %d accepted, %d to complete, %d rejected, %d under review; %s due; %s\n", plural(last.Counts.Rows(), "claim", "claims"),
		last.Counts.Accepted, last.Counts.ToComplete, last.Counts.Rejected, last.Counts.UnderReview, last.AmountDue.French(), state)
	printFindings(out, last.Findings)
	out.WriteString("\nRevisions\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "REV\tCAUSE\tSETTLED\tSTATUS\tACCEPTED\tTO COMPLETE\tREJECTED\tREVIEW\tNEWLY ACCEPTED\tDUE\tTAKEN BACK\tBY")
	for _, r := range l.revisions {
		by := printable(strings.Join(r.by, ", "))
		if r.Reason != "" {
			by += ": " + printable(r.Reason)
		}
		fmt.Fprintf(table, "r%d\t%s\t%s\t%s\t%d\t%d\t%d\t%d\t%d\t%s\t%d\t%s\n", r.Number, causes[r.Cause], minute(r.SettledAt), r.Status,
			r.Counts.Accepted, r.Counts.ToComplete, r.Counts.Rejected, r.Counts.UnderReview, r.Counts.NewlyAccepted, r.AmountDue.French(), r.withdrawn, by)
	}
	_ = table.Flush() // a strings.Builder takes all
	if len(l.rows) > 0 {
		out.WriteString("\n")
		l.printRows(out, l.rows)
	}
	if len(l.gone) > 0 {
		out.WriteString("\nClaims of earlier deliveries whose rows are gone: they stay as decided\n")
		l.printRows(out, l.gone)
	}
}

func (l *batchLife) printRows(out *strings.Builder, rows []ledger.Member) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "ROW\tCLAIM\tFINESS\tDECISION\tREV\tDUE\tCODES\tNOTE")
	for _, m := range rows {
		s := l.standings[m.Claim]
		fmt.Fprintf(table, "%d\t%s\t%s\t%s\tr%d\t%s\t%s\t%s\n", m.Row, m.Claim, s.FINESS, m.Decision, s.Revision, due(s.Result),
			strings.Join(codes(s.Findings), " "), l.note(m))
	}
	_ = table.Flush() // a strings.Builder takes all
}

// note tells what else there is to know of a row.
func (l *batchLife) note(m ledger.Member) string {
	delivery := 0 // the last one
	for _, r := range l.revisions {
		if r.Cause == claim.Delivery {
			delivery = r.Number
		}
	}
	gone := slices.ContainsFunc(l.gone, func(g ledger.Member) bool { return g.Claim == m.Claim })
	switch by := l.replaced[m.Claim]; {
	case by != "":
		return fmt.Sprintf("replaced by %s", by)
	case m.Replaced:
		return "replaced by a claim of another batch"
	case m.First < delivery && !gone:
		return fmt.Sprintf("carried over, accepted before r%d", delivery)
	}
	return ""
}

// revisionJSON is a revision in show SIRET/NAME --json.
type revisionJSON struct {
	Revision   int               `json:"revision"`
	Cause      string            `json:"cause"`
	SettledAt  string            `json:"settled_at"`
	ReceivedAt *string           `json:"received_at"`
	Status     claim.BatchStatus `json:"status"`
	Counts     claim.Counts      `json:"counts"`
	AmountDue  claim.Cents       `json:"amount_due_total"`
	Withdrawn  int               `json:"withdrawn"`
	By         []string          `json:"by"`
	Reason     *string           `json:"reason"`
}

// batchJSON prints a batch's object with its revisions, then the claims' lines.
func (t *terminal) batchJSON(l *batchLife) error {
	object := struct {
		batchJSON
		Revisions []revisionJSON `json:"revisions"`
	}{batchJSON: batchObject(l.last().Published)}
	for _, r := range l.revisions {
		object.Revisions = append(object.Revisions, revisionJSON{
			Revision: r.Number, Cause: causes[r.Cause], SettledAt: publish.Instant(r.SettledAt), ReceivedAt: batchObject(r.Published).ReceivedAt,
			Status: r.Status, Counts: r.Counts, AmountDue: r.AmountDue, Withdrawn: r.withdrawn, By: r.by, Reason: orNull(r.Reason),
		})
	}
	if err := t.json(object); err != nil {
		return err
	}
	for _, m := range l.rows {
		if err := t.line(l.standings[m.Claim].Result); err != nil {
			return err
		}
	}
	return nil
}

// orNull gives null for an empty text: what is absent is told, never left out.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
