package template

import (
	"guichet/config"
	"guichet/pipeline/claim"
)

// rowBuilder makes claims' rows of rows of cells.
type rowBuilder struct {
	rows     rowReader
	columns  []config.Column
	at       []int // column of each of columns; 0: not there
	of       []int // index in columns by column; -1: unknown
	filled   []bool
	dossiers string // prefix of their numbers
}

func newRowBuilder(h *header, rows rowReader, dossiers string) *rowBuilder {
	b := &rowBuilder{rows: rows, dossiers: dossiers, columns: config.TemplateOf(h.layout.kind).Columns, at: h.at, filled: make([]bool, len(h.at))}
	b.of = make([]int, maxColumns+1)
	for i := range b.of {
		b.of[i] = -1
	}
	for i, column := range h.at {
		if column != 0 {
			b.of[column] = i
		}
	}
	return b
}

// known gives the index of a cell's column; false when the template has none
// there or the cell is blank.
func (b *rowBuilder) known(c cell) (int, bool) {
	if c.column >= len(b.of) || b.of[c.column] < 0 || c.typ == textCell && blank(c.text) {
		return 0, false
	}
	return b.of[c.column], true
}

// holdsValue tells whether any of the template's columns has a value.
func (b *rowBuilder) holdsValue(r row) bool {
	for _, c := range r.cells {
		if _, ok := b.known(c); ok {
			return true
		}
	}
	return false
}

func (b *rowBuilder) row(r row) claim.Row {
	fields := make(map[claim.FieldID]claim.Field, len(b.columns))
	clear(b.filled)
	for _, c := range r.cells {
		if i, ok := b.known(c); ok {
			b.filled[i] = true
			f := readField(b.columns[i], c, b.rows.date1904(), b.dossiers)
			f.Cell = b.rows.ref(r.number, c.column)
			fields[b.columns[i].ID] = f
		}
	}
	for i, column := range b.columns {
		if b.at[i] != 0 && !b.filled[i] {
			fields[column.ID] = claim.Field{State: claim.FieldEmpty, Cell: b.rows.ref(r.number, b.at[i])}
		}
	}
	return claim.Row{Number: r.number, Fields: fields}
}
