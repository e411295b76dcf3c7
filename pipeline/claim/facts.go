package claim

import "time"

// ReadStatus tells how far the reading of a document came.
type ReadStatus string

// How the reading of a document ended.
const (
	ReadOK     ReadStatus = "read"
	ReadFailed ReadStatus = "failed" // DOC-02: not a PDF, corrupt, or past a limit
	ReadLocked ReadStatus = "locked" // DOC-03: a password is needed to open it
)

// Facts is what was read from a document's bytes, and nothing else: a plain
// value that depends on those bytes, the extractor's version, its limits and
// the trusted roots. The rules alone make something of it.
type Facts struct {
	SHA256    string     `json:"sha256"`
	Extractor string     `json:"extractor"` // version of the reading, trusted roots included
	Status    ReadStatus `json:"status"`
	// Reason says why Status is ReadFailed: not_pdf, corrupt, pages, size,
	// time, memory, crash.
	Reason string `json:"reason,omitempty"`

	Pages      []Page      `json:"pages,omitempty"`
	TextSource TextSource  `json:"text_source,omitempty"`
	Signatures []Signature `json:"signatures,omitempty"` // signature fields that are signed, in the order of the bytes they cover
	Active     []string    `json:"active,omitempty"`     // active content: javascript, launch, embedded_file
}

// TextSource tells where a document's words come from.
type TextSource string

// The sources of a document's words.
const (
	TextFromPDF  TextSource = "text"
	TextFromOCR  TextSource = "ocr"
	TextFromNone TextSource = "none"
)

// Page is one page as a reader sees it.
type Page struct {
	Width  float64 `json:"width"` // of the crop box, in points, as displayed (after rotation)
	Height float64 `json:"height"`
	// Words stand in reading order: by line, then from left to right.
	Words []Word `json:"words,omitempty"`
	// HasImage and HasAnnotation tell whether a hand-made signature could
	// stand on the page: any image or inline image, any visible annotation
	// that is neither a link, a pop-up, nor an electronic signature's widget.
	HasImage      bool `json:"has_image,omitempty"`
	HasAnnotation bool `json:"has_annotation,omitempty"`
}

// Gap is what separates a word from the one of the same visibility before it
// on its page.
type Gap string

// The gaps between words.
const (
	GapBlank Gap = ""     // an ordinary blank on the same line
	GapWide  Gap = "wide" // same line, further apart than a blank: another column
	GapLine  Gap = "line" // a new line, or the first word of the page
)

// Word is a run of characters without blanks.
type Word struct {
	Text string `json:"t"`
	Rect Rect   `json:"r"`
	Gap  Gap    `json:"g,omitempty"`
	// Hidden words are in the document but no reader sees them: render mode
	// 3, white on white, clipped, covered, outside the crop box, in a hidden
	// layer. They are no evidence.
	Hidden bool `json:"h,omitempty"`
	// Form is set on the words of a form field's value.
	Form bool `json:"f,omitempty"`
}

// Integrity tells whether the bytes a signature covers are those that were signed.
type Integrity string

// The integrity of a signature.
const (
	Intact Integrity = "intact"
	Broken Integrity = "broken"
)

// Coverage tells whether a signature still speaks for the document as it is.
type Coverage string

// The coverage of a signature.
const (
	// CoversWhole: the signature covers all of the document but its own
	// value, or what was added after it is only other signatures, validation
	// data and timestamps.
	CoversWhole Coverage = "whole"
	// CoversPartial: part of the document is not covered, or something else
	// was added later.
	CoversPartial Coverage = "partial"
)

// Signature is one electronic signature or document timestamp.
type Signature struct {
	Field string `json:"field"` // name of the signature field
	// Timestamp is set for a document timestamp (ETSI.RFC3161): it proves a
	// time and signs for nobody.
	Timestamp bool      `json:"timestamp,omitempty"`
	Integrity Integrity `json:"integrity"`
	// Problem says why Integrity is Broken: byte_range, cms, digest,
	// signature, algorithm; or, beside Intact, attributes_not_der.
	Problem  string   `json:"problem,omitempty"`
	Coverage Coverage `json:"coverage"`
	Digest   string   `json:"digest,omitempty"` // SHA-256, SHA-1, MD5 …
	Page     int      `json:"page,omitempty"`   // of its widget, from 1; 0 when it has none
	Rect     *Rect    `json:"rect,omitempty"`

	SignedAt time.Time `json:"signed_at,omitzero"`
	// TimeSource tells where SignedAt comes from: timestamp, claimed (CMS
	// attribute), dictionary (/M); nothing when there is none.
	TimeSource string `json:"time_source,omitempty"`

	Certificate Certificate `json:"certificate,omitzero"`
}

// Trust tells whether a certificate stands under a configured root.
type Trust string

// The trust in a certificate.
const (
	TrustUnknown Trust = ""          // no roots are configured
	Trusted      Trust = "trusted"   // a chain leads to a configured root
	Untrusted    Trust = "untrusted" // none does
)

// Certificate is the signer's, as far as the rules look at it.
type Certificate struct {
	CommonName         string    `json:"common_name,omitempty"`
	GivenName          string    `json:"given_name,omitempty"`
	Surname            string    `json:"surname,omitempty"`
	Organisation       []string  `json:"organisation,omitempty"`        // O
	OrganisationalUnit []string  `json:"organisational_unit,omitempty"` // OU
	OrganisationID     string    `json:"organisation_id,omitempty"`     // organizationIdentifier, 2.5.4.97
	SerialNumber       string    `json:"serial_number,omitempty"`       // of the subject, 2.5.4.5
	Emails             []string  `json:"emails,omitempty"`
	NotBefore          time.Time `json:"not_before,omitzero"`
	NotAfter           time.Time `json:"not_after,omitzero"`
	SelfSigned         bool      `json:"self_signed,omitempty"`
	Trust              Trust     `json:"trust,omitempty"`
}
