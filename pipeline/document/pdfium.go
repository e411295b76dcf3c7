package document

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// wasmPages is the memory that pdfium may use: 128 MiB in WebAssembly pages.
const wasmPages = 128 << 20 / wasmPage

const wasmPage = 64 << 10

// errTrap is how every failure inside the sandbox ends: the instance is unfit
// for further use. errSandboxMemory is the trap of a full memory.
var (
	errTrap          = errors.New("pdfium stopped")
	errSandboxMemory = fmt.Errorf("%w: its memory is full", errTrap)
)

// sandbox is one compiled pdfium and at most one instance of it. The module's
// exported functions are called directly: a page has thousands of characters,
// and go-pdfium's own calls cost twenty times as much each.
type sandbox struct {
	pool     pdfium.Pool
	instance pdfium.Pdfium
	captured *moduleCapture

	module    api.Module
	functions map[string]api.Function
	scratch   uint32 // 256 bytes for results
	initial   []byte // the memory of a new instance, up to its last byte that is not zero
	stack     [12]uint64
	known     []knownLook // what letters look like
}

// moduleCapture learns of the module that go-pdfium instantiates, through the
// only hook that wazero offers: a listener on the module's start function.
type moduleCapture struct{ module api.Module }

func (c *moduleCapture) NewFunctionListener(definition api.FunctionDefinition) experimental.FunctionListener {
	for _, name := range definition.ExportNames() {
		if name == "_initialize" {
			return c
		}
	}
	return nil
}

func (c *moduleCapture) Before(_ context.Context, module api.Module, _ api.FunctionDefinition, _ []uint64, _ experimental.StackIterator) {
	c.module = module
}

func (c *moduleCapture) After(context.Context, api.Module, api.FunctionDefinition, []uint64) {}

func (c *moduleCapture) Abort(context.Context, api.Module, api.FunctionDefinition, error) {}

// linearMemory is the memory of the instances that follow upon each other, of
// which there is one at a time: all that it may take is set aside at once, since
// growing by copying takes twice as much of the worker's address space.
type linearMemory struct {
	memory []byte
	used   int
}

// Allocate gives the memory as it is when new.
func (m *linearMemory) Allocate(uint64, uint64) experimental.LinearMemory {
	if m.memory == nil {
		m.memory = make([]byte, wasmPages*wasmPage)
	}
	clear(m.memory[:m.used])
	m.used = 0
	return m
}

// Reallocate gives its first bytes; nil when it has not as many.
func (m *linearMemory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.memory)) {
		return nil
	}
	m.used = max(m.used, int(size)) //nolint:gosec // at most its length
	return m.memory[:size:size]
}

// Free keeps it for the next instance.
func (m *linearMemory) Free() {}

// newSandbox compiles pdfium, or loads it from the compilation cache in dir.
func newSandbox(dir string) (*sandbox, error) {
	cache, err := wazero.NewCompilationCacheWithDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open the compilation cache: %w", err)
	}
	captured := &moduleCapture{}
	pool, err := webassembly.Init(webassembly.Config{
		Context: experimental.WithMemoryAllocator(
			experimental.WithFunctionListenerFactory(context.Background(), captured),
			&linearMemory{},
		),
		MaxTotal: 1,
		MaxIdle:  1,
		FSConfig: wazero.NewFSConfig(), // pdfium sees no file: the same text on every machine, whatever its fonts
		RuntimeConfig: wazero.NewRuntimeConfig().
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling).
			WithMemoryLimitPages(wasmPages).
			WithCompilationCache(cache),
		Stdout: io.Discard,
		Stderr: io.Discard,
	})
	if err != nil {
		return nil, fmt.Errorf("compile pdfium: %w", err)
	}
	s := &sandbox{pool: pool, captured: captured}
	return s, s.renew()
}

// renew throws the instance away, if there is one, and makes another.
func (s *sandbox) renew() error {
	if s.instance != nil {
		_ = s.instance.Kill() // a trapped instance has nothing sane to say
		s.instance, s.captured.module = nil, nil
	}
	instance, err := s.pool.GetInstance(time.Minute)
	if err != nil {
		return fmt.Errorf("start pdfium: %w", err)
	}
	if s.captured.module == nil {
		return errors.New("start pdfium: its module could not be reached")
	}
	s.instance, s.module = instance, s.captured.module
	s.functions = map[string]api.Function{}
	scratch, err := s.call("malloc", 256)
	if err != nil {
		return err
	}
	s.scratch = uint32(scratch) //nolint:gosec // addresses have 32 bits there
	s.initial = bytes.Clone(bytes.TrimRight(s.memory(), "\x00"))
	return nil
}

// wornBytes is a memory that is rather thrown away than cleared: 64 MiB.
const wornBytes = 64 << 20

// reset makes the instance as it was when new, four times faster than renew.
// It is for between calls: then all of its state is in its memory.
func (s *sandbox) reset() error {
	memory := s.memory()
	if len(memory) > wornBytes {
		return s.renew()
	}
	clear(memory[copy(memory, s.initial):])
	return nil
}

// memory is a view of all of the sandbox's memory, valid until the next call.
func (s *sandbox) memory() []byte {
	memory := s.module.Memory()
	view, _ := memory.Read(0, memory.Size())
	return view
}

// trap carries a failure inside the sandbox up to the document's reading: what
// a half-read page holds is of no use to anyone in between.
type trap struct{ err error }

// call calls an exported function of pdfium.
func (s *sandbox) call(name string, arguments ...uint64) (uint64, error) {
	function := s.functions[name]
	if function == nil {
		function = s.module.ExportedFunction(name)
		if function == nil {
			return 0, fmt.Errorf("%w: it has no function %s", errTrap, name)
		}
		s.functions[name] = function
	}
	copy(s.stack[:], arguments)
	if err := function.CallWithStack(context.Background(), s.stack[:]); err != nil {
		if s.full() {
			return 0, errSandboxMemory
		}
		return 0, fmt.Errorf("%w: %s", errTrap, name)
	}
	return s.stack[0], nil
}

// full tells whether the sandbox's memory has grown to near its limit.
func (s *sandbox) full() bool {
	return s.module.Memory().Size() > wasmPages*wasmPage*3/4
}

// do is call for use inside guard.
func (s *sandbox) do(name string, arguments ...uint64) uint64 {
	result, err := s.call(name, arguments...)
	if err != nil {
		panic(trap{err})
	}
	return result
}

// guard runs f and gives the trap that ended it, if one did.
func guard(f func()) (err error) {
	defer func() {
		if recovered := recover(); recovered != nil {
			trapped, ok := recovered.(trap)
			if !ok {
				panic(recovered)
			}
			err = trapped.err
		}
	}()
	f()
	return nil
}

// signed reads a C int.
func signed(result uint64) int { return int(int32(uint32(result))) } //nolint:gosec // the reinterpretation is the point

// float reads a C float.
func float(result uint64) float64 { return float64(math.Float32frombits(uint32(result))) } //nolint:gosec // idem

// cInt passes a C int.
func cInt(value int) uint64 { return uint64(uint32(int32(value))) } //nolint:gosec // the reinterpretation is the point

// cFloat passes a C float.
func cFloat(value float64) uint64 { return uint64(math.Float32bits(float32(value))) }

// keep copies bytes into the sandbox.
func (s *sandbox) keep(data []byte) uint64 {
	pointer := s.do("malloc", uint64(len(data)))
	if pointer == 0 || !s.module.Memory().Write(uint32(pointer), data) { //nolint:gosec // addresses have 32 bits there
		panic(trap{errSandboxMemory})
	}
	return pointer
}

// bytes gives a view of the sandbox's memory, valid until the next call.
func (s *sandbox) bytes(pointer uint64, length int) []byte {
	view, ok := s.module.Memory().Read(uint32(pointer), uint32(length)) //nolint:gosec // addresses have 32 bits there
	if !ok {
		panic(trap{fmt.Errorf("%w: an address outside its memory", errTrap)})
	}
	return view
}

// at is the address of the i-th 8-byte cell of the scratch memory.
func (s *sandbox) at(i int) uint64 { return uint64(s.scratch) + uint64(i)*8 } //nolint:gosec // i is a small constant

// float32s reads C floats from the scratch memory.
func (s *sandbox) float32s(n int) []float64 {
	raw := s.bytes(uint64(s.scratch), 4*n)
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:])))
	}
	return values
}

// float64s reads C doubles from the scratch memory.
func (s *sandbox) float64s(n int) []float64 {
	raw := s.bytes(uint64(s.scratch), 8*n)
	values := make([]float64, n)
	for i := range values {
		values[i] = math.Float64frombits(binary.LittleEndian.Uint64(raw[8*i:]))
	}
	return values
}

// tidy closes a handle. It is for defer: after a trap the instance is thrown
// away, and there is nothing to close.
func (s *sandbox) tidy(name string, h handle) { _, _ = s.call(name, uint64(h)) }

// release is free for defer.
func (s *sandbox) release(pointer uint64) { _, _ = s.call("free", pointer) }

// float32Cells reads C floats that stand alone in 8-byte cells.
func (s *sandbox) float32Cells(n int) []float64 {
	raw := s.bytes(uint64(s.scratch), 8*n)
	values := make([]float64, n)
	for i := range values {
		values[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(raw[8*i:])))
	}
	return values
}
