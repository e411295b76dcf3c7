package document

import (
	"bytes"
	"slices"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/types"
)

// Active content (claim.Facts.Active), which is told and never executed.
const (
	activeJavaScript   = "javascript"
	activeLaunch       = "launch"
	activeEmbeddedFile = "embedded_file"
)

// structure is what the object model tells of a document.
type structure struct {
	context *model.Context // nil when pdfcpu could not read the file
	active  []string
	// patterned pages paint with a tiling pattern, in which an image may stand
	// that pdfium does not list among the page's objects; counted from 0.
	patterned map[int]bool
}

// decodeBytes bounds what the object model may inflate: 64 MiB.
const decodeBytes = 64 << 20

// readStructure reads the object model. That it cannot be read is no verdict
// on the document: pdfcpu refuses files that every reader opens.
func readStructure(data []byte, pages int) (found *structure) {
	found = &structure{}
	defer func() {
		if recover() != nil {
			found.context = nil
		}
	}()
	configuration := model.NewDefaultConfiguration()
	configuration.Offline = true
	configuration.Limits.MaxDecodeBytes = decodeBytes
	configuration.Limits.MaxStreamBytes = int64(len(data))
	configuration.Limits.MaxObjectCount = maxEntries
	configuration.Limits.MaxXRefEntries = maxEntries
	context, err := api.ReadContext(bytes.NewReader(data), configuration)
	if err != nil {
		return found
	}
	found.context = context
	seen := map[string]bool{}
	for _, entry := range context.Table {
		if entry != nil && !entry.Free {
			findActive(entry.Object, seen, 0)
		}
	}
	for _, kind := range []string{activeJavaScript, activeLaunch, activeEmbeddedFile} {
		if seen[kind] {
			found.active = append(found.active, kind)
		}
	}
	found.patterned = map[int]bool{}
	if context.EnsurePageCount() != nil {
		return found
	}
	for i := range min(context.PageCount, pages) {
		page, _, inherited, err := context.PageDict(i+1, false)
		if err != nil || page == nil {
			continue
		}
		resources := page["Resources"]
		if resources == nil && inherited != nil {
			resources = inherited.Resources
		}
		found.patterned[i] = patterns(context, resources, map[int]bool{}, 0)
	}
	return found
}

// patterns tells whether resources, or those of forms among them, hold a
// tiling pattern.
func patterns(context *model.Context, resources types.Object, seen map[int]bool, depth int) bool {
	dict, err := context.DereferenceDict(resources)
	if err != nil || depth > maxNesting {
		return false
	}
	found := func(list string, matches func(types.Dict) bool) bool {
		entries, err := context.DereferenceDict(dict[list])
		if err != nil {
			return false
		}
		for _, entry := range entries {
			if reference, ok := entry.(types.IndirectRef); ok {
				number := reference.ObjectNumber.Value()
				if seen[number] {
					continue
				}
				seen[number] = true
			}
			if stream, _, err := context.DereferenceStreamDict(entry); err == nil && stream != nil && matches(stream.Dict) {
				return true
			}
		}
		return false
	}
	return found("Pattern", func(d types.Dict) bool { return d.IntEntry("PatternType") != nil && *d.IntEntry("PatternType") == 1 }) ||
		found("XObject", func(d types.Dict) bool {
			return nameOf(d["Subtype"]) == "Form" && patterns(context, d["Resources"], seen, depth+1)
		})
}

// maxNesting bounds objects within objects.
const maxNesting = 64

// findActive looks for actions and embedded files in an object and all that it
// holds itself; what it refers to is an object of its own.
func findActive(object types.Object, seen map[string]bool, depth int) {
	if depth > maxNesting {
		return
	}
	var dict types.Dict
	switch o := object.(type) {
	case types.Array:
		for _, item := range o {
			findActive(item, seen, depth+1)
		}
		return
	case types.Dict:
		dict = o
	case types.StreamDict:
		dict = o.Dict
	case *types.StreamDict:
		dict = o.Dict
	default:
		return
	}
	if _, ok := dict["JS"]; ok {
		seen[activeJavaScript] = true
	}
	if _, ok := dict["EF"]; ok {
		seen[activeEmbeddedFile] = true
	}
	switch nameOf(dict["S"]) {
	case "JavaScript":
		seen[activeJavaScript] = true
	case "Launch":
		seen[activeLaunch] = true
	}
	if nameOf(dict["Type"]) == "EmbeddedFile" || nameOf(dict["Subtype"]) == "FileAttachment" {
		seen[activeEmbeddedFile] = true
	}
	for _, value := range dict {
		findActive(value, seen, depth+1)
	}
}

func nameOf(object types.Object) string {
	name, _ := object.(types.Name)
	return string(name)
}

// including adds a kind of active content to those found, in their order.
func including(active []string, kind string) []string {
	if slices.Contains(active, kind) {
		return active
	}
	active = append(active, kind)
	order := []string{activeJavaScript, activeLaunch, activeEmbeddedFile}
	slices.SortFunc(active, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) })
	return active
}
