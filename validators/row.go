package validators

import (
	"strconv"

	"guichet/config"
	"guichet/pipeline/claim"
)

// row asks LIG-01 to LIG-05, the first two and LIG-04 of every column.
func (a *assessment) row() {
	a.ask("LIG-01", a.filled)
	a.ask("LIG-02", a.typed)
	a.ask("LIG-03", a.ofThisCall)
	a.ask("LIG-04", a.computed)
	a.ask("LIG-05", a.changed)
}

// filled tells LIG-01 of required columns without a value.
func (a *assessment) filled() bool {
	for _, column := range a.template.Columns {
		field, _ := a.field(column.ID)
		empty := field.State == claim.FieldAbsent || field.State == claim.FieldEmpty
		if empty && !column.Optional && !a.mayBeEmpty(column.ID) {
			a.tellField(column.ID, "LIG-01", "", nil)
		}
	}
	return true
}

// typed tells LIG-02 of values that are not of their column's type.
func (a *assessment) typed() bool {
	for _, column := range a.template.Columns {
		if field, _ := a.field(column.ID); field.State == claim.FieldBad {
			a.unreadable(column, field.Why)
		}
	}
	return true
}

// ofThisCall tells LIG-03 of a row that names another call.
func (a *assessment) ofThisCall() bool {
	text, ok := a.text(claim.FieldProgramme)
	reference := programmed(a, "reference", a.Programme.Reference)
	if ok && claim.Fold(text) != claim.Fold(reference) {
		a.tellField(claim.FieldProgramme, "LIG-03", "", params{"reference": reference})
	}
	return ok
}

// computed tells LIG-04 of formulas without a cached value.
func (a *assessment) computed() bool {
	for _, column := range a.template.Columns {
		if field, _ := a.field(column.ID); field.State == claim.FieldNoValue {
			a.tellField(column.ID, "LIG-04", "", nil)
		}
	}
	return true
}

// changed is LIG-05, which settles on the rows of a changed batch that are
// accepted already: such a row is not judged again.
func (a *assessment) changed() bool { return a.silent("the row is not carried over") }

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
	a.tellField(column.ID, "LIG-02", variant, params{
		"max": strconv.Itoa(column.MaxRunes), "example": string(claim.NewDossierNumber(a.Programme.DossierPrefix, 1)),
	})
}

// mayBeEmpty tells whether a required value is not owed on this row: a
// declaration of incapacity has no completion date.
func (a *assessment) mayBeEmpty(id claim.FieldID) bool {
	if id != claim.FieldCompletedOn {
		return false
	}
	nature, _ := a.text(claim.FieldNature)
	return nature == claim.Unable
}
