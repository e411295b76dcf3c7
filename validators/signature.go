package validators

import (
	"slices"
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline/claim"
)

// signatures tells SIG-01 to SIG-09 of an advance's purchase order (AF §6.1).
// A trace of a signature (SIG-07) takes the place of SIG-01, not of SIG-04.
func (a *assessment) signatures() {
	d := a.purchaseOrder()
	if d == nil {
		return
	}
	signatures := signaturesOf(d.Facts)
	if len(signatures) == 0 {
		if !a.traced(d) || a.byHand(d).Hand != claim.NotHandwritten {
			a.unsigned(d)
		}
		return
	}
	a.integrity(d, signatures)
	a.certificates(d, signatures)
	a.signers(d, signatures)
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

// integrity tells SIG-02 of signatures that do not verify, and SIG-03 of those
// that do and leave part of the document uncovered: what a broken one covers
// says nothing.
func (a *assessment) integrity(d *claim.Document, signatures []claim.Signature) {
	a.tellFirst(d, signatures, "SIG-02", func(s claim.Signature) bool { return !verifies(s) })
	a.tellFirst(d, signatures, "SIG-03", func(s claim.Signature) bool { return verifies(s) && s.Coverage != claim.CoversWhole })
}

// tellFirst tells a rule once, where the first signature that it refuses
// stands. A document whose text could not be read goes to a person at most.
func (a *assessment) tellFirst(d *claim.Document, signatures []claim.Signature, code string, refused func(claim.Signature) bool) {
	i := slices.IndexFunc(signatures, refused)
	if i < 0 {
		return
	}
	f := a.tellSignature(d, signatures[i], code, "", nil)
	if a.unread(d) {
		f.Outcome = claim.Review
	}
}

// tellSignature adds the finding of a rule on a signature.
func (a *assessment) tellSignature(d *claim.Document, s claim.Signature, code, variant string, p params) *claim.Finding {
	f := a.tellDocument(d, code, variant, p)
	f.Page, f.Rect = s.Page, s.Rect
	return f
}

// certificates tells SIG-05, each of its reasons once. The certificate of a
// signature that does not verify is not looked at.
func (a *assessment) certificates(d *claim.Document, signatures []claim.Signature) {
	told := map[string]bool{}
	for _, s := range signatures {
		if !verifies(s) {
			continue
		}
		c := s.Certificate
		at := a.provenTime(d.Facts, s)
		for _, reason := range []struct {
			variant string
			holds   bool
		}{
			{"", !c.NotAfter.IsZero() && at.After(c.NotAfter)},
			{"self_signed", c.SelfSigned && c.Trust != claim.Trusted},
			{"untrusted", !c.SelfSigned && c.Trust == claim.Untrusted},
			{"weak", s.Digest == "SHA-1"},
		} {
			if reason.holds && !told[reason.variant] {
				told[reason.variant] = true
				a.tellSignature(d, s, "SIG-05", reason.variant, params{"at": claim.FrenchInstant(at)})
			}
		}
	}
}

// provenTime gives the earliest time at which a signature is known to have
// stood: that of its own timestamp, or of a later one on the document, else
// the reception.
func (a *assessment) provenTime(facts *claim.Facts, s claim.Signature) time.Time {
	at := a.claim.ReceivedAt
	if s.TimeSource == "timestamp" && !s.SignedAt.IsZero() {
		at = earlier(at, s.SignedAt)
	}
	behind := false
	for _, other := range facts.Signatures {
		if behind && other.Timestamp && verifies(other) && !other.SignedAt.IsZero() {
			at = earlier(at, other.SignedAt)
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

// signers tells SIG-06, SIG-08 and SIG-09, by whose certificates sign. A
// signature that does not verify may be the pharmacy's: then there is no
// telling. The pharmacy's signature or its manager's is enough, whoever signs
// or seals beside them.
func (a *assessment) signers(d *claim.Document, signatures []claim.Signature) {
	if slices.ContainsFunc(signatures, func(s claim.Signature) bool { return !verifies(s) }) {
		return
	}
	by := map[owner][]claim.Signature{}
	for _, s := range signatures {
		whose := a.owner(s.Certificate)
		by[whose] = append(by[whose], s)
	}
	if len(by[ofSupplier]) == len(signatures) {
		a.tellSignature(d, signatures[0], "SIG-06", "", nil)
		return
	}
	_, known := a.establishment()
	if !known || !a.readable(claim.FieldCompanyName, claim.FieldManager) || len(by[ofPharmacy])+len(by[ofManager]) > 0 {
		return
	}
	switch {
	case len(by[ofPerson]) > 0:
		a.tellSignature(d, by[ofPerson][0], "SIG-09", "", nil)
	case len(by[ofPlatform]) > 0:
		a.tellSignature(d, by[ofPlatform][0], "SIG-08", "", nil)
	}
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

// owner tells whose a certificate is. One with the pharmacy's organisation is
// the pharmacy's, whoever's name it bears; where it could be the supplier's or
// the pharmacy's, the better match decides, and the pharmacy has the doubt.
// What the supplier writes in the row does not make its own name another's.
func (a *assessment) owner(c claim.Certificate) owner {
	var names []string
	for _, row := range a.Registers.Enrolments(a.claim.Supplier) {
		names = append(names, row.Name)
	}
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

// pharmacy gives the names and numbers of the row's pharmacy, the register's
// included; the row's own name not where the register tells another and it is
// one of the supplier's.
func (a *assessment) pharmacy(suppliers []string) party {
	var p party
	e, registered := a.establishment()
	name, ok := a.text(claim.FieldCompanyName)
	if ok && !(registered && slices.ContainsFunc(suppliers, func(of string) bool { return alike(a.Programme.Names, of, name) })) {
		p.names = append(p.names, name)
	}
	if finess, ok := a.text(claim.FieldFINESS); ok {
		p.numbers = append(p.numbers, finess)
	}
	if registered {
		p.names = append(p.names, e.Name, e.LongName)
		if e.SIRET.KeyOK() {
			p.numbers = append(p.numbers, string(e.SIRET), e.SIRET.SIREN())
		}
	}
	return p
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
