package telemetry

import (
	"context"
	"time"

	"guichet/pipeline/ledger"
)

var _ ledger.Watch = (*Telemetry)(nil).Transaction

// Transaction counts the ledger's transactions and times their commits, which
// is when the disk is waited for; see [ledger.Ledger.Watch]. What was begun and
// not committed was rolled back. The ledger has one writer: commits follow one
// another.
func (t *Telemetry) Transaction(name string, phase ledger.Phase) {
	if t == nil {
		return
	}
	ctx := context.Background()
	label := of("transaction", t.transactions.label(name))
	t.mu.Lock()
	defer t.mu.Unlock()
	switch phase {
	case ledger.Beginning:
		t.begun.Add(ctx, 1, label)
	case ledger.Committing:
		t.committing = time.Now()
	case ledger.Committed:
		t.committed.Add(ctx, 1, label)
		t.commitSeconds.Add(ctx, time.Since(t.committing).Seconds(), label)
	}
}
