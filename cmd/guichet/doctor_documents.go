package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"guichet/config"
	"guichet/fixtures"
	"guichet/pipeline/claim"
)

// documents has a worker read a small document, and looks at how it is confined.
func (d *doctor) documents() {
	const word = "GUICHET-DOCTOR"
	settings := *d.settings
	settings.OCR.Command, settings.Trust.Roots = "", "" // told apart
	confined, err := limited(d.ctx, documentsWithin, func(ctx context.Context) (confinement, error) {
		pdf, err := fixtures.TextPDF("Bonjour " + word)
		if err != nil {
			return confinement{}, err
		}
		var found confinement
		facts, err := d.read(ctx, &settings, pdf, func() { found = confinementOfWorkers() })
		if err != nil {
			return confinement{}, err
		}
		if facts.Status != claim.ReadOK || !shows(facts, word) {
			return confinement{}, fmt.Errorf("a worker read a sound PDF as %s %s, without its text", facts.Status, facts.Reason)
		}
		return found, nil
	})
	if err != nil {
		d.fault("documents", "look at limits.document_*, free memory, and the folder for compiled code (XDG_CACHE_HOME)", "%v", err)
		return
	}
	d.ok("documents", "a worker read a PDF")
	switch {
	case len(confined.missing) > 0:
		d.warn("confinement", confined.cure, "in force: %s; not in force: %s", strings.Join(confined.inForce, ", "), strings.Join(confined.missing, ", "))
	default:
		d.ok("confinement", "of workers: %s", strings.Join(confined.inForce, ", "))
	}
}

// confinement is what holds a worker besides the limits of WebAssembly.
type confinement struct {
	inForce, missing []string
	cure             string
}

// scans has tesseract read a small scan.
func (d *doctor) scans() {
	const check = "ocr"
	settings := *d.settings
	settings.Trust.Roots = ""
	name, err := limited(d.ctx, documentsWithin, func(ctx context.Context) (string, error) {
		pool, err := d.quiet().within(ctx).documents(&settings, 1)
		if err != nil {
			return "", err
		}
		name := pool.OCR()
		if err := pool.Close(); err != nil || name == "" { //nolint:contextcheck // what is being read is read to its end
			return name, err
		}
		order, err := fixtures.SampleOrder(1)
		if err != nil {
			return "", err
		}
		pdf, _, err := fixtures.Scan(order, fixtures.ScanOptions{})
		if err != nil {
			return "", err
		}
		facts, err := d.read(ctx, &settings, pdf, nil)
		if err == nil && facts.TextSource != claim.TextFromOCR {
			err = fmt.Errorf("%s read nothing from a sound scan", name)
		}
		return name, err
	})
	install := "install it, on Debian: apt-get install tesseract-ocr tesseract-ocr-" + strings.ReplaceAll(settings.OCR.Language, "_", "-")
	switch {
	case err != nil:
		d.fault(check, "look at ocr.command and ocr.language; "+install, "%v", err)
	case name == "":
		d.warn(check, install, "ocr.command %q was not found: scans are not read, their claims go to a person (DOC-06)", settings.OCR.Command)
	default:
		d.ok(check, "%s read a scan", name)
	}
}

// read has one worker read a PDF, and calls afterwards while it is there.
func (d *doctor) read(ctx context.Context, settings *config.Config, pdf []byte, afterwards func()) (facts claim.Facts, err error) {
	pool, err := d.quiet().within(ctx).documents(settings, 1)
	if err != nil {
		return claim.Facts{}, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }() //nolint:contextcheck // what is being read is read to its end
	facts, err = pool.Read(ctx, pdf)
	if err == nil && afterwards != nil {
		afterwards()
	}
	return facts, err
}

// within gives the terminal under another context.
func (t *terminal) within(ctx context.Context) *terminal {
	t.ctx = ctx
	return t
}

func shows(facts claim.Facts, word string) bool {
	for _, page := range facts.Pages {
		for _, w := range page.Words {
			if w.Text == word {
				return true
			}
		}
	}
	return false
}

// trust reads the trusted certificates.
func (d *doctor) trust() {
	const check, cure = "trust", "put PEM or DER certificates of the authorities into trust.roots, or leave it empty"
	folder := d.settings.Trust.Roots
	if folder == "" {
		d.ok(check, "no trust.roots: the integrity of signatures is verified, their issuers are only reported")
		return
	}
	files, err := limited(d.ctx, lookWithin, func(context.Context) ([][]byte, error) { return trustRoots(folder) })
	if err != nil {
		d.fault(check, cure, "%v", err)
		return
	}
	count, expired := 0, []string{}
	for _, file := range files {
		certificates, err := certificatesIn(file)
		if err != nil {
			d.fault(check, cure, "trust.roots: a file of %s holds no certificate that can be read: %v", folder, err)
			return
		}
		for _, c := range certificates {
			count++
			if c.NotAfter.Before(time.Now()) {
				expired = append(expired, fmt.Sprintf("%s (%s)", c.Subject.CommonName, c.NotAfter.Format(time.DateOnly)))
			}
		}
	}
	told := fmt.Sprintf("%s in %s", plural(count, "certificate", "certificates"), folder)
	if len(expired) > 0 {
		d.warn(check, "keep them for signatures of their time; put their successors beside them", "%s; expired: %s", told, strings.Join(expired, ", "))
		return
	}
	d.ok(check, "%s", told)
}

// certificatesIn reads the certificates of a file, PEM or DER.
func certificatesIn(data []byte) ([]*x509.Certificate, error) {
	var der []byte
	if !bytes.Contains(data, []byte("-----BEGIN")) {
		der = data
	}
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			break
		}
		if block.Type == "CERTIFICATE" {
			der = append(der, block.Bytes...)
		}
		data = rest
	}
	certificates, err := x509.ParseCertificates(der)
	if err == nil && len(certificates) == 0 {
		err = errors.New("there is none")
	}
	return certificates, err
}

// metrics looks at where the figures of a run go.
func (d *doctor) metrics() {
	const check = "metrics"
	file := d.settings.Metrics.Textfile
	if file == "" {
		d.ok(check, "no metrics.textfile: none are written")
		return
	}
	_, err := limited(d.ctx, lookWithin, func(context.Context) (none struct{}, err error) {
		if info, err := os.Stat(file); err == nil && !info.Mode().IsRegular() {
			return none, errors.New("it is no file")
		}
		return none, unix.Access(filepath.Dir(file), unix.W_OK|unix.X_OK)
	})
	if err != nil {
		d.fault(check, "make the folder of metrics.textfile and let the user that guichet runs as write there", "%s: %v", file, err)
		return
	}
	d.ok(check, "%s can be written", file)
}
