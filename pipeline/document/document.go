package document

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"time"
)

// version is that of the reading: any change to what a document's bytes are
// read as changes it, and with it the key under which facts are kept.
const version = "4"

// Limits bound the reading of one document.
type Limits struct {
	Bytes  int64         // size of the file
	Pages  int           // pages of the document
	Time   time.Duration // CPU seconds of the worker
	Memory int64         // resident bytes of the worker
}

// Options say how a [Pool] reads.
type Options struct {
	Workers int      // processes that read at the same time; at least 1
	Limits  Limits   // under which each document is read
	Roots   [][]byte // certificates of trusted roots, PEM or DER
	OCR     OCR      // how pages without usable text are read
	// CacheDir holds compiled WebAssembly; empty for guichet's folder in the
	// user's cache directory.
	CacheDir string
	// Command starts a worker; empty for this executable with [WorkerArg].
	Command []string
}

// OCR says how scans are read. Where the command is empty or absent they are
// not: their pages have no words.
type OCR struct {
	Command  string        // tesseract
	Language string        // fra
	PageTime time.Duration // CPU seconds a reading of a page
}

// WorkerArg is the hidden subcommand under which an executable is a worker.
const WorkerArg = "document-worker"

// Why a document could not be read (claim.Facts.Reason).
const (
	reasonNotPDF  = "not_pdf"
	reasonCorrupt = "corrupt"
	reasonPages   = "pages"
	reasonSize    = "size"
	reasonTime    = "time"
	reasonMemory  = "memory"
	reasonCrash   = "crash"
)

// extractor names everything but the document's bytes that its facts depend on.
func (o Options) extractor() string {
	sums := make([][sha256.Size]byte, len(o.Roots))
	for i, root := range o.Roots {
		sums[i] = sha256.Sum256(root)
	}
	slices.SortFunc(sums, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	roots := sha256.New()
	for _, sum := range sums {
		roots.Write(sum[:])
	}
	return fmt.Sprintf("guichet-document/%s bytes=%d pages=%d time=%s memory=%d roots=%s",
		version, o.Limits.Bytes, o.Limits.Pages, o.Limits.Time, o.Limits.Memory, hex.EncodeToString(roots.Sum(nil))[:16])
}
