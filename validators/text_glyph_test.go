package validators

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// TestAlignmentIsTheCheapest holds the search for a pattern against one that
// tries every way of spelling every run of whole words, without any cut.
func TestAlignmentIsTheCheapest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOfN(rapid.StringMatching(`[a7mnr1i|]{1,5}`), 0, 8).Draw(t, "words")
		facts := scanOf(strings.ReplaceAll(strings.Join(text, " "), "|", "!"))
		for i := range facts.Pages[0].Words {
			facts.Pages[0].Words[i].Confidence = rapid.SampledFrom([]int{50, 95}).Draw(t, "confidence")
		}
		g := newGlyphs(newFinder(facts, trust{}).visible.reading, believed.sureWord)
		p := pattern{
			wanted: []rune(rapid.StringMatching(`[a7mnr1i]{1,7}`).Draw(t, "wanted")),
			budget: rapid.IntRange(0, 6).Draw(t, "budget"),
			digits: rapid.SampledFrom([]handling{firm, loose, keyed}).Draw(t, "digits"),
			number: rapid.Bool().Draw(t, "number"),
			breaks: breaksText,
		}
		got := map[int]int{}
		g.each(&p, func(m match) bool {
			got[m.last] = m.cost
			return false
		})
		want := map[int]int{}
		for first := range g.all {
			if !g.edge(first) {
				continue
			}
			for last := first; last < len(g.all); last++ {
				if !g.edge(last + 1) {
					continue
				}
				cost := spell(g, &p, first, last+1, len(p.wanted), map[[2]int]int{})
				if before, ok := want[last]; cost <= p.budget && (!ok || cost < before) {
					want[last] = cost
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("costs by the last glyph (-want +got):\n%s", diff)
		}
	})
}

// spell gives the cost of spelling the first j glyphs of a pattern by those
// from first to before i.
func spell(g *glyphs, p *pattern, first, i, j int, known map[[2]int]int) int {
	if i == first {
		if j == 0 {
			return 0
		}
		return never // nothing is lost before the first glyph
	}
	if cost, ok := known[[2]int{i, j}]; ok {
		return cost
	}
	shown := g.all[i-1]
	best := spell(g, p, first, i-1, j, known) + p.insert(shown, j)
	if j > 0 {
		wanted := p.wanted[j-1]
		sure := shown.sure && (i == len(g.all) || g.all[i].sure)
		best = min(best, spell(g, p, first, i-1, j-1, known)+p.replace(shown, wanted), spell(g, p, first, i, j-1, known)+p.remove(sure, wanted))
		if i-2 >= first && ligatures[[2]rune{g.all[i-2].r, shown.r}] == wanted {
			best = min(best, spell(g, p, first, i-2, j-1, known)+likeGlyph)
		}
	}
	if j > 1 && ligatures[[2]rune{p.wanted[j-2], p.wanted[j-1]}] == shown.r {
		best = min(best, spell(g, p, first, i-1, j-2, known)+likeGlyph)
	}
	known[[2]int{i, j}] = min(best, never)
	return known[[2]int{i, j}]
}

// TestLookalikesAreFolded: words are folded before they are compared, so that
// no list holds a capital or an accent.
func TestLookalikesAreFolded(t *testing.T) {
	for r, others := range lookalikes {
		for _, glyph := range string(r) + others {
			if folded := foldWord(string(glyph)); folded != string(glyph) {
				t.Errorf("%c is folded to %s", glyph, folded)
			}
			if !isWordRune(glyph) && !isSign(glyph) {
				t.Errorf("%c is no glyph", glyph)
			}
			if glyph >= 128 && place128(glyph) == 0 {
				t.Errorf("%c has no place in the table", glyph)
			}
		}
	}
}
