package pipeline

import (
	"bytes"
	"context"
	"fmt"
	"regexp"
	"slices"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

// indusKey is that of an object on recoveries: supplier, and day.
var indusKey = regexp.MustCompile(`^outbox/([0-9]{14})/indus/([0-9]{4}-[0-9]{2}-[0-9]{2})(\.csv|\.jsonl|-[^/]+\.html)$`)

// notices compares what suppliers were told of recoveries with the ledger.
func (c *auditing) notices(ctx context.Context) error {
	before, err := c.Ledger.Notices(ctx, false)
	var stored map[string]map[string]objectstore.Object
	if err == nil {
		stored, err = c.storedNotices(ctx, before)
	}
	var after []*ledger.Notices
	if err == nil {
		after, err = c.Ledger.Notices(ctx, false)
	}
	if err != nil && c.report.Broken != nil && ctx.Err() == nil {
		c.fault("outbox/", "what the ledger holds of recoveries cannot be read, so that indus/ was not compared")
		return nil
	}
	if err != nil {
		return err
	}
	days := map[string]bool{} // supplier and day
	for _, n := range after {
		day := fmt.Sprintf("%s/%s", n.Supplier, n.Day)
		days[day] = true
		// What a run publishes at this moment is not there by half when it is
		// looked at, and not as it was before.
		settled := slices.ContainsFunc(before, func(b *ledger.Notices) bool {
			return b.Supplier == n.Supplier && b.Day == n.Day && b.Last == n.Last && b.Published == n.Published
		})
		if err := c.noticesOf(ctx, n, settled && n.Published != "", stored[day]); err != nil {
			return err
		}
	}
	for _, key := range c.indus {
		if !days[dayOf(key)] {
			c.strangers = append(c.strangers, Left{key, "the ledger tells its supplier nothing of that day"})
		}
	}
	return nil
}

// dayOf gives supplier and day of an object on recoveries.
func dayOf(key string) string {
	m := indusKey.FindStringSubmatch(key)
	return m[1] + "/" + m[2]
}

// storedNotices gives the objects of the suppliers that were told something,
// by supplier and day.
func (c *auditing) storedNotices(ctx context.Context, all []*ledger.Notices) (map[string]map[string]objectstore.Object, error) {
	stored := map[string]map[string]objectstore.Object{}
	seen := map[claim.SIRET]bool{}
	for _, n := range all {
		if seen[n.Supplier] {
			continue
		}
		seen[n.Supplier] = true
		err := c.list(ctx, fmt.Sprintf("outbox/%s/indus/", n.Supplier), func(o objectstore.Object) {
			if !indusKey.MatchString(o.Key) {
				return // of a batch of that name: a revision's, or a stranger
			}
			day := dayOf(o.Key)
			if stored[day] == nil {
				stored[day] = map[string]objectstore.Object{}
			}
			stored[day][o.Key] = o
		})
		if err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// noticesOf compares what a supplier was told on a day. What is not published
// yet, or not wholly, is written anew by the next run: only names count then.
func (c *auditing) noticesOf(ctx context.Context, n *ledger.Notices, published bool, stored map[string]objectstore.Object) error {
	outputs, err := publish.RenderNotices(noticesOf(n))
	if err != nil {
		c.fault(noticesKey(n), "what the ledger holds of the day cannot be published: "+err.Error())
		return nil
	}
	expected, sums := map[string]expectation{}, map[string]string{}
	for _, o := range outputs {
		expected[o.Key], sums[o.Key] = expectation{absent: !published}, sum(o.Data)
	}
	ours := !slices.ContainsFunc(n.Events, func(e claim.Recovery) bool { return e.Software != c.Software })
	same := publish.SumNotices(outputs, sums) == n.Published
	switch {
	case !published:
	case same:
		for key, sha256 := range sums {
			expected[key] = expectation{sha256: sha256}
		}
	case ours:
		c.fault(noticesKey(n), "what the ledger holds of the day gives other objects than those that it knows as published")
	default:
		if err := c.otherVersion(ctx, n, outputs, stored); err != nil {
			return err
		}
	}
	return c.compare(ctx, expected, stored)
}

// otherVersion compares what another version of guichet wrote with the digest
// of it that the ledger knows.
func (c *auditing) otherVersion(ctx context.Context, n *ledger.Notices, outputs []publish.Output, stored map[string]objectstore.Object) error {
	sums := map[string]string{}
	for _, output := range outputs {
		o, found := stored[output.Key]
		if !found {
			return nil // compare tells that it is missing
		}
		var data bytes.Buffer
		why, err := c.copy(ctx, &data, o)
		if err != nil {
			return err
		}
		if why != "" {
			c.fault(output.Key, why)
			return nil
		}
		c.report.Objects++
		sums[output.Key] = sum(data.Bytes())
	}
	if publish.SumNotices(outputs, sums) != n.Published {
		c.fault(noticesKey(n), "what stands there of the day is not what was published")
	}
	return nil
}
