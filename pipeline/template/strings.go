package template

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// sharedStrings is the table of texts that the sheets' cells point into, as
// one text with the places where its entries end.
type sharedStrings struct {
	text string
	ends []uint32
}

// get gives an entry by the index that a cell writes; false when there is none.
func (t *sharedStrings) get(index string) (string, bool) {
	i, err := strconv.ParseUint(strings.TrimSpace(index), 10, 32)
	if err != nil || i >= uint64(len(t.ends)) {
		return "", false
	}
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return t.text[from:t.ends[i]], true
}

func (w *workbook) readSharedStrings(rels map[string]relationship) error {
	part := ""
	for _, rel := range rels {
		if rel.is("sharedStrings") {
			if part != "" || rel.external {
				return faultf("le classeur a plus d'une table de textes")
			}
			part = rel.target
		}
	}
	if part == "" {
		return nil
	}
	var text strings.Builder
	var entry []byte
	root := true
	err := w.scan(part, func(s *scanner, e xml.StartElement) error {
		if root {
			if root = false; !isMain(e.Name) || e.Name.Local != "sst" {
				return errXML
			}
			return nil
		}
		if !isMain(e.Name) || e.Name.Local != "si" {
			return s.skip(nil)
		}
		var err error
		if entry, err = s.richText(entry[:0]); err != nil {
			return err
		}
		text.WriteString(unescape(string(entry)))
		if text.Len() > maxSharedText || len(w.strings.ends) >= maxSharedCount {
			return faultf("la table des textes du classeur dépasse 64 Mio ou 2 millions de textes")
		}
		w.strings.ends = append(w.strings.ends, uint32(text.Len())) //nolint:gosec // at most 64 MiB
		return nil
	})
	w.strings.text = text.String()
	return err
}

// richText gives the text of the element whose start was just read: its t
// elements, alone or in runs, but not the phonetic ones.
func (s *scanner) richText(into []byte) ([]byte, error) {
	for depth := len(s.open); ; {
		token, err := s.next()
		if err != nil {
			return nil, err
		}
		switch token := token.(type) {
		case xml.StartElement:
			switch {
			case isMain(token.Name) && token.Name.Local == "t":
				into, err = s.text(into)
			case isMain(token.Name) && token.Name.Local == "r":
			default:
				err = s.skip(nil)
			}
			if err != nil {
				return nil, err
			}
		case xml.EndElement:
			if len(s.open) < depth {
				return into, nil
			}
		case xml.CharData:
			if strings.TrimSpace(string(token)) != "" {
				return nil, errXML
			}
		}
	}
}

var escaped = regexp.MustCompile(`_x[0-9A-Fa-f]{4}_`)

// unescape undoes the notation _xHHHH_ of UTF-16 units that XML cannot hold.
func unescape(text string) string {
	if !strings.Contains(text, "_x") {
		return text
	}
	return escaped.ReplaceAllStringFunc(text, func(notation string) string {
		unit, err := strconv.ParseUint(notation[2:6], 16, 16)
		if err != nil || utf16.IsSurrogate(rune(unit)) {
			return notation
		}
		return string(rune(unit))
	})
}
