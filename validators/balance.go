package validators

import (
	"cmp"
	"fmt"

	"guichet/pipeline/claim"
)

// balance asks DOS-01, DOS-02, FAC-04 and DEL-02 (AF §6.2). DOS-03, DOS-04,
// DEL-03, DEL-04 and what declarations tell of FAC-04 depend on other claims: see
// [AssessHistory]. What the invoice and the VA show is asked with the mentions.
func (a *assessment) balance() {
	a.ask("DOS-01", a.knownDossier)
	a.ask("DOS-02", a.ownDossier)
	a.ask("FAC-04", a.datesInOrder)
	a.ask("DEL-02", a.byServicesEnd)
}

// balanceHistory asks the rules between a later claim and others of its dossier.
func (a *assessment) balanceHistory(h History) {
	a.ask("DOS-03", func() bool { return a.unpaid(h) })
	a.ask("DOS-04", func() bool { return a.openDossier(h) })
	a.ask("FAC-04", func() bool { return a.asDeclared(h) })
	a.ask("DEL-03", func() bool { return a.byFinalClosing(h) })
	a.ask("DEL-04", func() bool { return a.byServicesEndOrDeclared(h) })
}

// The mentions of an invoice and of a VA. Those of a VA are the title, and that
// it is this dossier's.
var (
	invoiceMentions = []mentionRule{
		{"FAC-01", (*assessment).dossierOwed},
		{"FAC-02", (*assessment).issueDateOwed},
		{"FAC-03", (*assessment).completionDateOwed},
		{"FAC-05", (*assessment).fullAmountOwed},
		{"FAC-06", (*assessment).fundedCompanyOwed},
	}
	aptitudeMentions = []mentionRule{
		{"VA-01", (*assessment).aptitudeTitleOwed},
		{"VA-01", (*assessment).aptitudeDossierOwed},
	}
)

// quoted gives the accepted advance of the dossier that the row quotes, whoever
// filed it; false where the number is unreadable (LIG), or its key is wrong or
// the ledger does not know it (DOS-01).
func (a *assessment) quoted() (*claim.Result, bool) {
	text, ok := a.text(claim.FieldDossier)
	if !ok {
		return nil, false
	}
	if !saw(a, FromCell, claim.DossierNumber(text).KeyOK(), "dossier key right") {
		return nil, a.silent("DOS-01")
	}
	advance := a.claim.Advance
	told := ""
	if advance != nil {
		told = fmt.Sprintf("claim %s, supplier %s, batch %s r%d, row %d", advance.Claim, advance.Supplier, advance.Batch, advance.Revision, advance.Row)
	}
	if saw(a, FromHistory, told, "dossier", text) == "" {
		return nil, a.silent("DOS-01")
	}
	return advance, true
}

// advance gives the accepted advance of the dossier that the row quotes; false
// where [assessment.quoted] gives none, or another supplier's (DOS-02).
func (a *assessment) advance() (*claim.Result, bool) {
	advance, ok := a.quoted()
	if !ok {
		return nil, false
	}
	return advance, advance.Supplier == a.folder() || a.silent("DOS-02")
}

// dossierFact is something that the ledger tells of a dossier's advance.
func dossierFact[T any](a *assessment, advance *claim.Result, fact string, value T) T {
	return saw(a, FromHistory, value, "dossier", advance.Dossier, fact)
}

// fundedPharmacy gives the row of the FINESS register for the dossier's pharmacy.
func (a *assessment) fundedPharmacy() (claim.Establishment, bool) {
	advance, ok := a.advance()
	if !ok {
		return claim.Establishment{}, false
	}
	finess := dossierFact(a, advance, "FINESS", advance.FINESS)
	e, ok := a.Registers.Establishment(finess)
	if !saw(a, FromRegister, ok, finessRegister, string(finess), "has a row") {
		return claim.Establishment{}, a.silent("the register has no row of the pharmacy")
	}
	return e, true
}

// knownDossier tells DOS-01 of a number with a wrong key, or that was not
// allocated.
func (a *assessment) knownDossier() bool {
	if !a.readable(claim.FieldDossier) {
		return false
	}
	if _, ok := a.quoted(); !ok {
		a.tellField(claim.FieldDossier, "DOS-01", "", nil)
	}
	return true
}

// ownDossier tells DOS-02 of another supplier's dossier.
func (a *assessment) ownDossier() bool {
	advance, ok := a.quoted()
	if !ok {
		return false
	}
	if advance.Supplier != a.folder() {
		a.tellField(claim.FieldDossier, "DOS-02", "", nil).Operators = fmt.Sprintf(
			"Le dossier %s est celui du fournisseur %s : demande %s (lot %s, ligne %d, reçue le %s).",
			advance.Dossier, advance.Supplier, advance.Claim, advance.Batch, advance.Row, claim.FrenchInstant(advance.ReceivedAt))
	}
	return true
}

// unpaid tells DOS-03 of a dossier whose balance is accepted, or under review in
// the same night.
func (a *assessment) unpaid(h History) bool {
	advance, ok := a.advance()
	if !ok {
		return false
	}
	claims := h.Dossier(advance.Dossier).Claims
	if p, ok := a.other(laterClaims, claims, func(p PastClaim) bool { return p.Kind == claim.Balance && p.Decision == claim.Accepted }); ok {
		a.tellField(claim.FieldDossier, "DOS-03", "", nil).Operators = fmt.Sprintf("Le solde du dossier %s est déjà accepté : %s.", advance.Dossier, p.operators())
	} else if p, ok := a.other(laterClaims, claims, func(p PastClaim) bool {
		return p.Kind == claim.Balance && p.Decision == claim.UnderReview && p.Beside
	}); ok {
		f := a.tellField(claim.FieldDossier, "DOS-03", "pending", nil)
		f.Outcome = claim.Review
		f.Operators = fmt.Sprintf("Un autre solde du dossier %s est en cours d'examen : %s.", advance.Dossier, p.operators())
	}
	return true
}

// laterClaims names for [assessment.other] what [History.Dossier] gives.
const laterClaims = "balances and completions that quote the dossier"

// openDossier tells DOS-04 of a dossier that an order to repay closed.
func (a *assessment) openDossier(h History) bool {
	advance, ok := a.advance()
	if !ok {
		return false
	}
	if dossierFact(a, advance, "closed", h.Dossier(advance.Dossier).Closed) {
		a.tellField(claim.FieldDossier, "DOS-04", "", nil)
	}
	return true
}

// dossierOwed is FAC-01, and the first half of FIN-01.
func (a *assessment) dossierOwed() (mention, bool) {
	advance, ok := a.advance()
	if !ok {
		return mention{}, false
	}
	number := claim.DossierNumber(advance.Dossier)
	return valueOwed(claim.FieldDossier, advance.Dossier, dossierSearch(number), likeDossier(number)), true
}

// issueDateOwed is FAC-02.
func (a *assessment) issueDateOwed() (mention, bool) { return a.dayOwed(claim.FieldInvoiceDate) }

// completionDateOwed is FAC-03, and the second half of FIN-01.
func (a *assessment) completionDateOwed() (mention, bool) { return a.dayOwed(claim.FieldCompletedOn) }

// dayOwed is a day of the row.
func (a *assessment) dayOwed(id claim.FieldID) (mention, bool) {
	field, ok := a.field(id)
	return valueOwed(id, field.Date.French(), dateSearch(field.Date), likeDate(field.Date)), ok
}

// fullAmountOwed is FAC-05.
func (a *assessment) fullAmountOwed() (mention, bool) {
	advance, ok := a.advance()
	if !ok {
		return mention{}, false
	}
	if advance.Amounts.ExclTax == nil {
		return mention{}, a.silent("the ledger has no amount of the order")
	}
	amount := dossierFact(a, advance, "amount excl. VAT", *advance.Amounts.ExclTax)
	return valueOwed("", amount.French(), amountSearch(amount), likeAmount(amount)), true
}

// fundedCompanyOwed is FAC-06: the name of the pharmacy on the advance's row, or
// one of the register's, then or now.
func (a *assessment) fundedCompanyOwed() (mention, bool) {
	advance, ok := a.advance()
	if !ok {
		return mention{}, false
	}
	name := dossierFact(a, advance, "company name", cmp.Or(advance.RowName, advance.CompanyName))
	if name == "" {
		return mention{}, a.silent("the ledger has no name of the pharmacy")
	}
	registered := []string{dossierFact(a, advance, "name in the register", advance.CompanyName)}
	if e, known := a.establishment(); known {
		registered = append(registered, a.registeredNames(e)...)
	}
	shown, nearly := companiesShown(a.Programme.Names, append(a.distinctive(registered), name))
	return valueOwed("", name, shown, nearly), true
}

// aptitudeTitleOwed is the first half of VA-01.
func (a *assessment) aptitudeTitleOwed() (mention, bool) {
	return fixedMention(programmed(a, "mentions.aptitude", a.Programme.Mentions.Aptitude)), true
}

// aptitudeDossierOwed is the second half of VA-01: the dossier, or its pharmacy.
func (a *assessment) aptitudeDossierOwed() (mention, bool) {
	m, ok := a.dossierOwed()
	if !ok {
		return mention{}, false
	}
	finess := dossierFact(a, a.claim.Advance, "FINESS", a.claim.Advance.FINESS)
	m.variant = "dossier"
	m.shown, m.nearly = anyOf(m.shown, finessSearch(finess)), anyLike(m.nearly, likeKeyed(finess))
	return m, true
}

// datedEvent is a day that FAC-04 compares.
type datedEvent struct {
	name string // as suppliers read it
	date claim.Date
}

// event is a day of the row, if rules may read it.
func (a *assessment) event(id claim.FieldID, name string) (datedEvent, bool) {
	field, ok := a.field(id)
	if field.Cell != "" {
		name += ", cellule " + field.Cell
	}
	return datedEvent{name, field.Date}, ok
}

// datesInOrder tells FAC-04 of each pair of days out of order, where both can be
// read. The same day is in order.
func (a *assessment) datesInOrder() bool {
	completion, completed := a.event(claim.FieldCompletedOn, "la date de finalisation de la prestation")
	issue, issued := a.event(claim.FieldInvoiceDate, "la date d'émission de la facture")
	received := datedEvent{"la réception de la demande", claim.DateOf(a.received())}
	order, ordered := a.orderOf()
	for _, pair := range []struct {
		first, second datedEvent
		field         claim.FieldID
		asked         bool
	}{
		{order, completion, claim.FieldCompletedOn, ordered && completed},
		{completion, received, claim.FieldCompletedOn, completed},
		{issue, received, claim.FieldInvoiceDate, issued},
	} {
		if pair.asked && pair.first.date.After(pair.second.date) {
			a.tellField(pair.field, "FAC-04", "", params{
				"first": pair.first.name, "first_date": pair.first.date.French(),
				"second": pair.second.name, "second_date": pair.second.date.French(),
			})
		}
	}
	return completed || issued
}

// orderOf gives the day of the dossier's order; false where the ledger does not
// tell it.
func (a *assessment) orderOf() (datedEvent, bool) {
	advance, ok := a.advance()
	if !ok {
		return datedEvent{}, false
	}
	date := dossierFact(a, advance, "order date", advance.OrderDate)
	return datedEvent{"la date de commande du dossier", date}, !date.IsZero()
}

// asDeclared warns, by FAC-04, of an accepted declaration whose day of completion
// is another than the balance's.
func (a *assessment) asDeclared(h History) bool {
	advance, ok := a.advance()
	if !ok {
		return false
	}
	field, ok := a.field(claim.FieldCompletedOn)
	if !ok {
		return false
	}
	if p, ok := a.other(laterClaims, h.Dossier(advance.Dossier).Claims, func(p PastClaim) bool {
		return isDeclaration(p) && p.CompletedOn != field.Date
	}); ok {
		a.tellField(claim.FieldCompletedOn, "FAC-04", "declared", params{
			"date": field.Date.French(), "declared": p.CompletedOn.French(), "received": claim.FrenchInstant(p.ReceivedAt),
		}).Outcome = claim.Warn
	}
	return true
}

// isDeclaration tells whether a past claim is an accepted declaration that the
// work is finished.
func isDeclaration(p PastClaim) bool {
	return p.Kind == claim.Completion && p.Decision == claim.Accepted && p.Nature == claim.Finished
}

// byServicesEnd tells DEL-02 of work finished after the end of services. A
// declaration of incapacity finishes none.
func (a *assessment) byServicesEnd() bool {
	if !a.finishes() {
		return false
	}
	field, ok := a.field(claim.FieldCompletedOn)
	if !ok {
		return false
	}
	if end := programmed(a, "calendar.services_end", a.Programme.Calendar.ServicesEnd); field.Date.After(end.Day) {
		a.tellField(claim.FieldCompletedOn, "DEL-02", "", params{"date": field.Date.French(), "services_end": end.French()})
	}
	return true
}

// byFinalClosing tells DEL-03 of a balance received after the final closing.
func (a *assessment) byFinalClosing(h History) bool {
	closing := programmed(a, "calendar.final_closing", a.Programme.Calendar.FinalClosing)
	received := a.received()
	if !closing.Includes(received) {
		a.tellLate(h, "DEL-03", closing, params{
			"received": claim.FrenchInstant(received), "late": lateness(received.Sub(closing.At)), "final_closing": closing.French(),
		})
	}
	return true
}

// byServicesEndOrDeclared tells DEL-04 of a balance received after the end of
// services, where no accepted declaration of the dossier was received by then.
func (a *assessment) byServicesEndOrDeclared(h History) bool {
	end := programmed(a, "calendar.services_end", a.Programme.Calendar.ServicesEnd)
	received := a.received()
	advance, ok := a.advance()
	if !ok {
		return false
	}
	if end.Includes(received) {
		return true
	}
	if _, declared := a.other(laterClaims, h.Dossier(advance.Dossier).Claims, func(p PastClaim) bool {
		return isDeclaration(p) && p.Supplier == advance.Supplier && end.Includes(p.ReceivedAt)
	}); !declared {
		a.tellLate(h, "DEL-04", end, params{
			"received": claim.FrenchInstant(received), "late": lateness(received.Sub(end.At)), "services_end": end.French(),
		})
	}
	return true
}

// tellLate tells DEL-03 or DEL-04. A balance that replaces one of the supplier's
// that is to be completed, and was received in time, goes to a person. Where the
// dossier is not the supplier's, it replaces none.
func (a *assessment) tellLate(h History, code string, deadline claim.Moment, p params) {
	advance, ok := a.advance()
	if !ok {
		a.tell(code, "", p)
		return
	}
	replaced, ok := a.other(laterClaims, h.Dossier(advance.Dossier).Claims, func(p PastClaim) bool {
		return p.Kind == claim.Balance && p.Decision == claim.ToComplete && p.Supplier == advance.Supplier && deadline.Includes(p.ReceivedAt)
	})
	if !ok {
		a.tell(code, "", p)
		return
	}
	f := a.tell(code, "replaces", p)
	f.Outcome = claim.Review
	f.Operators = fmt.Sprintf("%s Elle remplace une demande à compléter : %s.", f.Message, replaced.operators())
}
