package document

import (
	"encoding/binary"
	"errors"
	"math"
)

// raster is a page's picture as a reader sees it: shades of grey, one byte a
// pixel, row by row from the top left, white 255.
type raster struct {
	width, height int
	scale         float64 // pixels a point: 300 dpi are 300/72
	pixels        []byte
}

// maxRaster bounds a raster: 40 million pixels are an A4 page at 640 dpi.
const maxRaster = 40e6

// rasterHeader is how long the wire form of a raster is before its pixels:
// width and height, four bytes each, and scale, eight.
const rasterHeader = 16

var errRaster = errors.New("a worker's raster is not what its header says")

// header is the wire form of all but the pixels.
func (r *raster) header() []byte {
	header := make([]byte, 0, rasterHeader)
	header = binary.BigEndian.AppendUint32(header, uint32(r.width))  //nolint:gosec // at most maxRaster
	header = binary.BigEndian.AppendUint32(header, uint32(r.height)) //nolint:gosec // idem
	return binary.BigEndian.AppendUint64(header, math.Float64bits(r.scale))
}

// readRaster reads the wire form; a raster without pixels is nil: a page that
// could not be drawn.
func readRaster(message []byte) (*raster, error) {
	if len(message) < rasterHeader {
		return nil, errRaster
	}
	width, height := uint64(binary.BigEndian.Uint32(message)), uint64(binary.BigEndian.Uint32(message[4:]))
	scale := math.Float64frombits(binary.BigEndian.Uint64(message[8:]))
	pixels := message[rasterHeader:]
	if width*height > maxRaster || uint64(len(pixels)) != width*height {
		return nil, errRaster
	}
	if len(pixels) == 0 {
		return nil, nil
	}
	if !(scale > 0) || math.IsInf(scale, 0) {
		return nil, errRaster
	}
	return &raster{width: int(width), height: int(height), scale: scale, pixels: pixels}, nil //nolint:gosec // at most maxRaster
}

// rasterOrder asks for a page, counted from 0, at a scale in pixels a point.
func rasterOrder(page int, scale float64) []byte {
	order := binary.BigEndian.AppendUint32(nil, uint32(page)) //nolint:gosec // below the limit of pages
	return binary.BigEndian.AppendUint64(order, math.Float64bits(scale))
}

// readRasterOrder reads what rasterOrder wrote.
func readRasterOrder(order []byte) (page int, scale float64, err error) {
	if len(order) != 12 {
		return 0, 0, errQuestion
	}
	scale = math.Float64frombits(binary.BigEndian.Uint64(order[4:]))
	if !(scale > 0 && scale < 1e6) {
		return 0, 0, errQuestion
	}
	return int(binary.BigEndian.Uint32(order)), scale, nil
}

// raster draws a page of the document that was read last. A page that cannot
// be drawn, which a sandbox without memory left may be the reason for, is an
// empty raster. Its error is ours: the sandbox could not be made anew.
func (r *reader) raster(page int, scale float64) (*raster, error) {
	found := &raster{}
	if trapped := guard(func() { r.drawPage(found, page, scale) }); trapped != nil {
		return &raster{}, r.sandbox.renew()
	}
	return found, r.sandbox.reset()
}

// drawPage draws a page of the document into found.
func (r *reader) drawPage(found *raster, index int, scale float64) {
	s := r.sandbox
	buffer := s.keep(r.document)
	defer s.release(buffer)
	document := handle(s.do("FPDF_LoadMemDocument64", buffer, uint64(len(r.document)), 0))
	if document == 0 {
		return
	}
	defer s.tidy("FPDF_CloseDocument", document)
	page := handle(s.do("FPDF_LoadPage", uint64(document), uint64(index))) //nolint:gosec // a page's index
	if page == 0 {
		return
	}
	defer s.tidy("FPDF_ClosePage", page)
	g := s.loadGeometry(page)
	p := s.newPicture(g, sight{scale: scale, pixels: maxRaster * 0.99}, [4]float64{0, 0, g.width, g.height})
	defer s.tidy("FPDFBitmap_Destroy", p.bitmap)
	if p.width*p.height > maxRaster {
		return // a strip: a page of one point by a million
	}
	s.render(p, page, g)
	s.view(p, s.do("FPDFBitmap_GetBuffer", uint64(p.bitmap)))
	found.width, found.height, found.scale = p.width, p.height, p.scale
	found.pixels = make([]byte, 0, p.width*p.height)
	for y := range p.height {
		found.pixels = append(found.pixels, p.pixels[y*p.stride:y*p.stride+p.width]...)
	}
}

// shrunk is the raster at a smaller scale, each pixel the mean of those in its
// place; the raster itself when it is no larger than that.
func (r *raster) shrunk(scale float64) *raster {
	if r.scale <= scale {
		return r
	}
	width := max(int(float64(r.width)*scale/r.scale), 1)
	height := max(int(float64(r.height)*scale/r.scale), 1)
	small := &raster{width: width, height: height, scale: scale, pixels: make([]byte, width*height)}
	for y := range height {
		y0, y1 := y*r.height/height, (y+1)*r.height/height
		for x := range width {
			x0, x1 := x*r.width/width, (x+1)*r.width/width
			sum := 0
			for v := y0; v < y1; v++ {
				for _, pixel := range r.pixels[v*r.width+x0 : v*r.width+x1] {
					sum += int(pixel)
				}
			}
			small.pixels[y*width+x] = byte(sum / ((y1 - y0) * (x1 - x0))) //nolint:gosec // a mean of bytes
		}
	}
	return small
}
