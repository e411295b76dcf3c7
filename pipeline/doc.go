// Package pipeline wires the rooms into a run: what suppliers dropped goes in,
// decisions and manifests come out.
//
//	intake → template → engine (document + validators) → settle → publish → archive
//
// A [Night] is one run. It first finishes what an earlier run left: results
// that were settled and not published, inputs that were published and not
// archived. Then it takes every ready batch, has its claims assessed, settles
// all of them in one transaction of the ledger, publishes each batch and
// archives its inputs. Its [Summary] tells an operator what became of what.
//
// Guarantees: a batch that cannot be processed for a reason of ours is left
// where it is, named with its reason, and hinders no other; the control totals
// of spec 4 hold for each batch, or it is not settled; a run killed at any
// point is finished by the next one; the same inputs, registers, programme
// and ledger give the same objects, whatever the number of workers.
//
// Not guaranteed in this version: batches under a name that was published
// before, ZIP deliveries, and claims of other kinds than advances are left
// where they are, with a warning and a line in the summary.
package pipeline
