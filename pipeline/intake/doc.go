// Package intake finds the batches that suppliers dropped: which are ready,
// what they hold, and when it was received.
//
// Vocabulary: a batch (dépôt) is what lies under inbox/<SIRET>/<name>/. It is
// ready when it holds an object named _READY, or when its newest object is
// older than the quiet period. Its digest is that of the names and digests of
// all its objects, _READY aside. A key that is no part of a batch is odd: it
// is reported and left where it is.
//
// Reception: the time of an object is its last-modified time as the store
// reports it, or the time of the listing that first showed it where suppliers
// can set the former; to the millisecond. It is kept by the ledger
// ([Receptions]) for each key and content at first sight, for batches that
// still wait too, and never read again.
//
// Guarantees: nothing is moved or written; objects are hashed as streams,
// whatever their size; an object that changes meanwhile makes its batch wait;
// one batch that cannot be read fails alone.
//
// Not guaranteed: that an object still has the digest it had when it is read
// again: readers compare. ZIP deliveries are reported and left.
package intake
