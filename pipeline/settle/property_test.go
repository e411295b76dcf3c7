package settle

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// decided is what must not hang on how claims are split over batches and nights.
type decided struct {
	Decision   claim.Decision
	Codes      []string
	Dossier    string
	Due        claim.Cents
	Superseded bool
}

// TestRandomNights files random claims of few suppliers for few pharmacies, once in
// one night and once split over several, the batches in any order.
func TestRandomNights(t *testing.T) {
	vctx := newTown(t, 4)
	r := vctx.Registers.(*town)
	r.change(pharmacy(4), func(e *claim.Establishment) { e.SIRET = r.establishments[pharmacy(3)].SIRET })
	rapid.Check(t, func(rt *rapid.T) {
		claims := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) filed {
			return filed{
				supplier: siret(rapid.IntRange(1, 3).Draw(rt, "supplier")),
				pharmacy: rapid.IntRange(1, 5).Draw(rt, "pharmacy"), // the fifth is in no register
				ref:      rapid.SampledFrom([]string{"BC 1", "BC 2", ""}).Draw(rt, "ref"),
				doc:      rapid.SampledFrom([]string{"", "", "", "shared"}).Draw(rt, "doc"),
				outcome:  rapid.SampledFrom([]claim.Outcome{"", "", claim.Warn, claim.Review, claim.Complete, claim.Reject}).Draw(rt, "outcome"),
			}
		}), 1, 25).Draw(rt, "claims")
		for i := range claims {
			if claims[i].pharmacy == 5 && claims[i].outcome != claim.Reject {
				claims[i].outcome = claim.Complete // as BEN-01 would
			}
			claims[i].row, claims[i].at = i+2, time.Duration(i)*time.Second
		}
		cuts := rapid.SliceOfN(rapid.IntRange(0, len(claims)), 0, 4).Draw(rt, "nights")
		var all [2][]decided
		for way := range all {
			l := open(t)
			start := 0
			var ends []int
			if way == 1 {
				ends = slices.Clone(cuts)
				slices.Sort(ends)
			}
			var due claim.Cents
			for n, end := range append(ends, len(claims)) {
				part := claims[start:end]
				for i := range part {
					part[i].batch = fmt.Sprintf("lot-%d-%d", way, n)
					if part[i].ref == "" { // of its own, whatever the batch
						part[i].ref = fmt.Sprint("BC of ", part[i].row)
					}
				}
				night := batches(part...)
				night = rapid.Permutation(night).Draw(rt, "order of listing")
				revisions, err := revisionsOf(t.Context(), vctx, l, night)
				if err != nil {
					rt.Fatal(err)
				}
				for _, r := range revisions {
					due += r.AmountDue
				}
				for _, f := range part {
					all[way] = append(all[way], decidedOf(t, l, f))
				}
				start = end
			}
			for i, f := range claims { // superseded since
				all[way][i] = decidedOf(t, l, f)
			}
			holds(rt, claims, all[way], due)
			if err := l.Verify(t.Context()); err != nil {
				rt.Fatal(err)
			}
		}
		if diff := cmp.Diff(all[0], all[1]); diff != "" {
			rt.Fatalf("in one night and over several: %s", diff)
		}
	})
}

func decidedOf(t *testing.T, l *ledger.Ledger, f filed) decided {
	s := standing(t, l, f)
	d := decided{Decision: s.Decision, Codes: told(s.Result), Dossier: s.Dossier, Superseded: s.Superseded}
	if s.Amounts.AmountDue != nil {
		d.Due = *s.Amounts.AmountDue
	}
	return d
}

// holds sees what must hold of any night.
func holds(rt *rapid.T, claims []filed, all []decided, due claim.Cents) {
	funded := map[int]int{}
	dossiers := 0
	var sum claim.Cents
	for i, d := range all {
		if (d.Decision == claim.Accepted) != (d.Due > 0) || (d.Decision == claim.Accepted) != (d.Dossier != "") {
			rt.Fatalf("claim %d: %+v", i, d)
		}
		if d.Decision != claim.Accepted {
			continue
		}
		if other, twice := funded[claims[i].pharmacy]; twice {
			rt.Fatalf("claims %d and %d are both funded for pharmacy %d", other, i, claims[i].pharmacy)
		}
		funded[claims[i].pharmacy] = i
		dossiers++
		if d.Dossier != string(claim.NewDossierNumber("LGO1", dossiers)) {
			rt.Fatalf("claim %d has dossier %s; want number %d", i, d.Dossier, dossiers)
		}
		sum += d.Due
	}
	if sum != due {
		rt.Fatalf("the revisions tell of %s due, the claims of %s", due, sum)
	}
	for i, f := range claims {
		_, taken := funded[f.pharmacy]
		if f.outcome == "" && all[i].Codes == nil && !taken {
			rt.Fatalf("claim %d has no fault and pharmacy %d is not funded", i, f.pharmacy)
		}
	}
}
