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

// Instant gives an instant as results tell it: RFC 3339 with the Paris offset,
// milliseconds when not zero; nothing for the zero time.
func Instant(t time.Time) string { return instant(t) }
