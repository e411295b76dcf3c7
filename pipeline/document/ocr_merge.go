package document

import (
	"math"
	"slices"
)

// leastAdded is the confidence from which a word that another reading gives is
// added, in percent: what is less sure is mostly no word.
const leastAdded = 40

// add adds words where the part has none, as lines of their own: each stands in
// its place among the others as soon as lines are put together.
func (p *ocrPart) add(words []ocrWord) {
	block := 0
	for _, word := range p.words {
		block = max(block, word.line[0])
	}
	had := p.words[:len(p.words):len(p.words)]
	for _, word := range words {
		if word.confidence >= leastAdded && !slices.ContainsFunc(had, func(of ocrWord) bool { return boxesShare(of.box, word.box) > 0 }) {
			word.line[0] += block + 1
			p.words = append(p.words, word)
			p.score += word.score()
		}
	}
}

// merge adds the words that only another reading of the page has.
func (p *ocrPage) merge(other *ocrPage) {
	ratio := p.scale / other.scale
	for i := range p.parts {
		part := &p.parts[i]
		back, ok := part.place.inverse()
		if !ok {
			continue
		}
		for _, of := range other.parts {
			if of.turn != part.turn {
				continue
			}
			place := of.place.then(matrix{ratio, 0, 0, ratio, 0, 0}).then(back)
			words := slices.Clone(of.words)
			for n := range words {
				words[n].box = place.box(words[n].box)
			}
			part.add(words)
		}
	}
}

// box gives the box around where a box lies.
func (m matrix) box(of [4]int) [4]int {
	r := (&ocrWord{box: of}).rect(m, 1)
	return [4]int{int(r[0]), int(r[1]), int(math.Ceil(r[2])), int(math.Ceil(r[3]))}
}
