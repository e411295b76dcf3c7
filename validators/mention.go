package validators

import (
	"maps"
	"slices"
	"unicode"

	"guichet/config"
	"guichet/pipeline/claim"
)

// mention is a text owed on a document (AF §5.2, §6.1, §6.2).
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

// mentionRule is a rule that a document must show something: it gives what is
// owed, or false where nothing is or rules may not read its value.
type mentionRule struct {
	code string
	owed func(*assessment) (mention, bool)
}

// mentionRules are those of the documents of claims of each kind, by their roles.
var mentionRules = map[claim.Role][]mentionRule{
	claim.PurchaseOrder:         orderMentions,
	claim.Invoice:               invoiceMentions,
	claim.AptitudeCertificate:   aptitudeMentions,
	claim.CompletionCertificate: completionMentions,
}

// orderMentions are the mentions of a purchase order.
var orderMentions = []mentionRule{
	{"MEN-01", (*assessment).referenceOwed},
	{"MEN-02", (*assessment).dateOwed},
	{"MEN-03", (*assessment).regimeOwed},
	{"MEN-04", (*assessment).amountOwed},
	{"MEN-05", (*assessment).managerOwed},
	{"MEN-06", (*assessment).finessOwed},
	{"MEN-07", (*assessment).companyOwed},
	{"MEN-08", (*assessment).emailOwed},
	{"MEN-09", (*assessment).phoneOwed},
	{"MEN-10", (*assessment).serviceOwed},
	{"MEN-11", (*assessment).solutionOwed},
	{"MEN-12", (*assessment).fundingOwed},
	{"MEN-13", (*assessment).conditionOwed},
}

// mentions asks MEN-01 to MEN-13, FAC, VA-01 and FIN-01 of the documents that
// rows of the claim's kind name, and gives the evidence for those that they show.
func (a *assessment) mentions() {
	for _, column := range config.TemplateOf(a.claim.Kind).Columns {
		a.mentionsOn(column.Role)
	}
}

func (a *assessment) mentionsOn(role claim.Role) {
	var f *finder
	for _, rule := range mentionRules[role] {
		a.ask(rule.code, func() bool {
			d, ok := a.openDocument(role)
			if !ok {
				return false
			}
			if a.unread(d) {
				return a.silent("DOC-06")
			}
			m, ok := rule.owed(a)
			if !ok {
				return false
			}
			if f == nil {
				f = a.finder(d)
			}
			m.code = rule.code
			a.look(d, f, m)
			return true
		})
	}
}

// owed gives the mentions that a document in a role owes and whose values rules
// may read.
func (a *assessment) owed(role claim.Role) []mention {
	if role == claim.VATExemption {
		return a.attestationOwed()
	}
	var all []mention
	for _, rule := range mentionRules[role] {
		if m, ok := rule.owed(a); ok {
			m.code = rule.code
			all = append(all, m)
		}
	}
	return all
}

// finder makes the finder of a document.
func (a *assessment) finder(d *claim.Document) *finder { return newFinder(d.Facts, a.trust()) }

// trust says how far OCR is believed.
func (a *assessment) trust() trust {
	return trust{least: a.Limits.OCRConfidence, surePage: a.Programme.Scans.SureConfidence, sureWord: a.Programme.Scans.SureWordConfidence}
}

// look gives the evidence for a mention that a document shows, or tells that
// it does not.
func (a *assessment) look(d *claim.Document, f *finder, m mention) {
	found := a.sawMention(d, m, f.see(m))
	if found.sight != shown {
		a.unseen(d, m, found, f)
		return
	}
	a.evidence = append(a.evidence, claim.Evidence{
		Rule: m.code, Document: documentName(d), Page: found.page, Rect: found.rect, Text: found.text,
	})
}

// sawMention is how a document shows a mention.
func (a *assessment) sawMention(d *claim.Document, m mention, found hit) hit {
	if a.recorder != nil {
		a.recorder.mention(documentName(d), m, found)
	}
	return found
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
	case !a.sure(d, f):
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

// sure tells whether what is not found in a document is not there.
func (a *assessment) sure(d *claim.Document, f *finder) bool {
	if a.recorder != nil && f.hasScans() {
		programmed(a, "scans.sure_confidence", f.trust.surePage)
		for i := range d.Facts.Pages {
			a.page(d, i, &d.Facts.Pages[i])
		}
	}
	return f.sure()
}

// valueOwed is a value of the row, or of the dossier where no field is named.
func valueOwed(field claim.FieldID, expected string, shown search, nearly likeness) mention {
	return mention{field: field, expected: expected, shown: shown, nearly: nearly, fragile: isFragile(expected)}
}

// referenceOwed is MEN-01.
func (a *assessment) referenceOwed() (mention, bool) {
	reference := programmed(a, "reference", a.Programme.Reference)
	return mention{expected: reference, shown: referenceSearch(reference), nearly: likeReference(reference)}, true
}

// dateOwed is MEN-02.
func (a *assessment) dateOwed() (mention, bool) {
	date, ok := a.orderDate()
	return valueOwed(claim.FieldOrderDate, date.French(), dateSearch(date), likeDate(date)), ok
}

// regimeOwed is MEN-03.
func (a *assessment) regimeOwed() (mention, bool) {
	regime, ok := a.text(claim.FieldVATRegime)
	rates := programmed(a, "vat.rates", rates(a.Programme))
	return valueOwed(claim.FieldVATRegime, regime, regimeSearch(regime, rates), likeRegime(regime, rates)), ok
}

// amountOwed is MEN-04.
func (a *assessment) amountOwed() (mention, bool) {
	amount, ok := a.amountExclTax()
	if !ok {
		return mention{}, false
	}
	return valueOwed(claim.FieldAmount, amount.French(), amountSearch(amount), likeAmount(amount)), true
}

// managerOwed is MEN-05.
func (a *assessment) managerOwed() (mention, bool) {
	name, ok := a.text(claim.FieldManager)
	return valueOwed(claim.FieldManager, name, personSearch(a.Programme.Names, name), likePerson(a.Programme.Names, name)), ok
}

// finessOwed is MEN-06. A number with a wrong key is owed by nobody (BEN-01).
func (a *assessment) finessOwed() (mention, bool) {
	text, ok := a.text(claim.FieldFINESS)
	if !ok {
		return mention{}, false
	}
	finess := claim.FINESS(text)
	if !saw(a, FromCell, finess.KeyOK(), "FINESS key right") {
		return mention{}, a.silent("BEN-01")
	}
	return valueOwed(claim.FieldFINESS, text, finessSearch(finess), likeKeyed(finess)), true
}

// companyOwed is MEN-07: the row's name of the pharmacy or the register's.
func (a *assessment) companyOwed() (mention, bool) {
	name, ok := a.text(claim.FieldCompanyName)
	known := []string{name}
	if e, registered := a.establishment(); registered {
		known = append(known, a.distinctive(a.registeredNames(e))...)
	}
	shown, nearly := companiesShown(a.Programme.Names, known)
	return valueOwed(claim.FieldCompanyName, name, shown, nearly), ok
}

// distinctive gives those of some companies' names that tell a company from others.
func (a *assessment) distinctive(names []string) []string {
	return slices.DeleteFunc(names, func(name string) bool { return !distinctive(a.Programme.Names, name) })
}

// emailOwed is MEN-08.
func (a *assessment) emailOwed() (mention, bool) {
	email, ok := a.text(claim.FieldEmail)
	return valueOwed(claim.FieldEmail, email, emailSearch(email), likeEmail(email)), ok
}

// phoneOwed is MEN-09.
func (a *assessment) phoneOwed() (mention, bool) {
	phone, ok := a.text(claim.FieldPhone)
	return valueOwed(claim.FieldPhone, phone, phoneSearch(phone), likePhone(phone)), ok
}

// serviceOwed is MEN-10.
func (a *assessment) serviceOwed() (mention, bool) {
	return fixedMention(programmed(a, "mentions.service", a.Programme.Mentions.Service)), true
}

// fundingOwed is MEN-12.
func (a *assessment) fundingOwed() (mention, bool) {
	return fixedMention(programmed(a, "mentions.state_funded", a.Programme.Mentions.StateFunded)), true
}

// fixedMention is a text that the programme words.
func fixedMention(text string) mention {
	return mention{expected: text, shown: phraseOf(text).search(), nearly: likePassage(text)}
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
	return letters < provenLetters && !claim.FINESS(value).KeyOK() && !claim.DossierNumber(value).KeyOK()
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
func (a *assessment) solutionOwed() (mention, bool) {
	name, ok := a.text(claim.FieldSolution)
	version, readable := a.text(claim.FieldVersion)
	if !ok || !readable {
		return mention{}, false
	}
	m := mention{
		field: claim.FieldSolution, expected: name + " " + version,
		shown: versionedSearch(name, version), nearly: likeVersioned(name, version), fragile: true,
	}
	if s, ok := a.solution(); ok && a.told("FOU-04") {
		name, version := solutionCell(a, s, "Solution logicielle", s.Name), solutionCell(a, s, "Version", s.Version)
		m.shown = anyOf(m.shown, versionedSearch(name, version))
		m.nearly = anyLike(m.nearly, likeVersioned(name, version))
	}
	return m, true
}

// conditionOwed is MEN-13, owed by an order before the solution was
// referenced. One that is not referenced yet will be later than the order.
func (a *assessment) conditionOwed() (mention, bool) {
	solution, known := a.solution()
	date, ok := a.orderDate()
	if !known || !ok {
		return mention{}, false
	}
	referenced := solutionCell(a, solution, "Référencé le", solution.Referenced)
	told := "pas encore prononcé"
	if !referenced.IsZero() {
		if !date.Before(referenced) {
			return mention{}, a.silent("an order since the solution was referenced owes no condition")
		}
		told = referenced.French()
	}
	text := programmed(a, "mentions.conditional", a.Programme.Mentions.Conditional)
	share := programmed(a, "mentions.conditional_words", a.Programme.Mentions.ConditionalWords)
	return mention{
		field: claim.FieldOrderDate, expected: text,
		params: params{"date": date.French(), "referenced": told},
		shown:  passageSearch(text, share),
		nearly: likePassage(text),
	}, true
}
