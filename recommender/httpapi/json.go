package httpapi

import (
	"net/http"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/rank"
)

// reasonsEach is the most reasons of one movie.
const reasonsEach = 3

// A listJSON is a list with where it came from.
type listJSON struct {
	User        catalog.UserID    `json:"user,omitempty"`
	Movie       catalog.MovieID   `json:"movie,omitempty"`
	Text        string            `json:"q,omitempty"`
	Tier        rank.Tier         `json:"tier"`
	Arm         string            `json:"arm"`
	Experiment  string            `json:"experiment,omitempty"`
	History     string            `json:"history,omitempty"`    // fresh or stale
	Watched     *int              `json:"watched,omitempty"`    // movies of the history that the bundle knows
	Neighbours  string            `json:"neighbours,omitempty"` // table or index; only if the index is outside of the process
	Bundle      string            `json:"bundle"`
	DataVersion string            `json:"data_version"`
	Sequence    int64             `json:"sequence"` // of the last change that the list takes into account
	RequestID   string            `json:"request_id"`
	Unknown     []catalog.MovieID `json:"unknown_ids,omitempty"`    // of the request: no movies of the catalog
	Genres      []string          `json:"unknown_genres,omitempty"` // likewise: no movie has them
	Languages   []string          `json:"unknown_languages,omitempty"`
	Items       []itemJSON        `json:"items"`
	Next        string            `json:"next,omitempty"` // cursor of the next page
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

// recommendJSON answers the contract call of who asks for JSON. Reasons show what user
// watched, so they take a token.
func (s *Server) recommendJSON(w http.ResponseWriter, r *http.Request, user catalog.UserID) error {
	q, err := readQuery(r, recommendParams)
	if err != nil {
		return err
	}
	if q.explain {
		if err := s.public.admit(w, r, ScopeRead); err != nil {
			return err
		}
	}
	q.call.User = user
	began := time.Now()
	a, err := s.service.Recommend(r.Context(), q.call)
	if err != nil {
		return err
	}
	s.provenance(w, &a)
	if r.Method != http.MethodHead { // which nobody is shown
		s.exposeJSON(q, began, &a)
	}
	out := personal(a, q)
	out.User = user
	writeJSON(w, http.StatusOK, out)
	return nil
}

// personal returns a, which was made from a history, as JSON.
func personal(a recommender.Answer, q query) listJSON {
	out := list(a, q)
	watched := len(a.Taste.Watched)
	out.History, out.Watched = freshness(&a), &watched
	if !q.explain {
		return out
	}
	movies := a.Live.Snapshot.Movies
	for i, reasons := range a.Reasons(reasonsEach) {
		for _, reason := range reasons {
			out.Items[i].Because = append(out.Items[i].Because, becauseJSON{movies.IDs[reason.Row], movies.Label(reason.Row), reason.Similarity})
		}
	}
	return out
}

// list returns a, which answers q, as JSON.
func list(a recommender.Answer, q query) listJSON {
	movies := a.Live.Snapshot.Movies
	out := listJSON{
		Tier:        a.List.Tier,
		Arm:         a.List.Arm,
		Experiment:  a.Experiment,
		Neighbours:  a.Neighbours,
		Bundle:      a.Live.Bundle.Manifest.ID,
		DataVersion: a.Live.Bundle.Manifest.DataVersion,
		Sequence:    a.Sequence,
		RequestID:   q.call.RequestID,
		Unknown:     a.Unknown,
		Genres:      a.UnknownGenres,
		Languages:   a.UnknownLanguages,
		Items:       make([]itemJSON, len(a.List.Items)),
		Next:        next(a, q),
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

// next returns the cursor of the page behind a, or nothing at the end: when a page is
// not full, or the pages hold more than a cursor can.
func next(a recommender.Answer, q query) string {
	if len(a.List.Items) < q.call.N || len(q.given)+len(a.List.Items) > maxGiven {
		return ""
	}
	ids := make([]catalog.MovieID, len(a.List.Items))
	for i, item := range a.List.Items {
		ids[i] = a.Live.Snapshot.Movies.IDs[item.Row]
	}
	return q.given.with(ids).cursor()
}

func freshness(a *recommender.Answer) string {
	if a.Stale {
		return "stale"
	}
	return "fresh"
}
