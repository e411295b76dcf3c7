package validators

import (
	"path"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"guichet/config"
	"guichet/pipeline/claim"
)

// FileInput is what the rules on a batch as a whole look at.
type FileInput struct {
	Supplier claim.SIRET // of the folder
	// Problems are those of the template and of the delivery, as their readers
	// saw them.
	Problems []claim.FileProblem
	// Template is the name of the template object.
	Template string
	// Objects are those of the batch, without _READY.
	Objects []claim.Object
	// Claims are those of the batch; none where the template could not be read.
	Claims []*claim.Claim
}

// File asks the rules on the file: FIC-01 to FIC-09 (AF §6.1, §6.2). The kind
// may be empty where the template could not be told. What no row names
// (FIC-08) is told only of a batch whose rows could be read.
func File(ctx *Context, kind claim.Kind, in FileInput) []claim.Finding {
	b := &batch{Context: ctx, kind: kind, in: in}
	for _, problem := range in.Problems {
		b.problem(problem)
	}
	if len(ctx.Registers.Enrolments(in.Supplier)) == 0 {
		b.tell("FIC-07", "", params{"siret": string(in.Supplier)})
	}
	if len(in.Claims) > 0 && !Refuses(b.findings) {
		b.namedOtherwise()
		b.unnamed()
	}
	Sort(b.findings)
	return b.findings
}

// Refuses tells whether the findings on a file refuse the whole batch: any but
// a warning does.
func Refuses(findings []claim.Finding) bool {
	return slices.ContainsFunc(findings, func(f claim.Finding) bool { return f.Outcome != claim.Warn })
}

// batch is one batch being judged as a whole.
type batch struct {
	*Context
	kind     claim.Kind
	in       FileInput
	findings []claim.Finding
}

func (b *batch) tell(code, variant string, p params) *claim.Finding {
	b.findings = append(b.findings, b.Programme.Finding(b.kind, code, variant, p))
	return &b.findings[len(b.findings)-1]
}

// problem tells FIC-01 to FIC-06 and FIC-09 of what a reader saw.
func (b *batch) problem(p claim.FileProblem) {
	variant := p.Reason
	if p.Nearest != "" {
		variant = "nearest"
	}
	if _, ok := config.Rules.Rule(p.Code).Variants[variant]; !ok {
		variant = ""
	}
	f := b.tell(p.Code, variant, params{
		"file": p.File, "files": p.Detail, "column": p.Label, "nearest": p.Nearest, "detail": p.Detail,
	})
	f.Cell = p.Cell
	if p.Code == "FIC-09" {
		f.Value = p.Label // no label of the template
	} else {
		f.Field = p.Label
	}
}

// namedOtherwise tells FIC-08 of documents that a row names with other capitals.
func (b *batch) namedOtherwise() {
	for _, c := range b.in.Claims {
		template := config.TemplateOf(c.Kind)
		for _, d := range c.Documents {
			if d.Object == nil || sameName(d.Object.Name, d.Name) {
				continue
			}
			field := c.Row.Field(d.Field)
			f := b.tell("FIC-08", "case", params{"value": d.Name, "file": d.Object.Name})
			f.Field, f.Cell, f.Value, f.Document = template.Column(d.Field).Label, field.Cell, field.Raw, d.Object.Name
		}
	}
}

// unnamed tells FIC-08 of objects that no row names, neither as its document
// nor in a cell that is no name of a PDF (LIG-02).
func (b *batch) unnamed() {
	named := map[string]bool{b.in.Template: true}
	for _, c := range b.in.Claims {
		for _, d := range c.Documents {
			if d.Object != nil {
				named[d.Object.Name] = true
			}
		}
		for _, column := range config.TemplateOf(c.Kind).Columns {
			if field := c.Row.Field(column.ID); column.Type == config.PDFColumn && field.State == claim.FieldBad {
				named[canonicalName(field.Raw)] = true
			}
		}
	}
	for _, object := range b.in.Objects {
		if named[object.Name] {
			continue
		}
		variant := ""
		if !strings.EqualFold(path.Ext(object.Name), ".pdf") {
			variant = "not_pdf"
		}
		b.tell("FIC-08", variant, params{"file": object.Name}).Document = object.Name
	}
}

func sameName(a, b string) bool { return canonicalName(a) == canonicalName(b) }

// canonicalName is the form in which names of files are compared, exact in case.
func canonicalName(name string) string { return norm.NFC.String(strings.TrimSpace(name)) }
