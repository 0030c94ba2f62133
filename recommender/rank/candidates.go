package rank

import (
	"cmp"
	"slices"
	"sort"

	"marquee/indexer"
	"marquee/recommender/model"
)

// The sources of candidates of a [model.Suggester], which stand behind its parts in
// [List.Sources], in this order.
var brought = []string{"suggested", sourceNeighbour, "most-watched", "fresh"}

// firstBringer is the bit of a scratch that stands for the first of brought; the others
// follow in order.
const firstBringer = 1

// newestNear is of how many of the newest watched movies neighbours are candidates.
const newestNear = 20

// nominate touches the candidates for r in w, which is empty: each source brings as many
// as its knob says, as far as it has them. What the model suggests too few of, popular
// movies make up for.
func (s *Snapshot) nominate(w *scratch, m model.Suggester, q model.Query, r Request) {
	k := s.knobs(r)
	left := s.nominateSuggested(w, m, q, r, k.Suggested)
	s.nominateNear(w, r, k.Neighbours)
	s.nominateIn(w, r, s.Stats.Order, statePopular, k.Popular+left)
	s.nominateFresh(w, r, k.Fresh)
}

// nominateSuggested returns how many of n are missing. Under rules that refuse some
// movies it takes all that the model suggests.
func (s *Snapshot) nominateSuggested(w *scratch, m model.Suggester, q model.Query, r Request, n int) (missing int) {
	if n == 0 {
		return 0
	}
	want := n + len(r.Taste.Watched) + len(r.Exclude) + len(r.Opinions.Liked) + len(r.Opinions.Disliked) + len(r.Opinions.Dismissed)
	if r.refuses() {
		want = s.Movies.Len()
	}
	w.rows = m.Suggest(q, w.rows[:0], want)
	for _, row := range w.rows {
		if r.mask.has(row) {
			w.touch(row, stateSuggested)
		}
	}
	return max(0, n-len(w.touched))
}

// nominateNear takes the nearest of each of the newest watched movies, then the second
// nearest of each, and so on.
func (s *Snapshot) nominateNear(w *scratch, r Request, n int) {
	watched := r.Taste.Watched[:min(len(r.Taste.Watched), newestNear)]
	w.fetched = s.fetchNear(watched, r.Near)
	for rank, more := 0, true; more && n > 0; rank++ {
		more = false
		for i, m := range watched {
			list := s.near(r.Near, i, m.Row)
			if rank >= len(list) || list[rank].Score <= 0 {
				continue
			}
			more = true
			if row := list[rank].Row; r.mask.has(row) && w.state[row]&stateNeighbour == 0 {
				w.touch(row, stateNeighbour)
				if n--; n == 0 {
					return
				}
			}
		}
	}
}

// fetchNear reads the first neighbour of each of watched, so that all of them are under way
// at once: they lie anywhere in a table that no cache holds.
func (s *Snapshot) fetchNear(watched []Watched, near [][]indexer.Hit) (sum uint32) {
	for i, m := range watched {
		if list := s.near(near, i, m.Row); len(list) > 0 {
			sum += list[0].Row
		}
	}
	return sum
}

// nominateIn takes the first n of order, and returns how many are missing.
func (s *Snapshot) nominateIn(w *scratch, r Request, order []uint32, source uint8, n int) (missing int) {
	for _, row := range order {
		if n <= 0 {
			return 0
		}
		if r.mask.has(row) {
			w.touch(row, source)
			n--
		}
	}
	return n
}

// nominateFresh takes what came after the build, newest first, and then what was released
// last.
func (s *Snapshot) nominateFresh(w *scratch, r Request, n int) {
	n = s.nominateIn(w, r, s.fresh[:s.later], stateFresh, n)
	built, day := s.fresh[s.later:], Day(r.Now)
	from := sort.Search(len(built), func(i int) bool { return s.Movies.Released[built[i]] <= day })
	s.nominateIn(w, r, built[from:], stateFresh, n)
}

// nominateAll takes all that may be listed, beside what was taken before.
func (s *Snapshot) nominateAll(w *scratch, r Request) {
	for row := range uint32(s.Movies.Len()) {
		if w.state[row] == 0 && r.mask.has(row) {
			w.touched = append(w.touched, row)
		}
	}
}

// refuses reports whether r has rules that refuse some of what would else be listed.
func (r *Request) refuses() bool {
	return r.Only != nil || len(r.Genres)+len(r.NotGenres)+len(r.Languages) > 0 || r.FromYear != 0 || r.ToYear != 0
}

// freshest returns the movies of which the last later came after the build: these
// first, newest first, and then all others by falling day of release.
func freshest(m *Movies, later int) []uint32 {
	rows := make([]uint32, m.Len())
	for i := range rows {
		rows[i] = uint32(len(rows) - 1 - i)
	}
	slices.SortStableFunc(rows[later:], func(a, b uint32) int { return cmp.Compare(m.Released[b], m.Released[a]) })
	return rows
}
