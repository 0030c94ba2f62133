package als_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"marquee/embedder"
	"marquee/embedder/lsa"
	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/als"
	"marquee/recommender/model/modeltest"
)

// A heldOut world lacks every tenth movie of five or more watchers, with all that
// was done with it.
type heldOut struct {
	train    *model.Data
	gone     map[uint32]bool
	truth    [][]model.Seen // of each person, on movies that are gone
	watchers []uint32       // before
}

func holdOut(d *model.Data) heldOut {
	h := heldOut{gone: map[uint32]bool{}, watchers: d.Watchers()}
	count := 0
	for row, n := range h.watchers {
		if n >= 5 {
			if count%10 == 7 {
				h.gone[uint32(row)] = true
			}
			count++
		}
	}
	t := *d
	t.Seen, t.Starts = nil, []int64{0}
	for i := range d.Users {
		var truth []model.Seen
		for _, s := range d.Of(i) {
			if h.gone[s.Movie] {
				truth = append(truth, s)
			} else {
				t.Seen = append(t.Seen, s)
			}
		}
		h.truth = append(h.truth, truth)
		t.Starts = append(t.Starts, int64(len(t.Seen)))
	}
	h.train = &t
	return h
}

// vectors gives the movies of d those of lsa.
func vectors(t *testing.T, d *model.Data, rank, terms int) {
	t.Helper()
	var texts []string
	for _, m := range d.Movies {
		texts = append(texts, embedder.Document(m))
	}
	c := lsa.DefaultConfig()
	c.Rank, c.MaxTerms, c.Oversample = rank, terms, 8
	l, err := lsa.Fit(t.Context(), texts, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.Dims = l.ID().Dims
	d.Vectors = make([]float32, len(texts)*d.Dims)
	if err := l.Embed(t.Context(), texts, d.Vectors); err != nil {
		t.Fatal(err)
	}
}

// score writes scores of all movies for a history.
type score func(seen []model.Seen, scores []float32)

func ndcgAmong(h heldOut, k int, only func(row uint32) bool, f score) (ndcg, coldShare float64) {
	d := h.train
	scores := make([]float32, len(d.Movies))
	people, slots, cold := 0.0, 0.0, 0.0
	for i := range d.Users {
		if len(h.truth[i]) == 0 || len(d.Of(i)) == 0 {
			continue
		}
		people++
		f(d.Of(i), scores)
		for _, s := range d.Of(i) {
			scores[s.Movie] = float32(math.NaN())
		}
		got, ideal := 0.0, 0.0
		for j, row := range best(scores, k, only) {
			slots++
			if h.gone[row] {
				cold++
			}
			if slices.ContainsFunc(h.truth[i], func(s model.Seen) bool { return s.Movie == row }) {
				got += 1 / math.Log2(float64(j+2))
			}
		}
		for j := range min(k, len(h.truth[i])) {
			ideal += 1 / math.Log2(float64(j+2))
		}
		ndcg += got / ideal
	}
	return ndcg / people, cold / slots
}

// best returns the rows of the k best scores, best first, of those that only holds.
func best(scores []float32, k int, only func(row uint32) bool) []uint32 {
	var rows []uint32
	for row, s := range scores {
		if s != s || only != nil && !only(uint32(row)) || len(rows) == k && s <= scores[rows[k-1]] {
			continue
		}
		at := len(rows)
		for at > 0 && scores[rows[at-1]] < s {
			at--
		}
		rows = slices.Insert(rows, at, uint32(row))
		rows = rows[:min(k, len(rows))]
	}
	return rows
}

func byContent(d *model.Data) score {
	return func(seen []model.Seen, scores []float32) {
		mean := make([]float32, d.Dims)
		for _, s := range seen {
			vec.Axpy(1, d.Vector(s.Movie), mean)
		}
		vec.DotRows(scores, mean, d.Vectors)
	}
}

func byModel(m *als.Model) score {
	return func(seen []model.Seen, scores []float32) { m.Score(model.Query{Seen: seen}, scores) }
}

// Movies held out whole are ranked better among themselves by predicted factors
// than by content alone.
func TestColdStart(t *testing.T) {
	d := modeltest.MovieLens(t)
	vectors(t, d, 32, 4000)
	h := holdOut(d)
	among := func(row uint32) bool { return h.gone[row] }
	content, _ := ndcgAmong(h, 20, among, byContent(d))
	cold, _ := ndcgAmong(h, 20, among, byModel(mustModel(t, h.train, als.DefaultConfig())))
	if cold <= content {
		t.Errorf("NDCG@20 among the %d movies held out is %.4f, by content alone %.4f", len(h.gone), cold, content)
	}
}

// TestColdTable prints the package's table of movies nobody watched.
func TestColdTable(t *testing.T) {
	d := tables(t)
	h := holdOut(d)
	among := func(row uint32) bool { return h.gone[row] }
	report := fmt.Sprintf("%d movies held out\n", len(h.gone))
	row := func(name string, f score) {
		own, _ := ndcgAmong(h, 20, among, f)
		all, share := ndcgAmong(h, 20, nil, f)
		report += fmt.Sprintf("%-16s %.3f %.3f %4.1f%%\n", name, own, all, 100*share)
	}
	row("content", byContent(d))
	for _, scale := range []float64{0.5, 0.7, 0.85, 1, 1.3} {
		c := als.DefaultConfig()
		c.ColdScale = scale
		row(fmt.Sprintf("cold_scale %v", scale), byModel(mustModel(t, h.train, c)))
	}
	row("true popularity", func(_ []model.Seen, scores []float32) {
		for row, n := range h.watchers {
			scores[row] = float32(n)
		}
	})
	t.Log("\n" + strings.TrimSpace(report))
}

// tables returns the data of tests that print the figures of comments, if those
// are asked for: they take a minute.
func tables(t *testing.T) *model.Data {
	t.Helper()
	if os.Getenv("ALS_TABLES") == "" {
		t.Skip("prints a table if ALS_TABLES is set")
	}
	d := modeltest.MovieLens(t)
	vectors(t, d, 128, 20000)
	return d
}

// TestInnerTable prints what the comments say of the inner split: the newest fifth
// of a training part that lacks everybody's newest fifth already.
func TestInnerTable(t *testing.T) {
	d := tables(t)
	outer, _ := d.Split(0.2)
	train, held := outer.Split(0.2)
	report := ""
	row := func(name string, change func(c *als.Config)) {
		c := als.DefaultConfig()
		change(&c)
		m := mustModel(t, train, c)
		coverage, watchers := reach(train, m, 20)
		report += fmt.Sprintf("%-16s %.4f  %4.1f%%  %3.0f\n", name, modeltest.MeanNDCG(m, train, held, 20), 100*coverage, watchers)
	}
	for _, scale := range []float64{0, 0.5, 0.7, 1} {
		row(fmt.Sprintf("cold_scale %v", scale), func(c *als.Config) { c.ColdScale = scale })
	}
	for _, by := range [][2]float64{{0, 3}, {0.1, 3}, {0.25, 3}, {0.5, 10}, {0.5, 3}, {1, 10}, {1, 3}} {
		row(fmt.Sprintf("debias %v, %v", by[0], by[1]), func(c *als.Config) { c.Debias, c.DebiasLimit = by[0], by[1] })
	}
	for _, n := range []int{32, 128} {
		row(fmt.Sprintf("dims %d", n), func(c *als.Config) { c.Dims = n })
	}
	for _, w := range []float64{0.1, 1, 4} {
		row(fmt.Sprintf("unobserved %v", w), func(c *als.Config) { c.Unobserved = w })
	}
	for _, by := range []float64{0.005, 0.02} {
		row(fmt.Sprintf("lambda %v", by), func(c *als.Config) { c.Regularization = by })
	}
	row("nu 0.75", func(c *als.Config) { c.Nu = 0.75 })
	row("alpha 0", func(c *als.Config) { c.Alpha = 0 })
	for _, n := range []int{6, 10, 16} {
		row(fmt.Sprintf("sweeps %d", n), func(c *als.Config) { c.Sweeps = n })
	}
	t.Log("\n" + strings.TrimSpace(report))
}

// reach returns how many of all movies are in anybody's list of k, as a share,
// and how many watchers the listed have in the mean.
func reach(d *model.Data, m *als.Model, k int) (coverage, watchers float64) {
	by, scores := d.Watchers(), make([]float32, m.Len())
	listed, slots := map[uint32]bool{}, 0.0
	for i := range d.Users {
		m.Score(model.Query{Seen: d.Of(i)}, scores)
		for _, s := range d.Of(i) {
			scores[s.Movie] = float32(math.NaN())
		}
		for _, row := range best(scores, k, nil) {
			listed[row] = true
			watchers += float64(by[row])
			slots++
		}
	}
	return float64(len(listed)) / float64(m.Len()), watchers / slots
}
