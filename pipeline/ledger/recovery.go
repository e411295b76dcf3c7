package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"guichet/pipeline/claim"
)

// Why a recovery cannot be changed.
var (
	ErrUnknownDossier = errors.New("the ledger knows no such dossier")
	// ErrNoRecovery is for observations on, or the settling of, a recovery
	// that there is none of, or that is over.
	ErrNoRecovery = errors.New("no recovery of the dossier is under way")
)

// Case is a dossier as the later controls look at it (AF §6.2 end, §7).
type Case struct {
	Dossier string
	// Open tells whether it funds its pharmacy: its advance is accepted and
	// not taken back, and no order closed it. What follows, up to Events, is of
	// an open dossier alone.
	Open        bool
	Supplier    claim.SIRET
	FINESS      claim.FINESS
	CompanyName string // of the pharmacy, by the register
	OrderRef    string
	Solution    string          // ANS reference number of the advance
	Paid        []claim.Payment // the advance, and the balance when it is accepted
	// Balances are the receptions of its supplier's balances that are accepted,
	// to complete or under review, Natures those of its accepted completions.
	Balances []time.Time
	Natures  []string

	Events []claim.Recovery // of its recovery, the first one first
}

// Total gives what was paid on the dossier.
func (c *Case) Total() claim.Cents {
	total := claim.Cents(0)
	for _, p := range c.Paid {
		total += p.Amount
	}
	return total
}

// Controls is the one transaction in which recoveries are decided.
type Controls struct {
	night  *Night
	events [][]any
}

// Control runs decide in one transaction: all events that it records, at one
// instant, are in the ledger when Control returns nil, and none of them when
// it returns an error, panics or dies.
func (l *Ledger) Control(ctx context.Context, at time.Time, decide func(*Controls) error) error {
	return l.control(ctx, "control", at, decide)
}

func (l *Ledger) control(ctx context.Context, name string, at time.Time, decide func(*Controls) error) error {
	return l.write(ctx, name, func(tx *sql.Tx) error {
		var c Controls
		err := night(ctx, tx, at, func(n *Night) error {
			c.night = n
			return decide(&c)
		})
		if err != nil {
			return err
		}
		return insert(ctx, tx, "recoveries (entry, dossier, status, supplier, on_day, told, body)", 7, c.events, "")
	})
}

// Cases gives the dossiers that fund a pharmacy, and those that a recovery was
// ever opened for, by number.
func (c *Controls) Cases(ctx context.Context) ([]*Case, error) { return cases(ctx, c.night.tx, "") }

// Case gives one dossier; ErrUnknownDossier when its number was never allocated.
func (c *Controls) Case(ctx context.Context, dossier string) (*Case, error) {
	all, err := cases(ctx, c.night.tx, dossier)
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("dossier %s: %w", dossier, ErrUnknownDossier)
	}
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// Record records an event. One that orders closes the dossier, which no longer
// funds its pharmacy then (AF §4.2) and takes no further claim (DOS-04).
func (c *Controls) Record(r claim.Recovery) error {
	body, err := canonical(r)
	if err != nil {
		return err
	}
	number, err := c.night.append(recoveryEntry, r.Dossier, recoveryContent{Status: r.Status, Amount: r.Amount, SHA256: digest(body)})
	if err != nil {
		return err
	}
	if r.Status == claim.Ordered {
		c.night.closings = append(c.night.closings, update{
			"closing dossier " + r.Dossier, `UPDATE dossiers SET state = 'closed' WHERE number = $1 AND state = 'open'`, []any{r.Dossier},
		})
	}
	c.events = append(c.events, append(append([]any{number}, recoveryRow(r)...), body))
	return nil
}

// recoveryRow gives the columns of an event that follow from it.
func recoveryRow(r claim.Recovery) []any {
	told := 0
	if r.Told() {
		told = 1
	}
	return []any{r.Dossier, r.Status, r.Supplier, r.Day().String(), told}
}

// cases reads dossiers: all that fund a pharmacy or have a recovery, or the
// one of a number, whatever became of it.
func cases(ctx context.Context, q querier, dossier string) ([]*Case, error) {
	byNumber := map[string]*Case{}
	all, err := query(ctx, q, func(rows *sql.Rows) (*Case, error) {
		var state, body string
		c := &Case{}
		if err := rows.Scan(&c.Dossier, &state, &body); err != nil {
			return nil, err
		}
		byNumber[c.Dossier] = c
		if state != openDossier {
			return c, nil
		}
		var advance paid
		if err := json.Unmarshal([]byte(body), &advance); err != nil {
			return nil, fmt.Errorf("decision: %w", err)
		}
		c.Open, c.Supplier, c.FINESS, c.Solution = true, advance.Supplier, advance.FINESS, advance.Solution
		c.CompanyName, c.OrderRef = advance.CompanyName, advance.OrderRef
		c.Paid = append(c.Paid, advance.payment())
		return c, nil
	}, `SELECT o.number, o.state, d.body FROM dossiers o JOIN claims c ON c.id = o.claim
		JOIN decisions d ON d.claim = c.id AND d.revision = c.revision
		WHERE CASE $1 WHEN '' THEN o.state = 'open' OR o.number IN (SELECT dossier FROM recoveries) ELSE o.number = $1 END
		ORDER BY o.sequence`, dossier)
	if err != nil {
		return nil, err
	}
	if err := laterClaims(ctx, q, dossier, byNumber); err != nil {
		return nil, err
	}
	err = each(ctx, q, func(rows *sql.Rows) error {
		r, err := scanRecovery(rows)
		if err == nil {
			c := byNumber[r.Dossier]
			c.Events = append(c.Events, r)
		}
		return err
	}, `SELECT body FROM recoveries WHERE $1 IN ('', dossier) ORDER BY entry`, dossier)
	return all, err
}

// laterClaims adds to open dossiers what their suppliers filed after the advance.
func laterClaims(ctx context.Context, q querier, dossier string, byNumber map[string]*Case) error {
	return each(ctx, q, func(rows *sql.Rows) error {
		var number, received, nature, body string
		var kind claim.Kind
		var decision claim.Decision
		if err := rows.Scan(&number, &kind, &decision, &received, &nature, &body); err != nil {
			return err
		}
		c, accepted := byNumber[number], decision == claim.Accepted
		switch {
		case kind == claim.Completion && accepted:
			c.Natures = append(c.Natures, nature)
			return nil
		case kind == claim.Completion, decision == claim.Rejected:
			return nil
		}
		at, err := parseInstant(received)
		if err != nil {
			return err
		}
		c.Balances = append(c.Balances, at)
		if accepted {
			var balance paid
			if err := json.Unmarshal([]byte(body), &balance); err != nil {
				return fmt.Errorf("decision: %w", err)
			}
			c.Paid = append(c.Paid, balance.payment())
		}
		return nil
	}, `SELECT o.number, c.kind, c.decision, c.received_at, c.nature, d.body FROM claims c
		JOIN dossiers o ON o.number = c.dossier JOIN claims a ON a.id = o.claim AND a.supplier = c.supplier
		JOIN decisions d ON d.claim = c.id AND d.revision = c.revision
		WHERE c.kind <> 'advance' AND c.state = 'current' AND o.state = 'open' AND $1 IN ('', o.number)
		ORDER BY c.entry`, dossier)
}

// paid is what the later controls read of an accepted claim's result.
type paid struct {
	Claim       claim.ID      `json:"claim"`
	Kind        claim.Kind    `json:"kind"`
	Supplier    claim.SIRET   `json:"supplier"`
	Batch       string        `json:"batch"`
	FINESS      claim.FINESS  `json:"finess"`
	OrderRef    string        `json:"order_ref"`
	CompanyName string        `json:"company_name"`
	Solution    string        `json:"solution"`
	ReceivedAt  time.Time     `json:"received_at"`
	Amounts     claim.Amounts `json:"amounts"`
}

func (p paid) payment() claim.Payment {
	payment := claim.Payment{Claim: p.Claim, Kind: p.Kind, Batch: p.Batch, ReceivedAt: p.ReceivedAt}
	if due := p.Amounts.AmountDue; due != nil {
		payment.Amount = *due
	}
	return payment
}

func scanRecovery(rows *sql.Rows) (r claim.Recovery, err error) {
	var body string
	if err := rows.Scan(&body); err != nil {
		return r, err
	}
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		return r, fmt.Errorf("recovery: %w", err)
	}
	return r, nil
}

// Answer records what an operator makes of a recovery that is notified or
// pending: observations (Observed), or that nothing is to be repaid (Settled).
// It gives the event. Errors are ErrUnknownDossier and ErrNoRecovery.
func (l *Ledger) Answer(ctx context.Context, dossier string, as claim.RecoveryStatus, at time.Time, by, reason string) (claim.Recovery, error) {
	var event claim.Recovery
	err := l.control(ctx, "answer", at, func(c *Controls) error {
		found, err := c.Case(ctx, dossier)
		if err != nil {
			return err
		}
		standing, opened := claim.Standing(found.Events)
		switch {
		case !opened:
			return fmt.Errorf("dossier %s: %w: none was opened", dossier, ErrNoRecovery)
		case standing.Status != claim.Notified && standing.Status != claim.Pending:
			return fmt.Errorf("dossier %s: %w: it is %s since %s", dossier, ErrNoRecovery, standing.Status, standing.Day())
		}
		event = standing
		event.Status, event.At, event.By, event.Reason = as, at.In(claim.Paris), by, reason
		if as == claim.Settled { // there is nothing to do about its grounds any more
			event.Grounds = slices.Clone(standing.Grounds)
			for i := range event.Grounds {
				event.Grounds[i].Remedy = ""
			}
		}
		return c.Record(event)
	})
	return event, err
}

// Recoveries gives the events of all dossiers' recoveries, by dossier, each
// dossier's in their order.
func (l *Ledger) Recoveries(ctx context.Context) ([][]claim.Recovery, error) {
	events, err := query(ctx, l.reader, scanRecovery, `SELECT r.body FROM recoveries r JOIN dossiers o ON o.number = r.dossier ORDER BY o.sequence, r.entry`)
	var all [][]claim.Recovery
	for _, e := range events {
		if last := len(all) - 1; last < 0 || all[last][0].Dossier != e.Dossier {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], e)
	}
	return all, err
}

// RecoveryOf gives the events of a dossier's recovery, in their order; none
// when none was opened.
func (l *Ledger) RecoveryOf(ctx context.Context, dossier string) ([]claim.Recovery, error) {
	return query(ctx, l.reader, scanRecovery, `SELECT body FROM recoveries WHERE dossier = $1 ORDER BY entry`, dossier)
}

// Notices are the events of one supplier's recoveries that it is told of on
// one day.
type Notices struct {
	Supplier claim.SIRET
	Day      claim.Date
	Last     int              // entry of the last of the events
	Events   []claim.Recovery // in their order
	// Published is the digest of what was published of them; empty when
	// nothing was, or something was added since.
	Published string
}

// Notices gives all notices, in the order of their first events; those only
// that are not published, or not wholly, when unpublished is set.
func (l *Ledger) Notices(ctx context.Context, unpublished bool) ([]*Notices, error) {
	var all []*Notices
	byDay := map[string]*Notices{}
	err := each(ctx, l.reader, func(rows *sql.Rows) error {
		var entry int
		var supplier claim.SIRET
		var day, body, published string
		if err := rows.Scan(&entry, &supplier, &day, &body, &published); err != nil {
			return err
		}
		var r claim.Recovery
		if err := json.Unmarshal([]byte(body), &r); err != nil {
			return fmt.Errorf("recovery: %w", err)
		}
		n := byDay[string(supplier)+day]
		if n == nil {
			n = &Notices{Supplier: supplier, Published: published}
			var err error
			if n.Day, err = claim.ParseDate(day); err != nil {
				return err
			}
			all, byDay[string(supplier)+day] = append(all, n), n
		}
		n.Last, n.Events = entry, append(n.Events, r)
		if published != n.Published {
			n.Published = ""
		}
		return nil
	}, `SELECT r.entry, r.supplier, r.on_day, r.body, r.published FROM recoveries r WHERE r.told = 1 AND ($1 = 0 OR EXISTS (
		SELECT 1 FROM recoveries o WHERE o.told = 1 AND o.published = '' AND o.supplier = r.supplier AND o.on_day = r.on_day))
		ORDER BY r.entry`, unpublished)
	return all, err
}

// MarkNotified records that notices stand in the store, with the digest of
// what was published. Events that came since are not marked.
func (l *Ledger) MarkNotified(ctx context.Context, n *Notices, sha256 string) error {
	return l.write(ctx, "mark notified", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE recoveries SET published = $1 WHERE told = 1 AND supplier = $2 AND on_day = $3 AND entry <= $4`,
			sha256, n.Supplier, n.Day.String(), n.Last)
		if err != nil {
			return fmt.Errorf("ledger: marking notices as published: %w", err)
		}
		return nil
	})
}
