package publish_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/pipeline/claim"
	"guichet/pipeline/publish"
)

var update = flag.Bool("update", false, "write the golden files")

func render(t *testing.T, set publish.Set) map[string][]byte {
	t.Helper()
	outputs, err := publish.Render(set)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string][]byte{}
	for _, output := range outputs {
		byName[output.Name] = output.Data
	}
	return byName
}

func TestGolden(t *testing.T) {
	for name, set := range sets() {
		outputs, err := publish.Render(set)
		if err != nil {
			t.Fatal(err)
		}
		for _, output := range outputs {
			t.Run(name+"/"+output.Name, func(t *testing.T) {
				golden := filepath.Join("testdata", "golden", name, filepath.FromSlash(output.Key))
				if *update {
					if err := errors.Join(os.MkdirAll(filepath.Dir(golden), 0o750), os.WriteFile(golden, output.Data, 0o600)); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), string(output.Data)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", golden, diff)
				}
			})
		}
	}
}

func TestKeysAndTheirOrder(t *testing.T) {
	outputs, err := publish.Render(mixed())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, output := range outputs {
		got = append(got, output.Key)
	}
	const place = "/73282932000074/lot-2023-03/r1/"
	want := []string{
		"outbox" + place + "accepted.csv", "outbox" + place + "accepted.jsonl", "outbox" + place + "rejected.csv", "outbox" + place + "rejected.jsonl",
		"outbox" + place + "pending.csv", "operators" + place + "review.jsonl", "outbox" + place + "SHA256SUMS", "outbox" + place + "receipt.json",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("keys (-want +got):\n%s", diff)
	}
}

func TestWithdrawalsStandBehindWhatIsAccepted(t *testing.T) {
	outputs, err := publish.Render(reprocessed())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, output := range outputs {
		got = append(got, output.Name)
	}
	want := []string{"accepted.csv", "accepted.jsonl", "withdrawn.csv", "withdrawn.jsonl", "rejected.csv", "rejected.jsonl", "pending.csv", "review.jsonl", "SHA256SUMS", "receipt.json"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	// What is owed for a claim is the sum over revisions: 285.00 was owed for
	// each, and 198.00 is owed for one of them now.
	files := render(t, reprocessed())
	due := func(file string) map[string]string {
		amounts := map[string]string{}
		for _, record := range parseCSV(t, files[file])[1:] {
			amounts[record[0]] = record[10]
		}
		return amounts
	}
	id := func(row int) string { return string(claim.NewID(claim.Advance, supplier, batchName, 1, row)) }
	if diff := cmp.Diff(map[string]string{id(2): "285.00", id(5): "285.00", id(10): "285.00"}, due("withdrawn.csv")); diff != "" {
		t.Errorf("withdrawn (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{id(5): "198.00"}, due("accepted.csv")); diff != "" {
		t.Errorf("accepted (-want +got):\n%s", diff)
	}
	for line := range bytes.Lines(files["withdrawn.jsonl"]) {
		if order := keyOrder(t, line); !strings.HasSuffix(order, ", reason}") || !strings.HasPrefix(order, "{claim, kind, row, supplier, ") {
			t.Errorf("withdrawn.jsonl: %s", order)
		}
	}
}

// parseCSV reads a CSV as the standard library does, and checks its dialect.
func parseCSV(t testing.TB, data []byte) [][]string {
	t.Helper()
	inner, ok := bytes.CutPrefix(data, []byte("\ufeff"))
	if !ok {
		t.Error("no byte order mark")
	}
	if !bytes.HasSuffix(inner, []byte("\r\n")) {
		t.Error("the last line does not end in CRLF")
	}
	reader := csv.NewReader(bytes.NewReader(inner))
	reader.Comma = ';'
	records, err := reader.ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%q", err, inner)
	}
	return records
}

func TestTheStandardLibraryReadsEverything(t *testing.T) {
	headers := map[string]string{
		"accepted.csv":  "claim;kind;dossier;finess;company_name;order_ref;tranche;amount_excl_tax;payable_total;share;amount_due;received_at;supplier;batch;revision;vat_regime",
		"rejected.csv":  "claim;kind;row;finess;dossier;order_ref;decision;code;outcome;section;cell;field;value;document;page;message;remedy",
		"pending.csv":   "claim;kind;row;finess;dossier;order_ref",
		"withdrawn.csv": "claim;kind;dossier;finess;company_name;order_ref;tranche;amount_excl_tax;payable_total;share;amount_due;received_at;supplier;batch;revision;vat_regime;reason",
	}
	lines := map[string]map[string]int{ // of the CSV, without header
		"mixed":    {"accepted.csv": 2, "rejected.csv": 1 + 1 + 3, "pending.csv": 2, "accepted.jsonl": 2, "rejected.jsonl": 3, "review.jsonl": 3},
		"refused":  {},
		"balances": {"accepted.csv": 2, "rejected.csv": 2, "accepted.jsonl": 2, "rejected.jsonl": 1, "review.jsonl": 1},
		"reviewed": {"accepted.csv": 1, "accepted.jsonl": 1, "rejected.csv": 1 + 2, "rejected.jsonl": 2, "pending.csv": 1, "review.jsonl": 1},
		"reprocessed": {
			"accepted.csv": 1, "accepted.jsonl": 1, "withdrawn.csv": 3, "withdrawn.jsonl": 3, "rejected.csv": 1, "rejected.jsonl": 1, "pending.csv": 1, "review.jsonl": 1,
		},
		"changed": {"accepted.csv": 1, "accepted.jsonl": 1},
	}
	for name, set := range sets() {
		for file, data := range render(t, set) {
			switch filepath.Ext(file) {
			case ".csv":
				records := parseCSV(t, data)
				if got := strings.Join(records[0], ";"); got != headers[file] {
					t.Errorf("%s %s: header %q", name, file, got)
				}
				if got, want := len(records)-1, lines[name][file]; got != want {
					t.Errorf("%s %s: %d lines, want %d", name, file, got, want)
				}
			case ".jsonl":
				got := 0
				for line := range bytes.Lines(data) {
					got++
					if !json.Valid(line) {
						t.Errorf("%s %s: not JSON: %s", name, file, line)
					}
				}
				if want := lines[name][file]; got != want {
					t.Errorf("%s %s: %d lines, want %d", name, file, got, want)
				}
			}
		}
	}
}

// keyOrder gives the keys of a JSON object and of the objects in it, in order,
// as name{…}.
func keyOrder(t *testing.T, data []byte) string {
	t.Helper()
	var out strings.Builder
	decoder := json.NewDecoder(bytes.NewReader(data))
	var value func()
	token := func() json.Token {
		next, err := decoder.Token()
		if err != nil {
			t.Fatal(err)
		}
		return next
	}
	value = func() {
		switch token() {
		case json.Delim('{'):
			out.WriteString("{")
			for first := true; decoder.More(); first = false {
				if !first {
					out.WriteString(", ")
				}
				fmt.Fprint(&out, token())
				value()
			}
			token()
			out.WriteString("}")
		case json.Delim('['):
			seen := ""
			for decoder.More() {
				start := out.Len()
				value()
				all := out.String()
				element := all[start:]
				out.Reset()
				out.WriteString(all[:start])
				if seen != "" && element != seen {
					t.Errorf("elements with the keys %s and %s in one list", seen, element)
				}
				seen = element
			}
			token()
			out.WriteString(seen)
		}
	}
	value()
	return out.String()
}

func TestJSONKeysStandInTheOrderOfTheSpecification(t *testing.T) {
	const findings = "findings{code, outcome, section, field, cell, value, document, page, rect, message, remedy}"
	const lineKeys = "{claim, kind, row, supplier, batch, revision, replaces, decision, finess, dossier, order_ref, " +
		"amounts{excl_tax, payable_total, amount_due, paid_before}, received_at, " +
		"documents{file, sha256, role, pages, text_source, signature{kind, integrity, coverage, level, signer, organisation, signed_at}}, " +
		findings + ", evidence{rule, document, page, rect, text}}"
	const receiptKeys = "{batch, supplier, kind, revision, status, received_at, counts{accepted, rejected, to_complete, under_review, newly_accepted}, " +
		"amount_due_total, " + findings + ", programme{id, version, sha256}, registers{name, sha256, rows}, inputs{key, size, sha256}, outputs{name, size, sha256}, software_version}"
	files := render(t, mixed())
	if got := keyOrder(t, files["receipt.json"]); got != receiptKeys {
		t.Errorf("receipt.json:\n got %s\nwant %s", got, receiptKeys)
	}
	for line := range bytes.Lines(files["review.jsonl"]) {
		if got := keyOrder(t, line); got != lineKeys {
			t.Errorf("review.jsonl:\n got %s\nwant %s", got, lineKeys)
		}
	}
}

func TestSumsAndReceiptNameEveryOutboxObject(t *testing.T) {
	for name, objects := range map[string]int{"mixed": 5, "reprocessed": 7, "refused": 5} {
		t.Run(name, func(t *testing.T) { testSumsAndReceipt(t, sets()[name], objects) })
	}
}

func testSumsAndReceipt(t *testing.T, set publish.Set, objects int) {
	t.Helper()
	files := render(t, set)
	var receipt struct {
		Outputs []struct {
			Name   string
			Size   int
			SHA256 string
		}
	}
	if err := json.Unmarshal(files["receipt.json"], &receipt); err != nil {
		t.Fatal(err)
	}
	var sums strings.Builder
	for _, output := range receipt.Outputs {
		data := files[output.Name]
		if output.Size != len(data) || output.SHA256 != sha(data) {
			t.Errorf("%s: size or digest differ", output.Name)
		}
		if output.Name != "SHA256SUMS" {
			fmt.Fprintf(&sums, "%s  %s\n", sha(data), output.Name)
		}
	}
	if len(receipt.Outputs) != objects+1 || receipt.Outputs[objects].Name != "SHA256SUMS" {
		t.Errorf("outputs: got %v, want the %d objects and SHA256SUMS", receipt.Outputs, objects)
	}
	if diff := cmp.Diff(sums.String(), string(files["SHA256SUMS"])); diff != "" {
		t.Errorf("SHA256SUMS (-want +got):\n%s", diff)
	}
}

func TestNoSupplierReadsWhatIsForOperators(t *testing.T) {
	for name, set := range sets() {
		for file, data := range render(t, set) {
			if file == "review.jsonl" {
				continue
			}
			for _, secret := range []string{operator, "BEN-04", "BEN-07", "DOC-05", "DOS-02", otherClaim, otherSupplier, otherFINESS, "AUTRUI", "123.45", "67.89"} {
				if bytes.Contains(data, []byte(secret)) {
					t.Errorf("%s %s tells %q", name, file, secret)
				}
			}
		}
	}
	review := string(render(t, mixed())["review.jsonl"])
	for _, owed := range []string{"BEN-03", "BEN-04", "BEN-07", "DOC-05", otherClaim, otherSupplier, otherFINESS, "SIG-04"} {
		if !strings.Contains(review, owed) {
			t.Errorf("review.jsonl lacks %q", owed)
		}
	}
	stranger := string(render(t, balances())["review.jsonl"])
	for _, owed := range []string{"DOS-02", otherSupplier, otherFINESS, "123.45"} {
		if !strings.Contains(stranger, owed) {
			t.Errorf("review.jsonl of the balances lacks %q", owed)
		}
	}
}

// A claim on another supplier's dossier reads, word for word, like one on a
// dossier that does not exist.
func TestAStrangersDossierReadsAsUnknown(t *testing.T) {
	set := balances()
	stranger := &set.Results[0]
	withTruth := render(t, set)
	unknown := finding("DOS-01", nil)
	unknown.Message, unknown.Remedy = unknownNumber, takeItUp
	unknown.Field, unknown.Cell, unknown.Value = "N° dossier ASP", "B4", "LGO1-00000004-93"
	stranger.Findings = []claim.Finding{unknown, stranger.Findings[1]}
	stranger.FINESS, stranger.OrderRef, stranger.Amounts = "", "", claim.Amounts{}
	withoutDossier := render(t, set)
	for file := range withTruth {
		if file == "review.jsonl" {
			continue
		}
		if diff := cmp.Diff(string(withoutDossier[file]), string(withTruth[file])); diff != "" {
			t.Errorf("%s (-unknown +stranger's):\n%s", file, diff)
		}
	}
}

func TestInstantsAreParisTime(t *testing.T) {
	files := render(t, mixed())
	accepted := parseCSV(t, files["accepted.csv"])
	if got, want := []string{accepted[1][11], accepted[2][11]}, []string{"2023-03-15T14:00:00+01:00", "2023-03-14T13:00:00.007+01:00"}; !slices.Equal(got, want) {
		t.Errorf("received_at: got %q, want %q", got, want)
	}
	if !bytes.Contains(files["receipt.json"], []byte(`"received_at": "2023-03-15T14:00:00.001+01:00"`)) {
		t.Errorf("receipt.json:\n%s", files["receipt.json"])
	}
}

func TestTheOrderOfResultsDoesNotMatter(t *testing.T) {
	want, err := publish.Render(mixed())
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		set := mixed()
		set.Results = rapid.Permutation(set.Results).Draw(r, "results")
		set.Revision.Registers = rapid.Permutation(set.Revision.Registers).Draw(r, "registers")
		set.Revision.Inputs = rapid.Permutation(set.Revision.Inputs).Draw(r, "inputs")
		got, err := publish.Render(set)
		if err != nil {
			r.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// asRead is what a CSV cell gives back of a text: invalid bytes and control
// characters replaced, and line ends as encoding/csv reads them.
func asRead(value string) string {
	value = strings.ToValidUTF8(value, "\ufffd")
	value = regexp.MustCompile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]").ReplaceAllString(value, "\ufffd")
	return strings.ReplaceAll(value, "\r\n", "\n")
}

func TestAnyTextSurvivesAndNoneIsAFormula(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		text := rapid.OneOf(
			rapid.String(),
			rapid.StringMatching("[=+@\t\r\n\"';, -][=+@\t\r\n\"';,a-z0-9 -]{0,12}"),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		)
		value, message := text.Draw(r, "value"), text.Draw(r, "message")
		set := publish.Set{Revision: revision(1), Results: []claim.Result{result(3, finding("LIG-02", func(f *claim.Finding) {
			f.Value, f.Message = value, message
		}))}}
		outputs, err := publish.Render(set)
		if err != nil {
			r.Fatal(err)
		}
		inner := bytes.TrimPrefix(outputs[2].Data, []byte("\ufeff"))
		reader := csv.NewReader(bytes.NewReader(inner))
		reader.Comma = ';'
		records, err := reader.ReadAll()
		if err != nil || len(records) != 2 {
			r.Fatalf("%d records, error %v: %q", len(records), err, inner)
		}
		for i, want := range map[int]string{12: value, 15: message} {
			cell, want := records[1][i], asRead(want)
			if cell != want && cell != "'"+want {
				r.Fatalf("cell %d: got %q, want %q", i, cell, want)
			}
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				r.Fatalf("cell %d is a formula: %q", i, cell)
			}
		}
		var line struct {
			Findings []struct{ Value, Message *string }
		}
		if err := json.Unmarshal(outputs[3].Data, &line); err != nil {
			r.Fatal(err)
		}
		if value == "" && line.Findings[0].Value != nil || value != "" && *line.Findings[0].Value != string([]rune(value)) {
			r.Fatalf("JSON: got %v, want %q", line.Findings[0].Value, value)
		}
	})
}

// withdrawing makes a sound set of one claim, accepted with another amount, and
// has its withdrawal spoiled.
func withdrawing(spoil func(s *publish.Set, withdrawn *claim.Result)) func(*publish.Set) {
	return func(s *publish.Set) {
		old := accepted(2, 1)
		old.Withdrawal = &claim.Withdrawal{Revision: 1, Reason: "reason"}
		spoil(s, &old)
		s.Withdrawn = append(s.Withdrawn, old)
	}
}

func TestInconsistentSetsAreRefused(t *testing.T) {
	reject := finding("BEN-02", nil)
	for name, change := range map[string]func(*publish.Set){
		"another supplier's claim":     func(s *publish.Set) { s.Results[0].Supplier = otherSupplier },
		"another batch's claim":        func(s *publish.Set) { s.Results[0].Batch = "other" },
		"a claim twice":                func(s *publish.Set) { s.Results = append(s.Results, s.Results[0]) },
		"no decision":                  func(s *publish.Set) { s.Results[0].Decision = "" },
		"accepted with a reject":       func(s *publish.Set) { s.Results[0].Findings = []claim.Finding{reject} },
		"accepted without dossier":     func(s *publish.Set) { s.Results[0].Dossier = "" },
		"accepted without amount":      func(s *publish.Set) { s.Results[0].Amounts.AmountDue = nil },
		"rejected without finding":     func(s *publish.Set) { s.Results[0].Decision = claim.Rejected },
		"a rectangle that is no place": func(s *publish.Set) { s.Results[0].Evidence[0].Rect[2] = math.NaN() },
		"rejected for what is withheld": func(s *publish.Set) {
			s.Results[0] = result(2, finding("BEN-07", func(f *claim.Finding) { f.Outcome = claim.Reject }))
		},
		"DOS-02 in its own words":          func(s *publish.Set) { s.Results[0] = result(2, finding("DOS-02", nil)) },
		"withdrawn without a new decision": withdrawing(func(_ *publish.Set, r *claim.Result) { r.Claim = otherClaim }),
		"withdrawn, never accepted": withdrawing(func(_ *publish.Set, r *claim.Result) {
			r.Decision, r.Findings = claim.Rejected, []claim.Finding{reject}
		}),
		"withdrawn without amount":           withdrawing(func(_ *publish.Set, r *claim.Result) { r.Amounts.AmountDue = nil }),
		"withdrawn without a word":           withdrawing(func(_ *publish.Set, r *claim.Result) { r.Withdrawal = nil }),
		"withdrawn without a reason":         withdrawing(func(_ *publish.Set, r *claim.Result) { r.Withdrawal.Reason = "" }),
		"withdrawn by another revision":      withdrawing(func(_ *publish.Set, r *claim.Result) { r.Withdrawal.Revision = 2 }),
		"another supplier's claim withdrawn": withdrawing(func(_ *publish.Set, r *claim.Result) { r.Supplier = otherSupplier }),
		"a claim withdrawn twice":            withdrawing(func(s *publish.Set, r *claim.Result) { s.Withdrawn = append(s.Withdrawn, *r) }),
	} {
		set := publish.Set{Revision: revision(1), Results: []claim.Result{accepted(2, 1)}}
		change(&set)
		if _, err := publish.Render(set); !errors.Is(err, publish.ErrInconsistent) {
			t.Errorf("%s: got error %v, want ErrInconsistent", name, err)
		}
	}
}

func TestRenderLeavesItsSetAlone(t *testing.T) {
	set := mixed()
	if _, err := publish.Render(set); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(mixed(), set); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
	set = reprocessed()
	if _, err := publish.Render(set); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(reprocessed(), set); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
