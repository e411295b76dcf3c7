package validators

import (
	"slices"

	"guichet/pipeline/claim"
)

// supplier tells FOU-01 to FOU-06 (AF §3.2, §4.1). Only advances name a
// solution, so that of the later kinds FOU-01 alone is asked.
func (a *assessment) supplier() {
	if siret, ok := a.text(claim.FieldSupplier); ok && siret != string(a.claim.Supplier) {
		a.tellField(claim.FieldSupplier, "FOU-01", "", params{"siret": string(a.claim.Supplier)})
	}
	if !a.readable(claim.FieldANSReference) {
		return
	}
	solution, ok := a.solution()
	if !ok {
		a.tellField(claim.FieldANSReference, "FOU-03", "", nil)
		return
	}
	a.enrolled(solution)
	a.described(solution)
	a.referenced(solution)
}

// enrolled tells FOU-02.
func (a *assessment) enrolled(s claim.Solution) {
	if a.told("FOU-01") {
		return
	}
	day := claim.DateOf(a.claim.ReceivedAt)
	rows := a.enrolments(s)
	var withoutMandate bool
	var next, last claim.Date
	for _, row := range rows {
		switch {
		case inForce(row, day):
			if !row.Distributor || row.Mandate {
				return
			}
			withoutMandate = true
		case row.From.After(day):
			if next.IsZero() || row.From.Before(next) {
				next = row.From
			}
		case !row.Until.IsZero():
			if row.Until.After(last) {
				last = row.Until
			}
		}
	}
	p := params{"reference": s.ANSReference, "received": claim.FrenchInstant(a.claim.ReceivedAt), "from": next.French(), "until": last.French()}
	variant := ""
	switch {
	case withoutMandate:
		variant = "no_mandate"
	case !next.IsZero():
		variant = "not_yet"
	case !last.IsZero():
		variant = "struck_off"
	}
	a.tellField(claim.FieldANSReference, "FOU-02", variant, p)
}

// enrolments gives the supplier's rows for a solution: it may have been
// enrolled again after it was struck off.
func (a *assessment) enrolments(s claim.Solution) []claim.Enrolment {
	return slices.DeleteFunc(slices.Clone(a.Registers.Enrolments(a.claim.Supplier)), func(row claim.Enrolment) bool {
		return claim.Fold(row.ANSReference) != claim.Fold(s.ANSReference)
	})
}

// inForce tells whether an enrolment holds on a day: from its first day on,
// and no longer on the day on which it is struck off (spec: from 00:00 Paris).
func inForce(row claim.Enrolment, day claim.Date) bool {
	return !row.From.IsZero() && !row.From.After(day) && (row.Until.IsZero() || row.Until.After(day))
}

// described tells FOU-04 of the solution's name and of its version.
func (a *assessment) described(s claim.Solution) {
	for _, told := range []struct {
		field             claim.FieldID
		variant, expected string
	}{
		{claim.FieldSolution, "", s.Name},
		{claim.FieldVersion, "version", s.Version},
	} {
		text, ok := a.text(told.field)
		if ok && told.expected != "" && claim.Fold(text) != claim.Fold(told.expected) {
			a.tellField(told.field, "FOU-04", told.variant, params{"reference": s.ANSReference, "expected": told.expected})
		}
	}
}

// referenced tells FOU-05 and FOU-06.
func (a *assessment) referenced(s claim.Solution) {
	day := claim.DateOf(a.claim.ReceivedAt)
	p := params{
		"reference": s.ANSReference, "received": claim.FrenchInstant(a.claim.ReceivedAt),
		"withdrawn": s.Withdrawn.French(), "referenced": s.Referenced.French(),
	}
	if !s.Withdrawn.IsZero() && !s.Withdrawn.After(day) {
		a.tellField(claim.FieldANSReference, "FOU-05", "", p)
	}
	switch {
	case s.Referenced.IsZero():
		a.tellField(claim.FieldANSReference, "FOU-06", "", p)
	case s.Referenced.After(day):
		a.tellField(claim.FieldANSReference, "FOU-06", "later", p)
	}
}
