package rank

import "math/bits"

// Place puts n of pool into a list, as lists of all arms are made.
func (s *Snapshot) Place(pool []Item, r Request, n int) List {
	list := List{Sources: []string{"source"}}
	s.place(&list, pool, r, n)
	return list
}

// Depth is how many candidates Place wants.
func (s *Snapshot) Depth(r Request, n int) int { return s.depth(r, n) }

// Admit counts the rows that may be listed.
func (s *Snapshot) Admit(r Request) int {
	m := s.admit(&r)
	defer s.release(m)
	n := 0
	for _, w := range m.bits {
		n += bits.OnesCount64(w)
	}
	return n
}
