package register_test

import (
	"slices"
	"strings"
	"testing"

	"guichet/config"
	"guichet/pipeline/register"
)

// TestWithoutTranches: a programme with one ceiling for all has no outil de
// calcul. None is asked for; one that lies there is not read, sound or not.
func TestWithoutTranches(t *testing.T) {
	programme, err := config.LoadProgramme("../testdata/programmes/af-bio-sil-va1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	files := small()
	delete(files, "outil-calcul.csv")
	if _, err := load(files); err == nil || !strings.Contains(err.Error(), "outil-calcul: required") {
		t.Errorf("with tranches: got %v, want it to be required", err)
	}
	for _, rubbish := range []string{"", "\"not a register"} {
		if rubbish != "" {
			files["outil-calcul.csv"] = rubbish
		}
		var list []register.File
		for name, data := range files {
			list = append(list, register.File{Name: name, Data: []byte(data)})
		}
		set, err := register.Load(list, programme)
		if err != nil {
			t.Fatalf("%q: %v", rubbish, err)
		}
		if got := slices.Contains(set.Ignored(), "outil-calcul.csv"); got != (rubbish != "") {
			t.Errorf("%q: ignored %v", rubbish, set.Ignored())
		}
		for _, info := range set.Infos() {
			if info.Name == "outil-calcul.csv" {
				t.Errorf("%q was read", rubbish)
			}
		}
		if err := set.CheckTranches(programme); err != nil {
			t.Error(err)
		}
	}
}
