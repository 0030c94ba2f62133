package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// A Spec says which model to train and how.
type Spec struct {
	Name     string          // by which it is served: see [bundle.ValidName]
	Kind     string          // one of the kinds of [Training]
	Settings json.RawMessage // what differs from the kind's defaults
}

// Training says how to train.
type Training struct {
	Kinds    []model.Kind
	Table    func(ctx context.Context, d *model.Data) (*model.Base, error) // what a bundle of d holds, without models
	Share    float64                                                       // of each history, its newest, that a composite's weights are learned on
	Random   bool                                                          // that share is of any movies, not of the newest: for what is judged in that way
	Bare     bool                                                          // without [model.Preparer]: for models that serve nobody
	Progress Progress
	Log      *slog.Logger
}

// DefaultShare is the share of each history that weights are learned on.
const DefaultShare = 0.2

// A Trained is a model with what it was made from.
type Trained struct {
	bundle.Model
	Scorer model.Model
	Made   *Made // the lists that a precomputed model serves; nil for any other
}

// Order checks specs and returns them with every part before what is made of it.
// Faults are reported in one error, which wraps [catalog.ErrInvalid].
func (t Training) Order(specs []Spec) ([]Spec, error) {
	var errs []error
	var plain, made []Spec
	names := make(map[string]bool)
	for _, s := range specs {
		if !bundle.ValidName(s.Name) {
			errs = append(errs, fmt.Errorf("model name %q, want lower-case letters, digits and hyphens", s.Name))
		}
		if names[s.Name] {
			errs = append(errs, fmt.Errorf("model %q is named twice", s.Name))
		}
		if s.Name == rank.ArmFeatures {
			errs = append(errs, fmt.Errorf("model name %q stands for lists without a model; take another", s.Name))
		}
		names[s.Name] = true
		kind, err := t.kind(s.Kind)
		switch {
		case err != nil:
			errs = append(errs, err)
		case kind.Parts == nil:
			plain = append(plain, s)
		default:
			made = append(made, s)
		}
	}
	for _, s := range made {
		kind, _ := t.kind(s.Kind)
		parts, _, err := kind.Parts(s.Settings)
		if err != nil {
			errs = append(errs, fmt.Errorf("model %s: %w", s.Name, err))
			continue
		}
		for _, p := range parts {
			if !slices.ContainsFunc(plain, func(s Spec) bool { return s.Name == p }) {
				errs = append(errs, fmt.Errorf("model %q wants the part %q, want one that is trained and not made of others itself", s.Name, p))
			}
		}
	}
	if len(errs) > 0 {
		return nil, fmt.Errorf("%w: %w", errors.Join(errs...), catalog.ErrInvalid)
	}
	return append(plain, made...), nil
}

func (t Training) kind(name string) (model.Kind, error) {
	names := make([]string, len(t.Kinds))
	for i, k := range t.Kinds {
		if names[i] = k.Name; k.Name == name {
			return k, nil
		}
	}
	return model.Kind{}, fmt.Errorf("kind of model %q, want one of %q", name, names)
}

// Train trains the models of specs on d, parts first. The parts of what learns from
// examples are trained twice: on all of d, and on the older part of each history,
// so that weights are learned from what no part has seen.
func (t Training) Train(ctx context.Context, d *model.Data, specs []Spec) ([]Trained, error) {
	trained, _, err := t.train(ctx, d, specs, nil)
	return trained, err
}

// A Skipped is a model that had nothing to learn from, and was not trained.
type Skipped struct {
	Name string
	Err  error // wraps [model.ErrData]
}

// TrainMost is [Training.Train] without the models that d gives nothing to learn
// for. What learns how to be made of several does without those; what is made of
// them by given weights is skipped too.
func (t Training) TrainMost(ctx context.Context, d *model.Data, specs []Spec) ([]Trained, []Skipped, error) {
	trained, _, skipped, err := t.trainMost(ctx, d, specs)
	return trained, skipped, err
}

// trainMost is TrainMost, and returns what composites learned from.
func (t Training) trainMost(ctx context.Context, d *model.Data, specs []Spec) (trained []Trained, l *lesson, skipped []Skipped, err error) {
	trained, l, err = t.train(ctx, d, specs, func(name string, err error) bool {
		if !errors.Is(err, model.ErrData) {
			return false
		}
		skipped = append(skipped, Skipped{name, err})
		return true
	})
	return trained, l, skipped, err
}

// train trains specs, less those of which skip says that their error may pass. A nil
// skip lets none pass. It also returns what composites learned from, which is empty if
// there were none.
func (t Training) train(ctx context.Context, d *model.Data, specs []Spec, skip func(name string, err error) bool) ([]Trained, *lesson, error) {
	specs, err := t.Order(specs)
	if err != nil {
		return nil, nil, err
	}
	base, err := t.Table(ctx, d)
	if err != nil {
		return nil, nil, err
	}
	var out []Trained
	l := &lesson{}
	for _, s := range specs {
		if s, err = t.without(s, base); err != nil {
			return nil, nil, err
		}
		trained, err := t.one(ctx, d, base, l, specs, s)
		if err != nil {
			if skip == nil || !skip(s.Name, err) {
				return nil, nil, err
			}
			continue
		}
		out = append(out, trained)
		l.specs = append(l.specs, s)
		base.Models = append(base.Models, model.Named{Name: s.Name, Model: trained.Scorer})
	}
	return out, l, nil
}

// without returns s of those parts that base has, if it learns how to be made of
// them.
func (t Training) without(s Spec, base *model.Base) (Spec, error) {
	all, learns := t.parts(s)
	names := slices.DeleteFunc(slices.Clone(all), func(n string) bool { return base.Model(n) == nil })
	if !learns || len(names) == 0 || len(names) == len(all) {
		return s, nil // without any it fails for want of them
	}
	t.Log.Warn("a model is made without parts that the data are not enough for", "model", s.Name, "parts", names, "of", all)
	settings, err := merged(s.Settings, fmt.Appendf(nil, `{"parts":%q}`, strings.Join(names, ",")))
	s.Settings = settings
	return s, err
}

// parts returns the names of what s is made of; nil for a plain model.
func (t Training) parts(s Spec) (names []string, learns bool) {
	kind, err := t.kind(s.Kind)
	if err != nil || kind.Parts == nil {
		return nil, false
	}
	names, learns, _ = kind.Parts(s.Settings) // [Training.Order] has looked at the error
	return names, learns
}

// missing returns an error that wraps [model.ErrData] if a part of s is not among
// the models of base.
func (t Training) missing(s Spec, base *model.Base) error {
	names, _ := t.parts(s)
	for _, n := range names {
		if base.Model(n) == nil {
			return fmt.Errorf("its part %s could not be trained: %w", n, model.ErrData)
		}
	}
	return nil
}

// A lesson is what composites learn from: parts that did not see the newest share
// of each history, and that share.
type lesson struct {
	data     *model.Data // nil until somebody learns
	base     *model.Base
	examples []model.Example
	specs    []Spec // of all that was trained, as it was, parts first
}

// byLot reports whether what is held out is drawn by lot, and not the newest.
func (t Training) byLot(d *model.Data) bool { return t.Random || !d.Ordered() }

// examples returns d without the newest share of each history, or, if they have no
// order, without any share, and what is held out.
func (t Training) examples(d *model.Data) (older *model.Data, examples []model.Example) {
	older, held := d.Split(t.Share)
	if t.byLot(d) {
		older, held = d.SplitRandom(t.Share, 1)
	}
	for i, truth := range held {
		if len(truth) > 0 {
			examples = append(examples, model.Example{Query: model.Query{User: d.Users[i], Seen: older.Of(i)}, Truth: truth})
		}
	}
	return older, examples
}

// Ready returns an error that wraps [model.ErrData] if d is not enough for what of
// specs learns how to be made of its parts: see [model.Kind.Ready].
func (t Training) Ready(d *model.Data, specs []Spec) error {
	if err := d.Check(); err != nil {
		return err
	}
	var examples []model.Example
	for _, s := range specs {
		kind, err := t.kind(s.Kind)
		if err != nil || kind.Ready == nil {
			continue
		}
		if _, learns := t.parts(s); !learns {
			continue
		}
		if examples == nil {
			_, examples = t.examples(d)
		}
		if err := kind.Ready(s.Settings, examples); err != nil {
			return fmt.Errorf("model %s: %w", s.Name, err)
		}
	}
	return nil
}

// lesson returns the one for s, with what an earlier model of the same training
// has of it already.
func (t Training) lesson(ctx context.Context, d *model.Data, specs []Spec, s Spec, l *lesson) (*lesson, error) {
	if err := t.begin(ctx, d, l); err != nil {
		return nil, err
	}
	names, _ := t.parts(s)
	for _, part := range specs {
		if !slices.Contains(names, part.Name) {
			continue
		}
		if err := t.learnOlder(ctx, l, part); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// begin holds out what l is learned from, unless that was done.
func (t Training) begin(ctx context.Context, d *model.Data, l *lesson) (err error) {
	if l.data != nil {
		return nil
	}
	older, examples := t.examples(d)
	if l.base, err = t.Table(ctx, older); err != nil {
		return err
	}
	l.data, l.examples = older, examples
	return nil
}

// learnOlder trains a plain model on the older part, unless l has it.
func (t Training) learnOlder(ctx context.Context, l *lesson, s Spec) error {
	if l.base.Model(s.Name) != nil {
		return nil
	}
	m, err := t.make(ctx, l.data, l.base, nil, s, "older part")
	if err != nil {
		return err
	}
	l.base.Models = append(l.base.Models, model.Named{Name: s.Name, Model: m})
	return nil
}

// one trains one model on all of d.
func (t Training) one(ctx context.Context, d *model.Data, base *model.Base, l *lesson, specs []Spec, s Spec) (Trained, error) {
	out := Trained{Model: bundle.Model{Name: s.Name, Kind: s.Kind}}
	kind, err := t.kind(s.Kind)
	if err != nil {
		return out, err
	}
	if out.Settings, err = merged(kind.Defaults, s.Settings); err != nil {
		return out, fmt.Errorf("model %s: %w", s.Name, err)
	}
	var learns bool
	out.Parts, learns = t.parts(s)
	if err := t.missing(s, base); err != nil {
		return out, fmt.Errorf("model %s: %w", s.Name, err)
	}
	if s.Kind == kindPrecomputed {
		if len(out.Parts) != 1 {
			return out, fmt.Errorf("model %s: kind %s names the parts %q, want the model that makes the lists", s.Name, s.Kind, out.Parts)
		}
		if out.Made, err = t.lists(ctx, d, base, out.Parts[0]); err != nil {
			return out, err
		}
		base.Lists[out.Made.With] = out.Made.Table
	}
	if learns {
		out.Scorer, err = t.learned(ctx, d, base, l, specs, s, kind)
	} else {
		out.Scorer, err = t.make(ctx, d, base, nil, s, "")
	}
	if err == nil {
		out.Scorer, err = t.prepared(ctx, s, out.Scorer)
	}
	out.Weights = model.WeightsOf(out.Scorer)
	return out, err
}

// learned makes what learns how to be made of its parts.
func (t Training) learned(ctx context.Context, d *model.Data, base *model.Base, l *lesson, specs []Spec, s Spec, kind model.Kind) (model.Model, error) {
	l, err := t.lesson(ctx, d, specs, s, l)
	if err != nil {
		return nil, err
	}
	fitted, err := t.make(ctx, l.data, l.base, l.examples, s, "")
	if err != nil {
		return nil, err
	}
	return join(kind, fitted, base)
}

// prepared lets a [model.Preparer] do its work.
func (t Training) prepared(ctx context.Context, s Spec, m model.Model) (model.Model, error) {
	p, ok := m.(model.Preparer)
	if !ok || t.Bare {
		return m, nil
	}
	began := time.Now()
	next, err := p.Prepare(ctx, func(step string, done, total int) { t.Progress(s.Name+" "+step, done, total) })
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", s.Name, err)
	}
	t.Log.Info("model prepared", "model", s.Name, "kind", s.Kind, "took", time.Since(began))
	return next, nil
}

// join gives what was learned the parts that know all of the data.
func join(kind model.Kind, fitted model.Model, base *model.Base) (model.Model, error) {
	stored, err := writtenModel(fitted)
	if err != nil {
		return nil, err
	}
	return kind.Read(stored, base)
}

// make trains one model on d.
func (t Training) make(ctx context.Context, d *model.Data, base *model.Base, examples []model.Example, s Spec, note string) (model.Model, error) {
	kind, err := t.kind(s.Kind)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	m, err := kind.Train(ctx, d, base, examples, s.Settings, func(step string, done, total int) {
		t.Progress(s.Name+" "+step, done, total)
	})
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", s.Name, err)
	}
	if m.Len() != len(d.Movies) {
		return nil, fmt.Errorf("model %s scores %d movies, want %d", s.Name, m.Len(), len(d.Movies))
	}
	t.Log.Info("model trained", "model", s.Name, "kind", s.Kind, "note", note, "people", len(d.Users), "watched", len(d.Seen), "took", time.Since(began))
	return m, nil
}

// merged returns defaults with what settings say in their place.
func merged(defaults, settings json.RawMessage) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	for _, part := range []json.RawMessage{defaults, settings} {
		if len(part) == 0 {
			continue
		}
		if err := json.Unmarshal(part, &all); err != nil {
			return nil, fmt.Errorf("settings %.200s: %w: %w", part, err, catalog.ErrInvalid)
		}
	}
	return json.Marshal(all)
}
