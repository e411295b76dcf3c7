package pipeline

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

// laterFiling is a balance or a completion that a test files for a dossier.
type laterFiling struct {
	kind     claim.Kind
	decision claim.Decision
	nature   string
}

var (
	balanced    = func(d claim.Decision) laterFiling { return laterFiling{claim.Balance, d, ""} }
	finished    = func(d claim.Decision) laterFiling { return laterFiling{claim.Completion, d, claim.Finished} }
	incapacity  = func(d claim.Decision) laterFiling { return laterFiling{claim.Completion, d, claim.Unable} }
	twoSellers  = []claim.SIRET{"40000001400011", "40000002200014"}
	filedByEach = [][]laterFiling{ // by the number of the dossier less 1; odd numbers are the first seller's
		{},
		{finished(claim.UnderReview)},
		{finished(claim.Accepted)},
		{incapacity(claim.Accepted)},
		{balanced(claim.Rejected), balanced(claim.ToComplete)},
		{balanced(claim.UnderReview)},
		{balanced(claim.Accepted)},
		{finished(claim.ToComplete), balanced(claim.Rejected)},
		{incapacity(claim.Accepted), finished(claim.Accepted)},
		{finished(claim.Accepted), incapacity(claim.Accepted)},
		{balanced(claim.ToComplete), balanced(claim.Rejected)},
		{finished(claim.UnderReview), finished(claim.Rejected)},
		{finished(claim.Accepted), finished(claim.ToComplete)},
	}
)

// dossiersOf makes a ledger with a dossier for each list of filings.
func dossiersOf(t *testing.T, all [][]laterFiling) *Deadlines {
	t.Helper()
	n := newNight(t, t.TempDir(), 1)
	if _, err := n.Ledger.StartRun(t.Context(), paris(t, "2023-03-15 22:00"), "guichet test"); err != nil {
		t.Fatal(err)
	}
	err := n.Ledger.Night(t.Context(), func(night *ledger.Night) error {
		for i, filings := range all {
			number := claim.NewDossierNumber("LGO1", i+1)
			decide := func(kind claim.Kind, batch string, row int, decision claim.Decision, nature string, sequence int) error {
				r := claim.Result{
					Claim: claim.NewID(kind, twoSellers[i%2], batch, 1, row), Kind: kind, Supplier: twoSellers[i%2], Batch: batch, Revision: 1, Row: row,
					FINESS: claim.FINESS(fmt.Sprintf("75%07d", i)), CompanyName: fmt.Sprintf("PHARMACIE %d", i+1), OrderRef: fmt.Sprintf("BC-%d", i+1),
					Dossier: string(number), Decision: decision, Nature: nature, ReceivedAt: paris(t, "2023-03-01 10:00").Add(time.Duration(row) * time.Second),
				}
				return night.Decide(r, sequence)
			}
			if err := decide(claim.Advance, "avances", i+2, claim.Accepted, "", i+1); err != nil {
				return err
			}
			for j, f := range filings {
				if err := decide(f.kind, fmt.Sprintf("suite-%d", i+1), j+2, f.decision, f.nature, 0); err != nil {
					return err
				}
			}
			if err := night.Revise(claim.Revision{Supplier: twoSellers[i%2], Batch: fmt.Sprintf("suite-%d", i+1), Number: 1, Status: claim.Processed}); err != nil {
				return err
			}
		}
		for _, seller := range twoSellers {
			if err := night.Revise(claim.Revision{Supplier: seller, Batch: "avances", Number: 1, Status: claim.Processed}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return &Deadlines{Programme: n.Programme, Ledger: n.Ledger}
}

// Deadlines are told to the last instant of the window, on the days of Paris,
// and to the last instant in time.
func TestDeadlines(t *testing.T) {
	deadlines := dossiersOf(t, filedByEach)
	firm := []string{"firm_date 1 confirm_date", "firm_date 5 confirm_date", "firm_date 11 confirm_date", "firm_date 8 confirm_date"}
	end := []string{
		"services_end 1 finish", "services_end 5 correct_balance", "services_end 11 finish",
		"services_end 2 await", "services_end 8 correct_completion", "services_end 12 await",
	}
	before := []string{
		"final_closing 1 file_balance", "final_closing 3 file_balance", "final_closing 5 correct_balance", "final_closing 9 file_balance",
		"final_closing 11 file_balance", "final_closing 13 file_balance", "final_closing 2 await", "final_closing 8 file_balance", "final_closing 12 await",
	}
	after := []string{
		"final_closing 1 too_late", "final_closing 3 file_balance", "final_closing 5 correct_balance", "final_closing 9 file_balance",
		"final_closing 11 too_late", "final_closing 13 file_balance", "final_closing 2 await", "final_closing 8 too_late", "final_closing 12 await",
	}
	for _, c := range []struct {
		now    string
		within int
		days   int // left, of the first duty
		want   []string
	}{
		{"2023-06-01 08:00", 14, 14, firm},
		{"2023-06-01 00:00", 14, 14, firm},
		{"2023-05-31 23:59:59.999", 14, 0, nil},
		{"2023-06-01 08:00", 13, 0, nil},
		{"2023-06-15 23:59:59.999", 0, 0, firm},
		{"2023-06-16 00:00", 30, 0, nil},
		{"2023-06-14 23:59:59.999", 0, 0, nil},
		{"2023-08-21 00:00", 30, 30, end},
		{"2023-08-20 23:59:59.999", 30, 0, nil},
		{"2023-09-20 23:59:59.999", 30, 0, end},
		{"2023-09-20 23:59:59.999", 85, 0, slices.Concat(end, before)},
		{"2023-09-20 23:59:59.999", 84, 0, end},
		{"2023-09-21 00:00", 84, 84, after},
		{"2023-09-21 00:00", 83, 0, nil},
		{"2023-10-28 23:59:59.999", 46, 0, nil}, // the night of the change to winter time
		{"2023-10-29 00:00", 46, 46, after},
		{"2023-10-29 23:59:59.999", 46, 46, after},
		{"2023-12-14 14:00", 0, 0, after},
		{"2023-12-14 14:00:00.001", 365, 0, nil},
		{"2023-03-26 03:00", 81, 81, firm}, // the night of the change to summer time
		{"2023-03-26 01:59:59.999", 81, 81, firm},
		{"2023-03-25 23:59:59.999", 81, 0, nil},
		{"2022-02-12 00:00", 10000, 488, slices.Concat(firm, end, before)},
	} {
		deadlines.Now, deadlines.Within = paris(t, c.now), c.within
		near, err := deadlines.Near(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, d := range near.Duties {
			got = append(got, fmt.Sprintf("%s %d %s", d.Deadline, d.Dossier.Sequence(), d.Action))
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s, within %d (-wanted +got):\n%s", c.now, c.within, diff)
		}
		if len(near.Duties) > 0 && near.Duties[0].DaysLeft != c.days {
			t.Errorf("%s: %d days left, want %d", c.now, near.Duties[0].DaysLeft, c.days)
		}
		if near.Unable != 2 {
			t.Errorf("%s: %d dossiers are impossible, want 2", c.now, near.Unable)
		}
	}
}

// Whatever was filed: a duty ends within the window and not before now, an
// accepted or pending balance leaves none, and a wider window only adds.
func TestDutiesProperty(t *testing.T) {
	programme, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	decisions := rapid.SampledFrom([]claim.Decision{claim.UnderReview, claim.ToComplete, claim.Rejected, claim.Accepted})
	rapid.Check(t, func(t *rapid.T) {
		var filed []ledger.Filed
		pending, declared := false, false
		for range rapid.IntRange(0, 4).Draw(t, "filings") {
			f := ledger.Filed{Kind: rapid.SampledFrom([]claim.Kind{claim.Balance, claim.Completion}).Draw(t, "kind"), Decision: decisions.Draw(t, "decision")}
			if f.Kind == claim.Balance && f.Decision == claim.Accepted {
				continue // such a dossier is not asked about
			}
			pending = pending || f.Kind == claim.Balance && f.Decision == claim.UnderReview
			declared = declared || f.Kind == claim.Completion && f.Decision == claim.Accepted
			filed = append(filed, f)
		}
		now := programme.Calendar.Opening.Start().Add(time.Duration(rapid.Int64Range(0, 800*24*3600*1000).Draw(t, "ms")) * time.Millisecond)
		d := &Deadlines{Programme: programme, Now: now, Within: rapid.IntRange(0, 700).Draw(t, "within")}
		duties := d.duties(ledger.Unbalanced{}, stateOf(filed))
		d.Within++
		wider := d.duties(ledger.Unbalanced{}, stateOf(filed))
		if !cmp.Equal(duties, wider[:min(len(duties), len(wider))]) {
			t.Errorf("a wider window: %v, then %v", duties, wider)
		}
		if pending && len(wider) > 0 {
			t.Errorf("a balance is under review, and still: %v", wider)
		}
		for _, duty := range duties {
			last := duty.Until.At
			if now.After(last) || duty.DaysLeft < 0 || duty.DaysLeft >= d.Within {
				t.Errorf("%s at %s: %v", duty.Deadline, now, duty)
			}
			if declared && duty.Deadline != publish.FinalClosing {
				t.Errorf("the completion is declared, and still: %v", duty)
			}
			day := now.In(claim.Paris).AddDate(0, 0, duty.DaysLeft).Format(time.DateOnly)
			if want := last.In(claim.Paris).Format(time.DateOnly); day != want {
				t.Errorf("%d days after %s is %s, not %s", duty.DaysLeft, now, day, want)
			}
		}
	})
}

// Each supplier is reminded of its own dossiers alone; the same ledger on the
// same day gives the same bytes, and the ledger is not changed.
func TestRemind(t *testing.T) {
	deadlines := dossiersOf(t, filedByEach)
	deadlines.Now, deadlines.Within = paris(t, "2023-11-20 23:30"), 30
	head, err := deadlines.Ledger.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	remind := func() map[string]string {
		near, err := deadlines.Near(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		store, err := objectstore.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		done, err := deadlines.Remind(t.Context(), store, near.Duties)
		want := []Reminded{
			{"40000001400011", "outbox/40000001400011/rappels/2023-11-20.csv", 6},
			{"40000002200014", "outbox/40000002200014/rappels/2023-11-20.csv", 3},
		}
		if diff := cmp.Diff(want, done); diff != "" || err != nil {
			t.Errorf("%v (-wanted +got):\n%s", err, diff)
		}
		files := map[string]string{}
		if err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			data, err := os.ReadFile(name)
			files[strings.TrimPrefix(filepath.ToSlash(name), filepath.ToSlash(dir)+"/")] = string(data)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return files
	}
	first := remind()
	deadlines.Now = paris(t, "2023-11-20 06:00")
	if diff := cmp.Diff(first, remind()); diff != "" {
		t.Errorf("reminded again on the same day: %s", diff)
	}
	for name, content := range first {
		for i := range filedByEach {
			own := strings.Contains(name, string(twoSellers[i%2]))
			if told := strings.Contains(content, string(claim.NewDossierNumber("LGO1", i+1))); told && !own {
				t.Errorf("%s tells of dossier %d, another supplier's", name, i+1)
			}
		}
	}
	if len(first) != 4 {
		t.Errorf("%d files, want a page and a table for each of two", len(first))
	}
	if now, err := deadlines.Ledger.Head(t.Context()); err != nil || now != head {
		t.Errorf("the ledger has changed: %v, %v, %v", head, now, err)
	}
}
