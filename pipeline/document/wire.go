package document

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// maxFrame bounds a message to a worker: 1 GiB. maxAnswer bounds what its
// parent takes back: 64 MiB are some 500,000 words, or more than the largest
// raster.
const (
	maxFrame  = 1 << 30
	maxAnswer = 64 << 20
)

var errFrame = errors.New("a message between processes is longer than allowed")

// writeFrame writes a message, in one part or several, behind its length,
// eight bytes big endian.
func writeFrame(w io.Writer, parts ...[]byte) error {
	var header [8]byte
	var length uint64
	for _, part := range parts {
		length += uint64(len(part))
	}
	binary.BigEndian.PutUint64(header[:], length)
	for _, part := range append([][]byte{header[:]}, parts...) {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("write to the other process: %w", err)
		}
	}
	return nil
}

// readFrame reads a message of at most so many bytes; io.EOF when the other
// side closed between two.
func readFrame(r io.Reader, most uint64) ([]byte, error) {
	var header [8]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err //nolint:wrapcheck // io.EOF is the answer
	}
	length := binary.BigEndian.Uint64(header[:])
	if length > most {
		return nil, errFrame
	}
	message := make([]byte, length)
	if _, err := io.ReadFull(r, message); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, fmt.Errorf("read from the other process: %w", err)
	}
	return message, nil
}
