package objectstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"slices"
	"syscall"
	"time"

	"github.com/minio/minio-go/v7"
)

// retry says how often a request is made again whose failure may pass, and how
// long is waited in between: exponential back-off with full jitter, so that
// many clients of a server that comes back do not all call at once.
type retry struct {
	attempts       int // in all, the first included
	first, longest time.Duration
}

// usual waits 15 s on average, and 31 s at most, before a store that does not
// answer fails an operation.
var usual = retry{attempts: 8, first: 250 * time.Millisecond, longest: 15 * time.Second}

// do calls f until it succeeds, fails for good, or has failed too often. The
// end of the context ends waiting at once, and is the error then.
func (r retry) do(ctx context.Context, f func() error) error {
	for failures := 1; ; failures++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := f()
		if err == nil {
			return nil
		}
		if again := r.again(ctx, failures, err); again != nil {
			return again
		}
	}
}

// again waits before the next attempt after a number of failures in a row, the
// last of which is err. It gives the error to end with when there is to be none.
func (r retry) again(ctx context.Context, failures int, err error) error {
	if ended := ctx.Err(); ended != nil {
		return ended
	}
	if failures >= r.attempts || !transient(err) {
		return err
	}
	timer := time.NewTimer(r.wait(failures))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// wait gives how long to wait after a number of failures: anything up to the
// first wait, doubled with each failure, the longest at most.
func (r retry) wait(failures int) time.Duration {
	most := r.longest
	if doubled := r.first << (failures - 1); failures < 32 && doubled < most {
		most = doubled
	}
	return rand.N(most + 1) //nolint:gosec // jitter is no secret
}

// passing are the codes by which S3 says that the same request may succeed
// later, whatever the status.
var passing = []string{
	"RequestTimeout", "SlowDown", "InternalError", "ServiceUnavailable", "Throttling", "ThrottlingException",
	"ConditionalRequestConflict", "OperationAborted",
}

// transient tells a failure that may pass from one that will not.
func transient(err error) bool {
	var response minio.ErrorResponse
	if errors.As(err, &response) {
		switch response.StatusCode {
		case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusInternalServerError,
			http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
			return true
		}
		return slices.Contains(passing, response.Code)
	}
	if _, lasting := wrongServer(err); lasting {
		return false
	}
	var (
		connection *url.Error
		network    net.Error
		cut        *xml.SyntaxError // an answer that ends in its middle
	)
	return errors.As(err, &connection) || errors.As(err, &network) || errors.As(err, &cut) ||
		errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// wrongServer tells whether an error says that what stands in storage.url is
// not the server that was meant, and what to do about it.
func wrongServer(err error) (cure string, wrong bool) {
	var (
		name        *net.DNSError
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		hostname    x509.HostnameError
		record      tls.RecordHeaderError
	)
	switch {
	case errors.As(err, &name) && name.IsNotFound:
		return "no machine has this name: correct the host in storage.url", true
	case errors.As(err, &certificate), errors.As(err, &authority), errors.As(err, &hostname):
		return "the server's certificate is not trusted: install its authority on this machine (or name its file by SSL_CERT_FILE), and check the host in storage.url", true
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &record):
		return "the server does not speak TLS on this port: correct the port in storage.url, or add ?tls=false on a network of your own", true
	}
	return "", false
}
