package validators

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/config"
	"guichet/pipeline/claim"
)

// TestExplainIsWhatANightFinds explains claims of every kind with any of the
// faults together, any fields spoilt, scanned or not.
func TestExplainIsWhatANightFinds(t *testing.T) {
	for kind := range faultlessOf {
		t.Run(string(kind), func(t *testing.T) { explainAny(t, kind) })
	}
}

func explainAny(t *testing.T, kind claim.Kind) {
	rapid.Check(t, func(t *rapid.T) {
		ctx, c := faultlessOf[kind]()
		var shared bool
		var h fakeHistory
		faults := breakersOf(kind)
		for _, code := range rapid.SliceOfNDistinct(rapid.SampledFrom(slices.Sorted(maps.Keys(faults))), 0, 8, rapid.ID).Draw(t, "faults") {
			fault := faults[code]
			if fault.spoil != nil {
				whereItCan(func() { fault.spoil(ctx, c) })
			}
			shared = shared || fault.shared
			h.past, h.uses, h.siret = append(h.past, fault.history.past...), append(h.uses, fault.history.uses...), append(h.siret, fault.history.siret...)
			h.dossier.Closed = h.dossier.Closed || fault.history.dossier.Closed
			h.dossier.Claims = append(h.dossier.Claims, fault.history.dossier.Claims...)
		}
		if rapid.Bool().Draw(t, "scanned") {
			confidence := rapid.IntRange(40, 100).Draw(t, "confidence")
			whereItCan(func() { scanned(confidence, "700,00", "7OO,OO")(ctx, c) })
		}
		states := []claim.FieldState{claim.FieldAbsent, claim.FieldEmpty, claim.FieldBad, claim.FieldNoValue}
		for _, column := range rapid.SliceOfN(rapid.SampledFrom(config.TemplateOf(c.Kind).Columns), 0, 2).Draw(t, "spoilt") {
			setState(c, column.ID, rapid.SampledFrom(states).Draw(t, "state"))
			if column.Type == config.PDFColumn {
				c.Documents = slices.DeleteFunc(c.Documents, func(d claim.Document) bool { return d.Field == column.ID })
			}
		}
		var told []claim.Finding
		if shared {
			told = sharedWith(ctx, c)
		}
		explained(t, ctx, c, told, &h)
	})
}

// whereItCan does what cannot be done to every spoilt claim: there may be no
// document left to spoil.
func whereItCan(spoil func()) {
	defer func() { _ = recover() }()
	spoil()
}

// TestExplainedJSON: the keys that an operator's tools read.
func TestExplainedJSON(t *testing.T) {
	ctx, c := faultless()
	withText(claim.FieldProgramme, "AF-X")(ctx, c)
	data, err := json.Marshal(explained(t, ctx, c, nil, &fakeHistory{})["LIG-03"])
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "findings") // as everywhere
	want := map[string]any{
		"code": "LIG-03", "section": "AF §6.1", "when": "AF reference is not the programme's", "state": "told", "because": []any{},
		"saw": []any{
			map[string]any{"source": "cell", "name": "Référence AF (A2)", "value": "AF-X"},
			map[string]any{"source": "programme", "name": "reference", "value": "AF-PHA-LGO-Va1"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestPastClaimsAreBounded: of a document that a whole batch names, some uses
// are recorded and the one that counts.
func TestPastClaimsAreBounded(t *testing.T) {
	ctx, c := faultless()
	var uses []PastClaim
	for i := range 1000 {
		uses = append(uses, past(own(func(p *PastClaim) { p.ID, p.Decision = claim.ID(fmt.Sprint("A-", i)), claim.ToComplete })))
	}
	uses = append(uses, past(func(p *PastClaim) { p.ID = "A-other" }))
	e := explained(t, ctx, c, nil, &fakeHistory{uses: uses})["DOC-05"]
	claims := slices.DeleteFunc(slices.Clone(e.Saw), func(v Value) bool { return !strings.HasPrefix(v.Name, "claim A-") })
	if len(claims) != mostPast+1 || claims[mostPast].Name != "claim A-other" {
		t.Errorf("%d past claims, the last %s", len(claims), claims[len(claims)-1].Name)
	}
	if !slices.Contains(e.Saw, Value{FromHistory, "claims that named the document", "1001"}) {
		t.Errorf("not how many they are: %+v", e.Saw[:5])
	}
}

// BenchmarkAssess judges claims as a night does, without explaining them.
func BenchmarkAssess(b *testing.B) {
	bad, worst, _ := hopeless()
	for name, made := range map[string]func() (*Context, *claim.Claim){
		"faultless": faultless,
		"hopeless":  func() (*Context, *claim.Claim) { return bad, worst },
	} {
		b.Run(name, func(b *testing.B) {
			ctx, c := made()
			b.ReportAllocs()
			for b.Loop() {
				Assess(ctx, c)
			}
		})
	}
}

// BenchmarkExplain is what one `show --explain` costs beside reading the ledger.
func BenchmarkExplain(b *testing.B) {
	ctx, c := faultless()
	b.ReportAllocs()
	for b.Loop() {
		Explain(ctx, c, nil, &fakeHistory{})
	}
}
