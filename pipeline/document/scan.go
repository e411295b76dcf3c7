package document

import (
	"context"
	"errors"
	"slices"

	"guichet/pipeline/claim"
)

// A page under an image of more than half its area that has fewer than a page's
// worth of words of its own is a scan: such words are a scanner's stamp line, or
// somebody's forgery.
const (
	scanImage = 0.5
	scanWords = enoughWords
)

// scanned tells whether a page must be read as a picture: no word of its own
// can be read and there is something on it, or it is a scan with a few words.
func scanned(page *claim.Page, seen surface) bool {
	if page.Source != claim.TextFromPDF {
		return seen.Marked || page.HasImage
	}
	return seen.Images > scanImage && visibleWords(page) < scanWords
}

// maxBlocks bounds the blocks of a document, each of which holds a picture.
const maxBlocks = 8

// Scales, in pixels a point, at which ink is measured.
const (
	leastInkScale = 150.0 / 72
	mostInkScale  = 200.0 / 72
)

// lookAt reads the scanned pages of a document, which the worker has read, and
// measures ink where a signature by hand could stand. Its error is a killed, or
// ctx's.
func (p *Pool) lookAt(ctx context.Context, worker *process, found *reading) error {
	facts := &found.Facts
	if facts.Status != claim.ReadOK {
		return nil
	}
	byHand := !slices.ContainsFunc(facts.Signatures, func(s claim.Signature) bool { return !s.Timestamp })
	for i := range facts.Pages {
		page := &facts.Pages[i]
		draw := func(scale float64) (*raster, error) { return worker.raster(ctx, i, scale) }
		var picture *raster
		if scanned(page, found.Surfaces[i]) {
			var err error
			if picture, err = p.readScan(ctx, page, found.Surfaces[i], draw); err != nil {
				return err
			}
		}
		signable := page.HasImage || page.HasAnnotation || page.Source == claim.TextFromOCR || hasLabel(page)
		if !byHand || !signable || len(facts.Blocks) >= maxBlocks {
			continue
		}
		if picture == nil || picture.scale < leastInkScale {
			var err error
			if picture, err = draw(mostInkScale); err != nil {
				return err
			}
		}
		if picture == nil {
			continue
		}
		facts.Blocks = append(facts.Blocks, measureInk(picture.shrunk(mostInkScale), i+1, page)...)
		facts.Blocks = facts.Blocks[:min(len(facts.Blocks), maxBlocks)]
	}
	facts.TextSource = textSource(facts.Pages)
	return nil
}

// readScan reads a page by OCR, as far as it can be had, and gives its picture,
// as far as it was drawn.
func (p *Pool) readScan(ctx context.Context, page *claim.Page, seen surface, draw func(float64) (*raster, error)) (*raster, error) {
	page.Source = claim.TextFromNone
	if p.ocr == nil {
		return nil, nil
	}
	picture, err := draw(ocrScale(page, seen))
	if err != nil || picture == nil {
		return nil, err
	}
	if picture.blank() {
		return picture, nil
	}
	read, err := p.ocr.readScan(ctx, picture, draw)
	if errors.Is(err, errOCR) {
		return picture, nil
	}
	if err != nil {
		return nil, err
	}
	words, confidence := read.words()
	if len(words) == 0 {
		return picture, nil
	}
	hideOwn(page)
	page.Words = append(words, page.Words...)
	page.Source, page.Confidence, page.Unread = claim.TextFromOCR, confidence, read.unread
	return picture, nil
}
