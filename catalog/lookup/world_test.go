package lookup_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
	"marquee/catalog/lookup"
	"marquee/catalog/stream"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is a catalog API and a store in one, in memory.
type world struct {
	mu      sync.Mutex
	asked   []string // "movie heat", in order
	at      []time.Time
	down    error                        // of the API
	away    error                        // of the store
	unknown map[string]bool              // to the API
	bare    bool                         // it says so without its own message
	fault   map[string]bool              // records that it cannot write
	takes   time.Duration                // of one answer
	movies  map[catalog.MovieID]bool     // stored
	users   map[catalog.UserID]bool      // stored
	refused map[string]time.Time         // stored as unknown: "movie heat"
	seen    map[catalog.MovieID]struct{} // by events
	people  map[catalog.UserID]struct{}  // by events
	invalid map[catalog.MovieID]bool     // records that the store never takes
	appends int
}

func newWorld() *world {
	return &world{
		unknown: map[string]bool{}, fault: map[string]bool{}, invalid: map[catalog.MovieID]bool{},
		movies: map[catalog.MovieID]bool{}, users: map[catalog.UserID]bool{}, refused: map[string]time.Time{},
		seen: map[catalog.MovieID]struct{}{}, people: map[catalog.UserID]struct{}{},
	}
}

// with runs f while nobody else looks.
func (w *world) with(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// answers yields what the API says of ids.
func answers[ID ~string, T any](ctx context.Context, w *world, kind string, ids []ID, record func(ID) T) iter.Seq2[catalogapi.Answer[T], error] {
	return func(yield func(catalogapi.Answer[T], error) bool) {
		for _, id := range ids {
			select {
			case <-time.After(w.takes):
			case <-ctx.Done():
				yield(catalogapi.Answer[T]{}, ctx.Err())
				return
			}
			w.mu.Lock()
			down := w.down
			a := catalogapi.Answer[T]{ID: string(id), Sure: true}
			switch {
			case w.fault[string(id)]:
				a.Fault, a.Sure = errors.New("rotten record"), false
			case w.unknown[string(id)]:
				a.Unknown, a.Sure = true, !w.bare
			default:
				a.Record = record(id)
			}
			if down == nil {
				w.asked = append(w.asked, kind+" "+string(id))
				w.at = append(w.at, time.Now())
			}
			w.mu.Unlock()
			if down != nil {
				yield(catalogapi.Answer[T]{}, down)
				return
			}
			if !yield(a, nil) {
				return
			}
		}
	}
}

func (w *world) Movies(ctx context.Context, ids []catalog.MovieID) iter.Seq2[catalogapi.Answer[catalog.Movie], error] {
	return answers(ctx, w, "movie", ids, func(id catalog.MovieID) catalog.Movie { return catalog.Movie{ID: id} })
}

func (w *world) Users(ctx context.Context, ids []catalog.UserID) iter.Seq2[catalogapi.Answer[catalog.User], error] {
	return answers(ctx, w, "user", ids, func(id catalog.UserID) catalog.User { return catalog.User{ID: id} })
}

func absent[ID ~string](w *world, kind string, ids []ID, stored map[ID]bool, since time.Time) ([]ID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []ID
	for _, id := range ids {
		if at, refused := w.refused[kind+" "+string(id)]; !stored[id] && (!refused || at.Before(since)) {
			out = append(out, id)
		}
	}
	return out, w.away
}

func (w *world) AbsentMovies(_ context.Context, ids []catalog.MovieID, since time.Time) ([]catalog.MovieID, error) {
	return absent(w, "movie", ids, w.movies, since)
}

func (w *world) AbsentUsers(_ context.Context, ids []catalog.UserID, since time.Time) ([]catalog.UserID, error) {
	return absent(w, "user", ids, w.users, since)
}

func missing[ID ~string](w *world, kind string, named map[ID]struct{}, stored map[ID]bool) ([]ID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var out []ID
	for id := range named {
		if _, refused := w.refused[kind+" "+string(id)]; !stored[id] && !refused {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out, w.away
}

func (w *world) MissingMovies(context.Context) ([]catalog.MovieID, error) {
	return missing(w, "movie", w.seen, w.movies)
}

func (w *world) MissingUsers(context.Context) ([]catalog.UserID, error) {
	return missing(w, "user", w.people, w.users)
}

func (w *world) PutMovies(ctx context.Context, movies []catalog.Movie) (catalog.Tally, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := cmp.Or(ctx.Err(), w.away); err != nil {
		return catalog.Tally{}, err
	}
	for _, m := range movies {
		if w.invalid[m.ID] {
			return catalog.Tally{}, fmt.Errorf("movie %q: %w", m.ID, catalog.ErrInvalid)
		}
	}
	for _, m := range movies {
		w.movies[m.ID] = true
	}
	return catalog.Tally{New: len(movies)}, nil
}

func (w *world) PutUsers(_ context.Context, users []catalog.User) (catalog.Tally, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away != nil {
		return catalog.Tally{}, w.away
	}
	for _, u := range users {
		w.users[u.ID] = true
	}
	return catalog.Tally{New: len(users)}, nil
}

func (w *world) PutUnknownIDs(_ context.Context, kind string, ids []string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range ids {
		w.refused[kind+" "+id] = time.Now()
	}
	return w.away
}

// Append implements [stream.Sink].
func (w *world) Append(_ context.Context, b catalog.Batch) (catalog.Applied, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.away != nil {
		return catalog.Applied{}, w.away
	}
	w.appends++
	for _, m := range b.Minutes {
		w.seen[m.Movie] = struct{}{}
		w.people[m.User] = struct{}{}
	}
	return catalog.Applied{Held: b.To}, nil
}

// count returns how often the API was asked for what begins with prefix.
func (w *world) count(prefix string) (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, a := range w.asked {
		if strings.HasPrefix(a, prefix) {
			n++
		}
	}
	return n
}

// A rig is a lookup over a world.
type rig struct {
	*world
	t      *testing.T
	lookup *lookup.Lookup
	sink   stream.Sink
	buf    *bytes.Buffer
}

func newRig(t *testing.T, w *world, change func(*lookup.Config)) *rig {
	t.Helper()
	cfg := lookup.DefaultConfig()
	cfg.Remember = 1 << 10
	if change != nil {
		change(&cfg)
	}
	r := &rig{world: w, t: t, buf: &bytes.Buffer{}}
	var err error
	if r.lookup, err = lookup.New(cfg, w, w, time.Now, slog.New(slog.NewTextHandler(r.buf, nil))); err != nil {
		t.Fatal(err)
	}
	r.sink = r.lookup.Sink(w)
	return r
}

// run starts the lookup, which the returned func ends.
func (r *rig) run() (stop func()) {
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan error, 1)
	go func() { done <- r.lookup.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			r.t.Errorf("ended with %v", err)
		}
	})
	r.t.Cleanup(stop)
	return stop
}

// watch appends a batch in which user watches each of movies.
func (r *rig) watch(user catalog.UserID, movies ...catalog.MovieID) {
	r.t.Helper()
	var b catalog.Batch
	for _, m := range movies {
		b.Minutes = append(b.Minutes, catalog.Minute{User: user, Movie: m})
	}
	if _, err := r.sink.Append(r.t.Context(), b); err != nil {
		r.t.Fatal(err)
	}
}

// sleep lets time pass, and everybody come to rest.
func (r *rig) sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func names(prefix string, n int) []catalog.MovieID {
	out := make([]catalog.MovieID, n)
	for i := range out {
		out[i] = catalog.MovieID(fmt.Sprintf("%s%05d", prefix, i))
	}
	return out
}
