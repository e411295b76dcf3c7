package pipeline

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// listed is what registers say of the one pharmacy and the one solution of the
// tables below: YES, NO, or nothing where it is not listed.
type listed struct {
	dp, epu   string
	withdrawn string // the solution, since a day
}

func (l listed) ConnectedDP(claim.FINESS) (connected, listed bool) { return l.dp == "YES", l.dp != "" }

func (l listed) ConnectedEPU(claim.FINESS) (connected, listed bool) {
	return l.epu == "YES", l.epu != ""
}

func (l listed) Solution(reference string) (claim.Solution, bool) {
	s := claim.Solution{ANSReference: reference}
	if l.withdrawn != "" {
		s.Withdrawn, _ = claim.ParseDate(l.withdrawn)
	}
	return s, reference == "LGO-1"
}

// told gives an event in a word: "" for none.
func told(r claim.Recovery) string {
	about := strings.Join(r.Codes(), " ")
	if about == "" {
		about = string(r.Referral)
	}
	line := strings.TrimSpace(fmt.Sprintf("%s %s", r.Status, about)) + " " + r.Amount.String()
	if !r.Until.IsZero() {
		line += " until " + r.Until.String()
	}
	return line
}

// dossier gives a dossier of which 225.00 was paid as the advance and, where
// it is balanced, 525.00 as the balance.
func dossier(balanced bool, balances []time.Time, natures ...string) *ledger.Case {
	c := &ledger.Case{
		Dossier: "LGO1-00000001-96", Open: true, Supplier: offisoft, FINESS: "750001018", Solution: "LGO-1", Natures: natures, Balances: balances,
		Paid: []claim.Payment{{Claim: "A-1", Kind: claim.Advance, Amount: 22500}},
	}
	if balanced {
		c.Paid = append(c.Paid, claim.Payment{Claim: "S-1", Kind: claim.Balance, Amount: 52500})
	}
	return c
}

func judged(t *testing.T, registers listed, c *ledger.Case, at string) string {
	t.Helper()
	programme, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	j := judge{programme: programme, registers: registers, noticeDays: 30}
	about := claim.Recovery{Dossier: c.Dossier, At: paris(t, at), Supplier: c.Supplier, Grounds: []claim.Finding{}, Paid: c.Paid, Amount: c.Total()}
	if event, follows := j.next(c, about); follows {
		return told(event)
	}
	return ""
}

const (
	beforeClosing = "2023-11-02 09:00"
	atClosing     = "2023-12-14 14:00" // included: a balance received then is in time
	afterClosing  = "2023-12-14 14:00:00.001"
)

// TestGrounds: each ground for a dossier of which nothing was ever notified,
// worked out from spec 3, "Later controls and recovery", and spec 6.
func TestGrounds(t *testing.T) {
	received := func(times ...string) (all []time.Time) {
		for _, at := range times {
			all = append(all, paris(t, at))
		}
		return all
	}
	none := []time.Time(nil)
	for name, c := range map[string]struct {
		registers listed
		dossier   *ledger.Case
		at        string
		want      string
	}{
		"nothing":                              {listed{"YES", "YES", ""}, dossier(false, none), beforeClosing, ""},
		"nothing of a balanced one":            {listed{"YES", "YES", ""}, dossier(true, received(beforeClosing)), afterClosing, ""},
		"REC-01":                               {listed{"NO", "YES", ""}, dossier(true, received(beforeClosing)), beforeClosing, "notified REC-01 750.00 until 2023-12-02"},
		"REC-02":                               {listed{"YES", "NO", ""}, dossier(true, received(beforeClosing)), beforeClosing, "notified REC-02 750.00 until 2023-12-02"},
		"not listed is unknown":                {listed{"", "", ""}, dossier(true, received(beforeClosing)), beforeClosing, ""},
		"listed NON, and no accepted balance":  {listed{"NO", "NO", ""}, dossier(false, received(beforeClosing)), afterClosing, ""},
		"REC-03 at the instant itself":         {listed{}, dossier(false, none), atClosing, ""},
		"REC-03 after it":                      {listed{}, dossier(false, none), afterClosing, "notified REC-03 225.00 until 2024-01-13"},
		"a balance received at the instant":    {listed{}, dossier(false, received(atClosing)), afterClosing, ""},
		"a balance received after it":          {listed{}, dossier(false, received(afterClosing)), afterClosing, "notified REC-03 225.00 until 2024-01-13"},
		"one in time, one late":                {listed{}, dossier(false, received(afterClosing, beforeClosing)), afterClosing, ""},
		"a late one that was accepted":         {listed{}, dossier(true, received(afterClosing)), afterClosing, ""},
		"finished, before the closing":         {listed{}, dossier(false, none, claim.Finished), atClosing, ""},
		"finished, no balance":                 {listed{}, dossier(false, none, claim.Finished), afterClosing, "pending completion 225.00"},
		"finished, and a balance":              {listed{}, dossier(false, received(beforeClosing), claim.Finished), afterClosing, ""},
		"finished, a balance that is late":     {listed{}, dossier(false, received(afterClosing), claim.Finished), afterClosing, "pending completion 225.00"},
		"unable, at any time":                  {listed{}, dossier(false, none, claim.Unable), "2023-02-01 09:00", "pending inability 225.00"},
		"unable, after the closing":            {listed{}, dossier(false, none, claim.Unable), afterClosing, "pending inability 225.00"},
		"finished, and unable":                 {listed{}, dossier(false, none, claim.Finished, claim.Unable), afterClosing, "pending inability 225.00"},
		"REC-04 of today":                      {listed{"", "", "2023-11-02"}, dossier(false, none), "2023-11-02 00:00", "notified REC-04 225.00 until 2023-12-02"},
		"REC-04 of tomorrow":                   {listed{"", "", "2023-11-03"}, dossier(false, none), "2023-11-02 23:59:59.999", ""},
		"REC-04, balanced":                     {listed{"", "", "2023-11-01"}, dossier(true, received(beforeClosing)), beforeClosing, "notified REC-04 750.00 until 2023-12-02"},
		"REC-04, unable":                       {listed{"", "", "2023-11-01"}, dossier(false, none, claim.Unable), beforeClosing, "notified REC-04 225.00 until 2023-12-02"},
		"REC-03 and REC-04":                    {listed{"NO", "NO", "2023-11-01"}, dossier(false, none), afterClosing, "notified REC-03 REC-04 225.00 until 2024-01-13"},
		"REC-01, REC-02 and REC-04: one, once": {listed{"NO", "NO", "2023-11-01"}, dossier(true, received(beforeClosing)), afterClosing, "notified REC-01 REC-02 REC-04 750.00 until 2024-01-13"},
	} {
		if got := judged(t, c.registers, c.dossier, c.at); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	other := dossier(false, none)
	other.Solution = "LGO-2" // the register does not know it any more
	if got := judged(t, listed{"", "", "2022-01-01"}, other, beforeClosing); got != "" {
		t.Errorf("an unknown solution: %q", got)
	}
}

// was gives an event of the table below: a line as [told] gives it, on a day.
func was(t *testing.T, line, on string) claim.Recovery {
	t.Helper()
	words := strings.Fields(line)
	r := claim.Recovery{Status: claim.RecoveryStatus(words[0]), At: paris(t, on+" 09:00")}
	for _, word := range words[1:] {
		switch cents, err := claim.ParseCents(word); {
		case err == nil:
			r.Amount = cents
		case strings.HasPrefix(word, "REC-"):
			r.Grounds = append(r.Grounds, claim.Finding{Code: word})
		default:
			r.Referral = claim.Referral(word)
		}
	}
	if r.Status == claim.Notified {
		r.NotifiedOn, r.Until = r.Day(), r.Day().AddDays(30)
	}
	return r
}

// TestLifecycle: what follows for each ground in each state that a dossier
// can be in.
func TestLifecycle(t *testing.T) {
	balance := []time.Time{paris(t, beforeClosing)}
	advanced, paid, finished := dossier(false, nil), dossier(true, balance), dossier(false, nil, claim.Finished)
	off, both := listed{dp: "NO"}, listed{dp: "NO", epu: "NO"}
	const day30, day31 = "2024-01-31 23:59:59.999", "2024-02-01 00:00" // of a notice on 2024-01-01
	notice := "notified REC-01 750.00"
	type event struct{ line, on string }
	for name, c := range map[string]struct {
		dossier   *ledger.Case
		before    []event
		registers listed
		at        string
		want      string
	}{
		"notified today":                       {paid, []event{{notice, "2024-01-01"}}, off, "2024-01-01 23:00", ""},
		"day 30 is in time":                    {paid, []event{{notice, "2024-01-01"}}, off, day30, ""},
		"the first run after it":               {paid, []event{{notice, "2024-01-01"}}, off, day31, "ordered REC-01 750.00 until 2024-01-31"},
		"observed, in time":                    {paid, []event{{notice, "2024-01-01"}, {"observed REC-01 750.00", "2024-01-05"}}, off, day30, ""},
		"observed, and not settled":            {paid, []event{{notice, "2024-01-01"}, {"observed REC-01 750.00", "2024-01-05"}}, off, day31, "ordered REC-01 750.00 until 2024-01-31"},
		"cured, in time":                       {paid, []event{{notice, "2024-01-01"}}, listed{dp: "YES"}, day30, ""},
		"cured, and the time is over":          {paid, []event{{notice, "2024-01-01"}}, listed{dp: "YES"}, day31, "pending gone 750.00 until 2024-01-31"},
		"not listed any more":                  {paid, []event{{notice, "2024-01-01"}}, listed{}, day31, "pending gone 750.00 until 2024-01-31"},
		"a further ground":                     {paid, []event{{notice, "2024-01-01"}}, both, "2024-01-11 09:00", "notified REC-01 REC-02 750.00 until 2024-02-10"},
		"a further ground, the time over":      {paid, []event{{notice, "2024-01-01"}}, both, day31, "notified REC-01 REC-02 750.00 until 2024-03-02"},
		"another ground":                       {paid, []event{{notice, "2024-01-01"}}, listed{dp: "YES", epu: "NO"}, day31, "notified REC-02 750.00 until 2024-03-02"},
		"one ground less":                      {paid, []event{{"notified REC-01 REC-02 750.00", "2024-01-01"}}, off, day31, "notified REC-01 750.00 until 2024-03-02"},
		"another amount":                       {paid, []event{{"notified REC-01 225.00", "2024-01-01"}}, off, "2024-01-02 09:00", "notified REC-01 750.00 until 2024-02-01"},
		"the second notice counts":             {paid, []event{{"notified REC-02 750.00", "2023-12-20"}, {notice, "2024-01-01"}}, off, day30, ""},
		"settled":                              {paid, []event{{notice, "2024-01-01"}, {"settled REC-01 750.00", "2024-01-05"}}, off, day31, ""},
		"settled, and a further ground":        {paid, []event{{notice, "2024-01-01"}, {"settled REC-01 750.00", "2024-01-05"}}, both, day31, "notified REC-01 REC-02 750.00 until 2024-03-02"},
		"settled, and another ground":          {paid, []event{{notice, "2024-01-01"}, {"settled REC-01 750.00", "2024-01-05"}}, listed{epu: "NO"}, day31, "notified REC-02 750.00 until 2024-03-02"},
		"settled, one ground less":             {paid, []event{{"settled REC-01 REC-02 750.00", "2024-01-05"}}, off, day31, ""},
		"settled one after the other":          {paid, []event{{"settled REC-01 750.00", "2024-01-05"}, {"settled REC-02 750.00", "2024-01-06"}}, both, day31, ""},
		"settled for less":                     {paid, []event{{"settled REC-01 225.00", "2024-01-05"}}, off, day31, "notified REC-01 750.00 until 2024-03-02"},
		"settled, what is left of a notice":    {paid, []event{{"settled REC-01 750.00", "2023-12-20"}, {"notified REC-01 REC-02 750.00", "2024-01-01"}}, off, day31, "pending gone 750.00 until 2024-01-31"},
		"gone, and come back":                  {paid, []event{{notice, "2024-01-01"}, {"pending gone 750.00", "2024-02-01"}}, off, "2024-02-02 09:00", "notified REC-01 750.00 until 2024-03-03"},
		"gone, nothing new":                    {paid, []event{{notice, "2024-01-01"}, {"pending gone 750.00", "2024-02-01"}}, listed{}, "2024-03-02 09:00", ""},
		"gone, and settled":                    {paid, []event{{notice, "2024-01-01"}, {"pending gone 750.00", "2024-02-01"}, {"settled gone 750.00", "2024-02-03"}}, listed{}, "2024-03-02 09:00", ""},
		"gone, settled, and come back":         {paid, []event{{notice, "2024-01-01"}, {"pending gone 750.00", "2024-02-01"}, {"settled gone 750.00", "2024-02-03"}}, off, "2024-03-02 09:00", "notified REC-01 750.00 until 2024-04-01"},
		"finished, with an operator":           {finished, []event{{"pending completion 225.00", "2024-01-01"}}, listed{}, day31, ""},
		"finished, observed":                   {finished, []event{{"pending completion 225.00", "2024-01-01"}, {"observed completion 225.00", "2024-01-02"}}, listed{}, day31, ""},
		"finished, and withdrawn":              {finished, []event{{"pending completion 225.00", "2024-01-01"}}, listed{withdrawn: "2024-01-15"}, day31, "notified REC-04 225.00 until 2024-03-02"},
		"finished, settled":                    {finished, []event{{"pending completion 225.00", "2024-01-01"}, {"settled completion 225.00", "2024-01-02"}}, listed{}, day31, ""},
		"notified, then declared finished":     {finished, []event{{"notified REC-03 225.00", "2024-01-01"}}, listed{}, day30, ""},
		"declared finished, the time over":     {finished, []event{{"notified REC-03 225.00", "2024-01-01"}}, listed{}, day31, "pending completion 225.00 until 2024-01-31"},
		"REC-03, and a balance accepted since": {paid, []event{{"notified REC-03 225.00", "2024-01-01"}}, listed{}, day31, "pending gone 750.00 until 2024-01-31"},
		"REC-03 stays":                         {advanced, []event{{"notified REC-03 225.00", "2024-01-01"}}, listed{}, day31, "ordered REC-03 225.00 until 2024-01-31"},
		"the clock turned back":                {paid, []event{{notice, "2024-01-01"}}, off, "2023-12-20 09:00", ""},
	} {
		d := *c.dossier
		for _, e := range c.before {
			d.Events = append(d.Events, was(t, e.line, e.on))
		}
		if got := judged(t, c.registers, &d, c.at); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestClosedDossiers: nothing follows for a dossier that is over, but for an
// acceptance taken back under notice, which is not dropped in silence.
func TestClosedDossiers(t *testing.T) {
	all := listed{"NO", "NO", "2023-01-01"}
	for status, want := range map[string]string{
		"notified REC-04 225.00": "pending withdrawn 0.00 until 2024-01-31",
		"pending gone 225.00":    "",
		"pending withdrawn 0.00": "",
		"settled REC-04 225.00":  "",
		"ordered REC-04 225.00":  "",
	} {
		c := &ledger.Case{Dossier: "LGO1-00000001-96", Events: []claim.Recovery{was(t, status, "2024-01-01")}}
		for _, at := range []string{"2024-01-02 09:00", "2024-03-01 09:00"} {
			if got := judged(t, all, c, at); got != want {
				t.Errorf("%s: %q, want %q", status, got, want)
			}
		}
	}
}

// TestNextIsStable: what follows does not follow again.
func TestNextIsStable(t *testing.T) {
	programme, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	for _, natures := range [][]string{nil, {claim.Finished}, {claim.Unable}} {
		for _, balanced := range []bool{false, true} {
			for _, registers := range []listed{{}, {dp: "NO"}, {"NO", "NO", "2022-03-01"}, {withdrawn: "2023-01-01"}} {
				c := dossier(balanced, nil, natures...)
				for _, at := range []string{beforeClosing, afterClosing, "2024-01-20 09:00", "2024-06-01 09:00"} {
					about := claim.Recovery{Dossier: c.Dossier, At: paris(t, at), Paid: c.Paid, Amount: c.Total()}
					j := judge{programme: programme, registers: registers, noticeDays: 30}
					event, follows := j.next(c, about)
					if !follows {
						continue
					}
					c.Events = append(c.Events, event)
					if event.Status == claim.Ordered {
						break
					}
					if again, follows := j.next(c, about); follows {
						t.Errorf("%v, %t, %v, at %s: %s, and again %s", natures, balanced, registers, at, told(event), told(again))
					}
				}
			}
		}
	}
}
