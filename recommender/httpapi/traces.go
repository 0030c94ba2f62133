package httpapi

import (
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"marquee/recommender"
)

// A span is that of a request, if it is traced. The zero one is of none.
type span struct {
	trace.Span
	tracer trace.Tracer
	under  *http.Request // whose context holds the span
}

// w3c reads who called: https://www.w3.org/TR/trace-context/
var w3c = propagation.TraceContext{}

// traced begins the span of a request, below the caller's, if the server traces. No
// attribute names a person: the path is not told.
func (s *Server) traced(rec *recorder, r *http.Request) *http.Request {
	if s.cfg.Tracer == nil {
		return r
	}
	ctx := w3c.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, sp := s.cfg.Tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithTimestamp(rec.began))
	r = r.WithContext(ctx)
	rec.span = span{sp, s.cfg.Tracer, r}
	return r
}

// end ends a span with what became of the request. Its stages are spans below it.
func (s span) end(rec *recorder, took time.Duration) {
	if s.Span == nil {
		return
	}
	ended := rec.began.Add(took)
	if s.IsRecording() {
		s.SetName(s.under.Method + " " + rec.route)
		s.SetAttributes(
			attribute.String("http.request.method", s.under.Method),
			attribute.String("http.route", rec.route),
			attribute.Int("http.response.status_code", rec.status),
			attribute.String("marquee.request", rec.id))
		if rec.shed != "" {
			s.SetAttributes(attribute.String("marquee.shed", rec.shed))
		}
		if rec.status >= http.StatusInternalServerError {
			s.SetStatus(codes.Error, "")
		}
		if rec.answer != nil {
			s.answered(rec, rec.answer, ended)
		}
	}
	s.End(trace.WithTimestamp(ended))
}

// answered tells of the answer: how long its stages took is known, and their order, so
// that they stand before the end one behind the other.
func (s span) answered(rec *recorder, a *recommender.Answer, ended time.Time) {
	s.SetAttributes(
		attribute.String("marquee.tier", string(a.List.Tier)),
		attribute.String("marquee.arm", a.List.Arm),
		attribute.String("marquee.experiment", a.Experiment),
		attribute.String("marquee.bundle", a.Live.Bundle.Manifest.ID),
		attribute.Int64("marquee.sequence", a.Sequence),
		attribute.String("marquee.history", freshness(a)))
	at := ended.Add(-a.Stages.History - a.Stages.Rank - rec.wrote)
	for _, stage := range []struct {
		name string
		took time.Duration
	}{{"history", a.Stages.History}, {"rank", a.Stages.Rank}, {"write", rec.wrote}} {
		if stage.took <= 0 {
			continue
		}
		_, sp := s.tracer.Start(s.under.Context(), stage.name, trace.WithTimestamp(at))
		at = at.Add(stage.took)
		sp.End(trace.WithTimestamp(at))
	}
}
