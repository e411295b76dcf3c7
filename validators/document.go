package validators

import (
	"slices"
	"strconv"
	"strings"

	"guichet/pipeline/claim"
)

// activeContent names active content to suppliers.
var activeContent = map[string]string{
	"javascript": "script", "launch": "lancement de programme", "embedded_file": "fichier joint",
}

// documents tells DOC-01, 02, 03, 06 and 07 of every document that the row
// names. DOC-04 and DOC-05 stand between claims.
func (a *assessment) documents() {
	for i := range a.claim.Documents {
		d := &a.claim.Documents[i]
		switch {
		case d.Object == nil:
			a.tellDocument(d, "DOC-01", "", nil)
		case d.Facts == nil:
			// Nothing could be told of it, and the claim would be accepted.
			panic("the " + string(d.Role) + " was not read")
		case d.Facts.Status == claim.ReadFailed:
			a.unreadableDocument(d)
		case d.Facts.Status == claim.ReadLocked:
			a.tellDocument(d, "DOC-03", "", nil)
		default:
			if page, blind := a.blind(d); blind {
				a.tellDocument(d, "DOC-06", "", nil).Page = page
			}
			a.active(d)
		}
	}
}

// unreadableDocument tells DOC-02, and why.
func (a *assessment) unreadableDocument(d *claim.Document) {
	switch d.Facts.Reason {
	case "not_pdf":
		a.tellDocument(d, "DOC-02", "not_pdf", nil)
	case "pages":
		a.tellDocument(d, "DOC-02", "pages", params{"max": strconv.Itoa(a.Limits.DocumentPages)})
	case "size":
		a.tellDocument(d, "DOC-02", "size", params{"max": megabytes(a.Limits.DocumentBytes)})
	case "time", "memory", "crash":
		a.tellDocument(d, "DOC-02", "limit", nil)
	default:
		a.tellDocument(d, "DOC-02", "", nil)
	}
}

// megabytes tells a size as suppliers read it: 20 Mo, and 512 Ko below one.
func megabytes(bytes int64) string {
	if bytes < 1<<20 {
		return strconv.FormatInt(bytes>>10, 10) + " Ko"
	}
	return strconv.FormatInt(bytes>>20, 10) + " Mo"
}

// active tells DOC-07.
func (a *assessment) active(d *claim.Document) {
	var kinds []string
	for _, kind := range d.Facts.Active {
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
}

// blind tells whether a document has a page that must be read and cannot be
// (DOC-06), and which: no page has visible text; or a mention that it owes is
// not found, and a page could not be read. A page that could not be read need
// not be where the others show all.
func (a *assessment) blind(d *claim.Document) (page int, blind bool) {
	t := a.trust()
	if !t.legible(d.Facts) {
		return min(1, len(d.Facts.Pages)), true
	}
	unseen := slices.IndexFunc(d.Facts.Pages, func(p claim.Page) bool { return t.unread(&p) })
	if unseen < 0 {
		return 0, false
	}
	return unseen + 1, a.owesMore(d)
}

// legible tells whether a reader finds text on a document's pages.
func (t trust) legible(facts *claim.Facts) bool {
	return facts.TextSource != claim.TextFromNone &&
		slices.ContainsFunc(facts.Pages, func(p claim.Page) bool { return t.reads(&p) && hasVisibleWord(&p) })
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
	var owed []mention
	switch d.Role {
	case claim.PurchaseOrder:
		owed = a.owed()
	case claim.VATExemption:
		owed = a.attested()
	case claim.Invoice, claim.AptitudeCertificate, claim.CompletionCertificate:
	}
	f := a.finder(d)
	return slices.ContainsFunc(owed, func(m mention) bool { return f.visibly(m).sight == missing })
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
