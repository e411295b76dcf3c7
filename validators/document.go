package validators

import (
	"slices"
	"strconv"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
)

// activeContent names active content to suppliers.
var activeContent = map[string]string{
	"javascript": "script", "launch": "lancement de programme", "embedded_file": "fichier joint",
}

// documents asks DOC-01, 02, 03, 06 and 07 of every document that the row
// names. DOC-04 and DOC-05 stand between claims.
func (a *assessment) documents() {
	a.ask("DOC-01", func() bool { return a.each(a.delivered) })
	a.ask("DOC-02", func() bool { return a.each(a.sound) })
	a.ask("DOC-03", func() bool { return a.each(a.unlocked) })
	a.ask("DOC-06", func() bool { return a.each(a.legible) })
	a.ask("DOC-07", func() bool { return a.each(a.inactive) })
}

// each asks a rule of every document, and tells whether it could be of any.
func (a *assessment) each(rule func(*claim.Document) bool) bool {
	asked := false
	for i := range a.claim.Documents {
		asked = rule(&a.claim.Documents[i]) || asked
	}
	if len(a.claim.Documents) == 0 {
		for _, column := range a.template.Columns {
			if column.Type == config.PDFColumn {
				a.field(column.ID)
			}
		}
	}
	return asked
}

// delivered tells DOC-01 of a document that is not in the batch.
func (a *assessment) delivered(d *claim.Document) bool {
	a.field(d.Field)
	object := ""
	if d.Object != nil {
		object = d.Object.Name
	}
	if saw(a, FromDelivery, object, "object of the batch for", d.Name) == "" {
		a.tellDocument(d, "DOC-01", "", nil)
	}
	return true
}

// sound tells DOC-02 of a document that could not be read, and why.
func (a *assessment) sound(d *claim.Document) bool {
	if d.Object == nil {
		return a.silent("DOC-01")
	}
	if d.Facts == nil {
		// Nothing could be told of it, and the claim would be accepted.
		panic("the " + string(d.Role) + " was not read")
	}
	if a.reading(d) != claim.ReadFailed {
		return true
	}
	switch saw(a, FromDocument, d.Facts.Reason, documentName(d), "failed by") {
	case "not_pdf":
		a.tellDocument(d, "DOC-02", "not_pdf", nil)
	case "pages":
		most := saw(a, FromLimit, a.Limits.DocumentPages, "limits.document_pages")
		a.tellDocument(d, "DOC-02", "pages", params{"max": strconv.Itoa(most)})
	case "size":
		most := saw(a, FromLimit, megabytes(a.Limits.DocumentBytes), "limits.document_bytes")
		a.tellDocument(d, "DOC-02", "size", params{"max": most})
	case "time", "memory", "crash":
		a.tellDocument(d, "DOC-02", "limit", nil)
	default:
		a.tellDocument(d, "DOC-02", "", nil)
	}
	return true
}

// unlocked tells DOC-03 of a document that needs a password.
func (a *assessment) unlocked(d *claim.Document) bool {
	if d.Object == nil {
		return a.silent("DOC-01")
	}
	switch a.reading(d) {
	case claim.ReadFailed:
		return a.silent("DOC-02")
	case claim.ReadLocked:
		a.tellDocument(d, "DOC-03", "", nil)
	case claim.ReadOK:
	}
	return true
}

// reading tells how the reading of a document ended.
func (a *assessment) reading(d *claim.Document) claim.ReadStatus {
	return saw(a, FromDocument, d.Facts.Status, documentName(d), "reading")
}

// legible tells DOC-06 of a document with a page that must be read and cannot be.
func (a *assessment) legible(d *claim.Document) bool {
	if why := closed(d); why != "" {
		return a.silent(why)
	}
	if page, blind := a.blind(d); blind {
		a.tellDocument(d, "DOC-06", "", nil).Page = page
	}
	return true
}

// inactive tells DOC-07 of a document with active content.
func (a *assessment) inactive(d *claim.Document) bool {
	if why := closed(d); why != "" {
		return a.silent(why)
	}
	var kinds []string
	for _, kind := range saw(a, FromDocument, d.Facts.Active, documentName(d), "active content") {
		name, ok := activeContent[kind]
		if !ok {
			name = "autre"
		}
		if !slices.Contains(kinds, name) {
			kinds = append(kinds, name)
		}
	}
	if len(kinds) > 0 {
		a.tellDocument(d, "DOC-07", "", params{"detail": strings.Join(kinds, ", ")})
	}
	return true
}

// megabytes tells a size as suppliers read it: 20 Mo, and 512 Ko below one.
func megabytes(bytes int64) string {
	if bytes < 1<<20 {
		return strconv.FormatInt(bytes>>10, 10) + " Ko"
	}
	return strconv.FormatInt(bytes>>20, 10) + " Mo"
}

// blind tells whether a document has a page that must be read and cannot be
// (DOC-06), and which: no page has visible text; or a mention that it owes is
// not found, and a page could not be read. A page that could not be read need
// not be where the others show all.
func (a *assessment) blind(d *claim.Document) (page int, blind bool) {
	t := a.trust()
	if !a.hasText(d, t) {
		return min(1, len(d.Facts.Pages)), true
	}
	for i := range d.Facts.Pages {
		if p := &d.Facts.Pages[i]; t.unread(a.page(d, i, p)) {
			return i + 1, a.owesMore(d)
		}
	}
	return 0, false
}

// hasText tells whether a reader finds text on a document's pages.
func (a *assessment) hasText(d *claim.Document, t trust) bool {
	if saw(a, FromDocument, d.Facts.TextSource, documentName(d), "text from") == claim.TextFromNone {
		return false
	}
	for i := range d.Facts.Pages {
		if p := a.page(d, i, &d.Facts.Pages[i]); t.reads(p) && hasVisibleWord(p) {
			return true
		}
	}
	return false
}

// page is a page of a document, by its index.
func (a *assessment) page(d *claim.Document, i int, p *claim.Page) *claim.Page {
	if a.recorder != nil {
		a.recorder.page(documentName(d), i+1, p)
		if p.Source == claim.TextFromOCR {
			saw(a, FromLimit, a.Limits.OCRConfidence, "ocr.min_confidence")
		}
	}
	return p
}

// unread tells whether something stands on a page that could not be read: an
// image alone, or words of which nothing can be made. A blank page needs no
// reading.
func (t trust) unread(page *claim.Page) bool {
	words := hasVisibleWord(page)
	return page.HasImage && !words || words && !t.reads(page)
}

func hasVisibleWord(page *claim.Page) bool {
	return slices.ContainsFunc(page.Words, func(w claim.Word) bool { return !w.Hidden && claim.Fold(w.Text) != "" })
}

// owesMore tells whether something that a document must show is not found in
// its visible text.
func (a *assessment) owesMore(d *claim.Document) bool {
	f := a.finder(d)
	return slices.ContainsFunc(a.owed(d.Role), func(m mention) bool { return a.sawMention(d, m, f.visibly(m)).sight == missing })
}

// openDocument gives the claim's document in a role, where it could be read.
func (a *assessment) openDocument(role claim.Role) (*claim.Document, bool) {
	d := a.claim.Document(role)
	if d == nil {
		i := slices.IndexFunc(a.template.Columns, func(c config.Column) bool { return c.Role == role })
		if i >= 0 {
			a.field(a.template.Columns[i].ID)
		}
		return nil, false
	}
	return d, a.opens(d)
}

// opens tells whether a document is there and could be read as a PDF, for a
// rule that must open it.
func (a *assessment) opens(d *claim.Document) bool { return opened(d) || a.silent(closed(d)) }

// closed gives the code of the rule that says why a document cannot be opened,
// or nothing.
func closed(d *claim.Document) string {
	switch {
	case d.Object == nil || d.Facts == nil:
		return "DOC-01"
	case d.Facts.Status == claim.ReadFailed:
		return "DOC-02"
	case d.Facts.Status == claim.ReadLocked:
		return "DOC-03"
	}
	return ""
}

// opened tells whether a document is there and could be read as a PDF: neither
// DOC-01, DOC-02 nor DOC-03.
func opened(d *claim.Document) bool {
	return d.Object != nil && d.Facts != nil && d.Facts.Status == claim.ReadOK
}

// unread tells whether DOC-06 silences the rules on a document's text.
func (a *assessment) unread(d *claim.Document) bool { return a.toldOf(d, "DOC-06") }

// toldOf tells whether the claim has a finding of a code on a document.
func (a *assessment) toldOf(d *claim.Document, code string) bool {
	return slices.ContainsFunc(a.findings, func(f claim.Finding) bool { return f.Code == code && f.Document == documentName(d) })
}

// documentName gives the name of a document's file in the batch, or as the row
// names it where there is none.
func documentName(d *claim.Document) string {
	if d.Object != nil {
		return d.Object.Name
	}
	return d.Name
}
