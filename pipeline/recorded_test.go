package pipeline

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"guichet/pipeline/claim"
)

// recorded serves facts that were read before, by digest: a run then needs no
// worker processes.
type recorded struct {
	facts     map[string]claim.Facts
	extractor string
	delay     func() time.Duration // of a reading; nil: none
}

// errUnrecorded is for a document that nobody read before.
var errUnrecorded = errors.New("no facts of this document were recorded")

func (r *recorded) Read(ctx context.Context, pdf []byte) (claim.Facts, error) {
	if r.delay != nil {
		select {
		case <-ctx.Done():
			return claim.Facts{}, ctx.Err()
		case <-time.After(r.delay()):
		}
	}
	sum := sha256.Sum256(pdf)
	facts, ok := r.facts[hex.EncodeToString(sum[:])]
	if !ok {
		return claim.Facts{}, errUnrecorded
	}
	return facts, nil
}

func (r *recorded) Extractor() string { return r.extractor }

func (r *recorded) OCR() string { return "" }

// facts is a file of recorded facts.
type facts struct {
	Extractor string
	Facts     map[string]claim.Facts
}

// save writes the facts for other processes.
func (r *recorded) save(t *testing.T, file string) {
	t.Helper()
	text, err := json.Marshal(facts{r.extractor, r.facts})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func loadRecorded(file string) (*recorded, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var kept facts
	err = json.Unmarshal(text, &kept)
	return &recorded{facts: kept.Facts, extractor: kept.Extractor}, err
}

// record reads every PDF of a store with the pool, those in ZIPs too.
func record(t testing.TB, dir string) *recorded {
	t.Helper()
	r := &recorded{facts: map[string]claim.Facts{}, extractor: pool.Extractor()}
	var mu sync.Mutex
	var reading errgroup.Group
	reading.SetLimit(runtime.NumCPU())
	read := func(pdf []byte) {
		reading.Go(func() error {
			facts, err := pool.Read(t.Context(), pdf)
			mu.Lock()
			defer mu.Unlock()
			r.facts[facts.SHA256] = facts
			return err
		})
	}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		switch strings.ToLower(filepath.Ext(name)) {
		case ".pdf":
			read(data)
		case ".zip":
			var packed *zip.Reader
			if packed, err = zip.NewReader(bytes.NewReader(data), int64(len(data))); err == nil {
				err = unpack(packed, read)
			}
		}
		return err
	})
	if err := errors.Join(err, reading.Wait()); err != nil {
		t.Fatal(err)
	}
	return r
}

// unpack calls read with every PDF of a ZIP.
func unpack(packed *zip.Reader, read func(pdf []byte)) error {
	for _, file := range packed.File {
		data, err := fs.ReadFile(packed, file.Name)
		if err != nil {
			return err
		}
		if strings.EqualFold(filepath.Ext(file.Name), ".pdf") {
			read(data)
		}
	}
	return nil
}
