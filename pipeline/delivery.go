package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync/atomic"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/engine"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/settle"
	"guichet/pipeline/template"
	"guichet/validators"
)

// delivery is a batch on its way through a run: one that is ready, or one that
// is opened again in the archive.
type delivery struct {
	*intake.Batch
	number   int // of its revision
	kind     claim.Kind
	claims   []*claim.Claim
	findings []claim.Finding // on the file
	// accepted are the rows on which earlier revisions accepted claims.
	accepted map[claim.ID]claim.Row
}

// errChanging means that a batch changed while it was read.
var errChanging = errors.New("it changes while it is read")

// prepare reads the templates of the ready batches. Content that was processed
// before goes to the archive; batches that cannot be read for a reason of ours
// fail.
func (r *run) prepare(ctx context.Context, ready []intake.Batch) ([]delivery, error) {
	var deliveries []delivery
	for i := range ready {
		batch := &ready[i]
		key := "inbox/" + batch.String() + "/"
		if r.failed[key] {
			continue // settled by an earlier run, and still not published
		}
		number, again, err := r.next(ctx, batch)
		if err != nil {
			return nil, err
		}
		if again {
			if err := r.repeat(ctx, batch); err != nil {
				return nil, err
			}
			continue
		}
		d, err := r.deliver(ctx, batch, number)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, errChanging):
			r.leave(key, err.Error())
		case err != nil:
			r.fail(key, err)
		default:
			deliveries = append(deliveries, d)
		}
	}
	return deliveries, nil
}

// next gives the number of the revision that a batch makes, or tells that its
// content was processed before.
func (r *run) next(ctx context.Context, batch *intake.Batch) (number int, again bool, err error) {
	_, again, err = r.Ledger.RevisionOfContent(ctx, batch.Supplier, batch.Name, batch.Digest)
	if err != nil || again {
		return 0, again, err
	}
	latest, _, err := r.Ledger.LatestRevision(ctx, batch.Supplier, batch.Name)
	return latest.Number + 1, false, err
}

// repeat moves unchanged content that was dropped again to the archive.
func (r *run) repeat(ctx context.Context, batch *intake.Batch) error {
	repeat := ledger.Repeat{Supplier: batch.Supplier, Batch: batch.Name, Digest: batch.Digest, Inputs: batch.Inputs}
	if err := r.Ledger.StartRepeat(ctx, repeat); err != nil {
		return err
	}
	r.Log.Info("processed before, to the archive", slog.String("key", "inbox/"+batch.String()+"/"))
	r.summary.Repeated = append(r.summary.Repeated, Left{
		"inbox/" + batch.String() + "/",
		fmt.Sprintf("the same content was processed before; it is in archive/%s/again-%.8s/", batch, batch.Digest),
	})
	r.archiveAgain(ctx, repeat)
	return nil
}

// deliver opens a ready batch as a revision.
func (r *run) deliver(ctx context.Context, batch *intake.Batch, number int) (d delivery, err error) {
	identity := func(kind claim.Kind, row int) (claim.ID, int) {
		return claim.NewID(kind, batch.Supplier, batch.Name, number, row), number
	}
	if d, err = r.open(ctx, batch, number, identity); err != nil || number == 1 || d.claims == nil {
		return d, err
	}
	d.accepted, err = r.acceptedRows(ctx, batch.Ref)
	return d, err
}

// identity gives a row's claim, and the revision in which it was first evaluated.
type identity func(kind claim.Kind, row int) (claim.ID, int)

// open reads a batch's template and asks the rules on the file.
func (r *run) open(ctx context.Context, batch *intake.Batch, number int, of identity) (delivery, error) {
	d := delivery{Batch: batch, number: number}
	problems := batch.Problems
	name := ""
	if len(problems) == 0 {
		object := batch.Templates[0]
		name = object.Name
		table, found, err := r.table(ctx, batch)
		if err != nil {
			return d, err
		}
		problems = found
		if table != nil {
			d.kind = table.Kind
			d.claims = claims(batch, object, table, of)
			if err := r.lookUpDossiers(ctx, d.claims); err != nil {
				return d, err
			}
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

// table reads a batch's template.
func (r *run) table(ctx context.Context, batch *intake.Batch) (*template.Table, []claim.FileProblem, error) {
	object := batch.Templates[0]
	data, err := r.content(ctx, batch, object, int64(r.Config.Limits.TemplateBytes))
	if err != nil {
		return nil, nil, err
	}
	table, problems := template.Read(object.Name, data, template.Limits{
		Bytes: int64(r.Config.Limits.TemplateBytes), Rows: r.Config.Limits.TemplateRows,
	}, r.Programme.DossierPrefix)
	return table, problems, nil
}

// content gives the bytes of a batch's object, which are those that intake
// saw. Of an object above the limit it gives a little more than the limit.
func (r *run) content(ctx context.Context, batch *intake.Batch, o claim.Object, limit int64) ([]byte, error) {
	data, err := readUpTo(limit, func() (io.ReadCloser, error) { return batch.Open(ctx, o) })
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
func claims(batch *intake.Batch, object claim.Object, table *template.Table, of identity) []*claim.Claim {
	names := intake.NewNames(batch.Documents)
	layout := config.TemplateOf(table.Kind)
	all := make([]*claim.Claim, len(table.Rows))
	for i, row := range table.Rows {
		c := &claim.Claim{
			Kind: table.Kind, Supplier: batch.Supplier, Batch: batch.Name, Row: row, ReceivedAt: object.ReceivedAt,
		}
		c.ID, c.Revision = of(table.Kind, row.Number)
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

// assess has the claims of all deliveries judged and gives what is to be
// settled. Balances of dossiers that this night may allocate come last.
func (r *run) assess(ctx context.Context, deliveries []delivery) ([]settle.Batch, error) {
	var known, ahead []delivery
	for _, d := range deliveries {
		if quotesUnknown(d.claims) {
			ahead = append(ahead, d)
		} else {
			known = append(known, d)
		}
	}
	settling, err := r.assessAll(ctx, known)
	if err != nil || len(ahead) == 0 {
		return settling, err
	}
	if err := r.foresee(ctx, settling, ahead); err != nil {
		return nil, err
	}
	more, err := r.assessAll(ctx, ahead)
	return append(settling, more...), err
}

func (r *run) assessAll(ctx context.Context, deliveries []delivery) ([]settle.Batch, error) {
	outcomes, err := r.judge(ctx, deliveries)
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
		assessments := outcomes[i].Assessments
		r.share(d.claims, d.claims, assessments)
		settling = append(settling, settle.Batch{
			Revision: r.revision(d, assessments), Claims: d.claims, Assessments: assessments, Accepted: d.accepted,
		})
	}
	return settling, nil
}

// judge has the claims of deliveries assessed, each alone.
func (r *run) judge(ctx context.Context, deliveries []delivery) ([]engine.Outcome, error) {
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
	return local.Assess(ctx, batches)
}

// share adds to the assessments of claims what the rules between all claims of
// their delivery find.
func (r *run) share(delivered, judged []*claim.Claim, assessments []claim.Assessment) {
	shared := validators.AssessBatch(r.validator, delivered)
	for i, c := range judged {
		a := &assessments[i]
		a.Findings = append(a.Findings, shared[c.ID]...)
		validators.Sort(a.Findings)
	}
}

// readByOCR tells whether OCR served for a claim's documents.
func readByOCR(a claim.Assessment) bool {
	return slices.ContainsFunc(a.Documents, func(d claim.ResultDocument) bool { return d.TextSource == claim.TextFromOCR })
}

// revision gives the revision that a delivery makes.
func (r *run) revision(d delivery, assessments []claim.Assessment) claim.Revision {
	revision := r.stamp(d.Ref, d.number, assessments)
	revision.Kind, revision.ReceivedAt, revision.Findings = d.kind, d.ReceivedAt, d.findings
	revision.Digest, revision.Inputs = d.Digest, d.Inputs
	if validators.Refuses(d.findings) {
		revision.Status = claim.Refused
	}
	return revision
}

// stamp gives a revision with all that it owes to this run.
func (r *run) stamp(ref intake.Ref, number int, assessments []claim.Assessment) claim.Revision {
	revision := claim.Revision{
		Supplier: ref.Supplier, Batch: ref.Name, Number: number, Status: claim.Processed,
		Programme: claim.ProgrammeInfo{ID: r.Programme.ID, Version: r.Programme.Version, SHA256: r.Programme.SHA256},
		Registers: r.registers, Software: r.Software,
	}
	if slices.ContainsFunc(assessments, readByOCR) {
		revision.Software += ", " + r.Reader.OCR()
	}
	return revision
}
