package rating

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"marquee/embedder/vec"
	"marquee/recommender/model"
)

// blockPeople is how many people one goroutine takes at a time.
const blockPeople = 256

// A training is one run: what is fitted, and what each part says of each rating.
type training struct {
	c      Config
	r      *ratings
	design *design
	tastes *tastes
	groups [numTraits]trait
	member [numTraits][]int32 // [people]: the group, or -1

	facts    []float32 // [width of design]: weights of the facts
	item     []float32 // [movies]: facts and the movie's own effect
	ofGroups []float32 // [ratings]: what the groups add; nil if there are none
	ofPerson []float32 // [ratings]: what the person adds
}

// Train makes a model of d's ratings. The time grows with the ratings times the
// square of the width of taste (some 90 columns), and with the movies times the
// square of the number of facts. Data that [model.Data.CheckRatings] refuses is
// an error that wraps [model.ErrData].
func Train(ctx context.Context, d *model.Data, c Config, progress model.Progress) (*Model, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := d.CheckRatings(); err != nil {
		return nil, err
	}
	r := ratingsOf(d)
	a, err := findAxes(d.Vectors, d.Dims, c.Content)
	if err != nil {
		return nil, err
	}
	content := a.placeAll(d)
	e := newEncoder(d.Movies)
	t := &training{
		c: c, r: r, item: make([]float32, len(d.Movies)), ofPerson: make([]float32, len(r.movies)),
		design: newDesign(d, r, e, content, a.count), tastes: newTastes(d, r, e, content, a.count, c),
	}
	t.design.prepare(r, c.Movie, c.Ridge)
	if err := t.run(ctx, d, progress); err != nil {
		return nil, err
	}
	return t.model(d, a), nil
}

// run fits each part against the others.
func (t *training) run(ctx context.Context, d *model.Data, progress model.Progress) error {
	if t.c.Group > 0 {
		t.groups, t.member = groupsOf(d.Users, t.r, t.tastes.width)
		if len(t.groups[0].names)+len(t.groups[1].names)+len(t.groups[2].names) > 0 {
			t.ofGroups = make([]float32, len(t.r.movies))
		}
	}
	for sweep := range t.c.Sweeps {
		progress("rating", sweep, t.c.Sweeps)
		if err := ctx.Err(); err != nil {
			return err
		}
		t.fitMovies()
		t.tastes.setQuality(t.r, t.item)
		if err := t.fitGroups(ctx); err != nil {
			return err
		}
		if sweep == t.c.Sweeps-1 {
			break // what people add is of no use any more
		}
		if err := t.fitPeople(ctx); err != nil {
			return err
		}
	}
	progress("rating", t.c.Sweeps, t.c.Sweeps)
	return nil
}

// fitMovies fits the facts' weights and the movies' effects to what groups and
// people leave.
func (t *training) fitMovies() {
	sums := make([]float64, len(t.item))
	for k, movie := range t.r.movies {
		rest := t.r.values[k] - t.ofPerson[k]
		if t.ofGroups != nil {
			rest -= t.ofGroups[k]
		}
		sums[movie] += float64(rest)
	}
	means := make([]float64, len(sums))
	for i, n := range t.r.counts {
		if n > 0 {
			means[i] = sums[i] / n
		}
	}
	t.facts = t.design.fit(means)
	for i, n := range t.r.counts {
		from := float64(vec.Dot(t.facts, t.design.ask[i*t.design.width:(i+1)*t.design.width]))
		t.item[i] = float32(from + (sums[i]-n*from)/(n+t.c.Movie))
	}
}

// fitGroups fits the weights of the groups, trait by trait, to what the others
// leave.
func (t *training) fitGroups(ctx context.Context) error {
	if t.ofGroups == nil {
		return nil
	}
	for k := range t.groups {
		if len(t.groups[k].names) == 0 {
			continue
		}
		if err := t.fitTrait(ctx, k); err != nil {
			return err
		}
		t.addGroups()
	}
	return ctx.Err()
}

// fitTrait fits the groups of one trait, which share no person, each in a
// goroutine: what its people's ratings of each movie leave on average.
func (t *training) fitTrait(ctx context.Context, k int) error {
	g, width := &t.groups[k], t.tastes.width
	movies := len(t.item)
	counts, sums := make([]float32, len(g.names)*movies), make([]float64, len(g.names)*movies)
	for i, group := range t.member[k] {
		if group < 0 {
			continue
		}
		own := g.weights[int(group)*width : (int(group)+1)*width]
		for at := t.r.starts[i]; at < t.r.starts[i+1]; at++ {
			movie := t.r.movies[at]
			rest := t.r.values[at] - t.item[movie] - t.ofPerson[at] - t.ofGroups[at] + vec.Dot(own, t.tastes.row(movie))
			counts[int(group)*movies+int(movie)]++
			sums[int(group)*movies+int(movie)] += float64(rest)
		}
	}
	return inBlocks(ctx, len(g.names), 1, func() func(from, to int) {
		s := newSolver(width)
		return func(group, _ int) {
			s.reset()
			for movie := range movies {
				if n := counts[group*movies+movie]; n > 0 {
					s.add(t.tastes.row(uint32(movie)), float32(sums[group*movies+movie]/float64(n)), n)
				}
			}
			s.solve(g.weights[group*width:(group+1)*width], 1/t.c.Group)
		}
	})
}

// addGroups writes what the groups of each person add to each rating.
func (t *training) addGroups() {
	weights := make([]float32, t.tastes.width)
	for i := range t.r.people() {
		clear(weights)
		for k := range t.groups {
			if group := t.member[k][i]; group >= 0 {
				vec.Axpy(1, t.groups[k].weights[int(group)*len(weights):(int(group)+1)*len(weights)], weights)
			}
		}
		for at := t.r.starts[i]; at < t.r.starts[i+1]; at++ {
			t.ofGroups[at] = vec.Dot(weights, t.tastes.row(t.r.movies[at]))
		}
	}
}

// fitPeople writes what each person's own weights add to their ratings.
func (t *training) fitPeople(ctx context.Context) error {
	return inBlocks(ctx, t.r.people(), blockPeople, func() func(from, to int) {
		s := newSolver(t.tastes.width)
		weights := make([]float32, t.tastes.width)
		return func(from, to int) {
			for i := from; i < to; i++ {
				t.fitPerson(i, s, weights)
			}
		}
	})
}

func (t *training) fitPerson(i int, s *solver, weights []float32) {
	s.reset()
	for at := t.r.starts[i]; at < t.r.starts[i+1]; at++ {
		movie := t.r.movies[at]
		rest := t.r.values[at] - t.item[movie]
		if t.ofGroups != nil {
			rest -= t.ofGroups[at]
		}
		s.add(t.tastes.row(movie), rest, 1)
	}
	s.solve(weights, 1)
	for at := t.r.starts[i]; at < t.r.starts[i+1]; at++ {
		t.ofPerson[at] = vec.Dot(weights, t.tastes.row(t.r.movies[at]))
	}
}

// inBlocks calls what worker returns for the blocks of [0, n), in any order, from
// as many goroutines as there are processors. Blocks share nothing, so the order
// does not matter.
func inBlocks(ctx context.Context, n, size int, worker func() func(from, to int)) error {
	group, ctx := errgroup.WithContext(ctx)
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), (n+size-1)/size) {
		group.Go(func() error {
			do := worker()
			for {
				from := int(next.Add(int64(size))) - size
				if from >= n {
					return nil
				}
				if err := ctx.Err(); err != nil {
					return fmt.Errorf("stopped at %d of %d: %w", from, n, err)
				}
				do(from, min(from+size, n))
			}
		})
	}
	return group.Wait()
}

// model returns what requests need.
func (t *training) model(d *model.Data, a *axes) *Model {
	m := &Model{
		scale: d.Scale, mean: float32(t.r.mean()), width: t.tastes.width, item: t.item, tastes: t.tastes.rows, groups: t.groups,
		newcomer: newcomer{
			axes: a, content: t.tastes.content, axis: t.tastes.axis, item: vec.Dot(t.facts, t.design.fresh), taste: t.tastes.fresh,
			slope: t.slope(a.count), quality: t.tastes.quality,
			mean: float32(t.tastes.mean), spread: float32(t.tastes.spread * t.tastes.scale),
		},
	}
	t.forget(m, d)
	return m.ready()
}

// slope returns what a place on the axes adds to a movie's part of the rating.
func (t *training) slope(axes int) []float32 {
	out := slices.Clone(t.facts[t.design.width-1-axes : t.design.width-1])
	for k := range out {
		out[k] *= float32(placeScale(axes))
	}
	return out
}

// forget marks the movies of which nothing is known.
func (t *training) forget(m *Model, d *model.Data) {
	var none []float32
	for i := range d.Movies {
		v := none
		if d.Dims > 0 {
			v = d.Vector(uint32(i))
		}
		if !known(&d.Movies[i], v, t.r.others[i]) {
			m.item[i] = float32(math.NaN())
			row := m.tastes[i*m.width : (i+1)*m.width]
			clear(row[1:])
		}
	}
}
