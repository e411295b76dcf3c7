package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"guichet/config"
	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
	"guichet/pipeline/register"
	"guichet/pipeline/template"
)

type trancheCommand struct {
	File   string `arg:"" help:"The supplier's list of pharmacies, .csv or .xlsx." placeholder:"FILE" type:"path"`
	Output string `help:"Write the answer to this file, .csv or .xlsx, instead of standard output." placeholder:"F" type:"path" xor:"form"`
	JSON   bool   `help:"Print a JSON object a row: see above." xor:"form"`
}

func (trancheCommand) Help() string {
	return `Takes a list of pharmacies (AF §5.3) and returns it with what the registers of
the store say: FINESS trouvé, SIRET (registre), Raison sociale (registre),
Catégorie, Éligible (OUI, NON), Tranche, Plafond HT, Plafond TTC, and Résultat:
how the pharmacy was found, or why not.

Columns of the list, by label, any of which may be missing: FINESS (or FINESS
géographique, N° FINESS …), SIRET (or N° SIRET …), Raison sociale (or Nom …),
Code postal (or CP), Ville (or Commune). Others come back as they are; days of a
workbook come back as the numbers by which spreadsheets count them.

A FINESS géographique with a right key wins; else the SIRET counts, in the FINESS
register and in the outil de calcul; else all words of the name at the place,
legal forms aside. Nothing is guessed: what fits several establishments, or
contradicts itself, is listed in Résultat. CSV has semicolons, and an apostrophe
in front of what a spreadsheet would take for a formula.

--json: row, match (found, ambiguous, not_found), finess, siret, company_name,
category, category_label, eligible, tranche, ceiling_excl_tax, ceiling_incl_tax
(null where not known), candidates (FINESS numbers), result.

Exit code: 0 whatever was found; 1 when the list cannot be read in full.

Examples:
  guichet tranche liste.csv > reponse.csv
  guichet tranche liste.xlsx --output reponse.xlsx
  guichet tranche liste.csv --json | jq -r 'select(.match == "ambiguous") | .result'`
}

// wantedLabels are those of the columns of a list, in the order of the fields
// of [register.Wanted].
var wantedLabels = [][]string{
	{"FINESS", "FINESS géographique", "N° FINESS", "N° FINESS géographique", "Numéro FINESS", "Numéro FINESS géographique", "FINESS ET"},
	{"SIRET", "N° SIRET", "Numéro SIRET"},
	{"Raison sociale", "Nom", "Nom de la pharmacie", "Pharmacie", "Officine"},
	{"Code postal", "CP"},
	{"Ville", "Commune"},
}

// answerHeader are the columns that the answer adds.
var answerHeader = []string{"FINESS trouvé", "SIRET (registre)", "Raison sociale (registre)", "Catégorie", "Éligible", "Tranche", "Plafond HT", "Plafond TTC", "Résultat"}

// Run looks the pharmacies up.
func (c trancheCommand) Run(t *terminal) error {
	write := publish.WriteCSV
	switch ext := strings.ToLower(filepath.Ext(c.Output)); ext {
	case "", ".csv":
		if c.Output != "" && ext == "" {
			return usageError{fmt.Errorf("--output %q ends neither in .csv nor in .xlsx", c.Output)}
		}
	case ".xlsx":
		write = func(w io.Writer, rows iter.Seq[publish.Row]) error {
			return publish.WriteWorkbook(w, "Tranches", rows)
		}
	default:
		return usageError{fmt.Errorf("--output %q ends neither in .csv nor in .xlsx", c.Output)}
	}
	settings, err := t.settings()
	if err != nil {
		return err
	}
	programme, err := config.LoadProgramme(settings.Programme)
	if err != nil {
		return usageError{err}
	}
	list, err := readList(c.File, template.Limits{Bytes: int64(settings.Limits.TemplateBytes), Rows: settings.Limits.TemplateRows})
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	store, err := objectstore.Open(settings.Storage.URL)
	if err != nil {
		return fmt.Errorf("storage.url %s: %w", settings.Storage.URL, err)
	}
	set, _, err := pipeline.Registers(t.ctx, store, programme)
	if err != nil {
		return err
	}
	counts := map[register.Match]int{}
	answers := answered(t.ctx, list, register.NewDirectory(set, programme), counts)
	answer := func(w io.Writer) error {
		return errors.Join(write(w, answerRows(list, answers)), context.Cause(t.ctx))
	}
	switch {
	case c.JSON:
		for row, a := range answers {
			if err := t.json(answerObject(row.Number, a)); err != nil {
				return err
			}
		}
		err = context.Cause(t.ctx)
	case c.Output == "":
		err = answer(t.out)
	default:
		err = writeWhole(c.Output, answer)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(t.err, "%s: %d found, %d ambiguous, %d not found\n", plural(len(list.Rows), "row", "rows"), counts[register.Found], counts[register.Ambiguous], counts[register.NotFound])
	return nil
}

// readList reads a supplier's list under limits. Errors name sheet and cell.
func readList(file string, limits template.Limits) (_ *template.Whole, err error) {
	f, err := os.Open(file) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	data, err := io.ReadAll(io.LimitReader(f, limits.Bytes+1))
	if err != nil {
		return nil, err
	}
	list, err := template.ReadWhole(filepath.Base(file), data, wantedLabels, limits)
	var fault *template.Fault
	if errors.As(err, &fault) && fault.Sheet != "" {
		err = fmt.Errorf("sheet %q: %w", fault.Sheet, err)
	}
	if errors.As(err, &fault) && fault.Cell != "" {
		err = fmt.Errorf("cell %s: %w", fault.Cell, err)
	}
	if err != nil {
		return nil, fmt.Errorf("the list cannot be read in full: %w", err)
	}
	return list, nil
}

// answered looks the rows of a list up, one by one until a signal, and counts
// the ends.
func answered(ctx context.Context, list *template.Whole, directory *register.Directory, counts map[register.Match]int) iter.Seq2[template.WholeRow, register.Answer] {
	return func(yield func(template.WholeRow, register.Answer) bool) {
		for _, row := range list.Rows {
			texts := make([]string, len(wantedLabels))
			for i, column := range list.At {
				texts[i] = row.Text(column)
			}
			a := directory.Find(register.Wanted{FINESS: texts[0], SIRET: texts[1], Name: texts[2], Postcode: texts[3], Town: texts[4]})
			counts[a.Match]++
			if ctx.Err() != nil || !yield(row, a) {
				return
			}
		}
	}
}

// answerRows is the list with the answers beside it.
func answerRows(list *template.Whole, answers iter.Seq2[template.WholeRow, register.Answer]) iter.Seq[publish.Row] {
	return func(yield func(publish.Row) bool) {
		if !yield(append(cells(list.Header), cells(answerHeader)...)) {
			return
		}
		for row, a := range answers {
			if !yield(append(cells(row.Cells(len(list.Header))), answerCells(a)...)) {
				return
			}
		}
	}
}

func cells(texts []string) publish.Row {
	row := make(publish.Row, len(texts))
	for i, text := range texts {
		row[i] = text
	}
	return row
}

func answerCells(a register.Answer) publish.Row {
	row := make(publish.Row, len(answerHeader))
	row[len(row)-1] = a.Text
	if a.Match != register.Found {
		return row
	}
	e := a.Establishment
	copy(row, publish.Row{string(e.FINESS), string(e.SIRET), e.Name, strings.TrimSpace(e.Category + " " + e.CategoryLabel), "NON", a.Tranche})
	if a.Eligible {
		row[4] = "OUI"
	}
	if a.Ceiling != nil {
		row[6], row[7] = a.Ceiling.ExclTax, a.Ceiling.InclTax
	}
	return row
}

// answerJSON is a line of tranche --json.
type answerJSON struct {
	Row            int            `json:"row"`
	Match          register.Match `json:"match"`
	FINESS         *claim.FINESS  `json:"finess"`
	SIRET          *claim.SIRET   `json:"siret"`
	CompanyName    *string        `json:"company_name"`
	Category       *string        `json:"category"`
	CategoryLabel  *string        `json:"category_label"`
	Eligible       *bool          `json:"eligible"`
	Tranche        *string        `json:"tranche"`
	CeilingExclTax *claim.Cents   `json:"ceiling_excl_tax"`
	CeilingInclTax *claim.Cents   `json:"ceiling_incl_tax"`
	Candidates     []claim.FINESS `json:"candidates"`
	Result         string         `json:"result"`
}

func answerObject(row int, a register.Answer) answerJSON {
	object := answerJSON{Row: row, Match: a.Match, Candidates: []claim.FINESS{}, Result: a.Text}
	for _, e := range a.Candidates {
		object.Candidates = append(object.Candidates, e.FINESS)
	}
	if a.Match == register.Found {
		e := a.Establishment
		object.FINESS, object.SIRET, object.CompanyName = given(e.FINESS), given(e.SIRET), given(e.Name)
		object.Category, object.CategoryLabel, object.Eligible, object.Tranche = given(e.Category), given(e.CategoryLabel), &a.Eligible, given(a.Tranche)
	}
	if a.Ceiling != nil {
		object.CeilingExclTax, object.CeilingInclTax = &a.Ceiling.ExclTax, &a.Ceiling.InclTax
	}
	return object
}

// writeWhole writes a file whole or not at all.
func writeWhole(name string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".guichet-*")
	if err != nil {
		return err
	}
	buffered := bufio.NewWriter(file)
	err = errors.Join(write(buffered), buffered.Flush(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}
