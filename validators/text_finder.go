package validators

import (
	"slices"
	"strings"
	"unicode/utf8"

	"guichet/pipeline/claim"
)

// layer is the words of a document that a search looks through, in two
// orders: as read line by line, and column by column, for a cell of a table
// that runs over several lines.
type layer struct{ reading, columns *stream }

// streams gives the layer's streams without the doubles.
func (l *layer) streams() []*stream {
	if l.columns == nil {
		return []*stream{l.reading}
	}
	return []*stream{l.reading, l.columns}
}

// finder looks texts up in a document. Only what a reader of the pages sees is
// found as shown; what stands in invisible words, wholly or in part, is found
// as hidden (spec 6, "What shows means on a document"). What OCR read is found
// as it read it, or nearly, or is left to a person.
type finder struct {
	facts   *claim.Facts
	trust   trust
	visible *layer
	scanned []*glyphs // visible words of pages that OCR read; made when asked for
	hidden  []*layer  // hidden words alone, then all words; made when asked for
}

// trust says how far OCR is believed, in percent of its confidence.
type trust struct {
	least    int // below it a page is not read, and a word of few letters is no proof
	surePage int // from it on, what a page does not show is not there
	sureWord int // from it on, a word's digit is that digit
}

// search visits every place of one stream of a layer that shows what is looked
// for, until a visit returns true, and tells whether one did.
type search func(*layer, *stream, visit) bool

// visit is told the spans of tokens that show something together.
type visit func(...span) bool

// sight tells how a text is seen in a document.
type sight int

// The sights, from the best to the worst.
const (
	shown     sight = iota
	uncertain       // read by OCR without certainty, or only nearly
	hidden          // no reader sees it
	missing
)

// hit is where a text was found.
type hit struct {
	sight sight
	page  int // from 1
	rect  *claim.Rect
	text  string // as on the page
	// confidence is how sure OCR is of the words, in percent: the mean, each by
	// its length; 100 for words that the document itself spells.
	confidence int
}

// newFinder makes a finder of what was read from a document.
func newFinder(facts *claim.Facts, t trust) *finder {
	visible := func(p *claim.Page, w *claim.Word) bool { return !w.Hidden && t.reads(p) }
	return &finder{facts: facts, trust: t, visible: newLayer(facts, visible)}
}

// reads tells whether the words of a page are what stands on it: OCR under its
// least confidence read nothing.
func (t trust) reads(page *claim.Page) bool {
	return page.Source != claim.TextFromNone && (page.Source != claim.TextFromOCR || page.Confidence >= t.least)
}

// see tells how a mention is seen in the document, and where.
func (f *finder) see(m mention) hit {
	found := f.visibly(m)
	if found.sight == missing {
		found = f.invisible(m.shown)
	}
	return found
}

// visibly tells how a mention is seen in visible words.
func (f *finder) visibly(m mention) hit {
	found := f.exact(m)
	if found.sight == shown {
		return found
	}
	if near := f.nearly(m); near.sight < found.sight {
		return near
	}
	return found
}

// maxDoubtful is how many places that OCR is not certain of are passed over
// for a better one.
const maxDoubtful = 100

// exact finds a mention in visible words: the first place of whose words OCR
// is certain, else the first of all.
func (f *finder) exact(m mention) hit {
	best := hit{sight: missing}
	doubtful := 0
	f.visible.find(m.shown, func(found hit) bool {
		found.sight = shown
		if found.confidence < f.trust.least && m.fragile {
			found.sight = uncertain
			doubtful++
		}
		if found.sight < best.sight {
			best = found
		}
		return best.sight == shown || doubtful == maxDoubtful
	})
	return best
}

// nearly finds a mention in what OCR misread.
func (f *finder) nearly(m mention) hit {
	best := hit{sight: missing}
	if m.nearly == nil || !f.hasScans() {
		return best
	}
	if f.scanned == nil {
		scanned := newLayer(f.facts, func(p *claim.Page, w *claim.Word) bool {
			return p.Source == claim.TextFromOCR && !w.Hidden && f.trust.reads(p)
		})
		for _, s := range scanned.streams() {
			f.scanned = append(f.scanned, newGlyphs(s, f.trust.sureWord))
		}
	}
	for _, g := range f.scanned {
		if found, ok := m.nearly(g); ok && found.sight < best.sight {
			best = found
		}
	}
	return best
}

// hasScans tells whether OCR read a page.
func (f *finder) hasScans() bool {
	return slices.ContainsFunc(f.facts.Pages, func(p claim.Page) bool { return p.Source == claim.TextFromOCR })
}

// sure tells whether what is not found in the document is not there: no page
// was read by OCR that is not sure of it, or shows letters that it did not read.
func (f *finder) sure() bool {
	return !slices.ContainsFunc(f.facts.Pages, func(p claim.Page) bool {
		return p.Source == claim.TextFromOCR && (p.Confidence < f.trust.surePage || p.Unread)
	})
}

// invisible finds a text of which at least some words are invisible.
func (f *finder) invisible(look search) hit {
	first := hit{sight: missing}
	for _, l := range f.hiddenLayers() {
		if l.find(look, func(found hit) bool {
			first = found
			return true
		}) {
			first.sight = hidden
			break
		}
	}
	return first
}

// hiddenLayers gives the layers in which hidden words stand, if there are any.
func (f *finder) hiddenLayers() []*layer {
	if f.hidden == nil {
		f.hidden = []*layer{}
		unseen := newLayer(f.facts, func(_ *claim.Page, w *claim.Word) bool { return w.Hidden })
		if len(unseen.reading.tokens) > 0 {
			all := func(p *claim.Page, w *claim.Word) bool { return w.Hidden || f.trust.reads(p) }
			f.hidden = append(f.hidden, unseen, newLayer(f.facts, all))
		}
	}
	return f.hidden
}

// find visits every place where a search succeeds until a visit returns true.
func (l *layer) find(look search, visit func(hit) bool) bool {
	return slices.ContainsFunc(l.streams(), func(s *stream) bool {
		return look(l, s, func(spans ...span) bool { return visit(s.hit(spans)) })
	})
}

// hit tells where spans stand: all their words, and the rectangle around those
// on the first one's page.
func (s *stream) hit(spans []span) hit {
	words := make([]span, len(spans))
	for i, sp := range spans {
		words[i] = span{s.tokens[sp.first].place, s.tokens[sp.last].place}
	}
	return s.hitOf(words)
}

// hitOf tells where runs of words stand.
func (s *stream) hitOf(runs []span) hit {
	var h hit
	var text []string
	told := -1 // the last word told
	read, sum := 0, 0
	for _, run := range runs {
		for i := run.first; i <= run.last; i++ {
			if i == told {
				continue
			}
			told = i
			p := s.places[i]
			text = append(text, p.word.Text)
			if p.word.Confidence > 0 {
				length := utf8.RuneCountInString(p.word.Text)
				read += length
				sum += length * p.word.Confidence
			}
			switch h.page {
			case 0:
				h.page = p.page
				rect := p.word.Rect
				h.rect = &rect
			case p.page:
				*h.rect = h.rect.Union(p.word.Rect)
			}
		}
	}
	h.text, h.confidence = strings.Join(text, " "), 100
	if read > 0 {
		h.confidence = sum / read
	}
	return h
}

// newLayer makes a layer of the words that a document's reader keeps.
func newLayer(facts *claim.Facts, keep func(*claim.Page, *claim.Word) bool) *layer {
	var reading, columns []place
	parted := false
	for number := range facts.Pages {
		page := &facts.Pages[number]
		from := len(reading)
		for i := range page.Words {
			word := &page.Words[i]
			if !keep(page, word) {
				continue
			}
			p := place{page: number + 1, word: word, gap: word.Gap, folded: foldWord(word.Text)}
			switch {
			case len(reading) == from:
				p.gap = claim.GapLine
			case p.gap == claim.GapLine && beside(reading[len(reading)-1].word, word):
				p.gap = claim.GapBlank
			}
			parted = parted || p.gap == claim.GapWide
			reading = append(reading, p)
		}
		columns = append(columns, byColumn(reading[from:])...)
	}
	l := &layer{reading: newStream(reading)}
	if parted {
		l.columns = newStream(columns)
	}
	return l
}

// beside tells whether a word that starts a line of hidden words, or of visible
// ones, goes on a line of the others.
func beside(before, word *claim.Word) bool {
	return before.Hidden != word.Hidden && word.Rect[0] >= before.Rect[2] &&
		word.Rect[1] < before.Rect[3] && before.Rect[1] < word.Rect[3]
}
