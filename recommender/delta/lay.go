package delta

import (
	"context"
	"errors"
	"slices"
	"time"

	"marquee/catalog"
	"marquee/recommender"
	"marquee/recommender/model"
	"marquee/recommender/overlay"
	"marquee/recommender/rank"
)

// A laying is movies being laid on what serves, and taken out of it, in a goroutine
// of its own: an index may be elsewhere, and what editors say must not wait for it.
type laying struct {
	leaving []entry
	added   []embedded
	cancel  context.CancelFunc
	out     chan laid // one
}

// A laid is what became of a laying.
type laid struct {
	state *overlay.State // without what left, and with what came unless err is set; nil if neither could be
	err   error
}

// done returns where the end of l is told; for no laying, nowhere.
func (l *laying) done() <-chan laid {
	if l == nil {
		return nil
	}
	return l.out
}

// entries returns the movies that are being laid on or taken out.
func (l *laying) entries() []entry {
	if l == nil {
		return nil
	}
	return append(entriesOf(l.added), l.leaving...)
}

// entriesOf returns the entries of movies.
func entriesOf(movies []embedded) []entry {
	entries := make([]entry, len(movies))
	for i, m := range movies {
		entries[i] = m.entry
	}
	return entries
}

// lay begins to lay on what was embedded and to take out what left, unless that is
// going on. What left goes first: a movie that came back is among the others.
func (f *Follower) lay(ctx context.Context) {
	if f.laying != nil || len(f.ready)+len(f.leaving) == 0 || time.Now().Before(f.layAfter) {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &laying{leaving: f.leaving, added: f.ready, cancel: cancel, out: make(chan laid, 1)}
	f.laying, f.leaving, f.ready = l, nil, nil
	ids := make([]catalog.MovieID, len(l.leaving))
	for i, e := range l.leaving {
		ids[i] = e.id
	}
	added := make([]overlay.Added, len(l.added))
	for i, m := range l.added {
		added[i] = m.added
	}
	go func(s *overlay.State) {
		s, err := s.Without(ctx, ids)
		if err != nil {
			l.out <- laid{nil, err}
			return
		}
		with, err := s.With(ctx, added)
		if err != nil {
			with = s
		}
		ask(with.Snapshot)
		l.out <- laid{with, err}
	}(f.state)
}

// ask makes a list that nobody is shown, by the default arm, so that no request waits for
// what models make when they are asked for the first time: some 5 ms a factor model of
// 27,000 movies that took in new ones.
func ask(snap *rank.Snapshot) {
	defer func() { _ = recover() }() // a list of somebody tells of it, and falls back; here the program would end
	for _, row := range snap.Stats.Order {
		if !snap.Movies.IsGone(row) {
			snap.Recommend(rank.Request{N: rank.MaxList, Now: time.Now(), Taste: rank.Taste{
				Watched: []rank.Watched{{Row: row, Preference: 50}},
				Seen:    []model.Seen{model.Preferred(row, 50, snap.Scale)},
			}})
			return
		}
	}
}

// endLaying ends what is being laid on, and waits for its end.
func (f *Follower) endLaying() {
	if f.laying != nil {
		f.laying.cancel()
		<-f.laying.out
		f.laying = nil
	}
}

// settle takes what became of the laying. What editors said meanwhile holds.
func (f *Follower) settle(done laid) {
	l := f.laying
	l.cancel()
	f.laying = nil
	next, err := done.state, done.err
	if next != nil {
		said := recommender.Editorial{Hidden: f.state.Hidden(), Corrections: f.state.Corrections()}
		var editorial error
		if next, editorial = said.On(next); editorial != nil {
			err = errors.Join(err, editorial)
		}
	}
	if next != nil {
		f.state = next
	} else {
		f.log.Warn("movies that left or came cannot be laid on; it is tried again", "left", len(l.leaving), "came", len(l.added), "error", err)
		f.leaving = append(l.leaving, f.leaving...)
		f.layAfter = time.Now().Add(f.cfg.MinDelay)
	}
	switch {
	case err != nil:
		f.failed(f.wanted(l.added), err)
	case len(l.added) > 0:
		if f.trouble.err != nil {
			f.log.Info("movies are embedded again")
		}
		f.trouble.succeeded()
	}
}

// wanted returns the entries of movies without those that left since.
func (f *Follower) wanted(movies []embedded) []entry {
	return slices.DeleteFunc(entriesOf(movies), func(e entry) bool {
		return slices.ContainsFunc(f.leaving, func(l entry) bool { return l.id == e.id && l.seq > e.seq })
	})
}
