package document

import (
	"math"

	"guichet/pipeline/claim"
)

// surface is what a page bears beside its words.
type surface struct {
	// Marked: anything at all is drawn on the page.
	Marked bool
	// Images is the share of the page's area under images, each for itself, and
	// at most 1.
	Images float64
	// Resolution is that of its finest image of some size, in pixels a point; 0
	// when there is none.
	Resolution float64
}

// someSize is the share of the page that an image must cover to set the
// resolution at which its page is drawn.
const someSize = 0.02

// maxMarks bounds the marks of a page: some scanners cut theirs into strips.
const maxMarks = 100

// pageSurface looks at the objects of a page and notes on it where its images
// and annotations stand.
func (s *sandbox) pageSurface(page handle, g geometry, list []annotation, found *claim.Page) surface {
	seen := surface{Marked: found.HasAnnotation || signed(s.do("FPDFPage_CountObjects", uint64(page))) > 0}
	if found.HasImage {
		s.measureImages(&seen, found, "FPDFPage_CountObjects", "FPDFPage_GetObject", page, g, matrix{1, 0, 0, 1, 0, 0}, 0)
		seen.Images = min(seen.Images, 1)
	}
	for _, a := range list {
		if a.marks() {
			addMark(found, claim.MarkAnnotation, a.rect)
		}
	}
	return seen
}

func addMark(page *claim.Page, kind claim.MarkKind, rect claim.Rect) {
	if len(page.Marks) < maxMarks {
		page.Marks = append(page.Marks, claim.Mark{Kind: kind, Rect: round(rect)})
	}
}

// matrix is a PDF's: x' = a·x + c·y + e, y' = b·x + d·y + f.
type matrix [6]float64

// then gives the matrix that does what m does, and after that what n does.
func (m matrix) then(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// measureImages adds the images of a page or form to seen and to the page's
// marks; outer places the form on the page.
func (s *sandbox) measureImages(seen *surface, found *claim.Page, count, get string, parent handle, g geometry, outer matrix, depth int) {
	if depth > maxDepth {
		return
	}
	for i := range signed(s.do(count, uint64(parent))) {
		object := handle(s.do(get, uint64(parent), uint64(i))) //nolint:gosec // not negative
		if object == 0 {
			continue
		}
		kind := s.do("FPDFPageObj_GetType", uint64(object))
		if kind != pdfiumImage && kind != pdfiumForm {
			continue
		}
		s.do("FPDFPageObj_GetMatrix", uint64(object), s.at(0))
		placed := matrix(s.float32s(6)).then(outer)
		if kind == pdfiumForm {
			s.measureImages(seen, found, "FPDFFormObj_CountObjects", "FPDFFormObj_GetObject", object, g, placed, depth+1)
			continue
		}
		shown, share := placed.shown(g)
		if share == 0 {
			continue
		}
		addMark(found, claim.MarkImage, shown)
		seen.Images += share
		if share < someSize || s.do("FPDFImageObj_GetImagePixelSize", uint64(object), s.at(0), s.at(1)) == 0 {
			continue
		}
		for n, side := range []float64{math.Hypot(placed[0], placed[1]), math.Hypot(placed[2], placed[3])} {
			pixels := float64(s.uint32At(n))
			if side > 0 && pixels > 0 {
				seen.Resolution = max(seen.Resolution, pixels/side)
			}
		}
	}
}

// shown gives where on the page the unit square lies as m places it, and its
// share of the page's area.
func (m matrix) shown(g geometry) (claim.Rect, float64) {
	box := g.rect(m[4]+min(m[0], 0)+min(m[2], 0), m[5]+min(m[1], 0)+min(m[3], 0), m[4]+max(m[0], 0)+max(m[2], 0), m[5]+max(m[1], 0)+max(m[3], 0))
	box = claim.Rect{max(box[0], 0), max(box[1], 0), min(box[2], g.width), min(box[3], g.height)}
	width, height := box[2]-box[0], box[3]-box[1]
	if !(width > 0 && height > 0) {
		return claim.Rect{}, 0
	}
	return box, width * height / (g.width * g.height)
}

// uint32At reads the C unsigned int in the n-th cell of the scratch memory.
func (s *sandbox) uint32At(n int) uint32 {
	view := s.bytes(s.at(n), 4)
	return uint32(view[0]) | uint32(view[1])<<8 | uint32(view[2])<<16 | uint32(view[3])<<24
}
