package claim

import (
	"slices"
	"time"
)

// Amounts are what a claim asks for and what is due. Nil is unknown or not
// applicable.
type Amounts struct {
	ExclTax      *Cents `json:"excl_tax"`      // as on the row
	PayableTotal *Cents `json:"payable_total"` // what the State pays in all
	AmountDue    *Cents `json:"amount_due"`    // by this claim; set when it is accepted
	PaidBefore   *Cents `json:"paid_before"`   // balances: the advance
}

// ResultDocument is a document as a result tells of it.
type ResultDocument struct {
	File       string           `json:"file"`
	SHA256     string           `json:"sha256"`
	Role       Role             `json:"role"`
	Pages      int              `json:"pages"`
	TextSource TextSource       `json:"text_source"`
	Signature  SignatureSummary `json:"signature"`
}

// SignatureSummary is the verdict on a document's signatures.
type SignatureSummary struct {
	Kind         string    `json:"kind"`      // electronic, handwritten, none
	Integrity    Integrity `json:"integrity"` // empty unless electronic
	Coverage     Coverage  `json:"coverage"`  // empty unless electronic
	Level        string    `json:"level"`
	Signer       string    `json:"signer"`
	Organisation string    `json:"organisation"`
	SignedAt     time.Time `json:"signed_at,omitzero"`
}

// Result is what became of a claim: all that the published objects and the
// operators' view tell of it. The ledger keeps it whole.
type Result struct {
	Claim       ID       `json:"claim"`
	Kind        Kind     `json:"kind"`
	Row         int      `json:"row"`
	Supplier    SIRET    `json:"supplier"`
	Batch       string   `json:"batch"`
	Revision    int      `json:"revision"` // that publishes this result
	Replaces    ID       `json:"replaces"`
	Decision    Decision `json:"decision"`
	FINESS      FINESS   `json:"finess"` // as on the row, canonical; empty when unreadable
	Dossier     string   `json:"dossier"`
	OrderRef    string   `json:"order_ref"`
	CompanyName string   `json:"company_name"` // the register's; empty when the pharmacy is unknown
	Tranche     string   `json:"tranche"`
	VATRegime   string   `json:"vat_regime"`
	// SIRET is the pharmacy's, where the FINESS register has a valid one (BEN-07).
	SIRET    SIRET  `json:"siret"`
	Solution string `json:"solution"` // ANS reference number
	// OrderDate and RowName are an advance's: what its balance is compared
	// with (FAC-04, FAC-06). RowName is the pharmacy's name as on the row.
	OrderDate Date   `json:"order_date,omitzero"`
	RowName   string `json:"row_name,omitempty"`
	// CompletedOn is the day on which a balance or a completion says that the
	// work was finished; Nature what a completion declares: [Finished], [Unable].
	CompletedOn Date             `json:"completed_on,omitzero"`
	Nature      string           `json:"nature,omitempty"`
	Amounts     Amounts          `json:"amounts"`
	ReceivedAt  time.Time        `json:"received_at"`
	Documents   []ResultDocument `json:"documents"`
	Findings    []Finding        `json:"findings"`
	Evidence    []Evidence       `json:"evidence"`
	// First is the revision in which the row was first evaluated, when it is
	// another than Revision: a review or a reprocess published the claim again.
	First int `json:"first_revision,omitempty"`
	// Ruled are the codes of the review findings that an operator decided
	// on: a reprocess that finds them again finds them decided.
	Ruled []string `json:"ruled,omitempty"`
	// Withdrawal is set when this result takes an acceptance back.
	Withdrawal *Withdrawal `json:"withdrawal,omitempty"`
}

// FirstRevision gives the revision in which the row was first evaluated, which
// is part of the claim's identity.
func (r *Result) FirstRevision() int {
	if r.First != 0 {
		return r.First
	}
	return r.Revision
}

// Waits tells whether the claim is under review behind another supplier's
// claim for its pharmacy (BEN-04).
func (r *Result) Waits() bool {
	return r.Decision == UnderReview && slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Code == "BEN-04" })
}

// Withdrawal is an acceptance taken back: the revision that published it, and why.
type Withdrawal struct {
	Revision int    `json:"revision"`
	Reason   string `json:"reason"`
}

// Verdict is what an operator makes of a claim under review.
type Verdict string

// The verdicts.
const (
	VerdictAccept   Verdict = "accept"   // REV-01
	VerdictReject   Verdict = "reject"   // REV-02
	VerdictComplete Verdict = "complete" // REV-03
)

// Ruling is an operator's decision on a claim under review. The supplier reads
// the reason; who decided stands in the ledger alone.
type Ruling struct {
	Claim   ID        `json:"claim"`
	Verdict Verdict   `json:"verdict"`
	Reason  string    `json:"reason"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// Cause is why a revision of a batch was made.
type Cause string

// The causes of revisions.
const (
	Delivery    Cause = ""          // the supplier dropped it
	Reviewed    Cause = "review"    // operators decided claims under review
	Reprocessed Cause = "reprocess" // an operator had it evaluated again
)

// Carried is a row of a changed batch that was accepted in an earlier revision
// and keeps that claim.
type Carried struct {
	Claim ID  `json:"claim"`
	Row   int `json:"row"` // in this delivery
}

// BatchStatus tells whether a batch was evaluated.
type BatchStatus string

// The states of a batch in its receipt.
const (
	Processed BatchStatus = "processed"
	Refused   BatchStatus = "refused" // a finding on the file: no claim was evaluated
)

// Counts are a batch's rows by decision.
type Counts struct {
	Accepted      int `json:"accepted"`
	Rejected      int `json:"rejected"`
	ToComplete    int `json:"to_complete"`
	UnderReview   int `json:"under_review"`
	NewlyAccepted int `json:"newly_accepted"`
}

// Add counts a claim with a decision.
func (c *Counts) Add(decision Decision) {
	switch decision {
	case Accepted:
		c.Accepted++
	case Rejected:
		c.Rejected++
	case ToComplete:
		c.ToComplete++
	case UnderReview:
		c.UnderReview++
	}
}

// Rows counts all rows.
func (c Counts) Rows() int { return c.Accepted + c.Rejected + c.ToComplete + c.UnderReview }

// ProgrammeInfo names the programme that a revision was judged by.
type ProgrammeInfo struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
}

// Revision is one published state of a batch: all that its receipt tells. The
// ledger keeps it whole.
type Revision struct {
	Supplier   SIRET          `json:"supplier"`
	Batch      string         `json:"batch"`
	Number     int            `json:"revision"`
	Kind       Kind           `json:"kind"` // empty when the file was refused before its kind was known
	Status     BatchStatus    `json:"status"`
	ReceivedAt time.Time      `json:"received_at"` // the latest reception of its objects
	Digest     string         `json:"digest"`      // of the content: names and digests of all objects
	Counts     Counts         `json:"counts"`
	AmountDue  Cents          `json:"amount_due_total"` // of the newly accepted
	Findings   []Finding      `json:"findings"`         // on the file
	Programme  ProgrammeInfo  `json:"programme"`
	Registers  []RegisterInfo `json:"registers"`
	Inputs     []Object       `json:"inputs"`
	Software   string         `json:"software_version"`

	Cause   Cause     `json:"cause,omitempty"`
	By      string    `json:"by,omitempty"`      // who had it evaluated again
	Reason  string    `json:"reason,omitempty"`  // why acceptances were taken back
	Carried []Carried `json:"carried,omitempty"` // by row
}
