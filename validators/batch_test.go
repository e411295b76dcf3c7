package validators

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// rowOf gives a faultless claim on a row, for a pharmacy and with a document of
// some digest.
func rowOf(number int, pharmacy claim.FINESS, digest string) *claim.Claim {
	_, c := faultless()
	c.Row.Number = number
	c.ID = claim.NewID(c.Kind, c.Supplier, c.Batch, c.Revision, number)
	setText(c, claim.FieldFINESS, string(pharmacy))
	c.Documents[0].Object.SHA256 = digest
	return c
}

func TestSameDocumentInABatch(t *testing.T) {
	exemption := func(c *claim.Claim) *claim.Claim {
		c.Documents[0].Role, c.Documents[0].Field = claim.VATExemption, claim.FieldVATFile
		return c
	}
	unreadable := func(c *claim.Claim) *claim.Claim {
		setState(c, claim.FieldFINESS, claim.FieldBad)
		return c
	}
	missing := func(c *claim.Claim) *claim.Claim {
		c.Documents[0].Object, c.Documents[0].Facts = nil, nil
		return c
	}
	locked := func(c *claim.Claim) *claim.Claim {
		c.Documents[0].Facts = &claim.Facts{Status: claim.ReadLocked}
		return c
	}
	for _, test := range []struct {
		name   string
		claims []*claim.Claim
		want   map[int]string // row → the other's
	}{
		{"different documents", []*claim.Claim{rowOf(2, thePharmacy, "d1"), rowOf(3, otherPharmacy, "d2")}, map[int]string{}},
		{"same document, same pharmacy", []*claim.Claim{rowOf(2, thePharmacy, "d1"), rowOf(3, thePharmacy, "d1")}, map[int]string{}},
		{"told to both", []*claim.Claim{rowOf(2, thePharmacy, "d1"), rowOf(3, otherPharmacy, "d1")}, map[int]string{2: "3", 3: "2"}},
		{"whatever the order of claims", []*claim.Claim{rowOf(3, otherPharmacy, "d1"), rowOf(2, thePharmacy, "d1")}, map[int]string{2: "3", 3: "2"}},
		{"the first other is named", []*claim.Claim{
			rowOf(2, thePharmacy, "d1"), rowOf(3, thePharmacy, "d1"), rowOf(4, otherPharmacy, "d1"), rowOf(5, otherPharmacy, "d1"), rowOf(6, thePharmacy, "d1"),
		}, map[int]string{2: "4", 3: "4", 4: "2", 5: "2", 6: "4"}},
		{"a VAT exemption serves many", []*claim.Claim{exemption(rowOf(2, thePharmacy, "d1")), exemption(rowOf(3, otherPharmacy, "d1"))}, map[int]string{}},
		{"an order that is another's VAT exemption", []*claim.Claim{rowOf(2, thePharmacy, "d1"), exemption(rowOf(3, otherPharmacy, "d1"))}, map[int]string{}},
		{"unreadable FINESS", []*claim.Claim{rowOf(2, thePharmacy, "d1"), unreadable(rowOf(3, otherPharmacy, "d1"))}, map[int]string{}},
		{"FINESS of no establishment", []*claim.Claim{rowOf(2, thePharmacy, "d1"), rowOf(3, withKey("75000009"), "d1")}, map[int]string{}},
		{"missing documents have no digest", []*claim.Claim{missing(rowOf(2, thePharmacy, "")), missing(rowOf(3, otherPharmacy, ""))}, map[int]string{}},
		{"DOC-02 and DOC-03 do not silence it", []*claim.Claim{locked(rowOf(2, thePharmacy, "d1")), locked(rowOf(3, otherPharmacy, "d1"))}, map[int]string{2: "3", 3: "2"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, _ := faultless()
			found := AssessBatch(ctx, test.claims)
			got := map[int]string{}
			for _, c := range test.claims {
				for _, f := range found[c.ID] {
					got[c.Row.Number] = f.Params["row"]
					if want := "ligne " + f.Params["row"]; f.Code != "DOC-04" || f.Cell != "O2" || f.Document != "commande-0001.pdf" || !strings.Contains(f.Message, want) {
						t.Errorf("%+v", f)
					}
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestBalancesAreForDossiers: after the advance a row names its pharmacy by the
// dossier.
func TestBalancesAreForDossiers(t *testing.T) {
	first, second, again := claim.NewDossierNumber("LGO1", 1), claim.NewDossierNumber("LGO1", 2), claim.NewDossierNumber("LGO1", 3)
	balance := func(row int, dossier claim.DossierNumber, digests ...string) *claim.Claim {
		_, c := faultless()
		c.Kind, c.Row.Number = claim.Balance, row
		c.ID = claim.NewID(c.Kind, c.Supplier, c.Batch, c.Revision, row)
		c.Row.Fields = map[claim.FieldID]claim.Field{}
		setText(c, claim.FieldDossier, string(dossier))
		c.Advance = &claim.Result{Supplier: theSupplier, Dossier: string(dossier), FINESS: map[claim.DossierNumber]claim.FINESS{
			first: thePharmacy, second: otherPharmacy, again: thePharmacy,
		}[dossier]}
		c.Documents = []claim.Document{
			{Role: claim.Invoice, Field: claim.FieldInvoiceFile, Name: "facture.pdf", Object: &claim.Object{Name: "facture.pdf", SHA256: digests[0]}},
			{Role: claim.AptitudeCertificate, Field: claim.FieldAptitudeFile, Name: "va.pdf", Object: &claim.Object{Name: "va.pdf", SHA256: digests[1]}},
		}
		return c
	}
	unknown := func(c *claim.Claim) *claim.Claim {
		c.Advance = nil
		return c
	}
	others := func(c *claim.Claim) *claim.Claim {
		c.Advance.Supplier = otherSupplier
		return c
	}
	ctx, _ := faultless()
	for _, test := range []struct {
		name   string
		claims []*claim.Claim
		want   string
	}{
		{"own documents", []*claim.Claim{balance(2, first, "d1", "d2"), balance(3, second, "d3", "d4")}, ""},
		{"same dossier", []*claim.Claim{balance(2, first, "d1", "d2"), balance(3, first, "d1", "d2")}, ""},
		{"invoice shared", []*claim.Claim{balance(2, first, "d1", "d2"), balance(3, second, "d1", "d4")}, "2:facture.pdf 3:facture.pdf"},
		{"both shared, crosswise", []*claim.Claim{balance(2, first, "d1", "d2"), balance(3, second, "d2", "d1")}, "2:facture.pdf 2:va.pdf 3:facture.pdf 3:va.pdf"},
		{"two dossiers of a pharmacy, the first of them closed", []*claim.Claim{balance(2, first, "d1", "d2"), balance(3, again, "d1", "d2")}, ""},
		{"a wrong key", []*claim.Claim{balance(2, first, "d1", "d2"), balance(3, "LGO1-00000002-00", "d1", "d4")}, ""},
		{"an unknown dossier", []*claim.Claim{balance(2, first, "d1", "d2"), unknown(balance(3, second, "d1", "d4"))}, ""},
		{"another supplier's dossier", []*claim.Claim{balance(2, first, "d1", "d2"), others(balance(3, second, "d1", "d4"))}, ""},
	} {
		var got []string
		found := AssessBatch(ctx, test.claims)
		for _, c := range test.claims {
			for _, f := range found[c.ID] {
				got = append(got, fmt.Sprintf("%d:%s", c.Row.Number, f.Document))
			}
		}
		if diff := cmp.Diff(test.want, strings.Join(got, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
