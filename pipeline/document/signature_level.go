package document

import (
	"crypto/x509"
	"encoding/asn1"
	"slices"
	"strings"
	"unicode"

	"guichet/pipeline/claim"
)

// What certificates bear that tells their level.
var (
	oidQCStatements = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 1, 3} // RFC 3739
	oidPolicies     = asn1.ObjectIdentifier{2, 5, 29, 32}

	oidQCCompliance = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 1} // EN 319 412-5
	oidQCType       = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6}
	oidQCTypeESign  = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 6, 1}
	oidQCForeign    = asn1.ObjectIdentifier{0, 4, 0, 1862, 1, 7} // qualified by the law of a country outside the Union

	oidQCPNatural     = asn1.ObjectIdentifier{0, 4, 0, 194112, 1, 0} // EN 319 411-2
	oidQCPNaturalQSCD = asn1.ObjectIdentifier{0, 4, 0, 194112, 1, 2}

	arcASIP = asn1.ObjectIdentifier{1, 2, 250, 1, 213} // ASIP Santé, today the ANS
	arcCPS  = asn1.ObjectIdentifier{1, 2, 250, 1, 71}  // GIP CPS
	arcRGS  = asn1.ObjectIdentifier{1, 2, 250, 1, 137} // the type policies of the RGS
)

// Names that issuers of cards of the health professions bear, folded.
var (
	cpxOrganisations = []string{"asip-sante", "ans", "agence du numerique en sante", "gip-cps"}
	cpxUnits         = []string{"igc-sante", "gip-cps"}
)

// level tells what kind of signature a certificate makes, as far as it says
// so itself: whoever makes a certificate writes what he likes. It informs, and
// no rule accepts anything for it.
func level(certificate *x509.Certificate) claim.Level {
	switch {
	case certificate == nil:
		return ""
	case qualified(certificate):
		return claim.LevelQualified
	case ofHealthCard(certificate):
		return claim.LevelCPx
	case underRGS(certificate):
		return claim.LevelRGS
	}
	return claim.LevelSimple
}

// qualified tells whether a certificate says that it is qualified for
// electronic signatures (eIDAS, annex I): by its statements, or by a policy.
func qualified(certificate *x509.Certificate) bool {
	compliant, typed, signs, foreign := false, false, false, false
	for _, statement := range qcStatements(certificate) {
		switch {
		case statement.ID.Equal(oidQCCompliance):
			compliant = true
		case statement.ID.Equal(oidQCForeign):
			foreign = true
		case statement.ID.Equal(oidQCType):
			typed = true
			var types []asn1.ObjectIdentifier
			if _, err := asn1.Unmarshal(statement.Info.FullBytes, &types); err == nil {
				signs = slices.ContainsFunc(types, oidQCTypeESign.Equal)
			}
		}
	}
	if foreign || typed && !signs {
		return false
	}
	return compliant || slices.ContainsFunc(certificate.PolicyIdentifiers, func(policy asn1.ObjectIdentifier) bool {
		return policy.Equal(oidQCPNatural) || policy.Equal(oidQCPNaturalQSCD)
	})
}

// qcStatement is a statement of a qualified certificate.
type qcStatement struct {
	ID   asn1.ObjectIdentifier
	Info asn1.RawValue `asn1:"optional"`
}

func qcStatements(certificate *x509.Certificate) []qcStatement {
	var statements []qcStatement
	if _, err := asn1.Unmarshal(extension(certificate, oidQCStatements), &statements); err != nil {
		return nil
	}
	return statements
}

// extension gives the value of an extension; nothing when there is none.
func extension(certificate *x509.Certificate, oid asn1.ObjectIdentifier) []byte {
	for _, e := range certificate.Extensions {
		if e.Id.Equal(oid) {
			return e.Value
		}
	}
	return nil
}

// ofHealthCard tells whether a certificate is of the health professions' own
// authorities: by its policy, or by its issuer's organisation and unit.
func ofHealthCard(certificate *x509.Certificate) bool {
	issuer := certificate.Issuer
	return underArc(certificate, arcASIP) || underArc(certificate, arcCPS) ||
		holdsName(issuer.Organization, cpxOrganisations) && holdsName(append(issuer.OrganizationalUnit, issuer.CommonName), cpxUnits)
}

// underRGS tells whether a certificate says that it is one of the référentiel
// général de sécurité: by its policy, or in the words of its policy or its
// issuer.
func underRGS(certificate *x509.Certificate) bool {
	return underArc(certificate, arcRGS) ||
		slices.ContainsFunc(append([]string{certificate.Issuer.CommonName, string(extension(certificate, oidPolicies))},
			append(certificate.Issuer.Organization, certificate.Issuer.OrganizationalUnit...)...), saysRGS)
}

// saysRGS tells whether RGS stands in a text as a word.
func saysRGS(text string) bool {
	notLetter := func(r rune) bool { return !unicode.IsLetter(r) }
	return slices.ContainsFunc(strings.FieldsFunc(text, notLetter), func(word string) bool { return word == "RGS" })
}

func underArc(certificate *x509.Certificate, arc asn1.ObjectIdentifier) bool {
	return slices.ContainsFunc(certificate.PolicyIdentifiers, func(policy asn1.ObjectIdentifier) bool {
		return len(policy) > len(arc) && policy[:len(arc)].Equal(arc)
	})
}

// holdsName tells whether a text holds one of some names in whole words: AC
// IGC-SANTE FORT and IGC-SANTE TEST hold igc-sante.
func holdsName(texts, names []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool {
		folded := " " + claim.Fold(text) + " "
		return slices.ContainsFunc(names, func(name string) bool { return strings.Contains(folded, " "+name+" ") })
	})
}
