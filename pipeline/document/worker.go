package document

import (
	"bytes"
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

// The first byte of a worker's answer.
const (
	answerFacts = 'F' // then the facts, as JSON
	answerError = 'E' // then why the worker cannot go on
)

// How a worker ends that found itself past a limit.
const exitTime = 70

// workerStack bounds the stack of a parser that recurses: 64 MiB.
const workerStack = 64 << 20

// Main makes the process a worker when it was started as one, and then does
// not return; otherwise it does nothing. It comes first in main, and in
// TestMain of every package whose tests use a [Pool].
func Main() {
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

// work answers documents with facts until its input ends.
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
		data, err := readFrame(in, maxFrame)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := limitTime(told.Limits.Time); err != nil {
			return err
		}
		facts, err := r.read(data)
		if err != nil {
			return errors.Join(err, writeFrame(out, append([]byte{answerError}, err.Error()...)))
		}
		answer := bytes.NewBuffer([]byte{answerFacts})
		if err := json.NewEncoder(answer).Encode(facts); err != nil {
			return fmt.Errorf("write a document's facts: %w", err)
		}
		if err := writeFrame(out, answer.Bytes()); err != nil {
			return err
		}
	}
}

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
