package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// unaudited are the columns in which a change is not found, and why. All other
// columns of all tables but unauditedTables are.
var unaudited = map[string]string{
	"revisions.archived": "only says that there is nothing left to move: a run that finds 0 looks, and sets it again",
	"revisions.replaced": "excuses inputs that the supplier itself replaced before they were moved, which the warning of that run tells",
}

// unauditedTables are no part of what was decided; the chain does not speak for them.
var unauditedTables = map[string]string{
	"facts":            "serve decisions to come; a row has a checksum of its own, which is compared when it is read",
	"receptions":       "serve decisions to come; the reception of a claim that was decided stands in its decision",
	"repeats":          "tell what is still to be moved",
	"runs":             "tell when guichet ran; the time of each decision stands in the chain",
	"run_registers":    "are what the next run's registers are compared with; those of a decision stand in its revision",
	"purges":           "tell what was deleted, of which nothing is left to compare",
	"goose_db_version": "is the version of the tables: guichet does not open those of a later one",
}

// TestAuditFindsFlippedBits flips one bit in each of many places of the ledger
// and of the store, and finds each where it is.
func TestAuditFindsFlippedBits(t *testing.T) {
	flips := 50 // of each store
	if *soakFlag {
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
		"a standing inserted":   {`INSERT INTO claims SELECT 'A-0', kind, supplier, batch, revision, row_number, '750000099', siret, order_ref, decision, state, received_at, dossier, entry, first_revision, waiting, completed_on, nature FROM claims WHERE entry = 2`, 0},
		"a decision inserted":   {fmt.Sprintf(`INSERT INTO decisions SELECT claim, supplier, batch, 7, %d, body FROM decisions WHERE entry = 2`, last), last},
		"an entry inserted":     {`INSERT INTO audit SELECT (SELECT max(number) + 1 FROM audit), at, kind, subject, content, (SELECT digest FROM audit ORDER BY number DESC LIMIT 1), 'x' FROM audit WHERE number = 2`, a.number(t, "SELECT max(number) + 1 FROM audit")},
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
