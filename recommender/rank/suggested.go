package rank

import (
	"slices"

	"marquee/recommender/model"
)

// bySuggester is byModel of a model that scores candidates only.
func (s *Snapshot) bySuggester(a *served, r Request, n int) (List, bool) {
	w := s.scratch.Get().(*scratch)
	defer func() {
		w.clear()
		s.scratch.Put(w)
	}()
	asked, basis := s.choose(w, a, model.Query{User: r.User, Seen: r.Taste.Seen}, r, s.depth(r, n))
	if basis == model.None {
		return List{}, false
	}
	defer asked.Close()
	list := List{Arm: a.name, Sources: a.sources, Tier: tierOf(basis)}
	s.place(&list, s.pool(w, a, asked, r), r, n)
	if len(list.Items) == 0 {
		return List{}, false
	}
	list.Items = s.describe(w, a, asked, list.Items)
	s.addLast(&list, r, n)
	return list, true
}

// choose leaves the n best of the candidates in w.top, best first, and returns what scored
// them. Where there are too few of them, or hardly fewer than movies that may be listed,
// all of these are scored.
func (s *Snapshot) choose(w *scratch, a *served, q model.Query, r Request, n int) (model.Asked, model.Basis) {
	k := s.knobs(r)
	few := k.Suggested + k.Neighbours + k.Popular + k.Fresh
	all := few == 0 || !r.mask.more(max(2*few, n))
	if all {
		s.nominateAll(w, r)
	} else {
		s.nominate(w, a.suggester, q, r)
	}
	asked, basis := model.AskRows(a.suggester, q, w.touched, w.grow())
	if basis == model.None {
		return nil, model.None
	}
	least := n
	if r.refuses() {
		least *= thorough
	}
	if w.keep(n) < least && !all {
		s.nominateAll(w, r)
		asked.ScoreRows(w.touched, w.grow())
		w.keep(n)
	}
	return asked, basis
}

// thorough is how many times as many candidates as are wanted must be left of those that
// a rule lets through: with fewer, the best of what it lets through are likely elsewhere.
const thorough = 4

// grow returns the memory for the scores of the candidates.
func (w *scratch) grow() []float32 {
	w.scores = slices.Grow(w.scores[:0], len(w.touched))[:len(w.touched)]
	return w.scores
}

// keep keeps the n best of the candidates in w.top, best first, and returns how many have
// a score.
func (w *scratch) keep(n int) (known int) {
	w.top = w.top[:0]
	for i, score := range w.scores {
		if score-score != 0 { // NaN or infinite
			continue
		}
		known++
		c := scored{score: score, row: w.touched[i], at: uint32(i)}
		if n <= sortedMost {
			w.top = insert(w.top, c, n)
		} else if len(w.top) < n || score >= w.top[0].score {
			w.top = push(w.top, c, n)
		}
	}
	if n > sortedMost {
		sortBest(w.top)
	}
	return known
}

// pool returns w.top as items with what placing them needs, in memory of w.
func (s *Snapshot) pool(w *scratch, a *served, asked model.Asked, r Request) []Item {
	scale := scale{common: true}
	if !a.scaled {
		scale = scaleBy(asked.Moments())
	}
	w.pool = slices.Grow(w.pool[:0], len(w.top))[:len(w.top)]
	popularity := s.knobs(r).Popularity != 0
	for i, t := range w.top {
		w.pool[i] = Item{Row: t.row, Score: scale.unit(t.score), Propensity: 1}
		if popularity {
			w.pool[i].Popularity = s.Stats.Popularity[t.row]
		}
	}
	return w.pool
}

// describe returns a copy of placed items with all that is told of those that are listed.
func (s *Snapshot) describe(w *scratch, a *served, asked model.Asked, placed []Item) []Item {
	parts := len(a.sources) - len(brought)
	w.parts = slices.Grow(w.parts[:0], parts)[:parts]
	explainer, explains := asked.(model.Explainer)
	items := slices.Clone(placed)
	for i := range items {
		item := &items[i]
		item.Quality, item.Popularity = s.Stats.Quality[item.Row], s.Stats.Popularity[item.Row]
		source := Source(1)
		if explains {
			explainer.Explain(w.at(item.Row, i), w.parts)
			source = sourceOf(w.parts)
		}
		item.Source |= source | Source(w.state[item.Row]>>firstBringer)<<parts
	}
	return items
}

// at returns which of the candidates the row in w.top is that likely stands at place i.
func (w *scratch) at(row uint32, i int) int {
	for i >= len(w.top) || w.top[i].row != row {
		if i++; i >= len(w.top) {
			i = 0
		}
	}
	return int(w.top[i].at)
}

// sourceOf returns the parts that contributed most.
func sourceOf(parts []float32) Source {
	least := leastSource(parts, 1)
	var s Source
	for i, v := range parts {
		if v >= least {
			s |= 1 << i
		}
	}
	return s
}
