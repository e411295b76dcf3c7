package document

import (
	"testing"

	"guichet/pipeline/claim"
)

// FuzzByteRange has the reading of signature dictionaries in raw bytes keep
// its promises: what it gives lies inside the file and leaves out the value.
func FuzzByteRange(f *testing.F) {
	for _, seed := range []string{
		"1 0 obj\n<</ByteRange[0 33 37 20]/Contents<00>>>\nendobj\n%%EOF\n",
		"1 0 obj<</V<</ByteRange[0 9 99 1]/Contents<0>/Reason(3 0 obj)>>>>endobj",
		"1 0 obj<</ByteRange[0 -1 140737488355327 1]/Contents(x)>>endobj",
		"1 0 obj[[<</ByteRange/Contents<</ByteRange[0 0 0 0]/Contents<>>>>>]]endobj",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, value := range findValues(data) {
			covers, ok := value.readRange(data)
			if !ok {
				continue
			}
			contents := value.dict["Contents"].(pdfString)
			if covers.firstStart < 0 || covers.firstEnd < covers.firstStart || covers.firstEnd > contents.at ||
				covers.secondStart < contents.end || covers.secondEnd < covers.secondStart || covers.secondEnd > len(data) {
				t.Fatalf("%+v around %+v", covers, contents)
			}
			if covers.exact && (data[covers.firstEnd] != '<' || data[covers.secondStart-1] != '>' || covers.firstStart != 0) {
				t.Fatalf("%+v is not exact", covers)
			}
			covers.covered(data)
		}
	})
}

// FuzzSignatures changes a signed document, or appends to it: whatever comes
// out, a signature is whole and intact only over unchanged bytes.
func FuzzSignatures(f *testing.F) {
	signed := newPaper(f).sign(20, newIdentity(f, "p256", nil, nil).plain(f), "").data
	f.Add([]byte("\n"), uint16(0), byte(0))
	f.Add([]byte("%PDF-1.7"), uint16(3), byte(1))
	f.Add([]byte("40 0 obj\nnull\nendobj\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Root 1 0 R/Prev 1>>\nstartxref\n14000\n%%EOF\n"), uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, tail []byte, at uint16, flip byte) {
		data := append(append([]byte{}, signed...), tail...)
		data[int(at)%len(signed)] ^= flip
		for _, s := range signaturesIn(data, nil, nil) {
			if s.Coverage != claim.CoversPartial {
				t.Fatal("covered without a model")
			}
		}
		for _, s := range signaturesIn(data, openModel(data), nil) {
			if s.Integrity == claim.Intact && flip != 0 && !insideValue(signed, int(at)%len(signed)) {
				t.Fatalf("byte %d changed, and still %s", at, brief(s))
			}
		}
	})
}

// insideValue tells whether an offset lies in a signature's value, the only
// bytes that no signature covers.
func insideValue(data []byte, at int) bool {
	for _, value := range findValues(data) {
		if contents, ok := value.dict["Contents"].(pdfString); ok && at >= contents.at && at < contents.end {
			return true
		}
	}
	return false
}

// FuzzRevision has the reader of revisions and the classifier end on any
// bytes, find no difference between a revision and itself, and none for blanks
// behind the file: the revisions follow one another up to its end.
func FuzzRevision(f *testing.F) {
	p := newPaper(f)
	f.Add(append([]byte{}, p.data...))
	packUpdate(p, func([]byte) []byte { return nil })
	f.Add(append([]byte{}, p.data...))
	p.update(map[int]string{4: pageContent("999,00"), 7: "null"}, "")
	f.Add(p.data)
	f.Add([]byte("xref\n0 1\n0000000000 65535 f \ntrailer<</Root 1 0 R/Prev 0>>startxref 0 %%EOF"))
	f.Fuzz(func(t *testing.T, data []byte) {
		before, err := openRevision(data)
		if err != nil {
			return
		}
		after, err := openRevision(data)
		if err != nil {
			t.Fatal("the second reading failed")
		}
		for _, c := range newComparison(before, after, nil, nil).run() {
			if c.why != "unreadable object" && c.why != "too large to compare" {
				t.Fatalf("differs from itself: %s", c.words())
			}
		}
		one, other := readRevisions(data, nil), readRevisions(append(append([]byte{}, data...), " \r\n\x00"...), nil)
		if inLetters(one) != inLetters(other) || len(one) != len(other) {
			t.Fatalf("blanks change %s to %s", inLetters(one), inLetters(other))
		}
		for i, r := range one {
			if r.end > len(data) || i > 0 && r.end <= one[i-1].end || r.end != other[i].end {
				t.Fatalf("revision %d ends at %d of %d", i+1, r.end, len(data))
			}
		}
		if !onlyBlanks(data[one[len(one)-1].end:]) {
			t.Fatal("bytes behind the last revision")
		}
	})
}

// FuzzMessage has the reading of CMS messages end on any bytes.
func FuzzMessage(f *testing.F) {
	f.Add([]byte{0x30, 0x80, 0x06, 0x01, 0x2a, 0x00, 0x00})
	f.Add([]byte{0x30, 0x0b, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02})
	id := newIdentity(f, "p256", nil, nil)
	f.Add(id.plain(f)([]byte("content")))
	f.Fuzz(func(t *testing.T, message []byte) {
		result := verifyDetached(message, []byte("other content"), nil)
		if result.intact() {
			t.Fatal("a signature over bytes that nobody signed")
		}
		verifyTimestamp(message, nil, nil)
		verifySHA1(message, nil, nil)
		verifyRSA(message, nil, nil)
	})
}
