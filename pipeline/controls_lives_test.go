package pipeline

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// TestRandomRecoveries plays random lives of dossiers: registers that change
// their mind, balances and declarations early, late and never, observations,
// settlements, closings, and controls in between. Whatever happens, statuses
// follow the lifecycle, a dossier is ordered to repay once, and for exactly
// what accepted.* told was paid on it; controls that are done twice change
// nothing, and an audit finds nothing.
func TestRandomRecoveries(t *testing.T) {
	lives := uint64(5)
	if *soakFlag {
		lives = 60
	}
	seen := map[string]int{}
	for seed := range lives {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			l := &recoveries{agency: newAgency(t), r: rand.New(rand.NewPCG(seed, 5)), balanced: map[string]bool{}, now: paris(t, "2023-10-01 09:00")} //nolint:gosec // a test's choices
			l.live()
			l.check(seen)
		})
	}
	t.Logf("steps of %d lives: %v", lives, seen)
	for _, step := range []string{"none notified", "none pending", "notified ordered", "notified pending", "notified settled", "settled notified", "notified notified"} {
		if seen[step] == 0 {
			t.Errorf("no life has the step %s", step)
		}
	}
}

// recoveries is a random life.
type recoveries struct {
	*agency
	r        *rand.Rand
	now      time.Time
	advances []claim.Result
	balanced map[string]bool // dossiers
}

// lifetime is how many events a life has; they are 0 to 6 days apart.
const lifetime = 50

func (l *recoveries) live() {
	targets := []pharmacy{pontNeuf, lilas, bellecour, vieuxPort, napoleon, capCorse}
	suppliers := []claim.SIRET{offisoft, pharmadistri}
	for i, target := range targets {
		a := advance(suppliers[i%2], target)
		if i%3 == 2 {
			a.Solution = lateSolution
		}
		l.advances = append(l.advances, l.decide(a)...)
	}
	for range lifetime {
		l.now = l.now.Add(time.Duration(l.r.IntN(6*24)) * time.Hour)
		d := l.advances[l.r.IntN(len(l.advances))]
		switch l.r.IntN(24) {
		case 0, 1, 2:
			l.connect(targets)
		case 3:
			l.withdraw([]string{"", "", "2023-05-02"}[l.r.IntN(3)])
		case 4, 5, 6, 7, 8, 9:
			l.file(d)
		case 10, 11, 12, 13, 14:
			l.answer(d.Dossier)
		case 15:
			l.close(d)
		default:
			l.twice()
		}
	}
	l.twice()
}

// connect has the CNOP list pharmacies, some of them as not connected.
func (l *recoveries) connect(targets []pharmacy) {
	var rows []string
	for _, target := range targets {
		if word := []string{"", "OUI", "NON"}[l.r.IntN(3)]; word != "" {
			rows = append(rows, target.finess+";"+word)
		}
	}
	l.cnop(rows...)
}

// file has a supplier file a balance or a declaration, where the dossier is
// open, as settling does.
func (l *recoveries) file(advance claim.Result) {
	if l.closed(advance.Dossier) {
		return
	}
	kind := []claim.Kind{claim.Balance, claim.Completion}[l.r.IntN(2)]
	decision := []claim.Decision{claim.Accepted, claim.Accepted, claim.Rejected, claim.ToComplete, claim.UnderReview}[l.r.IntN(5)]
	if kind == claim.Balance && decision == claim.Accepted {
		if l.balanced[advance.Dossier] {
			return
		}
		l.balanced[advance.Dossier] = true
	}
	filed := after(advance, kind, decision, l.now)
	if kind == claim.Completion && l.r.IntN(3) == 0 {
		filed.Nature = claim.Unable
	}
	l.decide(filed)
}

// closed tells whether a dossier takes no more claims.
func (l *recoveries) closed(dossier string) bool {
	for _, events := range l.events() {
		if standing, _ := claim.Standing(events); standing.Dossier == dossier && standing.Status == claim.Ordered {
			return true
		}
	}
	return false
}

func (l *recoveries) events() [][]claim.Recovery {
	l.Helper()
	all, err := l.night.Ledger.Recoveries(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	return all
}

// answer records what an operator says, where that can be.
func (l *recoveries) answer(dossier string) {
	as := []claim.RecoveryStatus{claim.Observed, claim.Settled}[l.r.IntN(2)]
	_, _ = l.night.Ledger.Answer(l.Context(), dossier, as, l.now, "C. Petit", "Vu.") // refused where there is nothing to answer
}

func (l *recoveries) close(advance claim.Result) {
	l.Helper()
	open := !l.closed(advance.Dossier)
	l.night.Now = l.now
	if _, err := l.night.CloseDossier(l.Context(), Closure{Dossier: advance.Dossier, By: "C. Petit", Reason: "Annulée."}); (err == nil) != open {
		l.Fatalf("closing %s, open %t: %v", advance.Dossier, open, err)
	}
}

// twice does the controls twice: the second time nothing happens.
func (l *recoveries) twice() {
	l.Helper()
	at := l.now.Format("2006-01-02 15:04:05")
	l.controls(at)
	head, objects := l.head(), l.indus()
	if again := l.controls(at); len(again) > 0 || l.head() != head || !cmp.Equal(objects, l.indus()) {
		l.Fatalf("the controls of %s done again: %v", at, again)
	}
}

// follows are the statuses that may follow one; "close" is an order without
// grounds.
var follows = map[string][]string{
	"none":     {"notified", "pending", "close"},
	"notified": {"notified", "ordered", "pending", "settled", "close"},
	"pending":  {"notified", "settled", "close"},
	"settled":  {"notified", "pending", "close"},
}

func (l *recoveries) check(seen map[string]int) {
	l.Helper()
	l.sound()
	paid := l.paid()
	published := l.published()
	for _, events := range l.events() {
		status, orders := "none", 0
		var notice claim.Recovery
		for _, e := range events {
			if e.Status == claim.Observed {
				if status != "notified" && status != "pending" {
					l.Errorf("%s is observed while it is %s", e.Dossier, status)
				}
				continue
			}
			next := string(e.Status)
			if e.Status == claim.Ordered && len(e.Grounds) == 0 {
				next = "close"
			}
			seen[status+" "+next]++
			if !slices.Contains(follows[status], next) {
				l.Errorf("%s is %s after %s", e.Dossier, next, status)
			}
			total := claim.Cents(0)
			for _, p := range e.Paid {
				total += p.Amount
			}
			if e.Amount != total {
				l.Errorf("%s: %s of %s paid", e.Dossier, e.Amount, total)
			}
			switch next {
			case "notified":
				notice = e
			case "ordered":
				if !e.Day().After(notice.Until) || e.NotifiedOn != notice.Day() || !slices.Equal(e.Codes(), notice.Codes()) || e.Amount != notice.Amount {
					l.Errorf("%s is ordered %s for what was notified %s", e.Dossier, told(e), told(notice))
				}
			}
			if e.Status == claim.Ordered {
				orders++
				if e.Amount != paid[e.Dossier] || published[e.Dossier] != e.Amount {
					l.Errorf("%s: %s ordered, %s published as ordered, %s were paid", e.Dossier, e.Amount, published[e.Dossier], paid[e.Dossier])
				}
			}
			status = next
		}
		if orders > 1 {
			l.Errorf("%s is ordered to repay %d times", events[0].Dossier, orders)
		}
	}
	err := l.night.Ledger.Control(l.Context(), l.now, func(c *ledger.Controls) error {
		cases, err := c.Cases(l.Context())
		for _, one := range cases {
			if one.Open && one.Total() != paid[one.Dossier] {
				l.Errorf("%s: the ledger holds %s, %s were published", one.Dossier, one.Total(), paid[one.Dossier])
			}
		}
		return err
	})
	if err != nil {
		l.Error(err)
	}
}

// paid gives what accepted.jsonl told was paid, by dossier.
func (l *recoveries) paid() map[string]claim.Cents {
	l.Helper()
	sums := map[string]claim.Cents{}
	for key, data := range readStore(l.T, l.night.Store, "outbox") {
		if path.Base(key) != "accepted.jsonl" {
			continue
		}
		for text := range strings.Lines(string(data)) {
			var c line
			if err := json.Unmarshal([]byte(text), &c); err != nil {
				l.Fatal(err)
			}
			if c.Amounts.AmountDue != nil {
				sums[c.Dossier] += *c.Amounts.AmountDue
			}
		}
	}
	return sums
}

// published gives what indus/ told is to be repaid, by dossier.
func (l *recoveries) published() map[string]claim.Cents {
	l.Helper()
	sums := map[string]claim.Cents{}
	objects := l.indus()
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if path.Ext(key) != ".jsonl" {
			continue
		}
		for text := range strings.Lines(objects[key]) {
			var e struct {
				Dossier, Status string
				Amount          claim.Cents
			}
			if err := json.Unmarshal([]byte(text), &e); err != nil {
				l.Fatal(err)
			}
			if e.Status == string(claim.Ordered) {
				sums[e.Dossier] += e.Amount
			}
		}
	}
	return sums
}
