package register_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/register"
)

// town is a FINESS register with what makes look-ups hard, and its outil de
// calcul.
func town() map[string]string {
	files := small()
	at := func(number, entity, name, place, category, label, siret string) string {
		return finessRow(map[int]string{1: number, 2: entity, 3: name, 15: place, 18: category, 19: label, 22: siret})
	}
	const pharmacy = "Pharmacie d'Officine"
	files["finess.csv"] = finessHeader +
		at("010003002", "010002996", "PHARMACIE DES ARCADES", "01000 BOURG EN BRESSE", "620", pharmacy, "82487144600012") +
		at("010005072", "010900017", "SELARL PHARMACIE DU LAC", "01130 NANTUA", "620", pharmacy, "40000001400011") +
		at("010005403", "010900017", "PHARMACIE DU LAC", "01130 NANTUA", "620", pharmacy, "") +
		at("010005841", "010900025", "PHARMACIE GARE NORD", "42000 ST ETIENNE CEDEX 2", "620", pharmacy, "40000002200014") +
		at("010002285", "010900033", "PHARMACIE MARTIN", "75001 PARIS", "620", pharmacy, "40000002200014") +
		at("010002301", "010900033", "LABORATOIRE MARTIN", "75001 PARIS", "611", "Laboratoire", "34152229000012") +
		at("010002335", "010900041", "PHARMACIE", "69001 LYON", "620", pharmacy, "00000000000001")
	files["outil-calcul.csv"] = "FINESS géographique;SIRET;Raison sociale;Code postal;Ville;Tranche\n" +
		"010003002;;;;;A\n010005072;;;;;D\n010005403;40000003000017;;;;B\n010005841;;;;;C\n010002285;;;;;C\n"
	return files
}

func TestLookup(t *testing.T) {
	set, err := load(town())
	if err != nil {
		t.Fatal(err)
	}
	directory := register.NewDirectory(set, programme(t))
	cases := map[string]struct {
		wanted     register.Wanted
		match      register.Match
		finess     string // found, or the candidates
		tranche    string
		says, hush string
	}{
		"FINESS": {register.Wanted{FINESS: "01 000 3002"}, register.Found, "010003002", "A", "Trouvé par le numéro FINESS géographique", "vérifier"},
		"FINESS without its zero": {
			register.Wanted{FINESS: "10003002", SIRET: "82487144600012", Name: "Pharmacie des Arcades", Postcode: "1000", Town: "Bourg-en-Bresse"},
			register.Found, "010003002", "A", "Trouvé par le numéro FINESS géographique", "vérifier",
		},
		"FINESS and a SIRET that nobody has":  {register.Wanted{FINESS: "010003002", SIRET: "34444605900331"}, register.Found, "010003002", "A", "le SIRET du registre est 82487144600012", ""},
		"FINESS and another's SIRET":          {register.Wanted{FINESS: "010003002", SIRET: "40000001400011"}, register.Ambiguous, "010003002 010005072", "", "désignent des établissements différents : 010003002 (PHARMACIE DES ARCADES, 01000 BOURG EN BRESSE)", ""},
		"FINESS with another name":            {register.Wanted{FINESS: "010003002", Name: "Pharmacie Dupont"}, register.Found, "010003002", "A", "BEN-05", ""},
		"FINESS with another place":           {register.Wanted{FINESS: "010003002", Name: "Arcades", Town: "Lyon"}, register.Found, "010003002", "A", "le registre situe l'établissement à 01000 BOURG EN BRESSE", ""},
		"FINESS with another name and place":  {register.Wanted{FINESS: "010003002", Name: "Pharmacie Dupont", Postcode: "69001"}, register.Ambiguous, "010003002", "", "Le nom et le lieu", ""},
		"FINESS that nobody has":              {register.Wanted{FINESS: "750001018"}, register.NotFound, "", "", "Numéro FINESS absent du registre", ""},
		"FINESS that nobody has, and a SIRET": {register.Wanted{FINESS: "750001018", SIRET: "40000001400011"}, register.Ambiguous, "010005072", "", "absent du registre, alors que le SIRET", ""},
		"wrong key, and a SIRET":              {register.Wanted{FINESS: "010003003", SIRET: "40000001400011"}, register.Found, "010005072", "D", "la clé du numéro FINESS du fichier est fausse", ""},
		"no FINESS number at all":             {register.Wanted{FINESS: "?"}, register.NotFound, "", "", "(9 caractères)", ""},
		"legal entity with one":               {register.Wanted{FINESS: "010002996"}, register.Found, "010003002", "A", "l'entité juridique, dont c'est le seul établissement", ""},
		"legal entity with two":               {register.Wanted{FINESS: "010900017"}, register.Ambiguous, "010005072 010005403", "", "Numéro FINESS d'une entité juridique ; indiquez celui de l'établissement : 010005072", ""},
		"legal entity with two, and a SIRET":  {register.Wanted{FINESS: "010900017", SIRET: "40000003000017"}, register.Found, "010005403", "B", "et par le SIRET", ""},
		"SIRET":                               {register.Wanted{SIRET: "400 000 014 00011"}, register.Found, "010005072", "D", "Trouvé par le SIRET", "outil"},
		"SIRET of the outil de calcul":        {register.Wanted{SIRET: "40000003000017"}, register.Found, "010005403", "B", "SIRET de l'outil de calcul", ""},
		"SIRET of two":                        {register.Wanted{SIRET: "40000002200014"}, register.Ambiguous, "010005841 010002285", "", "Plusieurs établissements ont ce SIRET", ""},
		"SIRET of what is not funded":         {register.Wanted{SIRET: "34152229000012"}, register.Found, "010002301", "", "catégorie 611 (Laboratoire)", "BEN-06"},
		"SIRET with a wrong key, no name":     {register.Wanted{SIRET: "34152229000013"}, register.NotFound, "", "", "14 chiffres", ""},
		"SIRET that nobody has, no name":      {register.Wanted{SIRET: "34444605900331"}, register.NotFound, "", "", "absent des registres", ""},
		"SIRET that nobody has, a name":       {register.Wanted{SIRET: "34444605900331", Name: "Arcades", Town: "Bourg en Bresse"}, register.Ambiguous, "010003002", "", "dont le SIRET est autre", ""},
		"wrong SIRET in the register":         {register.Wanted{SIRET: "00000000000001"}, register.NotFound, "", "", "14 chiffres", ""},
		"name and postcode":                   {register.Wanted{Name: "S.A.R.L. Pharmacie des Arcades", Postcode: "1000"}, register.Found, "010003002", "A", "la raison sociale et le lieu", ""},
		"name and town":                       {register.Wanted{Name: "Pharmacie Nord-Gare", Town: "Saint-Étienne"}, register.Found, "010005841", "C", "la raison sociale et le lieu", ""},
		"name, and two of it":                 {register.Wanted{Name: "Pharmacie du Lac", Postcode: "01130", Town: "Nantua"}, register.Ambiguous, "010005072 010005403", "", "Plusieurs établissements de ce nom", ""},
		"half a name":                         {register.Wanted{Name: "Pharmacie de la Gare", Postcode: "42000"}, register.Ambiguous, "010005841", "", "noms proches : 010005841", ""},
		"more than a name":                    {register.Wanted{Name: "Pharmacie Martin Durand", Postcode: "75001"}, register.Ambiguous, "010002285", "", "noms proches", ""},
		"name of a pharmacy and of another":   {register.Wanted{Name: "Martin", Postcode: "75001"}, register.Found, "010002285", "C", "", ""},
		"name of what is not funded":          {register.Wanted{Name: "Laboratoire Martin", Town: "Paris 1er arrondissement"}, register.Found, "010002301", "", "BEN-02", ""},
		"name elsewhere":                      {register.Wanted{Name: "Arcades", Postcode: "69001", Town: "Bourg en Bresse"}, register.Ambiguous, "010003002", "", "ne désignent pas le même endroit", ""},
		"name unknown there":                  {register.Wanted{Name: "Pharmacie Dupont", Postcode: "75001"}, register.NotFound, "", "", "Aucun établissement de ce nom", ""},
		"name alone":                          {register.Wanted{Name: "Pharmacie des Arcades"}, register.NotFound, "", "", "la raison sociale seule ne suffit pas", ""},
		"no name in the name":                 {register.Wanted{Name: "La Pharmacie", Postcode: "69001"}, register.NotFound, "", "", "ne distingue pas", ""},
		"not in the outil de calcul":          {register.Wanted{FINESS: "010002335"}, register.Found, "010002335", "", "BEN-06", ""},
		"nothing":                             {register.Wanted{Postcode: "75001"}, register.NotFound, "", "", "Ni numéro exploitable ni raison sociale", ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			a := directory.Find(c.wanted)
			var got []string
			for _, e := range a.Candidates {
				got = append(got, string(e.FINESS))
			}
			if a.Match == register.Found {
				got = []string{string(a.Establishment.FINESS)}
			}
			if a.Match != c.match || strings.Join(got, " ") != c.finess || a.Tranche != c.tranche {
				t.Errorf("%s %v, tranche %q; want %s %s, tranche %q: %s", a.Match, got, a.Tranche, c.match, c.finess, c.tranche, a.Text)
			}
			if !strings.Contains(a.Text, c.says) || c.hush != "" && strings.Contains(a.Text, c.hush) {
				t.Errorf("%q; want %q, not %q", a.Text, c.says, c.hush)
			}
			ceilings := map[string]claim.Cents{"A": 625_00, "B": 708_00, "C": 792_00, "D": 875_00}
			if (a.Ceiling != nil) != (c.tranche != "") || a.Ceiling != nil && a.Ceiling.ExclTax != ceilings[c.tranche] {
				t.Errorf("tranche %q, ceiling %+v", a.Tranche, a.Ceiling)
			}
		})
	}
}

// TestLookupWithOneCeiling is a call without tranches: who is not in the outil de
// calcul has the ceiling too.
func TestLookupWithOneCeiling(t *testing.T) {
	set, err := load(town())
	if err != nil {
		t.Fatal(err)
	}
	p := *programme(t)
	p.Tranches, p.Ceiling = nil, &config.Ceiling{ExclTax: 500_00, InclTax: 600_00}
	directory := register.NewDirectory(set, &p)
	for _, number := range []string{"010002335", "010003002"} {
		a := directory.Find(register.Wanted{FINESS: number})
		if a.Ceiling == nil || *a.Ceiling != *p.Ceiling || a.Tranche != "" || strings.Contains(a.Text, "BEN-06") {
			t.Errorf("%s: %+v", number, a)
		}
	}
	if a := directory.Find(register.Wanted{FINESS: "010002301"}); a.Eligible || a.Ceiling != nil {
		t.Errorf("%+v", a)
	}
}

// TestLookupNeverGuesses asks for real establishments by parts of what the
// register knows of them: an answer is that establishment, or a list that holds
// it.
func TestLookupNeverGuesses(t *testing.T) {
	files := small()
	files["finess.csv"] = string(shared(t, "finess-2021.csv.gz"))
	set, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	p := programme(t)
	directory := register.NewDirectory(set, p)
	var pharmacies []claim.Establishment
	for e := range set.Establishments() {
		if _, funded := p.Beneficiary.Categories[e.Category]; funded {
			pharmacies = append(pharmacies, e)
		}
	}
	counts := map[register.Match]int{}
	rapid.Check(t, func(t *rapid.T) {
		e := pharmacies[rapid.IntRange(0, len(pharmacies)-1).Draw(t, "row")]
		w := register.Wanted{Name: e.Name}
		switch rapid.IntRange(0, 4).Draw(t, "known") {
		case 0:
			w.FINESS = string(e.FINESS)
		case 1:
			w.SIRET = string(e.SIRET)
		case 2:
			w.Postcode = e.Postcode
		case 3:
			w.Town = strings.ToLower(e.Town)
		case 4:
			w.Postcode, w.Town = e.Postcode, e.Town
		}
		a := directory.Find(w)
		counts[a.Match]++
		switch a.Match {
		case register.Found:
			if a.Establishment != e {
				t.Errorf("%+v is taken for %+v", e, a.Establishment)
			}
		case register.Ambiguous:
			if !slices.Contains(a.Candidates, e) {
				t.Errorf("%+v is not among %+v", e, a.Candidates)
			}
		case register.NotFound:
			if w.FINESS != "" || w.SIRET != "" && e.SIRET.KeyOK() {
				t.Errorf("%+v is not found", w)
			}
		}
	})
	if counts[register.Found] < 10*(counts[register.Ambiguous]+counts[register.NotFound]) {
		t.Errorf("%v: most pharmacies can be told by name and place", counts)
	}
}

func BenchmarkLookup(b *testing.B) {
	files := small()
	files["finess.csv"] = string(shared(b, "finess-2021.csv.gz"))
	set, err := load(files)
	if err != nil {
		b.Fatal(err)
	}
	directory := register.NewDirectory(set, programme(b))
	hostile := strings.Repeat("pharmacie centre gare saint place grande ", 100)
	for b.Loop() {
		directory.Find(register.Wanted{Name: hostile, Town: "Paris"})
	}
}
