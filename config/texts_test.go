package config

import (
	"strings"
	"testing"

	"guichet/pipeline/claim"
)

// changed gives AF-PHA-LGO-Va1 with lines added at the end of its file.
func changed(t *testing.T, lines string) (*Programme, error) {
	t.Helper()
	whole, err := programmes.ReadFile("programmes/af-pha-lgo-va1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return ParseProgramme("changed", append(whole, lines...))
}

// TestAProgrammesOwnWords: what a programme says replaces what the catalogue
// says, a message, a remedy or a variant at a time, and nothing else.
func TestAProgrammesOwnWords(t *testing.T) {
	const deadline = "au plus tard le 15/03/2023 à 14:00"
	p, err := changed(t, `
texts:
  BEN-02: { remedy: "Seuls les laboratoires sont financés. Déposez la demande {deadline}." }
  MNT-01: { variants: { flat: { message: "{amount} : trop, au-delà de {ceiling}." } } }
  BEN-01: { remedy: "Un autre numéro {deadline}.", variants: { key: { message: "Clé fausse : {value}." } } }
`)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		code, variant, message, remedy string // empty: the catalogue's
	}{
		{"BEN-02", "", "", "Seuls les laboratoires sont financés. Déposez la demande " + deadline + "."},
		{"MNT-01", "", "", ""},
		{"MNT-01", "flat", "100 000,00 € : trop, au-delà de 1 050,00 €.", ""},
		{"BEN-01", "", "", "Un autre numéro " + deadline + "."},
		{"BEN-01", "key", "Clé fausse : une valeur de trente caractères.", "Un autre numéro " + deadline + "."}, // a variant without remedy has the rule's
		{"BEN-01", "legal_entity", "", ""},
		{"BEN-03", "", "", ""},
	} {
		params := map[string]string{}
		for name, value := range examples {
			params[name] = value
		}
		delete(params, "deadline")
		got := p.Finding(claim.Advance, test.code, test.variant, params)
		want := call(t).Finding(claim.Advance, test.code, test.variant, params)
		if test.message != "" {
			want.Message = test.message
		}
		if test.remedy != "" {
			want.Remedy = test.remedy
		}
		if got.Message != want.Message || got.Remedy != want.Remedy || got.Outcome != want.Outcome || got.Section != want.Section {
			t.Errorf("%s %s: got %+v, want %+v", test.code, test.variant, got, want)
		}
	}
	if own := Rules.Rule("MNT-01").Variants["flat"].Message; !strings.Contains(own, "dépasse le plafond") {
		t.Errorf("the catalogue itself has changed: %s", own)
	}
}

func TestTextsThatCannotBeTold(t *testing.T) {
	line := func(text string) string { return "texts:\n  BEN-03:\n    message: \"" + text + "\"\n" }
	for name, test := range map[string]struct{ texts, want, excerpt string }{
		"unknown code":      {"texts:\n  BEN-99: { message: Non. }\n", "texts.BEN-99: no rule has this code", "BEN-99: { message"},
		"unknown variant":   {"texts:\n  BEN-03:\n    variants:\n      late: { message: Non. }\n", "texts.BEN-03.variants.late: the rule has no such variant", "late: { message"},
		"unknown parameter": {line("La pharmacie {finess}."), "texts.BEN-03.message: the rule gives no {finess} here, only {value}, plain words", "message: \"La pharmacie {finess}"},
		"parameter of another variant": {
			"texts:\n  MNT-01:\n    variants:\n      flat:\n        message: \"Tranche {tranche}.\"\n",
			"texts.MNT-01.variants.flat.message: the rule gives no {tranche} here", "message: \"Tranche",
		},
		"a remedy that a variant inherits": {
			"texts:\n  MNT-01: { remedy: \"Tranche {tranche} {deadline}.\" }\n",
			"texts.MNT-01.variants.flat.remedy: the rule gives no {tranche} here", "MNT-01",
		},
		"deadline in a message": {line("Au plus tard {deadline}."), "the rule gives no {deadline} here", "{deadline}"},
		"brace alone":           {line("La pharmacie {value."), "a brace stands alone", "{value."},
		"too long":              {line(strings.Repeat("x", 220) + " {value}"), "texts.BEN-03.message: takes 241 characters with its parameters cut to 20; at most 240", "xxx {value}"},
		"no such key":           {"texts:\n  BEN-03: { mesage: Non. }\n", `unknown field "mesage"`, "mesage"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := changed(t, test.texts)
			if err == nil {
				t.Fatal("no error")
			}
			marked := ""
			for line := range strings.Lines(err.Error()) {
				if strings.HasPrefix(line, ">") {
					marked += line
				}
			}
			if !strings.Contains(err.Error(), test.want) || !strings.Contains(marked, test.excerpt) {
				t.Errorf("want %q and the line with %q marked:\n%v", test.want, test.excerpt, err)
			}
		})
	}
	if _, err := changed(t, line(strings.Repeat("x", 219)+" {value}")); err != nil { // 240
		t.Error(err)
	}
}

// TestAStrangerReadsNothing: DOS-02 is told in the words of DOS-01.
func TestAStrangerReadsNothing(t *testing.T) {
	p := call(t)
	params := map[string]string{"value": "LGO1-00000001-96"}
	stranger, unknown := p.Finding(claim.Balance, "DOS-02", "", params), p.Finding(claim.Balance, "DOS-01", "", params)
	if stranger.Message != unknown.Message || stranger.Remedy != unknown.Remedy || stranger.Outcome != unknown.Outcome || stranger.Section != unknown.Section {
		t.Errorf("a stranger reads %+v, want %+v", stranger, unknown)
	}
	if want := "Le numéro de dossier LGO1-00000001-96 est celui d'un autre fournisseur."; stranger.Code != "DOS-02" || stranger.Operators != want {
		t.Errorf("operators read %s %q, want DOS-02 %q", stranger.Code, stranger.Operators, want)
	}
}
