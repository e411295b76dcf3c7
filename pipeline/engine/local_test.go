package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/goleak"

	"guichet/pipeline/claim"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// shelf is a store and a cache in memory, with a count of what was asked.
type shelf struct {
	mu    sync.Mutex
	facts map[string]claim.Facts
	reads atomic.Int64
}

func (s *shelf) Facts(_ context.Context, sums []string, extractor string) (map[string]*claim.Facts, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := map[string]*claim.Facts{}
	for _, sum := range sums {
		if f, ok := s.facts[sum+extractor]; ok {
			found[sum] = &f
		}
	}
	return found, nil
}

func (s *shelf) SaveFacts(_ context.Context, facts []*claim.Facts) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range facts {
		s.facts[f.SHA256+f.Extractor] = *f
	}
	return nil
}

func (s *shelf) Read(_ context.Context, pdf []byte) (claim.Facts, error) {
	s.reads.Add(1)
	return claim.Facts{SHA256: Digest(pdf), Extractor: "test", Status: claim.ReadOK, Reason: string(pdf)}, nil
}

func (s *shelf) Extractor() string { return "test" }

func (s *shelf) OCR() string { return "" }

func batch(n int, content func(i int) string) Batch {
	b := Batch{
		Open:   func(_ context.Context, o claim.Object) ([]byte, error) { return []byte(o.Key), nil },
		Judged: func() {},
		Judge: func(c *claim.Claim) claim.Assessment {
			return claim.Assessment{Findings: []claim.Finding{{Value: c.Documents[0].Facts.Reason}}}
		},
	}
	for i := range n {
		text := content(i)
		b.Claims = append(b.Claims, &claim.Claim{Row: claim.Row{Number: i}, Documents: []claim.Document{
			{Object: &claim.Object{Name: "x.pdf", Key: text, Size: int64(len(text)), SHA256: Digest([]byte(text))}},
		}})
	}
	return b
}

func TestAssessReadsEachDocumentOnceAndKeepsOrder(t *testing.T) {
	s := &shelf{facts: map[string]claim.Facts{}}
	local := &Local{Workers: 8, Reader: s, Cache: s, MaxBytes: 100}
	b := batch(500, func(i int) string { return fmt.Sprint("document ", i%50) })
	for range 2 {
		outcomes, err := local.Assess(t.Context(), []Batch{b})
		if err != nil || outcomes[0].Err != nil {
			t.Fatal(err, outcomes[0].Err)
		}
		for i, a := range outcomes[0].Assessments {
			if want := fmt.Sprint("document ", i%50); a.Findings[0].Value != want {
				t.Fatalf("claim %d was judged by %q, want %q", i, a.Findings[0].Value, want)
			}
			if b.Claims[i].Documents[0].Facts != nil {
				t.Fatal("facts were kept")
			}
		}
	}
	if got := s.reads.Load(); got != 50 || len(s.facts) != 50 {
		t.Errorf("50 documents were read %d times, and %d are kept", got, len(s.facts))
	}
}

func TestAssessDoesNotOpenWhatIsTooLarge(t *testing.T) {
	s := &shelf{facts: map[string]claim.Facts{}}
	b := batch(1, func(int) string { return strings.Repeat("x", 101) })
	b.Open = func(context.Context, claim.Object) ([]byte, error) { return nil, errors.New("opened") }
	outcomes, err := (&Local{Workers: 1, Reader: s, Cache: s, MaxBytes: 100}).Assess(t.Context(), []Batch{b})
	if err != nil || outcomes[0].Err != nil || outcomes[0].Assessments[0].Findings[0].Value != "size" {
		t.Errorf("got %v, %v", outcomes, err)
	}
}

func TestAssessFailsItsBatch(t *testing.T) {
	tests := map[string]struct {
		change func(*Batch)
		want   string
		is     error
	}{
		"a rule panics": {func(b *Batch) { b.Judge = func(*claim.Claim) claim.Assessment { panic("boom") } }, "row 0: a rule panicked: boom", nil},
		"an object changed": {func(b *Batch) {
			b.Open = func(context.Context, claim.Object) ([]byte, error) { return []byte("other"), nil }
		}, `document "x.pdf"`, ErrChanged},
		"an object is not to open": {func(b *Batch) {
			b.Open = func(context.Context, claim.Object) ([]byte, error) { return nil, context.Canceled }
		}, "row 0", context.Canceled},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &shelf{facts: map[string]claim.Facts{}}
			b := batch(1, func(int) string { return "document" })
			tt.change(&b)
			sound := batch(20, func(i int) string { return fmt.Sprint("sound ", i) })
			outcomes, err := (&Local{Workers: 2, Reader: s, Cache: s, MaxBytes: 100}).Assess(t.Context(), []Batch{b, sound})
			if err != nil {
				t.Fatal(err)
			}
			if err := outcomes[0].Err; err == nil || !strings.Contains(err.Error(), tt.want) || tt.is != nil && !errors.Is(err, tt.is) {
				t.Errorf("got %v", err)
			}
			if tt.is != nil && len(s.facts) > 20 {
				t.Error("facts of changed bytes were kept")
			}
			if outcomes[1].Err != nil || len(outcomes[1].Assessments) != 20 {
				t.Errorf("the other batch failed too: %v", outcomes[1].Err)
			}
		})
	}
}
