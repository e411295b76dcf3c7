package settle

import (
	"testing"

	"guichet/config"
	"guichet/pipeline/claim"
)

// TestBalanceIsTheRest: for every amount excl. VAT, to the cent, of every tranche,
// at every rate of VAT and without VAT, the advance is 30 % of what the State pays
// in all, rounded half up, and the balance is the rest.
func TestBalanceIsTheRest(t *testing.T) {
	p := &pass{vctx: newTown(t, 1)}
	programme := p.vctx.Programme
	balance := claim.Claim{Kind: claim.Balance}
	for _, place := range []struct {
		regime string
		at     claim.Establishment
		rate   claim.Cents // in hundredths of a percent
	}{
		{claim.LiableToVAT, claim.Establishment{Department: "75", Postcode: "75001"}, 2000},
		{claim.LiableToVAT, claim.Establishment{Department: "9B", Postcode: "97200"}, 850},
		{claim.LiableToVAT, claim.Establishment{Department: "9C", Postcode: "97300"}, 0},
		{claim.NotLiableToVAT, claim.Establishment{Department: "75", Postcode: "75001"}, 0},
	} {
		for _, tranche := range programme.Tranches {
			for exclTax := claim.Cents(1); exclTax <= tranche.ExclTax; exclTax++ {
				total := programme.PayableTotal(exclTax, place.regime, tranche.Ceiling, place.at)
				if want := payable(exclTax, place.regime, place.rate, tranche); total != want {
					t.Fatalf("%+v, tranche %s: %s is paid %s in all, want %s", place, tranche.Name, exclTax, total, want)
				}
				paid := claim.Result{Kind: claim.Advance, Amounts: claim.Amounts{ExclTax: &exclTax, PayableTotal: &total}}
				owed := claim.Result{Kind: claim.Balance}
				if err := p.due(&paid); err != nil {
					t.Fatal(err)
				}
				balance.Advance = &paid
				describeLater(&owed, &balance)
				if err := p.due(&owed); err != nil {
					t.Fatal(err)
				}
				first, rest := *paid.Amounts.AmountDue, *owed.Amounts.AmountDue
				if want := (total*30 + 50) / 100; first != want || *owed.Amounts.PaidBefore != first || first+rest != total || rest < 0 {
					t.Fatalf("%+v, tranche %s, %s excl. VAT: %s in advance, want %s, and %s as the balance of %s", place, tranche.Name, exclTax, first, want, rest, total)
				}
			}
		}
	}
}

// payable is what the State pays in all, worked out from the call (AF §5.3): the
// amount incl. VAT up to the ceiling, or excl. VAT of a supplier that owes none.
func payable(exclTax claim.Cents, regime string, rate claim.Cents, tranche config.Tranche) claim.Cents {
	if regime == claim.NotLiableToVAT {
		return exclTax
	}
	return min((exclTax*(10_000+rate)+5_000)/10_000, tranche.InclTax)
}
