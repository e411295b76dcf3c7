package document

import (
	"math"

	"guichet/pipeline/claim"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// Limits of the walk through pdfcpu's object model.
const (
	maxFieldDepth = 50
	maxFieldSteps = 200_000
)

// signatureField is a signed signature field as the object model shows it.
type signatureField struct {
	name   string
	holder int   // number of the object in which the signature dictionary stands
	bounds []int // its /ByteRange, as far as it is integers
	// objects are the numbers of the field and its widgets.
	objects []int
	page    int
	rect    *claim.Rect
}

// sameRange tells whether a value found in the bytes has the /ByteRange that
// the object model shows.
func (f signatureField) sameRange(value signatureValue) bool {
	numbers, _ := value.dict["ByteRange"].([]any)
	if len(numbers) != len(f.bounds) {
		return false
	}
	for i, number := range numbers {
		if whole, ok := wholeNumber(number); !ok || whole != f.bounds[i] {
			return false
		}
	}
	return true
}

// fieldWalk finds signature fields through pdfcpu's object model.
type fieldWalk struct {
	model   *model.Context
	steps   int
	widgets map[int]widget
	seen    map[int]bool // fields and pages already visited
	known   map[int]bool // objects that hold a signature already found
	found   []signatureField
	// loose are annotations on pages: a signature may hang on one that no
	// list of fields names.
	loose []types.Object
}

// widget is where an annotation stands.
type widget struct {
	page int
	rect *claim.Rect
}

// findFields lists the signed signature fields of the document's form, and
// those that only a page's annotations show.
func findFields(ctx *model.Context) (found []signatureField) {
	if ctx == nil {
		return nil
	}
	w := &fieldWalk{model: ctx, widgets: map[int]widget{}, seen: map[int]bool{}, known: map[int]bool{}}
	defer func() {
		if recover() != nil { // pdfcpu on a hostile object: what was found counts
			found = w.found
		}
	}()
	catalog, err := ctx.Catalog()
	if err != nil {
		return nil
	}
	w.pages(catalog["Pages"], display{}, new(int), 0)
	w.seen = map[int]bool{}
	form := w.dict(catalog["AcroForm"])
	for _, field := range w.array(form["Fields"]) {
		w.field(field, inherited{}, 0)
	}
	for _, annotation := range w.loose {
		w.annotation(annotation)
	}
	return w.found
}

func (w *fieldWalk) resolve(object types.Object) types.Object {
	if w.steps++; w.steps > maxFieldSteps {
		return nil
	}
	resolved, err := w.model.Dereference(object)
	if err != nil {
		return nil
	}
	return resolved
}

func (w *fieldWalk) dict(object types.Object) types.Dict {
	switch o := w.resolve(object).(type) {
	case types.Dict:
		return o
	case types.StreamDict:
		return o.Dict
	}
	return nil
}

func (w *fieldWalk) array(object types.Object) types.Array {
	array, _ := w.resolve(object).(types.Array)
	return array
}

// number gives the object number of a reference, 0 of anything else.
func number(object types.Object) int {
	switch ref := object.(type) {
	case types.IndirectRef:
		return ref.ObjectNumber.Value()
	case *types.IndirectRef:
		return ref.ObjectNumber.Value()
	}
	return 0
}

// inherited is what a field has from those above it.
type inherited struct {
	name, kind string
	value      types.Object
	holder     int // of value, where it is direct
}

// below gives what a field has of its own and from above.
func (w *fieldWalk) below(field types.Dict, own int, above inherited) inherited {
	if partial, ok := w.text(field["T"]); ok {
		if above.name != "" {
			above.name += "."
		}
		above.name += partial
	}
	if kind, ok := w.resolve(field["FT"]).(types.Name); ok {
		above.kind = kind.Value()
	}
	if value := field["V"]; value != nil {
		above.value, above.holder = value, own
	}
	return above
}

func (w *fieldWalk) text(object types.Object) (string, bool) {
	if object == nil {
		return "", false
	}
	text, err := w.model.DereferenceText(object)
	return text, err == nil
}

// field walks one field and those below it.
func (w *fieldWalk) field(object types.Object, above inherited, depth int) {
	own := number(object)
	if depth > maxFieldDepth || own != 0 && w.seen[own] {
		return
	}
	w.seen[own] = true
	field := w.dict(object)
	if field == nil {
		return
	}
	here := w.below(field, own, above)
	kids := w.array(field["Kids"])
	if here.kind == "Sig" && here.value != nil {
		widgets := append(types.Array{object}, kids...)
		w.add(here, widgets)
		return
	}
	for _, kid := range kids {
		w.field(kid, here, depth+1)
	}
}

// annotation takes up a signature that a page's annotation shows.
func (w *fieldWalk) annotation(object types.Object) {
	var chain []types.Object
	for at := object; at != nil && len(chain) < maxFieldDepth; {
		field := w.dict(at)
		if field == nil {
			break
		}
		chain = append(chain, at)
		at = field["Parent"]
	}
	var here inherited
	for i := len(chain) - 1; i >= 0; i-- {
		here = w.below(w.dict(chain[i]), number(chain[i]), here)
	}
	if here.kind == "Sig" && here.value != nil {
		w.add(here, types.Array{object})
	}
}

// add records a signed field, once per signature dictionary.
func (w *fieldWalk) add(here inherited, widgets types.Array) {
	value := w.dict(here.value)
	holder := number(here.value)
	if holder == 0 {
		holder = here.holder
	}
	if value == nil || holder != 0 && w.known[holder] {
		return
	}
	w.known[holder] = true
	f := signatureField{name: here.name, holder: holder}
	for _, item := range w.array(value["ByteRange"]) {
		if whole, ok := w.resolve(item).(types.Integer); ok {
			f.bounds = append(f.bounds, whole.Value())
		}
	}
	for _, object := range widgets {
		f.objects = append(f.objects, number(object))
	}
	for _, object := range widgets {
		if place, shown := w.widgets[number(object)]; shown {
			f.page, f.rect = place.page, place.rect
			break
		}
	}
	w.found = append(w.found, f)
}

// display is what pages inherit of how they are displayed.
type display struct {
	box    types.Array
	crop   types.Array
	rotate int
}

// pages walks the page tree and notes where annotations stand.
func (w *fieldWalk) pages(object types.Object, above display, count *int, depth int) {
	own := number(object)
	if depth > maxFieldDepth || own == 0 || w.seen[own] || w.steps > maxFieldSteps {
		return
	}
	w.seen[own] = true
	node := w.dict(object)
	if box := w.array(node["MediaBox"]); box != nil {
		above.box = box
	}
	if crop := w.array(node["CropBox"]); crop != nil {
		above.crop = crop
	}
	if rotate, ok := w.resolve(node["Rotate"]).(types.Integer); ok {
		above.rotate = rotate.Value()
	}
	if kids := w.array(node["Kids"]); kids != nil {
		for _, kid := range kids {
			w.pages(kid, above, count, depth+1)
		}
		return
	}
	if node == nil {
		return
	}
	*count++
	for _, item := range w.array(node["Annots"]) {
		annotation := w.dict(item)
		if subtype, _ := w.resolve(annotation["Subtype"]).(types.Name); subtype != "Widget" {
			continue
		}
		w.loose = append(w.loose, item)
		if at := number(item); at != 0 {
			w.widgets[at] = widget{*count, w.place(annotation["Rect"], above)}
		}
	}
}

// place gives a rectangle in points from the displayed page's top left
// corner; nil when it is none or empty.
func (w *fieldWalk) place(object types.Object, page display) *claim.Rect {
	rect, ok := w.corners(w.array(object))
	box, boxed := w.corners(page.box)
	if crop, cropped := w.corners(page.crop); cropped {
		if !boxed {
			box = crop
		}
		box = [4]float64{max(box[0], crop[0]), max(box[1], crop[1]), min(box[2], crop[2]), min(box[3], crop[3])}
		boxed = true
	}
	if !ok || !boxed || rect[0] == rect[2] || rect[1] == rect[3] {
		return nil
	}
	var placed claim.Rect
	switch (page.rotate%360 + 360) % 360 {
	case 90:
		placed = claim.Rect{rect[1] - box[1], rect[0] - box[0], rect[3] - box[1], rect[2] - box[0]}
	case 180:
		placed = claim.Rect{box[2] - rect[2], rect[1] - box[1], box[2] - rect[0], rect[3] - box[1]}
	case 270:
		placed = claim.Rect{box[3] - rect[3], box[2] - rect[2], box[3] - rect[1], box[2] - rect[0]}
	default:
		placed = claim.Rect{rect[0] - box[0], box[3] - rect[3], rect[2] - box[0], box[3] - rect[1]}
	}
	return &placed
}

// corners gives a rectangle with its lower left corner first.
func (w *fieldWalk) corners(array types.Array) ([4]float64, bool) {
	var r [4]float64
	if len(array) != 4 {
		return r, false
	}
	for i, item := range array {
		switch n := w.resolve(item).(type) {
		case types.Integer:
			r[i] = float64(n.Value())
		case types.Float:
			r[i] = n.Value()
		default:
			return r, false
		}
		if math.IsNaN(r[i]) || math.IsInf(r[i], 0) {
			return r, false
		}
	}
	return [4]float64{min(r[0], r[2]), min(r[1], r[3]), max(r[0], r[2]), max(r[1], r[3])}, true
}

// insideStream tells whether an offset of the file lies in one of the
// document's streams: what stands there is an attachment's, not its own.
func insideStream(ctx *model.Context, offset int) bool {
	for _, entry := range ctx.Table {
		if entry == nil || entry.Free {
			continue
		}
		var stream types.StreamDict
		switch o := entry.Object.(type) {
		case types.StreamDict:
			stream = o
		case *types.StreamDict:
			stream = *o
		default:
			continue
		}
		from := stream.StreamOffset
		if stream.StreamLength != nil && int64(offset) >= from && int64(offset) < from+*stream.StreamLength {
			return true
		}
	}
	return false
}
