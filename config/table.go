package config

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the catalogue for a terminal: a line per rule.
func (c *Catalogue) WriteTable(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := fmt.Fprintln(table, "CODE\tOUTCOME\tSECTION\tWHEN"); err != nil {
		return err
	}
	for _, rule := range c.Rules {
		if _, err := fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", rule.Code, rule.Outcome, rule.sections(), rule.When); err != nil {
			return err
		}
	}
	return table.Flush()
}

// WriteMarkdown writes the catalogue with its French texts, as config/RULES.md
// holds it.
func (c *Catalogue) WriteMarkdown(w io.Writer) error {
	var out strings.Builder
	out.WriteString("# The rules\n\nMade by `guichet rules --markdown` from `config/rules.yaml`. {…} stands for a parameter.\n\n")
	out.WriteString("| code | outcome | section | when | message and remedy |\n| --- | --- | --- | --- | --- |\n")
	for _, rule := range c.Rules {
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
	_, err := io.WriteString(w, out.String())
	return err
}

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
