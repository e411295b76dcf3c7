package document

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"guichet/fixtures"
	"guichet/fixtures/imagepdf"
	"guichet/pipeline/claim"
)

// benchScans are one order, scanned at 300 dpi as scanners do.
var benchScans = map[string]fixtures.ScanOptions{
	"grey JPEG":   {DPI: 300, Noise: 4, Bleed: 0.1},
	"colour JPEG": {DPI: 300, Noise: 4, Bleed: 0.1, Colour: true},
	"CCITT":       {DPI: 300, Coding: imagepdf.CCITTG4},
}

func benchScan(b *testing.B, options fixtures.ScanOptions) []byte {
	b.Helper()
	order, err := fixtures.SampleOrder(3)
	if err != nil {
		b.Fatal(err)
	}
	pdf, _, err := fixtures.Scan(order, options)
	if err != nil {
		b.Fatal(err)
	}
	return pdf
}

// childrenCPU is the CPU time, in milliseconds, of the children that ended.
func childrenCPU(b *testing.B) float64 {
	b.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_CHILDREN, &usage); err != nil {
		b.Fatal(err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e6
}

// peak is the most memory that a process has had, in MB.
func peak(b *testing.B, process string) float64 {
	b.Helper()
	status, err := os.ReadFile("/proc/" + process + "/status")
	if err != nil {
		b.Fatal(err)
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	kilobytes := 0.0
	for _, r := range strings.TrimSpace(after) {
		if r < '0' || r > '9' {
			break
		}
		kilobytes = 10*kilobytes + float64(r-'0')
	}
	return kilobytes / 1000
}

// BenchmarkScan reads a scanned page: all of it, and its parts.
func BenchmarkScan(b *testing.B) {
	for name, options := range benchScans {
		pdf := benchScan(b, options)
		b.Run(name+"/whole", func(b *testing.B) {
			pool := newOCRPool(b, 1)
			before := childrenCPU(b)
			for b.Loop() {
				if facts := read(b, pool, pdf); facts.TextSource != claim.TextFromOCR {
					b.Fatal(facts.Status, facts.Reason, facts.TextSource)
				}
			}
			b.ReportMetric((childrenCPU(b)-before)/float64(b.N), "tesseract-ms/op")
			b.ReportMetric(peak(b, "self"), "parent-MB")
		})
		b.Run(name+"/facts and picture", func(b *testing.B) {
			pool := newOCRPool(b, 1)
			worker := pool.idle[0]
			for b.Loop() {
				if _, err := worker.read(b.Context(), pdf); err != nil {
					b.Fatal(err)
				}
				if _, err := worker.raster(b.Context(), 0, fineScale); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(peak(b, strconv.Itoa(worker.command.Process.Pid)), "worker-MB")
		})
		b.Run(name+"/facts", func(b *testing.B) {
			pool := newOCRPool(b, 1)
			for b.Loop() {
				if _, err := pool.idle[0].read(b.Context(), pdf); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/straighten", func(b *testing.B) {
			pool := newOCRPool(b, 1)
			if _, err := pool.idle[0].read(b.Context(), pdf); err != nil {
				b.Fatal(err)
			}
			picture, err := pool.idle[0].raster(b.Context(), 0, fineScale)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				whole(picture).evenLight().straightened()
			}
		})
		b.Run(name+"/unread rows", func(b *testing.B) {
			pool := newOCRPool(b, 1)
			if _, err := pool.idle[0].read(b.Context(), pdf); err != nil {
				b.Fatal(err)
			}
			picture, err := pool.idle[0].raster(b.Context(), 0, fineScale)
			if err != nil {
				b.Fatal(err)
			}
			part, err := pool.ocr.readUpright(b.Context(), whole(picture), 0)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				part.unreadRows()
			}
		})
		b.Run(name+"/tesseract", func(b *testing.B) {
			pool := newOCRPool(b, 1)
			if _, err := pool.idle[0].read(b.Context(), pdf); err != nil {
				b.Fatal(err)
			}
			picture, err := pool.idle[0].raster(b.Context(), 0, fineScale)
			if err != nil {
				b.Fatal(err)
			}
			before := childrenCPU(b)
			for b.Loop() {
				if _, err := pool.ocr.read(b.Context(), picture, anyLayout); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric((childrenCPU(b)-before)/float64(b.N), "tesseract-ms/op")
		})
	}
}
