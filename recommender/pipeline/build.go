package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// A Space gives the embedder for a catalog's texts: one that is ready, or one
// fitted on them. A fitted embedder is an [io.WriterTo] as well, and is kept in
// the bundle.
type Space func(ctx context.Context, texts []string, progress Progress) (embedder.Embedder, error)

// A Backend builds the index of one kind.
type Backend interface {
	Kind() string
	Settings() any // what to keep in the manifest
	// Build returns the index of vecs, [n x dims], and how well it finds what an
	// exact scan finds. Below its floor it returns an error that wraps
	// indexer.ErrRecall, and the index and what was measured all the same. profiles are
	// histories, by their rows.
	Build(ctx context.Context, vecs []float32, dims int, profiles [][]uint32, progress Progress) (indexer.Index, indexer.Measured, error)
}

// A Progress is told how far a step has come.
type Progress func(step string, done, total int)

// Options say how to build.
type Options struct {
	Space     Space
	Backend   Backend
	Cache     embedder.Cache // of vectors; nil embeds everything anew
	Ranking   rank.Config
	Neighbour int          // neighbours kept for each movie
	Kinds     []model.Kind // that Models may name
	Models    []Spec       // to train
	Arm       string       // the default arm; "" is the last of Models, or rank.ArmFeatures without any
	Lenient   bool         // models that the data are not enough for are left out, and all are if the default arm is
	Evaluate  bool         // judge what is trained on what it has not seen: see the package
	Seed      uint64
	Parent    string            // the live bundle
	Override  map[string]string // reasons, by the gate: an index below its floor is kept if GateRecall is among them
	Program   bundle.Program
	Now       func() time.Time
	Progress  Progress
	Log       *slog.Logger
}

// DefaultNeighbours is how many neighbours of each movie a bundle keeps.
const DefaultNeighbours = 100

// Validate reports every fault in one error.
func (o Options) Validate() error {
	var errs []error
	if o.Neighbour < 1 || o.Neighbour > 1000 {
		errs = append(errs, fmt.Errorf("neighbours for each movie is %d, want 1 to 1000: %w", o.Neighbour, catalog.ErrInvalid))
	}
	if arm := o.arm(); arm != rank.ArmFeatures && !slices.ContainsFunc(o.Models, func(s Spec) bool { return s.Name == arm }) {
		errs = append(errs, fmt.Errorf("default arm %q, want one of the models that are trained or %s: %w", arm, rank.ArmFeatures, catalog.ErrInvalid))
	}
	return errors.Join(append(errs, checkOverride(o.Override), o.Ranking.Validate())...)
}

// arm returns the default arm of the bundle.
func (o Options) arm() string {
	switch {
	case o.Arm != "":
		return o.Arm
	case len(o.Models) > 0:
		return o.Models[len(o.Models)-1].Name
	}
	return rank.ArmFeatures
}

// Build makes a bundle from the facts of store. It is in memory only: see
// [bundle.Shelf.Put].
func Build(ctx context.Context, store Store, o Options) (*bundle.Bundle, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	facts, err := Read(ctx, store, o.Ranking)
	if err != nil {
		return nil, err
	}
	return Make(ctx, facts, o)
}

// Make is [Build] from facts that were read with o.Ranking. It does not need the
// store that they came from, but for the vectors of o.Cache.
func Make(ctx context.Context, facts *Facts, o Options) (*bundle.Bundle, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o.Log.Info("facts read", "movies", len(facts.Movies), "people", len(facts.Histories.Users),
		"watched", len(facts.Histories.Rows), "version", facts.Version)
	vectors, err := Embed(ctx, facts.Texts, o)
	if err != nil {
		return nil, err
	}
	return assemble(ctx, facts, vectors, o)
}

// Vectors are the vectors of all movies, of one space.
type Vectors struct {
	ID     embedder.ID
	Values []float32 // [movies x ID.Dims]
	Fitted []byte    // the parameters of a fitted embedder
}

// Embed returns the vectors of texts, those that the cache knows from there.
func Embed(ctx context.Context, texts []string, o Options) (Vectors, error) {
	began := time.Now()
	e, err := o.Space(ctx, texts, o.Progress)
	if err != nil {
		return Vectors{}, fmt.Errorf("embedder: %w", err)
	}
	v := Vectors{ID: e.ID()}
	fitted, isFitted := e.(io.WriterTo)
	kept := 0
	v.Values, err = embedder.Corpus(ctx, e, embedder.CacheFor(e, o.Cache), texts, func(done, total, cached int) {
		kept = cached
		o.Progress("embed", done, total)
	})
	if err != nil {
		return Vectors{}, fmt.Errorf("embed %d texts with %s: %w", len(texts), v.ID, err)
	}
	if isFitted {
		var buf bytes.Buffer
		if _, err := fitted.WriteTo(&buf); err != nil {
			return Vectors{}, fmt.Errorf("write %s: %w", v.ID, err)
		}
		v.Fitted = buf.Bytes()
	}
	o.Log.Info("movies embedded", "embedder", v.ID.String(), "texts", len(texts), "cached", kept, "took", time.Since(began))
	return v, nil
}

// assemble builds index and neighbour table and puts the bundle together.
func assemble(ctx context.Context, f *Facts, v Vectors, o Options) (*bundle.Bundle, error) {
	w := works{o.Backend, o.Override, o.Progress, o.Log}
	index, info, err := w.index(ctx, v.Values, v.ID.Dims, f.Profiles(200, 5, 20))
	if err != nil {
		return nil, err
	}
	table, err := w.table(ctx, v.Values, v.ID.Dims, o.Neighbour)
	if err != nil {
		return nil, err
	}
	trained, judged, err := o.train(ctx, f, f.Learn(v), table)
	if err != nil {
		return nil, err
	}
	o.Program.Go, o.Program.Kernel = runtime.Version(), vec.Path()
	b := &bundle.Bundle{
		Manifest: bundle.Manifest{
			Created:     o.Now().UTC().Truncate(time.Second),
			Parent:      o.Parent,
			DataVersion: f.Version,
			Sequence:    f.Sequence,
			Embedder:    v.ID,
			Index:       info,
			Ranking:     o.Ranking,
			Scale:       f.Scale,
			Counts: bundle.Counts{
				Movies:    len(f.Movies),
				Empty:     f.Empty(),
				Users:     len(f.Histories.Users),
				Watched:   len(f.Histories.Rows),
				Neighbour: o.Neighbour,
			},
			Features: judged.features,
			Program:  o.Program,
			Seed:     o.Seed,
		},
		Movies:    f.Rows,
		Vectors:   v.Values,
		Table:     table,
		Stats:     f.Stats,
		Histories: f.Histories,
		Index:     index,
		Fitted:    v.Fitted,

		Hidden:      f.Editorial.Hidden,
		Corrections: f.Editorial.Corrections,
	}
	for _, t := range trained {
		if t.Made != nil {
			b.Lists = withTable(b.Lists, t.Made)
		}
		b.Manifest.Models = append(b.Manifest.Models, t.Model)
		b.Models = append(b.Models, model.Named{Name: t.Name, Model: t.Scorer})
		b.Manifest.Arm = o.arm()
	}
	for i, m := range b.Manifest.Models {
		b.Manifest.Models[i].Lists = b.Lists[m.Name] != nil
	}
	return b, nil
}

// train trains the models that were asked for, and judges them if that was too.
func (o Options) train(ctx context.Context, f *Facts, d *model.Data, table *indexer.Table) ([]Trained, figures, error) {
	t := Training{Kinds: o.Kinds, Table: BaseOf(table), Share: DefaultShare, Progress: o.Progress, Log: o.Log}
	trained, l, err := o.models(ctx, t, d)
	if err != nil || !o.Evaluate {
		return trained, figures{}, err
	}
	x := exam{Training: t, movies: f.Rows, ranking: o.Ranking, table: table, arm: o.arm(), seed: o.Seed}
	judged, err := x.judge(ctx, d, l)
	if err != nil {
		return nil, figures{}, fmt.Errorf("judge models: %w", err)
	}
	for i := range trained {
		trained[i].Offline = judged.models[trained[i].Name]
	}
	return trained, judged, nil
}

// models trains the models that were asked for, and returns what composites learned
// from.
func (o Options) models(ctx context.Context, t Training, d *model.Data) ([]Trained, *lesson, error) {
	if len(o.Models) == 0 {
		return nil, &lesson{}, nil
	}
	if !o.Lenient {
		return t.train(ctx, d, o.Models, nil)
	}
	if err := t.Ready(d, o.Models); errors.Is(err, model.ErrData) { // said once, and before anything is trained
		o.Log.Warn("no models are trained, lists are made of similarity, quality and popularity", "reason", err)
		return nil, &lesson{}, nil
	}
	trained, l, skipped, err := t.trainMost(ctx, d, o.Models)
	for _, s := range skipped {
		o.Log.Warn("the data are not enough for a model", "model", s.Name, "reason", s.Err)
	}
	if err != nil {
		return nil, nil, err
	}
	arm := o.arm()
	if arm != rank.ArmFeatures && !slices.ContainsFunc(trained, func(t Trained) bool { return t.Name == arm }) {
		o.Log.Warn("no models are kept, lists are made of similarity, quality and popularity", "not_trained", arm)
		l.specs = nil
		return nil, l, nil
	}
	return trained, l, nil
}
