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
	// Revisions are the savings of the document from the first on; only those
	// of a document with an electronic signature are told apart.
	Revisions []DocumentRevision `json:"revisions,omitempty"`
	// Blocks are the places where a signature by hand is expected or could
	// stand, with what was measured there. They are looked for only where
	// nothing but timestamps signs the document electronically.
	Blocks []Block  `json:"blocks,omitempty"`
	Active []string `json:"active,omitempty"` // active content: javascript, launch, embedded_file
}

// TextSource tells where a document's words come from; a document of which
// any page was read by OCR has its words from OCR.
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
	// Source tells where the page's visible words come from; TextFromNone
	// where there are none, or none that are language.
	Source TextSource `json:"source"`
	// Confidence is how sure OCR is of the page, in percent: the mean over its
	// words, each by its length. 0 where Source is not TextFromOCR.
	Confidence int `json:"confidence,omitempty"`
	// Unread is set where letters are on the page that OCR could not read: its
	// confidence is that of the words alone.
	Unread bool `json:"unread,omitempty"`
	// Words stand in reading order: by line, then from left to right. Where
	// Source is TextFromOCR, the visible ones are OCR's.
	Words []Word `json:"words,omitempty"`
	// HasImage and HasAnnotation tell whether a hand-made signature could
	// stand on the page: any image or inline image, any visible annotation
	// that is neither a link, a pop-up, nor an electronic signature's widget.
	HasImage      bool `json:"has_image,omitempty"`
	HasAnnotation bool `json:"has_annotation,omitempty"`
	// Marks are where those stand that HasImage and HasAnnotation tell of;
	// empty where that is not known.
	Marks []Mark `json:"marks,omitempty"`
}

// MarkKind is what a mark on a page is.
type MarkKind string

// The kinds of marks.
const (
	MarkImage      MarkKind = "image"
	MarkAnnotation MarkKind = "annotation"
)

// Mark is an image or annotation that could be a signature by hand.
type Mark struct {
	Kind MarkKind `json:"kind"`
	Rect Rect     `json:"rect"`
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
	// Confidence is how sure OCR is of the word, from 1 to 100; 0 for a word
	// that the document itself spells.
	Confidence int `json:"c,omitempty"`
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

// Change is what one revision of a document changed.
type Change string

// The kinds of changes, from harmless to grave.
const (
	ChangeValidation Change = "validation_data"    // certificates, revocation data, metadata: nothing that a reader shows
	ChangeTimestamp  Change = "document_timestamp" // a timestamp over the whole
	ChangeSignature  Change = "signature"          // a further signature, or an empty field for one
	ChangeForm       Change = "form_fill"          // values of form fields
	ChangeAnnotation Change = "annotation"         // annotations come, gone or altered
	ChangeContent    Change = "page_content"       // what a page draws
	ChangeHidden     Change = "hidden_content"     // what was hidden shows, or the reverse; objects put in the place of others
	ChangePages      Change = "page_count"         // pages come or gone
	ChangeOther      Change = "other"              // anything else, or what cannot be read for certain
)

// DocumentRevision is one saving of a document.
type DocumentRevision struct {
	End     int64    `json:"end"`               // bytes of the file up to its end
	Changes []Change `json:"changes,omitempty"` // since the revision before, each once, gravest last
}

// Level is the kind of an electronic signature, as far as its certificate
// tells.
type Level string

// The levels.
const (
	LevelSimple    Level = "simple"    // nothing more is told
	LevelRGS       Level = "rgs"       // référentiel général de sécurité
	LevelCPx       Level = "cpx"       // a card of the health professions (IGC-Santé)
	LevelQualified Level = "qualified" // eIDAS, annex I
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
	Digest   string   `json:"digest,omitempty"`   // SHA-256, SHA-1, MD5 …
	Revision int      `json:"revision,omitempty"` // whose end it covers, from 1, of Facts.Revisions; 0 when it is none's
	Level    Level    `json:"level,omitempty"`
	Page     int      `json:"page,omitempty"` // of its widget, from 1; 0 when it has none
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

// Block is a place where a signature by hand is expected or could stand: below
// or beside a label that asks for one, or an image or annotation elsewhere on
// the page.
type Block struct {
	Page  int    `json:"page"`            // from 1
	Label string `json:"label,omitempty"` // that asks for the signature, as read; empty where none does
	Rect  Rect   `json:"rect"`
	Ink   Ink    `json:"ink"`
	PNG   []byte `json:"png,omitempty"` // picture of the block as a reader sees it
}

// Ink is what was measured in a block once printed words and the lines of
// boxes are taken away. What it is worth is the rules' to say. Lengths are in
// points; a stroke is what hangs together, and the main one is the longest
// that is not an outline.
type Ink struct {
	Share   float64 `json:"share"`   // of the block's area that is ink
	Faint   float64 `json:"faint"`   // of the block's area that is darker than the paper, and too pale for ink
	Strokes int     `json:"strokes"` // pieces of ink that are no specks
	// Letters are small pieces of about one height that stand in rows, as
	// those of a print, a stamp, or a date.
	Letters int `json:"letters"`
	// Frame is the share of the line drawn tightly around all ink that is
	// itself ink: near 1 for a stamp with a border, be it square or round.
	Frame float64 `json:"frame"`

	// Of the main stroke:
	Width    float64 `json:"width"`
	Height   float64 `json:"height"`
	Length   float64 `json:"length"`   // of its middle line
	Turns    float64 `json:"turns"`    // whole turns of its middle line, left and right added up
	Thick    float64 `json:"thick"`    // mean width of the line
	Uneven   float64 `json:"uneven"`   // standard deviation of that width, as a share of it
	Crowding float64 `json:"crowding"` // length of line a square point of Width × Height
	Outline  float64 `json:"outline"`  // as Frame, of this stroke alone
	Contrast float64 `json:"contrast"` // how much darker than the paper, as a share of the paper's brightness
	Inside   float64 `json:"inside"`   // share of it that lies in the block
}

// Handwriting is what a document's blocks make of it.
type Handwriting string

// The verdicts on a signature by hand.
const (
	Handwritten      Handwriting = "handwritten"
	MaybeHandwritten Handwriting = "possible" // SIG-04
	NotHandwritten   Handwriting = "none"     // SIG-01
)
