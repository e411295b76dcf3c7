package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"guichet/pipeline/claim"
)

// Why a claim cannot be decided by an operator.
var (
	ErrUnknownClaim   = errors.New("the ledger knows no such claim")
	ErrNotUnderReview = errors.New("the claim is not under review")
	// ErrStopped is for accepting a claim that a reject or complete finding stops.
	ErrStopped = errors.New("a finding stops the claim")
	// ErrUncomputable is for accepting a claim whose amount is not known.
	ErrUncomputable = errors.New("the amount due cannot be computed")
	// ErrFunded is for accepting a claim whose pharmacy was funded meanwhile.
	ErrFunded = errors.New("the pharmacy is funded already")
	// ErrClosed is for accepting a claim whose dossier is closed, ErrBalanced
	// for accepting a second balance of a dossier.
	ErrClosed   = errors.New("the dossier is closed")
	ErrBalanced = errors.New("the balance of the dossier is accepted already, or will be by the next run")
)

// Review records what an operator makes of a claim under review. The next run
// settles and publishes it; until then a later one takes its place. The errors
// are those above, and name what stands in the way.
func (l *Ledger) Review(ctx context.Context, ruling claim.Ruling) error {
	return l.write(ctx, "review", func(tx *sql.Tx) error {
		standing, found, err := first(query(ctx, tx, scanStanding, selectStanding+`WHERE c.id = $1`, ruling.Claim))
		if err != nil {
			return err
		}
		switch {
		case !found:
			return fmt.Errorf("claim %s: %w", ruling.Claim, ErrUnknownClaim)
		case standing.Superseded:
			return fmt.Errorf("claim %s: %w: the supplier's own correction took its place", ruling.Claim, ErrNotUnderReview)
		case standing.Decision != claim.UnderReview:
			return fmt.Errorf("claim %s: %w: it is %s", ruling.Claim, ErrNotUnderReview, standing.Decision)
		}
		if ruling.Verdict == claim.VerdictAccept {
			if err := acceptable(ctx, tx, standing); err != nil {
				return fmt.Errorf("claim %s: %w", ruling.Claim, err)
			}
		}
		return rule(ctx, tx, ruling)
	})
}

// acceptable tells why a claim cannot be accepted.
func acceptable(ctx context.Context, tx *sql.Tx, s Standing) error {
	for _, f := range s.Findings {
		if f.Outcome == claim.Reject || f.Outcome == claim.Complete {
			return fmt.Errorf("%w: %s", ErrStopped, f.Code)
		}
	}
	if s.Kind != claim.Completion && s.Amounts.PayableTotal == nil {
		return ErrUncomputable
	}
	if s.Kind != claim.Advance {
		return payable(ctx, tx, s)
	}
	dossier, found, err := first(query(ctx, tx, scanText, `SELECT number FROM dossiers WHERE finess = $1 AND state = 'open'`, s.FINESS))
	if err != nil {
		return err
	}
	if found {
		return fmt.Errorf("%w: %s, dossier %s", ErrFunded, s.FINESS, dossier)
	}
	other, found, err := first(query(ctx, tx, scanText, `SELECT v.claim FROM reviews v JOIN claims c ON c.id = v.claim
		WHERE v.settled = 0 AND v.verdict = 'accept' AND c.kind = 'advance' AND c.finess = $1 AND c.id <> $2 AND c.decision = 'under_review' AND c.state = 'current'
		AND v.entry = (SELECT max(entry) FROM reviews l WHERE l.claim = v.claim)`, s.FINESS, s.Claim))
	if err == nil && found {
		err = fmt.Errorf("%w: the next run will accept claim %s for %s", ErrFunded, other, s.FINESS)
	}
	return err
}

// payable tells why a balance or a completion cannot be accepted: its dossier
// is closed, or has an accepted balance, or will have one.
func payable(ctx context.Context, tx *sql.Tx, s Standing) error {
	_, open, err := first(query(ctx, tx, scanText, `SELECT number FROM dossiers WHERE number = $1 AND state = 'open'`, s.Dossier))
	if err != nil {
		return err
	}
	if !open {
		return fmt.Errorf("%w: %s", ErrClosed, s.Dossier)
	}
	if s.Kind == claim.Completion {
		return nil
	}
	other, found, err := first(query(ctx, tx, scanText, `SELECT c.id FROM claims c WHERE c.kind = 'balance' AND c.dossier = $1 AND c.id <> $2
		AND (c.decision = 'accepted' OR c.decision = 'under_review' AND c.state = 'current' AND EXISTS (
			SELECT 1 FROM reviews v WHERE v.claim = c.id AND v.settled = 0 AND v.verdict = 'accept'
			AND v.entry = (SELECT max(entry) FROM reviews l WHERE l.claim = v.claim)))`, s.Dossier, s.Claim))
	if err == nil && found {
		err = fmt.Errorf("%w: %s, claim %s", ErrBalanced, s.Dossier, other)
	}
	return err
}

func scanText(rows *sql.Rows) (text string, err error) { return text, rows.Scan(&text) }

func rule(ctx context.Context, tx *sql.Tx, ruling claim.Ruling) error {
	n := &Night{tx: tx, at: formatInstant(ruling.At)}
	var err error
	if n.head, err = readHead(ctx, tx); err != nil {
		return err
	}
	number, err := n.append(reviewEntry, string(ruling.Claim), reviewContent{Verdict: ruling.Verdict, Reason: ruling.Reason, By: ruling.By})
	if err != nil {
		return err
	}
	if err := n.flush(ctx); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO reviews (entry, claim, verdict, reason, by_name, at) VALUES ($1, $2, $3, $4, $5, $6)`,
		number, ruling.Claim, ruling.Verdict, ruling.Reason, ruling.By, formatInstant(ruling.At))
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// Ruled is a claim under review with what an operator made of it.
type Ruled struct {
	Standing
	Ruling claim.Ruling
}

const selectRulings = `SELECT v.claim, v.verdict, v.reason, v.by_name, v.at, v.settled FROM reviews v `

func scanRuling(rows *sql.Rows) (r claim.Ruling, settled int, err error) {
	var at string
	if err := rows.Scan(&r.Claim, &r.Verdict, &r.Reason, &r.By, &at, &settled); err != nil {
		return r, 0, err
	}
	r.At, err = parseInstant(at)
	return r, settled, err
}

// Rulings gives the claims under review that operators decided and no run has
// settled yet, in the order in which they were decided.
func (l *Ledger) Rulings(ctx context.Context) ([]Ruled, error) {
	rulings, err := query(ctx, l.reader, func(rows *sql.Rows) (claim.Ruling, error) {
		r, _, err := scanRuling(rows)
		return r, err
	}, selectRulings+`JOIN claims c ON c.id = v.claim WHERE v.settled = 0 AND c.decision = 'under_review' AND c.state = 'current'
		AND v.entry = (SELECT max(entry) FROM reviews l WHERE l.claim = v.claim) ORDER BY v.entry`)
	if err != nil {
		return nil, err
	}
	all := make([]Ruled, 0, len(rulings))
	for _, ruling := range rulings {
		standing, found, err := l.Claim(ctx, ruling.Claim)
		if err != nil {
			return nil, err
		}
		if found && standing.Decision == claim.UnderReview && !standing.Superseded {
			all = append(all, Ruled{standing, ruling})
		}
	}
	return all, nil
}

// UnderReview gives the claims under review, by reception.
func (l *Ledger) UnderReview(ctx context.Context) ([]Standing, error) {
	return query(ctx, l.reader, scanStanding, selectStanding+
		`WHERE c.decision = 'under_review' AND c.state = 'current' ORDER BY c.received_at, c.supplier, c.batch, c.row_number`)
}

// Rivals gives the advances under review for pharmacies for which one waits for
// another's (BEN-04), by reception.
func (l *Ledger) Rivals(ctx context.Context) ([]Standing, error) {
	return query(ctx, l.reader, scanStanding, selectStanding+
		`WHERE c.kind = 'advance' AND c.decision = 'under_review' AND c.state = 'current'
		AND c.finess IN (SELECT finess FROM claims WHERE waiting = 1 AND state = 'current')
		ORDER BY c.received_at, c.supplier, c.batch, c.row_number`)
}

// Decided is one decision on a claim.
type Decided struct {
	claim.Result
	At     time.Time // start of the run
	By     string    // who reviewed it, or had it evaluated again
	Reason string    // given by them
}

// History gives every decision on a claim, the first one first.
func (l *Ledger) History(ctx context.Context, id claim.ID) ([]Decided, error) {
	type ruling struct{ by, reason string }
	rulings := map[int]ruling{} // by the revision that published it; the last one counts
	err := each(ctx, l.reader, func(rows *sql.Rows) error {
		r, settled, err := scanRuling(rows)
		rulings[settled] = ruling{r.By, r.Reason}
		return err
	}, selectRulings+`WHERE v.claim = $1 ORDER BY v.entry`, id)
	if err != nil {
		return nil, err
	}
	return query(ctx, l.reader, func(rows *sql.Rows) (d Decided, err error) {
		var body, at, revision string
		if err := rows.Scan(&body, &at, &revision); err != nil {
			return d, err
		}
		if d.At, err = parseInstant(at); err != nil {
			return d, err
		}
		var made claim.Revision
		if err := errors.Join(json.Unmarshal([]byte(body), &d.Result), json.Unmarshal([]byte(revision), &made)); err != nil {
			return d, fmt.Errorf("decision: %w", err)
		}
		d.By, d.Reason = made.By, made.Reason
		if r, ok := rulings[d.Revision]; ok && made.Cause == claim.Reviewed {
			d.By, d.Reason = r.by, r.reason
		}
		return d, nil
	}, `SELECT d.body, a.at, r.body FROM decisions d JOIN audit a ON a.number = d.entry
		JOIN revisions r ON r.supplier = d.supplier AND r.batch = d.batch AND r.revision = d.revision
		WHERE d.claim = $1 ORDER BY d.entry`, id)
}
