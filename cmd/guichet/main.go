// Real signing certificates with negative serial numbers are about.
//
//go:debug x509negativeserial=1

// Command guichet is the paying agency's batch pipeline for claims on public
// funding: it pulls what suppliers dropped into a store, checks every claim
// against the rules of the call, and writes what is accepted, what is not, and
// why.
//
// Exit codes: 0 done (rejections are a normal result); 1 something could not
// be processed, what and why on standard error; 2 wrong usage or
// configuration; 130 and 143 stopped by SIGINT and SIGTERM.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"guichet/config"
	"guichet/pipeline/document"
)

// version is set by make build; else it is the module's.
var version string

const (
	exitFailed = 1
	exitUsage  = 2
)

func main() {
	document.Main()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// cli is the command line.
type cli struct {
	Config string `help:"Settings file (default: ./guichet.yaml, then /etc/guichet/guichet.yaml)." placeholder:"FILE" type:"path"`

	Run       runCommand       `cmd:"" help:"The nightly run: every ready batch, then exit."`
	Batches   batchesCommand   `cmd:"" help:"List the batches that were processed."`
	Show      showCommand      `cmd:"" help:"Show what became of a batch, a claim or a dossier, and why."`
	Review    reviewCommand    `cmd:"" help:"Decide the claims that need a person."`
	Reprocess reprocessCommand `cmd:"" help:"Evaluate claims again with today's registers and programme."`
	Controls  controlsCommand  `cmd:"" help:"Later controls: recover what was paid and is not owed."`
	Dossier   dossierCommand   `cmd:"" help:"Close a dossier, with recovery of what was paid."`
	Deadlines deadlinesCommand `cmd:"" help:"List what suppliers must do soon, and remind them."`
	Inspect   inspectCommand   `cmd:"" help:"Show what is seen of a document: text, mentions, signatures, ink."`
	Registers registersCommand `cmd:"" help:"Tell what is wrong in the registers before a night does."`
	Tranche   trancheCommand   `cmd:"" help:"Look up the pharmacies of a supplier's file: FINESS, eligibility, tranche, ceilings."`
	Rules     rulesCommand     `cmd:"" help:"Print the catalogue of rules."`
	Demo      demoCommand      `cmd:"" help:"Make a store with generated claims, good and faulty, and run on it."`
	Doctor    doctorCommand    `cmd:"" help:"Check what a run will need, and say what to do."`
	Purge     purgeCommand     `cmd:"" help:"Delete what was kept for as long as the settings want."`
	Audit     auditCommand     `cmd:"" help:"Check the ledger and the store against the audit chain."`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

// terminal is what a command talks to.
type terminal struct {
	ctx    context.Context
	out    io.Writer // results
	err    io.Writer // logs, progress
	log    *slog.Logger
	config string // path given by --config
	bar    *progress
}

// settings reads the configuration.
func (t *terminal) settings() (*config.Config, error) {
	c, err := config.Load(t.config, os.Environ())
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// interactive tells whether somebody looks at standard error.
func (t *terminal) interactive() bool {
	f, ok := t.err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) //nolint:gosec // file descriptors are small
}

// usageError is a fault of the call or the configuration: exit 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func run(args []string, out, errw io.Writer) int {
	ctx, stop := context.WithCancelCause(context.Background())
	defer stop(nil)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	go func() {
		select {
		case s := <-signals:
			stop(stopped{s})
		case <-ctx.Done():
		}
	}()

	var c cli
	exit := -1
	parser, err := kong.New(&c,
		kong.Name("guichet"),
		kong.Description("From suppliers' claims to decisions and manifests. Settings: guichet.yaml and GUICHET_… variables; see the README."),
		kong.Writers(out, errw),
		kong.Exit(func(code int) { exit = code }),
		kong.UsageOnError(),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		fmt.Fprintln(errw, "guichet:", err)
		return exitUsage
	}
	parsed, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(errw, "guichet: %v\nTry: guichet --help\n", err)
		return exitUsage
	}
	t := &terminal{ctx: ctx, out: out, err: errw, config: c.Config}
	t.bar = &progress{t: t}
	t.log = t.logger()
	if err := parsed.Run(t); err != nil {
		fmt.Fprintln(errw, "guichet:", err)
		return exitCode(ctx, err)
	}
	return 0
}

// logger writes text to a terminal and JSON elsewhere.
func (t *terminal) logger() *slog.Logger {
	if t.interactive() {
		return slog.New(slog.NewTextHandler(t.bar, nil))
	}
	return slog.New(slog.NewJSONHandler(t.err, nil))
}

// stopped is why a run was asked to end.
type stopped struct{ signal os.Signal }

func (s stopped) Error() string { return "stopped by a signal (" + s.signal.String() + ")" }

func exitCode(ctx context.Context, err error) int {
	var s stopped
	if errors.As(context.Cause(ctx), &s) {
		if number, ok := s.signal.(syscall.Signal); ok {
			return 128 + int(number)
		}
	}
	var usage usageError
	if errors.As(err, &usage) {
		return exitUsage
	}
	return exitFailed
}
