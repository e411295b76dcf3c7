package pipeline

import (
	"context"
	"slices"

	"guichet/pipeline/claim"
	"guichet/pipeline/settle"
)

// lookUpDossiers gives balances and completions the accepted advances of the
// dossiers that they quote, as the ledger holds them.
func (r *run) lookUpDossiers(ctx context.Context, claims []*claim.Claim) error {
	var numbers []string
	for _, c := range claims {
		if number := c.Row.Text(claim.FieldDossier); number != "" {
			numbers = append(numbers, number)
		}
	}
	slices.Sort(numbers)
	advances, err := r.Ledger.Advances(ctx, slices.Compact(numbers))
	if err != nil {
		return err
	}
	attach(claims, advances)
	return nil
}

// attach gives claims the advances of the dossiers that they quote.
func attach(claims []*claim.Claim, advances map[string]claim.Result) {
	for _, c := range claims {
		if advance, found := advances[c.Row.Text(claim.FieldDossier)]; found {
			c.Advance = &advance
		}
	}
}

// quotesUnknown tells whether one of some claims is a balance of a dossier that
// the ledger does not know: an advance of the same night may be given it, since
// balances come last (spec 6, "Order of a night").
func quotesUnknown(claims []*claim.Claim) bool {
	return slices.ContainsFunc(claims, func(c *claim.Claim) bool {
		return c.Kind == claim.Balance && c.Advance == nil && claim.DossierNumber(c.Row.Text(claim.FieldDossier)).KeyOK()
	})
}

// foresee gives the claims of deliveries the advances that this night will
// accept: settling is rehearsed for that. What the night then settles is
// compared with it.
func (r *run) foresee(ctx context.Context, settling []settle.Batch, deliveries []delivery) error {
	outcomes, err := settle.Rehearse(ctx, r.validator, r.Ledger, settling)
	if _, err := batchErrors(err); err != nil {
		return err
	}
	advances := map[string]claim.Result{}
	for _, o := range outcomes {
		for _, result := range o.Results {
			if result.Kind == claim.Advance && result.Decision == claim.Accepted {
				advances[result.Dossier] = result
			}
		}
	}
	for _, d := range deliveries {
		attach(d.claims, advances)
	}
	return nil
}
