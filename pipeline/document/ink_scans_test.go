package document

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"
	"slices"

	"guichet/fixtures"
	"guichet/fixtures/imagepdf"
	"guichet/fixtures/pen"
	"guichet/pipeline/claim"
)

// inkScan is a synthetic scan of an order, with a mark in its signature's
// block, and the words that a reader of the page would give.
type inkScan struct {
	kind    pen.Kind
	style   string
	glass   bool // drawn on a born-digital page
	pdf     []byte
	picture *raster
	page    claim.Page
}

// newInkScan makes the scan of a number, of a kind of mark. Families differ in
// styles, names, layouts, and in what happens to the paper.
func newInkScan(number int, kind pen.Kind, family pen.Family) (inkScan, error) {
	r := rand.New(rand.NewPCG(uint64(number), 71+uint64(family)))
	mark := pen.Random(r, kind, family)
	scan := inkScan{kind: kind, style: mark.Style}
	layouts, mentions := fixtures.Layouts[:3], []string{"Lucie Bernard", "GRANDE PHARMACIE DES TILLEULS", "1er mars 2023"}
	if family == pen.B {
		layouts, mentions = fixtures.Layouts[3:], []string{"Yann Le Guen", "PHARMACIE KERVELLA", "14/02/2023"}
	}
	order := fixtures.Order{
		Layout: layouts[r.IntN(len(layouts))], Reference: fmt.Sprintf("CMD-%04d", number), Supplier: []string{"OFFISOFT", "3 rue des Lilas", "69000 LYON"},
		Mentions: fixtures.Mentions{
			AFReference: "AF-PHA-LGO-Va1", Manager: mentions[0], CompanyName: mentions[1], OrderDate: mentions[2], FINESS: "750000018",
			Amount: "708,00 €", VATRegime: "TVA 20 %", Email: "contact@pharmacie.example", Phone: "01 02 03 04 05", Service: "Prestation Ségur", Solution: "Officine Plus", Version: "4.2",
			StateFunded: "Montant pris en charge par l'Etat au titre du Ségur de la santé",
		},
	}
	options := fixtures.ScanOptions{Seed: uint64(number), Coding: imagepdf.JPEG}
	scan.glass = r.IntN(6) == 0 && kind != pen.BleedThrough && kind != pen.Stain
	switch {
	case scan.glass:
		options.DPI, options.Quality = 200, 97
	case family == pen.A:
		options.DPI, options.Quality = pick(r, 150.0, 200), 60+r.IntN(30)
		options.Noise, options.Blur = 8*r.Float64(), 0.3*r.Float64()
		options.Skew, options.Darkness, options.Faintness = 4*r.Float64()-2, 0.15*r.Float64(), 0.2*r.Float64()
		options.Fold, options.Holes = r.IntN(4) == 0, r.IntN(4) == 0
		options.Bleed = max(0, 0.3*r.Float64()-0.1)
	default:
		options.DPI, options.Quality = pick(r, 150.0, 180, 240), 40+r.IntN(40)
		options.Colour, options.Noise, options.Skew = r.IntN(2) == 0, 12*r.Float64(), 6*r.Float64()-3
		switch r.IntN(4) {
		case 0: // a photograph
			options.Perspective, options.Shadow, options.Margin = 0.05*r.Float64(), 0.5*r.Float64(), 20*r.Float64()
			options.Darkness, options.Blur = 0.2*r.Float64(), 0.4*r.Float64()
		case 1:
			options.Fax = fixtures.FaxFine
		case 2:
			options.Turn = 90 * r.IntN(4)
		}
		options.Bleed = max(0, 0.4*r.Float64()-0.2)
	}
	dotted, bare := r.IntN(4) == 0, r.IntN(5) == 0
	var drawn claim.Rect // of the mark on the printed page, in points
	options.Pen = func(img draw.Image, place fixtures.Place, dpi float64) {
		scale := dpi / 72
		height := float64(img.Bounds().Dy()) / scale
		x0, y0, x1, y1 := place.Rect[0], height-place.Rect[3], place.Rect[2], height-place.Rect[1]
		if bare { // no box
			box := image.Rect(int((x0-6)*scale), int((y0-6)*scale), int((x1+6)*scale), int((y1+6)*scale))
			draw.Draw(img, box, image.White, image.Point{}, draw.Src)
		}
		if dotted {
			for x := x0 + 4; x < x1-4; x += 3 {
				dot := image.Rect(int(x*scale), int((y1-12)*scale), int((x+0.9)*scale), int((y1-12)*scale)+max(1, int(0.8*scale)))
				draw.Draw(img, dot, image.NewUniform(color.Black), image.Point{}, draw.Src)
			}
		}
		x := x0 + 4 + r.Float64()*max(0, x1-x0-mark.Width-8)
		y := (y0+y1-mark.Height)/2 + 6*r.Float64() - 3
		mark.Draw(img.(draw.RGBA64Image), scale, x, y)
		drawn = claim.Rect{x, y, x + mark.Width, y + mark.Height}
	}
	pdf, truth, err := fixtures.Scan(order, options)
	if err != nil {
		return scan, err
	}
	scan.pdf = pdf
	seen := truth.Pages[truth.Place.Page]
	scan.page = claim.Page{Width: seen.Width, Height: seen.Height, Source: claim.TextFromOCR, Confidence: 88, HasImage: true}
	if scan.picture, err = scannedPicture(pdf, truth.Place.Page, seen.Width, seen.Height); err != nil {
		return scan, err
	}
	words := seen.Words
	// The mark's own words, as far as something reads them: where the place
	// of the signature is shown tells where the mark is.
	sign, place := seen.Sign, claim.Rect{truth.Place.Rect[0], 0, truth.Place.Rect[2], 0}
	if options.Turn == 0 && (!scan.glass || kind == pen.PrintedName) {
		dx, dy := sign[0]-place[0], (sign[1]+sign[3])/2-(drawn[1]+drawn[3])/2
		box := claim.Rect{drawn[0] + dx, drawn[1] + dy, drawn[2] + dx, drawn[3] + dy}
		words = append(slices.Clone(words), readMark(r, &mark, box)...)
	}
	scan.page.Words = readWords(r, words, options.Turn, scan.glass, seen)
	return scan, nil
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// readMark gives what OCR makes of a mark: the name that is printed, now and
// then; a scribble as a word that is none.
func readMark(r *rand.Rand, mark *pen.Mark, box claim.Rect) []fixtures.ScanWord {
	switch mark.Kind {
	case pen.PrintedName:
		if r.IntN(4) > 0 {
			return []fixtures.ScanWord{{Text: mark.Lines[0], Rect: box}}
		}
	case pen.Signature, pen.Initials, pen.StampAndSignature:
		if r.IntN(3) == 0 {
			return []fixtures.ScanWord{{Text: pick(r, "~Vs", "Chu", "JAN", "Le", "|"), Rect: box}}
		}
	default: // OCR reads nothing there
	}
	return nil
}

// readWords makes a page's words of those that stand on it: in reading order,
// a little beside their places, some misread, some missed.
func readWords(r *rand.Rand, seen []fixtures.ScanWord, turn int, exact bool, page fixtures.ScanPage) []claim.Word {
	u := upright{turn: turn / 90, width: page.Width, height: page.Height}
	if u.turn%2 == 1 {
		u.width, u.height = u.height, u.width
	}
	type placed struct {
		claim.Word
		up claim.Rect
	}
	var words []placed
	for _, w := range seen {
		word := claim.Word{Text: w.Text, Rect: w.Rect}
		if !exact {
			if r.IntN(25) == 0 && claim.Fold(w.Text) != "signature" {
				continue
			}
			for i := range word.Rect {
				word.Rect[i] += 1.2*r.Float64() - 0.6
			}
			word.Confidence = 62 + r.IntN(35)
			if r.IntN(15) == 0 || len(w.Text) < 5 && w.Rect[3]-w.Rect[1] > 14 {
				word.Confidence = 15 + r.IntN(55)
			}
		}
		words = append(words, placed{word, u.fromPage(word.Rect)})
	}
	slices.SortStableFunc(words, func(a, b placed) int { return cmp.Compare(a.up[1]+a.up[3], b.up[1]+b.up[3]) })
	var all []claim.Word
	for len(words) > 0 {
		line := []placed{words[0]}
		rest := words[:0:0]
		for _, w := range words[1:] {
			if middle := (w.up[1] + w.up[3]) / 2; middle < line[0].up[3] && middle > line[0].up[1] {
				line = append(line, w)
			} else {
				rest = append(rest, w)
			}
		}
		slices.SortStableFunc(line, func(a, b placed) int { return cmp.Compare(a.up[0], b.up[0]) })
		for i, w := range line {
			switch {
			case i == 0:
				w.Gap = claim.GapLine
			case w.up[0]-line[i-1].up[2] > 1.2*(w.up[3]-w.up[1]):
				w.Gap = claim.GapWide
			default:
				w.Gap = claim.GapBlank
			}
			all = append(all, w.Word)
		}
		words = rest
	}
	return all
}

// scannedPicture takes a page's JPEG out of a scan and lays it over the page.
func scannedPicture(pdf []byte, number int, width, height float64) (*raster, error) {
	var data []byte
	for range number + 1 {
		start := bytes.Index(pdf, []byte{0xFF, 0xD8, 0xFF})
		if start < 0 {
			return nil, fmt.Errorf("no JPEG for page %d", number+1)
		}
		end := bytes.Index(pdf[start:], []byte("endstream"))
		data, pdf = pdf[start:start+end], pdf[start+end:]
	}
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	b := img.Bounds()
	scale := float64(b.Dx()) / width
	p := &raster{width: b.Dx(), height: int(math.Round(height * scale)), scale: scale}
	p.pixels = make([]byte, p.width*p.height)
	for y := range p.height {
		from := b.Min.Y + y*b.Dy()/p.height
		for x := range p.width {
			p.pixels[y*p.width+x] = shadeOf(img, b.Min.X+x, from)
		}
	}
	return p, nil
}

func shadeOf(img image.Image, x, y int) byte {
	switch img := img.(type) {
	case *image.Gray:
		return img.Pix[img.PixOffset(x, y)]
	case *image.YCbCr:
		return img.Y[img.YOffset(x, y)]
	}
	return color.GrayModel.Convert(img.At(x, y)).(color.Gray).Y
}
