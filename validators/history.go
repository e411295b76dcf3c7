package validators

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
)

// PastClaim is a claim that was decided before the one being judged, in an
// earlier night or earlier in this one.
type PastClaim struct {
	ID         claim.ID
	Kind       claim.Kind
	Supplier   claim.SIRET // of the folder
	Batch      string
	Revision   int
	Row        int
	FINESS     claim.FINESS // canonical, as on the row; empty when unreadable
	OrderRef   string       // canonical, as on the row; empty when unreadable
	Dossier    string       // allocated or quoted; empty when there is none
	Decision   claim.Decision
	ReceivedAt time.Time
}

// History is what the rules between claims ask of the ledger, the claims
// decided so far in this night included. The claim being judged may be among
// the answers: it is never counted against itself. Answers stand in the order
// in which the claims were decided, are read only, and cost no copy: a batch
// may name one document on every row.
type History interface {
	// Holders gives the accepted and under-review advances for a pharmacy,
	// without superseded ones and closed dossiers.
	Holders(claim.FINESS) []PastClaim
	// FundedUnderSIRET gives the accepted advances whose pharmacy has a SIRET
	// in the FINESS register.
	FundedUnderSIRET(pharmacy claim.SIRET) []PastClaim
	// OrderReference gives the accepted, under-review and to-complete advances
	// in which a supplier used an order reference.
	OrderReference(supplier claim.SIRET, ref string) []PastClaim
	// DocumentUses gives all claims, whatever became of them, that named a
	// document with this digest in any role but that of a VAT exemption.
	DocumentUses(sha256 string) []PastClaim
}

// AssessHistory asks the rules between a claim and those decided before it:
// BEN-03, BEN-04, BEN-07 (AF §4.2), CMD-05 (AF §4.4) and DOC-05. The
// assessment is that of [Assess] with the findings of [AssessBatch] added: a
// rule whose input was found at fault there is not evaluated here.
func AssessHistory(ctx *Context, c *claim.Claim, done claim.Assessment, h History) []claim.Finding {
	a := &assessment{Context: ctx, claim: c, template: config.TemplateOf(c.Kind)}
	if c.Kind == claim.Advance {
		if e, ok := a.establishment(); ok {
			a.holders(h, e)
			a.sameSIRET(h, e)
			a.orderReference(h, e)
		}
	}
	a.documentUses(h, done.Findings)
	Sort(a.findings)
	return a.findings
}

// holders tells BEN-03 and BEN-04.
func (a *assessment) holders(h History, e claim.Establishment) {
	holders := h.Holders(e.FINESS)
	isAccepted := func(p PastClaim) bool { return p.Decision == claim.Accepted }
	inTurn := func(p PastClaim) bool { return isAccepted(p) && !p.ReceivedAt.After(a.claim.ReceivedAt) }
	if p, ok := a.other(holders, inTurn); ok {
		a.tellField(claim.FieldFINESS, "BEN-03", "", nil).Operators = fmt.Sprintf("La pharmacie %s est déjà financée : %s.", e.FINESS, p.operators())
	} else if p, ok := a.other(holders, isAccepted); ok {
		f := a.tellField(claim.FieldFINESS, "BEN-03", "overtaken", nil)
		f.Outcome = claim.Review
		f.Operators = fmt.Sprintf("La pharmacie %s est déjà financée, par une demande reçue après celle-ci : %s.", e.FINESS, p.operators())
	}
	if p, ok := a.other(holders, func(p PastClaim) bool {
		return p.Decision == claim.UnderReview && p.Supplier != a.claim.Supplier
	}); ok {
		a.tellField(claim.FieldFINESS, "BEN-04", "", nil).Operators = fmt.Sprintf("Une demande antérieure pour la pharmacie %s est en cours d'examen : %s.", e.FINESS, p.operators())
	}
}

// sameSIRET tells BEN-07.
func (a *assessment) sameSIRET(h History, e claim.Establishment) {
	if !e.SIRET.KeyOK() {
		return
	}
	if p, ok := a.other(h.FundedUnderSIRET(e.SIRET), func(p PastClaim) bool {
		return p.Decision == claim.Accepted && p.FINESS != e.FINESS
	}); ok {
		f := a.tellField(claim.FieldFINESS, "BEN-07", "", params{"finess": string(p.FINESS)})
		f.Operators = fmt.Sprintf("Le numéro FINESS %s, de même SIRET %s, est déjà financé : %s.", p.FINESS, e.SIRET, p.operators())
	}
}

// orderReference tells CMD-05. An earlier claim whose FINESS number is no
// establishment's was for no other pharmacy: this one may well correct it.
func (a *assessment) orderReference(h History, e claim.Establishment) {
	ref, ok := a.text(claim.FieldOrderRef)
	if !ok {
		return
	}
	if p, ok := a.other(h.OrderReference(a.claim.Supplier, ref), func(p PastClaim) bool {
		if p.Decision == claim.Rejected || p.FINESS == e.FINESS {
			return false
		}
		_, known := a.Registers.Establishment(p.FINESS)
		return known
	}); ok {
		f := a.tellField(claim.FieldOrderRef, "CMD-05", "", params{"finess": string(p.FINESS)})
		f.Operators = fmt.Sprintf("La référence de commande « %s » sert déjà : %s.", ref, p.operators())
	}
}

// documentUses tells DOC-05, once a document.
func (a *assessment) documentUses(h History, done []claim.Finding) {
	mayShare := a.mayShareDocuments()
	for _, d := range ownDocuments(a.claim) {
		inBatchTold := slices.ContainsFunc(done, func(f claim.Finding) bool {
			return f.Code == "DOC-04" && f.Document == d.Object.Name
		})
		if p, ok := a.other(h.DocumentUses(d.Object.SHA256), func(p PastClaim) bool {
			sameRevision := p.Supplier == a.claim.Supplier && p.Batch == a.claim.Batch && p.Revision == a.claim.Revision
			return (!inBatchTold || !sameRevision) && !mayShare(p)
		}); ok {
			f := a.tellDocument(d, "DOC-05", "", nil)
			f.Operators = fmt.Sprintf("Le document %s a déjà servi : %s.", d.Object.Name, p.operators())
		}
	}
}

// mayShareDocuments gives what tells whether a past claim's documents are not
// counted by DOC-05: those of a claim that this one replaces, of an earlier
// revision, and of a rejected or to-complete claim of the same supplier for the
// same pharmacy.
func (a *assessment) mayShareDocuments() func(PastClaim) bool {
	finess, hasFINESS := a.text(claim.FieldFINESS)
	ref, hasRef := a.text(claim.FieldOrderRef)
	dossier, hasDossier := a.text(claim.FieldDossier)
	return func(p PastClaim) bool {
		if p.Supplier != a.claim.Supplier {
			return false
		}
		if p.Batch == a.claim.Batch && p.Revision < a.claim.Revision {
			return true
		}
		samePharmacy, sameOrder := hasDossier && p.Dossier == dossier, true
		if a.claim.Kind == claim.Advance {
			samePharmacy, sameOrder = hasFINESS && string(p.FINESS) == finess, hasRef && p.OrderRef == ref
		}
		unsuccessful := p.Decision == claim.Rejected || p.Decision == claim.ToComplete
		return samePharmacy && (unsuccessful || sameOrder && p.Kind == a.claim.Kind)
	}
}

// other gives the first past claim that meets a condition and is not the
// claim itself.
func (a *assessment) other(past []PastClaim, meets func(PastClaim) bool) (PastClaim, bool) {
	i := slices.IndexFunc(past, func(p PastClaim) bool { return p.ID != a.claim.ID && meets(p) })
	if i < 0 {
		return PastClaim{}, false
	}
	return past[i], true
}

// operators tells operators which claim it is: the supplier of another one
// must not read it.
func (p PastClaim) operators() string {
	var s strings.Builder
	fmt.Fprintf(&s, "demande %s du fournisseur %s (lot %s, ligne %d", p.ID, p.Supplier, p.Batch, p.Row)
	if p.Dossier != "" {
		fmt.Fprintf(&s, ", dossier %s", p.Dossier)
	}
	fmt.Fprintf(&s, ", reçue le %s)", claim.FrenchInstant(p.ReceivedAt))
	return s.String()
}
