package main

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/publish"
	"guichet/validators"
)

type inspectCommand struct {
	File string `arg:"" help:"The PDF." placeholder:"FILE.pdf" type:"path"`
	Role string `help:"What it is to its claim: purchase-order, invoice, aptitude-certificate, completion-certificate, vat-exemption." default:"purchase-order" placeholder:"R"`
	JSON bool   `help:"Print a JSON object: that of documents[] in the results' JSON lines (file, sha256, role, pages, text_source, signature), with findings and evidence."`
	PNG  string `help:"Write the pictures of the blocks for a signature by hand to this folder, as page-N-block-M.png." placeholder:"DIR" type:"path"`
}

func (inspectCommand) Help() string {
	return `Shows what guichet sees of one document, whatever row names it: where its text
comes from, the words that a rule finds or could find (dates, amounts, FINESS
and telephone numbers …, right or not: that is for a row to say), electronic
signatures and revisions, ink where a signature is expected, and what the rules
that need no row find. The time of the file counts as its reception.

A document at fault is a normal result (exit 0). No ledger and no store is
opened; settings serve for limits, OCR, trusted roots and the programme.

Examples:
  guichet inspect bc-0001.pdf
  guichet inspect facture.pdf --role invoice
  guichet inspect scan.pdf --png blocks
  guichet inspect bc-0001.pdf --json | jq .signature`
}

// Run inspects the document.
func (c inspectCommand) Run(t *terminal) error {
	role, err := parseRole(c.Role)
	if err != nil {
		return usageError{err}
	}
	settings, err := t.settings()
	if err != nil {
		return err
	}
	programme, err := config.LoadProgramme(settings.Programme)
	if err != nil {
		return usageError{err}
	}
	seen := inspected{programme: programme}
	data, err := seen.open(c.File, role, int64(settings.Limits.DocumentBytes))
	if err != nil {
		return err
	}
	if err := seen.read(t, settings, data); err != nil {
		return err
	}
	limits := validators.Limits{
		DocumentPages: settings.Limits.DocumentPages, DocumentBytes: int64(settings.Limits.DocumentBytes), OCRConfidence: settings.OCR.MinConfidence,
	}
	seen.findings, seen.evidence = validators.Inspect(programme, limits, role, seen.document)
	var pictures []string
	if c.PNG != "" {
		if pictures, err = writeBlocks(c.PNG, seen.document.Facts.Blocks); err != nil {
			return err
		}
	}
	if c.JSON {
		hand := validators.ByHand(programme.Handwriting, seen.document.Facts, nil).Hand
		line, err := publish.DocumentLine(validators.Summarise(&seen.document, hand), seen.findings, seen.evidence)
		if err != nil {
			return err
		}
		for _, path := range pictures {
			fmt.Fprintln(t.err, path)
		}
		_, err = fmt.Fprintf(t.out, "%s\n", line)
		return err
	}
	told := seen.String()
	if c.PNG != "" {
		told += "\nPictures\n  " + cmp.Or(strings.Join(pictures, "\n  "), "none: no block was found") + "\n"
	}
	_, err = fmt.Fprint(t.out, told)
	return err
}

// roles are those of documents, as the JSON tells them.
var roles = []claim.Role{claim.PurchaseOrder, claim.Invoice, claim.AptitudeCertificate, claim.CompletionCertificate, claim.VATExemption}

// parseRole reads --role, with hyphens or underscores.
func parseRole(s string) (claim.Role, error) {
	role := claim.Role(strings.ReplaceAll(s, "-", "_"))
	if !slices.Contains(roles, role) {
		var names []string
		for _, r := range roles {
			names = append(names, strings.ReplaceAll(string(r), "_", "-"))
		}
		return "", fmt.Errorf("--role %q is none of %s", s, strings.Join(names, ", "))
	}
	return role, nil
}

// inspected is a document with all that is told of it.
type inspected struct {
	programme *config.Programme
	document  claim.Document
	ocr       string // what reads scans; empty when there is nothing
	command   string // that was to read them
	findings  []claim.Finding
	evidence  []claim.Evidence
}

// open reads the file: its bytes, of one that is too large a little more than
// the limit, and what there is to know of it from outside.
func (i *inspected) open(path string, role claim.Role, limit int64) (data []byte, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: there is no such file; check the path", path)
	case err != nil:
		return nil, fmt.Errorf("%w; check the path and your rights on it", err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file; name one PDF", path)
	}
	file, err := os.Open(path) //nolint:gosec // the user names the file
	if err != nil {
		return nil, fmt.Errorf("%w; check your rights on it", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	digest := sha256.New()
	everything := io.TeeReader(file, digest)
	if data, err = io.ReadAll(io.LimitReader(everything, limit+1)); err == nil {
		_, err = io.Copy(io.Discard, everything)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; try again", err)
	}
	name := filepath.Base(path)
	i.document = claim.Document{Role: role, Name: name, Object: &claim.Object{
		Name: name, Key: path, Size: info.Size(), SHA256: hex.EncodeToString(digest.Sum(nil)), ReceivedAt: info.ModTime(),
	}}
	return data, nil
}

// read has a worker read the document.
func (i *inspected) read(t *terminal, settings *config.Config, data []byte) (err error) {
	pool, err := t.documents(settings, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	facts, err := pool.Read(t.ctx, data)
	if err != nil {
		return err
	}
	i.document.Facts, i.ocr, i.command = &facts, pool.OCR(), settings.OCR.Command
	return nil
}

// writeBlocks puts the pictures of blocks in a folder and gives their paths.
// Nothing is written when a file of that name and another content is in the way.
func writeBlocks(folder string, blocks []claim.Block) ([]string, error) {
	type picture struct {
		path string
		png  []byte
	}
	var pictures []picture
	onPage := map[int]int{}
	for _, block := range blocks {
		onPage[block.Page]++
		if len(block.PNG) > 0 {
			path := filepath.Join(folder, fmt.Sprintf("page-%d-block-%d.png", block.Page, onPage[block.Page]))
			pictures = append(pictures, picture{path, block.PNG})
		}
	}
	var paths []string
	var missing []picture
	for _, p := range pictures {
		there, err := os.ReadFile(p.path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, p)
		case err != nil:
			return nil, fmt.Errorf("--png: %w", err)
		case !bytes.Equal(there, p.png):
			return nil, fmt.Errorf("--png: %s is there already, with another content; remove it or name another folder", p.path)
		}
		paths = append(paths, p.path)
	}
	if len(missing) == 0 {
		return paths, nil
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return nil, fmt.Errorf("--png: %w", err)
	}
	for _, p := range missing {
		file, err := os.OpenFile(p.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return nil, fmt.Errorf("--png: %w", err)
		}
		_, err = file.Write(p.png)
		if err := errors.Join(err, file.Close()); err != nil {
			return nil, fmt.Errorf("--png: %w", err)
		}
	}
	return paths, nil
}
