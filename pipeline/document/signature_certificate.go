package document

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"slices"
	"strings"
	"time"

	"guichet/pipeline/claim"
)

var (
	oidGivenName      = asn1.ObjectIdentifier{2, 5, 4, 42}
	oidSurname        = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidOrganisationID = asn1.ObjectIdentifier{2, 5, 4, 97}
	oidEmail          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1}
)

// certificateFacts reads what the rules look at in a signer's certificate.
// The chain is built as of the given time: whether the certificate itself had
// expired then is the rules' to say.
func certificateFacts(v verdict, anchors *x509.CertPool, at time.Time) claim.Certificate {
	certificate := v.certificate
	if certificate == nil {
		return claim.Certificate{}
	}
	subject := certificate.Subject
	facts := claim.Certificate{
		CommonName:         subject.CommonName,
		GivenName:          attribute(subject, oidGivenName),
		Surname:            attribute(subject, oidSurname),
		Organisation:       atMost(subject.Organization),
		OrganisationalUnit: atMost(subject.OrganizationalUnit),
		OrganisationID:     attribute(subject, oidOrganisationID),
		SerialNumber:       subject.SerialNumber,
		NotBefore:          certificate.NotBefore.UTC(),
		NotAfter:           certificate.NotAfter.UTC(),
		SelfSigned:         selfSigned(certificate),
		Trust:              trust(certificate, v.others, anchors, at),
	}
	for _, address := range append(slices.Clone(atMost(certificate.EmailAddresses)), attribute(subject, oidEmail)) {
		if address != "" && !slices.ContainsFunc(facts.Emails, func(known string) bool { return strings.EqualFold(known, address) }) {
			facts.Emails = append(facts.Emails, address)
		}
	}
	return facts
}

// mostNames bounds the names of a kind that are taken from a certificate; honest
// ones have one or two.
const mostNames = 32

func atMost(names []string) []string { return names[:min(len(names), mostNames)] }

// attribute gives the first value of an attribute of a name.
func attribute(name pkix.Name, oid asn1.ObjectIdentifier) string {
	for _, one := range name.Names {
		if value, isText := one.Value.(string); isText && one.Type.Equal(oid) {
			return value
		}
	}
	return ""
}

// selfSigned tells whether a certificate is its own issuer, and really so.
func selfSigned(certificate *x509.Certificate) bool {
	return bytes.Equal(certificate.RawIssuer, certificate.RawSubject) && usableKey(certificate.PublicKey) &&
		certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate, certificate.Signature) == nil
}

// trust tells whether a chain leads from a certificate to one of the anchors,
// at a time brought into the certificate's own validity.
func trust(certificate *x509.Certificate, others []*x509.Certificate, anchors *x509.CertPool, at time.Time) claim.Trust {
	if anchors == nil {
		return claim.TrustUnknown
	}
	if at.Before(certificate.NotBefore) {
		at = certificate.NotBefore
	}
	if at.After(certificate.NotAfter) {
		at = certificate.NotAfter
	}
	intermediates := x509.NewCertPool()
	for _, other := range others {
		if usableKey(other.PublicKey) {
			intermediates.AddCert(other)
		}
	}
	_, err := certificate.Verify(x509.VerifyOptions{
		Roots: anchors, Intermediates: intermediates, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return claim.Untrusted
	}
	return claim.Trusted
}
