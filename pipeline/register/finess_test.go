package register_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/charmap"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/register"
)

// shared reads a file of the data that come with the specification.
func shared(tb testing.TB, name string) []byte {
	tb.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	data, err := os.ReadFile(path)
	if os.IsNotExist(err) && os.Getenv("CI") == "" {
		tb.Skipf("%s is absent: real data cannot be tested here", path)
	}
	if err != nil {
		tb.Fatal(err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return data
	}
	unpacked, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	if data, err = io.ReadAll(unpacked); err != nil {
		tb.Fatal(err)
	}
	return data
}

// small are the other registers, as small as they may be.
func small() map[string]string {
	return map[string]string{
		"finess.csv":       finessHeader + finessRow(nil),
		"outil-calcul.csv": "FINESS géographique;SIRET;Raison sociale;Code postal;Ville;Tranche\n010003002;;PHARMACIE DES ARCADES;01000;BOURG EN BRESSE;A\n",
		"fournisseurs.csv": "SIRET;Raison sociale;Rôle;N° référencement ANS;Mandat;Enrôlé le;Radié le;Régime TVA\n34152229000012;LOGIPHARM;EDITEUR;ANS-1;;01/02/2022;;ASSUJETTI\n",
		"solutions.csv":    "N° référencement ANS;Solution logicielle;Version;SIRET éditeur;Référencé le;Dossier complet le;Retiré le\nANS-1;LGO Plus;12.4;34152229000012;2022-06-01;2022-05-10 17:30;\n",
	}
}

const finessHeader = "finess;etalab;94;2021-01-08\n"

// finessRow gives a row of 32 cells with some of them changed.
func finessRow(changes map[int]string) string {
	cells := strings.Split("structureet;010003002;010002996;PHARMACIE DES ARCADES;;;;18;R;GAMBETTA;;;;01;AIN;01000 BOURG EN BRESSE;0474235473;;620;Pharmacie d'Officine;3201;Commerce de Biens à Usage Médicaux;82487144600012;;;;;;2017-01-25;;2020-11-17;", ";")
	for i, value := range changes {
		cells[i] = value
	}
	return strings.Join(cells, ";") + "\n"
}

func load(files map[string]string) (*register.Set, error) {
	var list []register.File
	for name, data := range files {
		list = append(list, register.File{Name: name, Data: []byte(data)})
	}
	programme, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		return nil, err
	}
	return register.Load(list, programme)
}

func loadFINESS(tb testing.TB, data []byte) *register.Set {
	tb.Helper()
	files := small()
	files["finess.csv"] = string(data)
	set, err := load(files)
	if err != nil {
		tb.Fatal(err)
	}
	return set
}

func TestRealFINESS(t *testing.T) {
	data := shared(t, "finess-2021.csv.gz")
	set := loadFINESS(t, data)
	total, valid, withSIRET := 0, 0, 0
	categories, departments := map[string]int{}, map[string]int{}
	for e := range set.Establishments() {
		total++
		categories[e.Category]++
		if e.FINESS.KeyOK() && e.LegalEntity.KeyOK() {
			valid++
		}
		if e.SIRET.KeyOK() {
			withSIRET++
		}
		if len(e.Postcode) == 5 && e.Town != "" && e.Name != "" {
			departments[e.Department]++
		}
	}
	pharmacies := categories["620"] + categories["627"] + categories["628"] + categories["629"]
	if total != 28_679 || valid != total || pharmacies != 21_282 {
		t.Errorf("%d rows, %d with valid keys, %d pharmacies; want 28679, all, 21282", total, valid, pharmacies)
	}
	if withSIRET == 0 || withSIRET == total {
		t.Errorf("%d of %d rows have a valid SIRET: the register has empty and wrong ones", withSIRET, total)
	}
	t.Logf("categories 620: %d, 627: %d, 628: %d, 629: %d; valid SIRET: %d", categories["620"], categories["627"], categories["628"], categories["629"], withSIRET)
	if departments["2A"] == 0 || departments["2B"] == 0 || departments["9D"] == 0 {
		t.Errorf("Corsica or La Réunion is missing: %v", departments)
	}

	// Doubly escaped quotes, and a legal entity with its establishments.
	e, ok := set.Establishment("030001382")
	if !ok || e.Name != `"SELARL PHARMACIE GRAND"` || e.Town != "AVERMES" || e.Postcode != "03000" || e.Department != "03" {
		t.Errorf("030001382: %+v", e)
	}
	if _, ok := set.Establishment(e.LegalEntity); ok {
		t.Errorf("%s is a legal entity, not an establishment", e.LegalEntity)
	}
	if owned := set.OwnedBy(e.LegalEntity); len(owned) != 1 || owned[0] != e {
		t.Errorf("owned by %s: %+v", e.LegalEntity, owned)
	}

	if e, _ := set.Establishment("840021190"); e.Name != "HEB URGENCE RHESO L’ESCALE JEUNES" {
		t.Errorf("840021190: %q: a control character stands for an apostrophe", e.Name)
	}

	// The same register in Windows-1252 holds the same rows.
	latin, err := charmap.Windows1252.NewEncoder().Bytes(
		[]byte(strings.NewReplacer("\u0092", "’", "\u009c", "œ").Replace(string(data))))
	if err != nil {
		t.Fatal(err)
	}
	other := loadFINESS(t, latin)
	for e := range set.Establishments() {
		if got, _ := other.Establishment(e.FINESS); got != e {
			t.Fatalf("in Windows-1252: %+v, in UTF-8: %+v", got, e)
		}
	}
}

func TestRealSample(t *testing.T) {
	set := loadFINESS(t, shared(t, "finess-2021-sample.csv"))
	want := claim.Establishment{
		FINESS: "010003002", LegalEntity: "010002996", Name: "PHARMACIE DES ARCADES", Category: "620", CategoryLabel: "Pharmacie d'Officine",
		Department: "01", Postcode: "01000", Town: "BOURG EN BRESSE", SIRET: "82487144600012",
	}
	if got, _ := set.Establishment("010003002"); got != want {
		t.Error(cmp.Diff(want, got))
	}
	if infos := set.Infos(); infos[0].Name != "finess.csv" || infos[0].Rows != 693 {
		t.Errorf("%+v", infos)
	}
	var noSIRET, badSIRET, corsica int
	for e := range set.Establishments() {
		switch {
		case e.SIRET == "":
			noSIRET++
		case !e.SIRET.KeyOK():
			badSIRET++
		}
		if strings.HasPrefix(string(e.FINESS), "2A") || strings.HasPrefix(string(e.FINESS), "2B") {
			corsica++
		}
	}
	if noSIRET == 0 || badSIRET == 0 || corsica == 0 {
		t.Errorf("without SIRET %d, wrong SIRET %d, Corsica %d: the odd cases are gone", noSIRET, badSIRET, corsica)
	}
}

func BenchmarkFINESS(b *testing.B) {
	data := shared(b, "finess-2021.csv.gz")
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		loadFINESS(b, data)
	}
}
