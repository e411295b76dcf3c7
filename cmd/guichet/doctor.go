package main

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"guichet/config"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
)

type doctorCommand struct {
	JSON bool `help:"Print a JSON object a check: check, status (ok, warning or fault), detail, cure (null when nothing is to be done), settings (null but for the configuration: every key with its value)."`
}

func (doctorCommand) Help() string {
	return `Checks what a run will need, a line for each thing: ok, warning or fault, and
what to do about it. Run it as the user that guichet runs as.

The store is tried with objects of its own, which no run, supplier or payment
system looks at and which are deleted again: every operation on
archive/.guichet-doctor-<random>; to write and read back outbox/.guichet-doctor,
operators/.guichet-doctor and audit/.guichet-doctor; and the right to delete in
inbox/. It changes nothing else. Each check has a limit of
time: what does not answer is a fault. No password is shown.

Exit 0 without a fault, warnings or not; 1 with one; 2 when the configuration
cannot be read.

Examples:
  guichet doctor
  guichet doctor --json | jq -r 'select(.status == "fault") | .cure'`
}

// health is what a check comes to.
type health string

const (
	healthy health = "ok"
	warning health = "warning" // a run goes on, less well
	fault   health = "fault"   // a run will fail, or do what it must not
)

// diagnosis is what a check tells.
type diagnosis struct {
	Check    string            `json:"check"`
	Status   health            `json:"status"`
	Detail   string            `json:"detail"`
	Cure     *string           `json:"cure"`
	Settings map[string]string `json:"settings"`
}

// How long the parts of an examination may take. Reading a first document
// compiles pdfium on a new machine.
const (
	lookWithin      = 10 * time.Second
	reachWithin     = 15 * time.Second // a first answer of the store
	storeWithin     = time.Minute
	registersWithin = 5 * time.Minute
	documentsWithin = 5 * time.Minute
)

// errFaults is why an examination ends with 1.
var errFaults = errors.New("not fit for a run; see the faults above")

// doctor is an examination under way.
type doctor struct {
	*terminal
	settings  *config.Config
	programme *config.Programme
	asJSON    bool
	book      *ledger.Condition // nil: the ledger cannot be read
	store     objectstore.Store // nil: it cannot be reached
	faults    int
	broken    error // of the output
}

// Run examines.
func (c doctorCommand) Run(t *terminal) error {
	settings, err := t.settings()
	if err != nil {
		return err
	}
	programme, err := config.LoadProgramme(settings.Programme)
	if err != nil {
		return usageError{err}
	}
	d := &doctor{terminal: t, settings: settings, programme: programme, asJSON: c.JSON}
	for _, check := range []func(){
		d.configuration, d.clock, d.ledger, d.storage, d.registers, d.documents, d.scans, d.trust, d.metrics, d.temporary, d.memory,
	} {
		if d.ctx.Err() == nil {
			check()
		}
	}
	switch {
	case d.ctx.Err() != nil:
		return context.Cause(d.ctx)
	case d.broken != nil:
		return d.broken
	case d.faults > 0:
		return errFaults
	}
	return nil
}

func (d *doctor) ok(check, format string, args ...any) {
	d.tell(diagnosis{Check: check, Status: healthy, Detail: fmt.Sprintf(format, args...)})
}

func (d *doctor) warn(check, cure, format string, args ...any) {
	d.tell(diagnosis{Check: check, Status: warning, Detail: fmt.Sprintf(format, args...), Cure: &cure})
}

func (d *doctor) fault(check, cure, format string, args ...any) {
	d.tell(diagnosis{Check: check, Status: fault, Detail: fmt.Sprintf(format, args...), Cure: &cure})
}

// tell prints a diagnosis at once: the next check may take its time.
func (d *doctor) tell(found diagnosis) {
	if d.ctx.Err() != nil {
		return // it was stopped: what fails now says nothing
	}
	if found.Status == fault {
		d.faults++
	}
	if d.asJSON {
		d.broken = errors.Join(d.broken, d.json(found))
		return
	}
	line := found.Detail
	if found.Cure != nil {
		line += " → " + *found.Cure
	}
	line = printable(strings.ReplaceAll(line, "\n", "; "))
	_, err := fmt.Fprintf(d.out, "%-8s %-16s %s\n", found.Status, found.Check, line)
	d.broken = errors.Join(d.broken, err)
}

// errNoAnswer means that something took longer than it may.
var errNoAnswer = errors.New("no answer in time")

// limited does work that may hang for good, as on a dead network file system;
// it is then left behind, with nothing that it shares with others.
func limited[T any](ctx context.Context, limit time.Duration, work func(context.Context) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("%w (%s)", errNoAnswer, limit))
	defer cancel()
	type answer struct {
		value T
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		value, err := work(ctx)
		answers <- answer{value, err}
	}()
	var none T
	select {
	case a := <-answers:
		if a.err != nil && ctx.Err() != nil {
			return none, context.Cause(ctx)
		}
		return a.value, a.err
	case <-ctx.Done():
	}
	select { // it may be cleaning up
	case <-answers:
	case <-time.After(min(limit, cleanWithin)):
	}
	return none, context.Cause(ctx)
}

// configuration tells which settings hold.
func (d *doctor) configuration() {
	file := "no file, the defaults"
	for _, candidate := range append([]string{d.config}, config.Paths...) {
		if _, err := os.Stat(candidate); candidate != "" && !errors.Is(err, fs.ErrNotExist) {
			file = candidate
			break
		}
	}
	values, defaults := map[string]string{}, map[string]string{}
	flatten(reflect.ValueOf(*d.settings), "", values)
	flatten(reflect.ValueOf(config.Default()), "", defaults)
	var set []string
	for key, value := range values {
		if value != defaults[key] {
			set = append(set, key+"="+value)
		}
	}
	slices.Sort(set)
	var environment []string
	for _, variable := range os.Environ() {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "GUICHET_") {
			environment = append(environment, name)
		}
	}
	slices.Sort(environment)
	detail := file
	if len(set) > 0 {
		detail += "; other than the defaults: " + strings.Join(set, " ")
	}
	if len(environment) > 0 {
		detail += "; from the environment: " + strings.Join(environment, " ")
	}
	d.tell(diagnosis{Check: "configuration", Status: healthy, Detail: detail, Settings: values})

	from := "embedded"
	if _, err := os.Stat(d.settings.Programme); err == nil && d.programme.ID != d.settings.Programme {
		from = "from that file"
	}
	d.ok("programme", "%s: %s %s, %s, sha256 %.12s…", d.settings.Programme, d.programme.ID, d.programme.Version, from, d.programme.SHA256)
}

// flatten gives the settings by key. URLs lose what could be a secret.
func flatten(v reflect.Value, prefix string, into map[string]string) {
	for i := range v.NumField() {
		field, key := v.Field(i), prefix+v.Type().Field(i).Tag.Get("yaml")
		if field.Kind() == reflect.Struct {
			flatten(field, key+".", into)
			continue
		}
		text := fmt.Sprint(field.Interface())
		if marshaler, ok := field.Interface().(encoding.TextMarshaler); ok {
			if said, err := marshaler.MarshalText(); err == nil {
				text = string(said)
			}
		}
		if strings.Contains(text, "://") {
			text = public(text)
		}
		into[key] = text
	}
}

// public gives a URL without user, password, and those parameters that are not
// known to be harmless.
func public(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return "(a URL that cannot be read)"
	}
	u.User, u.Fragment = nil, ""
	kept := url.Values{}
	for _, name := range []string{"tls", "region"} {
		if u.Query().Has(name) {
			kept.Set(name, u.Query().Get(name))
		}
	}
	u.RawQuery = kept.Encode()
	return u.String()
}

// quiet is this terminal without its log: the checks tell the same.
func (d *doctor) quiet() *terminal {
	t := *d.terminal
	t.log = slog.New(slog.DiscardHandler)
	return &t
}
