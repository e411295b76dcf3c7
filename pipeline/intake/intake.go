package intake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"time"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
)

// futureTolerance is how far a store's clock may run before ours without a
// word.
const futureTolerance = time.Minute

// maxKeyBytes is how long the key of an object in a batch may be: a store's
// limit is 1,024 bytes, and in the archive the key is longer by its revision.
const maxKeyBytes = 1000

// Options say how deliveries are taken in.
type Options struct {
	// QuietPeriod is how old a batch's newest object must be for the batch to
	// be ready without _READY.
	QuietPeriod time.Duration
	// FirstSeen is the time of this listing, under intake.reception
	// first_seen; zero under modified.
	FirstSeen time.Time
	// Now is the real clock, which the quiet period goes by.
	Now func() time.Time
	// Only names the batches to look at; all when empty.
	Only []Ref
}

// Receptions remembers when objects were received.
type Receptions interface {
	// Receive gives the reception of each sighting: the time kept for its key
	// and digest, or its own, which is kept from then on.
	Receive(ctx context.Context, sightings []claim.Sighting) ([]time.Time, error)
}

// Waiting is a batch that is not ready.
type Waiting struct {
	Ref
	Newest time.Time // its newest object's last-modified time
	Why    string
}

// Odd is a key under inbox/ that is reported and left alone.
type Odd struct {
	Key string // may hold any bytes: quote it
	Why string
}

// Failed is a batch, or a place in the inbox, that the store would not show.
type Failed struct {
	Key string
	Err error
}

// Found is what a scan of the inbox gives, in the order of the keys.
type Found struct {
	Ready   []Batch
	Waiting []Waiting
	Odd     []Odd
	Failed  []Failed
}

// Scan looks at everything under inbox/ and changes nothing.
func Scan(ctx context.Context, store objectstore.Store, options Options, receptions Receptions) (*Found, error) {
	s := &scan{store: store, options: options, receptions: receptions, now: options.Now(), batches: map[Ref]*folder{}, odd: map[string]bool{}, buffer: make([]byte, 256<<10)}
	if err := s.list(ctx); err != nil {
		return nil, fmt.Errorf("listing the inbox: %w", err)
	}
	for _, ref := range s.order {
		if err := s.take(ctx, ref, s.batches[ref]); err != nil {
			return nil, err
		}
	}
	return &s.found, nil
}

// folder is a batch as it was listed.
type folder struct {
	objects []objectstore.Object
	ready   bool
	zip     bool // a ZIP of the same name lies beside it
	err     error
}

type scan struct {
	store      objectstore.Store
	options    Options
	receptions Receptions
	now        time.Time

	batches map[Ref]*folder
	order   []Ref
	odd     map[string]bool
	found   Found
	buffer  []byte // for hashing
}

func (s *scan) wanted(ref Ref) bool {
	return len(s.options.Only) == 0 || slices.Contains(s.options.Only, ref)
}

// folder gives the batch of a name; nil when it was not asked for.
func (s *scan) folder(ref Ref) *folder {
	if !s.wanted(ref) {
		return nil
	}
	b := s.batches[ref]
	if b == nil {
		b = &folder{}
		s.batches[ref] = b
		s.order = append(s.order, ref)
	}
	return b
}

func (s *scan) addOdd(key, why string) {
	if !s.odd[key] { // a folder is told once, not once an object
		s.odd[key] = true
		s.found.Odd = append(s.found.Odd, Odd{key, why})
	}
}

func (s *scan) list(ctx context.Context) error {
	zips := map[Ref]bool{}
	for o, err := range s.store.List(ctx, inbox) {
		var keyErr *objectstore.KeyError
		if err != nil && (!errors.As(err, &keyErr) || !strings.HasPrefix(keyErr.Key, inbox) || keyErr.Key == inbox) {
			return err // the inbox itself
		}
		if err != nil {
			s.unusable(keyErr)
			continue
		}
		supplier, rest, inFolder := strings.Cut(strings.TrimPrefix(o.Key, inbox), "/")
		name, inner, inBatch := strings.Cut(rest, "/")
		ref := Ref{claim.SIRET(supplier), name}
		switch {
		case !inFolder || !ref.Supplier.KeyOK():
			s.oddUnlessFiltered(inbox+supplier, "not a folder named by a SIRET (14 digits with a valid key)")
		case !inBatch && strings.EqualFold(path.Ext(name), ".zip"):
			ref.Name = name[:len(name)-len(".zip")]
			if s.wanted(ref) {
				zips[ref] = true
				s.addOdd(o.Key, "ZIP deliveries are not read yet by this version")
			}
		case !inBatch:
			s.oddUnlessFiltered(o.Key, "an object beside the batches, in none of them")
		case ref.problem() != "":
			s.oddUnlessFiltered(inbox+ref.String(), ref.problem())
		default:
			s.add(ref, inner, o)
		}
	}
	for ref := range zips {
		if b := s.batches[ref]; b != nil {
			b.zip = true
		}
	}
	return nil
}

// oddUnlessFiltered reports a key that belongs to no batch, unless the scan is
// about some batches only.
func (s *scan) oddUnlessFiltered(key, why string) {
	if len(s.options.Only) == 0 {
		s.addOdd(key, why)
	}
}

// unusable reports what stands where an object should. What no supplier can
// have meant as one is odd; what the store would not show is our failure.
func (s *scan) unusable(err *objectstore.KeyError) {
	supplier, rest, _ := strings.Cut(strings.TrimPrefix(err.Key, inbox), "/")
	name, _, inBatch := strings.Cut(rest, "/")
	ref := Ref{claim.SIRET(supplier), name}
	isBatch := inBatch && ref.problem() == ""
	if isBatch && !s.wanted(ref) || !isBatch && len(s.options.Only) > 0 {
		return
	}
	switch {
	case errors.Is(err, objectstore.ErrNotRegular), errors.Is(err, objectstore.ErrBadKey):
		s.addOdd(err.Key, err.Err.Error())
	case isBatch:
		s.folder(ref).err = err
	default:
		s.found.Failed = append(s.found.Failed, Failed{err.Key, err})
	}
}

func (s *scan) add(ref Ref, inner string, o objectstore.Object) {
	b := s.folder(ref)
	if b == nil {
		return
	}
	if len(o.Key) > maxKeyBytes {
		s.addOdd(o.Key, fmt.Sprintf("a key of more than %d bytes has no place in the archive", maxKeyBytes))
		return
	}
	if inner == readyMarker {
		b.ready = true
		return
	}
	b.objects = append(b.objects, o)
	if s.options.FirstSeen.IsZero() && o.Modified.After(s.now.Add(futureTolerance)) {
		s.addOdd(o.Key, "last modified in the future ("+o.Modified.In(claim.Paris).Format(time.RFC3339)+"): the clocks of the store and of this machine differ")
	}
}

// take hashes a batch, has its receptions kept, and tells whether it is ready.
// An error is the ledger's or the context's: it ends the scan.
func (s *scan) take(ctx context.Context, ref Ref, f *folder) error {
	prefix := inbox + ref.String() + "/"
	if f.err != nil {
		s.found.Failed = append(s.found.Failed, Failed{prefix, f.err})
		return nil
	}
	batch := Batch{Ref: ref, stored: make(map[string]objectstore.Object, len(f.objects))}
	var newest time.Time
	for _, o := range f.objects {
		if o.Modified.After(newest) {
			newest = o.Modified
		}
		sum, err := s.hash(ctx, o)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, objectstore.ErrChanged), errors.Is(err, objectstore.ErrNotFound):
			s.found.Waiting = append(s.found.Waiting, Waiting{ref, newest, "it is still changing"})
			return nil
		case err != nil:
			s.found.Failed = append(s.found.Failed, Failed{prefix, err})
			return nil
		}
		batch.stored[o.Key] = o
		batch.Objects = append(batch.Objects, claim.Object{
			Name: canonical(strings.TrimPrefix(o.Key, prefix)), Key: o.Key, Size: o.Size, SHA256: sum,
		})
	}
	slices.SortFunc(batch.Objects, func(a, b claim.Object) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key))
	})
	if err := s.receive(ctx, &batch); err != nil {
		return err
	}
	if age := s.now.Sub(newest); !f.ready && age <= s.options.QuietPeriod {
		s.found.Waiting = append(s.found.Waiting, Waiting{ref, newest, fmt.Sprintf("its newest object is younger than the quiet period (%s) and it has no %s", s.options.QuietPeriod, readyMarker)})
		return nil
	}
	batch.Digest = digest(batch.Objects)
	batch.sort()
	if f.zip {
		batch.Problems = append(batch.Problems, claim.FileProblem{Code: "FIC-06", Reason: "folder_and_zip"})
	}
	s.found.Ready = append(s.found.Ready, batch)
	return nil
}

func (s *scan) receive(ctx context.Context, batch *Batch) error {
	sightings := make([]claim.Sighting, len(batch.Objects))
	for i, o := range batch.Objects {
		at := s.options.FirstSeen
		if at.IsZero() {
			at = batch.stored[o.Key].Modified
		}
		// Deadlines and messages speak of milliseconds: nothing finer decides.
		sightings[i] = claim.Sighting{Key: o.Key, SHA256: o.SHA256, At: at.UTC().Truncate(time.Millisecond)}
	}
	received, err := s.receptions.Receive(ctx, sightings)
	if err != nil {
		return fmt.Errorf("keeping the reception of batch %s: %w", batch.Ref, err)
	}
	for i, at := range received {
		batch.Objects[i].ReceivedAt = at
		if at.After(batch.ReceivedAt) {
			batch.ReceivedAt = at
		}
	}
	return nil
}

func (s *scan) hash(ctx context.Context, o objectstore.Object) (string, error) {
	r, err := s.store.Open(ctx, o)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	n, err := io.CopyBuffer(h, r, s.buffer)
	if err = errors.Join(err, r.Close()); err != nil {
		return "", err
	}
	if n != o.Size {
		return "", fmt.Errorf("%q: %w: %d bytes were listed, %d read", o.Key, objectstore.ErrChanged, o.Size, n)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
