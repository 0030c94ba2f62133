package analysis_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender/experiment/analysis"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// A world is an [analysis.Source] in memory.
type world struct {
	movies   []catalog.Movie
	watches  []catalog.Watch
	ratings  []catalog.Rating
	lists    []catalog.Exposure
	feedback []catalog.Feedback
	sorted   bool
	fault    error // of every read
}

func (w *world) Movies(context.Context) iter.Seq2[catalog.Movie, error] { return all(w, w.movies) }
func (w *world) Watches(context.Context) iter.Seq2[catalog.Watch, error] {
	return all(w, w.watches)
}
func (w *world) Ratings(context.Context) iter.Seq2[catalog.Rating, error] {
	return all(w, w.ratings)
}

func (w *world) Exposures(_ context.Context, from, to time.Time) iter.Seq2[catalog.Exposure, error] {
	if !w.sorted {
		slices.SortFunc(w.lists, func(a, b catalog.Exposure) int { return a.At.Compare(b.At) })
		w.sorted = true
	}
	return between(w, w.lists, func(e catalog.Exposure) time.Time { return e.At }, from, to)
}

func (w *world) Feedback(_ context.Context, from, to time.Time) iter.Seq2[catalog.Feedback, error] {
	return between(w, w.feedback, func(f catalog.Feedback) time.Time { return f.At }, from, to)
}

func all[T any](w *world, xs []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range xs {
			if !yield(x, w.fault) {
				return
			}
		}
	}
}

func between[T any](w *world, xs []T, at func(T) time.Time, from, to time.Time) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, x := range xs {
			if t := at(x); !t.Before(from) && t.Before(to) && !yield(x, w.fault) {
				return
			}
		}
	}
}

// show adds a list of movies and returns its request id.
func (w *world) show(u string, label string, at time.Time, movies ...string) string {
	id := "r" + strconv.Itoa(len(w.lists))
	e := catalog.Exposure{RequestID: id, At: at, User: catalog.UserID(u), Experiment: label, Tier: "personal", Movies: make([]catalog.Exposed, 0, len(movies))}
	for _, m := range movies {
		e.Movies = append(e.Movies, catalog.Exposed{Movie: catalog.MovieID(m), Source: "als", Propensity: 1})
	}
	w.lists = append(w.lists, e)
	w.sorted = false
	return id
}

// watch adds a watch of a share of a movie of 100 minutes.
func (w *world) watch(u, movie string, at time.Time, share float64) {
	w.watches = append(w.watches, catalog.Watch{
		User: catalog.UserID(u), Movie: catalog.MovieID(movie), First: at, Last: at, Minute: int(100*share) - 1, Runtime: 100,
	})
}

func split(weights ...float64) catalog.Experiment {
	names := []string{"control", "treatment", "third"}
	e := catalog.Experiment{Name: "trial", Layer: "default", Mode: catalog.ExperimentSplit, Salt: "x", To: 1, Start: start}
	for i, w := range weights {
		e.Arms = append(e.Arms, catalog.ExperimentArm{Name: names[i], Weight: w})
	}
	return e
}

func analyse(t testing.TB, w *world, e catalog.Experiment, opts analysis.Options) *analysis.Result {
	t.Helper()
	r, err := analysis.Analyse(t.Context(), w, e, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// find returns the difference of the second arm in a metric.
func find(t testing.TB, r *analysis.Result, metric string) analysis.Difference {
	t.Helper()
	for _, d := range r.Differences {
		if d.Metric == metric {
			return d
		}
	}
	t.Fatalf("no difference in %s; notes: %q", metric, r.Notes)
	return analysis.Difference{}
}

// A crowd is people who come to the site for days: some with a taste for lists, most
// without.
type crowd struct {
	people, days int
	effect       float64 // added to what anybody accepts in the second arm
	before       int     // days before the start that they come, too
	loyalty      float64 // how far apart the two tastes are, 0 to 1
}

func (c crowd) world(rng *rand.Rand) *world {
	w := &world{}
	for m := range 60 {
		w.movies = append(w.movies, catalog.Movie{ID: catalog.MovieID(fmt.Sprint("m", m)), CostUSD: float64(m%5) / 2})
	}
	for p := range c.people {
		u, arm := fmt.Sprint("u", p), p%2
		taste := 0.25 + c.loyalty*0.2*float64(1-2*rng.IntN(2))
		joined := rng.IntN(c.days * 2 / 3)
		for d := -c.before; d < c.days; d++ {
			if d >= 0 && d < joined || rng.Float64() > 0.7 {
				continue
			}
			at := start.Add(time.Duration(d)*day + time.Duration(1+rng.IntN(3600))*time.Second)
			label, accepts := "", taste
			if d >= 0 {
				label = "other:a,trial:" + []string{"control", "treatment"}[arm]
				accepts += float64(arm) * c.effect
			}
			var movies [5]string
			for i, first := 0, rng.IntN(60); i < 5; i++ {
				movies[i] = string(w.movies[(first+7*i)%60].ID)
			}
			w.show(u, label, at, movies[:]...)
			if rng.Float64() < accepts {
				w.watch(u, movies[rng.IntN(5)], at.Add(time.Duration(1+rng.IntN(20))*time.Hour), 0.2+0.8*rng.Float64())
			}
		}
	}
	return w
}
