package document

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
)

// rule says how two values may differ.
type rule int

const (
	ruleEqual       rule = iota // not at all
	ruleStream                  // a stream's dictionary: in its length only, the bytes are compared
	ruleCatalog                 // validation data and what no reader shows may come and change
	ruleForm                    // signature fields, and resources for them, may come
	ruleResources               // categories of named resources may come, none may go
	ruleCategory                // named resources may come, none may change
	ruleFields                  // a list of fields: signature fields may come
	ruleField                   // a field with others below it
	ruleEmpty                   // an empty signature field, or its widget: may be signed
	rulePage                    // widgets of signatures may come
	ruleAnnotations             // a list of annotations: widgets of signatures may come
)

// freely names the entries of a dictionary that may come, go and change under
// a rule, because no reader shows them, or because they belong to a signature.
var freely = map[rule]map[string]bool{
	ruleStream:  {"Length": true},
	ruleCatalog: {"DSS": true, "Extensions": true, "Version": true, "Metadata": true, "StructTreeRoot": true},
	ruleForm:    {"SigFlags": true},
	rulePage:    {"StructParents": true, "Tabs": true, "LastModified": true},
	ruleEmpty: {
		"V": true, "AP": true, "AS": true, "MK": true, "DA": true, "F": true, "M": true, "Rect": true,
		"StructParent": true, "BS": true, "Border": true,
	},
}

// maxComparisons bounds the pairs of values that one comparison looks at.
const maxComparisons = 2_000_000

// pair is two values that must agree under a rule.
type pair struct {
	before, after any
	rule          rule
}

type pairKey struct {
	before, after pdfRef
	rule          rule
}

// comparison walks two revisions side by side from their catalogs, through
// everything that a reader of the document could come to see.
type comparison struct {
	before, after *revisionDocument
	signed        map[int]bool // numbers of the objects that hold a later, valid signature
	rules         map[int]rule // of objects of the earlier revision that have one of their own
	added         map[int]bool // signature fields and widgets that hold one of signed
	joined        map[int]bool // widgets that stand on a page since
	seen          map[pairKey]bool
	pending       []pair
	pushed        int
}

// difference names the first change between two revisions of a document that
// somebody who looks at it could see, or nothing when there is none: the same
// pages, annotations and form values, apart from the fields and widgets of
// the signatures in the objects signed. What no reader shows may differ:
// validation data, XMP metadata, document information, the structure tree.
// Anything that cannot be resolved counts as a change.
func difference(before, after *revisionDocument, signed map[int]bool) string {
	c := &comparison{
		before: before, after: after, signed: signed,
		rules: map[int]rule{}, added: map[int]bool{}, joined: map[int]bool{}, seen: map[pairKey]bool{},
	}
	c.assignRules()
	c.findAdded()
	c.push(before.trailer["Encrypt"], after.trailer["Encrypt"], ruleEqual)
	c.push(before.trailer["Root"], after.trailer["Root"], ruleCatalog)
	for len(c.pending) > 0 {
		next := c.pending[len(c.pending)-1]
		c.pending = c.pending[:len(c.pending)-1]
		if why := c.step(next); why != "" {
			return why
		}
		if c.pushed > maxComparisons {
			return "too large to compare"
		}
	}
	return ""
}

func (c *comparison) push(before, after any, rule rule) {
	c.pending = append(c.pending, pair{before, after, rule})
	c.pushed++
}

// assignRules finds the objects of the earlier revision that may change in
// some way, wherever they are referred to from.
func (c *comparison) assignRules() {
	d := c.before
	c.assign(d.trailer["Root"], ruleCatalog)
	catalog := d.dict(d.trailer["Root"])
	c.assign(catalog["AcroForm"], ruleForm)
	form := d.dict(catalog["AcroForm"])
	c.assign(form["Fields"], ruleFields)
	c.assignFields(form["Fields"], false, 0)
	c.assignPages(catalog["Pages"], 0)
}

func (c *comparison) assign(value any, rule rule) {
	if ref, isRef := value.(pdfRef); isRef {
		if _, taken := c.rules[ref.number]; !taken {
			c.rules[ref.number] = rule
		}
	}
}

func (c *comparison) assignPages(value any, depth int) {
	ref, isRef := value.(pdfRef)
	if _, taken := c.rules[ref.number]; !isRef || taken || depth > maxObjectDepth {
		return
	}
	node := c.before.dict(ref)
	if kids := c.before.array(node["Kids"]); kids != nil {
		c.rules[ref.number] = ruleEqual
		for _, kid := range kids {
			c.assignPages(kid, depth+1)
		}
		return
	}
	c.rules[ref.number] = rulePage
	c.assign(node["Annots"], ruleAnnotations)
}

// assignFields walks the fields below a list; signature tells whether they
// inherit that they are signature fields.
func (c *comparison) assignFields(list any, signature bool, depth int) {
	if depth > maxObjectDepth {
		return
	}
	for _, item := range c.before.array(list) {
		ref, isRef := item.(pdfRef)
		if _, taken := c.rules[ref.number]; !isRef || taken {
			continue
		}
		field := c.before.dict(ref)
		isSignature := signature && field["FT"] == nil || field["FT"] == pdfName("Sig")
		kids := c.before.array(field["Kids"])
		switch {
		case isSignature && field["V"] == nil:
			c.rules[ref.number] = ruleEmpty
			for _, kid := range kids {
				c.assign(kid, ruleEmpty)
			}
		case len(kids) > 0 && field["V"] == nil:
			c.rules[ref.number] = ruleField
			c.assignFields(kids, isSignature, depth+1)
		}
	}
}

// findAdded finds the fields of the later revision that hold one of the later
// signatures, and their widgets.
func (c *comparison) findAdded() {
	d := c.after
	form := d.dict(d.dict(d.trailer["Root"])["AcroForm"])
	budget := maxEntries
	var walk func(list any, signature bool, depth int)
	walk = func(list any, signature bool, depth int) {
		for _, item := range d.array(list) {
			ref, isRef := item.(pdfRef)
			if budget--; !isRef || budget < 0 || depth > maxObjectDepth {
				continue
			}
			field := d.dict(ref)
			kids := d.array(field["Kids"])
			isSignature := signature && field["FT"] == nil || field["FT"] == pdfName("Sig")
			if !isSignature || !c.holdsSignature(ref, field) {
				walk(kids, isSignature, depth+1)
				continue
			}
			if len(kids) > 1 || len(kids) == 1 && field["Subtype"] == pdfName("Widget") {
				continue // a signature shows in one place, which is that told of it
			}
			c.added[ref.number] = true
			for _, kid := range kids {
				if widget, isRef := kid.(pdfRef); isRef {
					c.added[widget.number] = true
				}
			}
		}
	}
	walk(form["Fields"], false, 0)
}

// holdsSignature tells whether the value of a field is one of the later
// signatures: an object of its own, or written inside the field.
func (c *comparison) holdsSignature(field pdfRef, dict pdfDict) bool {
	if value, isRef := dict["V"].(pdfRef); isRef {
		return c.signed[value.number]
	}
	return dict["V"] != nil && c.signed[field.number]
}

// step compares one pair and has what it holds compared later. It names a
// difference that is not permitted.
func (c *comparison) step(p pair) string {
	if before, isRef := p.before.(pdfRef); isRef {
		if own, has := c.rules[before.number]; has {
			p.rule = own
		}
		after, isRef := p.after.(pdfRef)
		if p.rule == ruleEmpty && (before != after || !c.added[after.number]) {
			p.rule = ruleEqual // not signed since: nothing about it may change
		}
		if isRef {
			key := pairKey{before, after, p.rule}
			if c.seen[key] {
				return ""
			}
			c.seen[key] = true
		}
	}
	before, err := c.before.resolve(p.before)
	if err != nil {
		return "unreadable object"
	}
	after, err := c.after.resolve(p.after)
	if err != nil {
		return "unreadable object"
	}
	switch b := before.(type) {
	case pdfDict:
		if a, ok := after.(pdfDict); ok {
			return c.dicts(b, a, p.rule)
		}
	case pdfStream:
		if a, ok := after.(pdfStream); ok && bytes.Equal(a.data, b.data) {
			return c.dicts(b.dict, a.dict, ruleStream)
		}
	case []any:
		if a, ok := after.([]any); ok {
			return c.arrays(b, a, p.rule)
		}
	default:
		if sameScalar(before, after) {
			return ""
		}
	}
	return "changed value"
}

// sameScalar compares values that hold no others.
func sameScalar(before, after any) bool {
	switch b := before.(type) {
	case pdfString:
		a, ok := after.(pdfString)
		return ok && a.value == b.value
	case pdfNumber:
		a, ok := after.(pdfNumber)
		if !ok {
			return false
		}
		x, err := strconv.ParseFloat(string(b), 64)
		y, err2 := strconv.ParseFloat(string(a), 64)
		return a == b || err == nil && err2 == nil && x == y
	case nil, bool, pdfName:
		return before == after
	}
	return false
}

func (c *comparison) arrays(before, after []any, rule rule) string {
	if rule == ruleFields || rule == ruleAnnotations {
		return c.lists(before, after, rule)
	}
	if len(before) != len(after) {
		return "changed list"
	}
	for i := range before {
		c.push(before[i], after[i], ruleEqual)
	}
	return ""
}

// lists compares lists of fields or annotations: those of before stand in
// after in the same order, and between them only what a later signature added.
func (c *comparison) lists(before, after []any, rule rule) string {
	next := 0
	for _, item := range after {
		ref, isRef := item.(pdfRef)
		switch {
		case next < len(before) && (!isRef || item == before[next]):
			c.push(before[next], item, ruleEqual)
			next++
		case isRef && c.mayJoin(ref, rule):
		default:
			return "new annotation or field"
		}
	}
	if next < len(before) {
		return "removed annotation or field"
	}
	return ""
}

// mayJoin tells whether an object of the later revision is the field or the
// widget of a later signature, new, and nothing but that.
func (c *comparison) mayJoin(ref pdfRef, rule rule) bool {
	if entry, known := c.before.entries[ref.number]; known && !entry.free || !c.added[ref.number] {
		return false
	}
	if rule == ruleAnnotations {
		if c.joined[ref.number] {
			return false
		}
		c.joined[ref.number] = true
	}
	dict := c.after.dict(ref)
	return dict["A"] == nil && dict["AA"] == nil &&
		(rule == ruleFields || dict["Subtype"] == pdfName("Widget"))
}

func (c *comparison) dicts(before, after pdfDict, rule rule) string {
	permitted := freely[rule]
	for _, key := range slices.Sorted(maps.Keys(after)) {
		value := after[key]
		if before[key] != nil || value == nil || permitted[key] {
			continue
		}
		switch {
		case rule == ruleForm && (key == "DR" || key == "DA"):
		case rule == ruleResources || rule == ruleCategory:
		case rule == rulePage && key == "Annots":
			c.push([]any{}, value, ruleAnnotations)
		default:
			return "new entry " + key
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if before[key] != nil && !permitted[key] {
			c.push(before[key], after[key], ruleBelow(rule, key))
		}
	}
	return ""
}

// ruleBelow gives the rule for an entry of a dictionary under a rule.
func ruleBelow(above rule, key string) rule {
	switch {
	case above == ruleCatalog && key == "AcroForm":
		return ruleForm
	case above == ruleForm && key == "Fields", above == ruleField && key == "Kids":
		return ruleFields
	case above == ruleForm && key == "DR":
		return ruleResources
	case above == ruleResources:
		return ruleCategory
	case above == rulePage && key == "Annots":
		return ruleAnnotations
	}
	return ruleEqual
}
