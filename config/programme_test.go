package config

import (
	"testing"

	"pgregory.net/rapid"

	"guichet/pipeline/claim"
)

func call(t *testing.T) *Programme {
	t.Helper()
	p, err := LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPayableTotal: worked out on paper from AF §5 and French VAT rates.
func TestPayableTotal(t *testing.T) {
	p := call(t)
	mainland := claim.Establishment{Department: "75", Postcode: "75001"}
	corsica := claim.Establishment{Department: "2A", Postcode: "20000"}
	reunion := claim.Establishment{Department: "9D", Postcode: "97400"}
	guyane := claim.Establishment{Department: "9C", Postcode: "97300"}
	saintMartin := claim.Establishment{Department: "9A", Postcode: "97150"}
	for _, test := range []struct {
		name           string
		amount         claim.Cents
		regime         string
		tranche        string
		at             claim.Establishment
		total, advance claim.Cents
	}{
		{"tranche A at its ceiling", 62500, claim.LiableToVAT, "A", mainland, 75000, 22500},
		{"tranche B at its ceiling", 70800, claim.LiableToVAT, "B", mainland, 84960, 25488},
		{"tranche C at its ceiling: 950.40 is paid 950.00", 79200, claim.LiableToVAT, "C", mainland, 95000, 28500},
		{"tranche D at its ceiling", 87500, claim.LiableToVAT, "D", mainland, 105000, 31500},
		{"tranche C, just below", 79166, claim.LiableToVAT, "C", mainland, 94999, 28500}, // 949.992; 284.997
		{"not liable", 79200, claim.NotLiableToVAT, "C", mainland, 79200, 23760},
		{"Corsica is mainland", 70000, claim.LiableToVAT, "B", corsica, 84000, 25200},
		{"Réunion, 8.5 %", 70800, claim.LiableToVAT, "B", reunion, 76818, 23045},      // 230.454
		{"Réunion, half a cent", 10001, claim.LiableToVAT, "B", reunion, 10851, 3255}, // 108.51085; 32.553
		{"Guyane, 0 %", 70800, claim.LiableToVAT, "B", guyane, 70800, 21240},
		{"Saint-Martin, by postcode", 70800, claim.LiableToVAT, "B", saintMartin, 70800, 21240},
		{"Réunion, not liable", 70800, claim.NotLiableToVAT, "B", reunion, 70800, 21240},
		{"one cent", 1, claim.LiableToVAT, "A", mainland, 1, 0},                          // 0.012; 0.003
		{"half a cent of advance goes up", 5, claim.NotLiableToVAT, "A", mainland, 5, 2}, // 0.015
		{"a few cents", 3, claim.LiableToVAT, "A", mainland, 4, 1},                       // 0.036; 0.012
	} {
		tranche, ok := p.Tranche(test.tranche)
		if !ok {
			t.Fatalf("no tranche %s", test.tranche)
		}
		total := p.PayableTotal(test.amount, test.regime, tranche.Ceiling, test.at)
		if advance := p.AdvanceDue(total); total != test.total || advance != test.advance {
			t.Errorf("%s: %s: got %s and %s in advance, want %s and %s", test.name, test.amount, total, advance, test.total, test.advance)
		}
	}
}

func TestVATRates(t *testing.T) {
	p := call(t)
	for _, test := range []struct {
		department, postcode string
		want                 claim.BasisPoints
	}{
		{"75", "75001", 2000},
		{"2A", "20000", 2000},
		{"2B", "20200", 2000},
		{"9A", "97110", 850},
		{"9B", "97200", 850},
		{"9D", "97400", 850},
		{"9A", "97133", 0},
		{"9A", "97150", 0},
		{"9C", "97300", 0},
		{"9E", "97500", 0},
		{"9F", "97600", 0},
		{"9J", "97133", 0},
		{"", "", 2000},
	} {
		if got := p.VATRate(claim.Establishment{Department: test.department, Postcode: test.postcode}); got != test.want {
			t.Errorf("%s %s: got %d, want %d", test.department, test.postcode, got, test.want)
		}
	}
}

// TestSharesAddUp: whatever the amount, regime, tranche and place, the advance
// and the balance make up what the State pays, and no ceiling is passed.
func TestSharesAddUp(t *testing.T) {
	p := call(t)
	rapid.Check(t, func(t *rapid.T) {
		tranche := rapid.SampledFrom(p.Tranches).Draw(t, "tranche")
		amount := claim.Cents(rapid.Int64Range(1, int64(tranche.ExclTax)).Draw(t, "amount"))
		regime := rapid.SampledFrom([]string{claim.LiableToVAT, claim.NotLiableToVAT}).Draw(t, "regime")
		e := claim.Establishment{
			Department: rapid.SampledFrom([]string{"75", "2A", "9A", "9B", "9C", "9D", "9E", "9F", "9J"}).Draw(t, "department"),
			Postcode:   rapid.SampledFrom([]string{"75001", "97133", "97150"}).Draw(t, "postcode"),
		}
		total := p.PayableTotal(amount, regime, tranche.Ceiling, e)
		advance := p.AdvanceDue(total)
		if total < amount || total > tranche.InclTax {
			t.Fatalf("%s is paid %s, ceiling %s", amount, total, tranche.InclTax)
		}
		if balance := total - advance; advance < 0 || balance < 0 || advance+balance != total {
			t.Fatalf("%s + %s is not %s", advance, balance, total)
		}
		// 100 × the advance lies within half a cent of 30 × the total, half up.
		if off := 100*advance - 30*total; off <= -50 || off > 50 {
			t.Fatalf("30 %% of %s, rounded half up, is not %s", total, advance)
		}
	})
}
