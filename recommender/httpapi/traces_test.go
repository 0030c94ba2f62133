package httpapi_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"marquee/recommender/httpapi"
)

// traced is a server whose spans are kept.
func traced(t *testing.T, share float64) (*fixture, *tracetest.InMemoryExporter) {
	t.Helper()
	kept := tracetest.NewInMemoryExporter()
	provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(kept), sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(share))))
	t.Cleanup(func() { _ = provider.Shutdown(context.Background()) })
	f, _ := slow(t, func(context.Context) { time.Sleep(time.Millisecond) }, func(c *httpapi.Config) { c.Tracer = provider.Tracer("test") })
	return f, kept
}

// A request has a span with where its list came from and its stages below, and nothing of
// whom it was for.
func TestTraces(t *testing.T) {
	f, kept := traced(t, 1)
	f.get("/recommend/seven", httpapi.HeaderRequestID, "r1")
	f.get("/similar/nothing")
	spans := map[string]tracetest.SpanStub{}
	for _, s := range kept.GetSpans() {
		spans[s.Name] = s
		if text := fmt.Sprint(s.Name, s.Attributes); strings.Contains(text, "seven") {
			t.Errorf("a span tells of the person: %s", text)
		}
	}
	request := spans["GET recommend"]
	told := map[string]string{}
	for _, a := range request.Attributes {
		told[string(a.Key)] = a.Value.String()
	}
	for key, want := range map[string]string{
		"http.route": "recommend", "http.response.status_code": "200", "marquee.tier": "personal", "marquee.arm": "content-ratings-popularity",
		"marquee.bundle": "0123456789abcdef", "marquee.request": "r1",
	} {
		if told[key] != want {
			t.Errorf("%s is %q, want %q", key, told[key], want)
		}
	}
	for _, name := range []string{"history", "rank", "write"} {
		stage, ok := spans[name]
		if !ok || stage.Parent.SpanID() != request.SpanContext.SpanID() || stage.StartTime.Before(request.StartTime) || stage.EndTime.After(request.EndTime) || !stage.EndTime.After(stage.StartTime) {
			t.Errorf("stage %s: %v of %v, want it within the request", name, stage, ok)
		}
	}
	if spans["rank"].StartTime.Before(spans["history"].EndTime) {
		t.Error("the list is made before the history is known")
	}
	if _, ok := spans["GET similar"]; !ok {
		t.Errorf("no span of the call for similar movies among %d", len(spans))
	}
}

// The caller's trace goes on, whatever the share; without one the share counts.
func TestTraceparent(t *testing.T) {
	f, kept := traced(t, 0)
	f.get("/recommend/seven")
	f.get("/recommend/seven", "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
	f.get("/recommend/seven", "traceparent", "rubbish")
	if n := len(kept.GetSpans()); n != 0 {
		t.Fatalf("%d spans, want none", n)
	}
	f.get("/recommend/seven", "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	for _, s := range kept.GetSpans() {
		if s.SpanContext.TraceID().String() != "4bf92f3577b34da6a3ce929d0e0e4736" {
			t.Errorf("span %s is of trace %s, want the caller's", s.Name, s.SpanContext.TraceID())
		}
		if s.Name == "GET recommend" && s.Parent.SpanID().String() != "00f067aa0ba902b7" {
			t.Errorf("below %s, want the caller's span", s.Parent.SpanID())
		}
	}
	if n := len(kept.GetSpans()); n < 2 {
		t.Errorf("%d spans, want the request and its stages", n)
	}
}
