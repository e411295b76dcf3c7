package validators

import (
	"slices"
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
)

// signatureRules stand in the order in which they are asked: SIG-07 takes the
// place of SIG-01 and of some SIG-04, SIG-06 that of SIG-08 and SIG-09.
var signatureRules = []struct {
	code       string
	electronic bool // of a document with electronic signatures; else of one without
	rule       func(*assessment, *claim.Document, []claim.Signature) bool
}{
	{"SIG-07", false, (*assessment).traced},
	{"SIG-01", false, (*assessment).unsigned},
	{"SIG-04", false, (*assessment).doubtful},
	{"SIG-02", true, (*assessment).verified},
	{"SIG-03", true, (*assessment).covered},
	{"SIG-05", true, (*assessment).certified},
	{"SIG-06", true, (*assessment).suppliersAlone},
	{"SIG-09", true, (*assessment).managers},
	{"SIG-08", true, (*assessment).sealed},
}

// signedRole gives the role of the document that claims of a kind have signed.
func signedRole(kind claim.Kind) claim.Role {
	if kind == claim.Balance {
		return claim.AptitudeCertificate
	}
	return claim.PurchaseOrder
}

// signatures asks SIG-01 to SIG-09 of an advance's purchase order (AF §6.1) or a
// balance's VA (AF §6.2).
func (a *assessment) signatures() {
	role := signedRole(a.claim.Kind)
	var signatures []claim.Signature
	if d := a.claim.Document(role); d != nil && opened(d) {
		signatures = signaturesOf(d.Facts)
	}
	for _, rule := range signatureRules {
		a.ask(rule.code, func() bool {
			d, ok := a.openDocument(role)
			if !ok {
				return false
			}
			signed := saw(a, FromDocument, len(signatures), documentName(d), "electronic signatures") > 0
			switch {
			case signed == rule.electronic:
				return rule.rule(a, d, signatures)
			case signed:
				return a.silent("it is signed electronically")
			}
			return a.silent("it is not signed electronically")
		})
	}
}

// signaturesOf gives a document's signatures but its timestamps, which sign
// for nobody.
func signaturesOf(facts *claim.Facts) []claim.Signature {
	return slices.DeleteFunc(slices.Clone(facts.Signatures), func(s claim.Signature) bool { return s.Timestamp })
}

// verifies tells whether the bytes that a signature covers are those that were
// signed. MD5 proves nothing of the kind.
func verifies(s claim.Signature) bool {
	return s.Integrity == claim.Intact && s.Digest != "MD5"
}

// verifies tells whether a signature of a document verifies.
func (a *assessment) verifies(d *claim.Document, s *claim.Signature) bool {
	signatureFact(a, d, s, "integrity", s.Integrity)
	signatureFact(a, d, s, "digest", s.Digest)
	return verifies(*s)
}

// signatureFact is something that a signature of a document tells.
func signatureFact[T any](a *assessment, d *claim.Document, s *claim.Signature, fact string, value T) T {
	return saw(a, FromDocument, value, documentName(d), "signature", s.Field, fact)
}

// verified tells SIG-02 of signatures that do not verify.
func (a *assessment) verified(d *claim.Document, signatures []claim.Signature) bool {
	a.tellFirst(d, signatures, "SIG-02", func(s *claim.Signature) bool { return !a.verifies(d, s) })
	return true
}

// covered tells SIG-03 of signatures that verify and leave part of the document
// uncovered: what a broken one covers says nothing.
func (a *assessment) covered(d *claim.Document, signatures []claim.Signature) bool {
	asked := false
	a.tellFirst(d, signatures, "SIG-03", func(s *claim.Signature) bool {
		if !a.verifies(d, s) {
			return false
		}
		asked = true
		return signatureFact(a, d, s, "coverage", s.Coverage) != claim.CoversWhole
	})
	return asked || a.silent("SIG-02")
}

// tellFirst tells a rule once, where the first signature that it refuses
// stands. A document whose text could not be read goes to a person at most.
func (a *assessment) tellFirst(d *claim.Document, signatures []claim.Signature, code string, refused func(*claim.Signature) bool) {
	for i := range signatures {
		if !refused(&signatures[i]) {
			continue
		}
		f := a.tellSignature(d, signatures[i], code, "", nil)
		if a.unread(d) {
			f.Outcome = claim.Review
		}
		return
	}
}

// tellSignature adds the finding of a rule on a signature.
func (a *assessment) tellSignature(d *claim.Document, s claim.Signature, code, variant string, p params) *claim.Finding {
	f := a.tellDocument(d, code, variant, p)
	f.Page, f.Rect = s.Page, s.Rect
	return f
}

// certified tells SIG-05, each of its reasons once. The certificate of a
// signature that does not verify is not looked at.
func (a *assessment) certified(d *claim.Document, signatures []claim.Signature) bool {
	asked := false
	told := map[string]bool{}
	for i := range signatures {
		s := &signatures[i]
		if !a.verifies(d, s) {
			continue
		}
		asked = true
		at := signatureFact(a, d, s, "stood for certain at", a.provenTime(d, s))
		until := signatureFact(a, d, s, "certificate valid until", s.Certificate.NotAfter)
		selfSigned := signatureFact(a, d, s, "certificate self-signed", s.Certificate.SelfSigned)
		trust := signatureFact(a, d, s, "certificate under a root", s.Certificate.Trust)
		for _, reason := range []struct {
			variant string
			holds   bool
		}{
			{"", !until.IsZero() && at.After(until)},
			{"self_signed", selfSigned && trust != claim.Trusted},
			{"untrusted", !selfSigned && trust == claim.Untrusted},
			{"weak", s.Digest == "SHA-1"},
		} {
			if reason.holds && !told[reason.variant] {
				told[reason.variant] = true
				a.tellSignature(d, *s, "SIG-05", reason.variant, params{"at": claim.FrenchInstant(at)})
			}
		}
	}
	return asked || a.silent("SIG-02")
}

// provenTime gives the earliest time at which a signature is known to have
// stood: that of its own timestamp, or of a later one on the document, else
// the reception.
func (a *assessment) provenTime(d *claim.Document, s *claim.Signature) time.Time {
	at := a.received()
	if signatureFact(a, d, s, "time from", s.TimeSource) == "timestamp" && !s.SignedAt.IsZero() {
		at = earlier(at, signatureFact(a, d, s, "signed at", s.SignedAt))
	}
	behind := false
	for i := range d.Facts.Signatures {
		other := &d.Facts.Signatures[i]
		if behind && other.Timestamp && a.verifies(d, other) && !other.SignedAt.IsZero() {
			at = earlier(at, signatureFact(a, d, other, "signed at", other.SignedAt))
		}
		behind = behind || other.Field == s.Field && !other.Timestamp
	}
	return at
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// suppliersAlone tells SIG-06 of a document that the supplier alone signs.
func (a *assessment) suppliersAlone(d *claim.Document, signatures []claim.Signature) bool {
	owners, ok := a.signers(d, signatures)
	if !ok {
		return false
	}
	if !slices.ContainsFunc(owners, func(o owner) bool { return o != ofSupplier }) {
		a.tellSignature(d, signatures[0], "SIG-06", "", nil)
	}
	return true
}

// managers tells SIG-09 of a document that a person signs who is not the
// manager.
func (a *assessment) managers(d *claim.Document, signatures []claim.Signature) bool {
	return a.signedByOthers(d, signatures, "SIG-09", ofPerson)
}

// sealed tells SIG-08 of a document that a platform signs, and nobody else but
// the supplier.
func (a *assessment) sealed(d *claim.Document, signatures []claim.Signature) bool {
	return a.signedByOthers(d, signatures, "SIG-08", ofPlatform)
}

// signedByOthers tells a rule of the first signature of some owner. The
// pharmacy's signature or its manager's is enough, whoever signs or seals
// beside them. Who they are must be known.
func (a *assessment) signedByOthers(d *claim.Document, signatures []claim.Signature, code string, by owner) bool {
	if !a.partiesKnown() {
		return false
	}
	owners, ok := a.signers(d, signatures)
	switch {
	case !ok:
		return false
	case a.told("SIG-06"):
		return a.silent("SIG-06")
	case a.told("SIG-09"):
		return a.silent("SIG-09")
	case slices.Contains(owners, ofPharmacy) || slices.Contains(owners, ofManager):
		return true
	}
	if i := slices.Index(owners, by); i >= 0 {
		a.tellSignature(d, signatures[i], code, "", nil)
	}
	return true
}

// partiesKnown tells whether it is known who the pharmacy and its manager are.
// After the advance the pharmacy is the dossier's, and the manager unknown.
func (a *assessment) partiesKnown() bool {
	if a.claim.Kind != claim.Advance {
		_, ok := a.advance()
		return ok
	}
	_, known := a.establishment()
	return known && a.readable(claim.FieldCompanyName, claim.FieldManager)
}

// signers tells whose certificate each signature has. One that does not verify
// may be the pharmacy's: then there is no telling, nor where no dossier tells the
// pharmacy. It is worked out once, or once a rule where that tells what the rule
// reads.
func (a *assessment) signers(d *claim.Document, signatures []claim.Signature) ([]owner, bool) {
	if a.claim.Kind != claim.Advance && !a.partiesKnown() {
		return nil, false
	}
	for i := range signatures {
		if !a.verifies(d, &signatures[i]) {
			return nil, a.silent("SIG-02")
		}
	}
	if a.owners == nil || a.recorder != nil {
		a.owners = nil
		for i := range signatures {
			s := &signatures[i]
			whose := a.owner(signatureFact(a, d, s, "certificate", s.Certificate))
			a.owners = append(a.owners, signatureFact(a, d, s, "is", whose))
		}
	}
	return a.owners, true
}

// owner is whose a certificate is (spec 6, "Signatures").
type owner int

const (
	ofSupplier owner = iota
	ofPharmacy
	ofManager
	ofPerson
	ofPlatform
)

// String names the owner.
func (o owner) String() string {
	return [...]string{"the supplier's", "the pharmacy's", "the manager's", "another person's", "a platform's"}[o]
}

// owner tells whose a certificate is. One with the pharmacy's organisation is
// the pharmacy's, whoever's name it bears; where it could be the supplier's or
// the pharmacy's, the better match decides, and the pharmacy has the doubt.
// What the supplier writes in the row does not make its own name another's.
func (a *assessment) owner(c claim.Certificate) owner {
	names := a.supplierNames()
	supplier := party{names: names, numbers: []string{a.claim.Supplier.SIREN(), string(a.claim.Supplier)}}
	manager := a.bearsManager(c, names)
	suppliers := supplier.match(a.Programme.Names, c, manager)
	pharmacys := a.pharmacy(names).match(a.Programme.Names, c, false)
	switch {
	case suppliers > pharmacys:
		return ofSupplier
	case pharmacys > 0:
		return ofPharmacy
	case c.GivenName == "" || c.Surname == "":
		if len(words(c.CommonName)) < 2 || len(c.Organisation) > 0 {
			return ofPlatform
		}
	}
	if manager {
		return ofManager
	}
	return ofPerson
}

// pharmacy gives the names and numbers of the claim's pharmacy, the register's
// included; the name that the supplier gave not where the register tells another
// and it is one of the supplier's.
func (a *assessment) pharmacy(suppliers []string) party {
	var p party
	e, known := a.establishment()
	name, finess := a.quotedPharmacy()
	if name != "" && !(known && slices.ContainsFunc(suppliers, func(of string) bool { return alike(a.Programme.Names, of, name) })) {
		p.names = append(p.names, name)
	}
	if finess != "" {
		p.numbers = append(p.numbers, finess)
	}
	if known {
		p.names = append(p.names, a.registeredNames(e)...)
		if registered(a, finessRegister, string(e.FINESS), "SIRET", e.SIRET).KeyOK() {
			p.numbers = append(p.numbers, string(e.SIRET), e.SIRET.SIREN())
		}
	}
	return p
}

// quotedPharmacy gives the pharmacy's name and FINESS number as the supplier gave
// them, on this row or on the advance's; nothing where rules may not read them.
func (a *assessment) quotedPharmacy() (name, finess string) {
	if a.claim.Kind == claim.Advance {
		name, _ = a.text(claim.FieldCompanyName)
		finess, _ = a.text(claim.FieldFINESS)
		return name, finess
	}
	advance, ok := a.advance()
	if !ok {
		return "", ""
	}
	return dossierFact(a, advance, "company name", advance.RowName), string(dossierFact(a, advance, "FINESS", advance.FINESS))
}

// bearsManager tells whether a certificate bears the manager's name, which
// then is no company's though it may resemble one; unless the row gives
// nothing but one of the supplier's names for the manager's. Either of the two
// may have more given names than the other.
func (a *assessment) bearsManager(c claim.Certificate, suppliers []string) bool {
	manager, ok := a.text(claim.FieldManager)
	if !ok || slices.ContainsFunc(suppliers, func(name string) bool { return within(words(manager), words(name)) }) {
		return false
	}
	borne := personWords(a.Programme.Names, c.CommonName+" "+c.GivenName+" "+c.Surname)
	named := personWords(a.Programme.Names, manager)
	return within(named, borne) || len(distinct(slices.Clone(borne))) > 1 && within(borne, named)
}

// within tells whether all words of a list are in another.
func within(some, all []string) bool {
	return !slices.ContainsFunc(some, func(word string) bool { return !slices.Contains(all, word) })
}

// party is a company that a certificate may belong to.
type party struct {
	names   []string
	numbers []string // SIREN, SIRET, FINESS
}

// Matches of a certificate with a party, the better ones higher.
const (
	matchNone   = 0
	matchDomain = 1   // the e-mail's domain is its name
	matchName   = 2   // its name resembles; plus up to 100 for how much
	matchNumber = 200 // it bears one of its numbers
)

// match tells how well a certificate matches a party.
func (p party) match(n config.Names, c claim.Certificate, personal bool) int {
	texts := append(append([]string{}, c.Organisation...), c.OrganisationalUnit...)
	if !personal {
		texts = append(texts, c.CommonName)
	}
	for _, text := range append(slices.Clone(texts), c.OrganisationID, c.SerialNumber) {
		if p.bearsNumber(text) {
			return matchNumber
		}
	}
	best := matchNone
	for _, name := range p.names {
		for _, text := range texts {
			if named(n, name, text) {
				best = max(best, matchName+common(companyWords(n, name), companyWords(n, text)))
			}
		}
		if best == matchNone && slices.ContainsFunc(c.Emails, func(email string) bool { return domainIs(n, email, name) }) {
			best = matchDomain
		}
	}
	return best
}

// named tells whether a certificate's text resembles a company's name. Words
// that many names have make it one only where they are the whole of it: GRANDE
// PHARMACIE is GRANDE PHARMACIE, and no other.
func named(n config.Names, name, text string) bool {
	if distinctive(n, name) && distinctive(n, text) {
		return alike(n, name, text)
	}
	whole := words(name)
	return len(whole) > 1 && slices.Equal(whole, words(text))
}

// bearsNumber tells whether a text holds one of the party's numbers, as one
// word or in groups: NTRFR-123456789, 0002 123 456 789, VATFR-40123456789.
func (p party) bearsNumber(text string) bool {
	folded := claim.Fold(text)
	if _, vat, ok := strings.Cut(folded, "vatfr-"); ok && len(vat) > 2 {
		folded += " " + vat[2:] // behind the two characters of the key
	}
	s := newStream([]place{{folded: folded}})
	return slices.ContainsFunc(p.numbers, func(number string) bool {
		return s.each(strings.ToLower(number), func(sp span) bool { return s.grouped(sp, " ") })
	})
}

// common gives the share of the words of the longer of two names that both
// have, in hundredths.
func common(a, b []string) int {
	a, b = distinct(a), distinct(b)
	shared := 0
	for _, word := range a {
		if slices.Contains(b, word) {
			shared++
		}
	}
	return shared * 100 / max(len(a), len(b), 1)
}

// domainIs tells whether an e-mail's domain is a company's name in one word.
// Anything less would take a customer of a mail provider for the provider.
func domainIs(n config.Names, email, name string) bool {
	_, domain, ok := strings.Cut(claim.Fold(email), "@")
	labels := strings.Split(domain, ".")
	if !ok || len(labels) < 2 || !distinctive(n, name) {
		return false
	}
	label := strings.ReplaceAll(labels[len(labels)-2], "-", "")
	return label == strings.Join(words(name), "") || label == strings.Join(companyWords(n, name), "")
}
