package template

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// TestCells reads cells as producers other than excelize write them.
func TestCells(t *testing.T) {
	cases := []struct {
		name, rows string
		want       map[string]string
	}{
		{"no addresses", `<row><c><v>1</v></c><c/><c><v>3</v></c></row><row><c><v>4</v></c></row>`, map[string]string{"A1": "1", "C1": "3", "A2": "4"}},
		{"addresses now and then", `<row r="5"><c r="C5"><v>1</v></c><c><v>2</v></c></row><row><c><v>3</v></c></row>`, map[string]string{"C5": "1", "D5": "2", "A6": "3"}},
		{"last cell of all", `<row r="1048576"><c r="IV1048576"><v>1</v></c></row>`, map[string]string{"IV1048576": "1"}},
		{"formatted, empty, to XFD", `<row r="1" spans="1:16384" s="1" customFormat="1"><c r="A1"><v>1</v></c><c r="XFD1" s="3"/></row>`, map[string]string{"A1": "1"}},
		{"shared string in runs, with phonetics", `<row><c t="s"><v>1</v></c></row>`, map[string]string{"A1": "Le Lys"}},
		{"shared string twice", `<row><c t="s"><v>0</v></c><c t="s"><v> 0 </v></c></row>`, map[string]string{"A1": "a & b", "B1": "a & b"}},
		{"empty shared string", `<row><c t="s"><v>2</v></c><c t="s"/></row>`, map[string]string{}},
		{"inline in runs, with phonetics", `<row><c t="inlineStr"><is><r><rPr><b/></rPr><t>Le </t></r><r><t>Lys</t></r><rPh sb="0" eb="1"><t>x</t></rPh><phoneticPr fontId="1"/></is></c></row>`, map[string]string{"A1": "Le Lys"}},
		{"inline and empty", `<row><c t="inlineStr"><is><t/></is></c><c t="inlineStr"/></row>`, map[string]string{}},
		{"CDATA, comments, entities", `<row><c t="str"><v>a<![CDATA[<b>]]><!-- no -->&#233;&amp;</v></c></row>`, map[string]string{"A1": "a<b>é&"}},
		{"escapes", `<row><c t="str"><v>a_x000D__x000a_b_x005F_x0041_</v></c></row>`, map[string]string{"A1": "a\r\nb_x0041_"}},
		{"formula with value", `<row><c><f>1+1</f><v>2</v></c><c t="str"><f t="shared" si="0"/><v>x</v></c></row>`, map[string]string{"A1": "2", "B1": "x"}},
		{"formula whose value is an empty text", `<row><c t="str"><f>""</f><v></v></c></row>`, map[string]string{}},
		{"formula without value", `<row><c><f>1+1</f></c><c><f>1+1</f><v/></c><c t="str"><f>A1</f></c></row>`, map[string]string{"A1": "?", "B1": "?", "C1": "?"}},
		{"number without value", `<row><c><v></v></c><c t="n"/></row>`, map[string]string{}},
		{"truth and error", `<row><c t="b"><v>1</v></c><c t="b"><v>false</v></c><c t="e"><v>#DIV/0!</v></c></row>`, map[string]string{"A1": "VRAI", "B1": "FAUX", "C1": "#DIV/0!"}},
		{"ISO date", `<row><c t="d"><v>2023-03-15T00:00:00</v></c></row>`, map[string]string{"A1": "2023-03-15T00:00:00"}},
		{"extensions", `<row><c><v>1</v><extLst><ext uri="x"><a xmlns="urn:x"/></ext></extLst></c><extLst/></row>`, map[string]string{"A1": "1"}},
		{"numbers of all notations", `<row><c><v> 1.5E-3 </v></c><c><v>-.5</v></c><c><v>+3</v></c></row>`, map[string]string{"A1": "1.5E-3", "B1": "-.5", "C1": "+3"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			whole := parts(sheetHead+c.rows+sheetTail, "a &amp; b")
			whole = edit(t, whole, partStrings, "</sst>", `<si><r><t>Le </t></r><r><rPr/><t xml:space="preserve">Lys</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si><si><t/></si></sst>`)
			if diff := cmp.Diff(c.want, rawCells(t, pack(t, whole))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// rawCells reads the cells of the first sheet; a formula without value is "?".
func rawCells(t *testing.T, data []byte) map[string]string {
	t.Helper()
	book, err := openWorkbook(data)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := book.openSheet(book.sheets[0])
	if err != nil {
		t.Fatal(err)
	}
	cells := map[string]string{}
	for {
		r, err := rows.next()
		if err != nil {
			if err.Error() != "EOF" {
				t.Fatal(err)
			}
			return cells
		}
		for _, c := range r.cells {
			if c.typ == noValueCell {
				c.text = "?"
			}
			cells[sheetRef(r.number, c.column)] = c.text
		}
	}
}

// TestProducers reads the same sheet in the forms in which producers write it.
func TestProducers(t *testing.T) {
	plain := finSheet(2)
	whole := parts(plain)
	want := mustRead(t, "fin.xlsx", pack(t, whole)).Rows
	prefixed := strings.NewReplacer("<?", "<?", "</", "</x:", "<", "<x:", "xmlns=", "xmlns:x=").Replace(plain)
	strict := func(parts []part) []part {
		changed := append([]part(nil), parts...)
		for i := range changed {
			changed[i].text = strings.NewReplacer(mainNS, mainStrictNS, relNS, relStrictNS).Replace(changed[i].text)
		}
		return changed
	}
	around := strings.NewReplacer(
		"<sheetData>", `<sheetPr><tabColor rgb="FF0000"/></sheetPr><dimension ref="A1:ZZ9"/><cols><col min="1" max="4"/></cols><sheetData>`,
		"</sheetData>", `</sheetData><mergeCells count="1"><mergeCell ref="A9:B9"/></mergeCells><mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice Requires="x14"><controls/></mc:Choice><mc:Fallback/></mc:AlternateContent><extLst/>`,
	).Replace(plain)
	backslashes := append([]part(nil), whole...)
	for i := range backslashes {
		backslashes[i].name = strings.ReplaceAll(backslashes[i].name, "/", `\`)
	}
	for name, parts := range map[string][]part{
		"prefixes":                with(whole, partSheet, prefixed),
		"strict":                  strict(whole),
		"things around the rows":  with(whole, partSheet, around),
		"byte order mark":         with(whole, partSheet, "\ufeff"+plain),
		"no declaration, no CRLF": with(whole, partSheet, strings.ReplaceAll(strings.TrimPrefix(plain, xmlHead), "><", ">\r\n<")),
		"blanks behind the root":  with(whole, partSheet, plain+"\n<!-- end -->\n"),
		"other case":              edit(t, whole, partBookRels, "worksheets/sheet1.xml", "Worksheets/Sheet1.XML"),
		"absolute target":         edit(t, whole, partBookRels, "worksheets/sheet1.xml", "/xl/worksheets/sheet1.xml"),
		"target that goes around": edit(t, whole, partBookRels, "worksheets/sheet1.xml", "../xl/./worksheets/sheet1.xml"),
		"backslashes":             backslashes,
		"no shared strings":       edit(t, whole, partBookRels, "/sharedStrings\"", "/theme\""),
		"a chart sheet":           edit(t, edit(t, whole, partBook, "<sheets>", `<sheets><sheet name="G" sheetId="9" r:id="rId9"/>`), partBookRels, "</Relationships>", `<Relationship Id="rId9" Type="`+relNS+`/chartsheet" Target="c.xml"/></Relationships>`),
		"folders in the ZIP":      append([]part{{"xl/", ""}, {"_rels/", ""}}, whole...),
		"a damaged picture":       with(whole, "xl/media/image1.png", "no picture"),
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(want, mustRead(t, "fin.xlsx", pack(t, parts)).Rows); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("stored", func(t *testing.T) {
		if diff := cmp.Diff(want, mustRead(t, "fin.xlsx", store(t, whole)).Rows); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("1904", func(t *testing.T) {
		parts := edit(t, whole, partBook, "<sheets>", `<workbookPr date1904="1"/><sheets>`)
		for i, row := range mustRead(t, "fin.xlsx", pack(t, parts)).Rows {
			if got, want := row.Field(claim.FieldCompletedOn).Date, want[i].Field(claim.FieldCompletedOn).Date.AddDays(1462); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	})
}

// TestStates reads one cell of each state under its column.
func TestStates(t *testing.T) {
	rows := finHeader() + `<row r="2"><c r="A2" t="e"><v>#N/A</v></c><c r="B2"><f>X1</f></c><c r="D2" t="str"><v>  </v></c></row>`
	table := mustRead(t, "fin.xlsx", pack(t, parts(sheetHead+rows+sheetTail)))
	want := []claim.Row{{Number: 2, Fields: map[claim.FieldID]claim.Field{
		claim.FieldSupplier:    {State: claim.FieldBad, Cell: "A2", Raw: "#N/A", Why: WhyErrorValue},
		claim.FieldDossier:     {State: claim.FieldNoValue, Cell: "B2"},
		claim.FieldCompletedOn: {State: claim.FieldEmpty, Cell: "C2"},
		claim.FieldEndFile:     {State: claim.FieldEmpty, Cell: "D2"},
	}}}
	if diff := cmp.Diff(want, table.Rows); diff != "" {
		t.Error(diff)
	}
}

func TestRefs(t *testing.T) {
	for ref, want := range map[string][2]int{"A1": {1, 1}, "Z9": {9, 26}, "AA10": {10, 27}, "AZ1": {1, 52}, "BA1": {1, 53}, "ZZ1": {1, 702}, "AAA1": {1, 703}, "XFD1048576": {1048576, 16384}} {
		row, column, ok := parseSheetRef(ref)
		if !ok || row != want[0] || column != want[1] {
			t.Errorf("%s: %d %d", ref, row, column)
		}
		if got := sheetRef(want[0], want[1]); got != ref {
			t.Errorf("%v: %s, want %s", want, got, ref)
		}
	}
	for _, ref := range []string{"", "A", "1", "A0", "A01", "a1", "A1048577", "XFE1", "A-1", "A1B", "A 1", "É1"} {
		if _, _, ok := parseSheetRef(ref); ok {
			t.Errorf("%q is read as an address", ref)
		}
	}
}

func TestFaultsNameTheirPlace(t *testing.T) {
	sheet := sheetHead + finHeader() + finRow(2) + `<row r="3"><c r="B3" t="s"><v>7</v></c></row>` + sheetTail
	_, problems := Read("fin.xlsx", pack(t, parts(sheet)), DefaultLimits, "LGO1")
	want := []claim.FileProblem{{
		Code: "FIC-01", File: "fin.xlsx", Sheet: "FIN", Cell: "B3",
		Detail: "un texte désigné par son numéro, « 7 », n'est pas dans le classeur, feuille « FIN », cellule B3",
	}}
	if diff := cmp.Diff(want, problems); diff != "" {
		t.Error(diff)
	}
	// Two faults of one package value do not mix their places.
	_, first := Read("fin.xlsx", pack(t, edit(t, parts(finSheet(1)), partSheet, xmlHead, xmlHead+"<!DOCTYPE x>")), DefaultLimits, "LGO1")
	_, second := Read("fin.xlsx", pack(t, edit(t, parts(finSheet(1)), partBook, xmlHead, xmlHead+"<!DOCTYPE x>")), DefaultLimits, "LGO1")
	if first[0].Sheet != "FIN" || second[0].Sheet != "" {
		t.Error(fmt.Sprint(first, second))
	}
}
