package pipeline

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// auditedRecoveries gives a store and its ledger after recoveries of all kinds,
// published on several days for two suppliers.
func auditedRecoveries(t *testing.T) *audited {
	t.Helper()
	return auditedAfter(t, func(night *Night, dir string) {
		a := agencyAt(t, night, dir)
		dossiers := a.decide(advance(offisoft, pontNeuf), advance(offisoft, bellecour), advance(pharmadistri, lilas), advance(pharmadistri, gare))
		a.decide(after(dossiers[0], claim.Balance, claim.Accepted, paris(t, "2023-09-01 10:00")), after(dossiers[3], claim.Completion, claim.Accepted, paris(t, "2023-09-01 10:00")))
		a.cnop(pontNeuf.finess + ";NON")
		a.controls("2023-12-14 14:00:01")
		if _, err := a.night.Ledger.Answer(t.Context(), dossiers[1].Dossier, claim.Settled, paris(t, "2023-12-20 10:00"), "C. Petit", "Vu."); err != nil {
			t.Fatal(err)
		}
		a.controls("2024-01-14 09:00")
	})
}

// TestAuditFindsFlippedRecoveries flips a bit of every cell of the events, and
// of every object that tells of them.
func TestAuditFindsFlippedRecoveries(t *testing.T) {
	a := auditedRecoveries(t)
	if report := a.verify(t); !report.Sound() {
		t.Fatal(report.Broken, report.Faults)
	}
	random := rand.New(rand.NewPCG(3, 1)) //nolint:gosec // a test's choice of bits
	rows := a.number(t, "SELECT count(*) FROM recoveries")
	if rows < 6 {
		t.Fatalf("%d events", rows)
	}
	cells := 0
	for _, column := range a.columns(t) {
		if column[0] == "recoveries" && column[1] != "published" {
			for range 3 {
				if !a.flipCell(t, random, column[0], column[1]) {
					continue
				}
				cells++
			}
		}
	}
	objects := 0
	for _, key := range a.files {
		if !indusKey.MatchString(key) {
			continue
		}
		objects++
		data := a.content(t, key)
		changed := slices.Clone(data)
		changed[random.IntN(len(data))] ^= 1 << random.IntN(8)
		a.put(t, key, changed)
		a.finds(t, key, "its content was changed")
		a.put(t, key, nil)
		a.finds(t, key, "it is missing")
		a.put(t, key, data)
	}
	// Two suppliers on 14/12, a settlement on 20/12, two orders on 14/01: two
	// tables each, and a letter a dossier.
	if cells < 12 || objects != 5*2+6 {
		t.Errorf("%d cells, %d objects", cells, objects)
	}
	if report := a.verify(t); !report.Sound() {
		t.Errorf("what was changed was not taken back: %v, %v", report.Broken, report.Faults)
	}
}

// finds fails unless an audit tells so of an object.
func (a *audited) finds(t *testing.T, key, why string) {
	t.Helper()
	if report := a.verify(t); report.Broken != nil || !slices.ContainsFunc(report.Faults, func(f Left) bool { return f.Key == key && strings.Contains(f.Why, why) }) {
		t.Errorf("%s, %s: found %v, %v", key, why, report.Broken, report.Faults)
	}
}

// TestAuditOfNotices: what the ledger knows as published, what is nobody's, and
// what another version of guichet wrote.
func TestAuditOfNotices(t *testing.T) {
	a := auditedRecoveries(t)
	csv := a.first(t, "/indus/2023-12-14.csv")
	supplier := strings.Split(csv, "/")[1]
	letter := path.Dir(csv) + "/2023-12-14-LGO1-00000009-88.html"
	a.put(t, letter, []byte("Madame, Monsieur,"))
	a.finds(t, letter, "nothing of its revision or day has this name")
	a.put(t, letter, nil)
	other := path.Dir(csv) + "/2023-12-15.jsonl"
	a.put(t, other, []byte("{}"))
	a.finds(t, other, "the ledger tells its supplier nothing of that day")
	a.put(t, other, nil)
	for _, key := range []string{"outbox/" + supplier + "/indus/2023-12-15.txt", "outbox/" + supplier + "/rappels/2023-12-15.exe"} {
		a.put(t, key, []byte("x"))
		a.finds(t, key, "it belongs to no revision")
		a.put(t, key, nil)
	}
	reminder := "outbox/" + supplier + "/rappels/2023-12-15.csv"
	a.put(t, reminder, []byte("x"))
	if report := a.verify(t); !report.Sound() {
		t.Errorf("a reminder is called a stranger: %v", report.Faults)
	}
	a.put(t, reminder, nil)

	day := fmt.Sprintf("WHERE supplier = '%s' AND on_day = '2023-12-14' AND told = 1", supplier)
	digest := a.text(t, "SELECT published FROM recoveries "+day+" LIMIT 1")
	a.exec(t, "UPDATE recoveries SET published = 'x' "+day)
	a.finds(t, csv, "gives other objects than those that it knows as published")
	// A day that is not published, or not wholly, is written anew by the next run.
	a.exec(t, "UPDATE recoveries SET published = '' "+day)
	whole := a.content(t, csv)
	a.put(t, csv, []byte("half"))
	if report := a.verify(t); !report.Sound() {
		t.Errorf("a day that is still to be published: %v", report.Faults)
	}
	a.put(t, csv, whole)
	a.exec(t, "UPDATE recoveries SET published = $1 "+day, digest)

	// A later version writes other letters; it still knows what was published.
	a.Software = "guichet later"
	if report := a.verify(t); report.Broken != nil || slices.ContainsFunc(report.Faults, func(f Left) bool { return indusKey.MatchString(f.Key) }) {
		t.Errorf("the notices of an earlier version: %v", report.Faults)
	}
	a.exec(t, "UPDATE recoveries SET published = 'x' "+day)
	a.finds(t, csv, "what stands there of the day is not what was published")
	a.exec(t, "UPDATE recoveries SET published = $1 "+day, digest)
	a.put(t, csv, bytes.Replace(whole, []byte(";216.00;"), []byte(";116.00;"), 1))
	a.finds(t, csv, "its content was changed")
}
