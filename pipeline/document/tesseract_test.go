package document

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"guichet/pipeline/claim"
)

// pretender is a command that says it is tesseract, and does something else
// with a picture.
func pretender(t *testing.T, does string) string {
	t.Helper()
	return script(t, "case $1 in\n--version) echo 'tesseract 5.9.9';;\n--list-langs) printf 'Languages in \"/usr/share\":\\nfra\\n';;\n*) "+does+";;\nesac")
}

// script is a command of the shell's.
func script(t *testing.T, does string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tesseract")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+does+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// fills is a page without text that takes a worker a second or more to draw.
func fills() sheet {
	return sheet{content: strings.Repeat("0 0 595 842 re 10 10 500 700 re f*\n", 250)}
}

// Whatever becomes of tesseract, the page has no words, the document is read,
// and so is the next one.
func TestTesseractThatFails(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	marker := filepath.Join(t.TempDir(), "marker")
	tests := []struct {
		name, does string
		atMost     time.Duration
	}{
		{"hangs", "exec sleep 1000", patience(time.Second) + 20*time.Second},
		{"uses its time up", "while :; do :; done", 20 * time.Second},
		{"floods", "exec yes", 20 * time.Second},
		{"takes memory without end", `x=$(head -c 1500000000 /dev/zero | tr '\0' x); echo "$x"`, 20 * time.Second},
		{"is killed", "kill -9 $$", 20 * time.Second},
		{"gives up", "cat >/dev/null; exit 1", 20 * time.Second},
		{"says nothing", "cat >/dev/null", 20 * time.Second},
		{"says nonsense", "cat >/dev/null; echo bonjour", 20 * time.Second},
		{"does not listen", "exit 0", 20 * time.Second},
		{"writes a file", "echo words > " + marker + "; exit 1", 20 * time.Second},
	}
	scan := sheet{content: "0 0 300 400 re f"}.bytes()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if testing.Short() && test.name == "hangs" {
				t.Skip("takes the clock's limit")
			}
			pool, err := NewPool(t.Context(), Options{
				Workers: 1, Limits: testLimits,
				OCR: OCR{Command: pretender(t, test.does), Language: "fra", PageTime: time.Second},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			begun := time.Now()
			facts := read(t, pool, scan)
			if took := time.Since(begun); took > test.atMost {
				t.Errorf("it took %s", took)
			}
			if facts.Status != claim.ReadOK || facts.TextSource != claim.TextFromNone || facts.Pages[0].Source != claim.TextFromNone || len(facts.Pages[0].Words) > 0 {
				t.Errorf("%s %s, text %q, page %+v; want it read, without words", facts.Status, facts.Reason, facts.TextSource, facts.Pages[0])
			}
			if facts := read(t, pool, sheet{content: show(72, 700, "bon")}.bytes()); facts.TextSource != claim.TextFromPDF {
				t.Errorf("after it, a sound document: %s, text %q", facts.Status, facts.TextSource)
			}
		})
	}
	if written, err := os.ReadFile(marker); err == nil && len(written) > 0 {
		t.Errorf("tesseract wrote %q into a file", written)
	}
}

func TestFindTesseract(t *testing.T) {
	real, err := exec.LookPath("tesseract")
	if err != nil {
		needTesseract(t)
	}
	options := Options{Workers: 1, Limits: testLimits}
	tests := []struct {
		name  string
		ocr   OCR
		named string // by Pool.OCR, as far as known
		fails string // what the error says
	}{
		{"nothing asked for", OCR{}, "", ""},
		{"absent", OCR{Command: "tesseract-of-another-machine", Language: "fra", PageTime: time.Second}, "", ""},
		{"absent path", OCR{Command: "/opt/absent/tesseract", Language: "fra", PageTime: time.Second}, "", ""},
		{"there", testOCR, "tesseract 5", ""},
		{"there, by its path", OCR{Command: real, Language: "fra", PageTime: time.Second}, "tesseract 5", ""},
		{"no such language", OCR{Command: "tesseract", Language: "bre", PageTime: time.Second}, "", "apt-get install tesseract-ocr-bre"},
		{"one of two languages", OCR{Command: "tesseract", Language: "fra+chi_sim", PageTime: time.Second}, "", "apt-get install tesseract-ocr-chi-sim"},
		{"no language", OCR{Command: "tesseract", PageTime: time.Second}, "", "language"},
		{"no time", OCR{Command: "tesseract", Language: "fra"}, "", "time"},
		{"another command", OCR{Command: "/bin/echo", Language: "fra", PageTime: time.Second}, "", "is not tesseract"},
		{"a command that fails", OCR{Command: "/bin/false", Language: "fra", PageTime: time.Second}, "", "/bin/false"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			options.OCR = test.ocr
			pool, err := NewPool(t.Context(), options)
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Errorf("error %v; want one that says %q", err, test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer pool.Close()
			if got := pool.OCR(); !strings.HasPrefix(got, test.named) || test.named == "" && got != "" {
				t.Errorf("OCR %q; want %q", got, test.named)
			}
			if strings.Contains(pool.Extractor(), "ocr=") != (test.named != "") {
				t.Errorf("extractor %q", pool.Extractor())
			}
		})
	}
}

// Without OCR a scan has no words, also one with a stamp line.
func TestScanWithoutTesseract(t *testing.T) {
	pool := newTestPool(t, 1)
	paper := print(t, a4Width, a4Height, 100, orderLines)
	for _, line := range []string{"", show(300, 12, "SCAN-2023-000042 page 1")} {
		facts := read(t, pool, scanSheet(t, paper.img, 100, "", line).bytes())
		if facts.Status != claim.ReadOK || facts.TextSource != claim.TextFromNone || facts.Pages[0].Source != claim.TextFromNone {
			t.Errorf("%s, text %q, page %q; want it read, from nothing", facts.Status, facts.TextSource, facts.Pages[0].Source)
		}
	}
}

// A page's picture is drawn under the limits of a document.
func TestWorkerLimitsOverPictures(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	limits := testLimits
	limits.Time = 300 * time.Millisecond
	options := Options{Workers: 2, Limits: limits, OCR: OCR{Command: pretender(t, "cat >/dev/null"), Language: "fra", PageTime: time.Second}}
	pool, err := NewPool(t.Context(), options)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if facts := read(t, pool, fills().bytes()); facts.Status != claim.ReadFailed || facts.Reason != reasonTime {
		t.Errorf("%s %s; want the time limit", facts.Status, facts.Reason)
	}
	if facts := read(t, pool, sheet{content: show(72, 700, "bon")}.bytes()); facts.Status != claim.ReadOK {
		t.Errorf("after it, a sound document: %s %s", facts.Status, facts.Reason)
	}
}

func TestWorkerKilledOverPicture(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	pool, err := NewPool(t.Context(), Options{
		Workers: 1, Limits: testLimits,
		OCR: OCR{Command: pretender(t, "cat >/dev/null"), Language: "fra", PageTime: time.Second},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	strike := func(n int) claim.Facts {
		done := make(chan claim.Facts, 1)
		go func() { done <- read(t, pool, fills().bytes()) }()
		dead := map[int]bool{}
		for len(dead) < n {
			select {
			case facts := <-done:
				return facts
			case <-time.After(150 * time.Millisecond): // the facts are there, the picture is not
				if pid := busyWorker(pool); pid > 0 && !dead[pid] {
					dead[pid] = true
					if process, err := os.FindProcess(pid); err == nil {
						_ = process.Kill()
					}
				}
			}
		}
		return <-done
	}
	if facts := strike(1); facts.Status != claim.ReadOK {
		t.Errorf("one worker killed: %s %s; want it read by the next", facts.Status, facts.Reason)
	}
	if facts := strike(2); facts.Status != claim.ReadFailed || facts.Reason != reasonCrash {
		t.Errorf("two workers killed: %s %s; want a crash", facts.Status, facts.Reason)
	}
}

func TestSameScanSameFacts(t *testing.T) {
	needTesseract(t)
	scan := scanSheet(t, print(t, a4Width, a4Height, 150, orderLines).skewed(1.5), 150, "", "").bytes()
	var facts []claim.Facts
	for _, workers := range []int{1, 2} {
		pool := newOCRPool(t, workers)
		results := make(chan claim.Facts, 2)
		for range 2 {
			go func() { results <- read(t, pool, scan) }()
		}
		facts = append(facts, <-results, <-results)
	}
	for _, other := range facts[1:] {
		if diff := cmp.Diff(facts[0], other); diff != "" {
			t.Errorf("two readings differ:\n%s", diff)
		}
	}
}
