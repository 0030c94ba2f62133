package catalog_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"testing/quick"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"marquee/catalog"
)

func TestParseMovieID(t *testing.T) {
	for _, id := range []string{
		"1", "heat+1995", "endeavour+", "the+good_+the+bad+and+the+ugly+1966", "thelma++louise+1991", "umberto+d.+1952",
		"who+the+f**k+is+arthur+fogel+2013", "550e8400-e29b-41d4-a716-446655440000", "映画", "a%2Fb", `"'\`, "😀", strings.Repeat("x", 200),
	} {
		if got, err := catalog.ParseMovieID(id); err != nil || string(got) != id {
			t.Errorf("id %q: %q, %v", id, got, err)
		}
	}
	for _, id := range []string{"", "a,b", "a/b", "a b", "a\tb", "a\u00a0b", "a\u2003b", "a\nb", "a\x00b", "a\x7fb", "a\u0085b", "\xff", strings.Repeat("x", 201)} {
		if _, err := catalog.ParseMovieID(id); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("movie id %q: %v, want invalid", id, err)
		}
		if _, err := catalog.ParseUserID(id); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("user id %q: %v, want invalid", id, err)
		}
	}
}

func TestScale(t *testing.T) {
	for _, s := range []catalog.Scale{catalog.ScaleMovieLens, catalog.Scale5, catalog.Scale10, {Min: -1, Max: 1, Step: 0.25}, {Min: 0, Max: 1, Step: 0.1}, {Min: 0, Max: 1, Step: 0.001}, {Min: 0, Max: 1000, Step: 1}} {
		if got, err := catalog.ParseScale(s.String()); err != nil || got != s {
			t.Errorf("%s came back as %v, %v", s, got, err)
		}
	}
	for _, text := range []string{"", "1..5", "5..1/1", "1..5/0", "1..5/9", "a..b/c", "1-5/1", "1..5/3", "0..1/0.3", "1..5.5/1", "0..1/0.0009", "0..1001/1", "0..1e300/1", "1..5/1x", "NaN..5/1", "-Inf..Inf/1"} {
		if s, err := catalog.ParseScale(text); !errors.Is(err, catalog.ErrInvalid) {
			t.Errorf("scale %q: %v, %v; want invalid", text, s, err)
		}
	}
	for _, c := range []struct {
		scale catalog.Scale
		v     float64
		ok    bool
	}{
		{catalog.ScaleMovieLens, 0.5, true}, {catalog.ScaleMovieLens, 3.5, true}, {catalog.ScaleMovieLens, 3.3, false}, {catalog.ScaleMovieLens, 0, false},
		{catalog.Scale5, 1, true}, {catalog.Scale5, 5.5, false}, {catalog.Scale5, 6, false}, {catalog.Scale5, math.NaN(), false}, {catalog.Scale10, 10, true}, {catalog.Scale10, math.Inf(1), false},
	} {
		if err := c.scale.Check(c.v); (err == nil) != c.ok {
			t.Errorf("%v on %s: %v, want ok=%v", c.v, c.scale, err, c.ok)
		}
	}
	if got := catalog.Scale10.Of5(1); got != 1 {
		t.Errorf("1 of 10 is %v of 5, want 1", got)
	}
	if got := catalog.Scale10.Of5(10); got != 5 {
		t.Errorf("10 of 10 is %v of 5, want 5", got)
	}
}

// Of two ratings exactly one replaces the other unless they are the same, whatever
// comes first.
func TestRatingAfterIsATotalOrder(t *testing.T) {
	f := func(a, b int8, x, y uint8) bool {
		p := catalog.Rating{At: time.Unix(int64(a%3), 0), Value: float64(x % 3)}
		q := catalog.Rating{At: time.Unix(int64(b%3), 0), Value: float64(y % 3)}
		same := p.At.Equal(q.At) && p.Value == q.Value
		return same != (p.After(q) != q.After(p)) && (!same || !p.After(q))
	}
	if err := quick.Check(f, nil); err != nil {
		t.Error(err)
	}
}

func TestWatchShare(t *testing.T) {
	for _, c := range []struct {
		minute, runtime int
		want            float64
		ok              bool
	}{{0, 100, 0.01, true}, {49, 100, 0.5, true}, {99, 100, 1, true}, {500, 100, 1, true}, {10, 0, 0, false}} {
		got, ok := catalog.Watch{Minute: c.minute, Runtime: c.runtime}.Share()
		if got != c.want || ok != c.ok {
			t.Errorf("minute %d of %d: %v, %v; want %v, %v", c.minute, c.runtime, got, ok, c.want, c.ok)
		}
	}
}

// Whatever comes in, a normalised movie can be stored: valid UTF-8, within its
// bounds, and normalising it again changes nothing.
func TestNormalize(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.RuneFrom([]rune{0, 7, ' ', 'a', 0x85, 0x2028, 0xfffd})), rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
		m := catalog.Movie{
			ID: "x", Title: text.Draw(t, "title"), Overview: text.Draw(t, "plot"), Genres: rapid.SliceOf(text).Draw(t, "genres"),
			Year: rapid.Int().Draw(t, "year"), RuntimeMinutes: rapid.Int().Draw(t, "runtime"), VoteAverage: rapid.Float64().Draw(t, "votes"),
			VoteCount: rapid.Int().Draw(t, "count"), Popularity: rapid.Float64().Draw(t, "popularity"), CostUSD: rapid.Float64().Draw(t, "cost"),
		}
		if _, err := m.Normalize(); err != nil {
			t.Fatal(err)
		}
		for _, s := range append([]string{m.Title, m.Overview}, m.Genres...) {
			if !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\n\x07") || strings.TrimSpace(s) != s {
				t.Fatalf("text %q", s)
			}
		}
		if _, err := json.Marshal(m); err != nil {
			t.Fatal(err)
		}
		again := m
		if notes, err := again.Normalize(); err != nil || len(notes) > 0 || !reflect.DeepEqual(again, m) {
			t.Fatalf("%+v became %+v, %v, %v", m, again, notes, err)
		}
	})
}

func TestNormalizeCutsAndTells(t *testing.T) {
	m := catalog.Movie{ID: "x", Overview: strings.Repeat("é", 1<<19), Year: 19950, VoteAverage: math.NaN(), Genres: []string{"Crime", " Crime ", ""}}
	notes, err := m.Normalize()
	if err != nil || len(notes) != 3 {
		t.Errorf("notes %q, %v; want one each for plot, year and votes", notes, err)
	}
	if len(m.Overview) != catalog.MaxTextBytes || !utf8.ValidString(m.Overview) {
		t.Errorf("plot of %d bytes, want %d, cut at a character", len(m.Overview), catalog.MaxTextBytes)
	}
	if !reflect.DeepEqual(m.Genres, []string{"Crime"}) || m.Year != 0 || m.VoteAverage != 0 {
		t.Errorf("movie %+v", m)
	}
	bad := catalog.Movie{ID: "a b"}
	if _, err := bad.Normalize(); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("illegal id: %v", err)
	}
	user := catalog.User{ID: "7", Age: -3, Gender: "F\x00"}
	if notes, err := user.Normalize(); err != nil || len(notes) != 1 || user.Age != 0 || user.Gender != "F" {
		t.Errorf("user %+v, %q, %v", user, notes, err)
	}
}

func TestMerge(t *testing.T) {
	base := func() catalog.Movie {
		return catalog.Movie{ID: "a", Title: "Heat", Extra: map[string]json.RawMessage{"x": json.RawMessage("1")}}
	}
	other := catalog.Movie{ID: "b", Title: "Heat!", Year: 1995, Genres: []string{"Crime"}, Adult: true, TMDBID: 949, VoteAverage: 8.2,
		Extra: map[string]json.RawMessage{"x": json.RawMessage("2"), "y": json.RawMessage("3")}}
	m := base()
	if !m.Merge(other, false) || m.ID != "a" || m.Title != "Heat" || m.Year != 1995 || m.TMDBID != 949 || !m.Adult || string(m.Extra["x"]) != "1" || string(m.Extra["y"]) != "3" {
		t.Errorf("merged %+v", m)
	}
	if m.Merge(other, false) {
		t.Error("merging again changed something")
	}
	m = base()
	if !m.Merge(other, true) || m.ID != "a" || m.Title != "Heat!" || string(m.Extra["x"]) != "2" {
		t.Errorf("merged with preference %+v", m)
	}
	if m.Merge(other, true) || m.Merge(catalog.Movie{ID: "c"}, true) {
		t.Error("merging again, or nothing, changed something")
	}
}

func TestReportBoundsItsFaults(t *testing.T) {
	var r catalog.Report
	for i := range 5000 {
		r.Refuse("f", i+1, "wrong")
		r.Mend("f", i+1, "cut")
	}
	if r.Refused != 5000 || r.Mended != 5000 || len(r.Faults) != catalog.MaxFaults {
		t.Errorf("%d refused, %d mended, %d kept", r.Refused, r.Mended, len(r.Faults))
	}
	if got := r.Faults[0].String(); got != "f:1: wrong" {
		t.Errorf("fault %q", got)
	}
}
