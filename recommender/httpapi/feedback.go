package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"marquee/catalog"
)

// The bounds of what is told at once, and of when it was done.
const (
	maxFeedback = 100
	feedbackAge = 30 * 24 * time.Hour
	feedbackSet = time.Minute // that a caller's clock may be ahead
)

// A feedbackBody is what one person did about one movie of a list.
type feedbackBody struct {
	RequestID string     `json:"request_id"` // empty: an opinion of a movie outside of lists
	User      string     `json:"user"`       // may be absent once the list is known
	Movie     string     `json:"movie"`
	Kind      string     `json:"kind"`
	At        *time.Time `json:"at"` // now if absent
}

// A feedbackAnswer says what became of each.
type feedbackAnswer struct {
	Kept      int             `json:"kept"`      // taken, those already known among them
	Added     int             `json:"added"`     // of them new
	Unchecked int             `json:"unchecked"` // of them about a list that is not known yet
	Errors    []feedbackError `json:"errors,omitempty"`
	RequestID string          `json:"request_id"`
}

// A feedbackError says why one was not kept.
type feedbackError struct {
	Index  int    `json:"index"` // in the body, from 0
	Status int    `json:"status"`
	Error  string `json:"error"`
}

// feedback keeps what people did about lists. Lists are written about a second after
// they are served, or later when the store was away, so feedback on a list that is not
// known is taken if it says whose it is; it is held against the list when experiments
// are analysed. The status is 200 if all were kept, 202 if all were and some are
// unchecked, 207 if some were refused, and that of the first error if none was kept.
func (s *Server) feedback(w http.ResponseWriter, r *http.Request, q query, body []byte) error {
	told, err := readFeedback(body)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeWait)
	defer cancel()
	out := feedbackAnswer{RequestID: q.call.RequestID}
	lists := exposures{store: s.cfg.Store, known: map[string]*catalog.Exposure{}}
	var keep []catalog.Feedback
	var first error
	now := time.Now().UTC()
	for i, b := range told {
		f, checked, err := lists.check(ctx, b, now)
		if err != nil {
			if status := statusOf(err); status >= http.StatusInternalServerError {
				return err // of the store; nothing was kept, so that the caller can tell all again
			}
			first = cmpError(first, err)
			out.Errors = append(out.Errors, feedbackError{i, statusOf(err), err.Error()})
			continue
		}
		if !checked {
			out.Unchecked++
		}
		keep = append(keep, f)
	}
	if len(keep) == 0 {
		return first
	}
	if out.Added, err = s.cfg.Store.PutFeedback(ctx, keep); err != nil {
		return fmt.Errorf("keep feedback: %w", err)
	}
	out.Kept = len(keep)
	writeJSON(w, out.status(), out)
	return nil
}

func (a feedbackAnswer) status() int {
	switch {
	case len(a.Errors) > 0:
		return http.StatusMultiStatus
	case a.Unchecked > 0:
		return http.StatusAccepted
	}
	return http.StatusOK
}

// cmpError returns the first error there is.
func cmpError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// readFeedback reads one object or a list of them.
func readFeedback(body []byte) ([]feedbackBody, error) {
	var told []feedbackBody
	if trimmed := bytes.TrimLeft(body, " \t\r\n"); len(trimmed) > 0 && trimmed[0] == '[' {
		if err := decode(body, &told); err != nil {
			return nil, err
		}
		if len(told) < 1 || len(told) > maxFeedback {
			return nil, fmt.Errorf("the list has %d entries, want 1 to %d: %w", len(told), maxFeedback, catalog.ErrInvalid)
		}
		return told, nil
	}
	var one feedbackBody
	if err := decode(body, &one); err != nil {
		return nil, err
	}
	return append(told, one), nil
}

// exposures are the lists that a body speaks of, each read once.
type exposures struct {
	store Store
	known map[string]*catalog.Exposure // nil: there is none
}

// of returns the list with this request id, or nil if none is known.
func (e exposures) of(ctx context.Context, id string) (*catalog.Exposure, error) {
	if x, ok := e.known[id]; ok {
		return x, nil
	}
	x, err := e.store.Exposure(ctx, id)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		e.known[id] = nil
	case err != nil:
		return nil, fmt.Errorf("list of request %s: %w", id, err)
	default:
		e.known[id] = &x
	}
	return e.known[id], nil
}

// check returns b as it is kept. checked says that its list is known.
func (e exposures) check(ctx context.Context, b feedbackBody, now time.Time) (f catalog.Feedback, checked bool, err error) {
	if f, err = b.feedback(now); err != nil {
		return f, false, err
	}
	if f.RequestID == "" {
		return f, true, nil
	}
	x, err := e.of(ctx, f.RequestID)
	switch {
	case err != nil:
		return f, false, err
	case x == nil && f.User == "":
		return f, false, fmt.Errorf("no list of request %q is known; lists are written about a second after they are served, and with a user feedback is taken at once: %w", f.RequestID, catalog.ErrNotFound)
	case x == nil:
		return f, false, nil
	}
	if f.User == "" {
		f.User = x.User
	}
	if _, err := catalog.ParseUserID(string(f.User)); err != nil {
		return f, false, fmt.Errorf("the list of request %q was for nobody: %w", f.RequestID, catalog.ErrInvalid)
	}
	if f.User != x.User { // whose it is stays untold
		return f, false, fmt.Errorf("the list of request %q was not for user %q: %w", f.RequestID, f.User, catalog.ErrInvalid)
	}
	if !slices.ContainsFunc(x.Movies, func(m catalog.Exposed) bool { return m.Movie == f.Movie }) {
		return f, false, fmt.Errorf("movie %q is not in the list of request %q: %w", f.Movie, f.RequestID, catalog.ErrInvalid)
	}
	return f, true, nil
}

// feedback returns b, whose fields it checks.
func (b feedbackBody) feedback(now time.Time) (catalog.Feedback, error) {
	f := catalog.Feedback{RequestID: b.RequestID, Kind: catalog.FeedbackKind(b.Kind), At: now}
	if !slices.Contains(catalog.FeedbackKinds, f.Kind) {
		return f, fmt.Errorf("kind is %.80q, want one of %v: %w", b.Kind, catalog.FeedbackKinds, catalog.ErrInvalid)
	}
	switch {
	case b.RequestID == "" && (b.User == "" || !f.Kind.Opinion()):
		return f, fmt.Errorf("request_id is missing, want the X-Request-Id of a list; only a like, dislike or dismiss with a user goes without: %w", catalog.ErrInvalid)
	case b.RequestID != "" && !listID(b.RequestID):
		return f, fmt.Errorf("request_id is %.80q, want the X-Request-Id of a list: %w", b.RequestID, catalog.ErrInvalid)
	}
	var err error
	if f.Movie, err = catalog.ParseMovieID(b.Movie); err != nil {
		return f, err
	}
	if b.User != "" {
		if f.User, err = catalog.ParseUserID(b.User); err != nil {
			return f, err
		}
	}
	if b.At != nil {
		if b.At.After(now.Add(feedbackSet)) || b.At.Before(now.Add(-feedbackAge)) {
			return f, fmt.Errorf("at is %s, want a time of the last %v: %w", b.At.Format(time.RFC3339), feedbackAge, catalog.ErrInvalid)
		}
		f.At = b.At.UTC()
	}
	return f, nil
}
