package intake

import (
	"errors"
	"fmt"
	"strconv"
)

// fault says in French, for its supplier, why a ZIP is no good (FIC-01). It
// ends the sentence "Le fichier x.zip ne peut pas être pris en compte : …." and
// has at most 114 characters, so that the whole has at most 240.
type fault struct{ detail string }

// Error gives the French detail.
func (f *fault) Error() string { return f.detail }

// faultIn tells a fault of the ZIP from an error of ours.
func faultIn(err error) (*fault, error) {
	var f *fault
	if errors.As(err, &f) {
		return f, nil
	}
	return nil, err
}

func faultf(format string, args ...any) *fault {
	return &fault{fmt.Sprintf(format, args...)}
}

var (
	errStructure = faultf("la structure de l'archive est abîmée ou contradictoire")
	errForeign   = faultf("il contient des données qui n'appartiennent à aucun de ses fichiers")
	errOverlap   = faultf("des fichiers s'y recouvrent ou dépassent la fin de l'archive")
	errLongName  = faultf("un de ses fichiers porte un nom trop long")
)

// grouped writes a number as the French do: 50 000.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + " " + s[i:]
	}
	return s
}

// sized writes a number of bytes in the largest unit that leaves it whole.
func sized(n int64) string {
	units := []string{"octets", "Kio", "Mio", "Gio"}
	i := 0
	for ; i+1 < len(units) && n != 0 && n%1024 == 0; i++ {
		n /= 1024
	}
	return grouped(n) + " " + units[i]
}
