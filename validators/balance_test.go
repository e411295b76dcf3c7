package validators

import (
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// TestBalance is each rule of a balance alone: codes, bounds, what the claim becomes.
func TestBalance(t *testing.T) {
	invoice, va := claim.Invoice, claim.AptitudeCertificate
	without := func(holds string) func(*Context, *claim.Claim) { return line(invoice, holds, "") }
	runLater(t, claim.Balance, []laterCase{
		{"nothing", nil, fakeHistory{}, "", claim.Accepted},

		{"FOU-01", withText(claim.FieldSupplier, string(otherSupplier)), fakeHistory{}, "FOU-01:reject", claim.Rejected},
		{"FOU-02 is an advance's", enrol(), fakeHistory{}, "", claim.Accepted},
		{"a pharmacy that is not eligible any more", pharmacy(func(e *claim.Establishment) { e.Category = "355" }), fakeHistory{}, "", claim.Accepted},
		{"a pharmacy that the register lost", func(ctx *Context, _ *claim.Claim) { delete(registers(ctx).establishments, thePharmacy) }, fakeHistory{}, "", claim.Accepted},
		{"a tranche that was lost", func(ctx *Context, _ *claim.Claim) { delete(registers(ctx).tranches, thePharmacy) }, fakeHistory{}, "", claim.Accepted},

		{"DOS-01 unknown", unknownDossier, fakeHistory{}, "DOS-01:complete", claim.ToComplete},
		{"DOS-01 wrong key", withText(claim.FieldDossier, "LGO1-00000012-84"), fakeHistory{}, "DOS-01:complete", claim.ToComplete},
		{"DOS-02", othersDossier, fakeHistory{}, "DOS-02:complete", claim.ToComplete},

		{"FAC-01 not there", without("Dossier"), fakeHistory{}, "FAC-01:complete", claim.ToComplete},
		{"FAC-01 another", line(invoice, "Dossier", "Dossier ASP : LGO1-00000013-84"), fakeHistory{}, "FAC-01:complete", claim.ToComplete},
		{"the number with blanks and in small letters", line(invoice, "Dossier", "Dossier ASP : lgo1 – 00000012 – 85"), fakeHistory{}, "", claim.Accepted},
		{"FAC-01 invisible", hiddenLine(invoice, "Dossier"), fakeHistory{}, "FAC-01:review", claim.UnderReview},
		{"FAC-02 not there", without("émission"), fakeHistory{}, "FAC-02:complete", claim.ToComplete},
		{"FAC-02 another", line(invoice, "émission", "Date d'émission : 13/05/2023"), fakeHistory{}, "FAC-02:complete", claim.ToComplete},
		{"FAC-02 invisible", hiddenLine(invoice, "émission"), fakeHistory{}, "FAC-02:review", claim.UnderReview},
		{"FAC-03 not there", without("finalisation"), fakeHistory{}, "FAC-03:complete", claim.ToComplete},
		{"FAC-03 invisible", hiddenLine(invoice, "finalisation"), fakeHistory{}, "FAC-03:review", claim.UnderReview},
		{"one day for both dates", also(dated(claim.FieldInvoiceDate, "2023-05-10"), without("émission")), fakeHistory{}, "", claim.Accepted},

		{"FAC-05 70 %", line(invoice, "Total", "Total HT : 490,00 €"), fakeHistory{}, "FAC-05:complete", claim.ToComplete},
		{"FAC-05 nothing", line(invoice, "Total", "Total HT : 0,00 €"), fakeHistory{}, "FAC-05:complete", claim.ToComplete},
		{"FAC-05 within a larger amount", line(invoice, "Total", "Total HT : 16 700,00 €"), fakeHistory{}, "FAC-05:complete", claim.ToComplete},
		{"FAC-05 with a cent more", line(invoice, "Total", "Total HT : 700,01 €"), fakeHistory{}, "FAC-05:complete", claim.ToComplete},
		{"FAC-05 invisible", hiddenLine(invoice, "Total"), fakeHistory{}, "FAC-05:review", claim.UnderReview},
		{"the amount on any line", line(invoice, "Total", "Mise à niveau 700.00 EUR, remise 210,00, reste 490,00"), fakeHistory{}, "", claim.Accepted},

		{"FAC-06 not there", without("Client"), fakeHistory{}, "FAC-06:review", claim.UnderReview},
		{"FAC-06 another", line(invoice, "Client", "Client : Pharmacie du Pont Vieux"), fakeHistory{}, "FAC-06:review", claim.UnderReview},
		{"FAC-06 invisible", hiddenLine(invoice, "Client"), fakeHistory{}, "FAC-06:review", claim.UnderReview},
		{"the register's name, then", also(advance(func(r *claim.Result) { r.RowName = "SELARL Martin" })), fakeHistory{}, "", claim.Accepted},
		{"the register's name, now", also(
			advance(func(r *claim.Result) { r.RowName, r.CompanyName = "SELARL Martin", "MARTIN" }),
			pharmacy(func(e *claim.Establishment) { e.LongName = "PHARMACIE DU PONT NEUF" }),
		), fakeHistory{}, "", claim.Accepted},
		{"an older ledger without the row's name", advance(func(r *claim.Result) { r.RowName = "" }), fakeHistory{}, "", claim.Accepted},
		{"FAC-06: a register's name that names nobody", also(
			advance(func(r *claim.Result) { r.RowName, r.CompanyName = "SELARL Martin", "PHARMACIE" }),
			pharmacy(func(e *claim.Establishment) { e.Name = "PHARMACIE" }),
		), fakeHistory{}, "FAC-06:review", claim.UnderReview},

		{"VA-01 no title", line(va, "aptitude", "Attestation"), fakeHistory{}, "VA-01:complete", claim.ToComplete},
		{"VA-01 title of another form", line(va, "aptitude", "VERIFICATION D’APTITUDE"), fakeHistory{}, "", claim.Accepted},
		{"VA-01 invisible title", hiddenLine(va, "aptitude"), fakeHistory{}, "VA-01:review", claim.UnderReview},
		{"the FINESS alone", line(va, "Dossier", ""), fakeHistory{}, "", claim.Accepted},
		{"the dossier number alone", line(va, "FINESS", ""), fakeHistory{}, "", claim.Accepted},
		{"VA-01 neither", also(line(va, "Dossier", ""), line(va, "FINESS", "")), fakeHistory{}, "VA-01:complete", claim.ToComplete},
		{"VA-01 of another pharmacy", also(line(va, "Dossier", ""), line(va, "FINESS", string(otherPharmacy))), fakeHistory{}, "VA-01:complete", claim.ToComplete},
		{"VA-01 nothing at all", on(va, func(d *claim.Document) { d.Facts.Pages[0] = pageOf("Signature") }), fakeHistory{}, "VA-01:complete VA-01:complete", claim.ToComplete},

		{"FAC-04 order on the day of completion", advance(func(r *claim.Result) { r.OrderDate = day("2023-05-10") }), fakeHistory{}, "", claim.Accepted},
		{"FAC-04 order a day after completion", advance(func(r *claim.Result) { r.OrderDate = day("2023-05-11") }), fakeHistory{}, "FAC-04:complete", claim.ToComplete},
		{"an older ledger without the order's date", advance(func(r *claim.Result) { r.OrderDate = claim.Date{} }), fakeHistory{}, "", claim.Accepted},
		{"FAC-04 completed on the day of reception", also(completedOn("2023-07-01")), fakeHistory{}, "", claim.Accepted},
		{"FAC-04 completed a day after reception", also(completedOn("2023-07-02")), fakeHistory{}, "FAC-04:complete", claim.ToComplete},
		{"FAC-04 received in the last millisecond of the day of completion", also(completedOn("2023-07-01"), receivedAt("2023-07-01 23:59:59.999")), fakeHistory{}, "", claim.Accepted},
		{"FAC-04 issued on the day of reception", issuedOn("2023-07-01"), fakeHistory{}, "", claim.Accepted},
		{"FAC-04 issued a day after reception", issuedOn("2023-07-02"), fakeHistory{}, "FAC-04:complete", claim.ToComplete},
		{"issued before completion", issuedOn("2023-05-01"), fakeHistory{}, "", claim.Accepted},
		{"FAC-04 three times", also(completedOn("2023-07-03"), issuedOn("2023-07-04"), advance(func(r *claim.Result) { r.OrderDate = day("2023-07-05") })), fakeHistory{}, "FAC-04:complete FAC-04:complete FAC-04:complete", claim.ToComplete},

		{"DEL-02 on the last day", also(completedOn("2023-09-20"), receivedAt("2023-09-20 23:59:59.999")), fakeHistory{}, "", claim.Accepted},
		{"DEL-02 a day later", also(completedOn("2023-09-21"), receivedAt("2023-09-21 10:00")), dossierOfPast(filed(claim.Completion, claim.Accepted, "2023-09-20 10:00", func(p *PastClaim) { p.CompletedOn = day("2023-09-21") })), "DEL-02:reject", claim.Rejected},
		{"DEL-02 where the dossier is unknown", also(completedOn("2023-09-21"), receivedAt("2023-09-21 10:00"), unknownDossier), fakeHistory{}, "DOS-01:complete DEL-02:reject", claim.Rejected},

		{"LIG-01", func(_ *Context, c *claim.Claim) { setState(c, claim.FieldInvoiceNumber, claim.FieldEmpty) }, fakeHistory{}, "LIG-01:complete", claim.ToComplete},
		{"LIG-02", func(_ *Context, c *claim.Claim) { setState(c, claim.FieldDossier, claim.FieldBad) }, fakeHistory{}, "LIG-02:complete", claim.ToComplete},
		{"DOC-06 on the invoice", on(invoice, func(d *claim.Document) { d.Facts.Pages = []claim.Page{scan()} }), fakeHistory{}, "DOC-06:review", claim.UnderReview},
		{"DOC-06 and FAC-04", also(issuedOn("2023-07-02"), on(invoice, func(d *claim.Document) { d.Facts.Pages = []claim.Page{scan()} })), fakeHistory{}, "DOC-06:review FAC-04:complete", claim.ToComplete},
		{"a page unread beside all that is owed", on(invoice, func(d *claim.Document) { d.Facts.Pages = append(d.Facts.Pages, scan()) }), fakeHistory{}, "", claim.Accepted},
		{"DOC-06: a page unread, and the amount missing", also(without("Total"), on(invoice, func(d *claim.Document) { d.Facts.Pages = append(d.Facts.Pages, scan()) })), fakeHistory{}, "DOC-06:review", claim.UnderReview},
		{"DOC-06: a page of the VA unread, and its title missing", also(line(va, "aptitude", ""), on(va, func(d *claim.Document) { d.Facts.Pages = append(d.Facts.Pages, scan()) })), fakeHistory{}, "DOC-06:review", claim.UnderReview},
	})
}

// completedOn moves the day of completion, on the row and on the invoice.
func completedOn(date string) func(*Context, *claim.Claim) {
	return also(dated(claim.FieldCompletedOn, date), line(claim.Invoice, "finalisation", "Date de finalisation : "+day(date).French()))
}

// issuedOn moves the day of issue, on the row and on the invoice.
func issuedOn(date string) func(*Context, *claim.Claim) {
	return also(dated(claim.FieldInvoiceDate, date), line(claim.Invoice, "émission", "Date d'émission : "+day(date).French()))
}

// TestBalanceHistory is what other claims of the dossier make of a balance.
func TestBalanceHistory(t *testing.T) {
	const (
		early = "2023-06-01 10:00"
		last  = "2023-09-20 23:59:59.999" // of the service's end
		after = "2023-09-21"
		close = "2023-12-14 14:00"
		late  = "2023-12-14 14:00:00.001"
	)
	beside := func(p *PastClaim) { p.Beside = true }
	stranger := func(p *PastClaim) { p.Supplier = otherSupplier }
	unable := func(p *PastClaim) { p.Nature, p.CompletedOn = claim.Unable, claim.Date{} }
	on := func(date string) func(*PastClaim) { return func(p *PastClaim) { p.CompletedOn = day(date) } }
	self := func(p *PastClaim) { _, c := faultlessBalance(); p.ID = c.ID }
	balance := func(d claim.Decision, received string, f ...func(*PastClaim)) PastClaim {
		return filed(claim.Balance, d, received, f...)
	}
	declared := func(d claim.Decision, received string, f ...func(*PastClaim)) PastClaim {
		return filed(claim.Completion, d, received, f...)
	}
	of := dossierOfPast
	runLater(t, claim.Balance, []laterCase{
		{"DOS-03 accepted before", nil, of(balance(claim.Accepted, early)), "DOS-03:reject", claim.Rejected},
		{"DOS-03 accepted in this night", nil, of(balance(claim.Accepted, early, beside)), "DOS-03:reject", claim.Rejected},
		{"DOS-03 under review in this night", nil, of(balance(claim.UnderReview, early, beside)), "DOS-03:review", claim.UnderReview},
		{"one under review before, that this one replaces", nil, of(balance(claim.UnderReview, early)), "", claim.Accepted},
		{"DOS-03 once", nil, of(balance(claim.UnderReview, early, beside), balance(claim.Accepted, early)), "DOS-03:reject", claim.Rejected},
		{"to complete in this night", nil, of(balance(claim.ToComplete, early, beside)), "", claim.Accepted},
		{"rejected before", nil, of(balance(claim.Rejected, early)), "", claim.Accepted},
		{"the balance itself", nil, of(balance(claim.Accepted, early, self)), "", claim.Accepted},
		{"a declaration is no balance", nil, of(declared(claim.Accepted, early)), "", claim.Accepted},
		{"DOS-01 silences DOS-03", unknownDossier, of(balance(claim.Accepted, early)), "DOS-01:complete", claim.ToComplete},
		{"DOS-02 silences DOS-03", othersDossier, of(balance(claim.Accepted, early)), "DOS-02:complete", claim.ToComplete},

		{"DOS-04", nil, fakeHistory{dossier: PastDossier{Closed: true}}, "DOS-04:reject", claim.Rejected},
		{"DOS-02 silences DOS-04", othersDossier, fakeHistory{dossier: PastDossier{Closed: true}}, "DOS-02:complete", claim.ToComplete},

		{"received in the last instant of services", receivedAt(last), of(), "", claim.Accepted},
		{"DEL-04 received after", receivedAt(after), of(), "DEL-04:reject", claim.Rejected},
		{"declared in the last instant", receivedAt(after), of(declared(claim.Accepted, last)), "", claim.Accepted},
		{"DEL-04 declared too late", receivedAt(after), of(declared(claim.Accepted, after)), "DEL-04:reject", claim.Rejected},
		{"DEL-04 a declaration under review", receivedAt(after), of(declared(claim.UnderReview, early)), "DEL-04:reject", claim.Rejected},
		{"DEL-04 a declaration to complete", receivedAt(after), of(declared(claim.ToComplete, early)), "DEL-04:reject", claim.Rejected},
		{"DEL-04 an incapacity opens nothing", receivedAt(after), of(declared(claim.Accepted, early, unable)), "DEL-04:reject", claim.Rejected},
		{"DEL-04 another supplier's declaration", receivedAt(after), of(declared(claim.Accepted, early, stranger)), "DEL-04:reject", claim.Rejected},
		{"one declaration of two in time", receivedAt(after), of(declared(claim.Accepted, after), declared(claim.Accepted, early)), "", claim.Accepted},
		{"DOS-01 silences DEL-04", also(receivedAt(after), unknownDossier), of(), "DOS-01:complete", claim.ToComplete},

		{"received at the final closing", receivedAt(close), of(declared(claim.Accepted, early)), "", claim.Accepted},
		{"DEL-03 a millisecond later", receivedAt(late), of(declared(claim.Accepted, early)), "DEL-03:reject", claim.Rejected},
		{"DEL-03 and DEL-04", receivedAt(late), of(), "DEL-03:reject DEL-04:reject", claim.Rejected},
		{"DOS-01 does not silence DEL-03", also(receivedAt(late), unknownDossier), of(balance(claim.ToComplete, early)), "DOS-01:complete DEL-03:reject", claim.Rejected},
		{"DOS-02 does not silence DEL-03", also(receivedAt(late), othersDossier), of(balance(claim.ToComplete, early)), "DOS-02:complete DEL-03:reject", claim.Rejected},

		{"replaces one that was to be completed, filed before services ended", receivedAt(late), of(balance(claim.ToComplete, last)), "DEL-03:review DEL-04:review", claim.UnderReview},
		{"replaces one filed before the final closing", receivedAt(late), of(balance(claim.ToComplete, close)), "DEL-03:review DEL-04:reject", claim.Rejected},
		{"replaces one filed before the final closing, declared", receivedAt(late), of(declared(claim.Accepted, early), balance(claim.ToComplete, close)), "DEL-03:review", claim.UnderReview},
		{"replaces one filed too late", receivedAt(late), of(declared(claim.Accepted, early), balance(claim.ToComplete, late)), "DEL-03:reject", claim.Rejected},
		{"replaces one that was rejected", receivedAt(late), of(declared(claim.Accepted, early), balance(claim.Rejected, early)), "DEL-03:reject", claim.Rejected},
		{"replaces one that was under review", receivedAt(after), of(balance(claim.UnderReview, early)), "DEL-04:reject", claim.Rejected},
		{"another supplier's to complete", receivedAt(after), of(balance(claim.ToComplete, early, stranger)), "DEL-04:reject", claim.Rejected},
		{"the first of two corrections in time", receivedAt(after), of(balance(claim.ToComplete, last), balance(claim.ToComplete, after)), "DEL-04:review", claim.UnderReview},
		{"a declaration to complete is no balance", receivedAt(after), of(declared(claim.ToComplete, last)), "DEL-04:reject", claim.Rejected},

		{"FAC-04 another day was declared", nil, of(declared(claim.Accepted, early, on("2023-05-11"))), "FAC-04:warn", claim.Accepted},
		{"FAC-04 one of two declarations", nil, of(declared(claim.Accepted, early), declared(claim.Accepted, early, on("2023-05-11"))), "FAC-04:warn", claim.Accepted},
		{"FAC-04 told once", nil, of(declared(claim.Accepted, early, on("2023-05-11")), declared(claim.Accepted, early, on("2023-05-12"))), "FAC-04:warn", claim.Accepted},
		{"a declaration that was not accepted", nil, of(declared(claim.ToComplete, early, on("2023-05-11"))), "", claim.Accepted},
		{"an incapacity with a day", nil, of(declared(claim.Accepted, early, on("2023-05-11"), func(p *PastClaim) { p.Nature = claim.Unable })), "", claim.Accepted},
		{"DOS-02 silences the warning", othersDossier, of(declared(claim.Accepted, early, on("2023-05-11"))), "DOS-02:complete", claim.ToComplete},
	})
}

// TestStrangersLearnNothing: DOS-02 and DOS-01 are told in the same words, place
// and evidence; whose the dossier is stands in the operators' text alone.
func TestStrangersLearnNothing(t *testing.T) {
	for _, kind := range []claim.Kind{claim.Balance, claim.Completion} {
		assess := func(spoil func(*Context, *claim.Claim)) claim.Assessment {
			ctx, c := faultlessOf[kind]()
			spoil(ctx, c)
			return Assess(ctx, c)
		}
		unknown, others := assess(unknownDossier), assess(othersDossier)
		one, two := find(t, unknown.Findings, "DOS-01"), find(t, others.Findings, "DOS-02")
		for _, text := range []string{string(otherSupplier), theDossier, "lot-1", "ligne 2", "01/12/2022 à 10:00"} {
			if !strings.Contains(two.Operators, text) {
				t.Errorf("operators are not told %q: %s", text, two.Operators)
			}
		}
		if one.Outcome != two.Outcome || one.Message != two.Message || one.Remedy != two.Remedy || one.Cell != two.Cell || one.Value != two.Value {
			t.Errorf("DOS-01 %+v\nDOS-02 %+v", one, two)
		}
		for _, name := range []string{"value", "deadline"} {
			if two.Params[name] == "" {
				t.Errorf("DOS-02 lacks the parameter %s", name)
			}
		}
		if strings.Join(texts(unknown.Evidence), "|") != strings.Join(texts(others.Evidence), "|") {
			t.Errorf("evidence %q and %q", texts(unknown.Evidence), texts(others.Evidence))
		}
	}
}

// TestBalanceTexts looks at messages word for word.
func TestBalanceTexts(t *testing.T) {
	const deadline = "puis déposez la demande au plus tard le 14/12/2023 à 14:00."
	for _, test := range []struct {
		code            string
		spoil           func(*Context, *claim.Claim)
		history         fakeHistory
		field, cell     string
		message, remedy string
	}{
		{
			"DOS-01", unknownDossier,
			fakeHistory{},
			"N° dossier ASP", "B2",
			"Le numéro de dossier LGO1-00000012-85 n'est pas connu, ou comporte une erreur de saisie.",
			"Reprenez le numéro notifié à l'acceptation de l'avance, " + deadline,
		},
		{
			"FAC-01", line(claim.Invoice, "Dossier", ""),
			fakeHistory{},
			"N° dossier ASP", "B2",
			"La facture facture-0001.pdf ne montre pas le numéro de dossier LGO1-00000012-85.",
			"Corrigez la ligne ou faites établir une facture conforme, " + deadline,
		},
		{
			"FAC-04", completedOn("2023-07-02"),
			fakeHistory{},
			"Date finalisation prestation", "E2",
			"Les dates se contredisent : la date de finalisation de la prestation, cellule E2 (02/07/2023) est postérieure à la réception de la demande (01/07/2023).",
			"Corrigez la date erronée d'après les documents, " + deadline,
		},
		{
			"FAC-04", advance(func(r *claim.Result) { r.OrderDate = day("2023-05-11") }),
			fakeHistory{},
			"Date finalisation prestation", "E2",
			"Les dates se contredisent : la date de commande du dossier (11/05/2023) est postérieure à la date de finalisation de la prestation, cellule E2 (10/05/2023).",
			"Corrigez la date erronée d'après les documents, " + deadline,
		},
		{
			"FAC-04", issuedOn("2023-07-02"),
			fakeHistory{},
			"Date émission facture", "D2",
			"Les dates se contredisent : la date d'émission de la facture, cellule D2 (02/07/2023) est postérieure à la réception de la demande (01/07/2023).",
			"Corrigez la date erronée d'après les documents, " + deadline,
		},
		{
			"FAC-04", nil, dossierOfPast(filed(claim.Completion, claim.Accepted, "2023-06-01 10:00", func(p *PastClaim) { p.CompletedOn = day("2023-05-11") })), "Date finalisation prestation", "E2",
			"La date de finalisation 10/05/2023 n'est pas celle de l'attestation de fin reçue le 01/06/2023 à 10:00 : 11/05/2023.",
			"Vérifiez la date de finalisation ; celle de la demande de solde est retenue. La demande a été examinée.",
		},
		{
			"FAC-05", line(claim.Invoice, "Total", ""),
			fakeHistory{},
			"Fichier facture", "F2",
			"La facture facture-0001.pdf ne montre pas le montant HT complet de la commande, 700,00\u00a0€.",
			"Joignez la facture du montant entier de la prestation, et non du seul solde, " + deadline,
		},
		{
			"VA-01", line(claim.AptitudeCertificate, "aptitude", ""),
			fakeHistory{},
			"Fichier attestation VA", "G2",
			"Le document va-0001.pdf n'est pas reconnu comme l'attestation demandée : il ne montre pas « vérification d'aptitude ».",
			"Joignez l'attestation de vérification d'aptitude signée par la pharmacie, " + deadline,
		},
		{
			"DEL-03", receivedAt("2023-12-14 14:00:03"), dossierOfPast(filed(claim.Completion, claim.Accepted, "2023-06-01 10:00")), "", "",
			"Demande reçue le 14/12/2023 à 14:00:03, 3 s après la date de clôture (14/12/2023 à 14:00).",
			"Les demandes de solde sont recevables au plus tard le 14/12/2023 à 14:00.",
		},
		{
			"DEL-04", receivedAt("2023-09-21 08:00"),
			fakeHistory{},
			"", "",
			"Demande reçue le 21/09/2023 à 08:00, 8 h après la date de fin des prestations (20/09/2023), sans attestation de fin de prestation acceptée et reçue au plus tard à cette date.",
			"L'attestation de fin de prestation doit être reçue au plus tard le 20/09/2023.",
		},
	} {
		ctx, c := faultlessBalance()
		if test.spoil != nil {
			test.spoil(ctx, c)
		}
		a := Assess(ctx, c)
		f := find(t, append(a.Findings, AssessHistory(ctx, c, a, &test.history)...), test.code)
		if f.Field != test.field || f.Cell != test.cell || f.Message != test.message || f.Remedy != test.remedy {
			t.Errorf("%s at %q %q: %s → %s", test.code, f.Field, f.Cell, f.Message, f.Remedy)
		}
	}
}
