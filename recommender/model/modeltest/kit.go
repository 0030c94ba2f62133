package modeltest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/model"
)

// A Case is a kind with what the kit should know of it.
type Case struct {
	Kind     model.Kind
	Settings json.RawMessage // small ones, so that training takes well under a second
	Ratings  bool            // it learns from ratings, and refuses data without ones that differ
	// Least is the least NDCG@10 on the newest fifth of World(1, 300, 200); random
	// lists reach 0.03 and popular ones 0.10. 0 does not look.
	Least float64
	// Near is how far what an asked model says may be off its scores, as a share of them
	// and of the deviation of all; 0 for rounding alone.
	Near float64
}

// Test checks the contract of model.Kind and model.Model.
func Test(t *testing.T, c Case) {
	d := World(1, 300, 200)
	base := BaseOf(t, d)
	m := train(t, c, d, base)
	t.Run("scores", func(t *testing.T) { testScores(t, m, d) })
	t.Run("read back", func(t *testing.T) { testReadBack(t, c, m, d, base) })
	t.Run("at once", func(t *testing.T) { testAtOnce(t, m, d) })
	t.Run("same bits", func(t *testing.T) { testSameBits(t, c, m, d, base) })
	t.Run("bad data", func(t *testing.T) { testBadData(t, c) })
	t.Run("rubbish", func(t *testing.T) { testRubbish(t, c, m, base) })
	t.Run("settings", func(t *testing.T) { testSettings(t, c, d, base) })
	if c.Least > 0 {
		t.Run("quality", func(t *testing.T) {
			if got := NDCG(t, c, d); got < c.Least {
				t.Errorf("NDCG@10 %.3f, want %.3f or more", got, c.Least)
			}
		})
	}
	if p, ok := m.(model.Predictor); ok {
		t.Run("predicts", func(t *testing.T) { testPredicts(t, p, d) })
	}
	if x, ok := m.(model.Extender); ok {
		t.Run("extends", func(t *testing.T) { testExtends(t, x, d) })
		t.Run("extends again", func(t *testing.T) { testForgetsBetween(t, x, d) })
	}
	if a, ok := m.(model.Asker); ok {
		t.Run("asks", func(t *testing.T) { testAskerNear(t, a, d, max(exactly, c.Near)) })
	}
}

// BaseOf returns what a bundle of d holds.
func BaseOf(t *testing.T, d *model.Data) *model.Base {
	t.Helper()
	b := &model.Base{Scale: d.Scale, Movies: len(d.Movies), Vectors: d.Vectors, Dims: d.Dims, Histories: d.Histories()}
	if d.Dims > 0 && len(d.Movies) > 1 {
		table, err := indexer.Neighbours(t.Context(), d.Vectors, d.Dims, min(50, len(d.Movies)-1), func(int, int) {})
		if err != nil {
			t.Fatal(err)
		}
		b.Table = table
	}
	return b
}

func quiet(string, int, int) {}

func train(t *testing.T, c Case, d *model.Data, base *model.Base) model.Model {
	t.Helper()
	m, err := c.Kind.Train(t.Context(), d, base, nil, c.Settings, quiet)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func query(d *model.Data, i int) model.Query { return model.Query{User: d.Users[i], Seen: d.Of(i)} }

func testScores(t *testing.T, m model.Model, d *model.Data) {
	if m.Len() != len(d.Movies) {
		t.Fatalf("%d movies, want %d", m.Len(), len(d.Movies))
	}
	scores := make([]float32, m.Len())
	queries := []model.Query{{}, {User: catalog.User{ID: "nobody", Age: 30, Gender: "F"}}, {Seen: []model.Seen{{Movie: uint32(len(d.Movies) - 1), Days: 1}}}}
	for i := range d.Users {
		queries = append(queries, query(d, i))
	}
	for i, q := range queries {
		before := slices.Clone(q.Seen)
		for j := range scores {
			scores[j] = float32(math.Inf(1)) // what was there must not matter
		}
		basis := m.Score(q, scores)
		if !slices.Equal(before, q.Seen) {
			t.Fatalf("query %d was changed", i)
		}
		if basis == model.None {
			continue
		}
		for row, s := range scores {
			if math.IsInf(float64(s), 0) {
				t.Fatalf("query %d: movie %d scores %v, want a finite score or NaN", i, row, s)
			}
		}
	}
}

func testReadBack(t *testing.T, c Case, m model.Model, d *model.Data, base *model.Base) {
	again, err := c.Kind.Read(written(t, m), base)
	if err != nil {
		t.Fatal(err)
	}
	same(t, m, again, d)
	if !bytes.Equal(written(t, m), written(t, again)) {
		t.Error("what was read writes other bytes")
	}
}

func written(t *testing.T, m model.Model) []byte {
	t.Helper()
	var buf bytes.Buffer
	if _, err := m.WriteTo(&buf); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func same(t *testing.T, a, b model.Model, d *model.Data) {
	t.Helper()
	x, y := make([]float32, a.Len()), make([]float32, b.Len())
	for i := range d.Users {
		if p, q := a.Score(query(d, i), x), b.Score(query(d, i), y); p != q {
			t.Fatalf("person %d: basis %d and %d", i, p, q)
		}
		for row := range x {
			if math.Float32bits(x[row]) != math.Float32bits(y[row]) {
				t.Fatalf("person %d, movie %d: %v and %v", i, row, x[row], y[row])
			}
		}
	}
}

func testAtOnce(t *testing.T, m model.Model, d *model.Data) {
	var wg sync.WaitGroup
	want := make([]float32, m.Len())
	m.Score(query(d, 0), want)
	for range 4 {
		wg.Go(func() {
			got := make([]float32, m.Len())
			for i := range 50 {
				m.Score(query(d, i), got)
			}
			m.Score(query(d, 0), got)
			for row := range got {
				if math.Float32bits(got[row]) != math.Float32bits(want[row]) {
					t.Errorf("movie %d scores %v beside others, %v alone", row, got[row], want[row])
					return
				}
			}
		})
	}
	wg.Wait()
}

func testSameBits(t *testing.T, c Case, m model.Model, d *model.Data, base *model.Base) {
	want := written(t, m)
	for _, procs := range []int{1, 2, 5} {
		old := runtime.GOMAXPROCS(procs)
		got := written(t, train(t, c, d, base))
		runtime.GOMAXPROCS(old)
		if !bytes.Equal(got, want) {
			t.Errorf("GOMAXPROCS %d gives another model", procs)
		}
	}
}

// testBadData tries what the issue of every model names: data from which nothing
// can be learned is a clear error.
func testBadData(t *testing.T, c Case) {
	for name, spoil := range map[string]func(d *model.Data){
		"nobody":       func(d *model.Data) { d.Users, d.Starts, d.Seen = nil, []int64{0}, nil },
		"no movies":    func(d *model.Data) { *d = model.Data{Scale: d.Scale, Starts: []int64{0}} },
		"one person":   func(d *model.Data) { d.Users, d.Starts, d.Seen = d.Users[:1], d.Starts[:2], d.Of(0) },
		"one movie":    func(d *model.Data) { oneMovie(d) },
		"NaN":          func(d *model.Data) { d.Seen[5].Rated, d.Seen[5].Rating = true, float32(math.NaN()) },
		"off scale":    func(d *model.Data) { d.Seen[5].Rated, d.Seen[5].Rating = true, 11 },
		"NaN vector":   func(d *model.Data) { d.Vectors = slices.Clone(d.Vectors); d.Vectors[3] = float32(math.NaN()) },
		"unknown row":  func(d *model.Data) { d.Seen[5].Movie = 1 << 20 },
		"all as liked": func(d *model.Data) { allRated(d, 4) },
		"no ratings":   func(d *model.Data) { unrated(d) },
	} {
		needsRatings := name == "all as liked" || name == "no ratings"
		d := World(1, 300, 200)
		base := BaseOf(t, d)
		spoil(d)
		_, err := c.Kind.Train(t.Context(), d, base, nil, c.Settings, quiet)
		switch {
		case needsRatings && !c.Ratings && err != nil:
			t.Errorf("%s: %v, want a model: it learns from watches", name, err)
		case (!needsRatings || c.Ratings) && !errors.Is(err, model.ErrData):
			t.Errorf("%s: error %v, want ErrData", name, err)
		}
	}
}

func oneMovie(d *model.Data) {
	var seen []model.Seen
	for i := range d.Users {
		s := d.Of(i)[0]
		s.Movie = 3
		seen = append(seen, s)
	}
	d.Seen, d.Starts = seen, d.Starts[:0:0]
	for i := range len(seen) + 1 {
		d.Starts = append(d.Starts, int64(i))
	}
}

func allRated(d *model.Data, r float32) {
	for i := range d.Seen {
		d.Seen[i].Rated, d.Seen[i].Rating = true, r
	}
}

func unrated(d *model.Data) {
	for i := range d.Seen {
		d.Seen[i].Rated, d.Seen[i].Rating = false, 0
	}
}

// testRubbish cuts what was written short, flips bits of it and writes huge numbers
// over it: an error, or a model that still keeps the contract, but never a panic.
func testRubbish(t *testing.T, c Case, m model.Model, base *model.Base) {
	good := written(t, m)
	for cut := range min(len(good), 64) {
		read(t, c, good[:len(good)*cut/64], base)
	}
	for i := range min(len(good), 512) {
		bad := slices.Clone(good)
		bad[i*len(bad)/min(len(good), 512)] ^= 1 << (i % 8)
		read(t, c, bad, base)
	}
	for i := range 64 {
		for _, v := range []float32{1e6, -1e9, 1e30, math.MaxFloat32} {
			bad := slices.Clone(good)
			at := len(bad)*i/64/4*4 + i%4 // columns begin anywhere
			overwrite(bad[min(at, len(bad)):], v, 1<<(i/4))
			read(t, c, bad, base)
		}
	}
	if len(good) > 0 {
		if _, err := c.Kind.Read(good[:len(good)-1], base); err == nil {
			t.Error("a file without its last byte was read")
		}
		if _, err := c.Kind.Read(append(slices.Clone(good), 0), base); err == nil {
			t.Error("a file with a byte behind its end was read")
		}
	}
}

// overwrite writes v up to n times from the start of data.
func overwrite(data []byte, v float32, n int) {
	for ; n > 0 && len(data) >= 4; n-- {
		binary.LittleEndian.PutUint32(data, math.Float32bits(v))
		data = data[4:]
	}
}

func read(t *testing.T, c Case, data []byte, base *model.Base) {
	t.Helper()
	m, err := c.Kind.Read(data, base)
	if err != nil {
		return
	}
	if m.Len() != base.Movies {
		t.Fatalf("%d movies were read, want %d", m.Len(), base.Movies)
	}
	scores := make([]float32, m.Len())
	for i, q := range []model.Query{{}, {Seen: []model.Seen{{Movie: 1, Rated: true, Rating: 4}}}, everything(base)} {
		if basis := m.Score(q, scores); basis == model.None {
			continue
		}
		for row, s := range scores {
			if math.IsInf(float64(s), 0) {
				t.Fatalf("query %d: movie %d scores %v, want a finite score or NaN", i, row, s)
			}
		}
	}
}

// everything is the query of who watched all movies and rated every other one.
func everything(base *model.Base) model.Query {
	var q model.Query
	for row := range base.Movies {
		s := model.Seen{Movie: uint32(row), Days: 1}
		if s.Rated = row%2 == 0; s.Rated {
			s.Rating = float32(base.Scale.Max)
		}
		q.Seen = append(q.Seen, s)
	}
	return q
}

func testSettings(t *testing.T, c Case, d *model.Data, base *model.Base) {
	if _, err := c.Kind.Train(t.Context(), d, base, nil, json.RawMessage(`{"no_such_setting":1}`), quiet); !errors.Is(err, catalog.ErrInvalid) {
		t.Errorf("an unknown setting: %v, want invalid", err)
	}
	for _, p := range c.Kind.Space {
		for _, v := range []float64{p.Low, p.High} {
			s, err := model.With(c.Kind.Defaults, map[string]float64{p.Name: v})
			if err != nil {
				t.Fatal(err)
			}
			small := World(2, 40, 40)
			if _, err := c.Kind.Train(t.Context(), small, BaseOf(t, small), nil, s, quiet); err != nil && errors.Is(err, catalog.ErrInvalid) && !errors.Is(err, model.ErrData) {
				t.Errorf("%s at %v, within its space: %v", p.Name, v, err)
			}
		}
	}
}

// NDCG trains on the older four fifths of d and returns the NDCG@10 on the
// newest fifth.
func NDCG(t *testing.T, c Case, d *model.Data) float64 {
	t.Helper()
	older, held := d.Split(0.2)
	m := train(t, c, older, BaseOf(t, older))
	return MeanNDCG(m, older, held, 10)
}

// MeanNDCG is the NDCG@k of m, asked with the people of d, on what was held out
// of each; movies of d do not compete.
func MeanNDCG(m model.Model, d *model.Data, held [][]model.Seen, k int) float64 {
	scores := make([]float32, m.Len())
	sum, n := 0.0, 0
	for i := range d.Users {
		if len(held[i]) == 0 {
			continue
		}
		n++
		if m.Score(query(d, i), scores) == model.None {
			continue
		}
		for _, s := range d.Of(i) {
			scores[s.Movie] = float32(math.NaN())
		}
		sum += ndcg(top(scores, k), held[i], k)
	}
	return sum / float64(max(1, n))
}

func top(scores []float32, k int) []uint32 {
	var rows []uint32
	for row, s := range scores {
		if s == s {
			rows = append(rows, uint32(row))
		}
	}
	slices.SortStableFunc(rows, func(a, b uint32) int {
		switch {
		case scores[a] > scores[b]:
			return -1
		case scores[a] < scores[b]:
			return 1
		}
		return 0
	})
	return rows[:min(k, len(rows))]
}

func ndcg(list []uint32, truth []model.Seen, k int) float64 {
	got, ideal := 0.0, 0.0
	for i, row := range list {
		if slices.ContainsFunc(truth, func(s model.Seen) bool { return s.Movie == row }) {
			got += 1 / math.Log2(float64(i+2))
		}
	}
	for i := range min(k, len(truth)) {
		ideal += 1 / math.Log2(float64(i+2))
	}
	return got / ideal
}

func testPredicts(t *testing.T, p model.Predictor, d *model.Data) {
	rows := make([]uint32, len(d.Movies))
	for i := range rows {
		rows[i] = uint32(i)
	}
	ratings := make([]float32, len(rows))
	for _, q := range []model.Query{{}, query(d, 0), query(d, 1), {User: catalog.User{ID: "nobody"}, Seen: []model.Seen{{Movie: 0, Rated: true, Rating: 1}}}} {
		p.Predict(q, rows, ratings)
		for i, r := range ratings {
			if !(float64(r) >= d.Scale.Min && float64(r) <= d.Scale.Max) {
				t.Fatalf("movie %d: rating %v, want %v to %v", i, r, d.Scale.Min, d.Scale.Max)
			}
		}
	}
}

// testExtends adds a movie that lies where a watched one does.
func testExtends(t *testing.T, x model.Extender, d *model.Data) {
	n := x.Len()
	before := make([]float32, n)
	basis := x.Score(query(d, 0), before)
	bigger, err := x.Extend(slices.Concat(d.Vector(0), d.Vector(9)), d.Dims)
	if err != nil {
		t.Fatal(err)
	}
	if x.Len() != n || bigger.Len() != n+2 {
		t.Fatalf("%d movies, %d before; want %d and %d", bigger.Len(), x.Len(), n+2, n)
	}
	after := make([]float32, n+2)
	if got := bigger.Score(query(d, 0), after); got != basis {
		t.Errorf("basis %d, want %d as before", got, basis)
	}
	for row := range before {
		if math.Float32bits(before[row]) != math.Float32bits(after[row]) {
			t.Fatalf("movie %d scores %v, before %v", row, after[row], before[row])
		}
	}
	for row := n; row < n+2; row++ {
		if math.IsNaN(float64(after[row])) {
			t.Errorf("new movie %d has no score", row)
		}
	}
	q := query(d, 0)
	q.Seen = append([]model.Seen{{Movie: uint32(n), At: q.Seen[0].At + 1, Days: 1}}, q.Seen...)
	bigger.Score(q, after) // a history may hold a new movie
}
