package register

import (
	"guichet/pipeline/claim"
)

// enrolmentKey is a supplier and the folded reference of a solution.
type enrolmentKey struct {
	supplier  claim.SIRET
	reference string
}

// suppliers looks at the enrolments (AF §3).
func (c *checker) suppliers() {
	read := c.read.enrolments
	solutions := map[string]located[solutionRow]{}
	for _, row := range c.read.solutions.rows {
		solutions[claim.Fold(string(row.value.Reference))] = row
	}
	first := map[claim.SIRET]located[enrolmentRow]{}
	for _, row := range read.rows {
		solution, known := solutions[claim.Fold(string(row.value.Reference))]
		if row.value.Reference != "" && !known && c.read.solutions.whole {
			c.enrolment(row, "N° référencement ANS", string(row.value.Reference), "unknown_reference", "correct the reference, or add it to solutions",
				"solutions does not hold this reference: the supplier's claims for it are FOU-03")
		}
		if row.faulty {
			continue
		}
		e := row.value.enrolment()
		c.terms(row, e)
		if known && !solution.faulty {
			c.againstSolution(row, e, solution.value.solution())
		}
		before, twice := first[e.Supplier]
		if !twice {
			first[e.Supplier] = row
			continue
		}
		if claim.Fold(string(before.value.Name)) != claim.Fold(e.Name) {
			c.enrolment(row, "Raison sociale", e.Name, "two_names", "keep one name", "line %d has the name %q for supplier %s", before.line, string(before.value.Name), e.Supplier)
		}
		if regime := string(before.value.Regime); regime != e.VATRegime && regime != "" && e.VATRegime != "" {
			c.enrolment(row, "Régime TVA", e.VATRegime, "two_regimes", "keep the right one, unless the regime changed", "line %d has the regime %s for supplier %s", before.line, regime, e.Supplier)
		}
	}
}

// enrolment warns of a cell of an enrolment.
func (c *checker) enrolment(row located[enrolmentRow], column, value, kind, cure, format string, args ...any) {
	c.found(Warning, "fournisseurs", c.read.enrolments.at(row, column).with(value), kind, cure, format, args...)
}

// terms looks at an enrolment by itself.
func (c *checker) terms(row located[enrolmentRow], e claim.Enrolment) {
	calendar := c.programme.Calendar
	if e.Distributor && !e.Mandate {
		c.enrolment(row, "Mandat", "NON", "no_mandate", "enter OUI once the agency holds the publisher's mandate",
			"a DISTRIBUTEUR without mandate: its claims are FOU-02")
	}
	if e.VATRegime == "" {
		c.enrolment(row, "Régime TVA", "", "no_vat_regime", "enter the regime that was declared", "empty: MNT-04 cannot compare it")
	}
	switch {
	case e.From == e.Until:
		c.enrolment(row, "Radié le", e.Until.String(), "never_in_force", "correct one of the two days", "struck off on the day of the enrolment: it is never in force")
	case e.From.After(calendar.Closing.Day):
		c.enrolment(row, "Enrôlé le", e.From.String(), "outside_call", "correct the day, or remove the row", "enrolled after the closing on %s: no advance can be in time", calendar.Closing.French())
	case !e.Until.IsZero() && !e.Until.After(calendar.Opening):
		c.enrolment(row, "Radié le", e.Until.String(), "outside_call", "correct the day, or remove the row", "struck off by the opening on %s: it serves no claim", calendar.Opening.French())
	}
}

// againstSolution looks at an enrolment beside its solution.
func (c *checker) againstSolution(row located[enrolmentRow], e claim.Enrolment, s claim.Solution) {
	switch {
	case !e.Distributor && e.Supplier != s.Publisher:
		hint := ""
		if e.Supplier.SIREN() == s.Publisher.SIREN() {
			hint = ", another establishment of the same company"
		}
		c.enrolment(row, "SIRET", string(e.Supplier), "not_publisher", "enter DISTRIBUTEUR and the mandate, or correct the publisher in solutions",
			"an EDITEUR, but solutions has the publisher %s for %.40q%s", s.Publisher, s.ANSReference, hint)
	case e.Distributor && e.Supplier == s.Publisher:
		c.enrolment(row, "Rôle", "DISTRIBUTEUR", "publisher_as_distributor", "enter EDITEUR, or correct the publisher in solutions",
			"a DISTRIBUTEUR, but solutions has it as the publisher of %.40q", s.ANSReference)
	}
	switch {
	case s.Referenced.IsZero():
		c.enrolment(row, "Enrôlé le", e.From.String(), "enrolled_before_referenced", "enrol the supplier once its solution is referenced (AF §3)",
			"enrolled, but %.40q is not referenced: its claims are FOU-06", s.ANSReference)
	case e.From.Before(s.Referenced):
		c.enrolment(row, "Enrôlé le", e.From.String(), "enrolled_before_referenced", "correct one of the two days (AF §3)",
			"enrolled before %.40q was referenced (%s): its claims are FOU-06 until then", s.ANSReference, s.Referenced)
	}
	if !s.Withdrawn.IsZero() && !e.From.Before(s.Withdrawn) {
		c.enrolment(row, "Enrôlé le", e.From.String(), "enrolled_after_withdrawn", "correct one of the two days, or remove the row",
			"enrolled when %.40q was withdrawn already (%s): its claims are FOU-05", s.ANSReference, s.Withdrawn)
	}
}

// products looks at the referenced solutions.
func (c *checker) products() {
	published := map[enrolmentKey]bool{}
	for _, row := range c.read.enrolments.rows {
		if !row.value.Role.distributor {
			published[enrolmentKey{claim.SIRET(row.value.SIRET), claim.Fold(string(row.value.Reference))}] = true
		}
	}
	type product struct{ name, version string }
	first := map[product]located[solutionRow]{}
	for _, row := range c.read.solutions.rows {
		reference := claim.Fold(string(row.value.Reference))
		if publisher := claim.SIRET(row.value.Publisher); publisher != "" && reference != "" && c.read.enrolments.whole && !published[enrolmentKey{publisher, reference}] {
			c.solution(row, "SIRET éditeur", string(publisher), "publisher_not_enrolled", "enrol the publisher, or correct its number",
				"fournisseurs does not hold %s as EDITEUR of %.40q: the publisher's claims are FOU-02", publisher, string(row.value.Reference))
		}
		if row.faulty {
			continue
		}
		s := row.value.solution()
		c.milestones(row, s)
		p := product{claim.Fold(s.Name), claim.Fold(s.Version)}
		if before, twice := first[p]; !twice {
			first[p] = row
		} else if claim.Fold(string(before.value.Reference)) != reference {
			c.solution(row, "N° référencement ANS", s.ANSReference, "one_product", "keep the right reference",
				"the name and version that line %d has under %.40q", before.line, string(before.value.Reference))
		}
	}
}

// solution warns of a cell of a solution.
func (c *checker) solution(row located[solutionRow], column, value, kind, cure, format string, args ...any) {
	c.found(Warning, "solutions", c.read.solutions.at(row, column).with(value), kind, cure, format, args...)
}

// milestones looks at the days of a solution.
func (c *checker) milestones(row located[solutionRow], s claim.Solution) {
	const dates = "correct one of the two days"
	switch {
	case s.Withdrawn.IsZero() && s.Referenced.IsZero():
		c.solution(row, "Référencé le", "", "not_referenced", "enter the day once the solution is referenced", "not referenced: all advances for it are FOU-06")
	case s.Referenced.IsZero():
		c.solution(row, "Retiré le", s.Withdrawn.String(), "dates", "enter the day on which it was referenced", "withdrawn, but never referenced")
	case !s.Withdrawn.IsZero() && !s.Withdrawn.After(s.Referenced):
		c.solution(row, "Retiré le", s.Withdrawn.String(), "dates", dates, "withdrawn on or before the day on which it was referenced (%s): it never was in force", s.Referenced)
	}
	deadline := c.programme.Calendar.ProofDeadline
	switch proof := s.ProofFile; {
	case proof.IsZero():
		c.solution(row, "Dossier complet le", "", "no_proof_file", "enter the day on which the proof file was complete",
			"empty: advances on orders up to %s go to a person (CMD-04), and the archive exception cannot hold", c.programme.Calendar.PresumedCompliantAfter)
	case !s.Referenced.IsZero() && proof.Day.After(s.Referenced):
		c.solution(row, "Dossier complet le", proof.French(), "dates", dates, "the proof file was complete after the solution was referenced (%s)", s.Referenced)
	case proof.Day.After(deadline.Day) || proof.HasTime && !deadline.Includes(proof.At):
		c.solution(row, "Dossier complet le", proof.French(), "late_proof_file", "correct the day, or have the referencing looked at (AF §2)",
			"complete after the deadline of %s", deadline.French())
	}
}
