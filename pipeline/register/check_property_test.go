package register_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"guichet/pipeline/register"
)

// spoiling changes a row of a register, given as its cells.
type spoiling struct {
	name  string
	file  string
	stops bool // a run does
	spoil func(t *rapid.T, cells []string)
}

// column changes one cell into one of some values.
func column(i int, values ...string) func(*rapid.T, []string) {
	return func(t *rapid.T, cells []string) { cells[i] = rapid.SampledFrom(values).Draw(t, "value") }
}

var spoilings = []spoiling{
	{"FINESS key", "finess.csv", true, column(1, "010003003", "", "1")},
	{"legal entity", "finess.csv", true, column(2, "", "x")},
	{"legal entity's key", "finess.csv", false, column(2, "010002997")},
	{"category", "finess.csv", true, column(18, "")},
	{"not funded", "finess.csv", false, column(18, "610")},
	{"SIRET of FINESS", "finess.csv", false, column(22, "", "1", "34152229000013")},
	{"no name", "finess.csv", false, column(3, "")},
	{"pharmacy's number", "outil-calcul.csv", true, column(0, "010003003", "", "01000300", "1,0003E+07")},
	{"pharmacy unknown", "outil-calcul.csv", false, column(0, "750001018")},
	{"SIRET of the list", "outil-calcul.csv", false, column(1, "34152229000012", "x", "1")},
	{"postcode of the list", "outil-calcul.csv", false, column(3, "x", "75001")},
	{"tranche", "outil-calcul.csv", true, column(5, "", "E", "A B")},
	{"supplier", "fournisseurs.csv", true, column(0, "34152229000013", "", "3,41522E+13", "35600000012345")},
	{"supplier's name", "fournisseurs.csv", true, column(1, "")},
	{"role", "fournisseurs.csv", true, column(2, "", "REVENDEUR")},
	{"reference", "fournisseurs.csv", true, column(3, "", " ")},
	{"reference unknown", "fournisseurs.csv", false, column(3, "ANS-999")},
	{"mandate", "fournisseurs.csv", true, column(4, "PEUT-ETRE")},
	{"from", "fournisseurs.csv", true, column(5, "", "31/02/2022", "01/01/0022", "hier")},
	{"from when", "fournisseurs.csv", false, column(5, "01/01/2021", "2024-01-01")},
	{"until", "fournisseurs.csv", true, column(6, "01/01/2000")},
	{"regime", "fournisseurs.csv", true, column(7, "EXONERE")},
	{"no regime", "fournisseurs.csv", false, column(7, "")},
	{"solution's reference", "solutions.csv", true, column(0, "")},
	{"publisher", "solutions.csv", true, column(3, "", "34152229000013", "1")},
	{"publisher unknown", "solutions.csv", false, column(3, "40000003000017")},
	{"referenced", "solutions.csv", true, column(4, "2022-13-01", "x")},
	{"not referenced", "solutions.csv", false, column(4, "", "2024-01-01")},
	{"proof file", "solutions.csv", true, column(5, "2022-05-10 25:00")},
	{"no proof file", "solutions.csv", false, column(5, "", "2023-05-10")},
	{"withdrawn", "solutions.csv", false, column(6, "2021-01-01", "2023-01-01")},
	{"depositor", "archivage.csv", true, column(0, "34152229000013")},
	{"depositor unknown", "archivage.csv", false, column(0, "40000003000017", "35600000012346")},
	{"deposit", "archivage.csv", true, column(2, "", "bientôt")},
	{"deposit's day", "archivage.csv", false, column(2, "2022-01-01", "15/03/2023")},
	{"digest", "archivage.csv", true, column(3, "abc")},
	{"connected", "cnop.csv", true, column(1, "", "PEUT-ETRE")},
	{"connected unknown", "cnop.csv", false, column(0, "750001018")},
}

// registers draws sound registers of some rows each, as cells: no row stands
// alone, so that no register is empty.
func registers(t *rapid.T) map[string][][]string {
	pharmacies := []string{"010003002", "010005072", "010005403", "010005841"}
	files := map[string][][]string{
		"outil-calcul.csv": {strings.Split("FINESS géographique;SIRET;Raison sociale;Code postal;Ville;Tranche", ";")},
		"fournisseurs.csv": {strings.Split("SIRET;Raison sociale;Rôle;N° référencement ANS;Mandat;Enrôlé le;Radié le;Régime TVA", ";")},
		"solutions.csv":    {strings.Split("N° référencement ANS;Solution logicielle;Version;SIRET éditeur;Référencé le;Dossier complet le;Retiré le", ";")},
		"archivage.csv":    {strings.Split("SIRET fournisseur;FINESS géographique;Déposé le;Empreinte SHA-256", ";")},
		"cnop.csv":         {strings.Split("FINESS géographique;Connecté DP", ";")},
	}
	add := func(name, row string) { files[name] = append(files[name], strings.Split(row, ";")) }
	add("finess.csv", strings.TrimSpace(finessHeader))
	for _, number := range pharmacies {
		add("finess.csv", strings.TrimSpace(finessRow(map[int]string{1: number})))
		add("outil-calcul.csv", number+";;;;;"+rapid.SampledFrom([]string{"A", "B", "C", "D"}).Draw(t, "tranche"))
		add("archivage.csv", "34152229000012;"+number+";2023-02-12 10:00;")
		add("cnop.csv", number+";"+rapid.SampledFrom([]string{"OUI", "non"}).Draw(t, "connected"))
	}
	for i := range rapid.IntRange(2, 6).Draw(t, "solutions") {
		role := rapid.SampledFrom([]string{"EDITEUR;ANS-%d;", "Éditeur;ANS-%d;NON", "DISTRIBUTEUR;ANS-%d;NON", "distributeur;ans-%d;oui"}).Draw(t, "role")
		add("fournisseurs.csv", "34152229000012;LOGIPHARM;"+fmt.Sprintf(role, i)+";02/06/2022;;ASSUJETTI")
		add("solutions.csv", fmt.Sprintf("ANS-%d;LGO %d;1;34152229000012;2022-06-01;2022-05-10;", i, i))
	}
	return files
}

var lineOf = regexp.MustCompile(`register ([a-z.-]+): line (\d+)`)

// TestCheckAgreesWithLoad spoils rows of sound registers: Check tells an error
// of every row that was spoilt so that a run stops, no error of one that was
// not, and errors at all if and only if a run would stop.
func TestCheckAgreesWithLoad(t *testing.T) {
	p := programme(t)
	rapid.Check(t, func(t *rapid.T) {
		rows := registers(t)
		spoilt := map[string]bool{} // file:line
		stops := map[string]bool{}
		for range rapid.IntRange(0, 4).Draw(t, "spoilings") {
			s := spoilings[rapid.IntRange(0, len(spoilings)-1).Draw(t, "spoiling")]
			line := rapid.IntRange(2, len(rows[s.file])).Draw(t, "line")
			at := fmt.Sprintf("%s:%d", s.file, line)
			if spoilt[at] {
				continue // one may undo the other
			}
			spoilt[at] = true
			s.spoil(t, rows[s.file][line-1])
			if s.stops {
				stops[at] = true
			}
		}
		var files []register.File
		for name, lines := range rows {
			var text strings.Builder
			for _, cells := range lines {
				text.WriteString(strings.Join(cells, ";") + "\n")
			}
			files = append(files, register.File{Name: name, Data: []byte(text.String())})
		}
		problems, _ := register.Check(files, p)
		set, err := register.Load(files, p)
		if err == nil {
			err = set.CheckTranches(p)
		}
		told := map[string]bool{}
		for _, problem := range problems {
			if problem.Severity == register.Error {
				told[fmt.Sprintf("%s:%d", problem.File, problem.Line)] = true
			}
		}
		if (len(told) > 0) != (err != nil) {
			t.Fatalf("errors of %v, but a run says %v", told, err)
		}
		for at := range stops {
			if !told[at] {
				t.Errorf("%s was spoilt, and not told", at)
			}
		}
		for at := range told {
			if spoilt[at] && !stops[at] && !contradicted(problems, at) || !spoilt[at] && !contradicted(problems, at) {
				t.Errorf("%s is called an error, and is none", at)
			}
		}
		if err != nil {
			for _, m := range lineOf.FindAllStringSubmatch(err.Error(), -1) {
				if line, _ := strconv.Atoi(m[2]); !told[fmt.Sprintf("%s:%d", m[1], line)] {
					t.Errorf("a run names %s:%d, Check does not", m[1], line)
				}
			}
		}
	})
}

// contradicted tells whether all errors of a line are that it contradicts
// another: two rows that spoiling made one pharmacy's or one solution's.
func contradicted(problems []register.Problem, at string) bool {
	return !slices.ContainsFunc(problems, func(p register.Problem) bool {
		return p.Severity == register.Error && fmt.Sprintf("%s:%d", p.File, p.Line) == at && !strings.Contains(p.Message, "contradicts line")
	})
}

// TestCheckAgreesWithLoadOnDamage changes bytes of sound registers anywhere.
func TestCheckAgreesWithLoadOnDamage(t *testing.T) {
	p := programme(t)
	rapid.Check(t, func(t *rapid.T) {
		files := sound()
		names := []string{"archivage.csv", "cnam.csv", "cnop.csv", "finess.csv", "fournisseurs.csv", "outil-calcul.csv", "solutions.csv"}
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			name := rapid.SampledFrom(names).Draw(t, "file")
			data := files[name]
			if data == "" {
				continue
			}
			at := rapid.IntRange(0, len(data)-1).Draw(t, "at")
			end := min(len(data), at+rapid.IntRange(0, 12).Draw(t, "cut"))
			files[name] = data[:at] + rapid.SampledFrom([]string{"", ";", "\"", "\n", "0", "é", "\xff", "\x00", "2022-02-02"}).Draw(t, "put") + data[end:]
		}
		if rapid.Bool().Draw(t, "remove") {
			delete(files, rapid.SampledFrom(names).Draw(t, "removed"))
		}
		var list []register.File
		for name, data := range files {
			list = append(list, register.File{Name: name, Data: []byte(data)})
		}
		set, err := register.Load(list, p)
		if err == nil {
			err = set.CheckTranches(p)
		}
		if err != nil && !errors.Is(err, register.ErrRegister) {
			t.Fatal(err)
		}
		problems, _ := register.Check(list, p)
		fails := slices.ContainsFunc(problems, func(p register.Problem) bool { return p.Severity == register.Error })
		if fails != (err != nil) {
			t.Fatalf("Check %+v, a run says %v", problems, err)
		}
		if !slices.IsSortedFunc(problems, func(a, b register.Problem) int {
			return strings.Compare(fmt.Sprintf("%s %09d", a.File, a.Line), fmt.Sprintf("%s %09d", b.File, b.Line))
		}) {
			t.Fatalf("not in order: %+v", problems)
		}
	})
}
