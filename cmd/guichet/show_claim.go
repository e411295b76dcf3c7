package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/publish"
)

// claimLife is what became of a claim.
type claimLife struct {
	ledger.Standing
	decisions    []ledger.Decided  // the first one first
	later        []ledger.Standing // of an accepted advance: what was filed for its dossier
	recovery     []claim.Recovery  // of an accepted advance: its dossier's, the first event first
	supersededBy claim.ID
	ruling       *claim.Ruling // that the next run publishes
}

func lifeOf(ctx context.Context, book *ledger.Ledger, s ledger.Standing) (*claimLife, error) {
	life := &claimLife{Standing: s}
	var err error
	if life.decisions, err = book.History(ctx, s.Claim); err != nil {
		return nil, err
	}
	rulings, err := book.Rulings(ctx)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(rulings, func(r ledger.Ruled) bool { return r.Claim == s.Claim }); i >= 0 {
		life.ruling = &rulings[i].Ruling
	}
	if s.Superseded {
		if life.supersededBy, err = successor(ctx, book, s); err != nil {
			return nil, err
		}
	}
	if s.Kind == claim.Advance && s.Dossier != "" {
		if life.later, err = book.Later(ctx, s.Supplier, s.Dossier); err != nil {
			return nil, err
		}
		life.recovery, err = book.RecoveryOf(ctx, s.Dossier)
	}
	return life, err
}

// successor gives the claim of the same supplier that took the place of one.
func successor(ctx context.Context, book *ledger.Ledger, s ledger.Standing) (claim.ID, error) {
	batches, err := book.Batches(ctx)
	if err != nil {
		return "", err
	}
	for _, b := range batches {
		if b.Supplier != s.Supplier {
			continue
		}
		standings, err := book.Standings(ctx, b.Supplier, b.Batch)
		if err != nil {
			return "", err
		}
		for _, other := range standings {
			if other.Replaces == s.Claim {
				return other.Claim, nil
			}
		}
	}
	return "", nil
}

func (l *claimLife) print(out *strings.Builder) {
	state := ""
	if l.Superseded {
		state = ", superseded by a later claim of the same supplier"
	}
	fmt.Fprintf(out, "Claim %s: %s%s\n\n", l.Claim, worded(l.Decision), state)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, line := range [][2]string{
		{"batch", fmt.Sprintf("%s/%s r%d, row %d", l.Supplier, l.Batch, l.Revision, l.Row)},
		{"received", minute(l.ReceivedAt)},
		{"decided", minute(l.DecidedAt)},
		{"replaces", string(l.Replaces)},
		{"superseded by", string(l.supersededBy)},
		{"next run", l.rulingInHand()},
		{"pharmacy", pharmacy(l.Result)},
		{"order", printable(l.OrderRef)},
		{"tranche", l.Tranche},
		{"VAT regime", l.VATRegime},
		{"excl. VAT", french(l.Amounts.ExclTax)},
		{"payable", french(l.Amounts.PayableTotal)},
		{"paid before", french(l.Amounts.PaidBefore)},
		{"due", french(l.Amounts.AmountDue)},
		{"dossier", l.Dossier},
		{"completed", l.completion()},
	} {
		if line[1] != "" {
			fmt.Fprintf(table, "  %s\t%s\n", line[0], line[1])
		}
	}
	for _, d := range l.Documents {
		signature := strings.TrimSpace(fmt.Sprintf("%s signature %s %s %s", d.Signature.Kind, d.Signature.Integrity, d.Signature.Coverage, printable(d.Signature.Signer)))
		fmt.Fprintf(table, "  %s\t%q, %s, text from %s, %s\n", d.Role, d.File, plural(d.Pages, "page", "pages"), d.TextSource, signature)
	}
	_ = table.Flush() // a strings.Builder takes all
	l.printHistory(out)
	l.printLater(out)
	l.printRecovery(out)
	printFindings(out, l.Findings)
	if len(l.Evidence) > 0 {
		out.WriteString("\nEvidence\n")
		table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, e := range l.Evidence {
			fmt.Fprintf(table, "  %s\tpage %d of %q\t%q\n", e.Rule, e.Page, e.Document, e.Text)
		}
		_ = table.Flush() // a strings.Builder takes all
	}
}

// rulingInHand tells what an operator decided and the next run publishes.
func (l *claimLife) rulingInHand() string {
	if l.ruling == nil {
		return ""
	}
	return printable(fmt.Sprintf("%s, decided by %s on %s: %s", l.ruling.Verdict, l.ruling.By, minute(l.ruling.At), l.ruling.Reason))
}

func (l *claimLife) printHistory(out *strings.Builder) {
	out.WriteString("\nHistory\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, d := range l.decisions {
		var notes []string
		if d.By != "" {
			notes = append(notes, "by "+d.By)
		}
		if d.Reason != "" {
			notes = append(notes, d.Reason)
		}
		if d.Withdrawal != nil {
			notes = append(notes, fmt.Sprintf("takes back the acceptance of r%d", d.Withdrawal.Revision))
		}
		fmt.Fprintf(table, "  r%d\t%s\t%s\t%s\t%s\n", d.Revision, minute(d.At), worded(d.Decision),
			dash(strings.Join(codes(d.Findings), " ")), printable(strings.Join(notes, ": ")))
	}
	_ = table.Flush() // a strings.Builder takes all
}

// completion tells what a balance or a completion declares.
func (l *claimLife) completion() string {
	declared := l.CompletedOn.French()
	if l.Nature != "" {
		declared = strings.TrimSpace(l.Nature + " " + declared)
	}
	return declared
}

// printLater tells what was filed for the dossier of an accepted advance.
func (l *claimLife) printLater(out *strings.Builder) {
	if len(l.later) == 0 {
		return
	}
	out.WriteString("\nFiled for the dossier\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, s := range l.later {
		decision := worded(s.Decision)
		if s.Superseded {
			decision += ", superseded"
		}
		fmt.Fprintf(table, "  %s\t%s\treceived %s\t%s\t%s\t%s\n", s.Claim, s.Kind, minute(s.ReceivedAt), decision,
			dash(french(s.Amounts.AmountDue)), dash(strings.Join(codes(s.Findings), " ")))
	}
	_ = table.Flush() // a strings.Builder takes all
}

// printRecovery tells the recovery of what was paid on a dossier.
func (l *claimLife) printRecovery(out *strings.Builder) {
	if len(l.recovery) == 0 {
		return
	}
	out.WriteString("\nRecovery\n")
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range l.recovery {
		why := cmp.Or(strings.Join(r.Codes(), " "), string(r.Referral))
		var notes []string
		if r.Status == claim.Notified {
			notes = append(notes, "observations until "+r.Until.String())
		}
		if r.By != "" {
			notes = append(notes, "by "+r.By+": "+r.Reason)
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\n", minute(r.At), r.Status, dash(why), r.Amount.French(), printable(strings.Join(notes, "; ")))
	}
	_ = table.Flush() // a strings.Builder takes all
}

func printFindings(out *strings.Builder, findings []claim.Finding) {
	if len(findings) == 0 {
		return
	}
	out.WriteString("\nFindings\n")
	for _, f := range findings {
		fmt.Fprintf(out, "  %s %s\n", f.Code, findingLine(f))
	}
}

// findingLine tells a finding to operators, but for its code.
func findingLine(f claim.Finding) string {
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
	return fmt.Sprintf("%s (%s)%s: %s", f.Outcome, f.Section, where, printable(message))
}

// decidedJSON is an entry of a claim's history.
type decidedJSON struct {
	Revision int            `json:"revision"`
	Decision claim.Decision `json:"decision"`
	At       string         `json:"at"`
	By       *string        `json:"by"`
	Reason   *string        `json:"reason"`
}

// laterJSON is a balance or a completion of a dossier.
type laterJSON struct {
	Claim      claim.ID       `json:"claim"`
	Kind       claim.Kind     `json:"kind"`
	Decision   claim.Decision `json:"decision"`
	ReceivedAt string         `json:"received_at"`
	Superseded bool           `json:"superseded"`
	AmountDue  *claim.Cents   `json:"amount_due"`
}

// recoveredJSON is an event of a dossier's recovery.
type recoveredJSON struct {
	Status claim.RecoveryStatus `json:"status"`
	Codes  []string             `json:"codes"`
	Amount claim.Cents          `json:"amount"`
	At     string               `json:"at"`
	Until  *string              `json:"until"`
	By     *string              `json:"by"`
	Reason *string              `json:"reason"`
}

// rulingJSON is what an operator decided and the next run publishes.
type rulingJSON struct {
	Verdict claim.Verdict `json:"verdict"`
	By      string        `json:"by"`
	At      string        `json:"at"`
	Reason  string        `json:"reason"`
}

// lifeJSON prints a claim's JSON line with its history, and how it comes out
// today where that was asked for.
func (t *terminal) lifeJSON(l *claimLife, explanation *pipeline.Explanation) error {
	line, err := publish.Line(l.Result)
	if err != nil {
		return err
	}
	more := struct {
		Later        []laterJSON     `json:"later"`
		Recovery     []recoveredJSON `json:"recovery"`
		History      []decidedJSON   `json:"history"`
		SupersededBy *string         `json:"superseded_by"`
		Ruling       *rulingJSON     `json:"ruling"`
		*explanationJSON
	}{Later: []laterJSON{}, Recovery: []recoveredJSON{}, History: []decidedJSON{}, SupersededBy: orNull(string(l.supersededBy))}
	for _, d := range l.decisions {
		more.History = append(more.History, decidedJSON{d.Revision, d.Decision, publish.Instant(d.At), orNull(d.By), orNull(d.Reason)})
	}
	for _, s := range l.later {
		more.Later = append(more.Later, laterJSON{s.Claim, s.Kind, s.Decision, publish.Instant(s.ReceivedAt), s.Superseded, s.Amounts.AmountDue})
	}
	for _, r := range l.recovery {
		more.Recovery = append(more.Recovery, recoveredJSON{
			r.Status, r.Codes(), r.Amount, publish.Instant(r.At), orNull(r.Until.String()), orNull(r.By), orNull(r.Reason),
		})
	}
	if r := l.ruling; r != nil {
		more.Ruling = &rulingJSON{r.Verdict, r.By, publish.Instant(r.At), r.Reason}
	}
	if explanation != nil {
		if more.explanationJSON, err = explanationObject(explanation); err != nil {
			return err
		}
	}
	var added strings.Builder
	encoder := json.NewEncoder(&added)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(more); err != nil {
		return err
	}
	// One object: the line's, and these keys after its own.
	_, err = fmt.Fprintf(t.out, "%s,%s", line[:len(line)-1], added.String()[1:])
	return err
}
