package pipeline

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/engine"
	"guichet/pipeline/intake"
	"guichet/pipeline/ledger"
	"guichet/validators"
)

// unread is a reader for documents that were all read before.
type unread struct{ engine.Reader }

func (unread) Read(context.Context, []byte) (claim.Facts, error) {
	return claim.Facts{}, errors.New("the document is read again")
}

// TestExplain: of every claim of a generated store the rules, asked again after
// the night, tell what was told then; no document is read again and the ledger
// stays as it was.
func TestExplain(t *testing.T) {
	dir := t.TempDir()
	plan, err := fixtures.Generate(dir, fixtures.Options{Seed: 23, Claims: 80, Suppliers: 3, FaultShare: 0.7})
	if err != nil {
		t.Fatal(err)
	}
	night := newNight(t, dir, 2)
	if _, err := night.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	head, err := night.Ledger.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	reader := night.Reader
	night.Reader = unread{reader}
	codes := map[string]bool{}
	for _, planted := range plan.Claims {
		standing, _, err := night.Ledger.Claim(t.Context(), planted.Claim)
		if err != nil {
			t.Fatal(err)
		}
		e, err := night.Explain(t.Context(), planted.Claim)
		if err != nil {
			t.Fatal(err)
		}
		told := []claim.Finding{}
		for _, r := range e.Rules {
			told = append(told, r.Findings...)
			if r.State == validators.Told {
				codes[r.Code] = true
			}
		}
		validators.Sort(told)
		if diff := cmp.Diff(standing.Findings, told); diff != "" {
			t.Errorf("%s/%s row %d, planted %q: (-decided +explained)\n%s", planted.Supplier, planted.Batch, planted.Row, planted.Fault, diff)
		}
	}
	if len(codes) < 20 {
		t.Errorf("only %d codes were told: the store is too good to prove anything", len(codes))
	}
	if now, _ := night.Ledger.Head(t.Context()); now != head {
		t.Error("explaining changed the ledger")
	}

	if _, err := night.Explain(t.Context(), "A-00000000000000000000"); !errors.Is(err, ledger.ErrUnknownClaim) {
		t.Errorf("an unknown claim: %v", err)
	}
	first := plan.Claims[0]
	if err := os.RemoveAll(filepath.Join(dir, "archive", string(first.Supplier), first.Batch)); err != nil {
		t.Fatal(err)
	}
	if _, err := night.Explain(t.Context(), first.Claim); !errors.Is(err, intake.ErrInputs) {
		t.Errorf("without its inputs: %v", err)
	}
}
