package document

import "guichet/pipeline/claim"

// measureInk finds the blocks of a page where a signature by hand is expected
// or could stand, and measures the ink in them.
func measureInk(picture *raster, number int, page *claim.Page) []claim.Block {
	return nil
}
