package register

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/template"
)

// Check tells everything that is wrong in the registers among the files of
// registers/, as far as it can be seen without a batch, in the order of the
// files and their lines. Its errors are what makes [Load] or
// [Set.CheckTranches] fail, all of them; its warnings are what a run goes on
// with. A register that is missing, or damaged so that its end is not known, is
// told once: nothing is told to be missing from it. The second result names
// what was read of each register.
func Check(files []File, programme *config.Programme) ([]Problem, []claim.RegisterInfo) {
	set, problems := readAll(files, programme)
	c := checker{Set: set, programme: programme, problems: problems}
	for _, name := range set.ignored {
		c.problems = append(c.problems, Problem{
			Severity: Warning, Kind: "ignored", File: name, Message: "no register that guichet knows: it is not read",
			Cure: "rename it if it is meant to be one, else remove it",
		})
	}
	c.pharmacies()
	c.turnovers()
	c.suppliers()
	c.products()
	c.archive()
	checkConnections(&c, "cnop", c.read.dp)
	checkConnections(&c, "cnam", c.read.epu)
	Sort(c.problems)
	return c.problems, set.Infos()
}

// checker asks the registers of one another.
type checker struct {
	*Set
	programme *config.Programme
	problems  []Problem
}

// found tells a problem of a register.
func (c *checker) found(severity Severity, register string, p Problem, kind, cure, format string, args ...any) {
	p.Severity, p.Kind, p.register, p.File = severity, kind, register, c.read.files[register]
	p.Message, p.Cure = fmt.Sprintf(format, args...), cure
	c.problems = append(c.problems, p)
}

// with sets the value of a problem.
func (p Problem) with(value string) Problem {
	p.Value = value
	return p
}

func (c *checker) funds(e claim.Establishment) bool {
	_, funded := c.programme.Beneficiary.Categories[e.Category]
	return funded
}

// pharmacies looks at the pharmacies of the FINESS register.
func (c *checker) pharmacies() {
	const register = "finess"
	r := &c.establishments
	if r.first == "" {
		return
	}
	at := func(i, column int, label string) Problem {
		return Problem{Line: r.lines[i], Column: label, Cell: fmt.Sprintf("L%dC%d", r.lines[i], column+1)}
	}
	if parts := strings.Split(r.first, ";"); len(parts) > 3 {
		if day, err := claim.ParseDate(strings.TrimSpace(parts[3])); err == nil && day.Before(c.programme.Calendar.Opening) {
			c.found(Warning, register, Problem{Line: 1, Value: parts[3]}, "old", "get the newest extraction",
				"an extraction of %s, before the opening of the call on %s: pharmacies that opened since are unknown (BEN-01)", day, c.programme.Calendar.Opening)
		}
	}
	const official = "have the official register put right; until then look at these claims yourself"
	funded := 0
	first := map[claim.SIRET]int{}
	for i, e := range r.rows {
		if !c.funds(e) {
			continue
		}
		funded++
		switch before, twice := first[e.SIRET]; {
		case e.SIRET == "":
			c.found(Warning, register, at(i, colSIRET, "siret"), "no_siret", official, "pharmacy %s has no SIRET: BEN-07 cannot compare it", e.FINESS)
		case !e.SIRET.KeyOK():
			c.found(Warning, register, at(i, colSIRET, "siret").with(string(e.SIRET)), "siret_key", official, "pharmacy %s has no SIRET with a right key: BEN-07 cannot compare it", e.FINESS)
		case twice:
			c.found(Warning, register, at(i, colSIRET, "siret").with(string(e.SIRET)), "one_siret", "find out which of the two numbers is in use",
				"pharmacy %s has the SIRET of %s (line %d): once one of them is funded, claims for the other go to a person (BEN-07)", e.FINESS, r.rows[before].FINESS, r.lines[before])
		default:
			first[e.SIRET] = i
		}
		if e.Name == "" {
			c.found(Warning, register, at(i, colName, "rs"), "no_name", official, "pharmacy %s has no name: BEN-05 cannot compare it", e.FINESS)
		}
		if e.Department == "" || e.Postcode == "" {
			c.found(Warning, register, at(i, colTown, "ligneacheminement"), "no_place", official, "pharmacy %s has no department or no postcode: its VAT rate may be another", e.FINESS)
		}
		if !e.LegalEntity.KeyOK() {
			c.found(Warning, register, at(i, colLegalEntity, "nofinessej").with(string(e.LegalEntity)), "finess_key", official, "the legal entity of pharmacy %s has a wrong key", e.FINESS)
		}
	}
	if funded == 0 && r.whole {
		c.found(Warning, register, Problem{}, "no_pharmacy", "get the extraction of all establishments",
			"no establishment of a category that the call funds (%s)", strings.Join(slices.Sorted(maps.Keys(c.programme.Beneficiary.Categories)), ", "))
	}
}

// pharmacy tells what is odd about a number that a register calls a pharmacy's.
func (c *checker) pharmacy(register string, number claim.FINESS, p Problem, effect string) (claim.Establishment, bool) {
	if number == "" || !c.establishments.whole {
		return claim.Establishment{}, false
	}
	const newer = "correct the number, or get a newer FINESS extraction"
	p.Value = string(number)
	e, known := c.Establishment(number)
	switch owned := c.OwnedBy(number); {
	case known && !c.funds(e):
		c.found(Warning, register, p, "not_eligible", "remove the row, or correct the number",
			"%s is of category %s (%s), which the call does not fund%s", number, e.Category, e.CategoryLabel, effect)
	case !known && len(owned) > 0:
		c.found(Warning, register, p, "legal_entity", "enter the FINESS géographique of the establishment",
			"%s is the number of a legal entity, which owns %s%s", number, numbers(owned), effect)
	case !known:
		c.found(Warning, register, p, "unknown_pharmacy", newer, "FINESS knows no pharmacy %s%s", number, effect)
	}
	return e, known
}

// numbersNamed is how many establishments a message names.
const numbersNamed = 5

func numbers(establishments []claim.Establishment) string {
	var all []string
	for i, e := range establishments {
		if i == numbersNamed {
			all = append(all, fmt.Sprintf("%d more", len(establishments)-i))
			break
		}
		all = append(all, string(e.FINESS))
	}
	return strings.Join(all, ", ")
}

// turnovers looks at the outil de calcul.
func (c *checker) turnovers() {
	const register = trancheRegister
	read := c.read.tranches
	listed := map[claim.FINESS]bool{}
	for _, row := range read.rows {
		number, name := claim.FINESS(row.value.FINESS), string(row.value.Tranche)
		listed[number] = true
		if _, known := c.programme.Tranche(name); !known && !row.faulty {
			c.found(Error, register, read.at(row, "Tranche").with(name), "unknown_tranche", "enter one of the programme's tranches",
				"the programme %s has no tranche %q", c.programme.ID, name)
		}
		e, known := c.pharmacy(register, number, read.at(row, "FINESS géographique"), "")
		siret, why := template.ParseSIRET(row.value.SIRET)
		switch {
		case row.value.SIRET == "":
		case why != "":
			c.found(Warning, register, read.at(row, "SIRET").with(row.value.SIRET), "siret_key", "look the number up and enter it again", "not a SIRET with a right key")
		case known && e.SIRET.KeyOK() && e.SIRET != siret:
			c.found(Warning, register, read.at(row, "SIRET").with(string(siret)), "siret_differs", "find out whose row this is: another pharmacy's tranche has another ceiling",
				"FINESS has the SIRET %s for pharmacy %s", e.SIRET, number)
		}
		if given := postcode(row.value.Postcode); known && given != "" && e.Postcode != "" && given != e.Postcode {
			c.found(Warning, register, read.at(row, "Code postal").with(row.value.Postcode), "postcode_differs", "find out whose row this is: another pharmacy's tranche has another ceiling",
				"FINESS has pharmacy %s in %s %s", number, e.Postcode, e.Town)
		}
	}
	if !read.whole || !c.establishments.whole {
		return
	}
	absent := 0
	for _, e := range c.establishments.rows {
		if c.funds(e) && !listed[e.FINESS] {
			absent++
		}
	}
	if absent > 0 && c.programme.HasTranches() {
		c.found(Warning, register, Problem{}, "without_tranche", "get the newest list, if it should hold them", "pharmacies of FINESS that it does not hold: %d; their claims are BEN-06", absent)
	}
}

// postcode brings a postcode to its five digits; empty when it is none.
func postcode(text string) string {
	digits := strings.Join(strings.Fields(text), "")
	if len(digits) == 4 { // a spreadsheet dropped the zero
		digits = "0" + digits
	}
	if len(digits) != 5 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}

// archive looks at the electronic archive (AF §2).
func (c *checker) archive() {
	const register = "archivage"
	const idle = ": its deposit serves nobody"
	read, calendar := c.read.deposits, c.programme.Calendar
	suppliers := map[claim.SIRET]bool{}
	for _, row := range c.read.enrolments.rows {
		suppliers[claim.SIRET(row.value.SIRET)] = true
	}
	firstOf := map[string]located[depositRow]{}
	for _, row := range read.rows {
		r := row.value
		if at := r.At.At; !r.At.IsZero() && (at.Before(calendar.ArchiveFrom.At) || !calendar.Closing.Includes(at)) {
			c.found(Warning, register, read.at(row, "Déposé le").with(r.At.French()), "out_of_window", "correct the day, or remove the row",
				"deposited outside the window from %s to %s%s", calendar.ArchiveFrom.French(), calendar.Closing.French(), idle)
		}
		if supplier := claim.SIRET(r.Supplier); supplier != "" && c.read.enrolments.whole && !suppliers[supplier] {
			c.found(Warning, register, read.at(row, "SIRET fournisseur").with(string(supplier)), "unknown_supplier", "correct the number, or enrol the supplier",
				"fournisseurs does not hold the supplier %s%s", supplier, idle)
		}
		c.pharmacy(register, claim.FINESS(r.FINESS), read.at(row, "FINESS géographique"), idle)
		if r.SHA256 == "" {
			continue
		}
		if before, twice := firstOf[string(r.SHA256)]; !twice {
			firstOf[string(r.SHA256)] = row
		} else if before.value.FINESS != r.FINESS {
			c.found(Warning, register, read.at(row, "Empreinte SHA-256").with(string(r.SHA256)), "one_document", "find out which pharmacy's order it is",
				"the document that line %d has for pharmacy %s", before.line, before.value.FINESS)
		}
	}
}

// checkConnections looks at a list of connected pharmacies.
func checkConnections[T connection](c *checker, register string, read table[T]) {
	for _, row := range read.rows {
		number, _ := row.value.connection()
		c.pharmacy(register, claim.FINESS(number), read.at(row, "FINESS géographique"), "")
	}
}
