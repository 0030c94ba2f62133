package content_test

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/embedder/lsa"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/model/content"
	"marquee/recommender/model/modeltest"
)

func TestModel(t *testing.T) {
	for _, how := range []string{content.Table, content.Profile} {
		t.Run(how, func(t *testing.T) {
			modeltest.Test(t, modeltest.Case{Kind: content.Kind(), Settings: json.RawMessage(`{"ask_floor":0,"ask_near":0,"how":"` + how + `"}`), Least: 0.08})
		})
	}
}

// What Ask leaves out is less than the floor for each movie of the history.
func TestAskFloor(t *testing.T) {
	d := modeltest.World(1, 100, 200)
	c := content.DefaultConfig()
	c.AskFloor, c.AskNear, c.Sharpness = 0.3, 0, 2
	m := made(t, c, modeltest.BaseOf(t, d))
	scores, got := make([]float32, m.Len()), make([]float32, m.Len())
	less := 0
	for i := range d.Users {
		q := model.Query{Seen: d.Of(i)}
		m.Score(q, scores)
		modeltest.Asking(m).Score(q, got)
		most := slices.Max(scores)
		for row, s := range scores {
			if by := s - got[row]; !(by >= -1e-5*most && by <= float32(len(q.Seen))*0.3*most) {
				t.Fatalf("person %d: movie %d is scored %v when asked for, want %v or little less", i, row, got[row], s)
			} else if by > 0.01*most {
				less++
			}
		}
	}
	if less == 0 {
		t.Error("nothing was left out")
	}
}

// With an ask_near of 1 the nearest alone counts, where Score counts all.
func TestAskNear(t *testing.T) {
	c := content.DefaultConfig()
	c.AskNear, c.AskFloor = 1, 0
	m := made(t, c, plane(t, 0, 10, 25))
	q := model.Query{Seen: []model.Seen{{Movie: 0, Rated: true, Rating: 5}}}
	want, got := make([]float32, 3), make([]float32, 3)
	m.Score(q, want)
	modeltest.Asking(m).Score(q, got)
	if got[1] != want[1] || got[1] <= 0 || got[2] != 0 || want[2] <= 0 {
		t.Errorf("scores %v when asked for, %v else; want those of the nearest alike, and 0 for the other", got, want)
	}
}

// plane returns a base of movies in the plane, by their angles in degrees; one of
// NaN has no vector.
func plane(t testing.TB, angles ...float64) *model.Base {
	t.Helper()
	b := &model.Base{Scale: catalog.Scale5, Movies: len(angles), Dims: 2, Vectors: unit(angles...)}
	var err error
	if b.Table, err = indexer.Neighbours(t.Context(), b.Vectors, 2, len(angles)-1, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	return b
}

func unit(angles ...float64) []float32 {
	var v []float32
	for _, a := range angles {
		if math.IsNaN(a) {
			v = append(v, 0, 0)
			continue
		}
		v = append(v, float32(math.Cos(a*math.Pi/180)), float32(math.Sin(a*math.Pi/180)))
	}
	return v
}

func plain(how string) content.Config {
	return content.Config{How: how, Sharpness: 1}
}

func scored(t *testing.T, m model.Model, want model.Basis, rows ...uint32) []float32 {
	t.Helper()
	var q model.Query
	for _, r := range rows {
		q.Seen = append(q.Seen, model.Seen{Movie: r, Rated: true, Rating: 5})
	}
	out := make([]float32, m.Len())
	if got := m.Score(q, out); got != want {
		t.Errorf("basis of %v is %d, want %d", rows, got, want)
	}
	return out
}

func made(t testing.TB, c content.Config, b *model.Base) *content.Model {
	t.Helper()
	m, err := content.New(c, b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func wantClose(t *testing.T, what string, got float32, want float64) {
	t.Helper()
	if !(math.Abs(float64(got)-want) < 1e-5) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func cos(degrees float64) float64 { return math.Cos(degrees * math.Pi / 180) }

func TestTableByHand(t *testing.T) {
	base := plane(t, 0, 60, 80, 170, math.NaN())
	got := scored(t, made(t, plain(content.Table), base), model.Personal, 0, 1)
	wantClose(t, "movie 2", got[2], cos(80)+cos(20))
	wantClose(t, "movie 3, which is behind both", got[3], 0)
	if got[4] == got[4] {
		t.Errorf("a movie without a vector scores %v", got[4])
	}
	c := plain(content.Table)
	c.Sharpness, c.Recency = 3, 1
	got = scored(t, made(t, c, base), model.Personal, 0, 1)
	wantClose(t, "movie 2, sharpened", got[2], math.Pow(cos(80), 3)+math.Pow(cos(20), 3)/2)
	c.History = 1
	got = scored(t, made(t, c, base), model.Personal, 0, 1)
	wantClose(t, "movie 2, by the newest alone", got[2], math.Pow(cos(80), 3))
	scored(t, made(t, c, base), model.None, 4)
	scored(t, made(t, c, base), model.None, 77)
}

func TestProfileByHand(t *testing.T) {
	base := plane(t, 0, 60, 80, 170, math.NaN())
	m := made(t, plain(content.Profile), base)
	got := scored(t, m, model.Personal, 0, 1) // they lean 30 degrees together
	wantClose(t, "movie 2", got[2], cos(50))
	wantClose(t, "movie 3", got[3], cos(140))
	if got[4] == got[4] {
		t.Errorf("a movie without a vector scores %v", got[4])
	}
	scored(t, m, model.None, 4)
	scored(t, m, model.None)
}

// TestPreference lets a liked movie speak louder.
// Of a long history, what has faded to nothing is left out, and movies without a
// vector do not keep what is older from being heard.
func TestFaded(t *testing.T) {
	nan := math.NaN()
	angles := []float64{0, 1, 90, 91}
	var rows []uint32
	for i := range uint32(200) {
		angles, rows = append(angles, nan), append(rows, 4+i)
	}
	for _, how := range []string{content.Table, content.Profile} {
		c := plain(how)
		c.Recency = 1
		m := made(t, c, plane(t, angles...))
		if got := scored(t, m, model.Personal, append(rows, 0)...)[1]; !(got > 0) {
			t.Errorf("%s: behind 200 movies without a vector, the neighbour scores %v, want above 0", how, got)
		}
		got := scored(t, m, model.Personal, append(append([]uint32{0}, rows...), 2)...)
		want := scored(t, m, model.Personal, 0)
		for i, v := range want {
			if math.Float32bits(got[i]) != math.Float32bits(v) {
				t.Errorf("%s: movie %d scores %v with what was watched 201 movies ago, %v without", how, i, got[i], v)
			}
		}
	}
}

func TestPreference(t *testing.T) {
	c := plain(content.Table)
	c.Preference = 2
	m := made(t, c, plane(t, 0, 90, 30))
	q := model.Query{Seen: []model.Seen{{Movie: 0, Rated: true, Rating: 1}, {Movie: 1, Rated: true, Rating: 5}}}
	got := make([]float32, 3)
	m.Score(q, got)
	wantClose(t, "movie 2", got[2], cos(30)/25+cos(60))
}

// TestExtendedIsBuilt holds a model that movies came to, one and two at a time,
// against one of all of them. Movies without a vector make room in the lists, so
// that these hold all there are.
func TestExtendedIsBuilt(t *testing.T) {
	none := math.NaN()
	angles := []float64{0, 20, 45, none, none, none, none, none, 30, 70, 85}
	for _, how := range []string{content.Table, content.Profile} {
		m := model.Model(made(t, plain(how), plane(t, angles[:8]...)))
		for _, late := range [][]float64{angles[8:9], angles[9:]} {
			var err error
			if m, err = m.(model.Extender).Extend(unit(late...), 2); err != nil {
				t.Fatal(err)
			}
		}
		whole := made(t, plain(how), plane(t, angles...))
		for _, rows := range [][]uint32{{0}, {1, 2}, {8}, {10, 0}, {9, 8, 2}} {
			got, want := scored(t, m, model.Personal, rows...), scored(t, whole, model.Personal, rows...)
			for i := range got {
				if (got[i] == got[i]) != (want[i] == want[i]) || math.Abs(float64(got[i]-want[i])) > 1e-5 {
					t.Errorf("%s: movie %d beside %v scores %v, want %v", how, i, rows, got[i], want[i])
				}
			}
		}
	}
}

// TestLateMovieMustBeNearEnough: beside full lists a new movie counts only where
// it would have been listed.
func TestLateMovieMustBeNearEnough(t *testing.T) {
	base := plane(t, 0, 10, 12, 80)
	var err error
	if base.Table, err = indexer.Neighbours(t.Context(), base.Vectors, 2, 2, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	m, err := made(t, plain(content.Table), base).Extend(unit(5, 60), 2)
	if err != nil {
		t.Fatal(err)
	}
	got := scored(t, m, model.Personal, 0)
	wantClose(t, "a new movie nearer than the neighbours", got[4], cos(5))
	wantClose(t, "a new movie farther than the neighbours", got[5], 0)
	got = scored(t, m, model.Personal, 4)
	wantClose(t, "the nearest of a new movie", got[0], cos(5))
	wantClose(t, "what is not among the nearest of a new movie", got[3], 0)
}

func TestRefusals(t *testing.T) {
	base := plane(t, 0, 20, 45)
	m := made(t, plain(content.Table), base)
	for name, rows := range map[string][]float32{"NaN": {float32(math.NaN()), 0}, "half": {1}, "long": {3, 4}} {
		if _, err := m.Extend(rows, 2); err == nil {
			t.Errorf("%s: a movie was taken in", name)
		}
	}
	if _, err := m.Extend([]float32{1, 0, 0}, 3); !errors.Is(err, indexer.ErrDims) {
		t.Errorf("error %v of other dims, want ErrDims", err)
	}
	for name, b := range map[string]*model.Base{
		"no vectors": {Movies: 3, Table: base.Table},
		"no table":   {Movies: 3, Vectors: base.Vectors, Dims: 2},
		"few":        {Movies: 4, Vectors: base.Vectors, Dims: 2, Table: base.Table},
	} {
		if _, err := content.New(plain(content.Table), b); !errors.Is(err, model.ErrData) {
			t.Errorf("%s: error %v, want ErrData", name, err)
		}
	}
	err := content.Config{How: "guess"}.Validate()
	if err == nil || !strings.Contains(err.Error(), "how") || !strings.Contains(err.Error(), "sharpness") {
		t.Errorf("error %v does not name both faults", err)
	}
}

// TestRealData holds the defaults to what their sweep found, on an inner split,
// with vectors of a smaller rank than the sweep's, for time.
func TestRealData(t *testing.T) {
	d := modeltest.MovieLens(t)
	texts := make([]string, len(d.Movies))
	for i, m := range d.Movies {
		texts[i] = embedder.Document(m)
	}
	c := lsa.DefaultConfig()
	c.Rank = 32
	fitted, err := lsa.Fit(t.Context(), texts, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	base := &model.Base{Scale: d.Scale, Movies: len(texts), Dims: fitted.ID().Dims}
	base.Vectors = make([]float32, base.Dims*len(texts))
	if err := fitted.Embed(t.Context(), texts, base.Vectors); err != nil {
		t.Fatal(err)
	}
	if base.Table, err = indexer.Neighbours(t.Context(), base.Vectors, base.Dims, 100, func(int, int) {}); err != nil {
		t.Fatal(err)
	}
	older, _ := d.Split(0.2)
	inner, held := older.Split(0.2)
	if got := modeltest.MeanNDCG(made(t, content.DefaultConfig(), base), inner, held, 20); got < 0.025 {
		t.Errorf("NDCG@20 %.4f, want 0.025 or more", got)
	}
}
