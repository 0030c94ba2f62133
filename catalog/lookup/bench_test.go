package lookup_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/catalog/lookup"
	"marquee/catalog/stream"
)

// BenchmarkSink appends batches of 5,000 lines, of a million people and 27,000
// movies, popular ones more often, to a sink that does nothing and to the same with
// an ear: the difference is what lookups cost a line. Half of the people were met
// before, as at any time of the stream.
func BenchmarkSink(b *testing.B) {
	const lines = 5000
	r := rand.New(rand.NewPCG(1, 1))
	users := make([]catalog.UserID, 1_000_000)
	for i := range users {
		users[i] = catalog.UserID(fmt.Sprint(i))
	}
	movies := make([]catalog.MovieID, 27_000)
	for i := range movies {
		movies[i] = catalog.MovieID(fmt.Sprintf("the+movie+of+the+year+%05d+1999", i))
	}
	batches := make([]catalog.Batch, 200)
	for i := range batches {
		for range lines {
			m := movies[int(float64(len(movies))*r.Float64()*r.Float64()*r.Float64())]
			u := users[r.IntN(len(users))] // copied, as a parser would have
			batches[i].Minutes = append(batches[i].Minutes, catalog.Minute{User: catalog.UserID(strings.Clone(string(u))), Movie: catalog.MovieID(strings.Clone(string(m)))})
		}
	}
	cfg := lookup.DefaultConfig()
	cfg.Queue = 1_000_000
	w := newWorld()
	l, err := lookup.New(cfg, w, w, time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	heard := l.Sink(blackhole{})
	rival := maps{movies: map[catalog.MovieID]struct{}{}, users: map[catalog.UserID]struct{}{}}
	for _, batch := range batches {
		for _, sink := range []stream.Sink{heard, rival} {
			if _, err := sink.Append(b.Context(), batch); err != nil {
				b.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		name string
		sink stream.Sink
	}{{"bare", blackhole{}}, {"heard", heard}, {"maps", rival}, {"heard", heard}, {"maps", rival}} {
		b.Run("sink="+c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := c.sink.Append(b.Context(), batches[i%len(batches)]); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/line")
		})
	}
}

// maps remember every id.
type maps struct {
	movies map[catalog.MovieID]struct{}
	users  map[catalog.UserID]struct{}
}

func (m maps) Append(_ context.Context, b catalog.Batch) (catalog.Applied, error) {
	for i := range b.Minutes {
		if _, met := m.movies[b.Minutes[i].Movie]; !met {
			m.movies[b.Minutes[i].Movie] = struct{}{}
		}
		if _, met := m.users[b.Minutes[i].User]; !met {
			m.users[b.Minutes[i].User] = struct{}{}
		}
	}
	return catalog.Applied{}, nil
}
