package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
)

// TestLife plays two years of nights, each pharmacy with its story, and
// compares what each night publishes with what the stories say. In the end the
// published files alone are counted again.
func TestLife(t *testing.T) {
	pharmacies := 2000
	if testing.Short() {
		pharmacies = 100
	}
	story, err := fixtures.NewLife(fixtures.LifeOptions{Seed: 20220212, Pharmacies: pharmacies})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := &player{T: t, dir: dir, night: newNight(t, dir, runtime.NumCPU())}
	p.registers(story.Registers)
	for _, night := range story.Nights {
		p.play(night)
		if t.Failed() && p.wrong > 25 {
			t.FailNow()
		}
	}
	recount(t, p, story)
	t.Logf("%d pharmacies, %d nights, %d dossiers, %d documents; drawn and signed in %s, runs %s",
		pharmacies, len(story.Nights), len(story.Dossiers), p.documents, p.drawing.Round(time.Millisecond), p.running.Round(time.Millisecond))
}

// player plays the nights of a life.
type player struct {
	*testing.T
	dir   string
	night *Night
	wrong int // lines that differ

	documents        int
	drawing, running time.Duration
}

func (p *player) registers(files map[string][]byte) {
	p.Helper()
	for name, data := range files {
		putFile(p.T, filepath.Join(p.dir, "registers", name), data, time.Date(2022, time.January, 1, 8, 0, 0, 0, time.UTC))
	}
}

// play plays a night and compares what it published.
func (p *player) play(night fixtures.LifeNight) {
	p.Helper()
	p.registers(night.Registers)
	morning := night.At.Add(-12 * time.Hour)
	p.night.Now = morning
	for as, operations := range map[claim.RecoveryStatus][]fixtures.LifeOperation{claim.Observed: night.Observed, claim.Settled: night.Settled} {
		for _, o := range operations {
			if _, err := p.night.Ledger.Answer(p.Context(), string(o.Dossier), as, morning, "Mme Dupont", o.Reason); err != nil {
				p.Fatal(err)
			}
		}
	}
	for _, c := range night.Closed {
		done, err := p.night.CloseDossier(p.Context(), Closure{Dossier: string(c.Dossier), By: "Mme Dupont", Reason: c.Reason})
		if err != nil || problems(&done.Summary) != "" {
			p.Fatal(err, done)
		}
	}
	for _, r := range night.Rulings {
		ruling := claim.Ruling{Claim: r.ID(), Verdict: r.Verdict, Reason: r.Reason, By: "Mme Dupont", At: morning}
		if err := p.night.Ledger.Review(p.Context(), ruling); err != nil {
			p.Fatalf("%s, row %d: %v", p.of(night, r.Supplier, r.Batch), r.Row, err)
		}
	}
	p.deliver(night)
	p.night.Now = night.At
	start := time.Now()
	summary, err := p.night.Run(p.Context())
	if err != nil || problems(summary) != "" {
		p.Fatalf("night of %s: %v, %s", night.At, err, problems(summary))
	}
	made := summary.Batches
	for _, r := range night.Reprocessed {
		what := Reprocess{
			Batch: intake.Ref{Supplier: r.Supplier, Name: r.Batch}, Claims: []claim.ID{r.ID()}, Withdraw: r.Reason != "", Reason: r.Reason, By: "M. Durand",
		}
		done, err := p.night.Reprocess(p.Context(), what)
		if err != nil || problems(&done.Summary) != "" || len(done.Unread)+len(done.Replaced) > 0 {
			p.Fatalf("%s, row %d, again: %v, %+v", p.of(night, r.Supplier, r.Batch), r.Row, err, done)
		}
		made = append(made, done.Batches...)
	}
	var events []string
	for range 2 { // the second time nothing is left to tell
		if !night.Controls {
			break
		}
		p.night.Now = night.Morning
		done, err := p.night.Controls(p.Context())
		if err != nil || problems(&done.Summary) != "" {
			p.Fatal(err, problems(&done.Summary))
		}
		for _, e := range done.Events {
			events = append(events, recoveryLine(e.Supplier, e.Dossier, string(e.Status), e.Codes(), e.Amount.String()))
		}
	}
	p.running += time.Since(start)
	p.compare(night, made, summary.Repeated, events)
}

func (p *player) of(night fixtures.LifeNight, supplier claim.SIRET, batch string) string {
	return fmt.Sprintf("night of %s: %s/%s", night.At.Format(time.DateOnly), supplier, batch)
}

// deliver draws and drops the batches of a night.
func (p *player) deliver(night fixtures.LifeNight) {
	p.Helper()
	start := time.Now()
	var drawing errgroup.Group
	drawing.SetLimit(runtime.NumCPU())
	for i := range night.Deliveries {
		drawing.Go(func() error {
			d := &night.Deliveries[i]
			if err := d.Draw(); err != nil {
				return err
			}
			defer func() { d.Documents = nil }()
			return d.Write(p.dir)
		})
		p.documents += night.Deliveries[i].Count()
	}
	if err := drawing.Wait(); err != nil {
		p.Fatal(err)
	}
	p.drawing += time.Since(start)
}

// compare compares what a night published with what its stories say.
func (p *player) compare(night fixtures.LifeNight, made []claim.Revision, repeated []Left, events []string) {
	p.Helper()
	var want, got []string
	for _, r := range append(slices.Clone(night.Answered), night.Controlled...) {
		if !r.Untold {
			want = append(want, "indus "+recoveryLine(r.Supplier, string(r.Dossier), r.Status, r.Codes, r.Amount.String()))
		}
	}
	for _, r := range night.Controlled {
		want = append(want, recoveryLine(r.Supplier, string(r.Dossier), r.Status, r.Codes, r.Amount.String()))
	}
	got = append(events, append(p.indus(night.At), p.indus(night.Morning)...)...)
	for _, r := range night.Revisions {
		want = append(want, p.wanted(r)...)
	}
	for _, batch := range night.Again {
		want = append(want, batch+" again")
	}
	for _, r := range made {
		got = append(got, p.published(r)...)
	}
	for _, again := range repeated {
		got = append(got, strings.Trim(strings.TrimPrefix(again.Key, "inbox"), "/")+" again")
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		p.wrong += strings.Count(diff, "\n+") + strings.Count(diff, "\n-")
		p.Errorf("night of %s: (-wanted +got)\n%s", night.At.Format(time.DateOnly), diff)
	}
}

func recoveryLine(supplier claim.SIRET, dossier, status string, codes []string, amount string) string {
	return fmt.Sprintf("%s %s %s %s %q", supplier, dossier, status, amount, strings.Join(codes, " "))
}

// indus tells what suppliers are told of recoveries on a day.
func (p *player) indus(at time.Time) []string {
	p.Helper()
	files, err := filepath.Glob(filepath.Join(p.dir, "outbox/*/indus", at.Format(time.DateOnly)+".csv"))
	if err != nil {
		p.Fatal(err)
	}
	var lines []string
	for _, file := range files {
		for _, row := range readTable(p.T, file) {
			lines = append(lines, "indus "+recoveryLine(claim.SIRET(row["supplier"]), row["dossier"], row["status"], strings.Fields(row["codes"]), row["amount"]))
		}
	}
	return lines
}

// wanted tells a revision as a story has it.
func (p *player) wanted(r fixtures.LifeRevision) []string {
	name := fmt.Sprintf("%s/%s r%d", r.Supplier, r.Batch, r.Number)
	lines := []string{p.head(name, r.Counts, r.Due.String(), strings.Join(r.Codes, " "))}
	for _, row := range r.Rows {
		told := row.Told
		if told == nil {
			told = row.Codes
		}
		line := fmt.Sprintf("%s %d %s %s", name, row.Row, row.Decision, row.Dossier)
		if row.Withdrawn != "" {
			lines = append(lines, fmt.Sprintf("%s withdrawn %s %s: %s", name, row.Dossier, row.Due, row.Withdrawn))
			line = fmt.Sprintf("%s %d %s ", name, row.Row, row.Decision)
		}
		codes := strings.Join(row.Codes, " ")
		if row.Decision == claim.UnderReview {
			lines = append(lines, fmt.Sprintf("%s [%s]", line, codes))
			continue
		}
		if row.Told != nil {
			codes = strings.Join(told, " ") + "; to operators " + codes
		}
		if row.Decision == claim.Accepted {
			line += fmt.Sprintf(" %s of %s", row.Due, row.Payable)
		}
		lines = append(lines, fmt.Sprintf("%s [%s]", line, codes))
	}
	return lines
}

func (p *player) head(name string, c claim.Counts, due, codes string) string {
	return strings.TrimSpace(fmt.Sprintf("%s: %d/%d/%d/%d +%d %s %s", name, c.Accepted, c.Rejected, c.ToComplete, c.UnderReview, c.NewlyAccepted, due, codes))
}

// published tells a revision as its objects have it.
func (p *player) published(r claim.Revision) []string {
	p.Helper()
	name := fmt.Sprintf("%s/%s r%d", r.Supplier, r.Batch, r.Number)
	folder := filepath.Join(p.dir, "outbox", string(r.Supplier), r.Batch, fmt.Sprintf("r%d", r.Number))
	var receipt struct {
		Counts   claim.Counts
		Amount   string `json:"amount_due_total"`
		Findings []claim.Finding
	}
	data, err := os.ReadFile(filepath.Join(folder, "receipt.json"))
	if err == nil {
		err = json.Unmarshal(data, &receipt)
	}
	if err != nil {
		p.Fatal(err)
	}
	lines := []string{p.head(name, receipt.Counts, receipt.Amount, codesOf(receipt.Findings))}
	rows := map[int]string{}
	for _, file := range []string{"accepted", "rejected"} {
		for _, l := range readLines(p.T, filepath.Join(folder, file+".jsonl")) {
			text := fmt.Sprintf("%s %d %s %s", name, l.Row, l.Decision, l.Dossier)
			if l.Decision == claim.Accepted {
				text += fmt.Sprintf(" %s of %s", cents(l.Amounts.AmountDue), cents(l.Amounts.PayableTotal))
			}
			rows[l.Row] = fmt.Sprintf("%s [%s", text, codesOf(l.Findings))
		}
	}
	operators := filepath.Join(p.dir, "operators", string(r.Supplier), r.Batch, fmt.Sprintf("r%d", r.Number), "review.jsonl")
	for _, l := range readLines(p.T, operators) {
		if told, known := rows[l.Row]; known {
			if codes := codesOf(l.Findings); !strings.HasSuffix(told, "["+codes) {
				rows[l.Row] = told + "; to operators " + codes
			}
			continue
		}
		rows[l.Row] = fmt.Sprintf("%s %d %s %s [%s", name, l.Row, l.Decision, l.Dossier, codesOf(l.Findings))
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		lines = append(lines, rows[row]+"]")
	}
	if withdrawn := filepath.Join(folder, "withdrawn.jsonl"); exists(withdrawn) {
		for _, l := range readLines(p.T, withdrawn) {
			lines = append(lines, fmt.Sprintf("%s withdrawn %s %s: %s", name, l.Dossier, cents(l.Amounts.AmountDue), l.Reason))
		}
	}
	return lines
}

// cents tells an amount; a declaration has none.
func cents(amount *claim.Cents) string {
	if amount == nil {
		return claim.Cents(0).String()
	}
	return amount.String()
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}
