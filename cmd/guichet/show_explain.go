package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/publish"
	"guichet/validators"
)

// printExplanation tells how a claim comes out today, rule by rule.
func printExplanation(out *strings.Builder, e *pipeline.Explanation) {
	fmt.Fprintf(out, "\nRules, asked again with programme %s %s and today's registers\n", e.Programme.ID, e.Programme.Version)
	for _, r := range e.Rules {
		fmt.Fprintf(out, "  %s  %s (%s): %s\n", r.Code, strings.ReplaceAll(string(r.State), "_", " "), r.Section, r.When)
		for _, because := range r.Because {
			fmt.Fprintf(out, "      because %s\n", printable(because))
		}
		for _, v := range r.Saw {
			fmt.Fprintf(out, "      %s, %s: %s\n", v.Source, printable(v.Name), dash(printable(v.Value)))
		}
		for _, f := range r.Findings {
			fmt.Fprintf(out, "      told: %s\n", findingLine(f))
		}
		for _, found := range evidenceOf(e, r.Code) {
			fmt.Fprintf(out, "      found: page %d of %q: %q\n", found.Page, found.Document, found.Text)
		}
	}
}

// evidenceOf gives the words by which a rule on documents passed.
func evidenceOf(e *pipeline.Explanation, code string) []claim.Evidence {
	return slices.DeleteFunc(slices.Clone(e.Evidence), func(found claim.Evidence) bool { return found.Rule != code })
}

// explanationJSON is what show CLAIM --explain --json adds.
type explanationJSON struct {
	Programme programmeJSON  `json:"programme"`
	Registers []registerJSON `json:"registers"`
	Rules     []ruleJSON     `json:"rules"`
}

type programmeJSON struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

type registerJSON struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
}

type ruleJSON struct {
	Code     string             `json:"code"`
	Section  string             `json:"section"`
	When     string             `json:"when"`
	State    string             `json:"state"`
	Because  []string           `json:"because"`
	Saw      []validators.Value `json:"saw"`
	Findings json.RawMessage    `json:"findings"`
	Evidence json.RawMessage    `json:"evidence"`
}

func explanationObject(e *pipeline.Explanation) (*explanationJSON, error) {
	object := &explanationJSON{Programme: programmeJSON(e.Programme), Registers: []registerJSON{}, Rules: []ruleJSON{}}
	for _, r := range e.Registers {
		object.Registers = append(object.Registers, registerJSON(r))
	}
	for _, r := range e.Rules {
		rule, err := ruleObject(r, evidenceOf(e, r.Code))
		if err != nil {
			return nil, err
		}
		object.Rules = append(object.Rules, rule)
	}
	return object, nil
}

func ruleObject(r validators.Explained, evidence []claim.Evidence) (ruleJSON, error) {
	rule := ruleJSON{Code: r.Code, Section: r.Section, When: r.When, State: string(r.State), Because: r.Because, Saw: r.Saw}
	// Findings and evidence are written as in a claim's line.
	line, err := publish.Line(claim.Result{Findings: r.Findings, Evidence: evidence})
	if err != nil {
		return rule, err
	}
	var told struct{ Findings, Evidence json.RawMessage }
	if err := json.Unmarshal(line, &told); err != nil {
		return rule, err
	}
	rule.Findings, rule.Evidence = told.Findings, told.Evidence
	return rule, nil
}
