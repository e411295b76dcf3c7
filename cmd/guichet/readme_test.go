package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"guichet/config"
	"guichet/pipeline/claim"
)

var fenced = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")

// readme gives the README's blocks of a language.
func readme(t *testing.T, language string) []string {
	t.Helper()
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, block := range fenced.FindAllStringSubmatch(string(data), -1) {
		if block[1] == language {
			blocks = append(blocks, block[2])
		}
	}
	if len(blocks) == 0 {
		t.Fatalf("the README has no %s block", language)
	}
	return blocks
}

var took = regexp.MustCompile(`in [0-9.ms]+\n`)

// TestREADME: the picture is what `make demo` prints, the commands run, the
// targets exist, the configuration is that of the defaults.
func TestREADME(t *testing.T) {
	if testing.Short() {
		t.Skip("makes the whole demonstration")
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	commands := strings.Split(strings.Join(readme(t, "sh"), ""), "\n")
	picture := readme(t, "text")[0]
	settings := readme(t, "yaml")[0]

	t.Chdir(t.TempDir())
	t.Run("picture", func(t *testing.T) {
		var out, logs bytes.Buffer
		if code := run([]string{"demo", "--dir", "demo", "--claims", "200", "--seed", "1"}, &out, &logs); code != 0 {
			t.Fatalf("exit %d: %s", code, logs.String())
		}
		folder, err := filepath.Abs("demo")
		if err != nil {
			t.Fatal(err)
		}
		printed := took.ReplaceAllString(strings.ReplaceAll(out.String(), folder, "demo"), "in TIME\n")
		if diff := cmp.Diff(took.ReplaceAllString(picture, "in TIME\n"), printed); diff != "" {
			t.Errorf("the README's picture is not what the demonstration prints:\n%s\nit is:\n%s", diff, printed)
		}
	})
	t.Run("commands", func(t *testing.T) {
		t.Setenv("GUICHET_STORAGE_URL", "demo/store")
		t.Setenv("GUICHET_LEDGER_URL", "sqlite://demo/ledger.db")
		var listed bytes.Buffer
		if code := run([]string{"batches", "--json"}, &listed, &listed); code != 0 {
			t.Fatal(listed.String())
		}
		processed := regexp.MustCompile(`"supplier":"([0-9]{14})","batch":"([^"]+)",.*"status":"processed"`).FindStringSubmatch(listed.String())
		if processed == nil {
			t.Fatalf("no batch was processed: %s", listed.String())
		}
		batch := processed[1] + "/" + processed[2]
		orders, err := filepath.Glob("demo/store/archive/*/*/r1/bc-*.pdf")
		if err != nil || len(orders) == 0 {
			t.Fatal("no order was archived", err)
		}
		if err := os.WriteFile("LISTE.csv", []byte("Raison sociale;Code postal\nPharmacie du Pont Neuf;75001\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		ran := 0
		for _, line := range commands {
			line, _, _ = strings.Cut(line, "#")
			words := strings.Fields(strings.NewReplacer("SIRET/NAME", batch, "FILE.pdf", orders[0], "DOSSIER", string(claim.NewDossierNumber("LGO1", 1))).Replace(line))
			if len(words) == 0 {
				continue
			}
			ran++
			switch words[0] {
			case "make":
				if !regexp.MustCompile(`(?m)^` + words[1] + `:`).Match(makefile) {
					t.Errorf("%s: no such target", line)
				}
			case "guichet":
				var out bytes.Buffer
				if code := run(words[1:], &out, &out); code != 0 {
					t.Errorf("%s: exit %d\n%s", line, code, out.String())
				}
			default:
				t.Errorf("%q: neither make nor guichet", line)
			}
		}
		if ran < 5 {
			t.Errorf("only %d commands were found", ran)
		}
	})
	t.Run("configuration", func(t *testing.T) {
		if err := os.WriteFile("guichet.yaml", []byte(settings), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := config.Load("guichet.yaml", nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(config.Default(), *got); diff != "" {
			t.Errorf("the README's settings are not the defaults:\n%s", diff)
		}
	})
}
