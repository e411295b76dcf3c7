package document

import (
	"crypto"
	"crypto/dsa" //nolint:staticcheck // only to be told apart and refused
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/asn1"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/pkcs7"
)

// digest is a digest algorithm that a signature may be made with.
type digest struct {
	name string
	hash crypto.Hash
}

func (d digest) sum(data []byte) []byte {
	h := d.hash.New()
	h.Write(data)
	return h.Sum(nil)
}

// digests are the algorithms accepted, by object identifier. MD5 is none of
// them: whoever wants can make two documents with the same MD5.
var digests = map[string]digest{
	"1.3.14.3.2.26":           {"SHA-1", crypto.SHA1},
	"2.16.840.1.101.3.4.2.4":  {"SHA-224", crypto.SHA224},
	"2.16.840.1.101.3.4.2.1":  {"SHA-256", crypto.SHA256},
	"2.16.840.1.101.3.4.2.2":  {"SHA-384", crypto.SHA384},
	"2.16.840.1.101.3.4.2.3":  {"SHA-512", crypto.SHA512},
	"2.16.840.1.101.3.4.2.7":  {"SHA3-224", crypto.SHA3_224},
	"2.16.840.1.101.3.4.2.8":  {"SHA3-256", crypto.SHA3_256},
	"2.16.840.1.101.3.4.2.9":  {"SHA3-384", crypto.SHA3_384},
	"2.16.840.1.101.3.4.2.10": {"SHA3-512", crypto.SHA3_512},
}

// scheme is how a signature is computed from a digest.
type scheme int

const (
	schemePKCS1 scheme = iota + 1
	schemePSS
	schemeECDSA
	schemeEdDSA
)

// signatureAlgorithm is a signature algorithm as a message names it; hash is
// 0 where the name leaves the digest open.
type signatureAlgorithm struct {
	scheme scheme
	hash   crypto.Hash
}

var signatureAlgorithms = map[string]signatureAlgorithm{
	"1.2.840.113549.1.1.1":    {schemePKCS1, 0},
	"1.2.840.113549.1.1.5":    {schemePKCS1, crypto.SHA1},
	"1.2.840.113549.1.1.14":   {schemePKCS1, crypto.SHA224},
	"1.2.840.113549.1.1.11":   {schemePKCS1, crypto.SHA256},
	"1.2.840.113549.1.1.12":   {schemePKCS1, crypto.SHA384},
	"1.2.840.113549.1.1.13":   {schemePKCS1, crypto.SHA512},
	"2.16.840.1.101.3.4.3.13": {schemePKCS1, crypto.SHA3_224},
	"2.16.840.1.101.3.4.3.14": {schemePKCS1, crypto.SHA3_256},
	"2.16.840.1.101.3.4.3.15": {schemePKCS1, crypto.SHA3_384},
	"2.16.840.1.101.3.4.3.16": {schemePKCS1, crypto.SHA3_512},
	"1.2.840.113549.1.1.10":   {schemePSS, 0},
	"1.2.840.10045.2.1":       {schemeECDSA, 0},
	"1.2.840.10045.4.1":       {schemeECDSA, crypto.SHA1},
	"1.2.840.10045.4.3.1":     {schemeECDSA, crypto.SHA224},
	"1.2.840.10045.4.3.2":     {schemeECDSA, crypto.SHA256},
	"1.2.840.10045.4.3.3":     {schemeECDSA, crypto.SHA384},
	"1.2.840.10045.4.3.4":     {schemeECDSA, crypto.SHA512},
	"2.16.840.1.101.3.4.3.9":  {schemeECDSA, crypto.SHA3_224},
	"2.16.840.1.101.3.4.3.10": {schemeECDSA, crypto.SHA3_256},
	"2.16.840.1.101.3.4.3.11": {schemeECDSA, crypto.SHA3_384},
	"2.16.840.1.101.3.4.3.12": {schemeECDSA, crypto.SHA3_512},
	"1.3.101.112":             {schemeEdDSA, crypto.SHA512},
}

// Bounds of RSA keys: what is below is forged in a day, what is above only
// costs time.
const (
	minRSABits = 1024
	maxRSABits = 16384
)

// usableKey tells whether signatures of a key can be checked, in bounded time.
func usableKey(key any) bool {
	switch k := key.(type) {
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		return k.N.Sign() > 0 && bits >= minRSABits && bits <= maxRSABits && k.E > 1
	case *ecdsa.PublicKey, ed25519.PublicKey:
		return true
	case *dsa.PublicKey:
		return false
	}
	return false
}

// checkRaw checks a signer's signature over the given bytes. Supported tells
// whether we know the algorithm and it fits the key and the digest.
func checkRaw(key any, signer pkcs7.SignerInfo, hash crypto.Hash, signed []byte) (ok, supported bool) {
	algorithm, known := signatureAlgorithms[signer.DigestEncryptionAlgorithm.Algorithm.String()]
	if !known || algorithm.hash != 0 && algorithm.hash != hash {
		return false, false
	}
	signature := signer.EncryptedDigest
	switch algorithm.scheme {
	case schemePKCS1:
		return checkPKCS1(key, hash, signed, signature)
	case schemePSS:
		salt, ok := pssSalt(signer.DigestEncryptionAlgorithm.Parameters.FullBytes, hash)
		public, isRSA := key.(*rsa.PublicKey)
		if !ok || !isRSA {
			return false, false
		}
		options := &rsa.PSSOptions{SaltLength: salt, Hash: hash}
		return rsa.VerifyPSS(public, hash, digest{hash: hash}.sum(signed), signature, options) == nil, true
	case schemeECDSA:
		public, isECDSA := key.(*ecdsa.PublicKey)
		return isECDSA && ecdsa.VerifyASN1(public, digest{hash: hash}.sum(signed), signature), isECDSA
	case schemeEdDSA:
		public, isEdDSA := key.(ed25519.PublicKey)
		return isEdDSA && len(public) == ed25519.PublicKeySize && ed25519.Verify(public, signed, signature), isEdDSA
	}
	return false, false
}

// checkPKCS1 checks an RSA signature of the first kind.
func checkPKCS1(key any, hash crypto.Hash, signed, signature []byte) (ok, supported bool) {
	public, isRSA := key.(*rsa.PublicKey)
	if !isRSA {
		return false, false
	}
	return rsa.VerifyPKCS1v15(public, hash, digest{hash: hash}.sum(signed), signature) == nil, true
}

// pssSalt reads the salt's length from RSASSA-PSS parameters (RFC 4055, 3.1)
// whose digests are both the given one.
func pssSalt(parameters []byte, hash crypto.Hash) (int, bool) {
	type algorithm struct {
		OID        asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	params := struct {
		Hash    algorithm `asn1:"optional,explicit,tag:0"`
		MGF     algorithm `asn1:"optional,explicit,tag:1"`
		Salt    int       `asn1:"optional,explicit,tag:2,default:20"`
		Trailer int       `asn1:"optional,explicit,tag:3,default:1"`
	}{Salt: 20, Trailer: 1}
	if len(parameters) > 0 {
		if rest, err := asn1.Unmarshal(parameters, &params); err != nil || len(rest) > 0 {
			return 0, false
		}
	}
	is := func(oid asn1.ObjectIdentifier) bool {
		if len(oid) == 0 {
			return hash == crypto.SHA1
		}
		return digests[oid.String()].hash == hash
	}
	var mask asn1.ObjectIdentifier
	if len(params.MGF.OID) > 0 {
		var inner algorithm
		if rest, err := asn1.Unmarshal(params.MGF.Parameters.FullBytes, &inner); err != nil || len(rest) > 0 ||
			params.MGF.OID.String() != "1.2.840.113549.1.1.8" {
			return 0, false
		}
		mask = inner.OID
	}
	return params.Salt, is(params.Hash.OID) && is(mask) && params.Trailer == 1 && params.Salt >= 0
}
