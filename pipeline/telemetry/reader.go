package telemetry

import (
	"context"
	"time"

	"guichet/pipeline/claim"
	"guichet/pipeline/engine"
)

// Reader counts and times the documents that a reader reads.
func (t *Telemetry) Reader(reader engine.Reader) engine.Reader {
	if t == nil {
		return reader
	}
	return countedReader{reader, t}
}

type countedReader struct {
	engine.Reader
	telemetry *Telemetry
}

// Read reads a document and takes down what came of it.
func (r countedReader) Read(ctx context.Context, pdf []byte) (claim.Facts, error) {
	started := time.Now()
	facts, err := r.Reader.Read(ctx, pdf)
	r.telemetry.readSeconds.Record(ctx, time.Since(started).Seconds(), of("text_source", textSourceLabel(facts.TextSource)))
	r.telemetry.documentsRead.Add(ctx, 1, of("outcome", readOutcome(facts, err)))
	return facts, err
}

// readOutcome tells how far the reading of a document came: read, locked, why
// it failed, or error when the failure is ours.
func readOutcome(facts claim.Facts, err error) string {
	switch {
	case err != nil:
		return "error"
	case facts.Status == claim.ReadFailed:
		return among(reasons, facts.Reason, other)
	}
	return among([]claim.ReadStatus{claim.ReadOK, claim.ReadLocked}, facts.Status, other)
}
