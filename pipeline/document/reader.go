package document

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"math"
	"slices"

	"guichet/pipeline/claim"
)

// reader reads documents, one at a time, in a worker.
type reader struct {
	sandbox *sandbox
	limits  Limits
	roots   *x509.CertPool // nil: none are configured
	version string
	// document is what was read last, of which pictures may be asked.
	document []byte
}

// reading is what a worker tells of a document: its facts, and what a later
// reading of its pages as pictures needs to know of each.
type reading struct {
	Facts    claim.Facts
	Surfaces []surface
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
func (r *reader) read(data []byte) (reading, error) {
	sum := sha256.Sum256(data)
	facts := claim.Facts{SHA256: hex.EncodeToString(sum[:]), Extractor: r.version}
	if !bytes.Contains(data[:min(len(data), headerWithin)], []byte("%PDF-")) {
		return reading{Facts: failed(facts, reasonNotPDF)}, nil
	}
	structure := readStructure(data, r.limits.Pages)
	facts.Active = structure.active
	inside, err := r.readInSandbox(data)
	if err != nil {
		return reading{}, err
	}
	pages := inside.Facts
	facts.Status, facts.Reason = pages.Status, pages.Reason
	facts.Pages, facts.TextSource = pages.Pages, pages.TextSource
	for i := range facts.Pages {
		facts.Pages[i].HasImage = facts.Pages[i].HasImage || structure.patterned[i]
	}
	for _, kind := range pages.Active {
		facts.Active = including(facts.Active, kind)
	}
	if facts.Status == claim.ReadFailed {
		return reading{Facts: failed(facts, facts.Reason)}, nil
	}
	if facts.Status == claim.ReadOK {
		facts.Signatures, facts.Revisions = readSignatures(data, structure.context, r.roots)
		disownLater(&facts)
	}
	return reading{Facts: facts, Surfaces: inside.Surfaces}, nil
}

// readInSandbox reads the pages, in a sandbox as it is when newly made: pdfium
// keeps fonts and their widths from one document to the next.
func (r *reader) readInSandbox(data []byte) (reading, error) {
	var found reading
	trapped := guard(func() { r.readPages(data, &found) })
	switch {
	case trapped == nil:
		return found, r.sandbox.reset()
	case errors.Is(trapped, errSandboxMemory):
		found = reading{Facts: failed(found.Facts, reasonMemory)}
	default:
		found = reading{Facts: failed(found.Facts, reasonCrash)}
	}
	return found, r.sandbox.renew()
}

// failed keeps of facts only what a failure leaves: which bytes, and why.
func failed(facts claim.Facts, reason string) claim.Facts {
	return claim.Facts{SHA256: facts.SHA256, Extractor: facts.Extractor, Status: claim.ReadFailed, Reason: reason}
}

// readPages reads the pages' content through pdfium and sets the status.
func (r *reader) readPages(data []byte, found *reading) {
	s, facts := r.sandbox, &found.Facts
	buffer := s.keep(data)
	defer s.release(buffer)
	load := func() handle {
		return handle(s.do("FPDF_LoadMemDocument64", buffer, uint64(len(data)), 0))
	}
	document := load()
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
	if signed(s.do("FPDFDoc_GetJavaScriptActionCount", uint64(document))) > 0 {
		facts.Active = including(facts.Active, activeJavaScript)
	}
	if signed(s.do("FPDFDoc_GetAttachmentCount", uint64(document))) > 0 {
		facts.Active = including(facts.Active, activeEmbeddedFile)
	}
	form := &documentForm{sandbox: s, document: document}
	defer form.close()
	copied := &copiedDocument{sandbox: s, load: load}
	defer copied.close()
	for i := range pages {
		page, seen := s.readPage(document, i, form, copied)
		facts.Pages, found.Surfaces = append(facts.Pages, page), append(found.Surfaces, seen)
	}
	facts.Status = claim.ReadOK
	judgeText(facts)
}

// copiedDocument is the document opened a second time, to be changed.
type copiedDocument struct {
	sandbox *sandbox
	load    func() handle
	handle  handle
}

func (c *copiedDocument) open() handle {
	if c.handle == 0 {
		c.handle = c.load()
	}
	return c.handle
}

func (c *copiedDocument) close() {
	if c.handle != 0 {
		c.sandbox.tidy("FPDF_CloseDocument", c.handle)
	}
}

// readPage reads one page; one that pdfium cannot load is an empty page.
func (s *sandbox) readPage(document handle, index int, form *documentForm, copied *copiedDocument) (claim.Page, surface) {
	page := handle(s.do("FPDF_LoadPage", uint64(document), uint64(index))) //nolint:gosec // below the limit of pages
	if page == 0 {
		return claim.Page{}, surface{}
	}
	defer s.tidy("FPDF_ClosePage", page)
	g := s.loadGeometry(page)
	list := s.readAnnotations(page, g, form)
	found := claim.Page{
		Width: math.Round(g.width*100) / 100, Height: math.Round(g.height*100) / 100,
		HasAnnotation: slices.ContainsFunc(list, annotation.marks),
		HasImage:      s.pageContent(page, 0).hasImage,
	}
	seen := s.pageSurface(page, g, list, &found)
	read, owner, own := page, document, math.MaxInt
	if slices.ContainsFunc(list, func(a annotation) bool { return a.isWidget() && a.shown }) {
		if flat, before, ok := s.flatten(copied.open(), index, g, list); ok {
			read, owner, own = flat, copied.open(), before
			defer s.tidy("FPDF_ClosePage", flat)
		}
	}
	texts := s.pageContent(read, 0).texts
	s.dropActualText(texts)
	text := handle(s.do("FPDFText_LoadPage", uint64(read)))
	if text == 0 {
		return found, seen
	}
	defer s.tidy("FPDFText_ClosePage", text)
	glyphs := s.readGlyphs(text, g)
	s.markHidden(read, g, texts, glyphs)
	if read != page {
		drawn := map[handle]bool{}
		for _, h := range s.pageContent(read, own).texts {
			drawn[h] = true
		}
		markAnnotations(glyphs, drawn, list)
	}
	deceptive := overprinted(glyphs, seen) || s.fontsLie(owner, read, g, glyphs)
	found.Words = makeWords(joinAccents(glyphs), list)
	if deceptive {
		hideOwn(&found)
	}
	return found, seen
}
