package pipeline

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
)

// TestLives runs each case of testdata/lives: several nights on one store, and
// after each what the new revisions of the batches tell, worked out on paper.
//
// A life is a txtar archive; the files of night N start with "N/":
//
//	N/claims       the advances of the night, as [fixtures.Typed] reads them: a line a claim
//	               SIRET/BATCH REF PHARMACY SIGNER AMOUNT, the rows of avance.csv from 2 on
//	N/balances     the balances, in solde.csv:
//	               SIRET/BATCH DOSSIER INVOICE PHARMACY SIGNER AMOUNT COMPLETED ISSUED
//	N/completions  the declarations, in fin.csv: SIRET/BATCH DOSSIER PHARMACY COMPLETED|incapacity
//	N/received     as in the cases
//	N/registers/…  as in the cases, for this night alone
//	N/review       lines SIRET/BATCH ROW accept|reject|complete REASON, before the run
//	N/reprocess    instead of a run: SIRET/BATCH [dry] [withdraw REASON]
//	N/expect       what is new in the store: SIRET/BATCH rN: ACCEPTED/REJECTED/COMPLETE/REVIEW
//	               +NEWLY EUROS CODE… (of the file), then a line a claim SIRET/BATCH rN ROW
//	               DECISION AMOUNT|- CODE… (CODE…), or SIRET/BATCH rN ROW withdrawn AMOUNT
//	               REASON; and SIRET/BATCH again for unchanged content. Codes in brackets are
//	               what operators read of a claim of which the supplier reads those before
func TestLives(t *testing.T) {
	files, err := filepath.Glob("testdata/lives/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no lives", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			l := &life{T: t, dir: dir, night: newNight(t, dir, 2), known: map[string]bool{}}
			l.night.Accepted = []string{"outil-calcul"} // lives have registers of a few rows
			for number := 1; ; number++ {
				night := &txtar.Archive{Comment: archive.Comment}
				for _, f := range archive.Files {
					if name, ok := strings.CutPrefix(f.Name, fmt.Sprintf("%d/", number)); ok {
						night.Files = append(night.Files, txtar.File{Name: name, Data: f.Data})
					}
				}
				if len(night.Files) == 0 {
					break
				}
				want := l.play(night)
				if err := l.night.Ledger.Verify(t.Context()); err != nil {
					t.Errorf("night %d: %v", number, err)
				}
				if diff := cmp.Diff(want, l.news()); diff != "" {
					t.Fatalf("night %d: %s\n(-wanted +got)\n%s", number, archive.Comment, diff)
				}
			}
		})
	}
}

// life is a store over several nights.
type life struct {
	*testing.T
	dir   string
	night *Night
	known map[string]bool // folders of revisions, and of unchanged content, that were compared
}

// play does what a night says and gives what is expected of it.
func (l *life) play(night *txtar.Archive) []string {
	l.Helper()
	files, typed := map[string]string{}, map[claim.Kind]string{}
	var store txtar.Archive
	for _, f := range night.Files {
		switch f.Name {
		case "claims":
			typed[claim.Advance] = string(f.Data)
		case "balances":
			typed[claim.Balance] = string(f.Data)
		case "completions":
			typed[claim.Completion] = string(f.Data)
		case "review", "reprocess":
			files[f.Name] = string(f.Data)
		default:
			store.Files = append(store.Files, f)
		}
	}
	want := l.write(&store, typed)
	for line := range strings.Lines(files["review"]) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		ruling := claim.Ruling{Claim: l.claim(words[0], words[1]), Verdict: claim.Verdict(words[2]), Reason: words[3], By: "Mme Dupont", At: l.night.Clock()}
		if err := l.night.Ledger.Review(l.Context(), ruling); err != nil {
			l.Fatal(err)
		}
	}
	if what, ok := files["reprocess"]; ok {
		l.reprocess(what)
		return want
	}
	summary, err := l.night.Run(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	for _, failed := range summary.Failed {
		l.Errorf("not processed: %s: %s", failed.Key, failed.Why)
	}
	return want
}

func (l *life) reprocess(line string) {
	l.Helper()
	batch, how, _ := strings.Cut(strings.TrimSpace(line), " ")
	ref, err := intake.ParseRef(batch)
	if err != nil {
		l.Fatal(err)
	}
	what := Reprocess{Batch: ref, By: "M. Durand", DryRun: how == "dry"}
	what.Reason, what.Withdraw = strings.CutPrefix(how, "withdraw ")
	if !what.Withdraw {
		what.Reason = ""
	}
	done, err := l.night.Reprocess(l.Context(), what)
	if err != nil || len(done.Failed) > 0 {
		l.Fatal(err, done.Failed)
	}
}

// claim finds the claim on a row of a batch as it stands.
func (l *life) claim(batch, row string) claim.ID {
	l.Helper()
	ref, err := intake.ParseRef(batch)
	if err != nil {
		l.Fatal(err)
	}
	members, err := l.night.Ledger.Members(l.Context(), ref.Supplier, ref.Name)
	if err != nil {
		l.Fatal(err)
	}
	for _, m := range members {
		if fmt.Sprint(m.Row) == row {
			return m.Claim
		}
	}
	l.Fatalf("batch %s has no row %s", batch, row)
	return ""
}

// write puts a night's deliveries into the inbox and gives what is expected.
func (l *life) write(store *txtar.Archive, typed map[claim.Kind]string) []string {
	l.Helper()
	for kind, lines := range typed {
		batches, err := fixtures.Typed(kind, lines)
		if err != nil {
			l.Fatal(err)
		}
		for _, batch := range batches {
			objects, err := batch.Objects()
			if err != nil {
				l.Fatal(err)
			}
			for key, data := range objects {
				store.Files = append(store.Files, txtar.File{Name: key + "#", Data: data})
			}
		}
	}
	return writeCase(l.T, store, l.dir)
}

// news tells what is new in the store since it was asked last.
func (l *life) news() []string {
	l.Helper()
	var all []string
	for _, folder := range l.fresh("outbox/*/*/r*") {
		all = append(all, l.revision(folder)...)
	}
	for _, folder := range l.fresh("archive/*/*/again-*") {
		parts := strings.Split(filepath.ToSlash(folder), "/")
		all = append(all, strings.Join(parts[len(parts)-3:len(parts)-1], "/")+" again")
	}
	slices.Sort(all)
	return all
}

func (l *life) fresh(pattern string) []string {
	l.Helper()
	folders, err := filepath.Glob(filepath.Join(l.dir, pattern))
	if err != nil {
		l.Fatal(err)
	}
	folders = slices.DeleteFunc(folders, func(f string) bool { return l.known[f] })
	for _, folder := range folders {
		l.known[folder] = true
	}
	return folders
}

// revision tells of one revision from its published objects.
func (l *life) revision(folder string) []string {
	l.Helper()
	parts := strings.Split(filepath.ToSlash(folder), "/")
	name := strings.Join(parts[len(parts)-3:len(parts)-1], "/") + " " + parts[len(parts)-1]
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
		l.Fatal(err)
	}
	c := receipt.Counts
	all := []string{strings.TrimSpace(fmt.Sprintf("%s: %d/%d/%d/%d +%d %s %s", name,
		c.Accepted, c.Rejected, c.ToComplete, c.UnderReview, c.NewlyAccepted, receipt.Amount, codesOf(receipt.Findings)))}
	told := map[int]string{}
	for _, file := range []string{filepath.Join(folder, "accepted.jsonl"), filepath.Join(folder, "rejected.jsonl")} {
		for _, got := range readLines(l.T, file) {
			told[got.Row] = got.outcome()
		}
	}
	operators := filepath.Join(l.dir, "operators", filepath.Join(parts[len(parts)-3:]...), "review.jsonl")
	for _, got := range readLines(l.T, operators) {
		if supplier, both := told[got.Row]; !both {
			told[got.Row] = got.outcome()
		} else if supplier != got.outcome() {
			told[got.Row] = fmt.Sprintf("%s (%s)", supplier, codesOf(got.Findings))
		}
	}
	for row, outcome := range told {
		all = append(all, fmt.Sprintf("%s %d %s", name, row, outcome))
	}
	if _, err := os.Stat(filepath.Join(folder, "withdrawn.jsonl")); err == nil {
		for _, got := range readLines(l.T, filepath.Join(folder, "withdrawn.jsonl")) {
			all = append(all, fmt.Sprintf("%s %d withdrawn %s %s", name, got.Row, got.Amounts.AmountDue, got.Reason))
		}
	}
	return all
}

// outcome tells a claim's decision, amount due and codes.
func (l line) outcome() string {
	amount := "-"
	if l.Amounts.AmountDue != nil {
		amount = l.Amounts.AmountDue.String()
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s %s", l.Decision, amount, codesOf(l.Findings)))
}
