package validators

import (
	"cmp"
	"slices"
	"strconv"

	"guichet/pipeline/claim"
)

// AssessBatch asks the rule between the claims of one batch: DOC-04, told to
// every claim whose document another one for a different pharmacy names too.
// Claims without such a finding are not in the answer.
//
// Two claims are for different pharmacies when each names one and they
// differ: a number that is unreadable, no establishment's, or not that of a
// dossier of the supplier's names none, and that fault is told on its own
// (LIG-02, BEN-01, DOS-01, DOS-02).
func AssessBatch(ctx *Context, claims []*claim.Claim) map[claim.ID][]claim.Finding {
	// Of each document two uses are enough: the first, and the first for
	// another pharmacy than that one's. One of them differs from any other.
	type use struct {
		pharmacy string
		row      int
	}
	type pair struct{ first, second use }
	byRow := slices.Clone(claims)
	slices.SortStableFunc(byRow, func(a, b *claim.Claim) int { return cmp.Compare(a.Row.Number, b.Row.Number) })
	uses := map[string]pair{} // by digest
	for _, c := range byRow {
		pharmacy, ok := newAssessment(ctx, c).pharmacyNamed()
		for _, d := range ownDocuments(c) {
			p := uses[d.Object.SHA256]
			switch {
			case !ok:
				continue
			case p.first.pharmacy == "":
				p.first = use{pharmacy, c.Row.Number}
			case p.second.pharmacy == "" && p.first.pharmacy != pharmacy:
				p.second = use{pharmacy, c.Row.Number}
			}
			uses[d.Object.SHA256] = p
		}
	}
	findings := map[claim.ID][]claim.Finding{}
	for _, c := range byRow {
		a := newAssessment(ctx, c)
		a.sharedDocuments(func(d *claim.Document, pharmacy string) int {
			p := uses[d.Object.SHA256]
			switch {
			case p.second.pharmacy == "":
				return 0
			case p.first.pharmacy == pharmacy:
				return p.second.row
			}
			return p.first.row
		})
		if len(a.findings) > 0 {
			Sort(a.findings)
			findings[c.ID] = a.findings
		}
	}
	return findings
}

// sharedDocuments tells DOC-04 of documents that a row for another pharmacy
// names too, the number of which otherRow gives, or 0.
func (a *assessment) sharedDocuments(otherRow func(d *claim.Document, pharmacy string) int) bool {
	pharmacy, ok := a.pharmacyNamed()
	if !ok {
		return false
	}
	own := ownDocuments(a.claim)
	for _, d := range own {
		saw(a, FromDocument, d.Object.SHA256, documentName(d), "SHA-256")
		row := saw(a, FromDelivery, otherRow(d, pharmacy), "row for another pharmacy with", documentName(d))
		if row != 0 {
			a.tellDocument(d, "DOC-04", "", params{"row": strconv.Itoa(row)})
		}
	}
	return len(own) > 0 || a.undelivered()
}

// undelivered says why a claim has no documents of its own.
func (a *assessment) undelivered() bool {
	for _, column := range a.template.Columns {
		switch d := a.claim.Document(column.Role); {
		case column.Role == "" || column.Role == claim.VATExemption:
		case d == nil:
			a.field(column.ID)
		case d.Object == nil:
			a.silent("DOC-01")
		}
	}
	return false
}

// pharmacyNamed names the pharmacy that the claim is for, by its FINESS number,
// after the advance by that of its dossier; false when the row names none.
func (a *assessment) pharmacyNamed() (string, bool) {
	if a.claim.Kind == claim.Advance {
		e, ok := a.establishment()
		return string(e.FINESS), ok
	}
	advance, ok := a.advance()
	if !ok {
		return "", false
	}
	return string(dossierFact(a, advance, "FINESS", advance.FINESS)), true
}

// ownDocuments gives the claim's documents that are in the batch and belong to
// one claim alone: a VAT exemption serves all claims of its supplier.
func ownDocuments(c *claim.Claim) []*claim.Document {
	var own []*claim.Document
	for i := range c.Documents {
		if d := &c.Documents[i]; d.Object != nil && d.Role != claim.VATExemption {
			own = append(own, d)
		}
	}
	return own
}
