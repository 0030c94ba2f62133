package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"marquee/catalog"
	"marquee/recommender"
)

// What only a server knows of.
var (
	errMethod  = errors.New("method not allowed")
	errBusy    = errors.New("the server has more to do than it can; try again")
	errLimited = errors.New("too many requests of one client")
)

// statuses alone decides how an error becomes a status; the first match wins. The
// plain contract call never gets here: it answers 200 from the next tier.
// Anything else is a 500, its text logged with the request ID and never sent.
var statuses = []struct {
	err    error
	status int
	says   string // in place of the error's text, which may name machines and files and is logged; "": that
}{
	{catalog.ErrInvalid, http.StatusBadRequest, ""},
	{catalog.ErrNotFound, http.StatusNotFound, ""},
	{errMethod, http.StatusMethodNotAllowed, ""},
	{errToken, http.StatusUnauthorized, ""},
	{errScope, http.StatusForbidden, ""},
	{errLarge, http.StatusRequestEntityTooLarge, ""},
	{errBusy, http.StatusServiceUnavailable, ""},
	{errLimited, http.StatusTooManyRequests, ""},
	{recommender.ErrNotReady, http.StatusServiceUnavailable, ""},
	{catalog.ErrUnavailable, http.StatusServiceUnavailable, "something that is needed for this is unavailable now; try again"},
	{context.DeadlineExceeded, http.StatusGatewayTimeout, "something that is needed for this did not answer in time; try again"},
	{context.Canceled, statusGone, ""},
}

// statusGone is told to nobody: the client went before there was an answer. The log and
// the metrics have it as proxies do, among the faults of clients.
const statusGone = 499

func statusOf(err error) int {
	status, _ := kindOf(err)
	return status
}

// kindOf returns the status of an error, and what its caller is told in place of its text,
// if that is not for them.
func kindOf(err error) (status int, says string) {
	for _, s := range statuses {
		if errors.Is(err, s.err) {
			return s.status, s.says
		}
	}
	return http.StatusInternalServerError, errInternal
}

// errInternal is what a caller is told of an error that is ours.
const errInternal = "internal error; the log has it under this request's id"

// A teller turns errors into answers, and tells the log what is not for callers.
type teller struct {
	log  *slog.Logger
	away tally // of requests that could not be answered
}

// tell returns the status of an error and what its caller is told of it. The text of one
// that is not for them goes to the log, with attrs; of what is away a bounded number of
// lines a second does, since it is so for all who ask meanwhile.
func (t *teller) tell(err error, attrs ...any) (status int, text string) {
	status, says := kindOf(err)
	switch {
	case says == "":
		return status, err.Error()
	case status == http.StatusInternalServerError:
		t.log.Error("request failed", append(attrs, "error", err)...)
	case t.away.next(time.Now()) <= mostUrgent:
		t.log.Warn("request cannot be answered", append(attrs, "error", err)...)
	}
	return status, says
}

// route makes a handler of f, whose error it turns into an answer.
func (t *teller) route(f func(w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := f(w, r); err != nil {
			t.fail(w, r, err)
		}
	})
}

func (t *teller) fail(w http.ResponseWriter, r *http.Request, err error) {
	id := idOf(w, r)
	status, text := t.tell(err, "request", id, "path", r.URL.Path)
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	writeJSON(w, status, map[string]string{"error": text, "request_id": id})
}

// idOf returns the id of a request wherever it is answered.
func idOf(w http.ResponseWriter, r *http.Request) string {
	if rec, ok := w.(*recorder); ok {
		return rec.id
	}
	return requestID(r)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // the client may have gone; there is nobody left to tell
}
