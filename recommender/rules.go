package recommender

import (
	"slices"

	"marquee/catalog"
	"marquee/recommender/rank"
)

// row returns the row of a movie that is in the catalog.
func (l *Live) row(id catalog.MovieID) (uint32, bool) {
	row, ok := l.Snapshot.Movies.Row(id)
	return row, ok && !l.Snapshot.Movies.IsGone(row)
}

// rules returns those of c by rows of l; a is told of the ids that name no movie, and of
// genres and languages that no movie has.
func (l *Live) rules(c Call, a *Answer) rank.Rules {
	if c.Free() {
		return rank.Rules{}
	}
	r := rank.Rules{
		Genres: c.Genres, NotGenres: c.NotGenres, FromYear: c.FromYear, ToYear: c.ToYear, Languages: c.Languages,
		Exclude: append(l.rows(c.Exclude, a), l.skipped(c.Skip)...),
	}
	if c.Only != nil {
		r.Only = l.rows(c.Only, a)
	}
	l.names(c, a)
	for _, b := range c.Boosts {
		if b.Movie == "" {
			r.Boosts = append(r.Boosts, rank.Boost{Factor: b.Factor, Genre: b.Genre})
		} else if row, ok := l.row(b.Movie); ok {
			r.Boosts = append(r.Boosts, rank.Boost{Factor: b.Factor, Row: row})
		} else {
			a.Unknown = append(a.Unknown, b.Movie)
		}
	}
	return r
}

// names tells a of the genres and languages of c that no movie has.
func (l *Live) names(c Call, a *Answer) {
	genres := slices.Concat(c.Genres, c.NotGenres)
	for _, b := range c.Boosts {
		if b.Movie == "" {
			genres = append(genres, b.Genre)
		}
	}
	movies := l.Snapshot.Movies
	for _, name := range genres {
		if !movies.HasGenre(name) && !slices.Contains(a.UnknownGenres, name) {
			a.UnknownGenres = append(a.UnknownGenres, name)
		}
	}
	for _, code := range c.Languages {
		if !movies.HasLanguage(code) && !slices.Contains(a.UnknownLanguages, code) {
			a.UnknownLanguages = append(a.UnknownLanguages, code)
		}
	}
}

// rows returns the rows of ids, each once. It is never nil.
func (l *Live) rows(ids []catalog.MovieID, a *Answer) []uint32 {
	rows, seen := make([]uint32, 0, len(ids)), make(map[uint32]bool, len(ids))
	for _, id := range ids {
		row, ok := l.row(id)
		if !ok {
			a.Unknown = append(a.Unknown, id)
			continue
		}
		if !seen[row] {
			seen[row] = true
			rows = append(rows, row)
		}
	}
	return rows
}

// skipped returns the rows of movies whose ids have these hashes: see [Call.Skip].
func (l *Live) skipped(hashes []uint64) []uint32 {
	if len(hashes) == 0 {
		return nil
	}
	skip := make(map[uint64]bool, len(hashes))
	for _, h := range hashes {
		skip[h] = true
	}
	var rows []uint32
	for row, id := range l.Snapshot.Movies.IDs {
		if skip[HashID(id)] {
			rows = append(rows, uint32(row))
		}
	}
	return rows
}
