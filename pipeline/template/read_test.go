package template

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/text/encoding/charmap"

	"guichet/config"
	"guichet/pipeline/claim"
)

func labelsOf(kind claim.Kind) []string {
	var labels []string
	for _, c := range config.TemplateOf(kind).Columns {
		labels = append(labels, c.Label)
	}
	return labels
}

func advanceLabels() []string { return labelsOf(claim.Advance) }

func advanceValues() []string {
	return []string{
		"AF-PHA-LGO-Va1", "34152229000012", "CMD-1", "01/03/2023", "ASSUJETTI", "708,50", "Mme Anne Le Goff", "010003002",
		"PHARMACIE DES ARCADES", "contact@pharmacie.fr", "04 74 23 54 73", "ANS-1", "LGO Plus", "12.4", "commande-1.pdf", "",
	}
}

func balanceValues() []string {
	return []string{"34152229000012", "LGO1-00000001-96", "F-1", "02/05/2023", "01/05/2023", "facture.pdf", "va.pdf"}
}

func completionValues() []string {
	return []string{"34152229000012", "LGO1-00000001-96", "01/05/2023", "fin.pdf", ""}
}

func csvOf(rows ...[]string) []byte {
	var out strings.Builder
	for _, row := range rows {
		out.WriteString(strings.Join(row, ";") + "\n")
	}
	return []byte(out.String())
}

// sheetOf is a sheet of a workbook that a test writes.
type sheetOf struct {
	name string
	rows [][]string
}

func bookOf(tb testing.TB, sheets ...sheetOf) []byte {
	tb.Helper()
	book := excelize.NewFile()
	for i, s := range sheets {
		if i == 0 {
			if err := book.SetSheetName("Sheet1", s.name); err != nil {
				tb.Fatal(err)
			}
		} else if _, err := book.NewSheet(s.name); err != nil {
			tb.Fatal(err)
		}
		for j, row := range s.rows {
			for k, text := range row {
				if text == "" {
					continue
				}
				cell, err := excelize.CoordinatesToCellName(k+1, j+1)
				if err != nil {
					tb.Fatal(err)
				}
				if err := book.SetCellStr(s.name, cell, text); err != nil {
					tb.Fatal(err)
				}
			}
		}
	}
	var out bytes.Buffer
	if err := book.Write(&out); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// TestAdvance reads one claim as a person typed it, in every dialect.
func TestAdvance(t *testing.T) {
	rows := [][]string{{"Demandes d'avance"}, {}, advanceLabels(), advanceValues()}
	text := csvOf(rows[0], []string{""}, rows[2], rows[3])
	latin, err := charmap.Windows1252.NewEncoder().Bytes(text)
	if err != nil {
		t.Fatal(err)
	}
	want := func(ref func(row, column int) string, row int) claim.Row {
		values := advanceValues()
		fields := map[claim.FieldID]claim.Field{}
		for i, c := range config.TemplateOf(claim.Advance).Columns {
			f := claim.Field{State: claim.FieldOK, Cell: ref(row, i+1), Raw: values[i], Text: values[i]}
			switch c.ID {
			case claim.FieldOrderDate:
				f.Text, f.Date = "", claim.Date{Year: 2023, Month: 3, Day: 1}
			case claim.FieldAmount:
				f.Text, f.Amount = "", claim.Amount{Cents: 70850}
			case claim.FieldPhone:
				f.Text = "0474235473"
			case claim.FieldVATFile:
				f = claim.Field{State: claim.FieldEmpty, Cell: f.Cell}
			default:
			}
			fields[c.ID] = f
		}
		return claim.Row{Number: row, Fields: fields}
	}
	for _, c := range []struct {
		name, file string
		data       []byte
		ref        func(row, column int) string
	}{
		{"UTF-8", "a.csv", text, csvRef},
		{"UTF-8 with mark", "a.CSV", append([]byte("\ufeff"), text...), csvRef},
		{"Windows-1252", "a.csv", latin, csvRef},
		{"CRLF, no line end at the end", "a.csv", []byte(strings.TrimSuffix(strings.ReplaceAll(string(text), "\n", "\r\n"), "\r\n")), csvRef},
		{"tabs", "a.csv", []byte(strings.ReplaceAll(string(text), ";", "\t")), csvRef},
		{"commas", "a.csv", []byte(strings.ReplaceAll(strings.ReplaceAll(string(text), "708,50", `"708,50"`), ";", ",")), csvRef},
		{"workbook", "a.xlsx", bookOf(t, sheetOf{"AVANCE", rows}), sheetRef},
		{"only sheet", "a.xlsx", bookOf(t, sheetOf{"Feuil1", rows}), sheetRef},
	} {
		t.Run(c.name, func(t *testing.T) {
			table := mustRead(t, c.file, c.data)
			if diff := cmp.Diff([]claim.Row{want(c.ref, 4)}, table.Rows); diff != "" {
				t.Error(diff)
			}
			if table.Kind != claim.Advance || table.HeaderRow != 3 || table.Columns[claim.FieldAmount] != c.ref(3, 6) || len(table.Columns) != 16 {
				t.Errorf("%s, header in row %d, %v", table.Kind, table.HeaderRow, table.Columns)
			}
		})
	}
}

func TestHeader(t *testing.T) {
	without := func(labels []string, gone ...string) []string {
		var rest []string
		for _, l := range labels {
			kept := true
			for _, g := range gone {
				kept = kept && l != g
			}
			if kept {
				rest = append(rest, l)
			}
		}
		return rest
	}
	typed := []string{"REFERENCE   AF", " siret Fournisseur ", "référence commande", "Date\u00a0commande", "Regime TVA", "MONTANT HT", "nom du responsable", "FINESS geographique", "raison sociale", "E-Mail", "Telephone", "N° référencement ANS", "Solution logicielle", "version", "Fichier bon de commande"}
	cases := []struct {
		name string
		rows [][]string
		kind claim.Kind
		want []claim.FileProblem
	}{
		{"labels as people type them", [][]string{typed, advanceValues()}, claim.Advance, nil},
		{"Nº, No", [][]string{{"SIRET FOURNISSEUR", "Nº dossier ASP", "Date finalisation prestation", "Fichier attestation de fin"}, completionValues()[:4]}, claim.Completion, nil},
		{"No", [][]string{{"siret fournisseur", "No dossier asp", "no facture", "date emission facture", "date finalisation prestation", "fichier facture", "fichier attestation va"}, balanceValues()}, claim.Balance, nil},
		{"FIN is not half a SOLDE", [][]string{labelsOf(claim.Completion), completionValues()}, claim.Completion, nil},
		{"SOLDE without its last column is no FIN", [][]string{labelsOf(claim.Balance)[:6], balanceValues()[:6]}, claim.Balance, []claim.FileProblem{
			{Code: "FIC-03", File: "a.csv", Label: "Fichier attestation VA"},
		}},
		{"header in row 20", append(make20(19), labelsOf(claim.Completion), completionValues()), claim.Completion, nil},
		{"header in row 21", append(make20(20), labelsOf(claim.Completion), completionValues()), "", []claim.FileProblem{{Code: "FIC-02", File: "a.csv"}}},
		{"no header", [][]string{{"a", "b"}, {"c", "d"}}, "", []claim.FileProblem{{Code: "FIC-02", File: "a.csv"}}},
		{"less than half", [][]string{advanceLabels()[:7], advanceValues()[:7]}, "", []claim.FileProblem{{Code: "FIC-02", File: "a.csv"}}},
		{"no claim", [][]string{labelsOf(claim.Completion), {"", " ", "\u00a0", ""}}, claim.Completion, []claim.FileProblem{{Code: "FIC-05", File: "a.csv"}}},
		{"everything at once", [][]string{
			append(without(labelsOf(claim.Completion), "Date finalisation prestation", "Nature"), "Date de finalisation de la prestation", "siret fournisseur", "Zut"), {"34152229000012"},
		}, claim.Completion, []claim.FileProblem{
			{Code: "FIC-03", Reason: "nearest", File: "a.csv", Label: "Date finalisation prestation", Nearest: "Date de finalisation de la prestation"},
			{Code: "FIC-04", File: "a.csv", Cell: "L1C5", Label: "SIRET fournisseur"},
			{Code: "FIC-09", File: "a.csv", Cell: "L1C4", Label: "Date de finalisation de la prestation"},
			{Code: "FIC-09", File: "a.csv", Cell: "L1C6", Label: "Zut"},
		}},
		{"all that is missing", [][]string{advanceLabels()[:8], advanceValues()[:8]}, claim.Advance, []claim.FileProblem{
			{Code: "FIC-03", File: "a.csv", Label: "Raison sociale"},
			{Code: "FIC-03", File: "a.csv", Label: "E-mail"},
			{Code: "FIC-03", File: "a.csv", Label: "Téléphone"},
			{Code: "FIC-03", File: "a.csv", Label: "N° référencement ANS"},
			{Code: "FIC-03", File: "a.csv", Label: "Solution logicielle"},
			{Code: "FIC-03", File: "a.csv", Label: "Version"},
			{Code: "FIC-03", File: "a.csv", Label: "Fichier bon de commande"},
		}},
		{"empty header cells are no columns", [][]string{append(labelsOf(claim.Completion), "", " ", "Note"), append(completionValues(), "x", "y", "z")}, claim.Completion, []claim.FileProblem{
			{Code: "FIC-09", File: "a.csv", Cell: "L1C8", Label: "Note"},
		}},
		{"hostile label", [][]string{append(labelsOf(claim.Completion), "a\x1b[31m\u202e"+strings.Repeat("b", 3000)), completionValues()}, claim.Completion, []claim.FileProblem{
			{Code: "FIC-09", File: "a.csv", Cell: "L1C6", Label: "a [31m " + strings.Repeat("b", 33) + "…"},
		}},
		{"more cells than the header, empty", [][]string{labelsOf(claim.Completion), append(completionValues(), "", " ")}, claim.Completion, nil},
		{"more cells than the header", [][]string{labelsOf(claim.Completion), append(completionValues(), "", "x")}, claim.Completion, []claim.FileProblem{
			{Code: "FIC-01", File: "a.csv", Cell: "L2C7", Detail: "la ligne 2 a plus de cellules que l'en-tête (5), cellule L2C7"},
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			table, problems := Read("a.csv", csvOf(c.rows...), DefaultLimits, "LGO1")
			if diff := cmp.Diff(c.want, problems); diff != "" {
				t.Error(diff)
			}
			if table.Kind != c.kind {
				t.Errorf("kind %q", table.Kind)
			}
			if want := 1; refuses(c.want) != (len(table.Rows) != want) {
				t.Errorf("%d rows", len(table.Rows))
			}
		})
	}
}

func make20(n int) [][]string {
	rows := make([][]string, n)
	for i := range rows {
		rows[i] = []string{fmt.Sprint("titre ", i)}
	}
	return rows
}

func TestSheets(t *testing.T) {
	advance := [][]string{advanceLabels(), advanceValues()}
	advanceEmpty := [][]string{advanceLabels()}
	fin := [][]string{labelsOf(claim.Completion), completionValues()}
	notes := [][]string{{"Notice"}, {"Remplir une ligne par demande"}}
	broken := [][]string{append(append([]string(nil), labelsOf(claim.Balance)[:6]...), "Zut")}
	cases := []struct {
		name   string
		sheets []sheetOf
		codes  string
		detail string
		sheet  string
	}{
		{"named, behind a notice", []sheetOf{{"Notice", notes}, {"avance", advance}}, "", "", "avance"},
		{"another name", []sheetOf{{"Notice", notes}, {"Mes demandes", advance}}, "", "", "Mes demandes"},
		{"the named one wins", []sheetOf{{"Exemple", advance}, {"AVANCE", advance}}, "", "", "AVANCE"},
		{"the named one wins, though empty", []sheetOf{{"Exemple", advance}, {"AVANCE", advanceEmpty}}, "FIC-05", "", "AVANCE"},
		{"the named one wins, though without header", []sheetOf{{"Exemple", advance}, {"AVANCE", notes}}, "FIC-02", "", ""},
		{"models left empty", []sheetOf{{"AVANCE", advance}, {"SOLDE", broken}, {"FIN", fin[:1]}}, "", "", "AVANCE"},
		{"two kinds", []sheetOf{{"AVANCE", advance}, {"FIN", fin}}, "FIC-06", "« AVANCE », « FIN »", ""},
		{"two sheets of a kind", []sheetOf{{"Janvier", advance}, {"Février", advance}}, "FIC-06", "« Janvier », « Février »", ""},
		{"no header", []sheetOf{{"Notice", notes}}, "FIC-02", "", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			table, problems := Read("a.xlsx", bookOf(t, c.sheets...), DefaultLimits, "LGO1")
			if got := codes(problems); got != c.codes || table.Sheet != c.sheet || len(table.Rows) > 0 != (c.codes == "") {
				t.Errorf("%d rows of sheet %q, %+v", len(table.Rows), table.Sheet, problems)
			}
			if c.detail != "" && problems[0].Detail != c.detail {
				t.Error(problems[0].Detail)
			}
		})
	}
	t.Run("hidden sheets and rows count", func(t *testing.T) {
		whole := edit(t, parts(finSheet(2)), partBook, `sheetId="1"`, `sheetId="1" state="veryHidden"`)
		whole = edit(t, whole, partSheet, `<row r="3"`, `<row r="3" hidden="1"`)
		if rows := mustRead(t, "a.xlsx", pack(t, whole)).Rows; len(rows) != 2 {
			t.Errorf("%d rows", len(rows))
		}
	})
}

func TestRowLimit(t *testing.T) {
	limits := Limits{Bytes: 1 << 20, Rows: 2}
	rows := [][]string{labelsOf(claim.Completion), completionValues(), {""}, {" "}, completionValues()}
	if table, problems := Read("a.csv", csvOf(rows...), limits, "LGO1"); len(problems) > 0 || len(table.Rows) != 2 {
		t.Errorf("%+v: blank rows count", problems)
	}
	_, problems := Read("a.csv", csvOf(append(rows, completionValues())...), limits, "LGO1")
	if codes(problems) != "FIC-01" || problems[0].Detail != "le fichier a plus de 2 lignes" {
		t.Errorf("%+v", problems)
	}
}

// TestRowsWithoutKnownValue: a row with values under unknown labels alone is
// no claim.
func TestRowsWithoutKnownValue(t *testing.T) {
	rows := [][]string{append(labelsOf(claim.Completion), "Rang"), append(completionValues(), "1"), {"", "", "", "", "", "2"}}
	table, problems := Read("a.csv", csvOf(rows...), DefaultLimits, "LGO1")
	if codes(problems) != "FIC-09" || len(table.Rows) != 1 {
		t.Errorf("%d rows, %+v", len(table.Rows), problems)
	}
}

func TestHostileCSV(t *testing.T) {
	head := strings.Join(labelsOf(claim.Completion), ";") + "\n"
	good := strings.Join(completionValues(), ";") + "\n"
	cases := []struct{ name, text, words string }{
		{"quote not closed", head + good + "\"34152229000012;a\n" + good, "ligne 3"},
		{"quote not closed at the end", head + good + "34152229000012;\"a", "ligne 3"},
		{"quote inside", head + "34152229000012;le \"Lys\";;;\n", "ligne 2"},
		{"text behind a quote", head + "\"34152229000012\"x;;;;\n", "ligne 2"},
		{"two stray quotes", head + "34152229000012;LGO1-00000001-96;01/05/2023;\"fin.pdf;\n34152229000012;LGO1-00000002-95;01/05/2023;fin.pdf\";\n", "réunit plusieurs lignes"},
		{"null byte", head + good + "a\x00b;;;;\n", "octet nul à la ligne 3"},
		{"UTF-16 with mark", "\xff\xfeS\x00I\x00", "UTF-16"},
		{"UTF-16, the other way", "\xfe\xff\x00S\x00I", "UTF-16"},
		{"undefined in Windows-1252", head + "a\x81;;;;\n", "ligne 2"},
		{"mark, then no UTF-8", "\ufeff" + head + "\xe9;;;;\n", "UTF-8"},
		{"UTF-8 cut inside a letter", head + "\"é\";;;;\né;;;;\xc3", "ligne 3"},
		{"carriage returns alone", strings.ReplaceAll(head+good, "\n", "\r"), "Macintosh"},
		{"a carriage return alone", head + strings.TrimSuffix(good, "\n") + "\r" + good, "retour chariot"},
		{"a cell of 4,097 characters", head + strings.Repeat("é", 4097) + ";;;;\n", "4 096"},
		{"a record of 5 MiB", head + "\"" + strings.Repeat("x\n", 5<<19) + "\";;;;\n", "trop long"},
		{"a million separators", head + strings.Repeat(";", 1_000_000) + "\n", "trop long"},
		{"separators over many lines", head + strings.Repeat("\"\n\";", 1_000_000) + "\n", "trop long"},
		{"257 columns", head + strings.Repeat(";", 256) + "x\n", "256 colonnes"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { refusedAs(t, "fin.csv", []byte(c.text), c.words) })
	}
}

// TestQuotedLines: cells over several lines are no fault, and rows are
// numbered by the lines on which they start.
func TestQuotedLines(t *testing.T) {
	text := "\"SIRET\nfournisseur\";N° dossier ASP;\"Date finalisation\nprestation\";Fichier attestation de fin\n\n" +
		"34152229000012;LGO1-00000001-96;01/05/2023;\"fin;1.pdf\"\n\"34152229000012\";LGO1-00000002-95;\"01/05/2023\n\";\"fin \"\"2\"\".pdf\""
	table := mustRead(t, "fin.csv", []byte(text))
	var got []string
	for _, row := range table.Rows {
		f := row.Field(claim.FieldEndFile)
		got = append(got, fmt.Sprint(row.Number, " ", f.Cell, " ", f.Text))
	}
	if diff := cmp.Diff([]string{"5 L5C4 fin;1.pdf", `6 L6C4 fin "2".pdf`}, got); diff != "" {
		t.Error(diff)
	}
}
