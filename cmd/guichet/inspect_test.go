package main

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image/color"
	"image/draw"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/fixtures"
	"guichet/fixtures/pen"
	"guichet/fixtures/sign"
	"guichet/fixtures/testca"
	"guichet/pipeline/claim"
)

// documents are what scripts inspect, by their names.
func documents() (map[string][]byte, error) {
	order := fixtures.Order{
		Mentions: fixtures.Mentions{
			AFReference: "AF-PHA-LGO-Va1", OrderDate: "1er mars 2023", VATRegime: "NON ASSUJETTI", Amount: "1 250,00 €", Manager: "Mme Awa DIALLO",
			FINESS: "331749267", CompanyName: "PHARMACIE DU LAVOIR", Email: "contact@lavoir.exemple.fr", Phone: "01 23 45 67 89",
			Service: "Prestation Ségur", Solution: "Officilys", Version: "12.4", StateFunded: "Montant pris en charge par l'Etat au titre du Ségur de la santé",
		},
		Reference: "CDE-0001", Town: "Vallorgues",
	}
	plain, place, err := order.Draw()
	if err != nil {
		return nil, err
	}
	by, err := testca.Issue(testca.Subject{CommonName: "Awa DIALLO", Organisation: "PHARMACIE DU LAVOIR"}, testca.Options{})
	if err != nil {
		return nil, err
	}
	signed, err := sign.PDF(plain, sign.Request{By: by, At: time.Date(2023, time.March, 1, 9, 30, 0, 0, time.UTC), Page: place.Page})
	if err != nil {
		return nil, err
	}
	changed, err := sign.Overlay(signed, "Montant HT : 9 999,00", 60, 400)
	if err != nil {
		return nil, err
	}
	broken := []byte(strings.Replace(string(signed), "/CreationDate", "/CreationDatf", 1))
	scan, _, err := fixtures.Scan(order, fixtures.ScanOptions{Pen: func(img draw.Image, place fixtures.Place, dpi float64) {
		signature := pen.Mark{
			Kind: pen.Signature, Style: "flourish", Width: 150, Height: 46, Seed: 2,
			Ink: pen.Ink{Colour: color.NRGBA{28, 46, 140, 235}, Width: 1.15, Yield: 0.45},
		}
		signature.Draw(img, dpi/72, place.Rect[0]+10, 842-place.Rect[3]+3)
	}})
	if err != nil {
		return nil, err
	}
	order.Password = "secret"
	locked, _, err := order.Draw()
	return map[string][]byte{
		"signed.pdf": signed, "unsigned.pdf": plain, "changed.pdf": changed, "broken.pdf": broken, "scan.pdf": scan,
		"locked.pdf": locked, "text.pdf": []byte("Bon de commande"), "empty.pdf": nil,
	}, err
}

// writeDocuments is a command of the scripts: it puts the documents in the
// working directory, as if received on 2 March 2023.
func writeDocuments() error {
	all, err := documents()
	if err != nil {
		return err
	}
	received := time.Date(2023, time.March, 2, 10, 0, 0, 0, claim.Paris)
	for name, data := range all {
		if err := os.WriteFile(name, data, 0o600); err != nil {
			return err
		}
		if err := os.Chtimes(name, received, received); err != nil {
			return err
		}
	}
	return nil
}

// A file above the limit is not read whole, and is named by its whole digest.
func TestInspectOpensLargeFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "large.pdf")
	content := []byte(strings.Repeat("0123456789", 1000))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	var seen inspected
	data, err := seen.open(path, claim.Invoice, 100)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	if o := seen.document.Object; len(data) != 101 || o.Size != 10_000 || o.SHA256 != hex.EncodeToString(sum[:]) || o.Name != "large.pdf" {
		t.Errorf("%d bytes of %+v", len(data), o)
	}
}

// Block pictures never take the place of another file, and then none is written.
func TestWriteBlocks(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "blocks")
	blocks := []claim.Block{{Page: 1, PNG: []byte("a")}, {Page: 1}, {Page: 1, PNG: []byte("b")}, {Page: 2, PNG: []byte("c")}}
	for range 2 { // the second time all are there
		paths, err := writeBlocks(folder, blocks)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"page-1-block-1.png": "a", "page-1-block-3.png": "b", "page-2-block-1.png": "c"} {
			got, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil || string(got) != want || !slices.Contains(paths, filepath.Join(folder, name)) {
				t.Errorf("%s: %q, %v, of %s", name, got, err, paths)
			}
		}
	}
	blocks = append(blocks, claim.Block{Page: 3, PNG: []byte("d")})
	blocks[3].PNG = []byte("other")
	if _, err := writeBlocks(folder, blocks); err == nil || !strings.Contains(err.Error(), "page-2-block-1.png is there already") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(filepath.Join(folder, "page-3-block-1.png")); err == nil {
		t.Error("a picture was written though another was in the way")
	}
}

// A document's texts cannot steer the terminal, nor break its tables.
func TestInspectPrintsPlainText(t *testing.T) {
	seen := inspected{
		document: claim.Document{Name: "a\x1b[2J.pdf", Object: &claim.Object{}, Facts: &claim.Facts{
			Status: claim.ReadOK, Active: []string{"javascript"}, Pages: []claim.Page{{Source: claim.TextFromPDF}},
			Signatures: []claim.Signature{{Certificate: claim.Certificate{CommonName: "x\x1b]0;y\a\tz\n"}}},
			Revisions:  []claim.DocumentRevision{{End: 10}},
		}},
		evidence: []claim.Evidence{{Rule: "MEN-02", Text: "le\x1b[31m 1\n2", Page: 1}},
	}
	for line := range strings.Lines(seen.String()) {
		if text := strings.TrimSuffix(line, "\n"); printable(text) != text {
			t.Errorf("%q", line)
		}
	}
}

func TestParseRole(t *testing.T) {
	for s, want := range map[string]claim.Role{"purchase-order": claim.PurchaseOrder, "vat_exemption": claim.VATExemption, "invoice": claim.Invoice} {
		if got, err := parseRole(s); got != want || err != nil {
			t.Errorf("%s: %s, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "order", "Invoice"} {
		if got, err := parseRole(s); err == nil {
			t.Errorf("%q is taken for %s", s, got)
		} else if want := fmt.Sprintf("--role %q is none of purchase-order, invoice", s); !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", s, err)
		}
	}
}
