package document

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"slices"
	"strconv"
	"time"

	"guichet/pipeline/claim"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

// maxSignatures bounds the signatures of one document that are verified; the
// others count as broken.
const maxSignatures = 64

// signature is one signature of a document while it is being judged.
type signature struct {
	field   signatureField
	value   signatureValue
	covers  byteRange
	located bool // value and covers are known
	present bool // the revision that it covers shows the value where it stands
	permits permissions
	// change names what makes its coverage partial; nothing when it is whole.
	change string
	found  claim.Signature
}

// readSignatures lists the signed signature fields of a document, with a
// verdict for each, in the order of the end of the bytes they cover, and the
// revisions of a document that has any.
//
// Integrity: the bytes that /ByteRange names carry the CMS signature in the
// gap, which must hold that signature's own value; every signer of the
// message must verify. Coverage: the range starts with the file, leaves out
// that value alone and ends with a revision, and what every later revision
// changed is permitted: further signatures that verify and their fields,
// validation data, timestamps, and form fields filled with the signer's leave
// and signed by somebody later. What is not certain is partial: an encrypted
// document with object streams and two signatures, a signature value that
// only the file's bytes show. What the appearance of a further signature shows
// or hides is not looked at. SIGNATURES.md tells how each verdict is made.
//
// Model is
// pdfcpu's view of it, nil when pdfcpu could not read the file; signatures are
// then looked for in the bytes alone, and none is said to cover the document.
// Anchors are the trusted roots; nil when none are configured.
func readSignatures(data []byte, model *model.Context, anchors *x509.CertPool) ([]claim.Signature, []claim.DocumentRevision) {
	signatures, revisions := judgeSignatures(data, model, anchors)
	var found []claim.Signature
	for _, s := range signatures {
		found = append(found, s.found)
	}
	var told []claim.DocumentRevision
	for _, r := range revisions {
		told = append(told, claim.DocumentRevision{End: int64(r.end), Changes: r.kinds()})
	}
	return found, told
}

func judgeSignatures(data []byte, model *model.Context, anchors *x509.CertPool) ([]signature, []revision) {
	values := findValues(data)
	signatures := match(findFields(model), values)
	unlisted := len(signatures) == 0
	if unlisted {
		signatures = unlistedSignatures(data, values, model)
	}
	for i := range signatures {
		s := &signatures[i]
		s.found = claim.Signature{
			Field: s.field.name, Page: s.field.page, Rect: s.field.rect,
			Integrity: claim.Broken, Problem: problemByteRange, Coverage: claim.CoversPartial,
		}
		s.change = "not in the document's form"
		if s.located {
			s.covers, s.located = s.value.readRange(data)
		}
		switch {
		case !s.located:
		case i >= maxSignatures:
			s.found.Problem = problemCMS
		default:
			s.verify(data, anchors)
		}
	}
	if len(signatures) == 0 {
		return nil, nil
	}
	revisions := readRevisions(data, signatures)
	if !unlisted {
		judgeCoverage(data, signatures, revisions)
	}
	slices.SortStableFunc(signatures, func(a, b signature) int {
		return cmp.Or(cmp.Compare(a.covers.secondEnd, b.covers.secondEnd), cmp.Compare(a.found.Field, b.found.Field))
	})
	return signatures, revisions
}

// match finds the value of each field in the file's bytes.
func match(fields []signatureField, values []signatureValue) []signature {
	var signatures []signature
	for _, field := range fields {
		s := signature{field: field}
		for _, value := range values {
			// Of several versions of an object the last one counts.
			if value.number == field.holder && field.sameRange(value) {
				s.value, s.located = value, true
			}
		}
		signatures = append(signatures, s)
	}
	return signatures
}

// unlistedSignatures makes signatures of what stands in the file's bytes
// where the object model shows none: a document that was signed is never
// taken for one that was not. What stands in an attached PDF is left out.
func unlistedSignatures(data []byte, values []signatureValue, model *model.Context) []signature {
	var signatures []signature
	for _, value := range values {
		if model == nil || !insideStream(model, value.offset) {
			signatures = append(signatures, signature{value: value, located: true})
		}
	}
	if model == nil && len(values) == 0 && bytes.Contains(data, []byte("/ByteRange")) {
		signatures = append(signatures, signature{})
	}
	return signatures
}

// verify checks a signature over the bytes that it covers.
func (s *signature) verify(data []byte, anchors *x509.CertPool) {
	defer func() {
		if recover() != nil { // the libraries' parsers read hostile bytes here
			s.found.Integrity, s.found.Problem = claim.Broken, problemCMS
		}
	}()
	s.found.Problem = problemCMS
	contents := []byte(s.value.text("Contents"))
	covered := s.covers.covered(data)
	kind, _ := s.value.dict["SubFilter"].(pdfName)
	var result verdict
	switch kind {
	case "ETSI.RFC3161":
		s.found.Timestamp = true
		result = verifyTimestamp(contents, covered, anchors)
	case "adbe.pkcs7.sha1":
		result = verifySHA1(contents, covered, anchors)
	case "adbe.x509.rsa_sha1":
		result = verifyRSA(contents, s.value.certificate(), covered)
	default: // adbe.pkcs7.detached, ETSI.CAdES.detached, or not told
		result = verifyDetached(contents, covered, anchors)
	}
	s.found.Problem, s.found.Digest = result.problem, result.digest
	if result.intact() {
		s.found.Integrity = claim.Intact
	}
	switch {
	case !result.stamped.IsZero():
		s.found.SignedAt, s.found.TimeSource = result.stamped.UTC(), "timestamp"
	case !result.claimed.IsZero():
		s.found.SignedAt, s.found.TimeSource = result.claimed.UTC(), "claimed"
	default:
		if at, ok := parsePDFDate(s.value.text("M")); ok {
			s.found.SignedAt, s.found.TimeSource = at.UTC(), "dictionary"
		}
	}
	s.found.Certificate = certificateFacts(result, anchors, s.found.SignedAt)
	if !s.found.Timestamp && result.intact() {
		s.found.Level = level(result.certificate)
	}
}

// certificate gives the signer's certificate where the dictionary holds it.
func (v signatureValue) certificate() []byte {
	value := v.dict["Cert"]
	if chain, isArray := value.([]any); isArray && len(chain) > 0 {
		value = chain[0]
	}
	s, _ := value.(pdfString)
	return []byte(s.value)
}

// judgeCoverage tells for each signature whether it still speaks for the
// document as it is now.
func judgeCoverage(data []byte, signatures []signature, revisions []revision) {
	for i := range signatures {
		s := &signatures[i]
		switch {
		case !s.located || !s.covers.exact:
			s.change = "bytes left out"
		case onlyBlanks(data[s.covers.secondEnd:]):
			s.change = ""
		case s.found.Integrity != claim.Intact:
			s.change = "not compared, since it is broken"
		case s.found.Revision == 0:
			s.change = "its end is no revision's"
		case !s.present:
			s.change = "the signature is not in the revision it covers"
		default:
			s.change = s.forbidden(revisions, signatures)
		}
		if s.change == "" {
			s.found.Coverage = claim.CoversWhole
		}
	}
}

// parsePDFDate reads D:YYYYMMDDHHmmSSOHH'mm' (7.9.4), where all behind the
// year may be missing.
func parsePDFDate(s string) (time.Time, bool) {
	if len(s) > 2 && s[:2] == "D:" {
		s = s[2:]
	}
	parts := [6]int{0, 1, 1, 0, 0, 0} // year, month, day, hour, minute, second
	for i, width := range []int{4, 2, 2, 2, 2, 2} {
		if len(s) < width {
			break
		}
		number, err := strconv.ParseUint(s[:width], 10, 16)
		if err != nil {
			break
		}
		parts[i] = int(number) //nolint:gosec // four digits at most
		s = s[width:]
	}
	if parts[0] == 0 {
		return time.Time{}, false
	}
	zone := time.UTC
	if len(s) >= 3 && (s[0] == '+' || s[0] == '-') {
		hours, err := strconv.ParseUint(s[1:3], 10, 8)
		minutes := uint64(0)
		if err == nil && len(s) >= 6 {
			minutes, err = strconv.ParseUint(s[4:6], 10, 8)
		}
		if err != nil || hours > 14 || minutes > 59 {
			return time.Time{}, false
		}
		seconds := int(hours)*3600 + int(minutes)*60 //nolint:gosec // checked above
		if s[0] == '-' {
			seconds = -seconds
		}
		zone = time.FixedZone("", seconds)
	}
	at := time.Date(parts[0], time.Month(parts[1]), parts[2], parts[3], parts[4], parts[5], 0, zone)
	return at, at.Month() == time.Month(parts[1]) && at.Day() == parts[2] && parts[3] < 24 && parts[4] < 60
}
