package document

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
)

// addressSpace is what a worker may map: 2 GiB. pdfium's machine code and the
// memory that WebAssembly reserves take most of it.
const addressSpace = 2 << 30

// limitAddressSpace holds this worker's memory, whatever a document asks for.
func limitAddressSpace() error {
	if memoryFactor > 1 {
		return nil
	}
	limit := unix.Rlimit{Cur: addressSpace, Max: addressSpace}
	if err := unix.Setrlimit(unix.RLIMIT_AS, &limit); err != nil {
		return fmt.Errorf("limit the worker's address space: %w", err)
	}
	return nil
}

var watchCPU sync.Once

// limitTime ends this worker a second after the document to come has used up
// its CPU time, should the parent not have done so.
func limitTime(cpu time.Duration) error {
	watchCPU.Do(func() {
		exceeded := make(chan os.Signal, 1)
		signal.Notify(exceeded, unix.SIGXCPU)
		go func() {
			<-exceeded
			os.Exit(exitTime)
		}()
	})
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		return fmt.Errorf("ask for the worker's CPU time: %w", err)
	}
	used := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CPU, &limit); err != nil {
		return fmt.Errorf("ask for the worker's limit of CPU time: %w", err)
	}
	limit.Cur = min(uint64((used+cpu)/time.Second)+2, limit.Max) //nolint:gosec // no negative duration here
	if err := unix.Setrlimit(unix.RLIMIT_CPU, &limit); err != nil {
		return fmt.Errorf("limit the worker's CPU time: %w", err)
	}
	return nil
}

// confine takes all files and the network from this worker, as far as the
// kernel knows how; it holds for what is open that it stays open.
func confine() {
	_ = landlock.V11.BestEffort().Restrict() // the other limits hold without it
}

// isolations are the ways to start a worker without a network, best first.
var isolations = []func() *syscall.SysProcAttr{
	func() *syscall.SysProcAttr { return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET} },
	func() *syscall.SysProcAttr {
		return &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}},
		}
	},
	func() *syscall.SysProcAttr { return nil },
}

// isolate sets how a command is cut off from the network, the level-th best
// way; false when there are no more.
func isolate(command *exec.Cmd, level int) bool {
	if level >= len(isolations) {
		return false
	}
	command.SysProcAttr = isolations[level]()
	return true
}

// clockTick is the unit of CPU time in /proc: USER_HZ is 100 on every
// architecture that Go runs on.
const clockTick = 10 * time.Millisecond

// usage tells the CPU time and the resident memory of a process; false when
// the system does not tell.
func usage(pid int) (cpu time.Duration, resident int64, ok bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, 0, false
	}
	// The name in parentheses may hold anything, blanks included.
	_, after, found := bytes.Cut(stat[max(bytes.LastIndexByte(stat, ')'), 0):], []byte(" "))
	fields := bytes.Fields(after)
	if !found || len(fields) < 22 {
		return 0, 0, false
	}
	user, err1 := strconv.ParseInt(string(fields[11]), 10, 64)
	system, err2 := strconv.ParseInt(string(fields[12]), 10, 64)
	pages, err3 := strconv.ParseInt(string(fields[21]), 10, 64)
	if errors.Join(err1, err2, err3) != nil {
		return 0, 0, false
	}
	return time.Duration(user+system) * clockTick, pages * int64(os.Getpagesize()), true
}

// limitsOCR: tesseract is started through runConfined.
const limitsOCR = true

// runConfined makes this process tesseract, under limits: seconds of CPU time,
// the folder of its languages, then the command and its arguments. It returns
// only to say why it could not.
func runConfined(arguments []string) error {
	if len(arguments) < 3 {
		return errors.New("a confined command needs limits, a path and arguments")
	}
	seconds, err := strconv.ParseUint(arguments[0], 10, 32)
	if err != nil {
		return fmt.Errorf("read the limit of CPU time: %w", err)
	}
	data, path := arguments[1], arguments[2]
	// The other limits hold where the kernel does not know landlock.
	_ = landlock.V11.BestEffort().Restrict(
		landlock.RODirs("/usr", "/lib", "/lib64", "/bin", data).IgnoreIfMissing(),
		landlock.ROFiles(path, "/etc/ld.so.cache", "/etc/ld.so.preload").IgnoreIfMissing(),
		landlock.RWFiles("/dev/null").IgnoreIfMissing(),
	)
	for _, limit := range []struct {
		resource int
		most     uint64
	}{{unix.RLIMIT_CPU, seconds}, {unix.RLIMIT_CORE, 0}, {unix.RLIMIT_FSIZE, 0}} {
		if err := unix.Setrlimit(limit.resource, &unix.Rlimit{Cur: limit.most, Max: limit.most}); err != nil {
			return fmt.Errorf("limit a confined command: %w", err)
		}
	}
	return become(path, arguments[2:], os.Environ())
}

// become makes this process a command with a limited address space. Go itself
// has mapped more than that and could not go on under the limit, not even until
// [syscall.Exec] is through: the two calls follow upon each other.
func become(path string, arguments, environment []string) error {
	name, err1 := unix.BytePtrFromString(path)
	argv, err2 := syscall.SlicePtrFromStrings(arguments)
	envv, err3 := syscall.SlicePtrFromStrings(environment)
	if err := errors.Join(err1, err2, err3); err != nil {
		return fmt.Errorf("start %s: %w", path, err)
	}
	limit := unix.Rlimit{Cur: ocrAddressSpace, Max: ocrAddressSpace}
	runtime.LockOSThread()
	if _, _, failure := unix.RawSyscall6(unix.SYS_PRLIMIT64, 0, unix.RLIMIT_AS, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); failure != 0 { //nolint:gosec // system calls take addresses
		return fmt.Errorf("limit a confined command: %w", failure)
	}
	_, _, failure := unix.RawSyscall(unix.SYS_EXECVE,
		uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0]))) //nolint:gosec // idem
	return fmt.Errorf("start %s: %w", path, failure)
}
