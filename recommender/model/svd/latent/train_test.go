package latent_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/svd/latent"
)

func quiet(string, int, int) {}

// config is small, and moves far enough to show mistakes.
func config() latent.Config {
	return latent.Config{Factors: 3, Epochs: 5, Rate: 0.02, Reg: 0.05, InitStd: 0.1, Biased: true, FoldReg: 1, FoldBiasReg: 1, Seed: 1}
}

// slow is Koren's descent as the papers have it, one factor wide, in float64,
// every number moved at every rating.
type slow struct {
	mean         float64
	p, q, y      map[int]float64
	bUser, bItem map[int]float64
}

func train(d *model.Data, c latent.Config) *slow {
	s := &slow{p: map[int]float64{}, q: map[int]float64{}, y: map[int]float64{}, bUser: map[int]float64{}, bItem: map[int]float64{}}
	n := 0.0
	for _, r := range d.Seen {
		s.q[int(r.Movie)], s.y[int(r.Movie)] = c.InitMean, c.InitMean
		if r.Rated {
			s.mean += float64(r.Rating)
			n++
		}
	}
	s.mean /= n
	for range c.Epochs {
		for u := range d.Users {
			if _, ok := s.p[u]; !ok {
				s.p[u] = c.InitMean
			}
			for _, r := range d.Of(u) {
				if r.Rated {
					s.step(d, c, u, r)
				}
			}
		}
	}
	return s
}

func (s *slow) implicit(seen []model.Seen, c latent.Config) (w float64) {
	if c.Implicit {
		for _, r := range seen {
			w += s.y[int(r.Movie)] / math.Sqrt(float64(len(seen)))
		}
	}
	return w
}

func (s *slow) predict(d *model.Data, c latent.Config, u, i int) float64 {
	x := s.p[u] + s.implicit(d.Of(u), c)
	if !c.Biased {
		return s.q[i] * x
	}
	return s.mean + s.bUser[u] + s.bItem[i] + s.q[i]*x
}

func (s *slow) step(d *model.Data, c latent.Config, u int, r model.Seen) {
	i := int(r.Movie)
	e := float64(r.Rating) - s.predict(d, c, u, i)
	p, q, w := s.p[u], s.q[i], s.implicit(d.Of(u), c)
	s.bUser[u] += c.Rate * (e - c.Reg*s.bUser[u])
	s.bItem[i] += c.Rate * (e - c.Reg*s.bItem[i])
	s.p[u] += c.Rate * (e*q - c.Reg*p)
	s.q[i] += c.Rate * (e*(p+w) - c.Reg*q)
	for _, j := range d.Of(u) {
		s.y[int(j.Movie)] += c.Rate * (e*q/math.Sqrt(float64(len(d.Of(u)))) - c.Reg*s.y[int(j.Movie)])
	}
}

// The quick steps lead where those of the papers lead, also where the scales of
// rows and people shrink so far that they are multiplied in.
func TestDescent(t *testing.T) {
	for name, change := range map[string]func(c *latent.Config){
		"svd":            func(c *latent.Config) {},
		"svd++":          func(c *latent.Config) { c.Implicit = true },
		"unbiased":       func(c *latent.Config) { c.Biased = false; c.Rate = 0.005 },
		"svd, shrinking": func(c *latent.Config) { c.Rate, c.Reg, c.Epochs = 0.05, 0.8, 40 },
		"svd++, shrinking": func(c *latent.Config) {
			c.Implicit, c.Rate, c.Reg, c.Epochs = true, 0.05, 0.8, 40
		},
	} {
		t.Run(name, func(t *testing.T) {
			d := modeltest.World(5, 60, 50)
			c := config()
			c.Factors, c.InitMean, c.InitStd = 1, 0.5, 0
			change(&c)
			_, people, err := latent.Train(t.Context(), d, c, quiet)
			if err != nil {
				t.Fatal(err)
			}
			want := train(d, c)
			for u := range d.Users {
				for _, s := range d.Of(u) {
					if !s.Rated {
						continue
					}
					var got [1]float32
					people.Predict(u, []uint32{s.Movie}, got[:])
					w := min(5, max(1, want.predict(d, c, u, int(s.Movie))))
					if math.Abs(float64(got[0])-w) > 1e-4 {
						t.Fatalf("person %d, movie %d: %v, want %v", u, s.Movie, got[0], w)
					}
				}
			}
		})
	}
}

// A scale twice as wide gives ratings twice as high, to the bit.
func TestScales(t *testing.T) {
	narrow, wide := modeltest.World(5, 60, 50), modeltest.World(5, 60, 50)
	wide.Scale = catalog.Scale{Min: 2, Max: 10, Step: 2}
	for i := range wide.Seen {
		wide.Seen[i].Rating *= 2
	}
	c := config()
	a, _, err := latent.Train(t.Context(), narrow, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	b, _, err := latent.Train(t.Context(), wide, c, quiet)
	if err != nil {
		t.Fatal(err)
	}
	x, y := make([]float32, a.Len()), make([]float32, b.Len())
	for u := range narrow.Users {
		a.Score(model.Query{Seen: narrow.Of(u)}, x)
		b.Score(model.Query{Seen: wide.Of(u)}, y)
		for row := range x {
			if x[row] == x[row] && 2*x[row] != y[row] {
				t.Fatalf("person %d, movie %d: %v on 1 to 5, %v on 2 to 10", u, row, x[row], y[row])
			}
		}
	}
}

func TestSeeds(t *testing.T) {
	d := modeltest.World(5, 60, 50)
	c := config()
	c.Shuffle = true
	scores := func() []float32 {
		m, _, err := latent.Train(t.Context(), d, c, quiet)
		if err != nil {
			t.Fatal(err)
		}
		out := make([]float32, m.Len())
		m.Score(model.Query{Seen: d.Of(0)}, out)
		return out
	}
	first := scores()
	if again := scores(); again[0] != first[0] {
		t.Errorf("one seed: %v, then %v", first[0], again[0])
	}
	c.Seed++
	if other := scores(); other[0] == first[0] {
		t.Errorf("two seeds both score %v", other[0])
	}
}

func TestStops(t *testing.T) {
	d := modeltest.World(5, 60, 50)
	ctx, cancel := context.WithCancel(t.Context())
	epochs := 0
	_, _, err := latent.Train(ctx, d, config(), func(step string, done, total int) {
		if epochs = done; done == 2 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || epochs != 2 {
		t.Errorf("cut short in epoch 2: %v after epoch %d", err, epochs)
	}
}

// Settings that lead nowhere are told, and no model is made.
func TestDivergence(t *testing.T) {
	d := modeltest.World(5, 60, 50)
	c := config()
	c.Rate, c.Reg, c.InitMean, c.Epochs, c.Factors, c.Implicit = 0.1, 0, 1, 50, 200, true
	_, _, err := latent.Train(t.Context(), d, c, quiet)
	if err == nil || !strings.Contains(err.Error(), "rate") {
		t.Errorf("error %v, want one that names the rate", err)
	}
}

func TestValidate(t *testing.T) {
	if err := config().Validate(); err != nil {
		t.Error(err)
	}
	bad := latent.Config{Rate: math.NaN(), Reg: -1, InitStd: 2, InitMean: math.Inf(1), FoldReg: -1, FoldBiasReg: 1e9}
	err := bad.Validate()
	if err == nil {
		t.Fatal("no error")
	}
	for _, name := range []string{"factors", "epochs", "rate", "reg", "init_mean", "init_std", "fold_reg", "fold_bias_reg"} {
		if !strings.Contains(err.Error(), name+" is ") {
			t.Errorf("error %q does not name %s", err, name)
		}
	}
}
