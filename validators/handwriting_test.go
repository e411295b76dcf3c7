package validators

import (
	"slices"
	"strings"
	"testing"

	"guichet/config"
	"guichet/pipeline/claim"
)

// written is ink that is a signature for certain: each bound is met with room.
var written = claim.Ink{
	Share: 0.02, Strokes: 2, Frame: 0.3,
	Width: 120, Height: 40, Length: 400, Turns: 4, Thick: 1, Uneven: 0.3, Crowding: 0.08, Outline: 0.3, Contrast: 0.5, Inside: 1,
}

// block is the client's block of 240 by 60 points with some ink.
func block(ink claim.Ink) claim.Block {
	return claim.Block{Page: 1, Label: "Signature du client", Rect: claim.Rect{330, 700, 570, 760}, Ink: ink}
}

// but changes the ink of a signature.
func but(f func(*claim.Ink)) claim.Ink {
	ink := written
	f(&ink)
	return ink
}

// TestEveryBoundCounts takes one bound at a time off a signature: what is left
// is for a person, and never nothing.
func TestEveryBoundCounts(t *testing.T) {
	h := theProgramme().Handwriting
	judged := func(ink claim.Ink) HandVerdict {
		return ByHand(h, &claim.Facts{Pages: []claim.Page{{Source: claim.TextFromOCR}}, Blocks: []claim.Block{block(ink)}}, nil)
	}
	if got := judged(written); got.Hand != claim.Handwritten || got.Block == nil {
		t.Fatalf("%+v, want handwritten and its block", got)
	}
	for _, test := range []struct {
		name   string
		ink    claim.Ink
		hand   claim.Handwriting
		reason string
	}{
		{"empty", claim.Ink{}, claim.NotHandwritten, ""},
		{"a speck", claim.Ink{Share: h.EmptyInk / (240 * 60) * 0.99}, claim.NotHandwritten, ""},
		{"more than a speck", claim.Ink{Share: h.EmptyInk / (240 * 60) * 1.01}, claim.MaybeHandwritten, handInk},
		{"pale", claim.Ink{Faint: h.EmptyFaint / (240 * 60) * 1.01}, claim.MaybeHandwritten, handInk},
		{"narrow", but(func(i *claim.Ink) { i.Width = h.LeastWidth - 1 }), claim.MaybeHandwritten, handInk},
		{"low, as ordinary writing", but(func(i *claim.Ink) { i.Height = h.LeastHeight - 1 }), claim.MaybeHandwritten, handInk},
		{"short", but(func(i *claim.Ink) { i.Length = h.LeastLength - 1 }), claim.MaybeHandwritten, handInk},
		{"straight, as a cross", but(func(i *claim.Ink) { i.Turns = h.LeastTurns - 0.1 }), claim.MaybeHandwritten, handInk},
		{"a hair", but(func(i *claim.Ink) { i.Thick = h.LeastThick - 0.01 }), claim.MaybeHandwritten, handInk},
		{"a brush", but(func(i *claim.Ink) { i.Thick = h.MostThick + 0.01 }), claim.MaybeHandwritten, handInk},
		{"a blot", but(func(i *claim.Ink) { i.Uneven = h.MostUneven + 0.01 }), claim.MaybeHandwritten, handInk},
		{"a text run together", but(func(i *claim.Ink) { i.Crowding = h.MostCrowding + 0.01 }), claim.MaybeHandwritten, handInk},
		{"an outline", but(func(i *claim.Ink) { i.Outline = h.MostOutline + 0.01 }), claim.MaybeHandwritten, handInk},
		{"shown through", but(func(i *claim.Ink) { i.Contrast = h.LeastContrast - 0.01 }), claim.MaybeHandwritten, handInk},
		{"from beside", but(func(i *claim.Ink) { i.Inside = h.LeastInside - 0.01 }), claim.MaybeHandwritten, handInk},
		{"among print", but(func(i *claim.Ink) { i.Letters = h.StampLetters + 1 }), claim.MaybeHandwritten, handStamp},
		{"in a border", but(func(i *claim.Ink) { i.Frame = h.StampFrame + 0.01 }), claim.MaybeHandwritten, handStamp},
	} {
		if got := judged(test.ink); got.Hand != test.hand || got.Reason != test.reason {
			t.Errorf("%s: %s %q, want %s %q", test.name, got.Hand, got.Reason, test.hand, test.reason)
		}
	}
}

// TestWhoseBlock: the label decides, what stands around it where it is silent.
func TestWhoseBlock(t *testing.T) {
	for label, suppliers := range map[string]bool{
		"Signature":                                 false,
		"Bon pour accord":                           false,
		"Signature du client":                       false,
		"Signature du fournisseur":                  true,
		"SIGNATURE DE L'ÉDITEUR":                    true,
		"Cachet et signature du prestataire":        true,
		"Signature | Le fournisseur":                true,
		"Signature | Le client":                     false,
		"Signature du client | Le fournisseur":      false,
		"Signature du vendeur | Pour la pharmacie":  true,
		"Pour OFFISOFT, signature":                  true,
		"Signature du titulaire | OFFISOFT":         false,
		"Signature | Jean PETIT":                    false,
		"Signature du responsable de la commande":   false,
		"Bon pour accord | Signature | L'acheteuse": false,
	} {
		if got := suppliersBlock(theProgramme().Handwriting, label, []string{"offisoft"}); got != suppliers {
			t.Errorf("%q: the supplier's %v, want %v", label, got, suppliers)
		}
	}
}

func TestByHand(t *testing.T) {
	empty, signed, supplier := block(claim.Ink{}), block(written), block(written)
	supplier.Label = "Signature du fournisseur"
	elsewhere, logo := block(written), block(claim.Ink{Share: 0.3, Length: 300, Turns: 5, Thick: 9})
	elsewhere.Label, logo.Label = "", ""
	born := claim.Page{Source: claim.TextFromPDF, Words: []claim.Word{{Text: "Signature"}}}
	image := born
	image.HasImage = true
	marked := image
	marked.Marks = []claim.Mark{{Kind: claim.MarkImage, Rect: claim.Rect{10, 10, 50, 50}}}
	scan := claim.Page{Source: claim.TextFromOCR, HasImage: true, Confidence: 90, Words: born.Words}
	for _, test := range []struct {
		name   string
		page   claim.Page
		blocks []claim.Block
		want   claim.Handwriting
		reason string
	}{
		{"no block in a born-digital document", born, nil, claim.NotHandwritten, ""},
		{"an empty one", born, []claim.Block{empty}, claim.NotHandwritten, ""},
		{"signed", born, []claim.Block{signed}, claim.Handwritten, ""},
		{"an image, and not known where", image, []claim.Block{empty}, claim.MaybeHandwritten, handNoBlock},
		{"an image, and no block measured", marked, nil, claim.MaybeHandwritten, handNoBlock},
		{"an image that is a logo", marked, []claim.Block{empty, logo}, claim.NotHandwritten, ""},
		{"an image that looks like a signature", marked, []claim.Block{empty, elsewhere}, claim.MaybeHandwritten, handInk},
		{"a scan without a block", scan, nil, claim.MaybeHandwritten, handNoBlock},
		{"a scan without a label", scan, []claim.Block{elsewhere}, claim.MaybeHandwritten, handInk},
		{"a scan without a label, and a logo", scan, []claim.Block{logo}, claim.MaybeHandwritten, handNoBlock},
		{"a scan with an empty block", scan, []claim.Block{empty}, claim.NotHandwritten, ""},
		{"a scan with a signature", scan, []claim.Block{signed}, claim.Handwritten, ""},
		{"the supplier alone", scan, []claim.Block{supplier, empty}, claim.MaybeHandwritten, handSupplier},
		{"the supplier and the client", scan, []claim.Block{supplier, signed}, claim.Handwritten, ""},
	} {
		got := ByHand(theProgramme().Handwriting, &claim.Facts{Pages: []claim.Page{test.page}, Blocks: test.blocks}, nil)
		if got.Hand != test.want || got.Reason != test.reason {
			t.Errorf("%s: %s %q, want %s %q", test.name, got.Hand, got.Reason, test.want, test.reason)
		}
	}
	// What is measured on one page says nothing of another.
	got := ByHand(theProgramme().Handwriting, &claim.Facts{Pages: []claim.Page{born, marked}, Blocks: []claim.Block{empty}}, nil)
	if got.Hand != claim.MaybeHandwritten || got.Reason != handNoBlock {
		t.Errorf("an image on a second page: %s %q", got.Hand, got.Reason)
	}
}

// TestUnsigned: what becomes of it in a claim, and what a result tells.
func TestUnsigned(t *testing.T) {
	with := func(blocks ...claim.Block) func(*Context, *claim.Claim) {
		return order(func(d *claim.Document) { d.Facts.Signatures, d.Facts.Blocks = nil, blocks })
	}
	supplier := block(written)
	supplier.Label = "Pour OFFISOFT, signature"
	for _, test := range []struct {
		name  string
		spoil func(*Context, *claim.Claim)
		want  string
		kind  string
		text  string // that the message holds
	}{
		{"signed by hand", with(block(written)), "", handSignature, ""},
		{"an empty block", with(block(claim.Ink{})), "SIG-01", noSignature, "n'est pas signé"},
		{"a stamp", with(block(but(func(i *claim.Ink) { i.Letters = 40 }))), "SIG-04", noSignature, "cachet"},
		{"the supplier's name in the label", with(supplier), "SIG-04", noSignature, "réservé au fournisseur"},
		{"electronically and by hand", order(func(d *claim.Document) { d.Facts.Blocks = []claim.Block{block(written)} }), "", electronicSignature, ""},
		{"by hand, and a timestamp", order(func(d *claim.Document) {
			d.Facts.Signatures, d.Facts.Blocks = []claim.Signature{timestamp("2022-09-02")}, []claim.Block{block(written)}
		}), "", handSignature, ""},
		{"by hand on a page that cannot be read", order(func(d *claim.Document) {
			d.Facts.Signatures, d.Facts.Blocks, d.Facts.Pages = nil, []claim.Block{block(written)}, []claim.Page{{HasImage: true}}
		}), "DOC-06 SIG-04", noSignature, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, told := assessed(test.spoil, "SIG", "DOC")
			if told != test.want {
				t.Errorf("%q, want %q", told, test.want)
			}
			if kind := got.Documents[0].Signature.Kind; kind != test.kind {
				t.Errorf("a signature of kind %q, want %q", kind, test.kind)
			}
			for _, f := range got.Findings {
				checkTexts(t, f)
				if f.Code == "SIG-04" && test.text != "" && (f.Page != 1 || f.Rect == nil) {
					t.Errorf("%s on page %d at %v, want the block", f.Code, f.Page, f.Rect)
				}
			}
			if test.text != "" {
				if !slices.ContainsFunc(got.Findings, func(f claim.Finding) bool { return strings.Contains(f.Message, test.text) }) {
					t.Errorf("no message holds %q", test.text)
				}
			}
		})
	}
}

// TestVariantsExist: every reason has its text.
func TestVariantsExist(t *testing.T) {
	for _, reason := range []string{handStamp, handSupplier, handNoBlock} {
		if _, ok := config.Rules.Rule("SIG-04").Variants[reason]; !ok {
			t.Errorf("SIG-04 has no variant %q", reason)
		}
	}
}
