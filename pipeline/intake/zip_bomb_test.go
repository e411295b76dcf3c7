package intake

import (
	"bytes"
	"io"
	"testing"

	"guichet/fixtures"
	"guichet/pipeline/claim"
)

// counted counts the bytes that are read of a ZIP.
type counted struct {
	io.ReaderAt
	n int
}

func (c *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := c.ReaderAt.ReadAt(p, at)
	c.n += n
	return n, err
}

// A file that says it is small is not unpacked beyond what it says: of 64 kB
// packed, which hold 64 MiB, a single piece is read.
func TestABombIsNotUnpackedToItsEnd(t *testing.T) {
	const said = 1 << 20
	z := &fixtures.ZIPFile{}
	e := z.Add("c.pdf", make([]byte, 64<<20)).Both(func(h *fixtures.ZIPHeader) { h.Size = said })
	data := z.Bytes()
	in := &counted{ReaderAt: bytes.NewReader(data)}
	a, err := readArchive(in, int64(len(data)), DefaultZIPLimits, "inbox/73282932000074/lot/")
	if err != nil {
		t.Fatal(err)
	}
	in.n = 0
	_, err = a.digests(t.Context(), in, claim.Object{Key: "inbox/73282932000074/lot.zip"}, make([]byte, bufferBytes))
	if bad, err := faultIn(err); bad == nil || err != nil {
		t.Errorf("got %v, %v, want a fault", bad, err)
	}
	if in.n == 0 || in.n > len(e.Payload)/8 {
		t.Errorf("%d of %d packed bytes were read", in.n, len(e.Payload))
	}
}
