package indexer

import (
	"math"
	"math/rand/v2"
)

const (
	walkMin    = 2   // shortest history of a walk
	walkMax    = 30  // longest
	walkLook   = 40  // rows a step looks at before it takes the nearest
	walkJumpIn = 6   // one step in so many goes anywhere: people have more than one taste
	walkTries  = 100 // draws for a row that is not all zeros before a walk gives up
)

// Walks returns up to n made-up histories, lists of rows of vecs ([rows x dims]),
// for catalogs whose people are not known yet: a start, then steps to near rows,
// now and then a jump. Rows of zeros are left out; vecs without any other row
// give none. Same arguments, same walks; O(n * 30 * 40 * dims).
func Walks(seed uint64, vecs []float32, dims, n int) [][]uint32 {
	rng := rand.New(rand.NewPCG(seed, 0x77616c6b73))
	w := walker{rng: rng, vecs: vecs, dims: dims}
	walks := make([][]uint32, 0, max(n, 0))
	for range n {
		if walk := w.walk(walkMin + rng.IntN(walkMax-walkMin+1)); len(walk) > 0 {
			walks = append(walks, walk)
		}
	}
	return walks
}

type walker struct {
	rng  *rand.Rand
	vecs []float32
	dims int
}

func (w walker) row(i uint32) []float32 {
	return w.vecs[int(i)*w.dims : (int(i)+1)*w.dims]
}

// walk returns length rows, or none when no row says anything. A row may come
// twice, as a film may be watched twice.
func (w walker) walk(length int) []uint32 {
	at, ok := w.draw()
	if !ok {
		return nil
	}
	rows := []uint32{at}
	for len(rows) < length {
		next, ok := w.draw()
		if !ok {
			break
		}
		if w.rng.IntN(walkJumpIn) != 0 {
			next = w.nearest(at, next)
		}
		rows = append(rows, next)
		at = next
	}
	return rows
}

// draw returns a row that is not all zeros.
func (w walker) draw() (uint32, bool) {
	rows := len(w.vecs) / max(w.dims, 1)
	for range min(walkTries, walkTries*rows) {
		row := uint32(w.rng.IntN(rows))
		for _, v := range w.row(row) {
			if v != 0 {
				return row, true
			}
		}
	}
	return 0, false
}

// nearest returns the row nearest to at among best and a few drawn rows.
func (w walker) nearest(at, best uint32) uint32 {
	score := func(row uint32) (sum float64) {
		for i, v := range w.row(at) {
			sum += float64(v) * float64(w.row(row)[i])
		}
		return sum
	}
	top := math.Inf(-1)
	if best != at {
		top = score(best)
	}
	for range walkLook - 1 {
		row := uint32(w.rng.IntN(len(w.vecs) / w.dims))
		if row == at {
			continue
		}
		if s := score(row); s > top && s != 0 {
			best, top = row, s
		}
	}
	return best
}

// Profiles returns the profile vectors, [len(histories) x dims], of histories
// over the rows of vecs: the mean of a history's rows, scaled to unit length. A
// history without rows, or whose rows cancel out, gives zeros. Rows out of range
// are skipped.
func Profiles(vecs []float32, dims int, histories [][]uint32) []float32 {
	out := make([]float32, len(histories)*dims)
	sum := make([]float64, dims)
	for i, history := range histories {
		clear(sum)
		for _, row := range history {
			if (int(row)+1)*dims > len(vecs) {
				continue
			}
			for j, v := range vecs[int(row)*dims : (int(row)+1)*dims] {
				sum[j] += float64(v)
			}
		}
		var square float64
		for _, v := range sum {
			square += v * v
		}
		if norm := math.Sqrt(square); norm > 0 {
			for j, v := range sum {
				out[i*dims+j] = float32(v / norm)
			}
		}
	}
	return out
}
