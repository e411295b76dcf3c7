package pipeline

import (
	"slices"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// connections is what the later controls ask of registers.
type connections interface {
	ConnectedDP(claim.FINESS) (connected, listed bool)
	ConnectedEPU(claim.FINESS) (connected, listed bool)
	Solution(ansReference string) (claim.Solution, bool)
}

// judge tells what follows for a dossier from the programme, the registers and
// what was decided before. It changes nothing.
type judge struct {
	programme  *config.Programme
	registers  connections
	noticeDays int
}

// next gives the event that follows for a dossier, given what every event on
// it tells, and false when none does.
//
// Grounds that are new, or come to another amount than those notified, are
// notified, with a delay of their own. The first controls after the delay
// order what still holds. Where nothing holds any more then, or a declaration
// stands in the place of a balance, an operator must look. What was settled is
// not taken up again.
func (j *judge) next(c *ledger.Case, about claim.Recovery) (claim.Recovery, bool) {
	standing, _ := claim.Standing(c.Events)
	if !c.Open {
		// Taken back since the notice: what was paid is claimed by withdrawn.*.
		if standing.Status != claim.Notified {
			return about, false
		}
		event := standing
		event.Status, event.Referral, event.At, event.Software = claim.Pending, claim.ReferredWithdrawn, about.At, about.Software
		event.Grounds, event.Paid, event.Amount = []claim.Finding{}, []claim.Payment{}, 0
		return event, true
	}
	day := about.Day()
	until := day.AddDays(j.noticeDays)
	notified := standing.Status == claim.Notified
	over := notified && day.After(standing.Until)
	about.Grounds = j.grounds(c, about.At, until)
	if len(about.Grounds) > 0 && !settled(c.Events, &about) {
		switch same := notified && about.SameCase(&standing); {
		case !same:
			about.Status, about.NotifiedOn, about.Until = claim.Notified, day, until
		case over:
			about.Status, about.NotifiedOn, about.Until = claim.Ordered, standing.NotifiedOn, standing.Until
			for i := range about.Grounds {
				about.Grounds[i].Remedy = "" // the time for observations is over
			}
		default:
			return about, false
		}
		return about, true
	}
	about.Status, about.Grounds, about.Referral = claim.Pending, []claim.Finding{}, j.referral(c, about.At)
	if notified {
		about.NotifiedOn, about.Until = standing.NotifiedOn, standing.Until
		if about.Referral == "" {
			about.Referral = claim.ReferredGone
		}
		return about, over
	}
	return about, about.Referral != "" && standing.Status != claim.Pending && !settled(c.Events, &about)
}

// grounds gives the findings for which what was paid is to be recovered, in
// the order of the rules, as of a time; until is the last day for observations.
func (j *judge) grounds(c *ledger.Case, now time.Time, until claim.Date) []claim.Finding {
	params := map[string]string{
		"finess": string(c.FINESS), "dossier": c.Dossier, "final_closing": j.programme.Calendar.FinalClosing.French(), "until": until.French(),
	}
	found := []claim.Finding{}
	tell := func(code string) {
		found = append(found, j.programme.Finding(claim.Balance, code, "", params))
	}
	if hasBalance(c) {
		if connected, listed := j.registers.ConnectedDP(c.FINESS); listed && !connected {
			tell("REC-01")
		}
		if connected, listed := j.registers.ConnectedEPU(c.FINESS); listed && !connected {
			tell("REC-02")
		}
	}
	if j.unclaimed(c, now) && len(c.Natures) == 0 {
		tell("REC-03")
	}
	if s, known := j.registers.Solution(c.Solution); known && !s.Withdrawn.IsZero() && !s.Withdrawn.After(claim.DateOf(now)) {
		params["reference"], params["withdrawn"] = s.ANSReference, s.Withdrawn.French()
		tell("REC-04")
	}
	return found
}

// hasBalance tells whether the dossier's balance is accepted.
func hasBalance(c *ledger.Case) bool {
	return slices.ContainsFunc(c.Paid, func(p claim.Payment) bool { return p.Kind == claim.Balance })
}

// unclaimed tells whether the final closing is over, and no balance that was
// received by then is accepted, to complete or under review.
func (j *judge) unclaimed(c *ledger.Case, now time.Time) bool {
	end := j.programme.Calendar.FinalClosing
	return !end.Includes(now) && !hasBalance(c) && !slices.ContainsFunc(c.Balances, end.Includes)
}

// referral tells why an operator must look at a dossier for which there is no
// ground; empty when none must.
func (j *judge) referral(c *ledger.Case, now time.Time) claim.Referral {
	switch {
	case slices.Contains(c.Natures, claim.Unable):
		return claim.ReferredInability
	case len(c.Natures) > 0 && j.unclaimed(c, now):
		return claim.ReferredCompletion
	}
	return ""
}

// settled tells whether an operator settled all that an event is about: each of
// its grounds, or its referral, for the same amount or a higher one.
func settled(events []claim.Recovery, about *claim.Recovery) bool {
	for _, key := range keysOf(about) {
		if !slices.ContainsFunc(events, func(e claim.Recovery) bool {
			return e.Status == claim.Settled && e.Amount >= about.Amount && slices.Contains(keysOf(&e), key)
		}) {
			return false
		}
	}
	return true
}

// keysOf gives what an event is about: the codes of its grounds, or its referral.
func keysOf(r *claim.Recovery) []string {
	if len(r.Grounds) > 0 {
		return r.Codes()
	}
	return []string{string(r.Referral)}
}
