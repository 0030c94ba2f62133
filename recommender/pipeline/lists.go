package pipeline

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"marquee/catalog"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/model/precomputed"
)

// ListLength is how many movies a precomputed list holds: five times what is
// shown, since what is watched after it was made is taken off.
const ListLength = 100

// Made are lists for everyone.
type Made struct {
	With  string // the name of the model that made them
	Table *precomputed.Table
}

// lists makes the lists that a precomputed model of d serves, in a folder of their
// own that goes when they are made.
func (t Training) lists(ctx context.Context, d *model.Data, base *model.Base, of string) (*Made, error) {
	dir, err := os.MkdirTemp("", "marquee-lists-")
	if err != nil {
		return nil, fmt.Errorf("lists of %s: %w", of, err)
	}
	defer os.RemoveAll(dir)
	plan := precomputed.Plan{
		Model: base.Model(of), N: ListLength, Dir: dir, Key: of,
		Query: func(_ context.Context, i int) (model.Query, error) {
			return model.Query{User: d.Users[i], Seen: d.Of(i)}, nil
		},
		Progress: func(step string, done, total int) { t.Progress(of+" "+step, done, total) },
	}
	for _, u := range d.Users {
		plan.Users = append(plan.Users, u.ID)
	}
	table, err := precomputed.Run(ctx, plan)
	return &Made{of, table}, err
}

// withTable returns tables with one more.
func withTable(tables map[string]*precomputed.Table, m *Made) map[string]*precomputed.Table {
	next := map[string]*precomputed.Table{m.With: m.Table}
	for name, t := range tables {
		if name != m.With {
			next[name] = t
		}
	}
	return next
}

// A Precompute says which lists to make for whom.
type Precompute struct {
	Model    string // one of the bundle's
	N        int    // movies a list
	Workers  int
	Dir      string                              // in which what was finished is kept until all is
	Person   func(u catalog.UserID) catalog.User // what is known of someone; several goroutines call it at once
	Progress func(step string, done, total int)
}

// kindPrecomputed is the kind of what serves lists.
const kindPrecomputed = "precomputed"

// Suffix ends the name of a model that serves the precomputed lists of another.
const Suffix = "-precomputed"

// Lists makes lists for everyone whose history b holds, and returns b with them and
// with the model that serves them. A run that was cut short goes on where it was.
func (p Precompute) Lists(ctx context.Context, b *bundle.Bundle) (*bundle.Bundle, error) {
	base := b.Base(b.Models)
	m := base.Model(p.Model)
	if m == nil {
		names := make([]string, len(b.Models))
		for i, x := range b.Models {
			names[i] = x.Name
		}
		return nil, fmt.Errorf("bundle %s has no model %q, want one of %q; \"marquee build --models %s\" trains it: %w", b.Manifest.ID, p.Model, names, p.Model, catalog.ErrNotFound)
	}
	name := p.Model + Suffix
	if !bundle.ValidName(name) {
		return nil, fmt.Errorf("name %q is too long: %w", name, catalog.ErrInvalid)
	}
	dir := filepath.Join(p.Dir, b.Manifest.ID+"-"+p.Model)
	table, err := precomputed.Run(ctx, precomputed.Plan{
		Model: m, Users: b.Histories.Users, N: p.N, Workers: p.Workers, Dir: dir, Progress: p.Progress,
		Key: fmt.Sprintf("bundle %s, model %s, lists of %d", b.Manifest.ID, p.Model, p.N),
		Query: func(_ context.Context, i int) (model.Query, error) {
			u := b.Histories.Users[i]
			taste, _ := b.Histories.Of(u)
			who := p.Person(u)
			who.ID = u
			return model.Query{User: who, Seen: taste.Seen}, nil
		},
	})
	if err != nil {
		return nil, err
	}
	return withLists(b, p.Model, name, table)
}

// withLists returns b with the lists of one model, and with the model that serves
// them.
func withLists(b *bundle.Bundle, of, name string, table *precomputed.Table) (*bundle.Bundle, error) {
	next := *b
	next.Manifest.Models = slices.DeleteFunc(slices.Clone(b.Manifest.Models), func(m bundle.Model) bool { return m.Name == name })
	next.Models = slices.DeleteFunc(slices.Clone(b.Models), func(m model.Named) bool { return m.Name == name })
	next.Lists = withTable(b.Lists, &Made{of, table})
	for i := range next.Manifest.Models {
		if next.Manifest.Models[i].Name == of {
			next.Manifest.Models[i].Lists = true
		}
	}
	settings := fmt.Appendf(nil, `{"lists":%q}`, of)
	served := precomputed.New(precomputed.Config{Lists: of}, next.Base(nil))
	for i, m := range next.Manifest.Models { // which of another name may serve them too
		if m.Kind == kindPrecomputed && slices.Equal(m.Parts, []string{of}) {
			next.Models[i].Model = served
		}
	}
	next.Manifest.Models = append(next.Manifest.Models, bundle.Model{Name: name, Kind: kindPrecomputed, Settings: settings, Parts: []string{of}})
	next.Models = append(next.Models, model.Named{Name: name, Model: served})
	next.Manifest.Parent = b.Manifest.ID
	return &next, nil
}
