package als

import (
	"context"
	"math"
	"math/rand/v2"

	"marquee/recommender/model/pages"
)

// A Trainer holds the factors of people, who are the rows of a matrix, and of
// movies, its columns, while they are learned.
type Trainer struct {
	Users []float32 // [rows x Dims], row-major
	Items []float32 // [columns x Dims]

	c     Config
	scale float64 // of every lambda
	users side
	items side
}

// A side is what the rows of one side are solved from.
type side struct {
	matrix  *Matrix
	blocks  []int     // bounds of rows that are handed out together
	lambdas []float32 // of each row
}

// NewTrainer checks m, transposes it, which takes its memory once more, and draws
// the factors to begin with: as the package implicit does for the plain
// objective, even from 0 to 0.01; for all pairs as Rendle et al. do, normal with a
// deviation of 0.1/sqrt(Dims). The caller may set others before the first sweep.
func NewTrainer(m *Matrix, c Config) (*Trainer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if err := m.Check(); err != nil {
		return nil, err
	}
	t := &Trainer{c: c, users: side{matrix: m}, items: side{matrix: m.Transpose()}}
	t.scale = c.scale(t.users.matrix.Starts, t.items.matrix.Starts)
	for _, s := range []*side{&t.users, &t.items} {
		s.blocks, s.lambdas = s.matrix.blocks(), c.lambdas(t.scale, s.matrix.Starts, s.matrix.Columns)
	}
	t.Users, t.Items = pages.Make[float32](m.Rows()*c.Dims), pages.Make[float32](m.Columns*c.Dims)
	for i, x := range [][]float32{t.Users, t.Items} {
		draw(x, c, rand.New(rand.NewPCG(c.Seed, uint64(i))))
	}
	return t, nil
}

func draw(x []float32, c Config, rng *rand.Rand) {
	deviation := 0.1 / math.Sqrt(float64(c.Dims))
	for i := range x {
		if c.Objective == Plain {
			x[i] = 0.01 * rng.Float32()
		} else {
			x[i] = float32(deviation * rng.NormFloat64())
		}
	}
}

// TrainMatrix makes c.Sweeps sweeps over a matrix of confidences, people by
// movies, and returns the trainer with the factors. It needs the matrix twice, at
// 8 bytes a value, and 4*Dims bytes for every row and column. after, unless nil,
// is called behind each sweep, and ends the training with its error.
func TrainMatrix(ctx context.Context, m *Matrix, c Config, after func(sweep int, t *Trainer) error) (*Trainer, error) {
	t, err := NewTrainer(m, c)
	if err != nil {
		return nil, err
	}
	for sweep := range c.Sweeps {
		if err := t.Sweep(ctx); err != nil {
			return nil, err
		}
		if after == nil {
			continue
		}
		if err := after(sweep+1, t); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// Sweep solves all people for the movies' factors as they are, then all movies
// for the people's. Rows are shared out among the processors; each is solved by
// itself, so that the result does not depend on who solved it. With conjugate
// gradients it takes about 8*Steps*Dims operations a value of the matrix.
func (t *Trainer) Sweep(ctx context.Context) error {
	if err := t.half(ctx, &t.users, t.Users, t.Items); err != nil {
		return err
	}
	return t.half(ctx, &t.items, t.Items, t.Users)
}

func (t *Trainer) half(ctx context.Context, s *side, rows, others []float32) error {
	g, err := gram(ctx, others, t.c.Dims, float32(t.c.Unobserved))
	if err != nil {
		return err
	}
	dims, m := t.c.Dims, s.matrix
	return parallel(ctx, len(s.blocks)-1, func() func(i int) {
		v := newSolver(t.c, g, others)
		return func(i int) {
			for row := s.blocks[i]; row < s.blocks[i+1]; row++ {
				x := rows[row*dims : (row+1)*dims]
				low, high := m.Starts[row], m.Starts[row+1]
				if low == high {
					clear(x) // nothing is known of it
					continue
				}
				v.solve(x, m.Cols[low:], m.Values[low:high], s.lambdas[row])
			}
		}
	})
}
