package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// ErrLocked is for a ledger that another run holds; the error is a *[LockedError].
var ErrLocked = errors.New("the ledger is in use")

// Holder is the process that holds a ledger. The zero Holder is unknown.
type Holder struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
}

// LockedError says who holds the ledger.
type LockedError struct {
	Path   string // of the lock file
	Holder Holder
}

func (e *LockedError) Error() string {
	if e.Holder.PID == 0 {
		return fmt.Sprintf("%v by another process (%s)", ErrLocked, e.Path)
	}
	return fmt.Sprintf("%v by process %d on %s since %s (%s)",
		ErrLocked, e.Holder.PID, e.Holder.Host, e.Holder.Since.Format(time.DateTime), e.Path)
}

// Is makes a LockedError an [ErrLocked].
func (e *LockedError) Is(target error) bool { return target == ErrLocked }

// Lock is a held lock.
type Lock struct{ file *os.File }

// Lock takes the ledger for a run, since a time that others are told, or fails
// with ErrLocked at once. The lock ends with the process, however it ends.
func (l *Ledger) Lock(since time.Time) (*Lock, error) {
	path := l.path + ".lock"
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // beside the ledger that the operator names
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil { //nolint:gosec // a descriptor fits an int
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = &LockedError{Path: path, Holder: readHolder(file)}
		}
		return nil, errors.Join(err, file.Close())
	}
	lock := &Lock{file: file}
	if err := lock.name(since); err != nil {
		return nil, errors.Join(fmt.Errorf("ledger: %w", err), lock.Release())
	}
	return lock, nil
}

// name writes the holder into the file for others to read.
func (l *Lock) name(since time.Time) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	text, err := json.Marshal(Holder{PID: os.Getpid(), Host: host, Since: since})
	if err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err = l.file.WriteAt(text, 0)
	return err
}

// readHolder gives the holder that the file names; the zero Holder when it
// names none, as in the instant between lock and name.
func readHolder(file *os.File) Holder {
	var holder Holder
	if err := json.NewDecoder(io.LimitReader(file, 4096)).Decode(&holder); err != nil {
		return Holder{}
	}
	return holder
}

// Release gives the ledger back. The file stays: to remove it would let two
// processes lock two files of one name.
func (l *Lock) Release() error {
	return errors.Join(l.file.Truncate(0), l.file.Close())
}

// lockSoon takes the lock as soon as it is free, for about as long as a
// connection waits for another's transaction.
func (l *Ledger) lockSoon(ctx context.Context) (*Lock, error) {
	ctx, cancel := context.WithTimeout(ctx, busyTimeout)
	defer cancel()
	for {
		lock, err := l.Lock(time.Now())
		if !errors.Is(err, ErrLocked) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, err
		case <-time.After(50 * time.Millisecond):
		}
	}
}
