package pipeline

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"guichet/fixtures"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

// audited is a store and its ledger after some nights. What a test changes in
// them it takes back.
type audited struct {
	*Audit
	dir   string
	db    *sql.DB  // takes whatever it is told
	files []string // keys of heads and of objects of revisions
}

// newAudited gives the store and the ledger of generated claims.
func newAudited(t *testing.T) *audited {
	t.Helper()
	return auditedAfter(t, func(night *Night, dir string) {
		if _, err := fixtures.Generate(dir, fixtures.Options{Seed: 11, Claims: 12, Suppliers: 2, FaultShare: 0.4}); err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second one has nothing to decide, and leaves a head
			if summary, err := night.Run(t.Context()); err != nil || len(summary.Failed) > 0 {
				t.Fatal(err, summary.Failed)
			}
		}
	})
}

// auditedLife gives the store and the ledger after all nights of a life (see
// [TestLives]), and looks after each whether they are sound.
func auditedLife(t *testing.T, file string) *audited {
	t.Helper()
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return auditedAfter(t, func(night *Night, dir string) {
		l := &life{T: t, dir: dir, night: night, orders: map[string][]byte{}, known: map[string]bool{}}
		l.night.Accepted = []string{"outil-calcul"} // lives have registers of a few rows
		for number := 1; ; number++ {
			played := &txtar.Archive{Comment: archive.Comment}
			for _, f := range archive.Files {
				if name, ok := strings.CutPrefix(f.Name, fmt.Sprintf("%d/", number)); ok {
					played.Files = append(played.Files, txtar.File{Name: name, Data: f.Data})
				}
			}
			if len(played.Files) == 0 {
				return
			}
			l.play(played)
			audit := Audit{Store: night.Store, Ledger: night.Ledger, Software: night.Software, Workers: 2}
			if report, err := audit.Verify(t.Context()); err != nil || !report.Sound() || report.Heads == 0 {
				t.Fatalf("night %d: %v, %+v", number, err, report)
			}
		}
	})
}

func auditedAfter(t *testing.T, play func(night *Night, dir string)) *audited {
	t.Helper()
	dir, file := t.TempDir(), filepath.Join(t.TempDir(), "ledger.db")
	book, err := ledger.Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = book.Close() })
	night := newNight(t, dir, 2)
	night.Ledger = book
	play(night, dir)
	a := &audited{Audit: &Audit{Store: night.Store, Ledger: book, Software: night.Software, Workers: 2}, dir: dir}
	if a.db, err = sql.Open("sqlite", file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.db.Close() })
	a.db.SetMaxOpenConns(1)
	for _, pragma := range []string{"foreign_keys = 0", "ignore_check_constraints = 1", "synchronous = 0"} {
		a.exec(t, "PRAGMA "+pragma)
	}
	for _, top := range []string{"audit", "outbox", "operators", "archive"} {
		for o, err := range night.Store.List(t.Context(), top+"/") {
			if err != nil {
				t.Fatal(err)
			}
			if !againFolder.MatchString(o.Key) { // the same bytes lie in the folder of a revision
				a.files = append(a.files, o.Key)
			}
		}
	}
	return a
}

func (a *audited) exec(t *testing.T, statement string, args ...any) {
	t.Helper()
	if _, err := a.db.Exec(statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (a *audited) number(t *testing.T, query string) (number int) {
	t.Helper()
	if err := a.db.QueryRow(query).Scan(&number); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return number
}

func (a *audited) text(t *testing.T, query string) (text string) {
	t.Helper()
	if err := a.db.QueryRow(query).Scan(&text); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

func (a *audited) verify(t *testing.T) *AuditReport {
	t.Helper()
	report, err := a.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// during makes changes of the ledger, looks, and takes them back.
func (a *audited) during(t *testing.T, look func(*AuditReport), statements ...string) {
	t.Helper()
	tables := []string{"audit", "revisions", "decisions", "claims", "reviews", "document_uses", "dossiers", "runs", "purges"}
	for _, table := range tables {
		a.exec(t, "CREATE TEMP TABLE kept_"+table+" AS SELECT * FROM "+table)
	}
	for _, statement := range statements {
		a.exec(t, statement)
	}
	look(a.verify(t))
	for _, table := range tables {
		a.exec(t, "DELETE FROM "+table)
		a.exec(t, "INSERT INTO "+table+" SELECT * FROM kept_"+table)
		a.exec(t, "DROP TABLE kept_"+table)
	}
}

func (a *audited) path(key string) string { return filepath.Join(a.dir, filepath.FromSlash(key)) }

func (a *audited) content(t *testing.T, key string) []byte {
	t.Helper()
	data, err := os.ReadFile(a.path(key))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// put writes an object, nil for none, until the test ends or puts it again.
func (a *audited) put(t *testing.T, key string, data []byte) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(a.path(key)), 0o750)
	if data == nil {
		err = errors.Join(err, os.Remove(a.path(key)))
	} else {
		err = errors.Join(err, os.WriteFile(a.path(key), data, 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
}

// first gives the first object whose key ends so and that is not empty.
func (a *audited) first(t *testing.T, suffix string) string {
	t.Helper()
	i := slices.IndexFunc(a.files, func(key string) bool {
		return strings.HasSuffix(key, suffix) && len(a.content(t, key)) > 0
	})
	if i < 0 {
		t.Fatal("no object ends in ", suffix)
	}
	return a.files[i]
}

func TestAuditSound(t *testing.T) {
	a := newAudited(t)
	runs := a.number(t, "SELECT count(*) FROM runs")
	want := AuditReport{
		Entries: a.number(t, "SELECT count(*) FROM audit"), Heads: runs,
		Revisions: a.number(t, "SELECT count(*) FROM revisions"), Objects: len(a.files) - runs,
	}
	if got := a.verify(t); fmt.Sprint(*got) != fmt.Sprint(want) || !got.Sound() || runs < 2 || want.Entries == 0 {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

// TestAuditLives: batches over several nights, with corrections, reviews,
// reprocesses and what was dropped again, are sound after each.
func TestAuditLives(t *testing.T) {
	files, err := filepath.Glob("testdata/lives/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no lives", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { auditedLife(t, file) })
	}
}

// unaudited are the columns in which a change is not found, and why. All other
// columns of all tables but unauditedTables are.
var unaudited = map[string]string{
	"revisions.archived": "only says that there is nothing left to move: a run that finds 0 looks, and sets it again",
}

// unauditedTables are no part of what was decided.
var unauditedTables = map[string]string{
	"facts":            "what was read of a document is read again from the document",
	"receptions":       "a claim's reception stands in its decision",
	"repeats":          "tell what is still to be moved",
	"runs":             "tell when guichet ran; the time of each decision stands in the chain",
	"run_registers":    "the registers of a decision stand in its revision",
	"purges":           "tell what was deleted, of which nothing is left to compare",
	"goose_db_version": "the version of the tables: guichet does not open those of another",
}

// TestAuditFindsFlippedBits flips one bit in each of many places of the ledger
// and of the store, and finds each where it is.
func TestAuditFindsFlippedBits(t *testing.T) {
	flips := 50 // of each store
	if os.Getenv("SOAK") != "" {
		flips = 334 // 1,002 in all
	}
	random := rand.New(rand.NewPCG(20230315, 4)) //nolint:gosec // a test's choice of bits
	places := map[string]int{}
	for _, a := range []*audited{newAudited(t), auditedLife(t, "testdata/lives/reviews.txtar"), auditedLife(t, "testdata/lives/reprocess.txtar")} {
		columns := a.columns(t)
		for range flips {
			if random.IntN(2) == 0 {
				places[a.flipObject(t, random)+"/"]++
				continue
			}
			column := columns[random.IntN(len(columns))]
			for !a.flipCell(t, random, column[0], column[1]) {
				column = columns[random.IntN(len(columns))]
			}
			places[column[0]]++
		}
		if report := a.verify(t); !report.Sound() {
			t.Errorf("a flip was not taken back: %v, %v", report.Broken, report.Faults)
		}
	}
	t.Logf("bits flipped, by where, all found: %v", places)
}

// columns gives the columns, with their tables, in which changes are found.
func (a *audited) columns(t *testing.T) (columns [][2]string) {
	t.Helper()
	rows, err := a.db.Query(`SELECT t.name, c.name FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' ORDER BY 1, 2`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		if unauditedTables[table] == "" && unaudited[table+"."+column] == "" {
			columns = append(columns, [2]string{table, column})
		}
	}
	return columns
}

// flipCell flips a bit of a column of any row. It tells whether there was one
// to flip, and the database took it.
func (a *audited) flipCell(t *testing.T, random *rand.Rand, table, column string) bool {
	t.Helper()
	count := a.number(t, "SELECT count(*) FROM "+table)
	if count == 0 {
		return false
	}
	row := a.number(t, fmt.Sprintf("SELECT rowid FROM %s ORDER BY rowid LIMIT 1 OFFSET %d", table, random.IntN(count)))
	own := a.own(t, table, row)
	var value, changed any
	if err := a.db.QueryRow(fmt.Sprintf("SELECT %s FROM %s WHERE rowid = %d", column, table, row)).Scan(&value); err != nil {
		t.Fatal(err)
	}
	switch v := value.(type) {
	case int64:
		changed = v ^ 1<<random.IntN(63)
	case string:
		if v == "" {
			return false
		}
		data := []byte(v)
		data[random.IntN(len(data))] ^= 1 << random.IntN(8)
		changed = string(data)
	default:
		t.Fatalf("%s.%s is a %T", table, column, value)
	}
	receipt := ""
	if column == "receipt_sha256" {
		receipt = a.text(t, fmt.Sprintf("SELECT 'outbox/' || supplier || '/' || batch || '/r' || revision || '/receipt.json' FROM revisions WHERE rowid = %d", row))
	}
	set := fmt.Sprintf("UPDATE %s SET %s = $1 WHERE rowid = $2", table, column)
	if _, err := a.db.Exec(set, changed, row); err != nil {
		return false // another row has the value, and the column takes it once
	}
	report := a.verify(t)
	found := report.Broken != nil && 1 <= report.Broken.Entry && report.Broken.Entry <= own
	if receipt != "" {
		found = slices.ContainsFunc(report.Faults, func(f Left) bool { return f.Key == receipt })
	}
	if !found {
		t.Errorf("%s.%s, of entry %d: %q for %q: found %v, %v", table, column, own, changed, value, report.Broken, report.Faults)
	}
	a.exec(t, set, value, row)
	return true
}

// own gives the entry that wrote a row last.
func (a *audited) own(t *testing.T, table string, row int) int {
	t.Helper()
	entry := map[string]string{
		"audit":         "number",
		"document_uses": `(SELECT min(d.entry) FROM decisions d WHERE d.claim = document_uses.claim AND instr(d.body, document_uses.sha256))`,
		"dossiers":      `(SELECT max(d.entry) FROM decisions d WHERE d.claim = dossiers.claim)`,
	}[table]
	if entry == "" {
		entry = "entry"
	}
	return a.number(t, fmt.Sprintf("SELECT %s FROM %s WHERE rowid = %d", entry, table, row))
}

// flipObject flips a bit of any object, and gives its top folder.
func (a *audited) flipObject(t *testing.T, random *rand.Rand) string {
	t.Helper()
	var key string
	var data []byte
	for len(data) == 0 {
		key = a.files[random.IntN(len(a.files))]
		data = a.content(t, key)
	}
	changed := slices.Clone(data)
	at, bit := random.IntN(len(data)), random.IntN(8)
	changed[at] ^= 1 << bit
	a.put(t, key, changed)
	if report := a.verify(t); report.Broken != nil || !slices.ContainsFunc(report.Faults, func(f Left) bool { return f.Key == key }) {
		t.Errorf("bit %d of byte %d of %s: found %v, %v", bit, at, key, report.Broken, report.Faults)
	}
	a.put(t, key, data)
	top, _, _ := strings.Cut(key, "/")
	return top
}

// TestAuditFindsRows: rows that are gone, come from elsewhere, or changed
// places, at the entry that is theirs.
func TestAuditFindsRows(t *testing.T) {
	a := newAudited(t)
	last := a.number(t, "SELECT max(entry) FROM decisions")
	for name, c := range map[string]struct {
		statement string
		entry     int // that is named; 0: no entry tells of it
	}{
		"an entry deleted":      {`DELETE FROM audit WHERE number = 3`, 3},
		"a decision deleted":    {`DELETE FROM decisions WHERE entry = 2`, 2},
		"a standing deleted":    {`DELETE FROM claims WHERE entry = 2`, 2},
		"a revision deleted":    {`DELETE FROM revisions WHERE entry = (SELECT max(entry) FROM revisions)`, a.number(t, "SELECT max(entry) FROM revisions")},
		"a dossier deleted":     {`DELETE FROM dossiers WHERE sequence = 1`, a.number(t, "SELECT min(entry) FROM claims WHERE dossier <> ''")},
		"all decisions deleted": {`DELETE FROM decisions`, a.number(t, "SELECT min(entry) FROM decisions")},
		"a dossier inserted":    {`INSERT INTO dossiers SELECT 'LGO1-99999999-00', 99999999, claim, '750000000', 'open' FROM dossiers LIMIT 1`, 0},
		"a standing inserted":   {`INSERT INTO claims SELECT 'A-0', kind, supplier, batch, revision, row_number, '750000099', siret, order_ref, decision, state, received_at, dossier, entry, first_revision, waiting FROM claims WHERE entry = 2`, 0},
		"a decision inserted":   {fmt.Sprintf(`INSERT INTO decisions SELECT claim, supplier, batch, 7, %d, body FROM decisions WHERE entry = 2`, last), last},
		"an entry inserted":     {fmt.Sprintf(`INSERT INTO audit SELECT (SELECT max(number) + 1 FROM audit), at, kind, subject, content, (SELECT digest FROM audit ORDER BY number DESC LIMIT 1), 'x' FROM audit WHERE number = 2`), a.number(t, "SELECT max(number) + 1 FROM audit")},
		"two decisions swapped": {fmt.Sprintf(`UPDATE decisions SET body = (SELECT k.body FROM kept_decisions k WHERE k.entry = %d - decisions.entry) WHERE entry IN (2, %d)`, last+2, last), 2},
		"two entries swapped":   {`UPDATE audit SET number = CASE number WHEN 2 THEN 1003 ELSE 1002 END WHERE number IN (2, 3); UPDATE audit SET number = number - 1000 WHERE number > 1000`, 2},
		"two standings swapped": {fmt.Sprintf(`UPDATE claims SET entry = %d - entry WHERE entry IN (2, %d)`, last+2, last), 2},
	} {
		a.during(t, func(report *AuditReport) {
			if report.Broken == nil || report.Broken.Entry != c.entry {
				t.Errorf("%s: found %v; want entry %d", name, report.Broken, c.entry)
			}
		}, c.statement)
	}
	if report := a.verify(t); !report.Sound() {
		t.Errorf("what was changed was not taken back: %v, %v", report.Broken, report.Faults)
	}
}

// TestAuditFindsAnotherChain: a chain that is whole in itself and is not the
// one whose heads the runs left.
func TestAuditFindsAnotherChain(t *testing.T) {
	a := newAudited(t)
	heads := func(report *AuditReport, why string) {
		t.Helper()
		if report.Broken != nil {
			t.Errorf("the chain is not whole: %v", report.Broken)
		}
		for _, key := range []string{"audit/1.json", "audit/2.json"} {
			if !slices.ContainsFunc(report.Faults, func(f Left) bool { return f.Key == key && strings.Contains(f.Why, why) }) {
				t.Errorf("%s is not told to be of another chain (%s): %v", key, why, report.Faults)
			}
		}
	}
	at := a.number(t, "SELECT max(number) - 4 FROM audit")
	a.during(t, func(report *AuditReport) { heads(report, "the ledger was cut") },
		fmt.Sprintf("DELETE FROM audit WHERE number > %d", at), fmt.Sprintf("DELETE FROM revisions WHERE entry > %d", at),
		fmt.Sprintf("DELETE FROM decisions WHERE entry > %d", at), fmt.Sprintf("DELETE FROM claims WHERE entry > %d", at),
		"DELETE FROM document_uses WHERE claim NOT IN (SELECT id FROM claims)", "DELETE FROM dossiers WHERE claim NOT IN (SELECT id FROM claims)")
	a.during(t, func(report *AuditReport) { heads(report, "has another digest") }, a.rewritten(t)...)
	empty := []string{"DELETE FROM runs"}
	for _, table := range []string{"audit", "revisions", "decisions", "claims", "document_uses", "dossiers"} {
		empty = append(empty, "DELETE FROM "+table)
	}
	a.during(t, func(report *AuditReport) { heads(report, "the ledger was cut") }, empty...)
	if report := a.verify(t); !report.Sound() {
		t.Errorf("what was changed was not taken back: %v, %v", report.Broken, report.Faults)
	}
}

// rewritten gives the statements that write the whole chain anew with another
// time: whoever knows how guichet does it can.
func (a *audited) rewritten(t *testing.T) (statements []string) {
	t.Helper()
	type entry struct {
		Number   int    `json:"entry"`
		At       string `json:"at"`
		Kind     string `json:"kind"`
		Subject  string `json:"subject"`
		Content  string `json:"content"`
		Previous string `json:"previous"`
	}
	rows, err := a.db.Query("SELECT number, kind, subject, content FROM audit ORDER BY number")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	previous := ""
	for rows.Next() {
		e := entry{At: "2023-01-01T00:00:00.000000000Z", Previous: previous}
		if err := rows.Scan(&e.Number, &e.Kind, &e.Subject, &e.Content); err != nil {
			t.Fatal(err)
		}
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(e); err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256(bytes.TrimSuffix(text.Bytes(), []byte("\n")))
		statements = append(statements, fmt.Sprintf("UPDATE audit SET at = '%s', previous = '%s', digest = '%x' WHERE number = %d", e.At, e.Previous, digest, e.Number))
		previous = hex.EncodeToString(digest[:])
	}
	return statements
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

// TestAuditStops: an audit that is stopped, or whose store cannot be listed,
// finds nothing and says that it could not be done.
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
