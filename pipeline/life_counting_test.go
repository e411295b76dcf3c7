package pipeline

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestCounting: what is counted of a few published files, and that what is
// wrong with them is told.
func TestCounting(t *testing.T) {
	accepted := func(kind, dossier, finess, total, due string) string {
		return fmt.Sprintf("%s-%s;%s;%s;%s;%s;%s;S1\r\n", kind, dossier, kind, dossier, finess, total, due)
	}
	const (
		one, two    = "LGO1-00000001-96", "LGO1-00000002-95"
		lilas       = "750001026"
		head        = "\ufeffclaim;kind;dossier;finess;payable_total;amount_due;supplier\r\n"
		told        = "\ufeffclaim;decision\r\n"
		withdrawing = "\ufeffdossier;amount_due\r\n"
		indus       = "\ufeffdossier;status;amount;supplier\r\n"
	)
	receipt := func(accepted, rejected int, total string) string {
		return fmt.Sprintf(`{"counts": {"accepted": %d, "rejected": %d, "to_complete": 0, "under_review": 0, "newly_accepted": %d}, "amount_due_total": %q}`,
			accepted, rejected, accepted, total)
	}
	advance := [][2]string{
		{"a/r1/accepted.csv", head + accepted("advance", one, lilas, "720.00", "216.00")},
		{"a/r1/rejected.csv", told + "A-2;rejected\r\nA-2;rejected\r\n"},
		{"a/r1/receipt.json", receipt(1, 1, "216.00")},
	}
	balance := [][2]string{{"b/r1/accepted.csv", head + accepted("balance", one, lilas, "720.00", "504.00")}, {"b/r1/receipt.json", receipt(1, 0, "504.00")}}
	second := [][2]string{{"d/r1/accepted.csv", balance[0][1]}, {"d/r1/receipt.json", balance[1][1]}}
	again := [][2]string{{"c/r1/accepted.csv", head + accepted("advance", two, lilas, "600.00", "180.00")}, {"c/r1/receipt.json", receipt(1, 0, "180.00")}}
	ordered := [][2]string{{"indus/2023-06-01.csv", indus + one + ";ordered;216.00;S1\r\n"}}
	withdrawn := [][2]string{{"a/r2/withdrawn.csv", withdrawing + one + ";216.00\r\n"}, {"a/r2/receipt.json", receipt(0, 0, "0.00")}}
	changed := func(files [][2]string, old, with string) [][2]string {
		var other [][2]string
		for _, f := range files {
			other = append(other, [2]string{f[0], strings.Replace(f[1], old, with, 1)})
		}
		return other
	}
	for _, c := range []struct {
		name   string
		sets   [][][2]string // in the order of publication
		faults int
		held   string // dossier that funds the pharmacy in the end
	}{
		{"advance and balance", [][][2]string{advance, balance}, 0, one},
		{"repaid, and funded anew", [][][2]string{advance, ordered, again}, 0, two},
		{"withdrawn, and funded anew", [][][2]string{advance, withdrawn, again}, 0, two},
		{"funded twice", [][][2]string{advance, again}, 1, two},
		{"funded anew before it is repaid", [][][2]string{advance, again, ordered}, 1, two},
		{"a cent too much", [][][2]string{advance, changed(balance, "504.00", "504.01")}, 1, one}, // in the receipt too
		{"another total", [][][2]string{advance, changed(balance, "720.00", "720.01")}, 1, one},
		{"two balances", [][][2]string{advance, balance, second}, 1, one},
		{"a balance without an advance", [][][2]string{balance}, 1, ""},
		{"a balance of what was repaid", [][][2]string{advance, ordered, balance}, 1, ""},
		{"repaid after the balance, the advance alone", [][][2]string{advance, balance, ordered}, 1, one},
		{"another receipt", [][][2]string{changed(advance, `"216.00"`, `"215.99"`)}, 1, one},
		{"withdrawn after the balance", [][][2]string{advance, balance, withdrawn}, 1, one},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			at := time.Date(2023, time.June, 1, 0, 0, 0, 0, time.UTC)
			for _, set := range c.sets {
				at = at.Add(time.Second)
				for _, file := range set {
					putFile(t, filepath.Join(dir, "outbox", "40000001400011", file[0]), []byte(file[1]), at)
				}
			}
			counted := count(t, dir)
			if len(counted.faults) != c.faults || counted.holders[lilas] != c.held {
				t.Errorf("%d faults, %q funds the pharmacy; want %d, %q: %v", len(counted.faults), counted.holders[lilas], c.faults, c.held, counted.faults)
			}
			if times := counted.told["40000001400011/a/r1 A-2"]; times > 1 {
				t.Errorf("a claim with two findings is told %d times", times)
			}
		})
	}
}
