package objectstore_test

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
)

func init() { minio.DefaultRetryUnit = time.Millisecond } // it waits after each failure, though it does not try again

// wire stands between a store and its server, and spoils some requests.
type wire struct {
	server string // host:port
	spoil  func(n int, r *http.Request) fault

	mu       sync.Mutex
	requests []*http.Request // in order, without their bodies
}

// fault answers a request in the place of the wire. The server has not seen it.
type fault func(w http.ResponseWriter, r *http.Request, forward func() *http.Response)

// between gives the host:port of a wire to a server, and the wire. spoil is
// asked for each request, numbered from 1; nil lets it through.
func between(t testing.TB, server string, spoil func(n int, r *http.Request) fault) (string, *wire) {
	t.Helper()
	w := &wire{server: server, spoil: spoil}
	listening := httptest.NewServer(w)
	t.Cleanup(func() {
		listening.CloseClientConnections()
		listening.Close()
	})
	return strings.TrimPrefix(listening.URL, "http://"), w
}

func (w *wire) seen() []*http.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.requests
}

func (w *wire) ServeHTTP(out http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.requests = append(w.requests, r.Clone(r.Context()))
	spoiling := w.spoil(len(w.requests), r)
	w.mu.Unlock()
	forward := func() *http.Response { return w.forward(r) }
	if spoiling != nil {
		spoiling(out, r, forward)
		return
	}
	pass(out, forward()) //nolint:bodyclose // pass closes it
}

// forward has the server answer, under the host that was signed.
func (w *wire) forward(r *http.Request) *http.Response {
	request := r.Clone(r.Context())
	request.RequestURI = ""
	request.URL.Scheme, request.URL.Host = "http", w.server
	answer, err := forwarding.RoundTrip(request)
	if err != nil {
		panic(http.ErrAbortHandler) // the client has gone
	}
	return answer
}

var forwarding = &http.Transport{DisableCompression: true, DisableKeepAlives: true}

func pass(out http.ResponseWriter, answer *http.Response) {
	defer answer.Body.Close() //nolint:errcheck // only read
	maps.Copy(out.Header(), answer.Header)
	out.WriteHeader(answer.StatusCode)
	if _, err := io.Copy(out, answer.Body); err != nil {
		panic(http.ErrAbortHandler)
	}
}

// reset breaks the connection.
func reset(out http.ResponseWriter) {
	conn, _, err := http.NewResponseController(out).Hijack()
	if err != nil {
		panic(err)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// before: the connection breaks and the server has not seen the request.
func before(out http.ResponseWriter, _ *http.Request, _ func() *http.Response) { reset(out) }

// after: the server did it, and the connection breaks before it can say so.
func after(out http.ResponseWriter, _ *http.Request, forward func() *http.Response) {
	answer := forward()
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	reset(out)
}

// truncated: the answer ends in its middle.
func truncated(out http.ResponseWriter, r *http.Request, forward func() *http.Response) {
	answer := forward()
	body, _ := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	if len(body) == 0 || r.Method == http.MethodHead {
		reset(out) // there is no middle
		return
	}
	maps.Copy(out.Header(), answer.Header)
	out.Header().Set("Content-Length", fmt.Sprint(len(body)))
	out.WriteHeader(answer.StatusCode)
	_, _ = out.Write(body[:len(body)/2])
	_ = http.NewResponseController(out).Flush()
	reset(out)
}

// answering says a status and code; the server has not seen the request.
func answering(status int, code string) fault {
	return func(out http.ResponseWriter, r *http.Request, _ func() *http.Response) {
		_, _ = io.Copy(io.Discard, r.Body)
		out.Header().Set("Content-Type", "application/xml")
		out.WriteHeader(status)
		_, _ = fmt.Fprintf(out, "<Error><Code>%s</Code><Message>as the test wants it</Message></Error>", code)
	}
}

// brokenAfter: the server did it, and something in front of it says that it failed.
func brokenAfter(out http.ResponseWriter, r *http.Request, forward func() *http.Response) {
	answer := forward()
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	answering(http.StatusBadGateway, "BadGateway")(out, r, forward)
}

// silent says nothing until the client goes.
func silent(_ http.ResponseWriter, r *http.Request, _ func() *http.Response) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}
