package validators

import (
	"strconv"

	"guichet/config"
	"guichet/pipeline/claim"
)

// incapacity is the nature of a declaration that the work cannot be done (AF §2).
const incapacity = "INCAPACITE"

// row tells LIG-01 to LIG-04, once a column: whether a value is there, could
// be read as its column's type, and names this programme.
func (a *assessment) row() {
	for _, column := range a.template.Columns {
		field := a.claim.Row.Field(column.ID)
		switch field.State {
		case claim.FieldAbsent, claim.FieldEmpty:
			if !column.Optional && !a.mayBeEmpty(column.ID) {
				a.tellField(column.ID, "LIG-01", "", nil)
			}
		case claim.FieldNoValue:
			a.tellField(column.ID, "LIG-04", "", nil)
		case claim.FieldBad:
			a.unreadable(column, field.Why)
		case claim.FieldOK:
		}
	}
	reference := a.Programme.Reference
	if text, ok := a.text(claim.FieldProgramme); ok && claim.Fold(text) != claim.Fold(reference) {
		a.tellField(claim.FieldProgramme, "LIG-03", "", params{"reference": reference})
	}
}

// unreadable tells LIG-02 in the words that fit best: those for the reason
// that the reader gives, else those for the column's type.
func (a *assessment) unreadable(column config.Column, why string) {
	variants := config.Rules.Rule("LIG-02").Variants
	variant := why
	if _, ok := variants[variant]; !ok {
		variant = string(column.Type)
	}
	if _, ok := variants[variant]; !ok {
		variant = ""
	}
	a.tellField(column.ID, "LIG-02", variant, params{"max": strconv.Itoa(column.MaxRunes)})
}

// mayBeEmpty tells whether a required value is not owed on this row: a
// declaration of incapacity has no completion date.
func (a *assessment) mayBeEmpty(id claim.FieldID) bool {
	return id == claim.FieldCompletedOn && a.claim.Row.Text(claim.FieldNature) == incapacity
}
