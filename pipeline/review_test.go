package pipeline

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"guichet/pipeline/claim"
)

// TestRulingsDoNotWaitForOthersDocuments: a batch holds a claim that an
// operator decided, and one that waited and whose order is gone from the
// archive. The ruling is published; the other is told, and waits.
func TestRulingsDoNotWaitForOthersDocuments(t *testing.T) {
	dir := t.TempDir()
	l := &life{T: t, dir: dir, night: newNight(t, dir, 2), known: map[string]bool{}}
	l.write(&txtar.Archive{Files: []txtar.File{{Name: "received", Data: []byte("40000002200014/lot-1/avance.csv 2023-01-10 10:01\n")}}},
		map[claim.Kind]string{claim.Advance: "40000001400011/lot-1 BC-1 pont-neuf supplier 600,00\n" +
			"40000002200014/lot-1 PD-1 pont-neuf pharmacy 600,00\n" +
			"40000002200014/lot-1 PD-2 lilas supplier 600,00\n"})
	if _, err := l.night.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.news()
	if err := l.night.Store.Delete(t.Context(), "archive/40000002200014/lot-1/r1/PD-1.pdf"); err != nil {
		t.Fatal(err)
	}
	for batch, row := range map[string]string{"40000001400011/lot-1": "2", "40000002200014/lot-1": "3"} {
		ruling := claim.Ruling{Claim: l.claim(batch, row), Verdict: claim.VerdictReject, Reason: "signé par le fournisseur", By: "Mme Dupont", At: l.night.Clock()}
		if err := l.night.Ledger.Review(t.Context(), ruling); err != nil {
			t.Fatal(err)
		}
	}
	summary, err := l.night.Run(t.Context())
	if err != nil || len(summary.Failed) != 1 || !strings.Contains(summary.Failed[0].Why, "claims that waited are not evaluated again") {
		t.Fatalf("failed %v, %v", summary.Failed, err)
	}
	want := []string{
		"40000001400011/lot-1 r2 2 rejected - REV-02", "40000001400011/lot-1 r2: 0/1/0/0 +0 0.00",
		"40000002200014/lot-1 r2 3 rejected - REV-02", "40000002200014/lot-1 r2: 0/1/0/1 +0 0.00",
	}
	if diff := cmp.Diff(want, l.news()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
