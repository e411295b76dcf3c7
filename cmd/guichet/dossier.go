package main

import (
	"errors"
	"fmt"

	"guichet/pipeline"
	"guichet/pipeline/ledger"
)

type dossierCommand struct {
	Close dossierCloseCommand `cmd:"" help:"Order to repay what was paid on a dossier, and free its pharmacy."`
}

type dossierCloseCommand struct {
	Dossier string `arg:"" help:"The dossier (LGO1-…)." placeholder:"DOSSIER"`
	By      string `help:"Who closes it; told in the ledger, not to the supplier." required:"" placeholder:"NAME"`
	Reason  string `help:"Why, in French, 1 to 240 characters on one line: the supplier reads it." required:"" placeholder:"TEXT"`
	standIn
}

func (dossierCloseCommand) Help() string {
	return `For an order that was cancelled, or that another took the place of: orders at once,
without notice, to repay all that was paid on the dossier, the balance included
where it was. The supplier is told in outbox/<SIRET>/indus/. The dossier takes no
further claim (DOS-04), and its pharmacy can be funded again. It cannot be undone.

Exit 1 when the dossier is unknown, or closed already.

Example:
  guichet dossier close LGO1-00000001-96 --by 'C. Petit' --reason 'Commande annulée par la pharmacie.'`
}

// Run closes the dossier.
func (c dossierCloseCommand) Run(t *terminal) error {
	if err := errors.Join(oneLine("--by", c.By, maxName), oneLine("--reason", c.Reason, maxReason)); err != nil {
		return usageError{err}
	}
	return c.work(t, func(night *pipeline.Night) (*pipeline.Controlled, error) {
		done, err := night.CloseDossier(t.ctx, pipeline.Closure{Dossier: c.Dossier, By: c.By, Reason: c.Reason})
		if errors.Is(err, ledger.ErrUnknownDossier) {
			err = fmt.Errorf("%w; guichet show SIRET/NAME names those of a batch", err)
		}
		return done, err
	}, func(done *pipeline.Controlled) string {
		e := done.Events[0]
		return fmt.Sprintf("Dossier %s: closed, %s to be repaid by %s. Pharmacy %s can be funded again.\n", e.Dossier, e.Amount.French(), e.Supplier, e.FINESS)
	})
}
