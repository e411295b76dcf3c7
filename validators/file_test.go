package validators

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

func TestFile(t *testing.T) {
	problem := func(p claim.FileProblem) func(*Context, *FileInput) {
		p.File = "lot.xlsx"
		return func(_ *Context, in *FileInput) { in.Problems = append(in.Problems, p) }
	}
	object := func(name string) func(*Context, *FileInput) {
		return func(_ *Context, in *FileInput) { in.Objects = append(in.Objects, claim.Object{Name: name}) }
	}
	type files = func(*Context, *FileInput)
	for _, test := range []struct {
		name    string
		spoil   []files
		want    string
		message string // of the first finding, in part
		refuses bool
	}{
		{name: "in order"},
		{"FIC-01", []files{problem(claim.FileProblem{Code: "FIC-01", Detail: "la feuille est incomplète"})}, "FIC-01", "lot.xlsx ne peut pas être lu en entier : la feuille est incomplète.", true},
		{"FIC-02", []files{problem(claim.FileProblem{Code: "FIC-02"})}, "FIC-02", "lot.xlsx", true},
		{"FIC-03", []files{problem(claim.FileProblem{Code: "FIC-03", Label: "Version"})}, "FIC-03", "La colonne « Version » manque dans le fichier lot.xlsx.", true},
		{"FIC-03 nearest", []files{problem(claim.FileProblem{Code: "FIC-03", Label: "Version", Nearest: "Versions"})}, "FIC-03", "le libellé le plus proche est « Versions »", true},
		{"FIC-03 one each", []files{problem(claim.FileProblem{Code: "FIC-03", Label: "Version"}), problem(claim.FileProblem{Code: "FIC-03", Label: "E-mail"})}, "FIC-03 FIC-03", "", true},
		{"FIC-04", []files{problem(claim.FileProblem{Code: "FIC-04", Label: "E-mail", Cell: "K1"})}, "FIC-04", "« E-mail » figure plus d'une fois", true},
		{"FIC-05", []files{problem(claim.FileProblem{Code: "FIC-05"})}, "FIC-05", "aucune ligne de demande", true},
		{"FIC-06 none", []files{problem(claim.FileProblem{Code: "FIC-06"})}, "FIC-06", "aucun fichier modèle", true},
		{"FIC-06 several", []files{problem(claim.FileProblem{Code: "FIC-06", Reason: "several", Detail: "a.csv, b.xlsx"})}, "FIC-06", "plus d'un fichier modèle : a.csv, b.xlsx.", true},
		{"FIC-06 sheets", []files{problem(claim.FileProblem{Code: "FIC-06", Reason: "sheets", Detail: "AVANCE, SOLDE"})}, "FIC-06", "plus d'une feuille de demandes : AVANCE, SOLDE.", true},
		{"FIC-06 folder and ZIP", []files{problem(claim.FileProblem{Code: "FIC-06", Reason: "folder_and_zip"})}, "FIC-06", "dossier et comme fichier ZIP", true},
		{"FIC-07", []files{func(ctx *Context, _ *FileInput) { delete(registers(ctx).enrolments, theSupplier) }}, "FIC-07", string(theSupplier), true},
		{"FIC-07 beside another", []files{
			problem(claim.FileProblem{Code: "FIC-05"}),
			func(ctx *Context, _ *FileInput) { delete(registers(ctx).enrolments, theSupplier) },
		}, "FIC-05 FIC-07", "", true},
		{"enrolled for another solution only", []files{func(ctx *Context, _ *FileInput) {
			registers(ctx).enrolments[theSupplier][0].ANSReference = "LGO-0002"
		}}, "", "", false},
		{"FIC-08 unnamed", []files{object("autre.pdf")}, "FIC-08", "autre.pdf n'est nommé par aucune ligne", false},
		{"FIC-08 unnamed, capitals", []files{object("AUTRE.PDF")}, "FIC-08", "AUTRE.PDF n'est nommé par aucune ligne", false},
		{"FIC-08 no PDF", []files{object("lisez-moi.txt")}, "FIC-08", "lisez-moi.txt n'est ni un PDF ni un fichier modèle", false},
		{"no PDF, but a row names it", []files{object("commande.docx"), func(_ *Context, in *FileInput) {
			c := in.Claims[0]
			c.Row.Fields[claim.FieldOrderFile] = claim.Field{State: claim.FieldBad, Raw: " commande.docx "}
			c.Documents = nil
			in.Objects = in.Objects[2:]
		}}, "", "", false},
		{"FIC-08 no PDF, and a name only by chance", []files{object("commande.docx"), func(_ *Context, in *FileInput) {
			in.Claims[0].Row.Fields[claim.FieldEmail] = claim.Field{State: claim.FieldBad, Raw: "commande.docx"}
		}}, "FIC-08", "commande.docx n'est ni", false},
		{"FIC-08 other capitals", []files{func(_ *Context, in *FileInput) {
			in.Claims[0].Documents[0].Object.Name = "Commande-0001.PDF"
			in.Objects[1].Name = "Commande-0001.PDF"
		}}, "FIC-08", "La ligne nomme « commande-0001.pdf » ; le document retenu est Commande-0001.PDF", false},
		{"the same name in another form", []files{func(_ *Context, in *FileInput) {
			in.Claims[0].Documents[0].Name = "re\u0301f.pdf"
			in.Claims[0].Documents[0].Object.Name = "réf.pdf"
			in.Objects[1].Name = "réf.pdf"
		}}, "", "", false},
		{"FIC-09", []files{problem(claim.FileProblem{Code: "FIC-09", Label: "Commentaire", Cell: "Q1"})}, "FIC-09", "« Commentaire » n'appartient pas au modèle", false},
		{"refused: nothing on documents", []files{object("autre.pdf"), problem(claim.FileProblem{Code: "FIC-04", Label: "E-mail"})}, "FIC-04", "", true},
		{"no rows: nothing on documents", []files{func(_ *Context, in *FileInput) { in.Claims = nil }}, "", "", false},
		{"warnings stand together", []files{object("b.pdf"), object("a.pdf"), problem(claim.FileProblem{Code: "FIC-09", Label: "Note", Cell: "Q1"})}, "FIC-08 FIC-08 FIC-09", "a.pdf", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			ctx, c := faultless()
			in := FileInput{
				Supplier: theSupplier, Template: "lot.xlsx", Claims: []*claim.Claim{c},
				Objects: []claim.Object{{Name: "lot.xlsx"}, *c.Documents[0].Object},
			}
			for _, spoil := range test.spoil {
				spoil(ctx, &in)
			}
			got := File(ctx, claim.Advance, in)
			if diff := cmp.Diff(test.want, codes(got)); diff != "" {
				t.Fatalf("codes (-want +got):\n%s", diff)
			}
			if Refuses(got) != test.refuses {
				t.Errorf("refuses: %t", !test.refuses)
			}
			if len(got) > 0 && !strings.Contains(got[0].Message, test.message) {
				t.Errorf("%q does not say %q", got[0].Message, test.message)
			}
			for _, f := range got {
				checkTexts(t, f)
			}
		})
	}
}

func TestFilePlaces(t *testing.T) {
	ctx, c := faultless()
	c.Documents[0].Object.Name = "COMMANDE-0001.pdf"
	got := File(ctx, claim.Advance, FileInput{
		Supplier: theSupplier, Claims: []*claim.Claim{c},
		Problems: []claim.FileProblem{{Code: "FIC-09", File: "lot.csv", Label: "Note", Cell: "L1C17"}},
	})
	type where struct{ Code, Field, Cell, Value, Document string }
	var places []where
	for _, f := range got {
		places = append(places, where{f.Code, f.Field, f.Cell, f.Value, f.Document})
	}
	want := []where{
		{"FIC-08", "Fichier bon de commande", "O2", "commande-0001.pdf", "COMMANDE-0001.pdf"},
		{"FIC-09", "", "L1C17", "Note", ""},
	}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestFileBeforeItsKindIsKnown: a file that cannot be read has no kind yet.
func TestFileBeforeItsKindIsKnown(t *testing.T) {
	ctx, _ := faultless()
	for kind, want := range map[claim.Kind]string{"": "AF §6.1", claim.Advance: "AF §6.1", claim.Balance: "AF §6.2"} {
		got := File(ctx, kind, FileInput{Supplier: theSupplier, Problems: []claim.FileProblem{{Code: "FIC-01", File: "x.xls", Detail: "format .xls"}}})
		if len(got) != 1 || got[0].Section != want {
			t.Errorf("%q: %+v", kind, got)
		}
	}
}
