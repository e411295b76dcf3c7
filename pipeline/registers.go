package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"guichet/config"
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

// errRegistersChange means that registers came, went or changed while a run
// read them.
var errRegistersChange = errors.New("registers/ changes while it is read: run again when its files are complete")

// Registers reads the registers of a store as a run does, and gives the objects
// that they were read from. Errors name the file.
func Registers(ctx context.Context, store objectstore.Store, programme *config.Programme) (*register.Set, []objectstore.Object, error) {
	files, listed, err := RegisterFiles(ctx, store)
	if err != nil {
		return nil, nil, err
	}
	set, err := register.Load(files, programme)
	if err != nil {
		return nil, nil, err
	}
	return set, listed, set.CheckTranches(programme)
}

// RegisterFiles gives the files of registers/ whole, and their objects, in one
// order. Errors name the file.
func RegisterFiles(ctx context.Context, store objectstore.Store) ([]register.File, []objectstore.Object, error) {
	listed, err := listRegisters(ctx, store)
	if err != nil {
		return nil, nil, err
	}
	files := make([]register.File, len(listed))
	for i, o := range listed {
		name := strings.TrimPrefix(o.Key, registersFolder)
		data, err := readWhole(ctx, store, o, maxRegisterBytes)
		if err != nil {
			return nil, nil, fmt.Errorf("register %s: %w", name, err)
		}
		files[i] = register.File{Name: name, Data: data}
	}
	// Operators may be dropping others at this moment: half of them would
	// judge claims by rows that do not belong together.
	again, err := listRegisters(ctx, store)
	if err != nil {
		return nil, nil, err
	}
	same := func(a, b objectstore.Object) bool {
		return a.Key == b.Key && a.Size == b.Size && a.Version == b.Version
	}
	if !slices.EqualFunc(listed, again, same) {
		return nil, nil, errRegistersChange
	}
	return files, listed, nil
}

// listRegisters gives the objects of registers/, those of folders in it aside.
func listRegisters(ctx context.Context, store objectstore.Store) ([]objectstore.Object, error) {
	var listed []objectstore.Object
	for o, err := range store.List(ctx, registersFolder) {
		if err != nil {
			return nil, fmt.Errorf("listing the registers: %w", err)
		}
		if !strings.Contains(strings.TrimPrefix(o.Key, registersFolder), "/") {
			listed = append(listed, o)
		}
	}
	return listed, nil
}

// Shrunk is a register that lost more rows since the last run than one loses
// without a word of an operator's.
type Shrunk struct {
	Name        string // without extension
	Before, Now int    // rows
}

// Error tells how to go on.
func (s *Shrunk) Error() string {
	return fmt.Sprintf("register %s has %d rows, the last run had %d: more than %d %% are gone; if that is right, run again with --accept-register %s",
		s.Name, s.Now, s.Before, shrinkage, s.Name)
}

// CompareRegisters gives those of the last run's registers that have shrunk,
// in their order. One that is gone has lost all its rows.
func CompareRegisters(last, now []claim.RegisterInfo) []*Shrunk {
	var all []*Shrunk
	for _, before := range last {
		s := &Shrunk{Name: registerName(before.Name), Before: before.Rows}
		for _, info := range now {
			if registerName(info.Name) == s.Name {
				s.Now = info.Rows
			}
		}
		if s.Now*100 < s.Before*(100-shrinkage) {
			all = append(all, s)
		}
	}
	return all
}

func registerName(file string) string { return strings.TrimSuffix(file, path.Ext(file)) }

// loadRegisters reads the registers and compares them with those of the last
// run. It fails before any batch is touched.
func (r *run) loadRegisters(ctx context.Context) error {
	set, _, err := Registers(ctx, r.Store, r.Programme)
	if err != nil {
		return err
	}
	for _, name := range set.Ignored() {
		r.leave(registersFolder+name, "not a register of this programme")
	}
	r.set, r.registers = set, set.Infos()
	last, err := r.Ledger.LastRegisters(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, s := range CompareRegisters(last, r.registers) {
		if !slices.Contains(r.Accepted, s.Name) {
			errs = append(errs, s)
		}
	}
	if err := errors.Join(errs...); err != nil {
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
