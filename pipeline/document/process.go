package document

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"
)

// process is a worker as its parent sees it.
type process struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	errors  *tail
	ended   chan struct{} // closed once the process is gone
	spent   time.Duration // CPU time before the document that it reads: the limit is the document's, pictures included
	limits  Limits
}

// killed is why a worker died over a document: time, memory or crash.
type killed struct{ reason string }

func (k killed) Error() string { return "the worker died: " + k.reason }

// unstarted is why no worker could be had: our fault, and not the document's.
type unstarted struct{ why string }

func (u unstarted) Error() string { return "start a worker: " + u.why }

// A worker is looked at this often, from a first look on.
const (
	firstLook = 50 * time.Millisecond
	nextLook  = 25 * time.Millisecond
)

// startWithin is how long a worker may take to be ready; compiling pdfium
// takes some seconds of an idle machine.
const startWithin = 5 * time.Minute

// patience is how much longer than its CPU time a document may take by the
// clock, on a machine that is busy with other things.
func patience(cpu time.Duration) time.Duration { return 10*cpu + 10*time.Second }

// workerEnvironment is all that a worker sees of its parent's: nothing. Some
// certificates in real signatures have negative serial numbers. Where the
// executable was linked with a C library, as tests are, that one would take 64 MiB
// of the address space for each thread.
var workerEnvironment = []string{"GOMEMLIMIT=400MiB", "GOMAXPROCS=2", "GODEBUG=x509negativeserial=1", "MALLOC_ARENA_MAX=1"}

// start starts a worker and waits until it is ready to read.
func start(ctx context.Context, arguments []string, told order) (*process, error) {
	message, err := json.Marshal(told)
	if err != nil {
		return nil, fmt.Errorf("order a worker: %w", err)
	}
	p, err := spawn(arguments, told.Limits)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	answer, err := p.exchange(ctx, nil, message)
	switch {
	case ctx.Err() != nil:
		p.kill()
		return nil, fmt.Errorf("start a worker: %w", context.Cause(ctx))
	case err != nil:
		p.kill()
		return nil, unstarted{fmt.Sprintf("%v: %s", err, p.errors)}
	case answer[0] != answerFacts:
		p.kill()
		return nil, fmt.Errorf("start a worker: %s", answer[1:])
	}
	p.spent, _, _ = usage(p.command.Process.Pid)
	return p, nil
}

// spawn starts the process, without a network where the system grants it.
func spawn(arguments []string, limits Limits) (*process, error) {
	var first error
	for level := 0; ; level++ {
		command := exec.Command(arguments[0], arguments[1:]...) //nolint:gosec // our own executable
		if !isolate(command, level) {
			return nil, fmt.Errorf("start a worker: %w", first)
		}
		command.Env = workerEnvironment
		command.Dir = os.TempDir()
		p := &process{command: command, errors: &tail{}, ended: make(chan struct{}), limits: limits}
		command.Stderr = p.errors
		in, err := command.StdinPipe()
		if err != nil {
			return nil, fmt.Errorf("start a worker: %w", err)
		}
		out, err := command.StdoutPipe()
		if err != nil {
			return nil, fmt.Errorf("start a worker: %w", err)
		}
		if err := command.Start(); err != nil {
			first = errors.Join(first, err)
			continue
		}
		p.in, p.out = in, bufio.NewReaderSize(out, 64<<10)
		return p, nil
	}
}

// read has the worker read a document. Its error is a killed, or ctx's.
func (p *process) read(ctx context.Context, data []byte) (reading, error) {
	p.spent, _, _ = usage(p.command.Process.Pid)
	answer, err := p.exchange(ctx, p.watch(), []byte{askFacts}, data)
	if err != nil {
		return reading{}, err
	}
	var found reading
	if answer[0] != answerFacts || json.Unmarshal(answer[1:], &found) != nil || len(found.Surfaces) != len(found.Facts.Pages) {
		return reading{}, killed{reasonCrash}
	}
	return found, nil
}

// raster has the worker draw a page, counted from 0, of the document that it
// read last. Its error is a killed, or ctx's.
func (p *process) raster(ctx context.Context, page int, scale float64) (*raster, error) {
	answer, err := p.exchange(ctx, p.watch(), []byte{askRaster}, rasterOrder(page, scale))
	if err != nil {
		return nil, err
	}
	if answer[0] != answerRaster {
		return nil, killed{reasonCrash}
	}
	picture, err := readRaster(answer[1:])
	if err != nil {
		return nil, killed{reasonCrash}
	}
	return picture, nil
}

// exchange sends a message and waits for the answer, of at least one byte,
// while looking after the process. A process that did not answer is dead.
func (p *process) exchange(ctx context.Context, look func() string, message ...[]byte) ([]byte, error) {
	type result struct {
		answer []byte
		err    error
	}
	done := make(chan result, 1)
	go func() {
		if err := writeFrame(p.in, message...); err != nil {
			done <- result{err: err}
			return
		}
		answer, err := readFrame(p.out, maxAnswer)
		if err == nil && len(answer) == 0 {
			err = io.ErrUnexpectedEOF
		}
		done <- result{answer, err}
	}()
	timer := time.NewTimer(firstLook)
	defer timer.Stop()
	for {
		select {
		case r := <-done:
			if r.err == nil {
				return r.answer, nil
			}
			p.kill()
			if errors.Is(r.err, errFrame) {
				return nil, killed{reasonMemory}
			}
			return nil, killed{p.cause()}
		case <-ctx.Done():
			p.kill()
			<-done
			return nil, fmt.Errorf("read a document: %w", context.Cause(ctx))
		case <-timer.C:
			if look != nil {
				if reason := look(); reason != "" {
					p.kill()
					<-done
					return nil, killed{reason}
				}
			}
			timer.Reset(nextLook)
		}
	}
}

// watch gives a look at the limits of the question that is asked now: the limit
// that is passed, or nothing.
func (p *process) watch() func() string {
	begun := time.Now()
	pid := p.command.Process.Pid
	return func() string {
		cpu, resident, ok := usage(pid)
		switch {
		case ok && cpu-p.spent > p.limits.Time:
			return reasonTime
		case ok && resident > memoryFactor*p.limits.Memory:
			return reasonMemory
		case time.Since(begun) > patience(p.limits.Time):
			return reasonTime
		}
		return ""
	}
}

// gone tells whether the process ended while nobody talked to it.
func (p *process) gone() bool {
	_, resident, ok := usage(p.command.Process.Pid)
	return ok && resident == 0
}

// cause tells why a process ended by itself.
func (p *process) cause() string {
	state := p.command.ProcessState
	switch {
	case state != nil && state.ExitCode() == exitTime:
		return reasonTime
	case p.errors.contains("out of memory") || p.errors.contains("cannot allocate memory"):
		return reasonMemory
	}
	return reasonCrash
}

// kill ends the process, if it still runs, and waits until it is gone.
func (p *process) kill() {
	_ = p.command.Process.Kill() // it may be gone already
	p.wait()
}

// stop lets an idle process end by itself, and kills it when it does not.
func (p *process) stop() {
	_ = p.in.Close()
	timer := time.AfterFunc(5*time.Second, func() { _ = p.command.Process.Kill() })
	defer timer.Stop()
	p.wait()
}

func (p *process) wait() {
	select {
	case <-p.ended:
	default:
		_ = p.command.Wait() // how it ended is asked of its state
		close(p.ended)
	}
}

// tail keeps the first kilobytes of what a worker says in its distress; it
// serves to tell memory from a crash and never reaches a log with a document.
type tail struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

const tailBytes = 4 << 10

func (t *tail) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if room := tailBytes - t.text.Len(); room > 0 {
		t.text.Write(text[:min(room, len(text))])
	}
	return len(text), nil
}

func (t *tail) contains(text string) bool {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return bytes.Contains(t.text.Bytes(), []byte(text))
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(bytes.TrimSpace(t.text.Bytes()))
}
