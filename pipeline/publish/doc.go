// Package publish writes what became of a batch: the objects that suppliers,
// the payment system and operators read, and last the receipt, whose presence
// means that the set is whole.
//
// [Render] makes the objects of one revision, [Publish] puts them into the
// store, [Archive] moves the revision's inputs out of the inbox.
//
// Guarantees: the objects depend on the [Set] alone, whatever the order of its
// results, and hold no time of the run; what only operators may know (BEN-04,
// BEN-07, DOC-05, the truth behind DOS-02, the other claim of BEN-03) stands
// in review.jsonl under operators/ and nowhere else; a set that holds another
// batch's claims is refused; each object is put whole, read back and compared
// before the receipt is put; every step may be done again after a crash.
//
// Not guaranteed: that a set is consistent with the batch it was made from
// (the pipeline checks the control totals), or that nobody else writes under
// the same keys at the same time.
package publish
