package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// traceFlags say where traces of requests go.
type traceFlags struct {
	OTLPEndpoint string  `name:"otlp-endpoint" help:"Where traces of requests are sent by OpenTelemetry's protocol over HTTP, such as http://localhost:4318. Without it, $$OTEL_EXPORTER_OTLP_ENDPOINT and its kin count; without those, nothing is traced." placeholder:"URL"`
	OTLPSample   float64 `name:"otlp-sample" help:"Share of requests that is traced, 0 to 1, where the caller's traceparent says nothing." default:"0.01" placeholder:"SHARE"`
}

// traceDrain is the longest time to send what waits at the end.
const traceDrain = 3 * time.Second

// on reports whether requests are traced.
func (f traceFlags) on() bool {
	return f.OTLPEndpoint != "" || os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != ""
}

// open returns what makes spans, nil if requests are not traced, and what sends those that
// wait and ends it. At most 2,048 spans wait; more are dropped, and no request waits.
func (f traceFlags) open(ctx context.Context, e *env) (t trace.Tracer, end func(), err error) {
	if !(f.OTLPSample >= 0 && f.OTLPSample <= 1) {
		return nil, nil, usage("--otlp-sample is %v, want 0 to 1", f.OTLPSample)
	}
	if !f.on() {
		return nil, func() {}, nil
	}
	var options []otlptracehttp.Option
	if f.OTLPEndpoint != "" {
		target, err := tracesURL(f.OTLPEndpoint)
		if err != nil {
			return nil, nil, err
		}
		options = append(options, otlptracehttp.WithEndpointURL(target))
	}
	exporter, err := otlptracehttp.New(ctx, options...)
	if err != nil {
		return nil, nil, fmt.Errorf("traces: %w", wrapUsage(err))
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { e.log.Warn("traces were not sent", "error", err) }))
	p := program()
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter, sdktrace.WithMaxQueueSize(2048), sdktrace.WithExportTimeout(traceDrain)),
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(f.OTLPSample))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "marquee"), attribute.String("service.version", p.Version))))
	e.log.Info("requests are traced", "share", f.OTLPSample)
	return provider.Tracer("marquee"), func() {
		// ctx is over by then; what waits has a clock of its own.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceDrain)
		defer cancel()
		if err := provider.Shutdown(ctx); err != nil {
			e.log.Warn("traces that waited were not sent", "error", err)
		}
	}, nil
}

// tracesURL returns where traces go at an endpoint: to its /v1/traces, as the protocol
// has it, unless it names a path.
func tracesURL(endpoint string) (string, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", usage("--otlp-endpoint is %q, want a URL such as http://localhost:4318", endpoint)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	return u.String(), nil
}
