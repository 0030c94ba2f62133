package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"marquee/catalog/stream"
	"marquee/embedder"
	"marquee/recommender"
	"marquee/recommender/bundle"
	"marquee/recommender/experiment"
	"marquee/recommender/pipeline"
	"marquee/recommender/rank"
)

// rankingFlags are the settings of lists.
type rankingFlags struct {
	WeightSimilarity   float64 `help:"Weight of nearness to what was watched." default:"${weight_similarity}" placeholder:"W"`
	WeightQuality      float64 `help:"Weight of the Bayesian mean rating." default:"${weight_quality}" placeholder:"W"`
	WeightPopularity   float64 `help:"Weight of popularity." default:"${weight_popularity}" placeholder:"W"`
	Preference         float64 `help:"Exponent that sharpens a rating's say; 0 makes all alike." default:"${preference}" placeholder:"X"`
	Recency            float64 `help:"Movies after which a watched movie's say has halved, counted from the newest; 0: never." default:"${recency}" placeholder:"MOVIES"`
	Sharpness          int     `help:"Exponent of a similarity, 1 to 4." default:"${sharpness}" placeholder:"X"`
	HistoryLength      int     `help:"Newest watched movies that bring candidates." default:"${history_length}" placeholder:"MOVIES"`
	PopularCandidates  int     `help:"Popular movies that stand beside the neighbours." default:"${popular_candidates}" placeholder:"MOVIES"`
	RatingPrior        float64 `help:"Ratings at the mean that a movie starts with." default:"${rating_prior}" placeholder:"RATINGS"`
	PopularityHalfLife float64 `help:"Days after which a watch counts half towards popularity; 0: never." default:"${popularity_half_life}" placeholder:"DAYS"`
	AdultForUnknown    bool    `help:"Show adult movies to people whose age is not known; minors never see them."`

	Knob map[string]string `help:"A knob of ranking, NAME=VALUE; may be given again. Names: ${knobs}." placeholder:"NAME=VALUE"`

	knobs rank.Knobs // set by turn
}

// turn reads the knobs.
func (f *rankingFlags) turn() error {
	patch := make(map[string]json.RawMessage, len(f.Knob))
	for name, value := range f.Knob {
		if !json.Valid([]byte(value)) {
			return usage("--knob %s=%s: want a number", name, value)
		}
		patch[name] = json.RawMessage(value)
	}
	text, err := json.Marshal(patch)
	if err == nil {
		f.knobs, err = experiment.Patch(rank.DefaultKnobs(), text)
	}
	return wrapUsage(err)
}

// config returns the settings, knobs as turn left them.
func (f *rankingFlags) config() rank.Config {
	return rank.Config{
		Knobs:              f.knobs,
		Similarity:         f.WeightSimilarity,
		Quality:            f.WeightQuality,
		Popularity:         f.WeightPopularity,
		Preference:         f.Preference,
		Recency:            f.Recency,
		Sharpness:          f.Sharpness,
		History:            f.HistoryLength,
		PopularCandidates:  f.PopularCandidates,
		RatingPrior:        f.RatingPrior,
		PopularityHalfLife: f.PopularityHalfLife,
		AdultForUnknown:    f.AdultForUnknown,
	}
}

// rankingDefaults are the values of the ${...} above.
func rankingDefaults() map[string]string {
	c := rank.DefaultConfig()
	return map[string]string{
		"knobs":                strings.Join(experiment.KnobNames(), ", "),
		"batch_rows":           fmt.Sprint(stream.DefaultConfig().BatchLines),
		"weight_similarity":    fmt.Sprint(c.Similarity),
		"weight_quality":       fmt.Sprint(c.Quality),
		"weight_popularity":    fmt.Sprint(c.Popularity),
		"preference":           fmt.Sprint(c.Preference),
		"recency":              fmt.Sprint(c.Recency),
		"sharpness":            fmt.Sprint(c.Sharpness),
		"history_length":       fmt.Sprint(c.History),
		"popular_candidates":   fmt.Sprint(c.PopularCandidates),
		"rating_prior":         fmt.Sprint(c.RatingPrior),
		"popularity_half_life": fmt.Sprint(c.PopularityHalfLife),
	}
}

type buildCmd struct {
	spaceFlags
	indexFlags
	gateFlags
	rankingFlags
	modelFlags
	Models     []string `help:"Models to train, divided by commas; auto: the blend, if the data are enough; blend trains its parts too; none: lists of similarity, quality and popularity alone." default:"auto" placeholder:"NAME"`
	Arm        string   `help:"The model that serves by default. Default: the last one trained." placeholder:"NAME"`
	Neighbours int      `help:"Neighbours kept for each movie." default:"100" placeholder:"N"`
	Seed       uint64   `help:"Seed of everything that draws lots." default:"1" placeholder:"N"`
	Data       string   `env:"MARQUEE_DATA_VERSION" help:"Build from this data version, or its first digits, instead of the store." placeholder:"VERSION"`
	Evaluate   bool     `help:"Judge the models on the newest fifth of each history, which they then have not seen." default:"true" negatable:""`
	NoPublish  bool     `help:"Put the bundle on the shelf, but do not make it live."`
}

// Help is shown below the flags.
func (buildCmd) Help() string {
	return `Examples:
  marquee build                               the embedder that is there, the index hnsw
  marquee build --embedder minilm             after "marquee model download"
  marquee build --index flat --no-publish     exact search; look at it before it serves
  marquee build --data 0f3a                   from a snapshot; "marquee data list" shows them
  marquee build --models als,ease --arm als   two models, one of which serves
  marquee build --models none                 similarity, quality and popularity alone

The same data, settings and seed give the same bundle, from the store or from a
snapshot of it. A store is read as it stands at one moment. Vectors are cached in the
store by text, so a second build embeds only what changed. An index below its
recall floor, a catalog that lost more than 5% of its movies, too many movies without a
text, or lists that do worse than the live ones offline, are not published: --override
GATE=REASON lets them pass, and the manifest keeps the reason.`
}

// auto reports whether the models were left to the program.
func (c *buildCmd) auto() bool { return len(c.Models) == 1 && c.Models[0] == "auto" }

// chosen returns the models to train.
func (c *buildCmd) chosen() ([]pipeline.Spec, error) {
	names := c.Models
	switch {
	case c.auto():
		names = []string{"blend"}
	case len(names) == 1 && names[0] == "none":
		names = nil
	}
	specs, err := c.specs(names)
	if err != nil {
		return nil, err
	}
	if c.Arm != "" && c.Arm != rank.ArmFeatures && !slices.ContainsFunc(specs, func(s pipeline.Spec) bool { return s.Name == c.Arm }) {
		return nil, usage("--arm %q is not among the models that are trained", c.Arm)
	}
	return specs, nil
}

// A built is the result of a build.
type built struct {
	Bundle    bundle.Manifest `json:"bundle"`
	Published bool            `json:"published"`
	Seconds   float64         `json:"seconds"`
	PeakMiB   int64           `json:"peak_mib"` // most memory the process held
}

// Run builds and publishes.
func (c *buildCmd) Run(ctx context.Context, e *env) error {
	began := time.Now()
	backend, err := c.backend(e, c.Seed)
	if err == nil {
		err = c.check()
	}
	if err == nil {
		err = c.turn()
	}
	if err == nil {
		err = wrapUsage(pipeline.Options{Ranking: c.config(), Neighbour: c.Neighbours}.Validate())
	}
	if err != nil {
		return err
	}
	gates, err := c.gates()
	if err != nil {
		return err
	}
	specs, err := c.chosen()
	if err != nil {
		return err
	}
	store, err := c.openStore(ctx, e)
	if err != nil {
		return err
	}
	var cache embedder.Cache
	if store != nil {
		defer store.Close()
		cache = store
	}
	shelf, err := e.openShelf()
	if err != nil {
		return err
	}
	if _, err := shelf.Sweep(time.Now()); err != nil {
		e.log.Warn("folder of bundles was not swept", "error", err)
	}
	parent, _ := shelf.Live() // none is fine
	facts, err := c.facts(ctx, e, store)
	if err != nil {
		return err
	}
	if q, ok := backend.(*qdrantBackend); ok {
		q.Know(facts.Movies)
	}
	bar := e.progress()
	b, err := pipeline.Make(ctx, facts, pipeline.Options{
		Space:     c.space(e),
		Backend:   backend,
		Cache:     cache,
		Ranking:   c.config(),
		Neighbour: c.Neighbours,
		Kinds:     kinds(),
		Models:    specs,
		Arm:       c.Arm,
		Lenient:   c.auto(),
		Evaluate:  c.Evaluate,
		Override:  c.Override,
		Seed:      c.Seed,
		Parent:    parent,
		Program:   program(),
		Now:       time.Now,
		Progress:  bar.show,
		Log:       e.log,
	})
	bar.end()
	if err != nil {
		return err
	}
	if err := recommender.Rehearse(b, time.Now()); err != nil {
		return err
	}
	m, err := c.put(ctx, e, going{shelf: shelf, store: store}, b, gates)
	if err != nil {
		return err
	}
	result := built{m, !c.NoPublish, time.Since(began).Seconds(), peakMiB()}
	return e.print(result, func(w io.Writer) {
		printManifest(w, m)
		fmt.Fprintf(w, "built in %.1f s with %d MiB of memory at most", result.Seconds, result.PeakMiB)
		if !c.NoPublish {
			fmt.Fprint(w, ", live now")
		}
		fmt.Fprintln(w)
	})
}

// put asks the gates, shelves b and, unless that is not wanted, makes it live. A bundle
// that is refused stays on the shelf, to be looked at.
func (c *buildCmd) put(ctx context.Context, e *env, g going, b *bundle.Bundle, gates pipeline.Gates) (bundle.Manifest, error) {
	var refused error
	b.Manifest.Gates, refused = gates.Check(b.Manifest, g.liveManifest(e))
	asked := b.Manifest.Gates
	m, err := shelve(ctx, g.shelf, b, g.store)
	if err != nil || c.NoPublish {
		return m, err
	}
	if refused != nil {
		return m, fmt.Errorf("bundle %s is on the shelf, and not live: %w", m.ID, refused)
	}
	if g.depot, err = e.openDepot(); err != nil {
		return m, err
	}
	return m, g.live(ctx, e, bundle.Publication{ID: m.ID, Why: c.overridden("build of data "+m.DataVersion, asked)}, nil)
}

// modelsOf names the models of a bundle, the one that serves first.
func modelsOf(m bundle.Manifest) string {
	arm := orElse(m.Arm, rank.ArmFeatures)
	text := arm
	var others []string
	for _, t := range m.Models {
		if t.Name != arm {
			others = append(others, t.Name)
		}
	}
	if len(others) > 0 {
		text += "; also " + strings.Join(others, ", ")
	}
	return text
}

func printManifest(w io.Writer, m bundle.Manifest) { printManifestOf(w, m, nil) }

// printManifestOf writes a manifest. first, unless nil, is the bundle of the same data
// version that was built from it, of which m was made by reindexing.
func printManifestOf(w io.Writer, m bundle.Manifest, first *bundle.Manifest) {
	var settings bytes.Buffer
	if err := json.Compact(&settings, m.Index.Settings); err != nil {
		settings.Reset() // none
	}
	size := int64(0)
	for _, f := range m.Files {
		size += f.Bytes
	}
	rows := [][]string{
		{"bundle", m.ID},
		{"created", m.Created.Format(time.RFC3339)},
		{"parent", orElse(m.Parent, "none")},
		{"data", fmt.Sprintf("%s: %s", m.DataVersion, countsOf(orManifest(first, m)))},
		{"embedder", m.Embedder.String()},
		{"index", fmt.Sprintf("%s %s", m.Index.Kind, &settings)},
		{"recall", fmt.Sprintf("%.4f on movies held out, %.4f on profiles, at %d", m.Index.Measured.Movies, m.Index.Measured.Profiles, m.Index.Measured.K)},
		{"models", modelsOf(m)},
		{"size", fmt.Sprintf("%.1f MiB in %d files", float64(size)/(1<<20), len(m.Files))},
		{"program", fmt.Sprintf("%s, %s, kernels %s", m.Program.Version, m.Program.Go, m.Program.Kernel)},
	}
	if first != nil {
		rows = append(rows, []string{"holds", fmt.Sprintf("%s; the rest of the data is as in build %s", countsOf(m), first.ID)})
	}
	rows = append(rows, laterRows(m.Later)...)
	rows = append(rows, modelRows(m)...)
	columns(w, append(rows, gateRows(m.Gates)...)...)
}

// countsOf says how much is in a bundle.
func countsOf(m bundle.Manifest) string {
	return fmt.Sprintf("%d movies (%d without a text), %d people, %d watched", m.Counts.Movies, m.Counts.Empty, m.Counts.Users, m.Counts.Watched)
}

func orManifest(m *bundle.Manifest, none bundle.Manifest) bundle.Manifest {
	if m == nil {
		return none
	}
	return *m
}

// laterRows says what was laid over a build.
func laterRows(l *bundle.Later) [][]string {
	if l == nil {
		return nil
	}
	text := fmt.Sprintf("%d added, %d changed, %d removed since build %s", l.Added, l.Changed, l.Removed, l.Base)
	if l.Measured != nil {
		text += fmt.Sprintf("; recall there %.4f", l.Measured.Movies)
	}
	return [][]string{{"later", text}}
}

// modelRows says how models did on what they had not seen, and how a blend weighs its
// parts.
func modelRows(m bundle.Manifest) (rows [][]string) {
	offline := func(name string, o *bundle.Offline) {
		if o != nil {
			rows = append(rows, []string{"offline", fmt.Sprintf("%s: NDCG@20 %.4f (%.4f to %.4f), coverage %.3f, of %d people", name, o.NDCG, o.NDCGLow, o.NDCGHigh, o.Coverage, o.People)})
		}
	}
	offline(rank.ArmFeatures, m.Features)
	for _, t := range m.Models {
		offline(t.Name, t.Offline)
		if len(t.Weights) == 0 {
			continue
		}
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(t.Weights)) {
			parts = append(parts, fmt.Sprintf("%s %.3f", name, t.Weights[name]))
		}
		rows = append(rows, []string{"weights", t.Name + ": " + strings.Join(parts, ", ")})
	}
	return rows
}

// gateRows says what gates found.
func gateRows(gates []bundle.Gate) (rows [][]string) {
	for _, g := range gates {
		how := "refused"
		switch {
		case g.Passed:
			how = "passed"
		case g.Override:
			how = "let pass"
		}
		rows = append(rows, []string{"gate", fmt.Sprintf("%s %s: %s", g.Name, how, g.Detail)})
	}
	return rows
}
