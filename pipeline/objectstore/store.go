package objectstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Object is one object as it was listed.
type Object struct {
	Key      string
	Size     int64     // bytes
	Modified time.Time // when the store last saw its content change
	Version  string    // of the content: an ETag or what stands for one
}

// Store holds objects. It is safe for concurrent use.
type Store interface {
	// List gives the objects whose keys start with prefix, in byte order of
	// their keys. An error that is a *KeyError is about that key alone and
	// the listing goes on; any other error ends it.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Open reads an object as it was listed. It fails with ErrNotFound when
	// the object is gone and with ErrChanged when it is another version by
	// now; Read fails with ErrChanged when it changes while it is read.
	Open(ctx context.Context, o Object) (io.ReadCloser, error)
	// Stat gives the object of a key as it stands; ErrNotFound when there is none.
	Stat(ctx context.Context, key string) (Object, error)
	// Put writes an object, which replaces one of the same key. It appears
	// whole or not at all and is durable when Put returns.
	Put(ctx context.Context, key string, data []byte) error
	// PutNew is Put for a key that no object has: it fails with ErrExists, and
	// changes nothing, when one has it. After a failure of the connection the
	// object may be there all the same: the caller looks.
	PutNew(ctx context.Context, key string, data []byte) error
	// Move gives an object another key and keeps its content; an object that
	// had that key is replaced. It fails with ErrChanged when the object is
	// another version by now. When the object is gone and one of its size
	// has the new key, the move was done before a crash and nothing is done;
	// else a missing object is ErrNotFound.
	Move(ctx context.Context, o Object, to string) error
	// Delete removes the object of a key. That there is none is no error.
	Delete(ctx context.Context, key string) error
	// Sync makes every Move and Delete before it durable.
	Sync(ctx context.Context) error
}

// The classes of errors of a store.
var (
	ErrNotFound   = errors.New("no such object")
	ErrChanged    = errors.New("the object has changed since it was listed")
	ErrExists     = errors.New("an object has this key already")
	ErrNotRegular = errors.New("not a regular file")
	ErrBadKey     = errors.New("not a usable key")
	// ErrUnsupported is what Open fails with for a kind of storage that this
	// version cannot use.
	ErrUnsupported = errors.New("unsupported storage")
	// ErrUnavailable: the store did not answer, or said that it cannot now,
	// however often it was asked. The next night may do better. What was to
	// be written may be there or not.
	ErrUnavailable = errors.New("the store is not available")
	// ErrRefused: the store refuses for good: rights, credentials, the bucket
	// or the request. Somebody has to do something, which the error says.
	ErrRefused = errors.New("the store refuses")
)

// KeyError is an error about one key: what stands there is no object that can
// be used.
type KeyError struct {
	Key string
	Err error
}

// Error names the key, with unprintable characters escaped.
func (e *KeyError) Error() string { return fmt.Sprintf("%q: %v", e.Key, e.Err) }

// Unwrap gives the class of the error.
func (e *KeyError) Unwrap() error { return e.Err }

const maxKeyBytes = 1024 // as in S3

// CheckKey tells why a key cannot be used; the error is a [KeyError] that
// wraps ErrBadKey. A key is at most 1,024 bytes of UTF-8 without control
// characters and backslashes; its parts between slashes are neither empty nor
// . nor .. .
func CheckKey(key string) error {
	bad := func(why string) error {
		return &KeyError{key, fmt.Errorf("%w: %s", ErrBadKey, why)}
	}
	switch {
	case key == "":
		return bad("empty")
	case len(key) > maxKeyBytes:
		return bad("longer than 1,024 bytes")
	case !utf8.ValidString(key):
		return bad("not UTF-8")
	case strings.ContainsRune(key, '\\'):
		return bad("a backslash")
	case strings.ContainsFunc(key, unicode.IsControl):
		return bad("a control character")
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part == "." || part == ".." {
			return bad("an empty part, . or ..")
		}
	}
	return nil
}

// Open gives the store of a storage URL: file:///path (percent-decoded) or a
// plain path of a folder, which must exist; or s3://endpoint-host:port/bucket,
// see [OpenS3].
func Open(storage string) (Store, error) {
	if !strings.Contains(storage, "://") {
		return OpenDirectory(storage)
	}
	u, err := url.Parse(storage)
	if err != nil {
		return nil, errors.New("storage URL: cannot be parsed; expected file:///path or " + s3Form) // the cause would quote a password
	}
	switch u.Scheme {
	case "file":
		if u.Host != "" && u.Host != "localhost" || u.Path == "" {
			return nil, fmt.Errorf("storage URL: expected file:///path with three slashes, not a host")
		}
		return OpenDirectory(u.Path)
	case "s3":
		return OpenS3(u)
	default:
		return nil, fmt.Errorf("%w: %s://; use file:///path or %s", ErrUnsupported, u.Scheme, s3Form)
	}
}
