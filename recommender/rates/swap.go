package rates

import "math"

// hourShares returns the share of people who had a movie at each hour of the day, in the
// hours from one to before another, drawn to the share of all hours with the weight of
// twenty people who had it.
func (t *Table) hourShares(row, from, to int, share float64) (shares [day]float64) {
	const weight = 20
	var had, people [day]float64
	for _, s := range t.slots {
		if s.hour >= from && s.hour < to {
			people[s.hour%day] += s.people
		}
	}
	for _, c := range t.cells[row] {
		if s := t.slots[c.slot]; s.hour >= from && s.hour < to {
			had[s.hour%day] += float64(c.people)
		}
	}
	for h := range shares {
		shares[h] = (had[h] + weight) / (people[h] + weight/share)
	}
	return shares
}

// A step is how many people had a movie after a moment, and how many were expected by
// what is usual at those hours; and before it.
type step struct{ after, usualAfter, before, usualBefore float64 }

// fit returns the log-likelihood of two rates of Poisson, less what all steps of the same
// hours have in common.
func (s step) fit() float64 {
	one := func(n, usual float64) float64 {
		if n == 0 {
			return 0
		}
		return n * math.Log(n/usual)
	}
	return one(s.after, s.usualAfter) + one(s.before, s.usualBefore)
}

// rose reports whether the rate after is the larger.
func (s step) rose() bool { return s.after*s.usualBefore > s.before*s.usualAfter }

// bundleOf returns the bundle whose coming explains a move, if one does: of all steps of the
// movie's rate within the last two days, the one at its coming, bundle by bundle where two served
// in one hour, fits about as well as the best at any hour.
func (l *look) bundleOf(s score) (bundle string, explained bool) {
	t, begin := l.table, max(0, l.end-explainHours)
	first := len(t.slots)
	for i := range t.slots {
		if h := t.slots[i].hour; h >= begin {
			first = i
			break
		}
	}
	swaps := l.swaps(first, begin)
	if len(swaps) == 0 {
		return "", false
	}
	shares := t.hourShares(s.row, max(0, l.end-l.cfg.Hours()), begin, s.before)
	people := make([]float64, len(t.slots))
	for _, c := range t.cells[s.row] {
		people[c.slot] = float64(c.people)
	}
	at := func(after func(slot) bool) step {
		var st step
		for i := first; i < len(t.slots) && t.slots[i].hour < l.end; i++ {
			sl := t.slots[i]
			if usual := shares[sl.hour%day] * sl.people; after(sl) {
				st.after, st.usualAfter = st.after+people[i], st.usualAfter+usual
			} else {
				st.before, st.usualBefore = st.before+people[i], st.usualBefore+usual
			}
		}
		return st
	}
	best, bestSwap := math.Inf(-1), math.Inf(-1)
	for h := begin + 1; h < l.end; h++ {
		best = max(best, at(func(sl slot) bool { return sl.hour >= h }).fit())
	}
	for _, sw := range swaps {
		st := at(func(sl slot) bool { return sl.since >= sw.since })
		if fit := st.fit(); st.rose() == s.rose && fit > bestSwap {
			bestSwap, bundle = fit, sw.bundle
		}
	}
	if best-bestSwap > l.cfg.Explain*s.phi {
		return "", false
	}
	return bundle, true
}

// swaps returns, of each hour from begin on in which bundles came while or after others served,
// the one with the most people.
func (l *look) swaps(first, begin int) (out []slot) {
	for i := max(1, first); i < len(l.table.slots) && l.table.slots[i].hour < l.end; i++ {
		s := l.table.slots[i]
		if s.since != s.hour || s.hour == l.table.slots[0].hour || s.hour < begin {
			continue
		}
		if n := len(out); n > 0 && out[n-1].hour == s.hour {
			if s.people > out[n-1].people {
				out[n-1] = s
			}
			continue
		}
		out = append(out, s)
	}
	return out
}
