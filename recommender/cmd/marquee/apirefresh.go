package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/catalog/sqlstore"
)

// A refreshStore is the store of a crawl that asks for movies again which are known:
// what the API says of them wins, what it does not say stays. Which were asked for is
// written down, so that a crawl which was cut short does not ask for them twice.
type refreshStore struct {
	*sqlstore.Store
	asked map[string]bool
	file  *os.File
}

// refreshAge is how old the record of a crawl that was cut short may be; after that it is
// begun anew, since the API may say something else by now.
const refreshAge = 24 * time.Hour

// refreshKey names the record of asking the API at url again for some movies, or, without
// ids, for all: another question is begun anew, since what was answered to this one may
// have changed by then.
func refreshKey(url, edition string, ids []catalog.MovieID) string {
	h := sha256.New()
	for _, part := range []string{url, edition} {
		h.Write([]byte(part + "\x00"))
	}
	for _, id := range slices.Sorted(slices.Values(ids)) {
		h.Write([]byte(string(id) + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// openRefresh opens the record of a crawl of this key, begun before or now.
func openRefresh(store *sqlstore.Store, dir, key string, now time.Time) (*refreshStore, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of crawls: %w", err)
	}
	name := filepath.Join(dir, "asked-"+key)
	if info, err := os.Stat(name); err == nil && now.Sub(info.ModTime()) > refreshAge {
		if err := os.Remove(name); err != nil {
			return nil, fmt.Errorf("remove an old crawl: %w", err)
		}
	}
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("record of a crawl: %w", err)
	}
	r := &refreshStore{Store: store, asked: make(map[string]bool), file: f}
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		r.asked[lines.Text()] = true
	}
	if err := lines.Err(); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", name, err), f.Close())
	}
	return r, nil
}

// Movie says that a movie is not known until it was asked for.
func (r *refreshStore) Movie(ctx context.Context, id catalog.MovieID) (catalog.Movie, error) {
	if !r.asked[string(id)] {
		return catalog.Movie{}, fmt.Errorf("movie %q: %w", id, catalog.ErrNotFound)
	}
	return catalog.Movie{ID: id}, nil
}

// UnknownIDs says which ids the API was found not to know in this crawl.
func (r *refreshStore) UnknownIDs(_ context.Context, _ string, ids []string) (map[string]bool, error) {
	unknown := make(map[string]bool)
	for _, id := range ids {
		if r.asked[id] {
			unknown[id] = true
		}
	}
	return unknown, nil
}

// PutMovies lays what the API says on what the store knows.
func (r *refreshStore) PutMovies(ctx context.Context, movies []catalog.Movie) (catalog.Tally, error) {
	ids := make([]string, len(movies))
	merged := make([]catalog.Movie, len(movies))
	for i, m := range movies {
		old, err := r.Store.Movie(ctx, m.ID)
		if err != nil && !errors.Is(err, catalog.ErrNotFound) {
			return catalog.Tally{}, err
		}
		old.ID = m.ID
		old.Merge(m, true)
		ids[i], merged[i] = string(m.ID), old
	}
	tally, err := r.Store.PutMovies(ctx, merged)
	if err != nil {
		return tally, err
	}
	return tally, r.note(ids)
}

// PutUnknownIDs writes down what the API does not know. The store keeps what it has of
// such a movie.
func (r *refreshStore) PutUnknownIDs(_ context.Context, _ string, ids []string) error {
	return r.note(ids)
}

// note writes down that ids were asked for.
func (r *refreshStore) note(ids []string) error {
	var text []byte
	for _, id := range ids {
		text = append(append(text, id...), '\n')
		r.asked[id] = true
	}
	if _, err := r.file.Write(text); err != nil {
		return fmt.Errorf("write down what was asked for: %w", err)
	}
	return r.file.Sync()
}

// close keeps the record for the next run, or, if the crawl came to its end, removes it.
func (r *refreshStore) close(done bool) error {
	err := r.file.Close()
	if done {
		err = errors.Join(err, os.Remove(r.file.Name()))
	}
	return err
}
