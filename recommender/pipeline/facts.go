package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"iter"
	"math"
	"slices"

	"marquee/catalog"
	"marquee/embedder"
	"marquee/recommender/bundle"
	"marquee/recommender/rank"
)

// A Store is where facts come from.
type Store interface {
	Scale(ctx context.Context) (catalog.Scale, error)
	Movies(ctx context.Context) iter.Seq2[catalog.Movie, error]       // ascending by id
	Histories(ctx context.Context) iter.Seq2[catalog.UserSeen, error] // by person, newest first within one
}

// Facts are what a build reads.
type Facts struct {
	Movies    []catalog.Movie // ascending by id, a row each
	Rows      *rank.Movies
	Texts     []string // row -> the movie's document
	Scale     catalog.Scale
	Stats     *rank.Stats
	Histories *bundle.Histories
	Version   string // digest of all that was read
	Sequence  int64  // of the last change before the reading began; 0 if the store keeps no log of changes
}

// lastChange returns the number of the newest change of a store that keeps a log
// of them.
func lastChange(ctx context.Context, store Store) (int64, error) {
	log, ok := store.(interface {
		LastChange(ctx context.Context) (int64, error)
	})
	if !ok {
		return 0, nil
	}
	seq, err := log.LastChange(ctx)
	if err != nil {
		return 0, fmt.Errorf("read the number of the last change: %w", err)
	}
	return seq, nil
}

// Empty returns how many movies have no text to embed.
func (f *Facts) Empty() int {
	n := 0
	for _, t := range f.Texts {
		if t == "" {
			n++
		}
	}
	return n
}

// Read reads all facts of store. A store without movies is an error that says
// what to do.
func Read(ctx context.Context, store Store, ranking rank.Config) (*Facts, error) {
	scale, err := store.Scale(ctx)
	if err != nil {
		return nil, fmt.Errorf("read rating scale: %w", err)
	}
	f := &Facts{Scale: scale, Histories: &bundle.Histories{}}
	digest := newDigest(scale)
	for m, err := range store.Movies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
		}
		f.Movies = append(f.Movies, m)
		f.Texts = append(f.Texts, embedder.Document(m))
		if err := digest.movie(m); err != nil {
			return nil, err
		}
	}
	if len(f.Movies) == 0 {
		return nil, fmt.Errorf("the store holds no movies; run \"marquee import\" first: %w", catalog.ErrNotFound)
	}
	if f.Rows, err = rank.NewMovies(f.Movies); err != nil {
		return nil, err
	}
	through := f.pass(store.Histories(ctx), digest)
	if f.Stats, err = rank.NewStats(f.Movies, f.Rows, through, scale, ranking); err != nil {
		return nil, fmt.Errorf("read histories: %w", err)
	}
	f.Version = digest.String()
	return f, nil
}

// pass lets histories through, and on their way packs them and adds them to the
// digest, so that the store is read once.
func (f *Facts) pass(in iter.Seq2[catalog.UserSeen, error], digest *digest) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		var user catalog.UserID
		var seen []catalog.Seen
		flush := func() {
			if len(seen) > 0 {
				f.Histories.Add(user, f.Rows.Resolve(seen, f.Scale))
			}
			seen = seen[:0]
		}
		for h, err := range in {
			if err == nil {
				if h.User != user {
					flush()
					user = h.User
				}
				seen = append(seen, h.Seen)
				digest.seen(h)
			}
			if !yield(h, err) {
				return
			}
		}
		flush()
	}
}

// A digest names what was read: the same rows give the same version.
type digest struct {
	hash hash.Hash
	line []byte
}

func newDigest(scale catalog.Scale) *digest {
	d := &digest{hash: sha256.New()}
	fmt.Fprintf(d.hash, "scale %s\n", scale)
	return d
}

func (d *digest) movie(m catalog.Movie) error {
	text, err := json.Marshal(m) // map keys come sorted
	if err != nil {
		return fmt.Errorf("digest of movie %q: %w", m.ID, err)
	}
	d.hash.Write(append(text, '\n'))
	return nil
}

func (d *digest) seen(h catalog.UserSeen) {
	d.line = append(d.line[:0], h.User...)
	d.line = append(append(d.line, ','), h.Movie...)
	d.line = fmt.Appendf(d.line, ",%d,%x,%t,%x,%t,%d\n", h.At.UnixMicro(),
		math.Float64bits(h.Rating), h.Rated, math.Float64bits(h.Share), h.Shared, h.Days)
	d.hash.Write(d.line)
}

// String returns the first 16 hex digits of the digest.
func (d *digest) String() string { return hex.EncodeToString(d.hash.Sum(nil))[:16] }

// Profiles returns the newest rows of at most n people, spread evenly over all
// who watched at least least movies: histories to measure an index with.
func (f *Facts) Profiles(n, least, newest int) [][]uint32 {
	var out [][]uint32
	h := f.Histories
	for i := range h.Users {
		rows := h.Rows[h.Starts[i]:h.Starts[i+1]]
		if len(rows) >= least {
			out = append(out, slices.Clone(rows[:min(newest, len(rows))]))
		}
	}
	if len(out) > n {
		for i := range n {
			out[i] = out[i*len(out)/n]
		}
		out = out[:n]
	}
	return out
}
