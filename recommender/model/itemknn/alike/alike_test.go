package alike_test

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"marquee/recommender/model/itemknn/alike"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestMeasures(t *testing.T) {
	var p alike.Pair
	for _, e := range [][2]float64{{1, 2}, {2, 4}, {4, 5}} {
		p.Add(e[0], e[1])
	}
	cosine := 30 / math.Sqrt(21*45)
	pearson := (3*30.0 - 7*11) / math.Sqrt((3*21-49)*(3*45-121))
	for _, c := range []struct {
		measure alike.Measure
		shrink  float64
		want    float64
	}{
		{alike.Common, 0, cosine},
		{alike.Common, 6, cosine / 3},
		{alike.Pearson, 0, pearson},
		{alike.Pearson, 3, pearson / 2},
		{alike.Baseline, 0, cosine},
		{alike.Baseline, 2, cosine / 2}, // (3-1)/(3-1+2)
	} {
		if got := p.Alike(c.measure, c.shrink); !near(got, c.want) {
			t.Errorf("%s shrunk by %v is %v, want %v", c.measure, c.shrink, got, c.want)
		}
	}
}

func TestUndefinedIsZero(t *testing.T) {
	var none, one, flat alike.Pair
	one.Add(3, 4)
	flat.Add(3, 1)
	flat.Add(3, 5)
	for _, m := range []alike.Measure{alike.Common, alike.Pearson, alike.Baseline} {
		if got := none.Alike(m, 0); got != 0 {
			t.Errorf("%s of nothing in common is %v", m, got)
		}
	}
	if got := one.Alike(alike.Baseline, 0); got != 0 {
		t.Errorf("baseline over one entry is %v, want 0: it says nothing", got)
	}
	for _, p := range []alike.Pair{one, flat} {
		if got := p.Alike(alike.Pearson, 0); got != 0 {
			t.Errorf("correlation with a constant is %v", got)
		}
	}
	if err := alike.Measure("manhattan").Validate(); err == nil {
		t.Error("an unknown measure is valid")
	}
}

func TestTransposed(t *testing.T) {
	s := &alike.Sparse{Starts: []int64{0, 2, 2, 5}, Cols: []uint32{3, 0, 0, 3, 1}, Values: []float32{1, 2, 3, 4, 5}}
	u := s.Transposed(4)
	for col, want := range [][]uint32{{0, 2}, {2}, nil, {0, 2}} {
		if rows, _ := u.Row(col); !slices.Equal(rows, want) {
			t.Errorf("column %d is of rows %v, want %v", col, rows, want)
		}
	}
	back := u.Transposed(3)
	if _, values := back.Row(2); !slices.Equal(values, []float32{3, 5, 4}) {
		t.Errorf("turned twice, row 2 holds %v", values)
	}
}

// TestNearestIsASortedPrefix holds the heap against a sort, ties included.
func TestNearestIsASortedPrefix(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var n alike.Nearest
	for range 300 {
		all := make([]alike.Near, rng.IntN(60))
		for i := range all {
			all[i] = alike.Near{Row: uint32(i), Score: float32(rng.IntN(8))}
		}
		most := rng.IntN(20)
		n.Start(most)
		for _, i := range rng.Perm(len(all)) {
			n.Offer(all[i].Row, all[i].Score)
		}
		slices.SortFunc(all, func(a, b alike.Near) int {
			return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Row, b.Row))
		})
		if got, want := n.Best(), all[:min(most, len(all))]; !slices.Equal(got, want) {
			t.Fatalf("the nearest %d are %v, want %v", most, got, want)
		}
	}
}

// TestBiases checks that no bias can be moved to lower the penalised error, which
// is what they minimise.
func TestBiases(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	s := &alike.Sparse{Starts: []int64{0}}
	for range 40 {
		for m := range uint32(12) {
			if rng.IntN(3) > 0 {
				s.Cols, s.Values = append(s.Cols, m), append(s.Values, float32(1+rng.IntN(5)))
			}
		}
		s.Starts = append(s.Starts, int64(len(s.Cols)))
	}
	b := alike.Fit(s, 12)
	cost := func() float64 {
		sum := 0.0
		for i := range s.Len() {
			cols, values := s.Row(i)
			p := b.Person(cols, values)
			sum += 15 * p * p
			for j, c := range cols {
				e := float64(values[j]) - b.Mean - p - float64(b.Movie[c])
				sum += e * e
			}
		}
		for _, m := range b.Movie {
			sum += 10 * float64(m) * float64(m)
		}
		return sum
	}
	least := cost()
	for i := range b.Movie {
		for _, by := range []float32{-0.05, 0.05} {
			b.Movie[i] += by
			if c := cost(); c < least {
				t.Errorf("movie %d moved by %v costs %v, less than %v", i, by, c, least)
			}
			b.Movie[i] -= by
		}
	}
}
