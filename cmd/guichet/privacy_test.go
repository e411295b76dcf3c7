package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/encoding/protojson"

	"guichet/config"
	"guichet/fixtures"
	"guichet/pipeline/claim"
	"guichet/pipeline/engine"
	"guichet/pipeline/ledger"
	"guichet/pipeline/template"
)

// secrets are the texts that a run must not tell, each with what it is:
// what stands in the cells of templates and registers, in documents, and in
// the certificates that sign them.
type secrets struct {
	words  map[string]string // in the form of spoken
	phones map[string]string // digits alone
}

// shortest is how many characters a secret has at least: shorter ones stand
// in any text.
const shortest = 5

// spoken gives the words of a text, without case, accents and what stands
// between them: " claire martin ".
func spoken(text string) string {
	var words strings.Builder
	blank := false
	for _, r := range norm.NFKD.String(strings.NewReplacer("œ", "oe", "Œ", "oe").Replace(text)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case unicode.IsLetter(r), unicode.IsDigit(r):
			words.WriteRune(unicode.ToLower(r))
			blank = false
		case !blank:
			words.WriteByte(' ')
			blank = true
		}
	}
	return " " + strings.TrimSpace(words.String()) + " "
}

// dialled gives the telephone numbers of a text as one line of digits, without
// what may stand between two of them.
func dialled(text string) string {
	return strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", ".", "", "-", "", "(0)", "", "/", "").Replace(text)
}

func (s *secrets) add(what, text string) {
	if words := spoken(text); len([]rune(words)) >= shortest+2 {
		s.words[words] = what
	}
}

// addEach adds a text, and each of its words that is not too common.
func (s *secrets) addEach(what, text string) {
	s.add(what, text)
	for word := range strings.FieldsSeq(spoken(text)) {
		if !common[word] {
			s.add(what, word)
		}
	}
}

func (s *secrets) addPhone(text string) {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text)
	if len(digits) >= 9 {
		s.phones[digits[len(digits)-9:]] = "telephone"
	}
}

// common are words that stand in fixtures and that guichet says of itself:
// those of the catalogue of rules, of its messages, and of its figures.
var common = func() map[string]bool {
	all := map[string]bool{}
	own := []string{"pharmacie pharmacy accept accepted advance document documents guichet purchase order signature solution version revision text source"}
	for _, rule := range config.Rules.Rules {
		own = append(own, rule.Code, rule.When)
	}
	for _, text := range own {
		for word := range strings.FieldsSeq(spoken(text)) {
			all[word] = true
		}
	}
	return all
}()

// found gives the secrets that a text holds, names of files and batches aside.
func (s *secrets) found(text string, aside []string) []string {
	for _, name := range aside {
		text = strings.ReplaceAll(text, name, " … ")
	}
	var found []string
	words, digits := spoken(text), dialled(text)
	for secret, what := range s.words {
		if strings.Contains(words, secret) {
			found = append(found, fmt.Sprintf("%s %q", what, strings.TrimSpace(secret)))
		}
	}
	for number, what := range s.phones {
		if strings.Contains(digits, number) {
			found = append(found, fmt.Sprintf("%s %q", what, number))
		}
	}
	slices.Sort(found)
	return found
}

// gather reads the secrets of a store, and the names of its files and batches.
func gather(t *testing.T, dir string) (*secrets, []string) {
	t.Helper()
	s := &secrets{words: map[string]string{}, phones: map[string]string{}}
	var aside []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil {
			return err
		}
		if strings.HasPrefix(name, "inbox/") {
			aside = append(aside, path.Base(name), path.Base(path.Dir(name)), path.Base(path.Dir(path.Dir(name))))
		}
		switch {
		case strings.HasPrefix(name, "registers/"):
			s.register(path.Base(name), data)
		case strings.HasSuffix(name, ".csv"), strings.HasSuffix(name, ".xlsx"):
			table, _ := template.Read(path.Base(name), data, template.DefaultLimits, "LGO1")
			if table != nil {
				s.rows(table.Rows)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Longer names first: one may be part of another.
	slices.SortFunc(aside, func(a, b string) int { return len(b) - len(a) })
	return s, slices.Compact(aside)
}

// register adds the names of a register's rows.
func (s *secrets) register(name string, data []byte) {
	text := string(data)
	if decoded, err := charmap.Windows1252.NewDecoder().String(text); err == nil && !strings.Contains(text, "é") {
		text = decoded
	}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSpace(line), ";")
		switch {
		case name == "finess.csv" && len(cells) > 22:
			s.addEach("pharmacy of the register", cells[3])
		case name == "outil-calcul.csv" && len(cells) > 2:
			s.addEach("pharmacy of the register", cells[2])
		case name == "fournisseurs.csv" && len(cells) > 1 && cells[1] != "Raison sociale":
			s.addEach("supplier's name", cells[1])
		}
	}
}

// rows adds the cells of claims.
func (s *secrets) rows(rows []claim.Row) {
	for _, row := range rows {
		for field, what := range map[claim.FieldID]string{
			claim.FieldManager: "manager", claim.FieldCompanyName: "pharmacy", claim.FieldEmail: "e-mail",
			claim.FieldOrderRef: "order reference", claim.FieldPhone: "telephone",
		} {
			cell := row.Field(field)
			for _, text := range []string{cell.Raw, cell.Text} {
				switch field {
				case claim.FieldManager, claim.FieldCompanyName:
					s.addEach(what, text)
				case claim.FieldPhone:
					s.addPhone(text)
				default:
					s.add(what, text)
				}
			}
		}
	}
}

// documents adds the words of the documents that a run read, two together and
// the longer ones alone, and the names in their certificates.
func (s *secrets) documents(t *testing.T, archive string, settings *config.Config) {
	t.Helper()
	terminal, _ := newTerminal(t)
	pool, err := terminal.documents(settings, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pool.Close() }()
	book, err := ledger.Open(t.Context(), settings.Ledger.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = book.Close() }()
	var sums []string
	err = filepath.WalkDir(archive, func(name string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.EqualFold(filepath.Ext(name), ".pdf") {
			return err
		}
		data, err := os.ReadFile(name)
		sums = append(sums, engine.Digest(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	facts, err := book.Facts(t.Context(), sums, pool.Extractor())
	if err != nil || len(facts) == 0 {
		t.Fatalf("%d of %d documents have facts (%v)", len(facts), len(sums), err)
	}
	for _, f := range facts {
		for _, page := range f.Pages {
			before := ""
			for _, word := range page.Words {
				if len([]rune(word.Text)) > shortest && !common[strings.TrimSpace(spoken(word.Text))] {
					s.add("document's word", word.Text)
				}
				if pair := before + " " + word.Text; len(pair) > 2*shortest && len(strings.Fields(spoken(pair))) > 1 {
					s.add("document's words", pair)
				}
				before = word.Text
			}
		}
		for _, signature := range f.Signatures {
			c := signature.Certificate
			for _, name := range slices.Concat([]string{c.CommonName, c.GivenName, c.Surname}, c.Organisation, c.Emails) {
				s.addEach("certificate", name)
			}
		}
	}
}

// scanned is all that a run tells the world, by where it tells it.
type scanned map[string]string

// runScanned does a run, by the command as it is installed, and gives its exit
// code and what it told.
func runScanned(t *testing.T, dir string) (int, scanned) {
	t.Helper()
	c := newCollector(t)
	logs, err := os.Create(filepath.Join(dir, "log.json"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = logs.Close() }()
	var out bytes.Buffer
	command := exec.CommandContext(t.Context(), "guichet", "run")
	command.Dir, command.Stdout, command.Stderr = dir, &out, logs
	command.Env = append(os.Environ(), "GUICHET_STORAGE_URL=store", "GUICHET_LEDGER_URL=sqlite://ledger.db",
		"GUICHET_METRICS_TEXTFILE=guichet.prom", "OTEL_EXPORTER_OTLP_ENDPOINT="+c.URL)
	err = command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	told := scanned{"summary": out.String()}
	for what, name := range map[string]string{"log": "log.json", "metrics": "guichet.prom"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
		}
		told[what] = string(data)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, request := range c.requests {
		told["trace"] += protojson.Format(request)
	}
	return command.ProcessState.ExitCode(), told
}

// TestARunTellsNothingPersonal (a FINESS number is public): what a run on good and faulty claims tells in
// its log, its metrics, its trace and its summary holds no name, e-mail,
// telephone, FINESS number, order reference or word of a document of anybody,
// whether it goes through, finds nothing, or stops at a register.
func TestARunTellsNothingPersonal(t *testing.T) {
	dir := t.TempDir()
	store := filepath.Join(dir, "store")
	if _, err := fixtures.Generate(store, fixtures.Options{Seed: 11, Claims: 80, FaultShare: 0.7, ByHand: 2}); err != nil {
		t.Fatal(err)
	}
	s, aside := gather(t, store)
	cells := len(s.words)

	code, told := runScanned(t, dir)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, told["log"])
	}
	settings := config.Default()
	settings.Ledger.URL = "sqlite://" + filepath.Join(dir, "ledger.db")
	s.documents(t, filepath.Join(store, "archive"), &settings)
	t.Logf("%d secrets of cells and registers, %d of documents, %d telephones; %d names of files and batches aside", cells, len(s.words)-cells, len(s.phones), len(aside))
	if cells < 200 || len(s.words) < 2*cells || len(s.phones) < 40 {
		t.Errorf("too few secrets were found to look for")
	}
	for what, sign := range map[string]string{"log": "published", "summary": "accepted", "metrics": "guichet_rule_findings{", "trace": "guichet.rows"} {
		if !strings.Contains(told[what], sign) {
			t.Errorf("the %s is not that of a run that published: %.2000s", what, told[what])
		}
	}
	report := func(when string, told scanned) {
		t.Helper()
		for what, text := range told {
			for _, leak := range s.found(text, aside) {
				t.Errorf("%s: the %s tells a %s", when, what, leak)
			}
		}
	}
	report("a night", told)

	// Odd keys and waiting batches are told by their names alone.
	batch := filepath.Join(store, "inbox", "40000001400011", "odd")
	if err := os.MkdirAll(batch, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(batch, "avance.csv"), []byte("Nom du responsable;E-mail\nClaire Martin;claire@officine.example\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.addEach("manager", "Claire Martin")
	s.add("e-mail", "claire@officine.example")
	code, told = runScanned(t, dir)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, told["log"])
	}
	report("a second night", told)

	// A register that contradicts itself is told by its lines.
	register := filepath.Join(store, "registers", "outil-calcul.csv")
	data, err := os.ReadFile(register)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimSpace(data), []byte("\n"))
	last := bytes.TrimSpace(lines[len(lines)-1])
	last = append(bytes.Clone(last[:len(last)-1]), 'A'+('D'-last[len(last)-1])) // another tranche
	if err := os.WriteFile(register, slices.Concat(bytes.TrimSpace(data), []byte("\n"), last, []byte("\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, told = runScanned(t, dir); code != exitFailed || !strings.Contains(told["log"], "outil-calcul") {
		t.Fatalf("exit %d: %s", code, told["log"])
	}
	report("a night that stops at a register", told)
}

// TestTheScanFindsWhatIsPlanted: the scan is worth what it finds.
func TestTheScanFindsWhatIsPlanted(t *testing.T) {
	s := &secrets{words: map[string]string{}, phones: map[string]string{}}
	s.rows([]claim.Row{{Fields: map[claim.FieldID]claim.Field{
		claim.FieldManager:     {Raw: "Mme Hélène N’Diaye", Text: "Mme Hélène N’Diaye"},
		claim.FieldCompanyName: {Raw: "PHARMACIE DE L'ŒUVRE"},
		claim.FieldEmail:       {Raw: "Tilleul@Oeuvre.example"},
		claim.FieldPhone:       {Raw: "+33 (0)1 23 45 67 89", Text: "0123456789"},
		claim.FieldOrderRef:    {Text: "CMD/2022-117"},
	}}})
	leaks := map[string]string{
		"a name":                          `{"msg":"not processed","error":"row 3: Mme Hélène N’Diaye"}`,
		"a name in a label":               `guichet_claims{kind="HELENE N'DIAYE"} 1`,
		"a first name alone":              `row 3 (hélène)`,
		"a decomposed accent":             "he\u0301le\u0300ne",
		"a pharmacy":                      `"PHARMACIE DE L'OEUVRE" is unknown`,
		"a word of a pharmacy":            `no such œuvre`,
		"an e-mail":                       `TILLEUL@OEUVRE.EXAMPLE`,
		"a telephone":                     `calls 0123456789`,
		"a telephone in pairs":            `calls 01 23 45 67 89`,
		"a telephone with dots":           `calls 01.23.45.67.89`,
		"a telephone from abroad":         `calls +33123456789`,
		"an order reference":              `order CMD/2022-117: unknown`,
		"beside a file's name, set aside": `bc-1.pdf of Hélène`,
	}
	for name, text := range leaks {
		if len(s.found(text, []string{"bc-1.pdf"})) == 0 {
			t.Errorf("%s is not found in %q", name, text)
		}
	}
	for _, text := range []string{
		`{"msg":"published","batch":"inbox/40000001400011/lot-1/","accepted":39}`, `"commande Hélène.pdf" is left`,
		`750001018000 bytes, 12345 ms`, `7  BEN-01  FINESS key wrong, or number not in the register`,
	} {
		if found := s.found(text, []string{"commande Hélène.pdf"}); len(found) > 0 {
			t.Errorf("%q tells nothing of anybody, and the scan finds %v", text, found)
		}
	}
}

// TestTheScanFindsALeakOfARun: a name that does reach the log, the summary and
// the errors of a real run, since it is a folder's, is found there.
func TestTheScanFindsALeakOfARun(t *testing.T) {
	dir := t.TempDir()
	store := filepath.Join(dir, "store")
	if _, err := fixtures.Generate(store, fixtures.Options{Seed: 12, Claims: 3, Suppliers: 1}); err != nil {
		t.Fatal(err)
	}
	s, aside := gather(t, store)
	leak := filepath.Join(store, "inbox", "Hélène N’Diaye")
	if err := os.Mkdir(leak, 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(leak, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.addEach("manager", "Hélène N’Diaye")
	code, told := runScanned(t, dir)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, told["log"])
	}
	for what, want := range map[string]bool{"log": true, "summary": true, "metrics": false, "trace": false} {
		if found := s.found(told[what], aside); (len(found) > 0) != want {
			t.Errorf("in the %s was found: %v", what, found)
		}
	}
}
