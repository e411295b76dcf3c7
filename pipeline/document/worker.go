package document

import (
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/pdfcpu/pdfcpu/pkg/api"
)

// order is what a worker is told before its first document.
type order struct {
	Limits    Limits
	Roots     [][]byte
	CacheDir  string
	Extractor string
}

// The first byte of what a worker is asked.
const (
	askFacts  = 'D' // then a document's bytes
	askRaster = 'R' // of that document: then a page's index and a scale (wire form of rasterOrder)
)

// The first byte of a worker's answer.
const (
	answerFacts  = 'F' // then a reading, as JSON
	answerRaster = 'R' // then a raster in its wire form
	answerError  = 'E' // then why the worker cannot go on
)

// How a worker ends that found itself past a limit.
const exitTime = 70

// workerStack bounds the stack of a parser that recurses: 64 MiB.
const workerStack = 64 << 20

// Main makes the process a worker when it was started as one, and then does
// not return; otherwise it does nothing. It comes first in main, and in
// TestMain of every package whose tests use a [Pool].
func Main() {
	if len(os.Args) > 2 && os.Args[1] == confinedArg {
		fmt.Fprintln(os.Stderr, runConfined(os.Args[2:]))
		os.Exit(1)
	}
	if len(os.Args) != 2 || os.Args[1] != WorkerArg {
		return
	}
	out := os.Stdout
	os.Stdout = os.Stderr // what a library prints must not get between the answers
	if err := work(os.Stdin, out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// work answers questions about documents until its input ends.
func work(in io.Reader, out io.Writer) error {
	debug.SetMaxStack(workerStack)
	api.DisableConfigDir()
	if err := limitAddressSpace(); err != nil {
		return err
	}
	message, err := readFrame(in, maxFrame)
	if err != nil {
		return err
	}
	var told order
	if err := json.Unmarshal(message, &told); err != nil {
		return fmt.Errorf("read the worker's order: %w", err)
	}
	r, err := newReader(told)
	if err != nil {
		return errors.Join(err, writeFrame(out, append([]byte{answerError}, err.Error()...)))
	}
	confine()
	if err := writeFrame(out, []byte{answerFacts}); err != nil {
		return err
	}
	for {
		question, err := readFrame(in, maxFrame)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := limitTime(told.Limits.Time); err != nil {
			return err
		}
		answer, err := r.answer(question)
		if err != nil {
			return errors.Join(err, writeFrame(out, append([]byte{answerError}, err.Error()...)))
		}
		if err := writeFrame(out, answer...); err != nil {
			return err
		}
	}
}

// answer answers one question: a document with its facts, or the number of a
// page of that document with its raster. Its error is ours.
func (r *reader) answer(question []byte) ([][]byte, error) {
	switch {
	case len(question) > 0 && question[0] == askFacts:
		r.document = question[1:]
		found, err := r.read(r.document)
		if err != nil {
			return nil, err
		}
		message, err := json.Marshal(found)
		if err != nil {
			return nil, fmt.Errorf("write a document's facts: %w", err)
		}
		return [][]byte{{answerFacts}, message}, nil
	case len(question) > 0 && question[0] == askRaster:
		page, scale, err := readRasterOrder(question[1:])
		if err != nil {
			return nil, err
		}
		picture, err := r.raster(page, scale)
		if err != nil {
			return nil, err
		}
		return [][]byte{{answerRaster}, picture.header(), picture.pixels}, nil
	}
	return nil, errQuestion
}

var errQuestion = errors.New("a worker was asked what it does not know")

// newReader makes a worker's reader.
func newReader(told order) (*reader, error) {
	roots, err := parseRoots(told.Roots)
	if err != nil {
		return nil, err
	}
	sandbox, err := newSandbox(told.CacheDir)
	if err != nil {
		return nil, err
	}
	if err := sandbox.learnLetters(); err != nil {
		return nil, err
	}
	return &reader{sandbox: sandbox, limits: told.Limits, roots: roots, version: told.Extractor}, nil
}

// parseRoots reads certificates in PEM or DER; nil when there are none.
func parseRoots(roots [][]byte) (*x509.CertPool, error) {
	if len(roots) == 0 {
		return nil, nil
	}
	pool := x509.NewCertPool()
	for i, root := range roots {
		der := root
		found := false
		for {
			block, rest := pem.Decode(root)
			if block == nil {
				break
			}
			root = rest
			if block.Type != "CERTIFICATE" {
				continue
			}
			certificate, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, fmt.Errorf("trusted root %d: %w", i+1, err)
			}
			pool.AddCert(certificate)
			found = true
		}
		if found {
			continue
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("trusted root %d is no certificate in PEM or DER: %w", i+1, err)
		}
		pool.AddCert(certificate)
	}
	return pool, nil
}
