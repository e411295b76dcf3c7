package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// agency is a store and its ledger, with claims that were settled as a night
// settles them: later controls look at them.
type agency struct {
	*testing.T
	dir     string
	night   *Night
	batches int
}

func newAgency(t *testing.T) *agency {
	t.Helper()
	dir := t.TempDir()
	return agencyAt(t, newNight(t, dir, 1), dir)
}

// agencyAt gives a new one in a folder.
func agencyAt(t *testing.T, night *Night, dir string) *agency {
	t.Helper()
	a := &agency{T: t, dir: dir, night: night}
	putRegisters(t, a.dir)
	a.night.Accepted = []string{"cnop", "cnam", "solutions"} // registers of a row
	if _, err := a.night.Ledger.StartRun(t.Context(), paris(t, "2023-01-10 22:00"), "guichet test"); err != nil {
		t.Fatal(err)
	}
	return a
}

// decide settles claims, a batch each; runs publish them.
func (a *agency) decide(results ...claim.Result) []claim.Result {
	a.Helper()
	err := a.night.Ledger.Night(a.Context(), func(n *ledger.Night) error {
		for i := range results {
			a.batches++
			r := &results[i]
			r.Batch, r.Revision, r.Row = fmt.Sprintf("lot-%d", a.batches), 1, 2
			r.Claim = claim.NewID(r.Kind, r.Supplier, r.Batch, 1, 2)
			revision := claim.Revision{
				Supplier: r.Supplier, Batch: r.Batch, Number: 1, Kind: r.Kind, Status: claim.Processed, ReceivedAt: r.ReceivedAt,
				Digest: r.Batch, Software: "guichet test", Findings: []claim.Finding{},
			}
			last, err := n.LastDossier(a.Context())
			if err != nil {
				return err
			}
			sequence := 0
			if r.Kind == claim.Advance && r.Decision == claim.Accepted {
				sequence = last + i + 1
				r.Dossier = string(claim.NewDossierNumber("LGO1", sequence))
			}
			if r.Decision == claim.Accepted {
				revision.Counts.NewlyAccepted = 1
				if r.Amounts.AmountDue != nil {
					revision.AmountDue = *r.Amounts.AmountDue
				}
			}
			revision.Counts.Add(r.Decision)
			if err := errors.Join(n.Decide(*r, sequence), n.Revise(revision)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		a.Fatal(err)
	}
	return results
}

// advance gives an accepted advance for a pharmacy: 720 € to be paid, of which
// 216 € now.
func advance(supplier claim.SIRET, target pharmacy) claim.Result {
	total, due := claim.Cents(72000), claim.Cents(21600)
	return claim.Result{
		Kind: claim.Advance, Supplier: supplier, Decision: claim.Accepted, FINESS: claim.FINESS(target.finess), OrderRef: "BC <1> & Cie",
		CompanyName: strings.ToUpper(target.name), Solution: "LGO-2022-001", ReceivedAt: time.Date(2023, 1, 10, 10, 0, 0, 0, claim.Paris),
		Amounts: claim.Amounts{PayableTotal: &total, AmountDue: &due}, Findings: []claim.Finding{},
	}
}

// after gives a balance or a completion on an advance's dossier.
func after(advance claim.Result, kind claim.Kind, decision claim.Decision, received time.Time) claim.Result {
	total, before, due := claim.Cents(72000), claim.Cents(21600), claim.Cents(50400)
	r := claim.Result{
		Kind: kind, Supplier: advance.Supplier, Decision: decision, FINESS: advance.FINESS, Dossier: advance.Dossier, OrderRef: advance.OrderRef,
		CompanyName: advance.CompanyName, ReceivedAt: received, Findings: []claim.Finding{},
	}
	if kind == claim.Completion {
		r.Nature = claim.Finished
	} else if r.Amounts = (claim.Amounts{PayableTotal: &total, PaidBefore: &before}); decision == claim.Accepted {
		r.Amounts.AmountDue = &due
	}
	switch decision {
	case claim.Rejected:
		r.Findings = append(r.Findings, claim.Finding{Code: "DEL-02", Outcome: claim.Reject, Message: "Trop tard."})
	case claim.ToComplete:
		r.Findings = append(r.Findings, claim.Finding{Code: "FAC-01", Outcome: claim.Complete, Message: "Absent."})
	case claim.UnderReview:
		r.Findings = append(r.Findings, claim.Finding{Code: "SIG-04", Outcome: claim.Review, Message: "Signature incertaine."})
	case claim.Accepted:
	}
	return r
}

// register writes a register of the later controls, or takes it away.
func (a *agency) register(name, header string, rows ...string) {
	a.Helper()
	file := filepath.Join(a.dir, "registers", name)
	if len(rows) == 0 {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			a.Fatal(err)
		}
		return
	}
	putFile(a.T, file, []byte(header+"\n"+strings.Join(rows, "\n")+"\n"), paris(a.T, "2023-01-01 08:00"))
}

func (a *agency) cnop(rows ...string) {
	a.register("cnop.csv", "FINESS géographique;Connecté DP", rows...)
}

// withdraw writes the register of solutions with the first one withdrawn.
func (a *agency) withdraw(since string) {
	a.Helper()
	data, err := os.ReadFile("testdata/cases/registers/solutions.csv")
	if err != nil {
		a.Fatal(err)
	}
	const row = "LGO-2022-001;OffiSoft Officine;12.4;40000001400011;2022-06-01;2022-05-02;"
	if !strings.Contains(string(data), row+"\n") {
		a.Fatal("the register of solutions is another")
	}
	putFile(a.T, filepath.Join(a.dir, "registers", "solutions.csv"), []byte(strings.Replace(string(data), row, row+since, 1)), paris(a.T, "2023-01-01 08:00"))
}

// controls runs the later controls as of a time, and gives what they recorded,
// a line an event: dossier's sequence, and the event as [told] gives it.
func (a *agency) controls(at string) []string {
	a.Helper()
	a.night.Now = paris(a.T, at)
	done, err := a.night.Controls(a.Context())
	if err != nil || problems(&done.Summary) != "" {
		a.Fatalf("%v, %s", err, problems(&done.Summary))
	}
	var lines []string
	for _, e := range done.Events {
		lines = append(lines, fmt.Sprintf("%d %s", claim.DossierNumber(e.Dossier).Sequence(), told(e)))
	}
	return lines
}

// indus gives the objects on recoveries, by key.
func (a *agency) indus() map[string]string {
	a.Helper()
	objects := map[string]string{}
	for key, data := range readStore(a.T, a.night.Store, "outbox") {
		if indusKey.MatchString(key) {
			objects[key] = string(data)
		}
	}
	return objects
}

// sound fails unless an audit finds nothing.
func (a *agency) sound() {
	a.Helper()
	audit := Audit{Store: a.night.Store, Ledger: a.night.Ledger, Software: a.night.Software, Workers: 1}
	if report, err := audit.Verify(a.Context()); err != nil || !report.Sound() {
		a.Errorf("audit: %v, %v, %v", err, report.Broken, report.Faults)
	}
}

func (a *agency) head() ledger.Head {
	a.Helper()
	head, err := a.night.Ledger.Head(a.Context())
	if err != nil {
		a.Fatal(err)
	}
	return head
}

func (a *agency) wants(what string, got []string, want ...string) {
	a.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		a.Errorf("%s (-want +got)\n%s", what, diff)
	}
}

// TestControls plays the life of four dossiers: one of which the pharmacy is
// not connected, one without balance, one declared finished, one of another
// supplier that is in order.
func TestControls(t *testing.T) {
	a := newAgency(t)
	dossiers := a.decide(advance(offisoft, pontNeuf), advance(offisoft, bellecour), advance(offisoft, vieuxPort), advance(pharmadistri, lilas))
	in := paris(t, "2023-09-01 10:00")
	a.decide(after(dossiers[0], claim.Balance, claim.Accepted, in), after(dossiers[1], claim.Balance, claim.Rejected, in),
		after(dossiers[2], claim.Completion, claim.Accepted, in), after(dossiers[3], claim.Balance, claim.ToComplete, in))
	a.cnop(pontNeuf.finess+";NON", bellecour.finess+";NON")

	a.wants("before the closing", a.controls("2023-12-14 14:00:00"), "1 notified REC-01 720.00 until 2024-01-13")
	a.wants("after it", a.controls("2023-12-14 14:00:01"), "2 notified REC-03 216.00 until 2024-01-13", "3 pending completion 216.00")
	folder := "outbox/" + offisoft + "/indus/2023-12-14"
	first := a.indus()
	want := []string{folder + "-" + dossiers[0].Dossier + ".html", folder + "-" + dossiers[1].Dossier + ".html", folder + ".csv", folder + ".jsonl"}
	if got := slices.Sorted(maps.Keys(first)); !slices.Equal(got, want) {
		t.Errorf("published %v; want %v", got, want)
	}
	if csv := first[folder+".csv"]; strings.Count(csv, "\r\n") != 3 || !strings.Contains(csv, dossiers[0].Dossier+";notified;REC-01;720.00;"+pontNeuf.finess+";PHARMACIE DU PONT NEUF;BC <1> & Cie;216.00;504.00;2023-12-14;2024-01-13;;2023-12-14-"+dossiers[0].Dossier+".html;") {
		t.Errorf("%s", csv)
	}
	for key, text := range first {
		if strings.Contains(text, dossiers[3].Dossier) || strings.Contains(text, pharmadistri) || strings.Contains(text, dossiers[2].Dossier) {
			t.Errorf("%s tells of another supplier's dossier, or of what is an operator's", key)
		}
	}
	a.sound()

	head := a.head()
	a.wants("the same controls again", a.controls("2023-12-14 14:00:01"))
	a.wants("and on the last day", a.controls("2024-01-13 23:59"))
	if again := a.head(); again != head || cmp.Diff(first, a.indus()) != "" {
		t.Errorf("controls without anything new changed something: %v, %v", head, again)
	}

	settled := func(dossier string) {
		t.Helper()
		if _, err := a.night.Ledger.Answer(t.Context(), dossier, claim.Settled, paris(t, "2024-01-13 18:00"), "C. Petit", "Solde reçu par erreur ailleurs."); err != nil {
			t.Fatal(err)
		}
	}
	settled(dossiers[1].Dossier)
	// Any run publishes what was settled.
	if summary, err := a.night.Run(t.Context()); err != nil || problems(summary) != "" {
		t.Fatal(err, problems(summary))
	}
	csv := a.indus()["outbox/"+offisoft+"/indus/2024-01-13.csv"]
	if !strings.Contains(csv, dossiers[1].Dossier+";settled;REC-03;216.00;") || strings.Contains(csv, "Petit") {
		t.Errorf("%s", csv)
	}
	a.wants("the delay is over", a.controls("2024-01-14 00:00"), "1 ordered REC-01 720.00 until 2024-01-13")
	if html := a.indus()["outbox/"+offisoft+"/indus/2024-01-14-"+dossiers[0].Dossier+".html"]; !strings.Contains(html, "Somme à reverser : 720,00\u00a0€") {
		t.Errorf("%s", html)
	}
	a.wants("and nothing more", a.controls("2024-06-01 00:00"))
	a.sound()

	// The ordered dossier is told to later claims (DOS-04), and its pharmacy
	// is free for another supplier; the settled one's is not.
	a.decide(advance(pharmadistri, pontNeuf))
	err := a.night.Ledger.Night(t.Context(), func(n *ledger.Night) error {
		past, err := n.Past(t.Context(), ledger.Keys{Dossiers: []string{dossiers[0].Dossier, dossiers[1].Dossier}})
		for _, p := range past {
			if p.Closed != (p.Dossier == dossiers[0].Dossier) {
				t.Errorf("%s of dossier %s: closed %t", p.Kind, p.Dossier, p.Closed)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestControlsNeedSoundRegisters: a register that lost rows stops the
// controls before anything is notified.
func TestControlsNeedSoundRegisters(t *testing.T) {
	a := newAgency(t)
	a.night.Accepted = nil
	a.decide(advance(offisoft, pontNeuf))
	a.cnop(pontNeuf.finess+";OUI", lilas.finess+";OUI")
	a.wants("before", a.controls("2023-06-01 09:00"))
	a.cnop(pontNeuf.finess + ";NON")
	head := a.head()
	var shrunk *Shrunk
	a.night.Now = paris(t, "2024-01-01 09:00")
	if _, err := a.night.Controls(t.Context()); !errors.As(err, &shrunk) || shrunk.Name != "cnop" {
		t.Errorf("%v; want that cnop has shrunk", err)
	}
	if a.head() != head || len(a.indus()) > 0 {
		t.Error("something was decided all the same")
	}
	a.night.Accepted = []string{"cnop"}
	a.wants("accepted", a.controls("2024-01-01 09:00"), "1 notified REC-03 216.00 until 2024-01-31")
}

// TestCloseDossier: an order cancelled or replaced frees the pharmacy, and all
// that was paid is to be repaid, without notice.
func TestCloseDossier(t *testing.T) {
	a := newAgency(t)
	dossiers := a.decide(advance(offisoft, pontNeuf), advance(offisoft, lilas))
	a.decide(after(dossiers[1], claim.Balance, claim.Accepted, paris(t, "2023-09-01 10:00")))
	a.night.Now = paris(t, "2023-10-01 09:00")
	for i, want := range []string{"ordered 216.00", "ordered 720.00"} {
		what := Closure{Dossier: dossiers[i].Dossier, By: "C. Petit", Reason: "Commande annulée <le 3>."}
		done, err := a.night.CloseDossier(t.Context(), what)
		if err != nil || len(done.Events) != 1 || told(done.Events[0]) != want {
			t.Fatalf("%v, %+v; want %s", err, done.Events, want)
		}
		html := a.indus()["outbox/"+offisoft+"/indus/2023-10-01-"+what.Dossier+".html"]
		if !strings.Contains(html, "Motif : Commande annulée &lt;le 3&gt;.") || strings.Contains(html, "Petit") {
			t.Errorf("%s", html)
		}
		head := a.head()
		if _, err := a.night.CloseDossier(t.Context(), what); !errors.Is(err, ErrClosed) || !strings.Contains(err.Error(), "repayment is ordered since 2023-10-01") {
			t.Errorf("closed again: %v", err)
		}
		if a.head() != head {
			t.Error("a refused closing left something in the ledger")
		}
	}
	if _, err := a.night.CloseDossier(t.Context(), Closure{Dossier: "LGO1-00000009-88"}); !errors.Is(err, ledger.ErrUnknownDossier) {
		t.Errorf("an unknown dossier: %v", err)
	}
	a.wants("nothing is left to control", a.controls("2024-01-01 09:00"))
	a.decide(advance(pharmadistri, pontNeuf))
	a.sound()
}

// TestNoticesArePublishedByTheNextRun: what cannot be published stays to be,
// and is told; the next controls publish the same bytes.
func TestNoticesArePublishedByTheNextRun(t *testing.T) {
	want := map[string]string{}
	for cut := 0; cut < 6; cut++ {
		a := newAgency(t)
		a.decide(advance(offisoft, pontNeuf), advance(offisoft, lilas))
		a.wants("the batches are published", a.controls("2023-06-01 09:00"))
		sound, writes := a.night.Store, 0
		a.night.Store = &faultyStore{sound, func(operation, key string) error {
			if operation == "put" && strings.Contains(key, "/indus/") {
				if writes++; writes == cut {
					return errors.New("the disk is full")
				}
			}
			return nil
		}}
		a.night.Now = paris(t, "2024-01-01 09:00")
		done, err := a.night.Controls(t.Context())
		if err != nil || len(done.Events) != 2 {
			t.Fatalf("cut at %d: %v, %v", cut, err, done.Events)
		}
		a.night.Store = sound
		if cut == 0 {
			want = a.indus()
			if len(want) != 4 {
				t.Fatalf("published %d objects", len(want))
			}
			continue
		}
		if failed := len(done.Failed) > 0; failed != (cut <= len(want)) {
			t.Errorf("cut at %d: %s", cut, problems(&done.Summary))
		}
		if _, whole := a.indus()["outbox/"+offisoft+"/indus/2024-01-01.csv"]; whole && cut <= len(want) {
			t.Errorf("cut at %d: the CSV stands there, and not everything with it", cut)
		}
		a.sound()
		a.wants("the next controls decide nothing", a.controls("2024-01-02 09:00"))
		if diff := cmp.Diff(want, a.indus()); diff != "" {
			t.Errorf("cut at %d: %s", cut, diff)
		}
		a.sound()
	}
}

// TestOneDayTwice: a day's objects are written anew with all that was decided
// on it, and nothing that stood there is lost.
func TestOneDayTwice(t *testing.T) {
	a := newAgency(t)
	dossiers := a.decide(advance(offisoft, pontNeuf), advance(offisoft, lilas))
	a.withdraw("2023-06-01")
	a.wants("in the morning", a.controls("2023-06-01 09:00"), "1 notified REC-04 216.00 until 2023-07-01", "2 notified REC-04 216.00 until 2023-07-01")
	morning := a.indus()
	if _, err := a.night.Ledger.Answer(t.Context(), dossiers[1].Dossier, claim.Settled, paris(t, "2023-06-01 12:00"), "C. Petit", "Erreur du registre."); err != nil {
		t.Fatal(err)
	}
	a.sound() // what is settled and not published yet is no fault
	a.night.Now = paris(t, "2023-06-01 15:00")
	if _, err := a.night.CloseDossier(t.Context(), Closure{Dossier: dossiers[0].Dossier, By: "C. Petit", Reason: "Annulée."}); err != nil {
		t.Fatal(err)
	}
	evening := a.indus()
	folder := "outbox/" + offisoft + "/indus/2023-06-01"
	var statuses []string
	for l := range strings.Lines(evening[folder+".jsonl"]) {
		var event struct{ Dossier, Status string }
		if err := json.Unmarshal([]byte(l), &event); err != nil {
			t.Fatal(err)
		}
		statuses = append(statuses, fmt.Sprintf("%d %s", claim.DossierNumber(event.Dossier).Sequence(), event.Status))
	}
	a.wants("in the evening", statuses, "1 notified", "2 notified", "2 settled", "1 ordered")
	if !strings.HasPrefix(evening[folder+".csv"], morning[folder+".csv"]) || len(evening) != len(morning) {
		t.Errorf("%s", evening[folder+".csv"])
	}
	if html := evening[folder+"-"+dossiers[0].Dossier+".html"]; strings.Count(html, "<article>") != 2 {
		t.Errorf("the letter does not tell both: %s", html)
	}
	a.sound()
}
