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
func vectors(t *testing.T, d *model.Data, rank int) {
	t.Helper()
	var texts []string
	for _, m := range d.Movies {
		texts = append(texts, embedder.Document(m))
	}
	c := lsa.DefaultConfig()
	c.Rank, c.MaxTerms, c.Oversample = rank, 20000, 8
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
		var rows []uint32
		for row, s := range scores {
			if s == s && (only == nil || only(uint32(row))) {
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
		got, ideal := 0.0, 0.0
		for j, row := range rows[:min(k, len(rows))] {
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

// Movies held out whole are ranked better by predicted factors than by content
// alone, among themselves and among all, where they neither flood lists nor vanish.
func TestColdStart(t *testing.T) {
	d := modeltest.MovieLens(t)
	vectors(t, d, 64)
	h := holdOut(d)
	among := func(row uint32) bool { return h.gone[row] }
	content, _ := ndcgAmong(h, 20, among, byContent(d))
	contentAll, contentShare := ndcgAmong(h, 20, nil, byContent(d))
	oracle, _ := ndcgAmong(h, 20, among, func(_ []model.Seen, scores []float32) {
		for row, n := range h.watchers {
			scores[row] = float32(n)
		}
	})
	report := fmt.Sprintf("%d movies held out\ncontent alone  among %.4f all %.4f share %.3f\ntrue popularity among %.4f\n", len(h.gone), content, contentAll, contentShare, oracle)
	for _, scale := range coldScales() {
		c := als.DefaultConfig()
		c.ColdScale = scale
		m := mustModel(t, h.train, c)
		cold, _ := ndcgAmong(h, 20, among, byModel(m))
		all, share := ndcgAmong(h, 20, nil, byModel(m))
		report += fmt.Sprintf("predicted x%.2f among %.4f all %.4f share %.3f\n", scale, cold, all, share)
		if cold <= content {
			t.Errorf("NDCG@20 among the movies held out is %.4f, by content alone %.4f", cold, content)
		}
	}
	t.Log("\n" + strings.TrimSpace(report))
}

func coldScales() []float64 {
	if os.Getenv("ALS_SCALES") != "" {
		return []float64{0.5, 0.7, 0.85, 1, 1.15, 1.3}
	}
	return []float64{als.DefaultConfig().ColdScale}
}
