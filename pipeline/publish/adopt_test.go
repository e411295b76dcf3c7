package publish_test

import (
	"errors"
	"strings"
	"testing"

	"guichet/pipeline/claim"
	"guichet/pipeline/publish"
)

func TestAdoptTakesOverAWholeSet(t *testing.T) {
	set := mixed()
	other := set
	other.Revision.Findings = []claim.Finding{finding("FIC-08", nil)} // as another version told it
	revision := set.Revision
	s := directory(t)
	if _, err := publish.Adopt(t.Context(), s, revision); err == nil {
		t.Error("a set without a receipt is taken over")
	}
	want, err := publish.Publish(t.Context(), s, other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := publish.Publish(t.Context(), s, set); !errors.Is(err, publish.ErrConflict) {
		t.Fatalf("publishing over it: %v; want ErrConflict", err)
	}
	if got, err := publish.Adopt(t.Context(), s, revision); err != nil || got != want {
		t.Errorf("taken over with the receipt %s, %v; want %s", got, err, want)
	}
	elsewhere := revision
	elsewhere.Number++
	if _, err := publish.Adopt(t.Context(), s, elsewhere); err == nil {
		t.Error("another revision's set is taken over")
	}
	folder := "outbox/" + string(revision.Supplier) + "/" + revision.Batch + "/r1/"
	for key, before := range contents(t, s) {
		if !strings.HasPrefix(key, folder) || key == folder+"receipt.json" {
			continue // the receipt tells of neither operators' objects nor itself
		}
		if err := s.Put(t.Context(), key, []byte(before+" ")); err != nil {
			t.Fatal(err)
		}
		if _, err := publish.Adopt(t.Context(), s, revision); !errors.Is(err, publish.ErrConflict) {
			t.Errorf("with %s changed: %v; want ErrConflict", key, err)
		}
		if err := s.Put(t.Context(), key, []byte(before)); err != nil {
			t.Fatal(err)
		}
	}
}
