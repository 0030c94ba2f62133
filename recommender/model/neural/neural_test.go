package neural_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/neural"
)

func quiet(string, int, int) {}

func TestKit(t *testing.T) {
	for name, settings := range map[string]string{
		"all":   `{"hidden":32,"epochs":15,"patience":0,"batch_size":32,"learning_rate":0.01}`,
		"drawn": `{"hidden":20,"epochs":15,"patience":3,"batch_size":50,"negatives":60,"full_limit":0,"learning_rate":0.01,"propensity":0.3,"popularity_discount":0.1}`,
	} {
		t.Run(name, func(t *testing.T) {
			modeltest.Test(t, modeltest.Case{Kind: neural.Kind(), Settings: json.RawMessage(settings), Least: 0.13, Near: 0.005})
		})
	}
}

// small returns settings that train in a moment.
func small() neural.Config {
	c := neural.DefaultConfig()
	c.Hidden, c.Epochs, c.Patience, c.BatchSize, c.LearningRate = 24, 60, 0, 4, 0.02
	return c
}

// tiny is people of two circles who watched the same five movies each, in the same
// order: whoever watched the older ones goes on to the newer ones.
func tiny() *model.Data {
	d := &model.Data{Scale: catalog.Scale5, Starts: []int64{0}}
	for m := range 12 {
		d.Movies = append(d.Movies, catalog.Movie{ID: catalog.MovieID('a' + rune(m))})
	}
	for u := range 10 {
		d.Users = append(d.Users, catalog.User{ID: catalog.UserID('0' + rune(u))})
		for k := range 5 {
			d.Seen = append(d.Seen, model.Seen{Movie: uint32(5*(u%2) + k), At: int64(100 - k), Days: 1})
		}
		d.Starts = append(d.Starts, int64(len(d.Seen)))
	}
	return d
}

// TestLearnsByHeart shows that the network can fit a tiny world wholly.
func TestLearnsByHeart(t *testing.T) {
	for _, negatives := range []int{0, 8} {
		c := small()
		c.Negatives, c.FullLimit = negatives, 0
		m, err := neural.Train(t.Context(), tiny(), c, quiet)
		if err != nil {
			t.Fatal(err)
		}
		scores := make([]float32, 12)
		for circle := range 2 {
			at := uint32(5 * circle)
			if basis := m.Score(model.Query{Seen: []model.Seen{{Movie: at + 3}, {Movie: at + 4}}}, scores); basis != model.Personal {
				t.Fatalf("basis %d, want personal", basis)
			}
			for mine := at; mine < at+2; mine++ {
				for other := uint32(5 - at); other < 10-at; other++ {
					if !(scores[mine] > scores[other]+2) {
						t.Errorf("%d negatives: movie %d of the circle scores %v, %d of the other %v", negatives, mine, scores[mine], other, scores[other])
					}
				}
			}
		}
		for _, cold := range []int{10, 11} {
			if scores[cold] == scores[cold] {
				t.Errorf("movie %d, which nobody watched, scores %v, want NaN", cold, scores[cold])
			}
		}
	}
}

func TestBasis(t *testing.T) {
	m, err := neural.Train(t.Context(), tiny(), small(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	scores := make([]float32, 12)
	for name, c := range map[string]struct {
		seen []model.Seen
		want model.Basis
	}{
		"nothing":            {nil, model.None},
		"unknown movies":     {[]model.Seen{{Movie: 10}, {Movie: 11}, {Movie: 99}}, model.None},
		"one known of three": {[]model.Seen{{Movie: 10}, {Movie: 2}, {Movie: 99}}, model.Personal},
	} {
		if got := m.Score(model.Query{Seen: c.seen}, scores); got != c.want {
			t.Errorf("%s: basis %d, want %d", name, got, c.want)
		}
	}
}

// TestDiscount: of two movies alike but for their watchers, the discount moves the
// popular one down by the logarithm of them.
func TestDiscount(t *testing.T) {
	d := modeltest.World(1, 120, 80)
	c := small()
	c.Epochs = 3
	plain, err := neural.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	c.PopularityDiscount = 0.5
	less, err := neural.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	before, after := make([]float32, 80), make([]float32, 80)
	q := model.Query{Seen: d.Of(0)}
	plain.Score(q, before)
	less.Score(q, after)
	for row, n := range d.Watchers() {
		if n == 0 {
			continue
		}
		if got, want := float64(before[row]-after[row]), 0.5*math.Log(float64(n)+1); math.Abs(got-want) > 1e-4 {
			t.Errorf("movie %d of %d watchers lost %v, want %v", row, n, got, want)
		}
	}
}

// TestDebiasing: each way of pushing popular movies down does.
func TestDebiasing(t *testing.T) {
	d := modeltest.World(2, 400, 200)
	watchers := d.Watchers()
	popularity := func(change func(c *neural.Config)) float64 {
		c := small()
		c.Epochs, c.BatchSize, c.Negatives, c.FullLimit = 10, 50, 60, 0
		change(&c)
		m, err := neural.Train(t.Context(), d, c, quiet)
		if err != nil {
			t.Fatal(err)
		}
		scores, sum := make([]float32, m.Len()), 0.0
		for i := range d.Users {
			m.Score(model.Query{Seen: d.Of(i)}, scores)
			for _, s := range d.Of(i) {
				scores[s.Movie] = float32(math.NaN())
			}
			best := -1
			for row, s := range scores {
				if watchers[row] > 0 && s == s && (best < 0 || s > scores[best]) {
					best = row
				}
			}
			sum += float64(watchers[best])
		}
		return sum / float64(len(d.Users))
	}
	plain := popularity(func(*neural.Config) {})
	for name, change := range map[string]func(c *neural.Config){
		"propensity":  func(c *neural.Config) { c.Propensity = 1 },
		"negatives":   func(c *neural.Config) { c.NegativeCorrection, c.NegativePower = 0, 1 },
		"at scoring":  func(c *neural.Config) { c.PopularityDiscount = 1 },
		"all at once": func(c *neural.Config) { c.Propensity, c.NegativeCorrection, c.PopularityDiscount = 0.5, 0.5, 0.5 },
	} {
		if got := popularity(change); got > 0.95*plain {
			t.Errorf("%s: the first movies of lists have %.1f watchers, %.1f without; want fewer", name, got, plain)
		}
	}
}

func TestStopsEarlyAndTellsProgress(t *testing.T) {
	c := small()
	c.Epochs, c.Patience, c.BatchSize, c.LearningRate = 50, 2, 50, 0.03
	steps := map[string]int{}
	if _, err := neural.Train(t.Context(), modeltest.World(1, 150, 100), c, func(step string, done, total int) {
		if steps[step]++; done != steps[step] || done > total {
			t.Errorf("%s: %d of %d at call %d", step, done, total, steps[step])
		}
	}); err != nil {
		t.Fatal(err)
	}
	if v, n := steps["validate"], steps["train"]; n == 0 || v >= c.Epochs || n != v-c.Patience {
		t.Errorf("%d epochs with validation, %d without; want an early stop, and then those up to the best", v, n)
	}
}

func TestCancel(t *testing.T) {
	c := small()
	c.Epochs, c.Patience = 1000, 1000
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	_, err := neural.Train(ctx, modeltest.World(1, 60, 50), c, func(string, int, int) {
		if calls++; calls == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || calls != 2 {
		t.Errorf("error %v after %d calls, want canceled after 2", err, calls)
	}
}

func TestSeed(t *testing.T) {
	d := modeltest.World(1, 60, 50)
	c := small()
	c.Epochs = 2
	a, err := neural.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	c.Seed++
	b, err := neural.Train(t.Context(), d, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float32, 50), make([]float32, 50)
	a.Score(model.Query{Seen: d.Of(0)}, x)
	b.Score(model.Query{Seen: d.Of(0)}, y)
	if x[0] == y[0] && x[1] == y[1] {
		t.Error("another seed gives the same scores")
	}
}

// TestValidateTellsEveryFault spoils every setting.
func TestValidateTellsEveryFault(t *testing.T) {
	no := math.NaN()
	err := neural.Config{
		LearningRate: no, Decay: no, Dropout: no, Recency: no, InputRating: no, TargetRating: no, PersonPower: no,
		Ahead: no, Negatives: -1, FullLimit: -1, NegativePower: no, NegativeCorrection: no, Propensity: no, PropensityBound: no, PopularityDiscount: no, Patience: -1,
	}.Validate()
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok || len(joined.Unwrap()) != 19 {
		t.Errorf("faults: %v; want 19", err)
	}
	if err := neural.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
}
