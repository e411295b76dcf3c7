package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"

	"guichet/pipeline"
	"guichet/pipeline/objectstore"
)

type auditCommand struct {
	Verify auditVerifyCommand `cmd:"" help:"Check the ledger against its audit chain, and the store against the ledger."`
}

type auditVerifyCommand struct {
	JSON bool `help:"Print a JSON object: sound, entries, heads, revisions, objects, purged, other_versions, broken{entry, subject, why} (null when the ledger is whole), faults[{key, why}], further_faults."`
}

func (auditVerifyCommand) Help() string {
	return `Computes the audit chain anew and compares with it every decision, revision,
claim, dossier and review of the ledger; then the chain's heads that runs left
in audit/, the published results, which are made anew from the ledger, and the
archived inputs. Changes nothing, and may go on beside a run.

Exit 1 when something was changed: the first broken entry of the ledger is
named, and every object that is missing, altered, or nobody's.

Examples:
  guichet audit verify
  guichet audit verify --json | jq -r '.faults[].key'`
}

// errAudit is why an audit that found something ends with 1.
var errAudit = errors.New("the ledger or the store is not as guichet left it; see above")

// Run does the audit.
func (c auditVerifyCommand) Run(t *terminal) (err error) {
	settings, err := t.settings()
	if err != nil {
		return err
	}
	book, err := t.ledger()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, book.Close()) }()
	store, err := objectstore.Open(settings.Storage.URL)
	if err != nil {
		return fmt.Errorf("storage.url: %w", err)
	}
	workers := settings.Workers
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	audit := pipeline.Audit{
		Store: store, Ledger: book, Software: software(), Workers: workers,
		Progress: func(done, total int) { t.bar.draw("checking revisions ", done, total) },
	}
	report, err := audit.Verify(t.ctx)
	t.bar.done()
	if cause := context.Cause(t.ctx); err != nil && cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	if c.JSON {
		err = t.json(auditObject(report))
	} else {
		err = t.printAudit(report)
	}
	if err == nil && !report.Sound() {
		err = errAudit
	}
	return err
}

// auditJSON is what audit verify --json prints.
type auditJSON struct {
	Sound         bool        `json:"sound"`
	Entries       int         `json:"entries"`
	Heads         int         `json:"heads"`
	Revisions     int         `json:"revisions"`
	Objects       int         `json:"objects"`
	Purged        int         `json:"purged"`
	OtherVersions int         `json:"other_versions"`
	Broken        *brokenJSON `json:"broken"`
	Faults        []faultJSON `json:"faults"`
	Further       int         `json:"further_faults"`
}

type brokenJSON struct {
	Entry   int    `json:"entry"`
	Subject string `json:"subject"`
	Why     string `json:"why"`
}

type faultJSON struct {
	Key string `json:"key"`
	Why string `json:"why"`
}

func auditObject(r *pipeline.AuditReport) auditJSON {
	object := auditJSON{
		Sound: r.Sound(), Entries: r.Entries, Heads: r.Heads, Revisions: r.Revisions, Objects: r.Objects,
		Purged: r.Purged, OtherVersions: r.OtherVersions, Faults: []faultJSON{}, Further: r.Further,
	}
	if b := r.Broken; b != nil {
		object.Broken = &brokenJSON{b.Entry, b.Subject, b.Why}
	}
	for _, f := range r.Faults {
		object.Faults = append(object.Faults, faultJSON(f))
	}
	return object
}

// printAudit tells what an audit looked at and found, for a person.
func (t *terminal) printAudit(r *pipeline.AuditReport) error {
	var out strings.Builder
	fmt.Fprintf(&out, "%s of the audit chain, %s of it in the store\n%s, %s compared\n",
		plural(r.Entries, "entry", "entries"), plural(r.Heads, "head", "heads"),
		plural(r.Revisions, "revision", "revisions"), plural(r.Objects, "object", "objects"))
	if r.Purged > 0 {
		fmt.Fprintf(&out, "%s purged of its inputs\n", plural(r.Purged, "revision", "revisions"))
	}
	if r.OtherVersions > 0 {
		fmt.Fprintf(&out, "%s made by another version of guichet: review.jsonl of these was not compared\n", plural(r.OtherVersions, "revision", "revisions"))
	}
	if r.Broken != nil {
		fmt.Fprintf(&out, "\nLedger\n  %v\n", r.Broken)
	}
	section(&out, "Store", r.Faults)
	if r.Further > 0 {
		fmt.Fprintf(&out, "  and %d more\n", r.Further)
	}
	if r.Sound() {
		out.WriteString("Nothing was changed\n")
	}
	_, err := fmt.Fprint(t.out, out.String())
	return err
}
