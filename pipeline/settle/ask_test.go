package settle

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
	"guichet/validators"
)

// TestAsk: three claims for two pharmacies, with one order reference and one
// document, and one that waits behind another for a third; a night each. Each
// is asked for once all are decided.
func TestAsk(t *testing.T) {
	vctx, l := newTown(t, 3), open(t)
	first := filed{batch: "a", row: 2, pharmacy: 1, ref: "BC 1", doc: "same"}
	second := filed{batch: "b", row: 2, pharmacy: 2, ref: "BC 1", doc: "same", outcome: claim.Review}
	third := filed{batch: "c", row: 2, pharmacy: 2, ref: "BC 1", doc: "same", outcome: claim.Complete}
	held := filed{batch: "d", row: 2, pharmacy: 3, ref: "BC 2", outcome: claim.Review}
	waiting := filed{supplier: supplierB, batch: "e", row: 2, pharmacy: 3, ref: "BC 3", at: 1}
	all := []filed{first, second, third, held, waiting}
	for _, f := range all {
		night(t, vctx, l, f)
	}
	head, err := l.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := map[claim.ID]string{}
	for _, f := range all {
		c, _ := f.claim()
		name[c.ID] = f.batch
	}
	short := func(claims []validators.PastClaim) (names string) {
		for _, p := range claims {
			names += name[p.ID]
		}
		return names
	}
	type answers struct{ Holders, Funded, Orders, Documents string }
	for f, want := range map[filed]answers{
		// The third is to complete and holds nothing; it took the second's place.
		first:   {"a", "a", "a", "a"},
		second:  {"", "", "ab", "ab"},
		third:   {"", "", "abc", "abc"},
		held:    {"d", "", "d", "d"},
		waiting: {"de", "", "e", "e"},
	} {
		c, _ := f.claim()
		h, err := Ask(t.Context(), vctx, l, c)
		if err != nil {
			t.Fatal(err)
		}
		got := answers{
			short(h.Holders(pharmacy(f.pharmacy))), short(h.FundedUnderSIRET(siret(100 + f.pharmacy))),
			short(h.OrderReference(c.Supplier, f.ref)), short(h.DocumentUses(c.Documents[0].Object.SHA256)),
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("claim of batch %s (-want +got):\n%s", f.batch, diff)
		}
	}
	if now, _ := l.Head(t.Context()); now != head {
		t.Error("asking changed the ledger")
	}
}
