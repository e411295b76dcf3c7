package template

import (
	"encoding/xml"
	"errors"
	"io"
	"path"
	"strings"

	"guichet/pipeline/claim"
)

// Namespaces of ECMA-376, transitional and strict.
const (
	mainNS       = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
	mainStrictNS = "http://purl.oclc.org/ooxml/spreadsheetml/main"
	relNS        = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
	relStrictNS  = "http://purl.oclc.org/ooxml/officeDocument/relationships"
	packageRelNS = "http://schemas.openxmlformats.org/package/2006/relationships"
	typesNS      = "http://schemas.openxmlformats.org/package/2006/content-types"
)

// workbook is an open .xlsx.
type workbook struct {
	container *container
	sheets    []sheetEntry
	is1904    bool
	strings   sharedStrings
}

// sheetEntry is a sheet of rows; hidden ones count like others.
type sheetEntry struct {
	name string
	part string
}

// openWorkbook reads everything of a workbook but its sheets. Errors are *Fault.
func openWorkbook(data []byte) (*workbook, error) {
	c, err := openContainer(data)
	if err != nil {
		return nil, at(err, "", "")
	}
	w := &workbook{container: c}
	main, err := w.mainPart()
	if err != nil {
		return nil, at(err, "", "")
	}
	rels, err := w.relationships(main)
	if err != nil {
		return nil, at(err, "", "")
	}
	if err := w.readWorkbook(main, rels); err != nil {
		return nil, at(err, "", "")
	}
	if err := w.readSharedStrings(rels); err != nil {
		return nil, at(err, "", "")
	}
	return w, nil
}

// scan calls see for the root and each element below it, in order, until the
// part ends. see may read on from the scanner, up to its element's end.
func (w *workbook) scan(part string, see func(s *scanner, e xml.StartElement) error) error {
	r, ok, err := w.container.part(part)
	if err != nil {
		return err
	}
	if !ok {
		return faultf("la partie %s manque dans le classeur", claim.Quote(part))
	}
	s := newScanner(r)
	for {
		token, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			if e, ok := token.(xml.StartElement); ok {
				err = see(s, e)
			}
		}
		if err != nil {
			return malformed(part, err)
		}
	}
}

// malformed says of which part the XML is wrong.
func malformed(part string, err error) *Fault {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return because(err, "la partie %s s'interrompt avant sa fin", claim.Quote(part))
	}
	return because(err, "la partie %s est mal formée (XML)", claim.Quote(part))
}

// mainPart finds the workbook's main part and tells other formats apart.
func (w *workbook) mainPart() (string, error) {
	if _, ok := w.container.parts["[content_types].xml"]; !ok {
		return "", w.notOffice()
	}
	rels, err := w.relationships("")
	if err != nil {
		return "", err
	}
	main := ""
	for _, rel := range rels {
		if rel.is("officeDocument") {
			if main != "" {
				return "", faultf("le fichier contient plus d'un document principal")
			}
			main = rel.target
		}
	}
	if main == "" {
		return "", faultf("le fichier n'est pas un classeur .xlsx")
	}
	contentType, err := w.contentType(main)
	if err != nil {
		return "", err
	}
	return main, checkContentType(contentType)
}

func checkContentType(contentType string) error {
	const prefix = "application/vnd.openxmlformats-officedocument."
	t := strings.ToLower(strings.TrimSpace(contentType))
	switch {
	case t == prefix+"spreadsheetml.sheet.main+xml", t == prefix+"spreadsheetml.template.main+xml":
		return nil
	case strings.HasPrefix(t, "application/vnd.ms-excel.sheet.binary"):
		return faultf("le classeur est au format binaire .xlsb")
	case strings.HasPrefix(t, "application/vnd.ms-excel."):
		return faultf("le classeur contient des macros (format .xlsm)")
	case strings.HasPrefix(t, prefix+"wordprocessingml"):
		return faultf("le fichier est un document Word, non un classeur")
	default:
		return faultf("le fichier n'est pas un classeur .xlsx")
	}
}

// notOffice tells what a ZIP without content types is.
func (w *workbook) notOffice() error {
	r, ok, err := w.container.part("mimetype")
	if err != nil {
		return err
	}
	if ok {
		kind, _ := io.ReadAll(io.LimitReader(r, 128)) // whatever it is, it is no .xlsx
		if strings.Contains(string(kind), "opendocument") {
			return faultf("le classeur est au format OpenDocument (.ods)")
		}
	}
	return faultf("le fichier est une archive ZIP, non un classeur .xlsx")
}

// contentType gives the declared type of a part.
func (w *workbook) contentType(part string) (string, error) {
	var byName, byExtension string
	extension := strings.TrimPrefix(path.Ext(part), ".")
	err := w.scan("[Content_Types].xml", func(_ *scanner, e xml.StartElement) error {
		if e.Name.Space != typesNS {
			return nil
		}
		contentType, _ := attr(e, "ContentType")
		switch e.Name.Local {
		case "Override":
			if name, _ := attr(e, "PartName"); foldPart(name) == foldPart(part) {
				byName = contentType
			}
		case "Default":
			if ext, _ := attr(e, "Extension"); strings.EqualFold(ext, extension) {
				byExtension = contentType
			}
		}
		return nil
	})
	if byName == "" {
		byName = byExtension
	}
	return byName, err
}

// relationship leads from one part to another.
type relationship struct {
	typ, target string
	external    bool
}

// is tells whether the relationship is of a type, in either edition of the standard.
func (r relationship) is(name string) bool {
	return r.typ == relNS+"/"+name || r.typ == relStrictNS+"/"+name
}

// relationships reads those of a part by their ids; of the package itself
// when part is empty.
func (w *workbook) relationships(part string) (map[string]relationship, error) {
	folder, base := path.Split(part)
	rels := map[string]relationship{}
	err := w.scan(folder+"_rels/"+base+".rels", func(_ *scanner, e xml.StartElement) error {
		if e.Name.Space != packageRelNS || e.Name.Local != "Relationship" {
			return nil
		}
		id, _ := attr(e, "Id")
		typ, _ := attr(e, "Type")
		target, _ := attr(e, "Target")
		mode, _ := attr(e, "TargetMode")
		if _, twice := rels[id]; twice {
			return errTwice
		}
		target = strings.ReplaceAll(target, `\`, "/")
		if !strings.HasPrefix(target, "/") {
			target = "/" + folder + target
		}
		// Clean does not climb out of the root.
		rels[id] = relationship{typ, strings.TrimPrefix(path.Clean(target), "/"), strings.EqualFold(mode, "External")}
		if len(rels) > 2*maxParts {
			return errParts
		}
		return nil
	})
	return rels, err
}

func isMain(name xml.Name) bool { return name.Space == mainNS || name.Space == mainStrictNS }

// readWorkbook lists the sheets and finds the day from which dates count.
func (w *workbook) readWorkbook(main string, rels map[string]relationship) error {
	seen := map[string]bool{}
	root := true
	err := w.scan(main, func(s *scanner, e xml.StartElement) error {
		if root && (!isMain(e.Name) || e.Name.Local != "workbook") {
			return faultf("le fichier n'est pas un classeur .xlsx")
		}
		root = false
		if !isMain(e.Name) {
			return nil
		}
		switch e.Name.Local {
		case "workbookPr":
			value, _ := attr(e, "date1904")
			w.is1904 = value == "1" || value == "true" || value == "on"
		case "sheet":
			name, _ := attr(e, "name")
			id, _ := s.attrNS(e, "id", relNS, relStrictNS)
			rel, ok := rels[id]
			switch {
			case !ok || rel.external:
				return faultf("la feuille %s n'est pas dans le classeur", claim.Quote(name))
			case !rel.is("worksheet"):
				return nil // a chart has no rows
			case seen[foldPart(rel.target)]:
				return faultf("deux feuilles du classeur désignent la même partie, %s", claim.Quote(rel.target))
			}
			seen[foldPart(rel.target)] = true
			if w.sheets = append(w.sheets, sheetEntry{name, rel.target}); len(w.sheets) > maxSheets {
				return faultf("le classeur a plus de %d feuilles", maxSheets)
			}
		}
		return nil
	})
	if err == nil && len(w.sheets) == 0 {
		return faultf("le classeur n'a aucune feuille")
	}
	return err
}
