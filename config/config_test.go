package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "guichet.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadMergesFileAndEnvironment(t *testing.T) {
	path := write(t, `
storage:
  url: file:///srv/store
limits: { document_bytes: 30MiB, document_time: 45s }
retention: { logs: 90d }
metrics: { textfile: /var/lib/node_exporter/guichet.prom }
`)
	c, err := Load(path, []string{"GUICHET_LIMITS_DOCUMENT_TIME=12s", "GUICHET_WORKERS=3", "GUICHET_STORAGE_URL=/tmp/é: #x", "HOME=/root"})
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.Storage.URL = "/tmp/é: #x"
	want.Limits.DocumentBytes = 30 << 20
	want.Limits.DocumentTime = Duration(12 * time.Second)
	want.Retention.Logs = Duration(90 * 24 * time.Hour)
	want.Workers = 3
	want.Metrics.Textfile = "/var/lib/node_exporter/guichet.prom"
	if *c != want {
		t.Errorf("got  %+v\nwant %+v", *c, want)
	}
}

func TestABucketIsAStore(t *testing.T) {
	const url = "s3://s3.agence.example:9000/depot?tls=false&region=fr"
	c, err := Load(write(t, "storage: { url: '"+url+"' }\n"), nil)
	if err != nil || c.Storage.URL != url {
		t.Errorf("got %+v, error %v, want storage.url %s", c, err, url)
	}
}

func TestLoadErrorsNameKeyLineAndCure(t *testing.T) {
	tests := map[string]struct {
		file    string
		environ []string
		want    []string
	}{
		"unknown key":            {file: "storage:\n  url: /s\nworker: 2\n", want: []string{"guichet.yaml", `unknown field "worker"`, ">  3 | worker: 2"}},
		"unknown nested key":     {file: "limits:\n  document_size: 2\n", want: []string{`unknown field "document_size"`, ">  2 |"}},
		"bad size":               {file: "limits:\n  document_bytes: many\n", want: []string{`"many" is not a size`, "document_bytes"}},
		"bad duration":           {file: "intake: { quiet_period: soon }\n", want: []string{`"soon" is not a duration`}},
		"bad reception":          {file: "intake: { reception: whenever }\n", want: []string{"neither modified nor first_seen"}},
		"value out of range":     {file: "workers: 1\nlimits:\n  document_pages: 0\n", want: []string{"limits.document_pages: must be from 1 to 10000", ">  3 |   document_pages: 0"}},
		"not yaml":               {file: "storage: [\n", want: []string{"guichet.yaml"}},
		"password in the file":   {file: "storage:\n  url: file://user:secret@host/x\n", want: []string{"guichet.yaml:2: storage.url", "GUICHET_STORAGE_URL", "does not belong"}},
		"… of another storage":   {file: "storage:\n  url: s3://user:secret@host/x\n", want: []string{"guichet.yaml:2: storage.url", "do not belong", "AWS_SECRET_ACCESS_KEY"}},
		"… key without password": {file: "storage:\n  url: s3://keysecret@host/x\n", want: []string{"do not belong"}},
		"no such store":          {file: "storage: { url: ftp://host/bucket }\n", want: []string{"storage.url: must be file:///folder", "s3://endpoint-host:port/bucket"}},
		"unknown environment":    {environ: []string{"GUICHET_LIMITS_PAGES=2"}, want: []string{"GUICHET_LIMITS_PAGES is no setting"}},
		"bad environment":        {environ: []string{"GUICHET_INTAKE_QUIET_PERIOD=soon"}, want: []string{"GUICHET_INTAKE_QUIET_PERIOD", "not a duration"}},
		"environment, no number": {environ: []string{"GUICHET_WORKERS=many"}, want: []string{"GUICHET_WORKERS"}},
		"environment, range":     {environ: []string{"GUICHET_LIMITS_DOCUMENT_PAGES=0"}, want: []string{"GUICHET_LIMITS_DOCUMENT_PAGES: must be from 1"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := Load(write(t, tt.file), tt.environ)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error does not say %q:\n%v", want, err)
				}
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes a password:\n%v", err)
			}
		})
	}
}

func TestLoadProgrammeRefusesWhatIsWrong(t *testing.T) {
	whole, err := programmes.ReadFile("programmes/af-pha-lgo-va1.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParseProgramme("whole", whole); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct{ old, new, want string }{
		"unknown key":          {"title:", "titre:", `unknown field "titre"`},
		"no such day":          {"opening: 2022-02-12", "opening: 2022-02-30", "not a day"},
		"calendar backwards":   {"closing: 2023-03-15 14:00 ", "closing: 2021-03-15 14:00 ", "calendar.closing: must be after opening"},
		"services end early":   {"services_end: 2023-09-20", "services_end: 2023-03-15 14:00", "calendar.services_end: must be after closing"},
		"closed before":        {"final_closing: 2023-12-14 14:00 ", "final_closing: 2023-09-20 ", "calendar.final_closing: must be after services_end"},
		"share over the whole": {`advance: "30"`, `advance: "130"`, "not a percentage"},
		"ceiling of zero":      {`ceiling_excl_tax: "625.00"`, `ceiling_excl_tax: "0"`, `"A" needs`},
		"scans never sure":     {"sure_confidence: 95", "sure_confidence: 101", "sure_confidence and"},
		"words always sure":    {"sure_word_confidence: 90", "sure_word_confidence: 0", "must be above 0"},
		"no bound for ink":     {"least_turns: 1.3", "", "handwriting.least_turns: must be above 0"},
		"any shape is ink's":   {"most_outline: 0.72", "most_outline: 1.2", "handwriting.most_outline: must be above 0 and at most 1"},
		"lines never thick":    {"least_thick: 0.3", "least_thick: 4", "handwriting.least_thick: must be above 0 and at most 3"},
		"no mention":           {"service: Prestation Ségur", `service: ""`, "mentions"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			changed := strings.Replace(string(whole), tt.old, tt.new, 1)
			if changed == string(whole) {
				t.Fatalf("the programme no longer holds %q", tt.old)
			}
			_, err := ParseProgramme("changed", []byte(changed))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that says %q", err, tt.want)
			}
		})
	}
	if _, err := LoadProgramme("af-none"); err == nil || !strings.Contains(err.Error(), "af-pha-lgo-va1") {
		t.Errorf("an unknown programme: got %v, want the embedded ones named", err)
	}
}
