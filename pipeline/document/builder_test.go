package document

import (
	"bytes"
	"fmt"
	"strings"
)

// sheet is a one-page PDF written by hand: uncompressed, Helvetica as F1.
type sheet struct {
	content   string
	page      string   // more entries of the page dictionary
	resources string   // more entries of its resources
	catalog   string   // more entries of the catalogue
	objects   []string // more objects, numbered from 10
	mediaBox  string   // default: 0 0 595 842
}

func (s sheet) bytes() []byte {
	box := s.mediaBox
	if box == "" {
		box = "0 0 595 842"
	}
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R " + s.catalog + ">>",
		"<</Type/Pages/Kids[3 0 R]/Count 1>>",
		fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>%s>>%s>>", box, s.resources, s.page),
		streamObject("", s.content),
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
		"null", "null", "null", "null",
	}
	return assemble(append(objects, s.objects...))
}

// streamObject writes a stream with more entries in its dictionary.
func streamObject(entries, content string) string {
	return fmt.Sprintf("<<%s/Length %d>>\nstream\n%s\nendstream", entries, len(content), content)
}

// assemble numbers the objects from 1 on and writes the file around them.
func assemble(objects []string) []byte {
	var b bytes.Buffer
	b.WriteString("%PDF-1.7\n")
	offsets := make([]int, len(objects))
	for i, object := range objects {
		offsets[i] = b.Len()
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&b, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, start)
	return b.Bytes()
}

// show writes text at a place, 12 points high.
func show(x, y float64, text string) string {
	text = strings.NewReplacer(`\`, `\\`, `(`, `\(`, `)`, `\)`).Replace(text)
	return fmt.Sprintf("BT /F1 12 Tf %g %g Td (%s) Tj ET\n", x, y, text)
}
