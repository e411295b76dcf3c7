package template

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

// bound is the most memory that reading a hostile file may take beside the
// file: the 64 MiB of shared strings, their index, and room to grow.
const bound = 400 << 20

// refusedAs reads a file that must be FIC-01 alone, with words in its detail,
// within bounded memory.
func refusedAs(t *testing.T, name string, data []byte, words string) {
	t.Helper()
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	peak := watchHeap()
	table, problems := Read(name, data, DefaultLimits, "LGO1")
	most := peak()
	runtime.ReadMemStats(&after)
	if codes(problems) != "FIC-01" || len(table.Rows) > 0 {
		t.Fatalf("%d rows, %+v", len(table.Rows), problems)
	}
	if !strings.Contains(problems[0].Detail, words) {
		t.Errorf("%q does not say %q", problems[0].Detail, words)
	}
	if n := len([]rune(problems[0].Detail)); n > 180 {
		t.Errorf("%d characters: %s", n, problems[0].Detail)
	}
	if most > before.HeapAlloc+bound {
		t.Errorf("%d MiB of heap", (most-before.HeapAlloc)>>20)
	}
}

// watchHeap gives a function that stops the watch and tells the largest heap seen.
func watchHeap() func() uint64 {
	stop, result := make(chan struct{}), make(chan uint64)
	go func() {
		var most uint64
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-stop:
				result <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() uint64 { close(stop); return <-result }
}

func TestHostileSheets(t *testing.T) {
	row2 := `<row r="2"><c r="A2" t="str"><v>x</v></c></row>`
	cases := []struct{ name, sheet, words string }{
		{"rows out of order", finHeader() + finRow(3) + finRow(2), "2 vient après 3"},
		{"a row twice", finHeader() + finRow(2) + finRow(2), "2 vient après 2"},
		{"row 0", finHeader() + `<row r="0"/>`, "numéro de ligne"},
		{"row -1", finHeader() + `<row r="-1"/>`, "numéro de ligne"},
		{"row 1048577", finHeader() + `<row r="1048577"/>`, "numéro de ligne"},
		{"no number behind the last row", finHeader() + `<row r="1048576"/><row/>`, "ne se suivent pas"},
		{"row number with blanks", finHeader() + `<row r=" 2"/>`, "numéro de ligne"},
		{"huge row number", finHeader() + `<row r="99999999999999999999"/>`, "numéro de ligne"},
		{"row attribute twice", finHeader() + `<row r="2" r="3"/>`, "mal formée"},
		{"columns out of order", finHeader() + `<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>`, "ne se suivent pas"},
		{"a cell twice", finHeader() + `<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>`, "ne se suivent pas"},
		{"cell of another row", finHeader() + `<row r="2"><c r="A3"><v>1</v></c></row>`, "A3"},
		{"bad cell address", finHeader() + `<row r="2"><c r="$A2"><v>1</v></c></row>`, "adresse de cellule"},
		{"column beyond XFD", finHeader() + `<row r="2"><c r="XFE2"><v>1</v></c></row>`, "XFE2"},
		{"column with a hundred letters", finHeader() + `<row r="2"><c r="` + strings.Repeat("A", 100) + `2"><v>1</v></c></row>`, "adresse"},
		{"16,384 columns", finHeader() + `<row r="2">` + strings.Repeat(`<c><v>1</v></c>`, 16384) + `</row>`, "256 colonnes"},
		{"16,385 columns", finHeader() + `<row r="2">` + strings.Repeat(`<c/>`, 16385) + `</row>`, "ne se suivent pas"},
		{"shared string beyond the table", finHeader() + `<row r="2"><c t="s"><v>3</v></c></row>`, "n'est pas dans le classeur"},
		{"negative shared string", finHeader() + `<row r="2"><c t="s"><v>-1</v></c></row>`, "-1"},
		{"shared string without number", finHeader() + `<row r="2"><c t="s"><v></v></c></row>`, "n'est pas dans le classeur"},
		{"huge shared string number", finHeader() + `<row r="2"><c t="s"><v>18446744073709551616</v></c></row>`, "n'est pas dans le classeur"},
		{"a number that is none", finHeader() + `<row r="2"><c><v>12abc</v></c></row>`, "nombre illisible"},
		{"hexadecimal", finHeader() + `<row r="2"><c><v>0x1p4</v></c></row>`, "nombre illisible"},
		{"infinity", finHeader() + `<row r="2"><c><v>Inf</v></c></row>`, "nombre illisible"},
		{"a number past every float", finHeader() + `<row r="2"><c><v>1e999</v></c></row>`, "nombre illisible"},
		{"a truth that is none", finHeader() + `<row r="2"><c t="b"><v>2</v></c></row>`, "valeur logique"},
		{"unknown type", finHeader() + `<row r="2"><c t="z"><v>2</v></c></row>`, "type inconnu"},
		{"two values", finHeader() + `<row r="2"><c><v>1</v><v>2</v></c></row>`, "mal formée"},
		{"two kinds of values", finHeader() + `<row r="2"><c><v>1</v><is><t>2</t></is></c></row>`, "deux valeurs"},
		{"two kinds of values, inline", finHeader() + `<row r="2"><c t="inlineStr"><v>1</v><is><t>2</t></is></c></row>`, "deux valeurs"},
		{"text between cells", finHeader() + `<row r="2">x</row>`, "mal formée"},
		{"text between rows", finHeader() + `x` + finRow(2), "mal formée"},
		{"text in a cell", finHeader() + `<row r="2"><c r="A2">x</c></row>`, "mal formée"},
		{"element between rows", finHeader() + `<rows>` + finRow(2) + `</rows>`, "élément inattendu"},
		{"row of another namespace", finHeader() + `<row xmlns="urn:x" r="2"/>`, "élément inattendu"},
		{"cell of another namespace", finHeader() + `<row r="2"><c xmlns="urn:x"/></row>`, "élément inattendu"},
		{"unbound prefix", finHeader() + `<x:row r="2"/>`, "mal formée"},
		{"alternate content around rows", finHeader() + `<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><mc:Choice>` + finRow(2) + `</mc:Choice></mc:AlternateContent>`, "élément inattendu"},
		{"elements crossed", finHeader() + `<row r="2"><c></row></c>`, "mal formée"},
		{"unknown entity", finHeader() + `<row r="2"><c t="str"><v>&nbsp;</v></c></row>`, "mal formée"},
		{"two sheetData", finHeader() + row2 + `</sheetData><sheetData>` + finRow(3), "deux fois"},
		{"sheetData elsewhere", finHeader() + row2 + `</sheetData><extLst><ext><sheetData>` + finRow(3) + `</sheetData></ext></extLst><sheetData>`, "hors de leur place"},
		{"something behind the root", finHeader() + row2 + `</sheetData></worksheet><worksheet><sheetData>`, "mal formée"},
		{"a cell of 4,097 characters", finHeader() + `<row r="2"><c t="str"><v>` + strings.Repeat("é", 4097) + `</v></c></row>`, "4 096 caractères"},
		{"a token of 2 MiB", finHeader() + `<row r="2"><c t="str"><v>` + strings.Repeat("x", 2<<20) + `</v></c></row>`, "1 Mio"},
		{"an attribute of 2 MiB", finHeader() + `<row r="2" a="` + strings.Repeat("x", 2<<20) + `"/>`, "1 Mio"},
		{"a value in a million pieces", finHeader() + `<row r="2"><c t="str"><v>` + strings.Repeat("xxxxxxxx<!---->", 1<<18) + `</v></c></row>`, "1 Mio"},
		{"100,000 elements inside one another", finHeader() + `<row r="2"><extLst>` + strings.Repeat("<a>", 100_000), "imbriqués"},
		{"200,000 namespaces", finHeader() + `<row r="2"><extLst><a ` + manyNamespaces(40_000) + `/></extLst></row>`, "imbriqués"},
		{"control character", finHeader() + "<row r=\"2\"><c t=\"str\"><v>a\x01</v></c></row>", "mal formée"},
		{"invalid UTF-8", finHeader() + "<row r=\"2\"><c t=\"str\"><v>a\xff</v></c></row>", "mal formée"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			refusedAs(t, "fin.xlsx", pack(t, parts(sheetHead+c.sheet+sheetTail, "a", "b", "c")), c.words)
		})
	}
}

func manyNamespaces(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, `xmlns:a%d="" `, i)
	}
	return out.String()
}

func TestHostileParts(t *testing.T) {
	whole := parts(finSheet(2), "a")
	laughs := `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;">]>`
	cases := []struct {
		name  string
		parts []part
		words string
	}{
		{"DTD in the sheet", edit(t, whole, partSheet, xmlHead, xmlHead+`<!DOCTYPE worksheet>`), "DTD"},
		{"billion laughs", edit(t, whole, partSheet, xmlHead, xmlHead+laughs), "DTD"},
		{"DTD in the strings", edit(t, whole, partStrings, xmlHead, xmlHead+laughs), "DTD"},
		{"DTD in the workbook", edit(t, whole, partBook, xmlHead, xmlHead+`<!DOCTYPE x SYSTEM "file:///etc/passwd">`), "DTD"},
		{"UTF-16", with(whole, partSheet, utf16Text(finSheet(2))), "mal formée"},
		{"declared as Latin-1", edit(t, whole, partSheet, `encoding="UTF-8"`, `encoding="ISO-8859-1"`), "mal formée"},
		{"two parts of a name", append(whole[:len(whole):len(whole)], part{partSheet, finSheet(1)}), "même nom"},
		{"names that differ by case", append(whole[:len(whole):len(whole)], part{"XL/Worksheets/SHEET1.xml", finSheet(1)}), "même nom"},
		{"names that differ by the slash", append(whole[:len(whole):len(whole)], part{`\xl\worksheets\sheet1.xml`, finSheet(1)}), "même nom"},
		{"name that climbs", append(whole[:len(whole):len(whole)], part{"xl/../../x", ""}), "nom inadmissible"},
		{"2,001 parts", append(whole[:len(whole):len(whole)], manyParts(2001)...), "2 000 parties"},
		{"70,000 parts", append(whole[:len(whole):len(whole)], manyParts(70_000)...), "2 000 parties"},
		{"sheet missing", edit(t, whole, partBookRels, "sheet1.xml", "sheet2.xml"), "manque"},
		{"sheet outside", edit(t, whole, partBookRels, "worksheets/sheet1.xml", "../../../sheet1.xml"), "manque"},
		{"sheet on the network", edit(t, whole, partBookRels, `Target="worksheets/sheet1.xml"`, `TargetMode="External" Target="https://example.org/"`), "n'est pas dans le classeur"},
		{"sheet without relationship", edit(t, whole, partBook, `r:id="rId1"`, `r:id="rId9"`), "n'est pas dans le classeur"},
		{"two sheets on a part", edit(t, whole, partBook, `</sheets>`, `<sheet name="B" sheetId="2" r:id="rId1"/></sheets>`), "même partie"},
		{"two relationships of an id", edit(t, whole, partBookRels, `Id="rId2"`, `Id="rId1"`), "mal formée"},
		{"no sheet", edit(t, whole, partBook, `<sheet name="FIN" sheetId="1" r:id="rId1"/>`, ``), "aucune feuille"},
		{"not a sheet", with(whole, partSheet, xmlHead+`<html xmlns="`+mainNS+`"/>`), "n'est pas une feuille"},
		{"sheet without data", with(whole, partSheet, xmlHead+`<worksheet xmlns="`+mainNS+`"/>`), "pas de données"},
		{"sheet of no namespace", with(whole, partSheet, xmlHead+`<worksheet><sheetData/></worksheet>`), "n'est pas une feuille"},
		{"empty sheet part", with(whole, partSheet, ""), "s'interrompt"},
		{"strings that are none", with(whole, partStrings, xmlHead+`<html xmlns="`+mainNS+`"/>`), "mal formée"},
		{"two tables of strings", edit(t, whole, partBookRels, `</Relationships>`, `<Relationship Id="rId3" Type="`+relNS+`/sharedStrings" Target="other.xml"/></Relationships>`), "plus d'une table"},
		{"two main parts", edit(t, whole, partRels, `</Relationships>`, `<Relationship Id="rId3" Type="`+relNS+`/officeDocument" Target="xl/other.xml"/></Relationships>`), "plus d'un document"},
		{"no main part", edit(t, whole, partRels, "/officeDocument\"", "/other\""), "pas un classeur"},
		{"macros", edit(t, whole, partTypes, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", "application/vnd.ms-excel.sheet.macroEnabled.main+xml"), ".xlsm"},
		{"binary", edit(t, whole, partTypes, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml", "application/vnd.ms-excel.sheet.binary.macroEnabled.main"), ".xlsb"},
		{"Word", edit(t, whole, partTypes, "spreadsheetml.sheet", "wordprocessingml.document"), "Word"},
		{"PowerPoint", edit(t, whole, partTypes, "spreadsheetml.sheet", "presentationml.presentation"), "pas un classeur"},
		{"OpenDocument", []part{{"mimetype", "application/vnd.oasis.opendocument.spreadsheet"}, {"content.xml", "<x/>"}}, ".ods"},
		{"any ZIP", []part{{"a.pdf", "%PDF"}}, "archive ZIP"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { refusedAs(t, "fin.xlsx", pack(t, c.parts), c.words) })
	}
}

func manyParts(n int) []part {
	list := make([]part, n)
	for i := range list {
		list[i].name = fmt.Sprint("x/", i)
	}
	return list
}

func utf16Text(text string) string {
	out := []byte("\xff\xfe")
	for _, unit := range utf16.Encode([]rune(text)) {
		out = binary.LittleEndian.AppendUint16(out, unit)
	}
	return string(out)
}

// zeros gives n times the same text without holding it.
func zeros(text string, n int) io.Reader {
	return &repeated{text: text, left: n}
}

type repeated struct {
	text string
	left int
	rest string
}

func (r *repeated) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if r.rest == "" {
			if r.left == 0 {
				break
			}
			r.rest, r.left = r.text, r.left-1
		}
		copied := copy(p[n:], r.rest)
		n, r.rest = n+copied, r.rest[copied:]
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// bomb packs the parts with one of them made of a head, a text repeated, and a tail.
func bomb(t *testing.T, whole []part, name, head, text string, times int, tail string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, p := range whole {
		f, err := w.Create(p.name)
		if err != nil {
			t.Fatal(err)
		}
		var from io.Reader = strings.NewReader(p.text)
		if p.name == name {
			from = io.MultiReader(strings.NewReader(head), zeros(text, times), strings.NewReader(tail))
		}
		if _, err := io.Copy(f, from); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestBombs(t *testing.T) {
	whole := parts(finSheet(2), "a")
	block := strings.Repeat(" ", 1<<16)
	two := with(edit(t, edit(t, whole, partBook, `</sheets>`, `<sheet name="Notes" sheetId="2" r:id="rId3"/></sheets>`),
		partBookRels, `</Relationships>`, `<Relationship Id="rId3" Type="`+relNS+`/worksheet" Target="notes.xml"/></Relationships>`), "xl/notes.xml", "")
	cases := []struct {
		name string
		data []byte
		word string
	}{
		{"more than 1 GiB in a sheet without claims", bomb(t, two, "xl/notes.xml", sheetHead+`<row r="21"/>`, block, 1<<14, sheetTail), "1 Gio"},
		{"one text of 1 GiB", bomb(t, whole, partSheet, sheetHead+finHeader()+`<row><c t="str"><v>`, block, 1<<14, `</v></c></row>`+sheetTail), "1 Mio"},
		{"3 million strings", bomb(t, whole, partStrings, xmlHead+`<sst xmlns="`+mainNS+`">`, `<si/>`, 3_000_000, `</sst>`), "2 millions"},
		{"128 MiB of strings", bomb(t, whole, partStrings, xmlHead+`<sst xmlns="`+mainNS+`">`, `<si><t>`+block+`</t></si>`, 2048, `</sst>`), "64 Mio"},
		{"one string in runs of 128 MiB", bomb(t, whole, partStrings, xmlHead+`<sst xmlns="`+mainNS+`"><si>`, `<r><t>`+block+`</t></r>`, 2048, `</si></sst>`), "1 Mio"},
		{"300,000 rows", bomb(t, whole, partSheet, sheetHead+finHeader(), `<row><c t="str"><v>x</v></c></row>`, 300_000, sheetTail), "200000 lignes"},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s (%d KiB)", c.name, len(c.data)>>10), func(t *testing.T) { refusedAs(t, "fin.xlsx", c.data, c.word) })
	}

	t.Run("a million blank rows are no bomb", func(t *testing.T) {
		data := bomb(t, whole, partSheet, sheetHead+finHeader()+finRow(2), `<row><c s="1"/><c t="str"><v> </v></c></row>`, 1_000_000, sheetTail)
		if table := mustRead(t, "fin.xlsx", data); len(table.Rows) != 1 {
			t.Errorf("%d rows", len(table.Rows))
		}
	})
	t.Run("larger than the limit", func(t *testing.T) {
		refusedAs(t, "fin.xlsx", make([]byte, DefaultLimits.Bytes+1), "50 Mio")
	})
}

// record finds the n-th record with a signature and gives the bytes from there.
func record(t *testing.T, data []byte, signature string, n int) []byte {
	t.Helper()
	for i := range data {
		if strings.HasPrefix(string(data[i:min(len(data), i+4)]), signature) {
			if n == 0 {
				return data[i:]
			}
			n--
		}
	}
	t.Fatal("no such record")
	return nil
}

func TestHostileZIP(t *testing.T) {
	whole := parts(finSheet(2))
	sheet := 4 // place of the sheet among the parts
	put16 := func(signature string, n, at int, value uint16) func(t *testing.T, data []byte) []byte {
		return func(t *testing.T, data []byte) []byte {
			binary.LittleEndian.PutUint16(record(t, data, signature, n)[at:], value)
			return data
		}
	}
	put32 := func(signature string, n, at int, value uint32) func(t *testing.T, data []byte) []byte {
		return func(t *testing.T, data []byte) []byte {
			binary.LittleEndian.PutUint32(record(t, data, signature, n)[at:], value)
			return data
		}
	}
	const structure, part = "structure ZIP", "abîmée"
	cases := []struct {
		name   string
		change func(t *testing.T, data []byte) []byte
		words  string
	}{
		{"encrypted, says the directory", put16(directoryHeader, sheet, 8, 1), "chiffré"},
		{"encrypted, says the local header", put16(localHeader, sheet, 6, 1), structure},
		{"another method in the directory", put16(directoryHeader, sheet, 10, 8), structure},
		{"unknown method", func(t *testing.T, data []byte) []byte {
			put16(localHeader, sheet, 8, 12)(t, data)
			return put16(directoryHeader, sheet, 10, 12)(t, data)
		}, "méthode inconnue"},
		{"size in the directory a lie", put32(directoryHeader, sheet, 24, 10), structure},
		{"both sizes lies", func(t *testing.T, data []byte) []byte {
			put32(localHeader, sheet, 22, 10)(t, data)
			return put32(directoryHeader, sheet, 24, 10)(t, data)
		}, part},
		{"both sizes too large", func(t *testing.T, data []byte) []byte {
			put32(localHeader, sheet, 22, 1<<30)(t, data)
			return put32(directoryHeader, sheet, 24, 1<<30)(t, data)
		}, part},
		{"packed size beyond the file", put32(directoryHeader, sheet, 20, 1<<30), structure},
		{"checksum in the directory a lie", put32(directoryHeader, sheet, 16, 1), structure},
		{"both checksums lies", func(t *testing.T, data []byte) []byte {
			put32(localHeader, sheet, 14, 1)(t, data)
			return put32(directoryHeader, sheet, 16, 1)(t, data)
		}, part},
		{"both checksums zero", func(t *testing.T, data []byte) []byte {
			put32(localHeader, sheet, 14, 0)(t, data)
			return put32(directoryHeader, sheet, 16, 0)(t, data)
		}, part},
		{"offset of another part", func(t *testing.T, data []byte) []byte {
			other := binary.LittleEndian.Uint32(record(t, data, directoryHeader, 0)[42:])
			return put32(directoryHeader, sheet, 42, other)(t, data)
		}, structure},
		{"offset beyond the file", put32(directoryHeader, sheet, 42, 1<<30), structure},
		{"fewer parts than told", put16(directoryEnd, 0, 10, 7), structure},
		{"65,542 parts told", put16(directoryEnd, 0, 10, 5), structure},
		{"bytes before", func(_ *testing.T, data []byte) []byte { return append([]byte(localHeader), data...) }, structure},
		{"bytes behind", func(_ *testing.T, data []byte) []byte { return append(data, 0) }, structure},
		{"bytes between", func(t *testing.T, data []byte) []byte {
			end := len(data) - len(record(t, data, directoryEnd, 0))
			return append(append(append([]byte(nil), data[:end]...), 0), data[end:]...)
		}, structure},
		{"one of two disks", put16(directoryEnd, 0, 4, 1), structure},
		{"a directory behind another", func(t *testing.T, data []byte) []byte {
			return append(append([]byte(nil), data...), data[len(data)-len(record(t, data, directoryEnd, 0)):]...)
		}, structure},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { refusedAs(t, "fin.xlsx", c.change(t, store(t, whole)), c.words) })
	}
	t.Run("parts that share their bytes", func(t *testing.T) { refusedAs(t, "fin.xlsx", overlapping(t, 1000), structure) })
	t.Run("deflate cut short under a good directory", func(t *testing.T) {
		refusedAs(t, "fin.xlsx", shortDeflate(t, whole), part)
	})
}

// overlapping packs a bomb of parts that all lead to the same bytes.
func overlapping(t *testing.T, n int) []byte {
	t.Helper()
	data := store(t, append(parts(finSheet(1)), part{"bomb", strings.Repeat(" ", 1<<20)}))
	end := record(t, data, directoryEnd, 0)
	last := record(t, data, directoryHeader, 6)
	last = last[:len(last)-len(end)]
	front := append([]byte(nil), data[:len(data)-len(end)]...)
	for range n {
		front = append(front, last...)
	}
	tail := append([]byte(nil), end...)
	binary.LittleEndian.PutUint16(tail[8:], uint16(7+n))
	binary.LittleEndian.PutUint16(tail[10:], uint16(7+n))
	binary.LittleEndian.PutUint32(tail[12:], binary.LittleEndian.Uint32(tail[12:])+uint32(n*len(last)))
	return append(front, tail...)
}

// shortDeflate packs the sheet as half of its deflated bytes, whose size the
// directory tells truly.
func shortDeflate(t *testing.T, whole []part) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, p := range whole {
		var packed bytes.Buffer
		deflate, err := flate.NewWriter(&packed, flate.BestCompression)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(deflate, p.text); err != nil {
			t.Fatal(err)
		}
		if err := deflate.Close(); err != nil {
			t.Fatal(err)
		}
		bytes := packed.Bytes()
		if p.name == partSheet {
			bytes = bytes[:len(bytes)/2]
		}
		f, err := w.CreateRaw(&zip.FileHeader{
			Name: p.name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(p.text)),
			CompressedSize64: uint64(len(bytes)), UncompressedSize64: uint64(len(p.text)),
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write(bytes); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestOtherFormats(t *testing.T) {
	ole := func(stream string) []byte {
		return append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00"), strings.TrimPrefix(utf16Text(stream), "\xff\xfe")...)
	}
	cases := []struct {
		name  string
		data  []byte
		words string
	}{
		{"protected.xlsx", ole("EncryptedPackage"), "mot de passe"},
		{"old.xls", ole("Workbook"), ".xls"},
		{"old.xlsx", ole("Book"), ".xls"},
		{"mail.xlsx", ole("__substg1.0"), "ancien format"},
		{"empty.xlsx", nil, "vide"},
		{"text.xlsx", []byte("a;b"), "n'est pas un classeur"},
		{"text.ods", []byte("a;b"), ".ods"},
		{"book.csv", pack(t, parts(finSheet(1))), "finit par"},
		{"evil\x1b[31m" + strings.Repeat("x", 500) + ".zzz" + strings.Repeat("z", 500), []byte("a;b"), "n'est pas admis"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { refusedAs(t, c.name, c.data, c.words) })
	}
}
