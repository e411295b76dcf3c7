package pipeline

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestCrashesTable: CRASHES.md has a row for every step of the scenes' runs
// that changes something, and no step that none of them takes.
func TestCrashesTable(t *testing.T) {
	text, err := os.ReadFile("CRASHES.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		if strings.HasPrefix(line, "| ") && cell != "step" && cell != "---" {
			for _, step := range strings.Split(strings.TrimPrefix(cell, "reading: "), ", ") {
				rows[step] = true
			}
		}
	}
	seen := map[string]bool{}
	for _, s := range stages(t)[:5] {
		points, _ := s.points(t)
		for _, p := range points {
			seen[s.rowOf(p, points)] = true
		}
	}
	for step := range seen {
		if !rows[step] {
			t.Errorf("CRASHES.md has no row %s", step)
		}
	}
	for row := range rows {
		if !seen[row] {
			t.Errorf("CRASHES.md has a row %s that no run comes to", row)
		}
	}
}

// rowOf gives the first cell of a point's row.
func (s *scene) rowOf(p point, points []point) string {
	name := "`" + p.step + "`"
	top, _, _ := strings.Cut(p.key, "/")
	switch {
	case slices.Contains([]string{"list", "open", "read", "stat", "sync"}, p.step):
		return name
	case p.step == "settle" && s.job.Again != nil:
		return name + " of a reprocess"
	case p.step == "settle" && slices.ContainsFunc(points[p.number:], func(later point) bool { return later.step == "receive" }):
		return name + " of reviews" // they come before the inbox is looked at
	case p.step == "settle":
		return name + " of deliveries"
	case top != "":
		return name + " in `" + top + "/`"
	}
	return name
}
