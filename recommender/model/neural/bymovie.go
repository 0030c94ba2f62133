package neural

// byMovie turns lists of cells by person into lists by movie, so that one
// goroutine can sum all that concerns a movie, in the order of people.
type byMovie struct {
	starts []uint32 // [movies+1]
	person []uint32
	weight []float32
	next   []uint32
}

// fill counts and places the cells that of returns for each of n people.
func (b *byMovie) fill(movies, n int, of func(person int) []cell) {
	if b.starts == nil {
		b.starts, b.next = make([]uint32, movies+1), make([]uint32, movies)
	}
	clear(b.starts)
	total := 0
	for i := range n {
		for _, c := range of(i) {
			b.starts[c.movie+1]++
		}
		total += len(of(i))
	}
	for m := range movies {
		b.starts[m+1] += b.starts[m]
	}
	if cap(b.person) < total {
		b.person, b.weight = make([]uint32, total+total/4), make([]float32, total+total/4)
	}
	b.person, b.weight = b.person[:total], b.weight[:total]
	copy(b.next, b.starts)
	for i := range n {
		for _, c := range of(i) {
			at := b.next[c.movie]
			b.next[c.movie]++
			b.person[at], b.weight[at] = uint32(i), c.weight
		}
	}
}

// of returns who has movie m, and how much.
func (b *byMovie) of(m int) (person []uint32, weight []float32) {
	from, to := b.starts[m], b.starts[m+1]
	return b.person[from:to], b.weight[from:to]
}
