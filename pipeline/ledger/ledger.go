package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"guichet/pipeline/claim"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Classes of errors.
var (
	// ErrURL is for a ledger URL that leads to no ledger of this version.
	ErrURL = errors.New("not a ledger that can be used")
	// ErrNewer is for a ledger written by a later version of guichet.
	ErrNewer = errors.New("the ledger was written by a later version of guichet")
	// ErrNoRun is for work that belongs to a run when none was started.
	ErrNoRun = errors.New("no run was started on this ledger")
)

// busyTimeout is how long a connection waits for another's transaction.
const busyTimeout = 10 * time.Second

// readers is the number of connections for look-ups.
const readers = 4

// Ledger is an open ledger.
type Ledger struct {
	path   string
	writer *sql.DB // one connection: SQLite has a single writer
	reader *sql.DB
	watch  Watch

	mu  sync.Mutex
	run run
}

// Phase is how far a transaction that writes has come.
type Phase string

// The phases of a transaction.
const (
	Beginning  Phase = "beginning"  // nothing is written
	Committing Phase = "committing" // all is written, nothing of it lasts yet
	Committed  Phase = "committed"  // all of it lasts
)

// Watch is told of each transaction that writes, by the name of what it does,
// as it comes to each phase: for traces, and for tests that stop the process
// there. It may be called by several goroutines at once.
type Watch func(transaction string, phase Phase)

// Watch has the ledger's transactions told from now on. It is called before
// the ledger is used.
func (l *Ledger) Watch(watch Watch) { l.watch = watch }

// Open opens the ledger of a URL, makes it when it is absent, and brings its
// tables to this version. A URL is sqlite:///absolute/path, sqlite://relative/path,
// or a bare path. Errors are ErrURL, ErrNewer, ErrLocked (its tables are of an
// earlier version and a run is using them), or name the file.
func Open(ctx context.Context, rawURL string) (*Ledger, error) {
	path, err := filePath(rawURL)
	if err != nil {
		return nil, err
	}
	// Made here first: SQLite would let others read it.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if err := file.Close(); err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	l := &Ledger{path: path, watch: func(string, Phase) {}}
	if l.writer, err = openPool(path, 1, "_txlock=immediate"); err != nil {
		return nil, err
	}
	if l.reader, err = openPool(path, readers, "_pragma=query_only(1)"); err != nil {
		return nil, errors.Join(err, l.writer.Close())
	}
	if err := l.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("ledger %s: %w", path, err), l.Close())
	}
	return l, nil
}

// filePath gives the file that a ledger URL names. A URL of another kind is
// not shown in the error: it may hold a password.
func filePath(rawURL string) (string, error) {
	scheme, rest, isURL := strings.Cut(rawURL, "://")
	path := rawURL
	if isURL {
		switch strings.ToLower(scheme) {
		case "sqlite":
		case "postgres", "postgresql":
			return "", fmt.Errorf("%w: a ledger in PostgreSQL is not in this version; use sqlite:///path/to/ledger.db", ErrURL)
		default:
			return "", fmt.Errorf("%w: the URL of a ledger starts with sqlite://", ErrURL)
		}
		var err error
		if path, err = url.PathUnescape(rest); err != nil {
			return "", fmt.Errorf("%w: %s: %w", ErrURL, rawURL, err)
		}
		if strings.ContainsAny(rest, "?#") {
			return "", fmt.Errorf("%w: %s: a ledger's URL has no parameters", ErrURL, rawURL)
		}
	}
	if strings.Trim(path, "/") == "" {
		return "", fmt.Errorf("%w: %q names no file; write sqlite:///path/to/ledger.db", ErrURL, rawURL)
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return absolute, nil
}

func openPool(path string, connections int, parameters string) (*sql.DB, error) {
	dsn := fmt.Sprintf("file:%s?_pragma=busy_timeout(%d)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&%s",
		(&url.URL{Path: path}).EscapedPath(), busyTimeout.Milliseconds(), parameters)
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, fmt.Errorf("ledger %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, nil
}

// migrate brings the tables to this version, alone.
func (l *Ledger) migrate(ctx context.Context) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, l.writer, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	version, target, err := l.version(ctx, provider)
	if err != nil || version == target {
		return err
	}
	lock, err := l.lockSoon(ctx)
	if err != nil {
		return fmt.Errorf("its tables must be brought to this version: %w", err)
	}
	_, err = provider.Up(ctx)
	return errors.Join(err, lock.Release())
}

func (l *Ledger) version(ctx context.Context, provider *goose.Provider) (version, target int64, err error) {
	sources := provider.ListSources()
	target = sources[len(sources)-1].Version
	// Asking goose would write its table into a ledger that somebody else is
	// about to make.
	var tables int
	if err := l.writer.QueryRowContext(ctx, `SELECT count(*) FROM sqlite_master WHERE name = 'goose_db_version'`).Scan(&tables); err != nil {
		return 0, 0, err
	}
	if tables == 0 {
		return 0, target, nil
	}
	if version, err = provider.GetDBVersion(ctx); err != nil {
		return 0, 0, err
	}
	if version > target {
		return 0, 0, fmt.Errorf("%w: its tables are of version %d, this guichet knows %d", ErrNewer, version, target)
	}
	return version, target, nil
}

// Close closes the ledger. A lock stays until it is released.
func (l *Ledger) Close() error {
	return errors.Join(l.reader.Close(), l.writer.Close())
}

// write runs f in a transaction of the single writer, named for those who watch.
func (l *Ledger) write(ctx context.Context, name string, f func(tx *sql.Tx) error) error {
	l.watch(name, Beginning)
	tx, err := l.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // after a commit it does nothing
	if err := f(tx); err != nil {
		return err
	}
	l.watch(name, Committing)
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	l.watch(name, Committed)
	return nil
}

// querier is what a pool of connections and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// query reads all rows of a query.
func query[T any](ctx context.Context, q querier, scan func(*sql.Rows) (T, error), text string, args ...any) ([]T, error) {
	var all []T
	err := each(ctx, q, func(rows *sql.Rows) error {
		row, err := scan(rows)
		all = append(all, row)
		return err
	}, text, args...)
	return all, err
}

// each calls f on each row of a query.
func each(ctx context.Context, q querier, f func(*sql.Rows) error, text string, args ...any) (err error) {
	rows, err := q.QueryContext(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	defer func() {
		if closing := rows.Close(); err == nil && closing != nil {
			err = fmt.Errorf("ledger: %w", closing)
		}
	}()
	for rows.Next() {
		if err := f(rows); err != nil {
			return fmt.Errorf("ledger: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("ledger: %w", err)
	}
	return nil
}

// chunk is how many values go into one statement at most. SQLite's time for
// numbered parameters grows with the square of their count.
const chunk = 140

// insert writes rows, many to a statement.
func insert(ctx context.Context, tx *sql.Tx, into string, columns int, rows [][]any, onConflict string) error {
	table, _, _ := strings.Cut(into, " ")
	perStatement := max(1, chunk/columns)
	whole := len(rows) - len(rows)%perStatement
	if whole > 0 {
		statement, err := tx.PrepareContext(ctx, insertion(into, columns, perStatement, onConflict))
		if err != nil {
			return fmt.Errorf("ledger: writing %s: %w", table, err)
		}
		defer func() { _ = statement.Close() }()
		for part := range slices.Chunk(rows[:whole], perStatement) {
			if _, err := statement.ExecContext(ctx, slices.Concat(part...)...); err != nil {
				return fmt.Errorf("ledger: writing %s: %w", table, err)
			}
		}
	}
	if rest := rows[whole:]; len(rest) > 0 {
		if _, err := tx.ExecContext(ctx, insertion(into, columns, len(rest), onConflict), slices.Concat(rest...)...); err != nil {
			return fmt.Errorf("ledger: writing %s: %w", table, err)
		}
	}
	return nil
}

// insertion gives the statement that inserts a number of rows.
func insertion(into string, columns, rows int, onConflict string) string {
	values := make([]string, rows)
	for i := range values {
		values[i] = placeholders(i*columns, columns)
	}
	return "INSERT INTO " + into + " VALUES " + strings.Join(values, ", ") + " " + onConflict
}

// placeholders gives ($5, $6, $7) for three values after four.
func placeholders(before, count int) string {
	var list strings.Builder
	for i := range count {
		list.WriteString(", $" + strconv.Itoa(before+i+1))
	}
	return "(" + strings.TrimPrefix(list.String(), ", ") + ")"
}

// instant is how the ledger writes an instant: UTC, exact, and of one width.
const instant = "2006-01-02T15:04:05.000000000Z"

func formatInstant(t time.Time) string { return t.UTC().Format(instant) }

func parseInstant(s string) (time.Time, error) {
	t, err := time.Parse(instant, s)
	if err != nil {
		return time.Time{}, err
	}
	return t.In(claim.Paris), nil
}

// canonical gives the one JSON text of a value.
func canonical(value any) (string, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return strings.TrimSuffix(text.String(), "\n"), nil
}
