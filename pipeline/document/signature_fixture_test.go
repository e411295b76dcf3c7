package document

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"guichet/pipeline/claim"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/smallstep/pkcs7"
)

// identity is a key and a certificate to sign with.
type identity struct {
	key         crypto.Signer
	certificate *x509.Certificate
	issuer      *identity
}

// testKeys are made once: RSA keys take their time.
var testKeys = sync.OnceValue(func() map[string]crypto.Signer {
	keys := map[string]crypto.Signer{}
	for _, name := range []string{"rsa", "rsa2"} {
		keys[name], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	for name, curve := range map[string]elliptic.Curve{"p256": elliptic.P256(), "p384": elliptic.P384(), "p521": elliptic.P521()} {
		keys[name], _ = ecdsa.GenerateKey(curve, rand.Reader)
	}
	_, keys["ed25519"], _ = ed25519.GenerateKey(rand.Reader)
	return keys
})

var serial = big.NewInt(1000)

// newIdentity makes a certificate for one of the test keys, of an issuer or of
// its own.
func newIdentity(t testing.TB, key string, issuer *identity, change func(*x509.Certificate)) *identity {
	t.Helper()
	serial = new(big.Int).Add(serial, big.NewInt(1))
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject: pkix.Name{
			CommonName: "Camille Durand", Organization: []string{"Pharmacie du Port"}, OrganizationalUnit: []string{"0002 130025265"},
			SerialNumber: "75000123X",
			ExtraNames: []pkix.AttributeTypeAndValue{
				{Type: oidGivenName, Value: "Camille"},
				{Type: oidSurname, Value: "Durand"},
				{Type: oidOrganisationID, Value: "NTRFR-130025265"},
				{Type: oidEmail, Value: "camille@example.fr"},
			},
		},
		EmailAddresses: []string{"Camille@example.fr", "port@example.fr"},
		NotBefore:      time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
		KeyUsage: x509.KeyUsageDigitalSignature,
	}
	if issuer == nil {
		template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	}
	if change != nil {
		change(template)
	}
	made := &identity{key: testKeys()[key], issuer: issuer}
	parent, parentKey := template, made.key
	if issuer != nil {
		parent, parentKey = issuer.certificate, issuer.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, made.key.Public(), parentKey)
	if err != nil {
		t.Fatal(err)
	}
	if made.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return made
}

// cmsSigner makes the CMS message over the bytes that a signature covers.
type cmsSigner func(covered []byte) []byte

// plain signs as most tools do: adbe.pkcs7.detached, SHA-256.
func (id *identity) plain(t testing.TB) cmsSigner {
	return func(covered []byte) []byte {
		t.Helper()
		signed, err := pkcs7.NewSignedData(covered)
		if err != nil {
			t.Fatal(err)
		}
		signed.SetDigestAlgorithm(pkcs7.OIDDigestAlgorithmSHA256)
		if err := signed.AddSigner(id.certificate, id.key, pkcs7.SignerInfoConfig{}); err != nil {
			t.Fatal(err)
		}
		signed.Detach()
		message, err := signed.Finish()
		if err != nil {
			t.Fatal(err)
		}
		return message
	}
}

// Pieces of CMS that the libraries do not make.
type (
	cmsAlgorithm struct {
		OID        asn1.ObjectIdentifier
		Parameters asn1.RawValue `asn1:"optional"`
	}
	cmsAttribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	cmsSignerInfo struct {
		Version int
		SID     struct {
			Issuer asn1.RawValue
			Serial *big.Int
		}
		Digest     cmsAlgorithm
		Attributes asn1.RawValue `asn1:"optional"`
		Algorithm  cmsAlgorithm
		Signature  []byte
		Unsigned   asn1.RawValue `asn1:"optional"`
	}
	cmsContent struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"optional"`
	}
	cmsSignedData struct {
		Version      int
		Digests      []cmsAlgorithm `asn1:"set"`
		Content      cmsContent
		Certificates asn1.RawValue   `asn1:"optional"`
		Signers      []cmsSignerInfo `asn1:"set"`
	}
)

// odd describes a CMS message in every detail that tests vary.
type odd struct {
	by           *identity
	digest       string // object identifiers, dotted
	algorithm    string
	hash         crypto.Hash // what is really used, both for content and signature
	pss          []byte      // parameters of the algorithm
	pssOptions   *rsa.PSSOptions
	contentType  asn1.ObjectIdentifier // of the message; data when nil
	content      []byte                // encapsulated; what is signed instead of the bytes covered
	attributed   asn1.ObjectIdentifier // the content-type attribute; as contentType when nil
	noAttributes bool
	backwards    bool // signed attributes not in DER order
	ess          *x509.Certificate
	signingTime  time.Time
	spoil        bool // the signature's value
	noCert       bool
	stamp        func(signature []byte) []byte // timestamp token
	second       *odd                          // a further signer
}

func dotted(t testing.TB, s string) asn1.ObjectIdentifier {
	t.Helper()
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(s, ".") {
		var n int
		if _, err := fmt.Sscan(part, &n); err != nil {
			t.Fatal(err)
		}
		oid = append(oid, n)
	}
	return oid
}

func encode(t testing.TB, value any) []byte {
	t.Helper()
	der, err := asn1.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func tagged(tag int, content []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: content}
}

func sumOf(hash crypto.Hash, data []byte) []byte {
	h := hash.New()
	h.Write(data)
	return h.Sum(nil)
}

// info makes the SignerInfo over some content.
func (o odd) info(t testing.TB, content []byte) cmsSignerInfo {
	t.Helper()
	var info cmsSignerInfo
	info.Version = 1
	info.SID.Issuer = asn1.RawValue{FullBytes: o.by.certificate.RawIssuer}
	info.SID.Serial = o.by.certificate.SerialNumber
	info.Digest.OID = dotted(t, o.digest)
	info.Algorithm.OID = dotted(t, o.algorithm)
	if o.pss != nil {
		info.Algorithm.Parameters = asn1.RawValue{FullBytes: o.pss}
	}
	signed := content
	if !o.noAttributes {
		attributed := o.attributed
		if attributed == nil {
			attributed = o.contentType
		}
		add := func(list [][]byte, oid asn1.ObjectIdentifier, value []byte) [][]byte {
			return append(list, encode(t, cmsAttribute{oid, []asn1.RawValue{{FullBytes: value}}}))
		}
		list := add(nil, oidContentType, encode(t, attributed))
		list = add(list, oidMessageDigest, encode(t, sumOf(o.hash, content)))
		if !o.signingTime.IsZero() {
			list = add(list, oidSigningTime, encode(t, o.signingTime.UTC()))
		}
		if o.ess != nil {
			sum := sumOf(crypto.SHA256, o.ess.Raw)
			list = add(list, oidSigningCertV2, encode(t, struct{ Certs []struct{ Hash []byte } }{[]struct{ Hash []byte }{{sum}}}))
		}
		slices.SortFunc(list, bytes.Compare)
		if o.backwards {
			slices.Reverse(list)
		}
		all := bytes.Join(list, nil)
		info.Attributes = tagged(0, all)
		signed = encode(t, asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSet, IsCompound: true, Bytes: all})
	}
	var options crypto.SignerOpts = o.hash
	if o.pssOptions != nil {
		options = o.pssOptions
	}
	var err error
	if _, isEdDSA := o.by.key.(ed25519.PrivateKey); isEdDSA {
		info.Signature, err = o.by.key.Sign(rand.Reader, signed, crypto.Hash(0))
	} else {
		info.Signature, err = o.by.key.Sign(rand.Reader, sumOf(o.hash, signed), options)
	}
	if err != nil {
		t.Fatal(err)
	}
	if o.spoil {
		info.Signature[len(info.Signature)-1] ^= 1
	}
	if o.stamp != nil {
		info.Unsigned = tagged(1, encode(t, cmsAttribute{oidTimestampToken, []asn1.RawValue{{FullBytes: o.stamp(info.Signature)}}}))
	}
	return info
}

// message makes the whole message.
func (o odd) message(t testing.TB) cmsSigner {
	if o.contentType == nil {
		o.contentType = pkcs7.OIDData
	}
	return func(covered []byte) []byte {
		t.Helper()
		content := covered
		data := cmsSignedData{Version: 1, Content: cmsContent{Type: o.contentType}}
		if o.content != nil {
			content = o.content
			data.Content.Content = tagged(0, encode(t, content))
		}
		certificates := o.by.certificate.Raw
		data.Digests = []cmsAlgorithm{{OID: dotted(t, o.digest)}}
		data.Signers = []cmsSignerInfo{o.info(t, content)}
		if o.second != nil {
			second := *o.second
			second.contentType = o.contentType
			data.Digests = append(data.Digests, cmsAlgorithm{OID: dotted(t, second.digest)})
			data.Signers = append(data.Signers, second.info(t, content))
			certificates = slices.Concat(certificates, second.by.certificate.Raw)
		}
		if !o.noCert {
			data.Certificates = tagged(0, certificates)
		}
		return encode(t, cmsContent{pkcs7.OIDSignedData, tagged(0, encode(t, data))})
	}
}

// timestampContent is what a timestamp token over some bytes signs.
func timestampContent(t testing.TB, stamped []byte, at time.Time) []byte {
	t.Helper()
	type imprint struct {
		Algorithm cmsAlgorithm
		Hash      []byte
	}
	return encode(t, struct {
		Version int
		Policy  asn1.ObjectIdentifier
		Imprint imprint
		Serial  int
		Time    time.Time `asn1:"generalized"`
	}{1, asn1.ObjectIdentifier{1, 2, 3}, imprint{cmsAlgorithm{OID: dotted(t, idSHA256)}, sumOf(crypto.SHA256, stamped)}, 7, at.UTC()})
}

// timestamp makes a timestamp token, or a document timestamp's value, over
// what it is given.
func (id *identity) timestamp(t testing.TB, at time.Time) cmsSigner {
	algorithm := idRSA
	if _, isRSA := id.key.(*rsa.PrivateKey); !isRSA {
		algorithm = idECDSA
	}
	return func(stamped []byte) []byte {
		t.Helper()
		return odd{
			by: id, digest: idSHA256, algorithm: algorithm, hash: crypto.SHA256,
			contentType: oidTimestampContent, content: timestampContent(t, stamped, at),
		}.message(t)(nil)
	}
}

const (
	idSHA1    = "1.3.14.3.2.26"
	idSHA256  = "2.16.840.1.101.3.4.2.1"
	idSHA384  = "2.16.840.1.101.3.4.2.2"
	idSHA512  = "2.16.840.1.101.3.4.2.3"
	idMD5     = "1.2.840.113549.2.5"
	idRSA     = "1.2.840.113549.1.1.1"
	idPSS     = "1.2.840.113549.1.1.10"
	idECDSA   = "1.2.840.10045.2.1"
	idEd25519 = "1.3.101.112"
)

// paper is a document in the making: its bytes so far, and what its form and
// its page list.
type paper struct {
	t       testing.TB
	data    []byte
	fields  []string
	annots  []string
	catalog string // further entries
}

// newPaper makes a one-page order with a text field (7) and an empty
// signature field (8).
func newPaper(t testing.TB) *paper {
	p := &paper{t: t, data: []byte("%PDF-1.7\n"), fields: []string{"7 0 R", "8 0 R"}, annots: []string{"7 0 R", "8 0 R"}}
	p.update(map[int]string{
		1: p.root(), 2: "<</Type/Pages/Kids[3 0 R]/Count 1>>", 3: p.page(),
		4: pageContent("792,00"),
		5: p.form(), 6: "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
		7: "<</Type/Annot/Subtype/Widget/FT/Tx/T(Montant)/V(792)/Rect[50 600 150 620]/P 3 0 R>>",
		8: "<</Type/Annot/Subtype/Widget/FT/Sig/T(Vide)/Rect[300 100 500 150]/P 3 0 R>>",
		9: "<</Producer(test)>>", 10: pageContent("1,00"), // nothing shows it
	}, "")
	return p
}

func pageContent(amount string) string {
	return streamOf("BT /F1 12 Tf 50 750 Td (" + amount + " EUR HT) Tj ET")
}

func streamOf(content string) string {
	return fmt.Sprintf("<</Length %d>>\nstream\n%s\nendstream", len(content), content)
}

func (p *paper) root() string {
	return "<</Type/Catalog/Pages 2 0 R/AcroForm 5 0 R" + p.catalog + ">>"
}

func (p *paper) page() string {
	return "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 6 0 R>>>>/Annots[" + strings.Join(p.annots, " ") + "]>>"
}

func (p *paper) form() string {
	return "<</Fields[" + strings.Join(p.fields, " ") + "]/SigFlags 3>>"
}

// update appends objects, a cross-reference table and a trailer.
func (p *paper) update(objects map[int]string, trailer string) {
	previous, has := lastStart(p.data)
	var table strings.Builder
	fmt.Fprintf(&table, "xref\n0 1\n0000000000 65535 f \n")
	for _, number := range slices.Sorted(maps.Keys(objects)) {
		fmt.Fprintf(&table, "%d 1\n%010d 00000 n \n", number, len(p.data))
		p.data = fmt.Appendf(p.data, "%d 0 obj\n%s\nendobj\n", number, objects[number])
	}
	start := len(p.data)
	p.data = fmt.Appendf(p.data, "%strailer\n<</Size 100/Root 1 0 R/Info 9 0 R", table.String())
	if has {
		p.data = fmt.Appendf(p.data, "/Prev %d", previous)
	}
	p.data = fmt.Appendf(p.data, "%s>>\nstartxref\n%d\n%%%%EOF\n", trailer, start)
}

// room is kept for a signature's value, in hexadecimal digits.
const room = 12_000

// sign appends a signature in a new field of the given number; its dictionary
// is the next object.
func (p *paper) sign(number int, by cmsSigner, dictionary string) *paper {
	p.fields = append(p.fields, fmt.Sprintf("%d 0 R", number))
	p.annots = append(p.annots, fmt.Sprintf("%d 0 R", number))
	field := fmt.Sprintf("<</Type/Annot/Subtype/Widget/FT/Sig/T(Signature%d)/V %d 0 R/Rect[50 60 250 120]/F 132/P 3 0 R>>", number, number+1)
	return p.signWith(map[int]string{3: p.page(), 5: p.form(), number: field}, number+1, by, dictionary)
}

// signWith appends objects with a signature dictionary among them.
func (p *paper) signWith(objects map[int]string, number int, by cmsSigner, dictionary string) *paper {
	p.t.Helper()
	if !strings.Contains(dictionary, "SubFilter") {
		dictionary += "/SubFilter/adbe.pkcs7.detached"
	}
	from := len(p.data)
	objects[number] = "<</Type/Sig/Filter/Adobe.PPKLite" + dictionary + "/ByteRange[0 0000000000 0000000000 0000000000]/Contents<" + strings.Repeat("0", room) + ">>>"
	p.update(objects, "")
	gap := from + bytes.Index(p.data[from:], []byte("<000"))
	p.fill(from, gap, gap+room+2, by)
	return p
}

// fill writes the /ByteRange behind from and signs.
func (p *paper) fill(from, gap, end int, by cmsSigner) {
	p.t.Helper()
	at := from + bytes.Index(p.data[from:], []byte("[0 0000000000"))
	copy(p.data[at:], fmt.Sprintf("[0 %010d %010d %010d]", gap, end, len(p.data)-end))
	value := []byte(hex.EncodeToString(by(slices.Concat(p.data[:gap], p.data[end:]))))
	if len(value) > room {
		p.t.Fatalf("no room for %d digits", len(value))
	}
	copy(p.data[gap+1:], value)
}

// read reads the paper's signatures as a worker does.
func (p *paper) read(anchors *x509.CertPool) []claim.Signature {
	p.t.Helper()
	return signaturesIn(p.data, openModel(p.data), anchors)
}

// signaturesIn gives the signatures of a file alone.
func signaturesIn(data []byte, model *model.Context, anchors *x509.CertPool) []claim.Signature {
	found, _ := readSignatures(data, model, anchors)
	return found
}

// openModel is pdfcpu's view of a file; nil when it has none.
func openModel(data []byte) *model.Context {
	api.DisableConfigDir()
	configuration := model.NewDefaultConfiguration()
	configuration.Offline = true
	context, err := api.ReadContext(bytes.NewReader(data), configuration)
	if err != nil {
		return nil
	}
	return context
}

// brief tells a verdict in a few words.
func brief(s claim.Signature) string {
	text := string(s.Integrity) + "/" + string(s.Coverage)
	if s.Problem != "" {
		text += " " + s.Problem
	}
	if s.Timestamp {
		text += " tst"
	}
	return text
}

func briefs(signatures []claim.Signature) []string {
	var all []string
	for _, s := range signatures {
		all = append(all, brief(s))
	}
	return all
}
