package register

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
)

// Severity is how much a problem of the registers matters.
type Severity string

const (
	// Error is a problem that stops a run.
	Error Severity = "error"
	// Warning is what a run goes on with, but somebody should look at: a rule
	// has nothing to ask, or claims will fail for it.
	Warning Severity = "warning"
)

// Problem is one thing that is wrong in the registers.
type Problem struct {
	Severity Severity
	Kind     string // groups problems of one sort: siret_key
	File     string // solutions.csv; of a register that is not there its name
	Line     int    // of the CSV, or row of the sheet; 0: the file as a whole
	Column   string // label; empty where none is meant
	Cell     string // F12, or L4C10; empty where none is meant
	Value    string // as read; empty where none is meant
	Message  string
	Cure     string

	register string // name without extension
	err      error  // as [Load] words it
}

// Sort brings problems into the order of their files and lines.
func Sort(problems []Problem) {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}

// tell takes the problems of a register as they are found.
type tell func(Problem)

// stop tells what stops a run, in the words of [Load].
func (t tell) stop(p Problem, err error) {
	p.Severity, p.err = Error, err
	if p.Message == "" {
		p.Message = err.Error()
	}
	t(p)
}

// contradiction tells of two rows that cannot both be right.
func (t tell) contradiction(kind string, line, before int, what string) {
	const cure = "keep the right one"
	message := fmt.Sprintf("contradicts line %d: %s", before, what)
	t.stop(Problem{Kind: kind, Line: line, Message: message, Cure: cure + ", and remove the other row"},
		fmt.Errorf("line %d %s; %s", line, message, cure))
}

// cellError is a cell that cannot be read: what it is instead, of what kind
// that is, and what to do about it.
type cellError struct{ kind, what, cure string }

func (e cellError) Error() string { return e.what }

var (
	errEmpty      = cellError{"empty", "empty, but required", "fill it in"}
	errFINESS     = cellError{"finess", "not a FINESS number (9 characters)", "enter the nine characters of the establishment's FINESS géographique"}
	errFINESSKey  = cellError{"finess_key", "a FINESS number with a wrong key", "look the number up and enter it again: a character is mistyped"}
	errFINESSLost = cellError{"lost_digits", "a spreadsheet dropped digits of this FINESS number; format the column as text and enter it again", ""}
	errSIRET      = cellError{"siret", "not a SIRET (14 digits)", "enter the fourteen digits of the establishment's SIRET"}
	errSIRETKey   = cellError{"siret_key", "a SIRET with a wrong key", "look the number up and enter it again: a digit is mistyped"}
	errSIRETLost  = cellError{"lost_digits", "a spreadsheet dropped digits of this SIRET; format the column as text and enter it again", ""}
	errYesNo      = cellError{"yes_no", "neither OUI nor NON", "enter OUI or NON"}
	errRole       = cellError{"role", "neither EDITEUR nor DISTRIBUTEUR", "enter EDITEUR or DISTRIBUTEUR"}
	errRegime     = cellError{"vat_regime", "neither ASSUJETTI nor NON ASSUJETTI", "enter ASSUJETTI or NON ASSUJETTI, or nothing"}
	errDigest     = cellError{"digest", "not a SHA-256 (64 hexadecimal digits)", "enter the digest of the purchase order again, or nothing"}
)

// ofCell gives the kind of what is wrong with a cell, and the cure.
func ofCell(err error) (kind, cure string) {
	var e cellError
	if errors.As(err, &e) {
		return e.kind, e.cure
	}
	return "date", "enter a day as dd/mm/yyyy or yyyy-mm-dd"
}
