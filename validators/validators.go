package validators

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

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

// Limits are those of the reading of documents.
type Limits struct {
	// DocumentPages and DocumentBytes are told to a supplier whose document
	// passes them (DOC-02).
	DocumentPages int
	DocumentBytes int64
	// OCRConfidence is the confidence of OCR, in percent, below which a page
	// counts as not read (DOC-06), and a word as no proof.
	OCRConfidence int
}

// Assess asks every rule that looks at one claim alone.
func Assess(ctx *Context, c *claim.Claim) claim.Assessment {
	a := newAssessment(ctx, c)
	a.alone()
	Sort(a.findings)
	return claim.Assessment{Findings: a.findings, Evidence: a.evidence, Documents: a.summarise()}
}

// assessment is one claim being judged.
type assessment struct {
	*Context
	claim    *claim.Claim
	template config.Template
	findings []claim.Finding
	evidence []claim.Evidence
	owners   []owner   // of the signed document's certificates; nil until asked for
	recorder *recorder // nil but where the claim is explained
}

func newAssessment(ctx *Context, c *claim.Claim) *assessment {
	return &assessment{Context: ctx, claim: c, template: config.TemplateOf(c.Kind)}
}

// alone asks every rule that looks at the claim alone.
func (a *assessment) alone() {
	a.row()
	a.supplier()
	a.beneficiary()
	a.order()
	a.amount()
	a.documents()
	a.mentions()
	a.signatures()
	a.balance()
	a.completion()
}

// params are the parameters of a message.
type params map[string]string

// tell adds the finding of a rule, with the deadline for filing again among
// its parameters, and gives it back for its place to be set.
func (a *assessment) tell(code, variant string, p params) *claim.Finding {
	a.findings = append(a.findings, a.Programme.Finding(a.claim.Kind, code, variant, p))
	return &a.findings[len(a.findings)-1]
}

// tellField adds the finding of a rule on a field of the row.
func (a *assessment) tellField(id claim.FieldID, code, variant string, p params) *claim.Finding {
	f := a.tell(code, variant, a.withField(id, p))
	a.place(f, id)
	return f
}

// tellDocument adds the finding of a rule on a document: its name as the
// parameter document, and the place of the field that names it.
func (a *assessment) tellDocument(d *claim.Document, code, variant string, p params) *claim.Finding {
	name := d.Name
	if d.Object != nil {
		name = d.Object.Name
	}
	withName := params{"document": name}
	maps.Copy(withName, p)
	f := a.tellField(d.Field, code, variant, withName)
	f.Document = name
	return f
}

// withField adds a field's label and raw value to the parameters.
func (a *assessment) withField(id claim.FieldID, p params) params {
	merged := params{"column": a.template.Column(id).Label, "value": a.claim.Row.Field(id).Raw}
	maps.Copy(merged, p)
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

// received gives the instant at which the claim was received.
func (a *assessment) received() time.Time {
	return saw(a, FromDelivery, a.claim.ReceivedAt, "received")
}

// folder gives the supplier in whose folder the claim was dropped.
func (a *assessment) folder() claim.SIRET {
	return saw(a, FromDelivery, a.claim.Supplier, "SIRET of the folder")
}

// field gives a field of the row, and tells whether rules may read it: no LIG
// rule found it at fault.
func (a *assessment) field(id claim.FieldID) (claim.Field, bool) {
	field := a.claim.Row.Field(id)
	if a.recorder != nil {
		a.recorder.field(a.template.Column(id), field)
	}
	return field, field.OK()
}

// text gives the canonical text of a field that a rule may read.
func (a *assessment) text(id claim.FieldID) (string, bool) {
	field, ok := a.field(id)
	return field.Text, ok
}

// readable tells whether rules may read all of some fields.
func (a *assessment) readable(ids ...claim.FieldID) bool {
	return !slices.ContainsFunc(ids, func(id claim.FieldID) bool {
		_, ok := a.field(id)
		return !ok
	})
}

// The registers as they are told of.
const (
	finessRegister    = "finess.csv"
	trancheRegister   = "outil-calcul"
	supplierRegister  = "fournisseurs"
	solutionRegister  = "solutions"
	archivingRegister = "archivage"
)

// establishment gives the pharmacy's row of the FINESS register: of an advance,
// false where the number is unreadable (LIG) or no establishment's (BEN-01);
// later, see [assessment.fundedPharmacy].
func (a *assessment) establishment() (claim.Establishment, bool) {
	if a.claim.Kind != claim.Advance {
		return a.fundedPharmacy()
	}
	text, ok := a.text(claim.FieldFINESS)
	if !ok {
		return claim.Establishment{}, false
	}
	finess := claim.FINESS(text)
	if !saw(a, FromCell, finess.KeyOK(), "FINESS key right") {
		return claim.Establishment{}, a.silent("BEN-01")
	}
	e, ok := a.Registers.Establishment(finess)
	if !saw(a, FromRegister, ok, finessRegister, text, "has a row") {
		return claim.Establishment{}, a.silent("BEN-01")
	}
	return e, true
}

// tranche gives the pharmacy's tranche, or false where it is not known
// (BEN-06) or [assessment.establishment] gives nothing.
func (a *assessment) tranche() (config.Tranche, bool) {
	e, ok := a.establishment()
	if !ok {
		return config.Tranche{}, false
	}
	if !a.Programme.HasTranches() {
		return a.Programme.Tranche("")
	}
	name, ok := a.Registers.Tranche(e.FINESS)
	registered(a, trancheRegister, string(e.FINESS), "Tranche", name)
	if !ok {
		return config.Tranche{}, a.silent("BEN-06")
	}
	tranche, ok := a.Programme.Tranche(name)
	if !saw(a, FromProgramme, ok, "tranches has", name) {
		return config.Tranche{}, a.silent("BEN-06")
	}
	return tranche, true
}

// solution gives the solution of the row's reference number, or false where it
// is unreadable (LIG) or unknown (FOU-03).
func (a *assessment) solution() (claim.Solution, bool) {
	reference, ok := a.text(claim.FieldANSReference)
	if !ok {
		return claim.Solution{}, false
	}
	s, ok := a.Registers.Solution(reference)
	if !saw(a, FromRegister, ok, solutionRegister, reference, "has a row") {
		return claim.Solution{}, a.silent("FOU-03")
	}
	return s, true
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

// compareCells puts cells in the order of their rows, then of their columns:
// F12, or L4C10 in a CSV. No cell comes first.
func compareCells(a, b string) int {
	rowA, columnA := splitCell(a)
	rowB, columnB := splitCell(b)
	return cmp.Or(cmp.Compare(rowA, rowB), cmp.Compare(columnA, columnB), cmp.Compare(a, b))
}

// splitCell gives the row and the column of a cell from 1, or zeros for none.
func splitCell(cell string) (row, column int) {
	if line, number, isCSV := strings.Cut(strings.TrimPrefix(cell, "L"), "C"); isCSV && line != "" && isDigits(line) && isDigits(number) {
		row, _ = strconv.Atoi(line)
		column, _ = strconv.Atoi(number)
		return row, column
	}
	letters := strings.TrimRight(cell, "0123456789")
	for _, letter := range []byte(letters) {
		column = column*26 + int(letter-'A') + 1
	}
	row, _ = strconv.Atoi(cell[len(letters):])
	return row, column
}

func isDigits(s string) bool { return strings.Trim(s, "0123456789") == "" }
