package document

// dropActualText takes from texts what the document says they stand for
// (ActualText, 14.9.4): pdfium would tell that in place of the letters that
// are drawn.
func (s *sandbox) dropActualText(texts []handle) {
	for _, h := range texts {
		for i := signed(s.do("FPDFPageObj_CountMarks", uint64(h))) - 1; i >= 0; i-- {
			mark := s.do("FPDFPageObj_GetMark", uint64(h), uint64(i)) //nolint:gosec // not negative
			if mark != 0 && s.hasActualText(mark) {
				s.do("FPDFPageObj_RemoveMark", uint64(h), mark)
			}
		}
	}
}

// hasActualText tells whether a mark on a text says what it stands for.
func (s *sandbox) hasActualText(mark uint64) bool {
	const want = "ActualText\x00"
	name := s.at(1)
	for i := range signed(s.do("FPDFPageObjMark_CountParams", mark)) {
		if s.do("FPDFPageObjMark_GetParamKey", mark, uint64(i), name, 2*uint64(len(want)), s.at(0)) == 0 { //nolint:gosec // not negative
			continue
		}
		raw := s.bytes(name, 2*len(want)) // UTF-16
		same := true
		for n := range len(want) {
			same = same && raw[2*n] == want[n] && raw[2*n+1] == 0
		}
		if same {
			return true
		}
	}
	return false
}
