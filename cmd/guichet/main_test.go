package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"guichet/pipeline/document"
)

func TestMain(m *testing.M) {
	document.Main()
	testscript.Main(m, map[string]func(){
		"guichet":   func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
		"documents": tool(writeDocuments),
		"deliver":   tool(deliver),
		"state":     tool(state),
	})
}

// tool makes a command for scripts.
func tool(do func() error) func() {
	return func() {
		if err := do(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// TestScripts plays terminal sessions: see testdata/script.
func TestScripts(t *testing.T) {
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_CACHE_HOME", cache) // compiled WebAssembly is kept there
			// Scripts find the registers of the hand-written cases in $WORK/registers,
			// and the invented programme in $WORK/programmes.
			return errors.Join(
				os.CopyFS(filepath.Join(e.WorkDir, "registers"), os.DirFS("../../pipeline/testdata/cases/registers")),
				os.CopyFS(filepath.Join(e.WorkDir, "programmes"), os.DirFS("../../pipeline/testdata/programmes")),
			)
		},
	})
}
