// Package engine runs the assessments of a night's claims.
//
// An assessment is pure: it depends on the claim's row, its documents' bytes,
// the programme and the registers. [Local] computes them in this process, as
// many at a time as there are workers, and has the documents read that the
// ledger holds no facts of.
//
// Guarantees: a document is read once, however many claims name it, and its
// facts are in the ledger before [Local.Assess] returns; a document's bytes are those that intake took the digest of, or the batch fails with
// [ErrChanged]; facts are let go when their claim is judged, so that memory
// does not grow with the number of claims; a failure, or a panic of a rule, on
// one claim fails its batch and never the run.
//
// Not guaranteed: any order in which claims are judged.
package engine
