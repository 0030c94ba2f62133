package lookup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"marquee/catalog"
	"marquee/catalog/catalogapi"
)

// An API is asked for ids: see [catalogapi.Client].
type API interface {
	Movies(ctx context.Context, ids []catalog.MovieID) iter.Seq2[catalogapi.Answer[catalog.Movie], error]
	Users(ctx context.Context, ids []catalog.UserID) iter.Seq2[catalogapi.Answer[catalog.User], error]
}

// A Store keeps what the API says: catalog/sqlstore is one.
type Store interface {
	// AbsentMovies returns those of ids that are neither stored nor were answered
	// "unknown" at or after since. AbsentUsers does so for people, without those
	// who were forgotten.
	AbsentMovies(ctx context.Context, ids []catalog.MovieID, since time.Time) ([]catalog.MovieID, error)
	AbsentUsers(ctx context.Context, ids []catalog.UserID, since time.Time) ([]catalog.UserID, error)

	// MissingMovies and MissingUsers return the ids that events name and that are
	// neither stored nor known to be unknown.
	MissingMovies(ctx context.Context) ([]catalog.MovieID, error)
	MissingUsers(ctx context.Context) ([]catalog.UserID, error)

	PutMovies(ctx context.Context, movies []catalog.Movie) (catalog.Tally, error)
	PutUsers(ctx context.Context, users []catalog.User) (catalog.Tally, error)
	// PutUnknownIDs remembers that the API does not know ids of a kind,
	// catalogapi.KindMovie or catalogapi.KindUser.
	PutUnknownIDs(ctx context.Context, kind string, ids []string) error
}

// Stats say what a lookup has done.
type Stats struct {
	QueuedMovies int `json:"queued_movies"`
	QueuedUsers  int `json:"queued_users"`
	Postponed    int `json:"postponed"` // ids whose record could not be had, until they are asked for again

	Looked  int64 `json:"looked"`  // ids looked for in the store
	Asked   int64 `json:"asked"`   // ids that the API has answered for
	Found   int64 `json:"found"`   // of these, stored
	Unknown int64 `json:"unknown"` // of these, not known to the API
	Faults  int64 `json:"faults"`  // of these, records that could not be had
	Dropped int64 `json:"dropped"` // offers that did not fit, left to a sweep
	Sweeps  int64 `json:"sweeps"`

	Down   bool   `json:"down"`             // the API or the store is away
	Reason string `json:"reason,omitempty"` // why
}

// A Lookup looks up what the stream names. Its sinks may be used by any number of
// goroutines, beside one in Run.
type Lookup struct {
	cfg   Config
	store Store
	now   func() time.Time
	log   *slog.Logger
	wake  chan struct{} // one place

	mu      sync.Mutex
	memory  *memory
	stats   Stats
	dropped bool // something did not fit since the last sweep

	// Of the goroutine of Run, but for their lines.
	movies  desk[catalog.MovieID, catalog.Movie]
	users   desk[catalog.UserID, catalog.User]
	genuine bool      // the API has shown itself to be the catalog API
	swept   time.Time // when the last sweep ended
	delay   time.Duration
}

// New returns a Lookup that asks nobody before Run.
func New(cfg Config, api API, store Store, now func() time.Time, log *slog.Logger) (*Lookup, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("lookup: %w", err)
	}
	l := &Lookup{cfg: cfg, store: store, now: now, log: log, wake: make(chan struct{}, 1), memory: newMemory(cfg.Remember, cfg.NegativeAge/2, now())}
	newLine := func(k kindOf, off bool) *line {
		return &line{kind: k, off: off, queue: newQueue(cfg.Queue), later: newPostponed(cfg.Postpone, cfg.MinRetry, cfg.MaxRetry)}
	}
	l.movies = desk[catalog.MovieID, catalog.Movie]{
		line: newLine(kindMovie, false), name: catalogapi.KindMovie,
		absent: store.AbsentMovies, missing: store.MissingMovies, ask: api.Movies, put: store.PutMovies,
		id: func(m catalog.Movie) string { return string(m.ID) },
	}
	l.users = desk[catalog.UserID, catalog.User]{
		line: newLine(kindUser, !cfg.Users), name: catalogapi.KindUser,
		absent: store.AbsentUsers, missing: store.MissingUsers, ask: api.Users, put: store.PutUsers,
		id: func(u catalog.User) string { return string(u.ID) },
	}
	return l, nil
}

// Stats returns what the lookup has done so far.
func (l *Lookup) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.stats
	s.QueuedMovies, s.QueuedUsers = l.movies.queue.n, l.users.queue.n
	s.Postponed = len(l.movies.later.ids) + len(l.users.later.ids)
	return s
}

// Run looks ids up until ctx ends, whose error it returns; what the API has
// answered by then is stored first. It sweeps at the start.
func (l *Lookup) Run(ctx context.Context) error {
	for {
		did, err := l.round(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		l.tell(did, err)
		if did && err == nil {
			continue
		}
		l.wait(ctx, err)
	}
}

// round sweeps if it is time, and looks up some movies and then some people: so
// neither keeps the other waiting for long, however many there are.
func (l *Lookup) round(ctx context.Context) (did bool, err error) {
	swept := l.sweepIn() <= 0
	if swept {
		if err := l.sweep(ctx); err != nil {
			return true, err
		}
	}
	movies, err := l.movies.step(ctx, l)
	if err != nil && !errors.Is(err, errStranger) { // a person's record may show who answers
		return true, err
	}
	users, also := l.users.step(ctx, l)
	return swept || movies || users, errors.Join(err, also)
}

// sweepIn returns the time left before the next sweep. One that was cut short, or
// ids that did not fit, bring it nearer as soon as nothing waits.
func (l *Lookup) sweepIn() time.Duration {
	if l.swept.IsZero() {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	every := l.cfg.SweepEvery
	if l.dropped && l.movies.queue.n+l.users.queue.n == 0 {
		every /= 10
	}
	return l.swept.Add(every).Sub(l.now())
}

func (l *Lookup) sweep(ctx context.Context) error {
	l.mu.Lock()
	l.dropped = false
	l.mu.Unlock()
	if err := l.movies.sweep(ctx, l); err != nil {
		return err
	}
	if err := l.users.sweep(ctx, l); err != nil {
		return err
	}
	l.swept = l.now()
	l.mu.Lock()
	l.stats.Sweeps++
	l.mu.Unlock()
	return nil
}

// tell notes and logs that the API or the store went away, and that both are back,
// once each.
func (l *Lookup) tell(did bool, err error) {
	if err == nil && !did {
		return // nothing was asked, so nothing is known
	}
	l.mu.Lock()
	was := l.stats.Down
	l.stats.Down, l.stats.Reason = err != nil, ""
	if err != nil {
		l.stats.Reason = err.Error()
	}
	waiting := l.movies.queue.n + l.users.queue.n
	l.mu.Unlock()
	switch {
	case err != nil && !was:
		l.log.Warn("unknown movies and people cannot be looked up; they wait, the stream does not", "waiting", waiting, "error", err)
	case err == nil && was:
		l.log.Info("unknown movies and people are looked up again", "waiting", waiting)
	}
	if err == nil {
		l.delay = 0
	}
}

// wait waits until there may be something to do: after err for the delay, else
// until ids are offered, one is due again, or it is time to sweep.
func (l *Lookup) wait(ctx context.Context, err error) {
	pause := l.sweepIn()
	wake := l.wake
	if err != nil {
		l.delay = min(l.cfg.MaxDelay, max(l.cfg.MinDelay, 2*l.delay))
		pause = l.delay*3/4 + time.Duration(rand.Int64N(int64(l.delay)/2+1)) // a quarter more or less
		wake = nil
	} else if due, some := l.due(); some {
		pause = min(pause, due)
	}
	timer := time.NewTimer(max(pause, time.Millisecond))
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-wake:
	case <-timer.C:
	}
}

// due returns the time left until an id that was put off is asked for again.
func (l *Lookup) due() (left time.Duration, some bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, k := range []*line{l.movies.line, l.users.line} {
		if next := k.later.next; !next.IsZero() && (!some || next.Sub(l.now()) < left) {
			left, some = next.Sub(l.now()), true
		}
	}
	return left, some
}
