package rank

import (
	"math"
	"slices"
)

// depth returns how many of the best candidates [Snapshot.place] chooses n from: more
// than n where knobs or boosts may lift some, and as many as exploration draws from.
func (s *Snapshot) depth(r Request, n int) int {
	k := s.knobs(r)
	depth := n
	switch {
	case s.moves(r, k):
		depth = 2*n + 60
	case k.Diversity > 0 || s.capped(k):
		depth = 2*n + 20
	}
	if len(r.Boosts) > 0 { // tenfold, or a tenth, may lead from one end of the catalog to the other
		depth = max(depth, s.Movies.Len())
	}
	_, more := explored(k.Explore, n)
	return max(depth, n+more*(exploreFrom-1))
}

// knobs returns the knobs that hold for r.
func (s *Snapshot) knobs(r Request) *Knobs {
	if r.Knobs != nil {
		return r.Knobs
	}
	return &s.Config.Knobs
}

// moves reports whether anything but the order of pool decides on scores.
func (s *Snapshot) moves(r Request, k *Knobs) bool {
	return len(r.Boosts) > 0 || k.Popularity != 0 || k.Cost > 0 && s.Movies.Costs != nil || k.Rotate > 0 && len(r.Shown) > 0 ||
		k.Disliked > 0 && len(r.Opinions.Disliked) > 0 || k.Dismissed > 0 && len(r.Opinions.Dismissed) > 0
}

// capped reports whether a list holds only so many of a collection, in a catalog that has
// collections.
func (s *Snapshot) capped(k *Knobs) bool {
	if k.PerCollection <= 0 || s.Movies.Collections == nil {
		return false
	}
	o := s.gate.open.Load()
	return o == nil || o.collections
}

// place puts n of pool, which is sorted best first, into list, which may share its
// memory. In this order: boosts multiply scores; knobs add to them and take off; movies
// are placed one by one by score and by novelty (see [Knobs.Diversity]), no more of a
// collection than allowed while others are left; and places to explore are drawn, see
// [explored]. Scores end between 0 and 1; where novelty or a draw had a say, the list is
// not in their order. With all knobs off it does nothing; 20 of 100 take 2 to 5
// microseconds and one allocation (BenchmarkPlace).
func (s *Snapshot) place(list *List, pool []Item, r Request, n int) {
	k := s.knobs(r)
	moved := s.moves(r, k)
	_, drawn := explored(k.Explore, n)
	if !moved && k.Diversity <= 0 && !s.capped(k) && drawn == 0 {
		list.Items = pool[:min(n, len(pool))]
		return
	}
	p := s.begin(pool)
	defer s.end(p)
	if moved {
		s.move(p, r, k)
	}
	order := s.order(p, k, min(len(pool), n+drawn*(exploreFrom-1)), n)
	list.Items = make([]Item, min(n, len(order)))
	for i := range list.Items {
		list.Items[i] = p.item(order[i])
	}
	if drawn > 0 && len(order) > n {
		p.explore(list, order, k.Explore, r.Seed)
	}
}

// A placing is the working memory of one call of place.
type placing struct {
	pool  []Item
	cands []candidate
	at    []uint16 // row -> 1 + its place in cands; all zeros between requests
	order []uint16 // places in cands, as they are listed
	drawn []uint16

	keys   []uint64 // of sort
	sorted []candidate
}

// A candidate is a movie of the pool while it is placed.
type candidate struct {
	score      float32 // after boosts and knobs; not held between 0 and 1
	near       float32 // to the nearest of those that stand above
	item       uint16  // its place in the pool
	placed     bool
	full       bool   // its collection has its places
	collection string // with a cap only
}

// item returns what is listed for the candidate at.
func (p *placing) item(at uint16) Item {
	c := &p.cands[at]
	item := p.pool[c.item]
	item.Score = min(max(c.score, 0), 1)
	return item
}

// begin borrows working memory for pool.
func (s *Snapshot) begin(pool []Item) *placing {
	p, _ := s.places.Get().(*placing)
	if p == nil {
		p = &placing{at: make([]uint16, s.Movies.Len())}
	}
	p.pool = pool[:min(len(pool), math.MaxUint16-1)]
	p.cands = slices.Grow(p.cands[:0], len(p.pool))[:len(p.pool)]
	for i := range p.pool {
		p.cands[i] = candidate{score: p.pool[i].Score, item: uint16(i)}
	}
	p.index()
	return p
}

// index tells rows where they stand in cands.
func (p *placing) index() {
	for i, c := range p.cands {
		p.at[p.pool[c.item].Row] = uint16(i + 1)
	}
}

// end gives it back.
func (s *Snapshot) end(p *placing) {
	for i := range p.pool {
		p.at[p.pool[i].Row] = 0
	}
	p.pool = nil
	s.places.Put(p)
}

// of returns the candidate of a row, or nil.
func (p *placing) of(row uint32) *candidate {
	if int64(row) >= int64(len(p.at)) || p.at[row] == 0 {
		return nil
	}
	return &p.cands[p.at[row]-1]
}

// move changes scores by boosts and knobs, and sorts the candidates anew.
func (s *Snapshot) move(p *placing, r Request, k *Knobs) {
	s.boost(p, r.Boosts)
	popularity, cost := float32(k.Popularity), float32(0)
	if k.Cost > 0 {
		if dearest := s.Movies.tagged().dearest; dearest > 0 {
			cost = float32(k.Cost) / dearest
		}
	}
	for i := range p.cands {
		c := &p.cands[i]
		item := &p.pool[c.item]
		c.score += popularity * item.Popularity
		if cost > 0 {
			c.score -= cost * s.Movies.Costs[item.Row]
		}
	}
	for _, x := range r.Shown {
		if c := p.of(x.Row); c != nil {
			c.score -= float32(k.Rotate) * float32(x.Times)
		}
	}
	s.avoid(p, r.Opinions.Disliked, k.Disliked)
	s.avoid(p, r.Opinions.Dismissed, k.Dismissed)
	p.sort()
}

// sort orders the candidates by falling score, ties as in the pool. They are sorted as
// numbers, which takes a third of the time of a func to compare them.
func (p *placing) sort() {
	p.keys = p.keys[:0]
	for i := range p.cands {
		b := math.Float32bits(p.cands[i].score)
		if b>>31 == 0 {
			b = ^b & math.MaxInt32 // of positive numbers the larger first
		}
		p.keys = append(p.keys, uint64(b)<<32|uint64(i))
	}
	slices.Sort(p.keys)
	p.sorted = append(p.sorted[:0], p.cands...)
	for i, key := range p.keys {
		p.cands[i] = p.sorted[uint32(key)]
	}
	p.index()
}

// avoid takes weight off the scores of movies as far as they are near to one of rows.
// Only what stands in the neighbour table is near, and only as many rows count, the
// first of them, as movies of a history do.
func (s *Snapshot) avoid(p *placing, rows []uint32, weight float64) {
	if weight <= 0 {
		return
	}
	for i := range p.cands {
		p.cands[i].near = 0
	}
	rows = rows[:min(len(rows), s.Config.History)]
	for _, row := range rows {
		p.approach(s, row)
	}
	for i := range p.cands {
		c := &p.cands[i]
		c.score -= float32(weight) * min(c.near, 1)
		c.near = 0
	}
}

// approach tells the candidates among the neighbours of row how near they are to it.
func (p *placing) approach(s *Snapshot, row uint32) {
	for _, nb := range s.Table.Of(row) {
		if c := p.of(nb.Row); c != nil {
			c.near = max(c.near, nb.Score)
		}
	}
}

// order lists count candidates, or n if the cap of collections leaves fewer: greedily,
// each time the one of the most score and novelty.
func (s *Snapshot) order(p *placing, k *Knobs, count, n int) []uint16 {
	capped := s.capped(k)
	if capped {
		for i := range p.cands {
			p.cands[i].collection = s.Movies.Collections[p.pool[p.cands[i].item].Row]
		}
	}
	p.order = p.order[:0]
	for first := 0; len(p.order) < count; {
		at := p.next(float32(k.Diversity), &first)
		if at < 0 {
			if len(p.order) >= n || !p.reopen() {
				break
			}
			count, capped = n, false // all others are listed: more of a collection than an empty place
			first = 0
			continue
		}
		c := &p.cands[at]
		c.placed = true
		p.order = append(p.order, uint16(at))
		if capped && c.collection != "" {
			p.close(c.collection, k.PerCollection)
		}
		if k.Diversity > 0 && len(p.order) < count {
			p.approach(s, p.pool[c.item].Row)
		}
	}
	return p.order
}

// next returns the candidate to be placed, or -1 if none is left. Those before first are
// placed. Scores fall, and nearness only takes off, so that most often the first few
// candidates decide.
func (p *placing) next(diversity float32, first *int) int {
	for *first < len(p.cands) && p.cands[*first].placed {
		*first++
	}
	best, most := -1, float32(0)
	for i := *first; i < len(p.cands); i++ {
		c := &p.cands[i]
		if c.placed || c.full {
			continue
		}
		score := (1 - diversity) * c.score
		if best >= 0 && score <= most {
			break
		}
		if score -= diversity * c.near; best < 0 || score > most {
			best, most = i, score
		}
	}
	return best
}

// close keeps out the others of a collection once it has its places.
func (p *placing) close(collection string, places int) {
	for _, at := range p.order {
		if p.cands[at].collection == collection {
			places--
		}
	}
	if places > 0 {
		return
	}
	for i := range p.cands {
		if c := &p.cands[i]; c.collection == collection {
			c.full = true
		}
	}
}

// reopen lets in what a cap kept out, and reports whether there was something.
func (p *placing) reopen() bool {
	was := false
	for i := range p.cands {
		c := &p.cands[i]
		was = was || c.full && !c.placed
		c.full = false
	}
	return was
}
