package intake

import (
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"guichet/pipeline/claim"
)

// canonical is the form in which names of objects and of cells are compared.
func canonical(name string) string { return strings.TrimSpace(norm.NFC.String(name)) }

func folded(name string) string { return norm.NFC.String(cases.Fold().String(canonical(name))) }

// Names finds the objects of a batch that rows name. It may be used by many
// goroutines at once.
type Names struct {
	exact map[string]*claim.Object
	fold  map[string]*claim.Object // nil where several differ by case alone
}

// NewNames indexes a batch's objects, which must not change later.
func NewNames(objects []claim.Object) *Names {
	n := &Names{make(map[string]*claim.Object, len(objects)), make(map[string]*claim.Object, len(objects))}
	for i := range objects {
		o := &objects[i]
		n.exact[canonical(o.Name)] = o
		key := folded(o.Name)
		if _, several := n.fold[key]; several {
			o = nil
		}
		n.fold[key] = o
	}
	return n
}

// Match gives the object that a row names: the one of that name, after
// trimming and in Unicode NFC; failing that, a single one whose name differs
// by case alone, and then caseFolded is set (FIC-08, variant case). Nil when
// there is none (DOC-01).
func (n *Names) Match(name string) (object *claim.Object, caseFolded bool) {
	if o := n.exact[canonical(name)]; o != nil {
		return o, false
	}
	o := n.fold[folded(name)]
	return o, o != nil
}
