package validators

import (
	"guichet/config"
	"guichet/pipeline/claim"
)

// mention is a text owed on a purchase order (AF §6.1).
type mention struct {
	code     string
	field    claim.FieldID // that it is compared with; none for a fixed text
	expected string        // as suppliers read it
	params   params
	shown    search
}

// mentions tells MEN-01 to MEN-13, and gives the evidence for those that the
// purchase order shows.
func (a *assessment) mentions() {
	d := a.purchaseOrder()
	if d == nil || a.unread(d) {
		return
	}
	f := newFinder(d.Facts)
	for _, m := range a.owed() {
		found, ok := f.find(m.shown)
		if ok && !found.hidden {
			a.evidence = append(a.evidence, claim.Evidence{
				Rule: m.code, Document: documentName(d), Page: found.page, Rect: found.rect, Text: found.text,
			})
			continue
		}
		a.missing(d, m, found, ok)
	}
}

// missing tells that the purchase order does not show a mention, or only where
// no reader sees it: that goes to a person.
func (a *assessment) missing(d *claim.Document, m mention, found hit, hidden bool) {
	variant := ""
	if hidden {
		variant = "hidden"
	}
	p := params{"expected": m.expected}
	for name, value := range m.params {
		p[name] = value
	}
	finding := a.tellDocument(d, m.code, variant, p)
	if m.field != "" {
		a.place(finding, m.field)
	}
	if hidden {
		finding.Outcome = claim.Review
		finding.Page, finding.Rect = found.page, found.rect
	}
}

// purchaseOrder gives an advance's purchase order, where it could be read.
func (a *assessment) purchaseOrder() *claim.Document {
	d := a.claim.Document(claim.PurchaseOrder)
	if a.claim.Kind != claim.Advance || d == nil || !opened(d) {
		return nil
	}
	return d
}

// owed gives the mentions that are owed and whose values rules may read.
func (a *assessment) owed() []mention {
	row, programme := a.claim.Row, a.Programme
	reference := programme.Reference
	owed := []mention{{code: "MEN-01", expected: reference, shown: referenceSearch(reference)}}
	add := func(code string, field claim.FieldID, expected string, shown search) {
		if a.readable(field) {
			owed = append(owed, mention{code: code, field: field, expected: expected, shown: shown})
		}
	}
	date := row.Field(claim.FieldOrderDate).Date
	add("MEN-02", claim.FieldOrderDate, date.French(), dateSearch(date))
	regime := row.Text(claim.FieldVATRegime)
	add("MEN-03", claim.FieldVATRegime, regime, regimeSearch(regime, rates(programme)))
	if amount := row.Field(claim.FieldAmount).Amount; amount.Cents > 0 && !amount.Finer {
		add("MEN-04", claim.FieldAmount, amount.Cents.French(), amountSearch(amount.Cents))
	}
	manager := row.Text(claim.FieldManager)
	add("MEN-05", claim.FieldManager, manager, personSearch(programme.Names, manager))
	if finess := claim.FINESS(row.Text(claim.FieldFINESS)); finess.KeyOK() {
		add("MEN-06", claim.FieldFINESS, string(finess), finessSearch(finess))
	}
	name := row.Text(claim.FieldCompanyName)
	add("MEN-07", claim.FieldCompanyName, name, a.companyShown(name))
	email := row.Text(claim.FieldEmail)
	add("MEN-08", claim.FieldEmail, email, emailSearch(email))
	phone := row.Text(claim.FieldPhone)
	add("MEN-09", claim.FieldPhone, phone, phoneSearch(phone))
	owed = append(owed, mention{code: "MEN-10", expected: programme.Mentions.Service, shown: phraseOf(programme.Mentions.Service).search()})
	if a.readable(claim.FieldSolution, claim.FieldVersion) {
		owed = append(owed, a.solutionOwed())
	}
	owed = append(owed, mention{code: "MEN-12", expected: programme.Mentions.StateFunded, shown: phraseOf(programme.Mentions.StateFunded).search()})
	if m, ok := a.conditionOwed(); ok {
		owed = append(owed, m)
	}
	return owed
}

// rates gives the rates of VAT that a liable supplier may charge.
func rates(programme *config.Programme) []claim.BasisPoints {
	var all []claim.BasisPoints
	add := func(rate config.Percent) {
		if rate > 0 {
			all = append(all, claim.BasisPoints(rate))
		}
	}
	add(programme.VAT.DefaultPercent)
	for _, rate := range programme.VAT.Rates {
		add(rate.Percent)
	}
	return all
}

// companyShown finds the row's name of the pharmacy or the register's.
func (a *assessment) companyShown(name string) search {
	looks := []search{companySearch(a.Programme.Names, name)}
	if e, ok := a.establishment(); ok {
		for _, registered := range []string{e.Name, e.LongName} {
			if distinctive(a.Programme.Names, registered) {
				looks = append(looks, companySearch(a.Programme.Names, registered))
			}
		}
	}
	return anyOf(looks...)
}

// solutionOwed is MEN-11: the row's solution and version, or those of its
// reference number where the row contradicts them (FOU-04).
func (a *assessment) solutionOwed() mention {
	name, version := a.claim.Row.Text(claim.FieldSolution), a.claim.Row.Text(claim.FieldVersion)
	shown := versionedSearch(name, version)
	if solution, ok := a.solution(); ok && a.told("FOU-04") {
		shown = anyOf(shown, versionedSearch(solution.Name, solution.Version))
	}
	return mention{code: "MEN-11", field: claim.FieldSolution, expected: name + " " + version, shown: shown}
}

// conditionOwed is MEN-13, owed by an order before the solution was
// referenced. One that is not referenced yet will be later than the order.
func (a *assessment) conditionOwed() (mention, bool) {
	solution, known := a.solution()
	date := a.claim.Row.Field(claim.FieldOrderDate).Date
	if !known || !a.readable(claim.FieldOrderDate) || !solution.Referenced.IsZero() && !date.Before(solution.Referenced) {
		return mention{}, false
	}
	referenced := "pas encore prononcé"
	if !solution.Referenced.IsZero() {
		referenced = solution.Referenced.French()
	}
	text := a.Programme.Mentions.Conditional
	return mention{
		code: "MEN-13", field: claim.FieldOrderDate, expected: text,
		params: params{"date": date.French(), "referenced": referenced},
		shown:  passageSearch(text, a.Programme.Mentions.ConditionalWords),
	}, true
}
