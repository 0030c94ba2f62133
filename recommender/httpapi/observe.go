package httpapi

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/rank"
)

// A recorder remembers what was answered. It is used again for other requests: nobody
// keeps it.
type recorder struct {
	http.ResponseWriter
	server *Server
	began  time.Time
	id     string // of the request
	given  string // the id that it came with, if that is another request's
	status int
	bytes  int
	route  string         // "other" where no route matched
	plain  bool           // a contract call, of user; nobody if it named nobody
	user   catalog.UserID //
	shed   string         // why the list is from memory, if it is: see the shed constants
	span   span           // of the request, if it is traced

	answer  *recommender.Answer // nil: there is none
	live    *recommender.Live   // that its lists were made from, if there are many
	ranking *ranking            // that has the answer, and is free once the request has ended
	wrote   time.Duration       // that it took to write the answer
	line    []byte              // room for the line of a contract call

	apart bool // it is answered while its handler has not returned: see [ranking.overdue]
	left  bool // it has ended for everybody but its handler: likewise
}

// recorders are those that nobody uses.
var recorders = sync.Pool{New: func() any { return new(recorder) }}

// release gives w back.
func (w *recorder) release() {
	if w.ranking != nil {
		w.ranking.reset()
	}
	*w = recorder{line: w.line[:0]}
	recorders.Put(w)
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
func (s *Server) observe(router http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recorders.Get().(*recorder)
		rec.ResponseWriter, rec.server, rec.began, rec.route = w, s, time.Now(), routeOther
		rec.id, rec.given = s.requestIDOf(r)
		w.Header()[HeaderRequestID] = []string{rec.id}
		if s.closing.Load() || unread(r) {
			w.Header().Set("Connection", "close")
		}
		r = s.traced(rec, r)
		defer s.observed(rec, r)
		router.ServeHTTP(rec, r)
	})
}

// unread reports whether r announces a body that no route looks at. To use its connection
// again net/http would wait for that body before the answer leaves, for all the time that
// there is to read a request: so it is not used again.
func unread(r *http.Request) bool {
	return r.ContentLength != 0 && (r.Method == http.MethodGet || r.Method == http.MethodHead)
}

// observed ends what observe began.
func (s *Server) observed(rec *recorder, r *http.Request) {
	if p := recover(); p != nil || !rec.left {
		s.ended(rec, r, p)
	}
	rec.release()
}

// ended tells what became of a request, whose handler panicked with p unless that is nil.
func (s *Server) ended(rec *recorder, r *http.Request, p any) {
	if p != nil {
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) { // which ends a request on purpose
			panic(p)
		}
		s.panicked(rec.id, p)
		s.rescue(rec)
	}
	took := time.Since(rec.began)
	s.metrics.observe(rec, took)
	s.logRequest(rec, r, took)
	if r.Method != http.MethodHead { // which nobody is shown
		s.expose(rec)
	}
	rec.span.end(rec, took)
}

// The names of the routes, for log and metrics.
const (
	routeRecommend = "recommend"
	routeJSON      = "recommend_json" // the contract call's form for people
	routeSimilar   = "similar"
	routeHealth    = "health"
	routeEvents    = "events"
	routeOther     = "other"
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
func (s *Server) rescue(rec *recorder) {
	if rec.status != 0 {
		return
	}
	if rec.plain {
		if a, err := s.service.Fallback(rec.user, rank.MaxList); err == nil {
			rec.writeList(s, &a, shedFailure)
			return
		}
	}
	writeJSON(rec, http.StatusInternalServerError, map[string]string{"error": errInternal, "request_id": rec.id})
}
