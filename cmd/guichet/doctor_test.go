package main

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"guichet/fixtures/s3server"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

// What hangs for good, here a pipe that nobody writes to, is left behind.
func TestLimited(t *testing.T) {
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // let it go
		if f, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
			_ = f.Close()
		}
	})
	started := time.Now()
	_, err := limited(t.Context(), 50*time.Millisecond, func(context.Context) ([]byte, error) { return os.ReadFile(pipe) })
	if !errors.Is(err, errNoAnswer) {
		t.Errorf("got %v, want errNoAnswer", err)
	}
	if took := time.Since(started); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	if got, err := limited(t.Context(), time.Minute, func(context.Context) (int, error) { return 7, nil }); got != 7 || err != nil {
		t.Errorf("got %d, %v", got, err)
	}
	if _, err := limited(t.Context(), time.Minute, func(context.Context) (int, error) { return 0, errSick }); !errors.Is(err, errSick) {
		t.Errorf("got %v, want the work's own error", err)
	}
}

func TestNoSecretIsShown(t *testing.T) {
	for text, want := range map[string]string{
		"file:///srv/d%C3%A9p%C3%B4t":                                     "file:///srv/d%C3%A9p%C3%B4t",
		"s3://key:hunter2@s3.example:9000/depot?tls=false&secret=hunter2": "s3://s3.example:9000/depot?tls=false",
		"postgres://guichet:hunter2@db/guichet?password=hunter2#hunter2":  "postgres://db/guichet",
		"s3://key:hunter2%zz@host/":                                       "(a URL that cannot be read)",
	} {
		if got := public(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

// examined runs the doctor in an empty folder, on the store and ledger in it,
// without OCR, and gives what it told of each check.
func examined(t *testing.T, folder string, environment ...string) map[string][]diagnosis {
	t.Helper()
	t.Setenv("GUICHET_STORAGE_URL", filepath.Join(folder, "store"))
	t.Setenv("GUICHET_LEDGER_URL", filepath.Join(folder, "ledger.db"))
	t.Setenv("GUICHET_OCR_COMMAND", "no-such-tesseract")
	for _, variable := range environment {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	if err := os.MkdirAll(filepath.Join(folder, "store"), 0o750); err != nil {
		t.Fatal(err)
	}
	t.Chdir(folder)
	var out, logs bytes.Buffer
	code := run([]string{"doctor", "--json"}, &out, &logs)
	found, faults := diagnoses(t, out.Bytes())
	if want := map[bool]int{true: 0, false: 1}[faults == 0]; code != want {
		t.Errorf("exit %d with %d faults: %s", code, faults, logs.String())
	}
	return found
}

func diagnoses(t *testing.T, out []byte) (found map[string][]diagnosis, faults int) {
	t.Helper()
	found = map[string][]diagnosis{}
	for line := range bytes.Lines(out) {
		var told diagnosis
		if err := json.Unmarshal(line, &told); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if (told.Cure == nil) != (told.Status == healthy) {
			t.Errorf("%s: a cure is for what is not well", line)
		}
		if told.Status == fault {
			faults++
		}
		found[told.Check] = append(found[told.Check], told)
	}
	return found, faults
}

func TestDoctorOnALedger(t *testing.T) {
	now := time.Now()
	// book opens the ledger of a folder and starts a run on it.
	book := func(t *testing.T, folder string, started time.Time) *ledger.Ledger {
		t.Helper()
		l, err := ledger.Open(t.Context(), filepath.Join(folder, "ledger.db"))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
		if _, err := l.StartRun(t.Context(), started, "guichet test"); err != nil {
			t.Fatal(err)
		}
		return l
	}
	finish := func(t *testing.T, l *ledger.Ledger, state ledger.RunState) {
		t.Helper()
		if err := l.FinishRun(t.Context(), state); err != nil {
			t.Fatal(err)
		}
	}
	change := func(t *testing.T, folder, statement string) {
		t.Helper()
		db, err := sql.Open("sqlite", filepath.Join(folder, "ledger.db"))
		if err != nil {
			t.Fatal(err)
		}
		_, err = db.Exec(statement)
		if err := errors.Join(err, db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		make   func(t *testing.T, folder string)
		check  string
		status health
		detail string
	}{
		"done": {func(t *testing.T, folder string) { finish(t, book(t, folder, now), ledger.Done) }, "last run", healthy, "run 1 of "},
		"long ago": {func(t *testing.T, folder string) {
			finish(t, book(t, folder, now.Add(-80*time.Hour)), ledger.Done)
		}, "last run", warning, "3 days ago"},
		"failed":   {func(t *testing.T, folder string) { finish(t, book(t, folder, now), ledger.Failed) }, "last run", warning, "failed"},
		"killed":   {func(t *testing.T, folder string) { book(t, folder, now) }, "last run", warning, "it was killed"},
		"to come":  {func(t *testing.T, folder string) { finish(t, book(t, folder, now.Add(time.Hour)), ledger.Done) }, "last run", fault, "in the future"},
		"not held": {func(t *testing.T, folder string) { book(t, folder, now) }, "lock", healthy, "nobody"},
		"sound":    {func(t *testing.T, folder string) { book(t, folder, now) }, "ledger", healthy, "version "},
		"held": {func(t *testing.T, folder string) {
			lock, err := book(t, folder, now).Lock(now)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = lock.Release() })
		}, "lock", warning, fmt.Sprintf("held by process %d on ", os.Getpid())},
		"under way": {func(t *testing.T, folder string) {
			lock, err := book(t, folder, now).Lock(now)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = lock.Release() })
		}, "last run", healthy, "running"},
		"newer": {func(t *testing.T, folder string) {
			book(t, folder, now)
			change(t, folder, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`)
		}, "ledger", fault, "its tables are of version 99"},
		"older": {func(t *testing.T, folder string) {
			book(t, folder, now)
			change(t, folder, `DELETE FROM goose_db_version WHERE version_id = (SELECT max(version_id) FROM goose_db_version)`)
		}, "ledger", warning, "this guichet makes version"},
		"no ledger": {func(t *testing.T, folder string) {
			if err := os.WriteFile(filepath.Join(folder, "ledger.db"), bytes.Repeat([]byte("no ledger"), 100), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "ledger", fault, "not a database"},
		"no folder": {func(t *testing.T, _ string) { t.Setenv("GUICHET_LEDGER_URL", "sqlite:///nowhere/at/all/ledger.db") }, "ledger", fault, "/nowhere/at/all"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			var environment []string
			c.make(t, folder)
			if url := os.Getenv("GUICHET_LEDGER_URL"); url != "" {
				environment = append(environment, "GUICHET_LEDGER_URL="+url)
			}
			told := examined(t, folder, environment...)[c.check]
			if len(told) != 1 || told[0].Status != c.status || !strings.Contains(told[0].Detail, c.detail) {
				t.Errorf("%+v; want %s with %q", told, c.status, c.detail)
			}
		})
	}
}

func TestDoctorOnCertificates(t *testing.T) {
	folder := t.TempDir()
	for name, until := range map[string]time.Time{"Old CA": time.Now().AddDate(-1, 0, 0), "New CA": time.Now().AddDate(1, 0, 0)} {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: until.AddDate(-5, 0, 0), NotAfter: until}
		der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(folder, strings.ReplaceAll(name, " ", "-"))
		if err := os.WriteFile(file+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file+".cer", der, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	told := examined(t, t.TempDir(), "GUICHET_TRUST_ROOTS="+folder)["trust"]
	if len(told) != 1 || told[0].Status != warning || !strings.Contains(told[0].Detail, "4 certificates") ||
		!strings.Contains(told[0].Detail, "Old CA") || strings.Contains(told[0].Detail, "New CA") {
		t.Errorf("%+v; want a warning on the old one", told)
	}
}

// TestDoctorOnS3: a bucket with all rights is sound and stays empty; one without
// the right to write, and a server that is not there, are told.
func TestDoctorOnS3(t *testing.T) {
	server := s3server.Start(t)
	var sound []diagnosis
	all := examined(t, t.TempDir(), "GUICHET_STORAGE_URL="+server.URL())
	checks := []string{"storage", "inbox/", "registers/", "archive/", "outbox/", "operators/", "audit/", "store clock"}
	for _, check := range checks {
		sound = append(sound, all[check]...)
	}
	if len(sound) != len(checks) || slices.ContainsFunc(sound, func(d diagnosis) bool { return d.Status != healthy }) {
		t.Errorf("a bucket with all rights: %+v", sound)
	}
	store, err := objectstore.Open(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	for o, err := range store.List(t.Context(), "") {
		t.Errorf("%q stays, %v", o.Key, err)
	}

	policy := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": ["payment"]},
		"Action": ["s3:GetObject", "s3:ListBucket"], "Resource": ["arn:aws:s3:::%[1]s", "arn:aws:s3:::%[1]s/*"]}]}`, server.Bucket)
	if err := server.Admin().SetBucketPolicy(t.Context(), server.Bucket, policy); err != nil {
		t.Fatal(err)
	}
	s3server.As(t, "payment")
	reader := examined(t, t.TempDir(), "GUICHET_STORAGE_URL="+server.URL())
	for check, operation := range map[string]string{"inbox/": "delete: ", "archive/": "put where none is: ", "outbox/": "put: ", "operators/": "put: ", "audit/": "put: "} {
		if told := reader[check]; len(told) != 1 || told[0].Status != fault || !strings.HasPrefix(told[0].Detail, operation) {
			t.Errorf("a bucket that can be read only, %s: %+v; want a fault of %s", check, told, operation)
		}
	}
	if told := reader["registers/"]; len(told) != 1 || told[0].Status != healthy {
		t.Errorf("a bucket that can be read only, registers/: %+v", told)
	}

	if testing.Short() {
		t.Skip("waits for a server that is not there")
	}
	started := time.Now()
	away := examined(t, t.TempDir(), "GUICHET_STORAGE_URL=s3://127.0.0.1:1/bucket?tls=false")
	if told := away["inbox/"]; len(told) != 1 || told[0].Status != fault || away["outbox/"] != nil || away["registers"] != nil {
		t.Errorf("a server that is not there: %+v; want one fault", away)
	}
	if took := time.Since(started); took > 2*reachWithin+documentsWithin {
		t.Errorf("a server that is not there took %s", took)
	}
}

// nobody is the user whom Linux knows by this number.
const nobody = 65534

// A store that belongs to somebody else: the doctor, run by a user without
// rights, tells each right that is missing.
func TestDoctorWithoutRights(t *testing.T) {
	folder, err := os.MkdirTemp("", "guichet-doctor-test-") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, name := range []string{"store", "store/inbox", "store/outbox"} {
			_ = os.Chmod(filepath.Join(folder, name), 0o700) //nolint:gosec // to be removed
		}
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(executable)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"store/inbox/40000001400011/lot-1", "store/outbox", "store/registers", "ledger", "home"} {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil { //nolint:gosec // for the other user
			t.Fatal(err)
		}
	}
	for name, mode := range map[string]fs.FileMode{"": 0o755, "store/inbox": 0o333, "store/outbox": 0o555, "store": 0o555, "ledger": 0o555, "home": 0o777} {
		if err := os.Chmod(filepath.Join(folder, name), mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(folder, "guichet"), program, 0o755); err != nil { //nolint:gosec // for the other user
		t.Fatal(err)
	}
	var out, logs bytes.Buffer
	command := exec.CommandContext(t.Context(), filepath.Join(folder, "guichet"), "doctor", "--json") //nolint:gosec // our own
	command.Dir, command.Stdout, command.Stderr = filepath.Join(folder, "home"), &out, &logs
	command.Env = []string{
		"GUICHET_STORAGE_URL=" + filepath.Join(folder, "store"), "GUICHET_LEDGER_URL=" + filepath.Join(folder, "ledger", "ledger.db"),
		"GUICHET_OCR_COMMAND=no-such-tesseract", "HOME=" + filepath.Join(folder, "home"),
		"GUICHET_METRICS_TEXTFILE=" + filepath.Join(folder, "store", "guichet.prom"), "TMPDIR=" + filepath.Join(folder, "store"),
	}
	if os.Geteuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	}
	err = command.Run()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Fatalf("%v; want exit 1: %s", err, logs.String())
	}
	found, _ := diagnoses(t, out.Bytes())
	var faults []string
	for check, told := range found {
		for _, d := range told {
			if d.Status == fault {
				faults = append(faults, check)
				if check != "registers" && !strings.Contains(d.Detail, "permission denied") && check != "rights" {
					t.Errorf("%s: %s", check, d.Detail)
				}
			}
		}
	}
	slices.Sort(faults)
	want := []string{"archive/", "audit/", "inbox/", "ledger", "metrics", "operators/", "outbox/", "registers", "rights", "temporary files"}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s\n%s", diff, out.String())
	}
}
