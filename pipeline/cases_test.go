package pipeline

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"guichet/fixtures"
	"guichet/fixtures/sign"
	"guichet/fixtures/testca"
	"guichet/pipeline/claim"
)

// TestCases runs each case of testdata/cases: a night as somebody typed it,
// and the decisions that the call demands, worked out on paper.
//
// A case is a txtar archive. Its comment says why the decisions are what they
// are. Its files:
//
//	registers/NAME.csv        replaces the common register of testdata/cases/registers;
//	registers/NAME.csv+       its lines are added to the common register
//	inbox/SIRET/BATCH/F.csv   a template as typed
//	inbox/SIRET/BATCH/F.xlsx  the same lines, separated by ;, as a workbook of texts on the sheet AVANCE
//	inbox/SIRET/BATCH/F.pdf   lines of text. Lines from the first on that start with # say how
//	                          the PDF is made: see [typedPDF]
//	received                  lines NAME TIME (Paris; NAME an object's key below inbox/, or * for
//	                          all others); 2023-01-10 10:00 where nothing is said
//	expect                    a line for each claim: SIRET/BATCH ROW DECISION AMOUNT|- CODE…
//	                          or for a batch that is refused: SIRET/BATCH refused CODE…
func TestCases(t *testing.T) {
	files, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			want := writeCase(t, archive, dir)
			summary, err := newNight(t, dir, 2).Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, failed := range summary.Failed {
				t.Errorf("not processed: %s: %s", failed.Key, failed.Why)
			}
			got := decisions(t, dir)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s\n(-wanted +got)\n%s\n%s", archive.Comment, diff, findings(t, dir))
			}
		})
	}
}

// writeCase makes the store of a case and gives what is expected of it.
func writeCase(t *testing.T, archive *txtar.Archive, dir string) []string {
	t.Helper()
	contents := map[string][]byte{}
	common, err := filepath.Glob("testdata/cases/registers/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range common {
		if contents["registers/"+filepath.Base(file)], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	received := map[string]time.Time{"*": paris(t, "2023-01-10 10:00")}
	var expected []string
	for _, file := range archive.Files {
		switch ext := path.Ext(file.Name); {
		case file.Name == "expect":
			for line := range strings.Lines(string(file.Data)) {
				if fields := strings.Fields(line); len(fields) > 0 {
					expected = append(expected, strings.Join(fields, " "))
				}
			}
		case file.Name == "received":
			for line := range strings.Lines(string(file.Data)) {
				name, at, found := strings.Cut(strings.TrimSpace(line), " ")
				if !found {
					t.Fatalf("received: %q is not NAME TIME", line)
				}
				received[name] = paris(t, strings.TrimSpace(at))
			}
		case strings.HasSuffix(file.Name, "#"): // made, not typed
			contents[strings.TrimSuffix(file.Name, "#")] = file.Data
		case strings.HasSuffix(file.Name, ".csv+"):
			name := strings.TrimSuffix(file.Name, "+")
			contents[name] = append(contents[name], file.Data...)
		case ext == ".pdf":
			contents[file.Name] = typedPDF(t, file.Name, string(file.Data))
		case ext == ".xlsx":
			contents[file.Name] = typedWorkbook(t, file.Data)
		default:
			contents[file.Name] = file.Data
		}
	}
	for name, data := range contents {
		target := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(target), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, data, 0o600); err != nil {
			t.Fatal(err)
		}
		at, ok := received[strings.TrimPrefix(name, "inbox/")]
		if !ok {
			at = received["*"]
		}
		if err := os.Chtimes(target, at, at); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(expected)
	return expected
}

// paris reads a time in Paris, to the millisecond.
func paris(t *testing.T, s string) time.Time {
	t.Helper()
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02 15:04:05", "2006-01-02 15:04:05.000"} {
		if at, err := time.ParseInLocation(layout, s, claim.Paris); err == nil {
			return at
		}
	}
	t.Fatalf("%q is no time", s)
	return time.Time{}
}

// typedPDF makes a PDF of typed lines. Its first lines may say:
//
//	# pharmacy NAME      signed electronically with a certificate whose organisation is NAME
//	# supplier NAME      the same, for the supplier's company
//	# person GIVEN SURNAME   signed with a certificate of a person, without organisation
//	# at TIME            when the signatures below are made (Paris; 2023-01-05 10:00 where nothing is said)
//	# raw                the lines below are the file itself, which is then no PDF
//
// Several signatures are made in their order. Without any the PDF is unsigned.
func typedPDF(t *testing.T, name, text string) []byte {
	t.Helper()
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	at := paris(t, "2023-01-05 10:00")
	var signatures []sign.Request
	for len(lines) > 0 && strings.HasPrefix(lines[0], "#") {
		word, rest, _ := strings.Cut(strings.TrimSpace(lines[0][1:]), " ")
		lines = lines[1:]
		var subject testca.Subject
		switch word {
		case "raw":
			return []byte(strings.Join(lines, "\n"))
		case "at":
			at = paris(t, rest)
			continue
		case "pharmacy", "supplier":
			subject = testca.Subject{CommonName: rest, Organisation: rest}
		case "person":
			given, surname, _ := strings.Cut(rest, " ")
			subject = testca.Subject{CommonName: rest, GivenName: given, Surname: surname}
		default:
			t.Fatalf("%s: unknown line # %s", name, word)
		}
		identity, err := testca.Issue(subject, testca.Options{})
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, sign.Request{By: identity, At: at})
	}
	pdf, err := fixtures.TextPDF(lines...)
	if err != nil {
		t.Fatal(err)
	}
	for _, request := range signatures {
		if pdf, err = sign.PDF(pdf, request); err != nil {
			t.Fatal(err)
		}
	}
	return pdf
}

func typedWorkbook(t *testing.T, text []byte) []byte {
	t.Helper()
	reader := csv.NewReader(strings.NewReader(string(text)))
	reader.Comma, reader.FieldsPerRecord = ';', -1
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	cells := make([][]any, len(rows))
	for i, row := range rows {
		for _, cell := range row {
			cells[i] = append(cells[i], cell)
		}
	}
	book, err := fixtures.Workbook("AVANCE", cells)
	if err != nil {
		t.Fatal(err)
	}
	return book
}

// line is what a test looks at in a JSON line of the results.
type line struct {
	Claim    claim.ID
	Row      int
	Decision claim.Decision
	Dossier  string
	Amounts  claim.Amounts
	Findings []claim.Finding
	Reason   string // of a withdrawal
}

// decisions reads what was decided from the published objects: the receipts,
// accepted.jsonl, rejected.jsonl and, for what operators alone see, review.jsonl.
func decisions(t *testing.T, dir string) []string {
	t.Helper()
	var got []string
	receipts, err := filepath.Glob(filepath.Join(dir, "outbox/*/*/r1/receipt.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range receipts {
		outbox := filepath.Dir(file)
		batch := path.Join(filepath.Base(filepath.Dir(filepath.Dir(outbox))), filepath.Base(filepath.Dir(outbox)))
		var receipt struct {
			Status   claim.BatchStatus
			Findings []claim.Finding
		}
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(data, &receipt); err != nil {
			t.Fatal(err)
		}
		if receipt.Status == claim.Refused || len(receipt.Findings) > 0 {
			got = append(got, strings.TrimRight(fmt.Sprintf("%s %s %s", batch, receipt.Status, codesOf(receipt.Findings)), " "))
		}
		told := map[int]line{}
		for _, name := range []string{"accepted.jsonl", "rejected.jsonl", "../../../../operators/" + batch + "/r1/review.jsonl"} {
			for _, l := range readLines(t, filepath.Join(outbox, name)) {
				told[l.Row] = l // operators' lines come last: they are whole
			}
		}
		for _, l := range told {
			amount := "-"
			if l.Amounts.AmountDue != nil {
				amount = l.Amounts.AmountDue.String()
			}
			got = append(got, strings.TrimRight(fmt.Sprintf("%s %d %s %s %s", batch, l.Row, l.Decision, amount, codesOf(l.Findings)), " "))
		}
	}
	slices.Sort(got)
	return got
}

func readLines(t *testing.T, file string) []line {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var lines []line
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	for decoder.More() {
		var l line
		if err := decoder.Decode(&l); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		lines = append(lines, l)
	}
	return lines
}

func codesOf(findings []claim.Finding) string {
	codes := make([]string, len(findings))
	for i, f := range findings {
		codes[i] = f.Code
	}
	return strings.Join(codes, " ")
}

// findings tells the messages, for a test that fails.
func findings(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	files, err := filepath.Glob(filepath.Join(dir, "outbox/*/*/r1/rejected.csv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(data)
	}
	return out.String()
}
