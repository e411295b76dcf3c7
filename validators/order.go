package validators

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"guichet/pipeline/claim"
)

// order tells CMD-01 to CMD-04, CMD-06 and DEL-01 (AF §2, §4.4), for advances.
// CMD-05 depends on other claims: see [AssessHistory].
func (a *assessment) order() {
	if a.claim.Kind != claim.Advance {
		return
	}
	if a.readable(claim.FieldOrderDate) {
		a.orderDate(a.claim.Row.Field(claim.FieldOrderDate).Date)
	}
	a.signingTime()
	a.reception()
}

// orderDate tells CMD-01 to CMD-04. An order's date has no hour, so days are
// compared: the days of opening, closing and reception are in order.
func (a *assessment) orderDate(date claim.Date) {
	calendar := a.Programme.Calendar
	p := params{
		"date": date.French(), "received": claim.FrenchInstant(a.claim.ReceivedAt),
		"opening": calendar.Opening.French(), "closing": calendar.Closing.French(),
	}
	if date.Before(calendar.Opening) {
		a.tellField(claim.FieldOrderDate, "CMD-01", "", p)
	}
	if date.After(calendar.Closing.Day) {
		a.tellField(claim.FieldOrderDate, "CMD-02", "", p)
	}
	if date.After(claim.DateOf(a.claim.ReceivedAt)) {
		a.tellField(claim.FieldOrderDate, "CMD-03", "", p)
	}
	if solution, ok := a.solution(); ok && !date.After(calendar.PresumedCompliantAfter) {
		a.beforeProof(date, solution)
	}
}

// beforeProof tells CMD-04 of an order that is not presumed compliant.
func (a *assessment) beforeProof(date claim.Date, s claim.Solution) {
	if s.ProofFile.IsZero() {
		f := a.tellField(claim.FieldOrderDate, "CMD-04", "unknown", params{"reference": s.ANSReference})
		f.Outcome = claim.Review
		return
	}
	allowed := a.Programme.Calendar.PreReferenceDays
	if days := date.DaysUntil(s.ProofFile.Day); days > allowed {
		a.tellField(claim.FieldOrderDate, "CMD-04", "", params{
			"date": date.French(), "proof": s.ProofFile.French(),
			"days": strconv.Itoa(days), "allowed": strconv.Itoa(allowed),
		})
	}
}

// signingTime tells CMD-06, once for each bound that a signature of the
// purchase order passes. A signature that does not verify proves no time, and
// a document timestamp is nobody's signature.
func (a *assessment) signingTime() {
	d := a.claim.Document(claim.PurchaseOrder)
	if d == nil || d.Facts == nil || d.Facts.Status != claim.ReadOK {
		return
	}
	calendar := a.Programme.Calendar
	bounds := []struct {
		variant string
		passed  func(time.Time) bool
		told    bool
	}{
		{"", func(t time.Time) bool { return t.Before(calendar.Opening.Start()) }, false},
		{"closing", func(t time.Time) bool { return !calendar.Closing.Includes(t) }, false},
		{"reception", func(t time.Time) bool { return t.After(a.claim.ReceivedAt) }, false},
	}
	for _, signature := range d.Facts.Signatures {
		if signature.Timestamp || signature.Integrity != claim.Intact || signature.SignedAt.IsZero() {
			continue
		}
		for i := range bounds {
			bound := &bounds[i]
			if bound.told || !bound.passed(signature.SignedAt) {
				continue
			}
			bound.told = true
			f := a.tellDocument(d, "CMD-06", bound.variant, params{
				"signed": claim.FrenchInstant(signature.SignedAt), "received": claim.FrenchInstant(a.claim.ReceivedAt),
				"opening": calendar.Opening.French(), "closing": calendar.Closing.French(),
			})
			f.Page, f.Rect = signature.Page, signature.Rect
		}
	}
}

// reception tells DEL-01. It stands on the reception alone: where the
// exception reads a value that is at fault, the exception is not shown.
func (a *assessment) reception() {
	closing := a.Programme.Calendar.Closing
	if closing.Includes(a.claim.ReceivedAt) || a.archived() {
		return
	}
	a.tell("DEL-01", "", params{
		"received": claim.FrenchInstant(a.claim.ReceivedAt), "closing": closing.French(),
		"late": lateness(a.claim.ReceivedAt.Sub(closing.At)),
	})
}

// archived tells whether the archive exception holds (AF §2): the solution's
// proof file was complete in time, it was not yet referenced on the day that
// the programme names, and this order was deposited in the electronic archive
// in its window.
func (a *assessment) archived() bool {
	calendar := a.Programme.Calendar
	solution, ok := a.solution()
	if !ok || solution.ProofFile.IsZero() {
		return false
	}
	complete := calendar.ProofDeadline.Includes(solution.ProofFile.At)
	if !solution.ProofFile.HasTime {
		complete = !solution.ProofFile.Day.After(calendar.ProofDeadline.Day)
	}
	unreferenced := solution.Referenced.IsZero() || solution.Referenced.After(calendar.ArchiveUnreferencedOn)
	pharmacy, ok := a.establishment()
	if !complete || !unreferenced || !ok {
		return false
	}
	for _, deposit := range a.Registers.Deposits(pharmacy.FINESS) {
		bySupplier := deposit.Supplier == a.claim.Supplier || deposit.Supplier == solution.Publisher
		inWindow := !deposit.At.At.Before(calendar.ArchiveFrom.At) && calendar.Closing.Includes(deposit.At.At)
		if bySupplier && inWindow && a.isOrder(deposit.SHA256) {
			return true
		}
	}
	return false
}

// isOrder tells whether a digest, where one is given, is the purchase order's.
func (a *assessment) isOrder(digest string) bool {
	d := a.claim.Document(claim.PurchaseOrder)
	return digest == "" || d != nil && d.Object != nil && strings.EqualFold(d.Object.SHA256, digest)
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
