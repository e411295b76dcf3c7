package validators

import (
	"fmt"
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

func amountOf(amount string) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) { setAmount(c, amount) }
}

// notLiable declares the supplier not liable to VAT, on the row and as
// enrolled, with a sound attestation.
func notLiable(ctx *Context, c *claim.Claim) {
	setText(c, claim.FieldVATRegime, claim.NotLiableToVAT)
	registers(ctx).enrolments[theSupplier][0].VATRegime = claim.NotLiableToVAT
	attest(c, "Direction générale des finances publiques", "Attestation délivrée à OFFISOFT SAS")
}

// attest joins an attestation with lines of text.
func attest(c *claim.Claim, lines ...string) {
	setText(c, claim.FieldVATFile, "attestation.pdf")
	c.Documents = append(c.Documents[:1:1], claim.Document{
		Role: claim.VATExemption, Field: claim.FieldVATFile, Name: "attestation.pdf",
		Object: &claim.Object{Name: "attestation.pdf", Size: 10_000, SHA256: "c3", ReceivedAt: c.ReceivedAt},
		Facts:  &claim.Facts{SHA256: "c3", Status: claim.ReadOK, TextSource: claim.TextFromPDF, Pages: []claim.Page{pageOf(lines...)}},
	})
}

func regime(value string) func(*Context, *claim.Claim) { return withText(claim.FieldVATRegime, value) }

func finer(cents claim.Cents) func(*Context, *claim.Claim) {
	return func(_ *Context, c *claim.Claim) {
		setAmount(c, "0.00")
		field := c.Row.Fields[claim.FieldAmount]
		field.Amount = claim.Amount{Cents: cents, Finer: true}
		c.Row.Fields[claim.FieldAmount] = field
	}
}

func TestAmount(t *testing.T) {
	cases := []ruleCase{
		{"one cent", amountOf("0.01"), ""},
		{"MNT-02 zero", amountOf("0.00"), "MNT-02"},
		{"MNT-02 negative", amountOf("-0.01"), "MNT-02"},
		{"MNT-02 three decimals", finer(70000), "MNT-02"},
		{"MNT-02 less than a cent", finer(0), "MNT-02"},
		{"MNT-02 negative with three decimals", finer(-512), "MNT-02"},
		{"MNT-02 silences MNT-01", finer(99999900), "MNT-02"},

		{"not liable, attested", notLiable, ""},
		{"MNT-03 no file", also(notLiable, func(_ *Context, c *claim.Claim) {
			setState(c, claim.FieldVATFile, claim.FieldEmpty)
			c.Documents = c.Documents[:1]
		}), "MNT-03"},
		{"MNT-03 no such column", also(notLiable, func(_ *Context, c *claim.Claim) {
			delete(c.Row.Fields, claim.FieldVATFile)
			c.Documents = c.Documents[:1]
		}), "MNT-03"},
		{"unreadable name of the file silences MNT-03", also(notLiable, func(_ *Context, c *claim.Claim) {
			setState(c, claim.FieldVATFile, claim.FieldBad)
			c.Documents = c.Documents[:1]
		}), "LIG-02"},
		{"liable, and a file is named all the same", func(_ *Context, c *claim.Claim) { attest(c, "Tout autre chose") }, ""},
		{"DOC-01 silences MNT-05", also(notLiable, func(_ *Context, c *claim.Claim) {
			c.Documents[1].Object, c.Documents[1].Facts = nil, nil
		}), ""},

		{"MNT-04 enrolled as not liable", func(ctx *Context, _ *claim.Claim) {
			registers(ctx).enrolments[theSupplier][0].VATRegime = claim.NotLiableToVAT
		}, "MNT-04"},
		{"MNT-04 declared as not liable", also(notLiable, func(ctx *Context, _ *claim.Claim) {
			registers(ctx).enrolments[theSupplier][0].VATRegime = claim.LiableToVAT
		}), "MNT-04"},
		{"no regime enrolled", func(ctx *Context, _ *claim.Claim) { registers(ctx).enrolments[theSupplier][0].VATRegime = "" }, ""},
		{"another solution's row does not count", func(ctx *Context, _ *claim.Claim) {
			r := registers(ctx)
			other := r.enrolments[theSupplier][0]
			other.ANSReference, other.VATRegime = "LGO-0002", claim.NotLiableToVAT
			r.enrolments[theSupplier] = append([]claim.Enrolment{other}, r.enrolments[theSupplier]...)
		}, ""},
		{"the row in force counts", enrol(
			claim.Enrolment{From: day("2022-03-01"), Until: day("2022-05-01"), VATRegime: claim.NotLiableToVAT},
			claim.Enrolment{From: day("2022-10-01"), VATRegime: claim.LiableToVAT},
			claim.Enrolment{From: day("2023-10-01"), VATRegime: claim.NotLiableToVAT},
		), ""},
		{"MNT-04 by the latest row of a struck-off supplier", enrol(
			claim.Enrolment{From: day("2022-05-01"), Until: day("2022-09-01"), VATRegime: claim.NotLiableToVAT},
			claim.Enrolment{From: day("2022-03-01"), Until: day("2022-04-01"), VATRegime: claim.LiableToVAT},
		), "FOU-02 MNT-04"},
		{"unreadable regime silences MNT-03 and MNT-04", also(notLiable, func(_ *Context, c *claim.Claim) {
			setState(c, claim.FieldVATRegime, claim.FieldBad)
			setState(c, claim.FieldVATFile, claim.FieldEmpty)
			c.Documents = c.Documents[:1]
		}), "LIG-02"},
	}
	for tranche, ceiling := range map[string]claim.Cents{"A": 62500, "B": 70800, "C": 79200, "D": 87500} {
		in := func(ctx *Context, _ *claim.Claim) { registers(ctx).tranches[thePharmacy] = tranche }
		for name, liable := range map[string]func(*Context, *claim.Claim){"liable": also(), "not liable": notLiable} {
			for place, at := range map[string]func(*Context, *claim.Claim){
				"mainland":      also(),
				"Guadeloupe":    pharmacy(func(e *claim.Establishment) { e.Department, e.Postcode = "9A", "97100" }),
				"Guyane":        pharmacy(func(e *claim.Establishment) { e.Department, e.Postcode = "9C", "97300" }),
				"St Barthélemy": pharmacy(func(e *claim.Establishment) { e.Department, e.Postcode = "9A", "97133" }),
			} {
				where := fmt.Sprintf("tranche %s, %s, %s", tranche, name, place)
				cases = append(
					cases,
					ruleCase{where + ": the ceiling", also(in, liable, at, amountOf(ceiling.String())), ""},
					ruleCase{where + ": MNT-01 one cent more", also(in, liable, at, amountOf((ceiling + 1).String())), "MNT-01"},
				)
			}
		}
	}
	runCases(t, cases)
}

func TestAmountsArePlaced(t *testing.T) {
	ctx, c := faultless()
	notLiable(ctx, c)
	c.Documents = c.Documents[:1]
	setState(c, claim.FieldVATFile, claim.FieldEmpty)
	if f := find(t, Assess(ctx, c).Findings, "MNT-03"); f.Field != "Fichier attestation TVA" || f.Cell != "P2" {
		t.Errorf("an empty cell is the place: got %q %q", f.Field, f.Cell)
	}
	delete(c.Row.Fields, claim.FieldVATFile)
	if f := find(t, Assess(ctx, c).Findings, "MNT-03"); f.Field != "Régime TVA" || f.Cell != "E2" {
		t.Errorf("without the column the regime is the place: got %q %q", f.Field, f.Cell)
	}
	ctx, c = faultless()
	finer(1)(ctx, c)
	if f := find(t, Assess(ctx, c).Findings, "MNT-02"); f.Message != "Le montant HT « 0,00 » a plus de deux décimales." {
		t.Error(f.Message)
	}
}

// TestAttestation judges attestations as tax offices and suppliers write them.
func TestAttestation(t *testing.T) {
	siret := string(theSupplier) // 732829320 and its NIC
	nic := siret[9:]
	const office = "Direction générale des finances publiques"
	for _, test := range []struct {
		name  string
		lines []string
		want  string // variants of MNT-05
	}{
		{"office spelt out, name", []string{office, "OFFISOFT SAS"}, ""},
		{"office in short, name without its form", []string{"DGFiP", "Société Offisoft"}, ""},
		{"regional office", []string{"Direction régionale des Finances publiques", "d'Île-de-France", "OffiSoft"}, ""},
		{"DRFIP", []string{"DRFIP PARIS", "OffiSoft"}, ""},
		{"departmental office over two lines", []string{"Direction départementale", "des finances publiques", "OffiSoft"}, ""},
		{"DDFiP", []string{"DDFiP du Rhône", "OffiSoft"}, ""},
		{"SIREN", []string{office, "SIREN 732829320"}, ""},
		{"SIREN in groups", []string{office, "SIREN : 732 829 320."}, ""},
		{"SIREN over two lines", []string{office, "SIREN : 732 829", "320"}, ""},
		{"SIRET", []string{office, "SIRET " + siret}, ""},
		{"SIRET in groups", []string{office, "SIRET : 732 829 320 " + nic}, ""},
		{"SIRET of another establishment", []string{office, "SIRET 73282932099999"}, ""},
		{"number for VAT", []string{office, "FR44732829320"}, ""},
		{"number for VAT in groups", []string{office, "TVA FR 44 732 829 320"}, ""},
		{"no office", []string{"Attestation sur l'honneur", "OFFISOFT SAS"}, ":office"},
		{"no supplier", []string{office, "Tout autre SAS, 552 081 317"}, ":supplier"},
		{"neither", []string{"Bonjour"}, ":office :supplier"},
		{"another's name that begins alike", []string{office, "Offisoftware SARL"}, ":supplier"},
		{"digits of a longer number", []string{office, "17328293200 7328293201 732829320,00"}, ":supplier"},
		{"part of the SIREN", []string{office, "732 829 32"}, ":supplier"},
		{"part of the office's name", []string{"Direction des finances", "OffiSoft"}, ":office"},
	} {
		ctx, c := faultless()
		notLiable(ctx, c)
		attest(c, test.lines...)
		var got []string
		a := Assess(ctx, c)
		for _, f := range a.Findings {
			if f.Code != "MNT-05" {
				continue
			}
			variant := ":office"
			if strings.Contains(f.Message, "SIREN") {
				variant = ":supplier"
			}
			got = append(got, variant)
			if f.Document != "attestation.pdf" || f.Cell != "P2" {
				t.Errorf("%s: place: %+v", test.name, f)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
		evidence := 0
		for _, e := range a.Evidence {
			if e.Rule == "MNT-05" && e.Document == "attestation.pdf" && e.Page == 1 && e.Rect != nil && e.Text != "" {
				evidence++
			}
		}
		if evidence+len(got) != 2 {
			t.Errorf("%s: %d pieces of evidence beside %d findings", test.name, evidence, len(got))
		}
	}
}

func TestInvisibleAttestation(t *testing.T) {
	ctx, c := faultless()
	notLiable(ctx, c)
	words := c.Documents[1].Facts.Pages[0].Words
	for i := range words {
		words[i].Hidden = words[i].Text == "OFFISOFT"
	}
	if f := find(t, Assess(ctx, c).Findings, "MNT-05"); !strings.Contains(f.Message, "SIREN") {
		t.Error(f.Message)
	}
}

// TestExemptionIsSilenced: what cannot be read is not judged.
func TestExemptionIsSilenced(t *testing.T) {
	for name, spoil := range map[string]func(*claim.Document){
		"DOC-01": func(d *claim.Document) { d.Object, d.Facts = nil, nil },
		"DOC-02": func(d *claim.Document) { d.Facts.Status, d.Facts.Reason = claim.ReadFailed, "corrupt" },
		"DOC-03": func(d *claim.Document) { d.Facts.Status = claim.ReadLocked },
		"DOC-06": func(d *claim.Document) { d.Facts.Pages[0].Words, d.Facts.TextSource = nil, claim.TextFromNone },
	} {
		ctx, c := faultless()
		notLiable(ctx, c)
		attest(c, "Tout autre chose")
		spoil(&c.Documents[1])
		if got := codesOf(Assess(ctx, c).Findings, "MNT", "DOC"); got != name {
			t.Errorf("got %q, want %s alone", got, name)
		}
	}
	ctx, c := faultless()
	attest(c, "Tout autre chose") // liable: read, and nothing asked of it
	if got := codes(Assess(ctx, c).Findings); got != "" {
		t.Errorf("a liable supplier's attestation: %q", got)
	}
	setText(c, claim.FieldVATRegime, claim.LiableToVAT)
	c.Documents[1].Object, c.Documents[1].Facts = nil, nil
	if got := codes(Assess(ctx, c).Findings); got != "DOC-01" {
		t.Errorf("a liable supplier's missing attestation: %q", got)
	}
}
