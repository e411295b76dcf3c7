package pipeline

import (
	"context"
	"errors"
	"fmt"

	"guichet/pipeline/claim"
	"guichet/pipeline/engine"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/settle"
	"guichet/validators"
)

// Explanation is how a claim comes out today, rule by rule. What operators
// decided of it is not in it.
type Explanation struct {
	Programme claim.ProgrammeInfo
	Registers []claim.RegisterInfo
	Rules     []validators.Explained // in the order of the rules
	Evidence  []claim.Evidence       // the words by which rules on documents passed
}

// Explain asks every rule of a claim again, with today's registers and
// programme, by the inputs in the archive and the ledger as it stands. It
// changes nothing, and may be asked while a run is under way.
func (n *Night) Explain(ctx context.Context, id claim.ID) (*Explanation, error) {
	standing, found, err := n.Ledger.Claim(ctx, id)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, fmt.Errorf("claim %s: %w", id, ledger.ErrUnknownClaim)
	}
	r := n.begin()
	if err := r.loadRegisters(ctx); err != nil {
		return nil, err
	}
	h, _, err := r.history(ctx, intake.Ref{Supplier: standing.Supplier, Name: standing.Batch})
	if err != nil {
		return nil, err
	}
	delivery := h.origin(standing.FirstRevision())
	e, err := r.explain(ctx, h, delivery, id)
	if err != nil {
		return nil, fmt.Errorf("claim %s, revision %d: %w", id, delivery.Number, err)
	}
	return e, nil
}

// errNoRow is for a claim whose row is not read any more.
var errNoRow = errors.New("its row is not found any more in what was delivered")

// explain explains a claim of a delivery.
func (r *run) explain(ctx context.Context, h *history, revision claim.Revision, id claim.ID) (e *Explanation, err error) {
	batch, err := r.reopen(ctx, revision)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, batch.Close()) }()
	d, err := r.open(ctx, batch, revision.Number, h.identity(revision))
	if err != nil {
		return nil, err
	}
	if validators.Refuses(d.findings) {
		return nil, fmt.Errorf("%w: %s", errRefusedNow, d.findings[0].Code)
	}
	shared := validators.AssessBatch(r.validator, d.claims)[id]
	for _, c := range d.claims {
		if c.ID == id {
			return r.explainClaim(ctx, d, c, shared)
		}
	}
	return nil, errNoRow
}

// explainClaim asks the rules while the facts of the claim's documents are at hand.
func (r *run) explainClaim(ctx context.Context, d delivery, c *claim.Claim, shared []claim.Finding) (*Explanation, error) {
	past, err := settle.Ask(ctx, r.validator, r.Ledger, c)
	if err != nil {
		return nil, err
	}
	programme := claim.ProgrammeInfo{ID: r.Programme.ID, Version: r.Programme.Version, SHA256: r.Programme.SHA256}
	e := &Explanation{Programme: programme, Registers: r.registers}
	local := &engine.Local{Workers: 1, Reader: r.Reader, Cache: kept{r.Ledger}, MaxBytes: int64(r.Config.Limits.DocumentBytes)}
	outcomes, err := local.Assess(ctx, []engine.Batch{{
		Claims: []*claim.Claim{c},
		Open: func(ctx context.Context, o claim.Object) ([]byte, error) {
			return r.content(ctx, d.Batch, o, int64(r.Config.Limits.DocumentBytes))
		},
		Judge: func(c *claim.Claim) claim.Assessment {
			e.Rules = validators.Explain(r.validator, c, shared, past)
			a := validators.Assess(r.validator, c)
			e.Evidence = a.Evidence
			return a
		},
		Judged: func() { r.progress(StageAssess, 1, 1) },
	}})
	if err != nil {
		return nil, err
	}
	return e, outcomes[0].Err
}

// kept are the facts that the ledger holds: what is read anew to be explained
// is not added to them.
type kept struct{ *ledger.Ledger }

func (kept) SaveFacts(context.Context, []*claim.Facts) error { return nil }
