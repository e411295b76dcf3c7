package intake

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"io"
	"slices"
)

// Signatures and lengths of the records of APPNOTE.TXT 4.3.
const (
	localHeader     = "PK\x03\x04" // 30 bytes, name, extra
	descriptor      = "PK\x07\x08" // optional, before checksum and sizes behind the data
	directoryHeader = "PK\x01\x02" // 46 bytes, name, extra, comment
	directoryEnd    = "PK\x05\x06" // 22 bytes, comment
	directoryEnd64  = "PK\x06\x06" // 56 bytes
	locator64       = "PK\x06\x07" // 20 bytes

	localHeaderBytes     = 30
	directoryHeaderBytes = 46
	directoryEndBytes    = 22
	directoryEnd64Bytes  = 56
	locator64Bytes       = 20

	none16, none32 = 0xffff, 0xffffffff // the value stands in a 64-bit field
)

// Bits of a record's flags.
const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3 // checksum and sizes stand behind the data
	flagPatch      = 1 << 5
	flagStrong     = 1 << 6 // encryption
	flagUTF8       = 1 << 11
	flagMasked     = 1 << 13 // encryption of the directory
)

// The two methods of compression that ZIPs are made with.
const (
	methodStored  = 0
	methodDeflate = 8
)

// record is an entry of a ZIP, of which the directory and the local header
// tell the same.
type record struct {
	name          string // its bytes as they stand
	flags, method uint16
	crc           uint32
	packed, size  uint64 // bytes
	attributes    uint32 // as Unix and MS-DOS note them
	offset        uint64 // of the local header
	start         uint64 // of the data
}

// readRecords reads the structure of a ZIP of size bytes, and nothing of its
// content: every byte of the file must belong to exactly one record. The
// records come in the order of their data. A ZIP that is no good gives a
// *fault; any other error is the reader's.
func readRecords(r io.ReaderAt, size int64, maxEntries int) ([]record, error) {
	end, err := findDirectory(r, size)
	if err != nil {
		return nil, err
	}
	if end.count > uint64(maxEntries) { //nolint:gosec // a limit is not negative
		return nil, faultf("il contient plus de %s fichiers", grouped(int64(maxEntries)))
	}
	records, err := readDirectory(io.NewSectionReader(r, int64(end.offset), int64(end.size)), int(end.count)) //nolint:gosec // both lie within the file, the count within its limit
	if err != nil {
		return nil, err
	}
	slices.SortFunc(records, func(a, b record) int { return cmp.Compare(a.offset, b.offset) })
	return records, checkLayout(r, records, end.offset)
}

// directory tells where the central directory is.
type directory struct{ offset, size, count uint64 }

func findDirectory(r io.ReaderAt, size int64) (directory, error) {
	if size == 0 {
		return directory{}, faultf("il est vide")
	}
	first := max(0, size-locator64Bytes-directoryEndBytes-none16)
	tail := make([]byte, size-first)
	if err := readAt(r, tail, first); err != nil {
		return directory{}, err
	}
	at := bytes.LastIndex(tail, []byte(directoryEnd))
	if at < 0 {
		return directory{}, noEnd(r, size)
	}
	end := tail[at:]
	if len(end) < directoryEndBytes || directoryEndBytes+int(u16(end, 20)) != len(end) {
		return directory{}, faultf("il est incomplet, ou d'autres données suivent la fin de l'archive")
	}
	d := directory{offset: uint64(u32(end, 16)), size: uint64(u32(end, 12)), count: uint64(u16(end, 10))}
	stop := uint64(first) + uint64(at) //nolint:gosec // both are positions in the file
	if at >= locator64Bytes && string(tail[at-locator64Bytes:at-locator64Bytes+4]) == locator64 {
		var err error
		if d, stop, err = directory64(r, tail[at-locator64Bytes:at], end, stop-locator64Bytes); err != nil {
			return directory{}, err
		}
	} else if u16(end, 4) != 0 || u16(end, 6) != 0 || u16(end, 8) != u16(end, 10) {
		return directory{}, errStructure // one of several disks
	}
	switch {
	case d.offset > stop || d.size > stop-d.offset:
		return directory{}, errStructure
	case d.size < stop-d.offset:
		return directory{}, errForeign
	}
	return d, nil
}

// noEnd says what a file without the end of a ZIP is.
func noEnd(r io.ReaderAt, size int64) error {
	head := make([]byte, min(size, 4))
	if err := readAt(r, head, 0); err != nil {
		return err
	}
	if string(head) == localHeader {
		return faultf("il est incomplet : il s'interrompt avant la fin de l'archive")
	}
	return faultf("ce n'est pas une archive ZIP")
}

// directory64 reads the 64-bit end of the directory, which must stand right
// before its locator at stop and tell what the 32-bit end tells.
func directory64(r io.ReaderAt, locator, end []byte, stop uint64) (directory, uint64, error) {
	at := u64(locator, 8)
	if stop < directoryEnd64Bytes || at != stop-directoryEnd64Bytes || u32(locator, 4) != 0 || u32(locator, 16) != 1 {
		return directory{}, 0, errStructure
	}
	record := make([]byte, directoryEnd64Bytes)
	if err := readAt(r, record, int64(at)); err != nil { //nolint:gosec // a position in the file
		return directory{}, 0, err
	}
	d := directory{offset: u64(record, 48), size: u64(record, 40), count: u64(record, 32)}
	switch {
	case string(record[:4]) != directoryEnd64, u64(record, 4) != directoryEnd64Bytes-12,
		u32(record, 16) != 0, u32(record, 20) != 0, u64(record, 24) != d.count,
		contradicts16(u16(end, 4), 0), contradicts16(u16(end, 6), 0),
		contradicts16(u16(end, 8), d.count), contradicts16(u16(end, 10), d.count),
		contradicts32(u32(end, 12), d.size), contradicts32(u32(end, 16), d.offset):
		return directory{}, 0, errStructure
	}
	return d, at, nil
}

func contradicts16(short uint16, long uint64) bool { return short != none16 && uint64(short) != long }

func contradicts32(short uint32, long uint64) bool { return short != none32 && uint64(short) != long }

// readDirectory reads the records of the directory, which must fill it.
func readDirectory(section io.Reader, count int) ([]record, error) {
	in := bufio.NewReaderSize(section, 64<<10)
	var records []record
	var header [directoryHeaderBytes]byte
	tail := make([]byte, maxKeyBytes+none16) // name and extra field
	for range count {
		if err := readFull(in, header[:]); err != nil {
			return nil, err
		}
		h := header[:]
		if string(h[:4]) != directoryHeader {
			return nil, errStructure
		}
		named := int(u16(h, 28))
		if named > maxKeyBytes {
			return nil, errLongName
		}
		tail := tail[:named+int(u16(h, 30))]
		if err := readFull(in, tail); err != nil {
			return nil, err
		}
		if _, err := in.Discard(int(u16(h, 32))); err != nil {
			return nil, cut(err)
		}
		e := record{
			name: string(tail[:named]), flags: u16(h, 8), method: u16(h, 10), crc: u32(h, 16),
			packed: uint64(u32(h, 20)), size: uint64(u32(h, 24)), attributes: u32(h, 38), offset: uint64(u32(h, 42)),
		}
		disk := uint64(u16(h, 34))
		if err := take64(tail[named:], &e.size, &e.packed, &e.offset, &disk); err != nil {
			return nil, err
		}
		if disk != 0 {
			return nil, errStructure
		}
		records = append(records, e)
	}
	switch _, err := in.ReadByte(); {
	case err == nil:
		return nil, errStructure // more records than announced
	case !errors.Is(err, io.EOF):
		return nil, err
	}
	return records, nil
}

// take64 puts the 64-bit values of an extra field in the place of those that
// do not fit their 32 bits (the disk: 16), in this order. A value that stands
// nowhere, or one more than needed, is a contradiction.
func take64(extra []byte, size, packed, offset, disk *uint64) error {
	var field []byte
	found := false
	for len(extra) >= 4 {
		id, length := u16(extra, 0), int(u16(extra, 2))
		if extra = extra[4:]; length > len(extra) {
			return errStructure
		}
		if id == 1 {
			if found {
				return errStructure
			}
			field, found = extra[:length], true
		}
		extra = extra[length:]
	}
	for _, value := range []*uint64{size, packed, offset} {
		if value == nil || *value != none32 {
			continue
		}
		if len(field) < 8 {
			return errStructure
		}
		*value, field = u64(field, 0), field[8:]
	}
	if disk != nil && *disk == none16 {
		if len(field) < 4 {
			return errStructure
		}
		*disk, field = uint64(u32(field, 0)), field[4:]
	}
	if len(field) > 0 {
		return errStructure
	}
	return nil
}

// checkLayout compares each record with its local header, and has every byte
// before the directory belong to one record.
func checkLayout(r io.ReaderAt, records []record, stop uint64) error {
	at := uint64(0)
	extra := make([]byte, none16)
	for i := range records {
		e := &records[i]
		if e.offset != at { // it is greater: no record ends behind the next one's begin
			return errForeign
		}
		next := stop
		if i+1 < len(records) {
			next = min(next, records[i+1].offset)
		}
		end, err := e.check(r, stop, extra)
		if err != nil {
			return err
		}
		if end > next {
			return errOverlap
		}
		if e.flags&flagDescriptor != 0 {
			if err := e.checkDescriptor(r, end, next-end); err != nil {
				return err
			}
			end = next
		}
		at = end
	}
	if at != stop {
		return errForeign
	}
	return nil
}

// check compares a record with its local header and gives where its data end.
func (e *record) check(r io.ReaderAt, stop uint64, extra []byte) (end uint64, err error) {
	if e.offset > stop || stop-e.offset < localHeaderBytes {
		return 0, errStructure
	}
	h := make([]byte, localHeaderBytes+len(e.name))
	if uint64(len(h)) > stop-e.offset {
		return 0, errStructure
	}
	if err := readAt(r, h, int64(e.offset)); err != nil { //nolint:gosec // a position in the file
		return 0, err
	}
	const meaning = flagEncrypted | flagDescriptor | flagPatch | flagStrong | flagUTF8 | flagMasked
	if string(h[:4]) != localHeader || int(u16(h, 26)) != len(e.name) || string(h[localHeaderBytes:]) != e.name ||
		(u16(h, 6)^e.flags)&meaning != 0 || u16(h, 8) != e.method {
		return 0, errStructure
	}
	at := e.offset + uint64(len(h))
	if extra = extra[:u16(h, 28)]; uint64(len(extra)) > stop-at {
		return 0, errStructure
	}
	if err := readAt(r, extra, int64(at)); err != nil { //nolint:gosec // a position in the file
		return 0, err
	}
	packed, size := uint64(u32(h, 18)), uint64(u32(h, 22))
	if err := take64(extra, &size, &packed, nil, nil); err != nil {
		return 0, err
	}
	behind := e.flags&flagDescriptor != 0 // then the header may leave them out
	for _, pair := range [][2]uint64{{uint64(u32(h, 14)), uint64(e.crc)}, {packed, e.packed}, {size, e.size}} {
		if pair[0] != pair[1] && (!behind || pair[0] != 0) {
			return 0, errStructure
		}
	}
	e.start = at + uint64(len(extra))
	if e.packed > stop-e.start {
		return 0, errOverlap
	}
	return e.start + e.packed, nil
}

// checkDescriptor reads checksum and sizes behind the data: with or without a
// signature, the sizes of 32 or 64 bits.
func (e *record) checkDescriptor(r io.ReaderAt, at, length uint64) error {
	switch {
	case length < 12:
		return errStructure
	case length > 24:
		return errForeign
	}
	d := make([]byte, length)
	if err := readAt(r, d, int64(at)); err != nil { //nolint:gosec // a position in the file
		return err
	}
	if length == 16 || length == 24 {
		if string(d[:4]) != descriptor {
			return errStructure
		}
		d = d[4:]
	}
	var packed, size uint64
	switch len(d) {
	case 12:
		packed, size = uint64(u32(d, 4)), uint64(u32(d, 8))
	case 20:
		packed, size = u64(d, 4), u64(d, 12)
	default:
		return errForeign
	}
	if u32(d, 0) != e.crc || packed != e.packed || size != e.size {
		return errStructure
	}
	return nil
}

// readAt fills p from the middle of a file.
func readAt(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	return cut(err)
}

func readFull(r io.Reader, p []byte) error {
	_, err := io.ReadFull(r, p)
	return cut(err)
}

// cut takes an early end for a contradiction of the ZIP; other errors stay.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errStructure
	}
	return err
}

func u16(b []byte, at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
func u32(b []byte, at int) uint32 { return binary.LittleEndian.Uint32(b[at:]) }
func u64(b []byte, at int) uint64 { return binary.LittleEndian.Uint64(b[at:]) }
