package pipeline

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSplits: the same claims, with the same times of reception, come out the
// same when each supplier files them as one batch, as two or as five: by
// pharmacy and order the decision, the codes and the amounts. Claims under
// DOC-04 or DOC-05, which look at who shares a batch, are left out.
func TestSplits(t *testing.T) {
	started := time.Now()
	claims, runs, shared := 0, 0, 0
	for seed := range seeds(4) {
		r := rand.New(rand.NewPCG(uint64(seed), 5))
		filed := drawSales(t, r)
		claims += len(filed)
		outcomes := map[int][]string{}
		excluded := map[string]bool{}
		var reader *recorded
		for _, parts := range []int{1, 2, 5} {
			runs++
			dir := filepath.Join(t.TempDir(), "store")
			putRegisters(t, dir)
			for _, d := range split(r, filed, parts) {
				d.put(t, dir)
			}
			if reader == nil {
				reader = record(t, dir) // the documents are the same in all splits
			}
			here := siteIn(filepath.Dir(dir))
			night, closed := here.open(t, reader)
			summary, err := night.Run(t.Context())
			if err != nil || problems(summary) != "" {
				t.Fatalf("seed %d, %d parts: %v, %s", seed, parts, err, problems(summary))
			}
			outcomes[parts] = outcomesOf(t, night, excluded)
			closed()
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}
		shared += len(excluded)
		for parts := range outcomes {
			outcomes[parts] = slices.DeleteFunc(outcomes[parts], func(line string) bool { return excluded[strings.Join(strings.Fields(line)[:2], " ")] })
		}
		for _, parts := range []int{2, 5} {
			if diff := cmp.Diff(outcomes[1], outcomes[parts]); diff != "" {
				t.Errorf("seed %d: (-one batch +%d batches)\n%s", seed, parts, diff)
			}
		}
	}
	t.Logf("%d seeds, %d claims (%d under DOC-04 or DOC-05 left out), %d runs, %s", seeds(4), claims, shared, runs, time.Since(started).Round(time.Second))
}

// filing is a claim of a supplier.
type filing struct {
	sale
	supplier string
}

// templatesAt is when all templates are received: before every order, so that
// a claim's reception is its order's, whatever the batch.
const templatesAt = "2023-03-15 08:00"

// drawSales draws the claims of a night: sound and faulty ones, and some that
// ask for one pharmacy, use one reference, or name one document. No two orders
// are received at once, and some come after the closing at 14:00.
func drawSales(t *testing.T, r *rand.Rand) []filing {
	t.Helper()
	pharmacies := []pharmacy{pontNeuf, lilas, bellecour, vieuxPort, napoleon, capCorse, capucins}
	var filed []filing
	for i, supplier := range []string{offisoft, pharmadistri} {
		for n := range 5 + r.IntN(6) {
			s := sale{ref: fmt.Sprintf("C%d-%02d", i, n), target: pharmacies[r.IntN(len(pharmacies))], name: fmt.Sprintf("bc-%d-%02d.pdf", i, n)}
			switch r.IntN(10) {
			case 0:
				s.amount = "9999,00"
			case 1:
				s.silent = "Tél."
			case 2:
				s.unsigned = true
			case 3:
				s.unsent = true
			case 4:
				s.signer = "# supplier " + map[string]string{offisoft: "OFFISOFT SAS", pharmadistri: "PHARMADISTRIB SARL"}[supplier]
			case 5:
				s.ref = fmt.Sprintf("C%d-%02d", i, r.IntN(n+1)) // perhaps another claim's
			}
			filed = append(filed, filing{s, supplier})
		}
		if r.IntN(2) == 0 { // one order for two pharmacies, which nobody else asks for
			first := sale{ref: fmt.Sprintf("D%d-1", i), target: []pharmacy{gare, chartrons}[i]}
			filed = append(filed, filing{first, supplier},
				filing{sale{ref: fmt.Sprintf("D%d-2", i), target: []pharmacy{grande, musee}[i], sameAs: &first}, supplier})
		}
	}
	at := paris(t, "2023-03-15 13:50")
	for _, i := range r.Perm(len(filed)) {
		at = at.Add(time.Duration(1+r.IntN(80_000)) * time.Millisecond)
		filed[i].received = at
	}
	return filed
}

// split packs claims into so many batches a supplier: runs of rows, or any.
func split(r *rand.Rand, filed []filing, parts int) []drop {
	inRuns := r.IntN(2) == 0
	var drops []drop
	for _, supplier := range []string{offisoft, pharmadistri} {
		own := slices.DeleteFunc(slices.Clone(filed), func(f filing) bool { return f.supplier != supplier })
		batches := make([]drop, parts)
		for i, f := range own {
			part := r.IntN(parts)
			if inRuns {
				part = i * parts / len(own)
			}
			batches[part].sales = append(batches[part].sales, f.sale)
		}
		for i, d := range batches {
			if len(d.sales) > 0 {
				d.supplier, d.batch, d.received, d.workbook = supplier, fmt.Sprint("lot-", i+1), templatesAt, i%2 == 1
				drops = append(drops, d)
			}
		}
	}
	return drops
}

// outcomesOf tells what became of each claim, by pharmacy and order, and adds
// those under DOC-04 and DOC-05 to the excluded.
func outcomesOf(t *testing.T, night *Night, excluded map[string]bool) []string {
	t.Helper()
	batches, err := night.Ledger.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, b := range batches {
		results, err := night.Ledger.Results(t.Context(), b.Supplier, b.Batch, b.Number)
		if err != nil {
			t.Fatal(err)
		}
		for _, result := range results {
			name := fmt.Sprint(result.FINESS, " ", result.OrderRef)
			codes := codesOf(result.Findings)
			if strings.Contains(codes, "DOC-04") || strings.Contains(codes, "DOC-05") {
				excluded[name] = true
			}
			amounts, err := json.Marshal(result.Amounts)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, fmt.Sprintf("%s %s %s %s", name, result.Decision, codes, amounts))
		}
	}
	slices.Sort(lines)
	return lines
}
