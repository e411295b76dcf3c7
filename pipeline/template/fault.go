package template

import (
	"errors"
	"fmt"
)

// Fault says why a file cannot be read in full (FIC-01).
type Fault struct {
	Sheet  string // empty where none is meant
	Cell   string // F12 or L4C10; empty where none is meant
	Detail string // in French, at most 150 characters
	Err    error  // the cause, where a library gave one
}

// Error gives the French detail.
func (f *Fault) Error() string { return f.Detail }

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Err }

// faultf makes a fault of a French sentence.
func faultf(format string, args ...any) *Fault {
	return &Fault{Detail: fmt.Sprintf(format, args...)}
}

// because makes a fault of a French sentence with its cause. A cause that is a
// fault already says more, and stays.
func because(cause error, format string, args ...any) *Fault {
	var fault *Fault
	if errors.As(cause, &fault) {
		return fault
	}
	fault = faultf(format, args...)
	fault.Err = cause
	return fault
}

// at sets where an error stands, unless it knows already.
func at(err error, sheet, cell string) *Fault {
	// A copy: the fault may be one of the package's own.
	fault := *because(err, "le contenu est illisible")
	if fault.Sheet == "" {
		fault.Sheet = sheet
	}
	if fault.Cell == "" {
		fault.Cell = cell
	}
	return &fault
}
