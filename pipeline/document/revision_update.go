package document

import (
	"bytes"
)

// update is one incremental update (7.5.6), read from its first byte to its
// last: objects, a cross-reference section that lists just these and leads to
// the one before, startxref, %%EOF. Only where all updates are such do all
// readers see the same document, and a comparison of its objects is worth
// anything.
type update struct {
	objects map[int]updateObject // by number
	section *xrefSection
	start   int // of the cross-reference section
	end     int
}

type updateObject struct {
	offset, generation int
	isXRef             bool // a cross-reference stream: need not list itself
}

// readUpdate reads the update that starts at an offset and ends the revision
// that is final.
func readUpdate(data []byte, from int, final *revisionDocument) (*update, bool) {
	u := &update{objects: map[int]updateObject{}}
	r := newObjectReader(data, from)
	table := -1
	for {
		r.skipBlanks()
		at := r.pos
		switch {
		case r.keyword("startxref"):
			return u, u.close(r, table, final) && countHeaders(data[from:u.end]) == len(u.objects)
		case table < 0 && r.keyword("xref"):
			table = at
			r.pos = at
			section, err := final.section(at)
			if err != nil || section.isStream {
				return nil, false
			}
			u.section = section
			if !skipTable(r) {
				return nil, false
			}
		case table >= 0:
			return nil, false
		default:
			object, err := final.readAt(r)
			if _, twice := u.objects[object.ref.number]; err != nil || twice {
				return nil, false
			}
			stream, isStream := object.value.(pdfStream)
			u.objects[object.ref.number] = updateObject{at, object.ref.generation, isStream && stream.dict["Type"] == pdfName("XRef")}
		}
	}
}

// countHeaders counts what looks like the start of an object, wherever it
// stands. A reader that rebuilds the cross-references, because something else
// about them is not to its liking, takes all of them for objects: those in a
// stream, a string or a comment too.
func countHeaders(data []byte) int {
	headers := 0
	for at := 0; ; {
		found := bytes.Index(data[at:], []byte("obj"))
		if found < 0 {
			return headers
		}
		if _, is := headerBefore(data, 0, at+found); is {
			headers++
		}
		at += found + len("obj")
	}
}

// skipTable passes over a cross-reference table and its trailer, which have
// been read before.
func skipTable(r *objectReader) bool {
	if !r.keyword("xref") {
		return false
	}
	for !r.keyword("trailer") {
		if r.pos >= len(r.data) || r.word() == "" {
			return false
		}
	}
	_, err := r.value(0)
	return err == nil
}

// close reads what stands behind startxref and finds the update's section.
func (u *update) close(r *objectReader, table int, final *revisionDocument) bool {
	start, ok := r.integer()
	if !ok {
		return false
	}
	for r.pos < len(r.data) && isBlank(r.data[r.pos]) {
		r.pos++
	}
	if !bytes.HasPrefix(r.data[r.pos:], []byte("%%EOF")) {
		return false
	}
	u.end = r.pos + len("%%EOF")
	u.start = start
	if table >= 0 {
		return start == table
	}
	section, err := final.section(start)
	if err != nil {
		return false
	}
	u.section = section
	return u.isXRef(start)
}

// isXRef tells whether a cross-reference stream of this update stands at an
// offset.
func (u *update) isXRef(offset int) bool {
	for _, object := range u.objects {
		if object.isXRef && object.offset == offset {
			return true
		}
	}
	return false
}

// leadsTo tells whether the update continues the section at an offset.
func (u *update) leadsTo(previous int) bool {
	return u.section.hasPrevious && u.section.previous == previous &&
		(u.section.completion == 0 || u.isXRef(u.section.completion))
}

// consistent tells whether the section lists all objects of the update where
// they stand, and beside them only what was known before.
func (u *update) consistent(known map[int]xrefEntry) bool {
	for number, entry := range u.section.entries {
		if entry.free {
			continue
		}
		if before, is := known[number]; is && before == entry {
			continue
		}
		if entry.stream != 0 {
			if _, here := u.objects[entry.stream]; !here {
				return false
			}
			continue
		}
		object, here := u.objects[number]
		if !here || object.offset != entry.offset || object.generation != entry.generation {
			return false
		}
	}
	for number, object := range u.objects {
		entry, listed := u.section.entries[number]
		if !listed && object.isXRef {
			continue
		}
		if !listed || entry.free || entry.stream != 0 || entry.offset != object.offset {
			return false
		}
	}
	return true
}
