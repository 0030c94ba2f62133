package indexertest_test

import (
	"cmp"
	"context"
	"math"
	"slices"
	"testing"

	"marquee/indexer"
	"marquee/indexer/indexertest"
)

// An exact is a plain, right index; mend breaks its answers.
type exact struct {
	vecs []float32
	dims int
	mend mutation
}

// A mutation is one thing an index may do wrong. Its zero value does all right.
type mutation struct {
	search func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error)
	len    func(n int) int
}

func (x exact) Len() int {
	if x.mend.len != nil {
		return x.mend.len(len(x.vecs) / x.dims)
	}
	return len(x.vecs) / x.dims
}

func (x exact) Dims() int { return x.dims }

func (x exact) Search(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	if x.mend.search != nil {
		return x.mend.search(x, ctx, q, k, keep)
	}
	return x.right(ctx, q, k, keep)
}

func (x exact) right(ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
	if err := indexer.CheckQuery(q, x.dims, k); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if zero(q) {
		return nil, nil
	}
	var hits []indexer.Hit
	for row := range uint32(len(x.vecs) / x.dims) {
		v := x.vecs[int(row)*x.dims : (int(row)+1)*x.dims]
		if zero(v) || keep != nil && !keep(row) {
			continue
		}
		hits = append(hits, indexer.Hit{Row: row, Score: dot(q, v)})
	}
	slices.SortFunc(hits, func(a, b indexer.Hit) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
	})
	return slices.Clone(hits[:min(k, len(hits))]), nil
}

func zero(v []float32) bool {
	return !slices.ContainsFunc(v, func(x float32) bool { return x != 0 })
}

func dot(a, b []float32) float32 {
	var sum float64
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return float32(sum)
}

func builder(m mutation) indexertest.Build {
	return func(_ *testing.T, vecs []float32, dims int) indexer.Index {
		return exact{vecs: vecs, dims: dims, mend: m}
	}
}

func TestKitPassesARightIndex(t *testing.T) {
	indexertest.TestIndex(t, builder(mutation{}), 1)
}

// after returns a mutation that changes right answers.
func after(change func(x exact, q []float32, k int, hits []indexer.Hit) []indexer.Hit) mutation {
	return mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
		hits, err := x.right(ctx, q, k, keep)
		if err != nil || len(hits) == 0 {
			return hits, err
		}
		return change(x, q, k, hits), nil
	}}
}

// TestKitFailsBrokenIndexes breaks an index in each way that was seen or feared
// and names the checks that must tell; others may tell, too.
func TestKitFailsBrokenIndexes(t *testing.T) {
	tests := []struct {
		name string
		m    mutation
		want []string
	}{
		{"unsorted", after(func(_ exact, _ []float32, _ int, hits []indexer.Hit) []indexer.Hit {
			slices.Reverse(hits)
			return hits
		}), []string{"order", "recall on movies"}},
		{"ties by descending row", after(func(_ exact, _ []float32, _ int, hits []indexer.Hit) []indexer.Hit {
			slices.SortFunc(hits, func(a, b indexer.Hit) int {
				return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Row, a.Row))
			})
			return hits
		}), []string{"ties by row", "duplicates"}},
		{"ties across the edge", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			all, err := x.right(ctx, q, math.MaxInt, keep)
			if err != nil || k < 1 {
				return x.right(ctx, q, k, keep)
			}
			slices.SortFunc(all, func(a, b indexer.Hit) int {
				return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Row, a.Row))
			})
			all = all[:min(k, len(all))]
			slices.SortFunc(all, func(a, b indexer.Hit) int {
				return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
			})
			return all, nil
		}}, []string{"ties by row"}},
		{"keep ignored", mutation{search: func(x exact, ctx context.Context, q []float32, k int, _ indexer.Keep) ([]indexer.Hit, error) {
			return x.right(ctx, q, k, nil)
		}}, []string{"keep", "keep refuses the nearest", "zero rows"}},
		{"keep applied to the top k", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			hits, err := x.right(ctx, q, k, nil)
			return slices.DeleteFunc(hits, func(h indexer.Hit) bool { return keep != nil && !keep(h.Row) }), err
		}}, []string{"keep", "keep refuses the nearest"}},
		{"keep asked past the end", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			if keep != nil {
				keep(uint32(x.Len()))
			}
			return x.right(ctx, q, k, keep)
		}}, []string{"keep"}},
		{"first hit dropped", after(func(_ exact, _ []float32, _ int, hits []indexer.Hit) []indexer.Hit {
			return hits[1:]
		}), []string{"order", "few rows", "past the end"}},
		{"k off by one", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			if k > 0 && k < math.MaxInt {
				k++
			}
			return x.right(ctx, q, k, keep)
		}}, []string{"order", "keep"}},
		{"one row twice", after(func(_ exact, _ []float32, _ int, hits []indexer.Hit) []indexer.Hit {
			hits[len(hits)-1] = hits[0]
			return hits
		}), []string{"order"}},
		{"a worse row for the best", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			if k < 1 || k > x.Len() {
				return x.right(ctx, q, k, keep)
			}
			hits, err := x.right(ctx, q, k+1, keep)
			return hits[min(1, max(0, len(hits)-k)):], err
		}}, []string{"few rows", "recall on movies", "recall on profiles"}},
		{"scores off", after(func(_ exact, _ []float32, _ int, hits []indexer.Hit) []indexer.Hit {
			for i := range hits {
				hits[i].Score -= 1e-3
			}
			return hits
		}), []string{"scores"}},
		{"scores are cosines", after(func(_ exact, q []float32, _ int, hits []indexer.Hit) []indexer.Hit {
			length := math.Sqrt(float64(dot(q, q)))
			for i := range hits {
				hits[i].Score = float32(float64(hits[i].Score) / length)
			}
			return hits
		}), []string{"scores"}},
		{"NaN scores", after(func(_ exact, _ []float32, _ int, hits []indexer.Hit) []indexer.Hit {
			for i := range hits {
				hits[i].Score = float32(math.NaN())
			}
			return hits
		}), []string{"order", "scores"}},
		{"query normalised in place", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			hits, err := x.right(ctx, q, k, keep)
			if err == nil {
				q[0] *= 2
			}
			return hits, err
		}}, []string{"scores"}},
		{"zero rows returned", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			hits, err := x.right(ctx, q, k, keep)
			if err != nil || zero(q) {
				return hits, err
			}
			for row := uint32(0); int(row) < x.Len() && len(hits) < k; row++ {
				if zero(x.vecs[int(row)*x.dims:(int(row)+1)*x.dims]) && (keep == nil || keep(row)) {
					hits = append(hits, indexer.Hit{Row: row})
				}
			}
			return hits, nil
		}}, []string{"zero rows"}},
		{"zero rows not counted", mutation{len: func(n int) int { return n - n/20 }}, []string{"zero rows", "shape"}},
		{"zero query answered", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			hits, err := x.right(ctx, q, k, keep)
			if err == nil && len(hits) == 0 && x.Len() > 0 {
				hits = []indexer.Hit{{}}
			}
			return hits, err
		}}, []string{"zero query"}},
		{"context ignored", mutation{search: func(x exact, _ context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			return x.right(context.Background(), q, k, keep)
		}}, []string{"cancelled context"}},
		{"length unchecked", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			fit := make([]float32, x.dims)
			copy(fit, q)
			return x.right(ctx, fit, k, keep)
		}}, []string{"bad queries"}},
		{"NaN unchecked", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			q = slices.Clone(q)
			for i, v := range q {
				if v != v {
					q[i] = 0
				}
			}
			return x.right(ctx, q, k, keep)
		}}, []string{"bad queries"}},
		{"k below 1 taken for 1", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			return x.right(ctx, q, max(k, 1), keep)
		}}, []string{"bad queries"}},
		{"an empty index checks nothing", mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
			if x.Len() == 0 {
				return nil, nil
			}
			return x.right(ctx, q, k, keep)
		}}, []string{"bad queries"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, want := range tt.want {
				if err := check(t, want).Run(t, builder(tt.m), 1); err == nil {
					t.Errorf("check %q passed", want)
				}
			}
		})
	}
}

// TestKitFailsSharedScratch builds indexes with memory of their own kept between
// searches: one answers from it, one is confused by a second goroutine.
func TestKitFailsSharedScratch(t *testing.T) {
	var shared []indexer.Hit
	reused := mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
		hits, err := x.right(ctx, q, k, keep)
		shared = append(shared[:0], hits...)
		return shared, err
	}}
	if err := check(t, "answers are the caller's").Run(t, builder(reused), 1); err == nil {
		t.Error("an index that reuses its answers passed")
	}
}

// TestKitFailsUnsteadyIndex gives every other answer without its last row, as
// searches do that disturb each other.
func TestKitFailsUnsteadyIndex(t *testing.T) {
	turn := make(chan int, 1)
	turn <- 0
	unsteady := after(func(_ exact, _ []float32, _ int, hits []indexer.Hit) []indexer.Hit {
		n := <-turn
		turn <- n + 1
		if n%7 == 6 {
			hits[0].Score = 2
		}
		return hits
	})
	if err := check(t, "concurrent searches").Run(t, builder(unsteady), 1); err == nil {
		t.Error("an index whose answers change passed")
	}
}

// check returns the check of that name.
func check(t *testing.T, name string) indexertest.Check {
	t.Helper()
	for _, c := range indexertest.Checks() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("the kit has no check %q", name)
	return indexertest.Check{}
}

func TestMinRecallIsWhatIsAskedFor(t *testing.T) {
	blind := mutation{search: func(x exact, ctx context.Context, q []float32, k int, keep indexer.Keep) ([]indexer.Hit, error) {
		if k != 10 || keep != nil || x.Len() < 2000 {
			return x.right(ctx, q, k, keep)
		}
		hits, err := x.right(ctx, q, k+2, keep) // two of ten are missed
		if err != nil {
			return nil, err
		}
		return hits[2:], nil
	}}
	for _, name := range []string{"recall on movies", "recall on profiles"} {
		if err := check(t, name).Run(t, builder(blind), 0.79); err != nil {
			t.Errorf("%s: %v with recall 0.8, minimum 0.79", name, err)
		}
		if err := check(t, name).Run(t, builder(blind), 0.81); err == nil {
			t.Errorf("%s: passed with recall 0.8, minimum 0.81", name)
		}
	}
}

func TestClusteredIsSeededUnitAndClustered(t *testing.T) {
	const n, dims = 1000, 48
	vecs := indexertest.Clustered(3, n, dims)
	if !slices.Equal(vecs, indexertest.Clustered(3, n, dims)) {
		t.Error("the same seed gives two worlds")
	}
	if slices.Equal(vecs, indexertest.Clustered(4, n, dims)) {
		t.Error("two seeds give one world")
	}
	if slices.ContainsFunc(vecs, func(v float32) bool { return v != v }) {
		t.Fatal("NaN in the world")
	}
	near, pairs := 0, 0
	for i := range n {
		row := vecs[i*dims : (i+1)*dims]
		if got := dot(row, row); math.Abs(float64(got)-1) > 1e-5 {
			t.Fatalf("row %d has squared length %v, want 1", i, got)
		}
		for j := range i {
			pairs++
			if dot(row, vecs[j*dims:(j+1)*dims]) > 0.6 {
				near++
			}
		}
	}
	if share := float64(near) / float64(pairs); share < 0.005 || share > 0.2 {
		t.Errorf("%.4f of all pairs are near, want some (0.005 to 0.2): no clusters", share)
	}
}
