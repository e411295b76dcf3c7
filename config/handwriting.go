package config

import "fmt"

// Handwriting says what ink in a signature's block is taken for (AF §6.1, §6.2):
// bounds of the measures of claim.Ink, lengths in points. Below the first two a
// block is empty; within all other bounds its ink is a signature for certain;
// anything else a person looks at.
type Handwriting struct {
	EmptyInk   float64 `yaml:"empty_ink"`   // square points of the block that are ink
	EmptyFaint float64 `yaml:"empty_faint"` // square points of the block that are too pale for ink

	LeastWidth    float64 `yaml:"least_width"`
	LeastHeight   float64 `yaml:"least_height"`
	LeastLength   float64 `yaml:"least_length"`
	LeastTurns    float64 `yaml:"least_turns"`
	LeastThick    float64 `yaml:"least_thick"`
	MostThick     float64 `yaml:"most_thick"`
	MostUneven    float64 `yaml:"most_uneven"`
	MostCrowding  float64 `yaml:"most_crowding"`
	MostOutline   float64 `yaml:"most_outline"`
	LeastContrast float64 `yaml:"least_contrast"`
	LeastInside   float64 `yaml:"least_inside"`

	StampLetters int     `yaml:"stamp_letters"` // more of them are a stamp's
	StampFrame   float64 `yaml:"stamp_frame"`   // more of it is a stamp's

	StrayLength float64 `yaml:"stray_length"` // from which a stroke outside of all blocks is looked at
	StrayTurns  float64 `yaml:"stray_turns"`

	// ClientWords and SupplierWords stand in a block's label and say whose
	// signature it asks for, whatever their capitals and accents.
	ClientWords   []string `yaml:"client_words"`
	SupplierWords []string `yaml:"supplier_words"`
}

// SignatureTraces says what an electronic signature leaves in the text of a
// document that holds none any more (SIG-07).
type SignatureTraces struct {
	Phrases  []string `yaml:"phrases"`  // that tell of a signature
	Services []string `yaml:"services"` // that sign, by name
	Proofs   []string `yaml:"proofs"`   // words that announce the number of a service's proof or transaction
}

// check asks that every bound is given, and within reason: 0 would accept
// anything, or nothing.
func (h Handwriting) check() *valueError {
	for _, bound := range []struct {
		name        string
		value, most float64
	}{
		{"empty_ink", h.EmptyInk, 1000},
		{"empty_faint", h.EmptyFaint, 5000},
		{"least_width", h.LeastWidth, 250},
		{"least_height", h.LeastHeight, 100},
		{"least_length", h.LeastLength, 2000},
		{"least_turns", h.LeastTurns, 20},
		{"most_thick", h.MostThick, 10},
		{"least_thick", h.LeastThick, h.MostThick},
		{"most_uneven", h.MostUneven, 5},
		{"most_crowding", h.MostCrowding, 2},
		{"most_outline", h.MostOutline, 1},
		{"least_contrast", h.LeastContrast, 1},
		{"least_inside", h.LeastInside, 1},
		{"stamp_letters", float64(h.StampLetters), 100},
		{"stamp_frame", h.StampFrame, 1},
		{"stray_length", h.StrayLength, 2000},
		{"stray_turns", h.StrayTurns, 20},
	} {
		if !(bound.value > 0 && bound.value <= bound.most) {
			return &valueError{"handwriting." + bound.name, fmt.Sprintf("must be above 0 and at most %g", bound.most)}
		}
	}
	if len(h.ClientWords) == 0 || len(h.SupplierWords) == 0 {
		return &valueError{"handwriting", "client_words and supplier_words must be given"}
	}
	return nil
}
