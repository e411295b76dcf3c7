package document

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"guichet/fixtures/forge"
	"guichet/fixtures/testca"
	"guichet/pipeline/claim"
)

// forgeWorkers is how many forged papers are read at the same time.
const forgeWorkers = 2

// newForgePool is a pool that trusts the authority of the forged papers.
func newForgePool(t *testing.T) *Pool {
	t.Helper()
	roots, err := testca.Roots()
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Workers: forgeWorkers, Limits: testLimits}
	for _, root := range roots {
		options.Roots = append(options.Roots, root.Raw)
	}
	pool, err := NewPool(context.Background(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	})
	return pool
}

// accepted tells whether somebody signs the document, and every signature is
// intact and whole.
func accepted(facts claim.Facts) bool {
	signers := 0
	for _, s := range facts.Signatures {
		if s.Integrity != claim.Intact || s.Coverage != claim.CoversWhole {
			return false
		}
		if !s.Timestamp {
			signers++
		}
	}
	return signers > 0
}

// distrusted tells whether a signature is by a certificate that is under no
// trusted root, or was not valid when it was made.
func distrusted(facts claim.Facts) bool {
	return slices.ContainsFunc(facts.Signatures, func(s claim.Signature) bool {
		c := s.Certificate
		return c.Trust != claim.Trusted || s.SignedAt.Before(c.NotBefore) || s.SignedAt.After(c.NotAfter)
	})
}

// shows tells whether the visible words of a page hold a mention, blanks aside.
func shows(facts claim.Facts, mention string) bool {
	for _, page := range facts.Pages {
		var text strings.Builder
		for _, word := range page.Words {
			if !word.Hidden {
				text.WriteString(word.Text)
			}
		}
		if strings.Contains(text.String(), mention) {
			return true
		}
	}
	return false
}

// came tells whether what must come of a case came of it, and what came.
func came(c forge.Case, facts claim.Facts) (bool, string) {
	var verdicts []string
	for _, s := range facts.Signatures {
		verdicts = append(verdicts, brief(s))
	}
	what := fmt.Sprintf("%s; forged number seen: %t; genuine one seen: %t", strings.Join(verdicts, ", "), shows(facts, forge.Forged), shows(facts, forge.Genuine))
	switch c.Want {
	case forge.Refused:
		return !accepted(facts), what
	case forge.Distrusted:
		return !accepted(facts) || distrusted(facts), what
	case forge.Disowned:
		return !accepted(facts) || !slices.ContainsFunc(facts.Signatures, func(s claim.Signature) bool {
			return s.Certificate.CommonName == forge.FirstSigner
		}), what
	case forge.Unseen:
		return facts.Status == claim.ReadOK && !shows(facts, c.Forged) && (c.Covered == "" || !shows(facts, c.Covered)), what
	case forge.Accepted:
		return facts.Status == claim.ReadOK && accepted(facts) && !distrusted(facts), what
	}
	return false, what
}

// TestAttacks reads every forged file as a worker does. None may be accepted
// as intact and whole, and no mention may be taken from what a reader cannot
// see. In short mode only every fourth is read.
func TestAttacks(t *testing.T) { readCases(t, forge.Attacks) }

// TestHonestFiles reads every honest file of several revisions: none may be
// refused.
func TestHonestFiles(t *testing.T) { readCases(t, forge.Honest) }

// readCases reads files and prints how many of each class came out as they
// must.
func readCases(t *testing.T, forged func() ([]forge.Case, error)) {
	t.Helper()
	cases, err := forged()
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		kept := cases[:0]
		for i := 0; i < len(cases); i += 4 {
			kept = append(kept, cases[i])
		}
		cases = kept
	}
	pool := newForgePool(t)
	found := make([]claim.Facts, len(cases))
	var readers errgroup.Group
	readers.SetLimit(forgeWorkers)
	for i, c := range cases {
		readers.Go(func() (err error) {
			found[i], err = pool.Read(context.Background(), c.PDF)
			return err
		})
	}
	if err := readers.Wait(); err != nil {
		t.Fatal(err)
	}
	right, all := map[forge.Class]int{}, map[forge.Class]int{}
	total := 0
	for i, c := range cases {
		all[c.Class]++
		if ok, what := came(c, found[i]); ok {
			right[c.Class]++
			total++
		} else {
			t.Errorf("%s: not %s: %s %s", c.Name, c.Want, found[i].Status, what)
		}
	}
	var table strings.Builder
	for _, class := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&table, "%-40s %3d of %3d\n", class, right[class], all[class])
	}
	t.Logf("as they must be\n%s%-40s %3d of %3d", table.String(), "all", total, len(cases))
}

// TestAttacksCanBeSeen: what the attacks are judged by tells the plain paper
// from the forged one.
func TestAttacksCanBeSeen(t *testing.T) {
	cases, err := forge.Honest()
	if err != nil {
		t.Fatal(err)
	}
	facts, err := newForgePool(t).Read(context.Background(), cases[0].PDF)
	if err != nil {
		t.Fatal(err)
	}
	if !accepted(facts) || distrusted(facts) || !shows(facts, forge.Genuine) || shows(facts, forge.Forged) {
		t.Errorf("the plain paper: %+v", facts.Signatures)
	}
}

// honestRevisions are the files of other tools that were saved several times
// by honest hands.
var honestRevisions = map[string][]string{
	"signed": {
		"dss__DSS-1983.pdf", "dss__Signature-P-DE_SCI-4.pdf", "dss__muestra-firmado-firmado.pdf", "dss__pades-enveloping-other-pdf.pdf",
		"dss__pades-ocsp-sign-cert.pdf", "dss__sample_document_mra.pdf", "dss__testdoc-signed.pdf", "pcpu__testPAdES_BLT.pdf",
		"pyh__extensions-direct.pdf", "pyh__minimal-signed-twice-both-created.pdf", "pyh__minimal-signed-twice-second-created.pdf",
		"pyh__pades-lta-dss-indirect-arrs-test-2.pdf", "pyh__separate-annots-kids-indir.pdf",
	},
	"tampered": {
		"dss__pades-two-sig-copied-tst.pdf", "dss__pdf-structtreeroot-changes.pdf",
		"pyh__form-update-no-override-appearance-stream-ap-indirect.pdf", "pyh__form-update-override-appearance-stream.pdf",
	},
}

// TestHonestRevisionsOfOthers: no honest file that another tool saved several
// times is refused.
func TestHonestRevisionsOfOthers(t *testing.T) {
	pool := newForgePool(t)
	for folder, names := range honestRevisions {
		corpus(t, folder)
		for _, name := range names {
			data, err := os.ReadFile(filepath.Join(shared, folder, name))
			if err != nil {
				t.Fatal(err)
			}
			facts, err := pool.Read(context.Background(), data)
			if err != nil {
				t.Fatal(err)
			}
			if !accepted(facts) {
				t.Errorf("%s/%s: %s %+v", folder, name, facts.Status, facts.Signatures)
			}
		}
	}
}
