package quality

import (
	"strconv"

	"marquee/catalog"
)

// Names of the tables.
const (
	tableMovies     = "movies"
	tableUsers      = "users"
	tableWatches    = "watches"
	tableRatings    = "ratings"
	tableAccounts   = "accounts"
	tableQuarantine = "quarantine"
	tableIntake     = "intake"
	tableExposures  = "exposures"
	tableExposed    = "exposed"
	tableDrift      = "drift" // of checks only: its columns are the features
)

// tables are all that are profiled, in the order of the report. The functions
// below fill their rows, column by column.
var tables = []*table{
	{name: tableMovies, about: "Movies of the catalog.", columns: []column{
		{name: "id", kind: KindID}, {name: "imdb_id", kind: KindID}, {name: "tmdb_id", kind: KindID},
		{name: "title", kind: KindText, unit: "bytes"}, {name: "original_title", kind: KindText, unit: "bytes"},
		{name: "year", kind: KindNumber, unit: "year"}, {name: "release_date", kind: KindID},
		{name: "genres", kind: KindList, unit: "genres"}, {name: "people", kind: KindList, unit: "people"}, {name: "keywords", kind: KindList, unit: "keywords"},
		{name: "collection", kind: KindCategory}, {name: "overview", kind: KindText, unit: "bytes"}, {name: "tagline", kind: KindText, unit: "bytes"},
		{name: "language", kind: KindCategory}, {name: "runtime_minutes", kind: KindNumber, unit: "minutes"}, {name: "adult", kind: KindFlag},
		{name: "status", kind: KindCategory}, {name: "vote_average", kind: KindNumber, unit: "of 10"}, {name: "vote_count", kind: KindNumber, unit: "votes"},
		{name: "popularity", kind: KindNumber}, {name: "cost_usd", kind: KindNumber, unit: "USD a view"},
	}},
	{name: tableUsers, about: "People with a record of their own.", columns: []column{
		{name: "id", kind: KindID, personal: true}, {name: "age", kind: KindNumber, unit: "years"}, {name: "gender", kind: KindCategory},
		{name: "occupation", kind: KindCategory}, {name: "extra_fields", kind: KindNumber, unit: "fields"},
	}},
	{name: tableWatches, about: "What one person watched of one movie, all minutes folded into one row.", columns: []column{
		{name: "user", kind: KindID, personal: true}, {name: "movie", kind: KindID}, {name: "first", kind: KindTime}, {name: "last", kind: KindTime},
		{name: "minute", kind: KindNumber, unit: "minute, from 0"}, {name: "days", kind: KindNumber, unit: "days"}, {name: "runtime", kind: KindNumber, unit: "minutes"},
		{name: "share", kind: KindNumber, unit: "share watched"}, {name: "beyond_runtime", kind: KindFlag},
	}, refs: []ref{{"movie", tableMovies}, {"user", tableUsers}}},
	{name: tableRatings, about: "Each person's latest rating of each movie.", columns: []column{
		{name: "user", kind: KindID, personal: true}, {name: "movie", kind: KindID}, {name: "value", kind: KindNumber, unit: "rating"}, {name: "at", kind: KindTime},
	}, refs: []ref{{"movie", tableMovies}, {"user", tableUsers}}},
	{name: tableAccounts, about: "People who signed up.", columns: []column{
		{name: "user", kind: KindID, personal: true}, {name: "at", kind: KindTime},
	}, refs: []ref{{"user", tableUsers}}},
	{name: tableQuarantine, about: "Lines that could not be read.", columns: []column{
		{name: "source", kind: KindCategory}, {name: "reason", kind: KindCategory}, {name: "user", kind: KindID, personal: true},
		{name: "at", kind: KindTime}, {name: "line_bytes", kind: KindNumber, unit: "bytes"},
	}},
	{name: tableIntake, about: "Lines that were read, by hour and outcome. Shares are of lines.", columns: []column{
		{name: "hour", kind: KindTime}, {name: "outcome", kind: KindCategory}, {name: "lines", kind: KindNumber, unit: "lines"},
	}},
	{name: tableExposures, about: "Lists that were served.", columns: []column{
		{name: "request_id", kind: KindID}, {name: "at", kind: KindTime}, {name: "user", kind: KindID, personal: true}, {name: "experiment", kind: KindCategory},
		{name: "arm", kind: KindCategory}, {name: "bundle", kind: KindCategory}, {name: "sequence", kind: KindNumber}, {name: "tier", kind: KindCategory},
		{name: "length", kind: KindNumber, unit: "movies"},
	}, refs: []ref{{"user", tableUsers}}},
	{name: tableExposed, about: "The movies of served lists.", columns: []column{
		{name: "movie", kind: KindID}, {name: "source", kind: KindCategory}, {name: "propensity", kind: KindNumber, unit: "probability"},
	}, refs: []ref{{"movie", tableMovies}}},
}

// tableOf returns a table by name, nil if there is none.
func tableOf(name string) *table {
	for _, t := range tables {
		if t.name == name {
			return t
		}
	}
	return nil
}

func fillMovie(r *row, m *catalog.Movie) {
	r.begin(string(m.ID), string(m.ID))
	r.text(string(m.ID))
	r.text(m.IMDBID)
	r.text(wholeID(m.TMDBID))
	r.text(m.Title)
	r.text(m.OriginalTitle)
	r.positive(float64(m.Year))
	r.text(m.ReleaseDate)
	r.list(m.Genres)
	r.list(m.People)
	r.list(m.Keywords)
	r.text(m.Collection)
	r.text(m.Overview)
	r.text(m.Tagline)
	r.text(m.Language)
	r.positive(float64(m.RuntimeMinutes))
	r.flag(m.Adult, true)
	r.text(m.Status)
	r.positive(m.VoteAverage)
	r.positive(float64(m.VoteCount))
	r.positive(m.Popularity)
	r.positive(m.CostUSD)
}

func fillUser(r *row, u *catalog.User) {
	r.begin(string(u.ID), "")
	r.text(string(u.ID))
	r.positive(float64(u.Age))
	r.text(u.Gender)
	r.text(u.Occupation)
	r.positive(float64(len(u.Extra)))
}

func fillWatch(r *row, w *catalog.Watch, movie, user bool) {
	r.begin(string(w.User)+" "+string(w.Movie), string(w.Movie))
	r.text(string(w.User))
	r.text(string(w.Movie))
	r.at(w.First)
	r.at(w.Last)
	r.number(float64(w.Minute), true)
	r.positive(float64(w.Days))
	r.positive(float64(w.Runtime))
	share, ok := w.Share()
	r.number(share, ok)
	r.flag(w.Minute >= w.Runtime, ok)
	r.hole(0, !movie)
	r.hole(1, !user)
}

func fillRating(r *row, g *catalog.Rating, movie, user bool) {
	r.begin(string(g.User)+" "+string(g.Movie), string(g.Movie))
	r.text(string(g.User))
	r.text(string(g.Movie))
	r.number(g.Value, true)
	r.at(g.At)
	r.hole(0, !movie)
	r.hole(1, !user)
}

func fillAccount(r *row, a *catalog.Account, user bool) {
	r.begin(string(a.User), "")
	r.text(string(a.User))
	r.at(a.At)
	r.hole(0, !user)
}

func fillRefused(r *row, l *catalog.Refused) {
	place := l.Source + " " + strconv.FormatInt(l.Offset, 10)
	r.begin(place, place)
	r.text(l.Source)
	r.text(l.Reason)
	r.text(string(l.User))
	r.at(l.At)
	r.number(float64(len(l.Line)), true)
}

func fillIntake(r *row, in *catalog.Intake) {
	hour := in.Hour.UTC().Format("2006-01-02T15")
	r.begin(hour, hour)
	r.weight = in.Lines
	r.at(in.Hour)
	r.text(in.Outcome)
	r.number(float64(in.Lines), true)
}

func fillExposure(r *row, e *catalog.Exposure, user bool) {
	r.begin(e.RequestID, e.RequestID)
	r.text(e.RequestID)
	r.at(e.At)
	r.text(string(e.User))
	r.text(e.Experiment)
	r.text(e.Arm)
	r.text(e.Bundle)
	r.number(float64(e.Sequence), true)
	r.text(e.Tier)
	r.number(float64(len(e.Movies)), true)
	r.hole(0, !user)
}

func fillExposed(r *row, request string, e *catalog.Exposed, movie bool) {
	r.begin(request+" "+string(e.Movie), request+" "+string(e.Movie))
	r.text(string(e.Movie))
	r.text(e.Source)
	r.number(float64(e.Propensity), true)
	r.hole(0, !movie)
}
