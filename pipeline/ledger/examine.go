package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"syscall"
	"time"

	"github.com/pressly/goose/v3"

	"guichet/pipeline/claim"
)

// Condition is what can be told of a ledger from outside, without making it,
// bringing its tables to this version, or being in a run's way.
type Condition struct {
	File   string // absolute path
	Exists bool   // else nothing but File is told
	Size   int64  // bytes on disk, its write-ahead log included
	// Version is that of its tables, 0 when it has none; Known is that of this
	// guichet. A ledger of a later version has no more to tell.
	Version, Known int64
	Holder         *Holder              // who holds it; nil: nobody
	LastRun        *RunRecord           // nil: there was none
	Registers      []claim.RegisterInfo // of the last run that used any, by name
}

// RunRecord is what the ledger tells of a run.
type RunRecord struct {
	Number   int
	Started  time.Time
	Software string
	State    RunState
}

// Examine looks at the ledger of a URL and changes nothing. A ledger of a later
// version is no error: see [Condition.Version].
func Examine(ctx context.Context, rawURL string) (c *Condition, err error) {
	path, err := filePath(rawURL)
	if err != nil {
		return nil, err
	}
	c = &Condition{File: path}
	if c.Known, err = known(); err != nil {
		return nil, err
	}
	for _, suffix := range []string{"", "-wal"} {
		info, err := os.Stat(path + suffix)
		switch {
		case errors.Is(err, fs.ErrNotExist) && suffix == "":
			return c, nil
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return nil, fmt.Errorf("ledger: %w", err)
		case !info.Mode().IsRegular():
			return nil, fmt.Errorf("%w: %s is no file", ErrURL, path)
		default:
			c.Size += info.Size()
		}
	}
	c.Exists = true
	if c.Holder, err = holderOf(path + ".lock"); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?mode=ro&_pragma=busy_timeout(%d)", (&url.URL{Path: path}).EscapedPath(), busyTimeout.Milliseconds()))
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return c, c.read(ctx, db)
}

// read asks the tables.
func (c *Condition) read(ctx context.Context, db *sql.DB) error {
	number := func(text string) (n int64, err error) {
		if err := db.QueryRowContext(ctx, text).Scan(&n); err != nil {
			return 0, fmt.Errorf("ledger %s: %w", c.File, err)
		}
		return n, nil
	}
	tables, err := number(`SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'`)
	if err != nil || tables == 0 {
		return err
	}
	if c.Version, err = number(`SELECT coalesce(max(version_id), 0) FROM goose_db_version`); err != nil || c.Version == 0 || c.Version > c.Known {
		return err
	}
	last, found, err := first(query(ctx, db, func(rows *sql.Rows) (r RunRecord, err error) {
		var started string
		if err := rows.Scan(&r.Number, &started, &r.Software, &r.State); err != nil {
			return r, err
		}
		r.Started, err = parseInstant(started)
		return r, err
	}, `SELECT number, started, software, state FROM runs ORDER BY number DESC LIMIT 1`))
	if err != nil {
		return err
	}
	if found {
		c.LastRun = &last
	}
	c.Registers, err = (&Ledger{reader: db}).LastRegisters(ctx)
	return err
}

// known gives the version of the tables that this guichet makes.
func known() (last int64, err error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return 0, fmt.Errorf("ledger: %w", err)
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return 0, fmt.Errorf("ledger: %w", err)
		}
		last = max(last, version)
	}
	return last, nil
}

// holderOf tells who holds the lock of a lock file. A run that ends empties the
// file: only where a name stands is the lock itself tried, for an instant in
// which a run that begins would find it taken, since that name may be of a
// process that died.
func holderOf(file string) (*Holder, error) {
	lock, err := os.Open(file) //nolint:gosec // beside the ledger that the operator names
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	defer lock.Close() //nolint:errcheck // only read
	info, err := lock.Stat()
	if err != nil || info.Size() == 0 {
		return nil, err
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) //nolint:gosec // a descriptor fits an int
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := readHolder(lock)
		return &holder, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	return nil, nil
}
