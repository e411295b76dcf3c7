package validators

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// linesOf gives the lines of text of a document's first page.
func linesOf(facts *claim.Facts) []string {
	var lines []string
	for _, word := range facts.Pages[0].Words {
		if word.Gap == claim.GapLine {
			lines = append(lines, word.Text)
			continue
		}
		lines[len(lines)-1] += " " + word.Text
	}
	return lines
}

// rewrite changes the line of the purchase order that holds a text; without a
// new one the line is left out.
func rewrite(c *claim.Claim, holds, line string) { rewriteLine(c.Documents[0].Facts, holds, line) }

func rewriteLine(facts *claim.Facts, holds, line string) {
	lines := linesOf(facts)
	i := slices.IndexFunc(lines, func(l string) bool { return strings.Contains(l, holds) })
	if i < 0 {
		panic("no line holds " + holds)
	}
	if line == "" {
		lines = slices.Delete(lines, i, i+1)
	} else {
		lines[i] = line
	}
	facts.Pages[0] = page(lines...)
}

// assessed gives the codes of some chapters that a spoilt faultless claim has.
// Its explanation is held against them.
func assessed(spoil func(*Context, *claim.Claim), chapters ...string) (claim.Assessment, string) {
	ctx, c := faultless()
	spoil(ctx, c)
	got := Assess(ctx, c)
	explained(panicker{}, ctx, c, nil, &fakeHistory{})
	return got, codesOf(got.Findings, chapters...)
}

// TestMentions leaves each mention out, writes another, hides it: that one
// fault is told and no other. Its twin, the faultless claim, has none.
func TestMentions(t *testing.T) {
	for _, test := range []struct {
		code, holds string
		other       string // line that shows another value
		field       string
	}{
		{"MEN-01", "AF-PHA", "Appel à financement : AF-PHA-LGO-Va2", ""},
		{"MEN-02", "Date", "Date de commande : 02/09/2022", "Date commande"},
		{"MEN-03", "Régime", "Régime de TVA : NON ASSUJETTI", "Régime TVA"},
		{"MEN-04", "Montant HT", "Montant HT : 1 700,00 €", "Montant HT"},
		{"MEN-05", "Responsable", "Responsable : Mme Claire MARTINEAU", "Nom du responsable"},
		{"MEN-06", "FINESS", "FINESS : " + string(otherPharmacy), "FINESS géographique"},
		{"MEN-07", "Raison sociale", "Raison sociale : Pharmacie du Pont", "Raison sociale"},
		{"MEN-08", "Courriel", "Courriel : contact@pontneuf.fr.example.com", "E-mail"},
		{"MEN-09", "Téléphone", "Téléphone : 01 23 45 67 80", "Téléphone"},
		{"MEN-10", "Prestation", "Prestations de Ségur", ""},
		{"MEN-11", "Solution", "Solution : OffiSoft Officine version 12.4.1", "Solution logicielle"},
		{"MEN-12", "Montant pris", "Montant pris en charge par la pharmacie", ""},
	} {
		t.Run(test.code, func(t *testing.T) {
			for _, line := range []string{"", test.other} {
				got, told := assessed(func(_ *Context, c *claim.Claim) { rewrite(c, test.holds, line) }, "MEN", "DOC", "SIG")
				if told != test.code {
					t.Fatalf("with %q: %q, want %q", line, told, test.code)
				}
				f := find(t, got.Findings, test.code)
				if f.Outcome != claim.Complete || f.Section != "AF §6.1" || f.Document != "commande-0001.pdf" {
					t.Errorf("finding: %+v", f)
				}
				field := test.field
				if field == "" {
					field = "Fichier bon de commande"
				}
				if f.Field != field || f.Cell == "" || f.Value == "" {
					t.Errorf("place: %q %q %q, want field %q", f.Field, f.Cell, f.Value, field)
				}
				if slices.ContainsFunc(got.Evidence, func(e claim.Evidence) bool { return e.Rule == test.code }) {
					t.Error("evidence of what is not shown")
				}
			}
			got, told := assessed(func(_ *Context, c *claim.Claim) { hide(c.Documents[0].Facts, test.holds) }, "MEN", "DOC", "SIG")
			if told != test.code {
				t.Fatalf("hidden: %q, want %q", told, test.code)
			}
			f := find(t, got.Findings, test.code)
			if f.Outcome != claim.Review || f.Page != 1 || f.Rect == nil || !strings.Contains(f.Message, "invisible") {
				t.Errorf("hidden: %+v", f)
			}
		})
	}
}

// hide hides the line that holds a text.
func hide(facts *claim.Facts, holds string) {
	hiding := false
	lines := linesOf(facts)
	n := -1
	for i := range facts.Pages[0].Words {
		word := &facts.Pages[0].Words[i]
		if word.Gap == claim.GapLine {
			n++
			hiding = strings.Contains(lines[n], holds)
		}
		word.Hidden = hiding
	}
}

func TestEvidenceForEveryMention(t *testing.T) {
	ctx, c := faultless()
	got := Assess(ctx, c)
	var told []string
	for _, e := range got.Evidence {
		if e.Document != "commande-0001.pdf" || e.Page != 1 || e.Rect == nil || e.Text == "" {
			t.Errorf("evidence without its place: %+v", e)
		}
		told = append(told, e.Rule+" "+e.Text)
	}
	want := []string{
		"MEN-01 AF-PHA-LGO-Va1", "MEN-02 01/09/2022", "MEN-03 ASSUJETTI", "MEN-04 700,00", "MEN-05 Claire MARTIN",
		"MEN-06 " + string(thePharmacy), "MEN-07 Pharmacie du Pont Neuf", "MEN-08 contact@pontneuf.fr", "MEN-09 01 23 45 67 89",
		"MEN-10 Prestation Ségur", "MEN-11 OffiSoft Officine 12.4",
		"MEN-12 Montant pris en charge par l'Etat au titre du Ségur de la santé",
	}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	wanted := c.Documents[0].Facts.Pages[0].Words
	rect := wanted[slices.IndexFunc(wanted, func(w claim.Word) bool { return w.Text == "AF-PHA-LGO-Va1" })].Rect
	if diff := cmp.Diff(rect, *got.Evidence[0].Rect); diff != "" {
		t.Errorf("rectangle (-want +got):\n%s", diff)
	}
}

func TestEvidenceSpansLines(t *testing.T) {
	_, c := faultless()
	rewrite(c, "Prestation", "Prestation")
	facts := c.Documents[0].Facts
	facts.Pages[0] = page("Une Prestation", "Ségur")
	found, ok := lookUp(facts, phraseOf("Prestation Ségur").search())
	want := claim.Rect{40, 40, 58 + 50, 64}
	if !ok || *found.rect != want {
		t.Errorf("%v %+v, want %v", ok, found.rect, want)
	}
}

// TestWhatSilencesMentions puts a fault in a row's value: the mention that
// reads it is not asked, whatever the purchase order shows.
func TestWhatSilencesMentions(t *testing.T) {
	field := func(id claim.FieldID, state claim.FieldState) func(*Context, *claim.Claim) {
		return func(_ *Context, c *claim.Claim) { setState(c, id, state) }
	}
	tests := []struct {
		name  string
		holds string // line left out of the purchase order
		spoil func(*Context, *claim.Claim)
		want  string
	}{
		{"amount of nought", "Montant HT", func(_ *Context, c *claim.Claim) { setAmount(c, "0.00") }, ""},
		{"three decimals", "Montant HT", finer(70000), ""},
		{"wrong key", "FINESS", func(_ *Context, c *claim.Claim) { setText(c, claim.FieldFINESS, "750000018") }, ""},
		{"unknown pharmacy", "FINESS", func(ctx *Context, _ *claim.Claim) {
			delete(registers(ctx).establishments, thePharmacy)
		}, "MEN-06"},
		{"unknown solution", "Solution", func(_ *Context, c *claim.Claim) { setText(c, claim.FieldANSReference, "?") }, "MEN-11"},
		{"wrong programme", "AF-PHA", func(_ *Context, c *claim.Claim) { setText(c, claim.FieldProgramme, "AF-X") }, "MEN-01"},
		{"no programme", "AF-PHA", field(claim.FieldProgramme, claim.FieldEmpty), "MEN-01"},
	}
	for _, state := range []claim.FieldState{claim.FieldEmpty, claim.FieldBad, claim.FieldNoValue} {
		for holds, id := range map[string]claim.FieldID{
			"Date": claim.FieldOrderDate, "Régime": claim.FieldVATRegime, "Montant HT": claim.FieldAmount, "Responsable": claim.FieldManager,
			"FINESS": claim.FieldFINESS, "Raison": claim.FieldCompanyName, "Courriel": claim.FieldEmail, "Téléphone": claim.FieldPhone,
			"Solution": claim.FieldVersion,
		} {
			tests = append(tests, struct {
				name, holds string
				spoil       func(*Context, *claim.Claim)
				want        string
			}{string(state) + " " + string(id), holds, field(id, state), ""})
		}
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, told := assessed(func(ctx *Context, c *claim.Claim) {
				rewrite(c, test.holds, "")
				test.spoil(ctx, c)
			}, "MEN")
			if told != test.want {
				t.Errorf("%q, want %q", told, test.want)
			}
		})
	}
}

func TestMentionsOfTheRegisters(t *testing.T) {
	renamed := func(name string) func(*Context, *claim.Claim) {
		return func(ctx *Context, c *claim.Claim) {
			change(registers(ctx).establishments, thePharmacy, func(e *claim.Establishment) { e.Name = name })
			rewrite(c, "Raison sociale", "Raison sociale : SELARL Martin et fils")
		}
	}
	misnamed := func(line string) func(*Context, *claim.Claim) {
		return func(_ *Context, c *claim.Claim) {
			setText(c, claim.FieldSolution, "Offisoft")
			rewrite(c, "Solution", line)
		}
	}
	for _, test := range []struct {
		name  string
		spoil func(*Context, *claim.Claim)
		want  string
	}{
		{"the register's name", renamed("MARTIN ET FILS"), ""},
		{"neither name", renamed("PHARMACIE DES HALLES"), "MEN-07"},
		{"a register's name that names nobody", func(ctx *Context, c *claim.Claim) {
			renamed("PHARMACIE")(ctx, c)
			rewrite(c, "Raison sociale", "Raison sociale : Pharmacie du Lac")
		}, "MEN-07"},
		{"a name with a legal form in its middle", func(ctx *Context, c *claim.Claim) {
			renamed("PHARMACIE MARTIN - SARL ROLAND")(ctx, c)
			rewrite(c, "Raison sociale", "Raison sociale : Pharmacie Martin - SARL Roland")
		}, ""},
		{"the reference's solution", misnamed("Solution : OffiSoft Officine version 12.4"), ""},
		{"the row's solution", misnamed("Solution : Offisoft version 12.4"), ""},
		{"another solution", misnamed("Solution : Autre version 12.4"), "MEN-11"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, told := assessed(test.spoil, "MEN"); told != test.want {
				t.Errorf("%q, want %q", told, test.want)
			}
		})
	}
}

// TestConditionalMention is MEN-13.
func TestConditionalMention(t *testing.T) {
	text := theProgramme().Mentions.Conditional
	all := strings.Fields(text)
	without := func(words ...int) []string {
		kept := slices.Clone(all)
		for _, i := range slices.Backward(slices.Sorted(slices.Values(words))) {
			kept = slices.Delete(kept, i, i+1)
		}
		return []string{strings.Join(kept, " ")}
	}
	wrapped := func(words []string, n int) []string {
		var lines []string
		for chunk := range slices.Chunk(words, n) {
			lines = append(lines, strings.Join(chunk, " "))
		}
		return lines
	}
	reversed := slices.Clone(all)
	slices.Reverse(reversed)
	beside := wrapped(all, 6)
	for i := range beside {
		beside[i] += " | Signature et cachet du responsable de la pharmacie"
	}
	scattered := wrapped(all, 3)
	for i := range scattered {
		scattered[i] += " puis bien d'autres choses encore, de la même plume"
	}
	hyphened := wrapped(all, 7)
	for i, line := range hyphened {
		hyphened[i] = strings.NewReplacer("contenant", "conte- nant", "affermissement", "affermisse- ment").Replace(line)
	}
	for _, test := range []struct {
		name       string
		referenced string
		lines      []string
		want       string
	}{
		{"not owed on the day itself", "2022-09-01", nil, ""},
		{"owed the day before", "2022-09-02", nil, "MEN-13"},
		{"owed while not referenced", "", nil, "MEN-13"},
		{"whole", "2022-09-02", []string{text}, ""},
		{"wrapped", "2022-09-02", wrapped(all, 7), ""},
		{"a word a line", "2022-09-02", wrapped(all, 1), ""},
		{"capitals without accents", "2022-09-02", []string{strings.ToUpper(claim.Fold(text))}, ""},
		{"two words short", "2022-09-02", without(4, 19), ""},
		{"the first two words short", "2022-09-02", without(0, 1), ""},
		{"the last two words short", "2022-09-02", without(len(all)-1, len(all)-2), ""},
		{"four words short", "2022-09-02", without(4, 12, 20, 30), "MEN-13"},
		{"first sentence alone", "2022-09-02", []string{strings.Join(all[:12], " ")}, "MEN-13"},
		{"in another order", "2022-09-02", wrapped(reversed, 7), "MEN-13"},
		{"beside another column", "2022-09-02", beside, ""},
		{"scattered", "2022-09-02", scattered, "MEN-13"},
		{"words broken at the end of a line", "2022-09-02", strings.Split(strings.ReplaceAll(strings.Join(hyphened, "\n"), "- ", "-\n"), "\n"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, told := assessed(func(ctx *Context, c *claim.Claim) {
				change(registers(ctx).solutions, theReference, func(s *claim.Solution) { s.Referenced = day(test.referenced) })
				facts := c.Documents[0].Facts
				facts.Pages[0] = page(append(linesOf(facts), test.lines...)...)
			}, "MEN")
			if told != test.want {
				t.Errorf("%q, want %q", told, test.want)
			}
			for _, f := range got.Findings {
				checkTexts(t, f)
			}
		})
	}
	t.Run("unknown solution", func(t *testing.T) {
		if _, told := assessed(func(_ *Context, c *claim.Claim) { setText(c, claim.FieldANSReference, "?") }, "MEN"); told != "" {
			t.Error(told)
		}
	})
}
