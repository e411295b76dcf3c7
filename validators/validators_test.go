package validators

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/config"
	"guichet/pipeline/claim"
)

// rowChapters are the chapters of rules that look at the row and the registers.
var rowChapters = []string{"LIG", "FOU", "BEN", "CMD", "DEL", "MNT"}

// ruleCase spoils a faultless claim and tells which codes of rowChapters it
// then has. The purchase order says what the spoilt row says.
type ruleCase struct {
	name  string
	spoil func(*Context, *claim.Claim)
	want  string
}

func runCases(t *testing.T, cases []ruleCase) {
	t.Helper()
	for _, test := range cases {
		t.Run(test.name, func(t *testing.T) {
			ctx, c := faultless()
			order := c.Documents[0].Facts
			test.spoil(ctx, c)
			if len(c.Documents) > 0 && c.Documents[0].Facts == order {
				c.Documents[0].Facts = orderFacts(c)
			}
			got := Assess(ctx, c)
			if diff := cmp.Diff(test.want, codesOf(got.Findings, rowChapters...)); diff != "" {
				t.Errorf("codes (-want +got):\n%s", diff)
			}
			for _, f := range got.Findings {
				checkTexts(t, f)
			}
			explained(t, ctx, c, nil, &fakeHistory{})
		})
	}
}

// checkTexts checks what holds of every finding's texts.
func checkTexts(t *testing.T, f claim.Finding) {
	t.Helper()
	if n := utf8.RuneCountInString(f.Message); n == 0 || n > config.MaxMessage {
		t.Errorf("%s: message of %d characters: %s", f.Code, n, f.Message)
	}
	if f.Remedy == "" || strings.ContainsAny(f.Message+f.Remedy, "{}") {
		t.Errorf("%s: %s / %s", f.Code, f.Message, f.Remedy)
	}
	if f.Cell != "" && f.Field == "" && f.Code != "FIC-09" { // a column that is none of ours
		t.Errorf("%s: cell %s without the column's label", f.Code, f.Cell)
	}
}

// TestFindingNamesItsPlace looks at one finding whole.
func TestFindingNamesItsPlace(t *testing.T) {
	ctx, c := faultless()
	setAmount(c, "708.01")
	got := find(t, Assess(ctx, c).Findings, "MNT-01")
	got.Params = nil
	want := claim.Finding{
		Code: "MNT-01", Outcome: claim.Complete, Section: "AF §5",
		Field: "Montant HT", Cell: "F2", Value: "708,01",
		Message: "Le montant HT 708,01\u00a0€ dépasse le plafond de la tranche B de la pharmacie : 708,00\u00a0€ HT.",
		Remedy:  "Faites établir un bon de commande d'au plus 708,00\u00a0€ HT, corrigez la ligne, puis déposez la demande au plus tard le 15/03/2023 à 14:00.",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestDeadlines(t *testing.T) {
	ctx, _ := faultless()
	for kind, want := range map[claim.Kind]string{
		claim.Advance:    "au plus tard le 15/03/2023 à 14:00",
		claim.Balance:    "au plus tard le 14/12/2023 à 14:00",
		claim.Completion: "au plus tard le 20/09/2023",
		"":               "au plus tard le 15/03/2023 à 14:00 (avance) ou le 14/12/2023 à 14:00 (solde)",
	} {
		if got := ctx.Programme.Finding(kind, "REV-02", "", params{"reason": "Non."}).Remedy; got != "Une nouvelle demande est recevable "+want+"." {
			t.Errorf("%q: got %q, want %q", kind, got, want)
		}
	}
}

func TestCellsStandInOrder(t *testing.T) {
	ordered := []string{"", "A1", "B1", "Z1", "AA1", "A2", "B2", "L4", "C10", "AB10"}
	for i, a := range ordered {
		for j, b := range ordered {
			if got, want := compareCells(a, b), sign(i-j); got != want {
				t.Errorf("%q against %q: got %d, want %d", a, b, got, want)
			}
		}
	}
	csv := []string{"L2C1", "L2C2", "L2C10", "L4C1", "L10C1"}
	for i, a := range csv {
		for j, b := range csv {
			if got, want := compareCells(a, b), sign(i-j); got != want {
				t.Errorf("%q against %q: got %d, want %d", a, b, got, want)
			}
		}
	}
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	}
	return 0
}

func TestSort(t *testing.T) {
	got := []claim.Finding{
		{Code: "MNT-01"},
		{Code: "LIG-02", Cell: "AA2"},
		{Code: "LIG-02", Cell: "C2", Value: "b"},
		{Code: "CMD-05"},
		{Code: "CMD-06"},
		{Code: "LIG-02", Cell: "C2", Value: "a"},
		{Code: "LIG-01", Cell: "Z2"},
	}
	Sort(got)
	want := []claim.Finding{
		{Code: "LIG-01", Cell: "Z2"},
		{Code: "LIG-02", Cell: "C2", Value: "a"},
		{Code: "LIG-02", Cell: "C2", Value: "b"},
		{Code: "LIG-02", Cell: "AA2"},
		{Code: "CMD-06"},
		{Code: "CMD-05"},
		{Code: "MNT-01"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestMessagesStayShort fills every field with a whole cell's text.
func TestMessagesStayShort(t *testing.T) {
	long := strings.Repeat("très long ", 400)
	for _, state := range []claim.FieldState{claim.FieldOK, claim.FieldBad} {
		ctx, c := faultless()
		registers(ctx).solutions[long] = claim.Solution{ANSReference: long, Name: "x" + long, Version: "y" + long}
		for _, column := range config.TemplateOf(c.Kind).Columns {
			field := claim.Field{State: state, Cell: cellOf(c.Kind, column.ID), Raw: long}
			if state == claim.FieldOK {
				field.Text = long
			}
			c.Row.Fields[column.ID] = field
		}
		findings := Assess(ctx, c).Findings
		if len(findings) == 0 {
			t.Fatal("no findings")
		}
		for _, f := range findings {
			checkTexts(t, f)
		}
		if state == claim.FieldBad {
			if f := findings[0]; f.Value != long {
				t.Errorf("the finding's value must be the whole cell, and has %d bytes", len(f.Value))
			}
		}
	}
}

// TestAssessIsPure judges claims with any fields in any state twice, in two
// processes' order of maps, and looks whether the claim is as it was.
func TestAssessIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx, c := faultless()
		c.Kind = rapid.SampledFrom([]claim.Kind{claim.Advance, claim.Balance, claim.Completion}).Draw(t, "kind")
		for _, column := range config.TemplateOf(c.Kind).Columns {
			states := []claim.FieldState{claim.FieldAbsent, claim.FieldEmpty, claim.FieldOK, claim.FieldOK, claim.FieldBad, claim.FieldNoValue}
			field := claim.Field{State: rapid.SampledFrom(states).Draw(t, "state of "+column.Label), Cell: cellOf(c.Kind, column.ID)}
			if field.State == claim.FieldBad || field.State == claim.FieldOK {
				field.Raw = rapid.String().Draw(t, "raw")
				field.Why = rapid.SampledFrom([]string{"", "date", "too_long", "lost_digits", "no such word"}).Draw(t, "why")
			}
			if kept := c.Row.Field(column.ID); field.State == claim.FieldOK {
				field.Text, field.Date, field.Amount = kept.Text, kept.Date, kept.Amount
				if rapid.Bool().Draw(t, "other value") {
					field.Text = rapid.String().Draw(t, "text")
					field.Amount.Cents = claim.Cents(rapid.Int64().Draw(t, "cents"))
					field.Date = day("2022-02-12").AddDays(rapid.IntRange(-1000, 1000).Draw(t, "days"))
				}
			}
			c.Row.Fields[column.ID] = field
		}
		c.ReceivedAt = paris("2022-02-12").AddDate(0, 0, rapid.IntRange(-10, 700).Draw(t, "reception"))
		before := asJSON(t, c)
		first, second := Assess(ctx, c), Assess(ctx, c)
		if diff := cmp.Diff(first, second); diff != "" {
			t.Fatalf("two answers for one claim:\n%s", diff)
		}
		if diff := cmp.Diff(before, asJSON(t, c)); diff != "" {
			t.Fatalf("the claim was changed:\n%s", diff)
		}
		sorted := append([]claim.Finding(nil), first.Findings...)
		Sort(sorted)
		if diff := cmp.Diff(sorted, first.Findings); diff != "" {
			t.Fatalf("findings out of order:\n%s", diff)
		}
		for _, f := range first.Findings {
			if n := utf8.RuneCountInString(f.Message); n == 0 || n > config.MaxMessage {
				t.Fatalf("%s: message of %d characters", f.Code, n)
			}
		}
	})
}

func asJSON(t *rapid.T, v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
