package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/v2"
)

// Config is guichet.yaml: how one installation runs.
type Config struct {
	Programme string    `yaml:"programme"` // name of an embedded programme, or path of a file
	Storage   Storage   `yaml:"storage"`
	Ledger    Ledger    `yaml:"ledger"`
	Intake    Intake    `yaml:"intake"`
	Limits    Limits    `yaml:"limits"`
	Recovery  Recovery  `yaml:"recovery"`
	Retention Retention `yaml:"retention"`
	Workers   int       `yaml:"workers"` // 0: one per core
	OCR       OCR       `yaml:"ocr"`
	Trust     Trust     `yaml:"trust"`
	Metrics   Metrics   `yaml:"metrics"`
}

// Storage says where the store is.
type Storage struct {
	URL string `yaml:"url"` // file:///…, a path, or s3://endpoint-host:port/bucket
}

// Ledger says where the ledger is.
type Ledger struct {
	URL string `yaml:"url"` // sqlite:///…
}

// Intake says when a batch is ready and what its reception time is.
type Intake struct {
	QuietPeriod Duration  `yaml:"quiet_period"`
	Reception   Reception `yaml:"reception"`
}

// Reception is where reception times come from.
type Reception string

// The sources of reception times.
const (
	ReceptionModified  Reception = "modified"   // the object's last-modified time
	ReceptionFirstSeen Reception = "first_seen" // the listing that first showed the object
)

// UnmarshalText reads modified or first_seen.
func (r *Reception) UnmarshalText(text []byte) error {
	switch v := Reception(text); v {
	case ReceptionModified, ReceptionFirstSeen:
		*r = v
		return nil
	}
	return fmt.Errorf("%q is neither modified nor first_seen", text)
}

// Limits bound what a supplier's files may cost. Times are CPU seconds.
type Limits struct {
	ZIPBytes       Bytes    `yaml:"zip_bytes"`
	TemplateBytes  Bytes    `yaml:"template_bytes"`
	TemplateRows   int      `yaml:"template_rows"` // rows that hold a value
	DocumentBytes  Bytes    `yaml:"document_bytes"`
	DocumentPages  int      `yaml:"document_pages"`
	DocumentTime   Duration `yaml:"document_time"`
	OCRPageTime    Duration `yaml:"ocr_page_time"`
	DocumentMemory Bytes    `yaml:"document_memory"`
}

// Recovery says how recoveries are ordered.
type Recovery struct {
	NoticeDays int `yaml:"notice_days"`
}

// Retention says how long what is kept.
type Retention struct {
	Documents Duration `yaml:"documents"`
	Facts     Duration `yaml:"facts"`
	Logs      Duration `yaml:"logs"`
}

// OCR says how scans are read.
type OCR struct {
	Command       string `yaml:"command"`
	Language      string `yaml:"language"`
	MinConfidence int    `yaml:"min_confidence"` // percent
}

// Trust says which certificate authorities are trusted.
type Trust struct {
	Roots string `yaml:"roots"` // folder of PEM files; empty: issuers are only reported
}

// Metrics says where the figures of a run are left.
type Metrics struct {
	Textfile string `yaml:"textfile"` // Prometheus textfile of the last run; empty: none
}

// Bytes is a size: 50MiB, 4 GiB, 20000000.
type Bytes int64

// UnmarshalText reads a size with an optional unit.
func (b *Bytes) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(string(text))
	if err != nil || n == 0 || n > 1<<50 {
		return fmt.Errorf("%q is not a size above 0, such as 50MiB", text)
	}
	*b = Bytes(n)
	return nil
}

// MarshalText writes the size with its unit.
func (b Bytes) MarshalText() ([]byte, error) {
	return []byte(strings.ReplaceAll(humanize.IBytes(uint64(b)), " ", "")), nil //nolint:gosec // sizes are not negative
}

// Duration is a span of time: 10m, 30s, 90d, 10y. A day has 24 hours, a year
// 365 days.
type Duration time.Duration

// UnmarshalText reads a duration as Go writes it, or whole days (d) or years (y).
func (d *Duration) UnmarshalText(text []byte) error {
	day := 24 * time.Hour
	for suffix, unit := range map[string]time.Duration{"d": day, "y": 365 * day} {
		if number, ok := strings.CutSuffix(string(text), suffix); ok {
			if n, err := strconv.Atoi(number); err == nil && n >= 0 && n <= 200 {
				*d = Duration(time.Duration(n) * unit)
				return nil
			}
		}
	}
	parsed, err := time.ParseDuration(string(text))
	if err != nil || parsed < 0 {
		return fmt.Errorf("%q is not a duration, such as 10m, 90d or 10y", text)
	}
	*d = Duration(parsed)
	return nil
}

// MarshalText writes the duration as Go does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// Default gives the settings that hold where nothing else is said.
func Default() Config {
	const day = Duration(24 * time.Hour)
	return Config{
		Programme: "af-pha-lgo-va1",
		Storage:   Storage{URL: "file:///var/lib/guichet"},
		Ledger:    Ledger{URL: "sqlite:///var/lib/guichet/ledger.db"},
		Intake:    Intake{QuietPeriod: Duration(10 * time.Minute), Reception: ReceptionModified},
		Limits: Limits{
			ZIPBytes: 4 << 30, TemplateBytes: 50 << 20, TemplateRows: 200_000,
			DocumentBytes: 20 << 20, DocumentPages: 50, DocumentTime: Duration(30 * time.Second),
			OCRPageTime: Duration(10 * time.Second), DocumentMemory: 512 << 20,
		},
		Recovery:  Recovery{NoticeDays: 30},
		Retention: Retention{Documents: 3650 * day, Facts: 730 * day, Logs: 365 * day},
		OCR:       OCR{Command: "tesseract", Language: "fra", MinConfidence: 60},
	}
}

// Paths are where guichet.yaml is looked for when no other path is given.
var Paths = []string{"guichet.yaml", "/etc/guichet/guichet.yaml"}

// Load reads the settings: the defaults, then the file (the first of [Paths]
// that exists when path is empty), then the environment (GUICHET_STORAGE_URL
// for storage.url). Errors name the key and the line, and show an excerpt.
func Load(path string, environ []string) (*Config, error) {
	c := Default()
	data, path, err := read(path)
	if err != nil {
		return nil, err
	}
	if len(data) > 0 {
		if err := decode(path, data, &c); err != nil {
			return nil, err
		}
		if err := c.checkSecrets(); err != nil {
			// No excerpt: it would bring the password into the log.
			return nil, fmt.Errorf("%s%s: %s: %s", path, line(data, "$."+err.key), err.key, err.expected)
		}
		if err := c.check(); err != nil {
			return nil, err.at(path, data)
		}
	}
	if err := c.override(environ); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("environment %s: %s", envName(err.key), err.expected)
	}
	return &c, nil
}

func read(path string) (data []byte, found string, err error) {
	if path != "" {
		data, err = os.ReadFile(path) //nolint:gosec // the operator names the file
		if err != nil {
			return nil, "", fmt.Errorf("configuration: %w", err)
		}
		return data, path, nil
	}
	for _, candidate := range Paths {
		data, err = os.ReadFile(candidate) //nolint:gosec // fixed names
		if err == nil {
			return data, candidate, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, "", fmt.Errorf("configuration: %w", err)
		}
	}
	return nil, "", nil
}

// valueError is a value out of range.
type valueError struct{ key, expected string }

// at says the error with its line and an excerpt of the file.
func (e *valueError) at(path string, data []byte) error {
	key := nearest(data, "$."+e.key)
	return fmt.Errorf("%s%s: %s: %s%s", path, line(data, key), e.key, e.expected, excerpt(data, key))
}

func (c *Config) check() *valueError {
	switch {
	case c.Programme == "":
		return &valueError{"programme", "must name an embedded programme or a file"}
	case c.Storage.URL == "":
		return &valueError{"storage.url", storageForms}
	case strings.Contains(c.Storage.URL, "://") && !strings.HasPrefix(c.Storage.URL, "file://") && !strings.HasPrefix(c.Storage.URL, "s3://"):
		return &valueError{"storage.url", storageForms}
	case c.Ledger.URL == "":
		return &valueError{"ledger.url", "must be sqlite:///file"}
	case strings.Contains(c.Ledger.URL, "://") && !strings.HasPrefix(c.Ledger.URL, "sqlite://"):
		return &valueError{"ledger.url", "this version keeps its ledger in SQLite: sqlite:///file"}
	case c.Limits.TemplateRows < 1 || c.Limits.TemplateRows > 1_000_000:
		return &valueError{"limits.template_rows", "must be from 1 to 1000000"}
	case c.Limits.DocumentPages < 1 || c.Limits.DocumentPages > 10_000:
		return &valueError{"limits.document_pages", "must be from 1 to 10000"}
	case c.Limits.DocumentTime < Duration(time.Second) || c.Limits.DocumentTime > Duration(time.Hour):
		return &valueError{"limits.document_time", "must be from 1s to 1h"}
	case c.Limits.OCRPageTime < Duration(time.Second) || c.Limits.OCRPageTime > Duration(time.Hour):
		return &valueError{"limits.ocr_page_time", "must be from 1s to 1h"}
	case c.Limits.DocumentMemory < 512<<20:
		return &valueError{"limits.document_memory", "must be at least 512MiB"}
	case c.Recovery.NoticeDays < 1 || c.Recovery.NoticeDays > 365:
		return &valueError{"recovery.notice_days", "must be from 1 to 365"}
	case c.Workers < 0 || c.Workers > 1024:
		return &valueError{"workers", "must be from 0 (one per core) to 1024"}
	case c.OCR.MinConfidence < 0 || c.OCR.MinConfidence > 100:
		return &valueError{"ocr.min_confidence", "must be a percentage, from 0 to 100"}
	}
	return nil
}

const storageForms = "must be file:///folder, the path of a folder, or s3://endpoint-host:port/bucket"

func (c *Config) checkSecrets() *valueError {
	if parsed, err := url.Parse(c.Storage.URL); err == nil && parsed.Scheme == "s3" && parsed.User != nil {
		return &valueError{"storage.url", "credentials do not belong in it: give them by AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or by the shared credentials file"}
	}
	for _, setting := range []struct{ key, value string }{{"storage.url", c.Storage.URL}, {"ledger.url", c.Ledger.URL}} {
		if parsed, err := url.Parse(setting.value); err == nil && parsed.User != nil {
			if _, secret := parsed.User.Password(); secret {
				return &valueError{setting.key, "a password does not belong in this file: give the URL by the environment, " + envName(setting.key)}
			}
		}
	}
	return nil
}

const envPrefix = "GUICHET_"

func envName(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// override sets what the environment says.
func (c *Config) override(environ []string) error {
	keys := map[string]string{}
	collectKeys(reflect.TypeFor[Config](), "", keys)
	var unknown []string
	settings := koanf.New(".")
	provider := env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			key, ok := keys[name]
			if !ok {
				unknown = append(unknown, name)
				return "", nil
			}
			return key, value
		},
	})
	if err := settings.Load(provider, nil); err != nil {
		return fmt.Errorf("environment: %w", err)
	}
	if len(unknown) > 0 {
		return fmt.Errorf("environment: %s is no setting; settings are %s… (see guichet.yaml)", strings.Join(unknown, ", "), envName("storage.url"))
	}
	for key, value := range settings.All() {
		if err := c.set(key, fmt.Sprint(value)); err != nil {
			return err
		}
	}
	return nil
}

// set gives one key the value that its text holds, through the same reading
// of values as the file's.
func (c *Config) set(key, text string) error {
	document := strconv.Quote(text)
	if _, err := strconv.Atoi(text); err == nil {
		document = text
	}
	parts := strings.Split(key, ".")
	for i := len(parts) - 1; i >= 0; i-- {
		document = "{" + parts[i] + ": " + document + "}"
	}
	return decode("environment "+envName(key), []byte(document), c)
}

// collectKeys lists every key of the settings by its name in the environment.
func collectKeys(t reflect.Type, prefix string, keys map[string]string) {
	for i := range t.NumField() {
		field := t.Field(i)
		key := prefix + field.Tag.Get("yaml")
		if field.Type.Kind() == reflect.Struct {
			collectKeys(field.Type, key+".", keys)
			continue
		}
		keys[envName(key)] = key
	}
}
