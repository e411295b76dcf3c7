package validators

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"guichet/pipeline/claim"
)

// texts gives the evidence as rule and text.
func texts(evidence []claim.Evidence) []string {
	var all []string
	for _, e := range evidence {
		all = append(all, e.Rule+" "+e.Text)
	}
	return all
}

func TestInspectFaultless(t *testing.T) {
	ctx, c := faultless()
	findings, evidence := Inspect(ctx.Programme, ctx.Limits, claim.PurchaseOrder, c.Documents[0])
	if len(findings) != 0 {
		t.Errorf("a faultless order has the findings %s", codes(findings))
	}
	want := []string{
		"MEN-01 AF-PHA-LGO-Va1", "MEN-02 01/09/2022", "MEN-03 ASSUJETTI", "MEN-04 700,00", "MEN-06 " + string(thePharmacy),
		"MEN-08 contact@pontneuf.fr", "MEN-09 01 23 45 67 89", "MEN-10 Prestation Ségur",
		"MEN-12 Montant pris en charge par l'Etat au titre du Ségur de la santé",
	}
	if diff := cmp.Diff(want, texts(evidence)); diff != "" {
		t.Errorf("evidence (-want +got):\n%s", diff)
	}
	for _, e := range evidence {
		if e.Page != 1 || e.Rect == nil || e.Document != "commande-0001.pdf" {
			t.Errorf("%s has no place: %+v", e.Rule, e)
		}
	}
}

func TestInspectFindings(t *testing.T) {
	tests := map[string]struct {
		spoil func(*claim.Document)
		want  string
	}{
		"corrupt":  {func(d *claim.Document) { d.Facts = &claim.Facts{Status: claim.ReadFailed, Reason: "corrupt"} }, "DOC-02"},
		"locked":   {func(d *claim.Document) { d.Facts = &claim.Facts{Status: claim.ReadLocked} }, "DOC-03"},
		"a script": {func(d *claim.Document) { d.Facts.Active = []string{"javascript"} }, "DOC-07"},
		"not signed": {func(d *claim.Document) {
			d.Facts.Signatures, d.Facts.Pages[0].Source = nil, claim.TextFromPDF
		}, "SIG-01"},
		"broken":  {func(d *claim.Document) { d.Facts.Signatures[0].Integrity = claim.Broken }, "SIG-02"},
		"changed": {func(d *claim.Document) { d.Facts.Signatures[0].Coverage = claim.CoversPartial }, "SIG-03"},
		"self-signed": {func(d *claim.Document) {
			d.Facts.Signatures[0].Certificate = claim.Certificate{CommonName: "Claire MARTIN", SelfSigned: true}
		}, "SIG-05"},
		"the supplier's": {func(d *claim.Document) { d.Facts.Signatures[0].Certificate.Organisation = []string{"OFFISOFT SAS"} }, ""},
		"a platform's": {func(d *claim.Document) {
			d.Facts.Signatures[0].Certificate = claim.Certificate{CommonName: "YouSign SAS", Organisation: []string{"YouSign"}, Trust: claim.Trusted}
		}, ""},
		"another person's": {func(d *claim.Document) {
			d.Facts.Signatures[0].Certificate = claim.Certificate{GivenName: "Paul", Surname: "DURAND", Trust: claim.Trusted}
		}, ""},
		"no mention": {func(d *claim.Document) { d.Facts.Pages[0] = pageOf("Bon de commande") }, "MEN-01 MEN-10 MEN-12"},
		"no text": {func(d *claim.Document) {
			d.Facts.TextSource = claim.TextFromNone
			d.Facts.Pages[0] = claim.Page{Width: 595, Height: 842, Source: claim.TextFromNone, HasImage: true}
		}, "DOC-06"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			ctx, c := faultless()
			d := c.Documents[0]
			tt.spoil(&d)
			findings, _ := Inspect(ctx.Programme, ctx.Limits, claim.PurchaseOrder, d)
			if got := codes(findings); got != tt.want {
				t.Errorf("findings %q, want %q", got, tt.want)
			}
			for _, f := range findings {
				if f.Message == "" || f.Document != "commande-0001.pdf" || f.Cell != "" {
					t.Errorf("%s is told as %+v", f.Code, f)
				}
			}
		})
	}
}

// What is told of other roles: no mention of an order is owed there.
func TestInspectRoles(t *testing.T) {
	lines := []string{"Facture du 3 mars 2023, et attestation de vérification d'aptitude", "Dossier LGO1-00000001-96, et non LGO1-00000001-95", "Total HT : 1 250,00 €", "FINESS " + string(thePharmacy), "AF-PHA-LGO-Va1"}
	tests := map[claim.Role][]string{
		claim.Invoice:               {"FAC-01 LGO1-00000001-96,", "FAC-02 3 mars 2023,", "FAC-05 1 250,00"},
		claim.AptitudeCertificate:   {"VA-01 vérification d'aptitude", "VA-01 LGO1-00000001-96,", "VA-01 " + string(thePharmacy)},
		claim.CompletionCertificate: {"FIN-01 LGO1-00000001-96,", "FIN-01 3 mars 2023,"},
		claim.VATExemption:          nil,
	}
	for role, want := range tests {
		t.Run(string(role), func(t *testing.T) {
			ctx, c := faultless()
			d := c.Documents[0]
			d.Facts.Pages[0] = pageOf(lines...)
			findings, evidence := Inspect(ctx.Programme, ctx.Limits, role, d)
			for _, f := range findings {
				if !strings.HasPrefix(f.Code, "SIG") && !strings.HasPrefix(f.Code, "DOC") {
					t.Errorf("told %s of a %s", f.Code, role)
				}
			}
			if diff := cmp.Diff(want, texts(evidence), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("evidence (-want +got):\n%s", diff)
			}
		})
	}
}

// TestInspectLater: the title of a VA and its signature are asked of it; an invoice
// and a declaration owe nothing that needs no row.
func TestInspectLater(t *testing.T) {
	for role, want := range map[claim.Role]string{
		claim.AptitudeCertificate: "SIG-01 VA-01", claim.Invoice: "", claim.CompletionCertificate: "",
	} {
		ctx, c := faultless()
		d := c.Documents[0]
		d.Facts.Signatures, d.Facts.Pages[0] = nil, pageOf("Attestation")
		findings, evidence := Inspect(ctx.Programme, ctx.Limits, role, d)
		if got := codes(findings); got != want || len(evidence) != 0 {
			t.Errorf("%s: %q, want %q; evidence %q", role, got, want, texts(evidence))
		}
	}
}

// inspectLine gives the evidence of one rule on a line of text.
func inspectLine(rule string, lines ...string) []string {
	ctx, c := faultless()
	d := c.Documents[0]
	d.Facts.Pages[0] = pageOf(lines...)
	_, evidence := Inspect(ctx.Programme, ctx.Limits, claim.PurchaseOrder, d)
	var all []string
	for _, e := range evidence {
		if e.Rule == rule {
			all = append(all, e.Text)
		}
	}
	return all
}

func TestCandidates(t *testing.T) {
	finess := string(thePharmacy)
	wrongKey := finess[:8] + fmt.Sprint((finess[8]-'0'+1)%10)
	tests := []struct {
		rule, line string
		want       []string
	}{
		{"MEN-02", "Lyon, le 1er mars 2023", []string{"1er mars 2023"}},
		{"MEN-02", "du 2023-03-01 au 12/04/2023", []string{"2023-03-01", "12/04/2023"}},
		{"MEN-02", "le 01/03/2023, dit encore le 1 mars 2023", []string{"01/03/2023,"}},
		{"MEN-02", "version 12.4.1, le 31/02/2023, 01 23 45 67 89", nil},
		{"MEN-03", "Régime : non assujetti", []string{"non assujetti"}},
		{"MEN-03", "TVA 20 %", []string{"TVA 20"}},
		{"MEN-04", "Total : 1 250,00 € et 12 €", []string{"1 250,00", "12"}},
		{"MEN-04", "remise -1 250,00 € de 20,00 %, version 12.4", nil},
		{"MEN-04", "700 licences, 75001 Paris", nil},
		{"MEN-04", "soit 0,00 €", nil},
		{"MEN-06", "FINESS : " + finess[:2] + " " + finess[2:5] + " " + finess[5:], []string{finess[:2] + " " + finess[2:5] + " " + finess[5:]}},
		{"MEN-06", "FINESS : " + wrongKey, nil},
		{"MEN-06", "réf. 1" + finess, nil},
		{"MEN-06", "SIRET " + string(theSupplier), nil},
		{"MEN-08", "écrire à marie-anne.le_goff+lgo@officine.exemple.fr.", []string{"marie-anne.le_goff+lgo@officine.exemple.fr."}},
		{"MEN-08", "@officine, a@b, x@1.2, a@b@c.fr, www.officine.fr", nil},
		{"MEN-09", "Tél. 01.23.45.67.89 ou +33 (0)4 56 78 90 12", []string{"01.23.45.67.89", "+33 (0)4 56 78 90 12"}},
		{"MEN-09", "Tél. +33 4 56 78 90 12", []string{"+33 4 56 78 90 12"}},
		{"MEN-09", "imprimé le 02/04/2015 10:51:05", nil},
		{"MEN-09", "Tél. 01.02.03.04.05", []string{"01.02.03.04.05"}},
		{"MEN-09", "SIRET " + string(theSupplier) + ", le 01/03/2023, FINESS " + finess, nil},
	}
	for _, tt := range tests {
		t.Run(tt.rule+" "+tt.line, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, inspectLine(tt.rule, tt.line), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A page full of dates tells the first of them only.
func TestCandidatesAreBounded(t *testing.T) {
	var lines []string
	for day := 1; day <= 28; day++ {
		lines = append(lines, fmt.Sprintf("%02d/01/2023", day))
	}
	got := inspectLine("MEN-02", lines...)
	if len(got) != maxCandidates || got[0] != "01/01/2023" {
		t.Errorf("%d dates from %q on", len(got), got[0])
	}
}

// Whatever a row may say and an order shows is among the candidates.
func TestCandidatesHoldWhatTheRulesFind(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		finess := withKey(fmt.Sprintf("%08d", rapid.IntRange(1_000_000, 95_999_999).Draw(t, "finess")))
		cents := claim.Cents(rapid.Int64Range(1, 2_000_000).Draw(t, "cents"))
		date := claim.Date{Year: 2022, Month: 3, Day: rapid.IntRange(1, 31).Draw(t, "day")}
		phone := fmt.Sprintf("0%d%08d", rapid.IntRange(1, 9).Draw(t, "zone"), rapid.IntRange(0, 99_999_999).Draw(t, "phone"))
		lines := []string{"FINESS : " + string(finess), "Montant : " + cents.French(), "Date : " + date.French(), "Tél. " + phone}
		for rule, want := range map[string]string{"MEN-02": date.French(), "MEN-06": string(finess), "MEN-09": phone} {
			if got := inspectLine(rule, lines...); len(got) != 1 || got[0] != want {
				t.Errorf("%s: %q, want %q", rule, got, want)
			}
		}
		if got := inspectLine("MEN-04", lines...); len(got) != 1 {
			t.Errorf("MEN-04: %q of %s", got, cents.French())
		}
	})
}
