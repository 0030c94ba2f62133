package sqlstore_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// listOf returns a served list of n movies from three sources, one of them drawn.
func listOf(n int) []catalog.Exposed {
	sources := []string{"neighbours", "popular", "explore"}
	movies := make([]catalog.Exposed, n)
	for i := range movies {
		movies[i] = catalog.Exposed{Movie: catalog.MovieID(fmt.Sprintf("some+movie+%d+1995", i)), Source: sources[i%3], Propensity: 1}
		if i%3 == 2 {
			movies[i].Propensity = 0.05
		}
	}
	return movies
}

func TestPackMovies(t *testing.T) {
	long := catalog.Exposed{Movie: catalog.MovieID(strings.Repeat("x", catalog.MaxIDBytes)), Source: strings.Repeat("é", sqlstore.MaxSourceBytes/2)}
	manySources := listOf(200)
	for i := range manySources {
		manySources[i].Source = fmt.Sprint("source ", i)
	}
	for name, movies := range map[string][]catalog.Exposed{
		"none": nil, "one": listOf(1), "twenty": listOf(20), "most": listOf(catalog.MaxExposed), "long": {long}, "many sources": manySources,
		"propensities": {{Movie: "a", Propensity: 0}, {Movie: "b", Propensity: math.SmallestNonzeroFloat32}, {Movie: "c", Propensity: math.Nextafter32(1, 0)}},
	} {
		raw, err := sqlstore.PackMovies(movies)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := sqlstore.UnpackMovies(raw); err != nil || !reflect.DeepEqual(got, movies) {
			t.Errorf("%s came back as %+v, %v; want %+v", name, got, err, movies)
		}
		// A part of it is never taken for the whole.
		for n := 0; n < len(raw); n += 1 + len(raw)/500 {
			if got, err := sqlstore.UnpackMovies(raw[:n]); !errors.Is(err, catalog.ErrInvalid) {
				t.Fatalf("%s: the first %d of %d bytes give %v, %v; want an error that wraps ErrInvalid", name, n, len(raw), got, err)
			}
		}
	}
	raw, err := sqlstore.PackMovies(listOf(20))
	if err != nil || len(raw) > 520 {
		t.Errorf("20 movies take %d bytes, %v; want at most 520", len(raw), err)
	}
}

// All sources of an interleaved list in one, by the longest names that there are.
func TestSourcesOfTeamsFit(t *testing.T) {
	one := strings.Repeat("m", 40) + "@" + strings.Repeat("a", 64)
	all := strings.Repeat(one+"+", 31) + one
	if _, err := sqlstore.PackMovies([]catalog.Exposed{{Movie: "a", Source: all, Propensity: 1}}); err != nil {
		t.Error(err)
	}
}

func TestUnpackGarbage(t *testing.T) {
	text := func(s string) string { return string(binary.AppendUvarint(nil, uint64(len(s)))) + s }
	const one = "\x01\x01\x01" // version, one movie, one source
	for name, c := range map[string]struct{ raw, word string }{
		"nothing":             {"", "version"},
		"version":             {"\x02\x00\x00", "version is 2"},
		"no count":            {"\x01", "number of movies"},
		"count without end":   {"\x01" + strings.Repeat("\xff", 20), "number of movies"},
		"too many movies":     {"\x01\xe9\x07\x00", "number of movies is 1001"},
		"more sources":        {"\x01\x01\x02", "number of sources is 2"},
		"source too long":     {one + "\x81\x20", "length of source is 4097"},
		"source cut":          {one + "\x05abc", "source wants 5 bytes, 3 are left"},
		"source no text":      {one + text("\xff"), "source"},
		"no id":               {one + text("s"), "movie 0 of 1: length of movie id"},
		"id not legal":        {one + text("s") + text("a,b") + "\x00", "movie id"},
		"empty id":            {one + text("s") + text("") + "\x00", "movie id is empty"},
		"source not there":    {one + text("s") + text("a") + "\x02", "place of source is 2, want at most 1"},
		"no sources":          {"\x01\x01\x00" + text("a") + "\x00", "the list has none"},
		"propensity cut":      {one + text("s") + text("a") + "\x01abc", "propensity wants 4 bytes"},
		"propensity above 1":  {one + text("s") + text("a") + "\x01\x00\x00\x00\x40", "propensity is 2"},
		"propensity is NaN":   {one + text("s") + text("a") + "\x01\x00\x00\xc0\x7f", "propensity is NaN"},
		"something after it":  {one + text("s") + text("a") + "\x00x", "1 bytes follow"},
		"something after all": {"\x01\x00\x00x", "1 bytes follow"},
	} {
		got, err := sqlstore.UnpackMovies([]byte(c.raw))
		if !errors.Is(err, catalog.ErrInvalid) || !strings.Contains(fmt.Sprint(err), c.word) || got != nil {
			t.Errorf("%s: %v, %v; want an error that wraps ErrInvalid and says %q", name, got, err, c.word)
		}
	}
}

// Whatever is unpacked can be packed, and is then the same; nothing panics.
func FuzzUnpackMovies(f *testing.F) {
	for _, n := range []int{0, 1, 20} {
		raw, err := sqlstore.PackMovies(listOf(n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
		f.Add(raw[:len(raw)/2])
		f.Add(append(raw, 0))
		f.Add(bytes.ReplaceAll(raw, []byte{16}, []byte{0xff}))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		movies, err := sqlstore.UnpackMovies(raw)
		if err != nil {
			if !errors.Is(err, catalog.ErrInvalid) || movies != nil {
				t.Fatalf("%v, %v; want nothing and an error that wraps ErrInvalid", movies, err)
			}
			return
		}
		again, err := sqlstore.PackMovies(movies)
		if err != nil {
			t.Fatalf("what was unpacked cannot be packed: %v", err)
		}
		if back, err := sqlstore.UnpackMovies(again); err != nil || !reflect.DeepEqual(back, movies) {
			t.Fatalf("%+v came back as %+v, %v", movies, back, err)
		}
	})
}

// A row that was damaged is told, by the request it belongs to.
func TestDamagedExposure(t *testing.T) {
	onBoth(t, func(t *testing.T, dsn string) {
		s := mustOpen(t, dsn)
		if _, err := s.PutExposures(t.Context(), []catalog.Exposure{{RequestID: "request7", At: time.Unix(1, 0), Movies: listOf(3)}}); err != nil {
			t.Fatal(err)
		}
		damage := "UPDATE exposures SET movies = x'0103'"
		if s.Kind() == sqlstore.Postgres {
			damage = `UPDATE exposures SET movies = '\x0103'`
		}
		if err := s.Exec(t.Context(), damage); err != nil {
			t.Fatal(err)
		}
		_, err := s.Exposure(t.Context(), "request7")
		refused(t, err, catalog.ErrDamaged, "request7", "number of sources")
		for _, err := range s.Exposures(t.Context(), time.Time{}, time.Time{}) {
			refused(t, err, catalog.ErrDamaged, "request7")
		}
	})
}

// PutExposures of lists of 20 movies, 1,000 a call as a recorder does, without and with
// what they were made from, against two rivals on the same database: the list as JSON,
// and a row for each movie. Ids of requests are random, or begin with the time.
func BenchmarkPutExposures(b *testing.B) {
	type put func(s *sqlstore.Store, exposures []catalog.Exposure) error
	packed := func(s *sqlstore.Store, exposures []catalog.Exposure) error {
		_, err := s.PutExposures(b.Context(), exposures)
		return err
	}
	for _, way := range []struct {
		name  string
		input int
		timed bool
		put   put
	}{
		{"packed", 0, false, packed},
		{"packed", 0, true, packed},
		{"packed", 600, false, packed},
		{"packed", 4096, false, packed},
		{"packed", 4096, true, packed},
		{"json", 0, false, func(s *sqlstore.Store, exposures []catalog.Exposure) error {
			return s.PutListsJSON(b.Context(), exposures)
		}},
		{"rows", 0, false, func(s *sqlstore.Store, exposures []catalog.Exposure) error {
			return s.PutListsRows(b.Context(), exposures)
		}},
	} {
		for kind, dsn := range dsns {
			b.Run(fmt.Sprintf("on=%s/lists=%s/input=%d/timed=%v", kind, way.name, way.input, way.timed), func(b *testing.B) {
				s := mustOpen(b, dsn(b))
				if err := s.MakeRivals(b.Context()); err != nil {
					b.Fatal(err)
				}
				benchPutExposures(b, s, way.input, way.timed, way.put)
			})
		}
	}
}

func benchPutExposures(b *testing.B, s *sqlstore.Store, input int, timed bool, put func(*sqlstore.Store, []catalog.Exposure) error) {
	const lists = 1000
	before, n := bytesOf(b, s), uint64(0)
	draw := rand.NewChaCha8([32]byte{1})
	for b.Loop() {
		exposures := make([]catalog.Exposure, lists)
		for i := range exposures {
			n++
			id := fmt.Sprintf("%016x%08x", draw.Uint64(), draw.Uint64()>>32)
			if timed {
				id = fmt.Sprintf("%012x", n/15) + id[12:]
			}
			exposures[i] = catalog.Exposure{
				RequestID: id, At: time.UnixMicro(int64(n) * 60), User: catalog.UserID(fmt.Sprint(draw.Uint64() % 200_000)),
				Bundle: "2026-01-31.1", Arm: "blend", Tier: "personal", Movies: listOf(20), Input: make([]byte, input),
			}
			if _, err := draw.Read(exposures[i].Input); err != nil {
				b.Fatal(err)
			}
		}
		if err := put(s, exposures); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "lists/s")
	b.ReportMetric(float64(bytesOf(b, s)-before)/float64(n), "bytes/list")
}

func bytesOf(b *testing.B, s *sqlstore.Store) int64 {
	b.Helper()
	n, err := s.Bytes(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	return n
}
