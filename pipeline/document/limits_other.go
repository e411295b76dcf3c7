//go:build !linux

package document

import (
	"errors"
	"os/exec"
	"time"
)

// Outside Linux the WebAssembly limits and the clock hold a worker.

func limitAddressSpace() error { return nil }

func limitTime(time.Duration) error { return nil }

func confine() {}

func isolate(_ *exec.Cmd, level int) bool { return level == 0 }

func usage(int) (cpu time.Duration, resident int64, ok bool) { return 0, 0, false }

// limitsOCR: tesseract is held by the clock and by what it may say.
const limitsOCR = false

func runConfined([]string) error { return errors.New("commands can be confined on Linux only") }
