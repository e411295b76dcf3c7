package register_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"guichet/config"
	"guichet/pipeline/register"
)

func programme(tb testing.TB) *config.Programme {
	tb.Helper()
	p, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func check(tb testing.TB, files map[string]string) []register.Problem {
	tb.Helper()
	var list []register.File
	for name, data := range files {
		list = append(list, register.File{Name: name, Data: []byte(data)})
	}
	problems, _ := register.Check(list, programme(tb))
	return problems
}

// sound are registers with nothing to say against: two pharmacies, a publisher
// and its distributor.
func sound() map[string]string {
	return map[string]string{
		"finess.csv": "finess;etalab;94;2023-01-08\n" + finessRow(nil) +
			finessRow(map[int]string{1: "010005072", 3: "PHARMACIE DU LAC", 15: "01130 NANTUA", 22: "40000001400011"}),
		"outil-calcul.csv": "FINESS géographique;SIRET;Raison sociale;Code postal;Ville;Tranche\n" +
			"010003002;82487144600012;PHARMACIE DES ARCADES;01000;BOURG EN BRESSE;A\n010005072;40000001400011;PHARMACIE DU LAC;1130;NANTUA;B\n",
		"fournisseurs.csv": "SIRET;Raison sociale;Rôle;N° référencement ANS;Mandat;Enrôlé le;Radié le;Régime TVA\n" +
			"34152229000012;LOGIPHARM;EDITEUR;ANS-1;;02/06/2022;;ASSUJETTI\n40000002200014;DISTRIB;DISTRIBUTEUR;ANS-1;OUI;02/06/2022;;ASSUJETTI\n",
		"solutions.csv": "N° référencement ANS;Solution logicielle;Version;SIRET éditeur;Référencé le;Dossier complet le;Retiré le\n" +
			"ANS-1;LGO Plus;12.4;34152229000012;2022-06-01;2022-05-10 17:30;\n",
		"archivage.csv": "SIRET fournisseur;FINESS géographique;Déposé le;Empreinte SHA-256\n34152229000012;010003002;2023-02-11 00:00;\n34152229000012;010003002;2023-03-15 14:00;\n",
		"cnop.csv":      "FINESS géographique;Connecté DP\n010003002;OUI\n010005072;NON\n",
		"cnam.csv":      "FINESS géographique;Connecté EPU\n010003002;OUI\n",
	}
}

func TestCheckOfSoundRegisters(t *testing.T) {
	if problems := check(t, sound()); len(problems) > 0 {
		t.Errorf("%+v", problems)
	}
}

// TestCheck spoils sound registers, and tells what is to be found: severity,
// kind, file:line and cell, value.
func TestCheck(t *testing.T) {
	const other = "010005403" // a FINESS number with a right key that no register holds
	cases := map[string]struct {
		spoil func(f map[string]string)
		want  []string
	}{
		"every fault of every row and register": {func(f map[string]string) {
			f["outil-calcul.csv"] += "010003003;;;;;A\n" + "010003002;;;;;\n"
			replace(f, "fournisseurs.csv", "34152229000012;LOGIPHARM;EDITEUR", "34152229000013;;REVENDEUR")
			f["fournisseurs.csv"] += "34152229000012;LOGIPHARM;EDITEUR;ANS-1;;31/02/2022;;EXONERE\n"
			f["cnop.csv"] += "12;PEUT-ETRE\n"
		}, []string{
			"error finess cnop.csv:4 L4C1 12", "error yes_no cnop.csv:4 L4C2 PEUT-ETRE",
			"error siret_key fournisseurs.csv:2 L2C1 34152229000013", "error empty fournisseurs.csv:2 L2C2 ", "error role fournisseurs.csv:2 L2C3 REVENDEUR",
			"error date fournisseurs.csv:4 L4C6 31/02/2022", "error vat_regime fournisseurs.csv:4 L4C8 EXONERE",
			"error finess_key outil-calcul.csv:4 L4C1 010003003", "error empty outil-calcul.csv:5 L5C6 ",
		}},
		"missing registers": {
			func(f map[string]string) { delete(f, "finess.csv"); delete(f, "solutions.csv") },
			[]string{"error missing finess:0  ", "error missing solutions:0  "},
		},
		"two forms of one": {func(f map[string]string) { f["cnop.xlsx"] = "x" }, []string{"error twice cnop:0  "}},
		"a file that is no register": {
			func(f map[string]string) { f["cnop.csv.gz"] = "x" },
			[]string{"warning ignored cnop.csv.gz:0  "},
		},
		"columns": {func(f map[string]string) {
			replace(f, "solutions.csv", "Retiré le", "Retrait")
			replace(f, "solutions.csv", "Version", "Solution logicielle")
		}, []string{"error column_twice solutions.csv:0  ", "error column_missing solutions.csv:0  ", "error column_missing solutions.csv:0  "}},
		"a stray quote ends the reading, not the check of what is above": {func(f map[string]string) {
			f["cnam.csv"] += "010005073;OUI\n\"010003002;OUI\n"
		}, []string{"error unreadable cnam.csv:0  ", "error finess_key cnam.csv:3 L3C1 010005073"}},
		"cells without a column": {
			func(f map[string]string) { f["outil-calcul.csv"] += "010003002;;;;;A;B\n010003003;;;;;A\n" },
			[]string{"error unreadable outil-calcul.csv:4 L4C7 ", "error finess_key outil-calcul.csv:5 L5C1 010003003"},
		},
		"FINESS": {func(f map[string]string) {
			f["finess.csv"] += finessRow(map[int]string{1: "010005073"}) + "structureej;1\n" + finessRow(map[int]string{1: other, 3: `"LE LYS`}) +
				finessRow(map[int]string{18: "437"}) + finessRow(map[int]string{1: other, 2: "x"}) + finessRow(map[int]string{1: other, 18: ""}) + "x\n"
		}, []string{
			"error finess_key finess.csv:4 L4C2 010005073", "error damaged finess.csv:5  ", "error damaged finess.csv:6 L6C4 ", "error two_establishments finess.csv:7  ",
			"error finess finess.csv:8 L8C3 x", "error empty finess.csv:9 L9C19 ", "error damaged finess.csv:10  ",
		}},
		"pharmacies": {func(f map[string]string) {
			f["finess.csv"] = "finess;etalab;94;2021-01-08\n" + strings.TrimPrefix(f["finess.csv"], "finess;etalab;94;2023-01-08\n") +
				finessRow(map[int]string{1: other, 22: "40000001400011"}) + finessRow(map[int]string{1: "010005841", 22: ""})
			f["outil-calcul.csv"] += other + ";;;;;A\n"
		}, []string{"warning old finess.csv:1  2021-01-08", "warning one_siret finess.csv:4 L4C23 40000001400011", "warning no_siret finess.csv:5 L5C23 ", "warning without_tranche outil-calcul.csv:0  "}},
		"no pharmacy": {func(f map[string]string) { f["finess.csv"] = strings.ReplaceAll(f["finess.csv"], ";620;", ";610;") }, []string{
			"warning not_eligible archivage.csv:2 L2C2 010003002", "warning not_eligible archivage.csv:3 L3C2 010003002", "warning not_eligible cnam.csv:2 L2C1 010003002",
			"warning not_eligible cnop.csv:2 L2C1 010003002", "warning not_eligible cnop.csv:3 L3C1 010005072", "warning no_pharmacy finess.csv:0  ",
			"warning not_eligible outil-calcul.csv:2 L2C1 010003002", "warning not_eligible outil-calcul.csv:3 L3C1 010005072",
		}},
		"outil de calcul": {func(f map[string]string) {
			f["outil-calcul.csv"] = "FINESS géographique;SIRET;Raison sociale;Code postal;Ville;Tranche\n010003002;40000001400011;;69001;;A\n" +
				"010005072;1;;;;B\n" + other + ";;;;;C\n010002996;;;;;D\n010003002;;;;;E\n010003002;;;;;E\n"
		}, []string{
			"warning siret_differs outil-calcul.csv:2 L2C2 40000001400011", "warning postcode_differs outil-calcul.csv:2 L2C4 69001", "warning siret_key outil-calcul.csv:3 L3C2 1",
			"warning unknown_pharmacy outil-calcul.csv:4 L4C1 " + other, "warning legal_entity outil-calcul.csv:5 L5C1 010002996",
			"error two_tranches outil-calcul.csv:6  ", "error unknown_tranche outil-calcul.csv:6 L6C6 E", "error two_tranches outil-calcul.csv:7  ", "error unknown_tranche outil-calcul.csv:7 L7C6 E",
		}},
		"suppliers": {func(f map[string]string) {
			f["fournisseurs.csv"] += "40000003000017;CADUCEE;EDITEUR;ANS-9;NON;02/06/2022;;ASSUJETTI\n" + // 4
				"40000003000017;CADUCÉE;EDITEUR;ans-1;NON;01/05/2022;;NON ASSUJETTI\n" + // 5
				"40000003000017;AUTRE;DISTRIBUTEUR;ANS-1;NON;01/04/2022;01/05/2022;\n" + // 6
				"34152229000012;LOGIPHARM;DISTRIBUTEUR;ANS-1;OUI;01/01/2022;12/02/2022;ASSUJETTI\n" + // 7
				"40000002200014;DISTRIB;DISTRIBUTEUR;ANS-1;OUI;01/02/2022;01/02/2022;ASSUJETTI\n" // 8
		}, []string{
			"warning unknown_reference fournisseurs.csv:4 L4C4 ANS-9",
			"warning not_publisher fournisseurs.csv:5 L5C1 40000003000017", "warning enrolled_before_referenced fournisseurs.csv:5 L5C6 2022-05-01", "warning two_regimes fournisseurs.csv:5 L5C8 NON ASSUJETTI",
			"warning no_mandate fournisseurs.csv:6 L6C5 NON", "warning no_vat_regime fournisseurs.csv:6 L6C8 ", "warning enrolled_before_referenced fournisseurs.csv:6 L6C6 2022-04-01", "warning two_names fournisseurs.csv:6 L6C2 AUTRE",
			"warning outside_call fournisseurs.csv:7 L7C7 2022-02-12", "warning publisher_as_distributor fournisseurs.csv:7 L7C3 DISTRIBUTEUR", "warning enrolled_before_referenced fournisseurs.csv:7 L7C6 2022-01-01",
			"warning never_in_force fournisseurs.csv:8 L8C7 2022-02-01", "warning enrolled_before_referenced fournisseurs.csv:8 L8C6 2022-02-01",
		}},
		"enrolled too late": {func(f map[string]string) {
			f["solutions.csv"] = strings.Replace(f["solutions.csv"], "17:30;", "17:30;2022-12-01", 1)
			f["fournisseurs.csv"] = strings.Replace(f["fournisseurs.csv"], "02/06/2022;;ASSUJETTI\n40", "16/03/2023;;ASSUJETTI\n40", 1)
		}, []string{"warning outside_call fournisseurs.csv:2 L2C6 2023-03-16", "warning enrolled_after_withdrawn fournisseurs.csv:2 L2C6 2023-03-16"}},
		"enrolled on the day of the withdrawal": {func(f map[string]string) {
			replace(f, "solutions.csv", "17:30;", "17:30;2022-06-02")
			replace(f, "fournisseurs.csv", "ANS-1;OUI;02/06/2022", "ANS-1;OUI;01/06/2022")
		}, []string{"warning enrolled_after_withdrawn fournisseurs.csv:2 L2C6 2022-06-02"}},
		"cells of a workbook without a value": {func(f map[string]string) {
			delete(f, "cnop.csv")
			f["cnop.xlsx"] = workbook(t, []any{"FINESS géographique", "Connecté DP"}, []any{"010003002", "=A1"}, []any{"=A1", "PEUT-ETRE"}, []any{"10005072", "OUI"})
		}, []string{`error unreadable cnop.xlsx:2 "Sheet1"!B2 `, `error unreadable cnop.xlsx:3 "Sheet1"!A3 `, "error yes_no cnop.xlsx:3 B3 PEUT-ETRE"}},
		"solutions": {func(f map[string]string) {
			f["solutions.csv"] += "ANS-2;LGO Plus;12.4;40000003000017;2022-06-01;2022-06-02;2022-06-01\n" + // 3
				"ANS-3;B;1;34152229000012;;;2022-06-01\n" + // 4
				"ANS-4;C;1;34152229000012;;2022-12-21 14:01;\n" // 5
			f["fournisseurs.csv"] += "34152229000012;LOGIPHARM;EDITEUR;ANS-3;;02/06/2022;;ASSUJETTI\n34152229000012;LOGIPHARM;EDITEUR;ANS-4;;02/06/2022;;ASSUJETTI\n"
		}, []string{
			"warning enrolled_before_referenced fournisseurs.csv:4 L4C6 2022-06-02", "warning enrolled_after_withdrawn fournisseurs.csv:4 L4C6 2022-06-02", "warning enrolled_before_referenced fournisseurs.csv:5 L5C6 2022-06-02",
			"warning publisher_not_enrolled solutions.csv:3 L3C4 40000003000017", "warning dates solutions.csv:3 L3C7 2022-06-01", "warning dates solutions.csv:3 L3C6 02/06/2022", "warning one_product solutions.csv:3 L3C1 ANS-2",
			"warning dates solutions.csv:4 L4C7 2022-06-01", "warning no_proof_file solutions.csv:4 L4C6 ",
			"warning not_referenced solutions.csv:5 L5C5 ", "warning late_proof_file solutions.csv:5 L5C6 21/12/2022 à 14:01",
		}},
		"contradictions of dates and roles": {func(f map[string]string) {
			f["fournisseurs.csv"] += "34152229000012;LOGIPHARM;EDITEUR;ANS-1;;02/07/2022;;ASSUJETTI\n" +
				"40000003000017;CADUCEE;DISTRIBUTEUR;ANS-1;;02/06/2022;;ASSUJETTI\n40000003000017;CADUCEE;DISTRIBUTEUR;ANS-1;OUI;02/06/2022;01/06/2022;ASSUJETTI\n"
			f["solutions.csv"] += "ANS-1;LGO Plus;13;34152229000012;2022-06-01;2022-05-10;\n"
			f["cnop.csv"] += "010003002;NON\n"
		}, []string{
			"error connected_and_not cnop.csv:4  ", "error two_enrolments fournisseurs.csv:4  ", "error mandate fournisseurs.csv:5 L5C5 ", "error dates fournisseurs.csv:6 L6C7 2022-06-01",
			"error two_solutions solutions.csv:3  ",
		}},
		"archive": {func(f map[string]string) {
			digest := strings.Repeat("ab", 32)
			f["archivage.csv"] += "34152229000012;010003002;2023-02-10;\n34152229000012;010003002;2023-03-15 14:00:01;\n" +
				"40000003000017;" + other + ";2023-02-12;" + digest + "\n34152229000012;010003002;2023-02-12;" + digest + "\n34152229000012;010003002;;" + digest[1:] + "\n"
		}, []string{
			"warning out_of_window archivage.csv:4 L4C3 10/02/2023", "warning out_of_window archivage.csv:5 L5C3 15/03/2023 à 14:00:01",
			"warning unknown_supplier archivage.csv:6 L6C1 40000003000017", "warning unknown_pharmacy archivage.csv:6 L6C2 " + other,
			"warning one_document archivage.csv:7 L7C4 " + strings.Repeat("ab", 32), "error digest archivage.csv:8 L8C4 " + strings.Repeat("ab", 32)[1:],
		}},
		"La Poste": {func(f map[string]string) {
			// 356 000 000 12345 sums up to 29, 12346 to 30: only the latter is one.
			replace(f, "archivage.csv", "34152229000012", "35600000012346")
			replace(f, "archivage.csv", "34152229000012", "35600000012345")
		}, []string{"warning unknown_supplier archivage.csv:2 L2C1 35600000012346", "error siret_key archivage.csv:3 L3C1 35600000012345"}},
		"no cascade from a register that is cut": {func(f map[string]string) {
			f["fournisseurs.csv"] = strings.Split(f["fournisseurs.csv"], "\n")[0] + "\n\""
			f["solutions.csv"] = "x"
			f["finess.csv"] = "x"
		}, []string{"error header finess.csv:1  ", "error unreadable fournisseurs.csv:0  ", "error header solutions.csv:0  "}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			files := sound()
			c.spoil(files)
			var got []string
			for _, p := range check(t, files) {
				got = append(got, fmt.Sprintf("%s %s %s:%d %s %s", p.Severity, p.Kind, p.File, p.Line, p.Cell, p.Value))
				if p.Message == "" {
					t.Errorf("%s at %s:%d says nothing", p.Kind, p.File, p.Line)
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// workbook makes one of rows; a text that starts with = is a formula whose value
// nobody computed.
func workbook(t *testing.T, rows ...[]any) string {
	t.Helper()
	book := excelize.NewFile()
	for r, row := range rows {
		for c, value := range row {
			ref, err := excelize.CoordinatesToCellName(c+1, r+1)
			if err != nil {
				t.Fatal(err)
			}
			if formula, ok := strings.CutPrefix(fmt.Sprint(value), "="); ok {
				err = book.SetCellFormula("Sheet1", ref, formula)
			} else {
				err = book.SetCellValue("Sheet1", ref, value)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	var data bytes.Buffer
	if err := book.Write(&data); err != nil {
		t.Fatal(err)
	}
	return data.String()
}

// TestCheckOfTheRealRegister makes an outil de calcul of all pharmacies of the
// real extraction: what is odd is what measurements found.
func TestCheckOfTheRealRegister(t *testing.T) {
	files := sound()
	for _, optional := range []string{"archivage.csv", "cnop.csv", "cnam.csv"} {
		delete(files, optional)
	}
	files["finess.csv"] = string(shared(t, "finess-2021.csv.gz"))
	set := loadFINESS(t, []byte(files["finess.csv"]))
	categories := programme(t).Beneficiary.Categories
	var list strings.Builder
	list.WriteString("FINESS géographique;SIRET;Code postal;Tranche\n")
	for e := range set.Establishments() {
		if _, funded := categories[e.Category]; funded {
			fmt.Fprintf(&list, "%s;%s;%s;C\n", e.FINESS, e.SIRET, e.Postcode)
		}
	}
	files["outil-calcul.csv"] = list.String()
	counts := map[string]int{}
	for _, p := range check(t, files) {
		counts[string(p.Severity)+" "+p.Kind+" "+p.File]++
	}
	want := map[string]int{
		// 20 pharmacies without SIRET, 2 pairs with one, 2 with a wrong key, of
		// which the outil de calcul tells too.
		"warning old finess.csv": 1, "warning no_siret finess.csv": 20, "warning one_siret finess.csv": 2,
		"warning siret_key finess.csv": 2, "warning siret_key outil-calcul.csv": 2,
	}
	if diff := cmp.Diff(want, counts); diff != "" {
		t.Error(diff)
	}
}

func BenchmarkCheck(b *testing.B) {
	files := sound()
	files["finess.csv"] = string(shared(b, "finess-2021.csv.gz"))
	for b.Loop() {
		check(b, files)
	}
}
