package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/register"
	"guichet/validators"
)

const registersFolder = "registers/"

// maxRegisterBytes bounds a register file: 512 MiB. The real FINESS extraction
// of all establishments is about 60 MiB.
const maxRegisterBytes = 512 << 20

// shrinkage is the share of its rows, in percent, that a register may lose
// from one run to the next without an operator's word.
const shrinkage = 2

// loadRegisters reads the registers and compares them with those of the last
// run. It fails before any batch is touched.
func (r *run) loadRegisters(ctx context.Context) error {
	listed, err := r.listRegisters(ctx)
	if err != nil {
		return err
	}
	files := make([]register.File, len(listed))
	for i, o := range listed {
		name := strings.TrimPrefix(o.Key, registersFolder)
		data, err := r.read(ctx, o, maxRegisterBytes)
		if err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
		files[i] = register.File{Name: name, Data: data}
	}
	// Operators may be dropping others at this moment: half of them would
	// judge claims by rows that do not belong together.
	again, err := r.listRegisters(ctx)
	if err != nil {
		return err
	}
	same := func(a, b objectstore.Object) bool {
		return a.Key == b.Key && a.Size == b.Size && a.Version == b.Version
	}
	if !slices.EqualFunc(listed, again, same) {
		return errRegistersChange
	}
	set, err := register.Load(files)
	if err != nil {
		return err
	}
	if err := set.CheckTranches(r.Programme); err != nil {
		return err
	}
	for _, name := range set.Ignored() {
		r.leave(registersFolder+name, "not a register that guichet knows")
	}
	r.registers = set.Infos()
	last, err := r.Ledger.LastRegisters(ctx)
	if err != nil {
		return err
	}
	if err := r.compare(last); err != nil {
		return err
	}
	r.validator = &validators.Context{
		Programme: r.Programme,
		Registers: set,
		Limits: validators.Limits{
			DocumentPages: r.Config.Limits.DocumentPages,
			DocumentBytes: int64(r.Config.Limits.DocumentBytes),
			OCRConfidence: r.Config.OCR.MinConfidence,
		},
	}
	return nil
}

// errRegistersChange means that registers came, went or changed while a run
// read them.
var errRegistersChange = errors.New("registers/ changes while it is read: run again when its files are complete")

// listRegisters gives the objects of registers/, those of folders in it aside.
func (r *run) listRegisters(ctx context.Context) ([]objectstore.Object, error) {
	var listed []objectstore.Object
	for o, err := range r.Store.List(ctx, registersFolder) {
		if err != nil {
			return nil, fmt.Errorf("listing the registers: %w", err)
		}
		if !strings.Contains(strings.TrimPrefix(o.Key, registersFolder), "/") {
			listed = append(listed, o)
		}
	}
	return listed, nil
}

// compare refuses registers that lost too many rows.
func (r *run) compare(last []claim.RegisterInfo) error {
	var errs []error
	for _, before := range last {
		name := registerName(before.Name)
		rows := 0
		for _, now := range r.registers {
			if registerName(now.Name) == name {
				rows = now.Rows
			}
		}
		if rows*100 < before.Rows*(100-shrinkage) && !slices.Contains(r.Accepted, name) {
			errs = append(errs, fmt.Errorf("register %s has %d rows, the last run had %d: more than %d %% are gone; if that is right, run again with --accept-register %s",
				name, rows, before.Rows, shrinkage, name))
		}
	}
	return errors.Join(errs...)
}

func registerName(file string) string { return strings.TrimSuffix(file, path.Ext(file)) }
