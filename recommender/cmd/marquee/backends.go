package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/indexer/coderhnsw"
	"marquee/indexer/flat"
	"marquee/indexer/hnsw"
	"marquee/recommender/bundle"
	"marquee/recommender/pipeline"
)

// indexFlags choose the index.
type indexFlags struct {
	Index          string  `help:"Index of the vectors: hnsw, flat (exact), flat-int8 (exact too, a quarter of the memory read), coderhnsw, or qdrant: a Qdrant server, see --qdrant-addr." enum:"hnsw,flat,flat-int8,coderhnsw,qdrant" default:"hnsw" placeholder:"KIND"`
	M              int     `help:"Links of a movie in the graph; 0: the index's own default." default:"0" env:"MARQUEE_INDEX_M" placeholder:"N"`
	EfConstruction int     `help:"Candidates looked at when a movie is linked; 0: the index's own default." default:"0" placeholder:"N"`
	RecallFloor    float64 `help:"Least recall at 20 against the exact scan, on movies held out and on profiles; 0: 0.98 for hnsw and qdrant, 0.75 for coderhnsw." default:"0" placeholder:"SHARE"`
}

// profileQueries is how many profiles an index is measured with.
const profileQueries = 200

func (f indexFlags) backend(e *env, seed uint64) (pipeline.Backend, error) {
	if !(f.RecallFloor >= 0 && f.RecallFloor <= 1) {
		return nil, usage("--recall-floor is %v, want 0 to 1", f.RecallFloor)
	}
	cal := indexer.DefaultCalibration()
	cal.Seed = seed
	switch f.Index {
	case "flat", "flat-int8":
		return flatBackend{f.Index}, nil
	case "hnsw":
		b := &hnswBackend{cfg: hnsw.DefaultConfig(), cal: cal}
		b.cal.Floor = hnsw.Floor
		b.cfg.Seed = seed
		setTo(&b.cfg.M, f.M)
		setTo(&b.cfg.EfConstruction, f.EfConstruction)
		setTo(&b.cal.Floor, f.RecallFloor)
		return b, wrapUsage(b.cfg.Validate())
	case "coderhnsw":
		b := &coderBackend{cfg: coderhnsw.DefaultConfig(), cal: cal}
		b.cfg.Seed = seed
		b.cal.Floor = coderhnsw.Floor
		setTo(&b.cfg.M, f.M)
		setTo(&b.cal.Floor, f.RecallFloor)
		return b, wrapUsage(b.cfg.Validate())
	case "qdrant":
		return e.qdrantBackend(cal, f.RecallFloor)
	}
	return nil, usage("index %q, want hnsw, flat, flat-int8, coderhnsw or qdrant", f.Index)
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

func wrapUsage(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", err, errUsage)
}

// setTo changes dst unless v is zero.
func setTo[T int | float64 | string](dst *T, v T) {
	var zero T
	if v != zero {
		*dst = v
	}
}

// openIndex makes the index of a loaded bundle.
func (e *env) openIndex(kind string, vecs []float32, dims int, stored []byte) (indexer.Index, error) {
	switch kind {
	case "qdrant":
		return e.openQdrant(vecs, dims, stored)
	case "flat", "flat-int8":
		return openFlat(kind, vecs, dims)
	case "hnsw":
		return hnsw.Read(bytes.NewReader(stored), vecs, dims)
	case "coderhnsw":
		return coderhnsw.Read(bytes.NewReader(stored), vecs, dims)
	}
	return nil, fmt.Errorf("index %q is not known to this program, want hnsw, flat, flat-int8, coderhnsw or qdrant: %w", kind, catalog.ErrInvalid)
}

// openIndexHere is openIndex for what needs no server: of a bundle whose index is on one,
// the vectors are scanned, which finds the same and leaves no trace.
func (e *env) openIndexHere(kind string, vecs []float32, dims int, stored []byte) (indexer.Index, error) {
	if kind == "qdrant" {
		return flat.New(vecs, dims)
	}
	return e.openIndex(kind, vecs, dims, stored)
}

// profiles returns the profile vectors an index is measured with: those of real
// people where there are enough of them, else of walks among the movies.
func profiles(vecs []float32, dims int, histories [][]uint32, seed uint64) []float32 {
	if len(histories) < profileQueries/2 {
		histories = indexer.Walks(seed, vecs, dims, profileQueries)
	}
	return indexer.Profiles(vecs, dims, histories)
}

// flatBackend scans everything: nothing is measured, since nothing can be lost.
type flatBackend struct{ kind string }

func (b flatBackend) Kind() string { return b.kind }
func (flatBackend) Settings() any  { return struct{}{} }

// openFlat makes an exact index: flat, or flat-int8, which reads a byte a value and
// multiplies in float32 what that leaves open.
func openFlat(kind string, vecs []float32, dims int) (indexer.Index, error) {
	if kind == "flat-int8" {
		return flat.NewInt8(vecs, dims)
	}
	return flat.New(vecs, dims)
}

func (b flatBackend) Build(_ context.Context, vecs []float32, dims int, _ [][]uint32, _ pipeline.Progress) (indexer.Index, indexer.Measured, error) {
	ix, err := openFlat(b.kind, vecs, dims)
	return ix, indexer.Measured{Backend: b.kind, K: 20, Movies: 1, Profiles: 1, Floor: 1}, err
}

// hnswBackend is the project's own graph.
type hnswBackend struct {
	cfg hnsw.Config
	cal indexer.Calibration
}

func (*hnswBackend) Kind() string    { return "hnsw" }
func (b *hnswBackend) Settings() any { return b.cfg }

func (b *hnswBackend) Build(ctx context.Context, vecs []float32, dims int, histories [][]uint32, progress pipeline.Progress) (indexer.Index, indexer.Measured, error) {
	b.cal.Profiles = profiles(vecs, dims, histories, b.cal.Seed)
	ix, m, err := hnsw.Build(ctx, vecs, dims, b.cfg, b.cal, func(done, total int) { progress("index", done, total) })
	if err != nil {
		return nil, m, err
	}
	b.cfg = ix.Config() // with the effort that was found
	return ix, m, indexer.CheckFloor(m, b.cal.Floor)
}

// coderBackend is the library coder/hnsw, over-fetched and ranked again.
type coderBackend struct {
	cfg coderhnsw.Config
	cal indexer.Calibration
}

func (*coderBackend) Kind() string    { return "coderhnsw" }
func (b *coderBackend) Settings() any { return b.cfg }

func (b *coderBackend) Build(ctx context.Context, vecs []float32, dims int, histories [][]uint32, progress pipeline.Progress) (indexer.Index, indexer.Measured, error) {
	b.cal.Profiles = profiles(vecs, dims, histories, b.cal.Seed)
	ix, m, err := coderhnsw.Build(ctx, vecs, dims, b.cfg, b.cal, func(done, total int) { progress("index", done, total) })
	if err != nil {
		return nil, m, err
	}
	b.cfg = ix.Config() // with the effort that was found
	return ix, m, indexer.CheckFloor(m, b.cal.Floor)
}
