package ledger

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// later gives a balance or a completion of a dossier, received at an instant.
func later(kind claim.Kind, supplier claim.SIRET, row, sequence int, decision claim.Decision, at time.Time) claim.Result {
	r := advance(supplier, "later", row, 0)
	r.Kind, r.Claim, r.Decision, r.ReceivedAt = kind, claim.NewID(kind, supplier, "later", 1, row), decision, at
	r.Dossier = string(claim.NewDossierNumber("LGO1", sequence))
	if kind == claim.Completion {
		r.Nature = claim.Finished
	}
	return r
}

// Dossiers without an accepted balance are told with what their own supplier
// filed: nothing of a stranger's, nothing that a correction took the place of.
func TestUnbalanced(t *testing.T) {
	l := open(t)
	settle(t, l, revision(supplierA, "mars"), advance(supplierA, "mars", 2, 1), advance(supplierA, "mars", 3, 2),
		advance(supplierA, "mars", 4, 3), advance(supplierA, "mars", 5, 4))
	settle(t, l, revision(supplierB, "mars"), advance(supplierB, "mars", 6, 5))

	june := time.Date(2023, 6, 1, 9, 0, 0, 0, claim.Paris)
	paid := later(claim.Balance, supplierA, 2, 2, claim.Accepted, june)
	rejected := later(claim.Balance, supplierA, 4, 4, claim.Rejected, june.Add(time.Hour))
	finished := later(claim.Completion, supplierA, 5, 4, claim.Accepted, june)
	pending := later(claim.Balance, supplierA, 6, 4, claim.UnderReview, june.Add(2*time.Hour))
	corrected := later(claim.Balance, supplierA, 7, 4, claim.UnderReview, june.Add(time.Minute))
	strange := later(claim.Balance, supplierB, 8, 4, claim.ToComplete, june.Add(3*time.Hour))
	unable := later(claim.Completion, supplierB, 9, 5, claim.UnderReview, june)
	unable.Nature = claim.Unable
	withdrawn := advance(supplierA, "mars", 4, 0)
	withdrawn.Revision, withdrawn.First, withdrawn.Decision = 2, 1, claim.Rejected
	withdrawn.Withdrawal = &claim.Withdrawal{Revision: 1, Reason: "Référencement retiré."}
	second := revision(supplierA, "mars")
	second.Number, second.Cause, second.Inputs = 2, claim.Reprocessed, nil
	err := l.Night(t.Context(), func(n *Night) error {
		for _, r := range []claim.Result{paid, rejected, finished, pending, corrected, strange, unable, withdrawn} {
			if err := n.Decide(r, 0); err != nil {
				return err
			}
		}
		for _, r := range []claim.Revision{revision(supplierA, "later"), revision(supplierB, "later"), second} {
			if err := n.Revise(r); err != nil {
				return err
			}
		}
		return n.Supersede(corrected.Claim, pending.Claim)
	})
	if err != nil {
		t.Fatal(err)
	}

	got, err := l.Unbalanced(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dossier := func(supplier claim.SIRET, row, sequence int, filed ...Filed) Unbalanced {
		a := advance(supplier, "mars", row, sequence)
		return Unbalanced{claim.DossierNumber(a.Dossier), supplier, a.FINESS, "PHARMACIE DE L'ÎLE", a.OrderRef, filed}
	}
	filed := func(r claim.Result) Filed { return Filed{r.Claim, r.Kind, r.Decision, r.Nature, r.ReceivedAt} }
	want := []Unbalanced{
		dossier(supplierA, 2, 1),
		dossier(supplierA, 5, 4, filed(finished), filed(rejected), filed(pending)),
		dossier(supplierB, 6, 5, filed(unable)),
	}
	if diff := cmp.Diff(want, got, equalInstants); diff != "" {
		t.Errorf("(-wanted +got)\n%s", diff)
	}
}
