package main

import (
	"context"
	"fmt"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/embedder"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

type reindexCmd struct {
	All    bool     `help:"Embed every movie anew, and build index and neighbour table whole." env:"-"`
	IDs    []string `name:"ids" help:"Only these movies, divided by commas, or @FILE with an id a line." sep:"none" env:"-" placeholder:"ID"`
	Since  string   `help:"Only movies that changed since this time, such as 2026-11-22T08:00:00Z, or for this long, such as 2h." env:"-" placeholder:"TIME"`
	DryRun bool     `help:"Show what would change; make no bundle, and store nothing of --from." env:"-"`
	N      int      `help:"With --dry-run: movies shown of each kind." short:"n" env:"-" default:"10" placeholder:"N"`

	From    string            `help:"First import this file of movies: JSON lines, or CSV if its name says so; - is standard input, JSON lines." type:"existingfile" predictor:"file" env:"-" placeholder:"FILE"`
	Columns map[string]string `help:"With --from: our field and their column, such as title=Titel;people=cast." mapsep:";" env:"-" placeholder:"OURS=THEIRS"`
	Merge   string            `help:"With --from: merge facts into known movies by id, imdb_id or tmdb_id, instead of replacing them." enum:",id,imdb_id,tmdb_id" default:"" env:"-" placeholder:"KEY"`
	Whole   bool              `help:"With --from: the file is the whole catalog; movies that it does not name are removed." env:"-"`
	Strict  bool              `help:"With --from: stop on the first wrong row." env:"-"`

	FromAPI string `name:"from-api" help:"First ask the catalog API at this base URL for the movies that events name and the store lacks." env:"-" placeholder:"URL"`
	Refresh bool   `help:"With --from-api: ask again for all movies, or those of --ids." env:"-"`
	apiFlags

	Most      float64 `help:"Share of movies up to which changes are laid over the build; with more, index and table are built whole." default:"0.05" placeholder:"SHARE"`
	NoPublish bool    `help:"Put the bundle on the shelf, but do not make it live."`
	gateFlags
	bundleSpaceFlags
}

// Help is shown below the flags.
func (reindexCmd) Help() string {
	return `Examples:
  marquee reindex                                   what changed in the store since the live bundle
  marquee reindex --dry-run                         what that would be, and which neighbours would move most
  marquee reindex --from films.jsonl                import, then reindex
  marquee reindex --from films.jsonl --dry-run      what the file would change
  zcat films.jsonl.gz | marquee reindex --from -    from another program
  marquee reindex --from films.csv --whole          the file is the whole catalog: the rest goes
  marquee reindex --from-api http://localhost:8080  what events name and the store lacks
  marquee reindex --from-api http://localhost:8080 --refresh --ids heat+1995,ronin+1998
  marquee reindex --all                             every movie anew

What is new, changed or gone is found by the hash of its text; only that is embedded, in
the space of the live bundle. Models, histories and statistics stay those of the last
build; new movies get their scores by their vectors, and "marquee build" folds all in.
A crawl of the API that was interrupted goes on where it was. Rows that are wrong are listed
and the rest goes in. With --whole a gate is asked before anything is removed from the store.
Exit status 3: --ids that nobody knows, or no live bundle; 4: a gate refused the bundle, or
--whole the file, or another bundle went live meanwhile.`
}

// Run brings the live bundle up to date.
func (c *reindexCmd) Run(ctx context.Context, e *env) error {
	scope, err := c.scope(time.Now())
	if err != nil {
		return err
	}
	gates, err := c.gates()
	if err != nil {
		return err
	}
	store, err := e.openStore(ctx, !c.DryRun && (c.From != "" || c.FromAPI != ""))
	if err != nil {
		return err
	}
	defer store.Close()
	out := reindexed{shown: c.N}
	var facts movieStore = store
	if c.DryRun {
		facts = newDryStore(store)
	}
	if err := c.bring(ctx, e, store, facts, &out, scope); err != nil {
		return err
	}
	began := time.Now()
	if err := c.reindex(ctx, e, store, facts, &out, scope, gates); err != nil {
		return err
	}
	out.Seconds = time.Since(began).Seconds()
	out.Beside = out.Seconds - out.Work.Embed.Seconds()
	return e.print(out, out.text)
}

// reindex makes a bundle of the live one and of what changed, and publishes it.
func (c *reindexCmd) reindex(ctx context.Context, e *env, store *sqlstore.Store, facts pipeline.Catalog, out *reindexed, scope pipeline.Scope, gates pipeline.Gates) error {
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	live, err := shelf.Live()
	if err != nil {
		return err
	}
	began := time.Now()
	b, err := shelf.Load(ctx, live, bundle.Opener{Index: e.openIndex, NoModels: true})
	if err != nil {
		return err
	}
	found, err := pipeline.Find(ctx, facts, b.Manifest, b.Movies, scope)
	if err != nil {
		return err
	}
	out.Found = tallyOf(found, b)
	detected := time.Since(began)
	if found.Nothing(b) {
		return nil
	}
	r, err := c.reindexer(e, store, b)
	if err != nil {
		return err
	}
	bar := e.progress()
	defer bar.end()
	r.Progress = bar.show
	if c.DryRun || r.Large(b.Manifest, found) {
		if b, err = shelf.Load(ctx, live, e.opener()); err != nil {
			return err
		}
	}
	if c.DryRun {
		preview, err := r.Preview(ctx, b, found, c.N)
		out.Preview, out.Work = &preview, preview.Work
		return err
	}
	err = c.put(ctx, e, going{shelf: shelf, store: store}, r, b, found, out, gates)
	out.Work.Detect = detected
	return err
}

// reindexer returns what brings b up to date.
func (c *reindexCmd) reindexer(e *env, store *sqlstore.Store, b *bundle.Bundle) (pipeline.Reindex, error) {
	backend, err := e.backendOf(b.Manifest)
	var cache embedder.Cache = store
	if c.DryRun {
		cache = readCache{store}
	}
	return pipeline.Reindex{
		Open:  func(ctx context.Context) (embedder.Embedder, error) { return c.bundleSpaceFlags.open(e)(ctx, b) },
		Cache: cache, Backend: backend, Most: c.Most, Override: c.Override,
		Program: program(), Now: time.Now, Log: e.log,
		Gone: func(ctx context.Context) (func(catalog.UserID) bool, error) {
			t, err := store.Tombstones(ctx)
			return t.Has, err
		},
	}, err
}

// put shelves the bundle of what was found, asks the gates and publishes it.
func (c *reindexCmd) put(ctx context.Context, e *env, g going, r pipeline.Reindex, b *bundle.Bundle, found pipeline.Found, out *reindexed, gates pipeline.Gates) error {
	var refused error
	var asked []bundle.Gate
	m, work, err := r.Shelve(ctx, g.shelf, b, found, func(next *bundle.Manifest) {
		next.Gates, refused = gates.Check(*next, &b.Manifest)
		asked = next.Gates
	})
	out.Work = work
	if err != nil {
		return err
	}
	out.Bundle = &m
	if c.NoPublish {
		return nil // the manifest has what gates said
	}
	if refused != nil {
		return fmt.Errorf("bundle %s is on the shelf, and not live: %w", m.ID, refused)
	}
	if g.depot, err = e.openDepot(); err != nil {
		return err
	}
	if err := g.live(ctx, e, bundle.Publication{ID: m.ID, Why: c.overridden("reindex: "+out.Found.String(), asked)}, &b.Manifest.ID); err != nil {
		return err
	}
	out.Published = true
	return nil
}
