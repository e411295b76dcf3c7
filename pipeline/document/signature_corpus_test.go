//go:debug x509negativeserial=1

package document

import (
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"guichet/pipeline/claim"

	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"
)

// TestSignatureCorpus prints our verdict on each real file beside the one
// expected.
func TestSignatureCorpus(t *testing.T) {
	for folder, expected := range map[string]map[string]expectedVerdict{"signed": expectedSigned, "tampered": expectedTampered} {
		listed := map[string]bool{}
		for _, file := range corpus(t, folder) {
			name := filepath.Base(file)
			want, known := expected[name]
			if !known {
				t.Errorf("%s/%s: nothing expected", folder, name)
				continue
			}
			listed[name] = true
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			found, revisions := judgeSignatures(data, openModel(data), nil)
			var verdicts, changes []string
			accepted := len(found) > 0
			for _, s := range found {
				verdicts = append(verdicts, brief(s.found))
				changes = append(changes, s.change)
				accepted = accepted && s.found.Integrity == claim.Intact && s.found.Coverage == claim.CoversWhole
			}
			got := strings.Join(verdicts, ", ")
			t.Logf("%-8s %-70s %s | %s | %s %q", folder, name, got, want.verdicts, want.reason, changes)
			if told, wanted := inLetters(revisions), expectedRevisions[name]; told != wanted {
				t.Errorf("%s: revisions %q, want %q", name, told, wanted)
			} else {
				t.Logf("%-79s revisions: %s", "", told)
			}
			if got != want.verdicts {
				t.Errorf("%s: %s, want %s: %s", name, got, want.verdicts, want.reason)
			}
			if accepted && want.attack {
				t.Errorf("%s: an attack is accepted", name)
			}
		}
		for name := range expected {
			if !listed[name] {
				t.Errorf("%s/%s is gone", folder, name)
			}
		}
	}
}

func TestSignatureCorpusTrust(t *testing.T) {
	corpus(t, "signed")
	root, err := os.ReadFile(filepath.Join(shared, "trust", "root.crt"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(root)
	if block == nil {
		t.Fatal("no certificate")
	}
	anchors := x509.NewCertPool()
	if !anchors.AppendCertsFromPEM(root) {
		t.Fatal("no root")
	}
	for name, want := range map[string]claim.Trust{
		"own_cades_rsa.pdf": claim.Trusted, "own_pss.pdf": claim.Trusted, "own_ec_p256.pdf": claim.Trusted,
		"own_untrusted_ca.pdf": claim.Untrusted, "dss__Test.pdf": claim.Untrusted,
	} {
		data, err := os.ReadFile(filepath.Join(shared, "signed", name))
		if err != nil {
			t.Fatal(err)
		}
		found, _ := readSignatures(data, openModel(data), anchors)
		if len(found) != 1 || found[0].Certificate.Trust != want {
			t.Errorf("%s: %+v, want %s", name, found, want)
		}
	}
}

// TestCopiedTimestamp: a timestamp that belongs to another signature gives no
// time.
func TestCopiedTimestamp(t *testing.T) {
	corpus(t, "tampered")
	data, err := os.ReadFile(filepath.Join(shared, "tampered", "dss__pades-two-sig-copied-tst.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	var sources []string
	found, _ := readSignatures(data, openModel(data), nil)
	for _, s := range found {
		sources = append(sources, s.TimeSource)
	}
	if !slices.Equal(sources, []string{"timestamp", "dictionary"}) {
		t.Errorf("%v", sources)
	}
}

// TestHostileSignatures has files that were made to hurt pass through the
// reading of signatures in bytes: it ends, and finds no signature whole.
func TestHostileSignatures(t *testing.T) {
	for _, file := range corpus(t, "hostile") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found, _ := readSignatures(data, nil, nil)
		for _, s := range found {
			if s.Coverage != claim.CoversPartial {
				t.Errorf("%s: %s", filepath.Base(file), brief(s))
			}
		}
	}
}

// TestRevisionsOfProducers: the strict reader of revisions reads what real
// producers write to the last object, and finds it equal to itself. Otherwise
// a second signature on such a file would count as a change.
func TestRevisionsOfProducers(t *testing.T) {
	for _, file := range corpus(t, "text") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		before, err := openRevision(data)
		if err != nil {
			t.Errorf("%s: %v", filepath.Base(file), err)
			continue
		}
		after, err := openRevision(data)
		if err != nil {
			t.Fatal(err)
		}
		if found := newComparison(before, after, nil, nil).run(); len(found) > 0 {
			t.Errorf("%s: %v", filepath.Base(file), found)
		}
	}
}

// BenchmarkReadSignatures reads the signatures of the signed files, pdfcpu's
// reading of each file aside.
func BenchmarkReadSignatures(b *testing.B) {
	var files [][]byte
	var models []*model.Context
	for _, file := range corpus(b, "signed") {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		if context := openModel(data); context != nil {
			files, models = append(files, data), append(models, context)
		}
	}
	b.ResetTimer()
	for i := range b.N {
		readSignatures(files[i%len(files)], models[i%len(files)], nil)
	}
}
