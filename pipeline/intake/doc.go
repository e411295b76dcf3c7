// Package intake finds the batches that suppliers dropped: which are ready,
// what they hold, and when it was received.
//
// Vocabulary: a batch (dépôt) is what lies under inbox/<SIRET>/<name>/, or the
// ZIP inbox/<SIRET>/<name>.zip. Its inputs are the store's objects, its
// objects those of the folder or the files of the ZIP. It is ready when it
// holds an object named _READY (in the folder, beside the ZIP or in it), or
// when its newest input is older than the quiet period. Its digest is that of
// the names and digests of all its objects, _READY aside, whether a folder or
// a ZIP brought them. A key that is no part of a batch is odd: it is reported
// and left where it is.
//
// Reception: the time of an object is its last-modified time as the store
// reports it, or the time of the listing that first showed it where suppliers
// can set the former; to the millisecond. What a ZIP holds has the ZIP's. It
// is kept by the ledger ([Receptions]) for each key and content at first
// sight, for batches that still wait too, and never read again.
//
// ZIPs are copied into a temporary file without a name, one after the other in
// a scan, and read strictly: every byte before the directory belongs to one
// file, directory and local headers tell the same, no file is larger, smaller
// or otherwise than announced, names lead nowhere else and are different. One
// that is not so is refused whole (FIC-01), with what is wrong in French; its
// digest is then that of its own bytes. [Batch.Open] copies a ZIP once more,
// until [Batch.Close]: the disk holds one ZIP in a scan, and later those of the
// batches that are being read.
//
// Guarantees: nothing in the store is moved or written; memory does not grow
// with the size of objects, and by some hundred bytes for each file of a ZIP;
// an object that comes, changes or goes while its batch is read makes the batch
// wait; one batch that cannot be read fails alone.
//
// Not guaranteed: that an object still has the digest it had when it is read
// again: readers compare. Of a ZIP that programs read in two ways, no way is
// taken.
package intake
