package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
)

// The version of given rows is the same for ever: bundles name it.
func TestVersionIsForEver(t *testing.T) {
	const want = "1d5b5fd24fa2c920b08866a14599a3bb"
	if got := versionOfRows(t, sample()); got != want {
		t.Errorf("version %s, want %s: the canonical encoding has changed", got, want)
	}
}

// What means the same gives the same version.
func TestVersionIgnoresForm(t *testing.T) {
	want := versionOfRows(t, sample())
	for name, change := range map[string]func(*rows){
		"order and blanks of JSON": func(r *rows) {
			r.movies[1].Extra = map[string]json.RawMessage{"a": json.RawMessage("{\"b\":[\"\\u003c\",\n null],\"z\":1.50}"), "budget": json.RawMessage(` 60000000 `)}
		},
		"empty lists":      func(r *rows) { r.movies[0].Genres, r.movies[0].Extra = []string{}, map[string]json.RawMessage{} },
		"zone of a time":   func(r *rows) { r.seen[0].At = r.seen[0].At.In(time.FixedZone("x", 3600)) },
		"nanoseconds":      func(r *rows) { r.seen[0].At = r.seen[0].At.Add(999) },
		"negative zero":    func(r *rows) { r.seen[2].Share = math.Copysign(0, -1) },
		"unsaid rating":    func(r *rows) { r.seen[4].Rating = 3 }, // Rated is false
		"number of change": func(r *rows) { r.change = 99 },
	} {
		r := sample()
		change(r)
		if got := versionOfRows(t, r); got != want {
			t.Errorf("%s: version %s, want %s", name, got, want)
		}
	}
}

// Every field of every row matters, those that are added later too.
func TestVersionTellsEveryField(t *testing.T) {
	base := versionOfRows(t, sample())
	seen := map[string]string{base: "nothing"}
	check := func(what string, change func(r *rows)) {
		r := sample()
		change(r)
		v := versionOfRows(t, r)
		if other, known := seen[v]; known {
			t.Errorf("changing %s gives the version of changing %s", what, other)
		}
		seen[v] = what
	}
	for i := range reflect.TypeFor[catalog.Movie]().NumField() {
		check("movie "+reflect.TypeFor[catalog.Movie]().Field(i).Name, func(r *rows) { alter(t, reflect.ValueOf(&r.movies[2]).Elem().Field(i)) })
	}
	for i := range reflect.TypeFor[catalog.User]().NumField() {
		check("user "+reflect.TypeFor[catalog.User]().Field(i).Name, func(r *rows) { alter(t, reflect.ValueOf(&r.users[2]).Elem().Field(i)) })
	}
	for i := range reflect.TypeFor[catalog.Seen]().NumField() {
		check("seen "+reflect.TypeFor[catalog.Seen]().Field(i).Name, func(r *rows) {
			r.seen[4].Rated, r.seen[4].Shared = true, true
			alter(t, reflect.ValueOf(&r.seen[4].Seen).Elem().Field(i))
		})
	}
	check("seen user", func(r *rows) { r.seen[4].User += "x" })
	check("account user", func(r *rows) { r.accounts[2].User += "x" })
	check("account time", func(r *rows) { r.accounts[2].At = r.accounts[2].At.Add(time.Microsecond) })
	check("scale", func(r *rows) { r.scale = catalog.Scale10 })
	check("a row fewer", func(r *rows) { r.seen = r.seen[1:] })
	check("border of two texts", func(r *rows) { r.movies[2].Title, r.movies[2].OriginalTitle = "Ron", "in" })
}

// alter gives a field another value.
func alter(t *testing.T, f reflect.Value) {
	switch v := f.Addr().Interface().(type) {
	case *string:
		*v += "x"
	case *catalog.MovieID:
		*v += "x"
	case *catalog.UserID:
		*v += "x"
	case *int:
		*v++
	case *int64:
		*v++
	case *float64:
		*v++
	case *bool:
		*v = !*v
	case *time.Time:
		*v = v.Add(time.Microsecond)
	case *[]string:
		*v = append(*v, "x")
	case *map[string]json.RawMessage:
		*v = map[string]json.RawMessage{"x": json.RawMessage("1")}
	default:
		t.Fatalf("field of type %s: say how to alter it, and see that digest and columns have it", f.Type())
	}
}

// A digest refuses what would make the version depend on the order, and what a
// column cannot hold.
func TestDigestRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*rows)
		want   string
	}{
		"movies out of order":    {func(r *rows) { r.movies[0], r.movies[1] = r.movies[1], r.movies[0] }, `movie "bare+", comes after movie "heat+1995"`},
		"movie twice":            {func(r *rows) { r.movies[1] = r.movies[0] }, "each once"},
		"user twice":             {func(r *rows) { r.users[1] = r.users[0] }, "each once"},
		"histories oldest first": {func(r *rows) { r.seen[0], r.seen[1] = r.seen[1], r.seen[0] }, "in order"},
		"ties by movie":          {func(r *rows) { r.seen[2], r.seen[3] = r.seen[3], r.seen[2] }, "in order"},
		"people out of order":    {func(r *rows) { r.seen[0].User = "9" }, "in order"},
		"account twice":          {func(r *rows) { r.accounts[1] = r.accounts[0] }, "each once"},
		"text":                   {func(r *rows) { r.movies[2].Title = "\xff" }, "UTF-8"},
		"list":                   {func(r *rows) { r.movies[2].Genres = []string{"\xff"} }, "UTF-8"},
		"user's text":            {func(r *rows) { r.users[2].Gender = "\xff" }, "UTF-8"},
		"seen movie":             {func(r *rows) { r.seen[4].Movie = "\xff" }, "UTF-8"},
		"account":                {func(r *rows) { r.accounts[2].User = "6\xff" }, "UTF-8"},
		"year":                   {func(r *rows) { r.movies[2].Year = math.MaxInt64 }, "32 bits"},
		"age":                    {func(r *rows) { r.users[2].Age = math.MinInt64 }, "32 bits"},
		"days":                   {func(r *rows) { r.seen[4].Days = math.MaxInt64 }, "32 bits"},
		"rating":                 {func(r *rows) { r.seen[4].Rating = math.NaN() }, "NaN"},
		"cost":                   {func(r *rows) { r.movies[2].CostUSD = math.NaN() }, "NaN"},
		"JSON":                   {func(r *rows) { r.movies[2].Extra = map[string]json.RawMessage{"x": json.RawMessage("{")} }, "JSON"},
		"a JSON value and more":  {func(r *rows) { r.users[2].Extra = map[string]json.RawMessage{"x": json.RawMessage("1 ]")} }, "JSON"},
		"two JSON values":        {func(r *rows) { r.users[2].Extra = map[string]json.RawMessage{"x": json.RawMessage("1 2")} }, "JSON"},
	} {
		r := sample()
		c.change(r)
		if _, err := digestOf(r); !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v, want invalid with %q", name, err, c.want)
		}
		s := newShelf(t)
		if _, _, err := s.Write(t.Context(), r, Origin{}, day, quiet); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("write of %s: %v, want invalid", name, err)
		}
		if v, err := s.Versions(); err != nil || len(v) > 0 {
			t.Errorf("%s: versions %v, %v", name, v, err)
		}
	}
}
