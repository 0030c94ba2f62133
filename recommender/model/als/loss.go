package als

import (
	"context"

	"marquee/embedder/vec"
)

// Loss returns the whole objective: every pair of a person and a movie, observed
// or not, and the penalties. What was not observed costs as little as the Gram
// matrices: sum of s² over all pairs = trace of X'X*Y'Y.
func (t *Trainer) Loss(ctx context.Context) (float64, error) {
	observed, err := t.observed(ctx)
	if err != nil {
		return 0, err
	}
	xx, err := gram(ctx, t.Users, t.c.Dims, 1)
	if err != nil {
		return 0, err
	}
	yy, err := gram(ctx, t.Items, t.c.Dims, 1)
	if err != nil {
		return 0, err
	}
	all := 0.0
	for i, v := range xx {
		all += float64(v) * float64(yy[i])
	}
	return observed + t.c.Unobserved*all + t.penalty(&t.users, t.Users) + t.penalty(&t.items, t.Items), nil
}

// observed is what the observed pairs cost beside their part of all pairs.
func (t *Trainer) observed(ctx context.Context) (float64, error) {
	m, dims, floor := t.users.matrix, t.c.Dims, float64(t.c.floor())
	sums := make([]float64, len(t.users.blocks)-1)
	err := parallel(ctx, len(sums), func() func(i int) {
		return func(i int) {
			for row := t.users.blocks[i]; row < t.users.blocks[i+1]; row++ {
				x := t.Users[row*dims : (row+1)*dims]
				for at := m.Starts[row]; at < m.Starts[row+1]; at++ {
					s := float64(vec.Dot(x, t.Items[int(m.Cols[at])*dims:][:dims]))
					sums[i] += float64(m.Values[at])*(1-s)*(1-s) - floor*s*s
				}
			}
		}
	})
	total := 0.0
	for _, s := range sums {
		total += s
	}
	return total, err
}

func (t *Trainer) penalty(s *side, rows []float32) float64 {
	total, dims := 0.0, t.c.Dims
	for i, l := range s.lambdas {
		x := rows[i*dims : (i+1)*dims]
		total += float64(l) * float64(vec.Dot(x, x))
	}
	return total
}
