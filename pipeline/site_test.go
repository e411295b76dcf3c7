package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/config"
	"guichet/fixtures/s3server"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

// site is where a run works, for a process of its own too.
type site struct {
	Store  string // folder, or URL
	Ledger string // file
	Facts  string // file of recorded facts; empty: the documents are read
}

// siteIn gives a site in a folder.
func siteIn(dir string) site {
	return site{Store: filepath.Join(dir, "store"), Ledger: filepath.Join(dir, "ledger.db"), Facts: filepath.Join(dir, "facts.json")}
}

// copyTo copies store and ledger, which no run is using.
func (s site) copyTo(t *testing.T, to site) {
	t.Helper()
	if err := copyTree(s.Store, to.Store); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(s.Ledger); err != nil {
		return // there was no run yet
	}
	if err := copyFile(s.Ledger, to.Ledger); err != nil {
		t.Fatal(err)
	}
}

// copy gives the site anew, in a folder that the caller removes by done.
func (s site) copy(t *testing.T) (fresh site, done func()) {
	t.Helper()
	dir, err := os.MkdirTemp(filepath.Dir(s.Store), "run-")
	if err != nil {
		t.Fatal(err)
	}
	fresh = siteIn(dir)
	fresh.Facts = s.Facts
	s.copyTo(t, fresh)
	return fresh, func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	}
}

// copyToS3 gives the site anew in a bucket of its own. A bucket gives objects
// its own times: the ledger is told before that they were received when the
// folder's were.
func (s site) copyToS3(t *testing.T) (fresh site, done func()) {
	t.Helper()
	fresh, done = s.copy(t)
	fresh.Store = s3server.Start(t).URL()
	bucket, err := objectstore.Open(fresh.Store)
	if err != nil {
		t.Fatal(err)
	}
	objects := readTree(t, s.Store, s.tops(t)...)
	var sightings []claim.Sighting
	for _, key := range slices.Sorted(maps.Keys(objects)) {
		if err := bucket.Put(t.Context(), key, objects[key]); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(filepath.Join(s.Store, filepath.FromSlash(key)))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(objects[key])
		sightings = append(sightings, claim.Sighting{Key: key, SHA256: hex.EncodeToString(sum[:]), At: info.ModTime().UTC()})
	}
	book, err := ledger.Open(t.Context(), fresh.Ledger)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.Receive(t.Context(), sightings); err != nil {
		t.Fatal(err)
	}
	if err := book.Close(); err != nil {
		t.Fatal(err)
	}
	return fresh, done
}

// tops gives the folders at the top of a store in a folder.
func (s site) tops(t *testing.T) []string {
	t.Helper()
	entries, err := os.ReadDir(s.Store)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		if !strings.HasPrefix(entry.Name(), ".") {
			names = append(names, entry.Name())
		}
	}
	return names
}

// copyTree copies a folder with the modification times of its files.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		inner, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, inner), 0o750)
		}
		return copyFile(name, filepath.Join(to, inner))
	})
}

func copyFile(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		return err
	}
	return os.Chtimes(to, info.ModTime(), info.ModTime())
}

// night gives a night on the site, and what closes its ledger.
func (s site) night(ctx context.Context, reader *recorded) (*Night, func() error, error) {
	settings := config.Default()
	settings.Intake.QuietPeriod = 0
	programme, err := config.LoadProgramme(settings.Programme)
	if err != nil {
		return nil, nil, err
	}
	store, err := objectstore.Open(s.Store)
	if err != nil {
		return nil, nil, err
	}
	book, err := ledger.Open(ctx, s.Ledger)
	if err != nil {
		return nil, nil, err
	}
	return &Night{
		Config: &settings, Programme: programme, Store: store, Ledger: book, Reader: reader, Workers: 1,
		Log: slog.New(slog.DiscardHandler), Software: "guichet test", Clock: time.Now,
	}, book.Close, nil
}

// open is night for a test, which closes it by done.
func (s site) open(t *testing.T, reader *recorded) (night *Night, done func()) {
	t.Helper()
	night, closeLedger, err := s.night(t.Context(), reader)
	if err != nil {
		t.Fatal(err)
	}
	return night, func() {
		if err := closeLedger(); err != nil {
			t.Error(err)
		}
	}
}

// published is the end of a run: the digests of all results and archived
// inputs, by key, and what lies in the inbox.
type published map[string]string

// objects reads what stands below some folders of the store.
func (s site) objects(t *testing.T, tops ...string) map[string][]byte {
	t.Helper()
	store, err := objectstore.Open(s.Store)
	if err != nil {
		t.Fatal(err)
	}
	return readStore(t, store, tops...)
}

func (s site) published(t *testing.T) published {
	t.Helper()
	p := published{}
	for key, data := range s.objects(t, "outbox", "operators", "archive", "inbox") {
		p[key] = digestOf(data)
	}
	return p
}

func digestOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// checkSets fails unless each receipt that stands in the store has its whole
// set with it.
func (s site) checkSets(t *testing.T) {
	t.Helper()
	objects := s.objects(t, "outbox")
	for key, data := range objects {
		if path.Base(key) != "receipt.json" {
			continue
		}
		var receipt struct {
			Outputs []struct {
				Name   string
				Size   int
				SHA256 string
			}
		}
		if err := json.Unmarshal(data, &receipt); err != nil || len(receipt.Outputs) == 0 {
			t.Fatalf("%s: %v, %d outputs", key, err, len(receipt.Outputs))
		}
		for _, output := range receipt.Outputs {
			content, found := objects[path.Join(path.Dir(key), output.Name)]
			if !found || len(content) != output.Size || digestOf(content) != output.SHA256 {
				t.Errorf("%s stands there, but %s is not what it says (found: %t)", key, output.Name, found)
			}
		}
	}
}

var dossierNumber = regexp.MustCompile(`(?m)^{"claim":"A-.*"dossier":"(LGO1-[0-9-]+)"`)

// check fails unless ledger and store are as an audit wants them, and the
// accepted advances that were published have the dossier numbers from 1 on, each
// once.
func (s site) check(t *testing.T, night *Night) {
	t.Helper()
	s.checkSets(t)
	audit := Audit{Store: night.Store, Ledger: night.Ledger, Software: night.Software, Workers: 1}
	if report, err := audit.Verify(t.Context()); err != nil || !report.Sound() {
		t.Errorf("audit: %v, %+v", err, report)
	}
	var got, all []string
	for key, data := range s.objects(t, "outbox") {
		if path.Base(key) == "accepted.jsonl" {
			for _, found := range dossierNumber.FindAllStringSubmatch(string(data), -1) {
				got = append(got, found[1])
			}
		}
	}
	for i := range got {
		all = append(all, string(claim.NewDossierNumber("LGO1", i+1)))
	}
	slices.Sort(got)
	if !slices.Equal(got, all) {
		t.Errorf("dossiers %v; want %v", got, all)
	}
}

// problems tells what a summary names as not processed.
func problems(s *Summary) string {
	var text strings.Builder
	for _, f := range s.Failed {
		fmt.Fprintf(&text, "failed %s: %s; ", f.Key, f.Why)
	}
	for _, l := range s.Left {
		fmt.Fprintf(&text, "left %s: %s; ", l.Key, l.Why)
	}
	return text.String()
}
