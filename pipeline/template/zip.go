package template

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"strings"

	"guichet/pipeline/claim"
)

// container is the ZIP of a workbook.
type container struct {
	parts  map[string]*zip.File // by folded name
	budget int64                // bytes that may still be unpacked
}

var (
	errPacked    = errors.New("ZIP structure")
	errEncrypted = &Fault{Detail: "le classeur est chiffré"}
	errUnpacked  = &Fault{Detail: "le classeur dépasse 1 Gio une fois décompressé"}
	errParts     = &Fault{Detail: "le classeur a plus de 2 000 parties"}
	errTruncated = &Fault{Detail: "le fichier est incomplet : il s'interrompt avant la fin du classeur"}
	errZIP       = &Fault{Detail: "la structure ZIP du classeur est abîmée ou contradictoire", Err: errPacked}
)

// openContainer opens a ZIP whose directory and local headers tell one and
// the same story.
func openContainer(data []byte) (*container, error) {
	if err := checkDirectory(data); err != nil {
		return nil, err
	}
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, because(err, "la structure ZIP du classeur est abîmée")
	}
	c := &container{parts: make(map[string]*zip.File, len(archive.File)), budget: maxUnpacked}
	for _, f := range archive.File {
		name := foldPart(f.Name)
		if _, twice := c.parts[name]; twice {
			return nil, faultf("deux parties du classeur portent le même nom, %s", claim.Quote(f.Name))
		}
		if strings.ContainsRune(name, 0) || slices.Contains(strings.Split(name, "/"), "..") {
			return nil, faultf("une partie du classeur porte un nom inadmissible, %s", claim.Quote(f.Name))
		}
		c.parts[name] = f
	}
	return c, nil
}

// foldPart is how part names are compared (ECMA-376: without regard to case).
// Some producers write backslashes or a leading slash.
func foldPart(name string) string {
	return strings.ToLower(strings.TrimLeft(strings.ReplaceAll(name, `\`, "/"), "/"))
}

// part opens a part for reading; false when there is none.
func (c *container) part(name string) (*partReader, bool, error) {
	f, ok := c.parts[foldPart(name)]
	if !ok {
		return nil, false, nil
	}
	r, err := f.Open()
	if err != nil {
		return nil, true, damaged(f.Name, err)
	}
	return &partReader{c: c, f: f, r: r, sum: crc32.NewIEEE()}, true, nil
}

// partReader reads a part within the container's budget and fails unless its
// end and its checksum are good.
type partReader struct {
	c   *container
	f   *zip.File
	r   io.ReadCloser
	sum hash.Hash32
}

func (p *partReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if p.c.budget -= int64(n); p.c.budget < 0 {
		return 0, errUnpacked
	}
	if p.f.CRC32 == 0 {
		_, _ = p.sum.Write(b[:n]) // hash.Hash never fails
	}
	switch {
	case err == nil:
		return n, nil
	case errors.Is(err, io.EOF):
		// archive/zip takes a checksum of zero for none.
		if p.f.CRC32 == 0 && p.sum.Sum32() != 0 {
			return n, damaged(p.f.Name, zip.ErrChecksum)
		}
		return n, io.EOF
	default:
		return n, damaged(p.f.Name, err)
	}
}

// drain reads what is left, for the checksum's sake.
func (p *partReader) drain() error {
	_, err := io.Copy(io.Discard, p)
	return err
}

func damaged(part string, err error) *Fault {
	if errors.Is(err, zip.ErrAlgorithm) {
		return because(err, "la partie %s est compressée par une méthode inconnue", claim.Quote(part))
	}
	return because(err, "la partie %s est abîmée ou incomplète", claim.Quote(part))
}

// Record sizes and signatures of APPNOTE.TXT 4.3.
const (
	localHeader     = "PK\x03\x04" // 30 bytes, name, extra
	directoryHeader = "PK\x01\x02" // 46 bytes, name, extra, comment
	directoryEnd    = "PK\x05\x06" // 22 bytes, comment
	locator64       = "PK\x06\x07" // 20 bytes
	directoryEnd64  = "PK\x06\x06" // 56 bytes or more
	none16, none32  = 0xffff, 0xffffffff
)

// entry is a record of the central directory.
type entry struct {
	name                 []byte
	flags, method        uint16
	crc                  uint32
	packed, size, offset uint64
}

// checkDirectory walks the central directory before archive/zip does, because
// archive/zip takes prefixes, gaps, trailing bytes, any number of entries and
// local headers that contradict the directory.
func checkDirectory(data []byte) error {
	at := bytes.LastIndex(data[max(0, len(data)-none16-22):], []byte(directoryEnd))
	if at < 0 {
		return errTruncated
	}
	at += max(0, len(data)-none16-22)
	end := data[at:]
	if len(end) < 22 || at+22+int(u16(end, 20)) != len(data) {
		return errZIP
	}
	count, size, offset := uint64(u16(end, 10)), uint64(u32(end, 12)), uint64(u32(end, 16))
	if u16(end, 4) != 0 && u16(end, 4) != none16 {
		return errZIP // one of several disks
	}
	stop := uint64(at)
	if at >= 20 && string(data[at-20:at-16]) == locator64 {
		stop = binary.LittleEndian.Uint64(data[at-12:])
		if stop > uint64(at-20) || uint64(at-20)-stop < 56 || string(data[stop:stop+4]) != directoryEnd64 {
			return errZIP
		}
		end = data[stop:]
		count, size, offset = u64(end, 32), u64(end, 40), u64(end, 48)
	}
	if offset > stop || size != stop-offset {
		return errZIP
	}
	if count > maxParts {
		return errParts
	}
	return checkEntries(data, data[offset:stop], count)
}

func checkEntries(data, directory []byte, count uint64) error {
	type extent struct{ from, to uint64 }
	var extents []extent
	for len(directory) > 0 {
		if len(directory) < 46 || string(directory[:4]) != directoryHeader {
			return errZIP
		}
		name, extra, comment := int(u16(directory, 28)), int(u16(directory, 30)), int(u16(directory, 32))
		length := 46 + name + extra + comment
		if len(directory) < length {
			return errZIP
		}
		e := entry{
			name: directory[46 : 46+name], flags: u16(directory, 8), method: u16(directory, 10), crc: u32(directory, 16),
			packed: uint64(u32(directory, 20)), size: uint64(u32(directory, 24)), offset: uint64(u32(directory, 42)),
		}
		e.extend(directory[46+name : 46+name+extra])
		directory = directory[length:]
		to, err := e.check(data)
		if err != nil {
			return err
		}
		if extents = append(extents, extent{e.offset, to}); len(extents) > maxParts {
			return errParts
		}
	}
	if uint64(len(extents)) != count {
		return errZIP
	}
	slices.SortFunc(extents, func(a, b extent) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	for i := 1; i < len(extents); i++ {
		if extents[i].from < extents[i-1].to {
			return errZIP // parts that share bytes: a bomb
		}
	}
	return nil
}

// extend takes the 64-bit values from a record's extra field.
func (e *entry) extend(extra []byte) {
	for len(extra) >= 4 {
		id, length := u16(extra, 0), int(u16(extra, 2))
		extra = extra[4:]
		if length > len(extra) {
			return
		}
		if field := extra[:length]; id == 1 {
			for _, value := range []*uint64{&e.size, &e.packed, &e.offset} {
				if *value == none32 && len(field) >= 8 {
					*value, field = u64(field, 0), field[8:]
				}
			}
		}
		extra = extra[length:]
	}
}

// check compares a record with its local header and gives where its data end.
func (e *entry) check(data []byte) (end uint64, err error) {
	if e.flags&1 != 0 {
		return 0, errEncrypted
	}
	length := uint64(len(data))
	if e.offset > length || length-e.offset < 30 {
		return 0, errZIP
	}
	local := data[e.offset:]
	name, extra := uint64(u16(local, 26)), uint64(u16(local, 28))
	if string(local[:4]) != localHeader || 30+name+extra > uint64(len(local)) ||
		!bytes.Equal(local[30:30+name], e.name) || u16(local, 8) != e.method || u16(local, 6)&1 != 0 {
		return 0, errZIP
	}
	if u16(local, 6)&8 == 0 { // the sizes stand here, not behind the data
		if u32(local, 14) != e.crc || contradicts(u32(local, 18), e.packed) || contradicts(u32(local, 22), e.size) {
			return 0, errZIP
		}
	}
	start := e.offset + 30 + name + extra
	if e.packed > length-start {
		return 0, errZIP
	}
	return start + e.packed, nil
}

// contradicts tells whether a local size is given and differs.
func contradicts(local uint32, central uint64) bool {
	return local != none32 && uint64(local) != central
}

func u16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func u32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func u64(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
