package validators

import (
	"slices"
	"strconv"

	"guichet/config"
	"guichet/pipeline/claim"
)

// State is what became of a rule that was asked of a claim.
type State string

// The states of a rule.
const (
	Told         State = "told"          // it is not met, and its findings say so
	Passed       State = "passed"        // it is met
	NotEvaluated State = "not_evaluated" // it could not be asked, or does not apply
)

// Source is where a rule read a value.
type Source string

// The sources of values.
const (
	FromCell      Source = "cell"      // of the row, by the template's label
	FromDelivery  Source = "delivery"  // what came with the row: folder, batch, reception
	FromRegister  Source = "register"  // by register, row and column
	FromProgramme Source = "programme" // by the key in the programme's file
	FromDocument  Source = "document"  // what was read from the bytes of a PDF
	FromHistory   Source = "history"   // a claim decided before
	FromLimit     Source = "limit"     // by the key of the configuration
)

// Value is something that a rule read, as a French reader expects it: days and
// amounts are written as in the findings' messages. Nothing there is "none".
type Value struct {
	Source Source `json:"source"`
	Name   string `json:"name"` // "FINESS géographique (H12)", "finess.csv 750000010 category", "calendar.closing"
	Value  string `json:"value"`
}

// Explained tells what became of one rule.
type Explained struct {
	Code    string `json:"code"`
	Section string `json:"section"` // of the call, for the claim's kind
	When    string `json:"when"`    // what the rule refuses
	State   State  `json:"state"`
	// Because says why the rule, or part of it, was not asked: the codes that
	// silence it (spec 6, "What silences what"), or why it does not apply.
	Because  []string        `json:"because"`
	Findings []claim.Finding `json:"findings"` // where State is Told
	Saw      []Value         `json:"saw"`      // each once, in the order in which it was first read
}

// Explain evaluates a claim as [Assess], [AssessBatch] (whose findings on the
// claim are passed as shared: the other claims of its batch are not known here)
// and [AssessHistory] do, and tells of every rule of the catalogue that a claim
// of its kind can meet what became of it, in the order of the catalogue. It
// holds what other suppliers filed: it is for operators alone.
//
// The rules of a batch as a whole (FIC), of an operator (REV) and of the later
// controls (REC) are none of a claim's night, and not told of.
func Explain(ctx *Context, c *claim.Claim, shared []claim.Finding, h History) []Explained {
	a := newAssessment(ctx, c)
	a.recorder = &recorder{rules: map[string]*record{}}
	a.alone()
	a.ask("DOC-04", func() bool { return a.sharedDocuments(rowOfFinding(shared)) })
	a.history(h, shared)
	Sort(a.findings)

	var all []Explained
	for _, rule := range config.Rules.Rules {
		if rule.Of(c.Kind) {
			all = append(all, a.explain(rule))
		}
	}
	return all
}

// explain tells what became of a rule.
func (a *assessment) explain(rule config.Rule) Explained {
	r := a.recorder.of(rule.Code)
	e := Explained{
		Code: rule.Code, Section: rule.SectionFor(a.claim.Kind), When: rule.When, State: NotEvaluated,
		Because: append([]string{}, r.because...), Findings: []claim.Finding{}, Saw: append([]Value{}, r.saw...),
	}
	for _, f := range a.findings {
		if f.Code == rule.Code {
			e.Findings = append(e.Findings, f)
		}
	}
	switch {
	case len(e.Findings) > 0:
		e.State = Told
	case r.asked:
		e.State = Passed
	case len(e.Because) == 0:
		e.Because = append(e.Because, unasked)
	}
	return e
}

// unasked is why a rule has no state where no function asks it.
const unasked = "it was not asked of this claim"

// rowOfFinding gives the row that the findings of [AssessBatch] name for a
// document, 0 for none.
func rowOfFinding(shared []claim.Finding) func(*claim.Document, string) int {
	return func(d *claim.Document, _ string) int {
		i := slices.IndexFunc(shared, func(f claim.Finding) bool { return f.Code == "DOC-04" && f.Document == d.Object.Name })
		if i < 0 {
			return 0
		}
		row, _ := strconv.Atoi(shared[i].Params["row"]) // as AssessBatch wrote it
		return row
	}
}
