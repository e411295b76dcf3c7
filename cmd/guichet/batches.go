package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/publish"
)

type batchesCommand struct {
	JSON bool `help:"Print a JSON object a batch: supplier, batch, revision, kind, status, received_at, counts, amount_due_total."`
}

func (batchesCommand) Help() string {
	return `Lists the last revision of every batch, by supplier and name.

Examples:
  guichet batches
  guichet batches --json | jq -r 'select(.status == "refused") | .batch'`
}

// Run lists the batches.
func (c batchesCommand) Run(t *terminal) (err error) {
	book, err := t.ledger()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	batches, err := book.Batches(t.ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		for _, b := range batches {
			if err := t.json(batchObject(b)); err != nil {
				return err
			}
		}
		return nil
	}
	if len(batches) == 0 {
		_, err := fmt.Fprintln(t.out, "No batch has been processed yet: guichet run")
		return err
	}
	table := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "BATCH\tREV\tRECEIVED\tSTATUS\tACCEPTED\tTO COMPLETE\tREJECTED\tREVIEW\tDUE")
	for _, b := range batches {
		fmt.Fprintf(table, "%s/%s\tr%d\t%s\t%s\t%d\t%d\t%d\t%d\t%s\n", b.Supplier, b.Batch, b.Number,
			minute(b.ReceivedAt), b.Status, b.Counts.Accepted, b.Counts.ToComplete, b.Counts.Rejected, b.Counts.UnderReview, b.AmountDue.French())
	}
	return table.Flush()
}

// batchJSON is a line of batches --json.
type batchJSON struct {
	Supplier   claim.SIRET       `json:"supplier"`
	Batch      string            `json:"batch"`
	Revision   int               `json:"revision"`
	Kind       *claim.Kind       `json:"kind"`
	Status     claim.BatchStatus `json:"status"`
	ReceivedAt *string           `json:"received_at"`
	Counts     claim.Counts      `json:"counts"`
	AmountDue  claim.Cents       `json:"amount_due_total"`
}

func batchObject(p ledger.Published) batchJSON {
	object := batchJSON{
		Supplier: p.Supplier, Batch: p.Batch, Revision: p.Number, Status: p.Status,
		Counts: p.Counts, AmountDue: p.AmountDue,
	}
	if p.Kind != "" {
		object.Kind = &p.Kind
	}
	if !p.ReceivedAt.IsZero() {
		received := publish.Instant(p.ReceivedAt)
		object.ReceivedAt = &received
	}
	return object
}
