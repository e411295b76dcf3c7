package validators

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

// signed changes the faultless purchase order's signatures.
func signed(f func(claim.Signature) []claim.Signature) func(*Context, *claim.Claim) {
	return order(func(d *claim.Document) { d.Facts.Signatures = f(d.Facts.Signatures[0]) })
}

// with changes its one signature.
func with(f func(*claim.Signature)) func(*Context, *claim.Claim) {
	return signed(func(s claim.Signature) []claim.Signature { f(&s); return []claim.Signature{s} })
}

// certified changes its certificate.
func certified(c claim.Certificate) func(*Context, *claim.Claim) {
	return with(func(s *claim.Signature) {
		c.NotAfter = s.Certificate.NotAfter
		s.Certificate = c
	})
}

func unsigned(claim.Signature) []claim.Signature { return nil }

func broken(s claim.Signature) claim.Signature {
	s.Integrity, s.Problem = claim.Broken, "digest"
	return s
}

func partial(s claim.Signature) claim.Signature {
	s.Coverage = claim.CoversPartial
	return s
}

// bySupplier is the same signature with the supplier's certificate.
func bySupplier(s claim.Signature) claim.Signature {
	s.Field = "Signature2"
	s.Certificate.CommonName, s.Certificate.Organisation = "Paul Durand", []string{"OFFISOFT"}
	return s
}

func timestamp(at string) claim.Signature {
	return claim.Signature{Field: "Horodatage", Timestamp: true, Integrity: claim.Intact, Coverage: claim.CoversWhole, Digest: "SHA-256", SignedAt: paris(at), TimeSource: "timestamp"}
}

func TestSignatures(t *testing.T) {
	onPage := func(f func(*claim.Page)) func(*Context, *claim.Claim) {
		return order(func(d *claim.Document) {
			d.Facts.Signatures = nil
			f(&d.Facts.Pages[0])
		})
	}
	traced := func(lines ...string) func(*Context, *claim.Claim) {
		return onPage(func(p *claim.Page) { p.Words = append(p.Words, pageOf(lines...).Words...) })
	}
	for _, test := range []struct {
		name  string
		spoil func(*Context, *claim.Claim)
		want  string
	}{
		{"signed", order(func(*claim.Document) {}), ""},

		{"not signed", signed(unsigned), "SIG-01"},
		{"a timestamp alone", signed(func(claim.Signature) []claim.Signature { return []claim.Signature{timestamp("2022-09-02")} }), "SIG-01"},
		{"an image", onPage(func(p *claim.Page) { p.HasImage = true }), "SIG-04"},
		{"an annotation", onPage(func(p *claim.Page) { p.HasAnnotation = true }), "SIG-04"},
		{"an image beside a signature", order(func(d *claim.Document) { d.Facts.Pages[0].HasImage = true }), ""},
		{"not signed, and no text", order(func(d *claim.Document) {
			d.Facts.Signatures, d.Facts.Pages = nil, []claim.Page{{}}
		}), "DOC-06 SIG-04"},

		{"a trace of a signature", traced("Signé électroniquement par Claire MARTIN le 02/09/2022"), "SIG-07"},
		{"a trace, in the feminine", traced("Commande signée électroniquement le 02/09/2022"), "SIG-07"},
		{"an envelope of DocuSign", traced("DocuSign Envelope ID: 3F2504E0-4F89-11D3-9A0C-0305E82C3301"), "SIG-07"},
		{"a transaction of Adobe on the next line", traced("Adobe Acrobat Sign", "Numéro de transaction : CBJCHBCAABAA7"), "SIG-07"},
		{"Pro Santé Connect", traced("Identité vérifiée par Pro Santé Connect"), "SIG-07"},
		{"an instruction is no trace", traced("Ce document peut être signé électroniquement."), "SIG-01"},
		{"a label is no trace", traced("Signature électronique :"), "SIG-01"},
		{"a service without a number", traced("Nos contrats sont signés avec Yousign"), "SIG-01"},
		{"a number without a service", traced("Identifiant de transaction : 12345"), "SIG-01"},
		{"a service, and a proof elsewhere", traced("Yousign", "merci", "merci", "Preuve de dépôt 12"), "SIG-01"},
		{"a trace that nobody sees", onPage(func(p *claim.Page) {
			hidden := pageOf("Signé électroniquement par Claire MARTIN").Words
			for i := range hidden {
				hidden[i].Hidden = true
			}
			p.Words = append(p.Words, hidden...)
		}), "SIG-01"},
		{"a trace and an image", onPage(func(p *claim.Page) {
			p.Words = append(p.Words, pageOf("Signé électroniquement par Claire MARTIN").Words...)
			p.HasImage, p.Source = true, claim.TextFromPDF
		}), "SIG-04 SIG-07"},
		{"a trace beside a signature", order(func(d *claim.Document) {
			d.Facts.Pages[0].Words = append(d.Facts.Pages[0].Words, pageOf("Signé électroniquement par Claire MARTIN").Words...)
		}), ""},

		{"broken", with(func(s *claim.Signature) { *s = broken(*s) }), "SIG-02"},
		{"broken and partial", with(func(s *claim.Signature) { *s = broken(partial(*s)) }), "SIG-02"},
		{"neither intact nor broken", with(func(s *claim.Signature) { s.Integrity = "" }), "SIG-02"},
		{"MD5", with(func(s *claim.Signature) { s.Digest = "MD5" }), "SIG-02"},
		{"a broken one beside a good one", signed(func(s claim.Signature) []claim.Signature {
			return []claim.Signature{broken(s), s}
		}), "SIG-02"},
		{"a good one beside a broken one", signed(func(s claim.Signature) []claim.Signature {
			return []claim.Signature{s, broken(s)}
		}), "SIG-02"},
		{"partial", with(func(s *claim.Signature) { *s = partial(*s) }), "SIG-03"},
		{"partial beside whole", signed(func(s claim.Signature) []claim.Signature { return []claim.Signature{partial(s), s} }), "SIG-03"},
		{"one partial, another broken", signed(func(s claim.Signature) []claim.Signature {
			return []claim.Signature{partial(s), broken(s)}
		}), "SIG-02 SIG-03"},
		{"a broken timestamp", signed(func(s claim.Signature) []claim.Signature {
			return []claim.Signature{s, broken(timestamp("2022-09-03"))}
		}), ""},

		{"expired at reception", with(func(s *claim.Signature) {
			s.TimeSource, s.Certificate.NotAfter = "claimed", paris("2022-11-01")
		}), "SIG-05"},
		{"expired since, with a timestamp", with(func(s *claim.Signature) { s.Certificate.NotAfter = paris("2022-11-01") }), ""},
		{"expired since, with a timestamp of the document", signed(func(s claim.Signature) []claim.Signature {
			s.TimeSource, s.Certificate.NotAfter = "dictionary", paris("2022-11-01")
			return []claim.Signature{s, timestamp("2022-10-01")}
		}), ""},
		{"a timestamp before the signature", signed(func(s claim.Signature) []claim.Signature {
			s.TimeSource, s.Certificate.NotAfter = "dictionary", paris("2022-11-01")
			return []claim.Signature{timestamp("2022-10-01"), s}
		}), "SIG-05"},
		{"a broken timestamp of the document", signed(func(s claim.Signature) []claim.Signature {
			s.TimeSource, s.Certificate.NotAfter = "dictionary", paris("2022-11-01")
			return []claim.Signature{s, broken(timestamp("2022-10-01"))}
		}), "SIG-05"},
		{"expires at that instant", with(func(s *claim.Signature) {
			s.TimeSource, s.Certificate.NotAfter = "claimed", paris("2022-12-01 10:00")
		}), ""},
		{"expired a second before", with(func(s *claim.Signature) {
			s.TimeSource, s.Certificate.NotAfter = "claimed", paris("2022-12-01 09:59:59")
		}), "SIG-05"},
		{"self-signed", with(func(s *claim.Signature) { s.Certificate.SelfSigned, s.Certificate.Trust = true, claim.TrustUnknown }), "SIG-05"},
		{"self-signed, and no trusted root", with(func(s *claim.Signature) { s.Certificate.SelfSigned, s.Certificate.Trust = true, claim.Untrusted }), "SIG-05"},
		{"self-signed, and a trusted root", with(func(s *claim.Signature) { s.Certificate.SelfSigned = true }), ""},
		{"no roots configured", with(func(s *claim.Signature) { s.Certificate.Trust = claim.TrustUnknown }), ""},
		{"untrusted", with(func(s *claim.Signature) { s.Certificate.Trust = claim.Untrusted }), "SIG-05"},
		{"SHA-1", with(func(s *claim.Signature) { s.Digest = "SHA-1" }), "SIG-05"},
		{"SHA-1, self-signed and expired", with(func(s *claim.Signature) {
			s.Digest, s.TimeSource = "SHA-1", "claimed"
			s.Certificate = claim.Certificate{SelfSigned: true, NotAfter: paris("2022-11-01"), Organisation: s.Certificate.Organisation}
		}), "SIG-05 SIG-05 SIG-05"},
		{"broken, and all that", with(func(s *claim.Signature) {
			s.Digest, s.TimeSource = "SHA-1", "claimed"
			s.Certificate = claim.Certificate{SelfSigned: true, NotAfter: paris("2022-11-01"), Organisation: []string{"OFFISOFT"}}
			*s = broken(*s)
		}), "SIG-02"},
		{"twice self-signed", signed(func(s claim.Signature) []claim.Signature {
			s.Certificate.SelfSigned, s.Certificate.Trust = true, claim.TrustUnknown
			return []claim.Signature{s, s}
		}), "SIG-05"},

		{"the supplier alone", signed(func(s claim.Signature) []claim.Signature { return []claim.Signature{bySupplier(s)} }), "SIG-06"},
		{"the supplier and a timestamp", signed(func(s claim.Signature) []claim.Signature {
			return []claim.Signature{bySupplier(s), timestamp("2022-10-01")}
		}), "SIG-06"},
		{"the supplier twice", signed(func(s claim.Signature) []claim.Signature {
			return []claim.Signature{bySupplier(s), bySupplier(s)}
		}), "SIG-06"},
		{"the supplier and the pharmacy", signed(func(s claim.Signature) []claim.Signature {
			return []claim.Signature{s, bySupplier(s)}
		}), ""},
		{"the supplier, and a broken one", signed(func(s claim.Signature) []claim.Signature {
			return []claim.Signature{broken(s), bySupplier(s)}
		}), "SIG-02"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, told := assessed(test.spoil, "SIG", "DOC")
			if told != test.want {
				t.Fatalf("%q, want %q", told, test.want)
			}
			for _, f := range got.Findings {
				checkTexts(t, f)
				if f.Document != "commande-0001.pdf" || f.Cell == "" {
					t.Errorf("place: %+v", f)
				}
			}
		})
	}
}

// TestWhoseCertificate tells the supplier's certificates from others'.
func TestWhoseCertificate(t *testing.T) {
	siren := theSupplier.SIREN()
	for _, test := range []struct {
		name string
		c    claim.Certificate
		want string
	}{
		{"organisation", claim.Certificate{Organisation: []string{"Offisoft S.A.S."}}, "SIG-06"},
		{"organisational unit", claim.Certificate{OrganisationalUnit: []string{"OFFISOFT"}, CommonName: "Signature"}, "SIG-06"},
		{"common name", claim.Certificate{CommonName: "Cachet Offisoft"}, "SIG-06"},
		{"SIREN in the unit", claim.Certificate{OrganisationalUnit: []string{"0002 " + siren}, CommonName: "Paul Durand"}, "SIG-06"},
		{"SIREN in groups", claim.Certificate{OrganisationalUnit: []string{"0002 " + siren[:3] + " " + siren[3:6] + " " + siren[6:]}, CommonName: "Paul Durand"}, "SIG-06"},
		{"SIREN as identifier", claim.Certificate{OrganisationID: "NTRFR-" + siren, CommonName: "Paul Durand"}, "SIG-06"},
		{"number for VAT", claim.Certificate{OrganisationID: "VATFR-40" + siren, CommonName: "Paul Durand"}, "SIG-06"},
		{"SIRET", claim.Certificate{OrganisationalUnit: []string{"0002 " + string(theSupplier)}, CommonName: "Paul Durand"}, "SIG-06"},
		{"domain", claim.Certificate{CommonName: "Paul Durand", Emails: []string{"p.durand@sign.offisoft.fr"}}, "SIG-06"},
		{"supplier's, in the manager's name", claim.Certificate{CommonName: "Claire MARTIN", Organisation: []string{"OFFISOFT"}}, "SIG-06"},

		{"the manager's", claim.Certificate{CommonName: "Claire MARTIN", GivenName: "Claire", Surname: "MARTIN"}, ""},
		{"the manager's, family name first", claim.Certificate{CommonName: "MARTIN Claire"}, ""},
		{"the manager's, with a second given name", claim.Certificate{CommonName: "Claire Jeanne MARTIN"}, ""},
		{"the manager's, by an authority that names itself", claim.Certificate{CommonName: "12345", GivenName: "Claire", Surname: "Martin", Organisation: []string{"Autorité"}}, ""},
		{"another person's", claim.Certificate{CommonName: "Paul Durand"}, "SIG-09"},
		{"another person's of the same name", claim.Certificate{CommonName: "Paul Martin"}, "SIG-09"},
		{"another person's, with an organisation", claim.Certificate{CommonName: "x", GivenName: "Paul", Surname: "Durand", Organisation: []string{"Autorité"}}, "SIG-09"},
		{"a platform's", claim.Certificate{CommonName: "Sceau", Organisation: []string{"Universign"}}, "SIG-08"},
		{"a platform's, of two words", claim.Certificate{CommonName: "Sceau Universign", Organisation: []string{"Cryptolog"}}, "SIG-08"},
		{"a platform's without organisation", claim.Certificate{CommonName: "Universign"}, "SIG-08"},
		{"the pharmacy's", claim.Certificate{CommonName: "Paul Durand", Organisation: []string{"SELARL PHARMACIE DU PONT NEUF"}}, ""},
		{"the pharmacy's FINESS", claim.Certificate{OrganisationalUnit: []string{string(thePharmacy)}, CommonName: "Offisoft"}, ""},
		{"another domain of mail", claim.Certificate{CommonName: "Paul Durand", Emails: []string{"offisoft@gmail.com"}}, "SIG-09"},
		{"another's SIREN", claim.Certificate{OrganisationID: "NTRFR-1" + siren, CommonName: "Paul Durand"}, "SIG-09"},
		{"a legal form is no name", claim.Certificate{CommonName: "SAS", Organisation: []string{"SAS"}}, "SIG-08"},
		{"nothing", claim.Certificate{}, "SIG-08"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, told := assessed(certified(test.c), "SIG"); told != test.want {
				t.Errorf("%q, want %q", told, test.want)
			}
		})
	}
}

// TestWhoSignsBeside has two sign: the pharmacy's signature or its manager's
// is enough.
func TestWhoSignsBeside(t *testing.T) {
	certificates := map[string]claim.Certificate{
		"pharmacy": {CommonName: "Paul Durand", Organisation: []string{"PHARMACIE DU PONT NEUF"}},
		"manager":  {CommonName: "Claire MARTIN"}, "person": {CommonName: "Paul Durand"},
		"platform": {CommonName: "Sceau", Organisation: []string{"Universign"}}, "supplier": {CommonName: "Sceau", Organisation: []string{"OFFISOFT"}},
	}
	by := func(names ...string) func(*Context, *claim.Claim) {
		return signed(func(s claim.Signature) []claim.Signature {
			var all []claim.Signature
			for _, name := range names {
				one := s
				one.Field = name
				if certificate, known := certificates[name]; known {
					certificate.NotAfter = s.Certificate.NotAfter
					one.Certificate = certificate
				} else {
					one = broken(one)
				}
				all = append(all, one)
			}
			return all
		})
	}
	for _, test := range []struct {
		name  string
		spoil func(*Context, *claim.Claim)
		want  string
	}{
		{"manager and supplier", by("manager", "supplier"), ""},
		{"another person and the manager", by("person", "manager"), ""},
		{"another person and the pharmacy", by("person", "pharmacy"), ""},
		{"platform and manager", by("platform", "manager"), ""},
		{"pharmacy and platform", by("pharmacy", "platform"), ""},
		{"another person and the supplier", by("person", "supplier"), "SIG-09"},
		{"another person and a platform", by("platform", "person"), "SIG-09"},
		{"supplier and platform", by("supplier", "platform"), "SIG-08"},
		{"two platforms", by("platform", "platform"), "SIG-08"},
		{"another person, and one that does not verify", by("person", "broken"), "SIG-02"},
		{"another person, and the manager's name is not readable", also(by("person"), func(_ *Context, c *claim.Claim) {
			setState(c, claim.FieldManager, claim.FieldBad)
		}), ""},
		{"a platform, and the pharmacy is not known", also(by("platform"), withText(claim.FieldFINESS, string(withKey("75000009")))), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, told := assessed(test.spoil, "SIG")
			if told != test.want {
				t.Fatalf("%q, want %q", told, test.want)
			}
			for _, f := range got.Findings {
				checkTexts(t, f)
			}
		})
	}
}

// TestNamesakes gives the supplier a name that others' resemble.
func TestNamesakes(t *testing.T) {
	for _, test := range []struct {
		name     string
		supplier string
		c        claim.Certificate
		want     string
	}{
		{"supplier named like the manager", "Martin Informatique", claim.Certificate{CommonName: "Claire MARTIN"}, ""},
		{"supplier named like the pharmacy", "Pont Neuf Logiciels SAS", claim.Certificate{Organisation: []string{"Pharmacie du Pont Neuf"}}, ""},
		{"its own name all the same", "Pont Neuf Logiciels SAS", claim.Certificate{Organisation: []string{"Pont Neuf Logiciels"}}, "SIG-06"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, told := assessed(func(ctx *Context, c *claim.Claim) {
				registers(ctx).enrolments[theSupplier][0].Name = test.supplier
				certified(test.c)(ctx, c)
			}, "SIG")
			if told != test.want {
				t.Errorf("%q, want %q", told, test.want)
			}
		})
	}
}

// TestSuppliersRow has the supplier write its own name where the pharmacy's or
// the manager's belongs.
func TestSuppliersRow(t *testing.T) {
	for field, text := range map[claim.FieldID]string{claim.FieldCompanyName: "Offisoft Officine", claim.FieldManager: "OFFISOFT"} {
		_, told := assessed(func(ctx *Context, c *claim.Claim) {
			setText(c, field, text)
			certified(claim.Certificate{CommonName: "Offisoft Officine"})(ctx, c)
		}, "SIG")
		if told != "SIG-06" {
			t.Errorf("%s %q: %q, want SIG-06", field, text, told)
		}
	}
}

func TestSignaturesOfUnreadText(t *testing.T) {
	for code, spoilt := range map[string]func(claim.Signature) claim.Signature{"SIG-02": broken, "SIG-03": partial} {
		got, _ := assessed(order(func(d *claim.Document) {
			d.Facts.Pages = []claim.Page{{}}
			d.Facts.Signatures[0] = spoilt(d.Facts.Signatures[0])
		}), "SIG")
		if f := find(t, got.Findings, code); f.Outcome != claim.Review {
			t.Errorf("%s: outcome %s", code, f.Outcome)
		}
	}
}

func TestSignaturePlaceAndText(t *testing.T) {
	got, _ := assessed(with(func(s *claim.Signature) {
		s.TimeSource, s.Certificate.NotAfter = "claimed", paris("2022-11-01")
	}), "SIG")
	f := find(t, got.Findings, "SIG-05")
	if f.Page != 1 || f.Rect == nil || f.Message != "Le certificat de signature du document commande-0001.pdf était expiré le 01/12/2022 à 10:00." {
		t.Errorf("%d %v %s", f.Page, f.Rect, f.Message)
	}
}

func TestSummarise(t *testing.T) {
	whole := claim.SignatureSummary{
		Kind: "electronic", Integrity: claim.Intact, Coverage: claim.CoversWhole, Level: "simple",
		Signer: "Claire MARTIN", Organisation: "PHARMACIE DU PONT NEUF", SignedAt: paris("2022-09-02 09:30"),
	}
	both := whole
	both.Coverage, both.Signer, both.Organisation = claim.CoversPartial, "Claire MARTIN ; Paul Durand", "PHARMACIE DU PONT NEUF ; OFFISOFT"
	unverified := whole
	unverified.Integrity, unverified.Level = claim.Broken, ""
	qualified, card := whole, whole
	qualified.Level, card.Level = "qualified", "cpx"
	none := claim.SignatureSummary{Kind: "none"}
	for _, test := range []struct {
		name   string
		spoil  func(*Context, *claim.Claim)
		pages  int
		source claim.TextSource
		want   claim.SignatureSummary
	}{
		{"signed", order(func(*claim.Document) {}), 1, claim.TextFromPDF, whole},
		{"not signed", signed(unsigned), 1, claim.TextFromPDF, none},
		{"broken", with(func(s *claim.Signature) { *s = broken(*s) }), 1, claim.TextFromPDF, unverified},
		{"a timestamp alone", signed(func(claim.Signature) []claim.Signature { return []claim.Signature{timestamp("2022-09-02")} }), 1, claim.TextFromPDF, none},
		{"qualified", with(func(s *claim.Signature) { s.Level = claim.LevelQualified }), 1, claim.TextFromPDF, qualified},
		{"qualified and card", signed(func(s claim.Signature) []claim.Signature {
			other := s
			s.Level, other.Level = claim.LevelQualified, claim.LevelCPx
			return []claim.Signature{s, other}
		}), 1, claim.TextFromPDF, card},
		{"qualified and not told", signed(func(s claim.Signature) []claim.Signature {
			other := s
			s.Level = claim.LevelQualified
			return []claim.Signature{s, other}
		}), 1, claim.TextFromPDF, whole},
		{"qualified and broken", with(func(s *claim.Signature) { s.Level = claim.LevelQualified; *s = broken(*s) }), 1, claim.TextFromPDF, unverified},
		{"two signatures", signed(func(s claim.Signature) []claim.Signature {
			return []claim.Signature{partial(s), bySupplier(s), timestamp("2022-10-01")}
		}), 1, claim.TextFromPDF, both},
		{"locked", order(func(d *claim.Document) { d.Facts = &claim.Facts{Status: claim.ReadLocked} }), 0, claim.TextFromNone, none},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, _ := assessed(test.spoil)
			want := []claim.ResultDocument{{
				File: "commande-0001.pdf", SHA256: theOrderDigest(), Role: claim.PurchaseOrder,
				Pages: test.pages, TextSource: test.source, Signature: test.want,
			}}
			if diff := cmp.Diff(want, got.Documents, cmp.Comparer(time.Time.Equal)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	t.Run("not in the batch", func(t *testing.T) {
		got, _ := assessed(order(func(d *claim.Document) { d.Object, d.Facts = nil, nil }))
		if len(got.Documents) != 0 {
			t.Errorf("%+v", got.Documents)
		}
	})
}

func theOrderDigest() string {
	_, c := faultless()
	return c.Documents[0].Object.SHA256
}
