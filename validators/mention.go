package validators

import (
	"maps"
	"unicode"

	"guichet/config"
	"guichet/pipeline/claim"
)

// mention is a text owed on a document (AF §6.1, §5.2).
type mention struct {
	code     string
	variant  string        // of the rule's text where it is missing
	field    claim.FieldID // that it is compared with; none for a fixed text
	expected string        // as suppliers read it
	params   params
	shown    search
	nearly   likeness // what OCR may have made of it
	fragile  bool     // a misread glyph makes another one of it: the word of OCR must be good
}

// mentions tells MEN-01 to MEN-13, and gives the evidence for those that the
// purchase order shows.
func (a *assessment) mentions() {
	d := a.purchaseOrder()
	if d == nil || a.unread(d) {
		return
	}
	a.look(d, a.owed())
}

// finder makes the finder of a document.
func (a *assessment) finder(d *claim.Document) *finder { return newFinder(d.Facts, a.trust()) }

// trust says how far OCR is believed.
func (a *assessment) trust() trust {
	return trust{least: a.Limits.OCRConfidence, surePage: a.Programme.Scans.SureConfidence, sureWord: a.Programme.Scans.SureWordConfidence}
}

// look gives the evidence for the mentions that a document shows, and tells
// those that it does not.
func (a *assessment) look(d *claim.Document, owed []mention) {
	f := a.finder(d)
	for _, m := range owed {
		found := f.see(m)
		if found.sight != shown {
			a.unseen(d, m, found, f)
			continue
		}
		a.evidence = append(a.evidence, claim.Evidence{
			Rule: m.code, Document: documentName(d), Page: found.page, Rect: found.rect, Text: found.text,
		})
	}
}

// unseen tells that a document does not show a mention. It goes to a person
// where no reader sees it, OCR read it without certainty or only nearly, or is
// not sure of a page and did not find it.
func (a *assessment) unseen(d *claim.Document, m mention, found hit, f *finder) {
	variant := m.variant
	switch {
	case found.sight == uncertain:
		variant = "approximate"
	case found.sight == hidden && m.code == attestationRule:
		if f.hasScans() {
			variant = "approximate" // in what another's OCR read
		}
	case found.sight == hidden:
		variant = "hidden"
	case !f.sure():
		variant = "unsure"
	}
	p := params{"expected": m.expected, "read": found.text}
	maps.Copy(p, m.params)
	finding := a.tellDocument(d, m.code, variant, p)
	if m.field != "" {
		a.place(finding, m.field)
	}
	if variant != m.variant {
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
	owed := []mention{{code: "MEN-01", expected: reference, shown: referenceSearch(reference), nearly: likeReference(reference)}}
	add := func(code string, field claim.FieldID, expected string, shown search, nearly likeness) {
		if a.readable(field) {
			owed = append(owed, mention{code: code, field: field, expected: expected, shown: shown, nearly: nearly, fragile: isFragile(expected)})
		}
	}
	date := row.Field(claim.FieldOrderDate).Date
	add("MEN-02", claim.FieldOrderDate, date.French(), dateSearch(date), likeDate(date))
	regime := row.Text(claim.FieldVATRegime)
	add("MEN-03", claim.FieldVATRegime, regime, regimeSearch(regime, rates(programme)), likeRegime(regime, rates(programme)))
	if amount := row.Field(claim.FieldAmount).Amount; amount.Cents > 0 && !amount.Finer {
		add("MEN-04", claim.FieldAmount, amount.Cents.French(), amountSearch(amount.Cents), likeAmount(amount.Cents))
	}
	manager := row.Text(claim.FieldManager)
	add("MEN-05", claim.FieldManager, manager, personSearch(programme.Names, manager), likePerson(programme.Names, manager))
	if finess := claim.FINESS(row.Text(claim.FieldFINESS)); finess.KeyOK() {
		add("MEN-06", claim.FieldFINESS, string(finess), finessSearch(finess), likeKeyed(finess))
	}
	name := row.Text(claim.FieldCompanyName)
	shown, nearly := a.companyShown(name)
	add("MEN-07", claim.FieldCompanyName, name, shown, nearly)
	email := row.Text(claim.FieldEmail)
	add("MEN-08", claim.FieldEmail, email, emailSearch(email), likeEmail(email))
	phone := row.Text(claim.FieldPhone)
	add("MEN-09", claim.FieldPhone, phone, phoneSearch(phone), likePhone(phone))
	owed = append(owed, fixedMention("MEN-10", programme.Mentions.Service))
	if a.readable(claim.FieldSolution, claim.FieldVersion) {
		owed = append(owed, a.solutionOwed())
	}
	owed = append(owed, fixedMention("MEN-12", programme.Mentions.StateFunded))
	if m, ok := a.conditionOwed(); ok {
		owed = append(owed, m)
	}
	return owed
}

// provenLetters is how many letters prove by themselves that they were read right.
const provenLetters = 9

// isFragile tells whether a value is one that OCR may make of another: it has
// few letters, and no key.
func isFragile(value string) bool {
	letters := 0
	for _, r := range value {
		if unicode.IsLetter(r) {
			letters++
		}
	}
	return letters < provenLetters && !claim.FINESS(value).KeyOK()
}

// fixedMention is a text that the programme words.
func fixedMention(code, text string) mention {
	return mention{code: code, expected: text, shown: phraseOf(text).search(), nearly: likePassage(text)}
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
func (a *assessment) companyShown(name string) (search, likeness) {
	known := []string{name}
	if e, ok := a.establishment(); ok {
		for _, registered := range []string{e.Name, e.LongName} {
			if distinctive(a.Programme.Names, registered) {
				known = append(known, registered)
			}
		}
	}
	return companiesShown(a.Programme.Names, known)
}

// companiesShown finds any of some companies' names.
func companiesShown(names config.Names, known []string) (search, likeness) {
	var looks []search
	var likes []likeness
	for _, name := range known {
		looks = append(looks, companySearch(names, name))
		likes = append(likes, likeCompany(names, name))
	}
	return anyOf(looks...), anyLike(likes...)
}

// solutionOwed is MEN-11: the row's solution and version, or those of its
// reference number where the row contradicts them (FOU-04).
func (a *assessment) solutionOwed() mention {
	name, version := a.claim.Row.Text(claim.FieldSolution), a.claim.Row.Text(claim.FieldVersion)
	m := mention{
		code: "MEN-11", field: claim.FieldSolution, expected: name + " " + version,
		shown: versionedSearch(name, version), nearly: likeVersioned(name, version), fragile: true,
	}
	if solution, ok := a.solution(); ok && a.told("FOU-04") {
		m.shown = anyOf(m.shown, versionedSearch(solution.Name, solution.Version))
		m.nearly = anyLike(m.nearly, likeVersioned(solution.Name, solution.Version))
	}
	return m
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
		nearly: likePassage(text),
	}, true
}
