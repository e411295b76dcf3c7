package ledger

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/pipeline/claim"
)

func examine(t *testing.T, file string) *Condition {
	t.Helper()
	c, err := Examine(t.Context(), "sqlite://"+file)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestExamine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ledger.db")
	const latest = 5
	if diff := cmp.Diff(&Condition{File: file, Known: latest}, examine(t, file)); diff != "" {
		t.Errorf("none: %s", diff)
	}
	if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("looking made the ledger: %v", err)
	}
	l, err := Open(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	same := func(step string, want Condition) {
		t.Helper()
		got := examine(t, file)
		if got.Size < 4096 {
			t.Errorf("%s: %d bytes", step, got.Size)
		}
		got.Size = 0
		if diff := cmp.Diff(&want, got, equalInstants); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step, diff)
		}
	}
	want := Condition{File: file, Exists: true, Version: latest, Known: latest}
	same("empty", want)

	lock, err := l.Lock(nightOne)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.StartRun(t.Context(), nightOne, "guichet test"); err != nil {
		t.Fatal(err)
	}
	registers := []claim.RegisterInfo{{Name: "finess.csv", SHA256: "s", Rows: 7}}
	if err := l.SaveRegisters(t.Context(), registers); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	want.Registers, want.LastRun = registers, &RunRecord{Number: 1, Started: nightOne, Software: "guichet test", State: Running}
	want.Holder = &Holder{PID: os.Getpid(), Host: host, Since: nightOne}
	same("in a run", want)
	if err := errors.Join(l.FinishRun(t.Context(), Failed), lock.Release()); err != nil {
		t.Fatal(err)
	}
	want.Holder, want.LastRun.State = nil, Failed
	same("after a run", want)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	same("closed", want)

	// The name of a process that died holds nothing.
	if err := os.WriteFile(file+".lock", []byte(`{"pid":1,"host":"elsewhere"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	same("a dead holder", want)
}

// A look does not keep a run from taking the lock afterwards.
func TestExamineLeavesTheLock(t *testing.T) {
	l := open(t)
	if err := os.WriteFile(l.path+".lock", []byte(`{"pid":1}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		examine(t, l.path)
		lock, err := l.Lock(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if err := lock.Release(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestExamineOtherFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	empty := file("empty.db", "")
	if got := examine(t, empty); !got.Exists || got.Version != 0 {
		t.Errorf("an empty file: %+v", got)
	}
	if data, err := os.ReadFile(empty); err != nil || len(data) > 0 {
		t.Errorf("looking wrote %d bytes, %v", len(data), err)
	}
	for name, url := range map[string]string{
		"no database": file("text.db", "This is no database, whatever its name says. It is long enough to be one, though: more than 100 bytes."),
		"a folder":    dir,
		"a server":    "postgres://guichet:hunter2@db/guichet",
	} {
		if c, err := Examine(t.Context(), url); err == nil {
			t.Errorf("%s: %+v and no error", name, c)
		}
	}

	newer := openAt(t, filepath.Join(dir, "newer.db"))
	if _, err := newer.writer.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
	if got := examine(t, newer.path); got.Version != 99 || got.Known >= 99 || got.LastRun != nil {
		t.Errorf("a later version's ledger: %+v", got)
	}
}
