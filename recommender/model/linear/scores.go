package linear

import "marquee/embedder/vec"

// Scores writes to scores, [len(picks)], the inner products of x with the rows whose
// numbers are in picks, of rows and, behind those, of later: both [? x len(x)].
func Scores(scores, x, rows, later []float32, picks []uint32) {
	if len(later) == 0 {
		vec.DotPicks(scores, x, rows, picks)
		return
	}
	n := uint32(len(rows) / len(x))
	for from := 0; from < len(picks); { // in stretches of the ones and the others
		to := from
		for to < len(picks) && picks[to] < n {
			to++
		}
		vec.DotPicks(scores[from:to], x, rows, picks[from:to])
		for to < len(picks) && picks[to] >= n {
			scores[to] = vec.Dot(x, later[int(picks[to]-n)*len(x):][:len(x)])
			to++
		}
		from = to
	}
}
