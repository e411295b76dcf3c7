// Package settle decides a night's claims.
//
// Assessing a claim looks at that claim alone and can be done anywhere, in any
// order. All that depends on other claims happens here, in one pass over all
// claims of the night in the order of their reception (then SIRET, batch,
// row): the rules between claims are asked, the findings make the decision, the
// amounts are computed, an accepted advance gets its dossier number, and a
// supplier's own correction takes the place of its pending claim. What the pass
// made is written in one transaction of the ledger: decisions, dossiers,
// revisions and the audit chain are there together or not at all.
//
// A row of a changed delivery whose claim an earlier revision of the batch
// accepted is carried over. Claims that were decided before are decided anew
// where operators ruled on them, where they waited for such a ruling, or where
// somebody asks for it: rulings come first, an acceptance stands unless it is
// to be withdrawn, and a claim that comes out as before leaves no trace.
//
// Guarantees: the outcome depends on the claims, the registers, the programme
// and the ledger, not on the order of the batches nor on how claims were
// assessed; dossier numbers have no gap; a claim whose amount due cannot be
// computed, or whose pharmacy is funded, is never accepted, whatever the rules
// say. A batch in which something of the kind happens, or whose control totals
// do not hold, is left out whole and named ([BatchError]): the night is then
// settled as if it had not been there.
//
// Not guaranteed: that a row of the template became a claim; the totals here
// begin with the claims that were handed in.
package settle
