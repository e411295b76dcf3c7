package validators

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"guichet/pipeline/claim"
)

// order asks CMD-01 to CMD-04, CMD-06 and DEL-01 (AF §2, §4.4).
// CMD-05 depends on other claims: see [AssessHistory]. An order's date has no
// hour, so days are compared: the days of opening, closing and reception are in
// order.
func (a *assessment) order() {
	a.ask("CMD-01", a.sinceOpening)
	a.ask("CMD-02", a.byClosing)
	a.ask("CMD-03", a.byReception)
	a.ask("CMD-04", a.compliant)
	a.ask("CMD-06", a.signingTime)
	a.ask("DEL-01", a.inTime)
}

// orderDate gives the order's date, where rules may read it.
func (a *assessment) orderDate() (claim.Date, bool) {
	field, ok := a.field(claim.FieldOrderDate)
	return field.Date, ok
}

// orderDates are the parameters of CMD-01 to CMD-03.
func (a *assessment) orderDates(date claim.Date) params {
	calendar := a.Programme.Calendar
	return params{
		"date": date.French(), "received": claim.FrenchInstant(a.claim.ReceivedAt),
		"opening": calendar.Opening.French(), "closing": calendar.Closing.French(),
	}
}

// sinceOpening tells CMD-01 of an order before the opening.
func (a *assessment) sinceOpening() bool {
	date, ok := a.orderDate()
	if ok && date.Before(programmed(a, "calendar.opening", a.Programme.Calendar.Opening)) {
		a.tellField(claim.FieldOrderDate, "CMD-01", "", a.orderDates(date))
	}
	return ok
}

// byClosing tells CMD-02 of an order after the closing.
func (a *assessment) byClosing() bool {
	date, ok := a.orderDate()
	if ok && date.After(programmed(a, "calendar.closing", a.Programme.Calendar.Closing).Day) {
		a.tellField(claim.FieldOrderDate, "CMD-02", "", a.orderDates(date))
	}
	return ok
}

// byReception tells CMD-03 of an order after its reception.
func (a *assessment) byReception() bool {
	date, ok := a.orderDate()
	if ok && date.After(claim.DateOf(a.received())) {
		a.tellField(claim.FieldOrderDate, "CMD-03", "", a.orderDates(date))
	}
	return ok
}

// compliant tells CMD-04 of an order that is neither presumed compliant nor
// near enough to the solution's complete proof file.
func (a *assessment) compliant() bool {
	date, ok := a.orderDate()
	if !ok {
		return false
	}
	s, ok := a.solution()
	if !ok {
		return false
	}
	calendar := a.Programme.Calendar
	if date.After(programmed(a, "calendar.presumed_compliant_after", calendar.PresumedCompliantAfter)) {
		return true
	}
	proof := solutionCell(a, s, "Dossier complet le", s.ProofFile)
	if proof.IsZero() {
		a.tellField(claim.FieldOrderDate, "CMD-04", "unknown", params{"reference": s.ANSReference}).Outcome = claim.Review
		return true
	}
	allowed := programmed(a, "calendar.pre_reference_days", calendar.PreReferenceDays)
	if days := date.DaysUntil(proof.Day); days > allowed {
		a.tellField(claim.FieldOrderDate, "CMD-04", "", params{
			"date": date.French(), "proof": proof.French(),
			"days": strconv.Itoa(days), "allowed": strconv.Itoa(allowed),
		})
	}
	return true
}

// signingTime tells CMD-06, once for each bound that a signature of the
// purchase order passes. A signature that does not verify proves no time, and
// a document timestamp is nobody's signature.
func (a *assessment) signingTime() bool {
	d, ok := a.openDocument(claim.PurchaseOrder)
	if !ok {
		return false
	}
	calendar := a.Programme.Calendar
	received := a.received()
	bounds := []struct {
		variant string
		passed  func(time.Time) bool
		told    bool
	}{
		{"", func(t time.Time) bool { return t.Before(calendar.Opening.Start()) }, false},
		{"closing", func(t time.Time) bool { return !calendar.Closing.Includes(t) }, false},
		{"reception", func(t time.Time) bool { return t.After(received) }, false},
	}
	timed := false
	for i := range d.Facts.Signatures {
		signature := &d.Facts.Signatures[i]
		if signature.Timestamp || signature.Integrity != claim.Intact {
			continue
		}
		at := saw(a, FromDocument, signature.SignedAt, documentName(d), "signature", signature.Field, "signed at")
		if at.IsZero() {
			continue
		}
		timed = true
		programmed(a, "calendar.opening", calendar.Opening)
		programmed(a, "calendar.closing", calendar.Closing)
		for i := range bounds {
			bound := &bounds[i]
			if bound.told || !bound.passed(at) {
				continue
			}
			bound.told = true
			f := a.tellDocument(d, "CMD-06", bound.variant, params{
				"signed": claim.FrenchInstant(at), "received": claim.FrenchInstant(received),
				"opening": calendar.Opening.French(), "closing": calendar.Closing.French(),
			})
			f.Page, f.Rect = signature.Page, signature.Rect
		}
	}
	return timed || a.silent("no electronic signature that verifies tells a time")
}

// inTime tells DEL-01. It stands on the reception alone: where the exception
// reads a value that is at fault, the exception is not shown.
func (a *assessment) inTime() bool {
	closing := programmed(a, "calendar.closing", a.Programme.Calendar.Closing)
	received := a.received()
	if closing.Includes(received) || a.archived() {
		return true
	}
	a.tell("DEL-01", "", params{
		"received": claim.FrenchInstant(received), "closing": closing.French(),
		"late": lateness(received.Sub(closing.At)),
	})
	return true
}

// archived tells whether the archive exception holds (AF §2): the solution's
// proof file was complete in time, it was not yet referenced on the day that
// the programme names, and this order was deposited in the electronic archive
// in its window.
func (a *assessment) archived() bool {
	s, ok := a.solution()
	if !ok || !a.proven(s) || !a.unreferenced(s) {
		return false
	}
	pharmacy, ok := a.establishment()
	if !ok {
		return false
	}
	deposits := a.Registers.Deposits(pharmacy.FINESS)
	saw(a, FromRegister, len(deposits), archivingRegister, "rows for", string(pharmacy.FINESS))
	return slices.ContainsFunc(deposits, func(deposit claim.Deposit) bool { return a.deposited(deposit, s) })
}

// proven tells whether a solution's proof file was complete in time. Where the
// register gives no hour, days are compared.
func (a *assessment) proven(s claim.Solution) bool {
	proof := solutionCell(a, s, "Dossier complet le", s.ProofFile)
	if proof.IsZero() {
		return false
	}
	deadline := programmed(a, "calendar.proof_deadline", a.Programme.Calendar.ProofDeadline)
	if !proof.HasTime {
		return !proof.Day.After(deadline.Day)
	}
	return deadline.Includes(proof.At)
}

// unreferenced tells whether a solution was not yet referenced on the day that
// the archive exception asks for.
func (a *assessment) unreferenced(s claim.Solution) bool {
	referenced := solutionCell(a, s, "Référencé le", s.Referenced)
	return referenced.IsZero() || referenced.After(programmed(a, "calendar.archive_unreferenced_on", a.Programme.Calendar.ArchiveUnreferencedOn))
}

// deposited tells whether a deposit is this order's: the supplier's or the
// publisher's, in the archive's window, with this document's digest where one
// is given.
func (a *assessment) deposited(deposit claim.Deposit, s claim.Solution) bool {
	by := depositCell(a, deposit, "SIRET fournisseur", deposit.Supplier)
	if by != a.folder() && by != solutionCell(a, s, "SIRET éditeur", s.Publisher) {
		return false
	}
	calendar := a.Programme.Calendar
	at := depositCell(a, deposit, "Déposé le", deposit.At).At
	from, closing := programmed(a, "calendar.archive_from", calendar.ArchiveFrom), programmed(a, "calendar.closing", calendar.Closing)
	return !at.Before(from.At) && closing.Includes(at) && a.isOrder(depositCell(a, deposit, "Empreinte SHA-256", deposit.SHA256))
}

// depositCell is a cell of a deposit's row.
func depositCell[T any](a *assessment, deposit claim.Deposit, column string, value T) T {
	return registered(a, archivingRegister, string(deposit.FINESS), column, value)
}

// isOrder tells whether a digest, where one is given, is the purchase order's.
func (a *assessment) isOrder(digest string) bool {
	d := a.claim.Document(claim.PurchaseOrder)
	return digest == "" || d != nil && d.Object != nil &&
		strings.EqualFold(saw(a, FromDocument, d.Object.SHA256, documentName(d), "SHA-256"), digest)
}

// lateness tells a span in words, in its two largest units and never longer
// than it is: 3 s, 2 min, 1 j 4 h.
func lateness(late time.Duration) string {
	units := []struct {
		name string
		span time.Duration
	}{{"j", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}, {"ms", time.Millisecond}}
	for i, unit := range units {
		count := late / unit.span
		if count == 0 {
			continue
		}
		words := fmt.Sprintf("%d %s", count, unit.name)
		// Milliseconds are told only where there is nothing larger.
		if i+1 < len(units)-1 {
			if rest := late % unit.span / units[i+1].span; rest > 0 {
				words += fmt.Sprintf(" %d %s", rest, units[i+1].name)
			}
		}
		return words
	}
	return "moins de 1 ms"
}
