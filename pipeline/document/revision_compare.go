package document

import (
	"bytes"
	"maps"
	"slices"
	"strconv"

	"guichet/pipeline/claim"
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
	ruleValue                   // a field that holds a value, or its widget: may be filled
	ruleTree                    // a node of the page tree
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
	ruleValue: {"V": true, "AS": true, "I": true, "M": true, "AP": true},
}

// maxComparisons bounds the pairs of values that the comparisons of one file
// look at.
const maxComparisons = 2_000_000

// pair is two values that must agree under a rule.
type pair struct {
	before, after any
	rule          rule
	area          claim.Change // what a difference between them is
	// hides: a difference shows what was hidden, or the reverse, or puts
	// something that was there already in the place of another.
	hides  bool
	field  *formField // under ruleValue
	number int        // of the field's object, or its widget's
}

type pairKey struct {
	before, after pdfRef
	rule          rule
	hides         bool
}

// ownRule is the rule of an object, and what a difference in it is.
type ownRule struct {
	rule rule
	area claim.Change
}

// comparison walks two revisions side by side from their catalogs, through
// everything that a reader of the document could come to see.
type comparison struct {
	before, after *revisionDocument
	signed        map[int]bool       // numbers of the objects that hold a new, valid signature
	prepared      map[int]bool       // fields and widgets that hold a valid signature in the end
	places        map[int]ownRule    // of objects of the earlier revision that have one of their own
	fields        map[int]*formField // fields that hold values, and their widgets
	shares        map[int]float64    // of their page that widgets take
	added         map[int]bool       // signature fields and widgets that hold one of signed
	empty         map[int]bool       // signature fields and widgets that hold none
	joined        map[int]bool       // widgets that stand on a page since
	seen          map[pairKey]bool
	pending       []pair
	later         []pair // annotations and fields: what else they lead to is judged where it belongs
	pushed        int
	touches       int
	found         []change
}

func newComparison(before, after *revisionDocument, signed, prepared map[int]bool) *comparison {
	return &comparison{
		before: before, after: after, signed: signed, prepared: prepared,
		places: map[int]ownRule{}, fields: map[int]*formField{}, shares: map[int]float64{},
		added: map[int]bool{}, empty: map[int]bool{}, joined: map[int]bool{}, seen: map[pairKey]bool{},
	}
}

// run finds the changes between two revisions of a document: what somebody
// who looks at it could see, and validation data, XMP metadata, document
// information and the structure tree, which no reader shows. The new
// signatures themselves are not told again. Anything that cannot be resolved
// counts as a change.
func (c *comparison) run() []change {
	c.assignPlaces()
	c.findAdded()
	c.push(c.before.trailer["Encrypt"], c.after.trailer["Encrypt"], ruleEqual, claim.ChangeOther)
	c.push(c.before.trailer["Root"], c.after.trailer["Root"], ruleCatalog, claim.ChangeOther)
	if c.touched(c.before.trailer["Info"], c.after.trailer["Info"], 0) {
		c.tell(claim.ChangeValidation, "document information")
	}
	for len(c.pending) > 0 || len(c.later) > 0 {
		if len(c.pending) == 0 {
			c.pending, c.later = c.later, nil
		}
		next := c.pending[len(c.pending)-1]
		c.pending = c.pending[:len(c.pending)-1]
		c.step(next)
		if c.pushed > maxComparisons {
			c.tell(claim.ChangeOther, "too large to compare")
			break
		}
	}
	return c.found
}

// tell records a change, each once.
func (c *comparison) tell(kind claim.Change, why string) {
	c.record(change{kind: kind, why: why})
}

func (c *comparison) record(found change) {
	if slices.Contains(c.found, found) {
		return
	}
	if len(c.found) >= maxChanges {
		found = unclear("too many changes")
		if c.found[len(c.found)-1] == found {
			return
		}
	}
	c.found = append(c.found, found)
}

// differ records a difference between the values of a pair.
func (c *comparison) differ(p pair, why string) {
	c.tell(p.area, why)
	if p.hides {
		c.tell(claim.ChangeHidden, "what was hidden shows, or the reverse")
	}
}

func (c *comparison) push(before, after any, rule rule, area claim.Change) {
	c.pushPair(pair{before: before, after: after, rule: rule, area: area})
}

func (c *comparison) pushPair(p pair) {
	c.pushed++
	if p.area == claim.ChangeAnnotation {
		c.later = append(c.later, p)
	} else {
		c.pending = append(c.pending, p)
	}
}

// step compares one pair and has what it holds compared later.
func (c *comparison) step(p pair) {
	if before, isRef := p.before.(pdfRef); isRef {
		own, has := c.places[before.number]
		if has {
			p.rule, p.area = own.rule, own.area
		}
		after, isRef := p.after.(pdfRef)
		switch {
		case p.rule == ruleEmpty && (before != after || !c.added[after.number]):
			p.rule = ruleEqual // not signed since: nothing about it may change
		case p.rule == ruleValue && before != after:
			p.rule = ruleEqual
		case p.rule == ruleValue:
			p.field, p.number = c.fields[before.number], before.number
		}
		if isRef {
			if before != after && c.stoodBefore(after) {
				p.hides = true
			}
			key := pairKey{before, after, p.rule, p.hides}
			if c.seen[key] {
				return
			}
			c.seen[key] = true
		}
	}
	before, err := c.before.resolve(p.before)
	if err != nil {
		c.tell(claim.ChangeOther, "unreadable object")
		return
	}
	after, err := c.after.resolve(p.after)
	if err != nil {
		c.tell(claim.ChangeOther, "unreadable object")
		return
	}
	switch b := before.(type) {
	case pdfDict:
		if a, ok := after.(pdfDict); ok {
			c.dicts(b, a, p)
			return
		}
	case pdfStream:
		if a, ok := after.(pdfStream); ok && bytes.Equal(a.data, b.data) {
			p.rule = ruleStream
			c.dicts(b.dict, a.dict, p)
			return
		}
	case []any:
		if a, ok := after.([]any); ok {
			c.arrays(b, a, p)
			return
		}
	default:
		if sameScalar(before, after) {
			return
		}
	}
	if _, freed := p.after.(pdfRef); freed && after == nil {
		p.hides = true
	}
	c.differ(p, "changed value")
}

// stoodBefore tells whether an object of the later revision is one of the
// earlier revision, untouched.
func (c *comparison) stoodBefore(ref pdfRef) bool {
	entry, known := c.before.entries[ref.number]
	return known && !entry.free && entry == c.after.entries[ref.number]
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

func (c *comparison) arrays(before, after []any, p pair) {
	if p.rule == ruleFields || p.rule == ruleAnnotations {
		c.lists(before, after, p)
		return
	}
	if len(before) != len(after) {
		c.differ(p, "changed list")
		return
	}
	for i := range before {
		c.pushPair(pair{before: before[i], after: after[i], rule: ruleEqual, area: p.area, hides: p.hides})
	}
}

// lists compares lists of fields or annotations: those of before stand in
// after in the same order, and between them only what a signature added.
func (c *comparison) lists(before, after []any, p pair) {
	next := 0
	for _, item := range after {
		ref, isRef := item.(pdfRef)
		switch {
		case next < len(before) && (!isRef || item == before[next] || !c.added[ref.number] && !c.empty[ref.number] && isDirect(before[next])):
			c.pushPair(pair{before: before[next], after: item, rule: ruleEqual, area: p.area, hides: p.hides})
			next++
		case isRef && c.mayJoin(ref, p.rule):
		default:
			c.differ(p, "new annotation or field")
			return
		}
	}
	if next < len(before) {
		c.differ(p, "removed annotation or field")
	}
}

// isDirect tells whether a value is no reference.
func isDirect(value any) bool {
	_, isRef := value.(pdfRef)
	return !isRef
}

// certifies tells whether an entry Perms says nothing but that one of the new
// signatures certifies the document (12.8.4).
func (c *comparison) certifies(value any) bool {
	perms := c.after.dict(value)
	ref, _ := perms["DocMDP"].(pdfRef)
	return len(perms) == 1 && c.signed[ref.number]
}

// mayJoin tells whether an object of the later revision is the field or the
// widget of a signature, new, and nothing but that. An empty one is prepared
// for a signature that verifies, or nothing that anybody could see.
func (c *comparison) mayJoin(ref pdfRef, rule rule) bool {
	if entry, known := c.before.entries[ref.number]; known && !entry.free || !c.added[ref.number] && !c.empty[ref.number] {
		return false
	}
	if rule == ruleAnnotations {
		if c.joined[ref.number] {
			return false
		}
		c.joined[ref.number] = true
	}
	dict := c.after.dict(ref)
	if dict["A"] != nil || dict["AA"] != nil || rule == ruleAnnotations && dict["Subtype"] != pdfName("Widget") {
		return false
	}
	if c.added[ref.number] {
		return true
	}
	if dict["AP"] != nil || dict["MK"] != nil {
		if !c.prepared[ref.number] {
			return false
		}
	}
	c.tell(claim.ChangeSignature, "an empty signature field")
	return true
}

func (c *comparison) dicts(before, after pdfDict, p pair) {
	permitted := freely[p.rule]
	for _, key := range slices.Sorted(maps.Keys(after)) {
		value := after[key]
		if before[key] != nil || value == nil || permitted[key] {
			continue
		}
		switch {
		case p.rule == ruleForm && (key == "DR" || key == "DA"):
		case p.rule == ruleResources || p.rule == ruleCategory:
		case p.rule == rulePage && key == "Annots":
			c.push([]any{}, value, ruleAnnotations, claim.ChangeAnnotation)
		case p.rule == ruleForm && key == "Fields":
			c.push([]any{}, value, ruleFields, claim.ChangeAnnotation)
		case p.rule == ruleCatalog && key == "AcroForm":
			c.push(pdfDict{}, value, ruleForm, claim.ChangeOther)
		case p.rule == ruleCatalog && key == "Perms" && c.certifies(value):
		default:
			p := p
			p.area = areaBelow(p, key)
			c.differ(p, "new entry "+key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(before)) {
		if before[key] != nil && !permitted[key] {
			c.pushPair(pair{
				before: before[key], after: after[key], rule: ruleBelow(p.rule, key), area: areaBelow(p, key),
				hides: p.hides || showsOtherwise(p.area, key, before[key], after[key]),
			})
		}
	}
	if p.rule == ruleCatalog {
		for key := range permitted {
			if c.touched(before[key], after[key], 0) {
				c.tell(claim.ChangeValidation, "validation data or metadata")
			}
		}
	}
	if p.rule == ruleValue {
		c.values(before, after, p)
	}
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

// areaBelow gives what a difference in an entry of a dictionary is.
func areaBelow(p pair, key string) claim.Change {
	switch {
	case p.rule == ruleCatalog && key == "Pages", p.rule == ruleTree && (key == "Kids" || key == "Count"):
		return claim.ChangePages
	case p.rule == ruleCatalog && key == "OCProperties":
		return claim.ChangeHidden
	case p.rule == rulePage && key == "Annots", p.rule == ruleForm && key == "Fields":
		return claim.ChangeAnnotation
	case p.rule == rulePage && (key == "AA" || key == "PresSteps" || key == "Trans"):
		return claim.ChangeOther
	case p.rule == ruleTree && (key == "Resources" || key == "MediaBox" || key == "CropBox" || key == "Rotate"):
		return claim.ChangeContent
	case p.rule == ruleTree:
		return claim.ChangeOther
	}
	return p.area
}

// showsOtherwise tells whether an entry decides what a reader shows at all: a
// layer, an annotation's flags, the type of an object.
func showsOtherwise(area claim.Change, key string, before, after any) bool {
	switch key {
	case "OC", "Subtype", "Type":
		return true
	case "F":
		b, isFlags := wholeNumber(before)
		a, isFlags2 := wholeNumber(after)
		return area == claim.ChangeAnnotation && isFlags && isFlags2 && (a^b)&annotationHides != 0
	}
	return false
}

// annotationHides are the flags that keep an annotation from being shown:
// Invisible, Hidden, NoView (12.5.3).
const annotationHides = 1<<0 | 1<<1 | 1<<5

// Limits of looking into validation data and the like for changes: what is
// beyond is harmless, and only not told.
const (
	maxTouch   = 4      // dictionaries and arrays inside one another
	maxTouches = 10_000 // pairs of values
)

// touched tells whether a value was written anew, as far as its outline shows.
func (c *comparison) touched(before, after any, depth int) bool {
	c.touches++
	if c.touches > maxTouches || depth > maxTouch {
		return false
	}
	b, isRef := before.(pdfRef)
	a, isRef2 := after.(pdfRef)
	switch {
	case isRef != isRef2 || a != b:
		return true
	case isRef && c.before.entries[b.number] != c.after.entries[a.number]:
		return true
	case isRef:
		value, err := c.after.resolve(a)
		old, err2 := c.before.resolve(b)
		if err != nil || err2 != nil {
			return false // written once, whatever it is
		}
		if _, isStream := value.(pdfStream); isStream {
			return false
		}
		return c.touched(old, value, depth+1)
	}
	switch b := before.(type) {
	case pdfDict:
		a, ok := after.(pdfDict)
		if !ok || len(a) != len(b) {
			return true
		}
		for key, value := range b {
			if c.touched(value, a[key], depth+1) {
				return true
			}
		}
		return false
	case []any:
		a, ok := after.([]any)
		return !ok || len(a) != len(b) || c.anyTouched(b, a, depth)
	}
	return !sameScalar(before, after)
}

func (c *comparison) anyTouched(before, after []any, depth int) bool {
	for i := range before {
		if c.touched(before[i], after[i], depth+1) {
			return true
		}
	}
	return false
}
