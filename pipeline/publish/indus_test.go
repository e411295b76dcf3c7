package publish_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/publish"
)

// january is a day on which all that a supplier can be told of recoveries
// happened. Its texts try to get out of their cells.
func january(t *testing.T) publish.Notices {
	t.Helper()
	p := programme(t)
	at := time.Date(2024, 1, 15, 9, 30, 0, 0, claim.Paris)
	day := func(text string) claim.Date {
		d, err := claim.ParseDate(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	ground := func(code string, sequence int) claim.Finding {
		return p.Finding(claim.Balance, code, "", map[string]string{
			"finess": "750001018", "dossier": string(claim.NewDossierNumber("LGO1", sequence)), "final_closing": "14/12/2023 à 14:00", "until": "14/02/2024",
			"reference": "LGO-2022-001 <b>", "withdrawn": "02/01/2024",
		})
	}
	payment := func(kind claim.Kind, id claim.ID, amount claim.Cents) claim.Payment {
		return claim.Payment{Claim: id, Kind: kind, Batch: "lot <1>", ReceivedAt: time.Date(2023, 1, 10, 10, 0, 0, 500e6, claim.Paris), Amount: amount}
	}
	event := func(sequence int, status claim.RecoveryStatus, amount claim.Cents, orderRef string, grounds ...claim.Finding) claim.Recovery {
		return claim.Recovery{
			Dossier: string(claim.NewDossierNumber("LGO1", sequence)), Status: status, At: at.Add(time.Duration(sequence) * time.Minute), Programme: p.Reference,
			Supplier: supplier, SupplierName: "OFFISOFT & FILS <SAS>", FINESS: "750001018", CompanyName: "PHARMACIE DE L'ÎLE & <FILS>",
			OrderRef: orderRef, Grounds: grounds, Amount: amount,
		}
	}
	notice := event(1, claim.Notified, 105000, `=HYPERLINK("http://example.org";"x")`, ground("REC-01", 1), ground("REC-02", 1), ground("REC-04", 1))
	notice.Paid = []claim.Payment{payment(claim.Advance, "A-1cd0d014c5889a01f05d", 31500), payment(claim.Balance, "S-1cd0d014c5889a01f05d", 73500)}
	notice.NotifiedOn, notice.Until = day("2024-01-15"), day("2024-02-14")
	order := event(2, claim.Ordered, 22500, "<script>alert(1)</script>", ground("REC-03", 2))
	order.Grounds[0].Remedy = ""
	order.Paid = []claim.Payment{payment(claim.Advance, "A-2cd0d014c5889a01f05d", 22500)}
	order.NotifiedOn, order.Until = day("2023-12-15"), day("2024-01-14")
	closing := event(3, claim.Ordered, 22500, "-600.00")
	closing.Paid, closing.Reason, closing.By = []claim.Payment{payment(claim.Advance, "A-3cd0d014c5889a01f05d", 22500)}, `Commande <annulée> ; voir "avenant".`, "Mme Secrète"
	closing.SupplierName = "" // the register does not know it any more
	settled := event(4, claim.Settled, 22500, "BC\n4\x00\x1b[31m\u202eoc", ground("REC-03", 4))
	settled.Paid, settled.Reason, settled.By = []claim.Payment{payment(claim.Advance, "A-4cd0d014c5889a01f05d", 22500)}, "Solde retrouvé.", "Mme Secrète"
	settled.Grounds[0].Remedy = ""
	settled.NotifiedOn, settled.Until = day("2023-12-20"), day("2024-01-19")
	again := event(1, claim.Settled, 105000, notice.OrderRef, notice.Grounds...)
	again.Paid, again.Reason, again.By = notice.Paid, "Erreur du registre.", "Mme Secrète"
	again.NotifiedOn, again.Until = notice.NotifiedOn, notice.Until
	return publish.Notices{Supplier: supplier, Day: day("2024-01-15"), Events: []claim.Recovery{notice, order, closing, settled, again}}
}

const januaryFolder = "outbox/73282932000074/indus/"

func renderNotices(t *testing.T, n publish.Notices) []publish.Output {
	t.Helper()
	outputs, err := publish.RenderNotices(n)
	if err != nil {
		t.Fatal(err)
	}
	return outputs
}

func TestNoticesGolden(t *testing.T) {
	outputs := renderNotices(t, january(t))
	var keys []string
	for _, output := range outputs {
		keys = append(keys, strings.TrimPrefix(output.Key, januaryFolder))
		golden := filepath.Join("testdata", "golden", "indus", filepath.FromSlash(output.Key))
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
	}
	var want []string
	for sequence := range 4 {
		want = append(want, "2024-01-15-"+string(claim.NewDossierNumber("LGO1", sequence+1))+".html")
	}
	want = append(want, "2024-01-15.jsonl", "2024-01-15.csv")
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("the letters come first, the CSV last: %s", diff)
	}
}

// TestNoticesTable reads the CSV and the JSON lines as others do.
func TestNoticesTable(t *testing.T) {
	outputs := renderNotices(t, january(t))
	names := map[string]bool{}
	for _, output := range outputs {
		names[output.Name] = true
	}
	data := outputs[len(outputs)-1].Data
	text, marked := bytes.CutPrefix(data, []byte("\ufeff"))
	if !marked || bytes.Count(data, []byte("\n")) != bytes.Count(data, []byte("\r\n"))+1 { // one line end stands in a quoted cell
		t.Error("not UTF-8 with a mark, and CRLF")
	}
	reader := csv.NewReader(bytes.NewReader(text))
	reader.Comma = ';'
	rows, err := reader.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	header := strings.Split("dossier;status;codes;amount;finess;company_name;order_ref;paid_advance;paid_balance;notified_on;until;reason;letter;supplier;programme", ";")
	if diff := cmp.Diff(header, rows[0]); diff != "" || len(rows) != 6 {
		t.Fatalf("%d rows, %s", len(rows), diff)
	}
	lines := strings.Split(strings.TrimSuffix(string(outputs[len(outputs)-2].Data), "\n"), "\n")
	if len(lines) != len(rows)-1 {
		t.Fatalf("%d lines", len(lines))
	}
	for i, row := range rows[1:] {
		for column, value := range row {
			if strings.ContainsAny(value[:min(1, len(value))], "=+-@\t\r") {
				t.Errorf("line %d, %s is a formula: %q", i, header[column], value)
			}
		}
		var line struct {
			Dossier, Status, Letter string
			Codes                   []string
			Amount                  claim.Cents
			Paid                    []struct{ Amount claim.Cents }
		}
		if err := json.Unmarshal([]byte(lines[i]), &line); err != nil {
			t.Fatal(err)
		}
		total := claim.Cents(0)
		for _, p := range line.Paid {
			total += p.Amount
		}
		if line.Dossier != row[0] || line.Status != row[1] || strings.Join(line.Codes, " ") != row[2] || line.Amount.String() != row[3] || line.Letter != row[12] {
			t.Errorf("line %d: %+v, and %v in the CSV", i, line, row)
		}
		if total != line.Amount || !names[line.Letter] {
			t.Errorf("line %d: %s of %s paid, letter %s", i, line.Amount, total, line.Letter)
		}
	}
	if got := rows[1][3] + " " + rows[1][7] + " " + rows[1][8]; got != "1050.00 315.00 735.00" {
		t.Errorf("amounts %s", got)
	}
}

var tags = regexp.MustCompile(`<[^>]*>`)

// TestLetter: what the letters say, and that nothing in them is anything but
// text and our style.
func TestLetter(t *testing.T) {
	letters := map[string]string{}
	for _, output := range renderNotices(t, january(t)) {
		if strings.Contains(string(output.Data), "Secrète") {
			t.Errorf("%s names who decided", output.Name)
		}
		if filepath.Ext(output.Name) == ".html" {
			letters[output.Name[len("2024-01-15-"):][:len("LGO1-00000001")]] = string(output.Data)
		}
	}
	for dossier, want := range map[string][]string{
		"LGO1-00000001": {
			"Référence à rappeler : LGO1-00000001-96 / 15/01/2024", "OFFISOFT & FILS <SAS>", "SIRET 732\u00a0829\u00a0320\u00a000074", "PHARMACIE DE L'ÎLE & <FILS>, n° FINESS 750001018",
			"Avance A-1cd0d014c5889a01f05d", "10/01/2023 à 10:00:00,500", "315,00\u00a0€", "735,00\u00a0€", "AF §6.2, §7", "REC-01", "REC-02", "LGO-2022-001 <b> est retiré depuis le 02/01/2024",
			"Reversement envisagé : 1\u00a0050,00\u00a0€", "jusqu'au 14/02/2024 inclus", "Motif : Erreur du registre.", "aucun reversement ne vous est demandé",
		},
		"LGO1-00000002": {"ordre de reversement", "courrier du 15/12/2023", "au plus tard le 14/01/2024", "Somme à reverser : 225,00\u00a0€", "14/12/2023 à 14:00", "Le dossier est clos"},
		"LGO1-00000003": {"ordre de reversement", "Motif : Commande <annulée> ; voir \"avenant\".", "Somme à reverser : 225,00\u00a0€"},
		"LGO1-00000004": {"fin de la procédure", "courrier du 20/12/2023", "Motif : Solde retrouvé."},
	} {
		page := letters[dossier]
		read := html.UnescapeString(tags.ReplaceAllString(page, ""))
		for _, text := range want {
			if !strings.Contains(read, text) {
				t.Errorf("%s does not say %q", dossier, text)
			}
		}
		if strings.Contains(read, "{{") || strings.ContainsAny(read, "\x00\x1b\u202e") || strings.Contains(page, "<script") || strings.Contains(page, "<b>") || strings.Contains(page, "src=") || strings.Contains(page, "href=") {
			t.Errorf("%s holds what is no text of a letter", dossier)
		}
		_, style, _ := strings.Cut(page, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		sum := sha256.Sum256([]byte(style))
		policy := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'"
		if !strings.Contains(html.UnescapeString(page), `content="`+policy+`"`) {
			t.Errorf("%s: its policy does not let its style in, or lets in more", dossier)
		}
		for other := range letters {
			if other != dossier && strings.Contains(page, other) {
				t.Errorf("the letter on %s tells of %s", dossier, other)
			}
		}
	}
	if strings.Count(letters["LGO1-00000001"], "<article>") != 2 {
		t.Error("the two events of a day are not told in one letter")
	}
}

// TestNoticesOfOthers: what is another supplier's or another day's, or is not
// told, is no part of a supplier's day.
func TestNoticesOfOthers(t *testing.T) {
	for name, change := range map[string]func(*claim.Recovery){
		"another supplier's":    func(r *claim.Recovery) { r.Supplier = "55208131766522" },
		"another day's":         func(r *claim.Recovery) { r.At = r.At.AddDate(0, 0, 1) },
		"an operator's":         func(r *claim.Recovery) { r.Status = claim.Pending },
		"an observation":        func(r *claim.Recovery) { r.Status = claim.Observed },
		"settled unbeknownst":   func(r *claim.Recovery) { r.Status, r.NotifiedOn = claim.Settled, claim.Date{} },
		"the day's, at its end": func(r *claim.Recovery) { r.At = time.Date(2024, 1, 15, 23, 0, 0, 0, time.UTC) }, // the 16th in Paris
	} {
		n := january(t)
		change(&n.Events[0])
		if _, err := publish.RenderNotices(n); !errors.Is(err, publish.ErrInconsistent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestNotify: publishing again changes nothing and gives the same
// digest; what the store does not give back as it was put is an error.
func TestNotify(t *testing.T) {
	store, err := objectstore.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	n := january(t)
	first, err := publish.Notify(t.Context(), store, n)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := publish.Notify(t.Context(), store, n); err != nil || again != first {
		t.Errorf("again: %s, %v; want %s", again, err, first)
	}
	earlier := n
	earlier.Events = n.Events[:4]
	if part, err := publish.Notify(t.Context(), store, earlier); err != nil || part == first {
		t.Errorf("another day has the same digest: %s, %v", part, err)
	}
	outputs := renderNotices(t, n)
	if !slices.IsSortedFunc(outputs[:4], func(a, b publish.Output) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("letters are not in the order of their dossiers' first events")
	}
}
