package main

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/settle"
)

type reprocessCommand struct {
	Batch          string        `arg:"" help:"The batch." placeholder:"SIRET/NAME"`
	Claim          []claim.ID    `help:"Evaluate only this claim; may be given several times." placeholder:"ID"`
	DryRun         bool          `help:"Print the differences, change nothing."`
	AllowWithdraw  bool          `help:"Take acceptances back that do not hold any more; needs --reason and --by."`
	Reason         string        `help:"Why acceptances are taken back, in French, at most 240 characters on one line: suppliers and the payment system read it." placeholder:"TEXT"`
	By             string        `help:"Who has it evaluated again; told in the ledger." placeholder:"NAME"`
	Now            string        `help:"Stands in for the time of the decisions, for rehearsal: RFC 3339, or \"yyyy-mm-dd hh:mm\" in Paris." placeholder:"T"`
	Wait           time.Duration `help:"Wait so long for a run to end, such as 30m." placeholder:"D"`
	AcceptRegister []string      `help:"Go on although this register lost more than 2 % of its rows; its name without extension." placeholder:"NAME"`
	JSON           bool          `help:"Print a JSON object a difference, and nothing else."`
}

func (reprocessCommand) Help() string {
	return `Evaluates claims again with today's registers and programme, from the inputs in
the archive: all rows of the batch as it stands, or those named. Claims keep
their identity and their reception times; documents that were read are not read
again. What comes out otherwise is published at once, as a new revision of the
batch; when nothing does there is none. An accepted claim stays accepted, and
the difference is told, unless --allow-withdraw takes it back (withdrawn.csv).

--json prints for each difference: claim, row, revision (that it makes, or would
make; null when the acceptance stays), old_decision (null for a row that was
never evaluated), new_decision, codes_gone, codes_come, old_amount_due,
new_amount_due, kept (true: it stays accepted).

Exit codes: 0 done, or rehearsed; 1 something could not be processed, or
acceptances would not hold today and are kept: go on with --allow-withdraw.

Examples:
  guichet reprocess 73282932000074/lot-2023-03 --dry-run
  guichet reprocess 73282932000074/lot-2023-03
  guichet reprocess 73282932000074/lot-2023-03 --claim A-1cd0d014c5889a01f05d \
    --allow-withdraw --by 'C. Petit' --reason 'Référencement retiré.'`
}

// Run evaluates again.
func (c reprocessCommand) Run(t *terminal) error {
	what, err := c.what()
	if err != nil {
		return usageError{err}
	}
	now, err := parseNow(c.Now)
	if err != nil {
		return usageError{err}
	}
	settings, err := t.settings()
	if err != nil {
		return err
	}
	if err := ledgerThere(settings); err != nil {
		return err
	}
	return t.open(settings, pipeline.Night{Now: now, Wait: c.Wait, Accepted: c.AcceptRegister}, func(night *pipeline.Night) error {
		done, err := night.Reprocess(t.ctx, what)
		t.bar.done()
		if err := t.cut(err); err != nil {
			return err
		}
		if err != nil {
			return advisedReprocess(err, what.Batch)
		}
		members, err := night.Ledger.Members(t.ctx, what.Batch.Supplier, what.Batch.Name)
		if err != nil {
			return err
		}
		if err := c.print(t, what, done, unchanged(what, done, len(members))); err != nil {
			return err
		}
		return failure(done)
	})
}

// what gives what is to be evaluated, or a fault of the call.
func (c reprocessCommand) what() (pipeline.Reprocess, error) {
	what := pipeline.Reprocess{DryRun: c.DryRun, Withdraw: c.AllowWithdraw, Reason: c.Reason, By: c.By}
	if c.AllowWithdraw && (c.Reason == "" || c.By == "") {
		return what, errors.New("--allow-withdraw needs --reason TEXT and --by NAME")
	}
	if c.Reason != "" {
		if err := oneLine("--reason", c.Reason, maxReason); err != nil {
			return what, err
		}
	}
	if c.By != "" {
		if err := oneLine("--by", c.By, maxName); err != nil {
			return what, err
		}
	}
	what.Claims = slices.Compact(slices.Sorted(slices.Values(c.Claim)))
	var err error
	what.Batch, err = intake.ParseRef(c.Batch)
	return what, err
}

// advisedReprocess adds to an error what can be done.
func advisedReprocess(err error, batch intake.Ref) error {
	for _, known := range []struct {
		class  error
		advice string
	}{
		{pipeline.ErrUnknownBatch, "guichet batches lists what was processed"},
		{pipeline.ErrUnknownClaim, fmt.Sprintf("guichet show %s lists its claims", batch)},
		{intake.ErrInputs, "what was purged, or taken out of archive/, cannot be evaluated again: put it back as it was, or have the supplier file again"},
		{ledger.ErrLocked, "wait for its end with --wait 30m"},
	} {
		if errors.Is(err, known.class) {
			return fmt.Errorf("%w; %s", err, known.advice)
		}
	}
	return err
}

// errKept is why a reprocess that kept acceptances ends with 1.
var errKept = errors.New("acceptances that would not hold today are kept: mend the registers, or take them back with --allow-withdraw --reason TEXT --by NAME")

// errPaid is why a reprocess that cannot take acceptances back ends with 1.
var errPaid = errors.New("acceptances that would not hold today stand: a decision on the claim cannot take back what a balance completed; guichet dossier close does")

func failure(done *pipeline.Reprocessed) error {
	if len(done.Failed) > 0 {
		return errUnprocessed
	}
	switch {
	case slices.ContainsFunc(done.Changes, func(c settle.Change) bool { return c.Kept && !c.Paid }):
		return errKept
	case slices.ContainsFunc(done.Changes, func(c settle.Change) bool { return c.Paid }):
		return errPaid
	}
	return nil
}

// unchanged counts the claims that come out as before, of a batch that has so
// many rows afterwards.
func unchanged(what pipeline.Reprocess, done *pipeline.Reprocessed, rows int) int {
	evaluated := rows
	if len(what.Claims) > 0 {
		evaluated = len(what.Claims)
	}
	for _, c := range done.Changes {
		// A row that was never evaluated is one of the batch's afterwards.
		if c.Before.Claim != "" || !what.DryRun {
			evaluated--
		}
	}
	return evaluated - len(done.Unread) - len(done.Replaced)
}

func (c reprocessCommand) print(t *terminal, what pipeline.Reprocess, done *pipeline.Reprocessed, unchanged int) error {
	for _, id := range done.Unread {
		t.log.Warn("not evaluated: its row is not found any more in what was delivered", slog.String("claim", string(id)))
	}
	if c.JSON {
		for _, change := range done.Changes {
			if err := t.json(differenceOf(change, done.Revision)); err != nil {
				return err
			}
		}
		return nil
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Batch %s, evaluated again: %s otherwise, %d as before\n", what.Batch,
		plural(len(done.Changes), "claim comes out", "claims come out"), unchanged)
	if len(done.Changes) > 0 {
		out.WriteString("\n")
		printDifferences(&out, done.Changes)
	}
	listClaims(&out, "Not evaluated, their rows are not found any more in what was delivered", done.Unread)
	listClaims(&out, "Not evaluated, later claims of the supplier took their place", done.Replaced)
	switch {
	case what.DryRun && done.Revision > 0:
		fmt.Fprintf(&out, "\nNothing was changed. Without --dry-run this makes revision %d.\n", done.Revision)
	case what.DryRun:
		out.WriteString("\nNothing was changed, and without --dry-run nothing would be.\n")
	case done.Revision > 0:
		fmt.Fprintf(&out, "\nRevision %d\n", done.Revision)
		for _, b := range done.Batches {
			fmt.Fprintf(&out, "  outbox/%s/%s/r%d/  %s\n", b.Supplier, b.Batch, b.Number, batchLine(b))
		}
	default:
		out.WriteString("\nNo new revision.\n")
	}
	section(&out, "Left alone", done.Left)
	section(&out, "Not processed", done.Failed)
	_, err := fmt.Fprint(t.out, out.String())
	return err
}

func listClaims(out *strings.Builder, title string, claims []claim.ID) {
	if len(claims) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n", title)
	for _, id := range claims {
		fmt.Fprintf(out, "  %s\n", id)
	}
}

func printDifferences(out *strings.Builder, changes []settle.Change) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLAIM\tROW\tDECISION\tCODES GONE\tCODES COME\tDUE\tNOTE")
	for _, c := range changes {
		before := "not evaluated"
		if c.Before.Claim != "" {
			before = worded(c.Before.Decision)
		}
		gone, come := codeChanges(c)
		fmt.Fprintf(table, "%s\t%d\t%s → %s\t%s\t%s\t%s → %s\t%s\n", c.After.Claim, c.After.Row, before, worded(c.After.Decision),
			dash(strings.Join(gone, " ")), dash(strings.Join(come, " ")), dash(due(c.Before)), dash(due(c.After)), note(c))
	}
	_ = table.Flush() // a strings.Builder takes all
}

// note tells what else there is to know of a difference.
func note(c settle.Change) string {
	gone, come := codeChanges(c)
	switch {
	case c.Paid:
		return "stays accepted: its balance is paid, or its dossier closed; guichet dossier close recovers what was paid"
	case c.Kept:
		return "stays accepted: needs --allow-withdraw"
	case c.After.Withdrawal != nil:
		return "the acceptance of r" + strconv.Itoa(c.After.Withdrawal.Revision) + " is taken back"
	case c.Before.Decision == c.After.Decision && len(gone)+len(come) == 0:
		return "the same codes, elsewhere or of other weight"
	}
	return ""
}

func dash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// codeChanges gives the codes that a claim is not told any more, and those that it is
// told anew, in the order of the rules.
func codeChanges(c settle.Change) (gone, come []string) {
	return without(codes(c.Before.Findings), codes(c.After.Findings)), without(codes(c.After.Findings), codes(c.Before.Findings))
}

// without gives the codes that are not among others, each once.
func without(all, others []string) []string {
	left := []string{}
	for _, code := range all {
		if !slices.Contains(others, code) && !slices.Contains(left, code) {
			left = append(left, code)
		}
	}
	return left
}

// difference is a line of reprocess --json.
type difference struct {
	Claim        claim.ID        `json:"claim"`
	Row          int             `json:"row"`
	Revision     *int            `json:"revision"`
	OldDecision  *claim.Decision `json:"old_decision"`
	NewDecision  claim.Decision  `json:"new_decision"`
	CodesGone    []string        `json:"codes_gone"`
	CodesCome    []string        `json:"codes_come"`
	OldAmountDue *claim.Cents    `json:"old_amount_due"`
	NewAmountDue *claim.Cents    `json:"new_amount_due"`
	Kept         bool            `json:"kept"`
}

func differenceOf(c settle.Change, revision int) difference {
	d := difference{
		Claim: c.After.Claim, Row: c.After.Row, NewDecision: c.After.Decision, Kept: c.Kept,
		OldAmountDue: c.Before.Amounts.AmountDue, NewAmountDue: c.After.Amounts.AmountDue,
	}
	d.CodesGone, d.CodesCome = codeChanges(c)
	if c.Before.Claim != "" {
		d.OldDecision = &c.Before.Decision
	}
	if !c.Kept {
		d.Revision = &revision
	}
	return d
}
