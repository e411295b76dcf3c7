package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"guichet/pipeline"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

type purgeCommand struct {
	DryRun bool   `help:"Tell what would be deleted, and delete nothing."`
	Now    string `help:"Counts back from this time instead of now; one to come with --dry-run only. RFC 3339, or \"yyyy-mm-dd hh:mm\" in Paris." placeholder:"T"`
}

func (purgeCommand) Help() string {
	return `Deletes what was kept for as long as the settings want (retention), by class:

  documents   what suppliers dropped, from archive/, by the last decision on a
              claim of the batch or on a dossier that it names. A batch keeps
              all its documents while one of its claims is under review, or
              names an open dossier whose balance was not accepted yet
  facts       what was read from documents that no decision has used since
  logs        the records of runs and of the registers they used, but the last

Decisions, digests, reception times, the audit chain, and everything in
outbox/, operators/ and audit/ stay. A revision whose documents are purged
cannot be reprocessed. Nothing is purged when the audit chain is broken. The
ledger's file is written anew, which takes its space twice for a moment. In a
bucket that keeps versions its own rules delete those. Stopped at any point,
it is run again. Exit 1 when something could not be deleted.

Examples:
  guichet purge --dry-run
  guichet purge --dry-run --now '2034-01-01 00:00'
  guichet purge`
}

// Run purges.
func (c purgeCommand) Run(t *terminal) (err error) {
	settings, err := t.settings()
	if err != nil {
		return err
	}
	now, err := parseNow(c.Now)
	if err != nil {
		return usageError{err}
	}
	switch clock := time.Now(); {
	case now.IsZero():
		now = clock
	case now.After(clock) && !c.DryRun:
		return usageError{errors.New("--now: what is deleted before its time cannot be had again; a time to come is for --dry-run")}
	}
	store, err := objectstore.Open(settings.Storage.URL)
	if err != nil {
		return fmt.Errorf("storage.url: %w", err)
	}
	book, err := t.ledger()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	purge := pipeline.Purge{Store: store, Ledger: book, Retention: settings.Retention, Now: now, DryRun: c.DryRun}
	purged, err := purge.Run(t.ctx)
	if errors.Is(err, ledger.ErrLocked) || errors.Is(err, pipeline.ErrAltered) {
		return err
	}
	if err := errors.Join(t.printPurged(purged, c.DryRun), err); err != nil {
		return err
	}
	if len(purged.Left) > 0 {
		return errUnprocessed
	}
	return nil
}

// printPurged tells what was deleted, by class.
func (t *terminal) printPurged(p *pipeline.Purged, dry bool) error {
	var out strings.Builder
	title := "Deleted"
	if dry {
		title = "Would be deleted"
	}
	day := func(at time.Time) string { return at.In(claim.Paris).Format("2006-01-02 15:04") }
	fmt.Fprintf(&out, "%s\n", title)
	fmt.Fprintf(&out, "  documents  decided before %s: %s of %s, %s\n", day(p.Before.Documents),
		plural(p.Objects, "object", "objects"), plural(p.Revisions, "delivery", "deliveries"), size(p.Bytes))
	fmt.Fprintf(&out, "  facts      used before    %s: %s, %s\n", day(p.Before.Facts), plural(p.Facts, "document", "documents"), size(p.FactBytes))
	fmt.Fprintf(&out, "  logs       started before %s: %s\n", day(p.Before.Logs), plural(p.Runs, "run", "runs"))
	if p.Held > 0 {
		fmt.Fprintf(&out, "\n%s as old kept: claims under review, advances whose balance may still come, or later decisions\n",
			plural(p.Held, "delivery", "deliveries"))
	}
	section(&out, "Not deleted", p.Left)
	_, err := fmt.Fprint(t.out, out.String())
	return err
}
