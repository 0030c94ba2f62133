package recommender

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"

	"marquee/catalog"
	"marquee/indexer"
	"marquee/recommender/history"
	"marquee/recommender/rank"
)

// Recommend returns a list for c.User. It fails only without a bundle: when the store is
// away, the bundle's own histories answer.
func (s *Service) Recommend(ctx context.Context, c Call) (a Answer, err error) {
	live, err := s.Live() // once: a second Load could pair two builds
	if err != nil {
		return Answer{}, err
	}
	p := c.Person
	if p == nil {
		p = new(Person)
		s.Read(ctx, c.User, p)
	}
	a.Live, a.Sequence = live, live.Sequence
	a.Stages.History = p.took
	a.Stale = !p.fresh
	if p.err == nil {
		a.tell(&p.entry, p.room)
		p.keep(a.Taste)
	} else {
		a.Taste = s.bundled(live, c.User)
	}
	s.list(ctx, &a, &p.entry, p.err == nil, c)
	return a, nil
}

// tell makes the taste of a of what a person watched and said, in the room of over.
func (a *Answer) tell(e *history.Entry, over rank.Taste) {
	snap := a.Live.Snapshot
	rows, known := e.Rows.In(a.Live.number)
	if !known {
		rows = snap.RowsOf(e.Seen)
		e.Rows.Keep(a.Live.number, rows)
	}
	a.seen, a.rows, a.said = e.Seen, rows, e.Opinions
	a.Taste, a.opinions = snap.TasteAt(over, rows, a.seen, a.said, nil)
}

// Session returns a list for somebody without an account who watched seen, newest first.
func (s *Service) Session(ctx context.Context, seen []catalog.Seen, c Call) (Answer, error) {
	live, err := s.Live()
	if err != nil {
		return Answer{}, err
	}
	a := from(live)
	for _, x := range seen {
		if _, known := live.row(x.Movie); !known {
			a.Unknown = append(a.Unknown, x.Movie)
		}
	}
	a.tell(&history.Entry{Seen: seen}, rank.Taste{})
	c.User = ""
	s.list(ctx, &a, &history.Entry{}, true, c)
	return a, nil
}

// list fills in the list of a, whose taste is known. told says that the store told of the
// person.
func (s *Service) list(ctx context.Context, a *Answer, entry *history.Entry, told bool, c Call) {
	live := a.Live
	user := entry.User
	user.ID = s.listed(c.User)
	given := s.assign(c)
	a.Experiment = given.Label
	a.Request = rank.Request{
		Taste: a.Taste,
		User:  user,
		Arm:   s.arm,
		N:     c.N,
		Now:   s.now(),
		// Nobody is of age while the store cannot tell.
		Adult: told && live.Snapshot.AdultAllowed(entry.User, entry.Known),
		Rules: live.rules(c, a),
		Knobs: &live.Snapshot.Config.Knobs,
		Seed:  seedOf(c.RequestID),

		Opinions: a.opinions,
		Shown:    live.shown(entry.Shown),
	}
	if c.Arm != "" {
		a.Request.Arm = c.Arm
	}
	if s.wishes(ctx, a, entry, c) {
		a.Experiment = "" // none has a say in it
		return
	}
	s.make(ctx, a, given)
}

// shown returns by rows what a person was shown of late.
func (l *Live) shown(movies []catalog.Shown) []rank.Shown {
	if len(movies) == 0 {
		return nil
	}
	out := make([]rank.Shown, 0, len(movies))
	for _, m := range movies {
		if row, ok := l.row(m.Movie); ok {
			out = append(out, rank.Shown{Row: row, Times: m.Times})
		}
	}
	return out
}

// seedOf returns what stands for a request where something is drawn.
func seedOf(requestID string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(requestID)) // never fails
	return h.Sum64()
}

// rowsOf returns the rows of a history, newest first.
func rowsOf(t rank.Taste) []uint32 {
	rows := make([]uint32, len(t.Watched))
	for i, w := range t.Watched {
		rows[i] = w.Row
	}
	return rows
}

// Popular returns what everybody watches.
func (s *Service) Popular(c Call) (Answer, error) {
	live, err := s.Live()
	if err != nil {
		return Answer{}, err
	}
	a := from(live)
	a.Request = rank.Request{N: c.N, Now: s.now(), Arm: rank.ArmFeatures, Rules: live.rules(c, &a)}
	a.List = live.Snapshot.Recommend(a.Request)
	return a, nil
}

// Similar returns movies near the movie id. Without such a movie the error wraps
// [catalog.ErrNotFound].
func (s *Service) Similar(ctx context.Context, id catalog.MovieID, c Call) (Answer, error) {
	live, err := s.Live()
	if err != nil {
		return Answer{}, err
	}
	row, ok := live.row(id)
	if !ok {
		return Answer{}, fmt.Errorf("movie %q: %w", id, catalog.ErrNotFound)
	}
	a := from(live)
	s.near(ctx, &a, []uint32{row}, nil)
	a.Request = rank.Request{N: c.N, Now: s.now(), Near: a.Near, Rules: live.rules(c, &a)}
	a.List = live.Snapshot.Similar(row, a.Request)
	if len(a.List.Items) < min(c.N, rank.MaxCount) && a.Neighbours != FromTable {
		s.widen(ctx, &a, row)
	}
	return a, nil
}

// widen lets the index say what is near to row, where too few of the neighbours that the
// table has may be listed. Without an answer those stay.
func (s *Service) widen(ctx context.Context, a *Answer, row uint32) {
	r := a.Request
	r.Exclude = append(slices.Clip(r.Exclude), row)
	v := a.Live.State.Vector(row)
	if indexer.ZeroRow(v, len(v), 0) {
		return
	}
	state := a.Live.State
	corrections := len(state.CorrectionsOf(state.Snapshot.Movies.IDs[row])) // each may block one of those found, or pin one that is not
	rows, scores, err := a.Live.nearest(ctx, v, r.N+corrections, r)
	if err != nil {
		return
	}
	hits := make([]indexer.Hit, len(rows))
	for i := range rows {
		hits[i] = indexer.Hit{Row: rows[i], Score: scores[i]}
	}
	r.Near = [][]indexer.Hit{state.Corrected(row, hits, len(hits)+corrections)} // as the table is
	if wider := state.Snapshot.Similar(row, r); len(wider.Items) > len(a.List.Items) {
		a.List = wider
	}
}

// History returns what is known of u: see [history.Cache.Of].
func (s *Service) History(ctx context.Context, u catalog.UserID) (e history.Entry, fresh bool, err error) {
	return s.histories.Of(ctx, u)
}
