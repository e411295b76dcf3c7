// Package publish writes what became of a batch: the objects that suppliers,
// the payment system and operators read, and last the receipt, whose presence
// means that the set is whole.
//
// [Render] makes the objects of one revision, [Publish] puts them into the
// store, [Archive] moves the revision's inputs out of the inbox, [ArchiveAgain]
// a content that was processed before.
//
// Acceptances that a revision takes back stand in withdrawn.*, as they were
// published, with the reason; what becomes of their claims stands where any
// claim does. A claim that stays accepted with another amount stands in both:
// the sum over revisions is what is owed.
//
// [Notify] tells a supplier what became on a day of the recovery of what
// was paid to it, under outbox/<SIRET>/indus/: a letter a dossier, JSON lines,
// and last the table, which names the letters. A day on which something is
// added is written anew, with all of it.
//
// Guarantees: the objects depend on the [Set] alone, whatever the order of its
// results, and hold no time of the run; what only operators may know (BEN-04,
// BEN-07, DOC-05, the truth behind DOS-02, the other claim of BEN-03) stands
// in review.jsonl under operators/ and nowhere else; a set that holds another
// batch's claims is refused; each object is put whole, read back and compared
// before the receipt is put; a receipt that stands is never replaced; every
// step may be done again after a crash, given what it was given before.
//
// Not guaranteed: that a set is consistent with the batch it was made from
// (the pipeline checks the control totals), that nobody else writes under
// the same keys at the same time, or that inputs are moved at once: between two
// of them a crash leaves a part of a delivery in the inbox, which only whoever
// noted its inputs can tell from a new one.
package publish
