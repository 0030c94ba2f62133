package rates_test

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"marquee/catalog"
	"marquee/recommender/rates"
)

// begin is when simulated counts begin.
var begin = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// A world draws hourly counts: gamma-Poisson by movie and hour, with a rhythm of the
// traffic over the day and the week, and one of each movie's own.
type world struct {
	means      []float64 // people a day, by movie
	days       int
	dispersion float64 // of a day's count of a movie with 540 people
	even       bool    // counts of an hour are 1 to 40 alike, whatever the mean: as likely far below it as above
	erratic    bool    // each movie has a dispersion of its own, between a third of it and three times it
	seed       uint64

	change func(movie, hour int, bundle string) float64 // factor of the rate; nil for 1
	bundle func(hour int) []string                      // who serves, equally; nil for "a"
}

func id(movie int) catalog.MovieID { return catalog.MovieID(fmt.Sprint("m", movie)) }

// at returns the end of hour h.
func at(hour int) time.Time { return begin.Add(time.Duration(hour) * time.Hour) }

// perHour returns the traffic of an hour over its mean.
func perHour(hour int) float64 {
	return 1 + 0.6*math.Sin(2*math.Pi*float64(hour%24)/24) + 0.1*math.Sin(2*math.Pi*float64(hour)/168)
}

// table draws all counts.
func (w world) table(t testing.TB) *rates.Table {
	t.Helper()
	const people = 200_000.0 // a day
	served := func(hour int) []string {
		if w.bundle == nil {
			return []string{"a"}
		}
		return w.bundle(hour)
	}
	var heads []catalog.ListHour
	for h := range 24 * w.days {
		for _, b := range served(h) {
			heads = append(heads, catalog.ListHour{Hour: at(h), Bundle: b, People: int(people / 24 * perHour(h) / float64(len(served(h))))})
		}
	}
	// The variance of an hour's rate over its square: of a count of 540 a day that is even
	// over the hours, dispersion is 1 + v*540/24.
	v := (w.dispersion - 1) * 24 / 540
	var rows iter.Seq2[catalog.MovieHour, error] = func(yield func(catalog.MovieHour, error) bool) {
		src := rand.NewPCG(w.seed, 1)
		rng := rand.New(src)
		for m, mean := range w.means {
			phase, depth, weekly := rng.Float64()*2*math.Pi, 0.5*rng.Float64(), 0.02*rng.NormFloat64()
			own := v
			if w.erratic {
				own *= math.Pow(3, 2*rng.Float64()-1)
			}
			gamma := distuv.Gamma{Alpha: 1 / max(own, 1e-9), Beta: 1 / max(own, 1e-9), Src: src}
			for h := range 24 * w.days {
				rate := mean / 24 * perHour(h) * (1 + depth*math.Sin(2*math.Pi*float64(h)/24+phase)) * (1 + weekly*math.Sin(2*math.Pi*float64(h)/168))
				if own > 0 {
					rate *= gamma.Rand()
				}
				bundles := served(h)
				for _, b := range bundles {
					lambda := rate / float64(len(bundles))
					if w.change != nil {
						lambda *= w.change(m, h, b)
					}
					n := distuv.Poisson{Lambda: lambda, Src: src}.Rand()
					if w.even {
						n = float64(1 + rng.IntN(40))
					}
					if n > 0 && !yield(catalog.MovieHour{Hour: at(h), Bundle: b, Movie: id(m), People: int(n)}, nil) {
						return
					}
				}
			}
		}
	}
	table, err := rates.New(heads, rows, begin, at(24*w.days))
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// sizes returns n means, people a day from 0.3 to 3,000, most of them small.
func sizes(n int) []float64 {
	means := make([]float64, n)
	for i := range means {
		means[i] = 0.3 * math.Pow(10_000, math.Pow(float64(i)/float64(n), 1.5))
	}
	return means
}

// watched looks at every hour from one to another.
func watched(t testing.TB, table *rates.Table, from, to int, cfg rates.Config) rates.Report {
	t.Helper()
	r, err := rates.Watch(t.Context(), table, at(from), at(to), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}
