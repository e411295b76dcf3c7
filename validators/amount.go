package validators

import (
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

// amount tells MNT-01 to MNT-05 (AF §5).
func (a *assessment) amount() {
	a.amountExclTax()
	regime, ok := a.text(claim.FieldVATRegime)
	if !ok {
		return
	}
	if regime == claim.NotLiableToVAT {
		a.exemption()
	}
	a.enrolledRegime(regime)
}

// amountExclTax tells MNT-01 and MNT-02.
func (a *assessment) amountExclTax() {
	if !a.readable(claim.FieldAmount) {
		return
	}
	amount := a.claim.Row.Field(claim.FieldAmount).Amount
	switch {
	case amount.Finer && amount.Cents >= 0:
		a.tellField(claim.FieldAmount, "MNT-02", "decimals", nil)
	case amount.Cents <= 0:
		a.tellField(claim.FieldAmount, "MNT-02", "", nil)
	default:
		if tranche, ok := a.tranche(); ok && amount.Cents > tranche.CeilingExclTax {
			a.tellField(claim.FieldAmount, "MNT-01", "", params{
				"amount": amount.Cents.French(), "tranche": tranche.Name, "ceiling": tranche.CeilingExclTax.French(),
			})
		}
	}
}

// exemption tells MNT-03 of a supplier that declares itself not liable to VAT.
func (a *assessment) exemption() {
	switch a.claim.Row.Field(claim.FieldVATFile).State {
	case claim.FieldEmpty:
		a.tellField(claim.FieldVATFile, "MNT-03", "", nil)
	case claim.FieldAbsent:
		// There is no cell to show but the regime's.
		a.tellField(claim.FieldVATRegime, "MNT-03", "", nil)
	case claim.FieldOK:
		a.attestation()
	case claim.FieldBad, claim.FieldNoValue: // LIG-02, LIG-04
	}
}

// enrolledRegime tells MNT-04, by the supplier's row for this solution: that in
// force at reception, else the latest.
func (a *assessment) enrolledRegime(regime string) {
	solution, ok := a.solution()
	if !ok || a.told("FOU-01") {
		return
	}
	rows := a.enrolments(solution)
	day := claim.DateOf(a.claim.ReceivedAt)
	current := slices.IndexFunc(rows, func(row claim.Enrolment) bool { return inForce(row, day) })
	if current < 0 {
		for i, row := range rows {
			if current < 0 || row.From.After(rows[current].From) {
				current = i
			}
		}
	}
	if current >= 0 && rows[current].VATRegime != "" && rows[current].VATRegime != regime {
		a.tellField(claim.FieldVATRegime, "MNT-04", "", params{"expected": rows[current].VATRegime})
	}
}

// attestationRule is the code of what an attestation must show.
const attestationRule = "MNT-05"

// attestation tells MNT-05 of a document that does not show a service of the
// tax authority, or the supplier by its name or SIREN, and gives the evidence
// for what it shows. Where its text cannot be read, that is DOC-06.
func (a *assessment) attestation() {
	d := a.claim.Document(claim.VATExemption)
	if d == nil || !opened(d) {
		return
	}
	if _, blind := a.blind(d); !blind {
		a.look(d, a.attested())
	}
}

// attested gives what the attestation of a supplier that is not liable to VAT
// must show.
func (a *assessment) attested() []mention {
	regime, ok := a.text(claim.FieldVATRegime)
	if !ok || regime != claim.NotLiableToVAT || !a.readable(claim.FieldVATFile) {
		return nil
	}
	authorities := a.Programme.Exemption.Authorities
	var services []search
	for _, name := range authorities {
		services = append(services, phraseOf(name).search())
	}
	var known []string
	for _, row := range a.Registers.Enrolments(a.claim.Supplier) {
		if distinctive(a.Programme.Names, row.Name) {
			known = append(known, row.Name)
		}
	}
	name, nameLike := companiesShown(a.Programme.Names, known)
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
