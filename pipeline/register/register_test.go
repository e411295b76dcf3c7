package register_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/register"
)

func TestLoad(t *testing.T) {
	files := small()
	files["archivage.csv"] = "SIRET fournisseur;FINESS géographique;Déposé le\n34152229000012;10003002;2023-02-11 00:00\n"
	files["cnop.csv"] = "FINESS géographique,Connecté DP\n010003002,OUI\n"
	files["cnam.csv"] = "finess geographique\tCONNECTE EPU\n010003002\tnon\n"
	files["notes.txt"] = "to do"
	set, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, info := range set.Infos() {
		names = append(names, info.Name)
		if info.Rows != 1 || len(info.SHA256) != 64 {
			t.Errorf("%+v", info)
		}
	}
	if diff := cmp.Diff([]string{"archivage.csv", "cnam.csv", "cnop.csv", "finess.csv", "fournisseurs.csv", "outil-calcul.csv", "solutions.csv"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"notes.txt"}, set.Ignored()); diff != "" {
		t.Error(diff)
	}
	if tranche, ok := set.Tranche("010003002"); !ok || tranche != "A" {
		t.Errorf("tranche %q", tranche)
	}
	if _, ok := set.Tranche("010005072"); ok {
		t.Error("a pharmacy that is not there has a tranche")
	}
	day := func(y int, m time.Month, d int) claim.Date { return claim.Date{Year: y, Month: m, Day: d} }
	if diff := cmp.Diff([]claim.Enrolment{{
		Supplier: "34152229000012", Name: "LOGIPHARM", ANSReference: "ANS-1", From: day(2022, 2, 1), VATRegime: claim.LiableToVAT,
	}}, set.Enrolments("34152229000012")); diff != "" {
		t.Error(diff)
	}
	solution, ok := set.Solution(" ans-1")
	if !ok || solution.Name != "LGO Plus" || solution.Version != "12.4" || solution.Publisher != "34152229000012" ||
		solution.Referenced != day(2022, 6, 1) || !solution.Withdrawn.IsZero() ||
		solution.ProofFile.French() != "10/05/2022 à 17:30" {
		t.Errorf("%+v", solution)
	}
	deposits := set.Deposits("010003002")
	if len(deposits) != 1 || deposits[0].Supplier != "34152229000012" || deposits[0].At.French() != "11/02/2023 à 00:00" || deposits[0].SHA256 != "" {
		t.Errorf("%+v", deposits)
	}
	if yes, listed := set.ConnectedDP("010003002"); !yes || !listed {
		t.Error("CNOP: OUI is not read")
	}
	if yes, listed := set.ConnectedEPU("010003002"); yes || !listed {
		t.Error("CNAM: NON is not read")
	}
	if _, listed := set.ConnectedEPU("010005072"); listed {
		t.Error("CNAM: not listed is unknown")
	}
}

// TestWorkbook reads a register as a spreadsheet writes it: numbers without
// their zeros, days and times as serials.
func TestWorkbook(t *testing.T) {
	book := excelize.NewFile()
	rows := [][]any{
		{"Archivage, extraction"},
		{"Déposé le", "SIRET fournisseur", "FINESS géographique", "Empreinte SHA-256"},
		{time.Date(2023, 2, 11, 9, 30, 15, 0, time.UTC), 34152229000012, 10003002, strings.Repeat("AB", 32)},
		{time.Date(2023, 2, 12, 0, 0, 0, 0, time.UTC), "341 522 290 00012", "01 000 3002", nil},
	}
	for i, row := range rows {
		if err := book.SetSheetRow("Sheet1", "B"+string(rune('3'+i)), &row); err != nil {
			t.Fatal(err)
		}
	}
	var data bytes.Buffer
	if err := book.Write(&data); err != nil {
		t.Fatal(err)
	}
	files := small()
	files["archivage.xlsx"] = data.String()
	set, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range set.Deposits("010003002") {
		got = append(got, string(d.Supplier)+" "+d.At.French()+" "+d.SHA256)
	}
	want := []string{"34152229000012 11/02/2023 à 09:30:15 " + strings.Repeat("ab", 32), "34152229000012 12/02/2023 "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHarmless(t *testing.T) {
	cases := map[string]func(files map[string]string){
		"equal duplicates": func(f map[string]string) {
			f["outil-calcul.csv"] += "010003002;;;;;A\n"
			f["fournisseurs.csv"] += "34152229000012;LOGIPHARM;éditeur;ANS-1;;01/02/2022;;Assujetti\n"
			f["solutions.csv"] += "ANS-1;LGO Plus;12.4;34152229000012;01/06/2022;10/05/2022 17:30;\n"
			f["finess.csv"] += finessRow(nil)
		},
		"struck off and enrolled again": func(f map[string]string) {
			f["fournisseurs.csv"] = strings.Replace(f["fournisseurs.csv"], "01/02/2022;;", "01/02/2022;01/05/2022;", 1) +
				"34152229000012;LOGIPHARM;DISTRIBUTEUR;ANS-1;OUI;01/05/2022;;ASSUJETTI\n"
		},
		"geolocation rows, no SIRET, wrong SIRET, CRLF, quotes escaped twice": func(f map[string]string) {
			f["finess.csv"] += finessRow(map[int]string{1: "010005072", 22: ""}) +
				"geolocalisation;010005072;857391.6;6548871.2;2,ATLASANTE,68,IGN,BD_ADRESSE,V2.2,LAMBERT_93;2021-01-05\r\n" +
				finessRow(map[int]string{1: "010005403", 3: `"""""LE ""; LYS"""""`, 22: "12345678901234"})
		},
		"empty days of a solution": func(f map[string]string) {
			f["solutions.csv"] += "ANS-2;Autre;1;34152229000012;;;\n"
		},
	}
	for name, change := range cases {
		t.Run(name, func(t *testing.T) {
			files := small()
			change(files)
			if _, err := load(files); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestFaults(t *testing.T) {
	cases := []struct {
		name   string
		change func(files map[string]string)
		want   []string // parts of the message
	}{
		{"required one missing", func(f map[string]string) { delete(f, "solutions.csv") }, []string{"solutions: required", "solutions.csv or solutions.xlsx"}},
		{"all missing are told", func(f map[string]string) { clear(f) }, []string{"finess: required", "outil-calcul: required", "fournisseurs: required", "solutions: required"}},
		{"packed FINESS", func(f map[string]string) { f["finess.csv.gz"] = "x"; delete(f, "finess.csv") }, []string{`"finess.csv.gz" is not read`}},
		{"FINESS as workbook", func(f map[string]string) { f["finess.xlsx"] = "x"; delete(f, "finess.csv") }, []string{`"finess.xlsx" is not read`}},
		{"two forms", func(f map[string]string) { f["outil-calcul.xlsx"] = "x" }, []string{"outil-calcul: there are both", "keep one"}},
		{"optional one unreadable", func(f map[string]string) { f["cnop.csv"] = "FINESS géographique;Connecté DP\n\"010003002;OUI\n" }, []string{"cnop.csv", "ligne 2"}},
		{"no rows", func(f map[string]string) {
			f["outil-calcul.csv"] = "FINESS géographique;SIRET;Raison sociale;Code postal;Ville;Tranche\n"
		}, []string{"outil-calcul.csv", "no row"}},
		{"empty file", func(f map[string]string) { f["outil-calcul.csv"] = "" }, []string{"outil-calcul.csv", "vide"}},
		{"no header", func(f map[string]string) { f["solutions.csv"] = "a;b\nc;d\n" }, []string{"solutions.csv", "first 20 rows", "Dossier complet le"}},
		{"column missing", func(f map[string]string) { replace(f, "solutions.csv", "Retiré le", "Retrait") }, []string{"solutions.csv", "Retiré le", "unmatched"}},
		{"column twice", func(f map[string]string) { replace(f, "outil-calcul.csv", "Ville", "tranche") }, []string{"outil-calcul.csv", "repeated header name: Tranche"}},
		{"FINESS key", func(f map[string]string) { replace(f, "outil-calcul.csv", "010003002", "010003003") }, []string{"outil-calcul.csv", "line 2", `"FINESS géographique"`, "L2C1", "010003003", "wrong key"}},
		{"SIRET key", func(f map[string]string) { replace(f, "fournisseurs.csv", "34152229000012", "34152229000013") }, []string{"fournisseurs.csv", "line 2", `"SIRET"`, "wrong key"}},
		{"lost digits", func(f map[string]string) { replace(f, "fournisseurs.csv", "34152229000012", "3,41522E+13") }, []string{"dropped digits", "format the column as text"}},
		{"unknown role", func(f map[string]string) { replace(f, "fournisseurs.csv", "EDITEUR", "REVENDEUR") }, []string{"line 2", `"Rôle"`, "REVENDEUR", "neither EDITEUR nor DISTRIBUTEUR"}},
		{"distributor without word on its mandate", func(f map[string]string) { replace(f, "fournisseurs.csv", "EDITEUR", "DISTRIBUTEUR") }, []string{"line 2", `"Mandat"`}},
		{"bad day", func(f map[string]string) { replace(f, "fournisseurs.csv", "01/02/2022", "31/02/2022") }, []string{"line 2", `"Enrôlé le"`, "31/02/2022"}},
		{"mistyped year", func(f map[string]string) { replace(f, "fournisseurs.csv", "01/02/2022", "01/02/0222") }, []string{"line 2", "1990"}},
		{"no day", func(f map[string]string) { replace(f, "fournisseurs.csv", "01/02/2022", "") }, []string{"line 2", `"Enrôlé le"`, "empty"}},
		{"struck off before enrolled", func(f map[string]string) { replace(f, "fournisseurs.csv", "01/02/2022;", "01/02/2022;31/01/2022") }, []string{"line 2", "before"}},
		{"unknown regime", func(f map[string]string) { replace(f, "fournisseurs.csv", ";ASSUJETTI", ";EXONERE") }, []string{"line 2", `"Régime TVA"`, "NON ASSUJETTI"}},
		{"two tranches", func(f map[string]string) { f["outil-calcul.csv"] += "\n10003002;;;;;B\n" }, []string{"line 4 contradicts line 2", "010003002", "keep"}},
		{"two roles at one time", func(f map[string]string) {
			f["fournisseurs.csv"] += "34152229000012;LOGIPHARM;DISTRIBUTEUR;ans-1;OUI;01/05/2022;;ASSUJETTI\n"
		}, []string{"line 3 contradicts line 2"}},
		{"two solutions", func(f map[string]string) { f["solutions.csv"] += "Ans-1;LGO Plus;13;34152229000012;;;\n" }, []string{"line 3 contradicts line 2"}},
		{"connected and not", func(f map[string]string) {
			f["cnam.csv"] = "FINESS géographique;Connecté EPU\n010003002;OUI\n010003002;NON\n"
		}, []string{"cnam.csv", "line 3 contradicts line 2"}},
		{"connected or what", func(f map[string]string) {
			f["cnam.csv"] = "FINESS géographique;Connecté EPU\n010003002;\n"
		}, []string{"cnam.csv", "line 2", "OUI or NON"}},
		{"bad digest", func(f map[string]string) {
			f["archivage.csv"] = "SIRET fournisseur;FINESS géographique;Déposé le;Empreinte SHA-256\n34152229000012;010003002;2023-02-11;abc\n"
		}, []string{"archivage.csv", "line 2", "SHA-256"}},
		{"deposit without time", func(f map[string]string) {
			f["archivage.csv"] = "SIRET fournisseur;FINESS géographique;Déposé le;Empreinte SHA-256\n34152229000012;010003002;;\n"
		}, []string{"archivage.csv", "line 2", "Déposé le"}},
		{"cells without a column", func(f map[string]string) { f["outil-calcul.csv"] += "010003002;;;;;A;B\n" }, []string{"outil-calcul.csv", "ligne 3"}},
		{"UTF-16", func(f map[string]string) { f["solutions.csv"] = "\xff\xfeN\x00" }, []string{"solutions.csv", "UTF-16"}},
		{"FINESS without its first line", func(f map[string]string) { replace(f, "finess.csv", finessHeader, "") }, []string{"finess.csv", "finess;etalab"}},
		{"FINESS cut off", func(f map[string]string) { f["finess.csv"] = strings.TrimSuffix(f["finess.csv"], ";\n") }, []string{"line 2", "31 cells instead of 32"}},
		{"FINESS with a lost quote", func(f map[string]string) { f["finess.csv"] += finessRow(map[int]string{1: "010005072", 3: `"LE LYS`}) }, []string{"line 3", "column 4", "quote"}},
		{"FINESS with text behind a quote", func(f map[string]string) { f["finess.csv"] += finessRow(map[int]string{1: "010005072", 3: `"LE" LYS`}) }, []string{"line 3", "column 4", "quote"}},
		{"FINESS with another row", func(f map[string]string) { f["finess.csv"] += "structureej;1\n" }, []string{"line 3", "structureej"}},
		{"FINESS with a wrong key", func(f map[string]string) { f["finess.csv"] += finessRow(map[int]string{1: "010005073"}) }, []string{"line 3", "nofinesset", "010005073"}},
		{"FINESS with a bad legal entity", func(f map[string]string) { f["finess.csv"] += finessRow(map[int]string{1: "010005072", 2: "x"}) }, []string{"line 3", "nofinessej"}},
		{"FINESS without category", func(f map[string]string) { f["finess.csv"] += finessRow(map[int]string{1: "010005072", 18: ""}) }, []string{"line 3", "categetab"}},
		{"FINESS with two of one number", func(f map[string]string) { f["finess.csv"] += finessRow(map[int]string{18: "437"}) }, []string{"line 3", "contradicts line 2"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			files := small()
			c.change(files)
			_, err := load(files)
			if !errors.Is(err, register.ErrRegister) {
				t.Fatalf("got %v", err)
			}
			for _, part := range c.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not say %q", err, part)
				}
			}
		})
	}
}

func replace(files map[string]string, name, old, with string) {
	files[name] = strings.Replace(files[name], old, with, 1)
}

func TestCheckTranches(t *testing.T) {
	programme, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	files := small()
	files["outil-calcul.csv"] += "010005072;;;;;D\n"
	set, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	if err := set.CheckTranches(programme); err != nil {
		t.Error(err)
	}
	files["outil-calcul.csv"] += "010005403;;;;;E\n"
	if set, err = load(files); err != nil {
		t.Fatal(err)
	}
	if err := set.CheckTranches(programme); !errors.Is(err, register.ErrRegister) || !strings.Contains(err.Error(), `outil-calcul.csv: line 4: the programme af-pha-lgo-va1 has no tranche "E"`) {
		t.Errorf("%v", err)
	}
}
