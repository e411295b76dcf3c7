package validators

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"guichet/config"
	"guichet/pipeline/claim"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fataler is a test or a property's trial.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// panicker is the test of helpers that have none.
type panicker struct{}

func (panicker) Helper() {}

func (panicker) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// explained explains a claim and holds the explanation against its assessment:
// each rule of its kind is told of once, in order; the findings are those of a
// night, no more and no fewer; what was not asked says why; and a rule that is
// told saw the cell or the document that its finding names.
func explained(t fataler, ctx *Context, c *claim.Claim, shared []claim.Finding, h History) map[string]Explained {
	t.Helper()
	a := Assess(ctx, c)
	a.Findings = append(a.Findings, shared...)
	want := append(slices.Clone(a.Findings), AssessHistory(ctx, c, a, h)...)
	Sort(want)

	byCode := map[string]Explained{}
	var codes, due []string
	var got []claim.Finding
	for _, e := range Explain(ctx, c, shared, h) {
		byCode[e.Code] = e
		codes = append(codes, e.Code)
		got = append(got, e.Findings...)
		checkState(t, e)
		if asRead(c) && slices.Contains(e.Because, unasked) {
			t.Fatalf("%s does not say why it could not be asked", e.Code)
		}
	}
	for _, rule := range config.Rules.Rules {
		if slices.Contains(rule.Kinds, c.Kind) {
			due = append(due, rule.Code)
		}
	}
	if diff := cmp.Diff(due, codes); diff != "" {
		t.Fatalf("rules of the kind (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("findings of a night and those explained (-want +got):\n%s", diff)
	}
	return byCode
}

// asRead tells whether a claim has the documents that its row names, as rows are
// read, and no others.
func asRead(c *claim.Claim) bool {
	for _, column := range config.TemplateOf(c.Kind).Columns {
		if column.Role != "" && !column.Optional && c.Row.Field(column.ID).OK() != (c.Document(column.Role) != nil) {
			return false
		}
	}
	return true
}

func checkState(t fataler, e Explained) {
	t.Helper()
	if (e.State == Told) != (len(e.Findings) > 0) || e.State == NotEvaluated && len(e.Because) == 0 {
		t.Fatalf("%s is %s with findings %v, because of %q", e.Code, e.State, e.Findings, e.Because)
	}
	if e.State != NotEvaluated && len(e.Saw) == 0 {
		t.Fatalf("%s is %s, and saw nothing", e.Code, e.State)
	}
	seen := map[Value]bool{}
	for _, v := range e.Saw {
		if v.Source == "" || v.Name == "" || v.Value == "" || seen[v] {
			t.Fatalf("%s saw %+v, which is twice there or says nothing", e.Code, v)
		}
		seen[v] = true
	}
	for _, f := range e.Findings {
		place := f.Field
		switch {
		case strings.HasPrefix(f.Code, "DEL-") && f.Field == "":
			place = "received"
		case f.Document != "":
			place = f.Document
		case f.Cell != "":
			place = f.Field + " (" + f.Cell + ")"
		}
		if !slices.ContainsFunc(e.Saw, func(v Value) bool { return strings.Contains(v.Name, place) }) {
			t.Fatalf("%s did not see %s: %+v", e.Code, place, e.Saw)
		}
	}
}

// TestCatalogueOfAdvances: the rules of which an advance's explanation tells
// are those that the contract's chapters name.
func TestCatalogueOfAdvances(t *testing.T) {
	chapters := map[claim.Kind]string{ // spec 3, "Which chapters apply", FIC aside
		claim.Advance:    "LIG FOU BEN CMD DEL-01 MNT DOC MEN SIG",
		claim.Balance:    "LIG FOU-01 DOC DOS FAC VA DEL-02 DEL-03 DEL-04 SIG",
		claim.Completion: "LIG FOU-01 DOC DOS-01 DOS-02 DOS-04 DEL-02 DEL-05 FIN-01",
	}
	for kind, names := range chapters {
		var want, got []string
		for _, rule := range config.Rules.Rules {
			chapter, _, _ := strings.Cut(rule.Code, "-")
			named := slices.Contains(strings.Fields(names), chapter) || slices.Contains(strings.Fields(names), rule.Code)
			if named && (kind == claim.Advance || rule.Code != "SIG-09") {
				want = append(want, rule.Code)
			}
		}
		ctx, c := faultless()
		c.Kind, c.Documents, c.Row.Fields = kind, nil, nil
		for _, e := range Explain(ctx, c, nil, &fakeHistory{}) {
			got = append(got, e.Code)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", kind, diff)
		}
	}
}

// TestExplainFaultless: of a faultless claim every rule passed, but those that
// do not apply to it, which say why.
func TestExplainFaultless(t *testing.T) {
	ctx, c := faultless()
	reasons := map[string]string{
		"LIG-05": "the row is not carried over",
		"MNT-03": "the regime ASSUJETTI owes no attestation",
		"MNT-05": "the regime ASSUJETTI owes no attestation",
		"MEN-13": "an order since the solution was referenced owes no condition",
		"SIG-01": "it is signed electronically",
		"SIG-04": "it is signed electronically",
		"SIG-07": "it is signed electronically",
	}
	for code, e := range explained(t, ctx, c, nil, &fakeHistory{}) {
		rule := config.Rules.Rule(code)
		if e.Section != rule.Section || e.When != rule.When {
			t.Errorf("%s: section %q, when %q", code, e.Section, e.When)
		}
		state, because := Passed, []string{}
		if reason := reasons[code]; reason != "" {
			state, because = NotEvaluated, []string{reason}
		}
		if diff := cmp.Diff(because, e.Because); e.State != state || diff != "" {
			t.Errorf("%s: %s, want %s; because (-want +got):\n%s", code, e.State, state, diff)
		}
	}
}

// TestExplainSays looks at all that some rules saw, in its order.
func TestExplainSays(t *testing.T) {
	finess := string(thePharmacy)
	const file = "commande-0001.pdf"
	establishment := []Value{
		{FromCell, "FINESS géographique (H2)", finess},
		{FromCell, "FINESS key right", "yes"},
		{FromRegister, "finess.csv " + finess + " has a row", "yes"},
	}
	solution := []Value{{FromCell, "N° référencement ANS (L2)", theReference}, {FromRegister, "solutions LGO-0001 has a row", "yes"}}
	opened := Value{FromDocument, file + " electronic signatures", "1"}
	verified := []Value{{FromDocument, file + " signature Signature1 integrity", "intact"}, {FromDocument, file + " signature Signature1 digest", "SHA-256"}}
	ctx, c := faultless()
	got := explained(t, ctx, c, nil, &fakeHistory{past: []PastClaim{past(decided(claim.UnderReview))}})
	for code, want := range map[string][]Value{
		"LIG-03": {{FromCell, "Référence AF (A2)", "AF-PHA-LGO-Va1"}, {FromProgramme, "reference", "AF-PHA-LGO-Va1"}},
		"FOU-01": {{FromCell, "SIRET fournisseur (B2)", string(theSupplier)}, {FromDelivery, "SIRET of the folder", string(theSupplier)}},
		"FOU-06": slices.Concat(solution, []Value{{FromDelivery, "received", "01/12/2022 à 10:00"}, {FromRegister, "solutions LGO-0001 Référencé le", "01/06/2022"}}),
		"BEN-01": establishment,
		"BEN-02": slices.Concat(establishment, []Value{
			{FromRegister, "finess.csv " + finess + " category", "620"}, {FromProgramme, "beneficiary.categories has 620", "yes"},
		}),
		"BEN-04": slices.Concat(establishment, []Value{
			{FromDelivery, "SIRET of the folder", string(theSupplier)},
			{FromHistory, "advances that hold the pharmacy", "1"},
			{FromHistory, "claim A-past", "under_review, supplier " + string(otherSupplier) + ", batch lot-9 r1, row 7, pharmacy " + finess + ", order X-1, dossier LGO1-00000001-96, received 01/11/2022 à 09:00"},
		}),
		"CMD-02": {{FromCell, "Date commande (D2)", "01/09/2022"}, {FromProgramme, "calendar.closing", "15/03/2023 à 14:00"}},
		"DEL-01": {{FromProgramme, "calendar.closing", "15/03/2023 à 14:00"}, {FromDelivery, "received", "01/12/2022 à 10:00"}},
		"MNT-01": slices.Concat([]Value{{FromCell, "Montant HT (F2)", "700,00\u00a0€"}}, establishment, []Value{
			{FromRegister, "outil-calcul " + finess + " Tranche", "B"},
			{FromProgramme, "tranches has B", "yes"},
			{FromProgramme, "tranches B ceiling_excl_tax", "708,00\u00a0€"},
		}),
		"DOC-07": {{FromDocument, file + " active content", "none"}},
		"MEN-04": {{FromCell, "Montant HT (F2)", "700,00\u00a0€"}, {FromDocument, file + " « 700,00\u00a0€ »", "« 700,00 » on page 1"}},
		"MEN-10": {{FromProgramme, "mentions.service", "Prestation Ségur"}, {FromDocument, file + " « Prestation Ségur »", "« Prestation Ségur » on page 1"}},
		"SIG-02": slices.Concat([]Value{opened}, verified),
		"SIG-03": slices.Concat([]Value{opened}, verified, []Value{{FromDocument, file + " signature Signature1 coverage", "whole"}}),
		"SIG-05": slices.Concat([]Value{opened}, verified, []Value{
			{FromDelivery, "received", "01/12/2022 à 10:00"},
			{FromDocument, file + " signature Signature1 time from", "timestamp"},
			{FromDocument, file + " signature Signature1 signed at", "02/09/2022 à 09:30"},
			{FromDocument, file + " signature Signature1 stood for certain at", "02/09/2022 à 09:30"},
			{FromDocument, file + " signature Signature1 certificate valid until", "01/01/2024 à 00:00"},
			{FromDocument, file + " signature Signature1 certificate self-signed", "no"},
			{FromDocument, file + " signature Signature1 certificate under a root", "trusted"},
		}),
	} {
		if diff := cmp.Diff(want, got[code].Saw); diff != "" {
			t.Errorf("%s saw (-want +got):\n%s", code, diff)
		}
	}
}

// TestExplainReadings: what rules on documents tell of scans, of signatures by
// hand, and of what stands in their way.
func TestExplainReadings(t *testing.T) {
	const file = "commande-0001.pdf"
	byHand := func(ink claim.Ink) func(*Context, *claim.Claim) {
		return order(func(d *claim.Document) { d.Facts.Signatures, d.Facts.Blocks = nil, []claim.Block{block(ink)} })
	}
	for _, test := range []struct {
		name, code string
		spoil      func(*Context, *claim.Claim)
		state      State
		saw        []Value
	}{
		{"nearly read", "MEN-04", scanned(96, "700,00", "7OO,OO"), Told, []Value{
			{FromDocument, file + " « 700,00\u00a0€ »", "« 7OO,OO » on page 1, read without certainty (OCR sure at 96 %)"},
		}},
		{"not found on a page of which OCR is not sure", "MEN-10", scanned(87, "Prestation Ségur", ""), Told, []Value{
			{FromProgramme, "scans.sure_confidence", "95"}, {FromDocument, file + " page 1", "words by OCR, sure at 87 %, an image"},
		}},
		{"invisible", "MEN-08", func(_ *Context, c *claim.Claim) { hide(c.Documents[0].Facts, "Courriel") }, Told, []Value{
			{FromDocument, file + " « contact@pontneuf.fr »", "« contact@pontneuf.fr » on page 1, in invisible text"},
		}},
		{"under the least confidence", "DOC-06", scanned(55), Told, []Value{
			{FromDocument, file + " page 1", "words by OCR, sure at 55 %, an image"}, {FromLimit, "ocr.min_confidence", "60"},
		}},
		{"a page unread, and a mention missing", "DOC-06", also(
			func(_ *Context, c *claim.Claim) { rewrite(c, "Courriel", "") },
			order(func(d *claim.Document) { d.Facts.Pages = append(d.Facts.Pages, scan()) }),
		), Told, []Value{
			{FromDocument, file + " page 2", "an image without words"}, {FromDocument, file + " « contact@pontneuf.fr »", "none"},
		}},
		{"signed by hand", "SIG-04", byHand(written), Passed, []Value{
			{FromDocument, file + " signature blocks", "1"},
			{FromDocument, "page 1, block with « Signature du client »: width", "120"},
			{FromProgramme, "handwriting.least_width", "40"},
			{FromDocument, file + " signature by hand", "handwritten"},
		}},
		{"signed by hand", "SIG-07", byHand(written), NotEvaluated, []Value{{FromDocument, file + " signature by hand", "handwritten"}}},
		{"an empty block", "SIG-01", byHand(claim.Ink{}), Told, []Value{
			{FromDocument, "page 1, block with « Signature du client »: ink", "0"}, {FromProgramme, "handwriting.empty_ink", "8"},
		}},
		{"an image, and no block", "SIG-04", order(func(d *claim.Document) {
			d.Facts.Signatures, d.Facts.Pages[0].HasImage = nil, true
		}), Told, []Value{{FromDocument, file + " signature blocks", "0"}, {FromDocument, file + " page 1", "words, an image"}}},
		{"expired", "SIG-05", with(func(s *claim.Signature) { s.TimeSource, s.Certificate.NotAfter = "claimed", paris("2022-11-01") }), Told, []Value{
			{FromDocument, file + " signature Signature1 stood for certain at", "01/12/2022 à 10:00"},
			{FromDocument, file + " signature Signature1 certificate valid until", "01/11/2022 à 00:00"},
		}},
	} {
		ctx, c := faultless()
		test.spoil(ctx, c)
		e := explained(t, ctx, c, nil, &fakeHistory{})[test.code]
		if e.State != test.state {
			t.Errorf("%s: %s is %s, want %s", test.name, test.code, e.State, test.state)
		}
		for _, v := range test.saw {
			if !slices.Contains(e.Saw, v) {
				t.Errorf("%s: %s did not see %+v, but %+v", test.name, test.code, v, e.Saw)
			}
		}
	}
}

// TestExplainSilences: what stands in the way of a rule, beside what
// TestWhatSilencesWhat looks at.
func TestExplainSilences(t *testing.T) {
	without := func(f func(*claim.Facts)) func(*Context, *claim.Claim) {
		return order(func(d *claim.Document) {
			d.Facts.Signatures = nil
			f(d.Facts)
		})
	}
	trace := without(func(f *claim.Facts) {
		f.Pages[0].Words = append(f.Pages[0].Words, pageOf("Signé électroniquement par Claire").Words...)
	})
	hand := without(func(f *claim.Facts) { f.Blocks = []claim.Block{block(written)} })
	illegible := without(func(f *claim.Facts) { f.Pages = []claim.Page{scan()} })
	brokenOne := with(func(s *claim.Signature) { *s = broken(*s) })
	supplierAlone := certified(claim.Certificate{Organisation: []string{"OFFISOFT"}})
	person := certified(claim.Certificate{CommonName: "Paul Durand"})
	unregistered := pharmacy(func(e *claim.Establishment) { e.Name, e.SIRET = "", "" })
	for _, test := range []struct {
		name    string
		spoil   func(*Context, *claim.Claim)
		because map[string]string
	}{
		{"not signed", without(func(*claim.Facts) {}), map[string]string{
			"SIG-02": "it is not signed electronically", "SIG-05": "it is not signed electronically", "CMD-06": "no electronic signature that verifies tells a time",
		}},
		{"a trace of a signature", trace, map[string]string{"SIG-01": "SIG-07", "SIG-04": "SIG-07"}},
		{"signed by hand", hand, map[string]string{"SIG-07": "it is signed by hand"}},
		{"illegible", illegible, map[string]string{"SIG-01": "DOC-06", "MEN-01": "DOC-06", "MEN-12": "DOC-06"}},
		{"broken", brokenOne, map[string]string{"SIG-03": "SIG-02", "SIG-05": "SIG-02", "SIG-06": "SIG-02", "SIG-08": "SIG-02", "SIG-09": "SIG-02"}},
		{"the supplier alone", supplierAlone, map[string]string{"SIG-08": "SIG-06", "SIG-09": "SIG-06"}},
		{"another person", person, map[string]string{"SIG-08": "SIG-09"}},
		{"a poor row of the register", unregistered, map[string]string{
			"BEN-05": "the register does not say it", "BEN-07": "the register has no valid SIRET of the pharmacy",
		}},
		{"no such pharmacy", withText(claim.FieldFINESS, string(withKey("75000009"))), map[string]string{
			"BEN-03": "BEN-01", "BEN-04": "BEN-01", "BEN-07": "BEN-01", "CMD-05": "BEN-01", "DOC-04": "BEN-01", "SIG-08": "BEN-01", "SIG-09": "BEN-01",
		}},
		{"no attestation", regime(claim.NotLiableToVAT), map[string]string{"MNT-05": "MNT-03"}},
		{"an attestation that is locked", also(notLiable, func(_ *Context, c *claim.Claim) {
			c.Documents[1].Facts = &claim.Facts{Status: claim.ReadLocked}
		}), map[string]string{"MNT-05": "DOC-03"}},
		{"no order", order(func(d *claim.Document) { d.Object, d.Facts = nil, nil }), map[string]string{
			"DOC-02": "DOC-01", "DOC-07": "DOC-01", "DOC-04": "DOC-01", "DOC-05": "DOC-01", "SIG-01": "DOC-01",
		}},
		{"no enrolment", enrol(), map[string]string{"MNT-04": "the supplier has no row for this solution"}},
	} {
		ctx, c := faultless()
		test.spoil(ctx, c)
		got := explained(t, ctx, c, nil, &fakeHistory{})
		for code, because := range test.because {
			if e := got[code]; e.State != NotEvaluated || !slices.Equal(e.Because, []string{because}) {
				t.Errorf("%s: %s is %s because of %q, want %q", test.name, code, e.State, e.Because, because)
			}
		}
	}
	ctx, c := faultless()
	c.Kind, c.Documents, c.Row.Fields = claim.Balance, nil, map[claim.FieldID]claim.Field{}
	setText(c, claim.FieldDossier, "LGO1-00000002-00")
	if e := explained(t, ctx, c, nil, &fakeHistory{})["DOC-04"]; !slices.Equal(e.Because, []string{"DOS-01"}) {
		t.Errorf("a balance for no dossier: DOC-04 because of %q", e.Because)
	}
}

// breaker spoils a faultless advance so that a rule is told, and names the
// value by which it is.
type breaker struct {
	spoil   func(*Context, *claim.Claim)
	shared  bool // another row of the batch names the purchase order
	history fakeHistory
	saw     Value
}

// breakers gives one for every rule that an advance can break.
func breakers() map[string]breaker {
	const file = "commande-0001.pdf"
	finess, reference := string(thePharmacy), "solutions LGO-0001 "
	without := func(holds string) func(*Context, *claim.Claim) {
		return func(_ *Context, c *claim.Claim) { rewrite(c, holds, "") }
	}
	unshown := func(expected string) Value { return Value{FromDocument, file + " « " + expected + " »", "none"} }
	signature := func(fact, value string) Value {
		return Value{FromDocument, file + " signature Signature1 " + fact, value}
	}
	byHand := func(blocks ...claim.Block) func(*Context, *claim.Claim) {
		return order(func(d *claim.Document) { d.Facts.Signatures, d.Facts.Blocks = nil, blocks })
	}
	state := func(id claim.FieldID, s claim.FieldState) func(*Context, *claim.Claim) {
		return func(_ *Context, c *claim.Claim) { setState(c, id, s) }
	}
	other := past(func(*PastClaim) {})
	conditional := theProgramme().Mentions.Conditional
	return map[string]breaker{
		"LIG-01": {spoil: state(claim.FieldEmail, claim.FieldEmpty), saw: Value{FromCell, "E-mail (J2)", "none"}},
		"LIG-02": {spoil: state(claim.FieldPhone, claim.FieldBad), saw: Value{FromCell, "Téléphone (K2)", "unreadable: ???"}},
		"LIG-03": {spoil: withText(claim.FieldProgramme, "AF-X"), saw: Value{FromCell, "Référence AF (A2)", "AF-X"}},
		"LIG-04": {spoil: state(claim.FieldAmount, claim.FieldNoValue), saw: Value{FromCell, "Montant HT (F2)", "a formula without its value"}},

		"FOU-01": {spoil: withText(claim.FieldSupplier, string(otherSupplier)), saw: Value{FromCell, "SIRET fournisseur (B2)", string(otherSupplier)}},
		"FOU-02": {spoil: enrol(claim.Enrolment{From: day("2023-01-01")}), saw: Value{FromRegister, "fournisseurs " + string(theSupplier) + " LGO-0001 Enrôlé le", "01/01/2023"}},
		"FOU-03": {spoil: withText(claim.FieldANSReference, "LGO-9"), saw: Value{FromRegister, "solutions LGO-9 has a row", "no"}},
		"FOU-04": {spoil: withText(claim.FieldVersion, "9"), saw: Value{FromRegister, reference + "Version", "12.4"}},
		"FOU-05": {spoil: solve(func(s *claim.Solution) { s.Withdrawn = day("2022-11-01") }), saw: Value{FromRegister, reference + "Retiré le", "01/11/2022"}},
		"FOU-06": {spoil: solve(func(s *claim.Solution) { s.Referenced = claim.Date{} }), saw: Value{FromRegister, reference + "Référencé le", "none"}},

		"BEN-01": {spoil: withText(claim.FieldFINESS, string(theLegalEntity)), saw: Value{FromRegister, "finess.csv establishments of the legal entity " + string(theLegalEntity), "1"}},
		"BEN-02": {spoil: pharmacy(func(e *claim.Establishment) { e.Category = "355" }), saw: Value{FromProgramme, "beneficiary.categories has 355", "no"}},
		"BEN-03": {history: fakeHistory{past: []PastClaim{other}}, saw: Value{FromHistory, "advances that hold the pharmacy", "1"}},
		"BEN-04": {history: fakeHistory{past: []PastClaim{past(decided(claim.UnderReview))}}, saw: Value{FromHistory, "advances that hold the pharmacy", "1"}},
		"BEN-05": {spoil: withText(claim.FieldCompanyName, "Tout autre"), saw: Value{FromRegister, "finess.csv " + finess + " name", "PHARMACIE DU PONT NEUF"}},
		"BEN-06": {spoil: func(ctx *Context, _ *claim.Claim) { delete(registers(ctx).tranches, thePharmacy) }, saw: Value{FromRegister, "outil-calcul " + finess + " Tranche", "none"}},
		"BEN-07": {history: fakeHistory{siret: []PastClaim{past(func(p *PastClaim) { p.FINESS = otherPharmacy })}}, saw: Value{FromHistory, "accepted advances under the SIRET", "1"}},

		"CMD-01": {spoil: orderedOn("2022-02-11"), saw: Value{FromProgramme, "calendar.opening", "12/02/2022"}},
		"CMD-02": {spoil: orderedOn("2023-03-16"), saw: Value{FromCell, "Date commande (D2)", "16/03/2023"}},
		"CMD-03": {spoil: orderedOn("2022-12-02"), saw: Value{FromDelivery, "received", "01/12/2022 à 10:00"}},
		"CMD-04": {spoil: also(orderedOn("2022-06-19"), proof("2022-10-18")), saw: Value{FromRegister, reference + "Dossier complet le", "18/10/2022"}},
		"CMD-05": {history: fakeHistory{past: []PastClaim{past(own(func(p *PastClaim) { p.FINESS, p.OrderRef = otherPharmacy, "CDE-0001" }))}}, saw: Value{FromRegister, "finess.csv " + string(otherPharmacy) + " has a row", "yes"}},
		"CMD-06": {spoil: signedAt("2022-02-11 23:59:59"), saw: signature("signed at", "11/02/2022 à 23:59:59")},
		"DEL-01": {spoil: also(receivedAt("2023-03-20 09:00"), solve(func(s *claim.Solution) {
			s.ProofFile, s.Referenced = moment("2022-12-21 14:00"), day("2023-02-11")
		}), deposit(func(d *claim.Deposit) { d.At = moment("2023-02-10 23:59:59") })), saw: Value{FromRegister, "archivage " + finess + " Déposé le", "10/02/2023 à 23:59:59"}},

		"MNT-01": {spoil: amountOf("708.01"), saw: Value{FromProgramme, "tranches B ceiling_excl_tax", "708,00\u00a0€"}},
		"MNT-02": {spoil: amountOf("-1.00"), saw: Value{FromCell, "Montant HT (F2)", "-1,00\u00a0€"}},
		"MNT-03": {spoil: regime(claim.NotLiableToVAT), saw: Value{FromCell, "Fichier attestation TVA (P2)", "none"}},
		"MNT-04": {spoil: func(ctx *Context, _ *claim.Claim) {
			registers(ctx).enrolments[theSupplier][0].VATRegime = claim.NotLiableToVAT
		}, saw: Value{FromRegister, "fournisseurs " + string(theSupplier) + " LGO-0001 Régime TVA", claim.NotLiableToVAT}},
		"MNT-05": {spoil: also(notLiable, func(_ *Context, c *claim.Claim) { attest(c, "OFFISOFT SAS") }), saw: Value{FromDocument, "attestation.pdf « le service de l'administration fiscale »", "none"}},

		"DOC-01": {spoil: order(func(d *claim.Document) { d.Object, d.Facts = nil, nil }), saw: Value{FromDelivery, "object of the batch for " + file, "none"}},
		"DOC-02": {spoil: failed("pages"), saw: Value{FromLimit, "limits.document_pages", "50"}},
		"DOC-03": {spoil: order(func(d *claim.Document) { d.Facts = &claim.Facts{Status: claim.ReadLocked} }), saw: Value{FromDocument, file + " reading", "locked"}},
		"DOC-04": {shared: true, saw: Value{FromDelivery, "row for another pharmacy with " + file, "3"}},
		"DOC-05": {history: fakeHistory{uses: []PastClaim{other}}, saw: Value{FromHistory, "claims that named the document", "1"}},
		"DOC-06": {spoil: order(func(d *claim.Document) { d.Facts.Pages = []claim.Page{scan()} }), saw: Value{FromDocument, file + " page 1", "an image without words"}},
		"DOC-07": {spoil: order(func(d *claim.Document) { d.Facts.Active = []string{"launch"} }), saw: Value{FromDocument, file + " active content", "launch"}},

		"MEN-01": {spoil: without("AF-PHA"), saw: unshown("AF-PHA-LGO-Va1")},
		"MEN-02": {spoil: without("Date"), saw: unshown("01/09/2022")},
		"MEN-03": {spoil: without("Régime"), saw: unshown("ASSUJETTI")},
		"MEN-04": {spoil: without("Montant HT"), saw: unshown("700,00\u00a0€")},
		"MEN-05": {spoil: without("Responsable"), saw: unshown("Mme Claire MARTIN")},
		"MEN-06": {spoil: without("FINESS"), saw: unshown(finess)},
		"MEN-07": {spoil: without("Raison"), saw: unshown("Pharmacie du Pont Neuf")},
		"MEN-08": {spoil: without("Courriel"), saw: unshown("contact@pontneuf.fr")},
		"MEN-09": {spoil: without("Téléphone"), saw: unshown("0123456789")},
		"MEN-10": {spoil: without("Prestation"), saw: unshown("Prestation Ségur")},
		"MEN-11": {spoil: without("Solution"), saw: unshown("OffiSoft Officine 12.4")},
		"MEN-12": {spoil: without("Montant pris"), saw: Value{FromProgramme, "mentions.state_funded", theProgramme().Mentions.StateFunded}},
		"MEN-13": {spoil: solve(func(s *claim.Solution) { s.Referenced = day("2022-09-02") }), saw: Value{FromProgramme, "mentions.conditional", conditional}},

		"SIG-01": {spoil: byHand(), saw: Value{FromDocument, file + " signature by hand", "none"}},
		"SIG-02": {spoil: with(func(s *claim.Signature) { *s = broken(*s) }), saw: signature("integrity", "broken")},
		"SIG-03": {spoil: with(func(s *claim.Signature) { *s = partial(*s) }), saw: signature("coverage", "partial")},
		"SIG-04": {spoil: byHand(block(but(func(i *claim.Ink) { i.Height = 12 }))), saw: Value{FromDocument, "page 1, block with « Signature du client »: height", "12"}},
		"SIG-05": {spoil: with(func(s *claim.Signature) { s.Certificate.Trust = claim.Untrusted }), saw: signature("certificate under a root", "untrusted")},
		"SIG-06": {spoil: certified(claim.Certificate{Organisation: []string{"OFFISOFT"}}), saw: signature("is", "the supplier's")},
		"SIG-07": {spoil: order(func(d *claim.Document) {
			d.Facts.Signatures = nil
			d.Facts.Pages[0].Words = append(d.Facts.Pages[0].Words, pageOf("Signé électroniquement par Claire").Words...)
		}), saw: Value{FromDocument, file + " trace of a signature", "Signé électroniquement par"}},
		"SIG-08": {spoil: certified(claim.Certificate{CommonName: "Sceau", Organisation: []string{"Universign"}}), saw: signature("certificate", "CN Sceau; O Universign")},
		"SIG-09": {spoil: certified(claim.Certificate{CommonName: "Paul Durand"}), saw: signature("is", "another person's")},
	}
}

// sharedWith gives the findings of a claim's batch, in which another row names
// its first document for another pharmacy.
func sharedWith(ctx *Context, c *claim.Claim) []claim.Finding {
	if len(c.Documents) == 0 || c.Documents[0].Object == nil {
		return nil
	}
	_, other := faultlessOf[c.Kind]()
	other.Row.Number, other.ID = 3, claim.NewID(c.Kind, c.Supplier, c.Batch, c.Revision, 3)
	other.Documents[0].Object.SHA256 = c.Documents[0].Object.SHA256
	if c.Kind == claim.Advance {
		setText(other, claim.FieldFINESS, string(otherPharmacy))
	} else {
		other.Advance.FINESS = otherPharmacy
	}
	return AssessBatch(ctx, []*claim.Claim{c, other})[c.ID]
}

// TestExplainTold breaks every rule that a claim of each kind can break, and looks
// for the value that broke it among those that the rule saw.
func TestExplainTold(t *testing.T) {
	for kind, faultless := range faultlessOf {
		tests := breakersOf(kind)
		for _, rule := range config.Rules.Rules {
			unbroken := rule.Code == "LIG-05" || rule.Code == "LIG-03" && kind != claim.Advance // of rows that are not judged; a value that they lack
			if _, tested := tests[rule.Code]; rule.Of(kind) && !tested && !unbroken {
				t.Errorf("no %s breaks %s", kind, rule.Code)
			}
		}
		for code, test := range tests {
			t.Run(string(kind)+" "+code, func(t *testing.T) {
				ctx, c := faultless()
				if test.spoil != nil {
					test.spoil(ctx, c)
				}
				var shared []claim.Finding
				if test.shared {
					shared = sharedWith(ctx, c)
				}
				e := explained(t, ctx, c, shared, &test.history)[code]
				if e.State != Told {
					t.Fatalf("%s: %q", e.State, e.Because)
				}
				if !slices.Contains(e.Saw, test.saw) {
					t.Errorf("did not see %+v, but %+v", test.saw, e.Saw)
				}
			})
		}
	}
}
