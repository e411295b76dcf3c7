package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/engine"
	"guichet/pipeline/intake"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/settle"
	"guichet/pipeline/template"
	"guichet/validators"
)

// delivery is a ready batch on its way through the night.
type delivery struct {
	intake.Batch
	kind     claim.Kind
	claims   []*claim.Claim
	findings []claim.Finding // on the file
}

// errChanging means that a batch changed while it was read.
var errChanging = errors.New("it changes while it is read")

// prepare reads the templates of the ready batches. Batches that this version
// does not take are left, those that cannot be read for a reason of ours fail.
func (r *run) prepare(ctx context.Context, ready []intake.Batch) ([]delivery, error) {
	var deliveries []delivery
	for _, batch := range ready {
		key := "inbox/" + batch.String() + "/"
		if r.failed[key] {
			continue // settled by an earlier run, and still not published
		}
		why, err := r.known(ctx, batch)
		if err != nil {
			return nil, err
		}
		if why != "" {
			r.leave(key, why)
			continue
		}
		d, err := r.open(ctx, batch)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, errChanging):
			r.leave(key, err.Error())
		case err != nil:
			r.fail(key, err)
		case d.kind != claim.Advance && d.kind != "":
			r.leave(key, fmt.Sprintf("%s batches are not processed yet by this version", config.TemplateOf(d.kind).Sheet))
		default:
			deliveries = append(deliveries, d)
		}
	}
	return deliveries, nil
}

// known tells why a batch whose name was published before is left.
func (r *run) known(ctx context.Context, batch intake.Batch) (why string, err error) {
	same, found, err := r.Ledger.RevisionOfContent(ctx, batch.Supplier, batch.Name, batch.Digest)
	if err != nil {
		return "", err
	}
	if found {
		return fmt.Sprintf("the same content was already processed as revision %d", same.Number), nil
	}
	latest, found, err := r.Ledger.LatestRevision(ctx, batch.Supplier, batch.Name)
	if err != nil || !found {
		return "", err
	}
	return fmt.Sprintf("revision %d of this batch is published; changed content under the same name is not processed yet by this version", latest.Number), nil
}

// open reads a batch's template and asks the rules on the file.
func (r *run) open(ctx context.Context, batch intake.Batch) (delivery, error) {
	d := delivery{Batch: batch}
	problems := batch.Problems
	name := ""
	if len(problems) == 0 {
		object := batch.Templates[0]
		name = object.Name
		data, err := r.content(ctx, batch, object, int64(r.Config.Limits.TemplateBytes))
		if err != nil {
			return d, err
		}
		table, found := template.Read(name, data, template.Limits{
			Bytes: int64(r.Config.Limits.TemplateBytes), Rows: r.Config.Limits.TemplateRows,
		})
		problems = found
		if table != nil {
			d.kind = table.Kind
			d.claims = claims(batch, object, table)
		}
	}
	d.findings = validators.File(r.validator, d.kind, validators.FileInput{
		Supplier: batch.Supplier, Problems: problems, Template: name, Objects: batch.Objects, Claims: d.claims,
	})
	if validators.Refuses(d.findings) {
		d.claims = nil
		return d, nil
	}
	return d, d.checkObjects()
}

// content gives the bytes of a batch's object, which are those that intake
// saw. Of an object above the limit it gives a little more than the limit.
func (r *run) content(ctx context.Context, batch intake.Batch, o claim.Object, limit int64) ([]byte, error) {
	data, err := r.read(ctx, batch.Stored(o), limit)
	if errors.Is(err, objectstore.ErrChanged) || errors.Is(err, objectstore.ErrNotFound) {
		return nil, errChanging
	}
	if err != nil {
		return nil, err
	}
	if o.Size <= limit && engine.Digest(data) != o.SHA256 {
		return nil, errChanging
	}
	return data, nil
}

// claims makes a claim of each row of a template.
func claims(batch intake.Batch, object claim.Object, table *template.Table) []*claim.Claim {
	names := intake.NewNames(batch.Documents)
	layout := config.TemplateOf(table.Kind)
	all := make([]*claim.Claim, len(table.Rows))
	for i, row := range table.Rows {
		c := &claim.Claim{
			ID:   claim.NewID(table.Kind, batch.Supplier, batch.Name, firstRevision, row.Number),
			Kind: table.Kind, Supplier: batch.Supplier, Batch: batch.Name, Revision: firstRevision,
			Row: row, ReceivedAt: object.ReceivedAt,
		}
		for _, column := range layout.Columns {
			if column.Type != config.PDFColumn || !row.Field(column.ID).OK() {
				continue
			}
			d := claim.Document{Role: column.Role, Field: column.ID, Name: row.Text(column.ID)}
			if d.Object, _ = names.Match(d.Name); d.Object != nil && d.Object.ReceivedAt.After(c.ReceivedAt) {
				c.ReceivedAt = d.Object.ReceivedAt
			}
			c.Documents = append(c.Documents, d)
		}
		all[i] = c
	}
	return all
}

// firstRevision is the only one that this version makes.
const firstRevision = 1

// checkObjects is a control total: every object of the batch is its template,
// a document that a row names, named in a cell that tells so itself (LIG-02),
// or told to be none of these (FIC-08).
func (d *delivery) checkObjects() error {
	names := intake.NewNames(d.Objects)
	used := map[string]bool{d.Templates[0].Key: true}
	for _, c := range d.claims {
		for _, document := range c.Documents {
			if document.Object != nil {
				used[document.Object.Key] = true
			}
		}
		for _, column := range config.TemplateOf(c.Kind).Columns {
			field := c.Row.Field(column.ID)
			if column.Type != config.PDFColumn || field.State != claim.FieldBad {
				continue
			}
			if object, folded := names.Match(field.Raw); object != nil && !folded {
				used[object.Key] = true
			}
		}
	}
	unreferenced := 0
	for _, f := range d.findings {
		if f.Code == "FIC-08" && f.Cell == "" {
			unreferenced++
		}
	}
	if listed := len(d.Objects); listed != len(used)+unreferenced {
		return fmt.Errorf("control total: %d objects listed, %d used, %d unreferenced", listed, len(used), unreferenced)
	}
	return nil
}

// assess has the claims of all deliveries judged and gives what is to be settled.
func (r *run) assess(ctx context.Context, deliveries []delivery) ([]settle.Batch, error) {
	total := 0
	for _, d := range deliveries {
		total += len(d.claims)
	}
	var judged atomic.Int64
	batches := make([]engine.Batch, len(deliveries))
	for i, d := range deliveries {
		batches[i] = engine.Batch{
			Claims: d.claims,
			Open: func(ctx context.Context, o claim.Object) ([]byte, error) {
				return r.content(ctx, d.Batch, o, int64(r.Config.Limits.DocumentBytes))
			},
			Judge:  func(c *claim.Claim) claim.Assessment { return validators.Assess(r.validator, c) },
			Judged: func() { r.progress(StageAssess, int(judged.Add(1)), total) },
		}
	}
	local := &engine.Local{Workers: r.Workers, Reader: r.Reader, Cache: r.Ledger, MaxBytes: int64(r.Config.Limits.DocumentBytes)}
	outcomes, err := local.Assess(ctx, batches)
	if err != nil {
		return nil, err
	}
	var settling []settle.Batch
	for i, d := range deliveries {
		key := "inbox/" + d.String() + "/"
		switch err := outcomes[i].Err; {
		case errors.Is(err, errChanging), errors.Is(err, engine.ErrChanged):
			r.leave(key, errChanging.Error())
			continue
		case err != nil:
			r.fail(key, err)
			continue
		}
		shared := validators.AssessBatch(r.validator, d.claims)
		for j, c := range d.claims {
			a := &outcomes[i].Assessments[j]
			a.Findings = append(a.Findings, shared[c.ID]...)
			validators.Sort(a.Findings)
		}
		revision := r.revision(d)
		if slices.ContainsFunc(outcomes[i].Assessments, readByOCR) {
			revision.Software += ", " + r.Reader.OCR()
		}
		settling = append(settling, settle.Batch{Revision: revision, Claims: d.claims, Assessments: outcomes[i].Assessments})
	}
	return settling, nil
}

// readByOCR tells whether OCR served for a claim's documents.
func readByOCR(a claim.Assessment) bool {
	return slices.ContainsFunc(a.Documents, func(d claim.ResultDocument) bool { return d.TextSource == claim.TextFromOCR })
}

func (r *run) revision(d delivery) claim.Revision {
	status := claim.Processed
	if validators.Refuses(d.findings) {
		status = claim.Refused
	}
	return claim.Revision{
		Supplier: d.Supplier, Batch: d.Name, Number: firstRevision, Kind: d.kind, Status: status,
		ReceivedAt: d.ReceivedAt, Digest: d.Digest, Findings: d.findings,
		Programme: claim.ProgrammeInfo{ID: r.Programme.ID, Version: r.Programme.Version, SHA256: r.Programme.SHA256},
		Registers: r.registers, Inputs: d.Objects, Software: r.Software,
	}
}
