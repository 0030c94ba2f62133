package quality

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"marquee/catalog"
)

// A movieFact is what is held of a movie while events are read.
type movieFact struct {
	year, runtime int
	votes         float64
	language      string
	genres        []string
}

// readMovies profiles the movies and returns what the events are compared with.
func readMovies(ctx context.Context, src Source, p *tableProfile, tell func(rows int64)) (map[catalog.MovieID]movieFact, []Duplicate, error) {
	facts := make(map[catalog.MovieID]movieFact)
	words := make(map[string]string) // one copy of each genre and language
	once := func(s string) string {
		if held, ok := words[s]; ok {
			return held
		}
		if len(words) < maxAsked {
			words[s] = s
		}
		return s
	}
	twins := []*twinFinder{newTwins("imdb_id"), newTwins("tmdb_id"), newTwins("title+year")}
	for m, err := range src.Movies(ctx) {
		if err != nil {
			return nil, nil, fmt.Errorf("read movies: %w", err)
		}
		fillMovie(&p.row, &m)
		p.see()
		fact := movieFact{year: m.Year, runtime: m.RuntimeMinutes, votes: m.VoteAverage, language: once(m.Language)}
		for _, g := range m.Genres {
			fact.genres = append(fact.genres, once(g))
		}
		facts[m.ID] = fact
		twins[0].see(m.ID, m.IMDBID)
		twins[1].see(m.ID, wholeID(m.TMDBID))
		if m.Title != "" && m.Year != 0 {
			twins[2].see(m.ID, fmt.Sprintf("%s\x00%d", strings.ToLower(m.Title), m.Year))
		}
		if p.rows%progressEvery == 0 {
			tell(p.rows)
		}
	}
	var duplicates []Duplicate
	for _, t := range twins {
		duplicates = append(duplicates, t.result())
	}
	return facts, duplicates, nil
}

// maxExamples is how many groups of duplicates are shown, and how many of a group.
const maxExamples = 10

// A twinFinder finds movies that share a key.
type twinFinder struct {
	key   string
	first map[string]catalog.MovieID
	twins map[string][]catalog.MovieID // at most maxExamples of each
	rows  int64
}

func newTwins(key string) *twinFinder {
	return &twinFinder{key: key, first: make(map[string]catalog.MovieID), twins: make(map[string][]catalog.MovieID)}
}

func (t *twinFinder) see(id catalog.MovieID, value string) {
	if value == "" {
		return
	}
	first, known := t.first[value]
	if !known {
		t.first[value] = id
		return
	}
	t.rows++
	group := t.twins[value]
	if group == nil {
		t.rows++ // the first one too
		group = []catalog.MovieID{first}
	}
	if len(group) < maxExamples {
		group = append(group, id)
	}
	t.twins[value] = group
}

func (t *twinFinder) result() Duplicate {
	out := Duplicate{Key: t.key, Groups: int64(len(t.twins)), Rows: t.rows}
	for _, group := range t.twins {
		out.Examples = append(out.Examples, group)
	}
	slices.SortFunc(out.Examples, slices.Compare)
	out.Examples = out.Examples[:min(maxExamples, len(out.Examples))]
	return out
}
