package document

import (
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

// structure is what the object model tells of a document.
type structure struct {
	context *model.Context // nil when pdfcpu could not read the file
	pages   int            // 0 when unknown
	locked  bool
	active  []string
}

func readStructure([]byte) *structure { return &structure{} }
