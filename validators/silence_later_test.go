package validators

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/config"
	"guichet/pipeline/claim"
)

// hopelessBalance gives a balance with every fault that can stand beside the
// others, and the codes it has.
func hopelessBalance() (*Context, *claim.Claim, *fakeHistory, []string) {
	ctx, c := faultlessBalance()
	also(
		withText(claim.FieldSupplier, string(otherSupplier)),
		receivedAt("2023-12-14 14:00:00.001"), dated(claim.FieldCompletedOn, "2023-12-15"), dated(claim.FieldInvoiceDate, "2023-12-16"),
		advance(func(r *claim.Result) { r.OrderDate = day("2023-12-17") }),
		on(claim.Invoice, func(d *claim.Document) { d.Facts.Pages[0] = pageOf("Facture") }),
		on(claim.AptitudeCertificate, func(d *claim.Document) { d.Facts.Pages[0] = pageOf("Attestation") }),
		signsVA(claim.Certificate{Organisation: []string{"OFFISOFT"}, Trust: claim.Untrusted}),
	)(ctx, c)
	h := &fakeHistory{dossier: PastDossier{Closed: true, Claims: []PastClaim{
		filed(claim.Balance, claim.Accepted, "2023-12-01 10:00"),
		filed(claim.Completion, claim.Accepted, "2023-12-01 10:00"),
	}}}
	return ctx, c, h, strings.Fields("FOU-01 SIG-05 SIG-06 DOS-03 DOS-04 FAC-01 FAC-02 FAC-03 FAC-04 FAC-04 FAC-04 FAC-04 FAC-05 FAC-06 VA-01 VA-01 DEL-02 DEL-03 DEL-04")
}

// hopelessCompletion gives such a declaration.
func hopelessCompletion() (*Context, *claim.Claim, *fakeHistory, []string) {
	ctx, c := faultlessCompletion()
	also(
		withText(claim.FieldSupplier, string(otherSupplier)),
		receivedAt("2023-09-21"), dated(claim.FieldCompletedOn, "2023-09-21"),
		on(claim.CompletionCertificate, func(d *claim.Document) { d.Facts.Pages[0] = pageOf("Attestation") }),
	)(ctx, c)
	return ctx, c, &fakeHistory{dossier: PastDossier{Closed: true}}, strings.Fields("FOU-01 DOS-04 DEL-02 DEL-05 FIN-01 FIN-01")
}

// TestWhatSilencesLater adds one fault to a hopeless later claim: it is told,
// what it silences is not, and everything else still is.
func TestWhatSilencesLater(t *testing.T) {
	type silence struct {
		kind     claim.Kind
		fault    string
		spoil    func(*Context, *claim.Claim)
		silenced string // a code as often as its findings go
	}
	const (
		ofDossier = "SIG-06 DOS-03 DOS-04 FAC-01 FAC-04 FAC-04 FAC-05 FAC-06 VA-01 DEL-04"
		ofInvoice = "FAC-01 FAC-02 FAC-03 FAC-05 FAC-06"
		ofVA      = "SIG-05 SIG-06 VA-01 VA-01"
	)
	missing := func(d *claim.Document) { d.Object, d.Facts = nil, nil }
	corrupt := func(d *claim.Document) { d.Facts.Status, d.Facts.Reason = claim.ReadFailed, "corrupt" }
	locked := func(d *claim.Document) { d.Facts.Status = claim.ReadLocked }
	blank := func(d *claim.Document) { d.Facts.Pages, d.Facts.TextSource = []claim.Page{{}}, claim.TextFromNone }
	wrongKey := withText(claim.FieldDossier, "LGO1-00000012-84")
	cases := map[string]silence{
		"nothing, balance":    {claim.Balance, "", also(), ""},
		"nothing, completion": {claim.Completion, "", also(), ""},

		"DOS-01":            {claim.Balance, "DOS-01", unknownDossier, ofDossier},
		"DOS-01 key":        {claim.Balance, "DOS-01", wrongKey, ofDossier},
		"DOS-02":            {claim.Balance, "DOS-02", othersDossier, ofDossier},
		"DOC-01 invoice":    {claim.Balance, "DOC-01", on(claim.Invoice, missing), ofInvoice},
		"DOC-02 invoice":    {claim.Balance, "DOC-02", on(claim.Invoice, corrupt), ofInvoice},
		"DOC-03 invoice":    {claim.Balance, "DOC-03", on(claim.Invoice, locked), ofInvoice},
		"DOC-06 invoice":    {claim.Balance, "DOC-06", on(claim.Invoice, blank), ofInvoice},
		"DOC-01 VA":         {claim.Balance, "DOC-01", on(claim.AptitudeCertificate, missing), ofVA},
		"DOC-02 VA":         {claim.Balance, "DOC-02", on(claim.AptitudeCertificate, corrupt), ofVA},
		"DOC-03 VA":         {claim.Balance, "DOC-03", on(claim.AptitudeCertificate, locked), ofVA},
		"DOC-06 VA":         {claim.Balance, "DOC-06", on(claim.AptitudeCertificate, blank), "VA-01 VA-01"},
		"SIG-02":            {claim.Balance, "SIG-02", onVA(func(s *claim.Signature) { *s = broken(*s) }), "SIG-05 SIG-06"},
		"DOS-01 completion": {claim.Completion, "DOS-01", unknownDossier, "DOS-04 FIN-01"},
		"DOS-01 its key":    {claim.Completion, "DOS-01", wrongKey, "DOS-04 FIN-01"},
		"DOS-02 completion": {claim.Completion, "DOS-02", othersDossier, "DOS-04 FIN-01"},
		"DOC-01 FIN":        {claim.Completion, "DOC-01", on(claim.CompletionCertificate, missing), "FIN-01 FIN-01"},
		"DOC-02 FIN":        {claim.Completion, "DOC-02", on(claim.CompletionCertificate, corrupt), "FIN-01 FIN-01"},
		"DOC-03 FIN":        {claim.Completion, "DOC-03", on(claim.CompletionCertificate, locked), "FIN-01 FIN-01"},
		"DOC-06 FIN":        {claim.Completion, "DOC-06", on(claim.CompletionCertificate, blank), "FIN-01 FIN-01"},
	}
	for kind, silenced := range map[claim.Kind]map[claim.FieldID]string{
		claim.Balance: {
			claim.FieldSupplier: "FOU-01", claim.FieldDossier: ofDossier, claim.FieldInvoiceNumber: "",
			claim.FieldInvoiceDate: "FAC-02 FAC-04", claim.FieldCompletedOn: "FAC-03 FAC-04 FAC-04 FAC-04 DEL-02",
			claim.FieldInvoiceFile: ofInvoice, claim.FieldAptitudeFile: ofVA,
		},
		claim.Completion: {
			claim.FieldSupplier: "FOU-01", claim.FieldDossier: "DOS-04 FIN-01", claim.FieldCompletedOn: "DEL-02 FIN-01",
			claim.FieldEndFile: "FIN-01 FIN-01", claim.FieldNature: "DEL-02 FIN-01",
		},
	} {
		for id, codes := range silenced {
			for state, code := range map[claim.FieldState]string{claim.FieldEmpty: "LIG-01", claim.FieldBad: "LIG-02", claim.FieldNoValue: "LIG-04"} {
				also := codes
				if id == claim.FieldNature && state == claim.FieldEmpty {
					code, also = "", "" // the work is finished by default
				}
				cases[string(kind)+" "+string(id)+" "+string(state)] = silence{kind, code, func(_ *Context, c *claim.Claim) {
					setState(c, id, state)
					c.Documents = slices.DeleteFunc(c.Documents, func(d claim.Document) bool { return d.Field == id })
				}, also}
			}
		}
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			made := hopelessBalance
			if test.kind == claim.Completion {
				made = hopelessCompletion
			}
			ctx, c, h, want := made()
			for _, code := range strings.Fields(test.silenced) {
				i := slices.Index(want, code)
				if i < 0 {
					t.Fatalf("the hopeless claim has no %s to silence", code)
				}
				want = slices.Delete(want, i, i+1)
			}
			if test.fault != "" {
				want = append(want, test.fault)
			}
			slices.SortStableFunc(want, func(a, b string) int { return config.Rules.Index(a) - config.Rules.Index(b) })
			test.spoil(ctx, c)
			a := Assess(ctx, c)
			findings := append(a.Findings, AssessHistory(ctx, c, a, h)...)
			Sort(findings)
			if diff := cmp.Diff(want, strings.Fields(codes(findings))); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			explanation := explained(t, ctx, c, nil, h)
			for _, code := range strings.Fields(test.silenced) {
				e, told := explanation[code], slices.Contains(want, code)
				if (e.State == Told) != told || !told && !slices.Equal(e.Because, []string{test.fault}) {
					t.Errorf("%s is %s because of %q, want %s", code, e.State, e.Because, test.fault)
				}
			}
		})
	}
}

// TestIncapacitySilences: a declaration of incapacity finishes nothing, which is
// why DEL-02 and the date of FIN-01 are not asked.
func TestIncapacitySilences(t *testing.T) {
	ctx, c, h, _ := hopelessCompletion()
	unable(ctx, c)
	got := explained(t, ctx, c, nil, h)
	why := []string{"a declaration of incapacity finishes nothing"}
	if e := got["DEL-02"]; e.State != NotEvaluated || !slices.Equal(e.Because, why) {
		t.Errorf("DEL-02 is %s because of %q", e.State, e.Because)
	}
	if e := got["FIN-01"]; len(e.Findings) != 1 || !slices.Equal(e.Because, why) {
		t.Errorf("FIN-01 has %s because of %q", codes(e.Findings), e.Because)
	}
}
