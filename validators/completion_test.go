package validators

import (
	"testing"

	"guichet/pipeline/claim"
)

// TestCompletion is each rule of a declaration alone.
func TestCompletion(t *testing.T) {
	declaration := claim.CompletionCertificate
	noDate := also(line(declaration, "finalisée", ""), func(_ *Context, c *claim.Claim) { setState(c, claim.FieldCompletedOn, claim.FieldEmpty) })
	on20 := also(dated(claim.FieldCompletedOn, "2023-09-20"), line(declaration, "finalisée", "Finalisée le 20 septembre 2023"))
	on21 := also(dated(claim.FieldCompletedOn, "2023-09-21"), line(declaration, "finalisée", "Finalisée le 21 septembre 2023"))
	nature := func(state claim.FieldState) func(*Context, *claim.Claim) {
		return func(_ *Context, c *claim.Claim) { setState(c, claim.FieldNature, state) }
	}
	closed := fakeHistory{dossier: PastDossier{Closed: true}}
	runLater(t, claim.Completion, []laterCase{
		{"nothing", nil, fakeHistory{}, "", claim.Accepted},
		{"a nature that is named", withText(claim.FieldNature, claim.Finished), fakeHistory{}, "", claim.Accepted},
		{"without the column", nature(claim.FieldAbsent), fakeHistory{}, "", claim.Accepted},

		{"FOU-01", withText(claim.FieldSupplier, string(otherSupplier)), fakeHistory{}, "FOU-01:reject", claim.Rejected},
		{"DOS-01 unknown", unknownDossier, fakeHistory{}, "DOS-01:complete", claim.ToComplete},
		{"DOS-01 wrong key", withText(claim.FieldDossier, "LGO1-00000012-84"), fakeHistory{}, "DOS-01:complete", claim.ToComplete},
		{"DOS-02", othersDossier, closed, "DOS-02:complete", claim.ToComplete},
		{"DOS-04", nil, closed, "DOS-04:reject", claim.Rejected},
		{"a balance was accepted", nil, dossierOfPast(filed(claim.Balance, claim.Accepted, "2023-06-01 10:00")), "", claim.Accepted},
		{"a second declaration", nil, dossierOfPast(filed(claim.Completion, claim.Accepted, "2023-06-01 10:00")), "", claim.Accepted},

		{"received in the last instant", receivedAt("2023-09-20 23:59:59.999"), fakeHistory{}, "", claim.Accepted},
		{"DEL-05 received a moment later", receivedAt("2023-09-21"), fakeHistory{}, "DEL-05:reject", claim.Rejected},
		{"DEL-05 of an incapacity", also(unable, receivedAt("2023-09-21")), fakeHistory{}, "DEL-05:reject", claim.Rejected},
		{"finished on the last day", on20, fakeHistory{}, "", claim.Accepted},
		{"finished in the days to come", also(on20, receivedAt("2023-09-01 10:00")), fakeHistory{}, "", claim.Accepted},
		{"DEL-02 a day later", on21, fakeHistory{}, "DEL-02:reject", claim.Rejected},
		{"DEL-02 is none of an incapacity", also(on21, unable), fakeHistory{}, "", claim.Accepted},

		{"FIN-01 no dossier number", line(declaration, "Dossier", ""), fakeHistory{}, "FIN-01:complete", claim.ToComplete},
		{"FIN-01 another dossier", line(declaration, "Dossier", "LGO1-00000013-84"), fakeHistory{}, "FIN-01:complete", claim.ToComplete},
		{"FIN-01 invisible", hiddenLine(declaration, "Dossier"), fakeHistory{}, "FIN-01:review", claim.UnderReview},
		{"FIN-01 no date", line(declaration, "finalisée", ""), fakeHistory{}, "FIN-01:complete", claim.ToComplete},
		{"FIN-01 another date", line(declaration, "finalisée", "Finalisée le 31/08/2023"), fakeHistory{}, "FIN-01:complete", claim.ToComplete},
		{"FIN-01 neither", on(declaration, func(d *claim.Document) { d.Facts.Pages[0] = pageOf("Attestation") }), fakeHistory{}, "FIN-01:complete FIN-01:complete", claim.ToComplete},
		{"FIN-01 of an unknown dossier asks for the date alone", also(unknownDossier, on(declaration, func(d *claim.Document) { d.Facts.Pages[0] = pageOf("Attestation") })), fakeHistory{}, "DOS-01:complete FIN-01:complete", claim.ToComplete},
		{"an incapacity without a date", also(unable, noDate), fakeHistory{}, "", claim.Accepted},
		{"an incapacity with a date that it does not show", also(unable, line(declaration, "finalisée", "")), fakeHistory{}, "", claim.Accepted},
		{"FIN-01 of an incapacity", also(unable, noDate, line(declaration, "Dossier", "")), fakeHistory{}, "FIN-01:complete", claim.ToComplete},
		{"LIG-01 a completion without a date", noDate, fakeHistory{}, "LIG-01:complete", claim.ToComplete},
		{"LIG-02 on the nature: nothing that reads it", also(nature(claim.FieldBad), on21, line(declaration, "Finalisée", "")), fakeHistory{}, "LIG-02:complete", claim.ToComplete},
		{"no signature is owed", on(declaration, func(d *claim.Document) { d.Facts.Signatures = nil }), fakeHistory{}, "", claim.Accepted},
		{"DOC-06", on(declaration, func(d *claim.Document) { d.Facts.Pages = []claim.Page{scan()} }), fakeHistory{}, "DOC-06:review", claim.UnderReview},
		{"DOC-06: a page unread, and the date missing", also(line(declaration, "finalisée", ""), on(declaration, func(d *claim.Document) { d.Facts.Pages = append(d.Facts.Pages, scan()) })), fakeHistory{}, "DOC-06:review", claim.UnderReview},
	})
}
