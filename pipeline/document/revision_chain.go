package document

import (
	"bytes"
	"maps"
	"slices"

	"guichet/pipeline/claim"
)

// Limits of the reading of a document's revisions, one after the other.
const (
	maxRevisions = 100             // that are told apart; what follows them is one change of no known kind
	maxAttempts  = 8               // at finding the end of one revision
	maxCarried   = 8 * maxEntries  // cross-reference entries carried from one revision to the next
	maxChanges   = 1_000           // changes of one revision that are kept
	blanks       = " \n\r\t\f\x00" // of PDF (7.2.3)
)

// revision is one saving of a document.
type revision struct {
	end     int      // bytes of the file up to its end
	changes []change // since the revision before
}

// change is one difference between a revision and the one before it.
type change struct {
	kind  claim.Change
	why   string     // in a few words of ours
	field *formField // that was filled, where kind is claim.ChangeForm
}

// gravity lists the kinds of changes from harmless to grave.
var gravity = []claim.Change{
	claim.ChangeValidation, claim.ChangeTimestamp, claim.ChangeSignature, claim.ChangeForm, claim.ChangeAnnotation,
	claim.ChangeContent, claim.ChangeHidden, claim.ChangePages, claim.ChangeOther,
}

// kinds gives the kinds of a revision's changes, each once, gravest last.
func (r revision) kinds() []claim.Change {
	var kinds []claim.Change
	for _, kind := range gravity {
		if slices.ContainsFunc(r.changes, func(c change) bool { return c.kind == kind }) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// revisionChain walks through a document's revisions from the first to the
// last, with the two that are being compared at hand.
type revisionChain struct {
	data       []byte
	signatures []signature
	prepared   map[int]bool // fields and widgets of signatures that verify
	found      []revision
	current    *revisionDocument // the last of found; nil where it cannot be read
	carried    int               // entries copied so far
	reread     int               // bytes of updates read so far, some perhaps in vain
	compared   int               // pairs of values compared so far
}

// readRevisions tells the revisions of a document apart and classifies what
// each changed. It tells each signature which revision it covers, and what it
// permits. What cannot be read for certain is a change of no known kind.
func readRevisions(data []byte, signatures []signature) []revision {
	c := &revisionChain{data: data, signatures: signatures, prepared: map[int]bool{}}
	end := bytes.LastIndex(data, []byte("%%EOF")) + len("%%EOF")
	if end >= len("%%EOF") && bytes.Count(data, []byte("startxref")) == 1 && onlyBlanks(data[end:]) {
		c.found = []revision{{end: end}}
		c.assignSignatures()
		return c.found
	}
	for _, s := range signatures {
		if s.found.Integrity == claim.Intact {
			for _, number := range s.field.objects {
				c.prepared[number] = true
			}
		}
	}
	c.walk()
	c.assignSignatures()
	return c.found
}

// walk finds the first revision and follows the updates from there.
func (c *revisionChain) walk() {
	defer func() {
		if recover() != nil { // hostile objects: whatever follows is not certain
			c.add(c.trimmed(), nil, unclear("unreadable"))
		}
	}()
	if !c.first() {
		c.unreadable()
		return
	}
	for {
		last := c.found[len(c.found)-1].end
		if onlyBlanks(c.data[last:]) {
			return
		}
		if len(c.found) >= maxRevisions || c.reread > maxReread*len(c.data) || c.carried > maxCarried {
			c.add(c.trimmed(), nil, unclear("too many revisions"))
			return
		}
		c.next(last)
	}
}

// trimmed gives the end of the file but for blanks.
func (c *revisionChain) trimmed() int { return len(bytes.TrimRight(c.data, blanks)) }

// unclear is a change that cannot be told for certain.
func unclear(why string) change { return change{kind: claim.ChangeOther, why: why} }

// add records a revision and reads from it what its signatures permit. One
// that holds nothing but blanks beyond the last is none.
func (c *revisionChain) add(end int, document *revisionDocument, changes ...change) {
	if len(c.found) > 0 && end <= c.found[len(c.found)-1].end {
		end = c.found[len(c.found)-1].end
		c.found[len(c.found)-1].changes = append(c.found[len(c.found)-1].changes, changes...)
	} else {
		c.found = append(c.found, revision{end: end, changes: changes})
	}
	c.current = document
	for i := range c.signatures {
		s := &c.signatures[i]
		if document == nil || !s.located || !s.covers.reaches(c.data, end) {
			continue
		}
		s.present = document.entries[s.value.number].offset == s.value.offset
		s.permits = readPermissions(document, s.value.dict)
	}
}

// reaches tells whether the bytes covered end where a revision does, blanks
// aside.
func (b byteRange) reaches(data []byte, end int) bool {
	return b.secondEnd >= end && onlyBlanks(data[end:b.secondEnd])
}

// ends gives the places behind from where a revision may end: %%EOF with a
// startxref before it.
func (c *revisionChain) ends(from int, visit func(end int) bool) {
	for tried := 0; tried < maxAttempts; {
		at := bytes.Index(c.data[from:], []byte("%%EOF"))
		if at < 0 {
			return
		}
		from += at + len("%%EOF")
		if _, ok := lastStart(c.data[:from]); !ok {
			continue
		}
		tried++
		if visit(from) {
			return
		}
	}
}

// first finds the first revision: the shortest beginning of the file that is
// a document. A hybrid file (7.5.8.4) as Word writes it ends twice: the second
// cross-reference section brings no object, and unless a signature ends at the
// first, nobody saved anything between them.
func (c *revisionChain) first() bool {
	end, document := 0, (*revisionDocument)(nil)
	c.ends(0, func(at int) bool {
		if document != nil && (countHeaders(c.data[end:at]) > 0 || c.signedAt(end)) {
			return true
		}
		opened, err := openRevision(c.data[:at])
		if err != nil {
			return document != nil
		}
		hybrid := document != nil
		end, document = at, opened
		return hybrid
	})
	if document != nil {
		c.add(end, document)
	}
	return document != nil
}

// signedAt tells whether a signature covers the file up to an end.
func (c *revisionChain) signedAt(end int) bool {
	return slices.ContainsFunc(c.signatures, func(s signature) bool { return s.located && s.covers.reaches(c.data, end) })
}

// unreadable tells the revisions of a document whose objects cannot be found
// for certain by what its signatures cover, and by its end.
func (c *revisionChain) unreadable() {
	ends := []int{c.trimmed()}
	for _, s := range c.signatures {
		if s.located && s.covers.exact {
			ends = append(ends, len(bytes.TrimRight(c.data[:s.covers.secondEnd], blanks)))
		}
	}
	slices.Sort(ends)
	for i, end := range slices.Compact(ends) {
		if i == 0 {
			c.add(end, nil)
		} else {
			c.add(end, nil, unclear("the revision before cannot be read for certain"))
		}
	}
}

// next reads the revision that starts where the last one ends: a well-formed
// incremental update, or whatever stands there.
func (c *revisionChain) next(last int) {
	before := c.current
	fallback := c.trimmed()
	done := false
	c.ends(last, func(end int) bool {
		fallback = min(fallback, end)
		if before == nil {
			return true
		}
		after, err := before.extend(c.data[:end])
		c.carried += len(before.entries)
		c.reread += end - last
		if err != nil {
			return false
		}
		update, ok := readUpdate(c.data[:end], last, after)
		if !ok || update.end != end || !update.leadsTo(before.start) || !update.consistent(before.entries) {
			return false
		}
		c.add(end, after, c.compare(before, after, end)...)
		done = true
		return true
	})
	if !done {
		c.malformed(before, fallback)
	}
}

// malformed takes in what is no well-formed update: what it shows is told as
// far as it can be opened.
func (c *revisionChain) malformed(before *revisionDocument, end int) {
	changes := []change{unclear("not a well-formed update")}
	after, err := openRevision(c.data[:end])
	if err != nil {
		c.add(end, nil, changes...)
		return
	}
	if before != nil {
		if repoints(before, after) {
			changes = append(changes, change{kind: claim.ChangeHidden, why: "a number given to bytes that are not its object's"})
		}
		changes = append(changes, c.compare(before, after, end)...)
	}
	c.carried += len(after.entries)
	c.add(end, after, changes...)
}

// repoints tells whether a revision gives the number of an object that was
// there to bytes that were there too, or to those of another object.
func repoints(before, after *revisionDocument) bool {
	for number, entry := range after.entries {
		was, known := before.entries[number]
		if !known || was.free || entry.free || entry == was || entry.stream != 0 {
			continue
		}
		r := newObjectReader(after.data, entry.offset)
		if held, ok := r.integer(); !ok || held != number || entry.offset < len(before.data) {
			return true
		}
	}
	return false
}

// compare classifies what the revision that ends at end changed.
func (c *revisionChain) compare(before, after *revisionDocument, end int) []change {
	signed := map[int]bool{}
	var added []change
	for _, s := range c.signatures {
		if s.value.dict == nil || s.value.offset < len(before.data) || s.value.offset >= end || after.entries[s.value.number].offset != s.value.offset {
			continue
		}
		switch {
		case !s.located || s.found.Integrity != claim.Intact || !s.covers.exact || !s.covers.reaches(c.data, end):
			added = append(added, unclear("a signature that does not verify"))
		case s.found.Timestamp:
			signed[s.value.number] = true
			added = append(added, change{kind: claim.ChangeTimestamp})
		default:
			signed[s.value.number] = true
			added = append(added, change{kind: claim.ChangeSignature})
		}
	}
	differences := newComparison(before, after, signed, c.prepared)
	differences.pushed = c.compared
	found := differences.run()
	c.compared = differences.pushed
	return append(added, found...)
}

// assignSignatures tells each signature the number of the revision that it
// covers.
func (c *revisionChain) assignSignatures() {
	for i := range c.signatures {
		s := &c.signatures[i]
		if !s.located {
			continue
		}
		for n, r := range c.found {
			if s.covers.reaches(c.data, r.end) {
				s.found.Revision = n + 1
			}
		}
	}
}

// extend reads the revision that ends data, which adds one update to d.
func (d *revisionDocument) extend(data []byte) (*revisionDocument, error) {
	start, ok := lastStart(data)
	if !ok || start < len(d.data) {
		return nil, errRevision
	}
	next := &revisionDocument{
		data: data, start: start, entries: maps.Clone(d.entries), cache: map[int]any{}, reading: map[int]bool{}, shared: d.shared,
	}
	d.shared.allowed = max(d.shared.allowed, maxReread*len(data))
	section, err := next.section(start)
	if err != nil || !section.hasPrevious || section.previous != d.start {
		return nil, errRevision
	}
	next.trailer = section.trailer
	maps.Copy(next.entries, section.entries)
	if len(next.entries) > maxEntries {
		return nil, errRevision
	}
	return next, nil
}
