package document

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"os"
	"path/filepath"
	"testing"

	"guichet/pipeline/claim"
)

func TestLevel(t *testing.T) {
	type oid = asn1.ObjectIdentifier
	statements := func(all ...qcStatement) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidQCStatements, Value: encode(t, all)})
		}
	}
	types := func(all ...oid) qcStatement {
		return qcStatement{oidQCType, asn1.RawValue{FullBytes: encode(t, all)}}
	}
	policies := func(all ...oid) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			for _, policy := range all {
				numbers := make([]uint64, len(policy))
				for i, n := range policy {
					numbers[i] = uint64(n)
				}
				made, err := x509.OIDFromInts(numbers)
				if err != nil {
					t.Fatal(err)
				}
				c.Policies = append(c.Policies, made)
			}
		}
	}
	issued := func(name pkix.Name) *identity {
		return newIdentity(t, "rsa2", nil, func(c *x509.Certificate) { c.Subject = name })
	}
	compliant := qcStatement{ID: oidQCCompliance}
	retention := qcStatement{oid{0, 4, 0, 1862, 1, 3}, asn1.RawValue{FullBytes: encode(t, 10)}}
	foreign := qcStatement{oidQCForeign, asn1.RawValue{FullBytes: encode(t, []string{"ZZ"})}}
	esign, eseal := oidQCTypeESign, oid{0, 4, 0, 1862, 1, 6, 2}
	cps := policies(oid{1, 2, 250, 1, 71, 4, 2, 5})
	tests := []struct {
		name   string
		issuer *identity
		change func(*x509.Certificate)
		want   claim.Level
	}{
		{"nothing told", nil, nil, claim.LevelSimple},
		{"qualified, no type told", nil, statements(retention, compliant), claim.LevelQualified},
		{"qualified for signatures", nil, statements(compliant, types(esign)), claim.LevelQualified},
		{"qualified for signatures and seals", nil, statements(compliant, types(eseal, esign)), claim.LevelQualified},
		{"qualified for seals", nil, statements(compliant, types(eseal)), claim.LevelSimple},
		{"qualified outside the Union", nil, statements(compliant, types(esign), foreign), claim.LevelSimple},
		{"other statements", nil, statements(retention), claim.LevelSimple},
		{"statements that cannot be read", nil, func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidQCStatements, Value: []byte{4, 1, 0}})
		}, claim.LevelSimple},
		{"policy for natural persons", nil, policies(oid{0, 4, 0, 194112, 1, 0}), claim.LevelQualified},
		{"policy for natural persons, with a device", nil, policies(oid{0, 4, 0, 194112, 1, 2}), claim.LevelQualified},
		{"policy for legal persons", nil, policies(oid{0, 4, 0, 194112, 1, 1}), claim.LevelSimple},
		{"policy for natural persons, type seal", nil, func(c *x509.Certificate) {
			statements(compliant, types(eseal))(c)
			policies(oid{0, 4, 0, 194112, 1, 0})(c)
		}, claim.LevelSimple},
		{"policy of the ANS", nil, policies(oid{1, 2, 250, 1, 213, 1, 3, 1}), claim.LevelCPx},
		{"policy of the GIP CPS", nil, cps, claim.LevelCPx},
		{"a number that starts alike", nil, policies(oid{1, 2, 250, 1, 711, 4}), claim.LevelSimple},
		{"card that is qualified too", nil, func(c *x509.Certificate) { cps(c); statements(compliant)(c) }, claim.LevelQualified},
		{"issued by the IGC-Santé", issued(pkix.Name{Organization: []string{"ASIP-SANTE"}, OrganizationalUnit: []string{"0002 187512751", "IGC-SANTE"}, CommonName: "AC IGC-SANTE FORT PERSONNES"}), nil, claim.LevelCPx},
		{"issued by the GIP CPS", issued(pkix.Name{Organization: []string{"GIP-CPS"}, OrganizationalUnit: []string{"GIP-CPS PROFESSIONNEL"}}), nil, claim.LevelCPx},
		{"issued by another authority of the ANS", issued(pkix.Name{Organization: []string{"ANS"}, OrganizationalUnit: []string{"Messagerie"}}), nil, claim.LevelSimple},
		{"unit of another organisation", issued(pkix.Name{Organization: []string{"Autre"}, OrganizationalUnit: []string{"IGC-SANTE"}}), nil, claim.LevelSimple},
		{"policy of the RGS", nil, policies(oid{1, 2, 250, 1, 137, 2, 2, 1, 2}), claim.LevelRGS},
		{"RGS in the issuer's name", issued(pkix.Name{Organization: []string{"Chambre"}, CommonName: "France CA3 RGS"}), nil, claim.LevelRGS},
		{"letters in the issuer's name", issued(pkix.Name{CommonName: "BURGSTALLER RGSX"}), nil, claim.LevelSimple},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := level(newIdentity(t, "p256", test.issuer, test.change).certificate); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
	if got := level(nil); got != "" {
		t.Errorf("no certificate: %q", got)
	}
	p := newPaper(t).sign(20, newIdentity(t, "p256", nil, statements(compliant)).plain(t), "")
	if found := p.read(nil); found[0].Level != claim.LevelQualified {
		t.Errorf("on a paper: %q", found[0].Level)
	}
	spoilt := newPaper(t).sign(20, func([]byte) []byte { return []byte("junk") }, "")
	if found := spoilt.read(nil); found[0].Level != "" {
		t.Errorf("broken: %q", found[0].Level)
	}
}

// TestLevelCorpus: what the certificates of real files say, as openssl x509
// shows it.
func TestLevelCorpus(t *testing.T) {
	corpus(t, "signed")
	for name, want := range map[string]claim.Level{
		"signed/dss__Signature-P-DE_SCI-4.pdf": claim.LevelQualified, // D-Trust, QcCompliance before QcType came
		"signed/own_cades_rsa.pdf":             claim.LevelSimple,
		"signed/dss__Test.pdf":                 claim.LevelSimple,    // statements, but only that it follows RFC 3739
		"tampered/dss__pdf-removed-pages.pdf":  claim.LevelQualified, // JCC: QcCompliance and 0.4.0.194112.1.2
		"signed/dss__pdf-signed-original.pdf":  claim.LevelSimple,
		"signed/dss__Signature-P-BG_BOR-1.pdf": claim.LevelQualified, // B-Trust: QcCompliance
	} {
		data, err := os.ReadFile(filepath.Join(shared, name))
		if err != nil {
			t.Fatal(err)
		}
		found, _ := readSignatures(data, openModel(data), nil)
		if len(found) == 0 || found[0].Level != want {
			t.Errorf("%s: %+v, want %s", name, found, want)
		}
	}
}
