package httpapi

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/gorilla/mux"

	"marquee/recommender"
	"marquee/recommender/rank"
)

// A recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int
	route  string // "other" where no route matched
	answer *recommender.Answer
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// observe gives each request an id, counts and logs it, and turns a panic into a
// 500, or into the popular list where a list is owed.
func (s *Server) observe(router *mux.Router) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		r, id := withRequestID(r)
		w.Header().Set(HeaderRequestID, id)
		if s.closing.Load() {
			w.Header().Set("Connection", "close")
		}
		rec := &recorder{ResponseWriter: w, route: "other"}
		defer func() {
			if p := recover(); p != nil {
				s.log.Error("panic", "request", id, "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				s.metrics.panics.Inc()
				s.rescue(rec, r)
			}
			s.metrics.observe(rec, time.Since(began))
			s.logRequest(rec, r, time.Since(began))
			s.expose(rec, r, began)
		}()
		router.ServeHTTP(rec, r)
	})
}

// The names of the routes, for log and metrics.
const (
	routeRecommend = "recommend"
	routeSimilar   = "similar"
	routeHealth    = "health"
	routeEvents    = "events"
)

// named tells the recorder which route answers.
func named(route string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rec, ok := w.(*recorder); ok {
			rec.route = route
		}
		h.ServeHTTP(w, r)
	})
}

// rescue answers a request whose handler panicked before it wrote anything.
func (s *Server) rescue(rec *recorder, r *http.Request) {
	if rec.status != 0 {
		return
	}
	if rec.route == routeRecommend && !wantsJSON(r) {
		if a, err := s.service.Popular(rank.MaxList); err == nil {
			s.provenance(rec, a)
			rec.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = rec.Write(line(a))
			return
		}
	}
	writeJSON(rec, http.StatusInternalServerError, map[string]string{"error": "internal error; the log has it under this request's id", "request_id": requestID(r)})
}

func (s *Server) logRequest(rec *recorder, r *http.Request, took time.Duration) {
	if !s.cfg.LogRequests {
		return
	}
	attrs := []slog.Attr{
		slog.String("request", requestID(r)),
		slog.String("method", r.Method),
		slog.String("route", rec.route),
		slog.String("path", r.URL.EscapedPath()),
		slog.Int("status", rec.status),
		slog.Int("bytes", rec.bytes),
		slog.Duration("took", took),
	}
	if a := rec.answer; a != nil {
		attrs = append(attrs,
			slog.String("bundle", a.Live.Bundle.Manifest.ID),
			slog.String("data", a.Live.Bundle.Manifest.DataVersion),
			slog.String("tier", string(a.List.Tier)),
			slog.String("history", freshness(*a)),
			slog.Int("movies", len(a.List.Items)))
	}
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
}
