package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/document"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

type runCommand struct {
	Batch          []string      `help:"Take only this batch; may be given several times." placeholder:"SIRET/NAME"`
	Now            string        `help:"Stands in for the start of the run, for rehearsal: RFC 3339, or \"yyyy-mm-dd hh:mm\" in Paris." placeholder:"T"`
	Wait           time.Duration `help:"Wait so long for another run to end, such as 30m." placeholder:"D"`
	AcceptRegister []string      `help:"Go on although this register lost more than 2 % of its rows; its name without extension." placeholder:"NAME"`
}

func (runCommand) Help() string {
	return `Takes every batch of inbox/ that is ready, decides its claims, writes the
results to outbox/ and moves the inputs to archive/. What an earlier run left
unfinished is finished first. Rejected claims are a normal result (exit 0);
exit 1 means that something could not be processed: it is named, left where it
is, and tried again by the next run.

--now rehearses a night: the ledger and "guichet show" tell T as the time of its
decisions. Receptions stay the objects' own (under intake.reception first_seen
what is seen first is received at T), and the quiet period, locks and metrics go
by the real clock. Use a ledger and a store of your own for it.

Examples:
  guichet run
  guichet run --now '2023-03-15 22:00'
  guichet run --batch 73282932000074/lot-2023-03
  GUICHET_STORAGE_URL=file:///srv/depot guichet run
  guichet run --accept-register finess`
}

// Run does the night.
func (c runCommand) Run(t *terminal) error {
	settings, err := t.settings()
	if err != nil {
		return err
	}
	var only []intake.Ref
	for _, name := range c.Batch {
		ref, err := intake.ParseRef(name)
		if err != nil {
			return usageError{err}
		}
		only = append(only, ref)
	}
	now, err := parseNow(c.Now)
	if err != nil {
		return usageError{err}
	}
	return t.night(settings, pipeline.Night{Now: now, Only: only, Wait: c.Wait, Accepted: c.AcceptRegister})
}

// parseNow reads --now; the zero time when it is not given.
func parseNow(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	const layout = "2006-01-02 15:04"
	at, err := time.ParseInLocation(layout, s, claim.Paris)
	switch {
	case err != nil:
		return time.Time{}, fmt.Errorf("--now %q is neither RFC 3339 nor \"yyyy-mm-dd hh:mm\"", s)
	case at.Format(layout) != s:
		return time.Time{}, fmt.Errorf("--now %q: the clocks of Paris went forward over that hour", s)
	}
	return at, nil
}

// errUnprocessed is why a run that went through ends with 1.
var errUnprocessed = errors.New("not everything could be processed; see above")

// night runs the pipeline and prints its summary. The night holds what was
// asked for; the rest is the settings'.
func (t *terminal) night(settings *config.Config, night pipeline.Night) (err error) {
	watch, end := t.telemetry(settings)
	defer func() { end(err) }()
	night.Telemetry = watch
	return t.open(settings, night, func(night *pipeline.Night) error {
		started := time.Now()
		summary, err := night.Run(t.ctx)
		t.bar.done()
		if err := t.cut(err); err != nil {
			return err
		}
		if err != nil && summary.Empty() {
			return err
		}
		if err := errors.Join(t.printSummary(settings, summary, time.Since(started)), err); err != nil {
			return err
		}
		if len(summary.Failed) > 0 {
			return errUnprocessed
		}
		return nil
	})
}

// open completes a night with what the settings name, and works with it.
func (t *terminal) open(settings *config.Config, night pipeline.Night, work func(*pipeline.Night) error) error {
	return t.withoutDocuments(settings, night, func(night *pipeline.Night) (err error) {
		night.Workers = settings.Workers
		if night.Workers == 0 {
			night.Workers = runtime.NumCPU()
		}
		pool, err := t.documents(settings, night.Workers)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, pool.Close()) }()
		night.Reader = night.Telemetry.Reader(pool)
		return work(night)
	})
}

// withoutDocuments completes a night with what the settings name, but for what
// reads documents, and works with it.
func (t *terminal) withoutDocuments(settings *config.Config, night pipeline.Night, work func(*pipeline.Night) error) (err error) {
	programme, err := config.LoadProgramme(settings.Programme)
	if err != nil {
		return usageError{err}
	}
	store, err := objectstore.Open(settings.Storage.URL)
	if err != nil {
		return fmt.Errorf("storage.url %s: %w", settings.Storage.URL, err)
	}
	book, err := ledger.Open(t.ctx, settings.Ledger.URL)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	book.Watch(night.Telemetry.Transaction)
	night.Config, night.Programme, night.Ledger, night.Store = settings, programme, book, night.Telemetry.Store(store)
	night.Log, night.Software, night.Clock, night.Progress = t.log, software(), time.Now, t.bar.told
	return work(&night)
}

// cut tells of work that a signal stopped.
func (t *terminal) cut(err error) error {
	if cause := context.Cause(t.ctx); err != nil && cause != nil {
		return fmt.Errorf("%w: nothing was half-written, the next run goes on from here", cause)
	}
	return nil
}

// documents starts the pool that reads documents under the settings' limits.
func (t *terminal) documents(settings *config.Config, workers int) (*document.Pool, error) {
	roots, err := trustRoots(settings.Trust.Roots)
	if err != nil {
		return nil, usageError{err}
	}
	pool, err := document.NewPool(t.ctx, document.Options{
		Workers: workers,
		Limits: document.Limits{
			Bytes: int64(settings.Limits.DocumentBytes), Pages: settings.Limits.DocumentPages,
			Time: time.Duration(settings.Limits.DocumentTime), Memory: int64(settings.Limits.DocumentMemory),
		},
		Roots: roots,
		OCR:   document.OCR{Command: settings.OCR.Command, Language: settings.OCR.Language, PageTime: time.Duration(settings.Limits.OCRPageTime)},
	})
	if err == nil && pool.OCR() == "" {
		t.log.Warn("ocr.command was not found: scans are not read, their claims go to a person; install tesseract-ocr and tesseract-ocr-fra", slog.String("command", settings.OCR.Command))
	}
	return pool, err
}

// trustRoots reads the PEM files of a folder.
func trustRoots(folder string) ([][]byte, error) {
	if folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, fmt.Errorf("trust.roots: %w", err)
	}
	var roots [][]byte
	for _, entry := range entries {
		switch strings.ToLower(filepath.Ext(entry.Name())) {
		case ".pem", ".crt", ".cer":
			data, err := os.ReadFile(filepath.Join(folder, entry.Name())) //nolint:gosec // the operator names the folder
			if err != nil {
				return nil, fmt.Errorf("trust.roots: %w", err)
			}
			roots = append(roots, data)
		}
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("trust.roots: %s holds no certificate (.pem, .crt, .cer)", folder)
	}
	return roots, nil
}
