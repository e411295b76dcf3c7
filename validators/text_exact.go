package validators

import (
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

// exact is a text whose punctuation counts: an address, a version.
type exact struct {
	compact    string
	separators map[int]string // by the offset in compact behind them
}

// exactOf makes an exact text of what somebody typed.
func exactOf(text string) exact {
	s := newStream([]place{{folded: claim.Fold(text)}})
	e := exact{compact: s.compact, separators: map[int]string{}}
	for i := 1; i < len(s.tokens); i++ {
		if separator := s.before(i); separator != "" {
			e.separators[s.tokens[i].at] = separator
		}
	}
	return e
}

// is tells whether the tokens of a span, which spell an exact text, have its
// punctuation too. Of what stands between two tokens, same compares what the
// document has with what is wanted.
func (e exact) is(s *stream, sp span, same func(shown, wanted string) bool) bool {
	met := 0
	for i := sp.first + 1; i <= sp.last; i++ {
		wanted := e.separators[s.tokens[i].at-s.tokens[sp.first].at]
		if !same(s.before(i), wanted) {
			return false
		}
		if wanted != "" {
			met++
		}
	}
	return met == len(e.separators)
}

// unbroken tells whether a separator is the wanted one but for the end of a
// line, with or without a hyphen.
func unbroken(shown, wanted string) bool {
	return shown == wanted ||
		strings.ReplaceAll(shown, "\n", "") == wanted || strings.ReplaceAll(shown, "-\n", "") == wanted
}

// emailSearch finds an address, which a line may break anywhere.
func emailSearch(address string) search {
	e := exactOf(address)
	return func(_ *layer, s *stream, accept visit) bool {
		return s.each(e.compact, func(sp span) bool { return e.is(s, sp, unbroken) && s.isWholeAddress(sp) && accept(sp) })
	}
}

// isWholeAddress tells whether a span is no part of a longer address.
func (s *stream) isWholeAddress(sp span) bool {
	if sp.first > 0 {
		separator := s.before(sp.first)
		inLocalPart := strings.Trim(separator, "._-+%&'*=~") == ""
		if separator == "" || inLocalPart && separator != "'" || separator == "-\n" || separator == "_\n" {
			return false
		}
	}
	if sp.last+1 < len(s.tokens) {
		separator := s.after(sp.last)
		inDomain := strings.Trim(separator, ".-_@") == ""
		if separator == "" || inDomain || separator == "-\n" || separator == "\n." || separator == "\n@" {
			return false
		}
	}
	return true
}

// referenceSearch finds a reference (AF-PHA-LGO-Va1): a phrase that no hyphen
// makes part of a longer reference.
func referenceSearch(text string) search {
	p := phraseOf(text)
	return func(_ *layer, s *stream, accept visit) bool {
		return s.eachPhrase(p, func(sp span) bool { return s.isWholeReference(sp) && accept(sp) })
	}
}

// isWholeReference tells whether no hyphen or underscore makes a span part of a
// longer reference.
func (s *stream) isWholeReference(sp span) bool {
	if separator := s.before(sp.first); sp.first > 0 && (separator == "-" || separator == "_") {
		return false
	}
	separator := s.after(sp.last)
	longer := separator == "_" || s.isNumber(sp.last+1) && joins(separator)
	return sp.last+1 == len(s.tokens) || !longer
}

// versionLabels are the words by which a version is announced.
var versionLabels = []string{"v", "version", "ver", "vers"}

// versionOf makes an exact text of a version without what announces it.
func versionOf(version string) exact {
	folded := claim.Fold(version)
	for _, label := range versionLabels {
		rest, ok := strings.CutPrefix(folded, label)
		rest = strings.TrimLeft(rest, " .:")
		if ok && rest != "" && isDigits(rest[:1]) {
			folded = rest
			break
		}
	}
	return exactOf(folded)
}

// versionedSearch finds a solution's name and its version on one line, or on
// two lines that follow each other.
func versionedSearch(name, version string) search {
	p, e := phraseOf(name), versionOf(version)
	return func(_ *layer, s *stream, accept visit) bool {
		var versions []span
		s.each(e.compact, func(sp span) bool {
			if e.is(s, sp, sameOnLine) && s.isWholeVersion(sp) {
				versions = append(versions, sp)
			}
			return false
		})
		return s.eachPhrase(p, func(named span) bool {
			from, to := s.tokens[named.first].line-1, s.tokens[named.last].line+1
			start, _ := slices.BinarySearchFunc(versions, from, func(v span, line int) int { return s.tokens[v.last].line - line })
			for _, v := range versions[start:] {
				if s.tokens[v.first].line > to {
					break
				}
				if (v.first > named.last || v.last < named.first) && accept(named, v) {
					return true
				}
			}
			return false
		})
	}
}

// sameOnLine tells whether a separator is the wanted one, where a line may end
// at a blank.
func sameOnLine(shown, wanted string) bool {
	return shown == wanted || wanted == " " && shown == "\n"
}

// isWholeVersion tells whether a span is no part of a longer version, of a
// number, a date, an amount or a percentage.
func (s *stream) isWholeVersion(sp span) bool {
	bare := sp.first == sp.last && s.isNumber(sp.first) // 12, which may be anything
	if sp.first > 0 {
		separator, number := s.before(sp.first), s.isNumber(sp.first-1)
		switch {
		case separator == "" && !slices.Contains(versionLabels, s.token(sp.first-1)),
			number && joins(separator), separator == "_", bare && (separator == "/" || number && separator == " "):
			return false
		}
	}
	separator := s.after(sp.last)
	if sp.last+1 < len(s.tokens) {
		number := s.isNumber(sp.last + 1)
		switch {
		case separator == "", separator == "." || separator == "-" || separator == "_" || separator == "+",
			number && joins(separator), bare && (separator == "/" || number && separator == " "):
			return false
		}
	}
	rest := strings.TrimLeft(separator, " ")
	return !strings.HasPrefix(rest, "%") && !strings.HasPrefix(rest, "€")
}
