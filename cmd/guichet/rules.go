package main

import (
	"encoding/json"
	"fmt"
	"runtime/debug"

	"guichet/config"
)

type rulesCommand struct {
	JSON     bool `help:"Print JSON: a list of objects with code, outcome, kinds, section, when, message, remedy and variants." xor:"form"`
	Markdown bool `help:"Print the table of config/RULES.md." xor:"form"`
}

func (rulesCommand) Help() string {
	return `The rules, with the texts of the programme that the settings name, and the
deadlines of that programme's versions.

Examples:
  guichet rules                   a line per rule
  guichet rules --markdown        with the French texts
  guichet rules --json | jq '.[] | select(.code == "MEN-04")'`
}

// Run prints the catalogue.
func (c rulesCommand) Run(t *terminal) error {
	settings, err := t.settings()
	if err != nil {
		return err
	}
	programme, err := config.LoadProgramme(settings.Programme)
	if err != nil {
		return usageError{err}
	}
	switch {
	case c.JSON:
		encoder := json.NewEncoder(t.out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(programme.Catalogue().Rules)
	case c.Markdown:
		return programme.WriteMarkdown(t.out)
	default:
		return programme.WriteTable(t.out)
	}
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(t *terminal) error {
	_, err := fmt.Fprintln(t.out, software())
	return err
}

// software names this program in what it publishes.
func software() string {
	if version != "" {
		return "guichet " + version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return "guichet " + info.Main.Version
	}
	return "guichet unknown"
}
