package objectstore

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"syscall"

	"github.com/minio/minio-go/v7"
)

// The codes of S3 that are told apart.
const (
	codeNoSuchKey    = "NoSuchKey"
	codeNoSuchBucket = "NoSuchBucket"
)

// has tells whether an error is S3's answer with a status, and a code unless
// that is empty.
func has(err error, status int, code string) bool {
	var response minio.ErrorResponse
	return errors.As(err, &response) && response.StatusCode == status && (code == "" || response.Code == code)
}

func changed(err error) bool { return has(err, http.StatusPreconditionFailed, "") }

func gone(err error) bool { return has(err, http.StatusNotFound, codeNoSuchKey) }

// failed gives the error of an operation: which it is and on which keys, its
// class, what the server said, and what to do about it where that is known. No
// part of it holds credentials: S3 answers with none, and a URL never has them.
func (s *S3) failed(err error, operation string, keys ...any) error {
	if err == nil {
		return nil
	}
	operation = fmt.Sprintf(operation, keys...)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !transient(err), classed(err):
		return fmt.Errorf("%s: %w", operation, err)
	case gone(err):
		return fmt.Errorf("%s: %w", operation, ErrNotFound)
	case changed(err):
		return fmt.Errorf("%s: %w", operation, ErrChanged)
	case transient(err):
		return fmt.Errorf("%s: %w: %w%s", operation, ErrUnavailable, said(err), s.cure(err))
	default:
		return fmt.Errorf("%s: %w: %w%s", operation, ErrRefused, said(err), s.cure(err))
	}
}

func classed(err error) bool {
	for _, class := range []error{ErrNotFound, ErrChanged, ErrExists, ErrBadKey, ErrUnavailable, ErrRefused} {
		if errors.Is(err, class) {
			return true
		}
	}
	return false
}

// said puts S3's status and code before its message. The answer to a HEAD has
// no body, and so no code and a status for a message.
func said(err error) error {
	var response minio.ErrorResponse
	if errors.As(err, &response) && response.StatusCode != 0 && response.Code != response.Message {
		return fmt.Errorf("%d %s: %w", response.StatusCode, response.Code, err)
	}
	return err
}

// cure says what to do about an error, after a semicolon, where that is known.
func (s *S3) cure(err error) string {
	if cure, wrong := wrongServer(err); wrong {
		return "; " + cure
	}
	var response minio.ErrorResponse
	if !errors.As(err, &response) {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return "; nothing listens there: start the server, or correct the host and port in storage.url"
		}
		return ""
	}
	switch response.Code {
	case codeNoSuchBucket:
		return fmt.Sprintf("; make bucket %q, or correct storage.url", s.bucket)
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidSecurity", "ExpiredToken", "InvalidToken":
		return "; correct " + whereCredentialsAre
	case "RequestTimeTooSkewed":
		return "; set this machine's clock"
	case "AuthorizationHeaderMalformed", "InvalidRegion", "PermanentRedirect":
		return "; give the bucket's region in storage.url: ?region=…"
	}
	if response.StatusCode == http.StatusForbidden {
		return "; grant this account the right: config/policies says which it needs"
	}
	return ""
}
