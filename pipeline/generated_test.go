package pipeline

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// realFINESS gives the content of the real register; the test is skipped where
// it is absent, but not in CI.
func realFINESS(t testing.TB) []byte {
	t.Helper()
	file, err := os.Open("../../shared/data/finess-2021.csv.gz")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("the real FINESS register is absent: ", err)
	}
	defer func() { _ = file.Close() }()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestGenerated: of generated claims on the real register, every decision,
// code and amount is the planted one.
func TestGenerated(t *testing.T) {
	claims := 5000
	if testing.Short() {
		claims = 300
	}
	dir := t.TempDir()
	plan, summary := generatedNight(t, dir, claims, 8)
	comparePlan(t, plan, dir)
	t.Logf("%d claims of %d batches: %+v, %s due", len(plan.Claims), len(plan.Batches), summary.Counts, summary.AmountDue)
}

// TestGeneratedByOneWorker: the objects are the same with one worker and with
// eight.
func TestGeneratedByOneWorker(t *testing.T) {
	claims := 1000
	if testing.Short() {
		claims = 100
	}
	var written []map[string]string
	for _, workers := range []int{8, 1} {
		dir := t.TempDir()
		generatedNight(t, dir, claims, workers)
		written = append(written, results(t, dir))
	}
	if diff := cmp.Diff(written[0], written[1]); diff != "" {
		t.Errorf("objects differ (-8 workers +1 worker):\n%s", diff)
	}
}

// generatedNight runs a night of generated claims on the real register.
func generatedNight(t *testing.T, dir string, claims, workers int) (*fixtures.Plan, *Summary) {
	t.Helper()
	plan, err := fixtures.Generate(dir, fixtures.Options{Seed: 20230315, Claims: claims, FINESS: realFINESS(t), FaultShare: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	summary, err := newNight(t, dir, workers).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, failed := range summary.Failed {
		t.Errorf("not processed: %s: %s", failed.Key, failed.Why)
	}
	return plan, summary
}

// TestGeneratedByHand: orders signed by hand and scanned are accepted or go to
// a person; those that lack something are never accepted.
func TestGeneratedByHand(t *testing.T) {
	dir := t.TempDir()
	plan, err := fixtures.Generate(dir, fixtures.Options{Seed: 77, Claims: 20, ByHand: 16})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := newNight(t, dir, 2).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	comparePlan(t, plan, dir)
}

// TestGeneratedNights: three nights of advances, corrections and balances:
// every decision, code, number and amount is the planted one, and what the
// published files of all nights say is due is what the plan says.
func TestGeneratedNights(t *testing.T) {
	seeds := []int64{2, 15}
	if testing.Short() {
		seeds = seeds[:1]
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			dir := t.TempDir()
			plans, err := fixtures.GenerateNights(dir, fixtures.Options{Seed: seed, Claims: 40, FaultShare: 0.5, Nights: 3})
			if err != nil {
				t.Fatal(err)
			}
			store := filepath.Join(dir, "store")
			night := newNight(t, store, 2)
			var due claim.Cents
			for i, plan := range plans {
				if i > 0 {
					if err := fixtures.Deliver(dir, i+1); err != nil {
						t.Fatal(err)
					}
				}
				summary, err := night.Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				for _, failed := range summary.Failed {
					t.Errorf("night %d, not processed: %s: %s", i+1, failed.Key, failed.Why)
				}
				comparePlan(t, plan, store)
				compareCarried(t, plan, night)
				for _, e := range plan.Claims {
					due += e.AmountDue
				}
				if got := dueInAll(t, store); got != due {
					t.Errorf("after night %d %s is due, want %s", i+1, got, due)
				}
				if left := slices.Collect(maps.Keys(readTree(t, store, "inbox"))); len(left) > 0 {
					t.Errorf("night %d left in the inbox: %v", i+1, left)
				}
				t.Logf("night %d: %d claims of %d batches, %+v, %s due", i+1, len(plan.Claims), len(plan.Batches), summary.Counts, summary.AmountDue)
			}
			if err := night.Ledger.Verify(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// dueInAll adds up what the published files say is due, revisions of batches
// that took something back aside: nothing here does.
func dueInAll(t *testing.T, dir string) claim.Cents {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "outbox", "*", "*", "r*", "accepted.csv"))
	if err != nil || len(files) == 0 {
		t.Fatal("nothing was published", err)
	}
	var sum claim.Cents
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
		r.Comma = ';'
		rows, err := r.ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		at := slices.Index(rows[0], "amount_due")
		for _, row := range rows[1:] {
			if row[at] == "" { // a declaration
				continue
			}
			euros, cents, ok := strings.Cut(row[at], ".")
			n, err := strconv.Atoi(euros + cents)
			if !ok || len(cents) != 2 || err != nil {
				t.Fatalf("%s: %q is no amount", file, row[at])
			}
			sum += claim.Cents(n)
		}
	}
	return sum
}

// compareCarried compares the rows of batches that were carried over.
func compareCarried(t *testing.T, plan *fixtures.Plan, night *Night) {
	t.Helper()
	for _, b := range plan.Batches {
		members, err := night.Ledger.Members(t.Context(), b.Supplier, b.Batch)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range b.Carried {
			if !slices.ContainsFunc(members, func(m ledger.Member) bool { return m.Claim == c.Claim && m.Row == c.Row }) {
				t.Errorf("%s/%s: row %d does not carry claim %s over", b.Supplier, b.Batch, c.Row, c.Claim)
			}
		}
	}
}

// outcome is what is compared of a claim.
type outcome struct {
	Decision, Codes, Due, Payable, Before, Dossier string
	Replaces                                       claim.ID
	Told                                           string // codes that its supplier reads, where it reads any
}

// wanted gives a planned claim as it is compared.
func wanted(e fixtures.Expected) outcome {
	o := outcome{Decision: string(e.Decision), Codes: strings.Join(e.Codes, " "), Dossier: string(e.Dossier), Replaces: e.Replaces}
	if e.Decision == claim.Accepted && e.Kind != claim.Completion {
		o.Due, o.Payable = e.AmountDue.String(), e.PayableTotal.String()
	}
	if e.Decision == claim.Accepted && e.Kind == claim.Balance {
		o.Before = e.PaidBefore.String()
	}
	if e.Decision != claim.UnderReview {
		o.Told = strings.Join(strings.Fields(strings.NewReplacer("BEN-04", "", "BEN-07", "", "DOC-05", "", "DOS-02", "DOS-01").Replace(o.Codes)), " ")
	}
	return o
}

// toldOf gives what the objects of a batch's revision tell of its claims,
// and adds the messages.
func toldOf(t *testing.T, dir, name string, messages map[claim.ID]string) map[claim.ID]outcome {
	t.Helper()
	got := map[claim.ID]outcome{}
	for _, file := range []string{"outbox/" + name + "/accepted.jsonl", "outbox/" + name + "/rejected.jsonl", "operators/" + name + "/review.jsonl"} {
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		for text := range bytes.Lines(data) {
			var l struct {
				line
				Replaces *claim.ID
			}
			if err := json.Unmarshal(text, &l); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			o := outcome{Decision: string(l.Decision), Codes: codesOf(l.Findings), Dossier: l.Dossier, Told: got[l.Claim].Told}
			if strings.HasPrefix(file, "outbox/") {
				o.Told = o.Codes
			}
			if l.Replaces != nil {
				o.Replaces = *l.Replaces
			}
			for _, amount := range []struct {
				is *claim.Cents
				to *string
			}{{l.Amounts.AmountDue, &o.Due}, {l.Amounts.PayableTotal, &o.Payable}, {l.Amounts.PaidBefore, &o.Before}} {
				if amount.is != nil && l.Decision == claim.Accepted {
					*amount.to = amount.is.String()
				}
			}
			got[l.Claim] = o
			for _, f := range l.Findings {
				messages[l.Claim] += "\n    " + f.Code + " " + f.Message
			}
		}
	}
	return got
}

// comparePlan compares all that a night published with what was planted.
func comparePlan(t *testing.T, plan *fixtures.Plan, dir string) {
	t.Helper()
	got := map[claim.ID]outcome{}
	messages := map[claim.ID]string{}
	for _, b := range plan.Batches {
		name := path.Join(string(b.Supplier), b.Batch)
		if b.Again {
			folders, err := filepath.Glob(filepath.Join(dir, "archive", name, "again-*"))
			if _, missing := os.Stat(filepath.Join(dir, "outbox", name, "r2")); err != nil || len(folders) != 1 || missing == nil {
				t.Errorf("%s was dropped again unchanged: archived in %v, %v", name, folders, err)
			}
			continue
		}
		name = path.Join(name, fmt.Sprintf("r%d", b.Revision))
		var receipt struct {
			Kind     *claim.Kind
			Status   claim.BatchStatus
			Findings []claim.Finding
			Counts   claim.Counts
		}
		data, err := os.ReadFile(filepath.Join(dir, "outbox", name, "receipt.json"))
		if err != nil {
			t.Errorf("%s (%s): %v", name, b.Fault, err)
			continue
		}
		if err := json.Unmarshal(data, &receipt); err != nil {
			t.Fatal(err)
		}
		if receipt.Status != b.Status || codesOf(receipt.Findings) != strings.Join(b.Codes, " ") || receipt.Counts.Rows() != b.Rows ||
			receipt.Counts.Accepted-receipt.Counts.NewlyAccepted != len(b.Carried) || receipt.Kind != nil && *receipt.Kind != b.Kind {
			t.Errorf("%s (%s): %s, %+v, codes %s; want %s, %d rows, %d of them carried over, codes %s", name, b.Fault,
				receipt.Status, receipt.Counts, codesOf(receipt.Findings), b.Status, b.Rows, len(b.Carried), strings.Join(b.Codes, " "))
		}
		maps.Copy(got, toldOf(t, dir, name, messages))
	}
	wrong, byHand := 0, map[string]int{}
	for _, e := range plan.Claims {
		if e.ByHand {
			byHand[got[e.Claim].Decision]++
			if !e.Allows(claim.Decision(got[e.Claim].Decision)) {
				t.Errorf("%s/%s row %d, by hand, planted %q: %+v%s", e.Supplier, e.Batch, e.Row, e.Fault, got[e.Claim], messages[e.Claim])
			}
			continue
		}
		if diff := cmp.Diff(wanted(e), got[e.Claim]); diff != "" {
			if wrong++; wrong <= 25 {
				t.Errorf("%s/%s row %d, planted %q: (-wanted +got)\n%s%s", e.Supplier, e.Batch, e.Row, e.Fault, diff, messages[e.Claim])
			}
		}
	}
	if len(byHand) > 0 {
		t.Logf("signed by hand: %v", byHand)
	}
	if wrong > 0 {
		t.Errorf("%d of %d claims are not as planted", wrong, len(plan.Claims))
	}
	if len(got) != len(plan.Claims) {
		t.Errorf("%d claims were published, %d planted", len(got), len(plan.Claims))
	}
}

// results gives the digest of every object that a run wrote for others, and of
// the inputs it archived, by key.
func results(t *testing.T, dir string) map[string]string {
	t.Helper()
	digests := map[string]string{}
	for _, top := range []string{"outbox", "operators", "archive"} {
		err := fs.WalkDir(os.DirFS(dir), top, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := os.ReadFile(filepath.Join(dir, name))
			sum := sha256.Sum256(data)
			digests[name] = hex.EncodeToString(sum[:])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return digests
}

// TestNightLogsNoPersonalData: neither a manager's name, nor an e-mail, a
// telephone or a document's text reaches the logs.
func TestNightLogsNoPersonalData(t *testing.T) {
	dir := t.TempDir()
	plan, err := fixtures.Generate(dir, fixtures.Options{Seed: 5, Claims: 60, FaultShare: 0.8})
	if err != nil {
		t.Fatal(err)
	}
	var logs bytes.Buffer
	night := newNight(t, dir, 2)
	night.Log = slog.New(slog.NewJSONHandler(&logs, nil))
	if _, err := night.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if logs.Len() == 0 {
		t.Fatal("nothing was logged")
	}
	for _, e := range plan.Claims {
		standing, found, err := night.Ledger.Claim(t.Context(), e.Claim)
		if err != nil || !found {
			t.Fatalf("claim %s: found %v, %v", e.Claim, found, err)
		}
		for _, field := range []string{standing.CompanyName, string(standing.FINESS), standing.OrderRef} {
			if field != "" && strings.Contains(logs.String(), field) {
				t.Errorf("the logs hold %q", field)
			}
		}
		for _, evidence := range standing.Evidence {
			if len(evidence.Text) > 12 && strings.Contains(logs.String(), evidence.Text) {
				t.Errorf("the logs hold the document text %q", evidence.Text)
			}
		}
	}
	if strings.Contains(logs.String(), "@") {
		t.Errorf("the logs hold an e-mail:\n%s", logs.String())
	}
}
