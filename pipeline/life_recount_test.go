package pipeline

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"guichet/fixtures"
	"guichet/pipeline/claim"
)

// account is what the published files say of a dossier, in cents.
type account struct {
	Number, Supplier, FINESS   string
	Payable, Advance, Balance  int
	Withdrawn, Ordered         int
	Balanced, Closed, TakenOff bool
}

// counting adds up what is published, in the order of publication. It reads
// outbox/ alone, and shares nothing with what wrote it.
type counting struct {
	*testing.T
	dossiers map[string]*account
	holders  map[string]string // dossier that funds a pharmacy
	told     map[string]int    // claims of a revision, by SIRET/batch/rN and claim
	rows     map[string]int    // of the batch, by SIRET/batch/rN
	faults   []string
}

func (c *counting) fault(format string, about ...any) {
	c.faults = append(c.faults, fmt.Sprintf(format, about...))
}

// readTable reads a published CSV, a map a line.
func readTable(t *testing.T, file string) []map[string]string {
	t.Helper()
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	r.Comma = ';'
	records, err := r.ReadAll()
	if err != nil || len(records) == 0 {
		t.Fatalf("%s: %v, %d lines", file, err, len(records))
	}
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[name] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

// euros reads an amount in euros with two decimals, in cents.
func (c *counting) euros(text string) int {
	whole, decimals, found := strings.Cut(text, ".")
	amount, err := strconv.Atoi(whole + decimals)
	if err != nil || !found || len(decimals) != 2 {
		c.Fatalf("%q is no amount: %v", text, err)
	}
	return amount
}

// count reads all that stands in outbox/ of a store.
func count(t *testing.T, dir string) *counting {
	t.Helper()
	c := &counting{T: t, dossiers: map[string]*account{}, holders: map[string]string{}, told: map[string]int{}, rows: map[string]int{}}
	type object struct {
		name string
		at   time.Time
	}
	var last []object // objects of each set that are put last
	err := filepath.WalkDir(filepath.Join(dir, "outbox"), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() != "receipt.json" && path.Base(path.Dir(name))+path.Ext(name) != "indus.csv" {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			last = append(last, object{name, info.ModTime()})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(last, func(a, b object) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.name, b.name)) })
	for _, o := range last {
		if path.Base(o.name) == "receipt.json" {
			c.revision(path.Dir(o.name))
		} else {
			c.recoveries(o.name)
		}
	}
	return c
}

// revision adds what a revision of a batch says.
func (c *counting) revision(folder string) {
	c.Helper()
	var receipt struct {
		Counts struct {
			Accepted      int `json:"accepted"`
			Rejected      int `json:"rejected"`
			ToComplete    int `json:"to_complete"`
			UnderReview   int `json:"under_review"`
			NewlyAccepted int `json:"newly_accepted"`
		} `json:"counts"`
		Amount string `json:"amount_due_total"`
	}
	data, err := os.ReadFile(filepath.Join(folder, "receipt.json"))
	if err == nil {
		err = json.Unmarshal(data, &receipt)
	}
	if err != nil {
		c.Fatal(err)
	}
	n := receipt.Counts
	parts := strings.Split(filepath.ToSlash(folder), "/")
	name := strings.Join(parts[len(parts)-3:], "/")
	c.rows[name] = n.Accepted + n.Rejected + n.ToComplete + n.UnderReview
	for _, row := range readTable(c.T, filepath.Join(folder, "withdrawn.csv")) {
		d := c.dossiers[row["dossier"]]
		if d == nil || d.TakenOff || d.Closed || d.Balanced || c.euros(row["amount_due"]) != d.Advance {
			c.fault("%s: %v is withdrawn; the dossier is %+v", name, row, d)
			continue
		}
		d.TakenOff, d.Withdrawn = true, d.Advance
		c.free(d)
	}
	sum, accepted := 0, readTable(c.T, filepath.Join(folder, "accepted.csv"))
	for _, row := range accepted {
		c.told[name+" "+row["claim"]]++
		if row["kind"] == "completion" {
			continue
		}
		due := c.euros(row["amount_due"])
		sum += due
		c.pay(name, row, due)
	}
	for _, file := range []string{"rejected.csv", "pending.csv"} {
		seen := map[string]bool{} // a line a finding
		for _, row := range readTable(c.T, filepath.Join(folder, file)) {
			if !seen[row["claim"]] {
				c.told[name+" "+row["claim"]]++
			}
			seen[row["claim"]] = true
		}
	}
	if sum != c.euros(receipt.Amount) || n.NewlyAccepted != len(accepted) {
		c.fault("%s: accepted.csv has %d lines and comes to %d cents; the receipt says %d, %s", name, len(accepted), sum, n.NewlyAccepted, receipt.Amount)
	}
}

// free lets go of the pharmacy that a dossier funds.
func (c *counting) free(d *account) {
	if c.holders[d.FINESS] == d.Number {
		delete(c.holders, d.FINESS)
	}
}

// pay adds an accepted advance or balance.
func (c *counting) pay(name string, row map[string]string, due int) {
	c.Helper()
	number, total := row["dossier"], c.euros(row["payable_total"])
	d := c.dossiers[number]
	switch {
	case row["kind"] == "advance" && d == nil:
		if other := c.holders[row["finess"]]; other != "" {
			c.fault("%s: dossier %s funds %s, which dossier %s funds already", name, number, row["finess"], other)
		}
		c.dossiers[number] = &account{Number: number, Supplier: row["supplier"], FINESS: row["finess"], Payable: total, Advance: due}
		c.holders[row["finess"]] = number
	case row["kind"] == "balance" && d != nil && !d.Balanced && !d.Closed && !d.TakenOff:
		if total != d.Payable || due != d.Payable-d.Advance || row["supplier"] != d.Supplier || row["finess"] != d.FINESS {
			c.fault("%s: the balance %v of the dossier %+v", name, row, *d)
		}
		d.Balance, d.Balanced = due, true
	default:
		c.fault("%s: %v is accepted; the dossier is %+v", name, row, d)
	}
}

// recoveries adds what a supplier is told on a day of recoveries.
func (c *counting) recoveries(file string) {
	c.Helper()
	for _, row := range readTable(c.T, file) {
		d := c.dossiers[row["dossier"]]
		if d == nil || d.Closed || d.TakenOff || d.Supplier != row["supplier"] || c.euros(row["amount"]) != d.Advance+d.Balance {
			c.fault("%s: %v of the dossier %+v", file, row, d)
			continue
		}
		if row["status"] == "ordered" {
			d.Closed, d.Ordered = true, d.Advance+d.Balance
			c.free(d)
		}
	}
}

// recount counts the published files of a life again, and compares them with
// its stories, with what was delivered, and with the ledger.
func recount(t *testing.T, p *player, story *fixtures.Life) {
	t.Helper()
	c := count(t, p.dir)
	if len(c.faults) > 0 {
		t.Errorf("the published files do not add up:\n%s", strings.Join(c.faults, "\n"))
	}
	for i := range len(c.dossiers) { // of one night they are published by supplier
		if number := fmt.Sprintf("LGO1-%08d-%02d", i+1, 97-(i+1)%97); c.dossiers[number] == nil {
			t.Errorf("there is no dossier %s", number)
		}
	}
	var want, got []account
	for _, d := range story.Dossiers {
		want = append(want, account{
			Number: string(d.Number), Supplier: string(d.Supplier), FINESS: string(d.FINESS), Payable: int(d.Payable), Advance: int(d.Advance),
			Balance: int(d.Balance), Withdrawn: int(d.Withdrawn), Ordered: int(d.Ordered), Balanced: d.Completed, Closed: d.Ordered > 0, TakenOff: d.Withdrawn > 0,
		})
		if counted := c.dossiers[string(d.Number)]; counted != nil {
			got = append(got, *counted)
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" || len(c.dossiers) != len(want) {
		t.Errorf("%d dossiers, counted again: %d (-wanted +counted)\n%s", len(want), len(c.dossiers), diff)
	}
	p.onceEach(c, story)
	p.compareLedger(c)
}

// onceEach fails unless every row of every delivered template is told once in
// the results of its revision, or keeps an acceptance.
func (p *player) onceEach(c *counting, story *fixtures.Life) {
	p.Helper()
	rows := 0
	for _, night := range story.Nights {
		carried := map[string][]int{}
		number := map[string]int{}
		for _, r := range night.Revisions {
			name := string(r.Supplier) + "/" + r.Batch
			carried[name], number[name] = r.Carried, r.Number
		}
		for _, d := range night.Deliveries {
			name := string(d.Supplier) + "/" + d.Batch
			revision := fmt.Sprintf("%s/r%d", name, number[name])
			if slices.Contains(night.Again, name) {
				continue
			}
			if c.rows[revision] != len(d.Rows) {
				p.Errorf("%s: the receipt counts %d rows of %d", revision, c.rows[revision], len(d.Rows))
			}
			for i := range d.Rows {
				rows++
				id := claim.NewID(d.Kind, d.Supplier, d.Batch, number[name], i+2)
				times := c.told[revision+" "+string(id)]
				if slices.Contains(carried[name], i+2) {
					times++
				}
				if times != 1 {
					p.Errorf("%s, row %d is told %d times", revision, i+2, times)
				}
			}
		}
	}
	p.Logf("%d rows, each told once", rows)
}

// compareLedger compares what was counted with the ledger, to the cent, and
// has ledger and store audited.
func (p *player) compareLedger(c *counting) {
	p.Helper()
	ordered := map[string]int{}
	recoveries, err := p.night.Ledger.Recoveries(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	for _, events := range recoveries {
		if last, _ := claim.Standing(events); last.Status == claim.Ordered {
			ordered[last.Dossier] = int(last.Amount)
		}
	}
	paid, back := 0, 0
	for number, d := range c.dossiers {
		if ordered[number] != d.Ordered {
			p.Errorf("dossier %s: the ledger has %d cents repaid, the published files %d", number, ordered[number], d.Ordered)
		}
		paid, back = paid+d.Advance+d.Balance, back+d.Withdrawn+d.Ordered
		advance, found, err := p.night.Ledger.Dossier(p.Context(), claim.DossierNumber(number))
		if err != nil || !found {
			p.Fatalf("dossier %s: found %t, %v", number, found, err)
		}
		held := 0
		if due := advance.Amounts.AmountDue; advance.Decision == claim.Accepted && due != nil {
			held += int(*due)
		}
		later, err := p.night.Ledger.Later(p.Context(), advance.Supplier, number)
		if err != nil {
			p.Fatal(err)
		}
		for _, s := range later {
			if due := s.Amounts.AmountDue; s.Decision == claim.Accepted && s.Kind == claim.Balance && due != nil {
				held += int(*due)
			}
		}
		if counted := d.Advance + d.Balance - d.Withdrawn; held != counted {
			p.Errorf("dossier %s: the ledger holds %d cents, the published files come to %d", number, held, counted)
		}
	}
	p.Logf("paid %s, withdrawn or to be repaid %s", claim.Cents(paid), claim.Cents(back))
	audit := Audit{Store: p.night.Store, Ledger: p.night.Ledger, Software: p.night.Software, Workers: 2}
	if report, err := audit.Verify(p.Context()); err != nil || !report.Sound() {
		p.Errorf("audit: %v, %+v", err, report)
	}
}
