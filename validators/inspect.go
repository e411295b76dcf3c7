package validators

import (
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
)

// Inspect asks of one document, without a row and without registers, what can
// be told of it: DOC-02, DOC-03, DOC-06, DOC-07, the mentions of fixed text
// (MEN-01, MEN-10, MEN-12, the title that VA-01 asks for), and of signatures
// those rules that need not know who ordered from whom (not SIG-06, SIG-08 and
// SIG-09). Evidence is what made mentions pass, MEN-13 wherever it is shown, and
// what stands on the pages that could be one of the values that a row tells: see
// candidates. The document's object has been received when the rules are to take
// it as received.
func Inspect(programme *config.Programme, limits Limits, role claim.Role, document claim.Document) ([]claim.Finding, []claim.Evidence) {
	document.Role = role
	a := &assessment{
		Context: &Context{Programme: programme, Registers: noRegisters{}, Limits: limits},
		claim:   &claim.Claim{Kind: kindOf(role), Documents: []claim.Document{document}},
	}
	d := &a.claim.Documents[0]
	if d.Object != nil {
		a.claim.ReceivedAt = d.Object.ReceivedAt
	}
	a.documents()
	a.mentions()
	a.signatures()
	if opened(d) {
		a.candidates(d)
	}
	a.findings = slices.DeleteFunc(a.findings, func(f claim.Finding) bool { return needsParties[f.Code] })
	Sort(a.findings)
	slices.SortStableFunc(a.evidence, func(x, y claim.Evidence) int {
		return config.Rules.Index(x.Rule) - config.Rules.Index(y.Rule)
	})
	return a.findings, a.evidence
}

// needsParties are the rules that can say nothing of a document alone: who the
// supplier, the pharmacy and the manager are stands in a row and the registers.
var needsParties = map[string]bool{"SIG-06": true, "SIG-08": true, "SIG-09": true}

// kindOf gives the kind of claim that a document of a role comes with.
func kindOf(role claim.Role) claim.Kind {
	for _, t := range config.Templates {
		if slices.ContainsFunc(t.Columns, func(c config.Column) bool { return c.Role == role }) {
			return t.Kind
		}
	}
	return ""
}

// noRegisters know nobody.
type noRegisters struct{}

func (noRegisters) Establishment(claim.FINESS) (claim.Establishment, bool) {
	return claim.Establishment{}, false
}
func (noRegisters) OwnedBy(claim.FINESS) []claim.Establishment { return nil }
func (noRegisters) Tranche(claim.FINESS) (string, bool)        { return "", false }
func (noRegisters) Enrolments(claim.SIRET) []claim.Enrolment   { return nil }
func (noRegisters) Solution(string) (claim.Solution, bool)     { return claim.Solution{}, false }
func (noRegisters) Deposits(claim.FINESS) []claim.Deposit      { return nil }

// maxCandidates is how many values of one sort are told of a document, each once.
const maxCandidates = 20

// candidate finds values of one sort, whatever they are.
type candidate struct {
	rule string
	// at reads the value that starts with a token: its canonical form, by which
	// it is told once, or nothing, and the last token that no other value may
	// start before.
	at func(s *stream, i int) (value string, last int)
}

// candidatesOf gives the sorts of values that a row tells of a document.
func candidatesOf(role claim.Role, dossierPrefix string) []candidate {
	anyDossier := func(s *stream, i int) (string, int) { return s.anyDossier(i, dossierPrefix) }
	switch role {
	case claim.PurchaseOrder:
		return []candidate{
			{"MEN-02", (*stream).anyDate},
			{"MEN-04", (*stream).anyAmount},
			{"MEN-06", (*stream).anyFINESS},
			{"MEN-08", (*stream).anyEmail},
			{"MEN-09", (*stream).anyPhone},
		}
	case claim.Invoice:
		return []candidate{{"FAC-01", anyDossier}, {"FAC-02", (*stream).anyDate}, {"FAC-05", (*stream).anyAmount}}
	case claim.AptitudeCertificate:
		return []candidate{{"VA-01", anyDossier}, {"VA-01", (*stream).anyFINESS}}
	case claim.CompletionCertificate:
		return []candidate{{"FIN-01", anyDossier}, {"FIN-01", (*stream).anyDate}}
	case claim.VATExemption:
	}
	return nil
}

// candidates adds as evidence what a reader of the pages sees that could be a
// value of the row: dates, amounts, FINESS and dossier numbers whose keys are
// right, addresses, telephone numbers. It says nothing of whether they are the
// right ones. The VAT regime and MEN-13 are looked for as the rules do.
func (a *assessment) candidates(d *claim.Document) {
	f := a.finder(d)
	if d.Role == claim.PurchaseOrder {
		a.showing(d, f, "MEN-03", regimeSearch(claim.LiableToVAT, rates(a.Programme)))
		a.showing(d, f, "MEN-03", regimeSearch(claim.NotLiableToVAT, nil))
		a.showing(d, f, "MEN-13", passageSearch(a.Programme.Mentions.Conditional, a.Programme.Mentions.ConditionalWords))
	}
	for _, c := range candidatesOf(d.Role, a.Programme.DossierPrefix) {
		told := map[string]bool{}
		for _, s := range f.visible.streams() {
			for i := 0; i < len(s.tokens) && len(told) < maxCandidates; i++ {
				value, last := c.at(s, i)
				if value != "" && !told[value] {
					told[value] = true
					a.found(d, c.rule, s.hit([]span{{i, last}}))
				}
				i = last
			}
		}
	}
}

// showing adds the first place where a search succeeds as evidence.
func (a *assessment) showing(d *claim.Document, f *finder, rule string, look search) {
	f.visible.find(look, func(h hit) bool {
		a.found(d, rule, h)
		return true
	})
}

// found adds a place of a document to the evidence.
func (a *assessment) found(d *claim.Document, rule string, h hit) {
	a.evidence = append(a.evidence, claim.Evidence{Rule: rule, Document: documentName(d), Page: h.page, Rect: h.rect, Text: h.text})
}

func (s *stream) anyDate(i int) (string, int) {
	if !s.isNumber(i) {
		return "", i
	}
	for _, read := range []func(int) (claim.Date, span, bool){s.dateInDigits, s.dateInWords} {
		if date, sp, ok := read(i); ok {
			return date.String(), sp.last
		}
	}
	return "", i
}

// anyAmount reads an amount above 0 that is written with two decimals or the
// sign of the euro: other numbers may be anything.
func (s *stream) anyAmount(i int) (string, int) {
	if !s.isNumber(i) {
		return "", i
	}
	n := s.number(i)
	euros := strings.HasPrefix(strings.TrimLeft(s.after(n.last), " "), "€")
	if amount := n.value(); n.shown && amount > 0 && (len(n.cents) == 2 || euros) {
		return amount.String(), n.last
	}
	return "", n.last
}

func (s *stream) anyFINESS(i int) (string, int) {
	const length = 9
	written, sp := s.gather(i, length)
	finess := claim.FINESS(strings.ToUpper(written))
	if finess.KeyOK() && s.grouped(sp, " \n") && s.isWholeFINESS(sp) {
		return string(finess), sp.last
	}
	return "", i
}

func (s *stream) anyDossier(i int, prefix string) (string, int) {
	written, sp := s.gather(i, len(prefix)+sequenceDigits+keyDigits)
	number := dossierOf(written)
	if !number.WellFormed(prefix) || !number.KeyOK() || !s.isDossier(sp) {
		return "", i
	}
	return string(number), sp.last
}

// gather takes whole tokens from the i-th on, up to so many characters.
func (s *stream) gather(i, length int) (string, span) {
	var written strings.Builder
	sp := span{i, i}
	for j := i; j < len(s.tokens) && written.Len()+len(s.token(j)) <= length; j++ {
		written.WriteString(s.token(j))
		sp.last = j
	}
	return written.String(), sp
}

// phoneLengths are those of a telephone number's forms: 0033 and 0, 0033, 33
// and 0, 33, and a national one.
var phoneLengths = []int{14, 13, 12, 11, 10}

func (s *stream) anyPhone(i int) (string, int) {
	if !s.isNumber(i) {
		return "", i
	}
	if _, sp, ok := s.dateInDigits(i); ok {
		return "", sp.last // 02/04/2015 10:51
	}
	for _, length := range phoneLengths {
		digits, sp := s.gather(i, length)
		if len(digits) != length || !isDigits(digits) || !s.isPhone(sp) {
			continue
		}
		number, abroad := strings.CutPrefix(strings.TrimPrefix(digits, "00"), "33")
		number, zero := strings.CutPrefix(number, "0")
		if len(number) == 9 && number[0] != '0' && (abroad || zero) {
			return number, sp.last
		}
	}
	return "", i
}

// anyEmail reads the address whose first token is given.
func (s *stream) anyEmail(i int) (string, int) {
	const inside = "._-+@"
	if i > 0 && strings.Trim(s.before(i), inside) == "" {
		return "", i
	}
	last := i
	for last+1 < len(s.tokens) && strings.Trim(s.after(last), inside) == "" {
		last++
	}
	address := s.text[s.tokens[i].start:s.tokens[last].end]
	_, domain, ok := strings.Cut(address, "@")
	dot := strings.LastIndexByte(domain, '.')
	if !ok || dot <= 0 || strings.Contains(domain, "@") || isDigits(domain[dot+1:]) || !s.isWholeAddress(span{i, last}) {
		return "", last
	}
	return address, last
}
