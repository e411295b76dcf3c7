package intake

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"guichet/pipeline/claim"
)

const (
	inbox       = "inbox/"
	readyMarker = "_READY"
	zipSuffix   = ".zip"
)

// Ref names a batch.
type Ref struct {
	Supplier claim.SIRET
	Name     string
}

// String gives SIRET/NAME.
func (r Ref) String() string { return string(r.Supplier) + "/" + r.Name }

// prefix is what the keys of the objects in its folder start with.
func (r Ref) prefix() string { return inbox + r.String() + "/" }

// holds tells whether an object lies in its folder; a ZIP lies beside it.
func (r Ref) holds(key string) bool { return strings.HasPrefix(key, r.prefix()) }

var batchName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// reservedNames are folders of the outbox that are no batches: reminders and
// recoveries.
var reservedNames = map[string]bool{"rappels": true, "indus": true}

// ParseRef reads SIRET/NAME.
func ParseRef(s string) (Ref, error) {
	supplier, name, _ := strings.Cut(s, "/")
	ref := Ref{claim.SIRET(supplier), name}
	if why := ref.problem(); why != "" {
		return Ref{}, fmt.Errorf("%q does not name a batch (SIRET/NAME): %s", s, why)
	}
	return ref, nil
}

// problem says what makes the names of a folder no batch's; nothing when they are.
func (r Ref) problem() string {
	switch {
	case !r.Supplier.KeyOK():
		return "the first part is not a SIRET (14 digits with a valid key)"
	case !batchName.MatchString(r.Name):
		return "a batch's name has 1 to 64 letters, digits, points, hyphens or underscores and starts with a letter or digit"
	case strings.HasSuffix(r.Name, zipSuffix):
		return "a batch's name does not end in .zip"
	case reservedNames[r.Name]:
		return "the name is reserved"
	}
	return ""
}

// Batch is a delivery that is ready.
type Batch struct {
	Ref
	// Inputs are the store's objects that it is made of, _READY aside: those
	// of its folder, or the ZIP alone.
	Inputs []claim.Object
	// Objects are all its objects, _READY aside, by name: those of its folder,
	// or the files of the ZIP, whose keys are the ZIP's, # and the name.
	Objects []claim.Object
	// Templates are those that count as a template file, readable or not.
	Templates []claim.Object
	// Documents are the PDFs, by their names.
	Documents []claim.Object
	// Strangers are neither (FIC-08 not_pdf, when no row names them).
	Strangers []claim.Object
	// Problems refuse the batch: no claim of it is evaluated.
	Problems []claim.FileProblem
	// Digest is that of the content, in hexadecimal: the same for a folder and
	// for a ZIP of it; that of the ZIP's own bytes where it is no good.
	Digest string
	// ReceivedAt is the latest reception among Inputs; zero without any.
	ReceivedAt time.Time

	content *content
}

// digest is the SHA-256 of the lines "<sha256>  <name>" of the objects, by
// name.
func digest(objects []claim.Object) string {
	h := sha256.New()
	for _, o := range objects {
		fmt.Fprintf(h, "%s  %s\n", o.SHA256, o.Name)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// unreadableFormats count as a template, so that their senders are told the
// cure instead of that there is no template.
var unreadableFormats = map[string]string{
	".xls":  "c'est un classeur Excel d'ancien format (.xls)",
	".xlsm": "c'est un classeur Excel avec macros (.xlsm)",
	".xlsb": "c'est un classeur Excel binaire (.xlsb)",
	".ods":  "c'est un classeur OpenDocument (.ods)",
}

// sort tells the batch's objects apart and notes what refuses it. Objects are
// in order of their names.
func (b *Batch) sort() {
	var names []string
	deep, first := 0, ""
	for i, o := range b.Objects {
		if i > 0 && b.Objects[i-1].Name == o.Name {
			b.Problems = append(b.Problems, claim.FileProblem{
				Code: "FIC-01", File: o.Name, Detail: "deux objets du lot portent ce nom, écrit de deux façons",
			})
		}
		if strings.Contains(o.Name, "/") {
			if deep++; deep == 1 {
				first = o.Name
			}
			continue
		}
		switch ext := strings.ToLower(path.Ext(o.Name)); ext {
		case ".pdf":
			b.Documents = append(b.Documents, o)
		case ".xlsx", ".csv":
			b.Templates = append(b.Templates, o)
			names = append(names, o.Name)
		default:
			what, ok := unreadableFormats[ext]
			if !ok {
				b.Strangers = append(b.Strangers, o)
				continue
			}
			b.Templates = append(b.Templates, o)
			names = append(names, o.Name)
			b.Problems = append(b.Problems, claim.FileProblem{Code: "FIC-01", File: o.Name, Detail: what})
		}
	}
	if deep > 0 {
		b.Problems = append(b.Problems, claim.FileProblem{Code: "FIC-01", File: first, Detail: deepDetail(deep)})
	}
	switch len(names) {
	case 0:
		b.Problems = append(b.Problems, claim.FileProblem{Code: "FIC-06"})
	case 1:
	default:
		b.Problems = append(b.Problems, claim.FileProblem{Code: "FIC-06", Reason: "several", Detail: listed(names)})
	}
}

func deepDetail(objects int) string {
	const cure = "tous les fichiers d'un lot se déposent à sa racine"
	if objects == 1 {
		return "il est dans un sous-dossier ; " + cure
	}
	return fmt.Sprintf("il est dans un sous-dossier, comme %d objets du lot en tout ; %s", objects, cure)
}

// maxListed is how many names a message holds: a supplier may send thousands.
const maxListed = 5

func listed(names []string) string {
	if more := len(names) - maxListed; more > 0 {
		return fmt.Sprintf("%s et %d autres", strings.Join(names[:maxListed], ", "), more)
	}
	return strings.Join(names, ", ")
}
