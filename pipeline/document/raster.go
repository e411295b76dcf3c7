package document

// raster is a page's picture as a reader sees it: shades of grey, one byte a
// pixel, row by row from the top left, white 255.
type raster struct {
	width, height int
	scale         float64 // pixels a point: 300 dpi are 300/72
	pixels        []byte
}
