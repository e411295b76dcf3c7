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

const maxFINESSErrors = 5 // told of one register

var errNotFINESS = errors.New(`not the official FINESS extraction of establishments (cs1100502 or cs1100507): line 1 must read "finess;etalab;<number>;<date>"`)

// readFINESS reads the official extraction. Its records never span lines, so
// that a stray quote spoils one line and no more.
func (s *Set) readFINESS(f File) (int, error) {
	if int64(len(f.Data)) > limits.Bytes {
		return 0, fmt.Errorf("larger than %d MiB", limits.Bytes>>20)
	}
	text, err := template.DecodeText(f.Data)
	if err != nil {
		return 0, fmt.Errorf("cannot be decoded: %w", err)
	}
	first, text, _ := strings.Cut(text, "\n")
	if !strings.HasPrefix(first, "finess;etalab;") {
		return 0, errNotFINESS
	}
	expected := strings.Count(text, "\nstructureet;") + 1
	r := finess{
		rows: make([]claim.Establishment, 0, expected), lines: make([]int, 0, expected),
		byNumber: make(map[claim.FINESS]int, expected), byEntity: make(map[claim.FINESS][]int, expected),
	}
	var errs []error
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
			if errs = append(errs, fmt.Errorf("line %d: %w", number, err)); len(errs) == maxFINESSErrors {
				break
			}
		}
	}
	s.establishments = r
	return count, errors.Join(errs...)
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
			return nil, fmt.Errorf("column %d: a quote is not closed; the line is damaged", len(cells)+1)
		}
		cells = append(cells, strings.ReplaceAll(strings.ReplaceAll(line[1:end], `""`, `"`), `""`, `"`))
		if line = line[end+1:]; line == "" {
			return cells, nil
		}
		if line[0] != ';' {
			return nil, fmt.Errorf("column %d: text behind a closing quote; the line is damaged", len(cells))
		}
		line = line[1:]
	}
}

func (r *finess) add(line int, cells []string) error {
	if cells[0] != "structureet" {
		return fmt.Errorf("a row of the kind %.20q; expected structureet or geolocalisation", cells[0])
	}
	if len(cells) != finessColumns {
		return fmt.Errorf("%d cells instead of %d; the line is damaged or cut off", len(cells), finessColumns)
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
		return fmt.Errorf("column %d (nofinesset): %.20q is no FINESS number with a right key", colNumber+1, cells[colNumber])
	case !e.LegalEntity.WellFormed():
		return fmt.Errorf("column %d (nofinessej): %.20q is no FINESS number", colLegalEntity+1, cells[colLegalEntity])
	case e.Category == "":
		return fmt.Errorf("column %d (categetab) is empty", colCategory+1)
	}
	if before, twice := r.byNumber[e.FINESS]; twice {
		if r.rows[before] != e {
			return fmt.Errorf("%s contradicts line %d: one FINESS number, two establishments", e.FINESS, r.lines[before])
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
