package document

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

func TestZZCPU(t *testing.T) {
	r, err := newReader(order{Limits: testLimits, CacheDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	var docs [][]byte
	for _, f := range corpus(t, "text") {
		d, _ := os.ReadFile(f)
		docs = append(docs, d)
	}
	user := func() float64 {
		var u unix.Rusage
		unix.Getrusage(unix.RUSAGE_SELF, &u)
		return float64(u.Utime.Nano()) / 1e6
	}
	for range 6 {
		start := user()
		pages := 0
		for _, d := range docs {
			got, err := r.read(d)
			if err != nil {
				t.Fatal(err)
			}
			pages += len(got.Facts.Pages)
		}
		t.Logf("%.1f ms a page, %d pages", (user()-start)/float64(pages), pages)
	}
}
