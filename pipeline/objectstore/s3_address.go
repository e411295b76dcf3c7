package objectstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"
)

const (
	// stalledAfter is how long a server may be silent within a request before
	// the connection is given up: long enough for a server-side copy of 5 GiB.
	stalledAfter = 5 * time.Minute
	// dialTimeout is how long a connection may take to be made.
	dialTimeout = 10 * time.Second
	// defaultRegion is the one that servers of one's own expect.
	defaultRegion = "us-east-1"

	whereCredentialsAre = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the shared credentials file (AWS_SHARED_CREDENTIALS_FILE)" //nolint:gosec // names of variables
	s3Form              = "s3://endpoint-host:port/bucket?tls=false&region=…"
)

// address is what a storage URL of the kind s3:// says.
type address struct {
	endpoint, bucket, region string
	tls                      bool
}

// parseAddress reads a URL of the form s3://endpoint-host:port/bucket, with
// the parameters tls (true unless it says false) and region.
func parseAddress(u *url.URL) (address, error) {
	a := address{endpoint: u.Host, bucket: strings.Trim(u.Path, "/"), tls: true}
	switch {
	case u.User != nil:
		return a, errors.New("storage URL: credentials do not belong in it: give them by " + whereCredentialsAre)
	case a.endpoint == "" || a.bucket == "" || u.Fragment != "":
		return a, errors.New("storage URL: expected " + s3Form)
	}
	if err := s3utils.CheckValidBucketName(a.bucket); err != nil {
		return a, fmt.Errorf("storage URL: %q is no name of a bucket: %w", a.bucket, err)
	}
	parameters, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return a, errors.New("storage URL: its parameters cannot be read; expected " + s3Form)
	}
	for name, values := range parameters {
		if len(values) != 1 {
			return a, fmt.Errorf("storage URL: parameter %q is given %d times", name, len(values))
		}
		switch name {
		case "tls":
			if a.tls, err = strconv.ParseBool(values[0]); err != nil {
				return a, errors.New("storage URL: tls is true or false")
			}
		case "region":
			a.region = values[0]
		default:
			return a, fmt.Errorf("storage URL: unknown parameter %q: expected tls or region", name)
		}
	}
	a.region = cmp.Or(a.region, s3utils.GetRegionFromURL(url.URL{Host: a.endpoint}), defaultRegion)
	return a, nil
}

// OpenS3 gives the store in a bucket of an S3 server, from a URL of the form
// s3://endpoint-host:port/bucket: over TLS unless ?tls=false, in the region
// that &region= names where the server has several. Credentials come from the
// environment or the shared credentials file. Nothing is asked of the server
// yet: that there is no such bucket, the first operation tells.
func OpenS3(u *url.URL) (*S3, error) {
	a, err := parseAddress(u)
	if err != nil {
		return nil, err
	}
	keys, err := findCredentials()
	if err != nil {
		return nil, err
	}
	transport, err := newTransport(a.tls)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	core, err := minio.NewCore(a.endpoint, &minio.Options{
		Creds: keys, Secure: a.tls, Region: a.region, Transport: conditional{transport},
		MaxRetries: 1, // all trying again is ours
	})
	if err != nil {
		return nil, fmt.Errorf("storage URL: %w; expected %s", err, s3Form)
	}
	return &S3{
		core: core, bucket: a.bucket, idle: transport.CloseIdleConnections,
		retry: usual, pageSize: listPage, partSize: putPart, copyLimit: copyLimit, copyPart: copyPart,
	}, nil
}

// findCredentials takes the key pair of the environment, or else that of the
// shared credentials file's profile. Its errors quote no line of that file.
func findCredentials() (*credentials.Credentials, error) {
	if os.Getenv("AWS_ACCESS_KEY_ID") != "" || os.Getenv("AWS_SECRET_ACCESS_KEY") != "" {
		keys := credentials.NewEnvAWS()
		if value, err := keys.GetWithContext(nil); err != nil || value.SignerType == credentials.SignatureAnonymous {
			return nil, errors.New("storage: only one of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY is set: set both")
		}
		return keys, nil
	}
	file := os.Getenv("AWS_SHARED_CREDENTIALS_FILE")
	named := file != ""
	if !named {
		home, err := os.UserHomeDir()
		if err == nil {
			file = filepath.Join(home, ".aws", "credentials")
		}
	}
	if _, err := os.Stat(file); err != nil && !named { //nolint:gosec // the operator names the file
		return nil, errors.New("storage: no credentials: set " + whereCredentialsAre)
	}
	profile := cmp.Or(os.Getenv("AWS_PROFILE"), "default")
	keys := credentials.NewFileAWSCredentials(file, profile)
	if value, err := keys.GetWithContext(nil); err != nil || value.AccessKeyID == "" || value.SecretAccessKey == "" {
		return nil, fmt.Errorf("storage: no credentials: profile %q of %s cannot be read or holds no aws_access_key_id and aws_secret_access_key", profile, file)
	}
	return keys, nil
}

// newTransport gives the library's transport, with connections that are given
// up when they stall.
func newTransport(secure bool) (*http.Transport, error) {
	transport, err := minio.DefaultTransport(secure)
	if err != nil {
		return nil, err
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dialer.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return patient{conn}, nil
	}
	transport.ResponseHeaderTimeout = stalledAfter
	return transport, nil
}

// patient is a connection on which each read and write may take stalledAfter.
type patient struct{ net.Conn }

func (c patient) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(stalledAfter)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

func (c patient) Write(p []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stalledAfter)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}

// conditional deletes only the version that the request's context names: the
// library has no such option.
type conditional struct{ http.RoundTripper }

type onlyVersion struct{} // the key of a version in a context

func (t conditional) RoundTrip(r *http.Request) (*http.Response, error) {
	if version, ok := r.Context().Value(onlyVersion{}).(string); ok && r.Method == http.MethodDelete {
		r = r.Clone(r.Context())
		r.Header.Set("If-Match", `"`+version+`"`)
	}
	return t.RoundTripper.RoundTrip(r)
}
