package eval

import (
	"context"
	"math"
	"math/bits"
	"math/rand/v2"

	"golang.org/x/sync/errgroup"
)

// drawsPerResample is how many draws a randomisation test makes for each resample
// of the bootstrap. The least p it can find is one over their number, and the
// correction for some hundred comparisons multiplies that.
const drawsPerResample = 10

// randomise returns, for every figure, the p-value of the paired randomisation
// test (Smucker, Allan, Carterette, "A comparison of statistical significance
// tests for information retrieval evaluation", 2007): if the two models were
// alike, each person's numbers could as well have come from the other one. It is
// (1 + draws at least as far from 0) / (1 + draws), hence never 0.
func (s *sheet) randomise(ctx context.Context, cfg Config, a, b int) ([]float64, error) {
	p := make([]float64, len(s.figures))
	if s.rows < 2 || cfg.Resamples == 0 {
		for i := range p {
			p[i] = math.NaN()
		}
		return p, nil
	}
	t := s.swap(a, b)
	all := drawsPerResample * cfg.Resamples
	far := make([][]int, (all+chunk-1)/chunk)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(cfg.Workers)
	for c := range far {
		g.Go(func() error {
			far[c] = t.far(mix(cfg.Seed+1), c, min(chunk, all-c*chunk))
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for i := range p {
		n := 1
		for _, counts := range far {
			n += counts[i]
		}
		p[i] = float64(n) / float64(1+all)
	}
	return p, nil
}

// chunk is how many draws are made together; their sums stay in the cache.
const chunk = 1024

// together is how many people's signs are drawn at once: a byte of them.
const together = 8

// A swap holds what the randomisation test needs of two models. To swap them for
// one person is to turn the sign of that person's difference.
type swap struct {
	figures []figure
	rows    []float64 // model a minus model b, [people x width]
	width   int
	sums    []float64 // of both models, by column
	found   []float64 // the difference, by figure
	slack   []float64 // what rounding may do to it
}

func (s *sheet) swap(a, b int) *swap {
	t := &swap{figures: s.figures, width: s.width, sums: make([]float64, s.width)}
	t.rows = make([]float64, 0, s.rows*s.width)
	diffs, sizes := make([]float64, s.width), make([]float64, s.width)
	for row := range s.rows {
		mine, theirs := s.at(row, a), s.at(row, b)
		for i := range mine {
			d := mine[i] - theirs[i]
			t.rows = append(t.rows, d)
			diffs[i] += d
			sizes[i] += math.Abs(d)
			t.sums[i] += mine[i] + theirs[i]
		}
	}
	for _, f := range t.figures {
		slack := sizes[f.over]
		if !f.plain() {
			slack = f.of(t.sums)
		}
		t.slack = append(t.slack, 1e-12*slack)
	}
	t.found = make([]float64, len(t.figures))
	t.differences(diffs, make([]float64, 2*t.width), t.found)
	return t
}

// plain reports whether f is a mean over people.
func (f figure) plain() bool { return f.by == perPerson && !f.root }

// differences writes to out that of every figure, up to the number of people,
// given those of the columns. scratch is [2 x width].
func (t *swap) differences(columns, scratch, out []float64) {
	mine, theirs := scratch[:t.width], scratch[t.width:]
	for i, d := range columns {
		mine[i], theirs[i] = (t.sums[i]+d)/2, (t.sums[i]-d)/2
	}
	for i, f := range t.figures {
		if f.plain() {
			out[i] = columns[f.over]
		} else {
			out[i] = f.of(mine) - f.of(theirs)
		}
	}
}

// far makes n draws of chunk number c and counts for every figure those whose
// difference is at least as far from 0 as the one found. The signed sums of eight
// people are tabulated, so that a draw adds one row of the table for all eight.
func (t *swap) far(seed uint64, c, n int) []int {
	rng := rand.New(rand.NewPCG(seed, mix(uint64(c))))
	sums := make([]float64, n*t.width)
	table := make([]float64, (1<<together)*t.width)
	for rows := t.rows; len(rows) > 0; {
		block := rows[:min(len(rows), together*t.width)]
		rows = rows[len(block):]
		t.tabulate(table, block)
		var random uint64
		for draw := range n {
			if draw%(64/together) == 0 {
				random = rng.Uint64()
			}
			signs := int(random & (1<<together - 1))
			random >>= together
			sum := sums[draw*t.width : (draw+1)*t.width]
			for i, d := range table[signs*t.width : (signs+1)*t.width] {
				sum[i] += d
			}
		}
	}
	counts, got, scratch := make([]int, len(t.figures)), make([]float64, len(t.figures)), make([]float64, 2*t.width)
	for draw := range n {
		t.differences(sums[draw*t.width:(draw+1)*t.width], scratch, got)
		for i, d := range got {
			if math.Abs(d) >= math.Abs(t.found[i])-t.slack[i] {
				counts[i]++
			}
		}
	}
	return counts
}

// tabulate fills table, [256 x width], with the sums of up to eight rows; a bit
// that is set gives its row a plus, else it has a minus.
func (t *swap) tabulate(table, rows []float64) {
	none := table[:t.width]
	clear(none)
	for at, d := range rows {
		none[at%t.width] -= d
	}
	people := len(rows) / t.width
	for signs := 1; signs < 1<<together; signs++ {
		low := bits.TrailingZeros(uint(signs))
		before := table[(signs&(signs-1))*t.width:][:t.width]
		out := table[signs*t.width:][:t.width]
		if low >= people {
			copy(out, before)
			continue
		}
		for i, d := range rows[low*t.width : (low+1)*t.width] {
			out[i] = before[i] + 2*d
		}
	}
}
