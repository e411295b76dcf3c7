package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
)

type showCommand struct {
	What    string `arg:"" help:"A batch (SIRET/NAME), a claim (A-…) or a dossier (LGO1-…)." placeholder:"SIRET/NAME|CLAIM|DOSSIER"`
	JSON    bool   `help:"Print JSON: see above."`
	Explain bool   `help:"Ask every rule of a claim again and tell what it saw, where, and what came of it."`
}

func (showCommand) Help() string {
	return `Shows what became of a batch, a claim or a dossier, and why: of a batch all its
revisions and its rows as it stands, of a claim all decisions on it, of a dossier
also what was filed for it since the advance, and its recovery. This is the
operators' view: it tells what suppliers must not see.

--explain opens the claim's inputs in the archive and asks every rule of it
again, with today's registers and programme: what was told, what passed, what
was not evaluated and why, with the values that the rule saw, the register's
row, the programme's value, and the words found on the documents. It changes
nothing and may be asked while a run is under way.

--json of a claim or dossier: the JSON line of the results, whole, with
later[{claim, kind, decision, received_at, superseded, amount_due}] and
recovery[{status, codes[], amount, at, until, by, reason}] of the dossier,
history[{revision, decision, at, by, reason}] (by and reason are null where no
person decided), superseded_by, and ruling{verdict, by, at, reason}, which the
next run publishes; with --explain also programme, registers[{name, sha256,
rows}] and rules[{code, section, when, state, because[], saw[{source, name,
value}], findings, evidence}].
--json of a batch: the object of batches --json with revisions[{revision, cause,
settled_at, received_at, status, counts, amount_due_total, withdrawn, by[],
reason}], then the JSON line of each row as it stands.

Examples:
  guichet show 73282932000074/lot-2023-03
  guichet show A-1cd0d014c5889a01f05d --explain
  guichet show LGO1-00000001-96 --json`
}

// errUnknown is for something that the ledger does not hold.
var errUnknown = errors.New("the ledger does not know it; guichet batches lists what was processed")

// Run shows it.
func (c showCommand) Run(t *terminal) error {
	settings, err := t.settings()
	if err != nil {
		return err
	}
	if err := ledgerThere(settings); err != nil {
		return err
	}
	if strings.Contains(c.What, "/") {
		return c.batch(t)
	}
	if !c.Explain {
		return t.look(func(book *ledger.Ledger) error { return c.claim(t, book, nil) })
	}
	return t.open(settings, pipeline.Night{}, func(night *pipeline.Night) error {
		standing, err := c.standing(t, night.Ledger)
		if err != nil {
			return err
		}
		explanation, err := night.Explain(t.ctx, standing.Claim)
		t.bar.done()
		if err := t.cut(err); err != nil {
			return err
		}
		if errors.Is(err, intake.ErrInputs) {
			return fmt.Errorf("%w; without --explain it is shown as it was decided", err)
		}
		if err != nil {
			return err
		}
		return c.claim(t, night.Ledger, explanation)
	})
}

// standing looks a claim or a dossier up.
func (c showCommand) standing(t *terminal, book *ledger.Ledger) (standing ledger.Standing, err error) {
	var found bool
	if number := claim.DossierNumber(c.What); number.KeyOK() {
		standing, found, err = book.Dossier(t.ctx, number)
	} else {
		standing, found, err = book.Claim(t.ctx, claim.ID(c.What))
	}
	if err == nil && !found {
		err = fmt.Errorf("%q: %w", c.What, errUnknown)
	}
	return standing, err
}

// claim shows a claim, and how it comes out today where that was asked for.
func (c showCommand) claim(t *terminal, book *ledger.Ledger, explanation *pipeline.Explanation) error {
	standing, err := c.standing(t, book)
	if err != nil {
		return err
	}
	life, err := lifeOf(t.ctx, book, standing)
	if err != nil {
		return err
	}
	if c.JSON {
		return t.lifeJSON(life, explanation)
	}
	var out strings.Builder
	if number := claim.DossierNumber(c.What); number.KeyOK() && standing.Dossier != c.What {
		fmt.Fprintf(&out, "Dossier %s is closed: the acceptance of its claim was taken back\n", number)
	}
	life.print(&out)
	if explanation != nil {
		printExplanation(&out, explanation)
	}
	_, err = fmt.Fprint(t.out, out.String())
	return err
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

// worded gives a decision, or another name of ours, in plain words.
func worded[T ~string](d T) string { return strings.ReplaceAll(string(d), "_", " ") }

// look opens the ledger to look things up.
func (t *terminal) look(work func(*ledger.Ledger) error) (err error) {
	book, err := t.ledger()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	return work(book)
}

// ledger opens the ledger to look things up; one that no run made is an error.
func (t *terminal) ledger() (*ledger.Ledger, error) {
	settings, err := t.settings()
	if err != nil {
		return nil, err
	}
	if err := ledgerThere(settings); err != nil {
		return nil, err
	}
	return ledger.Open(context.WithoutCancel(t.ctx), settings.Ledger.URL)
}

// ledgerThere tells whether a run has made the ledger: looking makes none.
func ledgerThere(settings *config.Config) error {
	if _, err := os.Stat(strings.TrimPrefix(settings.Ledger.URL, "sqlite://")); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("no ledger at %s yet: guichet run makes it", settings.Ledger.URL)
	}
	return nil
}

func (t *terminal) json(v any) error {
	encoder := json.NewEncoder(t.out)
	encoder.SetEscapeHTML(false)
	return encoder.Encode(v)
}
