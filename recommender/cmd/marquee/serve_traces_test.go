package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/protobuf/proto"
)

// An otlpCollector takes traces as OpenTelemetry's collector does.
type otlpCollector struct {
	mu    sync.Mutex
	spans []string
	name  string // of the service
}

func (c *otlpCollector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var got collector.ExportTraceServiceRequest
	if err != nil || r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &got) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, resource := range got.ResourceSpans {
		for _, a := range resource.Resource.Attributes {
			if a.Key == "service.name" {
				c.name = a.Value.GetStringValue()
			}
		}
		for _, scope := range resource.ScopeSpans {
			for _, s := range scope.Spans {
				c.spans = append(c.spans, s.Name)
			}
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// Spans that wait at the end are sent, to the endpoint of the flag or of the environment;
// without an endpoint there is no tracer.
func TestTracesAreSent(t *testing.T) {
	e := &env{log: slog.New(slog.DiscardHandler)}
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "")
	if tracer, end, err := (traceFlags{OTLPSample: 1}).open(t.Context(), e); tracer != nil || err != nil {
		t.Errorf("a tracer without an endpoint, %v", err)
	} else {
		end()
	}
	for _, byFlag := range []bool{true, false} {
		c := &otlpCollector{}
		server := httptest.NewServer(c)
		f := traceFlags{OTLPSample: 1}
		if byFlag {
			f.OTLPEndpoint = server.URL
		} else {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", server.URL)
		}
		ctx, cancel := context.WithCancel(t.Context())
		tracer, end, err := f.open(ctx, e)
		if err != nil {
			t.Fatal(err)
		}
		_, span := tracer.Start(ctx, "GET recommend")
		span.End()
		cancel() // as a server that ends
		end()
		server.Close()
		if len(c.spans) != 1 || c.spans[0] != "GET recommend" || c.name != "marquee" {
			t.Errorf("by flag %v: spans %v of %q", byFlag, c.spans, c.name)
		}
	}
	if _, _, err := (traceFlags{OTLPSample: 1, OTLPEndpoint: "localhost:4318"}).open(t.Context(), e); err == nil {
		t.Error("an endpoint that is no URL is taken")
	}
	if _, _, err := (traceFlags{OTLPSample: 2}).open(t.Context(), e); err == nil {
		t.Error("a share of 2 is taken")
	}
}
