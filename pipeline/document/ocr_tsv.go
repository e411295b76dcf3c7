package document

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// ocrWord is a word as tesseract tells it.
type ocrWord struct {
	text       string
	confidence int    // percent, from 1
	line       [3]int // block, paragraph, line
	box        [4]int // left, top, right, bottom, in pixels; within the picture
}

// tsvHeader is the first line of tesseract's TSV output.
const tsvHeader = "level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext"

// tsvWord is the level of the lines that tell words; the others tell pages,
// blocks, paragraphs and lines.
const tsvWord = 5

// Bounds on a page: no page of a business paper comes near them.
const (
	maxOCRWords  = 20_000
	maxOCRLetter = 200 // letters of a word
)

// tallest is the share of the picture's longer side that no printed letter is high.
const tallest = 0.2

var errTSV = errors.New("this is not tesseract's TSV")

// parseTSV reads tesseract's TSV of one picture. It leaves out words without a
// sign and boxes that no word has.
func parseTSV(data []byte, width, height int) ([]ocrWord, error) {
	header, rest, _ := bytes.Cut(data, []byte("\n"))
	if string(bytes.TrimSuffix(header, []byte("\r"))) != tsvHeader || !utf8.Valid(rest) {
		return nil, errTSV
	}
	var words []ocrWord
	for line := range strings.SplitSeq(string(rest), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if line == "" {
			continue
		}
		word, isWord, err := parseTSVLine(line)
		if err != nil {
			return nil, err
		}
		if !isWord || !word.sane(width, height) {
			continue
		}
		if words = append(words, word); len(words) > maxOCRWords {
			return nil, errTSV
		}
	}
	return words, nil
}

// parseTSVLine reads one line; false when it is not a word's.
func parseTSVLine(line string) (word ocrWord, isWord bool, err error) {
	fields := strings.Split(line, "\t")
	if len(fields) != 12 {
		return word, false, errTSV
	}
	var numbers [10]int
	for i := range numbers {
		n, err := strconv.ParseUint(fields[i], 10, 24)
		if err != nil {
			return word, false, errTSV
		}
		numbers[i] = int(n) //nolint:gosec // 24 bits
	}
	confidence, err := strconv.ParseFloat(fields[10], 64)
	if err != nil || !(confidence >= -1 && confidence <= 100) || numbers[0] < 1 || numbers[0] > tsvWord {
		return word, false, errTSV
	}
	word = ocrWord{
		text:       norm.NFC.String(strings.TrimFunc(fields[11], blankRune)),
		confidence: max(int(math.Round(confidence)), 1),
		line:       [3]int(numbers[2:5]),
		box:        [4]int{numbers[6], numbers[7], numbers[6] + numbers[8], numbers[7] + numbers[9]},
	}
	return word, numbers[0] == tsvWord && confidence >= 0, nil
}

// sane tells whether a word can be one: signs, in a box that holds them. Words
// that run up or down are none: tesseract reads some of them, while the lines
// they make run across.
func (w *ocrWord) sane(width, height int) bool {
	letters := utf8.RuneCountInString(w.text)
	if letters == 0 || letters > maxOCRLetter || strings.ContainsFunc(w.text, unicode.IsControl) {
		return false
	}
	x, y := w.box[2]-w.box[0], w.box[3]-w.box[1]
	if letters >= longEnough && 2*y > 3*x {
		return false
	}
	return x > 0 && y > 0 && w.box[2] <= width && w.box[3] <= height && float64(y) <= tallest*float64(max(width, height))
}
