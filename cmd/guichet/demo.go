package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"guichet/config"
	"guichet/fixtures"
	"guichet/pipeline"
	"guichet/pipeline/claim"
)

type demoCommand struct {
	Dir    string `help:"Folder of the demonstration; made anew by --force only." default:"demo" type:"path"`
	Claims int    `help:"How many advances are claimed in the first night." default:"200"`
	Nights int    `help:"How many nights are played: 1 advances, 2 corrections, 3 balances." default:"3"`
	Seed   int64  `help:"The same seed gives the same store, byte for byte." default:"1"`
	NoRun  bool   `help:"Only make the store, and what later nights deliver."`
	Force  bool   `help:"Remove what an earlier demonstration left in the folder."`
}

func (demoCommand) Help() string {
	return `Makes registers, suppliers and batches of invented claims, good and faulty,
with signed documents, and plays three nights on them: advances on purchase
orders; then what suppliers correct, and more advances; then declarations of
completion and the balances of the dossiers that were accepted.

With --no-run the inbox holds the first night, and what the later ones deliver
lies beside the store, in night-2 and night-3: move it into the store's inbox
after the run before.

Examples:
  guichet demo
  guichet demo --claims 5000 --seed 7 --nights 1 --dir /tmp/depot
  guichet demo --no-run && guichet --config demo/guichet.yaml run`
}

// nightNames say what the nights of a demonstration are about.
var nightNames = [...]string{"advances", "corrections", "balances"}

// demoFaultShare is the share of generated claims that are faulty.
const demoFaultShare = 0.35

// demoMarker tells a folder that a demonstration made, and may remove.
const demoMarker = ".guichet-demo"

// Run makes the store and runs on it.
func (c demoCommand) Run(t *terminal) error {
	if c.Claims < 1 || c.Claims > 1_000_000 {
		return usageError{fmt.Errorf("--claims %d is not from 1 to 1000000", c.Claims)}
	}
	if c.Nights < 1 || c.Nights > len(nightNames) {
		return usageError{fmt.Errorf("--nights %d is not from 1 to %d", c.Nights, len(nightNames))}
	}
	if err := c.clear(); err != nil {
		return err
	}
	store := filepath.Join(c.Dir, "store")
	plans, err := fixtures.GenerateNights(c.Dir, fixtures.Options{
		Seed: c.Seed, Claims: c.Claims, FaultShare: demoFaultShare, Nights: c.Nights,
		Progress: func(done, total int) { t.bar.draw("making claims     ", done, total) },
	})
	if err != nil {
		return fmt.Errorf("making the store: %w", err)
	}
	t.bar.done()
	settings := config.Default()
	settings.Storage.URL = store
	settings.Ledger.URL = "sqlite://" + filepath.Join(c.Dir, "ledger.db")
	file := filepath.Join(c.Dir, "guichet.yaml")
	content := fmt.Sprintf("# Made by guichet demo.\nstorage: { url: %q }\nledger: { url: %q }\n", settings.Storage.URL, settings.Ledger.URL)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		return err
	}
	if c.NoRun {
		_, err := fmt.Fprintf(t.out, "Made %s. Next: guichet --config %s run\n", store, file)
		return err
	}
	for i, plan := range plans {
		if i > 0 {
			if err := fixtures.Deliver(c.Dir, i+1); err != nil {
				return err
			}
		}
		heading := fmt.Sprintf("Night %d of %d, %s: %s", i+1, len(plans), plan.At.In(claim.Paris).Format(time.DateOnly), nightNames[i])
		if _, err := fmt.Fprintf(t.out, "%s%s\n%s\n", strings.Repeat("\n", min(i, 1)), heading, strings.Repeat("─", len(heading))); err != nil {
			return err
		}
		if err := t.night(&settings, pipeline.Night{Now: plan.At}); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(t.out, "\nLook further\n  guichet --config %[1]s batches\n  guichet --config %[1]s show SIRET/NAME\n  guichet --config %[1]s controls run --now '2024-01-10 08:00'\n", file)
	return err
}

// clear makes the folder ready: an empty one, or one that a demonstration made.
func (c demoCommand) clear() error {
	entries, err := os.ReadDir(c.Dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	marker := filepath.Join(c.Dir, demoMarker)
	if len(entries) > 0 {
		if _, err := os.Stat(marker); err != nil {
			return usageError{fmt.Errorf("%s is not empty and no demonstration made it: choose another --dir", c.Dir)}
		}
		if !c.Force {
			return usageError{fmt.Errorf("%s holds an earlier demonstration: --force removes it", c.Dir)}
		}
		if err := os.RemoveAll(c.Dir); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Dir, 0o750); err != nil {
		return err
	}
	return os.WriteFile(marker, nil, 0o600)
}
