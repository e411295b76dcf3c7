package config

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the rules for a terminal, a line per rule, then the
// deadlines of the programme's versions.
func (p *Programme) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(table, "CODE\tOUTCOME\tSECTION\tWHEN"); err != nil {
		return err
	}
	for _, rule := range p.catalogue.Rules {
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", rule.Code, rule.Outcome, rule.sections(), rule.When); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if _, err := fmt.Fprintln(w); err != nil {
		return err
	}
	for _, row := range p.history() {
		if _, err := fmt.Fprintln(table, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return table.Flush()
}

// WriteMarkdown writes the rules with the programme's French texts and the
// deadlines of its versions, as config/RULES.md holds those of AF-PHA-LGO-Va1.
func (p *Programme) WriteMarkdown(w io.Writer) error {
	var out strings.Builder
	fmt.Fprintf(&out, "# The rules\n\nMade by `guichet rules --markdown` from `config/rules.yaml` for %s. {…} stands for a parameter.\n\n", p.Reference)
	out.WriteString("| code | outcome | section | when | message and remedy |\n| --- | --- | --- | --- | --- |\n")
	for _, rule := range p.catalogue.Rules {
		texts := []string{rule.markdown()}
		names := make([]string, 0, len(rule.Variants))
		for name := range rule.Variants {
			names = append(names, name)
		}
		slices.Sort(names)
		for _, name := range names {
			texts = append(texts, fmt.Sprintf("*%s*: %s", name, rule.Variants[name].markdown()))
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s |\n", rule.Code, rule.Outcome, rule.sections(), rule.When, strings.Join(texts, "<br>"))
	}
	fmt.Fprintf(&out, "\n# The versions of %s\n\nTheir deadlines; ? is one that is not known.\n\n", p.Reference)
	for i, row := range p.history() {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(row, " | "))
		if i == 0 {
			out.WriteString(strings.Repeat("| --- ", len(row)) + "|\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// history gives the rows of a table: a version and its deadlines a row.
func (p *Programme) history() [][]string {
	head := []string{"VERSION", "DATE"}
	for _, d := range p.Calendar.List() {
		head = append(head, strings.ToUpper(d.Key))
	}
	rows := [][]string{append(head, "SOURCE")}
	for _, v := range p.Versions() {
		row := []string{v.Version, orUnknown(v.Date)}
		for _, d := range v.Deadlines.List() {
			row = append(row, orUnknown(d.Date))
		}
		rows = append(rows, append(row, v.Source))
	}
	return rows
}

// orUnknown shows that a date is not known.
func orUnknown(date fmt.Stringer) string { return cmp.Or(date.String(), "?") }

func (t Text) markdown() string {
	if t.Remedy == "" {
		return t.Message
	}
	return t.Message + " → " + t.Remedy
}

func (r Rule) sections() string {
	if r.SectionLater == "" {
		return r.Section
	}
	return r.Section + " (" + r.SectionLater + ")"
}
