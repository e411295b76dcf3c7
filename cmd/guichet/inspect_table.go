package main

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/dustin/go-humanize"

	"guichet/pipeline/claim"
	"guichet/validators"
)

// String tells of the document as a terminal shows it.
func (i *inspected) String() string {
	var out strings.Builder
	i.printDocument(&out)
	facts := i.document.Facts
	if facts.Status == claim.ReadOK {
		i.printMentions(&out)
		printSignatures(&out, facts.Signatures)
		printRevisions(&out, facts.Revisions)
		i.printInk(&out)
	}
	if len(i.findings) == 0 {
		out.WriteString("\nNo findings.\n")
	}
	printFindings(&out, i.findings)
	return out.String()
}

// tableOf starts a table below a title.
func tableOf(out *strings.Builder, title string, columns ...string) *tabwriter.Writer {
	fmt.Fprintf(out, "\n%s\n", title)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row(table, columns...)
	return table
}

// row adds a line to a table, none of whose texts steers the terminal.
func row(table *tabwriter.Writer, cells ...string) {
	if len(cells) == 0 {
		return
	}
	for i, cell := range cells {
		cells[i] = cmp.Or(strings.TrimSpace(printable(cell)), "-")
	}
	fmt.Fprintf(table, "  %s\n", strings.Join(cells, "\t"))
}

func (i *inspected) printDocument(out *strings.Builder) {
	facts := i.document.Facts
	fmt.Fprintf(out, "Document %q\n", i.document.Name)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row(table, "role", string(i.document.Role))
	row(table, "size", humanize.IBytes(uint64(max(i.document.Object.Size, 0)))) //nolint:gosec // not negative
	row(table, "sha256", i.document.Object.SHA256)
	row(table, "received", minute(i.document.Object.ReceivedAt)+" (time of the file)")
	switch facts.Status {
	case claim.ReadOK:
		row(table, "pages", fmt.Sprint(len(facts.Pages)))
		row(table, "text from", i.textSource())
		if len(facts.Active) > 0 {
			row(table, "active", strings.Join(facts.Active, ", "))
		}
	case claim.ReadLocked:
		row(table, "read", "no: a password is needed")
	case claim.ReadFailed:
		row(table, "read", "no: "+strings.ReplaceAll(facts.Reason, "_", " "))
	}
	_ = table.Flush() // a strings.Builder takes all
}

// textSource tells where the text comes from, page by page where they differ.
func (i *inspected) textSource() string {
	facts := i.document.Facts
	source := string(facts.TextSource)
	var read, blind []string
	for n, page := range facts.Pages {
		switch page.Source {
		case claim.TextFromOCR:
			read = append(read, fmt.Sprintf("page %d %d %% sure", n+1, page.Confidence))
		case claim.TextFromNone:
			blind = append(blind, fmt.Sprint(n+1))
		case claim.TextFromPDF:
		}
	}
	if len(read) > 0 {
		source += " (" + i.ocr + ": " + strings.Join(read, ", ") + ")"
	}
	if len(blind) > 0 {
		source += "; no text on page " + strings.Join(blind, ", ")
		if i.ocr == "" {
			source += "; scans are not read: " + fmt.Sprintf("%q is not installed", i.command)
		}
	}
	return source
}

func (i *inspected) printMentions(out *strings.Builder) {
	if len(i.evidence) == 0 {
		return
	}
	table := tableOf(out, "Mentions", "RULE", "FOUND", "PAGE", "PLACE")
	for _, e := range i.evidence {
		row(table, e.Rule, claim.Cut(e.Text, longestFind), fmt.Sprint(e.Page), where(e.Rect))
	}
	_ = table.Flush() // a strings.Builder takes all
}

// longestFind is how many characters of what was found a line shows; --json
// tells all.
const longestFind = 70

// where tells a rectangle in whole points from the page's top left.
func where(r *claim.Rect) string {
	if r == nil {
		return ""
	}
	return fmt.Sprintf("%.0f,%.0f to %.0f,%.0f", r[0], r[1], r[2], r[3])
}

func printSignatures(out *strings.Builder, signatures []claim.Signature) {
	if len(signatures) == 0 {
		out.WriteString("\nNo electronic signature.\n")
		return
	}
	table := tableOf(out, "Signatures", "SIGNER", "ORGANISATION", "LEVEL", "INTEGRITY", "COVERAGE", "REVISION", "TIME", "PROBLEM")
	for _, s := range signatures {
		c := s.Certificate
		signer := cmp.Or(c.CommonName, strings.TrimSpace(c.GivenName+" "+c.Surname))
		if s.Timestamp {
			signer += " (timestamp)"
		}
		at := minute(s.SignedAt)
		if at != "" && s.TimeSource != "" {
			at += " (" + s.TimeSource + ")"
		}
		revision := ""
		if s.Revision > 0 {
			revision = fmt.Sprint(s.Revision)
		}
		row(table, signer, strings.Join(c.Organisation, ", "), string(s.Level), string(s.Integrity), string(s.Coverage), revision, at, problem(s))
	}
	_ = table.Flush() // a strings.Builder takes all
}

// problem tells what is to be said against a signature.
func problem(s claim.Signature) string {
	var all []string
	if s.Problem != "" {
		all = append(all, strings.ReplaceAll(s.Problem, "_", " "))
	}
	if s.Digest == "SHA-1" || s.Digest == "MD5" {
		all = append(all, s.Digest)
	}
	if s.Certificate.SelfSigned {
		all = append(all, "self-signed")
	}
	if s.Certificate.Trust == claim.Untrusted {
		all = append(all, "under no trusted root")
	}
	return strings.Join(all, ", ")
}

func printRevisions(out *strings.Builder, revisions []claim.DocumentRevision) {
	if len(revisions) == 0 {
		return
	}
	table := tableOf(out, "Revisions", "NUMBER", "BYTES", "CHANGES")
	for n, r := range revisions {
		var changes []string
		for _, change := range r.Changes {
			changes = append(changes, strings.ReplaceAll(string(change), "_", " "))
		}
		row(table, fmt.Sprint(n+1), fmt.Sprint(r.End), strings.Join(changes, ", "))
	}
	_ = table.Flush() // a strings.Builder takes all
}

func (i *inspected) printInk(out *strings.Builder) {
	facts := i.document.Facts
	if len(facts.Blocks) == 0 {
		return
	}
	table := tableOf(out, "Ink", "PAGE", "LABEL", "VERDICT", "PLACE", "INK", "MAIN STROKE", "LETTERS", "FRAME")
	for _, b := range facts.Blocks {
		alone := validators.ByHand(i.programme.Handwriting, &claim.Facts{Blocks: []claim.Block{b}}, nil)
		ink := b.Ink
		stroke := fmt.Sprintf("%.0f×%.0f pt, %.0f pt long, %.1f turns, %.1f pt thick", ink.Width, ink.Height, ink.Length, ink.Turns, ink.Thick)
		row(table, fmt.Sprint(b.Page), b.Label, string(alone.Hand), where(&b.Rect),
			fmt.Sprintf("%.1f %%, %s", 100*ink.Share, plural(ink.Strokes, "stroke", "strokes")), stroke, fmt.Sprint(ink.Letters), fmt.Sprintf("%.0f %%", 100*ink.Frame))
	}
	_ = table.Flush() // a strings.Builder takes all
	fmt.Fprintf(out, "  by hand, all in all: %s\n", validators.ByHand(i.programme.Handwriting, facts, nil).Hand)
}
