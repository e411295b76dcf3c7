package document

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"go.uber.org/goleak"

	"guichet/pipeline/claim"
)

func read(t testing.TB, pool *Pool, data []byte) claim.Facts {
	t.Helper()
	facts, err := pool.Read(context.Background(), data)
	if err != nil {
		t.Fatal(err)
	}
	if facts.SHA256 == "" || facts.Extractor != pool.Extractor() {
		t.Fatalf("facts of %q by %q: they must say of which bytes and by what", facts.SHA256, facts.Extractor)
	}
	return facts
}

// pagesPDF is a document of n blank pages.
func pagesPDF(n int) []byte {
	objects := []string{"<</Type/Catalog/Pages 2 0 R>>", ""}
	var kids strings.Builder
	for i := range n {
		fmt.Fprintf(&kids, "%d 0 R ", i+3)
		objects = append(objects, "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>")
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", kids.String(), n)
	return assemble(objects)
}

func encrypted(t *testing.T, user, owner string) []byte {
	t.Helper()
	api.DisableConfigDir()
	var out bytes.Buffer
	plain := sheet{content: show(72, 700, "FINESS 750000123")}.bytes()
	if err := api.Encrypt(bytes.NewReader(plain), &out, model.NewAESConfiguration(user, owner, 256)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestStatus(t *testing.T) {
	plain := sheet{content: show(72, 700, "bon")}.bytes()
	tests := []struct {
		name   string
		data   []byte
		status claim.ReadStatus
		reason string
		source claim.TextSource
	}{
		{"text", plain, claim.ReadOK, "", claim.TextFromPDF},
		{"no text", sheet{content: "0 0 9 9 re f"}.bytes(), claim.ReadOK, "", claim.TextFromNone},
		{"hidden text only", sheet{content: "3 Tr " + show(72, 700, "bon")}.bytes(), claim.ReadOK, "", claim.TextFromNone},
		{"junk before the header", append(bytes.Repeat([]byte("x"), 900), plain...), claim.ReadOK, "", claim.TextFromPDF},
		{"as many pages as allowed", pagesPDF(50), claim.ReadOK, "", claim.TextFromNone},
		{"one page more", pagesPDF(51), claim.ReadFailed, reasonPages, ""},
		{"no page", pagesPDF(0), claim.ReadFailed, reasonCorrupt, ""},
		{"nothing", nil, claim.ReadFailed, reasonNotPDF, ""},
		{"not a PDF", []byte("PK\x03\x04 a workbook"), claim.ReadFailed, reasonNotPDF, ""},
		{"header too late", append(bytes.Repeat([]byte("x"), 1024), plain...), claim.ReadFailed, reasonNotPDF, ""},
		{"header alone", []byte("%PDF-1.7\n"), claim.ReadFailed, reasonCorrupt, ""},
		{"cut", plain[:len(plain)/4], claim.ReadFailed, reasonCorrupt, ""},
		{"as large as allowed", append(append([]byte{}, plain...), bytes.Repeat([]byte("\n"), 20<<20-len(plain))...), claim.ReadOK, "", claim.TextFromPDF},
		{"one byte more", append(append([]byte{}, plain...), bytes.Repeat([]byte("\n"), 20<<20-len(plain)+1)...), claim.ReadFailed, reasonSize, ""},
		{"password to open", encrypted(t, "ouvrir", "proprietaire"), claim.ReadLocked, "", ""},
		{"password to change", encrypted(t, "", "proprietaire"), claim.ReadOK, "", claim.TextFromPDF},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			facts := read(t, pool, test.data)
			if facts.Status != test.status || facts.Reason != test.reason || facts.TextSource != test.source {
				t.Errorf("%s, reason %q, text %q; want %s, %q, %q", facts.Status, facts.Reason, facts.TextSource, test.status, test.reason, test.source)
			}
		})
	}
}

func TestActiveContent(t *testing.T) {
	tests := []struct {
		name  string
		sheet sheet
		want  []string
	}{
		{"none", sheet{}, nil},
		{"script on opening", sheet{catalog: "/OpenAction<</S/JavaScript/JS(app.alert\\(1\\))>>"}, []string{activeJavaScript}},
		{"named script", sheet{catalog: "/Names<</JavaScript<</Names[(a)10 0 R]>>>>", objects: []string{"<</S/JavaScript/JS(1)>>"}}, []string{activeJavaScript}},
		{"script of the page", sheet{page: "/AA<</O<</S/JavaScript/JS(1)>>>>"}, []string{activeJavaScript}},
		{"launch behind a link", sheet{page: "/Annots[<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/Launch/F(calc.exe)>>>>]"}, []string{activeLaunch}},
		{"embedded file", sheet{
			catalog: "/Names<</EmbeddedFiles<</Names[(a)10 0 R]>>>>",
			objects: []string{"<</Type/Filespec/F(a.txt)/EF<</F 11 0 R>>>>", streamObject("/Type/EmbeddedFile", "x")},
		}, []string{activeEmbeddedFile}},
		{"attachment on the page and script", sheet{
			catalog: "/OpenAction<</S/JavaScript/JS(1)>>",
			page:    "/Annots[<</Type/Annot/Subtype/FileAttachment/Rect[0 0 9 9]/FS 10 0 R>>]",
			objects: []string{"<</Type/Filespec/F(a.txt)/EF<</F 11 0 R>>>>", streamObject("/Type/EmbeddedFile", "x")},
		}, []string{activeJavaScript, activeEmbeddedFile}},
	}
	pool := newTestPool(t, 1)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, read(t, pool, test.sheet.bytes()).Active); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOddFiles reads every signed and tampered file twice, by two
// workers at a time and in another order: each outcome must be the same.
func TestOddFiles(t *testing.T) {
	var files []string
	for _, folder := range []string{"signed", "tampered"} {
		files = append(files, corpus(t, folder)...)
	}
	pool := newTestPool(t, 2)
	outcomes := make([][2]claim.Facts, len(files))
	var group sync.WaitGroup
	for worker := range 2 {
		group.Go(func() {
			for i := range files {
				if worker == 1 {
					i = len(files) - 1 - i
				}
				data, err := os.ReadFile(files[i])
				if err != nil {
					t.Error(err)
					return
				}
				outcomes[i][worker], err = pool.Read(context.Background(), data)
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	count := map[string]int{}
	for i, file := range files {
		if diff := cmp.Diff(outcomes[i][0], outcomes[i][1]); diff != "" {
			t.Errorf("%s: two readings differ:\n%s", filepath.Base(file), diff)
		}
		count[strings.TrimSpace(string(outcomes[i][0].Status)+" "+outcomes[i][0].Reason)]++
	}
	t.Logf("%d files: %v", len(files), count)
	if got := read(t, pool, sheet{content: show(72, 700, "bon")}.bytes()); got.TextSource != claim.TextFromPDF {
		t.Errorf("after them, a sound document: %+v", got)
	}
}

// slow keeps a worker busy for a second or more: a long chain of fills over the page.
func slow() []byte {
	return sheet{content: show(72, 700, "bon") + strings.Repeat("0 0 595 842 re 10 10 500 700 re f*\n", 250)}.bytes()
}

func TestTimeLimit(t *testing.T) {
	limits := testLimits
	limits.Time = 300 * time.Millisecond
	pool, err := NewPool(context.Background(), Options{Workers: 1, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if facts := read(t, pool, slow()); facts.Status != claim.ReadFailed || facts.Reason != reasonTime {
		t.Errorf("status %s, reason %s; want the time limit", facts.Status, facts.Reason)
	}
	if facts := read(t, pool, sheet{content: show(72, 700, "bon")}.bytes()); facts.Status != claim.ReadOK {
		t.Errorf("after it, a sound document: %s %s", facts.Status, facts.Reason)
	}
}

func TestMemoryLimit(t *testing.T) {
	limits := testLimits
	limits.Memory = 1 << 20 // less than any worker has
	pool, err := NewPool(context.Background(), Options{Workers: 1, Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if facts := read(t, pool, slow()); facts.Status != claim.ReadFailed || facts.Reason != reasonMemory {
		t.Errorf("status %s, reason %s; want the memory limit", facts.Status, facts.Reason)
	}
}

func TestKilledWorkers(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	pool, err := NewPool(context.Background(), Options{Workers: 2, Limits: testLimits})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	data := slow()
	// strike kills n workers, one after the other, in the middle of the document.
	strike := func(n int) claim.Facts {
		done := make(chan claim.Facts, 1)
		go func() { done <- read(t, pool, data) }()
		dead := map[int]bool{}
		for len(dead) < n {
			select {
			case facts := <-done:
				return facts
			case <-time.After(30 * time.Millisecond):
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
	if facts := read(t, pool, sheet{content: show(72, 700, "bon")}.bytes()); facts.Status != claim.ReadOK {
		t.Errorf("after them, a sound document: %s %s", facts.Status, facts.Reason)
	}
}

// busyWorker gives the process that reads at the moment; 0 when there is none.
func busyWorker(pool *Pool) int {
	pool.mutex.Lock()
	defer pool.mutex.Unlock()
	for p := range pool.busy {
		return p.command.Process.Pid
	}
	return 0
}

func TestCancelledRead(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	pool, err := NewPool(context.Background(), Options{Workers: 1, Limits: testLimits})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	if _, err := pool.Read(ctx, slow()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v; want the context's", err)
	}
	if facts := read(t, pool, sheet{content: show(72, 700, "bon")}.bytes()); facts.Status != claim.ReadOK {
		t.Errorf("after it, a sound document: %s %s", facts.Status, facts.Reason)
	}
	if err := pool.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Read(context.Background(), slow()); !errors.Is(err, ErrClosed) {
		t.Errorf("error %v; want %v", err, ErrClosed)
	}
}

func TestNewPoolErrors(t *testing.T) {
	sound := Options{Workers: 1, Limits: testLimits}
	tests := map[string]func(*Options){
		"no worker":          func(o *Options) { o.Workers = 0 },
		"no limit of pages":  func(o *Options) { o.Limits.Pages = 0 },
		"a root that is not": func(o *Options) { o.Roots = [][]byte{[]byte("not a certificate")} },
		"no such executable": func(o *Options) { o.Command = []string{filepath.Join(t.TempDir(), "absent")} },
		"another executable": func(o *Options) { o.Command = []string{"/bin/true"} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			options := sound
			change(&options)
			pool, err := NewPool(context.Background(), options)
			if err == nil {
				_ = pool.Close()
				t.Error("no error")
			}
		})
	}
}

func TestExtractor(t *testing.T) {
	base := Options{Workers: 1, Limits: testLimits}
	other := base
	other.Limits.Pages++
	rooted := base
	rooted.Roots = [][]byte{[]byte("root")}
	many := base
	many.Workers = 8
	if base.extractor() == other.extractor() || base.extractor() == rooted.extractor() {
		t.Error("limits and roots must change the extractor's name")
	}
	if base.extractor() != many.extractor() {
		t.Error("the number of workers must not change the extractor's name")
	}
}

// A worker that a document has taken over may answer at any length.
func TestEndlessAnswer(t *testing.T) {
	ready, length := `\000\000\000\000\000\000\000\001F`, `\000\000\000\000\005\000\000\000`
	pool, err := NewPool(context.Background(), Options{
		Workers: 1, Limits: testLimits, CacheDir: t.TempDir(),
		Command: []string{"/bin/sh", "-c", "printf '" + ready + length + "'; exec /bin/cat"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if facts := read(t, pool, sheet{content: show(72, 700, "bon")}.bytes()); facts.Status != claim.ReadFailed || facts.Reason != reasonMemory {
		t.Errorf("%s, reason %q; want failed for its memory", facts.Status, facts.Reason)
	}
	if err := pool.Close(); err != nil {
		t.Error(err)
	}
}

func BenchmarkRead(b *testing.B) {
	files := corpus(b, "text")
	pool := newTestPool(b, 1)
	documents := make([][]byte, len(files))
	for i, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		documents[i] = data
	}
	b.ResetTimer()
	for i := range b.N {
		if _, err := pool.Read(context.Background(), documents[i%len(documents)]); err != nil {
			b.Fatal(err)
		}
	}
}
