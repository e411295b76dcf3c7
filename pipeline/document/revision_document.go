package document

import (
	"bytes"
	"errors"
)

// errRevision tells that the objects of a revision cannot be found for
// certain: a broken cross-reference, an odd filter, a limit passed.
var errRevision = errors.New("revision cannot be read for certain")

// Limits of one revision's reading.
const (
	maxSections = 1_000     // cross-reference sections of one file
	maxEntries  = 500_000   // objects of one file
	maxInflated = 64 << 20  // 64 MiB of object and cross-reference streams
	maxEndGap   = 2 << 10   // 2 KiB: how far before the end startxref is looked for
	maxStreamed = 1_000_000 // objects in one object stream
	maxReread   = 4         // times the file's length: what reading its objects may cost
)

// xrefEntry tells where an object of a revision stands: at an offset of the
// file, or as the index-th object of an object stream.
type xrefEntry struct {
	free       bool
	offset     int // of the object; 0 when it stands in a stream
	generation int
	stream     int // number of the object stream; 0 when at an offset
	index      int
}

// revisionDocument is a file as it was at the end of one of its revisions.
type revisionDocument struct {
	data    []byte // up to the end of the revision
	start   int    // of its newest cross-reference section
	trailer pdfDict
	entries map[int]xrefEntry

	cache   map[int]any  // objects already read, by number
	reading map[int]bool // against an object that needs itself
	shared  *sharedObjects
}

// sharedObjects is what the revisions of one file have in common: the same
// bytes are the same object in all of them.
type sharedObjects struct {
	objects  map[int]sharedObject // by offset
	streams  map[int]*objectStream
	inflated int // bytes that filters have given
	nodes    int // values that may still be read
	parsed   int // bytes that objects have been read from, some perhaps twice
	allowed  int // bytes that may be
}

// sharedObject is an object read from an offset. A stream may have its length
// in another object, which another revision may have changed.
type sharedObject struct {
	ref    pdfRef
	value  any
	length *pdfRef // the object that holds the stream's length
	size   int     // as it was
}

// objectStream is an object stream, opened.
type objectStream struct {
	packed  []byte // as stored
	objects []any
	numbers []int
}

// openRevision reads the cross-references of the revision that ends data.
func openRevision(data []byte) (*revisionDocument, error) {
	start, ok := lastStart(data)
	if !ok {
		return nil, errRevision
	}
	d := &revisionDocument{
		data: data, start: start, entries: map[int]xrefEntry{}, cache: map[int]any{}, reading: map[int]bool{},
		shared: &sharedObjects{objects: map[int]sharedObject{}, streams: map[int]*objectStream{}, nodes: maxObjectNodes, allowed: maxReread * len(data)},
	}
	seen := map[int]bool{}
	for at, more := start, true; more; {
		if seen[at] || len(seen) >= maxSections {
			return nil, errRevision
		}
		seen[at] = true
		section, err := d.section(at)
		if err != nil {
			return nil, err
		}
		if d.trailer == nil {
			d.trailer = section.trailer
		}
		if err := d.add(section); err != nil {
			return nil, err
		}
		at, more = section.previous, section.hasPrevious
	}
	return d, nil
}

// lastStart gives the offset after the last startxref of data, provided that
// only it, %%EOF and blanks follow.
func lastStart(data []byte) (int, bool) {
	from := max(0, len(bytes.TrimRight(data, " \n\r\t\f\x00"))-maxEndGap)
	at := bytes.LastIndex(data[from:], []byte("startxref"))
	if at < 0 {
		return 0, false
	}
	r := newObjectReader(data, from+at+len("startxref"))
	start, ok := r.integer()
	if !ok || start >= len(data) {
		return 0, false
	}
	for r.pos < len(data) && isBlank(data[r.pos]) {
		r.pos++
	}
	rest, ok := bytes.CutPrefix(data[r.pos:], []byte("%%EOF"))
	return start, ok && onlyBlanks(rest)
}

// xrefSection is one cross-reference section: the entries of a table, of a
// stream, or of a table and the stream that completes it.
type xrefSection struct {
	trailer     pdfDict
	entries     map[int]xrefEntry
	completion  int // offset of the completing stream (XRefStm); 0 when none
	isStream    bool
	previous    int
	hasPrevious bool
}

// section reads the cross-reference section at an offset.
func (d *revisionDocument) section(at int) (*xrefSection, error) {
	if at < 0 || at >= len(d.data) {
		return nil, errRevision
	}
	r := newObjectReader(d.data, at)
	var section *xrefSection
	var err error
	if r.keyword("xref") {
		section, err = d.table(r)
	} else {
		section, err = d.xrefStream(r)
	}
	if err != nil {
		return nil, err
	}
	if value, has := section.trailer["Prev"]; has {
		section.previous, section.hasPrevious = wholeNumber(value)
		if !section.hasPrevious {
			return nil, errRevision
		}
	}
	return section, nil
}

// table reads a cross-reference table whose keyword has been passed.
func (d *revisionDocument) table(r *objectReader) (*xrefSection, error) {
	section := &xrefSection{entries: map[int]xrefEntry{}}
	for !r.keyword("trailer") {
		first, ok := r.integer()
		count, ok2 := r.integer()
		if !ok || !ok2 || count > maxEntries || first > maxEntries*20 {
			return nil, errRevision
		}
		for number := first; number < first+count; number++ {
			offset, ok := r.integer()
			generation, ok2 := r.integer()
			kind := r.word()
			if !ok || !ok2 || kind != "n" && kind != "f" || len(section.entries) > maxEntries {
				return nil, errRevision
			}
			section.entries[number] = xrefEntry{free: kind == "f", offset: offset, generation: generation}
		}
	}
	value, err := r.value(0)
	trailer, ok := value.(pdfDict)
	if err != nil || !ok {
		return nil, errRevision
	}
	section.trailer = trailer
	stream, has := trailer["XRefStm"]
	if !has {
		return section, nil
	}
	at, ok := wholeNumber(stream)
	if !ok || at <= 0 || at >= len(d.data) {
		return nil, errRevision
	}
	hidden, err := d.xrefStream(newObjectReader(d.data, at))
	if err != nil {
		return nil, err
	}
	section.completion = at
	for number, entry := range hidden.entries {
		if of, both := section.entries[number]; both && !of.free && of != entry {
			return nil, errRevision // readers differ in which of the two counts
		}
		section.entries[number] = entry
	}
	return section, nil
}

// xrefStream reads a cross-reference stream.
func (d *revisionDocument) xrefStream(r *objectReader) (*xrefSection, error) {
	_, value, err := r.indirect(nil)
	if err != nil {
		return nil, errRevision
	}
	stream, ok := value.(pdfStream)
	if !ok || stream.dict["Type"] != pdfName("XRef") {
		return nil, errRevision
	}
	var widths [3]int
	w, _ := stream.dict["W"].([]any)
	if len(w) != 3 {
		return nil, errRevision
	}
	for i := range widths {
		width, ok := wholeNumber(w[i])
		if !ok || width > 8 {
			return nil, errRevision
		}
		widths[i] = width
	}
	ranges, ok := stream.dict["Index"].([]any)
	if !ok {
		ranges = []any{pdfNumber("0"), stream.dict["Size"]}
	}
	rows, err := d.decode(stream)
	if err != nil {
		return nil, err
	}
	section := &xrefSection{trailer: stream.dict, entries: map[int]xrefEntry{}, isStream: true}
	return section, section.rows(rows, widths, ranges)
}

// rows reads the entries of a cross-reference stream (7.5.8.3).
func (s *xrefSection) rows(rows []byte, widths [3]int, ranges []any) error {
	size := widths[0] + widths[1] + widths[2]
	if size == 0 || len(ranges)%2 != 0 {
		return errRevision
	}
	for i := 0; i < len(ranges); i += 2 {
		first, ok := wholeNumber(ranges[i])
		count, ok2 := wholeNumber(ranges[i+1])
		if !ok || !ok2 || count > len(rows)/size || first > maxEntries*20 || len(s.entries)+count > maxEntries {
			return errRevision
		}
		for number := first; number < first+count; number++ {
			var fields [3]int
			row := rows[:size]
			rows = rows[size:]
			for f, width := range widths {
				for _, b := range row[:width] {
					if fields[f] >= 1<<40 {
						return errRevision // beyond any file
					}
					fields[f] = fields[f]<<8 | int(b)
				}
				row = row[width:]
			}
			if widths[0] == 0 {
				fields[0] = 1
			}
			switch fields[0] {
			case 0:
				s.entries[number] = xrefEntry{free: true, generation: fields[2]}
			case 1:
				s.entries[number] = xrefEntry{offset: fields[1], generation: fields[2]}
			case 2:
				s.entries[number] = xrefEntry{stream: fields[1], index: fields[2]}
			default:
				return errRevision
			}
		}
	}
	return nil
}

// add puts an older section under those already there.
func (d *revisionDocument) add(section *xrefSection) error {
	for number, entry := range section.entries {
		if _, newer := d.entries[number]; !newer {
			d.entries[number] = entry
		}
	}
	if len(d.entries) > maxEntries {
		return errRevision
	}
	return nil
}

// object gives an object of the revision; null when it is free or unknown.
func (d *revisionDocument) object(ref pdfRef) (any, error) {
	entry, known := d.entries[ref.number]
	if !known || entry.free || entry.generation != ref.generation && entry.stream == 0 {
		return nil, nil
	}
	if value, read := d.cache[ref.number]; read {
		return value, nil
	}
	if d.reading[ref.number] {
		return nil, errRevision
	}
	d.reading[ref.number] = true
	defer delete(d.reading, ref.number)
	value, err := d.read(ref, entry)
	if err != nil {
		return nil, err
	}
	d.cache[ref.number] = value
	return value, nil
}

func (d *revisionDocument) read(ref pdfRef, entry xrefEntry) (any, error) {
	if entry.stream != 0 {
		return d.streamed(ref.number, entry)
	}
	if entry.offset <= 0 || entry.offset >= len(d.data) {
		return nil, errRevision
	}
	if known, read := d.shared.objects[entry.offset]; read && known.ref == ref && d.sameLength(known) {
		return known.value, nil
	}
	if d.shared.parsed > d.shared.allowed {
		return nil, errRevision
	}
	object, err := d.readAt(newObjectReader(d.data, entry.offset))
	if err != nil || object.ref != ref {
		return nil, errRevision
	}
	return object.value, nil
}

// readAt reads the indirect object where a reader of the file stands.
func (d *revisionDocument) readAt(r *objectReader) (sharedObject, error) {
	r.nodes = d.shared.nodes
	at := r.pos
	var object sharedObject
	var err error
	object.ref, object.value, err = r.indirect(func(length pdfRef) (int, bool) {
		size, ok := d.length(length)
		object.length, object.size = &length, size
		return size, ok
	})
	d.shared.nodes = min(r.nodes, d.shared.nodes)
	d.shared.parsed += r.pos - at
	if err == nil {
		d.shared.objects[at] = object
	}
	return object, err
}

// sameLength tells whether a stream read for another revision has the same
// length in this one.
func (d *revisionDocument) sameLength(object sharedObject) bool {
	if object.length == nil {
		return true
	}
	size, ok := d.length(*object.length)
	return ok && size == object.size
}

// length resolves the indirect length of a stream.
func (d *revisionDocument) length(ref pdfRef) (int, bool) {
	value, err := d.object(ref)
	if err != nil {
		return 0, false
	}
	return wholeNumber(value)
}

// streamed gives an object that stands in an object stream.
func (d *revisionDocument) streamed(number int, entry xrefEntry) (any, error) {
	at := d.entries[entry.stream].offset
	opened := d.shared.streams[at]
	if _, read := d.cache[entry.stream]; opened == nil || !read {
		value, err := d.object(pdfRef{number: entry.stream})
		if err != nil {
			return nil, err
		}
		stream, ok := value.(pdfStream)
		if !ok || stream.dict["Type"] != pdfName("ObjStm") {
			return nil, errRevision
		}
		if opened == nil || len(opened.packed) != len(stream.data) {
			if opened, err = d.openStream(stream); err != nil {
				return nil, err
			}
			d.shared.streams[at] = opened
		}
	}
	if entry.index >= len(opened.objects) || opened.numbers[entry.index] != number {
		return nil, errRevision
	}
	return opened.objects[entry.index], nil
}

// openStream reads the objects of an object stream (7.5.7).
func (d *revisionDocument) openStream(stream pdfStream) (*objectStream, error) {
	count, ok := wholeNumber(stream.dict["N"])
	first, ok2 := wholeNumber(stream.dict["First"])
	data, err := d.decode(stream)
	if err != nil || !ok || !ok2 || count > min(maxStreamed, len(data)) || first > len(data) {
		return nil, errRevision
	}
	heads := newObjectReader(data[:first], 0)
	opened := &objectStream{packed: stream.data}
	for range count {
		number, ok := heads.integer()
		offset, ok2 := heads.integer()
		if !ok || !ok2 || offset > len(data)-first {
			return nil, errRevision
		}
		r := newObjectReader(data, first+offset)
		r.nodes = d.shared.nodes
		value, err := r.value(0)
		d.shared.nodes = r.nodes
		if err != nil {
			return nil, errRevision
		}
		opened.objects = append(opened.objects, value)
		opened.numbers = append(opened.numbers, number)
	}
	return opened, nil
}

// resolve follows references until there is a value.
func (d *revisionDocument) resolve(value any) (any, error) {
	for range 32 {
		ref, isRef := value.(pdfRef)
		if !isRef {
			return value, nil
		}
		var err error
		if value, err = d.object(ref); err != nil {
			return nil, err
		}
	}
	return nil, errRevision
}

// dict resolves a value that should be a dictionary; a stream gives its own.
func (d *revisionDocument) dict(value any) pdfDict {
	resolved, err := d.resolve(value)
	if err != nil {
		return nil
	}
	switch v := resolved.(type) {
	case pdfDict:
		return v
	case pdfStream:
		return v.dict
	}
	return nil
}

// array resolves a value that should be an array.
func (d *revisionDocument) array(value any) []any {
	resolved, err := d.resolve(value)
	if err != nil {
		return nil
	}
	array, _ := resolved.([]any)
	return array
}
