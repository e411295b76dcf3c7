package validators

import (
	"slices"

	"guichet/pipeline/claim"
)

// supplier asks FOU-01 to FOU-06 (AF §3.2, §4.1).
func (a *assessment) supplier() {
	a.ask("FOU-01", a.ownFolder)
	a.ask("FOU-03", a.knownSolution)
	a.ask("FOU-02", a.enrolled)
	a.ask("FOU-04", a.solutionName)
	a.ask("FOU-04", a.solutionVersion)
	a.ask("FOU-05", a.withdrawn)
	a.ask("FOU-06", a.referenced)
}

// ownFolder tells FOU-01 of a row in another supplier's folder.
func (a *assessment) ownFolder() bool {
	siret, ok := a.text(claim.FieldSupplier)
	folder := string(a.folder())
	if ok && siret != folder {
		a.tellField(claim.FieldSupplier, "FOU-01", "", params{"siret": folder})
	}
	return ok
}

// knownSolution tells FOU-03 of a reference number that the ANS did not give.
func (a *assessment) knownSolution() bool {
	if !a.readable(claim.FieldANSReference) {
		return false
	}
	if _, ok := a.solution(); !ok {
		a.tellField(claim.FieldANSReference, "FOU-03", "", nil)
	}
	return true
}

// enrolled tells FOU-02 of a supplier without an enrolment for the solution
// that is in force at reception.
func (a *assessment) enrolled() bool {
	s, ok := a.solution()
	if !ok {
		return false
	}
	if a.told("FOU-01") {
		return a.silent("FOU-01")
	}
	received := a.received()
	day := claim.DateOf(received)
	rows := a.enrolments(s)
	var withoutMandate bool
	var next, last claim.Date
	for _, row := range rows {
		switch {
		case a.inForce(row, day):
			if a.mandated(row) {
				return true
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
	p := params{"reference": s.ANSReference, "received": claim.FrenchInstant(received), "from": next.French(), "until": last.French()}
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
	return true
}

// enrolments gives the supplier's rows for a solution: it may have been
// enrolled again after it was struck off.
func (a *assessment) enrolments(s claim.Solution) []claim.Enrolment {
	rows := slices.DeleteFunc(slices.Clone(a.Registers.Enrolments(a.folder())), func(row claim.Enrolment) bool {
		return claim.Fold(row.ANSReference) != claim.Fold(s.ANSReference)
	})
	saw(a, FromRegister, len(rows), supplierRegister, string(a.claim.Supplier), "rows for", s.ANSReference)
	return rows
}

// inForce tells whether an enrolment holds on a day: from its first day on,
// and no longer on the day on which it is struck off (spec: from 00:00 Paris).
func (a *assessment) inForce(row claim.Enrolment, day claim.Date) bool {
	enrolledCell(a, row, "Enrôlé le", row.From)
	enrolledCell(a, row, "Radié le", row.Until)
	return !row.From.IsZero() && !row.From.After(day) && (row.Until.IsZero() || row.Until.After(day))
}

// mandated tells whether an enrolment is a publisher's, or a distributor's that
// has the publisher's mandate.
func (a *assessment) mandated(row claim.Enrolment) bool {
	return !enrolledCell(a, row, "DISTRIBUTEUR", row.Distributor) || enrolledCell(a, row, "Mandat", row.Mandate)
}

// enrolledCell is a cell of a supplier's row for a solution.
func enrolledCell[T any](a *assessment, row claim.Enrolment, column string, value T) T {
	return saw(a, FromRegister, value, supplierRegister, string(row.Supplier), row.ANSReference, column)
}

// solutionCell is a cell of a solution's row.
func solutionCell[T any](a *assessment, s claim.Solution, column string, value T) T {
	return registered(a, solutionRegister, s.ANSReference, column, value)
}

// solutionName tells FOU-04 of the solution's name.
func (a *assessment) solutionName() bool {
	s, ok := a.solution()
	return ok && a.described(claim.FieldSolution, "", s, solutionCell(a, s, "Solution logicielle", s.Name))
}

// solutionVersion tells FOU-04 of its version.
func (a *assessment) solutionVersion() bool {
	s, ok := a.solution()
	return ok && a.described(claim.FieldVersion, "version", s, solutionCell(a, s, "Version", s.Version))
}

// described tells FOU-04 of a field that is not what the register expects.
func (a *assessment) described(id claim.FieldID, variant string, s claim.Solution, expected string) bool {
	text, ok := a.text(id)
	if !ok {
		return false
	}
	if expected == "" {
		return a.silent("the register does not say it")
	}
	if claim.Fold(text) != claim.Fold(expected) {
		a.tellField(id, "FOU-04", variant, params{"reference": s.ANSReference, "expected": expected})
	}
	return true
}

// withdrawn tells FOU-05 of a solution whose referencing is withdrawn at
// reception.
func (a *assessment) withdrawn() bool {
	s, ok := a.solution()
	if !ok {
		return false
	}
	day := claim.DateOf(a.received())
	if withdrawn := solutionCell(a, s, "Retiré le", s.Withdrawn); !withdrawn.IsZero() && !withdrawn.After(day) {
		a.tellField(claim.FieldANSReference, "FOU-05", "", a.referencing(s))
	}
	return true
}

// referenced tells FOU-06 of a solution that is not referenced at reception.
func (a *assessment) referenced() bool {
	s, ok := a.solution()
	if !ok {
		return false
	}
	day := claim.DateOf(a.received())
	switch referenced := solutionCell(a, s, "Référencé le", s.Referenced); {
	case referenced.IsZero():
		a.tellField(claim.FieldANSReference, "FOU-06", "", a.referencing(s))
	case referenced.After(day):
		a.tellField(claim.FieldANSReference, "FOU-06", "later", a.referencing(s))
	}
	return true
}

// referencing are the parameters of FOU-05 and FOU-06.
func (a *assessment) referencing(s claim.Solution) params {
	return params{
		"reference": s.ANSReference, "received": claim.FrenchInstant(a.claim.ReceivedAt),
		"withdrawn": s.Withdrawn.French(), "referenced": s.Referenced.French(),
	}
}
