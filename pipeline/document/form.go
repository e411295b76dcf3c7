package document

import (
	"strings"

	"guichet/pipeline/claim"
)

// markAnnotations tells, of the glyphs of a flattened page, those of form
// fields from those of other annotations. drawn are the text objects that
// flattening added. What a free text or a stamp says is no page content: it is
// kept as unseen, so that it is a person who judges it.
func markAnnotations(glyphs []glyph, drawn map[handle]bool, list []annotation) {
	for i := range glyphs {
		one := &glyphs[i]
		if !drawn[one.object.handle] {
			continue
		}
		doubtful := false // another annotation may have drawn it
		for n, a := range list {
			switch {
			case !a.shown || !within(one.box, a.rect):
			case a.isWidget():
				one.field = n + 1
			case a.kind != annotationLink && a.kind != annotationPopup:
				doubtful = true
			}
		}
		if one.field == 0 || doubtful {
			one.hidden = true
		}
	}
}

// within tells whether a box's centre lies in a rectangle.
func within(box, rect claim.Rect) bool {
	x, y := (box[0]+box[2])/2, (box[1]+box[3])/2
	return x >= rect[0] && x <= rect[2] && y >= rect[1] && y <= rect[3]
}

// addValues brings the values of form fields among a page's glyphs. What the
// reader sees is the appearance; the value behind it
//
//   - takes its place when it says the same in one line, because it tells the
//     blanks where the appearance may set each digit in a cell of its own;
//   - else is kept as unseen: also where there is no appearance and the
//     document does not have its reader make one (which pdfium does), since
//     some readers then show nothing.
func addValues(pieces []*piece, glyphs []glyph, list []annotation) []*piece {
	fields := map[int][]*glyph{}
	for i := range glyphs {
		if n := glyphs[i].field; n > 0 {
			fields[n] = append(fields[n], &glyphs[i])
		}
	}
	for n, a := range list {
		if !a.isWidget() || strings.TrimSpace(a.value) == "" {
			continue
		}
		seen := fields[n+1]
		switch {
		case len(seen) > 0 && sameText(seen, a.value):
			if oneLine(seen) && !strings.ContainsAny(strings.TrimSpace(a.value), "\r\n") {
				pieces = replaceField(pieces, n+1)
				pieces = append(pieces, valuePieces(a, seen[0].object, false)...)
			}
		default:
			pieces = append(pieces, valuePieces(a, nil, true)...)
		}
	}
	return pieces
}

// sameText tells whether a field's visible glyphs say its value, blanks aside.
func sameText(seen []*glyph, value string) bool {
	var text strings.Builder
	for _, one := range seen {
		if one.hidden {
			return false
		}
		text.WriteString(one.text)
	}
	return bare(text.String()) == bare(value)
}

// bare is a text without its blanks, folded.
func bare(text string) string { return strings.ReplaceAll(claim.Fold(text), " ", "") }

func oneLine(seen []*glyph) bool {
	first := seen[0].object
	for _, one := range seen {
		if one.object.turn != first.turn || abs(one.object.base-first.base) > lineShift*first.em {
			return false
		}
	}
	return true
}

// replaceField drops the pieces of a field.
func replaceField(pieces []*piece, field int) []*piece {
	kept := pieces[:0]
	for _, p := range pieces {
		if p.field != field {
			kept = append(kept, p)
		}
	}
	return kept
}

// valuePieces sets a value's words evenly into its field; like is a text
// object of the appearance, whose line they join.
func valuePieces(a annotation, like *textObject, hidden bool) []*piece {
	lines := strings.FieldsFunc(a.value, func(r rune) bool { return r == '\r' || r == '\n' })
	height := (a.rect[3] - a.rect[1]) / float64(max(len(lines), 1))
	var pieces []*piece
	for n, text := range lines {
		words := strings.FieldsFunc(text, blankRune)
		letters := 0
		for _, word := range words {
			letters += len([]rune(word)) + 1
		}
		if letters == 0 {
			continue
		}
		width := min((a.rect[2]-a.rect[0])/float64(letters), 0.6*height)
		top := a.rect[1] + float64(n)*height
		x := a.rect[0]
		for i, word := range words {
			long := float64(len([]rune(word))) * width
			p := &piece{
				word: claim.Word{
					Text: word, Form: true, Hidden: hidden,
					Rect: claim.Rect{x, top, x + long, top + height},
				},
				em: 0.8 * height, upright: true, base: top + 0.75*height,
				start: x, end: x + long, blank: i > 0, blankWidth: width,
				order: i,
			}
			if like != nil && like.turn == 0 {
				p.em, p.base = like.em, like.base
			}
			pieces = append(pieces, p)
			x += long + width
		}
	}
	return pieces
}
