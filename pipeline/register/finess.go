package register

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"guichet/pipeline/claim"
	"guichet/pipeline/template"
)

// finess is the register of establishments.
type finess struct {
	whole    bool   // the file could be read to its end
	first    string // line 1
	rows     []claim.Establishment
	lines    []int // of rows
	byNumber map[claim.FINESS]int
	byEntity map[claim.FINESS][]int
}

// Columns of a row structureet, from 0 (layouts cs1100502 and cs1100507).
const (
	colNumber        = 1  // nofinesset
	colLegalEntity   = 2  // nofinessej
	colName          = 3  // rs
	colLongName      = 4  // rslongue
	colDepartment    = 13 // departement
	colTown          = 15 // ligneacheminement: postcode and town
	colCategory      = 18 // categetab
	colCategoryLabel = 19 // libcategetab
	colSIRET         = 22 // siret
	finessColumns    = 32
)

var errNotFINESS = errors.New(`not the official FINESS extraction of establishments (cs1100502 or cs1100507): line 1 must read "finess;etalab;<number>;<date>"`)

// readFINESS reads the official extraction. Its records never span lines, so
// that a stray quote spoils one line and no more.
func (s *Set) readFINESS(f File, tell tell) int {
	const again = "get the official extraction again"
	if int64(len(f.Data)) > limits.Bytes {
		tell.stop(Problem{Kind: "unreadable", Cure: again}, fmt.Errorf("larger than %d MiB", limits.Bytes>>20))
		return 0
	}
	text, err := template.DecodeText(f.Data)
	if err != nil {
		tell.stop(Problem{Kind: "unreadable", Cure: again}, fmt.Errorf("cannot be decoded: %w", err))
		return 0
	}
	first, text, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(first, "finess;etalab;") {
		tell.stop(Problem{Kind: "header", Line: 1, Cure: again}, errNotFINESS)
		return 0
	}
	expected := strings.Count(text, "\nstructureet;") + 1
	r := finess{
		whole: true, first: strings.TrimSuffix(first, "\r"),
		rows: make([]claim.Establishment, 0, expected), lines: make([]int, 0, expected),
		byNumber: make(map[claim.FINESS]int, expected), byEntity: make(map[claim.FINESS][]int, expected),
	}
	var cells []string
	count := 0
	for number := 2; text != ""; number++ {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if line = strings.TrimSuffix(line, "\r"); line == "" || strings.HasPrefix(line, "geolocalisation;") {
			continue
		}
		if cells, err = splitFINESS(cells[:0], line); err == nil {
			count++
			err = r.add(number, cells)
		}
		if err != nil {
			tellFINESS(number, err, tell)
		}
	}
	s.establishments = r
	return count
}

// finessError is what is wrong with a row of the extraction.
type finessError struct {
	kind   string
	column int    // from 1; 0: the row
	label  string // of the column
	value  string
	what   string
}

func (e finessError) Error() string {
	if e.column == 0 {
		return e.what
	}
	place := fmt.Sprintf("column %d", e.column)
	if e.label != "" {
		place += " (" + e.label + ")"
	}
	if e.kind == errEmpty.kind {
		return place + " is empty"
	}
	return place + ": " + e.what
}

func tellFINESS(line int, err error, tell tell) {
	p := Problem{Kind: "damaged", Line: line, Cure: "get the official extraction again: it is not for editing"}
	var e finessError
	if errors.As(err, &e) {
		p.Kind, p.Column, p.Value, p.Message = e.kind, e.label, e.value, e.what
		if e.column > 0 {
			p.Cell = fmt.Sprintf("L%dC%d", line, e.column)
		}
	}
	tell.stop(p, fmt.Errorf("line %d: %w", line, err))
}

// splitFINESS cuts a line at its semicolons. A quoted cell ends at the quote
// before a semicolon; quotes inside are doubled once or twice.
func splitFINESS(cells []string, line string) ([]string, error) {
	for {
		if !strings.HasPrefix(line, `"`) {
			cell, rest, more := strings.Cut(line, ";")
			cells = append(cells, strings.ReplaceAll(cell, `""`, `"`))
			if !more {
				return cells, nil
			}
			line = rest
			continue
		}
		end := 1
		for ; end < len(line); end++ {
			if line[end] == '"' {
				if end+1 == len(line) || line[end+1] != '"' {
					break
				}
				end++
			}
		}
		if end >= len(line) {
			return nil, finessError{kind: "damaged", column: len(cells) + 1, what: "a quote is not closed; the line is damaged"}
		}
		cells = append(cells, strings.ReplaceAll(strings.ReplaceAll(line[1:end], `""`, `"`), `""`, `"`))
		if line = line[end+1:]; line == "" {
			return cells, nil
		}
		if line[0] != ';' {
			return nil, finessError{kind: "damaged", column: len(cells), what: "text behind a closing quote; the line is damaged"}
		}
		line = line[1:]
	}
}

func (r *finess) add(line int, cells []string) error {
	if cells[0] != "structureet" {
		return finessError{kind: "damaged", what: fmt.Sprintf("a row of the kind %.20q; expected structureet or geolocalisation", cells[0])}
	}
	if len(cells) != finessColumns {
		return finessError{kind: "damaged", what: fmt.Sprintf("%d cells instead of %d; the line is damaged or cut off", len(cells), finessColumns)}
	}
	e := claim.Establishment{
		FINESS: claim.FINESS(cells[colNumber]), LegalEntity: claim.FINESS(cells[colLegalEntity]),
		Name: repair(cells[colName]), LongName: repair(cells[colLongName]),
		Category: cells[colCategory], CategoryLabel: repair(cells[colCategoryLabel]),
		Department: cells[colDepartment], SIRET: claim.SIRET(cells[colSIRET]),
	}
	if e.Name == "" {
		e.Name = e.LongName
	}
	e.Postcode, e.Town = splitTown(repair(cells[colTown]))
	switch {
	case !e.FINESS.KeyOK():
		return finessError{errFINESSKey.kind, colNumber + 1, "nofinesset", cells[colNumber], fmt.Sprintf("%.20q is no FINESS number with a right key", cells[colNumber])}
	case !e.LegalEntity.WellFormed():
		return finessError{errFINESS.kind, colLegalEntity + 1, "nofinessej", cells[colLegalEntity], fmt.Sprintf("%.20q is no FINESS number", cells[colLegalEntity])}
	case e.Category == "":
		return finessError{errEmpty.kind, colCategory + 1, "categetab", "", errEmpty.what}
	}
	if before, twice := r.byNumber[e.FINESS]; twice {
		if r.rows[before] != e {
			return finessError{kind: "two_establishments", what: fmt.Sprintf("%s contradicts line %d: one FINESS number, two establishments", e.FINESS, r.lines[before])}
		}
		return nil
	}
	r.byNumber[e.FINESS] = len(r.rows)
	r.byEntity[e.LegalEntity] = append(r.byEntity[e.LegalEntity], len(r.rows))
	r.rows, r.lines = append(r.rows, e), append(r.lines, line)
	return nil
}

// splitTown takes "75001 PARIS" apart.
func splitTown(line string) (postcode, town string) {
	line = strings.TrimSpace(line)
	code, rest, _ := strings.Cut(line, " ")
	if len(code) != 5 || strings.Trim(code, "0123456789") != "" {
		return "", line
	}
	return code, strings.TrimSpace(rest)
}

// repair puts right the characters of Windows-1252 that the extraction holds
// as control characters: L\u0092ESCALE for L’ESCALE.
func repair(text string) string {
	if strings.IndexByte(text, 0xc2) < 0 { // the first byte of all of them in UTF-8
		return text
	}
	return strings.Map(func(r rune) rune {
		if r >= 0x80 && r < 0xa0 {
			return charmap.Windows1252.DecodeByte(byte(r))
		}
		return r
	}, text)
}
