package settle

import (
	"context"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/validators"
)

// Ask gives the history with which the rules between claims are asked of a
// claim that was decided, as the ledger stands now. It settles nothing.
func Ask(ctx context.Context, vctx *validators.Context, l *ledger.Ledger, c *claim.Claim) (validators.History, error) {
	var past []ledger.Past
	err := l.Rehearse(ctx, func(n *ledger.Night) (err error) {
		past, err = n.Past(ctx, keys(vctx, []*Batch{{Claims: []*claim.Claim{c}}}))
		return err
	})
	if err != nil {
		return nil, err
	}
	return newHistory(past, nil).asOf(c.ID), nil
}
