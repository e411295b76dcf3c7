package template

import (
	"archive/zip"
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"guichet/config"
	"guichet/pipeline/claim"
)

// The parts of a small, well-formed workbook, from which the tests build
// others by changing one thing.
const (
	partTypes    = "[Content_Types].xml"
	partRels     = "_rels/.rels"
	partBook     = "xl/workbook.xml"
	partBookRels = "xl/_rels/workbook.xml.rels"
	partSheet    = "xl/worksheets/sheet1.xml"
	partStrings  = "xl/sharedStrings.xml"

	xmlHead   = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	sheetHead = xmlHead + `<worksheet xmlns="` + mainNS + `"><sheetData>`
	sheetTail = `</sheetData></worksheet>`
)

// part is one part of a workbook under construction.
type part struct{ name, text string }

// parts gives the parts of a workbook with one sheet FIN of that content.
func parts(sheet string, shared ...string) []part {
	var table strings.Builder
	for _, s := range shared {
		fmt.Fprintf(&table, "<si><t xml:space=\"preserve\">%s</t></si>", s)
	}
	return []part{
		{partTypes, xmlHead + `<Types xmlns="` + typesNS + `"><Default Extension="xml" ContentType="application/xml"/>` +
			`<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>`},
		{partRels, xmlHead + `<Relationships xmlns="` + packageRelNS + `"><Relationship Id="rId1" Type="` + relNS + `/officeDocument" Target="xl/workbook.xml"/></Relationships>`},
		{partBook, xmlHead + `<workbook xmlns="` + mainNS + `" xmlns:r="` + relNS + `"><sheets><sheet name="FIN" sheetId="1" r:id="rId1"/></sheets></workbook>`},
		{partBookRels, xmlHead + `<Relationships xmlns="` + packageRelNS + `"><Relationship Id="rId1" Type="` + relNS + `/worksheet" Target="worksheets/sheet1.xml"/>` +
			`<Relationship Id="rId2" Type="` + relNS + `/sharedStrings" Target="/xl/sharedStrings.xml"/></Relationships>`},
		{partSheet, sheet},
		{partStrings, xmlHead + `<sst xmlns="` + mainNS + `">` + table.String() + `</sst>`},
	}
}

// with gives the parts with one replaced, or added.
func with(parts []part, name, text string) []part {
	changed := append([]part(nil), parts...)
	for i := range changed {
		if changed[i].name == name {
			changed[i].text = text
			return changed
		}
	}
	return append(changed, part{name, text})
}

// edit gives the parts with a text replaced in one, once.
func edit(tb testing.TB, parts []part, name, old, text string) []part {
	tb.Helper()
	for _, p := range parts {
		if p.name == name && strings.Contains(p.text, old) {
			return with(parts, name, strings.Replace(p.text, old, text, 1))
		}
	}
	tb.Fatalf("%s does not hold %q", name, old)
	return nil
}

func pack(tb testing.TB, parts []part) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, p := range parts {
		f, err := w.Create(p.name)
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := f.Write([]byte(p.text)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// store packs parts without compression and with their sizes in the local
// headers, so that bytes can be changed in place.
func store(tb testing.TB, parts []part) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, p := range parts {
		f, err := w.CreateRaw(&zip.FileHeader{
			Name: p.name, Method: zip.Store, CRC32: crc32.ChecksumIEEE([]byte(p.text)),
			CompressedSize64: uint64(len(p.text)), UncompressedSize64: uint64(len(p.text)),
		})
		if err != nil {
			tb.Fatal(err)
		}
		if _, err := f.Write([]byte(p.text)); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// finHeader is the header of a FIN sheet, in row 1, as inline strings.
func finHeader() string {
	var row strings.Builder
	row.WriteString(`<row r="1">`)
	for _, c := range config.TemplateOf(claim.Completion).Columns[:4] {
		fmt.Fprintf(&row, `<c t="inlineStr"><is><t>%s</t></is></c>`, c.Label)
	}
	row.WriteString(`</row>`)
	return row.String()
}

// finRow is a claim on a row of a FIN sheet.
func finRow(number int) string {
	return fmt.Sprintf(`<row r="%[1]d"><c r="A%[1]d"><v>34152229000012</v></c><c r="B%[1]d" t="str"><v>%[2]s</v></c><c r="C%[1]d"><v>%[3]d</v></c><c r="D%[1]d" t="inlineStr"><is><t>fin-%[1]d.pdf</t></is></c></row>`,
		number, claim.NewDossierNumber("LGO1", number), 45000+number)
}

// finSheet is a FIN sheet of some rows.
func finSheet(rows int) string {
	var sheet strings.Builder
	sheet.WriteString(sheetHead + finHeader())
	for i := range rows {
		sheet.WriteString(finRow(i + 2))
	}
	return sheet.String() + sheetTail
}

// mustRead reads a file that has no problem.
func mustRead(tb testing.TB, name string, data []byte) *Table {
	tb.Helper()
	table, problems := Read(name, data, DefaultLimits, "LGO1")
	if len(problems) > 0 {
		tb.Fatalf("%+v", problems)
	}
	return table
}

// codes gives the codes of problems, in their order.
func codes(problems []claim.FileProblem) string {
	list := make([]string, len(problems))
	for i, p := range problems {
		list[i] = p.Code
	}
	return strings.Join(list, " ")
}
