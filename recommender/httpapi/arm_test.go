package httpapi_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/history"
	"marquee/recommender/httpapi"
	"marquee/recommender/model"
)

// A ladder scores later rows higher for people with a history; parts are the halves
// of the score, and the top third is of one part only.
type ladder struct{ rows int }

func (l ladder) Len() int { return l.rows }
func (ladder) Score(q model.Query, scores []float32) model.Basis {
	if len(q.Seen) == 0 {
		return model.None
	}
	for row := range scores {
		scores[row] = float32(row)
	}
	return model.Personal
}
func (ladder) Parts() []string { return []string{"als", "knn"} }
func (l ladder) Explain(q model.Query, scores, parts []float32) model.Basis {
	for row := range scores {
		parts[row], parts[l.rows+row] = float32(row)/2, float32(row)/2
		if row >= 2*l.rows/3 {
			parts[row], parts[l.rows+row] = float32(row), 0
		}
	}
	return l.Score(q, scores)
}
func (ladder) WriteTo(io.Writer) (int64, error) { return 0, nil }

// ranked is serve with a model by default, which exposures are told of.
func ranked(t *testing.T, movies int) (f *fixture, told *[]catalog.Exposure) {
	t.Helper()
	f, told = serve(t, movies), &[]catalog.Exposure{}
	b := sample(t, movies)
	b.Models, b.Manifest.Arm = []model.Named{{Name: "mix", Model: ladder{movies}}}, "mix"
	b.Manifest.Models = []bundle.Model{{Name: "mix", Kind: "ladder"}}
	if err := f.service.Swap(b); err != nil {
		t.Fatal(err)
	}
	cfg := httpapi.DefaultConfig()
	cfg.Exposed = func(e catalog.Exposure) { *told = append(*told, e) }
	f.handler = httpapi.New(f.service, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), cfg).Handler()
	return f, told
}

// An answer says which arm it is of and how much of the history it takes into
// account, in headers, in JSON and in what is kept of it, and from where each movie
// came.
func TestArmIsTold(t *testing.T) {
	f, told := ranked(t, 30)
	f.histories.entries["long"] = history.Entry{Seen: []catalog.Seen{{Movie: "movie+05+2000"}, {Movie: "gone"}, {Movie: "movie+29+2000"}}}
	const features = "content-ratings-popularity"
	for _, c := range []struct {
		path, arm, watched, first, source string
	}{
		{"/recommend/long", "mix", "2", "movie+28+2000", "als"},
		{"/recommend/seven", "mix", "1", "movie+29+2000", "als"},
		{"/recommend/new", "mix", "0", "movie+00+2000", "popular"}, // nothing to say: made without the model, and still of its arm
		{"/recommend/a,b", features, "0", "movie+00+2000", "popular"},
	} {
		w := f.get(c.path)
		ids := checkLine(t, w)
		if got := w.Header().Get(httpapi.HeaderArm); got != c.arm {
			t.Errorf("%s: arm %q, want %q", c.path, got, c.arm)
		}
		if got := w.Header().Get(httpapi.HeaderWatched); got != c.watched {
			t.Errorf("%s: %s movies watched, want %s", c.path, got, c.watched)
		}
		e := (*told)[len(*told)-1]
		if e.Arm != c.arm || e.Tier != w.Header().Get(httpapi.HeaderTier) || string(e.Movies[0].Movie) != ids[0] || ids[0] != c.first || e.Movies[0].Source != c.source {
			t.Errorf("%s: told of arm %q, tier %s, movie %+v; want arm %q, movie %s from %s", c.path, e.Arm, e.Tier, e.Movies[0], c.arm, c.first, c.source)
		}
		for _, m := range e.Movies {
			if m.Source == "" {
				t.Errorf("%s: movie %s came from nowhere", c.path, m.Movie)
			}
		}
	}
	if e := (*told)[0]; e.Movies[19].Source != "als+knn" {
		t.Errorf("the last movie is from %q, want both parts", e.Movies[19].Source)
	}

	var got struct {
		Arm     string
		Watched *int
		Items   []struct {
			ID      string
			Score   float64
			Sources []string
		}
	}
	w := f.get("/recommend/long?format=json")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Arm != "mix" || got.Watched == nil || *got.Watched != 2 || w.Header().Get(httpapi.HeaderArm) != "mix" {
		t.Errorf("JSON says %+v, %v", got, err)
	}
	if len(got.Items) != 20 || got.Items[0].ID != "movie+28+2000" || !(got.Items[0].Score > got.Items[19].Score) || strings.Join(got.Items[19].Sources, " ") != "als knn" {
		t.Errorf("JSON lists %+v", got.Items)
	}
	w = f.get("/similar/movie+05+2000")
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Arm != features || w.Header().Get(httpapi.HeaderArm) != features {
		t.Errorf("similar movies are of arm %q, %v", got.Arm, err)
	}
	if len(*told) != 5 {
		t.Errorf("%d lists told, want those made for somebody only", len(*told))
	}
}

// While the store is away, the model is asked with what the bundle holds.
func TestArmWithoutTheStore(t *testing.T) {
	f, _ := ranked(t, 30)
	f.histories.err, f.histories.stale = catalog.ErrUnavailable, true
	w := f.get("/recommend/seven")
	ids := checkLine(t, w, "movie+05+2000", "movie+03+2000")
	if ids[0] != "movie+29+2000" || w.Header().Get(httpapi.HeaderArm) != "mix" || w.Header().Get(httpapi.HeaderWatched) != "1" || w.Header().Get(httpapi.HeaderTier) != "personal" {
		t.Errorf("%v with headers %v, want the model's list of the one movie that the bundle knows", ids, w.Header())
	}
}

// A service that is told to serve without a model says so.
func TestArmOfTheService(t *testing.T) {
	f, _ := ranked(t, 30)
	live, err := f.service.Live()
	if err != nil {
		t.Fatal(err)
	}
	s := recommender.New(f.histories, "content-ratings-popularity", time.Now)
	if err := s.Swap(live.Bundle); err != nil {
		t.Fatal(err)
	}
	f.handler = httpapi.New(s, func() recommender.Status { return recommender.Status{} }, f.metrics, slog.New(slog.DiscardHandler), httpapi.DefaultConfig()).Handler()
	if w := f.get("/recommend/seven"); w.Header().Get(httpapi.HeaderArm) != "content-ratings-popularity" {
		t.Errorf("arm %q", w.Header().Get(httpapi.HeaderArm))
	}
}
