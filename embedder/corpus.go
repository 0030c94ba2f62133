package embedder

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"marquee/catalog"
)

const (
	// readBatch is how many keys are asked of a cache at once: fewer than the
	// parameters of one SQL statement in any database.
	readBatch = 500

	// embedBatch is how many texts are embedded and then stored at once, and so
	// the most that an interruption loses.
	embedBatch = 256

	// lengthSlack is how far the length of a vector may be from 1 before it
	// counts as damaged.
	lengthSlack = 1e-3
)

// A Cache keeps vectors by the [Key] of embedder and text. The stores of
// catalog/sqlstore are caches.
type Cache interface {
	// Vectors returns the vectors of those keys that it has.
	Vectors(ctx context.Context, keys []catalog.VectorKey) (map[catalog.VectorKey][]float32, error)

	// PutVectors keeps vecs; a key that it has already is replaced.
	PutVectors(ctx context.Context, vecs []catalog.Vector) error
}

// CacheFor returns c, or nil for an embedder that was fitted on a catalog and writes
// itself down: its ID changes with every fit, so nobody would ask for what was kept.
func CacheFor(e Embedder, c Cache) Cache {
	if _, fitted := e.(io.WriterTo); fitted {
		return nil
	}
	return c
}

// Key returns the key of a text's vector: SHA-256 of the ID as a string, a zero
// byte, and the text.
func Key(id ID, text string) catalog.VectorKey {
	h := sha256.New()
	h.Write([]byte(id.String()))
	h.Write([]byte{0})
	h.Write([]byte(text))
	return catalog.VectorKey(h.Sum(nil))
}

// Corpus returns the vectors of texts, [len(texts) x e.ID().Dims], row-major:
// from cache where it has them, else from e, and then puts them into cache in
// batches of 256, so that a second run embeds only what changed and one cut
// short goes on where it was. Equal texts are embedded once; a blank text is
// zeros without asking anybody. A cached vector of the wrong length, or not of
// unit length or zeros, is embedded anew. The cache may be nil.
//
// After each step progress, if not nil, is told how many of the texts are done
// and how many of those came from the cache; the calls come one after the
// other from the caller's goroutine, and the last has done == total.
func Corpus(ctx context.Context, e Embedder, cache Cache, texts []string, progress func(done, total, cached int)) ([]float32, error) {
	id := e.ID()
	if id.Dims < 1 {
		return nil, fmt.Errorf("embedder %s has %d dimensions, want at least 1", id, id.Dims)
	}
	r := newRun(e, cache, texts, progress)
	missing := r.distinct
	if cache != nil {
		var err error
		if missing, err = r.read(ctx); err != nil {
			return nil, err
		}
	}
	if err := r.embed(ctx, missing); err != nil {
		return nil, err
	}
	r.spread()
	r.report()
	return r.vecs, nil
}

// A run is one call of [Corpus].
type run struct {
	e        Embedder
	id       ID
	cache    Cache
	texts    []string
	progress func(done, total, cached int)

	vecs     []float32           // [len(texts) x dims]
	keys     []catalog.VectorKey // of each text; zero for a blank one
	first    []int               // text -> the first one equal to it; itself if blank
	copies   []int               // first text -> how many are equal to it, itself among them
	distinct []int               // the first of each set of equal texts, ascending, blank ones left out

	done, cached int // texts
}

func newRun(e Embedder, cache Cache, texts []string, progress func(done, total, cached int)) *run {
	r := &run{
		e: e, id: e.ID(), cache: cache, texts: texts, progress: progress,
		vecs:   make([]float32, len(texts)*e.ID().Dims),
		keys:   make([]catalog.VectorKey, len(texts)),
		first:  make([]int, len(texts)),
		copies: make([]int, len(texts)),
	}
	seen := make(map[catalog.VectorKey]int, len(texts))
	for i, text := range texts {
		r.first[i] = i
		if strings.TrimSpace(text) == "" {
			r.done++
			continue
		}
		r.keys[i] = Key(r.id, text)
		if at, known := seen[r.keys[i]]; known {
			r.first[i] = at
		} else {
			seen[r.keys[i]] = i
			r.distinct = append(r.distinct, i)
		}
		r.copies[r.first[i]]++
	}
	return r
}

// read fills in what the cache has and returns the other distinct texts.
func (r *run) read(ctx context.Context) (missing []int, err error) {
	for part := range slices.Chunk(r.distinct, readBatch) {
		keys := make([]catalog.VectorKey, len(part))
		for j, i := range part {
			keys[j] = r.keys[i]
		}
		have, err := r.cache.Vectors(ctx, keys)
		if err != nil {
			return nil, fmt.Errorf("read %d cached vectors of %s: %w", len(keys), r.id, err)
		}
		for _, i := range part {
			v, ok := have[r.keys[i]]
			if !ok || len(v) != r.id.Dims || !sound(v) {
				missing = append(missing, i)
				continue
			}
			copy(r.row(i), v)
			r.done += r.copies[i]
			r.cached += r.copies[i]
		}
		r.report()
	}
	return missing, nil
}

// embed fills in the given texts with the embedder and puts them into the
// cache.
func (r *run) embed(ctx context.Context, missing []int) error {
	for part := range slices.Chunk(missing, embedBatch) {
		texts := make([]string, len(part))
		for j, i := range part {
			texts[j] = r.texts[i]
		}
		dst := make([]float32, len(part)*r.id.Dims) // the cache may keep it
		if err := r.e.Embed(ctx, texts, dst); err != nil {
			return fmt.Errorf("embed %d texts with %s: %w", len(texts), r.id, err)
		}
		vecs := make([]catalog.Vector, len(part))
		for j, i := range part {
			row := dst[j*r.id.Dims : (j+1)*r.id.Dims : (j+1)*r.id.Dims]
			if !sound(row) {
				return fmt.Errorf("%s gave %.60q a vector that is not of unit length or zeros; nothing of this batch was kept", r.id, r.texts[i])
			}
			copy(r.row(i), row)
			vecs[j] = catalog.Vector{Key: r.keys[i], Embedder: r.id.String(), Values: row}
			r.done += r.copies[i]
		}
		if r.cache != nil {
			if err := r.cache.PutVectors(ctx, vecs); err != nil {
				return fmt.Errorf("cache %d vectors of %s: %w", len(vecs), r.id, err)
			}
		}
		r.report()
	}
	return nil
}

// spread copies each vector to the texts that equal the one it was made from.
func (r *run) spread() {
	for i, at := range r.first {
		if at != i {
			copy(r.row(i), r.row(at))
		}
	}
}

func (r *run) row(i int) []float32 { return r.vecs[i*r.id.Dims : (i+1)*r.id.Dims] }

func (r *run) report() {
	if r.progress != nil {
		r.progress(r.done, len(r.texts), r.cached)
	}
}

// sound reports whether v has unit length or is all zeros. NaN and infinite
// values fail it.
func sound(v []float32) bool {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	return sum == 0 || math.Abs(math.Sqrt(sum)-1) <= lengthSlack
}
