package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
	"marquee/recommender/eval"
)

// storedAtOnce is how many rows go into a store in one transaction.
const storedAtOnce = 5000

// writeStore makes a store that knows what the judge knows of movies and people, and
// of what they did the training part alone: what a server may know that is judged.
// It appears whole or not at all.
func (j *judge) writeStore(ctx context.Context, path string, train *eval.Data) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".draft-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	draft := filepath.Join(dir, "store")
	store, err := sqlstore.Open(ctx, draft, j.env.log)
	if err != nil {
		return err
	}
	err = j.fillStore(ctx, store, train)
	if cerr := store.Close(); err == nil { // which leaves one file
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(draft, path)
}

// fillStore writes facts first: what was watched refers to them.
func (j *judge) fillStore(ctx context.Context, store *sqlstore.Store, train *eval.Data) error {
	if err := store.SetScale(ctx, j.facts.Scale); err != nil {
		return err
	}
	runtimes := make(map[catalog.MovieID]int, len(j.facts.Movies))
	movies, err := j.wholeMovies(ctx)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(movies, storedAtOnce) {
		if _, err := store.PutMovies(ctx, some); err != nil {
			return err
		}
	}
	for _, m := range movies {
		runtimes[m.ID] = m.RuntimeMinutes
	}
	d := deeds{store: store, runtimes: runtimes}
	for _, u := range train.Users {
		if p, ok := j.people[u.User]; ok {
			d.users = append(d.users, p)
		}
		for _, s := range train.History(u.Seen) {
			if err := d.add(ctx, u.User, s); err != nil {
				return err
			}
		}
	}
	return d.flush(ctx)
}

// wholeMovies returns the movies that can be listed, with all that is known of them.
func (j *judge) wholeMovies(ctx context.Context) ([]catalog.Movie, error) {
	if j.store == nil {
		return j.facts.Movies, nil
	}
	var out []catalog.Movie
	for m, err := range j.store.Movies(ctx) {
		if err != nil {
			return nil, fmt.Errorf("read movies: %w", err)
		}
		if _, ok := j.facts.Rows.Row(m.ID); ok {
			out = append(out, m)
		}
	}
	return out, nil
}

// deeds gathers rows for one transaction.
type deeds struct {
	store    *sqlstore.Store
	runtimes map[catalog.MovieID]int

	users   []catalog.User
	ratings []catalog.Rating
	minutes []catalog.Minute
	offset  int64
}

// add takes one movie of a history. A share that was watched becomes the furthest
// minute, and a movie that was neither rated nor timed its last.
func (d *deeds) add(ctx context.Context, u catalog.UserID, s catalog.Seen) error {
	if s.Rated {
		d.ratings = append(d.ratings, catalog.Rating{User: u, Movie: s.Movie, Value: decimal(float32(s.Rating)), At: s.At})
	}
	if s.Shared || !s.Rated {
		last := max(0, d.runtimes[s.Movie]-1)
		minute := last
		if s.Shared {
			minute = min(last, max(0, int(math.Round(s.Share*float64(last+1)))-1))
		}
		d.minutes = append(d.minutes, catalog.Minute{User: u, Movie: s.Movie, At: s.At, Minute: minute})
	}
	if len(d.ratings)+len(d.minutes) < storedAtOnce {
		return nil
	}
	return d.flush(ctx)
}

// decimal returns the shortest number that v stands for: 3.7, and not what float32
// makes of it, which is off the scale.
func decimal(v float32) float64 {
	out, err := strconv.ParseFloat(strconv.FormatFloat(float64(v), 'g', -1, 32), 64)
	if err != nil {
		return float64(v)
	}
	return out
}

func (d *deeds) flush(ctx context.Context) error {
	if _, err := d.store.PutUsers(ctx, d.users); err != nil {
		return err
	}
	if _, err := d.store.PutRatings(ctx, d.ratings); err != nil {
		return err
	}
	if n := int64(len(d.minutes)); n > 0 {
		if _, err := d.store.Append(ctx, catalog.Batch{Partition: "eval:split", From: d.offset, To: d.offset + n, Minutes: d.minutes}); err != nil {
			return fmt.Errorf("watches: %w", err)
		}
		d.offset += n
	}
	d.users, d.ratings, d.minutes = d.users[:0], d.ratings[:0], d.minutes[:0]
	return nil
}
