package telemetry

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"pgregory.net/rapid"
)

// recorder is a telemetry whose figures and spans can be looked at.
type recorder struct {
	*Telemetry
	registry *prometheus.Registry
	spans    *tracetest.InMemoryExporter
}

func newRecorder(t rapid.TB) recorder {
	t.Helper()
	registry, spans := prometheus.NewRegistry(), tracetest.NewInMemoryExporter()
	exporter, err := otelprometheus.New(otelprometheus.WithRegisterer(registry), otelprometheus.WithoutTargetInfo(),
		otelprometheus.WithoutScopeInfo(), otelprometheus.WithTranslationStrategy("UnderscoreEscapingWithoutSuffixes"))
	if err != nil {
		t.Fatal(err)
	}
	watch, err := New(sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)), sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)))
	if err != nil {
		t.Fatal(err)
	}
	return recorder{watch, registry, spans}
}

func (r recorder) families(t rapid.TB) []*dto.MetricFamily {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// series gives the values of one figure by its labels, as a=1,b=2; of a
// histogram the number of what was observed, and the sum under "sum a=1".
func (r recorder) series(t rapid.TB, name string) map[string]float64 {
	t.Helper()
	values := map[string]float64{}
	for _, family := range r.families(t) {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			var parts []string
			for _, label := range slices.Sorted(maps.Keys(labels)) {
				parts = append(parts, label+"="+labels[label])
			}
			key := strings.Join(parts, ",")
			if h := m.GetHistogram(); h != nil {
				values[key] = float64(h.GetSampleCount())
				values[strings.TrimSpace("sum "+key)] = h.GetSampleSum()
				continue
			}
			values[key] = m.GetGauge().GetValue()
		}
	}
	return values
}

// spanNames gives the names of the spans that ended, in that order, each with
// its parent's.
func (r recorder) spanNames(t testing.TB) []string {
	t.Helper()
	byID := map[string]string{}
	for _, s := range r.spans.GetSpans() {
		byID[s.SpanContext.SpanID().String()] = s.Name
	}
	var names []string
	for _, s := range r.spans.GetSpans() {
		parent := byID[s.Parent.SpanID().String()]
		names = append(names, strings.TrimPrefix(parent+"/"+s.Name, "/"))
	}
	return names
}
