package movielens

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"marquee/catalog"
)

// A layout is how one generation of MovieLens lays out its folder.
type layout struct {
	scale  catalog.Scale
	sep    string // between fields; "" is CSV with a header
	movies source
	rates  source
	links  source // optional from here on; no name, no file
	tags   source
	users  source
	genres source
}

// A source is one file of a layout: its name, and its columns, which CSV files
// name in their header and others have in this order.
type source struct {
	name    string
	columns []string
}

// The layouts, the latest first. The README files of the data sets describe
// them. ml-1m and ml-10m differ in scale and in what stands beside the ratings.
var layouts = []layout{
	{
		scale:  catalog.ScaleMovieLens,
		movies: source{"movies.csv", []string{"movieId", "title", "genres"}},
		rates:  source{"ratings.csv", []string{"userId", "movieId", "rating", "timestamp"}},
		links:  source{"links.csv", []string{"movieId", "imdbId", "tmdbId"}},
		tags:   source{"tags.csv", []string{"userId", "movieId", "tag", "timestamp"}},
	},
	{
		scale:  catalog.Scale5,
		sep:    "::",
		movies: source{"movies.dat", []string{"movieId", "title", "genres"}},
		rates:  source{"ratings.dat", []string{"userId", "movieId", "rating", "timestamp"}},
		users:  source{"users.dat", []string{"userId", "gender", "age", "occupation", "zip"}},
		tags:   source{"tags.dat", []string{"userId", "movieId", "tag", "timestamp"}},
	},
	{
		scale:  catalog.Scale5,
		movies: source{"u.item", []string{"movieId", "title", "released", "video", "imdb_url"}},
		rates:  source{"u.data", []string{"userId", "movieId", "rating", "timestamp"}},
		users:  source{"u.user", []string{"userId", "age", "gender", "occupation", "zip"}},
		genres: source{"u.genre", []string{"genre", "column"}},
	},
}

// detect returns the layout of the folder dir, without the optional files that
// are not there. A folder without movies or without ratings is an error that
// wraps [catalog.ErrInvalid] and says what was looked for.
func detect(dir string) (layout, error) {
	info, err := os.Stat(dir)
	if err != nil {
		return layout{}, err
	}
	if !info.IsDir() {
		return layout{}, fmt.Errorf("%s is a file, want the unpacked folder of a MovieLens data set: %w", dir, catalog.ErrInvalid)
	}
	has := func(s source) bool {
		if s.name == "" {
			return false
		}
		info, err := os.Stat(filepath.Join(dir, s.name))
		return err == nil && !info.IsDir()
	}
	var looked []string
	for _, l := range layouts {
		looked = append(looked, l.movies.name)
		if !has(l.movies) {
			continue
		}
		if !has(l.rates) {
			return layout{}, fmt.Errorf("%s has %s but no %s, want both: %w", dir, l.movies.name, l.rates.name, catalog.ErrInvalid)
		}
		for _, s := range []*source{&l.links, &l.tags, &l.users, &l.genres} {
			if !has(*s) {
				*s = source{}
			}
		}
		if l.movies.name == "movies.dat" && l.users.name == "" {
			l.scale = catalog.ScaleMovieLens // ml-10m: half stars, and nothing about people
		}
		return l, nil
	}
	return layout{}, fmt.Errorf("%s has none of %s, want the unpacked folder of a MovieLens data set: %w", dir, strings.Join(looked, ", "), catalog.ErrInvalid)
}

// sepOf returns what separates the fields of a file. The files of ml-100k use
// one separator for u.data and another for the rest.
func (l layout) sepOf(s source) string {
	switch {
	case l.sep != "":
		return l.sep
	case s.name == "u.data":
		return "\t"
	case strings.HasPrefix(s.name, "u."):
		return "|"
	}
	return ""
}
