package main

import (
	"context"
	"path"
	"time"

	"guichet/pipeline"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/register"
)

// registers loads the registers as a run would, and compares them with those
// of the last run.
func (d *doctor) registers() {
	const check = "registers"
	if d.store == nil {
		return // told already
	}
	store := d.store
	type loaded struct {
		set   *register.Set
		files []objectstore.Object
	}
	found, err := limited(d.ctx, registersWithin, func(ctx context.Context) (l loaded, err error) {
		l.set, l.files, err = pipeline.Registers(ctx, store, d.programme)
		return l, err
	})
	if err != nil {
		d.fault(check, "drop sound files into registers/: without them a run touches no batch", "%v", err)
		return
	}
	ages := map[string]time.Time{}
	for _, file := range found.files {
		ages[path.Base(file.Key)] = file.Modified
	}
	for _, info := range found.set.Infos() {
		at := ages[info.Name]
		d.ok(check, "%s: %s, of %s (%s ago)", info.Name, plural(info.Rows, "row", "rows"), minute(at), days(time.Since(at)))
	}
	for _, name := range found.set.Ignored() {
		d.warn(check, "remove it", "%q is no register of this programme", name)
	}
	if d.book == nil {
		return
	}
	for _, shrunk := range pipeline.CompareRegisters(d.book.Registers, found.set.Infos()) {
		d.fault(check, "if that is right: guichet run --accept-register "+shrunk.Name,
			"%s has %s, the last run had %d: a run stops when more than 2 %% are gone", shrunk.Name, plural(shrunk.Now, "row", "rows"), shrunk.Before)
	}
}
