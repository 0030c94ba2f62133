package table

import (
	"strings"
	"unicode"
)

// A field is one of ours: its name in Options.Columns, and the folded names of
// columns that usually hold it, the surest first.
type field struct {
	name  string
	usual []string
}

// kinds lists the fields of each kind of rows. "crew" goes to the movie's
// people, after the cast. A movie's "rating" is not here: it may be PG-13.
var kinds = map[string][]field{
	Movies: {
		{"id", []string{"id", "movieid", "itemid", "filmid"}},
		{"tmdb_id", []string{"tmdbid", "tmdb"}},
		{"imdb_id", []string{"imdbid", "imdb", "tconst"}},
		{"title", []string{"title", "name", "movietitle", "primarytitle"}},
		{"original_title", []string{"originaltitle", "originalname"}},
		{"year", []string{"year", "releaseyear", "startyear", "movieyear"}},
		{"release_date", []string{"releasedate", "datepublished", "released"}},
		{"genres", []string{"genres", "genre"}},
		{"people", []string{"people", "cast", "actors", "starring", "stars"}},
		{"crew", []string{"crew", "directors", "director"}},
		{"keywords", []string{"keywords", "keyword", "plotkeywords", "tags"}},
		{"collection", []string{"collection", "belongstocollection", "series", "franchise"}},
		{"overview", []string{"overview", "plot", "description", "synopsis", "storyline", "summary"}},
		{"tagline", []string{"tagline"}},
		{"language", []string{"language", "originallanguage"}},
		{"runtime_minutes", []string{"runtimeminutes", "runtime", "duration"}},
		{"adult", []string{"adult", "isadult"}},
		{"status", []string{"status"}},
		{"vote_average", []string{"voteaverage", "averagerating"}},
		{"vote_count", []string{"votecount", "numvotes"}},
		{"popularity", []string{"popularity"}},
		{"cost_usd", []string{"costusd", "cost", "licensecost"}},
	},
	Users: {
		{"id", []string{"id", "userid", "uid"}},
		{"age", []string{"age"}},
		{"gender", []string{"gender", "sex"}},
		{"occupation", []string{"occupation", "job", "profession"}},
	},
	Ratings: {
		{"user", []string{"user", "userid", "uid"}},
		{"movie", []string{"movie", "movieid", "item", "itemid", "filmid"}},
		{"value", []string{"value", "rating", "score", "stars"}},
		{"at", []string{"at", "time", "timestamp", "usertime", "ratedat", "createdat", "datetime", "date"}},
	},
	Watches: {
		{"user", []string{"user", "userid", "uid"}},
		{"movie", []string{"movie", "movieid", "item", "itemid", "filmid"}},
		{"minute", []string{"minute", "minutes", "position"}},
		{"at", []string{"at", "time", "timestamp", "usertime", "watchedat", "createdat", "datetime", "date"}},
	},
}

// Fields returns the names of the fields that rows of kind have, or nil for a
// kind there is not. They are the keys of [Options.Columns].
func Fields(kind string) []string {
	var names []string
	for _, f := range kinds[kind] {
		names = append(names, f.name)
	}
	return names
}

// fold returns a column's name as names are compared: small letters and digits
// alone.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// A binding says which column means which field.
type binding struct {
	named map[string]claim // by the folded name of the column
	cache map[string]claim // by the name as it stands in the file, for speed
}

// A claim is a column's claim to a field; of several columns that claim one
// field, the one of lowest rank holds it. The field of a column without one is
// "", and ignored columns are neither a field nor an extra.
type claim struct {
	field   string
	rank    int
	ignored bool
}

// bind returns the binding for rows of kind under a column map.
func bind(kind string, columns map[string]string) *binding {
	b := &binding{named: make(map[string]claim), cache: make(map[string]claim)}
	for _, f := range kinds[kind] {
		if _, mapped := columns[f.name]; mapped {
			continue
		}
		for rank, usual := range f.usual {
			b.named[usual] = claim{field: f.name, rank: rank}
		}
	}
	for name, column := range columns { // explicit ones last: they win over any usual name
		if column != "-" {
			b.named[fold(column)] = claim{field: name}
		}
	}
	return b
}

// claim returns what the column name means.
func (b *binding) claim(name string) claim {
	if c, ok := b.cache[name]; ok {
		return c
	}
	folded := fold(name)
	c := b.named[folded]
	if folded == "" || strings.HasPrefix(folded, "unnamed") { // pandas writes its row numbers so
		c = claim{ignored: true}
	}
	if len(b.cache) < 4096 { // a file with a new name on every line must not fill memory
		b.cache[name] = c
	}
	return c
}
