package validators

import (
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

// Kinds of signatures as a result tells of them.
const (
	electronicSignature = "electronic"
	noSignature         = "none"
)

// summarise tells of a claim's documents that are in the batch.
func summarise(c *claim.Claim) []claim.ResultDocument {
	var all []claim.ResultDocument
	for i := range c.Documents {
		if c.Documents[i].Object != nil {
			all = append(all, Summarise(&c.Documents[i]))
		}
	}
	return all
}

// Summarise makes what a result tells of a document: its pages, where its text
// comes from, and the verdict on its electronic signatures as a whole. Signer
// and organisation name all signers, in the order of their signatures; the
// time is that of the last signature. The level is the least that the law
// knows, since the file alone proves no higher one. A document that could not
// be read has no pages, no text and no signature.
func Summarise(d *claim.Document) claim.ResultDocument {
	summary := claim.ResultDocument{
		File: documentName(d), Role: d.Role, TextSource: claim.TextFromNone,
		Signature: claim.SignatureSummary{Kind: noSignature},
	}
	if d.Object != nil {
		summary.SHA256 = d.Object.SHA256
	}
	if !opened(d) {
		return summary
	}
	summary.Pages = len(d.Facts.Pages)
	if d.Facts.TextSource != "" {
		summary.TextSource = d.Facts.TextSource
	}
	summary.Signature = summariseSignatures(signaturesOf(d.Facts))
	return summary
}

func summariseSignatures(signatures []claim.Signature) claim.SignatureSummary {
	if len(signatures) == 0 {
		return claim.SignatureSummary{Kind: noSignature}
	}
	summary := claim.SignatureSummary{Kind: electronicSignature, Integrity: claim.Intact, Coverage: claim.CoversWhole, Level: "simple"}
	var signers, organisations []string
	for _, s := range signatures {
		if !verifies(s) {
			summary.Integrity, summary.Level = claim.Broken, ""
		}
		if s.Coverage == claim.CoversPartial {
			summary.Coverage = claim.CoversPartial
		}
		signers = append(signers, signerName(s.Certificate))
		organisations = append(organisations, s.Certificate.Organisation...)
		if !s.SignedAt.IsZero() {
			summary.SignedAt = s.SignedAt
		}
	}
	summary.Signer, summary.Organisation = list(signers), list(organisations)
	return summary
}

// signerName gives the name that a certificate bears.
func signerName(c claim.Certificate) string {
	if c.CommonName != "" {
		return c.CommonName
	}
	return strings.TrimSpace(c.GivenName + " " + c.Surname)
}

// list joins names, each told once.
func list(names []string) string {
	var once []string
	for _, name := range names {
		if name != "" && !slices.Contains(once, name) {
			once = append(once, name)
		}
	}
	return strings.Join(once, " ; ")
}
