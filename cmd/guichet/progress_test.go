package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/schollz/progressbar/v3"
)

// TestLogLinesTakeTheBarsPlace: on a terminal a line of the log does not start
// behind what is drawn of the bar.
func TestLogLinesTakeTheBarsPlace(t *testing.T) {
	var screen bytes.Buffer
	p := &progress{t: &terminal{err: &screen}}
	p.bar = progressbar.NewOptions(10, progressbar.OptionSetWriter(&screen), progressbar.OptionSetDescription("assessing"))
	if err := p.bar.Set(3); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Write([]byte("a line\n")); err != nil {
		t.Fatal(err)
	}
	drawn, line, found := strings.Cut(screen.String(), "a line\n")
	if !found || line != "" || !strings.Contains(drawn, "assessing") {
		t.Fatalf("on the screen: %q", screen.String())
	}
	if behind := drawn[strings.LastIndex(drawn, "\r")+1:]; behind != "" {
		t.Errorf("the line stands behind %q", behind)
	}
}
