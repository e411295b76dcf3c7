package pipeline

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures"
	"guichet/pipeline/claim"
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
// code and amount is the planted one, and the objects are the same with one
// worker and with eight.
func TestGenerated(t *testing.T) {
	claims := 5000
	if testing.Short() {
		claims = 300
	}
	options := fixtures.Options{Seed: 20230315, Claims: claims, FINESS: realFINESS(t), FaultShare: 0.5}
	var written []map[string]string
	for _, workers := range []int{8, 1} {
		dir := t.TempDir()
		plan, err := fixtures.Generate(dir, options)
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
		if len(written) == 0 {
			comparePlan(t, plan, dir)
			t.Logf("%d claims of %d batches: %+v, %s due", len(plan.Claims), len(plan.Batches), summary.Counts, summary.AmountDue)
		}
		written = append(written, results(t, dir))
	}
	if diff := cmp.Diff(written[0], written[1]); diff != "" {
		t.Errorf("objects differ (-8 workers +1 worker):\n%s", diff)
	}
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

// comparePlan compares all that was published with what was planted.
func comparePlan(t *testing.T, plan *fixtures.Plan, dir string) {
	t.Helper()
	type outcome struct{ Decision, Codes, Due, Payable, Dossier string }
	got := map[claim.ID]outcome{}
	messages := map[claim.ID]string{}
	for _, b := range plan.Batches {
		name := path.Join(string(b.Supplier), b.Batch, "r1")
		var receipt struct {
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
		if receipt.Status != b.Status || codesOf(receipt.Findings) != strings.Join(b.Codes, " ") || receipt.Counts.Rows() != b.Rows {
			t.Errorf("%s (%s): %s, %d rows, codes %s; want %s, %d rows, codes %s", name, b.Fault,
				receipt.Status, receipt.Counts.Rows(), codesOf(receipt.Findings), b.Status, b.Rows, strings.Join(b.Codes, " "))
		}
		for _, file := range []string{"outbox/" + name + "/accepted.jsonl", "outbox/" + name + "/rejected.jsonl", "operators/" + name + "/review.jsonl"} {
			for _, l := range readLines(t, filepath.Join(dir, filepath.FromSlash(file))) {
				o := outcome{Decision: string(l.Decision), Codes: codesOf(l.Findings), Dossier: l.Dossier}
				if l.Decision == claim.Accepted {
					o.Due, o.Payable = l.Amounts.AmountDue.String(), l.Amounts.PayableTotal.String()
				}
				got[l.Claim] = o
				for _, f := range l.Findings {
					messages[l.Claim] += "\n    " + f.Code + " " + f.Message
				}
			}
		}
	}
	wrong, byHand := 0, map[string]int{}
	for _, e := range plan.Claims {
		want := outcome{Decision: string(e.Decision), Codes: strings.Join(e.Codes, " "), Dossier: string(e.Dossier)}
		if e.Decision == claim.Accepted {
			want.Due, want.Payable = e.AmountDue.String(), e.PayableTotal.String()
		}
		if e.ByHand {
			byHand[got[e.Claim].Decision]++
			if !e.Allows(claim.Decision(got[e.Claim].Decision)) {
				t.Errorf("%s/%s row %d, by hand, planted %q: %+v%s", e.Supplier, e.Batch, e.Row, e.Fault, got[e.Claim], messages[e.Claim])
			}
			continue
		}
		if diff := cmp.Diff(want, got[e.Claim]); diff != "" {
			if wrong++; wrong <= 25 {
				t.Errorf("%s/%s row %d, planted %q: (-wanted +got)\n%s%s", e.Supplier, e.Batch, e.Row, e.Fault, diff, messages[e.Claim])
			}
		}
	}
	t.Logf("signed by hand: %v", byHand)
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
