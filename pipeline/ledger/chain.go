package ledger

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"

	"guichet/pipeline/claim"
)

// Head is the end of the audit chain. The zero Head is that of an empty one.
type Head struct {
	Number int    `json:"entry"`  // of the last entry; entries count from 1
	Digest string `json:"sha256"` // of the last entry
}

// entryKind is what an entry of the audit chain tells.
type entryKind string

const (
	decisionEntry   entryKind = "decision"
	revisionEntry   entryKind = "revision"
	supersededEntry entryKind = "superseded"
	reviewEntry     entryKind = "review"
	recoveryEntry   entryKind = "recovery"
)

// entry is one link of the audit chain. Its digest is the SHA-256 of its JSON.
type entry struct {
	Number   int       `json:"entry"`
	At       string    `json:"at"` // start of the run; of a review or a recovery, its own time
	Kind     entryKind `json:"kind"`
	Subject  string    `json:"subject"`
	Content  string    `json:"content"` // JSON
	Previous string    `json:"previous"`
}

func (e entry) digest() (string, error) {
	text, err := canonical(e)
	return digest(text), err
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// decisionContent is what a decision's entry holds; the result itself stands
// in the decision, whole.
type decisionContent struct {
	Supplier claim.SIRET    `json:"supplier"`
	Batch    string         `json:"batch"`
	Revision int            `json:"revision"`
	Decision claim.Decision `json:"decision"`
	Dossier  string         `json:"dossier"`
	SHA256   string         `json:"sha256"` // of the result's JSON
}

// revisionContent is what a revision's entry holds.
type revisionContent struct {
	Status claim.BatchStatus `json:"status"`
	Counts claim.Counts      `json:"counts"`
	SHA256 string            `json:"sha256"` // of the revision's JSON
}

// supersededContent is what the entry of a superseded claim holds.
type supersededContent struct {
	By claim.ID `json:"by"`
}

// reviewContent is what an operator's decision holds.
type reviewContent struct {
	Verdict claim.Verdict `json:"verdict"`
	Reason  string        `json:"reason"`
	By      string        `json:"by"`
}

// recoveryContent is what an event of a recovery holds; its subject is the dossier.
type recoveryContent struct {
	Status claim.RecoveryStatus `json:"status"`
	Amount claim.Cents          `json:"amount"`
	SHA256 string               `json:"sha256"` // of the event's JSON
}

// revisionSubject names a revision in the chain.
func revisionSubject(supplier claim.SIRET, batch string, revision int) string {
	return fmt.Sprintf("%s/%s/r%d", supplier, batch, revision)
}

// Head gives the end of the audit chain.
func (l *Ledger) Head(ctx context.Context) (Head, error) {
	return readHead(ctx, l.reader)
}

func readHead(ctx context.Context, q querier) (Head, error) {
	heads, err := query(ctx, q, func(rows *sql.Rows) (h Head, err error) {
		return h, rows.Scan(&h.Number, &h.Digest)
	}, `SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1`)
	if err != nil || len(heads) == 0 {
		return Head{}, err
	}
	return heads[0], nil
}
