package validators

import (
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

// Kinds of signatures as a result tells of them.
const (
	electronicSignature = "electronic"
	handSignature       = "handwritten"
	noSignature         = "none"
)

// summarise tells of the claim's documents that are in the batch.
func (a *assessment) summarise() []claim.ResultDocument {
	var all []claim.ResultDocument
	for i := range a.claim.Documents {
		d := &a.claim.Documents[i]
		if d.Object == nil {
			continue
		}
		hand := claim.NotHandwritten
		if opened(d) && !a.unread(d) {
			hand = a.byHand(d).Hand
		}
		all = append(all, Summarise(d, hand))
	}
	return all
}

// Summarise makes what a result tells of a document: its pages, where its text
// comes from, and the verdict on its electronic signatures as a whole, or that
// on a signature by hand where there are none. Signer and organisation name all
// signers, in the order of their signatures; the time is that of the last
// signature. The level is the lowest of theirs, as far as their certificates
// tell: it informs, and decides nothing. A document that could not be read has
// no pages, no text and no signature.
func Summarise(d *claim.Document, hand claim.Handwriting) claim.ResultDocument {
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
	if summary.Signature.Kind == noSignature && hand == claim.Handwritten {
		summary.Signature.Kind = handSignature
	}
	return summary
}

func summariseSignatures(signatures []claim.Signature) claim.SignatureSummary {
	if len(signatures) == 0 {
		return claim.SignatureSummary{Kind: noSignature}
	}
	summary := claim.SignatureSummary{Kind: electronicSignature, Integrity: claim.Intact, Coverage: claim.CoversWhole, Level: string(leastLevel(signatures))}
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

// levels are those of signatures, the lowest first.
var levels = []claim.Level{claim.LevelSimple, claim.LevelRGS, claim.LevelCPx, claim.LevelQualified}

// leastLevel gives the lowest level of some signatures; one that is not known
// is the lowest.
func leastLevel(signatures []claim.Signature) claim.Level {
	least := len(levels) - 1
	for _, s := range signatures {
		least = min(least, max(0, slices.Index(levels, s.Level)))
	}
	return levels[least]
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
