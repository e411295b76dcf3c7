package document

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// trespasserArg makes the test's executable a worker that a document has taken
// over: it is started and confined as a worker is, and then does what it is
// asked.
const trespasserArg = "document-trespasser"

func init() {
	if len(os.Args) == 2 && os.Args[1] == trespasserArg {
		fmt.Fprintln(os.Stderr, trespass(os.Stdin, os.Stdout))
		os.Exit(1)
	}
}

// trespass does as work does, up to the first question; each question is then
// what to try and where.
func trespass(in io.Reader, out io.Writer) error {
	if err := limitAddressSpace(); err != nil {
		return err
	}
	message, err := readFrame(in, maxFrame)
	if err != nil {
		return err
	}
	var told order
	if err := json.Unmarshal(message, &told); err != nil {
		return err
	}
	confine()
	if err := writeFrame(out, []byte{answerFacts}); err != nil {
		return err
	}
	for {
		question, err := readFrame(in, maxFrame)
		if err != nil {
			return err
		}
		if err := limitTime(told.Limits.Time); err != nil {
			return err
		}
		what, where, _ := strings.Cut(string(question), " ")
		result := make(chan string)
		go func() { // landlock and its like hold for threads
			runtime.LockOSThread()
			result <- trespasses[what](where)
		}()
		if err := writeFrame(out, []byte{answerFacts}, []byte(<-result)); err != nil {
			return err
		}
	}
}

// trespasses are what is tried; each says why it did not succeed, or nothing.
var trespasses = map[string]func(where string) string{
	"read": func(path string) string {
		_, err := os.ReadFile(path)
		return said(err)
	},
	"list": func(path string) string {
		_, err := os.ReadDir(path)
		return said(err)
	},
	"write":  func(path string) string { return said(os.WriteFile(path, []byte("x"), 0o600)) },
	"remove": func(path string) string { return said(os.Remove(path)) },
	"run":    func(path string) string { return said(exec.Command(path).Run()) },
	"tcp":    func(address string) string { return dial("tcp", address) },
	"udp":    func(address string) string { return dial("udp", address) },
	"unix":   func(address string) string { return dial("unix", address) },
	// Multipath TCP is none of the protocols that landlock knows.
	"mptcp": func(address string) string {
		dialer := net.Dialer{Timeout: 5 * time.Second}
		dialer.SetMultipathTCP(true)
		connection, err := dialer.Dial("tcp", address)
		if err == nil {
			_, err = connection.Write([]byte("x"))
		}
		return said(err)
	},
	"environment": func(string) string { return strings.Join(os.Environ(), " ") },
	"map": func(string) string {
		_, err := unix.Mmap(-1, 0, addressSpace, unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON)
		return said(err)
	},
	"fill": func(string) string {
		var all [][]byte
		for {
			all = append(all, bytes.Repeat([]byte{1}, 1<<20))
			if len(all) > 4<<10 {
				return ""
			}
		}
	},
	"spin": func(string) string {
		for {
			runtime.Gosched()
		}
	},
	"shout": func(string) string {
		for range 100 {
			_, err := os.Stderr.Write(bytes.Repeat([]byte("x"), 1<<20))
			if err != nil {
				return said(err)
			}
		}
		return "100 MiB said"
	},
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func dial(network, address string) string {
	connection, err := net.DialTimeout(network, address, 5*time.Second)
	if err == nil {
		_, err = connection.Write([]byte("x"))
	}
	return said(err)
}

// trespasser starts such a worker.
func trespasser(t *testing.T, limits Limits) *process {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	worker, err := start(context.Background(), []string{executable, trespasserArg}, order{Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(worker.kill)
	return worker
}

func ask(t *testing.T, worker *process, question string) string {
	t.Helper()
	answer, err := worker.exchange(context.Background(), nil, []byte(question))
	if err != nil {
		t.Fatal(err)
	}
	return string(answer[1:])
}

// TestConfinement has a worker that is in a document's hands try what it must
// not: this process can do each of these things.
func TestConfinement(t *testing.T) {
	files, network := kernelConfines(t)
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o644); err != nil {
		t.Fatal(err)
	}
	stream, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	packets, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer packets.Close()
	abstract := fmt.Sprintf("@guichet-test-%d", os.Getpid())
	local, err := net.Listen("unix", abstract)
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close()
	worker := trespasser(t, testLimits)
	isolated := isolatedNetwork(t, worker)
	for _, test := range []struct {
		name, question string
		holds          bool // the kernel is able to
	}{
		{"a file", "read " + secret, files},
		{"a file of the system", "read /etc/passwd", files},
		{"its own executable", "read /proc/self/exe", files},
		{"a folder", "list /", files},
		{"a new file", "write " + filepath.Join(dir, "new"), files},
		{"a file's end", "remove " + secret, files},
		{"a command", "run /bin/true", files},
		{"a connection", "tcp " + stream.Addr().String(), network || isolated},
		{"a connection by several ways", "mptcp " + stream.Addr().String(), isolated},
		{"a packet", "udp " + packets.LocalAddr().String(), isolated},
		{"a local socket", "unix " + abstract, isolated},
	} {
		t.Run(test.name, func(t *testing.T) {
			what, where, _ := strings.Cut(test.question, " ")
			if what != "remove" {
				if why := trespasses[what](where); why != "" {
					t.Fatalf("this process cannot do it either: %s", why)
				}
			}
			if what == "write" {
				if err := os.Remove(where); err != nil {
					t.Fatal(err)
				}
			}
			if !test.holds {
				t.Skip("this kernel has no means to keep a worker from it")
			}
			why := ask(t, worker, test.question)
			if why == "" {
				t.Error("the worker could do it")
			}
			t.Log(why)
		})
	}
}

// kernelConfines tells what landlock can do here: files from its first version
// on, TCP from the fourth.
func kernelConfines(t *testing.T) (files, network bool) {
	t.Helper()
	const askVersion = 1
	version, _, failure := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, askVersion)
	if failure != 0 {
		t.Logf("no landlock: %v", failure)
		return false, false
	}
	t.Logf("landlock, version %d", version)
	return version >= 1, version >= 4
}

// isolatedNetwork tells whether the system granted the worker a network of its own.
func isolatedNetwork(t *testing.T, worker *process) bool {
	t.Helper()
	own, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	its, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", worker.command.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("network of its own: %v", own != its)
	return own != its
}

// A worker sees nothing of its parent's environment.
func TestWorkerEnvironment(t *testing.T) {
	t.Setenv("GUICHET_TEST_SECRET", "secret")
	seen := strings.Fields(ask(t, trespasser(t, testLimits), "environment"))
	if !slices.Equal(seen, workerEnvironment) {
		t.Errorf("it sees %q; want %q", seen, workerEnvironment)
	}
}

// The limits hold a worker whose parent does not look.
func TestLimitsWithoutParent(t *testing.T) {
	limits := testLimits
	limits.Time = time.Second
	for _, test := range []struct{ question, reason string }{
		{"fill ", reasonMemory},
		{"spin ", reasonTime},
	} {
		t.Run(test.question, func(t *testing.T) {
			if test.reason == reasonMemory && memoryFactor > 1 {
				t.Skip("the race detector maps more than any limit allows")
			}
			_, err := trespasser(t, limits).exchange(context.Background(), nil, []byte(test.question))
			if death := (killed{}); !errors.As(err, &death) || death.reason != test.reason {
				t.Errorf("%v; want it dead for its %s", err, test.reason)
			}
		})
	}
	t.Run("map", func(t *testing.T) {
		if memoryFactor > 1 {
			t.Skip("the race detector maps more than any limit allows")
		}
		if why := ask(t, trespasser(t, limits), "map "); why == "" {
			t.Errorf("it could map %d bytes more than it had", addressSpace)
		}
	})
}

// The parent ends a worker that passes a limit before the worker's own end.
func TestLimitsOfParent(t *testing.T) {
	limits := testLimits
	limits.Time, limits.Memory = 300*time.Millisecond, 64<<20
	for _, test := range []struct{ question, reason string }{
		{"fill ", reasonMemory},
		{"spin ", reasonTime},
	} {
		t.Run(test.question, func(t *testing.T) {
			worker := trespasser(t, limits)
			_, err := worker.exchange(context.Background(), worker.watch(), []byte(test.question))
			if death := (killed{}); !errors.As(err, &death) || death.reason != test.reason {
				t.Errorf("%v; want it dead for its %s", err, test.reason)
			}
		})
	}
}

// Of what a worker shouts, its parent keeps no more than the first words.
func TestShoutingWorker(t *testing.T) {
	worker := trespasser(t, testLimits)
	if got := ask(t, worker, "shout "); got != "100 MiB said" {
		t.Errorf("it was stopped: %s", got)
	}
	if kept := len(worker.errors.String()); kept > tailBytes {
		t.Errorf("%d bytes kept; want at most %d", kept, tailBytes)
	}
}
