package template

import "strconv"

// cellType is what a cell holds, before anything is made of it.
type cellType uint8

const (
	textCell    cellType = iota
	numberCell           // text is the literal: 708.1, 1.2E+13
	dateCell             // text is an ISO 8601 day or instant
	boolCell             // text is VRAI or FAUX
	errorCell            // text is the spreadsheet's error: #N/A
	noValueCell          // a formula without a cached value
)

// cell is a cell that is not empty.
type cell struct {
	column int // from 1
	typ    cellType
	text   string
}

// row is a row of cells, in rising order of columns.
type row struct {
	number int
	cells  []cell
	width  int // cells of a CSV record, empty ones included; 0 in a workbook
}

// rowReader gives rows until io.EOF, which proves that all were given. The
// cells of a row are valid until the next one is read. Any other error is a
// *Fault.
type rowReader interface {
	next() (row, error)
	// ref gives the address of a cell.
	ref(row, column int) string
	// date1904 tells which day the serials count from.
	date1904() bool
}

// sheetRef gives the address of a cell in a workbook: F12.
func sheetRef(row, column int) string {
	var letters [4]byte
	i := len(letters)
	for ; column > 0 && i > 0; column = (column - 1) / 26 {
		i--
		letters[i] = byte('A' + (column-1)%26)
	}
	return string(letters[i:]) + strconv.Itoa(row)
}

// csvRef gives the address of a cell in a CSV: L4C10.
func csvRef(row, column int) string { return "L" + strconv.Itoa(row) + "C" + strconv.Itoa(column) }

// parseSheetRef reads an address such as F12; false when it is none.
func parseSheetRef(ref string) (row, column int, ok bool) {
	i := 0
	for ; i < len(ref) && ref[i] >= 'A' && ref[i] <= 'Z'; i++ {
		if column = column*26 + int(ref[i]-'A') + 1; column > maxSheetColumn {
			return 0, 0, false
		}
	}
	row, ok = parseRowNumber(ref[i:])
	return row, column, ok && column > 0
}

// parseRowNumber reads the number of a row: 1 to 1,048,576, plain digits.
func parseRowNumber(s string) (int, bool) {
	if s == "" || len(s) > 7 || s[0] == '0' {
		return 0, false
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, n <= maxSheetRow
}
