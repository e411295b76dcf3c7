package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

type controlsCommand struct {
	Run     controlsRunCommand     `cmd:"" help:"Look at every funded dossier, give notice, and order what is due."`
	List    controlsListCommand    `cmd:"" help:"List the dossiers that a recovery was opened for."`
	Observe controlsObserveCommand `cmd:"" help:"Record observations on a recovery."`
	Settle  controlsSettleCommand  `cmd:"" help:"End a recovery: nothing is to be repaid."`
}

func (controlsCommand) Help() string {
	return `What was paid on a dossier is recovered when the pharmacy is not connected
(REC-01, REC-02), no balance came by the final closing (REC-03), or the solution's
referencing is withdrawn (REC-04). The supplier is first given notice (notified);
the first run after the last day for observations orders to repay (ordered),
unless an operator settled it before (settled). What the rules cannot decide
waits for a person (pending). An ordered dossier is closed.

Examples:
  guichet controls run
  guichet controls list --status pending
  guichet controls observe LGO1-00000001-96 --by 'C. Petit' --reason 'Raccordement en cours.'
  guichet controls settle LGO1-00000001-96 --by 'C. Petit' --reason 'Raccordée depuis le 3 mars.'`
}

// standIn is what commands have in common that work as a run does.
type standIn struct {
	Now            string        `help:"Stands in for the clock, for rehearsal: RFC 3339, or \"yyyy-mm-dd hh:mm\" in Paris." placeholder:"T"`
	Wait           time.Duration `help:"Wait so long for a run to end, such as 30m." placeholder:"D"`
	AcceptRegister []string      `help:"Go on although this register lost more than 2 % of its rows; its name without extension." placeholder:"NAME"`
}

// work opens what the settings name, has something done that works as a run
// does and reads no document, and tells what came of it.
func (s standIn) work(t *terminal, do func(*pipeline.Night) (*pipeline.Controlled, error), tell func(*pipeline.Controlled) string) error {
	now, err := parseNow(s.Now)
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
	return t.withoutDocuments(settings, pipeline.Night{Now: now, Wait: s.Wait, Accepted: s.AcceptRegister}, func(night *pipeline.Night) error {
		done, err := do(night)
		t.bar.done()
		if err := t.cut(err); err != nil {
			return err
		}
		if errors.Is(err, ledger.ErrLocked) {
			return fmt.Errorf("%w; wait for its end with --wait 30m", err)
		}
		if err != nil {
			return err
		}
		var out strings.Builder
		out.WriteString(tell(done))
		section(&out, "Left alone", done.Left)
		section(&out, "Not processed", done.Failed)
		if _, err := fmt.Fprint(t.out, out.String()); err != nil {
			return err
		}
		if len(done.Failed) > 0 {
			return errUnprocessed
		}
		return nil
	})
}

type controlsRunCommand struct{ standIn }

func (controlsRunCommand) Help() string {
	return `Holds every dossier whose advance was paid against registers/cnop, cnam and
solutions, and the calendar. New grounds are notified, with recovery.notice_days
(guichet.yaml) for observations; grounds or amounts that changed make a new notice,
with its own delay; what still holds after the last day is ordered. The amount is
exactly what was paid, whatever the number of grounds. A dossier declared finished
without a balance, one that cannot be served, and a notice of which no ground
holds any more, are pending. Run again, it changes nothing.

What a supplier is told goes to outbox/<SIRET>/indus/: <day>.csv, <day>.jsonl and
a letter a dossier, <day>-<DOSSIER>.html. The CSV is written last and names the
letters: dossier, status (notified, ordered, settled), codes, amount (in
question, to repay, or not to repay any more), finess, company_name, order_ref,
paid_advance, paid_balance, notified_on, until (last day for observations),
reason (of settled, and of a dossier closed), letter, supplier, programme.

Examples:
  guichet controls run
  guichet controls run --now '2023-12-14 14:01'`
}

// Run looks at the dossiers.
func (c controlsRunCommand) Run(t *terminal) error {
	return c.work(t, func(night *pipeline.Night) (*pipeline.Controlled, error) { return night.Controls(t.ctx) }, func(done *pipeline.Controlled) string {
		counts := map[claim.RecoveryStatus]int{}
		for _, e := range done.Events {
			counts[e.Status]++
		}
		var out strings.Builder
		fmt.Fprintf(&out, "%s looked at: %d notified, %d ordered, %d for a person\n", plural(done.Dossiers, "dossier", "dossiers"),
			counts[claim.Notified], counts[claim.Ordered], counts[claim.Pending])
		if len(done.Events) > 0 {
			out.WriteString("\n")
			table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(table, "  DOSSIER\tSTATUS\tCODES\tAMOUNT\tLAST DAY\tSUPPLIER")
			for _, e := range done.Events {
				fmt.Fprintf(table, "  %s\t%s\t%s\t%s\t%s\t%s\n", e.Dossier, e.Status, dash(grounds(e)), e.Amount.French(), dash(e.Until.String()), e.Supplier)
			}
			_ = table.Flush() // a strings.Builder takes all
		}
		return out.String()
	})
}

// grounds gives the codes of a recovery, or why it is pending.
func grounds(r claim.Recovery) string {
	if codes := strings.Join(r.Codes(), " "); codes != "" {
		return codes
	}
	switch r.Referral {
	case claim.ReferredCompletion:
		return "declared finished, no balance"
	case claim.ReferredInability:
		return "declared impossible"
	case claim.ReferredGone:
		return "no ground holds any more"
	case claim.ReferredWithdrawn:
		return "acceptance taken back"
	}
	return ""
}

type controlsListCommand struct {
	JSON   bool   `help:"Print a JSON object a dossier: dossier, codes[], status, amount, since (day of the status)."`
	Status string `help:"Only those of a status: notified, settled, ordered or pending." enum:"notified,settled,ordered,pending," default:"" placeholder:"S"`
}

func (controlsListCommand) Help() string {
	return `Lists the dossiers that a recovery was ever opened for, by number, with the
status of each and since when. Observations leave the status as it is; they are
told at the end of the line.

Examples:
  guichet controls list --status pending
  guichet controls list --json | jq -r 'select(.status == "ordered") | .dossier'`
}

// recoveryJSON is a line of controls list --json.
type recoveryJSON struct {
	Dossier string               `json:"dossier"`
	Codes   []string             `json:"codes"`
	Status  claim.RecoveryStatus `json:"status"`
	Amount  claim.Cents          `json:"amount"`
	Since   string               `json:"since"`
}

// Run lists the recoveries.
func (c controlsListCommand) Run(t *terminal) error {
	return t.look(func(book *ledger.Ledger) error {
		all, err := book.Recoveries(t.ctx)
		if err != nil {
			return err
		}
		all = slices.DeleteFunc(all, func(events []claim.Recovery) bool {
			standing, opened := claim.Standing(events)
			return !opened || c.Status != "" && string(standing.Status) != c.Status
		})
		if c.JSON {
			for _, events := range all {
				s, _ := claim.Standing(events)
				if err := t.json(recoveryJSON{s.Dossier, s.Codes(), s.Status, s.Amount, s.Day().String()}); err != nil {
					return err
				}
			}
			return nil
		}
		if len(all) == 0 {
			none := "No recovery was ever opened."
			if c.Status != "" {
				none = "No recovery is " + c.Status + "."
			}
			_, err := fmt.Fprintln(t.out, none)
			return err
		}
		table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "DOSSIER\tSTATUS\tCODES\tAMOUNT\tSINCE\tLAST DAY\tSUPPLIER\tPHARMACY\tSAID LAST")
		for _, events := range all {
			s, _ := claim.Standing(events)
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.Dossier, s.Status, dash(grounds(s)), s.Amount.French(), s.Day(), dash(s.Until.String()),
				s.Supplier, printable(strings.TrimSpace(string(s.FINESS)+" "+s.CompanyName)), said(events[len(events)-1]))
		}
		return table.Flush()
	})
}

// said tells who said what with an event.
func said(r claim.Recovery) string {
	if r.By == "" {
		return ""
	}
	return printable(fmt.Sprintf("%s, %s: %s", r.By, r.Day(), r.Reason))
}

// answer is what the commands that answer a recovery have in common.
type answer struct {
	Dossier string `arg:"" help:"The dossier (LGO1-…), as guichet controls list names it." placeholder:"DOSSIER"`
	By      string `help:"Who says so; told in the ledger, not to the supplier." required:"" placeholder:"NAME"`
	Reason  string `help:"What, in French, 1 to 240 characters on one line." required:"" placeholder:"TEXT"`
	Now     string `help:"Stands in for the clock, for rehearsal: RFC 3339, or \"yyyy-mm-dd hh:mm\" in Paris." placeholder:"T"`
}

type (
	controlsObserveCommand struct{ answer }
	controlsSettleCommand  struct{ answer }
)

func (controlsObserveCommand) Help() string {
	return `Records observations, the supplier's or another's, on a recovery that is notified
or pending: they stand in the ledger alone. The delay runs on; what convinces is
settled (guichet controls settle).

Example:
  guichet controls observe LGO1-00000001-96 --by 'C. Petit' \
    --reason 'Le fournisseur annonce le raccordement pour le 3 mars.'`
}

func (controlsSettleCommand) Help() string {
	return `Ends a recovery that is notified or pending, with or without observations before:
nothing is to be repaid. The next run (guichet run, or controls run) tells the
supplier, who reads the reason, when it had notice. The same grounds and amount
are not taken up again; new ones make a new notice.

Example:
  guichet controls settle LGO1-00000001-96 --by 'C. Petit' --reason 'Raccordée depuis le 3 mars.'`
}

// Run records the observations.
func (c controlsObserveCommand) Run(t *terminal) error {
	return c.record(t, claim.Observed, "observations are recorded")
}

// Run settles the recovery.
func (c controlsSettleCommand) Run(t *terminal) error {
	return c.record(t, claim.Settled, "settled, nothing is to be repaid")
}

func (a answer) record(t *terminal, as claim.RecoveryStatus, done string) error {
	at, err := parseNow(a.Now)
	if err != nil {
		return usageError{err}
	}
	if err := errors.Join(oneLine("--by", a.By, maxName), oneLine("--reason", a.Reason, maxReason)); err != nil {
		return usageError{err}
	}
	return t.look(func(book *ledger.Ledger) error {
		event, err := book.Answer(t.ctx, a.Dossier, as, cmp.Or(at, time.Now()), a.By, a.Reason)
		switch {
		case errors.Is(err, ledger.ErrUnknownDossier), errors.Is(err, ledger.ErrNoRecovery):
			return fmt.Errorf("%w; guichet controls list names those under way", err)
		case err != nil:
			return err
		}
		told := "."
		if event.Told() {
			told = ". The next run (guichet run, or controls run) tells the supplier."
		}
		_, err = fmt.Fprintf(t.out, "Dossier %s: %s%s\n", event.Dossier, done, told)
		return err
	})
}
