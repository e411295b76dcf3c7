package validators

import (
	"cmp"
	"slices"
	"strconv"

	"guichet/config"
	"guichet/pipeline/claim"
)

// AssessBatch asks the rule between the claims of one batch: DOC-04, told to
// every claim whose document another one for a different pharmacy names too.
// Claims without such a finding are not in the answer.
//
// Two claims are for different pharmacies when each names one and they
// differ: a number that is unreadable, or no establishment's, names none, and
// that fault is told on its own (LIG-02, BEN-01).
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
		pharmacy := pharmacyOf(ctx, c)
		for _, d := range ownDocuments(c) {
			p := uses[d.Object.SHA256]
			switch {
			case pharmacy == "":
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
		a := &assessment{Context: ctx, claim: c, template: config.TemplateOf(c.Kind)}
		pharmacy := pharmacyOf(ctx, c)
		for _, d := range ownDocuments(c) {
			p := uses[d.Object.SHA256]
			if pharmacy == "" || p.second.pharmacy == "" {
				continue
			}
			other := p.first
			if other.pharmacy == pharmacy {
				other = p.second
			}
			a.tellDocument(d, "DOC-04", "", params{"row": strconv.Itoa(other.row)})
		}
		if len(a.findings) > 0 {
			Sort(a.findings)
			findings[c.ID] = a.findings
		}
	}
	return findings
}

// pharmacyOf names the pharmacy that a claim is for, by its FINESS number or,
// after the advance, by its dossier; nothing when the row names none.
func pharmacyOf(ctx *Context, c *claim.Claim) string {
	a := assessment{Context: ctx, claim: c}
	if c.Kind == claim.Advance {
		e, _ := a.establishment()
		return string(e.FINESS)
	}
	if dossier, ok := a.text(claim.FieldDossier); ok && claim.DossierNumber(dossier).KeyOK() {
		return dossier
	}
	return ""
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
