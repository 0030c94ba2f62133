package bundle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/indexer"
	"marquee/indexer/flat"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/model/als"
	"marquee/recommender/model/blend"
	"marquee/recommender/model/content"
	"marquee/recommender/model/ease"
	"marquee/recommender/model/itemknn"
	"marquee/recommender/model/modeltest"
	"marquee/recommender/model/neural"
	"marquee/recommender/model/popular"
	"marquee/recommender/model/precomputed"
	"marquee/recommender/model/rating"
	"marquee/recommender/model/svd"
	"marquee/recommender/model/svdpp"
	"marquee/recommender/model/userknn"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// kinds are all there are, each with settings for a small world, parts before what is
// made of them.
var kinds = []struct {
	kind     model.Kind
	settings string
	parts    []string
}{
	{kind: als.Kind(), settings: `{"dims":8,"sweeps":2}`},
	{kind: ease.Kind(), settings: `{"movies":100}`},
	{kind: itemknn.Kind()},
	{kind: userknn.Kind()},
	{kind: popular.Kind()},
	{kind: content.Kind()},
	{kind: svd.Kind(), settings: `{"factors":4,"epochs":2}`},
	{kind: svdpp.Kind(), settings: `{"factors":4,"epochs":2}`},
	{kind: neural.Kind(), settings: `{"hidden":8,"epochs":2}`},
	{kind: rating.Kind(), settings: `{"sweeps":2}`},
	{kind: blend.Kind(), settings: `{"parts":"als,ease,popular","weights":"3,2,1"}`, parts: []string{"als", "ease", "popular"}},
	{kind: precomputed.Kind(), settings: `{"lists":"als"}`, parts: []string{"als"}},
}

// opener reads all kinds.
func opener() bundle.Opener {
	o := bundle.Opener{Index: func(_ string, vecs []float32, dims int, _ []byte) (indexer.Index, error) { return flat.New(vecs, dims) }}
	for _, k := range kinds {
		o.Kinds = append(o.Kinds, k.kind)
	}
	return o
}

// everyKind returns a bundle of a small world with a model of every kind.
func everyKind(t *testing.T) (*bundle.Bundle, *model.Data) {
	t.Helper()
	data := modeltest.World(1, 150, 160)
	histories := data.Histories()
	rows, err := rank.NewMovies(data.Movies)
	fatal(t, err)
	cfg := rank.DefaultConfig()
	stats, err := rank.NewStats(data.Movies, rows, func(func(catalog.UserSeen, error) bool) {}, data.Scale, cfg)
	fatal(t, err)
	table, err := indexer.Neighbours(t.Context(), data.Vectors, data.Dims, 10, nil)
	fatal(t, err)
	index, err := flat.New(data.Vectors, data.Dims)
	fatal(t, err)
	b := &bundle.Bundle{
		Manifest: bundle.Manifest{
			DataVersion: "d", Scale: data.Scale, Ranking: cfg, Index: bundle.Index{Kind: "flat"}, Counts: bundle.Counts{Movies: 160}, Arm: "blend",
			Embedder: embedder.ID{Model: "test", Revision: "1", Dims: data.Dims, Precision: "f32"},
		},
		Movies: rows, Vectors: data.Vectors, Table: table, Stats: stats, Index: index,
		Histories: &bundle.Histories{Starts: histories.Starts, Rows: histories.Rows, Weights: histories.Preferences, Scale: data.Scale},
	}
	var users []catalog.UserID
	for _, u := range data.Users {
		users = append(users, u.ID)
	}
	b.Histories.Users = users
	for _, k := range kinds {
		if k.kind.Name == "precomputed" {
			made, err := precomputed.Run(t.Context(), precomputed.Plan{
				Model: b.Models[0].Model, Users: users, N: 10, Dir: t.TempDir(), Key: "k", Progress: quiet,
				Query: func(_ context.Context, i int) (model.Query, error) {
					return model.Query{User: data.Users[i], Seen: data.Of(i)}, nil
				},
			})
			fatal(t, err)
			b.Lists = map[string]*precomputed.Table{"als": made}
			b.Manifest.Models[0].Lists = true
		}
		m, err := k.kind.Train(t.Context(), data, b.Base(b.Models), nil, json.RawMessage(k.settings), quiet)
		fatal(t, err)
		b.Models = append(b.Models, model.Named{Name: k.kind.Name, Model: m})
		b.Manifest.Models = append(b.Manifest.Models, bundle.Model{Name: k.kind.Name, Kind: k.kind.Name, Parts: k.parts})
	}
	return b, data
}

func quiet(string, int, int) {}

// laterMovies returns five movies that came later, one without a text, and one that was
// edited.
func laterMovies(data *model.Data) []overlay.Added {
	var added []overlay.Added
	for i := range 6 {
		m := catalog.Movie{ID: catalog.MovieID(fmt.Sprintf("new%d", i)), Title: "New", Year: 2020}
		v := slices.Clone(data.Vectors[(7*i+3)*data.Dims:][:data.Dims])
		switch i {
		case 2:
			clear(v)
		case 4:
			m.ID = data.Movies[9].ID
		}
		added = append(added, overlay.Added{Movie: m, Vector: v})
	}
	return added
}

// Models of every kind come back with a patch as they are in memory when told of the
// same movies; and so they do when the bundle is written whole, but for content by
// table and blends, which are read as if they had been made with all movies.
func TestEveryKindWithLaterMovies(t *testing.T) {
	t.Parallel()
	b, data := everyKind(t)
	shelf, err := bundle.OpenShelf(filepath.Join(t.TempDir(), "bundles"))
	fatal(t, err)
	m, err := shelf.Put(t.Context(), b)
	fatal(t, err)
	added := laterMovies(data)
	state, err := b.State()
	fatal(t, err)
	state, err = state.With(t.Context(), added)
	fatal(t, err)
	arms := state.Snapshot.Arms.Models

	m, err = shelf.PutPatch(t.Context(), m.ID, bundle.Patch{Added: added}, nil)
	fatal(t, err)
	patched, err := shelf.Load(t.Context(), m.ID, opener())
	fatal(t, err)
	for i, x := range patched.Models {
		sameScores(t, "patched: "+x.Name, x.Model, arms[i].Model, data)
		if m.Models[i].Rows != 160 {
			t.Errorf("file of %s knows %d movies, want 160", x.Name, m.Models[i].Rows)
		}
	}

	whole := *b
	whole.Movies, whole.Table, whole.Stats, whole.Models = state.Snapshot.Movies, state.Snapshot.Table, state.Snapshot.Stats, arms
	whole.Vectors, whole.Index = patched.Vectors, state.Index
	m, err = shelf.Put(t.Context(), &whole)
	fatal(t, err)
	got, err := shelf.Load(t.Context(), m.ID, opener())
	fatal(t, err)
	for i, x := range got.Models {
		want := arms[i].Model
		rows := map[string]int{"ease": 160, "itemknn": 160, "userknn": 160, "popular": 160, "svd": 160, "svdpp": 160}[x.Name]
		if m.Models[i].Rows != rows || model.Rows(want) != rows && rows > 0 {
			t.Errorf("file of %s knows %d movies, want %d", x.Name, m.Models[i].Rows, rows)
		}
		if x.Name == "content" || x.Name == "blend" {
			want, err = kinds[i].kind.Train(t.Context(), data, got.Base(got.Models[:i]), nil, json.RawMessage(kinds[i].settings), quiet)
			fatal(t, err)
		}
		sameScores(t, "whole: "+x.Name, x.Model, want, data)
	}
	if again, err := shelf.Put(t.Context(), got); err != nil || again.ID != m.ID {
		t.Errorf("put again it is %s, %v; want %s", again.ID, err, m.ID)
	}
}

// A patch over a bundle whose models know fewer movies than it has.
func TestEveryKindUnderTwoPatches(t *testing.T) {
	t.Parallel()
	b, data := everyKind(t)
	shelf, err := bundle.OpenShelf(filepath.Join(t.TempDir(), "bundles"))
	fatal(t, err)
	state, err := b.State()
	fatal(t, err)
	added := laterMovies(data)[:4]
	state, err = state.With(t.Context(), added)
	fatal(t, err)
	whole := *b
	whole.Movies, whole.Table, whole.Stats, whole.Models = state.Snapshot.Movies, state.Snapshot.Table, state.Snapshot.Stats, state.Snapshot.Arms.Models
	whole.Vectors = slices.Clone(b.Vectors)
	for _, a := range added {
		whole.Vectors = append(whole.Vectors, a.Vector...)
	}
	m, err := shelf.Put(t.Context(), &whole)
	fatal(t, err)
	read, err := shelf.Load(t.Context(), m.ID, opener())
	fatal(t, err)
	state, err = read.State()
	fatal(t, err)
	last := laterMovies(data)[5:]
	state, err = state.With(t.Context(), last)
	fatal(t, err)
	m, err = shelf.PutPatch(t.Context(), m.ID, bundle.Patch{Added: last}, nil)
	fatal(t, err)
	got, err := shelf.Load(t.Context(), m.ID, opener())
	fatal(t, err)
	for i, x := range got.Models {
		sameScores(t, x.Name, x.Model, state.Snapshot.Arms.Models[i].Model, data)
	}
	if again, err := shelf.Put(t.Context(), got); err != nil || again.ID != m.ID {
		t.Errorf("put again it is %s, %v; want %s", again.ID, err, m.ID)
	}
}

// sameScores checks that two models say the same to the bit of people of data, who
// watched a later movie too.
func sameScores(t *testing.T, name string, got, want model.Model, data *model.Data) {
	t.Helper()
	if got.Len() != want.Len() || got.Len() != 165 {
		t.Fatalf("%s: %d movies, want %d", name, got.Len(), want.Len())
	}
	for u := range 20 {
		q := model.Query{User: data.Users[u], Seen: append([]model.Seen{{Movie: 161, Rated: true, Rating: 4}}, data.Of(u)...)}
		a, b := make([]float32, got.Len()), make([]float32, got.Len())
		if x, y := got.Score(q, a), want.Score(q, b); x != y || !equalBits(a, b) {
			t.Fatalf("%s: scores of person %d are\n%v on %v, want\n%v on %v", name, u, a, x, b, y)
		}
		p, predicts := want.(model.Predictor)
		if !predicts {
			continue
		}
		movies := []uint32{0, 9, 150, 160, 162, 164}
		got.(model.Predictor).Predict(q, movies, a[:len(movies)])
		p.Predict(q, movies, b[:len(movies)])
		if !equalBits(a[:len(movies)], b[:len(movies)]) {
			t.Fatalf("%s: predicts %v, want %v", name, a[:len(movies)], b[:len(movies)])
		}
	}
}

func equalBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}
