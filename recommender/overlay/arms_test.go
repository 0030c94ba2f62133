package overlay_test

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender/model"
	"marquee/recommender/model/als"
	"marquee/recommender/model/blend"
	"marquee/recommender/model/popular"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// A near model scores movies by how near their vectors are to the newest movie that
// was watched, and can be told to fail.
type near struct {
	vectors []float32 // [movies x dims]
	err     error
}

func (n near) Len() int                       { return len(n.vectors) / dims }
func (near) WriteTo(io.Writer) (int64, error) { return 0, nil }
func (n near) Score(q model.Query, scores []float32) model.Basis {
	if len(q.Seen) == 0 {
		return model.None
	}
	row := int(q.Seen[0].Movie)
	vec.DotRows(scores, n.vectors[row*dims:(row+1)*dims], n.vectors)
	return model.Personal
}
func (n near) Extend(rows []float32, size int) (model.Model, error) {
	if size != dims {
		return nil, errors.New("rows of another length")
	}
	return near{slices.Concat(n.vectors, rows), n.err}, n.err
}

// A deaf model scores by row and cannot be extended.
type deaf struct{ rows int }

func (d deaf) Len() int                       { return d.rows }
func (deaf) WriteTo(io.Writer) (int64, error) { return 0, nil }
func (d deaf) Score(_ model.Query, scores []float32) model.Basis {
	for i := range scores[:d.rows] {
		scores[i] = float32(i)
	}
	return model.Everyone
}

func seen(rows ...uint32) rank.Taste {
	var t rank.Taste
	for _, r := range rows {
		t.Watched = append(t.Watched, rank.Watched{Row: r, Preference: 50})
		t.Seen = append(t.Seen, model.Seen{Movie: r, Rated: true, Rating: 5})
	}
	return t
}

func armModel(t *testing.T, d *overlay.State, name string) model.Model {
	t.Helper()
	for _, m := range d.Snapshot.Arms.Models {
		if m.Name == name {
			return m.Model
		}
	}
	t.Fatalf("no arm %q among %q", name, d.Snapshot.Arms.Names())
	return nil
}

// However movies come, one after another or edited in between, models get the
// vectors of the new ones in the order of their rows, and those of edited ones not.
func TestModelsAreExtendedInRowOrder(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		base := words(r, "m", 20)
		b := build(t, base, nil, 3)
		b.with(t, model.Named{Name: "near", Model: near{vectors: b.vecs}}, model.Named{Name: "deaf", Model: deaf{20}})
		d := b.state(t)
		var err error
		want := slices.Clone(b.vecs)
		late := words(r, "z", 12) // behind, by id as by row
		r.Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
		for len(late) > 0 {
			n := 1 + r.IntN(len(late))
			batch := added(late[:n]...)
			for _, a := range batch {
				want = append(want, a.Vector...)
			}
			edit := added(film(string(base[r.IntN(20)].ID), "edited"), film(string(batch[0].Movie.ID), "twice"))
			copy(want[len(want)-n*dims:], edit[1].Vector) // it stands at its first place as it came last
			if d, err = d.With(t.Context(), append([]overlay.Added{edit[0]}, append(batch, edit[1])...)); err != nil {
				t.Fatal(err)
			}
			late = late[n:]
		}
		got := armModel(t, d, "near").(near).vectors
		if !slices.Equal(got, want) {
			t.Fatalf("seed %d: the model was told of other vectors, or of those in another order", seed)
		}
		for row := 20; row < d.Snapshot.Movies.Len(); row++ {
			if !slices.Equal(got[row*dims:(row+1)*dims], d.Vector(uint32(row))) {
				t.Fatalf("seed %d: row %d has another vector in the model", seed, row)
			}
		}
		if x := armModel(t, d, "deaf"); x.Len() != 32 || !slices.Equal(d.Snapshot.Arms.Names(), []string{"near", "deaf", rank.ArmFeatures}) {
			t.Fatalf("arms %q, %d movies", d.Snapshot.Arms.Names(), x.Len())
		}
	}
}

// A movie that came after the build is listed by the model's scores, if it can take
// it in, and behind what it knows if it cannot.
func TestNewMovieIsListedByModels(t *testing.T) {
	b := build(t, []catalog.Movie{film("a", "aaaa"), film("b", "bbbb"), film("z", "zzzz")}, nil, 2)
	d := b.with(t, model.Named{Name: "near", Model: near{vectors: b.vecs}}, model.Named{Name: "deaf", Model: deaf{3}}).state(t)
	next, err := d.With(t.Context(), added(film("new", "aaab"), film("z", "aaaa")))
	if err != nil {
		t.Fatal(err)
	}
	ids := func(d *overlay.State, arm string) (out []catalog.MovieID, l rank.List) {
		l = d.Snapshot.Recommend(rank.Request{Taste: seen(0), Arm: arm, N: 4, Now: time.Now()})
		for _, i := range l.Items {
			out = append(out, d.Snapshot.Movies.IDs[i.Row])
		}
		return out, l
	}
	got, l := ids(next, "")
	if !slices.Equal(got, []catalog.MovieID{"new", "b", "z"}) || l.Arm != "near" || l.SourceNames(l.Items[0])[0] != "near" {
		t.Errorf("list %v by %s; want the new movie first, and z, of which only the text changed, where it was", got, l.Arm)
	}
	got, l = ids(next, "deaf")
	if !slices.Equal(got, []catalog.MovieID{"z", "b", "new"}) || l.SourceNames(l.Items[2])[0] != "popular" {
		t.Errorf("list %v, want the new movie behind those that the model knows", got)
	}
	l = next.Snapshot.Recommend(rank.Request{Taste: seen(3, 0), Arm: "deaf", N: 4, Now: time.Now()})
	if len(l.Items) != 2 {
		t.Errorf("%d movies for someone who watched a new one", len(l.Items))
	}
	if got, _ := ids(d, ""); slices.Contains(got, "new") || armModel(t, d, "near").Len() != 3 {
		t.Errorf("the delta it began from has changed: %v", got)
	}
	if b.snap.Arms.Models[0].Model.Len() != 3 {
		t.Error("the build has changed")
	}
}

// Facts alone leave the models as they are.
func TestModelsStayWithoutNewMovies(t *testing.T) {
	b := build(t, []catalog.Movie{film("a", "aaaa"), film("b", "bbbb")}, nil, 2)
	var err error
	d := b.with(t, model.Named{Name: "near", Model: near{vectors: b.vecs, err: errors.New("must not be asked")}}).state(t)
	if d, err = d.With(t.Context(), added(film("b", "changed"))); err != nil || d.Snapshot.Arms.Default != "near" || armModel(t, d, "near").Len() != 2 {
		t.Errorf("arms %q, %v", d.Snapshot.Arms.Names(), err)
	}
}

// A model that refuses says which it is, and what was there serves on.
func TestModelThatRefuses(t *testing.T) {
	b := build(t, []catalog.Movie{film("a", "aaaa"), film("b", "bbbb")}, nil, 2)
	refusal := errors.New("no room")
	d := b.with(t, model.Named{Name: "near", Model: near{vectors: b.vecs, err: refusal}}).state(t)
	if next, err := d.With(t.Context(), added(film("c", "cc"))); !errors.Is(err, refusal) || !strings.Contains(err.Error(), "near: ") || next != nil {
		t.Errorf("error %v, want the model's", err)
	}
}

// Real models know of a new movie at once: ALS predicts its factors, and a blend
// scores it by the parts that know it. One without a text is left to the others.
func TestRealModelsScoreNewMovies(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	movies := make([]catalog.Movie, 0, 40)
	for i := range 40 { // of two circles
		word := []byte("aaaa")
		if i%2 == 1 {
			word = []byte("zzzz")
		}
		movies = append(movies, film(string(rune('a'+i/26))+string(rune('a'+i%26)), string(append(word, byte('b'+i%20)))))
	}
	b := build(t, movies, nil, 10)
	data := &model.Data{Scale: catalog.Scale5, Movies: movies, Vectors: b.vecs, Dims: dims, Starts: []int64{0}}
	for u := range 60 {
		data.Users = append(data.Users, catalog.User{ID: catalog.UserID(string(rune('a'+u/26)) + string(rune('a'+u%26)))})
		for i, m := range r.Perm(18)[:6] {
			data.Seen = append(data.Seen, model.Seen{Movie: uint32(2*m + u%2), At: int64(100 - i), Days: 1})
		}
		data.Starts = append(data.Starts, int64(len(data.Seen)))
	}
	base := &model.Base{Scale: data.Scale, Movies: 40, Vectors: b.vecs, Dims: dims, Table: b.snap.Table, Histories: data.Histories()}
	train := func(k model.Kind, name, settings string) {
		m, err := k.Train(t.Context(), data, base, nil, json.RawMessage(settings), func(string, int, int) {})
		if err != nil {
			t.Fatal(err)
		}
		base.Models = append(base.Models, model.Named{Name: name, Model: m})
	}
	train(als.Kind(), "als", `{"dims":4,"sweeps":5}`)
	train(popular.Kind(), "popular", "")
	train(blend.Kind(), "blend", `{"parts":"als,popular","weights":"3,1"}`)
	var err error
	d := b.with(t, base.Models...).state(t)
	for _, m := range []catalog.Movie{film("x1", "aaaab"), film("x2", "zzzzc"), film("x3", "")} { // one at a time
		if d, err = d.With(t.Context(), added(m)); err != nil {
			t.Fatal(err)
		}
	}
	for _, arm := range []string{"als", "blend"} {
		scores := make([]float32, 43)
		if basis := armModel(t, d, arm).Score(model.Query{Seen: seen(0, 2, 4).Seen}, scores); basis != model.Personal {
			t.Fatalf("%s: basis %v", arm, basis)
		}
		if !(scores[40] > scores[41]) {
			t.Errorf("%s: the new movie of their circle scores %v, the other %v", arm, scores[40], scores[41])
		}
		if !math.IsNaN(float64(scores[42])) {
			t.Errorf("%s: a movie without a text scores %v", arm, scores[42])
		}
	}
	list := d.Snapshot.Recommend(rank.Request{Taste: seen(0, 2, 4), Arm: "blend", N: 20, Now: time.Now()})
	if !slices.ContainsFunc(list.Items, func(i rank.Item) bool { return i.Row == 40 }) {
		t.Error("the new movie of their circle is not in the blend's list")
	}
}

// What came after the build and left again moves the score of no movie, whatever it was
// near to.
func TestScoresForgetWhatLeft(t *testing.T) {
	b := build(t, three, nil, 3)
	begun := b.with(t, model.Named{Name: "near", Model: near{vectors: b.vecs}}).state(t)
	list := func(s *overlay.State) rank.List {
		row, _ := s.Snapshot.Movies.Row("late")
		return s.Snapshot.Recommend(rank.Request{Taste: seen(row), Arm: "near", N: 20, Now: time.Now()})
	}
	late := added(film("late", "aaad"))
	s := must(t)(begun.With(t.Context(), append(added(film("left", "aaad")), late...)))
	s = must(t)(s.Without(t.Context(), []catalog.MovieID{"left"}))
	alone := must(t)(begun.With(t.Context(), late))
	got, want := list(s), list(alone)
	if len(got.Items) == 0 || len(got.Items) != len(want.Items) {
		t.Fatalf("%d movies, without it %d", len(got.Items), len(want.Items))
	}
	for i := range got.Items {
		if got.Items[i].Score != want.Items[i].Score {
			t.Errorf("%v, without it %v", got.Items[i], want.Items[i])
		}
	}
}
