package intake

import (
	"cmp"
	"context"
	"errors"
	"fmt"
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
	// ZIP bounds deliveries that are ZIPs; a zero field stands for that of
	// [DefaultZIPLimits].
	ZIP ZIPLimits
}

func (o Options) withDefaults() Options {
	o.ZIP.Packed = cmp.Or(o.ZIP.Packed, DefaultZIPLimits.Packed)
	o.ZIP.Unpacked = cmp.Or(o.ZIP.Unpacked, DefaultZIPLimits.Unpacked)
	o.ZIP.Entries = cmp.Or(o.ZIP.Entries, DefaultZIPLimits.Entries)
	return o
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
	s := &scan{store: store, options: options.withDefaults(), receptions: receptions, now: options.Now(), batches: map[Ref]*folder{}, odd: map[string]bool{}, buffer: make([]byte, bufferBytes)}
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
	zips    []objectstore.Object // of the batch's name, beside the folder
	ready   bool                 // _READY lies in the folder
	err     error
}

// place tells where in the inbox a key is.
type place struct {
	Ref
	supplied bool   // below a folder named by a SIRET
	inner    string // below the batch's folder; empty beside the batches
	isZIP    bool   // a ZIP beside the batches
}

func placeOf(key string) place {
	supplier, rest, inFolder := strings.Cut(strings.TrimPrefix(key, inbox), "/")
	name, inner, inBatch := strings.Cut(rest, "/")
	at := place{Ref: Ref{claim.SIRET(supplier), name}, inner: inner}
	at.supplied = inFolder && at.Supplier.KeyOK()
	if ext := path.Ext(name); !inBatch && strings.EqualFold(ext, zipSuffix) {
		at.Name, at.isZIP = strings.TrimSuffix(name, ext), true
	}
	return at
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
	for o, err := range s.store.List(ctx, inbox) {
		var keyErr *objectstore.KeyError
		if err != nil && (!errors.As(err, &keyErr) || !strings.HasPrefix(keyErr.Key, inbox) || keyErr.Key == inbox) {
			return err // the inbox itself
		}
		if err != nil {
			s.unusable(keyErr)
			continue
		}
		switch at := placeOf(o.Key); {
		case !at.supplied:
			s.oddUnlessFiltered(inbox+string(at.Supplier), "not a folder named by a SIRET (14 digits with a valid key)")
		case !at.isZIP && at.inner == "":
			s.oddUnlessFiltered(o.Key, "an object beside the batches, in none of them")
		case at.problem() != "" && at.isZIP:
			s.oddUnlessFiltered(o.Key, at.problem())
		case at.problem() != "":
			s.oddUnlessFiltered(inbox+at.String(), at.problem())
		default:
			s.add(at, o)
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
	at := placeOf(err.Key)
	isBatch := (at.isZIP || at.inner != "") && at.problem() == ""
	if isBatch && !s.wanted(at.Ref) || !isBatch && len(s.options.Only) > 0 {
		return
	}
	switch {
	case errors.Is(err, objectstore.ErrNotRegular), errors.Is(err, objectstore.ErrBadKey):
		s.addOdd(err.Key, err.Err.Error())
	case isBatch:
		s.folder(at.Ref).err = err
	default:
		s.found.Failed = append(s.found.Failed, Failed{err.Key, err})
	}
}

// add adds an object to its batch.
func (s *scan) add(at place, o objectstore.Object) {
	if len(o.Key) > maxKeyBytes {
		if s.wanted(at.Ref) {
			s.addOdd(o.Key, fmt.Sprintf("a key of more than %d bytes has no place in the archive", maxKeyBytes))
		}
		return
	}
	b := s.folder(at.Ref)
	switch {
	case b == nil:
		return
	case at.isZIP:
		b.zips = append(b.zips, o)
	case at.inner == readyMarker:
		b.ready = true
		return
	default:
		b.objects = append(b.objects, o)
	}
	s.checkClock(o)
}

func (s *scan) checkClock(o objectstore.Object) {
	if s.options.FirstSeen.IsZero() && o.Modified.After(s.now.Add(futureTolerance)) {
		s.addOdd(o.Key, "last modified in the future ("+o.Modified.In(claim.Paris).Format(time.RFC3339)+"): the clocks of the store and of this machine differ")
	}
}

// take hashes a batch, has its receptions kept, and tells whether it is ready.
// An error is the ledger's or the context's: it ends the scan.
func (s *scan) take(ctx context.Context, ref Ref, f *folder) (err error) {
	if f.err != nil {
		s.found.Failed = append(s.found.Failed, Failed{ref.prefix(), f.err})
		return nil
	}
	inputs := slices.Concat(f.objects, f.zips)
	keys := make([]string, len(inputs))
	var newest time.Time
	for i, o := range inputs {
		keys[i] = o.Key
		if o.Modified.After(newest) {
			newest = o.Modified
		}
	}
	a := assemble(ref, s.store, s.options, keys, s.buffer)
	defer func() { err = errors.Join(err, a.close()) }()
	failed := func(err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, objectstore.ErrChanged), errors.Is(err, objectstore.ErrNotFound):
			s.found.Waiting = append(s.found.Waiting, Waiting{ref, newest, "it is still changing"})
		default:
			s.found.Failed = append(s.found.Failed, Failed{ref.prefix(), err})
		}
		return nil
	}
	for _, o := range inputs {
		if err := a.add(ctx, o.Key, o); err != nil {
			return failed(err)
		}
	}
	if err := s.receive(ctx, a); err != nil {
		return err
	}
	if err := a.look(); err != nil {
		return failed(err)
	}
	if age := s.now.Sub(newest); !f.ready && !a.signals() && age <= s.options.QuietPeriod {
		s.found.Waiting = append(s.found.Waiting, Waiting{ref, newest, fmt.Sprintf("its newest object is younger than the quiet period (%s) and it has no %s", s.options.QuietPeriod, readyMarker)})
		return nil
	}
	if err := errors.Join(a.finish(ctx), s.unchanged(ctx, ref, f)); err != nil {
		return failed(err)
	}
	s.found.Ready = append(s.found.Ready, *a.Batch)
	return nil
}

// unchanged fails with [objectstore.ErrChanged] when a batch, read meanwhile,
// is not as it was listed: something came, changed, or went.
func (s *scan) unchanged(ctx context.Context, ref Ref, f *folder) error {
	again := 0
	for o, err := range s.store.List(ctx, ref.prefix()) {
		switch at := placeOf(o.Key); {
		case err != nil:
			if keyErr := (*objectstore.KeyError)(nil); !errors.As(err, &keyErr) {
				return err
			}
		case at.inner == readyMarker || len(o.Key) > maxKeyBytes:
		case again >= len(f.objects) || !sameVersion(o, f.objects[again]):
			return fmt.Errorf("%q: %w", o.Key, objectstore.ErrChanged)
		default:
			again++
		}
	}
	if again < len(f.objects) {
		return fmt.Errorf("%q: %w", f.objects[again].Key, objectstore.ErrNotFound)
	}
	for _, zip := range f.zips {
		o, err := s.store.Stat(ctx, zip.Key)
		if err != nil {
			return err
		}
		if !sameVersion(o, zip) {
			return fmt.Errorf("%q: %w", zip.Key, objectstore.ErrChanged)
		}
	}
	return nil
}

func sameVersion(a, b objectstore.Object) bool {
	return a.Key == b.Key && a.Size == b.Size && a.Version == b.Version
}

// receive has the receptions of a batch's inputs kept. What a ZIP holds was
// received with it.
func (s *scan) receive(ctx context.Context, a *assembly) error {
	sightings := make([]claim.Sighting, len(a.Inputs))
	for i, o := range a.Inputs {
		at := s.options.FirstSeen
		if at.IsZero() {
			at = a.content.stored[o.Key].Modified
		}
		// Deadlines and messages speak of milliseconds: nothing finer decides.
		sightings[i] = claim.Sighting{Key: o.Key, SHA256: o.SHA256, At: at.UTC().Truncate(time.Millisecond)}
	}
	times, err := s.receptions.Receive(ctx, sightings)
	if err != nil {
		return fmt.Errorf("keeping the reception of batch %s: %w", a.Ref, err)
	}
	a.received(times)
	return nil
}
