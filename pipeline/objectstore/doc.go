// Package objectstore is where guichet's inputs come from and its results go:
// a [Store] of objects under keys with slashes, as in object storage.
//
// A [Directory] keeps the objects as files of a folder, an [S3] in a bucket of
// an S3 server. [Open] gives the store of a storage URL. Package storetest
// holds the one conformance suite that every store passes.
//
// Vocabulary: an object's key is its path below the store, without a leading
// slash. Its version changes with its content: what was listed is read at that
// version or not at all ([ErrChanged]).
//
// Guarantees: an object appears under its key whole or not at all; what Put
// wrote is durable when it returns, what Move and Delete did when Sync returns;
// keys come in byte order; no symbolic link, device, socket or pipe is
// followed, opened or hidden in silence: a listing names each as a [KeyError].
//
// Requests to an S3 server that fail in a way that may pass (connections that
// break or stall, 429, 500, 502 to 504 and what S3 says like them) are made
// again here and nowhere else, a bounded number of times, with growing random
// waits that the context ends; then the error is [ErrUnavailable]. All other
// errors come at once: [ErrNotFound], [ErrChanged], [ErrExists], [ErrBadKey],
// or [ErrRefused] with what to do about it. Errors name the operation and the
// key, and never credentials. A body that breaks off is read on from there at
// the same version; an upload whose answer was lost is repeated or recognised.
//
// Not guaranteed: that two writers of one key are told of each other, or that
// a listing is a snapshot: what changes meanwhile shows by its version. An S3
// server has no moves: one that fails in its middle leaves the object under
// both keys, and the same move again ends it. Times of objects in a bucket are
// the server's, to the second, and a moved object has that of its move. The
// content of a version is the server's word: who must be sure hashes it.
package objectstore
