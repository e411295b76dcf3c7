package document

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"guichet/config"
	"guichet/fixtures/pen"
	"guichet/pipeline/claim"
	"guichet/validators"
)

// confusion counts verdicts by kind of mark.
type confusion map[pen.Kind]map[claim.Handwriting]int

func (c confusion) String() string {
	var s strings.Builder
	s.WriteString("| mark | none (SIG-01) | possible (SIG-04) | handwritten |\n| --- | ---: | ---: | ---: |\n")
	for _, kind := range pen.Kinds {
		fmt.Fprintf(&s, "| %s | %d | %d | %d |\n", strings.ReplaceAll(string(kind), "_", " "),
			c[kind][claim.NotHandwritten], c[kind][claim.MaybeHandwritten], c[kind][claim.Handwritten])
	}
	return s.String()
}

// measured gives a scan's facts by the words that it was made with.
func measured(_ *testing.T, scan *inkScan) claim.Facts {
	return claim.Facts{Pages: []claim.Page{scan.page}, Blocks: measureInk(scan.picture, 1, &scan.page)}
}

// judgeScans makes n scans of each kind of mark, from a number on, reads them,
// and counts what is made of them.
func judgeScans(t *testing.T, family pen.Family, from, n int, read func(*testing.T, *inkScan) claim.Facts) confusion {
	t.Helper()
	programme, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	var mutex sync.Mutex
	var work sync.WaitGroup
	found, queue := confusion{}, make(chan int)
	for range 2 {
		work.Go(func() {
			for number := range queue {
				scan, err := newInkScan(number, pen.Kinds[number%len(pen.Kinds)], family)
				if err != nil {
					t.Error(err)
					continue
				}
				facts := read(t, &scan)
				verdict := validators.ByHand(programme.Handwriting, &facts, nil)
				mutex.Lock()
				if found[scan.kind] == nil {
					found[scan.kind] = map[claim.Handwriting]int{}
				}
				found[scan.kind][verdict.Hand]++
				if wrong(scan.kind, verdict.Hand) {
					t.Logf("scan %d of family %d: a %s (%s) is taken for %s", number, family, scan.kind, scan.style, verdict.Hand)
				}
				mutex.Unlock()
			}
		})
	}
	for i := range n * len(pen.Kinds) {
		queue <- from + i
	}
	close(queue)
	work.Wait()
	return found
}

// wrong tells whether a verdict is worse than a person's looking in vain.
// Initials are a signature to some and none to others: certain is not wrong.
func wrong(kind pen.Kind, hand claim.Handwriting) bool {
	if kind == pen.Signature || kind == pen.StampAndSignature || kind == pen.Initials {
		return hand == claim.NotHandwritten
	}
	return hand == claim.Handwritten
}

// TestHandwritingEvaluation judges synthetic scans of the family whose styles
// nothing was calibrated on. With GUICHET_INK_SCANS=32, which is of each kind
// of mark, it prints both tables of HANDWRITING.md.
func TestHandwritingEvaluation(t *testing.T) {
	const few = 3
	n := few
	if all := os.Getenv("GUICHET_INK_SCANS"); all != "" {
		var err error
		if n, err = strconv.Atoi(all); err != nil {
			t.Fatal(err)
		}
		t.Logf("calibration, %d scans\n%s", n*len(pen.Kinds), judgeScans(t, pen.A, 0, n, measured))
	}
	found := judgeScans(t, pen.B, evaluationFrom, n, measured)
	t.Logf("evaluation, %d scans\n%s", n*len(pen.Kinds), found)
	for kind, verdicts := range found {
		for hand, count := range verdicts {
			if wrong(kind, hand) && n == few {
				t.Errorf("%d of kind %s are taken for %s", count, kind, hand)
			}
		}
	}
	if certain := found[pen.Signature][claim.Handwritten]; 2*certain < n {
		t.Errorf("%d of %d signatures are certain: less than half", certain, n)
	}
	if empty := found[pen.Empty][claim.NotHandwritten]; 2*empty < n {
		t.Errorf("%d of %d empty blocks are: less than half", empty, n)
	}
}

// TestHandwritingThroughOCR reads scans as the pipeline does, words and all:
// two, or of each kind of mark as many as GUICHET_INK_OCR says.
func TestHandwritingThroughOCR(t *testing.T) {
	pool := newOCRPool(t, 2)
	readAll := func(t *testing.T, scan *inkScan) claim.Facts { return read(t, pool, scan.pdf) }
	if all := os.Getenv("GUICHET_INK_OCR"); all != "" {
		n, err := strconv.Atoi(all)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("through OCR, %d scans\n%s", n*len(pen.Kinds), judgeScans(t, pen.B, evaluationFrom, n, readAll))
		return
	}
	programme, err := config.LoadProgramme("af-pha-lgo-va1")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		number int // whose paper has no crease
		kind   pen.Kind
		want   claim.Handwriting
	}{{10, pen.Signature, claim.Handwritten}, {8, pen.Empty, claim.NotHandwritten}} {
		scan, err := newInkScan(test.number, test.kind, pen.A)
		if err != nil {
			t.Fatal(err)
		}
		facts := readAll(t, &scan)
		if got := validators.ByHand(programme.Handwriting, &facts, nil); got.Hand != test.want {
			t.Errorf("%s (%s) is taken for %s, want %s", test.kind, scan.style, got.Hand, test.want)
		}
	}
}

// evaluationFrom is the first number of the scans that nobody looked at while
// the measures were made.
const evaluationFrom = 2000
