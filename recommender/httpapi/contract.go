package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender"
)

// recommend is the contract call. A plain call always gets 200 and one line of
// movie ids; a call that asks for JSON gets scores and reasons, and errors too.
func (s *Server) recommend(w http.ResponseWriter, r *http.Request) {
	rec := w.(*recorder) // observe stands before every route
	user, bad := userOf(r)
	if wantsJSON(r) {
		rec.route = routeJSON
		s.guard(endpoint{handle: func(w http.ResponseWriter, r *http.Request, _ []byte) error {
			if bad != nil {
				return bad
			}
			return s.recommendJSON(w, r, user)
		}}).ServeHTTP(w, r)
		return
	}
	rec.plain, rec.user = true, user
	if bad != nil {
		s.metrics.malformed.Inc()
	}
	s.answer(rec, r, bad != nil)
}

// writeList writes the answer of a contract call, which stays as it is until the request
// has ended.
func (w *recorder) writeList(s *Server, a *recommender.Answer, shed string) {
	h := w.Header()
	s.provenance(w, a)
	w.line = appendLine(w.line[:0], a)
	if shed != "" {
		w.shed = shed
		h.Set(HeaderShed, shed)
	}
	h["Content-Type"] = plainText
	if w.apart {
		h.Set("Content-Length", strconv.Itoa(len(w.line)))
		h.Set("Connection", "close")
	}
	began := time.Now()
	_, _ = w.Write(w.line) // the client may have gone
	w.wrote = time.Since(began)
}

// plainText is shared by all answers, none of which changes it.
var plainText = []string{"text/plain; charset=utf-8"}

// appendLine adds the ids of a list to out, joined by commas and ended by a newline.
func appendLine(out []byte, a *recommender.Answer) []byte {
	ids := a.Live.Snapshot.Movies.IDs
	for i, item := range a.List.Items {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, ids[item.Row]...)
	}
	return append(out, '\n')
}

// contractPath begins the path of every contract call.
const contractPath = "/recommend"

// direct hands contract calls to their handler, and all else to router, which has the
// contract call too, for paths that are written in another way: it copies each request,
// which a call that is one of thousands a second is spared.
func direct(contract http.Handler, router http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet && r.URL.RawPath == "" && strings.HasPrefix(r.URL.Path, contractPath) {
			contract.ServeHTTP(w, r)
			return
		}
		router.ServeHTTP(w, r)
	})
}

// userOf returns the person a contract call names.
func userOf(r *http.Request) (catalog.UserID, error) {
	const prefix = "/recommend/"
	if r.URL.RawPath == "" { // nothing is escaped that would be written in another way
		if id, ok := strings.CutPrefix(r.URL.Path, prefix); ok {
			return catalog.ParseUserID(id)
		}
	}
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), prefix)
	if !ok {
		return "", fmt.Errorf("path %s, want /recommend/<user>: %w", r.URL.Path, catalog.ErrInvalid)
	}
	id, err := url.PathUnescape(rest)
	if err != nil {
		return "", fmt.Errorf("user id %q: %w: %w", rest, err, catalog.ErrInvalid)
	}
	return catalog.ParseUserID(id)
}
