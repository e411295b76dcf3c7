package validators

import (
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
)

// unsigned tells SIG-01 of a document that nobody signed, electronically or by
// hand. A trace of a signature (SIG-07) takes its place.
func (a *assessment) unsigned(d *claim.Document, _ []claim.Signature) bool {
	switch {
	case a.unread(d):
		return a.silent("DOC-06")
	case a.toldOf(d, "SIG-07"):
		return a.silent("SIG-07")
	}
	if a.byHand(d).Hand == claim.NotHandwritten {
		a.tellDocument(d, "SIG-01", "", nil)
	}
	return true
}

// doubtful tells SIG-04 where a signature by hand could stand on a page, or the
// page could not be read. One that is certain is none's fault, and a trace of
// another kind takes the place of one that is certainly not there.
func (a *assessment) doubtful(d *claim.Document, _ []claim.Signature) bool {
	verdict := a.byHand(d)
	if verdict.Hand == claim.NotHandwritten && a.toldOf(d, "SIG-07") {
		return a.silent("SIG-07")
	}
	switch {
	case a.unread(d):
		saw(a, FromDocument, true, documentName(d), "DOC-06")
		a.tellDocument(d, "SIG-04", "", nil)
	case verdict.Hand == claim.MaybeHandwritten:
		f := a.tellDocument(d, "SIG-04", verdict.Reason, nil)
		if verdict.Block != nil {
			f.Page, f.Rect = verdict.Block.Page, &verdict.Block.Rect
		}
	}
	return true
}

// byHand is the verdict on a document of the claim.
func (a *assessment) byHand(d *claim.Document) HandVerdict {
	var supplier []string
	for _, name := range a.supplierNames() {
		supplier = append(supplier, companyWords(a.Programme.Names, name)...)
	}
	saw(a, FromDocument, len(d.Facts.Blocks), documentName(d), "signature blocks")
	verdict := byHand(a.Programme.Handwriting, d.Facts, supplier, a.recorder)
	if a.recorder != nil && verdict.Reason == handNoBlock { // what pages could hide decided
		for i := range d.Facts.Pages {
			a.recorder.page(documentName(d), i+1, &d.Facts.Pages[i])
		}
	}
	saw(a, FromDocument, verdict.Hand, documentName(d), "signature by hand")
	return verdict
}

// HandVerdict is what a document's blocks make of a signature by hand.
type HandVerdict struct {
	Hand claim.Handwriting
	// Reason is the variant of SIG-04's text where Hand is MaybeHandwritten.
	Reason string
	Block  *claim.Block // that decided; nil where none did
}

// Why a signature by hand is not certain: the variants of SIG-04.
const (
	handInk      = ""         // ink that is no signature for certain
	handStamp    = "stamp"    // a stamp, and no signature that could be told from it
	handSupplier = "supplier" // in the supplier's block alone
	handNoBlock  = "no_block" // no block was found where one could be
)

// ByHand judges the ink in a document's blocks (AF §6.1). Certain is only what
// looks like nothing but a signature, in a block that a label asks for and that
// is not the supplier's. Nothing is there only where every block is clean, and
// no page can hide one. supplier gives the words of the supplier's names.
func ByHand(h config.Handwriting, facts *claim.Facts, supplier []string) HandVerdict {
	return byHand(h, facts, supplier, nil)
}

func byHand(h config.Handwriting, facts *claim.Facts, supplier []string, r *recorder) HandVerdict {
	best := HandVerdict{Hand: claim.NotHandwritten}
	for i := range facts.Blocks {
		block := &facts.Blocks[i]
		hand, reason := judge(h, block, supplier, r)
		switch {
		case hand == claim.Handwritten:
			return HandVerdict{hand, "", block}
		case hand == claim.MaybeHandwritten && best.Block == nil:
			best = HandVerdict{hand, reason, block}
		}
	}
	if best.Hand == claim.NotHandwritten && couldHide(facts) {
		return HandVerdict{claim.MaybeHandwritten, handNoBlock, nil}
	}
	return best
}

// couldHide tells whether a signature by hand could stand where no block was
// found: on a scan without a label that asks for one, on a page that nobody
// could read, among pictures or annotations of which it is not known where
// they stand or what is in them.
func couldHide(facts *claim.Facts) bool {
	labelled := slices.ContainsFunc(facts.Blocks, func(b claim.Block) bool { return b.Label != "" })
	for i := range facts.Pages {
		p := &facts.Pages[i]
		marked := p.HasImage || p.HasAnnotation
		measured := slices.ContainsFunc(facts.Blocks, func(b claim.Block) bool { return b.Page == i+1 })
		switch {
		case p.Source == claim.TextFromOCR && !labelled,
			p.Source == claim.TextFromNone && marked,
			p.Source != claim.TextFromOCR && marked && (len(p.Marks) == 0 || !measured):
			return true
		}
	}
	return false
}

// judge tells what the ink of one block is.
func judge(h config.Handwriting, b *claim.Block, supplier []string, r *recorder) (claim.Handwriting, string) {
	ink := b.Ink
	area := (b.Rect[2] - b.Rect[0]) * (b.Rect[3] - b.Rect[1])
	switch {
	case b.Label == "":
		// A picture elsewhere: a logo as often as a signature.
		if r.least(b, "length", ink.Length, "stray_length", h.StrayLength) && r.most(b, "thick", ink.Thick, "most_thick", h.MostThick) &&
			r.least(b, "turns", ink.Turns, "stray_turns", h.StrayTurns) && r.most(b, "crowding", ink.Crowding, "most_crowding", h.MostCrowding) {
			return claim.MaybeHandwritten, handInk
		}
		return claim.NotHandwritten, ""
	case !r.least(b, "ink", ink.Share*area, "empty_ink", h.EmptyInk) && !r.least(b, "faint", ink.Faint*area, "empty_faint", h.EmptyFaint):
		return claim.NotHandwritten, ""
	case !signatureLike(h, b, r):
		if r.least(b, "letters", float64(ink.Letters), "stamp_letters", float64(h.StampLetters)) ||
			r.least(b, "frame", ink.Frame, "stamp_frame", h.StampFrame) {
			return claim.MaybeHandwritten, handStamp
		}
		return claim.MaybeHandwritten, handInk
	case suppliersBlock(h, b.Label, supplier):
		return claim.MaybeHandwritten, handSupplier
	}
	return claim.Handwritten, ""
}

// signatureLike tells whether a block's ink looks like a signature and like
// nothing else.
func signatureLike(h config.Handwriting, b *claim.Block, r *recorder) bool {
	ink := b.Ink
	return r.least(b, "width", ink.Width, "least_width", h.LeastWidth) &&
		r.least(b, "height", ink.Height, "least_height", h.LeastHeight) &&
		r.least(b, "length", ink.Length, "least_length", h.LeastLength) &&
		r.least(b, "turns", ink.Turns, "least_turns", h.LeastTurns) &&
		r.least(b, "thick", ink.Thick, "least_thick", h.LeastThick) &&
		r.most(b, "thick", ink.Thick, "most_thick", h.MostThick) &&
		r.most(b, "uneven", ink.Uneven, "most_uneven", h.MostUneven) &&
		r.most(b, "crowding", ink.Crowding, "most_crowding", h.MostCrowding) &&
		r.most(b, "outline", ink.Outline, "most_outline", h.MostOutline) &&
		r.most(b, "frame", ink.Frame, "stamp_frame", h.StampFrame) &&
		r.most(b, "letters", float64(ink.Letters), "stamp_letters", float64(h.StampLetters)) &&
		r.least(b, "contrast", ink.Contrast, "least_contrast", h.LeastContrast) &&
		r.least(b, "inside", ink.Inside, "least_inside", h.LeastInside)
}

// suppliersBlock tells whether a label asks for the supplier's signature. Of
// its parts, the label itself first, the first that names a side decides.
func suppliersBlock(h config.Handwriting, label string, supplier []string) bool {
	for part := range strings.SplitSeq(label, "|") {
		names := words(part)
		holds := func(list []string) bool {
			return slices.ContainsFunc(list, func(word string) bool { return slices.Contains(names, claim.Fold(word)) })
		}
		switch {
		case holds(h.ClientWords):
			return false
		case holds(h.SupplierWords), holds(supplier):
			return true
		}
	}
	return false
}
