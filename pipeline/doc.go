// Package pipeline wires the rooms into a run: what suppliers dropped goes in,
// decisions and manifests come out.
//
//	intake → template → engine (document + validators) → settle → publish → archive
//
// A [Night] is the means of a run. [Night.Run] first finishes what an earlier
// run left: results that were settled and not published, inputs that were
// published and not archived. It settles what operators decided since, with
// the claims that waited for that (BEN-04). Then it takes every ready batch,
// has its claims assessed, settles all of them in one transaction of the
// ledger, publishes each batch and archives its inputs. Its [Summary] tells an
// operator what became of what. [Night.Reprocess] evaluates claims again that
// were decided before, from the inputs in the archive. [Night.Controls] holds
// the dossiers that were funded against what is known of them later: notices,
// and orders to repay (AF §6.2 end, §7); [Night.CloseDossier] orders at an
// operator's word.
//
// Vocabulary: a batch has revisions, numbered from 1. A delivery makes one when
// its content was never processed before; operators' decisions on claims of a
// batch make one together; a reprocess that changes something makes one. A
// claim keeps its identity through all of them, and its last decision stands.
//
// Guarantees: a batch that cannot be processed for a reason of ours is left
// where it is, named with its reason, and hinders no other; the control totals
// of spec 4 hold for each batch, or it is not settled; one run at a time works
// on a ledger; a run killed at any point is finished by the next one, as
// CRASHES.md tells; the same inputs, registers, programme and ledger give the
// same objects, whatever the number of workers; an acceptance is taken back by
// a reprocess that says so, and by nothing else.
package pipeline
