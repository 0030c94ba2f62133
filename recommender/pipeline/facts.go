package pipeline

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"marquee/catalog"
	"marquee/catalog/dataset"
	"marquee/embedder"
	"marquee/recommender/bundle"
	"marquee/recommender/model"
	"marquee/recommender/rank"
)

// A Store is where facts come from: a view of a store at one moment, or a
// snapshot. The same rows give the same [Facts.Version] from either.
type Store = dataset.Rows

// Facts are what a build reads.
type Facts struct {
	Movies    []catalog.Movie // ascending by id, a row each
	Rows      *rank.Movies
	Texts     []string // row -> the movie's document
	Scale     catalog.Scale
	Stats     *rank.Stats
	Histories *bundle.Histories
	Data      *model.Data // what models learn from, without vectors: see [Facts.Learn]
	Editorial Editorial
	Version   string // the data version: see [dataset.Digest]
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
	sequence, err := lastChange(ctx, store) // first: what changes while facts are read is applied again, which changes nothing
	if err != nil {
		return nil, err
	}
	scale, err := store.Scale(ctx)
	if err != nil {
		return nil, fmt.Errorf("read rating scale: %w", err)
	}
	f := &Facts{Data: &model.Data{Scale: scale, Starts: []int64{0}}, Scale: scale, Histories: &bundle.Histories{Scale: scale}, Sequence: sequence}
	digest := dataset.NewDigest(scale)
	for m, err := range store.Movies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
		}
		f.Movies = append(f.Movies, m)
		f.Texts = append(f.Texts, embedder.Document(m))
		if err := digest.Movie(m); err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
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
	if err := f.readPeople(ctx, store, digest); err != nil {
		return nil, err
	}
	if f.Editorial, _, err = readEditorial(ctx, store); err != nil {
		return nil, err
	}
	f.Data.Movies = f.Movies
	f.Version = digest.Version()
	return f, nil
}

// readPeople adds records and accounts to the digest, and to each history what is
// known of its person. Both come in one order, by id, which the digest checks.
func (f *Facts) readPeople(ctx context.Context, store Store, digest *dataset.Digest) error {
	at := 0
	for u, err := range store.Users(ctx) {
		if err == nil {
			err = digest.User(u)
		}
		for at < len(f.Data.Users) && f.Data.Users[at].ID < u.ID {
			at++
		}
		if at < len(f.Data.Users) && f.Data.Users[at].ID == u.ID {
			u.Extra = nil // no model reads it
			f.Data.Users[at] = u
		}
		if err != nil {
			return fmt.Errorf("read people: %w", err)
		}
	}
	for a, err := range store.Accounts(ctx) {
		if err == nil {
			err = digest.Account(a)
		}
		if err != nil {
			return fmt.Errorf("read accounts: %w", err)
		}
	}
	return nil
}

// pass lets histories through, and on their way packs them and adds them to the
// digest, so that the store is read once.
func (f *Facts) pass(in iter.Seq2[catalog.UserSeen, error], digest *dataset.Digest) iter.Seq2[catalog.UserSeen, error] {
	return func(yield func(catalog.UserSeen, error) bool) {
		var user catalog.UserID
		var seen []catalog.Seen
		flush := func() {
			if len(seen) > 0 {
				f.add(user, f.Rows.Resolve(seen, f.Scale))
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
				err = digest.Seen(h)
			}
			if !yield(h, err) {
				return
			}
		}
		flush()
	}
}

// add keeps the history of a person, unless nothing of it is in the catalog. What
// the bundle keeps is what models are trained with, in the order that the digest
// checks and to the same tenth: so a model that is read back says what it said when
// it was trained.
func (f *Facts) add(u catalog.UserID, t rank.Taste) {
	if len(t.Seen) == 0 {
		return
	}
	f.Histories.Add(u, t)
	f.Data.Users = append(f.Data.Users, catalog.User{ID: u})
	f.Data.Seen = append(f.Data.Seen, t.Seen...)
	f.Data.Starts = append(f.Data.Starts, int64(len(f.Data.Seen)))
}

// Learn returns what models learn from, with the vectors of the movies.
func (f *Facts) Learn(v Vectors) *model.Data {
	d := *f.Data
	d.Vectors, d.Dims = v.Values, v.ID.Dims
	return &d
}

// Profiles returns the newest rows of at most n people, spread evenly over all
// who watched at least least movies: histories to measure an index with.
func (f *Facts) Profiles(n, least, newest int) [][]uint32 {
	return profiles(f.Histories, n, least, newest)
}

func profiles(h *bundle.Histories, n, least, newest int) [][]uint32 {
	var out [][]uint32
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
