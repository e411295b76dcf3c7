package validators

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

// beneficiary tells BEN-01, BEN-02, BEN-05 and BEN-06 (AF §4.2). BEN-03,
// BEN-04 and BEN-07 depend on other claims: see [AssessHistory].
func (a *assessment) beneficiary() {
	number, ok := a.text(claim.FieldFINESS)
	if !ok {
		return
	}
	e, ok := a.establishment()
	if !ok {
		a.noEstablishment(claim.FINESS(number))
		return
	}
	if _, eligible := a.Programme.Beneficiary.Categories[e.Category]; !eligible {
		a.tellField(claim.FieldFINESS, "BEN-02", "", params{"category": e.Category, "label": e.CategoryLabel})
	}
	if name, ok := a.text(claim.FieldCompanyName); ok && e.Name != "" {
		names := a.Programme.Names
		if !alike(names, name, e.Name) && !alike(names, name, e.LongName) {
			a.tellField(claim.FieldCompanyName, "BEN-05", "", params{"expected": e.Name})
		}
	}
	if _, ok := a.tranche(); !ok {
		a.tellField(claim.FieldFINESS, "BEN-06", "", nil)
	}
}

// noEstablishment tells BEN-01 in the words that fit the number.
func (a *assessment) noEstablishment(number claim.FINESS) {
	if !number.KeyOK() {
		a.tellField(claim.FieldFINESS, "BEN-01", "key", nil)
		return
	}
	if owned := a.Registers.OwnedBy(number); len(owned) > 0 {
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
			item += " (" + clip(strings.TrimSpace(e.Name+" "+e.Town), 34) + ")"
		}
		items = append(items, item)
	}
	return strings.Join(items, ", ")
}
