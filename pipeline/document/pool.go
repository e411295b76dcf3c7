package document

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/semaphore"

	"guichet/pipeline/claim"
)

// ErrClosed is what reading from a closed pool fails with.
var ErrClosed = errors.New("the pool of document workers is closed")

// Pool reads documents in worker processes. It may be used by any number of
// goroutines at once.
type Pool struct {
	options   Options
	extractor string
	arguments []string
	told      order
	ocr       *tesseract // nil: there is none

	// running counts the documents being read; one that killed a worker is
	// tried again with all places taken, alone.
	running *semaphore.Weighted
	places  int64

	mutex  sync.Mutex
	idle   []*process
	busy   map[*process]bool
	closed bool
}

// NewPool starts a pool of workers and waits until the first of them is ready.
// The first start on a machine compiles pdfium, which takes some seconds; the
// result is kept in the cache directory. Further workers start when needed.
func NewPool(ctx context.Context, options Options) (*Pool, error) {
	if options.Workers < 1 || options.Limits.Bytes <= 0 || options.Limits.Pages <= 0 ||
		options.Limits.Time <= 0 || options.Limits.Memory <= 0 {
		return nil, errors.New("a pool of document workers needs at least one worker, and limits above zero")
	}
	if _, err := parseRoots(options.Roots); err != nil {
		return nil, err
	}
	if options.CacheDir == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find a directory for compiled code: %w", err)
		}
		options.CacheDir = filepath.Join(dir, "guichet")
	}
	cache, err := filepath.Abs(options.CacheDir)
	if err != nil {
		return nil, fmt.Errorf("find a directory for compiled code: %w", err)
	}
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return nil, fmt.Errorf("make a directory for compiled code: %w", err)
	}
	arguments := options.Command
	if len(arguments) == 0 {
		executable, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("find the executable of the workers: %w", err)
		}
		arguments = []string{executable, WorkerArg}
	}
	ocr, err := findTesseract(ctx, options.OCR)
	if err != nil {
		return nil, err
	}
	p := &Pool{
		options:   options,
		extractor: options.extractor(),
		ocr:       ocr,
		arguments: arguments,
		running:   semaphore.NewWeighted(int64(options.Workers)),
		places:    int64(options.Workers),
		busy:      map[*process]bool{},
	}
	if ocr != nil {
		p.extractor += fmt.Sprintf(" ocr=%s page=%s", strings.ReplaceAll(ocr.String(), " ", "/"), options.OCR.PageTime)
	}
	p.told = order{Limits: options.Limits, Roots: options.Roots, CacheDir: cache, Extractor: p.extractor}
	first, err := start(ctx, p.arguments, p.told)
	if err != nil {
		return nil, err
	}
	p.idle = append(p.idle, first)
	return p, nil
}

// Extractor names the version of the reading, its limits, the trusted roots and
// what reads scans: all that a document's facts depend on beside its bytes.
func (p *Pool) Extractor() string { return p.extractor }

// OCR names what reads scans, such as "tesseract 5.3.0 fra"; empty when there is
// nothing that does.
func (p *Pool) OCR() string { return p.ocr.String() }

// Read reads a document; it waits until a worker is free. Whatever is wrong
// with the document is told by the facts' status and reason; an error means
// that no worker could be had, or that ctx ended.
func (p *Pool) Read(ctx context.Context, pdf []byte) (claim.Facts, error) {
	sum := sha256.Sum256(pdf)
	facts := claim.Facts{SHA256: hex.EncodeToString(sum[:]), Extractor: p.extractor}
	if int64(len(pdf)) > p.options.Limits.Bytes {
		return failed(facts, reasonSize), nil
	}
	var death killed
	var absence unstarted
	read, err := p.attempt(ctx, pdf, 1)
	if errors.As(err, &death) || errors.As(err, &absence) {
		read, err = p.attempt(ctx, pdf, p.places)
	}
	if errors.As(err, &death) {
		return failed(facts, death.reason), nil
	}
	return read, err
}

// attempt has one worker read a document, while so many places are taken: also
// while the worker waits for tesseract, so that no more processes are busy than
// there are places.
func (p *Pool) attempt(ctx context.Context, pdf []byte, places int64) (claim.Facts, error) {
	if err := p.running.Acquire(ctx, places); err != nil {
		return claim.Facts{}, fmt.Errorf("wait for a document worker: %w", err)
	}
	defer p.running.Release(places)
	worker, err := p.take(ctx)
	if err != nil {
		return claim.Facts{}, err
	}
	found, err := worker.read(ctx, pdf)
	if err == nil {
		err = p.lookAt(ctx, worker, &found)
	}
	p.give(worker, err == nil)
	if err != nil {
		return claim.Facts{}, err
	}
	return found.Facts, nil
}

// take gives an idle worker, or a new one.
func (p *Pool) take(ctx context.Context) (*process, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	for len(p.idle) > 0 && p.idle[len(p.idle)-1].gone() {
		p.idle[len(p.idle)-1].kill()
		p.idle = p.idle[:len(p.idle)-1]
	}
	last := len(p.idle) - 1
	if last < 0 {
		p.mutex.Unlock()
		worker, err := start(ctx, p.arguments, p.told)
		p.mutex.Lock()
		if err != nil {
			return nil, err
		}
		p.busy[worker] = true
		return worker, nil
	}
	worker := p.idle[last]
	p.idle = p.idle[:last]
	p.busy[worker] = true
	return worker, nil
}

// give takes a worker back, and ends it when it is of no more use.
func (p *Pool) give(worker *process, sound bool) {
	p.mutex.Lock()
	delete(p.busy, worker)
	kept := sound && !p.closed
	if kept {
		p.idle = append(p.idle, worker)
	}
	p.mutex.Unlock()
	switch {
	case kept:
	case sound:
		worker.stop()
	default:
		worker.kill()
	}
}

// Close ends the workers. Documents that are being read are read to their end.
func (p *Pool) Close() error {
	p.mutex.Lock()
	p.closed = true
	idle := p.idle
	p.idle = nil
	p.mutex.Unlock()
	for _, worker := range idle {
		worker.stop()
	}
	// The rest come back through give, which ends them.
	if err := p.running.Acquire(context.Background(), p.places); err != nil {
		return fmt.Errorf("wait for the document workers: %w", err)
	}
	p.running.Release(p.places)
	return nil
}
