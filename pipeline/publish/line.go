package publish

import (
	"time"

	"guichet/pipeline/claim"
)

// Line gives a claim's JSON line as operators read it: whole. What suppliers
// must not see is in it.
func Line(result claim.Result) ([]byte, error) {
	return encode(claimJSON(forOperators(result)))
}

// DocumentLine gives the JSON of one document alone: as a claim's line tells
// it, with the findings and the evidence on it.
func DocumentLine(d claim.ResultDocument, findings []claim.Finding, evidence []claim.Evidence) ([]byte, error) {
	return encode(struct {
		documentJSON
		Findings []findingJSON  `json:"findings"`
		Evidence []evidenceJSON `json:"evidence"`
	}{documentOf(d), each(findings, findingOf), each(evidence, evidenceOf)})
}

// Instant gives an instant as results tell it: RFC 3339 with the Paris offset,
// milliseconds when not zero; nothing for the zero time.
func Instant(t time.Time) string { return instant(t) }
