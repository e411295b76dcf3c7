package settle

import (
	"context"
	"slices"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/validators"
)

// Ask gives the history with which the rules between claims are asked of a
// claim that was decided, as the ledger stands now. Of the claims decided later
// only the accepted ones count, as holders of their pharmacies (BEN-03,
// BEN-07): BEN-04, CMD-05 and DOC-05 are told to the later of two claims. It
// settles nothing.
func Ask(ctx context.Context, vctx *validators.Context, l *ledger.Ledger, c *claim.Claim) (validators.History, error) {
	var past []ledger.Past
	err := l.Rehearse(ctx, func(n *ledger.Night) (err error) {
		past, err = n.Past(ctx, keys(vctx, []*Batch{{Claims: []*claim.Claim{c}}}))
		return err
	})
	if err != nil {
		return nil, err
	}
	later := map[claim.ID]bool{}
	decided := slices.IndexFunc(past, func(p ledger.Past) bool { return p.ID == c.ID })
	for _, p := range past[decided+1:] {
		later[p.ID] = decided >= 0
	}
	h := newHistory(past, nil)
	isLater := func(p validators.PastClaim) bool { return later[p.ID] }
	forget(h.holders, func(p validators.PastClaim) bool { return isLater(p) && p.Decision != claim.Accepted })
	forget(h.orders, isLater)
	forget(h.documents, isLater)
	return h, nil
}

// forget takes claims out of all answers.
func forget[K comparable](answers map[K][]validators.PastClaim, which func(validators.PastClaim) bool) {
	for key, claims := range answers {
		answers[key] = slices.DeleteFunc(claims, which)
	}
}
