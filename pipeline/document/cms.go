package document

import (
	"bytes"
	"crypto"
	"crypto/sha1" //nolint:gosec // SHA-1 signatures are told as such (SIG-05), not refused
	"crypto/sha256"
	_ "crypto/sha3"   // for signatures with SHA-3
	_ "crypto/sha512" // for signatures with SHA-384 and SHA-512
	"crypto/subtle"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"strings"
	"time"

	"guichet/pipeline/claim"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/pkcs7"
)

// The words that say why a signature is broken, or what is odd about it
// (claim.Signature.Problem).
const (
	problemByteRange  = "byte_range"
	problemCMS        = "cms"
	problemDigest     = "digest"
	problemSignature  = "signature"
	problemAlgorithm  = "algorithm"
	problemAttributes = "attributes_not_der"
)

// maxCertificates bounds the certificates of one message that serve to build
// a chain.
const maxCertificates = 100

var (
	oidContentType      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSigningCert      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidTimestampToken   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 14}
	oidTimestampContent = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
)

// verdict is what a CMS message says about the bytes it signs.
type verdict struct {
	problem     string // empty, or problemAttributes, when the signature is intact
	digest      string // name of the digest, the weakest when signers differ
	certificate *x509.Certificate
	others      []*x509.Certificate // what came with it, for the chain
	claimed     time.Time           // signing time the signer claims
	stamped     time.Time           // time of a valid timestamp
}

func (v verdict) intact() bool { return v.problem == "" || v.problem == problemAttributes }

// message is a parsed CMS SignedData with the exact bytes of what is signed.
type message struct {
	*pkcs7.PKCS7
	raw []rawSigner // in the order of Signers; nil when it could not be told apart
}

// parseMessage reads a CMS SignedData message, DER or BER. What stands behind
// it fills the room that was kept for it, with zeros or otherwise.
func parseMessage(contents []byte) (*message, string) {
	if !shallow(contents) {
		return nil, problemCMS
	}
	whole, _, err := readTLV(contents)
	if err != nil {
		return nil, problemCMS
	}
	contents = whole.raw
	parsed, err := pkcs7.Parse(contents)
	switch {
	case errors.Is(err, pkcs7.ErrAlgorithmMismatch), errors.Is(err, pkcs7.ErrUnsupportedAlgorithm),
		err != nil && strings.Contains(err.Error(), "unsupported elliptic curve"):
		return nil, problemAlgorithm
	case err != nil || len(parsed.Signers) == 0:
		return nil, problemCMS
	}
	m := &message{PKCS7: parsed}
	if raw, err := rawSigners(contents); err == nil && len(raw) == len(parsed.Signers) {
		m.raw = raw
	}
	return m, ""
}

// verify checks every signer of the message over the content and gives the
// first one's certificate. The anchors say whose timestamps count.
func (m *message) verify(content []byte, contentType asn1.ObjectIdentifier, anchors *x509.CertPool) verdict {
	result := verdict{others: m.Certificates[:min(len(m.Certificates), maxCertificates)]}
	for i := range m.Signers {
		one := m.verifySigner(i, content, contentType)
		if i == 0 || weaker(one.digest, result.digest) {
			result.digest = one.digest
		}
		if i == 0 {
			result.certificate, result.claimed = one.certificate, one.claimed
			if one.intact() {
				result.stamped = m.stampedAt(i, anchors)
			}
		}
		if !one.intact() {
			result.problem = one.problem
			break
		}
		if one.problem != "" {
			result.problem = one.problem
		}
	}
	return result
}

// weaker tells whether one digest is to be told rather than another.
func weaker(one, other string) bool { return one == "SHA-1" && other != "SHA-1" }

func (m *message) verifySigner(i int, content []byte, contentType asn1.ObjectIdentifier) verdict {
	signer := m.Signers[i]
	var result verdict
	failed := func(problem string) verdict {
		result.problem = problem
		return result
	}
	digest, known := digests[signer.DigestAlgorithm.Algorithm.String()]
	if !known {
		return failed(problemAlgorithm)
	}
	result.digest = digest.name
	certificate, err := pkcs7.GetCertFromCertsByIssuerAndSerial(m.Certificates, signer.IssuerAndSerialNumber)
	if err != nil || certificate == nil {
		return failed(problemCMS)
	}
	result.certificate = certificate
	if !digest.hash.Available() || !usableKey(certificate.PublicKey) {
		return failed(problemAlgorithm)
	}
	signed := content
	if len(signer.AuthenticatedAttributes) > 0 {
		attributes, ok := readAttributes(signer)
		if !ok || !contentType.Equal(attributes.contentType) || !attributes.names(certificate) {
			return failed(problemCMS)
		}
		result.claimed = attributes.signingTime
		if subtle.ConstantTimeCompare(attributes.messageDigest, digest.sum(content)) != 1 {
			return failed(problemDigest)
		}
		signed = nil
		if m.raw != nil {
			signed = m.raw[i].attributes
		}
	}
	err = pkcs7.CheckSignatureWithContentType(certificate, signer, content, contentType)
	if err == nil {
		return result
	}
	if signed == nil {
		return failed(problemSignature)
	}
	ok, supported := checkRaw(certificate.PublicKey, signer, digest.hash, signed)
	switch {
	case !supported:
		return failed(problemAlgorithm)
	case !ok:
		return failed(problemSignature)
	case errors.Is(err, pkcs7.ErrSignatureMismatch):
		return failed(problemAttributes)
	}
	return result
}

// attributes are the signed attributes that bind a signature to its content
// and its certificate.
type attributes struct {
	contentType   asn1.ObjectIdentifier
	messageDigest []byte
	signingTime   time.Time
	certificates  [][]byte // signing-certificate attributes, whole
	version2      []bool   // beside each: whether it is the second version
}

// readAttributes reads the signed attributes of a signer; each may stand
// there once.
func readAttributes(signer pkcs7.SignerInfo) (attributes, bool) {
	var a attributes
	seen := map[string]bool{}
	for _, attribute := range signer.AuthenticatedAttributes {
		oid := attribute.Type
		var into any
		switch {
		case oid.Equal(oidContentType):
			into = &a.contentType
		case oid.Equal(oidMessageDigest):
			into = &a.messageDigest
		case oid.Equal(oidSigningTime):
			into = &a.signingTime
		case oid.Equal(oidSigningCert), oid.Equal(oidSigningCertV2):
			a.certificates = append(a.certificates, attribute.Value.Bytes)
			a.version2 = append(a.version2, oid.Equal(oidSigningCertV2))
			continue
		default:
			continue
		}
		rest, err := asn1.Unmarshal(attribute.Value.Bytes, into)
		if seen[oid.String()] || len(rest) > 0 || err != nil && !oid.Equal(oidSigningTime) {
			return a, false
		}
		seen[oid.String()] = true
	}
	return a, a.messageDigest != nil && a.contentType != nil
}

// names tells whether the signing-certificate attributes, where there are
// any, name the certificate: without them another certificate for the same
// key could be put in its place.
func (a attributes) names(certificate *x509.Certificate) bool {
	for i, encoded := range a.certificates {
		if !namesCertificate(encoded, a.version2[i], certificate) {
			return false
		}
	}
	return true
}

// namesCertificate reads ESSCertID (RFC 2634) or ESSCertIDv2 (RFC 5035), of
// which the first names the signer's certificate.
func namesCertificate(encoded []byte, version2 bool, certificate *x509.Certificate) bool {
	attribute, _, err := readTLV(encoded)
	if err != nil {
		return false
	}
	list, _, err := readTLV(attribute.content)
	if err != nil {
		return false
	}
	first, _, err := readTLV(list.content)
	if err != nil {
		return false
	}
	hash, rest, err := readTLV(first.content)
	if err != nil {
		return false
	}
	if !version2 {
		sum := sha1.Sum(certificate.Raw) //nolint:gosec // RFC 2634 knows no other
		return bytes.Equal(hash.content, sum[:])
	}
	if hash.tag != asn1.TagSequence {
		sum := sha256.Sum256(certificate.Raw)
		return bytes.Equal(hash.content, sum[:])
	}
	var algorithm asn1.ObjectIdentifier
	if _, err := asn1.Unmarshal(hash.content, &algorithm); err != nil {
		return false
	}
	digest, known := digests[algorithm.String()]
	value, _, err := readTLV(rest)
	return err == nil && known && digest.hash.Available() && bytes.Equal(value.content, digest.sum(certificate.Raw))
}

// timestampInfo is what a timestamp token signs (RFC 3161, TSTInfo).
type timestampInfo struct {
	Version int
	Policy  asn1.ObjectIdentifier
	Imprint struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Hash []byte
	}
	Serial asn1.RawValue
	Time   time.Time `asn1:"generalized"`
}

// verifyTimestamp checks a timestamp token over the bytes it stamps.
func verifyTimestamp(contents, stamped []byte, anchors *x509.CertPool) verdict {
	m, problem := parseMessage(contents)
	if m == nil {
		return verdict{problem: problem}
	}
	if !m.ContentType.Equal(oidTimestampContent) {
		return verdict{problem: problemCMS}
	}
	result := m.verify(m.Content, oidTimestampContent, anchors)
	var info timestampInfo
	if rest, err := asn1.Unmarshal(m.Content, &info); err != nil || len(rest) > 0 {
		result.problem = problemCMS
		return result
	}
	imprint, known := digests[info.Imprint.Algorithm.OID.String()]
	if !result.intact() {
		return result
	}
	if !known || !imprint.hash.Available() {
		result.problem = problemAlgorithm
		return result
	}
	result.digest = imprint.name
	if subtle.ConstantTimeCompare(info.Imprint.Hash, imprint.sum(stamped)) != 1 {
		result.problem = problemDigest
		return result
	}
	result.stamped = info.Time
	return result
}

// stampedAt gives the time of the earliest valid timestamp over a signer's
// signature; the zero time when there is none. Where roots are configured, a
// timestamp of somebody they do not know proves nothing.
func (m *message) stampedAt(i int, anchors *x509.CertPool) time.Time {
	var earliest time.Time
	if m.raw == nil {
		return earliest
	}
	tokens := m.raw[i].timestamps
	for _, token := range tokens[:min(len(tokens), maxTimestamps)] {
		stamp := verifyTimestamp(token, m.Signers[i].EncryptedDigest, nil)
		if !stamp.intact() || !mayStamp(stamp.certificate) || anchors != nil && trust(stamp.certificate, stamp.others, anchors, stamp.stamped) != claim.Trusted {
			continue
		}
		if earliest.IsZero() || stamp.stamped.Before(earliest) {
			earliest = stamp.stamped
		}
	}
	return earliest
}

// maxTimestamps bounds the timestamps of one signature that are looked at.
const maxTimestamps = 8

// mayStamp tells whether a certificate is for timestamps.
func mayStamp(certificate *x509.Certificate) bool {
	for _, usage := range certificate.ExtKeyUsage {
		if usage == x509.ExtKeyUsageTimeStamping {
			return true
		}
	}
	return false
}

// verifyDetached checks a CMS signature over the bytes it covers
// (adbe.pkcs7.detached, ETSI.CAdES.detached).
func verifyDetached(contents, covered []byte, anchors *x509.CertPool) verdict {
	m, problem := parseMessage(contents)
	if m == nil {
		return verdict{problem: problem}
	}
	if !m.ContentType.Equal(pkcs7.OIDData) {
		return verdict{problem: problemCMS}
	}
	return m.verify(covered, pkcs7.OIDData, anchors)
}

// verifySHA1 checks a CMS signature over the SHA-1 of the bytes it covers
// (adbe.pkcs7.sha1).
func verifySHA1(contents, covered []byte, anchors *x509.CertPool) verdict {
	m, problem := parseMessage(contents)
	if m == nil {
		return verdict{problem: problem}
	}
	if !m.ContentType.Equal(pkcs7.OIDData) {
		return verdict{problem: problemCMS}
	}
	result := m.verify(m.Content, pkcs7.OIDData, anchors)
	result.digest = "SHA-1"
	sum := sha1.Sum(covered) //nolint:gosec // what the format demands
	if result.intact() && subtle.ConstantTimeCompare(m.Content, sum[:]) != 1 {
		result.problem = problemDigest
	}
	return result
}

// verifyRSA checks a bare RSA signature (adbe.x509.rsa_sha1): an OCTET STRING
// beside the certificate in the signature dictionary.
func verifyRSA(contents, certificate, covered []byte) verdict {
	result := verdict{digest: "SHA-1", problem: problemCMS}
	value, _, err := readTLV(contents)
	if err != nil || value.tag != asn1.TagOctetString {
		return result
	}
	parsed, err := x509.ParseCertificate(certificate)
	if err != nil {
		return result
	}
	result.certificate = parsed
	if !usableKey(parsed.PublicKey) {
		result.problem = problemAlgorithm
		return result
	}
	ok, isRSA := checkPKCS1(parsed.PublicKey, crypto.SHA1, covered, value.content)
	switch {
	case !isRSA:
		result.problem = problemAlgorithm
	case ok:
		result.problem = ""
	default:
		result.problem = problemSignature
	}
	return result
}
