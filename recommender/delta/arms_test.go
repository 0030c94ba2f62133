package delta_test

import (
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"marquee/catalog"
	"marquee/embedder/vec"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
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

// with gives b models, the first of which is the default.
func with(b *bundle.Bundle, models ...model.Named) *bundle.Bundle {
	b.Models, b.Manifest.Arm = models, models[0].Name
	for _, m := range models {
		b.Manifest.Models = append(b.Manifest.Models, bundle.Model{Name: m.Name, Kind: "test"})
	}
	return b
}

// An asked model tells how many movies it knew whenever it was asked.
type asked struct {
	near
	knew chan int // has room
}

func (a asked) Score(q model.Query, scores []float32) model.Basis {
	a.knew <- a.Len()
	return a.near.Score(q, scores)
}

func (a asked) Extend(rows []float32, size int) (model.Model, error) {
	x, err := a.near.Extend(rows, size)
	if err != nil {
		return nil, err
	}
	return asked{x.(near), a.knew}, nil
}

// What models make when they are asked for the first time is made before the new movies
// serve: no request waits for it.
func TestFollowerAsksExtendedModels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, films, nil, 2)
		m := asked{near{vectors: b.Vectors}, make(chan int, 100)}
		r := newRig(t, with(b, model.Named{Name: "asked", Model: m}))
		r.run()
		r.store.put(film("new", "aaaa"))
		r.sleep(time.Second)
		var knew []int
		for len(m.knew) > 0 {
			knew = append(knew, <-m.knew)
		}
		if !slices.Contains(knew, m.Len()+1) {
			t.Errorf("asked with %d movies, want with one more than %d", knew, m.Len())
		}
	})
}

// A new movie reaches the lists of the default arm by itself.
func TestFollowerExtendsModels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := build(t, films, nil, 2)
		r := newRig(t, with(b, model.Named{Name: "near", Model: near{vectors: b.Vectors}}))
		r.memory.seen["u"] = []catalog.Seen{{Movie: "a", Rated: true, Rating: 5}}
		r.run()
		r.store.put(film("new", "aaaa"))
		r.sleep(time.Second)
		a, err := r.service.Recommend(t.Context(), recommender.Call{User: "u", N: 20})
		if err != nil || a.List.Arm != "near" || len(a.List.Items) != 3 || a.Live.Snapshot.Movies.IDs[a.List.Items[0].Row] != "new" {
			t.Errorf("list %+v, %v; want the new movie first, by near", a.List, err)
		}
	})
}
