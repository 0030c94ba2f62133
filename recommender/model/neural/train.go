package neural

import (
	"context"
	"math"
	"math/rand/v2"

	"marquee/recommender/model"
)

// Streams of random numbers: what is drawn for one thing moves nothing else.
const (
	beginStream  = 1
	epochStream  = 2
	sampleStream = 3
)

// Train makes a network of d. With patience, it first finds on how many epochs the
// newest movies of people are told best without having been seen, then trains
// as many on everything.
func Train(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, error) {
	if !d.Ordered() { // there is no earlier time to ask as of: the paper's way is left
		c.Ahead, c.Recency, c.Dropout = 0, 0, max(c.Dropout, 0.5)
	}
	epochs := c.Epochs
	if c.Patience > 0 {
		best, err := bestEpochs(ctx, d, c, progress)
		if err != nil {
			return nil, err
		}
		epochs = best
	}
	t := newTrainer(d, c)
	for e := range epochs {
		if err := t.epoch(ctx); err != nil {
			return nil, err
		}
		progress("train", e+1, epochs)
	}
	return t.finish()
}

// A trainer is a network while it is trained.
type trainer struct {
	d        *model.Data
	c        Config
	watchers []uint32
	order    []int // people with a history
	sampler  sampler
	drawer   *drawer // nil: everyone is compared on all movies
	step     step
	adams    [groups]*adam
	epochs   int // begun
	steps    int // taken
}

func newTrainer(d *model.Data, c Config) *trainer {
	t := &trainer{d: d, c: c, watchers: d.Watchers()}
	w := begin(rand.New(rand.NewPCG(c.Seed, beginStream)), t.watchers, c.Hidden)
	t.step.w = w
	t.adams = [groups]*adam{groupIn: newAdam(len(w.in)), groupHidden: newAdam(len(w.hidden)), groupOut: newAdam(len(w.out)), groupBias: newAdam(len(w.bias))}
	t.sampler = sampler{d: d, c: c, propensity: propensities(t.watchers, c)}
	if c.Negatives > 0 && c.Negatives < len(d.Movies) && int64(len(d.Users))*int64(len(d.Movies)) > c.FullLimit {
		t.drawer = newDrawer(t.watchers, c)
		t.step.columns = noColumns(len(d.Movies))
	} else {
		t.step.columns = allColumns(len(d.Movies))
	}
	for i := range d.Users {
		if len(d.Of(i)) > 0 {
			t.order = append(t.order, i)
		}
	}
	return t
}

// propensities returns what a movie to be found counts, by its watchers; nil if
// all count the same. The movie of a mean watch counts one.
func propensities(watchers []uint32, c Config) []float32 {
	if c.Propensity == 0 {
		return nil
	}
	var sum, squares float64
	for _, n := range watchers {
		sum += float64(n)
		squares += float64(n) * float64(n)
	}
	out := make([]float32, len(watchers))
	for m, n := range watchers {
		weight := math.Pow(float64(max(n, 1))*sum/squares, -c.Propensity)
		out[m] = float32(min(c.PropensityBound, max(1/c.PropensityBound, weight)))
	}
	return out
}

// epoch takes every person once, in an order of its own.
func (t *trainer) epoch(ctx context.Context) error {
	t.epochs++
	rng := rand.New(rand.NewPCG(t.c.Seed, uint64(t.epochs)<<8|epochStream))
	rng.Shuffle(len(t.order), func(i, j int) { t.order[i], t.order[j] = t.order[j], t.order[i] })
	for from := 0; from < len(t.order); from += t.c.BatchSize {
		if err := ctx.Err(); err != nil {
			return err
		}
		if t.drawer != nil {
			t.drawer.draw(rng, t.step.columns)
		}
		t.batch(t.order[from:min(len(t.order), from+t.c.BatchSize)])
	}
	return nil
}

// batch takes one step of Adam.
func (t *trainer) batch(people []int) {
	samples := room(t.step.samples, len(people))
	t.step.samples = samples
	spread(blocks(len(people), personBlock), func(b int) {
		for i := b * personBlock; i < min(len(people), (b+1)*personBlock); i++ {
			t.sampler.sample(t.epochs, people[i], &samples[i])
		}
	})
	var sum float32
	for i := range samples {
		sum += samples[i].weight
	}
	if sum == 0 {
		return
	}
	for i := range samples {
		samples[i].weight *= float32(len(people)) / sum
	}
	t.steps++
	full, free := paceAt(t.c, t.steps)
	w := t.step.w
	t.step.run(func(g group, row int, gradient []float32) {
		switch at := row * w.width; g {
		case groupIn:
			t.adams[g].update(full, at, w.in[at:at+w.width], gradient)
		case groupOut:
			t.adams[g].update(full, at, w.out[at:at+w.width], gradient)
		case groupHidden:
			t.adams[g].update(free, 0, w.hidden, gradient)
		case groupBias:
			t.adams[g].update(free, row, w.bias[row:row+1], gradient)
		}
	})
}

// model returns the network as it is now. Its weights are the trainer's: they
// change with the next epoch.
func (t *trainer) model() *Model {
	m := &Model{w: t.step.w, scale: t.d.Scale, rating: t.c.InputRating, recency: t.c.Recency, known: make([]bool, len(t.watchers))}
	for i, n := range t.watchers {
		m.known[i] = n > 0
	}
	m.ready()
	return m
}

// finish returns the network, popular movies discounted, with guessed weights for
// those movies that nobody watched and that have a vector.
func (t *trainer) finish() (*Model, error) {
	m := t.model()
	if tau := t.c.PopularityDiscount; tau > 0 {
		for i, n := range t.watchers {
			m.w.bias[i] -= float32(tau * math.Log(float64(n)+1))
		}
	}
	g, err := learn(t.d, m.w, t.watchers)
	if err != nil {
		return nil, err
	}
	m.guess = g
	for i, known := range m.known {
		if !known && g.dims > 0 {
			copy(m.known[i:], g.fill(m.w, i, t.d.Vector(uint32(i))))
		}
	}
	m.ready()
	return m, nil
}
