package config

import (
	"bytes"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRulesDocumentIsThatOfTheCatalogue(t *testing.T) {
	written, err := os.ReadFile("RULES.md")
	if err != nil {
		t.Fatal(err)
	}
	var made bytes.Buffer
	if err := call(t).WriteMarkdown(&made); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(made.String(), string(written)); diff != "" {
		t.Errorf("config/RULES.md is not what `guichet rules --markdown` prints:\n%s", diff)
	}
}
