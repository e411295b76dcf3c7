package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"guichet/pipeline/claim"
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
	var files []register.File
	for o, err := range r.Store.List(ctx, registersFolder) {
		if err != nil {
			return fmt.Errorf("listing the registers: %w", err)
		}
		name := strings.TrimPrefix(o.Key, registersFolder)
		if strings.Contains(name, "/") {
			continue
		}
		data, err := r.read(ctx, o, maxRegisterBytes)
		if err != nil {
			return fmt.Errorf("register %s: %w", name, err)
		}
		if len(data) > maxRegisterBytes {
			return fmt.Errorf("register %s: larger than %d MiB", name, maxRegisterBytes>>20)
		}
		files = append(files, register.File{Name: name, Data: data})
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
