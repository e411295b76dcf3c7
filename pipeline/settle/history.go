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
	latest    map[order]validators.PastClaim

	first map[claim.ID]int  // place in the order in which claims of earlier nights were first decided
	taken map[claim.ID]bool // claims that had their turn in this pass
}

var _ validators.History = (*history)(nil)

// order is a supplier's order for a pharmacy.
type order struct {
	supplier  claim.SIRET
	finess    claim.FINESS
	reference string
}

func orderOf(p ledger.Past) order { return order{p.Supplier, p.FINESS, p.OrderRef} }

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
		latest:    map[order]validators.PastClaim{},
		first:     map[claim.ID]int{},
		taken:     map[claim.ID]bool{},
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
	}
	for _, sha256 := range documents {
		h.documents[sha256] = append(h.documents[sha256], c)
	}
	if p.Kind != claim.Advance {
		return
	}
	holds := !p.Superseded && !p.Closed && (p.Decision == claim.Accepted || p.Decision == claim.UnderReview)
	if holds && p.FINESS != "" {
		h.holders[p.FINESS] = append(h.holders[p.FINESS], c)
	}
	if holds && p.SIRET != "" && p.Decision == claim.Accepted {
		h.funded[p.SIRET] = append(h.funded[p.SIRET], c)
	}
	if p.OrderRef == "" {
		return
	}
	if p.Decision != claim.Rejected {
		key := ledger.Order{Supplier: p.Supplier, Reference: p.OrderRef}
		h.orders[key] = append(h.orders[key], c)
	}
	h.latest[orderOf(p)] = c
}

// supersede takes the pending claims of an order away from their pharmacy, and
// gives them in the order in which they were decided.
func (h *history) supersede(p ledger.Past) []claim.ID {
	var ids []claim.ID
	var left []validators.PastClaim
	for _, c := range h.holders[p.FINESS] {
		if c.Decision == claim.UnderReview && c.Supplier == p.Supplier && c.OrderRef == p.OrderRef {
			ids = append(ids, c.ID)
		} else {
			left = append(left, c)
		}
	}
	if len(ids) > 0 {
		h.holders[p.FINESS] = left
	}
	return ids
}

// pending tells whether a claim is still under review.
func (h *history) pending(c validators.PastClaim) bool {
	return slices.ContainsFunc(h.holders[c.FINESS], func(p validators.PastClaim) bool {
		return p.ID == c.ID && p.Decision == claim.UnderReview
	})
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

// past gives a result as the history keeps it.
func past(r *claim.Result) ledger.Past {
	return ledger.Past{
		ID: r.Claim, Kind: r.Kind, Supplier: r.Supplier, Batch: r.Batch, Revision: r.FirstRevision(), Row: r.Row,
		FINESS: r.FINESS, SIRET: r.SIRET, OrderRef: r.OrderRef, Dossier: r.Dossier, Decision: r.Decision, ReceivedAt: r.ReceivedAt,
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
	for _, b := range batches {
		for _, r := range b.Rulings {
			numbers[r.FINESS] = true
		}
		for _, c := range b.Claims {
			if number := c.Row.Text(claim.FieldFINESS); number != "" {
				numbers[claim.FINESS(number)] = true
			}
			if e, ok := establishment(vctx, c); ok && e.SIRET.KeyOK() {
				sirets[e.SIRET] = true
			}
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
	return ledger.Keys{
		FINESS: slices.Collect(maps.Keys(numbers)), SIRETs: slices.Collect(maps.Keys(sirets)),
		Orders: slices.Collect(maps.Keys(orders)), Documents: slices.Collect(maps.Keys(digests)),
	}
}
