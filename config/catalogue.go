package config

import (
	_ "embed"
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

//go:embed rules.yaml
var rulesFile []byte

// Rule is one rule of the catalogue.
type Rule struct {
	Code    string        `yaml:"code" json:"code"`
	Outcome claim.Outcome `yaml:"outcome" json:"outcome"`
	// Kinds are those of the claims of which the rule is asked in their night
	// (spec 3, "Which chapters apply"): none for the rules of a batch as a whole
	// (FIC), of an operator (REV) and of the later controls (REC).
	Kinds []claim.Kind `yaml:"kinds" json:"kinds,omitempty"`
	// Section of the call it comes from, for an advance; SectionLater for
	// balances and completions where it differs.
	Section      string `yaml:"section" json:"section"`
	SectionLater string `yaml:"section_later" json:"section_later,omitempty"`
	When         string `yaml:"when" json:"when"` // what the rule refuses, for the table of rules
	Text         `yaml:",inline"`
	// Variants are further texts of the rule, by the reason that the rule
	// gives: an unknown FINESS is not a FINESS with a wrong key.
	Variants map[string]Text `yaml:"variants" json:"variants,omitempty"`
}

// Of tells whether the rule is asked of claims of a kind.
func (r Rule) Of(kind claim.Kind) bool { return slices.Contains(r.Kinds, kind) }

// SectionFor gives the section of the call that the rule comes from, for a kind
// of claims. The kind may be empty where it is not known.
func (r Rule) SectionFor(kind claim.Kind) string {
	if kind != claim.Advance && kind != "" && r.SectionLater != "" {
		return r.SectionLater
	}
	return r.Section
}

// text gives the text of a variant, or the rule's own where variant is empty. A
// variant without a remedy has the rule's.
func (r Rule) text(variant string) Text {
	if variant == "" {
		return r.Text
	}
	text, ok := r.Variants[variant]
	if !ok {
		panic("rule " + r.Code + " has no variant " + variant)
	}
	if text.Remedy == "" {
		text.Remedy = r.Remedy
	}
	return text
}

// Text is what a supplier reads, in French. {name} stands for a parameter.
type Text struct {
	Message string `yaml:"message" json:"message"`
	Remedy  string `yaml:"remedy" json:"remedy,omitempty"`
}

// Catalogue is the list of all rules, in the order in which findings are told.
type Catalogue struct {
	Rules  []Rule
	byCode map[string]int
}

// Rules is the one catalogue of guichet: what rules there are, their order and
// their outcomes. What suppliers read is in the words of a programme, see
// [Programme.Catalogue] and [Programme.Finding].
var Rules = mustCatalogue(rulesFile)

func mustCatalogue(data []byte) *Catalogue {
	c := &Catalogue{byCode: map[string]int{}}
	if err := decode("rules.yaml", data, &c.Rules); err != nil {
		panic(err) // embedded, and tested
	}
	for i, rule := range c.Rules {
		c.byCode[rule.Code] = i
	}
	return c
}

// Rule gives the rule of a code. An unknown code is a fault of the program
// and panics.
func (c *Catalogue) Rule(code string) Rule {
	return c.Rules[c.Index(code)]
}

// Index gives the place of a code in the order of the rules.
func (c *Catalogue) Index(code string) int {
	i, ok := c.byCode[code]
	if !ok {
		panic("no rule has the code " + code)
	}
	return i
}

// finding makes the finding of a rule for a kind of claim: outcome and
// section from the catalogue, message and remedy of the variant (or the
// rule's own, when variant is empty) with the parameters filled in. An
// unknown variant, or a placeholder without parameter, is a fault of the
// program and panics.
func (c *Catalogue) finding(kind claim.Kind, code, variant string, params map[string]string) claim.Finding {
	rule := c.Rule(code)
	text := rule.text(variant)
	return claim.Finding{
		Code: code, Outcome: rule.Outcome, Section: rule.SectionFor(kind),
		Message: fill(code, text.Message, params), Remedy: fill(code, text.Remedy, params),
		Params: params,
	}
}

// fill replaces each {name} by its parameter. Parameters are not looked at
// again: a supplier's value may hold braces.
func fill(code, template string, params map[string]string) string {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(template, "{")
		out.WriteString(before)
		if !found {
			return out.String()
		}
		name, after, _ := strings.Cut(rest, "}")
		value, ok := params[name]
		if !ok {
			panic("rule " + code + ": its text needs the parameter " + name)
		}
		out.WriteString(value)
		template = after
	}
}
