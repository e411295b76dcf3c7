package pipeline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

// Deadlines tells which duties of suppliers near, by the programme's calendar
// (AF §2). An open dossier without an accepted balance has up to three:
//
//   - firm_date: to confirm a firm date of the service, until a balance or a
//     completion is accepted or under review;
//   - services_end: to finish the service and to file the balance or the
//     completion declaration, until a balance is accepted or under review, or a
//     completion (ACHEVEMENT) is accepted;
//   - final_closing: to file the balance, until one is accepted or under review.
//
// Each of them that falls within the window is told, so that a dossier may be
// told more than once. A duty is in time up to its deadline's last instant, and
// not told afterwards: what was not filed by the final closing is for the later
// controls. A dossier whose supplier declared that it cannot do the work
// (INCAPACITE) has no duty: an operator decides on it.
//
// The ledger is only read, as it stands at one instant, so that no lock is
// needed and a run may go on meanwhile.
type Deadlines struct {
	Programme *config.Programme
	Ledger    *ledger.Ledger
	Now       time.Time
	Within    int // calendar days in Paris; 0: what ends today
}

// Nearing are the duties that near.
type Nearing struct {
	Duties []publish.Duty // by deadline, supplier and dossier
	Unable int            // dossiers left out because of an INCAPACITE
}

// Near gives the duties that near.
func (d *Deadlines) Near(ctx context.Context) (*Nearing, error) {
	dossiers, err := d.Ledger.Unbalanced(ctx)
	if err != nil {
		return nil, err
	}
	var near Nearing
	for _, dossier := range dossiers {
		s := stateOf(dossier.Filed)
		if s.unable {
			near.Unable++
			continue
		}
		near.Duties = append(near.Duties, d.duties(dossier, s)...)
	}
	slices.SortStableFunc(near.Duties, func(a, b publish.Duty) int {
		return cmp.Or(a.Until.At.Compare(b.Until.At), cmp.Compare(a.Supplier, b.Supplier), cmp.Compare(a.Dossier, b.Dossier))
	})
	return &near, nil
}

// duties gives those of one dossier, in the order of the calendar.
func (d *Deadlines) duties(dossier ledger.Unbalanced, s state) []publish.Duty {
	balance, completion := s.balance == claim.UnderReview, s.completion == claim.Accepted
	var all []publish.Duty
	for _, duty := range []struct {
		deadline publish.Deadline
		met      bool
		action   publish.Action
	}{
		{publish.FirmDate, balance || completion || s.completion == claim.UnderReview, publish.ConfirmDate},
		{publish.ServicesEnd, balance || completion, s.action(publish.Finish)},
		{publish.FinalClosing, balance, s.action(d.last(completion))},
	} {
		until := duty.deadline.Of(d.Programme.Calendar)
		left := claim.DateOf(d.Now).DaysUntil(until.Day)
		if duty.met || !until.Includes(d.Now) || left > d.Within {
			continue
		}
		all = append(all, publish.Duty{
			Deadline: duty.deadline, Until: until, DaysLeft: left, Action: duty.action,
			Supplier: dossier.Supplier, Dossier: dossier.Number, FINESS: dossier.FINESS,
			CompanyName: dossier.CompanyName, OrderRef: dossier.OrderRef, Balance: s.balance, Completion: s.completion,
		})
	}
	return all
}

// last gives what is left to do until the final closing: nothing, once the end
// of services has passed without a completion (DEL-04).
func (d *Deadlines) last(completion bool) publish.Action {
	if completion || d.Programme.Calendar.ServicesEnd.Includes(d.Now) {
		return publish.FileBalance
	}
	return publish.TooLate
}

// state is how the claims on a dossier stand after its advance. Empty: none was
// filed.
type state struct {
	balance    claim.Decision // under review if any is, else that of the last one
	completion claim.Decision // accepted if any ACHEVEMENT is, under review if any is, else that of the last one
	unable     bool           // the last accepted completion is an INCAPACITE
}

func stateOf(filed []ledger.Filed) state {
	var s state
	for _, f := range filed {
		switch {
		case f.Kind == claim.Balance:
			if s.balance != claim.UnderReview {
				s.balance = f.Decision
			}
		case f.Decision == claim.Accepted:
			s.unable = f.Nature == claim.Unable
			if !s.unable {
				s.completion = claim.Accepted
			}
		case s.completion != claim.Accepted && s.completion != claim.UnderReview:
			s.completion = f.Decision
		}
	}
	return s
}

// action gives what is to be done for the work itself: usual, unless a claim of
// the dossier says otherwise.
func (s state) action(usual publish.Action) publish.Action {
	switch {
	case s.balance == claim.ToComplete:
		return publish.CorrectBalance
	case s.completion == claim.UnderReview:
		return publish.Await
	case s.completion == claim.ToComplete && usual == publish.Finish:
		return publish.CorrectCompletion
	}
	return usual
}

// Reminded is a reminder that was put into the store.
type Reminded struct {
	Supplier claim.SIRET
	Key      string // of its table; the page has the same name
	Duties   int
}

// Remind puts a reminder of duties for each supplier into the store, under
// outbox/<SIRET>/rappels/. The error names those that could not be put; the
// others are. Nothing is removed: a supplier who has no duty left keeps an
// earlier reminder of the same day.
func (d *Deadlines) Remind(ctx context.Context, store objectstore.Store, duties []publish.Duty) ([]Reminded, error) {
	of := map[claim.SIRET][]publish.Duty{}
	var suppliers []claim.SIRET
	for _, duty := range duties {
		if of[duty.Supplier] == nil {
			suppliers = append(suppliers, duty.Supplier)
		}
		of[duty.Supplier] = append(of[duty.Supplier], duty)
	}
	slices.Sort(suppliers)
	var done []Reminded
	var failed error
	for _, supplier := range suppliers {
		if err := ctx.Err(); err != nil {
			return done, err
		}
		reminder := publish.Reminder{Programme: d.Programme, Supplier: supplier, Day: claim.DateOf(d.Now), Duties: of[supplier]}
		key, err := publish.Remind(ctx, store, reminder)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("reminder of %s: %w", supplier, err))
			continue
		}
		done = append(done, Reminded{supplier, key, len(reminder.Duties)})
	}
	return done, failed
}
