package pipeline

import (
	"context"
	"log/slog"
	"os"
	"runtime"
	"testing"
	"time"

	"guichet/config"
	"guichet/pipeline/document"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

// pool is shared by all tests of the package: its workers take a while to start.
var pool *document.Pool

func TestMain(m *testing.M) {
	document.Main()
	runErrand()
	os.Exit(func() int {
		settings := config.Default()
		limits := settings.Limits
		var err error
		pool, err = document.NewPool(context.Background(), document.Options{
			Workers: runtime.NumCPU(),
			Limits: document.Limits{
				Bytes: int64(limits.DocumentBytes), Pages: limits.DocumentPages,
				Time: time.Duration(limits.DocumentTime), Memory: int64(limits.DocumentMemory),
			},
			OCR: document.OCR{Command: settings.OCR.Command, Language: settings.OCR.Language, PageTime: time.Duration(limits.OCRPageTime)},
		})
		if err != nil {
			panic(err)
		}
		defer func() { _ = pool.Close() }()
		return m.Run()
	}())
}

// newNight gives a night on the directory store in dir, whose batches are all
// ready, with a ledger of its own beside it.
func newNight(t testing.TB, dir string, workers int) *Night {
	t.Helper()
	settings := config.Default()
	settings.Intake.QuietPeriod = 0
	programme, err := config.LoadProgramme(settings.Programme)
	if err != nil {
		t.Fatal(err)
	}
	store, err := objectstore.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	book, err := ledger.Open(t.Context(), t.TempDir()+"/ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	return &Night{
		Config: &settings, Programme: programme, Store: store, Ledger: book, Reader: pool, Workers: workers,
		Log: slog.New(slog.DiscardHandler), Software: "guichet test", Clock: time.Now,
	}
}
