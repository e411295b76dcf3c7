package validators

import (
	"cmp"
	"slices"

	"guichet/config"
	"guichet/pipeline/claim"
)

// Registers is what the rules ask of the registers.
type Registers interface {
	// Establishment gives the row of a FINESS géographique.
	Establishment(claim.FINESS) (claim.Establishment, bool)
	// OwnedBy gives the establishments of a FINESS of a legal entity.
	OwnedBy(legalEntity claim.FINESS) []claim.Establishment
	// Tranche gives the name of a pharmacy's tranche in the outil de calcul.
	Tranche(claim.FINESS) (string, bool)
	// Enrolments gives all rows of a supplier.
	Enrolments(claim.SIRET) []claim.Enrolment
	// Solution gives the solution of an ANS reference number.
	Solution(ansReference string) (claim.Solution, bool)
	// Deposits gives the electronic archive's rows for a pharmacy.
	Deposits(claim.FINESS) []claim.Deposit
}

// Context is what a claim is judged against.
type Context struct {
	Programme *config.Programme
	Registers Registers
	Limits    Limits
}

// Limits are told to a supplier whose document passes them (DOC-02).
type Limits struct {
	DocumentPages int
	DocumentBytes int64
}

// Assess asks every rule that looks at one claim alone.
func Assess(ctx *Context, c *claim.Claim) claim.Assessment {
	a := &assessment{Context: ctx, claim: c, template: config.TemplateOf(c.Kind)}
	a.row()
	a.supplier()
	a.beneficiary()
	a.order()
	a.amount()
	a.documents()
	a.mentions()
	a.signatures()
	Sort(a.findings)
	return claim.Assessment{Findings: a.findings, Evidence: a.evidence, Documents: summarise(c)}
}

// assessment is one claim being judged.
type assessment struct {
	*Context
	claim    *claim.Claim
	template config.Template
	findings []claim.Finding
	evidence []claim.Evidence
}

// params are the parameters of a message.
type params map[string]string

// tell adds the finding of a rule, with the deadline for filing again among
// its parameters, and gives it back for its place to be set.
func (a *assessment) tell(code, variant string, p params) *claim.Finding {
	a.findings = append(a.findings, newFinding(a.Programme, a.claim.Kind, code, variant, p))
	return &a.findings[len(a.findings)-1]
}

// tellField adds the finding of a rule on a field of the row.
func (a *assessment) tellField(id claim.FieldID, code, variant string, p params) *claim.Finding {
	f := a.tell(code, variant, a.withField(id, p))
	a.place(f, id)
	return f
}

// withField adds a field's label and raw value to the parameters.
func (a *assessment) withField(id claim.FieldID, p params) params {
	merged := params{"column": a.template.Column(id).Label, "value": a.claim.Row.Field(id).Raw}
	for name, value := range p {
		merged[name] = value
	}
	return merged
}

// place sets a finding's field, cell and value.
func (a *assessment) place(f *claim.Finding, id claim.FieldID) {
	field := a.claim.Row.Field(id)
	f.Field, f.Cell, f.Value = a.template.Column(id).Label, field.Cell, field.Raw
}

// told tells whether the claim already has a finding of a code.
func (a *assessment) told(code string) bool {
	return slices.ContainsFunc(a.findings, func(f claim.Finding) bool { return f.Code == code })
}

// newFinding makes a finding from the catalogue, with {deadline} filled in.
func newFinding(programme *config.Programme, kind claim.Kind, code, variant string, p params) claim.Finding {
	all := map[string]string{"deadline": deadlinePhrase(programme, kind)}
	for name, value := range p {
		all[name] = value
	}
	return config.Rules.Finding(kind, code, variant, all)
}

// deadlinePhrase names the deadline for filing a claim of a kind again. Where
// the kind is unknown, that of an advance and that of a balance are named.
func deadlinePhrase(programme *config.Programme, kind claim.Kind) string {
	calendar := programme.Calendar
	switch kind {
	case claim.Advance:
		return "au plus tard le " + calendar.Closing.French()
	case claim.Balance:
		return "au plus tard le " + calendar.FinalClosing.French()
	case claim.Completion:
		return "au plus tard le " + calendar.ServicesEnd.French()
	}
	return "au plus tard le " + calendar.Closing.French() + " (avance) ou le " + calendar.FinalClosing.French() + " (solde)"
}

// Sort puts findings in the order of the rules, then of their cells, then of
// their values (spec 6, "Results").
func Sort(findings []claim.Finding) {
	slices.SortStableFunc(findings, func(a, b claim.Finding) int {
		return cmp.Or(
			cmp.Compare(config.Rules.Index(a.Code), config.Rules.Index(b.Code)),
			compareCells(a.Cell, b.Cell),
			cmp.Compare(a.Value, b.Value),
			cmp.Compare(a.Document, b.Document),
		)
	})
}
