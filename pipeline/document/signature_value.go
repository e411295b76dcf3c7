package document

import (
	"bytes"
)

// maxValues bounds the signature dictionaries looked for in one file.
const maxValues = 256

// signatureValue is a signature dictionary as it stands in the file's bytes.
type signatureValue struct {
	number int // of the indirect object it stands in
	offset int // of that object
	dict   pdfDict
}

// findValues looks for signature dictionaries in a file's bytes: a signature
// must stand there in clear, since it covers all bytes around its value.
func findValues(data []byte) []signatureValue {
	var values []signatureValue
	key := []byte("/ByteRange")
	searched := 0 // what stands before belongs to objects already looked at
	budget := maxReread * len(data)
	for from := 0; len(values) < maxValues; {
		found := bytes.Index(data[from:], key)
		if found < 0 {
			break
		}
		at := from + found
		from = at + len(key)
		object, ok := objectAround(data, searched, at, &budget)
		searched = from
		if !ok {
			continue
		}
		for _, dict := range dictsWithRange(object.dict, 0) {
			values = append(values, signatureValue{object.number, object.offset, dict})
		}
		from = max(from, object.end)
		searched = from
	}
	return values
}

// maxHeaders bounds how many places that look like an object's header are
// tried before one /ByteRange: a reason or a name may hold the letters obj.
const maxHeaders = 16

// foundObject is an indirect object found by its header alone.
type foundObject struct {
	number, offset, end int
	dict                any
}

// objectAround reads the indirect object that holds the byte at an offset and
// whose header stands in data[from:at]. Budget is how many bytes may still be
// read for that.
func objectAround(data []byte, from, at int, budget *int) (foundObject, bool) {
	until := at
	for range maxHeaders {
		if *budget < 0 {
			break
		}
		word := bytes.LastIndex(data[from:until], []byte("obj"))
		if word < 0 {
			break
		}
		until = from + word
		offset, isHeader := headerBefore(data, from, until)
		if !isHeader {
			continue
		}
		r := newObjectReader(data, offset)
		ref, value, err := r.indirect(nil)
		*budget -= r.pos - offset
		if err == nil && r.pos > at {
			return foundObject{ref.number, offset, r.pos, value}, true
		}
	}
	return foundObject{}, false
}

// headerBefore gives the offset of the two numbers that end at an offset.
func headerBefore(data []byte, from, at int) (int, bool) {
	for range 2 { // the generation, then the number
		for at > from && isBlank(data[at-1]) {
			at--
		}
		digits := at
		for at > from && data[at-1] >= '0' && data[at-1] <= '9' {
			at--
		}
		if at == digits {
			return 0, false
		}
	}
	return at, true
}

// dictsWithRange finds the dictionaries with a /ByteRange in a value.
func dictsWithRange(value any, depth int) []pdfDict {
	if depth > maxObjectDepth {
		return nil
	}
	var found []pdfDict
	switch v := value.(type) {
	case pdfDict:
		if v["ByteRange"] != nil {
			found = append(found, v)
		}
		for _, inner := range v {
			found = append(found, dictsWithRange(inner, depth+1)...)
		}
	case []any:
		for _, inner := range v {
			found = append(found, dictsWithRange(inner, depth+1)...)
		}
	}
	return found
}

// byteRange is what a signature covers: two runs of bytes, with the
// signature's own value between them.
type byteRange struct {
	firstStart, firstEnd   int
	secondStart, secondEnd int
	// exact: it starts with the file, and leaves out the value and nothing else.
	exact bool
}

// covered gives the bytes that are signed, in one run.
func (b byteRange) covered(data []byte) []byte {
	return append(bytes.Clone(data[b.firstStart:b.firstEnd]), data[b.secondStart:b.secondEnd]...)
}

// readRange reads the /ByteRange of a signature dictionary: four non-negative
// integers inside the file, the runs in order and not overlapping, and the
// dictionary's own /Contents in the gap between them. Anything else is none.
func (v signatureValue) readRange(data []byte) (byteRange, bool) {
	numbers, _ := v.dict["ByteRange"].([]any)
	if len(numbers) != 4 {
		return byteRange{}, false
	}
	var n [4]int
	for i := range n {
		whole, ok := wholeNumber(numbers[i])
		if !ok {
			return byteRange{}, false
		}
		n[i] = whole
	}
	b := byteRange{firstStart: n[0], firstEnd: n[0] + n[1], secondStart: n[2], secondEnd: n[2] + n[3]}
	contents, isString := v.dict["Contents"].(pdfString)
	if !isString || data[contents.at] != '<' ||
		b.firstEnd > contents.at || contents.end > b.secondStart || b.secondEnd > len(data) {
		return byteRange{}, false
	}
	b.exact = b.firstStart == 0 && b.firstEnd == contents.at && b.secondStart == contents.end
	return b, true
}

// text gives a string entry of the dictionary.
func (v signatureValue) text(key string) string {
	s, _ := v.dict[key].(pdfString)
	return s.value
}
