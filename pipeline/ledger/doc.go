// Package ledger is the memory of guichet and the truth of what was decided:
// the store's outbox is a projection of it and can be written again at any time.
//
// What it keeps, each in a table of its own:
//
//   - runs, with the registers that each used;
//   - receptions: when an object was first seen;
//   - facts of documents, by digest and extractor;
//   - revisions of batches (récépissés), with how far each is published;
//   - claims, each with its present standing, and decisions, each result of a
//     claim whole, as it was published: one for each revision that decided it;
//   - reviews: what operators made of claims under review;
//   - repeats: content that was processed before and dropped again;
//   - document uses: which claim named which bytes;
//   - dossiers: one for each accepted advance, numbered without gap, one open
//     dossier a pharmacy at most (AF §4.2: the database itself refuses a second);
//     that of an acceptance taken back, or ordered to repay, is closed, and its
//     number never used again;
//   - recoveries: each event of the recovery of what was paid on a dossier (AF
//     §6.2 end, §7), with what was published of it;
//   - the audit chain: an entry for every decision, review, revision,
//     superseding and event of a recovery, with the digest of the entry before.
//
// A night is settled in one transaction ([Ledger.Night]): it is there whole or
// not at all, whenever the process dies. What was settled and not yet
// published ([Ledger.Unpublished]) or archived ([Ledger.Unarchived]) is told to
// the next run, which goes on from there.
//
// Guarantees: what a method has returned from without an error is on the disk
// (write-ahead log, synchronous FULL); all methods may be called at once from
// several goroutines; [Ledger.Verify] finds a change of any byte of the audit
// chain, and of any decision, revision, claim, document use, dossier and event of a recovery; one
// run holds the ledger at a time ([Ledger.Lock]), and the operating system
// frees the lock of a process that died.
//
// Not guaranteed: that somebody who can write the database has not written the
// whole chain anew; the heads kept elsewhere ([Ledger.Head]) are for that. Runs,
// receptions, facts and the state of publication are not part of the chain.
package ledger
