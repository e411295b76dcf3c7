package document

import (
	"strings"

	"guichet/pipeline/claim"
)

// permissions is what a signature lets become of the document behind it: its
// own certification (DocMDP), and the fields that it locks (FieldMDP), as they
// stand in its reference dictionaries (12.8.2), which it covers.
type permissions struct {
	// level is that of a certification: 1 nothing, 2 fields may be filled, 3
	// annotations may come too; 0 when the signature certifies nothing.
	level int
	locks []fieldLock
}

// fieldLock names the fields that a signature locks.
type fieldLock struct {
	action string   // All, Include, Exclude
	fields []string // full names
}

// readPermissions reads what a signature permits. What cannot be read for
// certain permits nothing.
func readPermissions(d *revisionDocument, dict pdfDict) permissions {
	var p permissions
	for _, item := range d.array(dict["Reference"]) {
		reference := d.dict(item)
		parameters := d.dict(reference["TransformParams"])
		method, _ := d.value(reference["TransformMethod"]).(pdfName)
		switch method {
		case "DocMDP":
			level := 2 // unless told
			if parameters["P"] != nil {
				told, ok := wholeNumber(d.value(parameters["P"]))
				if level = told; !ok || told < 1 || told > 3 {
					level = 1
				}
			}
			if p.level == 0 || level < p.level {
				p.level = level
			}
		case "FieldMDP":
			p.locks = append(p.locks, readLock(d, parameters))
		case "":
			p.level = 1
		}
	}
	return p
}

func readLock(d *revisionDocument, parameters pdfDict) fieldLock {
	action, _ := d.value(parameters["Action"]).(pdfName)
	lock := fieldLock{action: string(action)}
	for _, item := range d.array(parameters["Fields"]) {
		name, ok := d.value(item).(pdfString)
		if !ok {
			return fieldLock{action: "All"}
		}
		lock.fields = append(lock.fields, decodeText(name.value))
	}
	return lock
}

// locked tells whether a lock keeps a field from being filled.
func (l fieldLock) locked(f *formField) bool {
	named := false
	for _, name := range l.fields {
		named = named || f.name == name || strings.HasPrefix(f.name, name+".")
	}
	switch l.action {
	case "Include":
		return named || !f.legible
	case "Exclude":
		return !named || !f.legible
	}
	return true
}

// forbids tells whether a signature keeps a field from being filled, whoever
// else allows it.
func (p permissions) forbids(f *formField) bool {
	if p.level == 1 {
		return true
	}
	for _, lock := range p.locks {
		if lock.locked(f) {
			return true
		}
	}
	return false
}

// allows tells whether a signature itself says that a field may be filled.
func (p permissions) allows(f *formField) bool {
	return (p.level > 1 || len(p.locks) > 0) && !p.forbids(f)
}

// forbidden gives the first change behind the revision that a signature covers
// that it does not permit; nothing when it permits all.
func (s *signature) forbidden(revisions []revision, all []signature) string {
	for n, later := range revisions[s.found.Revision:] {
		number := s.found.Revision + n + 1
		for _, c := range later.changes {
			if !s.permit(c, number, all) {
				return c.words()
			}
		}
	}
	return ""
}

// words tells a change in a few words.
func (c change) words() string {
	if c.why == "" {
		return string(c.kind)
	}
	return c.why
}

// permit tells whether a signature still speaks for the document after a
// change that the revision of a number made: validation data and timestamps
// always; further signatures unless it certifies that nothing may change; and
// fields filled where it says so itself, no signature before them forbids it,
// and a later one covers them (SIG-03).
func (s *signature) permit(c change, number int, all []signature) bool {
	switch c.kind {
	case claim.ChangeValidation, claim.ChangeTimestamp:
		return true
	case claim.ChangeSignature:
		return s.permits.level != 1
	case claim.ChangeForm:
		return !c.field.readOnly && s.permits.allows(c.field) && covered(number, all) && !forbiddenBefore(number, c.field, all)
	case claim.ChangeAnnotation, claim.ChangeContent, claim.ChangeHidden, claim.ChangePages, claim.ChangeOther:
	}
	return false
}

// covered tells whether a signature that verifies covers a revision.
func covered(number int, all []signature) bool {
	for _, other := range all {
		if other.speaks() && other.found.Revision >= number {
			return true
		}
	}
	return false
}

// forbiddenBefore tells whether a signature before a revision keeps a field
// from being filled in it.
func forbiddenBefore(number int, field *formField, all []signature) bool {
	for _, other := range all {
		if other.speaks() && other.found.Revision < number && other.permits.forbids(field) {
			return true
		}
	}
	return false
}

// speaks tells whether somebody's signature verifies over a whole revision.
func (s *signature) speaks() bool {
	return s.located && s.covers.exact && s.present && s.found.Integrity == claim.Intact && !s.found.Timestamp && s.found.Revision > 0
}
