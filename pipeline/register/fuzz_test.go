package register_test

import (
	"errors"
	"testing"

	"guichet/pipeline/register"
)

// FuzzLoad changes the two registers that are read in different ways: none
// may panic, and every fault is an error of this package.
func FuzzLoad(f *testing.F) {
	files := small()
	f.Add(files["finess.csv"], files["fournisseurs.csv"])
	f.Add(finessHeader+"structureet;\"a\"\"\n", files["fournisseurs.csv"]+"\"\n")
	f.Fuzz(func(t *testing.T, finess, suppliers string) {
		files := small()
		files["finess.csv"], files["fournisseurs.csv"] = finess, suppliers
		set, err := load(files)
		if (set == nil) == (err == nil) || err != nil && !errors.Is(err, register.ErrRegister) {
			t.Fatalf("%v, %v", set, err)
		}
		if set == nil {
			return
		}
		for e := range set.Establishments() {
			if !e.FINESS.KeyOK() {
				t.Fatalf("%+v", e)
			}
		}
	})
}
