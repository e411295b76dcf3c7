package objectstore

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"
)

func TestRetryWaitsLongerEachTimeAndEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := retry{attempts: 6, first: time.Second, longest: 4 * time.Second}
		most := []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 4 * time.Second, 4 * time.Second}
		var waits [5]time.Duration // the longest seen
		for range 200 {
			last, calls := time.Now(), 0
			err := r.do(t.Context(), func() error {
				if calls++; calls > 1 {
					waited := time.Since(last)
					if waited > most[calls-2] {
						t.Errorf("wait %d: got %s, want %s at most", calls-1, waited, most[calls-2])
					}
					waits[calls-2] = max(waits[calls-2], waited)
				}
				last = time.Now()
				return io.ErrUnexpectedEOF
			})
			if calls != 6 || !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Fatalf("got error %v after %d calls, want the last one's after 6", err, calls)
			}
		}
		for i, longest := range waits {
			// Of 200 that lie anywhere below the most, one lies in the upper half.
			if longest < most[i]/2 {
				t.Errorf("wait %d: the longest was %s, want up to %s", i+1, longest, most[i])
			}
		}
	})
}

func TestRetryEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		began, calls := time.Now(), 0
		err := retry{attempts: 100, first: time.Hour, longest: time.Hour}.do(ctx, func() error {
			calls++
			return io.ErrUnexpectedEOF
		})
		if waited := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || waited > time.Minute {
			t.Errorf("got error %v after %s and %d calls, want that of the context after a minute at most", err, waited, calls)
		}
		if err := (retry{attempts: 3}).do(ctx, func() error { t.Error("called after the end"); return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after the end: got error %v", err)
		}
	})
}

func TestRetryLeavesLastingErrorsAlone(t *testing.T) {
	calls := 0
	err := usual.do(t.Context(), func() error { calls++; return ErrBadKey })
	if calls != 1 || !errors.Is(err, ErrBadKey) {
		t.Errorf("got error %v after %d calls, want ErrBadKey after one", err, calls)
	}
}
