package settle

import (
	"fmt"
	"testing"
	"time"

	"guichet/pipeline/ledger"
)

// BenchmarkNight settles a night of 10,000 claims, a tenth of them for a
// pharmacy that another claim of the night asks for too, and verifies it.
func BenchmarkNight(b *testing.B) {
	const size = 10000
	vctx := newTown(b, size)
	night := make([]filed, size)
	for i := range night {
		night[i] = filed{supplier: siret(i % 50), batch: fmt.Sprint("lot-", i/500), row: i + 2, pharmacy: 1 + i*9/10, at: time.Duration(i) * time.Millisecond}
	}
	var l *ledger.Ledger
	for b.Loop() {
		b.StopTimer()
		l = open(b)
		all := batches(night...)
		b.StartTimer()
		if _, err := Night(b.Context(), vctx, l, all); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "claims/s")
	start := time.Now()
	if err := l.Verify(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms-to-verify")
}

// BenchmarkOneOrder settles 10,000 claims of one supplier with one order
// reference, pharmacy and document: all of them under review but the last.
func BenchmarkOneOrder(b *testing.B) {
	const size = 10000
	vctx := newTown(b, 1)
	night := make([]filed, size)
	for i := range night {
		night[i] = filed{row: i + 2, ref: fmt.Sprint("BC ", i), doc: "same", outcome: "review"}
	}
	for b.Loop() {
		b.StopTimer()
		l := open(b)
		all := batches(night...)
		b.StartTimer()
		if _, err := Night(b.Context(), vctx, l, all); err != nil {
			b.Fatal(err)
		}
	}
}
