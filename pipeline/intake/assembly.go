package intake

import (
	"cmp"
	"context"
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

// bufferBytes is how much is read of an object at a time.
const bufferBytes = 256 << 10

// assembly makes a batch of its inputs: the objects of its folder, or a ZIP
// beside it, or what should not be, both.
type assembly struct {
	*Batch
	isZIP  bool // the batch is one ZIP and nothing else
	spool  *spool
	buffer []byte

	archive *archive
	bad     *fault // of the ZIP
}

// assemble starts a batch of inputs that lie under those keys as delivered.
func assemble(ref Ref, store objectstore.Store, options Options, keys []string, buffer []byte) *assembly {
	return &assembly{
		Batch:  &Batch{Ref: ref, content: &content{store: store, options: options, stored: make(map[string]objectstore.Object, len(keys))}},
		isZIP:  len(keys) == 1 && !ref.holds(keys[0]),
		buffer: buffer,
	}
}

// add hashes an input, which was delivered under a key. A ZIP is kept in a
// temporary file until the batch is made.
func (a *assembly) add(ctx context.Context, key string, o objectstore.Object) error {
	var sum string
	var err error
	if a.isZIP && o.Size <= a.content.options.ZIP.Packed {
		if a.spool, err = newSpool(ctx, a.content.store, o, a.buffer); err == nil {
			sum = a.spool.sha256
		}
	} else {
		sum, err = hashTo(ctx, io.Discard, a.content.store, o, a.buffer)
	}
	if err != nil {
		return err
	}
	name := path.Base(key)
	if a.holds(key) {
		name = canonical(strings.TrimPrefix(key, a.prefix()))
	}
	a.content.stored[key] = o
	a.Inputs = append(a.Inputs, claim.Object{Name: name, Key: key, Size: o.Size, SHA256: sum})
	return nil
}

// received notes when the inputs were received, in their order.
func (a *assembly) received(times []time.Time) {
	for i, at := range times {
		a.Inputs[i].ReceivedAt = at
		if at.After(a.ReceivedAt) {
			a.ReceivedAt = at
		}
	}
}

// look reads the structure of the batch's ZIP, where it is one. An error is
// ours, not the supplier's.
func (a *assembly) look() (err error) {
	switch limits := a.content.options.ZIP; {
	case !a.isZIP:
	case a.spool == nil:
		a.bad = faultf("il dépasse %s", sized(limits.Packed))
	default:
		a.archive, err = readArchive(a.spool, a.spool.size, limits, a.prefix())
		a.bad, err = faultIn(err)
	}
	return err
}

// signals tells whether the batch's ZIP holds _READY.
func (a *assembly) signals() bool { return a.archive != nil && a.archive.ready }

// finish tells the objects of the batch, its digest, and what refuses it. An
// error is ours, not the supplier's.
func (a *assembly) finish(ctx context.Context) (err error) {
	if !a.isZIP {
		a.finishFolder()
		return nil
	}
	zip := a.Inputs[0]
	var objects []claim.Object
	if a.bad == nil {
		objects, err = a.archive.digests(ctx, a.spool, zip, a.buffer)
		if a.bad, err = faultIn(err); err != nil {
			return fmt.Errorf("reading %q: %w", zip.Key, err)
		}
	}
	if a.bad != nil {
		a.Digest = zip.SHA256
		a.Problems = []claim.FileProblem{zipProblem(zip, a.bad.detail)}
		return nil
	}
	a.content.zip, a.content.files = zip, make(map[string]file, len(objects))
	for i, o := range objects {
		a.content.files[o.Key] = a.archive.files[i]
	}
	a.setObjects(objects)
	return nil
}

func (a *assembly) finishFolder() {
	var loose, zips []claim.Object
	for _, input := range a.Inputs {
		if a.holds(input.Key) {
			loose = append(loose, input)
		} else {
			zips = append(zips, input)
		}
	}
	a.setObjects(loose)
	if len(zips) == 0 {
		return
	}
	// The ZIPs are part of the content: what is dropped without them is
	// another one. No object of a folder can have a name that begins so.
	all := slices.Clone(a.Objects)
	for _, zip := range zips {
		zip.Name = "../" + zip.Name
		all = append(all, zip)
	}
	a.Digest = digest(all)
	if len(loose) > 0 {
		a.Problems = append(a.Problems, claim.FileProblem{Code: "FIC-06", Reason: "folder_and_zip"})
	} else {
		a.Problems = []claim.FileProblem{zipProblem(zips[0], "le lot est déposé aussi sous le nom "+claim.Quote(zips[1].Name))}
	}
}

func zipProblem(zip claim.Object, detail string) claim.FileProblem {
	return claim.FileProblem{Code: "FIC-01", Reason: "zip", File: zip.Name, Detail: detail}
}

// close lets go of the temporary file.
func (a *assembly) close() error { return a.spool.close() }

// setObjects sets a batch's objects and tells them apart.
func (b *Batch) setObjects(objects []claim.Object) {
	b.Objects = slices.SortedFunc(slices.Values(objects), func(a, b claim.Object) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Key, b.Key))
	})
	b.Digest = digest(b.Objects)
	b.sort()
}

// ErrInputs means that inputs of a batch are gone or have another content.
var ErrInputs = errors.New("inputs of the batch are gone or have another content")

// Reopen gives a batch as it was delivered, from the keys where its inputs lie
// now: key maps an input's key to that. Reception times are those of the
// inputs. Inputs that are gone or have another content are an error that names
// them and wraps ErrInputs.
func Reopen(ctx context.Context, store objectstore.Store, options Options, ref Ref, inputs []claim.Object, key func(input string) string) (_ *Batch, err error) {
	keys, times := make([]string, len(inputs)), make([]time.Time, len(inputs))
	for i, input := range inputs {
		keys[i], times[i] = input.Key, input.ReceivedAt
	}
	a := assemble(ref, store, options.withDefaults(), keys, make([]byte, bufferBytes))
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.addAgain(ctx, inputs, key); err != nil {
		return nil, fmt.Errorf("batch %s: %w", ref, err)
	}
	a.received(times)
	if err := errors.Join(a.look(), ctx.Err()); err != nil {
		return nil, fmt.Errorf("batch %s: %w", ref, err)
	}
	if err := a.finish(ctx); err != nil {
		return nil, fmt.Errorf("batch %s: %w", ref, err)
	}
	return a.Batch, nil
}

// addAgain hashes the inputs where they lie now.
func (a *assembly) addAgain(ctx context.Context, inputs []claim.Object, key func(input string) string) error {
	var lost []string
	for _, input := range inputs {
		o, err := a.content.store.Stat(ctx, key(input.Key))
		if err == nil {
			err = a.add(ctx, input.Key, o)
		}
		switch {
		case errors.Is(err, objectstore.ErrNotFound), errors.Is(err, objectstore.ErrChanged),
			err == nil && a.Inputs[len(a.Inputs)-1].SHA256 != input.SHA256:
			lost = append(lost, fmt.Sprintf("%q", key(input.Key)))
		case err != nil:
			return err
		}
	}
	if len(lost) > 0 {
		return fmt.Errorf("%w: %s", ErrInputs, listed(lost))
	}
	return nil
}
