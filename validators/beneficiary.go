package validators

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

// beneficiary asks BEN-01, BEN-02, BEN-05 and BEN-06 (AF §4.2). BEN-03,
// BEN-04 and BEN-07 depend on other claims: see [AssessHistory].
func (a *assessment) beneficiary() {
	a.ask("BEN-01", a.inRegister)
	a.ask("BEN-02", a.eligible)
	a.ask("BEN-05", a.sameName)
	a.ask("BEN-06", a.inTranche)
}

// inRegister tells BEN-01 of a number that is no establishment's.
func (a *assessment) inRegister() bool {
	number, ok := a.text(claim.FieldFINESS)
	if !ok {
		return false
	}
	if _, ok := a.establishment(); !ok {
		a.noEstablishment(claim.FINESS(number))
	}
	return true
}

// eligible tells BEN-02 of an establishment of a category that is not funded.
func (a *assessment) eligible() bool {
	e, ok := a.establishment()
	if !ok {
		return false
	}
	category := registered(a, finessRegister, string(e.FINESS), "category", e.Category)
	if !a.funds(category) {
		a.tellField(claim.FieldFINESS, "BEN-02", "", params{"category": category, "label": e.CategoryLabel})
	}
	return true
}

// funds tells whether the call funds establishments of a category.
func (a *assessment) funds(category string) bool {
	_, eligible := a.Programme.Beneficiary.Categories[category]
	return saw(a, FromProgramme, eligible, "beneficiary.categories has", category)
}

// sameName tells BEN-05 of a company name far from the register's.
func (a *assessment) sameName() bool {
	e, ok := a.establishment()
	if !ok {
		return false
	}
	name, ok := a.text(claim.FieldCompanyName)
	if !ok {
		return false
	}
	registered(a, finessRegister, string(e.FINESS), "name", e.Name)
	if e.Name == "" {
		return a.silent("the register does not say it")
	}
	names := a.Programme.Names
	programmed(a, "names.alike", names.Alike)
	if !alike(names, name, e.Name) && !alike(names, name, registered(a, finessRegister, string(e.FINESS), "long name", e.LongName)) {
		a.tellField(claim.FieldCompanyName, "BEN-05", "", params{"expected": e.Name})
	}
	return true
}

// registeredNames gives the names of an establishment in the FINESS register.
func (a *assessment) registeredNames(e claim.Establishment) []string {
	number := string(e.FINESS)
	return []string{registered(a, finessRegister, number, "name", e.Name), registered(a, finessRegister, number, "long name", e.LongName)}
}

// inTranche tells BEN-06 of a pharmacy whose tranche is not known.
func (a *assessment) inTranche() bool {
	if !a.Programme.HasTranches() {
		return a.silent("the programme has one ceiling for all")
	}
	if _, ok := a.establishment(); !ok {
		return false
	}
	if _, ok := a.tranche(); !ok {
		a.tellField(claim.FieldFINESS, "BEN-06", "", nil)
	}
	return true
}

// noEstablishment tells BEN-01 in the words that fit the number.
func (a *assessment) noEstablishment(number claim.FINESS) {
	if !number.KeyOK() {
		a.tellField(claim.FieldFINESS, "BEN-01", "key", nil)
		return
	}
	owned := a.Registers.OwnedBy(number)
	if saw(a, FromRegister, len(owned), finessRegister, "establishments of the legal entity", string(number)) > 0 {
		a.tellField(claim.FieldFINESS, "BEN-01", "legal_entity", params{"establishments": a.list(owned)})
		return
	}
	a.tellField(claim.FieldFINESS, "BEN-01", "", nil)
}

// A legal entity may own hundreds of establishments: a message names so many
// of them, the eligible ones first.
const (
	namedEstablishments    = 3 // with name and town
	numberedEstablishments = 8
)

func (a *assessment) list(owned []claim.Establishment) string {
	rank := func(e claim.Establishment) int {
		if _, eligible := a.Programme.Beneficiary.Categories[e.Category]; eligible {
			return 0
		}
		return 1
	}
	owned = slices.SortedFunc(slices.Values(owned), func(e, f claim.Establishment) int {
		return cmp.Or(cmp.Compare(rank(e), rank(f)), cmp.Compare(e.FINESS, f.FINESS))
	})
	var items []string
	for i, e := range owned {
		if i == numberedEstablishments {
			items = append(items, fmt.Sprintf("et %d autres", len(owned)-i))
			break
		}
		item := string(e.FINESS)
		if len(owned) <= namedEstablishments {
			item += " (" + claim.Cut(strings.TrimSpace(e.Name+" "+e.Town), 34) + ")"
		}
		items = append(items, item)
	}
	return strings.Join(items, ", ")
}
