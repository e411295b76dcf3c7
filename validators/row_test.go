package validators

import (
	"strings"
	"testing"

	"guichet/config"
	"guichet/pipeline/claim"
)

func TestRow(t *testing.T) {
	var cases []ruleCase
	spoil := func(id claim.FieldID, state claim.FieldState) func(*Context, *claim.Claim) {
		return func(_ *Context, c *claim.Claim) { setState(c, id, state) }
	}
	for _, column := range config.TemplateOf(claim.Advance).Columns {
		empty := "LIG-01"
		if column.Optional {
			empty = ""
		}
		cases = append(
			cases,
			ruleCase{"empty " + column.Label, spoil(column.ID, claim.FieldEmpty), empty},
			ruleCase{"bad " + column.Label, spoil(column.ID, claim.FieldBad), "LIG-02"},
			ruleCase{"no value " + column.Label, spoil(column.ID, claim.FieldNoValue), "LIG-04"},
			ruleCase{"absent " + column.Label, func(_ *Context, c *claim.Claim) { delete(c.Row.Fields, column.ID) }, empty},
		)
	}
	cases = append(
		cases,
		ruleCase{"other call", func(_ *Context, c *claim.Claim) { setText(c, claim.FieldProgramme, "AF-PHA-LGO-Va2") }, "LIG-03"},
		ruleCase{"call in other letters", func(_ *Context, c *claim.Claim) { setText(c, claim.FieldProgramme, "af‑pha‑lgo‑VA1") }, ""},
		ruleCase{"all at once", func(_ *Context, c *claim.Claim) {
			setState(c, claim.FieldEmail, claim.FieldEmpty)
			setState(c, claim.FieldPhone, claim.FieldBad)
			setState(c, claim.FieldOrderDate, claim.FieldNoValue)
			setText(c, claim.FieldProgramme, "AF-X")
			setAmount(c, "0.00")
		}, "LIG-01 LIG-02 LIG-03 LIG-04 MNT-02"},
	)
	runCases(t, cases)
}

func TestUnreadableValuesAreToldInTheirOwnWords(t *testing.T) {
	for _, test := range []struct {
		field     claim.FieldID
		why, want string // want: in the message
	}{
		{claim.FieldOrderDate, "", "n'est pas une date lisible"},
		{claim.FieldOrderDate, "date_range", "hors de la période admise"},
		{claim.FieldAmount, "", "n'est pas un montant"},
		{claim.FieldFINESS, "", "n'est pas un numéro FINESS"},
		{claim.FieldFINESS, "lost_digits", "Le tableur a perdu des chiffres de « FINESS géographique »"},
		{claim.FieldSupplier, "", "n'est pas un SIRET"},
		{claim.FieldSupplier, "siret_key", "clé de contrôle est fausse"},
		{claim.FieldEmail, "", "n'est pas une adresse de courriel"},
		{claim.FieldPhone, "", "n'est pas un numéro de téléphone"},
		{claim.FieldVATRegime, "", "n'est pas un régime de TVA"},
		{claim.FieldOrderFile, "", "n'est pas un nom de fichier PDF"},
		{claim.FieldOrderRef, "too_long", "trop longue : 64 caractères au plus"},
		{claim.FieldManager, "error_value", "contient une erreur du tableur : « #N/A »"},
		{claim.FieldManager, "", "« #N/A » n'est pas une valeur valable pour « Nom du responsable »"},
		{claim.FieldManager, "some new reason", "« #N/A » n'est pas une valeur valable pour « Nom du responsable »"},
	} {
		ctx, c := faultless()
		setState(c, test.field, claim.FieldBad)
		field := c.Row.Fields[test.field]
		field.Raw, field.Why = "#N/A", test.why
		c.Row.Fields[test.field] = field
		got := find(t, Assess(ctx, c).Findings, "LIG-02")
		if !strings.Contains(got.Message, test.want) {
			t.Errorf("%s, %q: got %q, want it to say %q", test.field, test.why, got.Message, test.want)
		}
		checkTexts(t, got)
		if got.Cell != field.Cell || got.Value != "#N/A" || got.Field == "" {
			t.Errorf("place: %q %q %q", got.Field, got.Cell, got.Value)
		}
	}
}

func TestRowOfLaterKinds(t *testing.T) {
	ctx, c := faultless()
	c.Kind, c.Documents = claim.Balance, nil
	if got, want := codes(Assess(ctx, c).Findings), "LIG-01 LIG-01 LIG-01 LIG-01 LIG-01 LIG-01"; got != want {
		t.Errorf("a balance without its values: got %q, want %q", got, want)
	}
	declaration := func(nature string) *claim.Claim {
		_, c := faultless()
		c.Kind, c.Documents, c.Row.Fields = claim.Completion, nil, map[claim.FieldID]claim.Field{}
		setText(c, claim.FieldSupplier, string(theSupplier))
		setText(c, claim.FieldDossier, "LGO1-00000001-96")
		setText(c, claim.FieldEndFile, "fin.pdf")
		setState(c, claim.FieldCompletedOn, claim.FieldEmpty)
		if nature != "" {
			setText(c, claim.FieldNature, nature)
		}
		return c
	}
	for nature, want := range map[string]string{"": "LIG-01", "ACHEVEMENT": "LIG-01", "INCAPACITE": ""} {
		if got := codesOf(Assess(ctx, declaration(nature)).Findings, rowChapters...); got != want {
			t.Errorf("nature %q: got %q, want %q", nature, got, want)
		}
	}
}
