package pipeline

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"guichet/config"
	"guichet/fixtures/faults"
	"guichet/pipeline/document"
	"guichet/pipeline/ledger"
)

// errandVariable holds what this binary does in the place of tests when it is
// started as a child: an errand, as JSON.
const errandVariable = "GUICHET_TEST_ERRAND"

// errand is a run in a process of its own.
type errand struct {
	Site site
	Job  job
	// At is the point of the run, from 1, at which the process does something
	// out of the way; 0 is none.
	At int
	Do act
	// Delay is how long after that point it kills itself: 0 is at the point
	// itself, while the run stands still there.
	Delay time.Duration
	// ReadTime is the time that a document may take where documents are read.
	ReadTime time.Duration
	// Trace is a file for the points that were reached; empty is none.
	Trace string
}

// act is what a process does at a point of its run.
type act string

const (
	dies  act = "dies"
	tells act = "tells" // writes a line on its standard output and goes on
	halts act = "halts" // tells, and stands still for good
)

// runErrand does the errand of this process, if it has one, and ends it.
func runErrand() {
	text := os.Getenv(errandVariable)
	if text == "" {
		return
	}
	var e errand
	err := json.Unmarshal([]byte(text), &e)
	if err == nil {
		err = e.run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func (e errand) run() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var points []string
	watch := faults.NewPoints(func(p faults.Point) {
		points = append(points, fmt.Sprintf("%d\t%s\t%s\t%s", p.Number, p.Step, p.Side, p.Key))
		if p.Number == e.At {
			e.act()
		}
	})
	night, closeLedger, err := e.Site.night(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeLedger()) }()
	night.Store = watch.Store(night.Store)
	night.Ledger.Watch(func(transaction string, phase ledger.Phase) { watch.Reach(transaction, string(phase), "") })
	night.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	if e.Site.Facts == "" {
		reading, err := newPool(e.ReadTime)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, reading.Close()) }()
		night.Reader = reading
	} else if night.Reader, err = loadRecorded(e.Site.Facts); err != nil {
		return err
	}
	summary, err := e.Job.do(ctx, night)
	if err == nil && len(summary.Failed) > 0 {
		err = errors.New(problems(summary))
	}
	if e.Trace != "" {
		err = errors.Join(err, os.WriteFile(e.Trace, []byte(strings.Join(points, "\n")), 0o600))
	}
	return err
}

// job is what is done: a night, but for one of these.
type job struct {
	Again *Reprocess
	Purge time.Time // what is purged counts back from then
	// Controls is when later controls are done.
	Controls time.Time
}

func (j job) do(ctx context.Context, night *Night) (*Summary, error) {
	switch {
	case j.Again != nil:
		done, err := night.Reprocess(ctx, *j.Again)
		return &done.Summary, err
	case !j.Purge.IsZero():
		purge := Purge{Store: night.Store, Ledger: night.Ledger, Retention: night.Config.Retention, Now: j.Purge}
		done, err := purge.Run(ctx)
		return &Summary{Left: done.Left}, err
	case !j.Controls.IsZero():
		night.Now = j.Controls
		done, err := night.Controls(ctx)
		return &done.Summary, err
	default:
		return night.Run(ctx)
	}
}

func (e errand) act() {
	if e.Do != dies {
		fmt.Println("here")
	}
	switch {
	case e.Do == halts:
		select {}
	case e.Do == dies && e.Delay > 0:
		time.AfterFunc(e.Delay, die)
	case e.Do == dies:
		die()
	}
}

// die is the end of this process, without a word to anybody in it.
func die() {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		panic(err)
	}
	select {} // until the signal is there
}

// child is a process that does an errand.
type child struct {
	*exec.Cmd
	out  *bufio.Reader
	said *strings.Builder // on standard error
}

// start starts the errand's process.
func (e errand) start(t *testing.T) *child {
	t.Helper()
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	c := &child{Cmd: exec.Command(os.Args[0]), said: &strings.Builder{}} //nolint:gosec // this test itself
	c.Env = append(os.Environ(), errandVariable+"="+string(text))
	c.Stderr = c.said
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	return c
}

// here waits until the process comes to its point.
func (c *child) here(t *testing.T) {
	t.Helper()
	if _, err := c.out.ReadString('\n'); err != nil {
		t.Fatalf("the child did not come to its point: %v, %v: %s", err, c.Wait(), c.said)
	}
}

// wasKilled waits for the process's end and tells whether SIGKILL ended it.
func (c *child) wasKilled(t *testing.T) bool {
	t.Helper()
	err := c.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL {
		return true
	}
	if err != nil {
		t.Fatalf("the child ended with %v: %s", err, c.said)
	}
	return false
}

// newPool starts worker processes under the limits of the default settings,
// but with a time of its own for each document.
func newPool(readTime time.Duration) (*document.Pool, error) {
	settings := config.Default()
	limits := settings.Limits
	return document.NewPool(context.Background(), document.Options{
		Workers: 2,
		Limits: document.Limits{
			Bytes: int64(limits.DocumentBytes), Pages: limits.DocumentPages, Time: readTime, Memory: int64(limits.DocumentMemory),
		},
		OCR: document.OCR{Command: settings.OCR.Command, Language: settings.OCR.Language, PageTime: time.Duration(limits.OCRPageTime)},
	})
}
