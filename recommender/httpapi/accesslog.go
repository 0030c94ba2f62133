package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"time"
)

// An AccessLog says which requests have a line in the log. Start from [DefaultAccessLog].
type AccessLog struct {
	// Share of the requests that have one, 0 to 1.
	Share float64
	// PerSecond is how many have one in each second before Share counts, so that a
	// server with little to do logs all of them.
	PerSecond int
	// Slow is from what time on a request has one, as has each that failed (5xx), if
	// Share or PerSecond is above 0: a hundred of each second at most.
	Slow time.Duration
}

// DefaultAccessLog logs ten requests of each second, a hundredth of the others, and those
// that failed or took 200 ms.
func DefaultAccessLog() AccessLog {
	return AccessLog{Share: 0.01, PerSecond: 10, Slow: 200 * time.Millisecond}
}

// Validate reports every fault in one error.
func (l AccessLog) Validate() error {
	var errs []error
	if !(l.Share >= 0 && l.Share <= 1) {
		errs = append(errs, fmt.Errorf("share of requests in the log is %v, want 0 to 1", l.Share))
	}
	if l.PerSecond < 0 {
		errs = append(errs, fmt.Errorf("requests of a second in the log is %d, want 0 or more", l.PerSecond))
	}
	if l.Slow < 0 {
		errs = append(errs, fmt.Errorf("time of slow requests is %v, want 0 or more", l.Slow))
	}
	return errors.Join(errs...)
}

// A sampler says which requests are logged.
type sampler struct {
	cfg    AccessLog
	logged tally
	urgent tally // of those that failed or were slow
}

// A tally counts what happens in each second.
type tally struct {
	second atomic.Int64 // Unix, the newest
	n      atomic.Int64 // in it
}

// next counts what happens at now, and returns its number in its second. What was before
// the newest second counts for that: who tells of it comes late.
func (t *tally) next(now time.Time) int64 {
	second, last := now.Unix(), t.second.Load()
	if second > last && t.second.CompareAndSwap(last, second) {
		t.n.Store(0)
	}
	return t.n.Add(1)
}

// mostUrgent is how many requests of a second are logged because they failed or were
// slow; more are sampled as the others are, so that an overload does not flood the log.
const mostUrgent = 100

// takes reports whether a request that ended at now is logged, and for how many it stands:
// itself only, or those like it that are not.
func (s *sampler) takes(now time.Time, status int, took time.Duration) (share float64, ok bool) {
	if s.cfg.Share == 0 && s.cfg.PerSecond == 0 {
		return 0, false
	}
	if (status >= http.StatusInternalServerError || took >= s.cfg.Slow) && s.urgent.next(now) <= mostUrgent {
		return 1, true
	}
	if s.cfg.PerSecond > 0 {
		if s.logged.next(now) <= int64(s.cfg.PerSecond) {
			return 1, true
		}
	}
	return s.cfg.Share, rand.Float64() < s.cfg.Share //nolint:gosec // a sample, no secret
}

// logRequest writes the line of a request, if it has one.
func (s *Server) logRequest(rec *recorder, r *http.Request, took time.Duration) {
	share, ok := s.access.takes(rec.began.Add(took), rec.status, took)
	if !ok {
		return
	}
	attrs := []slog.Attr{
		slog.String("request", rec.id),
		slog.String("method", r.Method),
		slog.String("route", rec.route),
		slog.String("path", r.URL.EscapedPath()),
		slog.Int("status", rec.status),
		slog.Int("bytes", rec.bytes),
		slog.Duration("took", took),
	}
	if rec.given != "" {
		attrs = append(attrs, slog.String("given", rec.given)) // in place of the id
	}
	if share < 1 {
		attrs = append(attrs, slog.Float64("share", share)) // of the requests that are logged like this one
	}
	if a := rec.answer; a != nil {
		attrs = append(attrs,
			slog.String("bundle", a.Live.Bundle.Manifest.ID),
			slog.String("data", a.Live.Bundle.Manifest.DataVersion),
			slog.Int64("sequence", a.Sequence),
			slog.String("tier", string(a.List.Tier)),
			slog.String("arm", a.List.Arm),
			slog.String("experiment", a.Experiment),
			slog.String("history", freshness(a)),
			slog.Duration("history_took", a.Stages.History),
			slog.Duration("rank_took", a.Stages.Rank),
			slog.Int("movies", len(a.List.Items)))
	}
	if live := rec.live; live != nil {
		attrs = append(attrs,
			slog.String("bundle", live.Bundle.Manifest.ID),
			slog.String("data", live.Bundle.Manifest.DataVersion),
			slog.Int64("sequence", live.Sequence))
	}
	if rec.shed != "" {
		attrs = append(attrs, slog.String("shed", rec.shed))
	}
	s.log.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
}
