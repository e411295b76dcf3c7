package claim

// Outcome is what a finding means for its claim.
type Outcome string

// The outcomes, gravest first.
const (
	Reject   Outcome = "reject"   // cannot be cured
	Complete Outcome = "complete" // the supplier is invited to correct and file again
	Review   Outcome = "review"   // a person must look
	Warn     Outcome = "warn"     // told, changes nothing
	Accept   Outcome = "accept"   // an operator accepted (REV-01)
)

// Decision is what becomes of a claim.
type Decision string

// The decisions, gravest first.
const (
	Rejected    Decision = "rejected"
	ToComplete  Decision = "to_complete"
	UnderReview Decision = "under_review"
	Accepted    Decision = "accepted"
)

// Decide gives the decision that a claim's findings make: that of the gravest
// outcome.
func Decide(findings []Finding) Decision {
	decision := Accepted
	for _, f := range findings {
		switch f.Outcome {
		case Reject:
			return Rejected
		case Complete:
			decision = ToComplete
		case Review:
			if decision == Accepted {
				decision = UnderReview
			}
		case Warn, Accept:
		}
	}
	return decision
}

// Rect is a rectangle on a page: x0, y0, x1, y1 in points (1/72 inch) from
// the page's top left corner as displayed.
type Rect [4]float64

// Union gives the smallest rectangle around both.
func (r Rect) Union(other Rect) Rect {
	return Rect{min(r[0], other[0]), min(r[1], other[1]), max(r[2], other[2]), max(r[3], other[3])}
}

// Finding is one rule that is not met: where, why, and how to cure it. Empty
// strings, a zero page and a nil rectangle mean that there is none.
type Finding struct {
	Code    string  `json:"code"`
	Outcome Outcome `json:"outcome"`
	Section string  `json:"section"` // of the call: AF §5.3; or ASP, contrôle, interprétation 3

	Field    string `json:"field,omitempty"` // the template's label
	Cell     string `json:"cell,omitempty"`
	Value    string `json:"value,omitempty"`    // as read
	Document string `json:"document,omitempty"` // file name
	Page     int    `json:"page,omitempty"`     // from 1
	Rect     *Rect  `json:"rect,omitempty"`

	Message string            `json:"message"` // in French, for the supplier
	Remedy  string            `json:"remedy"`  // in French, for the supplier
	Params  map[string]string `json:"params,omitempty"`

	// Operators is the message for operators where it says more than the
	// supplier may know (BEN-03 names the other claim).
	Operators string `json:"operators,omitempty"`
}

// Evidence is what made a rule on a document's content pass: the words found
// and where they stand.
type Evidence struct {
	Rule     string `json:"rule"`
	Document string `json:"document"`
	Page     int    `json:"page"`
	Rect     *Rect  `json:"rect,omitempty"`
	Text     string `json:"text"`
}

// Assessment is what the rules that look at one claim alone found, and what
// is kept of its documents once their facts are let go.
type Assessment struct {
	Findings  []Finding        `json:"findings"`
	Evidence  []Evidence       `json:"evidence"`
	Documents []ResultDocument `json:"documents"`
}

// FileProblem is something wrong with a template file as a whole, as the
// reader saw it; the FIC rules make findings of it.
type FileProblem struct {
	Code    string // FIC-01, FIC-02, FIC-03, FIC-04, FIC-05, FIC-06, FIC-09
	Reason  string // which variant of the code's message (a key of the rule catalogue); empty for the only one
	File    string // name of the template
	Sheet   string // empty in a CSV
	Cell    string // F12 or L4C10; empty where there is none
	Label   string // the column meant, or the label found
	Nearest string // FIC-03: the nearest label found; may be empty
	Detail  string // technical detail for the message's {detail}, in French
}
