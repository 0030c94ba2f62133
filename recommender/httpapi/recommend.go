package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/rank"
)

// recommend is the contract call. A plain call always gets 200 and one line of
// movie ids; a call that asks for JSON gets scores and reasons, and errors too.
func (s *Server) recommend(w http.ResponseWriter, r *http.Request) {
	user, bad := userOf(r)
	if wantsJSON(r) {
		s.route(func(w http.ResponseWriter, r *http.Request) error {
			if bad != nil {
				return bad
			}
			return s.recommendJSON(w, r, user)
		}).ServeHTTP(w, r)
		return
	}
	answer, err := s.answer(r, user, bad)
	if err != nil {
		// No bundle at all: the one thing that leaves nothing to answer with.
		s.fail(w, r, err)
		return
	}
	s.provenance(w, answer)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write(line(answer)) // the client may have gone
}

// answer returns a list for user, or the popular one for a request that names
// nobody.
func (s *Server) answer(r *http.Request, user catalog.UserID, bad error) (recommender.Answer, error) {
	if bad != nil {
		s.metrics.malformed.Inc()
		return s.service.Popular(rank.MaxList)
	}
	return s.service.ForUser(r.Context(), user, rank.MaxList)
}

// line joins the ids of a list by commas and ends it.
func line(a recommender.Answer) []byte {
	ids := a.Live.Snapshot.Movies.IDs
	out := make([]byte, 0, 32*len(a.List.Items))
	for i, item := range a.List.Items {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, ids[item.Row]...)
	}
	return append(out, '\n')
}

// userOf returns the person a contract call names.
func userOf(r *http.Request) (catalog.UserID, error) {
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), "/recommend/")
	if !ok {
		return "", fmt.Errorf("path %s, want /recommend/<user>: %w", r.URL.Path, catalog.ErrInvalid)
	}
	id, err := url.PathUnescape(rest)
	if err != nil {
		return "", fmt.Errorf("user id %q: %w: %w", rest, err, catalog.ErrInvalid)
	}
	return catalog.ParseUserID(id)
}

// wantsJSON reports whether the caller asks for JSON rather than the plain line.
func wantsJSON(r *http.Request) bool {
	if strings.Contains(r.URL.RawQuery, "format=") && r.URL.Query().Get("format") == "json" {
		return true
	}
	accept := r.Header.Values("Accept")
	return len(accept) > 0 && prefersJSON(strings.Join(accept, ","))
}

// A listJSON is a list with where it came from.
type listJSON struct {
	User        catalog.UserID  `json:"user,omitempty"`
	Movie       catalog.MovieID `json:"movie,omitempty"`
	Tier        rank.Tier       `json:"tier"`
	Arm         string          `json:"arm"`
	History     string          `json:"history,omitempty"`    // fresh or stale
	Watched     *int            `json:"watched,omitempty"`    // movies of the history that the bundle knows
	Neighbours  string          `json:"neighbours,omitempty"` // table or index; only if the index is outside of the process
	Bundle      string          `json:"bundle"`
	DataVersion string          `json:"data_version"`
	Sequence    int64           `json:"sequence"` // of the last change that the list takes into account
	RequestID   string          `json:"request_id"`
	Items       []itemJSON      `json:"items"`
}

// An itemJSON is a movie of a list. All figures but a reason's similarity are
// between 0 and 1.
type itemJSON struct {
	ID         catalog.MovieID `json:"id"`
	Title      string          `json:"title"`
	Score      float32         `json:"score"`
	Similarity float32         `json:"similarity"`
	Quality    float32         `json:"quality"`
	Popularity float32         `json:"popularity"`
	Sources    []string        `json:"sources"`
	Because    []becauseJSON   `json:"because,omitempty"`
}

// A becauseJSON is a watched movie that brought a recommended one.
type becauseJSON struct {
	ID         catalog.MovieID `json:"id"`
	Title      string          `json:"title"`
	Similarity float32         `json:"similarity"` // cosine of the two
}

func (s *Server) recommendJSON(w http.ResponseWriter, r *http.Request, user catalog.UserID) error {
	n, err := count(r, rank.MaxList)
	if err != nil {
		return err
	}
	a, err := s.service.ForUser(r.Context(), user, n)
	if err != nil {
		return err
	}
	s.provenance(w, a)
	out := s.list(r, a)
	watched := len(a.Taste.Watched)
	out.User, out.History, out.Watched = user, freshness(a), &watched
	movies := a.Live.Snapshot.Movies
	for i, reasons := range a.Reasons(3) {
		for _, reason := range reasons {
			out.Items[i].Because = append(out.Items[i].Because, becauseJSON{movies.IDs[reason.Row], movies.Label(reason.Row), reason.Similarity})
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) similar(w http.ResponseWriter, r *http.Request) error {
	raw, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/similar/"))
	if err != nil {
		return fmt.Errorf("movie id: %w: %w", err, catalog.ErrInvalid)
	}
	id, err := catalog.ParseMovieID(raw)
	if err != nil {
		return err
	}
	n, err := count(r, maxSimilar)
	if err != nil {
		return err
	}
	a, err := s.service.Similar(r.Context(), id, n)
	if err != nil {
		return err
	}
	s.provenance(w, a)
	out := s.list(r, a)
	out.Movie = id
	writeJSON(w, http.StatusOK, out)
	return nil
}

// maxSimilar is the most movies that /similar gives: what a neighbour table
// keeps by default.
const maxSimilar = 100

// count reads ?n=, 1 to most, which is [rank.MaxList] when absent. A parameter
// that nobody reads is an error: to ignore it would mislead.
func count(r *http.Request, most int) (int, error) {
	n := rank.MaxList
	for name, values := range r.URL.Query() {
		switch name {
		case "format":
		case "n":
			v, err := strconv.Atoi(values[0])
			if err != nil || v < 1 || v > most {
				return 0, fmt.Errorf("n is %q, want 1 to %d: %w", values[0], most, catalog.ErrInvalid)
			}
			n = v
		default:
			return 0, fmt.Errorf("parameter %q is not known, want n or format: %w", name, catalog.ErrInvalid)
		}
	}
	return n, nil
}

func (s *Server) list(r *http.Request, a recommender.Answer) listJSON {
	movies := a.Live.Snapshot.Movies
	out := listJSON{
		Tier:        a.List.Tier,
		Arm:         a.List.Arm,
		Neighbours:  a.Neighbours,
		Bundle:      a.Live.Bundle.Manifest.ID,
		DataVersion: a.Live.Bundle.Manifest.DataVersion,
		Sequence:    a.Sequence,
		RequestID:   requestID(r),
		Items:       make([]itemJSON, len(a.List.Items)),
	}
	for i, item := range a.List.Items {
		out.Items[i] = itemJSON{
			ID:         movies.IDs[item.Row],
			Title:      movies.Label(item.Row),
			Score:      item.Score,
			Similarity: item.Similarity,
			Quality:    item.Quality,
			Popularity: item.Popularity,
			Sources:    a.List.SourceNames(item),
		}
	}
	return out
}

func freshness(a recommender.Answer) string {
	if a.Stale {
		return "stale"
	}
	return "fresh"
}
