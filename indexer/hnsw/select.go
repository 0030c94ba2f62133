package hnsw

import "marquee/embedder/vec"

// choose returns, in w.picks, at most room of the candidates for the links of one
// row (algorithm 4 of the paper): best first, leaving out each that is nearer to
// one chosen before than to the row itself. So links lead in all directions, not
// into one cluster alone. candidates are best first, scored with the row.
func (x *Index) choose(w *walk, candidates []key, room int) []key {
	w.picks = w.picks[:0]
	for _, c := range candidates {
		if len(w.picks) == room {
			break
		}
		if !x.shadowed(w.picks, c) {
			w.picks = append(w.picks, c&^followed)
		}
	}
	return w.picks
}

// shadowed says whether one of picks is nearer to c than c is to the row that
// both were scored with. Picks are compared four at a time; the last ones twice,
// which costs less than one at a time.
func (x *Index) shadowed(picks []key, c key) bool {
	score, row := c.score(), x.row(c.row())
	for i := 0; i < len(picks); i += 4 {
		last := len(picks) - 1
		a, b := picks[i], picks[min(i+1, last)]
		p, q := picks[min(i+2, last)], picks[min(i+3, last)]
		s0, s1, s2, s3 := vec.Dot4(row, x.row(a.row()), x.row(b.row()), x.row(p.row()), x.row(q.row()))
		if max(s0, s1, s2, s3) > score {
			return true
		}
	}
	return false
}
