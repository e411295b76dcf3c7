package ledger

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"guichet/pipeline/claim"
)

// Facts gives what an extractor read from documents before, by digest; those
// that it has not read are absent.
func (l *Ledger) Facts(ctx context.Context, sha256s []string, extractor string) (map[string]*claim.Facts, error) {
	found := make(map[string]*claim.Facts, len(sha256s))
	for part := range slices.Chunk(sha256s, chunk) {
		args := append([]any{extractor}, anys(part)...)
		err := each(ctx, l.reader, func(rows *sql.Rows) error {
			var digest string
			var body []byte
			if err := rows.Scan(&digest, &body); err != nil {
				return err
			}
			facts, err := unpackFacts(body)
			if err != nil {
				return fmt.Errorf("facts of document %s: %w", digest, err)
			}
			found[digest] = facts
			return nil
		}, `SELECT sha256, body FROM facts WHERE extractor = $1 AND sha256 IN `+placeholders(1, len(part)), args...)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// SaveFacts keeps what was read from documents. Facts kept before stay: what
// was decided by them must be found again.
func (l *Ledger) SaveFacts(ctx context.Context, facts []*claim.Facts) error {
	at := ""
	if current, err := l.currentRun(); err == nil {
		at = formatInstant(current.started)
	}
	rows := make([][]any, len(facts))
	for i, f := range facts {
		body, err := packFacts(f)
		if err != nil {
			return fmt.Errorf("facts of document %s: %w", f.SHA256, err)
		}
		rows[i] = []any{f.SHA256, f.Extractor, body, at}
	}
	return l.write(ctx, "save facts", func(tx *sql.Tx) error {
		return insert(ctx, tx, "facts (sha256, extractor, body, read_at)", 4, rows, "ON CONFLICT DO NOTHING")
	})
}

func packFacts(facts *claim.Facts) ([]byte, error) {
	var body bytes.Buffer
	packer, err := gzip.NewWriterLevel(&body, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(packer).Encode(facts); err != nil {
		return nil, err
	}
	if err := packer.Close(); err != nil {
		return nil, err
	}
	return body.Bytes(), nil
}

func unpackFacts(body []byte) (*claim.Facts, error) {
	unpacker, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(unpacker) // to the end, where the checksum stands
	if err != nil {
		return nil, err
	}
	var facts claim.Facts
	if err := json.Unmarshal(text, &facts); err != nil {
		return nil, err
	}
	return &facts, nil
}

// anys gives values as arguments of a statement.
func anys[T any](values []T) []any {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	return args
}
