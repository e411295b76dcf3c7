// Package objectstore is where guichet's inputs come from and its results go:
// a [Store] of objects under keys with slashes, as in object storage.
//
// A [Directory] keeps the objects as files of a folder. [Open] gives the store
// of a storage URL. Package storetest holds the one conformance suite that
// every store passes.
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
// Not guaranteed: that two writers of one key are told of each other, or that
// a listing is a snapshot: what changes meanwhile shows by its version.
package objectstore
