package httpapi

import (
	"net/http"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// A historyJSON is a page of what a person watched and rated.
type historyJSON struct {
	User        catalog.UserID   `json:"user"`
	Known       bool             `json:"known"`   // the store has a record of the person
	History     string           `json:"history"` // fresh or stale
	Total       int              `json:"total"`   // movies of all pages
	Items       []watchedJSON    `json:"items"`   // newest first
	Opinions    []opinionJSON    `json:"opinions"`
	Preferences *preferencesJSON `json:"preferences,omitempty"`
	RequestID   string           `json:"request_id"`
	Next        string           `json:"next,omitempty"` // cursor of the next page
}

// A watchedJSON is a movie of a history.
type watchedJSON struct {
	ID         catalog.MovieID `json:"id"`
	Title      string          `json:"title,omitempty"` // unless the bundle does not know the movie
	At         time.Time       `json:"at"`              // of the last watch or the rating, whichever is later
	Rating     *float64        `json:"rating,omitempty"`
	Share      *float64        `json:"share,omitempty"`
	Days       int             `json:"days"`
	Preference float64         `json:"preference"` // 1 to 5: what models take it for
}

// An opinionJSON is the newest like, dislike or dismissal of a movie.
type opinionJSON struct {
	Movie catalog.MovieID      `json:"movie"`
	Title string               `json:"title,omitempty"`
	Kind  catalog.FeedbackKind `json:"kind"`
	At    time.Time            `json:"at"`
}

// history shows what a person watched, as it is known here.
func (s *Server) history(w http.ResponseWriter, r *http.Request, q query) error {
	user, err := userIn(r)
	if err != nil {
		return err
	}
	live, err := s.service.Live()
	if err != nil {
		return err
	}
	e, fresh, err := s.service.History(r.Context(), user)
	if err != nil {
		return err
	}
	movies := live.Snapshot.Movies
	out := historyJSON{User: user, Known: e.Known, History: "fresh", Total: len(e.Seen), RequestID: q.call.RequestID, Opinions: []opinionJSON{}}
	if !fresh {
		out.History = "stale"
	}
	page := behind(e.Seen, q.place)
	if len(page) > q.call.N {
		page = page[:q.call.N]
		last := page[len(page)-1]
		out.Next = place{last.At, last.Movie}.cursor()
	}
	out.Items = make([]watchedJSON, len(page))
	for i, x := range page {
		out.Items[i] = watched(x, movies, live.Snapshot.Scale)
	}
	for _, o := range e.Opinions {
		out.Opinions = append(out.Opinions, opinionJSON{o.Movie, titleOf(movies, o.Movie), o.Kind, o.At.UTC()})
	}
	if !e.Preferences.Empty() {
		p := preferencesOf(e.Preferences)
		out.Preferences = &p
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// behind returns the part of seen, newest first and by id within the same time, that a page
// which ended at p did not reach. The movie of p may have been watched again since.
func behind(seen []catalog.Seen, p place) []catalog.Seen {
	if p.movie == "" {
		return seen
	}
	i := slices.IndexFunc(seen, func(x catalog.Seen) bool {
		return x.At.Before(p.at) || x.At.Equal(p.at) && x.Movie > p.movie
	})
	if i < 0 {
		return nil
	}
	return seen[i:]
}

func watched(x catalog.Seen, movies *rank.Movies, scale catalog.Scale) watchedJSON {
	out := watchedJSON{ID: x.Movie, Title: titleOf(movies, x.Movie), At: x.At.UTC(), Days: x.Days, Preference: model.Preference(x, scale)}
	if x.Rated {
		out.Rating = &x.Rating
	}
	if x.Shared {
		out.Share = &x.Share
	}
	return out
}

// titleOf returns the title of a movie, or nothing if it is not in movies.
func titleOf(movies *rank.Movies, id catalog.MovieID) string {
	if row, ok := movies.Row(id); ok {
		return movies.Label(row)
	}
	return ""
}

// userIn returns the person that the path of a route names.
func userIn(r *http.Request) (catalog.UserID, error) {
	text, err := fromPath(r, "user")
	if err != nil {
		return "", err
	}
	return catalog.ParseUserID(text)
}
