// Package claim is guichet's vocabulary: the values that every room of the
// pipeline speaks of, and nothing that reads, writes or decides.
//
// A supplier drops a batch (dépôt): one template file and its PDFs. Each row
// of the template is a [Claim] (ligne) with its [Document]s. What was read
// from a PDF are its [Facts]. A rule that is not met is a [Finding] (constat);
// the gravest outcome among a claim's findings is its [Decision]. What leaves
// the pipeline for one claim is its [Result].
//
// Money is integer cents ([Cents]), days are civil dates ([Date]), instants
// are [time.Time] told in Europe/Paris ([Paris]). Numbers that carry a key
// (FINESS, SIRET, dossier) know how to check it.
//
// Guarantees: no I/O, no clock, no global state; every value survives a JSON
// round trip unchanged, because the ledger keeps them so.
//
// Not guaranteed: that a value of a string type is well formed. A [FINESS] or
// [SIRET] made by conversion is what somebody typed until KeyOK says otherwise.
package claim
