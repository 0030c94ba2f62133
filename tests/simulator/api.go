package simulator

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// APIConfig says how the catalog API behaves. The zero value of every field but
// Edition is a service without limits and without faults.
type APIConfig struct {
	Edition           string
	RequestsPerSecond float64       // beyond, 429 with Retry-After; 0 is no limit
	Burst             int           // requests that may come at once, 1 or more with a limit
	FaultShare        float64       // of requests that fail: 500, 503, cut off, or rubbish
	Delay             time.Duration // before every answer
}

// maxIDs is how many ids a request of edition 2026 may hold.
const maxIDs = 200

// An API serves a world as the catalog API does: GET /movie/ID and /user/ID,
// of edition 2026 up to 200 ids joined by commas, which are answered by an
// array with a message in the place of each unknown id.
type API struct {
	world *World
	cfg   APIConfig
	limit *rate.Limiter

	mu    sync.Mutex
	asked map[string]int // how often each path came, for the faults
}

// API returns the catalog API of w, an [http.Handler].
func (w *World) API(cfg APIConfig) (*API, error) {
	switch {
	case cfg.Edition != Edition2025 && cfg.Edition != Edition2026:
		return nil, fmt.Errorf("edition is %q, want %s or %s", cfg.Edition, Edition2025, Edition2026)
	case cfg.FaultShare < 0 || cfg.FaultShare > 1:
		return nil, fmt.Errorf("fault share is %v, want 0 to 1", cfg.FaultShare)
	case cfg.RequestsPerSecond < 0:
		return nil, fmt.Errorf("requests per second is %v, want 0 (no limit) or more", cfg.RequestsPerSecond)
	}
	a := &API{world: w, cfg: cfg, asked: map[string]int{}}
	if cfg.RequestsPerSecond > 0 {
		a.limit = rate.NewLimiter(rate.Limit(cfg.RequestsPerSecond), max(1, cfg.Burst))
	}
	return a, nil
}

func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if a.limit != nil && !a.limit.Allow() {
		w.Header().Set("Retry-After", "1")
		a.send(w, http.StatusTooManyRequests, map[string]string{"message": "too many requests"})
		return
	}
	if a.cfg.Delay > 0 {
		time.Sleep(a.cfg.Delay)
	}
	if a.fault(w, r.URL.Path) {
		return
	}
	kind, ids, ok := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if !ok || r.Method != http.MethodGet || kind != "movie" && kind != "user" {
		http.NotFound(w, r)
		return
	}
	a.answer(w, kind, ids)
}

func (a *API) answer(w http.ResponseWriter, kind, ids string) {
	if a.cfg.Edition == Edition2026 && strings.Contains(ids, ",") {
		list := strings.Split(ids, ",")
		if len(list) > maxIDs {
			a.send(w, http.StatusBadRequest, map[string]string{"message": fmt.Sprintf("at most %d ids", maxIDs)})
			return
		}
		records := make([]any, len(list))
		for i, id := range list {
			records[i], _ = a.record(kind, id)
		}
		a.send(w, http.StatusOK, records)
		return
	}
	record, ok := a.record(kind, ids)
	status := http.StatusOK
	if !ok && a.cfg.Edition == Edition2025 { // the status of an unknown id differs between years
		status = http.StatusNotFound
	}
	a.send(w, status, record)
}

func (a *API) record(kind, id string) (record any, ok bool) {
	if kind == "movie" {
		if m, ok := a.world.Movie(id); ok {
			return m.record(a.cfg.Edition), true
		}
	} else if p, ok := a.world.Person(id); ok {
		return p.record(a.cfg.Edition), true
	}
	return map[string]string{"message": kind + " not found"}, false
}

func (a *API) send(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.Encode(body) //nolint:errcheck // the caller went away
}

// maxAsked bounds what is remembered of paths; beyond, it starts anew.
const maxAsked = 1 << 20

// fault fails a share of the requests, each in one of four ways. Which ones is
// a matter of the world's seed, the path and how often it was asked for, not of
// what else is under way: a client meets the same faults in every run.
func (a *API) fault(w http.ResponseWriter, path string) bool {
	if a.cfg.FaultShare == 0 {
		return false
	}
	a.mu.Lock()
	if len(a.asked) >= maxAsked {
		clear(a.asked)
	}
	n := a.asked[path]
	a.asked[path] = n + 1
	a.mu.Unlock()
	rng := a.world.rng("api "+path, n)
	fails, way := rng.Float64() < a.cfg.FaultShare, rng.IntN(4)
	if !fails {
		return false
	}
	switch way {
	case 0:
		http.Error(w, "internal error", http.StatusInternalServerError)
	case 1:
		http.Error(w, "try again", http.StatusServiceUnavailable)
	case 2:
		io.WriteString(w, `{"id":"cut off in the mid`) //nolint:errcheck // a fault either way
	case 3:
		panic(http.ErrAbortHandler) // the connection is reset
	}
	return true
}

// record returns m as the catalog API writes it.
func (m Movie) record(edition string) map[string]any {
	collection := map[string]any{}
	if m.Collection != "" {
		collection = map[string]any{"id": 90_000 + m.Number - m.Part + 1, "name": m.Collection, "poster_path": "null", "backdrop_path": "null"}
	}
	genres := make([]map[string]any, len(m.Genres))
	for i, g := range m.Genres {
		genres[i] = map[string]any{"id": genreID(g), "name": g}
	}
	country, countryName, language := "US", "United States of America", "English"
	for _, t := range tongues() {
		if t.code == m.Language {
			country, countryName, language = t.country, t.countryName, t.name
		}
	}
	r := map[string]any{
		"id": m.ID, "tmdb_id": m.TMDBID(), "imdb_id": m.IMDBID(), "title": m.Title, "original_title": m.OriginalTitle,
		"adult": pythonBool(m.Adult), "belongs_to_collection": collection, "budget": "0", "genres": genres, "homepage": "null",
		"original_language": m.Language, "overview": m.Overview, "popularity": strconv.FormatFloat(100*m.Fame, 'f', 6, 64),
		"poster_path": "null", "production_companies": []any{}, "release_date": m.Date, "revenue": "0", "runtime": m.Runtime,
		"production_countries": []any{map[string]any{"iso_3166_1": country, "name": countryName}},
		"spoken_languages":     []any{map[string]any{"iso_639_1": m.Language, "name": language}},
		"status":               "Released", "tagline": m.Tagline, "vote_average": strconv.FormatFloat(m.VoteAverage, 'f', 1, 64),
		"vote_count": strconv.Itoa(m.VoteCount),
	}
	if edition == Edition2026 {
		r["cost"] = m.CostUSD
	}
	m.Mess.make(r)
	return r
}

// make spoils a record.
func (x Mess) make(r map[string]any) {
	switch x {
	case NoPlot:
		r["overview"] = "null"
	case EmptyPlot:
		r["overview"], r["genres"] = "", []any{}
	case MissingKeys:
		for _, key := range []string{"overview", "tagline", "belongs_to_collection", "vote_count", "homepage", "revenue"} {
			delete(r, key)
		}
	case TextNumbers:
		r["runtime"], r["tmdb_id"], r["vote_average"] = fmt.Sprint(r["runtime"]), fmt.Sprint(r["tmdb_id"]), "null"
	case NoDate:
		r["release_date"], r["status"], r["runtime"] = "null", "Rumored", 0
	}
}

// record returns p as the catalog API writes it.
func (p Person) record(edition string) map[string]any {
	id, _ := strconv.Atoi(p.ID)
	r := map[string]any{"user_id": id, "age": p.Age, "occupation": p.Occupation, "gender": p.Gender}
	if edition == Edition2026 && p.Likes != "" {
		r["likes"], r["dislikes"] = p.Likes, p.Dislikes
	}
	return r
}

// TMDBID returns m's id in one outside database.
func (m Movie) TMDBID() int { return 700_000 + 7*m.Number }

// IMDBID returns m's id in another outside database.
func (m Movie) IMDBID() string { return fmt.Sprintf("tt9%06d", m.Number) }

func pythonBool(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

func genreID(name string) int {
	ids := map[string]int{
		"Action": 28, "Adventure": 12, "Animation": 16, "Comedy": 35, "Crime": 80, "Documentary": 99, "Drama": 18, "Family": 10751,
		"Fantasy": 14, "History": 36, "Horror": 27, "Music": 10402, "Mystery": 9648, "Romance": 10749, "Science Fiction": 878,
		"Thriller": 53, "War": 10752, "Western": 37,
	}
	return ids[name]
}
