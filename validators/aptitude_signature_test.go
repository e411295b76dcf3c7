package validators

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// onVA changes the one signature of the faultless balance's VA.
func onVA(f func(*claim.Signature)) func(*Context, *claim.Claim) {
	return on(claim.AptitudeCertificate, func(d *claim.Document) { f(&d.Facts.Signatures[0]) })
}

// signsVA changes its certificate.
func signsVA(c claim.Certificate) func(*Context, *claim.Claim) {
	return onVA(func(s *claim.Signature) {
		c.NotAfter = s.Certificate.NotAfter
		s.Certificate = c
	})
}

// unsignedVA takes the signature away, and changes what is left.
func unsignedVA(f func(*claim.Facts)) func(*Context, *claim.Claim) {
	return on(claim.AptitudeCertificate, func(d *claim.Document) {
		d.Facts.Signatures = nil
		f(d.Facts)
	})
}

// TestAptitudeSignature is SIG on the VA: whose certificates are is told by the
// dossier, for the row names nobody.
func TestAptitudeSignature(t *testing.T) {
	written := func(label string) func(*Context, *claim.Claim) {
		return unsignedVA(func(f *claim.Facts) {
			b := block(written)
			b.Label = label
			f.Blocks = []claim.Block{b}
		})
	}
	supplier := claim.Certificate{CommonName: "Paul Durand", Organisation: []string{"OFFISOFT"}}
	platform := claim.Certificate{CommonName: "Sceau", Organisation: []string{"Universign"}}
	silent := func(spoil, certificate func(*Context, *claim.Claim)) func(*Context, *claim.Claim) {
		return also(certificate, spoil)
	}
	for _, test := range []struct {
		name  string
		spoil func(*Context, *claim.Claim)
		want  string
	}{
		{"signed", also(), ""},
		{"not signed", unsignedVA(func(*claim.Facts) {}), "SIG-01"},
		{"a timestamp alone", on(claim.AptitudeCertificate, func(d *claim.Document) { d.Facts.Signatures = []claim.Signature{timestamp("2023-05-15")} }), "SIG-01"},
		{"an image", unsignedVA(func(f *claim.Facts) { f.Pages[0].HasImage = true }), "SIG-04"},
		{"a trace", unsignedVA(func(f *claim.Facts) {
			f.Pages[0].Words = append(f.Pages[0].Words, pageOf("Signé électroniquement par Claire MARTIN").Words...)
		}), "SIG-07"},
		{"by hand", written("Signature du titulaire"), ""},
		{"by hand, the supplier", written("Signature du fournisseur"), "SIG-04"},
		{"an empty block", unsignedVA(func(f *claim.Facts) { f.Blocks = []claim.Block{block(claim.Ink{})} }), "SIG-01"},
		{"illegible, not signed", unsignedVA(func(f *claim.Facts) { f.Pages = []claim.Page{{}} }), "SIG-04"},

		{"broken", onVA(func(s *claim.Signature) { *s = broken(*s) }), "SIG-02"},
		{"partial", onVA(func(s *claim.Signature) { *s = partial(*s) }), "SIG-03"},
		{"not under a root", onVA(func(s *claim.Signature) { s.Certificate.Trust = claim.Untrusted }), "SIG-05"},
		{"expired at reception", onVA(func(s *claim.Signature) { s.TimeSource, s.Certificate.NotAfter = "claimed", paris("2023-06-30") }), "SIG-05"},

		{"the supplier alone", signsVA(supplier), "SIG-06"},
		{"the supplier's SIREN", signsVA(claim.Certificate{CommonName: "Direction", OrganisationID: "NTRFR-" + theSupplier.SIREN()}), "SIG-06"},
		{"a person whom nobody names", signsVA(claim.Certificate{CommonName: "Paul Durand"}), ""},
		{"a person by both names", signsVA(claim.Certificate{GivenName: "Paul", Surname: "DURAND"}), ""},
		{"a platform", signsVA(platform), "SIG-08"},
		{"the pharmacy's name on the advance", also(
			advance(func(r *claim.Result) { r.RowName = "SELARL Durand" }), signsVA(claim.Certificate{CommonName: "Sceau", Organisation: []string{"Durand SELARL"}}),
		), ""},
		{"the pharmacy's FINESS", signsVA(claim.Certificate{CommonName: "Sceau", Organisation: []string{"X"}, OrganisationalUnit: []string{string(thePharmacy)}}), ""},
		{"the pharmacy's SIREN", signsVA(claim.Certificate{CommonName: "Sceau", Organisation: []string{"X"}, OrganisationID: "NTRFR-418166096"}), ""},
		{"another pharmacy's name", signsVA(claim.Certificate{CommonName: "Sceau", Organisation: []string{"PHARMACIE DES HALLES"}}), "SIG-08"},
		{"the pharmacy's name, which the register lost", also(
			func(ctx *Context, _ *claim.Claim) { delete(registers(ctx).establishments, thePharmacy) },
			signsVA(claim.Certificate{CommonName: "Sceau", Organisation: []string{"PHARMACIE DU PONT NEUF"}}),
		), ""},
		{"the supplier's name for the pharmacy's, on the advance", also(
			advance(func(r *claim.Result) { r.RowName = "OFFISOFT" }), signsVA(supplier),
		), "SIG-06"},

		{"the supplier, an unknown dossier", silent(unknownDossier, signsVA(supplier)), ""},
		{"the supplier, another's dossier", silent(othersDossier, signsVA(supplier)), ""},
		{"a platform, an unknown dossier", silent(unknownDossier, signsVA(platform)), ""},
		{"a platform, another's dossier", silent(othersDossier, signsVA(platform)), ""},
		{"an unreadable dossier", silent(func(_ *Context, c *claim.Claim) { setState(c, claim.FieldDossier, claim.FieldBad) }, signsVA(platform)), ""},
		{"the invoice's signatures are none's business", on(claim.Invoice, func(d *claim.Document) {
			d.Facts.Signatures = []claim.Signature{broken(claim.Signature{Field: "S"})}
		}), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, c := faultlessBalance()
			test.spoil(ctx, c)
			got := Assess(ctx, c)
			explained(t, ctx, c, nil, &fakeHistory{})
			if diff := cmp.Diff(test.want, codesOf(got.Findings, "SIG")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			for _, f := range got.Findings {
				checkTexts(t, f)
				if f.Code[:3] == "SIG" && (f.Document != theVA || f.Cell != "G2") {
					t.Errorf("%s stands at %s %s", f.Code, f.Document, f.Cell)
				}
			}
		})
	}
}

// TestLaterDocuments: the summaries of a balance's two documents, each with its own.
func TestLaterDocuments(t *testing.T) {
	ctx, c := faultlessBalance()
	got := Assess(ctx, c).Documents
	if len(got) != 2 || got[0].Role != claim.Invoice || got[0].Signature.Kind != noSignature ||
		got[1].Role != claim.AptitudeCertificate || got[1].Signature.Kind != electronicSignature || got[1].Signature.Signer != "Claire MARTIN" {
		t.Errorf("%+v", got)
	}
}
