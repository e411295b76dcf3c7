package document

import (
	"unicode/utf16"

	"guichet/pipeline/claim"
)

// Kinds of annotations and of form fields, and flags, as pdfium numbers them.
const (
	annotationLink   = 2
	annotationPopup  = 16
	annotationWidget = 20

	fieldCombo     = 4
	fieldList      = 5
	fieldText      = 6
	fieldSignature = 7

	flagHidden = 1 << 1
	flagNoView = 1 << 5
)

// annotation is what a page's annotation is to its reader.
type annotation struct {
	kind  int
	field int // of a widget
	value string
	rect  claim.Rect
	shown bool
}

// isWidget tells whether the annotation shows a form field.
func (a annotation) isWidget() bool { return a.kind == annotationWidget }

// marks tells whether a hand-made signature could be this annotation.
func (a annotation) marks() bool {
	if !a.shown || a.kind == annotationLink || a.kind == annotationPopup {
		return false
	}
	return !a.isWidget() || a.field != fieldSignature
}

// documentForm opens the document's form, once, for the types and values of
// its fields.
type documentForm struct {
	sandbox  *sandbox
	document handle
	info     handle
	handle   handle
}

func (f *documentForm) open() handle {
	if f.handle == 0 && f.info == 0 {
		f.info = handle(f.sandbox.do("FPDF_FORMFILLINFO_Create"))
		f.handle = handle(f.sandbox.do("FPDFDOC_InitFormFillEnvironment", uint64(f.document), uint64(f.info)))
	}
	return f.handle
}

func (f *documentForm) close() {
	if f.handle != 0 {
		f.sandbox.tidy("FPDFDOC_ExitFormFillEnvironment", f.handle)
	}
	if f.info != 0 {
		f.sandbox.release(uint64(f.info))
	}
}

// readAnnotations lists a page's annotations, in the order in which they are drawn.
func (s *sandbox) readAnnotations(page handle, g geometry, form *documentForm) []annotation {
	count := signed(s.do("FPDFPage_GetAnnotCount", uint64(page)))
	if count <= 0 {
		return nil
	}
	list := make([]annotation, 0, count)
	for i := range count {
		h := handle(s.do("FPDFPage_GetAnnot", uint64(page), uint64(i))) //nolint:gosec // not negative
		if h == 0 {
			list = append(list, annotation{})
			continue
		}
		a := annotation{kind: signed(s.do("FPDFAnnot_GetSubtype", uint64(h)))}
		a.shown = s.do("FPDFAnnot_GetFlags", uint64(h))&(flagHidden|flagNoView) == 0
		if s.do("FPDFAnnot_GetRect", uint64(h), s.at(0)) != 0 {
			r := s.float32s(4) // left, top, right, bottom
			a.rect = g.rect(r[0], r[3], r[2], r[1])
		}
		if a.isWidget() {
			if f := form.open(); f != 0 {
				a.field = signed(s.do("FPDFAnnot_GetFormFieldType", uint64(f), uint64(h)))
				switch a.field {
				case fieldText, fieldCombo, fieldList:
					a.value = s.fieldValue(f, h)
				}
			}
		}
		list = append(list, a)
		s.do("FPDFPage_CloseAnnot", uint64(h))
	}
	return list
}

// fieldValue reads a field's value.
func (s *sandbox) fieldValue(form, annotation handle) string {
	length := s.do("FPDFAnnot_GetFormFieldValue", uint64(form), uint64(annotation), 0, 0) & 0xFFFFFFFF
	if length <= 2 {
		return ""
	}
	buffer := s.do("malloc", length)
	if buffer == 0 {
		panic(trap{errSandboxMemory})
	}
	defer s.release(buffer)
	s.do("FPDFAnnot_GetFormFieldValue", uint64(form), uint64(annotation), buffer, length)
	raw := s.bytes(buffer, int(length)) //nolint:gosec // 32 bits
	units := make([]uint16, 0, len(raw)/2)
	for i := 0; i+1 < len(raw); i += 2 {
		if unit := uint16(raw[i]) | uint16(raw[i+1])<<8; unit != 0 {
			units = append(units, unit)
		}
	}
	return string(utf16.Decode(units))
}

// flatten draws a page's visible annotations into its content, in a copy of
// the document: their texts are then read, and tried for visibility, like all
// others. It gives the number of page objects that were there before.
func (s *sandbox) flatten(document handle, index int, g geometry, list []annotation) (page handle, own int, ok bool) {
	page = handle(s.do("FPDF_LoadPage", uint64(document), uint64(index))) //nolint:gosec // below the limit of pages
	if page == 0 {
		return 0, 0, false
	}
	// Drawing makes the appearances that the document leaves to its reader.
	bitmap := s.do("FPDFBitmap_CreateEx", 8, 8, bitmapGray, 0, 0)
	s.do("FPDF_RenderPageBitmap", bitmap, uint64(page), 0, 0, 8, 8, 0, renderAnnotations)
	s.do("FPDFBitmap_Destroy", bitmap)
	for i := len(list) - 1; i >= 0; i-- {
		if !list[i].shown || list[i].kind == annotationPopup {
			s.do("FPDFPage_RemoveAnnot", uint64(page), uint64(i)) //nolint:gosec // not negative
		}
	}
	const forDisplay, success = 0, 1
	own = signed(s.do("FPDFPage_CountObjects", uint64(page)))
	if s.do("FPDFPage_Flatten", uint64(page), forDisplay) != success {
		s.do("FPDF_ClosePage", uint64(page))
		return 0, 0, false
	}
	// Flattening knows nothing of boxes that a page inherits, and makes it another size.
	for _, set := range []string{"FPDFPage_SetMediaBox", "FPDFPage_SetCropBox"} {
		s.do(set, uint64(page), cFloat(g.left), cFloat(g.bottom), cFloat(g.right), cFloat(g.top))
	}
	s.do("FPDF_ClosePage", uint64(page))
	page = handle(s.do("FPDF_LoadPage", uint64(document), uint64(index))) //nolint:gosec // below the limit of pages
	return page, own, page != 0
}
