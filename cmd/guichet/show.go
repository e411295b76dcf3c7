package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/publish"
)

type batchesCommand struct {
	JSON bool `help:"Print a JSON object a batch: supplier, batch, revision, kind, status, received_at, counts, amount_due_total."`
}

func (batchesCommand) Help() string {
	return `Lists the last revision of every batch, by supplier and name.

Examples:
  guichet batches
  guichet batches --json | jq -r 'select(.status == "refused") | .batch'`
}

// Run lists the batches.
func (c batchesCommand) Run(t *terminal) (err error) {
	book, err := t.ledger()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	batches, err := book.Batches(t.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		for _, b := range batches {
			if err := t.json(batchObject(b)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(batches) == 0 {
		_, err := fmt.Fprintln(t.out, "No batch has been processed yet: guichet run")
		return err
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "BATCH\tREV\tRECEIVED\tSTATUS\tACCEPTED\tTO COMPLETE\tREJECTED\tREVIEW\tDUE")
	for _, b := range batches {
		fmt.Fprintf(table, "%s/%s\tr%d\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", b.Supplier, b.Batch, b.Number,
			minute(b.ReceivedAt), b.Status, b.Counts.Accepted, b.Counts.ToComplete, b.Counts.Rejected, b.Counts.UnderReview, b.AmountDue.French())
	}
	return table.Flush()
}

// batchJSON is a line of batches --json.
type batchJSON struct {
	Supplier   claim.SIRET       `json:"supplier"`
	Batch      string            `json:"batch"`
	Revision   int               `json:"revision"`
	Kind       *claim.Kind       `json:"kind"`
	Status     claim.BatchStatus `json:"status"`
	ReceivedAt *string           `json:"received_at"`
	Counts     claim.Counts      `json:"counts"`
	AmountDue  claim.Cents       `json:"amount_due_total"`
}

func batchObject(p ledger.Published) batchJSON {
	object := batchJSON{
		Supplier: p.Supplier, Batch: p.Batch, Revision: p.Number, Status: p.Status,
		Counts: p.Counts, AmountDue: p.AmountDue,
	}
	if p.Kind != "" {
		object.Kind = &p.Kind
	}
	if !p.ReceivedAt.IsZero() {
		received := publish.Instant(p.ReceivedAt)
		object.ReceivedAt = &received
	}
	return object
}

type showCommand struct {
	What string `arg:"" help:"A batch (SIRET/NAME), a claim (A-…) or a dossier (LGO1-…)." placeholder:"SIRET/NAME|CLAIM|DOSSIER"`
	JSON bool   `help:"Print JSON: a batch as in batches --json with its claims; a claim as in the JSON lines of the results, with history."`
}

func (showCommand) Help() string {
	return `Shows what became of a batch, a claim or a dossier, and why. This is the
operators' view: it tells what suppliers must not see.

Examples:
  guichet show 73282932000074/lot-2023-03
  guichet show A-1cd0d014c5889a01f05d
  guichet show LGO1-00000001-96 --json`
}

// errUnknown is for something that the ledger does not hold.
var errUnknown = errors.New("the ledger does not know it; guichet batches lists what was processed")

// Run shows it.
func (c showCommand) Run(t *terminal) (err error) {
	book, err := t.ledger()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	if strings.Contains(c.What, "/") {
		return c.batch(t, book)
	}
	var standing ledger.Standing
	var found bool
	if number := claim.DossierNumber(c.What); number.WellFormed() {
		standing, found, err = book.Dossier(t.ctx, number)
	} else {
		standing, found, err = book.Claim(t.ctx, claim.ID(c.What))
	}
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("%q: %w", c.What, errUnknown)
	}
	if c.JSON {
		return t.standingJSON(standing)
	}
	return t.printStanding(standing)
}

func (c showCommand) batch(t *terminal, book *ledger.Ledger) error {
	ref, err := intake.ParseRef(c.What)
	if err != nil {
		return usageError{err}
	}
	batch, found, err := book.LatestRevision(t.ctx, ref.Supplier, ref.Name)
	if err != nil {
		return err
	}
	if !found {
		return fmt.Errorf("batch %s: %w", ref, errUnknown)
	}
	results, err := book.Results(t.ctx, ref.Supplier, ref.Name, batch.Number)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := t.json(batchObject(batch)); err != nil {
			return err
		}
		for _, result := range results {
			line, err := publish.Line(result)
			if err != nil {
				return err
			}
			if _, err := fmt.Fprintf(t.out, "%s\n", line); err != nil {
				return err
			}
		}
		return nil
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Batch %s, revision %d, %s, received %s\n", ref, batch.Number, batch.Status, minute(batch.ReceivedAt))
	state := "settled, not published yet: the next run does"
	if batch.Receipt != "" {
		state = fmt.Sprintf("results in outbox/%s/r%d/", ref, batch.Number)
	}
	fmt.Fprintf(&out, "%s; %d accepted, %d to complete, %d rejected, %d under review; %s due; %s\n", plural(batch.Counts.Rows(), "claim", "claims"),
		batch.Counts.Accepted, batch.Counts.ToComplete, batch.Counts.Rejected, batch.Counts.UnderReview, batch.AmountDue.French(), state)
	printFindings(&out, batch.Findings)
	if len(results) > 0 {
		out.WriteString("\n")
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "ROW\tCLAIM\tFINESS\tDECISION\tDUE\tCODES")
		for _, r := range results {
			fmt.Fprintf(table, "%d\t%s\t%s\t%s\t%s\t%s\n", r.Row, r.Claim, r.FINESS, r.Decision, due(r), strings.Join(codes(r.Findings), " "))
		}
		_ = table.Flush() // a strings.Builder takes all
	}
	_, err = fmt.Fprint(t.out, out.String())
	return err
}

// standingJSON prints a claim's JSON line with its history.
func (t *terminal) standingJSON(s ledger.Standing) error {
	line, err := publish.Line(s.Result)
	if err != nil {
		return err
	}
	type decided struct {
		Revision int            `json:"revision"`
		Decision claim.Decision `json:"decision"`
		At       string         `json:"at"`
		By       *string        `json:"by"`
		Reason   *string        `json:"reason"`
	}
	history, err := json.Marshal([]decided{{Revision: s.Revision, Decision: s.Decision, At: publish.Instant(s.DecidedAt)}})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s,\"history\":%s}\n", line[:len(line)-1], history)
	return err
}

func (t *terminal) printStanding(s ledger.Standing) error {
	var out strings.Builder
	state := ""
	if s.Superseded {
		state = ", superseded by a later claim of the same supplier"
	}
	fmt.Fprintf(&out, "Claim %s: %s%s\n\n", s.Claim, strings.ReplaceAll(string(s.Decision), "_", " "), state)
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"batch", fmt.Sprintf("%s/%s r%d, row %d", s.Supplier, s.Batch, s.Revision, s.Row)},
		{"received", minute(s.ReceivedAt)},
		{"decided", minute(s.DecidedAt)},
		{"replaces", string(s.Replaces)},
		{"pharmacy", strings.TrimSpace(string(s.FINESS) + " " + s.CompanyName)},
		{"order", s.OrderRef},
		{"tranche", s.Tranche},
		{"VAT regime", s.VATRegime},
		{"excl. VAT", french(s.Amounts.ExclTax)},
		{"payable", french(s.Amounts.PayableTotal)},
		{"due", french(s.Amounts.AmountDue)},
		{"dossier", s.Dossier},
	} {
		if line[1] != "" {
			fmt.Fprintf(table, "  %s\t%s\n", line[0], line[1])
		}
	}
	for _, d := range s.Documents {
		signature := strings.TrimSpace(fmt.Sprintf("%s signature %s %s %s", d.Signature.Kind, d.Signature.Integrity, d.Signature.Coverage, d.Signature.Signer))
		fmt.Fprintf(table, "  %s\t%q, %s, text from %s, %s\n", d.Role, d.File, plural(d.Pages, "page", "pages"), d.TextSource, signature)
	}
	_ = table.Flush() // a strings.Builder takes all
	printFindings(&out, s.Findings)
	if len(s.Evidence) > 0 {
		out.WriteString("\nEvidence\n")
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		for _, e := range s.Evidence {
			fmt.Fprintf(table, "  %s\tpage %d of %q\t%q\n", e.Rule, e.Page, e.Document, e.Text)
		}
		_ = table.Flush() // a strings.Builder takes all
	}
	_, err := fmt.Fprint(t.out, out.String())
	return err
}

func printFindings(out *strings.Builder, findings []claim.Finding) {
	if len(findings) == 0 {
		return
	}
	out.WriteString("\nFindings\n")
	for _, f := range findings {
		where := ""
		if f.Cell != "" {
			where = " " + f.Cell
		}
		if f.Page > 0 {
			where += fmt.Sprintf(" page %d", f.Page)
		}
		message := f.Message
		if f.Operators != "" {
			message = f.Operators
		}
		fmt.Fprintf(out, "  %s %s (%s)%s: %s\n", f.Code, f.Outcome, f.Section, where, printable(message))
	}
}

// printable keeps a supplier's text from steering the terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '\ufffd'
		}
		return r
	}, s)
}

func codes(findings []claim.Finding) []string {
	var all []string
	for _, f := range findings {
		all = append(all, f.Code)
	}
	return all
}

func due(r claim.Result) string { return french(r.Amounts.AmountDue) }

func french(c *claim.Cents) string {
	if c == nil {
		return ""
	}
	return c.French()
}

func minute(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.In(claim.Paris).Format("2006-01-02 15:04:05")
}

// ledger opens the ledger to look things up; one that no run made is an error.
func (t *terminal) ledger() (*ledger.Ledger, error) {
	settings, err := t.settings()
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(strings.TrimPrefix(settings.Ledger.URL, "sqlite://")); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no ledger at %s yet: guichet run makes it", settings.Ledger.URL)
	}
	return ledger.Open(context.WithoutCancel(t.ctx), settings.Ledger.URL)
}

func (t *terminal) json(v any) error {
	encoder := json.NewEncoder(t.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
