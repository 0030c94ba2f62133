package content

import (
	"marquee/embedder/vec"
	"marquee/indexer"
	"marquee/recommender/model"
	"marquee/recommender/model/board"
	"marquee/recommender/model/linear"
)

// Ask is [model.Asker]'s. By table it takes time proportional to the neighbours of the
// history that count: see [Config.AskFloor] and [Config.AskNear]. Scores fall short of those of Score by less
// than that share of the most that one neighbour brings for each movie of the history;
// moments are those of such scores. By profile nothing is left out.
func (m *Model) Ask(q model.Query) (model.Asked, model.Basis) {
	if m.c.How == Profile {
		return m.askProfile(q)
	}
	a, ok := m.asks.Get().(*asked)
	if !ok {
		n := len(m.vectors) / m.dims
		a = &asked{model: m, heads: m.heads(), bundled: board.New[uint32](n), late: board.New[uint32](m.Len() - n)}
	}
	if basis := a.add(q); basis == model.None {
		a.Close()
		return nil, basis
	}
	return a, model.Personal
}

// An asked is one history, whose neighbours have their points.
type asked struct {
	model         *Model
	heads         *heads
	bundled, late *board.Board[uint32] // of movies of the bundle, and of those that came later
	speakers      []speaker
	rows          []uint32 // of what the table does not have
	likes         []float32
}

// A speaker is a movie of the history, whose neighbours in the table stand in the heads
// from and to.
type speaker struct {
	row      uint32
	from, to uint32
	say      float32
}

// heads are the nearest of each movie in the table, sharpened, nearest first.
type heads struct {
	starts []uint32 // [movies+1]
	rows   []uint32
	likes  []float32
}

// head makes the heads. It takes time and memory proportional to them.
func (m *Model) head() *heads {
	h := &heads{starts: make([]uint32, 1, m.table.Rows()+1)}
	for row := range uint32(m.table.Rows()) {
		near := m.table.Of(row)
		if most := m.c.AskNear; most > 0 && most < len(near) {
			near = near[:most]
		}
		for _, n := range near {
			if n.Score <= 0 {
				break // nearest first
			}
			h.rows, h.likes = append(h.rows, n.Row), append(h.likes, sharpen(n.Score, m.c.Sharpness))
		}
		h.starts = append(h.starts, uint32(len(h.rows)))
	}
	return h
}

// of returns where the head of a row lies: nowhere for one that came later.
func (h *heads) of(row uint32) (from, to uint32) {
	if int(row)+1 >= len(h.starts) {
		return 0, 0
	}
	return h.starts[row], h.starts[row+1]
}

// fetched is how many neighbours of each head are under way before the first head is read:
// they lie anywhere in memory, and seldom more count.
const fetched = 16

func (h *heads) fetch(from, to uint32) {
	to = min(to, from+fetched)
	vec.Fetch(h.likes[from:to])
	vec.Fetch(h.rows[from:to])
}

// add gives the neighbours of a history their points.
func (a *asked) add(q model.Query) model.Basis {
	m, h := a.model, a.heads
	a.speakers = a.speakers[:0]
	basis := m.each(q, func(row uint32, say float32) bool {
		from, to := h.of(row)
		a.speakers = append(a.speakers, speaker{row, from, to, say})
		return from < to || m.more != nil && len(m.more[row]) > 0
	})
	for _, s := range a.speakers {
		h.fetch(s.from, s.to)
	}
	most := float32(0)
	for _, s := range a.speakers {
		if s.from < s.to {
			most = max(most, s.say*h.likes[s.from])
		}
	}
	floor := most * float32(m.c.AskFloor)
	a.rows, a.likes = a.rows[:0], a.likes[:0]
	for _, s := range a.speakers {
		if s.from < s.to {
			least := float32(0)
			if floor > 0 {
				least = floor / s.say
			}
			a.bundled.AddDown(h.rows[s.from:s.to], h.likes[s.from:s.to], s.say, least)
		}
		if m.more != nil && len(m.more[s.row]) > 0 {
			a.more(m.more[s.row], s.say)
		}
	}
	return basis
}

// more adds neighbours that the table does not have, all of them: those of the bundle,
// then those that came later.
func (a *asked) more(near []indexer.Neighbour, say float32) {
	n := uint32(len(a.bundled.Points()))
	for _, late := range []bool{false, true} {
		from := len(a.rows)
		for _, other := range near {
			if (other.Row >= n) == late && other.Score > 0 {
				row := other.Row
				if late {
					row -= n
				}
				a.rows, a.likes = append(a.rows, row), append(a.likes, sharpen(other.Score, a.model.c.Sharpness))
			}
		}
		to := a.bundled
		if late {
			to = a.late
		}
		to.Add(a.rows[from:], a.likes[from:], say)
	}
}

// ScoreRows is [model.Asked]'s.
func (a *asked) ScoreRows(rows []uint32, scores []float32) {
	bundled, late, blanks := a.bundled.Points(), a.late.Points(), a.model.blanks
	for i, row := range rows {
		if int(row) < len(bundled) {
			scores[i] = bundled[row] + blanks.Of(row) // NaN stays
		} else {
			scores[i] = late[int(row)-len(bundled)] + blanks.Of(row)
		}
	}
}

// Moments is [model.Asked]'s. No movie without a vector is a neighbour.
func (a *asked) Moments() model.Moments { return a.bundled.Moments(a.model.known) }

// Close is [model.Asked]'s.
func (a *asked) Close() {
	a.bundled.Clean()
	a.late.Clean()
	a.model.asks.Put(a)
}

// An askedProfile is the sum of a history.
type askedProfile struct {
	model            *Model
	profile, scratch []float32 // [dims]
}

func (m *Model) askProfile(q model.Query) (model.Asked, model.Basis) {
	a, ok := m.asks.Get().(*askedProfile)
	if !ok {
		a = &askedProfile{m, make([]float32, m.dims), make([]float32, m.dims)}
	}
	if !m.sum(q, a.profile) {
		a.Close()
		return nil, model.None
	}
	return a, model.Personal
}

// ScoreRows is [model.Asked]'s.
func (a *askedProfile) ScoreRows(rows []uint32, scores []float32) {
	linear.Scores(scores, a.profile, a.model.vectors, a.model.late, rows)
	for i, row := range rows {
		scores[i] += a.model.blank[row]
	}
}

// Moments is [model.Asked]'s.
func (a *askedProfile) Moments() model.Moments {
	return a.model.statistics().Of(a.profile, 0, a.scratch)
}

// Close is [model.Asked]'s.
func (a *askedProfile) Close() { a.model.asks.Put(a) }

// sum makes profile that of a history, of unit length, and reports whether there is one.
func (m *Model) sum(q model.Query, profile []float32) bool {
	clear(profile)
	m.each(q, func(row uint32, say float32) bool {
		vec.Axpy(say, m.vector(row), profile)
		return m.blank[row] == 0
	})
	return vec.Normalize(profile) > 0
}
