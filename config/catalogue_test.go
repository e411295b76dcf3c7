package config

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// examples are values for every parameter of the texts, as long as they come
// in earnest: the rules shorten only what somebody typed at length.
var examples = map[string]string{
	"deadline": "au plus tard le 15/03/2023 à 14:00 (avance) ou le 14/12/2023 à 14:00 (solde)",
	"file":     "depot-2023-03-officines-nord.xlsx", "files": "depot-a.xlsx, depot-b.csv, depot-c.xlsx", "document": "bon-de-commande-0001-pharmacie-du-pont-neuf.pdf",
	"detail": "l'entrée « xl/worksheets/sheet1.xml » s'arrête avant sa fin", "column": "Fichier attestation TVA", "example": "LGO1-00000001-96", "nearest": "Fichier attestation de TVA",
	"value": "une valeur de trente caractères", "expected": "PHARMACIE MUTUALISTE DU PONT NEUF", "read": "PHARMAC1E MUTUAL1STE DU P0NT NEUF",
	"siret": "73282932000074", "finess": "750000017", "establishments": "750000017, 750000025, 750000033, 750000041, 750000058, 750000066, 750000074, 750000082, et 193 autres",
	"reference": "LGO-2022-000123", "received": "15/03/2023 à 14:00:00,001", "from": "01/01/2023", "until": "01/01/2023", "withdrawn": "01/01/2023", "referenced": "01/01/2023",
	"category": "620", "label": "Pharmacie d'Officine", "date": "15/03/2023", "signed": "15/03/2023 à 14:00:03", "at": "15/03/2023 à 14:00",
	"opening": "12/02/2022", "closing": "15/03/2023 à 14:00", "services_end": "20/09/2023", "final_closing": "14/12/2023 à 14:00", "late": "400 j 23 h",
	"proof": "21/12/2022 à 14:00", "days": "310", "allowed": "120", "amount": "100 000,00 €", "ceiling": "1 050,00 €", "tranche": "D",
	"max": "4096", "row": "200000", "dossier": "LGO1-00000001-96",
	"first": "la date de finalisation de la prestation, cellule L200000C256", "second": "la réception de la demande", "first_date": "15/03/2023", "second_date": "14/03/2023",
	"declared": "14/03/2023",
	"reason":   "La signature a été confirmée par téléphone auprès de la pharmacie.",
}

var placeholder = regexp.MustCompile(`\{([^{}]*)\}`)

// texts gives a rule's own text and its variants', with the remedies that the
// variants inherit, under their names.
func texts(rule Rule) map[string]Text {
	all := map[string]Text{"": rule.Text}
	maps.Copy(all, rule.Variants)
	return all
}

func TestEveryTextCanBeTold(t *testing.T) {
	used := map[string]bool{}
	for _, rule := range Rules.Rules {
		for variant := range texts(rule) {
			f := Rules.finding(claim.Advance, rule.Code, variant, examples)
			where := rule.Code + " " + variant
			if n := utf8.RuneCountInString(f.Message); n == 0 || n > 240 {
				t.Errorf("%s: message of %d characters: %s", where, n, f.Message)
			}
			if f.Remedy == "" {
				t.Errorf("%s: no remedy", where)
			}
			if strings.ContainsAny(f.Message+f.Remedy, "{}") {
				t.Errorf("%s: braces left over: %s %s", where, f.Message, f.Remedy)
			}
			for _, text := range []string{f.Message, f.Remedy} {
				if !strings.HasSuffix(text, ".") || strings.Contains(text, "  ") || strings.TrimSpace(text) != text {
					t.Errorf("%s: not a sentence: %q", where, text)
				}
			}
		}
		for _, text := range texts(rule) {
			for _, name := range placeholder.FindAllStringSubmatch(text.Message+text.Remedy, -1) {
				used[name[1]] = true
			}
			if strings.Contains(text.Message, "{deadline}") {
				t.Errorf("%s: the deadline for filing again belongs in the remedy", rule.Code)
			}
		}
	}
	for name := range examples {
		if !used[name] {
			t.Errorf("no text uses the parameter %s", name)
		}
	}
}

// TestRemediesNameTheDeadline: whoever may file again is told until when, and
// never whether that has passed.
func TestRemediesNameTheDeadline(t *testing.T) {
	nothingToFile := []string{"DOS-03", "DOS-04", "DEL-04", "REC-01", "REC-02", "REC-03", "REC-04"}
	passed := regexp.MustCompile(`étai(?:t|ent)|devai(?:t|ent)|trop tard|dépassé|n'est plus|ne sont plus`)
	for _, rule := range Rules.Rules {
		if rule.Outcome != claim.Complete && rule.Outcome != claim.Reject || slices.Contains(nothingToFile, rule.Code) {
			continue
		}
		for variant, text := range texts(rule) {
			remedy := Rules.finding(claim.Advance, rule.Code, variant, examples).Remedy
			milder := strings.Contains(text.Message, "soumise à un examen") || strings.Contains(remedy, "La demande a été examinée") // a review, a warning
			if !milder && !strings.Contains(remedy, examples["deadline"]) || passed.MatchString(remedy) {
				t.Errorf("%s %s: %s", rule.Code, variant, remedy)
			}
		}
	}
}

// TestFixedPartsLeaveRoom: where all that a supplier typed is cut to twenty
// characters, every message fits.
func TestFixedPartsLeaveRoom(t *testing.T) {
	for _, rule := range Rules.Rules {
		for variant, text := range texts(rule) {
			short := map[string]string{}
			for name := range examples {
				short[name] = strings.Repeat("x", 20)
			}
			short["deadline"] = examples["deadline"]
			f := Rules.finding(claim.Advance, rule.Code, variant, short)
			if n := utf8.RuneCountInString(f.Message); n > 240 {
				t.Errorf("%s %s: %d characters: %s", rule.Code, variant, n, text.Message)
			}
		}
	}
}

func TestTextsAreFilledOnce(t *testing.T) {
	f := Rules.finding(claim.Advance, "LIG-02", "", map[string]string{"value": "{column} {x}", "column": "E-mail", "deadline": "demain"})
	if want := "« {column} {x} » n'est pas une valeur valable pour « E-mail »."; f.Message != want {
		t.Errorf("got %q, want %q", f.Message, want)
	}
}

func TestFaultsOfTheProgramPanic(t *testing.T) {
	for name, fault := range map[string]func(){
		"code":      func() { Rules.finding(claim.Advance, "XXX-01", "", nil) },
		"variant":   func() { Rules.finding(claim.Advance, "LIG-02", "such", examples) },
		"parameter": func() { Rules.finding(claim.Advance, "LIG-02", "", nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("an unknown %s must panic", name)
				}
			}()
			fault()
		}()
	}
}

// TestSections holds the sections of the call against those that the agency
// asks for, chapter by chapter.
func TestSections(t *testing.T) {
	chapters := map[string][2]string{ // of an advance, of a balance
		"FIC": {"AF §6.1", "AF §6.2"}, "LIG": {"AF §6.1", "AF §6.2"}, "DOC": {"AF §6.1", "AF §6.2"},
		"FOU": {"AF §3.2, §4.1", "AF §3.2, §4.1"}, "BEN": {"AF §4.2", "AF §4.2"}, "CMD": {"AF §2, §4.4", "AF §2, §4.4"},
		"DEL": {"AF §2, §4.4", "AF §2, §4.4"}, "MNT": {"AF §5", "AF §5"}, "MEN": {"AF §6.1", "AF §6.1"}, "SIG": {"AF §6.1", "AF §6.2"},
		"DOS": {"AF §6.2", "AF §6.2"}, "FAC": {"AF §6.2", "AF §6.2"}, "FIN": {"AF §6.2", "AF §6.2"}, "VA-": {"AF §6.2", "AF §6.2"},
		"REC": {"AF §6.2, §7", "AF §6.2, §7"}, "REV": {"contrôle", "contrôle"},
	}
	others := map[string]string{
		"MNT-02": "ASP", "DOC-04": "ASP", "FAC-05": "ASP", "BEN-07": "contrôle", "CMD-06": "contrôle", "DOC-05": "contrôle",
		"SIG-06": "contrôle", "SIG-07": "contrôle", "SIG-08": "contrôle", "SIG-09": "contrôle",
	}
	for _, rule := range Rules.Rules {
		want, ok := chapters[rule.Code[:3]]
		if other := others[rule.Code]; other != "" {
			want, ok = [2]string{other, other}, true
		}
		got := [2]string{
			Rules.finding(claim.Advance, rule.Code, "", examples).Section,
			Rules.finding(claim.Balance, rule.Code, "", examples).Section,
		}
		if !ok || got != want {
			t.Errorf("%s: got %q, want %q", rule.Code, got, want)
		}
	}
}

// TestCatalogueIsTheContracts reads the tables of the contract's rules: each
// code is in the catalogue, in the same order, with the same outcome.
func TestCatalogueIsTheContracts(t *testing.T) {
	contract := readShared(t, "spec/3-rules.md")
	row := regexp.MustCompile(`(?m)^\| ([A-Z]{2,3}-\d\d) \|(?: (reject|complete|review|warn) \|)?`)
	type rule struct {
		Code    string
		Outcome claim.Outcome
	}
	var want []rule
	for _, match := range row.FindAllStringSubmatch(contract, -1) {
		outcome := claim.Outcome(match[2])
		if strings.HasPrefix(match[1], "MEN-") {
			outcome = claim.Complete // the table's heading says it of all
		}
		want = append(want, rule{match[1], outcome})
	}
	if len(want) < 80 {
		t.Fatalf("only %d rules were found in the contract", len(want))
	}
	var got []rule
	for _, r := range Rules.Rules {
		if !strings.HasPrefix(r.Code, "REV-") && !strings.HasPrefix(r.Code, "REC-") {
			got = append(got, rule{r.Code, r.Outcome})
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-contract +catalogue:\n%s", diff)
	}
	// Those that stand in no table.
	inText := regexp.MustCompile(`\b(?:REC|REV)-\d\d\b`).FindAllString(contract+readShared(t, "spec/6-details.md"), -1)
	for _, code := range inText {
		if !slices.ContainsFunc(Rules.Rules, func(r Rule) bool { return r.Code == code }) {
			t.Errorf("%s is missing", code)
		}
	}
	if outcome := Rules.Rule("REV-01").Outcome; outcome != claim.Accept {
		t.Errorf("REV-01: %s", outcome)
	}
}

// TestMentionsAreTheContracts compares the programme's mentions word for word.
func TestMentionsAreTheContracts(t *testing.T) {
	contract := readShared(t, "spec/3-rules.md")
	p, err := LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	for _, mention := range []string{p.Mentions.Service, p.Mentions.StateFunded, p.Mentions.Conditional} {
		if !strings.Contains(contract, "`"+mention+"`") {
			t.Errorf("the contract does not have the mention %q", mention)
		}
	}
}

// readShared reads a file of the agency's contract, which lies beside the project.
func readShared(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile("../../shared/" + name)
	if errors.Is(err, fs.ErrNotExist) && os.Getenv("CI") == "" {
		t.Skipf("the contract is not here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
