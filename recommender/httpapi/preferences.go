package httpapi

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"marquee/catalog"
)

// storeWait is the longest that a route waits for the store.
const storeWait = 3 * time.Second

// A preferencesJSON is what a person said of their taste.
type preferencesJSON struct {
	Liked    string    `json:"liked,omitempty"`
	Disliked string    `json:"disliked,omitempty"`
	At       time.Time `json:"at"`
}

func preferencesOf(p catalog.Preferences) preferencesJSON {
	return preferencesJSON{p.Liked, p.Disliked, p.At.UTC()}
}

// A preferencesAnswer says whose they are.
type preferencesAnswer struct {
	User catalog.UserID `json:"user"`
	preferencesJSON
	RequestID string `json:"request_id"`
}

// preferences shows what a person said.
func (s *Server) preferences(w http.ResponseWriter, r *http.Request, q query) error {
	user, err := userIn(r)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeWait)
	defer cancel()
	p, err := s.cfg.Store.Preferences(ctx, user)
	if err != nil {
		return fmt.Errorf("preferences of %q: %w", user, err)
	}
	writeJSON(w, http.StatusOK, preferencesAnswer{user, preferencesOf(p), q.call.RequestID})
	return nil
}

// putPreferences keeps what a person says, in place of what they said.
func (s *Server) putPreferences(w http.ResponseWriter, r *http.Request, q query, body []byte) error {
	user, err := userIn(r)
	if err != nil {
		return err
	}
	var b struct {
		Liked    string `json:"liked"`
		Disliked string `json:"disliked"`
	}
	if err := decode(body, &b); err != nil {
		return err
	}
	p := catalog.Preferences{User: user, Liked: strings.TrimSpace(b.Liked), Disliked: strings.TrimSpace(b.Disliked), At: time.Now().UTC().Truncate(time.Millisecond)}
	if p.Empty() {
		return fmt.Errorf("neither liked nor disliked says anything; DELETE takes preferences away: %w", catalog.ErrInvalid)
	}
	if err := p.Validate(); err != nil {
		return err
	}
	if err := s.keepPreferences(r.Context(), p); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, preferencesAnswer{user, preferencesOf(p), q.call.RequestID})
	return nil
}

// deletePreferences takes away what a person said, if they said anything.
func (s *Server) deletePreferences(w http.ResponseWriter, r *http.Request, _ query, _ []byte) error {
	user, err := userIn(r)
	if err != nil {
		return err
	}
	if err := s.keepPreferences(r.Context(), catalog.Preferences{User: user, At: time.Now().UTC().Truncate(time.Millisecond)}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) keepPreferences(ctx context.Context, p catalog.Preferences) error {
	ctx, cancel := context.WithTimeout(ctx, storeWait)
	defer cancel()
	if err := s.cfg.Store.PutPreferences(ctx, p); err != nil {
		return fmt.Errorf("keep preferences of %q: %w", p.User, err)
	}
	return nil
}
