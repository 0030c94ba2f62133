package latent

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// Train learns from the ratings of d, and where c.Implicit is set from what was
// watched without a rating too. It takes O(epochs * len(d.Seen) * factors), in
// one goroutine, and that twice if c.FoldReg is 0. Besides the model it returns
// what was learned of people, which no model keeps. d must pass
// [model.Data.CheckRatings].
func Train(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, *People, error) {
	if err := c.Validate(); err != nil {
		return nil, nil, err
	}
	if err := d.CheckRatings(); err != nil {
		return nil, nil, err
	}
	if c.FoldReg == 0 {
		var err error
		if c.FoldReg, err = choose(ctx, d, c, progress); err != nil {
			return nil, nil, err
		}
	}
	return learn(ctx, d, c, progress)
}

func learn(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, *People, error) {
	t := newTrainer(d, c)
	for epoch := range c.Epochs {
		if err := t.epoch(ctx); err != nil {
			return nil, nil, fmt.Errorf("epoch %d of %d: %w", epoch+1, c.Epochs, err)
		}
		progress("epochs", epoch+1, c.Epochs)
	}
	return t.finish()
}

const trainStream = 4 // of random numbers

// A trainer is a descent under way. All ratings are in units of unit.
type trainer struct {
	c      Config
	d      *model.Data
	rng    *rand.Rand
	unit   float64
	mean   float64 // of all ratings; the predictions' start where c.Biased
	start  float64
	rated  []bool // by movie
	seen   []bool // by movie: rated or watched by someone who rated something
	people struct {
		bias    []float64
		factors []float32 // [people x factors]
		rated   []bool
	}
	bias     []float64 // of movies
	movies   rows      // q of Koren's papers
	implicit rows      // y; empty without c.Implicit

	order   []int        // of people
	ratings []model.Seen // of the person at hand, in order
	x, old  []float32    // the person's factors, the implicit part included
	scale   float32      // of x
}

func newTrainer(d *model.Data, c Config) *trainer {
	t := &trainer{c: c, d: d, rng: rand.New(rand.NewPCG(c.Seed, trainStream)), unit: unit(d.Scale)}
	t.rated, t.seen = make([]bool, len(d.Movies)), make([]bool, len(d.Movies))
	t.people.rated = make([]bool, len(d.Users))
	n := 0
	for i := range d.Users {
		t.order = append(t.order, i)
		for _, s := range d.Of(i) {
			if s.Rated {
				t.rated[s.Movie], t.people.rated[i] = true, true
				t.mean += float64(s.Rating) / t.unit
				n++
			}
		}
		for _, s := range d.Of(i) {
			// No step moves y for who rated nothing: it would stay random.
			t.seen[s.Movie] = t.seen[s.Movie] || t.people.rated[i]
		}
	}
	t.mean /= float64(n)
	if c.Biased {
		t.start = t.mean
	}
	t.bias, t.people.bias = make([]float64, len(d.Movies)), make([]float64, len(d.Users))
	t.people.factors = newRows(t.rng, len(d.Users), c).values
	t.movies = newRows(t.rng, len(d.Movies), c)
	if c.Implicit {
		t.implicit = newRows(t.rng, len(d.Movies), c)
	}
	t.x, t.old = make([]float32, c.Factors), make([]float32, c.Factors)
	return t
}

// unit returns the power of two by which ratings are divided, so that the scale
// gets as wide as five stars: 1 for 0.5 to 5 and 1 to 5, 2 for 1 to 10. A power
// of two changes no digit.
func unit(s catalog.Scale) float64 {
	return math.Exp2(math.Round(math.Log2((s.Max - s.Min) / 4.5)))
}

// epoch makes one step for every rating, person by person.
func (t *trainer) epoch(ctx context.Context) error {
	if t.c.Shuffle {
		t.rng.Shuffle(len(t.order), func(a, b int) { t.order[a], t.order[b] = t.order[b], t.order[a] })
	}
	squares, steps := 0.0, 0
	for _, person := range t.order {
		if !t.people.rated[person] {
			continue
		}
		if steps >= 1<<16 {
			steps = 0
			if err := ctx.Err(); err != nil {
				return err
			}
		}
		steps += len(t.d.Of(person))
		squares += t.person(person)
	}
	if math.IsNaN(squares) || math.IsInf(squares, 0) {
		return fmt.Errorf("the factors grow without bounds: set a lower rate than %v or a higher reg than %v", t.c.Rate, t.c.Reg)
	}
	return ctx.Err()
}

// person makes the steps of one person's ratings and returns the sum of their
// squared errors.
//
// In SVD++ a step moves the person's own factors p and the implicit part w, the
// sum of y over the movies seen divided by the root of their number n, alike:
// each shrinks by rate*reg and gains rate*error*q, because every y gains the same
// rate*error*q/sqrt(n). So it is enough to follow x = p + w with twice the gain,
// and to share the gain out when the person is done. That is Koren's descent to
// the letter at the price of SVD, where moving every y at every rating would cost
// n times as much.
func (t *trainer) person(i int) (squares float64) {
	own := t.people.factors[i*t.c.Factors:][:t.c.Factors]
	copy(t.x, own)
	gain := 1.0
	if t.c.Implicit {
		gain = 2
		t.addImplicit(t.x, t.d.Of(i))
		copy(t.old, t.x)
	}
	t.scale = 1
	t.gather(i)
	for _, s := range t.ratings {
		squares += t.step(&t.people.bias[i], s, gain)
	}
	multiply(t.x, t.scale)
	if !t.c.Implicit {
		copy(own, t.x)
		return squares
	}
	shrunk := float32(math.Pow(1-t.c.Rate*t.c.Reg, float64(len(t.ratings))))
	vec.Axpy(-shrunk, t.old, t.x)
	multiply(t.x, 0.5) // what each of the two parts has gained
	multiply(own, shrunk)
	vec.Axpy(1, t.x, own)
	seen := t.d.Of(i)
	share := 1 / float32(math.Sqrt(float64(len(seen))))
	for _, s := range seen {
		t.implicit.step(s.Movie, shrunk, share, t.x)
	}
	return squares
}

// gather puts the ratings of one person in the order of this epoch.
func (t *trainer) gather(i int) {
	t.ratings = t.ratings[:0]
	for _, s := range t.d.Of(i) {
		if s.Rated {
			t.ratings = append(t.ratings, s)
		}
	}
	if t.c.Shuffle {
		t.rng.Shuffle(len(t.ratings), func(a, b int) { t.ratings[a], t.ratings[b] = t.ratings[b], t.ratings[a] })
	}
}

// addImplicit adds the implicit part of a history to x.
func (t *trainer) addImplicit(x []float32, seen []model.Seen) {
	share := 1 / float32(math.Sqrt(float64(max(1, len(seen)))))
	for _, s := range seen {
		t.implicit.addTo(x, share, s.Movie)
	}
}

// step goes down the gradient of one rating and returns its squared error. With
// x = a*X for the person and q = b*Q for the movie, shrink s and g = rate*error,
// the step is q' = s*q + g*x and x' = s*x + gain*g*q, both of the old q and x.
// Q is moved first; then q of the second sum is what Q' less its share of X
// gives, which changes a.
func (t *trainer) step(bias *float64, s model.Seen, gain float64) float64 {
	c, q := &t.c, t.movies.row(s.Movie)
	a, b := float64(t.scale), float64(t.movies.scales[s.Movie])
	e := float64(s.Rating)/t.unit - t.start - *bias - t.bias[s.Movie] - a*b*float64(vec.Dot(t.x, q))
	if c.Biased {
		*bias += c.Rate * (e - c.Reg*(*bias))
		t.bias[s.Movie] += c.Rate * (e - c.Reg*t.bias[s.Movie])
	}
	shrink, g := 1-c.Rate*c.Reg, c.Rate*e
	t.movies.step(s.Movie, float32(shrink), float32(g*a), t.x)
	after := float64(t.movies.scales[s.Movie])
	// x' = (s*a - gain*g*g*a/s) X + gain*g*q'/s
	a *= shrink - gain*g*g/shrink
	vec.Axpy(float32(gain*g*after/(shrink*a)), q, t.x)
	t.scale = float32(a)
	if a < leastScale {
		multiply(t.x, t.scale)
		t.scale = 1
	}
	return e * e
}
