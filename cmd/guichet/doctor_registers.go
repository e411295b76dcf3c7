package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

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
		set  *register.Set
		ages map[string]time.Time
	}
	found, err := limited(d.ctx, registersWithin, func(ctx context.Context) (l loaded, err error) {
		l.ages = map[string]time.Time{}
		files, err := registerFiles(ctx, store, l.ages)
		if err != nil {
			return l, err
		}
		if l.set, err = register.Load(files); err != nil {
			return l, err
		}
		return l, l.set.CheckTranches(d.programme)
	})
	if err != nil {
		d.fault(check, "drop sound files into registers/: without them a run touches no batch", "%v", err)
		return
	}
	rows := map[string]int{}
	for _, info := range found.set.Infos() {
		rows[strings.TrimSuffix(info.Name, path.Ext(info.Name))] = info.Rows
		at := found.ages[info.Name]
		d.ok(check, "%s: %s, of %s (%s ago)", info.Name, plural(info.Rows, "row", "rows"), minute(at), days(time.Since(at)))
	}
	for _, name := range found.set.Ignored() {
		d.warn(check, "remove it", "%q is no register that guichet knows", name)
	}
	if d.book == nil {
		return
	}
	for _, before := range d.book.Registers {
		name := strings.TrimSuffix(before.Name, path.Ext(before.Name))
		if rows[name]*100 < before.Rows*98 { // spec 6: more than 2 % are gone
			d.fault(check, "if that is right: guichet run --accept-register "+name,
				"%s has %s, the last run had %d: a run stops when more than 2 %% are gone", name, plural(rows[name], "row", "rows"), before.Rows)
		}
	}
}

// maxRegister bounds a register file, as a run does: 512 MiB.
const maxRegister = 512 << 20

// registerFiles reads the files of registers/, and notes when each was dropped.
func registerFiles(ctx context.Context, store objectstore.Store, ages map[string]time.Time) (files []register.File, err error) {
	for o, err := range store.List(ctx, "registers/") {
		if err != nil {
			return nil, fmt.Errorf("listing registers/: %w", err)
		}
		name := strings.TrimPrefix(o.Key, "registers/")
		if strings.Contains(name, "/") {
			continue
		}
		reader, err := store.Open(ctx, o)
		if err != nil {
			return nil, fmt.Errorf("register %s: %w", name, err)
		}
		data, err := io.ReadAll(io.LimitReader(reader, maxRegister+1))
		if err := errors.Join(err, reader.Close()); err != nil {
			return nil, fmt.Errorf("register %s: %w", name, err)
		}
		if len(data) > maxRegister {
			return nil, fmt.Errorf("register %s: larger than %s", name, size(maxRegister))
		}
		files, ages[name] = append(files, register.File{Name: name, Data: data}), o.Modified
	}
	return files, nil
}
