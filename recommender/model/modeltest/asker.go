package modeltest

import (
	"math"
	"math/rand/v2"
	"sync"
	"testing"

	"marquee/catalog"
	"marquee/recommender/model"
)

// TestAsker checks the contract of model.Asker against what a says to Score, for the
// people of d and for strangers. A kind whose Ask leaves something out by default is
// tested with settings that leave out nothing.
func TestAsker(t *testing.T, a model.Asker, d *model.Data) { testAskerNear(t, a, d, exactly) }

// exactly is how far scores may be off by rounding in float32, as a share of themselves
// and of the deviation of all.
const exactly = 1e-4

// testAskerNear is TestAsker of a model that documents a looser bound than exactly.
func testAskerNear(t *testing.T, a model.Asker, d *model.Data, near float64) {
	queries := askers(d)
	for i, q := range queries {
		asksAsScores(t, i, a, q, a.Len(), near)
	}
	t.Run("at once", func(t *testing.T) { asksAtOnce(t, a, queries) })
	t.Run("allocates nothing", func(t *testing.T) { asksWithoutAllocating(t, a, query(d, 0)) })
	if d.Dims > 0 {
		t.Run("later movies", func(t *testing.T) { asksOfLater(t, a, d, near) })
	}
}

// askers are people of d, with all they watched and with little, and strangers.
func askers(d *model.Data) []model.Query {
	last := uint32(len(d.Movies) - 1)
	queries := []model.Query{
		{},
		{User: catalog.User{ID: "nobody", Age: 30, Gender: "F"}},
		{Seen: []model.Seen{{Movie: last, Days: 1}}},
		{Seen: []model.Seen{{Movie: last + 1000}, {Movie: 1, Rated: true, Rating: 4, Days: 1}}},
	}
	for i := range min(60, len(d.Users)) {
		q := query(d, i)
		queries = append(queries, q)
		if n := 1 + i%4; n < len(q.Seen) {
			queries = append(queries, model.Query{User: q.User, Seen: q.Seen[:n]})
		}
	}
	return queries
}

// asksAsScores checks basis, scores and moments; of the movies from trained on the
// moments tell nothing.
func asksAsScores(t *testing.T, query int, a model.Asker, q model.Query, trained int, near float64) {
	t.Helper()
	want := make([]float32, a.Len())
	basis := a.Score(q, want)
	asked, got := a.Ask(q)
	if got != basis || (asked == nil) != (basis == model.None) {
		t.Fatalf("query %d: asked on basis %d (nothing: %v), want %d", query, got, asked == nil, basis)
	}
	if asked == nil {
		return
	}
	defer asked.Close()
	exact := measure(want[:trained])
	unit := deviation(exact)
	for _, rows := range picks(query, a.Len()) {
		scores := make([]float32, len(rows)+1)
		scores[len(rows)] = 77
		asked.ScoreRows(rows, scores[:len(rows)])
		for i, row := range rows {
			v, w := float64(scores[i]), float64(want[row])
			if !(math.Abs(v-w) <= near*(math.Abs(w)+unit)+1e-9 || math.IsNaN(v) && math.IsNaN(w)) {
				t.Fatalf("query %d: movie %d is scored %v, want %v", query, row, v, w)
			}
		}
		if scores[len(rows)] != 77 {
			t.Fatalf("query %d: a score beside the rows was overwritten", query)
		}
	}
	sameMoments(t, query, asked.Moments(), exact, near)
}

// picks are rows to score: none, one, a few hundred of any order and some twice, all.
func picks(seed, movies int) [][]uint32 {
	rng := rand.New(rand.NewPCG(uint64(seed), 9))
	some, all := make([]uint32, 57), make([]uint32, movies)
	for i := range some {
		some[i] = uint32(rng.IntN(movies))
	}
	for i := range all {
		all[i] = uint32(movies - 1 - i)
	}
	return [][]uint32{{}, some[:1], some, all}
}

func measure(scores []float32) model.Moments {
	var m model.Moments
	for _, s := range scores {
		if v := float64(s); s == s {
			m.N, m.Sum, m.Squares = m.N+1, m.Sum+v, m.Squares+v*v
		}
	}
	return m
}

func deviation(m model.Moments) float64 {
	mean := m.Sum / max(1, m.N)
	return math.Sqrt(max(0, m.Squares/max(1, m.N)-mean*mean))
}

func sameMoments(t *testing.T, query int, got, want model.Moments, near float64) {
	t.Helper()
	n := max(1, want.N)
	mean, unit := want.Sum/n, deviation(want)
	if got.N != want.N || !(math.Abs(got.Sum-want.Sum)/n <= near*(math.Abs(mean)+unit)+1e-9) || !(math.Abs(deviation(got)-unit) <= 5*near*unit+0.1*near*math.Abs(mean)+1e-9) {
		t.Fatalf("query %d: moments of %v scores, mean %v, deviation %v; want %v, %v, %v", query, got.N, got.Sum/max(1, got.N), deviation(got), want.N, mean, unit)
	}
}

// asksAtOnce holds two of each goroutine's queries open at a time.
func asksAtOnce(t *testing.T, a model.Asker, queries []model.Query) {
	rows := picks(1, a.Len())[2]
	score := func(q model.Query, out []float32) {
		if asked, _ := a.Ask(q); asked != nil {
			asked.ScoreRows(rows, out)
			asked.Close()
		}
	}
	want := make([][]float32, len(queries))
	for i, q := range queries {
		want[i] = make([]float32, len(rows))
		score(q, want[i])
	}
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			got, other := make([]float32, len(rows)), make([]float32, len(rows))
			for i := range queries {
				at := (i*7 + worker*13) % len(queries)
				asked, _ := a.Ask(queries[at])
				score(queries[(at+worker)%len(queries)], other)
				if asked == nil {
					continue
				}
				asked.ScoreRows(rows, got)
				asked.Close()
				for j := range got {
					if math.Float32bits(got[j]) != math.Float32bits(want[at][j]) {
						t.Errorf("query %d: movie %d is scored %v beside others, %v alone", at, rows[j], got[j], want[at][j])
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// asksWithoutAllocating looks once what was borrowed is given back. Where pools drop
// what they are given, as under the race detector, it cannot tell.
func asksWithoutAllocating(t *testing.T, a model.Asker, q model.Query) {
	made := 0
	pool := sync.Pool{New: func() any { made++; return new([64]byte) }}
	for range 1000 {
		pool.Put(pool.Get())
	}
	if made > 20 {
		t.Skip("pools drop what they are given here")
	}
	rows, sum := picks(2, a.Len())[2], 0.0
	scores := make([]float32, len(rows))
	allocs := testing.AllocsPerRun(200, func() {
		asked, _ := a.Ask(q)
		if asked == nil {
			return
		}
		asked.ScoreRows(rows, scores)
		sum += asked.Moments().Sum
		asked.Close()
	})
	if allocs > 0 {
		t.Errorf("%v allocations a query, want none", allocs)
	}
}

// asksOfLater asks of movies that came after the training, twice.
func asksOfLater(t *testing.T, a model.Asker, d *model.Data, near float64) {
	n := a.Len()
	var m model.Model = a
	for step := range 2 {
		bigger, err := model.Extend(m, d.Vectors[step*d.Dims:(step+3)*d.Dims], d.Dims)
		if err != nil {
			t.Fatal(err)
		}
		x, ok := bigger.(model.Asker)
		if !ok {
			t.Fatalf("a %T is no model to ask chosen rows of, want one since %T is", bigger, m)
		}
		for i, q := range askers(d)[:20] {
			if i%2 == 1 {
				q.Seen = append([]model.Seen{{Movie: uint32(n), Days: 1}}, q.Seen...)
			}
			asksAsScores(t, i, x, q, n, near)
		}
		asksWithoutAllocating(t, x, model.Query{User: d.Users[0], Seen: append([]model.Seen{{Movie: uint32(n + 1), Days: 1}}, d.Of(0)...)})
		m = bigger
	}
}

// Asking returns a as a model whose scores are what it says when asked for all rows, so
// that lists of the two can be compared.
func Asking(a model.Asker) model.Model { return asking{a} }

type asking struct{ model.Asker }

func (m asking) Score(q model.Query, scores []float32) model.Basis {
	asked, basis := m.Ask(q)
	if asked == nil {
		return basis
	}
	defer asked.Close()
	rows := make([]uint32, len(scores))
	for i := range rows {
		rows[i] = uint32(i)
	}
	asked.ScoreRows(rows, scores)
	return basis
}
