package main

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"marquee/catalog"
	"marquee/catalog/secret"
	"marquee/indexer"
	"marquee/indexer/flat"
	"marquee/indexer/qdrant"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// qdrantFlags say where a Qdrant server is, for bundles whose index is qdrant.
type qdrantFlags struct {
	Addr         string        `help:"Qdrant server, the port of its gRPC: for --index qdrant, and for bundles that were built so." placeholder:"HOST:PORT"`
	APIKey       string        `name:"api-key" help:"Key of the Qdrant server; never logged." placeholder:"KEY"`
	TLS          bool          `name:"tls" help:"Speak TLS with the Qdrant server."`
	CA           string        `name:"ca" help:"File of authorities to trust for the Qdrant server. Default: the system's." type:"path" predictor:"file" placeholder:"FILE"`
	Alias        string        `help:"Alias of the live collection; it begins the names of all." default:"marquee" placeholder:"NAME"`
	Quantise     bool          `help:"Let the Qdrant server search int8 copies of the vectors, and score the best anew." default:"true" negatable:""`
	Timeout      time.Duration `help:"Longest search of the Qdrant server; the bundle's own table answers after that." default:"100ms" placeholder:"TIME"`
	KeepVersions int           `help:"Older collections that stay on the Qdrant server." default:"10" placeholder:"N"`
}

// qdrantPrefix begins the names of the flags of [qdrantFlags].
const qdrantPrefix = "qdrant-"

// qdrantCommands are the commands that may ask a Qdrant server. Every command takes the
// flags, so that one environment and one file of settings serve all; the help of these
// shows them.
var qdrantCommands = []string{
	"build", "reindex", "precompute", "serve", "trace", "user show", "movie neighbours", "eval check",
	"bundle verify", "bundle diff", "bundle publish", "bundle rollback", "bundle import",
}

// qdrantClient returns the client of the server that the flags name. Without one the
// error wraps [catalog.ErrInvalid].
func (e *env) qdrantClient() (*qdrant.Client, error) {
	f := e.cli.Qdrant
	if f.Addr == "" {
		return nil, fmt.Errorf("no Qdrant server is named; --qdrant-addr HOST:PORT names the port of its gRPC: %w", catalog.ErrInvalid)
	}
	e.qdrantMu.Lock()
	defer e.qdrantMu.Unlock()
	if e.qdrant != nil {
		return e.qdrant, nil
	}
	cfg := qdrant.DefaultConfig()
	cfg.Addr, cfg.APIKey, cfg.TLS, cfg.CAFile = f.Addr, secret.Text(f.APIKey), f.TLS, f.CA
	cfg.Alias, cfg.Quantise, cfg.Timeout, cfg.Keep = f.Alias, f.Quantise, f.Timeout, f.KeepVersions
	client, err := qdrant.Dial(cfg)
	if err != nil {
		return nil, wrapUsage(err)
	}
	e.qdrant = client
	e.atEnd(func() {
		if err := client.Close(); err != nil {
			e.log.Warn("the connection to the Qdrant server was not closed", "error", err)
		}
	})
	return client, nil
}

// openQdrant makes the index of a bundle that was built on a Qdrant server. Without the
// name of the server the vectors are scanned here.
func (e *env) openQdrant(vecs []float32, dims int, stored []byte) (indexer.Index, error) {
	if e.cli.Qdrant.Addr == "" {
		e.log.Warn("the bundle was built with the index qdrant, but no server is named (--qdrant-addr); its vectors are scanned here")
		return flat.New(vecs, dims)
	}
	client, err := e.qdrantClient()
	if err != nil {
		return nil, err
	}
	return client.Attach(bytes.NewReader(stored), vecs, dims)
}

// qdrantBackend builds a collection on a Qdrant server.
type qdrantBackend struct {
	env    *env
	cal    indexer.Calibration
	cfg    qdrant.Config // of the index that was built
	movies []catalog.Movie
	now    func() time.Time
}

func (e *env) qdrantBackend(cal indexer.Calibration, floor float64) (pipeline.Backend, error) {
	if _, err := e.qdrantClient(); err != nil {
		return nil, fmt.Errorf("%w: %w", err, errUsage)
	}
	cal.Floor = qdrant.Floor
	setTo(&cal.Floor, floor)
	return &qdrantBackend{env: e, cal: cal, now: time.Now}, nil
}

func (*qdrantBackend) Kind() string { return "qdrant" }

// Settings leaves out where the server is and its key: they are no matter of the bundle.
func (b *qdrantBackend) Settings() any {
	return struct {
		M, EfConstruct, Ef int
		Quantise           bool
		Oversampling       float64
	}{b.cfg.M, b.cfg.EfConstruct, b.cfg.Ef, b.cfg.Quantise, b.cfg.Oversampling}
}

// Know tells the backend of which movies the rows are, for the filters of the server.
func (b *qdrantBackend) Know(movies []catalog.Movie) { b.movies = movies }

func (b *qdrantBackend) Build(ctx context.Context, vecs []float32, dims int, histories [][]uint32, progress pipeline.Progress) (indexer.Index, indexer.Measured, error) {
	client, err := b.env.qdrantClient()
	if err != nil {
		return nil, indexer.Measured{}, err
	}
	b.cal.Profiles = profiles(vecs, dims, histories, b.cal.Seed)
	src := qdrant.Source{Name: b.now().UTC().Format("20060102T150405"), Vectors: vecs, Dims: dims}
	if len(b.movies)*dims == len(vecs) {
		for _, m := range b.movies {
			src.Payloads = append(src.Payloads, qdrant.Payload{ID: string(m.ID), Year: m.Year, Genres: m.Genres, Language: m.Language, Adult: m.Adult})
		}
	}
	ix, m, err := client.Build(ctx, src, b.cal, func(done, total int) { progress("index", done, total) })
	if err != nil {
		return nil, m, err
	}
	b.cfg = ix.Config()
	return ix, m, indexer.CheckFloor(m, b.cal.Floor)
}

// publishIndex lets the alias of a Qdrant server name the collection of a bundle that went
// live, whose index is of that kind. The alias is for people and other programs, so a
// server that is away is no reason to fail: Marquee itself asks the collection by its name.
func (e *env) publishIndex(ctx context.Context, shelf *bundle.Shelf, id string) {
	m, err := shelf.Manifest(id)
	if err != nil || m.Index.Kind != "qdrant" || e.cli.Qdrant.Addr == "" {
		return
	}
	var q *qdrant.Index
	_, err = shelf.Load(ctx, id, bundle.Opener{NoModels: true, Index: func(kind string, vecs []float32, dims int, stored []byte) (indexer.Index, error) {
		client, err := e.qdrantClient()
		if err != nil {
			return nil, err
		}
		if q, err = client.Attach(bytes.NewReader(stored), vecs, dims); err != nil {
			return nil, err
		}
		return flat.New(vecs, dims) // what was laid over the build is no matter of the alias
	}})
	if err == nil {
		err = q.Publish(ctx)
	}
	if err != nil {
		e.log.Warn("the alias on the Qdrant server does not name the live collection", "bundle", id, "error", err)
	}
}
