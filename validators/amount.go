package validators

import (
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
)

// amount asks MNT-01 to MNT-05 (AF §5).
func (a *assessment) amount() {
	a.ask("MNT-02", a.aboveNought)
	a.ask("MNT-01", a.underCeiling)
	a.ask("MNT-03", a.attested)
	a.ask(attestationRule, a.attestation)
	a.ask("MNT-04", a.enrolledRegime)
}

// aboveNought tells MNT-02 of an amount that is not above 0, or has more than
// two decimals.
func (a *assessment) aboveNought() bool {
	field, ok := a.field(claim.FieldAmount)
	if !ok {
		return false
	}
	switch amount := field.Amount; {
	case amount.Finer && amount.Cents >= 0:
		a.tellField(claim.FieldAmount, "MNT-02", "decimals", nil)
	case amount.Cents <= 0:
		a.tellField(claim.FieldAmount, "MNT-02", "", nil)
	}
	return true
}

// amountExclTax gives the amount excl. VAT, or false where it is unreadable
// (LIG) or at fault (MNT-02).
func (a *assessment) amountExclTax() (claim.Cents, bool) {
	field, ok := a.field(claim.FieldAmount)
	if !ok {
		return 0, false
	}
	if amount := field.Amount; amount.Cents <= 0 || amount.Finer {
		return 0, a.silent("MNT-02")
	}
	return field.Amount.Cents, true
}

// underCeiling tells MNT-01 of an amount above the ceiling of the pharmacy's
// tranche.
func (a *assessment) underCeiling() bool {
	amount, ok := a.amountExclTax()
	if !ok {
		return false
	}
	tranche, ok := a.tranche()
	if !ok {
		return false
	}
	if ceiling := saw(a, FromProgramme, tranche.ExclTax, ceilingKey(tranche), "ceiling_excl_tax"); amount > ceiling {
		variant := ""
		if !a.Programme.HasTranches() {
			variant = "flat"
		}
		a.tellField(claim.FieldAmount, "MNT-01", variant, params{
			"amount": amount.French(), "tranche": tranche.Name, "ceiling": ceiling.French(),
		})
	}
	return true
}

// ceilingKey is where the programme tells a tranche's ceilings.
func ceilingKey(t config.Tranche) string {
	if t.Name == "" {
		return "ceiling"
	}
	return "tranches " + t.Name
}

// owesAttestation tells whether the supplier declares itself not liable to VAT.
func (a *assessment) owesAttestation() bool {
	regime, ok := a.text(claim.FieldVATRegime)
	if !ok {
		return false
	}
	return regime == claim.NotLiableToVAT || a.silent("the regime ASSUJETTI owes no attestation")
}

// attested tells MNT-03 of a supplier that declares itself not liable to VAT
// and names no attestation.
func (a *assessment) attested() bool {
	if !a.owesAttestation() {
		return false
	}
	switch field, _ := a.field(claim.FieldVATFile); field.State {
	case claim.FieldEmpty:
		a.tellField(claim.FieldVATFile, "MNT-03", "", nil)
	case claim.FieldAbsent:
		// There is no cell to show but the regime's.
		a.tellField(claim.FieldVATRegime, "MNT-03", "", nil)
	case claim.FieldOK:
	case claim.FieldBad, claim.FieldNoValue: // LIG-02, LIG-04
		return false
	}
	return true
}

// enrolledRegime tells MNT-04, by the supplier's row for this solution: that in
// force at reception, else the latest.
func (a *assessment) enrolledRegime() bool {
	regime, ok := a.text(claim.FieldVATRegime)
	if !ok {
		return false
	}
	solution, ok := a.solution()
	if !ok {
		return false
	}
	if a.told("FOU-01") {
		return a.silent("FOU-01")
	}
	rows := a.enrolments(solution)
	day := claim.DateOf(a.received())
	current := slices.IndexFunc(rows, func(row claim.Enrolment) bool { return a.inForce(row, day) })
	if current < 0 {
		for i, row := range rows {
			if current < 0 || row.From.After(rows[current].From) {
				current = i
			}
		}
	}
	if current < 0 {
		return a.silent("the supplier has no row for this solution")
	}
	enrolled := enrolledCell(a, rows[current], "Régime TVA", rows[current].VATRegime)
	if enrolled == "" {
		return a.silent("the register does not say it")
	}
	if enrolled != regime {
		a.tellField(claim.FieldVATRegime, "MNT-04", "", params{"expected": enrolled})
	}
	return true
}

// attestationRule is the code of what an attestation must show.
const attestationRule = "MNT-05"

// attestation tells MNT-05 of a document that does not show a service of the
// tax authority, or the supplier by its name or SIREN, and gives the evidence
// for what it shows. Where its text cannot be read, that is DOC-06.
func (a *assessment) attestation() bool {
	if !a.owesAttestation() {
		return false
	}
	switch field, ok := a.field(claim.FieldVATFile); {
	case field.State == claim.FieldEmpty || field.State == claim.FieldAbsent:
		return a.silent("MNT-03")
	case !ok:
		return false
	}
	d := a.claim.Document(claim.VATExemption)
	if d == nil || !a.opens(d) {
		return false
	}
	if _, blind := a.blind(d); blind {
		return a.silent("DOC-06")
	}
	f := a.finder(d)
	for _, m := range a.attestationOwed() {
		a.look(d, f, m)
	}
	return true
}

// attestationOwed gives what the attestation of a supplier that is not liable
// to VAT must show.
func (a *assessment) attestationOwed() []mention {
	if !a.owesAttestation() || !a.readable(claim.FieldVATFile) {
		return nil
	}
	authorities := programmed(a, "vat_exemption.authorities", a.Programme.Exemption.Authorities)
	var services []search
	for _, name := range authorities {
		services = append(services, phraseOf(name).search())
	}
	name, nameLike := companiesShown(a.Programme.Names, a.distinctive(a.supplierNames()))
	return []mention{
		{
			code: attestationRule, expected: "le service de l'administration fiscale",
			shown: anyOf(services...), nearly: likeText(authorities...),
		},
		{
			code: attestationRule, variant: "supplier", expected: "le nom ou le SIREN de votre société",
			shown:  anyOf(sirenSearch(a.claim.Supplier.SIREN()), name),
			nearly: anyLike(likeSupplier(a.claim.Supplier), nameLike),
		},
	}
}

// supplierNames gives the names under which the supplier is enrolled.
func (a *assessment) supplierNames() []string {
	var names []string
	for _, row := range a.Registers.Enrolments(a.folder()) {
		names = append(names, registered(a, supplierRegister, string(row.Supplier), "Raison sociale", row.Name))
	}
	return names
}

// sirenSearch finds a company's number, by itself, at the head of a SIRET, or
// at the end of a number for VAT within the Union (FR, a key of two digits, the
// SIREN), however blanks and line breaks group it.
func sirenSearch(siren string) search {
	return func(_ *layer, s *stream, accept visit) bool {
		for first := range s.tokens {
			if last, ok := s.sirenAt(first, siren); ok && accept(span{first, last}) {
				return true
			}
		}
		return false
	}
}

// nicDigits is how many digits follow the SIREN in a SIRET.
const nicDigits = 5

// sirenAt tells whether a SIREN is written from a token on, and up to which.
func (s *stream) sirenAt(first int, siren string) (last int, found bool) {
	digits := siren
	inWord := first > 0 && s.before(first) == ""
	switch {
	case siren == "" || !s.isNumber(first):
		return 0, false
	case first > 0 && s.token(first-1) == "fr" && (inWord || s.before(first) == " "):
		// The key stands before the SIREN, in the same group or in one of its own.
		digits = s.token(first)[:min(2, len(s.token(first)))] + siren
	case inWord || first > 0 && s.isNumber(first-1) && joins(s.before(first)):
		return 0, false
	}
	written := s.token(first)
	for last = first; len(written) < len(digits) && strings.HasPrefix(digits, written); last++ {
		if separator := s.after(last); !s.isNumber(last+1) || separator != " " && separator != "\n" {
			return 0, false
		}
		written += s.token(last + 1)
	}
	nic, ok := strings.CutPrefix(written, digits)
	if isSIRET := digits == siren && len(nic) == nicDigits; !ok || nic != "" && !isSIRET {
		return 0, false
	}
	goesOn := last+1 < len(s.tokens) && (s.after(last) == "" || s.isNumber(last+1) && joins(s.after(last)))
	return last, !goesOn
}
