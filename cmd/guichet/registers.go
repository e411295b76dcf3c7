package main

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"guichet/config"
	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/register"
)

type registersCommand struct {
	Check registersCheck `cmd:"" help:"Tell everything that is wrong in the registers, with its place and its cure."`
}

type registersCheck struct {
	JSON bool `help:"Print a JSON object a problem: severity, kind, file, line, column, cell, value, message, cure."`
}

func (registersCheck) Help() string {
	return `Looks at every row of every register in the store's registers/, and changes
nothing. An error stops a run; a warning does not, but a rule has nothing to ask
there, or claims will fail for it. The table shows 20 lines of a kind of problem
in a file; --json all of them: severity (error, warning), kind (such as
siret_key), file, line (null: the file as a whole), column, cell, value (null
where none is meant), message and cure.

A ledger that is there tells how many rows the last run had: a run stops when a
register lost more than 2 %.

Exit code: 0 without an error, warnings or not; 1 otherwise.

Examples:
  guichet registers check
  guichet registers check --json | jq -r 'select(.severity == "error") | .file'`
}

// Run checks the registers.
func (c registersCheck) Run(t *terminal) error {
	settings, err := t.settings()
	if err != nil {
		return err
	}
	programme, err := config.LoadProgramme(settings.Programme)
	if err != nil {
		return usageError{err}
	}
	store, err := objectstore.Open(settings.Storage.URL)
	if err != nil {
		return fmt.Errorf("storage.url %s: %w", settings.Storage.URL, err)
	}
	files, _, err := pipeline.RegisterFiles(t.ctx, store)
	if err != nil {
		return err
	}
	problems, infos := register.Check(files, programme)
	book, unknown := ledger.Examine(t.ctx, settings.Ledger.URL)
	if unknown == nil {
		problems = append(problems, shrunkRegisters(book.Registers, infos, problems)...)
	}
	register.Sort(problems)
	counts := map[register.Severity]int{}
	for _, p := range problems {
		counts[p.Severity]++
	}
	if c.JSON {
		for _, p := range problems {
			if err := t.json(problemObject(p)); err != nil {
				return err
			}
		}
	} else if _, err := fmt.Fprintf(t.out, "%s%s, %s in %s\n", problemTable(problems),
		plural(counts[register.Error], "error", "errors"), plural(counts[register.Warning], "warning", "warnings"), plural(len(infos), "register", "registers")); err != nil {
		return err
	}
	if stop := counts[register.Error]; stop > 0 {
		return errors.Join(fmt.Errorf("a run would stop: %s in the registers", plural(stop, "error", "errors")), unknown)
	}
	return unknown
}

// shrunkRegisters tells of those that lost more rows since the last run than one
// loses without a word. How many rows one has that cannot be read is not known.
func shrunkRegisters(last, now []claim.RegisterInfo, problems []register.Problem) []register.Problem {
	var all []register.Problem
	for _, s := range pipeline.CompareRegisters(last, now) {
		unread := slices.ContainsFunc(problems, func(p register.Problem) bool {
			return p.Severity == register.Error && strings.TrimSuffix(p.File, path.Ext(p.File)) == s.Name
		})
		if unread {
			continue
		}
		all = append(all, register.Problem{
			Severity: register.Error, Kind: "shrunk", File: s.Name,
			Message: fmt.Sprintf("%s, the last run had %d: more than 2 %% are gone", plural(s.Now, "row", "rows"), s.Before),
			Cure:    "get the whole register; if that is right: guichet run --accept-register " + s.Name,
		})
	}
	return all
}

// problemJSON is a line of registers check --json.
type problemJSON struct {
	Severity register.Severity `json:"severity"`
	Kind     string            `json:"kind"`
	File     string            `json:"file"`
	Line     *int              `json:"line"`
	Column   *string           `json:"column"`
	Cell     *string           `json:"cell"`
	Value    *string           `json:"value"`
	Message  string            `json:"message"`
	Cure     string            `json:"cure"`
}

func problemObject(p register.Problem) problemJSON {
	return problemJSON{p.Severity, p.Kind, p.File, given(p.Line), given(p.Column), given(p.Cell), given(p.Value), p.Message, p.Cure}
}

// given is a value, or nil for none.
func given[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}

// problemsShown is how many lines of a kind of problem in a file the table has.
const problemsShown = 20

// problemTable tells sorted problems, file by file.
func problemTable(problems []register.Problem) string {
	var out strings.Builder
	for len(problems) > 0 {
		file := problems[0].File
		n := 1
		for n < len(problems) && problems[n].File == file {
			n++
		}
		fmt.Fprintf(&out, "%s\n", printable(file))
		table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		row(table, "LINE", "CELL", "SEVERITY", "COLUMN", "VALUE", "PROBLEM", "CURE")
		counts := map[string]int{}
		var kinds []string
		for _, p := range problems[:n] {
			if counts[p.Kind]++; counts[p.Kind] == problemsShown+1 {
				kinds = append(kinds, p.Kind)
			}
			if counts[p.Kind] > problemsShown {
				continue
			}
			line := ""
			if p.Line > 0 {
				line = fmt.Sprint(p.Line)
			}
			row(table, line, p.Cell, string(p.Severity), p.Column, fmt.Sprintf("%.40s", p.Value), p.Message, cmp.Or(p.Cure, "see the problem"))
		}
		_ = table.Flush() // a strings.Builder takes all
		for _, kind := range kinds {
			fmt.Fprintf(&out, "  and %d more of %s\n", counts[kind]-problemsShown, kind)
		}
		out.WriteString("\n")
		problems = problems[n:]
	}
	return out.String()
}
