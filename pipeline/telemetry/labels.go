package telemetry

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

// other stands for every value that is not in a label's list.
const other = "other"

var (
	kinds       = []claim.Kind{claim.Advance, claim.Balance, claim.Completion, ""}
	decisions   = []claim.Decision{claim.Accepted, claim.ToComplete, claim.Rejected, claim.UnderReview}
	outcomes    = []claim.Outcome{claim.Reject, claim.Complete, claim.Review, claim.Warn, claim.Accept}
	statuses    = []claim.BatchStatus{claim.Processed, claim.Refused}
	causes      = []claim.Cause{claim.Delivery, claim.Reviewed, claim.Reprocessed}
	roles       = []claim.Role{claim.PurchaseOrder, claim.Invoice, claim.AptitudeCertificate, claim.CompletionCertificate, claim.VATExemption}
	textSources = []claim.TextSource{claim.TextFromPDF, claim.TextFromOCR, claim.TextFromNone, ""}
	reasons     = []string{"not_pdf", "corrupt", "pages", "size", "time", "memory", "crash"} // of claim.Facts
)

// among gives a value as a label when it is in the list, else other. empty
// stands for the empty value.
func among[T ~string](list []T, value T, empty string) string {
	switch {
	case !slices.Contains(list, value):
		return other
	case value == "":
		return empty
	}
	return string(value)
}

// kindLabel gives the kind of a claim or batch; unknown for a file that was
// refused before its kind was known.
func kindLabel(kind claim.Kind) string { return among(kinds, kind, "unknown") }

// textSourceLabel gives where words come from; none too for a document that
// could not be read.
func textSourceLabel(source claim.TextSource) string {
	return among(textSources, source, string(claim.TextFromNone))
}

func causeLabel(cause claim.Cause) string { return among(causes, cause, "delivery") }

// names keeps a label of names that the program chooses to the first few it
// sees: the rest, and what looks like no such name, is other.
type names struct {
	mu   sync.Mutex
	seen map[string]bool
}

const (
	maxNames      = 32
	maxNameLength = 40
)

func (n *names) label(name string) string {
	odd := func(r rune) bool { return (r < 'a' || r > 'z') && r != ' ' && r != '_' }
	if name == "" || len(name) > maxNameLength || strings.ContainsFunc(name, odd) {
		return other
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.seen[name] {
		if len(n.seen) == maxNames {
			return other
		}
		if n.seen == nil {
			n.seen = map[string]bool{}
		}
		n.seen[name] = true
	}
	return name
}

// classes are the classes of errors that are told apart, in the order in which
// they are looked for.
var classes = []struct {
	err  error
	name string
}{
	{context.Canceled, "stopped"},
	{context.DeadlineExceeded, "timeout"},
	{ledger.ErrLocked, "locked"},
	{objectstore.ErrNotFound, "not_found"},
	{objectstore.ErrChanged, "changed"},
	{objectstore.ErrExists, "exists"},
	{objectstore.ErrNotRegular, "not_regular"},
	{objectstore.ErrBadKey, "bad_key"},
	{objectstore.ErrUnavailable, "unavailable"},
	{objectstore.ErrRefused, "refused"},
	{fs.ErrPermission, "permission"},
	{syscall.ENOSPC, "disk_full"},
}

// class gives the class of an error, and ok when there is none. The text of an
// error is never told: it may quote keys and names.
func class(err error) string {
	if err == nil {
		return "ok"
	}
	for _, c := range classes {
		if errors.Is(err, c.err) {
			return c.name
		}
	}
	var network net.Error
	switch {
	case errors.As(err, &network) && network.Timeout():
		return "timeout"
	case errors.As(err, &network):
		return "network"
	}
	return other
}
