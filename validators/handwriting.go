package validators

import (
	"slices"
	"strings"

	"guichet/config"
	"guichet/pipeline/claim"
)

// unsigned tells SIG-01, or SIG-04 where a signature by hand could stand on a
// page, or the page could not be read. A signature by hand that is certain is
// none's fault.
func (a *assessment) unsigned(d *claim.Document) {
	if a.unread(d) {
		a.tellDocument(d, "SIG-04", "", nil)
		return
	}
	verdict := a.byHand(d)
	switch verdict.Hand {
	case claim.Handwritten:
	case claim.MaybeHandwritten:
		f := a.tellDocument(d, "SIG-04", verdict.Reason, nil)
		if verdict.Block != nil {
			f.Page, f.Rect = verdict.Block.Page, &verdict.Block.Rect
		}
	default:
		a.tellDocument(d, "SIG-01", "", nil)
	}
}

// byHand is the verdict on a document of the claim.
func (a *assessment) byHand(d *claim.Document) HandVerdict {
	var supplier []string
	for _, row := range a.Registers.Enrolments(a.claim.Supplier) {
		supplier = append(supplier, companyWords(a.Programme.Names, row.Name)...)
	}
	return ByHand(a.Programme.Handwriting, d.Facts, supplier)
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
	best := HandVerdict{Hand: claim.NotHandwritten}
	for i := range facts.Blocks {
		block := &facts.Blocks[i]
		hand, reason := judge(h, block, supplier)
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
func judge(h config.Handwriting, b *claim.Block, supplier []string) (claim.Handwriting, string) {
	ink := b.Ink
	area := (b.Rect[2] - b.Rect[0]) * (b.Rect[3] - b.Rect[1])
	switch {
	case b.Label == "":
		// A picture elsewhere: a logo as often as a signature.
		if ink.Length < h.StrayLength || ink.Thick > h.MostThick || ink.Turns < h.StrayTurns || ink.Crowding > h.MostCrowding {
			return claim.NotHandwritten, ""
		}
		return claim.MaybeHandwritten, handInk
	case ink.Share*area < h.EmptyInk && ink.Faint*area < h.EmptyFaint:
		return claim.NotHandwritten, ""
	case !signatureLike(h, ink):
		if ink.Letters >= h.StampLetters || ink.Frame >= h.StampFrame {
			return claim.MaybeHandwritten, handStamp
		}
		return claim.MaybeHandwritten, handInk
	case suppliersBlock(b.Label, supplier):
		return claim.MaybeHandwritten, handSupplier
	}
	return claim.Handwritten, ""
}

// signatureLike tells whether ink looks like a signature and like nothing else.
func signatureLike(h config.Handwriting, ink claim.Ink) bool {
	return ink.Width >= h.LeastWidth && ink.Height >= h.LeastHeight &&
		ink.Length >= h.LeastLength && ink.Turns >= h.LeastTurns &&
		ink.Thick >= h.LeastThick && ink.Thick <= h.MostThick && ink.Uneven <= h.MostUneven &&
		ink.Crowding <= h.MostCrowding && ink.Outline <= h.MostOutline && ink.Frame <= h.StampFrame &&
		ink.Letters <= h.StampLetters && ink.Contrast >= h.LeastContrast && ink.Inside >= h.LeastInside
}

// Whose block a label makes.
var (
	clientWords   = []string{"client", "cliente", "clients", "pharmacie", "pharmacien", "pharmacienne", "officine", "titulaire", "responsable", "acheteur", "beneficiaire", "gerant"}
	supplierWords = []string{"fournisseur", "editeur", "vendeur", "prestataire", "distributeur", "commercial"}
)

// suppliersBlock tells whether a label asks for the supplier's signature. Of
// its parts, the label itself first, the first that names a side decides.
func suppliersBlock(label string, supplier []string) bool {
	for part := range strings.SplitSeq(label, "|") {
		names := words(part)
		holds := func(list []string) bool {
			return slices.ContainsFunc(names, func(name string) bool { return slices.Contains(list, name) })
		}
		switch {
		case holds(clientWords):
			return false
		case holds(supplierWords), holds(supplier):
			return true
		}
	}
	return false
}
