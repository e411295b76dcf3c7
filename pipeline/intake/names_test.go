package intake_test

import (
	"testing"

	"pgregory.net/rapid"

	"guichet/pipeline/claim"
	"guichet/pipeline/intake"
)

func TestMatch(t *testing.T) {
	names := intake.NewNames([]claim.Object{
		{Name: "bon.pdf"},
		{Name: "Été.pdf"},
		{Name: "DEUX.pdf"},
		{Name: "deux.PDF"},
		{Name: "Bon-2.PDF"},
		{Name: "straße.pdf"},
		{Name: "a b.pdf"},
		{Name: "Exact.pdf"},
		{Name: "exact.pdf"},
	})
	for _, test := range []struct {
		name, want string
		caseFolded bool
	}{
		{"bon.pdf", "bon.pdf", false},
		{" bon.pdf\t", "bon.pdf", false},
		{"\u00a0bon.pdf", "bon.pdf", false},
		{"BON.PDF", "bon.pdf", true},
		{"E\u0301te\u0301.pdf", "Été.pdf", false},
		{"e\u0301te\u0301.PDF", "Été.pdf", true},
		{"bon-2.pdf", "Bon-2.PDF", true},
		{"STRASSE.pdf", "straße.pdf", true},
		{"Deux.pdf", "", false}, // two differ by case alone
		{"exact.pdf", "exact.pdf", false},
		{"Exact.pdf", "Exact.pdf", false},
		{"EXACT.pdf", "", false},
		{"ab.pdf", "", false},
		{"a  b.pdf", "", false},
		{"bon", "", false},
		{"", "", false},
		{"../bon.pdf", "", false},
	} {
		got, caseFolded := names.Match(test.name)
		switch {
		case got == nil && test.want != "", got != nil && got.Name != test.want, caseFolded != test.caseFolded:
			t.Errorf("Match(%q) = %v, %v, want %q, %v", test.name, got, caseFolded, test.want, test.caseFolded)
		}
	}
}

func TestEveryObjectMatchesItsOwnName(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		var objects []claim.Object
		for _, name := range rapid.SliceOfDistinct(rapid.StringMatching(`[a-cA-CéÉ]{1,3}\.pdf`), rapid.ID[string]).Draw(r, "names") {
			objects = append(objects, claim.Object{Name: name})
		}
		names := intake.NewNames(objects)
		for _, o := range objects {
			if got, caseFolded := names.Match(o.Name); got == nil || got.Name != o.Name || caseFolded {
				r.Fatalf("Match(%q) = %v, %v", o.Name, got, caseFolded)
			}
		}
	})
}
