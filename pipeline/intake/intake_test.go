package intake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
	"guichet/pipeline/objectstore"
)

const supplier = "73282932000074"

// clock is the real time of the tests; deliveries lie before it.
var clock = time.Date(2023, 3, 15, 22, 0, 0, 0, time.UTC)

// ledger keeps receptions as the real one does.
type ledger map[[2]string]time.Time

func (l ledger) Receive(_ context.Context, sightings []claim.Sighting) ([]time.Time, error) {
	times := make([]time.Time, len(sightings))
	for i, s := range sightings {
		key := [2]string{s.Key, s.SHA256}
		if _, ok := l[key]; !ok {
			l[key] = s.At
		}
		times[i] = l[key]
	}
	return times, nil
}

// inbox is a store in a folder whose files get the ages that a test wants.
type inbox struct {
	t      *testing.T
	folder string
	store  objectstore.Store
}

func newInbox(t *testing.T) *inbox {
	t.Helper()
	folder := t.TempDir()
	store, err := objectstore.OpenDirectory(folder)
	must(t, err)
	t.Cleanup(func() { must(t, store.Close()) })
	return &inbox{t, folder, store}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// put writes a file below inbox/, last modified so long before the clock.
func (i *inbox) put(name, content string, age time.Duration) {
	i.t.Helper()
	file := filepath.Join(i.folder, "inbox", name)
	must(i.t, os.MkdirAll(filepath.Dir(file), 0o700))
	must(i.t, os.WriteFile(file, []byte(content), 0o600))
	must(i.t, os.Chtimes(file, clock.Add(-age), clock.Add(-age)))
}

func options() intake.Options {
	return intake.Options{QuietPeriod: 10 * time.Minute, Now: func() time.Time { return clock }}
}

func (i *inbox) scan(options intake.Options, receptions intake.Receptions) *intake.Found {
	i.t.Helper()
	found, err := intake.Scan(i.t.Context(), i.store, options, receptions)
	must(i.t, err)
	return found
}

// told puts what was found into lines.
func told(found *intake.Found) []string {
	var lines []string
	for _, b := range found.Ready {
		lines = append(lines, "ready "+b.String())
	}
	for _, w := range found.Waiting {
		lines = append(lines, "waiting "+w.String())
	}
	for _, o := range found.Odd {
		lines = append(lines, "odd "+o.Key)
	}
	for _, f := range found.Failed {
		lines = append(lines, "failed "+f.Key)
	}
	return lines
}

func TestWhatIsReadyWaitsOrIsOdd(t *testing.T) {
	const own = supplier + "/"
	longest := own + "lot/" + strings.Repeat("0123456789/", 80)
	longest += strings.Repeat("z", 1000-len("inbox/"+longest))
	for name, test := range map[string]struct {
		put  map[string]time.Duration // age by name
		want []string
	}{
		"an empty inbox":                       {nil, nil},
		"older than the quiet period":          {map[string]time.Duration{own + "lot/m.csv": 10*time.Minute + 1, own + "lot/a.pdf": time.Hour}, []string{"ready " + own + "lot"}},
		"as old as the quiet period":           {map[string]time.Duration{own + "lot/m.csv": 10 * time.Minute}, []string{"waiting " + own + "lot"}},
		"one young object makes all wait":      {map[string]time.Duration{own + "lot/m.csv": time.Hour, own + "lot/a.pdf": time.Minute}, []string{"waiting " + own + "lot"}},
		"_READY ends the wait":                 {map[string]time.Duration{own + "lot/m.csv": 0, own + "lot/_READY": 0}, []string{"ready " + own + "lot"}},
		"a young _READY alone":                 {map[string]time.Duration{own + "lot/_READY": 0}, []string{"ready " + own + "lot"}},
		"_READY in a folder is no marker":      {map[string]time.Duration{own + "lot/sous/_READY": 0}, []string{"waiting " + own + "lot"}},
		"another spelling is no marker":        {map[string]time.Duration{own + "lot/_ready": 0, own + "lot/m.csv": 0}, []string{"waiting " + own + "lot"}},
		"batches in the order of keys":         {map[string]time.Duration{own + "b/m.csv": time.Hour, own + "a/m.csv": time.Hour, "35600000000048/z/m.csv": time.Hour}, []string{"ready 35600000000048/z", "ready " + own + "a", "ready " + own + "b"}},
		"a wrong SIRET key, told once":         {map[string]time.Duration{"73282932000075/lot/m.csv": time.Hour, "73282932000075/lot/a.pdf": time.Hour}, []string{"odd inbox/73282932000075"}},
		"no SIRET":                             {map[string]time.Duration{"dupont/lot/m.csv": time.Hour, "lisez-moi.txt": time.Hour}, []string{"odd inbox/dupont", "odd inbox/lisez-moi.txt"}},
		"an object beside the batches":         {map[string]time.Duration{own + "m.csv": time.Hour}, []string{"odd inbox/" + own + "m.csv"}},
		"bad and reserved names of batches":    {map[string]time.Duration{own + ".lot/m.csv": 1, own + "lot été/m.csv": 1, own + "rappels/m.csv": 1, own + "indus/m.csv": 1, own + "lot.zip/m.csv": 1, own + strings.Repeat("x", 65) + "/m.csv": 1}, []string{"odd inbox/" + own + ".lot", "odd inbox/" + own + "indus", "odd inbox/" + own + "lot été", "odd inbox/" + own + "lot.zip", "odd inbox/" + own + "rappels", "odd inbox/" + own + strings.Repeat("x", 65)}},
		"the longest name of a batch":          {map[string]time.Duration{own + "0" + strings.Repeat("._-", 21) + "/m.csv": time.Hour}, []string{"ready " + own + "0" + strings.Repeat("._-", 21)}},
		"ZIPs":                                 {map[string]time.Duration{own + "lot.zip": time.Hour, own + "LOT2.ZIP": time.Hour}, []string{"ready " + own + "LOT2", "ready " + own + "lot"}},
		"a young ZIP":                          {map[string]time.Duration{own + "lot.zip": time.Minute}, []string{"waiting " + own + "lot"}},
		"a young ZIP with _READY beside it":    {map[string]time.Duration{own + "lot.zip": time.Minute, own + "lot/_READY": 0}, []string{"ready " + own + "lot"}},
		"a young ZIP beside a folder":          {map[string]time.Duration{own + "lot.zip": time.Minute, own + "lot/m.csv": time.Hour}, []string{"waiting " + own + "lot"}},
		"a young folder beside a ZIP":          {map[string]time.Duration{own + "lot.zip": time.Hour, own + "lot/m.csv": time.Minute}, []string{"waiting " + own + "lot"}},
		"ZIPs of bad and reserved names":       {map[string]time.Duration{own + ".lot.zip": 1, own + "lot été.zip": 1, own + "rappels.zip": 1, own + "lot.zip.zip": 1, own + ".zip": 1, own + strings.Repeat("x", 65) + ".zip": 1}, []string{"odd inbox/" + own + ".lot.zip", "odd inbox/" + own + ".zip", "odd inbox/" + own + "lot été.zip", "odd inbox/" + own + "lot.zip.zip", "odd inbox/" + own + "rappels.zip", "odd inbox/" + own + strings.Repeat("x", 65) + ".zip"}},
		"ZIPs in no supplier's folder":         {map[string]time.Duration{"lot.zip": time.Hour, "73282932000075/lot.zip": time.Hour}, []string{"odd inbox/lot.zip", "odd inbox/73282932000075"}},
		"a ZIP in a folder is no delivery":     {map[string]time.Duration{own + "lot/lot.zip": time.Hour}, []string{"ready " + own + "lot"}},
		"no room in the archive":               {map[string]time.Duration{own + "lot/m.csv": time.Hour, longest: time.Hour, longest + "x": time.Hour}, []string{"ready " + own + "lot", "odd inbox/" + longest + "x"}},
		"a clock that runs ahead":              {map[string]time.Duration{own + "lot/m.csv": -2 * time.Minute, own + "lot/_READY": 0}, []string{"ready " + own + "lot", "odd inbox/" + own + "lot/m.csv"}},
		"a clock that hardly runs ahead":       {map[string]time.Duration{own + "lot/m.csv": -time.Minute, own + "lot/_READY": 0}, []string{"ready " + own + "lot"}},
		"nothing outside the inbox is touched": {map[string]time.Duration{"../outbox/" + own + "lot/m.csv": time.Hour, "../inbox2/x": 0}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			in := newInbox(t)
			for file, age := range test.put {
				in.put(file, "content", age)
			}
			got := told(in.scan(options(), ledger{}))
			if diff := cmp.Diff(test.want, got, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinksAndBadNamesAreOddAndNeverPartOfABatch(t *testing.T) {
	in := newInbox(t)
	in.put(supplier+"/lot/m.csv", "rows", time.Hour)
	in.put(supplier+"/lot/a\nb.pdf", "x", time.Hour)
	must(t, os.Symlink("/etc/passwd", filepath.Join(in.folder, "inbox", supplier, "lot", "bon.pdf")))
	must(t, os.Symlink("lot", filepath.Join(in.folder, "inbox", supplier, "autre")))
	must(t, os.Symlink(supplier, filepath.Join(in.folder, "inbox", "fournisseur")))
	found := in.scan(options(), ledger{})
	want := []string{
		"ready " + supplier + "/lot", "odd inbox/" + supplier + "/autre",
		"odd inbox/" + supplier + "/lot/a\nb.pdf", "odd inbox/" + supplier + "/lot/bon.pdf",
		"odd inbox/fournisseur",
	}
	if diff := cmp.Diff(want, told(found)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := len(found.Ready[0].Objects); got != 1 {
		t.Errorf("objects of the batch: got %d, want the template alone", got)
	}
}

func TestAnInboxThatCannotBeListedIsAnError(t *testing.T) {
	in := newInbox(t)
	must(t, os.Symlink(t.TempDir(), filepath.Join(in.folder, "inbox")))
	if _, err := intake.Scan(t.Context(), in.store, options(), ledger{}); !errors.Is(err, objectstore.ErrNotRegular) {
		t.Errorf("got error %v, want ErrNotRegular", err)
	}
}

func TestTheObjectsOfABatch(t *testing.T) {
	in := newInbox(t)
	in.put(supplier+"/lot/_READY", "", 0)
	in.put(supplier+"/lot/ bon e\u0301.PDF", "abc", time.Minute)
	in.put(supplier+"/lot/Modèle.XLSX", "", time.Hour)
	in.put(supplier+"/lot/notes.txt", "x", time.Hour)
	batch := in.scan(options(), ledger{}).Ready[0]
	const empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
	template := claim.Object{Name: "Modèle.XLSX", Key: "inbox/" + supplier + "/lot/Modèle.XLSX", SHA256: empty, ReceivedAt: clock.Add(-time.Hour)}
	document := claim.Object{Name: "bon \u00e9.PDF", Key: "inbox/" + supplier + "/lot/ bon e\u0301.PDF", Size: 3, SHA256: abc, ReceivedAt: clock.Add(-time.Minute)}
	for what, lists := range map[string][2][]claim.Object{
		"templates": {batch.Templates, {template}},
		"documents": {batch.Documents, {document}},
		"objects":   {batch.Objects, {template, document, batch.Strangers[0]}},
	} {
		if diff := cmp.Diff(lists[1], lists[0]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	if len(batch.Strangers) != 1 || batch.Strangers[0].Name != "notes.txt" || len(batch.Problems) != 0 {
		t.Errorf("strangers %v, problems %v", batch.Strangers, batch.Problems)
	}
	if !batch.ReceivedAt.Equal(clock.Add(-time.Minute)) {
		t.Errorf("received at %s, want that of the youngest object, _READY aside", batch.ReceivedAt)
	}
	r, err := batch.Open(t.Context(), document)
	must(t, err)
	content, err := io.ReadAll(r)
	must(t, errors.Join(err, r.Close()))
	if string(content) != "abc" {
		t.Errorf("content: %q", content)
	}
}

func TestWhatRefusesABatch(t *testing.T) {
	const cure = "tous les fichiers d'un lot se déposent à sa racine"
	for name, test := range map[string]struct {
		names []string
		want  []claim.FileProblem
	}{
		"one template":       {[]string{"lot/m.xlsx", "lot/a.pdf"}, nil},
		"no template":        {[]string{"lot/a.pdf"}, []claim.FileProblem{{Code: "FIC-06"}}},
		"nothing":            {[]string{"lot/_READY"}, []claim.FileProblem{{Code: "FIC-06"}}},
		"two templates":      {[]string{"lot/m.xlsx", "lot/M.CSV"}, []claim.FileProblem{{Code: "FIC-06", Reason: "several", Detail: "M.CSV, m.xlsx"}}},
		"seven templates":    {[]string{"lot/1.csv", "lot/2.csv", "lot/3.csv", "lot/4.csv", "lot/5.csv", "lot/6.csv", "lot/7.csv"}, []claim.FileProblem{{Code: "FIC-06", Reason: "several", Detail: "1.csv, 2.csv, 3.csv, 4.csv, 5.csv et 2 autres"}}},
		"a legacy workbook":  {[]string{"lot/m.XLS"}, []claim.FileProblem{{Code: "FIC-01", File: "m.XLS", Detail: "c'est un classeur Excel d'ancien format (.xls)"}}},
		"macros":             {[]string{"lot/m.xlsm"}, []claim.FileProblem{{Code: "FIC-01", File: "m.xlsm", Detail: "c'est un classeur Excel avec macros (.xlsm)"}}},
		"a binary workbook":  {[]string{"lot/m.xlsb"}, []claim.FileProblem{{Code: "FIC-01", File: "m.xlsb", Detail: "c'est un classeur Excel binaire (.xlsb)"}}},
		"OpenDocument":       {[]string{"lot/m.ods"}, []claim.FileProblem{{Code: "FIC-01", File: "m.ods", Detail: "c'est un classeur OpenDocument (.ods)"}}},
		"both faults":        {[]string{"lot/m.csv", "lot/n.ods"}, []claim.FileProblem{{Code: "FIC-01", File: "n.ods", Detail: "c'est un classeur OpenDocument (.ods)"}, {Code: "FIC-06", Reason: "several", Detail: "m.csv, n.ods"}}},
		"a folder":           {[]string{"lot/m.csv", "lot/pdf/a.pdf"}, []claim.FileProblem{{Code: "FIC-01", File: "pdf/a.pdf", Detail: "il est dans un sous-dossier ; " + cure}}},
		"everything deeper":  {[]string{"lot/x/m.csv", "lot/x/a.pdf"}, []claim.FileProblem{{Code: "FIC-01", File: "x/a.pdf", Detail: "il est dans un sous-dossier, comme 2 objets du lot en tout ; " + cure}, {Code: "FIC-06"}}},
		"one name twice":     {[]string{"lot/m.csv", "lot/\u00e9.pdf", "lot/e\u0301.pdf"}, []claim.FileProblem{{Code: "FIC-01", File: "\u00e9.pdf", Detail: "deux objets du lot portent ce nom, écrit de deux façons"}}},
		"a ZIP beside it":    {[]string{"lot/m.csv", "lot.zip"}, []claim.FileProblem{{Code: "FIC-06", Reason: "folder_and_zip"}}},
		"two ZIPs beside it": {[]string{"lot/m.csv", "lot.zip", "lot.ZIP"}, []claim.FileProblem{{Code: "FIC-06", Reason: "folder_and_zip"}}},
		"two ZIPs":           {[]string{"lot/_READY", "lot.zip", "lot.ZIP"}, []claim.FileProblem{{Code: "FIC-01", Reason: "zip", File: "lot.ZIP", Detail: "le lot est déposé aussi sous le nom « lot.zip »"}}},
	} {
		t.Run(name, func(t *testing.T) {
			in := newInbox(t)
			in.put(supplier+"/lot/_READY", "", 0)
			for _, object := range test.names {
				in.put(supplier+"/"+object, "content", time.Hour)
			}
			found := in.scan(options(), ledger{})
			if len(found.Ready) != 1 {
				t.Fatalf("found %v", told(found))
			}
			if diff := cmp.Diff(test.want, found.Ready[0].Problems); diff != "" {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheDigestIsThatOfNamesAndContents(t *testing.T) {
	digest := func(files map[string]string) string {
		in := newInbox(t)
		for name, content := range files {
			in.put(supplier+"/lot/"+name, content, time.Hour)
		}
		return in.scan(options(), ledger{}).Ready[0].Digest
	}
	base := digest(map[string]string{"m.csv": "rows", "a.pdf": "one", "b.pdf": "two"})
	// printf '%s  a.pdf\n%s  b.pdf\n%s  m.csv\n' $(for x in one two rows; do printf $x | sha256sum | cut -c1-64; done) | sha256sum
	if want := "248a721c3f5af1b32fe8907b93b1ee60526cfc024856ac00dfcae9bb1d9bedea"; base != want {
		t.Errorf("digest: got %s, want %s", base, want)
	}
	if got := digest(map[string]string{"m.csv": "rows", "a.pdf": "one", "b.pdf": "two", "_READY": "now"}); got != base {
		t.Error("_READY changes the digest")
	}
	for what, files := range map[string]map[string]string{
		"a changed content": {"m.csv": "rows", "a.pdf": "one", "b.pdf": "TWO"},
		"a changed name":    {"m.csv": "rows", "a.pdf": "one", "c.pdf": "two"},
		"contents swapped":  {"m.csv": "rows", "a.pdf": "two", "b.pdf": "one"},
		"one object less":   {"m.csv": "rows", "a.pdf": "one"},
	} {
		if digest(files) == base {
			t.Errorf("%s leaves the digest as it was", what)
		}
	}
}

func TestReceptionIsKeptAtFirstSight(t *testing.T) {
	in, l := newInbox(t), ledger{}
	name := supplier + "/lot/m.csv"
	receivedAt := func(options intake.Options) time.Time {
		t.Helper()
		found := in.scan(options, l)
		if len(found.Ready) != 1 {
			t.Fatalf("found %v", told(found))
		}
		return found.Ready[0].Objects[0].ReceivedAt
	}
	same := func(what string, got, want time.Time) {
		t.Helper()
		if !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%s: got %s, want %s in UTC", what, got, want)
		}
	}
	in.put(name, "rows", time.Hour)
	same("at first", receivedAt(options()), clock.Add(-time.Hour))
	in.put(name, "rows", 30*time.Minute)
	same("the same content dropped later", receivedAt(options()), clock.Add(-time.Hour))
	in.put(name, "other rows", 20*time.Minute)
	same("another content", receivedAt(options()), clock.Add(-20*time.Minute))
	in.put(name, "third rows", 20*time.Minute-1_999_999*time.Nanosecond)
	same("to the millisecond", receivedAt(options()), clock.Add(-20*time.Minute+time.Millisecond))

	firstSeen := options()
	firstSeen.FirstSeen = clock.Add(-time.Second)
	in.put(name, "fourth rows", 365*24*time.Hour)
	same("first seen", receivedAt(firstSeen), clock.Add(-time.Second))
	firstSeen.FirstSeen = clock
	same("seen again", receivedAt(firstSeen), clock.Add(-time.Second))
}

func TestAWaitingBatchIsSeenToo(t *testing.T) {
	in, l := newInbox(t), ledger{}
	in.put(supplier+"/lot/m.csv", "rows", time.Minute)
	if got := in.scan(options(), l); len(got.Waiting) != 1 || !got.Waiting[0].Newest.Equal(clock.Add(-time.Minute)) {
		t.Fatalf("found %+v", got)
	}
	if len(l) != 1 {
		t.Fatalf("receptions kept: %v", l)
	}
	in.put(supplier+"/lot/m.csv", "rows", 30*time.Second) // touched
	later := options()
	later.Now = func() time.Time { return clock.Add(time.Hour) }
	if got := in.scan(later, l).Ready[0].ReceivedAt; !got.Equal(clock.Add(-time.Minute)) {
		t.Errorf("received at %s, want the first sight", got)
	}
}

// broken fails to open some objects, or changes them first.
type broken struct {
	objectstore.Store
	open func(o objectstore.Object) error
}

func (b broken) Open(ctx context.Context, o objectstore.Object) (io.ReadCloser, error) {
	if err := b.open(o); err != nil {
		return nil, err
	}
	return b.Store.Open(ctx, o)
}

func TestOneBatchThatCannotBeReadFailsAlone(t *testing.T) {
	in := newInbox(t)
	for _, batch := range []string{"a", "b", "c"} {
		in.put(supplier+"/"+batch+"/m.csv", "rows", time.Hour)
	}
	fault := errors.New("input/output error")
	in.store = broken{in.store, func(o objectstore.Object) error {
		if strings.Contains(o.Key, "/b/") {
			return fmt.Errorf("%q: %w", o.Key, fault)
		}
		return nil
	}}
	found := in.scan(options(), ledger{})
	want := []string{"ready " + supplier + "/a", "ready " + supplier + "/c", "failed inbox/" + supplier + "/b/"}
	if diff := cmp.Diff(want, told(found)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !errors.Is(found.Failed[0].Err, fault) {
		t.Errorf("error: got %v, want the store's", found.Failed[0].Err)
	}
}

func TestABatchThatChangesWhileItIsReadWaits(t *testing.T) {
	for name, change := range map[string]func(file string) error{
		"grows":    func(file string) error { return os.WriteFile(file, []byte("rows and more rows"), 0o600) },
		"vanishes": os.Remove,
	} {
		in := newInbox(t)
		in.put(supplier+"/lot/m.csv", "rows", time.Hour)
		in.put(supplier+"/lot/_READY", "", time.Hour)
		in.store = broken{in.store, func(o objectstore.Object) error { return change(filepath.Join(in.folder, o.Key)) }}
		if diff := cmp.Diff([]string{"waiting " + supplier + "/lot"}, told(in.scan(options(), ledger{}))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

type failingLedger struct{ err error }

func (l failingLedger) Receive(context.Context, []claim.Sighting) ([]time.Time, error) {
	return nil, l.err
}

func TestAScanEndsWithTheLedgerOrTheContext(t *testing.T) {
	in := newInbox(t)
	in.put(supplier+"/lot/m.csv", "rows", time.Hour)
	fault := errors.New("database is locked")
	if _, err := intake.Scan(t.Context(), in.store, options(), failingLedger{fault}); !errors.Is(err, fault) {
		t.Errorf("got error %v, want the ledger's", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	in.store = broken{in.store, func(objectstore.Object) error { cancel(); return nil }}
	if _, err := intake.Scan(cancelled, in.store, options(), ledger{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got error %v, want context.Canceled", err)
	}
}

func TestOnlyTheBatchesAskedFor(t *testing.T) {
	in := newInbox(t)
	for _, name := range []string{"/a/m.csv", "/b/m.csv", "/c.zip", "/rappels/x", "/d.zip"} {
		in.put(supplier+name, "rows", time.Hour)
	}
	in.put("odd/x", "x", time.Hour)
	some := options()
	some.Only = []intake.Ref{{Supplier: supplier, Name: "b"}, {Supplier: supplier, Name: "c"}}
	want := []string{"ready " + supplier + "/b", "ready " + supplier + "/c"}
	if diff := cmp.Diff(want, told(in.scan(some, ledger{}))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestParseRef(t *testing.T) {
	ref, err := intake.ParseRef(supplier + "/lot-1")
	if err != nil || ref != (intake.Ref{Supplier: supplier, Name: "lot-1"}) {
		t.Errorf("got %v, %v", ref, err)
	}
	for _, bad := range []string{"", "lot", supplier, supplier + "/", "/lot", "73282932000075/lot", supplier + "/a/b", supplier + "/..", supplier + "/lot.zip", supplier + "/rappels", supplier + "/lot\n"} {
		if ref, err := intake.ParseRef(bad); err == nil {
			t.Errorf("ParseRef(%q) = %v, want an error", bad, ref)
		}
	}
}

// A document may be larger than the memory: it is hashed as a stream.
func TestLargeObjectsAreNotLoaded(t *testing.T) {
	in := newInbox(t)
	in.put(supplier+"/lot/m.csv", "rows", time.Hour)
	in.put(supplier+"/lot/large.pdf", "", time.Hour)
	const size = 64 << 20
	large := filepath.Join(in.folder, "inbox", supplier, "lot", "large.pdf")
	must(t, os.Truncate(large, size))
	must(t, os.Chtimes(large, clock.Add(-time.Hour), clock.Add(-time.Hour)))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	batch := in.scan(options(), ledger{}).Ready[0]
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > size/16 {
		t.Errorf("a file of %d bytes took %d bytes of memory", size, got)
	}
	if got := batch.Documents[0].Size; got != size {
		t.Errorf("size: got %d, want %d", got, size)
	}
}

// BenchmarkScan takes in a batch of 1,000 documents of 50 kB.
func BenchmarkScan(b *testing.B) {
	folder := b.TempDir()
	store, err := objectstore.OpenDirectory(folder)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close() //nolint:errcheck // the benchmark is over
	lot := filepath.Join(folder, "inbox", supplier, "lot")
	if err := os.MkdirAll(lot, 0o700); err != nil {
		b.Fatal(err)
	}
	content := []byte(strings.Repeat("0123456789", 5_000))
	for i := range 1_000 {
		if err := os.WriteFile(filepath.Join(lot, fmt.Sprintf("%d.pdf", i)), content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	options := intake.Options{Now: func() time.Time { return time.Now().Add(time.Hour) }}
	b.ReportAllocs()
	for b.Loop() {
		found, err := intake.Scan(b.Context(), store, options, ledger{})
		if err != nil || len(found.Ready) != 1 || len(found.Ready[0].Documents) != 1_000 {
			b.Fatal(found, err)
		}
	}
}
