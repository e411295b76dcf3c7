package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

// Audit looks whether the ledger is what its chain says, and the store what
// the ledger says (spec 4, "Ledger audit"). It changes nothing, and a run may
// go on meanwhile.
type Audit struct {
	Store    objectstore.Store
	Ledger   *ledger.Ledger
	Software string // name and version, as receipts tell it
	Workers  int    // objects read at the same time; at least 1
	// Progress, when set, is told how many revisions were compared.
	Progress func(done, total int)
}

// AuditReport is what an audit looked at and what it found. It holds no
// personal data.
type AuditReport struct {
	Entries   int // of the audit chain
	Heads     int // of the chain, in the store
	Revisions int
	Objects   int // of revisions and recoveries, whose content was compared
	Purged    int // revisions whose inputs are purged
	// OtherVersions counts the revisions that another version of guichet made:
	// their results are compared with their receipt alone, and review.jsonl,
	// of which it does not tell, is not compared.
	OtherVersions int
	Broken        *ledger.BrokenError // nil when the ledger is whole
	Faults        []Left              // of the store: heads, then revisions as they were settled, then strangers
	Further       int                 // faults beyond those that are listed
}

// Sound tells whether nothing was found.
func (r *AuditReport) Sound() bool { return r.Broken == nil && len(r.Faults) == 0 }

// maxAuditFaults is how many faults of the store are listed.
const maxAuditFaults = 1000

// Verify does the audit. An error means that it could not be done, not that
// something was found.
func (a *Audit) Verify(ctx context.Context) (*AuditReport, error) {
	c := &auditing{Audit: a, run: &run{Night: &Night{Ledger: a.Ledger, Software: a.Software}}, found: map[string]bool{}}
	if err := a.Ledger.Verify(ctx); err != nil && !errors.As(err, &c.report.Broken) {
		return nil, err
	}
	for _, step := range []func(context.Context) error{c.heads, c.survey, c.notices, c.revisions} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return &c.report, nil
}

// auditing is an audit under way.
type auditing struct {
	*Audit
	run       *run // that would publish revisions anew; it publishes nothing
	report    AuditReport
	found     map[string]bool // folders of revisions that the store has
	indus     []string        // keys of objects on recoveries
	strangers []Left          // objects in no such folder
}

// fault notes what is wrong with an object, once.
func (c *auditing) fault(key, why string) {
	switch fault := (Left{key, why}); {
	case slices.Contains(c.report.Faults, fault): // a listing tells of an odd key each time
	case len(c.report.Faults) == maxAuditFaults:
		c.report.Further++
	default:
		c.report.Faults = append(c.report.Faults, fault)
	}
}

// list calls f on the objects below a prefix. What stands there and is no
// object is a fault.
func (c *auditing) list(ctx context.Context, prefix string, f func(objectstore.Object)) error {
	for o, err := range c.Store.List(ctx, prefix) {
		var odd *objectstore.KeyError
		switch {
		case errors.As(err, &odd):
			c.fault(odd.Key, odd.Err.Error())
		case err != nil:
			return fmt.Errorf("listing %s: %w", prefix, err)
		default:
			f(o)
		}
	}
	return nil
}

// copy writes an object's content, and tells why it cannot be read. The error
// is the end of the audit.
func (c *auditing) copy(ctx context.Context, w io.Writer, o objectstore.Object) (why string, err error) {
	reader, err := c.Store.Open(ctx, o)
	if err == nil {
		_, err = io.Copy(w, reader)
		err = errors.Join(err, reader.Close())
	}
	if err != nil && ctx.Err() == nil {
		why = "it cannot be read: " + err.Error()
	}
	return why, ctx.Err()
}

// headKey is the key of the head that a run left.
var headKey = regexp.MustCompile(`^audit/([1-9][0-9]{0,8})\.json$`)

// maxHeadBytes bounds a head, which is under 100 bytes.
const maxHeadBytes = 4096

// heads compares the heads that runs left in the store with the chain.
func (c *auditing) heads(ctx context.Context) error {
	done, err := c.Ledger.DoneRuns(ctx) // before the listing: a run leaves its head, then it is done
	if err != nil {
		return err
	}
	end, err := c.Ledger.Head(ctx)
	if err != nil {
		return err
	}
	c.report.Entries = end.Number
	stored := map[int]objectstore.Object{}
	err = c.list(ctx, "audit/", func(o objectstore.Object) {
		if name := headKey.FindStringSubmatch(o.Key); name == nil {
			c.fault(o.Key, "it is no head that a run left")
		} else {
			run, _ := strconv.Atoi(name[1]) // nine digits are a number
			stored[run] = o
		}
	})
	if err != nil {
		return err
	}
	for _, run := range done {
		if _, ok := stored[run]; !ok {
			c.fault(fmt.Sprintf("audit/%d.json", run), "it is missing: the run went through and left it")
		}
	}
	last := 0
	for _, run := range slices.Sorted(maps.Keys(stored)) {
		if last, err = c.head(ctx, stored[run], last); err != nil {
			return err
		}
	}
	return nil
}

// head compares a head with the chain. It gives the last entry that heads told
// of so far: that of a later run is not before it.
func (c *auditing) head(ctx context.Context, o objectstore.Object, last int) (int, error) {
	c.report.Heads++
	var data bytes.Buffer
	why, err := "", error(nil)
	if o.Size <= maxHeadBytes {
		why, err = c.copy(ctx, &data, o)
	}
	if err != nil {
		return last, err
	}
	var head ledger.Head
	if why == "" && !written(data.Bytes(), &head) {
		why = "it is not what a run writes"
	}
	if why != "" {
		c.fault(o.Key, why)
		return last, nil
	}
	kept, found, err := c.Ledger.HeadAt(ctx, head.Number)
	switch {
	case err != nil:
		return last, err
	case !found:
		c.fault(o.Key, fmt.Sprintf("it tells of entry %d, and there is none: the ledger was cut, or is another", head.Number))
	case kept != head:
		c.fault(o.Key, fmt.Sprintf("entry %d has another digest: the ledger was written anew up to there, or is another", head.Number))
	case head.Number < last:
		c.fault(o.Key, fmt.Sprintf("it tells of entry %d, and an earlier run's head of %d", head.Number, last))
	}
	return max(last, head.Number), nil
}

// written reads a head, and tells whether these are the bytes of one.
func written(data []byte, head *ledger.Head) bool {
	var again bytes.Buffer
	return json.Unmarshal(data, head) == nil && json.NewEncoder(&again).Encode(head) == nil && bytes.Equal(data, again.Bytes())
}

// revisionTops are the top folders in which objects of a revision lie: its
// results in the first two, its inputs in the last.
var revisionTops = []string{"outbox", "operators", "archive"}

var (
	// revisionFolder is the start of the keys of a revision's objects.
	revisionFolder = regexp.MustCompile(`^[a-z]+/[0-9]{14}/[^/]+/r[1-9][0-9]*/`)
	// againFolder is where content goes that was dropped again unchanged.
	againFolder = regexp.MustCompile(`^archive/[0-9]{14}/[^/]+/again-[0-9a-f]{8}/`)
	// reminder is what suppliers were reminded of on a day: it tells of the
	// ledger as it stood, which holds nothing of it to compare.
	reminder = regexp.MustCompile(`^outbox/[0-9]{14}/rappels/[0-9]{4}-[0-9]{2}-[0-9]{2}\.(csv|html)$`)
)

func placeOf(top string, p ledger.Place) string {
	return fmt.Sprintf("%s/%s/%s/r%d/", top, p.Supplier, p.Batch, p.Number)
}

// survey finds the folders of revisions in the store, and what lies elsewhere.
// It comes before the ledger is asked for its revisions: what is settled
// meanwhile is no stranger.
func (c *auditing) survey(ctx context.Context) error {
	for _, top := range revisionTops {
		err := c.list(ctx, top+"/", func(o objectstore.Object) {
			switch folder := revisionFolder.FindString(o.Key); {
			case folder != "":
				c.found[folder] = true
			case indusKey.MatchString(o.Key):
				c.indus = append(c.indus, o.Key)
			case !againFolder.MatchString(o.Key) && !reminder.MatchString(o.Key):
				c.strangers = append(c.strangers, Left{o.Key, "it belongs to no revision"})
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// revisions compares every revision with its objects.
func (c *auditing) revisions(ctx context.Context) error {
	places, err := c.Ledger.Places(ctx)
	if err != nil {
		return err
	}
	for i, place := range places {
		if err := c.revision(ctx, place); err != nil {
			return err
		}
		for _, top := range revisionTops {
			delete(c.found, placeOf(top, place))
		}
		if c.Progress != nil {
			c.Progress(i+1, len(places))
		}
	}
	c.report.Revisions = len(places)
	for folder := range c.found {
		c.strangers = append(c.strangers, Left{folder, "the ledger knows no such revision"})
	}
	slices.SortFunc(c.strangers, func(a, b Left) int { return strings.Compare(a.Key, b.Key) })
	for _, s := range c.strangers {
		c.fault(s.Key, s.Why)
	}
	return nil
}

// revision compares the objects of a revision with what the ledger says.
func (c *auditing) revision(ctx context.Context, place ledger.Place) error {
	p, set, err := c.settled(ctx, place)
	if err != nil && c.report.Broken != nil && ctx.Err() == nil {
		c.fault(placeOf("outbox", place), "what the ledger holds of it cannot be read, so that its objects were not compared")
		return nil
	}
	if err != nil {
		return err
	}
	stored := map[string]objectstore.Object{}
	for _, top := range revisionTops[:2] {
		if err := c.list(ctx, placeOf(top, place), func(o objectstore.Object) { stored[o.Key] = o }); err != nil {
			return err
		}
	}
	expected, err := c.published(ctx, place, p.Receipt, set, stored)
	if err != nil {
		return err
	}
	if err := c.compare(ctx, expected, stored); err != nil {
		return err
	}
	clear(stored)
	if err := c.list(ctx, placeOf("archive", place), func(o objectstore.Object) { stored[o.Key] = o }); err != nil {
		return err
	}
	_, purged, err := c.Ledger.PurgedAt(ctx, place.Supplier, place.Batch, place.Number)
	if err != nil {
		return err
	}
	if purged {
		c.report.Purged++
	}
	expected = make(map[string]expectation, len(p.Inputs))
	for _, input := range p.Inputs {
		expected[publish.ArchiveKey(p.Revision, input.Key)] = expectation{sha256: input.SHA256, absent: purged || !p.Archived || slices.Contains(p.Replaced, input.Key)}
	}
	return c.compare(ctx, expected, stored)
}

// settled gives what the ledger holds of a revision.
func (c *auditing) settled(ctx context.Context, place ledger.Place) (p ledger.Published, set publish.Set, err error) {
	if p, _, err = c.Ledger.Revision(ctx, place.Supplier, place.Batch, place.Number); err != nil {
		return p, set, err
	}
	set.Revision = p.Revision
	if set.Results, err = c.Ledger.Results(ctx, place.Supplier, place.Batch, place.Number); err != nil {
		return p, set, err
	}
	set.Withdrawn, err = c.run.withdrawn(ctx, set.Results)
	return p, set, err
}

// expectation is what an object should be.
type expectation struct {
	sha256 string // empty when it is not known
	absent bool   // it need not be there
}

// published tells what the objects of a revision's results should be, given
// the digest of its receipt that the ledger knows: what publishing it anew
// gives; where another version of guichet published it otherwise, what the
// receipt says.
func (c *auditing) published(ctx context.Context, place ledger.Place, known string, set publish.Set, stored map[string]objectstore.Object) (map[string]expectation, error) {
	receipt, review := placeOf("outbox", place)+"receipt.json", placeOf("operators", place)+"review.jsonl"
	ours := c.run.sameSoftware(set.Revision)
	if !ours {
		c.report.OtherVersions++
	}
	expected := map[string]expectation{}
	outputs, err := publish.Render(set)
	if err == nil {
		for _, o := range outputs {
			expected[o.Key] = expectation{sha256: sum(o.Data), absent: known == ""}
		}
	}
	switch {
	case known == "" && (err != nil || !ours): // it is not published: the next run does, or says why not
		for key := range stored {
			expected[key] = expectation{}
		}
		return expected, nil
	case err == nil && (known == "" || known == expected[receipt].sha256):
		if !ours {
			expected[review] = expectation{}
		}
		return expected, nil
	case ours:
		c.fault(receipt, "what the ledger holds of the revision gives another receipt than the one that it knows as published")
	}
	return c.receipted(ctx, receipt, review, known, stored)
}

// receipted tells what a receipt says of the objects that were published with it.
func (c *auditing) receipted(ctx context.Context, key, review, sha256 string, stored map[string]objectstore.Object) (map[string]expectation, error) {
	expected := map[string]expectation{key: {sha256: sha256}, review: {}}
	var receipt struct {
		Outputs []struct{ Name, SHA256 string }
	}
	if o, ok := stored[key]; ok {
		var data bytes.Buffer
		why, err := c.copy(ctx, &data, o)
		if err != nil {
			return nil, err
		}
		if why == "" && sum(data.Bytes()) == sha256 && json.Unmarshal(data.Bytes(), &receipt) == nil {
			for _, o := range receipt.Outputs {
				expected[path.Dir(key)+"/"+o.Name] = expectation{sha256: o.SHA256}
			}
			return expected, nil
		}
	}
	for key := range stored { // the receipt, which would tell of them, is a fault itself
		if _, ok := expected[key]; !ok {
			expected[key] = expectation{}
		}
	}
	return expected, nil
}

// compare compares objects with what they should be.
func (c *auditing) compare(ctx context.Context, expected map[string]expectation, stored map[string]objectstore.Object) error {
	keys := slices.Sorted(maps.Keys(expected))
	whys := make([]string, len(keys))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, c.Workers))
	for i, key := range keys {
		o, found := stored[key]
		delete(stored, key)
		switch want := expected[key]; {
		case !found && !want.absent:
			whys[i] = "it is missing"
		case found && want.sha256 != "":
			c.report.Objects++
			group.Go(func() error {
				h := sha256.New()
				why, err := c.copy(ctx, h, o)
				if why == "" && hex.EncodeToString(h.Sum(nil)) != want.sha256 {
					why = "its content was changed"
				}
				whys[i] = why
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, key := range keys {
		if whys[i] != "" {
			c.fault(key, whys[i])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(stored)) {
		c.fault(key, "nothing of its revision or day has this name")
	}
	return nil
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}
