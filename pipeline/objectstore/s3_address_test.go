package objectstore_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"guichet/fixtures/s3server"
	"guichet/pipeline/objectstore"
)

// No error may tell these.
const secretID, secretKey = "AKIAHUNTER2", "hunter2-very-secret"

func setKeys(t *testing.T, id, key, file string) {
	t.Helper()
	t.Setenv("HOME", t.TempDir())
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", key)
	t.Setenv("AWS_SESSION_TOKEN", "")
	t.Setenv("AWS_PROFILE", "")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", file)
}

func checkError(t *testing.T, what string, err error, says ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: no error", what)
		return
	}
	for _, want := range says {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: the error does not say %q: %v", what, want, err)
		}
	}
	for _, secret := range []string{secretID, secretKey, "hunter2"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error tells a secret: %v", what, err)
		}
	}
}

func TestStorageURLs(t *testing.T) {
	setKeys(t, secretID, secretKey, "")
	for _, url := range []string{
		"s3://s3.example.fr/depot", "s3://s3.example.fr:9000/depot/", "s3://127.0.0.1:9000/depot?tls=false", "s3://[::1]:9000/depot?tls=true&region=fr-par",
		"s3://s3.eu-west-3.amazonaws.com/depot",
	} {
		if _, err := objectstore.Open(url); err != nil {
			t.Errorf("Open(%q): %v", url, err)
		}
	}
	for url, says := range map[string][]string{
		"s3://user:hunter2@host:9000/depot":             {"AWS_ACCESS_KEY_ID", "AWS_SHARED_CREDENTIALS_FILE"},
		"s3://AKIAHUNTER2@host/depot":                   {"AWS_ACCESS_KEY_ID"},
		"s3://host:9000":                                {"s3://endpoint-host:port/bucket"},
		"s3://host:9000/":                               {"s3://endpoint-host:port/bucket"},
		"s3:///depot":                                   {"s3://endpoint-host:port/bucket"},
		"s3://host/depot#part":                          {"s3://endpoint-host:port/bucket"},
		"s3://host/depot/folder":                        {`"depot/folder" is no name of a bucket`},
		"s3://host/D%C3%A9p%C3%B4t":                     {"is no name of a bucket"},
		"s3://host/depot?tls=no":                        {"tls is true or false"},
		"s3://host/depot?tls=":                          {"tls is true or false"},
		"s3://host/depot?tls=false&tls=true":            {`"tls" is given 2 times`},
		"s3://host/depot?insecure=1":                    {`unknown parameter "insecure"`},
		"s3://host/depot?access_key=x&secret=hunter2-x": {"unknown parameter"},
		"s3://host/depot?region=%zz":                    {"parameters cannot be read"},
		"s3://host:port/hunter2":                        {"cannot be parsed"},
	} {
		_, err := objectstore.Open(url)
		checkError(t, url, err, says...)
	}
}

func TestCredentials(t *testing.T) {
	const url = "s3://host:9000/depot"
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		must(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	whole := file("whole", "[default]\naws_access_key_id = "+secretID+"\naws_secret_access_key = "+secretKey+"\n")
	tests := map[string]struct {
		id, key, file string
		says          []string // none: it opens
	}{
		"environment":           {secretID, secretKey, "", nil},
		"file":                  {"", "", whole, nil},
		"environment over file": {secretID, secretKey, file("other", "hunter2"), nil},
		"none":                  {"", "", "", []string{"no credentials", "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY", "AWS_SHARED_CREDENTIALS_FILE"}},
		"half an environment":   {secretID, "", "", []string{"set both"}},
		"the other half":        {"", secretKey, whole, []string{"set both"}},
		"a file that is none":   {"", "", filepath.Join(folder, "none"), []string{"no credentials", filepath.Join(folder, "none")}},
		"a file of something":   {"", "", file("odd", "[default\n"+secretKey), []string{`profile "default"`}},
		"another profile alone": {"", "", file("profile", "[autre]\naws_access_key_id = "+secretID+"\naws_secret_access_key = "+secretKey+"\n"), []string{`profile "default"`}},
		"half a file":           {"", "", file("half", "[default]\naws_access_key_id = "+secretID+"\n"), []string{"aws_secret_access_key"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			setKeys(t, tt.id, tt.key, tt.file)
			_, err := objectstore.Open(url)
			if tt.says == nil {
				must(t, err)
				return
			}
			checkError(t, name, err, tt.says...)
		})
	}
}

// The shared credentials file and the environment both open a real bucket.
func TestTheCredentialsFileOpensABucket(t *testing.T) {
	server := s3server.Start(t)
	file := filepath.Join(t.TempDir(), "credentials")
	must(t, os.WriteFile(file, []byte("[default]\naws_access_key_id="+os.Getenv("AWS_ACCESS_KEY_ID")+"\naws_secret_access_key="+os.Getenv("AWS_SECRET_ACCESS_KEY")+"\n"), 0o600))
	setKeys(t, "", "", file)
	must(t, open(t, server.URL()).Put(t.Context(), "x", []byte("x")))
}

// Whatever is wrong with the store, the first operation says it and the cure,
// at once where waiting helps nobody.
func TestErrorsNameTheCure(t *testing.T) {
	server := s3server.Start(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, closed.Close())
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	id, key := os.Getenv("AWS_ACCESS_KEY_ID"), os.Getenv("AWS_SECRET_ACCESS_KEY")
	tests := map[string]struct {
		url, id, key string
		class        error
		says         []string
	}{
		"no such bucket": {"s3://" + server.Endpoint + "/no-such-bucket?tls=false", id, key, objectstore.ErrRefused, []string{"NoSuchBucket", `make bucket "no-such-bucket"`}},
		"unknown key":    {server.URL(), secretID, secretKey, objectstore.ErrRefused, []string{"403 InvalidAccessKeyId", "correct AWS_ACCESS_KEY_ID"}},
		"wrong secret":   {server.URL(), id, secretKey, objectstore.ErrRefused, []string{"403 SignatureDoesNotMatch", "correct AWS_ACCESS_KEY_ID"}},
		"nobody there":   {"s3://" + closed.Addr().String() + "/depot?tls=false", id, key, objectstore.ErrUnavailable, []string{"start the server"}},
		"unknown host":   {"s3://depot.invalid/depot", id, key, objectstore.ErrRefused, []string{"correct the host in storage.url"}},
		"no TLS":         {"s3://" + server.Endpoint + "/depot", id, key, objectstore.ErrRefused, []string{"?tls=false"}},
		"own authority":  {"s3://" + secure.Listener.Addr().String() + "/depot", id, key, objectstore.ErrRefused, []string{"certificate", "SSL_CERT_FILE"}},
		"no rights":      {server.URL(), "stranger", key, objectstore.ErrRefused, []string{"403 AccessDenied", "config/policies"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			setKeys(t, tt.id, tt.key, "")
			s := open(t, tt.url)
			s.Hurry(2, time.Millisecond, time.Millisecond)
			for operation, err := range failing(t.Context(), s) {
				checkError(t, operation, err, `"registers/x"`, operation)
				if !errors.Is(err, tt.class) {
					t.Errorf("%s: got error %v, want class %v", operation, err, tt.class)
				}
			}
			_, err := s.Stat(t.Context(), "registers/x")
			checkError(t, "Stat", err, `looking at "registers/x"`)
			if !errors.Is(err, tt.class) {
				t.Errorf("Stat: got error %v, want class %v", err, tt.class)
			}
			_, err = s.Open(t.Context(), objectstore.Object{Key: "registers/x", Version: "0"})
			checkError(t, "Open", err, `reading "registers/x"`)
			for _, err := range s.List(t.Context(), "registers/x") {
				checkError(t, "List", err, append(tt.says, `listing "registers/x"`)...)
			}
			checkError(t, "Put", s.Put(t.Context(), "registers/x", nil), append(tt.says, `writing "registers/x"`)...)
		})
	}
}

// failing gives the errors of the operations that write.
func failing(ctx context.Context, s *objectstore.S3) map[string]error {
	return map[string]error{
		"writing":  s.Put(ctx, "registers/x", []byte("x")),
		"deleting": s.Delete(ctx, "registers/x"),
		"moving":   s.Move(ctx, objectstore.Object{Key: "registers/x", Version: "0", Size: 1}, "archive/x"),
	}
}
