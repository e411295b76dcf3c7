package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	spans "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"guichet/config"
	"guichet/pipeline/claim"
	"guichet/pipeline/engine"
	"guichet/pipeline/ledger"
	"guichet/pipeline/objectstore"
	"guichet/pipeline/telemetry"
)

// written is what is written to a terminal, by several goroutines maybe.
type written struct {
	mu   sync.Mutex
	text strings.Builder
}

func (w *written) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.Write(p)
}

func (w *written) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

// newTerminal gives a terminal and what is logged to it.
func newTerminal(t *testing.T) (*terminal, *written) {
	t.Helper()
	logs := &written{}
	return &terminal{ctx: t.Context(), out: io.Discard, err: logs, log: slog.New(slog.NewJSONHandler(logs, nil))}, logs
}

// parseMetrics reads a textfile as Prometheus does.
func parseMetrics(t *testing.T, path string) map[string]*dto.MetricFamily {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	parser := expfmt.NewTextParser(model.LegacyValidation)
	families, err := parser.TextToMetricFamilies(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("Prometheus cannot read %s: %v\n%s", path, err, data)
	}
	return families
}

// gauges gives the values of a gauge by the values of its labels.
func gauges(family *dto.MetricFamily) map[string]float64 {
	values := map[string]float64{}
	for _, m := range family.GetMetric() {
		var labels []string
		for _, l := range m.GetLabel() {
			labels = append(labels, l.GetValue())
		}
		values[strings.Join(labels, " ")] = m.GetGauge().GetValue()
	}
	return values
}

// everyFigure has a telemetry take down something of every kind.
func everyFigure(ctx context.Context, t *testing.T, watch *telemetry.Telemetry) {
	t.Helper()
	directory, err := objectstore.OpenDirectory(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if err := watch.Store(directory).Put(ctx, "audit/1.json", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := watch.Reader(blank{}).Read(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for _, phase := range []ledger.Phase{ledger.Beginning, ledger.Committing, ledger.Committed} {
		watch.Transaction("settle", phase)
	}
	ctx, done := watch.Stage(ctx, "publish")
	watch.Published(ctx, time.Now(), claim.Revision{Kind: claim.Advance, Status: claim.Processed, AmountDue: 68_129_19}, []claim.Result{
		{Kind: claim.Advance, Decision: claim.Accepted, Documents: []claim.ResultDocument{{SHA256: "aa", Role: claim.PurchaseOrder, TextSource: claim.TextFromPDF}}},
		{Kind: claim.Advance, Decision: claim.Rejected, Findings: []claim.Finding{{Code: "BEN-03", Outcome: claim.Reject}}},
	})
	watch.Queue(ctx, time.Now(), telemetry.Queue{Waiting: 2, Oldest: time.Now()})
	done(nil)
}

// blank reads every document as one without words.
type blank struct{ engine.Reader }

func (blank) Read(context.Context, []byte) (claim.Facts, error) {
	return claim.Facts{Status: claim.ReadOK, TextSource: claim.TextFromNone}, nil
}

func TestTextfileIsWrittenWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guichet.prom")
	if err := os.WriteFile(path, []byte("of_an_earlier_run 1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	terminal, logs := newTerminal(t)
	watch, end := terminal.telemetry(&config.Config{Metrics: config.Metrics{Textfile: path}})
	everyFigure(terminal.ctx, t, watch)
	if before := parseMetrics(t, path); before["of_an_earlier_run"] == nil {
		t.Error("the file changed before the run ended")
	}
	end(nil)
	families := parseMetrics(t, path)
	if families["of_an_earlier_run"] != nil {
		t.Error("figures of an earlier run are left")
	}
	for name, want := range map[string]map[string]float64{
		"guichet_run_success":                   {"": 1},
		"guichet_amount_due_euros":              {"advance": 68129.19},
		"guichet_rule_findings":                 {"BEN-03 reject": 1},
		"guichet_batches":                       {"delivery advance processed": 1},
		"guichet_queue_batches":                 {"ready": 0, "waiting": 2, "left": 0, "failed": 0},
		"guichet_ocr_ratio":                     {"": 0},
		"guichet_store_operations":              {"put ok": 1},
		"guichet_ledger_transactions_committed": {"settle": 1},
	} {
		if diff := cmp.Diff(want, gauges(families[name])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if claims := gauges(families["guichet_claims"]); claims["accepted advance"] != 1 || claims["rejected advance"] != 1 || claims["accepted balance"] != 0 || len(claims) != 12 {
		t.Errorf("claims: %v", claims)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the file's mode is %v (%v), want 0644: another account collects it", info.Mode(), err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("the folder holds %v (%v), want the one file", files, err)
	}
	if logs.String() != "" {
		t.Errorf("logged: %s", logs)
	}
}

func TestMetricsAreAsPrometheusWantsThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "guichet.prom")
	terminal, _ := newTerminal(t)
	watch, end := terminal.telemetry(&config.Config{Metrics: config.Metrics{Textfile: path}})
	everyFigure(terminal.ctx, t, watch)
	end(errors.New("a failed run has figures too"))
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(bytes.NewReader(data)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families := parseMetrics(t, path)
	if success := gauges(families["guichet_run_success"])[""]; success != 0 {
		t.Errorf("the success of a run that failed is %v", success)
	}

	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| `(guichet_[a-z_]+)").FindAllSubmatch(readme, -1) {
		documented = append(documented, string(row[1]))
	}
	slices.Sort(documented)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(families)), documented); diff != "" {
		t.Errorf("the README's metrics are not those of a run (-run +README):\n%s", diff)
	}
}

func TestTextfileThatCannotBeWritten(t *testing.T) {
	terminal, logs := newTerminal(t)
	watch, end := terminal.telemetry(&config.Config{Metrics: config.Metrics{Textfile: filepath.Join(t.TempDir(), "missing", "guichet.prom")}})
	if watch == nil {
		t.Fatal("nothing is taken down")
	}
	end(nil)
	if !strings.Contains(logs.String(), `"level":"ERROR","msg":"metrics.textfile was not written`) {
		t.Errorf("logged: %s", logs)
	}
}

func TestNobodyWatches(t *testing.T) {
	terminal, logs := newTerminal(t)
	ctx := terminal.ctx
	watch, end := terminal.telemetry(&config.Config{})
	end(nil)
	if watch != nil || terminal.ctx != ctx || logs.String() != "" {
		t.Errorf("a run that nobody watches: %v, logged %q", watch, logs)
	}
}

// collected is a collector of traces, and the spans it got.
type collected struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*collector.ExportTraceServiceRequest
}

func newCollector(t *testing.T) *collected {
	t.Helper()
	c := &collected{}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		request := &collector.ExportTraceServiceRequest{}
		if err = errors.Join(err, proto.Unmarshal(body, request)); err != nil || r.URL.Path != "/v1/traces" {
			t.Errorf("%s: %v", r.URL.Path, err)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.requests = append(c.requests, request)
	}))
	t.Cleanup(c.Close)
	return c
}

// spans gives what was collected by the name of the span.
func (c *collected) spans() map[string]*spans.Span {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]*spans.Span{}
	for _, request := range c.requests {
		for _, resource := range request.GetResourceSpans() {
			for _, scope := range resource.GetScopeSpans() {
				for _, span := range scope.GetSpans() {
					all[span.GetName()] = span
				}
			}
		}
	}
	return all
}

func TestTracesGoToACollector(t *testing.T) {
	c := newCollector(t)
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", c.URL)
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=rehearsal")
	terminal, logs := newTerminal(t)
	watch, end := terminal.telemetry(&config.Config{})
	_, done := watch.Stage(terminal.ctx, "settle")
	done(ledger.ErrLocked)
	end(nil)
	got := c.spans()
	run, settle := got["run"], got["settle"]
	if run == nil || settle == nil || !bytes.Equal(settle.GetParentSpanId(), run.GetSpanId()) || settle.GetStatus().GetMessage() != "locked" {
		t.Fatalf("collected: %v", got)
	}
	about := map[string]string{}
	for _, a := range c.requests[0].GetResourceSpans()[0].GetResource().GetAttributes() {
		about[a.GetKey()] = a.GetValue().GetStringValue()
	}
	if about["service.name"] != "guichet" || about["service.version"] == "" || about["deployment.environment.name"] != "rehearsal" {
		t.Errorf("the resource is %v", about)
	}
	if logs.String() != "" {
		t.Errorf("logged: %s", logs)
	}
}

// TestCollectorsThatDoNotAnswer: neither a collector that takes the connection
// and is silent, nor one that is not there, holds the run back: the stages end
// at once, and the flush at the end is bounded.
func TestCollectorsThatDoNotAnswer(t *testing.T) {
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	absent := httptest.NewServer(nil)
	absent.Close()
	tests := map[string]struct{ url, logged string }{
		"silent": {"http://" + silent.Addr().String(), "part of the trace of this run is lost"},
		"absent": {absent.URL, "telemetry fails, which is told once"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", tt.url)
			terminal, logs := newTerminal(t)
			path := filepath.Join(t.TempDir(), "guichet.prom")
			watch, end := terminal.telemetry(&config.Config{Metrics: config.Metrics{Textfile: path}})
			started := time.Now()
			for range 10_000 { // more than the exporter keeps
				_, done := watch.Stage(terminal.ctx, "settle")
				done(nil)
			}
			end(nil)
			// Exporters give up after 10 s of their own accord, retries after a minute.
			if took := time.Since(started); took > 3*flushAtMost {
				t.Errorf("the run was held back for %v", took)
			}
			if strings.Count(logs.String(), tt.logged) != 1 {
				t.Errorf("logged: %s", logs)
			}
			if success := gauges(parseMetrics(t, path)["guichet_run_success"])[""]; success != 1 {
				t.Error("the trace changed what became of the run")
			}
		})
	}
}

func TestWhereTracesGo(t *testing.T) {
	const endpoint, exporter = "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_TRACES_EXPORTER"
	tests := map[string]struct {
		environment map[string]string
		want        string // what the log or the trace says; empty: no trace
	}{
		"nothing is said":       {nil, ""},
		"none":                  {map[string]string{exporter: "none", endpoint: "http://localhost:1"}, ""},
		"all of it is disabled": {map[string]string{exporter: "console", "OTEL_SDK_DISABLED": "true"}, ""},
		"console":               {map[string]string{exporter: "console"}, `"Name":"run"`},
		"no such exporter":      {map[string]string{exporter: "zipkin"}, `OTEL_TRACES_EXPORTER: \"zipkin\" is neither otlp, console nor none`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, name := range []string{endpoint, exporter, "OTEL_SDK_DISABLED"} {
				t.Setenv(name, tt.environment[name])
			}
			terminal, logs := newTerminal(t)
			_, end := terminal.telemetry(&config.Config{})
			end(nil)
			if tt.want == "" && logs.String() != "" || !strings.Contains(logs.String(), tt.want) {
				t.Errorf("written: %s", logs)
			}
		})
	}
}

// TestMetricsOfARunThatCannotStart: a run has figures when it fails before the
// ledger is opened, too.
func TestMetricsOfARunThatCannotStart(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("GUICHET_STORAGE_URL", "nowhere")
	t.Setenv("GUICHET_METRICS_TEXTFILE", "guichet.prom")
	var out bytes.Buffer
	if code := run([]string{"run"}, &out, &out); code != exitFailed {
		t.Fatalf("exit %d: %s", code, out.String())
	}
	families := parseMetrics(t, "guichet.prom")
	if success, ok := gauges(families["guichet_run_success"])[""]; !ok || success != 0 {
		t.Errorf("success is %v (told: %v)", success, ok)
	}
	if _, err := os.Stat("ledger.db"); err == nil {
		t.Error("the ledger was opened")
	}
}
