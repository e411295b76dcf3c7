package pipeline

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
)

// TestLives runs each case of testdata/lives: several nights on one store, and
// after each what the new revisions of the batches tell, worked out on paper.
//
// A life is a txtar archive; the files of night N start with "N/":
//
//	N/claims       a line a claim: SIRET/BATCH REF PHARMACY SIGNER AMOUNT, the rows of the batch
//	               from 2 on, in their order, each with its order. PHARMACY is one of [towns];
//	               SIGNER is pharmacy, supplier (SIG-06, review), nobody (SIG-01, complete), or
//	               absent: the order is not delivered (DOC-01). Lines "zip SIRET/BATCH" have the
//	               batch delivered as a ZIP
//	N/received     as in the cases
//	N/registers/…  as in the cases, for this night alone
//	N/review       lines SIRET/BATCH ROW accept|reject|complete REASON, before the run
//	N/reprocess    instead of a run: SIRET/BATCH [dry] [withdraw REASON]
//	N/expect       what is new in the store: SIRET/BATCH rN: ACCEPTED/REJECTED/COMPLETE/REVIEW
//	               +NEWLY EUROS CODE… (of the file), then a line a claim SIRET/BATCH rN ROW
//	               DECISION AMOUNT|- CODE…, or SIRET/BATCH rN ROW withdrawn AMOUNT REASON;
//	               and SIRET/BATCH again for unchanged content
func TestLives(t *testing.T) {
	files, err := filepath.Glob("testdata/lives/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no lives", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			l := &life{T: t, dir: dir, night: newNight(t, dir, 2), orders: map[string][]byte{}, known: map[string]bool{}}
			l.night.Accepted = []string{"outil-calcul"} // lives have registers of a few rows
			for number := 1; ; number++ {
				night := &txtar.Archive{Comment: archive.Comment}
				for _, f := range archive.Files {
					if name, ok := strings.CutPrefix(f.Name, fmt.Sprintf("%d/", number)); ok {
						night.Files = append(night.Files, txtar.File{Name: name, Data: f.Data})
					}
				}
				if len(night.Files) == 0 {
					break
				}
				want := l.play(night)
				if err := l.night.Ledger.Verify(t.Context()); err != nil {
					t.Errorf("night %d: %v", number, err)
				}
				if diff := cmp.Diff(want, l.news()); diff != "" {
					t.Fatalf("night %d: %s\n(-wanted +got)\n%s", number, archive.Comment, diff)
				}
			}
		})
	}
}

// towns are pharmacies of the common registers: number and name.
var towns = map[string][2]string{
	"pont-neuf":  {"750001018", "Pharmacie du Pont Neuf"},
	"lilas":      {"750001026", "Pharmacie des Lilas"},
	"bellecour":  {"690001037", "SELARL Pharmacie Bellecour"},
	"vieux-port": {"130001043", "Pharmacie du Vieux Port"},
}

// life is a store over several nights.
type life struct {
	*testing.T
	dir    string
	night  *Night
	orders map[string][]byte // by the line of its claim: the same order has the same bytes
	known  map[string]bool   // folders of revisions, and of unchanged content, that were compared
}

// play does what a night says and gives what is expected of it.
func (l *life) play(night *txtar.Archive) []string {
	l.Helper()
	files := map[string]string{}
	var store txtar.Archive
	for _, f := range night.Files {
		switch f.Name {
		case "claims", "review", "reprocess":
			files[f.Name] = string(f.Data)
		default:
			store.Files = append(store.Files, f)
		}
	}
	want := l.write(&store, files["claims"])
	for line := range strings.Lines(files["review"]) {
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		ruling := claim.Ruling{Claim: l.claim(words[0], words[1]), Verdict: claim.Verdict(words[2]), Reason: words[3], By: "Mme Dupont", At: l.night.Clock()}
		if err := l.night.Ledger.Review(l.Context(), ruling); err != nil {
			l.Fatal(err)
		}
	}
	if what, ok := files["reprocess"]; ok {
		l.reprocess(what)
		return want
	}
	summary, err := l.night.Run(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	for _, failed := range summary.Failed {
		l.Errorf("not processed: %s: %s", failed.Key, failed.Why)
	}
	return want
}

func (l *life) reprocess(line string) {
	l.Helper()
	batch, how, _ := strings.Cut(strings.TrimSpace(line), " ")
	ref, err := intake.ParseRef(batch)
	if err != nil {
		l.Fatal(err)
	}
	what := Reprocess{Batch: ref, By: "M. Durand", DryRun: how == "dry"}
	what.Reason, what.Withdraw = strings.CutPrefix(how, "withdraw ")
	if !what.Withdraw {
		what.Reason = ""
	}
	done, err := l.night.Reprocess(l.Context(), what)
	if err != nil || len(done.Failed) > 0 {
		l.Fatal(err, done.Failed)
	}
}

// claim finds the claim on a row of a batch as it stands.
func (l *life) claim(batch, row string) claim.ID {
	l.Helper()
	ref, err := intake.ParseRef(batch)
	if err != nil {
		l.Fatal(err)
	}
	members, err := l.night.Ledger.Members(l.Context(), ref.Supplier, ref.Name)
	if err != nil {
		l.Fatal(err)
	}
	for _, m := range members {
		if fmt.Sprint(m.Row) == row {
			return m.Claim
		}
	}
	l.Fatalf("batch %s has no row %s", batch, row)
	return ""
}

// write puts a night's deliveries into the inbox and gives what is expected.
func (l *life) write(store *txtar.Archive, claims string) []string {
	l.Helper()
	tables := map[string]*strings.Builder{}
	contents := map[string]map[string][]byte{}
	var batches, zips []string
	for line := range strings.Lines(claims) {
		words := strings.Fields(line)
		if words[0] == "zip" {
			zips = append(zips, words[1])
			continue
		}
		batch, reference, town, signer, amount := words[0], words[1], towns[words[2]], words[3], words[4]
		if tables[batch] == nil {
			batches = append(batches, batch)
			tables[batch], contents[batch] = &strings.Builder{}, map[string][]byte{}
			tables[batch].WriteString("Référence AF;SIRET fournisseur;Référence commande;Date commande;Régime TVA;Montant HT;Nom du responsable;FINESS géographique;Raison sociale;E-mail;Téléphone;N° référencement ANS;Solution logicielle;Version;Fichier bon de commande\n")
		}
		supplier, _, _ := strings.Cut(batch, "/")
		file := strings.ToLower(reference) + ".pdf"
		fmt.Fprintf(tables[batch], "AF-PHA-LGO-Va1;%s;%s;05/01/2023;ASSUJETTI;%s;Claire Martin;%s;%s;contact@pharmacie.example;01 23 45 67 89;LGO-2022-001;OffiSoft Officine;12.4;%s\n",
			supplier, reference, amount, town[0], town[1], file)
		if signer != "absent" {
			contents[batch][file] = l.order(supplier, reference, town, signer, amount)
		}
	}
	for _, batch := range batches {
		contents[batch]["avance.csv"] = []byte(tables[batch].String())
		if slices.Contains(zips, batch) {
			store.Files = append(store.Files, txtar.File{Name: "inbox/" + batch + ".zip", Data: l.zip(contents[batch])})
			continue
		}
		for name, data := range contents[batch] {
			store.Files = append(store.Files, txtar.File{Name: "inbox/" + path.Join(batch, name) + "#", Data: data})
		}
	}
	return writeCase(l.T, store, l.dir)
}

// order gives the purchase order of a claim; the same one whenever it is asked for.
func (l *life) order(supplier, reference string, town [2]string, signer, amount string) []byte {
	l.Helper()
	key := strings.Join([]string{supplier, reference, town[0], signer, amount}, " ")
	if l.orders[key] != nil {
		return l.orders[key]
	}
	signature := map[string]string{"pharmacy": "# pharmacy " + town[1] + "\n", "supplier": "# supplier " + suppliers[supplier] + "\n"}[signer]
	l.orders[key] = typedPDF(l.T, reference, signature+strings.Join([]string{
		"BON DE COMMANDE " + reference, "Date : 05/01/2023", "Appel à financement AF-PHA-LGO-Va1", "Client : " + town[1],
		"N° FINESS : " + town[0], "Responsable : Claire Martin", "Courriel : contact@pharmacie.example", "Tél. : 01 23 45 67 89",
		"Prestation Ségur", "OffiSoft Officine version 12.4", "Montant HT : " + amount + " EUR", "TVA 20 %",
		"Montant pris en charge par l'Etat au titre du Ségur de la santé",
	}, "\n"))
	return l.orders[key]
}

var suppliers = map[string]string{"40000001400011": "OFFISOFT SAS", "40000002200014": "PHARMADISTRIB SARL", "40000007100011": "NOUVELLE DIFFUSION"}

func (l *life) zip(contents map[string][]byte) []byte {
	l.Helper()
	var packed bytes.Buffer
	w := zip.NewWriter(&packed)
	for name, data := range contents {
		entry, err := w.Create(name)
		if err == nil {
			_, err = entry.Write(data)
		}
		if err != nil {
			l.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		l.Fatal(err)
	}
	return packed.Bytes()
}

// news tells what is new in the store since it was asked last.
func (l *life) news() []string {
	l.Helper()
	var all []string
	for _, folder := range l.fresh("outbox/*/*/r*") {
		all = append(all, l.revision(folder)...)
	}
	for _, folder := range l.fresh("archive/*/*/again-*") {
		parts := strings.Split(filepath.ToSlash(folder), "/")
		all = append(all, strings.Join(parts[len(parts)-3:len(parts)-1], "/")+" again")
	}
	slices.Sort(all)
	return all
}

func (l *life) fresh(pattern string) []string {
	l.Helper()
	folders, err := filepath.Glob(filepath.Join(l.dir, pattern))
	if err != nil {
		l.Fatal(err)
	}
	folders = slices.DeleteFunc(folders, func(f string) bool { return l.known[f] })
	for _, folder := range folders {
		l.known[folder] = true
	}
	return folders
}

// revision tells of one revision from its published objects.
func (l *life) revision(folder string) []string {
	l.Helper()
	parts := strings.Split(filepath.ToSlash(folder), "/")
	name := strings.Join(parts[len(parts)-3:len(parts)-1], "/") + " " + parts[len(parts)-1]
	var receipt struct {
		Counts   claim.Counts
		Amount   string `json:"amount_due_total"`
		Findings []claim.Finding
	}
	data, err := os.ReadFile(filepath.Join(folder, "receipt.json"))
	if err == nil {
		err = json.Unmarshal(data, &receipt)
	}
	if err != nil {
		l.Fatal(err)
	}
	c := receipt.Counts
	all := []string{strings.TrimSpace(fmt.Sprintf("%s: %d/%d/%d/%d +%d %s %s", name,
		c.Accepted, c.Rejected, c.ToComplete, c.UnderReview, c.NewlyAccepted, receipt.Amount, codesOf(receipt.Findings)))}
	told := map[int]line{}
	operators := filepath.Join(l.dir, "operators", filepath.Join(parts[len(parts)-3:]...), "review.jsonl")
	for _, file := range []string{filepath.Join(folder, "accepted.jsonl"), filepath.Join(folder, "rejected.jsonl"), operators} {
		for _, got := range readLines(l.T, file) {
			told[got.Row] = got // operators' lines come last: they are whole
		}
	}
	for _, got := range told {
		amount := "-"
		if got.Amounts.AmountDue != nil {
			amount = got.Amounts.AmountDue.String()
		}
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %d %s %s %s", name, got.Row, got.Decision, amount, codesOf(got.Findings))))
	}
	if _, err := os.Stat(filepath.Join(folder, "withdrawn.jsonl")); err == nil {
		for _, got := range readLines(l.T, filepath.Join(folder, "withdrawn.jsonl")) {
			all = append(all, fmt.Sprintf("%s %d withdrawn %s %s", name, got.Row, got.Amounts.AmountDue, got.Reason))
		}
	}
	return all
}
