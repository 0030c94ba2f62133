package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
	"marquee/catalog/sqlstore"
	"marquee/catalog/table"
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

	FromAPI  string  `name:"from-api" help:"First ask the catalog API at this base URL for the movies that events name and the store lacks." env:"-" placeholder:"URL"`
	Refresh  bool    `help:"With --from-api: ask again for all movies, or those of --ids." env:"-"`
	Edition  string  `help:"With --from-api: edition of the API, 2025 or 2026." enum:"2025,2026" default:"2025" placeholder:"YEAR"`
	Rate     float64 `help:"With --from-api: requests a second at most; 0: no limit." default:"50" placeholder:"N"`
	Parallel int     `help:"With --from-api: requests under way at once." default:"4" placeholder:"N"`
	Bulk     int     `help:"With --from-api: ids in one request of edition 2026." default:"100" placeholder:"N"`

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

// A reindexed is the result of reindex.
type reindexed struct {
	Import    *catalog.Report   `json:"import,omitempty"`
	Removed   int               `json:"removed_from_store,omitempty"` // by --whole
	Found     tally             `json:"found"`
	Preview   *pipeline.Preview `json:"preview,omitempty"` // of a dry run
	Work      pipeline.Work     `json:"work"`
	Bundle    *bundle.Manifest  `json:"bundle,omitempty"` // nil if nothing was made
	Published bool              `json:"published"`
	Seconds   float64           `json:"seconds"` // without the import
	Beside    float64           `json:"seconds_beside_embedding"`

	shown int // movies of each kind of a dry run
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

// scope returns what is to be looked at.
func (c *reindexCmd) scope(now time.Time) (pipeline.Scope, error) {
	s := pipeline.Scope{All: c.All}
	switch {
	case c.From != "" && c.FromAPI != "":
		return s, usage("--from and --from-api exclude each other")
	case c.DryRun && c.FromAPI != "":
		return s, usage("--dry-run and --from-api exclude each other: what the API says goes into the store, and servers take it in at once")
	case c.From == "" && (c.Whole || c.Strict || c.Merge != "" || len(c.Columns) > 0):
		return s, usage("--whole, --strict, --merge and --columns are about a file: name it with --from")
	case c.Whole && c.Merge != "":
		return s, usage("--whole and --merge exclude each other: a file of facts about some movies is not the whole catalog")
	case len(c.IDs) > 0 && c.Since != "":
		return s, usage("--ids and --since exclude each other")
	case c.Refresh && c.FromAPI == "":
		return s, usage("--refresh is about the catalog API: name it with --from-api")
	case !(c.Most >= 0 && c.Most <= 1):
		return s, usage("--most is %v, want 0 to 1", c.Most)
	case c.N < 0 || c.N > 1000:
		return s, usage("-n is %d, want 0 to 1000", c.N)
	}
	if c.Since != "" {
		at, err := sinceTime(c.Since, now)
		if err != nil {
			return s, err
		}
		s.Since = at
	}
	for _, text := range c.named() {
		if path, isFile := strings.CutPrefix(text, "@"); isFile {
			ids, err := readIDs(path, catalog.ParseMovieID)
			if err != nil {
				return s, wrapUsage(err)
			}
			if len(ids) == 0 {
				return s, usage("--ids names no movie: %s is empty; leave --ids out for all that changed", path)
			}
			s.IDs = append(s.IDs, ids...)
			continue
		}
		id, err := catalog.ParseMovieID(text)
		if err != nil {
			return s, wrapUsage(fmt.Errorf("--ids: %w", err))
		}
		s.IDs = append(s.IDs, id)
	}
	return s, nil
}

// named returns the ids and the names of files that --ids holds. An empty value is one of
// them, and not all that changed.
func (c *reindexCmd) named() (list []string) {
	for _, text := range c.IDs {
		if text == "" {
			return []string{""}
		}
		list = append(list, kong.SplitEscaped(text, ',')...)
	}
	return list
}

// sinceTime returns the time that text means: one of its own, or as long before now.
func sinceTime(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.UTC); err == nil {
			return at, nil
		}
	}
	return time.Time{}, usage("--since is %q, want a time such as 2026-11-22T08:00:00Z or a span such as 2h", text)
}

// bring imports what is to come in first.
func (c *reindexCmd) bring(ctx context.Context, e *env, store *sqlstore.Store, facts movieStore, out *reindexed, scope pipeline.Scope) error {
	var report catalog.Report
	var err error
	switch {
	case c.From != "":
		report, out.Removed, err = c.importFile(ctx, e, facts)
	case c.FromAPI != "":
		report, err = c.askAPI(ctx, e, store, scope)
	default:
		return nil
	}
	out.Import = &report
	if err != nil {
		return err
	}
	if report.Movies.Total() == 0 && report.Refused > 0 && c.From != "" {
		return fmt.Errorf("all %d rows were refused, the first as %s; is it a file of movies? --columns names its columns", report.Refused, report.Faults[0])
	}
	return nil
}

// importFile imports the file, and with --whole removes what it does not name.
func (c *reindexCmd) importFile(ctx context.Context, e *env, store movieStore) (report catalog.Report, removed int, err error) {
	opts := table.Options{Format: table.JSONL, Kind: table.Movies, Columns: c.Columns, Merge: c.Merge, Add: c.Merge != "", Prefer: c.Merge != "", Strict: c.Strict}
	if name := strings.TrimSuffix(strings.ToLower(c.From), ".gz"); strings.HasSuffix(name, ".csv") || strings.HasSuffix(name, ".tsv") {
		opts.Format = table.CSV
	}
	named := make(map[catalog.MovieID]bool)
	opts.Taken = func(id catalog.MovieID) { named[id] = true }
	report, err = c.importTable(ctx, e, store, opts)
	if c.Whole && errors.Is(err, catalog.ErrInvalid) {
		err = fmt.Errorf("%w: %w", err, errRefused)
	}
	if err != nil || !c.Whole {
		return report, 0, err
	}
	if report.Refused > 0 {
		return report, 0, fmt.Errorf("%d rows were refused, the first as %s: what they name would be removed by --whole, so nothing is; mend the file, or leave --whole out: %w", report.Refused, report.Faults[0], errRefused)
	}
	if len(named) == 0 {
		return report, 0, fmt.Errorf("%s names no movie: --whole would remove the whole catalog: %w", c.From, errRefused)
	}
	var gone []catalog.MovieID
	total := 0
	for m, err := range store.Movies(ctx) {
		if err != nil {
			return report, 0, fmt.Errorf("read movies: %w", err)
		}
		total++
		if !named[m.ID] {
			gone = append(gone, m.ID)
		}
	}
	if err := c.mayShrink(total-report.Movies.New, len(named)); err != nil {
		return report, 0, err
	}
	removed, err = store.RemoveMovies(ctx, gone)
	return report, removed, err
}

// importTable imports the file, or what comes by standard input.
func (c *reindexCmd) importTable(ctx context.Context, e *env, store movieStore, opts table.Options) (catalog.Report, error) {
	path := c.From
	if path == "-" {
		spooled, err := spool(ctx, e.stdin)
		if err != nil {
			return catalog.Report{}, err
		}
		defer os.Remove(spooled)
		path = spooled
	}
	bar := e.progress()
	defer bar.end()
	opts.Progress = func(done, total int64) { bar.bytes("import", done, total) }
	report, err := table.Import(ctx, store, path, opts)
	if path != c.From {
		for i := range report.Faults {
			report.Faults[i].File = "standard input"
		}
	}
	return report, err
}

// spool copies r to a temporary file, since an import reads twice. The caller removes it.
func spool(ctx context.Context, r io.Reader) (path string, err error) {
	f, err := os.CreateTemp("", "marquee-stdin-*")
	if err != nil {
		return "", fmt.Errorf("keep standard input: %w", err)
	}
	_, err = io.Copy(f, r)
	if err = errors.Join(err, f.Close(), ctx.Err()); err != nil {
		return "", fmt.Errorf("keep standard input: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return f.Name(), nil
}

// mayShrink asks the gate of shrinkage before movies leave the store, since servers drop
// them at once, whatever becomes of the bundle.
func (c *reindexCmd) mayShrink(before, after int) error {
	if _, let := c.Override[pipeline.GateShrinkage]; let || c.DryRun || float64(before-after) <= c.MaxShrinkage*float64(before) {
		return nil
	}
	return fmt.Errorf("%s names %d movies and the store had %d, of which at most %.1f%% may go; nothing was removed, though what the file says of movies went in. Is the file whole? \"--override %s=REASON\" lets it pass: %w",
		c.From, after, before, 100*c.MaxShrinkage, pipeline.GateShrinkage, pipeline.ErrGate)
}

// askAPI asks the catalog API for what is wanted.
func (c *reindexCmd) askAPI(ctx context.Context, e *env, store *sqlstore.Store, scope pipeline.Scope) (report catalog.Report, err error) {
	cfg := catalogapi.DefaultConfig(c.FromAPI, c.Edition)
	cfg.RequestsPerSecond, cfg.Parallel = c.Rate, c.Parallel
	if c.Edition == catalogapi.Edition2026 {
		cfg.Bulk = c.Bulk
	}
	client, err := catalogapi.New(cfg, http.DefaultClient, e.log)
	if err != nil {
		return report, wrapUsage(err)
	}
	var ids catalogapi.IDs
	if ids.Movies, err = c.wanted(ctx, store, scope); err != nil {
		return report, err
	}
	var dst catalogapi.Store = store
	if c.Refresh {
		again, err := openRefresh(store, e.path("crawls"), c.FromAPI, time.Now())
		if err != nil {
			return report, err
		}
		dst = again
		done := false
		defer func() { err = errors.Join(err, again.close(done && err == nil)) }()
		report, err = c.crawl(ctx, e, client, ids, dst)
		done = err == nil
		return report, err
	}
	return c.crawl(ctx, e, client, ids, dst)
}

func (c *reindexCmd) crawl(ctx context.Context, e *env, client *catalogapi.Client, ids catalogapi.IDs, dst catalogapi.Store) (catalog.Report, error) {
	bar := e.progress()
	defer bar.end()
	return client.Crawl(ctx, ids, dst, func(p catalogapi.Progress) { bar.show("ask for "+p.Kind+"s", p.Done, p.Total) })
}

// wanted returns the ids to ask the API for.
func (c *reindexCmd) wanted(ctx context.Context, store *sqlstore.Store, scope pipeline.Scope) ([]catalog.MovieID, error) {
	if len(scope.IDs) > 0 {
		return scope.IDs, nil
	}
	ids, err := store.MissingMovies(ctx)
	if err != nil || !c.Refresh {
		return ids, err
	}
	for m, err := range store.Movies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
		}
		ids = append(ids, m.ID)
	}
	return ids, nil
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

// backendOf returns the backend that builds an index as that of a bundle.
func (e *env) backendOf(m bundle.Manifest) (pipeline.Backend, error) {
	var settings struct{ M, EfConstruction int }
	if len(m.Index.Settings) > 0 {
		if err := json.Unmarshal(m.Index.Settings, &settings); err != nil {
			return nil, fmt.Errorf("settings of index %s of bundle %s: %w: %w", m.Index.Kind, m.ID, err, bundle.ErrBroken)
		}
	}
	f := indexFlags{Index: m.Index.Kind, M: settings.M, EfConstruction: settings.EfConstruction, RecallFloor: m.Index.Measured.Floor}
	if m.Index.Kind == "qdrant" && e.cli.Qdrant.Addr == "" {
		f.Index, f.RecallFloor = "flat", 0 // as the bundle was opened
	}
	return f.backend(e, m.Seed)
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

// A tally is how many movies a reindex is about.
type tally struct {
	Added    int    `json:"added"`
	Changed  int    `json:"changed"` // of another text
	Facts    int    `json:"facts"`   // of the same text, and other facts
	Removed  int    `json:"removed"`
	Compared int    `json:"compared"` // movies looked at
	How      string `json:"how"`      // changes, ids or all

	Hidden    int `json:"hidden"`    // hidden since the bundle was made, or listed again
	Corrected int `json:"corrected"` // corrections of neighbours that came or went
}

func tallyOf(f pipeline.Found, b *bundle.Bundle) tally {
	t := tally{Added: len(f.Added), Changed: len(f.Changed), Facts: len(f.Facts), Removed: len(f.Removed), Compared: f.Compared, How: f.How}
	if f.Editorial == nil {
		return t
	}
	pair := func(c catalog.Correction) [3]string {
		return [3]string{string(c.Movie), string(c.Other), fmt.Sprint(c.Kind)}
	}
	t.Hidden = differing(f.Editorial.Hidden, b.Hidden, func(id catalog.MovieID) catalog.MovieID { return id })
	t.Corrected = differing(f.Editorial.Corrections, b.Corrections, pair)
	return t
}

// differing returns how many are in only one of two lists of which key names each.
func differing[T any, K comparable](a, b []T, key func(T) K) int {
	in := make(map[K]int)
	for _, x := range a {
		in[key(x)] |= 1
	}
	for _, x := range b {
		in[key(x)] |= 2
	}
	n := 0
	for _, which := range in {
		if which != 3 {
			n++
		}
	}
	return n
}

// String returns it in words.
func (t tally) String() string {
	text := fmt.Sprintf("%d added, %d changed, %d with other facts, %d removed", t.Added, t.Changed, t.Facts, t.Removed)
	if t.Hidden > 0 {
		text += fmt.Sprintf(", %d hidden or listed again", t.Hidden)
	}
	if t.Corrected > 0 {
		text += fmt.Sprintf(", %d corrections of neighbours", t.Corrected)
	}
	return text
}

// text writes the result for people.
func (r reindexed) text(w io.Writer) {
	if r.Import != nil {
		writeTallies(w, *r.Import)
		if r.Removed > 0 {
			fmt.Fprintf(w, "%d movies that the file does not name were removed\n", r.Removed)
		}
	}
	switch {
	case r.Preview != nil:
		writePreview(w, *r.Preview, r.Found, r.shown)
		return
	case r.Bundle == nil:
		fmt.Fprintf(w, "nothing to do: the live bundle has all of it (%d movies compared, by %s)\n", r.Found.Compared, r.Found.How)
		return
	}
	fmt.Fprintf(w, "%s; %d texts embedded, %d known\n", r.Found, r.Work.Embedded, r.Work.Cached)
	fmt.Fprintf(w, "bundle %s", r.Bundle.ID)
	if l := r.Bundle.Later; l != nil {
		fmt.Fprintf(w, ", laid over build %s", l.Base)
	}
	if r.Published {
		fmt.Fprint(w, ", live now")
	} else {
		fmt.Fprintf(w, "; \"marquee bundle publish %s\" makes it live", r.Bundle.ID)
	}
	fmt.Fprintf(w, "\n%.2f s, %.2f s of it beside embedding\n", r.Seconds, r.Beside)
}

// writePreview writes what a reindex would change, with at most shown movies of a kind.
func writePreview(w io.Writer, p pipeline.Preview, found tally, shown int) {
	for _, part := range []struct {
		what   string
		movies []pipeline.Named
	}{{"would add", p.Added}, {"would change", p.Changed}, {"would take over other facts of", p.Facts}, {"would remove", p.Removed}} {
		if len(part.movies) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s %d movies:\n", part.what, len(part.movies))
		for _, m := range part.movies[:min(shown, len(part.movies))] {
			fmt.Fprintf(w, "  %s (%s)\n", m.Label, m.Movie)
		}
		if more := len(part.movies) - shown; more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
	}
	if found.Hidden+found.Corrected > 0 {
		fmt.Fprintf(w, "would take in %d movies hidden or listed again, and %d corrections of neighbours\n", found.Hidden, found.Corrected)
	}
	if p.Affected == 0 {
		fmt.Fprintln(w, "no neighbours would move")
		return
	}
	fmt.Fprintf(w, "neighbours of %d movies would move; most of all those of\n", p.Affected)
	rows := [][]string{{"  movie", "the same", "goes", "comes"}}
	for _, m := range p.Moved {
		rows = append(rows, []string{"  " + m.Label, fmt.Sprintf("%.0f%%", 100*m.Overlap), without(m.Before, m.After), without(m.After, m.Before)})
	}
	columns(w, rows...)
}

// without names the first of a that are not in b.
func without(a, b []pipeline.Named) string {
	var names []string
	for _, m := range a {
		if !slices.ContainsFunc(b, func(n pipeline.Named) bool { return n.Movie == m.Movie }) {
			names = append(names, m.Label)
		}
	}
	const shown = 3
	text := strings.Join(names[:min(shown, len(names))], ", ")
	if more := len(names) - shown; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}
