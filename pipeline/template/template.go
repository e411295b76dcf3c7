package template

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
)

// Table is what a template file holds.
type Table struct {
	Kind      claim.Kind // empty when no header was found
	File      string
	Sheet     string // empty in a CSV
	HeaderRow int    // 0 when no header was found
	// Columns gives the address of the label of each column that is there.
	Columns map[claim.FieldID]string
	// Rows are the claims in the order of the file; none when the file is refused.
	Rows []claim.Row
}

// Read reads a template file. All problems are told at once: those of the
// header, and the first that keeps the file from being read in full. Any
// problem but a warning (FIC-09) refuses the file, and then no row is given.
// The table is never nil. dossiers is the prefix of the programme's dossier
// numbers.
func Read(name string, data []byte, limits Limits, dossiers string) (*Table, []claim.FileProblem) {
	r := &reader{name: name, limits: limits, dossiers: dossiers, none: &Table{File: name}}
	book, records, err := open(name, data, limits, score(templates))
	switch {
	case err != nil:
		r.fault(err)
	case book != nil:
		r.readWorkbook(book)
	default:
		r.readSheet("", records, func(claim.Kind) bool { return true })
	}
	return r.result()
}

// open tells the two forms apart by their content, opens the file, and
// refuses everything else. Errors are *Fault.
func open(name string, data []byte, limits Limits, score func(row) int) (*workbook, *csvReader, error) {
	extension := strings.ToLower(path.Ext(name))
	switch {
	case int64(len(data)) > limits.Bytes:
		return nil, nil, faultf("le fichier dépasse %d Mio", limits.Bytes>>20)
	case len(data) == 0:
		return nil, nil, faultf("le fichier est vide")
	case bytes.HasPrefix(data, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return nil, nil, oleFault(data)
	case bytes.HasPrefix(data, []byte(localHeader)):
		book, err := openWorkbook(data)
		if err == nil && extension != ".xlsx" {
			err = faultf("le fichier est un classeur .xlsx, mais son nom finit par %s", claim.Quote(extension))
		}
		return book, nil, err
	case extension == ".csv":
		records, err := openCSV(data, score)
		return nil, records, err
	case extension == ".xlsx":
		return nil, nil, faultf("le fichier n'est pas un classeur .xlsx, malgré son nom")
	default:
		return nil, nil, faultf("le format %s n'est pas admis", claim.Quote(extension))
	}
}

// oleFault tells what an OLE file is. Its directory names streams in UTF-16.
func oleFault(data []byte) *Fault {
	holds := func(stream string) bool {
		var wide []byte
		for _, b := range []byte(stream) {
			wide = append(wide, b, 0)
		}
		return bytes.Contains(data, wide)
	}
	switch {
	case holds("EncryptedPackage"), holds("EncryptionInfo"):
		return faultf("le classeur est protégé par un mot de passe")
	case holds("Workbook"), holds("Book"):
		return faultf("le classeur est à l'ancien format .xls")
	default:
		return faultf("le fichier est à un ancien format de Microsoft Office, non un classeur .xlsx")
	}
}

// templates are the layouts of the three kinds of claims.
var templates = templateLayouts()

func templateLayouts() []layout {
	layouts := make([]layout, 0, len(config.Templates))
	for _, t := range config.Templates {
		l := layout{kind: t.Kind}
		for _, c := range t.Columns {
			l.columns = append(l.columns, layoutColumn{c.Label, foldLabel(c.Label), c.Optional})
		}
		layouts = append(layouts, l)
	}
	return layouts
}

// reader gathers what the sheets of one file hold.
type reader struct {
	name     string
	limits   Limits
	dossiers string // prefix of their numbers
	none     *Table
	refused  []claim.FileProblem // faults, on any sheet
	withRows []candidate
	empty    []candidate
}

// candidate is a sheet with a header.
type candidate struct {
	table    *Table
	problems []claim.FileProblem
	claims   int // rows that hold a value
}

// fault keeps what hinders the reading of the file (FIC-01).
func (r *reader) fault(err error) {
	f := at(err, "", "")
	detail := f.Detail
	if f.Sheet != "" && !strings.Contains(detail, claim.Quote(f.Sheet)) {
		detail += ", feuille " + claim.Quote(f.Sheet)
	}
	if f.Cell != "" {
		detail += ", cellule " + f.Cell
	}
	r.refused = append(r.refused, claim.FileProblem{
		Code: "FIC-01", File: r.name, Sheet: f.Sheet, Cell: f.Cell, Detail: detail,
	})
}

func (r *reader) readWorkbook(book *workbook) {
	bears := map[claim.Kind]string{} // part of the first sheet with the template's name
	for _, t := range config.Templates {
		for _, sheet := range book.sheets {
			if claim.Fold(sheet.name) == claim.Fold(t.Sheet) && bears[t.Kind] == "" {
				bears[t.Kind] = sheet.part
			}
		}
	}
	for _, sheet := range book.sheets {
		rows, err := book.openSheet(sheet)
		if err != nil {
			r.fault(err)
			continue
		}
		r.readSheet(sheet.name, rows, func(kind claim.Kind) bool {
			return bears[kind] == "" || bears[kind] == sheet.part
		})
	}
}

// readSheet reads one sheet, when it has a header of a kind that counts there.
func (r *reader) readSheet(sheet string, rows rowReader, counts func(claim.Kind) bool) {
	h, err := findHeader(rows, templates)
	if err == nil && (h == nil || !counts(h.layout.kind)) {
		if book, ok := rows.(*sheetReader); ok {
			err = book.drain()
		}
		h = nil
	}
	if err != nil {
		r.fault(err)
	}
	if err != nil || h == nil {
		return
	}
	c := candidate{table: &Table{
		Kind: h.layout.kind, File: r.name, Sheet: sheet, HeaderRow: h.row, Columns: map[claim.FieldID]string{},
	}}
	r.checkHeader(&c, h, rows)
	if err := r.readRows(&c, h, rows); err != nil {
		r.fault(at(err, sheet, ""))
	}
	if c.claims > 0 {
		r.withRows = append(r.withRows, c)
	} else {
		r.empty = append(r.empty, c)
	}
}

// checkHeader tells missing, repeated and unknown columns.
func (r *reader) checkHeader(c *candidate, h *header, rows rowReader) {
	columns := config.TemplateOf(h.layout.kind).Columns
	problem := func(code, label string, column int) *claim.FileProblem {
		p := claim.FileProblem{Code: code, File: r.name, Sheet: c.table.Sheet, Label: claim.Plain(label)}
		if column > 0 {
			p.Cell = rows.ref(h.row, column)
		}
		c.problems = append(c.problems, p)
		return &c.problems[len(c.problems)-1]
	}
	for i, column := range columns {
		if h.at[i] != 0 {
			c.table.Columns[column.ID] = rows.ref(h.row, h.at[i])
		} else if !column.Optional {
			p := problem("FIC-03", column.Label, 0)
			if p.Nearest = nearest(column.Label, h.others); p.Nearest != "" {
				p.Reason = "nearest"
			}
		}
	}
	for _, f := range h.twice {
		problem("FIC-04", columns[f.known].Label, f.column)
	}
	for _, f := range h.others {
		problem("FIC-09", f.label, f.column)
	}
}

// readRows reads the claims under a header. Rows without a value in any known
// column are no claims.
func (r *reader) readRows(c *candidate, h *header, rows rowReader) error {
	if records, ok := rows.(*csvReader); ok {
		records.columns = h.width
	}
	keep := len(r.withRows) == 0 && len(r.refused) == 0 && !refuses(c.problems)
	build := newRowBuilder(h, rows, r.dossiers)
	for {
		found, err := rows.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := h.beyond(rows, found); err != nil {
			return err
		}
		if !build.holdsValue(found) {
			continue
		}
		if c.claims++; c.claims > r.limits.Rows {
			return faultf("le fichier a plus de %d lignes", r.limits.Rows)
		}
		if keep {
			c.table.Rows = append(c.table.Rows, build.row(found))
		}
	}
}

// refuses tells whether one of the problems is more than a warning.
func refuses(problems []claim.FileProblem) bool {
	for _, p := range problems {
		if p.Code != "FIC-09" {
			return true
		}
	}
	return false
}

// result chooses among the sheets.
func (r *reader) result() (*Table, []claim.FileProblem) {
	chosen := candidate{table: r.none}
	var more []claim.FileProblem
	switch {
	case len(r.withRows) > 1:
		names := make([]string, 0, len(r.withRows))
		for _, c := range r.withRows[:min(5, len(r.withRows))] {
			names = append(names, claim.Quote(c.table.Sheet))
		}
		more = append(more, claim.FileProblem{
			Code: "FIC-06", Reason: "sheets", File: r.name, Detail: strings.Join(names, ", "),
		})
	case len(r.withRows) == 1:
		chosen = r.withRows[0]
	case len(r.empty) > 0:
		chosen = r.empty[0]
		if len(r.refused) == 0 {
			more = append(more, claim.FileProblem{Code: "FIC-05", File: r.name, Sheet: chosen.table.Sheet})
		}
	case len(r.refused) == 0:
		more = append(more, claim.FileProblem{Code: "FIC-02", File: r.name})
	}
	problems := append(append(r.refused, chosen.problems...), more...)
	if refuses(problems) {
		chosen.table.Rows = nil
	}
	return chosen.table, problems
}
