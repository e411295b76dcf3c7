package pipeline

import (
	"cmp"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"guichet/config"
	"guichet/fixtures"
	"guichet/fixtures/testca"
	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/publish"
)

// TestAnotherProgramme plays the life of an invented programme, in which all
// that is particular to a call is other than in AF-PHA-LGO-Va1: see
// testdata/programmes. Nothing but the programme's file says so.
func TestAnotherProgramme(t *testing.T) {
	const name = "testdata/programmes/af-bio-sil-va1"
	programme, err := config.LoadProgramme(name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	archive, err := txtar.ParseFile(name + ".txtar")
	if err != nil {
		t.Fatal(err)
	}
	p := &played{T: t, dir: t.TempDir(), files: map[string]string{}, funds: map[string]string{}}
	for _, f := range archive.Files {
		p.files[f.Name] = string(f.Data)
		if strings.HasPrefix(f.Name, "registers/") {
			putFile(t, filepath.Join(p.dir, f.Name), f.Data, paris(t, "2024-10-01 08:00"))
		}
	}
	night := newNight(t, p.dir, 2)
	night.Programme = programme

	at := func(clock string) { night.Clock = func() time.Time { return paris(t, clock) } }
	at("2024-12-06 08:00")
	p.drop(claim.Advance, p.files["1/advances"])
	summary, err := night.Run(t.Context())
	if left := "left registers/outil-calcul.csv: not a register of this programme; "; err != nil || problems(summary) != left {
		t.Fatalf("%v; got %q, want %q", err, problems(summary), left)
	}
	p.compare()
	p.says(p.files["1/says"])
	p.numbered("SIL7BIO")
	p.remind(programme, night.Ledger, p.files["1/deadlines"])

	at("2025-10-31 23:59:59.999")
	p.control(night, "")
	at("2025-11-01 08:00")
	p.drop(claim.Completion, p.files["2/completions"])
	p.drop(claim.Balance, p.files["2/balances"])
	if summary, err = night.Run(t.Context()); err != nil || len(summary.Failed) > 0 {
		t.Fatal(err, problems(summary))
	}
	p.compare()
	p.says(p.files["2/says"])
	p.control(night, p.files["2/recoveries"])
}

// played is a life being played: what was dropped, and what must come of it.
type played struct {
	*testing.T
	dir   string
	files map[string]string
	want  []string
	funds map[string]string // establishment → folder of the accepted advance's results
}

// compare holds what was published against what was expected.
func (p *played) compare() {
	p.Helper()
	slices.Sort(p.want)
	if diff := gocmp.Diff(p.want, decisions(p.T, p.dir)); diff != "" {
		p.Fatalf("(-wanted +got)\n%s\n%s", diff, findings(p.T, p.dir))
	}
}

// says tells which texts no supplier reads.
func (p *played) says(texts string) {
	p.Helper()
	told := strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(findings(p.T, p.dir))
	for text := range strings.Lines(texts) {
		if text = strings.TrimSpace(text); !strings.Contains(told, text) {
			p.Errorf("nobody reads: %s", text)
		}
	}
}

// remind holds the duties that near against lines NOW DAYS => COUNT DEADLINE….
func (p *played) remind(programme *config.Programme, book *ledger.Ledger, lines string) {
	p.Helper()
	for line := range strings.Lines(lines) {
		asked, want, _ := strings.Cut(strings.TrimSpace(line), " => ")
		i := strings.LastIndex(asked, " ")
		within, err := strconv.Atoi(asked[i+1:])
		if err != nil {
			p.Fatal(err)
		}
		near, err := (&Deadlines{Programme: programme, Ledger: book, Now: paris(p.T, asked[:i]), Within: within}).Near(p.Context())
		if err != nil {
			p.Fatal(err)
		}
		count := map[publish.Deadline]int{}
		for _, duty := range near.Duties {
			count[duty.Deadline]++
		}
		var got []string
		for _, d := range []publish.Deadline{publish.FirmDate, publish.ServicesEnd, publish.FinalClosing} {
			if count[d] > 0 {
				got = append(got, fmt.Sprint(count[d], " ", d))
			}
		}
		if told := cmp.Or(strings.Join(got, " "), "none"); told != want {
			p.Errorf("%s: got %s, want %s", asked, told, want)
		}
	}
}

// control holds what later controls come to against lines ESTABLISHMENT STATUS
// AMOUNT CODE….
func (p *played) control(night *Night, lines string) {
	p.Helper()
	done, err := night.Controls(p.Context())
	if err != nil {
		p.Fatal(err)
	}
	var got, want []string
	for _, event := range done.Events {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", event.FINESS, event.Status, event.Amount, strings.Join(event.Codes(), " "))))
	}
	for line := range strings.Lines(lines) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		want = append(want, p.row("finess", finessName, " "+name)[finessNumber]+" "+rest)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := gocmp.Diff(want, got); diff != "" {
		p.Errorf("recoveries (-wanted +got)\n%s", diff)
	}
}

// numbered asks that the accepted advances have the dossier numbers from 1 on,
// with a prefix and their keys, and no tranche.
func (p *played) numbered(prefix string) {
	p.Helper()
	var got, want []string
	files, err := filepath.Glob(filepath.Join(p.dir, "outbox/*/*/r1/accepted.jsonl"))
	if err != nil {
		p.Fatal(err)
	}
	for _, file := range files {
		const tranche = 6
		table, err := os.ReadFile(strings.TrimSuffix(file, "jsonl") + "csv")
		if err != nil {
			p.Fatal(err)
		}
		for i, record := range strings.Split(strings.TrimSpace(string(table)), "\n") {
			if cells := strings.Split(record, ";"); (cells[tranche] != "") != (i == 0) {
				p.Errorf("%s: tranche %q of a programme without tranches", file, cells[tranche])
			}
		}
		for _, l := range readLines(p.T, file) {
			got = append(got, l.Dossier)
			want = append(want, fmt.Sprintf("%s-%08d-%02d", prefix, len(want)+1, 97-(len(want)+1)%97))
		}
	}
	slices.Sort(got)
	if diff := gocmp.Diff(want, got); diff != "" {
		p.Errorf("dossiers (-wanted +got)\n%s", diff)
	}
}

// drop drops the claims of some lines, each in a batch of its own:
//
//	NAME ESTABLISHMENT [KEY=VALUE; …] => DECISION AMOUNT|- CODE…
func (p *played) drop(kind claim.Kind, lines string) {
	p.Helper()
	for text := range strings.Lines(lines) {
		told, want, found := strings.Cut(strings.TrimSpace(text), " => ")
		words := strings.SplitN(told, " ", 3)
		if !found || len(words) < 2 {
			p.Fatalf("%q is not NAME ESTABLISHMENT … => …", text)
		}
		e := entry{played: p, name: words[0], establishment: p.row("finess", 3, " "+words[1]), said: map[string]string{}}
		e.read(strings.ReplaceAll(p.files["plain "+string(kind)], "\n", ";"))
		e.read(strings.Join(words[2:], ""))
		d := fixtures.Delivery{Kind: kind, Supplier: claim.SIRET(e.said["by"]), Batch: e.name, Received: paris(p.T, e.said["received"])}
		switch kind {
		case claim.Balance:
			d.Add(e.balance())
		case claim.Completion:
			d.Add(e.completion())
		default:
			d.Add(e.advance())
		}
		if err := d.Write(p.dir); err != nil {
			p.Fatal(err)
		}
		batch := path.Join(string(d.Supplier), d.Batch)
		p.want = append(p.want, batch+" 2 "+want)
		if kind == claim.Advance && strings.HasPrefix(want, "accepted") {
			p.funds[e.establishment[finessNumber]] = filepath.Join(p.dir, "outbox", batch, "r1")
		}
	}
}

// row gives the first row of a register of which a cell ends with a text.
func (p *played) row(register string, cell int, end string) []string {
	p.Helper()
	for line := range strings.Lines(p.files["registers/"+register+".csv"]) {
		if cells := strings.Split(line, ";"); len(cells) > cell && strings.HasSuffix(cells[cell], end) {
			return cells
		}
	}
	p.Fatalf("no row of %s has %q", register, end)
	return nil
}

// entry is a line: a claim, by what was said of it.
type entry struct {
	*played
	name          string
	establishment []string // its row
	said          map[string]string
}

// read reads what is said of a claim; the later word holds.
func (e *entry) read(said string) {
	e.Helper()
	for part := range strings.SplitSeq(said, ";") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		key, value, found := strings.Cut(part, "=")
		if !found {
			e.Fatalf("%q is not KEY=VALUE", part)
		}
		if name, ok := strings.CutPrefix(value, "@"); ok {
			_, value, _ = strings.Cut("\n"+e.files["texts"], "\n"+name+": ")
			value, _, _ = strings.Cut(value, "\n")
		}
		e.said[key] = value
	}
}

// Columns of the registers.
const (
	finessNumber, finessName      = 1, 3
	solutionName, solutionVersion = 1, 2
	supplierName                  = 1
)

// day reads a day that is said.
func (e *entry) day(key string) claim.Date {
	e.Helper()
	day, err := claim.ParseDate(e.said[key])
	if err != nil {
		e.Fatal(err)
	}
	return day
}

// must gives a document that was drawn.
func (e *entry) must(pdf []byte, err error) []byte {
	e.Helper()
	if err != nil {
		e.Fatal(err)
	}
	return pdf
}

// signed gives a document with the establishment's electronic signature, at
// eight o'clock of a day.
func (e *entry) signed(day claim.Date) func([]byte, fixtures.Place, error) []byte {
	e.Helper()
	return func(pdf []byte, place fixtures.Place, err error) []byte {
		e.Helper()
		company := e.establishment[finessName]
		subject := testca.Subject{CommonName: company, Organisation: company}
		return e.must(fixtures.Sign(e.must(pdf, err), place, subject, day.Start().Add(8*time.Hour)))
	}
}

// advance gives the row of an advance, and the documents that it names.
func (e *entry) advance() (fixtures.Row, map[string][]byte) {
	e.Helper()
	const manager, mail, phone = "Claire Martin", "direction@laboratoire.example", "01 23 45 67 89"
	number, company := e.establishment[finessNumber], cmp.Or(e.said["name"], e.establishment[finessName])
	solution, supplier := e.row("solutions", 0, e.said["solution"]), e.row("fournisseurs", 0, e.said["by"])[supplierName]
	day, file := e.day("day"), e.name+".pdf"
	row := fixtures.Row{
		claim.FieldProgramme: e.said["reference"], claim.FieldOrderRef: e.name, claim.FieldOrderDate: day, claim.FieldVATRegime: e.said["regime"],
		claim.FieldAmount: e.said["amount"], claim.FieldManager: manager, claim.FieldFINESS: number, claim.FieldCompanyName: company,
		claim.FieldEmail: mail, claim.FieldPhone: phone, claim.FieldANSReference: solution[0], claim.FieldSolution: solution[solutionName],
		claim.FieldVersion: solution[solutionVersion], claim.FieldOrderFile: file,
	}
	documents := map[string][]byte{file: e.signed(day)(fixtures.Order{
		Reference: e.name, Supplier: []string{supplier},
		Mentions: fixtures.Mentions{
			AFReference: e.said["call"], OrderDate: day.French(), VATRegime: e.said["tax"], Amount: e.said["amount"] + " EUR", Manager: manager,
			FINESS: number, CompanyName: company, Email: mail, Phone: phone, Service: e.said["service"],
			Solution: solution[solutionName], Version: "version " + solution[solutionVersion], StateFunded: e.said["funded"], Conditional: e.said["condition"],
		},
	}.Draw())}
	if office := e.said["office"]; office != "" {
		row[claim.FieldVATFile] = "tva.pdf"
		documents["tva.pdf"] = e.must(fixtures.TextPDF(office, "La société "+supplier+" n'est pas assujettie à la TVA."))
	}
	return row, documents
}

// dossier gives the number of the establishment's dossier, as its supplier read
// it, unless another one is said.
func (e *entry) dossier() string {
	e.Helper()
	if said := e.said["dossier"]; said != "" {
		return said
	}
	lines := readLines(e.T, filepath.Join(e.funds[e.establishment[finessNumber]], "accepted.jsonl"))
	return lines[0].Dossier
}

// balance gives the row of a balance, and the documents that it names.
func (e *entry) balance() (fixtures.Row, map[string][]byte) {
	e.Helper()
	number, company := e.establishment[finessNumber], e.establishment[finessName]
	supplier := e.row("fournisseurs", 0, e.said["by"])[supplierName]
	issued, completed, invoice, certificate := e.day("issued"), e.day("completed"), e.name+".pdf", "va-"+e.name+".pdf"
	row := fixtures.Row{
		claim.FieldDossier: e.dossier(), claim.FieldInvoiceNumber: e.name, claim.FieldInvoiceDate: issued,
		claim.FieldCompletedOn: completed, claim.FieldInvoiceFile: invoice, claim.FieldAptitudeFile: certificate,
	}
	return row, map[string][]byte{
		invoice: e.must(fixtures.Invoice{
			Number: e.name, Supplier: []string{supplier}, Dossier: e.dossier(), IssueDate: issued.French(), CompletedOn: completed.French(),
			Amount: e.said["amount"] + " EUR", CompanyName: company, FINESS: number, Service: e.said["service"],
		}.PDF()),
		certificate: e.signed(completed)(fixtures.AptitudeCertificate{
			Title: e.said["title"], Dossier: e.dossier(), FINESS: number, CompanyName: company, Manager: "Claire Martin", Supplier: supplier,
			CompletedOn: completed.French(), SignedOn: completed.French(),
		}.Draw()),
	}
}

// completion gives the row of a declaration, and the declaration.
func (e *entry) completion() (fixtures.Row, map[string][]byte) {
	e.Helper()
	completed, file := e.day("completed"), e.name+".pdf"
	row := fixtures.Row{claim.FieldDossier: e.dossier(), claim.FieldCompletedOn: completed, claim.FieldEndFile: file}
	return row, map[string][]byte{file: e.must(fixtures.CompletionDeclaration{
		Dossier: e.dossier(), CompletedOn: completed.French(), CompanyName: e.establishment[finessName],
		Supplier: []string{e.row("fournisseurs", 0, e.said["by"])[supplierName]},
	}.PDF())}
}
