package pipeline

import (
	"archive/zip"
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The companies and pharmacies of the scene, as the common registers of
// testdata/cases have them.
const (
	offisoft     = "40000001400011"
	pharmadistri = "40000002200014"

	// lateSolution was referenced late enough for the archive exception (AF §2).
	lateSolution = "LGO-2022-009"
)

type pharmacy struct{ finess, name, manager, mail, phone string }

var (
	pontNeuf  = pharmacy{"750001018", "Pharmacie du Pont Neuf", "Claire Martin", "contact@pontneuf.example", "01 23 45 67 89"}
	lilas     = pharmacy{"750001026", "Pharmacie des Lilas", "Paul Durand", "p.durand@lilas.example", "01 40 30 20 10"}
	bellecour = pharmacy{"690001037", "SELARL Pharmacie Bellecour", "Anne Lefèvre", "bellecour@pharma.example", "04 72 00 11 22"}
	vieuxPort = pharmacy{"130001043", "Pharmacie du Vieux Port", "Karim Benali", "vieuxport@pharma.example", "04 91 55 66 77"}
	napoleon  = pharmacy{"2A0001012", "Pharmacie Napoléon", "Ange Santoni", "napoleon@pharma.example", "04 95 11 22 33"}
	capCorse  = pharmacy{"2B0001028", "Pharmacie du Cap Corse", "Marie Casanova", "capcorse@pharma.example", "04 95 44 55 66"}
	capucins  = pharmacy{"330001181", "Pharmacie des Capucins", "Luc Bernard", "capucins@pharma.example", "05 56 10 20 30"}
	nouvelle  = pharmacy{"590001210", "Pharmacie Nouvelle", "Zoé Lambert", "nouvelle@pharma.example", "03 20 10 20 30"}
	grande    = pharmacy{"060001229", "Grande Pharmacie", "Léa Roux", "grande@pharma.example", "04 93 10 20 30"}
	chartrons = pharmacy{"330001199", "Pharmacie des Chartrons", "Inès Petit", "chartrons@pharma.example", "05 56 40 50 60"}
	musee     = pharmacy{"210001301", "Pharmacie du Musée", "Noé Girard", "musee@pharma.example", "03 80 10 20 30"}
	gare      = pharmacy{"010001105", "Pharmacie de la Gare Saint Jean", "Julie Moreau", "gare@pharma.example", "04 74 12 34 56"}
)

// sale is a claim of the scene: a row and its order.
type sale struct {
	ref      string
	target   pharmacy
	amount   string // 600,00 where nothing is said
	solution string // its reference; LGO-2022-001 where nothing is said
	signer   string // a line of [typedPDF]; the pharmacy where nothing is said
	silent   string // a line that the order does not show
	unsigned bool
	unsent   bool      // the order is not in the batch
	received time.Time // of the order; with the template where nothing is said
	name     string    // of the order's file; the reference's where nothing is said
	sameAs   *sale     // whose order it names as its own
}

func (s sale) price() string {
	if s.amount == "" {
		return "600,00"
	}
	return s.amount
}

// product gives reference, name and version of the solution sold.
func (s sale) product() (reference, name, version string) {
	if s.solution == lateSolution {
		return lateSolution, "Caducée Réseau", "6.0"
	}
	return "LGO-2022-001", "OffiSoft Officine", "12.4"
}

func (s sale) file() string {
	if s.sameAs != nil {
		return s.sameAs.file()
	}
	if s.name != "" {
		return s.name
	}
	return strings.ToLower(s.ref) + ".pdf"
}

func (s sale) row(supplier string) string {
	reference, name, version := s.product()
	return strings.Join([]string{
		"AF-PHA-LGO-Va1", supplier, s.ref, "05/01/2023", "ASSUJETTI", s.price(), s.target.manager, s.target.finess, s.target.name,
		s.target.mail, s.target.phone, reference, name, version, s.file(),
	}, ";")
}

// header is that of the template AVANCE.
const header = "Référence AF;SIRET fournisseur;Référence commande;Date commande;Régime TVA;Montant HT;Nom du responsable;FINESS géographique;" +
	"Raison sociale;E-mail;Téléphone;N° référencement ANS;Solution logicielle;Version;Fichier bon de commande"

func (s sale) order() string {
	if s.sameAs != nil {
		return s.sameAs.order()
	}
	_, name, version := s.product()
	lines := []string{
		"# pharmacy " + strings.ToUpper(s.target.name), "BON DE COMMANDE " + s.ref, "Date : 05/01/2023", "Appel à financement AF-PHA-LGO-Va1",
		"Client : " + s.target.name, "N° FINESS : " + s.target.finess, "Responsable : " + s.target.manager, "Courriel : " + s.target.mail,
		"Tél. : " + s.target.phone, "Prestation Ségur", name + " version " + version, "Montant HT : " + s.price() + " EUR", "TVA 20 %",
		"Montant pris en charge par l'Etat au titre du Ségur de la santé",
	}
	if s.solution == lateSolution { // it was not referenced yet: MEN-13
		lines = append(lines, "Bon de commande conditionné à l'obtention par le logiciel du référencement ANS. L'affermissement de cette commande est "+
			"conditionné au dépôt d'un dossier de référencement complet, contenant l'ensemble des preuves attendues, sous 120 jours sur le site "+
			"de l'ANS et à l'obtention subséquente du référencement")
	}
	if s.signer != "" {
		lines[0] = s.signer
	}
	if s.unsigned {
		lines = lines[1:]
	}
	lines = slices.DeleteFunc(lines, func(line string) bool { return s.silent != "" && strings.HasPrefix(line, s.silent) })
	return strings.Join(lines, "\n") + "\n"
}

// drop is a batch of the scene.
type drop struct {
	supplier, batch string
	received        string
	sales           []sale
	workbook        bool // else CSV
	ready           bool // with _READY
	stray           bool // with a PDF that no row names
	zip             bool // as a ZIP
}

// files gives the objects of a drop, by name.
func (d drop) files(t *testing.T) map[string][]byte {
	t.Helper()
	rows := []string{header}
	files := map[string][]byte{}
	for _, s := range d.sales {
		rows = append(rows, s.row(d.supplier))
		if !s.unsent {
			files[s.file()] = typedPDF(t, s.file(), s.order())
		}
	}
	text := []byte(strings.Join(rows, "\n") + "\n")
	if d.workbook {
		files["Avances.xlsx"] = typedWorkbook(t, text)
	} else {
		files["avances.csv"] = text
	}
	if d.stray {
		files["notes.pdf"] = typedPDF(t, "notes.pdf", "Notes de la réunion\n")
	}
	if d.ready {
		files["_READY"] = nil
	}
	return files
}

// put drops the batch into a store.
func (d drop) put(t *testing.T, dir string) {
	t.Helper()
	if d.zip {
		putFile(t, filepath.Join(dir, "inbox", d.supplier, d.batch+".zip"), packed(t, d.files(t)), paris(t, d.received))
		return
	}
	received := map[string]time.Time{}
	for _, s := range d.sales {
		received[s.file()] = s.received
	}
	for name, data := range d.files(t) {
		at := received[name]
		if at.IsZero() {
			at = paris(t, d.received)
		}
		putFile(t, filepath.Join(dir, "inbox", d.supplier, d.batch, name), data, at)
	}
}

// packed gives files as a ZIP, in the order of their names.
func packed(t *testing.T, files map[string][]byte) []byte {
	t.Helper()
	var all bytes.Buffer
	w := zip.NewWriter(&all)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		entry, err := w.Create(name)
		if err == nil {
			_, err = entry.Write(files[name])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return all.Bytes()
}

func putFile(t *testing.T, name string, data []byte, at time.Time) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}
