package template

import (
	"errors"
	"io"
	"strings"

	"guichet/pipeline/claim"
)

// layout is what a header is looked for: the labels of one kind of table.
type layout struct {
	kind    claim.Kind // empty for a register
	columns []layoutColumn
}

type layoutColumn struct {
	label    string
	folded   string
	optional bool
}

func (l layout) required() int {
	n := 0
	for _, c := range l.columns {
		if !c.optional {
			n++
		}
	}
	return n
}

// header is a row of labels that a layout knows.
type header struct {
	layout layout
	row    int
	width  int     // of a CSV record; 0 in a workbook
	at     []int   // column of each of the layout's columns; 0: not there
	twice  []found // known labels that stand there once more
	others []found // labels that the layout does not know
}

// found is a label in a header.
type found struct {
	label  string
	column int
	known  int // index in the layout of a known label
}

// numero is how people write the abbreviation of numéro, after folding.
var numero = strings.NewReplacer("n°", "no ")

// foldLabel is how labels are compared.
func foldLabel(label string) string {
	return strings.Join(strings.Fields(numero.Replace(claim.Fold(label))), " ")
}

// match gives the header that a row is to a layout, and how many of the
// required labels it holds.
func (l layout) match(r row) (*header, int) {
	h := &header{layout: l, row: r.number, width: r.width, at: make([]int, len(l.columns))}
	present := 0
	for _, c := range r.cells {
		if c.typ != textCell && c.typ != numberCell || blank(c.text) {
			continue
		}
		folded, known := foldLabel(c.text), -1
		for i, column := range l.columns {
			if column.folded == folded {
				known = i
			}
		}
		switch {
		case known < 0:
			h.others = append(h.others, found{label: c.text, column: c.column})
		case h.at[known] != 0:
			h.twice = append(h.twice, found{c.text, c.column, known})
		default:
			h.at[known] = c.column
			if !l.columns[known].optional {
				present++
			}
		}
	}
	return h, present
}

// labels counts the known labels of a header, optional ones included.
func (h *header) labels() int {
	n := 0
	for _, column := range h.at {
		if column != 0 {
			n++
		}
	}
	return n
}

// recognise gives the header that a row is to the layout that fits it best:
// the largest share of required labels, then the most labels. Less than half
// of the required labels is no header.
func recognise(layouts []layout, r row) *header {
	var best *header
	var bestPresent, bestRequired int
	for _, l := range layouts {
		h, present := l.match(r)
		required := l.required()
		if 2*present < required {
			continue
		}
		better := best == nil || present*bestRequired > bestPresent*required ||
			present*bestRequired == bestPresent*required && h.labels() > best.labels()
		if better {
			best, bestPresent, bestRequired = h, present, required
		}
	}
	return best
}

// findHeader reads up to the first row that is a header; nil when the first
// rows hold none. The reader then stands behind the header, or anywhere.
func findHeader(r rowReader, layouts []layout) (*header, error) {
	for {
		candidate, err := r.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				return nil, nil
			}
			return nil, err
		}
		if candidate.number > maxHeaderRow {
			return nil, nil
		}
		if h := recognise(layouts, candidate); h != nil {
			return h, nil
		}
	}
}

// score counts the labels of the layouts in a row, for the choice of a separator.
func score(layouts []layout) func(row) int {
	return func(r row) int {
		best := 0
		for _, l := range layouts {
			h, _ := l.match(r)
			best = max(best, h.labels())
		}
		// Without any label the separator that splits at all is the likelier.
		return 2*best + min(1, len(r.cells)/2)
	}
}

// beyond refuses a CSV record with values behind the header's last cell.
func (h *header) beyond(r rowReader, found row) error {
	if h.width == 0 || found.width <= h.width {
		return nil
	}
	for _, c := range found.cells {
		if c.column > h.width && !blank(c.text) {
			return at(faultf("la ligne %d a plus de cellules que l'en-tête (%d)", found.number, h.width), "", r.ref(found.number, c.column))
		}
	}
	return nil
}

// nearest gives the label among others that resembles a missing one; empty
// when none does.
func nearest(missing string, others []found) string {
	want := []rune(foldLabel(missing))
	best, label := len(want)/2+1, ""
	for _, other := range others {
		got := []rune(foldLabel(other.label))
		if len(got) > maxLabelCompare {
			continue
		}
		if d := distance(want, got); d < best {
			best, label = d, claim.Plain(other.label)
		}
	}
	return label
}

// distance is Levenshtein's.
func distance(a, b []rune) int {
	costs := make([]int, len(b)+1)
	for j := range costs {
		costs[j] = j
	}
	for i := range a {
		diagonal := costs[0]
		costs[0] = i + 1
		for j := range b {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, costs[j], costs[j+1])
			}
			diagonal, costs[j+1] = costs[j+1], cost
		}
	}
	return costs[len(b)]
}
