package rank

import (
	"math/bits"
	"sync"
	"sync/atomic"
)

// allowed reports whether row may be listed for r, which a call of [Snapshot.admit]
// looked at: whether its rules let it through, and the person neither watched it nor
// said what they think of it. It is one test of a bit.
func (s *Snapshot) allowed(row uint32, r Request) bool { return r.mask.has(row) }

// A gate has what the rules that always hold let through, and masks to borrow.
type gate struct {
	open  atomic.Pointer[open]
	masks sync.Pool // of *mask
}

// An open has a bit for each row that is released on a day, there, and not hidden.
type open struct {
	day   int32
	all   []uint64
	minor []uint64 // without adult movies

	collections bool // there are some in the catalog
}

// A mask has a bit for each row that may be listed for one request.
type mask struct {
	bits []uint64
	some []uint64 // working memory
}

func (m *mask) has(row uint32) bool { return m.bits[row>>6]>>(row&63)&1 != 0 }

// more reports whether more than n rows may be listed.
func (m *mask) more(n int) bool {
	for _, w := range m.bits {
		if n -= bits.OnesCount64(w); n < 0 {
			return true
		}
	}
	return false
}

// admit returns the rows that may be listed for r, to be kept in r.mask while r is
// answered and then to be given back by [Snapshot.release]. Without rules of r it takes
// 0.3 microseconds for 27,000 movies, with them some 10 (BenchmarkAdmit).
//
// In bundles before format 3, which know no genres and languages, no movie passes a rule
// that asks for them, nor one that refuses some: a list would else hold what was refused.
func (s *Snapshot) admit(r *Request) *mask {
	m, _ := s.gate.masks.Get().(*mask)
	if m == nil {
		words := (s.Movies.Len() + 63) / 64
		m = &mask{bits: make([]uint64, words), some: make([]uint64, words)}
	}
	base := s.openOn(Day(r.Now))
	if r.Adult {
		copy(m.bits, base.all)
	} else {
		copy(m.bits, base.minor)
	}
	m.keep(s.Movies, &r.Rules)
	for _, w := range r.Taste.Watched {
		m.drop(w.Row)
	}
	m.dropAll(r.Exclude)
	m.dropAll(r.Opinions.Liked)
	m.dropAll(r.Opinions.Disliked)
	m.dropAll(r.Opinions.Dismissed)
	return m
}

// release takes back what admit returned.
func (s *Snapshot) release(m *mask) { s.gate.masks.Put(m) }

// openOn returns what the rules that always hold let through on a day. It is made once
// for each day that is asked for in turn, in O(movies).
func (s *Snapshot) openOn(day int32) *open {
	if o := s.gate.open.Load(); o != nil && o.day == day {
		return o
	}
	words := (s.Movies.Len() + 63) / 64
	o := &open{day: day, all: make([]uint64, words), minor: make([]uint64, words)}
	for row := range uint32(s.Movies.Len()) {
		if s.Movies.Collections != nil && s.Movies.Collections[row] != "" {
			o.collections = true
		}
		released := s.Movies.Released[row]
		if s.Hidden(row) || released != DayUnknown && released > day {
			continue
		}
		o.all[row>>6] |= 1 << (row & 63)
		if !s.Movies.Adult[row] {
			o.minor[row>>6] |= 1 << (row & 63)
		}
	}
	s.gate.open.Store(o)
	return o
}

// keep takes out what the rules of a request refuse.
func (m *mask) keep(movies *Movies, r *Rules) {
	if r.Only != nil {
		clear(m.some)
		m.mark(r.Only)
		m.intersect()
	}
	if len(r.Genres)+len(r.NotGenres)+len(r.Languages) > 0 {
		m.keepTags(movies.tagged(), r)
	}
	if r.FromYear != 0 || r.ToYear != 0 {
		m.keepYears(movies.Years, r.FromYear, r.ToYear)
	}
}

// keepTags keeps movies of any of the genres and languages asked for, and none of the
// genres refused.
func (m *mask) keepTags(t *tags, r *Rules) {
	if !t.known {
		clear(m.bits)
		return
	}
	if len(r.Genres) > 0 {
		clear(m.some)
		for _, g := range r.Genres {
			m.markTag(t.genres[fold(g)])
		}
		m.intersect()
	}
	for _, g := range r.NotGenres {
		m.dropTag(t.genres[fold(g)])
	}
	if len(r.Languages) > 0 {
		clear(m.some)
		for _, l := range r.Languages {
			m.markTag(t.languages[fold(l)])
		}
		m.intersect()
	}
}

// keepYears keeps movies of the years from to to, 0 for no bound.
func (m *mask) keepYears(years []uint16, from, to int) {
	for i, word := range m.bits {
		for left := word; left != 0; left &= left - 1 {
			bit := bits.TrailingZeros64(left)
			y := int(years[i*64+bit])
			if y == 0 || y < from || to != 0 && y > to {
				m.bits[i] &^= 1 << bit
			}
		}
	}
}

// mark sets the bits of rows in the working memory.
func (m *mask) mark(rows []uint32) {
	for _, row := range rows {
		if i := int(row >> 6); i < len(m.some) {
			m.some[i] |= 1 << (row & 63)
		}
	}
}

// markTag sets the bits of the movies of t, which are of the same catalog.
func (m *mask) markTag(t tag) {
	m.mark(t.rows)
	for i, w := range t.bits {
		m.some[i] |= w
	}
}

// dropTag takes out the movies of t.
func (m *mask) dropTag(t tag) {
	m.dropAll(t.rows)
	for i, w := range t.bits {
		m.bits[i] &^= w
	}
}

// intersect keeps what is marked.
func (m *mask) intersect() {
	for i, w := range m.some {
		m.bits[i] &= w
	}
}

func (m *mask) drop(row uint32) {
	if i := int(row >> 6); i < len(m.bits) {
		m.bits[i] &^= 1 << (row & 63)
	}
}

func (m *mask) dropAll(rows []uint32) {
	for _, row := range rows {
		m.drop(row)
	}
}
