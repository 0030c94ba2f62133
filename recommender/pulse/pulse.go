// Package pulse tells how well a server does while it serves: how many of its lists led
// to a watch, and how far what people watch has moved from what the live bundle learned
// from. It looks at bounded samples, now and then; reports that decide something are made
// by packages quality, eval and experiment.
package pulse

import (
	"context"
	"iter"
	"math"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/catalog/stats"
	"marquee/recommender/rank"
)

// A Store is what a look reads.
type Store interface {
	// Exposures yields the lists that were served at from or later and before to, by time.
	Exposures(ctx context.Context, from, to time.Time) iter.Seq2[catalog.Exposure, error]
	// History returns what u watched and rated, newest first.
	History(ctx context.Context, u catalog.UserID, limit int) ([]catalog.Seen, error)
	// Trending counts who began to watch each movie at since or later, and before that.
	Trending(ctx context.Context, since, before time.Time, limit int) ([]catalog.MovieCount, error)
}

// Config bounds a look. Start from [DefaultConfig].
type Config struct {
	Window time.Duration // within which a list is accepted: one of its movies is watched
	Lists  int           // the first so many of the newest window that is over
	Recent time.Duration // of what counts as watched now
	Least  int           // lists, and watches, below which nothing is said
}

// DefaultConfig returns what a server starts with.
func DefaultConfig() Config {
	return Config{Window: 24 * time.Hour, Lists: 500, Recent: 24 * time.Hour, Least: 50}
}

// A Pulse is what a look found. Figures of which too little is known are NaN.
type Pulse struct {
	Lists    int     // that were looked at, their window over
	Accepted float64 // share of them of which a movie was watched within the window

	Watches int // begun of late
	// Moved is the population stability index between how watches of late and those that
	// the bundle learned from fall into tenths of the catalog by popularity: below 0.1 is
	// little, above 0.25 much.
	Moved   float64
	Unknown float64 // share of watches of late of movies that the bundle does not know
}

// bins is how many groups of movies, by falling popularity, each with as many watches as
// the others, drift is measured over.
const bins = 10

// Look takes the pulse of a server that answers from snap.
func Look(ctx context.Context, store Store, snap *rank.Snapshot, now time.Time, c Config) (Pulse, error) {
	p := Pulse{Accepted: math.NaN(), Moved: math.NaN(), Unknown: math.NaN()}
	if err := p.accept(ctx, store, now, c); err != nil {
		return p, err
	}
	return p, p.drift(ctx, store, snap, now, c)
}

// accept looks at lists whose window is over.
func (p *Pulse) accept(ctx context.Context, store Store, now time.Time, c Config) error {
	accepted := 0
	to := now.Add(-c.Window)
	for e, err := range store.Exposures(ctx, to.Add(-c.Window), to) {
		if err != nil {
			return err
		}
		if e.User == "" {
			continue
		}
		ok, err := acceptedBy(ctx, store, e, c.Window)
		if err != nil {
			return err
		}
		if ok {
			accepted++
		}
		if p.Lists++; p.Lists == c.Lists {
			break
		}
	}
	if p.Lists >= c.Least {
		p.Accepted = float64(accepted) / float64(p.Lists)
	}
	return nil
}

// acceptedBy reports whether a movie of a list was watched within the window.
func acceptedBy(ctx context.Context, store Store, e catalog.Exposure, window time.Duration) (bool, error) {
	seen, err := store.History(ctx, e.User, 0)
	if err != nil {
		return false, err
	}
	return slices.ContainsFunc(seen, func(s catalog.Seen) bool {
		return s.At.After(e.At) && s.At.Before(e.At.Add(window)) &&
			slices.ContainsFunc(e.Movies, func(m catalog.Exposed) bool { return m.Movie == s.Movie })
	}), nil
}

// drift holds what was watched of late against what the bundle learned from.
func (p *Pulse) drift(ctx context.Context, store Store, snap *rank.Snapshot, now time.Time, c Config) error {
	since := now.Add(-c.Recent)
	counts, err := store.Trending(ctx, since, since.Add(-c.Recent), math.MaxInt32)
	if err != nil {
		return err
	}
	group, learned := groups(snap)
	current := make([]float64, bins)
	unknown := 0
	for _, n := range counts {
		p.Watches += n.Since
		row, known := snap.Movies.Row(n.Movie)
		if !known || int(row) >= len(group) {
			unknown += n.Since
			continue
		}
		current[group[row]] += float64(n.Since)
	}
	if p.Watches >= c.Least {
		p.Unknown = float64(unknown) / float64(p.Watches)
		p.Moved = stats.PSI(learned, current) // NaN if the bundle learned from nothing
	}
	return nil
}

// groups returns the group of each movie, and how many watches the bundle has of each
// group: as even as movies allow.
func groups(snap *rank.Snapshot) (group []uint8, learned []float64) {
	total := 0.0
	for _, n := range snap.Stats.Watchers {
		total += float64(n)
	}
	group, learned = make([]uint8, snap.Movies.Len()), make([]float64, bins)
	sum := 0.0
	for _, row := range snap.Stats.Order {
		if int(row) >= len(snap.Stats.Watchers) {
			continue // came after the build
		}
		n := float64(snap.Stats.Watchers[row])
		at := bins - 1
		if total > 0 {
			at = min(int(sum/total*bins), bins-1)
		}
		group[row] = uint8(at)
		learned[at] += n
		sum += n
	}
	return group, learned
}
