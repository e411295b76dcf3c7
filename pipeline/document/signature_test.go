package document

import (
	"crypto"
	_ "crypto/md5" // to make the signatures that are refused
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guichet/pipeline/claim"

	"github.com/google/go-cmp/cmp"
)

// A further signature's appearance is no evidence of what was signed before,
// and none may stand for the page.
func TestLaterAppearances(t *testing.T) {
	pharmacy, supplier := newIdentity(t, "p256", nil, nil), newIdentity(t, "p384", nil, nil)
	appearance := func(text string) string {
		return fmt.Sprintf("<</Type/XObject/Subtype/Form/BBox[0 0 200 20]/Resources<</Font<</F1 6 0 R>>>>/Length %d>>\nstream\n1 g 0 0 200 20 re f 0 g %s\nendstream",
			len(show(2, 5, text))+24, show(2, 5, text))
	}
	widget := func(number int, rect string) string {
		return fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Sig/T(S%d)/V %d 0 R/Rect[%s]/F 4/P 3 0 R/AP<</N %d 0 R>>>>", number, number+1, rect, number+2)
	}
	sign := func(p *paper, number int, by cmsSigner, rect, text string) *paper {
		p.fields, p.annots = append(p.fields, fmt.Sprintf("%d 0 R", number)), append(p.annots, fmt.Sprintf("%d 0 R", number))
		return p.signWith(map[int]string{3: p.page(), 5: p.form(), number: widget(number, rect), number + 2: appearance(text)}, number+1, by, "")
	}
	pool := newTestPool(t, 1)
	const small, large = "50 300 250 320", "0 400 595 800"
	for _, test := range []struct {
		name, rect      string
		visible, hidden string
		verdicts        []string
	}{
		{"beside the text", small, "792,00 EUR HT premier", "792 second", []string{"intact/whole", "intact/whole"}},
		{"over the page", large, "premier", "792 792,00 EUR HT second", []string{"intact/partial", "intact/whole"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := sign(newPaper(t), 20, pharmacy.plain(t), "50 200 250 220", "premier")
			sign(p, 30, odd{by: supplier, digest: idSHA384, algorithm: idECDSA, hash: crypto.SHA384}.message(t), test.rect, "second")
			facts := read(t, pool, p.data)
			visible, hidden := words(facts)
			if visible != test.visible || !sameWords(hidden, test.hidden) {
				t.Errorf("visible %q, hidden %q; want %q and %q", visible, hidden, test.visible, test.hidden)
			}
			if diff := cmp.Diff(test.verdicts, briefs(facts.Signatures)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSignatureAlgorithms(t *testing.T) {
	ca := newIdentity(t, "rsa2", nil, nil)
	by := func(key string) *identity { return newIdentity(t, key, ca, nil) }
	rsaKey, p256, ed := by("rsa"), by("p256"), by("ed25519")
	pss := []byte{
		0x30, 0x34, // SHA-256, MGF1 with SHA-256, salt of 32 bytes
		0xa0, 0x0f, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
		0xa1, 0x1c, 0x30, 0x1a, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x08,
		0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00,
		0xa2, 0x03, 0x02, 0x01, 0x20,
	}
	salt := &rsa.PSSOptions{SaltLength: 32, Hash: crypto.SHA256}
	sane := odd{by: rsaKey, digest: idSHA256, algorithm: idRSA, hash: crypto.SHA256}
	vary := func(change func(*odd)) cmsSigner {
		o := sane
		change(&o)
		return o.message(t)
	}
	rfc3161 := rsaKey.timestamp(t, time.Date(2023, 1, 2, 3, 4, 5, 0, time.UTC))
	tests := []struct {
		name   string
		by     cmsSigner
		dict   string
		want   string
		digest string
	}{
		{"RSA by smallstep", rsaKey.plain(t), "", "intact/whole", "SHA-256"},
		{"P-256 by smallstep", p256.plain(t), "", "intact/whole", "SHA-256"},
		{"CAdES", vary(func(o *odd) { o.ess = rsaKey.certificate }), "/SubFilter/ETSI.CAdES.detached", "intact/whole", "SHA-256"},
		{"SHA-384", vary(func(o *odd) { o.digest, o.hash = idSHA384, crypto.SHA384 }), "", "intact/whole", "SHA-384"},
		{"SHA-512", vary(func(o *odd) { o.digest, o.hash = idSHA512, crypto.SHA512 }), "", "intact/whole", "SHA-512"},
		{"P-384", odd{by: by("p384"), digest: idSHA384, algorithm: idECDSA, hash: crypto.SHA384}.message(t), "", "intact/whole", "SHA-384"},
		{"P-521", odd{by: by("p521"), digest: idSHA512, algorithm: "1.2.840.10045.4.3.4", hash: crypto.SHA512}.message(t), "", "intact/whole", "SHA-512"},
		{"Ed25519", odd{by: ed, digest: idSHA512, algorithm: idEd25519, hash: crypto.SHA512}.message(t), "", "intact/whole", "SHA-512"},
		{"PSS", vary(func(o *odd) { o.algorithm, o.pss, o.pssOptions = idPSS, pss, salt }), "", "intact/whole", "SHA-256"},
		{"SHA3-256", vary(func(o *odd) { o.digest, o.hash = "2.16.840.1.101.3.4.2.8", crypto.SHA3_256 }), "", "intact/whole", "SHA3-256"},
		{"SHA-1 is intact and told", vary(func(o *odd) { o.digest, o.hash = idSHA1, crypto.SHA1 }), "", "intact/whole", "SHA-1"},
		{"without signed attributes", vary(func(o *odd) { o.noAttributes = true }), "", "intact/whole", "SHA-256"},
		{"attributes not in DER order", vary(func(o *odd) { o.backwards = true }), "", "intact/whole attributes_not_der", "SHA-256"},
		{"PSS, attributes not in DER order", vary(func(o *odd) { o.algorithm, o.pss, o.pssOptions, o.backwards = idPSS, pss, salt, true }), "", "intact/whole attributes_not_der", "SHA-256"},
		{"two signers", vary(func(o *odd) {
			o.second = &odd{by: p256, digest: idSHA1, algorithm: idECDSA, hash: crypto.SHA1}
		}), "", "intact/whole", "SHA-1"},
		{"document timestamp", rfc3161, "/SubFilter/ETSI.RFC3161", "intact/whole tst", "SHA-256"},
		{"adbe.pkcs7.sha1", func(covered []byte) []byte {
			o := sane
			o.content = sumOf(crypto.SHA1, covered)
			return o.message(t)(nil)
		}, "/SubFilter/adbe.pkcs7.sha1", "intact/whole", "SHA-1"},
		{"adbe.x509.rsa_sha1", func(covered []byte) []byte {
			signature, err := rsaKey.key.Sign(nil, sumOf(crypto.SHA1, covered), crypto.SHA1)
			if err != nil {
				t.Fatal(err)
			}
			return encode(t, signature)
		}, "/SubFilter/adbe.x509.rsa_sha1/Cert<" + hex.EncodeToString(rsaKey.certificate.Raw) + ">", "intact/whole", "SHA-1"},
		{"zeros behind the message are spaces", func(covered []byte) []byte {
			return append(rsaKey.plain(t)(covered), "    "...)
		}, "", "intact/whole", "SHA-256"},

		{"MD5", vary(func(o *odd) { o.digest, o.hash = idMD5, crypto.MD5 }), "", "broken/whole algorithm", ""},
		{"spoilt signature", vary(func(o *odd) { o.spoil = true }), "", "broken/whole signature", "SHA-256"},
		{"spoilt signature without attributes", vary(func(o *odd) { o.spoil, o.noAttributes = true, true }), "", "broken/whole signature", "SHA-256"},
		{"spoilt second signer", vary(func(o *odd) {
			o.second = &odd{by: p256, digest: idSHA256, algorithm: idECDSA, hash: crypto.SHA256, spoil: true}
		}), "", "broken/whole signature", "SHA-256"},
		{"RSA key, ECDSA named", vary(func(o *odd) { o.algorithm = idECDSA }), "", "broken/whole algorithm", "SHA-256"},
		{"RSA key, Ed25519 named", vary(func(o *odd) { o.algorithm = idEd25519 }), "", "broken/whole algorithm", "SHA-256"},
		{"RSA key, PSS named without parameters", vary(func(o *odd) { o.algorithm = idPSS }), "", "broken/whole algorithm", "SHA-256"},
		{"SHA-1 named by the signature, SHA-256 by the digest", vary(func(o *odd) { o.algorithm = "1.2.840.113549.1.1.5" }), "", "broken/whole algorithm", "SHA-256"},
		{"unknown algorithm", vary(func(o *odd) { o.algorithm = "1.2.3.4" }), "", "broken/whole algorithm", "SHA-256"},
		{"wrong content type attribute", vary(func(o *odd) { o.attributed = oidTimestampContent }), "", "broken/whole cms", "SHA-256"},
		{"timestamp content in a detached signature", vary(func(o *odd) { o.contentType = oidTimestampContent }), "", "broken/whole cms", ""},
		{"no certificate", vary(func(o *odd) { o.noCert = true }), "", "broken/whole cms", "SHA-256"},
		{"certificate attribute of another", vary(func(o *odd) { o.ess = ca.certificate }), "", "broken/whole cms", "SHA-256"},
		{"message of other bytes", func([]byte) []byte { return rsaKey.plain(t)([]byte("another document")) }, "", "broken/whole digest", "SHA-256"},
		{"encapsulated bytes are not the document's", vary(func(o *odd) { o.content = []byte("another document") }), "", "broken/whole digest", "SHA-256"},
		{"timestamp of other bytes", func([]byte) []byte { return rfc3161([]byte("another document")) }, "/SubFilter/ETSI.RFC3161", "broken/whole digest tst", "SHA-256"},
		{"plain signature called a timestamp", rsaKey.plain(t), "/SubFilter/ETSI.RFC3161", "broken/whole cms tst", ""},
		{"adbe.pkcs7.sha1 of other bytes", func([]byte) []byte {
			o := sane
			o.content = sumOf(crypto.SHA1, nil)
			return o.message(t)(nil)
		}, "/SubFilter/adbe.pkcs7.sha1", "broken/whole digest", "SHA-1"},
		{"empty value", func([]byte) []byte { return nil }, "", "broken/whole cms", ""},
		{"not a message", func([]byte) []byte { return []byte("junk") }, "", "broken/whole cms", ""},
		{"deep nesting", func([]byte) []byte { return []byte(strings.Repeat("0\x80", room/4)) }, "", "broken/whole cms", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := newPaper(t).sign(20, test.by, test.dict).read(nil)
			if diff := cmp.Diff([]string{test.want}, briefs(found)); diff != "" {
				t.Fatal(diff)
			}
			if found[0].Digest != test.digest || found[0].Field != "Signature20" || found[0].Page != 1 {
				t.Errorf("digest %s, field %s, page %d", found[0].Digest, found[0].Field, found[0].Page)
			}
			if want := (claim.Rect{50, 722, 250, 782}); found[0].Rect == nil || *found[0].Rect != want {
				t.Errorf("rect %v, want %v", found[0].Rect, want)
			}
		})
	}
}

func TestSignedBytesChanged(t *testing.T) {
	p := newPaper(t).sign(20, newIdentity(t, "p256", nil, nil).plain(t), "")
	signed := slices.Clone(p.data)
	found := strings.Index(string(signed), "792,00")
	for name, at := range map[string]int{"first byte": 1, "amount": found, "last byte": len(signed) - 3} {
		p.data = slices.Clone(signed)
		p.data[at] ^= 1
		for _, s := range p.read(nil) {
			if s.Integrity == claim.Intact {
				t.Errorf("%s changed: %s", name, brief(s))
			}
		}
	}
}

func TestSigningTime(t *testing.T) {
	claimed := time.Date(2023, 3, 1, 10, 0, 0, 0, time.UTC)
	stamped := claimed.Add(90 * time.Second)
	ca := newIdentity(t, "rsa2", nil, nil)
	signer := newIdentity(t, "p256", ca, nil)
	tsa := newIdentity(t, "rsa", ca, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping} })
	stranger := newIdentity(t, "rsa", nil, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping} })
	plain := odd{by: signer, digest: idSHA256, algorithm: idECDSA, hash: crypto.SHA256, signingTime: claimed}
	with := func(stamp func([]byte) []byte) cmsSigner {
		o := plain
		o.stamp = stamp
		return o.message(t)
	}
	without := plain
	without.signingTime = time.Time{}
	anchors := x509.NewCertPool()
	anchors.AddCert(ca.certificate)
	tests := []struct {
		name    string
		by      cmsSigner
		dict    string
		anchors *x509.CertPool
		at      time.Time
		source  string
	}{
		{"timestamp", with(tsa.timestamp(t, stamped)), "", nil, stamped, "timestamp"},
		{"timestamp under a root", with(tsa.timestamp(t, stamped)), "", anchors, stamped, "timestamp"},
		{"timestamp under no root", with(stranger.timestamp(t, stamped)), "", anchors, claimed, "claimed"},
		{"timestamp of another signature", with(func([]byte) []byte { return tsa.timestamp(t, stamped)([]byte("other")) }), "", nil, claimed, "claimed"},
		{"timestamp by a certificate not for it", with(signer.timestamp(t, stamped)), "", nil, claimed, "claimed"},
		{"claimed", plain.message(t), "/M(D:20230301120000+01'00')", nil, claimed, "claimed"},
		{"dictionary", without.message(t), "/M(D:20230301120000+01'00')", nil, time.Date(2023, 3, 1, 11, 0, 0, 0, time.UTC), "dictionary"},
		{"none", without.message(t), "/M(yesterday)", nil, time.Time{}, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := newPaper(t).sign(20, test.by, test.dict).read(test.anchors)
			if len(found) != 1 || found[0].Integrity != claim.Intact {
				t.Fatalf("%v", briefs(found))
			}
			if !found[0].SignedAt.Equal(test.at) || found[0].TimeSource != test.source {
				t.Errorf("%s by %s, want %s by %s", found[0].SignedAt, found[0].TimeSource, test.at, test.source)
			}
		})
	}
}

func TestPDFDate(t *testing.T) {
	tests := map[string]string{
		"D:20230301120000+01'00'": "2023-03-01T11:00:00Z",
		"D:20230301120000-05'30":  "2023-03-01T17:30:00Z",
		"D:20230301120000Z":       "2023-03-01T12:00:00Z",
		"20230301120000":          "2023-03-01T12:00:00Z",
		"D:202303":                "2023-03-01T00:00:00Z",
		"D:2023":                  "2023-01-01T00:00:00Z",
		"D:20230231":              "",
		"D:20231301":              "",
		"D:20230301250000":        "",
		"":                        "",
		"D:":                      "",
		"1er mars 2023":           "",
	}
	for text, want := range tests {
		got := ""
		if at, ok := parsePDFDate(text); ok {
			got = at.UTC().Format(time.RFC3339)
		}
		if got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestCertificateFacts(t *testing.T) {
	root := newIdentity(t, "rsa2", nil, nil)
	middle := newIdentity(t, "p384", root, func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
		c.Subject.CommonName = "AC intermédiaire"
	})
	signer := newIdentity(t, "p256", middle, nil)
	withChain := func(covered []byte) []byte {
		o := odd{by: signer, digest: idSHA256, algorithm: idECDSA, hash: crypto.SHA256}
		o.second = &odd{by: middle, digest: idSHA384, algorithm: idECDSA, hash: crypto.SHA384}
		return o.message(t)(covered)
	}
	pool := func(id *identity) *x509.CertPool {
		p := x509.NewCertPool()
		p.AddCert(id.certificate)
		return p
	}
	want := claim.Certificate{
		CommonName: "Camille Durand", GivenName: "Camille", Surname: "Durand",
		Organisation: []string{"Pharmacie du Port"}, OrganisationalUnit: []string{"0002 130025265"},
		OrganisationID: "NTRFR-130025265", SerialNumber: "75000123X",
		Emails:    []string{"Camille@example.fr", "port@example.fr"},
		NotBefore: time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	self := newIdentity(t, "rsa", nil, nil)
	tests := []struct {
		name    string
		by      cmsSigner
		anchors *x509.CertPool
		self    bool
		trust   claim.Trust
	}{
		{"no roots", withChain, nil, false, claim.TrustUnknown},
		{"chain to the root", withChain, pool(root), false, claim.Trusted},
		{"another root", withChain, pool(self), false, claim.Untrusted},
		{"without the certificate between", signer.plain(t), pool(root), false, claim.Untrusted},
		{"self-signed", self.plain(t), pool(root), true, claim.Untrusted},
		{"self-signed root", self.plain(t), pool(self), true, claim.Trusted},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			found := newPaper(t).sign(20, test.by, "").read(test.anchors)
			if len(found) != 1 || found[0].Integrity != claim.Intact {
				t.Fatalf("%v", briefs(found))
			}
			want := want
			want.SelfSigned, want.Trust = test.self, test.trust
			if diff := cmp.Diff(want, found[0].Certificate); diff != "" {
				t.Error(diff)
			}
		})
	}
}
