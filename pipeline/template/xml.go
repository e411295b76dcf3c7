package template

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// scanner reads the XML of one part, strictly: elements close in order, there
// is one root, no DTD, no token past maxToken, no nesting past maxDepth.
// Elements come out with their namespace resolved.
type scanner struct {
	source *tokenReader
	dec    *xml.Decoder
	open   []xml.Name // as written, with prefixes
	bound  []binding
	rooted bool // the root was seen
	// last is the last prefix resolved: most elements have the same.
	last struct {
		known       bool
		prefix, uri string
	}
}

// binding is a namespace declaration in force from a depth on.
type binding struct {
	depth       int
	prefix, uri string
}

var (
	errDTD     = &Fault{Detail: "une partie du classeur déclare une DTD, ce qui n'est pas admis"}
	errToken   = &Fault{Detail: "un élément du classeur dépasse 1 Mio"}
	errDeep    = &Fault{Detail: "les éléments du classeur sont imbriqués trop profondément"}
	errXML     = errors.New("malformed XML")
	errTwice   = errors.New("attribute given twice")
	errUnbound = errors.New("namespace prefix without declaration")
)

// tokenReader hands bytes to the XML decoder and counts those of a token.
type tokenReader struct {
	r     io.Reader
	buf   []byte
	pos   int
	count int // bytes handed out since the token began
	err   error
}

func (t *tokenReader) fill() error {
	for t.pos == len(t.buf) {
		if t.err != nil {
			return t.err
		}
		n, err := t.r.Read(t.buf[:cap(t.buf)])
		t.buf, t.pos, t.err = t.buf[:n], 0, err
	}
	return nil
}

// ReadByte makes the decoder read through tokenReader without a buffer of its own.
func (t *tokenReader) ReadByte() (byte, error) {
	if t.pos == len(t.buf) {
		if err := t.fill(); err != nil {
			return 0, err
		}
	}
	if t.count++; t.count > maxToken {
		return 0, errToken
	}
	b := t.buf[t.pos]
	t.pos++
	return b, nil
}

// Read is there for io.Reader; the decoder uses ReadByte.
func (t *tokenReader) Read(p []byte) (int, error) {
	if err := t.fill(); err != nil {
		return 0, err
	}
	n := copy(p, t.buf[t.pos:])
	t.pos += n
	t.count += n
	return n, nil
}

func newScanner(r io.Reader) *scanner {
	source := &tokenReader{r: r, buf: make([]byte, 0, 64<<10)}
	s := &scanner{source: source, dec: xml.NewDecoder(source)}
	s.bound = append(s.bound, binding{0, "xml", "http://www.w3.org/XML/1998/namespace"})
	// Spreadsheets write UTF-8, some behind a byte order mark.
	if source.fill() == nil && len(source.buf) >= 3 && string(source.buf[:3]) == "\ufeff" {
		source.pos = 3
	}
	return s
}

// next gives the next start, end or text; io.EOF when the document is closed
// and its part was read to the end. Bytes of a text are valid until the next call.
func (s *scanner) next() (xml.Token, error) {
	for {
		s.source.count = 0
		token, err := s.dec.RawToken()
		if err != nil {
			return nil, s.fail(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			return s.start(token)
		case xml.EndElement:
			return s.end(token)
		case xml.CharData:
			if len(s.open) > 0 {
				return token, nil
			}
			if strings.TrimSpace(string(token)) != "" {
				return nil, errXML
			}
		case xml.Directive:
			return nil, errDTD
		}
	}
}

func (s *scanner) fail(err error) error {
	if errors.Is(err, io.EOF) {
		if len(s.open) > 0 || !s.rooted {
			return io.ErrUnexpectedEOF
		}
		return io.EOF
	}
	return err
}

func (s *scanner) start(e xml.StartElement) (xml.Token, error) {
	if len(s.open) == 0 && s.rooted {
		return nil, errXML
	}
	if len(s.open) >= maxDepth {
		return nil, errDeep
	}
	s.rooted = true
	s.open = append(s.open, e.Name)
	if err := unique(e.Attr); err != nil {
		return nil, err
	}
	for _, a := range e.Attr {
		switch {
		case a.Name.Space == "xmlns":
			s.bound = append(s.bound, binding{len(s.open), a.Name.Local, a.Value})
			s.last.known = false
		case a.Name.Space == "" && a.Name.Local == "xmlns":
			s.bound = append(s.bound, binding{len(s.open), "", a.Value})
			s.last.known = false
		}
	}
	if len(s.bound) > maxDepth {
		return nil, errDeep
	}
	uri, err := s.uri(e.Name.Space)
	e.Name.Space = uri
	return e, err
}

func (s *scanner) end(e xml.EndElement) (xml.Token, error) {
	depth := len(s.open)
	if depth == 0 || s.open[depth-1] != e.Name {
		return nil, errXML
	}
	uri, err := s.uri(e.Name.Space)
	for len(s.bound) > 0 && s.bound[len(s.bound)-1].depth == depth {
		s.bound = s.bound[:len(s.bound)-1]
		s.last.known = false
	}
	s.open = s.open[:depth-1]
	e.Name.Space = uri
	return e, err
}

// uri resolves a prefix; no prefix and no default namespace is no namespace.
func (s *scanner) uri(prefix string) (string, error) {
	if s.last.known && s.last.prefix == prefix {
		return s.last.uri, nil
	}
	for i := len(s.bound) - 1; i >= 0; i-- {
		if s.bound[i].prefix == prefix {
			s.last.known, s.last.prefix, s.last.uri = true, prefix, s.bound[i].uri
			return s.last.uri, nil
		}
	}
	if prefix == "" {
		return "", nil
	}
	return "", errUnbound
}

// skip reads past the end of the element whose start was just read. look, if
// not nil, sees every element inside.
func (s *scanner) skip(look func(xml.StartElement) error) error {
	for depth := len(s.open); len(s.open) >= depth; {
		token, err := s.next()
		if err != nil {
			return err
		}
		if e, ok := token.(xml.StartElement); ok && look != nil {
			if err := look(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// text gives the text of the element whose start was just read, which must
// hold no other element.
func (s *scanner) text(into []byte) ([]byte, error) {
	for {
		token, err := s.next()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.CharData:
			if into = append(into, token...); len(into) > maxToken {
				return nil, errToken
			}
		case xml.EndElement:
			return into, nil
		default:
			return nil, errXML
		}
	}
}

// attr gives an attribute without prefix.
func attr(e xml.StartElement, name string) (string, bool) {
	for _, a := range e.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value, true
		}
	}
	return "", false
}

// attrNS gives an attribute of one of the namespaces.
func (s *scanner) attrNS(e xml.StartElement, name string, namespaces ...string) (string, bool) {
	for _, a := range e.Attr {
		if a.Name.Local != name || a.Name.Space == "" {
			continue
		}
		uri, err := s.uri(a.Name.Space)
		if err != nil {
			continue
		}
		for _, namespace := range namespaces {
			if uri == namespace {
				return a.Value, true
			}
		}
	}
	return "", false
}

// unique refuses an attribute given twice, on which readers would differ.
func unique(attrs []xml.Attr) error {
	if len(attrs) > 16 {
		seen := make(map[xml.Name]struct{}, len(attrs))
		for _, a := range attrs {
			if _, twice := seen[a.Name]; twice {
				return errTwice
			}
			seen[a.Name] = struct{}{}
		}
		return nil
	}
	for i := range attrs {
		for j := range i {
			if attrs[i].Name == attrs[j].Name {
				return errTwice
			}
		}
	}
	return nil
}
