package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/landlock-lsm/go-landlock/landlock/syscall"

	"guichet/pipeline/document"
)

// confinementOfWorkers looks, from outside, at what is in force for a worker of
// this process; there must be one.
func confinementOfWorkers() confinement {
	found := confinement{cure: "documents are held by the other limits meanwhile; "}
	note := func(inForce bool, what, cure string) {
		if inForce {
			found.inForce = append(found.inForce, what)
			return
		}
		found.missing = append(found.missing, what)
		found.cure += cure
	}
	worker := worker()
	abi, err := syscall.LandlockGetABIVersion()
	status := procFile(worker, "status")
	note(err == nil && abi > 0 && strings.Contains(status, "NoNewPrivs:\t1"), fmt.Sprintf("no files (landlock %d)", abi),
		"files: a kernel from 5.13 with landlock among its lsm= modules; ")
	ours, err1 := os.Readlink("/proc/self/ns/net")
	theirs, err2 := os.Readlink("/proc/" + worker + "/ns/net")
	note(err1 == nil && err2 == nil && ours != theirs, "no network (a namespace)",
		"network: let the user make namespaces (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces above 0); ")
	limits := procFile(worker, "limits")
	note(limitedTo(limits, "Max address space"), "address space", "a system that keeps limits (RLIMIT_AS); ")
	note(limitedTo(limits, "Max cpu time"), "CPU time", "a system that keeps limits (RLIMIT_CPU); ")
	found.cure = strings.TrimSuffix(found.cure, "; ")
	return found
}

// worker gives the process number of a worker that this process started; empty
// when none is found.
func worker() string {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return ""
	}
	parent := "PPid:\t" + strconv.Itoa(os.Getpid()) + "\n"
	for _, entry := range entries {
		pid := entry.Name()
		if pid[0] < '0' || pid[0] > '9' || !strings.Contains(procFile(pid, "status"), parent) {
			continue
		}
		if arguments := strings.Split(procFile(pid, "cmdline"), "\x00"); len(arguments) > 1 && arguments[1] == document.WorkerArg {
			return pid
		}
	}
	return ""
}

// procFile reads what the system tells of a process; empty when it does not.
func procFile(pid, name string) string {
	text, err := os.ReadFile("/proc/" + pid + "/" + name) //nolint:gosec // a process's number
	if err != nil {
		return ""
	}
	return string(text)
}

// limitedTo tells whether /proc/PID/limits knows a soft limit.
func limitedTo(limits, name string) bool {
	for line := range strings.Lines(limits) {
		if rest, ok := strings.CutPrefix(line, name); ok {
			fields := strings.Fields(rest)
			return len(fields) > 0 && fields[0] != "unlimited"
		}
	}
	return false
}
