package intake

import (
	"bufio"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"guichet/pipeline/claim"
	"guichet/pipeline/objectstore"
)

// ZIPLimits bound what a ZIP may hold (spec 2, "The store").
type ZIPLimits struct {
	Packed   int64 // bytes of the ZIP itself
	Unpacked int64 // bytes of all its files together
	Entries  int   // folders and skipped files included
}

// DefaultZIPLimits are those that suppliers are told of.
var DefaultZIPLimits = ZIPLimits{Packed: 4 << 30, Unpacked: 8 << 30, Entries: 50_000}

// archive is what a ZIP holds, as far as it is part of the batch.
type archive struct {
	files []file
	ready bool // holds _READY
}

// file is a file of a ZIP.
type file struct {
	record
	name string // below the batch, in NFC
}

// readArchive reads the structure of a ZIP and the names in it. Keys of the
// batch start with prefix. A ZIP that is no good gives a *fault.
func readArchive(r io.ReaderAt, size int64, limits ZIPLimits, prefix string) (*archive, error) {
	records, err := readRecords(r, size, limits.Entries)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, e := range records {
		name := decodeName(e.name)
		if err := e.refuse(name, prefix); err != nil {
			return nil, err
		}
		if !skipped(name) {
			files = append(files, file{e, name})
		}
	}
	stripTop(files)
	a := &archive{}
	seen := map[string]bool{}
	left := limits.Unpacked
	for _, f := range files {
		if f.name == "" {
			continue // the common top folder itself
		}
		if f.name == readyMarker {
			a.ready = true
			continue
		}
		if strings.Contains(f.name, "/") {
			return nil, faultf("il contient un dossier, dans %s ; tout se place à la racine de l'archive", claim.Quote(f.name))
		}
		f.name = canonical(f.name)
		switch key := folded(f.name); {
		case f.name == "":
			return nil, faultf("un de ses fichiers n'a pas de nom")
		case seen[key]:
			return nil, faultf("deux de ses fichiers portent le même nom, aux majuscules près : %s", claim.Quote(f.name))
		default:
			seen[key] = true
		}
		if nestedByName(f.name) {
			return nil, faultf("il contient une autre archive, %s", claim.Quote(f.name))
		}
		if f.size > uint64(left) { //nolint:gosec // left is never negative
			return nil, faultf("il dépasse %s une fois décompressé", sized(limits.Unpacked))
		}
		left -= int64(f.size) //nolint:gosec // at most left
		a.files = append(a.files, f)
	}
	return a, nil
}

// decodeName gives a name as its maker meant it: UTF-8, else CP437.
func decodeName(raw string) string {
	if utf8.ValidString(raw) {
		return raw
	}
	var name strings.Builder
	for i := range len(raw) {
		name.WriteRune(charmap.CodePage437.DecodeByte(raw[i]))
	}
	return name.String()
}

var drive = regexp.MustCompile(`^[A-Za-z]:`)

// File types that Unix notes in the upper half of a record's attributes, and
// the bit by which MS-DOS marks a folder.
const (
	typeNone    = 0
	typeFolder  = 4
	typeRegular = 8
	dosFolder   = 1 << 4
)

// refuse tells what no ZIP may hold, be it skipped or not.
func (e *record) refuse(name, prefix string) error {
	inner, isFolder := strings.CutSuffix(name, "/")
	switch {
	case e.flags&(flagEncrypted|flagStrong|flagMasked) != 0 || e.method == 99:
		return faultf("il est chiffré ou protégé par un mot de passe")
	case len(prefix)+len(name) > maxKeyBytes:
		return errLongName
	case strings.HasPrefix(name, "/"), drive.MatchString(name), slices.Contains(strings.Split(inner, "/"), ".."):
		return faultf("un de ses fichiers porte un chemin qui mène hors de l'archive, %s", claim.Quote(name))
	case objectstore.CheckKey(prefix+inner) != nil:
		return faultf("un de ses fichiers porte un nom inadmissible, %s", claim.Quote(name))
	}
	switch kind := e.attributes >> 28; {
	case kind == typeNone, kind == typeRegular && !isFolder, kind == typeFolder && isFolder:
	default:
		return faultf("il contient un lien ou un fichier spécial, %s", claim.Quote(name))
	}
	switch {
	case isFolder && e.size != 0, !isFolder && e.attributes&dosFolder != 0, e.flags&flagPatch != 0:
		return errStructure
	case e.method != methodStored && e.method != methodDeflate:
		return faultf("%s y est compressé par une méthode qui n'est pas admise (seule « deflate » l'est)", claim.Quote(name))
	case e.method == methodStored && e.size != e.packed, e.size/maxExpansion > e.packed:
		return lies(name)
	}
	return nil
}

// maxExpansion is what deflate makes of a byte at most: a symbol of two bits
// stands for 258 bytes.
const maxExpansion = 1032

func lies(name string) *fault {
	return faultf("%s n'y a pas la taille annoncée", claim.Quote(name))
}

// skipped tells the files that systems add on their own.
func skipped(name string) bool {
	parts := strings.Split(strings.TrimSuffix(name, "/"), "/")
	last := parts[len(parts)-1]
	return slices.Contains(parts, "__MACOSX") || last == ".DS_Store" || last == "Thumbs.db"
}

// stripTop takes away the one folder that all files may be in.
func stripTop(files []file) {
	top := ""
	for _, f := range files {
		first, _, inFolder := strings.Cut(f.name, "/")
		switch {
		case f.name == readyMarker:
		case !inFolder, top != "" && first != top:
			return
		default:
			top = first
		}
	}
	for i := range files {
		files[i].name = strings.TrimPrefix(files[i].name, top+"/")
	}
}

var archiveNames = regexp.MustCompile(`(?i)\.(zip|zipx|7z|rar|tar|tgz|gz|bz2|tbz2?|xz|txz|zst|lz|lzma|lzh|arj|cab|ace|jar)$`)

// nestedByName tells an archive in the archive by its name.
func nestedByName(name string) bool { return archiveNames.MatchString(name) }

// archiveHeads are the first bytes of archives.
var archiveHeads = []string{localHeader, directoryEnd, "7z\xbc\xaf\x27\x1c", "Rar!\x1a\x07", "\x1f\x8b\x08", "BZh", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd", "MSCF"}

var knownNames = regexp.MustCompile(`(?i)\.(pdf|csv|xlsx?|xlsm|xlsb|ods|docx?|odt|pptx?|odp)$`)

// nestedByContent tells an archive in the archive by its first bytes. What
// bears the name of a document or workbook is judged as such: these are ZIPs
// themselves.
func nestedByContent(name string, head []byte) bool {
	return !knownNames.MatchString(name) && slices.ContainsFunc(archiveHeads, func(magic string) bool {
		return strings.HasPrefix(string(head), magic)
	})
}

// digests reads every file to its end and gives them as objects of the batch,
// received with the ZIP. A ZIP that is no good gives a *fault.
func (a *archive) digests(ctx context.Context, r io.ReaderAt, zip claim.Object, buffer []byte) ([]claim.Object, error) {
	objects := make([]claim.Object, len(a.files))
	for i, f := range a.files {
		sum, head, err := f.digest(ctx, r, buffer)
		if err != nil {
			return nil, err
		}
		if nestedByContent(f.name, head) {
			return nil, faultf("il contient une autre archive, %s", claim.Quote(f.name))
		}
		objects[i] = claim.Object{
			Name: f.name, Key: entryKey(zip.Key, f.name), Size: int64(f.size), SHA256: sum, ReceivedAt: zip.ReceivedAt, //nolint:gosec // within the limit
		}
	}
	return objects, nil
}

// entryKey tells a file of a ZIP from all other objects.
func entryKey(zip, name string) string { return zip + "#" + name }

// digest gives a file's SHA-256 and its first bytes.
func (f *file) digest(ctx context.Context, r io.ReaderAt, buffer []byte) (sum string, head []byte, err error) {
	h := sha256.New()
	in := f.open(r)
	for {
		if err := ctx.Err(); err != nil {
			return "", nil, err
		}
		n, err := in.Read(buffer)
		if missing := 8 - len(head); missing > 0 {
			head = append(head, buffer[:min(n, missing)]...)
		}
		_, _ = h.Write(buffer[:n]) // hash.Hash never fails
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(h.Sum(nil)), head, nil
		case err != nil:
			return "", nil, err
		}
	}
}

// open reads a file of a ZIP. Its end comes only when the bytes are as many as
// announced, with the checksum announced, and nothing stands behind them.
func (f *file) open(r io.ReaderAt) io.Reader {
	section := bufio.NewReader(io.NewSectionReader(r, int64(f.start), int64(f.packed))) //nolint:gosec // both lie within the file
	in := &fileReader{f: f, packed: section, data: section, sum: crc32.NewIEEE()}
	if f.method == methodDeflate {
		in.data = flate.NewReader(section)
	}
	return in
}

type fileReader struct {
	f      *file
	packed *bufio.Reader // of which deflate takes no byte too many
	data   io.Reader
	sum    hash.Hash32
	read   uint64
}

// Read implements [io.Reader].
func (r *fileReader) Read(p []byte) (int, error) {
	n, err := r.data.Read(p)
	if r.read += uint64(n); r.read > r.f.size { //nolint:gosec // never negative
		return 0, lies(r.f.name)
	}
	_, _ = r.sum.Write(p[:n]) // hash.Hash never fails
	var corrupt flate.CorruptInputError
	switch {
	case err == nil:
		return n, nil
	case errors.As(err, &corrupt), errors.Is(err, io.ErrUnexpectedEOF):
		return n, faultf("%s y est abîmé ou incomplet", claim.Quote(r.f.name))
	case !errors.Is(err, io.EOF):
		return n, err
	case r.read != r.f.size:
		return n, lies(r.f.name)
	case r.sum.Sum32() != r.f.crc:
		return n, faultf("%s y est abîmé : sa somme de contrôle n'est pas la bonne", claim.Quote(r.f.name))
	}
	if _, err := r.packed.ReadByte(); !errors.Is(err, io.EOF) {
		return n, errForeign
	}
	return n, io.EOF
}
