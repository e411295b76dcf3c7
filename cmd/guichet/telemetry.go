package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	otelprometheus "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/metric"
	nometrics "go.opentelemetry.io/otel/metric/noop"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	notraces "go.opentelemetry.io/otel/trace/noop"

	"guichet/config"
	"guichet/pipeline/telemetry"
)

// flushAtMost is how long the end of a run waits for a collector of traces
// that does not answer.
const flushAtMost = 3 * time.Second

// telemetry gives what takes the run down, nil where nobody asked for it, and
// what must be called with the run's error when all else is closed: it writes
// metrics.textfile, of a failed run too, and sends what is left of the trace.
// From here on t.ctx is part of that trace.
//
// Neither changes what becomes of the run: what cannot be set up, written or
// sent is told in the log, and the results stand. Who watches the metrics sees
// that they are old.
func (t *terminal) telemetry(settings *config.Config) (*telemetry.Telemetry, func(error)) {
	otel.SetLogger(logr.FromSlogHandler(t.log.Handler()))
	var once sync.Once // a collector that is not there fails every few seconds
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
		once.Do(func() { t.log.Warn("telemetry fails, which is told once", slog.Any("error", err)) })
	}))
	off := func(error) {}
	meters, write, err := metrics(settings.Metrics.Textfile)
	if err != nil {
		t.log.Error("no metrics of this run", slog.Any("error", err))
	}
	tracers, flush, err := t.traces()
	if err != nil {
		t.log.Error("no trace of this run", slog.Any("error", err))
	}
	if write == nil && flush == nil {
		return nil, off
	}
	watch, err := telemetry.New(tracers, meters)
	if err != nil {
		t.log.Error("no telemetry of this run", slog.Any("error", err))
		return nil, off
	}
	ctx, end := watch.Run(t.ctx)
	t.ctx = ctx
	return watch, func(err error) {
		end(err)
		if write != nil {
			if err := write(); err != nil {
				t.log.Error("metrics.textfile was not written: it tells of an earlier run, or of none", slog.Any("error", err))
			}
		}
		if flush != nil {
			flushing, stop := context.WithTimeout(context.WithoutCancel(ctx), flushAtMost)
			defer stop()
			if err := flush(flushing); err != nil {
				t.log.Warn("part of the trace of this run is lost", slog.Any("error", err))
			}
		}
	}
}

// metrics gives a provider of meters and what writes their figures to a file
// for Prometheus, whole or not at all; without a file, one that does nothing.
func metrics(path string) (metric.MeterProvider, func() error, error) {
	if path == "" {
		return nometrics.NewMeterProvider(), nil, nil
	}
	registry := prometheus.NewRegistry()
	exporter, err := otelprometheus.New(
		otelprometheus.WithRegisterer(registry), otelprometheus.WithoutTargetInfo(), otelprometheus.WithoutScopeInfo(),
		// The instruments bear the documented names already.
		otelprometheus.WithTranslationStrategy(otlptranslator.UnderscoreEscapingWithoutSuffixes),
	)
	if err != nil {
		return nometrics.NewMeterProvider(), nil, err
	}
	write := func() error { return prometheus.WriteToTextfile(path, registry) }
	return sdkmetric.NewMeterProvider(sdkmetric.WithReader(exporter)), write, nil
}

// traces gives a provider of tracers, as OpenTelemetry's environment variables
// say it, and what sends the rest of the spans and ends it; where no trace is
// asked for, one that does nothing. Spans are sent while the run goes on, and
// dropped where the collector does not keep up.
func (t *terminal) traces() (trace.TracerProvider, func(context.Context) error, error) {
	off := notraces.NewTracerProvider()
	exporter, err := t.exporter()
	if err != nil || exporter == nil {
		return off, nil, err
	}
	about, err := resource.New(t.ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "guichet"), attribute.String("service.version", strings.TrimPrefix(software(), "guichet "))),
		resource.WithFromEnv()) // which wins over what stands before it
	if err != nil {
		return off, nil, errors.Join(err, exporter.Shutdown(t.ctx))
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(about))
	return provider, provider.Shutdown, nil
}

// exporter gives what sends spans: OTLP over HTTP when a collector is named,
// or what OTEL_TRACES_EXPORTER says; nil when no trace is asked for.
func (t *terminal) exporter() (sdktrace.SpanExporter, error) {
	wanted := os.Getenv("OTEL_TRACES_EXPORTER")
	if wanted == "" && (os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "") {
		wanted = "otlp"
	}
	if os.Getenv("OTEL_SDK_DISABLED") == "true" {
		wanted = "none"
	}
	switch wanted {
	case "", "none":
		return nil, nil
	case "console":
		return stdouttrace.New(stdouttrace.WithWriter(t.err)) // standard output is for results
	case "otlp":
		return otlptracehttp.New(t.ctx)
	}
	return nil, fmt.Errorf("OTEL_TRACES_EXPORTER: %q is neither otlp, console nor none", wanted)
}
