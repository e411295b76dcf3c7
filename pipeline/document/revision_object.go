package document

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
)

// errSyntax tells that bytes are not what ISO 32000-1, 7.3 calls an object.
// The reader of revisions forgives nothing: what it cannot read for certain,
// another reader may read otherwise.
var errSyntax = errors.New("not a well-formed PDF object")

// Limits of one reading of objects.
const (
	maxObjectDepth = 100       // arrays and dictionaries inside one another
	maxObjectNodes = 2_000_000 // values in one document, against floods of tiny ones
)

// The values of PDF objects. Null is nil, booleans are bool, arrays []any.
type (
	pdfNumber string
	pdfName   string
	pdfDict   map[string]any
	pdfRef    struct{ number, generation int }
	// pdfString is a literal or hexadecimal string, with the place of its
	// delimiters in the bytes read.
	pdfString struct {
		value   string
		at, end int
	}
	pdfStream struct {
		dict pdfDict
		data []byte // as stored, filters not undone
	}
)

// objectReader reads objects from bytes, from pos on.
type objectReader struct {
	data  []byte
	pos   int
	nodes int // values that may still be read
}

func newObjectReader(data []byte, pos int) *objectReader {
	return &objectReader{data: data, pos: pos, nodes: maxObjectNodes}
}

func isBlank(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	return strings.IndexByte("()<>[]{}/%", c) >= 0
}

// onlyBlanks tells whether data holds nothing but PDF's blanks.
func onlyBlanks(data []byte) bool {
	for _, c := range data {
		if !isBlank(c) {
			return false
		}
	}
	return true
}

// skipBlanks passes over blanks and comments.
func (r *objectReader) skipBlanks() {
	for r.pos < len(r.data) {
		switch c := r.data[r.pos]; {
		case isBlank(c):
			r.pos++
		case c == '%':
			for r.pos < len(r.data) && r.data[r.pos] != '\n' && r.data[r.pos] != '\r' {
				r.pos++
			}
		default:
			return
		}
	}
}

// word reads a run of regular characters; it is empty before a delimiter and
// at the end.
func (r *objectReader) word() string {
	r.skipBlanks()
	start := r.pos
	for r.pos < len(r.data) && !isBlank(r.data[r.pos]) && !isDelimiter(r.data[r.pos]) {
		r.pos++
	}
	return string(r.data[start:r.pos])
}

// keyword passes over the given word, or stays where it is.
func (r *objectReader) keyword(want string) bool {
	start := r.pos
	r.skipBlanks()
	end := r.pos + len(want)
	if end <= len(r.data) && string(r.data[r.pos:end]) == want &&
		(end == len(r.data) || isBlank(r.data[end]) || isDelimiter(r.data[end])) {
		r.pos = end
		return true
	}
	r.pos = start
	return false
}

// integer reads a non-negative integer, or stays where it is.
func (r *objectReader) integer() (int, bool) {
	start := r.pos
	word := r.word()
	value, err := strconv.ParseUint(word, 10, 47)
	if err != nil {
		r.pos = start
		return 0, false
	}
	return int(value), true //nolint:gosec // 47 bits fit an int
}

// value reads one direct object or reference.
func (r *objectReader) value(depth int) (any, error) {
	if r.nodes--; r.nodes < 0 || depth > maxObjectDepth {
		return nil, errSyntax
	}
	r.skipBlanks()
	if r.pos >= len(r.data) {
		return nil, errSyntax
	}
	switch c := r.data[r.pos]; c {
	case '/':
		return r.name()
	case '(':
		return r.literal()
	case '[':
		return r.array(depth)
	case '<':
		if r.pos+1 < len(r.data) && r.data[r.pos+1] == '<' {
			return r.dict(depth)
		}
		return r.hex()
	default:
		return r.scalar()
	}
}

// scalar reads a boolean, null, a number or a reference.
func (r *objectReader) scalar() (any, error) {
	start := r.pos
	if number, ok := r.integer(); ok {
		after := r.pos
		if generation, ok := r.integer(); ok && r.keyword("R") {
			return pdfRef{number, generation}, nil
		}
		r.pos = after
		return pdfNumber(r.data[start:after]), nil
	}
	switch word := r.word(); word {
	case "true", "false":
		return word == "true", nil
	case "null":
		return nil, nil
	default:
		if _, err := strconv.ParseFloat(word, 64); err != nil || !plainNumber(word) {
			return nil, errSyntax
		}
		return pdfNumber(word), nil
	}
}

// plainNumber tells whether word is written with digits, sign and point only:
// strconv knows numbers that PDF does not.
func plainNumber(word string) bool {
	for i := range len(word) {
		if c := word[i]; (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' {
			return false
		}
	}
	return word != ""
}

func (r *objectReader) name() (any, error) {
	r.pos++
	start := r.pos
	for r.pos < len(r.data) && !isBlank(r.data[r.pos]) && !isDelimiter(r.data[r.pos]) {
		r.pos++
	}
	raw := r.data[start:r.pos]
	if bytes.IndexByte(raw, '#') < 0 {
		return pdfName(raw), nil
	}
	name := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] == '#' && i+2 < len(raw) {
			high, ok := hexDigit(raw[i+1])
			low, ok2 := hexDigit(raw[i+2])
			if ok && ok2 {
				name = append(name, high<<4|low)
				i += 2
				continue
			}
		}
		name = append(name, raw[i])
	}
	return pdfName(name), nil
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

func (r *objectReader) hex() (any, error) {
	start := r.pos
	var value []byte
	if end := bytes.IndexByte(r.data[start:], '>'); end > 0 {
		value = make([]byte, 0, min(end/2, 1<<15))
	}
	half := false // the last byte of value still lacks its second digit
	for r.pos++; r.pos < len(r.data); r.pos++ {
		c := r.data[r.pos]
		digit, isDigit := hexDigit(c)
		switch {
		case c == '>':
			r.pos++
			return pdfString{string(value), start, r.pos}, nil
		case isBlank(c):
		case !isDigit:
			return nil, errSyntax
		case half:
			value[len(value)-1] |= digit
			half = false
		default:
			value = append(value, digit<<4)
			half = true
		}
	}
	return nil, errSyntax
}

func (r *objectReader) literal() (any, error) {
	start := r.pos
	var value []byte
	open := 0
	for r.pos < len(r.data) {
		c := r.data[r.pos]
		r.pos++
		switch c {
		case '(':
			open++
			if open == 1 {
				continue
			}
		case ')':
			open--
			if open == 0 {
				return pdfString{string(value), start, r.pos}, nil
			}
		case '\\':
			value = r.escape(value)
			continue
		case '\r':
			if r.pos < len(r.data) && r.data[r.pos] == '\n' {
				r.pos++
			}
			c = '\n'
		}
		value = append(value, c)
	}
	return nil, errSyntax
}

// escape reads what follows a backslash in a literal string.
func (r *objectReader) escape(value []byte) []byte {
	if r.pos >= len(r.data) {
		return value
	}
	c := r.data[r.pos]
	r.pos++
	switch c {
	case 'n':
		return append(value, '\n')
	case 'r':
		return append(value, '\r')
	case 't':
		return append(value, '\t')
	case 'b':
		return append(value, '\b')
	case 'f':
		return append(value, '\f')
	case '\n':
		return value
	case '\r':
		if r.pos < len(r.data) && r.data[r.pos] == '\n' {
			r.pos++
		}
		return value
	}
	if c < '0' || c > '7' {
		return append(value, c)
	}
	code := int(c - '0')
	for range 2 {
		if r.pos >= len(r.data) || r.data[r.pos] < '0' || r.data[r.pos] > '7' {
			break
		}
		code = code<<3 | int(r.data[r.pos]-'0')
		r.pos++
	}
	return append(value, byte(code)) //nolint:gosec // high-order overflow is ignored (7.3.4.2)
}

func (r *objectReader) array(depth int) (any, error) {
	r.pos++
	array := []any{}
	for {
		r.skipBlanks()
		if r.pos < len(r.data) && r.data[r.pos] == ']' {
			r.pos++
			return array, nil
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		array = append(array, value)
	}
}

func (r *objectReader) dict(depth int) (any, error) {
	r.pos += 2
	dict := pdfDict{}
	for {
		r.skipBlanks()
		if bytes.HasPrefix(r.data[r.pos:], []byte(">>")) {
			r.pos += 2
			return dict, nil
		}
		if r.pos >= len(r.data) || r.data[r.pos] != '/' {
			return nil, errSyntax
		}
		key, err := r.name()
		if err != nil {
			return nil, err
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		name := string(key.(pdfName))
		if _, twice := dict[name]; twice {
			return nil, errSyntax // readers differ in which of the two counts
		}
		dict[name] = value
	}
}

// indirect reads an indirect object: its reference and its value. Length
// resolves a stream's /Length; without it the length must be direct.
func (r *objectReader) indirect(length func(pdfRef) (int, bool)) (pdfRef, any, error) {
	r.skipBlanks()
	number, ok := r.integer()
	if !ok {
		return pdfRef{}, nil, errSyntax
	}
	generation, ok := r.integer()
	if !ok || !r.keyword("obj") {
		return pdfRef{}, nil, errSyntax
	}
	ref := pdfRef{number, generation}
	value, err := r.value(0)
	if err != nil {
		return ref, nil, err
	}
	if r.keyword("endobj") {
		return ref, value, nil
	}
	dict, isDict := value.(pdfDict)
	if !isDict || !r.keyword("stream") {
		return ref, nil, errSyntax
	}
	stream, err := r.stream(dict, length)
	if err != nil || !r.keyword("endobj") {
		return ref, nil, errSyntax
	}
	return ref, stream, nil
}

// stream reads the bytes of a stream whose keyword has been passed.
func (r *objectReader) stream(dict pdfDict, length func(pdfRef) (int, bool)) (any, error) {
	rest := r.data[r.pos:]
	switch {
	case bytes.HasPrefix(rest, []byte("\r\n")):
		r.pos += 2
	case bytes.HasPrefix(rest, []byte("\n")):
		r.pos++
	default:
		return nil, errSyntax
	}
	size, ok := 0, false
	switch declared := dict["Length"].(type) {
	case pdfNumber:
		size, ok = wholeNumber(declared)
	case pdfRef:
		if length != nil {
			size, ok = length(declared)
		}
	}
	if !ok || size > len(r.data)-r.pos {
		return nil, errSyntax
	}
	data := r.data[r.pos : r.pos+size]
	r.pos += size
	if !r.keyword("endstream") {
		return nil, errSyntax
	}
	return pdfStream{dict, data}, nil
}

// wholeNumber gives a non-negative integer written as a PDF number.
func wholeNumber(value any) (int, bool) {
	number, ok := value.(pdfNumber)
	if !ok {
		return 0, false
	}
	whole, err := strconv.ParseUint(string(number), 10, 47)
	return int(whole), err == nil //nolint:gosec // 47 bits fit an int
}
