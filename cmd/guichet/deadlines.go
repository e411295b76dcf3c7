package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"text/tabwriter"
	"time"

	"guichet/config"
	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

type deadlinesCommand struct {
	Within  int    `help:"How many calendar days ahead; 0 is today." default:"30" placeholder:"DAYS"`
	Now     string `help:"Stands in for the clock, for rehearsal: RFC 3339, or \"yyyy-mm-dd hh:mm\" in Paris." placeholder:"T"`
	JSON    bool   `help:"Print a JSON object a duty, and nothing else."`
	Publish bool   `help:"Also put a reminder for each supplier into its outbox."`
}

func (deadlinesCommand) Help() string {
	return `Lists what suppliers must do soon for open dossiers without an accepted balance
(AF §2), by deadline, supplier and dossier:

  firm_date      confirm a firm date of the service: neither balance nor
                 completion is accepted or under review
  services_end   finish the work, file the balance or the completion declaration:
                 no balance is accepted or under review, no completion
                 (ACHEVEMENT) is accepted
  final_closing  file the balance: none is accepted or under review

A dossier is listed for each of them that ends within the window, up to its last
instant; one whose final closing has passed is for the later controls. A dossier
that is declared impossible (INCAPACITE) is left out: an operator decides.

--publish puts outbox/<SIRET>/rappels/<yyyy-mm-dd>.html and then .csv, of the day
of --now in Paris, for each supplier that is listed. Those of the same day are
replaced. The ledger is only read: a run may go on meanwhile.

--json prints for each duty: deadline (firm_date, services_end, final_closing),
until (last instant in time, RFC 3339), days_left (calendar days, 0 is today),
supplier, dossier, finess, company_name, order_ref, action (confirm_date, finish,
file_balance, correct_balance, correct_completion, await: a completion is under
review, too_late: without a completion by services_end a balance is rejected,
DEL-04), balance and completion (decision on what was filed, null: nothing was).

Examples:
  guichet deadlines
  guichet deadlines --within 14 --json | jq -r 'select(.action == "too_late") | .dossier'
  guichet deadlines --now '2023-06-01 08:00' --publish`
}

// Run lists the duties.
func (c deadlinesCommand) Run(t *terminal) error {
	now, err := parseNow(c.Now)
	switch {
	case err != nil:
		return usageError{err}
	case c.Within < 0:
		return usageError{fmt.Errorf("--within %d: the days are 0 or more", c.Within)}
	case now.IsZero():
		now = time.Now()
	}
	settings, err := t.settings()
	if err != nil {
		return err
	}
	programme, err := config.LoadProgramme(settings.Programme)
	if err != nil {
		return usageError{err}
	}
	return t.look(func(book *ledger.Ledger) error {
		deadlines := &pipeline.Deadlines{Programme: programme, Ledger: book, Now: now, Within: c.Within}
		near, err := deadlines.Near(t.ctx)
		if err != nil {
			return err
		}
		var reminded []pipeline.Reminded
		var failed error
		if c.Publish {
			store, err := objectstore.Open(settings.Storage.URL)
			if err != nil {
				return fmt.Errorf("storage.url %s: %w", settings.Storage.URL, err)
			}
			reminded, failed = deadlines.Remind(t.ctx, store, near.Duties)
		}
		return errors.Join(c.print(t, claim.DateOf(now), near, reminded), failed)
	})
}

func (c deadlinesCommand) print(t *terminal, day claim.Date, near *pipeline.Nearing, reminded []pipeline.Reminded) error {
	if c.JSON {
		for _, r := range reminded {
			t.log.Info("reminded", slog.String("key", r.Key), slog.Int("duties", r.Duties))
		}
		for _, d := range near.Duties {
			if err := t.json(dutyOf(d)); err != nil {
				return err
			}
		}
		return nil
	}
	var out strings.Builder
	if len(near.Duties) == 0 {
		fmt.Fprintf(&out, "No deadline of an open dossier nears within %s of %s.\n", plural(c.Within, "day", "days"), day.French())
	} else {
		printDuties(&out, near.Duties)
	}
	if near.Unable > 0 {
		fmt.Fprintf(&out, "\nLeft out: %s declared impossible (INCAPACITE), for an operator\n", plural(near.Unable, "dossier", "dossiers"))
	}
	if len(reminded) > 0 {
		out.WriteString("\nReminders\n")
		for _, r := range reminded {
			fmt.Fprintf(&out, "  %s  %s\n", r.Key, plural(r.Duties, "duty", "duties"))
		}
	}
	_, err := fmt.Fprint(t.out, out.String())
	return err
}

func printDuties(out *strings.Builder, duties []publish.Duty) {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "DEADLINE\tUNTIL\tDAYS\tSUPPLIER\tDOSSIER\tPHARMACY\tORDER\tBALANCE\tCOMPLETION\tTO DO")
	dossiers, suppliers := map[claim.DossierNumber]bool{}, map[claim.SIRET]bool{}
	for _, d := range duties {
		dossiers[d.Dossier], suppliers[d.Supplier] = true, true
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", worded(d.Deadline), d.Until.French(), d.DaysLeft, d.Supplier, d.Dossier,
			printable(string(d.FINESS)+" "+d.CompanyName), printable(d.OrderRef), dash(worded(d.Balance)), dash(worded(d.Completion)), worded(d.Action))
	}
	_ = table.Flush() // a strings.Builder takes all
	fmt.Fprintf(out, "\n%s of %s, %s\n", plural(len(duties), "duty", "duties"), plural(len(dossiers), "dossier", "dossiers"),
		plural(len(suppliers), "supplier", "suppliers"))
}

// dutyJSON is a line of deadlines --json.
type dutyJSON struct {
	Deadline    publish.Deadline    `json:"deadline"`
	Until       string              `json:"until"`
	DaysLeft    int                 `json:"days_left"`
	Supplier    claim.SIRET         `json:"supplier"`
	Dossier     claim.DossierNumber `json:"dossier"`
	FINESS      claim.FINESS        `json:"finess"`
	CompanyName string              `json:"company_name"`
	OrderRef    string              `json:"order_ref"`
	Action      publish.Action      `json:"action"`
	Balance     *claim.Decision     `json:"balance"`
	Completion  *claim.Decision     `json:"completion"`
}

func dutyOf(d publish.Duty) dutyJSON {
	object := dutyJSON{
		Deadline: d.Deadline, Until: publish.Instant(d.Until.At), DaysLeft: d.DaysLeft, Supplier: d.Supplier, Dossier: d.Dossier,
		FINESS: d.FINESS, CompanyName: d.CompanyName, OrderRef: d.OrderRef, Action: d.Action,
	}
	if d.Balance != "" {
		object.Balance = &d.Balance
	}
	if d.Completion != "" {
		object.Completion = &d.Completion
	}
	return object
}
