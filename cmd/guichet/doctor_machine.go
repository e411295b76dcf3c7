package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"

	"guichet/pipeline/claim"
	"guichet/pipeline/ledger"
)

// Free space below which a disk is told: little is a warning, next to nothing
// a fault.
const (
	littleSpace = 1 << 30  // 1 GiB
	noSpace     = 64 << 20 // 64 MiB
)

const clockCure = "set the clock of this machine (NTP): reception times and deadlines go by it"

// clock looks at the time and the time zone of the call.
func (d *doctor) clock() {
	now := time.Now()
	if built, how := built(); now.Before(built) {
		d.fault("clock", clockCure, "it is %s, before %s (%s)", minute(now), how, minute(built))
		return
	}
	for _, c := range []struct{ month, want int }{{1, 3600}, {7, 7200}} {
		at := time.Date(2023, time.Month(c.month), 15, 12, 0, 0, 0, time.UTC)
		if _, offset := at.In(claim.Paris).Zone(); offset != c.want {
			d.fault("clock", "mend the time zones of this machine (Debian: tzdata)",
				"Europe/Paris is %d s from UTC on %s, and should be %d s", offset, at.Format(time.DateOnly), c.want)
			return
		}
	}
	d.ok("clock", "%s in Europe/Paris", minute(now))
}

// built tells when this program was made, or put here.
func built() (at time.Time, how string) {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if at, err := time.Parse(time.RFC3339, setting.Value); setting.Key == "vcs.time" && err == nil {
				return at, "the sources of this program"
			}
		}
	}
	executable, err := os.Executable()
	if err != nil {
		return time.Time{}, ""
	}
	info, err := os.Stat(executable)
	if err != nil {
		return time.Time{}, ""
	}
	return info.ModTime(), "the file of this program"
}

// ledger looks at the ledger.
func (d *doctor) ledger() {
	const check = "ledger"
	book, err := limited(d.ctx, lookWithin, func(ctx context.Context) (*ledger.Condition, error) {
		return ledger.Examine(ctx, d.settings.Ledger.URL)
	})
	if err != nil {
		d.fault(check, "look at ledger.url; put back the last backup where the file is damaged", "%v", err)
		return
	}
	folder, paths := filepath.Dir(book.File), []string{filepath.Dir(book.File)}
	if book.Exists {
		paths = append(paths, book.File)
	}
	err = d.writable(paths...)
	switch {
	case err != nil:
		d.fault(check, "make the folder and let the user that guichet runs as write there", "%v", err)
	case book.Version > book.Known:
		d.fault(check, "install the guichet that wrote it, or a later one", "%s: its tables are of version %d, this guichet knows %d", book.File, book.Version, book.Known)
		return
	case !book.Exists:
		d.ok(check, "%s: none yet, the first run makes it", book.File)
	case book.Version < book.Known:
		d.warn(check, "back the ledger up; the next run brings it to this version", "%s: its tables are of version %d, this guichet makes version %d", book.File, book.Version, book.Known)
	default:
		d.ok(check, "%s, version %d, %s", book.File, book.Version, size(book.Size))
	}
	d.book = book
	d.space("ledger disk", folder, littleSpace)
	d.lastRun(book)
}

// writable tells why files or folders cannot be read and written.
func (d *doctor) writable(paths ...string) error {
	_, err := limited(d.ctx, lookWithin, func(context.Context) (none struct{}, err error) {
		for _, path := range paths {
			if err := unix.Access(path, unix.R_OK|unix.W_OK); err != nil {
				return none, fmt.Errorf("%s: %w", path, err)
			}
		}
		return none, nil
	})
	return err
}

// lastRun tells who holds the ledger and how the last run ended.
func (d *doctor) lastRun(book *ledger.Condition) {
	if holder := book.Holder; holder != nil {
		d.warn("lock", "wait for it: guichet run --wait 30m", "held by process %d on %s since %s", holder.PID, holder.Host, minute(holder.Since))
	} else {
		d.ok("lock", "nobody holds the ledger")
	}
	const check = "last run"
	last := book.LastRun
	if last == nil {
		d.ok(check, "none yet")
		return
	}
	age := time.Since(last.Started)
	told := fmt.Sprintf("run %d of %s, by %s: %s", last.Number, minute(last.Started), last.Software, last.State)
	switch {
	case age < -time.Minute:
		d.fault(check, clockCure, "%s; that is in the future", told)
	case last.State == ledger.Running && book.Holder == nil:
		d.warn(check, "guichet run goes on from there", "%s, but no run is under way: it was killed", told)
	case last.State == ledger.Failed:
		d.warn(check, "mend what its log names, then guichet run", "%s", told)
	case age > 48*time.Hour:
		d.warn(check, "look at the timer that starts guichet run", "%s, %s ago", told, days(age))
	default:
		d.ok(check, "%s", told)
	}
}

// space tells how much of a disk is free.
func (d *doctor) space(check, folder string, wanted int64) {
	free, err := limited(d.ctx, lookWithin, func(context.Context) (int64, error) {
		var disk unix.Statfs_t
		if err := unix.Statfs(folder, &disk); err != nil {
			return 0, err
		}
		return int64(disk.Bavail) * int64(disk.Bsize), nil //nolint:gosec,unconvert // the types differ between systems
	})
	switch {
	case err != nil:
		d.fault(check, "make the folder, or mount what belongs there", "%s: %v", folder, err)
	case free < noSpace:
		d.fault(check, "make room there", "%s: %s free", folder, size(free))
	case free < wanted:
		d.warn(check, "make room there, "+size(wanted)+" at least", "%s: %s free", folder, size(free))
	default:
		d.ok(check, "%s: %s free", folder, size(free))
	}
}

// temporary looks at the folder of temporary files, where ZIP deliveries are
// kept while they are read.
func (d *doctor) temporary() {
	const check = "temporary files"
	folder := os.TempDir()
	name, err := limited(d.ctx, lookWithin, func(context.Context) (string, error) {
		file, err := os.CreateTemp("", "guichet-doctor-")
		if err != nil {
			return "", err
		}
		return file.Name(), errors.Join(file.Close(), os.Remove(file.Name()))
	})
	if err != nil {
		d.fault(check, "make the folder writable, or name another by TMPDIR", "%s: %v", cmp.Or(name, folder), err)
		return
	}
	d.space(check, folder, int64(d.settings.Limits.ZIPBytes))
}

// memory compares what the workers may take with what there is.
func (d *doctor) memory() {
	workers := d.settings.Workers
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	each := int64(d.settings.Limits.DocumentMemory)
	there := machineMemory()
	told := fmt.Sprintf("%s of %s at most", plural(workers, "worker", "workers"), size(each))
	switch {
	case there == 0:
		d.ok("memory", "%s; this system does not tell how much there is", told)
	case int64(workers)*each > there:
		d.warn("memory", fmt.Sprintf("set workers to %d, or give the machine more", max(1, there/each)), "%s, and there are %s in all", told, size(there))
	default:
		d.ok("memory", "%s, of %s in all", told, size(there))
	}
}

// machineMemory gives the bytes of memory that this process and its children
// may take, by the machine's and its control group's measure; 0 when the
// system does not tell.
func machineMemory() int64 {
	var total int64
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemTotal:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
			if err == nil {
				total = kib << 10
			}
		}
	}
	group, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return total
	}
	_, path, _ := strings.Cut(strings.TrimSpace(string(group)), "0::")
	limit, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", path, "memory.max")) //nolint:gosec // the system names it
	if err != nil {
		return total
	}
	if most, err := strconv.ParseInt(strings.TrimSpace(string(limit)), 10, 64); err == nil && most < total {
		return most
	}
	return total
}

func size(bytes int64) string { return humanize.IBytes(uint64(max(bytes, 0))) } //nolint:gosec // not below 0

// days tells an age roughly.
func days(age time.Duration) string {
	if age < 48*time.Hour {
		return plural(int(age.Hours()), "hour", "hours")
	}
	return fmt.Sprintf("%d days", int(age.Hours())/24)
}
