package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/singleflight"

	"guichet/pipeline/claim"
)

// ErrChanged means that an object no longer has the content that intake saw.
var ErrChanged = errors.New("the object changed while the run read it")

// Reader reads documents: pipeline/document's pool of worker processes.
type Reader interface {
	// Read gives the facts of a PDF. An error is a failure of ours; whatever
	// is wrong with the PDF is in the facts.
	Read(ctx context.Context, pdf []byte) (claim.Facts, error)
	// Extractor names all that facts depend on beside the PDF's bytes.
	Extractor() string
	// OCR names what reads scans; empty when nothing does.
	OCR() string
}

// Cache keeps facts by digest and extractor: the ledger.
type Cache interface {
	// Facts gives those that are kept, by digest.
	Facts(ctx context.Context, sha256s []string, extractor string) (map[string]*claim.Facts, error)
	SaveFacts(ctx context.Context, facts []*claim.Facts) error
}

// Local runs assessments in this process.
type Local struct {
	Workers int // claims judged at the same time; at least 1
	Reader  Reader
	Cache   Cache
	// MaxBytes is the size above which a document is not read at all (DOC-02).
	MaxBytes int64

	reading singleflight.Group
	unsaved unsaved
}

// Batch is the claims of one batch, and how their documents are opened.
type Batch struct {
	Claims []*claim.Claim
	// Open gives an object's bytes.
	Open func(ctx context.Context, o claim.Object) ([]byte, error)
	// Judge asks the rules that look at one claim alone.
	Judge func(c *claim.Claim) claim.Assessment
	// Judged is called once for every claim judged; may be called concurrently.
	Judged func()
}

// Outcome is what became of a batch: the assessments, in the order of its
// claims, or why there are none.
type Outcome struct {
	Assessments []claim.Assessment
	Err         error
}

// Assess judges the claims of all batches, in one pool, and gives an outcome
// for each batch. The claims keep no facts afterwards. The error is that of
// the context, or of the cache.
func (l *Local) Assess(ctx context.Context, batches []Batch) ([]Outcome, error) {
	outcomes := make([]Outcome, len(batches))
	failures := make([]failure, len(batches))
	var group errgroup.Group
	group.SetLimit(l.Workers)
	for i, b := range batches {
		outcomes[i].Assessments = make([]claim.Assessment, len(b.Claims))
		for j, c := range b.Claims {
			if ctx.Err() != nil {
				break
			}
			group.Go(func() error {
				if failures[i].get() != nil {
					return nil
				}
				a, err := l.assess(ctx, b, c)
				if err != nil {
					failures[i].set(fmt.Errorf("row %d: %w", c.Row.Number, err))
					return nil
				}
				outcomes[i].Assessments[j] = a
				b.Judged()
				return nil
			})
		}
	}
	_ = group.Wait() // failures are kept by batch
	if err := l.save(ctx, l.unsaved.take(1)); err != nil {
		return nil, err
	}
	for i := range outcomes {
		if err := failures[i].get(); err != nil {
			outcomes[i] = Outcome{Err: err}
		}
	}
	return outcomes, ctx.Err()
}

// failure is the first error of a batch.
type failure struct {
	mu  sync.Mutex
	err error
}

func (f *failure) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err == nil {
		f.err = err
	}
}

func (f *failure) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

func (l *Local) assess(ctx context.Context, b Batch, c *claim.Claim) (a claim.Assessment, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a rule panicked: %v\n%s", fault, debug.Stack())
		}
		for i := range c.Documents {
			c.Documents[i].Facts = nil
		}
	}()
	facts, err := l.facts(ctx, b, c)
	if err != nil {
		return claim.Assessment{}, err
	}
	for i, d := range c.Documents {
		if d.Object != nil {
			c.Documents[i].Facts = facts[d.Object.SHA256]
		}
	}
	return b.Judge(c), nil
}

// facts gives the facts of a claim's documents, by digest: those kept, or else
// those read now, to be kept.
func (l *Local) facts(ctx context.Context, b Batch, c *claim.Claim) (map[string]*claim.Facts, error) {
	var digests []string
	for _, d := range c.Documents {
		if d.Object != nil {
			digests = append(digests, d.Object.SHA256)
		}
	}
	facts, err := l.Cache.Facts(ctx, digests, l.Reader.Extractor())
	if err != nil {
		return nil, err
	}
	for _, d := range c.Documents {
		if d.Object == nil || facts[d.Object.SHA256] != nil {
			continue
		}
		if facts[d.Object.SHA256], err = l.read(ctx, b, *d.Object); err != nil {
			return nil, fmt.Errorf("document %q: %w", d.Object.Name, err)
		}
	}
	return facts, nil
}

func (l *Local) read(ctx context.Context, b Batch, o claim.Object) (*claim.Facts, error) {
	if o.Size > l.MaxBytes {
		return &claim.Facts{SHA256: o.SHA256, Extractor: l.Reader.Extractor(), Status: claim.ReadFailed, Reason: "size"}, nil
	}
	read, err, _ := l.reading.Do(o.SHA256, func() (any, error) {
		if facts := l.unsaved.get(o.SHA256); facts != nil {
			return facts, nil
		}
		// It may have been read and saved since the claim's facts were asked for.
		kept, err := l.Cache.Facts(ctx, []string{o.SHA256}, l.Reader.Extractor())
		if err != nil || kept[o.SHA256] != nil {
			return kept[o.SHA256], err
		}
		pdf, err := b.Open(ctx, o)
		if err != nil {
			return nil, err
		}
		if Digest(pdf) != o.SHA256 {
			return nil, ErrChanged
		}
		facts, err := l.Reader.Read(ctx, pdf)
		if err != nil {
			return nil, err
		}
		l.unsaved.add(&facts)
		return &facts, l.save(ctx, l.unsaved.take(saveAtOnce))
	})
	if err != nil {
		return nil, err
	}
	return read.(*claim.Facts), nil
}

// Digest gives the SHA-256 of an object's bytes as the vocabulary writes it.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// saveAtOnce is how many facts are written in one transaction: each costs the
// disk a flush.
const saveAtOnce = 64

func (l *Local) save(ctx context.Context, facts []*claim.Facts) error {
	if len(facts) == 0 {
		return nil
	}
	if err := l.Cache.SaveFacts(ctx, facts); err != nil {
		return err
	}
	l.unsaved.forget(facts)
	return nil
}

// unsaved holds facts that were read and are not yet in the cache.
type unsaved struct {
	mu       sync.Mutex
	byDigest map[string]*claim.Facts
	waiting  []*claim.Facts // those that nobody is saving
}

func (u *unsaved) get(digest string) *claim.Facts {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.byDigest[digest]
}

func (u *unsaved) add(f *claim.Facts) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.byDigest == nil {
		u.byDigest = map[string]*claim.Facts{}
	}
	u.byDigest[f.SHA256] = f
	u.waiting = append(u.waiting, f)
}

// take gives what is waiting to be saved, once there are enough.
func (u *unsaved) take(enough int) []*claim.Facts {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.waiting) < enough {
		return nil
	}
	taken := u.waiting
	u.waiting = nil
	return taken
}

func (u *unsaved) forget(facts []*claim.Facts) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, f := range facts {
		delete(u.byDigest, f.SHA256)
	}
}
