package blend_test

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"marquee/recommender/column"
	"marquee/recommender/model"
	"marquee/recommender/model/blend"
	"marquee/recommender/model/modeltest"
)

// suggesting returns a blend of taste and count with its table, and what it is of.
func suggesting(t testing.TB, movies int) (*blend.Suggesting, *model.Data, *model.Base) {
	t.Helper()
	d := modeltest.World(1, 300, movies)
	base := &model.Base{Scale: d.Scale, Movies: movies, Vectors: d.Vectors, Dims: d.Dims, Histories: d.Histories()}
	base = withParts(base, movies)
	m, err := blend.New([]string{"taste", "count"}, []float64{3, 1}, 0.1, []model.Model{base.Models[0].Model, base.Models[1].Model}, base.Histories)
	if err != nil {
		t.Fatal(err)
	}
	s, err := m.Prepare(t.Context(), quiet)
	if err != nil {
		t.Fatal(err)
	}
	return s.(*blend.Suggesting), d, base
}

// bestOf returns the n best unseen rows by the dense scores.
func bestOf(m model.Model, q model.Query, n int) []uint32 {
	scores := make([]float32, m.Len())
	m.Score(q, scores)
	for _, s := range q.Seen {
		scores[s.Movie] = float32(math.Inf(-1))
	}
	rows := make([]uint32, len(scores))
	for i := range rows {
		rows[i] = uint32(i)
	}
	slices.SortStableFunc(rows, func(a, b uint32) int {
		if scores[a] > scores[b] {
			return -1
		}
		return 1
	})
	return rows[:n]
}

// A quarter of the movies, suggested, holds nearly all of the best of all.
func TestSuggestFindsTheBest(t *testing.T) {
	m, d, _ := suggesting(t, 600)
	found, all := 0, 0
	for i := range d.Users {
		q := model.Query{User: d.Users[i], Seen: d.Of(i)}
		got := m.Suggest(q, nil, 150)
		for _, want := range bestOf(m, q, 20) {
			all++
			if slices.Contains(got, want) {
				found++
			}
		}
	}
	if share := float64(found) / float64(all); share < 0.95 {
		t.Errorf("%.3f of the best are suggested, want 0.95 or more", share)
	}
}

// At most n rows, each once and of a movie, behind what was there; fewer of the same
// are the likelier ones; and the same again.
func TestSuggestKeepsItsContract(t *testing.T) {
	m, d, _ := suggesting(t, 300)
	rapid.Check(t, func(rt *rapid.T) {
		seen := slices.Clone(d.Of(rapid.IntRange(0, len(d.Users)-1).Draw(rt, "person")))
		seen = seen[:rapid.IntRange(0, len(seen)).Draw(rt, "watched")]
		if rapid.Bool().Draw(rt, "later movie") {
			seen = append(seen, model.Seen{Movie: 1_000_000})
		}
		q := model.Query{Seen: seen}
		n := rapid.IntRange(0, 400).Draw(rt, "n")
		before := []uint32{7, 7}
		got := m.Suggest(q, slices.Clone(before), n)
		if !slices.Equal(got[:2], before) {
			rt.Fatalf("what was there became %v", got[:2])
		}
		got = got[2:]
		sorted := slices.Clone(got)
		slices.Sort(sorted)
		if len(got) > n || len(slices.Compact(sorted)) != len(got) || len(got) > 0 && int(sorted[len(got)-1]) >= m.Len() {
			rt.Fatalf("%d of %d rows: %v", len(got), n, got)
		}
		if again := m.Suggest(q, nil, n); !slices.Equal(again, got) {
			rt.Fatalf("%v, then %v", got, again)
		}
		for _, row := range m.Suggest(q, nil, n/2) {
			if !slices.Contains(got, row) {
				rt.Fatalf("%d is among %d and not among %d", row, n/2, n)
			}
		}
		if all := m.Suggest(q, nil, m.Len()); len(got) != min(n, len(all)) {
			rt.Fatalf("%d rows of %d, want %d", len(got), len(all), min(n, len(all)))
		}
	})
}

// What is read back suggests the same and writes the same bytes; a file without a
// table is a blend that does not suggest.
func TestSuggestionsAreKept(t *testing.T) {
	m, d, base := suggesting(t, 300)
	var with, without bytes.Buffer
	if _, err := m.WriteTo(&with); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Model.WriteTo(&without); err != nil {
		t.Fatal(err)
	}
	got, err := blend.Read(with.Bytes(), base)
	if err != nil {
		t.Fatal(err)
	}
	again := got.(model.Suggester)
	for i := range d.Users {
		q := model.Query{Seen: d.Of(i)}
		if a, b := m.Suggest(q, nil, 100), again.Suggest(q, nil, 100); !slices.Equal(a, b) {
			t.Fatalf("person %d: %v, read back %v", i, a, b)
		}
	}
	var rewritten bytes.Buffer
	if _, err := got.WriteTo(&rewritten); err != nil || !bytes.Equal(rewritten.Bytes(), with.Bytes()) {
		t.Errorf("other bytes (%v)", err)
	}
	old, err := blend.Read(without.Bytes(), base)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := old.(model.Suggester); ok {
		t.Error("a file without a table suggests")
	}
	for at := 0; at < with.Len(); at += 1 + with.Len()/200 {
		broken := slices.Clone(with.Bytes())
		broken[at] ^= 0x80
		if m, err := blend.Read(broken, base); err == nil {
			m.(*blend.Suggesting).Suggest(model.Query{Seen: d.Of(0)}, nil, 300) // must not panic
		}
	}
}

// Tables that no blend has are refused.
func TestReadRefusesTables(t *testing.T) {
	_, _, base := suggesting(t, 300)
	for name, c := range map[string]struct{ starts, entries []uint32 }{
		"no starts": {nil, nil}, "long": {make([]uint32, 400), nil}, "short": {[]uint32{0, 2}, []uint32{1<<8 | 1}},
		"back": {[]uint32{0, 1, 0, 1}, []uint32{1<<8 | 1}}, "row": {[]uint32{0, 1}, []uint32{300<<8 | 1}}, "nothing": {[]uint32{0, 1}, []uint32{5 << 8}},
	} {
		var e column.Encoder
		column.EncodeStrings(&e, []string{"taste", "count"})
		e.Float32s([]float32{0.5, 0.5})
		e.Float32s([]float32{0})
		e.Uint32s(c.starts)
		e.Uint32s(c.entries)
		if _, err := blend.Read(e.Data, base); !errors.Is(err, column.ErrBroken) {
			t.Errorf("%s: %v, want broken", name, err)
		}
	}
}

// The same table at any number of processors; none when the context ends.
func TestPrepare(t *testing.T) {
	var want []byte
	for _, procs := range []int{1, 3} {
		old := runtime.GOMAXPROCS(procs)
		m, _, _ := suggesting(t, 200)
		runtime.GOMAXPROCS(old)
		var got bytes.Buffer
		if _, err := m.WriteTo(&got); err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = got.Bytes()
		} else if !bytes.Equal(want, got.Bytes()) {
			t.Errorf("other bytes with %d processors", procs)
		}
	}
	m, _, _ := suggesting(t, 200)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Model.Prepare(ctx, quiet); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want cancelled", err)
	}
	empty, err := blend.New([]string{"taste"}, []float64{1}, 0, []model.Model{part{base: &model.Base{}}}, model.Histories{})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := empty.Prepare(t.Context(), quiet); err != nil || got != model.Model(empty) {
		t.Errorf("a blend of which nobody watched anything became %T (%v)", got, err)
	}
}

// A blend says of chosen movies what it says of all, with parts that are no askers; and
// what its parts contributed adds up.
func TestAsks(t *testing.T) {
	m, d, _ := suggesting(t, 200)
	modeltest.TestAsker(t, m.Model, d)
	n := m.Len()
	rows, scores := make([]uint32, n), make([]float32, n)
	for i := range rows {
		rows[i] = uint32(n - 1 - i)
	}
	q := model.Query{Seen: d.Of(0)}
	dense, parts := make([]float32, n), make([]float32, len(m.Parts())*n)
	m.Model.Explain(q, dense, parts)
	asked, _ := m.Ask(q)
	defer asked.Close()
	asked.ScoreRows(rows, scores)
	said := make([]float32, len(m.Parts()))
	for i, row := range rows {
		asked.(model.Explainer).Explain(i, said)
		sum := float32(0)
		for p, v := range said {
			sum += v
			if math.Abs(float64(v-parts[p*n+int(row)])) > 1e-5 {
				t.Fatalf("movie %d: part %d contributed %v, to all at once %v", row, p, v, parts[p*n+int(row)])
			}
		}
		if math.Abs(float64(sum-scores[i])) > 1e-5 {
			t.Fatalf("movie %d scores %v, its parts %v", row, scores[i], sum)
		}
	}
}

// What AskRows says is what Ask and ScoreRows do, but for rounding; of other rows too, and
// of who says nothing it says nothing.
func TestAsksRowsAtOnce(t *testing.T) {
	m, d, base := suggesting(t, 200)
	askers, err := blend.New([]string{"taste", "count"}, []float64{3, 1}, 0.1, []model.Model{modelOf(t, base, 0), base.Models[1].Model}, base.Histories)
	if err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]model.RowAsker{"parts that score all": m, "parts that are asked": askers} {
		rapid.Check(t, func(rt *rapid.T) {
			seen := slices.Clone(d.Of(rapid.IntRange(0, len(d.Users)-1).Draw(rt, "person")))
			q := model.Query{Seen: seen[:rapid.IntRange(0, len(seen)).Draw(rt, "watched")]}
			row := rapid.SliceOf(rapid.Uint32Range(0, 199))
			rows, others := row.Draw(rt, "rows"), row.Draw(rt, "others")
			asked, want := a.Ask(q)
			scores := make([]float32, len(rows))
			got, basis := a.AskRows(q, rows, scores)
			if basis != want {
				rt.Fatalf("%s: basis %v, want %v", name, basis, want)
			}
			if basis == model.None {
				return
			}
			defer asked.Close()
			defer got.Close()
			says := func(rows []uint32, scores []float32) {
				rt.Helper()
				right, parts, rightParts := make([]float32, len(rows)), make([]float32, 3), make([]float32, 3)
				asked.ScoreRows(rows, right)
				for i := range rows {
					got.(model.Explainer).Explain(i, parts)
					asked.(model.Explainer).Explain(i, rightParts)
					for p := range parts {
						if math.Abs(float64(parts[p]-rightParts[p])) > 1e-5 {
							rt.Fatalf("%s: movie %d: parts contributed %v, want %v", name, rows[i], parts, rightParts)
						}
					}
					if math.Abs(float64(scores[i]-right[i])) > 1e-5 {
						rt.Fatalf("%s: movie %d scores %v, want %v", name, rows[i], scores[i], right[i])
					}
				}
			}
			says(rows, scores)
			scores = make([]float32, len(others))
			got.ScoreRows(others, scores)
			says(others, scores)
		})
	}
}

// modelOf returns a model of base as an asker that must be closed before it is asked again.
func modelOf(t *testing.T, base *model.Base, i int) model.Model {
	return single{base.Models[i].Model, t, new(int)}
}

// A single asker is asked by one at a time, or two while a test compares.
type single struct {
	model.Model
	t    *testing.T
	open *int
}

func (s single) Ask(q model.Query) (model.Asked, model.Basis) {
	scores := make([]float32, s.Len())
	basis := s.Score(q, scores)
	if basis == model.None {
		return nil, basis
	}
	if *s.open++; *s.open > 2 {
		s.t.Error("asked a third time before it was closed")
	}
	return &single1{s, scores}, basis
}

// A single1 is what was asked.
type single1 struct {
	single
	scores []float32
}

func (a *single1) ScoreRows(rows []uint32, scores []float32) {
	for i, row := range rows {
		scores[i] = a.scores[row]
	}
}

func (a *single1) Moments() (m model.Moments) {
	for _, v := range a.scores {
		m.N++
		m.Sum += float64(v)
		m.Squares += float64(v) * float64(v)
	}
	return m
}

func (a *single1) Close() {
	if a.scores == nil {
		a.t.Error("closed twice")
	}
	a.scores = nil
	*a.open--
}

// With more lists than count, of the highest scores there are, sums stay within their bits:
// what stands in all lists is suggested first.
func TestSuggestAddsUp(t *testing.T) {
	_, _, base := suggesting(t, 300)
	var starts, entries []uint32
	for range 150 {
		starts = append(starts, uint32(len(entries)))
		entries = append(entries, 250<<8|255, uint32(len(starts)-1)<<8|255)
	}
	m := stored(t, base, append(starts, uint32(len(entries))), entries)
	for _, n := range []int{1, 2, 10, 100, 150} {
		var q model.Query
		for i := range n {
			q.Seen = append(q.Seen, model.Seen{Movie: uint32(i), Share: 1, Shared: true})
		}
		if got := m.Suggest(q, nil, 1); len(got) != 1 || n > 1 && got[0] != 250 {
			t.Errorf("of %d lists: %v, want movie 250, which all of them have", n, got)
		}
		if got, want := len(m.Suggest(q, nil, 1000)), min(n, 100)+1; got != want {
			t.Errorf("of %d lists: %d movies, want %d", n, got, want)
		}
	}
}

// stored returns a blend with this table.
func stored(t testing.TB, base *model.Base, starts, entries []uint32) *blend.Suggesting {
	t.Helper()
	var e column.Encoder
	column.EncodeStrings(&e, []string{"taste", "count"})
	e.Float32s([]float32{0.5, 0.5})
	e.Float32s([]float32{0})
	e.Uint32s(starts)
	e.Uint32s(entries)
	m, err := blend.Read(e.Data, base)
	if err != nil {
		t.Fatal(err)
	}
	return m.(*blend.Suggesting)
}

// BenchmarkSuggest merges the lists of 20 of 27,000 movies.
func BenchmarkSuggest(b *testing.B) {
	const movies, listed = 27_000, 64
	rng := rand.New(rand.NewPCG(1, 2))
	var starts, entries []uint32
	for range movies {
		starts = append(starts, uint32(len(entries)))
		for i := range uint32(listed) {
			x := rng.Float64()
			entries = append(entries, uint32(x*x*movies)<<8|(130-i))
		}
	}
	m := stored(b, withParts(&model.Base{Movies: movies}, movies), append(starts, uint32(len(entries))), entries)
	people := make([]model.Query, 200)
	for i := range people {
		for range 20 {
			people[i].Seen = append(people[i].Seen, model.Seen{Movie: rng.Uint32N(movies), Share: rng.Float32(), Shared: true})
		}
	}
	dst := make([]uint32, 0, 300)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		dst = m.Suggest(people[i%len(people)], dst[:0], 140)
	}
}
