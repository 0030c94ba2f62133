package rank

import (
	"slices"

	"marquee/catalog"
	"marquee/indexer"
)

// AdultAllowed reports whether adult movies may be shown to a person. known says
// that the store has a record of u. Minors never see them, and people whose age
// is not known only where the configuration says so.
func (s *Snapshot) AdultAllowed(u catalog.User, known bool) bool {
	if known && u.Age > 0 {
		return !u.Minor()
	}
	return s.Config.AdultForUnknown
}

// Recommend returns at most r.N movies, best first, each once, none of them
// watched, and fewer only when the rules leave fewer. It takes time proportional
// to the neighbours of the watched movies, or to the candidates of a
// [model.Suggester], or, of any other model and where rules leave too few candidates, to
// the catalog. A person without a known movie gets the popular ones.
func (s *Snapshot) Recommend(r Request) List {
	n := min(max(r.N, 1), MaxCount)
	r.mask = s.admit(&r)
	defer s.release(r.mask)
	arm := s.Arms.named(r.Arm)
	for i := range s.served {
		if a := &s.served[i]; a.name == arm {
			if list, ok := s.byModel(a, r, n); ok {
				return list
			}
		}
	}
	w := s.scratch.Get().(*scratch)
	defer func() {
		w.clear()
		s.scratch.Put(w)
	}()
	for _, m := range r.Taste.Watched {
		w.touch(m.Row, stateSeen)
	}
	s.gather(w, r)
	s.addPopular(w, r, s.depth(r, n))
	list := List{Tier: TierPopular, Arm: arm, Sources: []string{sourceNeighbour, sourcePopular}}
	s.place(&list, s.best(w, r, s.depth(r, n)), r, n)
	if slices.ContainsFunc(list.Items, func(i Item) bool { return i.Source&SourceNeighbour != 0 }) {
		list.Tier = TierPersonal
	}
	return list
}

// gather sums the similarities of the neighbours of what was watched.
func (s *Snapshot) gather(w *scratch, r Request) {
	weight := 1.0
	w.summed = true
	watched := r.Taste.Watched[:min(len(r.Taste.Watched), s.Config.History)]
	for i, m := range watched {
		say := float32(weight) * s.say.byPreference[min(m.Preference, 50)]
		weight *= s.say.decay
		for _, nb := range s.near(r.Near, i, m.Row) {
			near := nb.Score
			if near <= 0 {
				break // best first: no later one is above 0
			}
			w.touch(nb.Row, stateNeighbour)
			w.near[nb.Row] += say * sharpen(near, s.Config.Sharpness)
		}
	}
	for _, row := range r.Taste.Anchors {
		say := s.say.byPreference[AnchorPreference]
		w.touch(row, stateNeighbour)
		w.near[row] += say
		for _, nb := range s.Table.Of(row) {
			if nb.Score <= 0 {
				break
			}
			w.touch(nb.Row, stateNeighbour)
			w.near[nb.Row] += say * sharpen(nb.Score, s.Config.Sharpness)
		}
	}
}

// near returns the neighbours of a row, the i-th of those that near has.
func (s *Snapshot) near(near [][]indexer.Hit, i int, row uint32) []indexer.Neighbour {
	if i < len(near) && near[i] != nil {
		return near[i]
	}
	return s.Table.Of(row)
}

// sharpen returns a similarity to the power of sharpness, 1 to 4.
func sharpen(similarity float32, sharpness int) float32 {
	switch sharpness {
	case 2:
		return similarity * similarity
	case 3:
		return similarity * similarity * similarity
	case 4:
		square := similarity * similarity
		return square * square
	}
	return similarity
}

// addPopular adds the most popular movies that may be shown as candidates, n of
// them at least: so a list is short only when the rules leave fewer than n.
func (s *Snapshot) addPopular(w *scratch, r Request, n int) {
	want := max(s.Config.PopularCandidates, n)
	for _, row := range s.Stats.Order {
		if want == 0 {
			return
		}
		if w.state[row]&stateSeen == 0 && s.allowed(row, r) {
			w.touch(row, statePopular)
			want--
		}
	}
}

// best blends the features of every candidate and returns the n best.
func (s *Snapshot) best(w *scratch, r Request, n int) []Item {
	nearest := float32(0)
	for _, row := range w.touched {
		if w.state[row]&stateSeen == 0 {
			nearest = max(nearest, w.near[row])
		}
	}
	unit := float32(0)
	if nearest > 0 {
		unit = 1 / nearest
	}
	c := s.Config
	total := c.Similarity + c.Quality + c.Popularity
	ws, wq, wp := float32(c.Similarity/total), float32(c.Quality/total), float32(c.Popularity/total)
	w.top = w.top[:0]
	for _, row := range w.touched {
		if w.state[row]&stateSeen != 0 || !s.allowed(row, r) {
			continue
		}
		score := ws*w.near[row]*unit + wq*s.Stats.Quality[row] + wp*s.Stats.Popularity[row]
		w.top = push(w.top, scored{score: score, row: row}, n)
	}
	sortBest(w.top)
	items := make([]Item, 0, n)
	for _, t := range w.top {
		item := s.item(t.row, min(t.score, 1)) // rounding may lead past 1
		item.Similarity = min(w.near[t.row]*unit, 1)
		if w.state[t.row]&stateNeighbour != 0 {
			item.Source |= SourceNeighbour
		}
		if w.state[t.row]&statePopular != 0 {
			item.Source |= SourcePopular
		}
		items = append(items, item)
	}
	return items
}

func (s *Snapshot) item(row uint32, score float32) Item {
	return Item{Row: row, Score: score, Quality: s.Stats.Quality[row], Popularity: s.Stats.Popularity[row], Propensity: 1}
}
