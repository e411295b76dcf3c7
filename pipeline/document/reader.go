package document

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"

	"guichet/pipeline/claim"
)

// reader reads documents, one at a time, in a worker.
type reader struct {
	sandbox *sandbox
	limits  Limits
	roots   *x509.CertPool // nil: none are configured
	version string
}

// FPDF_GetLastError's answers for a document that only a password opens.
const (
	pdfiumPassword = 4
	pdfiumSecurity = 5
)

// headerWithin is where readers look for %PDF-.
const headerWithin = 1024

// read makes the facts of one document. Its error is ours: the sandbox could
// not be made anew.
func (r *reader) read(data []byte) (claim.Facts, error) {
	sum := sha256.Sum256(data)
	facts := claim.Facts{SHA256: hex.EncodeToString(sum[:]), Extractor: r.version}
	if !bytes.Contains(data[:min(len(data), headerWithin)], []byte("%PDF-")) {
		return failed(facts, reasonNotPDF), nil
	}
	structure := readStructure(data)
	facts.Active = structure.active
	if structure.locked {
		facts.Status = claim.ReadLocked
		return facts, nil
	}
	if structure.pages > r.limits.Pages {
		return failed(facts, reasonPages), nil
	}
	err := guard(func() { r.readPages(data, &facts, structure) })
	if err != nil {
		reason := reasonCrash
		if errors.Is(err, errSandboxMemory) {
			reason = reasonMemory
		}
		return failed(facts, reason), r.sandbox.renew()
	}
	if facts.Status == claim.ReadOK {
		facts.Signatures = readSignatures(data, structure.context, r.roots)
	}
	return facts, nil
}

// failed keeps of facts only what a failure leaves: which bytes, and why.
func failed(facts claim.Facts, reason string) claim.Facts {
	return claim.Facts{SHA256: facts.SHA256, Extractor: facts.Extractor, Status: claim.ReadFailed, Reason: reason}
}

// readPages reads the pages' content through pdfium and sets the status.
func (r *reader) readPages(data []byte, facts *claim.Facts, structure *structure) {
	s := r.sandbox
	buffer := s.keep(data)
	defer s.release(buffer)
	document := handle(s.do("FPDF_LoadMemDocument64", buffer, uint64(len(data)), 0))
	if document == 0 {
		switch s.do("FPDF_GetLastError") {
		case pdfiumPassword, pdfiumSecurity:
			facts.Status = claim.ReadLocked
		default:
			*facts = failed(*facts, reasonCorrupt)
		}
		return
	}
	defer s.tidy("FPDF_CloseDocument", document)
	pages := signed(s.do("FPDF_GetPageCount", uint64(document)))
	switch {
	case pages <= 0:
		*facts = failed(*facts, reasonCorrupt)
		return
	case pages > r.limits.Pages:
		*facts = failed(*facts, reasonPages)
		return
	}
	for i := range pages {
		facts.Pages = append(facts.Pages, r.readPage(document, i))
	}
	facts.Status = claim.ReadOK
	facts.TextSource = claim.TextFromNone
	if legible(facts.Pages) {
		facts.TextSource = claim.TextFromPDF
	}
}

// readPage reads one page; one that pdfium cannot load is an empty page.
func (r *reader) readPage(document handle, index int) claim.Page {
	s := r.sandbox
	page := handle(s.do("FPDF_LoadPage", uint64(document), uint64(index))) //nolint:gosec // below the limit of pages
	if page == 0 {
		return claim.Page{}
	}
	defer s.tidy("FPDF_ClosePage", page)
	g := s.loadGeometry(page)
	text := handle(s.do("FPDFText_LoadPage", uint64(page)))
	if text == 0 {
		return claim.Page{Width: g.width, Height: g.height}
	}
	defer s.tidy("FPDFText_ClosePage", text)
	glyphs := joinAccents(s.readGlyphs(text, g))
	return claim.Page{Width: g.width, Height: g.height, Words: makeWords(glyphs)}
}
