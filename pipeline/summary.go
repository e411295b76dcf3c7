package pipeline

import (
	"cmp"
	"slices"

	"guichet/pipeline/claim"
)

// Summary is what a run tells an operator. It holds no personal data.
type Summary struct {
	Batches []claim.Revision // processed, by supplier and name
	Counts  claim.Counts     // of their claims
	// AmountDue is what the accepted claims of this run are owed, in all.
	AmountDue claim.Cents
	Reasons   []Reason // the codes told to claims, most frequent first
	Resumed   int      // batches that an earlier run had settled and this one published
	Repeated  []Left   // batches that were dropped again unchanged, and went to the archive
	Left      []Left   // batches that this run did not take, and odd keys
	Failed    []Left   // batches that could not be processed, and why
}

// Empty tells whether there is nothing to tell.
func (s *Summary) Empty() bool { return len(s.Batches)+len(s.Repeated)+len(s.Left)+len(s.Failed) == 0 }

// Reason is how often a rule was not met, warnings aside.
type Reason struct {
	Code   string
	Claims int
}

// Left is something that a run left where it is.
type Left struct {
	Key string // of the batch or object
	Why string
}

// addReasons counts the codes told to claims, each once a claim.
func addReasons(counts map[string]int, results []claim.Result) {
	for _, r := range results {
		told := map[string]bool{}
		for _, f := range r.Findings {
			if f.Outcome != claim.Warn && f.Outcome != claim.Accept && !told[f.Code] {
				told[f.Code] = true
				counts[f.Code]++
			}
		}
	}
}

func sortedReasons(counts map[string]int) []Reason {
	reasons := make([]Reason, 0, len(counts))
	for code, claims := range counts {
		reasons = append(reasons, Reason{code, claims})
	}
	slices.SortFunc(reasons, func(a, b Reason) int {
		return cmp.Or(cmp.Compare(b.Claims, a.Claims), cmp.Compare(a.Code, b.Code))
	})
	return reasons
}
