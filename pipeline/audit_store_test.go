package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"guichet/fixtures"
	"guichet/pipeline/objectstore"
)

// fullStore has no place for new objects of a name, or moves none: "move".
type fullStore struct {
	objectstore.Store
	name string
}

var errFull = errors.New("the disk is full")

func (s *fullStore) Put(ctx context.Context, key string, data []byte) error {
	if path.Base(key) == s.name {
		return errFull
	}
	return s.Store.Put(ctx, key, data)
}

func (s *fullStore) PutNew(ctx context.Context, key string, data []byte) error {
	if path.Base(key) == s.name {
		return errFull
	}
	return s.Store.PutNew(ctx, key, data)
}

func (s *fullStore) Move(ctx context.Context, o objectstore.Object, to string) error {
	if s.name == "move" {
		return errFull
	}
	return s.Store.Move(ctx, o, to)
}

// TestAuditUnfinished: what a run could not publish or archive is no fault;
// what it published is compared.
func TestAuditUnfinished(t *testing.T) {
	for _, dies := range []string{"SHA256SUMS", "receipt.json", "move"} {
		dir := t.TempDir()
		if _, err := fixtures.Generate(dir, fixtures.Options{Seed: 5, Claims: 6, Suppliers: 1}); err != nil {
			t.Fatal(err)
		}
		night := newNight(t, dir, 2)
		sound := night.Store
		night.Store = &fullStore{sound, dies}
		if summary, err := night.Run(t.Context()); err != nil || len(summary.Failed) == 0 {
			t.Fatal(dies, err, summary)
		}
		audit := &Audit{Store: sound, Ledger: night.Ledger, Software: night.Software}
		report, err := audit.Verify(t.Context())
		if err != nil || !report.Sound() || report.Objects == 0 {
			t.Errorf("without %s: %v, %+v", dies, err, report)
		}
		for o, err := range sound.List(t.Context(), "outbox/") {
			if err != nil || path.Base(o.Key) != "accepted.csv" {
				continue
			}
			if err := sound.Put(t.Context(), o.Key, []byte("forged")); err != nil {
				t.Fatal(err)
			}
			if report, err := audit.Verify(t.Context()); err != nil || len(report.Faults) != 1 || report.Faults[0].Key != o.Key {
				t.Errorf("without %s, %s forged: %v, %v", dies, o.Key, err, report.Faults)
			}
			break
		}
	}
}

// TestAuditFindsObjects: what is gone from the store, and what nobody of guichet put there.
func TestAuditFindsObjects(t *testing.T) {
	a := newAudited(t)
	receipt := a.first(t, "/receipt.json")
	folder := path.Dir(receipt)
	other := a.files[slices.IndexFunc(a.files, func(key string) bool { return strings.HasSuffix(key, "/receipt.json") && key != receipt })]
	order := a.first(t, ".pdf")
	for name, changes := range map[string]map[string][]byte{
		"an output is missing":        {folder + "/accepted.csv": nil},
		"a receipt is missing":        {receipt: nil},
		"sums are missing":            {folder + "/SHA256SUMS": nil},
		"a review is missing":         {a.first(t, "/review.jsonl"): nil},
		"an input is missing":         {order: nil},
		"a head is missing":           {"audit/1.json": nil},
		"the last head is missing":    {"audit/2.json": nil},
		"a head is not what runs say": {"audit/1.json": []byte(`{"sha256":"","entry":0}`)},
		"a head is too long":          {"audit/2.json": make([]byte, maxHeadBytes+1)},
		"heads fall":                  {"audit/2.json": []byte(`{"entry":0,"sha256":""}` + "\n")},
		"a head of no run":            {"audit/head.json": []byte("{}")},
		"another's receipt":           {receipt: a.content(t, other)},
		"an output too many":          {folder + "/accepted (2).csv": []byte("x")},
		"an input too many":           {path.Dir(order) + "/bc-99.pdf": []byte("x")},
		"operators' object too many":  {strings.Replace(folder, "outbox", "operators", 1) + "/notes.txt": []byte("x")},
		"a batch with the wrong name": {"outbox/nobody.csv": []byte("x")},
	} {
		before := map[string][]byte{}
		for key, data := range changes {
			if _, err := os.Stat(a.path(key)); err == nil {
				before[key] = a.content(t, key)
			}
			a.put(t, key, data)
		}
		report := a.verify(t)
		for key := range changes {
			if report.Broken != nil || len(report.Faults) != 1 || report.Faults[0].Key != key {
				t.Errorf("%s: found %v, %v; want a fault of %s alone", name, report.Broken, report.Faults, key)
			}
			a.put(t, key, before[key])
		}
	}

	// A revision that nobody settled, whole and true to itself.
	unknown := path.Dir(folder) + "/r9/"
	a.put(t, unknown+"accepted.csv", a.content(t, folder+"/accepted.csv"))
	a.put(t, unknown+"receipt.json", a.content(t, receipt))
	if report := a.verify(t); len(report.Faults) != 1 || report.Faults[0].Key != unknown {
		t.Errorf("an unknown revision: found %v", report.Faults)
	}
	if err := os.RemoveAll(a.path(unknown)); err != nil {
		t.Fatal(err)
	}

	// A link in the place of an object.
	data := a.content(t, order)
	a.put(t, order, nil)
	if err := os.Symlink("/etc/hostname", a.path(order)); err != nil {
		t.Fatal(err)
	}
	if report := a.verify(t); len(report.Faults) == 0 || !strings.HasPrefix(report.Faults[0].Key, order) {
		t.Errorf("a link for an object: found %v", report.Faults)
	}
	a.put(t, order, nil)
	a.put(t, order, data)
	if report := a.verify(t); !report.Sound() {
		t.Errorf("what was changed was not taken back: %v, %v", report.Broken, report.Faults)
	}
}

// TestAuditFindsForgery: results, sums, receipt and what the ledger knows of
// it, changed so that they agree, are not what the decisions give. Of a revision
// of another version only what its receipt says can be compared.
func TestAuditFindsForgery(t *testing.T) {
	a := newAudited(t)
	key := a.first(t, "/accepted.jsonl")
	folder := path.Dir(key)
	before := map[string][]byte{}
	for _, name := range []string{"accepted.jsonl", "SHA256SUMS", "receipt.json"} {
		before[name] = a.content(t, folder+"/"+name)
	}
	forge := func(name string, old, new []byte) []byte {
		data := bytes.ReplaceAll(a.content(t, folder+"/"+name), old, new)
		if bytes.Equal(data, before[name]) {
			t.Fatal("nothing to forge in ", name)
		}
		a.put(t, folder+"/"+name, data)
		return data
	}
	digest := func(data []byte) []byte { return []byte(sum(data)) }
	accepted := forge("accepted.jsonl", []byte(`"amount_due":"`), []byte(`"amount_due":"9`))
	sums := forge("SHA256SUMS", digest(before["accepted.jsonl"]), digest(accepted))
	forge("receipt.json", digest(before["accepted.jsonl"]), digest(accepted))
	receipt := bytes.ReplaceAll(a.content(t, folder+"/receipt.json"), digest(before["SHA256SUMS"]), digest(sums))
	a.put(t, folder+"/receipt.json", receipt)
	a.exec(t, "UPDATE revisions SET receipt_sha256 = $1 WHERE receipt_sha256 = $2", sum(receipt), sum(before["receipt.json"]))

	if report := a.verify(t); report.Broken != nil || len(report.Faults) != 1 || report.Faults[0].Key != folder+"/receipt.json" {
		t.Errorf("found %v, %v", report.Broken, report.Faults)
	}
	a.Software = "guichet of another day"
	if report := a.verify(t); !report.Sound() || report.OtherVersions != report.Revisions {
		t.Errorf("of another version: %+v", *report)
	}
	a.put(t, key, append(accepted, ' '))
	if report := a.verify(t); len(report.Faults) != 1 || report.Faults[0].Key != key {
		t.Errorf("of another version, not what its receipt says: %v", report.Faults)
	}
}

// TestAuditPurged: inputs that were purged may be gone; those that are there are compared.
func TestAuditPurged(t *testing.T) {
	a := newAudited(t)
	order := a.first(t, ".pdf")
	parts := strings.Split(order, "/")
	purge := fmt.Sprintf("INSERT INTO purges VALUES ('%s', '%s', 1, '2034-01-01T00:00:00.000000000Z')", parts[1], parts[2])
	data := a.content(t, order)
	a.put(t, order, nil)
	a.during(t, func(report *AuditReport) {
		if !report.Sound() || report.Purged != 1 {
			t.Errorf("purged: %+v", *report)
		}
	}, purge)
	a.put(t, order, append(data, ' '))
	a.during(t, func(report *AuditReport) {
		if len(report.Faults) != 1 || report.Faults[0].Key != order {
			t.Errorf("purged, and changed before it was deleted: %v", report.Faults)
		}
	}, purge)
}

// TestAuditIsBounded: of very many faults a part is listed and the rest counted.
func TestAuditIsBounded(t *testing.T) {
	a := newAudited(t)
	const strangers = maxAuditFaults + 7
	for i := range strangers {
		a.put(t, fmt.Sprintf("outbox/stranger-%05d", i), []byte("x"))
	}
	report := a.verify(t)
	if len(report.Faults) != maxAuditFaults || report.Further != 7 || report.Faults[0].Key != "outbox/stranger-00000" {
		t.Errorf("%d faults listed, %d further", len(report.Faults), report.Further)
	}
}

// TestAuditStops: an audit that is stopped tells so and nothing else; an object
// that cannot be read is a fault of the store, and the audit goes on.
func TestAuditStops(t *testing.T) {
	a := newAudited(t)
	ctx, stop := context.WithCancel(t.Context())
	a.Progress = func(int, int) { stop() }
	if report, err := a.Verify(ctx); !errors.Is(err, context.Canceled) || report != nil {
		t.Errorf("stopped: %v, %v", report, err)
	}
	a.Progress = nil
	unread := a.first(t, "/accepted.csv")
	a.Store = &faultyStore{a.Store, func(operation, key string) error {
		if operation == "open" && key == unread {
			return objectstore.ErrChanged
		}
		return nil
	}}
	if report := a.verify(t); len(report.Faults) != 1 || report.Faults[0].Key != unread {
		t.Errorf("an object that cannot be read: %v", report.Faults)
	}
}
