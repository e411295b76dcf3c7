package validators

import (
	"fmt"
	"slices"
	"strings"
	"time"

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
	// Closed is set for an advance whose dossier is closed: it funds its
	// pharmacy no more.
	Closed bool
	// CompletedOn and Nature are what a balance or a completion declares.
	CompletedOn claim.Date
	Nature      string
	// Beside is set for a claim that the one being judged does not take the
	// place of though it is pending: it was filed in the same night (DOS-03).
	Beside bool
}

// PastDossier is a dossier as it stands when the turn of a claim comes that
// quotes it.
type PastDossier struct {
	Closed bool // by an order to repay (DOS-04)
	// Claims are the balances and completions that quote it, whoever filed
	// them and whatever became of them, superseded ones aside.
	Claims []PastClaim
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
	// Dossier gives what later claims made of a dossier; the zero PastDossier
	// for a number that nobody quotes.
	Dossier(number string) PastDossier
}

// AssessHistory asks the rules between a claim and those decided before it:
// BEN-03, BEN-04, BEN-07 (AF §4.2), CMD-05 (AF §4.4) and DOC-05; of later
// claims DOS-03, DOS-04, DEL-03, DEL-04 and FAC-04 (AF §6.2). The assessment is that of [Assess] with the findings of [AssessBatch] added: a
// rule whose input was found at fault there is not evaluated here.
func AssessHistory(ctx *Context, c *claim.Claim, done claim.Assessment, h History) []claim.Finding {
	a := newAssessment(ctx, c)
	a.history(h, done.Findings)
	Sort(a.findings)
	return a.findings
}

// history asks every rule between the claim and those decided before it.
func (a *assessment) history(h History, done []claim.Finding) {
	a.ask("BEN-03", func() bool { return a.funded(h) })
	a.ask("BEN-04", func() bool { return a.heldInReview(h) })
	a.ask("BEN-07", func() bool { return a.sameSIRET(h) })
	a.ask("CMD-05", func() bool { return a.orderReference(h) })
	a.balanceHistory(h)
	a.ask("DOC-05", func() bool { return a.documentUses(h, done) })
}

// funded tells BEN-03 of a pharmacy that has an accepted advance.
func (a *assessment) funded(h History) bool {
	e, ok := a.establishment()
	if !ok {
		return false
	}
	received := a.received()
	holders := h.Holders(e.FINESS)
	isAccepted := func(p PastClaim) bool { return p.Decision == claim.Accepted }
	inTurn := func(p PastClaim) bool { return isAccepted(p) && !p.ReceivedAt.After(received) }
	if p, ok := a.other("advances that hold the pharmacy", holders, inTurn); ok {
		a.tellField(claim.FieldFINESS, "BEN-03", "", nil).Operators = fmt.Sprintf("L'établissement %s est déjà financé : %s.", e.FINESS, p.operators())
	} else if p, ok := a.other("advances that hold the pharmacy", holders, isAccepted); ok {
		f := a.tellField(claim.FieldFINESS, "BEN-03", "overtaken", nil)
		f.Outcome = claim.Review
		f.Operators = fmt.Sprintf("L'établissement %s est déjà financé, par une demande reçue après celle-ci : %s.", e.FINESS, p.operators())
	}
	return true
}

// heldInReview tells BEN-04 of a pharmacy for which another supplier's claim is
// under review.
func (a *assessment) heldInReview(h History) bool {
	e, ok := a.establishment()
	if !ok {
		return false
	}
	folder := a.folder()
	if p, ok := a.other("advances that hold the pharmacy", h.Holders(e.FINESS), func(p PastClaim) bool {
		return p.Decision == claim.UnderReview && p.Supplier != folder
	}); ok {
		a.tellField(claim.FieldFINESS, "BEN-04", "", nil).Operators = fmt.Sprintf("Une demande antérieure pour l'établissement %s est en cours d'examen : %s.", e.FINESS, p.operators())
	}
	return true
}

// sameSIRET tells BEN-07 of a pharmacy that is funded under another number.
func (a *assessment) sameSIRET(h History) bool {
	e, ok := a.establishment()
	if !ok {
		return false
	}
	siret := registered(a, finessRegister, string(e.FINESS), "SIRET", e.SIRET)
	if !siret.KeyOK() {
		return a.silent("the register has no valid SIRET of the pharmacy")
	}
	if p, ok := a.other("accepted advances under the SIRET", h.FundedUnderSIRET(siret), func(p PastClaim) bool {
		return p.Decision == claim.Accepted && p.FINESS != e.FINESS
	}); ok {
		f := a.tellField(claim.FieldFINESS, "BEN-07", "", params{"finess": string(p.FINESS)})
		f.Operators = fmt.Sprintf("Le numéro FINESS %s, de même SIRET %s, est déjà financé : %s.", p.FINESS, siret, p.operators())
	}
	return true
}

// orderReference tells CMD-05. An earlier claim whose FINESS number is no
// establishment's was for no other pharmacy: this one may well correct it.
func (a *assessment) orderReference(h History) bool {
	e, ok := a.establishment()
	if !ok {
		return false
	}
	ref, ok := a.text(claim.FieldOrderRef)
	if !ok {
		return false
	}
	if p, ok := a.other("advances of the supplier with the order's reference", h.OrderReference(a.folder(), ref), func(p PastClaim) bool {
		if p.Decision == claim.Rejected || p.FINESS == e.FINESS {
			return false
		}
		_, known := a.Registers.Establishment(p.FINESS)
		return saw(a, FromRegister, known, finessRegister, string(p.FINESS), "has a row")
	}); ok {
		f := a.tellField(claim.FieldOrderRef, "CMD-05", "", params{"finess": string(p.FINESS)})
		f.Operators = fmt.Sprintf("La référence de commande « %s » sert déjà : %s.", ref, p.operators())
	}
	return true
}

// documentUses tells DOC-05, once a document.
func (a *assessment) documentUses(h History, done []claim.Finding) bool {
	mayShare := a.mayShareDocuments()
	own := ownDocuments(a.claim)
	for _, d := range own {
		inBatchTold := slices.ContainsFunc(done, func(f claim.Finding) bool {
			return f.Code == "DOC-04" && f.Document == d.Object.Name
		})
		saw(a, FromDelivery, inBatchTold, "DOC-04 of", d.Object.Name)
		digest := saw(a, FromDocument, d.Object.SHA256, d.Object.Name, "SHA-256")
		if p, ok := a.other("claims that named the document", h.DocumentUses(digest), func(p PastClaim) bool {
			sameRevision := p.Supplier == a.claim.Supplier && p.Batch == a.claim.Batch && p.Revision == a.claim.Revision
			return (!inBatchTold || !sameRevision) && !mayShare(p)
		}); ok {
			f := a.tellDocument(d, "DOC-05", "", nil)
			f.Operators = fmt.Sprintf("Le document %s a déjà servi : %s.", d.Object.Name, p.operators())
		}
	}
	return len(own) > 0 || a.undelivered()
}

// mayShareDocuments gives what tells whether a past claim's documents are not
// counted by DOC-05: those of a claim that this one replaces, of an earlier
// revision, and of a rejected or to-complete claim of the same supplier for the
// same pharmacy. Those of an accepted claim whose dossier is closed are always
// counted: the order may be filed again, but a person looks at it.
func (a *assessment) mayShareDocuments() func(PastClaim) bool {
	same := a.sameOrder()
	return func(p PastClaim) bool {
		if p.Supplier != a.claim.Supplier || p.Closed && p.Decision == claim.Accepted {
			return false
		}
		if p.Batch == a.claim.Batch && p.Revision < a.claim.Revision {
			return true
		}
		samePharmacy, sameOrder := same(p)
		unsuccessful := p.Decision == claim.Rejected || p.Decision == claim.ToComplete
		return samePharmacy && (unsuccessful || sameOrder && p.Kind == a.claim.Kind)
	}
}

// sameOrder gives what tells whether a past claim of the supplier is for the same
// pharmacy, and for the same order there: later claims name both by the dossier.
func (a *assessment) sameOrder() func(PastClaim) (samePharmacy, sameOrder bool) {
	if a.claim.Kind != claim.Advance {
		dossier, ok := a.text(claim.FieldDossier)
		return func(p PastClaim) (bool, bool) { return ok && p.Dossier == dossier, true }
	}
	finess, hasFINESS := a.text(claim.FieldFINESS)
	ref, hasRef := a.text(claim.FieldOrderRef)
	return func(p PastClaim) (bool, bool) {
		return hasFINESS && string(p.FINESS) == finess, hasRef && p.OrderRef == ref
	}
}

// mostPast is how many past claims are recorded of those that a rule passes
// over: a batch may name one document on every row.
const mostPast = 20

// other gives the first past claim that meets a condition and is not the
// claim itself. The past claims are named for who has this one explained.
func (a *assessment) other(named string, past []PastClaim, meets func(PastClaim) bool) (PastClaim, bool) {
	saw(a, FromHistory, len(past), named)
	for i := range past {
		p := &past[i]
		if p.ID == a.claim.ID {
			continue
		}
		if i < mostPast {
			a.sawPast(p)
		}
		if meets(*p) {
			a.sawPast(p)
			return *p, true
		}
	}
	return PastClaim{}, false
}

// sawPast records a past claim that the rule being asked reads.
func (a *assessment) sawPast(p *PastClaim) {
	if a.recorder != nil {
		a.recorder.note(FromHistory, "claim "+string(p.ID), fmt.Sprintf(
			"%s, supplier %s, batch %s r%d, row %d, pharmacy %s, order %s, dossier %s, received %s%s",
			p.Decision, p.Supplier, p.Batch, p.Revision, p.Row, show(p.FINESS), show(p.OrderRef), show(p.Dossier), show(p.ReceivedAt), p.further(),
		))
	}
}

// further tells what only some past claims have.
func (p *PastClaim) further() string {
	further := ""
	if p.Nature != "" {
		further += ", " + p.Nature
	}
	if !p.CompletedOn.IsZero() {
		further += ", completed " + p.CompletedOn.French()
	}
	if p.Beside {
		further += ", of the same night"
	}
	if p.Closed {
		further += ", dossier closed"
	}
	return further
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
