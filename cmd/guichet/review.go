package main

import (
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
	"unicode/utf8"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/publish"
)

type reviewCommand struct {
	List     reviewListCommand     `cmd:"" help:"List the claims under review, oldest first."`
	Accept   reviewAcceptCommand   `cmd:"" help:"Accept a claim under review (REV-01)."`
	Reject   reviewRejectCommand   `cmd:"" help:"Reject a claim under review (REV-02)."`
	Complete reviewCompleteCommand `cmd:"" help:"Have the supplier complete a claim under review (REV-03)."`
}

func (reviewCommand) Help() string {
	return `Some claims are neither accepted nor rejected by the rules alone: a person must
look. Their decision is published by the next run. Until then a later decision
takes the place of the one before.

Examples:
  guichet review list
  guichet show A-1cd0d014c5889a01f05d --explain
  guichet review accept A-1cd0d014c5889a01f05d --by 'C. Petit' --reason 'Signature reconnue.'`
}

type reviewListCommand struct {
	JSON bool `help:"Print the claims as in the JSON lines of the results, whole: what suppliers must not see is in them."`
}

func (reviewListCommand) Help() string {
	return `Lists the claims under review by reception, with the codes of their findings,
and what operators decided that the next run publishes. This is the operators'
view: it tells what suppliers must not see.

Examples:
  guichet review list
  guichet review list --json | jq -r 'select(.findings[].code == "SIG-04") | .claim'`
}

// Run lists the claims under review.
func (c reviewListCommand) Run(t *terminal) (err error) {
	book, err := t.ledger()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	pending, err := book.UnderReview(t.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		for _, s := range pending {
			if err := t.line(s.Result); err != nil {
				return err
			}
		}
		return nil
	}
	if len(pending) == 0 {
		_, err := fmt.Fprintln(t.out, "No claim is under review.")
		return err
	}
	rulings, err := rulings(t, book)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "CLAIM\tBATCH\tROW\tPHARMACY\tEXCL. VAT\tCODES\tRECEIVED\tUNDER REVIEW SINCE\tDECIDED, FOR THE NEXT RUN")
	for _, s := range pending {
		decided := ""
		if ruling, ok := rulings[s.Claim]; ok {
			decided = fmt.Sprintf("%s, %s, %s", ruling.Verdict, printable(ruling.By), minute(ruling.At))
		}
		fmt.Fprintf(table, "%s\t%s/%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Claim, s.Supplier, s.Batch, s.Row, pharmacy(s.Result),
			french(s.Amounts.ExclTax), strings.Join(codes(s.Findings), " "), minute(s.ReceivedAt), minute(s.DecidedAt), decided)
	}
	return table.Flush()
}

// pharmacy names a claim's pharmacy for operators.
func pharmacy(r claim.Result) string {
	return printable(strings.TrimSpace(string(r.FINESS) + " " + r.CompanyName))
}

// rulings gives what operators decided and no run has published, by claim.
func rulings(t *terminal, book *ledger.Ledger) (map[claim.ID]claim.Ruling, error) {
	ruled, err := book.Rulings(t.ctx)
	if err != nil {
		return nil, err
	}
	of := make(map[claim.ID]claim.Ruling, len(ruled))
	for _, r := range ruled {
		of[r.Claim] = r.Ruling
	}
	return of, nil
}

// line prints a claim as in the JSON lines of the results.
func (t *terminal) line(r claim.Result) error {
	line, err := publish.Line(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s\n", line)
	return err
}

// verdict is what the commands that decide a claim have in common.
type verdict struct {
	Claim  claim.ID `arg:"" help:"The claim (A-…), as guichet review list names it." placeholder:"CLAIM"`
	By     string   `help:"Who decides; told in the ledger, not to the supplier." required:"" placeholder:"NAME"`
	Reason string   `help:"Why, in French, 1 to 240 characters on one line: the supplier reads it." required:"" placeholder:"TEXT"`
	Now    string   `help:"Stands in for the clock of the decision, for rehearsal: RFC 3339, or \"yyyy-mm-dd hh:mm\" in Paris." placeholder:"T"`
}

type (
	reviewAcceptCommand   struct{ verdict }
	reviewRejectCommand   struct{ verdict }
	reviewCompleteCommand struct{ verdict }
)

func (reviewAcceptCommand) Help() string {
	return `Records that a person accepts the claim: the next run gives it its dossier number
and its amount, publishes it in accepted.csv of a new revision of its batch, and
evaluates again the claims that waited behind it (BEN-04). The finding REV-01
takes the place of all that needed a person; its message is the reason, which
the supplier reads. Refused (exit 1) when a finding stops the claim, when its
amount cannot be computed, or when the pharmacy was funded meanwhile.

Example:
  guichet review accept A-1cd0d014c5889a01f05d --by 'C. Petit' \
    --reason 'Signature manuscrite reconnue après vérification.'`
}

func (reviewRejectCommand) Help() string {
	return `Records that a person rejects the claim: the next run publishes it in
rejected.csv of a new revision of its batch, and evaluates again the claims that
waited behind it (BEN-04). The finding REV-02 takes the place of all that needed
a person; its message is the reason, which the supplier reads.

Example:
  guichet review reject A-1cd0d014c5889a01f05d --by 'C. Petit' \
    --reason 'La pharmacie déclare ne pas avoir signé ce bon de commande.'`
}

func (reviewCompleteCommand) Help() string {
	return `Records that the supplier must correct the claim and file it again: the next run
publishes it in rejected.csv of a new revision of its batch, as to complete, and
evaluates again the claims that waited behind it (BEN-04). The finding REV-03
takes the place of all that needed a person; its message is the reason, which
the supplier reads.

Example:
  guichet review complete A-1cd0d014c5889a01f05d --by 'C. Petit' \
    --reason 'Le bon de commande numérisé est illisible : merci de le redéposer.'`
}

// Run records the decision.
func (c reviewAcceptCommand) Run(t *terminal) error { return c.rule(t, claim.VerdictAccept) }

// Run records the decision.
func (c reviewRejectCommand) Run(t *terminal) error { return c.rule(t, claim.VerdictReject) }

// Run records the decision.
func (c reviewCompleteCommand) Run(t *terminal) error { return c.rule(t, claim.VerdictComplete) }

func (v verdict) rule(t *terminal, verdict claim.Verdict) (err error) {
	at, err := parseNow(v.Now)
	if err != nil {
		return usageError{err}
	}
	if at.IsZero() {
		at = time.Now()
	}
	if err := errors.Join(oneLine("--by", v.By, maxName), oneLine("--reason", v.Reason, maxReason)); err != nil {
		return usageError{err}
	}
	book, err := t.ledger()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	before, err := rulings(t, book)
	if err != nil {
		return err
	}
	if err := book.Review(t.ctx, claim.Ruling{Claim: v.Claim, Verdict: verdict, Reason: v.Reason, By: v.By, At: at}); err != nil {
		return advised(err, v.Claim)
	}
	standing, _, err := book.Claim(t.ctx, v.Claim)
	if err != nil {
		return err
	}
	var out strings.Builder
	fmt.Fprintf(&out, "Claim %s: %s. The next run (guichet run) publishes it in a new revision of %s/%s\nand evaluates again the claims that waited behind it.\n",
		v.Claim, verdict, standing.Supplier, standing.Batch)
	if earlier, ok := before[v.Claim]; ok {
		fmt.Fprintf(&out, "It takes the place of what was decided before: %s, %s, %s.\n", earlier.Verdict, printable(earlier.By), minute(earlier.At))
	}
	_, err = fmt.Fprint(t.out, out.String())
	return err
}

// The longest texts of operators, in characters.
const (
	maxName   = 80
	maxReason = 240 // as any message that suppliers read
)

// oneLine tells whether an operator's text is fit to be told.
func oneLine(flag, text string, longest int) error {
	switch length := utf8.RuneCountInString(text); {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%s is empty", flag)
	case !utf8.ValidString(text):
		return fmt.Errorf("%s is not UTF-8", flag)
	case length > longest:
		return fmt.Errorf("%s has %d characters: at most %d", flag, length, longest)
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) && !unicode.Is(unicode.Zs, r) }):
		return fmt.Errorf("%s must be one line of printable text", flag)
	}
	return nil
}

// advised adds to a refused decision what can be done.
func advised(err error, id claim.ID) error {
	for _, known := range []struct {
		class  error
		advice string
	}{
		{ledger.ErrUnknownClaim, "guichet review list names those that can be decided"},
		{ledger.ErrNotUnderReview, "only claims under review are decided (guichet review list); guichet reprocess evaluates others again"},
		{ledger.ErrStopped, fmt.Sprintf("no person can set it aside: guichet review complete %s, or reject", id)},
		{ledger.ErrUncomputable, fmt.Sprintf("have the supplier file it again: guichet review complete %s, or reject", id)},
		{ledger.ErrFunded, fmt.Sprintf("a pharmacy is funded once: guichet review reject %s", id)},
		{ledger.ErrBalanced, fmt.Sprintf("a balance is paid once: guichet review reject %s", id)},
		{ledger.ErrClosed, fmt.Sprintf("nothing more is paid on it: guichet review reject %s", id)},
	} {
		if errors.Is(err, known.class) {
			return fmt.Errorf("%w; %s", err, known.advice)
		}
	}
	return err
}
