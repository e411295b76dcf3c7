package validators

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// breakersOf gives, for each kind, one breaker for every rule that its claims can
// break.
func breakersOf(kind claim.Kind) map[string]breaker {
	switch kind {
	case claim.Advance:
		return breakers()
	case claim.Balance:
		return balanceBreakers()
	case claim.Completion:
		return completionBreakers()
	}
	panic(kind)
}

// laterBreakers are those that balances and declarations share. The first of the
// kind's documents has a role and a name.
func laterBreakers(role claim.Role, file string) map[string]breaker {
	state := func(id claim.FieldID, s claim.FieldState) func(*Context, *claim.Claim) {
		return func(_ *Context, c *claim.Claim) { setState(c, id, s) }
	}
	lastDay := also(dated(claim.FieldCompletedOn, "2023-09-21"), receivedAt("2023-09-22"))
	return map[string]breaker{
		"LIG-01": {spoil: state(claim.FieldDossier, claim.FieldEmpty), saw: Value{FromCell, "N° dossier ASP (B2)", "none"}},
		"LIG-02": {spoil: state(claim.FieldDossier, claim.FieldBad), saw: Value{FromCell, "N° dossier ASP (B2)", "unreadable: ???"}},
		"LIG-04": {spoil: state(claim.FieldDossier, claim.FieldNoValue), saw: Value{FromCell, "N° dossier ASP (B2)", "a formula without its value"}},
		"FOU-01": {spoil: withText(claim.FieldSupplier, string(otherSupplier)), saw: Value{FromCell, "SIRET fournisseur (A2)", string(otherSupplier)}},

		"DOC-01": {spoil: on(role, func(d *claim.Document) { d.Object, d.Facts = nil, nil }), saw: Value{FromDelivery, "object of the batch for " + file, "none"}},
		"DOC-02": {spoil: on(role, func(d *claim.Document) { d.Facts = &claim.Facts{Status: claim.ReadFailed, Reason: "pages"} }), saw: Value{FromLimit, "limits.document_pages", "50"}},
		"DOC-03": {spoil: on(role, func(d *claim.Document) { d.Facts = &claim.Facts{Status: claim.ReadLocked} }), saw: Value{FromDocument, file + " reading", "locked"}},
		"DOC-04": {shared: true, saw: Value{FromDelivery, "row for another pharmacy with " + file, "3"}},
		"DOC-05": {history: fakeHistory{uses: []PastClaim{past(func(*PastClaim) {})}}, saw: Value{FromHistory, "claims that named the document", "1"}},
		"DOC-06": {spoil: on(role, func(d *claim.Document) { d.Facts.Pages = []claim.Page{scan()} }), saw: Value{FromDocument, file + " page 1", "an image without words"}},
		"DOC-07": {spoil: on(role, func(d *claim.Document) { d.Facts.Active = []string{"launch"} }), saw: Value{FromDocument, file + " active content", "launch"}},

		"DOS-01": {spoil: unknownDossier, saw: Value{FromHistory, "dossier " + theDossier, "none"}},
		"DOS-02": {spoil: othersDossier, saw: Value{FromHistory, "dossier " + theDossier, "claim " + string(accepted().Claim) + ", supplier " + string(otherSupplier) + ", batch lot-1 r1, row 2"}},
		"DOS-04": {history: fakeHistory{dossier: PastDossier{Closed: true}}, saw: Value{FromHistory, "dossier " + theDossier + " closed", "yes"}},
		"DEL-02": {spoil: lastDay, saw: Value{FromProgramme, "calendar.services_end", "20/09/2023"}},
	}
}

func balanceBreakers() map[string]breaker {
	unshown := func(file, expected string) Value {
		return Value{FromDocument, file + " « " + expected + " »", "none"}
	}
	signature := func(fact, value string) Value {
		return Value{FromDocument, theVA + " signature Signature1 " + fact, value}
	}
	replaced := filed(claim.Balance, claim.Accepted, "2023-06-01 10:00")
	all := laterBreakers(claim.Invoice, theInvoice)
	for code, b := range map[string]breaker{
		"DOS-03": {history: dossierOfPast(replaced), saw: Value{FromHistory, "claim S-past", "accepted, supplier " + string(theSupplier) + ", batch lot-9 r1, row 7, pharmacy " + string(thePharmacy) + ", order none, dossier " + theDossier + ", received 01/06/2023 à 10:00"}},
		"FAC-01": {spoil: line(claim.Invoice, "Dossier", ""), saw: unshown(theInvoice, theDossier)},
		"FAC-02": {spoil: line(claim.Invoice, "émission", ""), saw: unshown(theInvoice, "12/05/2023")},
		"FAC-03": {spoil: line(claim.Invoice, "finalisation", ""), saw: unshown(theInvoice, "10/05/2023")},
		"FAC-04": {spoil: advance(func(r *claim.Result) { r.OrderDate = day("2023-05-11") }), saw: Value{FromHistory, "dossier " + theDossier + " order date", "11/05/2023"}},
		"FAC-05": {spoil: line(claim.Invoice, "Total", ""), saw: Value{FromHistory, "dossier " + theDossier + " amount excl. VAT", "700,00\u00a0€"}},
		"FAC-06": {spoil: line(claim.Invoice, "Client", ""), saw: Value{FromHistory, "dossier " + theDossier + " company name", "Pharmacie du Pont Neuf"}},
		"VA-01":  {spoil: line(claim.AptitudeCertificate, "aptitude", ""), saw: Value{FromProgramme, "mentions.aptitude", "vérification d'aptitude"}},
		"DEL-03": {spoil: receivedAt("2023-12-14 14:00:00.001"), saw: Value{FromProgramme, "calendar.final_closing", "14/12/2023 à 14:00"}},
		"DEL-04": {spoil: receivedAt("2023-09-21"), saw: Value{FromHistory, laterClaims, "0"}},

		"SIG-01": {spoil: unsignedVA(func(*claim.Facts) {}), saw: Value{FromDocument, theVA + " signature by hand", "none"}},
		"SIG-02": {spoil: onVA(func(s *claim.Signature) { *s = broken(*s) }), saw: signature("integrity", "broken")},
		"SIG-03": {spoil: onVA(func(s *claim.Signature) { *s = partial(*s) }), saw: signature("coverage", "partial")},
		"SIG-04": {spoil: unsignedVA(func(f *claim.Facts) { f.Blocks = []claim.Block{block(but(func(i *claim.Ink) { i.Height = 12 }))} }), saw: Value{FromDocument, "page 1, block with « Signature du client »: height", "12"}},
		"SIG-05": {spoil: onVA(func(s *claim.Signature) { s.Certificate.Trust = claim.Untrusted }), saw: signature("certificate under a root", "untrusted")},
		"SIG-06": {spoil: signsVA(claim.Certificate{Organisation: []string{"OFFISOFT"}}), saw: signature("is", "the supplier's")},
		"SIG-07": {spoil: unsignedVA(func(f *claim.Facts) {
			f.Pages[0].Words = append(f.Pages[0].Words, pageOf("Signé électroniquement par Claire").Words...)
		}), saw: Value{FromDocument, theVA + " trace of a signature", "Signé électroniquement par"}},
		"SIG-08": {spoil: signsVA(claim.Certificate{CommonName: "Sceau", Organisation: []string{"Universign"}}), saw: signature("certificate", "CN Sceau; O Universign")},
	} {
		all[code] = b
	}
	return all
}

func completionBreakers() map[string]breaker {
	all := laterBreakers(claim.CompletionCertificate, theFIN)
	all["FIN-01"] = breaker{spoil: line(claim.CompletionCertificate, "finalisée", ""), saw: Value{FromDocument, theFIN + " « 30/08/2023 »", "none"}}
	all["DEL-05"] = breaker{spoil: receivedAt("2023-09-21"), saw: Value{FromDelivery, "received", "21/09/2023 à 00:00"}}
	return all
}

// TestExplainFaultlessLater: of a faultless later claim every rule passed, but
// those that do not apply to it, which say why.
func TestExplainFaultlessLater(t *testing.T) {
	for kind, reasons := range map[claim.Kind]map[string]string{
		claim.Balance: {
			"LIG-03": "rows of this kind do not tell it", "LIG-05": "the row is not carried over",
			"SIG-01": "it is signed electronically", "SIG-04": "it is signed electronically", "SIG-07": "it is signed electronically",
		},
		claim.Completion: {"LIG-03": "rows of this kind do not tell it", "LIG-05": "the row is not carried over"},
	} {
		ctx, c := faultlessOf[kind]()
		for code, e := range explained(t, ctx, c, nil, &fakeHistory{}) {
			state, because := Passed, []string{}
			if reason := reasons[code]; reason != "" {
				state, because = NotEvaluated, []string{reason}
			}
			if diff := cmp.Diff(because, e.Because); e.State != state || diff != "" {
				t.Errorf("%s of a %s: %s, want %s; because (-want +got):\n%s", code, kind, e.State, state, diff)
			}
		}
	}
}

// TestExplainSaysLater looks at all that some rules saw, in its order.
func TestExplainSaysLater(t *testing.T) {
	const dossier = "dossier " + theDossier
	found := []Value{
		{FromCell, "N° dossier ASP (B2)", theDossier},
		{FromCell, "dossier key right", "yes"},
		{FromHistory, dossier, "claim " + string(accepted().Claim) + ", supplier " + string(theSupplier) + ", batch lot-1 r1, row 2"},
	}
	own := append(slices.Clone(found), Value{FromDelivery, "SIRET of the folder", string(theSupplier)})
	finess := string(thePharmacy)
	ctx, c := faultlessBalance()
	receivedAt("2023-09-21 08:00")(ctx, c)
	h := dossierOfPast(filed(claim.Completion, claim.Accepted, "2023-09-01 10:00"))
	got := explained(t, ctx, c, nil, &h)
	past := []Value{
		{FromHistory, laterClaims, "1"},
		{FromHistory, "claim F-past", "accepted, supplier " + string(theSupplier) + ", batch lot-9 r1, row 7, pharmacy " + finess +
			", order none, dossier " + theDossier + ", received 01/09/2023 à 10:00, ACHEVEMENT, completed 10/05/2023"},
	}
	for code, want := range map[string][]Value{
		"DOS-01": found,
		"DOS-02": own,
		"DOS-03": slices.Concat(own, past),
		"DOS-04": slices.Concat(own, []Value{{FromHistory, dossier + " closed", "no"}}),
		"FAC-01": slices.Concat(own, []Value{{FromDocument, theInvoice + " « " + theDossier + " »", "« " + theDossier + " » on page 1"}}),
		"FAC-02": {{FromCell, "Date émission facture (D2)", "12/05/2023"}, {FromDocument, theInvoice + " « 12/05/2023 »", "« 12/05/2023 » on page 1"}},
		"FAC-04": slices.Concat([]Value{
			{FromCell, "Date finalisation prestation (E2)", "10/05/2023"},
			{FromCell, "Date émission facture (D2)", "12/05/2023"},
			{FromDelivery, "received", "21/09/2023 à 08:00"},
		}, own, []Value{{FromHistory, dossier + " order date", "01/09/2022"}}, past),
		"FAC-05": slices.Concat(own, []Value{
			{FromHistory, dossier + " amount excl. VAT", "700,00\u00a0€"},
			{FromDocument, theInvoice + " « 700,00\u00a0€ »", "« 700,00 » on page 1"},
		}),
		"VA-01": slices.Concat([]Value{
			{FromProgramme, "mentions.aptitude", "vérification d'aptitude"},
			{FromDocument, theVA + " « vérification d'aptitude »", "« vérification d'aptitude » on page 1"},
		}, own, []Value{
			{FromHistory, dossier + " FINESS", finess},
			{FromDocument, theVA + " « " + theDossier + " »", "« " + theDossier + " » on page 1"},
		}),
		"DEL-02": {{FromCell, "Date finalisation prestation (E2)", "10/05/2023"}, {FromProgramme, "calendar.services_end", "20/09/2023"}},
		"DEL-03": {{FromProgramme, "calendar.final_closing", "14/12/2023 à 14:00"}, {FromDelivery, "received", "21/09/2023 à 08:00"}},
		"DEL-04": slices.Concat([]Value{{FromProgramme, "calendar.services_end", "20/09/2023"}, {FromDelivery, "received", "21/09/2023 à 08:00"}}, own, past),
	} {
		if diff := cmp.Diff(want, got[code].Saw); diff != "" {
			t.Errorf("%s saw (-want +got):\n%s", code, diff)
		}
	}
}
