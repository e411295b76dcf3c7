package settle

import (
	"maps"
	"slices"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/validators"
)

// history is what was decided before the claim whose turn it is: what the
// ledger holds of earlier nights, and the earlier claims of this one.
type history struct {
	holders   map[claim.FINESS][]validators.PastClaim
	funded    map[claim.SIRET][]validators.PastClaim
	orders    map[ledger.Order][]validators.PastClaim
	documents map[string][]validators.PastClaim
	dossiers  map[string][]validators.PastClaim // balances and completions that quote them
	closed    map[string]bool                   // dossiers
	advances  map[string]validators.PastClaim   // accepted, by their dossiers
	accepted  map[order][]validators.PastClaim  // closed dossiers included
	latest    map[order]validators.PastClaim

	first map[claim.ID]int  // place in the order in which claims of earlier nights were first decided
	taken map[claim.ID]bool // claims that had their turn in this pass
}

var _ validators.History = (*history)(nil)

// order is what claims of a supplier and a kind take one another's place by:
// an order for a pharmacy, later a dossier.
type order struct {
	supplier  claim.SIRET
	kind      claim.Kind
	finess    claim.FINESS
	reference string // of the order, or number of the dossier
}

// orderOf gives the order of a claim; false when its row does not tell it.
func orderOf(kind claim.Kind, supplier claim.SIRET, finess claim.FINESS, orderRef, dossier string) (order, bool) {
	if kind == claim.Advance {
		return order{supplier, kind, finess, orderRef}, finess != "" && orderRef != ""
	}
	return order{supplier: supplier, kind: kind, reference: dossier}, dossier != ""
}

// newHistory makes the history of what the ledger holds, but for the claims
// that are decided anew: they come in when it is their turn. Those that are
// accepted keep their pharmacies all the same.
func newHistory(decided []ledger.Past, batches []*Batch) *history {
	anew := map[claim.ID]bool{}
	for _, b := range batches {
		for id := range b.Before {
			anew[id] = true
		}
		for _, r := range b.Rulings {
			anew[r.Claim] = true
		}
	}
	h := &history{
		holders:   map[claim.FINESS][]validators.PastClaim{},
		funded:    map[claim.SIRET][]validators.PastClaim{},
		orders:    map[ledger.Order][]validators.PastClaim{},
		documents: map[string][]validators.PastClaim{},
		dossiers:  map[string][]validators.PastClaim{},
		closed:    map[string]bool{},
		advances:  map[string]validators.PastClaim{},
		accepted:  map[order][]validators.PastClaim{},
		latest:    map[order]validators.PastClaim{},
		first:     map[claim.ID]int{},
		taken:     map[claim.ID]bool{},
	}
	for _, p := range decided {
		if p.Closed {
			h.closed[p.Dossier] = true
		}
	}
	for i, p := range decided {
		h.first[p.ID] = i
		if !anew[p.ID] || p.Decision == claim.Accepted {
			h.add(p, p.Documents)
		}
	}
	return h
}

// take puts a claim into the history whose turn it was.
func (h *history) take(r *claim.Result) {
	h.taken[r.Claim] = true
	h.add(past(r), documents(r))
}

// asOf gives the history for a claim that is evaluated again: of the claims
// that were first decided later, and did not have their turn before it in this
// pass, only the accepted ones count, as holders of their pharmacies. BEN-04,
// CMD-05 and DOC-05 are told to the later of two claims.
func (h *history) asOf(id claim.ID) validators.History {
	at, known := h.first[id]
	if !known {
		return h
	}
	return earlier{h, at}
}

// earlier is a history as a claim sees it that was first decided at a place.
type earlier struct {
	*history
	at int
}

func (h earlier) counts(p validators.PastClaim) bool {
	first, known := h.first[p.ID]
	return known && first <= h.at || h.taken[p.ID]
}

func (h earlier) Holders(finess claim.FINESS) []validators.PastClaim {
	return which(h.history.Holders(finess), func(p validators.PastClaim) bool { return h.counts(p) || p.Decision == claim.Accepted })
}

func (h earlier) OrderReference(supplier claim.SIRET, ref string) []validators.PastClaim {
	return which(h.history.OrderReference(supplier, ref), h.counts)
}

func (h earlier) DocumentUses(sha256 string) []validators.PastClaim {
	return which(h.history.DocumentUses(sha256), h.counts)
}

// Dossier gives the claims that count; those before the one that is evaluated
// again and still pending are not replaced by it.
func (h earlier) Dossier(number string) validators.PastDossier {
	d := h.history.Dossier(number)
	d.Claims = which(d.Claims, func(p validators.PastClaim) bool { return h.counts(p) || p.Decision == claim.Accepted })
	for i := range d.Claims {
		d.Claims[i].Beside = h.counts(d.Claims[i])
	}
	return d
}

// which gives the claims that meet a condition.
func which(claims []validators.PastClaim, meets func(validators.PastClaim) bool) []validators.PastClaim {
	return slices.DeleteFunc(slices.Clone(claims), func(p validators.PastClaim) bool { return !meets(p) })
}

// remove takes an accepted claim out of the history.
func (h *history) remove(id claim.ID) {
	without(h.holders, id)
	without(h.funded, id)
	without(h.orders, id)
	without(h.documents, id)
	without(h.dossiers, id)
	without(h.accepted, id)
	maps.DeleteFunc(h.advances, func(_ string, p validators.PastClaim) bool { return p.ID == id })
}

// without takes a claim out of all answers.
func without[K comparable](answers map[K][]validators.PastClaim, id claim.ID) {
	for key, claims := range answers {
		answers[key] = slices.DeleteFunc(slices.Clone(claims), func(p validators.PastClaim) bool { return p.ID == id })
	}
}

// add puts a decided claim into the history, with the documents that it named.
func (h *history) add(p ledger.Past, documents []string) {
	c := validators.PastClaim{
		ID: p.ID, Kind: p.Kind, Supplier: p.Supplier, Batch: p.Batch, Revision: p.Revision, Row: p.Row,
		FINESS: p.FINESS, OrderRef: p.OrderRef, Dossier: p.Dossier, Decision: p.Decision, ReceivedAt: p.ReceivedAt,
		Closed: h.closed[p.Dossier], CompletedOn: p.CompletedOn, Nature: p.Nature,
	}
	for _, sha256 := range documents {
		h.documents[sha256] = append(h.documents[sha256], c)
	}
	o, ordered := orderOf(p.Kind, p.Supplier, p.FINESS, p.OrderRef, p.Dossier)
	if ordered {
		h.latest[o] = c
	}
	if ordered && p.Decision == claim.Accepted {
		h.accepted[o] = append(h.accepted[o], c)
	}
	if p.Kind == claim.Advance {
		h.addAdvance(p, c)
	} else if p.Dossier != "" && !p.Superseded {
		c.Beside = h.taken[p.ID]
		h.dossiers[p.Dossier] = append(h.dossiers[p.Dossier], c)
	}
}

// addAdvance puts a decided advance into what advances are asked by.
func (h *history) addAdvance(p ledger.Past, c validators.PastClaim) {
	if p.Decision == claim.Accepted {
		h.advances[p.Dossier] = c
	}
	holds := !p.Superseded && !c.Closed && (p.Decision == claim.Accepted || p.Decision == claim.UnderReview)
	if holds && p.FINESS != "" {
		h.holders[p.FINESS] = append(h.holders[p.FINESS], c)
	}
	if holds && p.SIRET != "" && p.Decision == claim.Accepted {
		h.funded[p.SIRET] = append(h.funded[p.SIRET], c)
	}
	if p.OrderRef != "" && p.Decision != claim.Rejected {
		key := ledger.Order{Supplier: p.Supplier, Reference: p.OrderRef}
		h.orders[key] = append(h.orders[key], c)
	}
}

// pending gives the claims of an order that are under review, in the order in
// which they were decided. After the advance, one that was filed in the same
// night is not replaced by the next (DOS-03), and not among them.
func (h *history) pending(o order) []validators.PastClaim {
	if o.kind == claim.Advance {
		return which(h.holders[o.finess], func(c validators.PastClaim) bool {
			return c.Decision == claim.UnderReview && c.Supplier == o.supplier && c.OrderRef == o.reference
		})
	}
	return which(h.dossiers[o.reference], func(c validators.PastClaim) bool {
		return c.Decision == claim.UnderReview && c.Supplier == o.supplier && c.Kind == o.kind && !c.Beside
	})
}

// supersede takes the pending claims of an order away and gives them.
func (h *history) supersede(o order) []claim.ID {
	var ids []claim.ID
	for _, c := range h.pending(o) {
		ids = append(ids, c.ID)
	}
	if len(ids) > 0 {
		others := func(c validators.PastClaim) bool { return !slices.Contains(ids, c.ID) }
		if o.kind == claim.Advance {
			h.holders[o.finess] = which(h.holders[o.finess], others)
		} else {
			h.dossiers[o.reference] = which(h.dossiers[o.reference], others)
		}
	}
	return ids
}

// Holders gives the accepted and under-review advances for a pharmacy.
func (h *history) Holders(finess claim.FINESS) []validators.PastClaim { return h.holders[finess] }

// FundedUnderSIRET gives the accepted advances of pharmacies with a SIRET.
func (h *history) FundedUnderSIRET(pharmacy claim.SIRET) []validators.PastClaim {
	return h.funded[pharmacy]
}

// OrderReference gives the advances in which a supplier used an order
// reference, rejected ones aside.
func (h *history) OrderReference(supplier claim.SIRET, ref string) []validators.PastClaim {
	return h.orders[ledger.Order{Supplier: supplier, Reference: ref}]
}

// DocumentUses gives the claims that named a document.
func (h *history) DocumentUses(sha256 string) []validators.PastClaim { return h.documents[sha256] }

// paid tells whether an accepted claim's money is past taking back by a
// decision on the claim: its dossier is closed, or its balance is accepted.
func (h *history) paid(r *claim.Result) bool {
	d := h.Dossier(r.Dossier)
	return d.Closed || r.Kind == claim.Advance && slices.ContainsFunc(d.Claims, isAcceptedBalance)
}

// holds tells whether a dossier's advance, as a later claim was assessed by it,
// is the one that is accepted.
func (h *history) holds(advance *claim.Result) bool {
	return advance == nil || h.advances[advance.Dossier].ID == advance.Claim
}

func isAcceptedBalance(p validators.PastClaim) bool {
	return p.Kind == claim.Balance && p.Decision == claim.Accepted
}

// Dossier gives what later claims made of a dossier.
func (h *history) Dossier(number string) validators.PastDossier {
	return validators.PastDossier{Closed: h.closed[number], Claims: h.dossiers[number]}
}

// past gives a result as the history keeps it.
func past(r *claim.Result) ledger.Past {
	return ledger.Past{
		ID: r.Claim, Kind: r.Kind, Supplier: r.Supplier, Batch: r.Batch, Revision: r.FirstRevision(), Row: r.Row,
		FINESS: r.FINESS, SIRET: r.SIRET, OrderRef: r.OrderRef, Dossier: r.Dossier, Decision: r.Decision, ReceivedAt: r.ReceivedAt,
		CompletedOn: r.CompletedOn, Nature: r.Nature,
	}
}

// documents gives the digests of the documents that count as used by a claim:
// a VAT exemption serves many.
func documents(r *claim.Result) []string {
	var digests []string
	for _, d := range r.Documents {
		if d.Role != claim.VATExemption && !slices.Contains(digests, d.SHA256) {
			digests = append(digests, d.SHA256)
		}
	}
	return digests
}

// keys gives what the claims of a night can have in common with earlier ones.
func keys(vctx *validators.Context, batches []*Batch) ledger.Keys {
	numbers := map[claim.FINESS]bool{}
	sirets := map[claim.SIRET]bool{}
	orders := map[ledger.Order]bool{}
	digests := map[string]bool{}
	dossiers := map[string]bool{}
	for _, b := range batches {
		for _, r := range b.Rulings {
			numbers[r.FINESS] = true
			dossiers[r.Dossier] = true
		}
		for _, before := range b.Before {
			dossiers[before.Dossier] = true
		}
		for _, c := range b.Claims {
			if number := c.Row.Text(claim.FieldFINESS); number != "" {
				numbers[claim.FINESS(number)] = true
			}
			if e, ok := establishment(vctx, c); ok && e.SIRET.KeyOK() {
				sirets[e.SIRET] = true
			}
			dossiers[c.Row.Text(claim.FieldDossier)] = true
			if ref := c.Row.Text(claim.FieldOrderRef); ref != "" {
				orders[ledger.Order{Supplier: c.Supplier, Reference: ref}] = true
			}
			for _, d := range c.Documents {
				if d.Object != nil {
					digests[d.Object.SHA256] = true
				}
			}
		}
	}
	delete(dossiers, "")
	return ledger.Keys{
		Dossiers: slices.Collect(maps.Keys(dossiers)),
		FINESS:   slices.Collect(maps.Keys(numbers)), SIRETs: slices.Collect(maps.Keys(sirets)),
		Orders: slices.Collect(maps.Keys(orders)), Documents: slices.Collect(maps.Keys(digests)),
	}
}
