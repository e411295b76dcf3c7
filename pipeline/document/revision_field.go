package document

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"guichet/pipeline/claim"
)

// formField is a form field that holds a value.
type formField struct {
	name     string  // in full: its own and those above, joined by points
	legible  bool    // whether name is known; in an encrypted document it is not
	kind     pdfName // Tx, Ch or Btn
	readOnly bool
}

// inheritedField is what a field has from those above it.
type inheritedField struct {
	name     string
	kind     any
	readOnly bool
}

// below gives what the fields below a field inherit.
func (above inheritedField) below(d *revisionDocument, field pdfDict) inheritedField {
	here := above
	if field["FT"] != nil {
		here.kind = d.value(field["FT"])
	}
	if flags, ok := wholeNumber(d.value(field["Ff"])); ok {
		here.readOnly = flags&1 != 0
	}
	if name, ok := d.value(field["T"]).(pdfString); ok {
		here.name = joinName(above.name, decodeText(name.value))
	}
	return here
}

func joinName(above, own string) string {
	if above == "" {
		return own
	}
	return above + "." + own
}

// value resolves a value; nil when it cannot be.
func (d *revisionDocument) value(value any) any {
	resolved, err := d.resolve(value)
	if err != nil {
		return nil
	}
	return resolved
}

// decodeText reads a text string (7.9.2.2), as far as names of fields need.
func decodeText(s string) string {
	if rest, ok := strings.CutPrefix(s, "\xef\xbb\xbf"); ok {
		return rest
	}
	rest, ok := strings.CutPrefix(s, "\xfe\xff")
	if !ok {
		runes := make([]rune, len(s))
		for i := range len(s) {
			runes[i] = rune(s[i])
		}
		return string(runes)
	}
	units := make([]uint16, 0, len(rest)/2)
	for i := 0; i+1 < len(rest); i += 2 {
		units = append(units, uint16(rest[i])<<8|uint16(rest[i+1]))
	}
	return string(utf16.Decode(units))
}

// assignPlaces finds the objects of the earlier revision that may change in
// some way, wherever they are referred to from.
func (c *comparison) assignPlaces() {
	d := c.before
	c.assign(d.trailer["Root"], ruleCatalog, claim.ChangeOther)
	catalog := d.dict(d.trailer["Root"])
	c.assign(catalog["AcroForm"], ruleForm, claim.ChangeOther)
	form := d.dict(catalog["AcroForm"])
	c.assign(form["Fields"], ruleFields, claim.ChangeAnnotation)
	c.assignFields(form["Fields"], inheritedField{}, 0)
	c.assignPages(catalog["Pages"], nil, 0)
}

func (c *comparison) assign(value any, rule rule, area claim.Change) {
	if ref, isRef := value.(pdfRef); isRef {
		if _, taken := c.places[ref.number]; !taken {
			c.places[ref.number] = ownRule{rule, area}
		}
	}
}

// assignPages walks the page tree; box is the media box inherited.
func (c *comparison) assignPages(value, box any, depth int) {
	ref, isRef := value.(pdfRef)
	if _, taken := c.places[ref.number]; !isRef || taken || depth > maxObjectDepth {
		return
	}
	node := c.before.dict(ref)
	if node["MediaBox"] != nil {
		box = node["MediaBox"]
	}
	if kids := c.before.array(node["Kids"]); kids != nil {
		c.places[ref.number] = ownRule{ruleTree, claim.ChangePages}
		for _, kid := range kids {
			c.assignPages(kid, box, depth+1)
		}
		return
	}
	c.places[ref.number] = ownRule{rulePage, claim.ChangeContent}
	c.assign(node["Annots"], ruleAnnotations, claim.ChangeAnnotation)
	page, boxed := c.before.box(box)
	for _, item := range c.before.array(node["Annots"]) {
		widget, isRef := item.(pdfRef)
		if _, isField := c.fields[widget.number]; isRef && isField && boxed {
			if rect, ok := c.before.box(c.before.dict(widget)["Rect"]); ok && page.area() > 0 {
				c.shares[widget.number] = rect.area() / page.area()
			}
		}
	}
}

// assignFields walks the fields below a list.
func (c *comparison) assignFields(list any, above inheritedField, depth int) {
	if depth > maxObjectDepth {
		return
	}
	for _, item := range c.before.array(list) {
		ref, isRef := item.(pdfRef)
		if _, taken := c.places[ref.number]; !isRef || taken {
			continue
		}
		dict := c.before.dict(ref)
		here := above.below(c.before, dict)
		kids := c.before.array(dict["Kids"])
		named := slices.ContainsFunc(kids, func(kid any) bool { return c.before.dict(kid)["T"] != nil })
		kind, _ := here.kind.(pdfName)
		switch {
		case kind == "Sig" && dict["V"] == nil && !named:
			c.assign(ref, ruleEmpty, claim.ChangeAnnotation)
			for _, kid := range kids {
				c.assign(kid, ruleEmpty, claim.ChangeAnnotation)
			}
		case len(kids) > 0 && dict["V"] == nil && (named || kind == ""):
			c.assign(ref, ruleField, claim.ChangeAnnotation)
			c.assignFields(kids, here, depth+1)
		case (kind == "Tx" || kind == "Ch" || kind == "Btn") && !named:
			field := &formField{here.name, c.before.trailer["Encrypt"] == nil, kind, here.readOnly}
			for _, place := range append([]any{ref}, kids...) {
				if widget, isRef := place.(pdfRef); isRef {
					c.assign(widget, ruleValue, claim.ChangeAnnotation)
					c.fields[widget.number] = field
				}
			}
		}
	}
}

// findAdded finds the signature fields of the later revision that hold one of
// the new signatures, or none, and their widgets.
func (c *comparison) findAdded() {
	d := c.after
	form := d.dict(d.dict(d.trailer["Root"])["AcroForm"])
	budget := maxEntries
	var walk func(list any, above inheritedField, depth int)
	walk = func(list any, above inheritedField, depth int) {
		for _, item := range d.array(list) {
			ref, isRef := item.(pdfRef)
			if budget--; !isRef || budget < 0 || depth > maxObjectDepth {
				continue
			}
			field := d.dict(ref)
			here := above.below(d, field)
			kids := d.array(field["Kids"])
			kind, _ := here.kind.(pdfName)
			into := c.added
			switch {
			case kind == "Sig" && c.holdsSignature(ref, field):
			case kind == "Sig" && field["V"] == nil && field["T"] != nil && len(kids) <= 1 &&
				!slices.ContainsFunc(kids, func(kid any) bool { return d.dict(kid)["T"] != nil }):
				into = c.empty
			default:
				walk(kids, here, depth+1)
				continue
			}
			if len(kids) > 1 || len(kids) == 1 && field["Subtype"] == pdfName("Widget") {
				continue // a signature shows in one place, which is that told of it
			}
			into[ref.number] = true
			for _, kid := range kids {
				if widget, isRef := kid.(pdfRef); isRef {
					into[widget.number] = true
				}
			}
		}
	}
	walk(form["Fields"], inheritedField{}, 0)
}

// holdsSignature tells whether the value of a field is one of the new
// signatures: an object of its own, or written inside the field.
func (c *comparison) holdsSignature(field pdfRef, dict pdfDict) bool {
	if value, isRef := dict["V"].(pdfRef); isRef {
		return c.signed[value.number]
	}
	return dict["V"] != nil && c.signed[field.number]
}

// values compares what may change in a field that is filled: its value, the
// state that shows, and its appearance. The appearances of a button were
// there when it was signed: only which of them shows may change.
func (c *comparison) values(before, after pdfDict, p pair) {
	filled := change{kind: claim.ChangeForm, why: "a field is filled", field: p.field}
	for _, key := range []string{"V", "AS", "I"} {
		if c.same(before[key], after[key], 0) {
			continue
		}
		if !plainValue(c.after.value(after[key])) {
			c.differ(p, "changed value")
			continue
		}
		c.record(filled)
	}
	switch {
	case c.same(before["AP"], after["AP"], 0):
		c.pushPair(pair{before: before["AP"], after: after["AP"], area: claim.ChangeAnnotation, hides: p.hides})
	case p.field.kind != "Btn" && c.fillsPlace(before, after, p):
		c.record(filled)
	default:
		c.differ(p, "an appearance that filling does not explain")
	}
}

// plainValue tells whether a value is one that a field may hold.
func plainValue(value any) bool {
	switch value.(type) {
	case nil, pdfString, pdfName, pdfStream, []any:
		return true
	}
	return false
}

// maxSame is how deep the value and the appearance of a field are compared.
const maxSame = 12

// same tells whether two values are equal, as deep as fields go. Objects that
// neither revision touched are, whatever they lead to.
func (c *comparison) same(before, after any, depth int) bool {
	c.pushed++
	if c.pushed > maxComparisons || depth > maxSame {
		return false
	}
	b, isRef := before.(pdfRef)
	if a, isRef2 := after.(pdfRef); isRef && isRef2 && a == b && c.stoodBefore(a) {
		return true
	}
	old, err := c.before.resolve(before)
	value, err2 := c.after.resolve(after)
	if err != nil || err2 != nil {
		return false
	}
	switch b := old.(type) {
	case pdfDict:
		a, ok := value.(pdfDict)
		return ok && c.sameEntries(b, a, depth)
	case pdfStream:
		a, ok := value.(pdfStream)
		return ok && string(a.data) == string(b.data) && c.sameEntries(b.dict, a.dict, depth)
	case []any:
		a, ok := value.([]any)
		if !ok || len(a) != len(b) {
			return false
		}
		for i := range b {
			if !c.same(b[i], a[i], depth+1) {
				return false
			}
		}
		return true
	}
	return sameScalar(old, value)
}

func (c *comparison) sameEntries(before, after pdfDict, depth int) bool {
	if len(before) != len(after) {
		return false
	}
	for key, value := range before {
		if key != "Length" && !c.same(value, after[key], depth+1) {
			return false
		}
	}
	return true
}

// fillsPlace tells whether the new appearance of a widget is what filling a
// field makes: a new form, drawn one to one into the widget's rectangle and
// clipped there, which takes no great part of the page. None at all will do
// too.
func (c *comparison) fillsPlace(before, after pdfDict, p pair) bool {
	if after["AP"] == nil {
		return true
	}
	old, appearance := c.before.dict(before["AP"]), c.after.dict(after["AP"])
	for key, value := range appearance {
		if key != "N" && !c.same(old[key], value, 0) {
			return false
		}
	}
	ref, isRef := appearance["N"].(pdfRef)
	form, isStream := c.after.value(appearance["N"]).(pdfStream)
	if !isRef || !isStream || c.stoodBefore(ref) || c.shares[p.number] > largestAppearance {
		return false
	}
	dict := form.dict
	if dict["Subtype"] != pdfName("Form") || dict["OC"] != nil || dict["Ref"] != nil || dict["PS"] != nil {
		return false
	}
	was := c.before.dict(old["N"])
	if dict["Matrix"] != nil && !unchanging(c.after.array(dict["Matrix"])) && !c.same(was["Matrix"], dict["Matrix"], 0) {
		return false
	}
	rect, ok := c.after.box(after["Rect"])
	box, ok2 := c.after.box(dict["BBox"])
	if !ok || !ok2 {
		return false
	}
	return rect.fits(box.width(), box.height()) || rect.fits(box.height(), box.width()) && c.turned(after) ||
		was["BBox"] != nil && c.same(was["BBox"], dict["BBox"], 0)
}

// turned tells whether a widget's characters stand upright or upside down
// beside the page's (12.5.6.19, R).
func (c *comparison) turned(widget pdfDict) bool {
	angle, ok := wholeNumber(c.after.value(c.after.dict(widget["MK"])["R"]))
	return ok && angle%180 == 90
}

// unchanging tells whether a matrix changes nothing.
func unchanging(matrix []any) bool {
	if len(matrix) != 6 {
		return false
	}
	for i, want := range [6]float64{1, 0, 0, 1, 0, 0} {
		if n, ok := realNumber(matrix[i]); !ok || n != want {
			return false
		}
	}
	return true
}

// realNumber gives a number.
func realNumber(value any) (float64, bool) {
	number, ok := value.(pdfNumber)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(number), 64)
	return n, err == nil && !math.IsInf(n, 0)
}

// boxOf is a rectangle in points: two opposite corners.
type boxOf [4]float64

func (b boxOf) width() float64  { return math.Abs(b[2] - b[0]) }
func (b boxOf) height() float64 { return math.Abs(b[3] - b[1]) }
func (b boxOf) area() float64   { return b.width() * b.height() }

// fits tells whether a rectangle has a size, to the point.
func (b boxOf) fits(width, height float64) bool {
	return math.Abs(b.width()-width) <= 1 && math.Abs(b.height()-height) <= 1
}

// box reads a rectangle.
func (d *revisionDocument) box(value any) (boxOf, bool) {
	var b boxOf
	array := d.array(value)
	if len(array) != 4 {
		return b, false
	}
	for i, item := range array {
		n, ok := realNumber(d.value(item))
		if !ok {
			return b, false
		}
		b[i] = n
	}
	return b, true
}
